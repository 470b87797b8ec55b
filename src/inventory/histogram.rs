//! Latency in a few hundred bytes: one counter for each sixteenth of an octave, kept only where something fell.
//!
//! A log may name tens of thousands of endpoints, so a full table for each is out of the question. A quantile is exact to
//! within 3.2 %.

use super::model::Latency;

/// Counters for each doubling.
const STEPS: u64 = 16;
const STEP_BITS: u32 = 4;

/// The counters of one doubling: one cache line.
type Octave = [u32; 16];

/// Counts of durations in microseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Histogram {
    octaves: Vec<Option<Box<Octave>>>,
    total: u64,
}

impl Histogram {
    pub fn record(&mut self, micros: u64) {
        self.add(bucket(micros), 1);
    }

    fn add(&mut self, bucket: u16, n: u32) {
        let (octave, step) = (usize::from(bucket / 16), usize::from(bucket % 16));
        if octave >= self.octaves.len() {
            self.octaves.resize(octave + 1, None);
        }
        let counter = &mut self.octaves[octave].get_or_insert_default()[step];
        // Four thousand million in one counter: the quantiles no longer move then.
        *counter = counter.saturating_add(n);
        self.total += u64::from(n);
    }

    /// Every counter that is not zero, in order.
    fn counts(&self) -> impl Iterator<Item = (u16, u32)> {
        let octaves = (0u16..).zip(&self.octaves).filter_map(|(i, o)| Some((i, o.as_ref()?)));
        octaves.flat_map(|(i, o)| (0u16..).zip(o.iter()).map(move |(step, n)| (i * 16 + step, *n))).filter(|c| c.1 > 0)
    }

    pub fn merge(&mut self, other: &Self) {
        for (bucket, n) in other.counts() {
            self.add(bucket, n);
        }
    }

    /// Quantiles by nearest rank; `None` when nothing was recorded.
    pub fn latency(&self) -> Option<Latency> {
        let at = |percent: u64| self.quantile(percent);
        (self.total > 0).then(|| Latency { p50: at(50), p95: at(95), p99: at(99) })
    }

    fn quantile(&self, percent: u64) -> f64 {
        let rank = (u128::from(self.total) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0u128;
        for (bucket, n) in self.counts() {
            seen += u128::from(n);
            if seen >= rank {
                return middle(bucket) / 1000.0;
            }
        }
        0.0
    }
}

/// Below 16 µs every value has its own bucket; above, 16 to each octave.
fn bucket(micros: u64) -> u16 {
    if micros < STEPS {
        return u16::try_from(micros).unwrap_or(0);
    }
    let octave = micros.ilog2();
    let step = (micros >> (octave - STEP_BITS)) & (STEPS - 1);
    u16::try_from(u64::from(octave - STEP_BITS + 1) * STEPS + step).unwrap_or(u16::MAX)
}

/// The middle of a bucket, in microseconds.
fn middle(bucket: u16) -> f64 {
    let bucket = u64::from(bucket);
    if bucket < STEPS {
        return bucket as f64;
    }
    let (octave, step) = (bucket / STEPS - 1, bucket % STEPS);
    let width = (1u64 << octave) as f64;
    (STEPS + step) as f64 * width + (width - 1.0) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quantiles_of_a_line() {
        let mut h = Histogram::default();
        for i in 1..=1000u64 {
            h.record(i * 1000);
        }
        let l = h.latency().expect("counted");
        assert!((l.p50 - 500.0).abs() < 16.0, "{l:?}");
        assert!((l.p99 - 990.0).abs() < 32.0, "{l:?}");
        assert_eq!(Histogram::default().latency(), None);
    }

    proptest! {
        #[test]
        fn within_three_percent(micros in 0u64..1 << 50) {
            let near = middle(bucket(micros));
            prop_assert!((near - micros as f64).abs() <= micros as f64 * 0.032, "{} {}", micros, near);
        }
    }
}
