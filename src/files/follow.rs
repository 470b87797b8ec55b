//! A file that grows, read as it does.

use std::fs::{self, File};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom};
use std::ops::ControlFlow;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::Duration;

use super::{BLOCK, failed, open, shown};
use crate::base::{Error, Result};

/// How long nothing new is waited for.
const PAUSE: Duration = Duration::from_millis(200);
/// How packed files begin: gzip and Zstandard.
const PACKED: [&[u8]; 2] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd"];

/// What has become of the file under its name.
enum Turn {
    /// It is the same.
    Same,
    /// It is shorter than what was read of it.
    Cut,
    /// Another stands there.
    Other(File),
}

/// Reads a file from its start, and what is added to it until `each` breaks; an empty block says that there is nothing new for
/// now. A file that takes its place is read after it, and one that is cut short is read from its start again; a line that was
/// broken off there is ended.
///
/// # Errors
/// It cannot be read, or is packed.
pub(super) fn follow(path: &Path, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()> {
    let (mut file, _) = open(path)?;
    let mut block = vec![0; BLOCK];
    let (mut at, mut whole, mut left) = (0u64, true, false);
    loop {
        let n = match file.read(&mut block) {
            Ok(n) => n,
            Err(e) if e.kind() == ErrorKind::Interrupted => continue,
            Err(e) => return Err(failed(path, &e)),
        };
        if at == 0 && PACKED.iter().any(|p| block[..n].starts_with(p)) {
            let error = Error::input("a packed file does not grow line by line").at(shown(path));
            return Err(error.hint("follow the log that is being written"));
        }
        at += n as u64;
        if n > 0 {
            whole = block[n - 1] == b'\n';
            if each(&block[..n]).is_break() {
                return Ok(());
            }
            continue;
        }
        match turn(path, &file, at) {
            // Who writes it may not have noticed yet: one look more at what was left.
            Turn::Other(_) if !left => left = true,
            turn @ (Turn::Other(_) | Turn::Cut) => {
                if !whole && each(b"\n").is_break() {
                    return Ok(());
                }
                match turn {
                    Turn::Other(next) => file = next,
                    _ => file.seek(SeekFrom::Start(0)).map(drop).map_err(|e| failed(path, &e))?,
                }
                (at, whole, left) = (0, true, false);
                continue;
            }
            Turn::Same => left = false,
        }
        if each(&[]).is_break() {
            return Ok(());
        }
        std::thread::sleep(PAUSE);
    }
}

fn turn(path: &Path, file: &File, at: u64) -> Turn {
    // Between two steps of a rotation nothing may stand there.
    let (Ok(there), Ok(here)) = (fs::metadata(path), file.metadata()) else { return Turn::Same };
    if (there.dev(), there.ino()) == (here.dev(), here.ino()) {
        return if there.len() < at { Turn::Cut } else { Turn::Same };
    }
    open(path).map_or(Turn::Same, |(file, _)| Turn::Other(file))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    /// Follows while `steps` are done one by one, each once all before it was read; gives what was read.
    fn followed(first: &str, steps: &mut dyn FnMut(&Path, usize) -> bool) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("gw.log");
        fs::write(&path, first).expect("write");
        let (mut got, mut step, mut idle) = (Vec::new(), 0, 0);
        follow(&path, &mut |block| {
            got.extend_from_slice(block);
            if !block.is_empty() {
                idle = 0;
                return ControlFlow::Continue(());
            }
            idle += 1;
            if idle < 3 {
                return ControlFlow::Continue(());
            }
            idle = 0;
            step += 1;
            if steps(&path, step) { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })
        .expect("followed");
        String::from_utf8(got).expect("text")
    }

    fn append(path: &Path, text: &str) {
        fs::OpenOptions::new().append(true).open(path).and_then(|mut f| f.write_all(text.as_bytes())).expect("append");
    }

    #[test]
    fn what_is_added_is_read_and_a_rotation_loses_nothing() {
        let mut old = None;
        let got = followed("a\n", &mut |path, step| {
            match step {
                1 => append(path, "b\nhal"),
                2 => {
                    let moved = path.with_extension("1");
                    fs::rename(path, &moved).expect("rename");
                    // Who writes has the old one open still.
                    append(&moved, "f\nlate");
                    fs::write(path, "new\n").expect("write");
                    old = Some(moved);
                }
                3 => append(path, "more\n"),
                _ => return false,
            }
            true
        });
        assert_eq!(got, "a\nb\nhalf\nlate\nnew\nmore\n");
    }

    #[test]
    fn what_is_cut_short_is_read_from_its_start() {
        let got = followed("one\ntwo\nthr", &mut |path, step| {
            match step {
                1 => fs::write(path, "x\n").expect("truncate"),
                2 => append(path, "y\n"),
                _ => return false,
            }
            true
        });
        assert_eq!(got, "one\ntwo\nthr\nx\ny\n");
    }

    #[test]
    fn packed_files_do_not_grow() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.gz");
        fs::write(&path, b"\x1f\x8b\x08\0").expect("write");
        let e = follow(&path, &mut |_| ControlFlow::Continue(())).expect_err("packed");
        assert!(e.to_string().contains("packed"), "{e}");
    }
}
