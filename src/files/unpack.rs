//! Compressed files as a stream: gzip (RFC 1952) with all its members, zstd (RFC 8878) with all its frames.

use std::io::{BufReader, Cursor, Read, Result};
use std::path::Path;

/// Bytes of a file that tell how it is packed.
const HEAD: usize = 4;
/// Unpacked bytes below which the ratio is not judged.
const RATIO_FROM: u64 = 256 << 20;
/// Most that one byte may unpack to: a log that repeats itself comes to 200.
const RATIO: u64 = 500;
/// Largest window of zstd, as a power of two: what the tool itself takes unless told otherwise.
const WINDOW: u32 = 27;

/// A file, unpacked where it is packed.
pub(super) struct Unpacked<R: Read> {
    inner: Inner<R>,
    packed: bool,
    done: u64,
    size: u64,
}

enum Inner<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<flate2::read::MultiGzDecoder<BufReader<Whole<R>>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Whole<R>>>),
}

type Whole<R> = std::io::Chain<Cursor<Vec<u8>>, R>;

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes of `file`, which has `size` bytes, or 0 where that is not known.
    pub fn new(mut file: R, size: u64) -> Result<Self> {
        let mut head = Vec::new();
        (&mut file).take(HEAD as u64).read_to_end(&mut head)?;
        let (gzip, zstd) = (head.starts_with(b"\x1f\x8b"), head == b"\x28\xb5\x2f\xfd");
        let whole = Cursor::new(head).chain(file);
        let inner = if gzip {
            Inner::Gzip(Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(64 << 10, whole))))
        } else if zstd {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(64 << 10, whole))?;
            decoder.window_log_max(WINDOW)?;
            Inner::Zstd(decoder)
        } else {
            Inner::Plain(whole)
        };
        Ok(Self { inner, packed: gzip || zstd, done: 0, size })
    }

    /// Bytes that are unpacked already, whether or not they were `packed`.
    pub fn plain(bytes: R, packed: bool) -> Self {
        Self { inner: Inner::Plain(Cursor::new(Vec::new()).chain(bytes)), packed, done: 0, size: 0 }
    }

    /// True when what is read is not what is in the file.
    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// True when so much came out of so little that it is no log.
    pub fn is_bomb(&self) -> bool {
        self.is_packed() && self.size > 0 && self.done > RATIO_FROM && self.done / self.size > RATIO
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = match &mut self.inner {
            Inner::Plain(r) => r.read(buffer)?,
            Inner::Gzip(r) => r.read(buffer)?,
            Inner::Zstd(r) => r.read(buffer)?,
        };
        self.done += n as u64;
        Ok(n)
    }
}

/// True for the name that stands for standard input.
pub(super) fn is_stdin(path: &Path) -> bool {
    path == Path::new("-")
}
