//! The deadlines of an exchange, at the price of one timer.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use tokio::time::{Instant as Deadline, Sleep};

use crate::wire::{Failure, FailureKind, Phase};

/// Keeps one near timer armed while requests flow. The runtime wakes its driver, with a system call, for every timer that
/// is due before all others; beside a near one, the far deadlines of an exchange cost nothing.
#[derive(Debug, Default)]
pub struct Keeper {
    begun: AtomicU64,
    keeping: AtomicBool,
}

impl Keeper {
    const PERIOD: Duration = Duration::from_millis(100);

    /// An exchange begins: keep for at least a period more.
    pub fn note(self: &Arc<Self>) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        if !self.keeping.load(Ordering::Relaxed) && !self.keeping.swap(true, Ordering::Relaxed) {
            let keeper = Arc::clone(self);
            tokio::spawn(async move {
                loop {
                    let before = keeper.begun.load(Ordering::Relaxed);
                    tokio::time::sleep(Self::PERIOD).await;
                    if keeper.begun.load(Ordering::Relaxed) == before {
                        keeper.keeping.store(false, Ordering::Relaxed);
                        return;
                    }
                }
            });
        }
    }
}

/// One timer for all deadlines of an exchange, armed only when something has to be waited for.
pub struct Timer {
    by: Instant,
    total: Duration,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Timer {
    /// A timer for an exchange that ends at `by`, `total` after it began.
    pub fn new(by: Instant, total: Duration) -> Self {
        Self { by, total, sleep: None }
    }

    /// Gives the whole more time: it ends at `by`, `total` after it began.
    pub fn extend(&mut self, by: Instant, total: Duration) {
        (self.by, self.total) = (by, total);
    }

    /// The result of `work`, or `None` when it takes longer than `limit` or than the exchange may.
    pub async fn within<T>(&mut self, limit: Duration, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        let first = std::future::poll_fn(|cx| Poll::Ready(work.as_mut().poll(cx))).await;
        if let Poll::Ready(result) = first {
            return Some(result);
        }
        let by = Deadline::from_std((Instant::now() + limit).min(self.by));
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(by)));
        sleep.as_mut().reset(by);
        tokio::select! {
            biased;
            result = work => Some(result),
            () = sleep => None,
        }
    }

    /// As [`Timer::within`], with the limit counted from the last move that `moved` knows of.
    pub async fn since<T>(
        &mut self,
        limit: Duration,
        moved: impl Fn() -> Option<Instant>,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        let mut wait = limit;
        loop {
            if let Some(result) = self.within(wait, work.as_mut()).await {
                return Some(result);
            }
            let still = moved().map_or(limit, |m| m.elapsed());
            wait = limit.checked_sub(still).filter(|left| !left.is_zero() && Instant::now() < self.by)?;
        }
    }

    /// The failure after a `None`: of the phase, or of the whole exchange.
    pub fn failure(&self, phase: Phase, late: String) -> Failure {
        let message = if Instant::now() >= self.by {
            format!("the exchange took longer than {} s", self.total.as_secs_f32())
        } else {
            late
        };
        Failure { phase, kind: FailureKind::Timeout, message }
    }
}
