//! Sources given as URLs, beside the files of the disk.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use crate::base::secret::mask_url;
use crate::base::{Error, Exit, Result, text};
use crate::engine::{Downloader, Engine, Entry};
use crate::files;
use crate::wire::{BlocksRead, Listing, Load, Policy, Target};

use super::send::marked_agent;

/// Most that one source may have, and that all of those which are kept may have.
const MOST_BYTES: u64 = 256 << 20;
/// References to other hosts that are followed in one run, and the bytes of all of them.
const MOST_REFERENCES: usize = 100;
const MOST_REFERENCE_BYTES: usize = 64 << 20;

/// True for a source that is no file but stands at a URL.
pub fn is_url(source: &Path) -> bool {
    source.to_str().is_some_and(|s| s.contains("://"))
}

/// What is in scope since it was typed as a source.
///
/// # Errors
/// A URL that is none, or has another scheme.
pub fn scope(sources: &[PathBuf]) -> Result<Vec<Entry>> {
    let urls = sources.iter().filter(|s| is_url(s));
    urls.map(|s| Ok(Entry::typed(&Target::parse(s.to_string_lossy().as_bytes())?.origin))).collect()
}

/// A source as it is named to people: what is secret in a URL is masked.
pub fn named(source: &Path) -> String {
    let name = source.to_string_lossy();
    if is_url(source) { String::from_utf8_lossy(&mask_url(name.as_bytes())).into_owned() } else { name.into_owned() }
}

/// Gives what stands at URLs, and everything else from another loader. What a source begins with tells what it is, so one
/// that was looked at is kept until it is read; references are kept for the run.
pub struct Fetched {
    from: Downloader,
    /// Whether references that lead to URLs are followed.
    references: bool,
    rest: Arc<dyn Load>,
    kept: Mutex<HashMap<PathBuf, Bytes>>,
    followed: Mutex<HashMap<String, Result<Bytes>>>,
}

impl Fetched {
    /// Over an engine, by the name of this run, and the files of the disk; `references` that lead to URLs are followed or not.
    ///
    /// # Errors
    /// An engine that has ended.
    pub fn new(engine: &Engine, policy: Policy, run: &str, references: bool, rest: Arc<dyn Load>) -> Result<Self> {
        let ended = || Error::new(Exit::Interrupted, "the engine has ended");
        let from = engine.downloader(policy, marked_agent("source", run)).ok_or_else(ended)?;
        Ok(Self { from, references, rest, kept: Mutex::default(), followed: Mutex::default() })
    }

    fn source(&self, url: &Path, cap: u64) -> Result<Bytes> {
        if let Some(kept) = lock(&self.kept).remove(url) {
            return Ok(kept);
        }
        self.from.get(&url.to_string_lossy(), cap)
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load for Fetched {
    fn whole(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        if !is_url(path) {
            return self.rest.whole(path, cap);
        }
        let bytes = self.source(path, cap)?;
        files::unpacked(path, &bytes, cap).map_err(|e| e.at(text::display_str(&named(path))))
    }

    fn exact(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        // What is sent is on this disk: nothing is fetched for it.
        self.rest.exact(path, cap)
    }

    fn blocks(&self, path: &Path, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<BlocksRead> {
        if !is_url(path) {
            return self.rest.blocks(path, each);
        }
        let bytes = self.source(path, MOST_BYTES)?;
        let mut broke = false;
        let read = files::blocks(path, &bytes, &mut |block, total| {
            let flow = each(block, total);
            broke = flow.is_break();
            flow
        });
        if broke {
            // More than one source's worth is not held: what does not fit is fetched again.
            let mut kept = lock(&self.kept);
            if kept.values().map(Bytes::len).sum::<usize>() as u64 + bytes.len() as u64 <= MOST_BYTES {
                kept.insert(path.to_owned(), bytes);
            }
        }
        read.map_err(|e| e.at(text::display_str(&named(path))))
    }

    fn follow(&self, path: &Path, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()> {
        if is_url(path) {
            return Err(Error::input("what is fetched does not grow").at(text::display_str(&named(path))));
        }
        self.rest.follow(path, each)
    }

    fn below(&self, folder: &Path, name: &str, cap: u64) -> Result<Vec<u8>> {
        if is_url(folder) {
            return self.remote(&format!("{}/{name}", folder.to_string_lossy()), cap);
        }
        self.rest.below(folder, name, cap)
    }

    fn listing(&self, path: &Path) -> Result<Option<Listing>> {
        if is_url(path) { Ok(None) } else { self.rest.listing(path) }
    }

    fn remote(&self, url: &str, cap: u64) -> Result<Vec<u8>> {
        if !self.references {
            return self.rest.remote(url, cap);
        }
        let mut followed = lock(&self.followed);
        if !followed.contains_key(url) {
            let held: usize = followed.values().flatten().map(Bytes::len).sum();
            let got = if followed.len() >= MOST_REFERENCES || held >= MOST_REFERENCE_BYTES {
                Err(Error::input("there are more remote references than are followed"))
            } else {
                self.from.get(url, cap)
            };
            followed.insert(url.to_owned(), got);
        }
        let got = followed.get(url).cloned().unwrap_or_else(|| Err(Error::input("it was not fetched")));
        got.and_then(|bytes| files::unpacked(Path::new(url), &bytes, cap))
    }
}
