//! Compressed files as a stream: gzip (RFC 1952) with all its members, zstd (RFC 8878) with all its frames.

use std::io::{BufReader, Cursor, Error, ErrorKind, Read, Result};
use std::path::Path;

/// Bytes of a file that tell how it is packed.
const HEAD: usize = 4;
/// Unpacked bytes below which the ratio is not judged.
const RATIO_FROM: u64 = 256 << 20;
/// Most that one byte may unpack to: a log that repeats itself comes to 200.
const RATIO: u64 = 500;
/// Largest window of zstd, as a power of two: what the tool itself takes unless told otherwise.
const WINDOW: u32 = 27;

/// The error that says so.
pub(super) const BOMB: ErrorKind = ErrorKind::FileTooLarge;

/// A file, unpacked where it is packed.
pub(super) struct Unpacked<R: Read> {
    inner: Inner<R>,
    packed: bool,
    done: u64,
}

/// A reader that counts what is taken from it.
struct Counted<R> {
    inner: R,
    taken: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let n = self.inner.read(buffer)?;
        self.taken += n as u64;
        Ok(n)
    }
}

enum Inner<R: Read> {
    Plain(Whole<R>),
    Gzip(Box<flate2::read::MultiGzDecoder<BufReader<Whole<R>>>>),
    Zstd(zstd::stream::read::Decoder<'static, BufReader<Whole<R>>>),
}

type Whole<R> = Counted<std::io::Chain<Cursor<Vec<u8>>, R>>;

impl<R: Read> Unpacked<R> {
    /// Looks at the first bytes of `file`.
    pub fn new(mut file: R) -> Result<Self> {
        let mut head = Vec::new();
        (&mut file).take(HEAD as u64).read_to_end(&mut head)?;
        let (gzip, zstd) = (head.starts_with(b"\x1f\x8b"), head == b"\x28\xb5\x2f\xfd");
        let whole = Counted { inner: Cursor::new(head).chain(file), taken: 0 };
        let inner = if gzip {
            Inner::Gzip(Box::new(flate2::read::MultiGzDecoder::new(BufReader::with_capacity(64 << 10, whole))))
        } else if zstd {
            let mut decoder = zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(64 << 10, whole))?;
            decoder.window_log_max(WINDOW)?;
            Inner::Zstd(decoder)
        } else {
            Inner::Plain(whole)
        };
        Ok(Self { inner, packed: gzip || zstd, done: 0 })
    }

    /// Bytes that are unpacked already, whether or not they were `packed`.
    pub fn plain(bytes: R, packed: bool) -> Self {
        let inner = Inner::Plain(Counted { inner: Cursor::new(Vec::new()).chain(bytes), taken: 0 });
        Self { inner, packed, done: 0 }
    }

    /// True when what is read is not what is in the file.
    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// True when so much came out of so little that it is no log.
    fn is_bomb(&self) -> bool {
        let taken = match &self.inner {
            Inner::Plain(_) => return false,
            Inner::Gzip(r) => r.get_ref().get_ref().taken,
            Inner::Zstd(r) => r.get_ref().get_ref().taken,
        };
        self.done > RATIO_FROM && self.done / taken.max(1) > RATIO
    }
}

impl<R: Read> Read for Unpacked<R> {
    /// An error of [`BOMB`] ends what unpacks to too much.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.is_bomb() {
            return Err(Error::from(BOMB));
        }
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
