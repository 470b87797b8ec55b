//! The folder `.lunette/` of a workspace: the user's own, and nobody else's to read.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, OFlags, flock};
use zeroize::Zeroizing;

use crate::base::text::{display, display_str};
use crate::base::{Error, Result};

/// Its name.
pub const NAME: &str = ".lunette";

/// The folder below `workspace`, made when it is not there, with mode 0700 and a `.gitignore` that keeps all of it out.
///
/// # Errors
/// It cannot be made, is no folder, or others may read it.
pub fn ensure(workspace: &Path) -> Result<PathBuf> {
    let folder = workspace.join(NAME);
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => {}
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(failed(&folder, &e)),
    }
    private(&folder, true)?;
    let ignore = folder.join(".gitignore");
    if fs::symlink_metadata(&ignore).is_err() {
        match write_new(&ignore, b"*\n", 0o600) {
            // Another instance was first.
            Err(_) if ignore.exists() => {}
            other => other?,
        }
    }
    Ok(folder)
}

/// Refuses what is not the kind of thing it should be, or that others may read.
///
/// # Errors
/// One sentence with the command that mends it.
pub fn private(path: &Path, folder: bool) -> Result<()> {
    let facts = fs::symlink_metadata(path).map_err(|e| failed(path, &e))?;
    let right = if folder { facts.is_dir() } else { facts.is_file() };
    if !right {
        return Err(misplaced(path, folder));
    }
    unshared(path, &facts, folder)
}

fn misplaced(path: &Path, folder: bool) -> Error {
    let what = if folder { "this is not a folder" } else { "this is not a plain file" };
    Error::input(what).at(shown(path)).hint("move it away; nothing was changed")
}

/// Refuses what others may read.
fn unshared(path: &Path, facts: &Metadata, folder: bool) -> Result<()> {
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let wanted = if folder { "700" } else { "600" };
        return Err(Error::input(format!("group or others may use it (mode {mode:04o}), and it is yours alone"))
            .at(shown(path))
            .hint(format!("chmod {wanted} {}", shown(path))));
    }
    Ok(())
}

/// Writes a file that must not be there yet, and leaves no half of one.
///
/// # Errors
/// It is there, or cannot be written.
pub fn write_new(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(|e| failed(path, &e))?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| {
        let _ = fs::remove_file(path);
        failed(path, &e)
    })
}

/// Reads a file of secrets: one's own, of at most `cap` bytes, and nobody else's to read. `None` when there is none. What is
/// judged is the file that was opened, not its name; a pipe is taken too where `piped` says so.
///
/// # Errors
/// It cannot be read, is too large, something else, or others may read it.
pub fn read_private(path: &Path, cap: u64, piped: bool) -> Result<Option<Zeroizing<Vec<u8>>>> {
    // A link is followed only to where the user's own name for a file leads; in our folder there are none.
    let flags = if piped { OFlags::empty() } else { OFlags::NOFOLLOW | OFlags::NONBLOCK };
    let unread = |e: &io::Error| {
        Error::input(format!("it cannot be read: {}", display_str(&e.to_string())))
            .at(shown(path))
            .hint("check who owns it")
    };
    let file = match OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) if e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            return Err(misplaced(path, false));
        }
        Err(e) => return Err(unread(&e)),
    };
    let facts = file.metadata().map_err(|e| unread(&e))?;
    let right = facts.is_file() || piped && facts.file_type().is_fifo();
    if !right {
        return Err(misplaced(path, false));
    }
    unshared(path, &facts, false)?;
    // Room for all of it at once, so that growing leaves no copy behind.
    let room = if facts.is_file() { facts.len().min(cap) } else { cap };
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(room).unwrap_or(0).saturating_add(64)));
    file.take(cap + 1).read_to_end(&mut bytes).map_err(|e| unread(&e))?;
    if bytes.len() as u64 > cap {
        return Err(Error::input(format!("it is larger than {cap} bytes"))
            .at(shown(path))
            .hint("look at what stands there; nothing was changed"));
    }
    Ok(Some(bytes))
}

