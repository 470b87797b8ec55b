//! Budgets: how many requests an origin gets at once and a second, with a lane for sends by hand that never waits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::wire::Origin;
use crate::wire::url::is_local_name;

/// Who waits for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// A send by hand: counted, never delayed.
    Hand,
    /// A batch: checks, rate runs, flows.
    Batch,
}

/// Limits of one origin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Requests in flight.
    pub concurrency: usize,
    /// Requests a second; `None` lifts it.
    pub rate: Option<f64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 4, rate: Some(20.0) }
    }
}

/// How many requests may be in flight to a loopback origin, where the rate is lifted.
const LOOPBACK_CONCURRENCY: usize = 256;

/// A generic cell rate algorithm (ITU-T I.371, virtual scheduling) without a burst: each request is due one interval
/// after the one before.
#[derive(Debug, Default)]
struct Schedule {
    due: Option<Instant>,
}

impl Schedule {
    /// Takes the next place and says how long to wait for it.
    fn reserve(&mut self, now: Instant, interval: Duration) -> Duration {
        let due = self.due.map_or(now, |d| d.max(now));
        self.due = Some(due + interval);
        due - now
    }
}

#[derive(Debug)]
struct Gate {
    limits: Limits,
    permits: Arc<Semaphore>,
    schedule: Mutex<Schedule>,
    /// Whose turn it is in a batch: one place is held at most, so that what is cancelled leaves no gap behind.
    turn: tokio::sync::Mutex<()>,
}

/// The budgets of a run, by origin.
#[derive(Debug)]
pub struct Budgets {
    rate: Option<f64>,
    gates: Mutex<HashMap<Origin, Arc<Gate>>>,
}

/// Permission to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Pass {
    _permit: Option<OwnedSemaphorePermit>,
}

impl Budgets {
    /// Budgets with the default limits, or with `rate` requests a second for every origin, loopback too.
    pub fn new(rate: Option<f64>) -> Self {
        Self { rate, gates: Mutex::default() }
    }

    fn limits(&self, origin: &Origin) -> Limits {
        match self.rate {
            Some(r) => Limits { concurrency: LOOPBACK_CONCURRENCY, rate: Some(r) },
            None if is_local_name(&origin.host) => Limits { concurrency: LOOPBACK_CONCURRENCY, rate: None },
            None => Limits::default(),
        }
    }

    fn gate(&self, origin: &Origin) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(origin) {
            return Arc::clone(gate);
        }
        let limits = self.limits(origin);
        let gate = Arc::new(Gate {
            limits,
            permits: Arc::new(Semaphore::new(limits.concurrency)),
            schedule: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        });
        gates.insert(origin.clone(), Arc::clone(&gate));
        gate
    }

    /// Waits for a place. A send by hand takes its place in the schedule, so that a batch makes room for it, and waits for
    /// nothing.
    pub async fn admit(&self, origin: &Origin, lane: Lane) -> Pass {
        let gate = self.gate(origin);
        let interval = gate.limits.rate.filter(|r| *r > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        let reserve =
            |interval| gate.schedule.lock().unwrap_or_else(PoisonError::into_inner).reserve(Instant::now(), interval);
        match lane {
            Lane::Hand => {
                interval.map(reserve);
                Pass { _permit: Arc::clone(&gate.permits).try_acquire_owned().ok() }
            }
            Lane::Batch => {
                if let Some(interval) = interval {
                    let _turn = gate.turn.lock().await;
                    let wait = reserve(interval);
                    if !wait.is_zero() {
                        tokio::time::sleep(wait).await;
                    }
                }
                Pass { _permit: Arc::clone(&gate.permits).acquire_owned().await.ok() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Target;

    fn origin(url: &str) -> Origin {
        Target::parse(url.as_bytes()).expect("url").origin
    }

    #[test]
    fn places_are_one_interval_apart() {
        let t0 = Instant::now();
        let step = Duration::from_millis(50);
        let mut s = Schedule::default();
        assert_eq!(s.reserve(t0, step), Duration::ZERO);
        assert_eq!(s.reserve(t0, step), step);
        assert_eq!(s.reserve(t0 + Duration::from_secs(1), step), Duration::ZERO);
    }

    #[test]
    fn loopback_is_lifted_unless_a_rate_is_given() {
        let b = Budgets::new(None);
        assert_eq!(b.limits(&origin("http://127.0.0.1/")).rate, None);
        assert_eq!(b.limits(&origin("https://api.test/")), Limits::default());
        assert_eq!(Budgets::new(Some(3.0)).limits(&origin("http://127.0.0.1/")).rate, Some(3.0));
    }

    #[test]
    fn a_hand_never_waits_for_a_batch() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        rt.block_on(async {
            let budgets = Budgets::new(Some(0.001));
            let o = origin("https://api.test/");
            let mut held = Vec::new();
            held.push(budgets.admit(&o, Lane::Batch).await);
            // The batch is now due in 1,000 seconds; the hand is not.
            let batch = tokio::time::timeout(Duration::from_millis(20), budgets.admit(&o, Lane::Batch)).await;
            assert!(batch.is_err());
            let hand = tokio::time::timeout(Duration::from_secs(5), budgets.admit(&o, Lane::Hand)).await;
            assert!(hand.is_ok());
        });
    }

    #[test]
    fn a_cancelled_batch_leaves_no_gap() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        rt.block_on(async {
            let budgets = Arc::new(Budgets::new(Some(20.0)));
            let o = origin("https://api.test/");
            let waiting: Vec<_> = (0..1_000)
                .map(|_| {
                    let (budgets, o) = (Arc::clone(&budgets), o.clone());
                    tokio::spawn(async move { budgets.admit(&o, Lane::Batch).await })
                })
                .collect();
            tokio::time::sleep(Duration::from_millis(20)).await;
            for w in waiting {
                w.abort();
            }
            let next = tokio::time::timeout(Duration::from_secs(5), budgets.admit(&o, Lane::Batch)).await;
            assert!(next.is_ok(), "fifty seconds of places were left behind");
        });
    }
}
