//! Bytes of a body as they come: in memory while they are few, then in a file that nobody else has.

use std::io;
use std::sync::Arc;

use bytes::Bytes;

use crate::base::text::display_str;
use crate::wire::{Spill, Spilling};

/// Bytes of one body that are held in memory.
pub const IN_MEMORY: usize = 8 << 20;
/// Bytes that are written to a file at once.
const BLOCK: usize = 1 << 20;

/// A body that grows.
pub struct Kept {
    memory: Vec<u8>,
    file: Option<Box<dyn Spilling>>,
    length: u64,
    /// What makes files; without one all is held in memory.
    spill: Option<Arc<dyn Spill>>,
    /// No file, or one that takes no more.
    full: bool,
}

/// A body that is whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whole {
    /// Its bytes.
    pub bytes: Bytes,
    /// Whether they stand in a file and not in memory.
    pub in_file: bool,
}

impl Kept {
    /// One without bytes.
    pub fn new(spill: Option<Arc<dyn Spill>>) -> Self {
        Self { memory: Vec::new(), file: None, length: 0, spill, full: false }
    }

    /// Bytes of it.
    pub fn len(&self) -> u64 {
        self.length
    }

    /// Takes more. What was taken before stays, whatever happens; a file is waited for here.
    ///
    /// # Errors
    /// In words, why there is no place for them.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), String> {
        if self.full {
            return Err(no_place("it takes no more"));
        }
        if self.file.is_none() && self.memory.len() + bytes.len() > IN_MEMORY && self.spill.is_some() {
            self.open().map_err(|e| self.stop(&e))?;
        }
        self.memory.extend_from_slice(bytes);
        self.length += bytes.len() as u64;
        if self.file.is_some() && self.memory.len() >= BLOCK {
            return self.write();
        }
        Ok(())
    }

    /// True where the next bytes are written to a file, which may take a moment.
    pub fn may_wait(&self, more: usize) -> bool {
        let most = if self.file.is_some() { BLOCK } else { IN_MEMORY };
        self.spill.is_some() && self.memory.len() + more >= most
    }

    fn open(&mut self) -> io::Result<()> {
        if let Some(spill) = &self.spill {
            self.file = Some(spill.begin()?);
        }
        Ok(())
    }

    fn stop(&mut self, e: &io::Error) -> String {
        self.full = true;
        no_place(&display_str(&e.to_string()))
    }

    fn write(&mut self) -> Result<(), String> {
        let Some(file) = &mut self.file else { return Ok(()) };
        match file.push(&self.memory) {
            Ok(()) => {
                self.memory.clear();
                // What held eight megabytes before there was a file holds one from here on.
                self.memory.shrink_to(2 * BLOCK);
                Ok(())
            }
            Err(e) => {
                self.length -= self.memory.len() as u64;
                self.memory = Vec::new();
                Err(self.stop(&e))
            }
        }
    }

    /// All that was taken.
    ///
    /// # Errors
    /// In words, what of it is lost, beside what is not.
    pub fn whole(mut self) -> (Whole, Result<(), String>) {
        if self.file.is_none() {
            return (Whole { bytes: self.memory.into(), in_file: false }, Ok(()));
        }
        let written = if self.memory.is_empty() { Ok(()) } else { self.write() };
        let Some(file) = self.file.take() else { return (Whole::default(), written) };
        match file.whole() {
            Ok(bytes) => (Whole { bytes, in_file: true }, written),
            Err(e) => (Whole::default(), Err(no_place(&display_str(&e.to_string())))),
        }
    }
}

fn no_place(why: &str) -> String {
    format!("the body is too large for memory, and there is no file for it ({why}); the rest is not kept")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files in memory, of which each takes so much.
    #[derive(Debug)]
    struct Small(usize);

    struct File(Vec<u8>, usize);

    impl Spill for Small {
        fn begin(&self) -> io::Result<Box<dyn Spilling>> {
            if self.0 == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(Box::new(File(Vec::new(), self.0))) }
        }
    }

    impl Spilling for File {
        fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
            if self.0.len() + bytes.len() > self.1 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(bytes);
            Ok(())
        }

        fn whole(self: Box<Self>) -> io::Result<Bytes> {
            Ok(self.0.into())
        }
    }

    fn filled(spill: Option<usize>, pieces: usize) -> (Kept, Vec<u8>, Result<(), String>) {
        let mut kept = Kept::new(spill.map(|room| Arc::new(Small(room)) as Arc<dyn Spill>));
        let (mut all, mut last) = (Vec::new(), Ok(()));
        for i in 0..pieces {
            let piece = vec![u8::try_from(i % 251).expect("a byte"); 100_003];
            last = kept.push(&piece);
            all.extend(piece);
        }
        (kept, all, last)
    }

    #[test]
    fn few_bytes_stay_in_memory_and_many_go_to_a_file() {
        for (spill, pieces, in_file) in
            [(None, 100, false), (Some(usize::MAX), 80, false), (Some(usize::MAX), 200, true)]
        {
            let (kept, all, last) = filled(spill, pieces);
            assert_eq!((last, kept.len()), (Ok(()), all.len() as u64));
            let (whole, end) = kept.whole();
            assert_eq!((whole.in_file, end), (in_file, Ok(())));
            assert!(whole.bytes == all, "{pieces} pieces are the same bytes");
        }
    }

    #[test]
    fn where_there_is_no_room_what_came_before_stays() {
        let (kept, all, last) = filled(Some(0), 200);
        assert!(last.is_err_and(|why| why.contains("no file for it")));
        let (whole, _) = kept.whole();
        assert!(!whole.in_file && whole.bytes.len() <= IN_MEMORY && all.starts_with(&whole.bytes));
        assert!(whole.bytes.len() > IN_MEMORY - 200_000);
        let (kept, all, last) = filled(Some(10 << 20), 200);
        assert!(last.is_err());
        let length = kept.len();
        let (whole, _) = kept.whole();
        assert_eq!((whole.in_file, whole.bytes.len() as u64), (true, length));
        assert!(whole.bytes.len() >= 8 << 20 && all.starts_with(&whole.bytes));
    }
}