/// Puts these bytes in the place of a file of ours, whole or not at all: written beside it, brought to the disk, and renamed.
/// Whoever calls this holds the lock of the folder, so a file that is found beside it is what a crash left.
///
/// # Errors
/// It cannot be written; the file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    match fs::remove_file(&beside) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(failed(&beside, &e)),
        _ => {}
    }
    write_new(&beside, bytes, 0o600)?;
    fs::rename(&beside, path).map_err(|e| {
        let _ = fs::remove_file(&beside);
        failed(path, &e)
    })?;
    // The new name is on the disk only with its folder.
    let parent = path.parent().unwrap_or(path);
    File::open(parent).and_then(|f| f.sync_all()).map_err(|e| failed(parent, &e))
}

/// The lock of the folder of `workspace`, for what replaces files in it.
///
/// # Errors
/// The folder cannot be opened, or another instance holds the lock for longer than `patience`.
pub fn lock(own: &Path, patience: Duration) -> Result<Locked> {
    let file = File::open(own).map_err(|e| failed(own, &e))?;
    Locked::take(file, FlockOperation::NonBlockingLockExclusive, patience).map_err(|e| failed(own, &e))
}

/// Holds an advisory lock until it is dropped.
#[must_use = "the lock is given back when this is dropped"]
pub struct Locked<F: std::os::fd::AsFd = File>(F);

impl<F: std::os::fd::AsFd> Locked<F> {
    /// Waits for the lock.
    ///
    /// # Errors
    /// Another instance holds it for longer than `patience`, or the disk refuses.
    pub fn take(file: F, how: FlockOperation, patience: Duration) -> io::Result<Self> {
        let began = Instant::now();
        let mut pause = Duration::from_micros(200);
        loop {
            match flock(&file, how) {
                Ok(()) => return Ok(Self(file)),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) if began.elapsed() < patience => {}
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    let s = patience.as_secs();
                    return Err(io::Error::other(format!("another instance has held its lock for {s} s")));
                }
                Err(e) => return Err(e.into()),
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(5));
        }
    }
}

impl<F: std::os::fd::AsFd> Drop for Locked<F> {
    fn drop(&mut self) {
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

/// What the disk said, in one sentence.
pub fn failed(path: &Path, e: &std::io::Error) -> Error {
    let hint = match e.kind() {
        ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied => {
            "make the folder writable, or work outside of the workspace"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => "make room on the disk",
        ErrorKind::NotFound => "the folder may have been moved; start again where it is now",
        ErrorKind::AlreadyExists => "nothing was overwritten; move it away first",
        _ => "check the disk",
    };
    Error::input(format!("it cannot be written: {}", display_str(&e.to_string()))).at(shown(path)).hint(hint)
}

/// A path in display form.
pub fn shown(path: &Path) -> String {
    display(path.as_os_str().as_encoded_bytes())
}

/// Kinds of file system that are on another machine (`statfs(2)`), by their magic number.
const NETWORK: &[(u64, &str)] = &[
    (0x6969, "NFS"),
    (0x517b, "SMB"),
    (0xff53_4d42, "CIFS"),
    (0xfe53_4d42, "SMB"),
    (0x5346_414f, "AFS"),
    (0x7375_7245, "Coda"),
    (0x00c3_6400, "Ceph"),
    (0x564c, "NCP"),
    (0x0bd0_0bd0, "Lustre"),
    (0x4750_4653, "GPFS"),
];

/// Refuses a folder on a network file system, where neither locks nor a write-ahead log can be relied on.
///
/// # Errors
/// It is one; or the system does not say.
pub fn local(path: &Path) -> Result<()> {
    let facts = rustix::fs::statfs(path).map_err(|e| failed(path, &e.into()))?;
    // The number may be signed; its low 32 bits are what is compared.
    let magic = facts.f_type.cast_unsigned() & 0xffff_ffff;
    match NETWORK.iter().find(|(m, _)| *m == magic) {
        Some((_, name)) => Err(Error::input(format!(
            "this folder is on a network file system ({name}), where several writers can damage what is kept"
        ))
        .at(shown(path))
        .hint("keep the workspace on a local disk")),
        None => Ok(()),
    }
}
