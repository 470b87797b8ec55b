//! Content decoding (RFC 9110 section 8.4) with caps, off the reactor threads and stoppable at every read.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;
use std::time::Instant;

use crate::wire::Caps;

/// Bytes taken from the decoder at once: small, so that a cap or a cancellation is seen soon.
const STEP: usize = 64 << 10;
/// Decoded bytes below which the ratio is not judged: small JSON compresses well.
const RATIO_FROM: u64 = 1 << 20;

/// What came of decoding.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Decoded {
    /// The decoded bytes, up to the caps.
    pub bytes: Vec<u8>,
    /// Why it stopped early, in words; `None` when all was decoded.
    pub stopped: Option<Stop>,
}

/// Why decoding stopped early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A cap was reached.
    Cap(String),
    /// The bytes are not what the coding says, or are cut short.
    Corrupt(String),
    /// A deadline passed.
    Late,
}

/// The codings of a `Content-Encoding` value, outermost last, without `identity`.
///
/// # Errors
/// The first coding that is not known, or too many of them.
pub fn codings(value: &str, most: usize) -> Result<Vec<Coding>, String> {
    let mut out = Vec::new();
    for word in value.split(',').map(str::trim).filter(|w| !w.is_empty()) {
        match word.to_ascii_lowercase().as_str() {
            "identity" => {}
            "gzip" | "x-gzip" => out.push(Coding::Gzip),
            "deflate" => out.push(Coding::Deflate),
            "br" => out.push(Coding::Brotli),
            "zstd" => out.push(Coding::Zstd),
            _ => return Err(format!("content coding {} is not known", crate::base::text::display_str(word))),
        }
        if out.len() > most {
            return Err(format!("more than {most} content codings"));
        }
    }
    Ok(out)
}

/// A content coding that lunette undoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950, or RFC 1951 as many servers send.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

/// Undoes `codings` (in the order they were applied) over `wire`. Runs until done, a cap or `deadline`; call it on
/// a thread that may block.
pub fn decode(wire: &[u8], codings: &[Coding], caps: &Caps, deadline: Instant) -> Decoded {
    let watch = Rc::new(Watch { deadline, most: caps.decoded_bytes, passed: Cell::new(false) });
    let mut reader: Box<dyn Read + '_> = Box::new(Timed { wire, deadline });
    for coding in codings.iter().rev() {
        reader = match layer(*coding, reader) {
            Ok(inner) => Box::new(Watched { inner, watch: Rc::clone(&watch), passed: 0 }),
            Err(e) => return Decoded { bytes: Vec::new(), stopped: Some(Stop::Corrupt(e.to_string())) },
        };
    }
    let mut out = Decoded::default();
    let mut buffer = vec![0; STEP];
    let wire_bytes = (wire.len() as u64).max(1);
    loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) => return out,
            Ok(n) => n,
            Err(e) => {
                out.stopped = Some(watch.why(&e));
                return out;
            }
        };
        let room = usize::try_from(caps.decoded_bytes.saturating_sub(out.bytes.len() as u64)).unwrap_or(usize::MAX);
        out.bytes.extend_from_slice(&buffer[..n.min(room)]);
        let decoded = out.bytes.len() as u64;
        if n > room {
            out.stopped = Some(Stop::Cap(format!("more than {} bytes after decoding", caps.decoded_bytes)));
        } else if decoded > RATIO_FROM && decoded / wire_bytes > caps.ratio {
            out.stopped = Some(Stop::Cap(format!("decodes to more than {} times its size", caps.ratio)));
        } else {
            continue;
        }
        return out;
    }
}

fn layer<'a>(coding: Coding, inner: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match coding {
        Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(inner)),
        Coding::Deflate => {
            let mut head = [0; 2];
            let mut inner = inner;
            let got = read_full(&mut inner, &mut head)?;
            let zlib = got == 2 && head[0] & 0x0f == 8 && u16::from_be_bytes(head).is_multiple_of(31);
            let whole = io::Cursor::new(head[..got].to_vec()).chain(inner);
            if zlib {
                Box::new(flate2::read::ZlibDecoder::new(whole))
            } else {
                Box::new(flate2::read::DeflateDecoder::new(whole))
            }
        }
        Coding::Brotli => Box::new(brotli::Decompressor::new(inner, 16 << 10)),
        Coding::Zstd => {
            let mut decoder = zstd::stream::read::Decoder::new(inner)?;
            // RFC 9659: a content coding uses windows of at most 8 MiB.
            decoder.window_log_max(23)?;
            Box::new(decoder)
        }
    })
}

fn read_full(reader: &mut dyn Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while got < buffer.len() {
        match reader.read(&mut buffer[got..])? {
            0 => break,
            n => got += n,
        }
    }
    Ok(got)
}

/// What every layer looks at before each read.
struct Watch {
    deadline: Instant,
    most: u64,
    /// Set once a layer passed the cap.
    passed: Cell<bool>,
}

