//! Latency as it happens: flat memory however long a run lasts.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::{Second, Snapshot, Summary};
use crate::base::text;

/// Smallest latency told apart, in microseconds.
const LOW_US: u64 = 1;
/// Largest latency told apart: ten minutes, in microseconds. Longer ones count as this.
const HIGH_US: u64 = 600_000_000;
/// Seconds of history.
const SECONDS: i64 = 120;
/// Exchanges remembered one by one.
const LATEST: usize = 50;
/// Longest method and target remembered, in characters.
const TARGET: usize = 200;

/// One slot of the ring.
#[derive(Debug)]
struct Slot {
    /// Which second this slot holds, counted from the first sample; `None` while it was never used.
    second: Option<i64>,
    errors: u64,
    max_us: u64,
    /// Two significant digits: enough for a line on a screen, small enough for 120 of them.
    latencies: Histogram<u32>,
}

/// Statistics over a run of exchanges, fed one by one.
///
/// Every exchange counts, answered or not: leaving out the ones that timed out would flatter the tail.
#[derive(Debug)]
pub struct Live {
    all: Histogram<u64>,
    max_us: u64,
    origin: Option<Instant>,
    /// Oldest and newest second with a sample.
    span: Option<(i64, i64)>,
    ring: Vec<Slot>,
    statuses: BTreeMap<u16, u64>,
    latest: VecDeque<(String, u16, f64)>,
}

impl Default for Live {
    fn default() -> Self {
        Self::new()
    }
}

impl Live {
    /// Empty statistics. Latencies are kept from 1 µs to 10 min with three significant digits.
    pub fn new() -> Self {
        let slot = || Slot { second: None, errors: 0, max_us: 0, latencies: histogram(2) };
        Self {
            all: histogram(3),
            max_us: 0,
            origin: None,
            span: None,
            ring: (0..SECONDS).map(|_| slot()).collect(),
            statuses: BTreeMap::new(),
            latest: VecDeque::with_capacity(LATEST),
        }
    }

    /// Adds one exchange: when it ended, `METHOD target`, its status (`None` when no reply came) and how long it took.
    ///
    /// Samples may come out of order. One older than the history still counts in the whole, but in no second.
    pub fn record(&mut self, at: Instant, method_target: &str, status: Option<u16>, latency: Duration) {
        let us = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX).clamp(LOW_US, HIGH_US);
        self.all.saturating_record(us);
        self.max_us = self.max_us.max(us);
        let code = status.unwrap_or(0);
        *self.statuses.entry(code).or_insert(0) += 1;
        if self.latest.len() == LATEST {
            self.latest.pop_back();
        }
        self.latest.push_front((cut(method_target), code, ms(us)));

        let second = seconds_since(*self.origin.get_or_insert(at), at);
        let (first, last) = self.span.unwrap_or((second, second));
        self.span = Some((first.min(second), last.max(second)));
        if last - second >= SECONDS {
            return;
        }
        let slot = &mut self.ring[slot_of(second)];
        if slot.second != Some(second) {
            slot.second = Some(second);
            slot.errors = 0;
            slot.max_us = 0;
            slot.latencies.reset();
        }
        slot.latencies.saturating_record(us);
        slot.max_us = slot.max_us.max(us);
        slot.errors += u64::from(code == 0 || code >= 400);
    }

    /// What the panel draws at `now`: the seconds run up to `now`, or to the newest sample should that be later.
    pub fn snapshot(&self, now: Instant) -> Snapshot {
        Snapshot {
            all: self.summary(),
            seconds: self.seconds(now),
            statuses: self.statuses.iter().map(|(k, v)| (*k, *v)).collect(),
            latest: self.latest.iter().cloned().collect(),
        }
    }

    fn summary(&self) -> Summary {
        if self.all.is_empty() {
            return Summary::default();
        }
        // A quantile of a histogram is the upper end of its bucket, which may lie above the largest sample.
        let at = |q| ms(self.all.value_at_quantile(q).min(self.max_us));
        Summary {
            n: self.all.len(),
            p50_ms: at(0.5),
            p90_ms: at(0.9),
            p95_ms: at(0.95),
            p99_ms: at(0.99),
            max_ms: ms(self.max_us),
        }
    }

    fn seconds(&self, now: Instant) -> Vec<Second> {
        let (Some(origin), Some((first, last))) = (self.origin, self.span) else { return Vec::new() };
        let end = seconds_since(origin, now).max(last);
        let start = first.max(end - SECONDS + 1);
        (start..=end)
            .map(|s| {
                let slot = &self.ring[slot_of(s)];
                if slot.second != Some(s) {
                    return Second::default();
                }
                Second {
                    n: slot.latencies.len(),
                    max_ms: ms(slot.max_us),
                    p50_ms: ms(slot.latencies.value_at_quantile(0.5).min(slot.max_us)),
                    errors: slot.errors,
                }
            })
            .collect()
    }
}

fn histogram<C: hdrhistogram::Counter>(digits: u8) -> Histogram<C> {
    Histogram::new_with_bounds(LOW_US, HIGH_US, digits).expect("the bounds and digits are constants that fit")
}

/// Whole seconds from `origin` to `at`, rounded down, negative when `at` lies before it.
fn seconds_since(origin: Instant, at: Instant) -> i64 {
    let whole = |d: Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX / 2);
    if let Some(after) = at.checked_duration_since(origin) {
        return whole(after);
    }
    let before = origin.duration_since(at);
    -whole(before) - i64::from(before.subsec_nanos() > 0)
}

fn slot_of(second: i64) -> usize {
    // The remainder of a division by 120 is never negative here and always fits.
    usize::try_from(second.rem_euclid(SECONDS)).unwrap_or(0)
}

