//! Content decoding (RFC 9110 section 8.4) with caps, off the reactor threads and stoppable at every read.

use std::cell::Cell;
use std::io::{self, Read, Write};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use bytes::Bytes;

use crate::base::text::display_str;
use crate::wire::Caps;

use super::kept::{Kept, Whole};

/// Bytes taken from the decoder at once: small, so that a cap or a cancellation is seen soon.
const STEP: usize = 64 << 10;
/// Decoded bytes below which the ratio is not judged: small JSON compresses well.
const RATIO_FROM: u64 = 1 << 20;

/// What came of decoding.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// The decoded bytes, up to the caps.
    pub body: Whole,
    /// Why it stopped early, in words; `None` when all was decoded.
    pub stopped: Option<Stop>,
    /// Bytes that came out of each coding, outermost first.
    pub undone: Vec<(Coding, u64)>,
}

/// Why decoding stopped early.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A cap was reached.
    Cap(String),
    /// There is no room for what is decoded.
    NoPlace(String),
    /// The bytes are not what the coding says, or are cut short.
    Corrupt(String),
    /// A deadline passed.
    Late,
    /// Whoever waits for it waits no more.
    Halted,
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
            _ => return Err(format!("content coding {} is not known", display_str(word))),
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

impl Coding {
    /// Its name in the registry.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
        }
    }
}

/// How long decoding may go on.
#[derive(Debug, Clone)]
pub(super) struct Until {
    /// Not beyond this.
    pub deadline: Instant,
    /// Not once this is set.
    pub halt: Arc<AtomicBool>,
}

impl Until {
    fn is_over(&self) -> bool {
        self.halt.load(Ordering::Relaxed) || Instant::now() >= self.deadline
    }
}

impl From<Instant> for Until {
    fn from(deadline: Instant) -> Self {
        Self { deadline, halt: Arc::default() }
    }
}

/// Undoes `codings` (in the order they were applied) over `wire`. Runs until done, a cap or `deadline`; call it on
/// a thread that may block.
pub(super) fn decode(wire: &[u8], codings: &[Coding], caps: &Caps, kept: Kept, until: &Until) -> Decoded {
    let watch = Rc::new(Watch { until: until.clone(), most: caps.decoded_bytes, passed: Cell::new(false) });
    let mut reader: Box<dyn Read + '_> = Box::new(Timed { wire, until });
    let mut passed: Vec<(Coding, Rc<Cell<u64>>)> = Vec::new();
    for coding in codings.iter().rev() {
        let count = Rc::new(Cell::new(0));
        reader = match layer(*coding, reader) {
            Ok(inner) => Box::new(Watched { inner, watch: Rc::clone(&watch), passed: Rc::clone(&count) }),
            Err(e) => {
                return Decoded { stopped: Some(Stop::Corrupt(display_str(&e.to_string()))), ..Decoded::default() };
            }
        };
        passed.push((*coding, count));
    }
    let mut out = run(&mut *reader, wire.len(), caps, kept, &watch);
    out.undone = passed.into_iter().map(|(coding, count)| (coding, count.get())).collect();
    out
}

/// The same in memory, for bytes that are at hand: what they decode to, and why not to more.
pub fn in_memory(wire: &[u8], codings: &[Coding], caps: &Caps, deadline: Instant) -> (Bytes, Option<Stop>) {
    let out = decode(wire, codings, caps, Kept::new(None), &deadline.into());
    (out.body.bytes, out.stopped)
}

