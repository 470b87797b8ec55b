//! What one exchange has learnt so far, and how it becomes the exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::base::{Clock as _, SystemClock};
use crate::wire::http1::{Head, Reader};
use crate::wire::oddity::{Odd, note};
use crate::wire::{Exchange, Failure, FailureKind, Phase, Policy, Request, Response, Spill, Watch};

use super::super::decode::{self, Stop, Until};
use super::super::dial::Dialled;
use super::super::kept::Kept;
use super::super::tap::Tap;
use super::super::timer::Timer;
use super::streaming::Streaming;

/// How long decoding may go on after the user has cancelled.
const AFTER_CANCEL: Duration = Duration::from_millis(100);

/// Everything one exchange has learnt so far; it outlives the future that fills it, so that a deadline or a cancellation
/// keeps it.
pub struct Course {
    pub exchange: Exchange,
    pub phase: Phase,
    pub began: Instant,
    pub dialled: Dialled,
    pub handed: Option<Instant>,
    pub head_at: Option<Instant>,
    pub body_end: Option<Instant>,
    pub tap: Option<Tap>,
    pub wire: Kept,
    /// Where its body goes when it is too large for memory.
    pub spill: Option<Arc<dyn Spill>>,
    /// What reads the reply, where the raw sender does.
    pub reader: Option<Reader>,
    /// The header list and body that hyper was given for HTTP/2.
    pub listed: Option<Bytes>,
    /// Whether there is a certificate to present.
    pub presents: bool,
    /// Who is told of a reply that goes on.
    pub watch: Option<Watch>,
    /// A reply that goes on, and is watched.
    pub streaming: Option<Streaming>,
}

impl Course {
    /// The course of a request that has not begun.
    pub fn new(id: u64, request: Request, spill: Option<Arc<dyn Spill>>) -> Self {
        Self {
            exchange: Exchange::new(id, SystemClock.wall(), request),
            phase: Phase::Prepare,
            began: Instant::now(),
            dialled: Dialled::default(),
            handed: None,
            head_at: None,
            body_end: None,
            tap: None,
            wire: Kept::new(spill.clone()),
            spill,
            reader: None,
            listed: None,
            presents: false,
            watch: None,
            streaming: None,
        }
    }

    /// The head of a reply is there: one that goes on and is watched may take its time. `so_far` is what is known of it. The
    /// limit between two reads of its body.
    pub fn head_came(&mut self, reply: Option<Response>, policy: &Policy, timer: &mut Timer) -> Duration {
        let idle = policy.deadlines.idle;
        let Some(watch) = &self.watch else { return idle };
        let so_far = Exchange { response: reply, phases: self.phases(), ..self.exchange.clone() };
        self.streaming = Streaming::begin(watch, &so_far, self.began, policy);
        if self.streaming.is_none() {
            return idle;
        }
        timer.extend(self.began + policy.deadlines.stream, policy.deadlines.stream);
        policy.deadlines.stream
    }

    /// Keeps more of the body as it came.
    ///
    /// # Errors
    /// No place for it.
    pub fn keep(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let kept = if self.wire.may_wait(bytes.len()) {
            // A disk may be slow, and others have this thread too.
            tokio::task::block_in_place(|| self.wire.push(bytes))
        } else {
            self.wire.push(bytes)
        };
        kept.map_err(|message| Failure { phase: Phase::Receive, kind: FailureKind::Cap, message })
    }

    /// What did not come within a limit, in words.
    pub fn unanswered(&self, limit: Duration) -> String {
        let limit = limit.as_secs_f32();
        if self.sends_still() {
            format!("the server did not take the whole request within {limit} s")
        } else {
            format!("no reply within {limit} s of sending")
        }
    }

    /// True while the peer has not taken the whole request. On HTTP/2 the bytes of a connection belong to many.
    pub fn sends_still(&self) -> bool {
        let body = self.exchange.request.body.len() as u64;
        // A head has a byte or more.
        !self.exchange.http2
            && self.tap.as_ref().is_some_and(|t| t.look(|s| s.first_read.is_none() && s.written <= body))
    }

