//! A file that nobody else can reach, read as memory.
//!
//! The files of others are read and never mapped, since whoever cuts one short ends the program that maps it. This one is our own:
//! it lost its name before anything was written, it is open nowhere else, and it is closed once it is mapped, so nobody is left
//! who could change it. What is gained is that a body of any size is bytes like any other to all who read it.
#![expect(unsafe_code, reason = "a file is mapped in no other way")]

use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::ptr::{NonNull, null_mut};

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// The bytes of a file.
pub struct Map {
    at: NonNull<u8>,
    length: usize,
}

// SAFETY: nothing writes to these bytes while they are there, so that any thread may read them, and any may free them.
unsafe impl Send for Map {}
// SAFETY: as above.
unsafe impl Sync for Map {}

impl Map {
    /// The first `length` bytes of a file that is ours alone and that long; `None` where that is nothing.
    ///
    /// # Errors
    /// A file that is shorter, or a machine that gives no room.
    pub fn of(file: &File, length: u64) -> io::Result<Option<Self>> {
        let there = file.metadata()?.len();
        let length = usize::try_from(length).map_err(io::Error::other)?;
        if there < length as u64 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if length == 0 {
            return Ok(None);
        }
        // SAFETY: the system chooses a place that nothing else has; the file is as long as what is mapped of it, and has no
        // name by which another could cut it short.
        let at = unsafe { mmap(null_mut(), length, ProtFlags::READ, MapFlags::PRIVATE, file, 0)? };
        Ok(NonNull::new(at.cast::<u8>()).map(|at| Self { at, length }))
    }
}

impl AsRef<[u8]> for Map {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: all of it is mapped for reading until this is dropped, and never written to.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.length) }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        // SAFETY: it was mapped with this place and length, and nobody holds its bytes any more.
        let _ = unsafe { munmap(self.at.as_ptr().cast::<c_void>(), self.length) };
    }
}
