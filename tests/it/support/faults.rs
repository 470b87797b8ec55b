//! A disk that says no: a library that is loaded before the C library fails the calls that a file of faults names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tempfile::TempDir;

/// `errno` of a full disk.
pub const FULL: i32 = 28;
/// `errno` of a disk that fails.
pub const FAILS: i32 = 5;
/// `errno` of a disk that is read-only.
pub const READ_ONLY: i32 = 30;

/// The faults of one program.
pub struct Faults {
    folder: TempDir,
}

fn library() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BUILT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/faults.c");
        let made = Command::new("gcc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
            .args([&path, &source])
            .arg("-ldl")
            .status()
            .expect("gcc");
        assert!(made.success());
        (folder, path)
    });
    path
}

impl Faults {
    /// None yet.
    pub fn none() -> Self {
        let faults = Self { folder: tempfile::tempdir().expect("a folder") };
        faults.set("");
        faults
    }

    /// These from now on: lines of `PART ERRNO [KEEP]`, or `statfs MAGIC`.
    pub fn set(&self, lines: &str) {
        let part = self.folder.path().join("part");
        fs::write(&part, lines).expect("write");
        fs::rename(part, self.file()).expect("rename");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("faults")
    }

    /// The variables with which a program has them.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        [
            ("LD_PRELOAD", library().to_str().expect("UTF-8").to_owned()),
            ("LUNETTE_FAULTS", self.file().to_str().expect("UTF-8").to_owned()),
        ]
    }
}
