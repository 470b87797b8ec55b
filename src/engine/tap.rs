//! The tap: a stream wrapped where its bytes are plain text, so that the exact bytes sent, the head received, and the
//! instants of both are known.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::wire::http1::end_of_head;

/// Bytes of a request that are kept as proof of what was sent.
pub const MOST_SENT: usize = 1 << 20;
/// Bytes of a response head that are kept, to show header names in their own case and order.
const MOST_HEAD: usize = 512 << 10;

/// What went through since the last [`Tap::begin`].
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// First write.
    pub first_write: Option<Instant>,
    /// Last write before the first read.
    pub last_write: Option<Instant>,
    /// First read.
    pub first_read: Option<Instant>,
    /// Bytes written, up to a cap.
    pub sent: Vec<u8>,
    /// Bytes written in all.
    pub written: u64,
    /// Bytes read until the head of the final response was complete, up to a cap.
    pub head: Vec<u8>,
    /// Interim heads before it.
    pub informational: u32,
    /// Bytes read behind it.
    pub behind: u64,
    /// Bytes read in all.
    pub taken: u64,
    head_done: bool,
    cut: bool,
}

/// A handle on what a tapped stream saw.
#[derive(Debug, Clone, Default)]
pub struct Tap(Arc<Mutex<Seen>>);

impl Tap {
    fn lock(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was seen: a new exchange begins. On a connection that is `reused` a head was the last exchange's; on a
    /// fresh one it is a peer that speaks first, which is worth keeping.
    pub fn begin(&self, reused: bool) {
        let mut seen = self.lock();
        let (mut sent, mut head) = (std::mem::take(&mut seen.sent), std::mem::take(&mut seen.head));
        sent.clear();
        if reused {
            head.clear();
        }
        let head_done = seen.head_done && !reused;
        let behind = if reused { 0 } else { seen.behind };
        let taken = if reused { 0 } else { seen.taken };
        *seen = Seen { sent, head, head_done, behind, taken, cut: seen.cut, ..Seen::default() };
    }

    /// What was seen so far, apart from the stream: what the next exchange does on it changes this one no more.
    pub fn apart(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    /// Makes the next read fail: the only way to stop a connection that never leaves its read loop.
    pub fn cut(&self) {
        self.lock().cut = true;
    }

    /// Looks at what was seen.
    pub fn look<T>(&self, f: impl FnOnce(&Seen) -> T) -> T {
        f(&self.lock())
    }
}

/// A stream and its tap.
#[derive(Debug)]
pub struct Tapped<S> {
    inner: S,
    tap: Tap,
}

impl<S: AsyncRead + Unpin> Tapped<S> {
    /// Whether there is something to read, be it the end: on an idle connection a reason not to use it.
    pub fn has_news(&mut self) -> bool {
        let mut byte = [0];
        let mut context = Context::from_waker(std::task::Waker::noop());
        Pin::new(self).poll_read(&mut context, &mut ReadBuf::new(&mut byte)).is_ready()
    }
}

impl<S> Tapped<S> {
    /// Puts a tap on a stream.
    pub fn new(inner: S) -> (Self, Tap) {
        let tap = Tap::default();
        (Self { inner, tap: tap.clone() }, tap)
    }

    fn wrote(&self, parts: &[&[u8]], n: usize) {
        let now = Instant::now();
        let mut seen = self.tap.lock();
        seen.first_write.get_or_insert(now);
        if seen.first_read.is_none() {
            seen.last_write = Some(now);
        }
        seen.written += n as u64;
        let mut left = n.min(MOST_SENT.saturating_sub(seen.sent.len()));
        for part in parts {
            let take = left.min(part.len());
            seen.sent.extend_from_slice(&part[..take]);
            left -= take;
        }
    }
}

impl Seen {
    fn read(&mut self, bytes: &[u8]) {
        self.first_read.get_or_insert_with(Instant::now);
        self.taken += bytes.len() as u64;
        if self.head_done {
            self.behind += bytes.len() as u64;
            return;
        }
        let mut from = self.head.len();
        let before = from;
        let taken = bytes.len().min(MOST_HEAD - before);
        self.head.extend_from_slice(&bytes[..taken]);
        // An informational head is followed by another head; the final one ends the watch.
        let mut drained = 0;
        while let Some(end) = end_of_head(&self.head, from) {
            if is_informational(&self.head) {
                self.head.drain(..end);
                self.informational += 1;
                drained += end;
                from = 0;
            } else {
                self.behind = (before + taken - drained - end) as u64 + (bytes.len() - taken) as u64;
                self.head.truncate(end);
                self.head_done = true;
                return;
            }
        }
        self.head_done = self.head.len() >= MOST_HEAD;
    }
}

/// True for a head whose status is 1xx but not 101, which ends the protocol.
fn is_informational(head: &[u8]) -> bool {
    head.get(8..12).is_some_and(|s| s[0] == b' ' && s[1] == b'1' && &s[1..4] != b"101")
}

impl<S: AsyncRead + Unpin> AsyncRead for Tapped<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.tap.lock().cut {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(cx, buf);
        if matches!(polled, Poll::Ready(Ok(()))) && buf.filled().len() > before {
            self.tap.lock().read(&buf.filled()[before..]);
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tapped<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(cx, buf);
        if let Poll::Ready(Ok(n)) = polled {
            self.wrote(&[buf], n);
        }
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(n)) = polled {
            let parts: Vec<&[u8]> = bufs.iter().map(|b| &**b).collect();
            self.wrote(&parts, n);
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_kept_whatever_the_reads() {
        let reply = b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nX-CaSe: 1\r\n\r\nbody";
        for size in 1..reply.len() {
            let mut seen = Seen::default();
            for chunk in reply.chunks(size) {
                seen.read(chunk);
            }
            assert_eq!(seen.head, b"HTTP/1.1 200 OK\r\nX-CaSe: 1\r\n\r\n", "reads of {size}");
        }
    }

    #[test]
    fn a_head_without_end_is_bounded() {
        let mut seen = Seen::default();
        for _ in 0..40 {
            seen.read(&vec![b'x'; 32 << 10]);
        }
        assert_eq!(seen.head.len(), MOST_HEAD);
    }
}
