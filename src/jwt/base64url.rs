//! Base64 read the lenient way: whatever can be decoded is, and every departure from base64url without padding
//! (RFC 7515 section 2) is named.

use std::ops::Range;

/// What was decoded, and what was odd about the text.
#[derive(Debug, Default, PartialEq)]
pub struct Lenient {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Departures from the canonical form, in words; at most one sentence a kind.
    pub oddities: Vec<String>,
}

/// Decodes `text`, passing over what is not base64. One pass, memory of three quarters of the input.
pub fn decode(text: &[u8]) -> Lenient {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut standard, mut spaces, mut padding, mut foreign) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut after_padding = false;
    // `held` carries the bits that do not fill a byte yet, `bits` how many they are.
    let (mut held, mut bits, mut digits) = (0_u32, 0_u32, 0_usize);
    for &c in text {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            b'+' | b'/' => {
                standard += 1;
                if c == b'+' { 62 } else { 63 }
            }
            b'=' => {
                padding += 1;
                continue;
            }
            b' ' | b'\t' | b'\r' | b'\n' => {
                spaces += 1;
                continue;
            }
            _ => {
                foreign += 1;
                continue;
            }
        };
        after_padding |= padding > 0;
        digits += 1;
        held = (held << 6) | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(((held >> bits) & 0xff) as u8);
            held &= (1 << bits) - 1;
        }
    }
    let mut oddities = Vec::new();
    let mut note = |seen: bool, words: &str| {
        if seen {
            oddities.push(words.to_owned());
        }
    };
    note(padding > 0, "base64 padding `=`, which base64url in a token leaves out");
    note(after_padding, "base64 padding in the middle");
    note(standard > 0, "standard base64 (`+` or `/`) where base64url (`-` or `_`) is meant");
    note(spaces > 0, "white space inside the base64url");
    note(digits % 4 == 1, "one base64url character too many: the last one cannot carry a byte");
    note(digits % 4 != 1 && held != 0, "spare bits of the last base64url character are not zero");
    if foreign > 0 {
        let s = if foreign == 1 { "" } else { "s" };
        oddities.push(format!("{foreign} byte{s} that base64 does not have, passed over"));
    }
    Lenient { bytes, oddities }
}

/// The characters of `text` that carry these bytes of what it decodes to. One pass.
pub fn carriers(text: &[u8], bytes: Range<usize>) -> Range<usize> {
    // A byte begins in one character and ends in another: three bytes are four characters.
    let (first, last) = (bytes.start * 8 / 6, (bytes.end * 8).div_ceil(6));
    let mut digits = text
        .iter()
        .enumerate()
        .filter(|(_, c)| c.is_ascii_alphanumeric() || b"-_+/".contains(c))
        .map(|(i, _)| i)
        .skip(first);
    let Some(start) = digits.next() else { return text.len()..text.len() };
    match last - first {
        0 => start..start,
        1 => start..start + 1,
        n => start..digits.nth(n - 2).map_or(text.len(), |i| i + 1),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn canonical_text_has_no_oddity() {
        assert_eq!(decode(b"eyJhIjoxfQ"), Lenient { bytes: br#"{"a":1}"#.to_vec(), oddities: Vec::new() });
        assert_eq!(decode(b""), Lenient::default());
    }

    #[test]
    fn each_departure_is_named_and_read() {
        for (text, bytes, word) in [
            ("eyJhIjoxfQ==", &br#"{"a":1}"#[..], "padding"),
            ("ey JhI\njoxfQ", br#"{"a":1}"#, "white space"),
            ("+/8", b"\xfb\xff", "standard"),
            ("YR", b"a", "spare bits"),
            ("YWJjZ", b"abc", "too many"),
            ("YW*Jj", b"abc", "1 byte that"),
            ("YQ==YQ", b"a\x06\x10", "middle"),
        ] {
            let read = decode(text.as_bytes());
            assert_eq!(read.bytes, bytes, "{text}");
            assert!(read.oddities.iter().any(|o| o.contains(word)), "{text}: {:?}", read.oddities);
        }
    }

    proptest! {
        #[test]
        fn agrees_with_a_strict_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let text = URL_SAFE_NO_PAD.encode(&bytes);
            prop_assert_eq!(decode(text.as_bytes()), Lenient { bytes, oddities: Vec::new() });
        }
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(decode(&bytes).bytes.len() <= bytes.len());
        }
    }
}
