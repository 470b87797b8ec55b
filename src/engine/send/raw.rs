//! An exchange by the raw sender: bytes out as they are, and whatever comes back read leniently. It writes and reads at once,
//! since a server may answer before it has taken all.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::io::{AsyncRead as _, AsyncWrite as _, AsyncWriteExt as _, ReadBuf};

use crate::wire::http1::{Asked, Bounds, Reader, Trouble, asked};
use crate::wire::{Failure, FailureKind, Odd, Phase, Policy, Scheme};

use super::super::dial::Stream;
use super::super::pool::{Open, Protocol};
use super::super::tap::Tapped;
use super::super::timer::Timer;
use super::course::Course;

/// How long bytes behind a reply that is whole are waited for, where the connection is of no other use.
const BEHIND: Duration = Duration::from_millis(30);

/// Bytes on their way over a stream.
struct Turn<'a> {
    stream: &'a mut Tapped<Stream>,
    left: Bytes,
    flushed: bool,
    buffer: Vec<u8>,
}

impl<'a> Turn<'a> {
    fn new(stream: &'a mut Tapped<Stream>, left: Bytes) -> Self {
        Self { stream, left, flushed: false, buffer: vec![0; 16 << 10] }
    }

    /// Writes what can be written and reads what is there: how much, and 0 at the end.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while !self.left.is_empty() {
            match Pin::new(&mut *self.stream).poll_write(cx, &self.left) {
                Poll::Ready(Ok(n)) if n > 0 => drop(self.left.split_to(n)),
                Poll::Pending => break,
                // What the server said before it stopped listening is still there to be read.
                Poll::Ready(_) => self.left.clear(),
            }
        }
        if self.left.is_empty() && !self.flushed {
            self.flushed = Pin::new(&mut *self.stream).poll_flush(cx).is_ready();
        }
        let mut buf = ReadBuf::new(&mut self.buffer);
        match Pin::new(&mut *self.stream).poll_read(cx, &mut buf) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(buf.filled().len())),
            Poll::Ready(Err(e)) => Poll::Ready(Err(e)),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Reads once into the reader; false at the end.
    async fn once(&mut self, reader: &mut Reader) -> io::Result<bool> {
        let n = match poll_fn(|cx| self.poll(cx)).await {
            Ok(n) => n,
            // TLS that ends without a farewell: what counts is whether the reply is whole.
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => 0,
            Err(e) => return Err(e),
        };
        if n == 0 {
            reader.end();
        } else {
            reader.feed(&self.buffer[..n]);
        }
        Ok(n > 0)
    }

    /// Reads until the head of a final reply is there, or all is over.
    async fn until_head(&mut self, reader: &mut Reader) -> io::Result<bool> {
        while !reader.has_head() && !reader.is_done() {
            if !self.once(reader).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Sends bytes, and reads the replies to the requests in them. `linger` waits a moment for what nobody asked for. True where
/// the connection may serve another request.
///
/// # Errors
/// What kept the replies from being whole; whatever came is in the course.
pub async fn carry(
    course: &mut Course,
    open: &mut Open,
    bytes: Bytes,
    linger: bool,
    policy: &Policy,
    timer: &mut Timer,
) -> Result<bool, Failure> {
    begin(course, open);
    let requests = match &course.exchange.request.raw {
        Some(raw) => asked(raw),
        None => vec![Asked::of(&course.exchange.request.method)],
    };
    rest(course, open, bytes, requests, linger, policy, timer).await
}

/// Begins an exchange on a connection.
pub fn begin(course: &mut Course, open: &Open) {
    course.phase = Phase::Send;
    open.tap.begin(open.connection.reused);
    course.tap = Some(open.tap.clone());
    course.handed = Some(Instant::now());
}

/// Writes a part of a request.
///
/// # Errors
/// A connection that takes no more.
pub async fn write(open: &mut Open, bytes: &[u8]) -> io::Result<()> {
    let Protocol::Raw(stream) = &mut open.sender else { return Err(io::ErrorKind::Unsupported.into()) };
    stream.write_all(bytes).await?;
    stream.flush().await
}

/// Sends what is left of a request, and reads the replies.
///
/// # Errors
/// As [`carry`].
pub async fn rest(
    course: &mut Course,
    open: &mut Open,
    bytes: Bytes,
    requests: Vec<Asked>,
    linger: bool,
    policy: &Policy,
    timer: &mut Timer,
) -> Result<bool, Failure> {
    course.phase = Phase::Wait;
    let tap = open.tap.clone();
    let Protocol::Raw(stream) = &mut open.sender else {
        return Err(failed(Phase::Prepare, FailureKind::Protocol, "this connection takes no bytes".to_owned()));
    };
    let mut turn = Turn::new(stream, bytes);
    let reader = course.reader.insert(Reader::new(requests, Bounds::from(&policy.caps)));
    let limit = policy.deadlines.first_byte;
    let wrote = || tap.look(|seen| seen.last_write);
    let mut going = match timer.since(limit, wrote, turn.until_head(reader)).await {
        Some(Ok(going)) => going,
        Some(Err(e)) => return Err(broke(&e, course)),
        None => return Err(timer.failure(Phase::Wait, course.unanswered(limit))),
    };
    let mut idle = policy.deadlines.idle;
    if reader.has_head() {
        course.head_at = Some(Instant::now());
        course.phase = Phase::Receive;
        let head = course.watch.as_ref().and_then(|_| reader.first()).map(|r| r.response.clone());
        idle = course.head_came(head, policy, timer);
    }
    loop {
        let Some(reader) = &mut course.reader else { return Ok(false) };
        let fresh = reader.take_first();
        let done = !going || reader.is_done();
        if !fresh.is_empty() {
            if let Some(streaming) = &mut course.streaming {
                streaming.piece(&fresh);
            }
            course.keep(&fresh)?;
        }
        if done {
            break;
        }
        let Some(reader) = &mut course.reader else { return Ok(false) };
        going = match timer.within(idle, turn.once(reader)).await {
            Some(Ok(going)) => going,
            Some(Err(e)) => return Err(broke(&e, course)),
            None => {
                let late = format!("the body stopped for {} s", idle.as_secs_f32());
                return Err(timer.failure(Phase::Receive, late));
            }
        };
    }
    course.body_end = Some(Instant::now());
    let Some(reader) = &mut course.reader else { return Ok(false) };
    while linger && going && !reader.has_failed() {
        going = matches!(timer.within(BEHIND, turn.once(reader)).await, Some(Ok(true)));
    }
    let reusable = going && turn.left.is_empty() && reader.is_reusable();
    judged(course).map(|()| reusable)
}

fn failed(phase: Phase, kind: FailureKind, message: String) -> Failure {
    Failure { phase, kind, message }
}

fn broke(e: &io::Error, course: &Course) -> Failure {
    let any = course.reader.as_ref().is_some_and(Reader::has_any);
    let (kind, message) = super::broken(e, course);
    failed(if any { Phase::Receive } else { Phase::Wait }, kind, message)
}

/// What is wrong with what was read.
fn judged(course: &Course) -> Result<(), Failure> {
    let Some(reader) = &course.reader else { return Ok(()) };
    let any = reader.has_any();
    let phase = if any { Phase::Receive } else { Phase::Wait };
    let origin = &course.exchange.request.origin;
    if reader.is_odd(Odd::NoStatusLine) {
        let whole = course.exchange.request.raw.as_ref();
        // A request without a version asks for a reply without a head.
        let old = whole.is_some_and(|raw| {
            let line = raw.split(|b| *b == b'\n').next().unwrap_or_default();
            memchr::memmem::find(line, b"HTTP/").is_none()
        });
        if origin.scheme == Scheme::Http && reader.begins_with(0x15) {
            return Err(failed(
                phase,
                FailureKind::Protocol,
                "the port answered with a TLS alert; try https://".to_owned(),
            ));
        }
        if !old {
            let why = "the reply has no status line; its bytes are kept as the body";
            return Err(failed(phase, FailureKind::Protocol, why.to_owned()));
        }
    }
    match reader.trouble() {
        None => Ok(()),
        Some(Trouble::Cap(why)) => {
            let phase = if reader.has_head() { Phase::Receive } else { Phase::Wait };
            Err(failed(phase, FailureKind::Cap, why.clone()))
        }
        Some(Trouble::Silence | Trouble::CutHead) if super::is_refused_for_certificate(course) => {
            let why = super::super::refusal::certificate_words(None, course.presents);
            Err(failed(phase, FailureKind::Tls, why))
        }
        Some(Trouble::Silence | Trouble::CutHead) => {
            let why = "the server closed the connection before a whole reply came";
            Err(failed(phase, FailureKind::Closed, why.to_owned()))
        }
        Some(Trouble::CutBody) => {
            let why = "the server closed the connection in the middle of the body";
            Err(failed(phase, FailureKind::Closed, why.to_owned()))
        }
    }
}
