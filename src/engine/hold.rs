//! Holds back what ends the streams of an HTTP/2 connection, and lets all of it go in one write, so that requests become whole
//! at the server at one instant.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;

/// Bytes of the connection preface (RFC 9113 section 3.4).
const PREFACE: usize = 24;
/// Bytes of the head of a frame (RFC 9113 section 4.1).
const HEAD: usize = 9;
/// Bytes that may wait to be written before more are taken.
const MOST_WAITING: usize = 256 << 10;

#[derive(Debug)]
struct State {
    holding: bool,
    /// What came and is no whole frame yet.
    partial: Vec<u8>,
    preface: usize,
    /// Frames on their way.
    out: Vec<u8>,
    held: Vec<u8>,
    count: usize,
    waker: Option<Waker>,
}

/// The gate of a held connection.
#[derive(Debug, Clone)]
pub struct Gate(Arc<(Mutex<State>, Notify)>);

impl Gate {
    /// A gate that is shut.
    pub fn shut() -> Self {
        let state = State {
            holding: true,
            partial: Vec::new(),
            preface: PREFACE,
            out: Vec::new(),
            held: Vec::new(),
            count: 0,
            waker: None,
        };
        Self(Arc::new((Mutex::new(state), Notify::new())))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until so many streams only lack their end.
    pub async fn holds(&self, count: usize) {
        loop {
            let changed = self.0.1.notified();
            if self.lock().count >= count {
                return;
            }
            changed.await;
        }
    }

    /// Lets go what is held, at once, and holds nothing more.
    pub fn open(&self) {
        let mut state = self.lock();
        state.holding = false;
        let held = std::mem::take(&mut state.held);
        state.out.extend(held);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl State {
    fn take(&mut self, mut bytes: &[u8]) -> bool {
        let n = self.preface.min(bytes.len());
        self.out.extend_from_slice(&bytes[..n]);
        self.preface -= n;
        bytes = &bytes[n..];
        self.partial.extend_from_slice(bytes);
        let (mut at, before) = (0, self.count);
        while let Some(head) = self.partial.get(at..at + HEAD) {
            let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
            // A DATA frame with END_STREAM (RFC 9113 section 6.1).
            let ends = head[3] == 0 && head[4] & 1 == 1;
            let Some(frame) = self.partial.get(at..at + HEAD + length) else { break };
            if ends && self.holding {
                self.held.extend_from_slice(frame);
                self.count += 1;
            } else {
                self.out.extend_from_slice(frame);
            }
            at += HEAD + length;
        }
        self.partial.drain(..at);
        self.count > before
    }
}

/// A stream behind a gate.
#[derive(Debug)]
pub struct Held<S> {
    inner: S,
    gate: Gate,
}

impl<S: AsyncWrite + Unpin> Held<S> {
    /// Puts a stream behind a gate. What is written to it has to be a connection's preface and whole frames.
    pub fn new(inner: S, gate: Gate) -> Self {
        Self { inner, gate }
    }

    /// Writes what is on its way.
    fn push(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.gate.lock();
        while !state.out.is_empty() {
            let n = ready!(Pin::new(&mut self.inner).poll_write(cx, &state.out))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            state.out.drain(..n);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Held<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        // Whoever opens the gate wakes the connection, which always reads.
        self.gate.lock().waker = Some(cx.waker().clone());
        if self.push(cx)?.is_ready() {
            let _ = Pin::new(&mut self.inner).poll_flush(cx)?;
        }
        Pin::new(&mut self.inner).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Held<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if self.gate.lock().out.len() > MOST_WAITING {
            ready!(self.push(cx))?;
        }
        let more = self.gate.lock().take(buf);
        if more {
            self.gate.0.1.notify_waiters();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.push(cx))?;
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.push(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, flags: u8, payload: &[u8]) -> Vec<u8> {
        let length = u8::try_from(payload.len()).expect("short");
        [&[0, 0, length, kind, flags, 0, 0, 0, 1][..], payload].concat()
    }

    #[test]
    fn only_what_ends_a_stream_is_held_however_it_is_cut() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        let (settings, headers) = (frame(4, 0, b""), frame(1, 4, b"abc"));
        let (data, ends, empty) = (frame(0, 0, b"body"), frame(0, 1, b"x"), frame(0, 1, b""));
        let all = [&preface[..], &settings, &headers, &data, &ends, &empty, &headers].concat();
        for size in [1, 2, 7, 24, 25, 33, all.len()] {
            let gate = Gate::shut();
            for part in all.chunks(size) {
                gate.lock().take(part);
            }
            let state = gate.lock();
            assert_eq!(state.out, [&preface[..], &settings, &headers, &data, &headers].concat(), "parts of {size}");
            assert_eq!((&state.held, state.count), (&[&ends[..], &empty].concat(), 2));
            drop(state);
            gate.open();
            assert!(gate.lock().out.ends_with(&[&ends[..], &empty].concat()));
            gate.lock().take(&ends);
            assert!(gate.lock().out.ends_with(&ends) && gate.lock().held.is_empty(), "nothing is held any more");
        }
    }
}
