//! The audit log of a workspace, `.lunette/audit.jsonl`: what was about to be sent, before the first byte, and what became
//! of it, after the last.
//!
//! Lines are only ever appended, each naming the one before it by hash. Several instances share one log: whoever appends
//! holds an advisory lock on the file and reads the head under it. An intent is on the disk before it counts; of several
//! that wait, one `fdatasync` serves all.

mod line;
mod read;

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::fs::{FlockOperation, OFlags};
use serde_json::{Map, Value, json};

use super::folder::{self, Locked};
use super::keeper::KeySource;
use super::seal::Keys;
use crate::base::hash::sha256_hex;
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Result, SystemClock, known};
use crate::wire::{Exchange, Intent, Record};

use line::{START, seal};
pub use read::{Broken, Chain, Select, Sent, scan};

/// Name of the log in the workspace's own folder.
pub const FILE: &str = "audit.jsonl";
/// How long another instance may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// Characters of a URL or method that are kept.
const MOST_TEXT: usize = 2_048;
/// Bytes at the end of the log in which its last whole line must stand: far more than two lines can be long.
const TAIL: u64 = 64 << 10;

/// The log of a workspace. It is opened, and made, at the first intent.
pub struct Audit {
    workspace: PathBuf,
    run: String,
    keys: KeySource,
    state: Mutex<State>,
    synced: Mutex<Synced>,
}

#[derive(Debug, Default)]
struct State {
    log: Option<Log>,
    /// Lines written by this instance.
    written: u64,
    /// Exchanges that have not ended: number of the exchange to number of its intent.
    open: HashMap<u64, u64>,
}

/// How much of what this instance wrote is on the disk.
#[derive(Debug, Default)]
struct Synced {
    upto: u64,
    /// After a failure the system may forget what it could not write, so nothing is believed any more.
    failed: bool,
}

#[derive(Debug)]
struct Log {
    file: Arc<File>,
    path: PathBuf,
    /// The head as this instance left it.
    head: Option<Head>,
}

#[derive(Debug, Clone)]
struct Head {
    /// Length of the file.
    length: u64,
    seq: u64,
    hash: String,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of the log of a workspace.
pub fn path(workspace: &Path) -> PathBuf {
    workspace.join(folder::NAME).join(FILE)
}

impl Audit {
    /// The log of the workspace in this folder, for the run of this name. Its lines are marked while `keys` gives any.
    pub fn new(workspace: &Path, run: &str, keys: KeySource) -> Self {
        Self {
            workspace: workspace.to_owned(),
            run: run.to_owned(),
            keys,
            state: Mutex::default(),
            synced: Mutex::default(),
        }
    }

    /// Opens the log, so that what keeps it from being written is known before anything is sent.
    ///
    /// # Errors
    /// One sentence: a folder that cannot be written to, or that others may read, or something else in its place.
    pub fn ready(&self) -> Result<()> {
        let mut state = lock(&self.state);
        if state.log.is_none() {
            state.log = Some(Log::open(&self.workspace)?);
        }
        Ok(())
    }

    /// Appends one line and gives its number, and how many this instance has written.
    fn append(&self, kind: &str, mut members: Map<String, Value>, of: Option<u64>) -> Result<(u64, u64, Arc<File>)> {
        let mut state = lock(&self.state);
        if kind == "result" {
            // An exchange that never had an intent sent nothing.
            let Some(intent) = of.and_then(|id| state.open.remove(&id)) else {
                return Err(Error::input("no intent"));
            };
            members.insert("intent".to_owned(), intent.into());
        }
        if state.log.is_none() {
            state.log = Some(Log::open(&self.workspace)?);
        }
        let Some(log) = &mut state.log else { return Err(Error::input("the log is not open")) };
        let seq = log.append(kind, members, (self.keys)().as_ref())?;
        let file = Arc::clone(&log.file);
        if let Some(id) = of.filter(|_| kind == "intent") {
            state.open.insert(id, seq);
        }
        state.written += 1;
        Ok((seq, state.written, file))
    }

    /// Waits until the first `count` lines of this instance are on the disk.
    fn sync(&self, count: u64, file: &File) -> Result<()> {
        let mut synced = lock(&self.synced);
        let failed = |e: &io::Error| folder::failed(&path(&self.workspace), e);
        if synced.failed {
            return Err(failed(&io::Error::other("an earlier write did not reach the disk")));
        }
        if synced.upto >= count {
            return Ok(());
        }
        // Whatever others wrote while this one waited reaches the disk with it.
        let written = lock(&self.state).written;
        file.sync_data().map_err(|e| {
            synced.failed = true;
            failed(&e)
        })?;
        synced.upto = written;
        Ok(())
    }
}

impl Record for Audit {
    fn intent(&self, intent: &Intent) -> Result<()> {
        let mut members = object(json!({
            "run": self.run,
            "who": intent.origin,
            "remote": intent.remote.to_string(),
            "method": cut(&intent.method),
            "url": cut(&intent.url),
        }));
        if let Some(identity) = &intent.identity {
            members.insert("identity".to_owned(), cut(&display_str(identity)).into());
        }
        blocking(|| {
            let (_, count, file) = self.append("intent", members, Some(intent.id))?;
            self.sync(count, &file)
        })
    }

