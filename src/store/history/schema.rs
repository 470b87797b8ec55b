//! The file of the history: opened, checked, and brought to this version's schema with a copy made first.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension as _, TransactionBehavior, params};

use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};
use crate::store::folder;

/// Its name in the workspace's own folder.
pub const FILE: &str = "history.db";
/// How long another instance may hold the lock.
const PATIENCE: Duration = Duration::from_secs(5);
/// The oldest SQLite that is trusted: before it, two processes could corrupt a write-ahead log when it was reset.
const OLDEST: (i32, &str) = (3_051_003, "3.51.3");

/// What brings a file from one version of the schema to the next; as many as there are versions.
const STEPS: &[&str] = &[
    "CREATE TABLE exchange (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL,
        number INTEGER NOT NULL,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        identity TEXT,
        method TEXT NOT NULL,
        scheme TEXT NOT NULL,
        host TEXT NOT NULL,
        port INTEGER NOT NULL,
        target TEXT NOT NULL,
        status INTEGER,
        failure TEXT,
        total_us INTEGER,
        size INTEGER NOT NULL,
        form TEXT NOT NULL,
        facts BLOB NOT NULL,
        request_body BLOB,
        sent BLOB,
        response_body BLOB,
        UNIQUE (run, number)
    ) STRICT;
    CREATE INDEX exchange_host ON exchange (host, port, id);",
    "CREATE TABLE instance (run TEXT PRIMARY KEY, pid INTEGER NOT NULL) STRICT;
    CREATE TABLE grade (
        host TEXT NOT NULL,
        method TEXT NOT NULL,
        path TEXT NOT NULL,
        headers TEXT,
        tls TEXT,
        sends INTEGER,
        at INTEGER NOT NULL,
        PRIMARY KEY (host, method, path)
    ) STRICT, WITHOUT ROWID;",
];

/// Version of the schema that this program writes.
pub const VERSION: usize = STEPS.len();

/// Opens the history of a workspace, makes it where there is none, and brings an older one to this version.
///
/// # Errors
/// One sentence: a file that others may read, of a newer version, damaged, or on a disk that says no.
pub fn open(workspace: &Path) -> Result<Connection> {
    let found = rusqlite::version_number();
    if found < OLDEST.0 {
        let have = rusqlite::version();
        return Err(Error::input(format!("this build has SQLite {have}, which can lose what several instances write"))
            .hint(format!("build with SQLite {} or later", OLDEST.1)));
    }
    let own = folder::ensure(workspace)?;
    folder::local(&own)?;
    let path = own.join(FILE);
    if fs::symlink_metadata(&path).is_ok() {
        folder::private(&path, false)?;
    } else {
        // Made here, so that it is nobody else's from the start; another instance may be first.
        match folder::write_new(&path, b"", 0o600) {
            Err(_) if path.exists() => {}
            made => made?,
        }
    }
    let failed = |e: &rusqlite::Error| failed(&path, e);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut db = Connection::open_with_flags(&path, flags).map_err(|e| failed(&e))?;
    db.busy_timeout(PATIENCE).map_err(|e| failed(&e))?;
    let version = version(&db).map_err(|e| failed(&e))?;
    if version > VERSION {
        return Err(newer(&path, version));
    }
    log_ahead(&db).and_then(|()| prepare(&db)).map_err(|e| failed(&e))?;
    if version < VERSION {
        if version > 0 {
            back_up(&db, &path, version)?;
        }
        migrate(&mut db).map_err(|e| failed(&e))?;
    }
    Ok(db)
}

