//! Floor 4: the reviewer's own files. Opens them, unpacks them, caps them, reads them in blocks; `-` is standard input.
//!
//! Files are read and not mapped: a log that is truncated while it is mapped would end the program. The files that large bodies go to are our own.

mod export;
mod folder;
mod follow;
mod map;
mod scratch;
mod spill;

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::ops::ControlFlow;
use std::path::Path;

use crate::base::{Error, Result, error::nearest, text::display};
use crate::wire::{BlocksRead, Listing, Load};

mod stdin;
mod unpack;

pub use export::{below, export, is_file};
pub use scratch::Scratch;
use unpack::{BOMB, Unpacked, is_stdin};

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
        whole_of(path, cap, |each| self.blocks(path, each))
    }

    fn exact(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        if is_stdin(path) {
            return self.whole(path, cap);
        }
        let (file, _) = open(path)?;
        let mut bytes = Vec::new();
        // One byte more than the cap tells a file that is larger from one that fits.
        file.take(cap.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| failed(path, &e))?;
        if bytes.len() as u64 > cap { Err(too_large(path, None, cap)) } else { Ok(bytes) }
    }

    fn blocks(&self, path: &Path, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<BlocksRead> {
        if is_stdin(path) {
            return stdin::blocks(|input, left| blocks_of(path, input, 0, each, left));
        }
        let (file, size) = open(path)?;
        let mut file = Unpacked::new(file).map_err(|e| failed(path, &e))?;
        blocks_of(path, &mut file, size, each, &mut Vec::new())
    }

    fn follow(&self, path: &Path, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()> {
        if is_stdin(path) {
            return Err(Error::input("standard input is read to its end anyway").hint("name a file to follow"));
        }
        follow::follow(path, each)
    }

    fn below(&self, folder: &Path, name: &str, cap: u64) -> Result<Vec<u8>> {
        self.whole(&folder::below(folder, name)?, cap)
    }

    fn listing(&self, path: &Path) -> Result<Option<Listing>> {
        folder::listing(path)
    }
}

/// Bytes that came another way, whole and unpacked as those of a file are.
///
/// # Errors
/// As [`Load::whole`].
pub fn unpacked(path: &Path, bytes: &[u8], cap: u64) -> Result<Vec<u8>> {
    whole_of(path, cap, |each| blocks(path, bytes, each))
}

/// The same in blocks.
///
/// # Errors
/// As [`Load::blocks`].
pub fn blocks(path: &Path, bytes: &[u8], each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<BlocksRead> {
    let size = bytes.len() as u64;
    let mut unpacked = Unpacked::new(bytes).map_err(|e| failed(path, &e))?;
    blocks_of(path, &mut unpacked, size, each, &mut Vec::new())
}

/// What takes a file block by block, with the bytes there are in all.
type Each<'a> = &'a mut dyn FnMut(&[u8], u64) -> ControlFlow<()>;

/// All blocks that `read` gives, at most `cap` bytes.
fn whole_of(path: &Path, cap: u64, read: impl FnOnce(Each<'_>) -> Result<BlocksRead>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut over = None;
    let read = read(&mut |block, total| {
        // One byte more than the cap tells a file that grew from one that fits.
        if total > cap || bytes.len() as u64 + block.len() as u64 > cap {
            over = Some((total > cap).then_some(total));
            return ControlFlow::Break(());
        }
        bytes.extend_from_slice(block);
        ControlFlow::Continue(())
    })?;
    if let Some(size) = over {
        return Err(too_large(path, size, cap));
    }
    match read.stopped {
        None => Ok(bytes),
        Some(why) => Err(Error::input(why).at(shown(path)).hint("pack it again, or give the plain file")),
    }
}

/// Reads to the end or a break. The block at which it breaks is kept in `left`.
fn blocks_of(
    path: &Path,
    file: &mut Unpacked<impl Read>,
    size: u64,
    each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>,
    left: &mut Vec<u8>,
) -> Result<BlocksRead> {
    let mut block = vec![0; BLOCK];
    let mut done = 0u64;
    let total = if file.is_packed() { 0 } else { size };
    loop {
        let (n, fault) = fill(file, &mut block);
        done += n as u64;
        if n > 0 && each(&block[..n], total.max(done)).is_break() {
            left.extend_from_slice(&block[..n]);
            return Ok(BlocksRead { bytes: done, stopped: None });
        }
        match fault {
            // Of a packed file what came before it broke off is as good as of any other.
            Some(e) if file.is_packed() && done > 0 => {
                let why = match e.kind() {
                    BOMB => "it unpacks to more than 500 times its size",
                    ErrorKind::UnexpectedEof => "the compressed file is cut short",
                    _ => "the compressed file is damaged",
                };
                return Ok(BlocksRead { bytes: done, stopped: Some(format!("{why}; what came before is kept")) });
            }
            Some(e) if file.is_packed() => {
                let what = format!("the compressed file cannot be read: {}", display(e.to_string().as_bytes()));
                return Err(Error::input(what).at(shown(path)).hint("check that it was written completely"));
            }
            Some(e) => return Err(failed(path, &e)),
            None if done == 0 => return Err(empty(path)),
            // A log that is rotated by copying is cut while it is read.
            None if n < block.len() && done < total => {
                let stopped = Some("it became shorter while it was read; what was there is kept".to_owned());
                return Ok(BlocksRead { bytes: done, stopped });
            }
            None if n < block.len() => return Ok(BlocksRead { bytes: done, stopped: None }),
            None => {}
        }
    }
}

/// Fills a block as far as the file goes: how much there is, and what ended it early.
fn fill(file: &mut impl Read, block: &mut [u8]) -> (usize, Option<std::io::Error>) {
    let mut n = 0;
    while n < block.len() {
        match file.read(&mut block[n..]) {
            Ok(0) => break,
            Ok(more) => n += more,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return (n, Some(e)),
        }
    }
    (n, None)
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
        assert_eq!((n.expect("read").bytes, got.len()), (bytes.len() as u64, bytes.len()));
        let n = Disk.blocks(&path, &mut |_, _| ControlFlow::Break(()));
        assert!(n.is_ok_and(|n| n.bytes <= BLOCK as u64));
    }

    #[test]
    fn what_cannot_be_read_says_why_and_what_next() {
        let folder = tempfile::tempdir().expect("folder");
        let at = |name: &str| folder.path().join(name);
        fs::write(at("openapi.json"), b"{}").expect("write");
        fs::write(at("none"), b"").expect("write");
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
        assert!(blocks("none").contains("empty"));
    }

    /// Text that packs well, in gzip with two members and in zstd with two frames.
    fn packed() -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let text: Vec<u8> =
            (0..200_000u32).flat_map(|i| format!("line {}\n", i.wrapping_mul(2_654_435_761)).into_bytes()).collect();
        let (a, b) = text.split_at(text.len() / 3);
        let gzip = |part: &[u8]| {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut writer, part).expect("pack");
            writer.finish().expect("pack")
        };
        let zstd = |part: &[u8]| zstd::stream::encode_all(part, 1).expect("pack");
        (text.clone(), [gzip(a), gzip(b)].concat(), [zstd(a), zstd(b)].concat())
    }

    #[test]
    fn packed_files_are_unpacked_and_cut_ones_keep_what_came() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a");
        let (text, gzip, zstd) = packed();
        for bytes in [gzip, zstd] {
            fs::write(&path, &bytes).expect("write");
            assert_eq!(Disk.whole(&path, SPEC_CAP).expect("read"), text);
            assert!(said(&Disk.whole(&path, 1000).expect_err("large")).contains("more than"));
            fs::write(&path, &bytes[..bytes.len() - 5_000]).expect("write");
            let mut got = Vec::new();
            let read = Disk.blocks(&path, &mut |b, _| {
                got.extend_from_slice(b);
                ControlFlow::Continue(())
            });
            let read = read.expect("a part");
            assert!(read.stopped.is_some_and(|s| s.contains("cut short")));
            assert!(got.len() > text.len() / 2 && text.starts_with(&got));
            assert!(said(&Disk.whole(&path, SPEC_CAP).expect_err("cut")).contains("cut short"));
        }
        fs::write(&path, b"\x1f\x8b\x08").expect("write");
        assert!(said(&Disk.whole(&path, SPEC_CAP).expect_err("head")).contains("written completely"));
    }

    #[test]
    fn a_bomb_is_stopped() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.zst");
        let frame = zstd::stream::encode_all(vec![0; 64 << 20].as_slice(), 1).expect("pack");
        fs::write(&path, frame.repeat(12)).expect("write");
        let read = Disk.blocks(&path, &mut |_, _| ControlFlow::Continue(())).expect("a part");
        assert!(read.stopped.is_some_and(|s| s.contains("500 times")));
        assert!(read.bytes < 300 << 20);
    }

    #[test]
    fn what_is_cut_or_grows_while_it_is_read_ends() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("a.log");
        fs::write(&path, vec![b'x'; BLOCK * 3]).expect("write");
        let cut = |_: &[u8], _| {
            fs::OpenOptions::new().write(true).open(&path).expect("open").set_len(BLOCK as u64 + 5).expect("cut");
            ControlFlow::Continue(())
        };
        let read = Disk.blocks(&path, &mut { cut }).expect("a part");
        assert_eq!(read.bytes, BLOCK as u64 + 5);
        assert!(read.stopped.is_some_and(|s| s.contains("became shorter")));
        // Under another name, and another file in its place: what was opened is read to its end.
        fs::write(&path, vec![b'x'; BLOCK * 2]).expect("write");
        let mut turned = false;
        let read = Disk.blocks(&path, &mut |_, _| {
            if !std::mem::replace(&mut turned, true) {
                fs::rename(&path, folder.path().join("a.log.1")).expect("rename");
                fs::write(&path, b"new").expect("write");
            }
            ControlFlow::Continue(())
        });
        assert_eq!(read.expect("the whole"), BlocksRead { bytes: BLOCK as u64 * 2, stopped: None });
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