/// Reads to the end, a cap or the deadline.
fn run(reader: &mut dyn Read, wire: usize, caps: &Caps, mut kept: Kept, watch: &Watch) -> Decoded {
    let mut buffer = vec![0; STEP];
    let wire_bytes = (wire as u64).max(1);
    let mut stopped = loop {
        let n = match reader.read(&mut buffer) {
            Ok(0) => break None,
            Ok(n) => n,
            Err(e) => break Some(watch.why(&e)),
        };
        let room = usize::try_from(caps.decoded_bytes.saturating_sub(kept.len())).unwrap_or(usize::MAX);
        if let Err(why) = kept.push(&buffer[..n.min(room)]) {
            break Some(Stop::NoPlace(why));
        }
        if n > room {
            break Some(Stop::Cap(format!("more than {} bytes after decoding", caps.decoded_bytes)));
        }
        if kept.len() > RATIO_FROM && kept.len() / wire_bytes > caps.ratio {
            break Some(Stop::Cap(format!("decodes to more than {} times its size", caps.ratio)));
        }
    };
    let (body, end) = kept.whole();
    if let Err(why) = end {
        stopped.get_or_insert(Stop::NoPlace(why));
    }
    Decoded { body, stopped, undone: Vec::new() }
}

fn layer<'a>(coding: Coding, inner: Box<dyn Read + 'a>) -> io::Result<Box<dyn Read + 'a>> {
    Ok(match coding {
        Coding::Gzip => Box::new(flate2::read::MultiGzDecoder::new(inner)),
        Coding::Deflate => {
            let mut head = [0; 2];
            let mut inner = inner;
            let got = read_full(&mut inner, &mut head)?;
            let zlib = got == 2 && is_zlib(head);
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

/// Undoes codings of what comes in parts, to be looked at on the way: bounded, and no judge of what is wrong.
pub struct Parts {
    /// Outermost first.
    layers: Vec<Box<dyn Layer>>,
}

impl Parts {
    /// For these codings, in the order in which they were applied.
    pub fn new(codings: &[Coding], caps: &Caps) -> Self {
        let room = usize::try_from(caps.decoded_bytes).unwrap_or(usize::MAX);
        Self { layers: codings.iter().rev().map(|c| part_layer(*c, room)).collect() }
    }

    /// What the next bytes decode to so far; `None` where they cannot be decoded, or to more than the caps allow.
    pub fn push(&mut self, wire: &[u8]) -> Option<Vec<u8>> {
        self.layers.iter_mut().try_fold(wire.to_vec(), |bytes, layer| layer.push(&bytes).ok())
    }
}

/// One coding of a chain that is undone in parts.
trait Layer: Send {
    fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>>;
}

/// A decoder that is written to, and where its output is.
struct Writes<W>(W, fn(&mut W) -> &mut Room);

impl<W: Write + Send> Layer for Writes<W> {
    fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        self.0.write_all(bytes)?;
        self.0.flush()?;
        Ok(std::mem::take(&mut (self.1)(&mut self.0).out))
    }
}

/// Output that is full at some point, so that a bomb ends there.
struct Room {
    out: Vec<u8>,
    left: usize,
}

impl Write for Room {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.left = self.left.checked_sub(bytes.len()).ok_or(io::ErrorKind::FileTooLarge)?;
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `deflate` before its first two bytes say which of its two forms it is.
struct Undecided {
    head: Vec<u8>,
    room: usize,
    chosen: Option<Box<dyn Layer>>,
}

impl Layer for Undecided {
    fn push(&mut self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        if let Some(chosen) = &mut self.chosen {
            return chosen.push(bytes);
        }
        self.head.extend_from_slice(bytes);
        let Some(head) = self.head.first_chunk() else { return Ok(Vec::new()) };
        let room = Room { out: Vec::new(), left: self.room };
        let mut chosen: Box<dyn Layer> = if is_zlib(*head) {
            Box::new(Writes(flate2::write::ZlibDecoder::new(room), flate2::write::ZlibDecoder::get_mut))
        } else {
            Box::new(Writes(flate2::write::DeflateDecoder::new(room), flate2::write::DeflateDecoder::get_mut))
        };
        let out = chosen.push(&std::mem::take(&mut self.head));
        self.chosen = Some(chosen);
        out
    }
}

/// True for the two bytes that a zlib stream begins with (RFC 1950 section 2.2).
fn is_zlib(head: [u8; 2]) -> bool {
    head[0] & 0x0f == 8 && u16::from_be_bytes(head).is_multiple_of(31)
}

fn part_layer(coding: Coding, left: usize) -> Box<dyn Layer> {
    let room = Room { out: Vec::new(), left };
    match coding {
        Coding::Gzip => {
            Box::new(Writes(flate2::write::MultiGzDecoder::new(room), flate2::write::MultiGzDecoder::get_mut))
        }
        Coding::Deflate => Box::new(Undecided { head: Vec::new(), room: left, chosen: None }),
        Coding::Brotli => {
            Box::new(Writes(brotli::DecompressorWriter::new(room, 16 << 10), brotli::DecompressorWriter::get_mut))
        }
        Coding::Zstd => match zstd::stream::write::Decoder::new(room) {
            Ok(decoder) => Box::new(Writes(decoder, zstd::stream::write::Decoder::get_mut)),
            Err(_) => Box::new(Never),
        },
    }
}

/// A decoder that could not be made.
struct Never;

impl Layer for Never {
    fn push(&mut self, _: &[u8]) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// What every layer looks at before each read.
struct Watch {
    until: Until,
    most: u64,
    /// Set once a layer passed the cap.
    passed: Cell<bool>,
}

impl Watch {
    fn why(&self, e: &io::Error) -> Stop {
        if self.until.halt.load(Ordering::Relaxed) {
            Stop::Halted
        } else if self.until.is_over() {
            Stop::Late
        } else if self.passed.get() {
            Stop::Cap(format!("an inner layer decodes to more than {} bytes", self.most))
        } else {
            Stop::Corrupt(display_str(&e.to_string()))
        }
    }
}

/// The bytes as received, which run out at the deadline: a decoder may take all of them for one read that gives nothing.
struct Timed<'a> {
    wire: &'a [u8],
    until: &'a Until,
}

impl Read for Timed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.until.is_over() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.wire.read(buffer)
    }
}

/// A layer whose output is counted, so that a bomb inside a chain is seen although its end is small.
struct Watched<'a> {
    inner: Box<dyn Read + 'a>,
    watch: Rc<Watch>,
    passed: Rc<Cell<u64>>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.watch.until.is_over() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let n = self.inner.read(buffer)?;
        self.passed.set(self.passed.get() + n as u64);
        // A margin of one step: the outermost layer's own cap is judged by the caller, byte for byte.
        if self.passed.get() > self.watch.most + (STEP as u64) {
            self.watch.passed.set(true);
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn undo(wire: &[u8], value: &str, caps: &Caps) -> Decoded {
        let codings = codings(value, 4).expect("codings");
        decode(wire, &codings, caps, Kept::new(None), &(Instant::now() + Duration::from_secs(30)).into())
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
            let out = undo(&wire, value, &caps);
            assert_eq!((&out.body.bytes[..], &out.stopped), (&text[..], &None), "{value}");
            assert_eq!(out.undone.len(), value.split(", ").filter(|w| *w != "identity").count(), "{value}");
            assert_eq!(out.undone.last().map(|u| u.1), Some(text.len() as u64), "{value}");
        }
    }

    #[test]
    fn what_comes_in_parts_is_undone_as_it_comes() {
        let caps = Caps::default();
        let (first, second) = (&b"data: one\n\n"[..], &b"data: two\n\n"[..]);
        let flushed = |w: &mut dyn FnMut(&[u8]) -> Vec<u8>| [w(first), w(second)];
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let gzip = flushed(&mut |b| {
            gz.write_all(b).expect("write");
            gz.flush().expect("flush");
            std::mem::take(gz.get_mut())
        });
        let mut raw = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        let deflate = flushed(&mut |b| {
            raw.write_all(b).expect("write");
            raw.flush().expect("flush");
            std::mem::take(raw.get_mut())
        });
        let mut zl = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        let zlib = flushed(&mut |b| {
            zl.write_all(b).expect("write");
            zl.flush().expect("flush");
            std::mem::take(zl.get_mut())
        });
        let mut zs = zstd::stream::write::Encoder::new(Vec::new(), 3).expect("zstd");
        let zstd = flushed(&mut |b| {
            zs.write_all(b).expect("write");
            zs.flush().expect("flush");
            std::mem::take(zs.get_mut())
        });
        let mut br = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 20);
        let brotli = flushed(&mut |b| {
            br.write_all(b).expect("write");
            br.flush().expect("flush");
            std::mem::take(br.get_mut())
        });
        for (value, wire) in [
            ("gzip", gzip),
            ("deflate", deflate),
            ("deflate", zlib),
            ("zstd", zstd),
            ("br", brotli),
            ("", [first.into(), second.into()]),
        ] {
            let mut parts = Parts::new(&codings(value, 4).expect("codings"), &caps);
            assert_eq!(parts.push(&wire[0]).as_deref(), Some(first), "{value}");
            // Cut anywhere, nothing is lost.
            let rest: Option<Vec<Vec<u8>>> = wire[1].chunks(1).map(|b| parts.push(b)).collect();
            assert_eq!(rest.map(|r| r.concat()).as_deref(), Some(second), "{value}");
        }
        let bomb = gzip_bomb();
        let small = Caps { decoded_bytes: 1 << 20, ..caps };
        let mut parts = Parts::new(&codings("gzip", 4).expect("codings"), &small);
        assert_eq!(parts.push(&bomb), None);
    }

    fn gzip_bomb() -> Vec<u8> {
        gzip(&vec![0; 32 << 20])
    }

    #[test]
    fn a_bomb_stops_at_a_cap_with_what_it_has() {
        let bomb = gzip_bomb();
        let out = undo(&bomb, "gzip", &Caps::default());
        assert!(matches!(out.stopped, Some(Stop::Cap(ref w)) if w.contains("times its size")), "{:?}", out.stopped);
        assert!(out.body.bytes.len() > 1 << 20 && out.body.bytes.len() < 20 << 20);
        let small = Caps { decoded_bytes: 1000, ..Caps::default() };
        let out = undo(&bomb, "gzip", &small);
        assert!(matches!(out.stopped, Some(Stop::Cap(_))));
        assert_eq!(out.body.bytes.len(), 1000);
    }

    #[test]
    fn an_inner_bomb_with_a_small_end_is_stopped() {
        // Many empty members: decodes to nothing, but its inner layer is large.
        let inner = gzip(b"").repeat(400_000);
        let wire = gzip(&inner);
        let caps = Caps { decoded_bytes: 1 << 20, ..Caps::default() };
        let out = undo(&wire, "gzip, gzip", &caps);
        assert!(matches!(out.stopped, Some(Stop::Cap(ref w)) if w.contains("inner")), "{:?}", out.stopped);
    }

    #[test]
    fn cut_or_corrupt_keeps_what_came() {
        let text: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
        let wire = gzip(&text);
        let out = undo(&wire[..wire.len() / 2], "gzip", &Caps::default());
        assert!(matches!(out.stopped, Some(Stop::Corrupt(_))));
        assert!(!out.body.bytes.is_empty() && text.starts_with(&out.body.bytes));
        assert!(codings("gzip, rot13", 4).is_err());
        assert!(codings("gzip,gzip,gzip,gzip,gzip", 4).is_err());
    }

    #[test]
    fn a_deadline_stops_what_decodes_to_nothing() {
        // Empty members without end: one read of the decoder goes through all of them.
        let wire = gzip(b"").repeat(400_000);
        let began = Instant::now();
        let out = decode(
            &wire,
            &[Coding::Gzip],
            &Caps::default(),
            Kept::new(None),
            &(began + Duration::from_millis(20)).into(),
        );
        let took = began.elapsed();
        assert_eq!(out.stopped, Some(Stop::Late));
        let whole = Instant::now();
        decode(&wire, &[Coding::Gzip], &Caps::default(), Kept::new(None), &(whole + Duration::from_mins(5)).into());
        assert!(took < whole.elapsed() / 2, "{took:?}");
    }

    #[test]
    fn a_deadline_stops_it() {
        let wire = gzip(&vec![0; 1 << 20]);
        let out = decode(&wire, &[Coding::Gzip], &Caps::default(), Kept::new(None), &Instant::now().into());
        assert_eq!(out.stopped, Some(Stop::Late));
    }
}
