//! Access logs as they come, block by block, in bounded memory. One file a format.

use super::operations::Operation;
use crate::base::{Error, Result, text::display_str};

mod alb;
mod combined;
mod envoy;
mod formats;
mod guess;
mod haproxy;
mod json;
mod part;
mod pattern;
mod quoted;
#[cfg(test)]
mod tests;
mod w3c;

pub(super) use formats::detect;
pub use formats::{Choice, FORMATS, Format, TYPED};
use formats::{Outcome, Reader};
pub(super) use part::request_of;

/// A line longer than this is skipped without being held.
pub const LONGEST_LINE: usize = 1 << 20;
/// First lines by which the format is known; a log of which none parsed is given up.
pub(super) const TRIED: usize = 64;
/// Bytes that these lines may take.
const TRIED_BYTES: usize = 2 * LONGEST_LINE;
/// Bytes kept of the first line that did not parse.
const SAMPLE: usize = 200;

/// One line, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Line<'a> {
    /// Seconds since 1970, when the line says so.
    pub time: Option<i64>,
    /// Status code as logged; 0 where no reply was sent.
    pub status: u16,
    /// Virtual host, when the format names one.
    pub host: Option<&'a [u8]>,
    /// What was asked; `None` when the client sent no readable request line.
    pub request: Option<Request<'a>>,
    /// How long it took, in microseconds, when the line says so.
    pub micros: Option<u64>,
    /// Bytes of the reply, when the line says so: of its body, or of all of it where the format counts that.
    pub size: Option<u64>,
    /// Who asked: a consumer or user that the line names, else an address without its port.
    pub client: Option<&'a [u8]>,
    /// Whether a credential was sent, when the line says so.
    pub credential: Option<bool>,
    /// The target is a template already, as gateways that know their routes write it.
    pub templated: bool,
    /// Since when the reply calls the resource deprecated (RFC 9745), in seconds since 1970; 0 where it does not say when.
    pub deprecation: Option<i64>,
    /// When the reply says it ends (RFC 8594), in seconds since 1970.
    pub sunset: Option<i64>,
    /// What the body called, where one was kept.
    pub operations: &'a [Operation],
    /// A request that is written down without a reply: it makes known, and counts for nothing.
    pub written: bool,
}

/// The request line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request<'a> {
    /// Method as sent.
    pub method: &'a [u8],
    /// Host of an absolute-form target, without its port.
    pub host: Option<&'a [u8]>,
    /// Path and query as logged: the writer's own `\xHH` escapes are still in it.
    pub target: &'a [u8],
}

/// Splits blocks into lines and reads them.
#[derive(Debug, Default)]
pub struct LogReader {
    /// `None` until the first lines have told.
    reader: Option<Reader>,
    /// Name of the format, once it is known.
    pub format: Option<&'static str>,
    /// The first bytes, until they have told the format.
    first: Vec<u8>,
    /// The start of a line whose end is in the next block.
    carry: Vec<u8>,
    /// Inside a line that is too long.
    skipping: bool,
    /// Lines seen, blank ones too.
    pub lines: u64,
    /// Bytes seen.
    pub bytes: u64,
    /// Requests that were read.
    pub parsed: u64,
    /// Lines that did not.
    pub unparsed: u64,
    /// The first of them, cut to 200 bytes.
    pub first_unparsed: Vec<u8>,
    /// Number of the block in which that was, where blocks are read side by side.
    first_at: u64,
    /// The format was found already.
    sure: bool,
}

impl LogReader {
    /// A reader of a format that is detected or given.
    ///
    /// # Errors
    /// A format that is none.
    pub fn new(choice: &Choice) -> Result<Self> {
        let Choice::As(text) = choice else { return Ok(Self::default()) };
        let (name, reader) = formats::typed(text)?;
        Ok(Self { reader: Some(reader), format: Some(name), ..Self::default() })
    }

    /// Another reader for whole lines of the same log; `None` while its format is not known, and where a line depends on those
    /// before it.
    pub fn another(&self) -> Option<Self> {
        if self.parsed == 0 {
            return None;
        }
        let reader = self.reader.as_ref()?.another()?;
        Some(Self { reader: Some(reader), format: self.format, sure: true, ..Self::default() })
    }