impl Watch {
    fn why(&self, e: &io::Error) -> Stop {
        if Instant::now() >= self.deadline {
            Stop::Late
        } else if self.passed.get() {
            Stop::Cap(format!("an inner layer decodes to more than {} bytes", self.most))
        } else {
            Stop::Corrupt(crate::base::text::display_str(&e.to_string()))
        }
    }
}

/// The bytes as received, which run out at the deadline: a decoder may take all of them for one read that gives nothing.
struct Timed<'a> {
    wire: &'a [u8],
    deadline: Instant,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.wire.read(buffer)
    }
}

/// A layer whose output is counted, so that a bomb inside a chain is seen although its end is small.
struct Watched<'a> {
    inner: Box<dyn Read + 'a>,
    watch: Rc<Watch>,
    passed: u64,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if Instant::now() >= self.watch.deadline {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let n = self.inner.read(buffer)?;
        self.passed += n as u64;
        // A margin of one step: the outermost layer's own cap is judged by the caller, byte for byte.
        if self.passed > self.watch.most + (STEP as u64) {
            self.watch.passed.set(true);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::time::Duration;

    use super::*;

    fn run(wire: &[u8], value: &str, caps: &Caps) -> Decoded {
        let codings = codings(value, 4).expect("codings");
        decode(wire, &codings, caps, Instant::now() + Duration::from_secs(30))
    }
    fn gzip(b: &[u8]) -> Vec<u8> {
        let mut e = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        e.write_all(b).expect("write");
        e.finish().expect("gzip")
    }

    #[test]
    fn undoes_each_coding_and_chains() {
        let text = b"hello hello hello".repeat(50);
        let mut z = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        z.write_all(&text).expect("write");
        let mut d = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        d.write_all(&text).expect("write");
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, 4096, 5, 20).write_all(&text).expect("write");
        let caps = Caps::default();
        for (wire, value) in [
            (gzip(&text), "gzip"),
            (z.finish().expect("zlib"), "deflate"),
            (d.finish().expect("deflate"), "deflate"),
            (br, "br"),
            (zstd::encode_all(&text[..], 3).expect("zstd"), "zstd"),
            (gzip(&gzip(&text)), "gzip, gzip"),
            (gzip(&zstd::encode_all(&text[..], 3).expect("zstd")), "zstd, identity, gzip"),
        ] {
            assert_eq!(run(&wire, value, &caps), Decoded { bytes: text.clone(), stopped: None }, "{value}");
        }
    }

    #[test]
    fn a_bomb_stops_at_a_cap_with_what_it_has() {
        let bomb = gzip(&vec![0; 32 << 20]);
        let out = run(&bomb, "gzip", &Caps::default());
        assert!(matches!(out.stopped, Some(Stop::Cap(ref w)) if w.contains("times its size")), "{:?}", out.stopped);
        assert!(out.bytes.len() > 1 << 20 && out.bytes.len() < 20 << 20);
        let small = Caps { decoded_bytes: 1000, ..Caps::default() };
        let out = run(&bomb, "gzip", &small);
        assert!(matches!(out.stopped, Some(Stop::Cap(_))));
        assert_eq!(out.bytes.len(), 1000);
    }

    #[test]
    fn an_inner_bomb_with_a_small_end_is_stopped() {
        // Many empty members: decodes to nothing, but its inner layer is large.
        let inner = gzip(b"").repeat(400_000);
        let wire = gzip(&inner);
        let caps = Caps { decoded_bytes: 1 << 20, ..Caps::default() };
        let out = run(&wire, "gzip, gzip", &caps);
        assert!(matches!(out.stopped, Some(Stop::Cap(ref w)) if w.contains("inner")), "{:?}", out.stopped);
    }

    #[test]
    fn cut_or_corrupt_keeps_what_came() {
        let text: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        let wire = gzip(&text);
        let out = run(&wire[..wire.len() / 2], "gzip", &Caps::default());
        assert!(matches!(out.stopped, Some(Stop::Corrupt(_))));
        assert!(!out.bytes.is_empty() && text.starts_with(&out.bytes));
        assert!(codings("gzip, rot13", 4).is_err());
        assert!(codings("gzip,gzip,gzip,gzip,gzip", 4).is_err());
    }

    #[test]
    fn a_deadline_stops_what_decodes_to_nothing() {
        // Empty members without end: one read of the decoder goes through all of them.
        let wire = gzip(b"").repeat(400_000);
        let began = Instant::now();
        let out = decode(&wire, &[Coding::Gzip], &Caps::default(), began + Duration::from_millis(20));
        let took = began.elapsed();
        assert_eq!(out.stopped, Some(Stop::Late));
        let whole = Instant::now();
        decode(&wire, &[Coding::Gzip], &Caps::default(), whole + Duration::from_mins(5));
        assert!(took < whole.elapsed() / 2, "{took:?}");
    }

    #[test]
    fn a_deadline_stops_it() {
        let wire = gzip(&vec![0; 1 << 20]);
        let out = decode(&wire, &[Coding::Gzip], &Caps::default(), Instant::now());
        assert_eq!(out.stopped, Some(Stop::Late));
    }
}
