//! Requests sent together, to see what a server does when they meet.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::wire::http1::{Asked, asked};
use crate::wire::{BoxFuture, Exchange, Failure, FailureKind, Group, Phase, Policy, Request, Together};

use super::super::hold::Gate;
use super::super::pool::{Open, Protocol};
use super::super::timer::Timer;
use super::course::Course;
use super::{Exchanger, Ready, Source, by_hyper, raw};

/// How long what was written is given to arrive before the last bytes follow.
const SETTLE: Duration = Duration::from_millis(20);
/// How long a server may take to accept all requests of a group on one connection.
const ACCEPT: Duration = Duration::from_secs(5);

/// One request of a group on its way.
struct Runner {
    course: Course,
    ready: Option<Ready>,
    open: Option<Open>,
    last: Bytes,
    ended: Option<Result<(), Failure>>,
}

impl Runner {
    fn fail<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(e) => {
                self.ended = Some(Err(e));
                None
            }
        }
    }
}

/// Runs all of them at once.
async fn all(mut work: Vec<BoxFuture<'_, ()>>) {
    poll_fn(|cx| {
        work.retain_mut(|w| Pin::new(w).poll(cx).is_pending());
        if work.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

impl Exchanger {
    /// Carries requests together; each is one exchange, in their order. `stop` ends all of them early.
    pub async fn together(
        &self,
        requests: Vec<(u64, Request)>,
        origin: &'static str,
        how: Together,
        policy: Policy,
        stop: &CancellationToken,
    ) -> Vec<Exchange> {
        let size = requests.len();
        let mut runners: Vec<Runner> = requests
            .into_iter()
            .map(|(id, request)| Runner {
                course: Course::new(id, request, self.spill.clone()),
                ready: None,
                open: None,
                last: Bytes::new(),
                ended: None,
            })
            .collect();
        let mut spread = None;
        let work = async {
            match how {
                Together::Sequence => self.sequence(&mut runners, origin, &policy).await,
                Together::Parallel => spread = self.parallel(&mut runners, origin, &policy).await,
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = work => {}
        }
        let mut out = Vec::with_capacity(size);
        for runner in runners {
            let Runner { mut course, ended, .. } = runner;
            course.exchange.group = Some(Group { how, size, spread });
            let ended = ended.unwrap_or_else(|| Err(course.cancelled()));
            out.push(self.close(course, ended.err(), &policy, stop).await);
        }
        out
    }

    /// One after the other on one connection; where the server closes it, on another.
    async fn sequence(&self, runners: &mut [Runner], origin: &'static str, policy: &Policy) {
        let needs_raw = runners.iter().any(|r| {
            super::decide(&r.course.exchange.request, policy).is_ok_and(|(choice, expressed)| {
                expressed.is_none() || (!choice.may_be_http2 && choice.http1 == crate::wire::Sender::Raw)
            })
        });
        let why = needs_raw.then_some("another request of the group needs it");
        let mut own = None;
        for runner in runners {
            runner.course.began = Instant::now();
            let ended = self.run(&mut runner.course, origin, policy, why, Source::Own(&mut own)).await;
            runner.ended = Some(ended);
            // The next one begins anew on the same stream, and this one is put together when all have ended.
            runner.course.tap = runner.course.tap.take().map(|tap| tap.apart());
        }
    }

    /// All at one instant. Gives the time between the first and the last of the last bytes leaving.
    async fn parallel(&self, runners: &mut [Runner], origin: &'static str, policy: &Policy) -> Option<Duration> {
        let by = Instant::now() + policy.deadlines.total;
        for r in runners.iter_mut() {
            let ready = self.ready(&mut r.course, origin, policy, None);
            r.ready = r.fail(ready);
        }
        let http2 = runners.iter().filter_map(|r| r.ready.as_ref()).all(|ready| ready.choice.may_be_http2);
        let first = if http2 { runners.iter().position(|r| r.ready.is_some()) } else { None };
        if let Some(first) = first {
            let gate = Gate::shut();
            let runner = &mut runners[first];
            if let Some(mut ready) = runner.ready.take() {
                // On HTTP/1.1 this one is written byte by byte, as the others.
                ready.choice.http1 = crate::wire::Sender::Raw;
                let open = self.open(&mut runner.course, &mut ready, by, Some(&gate)).await;
                runner.open = runner.fail(open);
                runner.ready = Some(ready);
            }
            match &runner.open {
                Some(open) if matches!(open.sender, Protocol::H2(_)) => {
                    return self.on_one_connection(runners, first, &gate, policy, by).await;
                }
                Some(_) => {}
                // What kept the first from connecting keeps the others: asking as often as there are requests tells no more.
                None => {
                    let Some(Err(failure)) = runner.ended.clone() else { return None };
                    for r in runners.iter_mut().filter(|r| r.ended.is_none()) {
                        r.ended = Some(Err(failure.clone()));
                    }
                    return None;
                }
            }
        }
        self.on_many(runners, policy, by).await
    }

    /// HTTP/2: the ends of all streams in one write.
    async fn on_one_connection(
        &self,
        runners: &mut [Runner],
        first: usize,
        gate: &Gate,
        policy: &Policy,
        by: Instant,
    ) -> Option<Duration> {
        let shared = runners[first].open.take()?;
        let mut count = 0;
        for (i, r) in runners.iter_mut().enumerate() {
            let Some(ready) = r.ready.as_mut() else { continue };
            if i != first {
                ready.intent.remote = shared.connection.remote;
                let kept = self.keep_record(&ready.intent);
                if r.fail(kept).is_none() {
                    continue;
                }
            }
            r.open = shared.shared();
            if let Some(open) = r.open.as_mut() {
                open.connection.reused = i != first;
            }
            count += 1;
        }
        let work = runners.iter_mut().filter(|r| r.ended.is_none()).map(|r| -> BoxFuture<'_, ()> {
            Box::pin(async move {
                let (Some(mut open), Some(ready)) = (r.open.take(), r.ready.take()) else { return };
                r.course.on(&open, &ready.choice);
                let Some(expressed) = ready.expressed else { return };
                let mut timer = Timer::new(by, policy.deadlines.total);
                let ended = by_hyper::carry(&mut r.course, &mut open, expressed, true, policy, &mut timer).await;
                r.ended = Some(ended);
            })
        });
        let work = all(work.collect());
        let release = async {
            // Where the server takes fewer streams at once, those it takes go.
            let _ = tokio::time::timeout(ACCEPT, gate.holds(count)).await;
            tokio::time::sleep(SETTLE).await;
            gate.open();
        };
        tokio::join!(work, release);
        Some(Duration::ZERO)
    }

    /// HTTP/1.1: each on a connection of its own, the last byte of each held back until all others are written.
    async fn on_many(&self, runners: &mut [Runner], policy: &Policy, by: Instant) -> Option<Duration> {
        let why = "the last byte of each request of a group is held back";
        let work = runners.iter_mut().filter(|r| r.ended.is_none()).map(|r| -> BoxFuture<'_, ()> {
            Box::pin(async move {
                let Some(mut ready) = r.ready.take() else { return };
                ready.choice = ready.choice.raw(why);
                ready.policy.http = ready.choice.offers;
                ready.bytes = crate::wire::http1::written(&r.course.exchange.request);
                let open = match r.open.take() {
                    Some(open) => Ok(open),
                    None => self.open(&mut r.course, &mut ready, by, None).await,
                };
                let Some(mut open) = r.fail(open) else { return };
                r.course.on(&open, &ready.choice);
                raw::begin(&mut r.course, &open);
                let last = ready.bytes.split_off(ready.bytes.len().saturating_sub(1));
                let mut timer = Timer::new(by, policy.deadlines.total);
                let written = timer.within(policy.deadlines.first_byte, raw::write(&mut open, &ready.bytes)).await;
                r.last = last;
                match written {
                    Some(Ok(())) => r.open = Some(open),
                    Some(Err(e)) => {
                        let (kind, message) = super::broken(&e, &r.course);
                        r.ended = Some(Err(Failure { phase: Phase::Send, kind, message }));
                    }
                    None => {
                        let late = "the server did not take all but the last byte in time".to_owned();
                        r.ended = Some(Err(timer.failure(Phase::Send, late)));
                    }
                }
                r.ready = Some(ready);
            })
        });
        all(work.collect()).await;
        tokio::time::sleep(SETTLE).await;
        let began = Instant::now();
        let mut ended = began;
        for r in runners.iter_mut().filter(|r| r.ended.is_none()) {
            let Some(open) = r.open.as_mut() else { continue };
            let mut timer = Timer::new(by, policy.deadlines.total);
            let written = timer.within(policy.deadlines.idle, raw::write(open, &r.last)).await;
            ended = Instant::now();
            if !matches!(written, Some(Ok(()))) {
                let message = "the last byte could not be written".to_owned();
                r.ended = Some(Err(Failure { phase: Phase::Send, kind: FailureKind::Closed, message }));
            }
        }
        let work = runners.iter_mut().filter(|r| r.ended.is_none()).map(|r| -> BoxFuture<'_, ()> {
            Box::pin(async move {
                let Some(mut open) = r.open.take() else { return };
                let request = &r.course.exchange.request;
                let requests = request.raw.as_ref().map_or_else(|| vec![Asked::of(&request.method)], |raw| asked(raw));
                let mut timer = Timer::new(by, policy.deadlines.total);
                let read = raw::rest(&mut r.course, &mut open, Bytes::new(), requests, false, policy, &mut timer).await;
                r.ended = Some(read.map(drop));
            })
        });
        all(work.collect()).await;
        Some(ended - began)
    }
}