    /// Takes block number `at` of a log that is read side by side.
    ///
    /// # Errors
    /// As [`LogReader::feed`], unless the format was found by another.
    pub fn feed_at(&mut self, at: u64, block: &[u8], each: impl FnMut(&Line<'_>)) -> Result<()> {
        if self.unparsed == 0 {
            self.first_at = at;
        }
        self.feed(block, each)
    }

    /// Adds what another reader of the same log counted.
    pub fn join(&mut self, other: Self) {
        self.lines += other.lines;
        self.bytes += other.bytes;
        self.parsed += other.parsed;
        if other.unparsed > 0 && (self.unparsed == 0 || other.first_at < self.first_at) {
            self.first_unparsed = other.first_unparsed;
            self.first_at = other.first_at;
        }
        self.unparsed += other.unparsed;
    }

    /// Takes the next block, and gives every request in it that parses. Until the first 64 lines are there nothing is given.
    ///
    /// # Errors
    /// When none of the first 64 lines parses, with what the log looks like. The reader then takes no more.
    pub fn feed(&mut self, block: &[u8], mut each: impl FnMut(&Line<'_>)) -> Result<()> {
        self.bytes += block.len() as u64;
        let Some(mut reader) = self.reader.take() else {
            self.first.extend_from_slice(block);
            // What counts is where the lines end and not where the block does, so that blocks make no difference.
            let enough = memchr::memchr_iter(b'\n', &self.first).nth(TRIED - 1).is_some();
            return if enough || self.first.len() >= TRIED_BYTES { self.begin(&mut each) } else { Ok(()) };
        };
        let done = self.lines_of(&mut reader, block, &mut each);
        self.reader = Some(reader);
        done
    }

    /// Reads what is held until more is there, where a line of it is whole: of a log that is still written nobody knows when
    /// its first 64 lines will be there.
    ///
    /// # Errors
    /// As [`LogReader::feed`].
    pub fn settle(&mut self, mut each: impl FnMut(&Line<'_>)) -> Result<()> {
        if self.reader.is_some() || !self.first.contains(&b'\n') {
            return Ok(());
        }
        self.begin(&mut each)
    }

    /// Finds the format of what was held and reads it.
    fn begin(&mut self, each: &mut impl FnMut(&Line<'_>)) -> Result<()> {
        let first = std::mem::take(&mut self.first);
        let start = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&first);
        let end = memchr::memchr_iter(b'\n', start).nth(TRIED - 1).unwrap_or(start.len());
        let format = detect(&first_lines(&start[..end.min(TRIED_BYTES)]), true);
        self.format = format.map(|f| f.name);
        let mut reader = Reader::of(format.unwrap_or(&FORMATS[FORMATS.len() - 1]));
        let done = self.lines_of(&mut reader, start, each);
        self.reader = Some(reader);
        done
    }

    fn lines_of(&mut self, reader: &mut Reader, block: &[u8], each: &mut impl FnMut(&Line<'_>)) -> Result<()> {
        let mut rest = block;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = (&rest[..at], &rest[at + 1..]);
            rest = after;
            if self.skipping {
                self.skipping = false;
                self.carry.clear();
            } else if self.carry.is_empty() {
                self.line(reader, line, each);
            } else {
                self.hold(line);
                let whole = std::mem::take(&mut self.carry);
                if self.skipping {
                    self.skipping = false;
                } else {
                    self.line(reader, &whole, each);
                }
                // The room is kept for the next line that is cut.
                self.carry = whole;
                self.carry.clear();
            }
            if self.parsed == 0 && self.unparsed >= TRIED as u64 && !self.sure {
                return Err(self.unknown());
            }
        }
        if !self.skipping {
            self.hold(rest);
        }
        Ok(())
    }

    /// Takes the last line, which may have no newline.
    ///
    /// # Errors
    /// When there were lines and none of them parsed.
    pub fn finish(&mut self, mut each: impl FnMut(&Line<'_>)) -> Result<()> {
        if self.reader.is_none() {
            self.begin(&mut each)?;
        }
        let Some(mut reader) = self.reader.take() else { return Ok(()) };
        let whole = std::mem::take(&mut self.carry);
        if !whole.is_empty() && !self.skipping {
            self.line(&mut reader, &whole, &mut each);
        }
        self.reader = Some(reader);
        self.skipping = false;
        if self.parsed == 0 && self.unparsed > 0 {
            return Err(self.unknown());
        }
        Ok(())
    }

    #[expect(clippy::inline_always, reason = "a call for each line that does little but call")]
    #[inline(always)]
    fn line(&mut self, reader: &mut Reader, line: &[u8], each: &mut impl FnMut(&Line<'_>)) {
        self.lines += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST_LINE {
            self.miss(line);
            return;
        }
        let mut requests = 0;
        let outcome = reader.read(line, &mut |read| {
            requests += 1;
            each(read);
        });
        self.parsed += requests;
        if outcome == Outcome::Missed && !line.iter().all(u8::is_ascii_whitespace) {
            self.miss(line);
        }
    }

    /// Keeps the start of a line; one that grows too long is counted now and dropped.
    fn hold(&mut self, part: &[u8]) {
        if self.carry.len() + part.len() > LONGEST_LINE {
            if self.carry.is_empty() {
                self.carry.extend_from_slice(&part[..part.len().min(SAMPLE)]);
            }
            let start = std::mem::take(&mut self.carry);
            self.lines += 1;
            self.miss(&start);
            self.skipping = true;
        } else {
            self.carry.extend_from_slice(part);
        }
    }

    fn miss(&mut self, line: &[u8]) {
        if self.unparsed == 0 {
            self.first_unparsed = line[..line.len().min(SAMPLE)].to_vec();
        }
        self.unparsed += 1;
    }

    fn unknown(&self) -> Error {
        let sample = String::from_utf8_lossy(&self.first_unparsed);
        let sample: String = sample.chars().take(80).collect();
        Error::input(format!("no line reads as an access log: it {}", guess::looks_like(&self.first_unparsed)))
            .hint(format!("--log-format takes {TYPED}; the first line is: {}", display_str(&sample)))
    }
}

/// The lines by which a format is known: those that are whole, without blank ones, and the last where nothing follows.
pub(super) fn first_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> + Clone {
    let lines = bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    lines.filter(|l| !l.iter().all(u8::is_ascii_whitespace) && l.len() <= LONGEST_LINE).take(TRIED)
}
