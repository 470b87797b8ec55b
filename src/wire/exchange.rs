//! One exchange: what was sent, what came back, and every fact of the connection that carried it. A failure is inside it,
//! with all that was learnt until then.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Fault, Oddity, Request, Response};
use crate::base::text::exact;
use crate::base::{Stamp, Untrusted};

/// The phases of a connection, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before anything left: the request could not be expressed, or scope refused it.
    Prepare,
    /// Name resolution.
    Dns,
    /// TCP connect.
    Connect,
    /// TLS handshake.
    Tls,
    /// First to last byte of the request.
    Send,
    /// Last byte of the request to first byte of the reply.
    Wait,
    /// First to last byte of the reply.
    Receive,
}

impl Phase {
    /// The word in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Prepare => "prepare",
            Self::Dns => "dns",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Receive => "receive",
        }
    }
}

/// How long each phase took; `None` where it did not happen (a reused connection has no `dns`, `connect` or `tls`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Phases {
    /// Name resolution.
    pub dns: Option<Duration>,
    /// TCP connect.
    pub connect: Option<Duration>,
    /// TLS handshake.
    pub tls: Option<Duration>,
    /// First to last byte of the request.
    pub send: Option<Duration>,
    /// Last byte of the request to first byte of the reply.
    pub wait: Option<Duration>,
    /// First to last byte of the reply.
    pub receive: Option<Duration>,
    /// From the start of the exchange to its end, waiting for a budget not counted.
    pub total: Option<Duration>,
}

impl Phases {
    /// The phases that happened, in order, without the total.
    pub fn list(&self) -> impl Iterator<Item = (Phase, Duration)> {
        [
            (Phase::Dns, self.dns),
            (Phase::Connect, self.connect),
            (Phase::Tls, self.tls),
            (Phase::Send, self.send),
            (Phase::Wait, self.wait),
            (Phase::Receive, self.receive),
        ]
        .into_iter()
        .filter_map(|(p, d)| d.map(|d| (p, d)))
    }
}

/// The connection that carried an exchange.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connection {
    /// Address dialled.
    pub remote: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Protocol agreed in the handshake, for example `h2`.
    pub alpn: Option<String>,
    /// True when an earlier exchange had opened it.
    pub reused: bool,
    /// Proxy used, if any.
    pub proxy: Option<String>,
    /// What that proxy answered before it opened the way to the target, or instead; empty where it forwards.
    #[serde(default, with = "exact")]
    pub proxy_answer: Untrusted,
}

/// One certificate of the chain the peer presented.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Subject distinguished name.
    #[serde(with = "exact")]
    pub subject: Untrusted,
    /// Issuer distinguished name.
    #[serde(with = "exact")]
    pub issuer: Untrusted,
    /// Subject alternative names: DNS names and addresses.
    #[serde(with = "exact::list")]
    pub san: Vec<Untrusted>,
    /// Start of validity.
    pub not_before: Option<Stamp>,
    /// End of validity.
    pub not_after: Option<Stamp>,
    /// Key type and size, for example `ECDSA P-256` or `RSA 2048`.
    pub key: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// SHA-256 of the DER bytes, in hexadecimal.
    pub sha256: String,
    /// Version of X.509; 0 where it was not kept.
    #[serde(default)]
    pub version: u32,
    /// With what its issuer signed it, for example `SHA-256 with RSA`.
    #[serde(default)]
    pub signature: String,
    /// What is wrong with it.
    #[serde(default)]
    pub faults: Vec<Fault>,
}

/// What an authority says of one certificate (RFC 6960 section 4.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Revocation {
    /// Not revoked.
    Good,
    /// Revoked.
    Revoked,
    /// The authority does not know it.
    Unknown,
    /// The authority gave no answer, or one that cannot be read, or one about another certificate.
    Unreadable,
}

impl Revocation {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Revoked => "revoked",
            Self::Unknown => "unknown",
            Self::Unreadable => "unreadable",
        }
    }
}

