//! Requests over time, in a fixed number of stretches: what a small chart needs of a log of any length.
//!
//! A stretch is a power of two of seconds long and begins at a multiple of that since 1970. Where the time of a log runs out
//! of them, each two become one. So what is kept depends on the requests alone and not on their order, and two courses can
//! be put together without loss.

use crate::base::Stamp;

/// Stretches kept of one endpoint, at most.
pub const STRETCHES: usize = 32;
/// Requests that are kept one by one: the stretches would take as much room.
const FEW: usize = 64;

/// What fell into one stretch.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Stretch {
    /// Requests.
    pub requests: u64,
    /// Those with a status of 400 or more.
    pub errors: u64,
    /// Mean latency in milliseconds of those of which it is known.
    pub mean_ms: Option<f64>,
}

/// The course of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// When the first stretch begins.
    pub since: Stamp,
    /// How long each is, in seconds.
    pub seconds: u64,
    /// The stretches from the first request to the last, at most [`STRETCHES`].
    pub stretches: Vec<Stretch>,
}

/// One request.
#[derive(Debug, Clone, Copy)]
struct Call {
    /// Seconds since 1970.
    time: u32,
    /// Microseconds, at most what fits; `u32::MAX` where they are not known.
    micros: u32,
    error: bool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Bucket {
    requests: u32,
    errors: u32,
    timed: u32,
    micros: u64,
}

/// Buckets by the number of their stretch, round a ring.
#[derive(Debug, Clone)]
struct Ring {
    shift: u32,
    low: u32,
    high: u32,
    buckets: [Bucket; STRETCHES],
}

/// Counts of one endpoint over time.
#[derive(Debug, Clone, Default)]
pub(super) struct Counts {
    few: Vec<Call>,
    ring: Option<Box<Ring>>,
}

impl Counts {
    /// Counts a request. A time outside of 1970 to 2106 is in no stretch.
    pub fn count(&mut self, time: i64, error: bool, micros: Option<u64>) {
        let Ok(time) = u32::try_from(time) else { return };
        let micros = micros.map_or(u32::MAX, |m| u32::try_from(m).unwrap_or(u32::MAX).min(u32::MAX - 1));
        let call = Call { time, micros, error };
        match &mut self.ring {
            Some(ring) => ring.count(call),
            None if self.few.len() < FEW => self.few.push(call),
            None => self.spread().count(call),
        }
    }

    /// Adds what another has counted.
    pub fn merge(&mut self, other: &Self) {
        if let Some(theirs) = &other.ring {
            self.spread().merge(theirs);
        }
        for call in &other.few {
            match &mut self.ring {
                Some(ring) => ring.count(*call),
                None if self.few.len() < FEW => self.few.push(*call),
                None => self.spread().count(*call),
            }
        }
    }

    /// What was counted; `None` where no request had a time.
    pub fn course(&self) -> Option<Course> {
        let spread;
        let ring = if let Some(ring) = &self.ring {
            ring.as_ref()
        } else {
            spread = Ring::of(&self.few)?;
            &spread
        };
        let stretches = (ring.low..=ring.high).map(|number| {
            let b = ring.buckets[slot(number)];
            Stretch {
                requests: u64::from(b.requests),
                errors: u64::from(b.errors),
                mean_ms: (b.timed > 0).then(|| b.micros as f64 / f64::from(b.timed) / 1000.0),
            }
        });
        Some(Course {
            since: Stamp::from_unix(i64::from(ring.low) << ring.shift)?,
            seconds: 1 << ring.shift,
            stretches: stretches.collect(),
        })
    }

    /// The ring, with what was kept one by one in it.
    fn spread(&mut self) -> &mut Ring {
        let few = std::mem::take(&mut self.few);
        self.ring.get_or_insert_with(|| Box::new(Ring::of(&few).unwrap_or_else(Ring::empty)))
    }
}

fn slot(number: u32) -> usize {
    number as usize % STRETCHES
}

impl Ring {
    fn empty() -> Self {
        Self { shift: 0, low: u32::MAX, high: 0, buckets: [Bucket::default(); STRETCHES] }
    }

    /// `None` of no request.
    fn of(calls: &[Call]) -> Option<Self> {
        let mut ring = Self::empty();
        for call in calls {
            ring.count(*call);
        }
        (!calls.is_empty()).then_some(ring)
    }

