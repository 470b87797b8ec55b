//! What the screen said: one line for a moment, and a log for later.

use std::time::{Duration, Instant};

use super::effect::Level;
use crate::base::known;

/// How long a notice stands.
const SHOWN: Duration = Duration::from_secs(3);
/// How many are kept.
const KEPT: usize = 500;

/// The notices of this run.
#[derive(Default)]
pub struct Notices {
    /// Oldest first.
    pub log: Vec<(Level, String)>,
    until: Option<Instant>,
}

impl Notices {
    /// Says something. Neither the line nor the log holds a secret, whatever else the screen shows.
    pub fn say(&mut self, level: Level, text: String, now: Instant) {
        if self.log.len() >= KEPT {
            self.log.drain(..KEPT / 2);
        }
        self.log.push((level, known::redacted(text)));
        self.until = Some(now + SHOWN);
    }

    /// Takes the notice that stands off the screen; the log keeps it.
    pub fn hush(&mut self) {
        self.until = None;
    }

    /// When the notice that stands has to go; `None` when none stands.
    pub fn deadline(&self) -> Option<Instant> {
        self.until
    }

    /// The notice that stands.
    pub fn current(&self, now: Instant) -> Option<&(Level, String)> {
        if self.until.is_some_and(|t| now < t) { self.log.last() } else { None }
    }

    /// Forgets when a notice goes, once it has.
    pub fn expire(&mut self, now: Instant) {
        if self.until.is_some_and(|t| now >= t) {
            self.until = None;
        }
    }
}
