//! HAProxy's `httplog` and its variant for TLS: `client:port [time] frontend backend/server timers status … "request"`.

use super::Line;
use super::part::{Unit, address, clf_time, micros, request_line, size, status};
use crate::inventory::template::hex_digit;

/// Reads lines; holds the last request without its escapes.
#[derive(Debug, Clone, Default)]
pub(super) struct Haproxy {
    request: Vec<u8>,
}

impl Haproxy {
    /// One line without its newline; `None` when it is of another shape.
    pub fn read<'a>(&'a mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (client, time, rest) = accepted(line)?;
        let mut words = rest.split(|b| *b == b' ').filter(|w| !w.is_empty());
        words.next()?; // Frontend.
        memchr::memchr(b'/', words.next()?)?; // Backend and server.
        let timers = words.next()?;
        if memchr::memchr_iter(b'/', timers).count() < 3 {
            return None;
        }
        // With `logasap` the line is written before the end, and a plus says so.
        let took = timers.rsplit(|b| *b == b'/').next()?;
        let took = if took.starts_with(b"+") { None } else { micros(took, Unit::Millis) };
        let status = status(words.next()?)?;
        let size = words.next().and_then(size);
        // What is captured of headers holds no quote: quotes are written as `#22`.
        let quoted = &rest[memchr::memmem::find(rest, b" \"")? + 2..];
        let end = memchr::memchr(b'"', quoted).unwrap_or(quoted.len());
        unescape(&quoted[..end], &mut self.request);
        let request = request_line(&self.request);
        Some(Line { time: Some(time), status, request, micros: took, size, client, ..Line::default() })
    }
}

/// Client, instant and rest.
type Accepted<'a> = (Option<&'a [u8]>, i64, &'a [u8]);

/// The client before the brackets, the instant in them, which has no zone and is taken for UTC, and what follows.
fn accepted(line: &[u8]) -> Option<Accepted<'_>> {
    // `06/Feb/2009:12:14:14.655`
    const LENGTH: usize = 24;
    memchr::memchr_iter(b'[', line).take(8).find_map(|at| {
        let (time, rest) = line[at + 1..].split_at_checked(LENGTH)?;
        let rest = rest.strip_prefix(b"] ")?;
        (time[20] == b'.').then_some(())?;
        let client = line[..at].trim_ascii_end().rsplit(|b| *b == b' ').next().filter(|c| !c.is_empty());
        Some((client.map(address), clf_time(time)?, rest))
    })
}

/// Undoes `#XX`, as HAProxy writes quotes, `#` and what cannot be printed.
fn unescape(bytes: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        let hex = |at: usize| hex_digit(*bytes.get(at)?);
        if let (b'#', Some(high), Some(low)) = (b, hex(i + 1), hex(i + 2)) {
            out.push(high << 4 | low);
            i += 3;
        } else {
            out.push(b);
            i += 1;
        }
    }
}