/// The answer of the authority that a server sends along (RFC 6066 section 8). Who signed it is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staple {
    /// What it says of the server's certificate.
    pub status: Revocation,
    /// When that was known to be so.
    pub this_update: Option<Stamp>,
    /// When a newer answer is there.
    pub next_update: Option<Stamp>,
}

/// What was agreed in a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TlsFacts {
    /// `TLSv1.3` or `TLSv1.2`.
    pub version: String,
    /// IANA name of the cipher suite.
    pub cipher: String,
    /// IANA name of the key-exchange group.
    pub group: Option<String>,
    /// Signature scheme with which the server proved possession of its key.
    pub signature: Option<String>,
    /// True when a session was resumed.
    pub resumed: bool,
    /// Server name sent, or none for an address literal.
    pub sni: Option<String>,
    /// What is wrong with the chain or the signature, each fault of each certificate; empty when it is trusted.
    pub faults: Vec<String>,
    /// The answer about revocation that came along.
    #[serde(default)]
    pub staple: Option<Staple>,
    /// True when the server asked for a client certificate in the handshake.
    pub client_certificate_requested: bool,
    /// Names of the authorities whose certificates it takes, as it listed them.
    #[serde(default, with = "exact::list")]
    pub client_certificate_authorities: Vec<Untrusted>,
    /// Chain as presented, leaf first.
    pub chain: Vec<Certificate>,
}

/// Bytes of one exchange that went over its connection, inside TLS. On HTTP/2 those of exchanges beside it are among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Traffic {
    /// Written by us.
    pub written: u64,
    /// Read from the peer.
    pub read: u64,
    /// Of these the head of the reply; 0 on HTTP/2, where it is packed.
    pub head: u64,
}

/// Which sender carried a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sender {
    /// hyper, HTTP/1.1 or HTTP/2.
    #[default]
    Hyper,
    /// Our own, which writes any bytes as HTTP/1 and reads any bytes as a reply.
    Raw,
}

impl Sender {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Hyper => "hyper",
            Self::Raw => "raw",
        }
    }
}

/// How requests are sent together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Together {
    /// One after the other on one connection.
    Sequence,
    /// So that they are whole at the server at one instant: on HTTP/2 their last frames leave in one write, on HTTP/1.1 the last
    /// byte of each is held back until all others are written.
    Parallel,
}

impl Together {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Sequence => "sequence",
            Self::Parallel => "parallel",
        }
    }
}

/// The group an exchange was part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// How it was sent.
    pub how: Together,
    /// Requests in it.
    pub size: usize,
    /// Between the first and the last of the last bytes leaving, where they were held back.
    pub spread: Option<Duration>,
}

/// One difference between what was typed and what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alteration {
    /// Who forced it: `protocol`, `sender`, `proxy`, `redirect` or `cookies`.
    pub by: Cow<'static, str>,
    /// What changed, in words.
    pub what: String,
}

/// The kinds of failure, in the words of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailureKind {
    /// Scope refused it.
    Scope,
    /// The run is offline.
    Offline,
    /// A budget is spent.
    Budget,
    /// The record could not be kept, so nothing was sent.
    Record,
    /// The credential of the identity could not be made, so nothing was sent.
    Credential,
    /// The request cannot be expressed by this sender.
    Inexpressible,
    /// Name resolution failed.
    Dns,
    /// The connection was refused.
    Refused,
    /// The network or host cannot be reached.
    Unreachable,
    /// A deadline passed.
    Timeout,
    /// The proxy refused, or is none.
    Proxy,
    /// The TLS handshake failed.
    Tls,
    /// The peer closed or reset the connection.
    Closed,
    /// The peer's bytes are not the protocol.
    Protocol,
    /// A cap was reached.
    Cap,
    /// Cancelled by the user.
    Cancelled,
}

impl FailureKind {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Scope => "scope",
            Self::Offline => "offline",
            Self::Budget => "budget",
            Self::Record => "record",
            Self::Credential => "credential",
            Self::Inexpressible => "inexpressible",
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Proxy => "proxy",
            Self::Tls => "tls",
            Self::Closed => "closed",
            Self::Protocol => "protocol",
            Self::Cap => "cap",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why an exchange did not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where in the exchange.
    pub phase: Phase,
    /// What kind.
    pub kind: FailureKind,
    /// One sentence in display form, with the next step where there is one.
    pub message: String,
}

