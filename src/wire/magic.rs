//! What bytes that are no text are, by their first ones.

/// What begins with certain bytes at a certain place.
const KINDS: &[(usize, &[u8], &str)] = &[
    (0, b"\x89PNG\r\n\x1a\n", "PNG image"),
    (0, b"\xff\xd8\xff", "JPEG image"),
    (0, b"GIF87a", "GIF image"),
    (0, b"GIF89a", "GIF image"),
    (8, b"WEBP", "WebP image"),
    (8, b"WAVE", "WAVE sound"),
    (8, b"AVI ", "AVI video"),
    (4, b"ftypavif", "AVIF image"),
    (4, b"ftypheic", "HEIC image"),
    (4, b"ftyp", "MPEG-4 video"),
    (0, b"BM", "BMP image"),
    (0, b"II*\0", "TIFF image"),
    (0, b"MM\0*", "TIFF image"),
    (0, b"\0\0\x01\0", "icon"),
    (0, b"%PDF-", "PDF document"),
    (0, b"PK\x03\x04", "ZIP archive"),
    (0, b"PK\x05\x06", "ZIP archive"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard"),
    (0, b"BZh", "bzip2"),
    (0, b"\xfd7zXZ\0", "xz"),
    (0, b"7z\xbc\xaf\x27\x1c", "7-Zip archive"),
    (257, b"ustar", "tar archive"),
    (0, b"wOFF", "WOFF font"),
    (0, b"wOF2", "WOFF2 font"),
    (0, b"OTTO", "OpenType font"),
    (0, b"\0\x01\0\0\0", "TrueType font"),
    (0, b"\0asm", "WebAssembly"),
    (0, b"\x7fELF", "ELF program"),
    (0, b"MZ", "Windows program"),
    (0, b"SQLite format 3\0", "SQLite database"),
    (0, b"\xca\xfe\xba\xbe", "Java class"),
    (0, b"\xac\xed\0\x05", "Java serialized object"),
    (0, b"OggS", "Ogg media"),
    (0, b"ID3", "MP3 sound"),
    (0, b"fLaC", "FLAC sound"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM video"),
    (0, b"PAR1", "Parquet table"),
    (0, b"\x30\x82", "DER, such as a certificate"),
];

/// What these bytes are, with the size of an image; `None` where it is not known.
pub fn named(bytes: &[u8]) -> Option<String> {
    let (_, _, kind) = KINDS.iter().find(|(at, mark, _)| bytes.get(*at..).is_some_and(|b| b.starts_with(mark)))?;
    let size = match *kind {
        "PNG image" => png(bytes),
        "GIF image" => gif(bytes),
        "JPEG image" => jpeg(bytes),
        "WebP image" => webp(bytes),
        _ => None,
    };
    Some(match size {
        Some((width, height)) => format!("{kind}, {width}×{height}"),
        None => (*kind).to_owned(),
    })
}

fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let (width, rest) = bytes.get(16..24)?.split_first_chunk::<4>()?;
    Some((u32::from_be_bytes(*width), u32::from_be_bytes(*rest.first_chunk()?)))
}

fn gif(bytes: &[u8]) -> Option<(u32, u32)> {
    let at = bytes.get(6..10)?;
    Some((u16::from_le_bytes([at[0], at[1]]).into(), u16::from_le_bytes([at[2], at[3]]).into()))
}

/// Segments are passed over until the one that begins a frame (ITU-T T.81 annex B).
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2;
    for _ in 0..64 {
        let segment = bytes.get(at..at + 9)?;
        if segment[0] != 0xff {
            return None;
        }
        if matches!(segment[1], 0xc0..=0xcf) && !matches!(segment[1], 0xc4 | 0xc8 | 0xcc) {
            let two = |i: usize| u32::from(u16::from_be_bytes([segment[i], segment[i + 1]]));
            return Some((two(7), two(5)));
        }
        at += 2 + usize::from(u16::from_be_bytes([segment[2], segment[3]]));
    }
    None
}

/// Of the three kinds the two that say it in whole bytes (RFC 9649 section 2).
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    match bytes.get(12..16)? {
        b"VP8X" => {
            let at = bytes.get(24..30)?;
            let three = |b: &[u8]| 1 + u32::from_le_bytes([b[0], b[1], b[2], 0]);
            Some((three(&at[..3]), three(&at[3..])))
        }
        b"VP8 " => {
            let at = bytes.get(26..30)?;
            let two = |b: &[u8]| u32::from(u16::from_le_bytes([b[0], b[1]]) & 0x3fff);
            Some((two(&at[..2]), two(&at[2..])))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn images_are_named_with_their_size() {
        let png = [&b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR"[..], &640u32.to_be_bytes(), &480u32.to_be_bytes()].concat();
        assert_eq!(named(&png).as_deref(), Some("PNG image, 640×480"));
        let gif = [&b"GIF89a"[..], &3u16.to_le_bytes(), &5u16.to_le_bytes()].concat();
        assert_eq!(named(&gif).as_deref(), Some("GIF image, 3×5"));
        let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xc0\0\x11\x08\x01\xe0\x02\x80\x03";
        assert_eq!(named(jpeg).as_deref(), Some("JPEG image, 640×480"));
        let webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x7f\x02\0\xdf\x01\0";
        assert_eq!(named(webp).as_deref(), Some("WebP image, 640×480"));
        assert_eq!(named(&png[..20]).as_deref(), Some("PNG image"), "one that is cut short");
        assert_eq!(named(b"%PDF-1.7").as_deref(), Some("PDF document"));
        assert_eq!(named(b"{\"a\":1}"), None);
        assert_eq!(named(b""), None);
    }

    #[test]
    fn no_kind_hides_another() {
        for (i, (at, mark, kind)) in KINDS.iter().enumerate() {
            let bytes = [vec![0xee; *at], mark.to_vec()].concat();
            let found = KINDS.iter().position(|(a, m, _)| bytes.get(*a..).is_some_and(|b| b.starts_with(m)));
            assert_eq!(found, Some(i), "{kind}");
        }
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_are_named_or_not(kind in 0..KINDS.len(), rest in proptest::collection::vec(any::<u8>(), 0..300)) {
            let (at, mark, _) = KINDS[kind];
            let bytes = [vec![0xee; at], mark.to_vec(), rest].concat();
            prop_assert!(named(&bytes).is_some());
        }
    }
}
