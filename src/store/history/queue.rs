//! What writes the history: exchanges wait in memory for one thread, which takes all that wait into one transaction. What
//! the disk does not take keeps waiting until it does.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

use super::stored::{restore, store};
use super::{FILE, Graded, Kept, Row, Select, rows, schema};
use crate::base::{Error, Exit, Result};
use crate::store::folder;
use crate::store::seal::Keys;
use crate::wire::Exchange;

/// Exchanges in one transaction at most.
const MOST_AT_ONCE: usize = 256;
/// Exchanges that may wait.
const MOST_WAITING: usize = 4_096;
/// Bytes of bodies that may wait.
const MOST_BYTES: usize = 64 << 20;
/// How long the disk is left alone after it said no.
const PAUSE: Duration = Duration::from_millis(250);
/// The same, where the whole file is looked through each time.
const LONG_PAUSE: Duration = Duration::from_secs(3);

/// Tells what keeps the history from being written, or that nothing does any more.
type Watcher = Box<dyn Fn(Option<String>) + Send + Sync>;

/// The history of a workspace, open for one run.
pub struct Writer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    workspace: PathBuf,
    run: String,
    db: Mutex<Option<Connection>>,
    state: Mutex<State>,
    /// Something waits, or it is time to end.
    wake: Condvar,
    /// Something was kept, or could not be.
    done: Condvar,
    watchers: Mutex<Vec<Watcher>>,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Arc<Item>>,
    bytes: usize,
    /// What the disk said last, while it says no.
    trouble: Option<Error>,
    /// The file was found whole and can be used.
    entered: bool,
    closing: bool,
}

struct Item {
    exchange: Exchange,
    who: &'static str,
    keys: Option<Keys>,
}

