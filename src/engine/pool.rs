//! Connections that are open and idle.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use hyper::client::conn::{http1, http2};

use crate::wire::{Connection, HttpChoice, Origin, TlsFacts};

use super::dial::Stream;
use super::express::Casing;
use super::payload::Payload;
use super::tap::{Tap, Tapped};
use super::timer::Timer;

/// Idle connections kept of one kind.
const MOST_IDLE: usize = 256;
/// How long an idle connection is trusted to be open.
const IDLE_FOR: Duration = Duration::from_secs(15);
/// How long a connection may take to become ready again after a reply.
const SETTLE: Duration = Duration::from_millis(50);
/// How often others are let run before that time is waited for.
const SETTLE_STEPS: usize = 16;
/// Connections that may serve each other's requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Kind {
    /// Where it goes.
    pub origin: Origin,
    /// HTTP version asked for.
    pub http: HttpChoice,
    /// Whether faults of the certificate were let pass.
    pub insecure: bool,
    /// How header names are written.
    pub casing: Casing,
    /// The identity whose certificate the connection may have presented.
    pub certificate: Option<String>,
}

/// An open connection.
pub struct Open {
    /// Takes requests.
    pub sender: Protocol,
    /// Sees the bytes.
    pub tap: Tap,
    /// Facts of the connection.
    pub connection: Connection,
    /// Facts of the handshake.
    pub tls: Option<TlsFacts>,
}

impl Open {
    /// Whether it is ready for another request, or becomes so at once.
    pub async fn settle(&mut self, timer: &mut Timer) -> bool {
        for _ in 0..SETTLE_STEPS {
            if self.sender.is_ready() {
                return true;
            }
            tokio::task::yield_now().await;
        }
        let ready = match &mut self.sender {
            Protocol::H1(s) => timer.within(SETTLE, s.ready()).await,
            Protocol::H2(s) => timer.within(SETTLE, s.ready()).await,
            Protocol::Raw(_) => Some(Ok(())),
        };
        matches!(ready, Some(Ok(())))
    }

    /// The same connection for a request beside this one, on HTTP/2.
    pub fn shared(&self) -> Option<Self> {
        let Protocol::H2(sender) = &self.sender else { return None };
        Some(Self {
            sender: Protocol::H2(sender.clone()),
            tap: self.tap.clone(),
            connection: self.connection.clone(),
            tls: self.tls.clone(),
        })
    }
}

/// The client end of either protocol.
pub enum Protocol {
    /// HTTP/1.1: one request at a time.
    H1(http1::SendRequest<Payload>),
    /// HTTP/2: shared.
    H2(http2::SendRequest<Payload>),
    /// HTTP/1 as bytes.
    Raw(Box<Tapped<Stream>>),
}

impl Protocol {
    fn is_ready(&self) -> bool {
        match self {
            Self::H1(s) => s.is_ready(),
            Self::H2(s) => s.is_ready(),
            Self::Raw(_) => true,
        }
    }

    /// Whether it serves no other request: closed, or with bytes that nobody asked for.
    pub fn is_closed(&mut self) -> bool {
        match self {
            Self::H1(s) => s.is_closed(),
            Self::H2(s) => s.is_closed(),
            Self::Raw(s) => s.has_news(),
        }
    }
}

/// The idle connections of a run.
#[derive(Default)]
pub struct Pool(Mutex<HashMap<Kind, Vec<(Instant, Open)>>>);

impl Pool {
    /// An idle connection that is ready for another request.
    pub async fn take(&self, kind: &Kind, timer: &mut Timer) -> Option<Open> {
        while let Some(mut open) = self.pop(kind) {
            // A reply that has only just been read leaves its connection a step behind; letting others run is mostly
            // enough, and costs no timer.
            if open.settle(timer).await {
                return Some(open);
            }
        }
        None
    }

    fn pop(&self, kind: &Kind) -> Option<Open> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(kind)?;
        while let Some((since, mut open)) = kept.pop() {
            if since.elapsed() > IDLE_FOR || open.sender.is_closed() {
                continue;
            }
            if let Some(shared) = open.shared() {
                // HTTP/2 is shared: it stays where the next request finds it.
                kept.push((Instant::now(), open));
                return Some(shared);
            }
            return Some(open);
        }
        None
    }

    /// Closes all of them.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Keeps a connection whose reply was read to its end.
    pub fn give_back(&self, kind: Kind, mut open: Open) {
        open.connection.reused = true;
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.entry(kind).or_default();
        let shared = matches!(open.sender, Protocol::H2(_)) && !kept.is_empty();
        if kept.len() < MOST_IDLE && !shared {
            kept.push((Instant::now(), open));
        }
    }
}