    fn result(&self, x: &Exchange) {
        let members = object(json!({
            "remote": x.connection.as_ref().map(|c| c.remote.to_string()),
            "sha256": x.sent_on_wire().map(sha256_hex),
            "status": x.status(),
            "failure": x.error.as_ref().map(|e| e.kind.word()),
        }));
        // A result that cannot be kept leaves an open intent, and the next intent fails for the same reason.
        let _ = blocking(|| self.append("result", members, Some(x.id)));
    }
}

/// Runs work that waits for the disk without holding up the engine's other tasks.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    use tokio::runtime::{Handle, RuntimeFlavor};
    match Handle::try_current() {
        Ok(here) if here.runtime_flavor() == RuntimeFlavor::MultiThread => tokio::task::block_in_place(work),
        _ => work(),
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A text as it is kept: without known secrets, and of bounded length.
fn cut(text: &str) -> String {
    let text: &str = &known::redact_str(text);
    match text.char_indices().nth(MOST_TEXT) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

impl Log {
    fn open(workspace: &Path) -> Result<Self> {
        if !workspace.as_os_str().is_empty() && !workspace.is_dir() {
            return Err(Error::input("the workspace is not there any more")
                .at(folder::shown(workspace))
                .hint("start again where it is now"));
        }
        let own = folder::ensure(workspace)?;
        let path = own.join(FILE);
        let new = fs::symlink_metadata(&path).is_err();
        if !new {
            folder::private(&path, false)?;
        }
        let nofollow = OFlags::NOFOLLOW.bits().cast_signed();
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(nofollow)
            .open(&path)
            .map_err(|e| folder::failed(&path, &e))?;
        if new {
            // The name of a new file is on the disk only with its folder.
            File::open(&own).and_then(|f| f.sync_all()).map_err(|e| folder::failed(&own, &e))?;
        }
        Ok(Self { file: Arc::new(file), path, head: None })
    }

    /// Appends one line under the lock, and gives its number.
    fn append(&mut self, kind: &str, members: Map<String, Value>, keys: Option<&Keys>) -> Result<u64> {
        let failed = |e: &io::Error| folder::failed(&self.path, e);
        let locked =
            Locked::take(&*self.file, FlockOperation::NonBlockingLockExclusive, PATIENCE).map_err(|e| failed(&e))?;
        let here = self.file.metadata().map_err(|e| failed(&e))?;
        let there = fs::symlink_metadata(&self.path).map_err(|e| failed(&e))?;
        if (here.dev(), here.ino()) != (there.dev(), there.ino()) {
            return Err(Error::input("the log was replaced while it was in use")
                .at(folder::shown(&self.path))
                .hint("find out by whom, and start again"));
        }
        let (mut head, torn) = match self.head.take() {
            Some(head) if head.length == here.len() => (head, None),
            Some(head) if head.length > here.len() => {
                let error = Error::input("lines were cut from the log while it was in use")
                    .at(folder::shown(&self.path))
                    .hint("find out by whom, and start again");
                self.head = Some(head);
                return Err(error);
            }
            _ => tail(&self.file, here.len())
                .map_err(|e| failed(&e).hint("run lunette audit verify; move the log aside to begin a new one"))?,
        };
        let mut out = String::new();
        let mut put = |head: &mut Head, kind: &str, members: Map<String, Value>| {
            let mut all = object(json!({"time": SystemClock.wall(), "kind": kind}));
            all.extend(members);
            let (text, hash) = seal(head.seq + 1, &head.hash, all, keys);
            out.extend([text.as_str(), "\n"]);
            (head.seq, head.hash) = (head.seq + 1, hash);
        };
        if let Some(torn) = torn.as_ref().filter(|t| !t.is_empty()) {
            let mark = json!({"bytes": torn.len(), "sha256": sha256_hex(torn)});
            put(&mut head, "torn", object(mark));
        }
        put(&mut head, kind, members);
        if torn.is_some() {
            out.insert(0, '\n');
        }
        // One call, so that a process that is killed leaves whole lines.
        (&*self.file).write_all(out.as_bytes()).map_err(|e| failed(&e))?;
        head.length = here.len() + out.len() as u64;
        drop(locked);
        let seq = head.seq;
        self.head = Some(head);
        Ok(seq)
    }
}

/// The head of a log of this length, and the torn end behind it, if a crash left one: empty when all it lacks is its newline.
fn tail(file: &File, length: u64) -> io::Result<(Head, Option<Vec<u8>>)> {
    let begin = length.saturating_sub(TAIL);
    let mut bytes = vec![0; usize::try_from(length - begin).unwrap_or(0)];
    file.read_exact_at(&mut bytes, begin)?;
    let start = Head { length, seq: 0, hash: START.to_owned() };
    if bytes.is_empty() {
        return Ok((start, None));
    }
    let whole = bytes.ends_with(b"\n");
    let mut end = memchr::memrchr(b'\n', &bytes).map_or(0, |i| i + 1);
    if let Some(line) = line::read(&bytes[end..]) {
        return Ok((Head { length, seq: line.seq, hash: line.hash }, Some(Vec::new())));
    }
    while end > 0 {
        let from = memchr::memrchr(b'\n', &bytes[..end - 1]).map_or(0, |i| i + 1);
        if let Some(line) = line::read(&bytes[from..end - 1]) {
            let torn = (end < bytes.len()).then(|| bytes[end..].to_vec());
            return Ok((Head { length, seq: line.seq, hash: line.hash }, torn));
        }
        if whole {
            return Err(io::Error::other("its last line is not one that was written here"));
        }
        end = from;
    }
    if begin == 0 && !whole {
        return Ok((start, Some(bytes)));
    }
    Err(io::Error::other("no line at its end is one that was written here"))
}

/// What went wrong with a log that is only read.
fn unread(path: &Path, e: &io::Error) -> Error {
    match e.kind() {
        io::ErrorKind::NotFound => Error::input("there is no audit log here: nothing was sent from this workspace")
            .at(folder::shown(path))
            .hint("check that this is the workspace you mean"),
        _ => Error::input(format!("it cannot be read: {}", display_str(&e.to_string())))
            .at(folder::shown(path))
            .hint("check who owns it"),
    }
}

#[cfg(test)]
mod tests;
