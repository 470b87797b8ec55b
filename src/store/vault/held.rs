//! The vault through a run: closed until something needs it, open while it is used, and closed again after a time without
//! use.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use super::{Key, Vault, exists};
use crate::base::{Error, Exit, Result, Secret, known};
use crate::store::seal::Keys;

/// How a vault stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// There is none.
    None,
    /// It is there and closed.
    Locked,
    /// It is open.
    Open,
}

/// The vault of a workspace. Clones are one: what one opens, all read.
#[derive(Clone)]
pub struct Held(Arc<Inner>);

struct Inner {
    workspace: PathBuf,
    idle: Duration,
    opened: Mutex<Opened>,
    changed: Condvar,
}

#[derive(Default)]
struct Opened {
    vault: Option<Vault>,
    used: Option<Duration>,
    /// True while a thread waits for the time without use.
    watched: bool,
    tell: Option<Box<dyn Fn(State) + Send>>,
}

impl Inner {
    fn opened(&self) -> MutexGuard<'_, Opened> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// The vault of this workspace, closed. It closes by itself after `idle` without use.
    pub fn new(workspace: &Path, idle: Duration) -> Self {
        let inner =
            Inner { workspace: workspace.to_owned(), idle, opened: Mutex::default(), changed: Condvar::default() };
        Self(Arc::new(inner))
    }

    /// The folder of the workspace.
    pub fn workspace(&self) -> &Path {
        &self.0.workspace
    }

    /// Has `tell` told how the vault stands whenever that changes.
    pub fn watch(&self, tell: impl Fn(State) + Send + 'static) {
        self.0.opened().tell = Some(Box::new(tell));
    }

    /// How it stands.
    pub fn state(&self) -> State {
        match self.0.opened().vault {
            Some(_) => State::Open,
            None if exists(&self.0.workspace) => State::Locked,
            None => State::None,
        }
    }

    /// Opens it, which takes about half a second with a passphrase, and learns what is in it, so that it is masked anywhere.
    /// Nobody who asks for keys meanwhile waits for that.
    ///
    /// # Errors
    /// As [`Vault::open`].
    pub fn unlock(&self, key: &Key) -> Result<()> {
        let vault = Vault::open(&self.0.workspace, key)?;
        known::learn_all(vault.values());
        let mut opened = self.0.opened();
        opened.vault = Some(vault);
        opened.used = Some(now());
        if let Some(tell) = &opened.tell {
            tell(State::Open);
        }
        if !std::mem::replace(&mut opened.watched, true) {
            let inner = Arc::downgrade(&self.0);
            let watching = std::thread::Builder::new().name("lunette-vault".to_owned()).spawn(move || watch(&inner));
            if let Err(e) = watching {
                opened.vault = None;
                opened.watched = false;
                return Err(Error::new(Exit::NotJudged, format!("no thread to close the vault in time: {e}")));
            }
        }
        Ok(())
    }

    /// Closes it, and wipes what was read of it.
    pub fn lock(&self) {
        close(&mut self.0.opened());
        self.0.changed.notify_all();
    }

    /// The data keys, where the vault is open. This opens nothing. Whoever asks does so for each use and keeps none, so that a
    /// vault that is closed is closed.
    pub fn keys(&self) -> Option<Keys> {
        self.with(Vault::keys)?.ok()
    }

    /// The value of an entry.
    ///
    /// # Errors
    /// The vault is closed, or has no such entry.
    pub fn get(&self, name: &str) -> Result<Secret> {
        self.with(|vault| vault.get(name).cloned()).unwrap_or_else(|| Err(closed(self.state())))
    }

    /// Does something with the vault, where it is open, which counts as use.
    pub fn with<T>(&self, act: impl FnOnce(&Vault) -> T) -> Option<T> {
        let mut opened = self.0.opened();
        opened.used = Some(now());
        opened.vault.as_ref().map(act)
    }
}

fn closed(state: State) -> Error {
    match state {
        State::None => Error::input("there is no vault in this workspace").hint("lunette vault init makes one"),
        _ => Error::input("the vault is locked").hint(":unlock opens it"),
    }
}

fn close(opened: &mut Opened) {
    if opened.vault.take().is_some()
        && let Some(tell) = &opened.tell
    {
        tell(State::Locked);
    }
}

/// Closes the vault once it was not used for its time; ends when it is closed, or nobody holds it any more.
fn watch(inner: &Weak<Inner>) {
    while let Some(inner) = inner.upgrade() {
        let mut opened = inner.opened();
        let gone = opened.used.map_or(inner.idle, |t| now().saturating_sub(t));
        let left = inner.idle.saturating_sub(gone);
        if left.is_zero() {
            close(&mut opened);
        }
        if opened.vault.is_none() {
            opened.watched = false;
            return;
        }
        // At most a while each time: what waits here does not count the time the machine was asleep.
        let wait = left.min(Duration::from_secs(30));
        drop(inner.changed.wait_timeout(opened, wait));
    }
}

/// Time since the machine was started, with the time it was asleep where the system counts that: a vault does not stay open
/// in a machine that was closed for the night.
fn now() -> Duration {
    #[cfg(target_os = "linux")]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    rustix::time::clock_gettime(CLOCK).try_into().unwrap_or_default()
}
