//! The folder `.lunette/` of a workspace: the user's own, and nobody else's to read.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

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
        let what = if folder { "this is not a folder" } else { "this is not a plain file" };
        return Err(Error::input(what).at(shown(path)).hint("move it away; nothing was changed"));
    }
    let mode = facts.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        let wanted = if folder { "700" } else { "600" };
        return Err(Error::input(format!("group or others may use it (mode {mode:04o}), and it holds what was done"))
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
