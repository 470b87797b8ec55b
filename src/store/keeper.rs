//! What a workspace keeps of a run: the audit log first, then the history.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::audit::Audit;
use super::history::{Graded, History, Kept, Row, Select, Writer};
use super::seal::Keys;
use crate::base::{Result, hash};
use crate::wire::{Exchange, Intent, Record};

/// Gives the keys of the vault while it is open.
pub type KeySource = Arc<dyn Fn() -> Option<Keys> + Send + Sync>;

/// A name for a run, by which its lines and rows are told from others: 8 hexadecimal digits.
pub fn run_name() -> String {
    let mut bytes = [0; 4];
    // The system's own: the library that seals gathers entropy for 30 ms at its first use, and a name is no secret. Without
    // it the names of two runs may be the same, and their rows are told apart by time.
    let _ = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    hash::hex(&bytes)
}

/// The record of a workspace.
pub struct Keeper {
    audit: Audit,
    history: Writer,
    keys: KeySource,
    /// Who asked for the exchanges that have not ended.
    open: Mutex<HashMap<u64, &'static str>>,
}

impl Keeper {
    /// The record of the workspace in this folder, for the run of this name.
    pub fn new(workspace: &Path, run: &str, keys: KeySource) -> Self {
        Self {
            audit: Audit::new(workspace, run, Arc::clone(&keys)),
            history: Writer::new(workspace, run),
            keys,
            open: Mutex::default(),
        }
    }

    /// Opens what is to be written, so that what keeps it from being written is known before anything is sent.
    ///
    /// # Errors
    /// One sentence.
    pub fn ready(&self) -> Result<()> {
        self.history.ready()?;
        self.audit.ready()
    }

    /// Waits until every exchange that has ended is in the history.
    ///
    /// # Errors
    /// What the disk says, when it does not take it.
    pub fn settle(&self) -> Result<()> {
        self.history.settle()
    }

    /// Keeps what still waits.
    ///
    /// # Errors
    /// What could not be kept, and why.
    pub fn close(&self) -> Result<()> {
        self.history.close()
    }
}

impl Record for Keeper {
    fn intent(&self, intent: &Intent) -> Result<()> {
        self.history.ready()?;
        self.audit.intent(intent)?;
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(intent.id, intent.origin);
        Ok(())
    }

    fn result(&self, exchange: &Exchange) {
        // What had no intent sent nothing.
        let Some(who) = self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&exchange.id) else { return };
        self.audit.result(exchange);
        super::audit::blocking(|| self.history.keep(exchange, who, (self.keys)()));
    }
}

impl History for Keeper {
    fn grade(&self, graded: &Graded) -> Result<()> {
        self.history.grade(graded)
    }

    fn grades(&self) -> Result<Vec<Graded>> {
        self.history.grades()
    }

    fn list(&self, select: &Select) -> Result<Vec<Row>> {
        // What has ended a moment ago belongs to the list too, unless the disk does not take it.
        let _ = self.history.settle();
        self.history.list(select)
    }

    fn load(&self, id: i64) -> Result<Kept> {
        self.history.load(id, (self.keys)().as_ref())
    }

    fn trouble(&self) -> Option<String> {
        self.history.trouble()
    }

    fn watch(&self, tell: Box<dyn Fn(Option<String>) + Send + Sync>) {
        self.history.watch(tell);
    }
}
