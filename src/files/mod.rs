//! Floor 4: the reviewer's own files. Opens them, caps them, reads them in blocks.
//!
//! Files are read and not mapped: a log that is truncated while it is mapped would end the program.

mod folder;
mod scratch;

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::Path;

use crate::base::{Error, Result, error::nearest, text::display};
use crate::wire::{Listing, Load};

pub use scratch::Scratch;

/// Largest specification that is read unless the user says otherwise.
pub const SPEC_CAP: u64 = 64 << 20;

/// Bytes read at a time.
const BLOCK: usize = 512 << 10;
/// Names of a folder looked at for a suggestion.
const MOST_NAMES: usize = 10_000;

/// The disk of this machine. Only regular files are read: opening a pipe or a device could block for ever.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Load for Disk {
    fn whole(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        let (file, size) = open(path)?;
        if size > cap {
            return Err(too_large(path, Some(size), cap));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).saturating_add(1));
        // One byte more than the cap tells a file that grew from one that fits.
        file.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| failed(path, &e))?;
        if bytes.len() as u64 > cap {
            return Err(too_large(path, None, cap));
        }
        if bytes.is_empty() {
            return Err(empty(path));
        }
        refuse_compressed(path, &bytes)?;
        Ok(bytes)
    }

    fn blocks(&self, path: &Path, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<u64> {
        let (mut file, size) = open(path)?;
        let mut block = vec![0; BLOCK];
        let mut done = 0u64;
        loop {
            let n = match file.read(&mut block) {
                Ok(n) => n,
                Err(e) if e.kind() == ErrorKind::Interrupted => continue,
                Err(e) => return Err(failed(path, &e)),
            };
            if n == 0 {
                return if done == 0 { Err(empty(path)) } else { Ok(done) };
            }
            if done == 0 {
                refuse_compressed(path, &block[..n])?;
            }
            done += n as u64;
            if each(&block[..n], size.max(done)).is_break() {
                return Ok(done);
            }
        }
    }

    fn below(&self, folder: &Path, name: &str, cap: u64) -> Result<Vec<u8>> {
        self.whole(&folder::below(folder, name)?, cap)
    }

    fn listing(&self, path: &Path) -> Result<Option<Listing>> {
        folder::listing(path)
    }
}

fn open(path: &Path) -> Result<(File, u64)> {
    // Asked before opening, because opening a pipe waits for a writer.
    let facts = fs::metadata(path).map_err(|e| failed(path, &e))?;
    if facts.is_dir() {
        return Err(Error::input("this is a folder").at(shown(path)).hint("name a file in it"));
    }
    if !facts.is_file() {
        return Err(Error::input("this is a pipe, socket or device, and only files are read")
            .at(shown(path))
            .hint("save it to a file first"));
    }
    let file = File::open(path).map_err(|e| failed(path, &e))?;
    Ok((file, facts.len()))
}

fn failed(path: &Path, e: &std::io::Error) -> Error {
    let at = shown(path);
    match e.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let error = Error::input("there is no such file").at(at);
            match near_name(path) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error.hint("check the path"),
            }
        }
        ErrorKind::PermissionDenied => {
            Error::input("reading it is not permitted").at(at).hint("check who owns the file and the folders above it")
        }
        _ => Error::input(format!("it cannot be read: {}", display(e.to_string().as_bytes())))
            .at(at)
            .hint("check the path and the disk"),
    }
}

/// A name in the same folder that is nearly the one that was asked for, with its folder.
fn near_name(path: &Path) -> Option<String> {
    let wanted = path.file_name()?.to_str()?;
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names: Vec<String> = fs::read_dir(folder)
        .ok()?
        .take(MOST_NAMES)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    let near = nearest(wanted, names.iter().map(String::as_str))?;
    Some(shown(&path.with_file_name(near)))
}

fn too_large(path: &Path, size: Option<u64>, cap: u64) -> Error {
    let mib = |n: u64| format!("{:.1} MiB", n as f64 / f64::from(1 << 20));
    let what = size.map_or_else(|| "it".to_owned(), |s| format!("it is {}, which", mib(s)));
    Error::input(format!("{what} is more than the {} that are read", mib(cap)))
        .at(shown(path))
        .hint("split the document, or give the part that matters")
}

fn empty(path: &Path) -> Error {
    Error::input("the file is empty").at(shown(path)).hint("check that it was written completely")
}

fn refuse_compressed(path: &Path, start: &[u8]) -> Result<()> {
    let (kind, tool) = match start {
        [0x1f, 0x8b, ..] => ("gzip", "gunzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => ("zstd", "unzstd"),
        _ => return Ok(()),
    };
    Err(Error::input(format!("the file is compressed with {kind}, which is not read yet"))
        .at(shown(path))
        .hint(format!("decompress it first: {tool} {}", shown(path))))
}

fn shown(path: &Path) -> String {
    display(path.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn said(e: &Error) -> String {
        e.to_string()
    }

    #[test]
    fn reads_whole_files_and_blocks() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.log");
        let bytes = vec![b'x'; BLOCK * 2 + 7];
        fs::write(&path, &bytes).expect("write");
        assert_eq!(Disk.whole(&path, SPEC_CAP).expect("read"), bytes);
        let mut got = Vec::new();
        let n = Disk.blocks(&path, &mut |b, total| {
            assert_eq!(total, bytes.len() as u64);
            got.extend_from_slice(b);
            ControlFlow::Continue(())
        });
        assert_eq!((n, got.len()), (Ok(bytes.len() as u64), bytes.len()));
        let n = Disk.blocks(&path, &mut |_, _| ControlFlow::Break(()));
        assert_eq!(n, Ok(BLOCK as u64));
    }

    #[test]
    fn what_cannot_be_read_says_why_and_what_next() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("openapi.json"), b"{}").expect("write");
        fs::write(at("none"), b"").expect("write");
        fs::write(at("l.gz"), b"\x1f\x8b\x08").expect("write");
        fs::write(at("l.zst"), b"\x28\xb5\x2f\xfd\0").expect("write");
        let whole = |name: &str| said(&Disk.whole(&at(name), 1).expect_err(name));
        assert!(whole("opnapi.json").contains("did you mean"));
        assert!(whole("opnapi.json").contains("openapi.json?"));
        assert!(whole("zzz").contains("no such file"));
        assert!(whole("openapi.json/x").contains("no such file"));
        assert!(whole("openapi.json").contains("more than the 0.0 MiB"));
        assert!(whole("none").contains("empty"));
        assert!(said(&Disk.whole(folder.path(), 1).expect_err("folder")).contains("folder"));
        assert!(said(&Disk.whole(Path::new("/dev/zero"), 1).expect_err("device")).contains("device"));
        let blocks = |name: &str| said(&Disk.blocks(&at(name), &mut |_, _| ControlFlow::Continue(())).expect_err(name));
        assert!(blocks("l.gz").contains("gunzip"));
        assert!(blocks("l.zst").contains("zstd"));
        assert!(blocks("none").contains("empty"));
    }

    #[test]
    fn a_locked_file_is_named() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("locked");
        fs::write(&path, b"x").expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).expect("chmod");
        // The superuser reads everything, so there is nothing to see then.
        if let Err(e) = Disk.whole(&path, 10) {
            assert!(said(&e).contains("not permitted"));
        }
    }

    #[test]
    fn a_pipe_does_not_block() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        if made.is_ok_and(|s| s.success()) {
            assert!(said(&Disk.whole(&path, 10).expect_err("pipe")).contains("pipe"));
        }
    }
}
