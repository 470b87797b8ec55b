//! Connections that are open and idle.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::{http1, http2};

use crate::wire::{Connection, HttpChoice, Origin, TlsFacts};

use super::express::Casing;
use super::tap::Tap;
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

/// The client end of either protocol.
pub enum Protocol {
    /// HTTP/1.1: one request at a time.
    H1(http1::SendRequest<Full<Bytes>>),
    /// HTTP/2: shared.
    H2(http2::SendRequest<Full<Bytes>>),
}

impl Protocol {
    fn is_ready(&self) -> bool {
        match self {
            Self::H1(s) => s.is_ready(),
            Self::H2(s) => s.is_ready(),
        }
    }

    fn is_closed(&self) -> bool {
        match self {
            Self::H1(s) => s.is_closed(),
            Self::H2(s) => s.is_closed(),
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
            for _ in 0..SETTLE_STEPS {
                if open.sender.is_ready() {
                    return Some(open);
                }
                tokio::task::yield_now().await;
            }
            let ready = match &mut open.sender {
                Protocol::H1(s) => timer.within(SETTLE, s.ready()).await,
                Protocol::H2(s) => timer.within(SETTLE, s.ready()).await,
            };
            if matches!(ready, Some(Ok(()))) {
                return Some(open);
            }
        }
        None
    }

    fn pop(&self, kind: &Kind) -> Option<Open> {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle.get_mut(kind)?;
        while let Some((since, open)) = kept.pop() {
            if since.elapsed() > IDLE_FOR || open.sender.is_closed() {
                continue;
            }
            if let Protocol::H2(sender) = &open.sender {
                // HTTP/2 is shared: it stays where the next request finds it.
                let shared = Open {
                    sender: Protocol::H2(sender.clone()),
                    tap: open.tap.clone(),
                    connection: open.connection.clone(),
                    tls: open.tls.clone(),
                };
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