/// Opens the history of a workspace to read it, and changes nothing.
///
/// # Errors
/// There is none, or it is one that [`open`] would refuse.
pub fn open_to_read(workspace: &Path) -> Result<Connection> {
    let path = workspace.join(folder::NAME).join(FILE);
    if fs::symlink_metadata(&path).is_err() {
        return Err(Error::input("there is no history here: nothing was sent from this workspace")
            .at(folder::shown(&path))
            .hint("check that this is the workspace you mean"));
    }
    folder::private(&path, false)?;
    let failed = |e: &rusqlite::Error| failed(&path, e);
    // A read-only handle on a write-ahead log needs its index, which only a writer can make: so it is opened to write, and
    // told not to.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(&path, flags).map_err(|e| failed(&e))?;
    db.busy_timeout(PATIENCE).map_err(|e| failed(&e))?;
    db.pragma_update(None, "query_only", true).map_err(|e| failed(&e))?;
    let version = version(&db).map_err(|e| failed(&e))?;
    if version > VERSION {
        return Err(newer(&path, version));
    }
    Ok(db)
}

fn newer(path: &Path, version: usize) -> Error {
    Error::input(format!(
        "this history was written by a newer lunette (schema {version}; this one knows {VERSION}), and nothing was changed"
    ))
    .at(folder::shown(path))
    .hint("use that version, or another workspace")
}

fn version(db: &Connection) -> rusqlite::Result<usize> {
    let version: i64 = db.query_row("PRAGMA user_version", [], |r| r.get(0))?;
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

/// Puts the file into write-ahead mode. The first to do so changes the file, and one that reads it at that moment is told
/// "busy" at once: the library asks the busy handler only while a connection holds no lock, so the wait is ours.
fn log_ahead(db: &Connection) -> rusqlite::Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match db.pragma_update(None, "journal_mode", "WAL") {
            Err(e) if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(2));
            }
            other => return other,
        }
    }
}

fn prepare(db: &Connection) -> rusqlite::Result<()> {
    // A killed process loses nothing; power that fails may take the last rows, which the audit log still names.
    db.pragma_update(None, "synchronous", "NORMAL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cell_size_check", true)?;
    db.pragma_update(None, "secure_delete", true)?;
    db.pragma_update(None, "mmap_size", 0)
}

/// A copy of the file as it stands, beside it, once for each version it is brought up from.
fn back_up(db: &Connection, path: &Path, version: usize) -> Result<()> {
    let copy = backup(path, version);
    if fs::symlink_metadata(&copy).is_ok() {
        return Ok(());
    }
    let part = copy.with_extension("part");
    let _ = fs::remove_file(&part);
    folder::write_new(&part, b"", 0o600)?;
    db.execute("VACUUM INTO ?1", [part.to_string_lossy().as_ref()]).map_err(|e| {
        let _ = fs::remove_file(&part);
        failed(&copy, &e)
    })?;
    fs::rename(&part, &copy).map_err(|e| folder::failed(&copy, &e))
}

/// Where the copy of a file of this version is kept.
pub fn backup(path: &Path, version: usize) -> PathBuf {
    path.with_file_name(format!("history.{version}.bak"))
}

fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let change = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    // Another instance may have been first.
    let from = version(&change)?;
    for step in STEPS.iter().skip(from) {
        change.execute_batch(step)?;
    }
    change.pragma_update(None, "user_version", i64::try_from(VERSION).unwrap_or(i64::MAX))?;
    change.commit()
}