impl Item {
    fn size(&self) -> usize {
        self.exchange.in_memory()
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Writer {
    /// The history of the workspace in this folder, for the run of this name. It is opened when it is needed.
    pub fn new(workspace: &Path, run: &str) -> Self {
        let shared = Shared {
            workspace: workspace.to_owned(),
            run: run.to_owned(),
            db: Mutex::default(),
            state: Mutex::default(),
            wake: Condvar::new(),
            done: Condvar::new(),
            watchers: Mutex::default(),
        };
        Self { shared: Arc::new(shared), thread: Mutex::default() }
    }

    /// Opens the file, so that what keeps it from being used is known before anything is sent; and says whether there is
    /// room for one more exchange.
    ///
    /// # Errors
    /// A file that others may read, of a newer version or damaged; or the disk takes nothing and too much waits already.
    pub fn ready(&self) -> Result<()> {
        let mut thread = lock(&self.thread);
        if thread.is_none() {
            *lock(&self.shared.db) = Some(schema::open(&self.shared.workspace)?);
            let shared = Arc::clone(&self.shared);
            let started = std::thread::Builder::new().name("lunette-history".to_owned()).spawn(move || shared.work());
            *thread =
                Some(started.map_err(|e| Error::new(Exit::NotJudged, format!("no thread for the history: {e}")))?);
        }
        drop(thread);
        let state = lock(&self.shared.state);
        match &state.trouble {
            Some(e) if !state.entered || state.is_full() => Err(e.clone()),
            _ => Ok(()),
        }
    }

    /// Takes an exchange to be kept. Waits only where the disk takes them more slowly than they come.
    pub fn keep(&self, exchange: &Exchange, who: &'static str, keys: Option<Keys>) {
        let item = Arc::new(Item { exchange: exchange.clone(), who, keys });
        let mut state = lock(&self.shared.state);
        while state.is_full() && state.trouble.is_none() {
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.bytes += item.size();
        state.waiting.push_back(item);
        drop(state);
        self.shared.wake.notify_all();
    }

    /// Waits until everything that was taken is kept.
    ///
    /// # Errors
    /// What the disk says, when it does not take it.
    pub fn settle(&self) -> Result<()> {
        let mut state = lock(&self.shared.state);
        while !state.waiting.is_empty() {
            if let Some(e) = &state.trouble {
                return Err(e.clone());
            }
            state = self.shared.done.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        Ok(())
    }

    /// Ends the thread once it has tried to keep what waits.
    ///
    /// # Errors
    /// What could not be kept, and why.
    pub fn close(&self) -> Result<()> {
        let thread = lock(&self.thread).take();
        lock(&self.shared.state).closing = true;
        self.shared.wake.notify_all();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        let state = lock(&self.shared.state);
        match (&state.trouble, state.waiting.len()) {
            (Some(e), n) if n > 0 => {
                let mut e = e.clone();
                e.what = format!("{n} exchanges of this run are not in the history: {}", e.what);
                Err(e)
            }
            _ => Ok(()),
        }
    }

    /// Tells `tell` whenever the disk begins or ceases to say no.
    pub fn watch(&self, tell: Watcher) {
        lock(&self.shared.watchers).push(tell);
    }

    /// What the disk says, while it says no, and how many exchanges wait for it.
    pub fn trouble(&self) -> Option<String> {
        lock(&self.shared.state).words()
    }

    /// The exchanges that `select` takes, newest first.
    ///
    /// # Errors
    /// A history that is not there or cannot be read.
    pub fn list(&self, select: &Select) -> Result<Vec<Row>> {
        self.read(|db| rows::list(db, select))
    }

    /// One exchange, opened with `keys` where it is sealed.
    ///
    /// # Errors
    /// None of that number, or one that does not open.
    pub fn load(&self, id: i64, keys: Option<&Keys>) -> Result<Kept> {
        let (row, parts) = self.read(|db| rows::load(db, id))?.ok_or_else(|| {
            Error::input(format!("there is no exchange {id} in the history")).hint("lunette history lists them")
        })?;
        let exchange = restore(&row, parts, keys)?;
        Ok(Kept { row, exchange })
    }

    /// Keeps the grade of an endpoint.
    ///
    /// # Errors
    /// The file is not open to be written, or the disk says no.
    pub fn grade(&self, graded: &Graded) -> Result<()> {
        self.ready()?;
        self.read(|db| rows::grade(db, graded))
    }

    /// Every grade that was kept.
    ///
    /// # Errors
    /// A history that is not there or cannot be read.
    pub fn grades(&self) -> Result<Vec<Graded>> {
        self.read(rows::grades)
    }

    fn read<T>(&self, ask: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        let failed = |e| schema::failed(&path(&self.shared.workspace), &e);
        if let Some(db) = &*lock(&self.shared.db) {
            return ask(db).map_err(failed);
        }
        ask(&schema::open_to_read(&self.shared.workspace)?).map_err(failed)
    }
}

fn path(workspace: &Path) -> PathBuf {
    workspace.join(folder::NAME).join(FILE)
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.close();
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.waiting.len() >= MOST_WAITING || self.bytes >= MOST_BYTES
    }

    fn words(&self) -> Option<String> {
        let e = self.trouble.as_ref()?;
        Some(match self.waiting.len() {
            0 => e.to_string(),
            n => format!("{e} ({n} exchanges wait in memory)"),
        })
    }
}

impl Shared {
    fn work(&self) {
        if self.enter() {
            while let Some(batch) = self.next() {
                match self.write(&batch) {
                    Ok(()) => self.change(|state| {
                        for item in state.waiting.drain(..batch.len()) {
                            state.bytes -= item.size();
                        }
                        state.trouble = None;
                    }),
                    Err(e) if self.again(&e, PAUSE) => {}
                    Err(_) => break,
                }
            }
        }
        if let Some(db) = lock(&self.db).take() {
            schema::leave(&db, &self.run);
        }
    }

    /// Looks the file through where it has to be; false when it is time to end and it still cannot be used.
    fn enter(&self) -> bool {
        loop {
            let entered = lock(&self.db).as_ref().map_or(Ok(()), |db| schema::enter(db, &self.workspace, &self.run));
            match entered {
                Ok(()) => {
                    self.change(|state| (state.trouble, state.entered) = (None, true));
                    return true;
                }
                Err(e) if self.again(&e, LONG_PAUSE) => {}
                Err(_) => return false,
            }
        }
    }

    /// After the disk has said no: tells it, waits, and says whether to try again.
    fn again(&self, e: &Error, pause: Duration) -> bool {
        self.change(|state| state.trouble = Some(e.clone()));
        let waited = self.wake.wait_timeout_while(lock(&self.state), pause, |s| !s.closing);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !state.closing
    }

    /// What is to be written next, once something waits; none when it is time to end.
    fn next(&self) -> Option<Vec<Arc<Item>>> {
        let mut state = lock(&self.state);
        while state.waiting.is_empty() && !state.closing {
            state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        (!state.waiting.is_empty()).then(|| state.waiting.iter().take(MOST_AT_ONCE).map(Arc::clone).collect())
    }

    fn write(&self, batch: &[Arc<Item>]) -> Result<()> {
        let sealed: Vec<_> =
            batch.iter().map(|i| store(&i.exchange, &self.run, i.who, i.keys.as_ref())).collect::<Result<_>>()?;
        let mut db = lock(&self.db);
        let Some(db) = db.as_mut() else { return Err(Error::input("the history is closed")) };
        let mut write = || {
            let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
            for (row, parts) in &sealed {
                rows::insert(&change, row, parts)?;
            }
            change.commit()
        };
        write().map_err(|e| schema::failed(&path(&self.workspace), &e))
    }

    /// Changes the state, and tells who waits and who watches.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = lock(&self.state);
        let before = state.trouble.is_some();
        change(&mut state);
        let told = (before != state.trouble.is_some()).then(|| state.words());
        drop(state);
        self.done.notify_all();
        if let Some(words) = told {
            for tell in lock(&self.watchers).iter() {
                tell(words.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::store::history::stored::tests::{full, keys};

    #[test]
    fn what_is_kept_is_listed_newest_first_and_read_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let (writer, keys) = (Writer::new(folder.path(), "run"), keys());
        assert!(writer.list(&Select::default()).expect_err("none yet").to_string().contains("no history"));
        writer.ready().expect("opens");
        for id in 1..=600 {
            let mut x = full(id, b"\xff");
            x.request.target = format!("/a/{id}?token=hunter22").into_bytes();
            x.request.method = if id % 2 == 0 { b"GET".to_vec() } else { b"PUT".to_vec() };
            writer.keep(&x, if id % 3 == 0 { "check" } else { "hand" }, (id % 2 == 0).then(|| keys.clone()));
        }
        writer.settle().expect("kept");
        let ids =
            |select: Select| -> Vec<i64> { writer.list(&select).expect("a list").into_iter().map(|r| r.id).collect() };
        assert_eq!(ids(Select::default()).len(), 600);
        assert_eq!(ids(Select { most: 3, ..Select::default() }), [600, 599, 598]);
        assert_eq!(ids(Select { most: 2, before: Some(599), ..Select::default() }), [598, 597]);
        assert_eq!(ids(Select { text: Some("put HTTPS://API".into()), most: 1, ..Select::default() }), [599]);
        assert_eq!(ids(Select { text: Some("/a/77".into()), ..Select::default() }), [77]);
        assert_eq!(ids(Select { who: Some("check".into()), ..Select::default() }).len(), 200);
        assert_eq!(ids(Select { status: Some((200, 200)), ..Select::default() }).len(), 0);
        assert_eq!(
            ids(Select {
                host: Some("api.test".into()),
                port: Some(8443),
                identity: Some("alice".into()),
                ..Select::default()
            })
            .len(),
            600
        );
        assert_eq!(ids(Select { since: Stamp::from_millis(1_700_000_000_124), ..Select::default() }).len(), 0);
        let sealed = writer.load(2, Some(&keys)).expect("opens").exchange;
        assert_eq!(sealed.request.body, full(2, b"\xff").request.body);
        assert!(writer.load(2, None).expect_err("locked").to_string().contains("unlock"));
        let masked = writer.load(1, None).expect("opens").exchange;
        assert_eq!(masked.request.headers[0].1, b"Bearer ***");
        assert!(writer.load(601, None).expect_err("none").to_string().contains("no exchange 601"));
        let graded = |letter| Graded {
            method: "GET".to_owned(),
            host: None,
            path: "/a/{id}".to_owned(),
            headers: Some(letter),
            tls: Some("bad"),
            sends: Some(crate::grade::odd::Sends::from_bits(5)),
        };
        writer.grade(&graded(crate::base::Letter::F)).expect("kept");
        writer.grade(&graded(crate::base::Letter::APlus)).expect("kept");
        assert_eq!(writer.grades(), Ok(vec![graded(crate::base::Letter::APlus)]));
        writer.close().expect("kept");
        // Another run reads it; nothing of the secret stands in any file.
        let again = Writer::new(folder.path(), "next");
        assert_eq!(again.list(&Select::default()).expect("a list").len(), 600);
        for entry in std::fs::read_dir(folder.path().join(folder::NAME)).expect("files") {
            let bytes = std::fs::read(entry.expect("an entry").path()).expect("bytes");
            assert!(memchr::memmem::find(&bytes, b"hunter22").is_none());
        }
    }

    #[test]
    fn what_the_disk_does_not_take_waits_and_is_kept_once_it_does() {
        let folder = tempfile::tempdir().expect("a folder");
        let writer = Writer::new(folder.path(), "run");
        writer.ready().expect("opens");
        let (tell, told) = std::sync::mpsc::channel();
        writer.watch(Box::new(move |words| {
            let _ = tell.send(words);
        }));
        writer.keep(&full(9_999, b"a"), "hand", None);
        writer.settle().expect("kept");
        // Another instance holds the lock for longer than this one waits.
        let other = schema::open(folder.path()).expect("opens");
        lock(&writer.shared.db).as_ref().expect("open").busy_timeout(Duration::from_millis(10)).expect("set");
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");
        writer.keep(&full(1, b"a"), "hand", None);
        let words = told.recv_timeout(Duration::from_secs(20)).expect("told").expect("a trouble");
        assert!(words.contains("another instance") && words.contains("1 exchanges wait"), "{words}");
        assert!(writer.settle().is_err() && writer.trouble().is_some());
        writer.ready().expect("there is room for more");
        writer.keep(&full(2, b"a"), "hand", None);
        other.execute_batch("COMMIT").expect("let go");
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(None));
        writer.settle().expect("kept");
        assert_eq!((writer.list(&Select::default()).expect("a list").len(), writer.trouble()), (3, None));
        // With too much waiting, nothing more is to be sent.
        other.execute_batch("BEGIN IMMEDIATE").expect("locked");
        for id in 3..3 + MOST_WAITING as u64 {
            writer.keep(&full(id, b"a"), "hand", None);
            if id == 3 {
                told.recv_timeout(Duration::from_secs(20)).expect("told");
            }
        }
        assert!(writer.ready().expect_err("full").to_string().contains("another instance"));
        drop(other);
        assert_eq!(told.recv_timeout(Duration::from_secs(20)), Ok(None));
        writer.settle().expect("kept");
    }
}
