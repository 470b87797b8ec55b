//! Files for bodies that are too large for memory. Such a file has no name from the moment it is there, so that nobody else opens
//! it and it is gone with the program, however that ends.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use bytes::Bytes;

use super::map::Map;
use super::scratch::mark;
use crate::wire::{Spill, Spilling};

impl Spill for super::Disk {
    fn begin(&self) -> io::Result<Box<dyn Spilling>> {
        let path = std::env::temp_dir().join(format!("lunette-body-{}", mark()));
        // It must not be there yet, so that it is nobody else's.
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
        fs::remove_file(&path)?;
        Ok(Box::new(Nameless { file, length: 0 }))
    }
}

/// A file without a name.
struct Nameless {
    file: File,
    length: u64,
}

impl Spilling for Nameless {
    fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.length += bytes.len() as u64;
        Ok(())
    }

    fn whole(self: Box<Self>) -> io::Result<Bytes> {
        Ok(match Map::of(&self.file, self.length)? {
            Some(map) => Bytes::from_owner(map),
            None => Bytes::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Disk;
    use super::*;

    fn open_files() -> Vec<String> {
        let all = fs::read_dir("/proc/self/fd").expect("a list").flatten();
        let names = all.filter_map(|e| fs::read_link(e.path()).ok()?.into_os_string().into_string().ok());
        names.filter(|n| n.contains("lunette-body-")).collect()
    }

    #[test]
    fn a_file_has_no_name_and_gives_back_its_bytes() {
        let mut file = Disk.begin().expect("a file");
        let (first, second) = (vec![b'a'; 1 << 20], vec![b'b'; 77]);
        file.push(&first).expect("room");
        file.push(&second).expect("room");
        assert!(open_files().iter().any(|n| n.ends_with("(deleted)")), "{:?}", open_files());
        let whole = file.whole().expect("a map");
        assert!(whole == [first, second].concat());
        // A part of it keeps the whole.
        let part = whole.slice((1 << 20) - 1..=1 << 20);
        drop(whole);
        assert_eq!(part, &b"ab"[..]);
        assert!(Disk.begin().expect("a file").whole().expect("nothing").is_empty());
    }

    #[test]
    fn what_fails_within_keeps_what_was_written() {
        let mut file = Nameless { file: File::open("/dev/null").expect("it is there"), length: 0 };
        assert!(file.push(b"x").is_err(), "it is open for reading alone");
        assert_eq!(file.length, 0);
    }
}
