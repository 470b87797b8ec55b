//! The body of a request as hyper takes it: in one piece, or with its end apart, so that the last frame of a stream is small
//! and can be held back.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A body.
#[derive(Debug)]
pub struct Payload {
    parts: [Bytes; 2],
    /// Whether its end is told by a frame of its own, even where there is no body.
    apart: bool,
}

impl Payload {
    /// In one piece.
    pub fn whole(bytes: Bytes) -> Self {
        Self { parts: [bytes, Bytes::new()], apart: false }
    }

    /// With its last byte apart; none at all ends in an empty frame.
    pub fn ending_apart(mut bytes: Bytes) -> Self {
        let last = bytes.split_off(bytes.len().saturating_sub(1));
        Self { apart: last.is_empty(), parts: [bytes, last] }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.apart = false;
        let next = self.parts.iter_mut().find(|p| !p.is_empty()).map(std::mem::take);
        Poll::Ready(next.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        !self.apart && self.parts.iter().all(Bytes::is_empty)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.parts.iter().map(|p| p.len() as u64).sum())
    }
}
