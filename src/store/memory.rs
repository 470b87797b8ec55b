//! The record of a run without a workspace.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use crate::base::Result;
use crate::wire::{Exchange, Intent, Record};

/// Intents kept; older ones are only counted.
const MOST: usize = 1_000;

/// Keeps the latest intents, and counts them all.
#[derive(Debug, Default)]
pub struct Memory {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    intents: VecDeque<Intent>,
    intended: u64,
    ended: u64,
}

impl Memory {
    /// How many exchanges were intended, and how many of all ended.
    pub fn counts(&self) -> (u64, u64) {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.intended, kept.ended)
    }

    /// The latest intents, oldest first.
    pub fn intents(&self) -> Vec<Intent> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).intents.iter().cloned().collect()
    }
}

impl Record for Memory {
    fn intent(&self, intent: &Intent) -> Result<()> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.intended += 1;
        if kept.intents.len() == MOST {
            kept.intents.pop_front();
        }
        kept.intents.push_back(intent.clone());
        Ok(())
    }

    fn result(&self, _exchange: &Exchange) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).ended += 1;
    }
}
