//! The stream under TLS, which keeps the first bytes that come: where there is no TLS in them, they say what there is.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// Bytes that are kept.
const MOST: usize = 64;

/// A connection, and what came first over it.
#[derive(Debug)]
pub struct Under {
    tcp: TcpStream,
    first: Vec<u8>,
}

impl Under {
    /// Over which nothing came yet.
    pub fn new(tcp: TcpStream) -> Self {
        Self { tcp, first: Vec::new() }
    }

    /// The first bytes that came.
    pub fn first(&self) -> &[u8] {
        &self.first
    }
}

impl AsyncRead for Under {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.tcp).poll_read(cx, buf);
        if this.first.len() < MOST {
            let came = &buf.filled()[before..];
            this.first.extend_from_slice(&came[..came.len().min(MOST - this.first.len())]);
        }
        polled
    }
}

impl AsyncWrite for Under {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write(cx, buf)
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().tcp).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_flush(cx)
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().tcp).poll_shutdown(cx)
    }
}
