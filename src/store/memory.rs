//! The record of a run without a workspace: in memory, the latest exchanges whole.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::history::{Form, History, Kept, MOST_ROWS, Row, Select, row, takes};
use crate::base::{Error, Result};
use crate::wire::{Exchange, Intent, Record};

/// Exchanges kept; older ones are only counted.
const MOST: usize = 1_000;
/// Bytes of bodies kept.
const MOST_BYTES: usize = 64 << 20;

/// Keeps the latest exchanges, and counts them all.
#[derive(Default)]
pub struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    open: HashMap<u64, &'static str>,
    /// Number, who asked, and the exchange. Its row is made when a list is asked for: a batch asks for none.
    kept: VecDeque<(i64, &'static str, Arc<Exchange>)>,
    bytes: usize,
    intended: u64,
    ended: u64,
}

impl Memory {
    /// How many exchanges were intended, and how many of all ended.
    pub fn counts(&self) -> (u64, u64) {
        let state = self.lock();
        (state.intended, state.ended)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn row_of((id, who, exchange): &(i64, &'static str, Arc<Exchange>)) -> Row {
    Row { id: *id, ..row(exchange, "", who, Form::Whole) }
}

impl Record for Memory {
    fn intent(&self, intent: &Intent) -> Result<()> {
        let mut state = self.lock();
        state.intended += 1;
        state.open.insert(intent.id, intent.origin);
        Ok(())
    }

    fn result(&self, exchange: &Exchange) {
        let mut state = self.lock();
        state.ended += 1;
        let Some(who) = state.open.remove(&exchange.id) else { return };
        let id = i64::try_from(state.ended).unwrap_or(i64::MAX);
        state.bytes += exchange.weight();
        state.kept.push_back((id, who, Arc::new(exchange.clone())));
        while state.kept.len() > MOST || state.bytes > MOST_BYTES {
            let Some((_, _, gone)) = state.kept.pop_front() else { break };
            state.bytes -= gone.weight();
        }
    }
}

impl History for Memory {
    fn list(&self, select: &Select) -> Result<Vec<Row>> {
        let most = if select.most == 0 { MOST_ROWS } else { select.most };
        let kept = self.lock().kept.clone();
        Ok(kept.iter().rev().map(row_of).filter(|r| takes(select, r)).take(most).collect())
    }

    fn load(&self, id: i64) -> Result<Kept> {
        let state = self.lock();
        let found = state.kept.iter().find(|(kept, ..)| *kept == id);
        let found = found.ok_or_else(|| Error::input(format!("exchange {id} is not kept any more")))?;
        Ok(Kept { row: row_of(found), exchange: Exchange::clone(&found.2) })
    }

    fn trouble(&self) -> Option<String> {
        None
    }

    fn watch(&self, _: Box<dyn Fn(Option<String>) + Send + Sync>) {}
}