/// One exchange. A record of it keeps the bodies, the bytes sent and the hops apart from the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// Number within this run.
    pub id: u64,
    /// When it began.
    pub started: Stamp,
    /// What was typed.
    pub request: Request,
    /// The exact bytes that left, up to a cap; on HTTP/2 the header list, a line each, and the bytes of the body. `None` where
    /// nothing left.
    #[serde(skip)]
    pub sent: Option<Bytes>,
    /// Whether secrets in `sent` were masked when it was kept, so that these are not the bytes that left.
    #[serde(skip)]
    pub sent_is_masked: bool,
    /// Whether it went over HTTP/2, so that `sent` is a list and not what stood on the wire.
    #[serde(default)]
    pub http2: bool,
    /// Which sender carried it.
    pub sender: Sender,
    /// Why the raw sender, where it was.
    #[serde(default)]
    pub sender_reason: Option<String>,
    /// The requests it was sent together with.
    #[serde(default)]
    pub group: Option<Group>,
    /// Differences between typed and sent.
    pub altered: Vec<Alteration>,
    /// Whatever of the response came.
    pub response: Option<Response>,
    /// Replies behind the first: those of pipelined requests, and any that nobody asked for. Their bodies are as they came.
    #[serde(default)]
    pub more: Vec<Response>,
    /// What is odd in the bytes of the replies.
    #[serde(default)]
    pub oddities: Vec<Oddity>,
    /// The replies as they came over HTTP/1, up to a cap, where the raw sender read them or hyper could not.
    #[serde(skip)]
    pub received: Option<Bytes>,
    /// Bytes behind the last reply, up to a cap.
    #[serde(skip)]
    pub surplus: Option<Bytes>,
    /// How long each phase took.
    pub phases: Phases,
    /// Bytes that went over the connection.
    #[serde(default)]
    pub traffic: Traffic,
    /// The connection, once there was one.
    pub connection: Option<Connection>,
    /// The handshake, once there was one.
    pub tls: Option<TlsFacts>,
    /// Redirects before this one, oldest first.
    #[serde(skip)]
    pub hops: Vec<Exchange>,
    /// Name of the identity used.
    pub identity: Option<String>,
    /// Why it did not complete.
    pub error: Option<Failure>,
}

impl Exchange {
    /// An exchange that has not begun.
    pub fn new(id: u64, started: Stamp, request: Request) -> Self {
        Self {
            id,
            started,
            identity: request.identity.clone(),
            request,
            sent: None,
            sent_is_masked: false,
            http2: false,
            sender: Sender::Hyper,
            sender_reason: None,
            group: None,
            altered: Vec::new(),
            response: None,
            more: Vec::new(),
            oddities: Vec::new(),
            received: None,
            surplus: None,
            phases: Phases::default(),
            traffic: Traffic::default(),
            connection: None,
            tls: None,
            hops: Vec::new(),
            error: None,
        }
    }

    /// The bytes as they stood on the wire: on HTTP/2 there is no such text, and a hash of the list would prove nothing; nor
    /// would one of bytes that were masked when they were kept.
    pub fn sent_on_wire(&self) -> Option<&[u8]> {
        self.sent.as_deref().filter(|_| !self.http2 && !self.sent_is_masked)
    }

    /// Bytes it holds besides its facts.
    pub fn weight(&self) -> usize {
        let parts = [&self.sent, &self.received, &self.surplus];
        let replies = self.response.iter().chain(&self.more);
        self.request.payload().len()
            + parts.into_iter().flatten().map(Bytes::len).sum::<usize>()
            + replies.map(|r| r.body.len()).sum::<usize>()
    }

    /// Bytes of memory it holds besides its facts: without a body that stands in a file.
    pub fn in_memory(&self) -> usize {
        let outside = self.response.as_ref().filter(|r| r.in_file).map_or(0, |r| r.body.len());
        self.weight() - outside
    }

    /// Status, when a response head came.
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(|r| r.status)
    }
}