/// Notes that this run has the file open, and looks through the file where an earlier one did not end as it should.
///
/// # Errors
/// The file is damaged, or cannot be written.
pub fn enter(db: &Connection, workspace: &Path, run: &str) -> Result<()> {
    let path = workspace.join(folder::NAME).join(FILE);
    let fail = |e: rusqlite::Error| failed(&path, &e);
    let mut others = db.prepare("SELECT run, pid FROM instance").map_err(fail)?;
    let gone: Vec<String> = others
        .query_map([], |r| Ok((r.get::<_, String>(0)?, r.get::<_, i32>(1)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(fail)?
        .into_iter()
        .filter(|(_, pid)| {
            rustix::process::Pid::from_raw(*pid).is_none_or(|p| rustix::process::test_kill_process(p).is_err())
        })
        .map(|(run, _)| run)
        .collect();
    if !gone.is_empty() {
        check(db, &path)?;
    }
    for run in gone {
        db.execute("DELETE FROM instance WHERE run = ?1", [run]).map_err(fail)?;
    }
    let pid = rustix::process::getpid().as_raw_nonzero().get();
    db.execute("INSERT OR REPLACE INTO instance (run, pid) VALUES (?1, ?2)", params![run, pid]).map_err(fail)?;
    Ok(())
}

/// Notes that this run has ended as it should.
pub fn leave(db: &Connection, run: &str) {
    let _ = db.execute("DELETE FROM instance WHERE run = ?1", [run]);
}

fn check(db: &Connection, path: &Path) -> Result<()> {
    let said: Option<String> =
        db.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)).optional().map_err(|e| failed(path, &e))?;
    match said.as_deref() {
        Some("ok") => Ok(()),
        said => Err(damaged(path, said.unwrap_or("no answer"))),
    }
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::input(format!("the history is damaged, and nothing was changed: {}", display_str(what)))
        .at(folder::shown(path))
        .hint("move it and its -wal file aside to begin a new one; the audit log is apart from it")
}

/// What SQLite said, in one sentence.
pub fn failed(path: &Path, e: &rusqlite::Error) -> Error {
    use rusqlite::ErrorCode as Code;
    let word = |what: &str, hint: &str| Error::input(what).at(folder::shown(path)).hint(hint);
    match e.sqlite_error_code() {
        Some(Code::DiskFull) => word("it cannot be written: the disk is full", "make room on the disk"),
        Some(Code::ReadOnly | Code::PermissionDenied) => word(
            "it cannot be written: the disk is read-only",
            "make the folder writable, or work outside of the workspace",
        ),
        // A full disk too, where the file that is short of room is the index of the log.
        Some(Code::SystemIoFailure) => {
            word("it cannot be written: the disk is full, or fails", "make room on the disk, or check it")
        }
        Some(Code::DatabaseBusy | Code::DatabaseLocked) => {
            word("another instance has held its lock for 5 s", "end that instance, or wait for it")
        }
        Some(Code::NotADatabase | Code::DatabaseCorrupt) => damaged(path, &e.to_string()),
        Some(Code::CannotOpen) => {
            word("it cannot be opened to be written", "make the folder writable, or check the disk")
        }
        _ => {
            let what = format!("the history failed: {}", display_str(&e.to_string()));
            Error::new(Exit::Usage, what).at(folder::shown(path)).hint("check the disk")
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn at(folder: &Path) -> PathBuf {
        folder.join(folder::NAME).join(FILE)
    }

    fn told(folder: &Path) -> String {
        open(folder).expect_err("refused").to_string()
    }

    #[test]
    fn an_older_schema_is_copied_first_and_keeps_its_rows() {
        let folder = tempfile::tempdir().expect("a folder");
        folder::ensure(folder.path()).expect("made");
        let path = at(folder.path());
        folder::write_new(&path, b"", 0o600).expect("made");
        let old = Connection::open(&path).expect("opens");
        old.execute_batch(STEPS[0]).expect("the first schema");
        old.execute_batch(
            "PRAGMA user_version = 1; INSERT INTO exchange (run, number, at, who, method, scheme, host, port, target, size, form, facts)
             VALUES ('r', 1, 0, 'hand', 'GET', 'http', 'h', 80, '/', 0, 'masked', x'7b7d')",
        )
        .expect("a row");
        drop(old);
        let db = open(folder.path()).expect("brought up");
        assert_eq!(version(&db).expect("a version"), VERSION);
        let rows = |db: &Connection| db.query_row("SELECT count(*) FROM exchange", [], |r| r.get::<_, i64>(0));
        assert_eq!(rows(&db), Ok(1));
        let copy = backup(&path, 1);
        assert_eq!(fs::metadata(&copy).expect("a copy").permissions().mode() & 0o777, 0o600);
        let copy = Connection::open(copy).expect("opens");
        assert_eq!((version(&copy), rows(&copy)), (Ok(1), Ok(1)));
    }

    #[test]
    fn whoever_opens_a_new_one_at_the_same_moment_opens_it_too() {
        for _ in 0..40 {
            let folder = tempfile::tempdir().expect("a folder");
            let gate = std::sync::Barrier::new(4);
            std::thread::scope(|scope| {
                for _ in 0..4 {
                    scope.spawn(|| {
                        gate.wait();
                        open(folder.path()).expect("opened");
                    });
                }
            });
        }
    }

    #[test]
    fn a_newer_schema_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(open(folder.path()).expect("made"));
        let db = Connection::open(at(folder.path())).expect("opens");
        db.execute_batch("PRAGMA user_version = 99; CREATE TABLE tomorrow (a)").expect("changed");
        drop(db);
        let before = fs::read(at(folder.path())).expect("bytes");
        for said in [told(folder.path()), open_to_read(folder.path()).expect_err("refused").to_string()] {
            assert!(said.contains("newer lunette (schema 99") && said.contains("nothing was changed"), "{said}");
        }
        assert_eq!(fs::read(at(folder.path())).expect("bytes"), before);
    }

    #[test]
    fn what_is_no_history_is_left_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        folder::ensure(folder.path()).expect("made");
        for text in
            [&b"this is not a database, and is long enough to be told from one that is empty"[..], &[0x53; 9_000]]
        {
            fs::write(at(folder.path()), text).expect("write");
            fs::set_permissions(at(folder.path()), fs::Permissions::from_mode(0o600)).expect("chmod");
            let said = told(folder.path());
            assert!(said.contains("damaged") && said.contains("move it"), "{said}");
            assert_eq!(fs::read(at(folder.path())).expect("bytes"), text);
        }
        fs::set_permissions(at(folder.path()), fs::Permissions::from_mode(0o640)).expect("chmod");
        assert!(told(folder.path()).contains("chmod 600"));
        fs::remove_file(at(folder.path())).expect("removed");
        std::os::unix::fs::symlink("/dev/null", at(folder.path())).expect("a link");
        assert!(told(folder.path()).contains("not a plain file"));
    }

    #[test]
    fn a_run_that_did_not_end_makes_the_next_look_through_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let db = open(folder.path()).expect("made");
        for n in 0..2_000 {
            db.execute(
                "INSERT INTO exchange (run, number, at, who, method, scheme, host, port, target, size, form, facts)
                 VALUES ('r', ?1, 0, 'hand', 'GET', 'http', 'h', 80, '/', 0, 'masked', zeroblob(200))",
                [n],
            )
            .expect("a row");
        }
        // A process that is gone: none has the highest number.
        db.execute("INSERT INTO instance VALUES ('gone', ?1)", [i32::MAX]).expect("a row");
        drop(db);
        let db = open(folder.path()).expect("opens");
        enter(&db, folder.path(), "new").expect("whole");
        let left: Vec<String> = {
            let mut all = db.prepare("SELECT run FROM instance").expect("a query");
            all.query_map([], |r| r.get(0)).expect("rows").map(|r| r.expect("a row")).collect()
        };
        assert_eq!(left, ["new"]);
        db.execute("INSERT INTO instance VALUES ('gone', ?1)", [i32::MAX]).expect("a row");
        drop(db);
        // A page in the middle is overwritten.
        let mut bytes = fs::read(at(folder.path())).expect("bytes");
        let middle = bytes.len() / 2 / 4_096 * 4_096;
        bytes[middle..middle + 4_096].fill(0x5a);
        fs::write(at(folder.path()), &bytes).expect("write");
        let db = open(folder.path()).expect("the first pages are whole");
        let said = enter(&db, folder.path(), "new").expect_err("damaged").to_string();
        assert!(said.contains("damaged"), "{said}");
    }
}
