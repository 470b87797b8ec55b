//! A reply read as it comes, leniently: whatever the bytes are, something is made of them, what is odd is noted, and every
//! amount has a bound. However the bytes are cut, the outcome is the same.

use super::super::oddity::{Odd, Oddity, note};
use super::super::{Caps, Response};
use super::head::{Head, add_field, bare, end_of_head};
use crate::base::text::display;

/// Bytes of a head, and of trailers.
const MOST_HEAD: usize = 512 << 10;
/// Bytes of the line before a chunk.
const MOST_LINE: usize = 16 << 10;
/// Bytes around the bodies: heads, lines of chunks, surplus.
const MOST_BESIDE: u64 = 16 << 20;
/// Bytes kept as they came.
const MOST_RECEIVED: usize = 1 << 20;
/// Bytes kept of what came behind the reply.
const MOST_SURPLUS: usize = 64 << 10;
/// Body bytes of the replies behind the first, which are held in memory.
const MOST_MORE: u64 = 16 << 20;
/// Replies that are read of one connection.
const MOST_REPLIES: usize = 128;
/// Empty lines that are passed over before a status line.
const MOST_EMPTY: usize = 64;

/// What was asked for, as far as it says where the reply ends (RFC 9112 section 6.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `HEAD`: no body.
    Head,
    /// `CONNECT`: after a 2xx there is no HTTP any more.
    Connect,
    /// Anything else.
    Other,
}

impl Asked {
    /// That of a method.
    pub fn of(method: &[u8]) -> Self {
        match method {
            b"HEAD" => Self::Head,
            b"CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }
}

/// Bounds on what a peer may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Fields of one head.
    pub fields: usize,
    /// Body bytes of all replies together.
    pub body: u64,
    /// Interim replies.
    pub informational: u32,
}

impl From<&Caps> for Bounds {
    fn from(caps: &Caps) -> Self {
        Self { fields: caps.headers, body: caps.wire_bytes, informational: caps.informational }
    }
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reply {
    /// Head and trailers; its body is `wire`.
    pub response: Response,
    /// Body as it came, without its chunks.
    pub wire: Vec<u8>,
    /// Whether it came to its end.
    pub whole: bool,
}

/// Why reading ended before the reply did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// A bound was reached: which, in words.
    Cap(String),
    /// The connection ended before a status line.
    Silence,
    /// It ended within a head.
    CutHead,
    /// It ended within a body.
    CutBody,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    /// Replies in order; the last may be cut short.
    pub replies: Vec<Reply>,
    /// What is odd in them.
    pub oddities: Vec<Oddity>,
    /// The first bytes behind the last reply.
    pub surplus: Vec<u8>,
    /// The first bytes of all, as they came.
    pub received: Vec<u8>,
    /// Why it ended early.
    pub trouble: Option<Trouble>,
}

/// How the end of a body is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coded {
    /// By its chunks.
    Chunked,
    /// By its length.
    Length(u64),
    /// By the end of the connection.
    UntilClose,
}

/// How the end of a body is told by its fields; `None` where nothing frames it.
pub(super) fn framed<'a>(
    codings: impl Iterator<Item = &'a [u8]>,
    lengths: impl Iterator<Item = &'a [u8]>,
    odd: &mut Vec<Oddity>,
) -> Option<Coded> {
    let last = codings.flat_map(|v| v.split(|b| *b == b',')).map(<[u8]>::trim_ascii).last();
    let all: Vec<&[u8]> = lengths.flat_map(|v| v.split(|b| *b == b',')).map(<[u8]>::trim_ascii).collect();
    if let Some(last) = last {
        if let Some(length) = all.first() {
            note(odd, Odd::LengthAndCoding, || display(&length[..length.len().min(40)]));
        }
        if last.eq_ignore_ascii_case(b"chunked") {
            return Some(Coded::Chunked);
        }
        note(odd, Odd::NotChunkedLast, || display(&last[..last.len().min(40)]));
        return Some(Coded::UntilClose);
    }
    let first = *all.first()?;
    if all.len() > 1 {
        let differ = all.iter().any(|l| *l != first);
        note(odd, if differ { Odd::LengthsDiffer } else { Odd::LengthTwice }, || {
            all.iter().take(4).map(|l| display(&l[..l.len().min(20)])).collect::<Vec<_>>().join(", ")
        });
    }
    let digits = !first.is_empty() && first.iter().all(u8::is_ascii_digit);
    let length = std::str::from_utf8(first).ok().filter(|_| digits).and_then(|l| l.parse().ok());
    if length.is_none() {
        note(odd, Odd::BadLength, || display(&first[..first.len().min(40)]));
    }
    Some(length.map_or(Coded::UntilClose, Coded::Length))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before a status line.
    Before,
    Head,
    Body(u64),
    UntilClose,
    ChunkSize,
    Chunk(u64),
    ChunkEnd,
    Trailers(usize),
    /// All that comes is surplus.
    Behind,
    /// Nothing more is read.
    Ended,
}

