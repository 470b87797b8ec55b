//! What a listener of ours serves, and who asked for it.

use std::net::SocketAddr;

use bytes::Bytes;

use crate::base::{Stamp, Untrusted};

/// One page of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The path it stands at, with its slash.
    pub path: String,
    /// Its media type.
    pub media: &'static str,
    /// Its bytes.
    pub body: Bytes,
}

/// One request for one of its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// When it came.
    pub at: Stamp,
    /// Who asked.
    pub from: SocketAddr,
    /// The request line and the headers, as they came.
    pub head: Untrusted,
}

/// A listener while it runs; dropping it closes it.
pub trait Listening: Send + Sync {
    /// Where it listens.
    fn address(&self) -> SocketAddr;
    /// Serves these pages from now on, beside those before.
    fn serve(&self, pages: Vec<Page>);
    /// Every request for a page so far, oldest first. What asked for anything else is not counted.
    fn hits(&self) -> Vec<Hit>;
}
