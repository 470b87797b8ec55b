//! Any line that holds `"METHOD /path HTTP/x"` and, after it, a status: what is left when no other format fits.

use super::Line;
use super::part::{Unit, is_escaped, micros, request_line, status, time};

/// How far into a line its time is looked for.
const HEAD: usize = 200;

/// One line without its newline; `None` when there is no request line with a status after it.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    let mut from = 0;
    let (request, before, after) = loop {
        let start = from + memchr::memchr(b'"', &line[from..])? + 1;
        let end = start + memchr::memchr_iter(b'"', &line[start..]).find(|e| !is_escaped(&line[start..], *e))?;
        let inside = &line[start..end];
        if memchr::memmem::rfind(inside, b" HTTP/").is_some()
            && let Some(request) = request_line(inside)
            && request.method.iter().all(u8::is_ascii_uppercase)
        {
            break (request, &line[..start - 1], &line[end + 1..]);
        }
        // The quote that ended this may open the next.
        from = end;
    };
    let is_break = |b: &u8| matches!(b, b' ' | b'\t' | b',' | b';' | b':' | b'=' | b'|' | b'(' | b')' | b'[' | b']');
    let mut words = after.split(is_break).filter(|w| !w.is_empty());
    let status = words.by_ref().take(16).find_map(|w| status(w).filter(|s| (100..600).contains(s)))?;
    // A number after `time` is taken for seconds; others could be anything.
    let named = words.clone().take(32).position(|w| w == b"time" || w == b"request_time" || w == b"duration");
    let took =
        named.and_then(|at| words.nth(at + 1)).filter(|w| memchr::memchr(b'.', w).is_some() || w.ends_with(b"s"));
    let micros = took.and_then(|w| micros(w, Unit::Seconds));
    Some(Line { time: when(before), status, request: Some(request), micros, ..Line::default() })
}

/// A time in brackets, or a date with a time of day.
fn when(before: &[u8]) -> Option<i64> {
    let head = &before[..before.len().min(HEAD)];
    let bracketed = memchr::memchr_iter(b'[', head).find_map(|at| {
        let end = memchr::memchr(b']', &head[at..])?;
        time(&head[at + 1..at + end])
    });
    bracketed.or_else(|| {
        memchr::memchr_iter(b'-', head).find_map(|at| {
            let start = at.checked_sub(4)?;
            let end =
                head[start..].iter().skip(11).position(|b| matches!(b, b' ' | b']' | b'\t')).map(|e| start + 11 + e);
            let text = &head[start..end.unwrap_or(head.len())];
            time(&text[..text.len().min(32)])
        })
    })
}