/// Reads replies as their bytes come.
#[derive(Debug)]
pub struct Reader {
    bounds: Bounds,
    asked: Vec<Asked>,
    state: State,
    /// Bytes that came and are not understood yet; those before `at` are.
    pending: Vec<u8>,
    at: usize,
    /// How far the end of a head was looked for, from `at`.
    searched: usize,
    fed: u64,
    body: u64,
    /// Of these bytes those of replies behind the first.
    more: u64,
    informational: u32,
    empty: usize,
    surplus: u64,
    /// Another protocol was agreed on, so that what follows is as it should be.
    switched: bool,
    out: Read,
}

impl Reader {
    /// A reader for the replies to these requests.
    pub fn new(asked: Vec<Asked>, bounds: Bounds) -> Self {
        Self {
            bounds,
            asked,
            state: State::Before,
            pending: Vec::new(),
            at: 0,
            searched: 0,
            fed: 0,
            body: 0,
            more: 0,
            informational: 0,
            empty: 0,
            surplus: 0,
            switched: false,
            out: Read::default(),
        }
    }

    /// Takes more bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.state == State::Ended {
            return;
        }
        let room = (self.bounds.body.saturating_add(MOST_BESIDE)).saturating_sub(self.fed);
        let taken = &bytes[..bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        self.fed += taken.len() as u64;
        self.pending.extend_from_slice(taken);
        while self.state != State::Ended && self.step() {}
        self.compact();
        if taken.len() < bytes.len() && self.state != State::Ended {
            self.cap("the reply has too many bytes beside its body; the rest was not read".to_owned());
        }
    }

    /// The connection has ended.
    pub fn end(&mut self) {
        // What came behind a bound was not read.
        if self.state == State::Ended {
            return;
        }
        let left = self.pending.len() - self.at > 0;
        let trouble = match self.state {
            State::Behind | State::Ended => None,
            State::Before if self.out.replies.len() >= self.asked.len() => {
                self.behind(self.pending.len() - self.at);
                None
            }
            State::Before if left => Some(Trouble::CutHead),
            State::Before => Some(Trouble::Silence),
            State::Head => Some(Trouble::CutHead),
            State::UntilClose => {
                self.finish_reply();
                None
            }
            State::Trailers(_) => {
                note(&mut self.out.oddities, Odd::BadChunk, || "the trailers do not end".to_owned());
                self.finish_reply();
                None
            }
            _ => Some(Trouble::CutBody),
        };
        self.out.trouble = self.out.trouble.take().or(trouble);
        self.at = self.pending.len();
        self.compact();
        self.state = State::Ended;
    }

    /// Whether every reply that was asked for is there, or nothing more is read.
    pub fn is_done(&self) -> bool {
        match self.state {
            State::Ended | State::Behind => true,
            State::Before => self.out.replies.len() >= self.asked.len(),
            _ => false,
        }
    }

    /// Whether the head of a final reply was read.
    pub fn has_head(&self) -> bool {
        !self.out.replies.is_empty()
    }

    /// The first final reply, as far as it came.
    pub fn first(&self) -> Option<&Reply> {
        self.out.replies.first()
    }

    /// The body of the first final reply as far as it came since this was asked last.
    pub fn take_first(&mut self) -> Vec<u8> {
        self.out.replies.first_mut().map(|r| std::mem::take(&mut r.wire)).unwrap_or_default()
    }

    /// Whether anything came.
    pub fn has_any(&self) -> bool {
        self.fed > 0
    }

    /// Whether reading ended before the replies did.
    pub fn has_failed(&self) -> bool {
        self.out.trouble.is_some()
    }

    /// Why it did.
    pub fn trouble(&self) -> Option<&Trouble> {
        self.out.trouble.as_ref()
    }

    /// Whether this was noted.
    pub fn is_odd(&self, odd: Odd) -> bool {
        self.out.oddities.iter().any(|o| o.odd == odd)
    }

    /// Whether the first byte that came is this one.
    pub fn begins_with(&self, byte: u8) -> bool {
        self.out.received.first().or(self.pending.first()) == Some(&byte)
    }

    /// Whether the connection may serve another request: every reply came to an end that was told, and nothing behind it.
    pub fn is_reusable(&self) -> bool {
        let closes = |r: &Reply| {
            let said = |word: &[u8]| {
                let all = r.response.all("connection").flat_map(|v| v.as_bytes().split(|b| *b == b','));
                all.map(<[u8]>::trim_ascii).any(|v| v.eq_ignore_ascii_case(word))
            };
            said(b"close") || (r.response.version == "HTTP/1.0" && !said(b"keep-alive"))
        };
        self.state == State::Before
            && self.pending.is_empty()
            && self.out.trouble.is_none()
            && self.out.replies.len() == self.asked.len()
            && !self.out.replies.iter().any(closes)
    }

    /// What was read.
    pub fn finish(mut self) -> Read {
        // What was not understood yet came as well.
        if self.state != State::Ended {
            self.at = self.pending.len();
            self.compact();
        }
        if self.surplus > 0 && !self.switched {
            let (count, kept) = (self.surplus, &self.out.surplus);
            let detail = format!("{count} bytes: {}", display(&kept[..kept.len().min(40)]));
            note(&mut self.out.oddities, Odd::Surplus, || detail);
        }
        self.out
    }

    fn rest(&self) -> &[u8] {
        &self.pending[self.at..]
    }

    fn advance(&mut self, n: usize) {
        self.at += n;
        self.searched = 0;
    }

    fn go(&mut self, state: State) -> bool {
        self.state = state;
        true
    }

    fn cap(&mut self, why: String) -> bool {
        self.out.trouble = Some(Trouble::Cap(why));
        self.go(State::Ended)
    }

    /// Forgets what is understood, and keeps the first of it as it came.
    fn compact(&mut self) {
        let room = MOST_RECEIVED.saturating_sub(self.out.received.len()).min(self.at);
        self.out.received.extend_from_slice(&self.pending[..room]);
        self.pending.drain(..self.at);
        self.at = 0;
    }

    /// Understands one thing more; false when there is too little for that.
    fn step(&mut self) -> bool {
        match self.state {
            State::Before => self.before(),
            State::Head => self.head(),
            State::Body(left) => {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(self.rest().len());
                if left == 0 {
                    self.finish_reply();
                    return true;
                }
                self.take_body(n) && self.go(State::Body(left - n as u64))
            }
            State::UntilClose => self.take_body(self.rest().len()),
            State::ChunkSize => self.chunk_size(),
            State::Chunk(0) => self.go(State::ChunkEnd),
            State::Chunk(left) => {
                let n = usize::try_from(left).unwrap_or(usize::MAX).min(self.rest().len());
                self.take_body(n) && self.go(State::Chunk(left - n as u64))
            }
            State::ChunkEnd => self.chunk_end(),
            State::Trailers(so_far) => self.trailer(so_far),
            State::Behind => {
                let n = self.rest().len();
                self.behind(n);
                false
            }
            State::Ended => false,
        }
    }

    fn before(&mut self) -> bool {
        let outstanding = self.out.replies.len() < self.asked.len();
        let rest = self.rest();
        if rest.is_empty() {
            return false;
        }
        if outstanding && self.empty < MOST_EMPTY {
            let skip = match rest {
                [b'\n', ..] => 1,
                [b'\r', b'\n', ..] => 2,
                [b'\r'] => return false,
                _ => 0,
            };
            if skip > 0 {
                self.empty += 1;
                note(&mut self.out.oddities, Odd::EmptyLines, String::new);
                self.advance(skip);
                return true;
            }
        }
        let start = &rest[..rest.len().min(5)];
        let is_http = start.eq_ignore_ascii_case(&b"HTTP/"[..start.len()]);
        if is_http && start.len() < 5 {
            return false;
        }
        if is_http && self.out.replies.len() < MOST_REPLIES {
            return self.go(State::Head);
        }
        if !outstanding {
            return self.go(State::Behind);
        }
        note(&mut self.out.oddities, Odd::NoStatusLine, String::new);
        let response = Response { version: "HTTP/0.9".to_owned(), ..Response::default() };
        self.out.replies.push(Reply { response, ..Reply::default() });
        self.go(State::UntilClose)
    }

    fn head(&mut self) -> bool {
        let rest = self.rest();
        let within = &rest[..rest.len().min(MOST_HEAD)];
        let Some(end) = end_of_head(within, self.searched) else {
            if within.len() == MOST_HEAD {
                self.advance(MOST_HEAD);
                return self.cap("the response head has too many or too large header fields".to_owned());
            }
            self.searched = within.len();
            return false;
        };
        let bytes = rest[..end].to_vec();
        let mut odd = std::mem::take(&mut self.out.oddities);
        let head = Head::read(&bytes, self.bounds.fields, &mut odd);
        let asked = self.asked.get(self.out.replies.len()).copied();
        let state = self.after(&head, asked.unwrap_or(Asked::Other), &mut odd);
        self.out.oddities = odd;
        self.advance(end);
        let Some(state) = state else {
            if self.informational > self.bounds.informational {
                let most = self.bounds.informational;
                return self.cap(format!("more than {most} informational (1xx) responses"));
            }
            return self.go(State::Before);
        };
        if asked.is_none() {
            note(&mut self.out.oddities, Odd::SecondReply, String::new);
        }
        let Head { version, status, reason, fields, too_many } = head;
        let response = Response { version, status, reason, headers: fields, ..Response::default() };
        self.out.replies.push(Reply { response, ..Reply::default() });
        if too_many {
            let most = self.bounds.fields;
            return self.cap(format!("more than {most} header fields; the rest is not kept"));
        }
        if matches!(state, State::Before | State::Behind) {
            self.finish_reply();
        }
        self.go(state)
    }

    /// What follows a head: RFC 9112 section 6.3. `None` for an interim reply.
    fn after(&mut self, head: &Head, asked: Asked, odd: &mut Vec<Oddity>) -> Option<State> {
        match head.status {
            101 => {
                self.switched = true;
                return Some(State::Behind);
            }
            status @ 100..=199 => {
                self.informational += 1;
                note(odd, Odd::Informational, || status.to_string());
                return None;
            }
            200..=299 if asked == Asked::Connect => {
                self.switched = true;
                return Some(State::Behind);
            }
            _ => {}
        }
        let coded = head.framing(odd);
        Some(match coded {
            _ if asked == Asked::Head || matches!(head.status, 204 | 304) => State::Before,
            Some(Coded::Chunked) => State::ChunkSize,
            Some(Coded::Length(n)) => State::Body(n),
            Some(Coded::UntilClose) | None => State::UntilClose,
        })
    }

    /// The first bytes of a line that is whole, its end included.
    fn line(&mut self) -> Option<Vec<u8>> {
        let rest = self.rest();
        let within = &rest[..rest.len().min(MOST_LINE)];
        match memchr::memchr(b'\n', within) {
            Some(i) => Some(within[..=i].to_vec()),
            None if within.len() == MOST_LINE => {
                self.advance(MOST_LINE);
                self.cap(format!("a line between chunks is longer than {MOST_LINE} bytes"));
                None
            }
            None => None,
        }
    }

    fn chunk_size(&mut self) -> bool {
        let Some(line) = self.line() else { return self.state == State::Ended };
        let text = bare(&line, &mut self.out.oddities);
        let written = text.split(|b| *b == b';').next().unwrap_or_default();
        let digits = written.trim_ascii();
        let hex = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
        let size = std::str::from_utf8(digits).ok().filter(|_| hex).and_then(|d| u64::from_str_radix(d, 16).ok());
        let Some(size) = size else {
            return self.bad_chunk(&line);
        };
        // White space before an extension is in the grammar, elsewhere it is not.
        if written != digits && (text.len() == written.len() || written.trim_ascii_start() != written) {
            note(&mut self.out.oddities, Odd::ChunkSize, || display(&text[..text.len().min(40)]));
        }
        self.advance(line.len());
        self.go(if size == 0 { State::Trailers(0) } else { State::Chunk(size) })
    }

    fn chunk_end(&mut self) -> bool {
        match self.rest() {
            [] | [b'\r'] => false,
            [b'\r', b'\n', ..] => {
                self.advance(2);
                self.go(State::ChunkSize)
            }
            [b'\n', ..] => {
                note(&mut self.out.oddities, Odd::BareLf, String::new);
                self.advance(1);
                self.go(State::ChunkSize)
            }
            [b'\r', second, ..] => {
                let two = [b'\r', *second];
                self.bad_chunk(&two)
            }
            [first, ..] => {
                let one = [*first];
                self.bad_chunk(&one)
            }
        }
    }

    fn bad_chunk(&mut self, shown: &[u8]) -> bool {
        note(&mut self.out.oddities, Odd::BadChunk, || display(&shown[..shown.len().min(40)]));
        self.go(State::UntilClose)
    }

    fn trailer(&mut self, so_far: usize) -> bool {
        let Some(line) = self.line() else { return self.state == State::Ended };
        self.advance(line.len());
        let mut odd = std::mem::take(&mut self.out.oddities);
        let text = bare(&line, &mut odd);
        let most = self.bounds.fields;
        let fits = text.is_empty()
            || self.out.replies.last_mut().is_none_or(|r| add_field(&mut r.response.trailers, text, most, &mut odd));
        self.out.oddities = odd;
        if text.is_empty() {
            self.finish_reply();
            return true;
        }
        if !fits || so_far + line.len() > MOST_HEAD {
            return self.cap(format!("more than {most} trailer fields, or too large ones"));
        }
        self.go(State::Trailers(so_far + line.len()))
    }

    /// Takes bytes into the body of the reply; false when there are none.
    fn take_body(&mut self, n: usize) -> bool {
        if n == 0 {
            return false;
        }
        let behind_first = self.out.replies.len() > 1;
        let left = if behind_first { MOST_MORE.saturating_sub(self.more) } else { u64::MAX };
        let room = usize::try_from((self.bounds.body - self.body).min(left)).unwrap_or(usize::MAX);
        let taken = n.min(room);
        let (from, to) = (self.at, self.at + taken);
        if let Some(reply) = self.out.replies.last_mut() {
            reply.wire.extend_from_slice(&self.pending[from..to]);
        }
        self.body += taken as u64;
        if behind_first {
            self.more += taken as u64;
        }
        self.advance(taken);
        if taken < n {
            let most = self.bounds.body.min(if behind_first { MOST_MORE } else { u64::MAX });
            self.cap(format!("the body is larger than {most} bytes; the rest was not read"));
            return false;
        }
        true
    }

    fn behind(&mut self, n: usize) {
        let room = MOST_SURPLUS.saturating_sub(self.out.surplus.len()).min(n);
        let from = self.at;
        self.out.surplus.extend_from_slice(&self.pending[from..from + room]);
        self.surplus += n as u64;
        self.advance(n);
        if n > 0 && self.state == State::Before {
            self.state = State::Behind;
        }
    }

    fn finish_reply(&mut self) {
        if let Some(reply) = self.out.replies.last_mut() {
            reply.whole = true;
        }
        self.state = State::Before;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: Bounds = Bounds { fields: 8, body: 64, informational: 3 };
    const WIDE: Bounds = Bounds { fields: 1_000, body: 32 << 20, informational: 50 };

    fn read(asked: &[Asked], parts: &[&[u8]], bounds: Bounds) -> (Read, bool) {
        let mut reader = Reader::new(asked.to_vec(), bounds);
        for part in parts {
            reader.feed(part);
        }
        let done = reader.is_done();
        reader.end();
        (reader.finish(), done)
    }

    fn one(bytes: &[u8]) -> Read {
        read(&[Asked::Other], &[bytes], WIDE).0
    }

    #[track_caller]
    fn is_odd(read: &Read, kinds: &[Odd]) {
        let mut found: Vec<Odd> = read.oddities.iter().map(|o| o.odd).collect();
        found.sort();
        assert_eq!(found, kinds);
    }

    #[test]
    fn a_reply_ends_where_http_says_it_does() {
        for (asked, bytes, body, done) in [
            (Asked::Other, &b"HTTP/1.1 200 OK\r\n\r\nuntil the end"[..], &b"until the end"[..], false),
            (Asked::Other, b"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", b"", true),
            (Asked::Other, b"HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n", b"", true),
            (Asked::Head, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"", true),
            (Asked::Connect, b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", b"", true),
            (Asked::Connect, b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno", b"no", true),
            (Asked::Other, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"", true),
            (
                Asked::Other,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: x, Chunked\r\n\r\n2 ;a=b\r\n{}\r\n00\r\nT: 1\r\n\r\n",
                b"{}",
                true,
            ),
            (Asked::Other, b"HTTP/1.1 101 Switching\r\nContent-Length: 2\r\n\r\n", b"", true),
        ] {
            let (got, was_done) = read(&[asked], &[bytes], WIDE);
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!((got.replies.len(), &got.replies[0].wire[..], was_done), (1, body, done), "{shown}");
            assert!(got.replies[0].whole && got.trouble.is_none(), "{shown}");
            is_odd(&got, &[]);
            assert_eq!(got.received, bytes);
        }
        let got = one(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1\r\nb: 2\r\n\r\n");
        let trailers: Vec<String> = got.replies[0].response.trailers.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(trailers, ["A=1", "b=2"]);
    }

    #[test]
    fn what_is_odd_is_noted_once_and_read_all_the_same() {
        for (bytes, body, kinds) in [
            (&b"\r\n\nHTTP/1.1 200 OK\nContent-Length: 2\n\n{}"[..], &b"{}"[..], &[Odd::EmptyLines, Odd::BareLf][..]),
            (
                b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                b"{}",
                &[Odd::Informational],
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
                b"{}",
                &[Odd::LengthAndCoding],
            ),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\ncontent-length : 2\r\n\r\n{}",
                b"{}",
                &[Odd::SpaceBeforeColon, Odd::LengthTwice],
            ),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2, 4\r\n\r\n{}{}", b"{}", &[Odd::LengthsDiffer, Odd::Surplus]),
            (b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\n{}", b"{}", &[Odd::BadLength]),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n{}", b"{}", &[Odd::BadLength]),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n2\r\n{}", b"2\r\n{}", &[Odd::NotChunkedLast]),
            (
                b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n 2\r\n{}\n0\r\n\r\n",
                b"{}",
                &[Odd::BareLf, Odd::CodingInHttp10, Odd::ChunkSize],
            ),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0x1\r\nab\r\n",
                b"{}0x1\r\nab\r\n",
                &[Odd::BadChunk],
            ),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}more", b"{}more", &[Odd::BadChunk]),
            (
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
                b"fffffffffffffffff\r\n",
                &[Odd::BadChunk],
            ),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: 1", b"", &[Odd::BadChunk]),
            (b"<html>no head</html>", b"<html>no head</html>", &[Odd::NoStatusLine]),
            (
                b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond",
                b"{}",
                &[Odd::SecondReply],
            ),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTT", b"{}", &[Odd::Surplus]),
            (b"HTTP/1.1 204 x\r\n\r\n\r\nabc", b"", &[Odd::Surplus]),
            (b"http/1.1 2000 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}", &[Odd::StatusLine]),
        ] {
            let got = one(bytes);
            let shown = String::from_utf8_lossy(bytes);
            assert_eq!((&got.replies[0].wire[..], &got.trouble), (body, &None), "{shown}");
            is_odd(&got, kinds);
        }
        let got =
            one(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 404 No\r\nContent-Length: 6\r\n\r\nsecondX");
        assert_eq!(
            (got.replies.len(), got.replies[1].response.status, &got.replies[1].wire[..]),
            (2, 404, &b"second"[..])
        );
        assert_eq!(got.surplus, b"X");
    }

    #[test]
    fn what_is_cut_short_says_where_and_keeps_what_came() {
        for (bytes, trouble, body) in [
            (&b""[..], Trouble::Silence, None),
            (b"HTTP/1.1 103 E\r\n\r\n", Trouble::Silence, None),
            (b"HT", Trouble::CutHead, None),
            (b"HTTP/1.1 200 OK\r\nContent-Ty", Trouble::CutHead, None),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", Trouble::CutBody, Some(&b"abc"[..])),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc", Trouble::CutBody, Some(b"abc")),
            (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Trouble::CutBody, Some(b"abc")),
        ] {
            let got = one(bytes);
            assert_eq!(got.trouble, Some(trouble), "{}", String::from_utf8_lossy(bytes));
            assert_eq!(got.replies.first().map(|r| &r.wire[..]), body);
            assert!(got.replies.iter().all(|r| !r.whole));
            assert_eq!(got.received, bytes);
        }
    }

    #[test]
    fn every_amount_has_a_bound() {
        let caps = |bytes: &[u8]| match read(&[Asked::Other], &[bytes], SMALL).0.trouble {
            Some(Trouble::Cap(why)) => why,
            other => panic!("{other:?}"),
        };
        assert!(caps(&b"HTTP/1.1 103 E\r\n\r\n".repeat(4)).contains("3 informational"));
        let long = [&b"HTTP/1.1 200 OK\r\n\r\n"[..], &[b'x'; 65]].concat();
        assert!(caps(&long).contains("64 bytes"));
        let fields = [&b"HTTP/1.1 200 OK\r\n"[..], &b"A: 1\r\n".repeat(9), b"\r\n"].concat();
        assert!(caps(&fields).contains("8 header fields"));
        let trailers =
            [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"[..], &b"A: 1\r\n".repeat(9)].concat();
        assert!(caps(&trailers).contains("trailer"));
        let head = [&b"HTTP/1.1 200 OK\r\nA: "[..], &vec![b'x'; MOST_HEAD]].concat();
        assert!(caps(&head).contains("too large"));
        let line = [&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"[..], &vec![b'x'; MOST_LINE]].concat();
        assert!(caps(&line).contains("chunks"));
        let mut reader = Reader::new(vec![Asked::Other], SMALL);
        reader.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        let block = vec![b'x'; 64 << 10];
        for _ in 0..=MOST_BESIDE >> 16 {
            reader.feed(&block);
        }
        reader.end();
        let got = reader.finish();
        assert!(got.surplus.len() == MOST_SURPLUS && got.received.len() == MOST_RECEIVED && got.trouble.is_some());
    }

    #[test]
    fn pipelined_replies_are_told_apart_by_what_was_asked() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab";
        let (got, done) = read(&[Asked::Head, Asked::Other], &[bytes], WIDE);
        let bodies: Vec<&[u8]> = got.replies.iter().map(|r| &r.wire[..]).collect();
        assert_eq!((bodies, done), (vec![&b""[..], b"ab"], true));
        is_odd(&got, &[]);
    }

    #[test]
    fn a_connection_is_used_again_only_where_its_reply_ended_cleanly() {
        for (bytes, again) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"[..], true),
            (b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 0\r\n\r\n", false),
            (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false),
            (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", true),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nx", false),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nH", false),
            (b"HTTP/1.1 200 OK\r\n\r\n", false),
        ] {
            let mut reader = Reader::new(vec![Asked::Other], WIDE);
            reader.feed(bytes);
            assert_eq!(reader.is_reusable(), again, "{}", String::from_utf8_lossy(bytes));
        }
    }

    /// What replies are made of, in any order, besides any bytes at all.
    fn pieces() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            "(HTTP/1\\.[01] (200|204|103|1000|) ?OK\r\n|HTTP/1\\.1 200 OK\n|HTTP|\r\n|\n|\r|\r\n\r\n)",
            "(Content-Length: ?(0|2|5|\\+1|2, 2|2,3)\r\n|Transfer-Encoding: (chunked|gzip|x, chunked)\r\n|A : b\r\n| c\r\n)",
            "([0-9a-f]{1,2}(;x)?\r\n|0\r\n|[a-z{}]{0,6}|Connection: close\r\n)",
        ];
        prop_oneof![
            4 => prop::collection::vec(piece, 0..24).prop_map(|v| v.concat().into_bytes()),
            1 => prop::collection::vec(any::<u8>(), 0..200),
        ]
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_parts_give_what_they_give_whole(
            bytes in pieces(),
            lead in prop::option::of(Just(&b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"[..])),
            cuts in prop::collection::vec(0usize..400, 0..12),
            kinds in prop::collection::vec(0u8..3, 1..3),
        ) {
            let bytes = [lead.unwrap_or_default(), &bytes].concat();
            let asked: Vec<Asked> = kinds.iter().map(|k| [Asked::Head, Asked::Connect, Asked::Other][usize::from(*k)]).collect();
            let whole = read(&asked, &[&bytes], SMALL);
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.sort_unstable();
            let mut parts: Vec<&[u8]> = Vec::new();
            let mut from = 0;
            for to in cuts.into_iter().chain([bytes.len()]) {
                parts.push(&bytes[from..to]);
                from = to;
            }
            prop_assert_eq!(&read(&asked, &parts, SMALL), &whole);
            let each: Vec<&[u8]> = bytes.chunks(1).collect();
            prop_assert_eq!(&read(&asked, &each, SMALL), &whole);
            prop_assert!(bytes.starts_with(&whole.0.received));
        }
    }
}
