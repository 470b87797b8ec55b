//! Budgets: how many requests an origin gets at once and a second, with a lane for sends by hand that never waits.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::wire::Origin;
use crate::wire::url::is_local_name;

use super::scope::{Entry, Most};

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
    /// Requests in this run; any number when `None`.
    pub requests: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 4, rate: Some(20.0), requests: None }
    }
}

/// What one origin was sent so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Spent {
    /// Who.
    pub origin: Origin,
    /// What it takes at most.
    pub limits: Limits,
    /// Requests sent or under way in this run.
    pub sent: u64,
    /// Requests in flight.
    pub flying: usize,
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
    sent: AtomicU64,
    flying: AtomicUsize,
    permits: Arc<Semaphore>,
    schedule: Mutex<Schedule>,
    /// Whose turn it is in a batch: one place is held at most, so that what is cancelled leaves no gap behind.
    turn: tokio::sync::Mutex<()>,
}

/// The budgets of a run, by origin.
#[derive(Debug)]
pub struct Budgets {
    rate: Option<f64>,
    entries: Vec<Entry>,
    gates: Mutex<HashMap<Origin, Arc<Gate>>>,
}

/// Permission to have one request in flight; given back when dropped.
#[derive(Debug)]
pub struct Pass {
    _permit: Option<OwnedSemaphorePermit>,
    gate: Arc<Gate>,
}

impl Pass {
    fn new(gate: &Arc<Gate>, permit: Option<OwnedSemaphorePermit>) -> Self {
        gate.flying.fetch_add(1, Ordering::Relaxed);
        Self { _permit: permit, gate: Arc::clone(gate) }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.flying.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Budgets {
    /// Budgets with the limits of the `entries` that name an origin, else the default ones; or with `rate` requests a second
    /// for every origin, loopback too.
    pub fn new(rate: Option<f64>, entries: Vec<Entry>) -> Self {
        Self { rate, entries, gates: Mutex::default() }
    }

    fn limits(&self, origin: &Origin) -> Limits {
        let said = self.entries.iter().filter(|e| e.covers(origin)).map(|e| e.most);
        let said = said.fold(Most::default(), |all, one| Most {
            requests: all.requests.or(one.requests),
            interval: all.interval.or(one.interval),
            concurrency: all.concurrency.or(one.concurrency),
        });
        let local = is_local_name(&origin.host);
        let base = Limits::default();
        let own = said.interval.map(|i| 1.0 / i.as_secs_f64()).or(base.rate.filter(|_| !local));
        Limits {
            concurrency: said.concurrency.unwrap_or(if local || self.rate.is_some() {
                LOOPBACK_CONCURRENCY
            } else {
                base.concurrency
            }),
            rate: self.rate.or(own),
            requests: said.requests,
        }
    }

    /// What every origin was sent so far, by name.
    pub fn spent(&self) -> Vec<Spent> {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<Spent> = gates
            .iter()
            .map(|(origin, gate)| Spent {
                origin: origin.clone(),
                limits: gate.limits,
                sent: gate.sent.load(Ordering::Relaxed),
                flying: gate.flying.load(Ordering::Relaxed),
            })
            .collect();
        all.sort_by(|a, b| a.origin.cmp(&b.origin));
        all
    }

    fn gate(&self, origin: &Origin) -> Arc<Gate> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(origin) {
            return Arc::clone(gate);
        }
        let limits = self.limits(origin);
        let gate = Arc::new(Gate {
            limits,
            sent: AtomicU64::new(0),
            flying: AtomicUsize::new(0),
            permits: Arc::new(Semaphore::new(limits.concurrency)),
            schedule: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
        });
        gates.insert(origin.clone(), Arc::clone(&gate));
        gate
    }

    /// Waits for a place. A send by hand takes its place in the schedule, so that a batch makes room for it, and waits for
    /// nothing. `None` when the origin has had all that it takes in this run.
    pub async fn admit(&self, origin: &Origin, lane: Lane) -> Option<Pass> {
        let gate = self.gate(origin);
        let most = gate.limits.requests.unwrap_or(u64::MAX);
        let one_more = |n: u64| (n < most).then_some(n + 1);
        gate.sent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok()?;
        Some(self.wait(&gate, lane).await)
    }

    async fn wait(&self, gate: &Arc<Gate>, lane: Lane) -> Pass {
        let interval = gate.limits.rate.filter(|r| *r > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        let reserve =
            |interval| gate.schedule.lock().unwrap_or_else(PoisonError::into_inner).reserve(Instant::now(), interval);
        match lane {
            Lane::Hand => {
                interval.map(reserve);
                Pass::new(gate, Arc::clone(&gate.permits).try_acquire_owned().ok())
            }
            Lane::Batch => {
                if let Some(interval) = interval {
                    let _turn = gate.turn.lock().await;
                    let wait = reserve(interval);
                    if !wait.is_zero() {
                        tokio::time::sleep(wait).await;
                    }
                }
                Pass::new(gate, Arc::clone(&gate.permits).acquire_owned().await.ok())
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
        let b = Budgets::new(None, Vec::new());
        assert_eq!(b.limits(&origin("http://127.0.0.1/")).rate, None);
        assert_eq!(b.limits(&origin("https://api.test/")), Limits::default());
        assert_eq!(Budgets::new(Some(3.0), Vec::new()).limits(&origin("http://127.0.0.1/")).rate, Some(3.0));
    }

    #[test]
    fn a_target_takes_what_it_is_said_to_take() {
        let most = Most { requests: Some(2), interval: Some(Duration::from_millis(500)), concurrency: None };
        let entry = Entry { most, ..Entry::parse("127.0.0.1:81").expect("an entry") };
        let o = origin("http://127.0.0.1:81/");
        let budgets = Budgets::new(None, vec![entry]);
        assert_eq!(
            budgets.limits(&o),
            Limits { concurrency: LOOPBACK_CONCURRENCY, rate: Some(2.0), requests: Some(2) }
        );
        assert_eq!(budgets.limits(&origin("http://127.0.0.1:82/")).requests, None);
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        rt.block_on(async {
            let first = budgets.admit(&o, Lane::Hand).await;
            let spent = || budgets.spent().into_iter().map(|s| (s.sent, s.flying)).collect::<Vec<_>>();
            assert_eq!((first.is_some(), spent()), (true, vec![(1, 1)]));
            drop(first);
            assert!(budgets.admit(&o, Lane::Hand).await.is_some());
            assert!(budgets.admit(&o, Lane::Hand).await.is_none(), "a third");
            assert_eq!(spent(), [(2, 0)]);
        });
    }

    #[test]
    fn a_hand_never_waits_for_a_batch() {
        let rt = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("runtime");
        rt.block_on(async {
            let budgets = Budgets::new(Some(0.001), Vec::new());
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
            let budgets = Arc::new(Budgets::new(Some(20.0), Vec::new()));
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
