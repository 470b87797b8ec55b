//! The four doors: what sends, what keeps a record, what reads secrets, what reads the reviewer's files.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::path::Path;
use std::pin::Pin;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Exchange, Listening, Reference, Request, Together, Watch};
use crate::base::{Error, Result, Secret};

/// A boxed future, so that [`Transport`] is object-safe.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Which HTTP version a request may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum HttpChoice {
    /// Whatever ALPN agrees on; HTTP/1.1 without TLS.
    #[default]
    Auto,
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only; with prior knowledge where there is no TLS (RFC 9113 section 3.3).
    Http2,
}

/// Deadlines of one exchange; each is its own clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Name resolution and TCP connect together.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
    /// From the last byte sent to the response head.
    pub first_byte: Duration,
    /// Between two reads of the body.
    pub idle: Duration,
    /// The whole exchange.
    pub total: Duration,
    /// The whole of one whose reply goes on and is watched, in place of `idle` and `total`.
    pub stream: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            first_byte: Duration::from_secs(30),
            idle: Duration::from_secs(15),
            total: Duration::from_mins(1),
            stream: Duration::from_hours(1),
        }
    }
}

impl Deadlines {
    /// Every deadline at most `total`.
    #[must_use]
    pub fn within(self, total: Duration) -> Self {
        Self {
            connect: self.connect.min(total),
            tls: self.tls.min(total),
            first_byte: self.first_byte.min(total),
            idle: self.idle.min(total),
            total,
            stream: self.stream.min(total),
        }
    }
}

/// Limits on what a peer may make us hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Body bytes on the wire.
    pub wire_bytes: u64,
    /// Body bytes after content decoding.
    pub decoded_bytes: u64,
    /// Decoded over wire bytes, judged once more than 1 MiB is decoded.
    pub ratio: u64,
    /// Response header fields.
    pub headers: usize,
    /// Informational (1xx) responses before the final one.
    pub informational: u32,
    /// Content codings in one `Content-Encoding`.
    pub encodings: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            wire_bytes: 32 << 20,
            decoded_bytes: 64 << 20,
            ratio: 200,
            headers: 1_000,
            informational: 50,
            encodings: 4,
        }
    }
}

impl Caps {
    /// Those of one who asked for one body and waits for it, where there is room outside memory.
    pub const BY_HAND: Self = Self {
        wire_bytes: 256 << 20,
        decoded_bytes: 512 << 20,
        ratio: 200,
        headers: 1_000,
        informational: 50,
        encodings: 4,
    };
}

/// How one exchange is to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Policy {
    /// HTTP version.
    pub http: HttpChoice,
    /// Open a new connection even when one is idle, so that every phase exists.
    pub fresh: bool,
    /// Go on when the certificate is not trusted; its faults are recorded either way.
    pub insecure: bool,
    /// Let the raw sender carry what hyper cannot express: for what somebody typed. Without it such a request is refused, so
    /// that a value of a peer never breaks out of its place.
    pub raw: bool,
    /// Deadlines.
    pub deadlines: Deadlines,
    /// Caps.
    pub caps: Caps,
}

