//! Access logs as they come, block by block, in bounded memory. One file a format.

use crate::base::{Error, Result, text::display_str};

mod combined;
mod guess;

pub use combined::Combined;

/// A line longer than this is skipped without being held.
pub const LONGEST_LINE: usize = 1 << 20;
/// Lines after which a log that never parsed is given up.
const TRIED: u64 = 64;
/// Bytes kept of the first line that did not parse.
const SAMPLE: usize = 200;

/// One line, read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line<'a> {
    /// Seconds since 1970.
    pub time: i64,
    /// Status code as logged.
    pub status: u16,
    /// Virtual host, when the format names one.
    pub host: Option<&'a [u8]>,
    /// What was asked; `None` when the client sent no readable request line.
    pub request: Option<Request<'a>>,
    /// How long it took, in microseconds, when the line says so.
    pub micros: Option<u64>,
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
    format: Combined,
    /// The start of a line whose end is in the next block.
    carry: Vec<u8>,
    /// Inside a line that is too long.
    skipping: bool,
    /// Lines seen, blank ones too.
    pub lines: u64,
    /// Bytes seen.
    pub bytes: u64,
    /// Lines that parsed.
    pub parsed: u64,
    /// Lines that did not.
    pub unparsed: u64,
    /// The first of them, cut to 200 bytes.
    pub first_unparsed: Vec<u8>,
}

impl LogReader {
    /// Takes the next block, and gives every line in it that parses.
    ///
    /// # Errors
    /// When none of the first 64 lines parses, with what the log looks like. The reader then takes no more.
    pub fn feed(&mut self, block: &[u8], mut each: impl FnMut(&Line<'_>)) -> Result<()> {
        self.bytes += block.len() as u64;
        let mut rest = block;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = (&rest[..at], &rest[at + 1..]);
            rest = after;
            if self.skipping {
                self.skipping = false;
                self.carry.clear();
            } else if self.carry.is_empty() {
                self.line(line, &mut each);
            } else {
                self.hold(line);
                let whole = std::mem::take(&mut self.carry);
                if self.skipping {
                    self.skipping = false;
                } else {
                    self.line(&whole, &mut each);
                }
                // The room is kept for the next line that is cut.
                self.carry = whole;
                self.carry.clear();
            }
            if self.parsed == 0 && self.unparsed >= TRIED {
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
        let whole = std::mem::take(&mut self.carry);
        if !whole.is_empty() && !self.skipping {
            self.line(&whole, &mut each);
        }
        self.skipping = false;
        if self.parsed == 0 && self.unparsed > 0 {
            return Err(self.unknown());
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8], each: &mut impl FnMut(&Line<'_>)) {
        self.lines += 1;
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST_LINE {
            self.miss(line);
        } else if let Some(read) = self.format.read(line) {
            self.parsed += 1;
            each(&read);
        } else if !line.iter().all(u8::is_ascii_whitespace) {
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
            .hint(format!("only nginx and Apache combined logs are read; the first line is: {}", display_str(&sample)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"";

    fn run(bytes: &[u8], block: usize) -> (LogReader, u64, Result<()>) {
        let mut reader = LogReader::default();
        let mut seen = 0;
        let mut done = Ok(());
        for part in bytes.chunks(block.max(1)) {
            done = reader.feed(part, |_| seen += 1);
            if done.is_err() {
                return (reader, seen, done);
            }
        }
        if done.is_ok() {
            done = reader.finish(|_| seen += 1);
        }
        (reader, seen, done)
    }

    #[test]
    fn blocks_may_cut_anywhere() {
        let text = format!("{GOOD}\r\n\nbroken \0\u{fffd}\n{GOOD}");
        for block in 1..=text.len() {
            let (reader, seen, done) = run(text.as_bytes(), block);
            assert_eq!(done, Ok(()));
            assert_eq!((seen, reader.lines, reader.unparsed), (2, 4, 1), "block {block}");
            assert_eq!(reader.first_unparsed, "broken \0\u{fffd}".as_bytes());
        }
    }

    #[test]
    fn a_long_line_is_counted_and_not_held() {
        let mut text = GOOD.as_bytes().to_vec();
        text.push(b'\n');
        text.extend(std::iter::repeat_n(b'x', 5 * LONGEST_LINE));
        text.push(b'\n');
        text.extend_from_slice(GOOD.as_bytes());
        for block in [4096, 1 << 18, 8 << 20] {
            let (reader, seen, done) = run(&text, block);
            assert_eq!(done, Ok(()));
            assert_eq!((seen, reader.lines, reader.unparsed), (2, 3, 1), "block {block}");
            assert_eq!(reader.first_unparsed.len(), SAMPLE);
            assert!(reader.carry.capacity() <= 2 * LONGEST_LINE);
        }
    }

    #[test]
    fn a_log_of_another_kind_says_what_it_is() {
        for (line, word) in [
            ("{\"a\": 1}", "JSON"),
            ("#Fields: date time cs-method", "W3C"),
            ("https 2018-07-02T22:23:00.186641Z app/my-lb 1.1.1.1:2817 10.0.0.1:80 0 0 0 200", "load balancer"),
            ("[2016-04-15T20:17:00.310Z] \"POST /api HTTP/2\" 204", "Envoy"),
            ("just words", "known"),
        ] {
            let text = format!("{line}\n").repeat(100);
            let e = run(text.as_bytes(), 1000).2.expect_err(line).to_string();
            assert!(e.contains(word) && e.contains("combined"), "{e}");
            assert!(run(line.as_bytes(), 1000).2.is_err());
        }
    }

    proptest! {
        #[test]
        fn blocks_make_no_difference(bytes in "([0-9a-z \"\\[\n]|\r\n){0,200}", block in 1usize..50) {
            let text = format!("{GOOD}\n{bytes}");
            let (a, seen_a, _) = run(text.as_bytes(), block);
            let (b, seen_b, _) = run(text.as_bytes(), text.len());
            prop_assert_eq!((seen_a, a.lines, a.unparsed, a.first_unparsed), (seen_b, b.lines, b.unparsed, b.first_unparsed));
        }
    }
}