    /// Turns what was learnt into the exchange.
    pub async fn finish(mut self, policy: &Policy, stop: &CancellationToken) -> Exchange {
        self.exchange.phases = self.phases();
        // However far the dial came, its facts are kept.
        if self.exchange.tls.is_none() {
            self.exchange.tls = self.dialled.tls.take();
        }
        if self.exchange.connection.is_none() {
            self.exchange.connection = self.dialled.connection();
        }
        if self.exchange.http2 {
            self.exchange.sent = self.listed.take().filter(|_| self.handed.is_some());
        } else if let Some(tap) = &self.tap {
            let sent = tap.look(|s| Bytes::copy_from_slice(&s.sent));
            self.exchange.sent = (!sent.is_empty()).then_some(sent);
        }
        if let Some(tap) = &self.tap {
            let http2 = self.exchange.http2;
            self.exchange.traffic = tap.look(|s| crate::wire::Traffic {
                written: s.written,
                read: s.taken,
                head: if http2 || self.head_at.is_none() { 0 } else { s.head.len() as u64 },
            });
        }
        match self.reader.take() {
            Some(reader) => self.keep_read(reader),
            None if !self.exchange.http2 => self.keep_seen(),
            None => {}
        }
        let mut by = self.began + policy.deadlines.total;
        if let Some(streaming) = self.streaming.take() {
            by = by.max(Instant::now() + policy.deadlines.idle);
            if let Some(reply) = &mut self.exchange.response {
                reply.arrivals = streaming.into_arrivals();
            }
        }
        self.undo_codings(policy, by, stop).await;
        self.exchange
    }

    /// What the raw sender read: its first reply is the response.
    fn keep_read(&mut self, reader: Reader) {
        let read = reader.finish();
        let x = &mut self.exchange;
        x.oddities = read.oddities;
        x.received = (!read.received.is_empty()).then(|| read.received.into());
        x.surplus = (!read.surplus.is_empty()).then(|| read.surplus.into());
        let mut replies = read.replies.into_iter();
        if let Some(first) = replies.next() {
            // What was read and not taken yet, where it was stopped between the two.
            let _ = self.wire.push(&first.wire);
            x.response = Some(first.response);
        }
        x.more = replies
            .map(|reply| {
                let length = reply.wire.len() as u64;
                Response {
                    body: reply.wire.into(),
                    truncated: !reply.whole,
                    wire_bytes: length,
                    decoded_bytes: length,
                    ..reply.response
                }
            })
            .collect();
    }

    /// What the tap saw of a reply that hyper read, or could not.
    fn keep_seen(&mut self) {
        let Some(tap) = &self.tap else { return };
        let x = &mut self.exchange;
        tap.look(|seen| {
            if seen.informational > 0 {
                note(&mut x.oddities, Odd::Informational, String::new);
            }
            if x.response.is_none() && !seen.head.is_empty() {
                x.received = Some(Bytes::copy_from_slice(&seen.head));
                Head::read(&seen.head, usize::MAX, &mut x.oddities).framing(&mut x.oddities);
            }
            // Chunks hide how long they are; a length does not.
            let length = x.response.as_ref().and_then(|r| r.get("content-length")?.lossy().parse::<u64>().ok());
            let chunked = x.response.as_ref().is_some_and(|r| r.get("transfer-encoding").is_some());
            let behind = seen.behind.saturating_sub(self.wire.len());
            if self.body_end.is_some() && length == Some(self.wire.len()) && !chunked && behind > 0 {
                note(&mut x.oddities, Odd::Surplus, || format!("{behind} bytes"));
            }
        });
    }

    fn phases(&self) -> crate::wire::Phases {
        let d = &self.dialled;
        let between = |a: Option<Instant>, b: Option<Instant>| Some(b?.saturating_duration_since(a?));
        let (first_write, last_write, first_read) =
            self.tap.as_ref().map_or((None, None, None), |t| t.look(|s| (s.first_write, s.last_write, s.first_read)));
        // On HTTP/2 the first bytes read are the connection's own; the head of this reply is what counts.
        let answered = if self.exchange.http2 { self.head_at } else { first_read };
        let written = if self.exchange.http2 { first_write.or(self.handed) } else { last_write };
        let end = self.body_end.or(self.head_at.map(|_| Instant::now()));
        crate::wire::Phases {
            dns: d.looked_up.then(|| between(d.began, d.resolved)).flatten(),
            connect: between(d.resolved, d.connected),
            tls: between(d.connected, d.secured),
            send: between(self.handed, written),
            wait: between(written, answered),
            receive: between(answered, end),
            // What was waited for behind a reply that is whole is not part of it.
            total: Some(self.body_end.unwrap_or_else(Instant::now).saturating_duration_since(self.began)),
        }
    }

