//! How far a run over a word list is, and what came of it.

use std::time::Duration;

use super::Guessed;

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Bytes of the list that were read.
    pub done: u64,
    /// Bytes in all; 0 where that is not known.
    pub total: u64,
    /// Keys that were tried.
    pub candidates: u64,
    /// Time that was spent, pauses left out.
    pub elapsed: Duration,
    /// It waits.
    pub paused: bool,
}

impl Progress {
    /// Keys a second.
    pub fn rate(&self) -> u64 {
        let micros = self.elapsed.as_micros().max(1);
        u64::try_from(u128::from(self.candidates) * 1_000_000 / micros).unwrap_or(u64::MAX)
    }

    /// Time that is left at this pace; `None` where that is not known.
    pub fn left(&self) -> Option<Duration> {
        if self.done == 0 || self.total <= self.done {
            return None;
        }
        Some(self.elapsed.mul_f64((self.total - self.done) as f64 / self.done as f64))
    }
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The secret.
    pub secret: Option<Guessed>,
    /// How far it went.
    pub progress: Progress,
    /// Compressions of the hash that each key cost.
    pub cost: usize,
    /// Lines that were passed over since they are too long.
    pub skipped: u64,
    /// Why the list ended before its end.
    pub stopped: Option<String>,
    /// It was cancelled.
    pub cancelled: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pace_and_time_left() {
        let p =
            Progress { done: 25, total: 100, candidates: 3_000, elapsed: Duration::from_millis(500), paused: false };
        assert_eq!((p.rate(), p.left()), (6_000, Some(Duration::from_millis(1_500))));
        assert_eq!(Progress { total: 0, ..p }.left(), None);
    }
}