    fn count(&mut self, call: Call) {
        let mut number = call.time >> self.shift;
        if number < self.low || number > self.high {
            self.reach(call.time, call.time);
            number = call.time >> self.shift;
        }
        let b = &mut self.buckets[slot(number)];
        b.requests = b.requests.saturating_add(1);
        b.errors = b.errors.saturating_add(u32::from(call.error));
        if call.micros != u32::MAX {
            b.timed = b.timed.saturating_add(1);
            b.micros = b.micros.saturating_add(u64::from(call.micros));
        }
    }

    /// Makes room for times from `first` to `last`: as few widenings as will do.
    fn reach(&mut self, first: u32, last: u32) {
        let (mut low, mut high) = (first >> self.shift, last >> self.shift);
        if self.low <= self.high {
            (low, high) = (low.min(self.low), high.max(self.high));
        }
        while (high - low) as usize >= STRETCHES {
            self.widen();
            (low, high) = (low >> 1, high >> 1);
        }
        (self.low, self.high) = (low, high);
    }

    /// Each two stretches become one.
    fn widen(&mut self) {
        let mut wide = [Bucket::default(); STRETCHES];
        if self.low <= self.high {
            for number in self.low..=self.high {
                wide[slot(number >> 1)].add(&self.buckets[slot(number)]);
            }
            (self.low, self.high) = (self.low >> 1, self.high >> 1);
        }
        self.buckets = wide;
        self.shift += 1;
    }

    fn merge(&mut self, other: &Self) {
        if other.low > other.high {
            return;
        }
        while self.shift < other.shift {
            self.widen();
        }
        self.reach(other.low << other.shift, other.high << other.shift);
        for number in other.low..=other.high {
            let here = number >> (self.shift - other.shift);
            self.buckets[slot(here)].add(&other.buckets[slot(number)]);
        }
    }
}

impl Bucket {
    fn add(&mut self, other: &Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.errors = self.errors.saturating_add(other.errors);
        self.timed = self.timed.saturating_add(other.timed);
        self.micros = self.micros.saturating_add(other.micros);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn counted(calls: &[(u32, bool, Option<u64>)]) -> Counts {
        let mut counts = Counts::default();
        for (time, error, micros) in calls {
            counts.count(i64::from(*time), *error, *micros);
        }
        counts
    }

    #[test]
    fn a_stretch_is_as_short_as_will_do() {
        let course = counted(&[(100, false, Some(2_000)), (131, true, None)]).course().expect("counted");
        assert_eq!(
            (course.since, course.seconds, course.stretches.len()),
            (Stamp::from_unix(100).expect("time"), 1, 32)
        );
        assert_eq!(course.stretches[0], Stretch { requests: 1, errors: 0, mean_ms: Some(2.0) });
        assert_eq!(course.stretches[31], Stretch { requests: 1, errors: 1, mean_ms: None });
        let course = counted(&[(100, false, None), (132, false, None)]).course().expect("counted");
        assert_eq!((course.seconds, course.stretches.len()), (2, 17));
        assert_eq!(Counts::default().course(), None);
        let mut none = Counts::default();
        none.count(-1, false, None);
        none.count(i64::MAX, false, None);
        assert_eq!(none.course(), None);
    }

    #[test]
    fn what_is_kept_is_small() {
        let mut counts = Counts::default();
        for i in 0..1_000_000u32 {
            counts.count(i64::from(i.wrapping_mul(2_654_435_761)), i % 2 == 0, Some(1_000));
        }
        let course = counts.course().expect("counted");
        assert_eq!(
            course.stretches.iter().map(|s| (s.requests, s.errors)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1)),
            (1_000_000, 500_000)
        );
        assert!(course.stretches.len() <= STRETCHES && counts.few.capacity() == 0);
    }

    proptest! {
        #[test]
        fn order_and_parts_make_no_difference(
            calls in prop::collection::vec((prop_oneof![0u32..400, 1_700_000_000u32..1_700_900_000, any::<u32>()], any::<bool>(), prop::option::of(0u64..1 << 20)), 0..200),
            cut in 0usize..200,
        ) {
            let whole = counted(&calls).course();
            let mut turned = calls.clone();
            turned.reverse();
            prop_assert_eq!(&counted(&turned).course(), &whole);
            let (a, b) = calls.split_at(cut.min(calls.len()));
            for (a, b) in [(a, b), (b, a)] {
                let mut both = counted(a);
                both.merge(&counted(b));
                prop_assert_eq!(&both.course(), &whole);
            }
            let all: u64 = whole.iter().flat_map(|c| &c.stretches).map(|s| s.requests).sum();
            prop_assert_eq!(all, calls.len() as u64);
        }
    }
}
