//! A file for other programs to read while this one runs.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::base::hash::sha256_hex;

/// A file in a folder of its own (0700) below the system's place for such. Both are gone once this is dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: PathBuf,
    path: PathBuf,
}

impl Scratch {
    /// Writes one. `name` is a plain file name.
    ///
    /// # Errors
    /// A disk that takes none.
    pub fn write(name: &str, bytes: &[u8]) -> io::Result<Self> {
        // The folder must not be there yet, so that it is nobody else's.
        let folder = std::env::temp_dir().join(format!("lunette-{}", mark()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let scratch = Self { path: folder.join(name), folder };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&scratch.path)?;
        file.write_all(bytes)?;
        Ok(scratch)
    }

    /// What stands in it by now, which another program may have written.
    ///
    /// # Errors
    /// It is gone, is no text, or is more than `cap` bytes.
    pub fn read(&self, cap: u64) -> io::Result<String> {
        let mut text = String::new();
        fs::File::open(&self.path)?.take(cap + 1).read_to_string(&mut text)?;
        if text.len() as u64 > cap { Err(io::Error::other(format!("it is more than {cap} bytes"))) } else { Ok(text) }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.folder);
    }
}

/// A name that another run, or another moment of this one, does not come to.
pub(super) fn mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let next = NEXT.fetch_add(1, Ordering::Relaxed);
    let all = format!("{} {next} {:?}", std::process::id(), std::time::SystemTime::now());
    sha256_hex(all.as_bytes())[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_and_then_gone() {
        let scratch = Scratch::write("ca.pem", b"x").expect("write");
        let path = scratch.path().to_owned();
        assert_eq!(fs::read(&path).expect("read"), b"x");
        drop(scratch);
        assert!(!path.exists() && !path.parent().expect("a folder").exists());
    }
}