    async fn undo_codings(&mut self, policy: &Policy, by: Instant, stop: &CancellationToken) {
        let Some(response) = &mut self.exchange.response else { return };
        response.wire_bytes = self.wire.len();
        response.truncated = self.exchange.error.is_some();
        let (wire, lost) = std::mem::replace(&mut self.wire, Kept::new(None)).whole();
        if let Err(message) = lost {
            response.truncated = true;
            let failure = Failure { phase: Phase::Receive, kind: FailureKind::Cap, message };
            self.exchange.error.get_or_insert(failure);
        }
        let listed: Vec<String> = response.all("content-encoding").map(|v| v.lossy().into_owned()).collect();
        let codings = match decode::codings(&listed.join(","), policy.caps.encodings) {
            Ok(codings) => codings,
            Err(why) => {
                self.exchange.error.get_or_insert(Failure {
                    phase: Phase::Receive,
                    kind: FailureKind::Protocol,
                    message: format!("{why}; the body is shown as it came"),
                });
                Vec::new()
            }
        };
        if codings.is_empty() || wire.bytes.is_empty() {
            response.decoded_bytes = wire.bytes.len() as u64;
            (response.body, response.in_file) = (wire.bytes, wire.in_file);
            return;
        }
        let caps = policy.caps;
        // Whoever has cancelled does not wait for a bomb either.
        let was_cancelled = self.exchange.error.as_ref().is_some_and(|e| e.kind == FailureKind::Cancelled);
        let by = if was_cancelled { by.min(Instant::now() + AFTER_CANCEL) } else { by };
        let (encoded, kept) = (wire.bytes.clone(), Kept::new(self.spill.clone()));
        let halt = Arc::new(AtomicBool::new(false));
        let until = Until { deadline: by, halt: Arc::clone(&halt) };
        let mut decoding = tokio::task::spawn_blocking(move || decode::decode(&encoded, &codings, &caps, kept, &until));
        let decoded = tokio::select! {
            biased;
            decoded = &mut decoding => decoded,
            // Whoever had cancelled before has a deadline of its own.
            () = stop.cancelled(), if !was_cancelled => {
                halt.store(true, Ordering::Relaxed);
                decoding.await
            }
        };
        let out = decoded.unwrap_or_else(|_| decode::Decoded {
            stopped: Some(Stop::Corrupt("the decoder failed".to_owned())),
            ..decode::Decoded::default()
        });
        response.decoded_bytes = out.body.bytes.len() as u64;
        response.truncated |= out.stopped.is_some();
        response.undone = out.undone.iter().map(|(coding, bytes)| (coding.word().to_owned(), *bytes)).collect();
        // A body that only claims to be encoded is still evidence.
        let nothing = out.body.bytes.is_empty() && matches!(out.stopped, Some(Stop::Corrupt(_)));
        let shown = if nothing { wire } else { out.body };
        (response.body, response.in_file) = (shown.bytes, shown.in_file);
        let failure = out.stopped.map(|stop| match stop {
            Stop::Cap(why) => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Cap,
                message: format!("{why}; the rest was not decoded"),
            },
            Stop::NoPlace(message) => Failure { phase: Phase::Receive, kind: FailureKind::Cap, message },
            Stop::Corrupt(why) => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Protocol,
                message: format!("the body does not decode: {why}"),
            },
            Stop::Halted => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Cancelled,
                message: "stopped before the body was decoded".to_owned(),
            },
            Stop::Late => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Timeout,
                message: "decoding did not end in time".to_owned(),
            },
        });
        if self.exchange.error.is_none() {
            self.exchange.error = failure;
        }
    }
}