/// What sends. Object-safe; a job is a closure over it.
pub trait Transport: Send + Sync {
    /// Sends one request and always returns an exchange: a failure is inside it, with all that was learnt.
    fn send(&self, request: Request, policy: Policy) -> BoxFuture<'_, Exchange>;
    /// Sends requests to one origin together: an exchange for each, in their order, each counted in the budget.
    fn together(&self, requests: Vec<Request>, how: Together, policy: Policy) -> BoxFuture<'_, Vec<Exchange>>;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
    /// Monotonic now, on the clock that paces the sends.
    fn now(&self) -> Instant;
    /// The same job, cancelled with it, under another word in the record and with a budget of its own: for what it takes to
    /// get ready, such as a login.
    fn aside(&self, origin: &'static str, requests: u64) -> Box<dyn Transport + '_>;
    /// The same job and budget, but `watch` is told of replies that go on while they come, and they may take the time of
    /// [`Deadlines::stream`].
    fn watched(&self, watch: Watch) -> Box<dyn Transport + '_>;
    /// Opens a listener of ours at exactly this address, until it is dropped or the job ends. Only what was named by who runs it
    /// is given here, or loopback.
    fn listen(&self, at: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listening>>>;
    /// Requests left in this job's budget; `None` when it has no limit.
    fn requests_left(&self) -> Option<u64>;
}

/// What is about to happen, told to the record before the first byte leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// Number of the exchange.
    pub id: u64,
    /// Who asked: `hand`, `vary`, `run`, `load`, `grade`, `check`, `rate`, `oauth`, `login`.
    pub origin: &'static str,
    /// Address about to be written to.
    pub remote: SocketAddr,
    /// Method, in display form.
    pub method: String,
    /// URL, in display form, with what is secret in it masked.
    pub url: String,
    /// Name of the identity whose credential it carries.
    pub identity: Option<String>,
}

/// What keeps a record. If the intent cannot be kept, nothing is sent.
pub trait Record: Send + Sync {
    /// Told before the first byte of a request.
    fn intent(&self, intent: &Intent) -> Result<()>;
    /// Told when the exchange has ended, however it ended.
    fn result(&self, exchange: &Exchange);
}

/// What makes room for bodies that are too large for memory.
pub trait Spill: std::fmt::Debug + Send + Sync {
    /// An empty place for one.
    ///
    /// # Errors
    /// There is none.
    fn begin(&self) -> io::Result<Box<dyn Spilling>>;
}

/// A body on its way to such a place.
pub trait Spilling: Send {
    /// Adds bytes at the end.
    ///
    /// # Errors
    /// No room; what was added before stays.
    fn push(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// All that was added, to be read like any bytes. The place is gone with the last of them.
    ///
    /// # Errors
    /// It cannot be read.
    fn whole(self: Box<Self>) -> io::Result<Bytes>;
}

/// What reads a secret from where it is kept.
pub trait Secrets: Send + Sync {
    /// The secret that a reference names.
    ///
    /// # Errors
    /// Where it is not, and what to do.
    fn read(&self, reference: &Reference) -> Result<Secret>;
}

/// What came of reading a file in blocks.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlocksRead {
    /// Bytes given.
    pub bytes: u64,
    /// Why it ended early, in words: a compressed file that is cut short or damaged.
    pub stopped: Option<String>,
}

/// What reads the reviewer's own files.
pub trait Load: Send + Sync {
    /// A whole file of at most `cap` bytes.
    fn whole(&self, path: &Path, cap: u64) -> Result<Vec<u8>>;
    /// The same as it stands on the disk: nothing is unpacked.
    fn exact(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        self.whole(path, cap)
    }
    /// A file in blocks, unpacked and in order, with the bytes there are in all as far as is known, until the end or a break.
    fn blocks(&self, path: &Path, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<BlocksRead>;
    /// A file from its start, and what is added to it, until a break: an empty block says that there is nothing new for now.
    /// What takes its place under its name is read after it, and what is cut short from its start again.
    fn follow(&self, path: &Path, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()>;
    /// A whole file of at most `cap` bytes below `folder`. The name never leads out of it, neither by `..` nor through a link.
    fn below(&self, folder: &Path, name: &str, cap: u64) -> Result<Vec<u8>>;
    /// What stands in a folder and below it; `None` for anything but a folder.
    fn listing(&self, path: &Path) -> Result<Option<Listing>>;
    /// What a reference leads to that is a URL, at most `cap` bytes.
    ///
    /// # Errors
    /// Why it is not there; always, unless the user asked for such references to be followed.
    fn remote(&self, url: &str, cap: u64) -> Result<Vec<u8>> {
        let _ = (url, cap);
        Err(Error::input("it is remote, and is fetched only with --remote-refs"))
    }
}

/// What stands in a folder and below it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Names of files below the folder, with `/` between their parts, in order.
    pub files: Vec<String>,
    /// Names that were left out, and why.
    pub skipped: Vec<(String, String)>,
}