fn ms(us: u64) -> f64 {
    us as f64 / 1_000.0
}

fn cut(s: &str) -> String {
    match s.char_indices().nth(TARGET) {
        Some((end, _)) => format!("{}…", text::display_str(&s[..end])),
        None => text::display_str(s),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MS: Duration = Duration::from_millis(1);
    const S: Duration = Duration::from_secs(1);

    #[test]
    fn nothing_yet() {
        assert_eq!(Live::new().snapshot(Instant::now()), Snapshot::default());
    }

    #[test]
    fn quantiles_and_statuses() {
        let t = Instant::now();
        let mut live = Live::new();
        for i in 1..=100 {
            live.record(t, "GET /x", Some(if i > 95 { 503 } else { 200 }), MS * i);
        }
        live.record(t, "GET /gone", None, MS * 5);
        let s = live.snapshot(t);
        assert_eq!(s.all.n, 101);
        assert!((s.all.p50_ms - 50.0).abs() <= 1.0 && (s.all.p99_ms - 99.0).abs() <= 1.0, "{:?}", s.all);
        assert!((s.all.max_ms - 100.0).abs() < f64::EPSILON);
        assert_eq!(s.statuses, [(0, 1), (200, 95), (503, 5)]);
        assert_eq!((s.seconds.len(), s.seconds[0].n, s.seconds[0].errors), (1, 101, 6));
        assert_eq!(s.latest.len(), LATEST);
        assert_eq!(s.latest[0], ("GET /gone".to_owned(), 0, 5.0));
    }

    #[test]
    fn empty_seconds_are_there() {
        let t = Instant::now();
        let mut live = Live::new();
        live.record(t, "GET /", Some(200), MS);
        live.record(t + S * 3, "GET /", Some(200), MS);
        let n: Vec<u64> = live.snapshot(t + S * 5).seconds.iter().map(|s| s.n).collect();
        assert_eq!(n, [1, 0, 0, 1, 0, 0]);
    }

    #[test]
    fn history_is_120_seconds() {
        let t = Instant::now();
        let mut live = Live::new();
        for i in 0..300_u32 {
            live.record(t + S * i, "GET /", Some(200), MS * i);
        }
        let seconds = live.snapshot(t + S * 299).seconds;
        assert_eq!(seconds.len(), 120);
        assert!((seconds[0].max_ms - 180.0).abs() < f64::EPSILON && (seconds[119].max_ms - 299.0).abs() < f64::EPSILON);
        let later = live.snapshot(t + S * 1_000_000).seconds;
        assert_eq!(later.len(), 120);
        assert!(later.iter().all(|s| s.n == 0));
    }

    #[test]
    fn order_does_not_matter_within_the_history() {
        let t = Instant::now() + S * 200;
        let samples: Vec<(Instant, Duration)> = (0..60_u32).map(|i| (t + S * (i * 7 % 60), MS * (i + 1))).collect();
        let (mut a, mut b) = (Live::new(), Live::new());
        for (at, d) in &samples {
            a.record(*at, "GET /", Some(200), *d);
        }
        for (at, d) in samples.iter().rev() {
            b.record(*at, "GET /", Some(200), *d);
        }
        let (a, b) = (a.snapshot(t + S * 60), b.snapshot(t + S * 60));
        assert_eq!((a.all, a.seconds.iter().map(|s| s.n).sum::<u64>()), (b.all, 60));
        assert_eq!(b.seconds.iter().map(|s| s.n).sum::<u64>(), 60);
    }

    #[test]
    fn samples_before_the_history_count_in_the_whole_only() {
        let t = Instant::now() + S * 500;
        let mut live = Live::new();
        let old = t.checked_sub(S * 400).expect("400 s before a time 500 s ahead");
        live.record(t, "GET /", Some(200), MS);
        live.record(old, "GET /", Some(200), MS);
        let s = live.snapshot(t);
        assert_eq!(s.all.n, 2);
        assert_eq!((s.seconds.len(), s.seconds.iter().map(|s| s.n).sum::<u64>()), (120, 1));
        let early = t.checked_sub(S).expect("in range");
        // A clock read before the sample arrived does not hide it.
        assert_eq!(live.snapshot(early).seconds.last().map(|s| s.n), Some(1));
    }

    #[test]
    fn extremes_saturate_and_text_is_safe() {
        let t = Instant::now();
        let mut live = Live::new();
        live.record(t, &format!("GET /\x1b[2J{}", "x".repeat(1000)), Some(200), Duration::ZERO);
        live.record(t, "GET /", Some(200), Duration::MAX);
        let s = live.snapshot(t);
        assert!((s.all.max_ms - 600_000.0).abs() < f64::EPSILON);
        assert!(s.all.p50_ms > 0.0);
        assert!(s.latest[1].0.starts_with("GET /\u{241b}[2J") && s.latest[1].0.chars().count() <= TARGET + 1);
    }

    proptest! {
        #[test]
        fn quantiles_are_in_order(samples in proptest::collection::vec((0_u64..400, 0_u64..1_000_000), 1..200)) {
            let t = Instant::now();
            let mut live = Live::new();
            for (s, us) in &samples {
                live.record(t + Duration::from_secs(*s), "GET /", Some(200), Duration::from_micros(*us));
            }
            let snapshot = live.snapshot(t);
            let a = snapshot.all;
            prop_assert!(a.p50_ms <= a.p90_ms && a.p90_ms <= a.p95_ms && a.p95_ms <= a.p99_ms && a.p99_ms <= a.max_ms);
            prop_assert!(snapshot.seconds.len() <= 120);
            prop_assert!(snapshot.seconds.iter().map(|s| s.n).sum::<u64>() <= a.n);
        }
    }
}
