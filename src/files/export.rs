//! Files that the reviewer asks for by name.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::shown;
use crate::base::{Error, Result, text::display};

/// Writes a file that only its owner may read. What stands there already is replaced, whole or not at all, where `over` says
/// so; else nothing is written and the answer is `false`.
///
/// # Errors
/// The disk takes it not; there is no half file then.
pub fn export(path: &Path, bytes: &[u8], over: bool) -> Result<bool> {
    let failed = |e: &io::Error| {
        let (what, hint) = match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory => ("its folder is not there", "name one that is"),
            ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
                ("its folder may not be written to", "name one that is yours")
            }
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => ("the disk is full", "make room on it"),
            _ => {
                return Error::input(format!("it cannot be written: {}", display(e.to_string().as_bytes())))
                    .at(shown(path));
            }
        };
        Error::input(what).at(shown(path)).hint(hint)
    };
    let facts = fs::symlink_metadata(path);
    if facts.as_ref().is_ok_and(|f| !f.is_file()) {
        return Err(Error::input("what stands there is no file").at(shown(path)).hint("name another file"));
    }
    if facts.is_ok() && !over {
        return Ok(false);
    }
    let beside = beside(path);
    let mut file = match OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside) {
        Ok(file) => file,
        Err(e) => return Err(failed(&e)),
    };
    let written = file.write_all(bytes).and_then(|()| file.sync_all()).and_then(|()| {
        // A link fails where a name is taken, so what came there meanwhile is not lost either.
        if over { fs::rename(&beside, path) } else { fs::hard_link(&beside, path) }
    });
    if !over || written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    match written {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == ErrorKind::AlreadyExists && !over => Ok(false),
        Err(e) => Err(failed(&e)),
    }
}

/// A folder below another, made where it is not there.
///
/// # Errors
/// The disk takes it not.
pub fn below(folder: &Path, name: &str) -> Result<std::path::PathBuf> {
    let path = folder.join(name);
    match fs::create_dir(&path) {
        Err(e) if e.kind() != ErrorKind::AlreadyExists => {
            Err(Error::input(format!("it cannot be made: {}", display(e.to_string().as_bytes()))).at(shown(&path)))
        }
        _ => Ok(path),
    }
}

/// True when a path names a file.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

fn beside(path: &Path) -> std::path::PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}.new", std::process::id()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn what_is_there_stays_until_it_may_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.csv");
        assert!(export(&path, b"one", false).expect("written"));
        assert_eq!(fs::metadata(&path).expect("facts").permissions().mode() & 0o777, 0o600);
        assert!(!export(&path, b"two", false).expect("refused"));
        assert_eq!(fs::read(&path).expect("read"), b"one");
        assert!(export(&path, b"two", true).expect("written"));
        assert_eq!(fs::read(&path).expect("read"), b"two");
        assert_eq!(fs::read_dir(folder.path()).expect("list").count(), 1, "nothing is left beside it");
        for (name, says) in [("no/a.csv", "its folder is not there"), (".", "no file")] {
            let e = export(&folder.path().join(name), b"", true).expect_err(name);
            assert!(e.to_string().contains(says), "{e}");
        }
    }
}
