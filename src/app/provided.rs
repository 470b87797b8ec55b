//! Sources that are no files: texts given by name, beside the files of the disk.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::base::text::display_str;
use crate::base::{Error, Result};
use crate::wire::{BlocksRead, Listing, Load};

/// Gives named texts, and everything else from another loader.
pub struct Provided {
    texts: HashMap<PathBuf, Vec<u8>>,
    rest: Arc<dyn Load>,
}

impl Provided {
    /// Texts by name, before those of `rest`.
    pub fn new(texts: impl IntoIterator<Item = (PathBuf, String)>, rest: Arc<dyn Load>) -> Self {
        Self { texts: texts.into_iter().map(|(n, t)| (n, t.into_bytes())).collect(), rest }
    }
}

impl Load for Provided {
    fn whole(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        match self.texts.get(path) {
            Some(text) => Ok(text.clone()),
            None => self.rest.whole(path, cap),
        }
    }

    fn exact(&self, path: &Path, cap: u64) -> Result<Vec<u8>> {
        self.texts.get(path).map_or_else(|| self.rest.exact(path, cap), |text| Ok(text.clone()))
    }

    fn blocks(&self, path: &Path, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<BlocksRead> {
        match self.texts.get(path) {
            Some(text) => {
                let _ = each(text, text.len() as u64);
                Ok(BlocksRead { bytes: text.len() as u64, stopped: None })
            }
            None => self.rest.blocks(path, each),
        }
    }

    fn follow(&self, path: &Path, each: &mut dyn FnMut(&[u8]) -> ControlFlow<()>) -> Result<()> {
        if self.texts.contains_key(path) {
            return Err(Error::input("this log is made up and does not grow").at(display_str(&path.to_string_lossy())));
        }
        self.rest.follow(path, each)
    }

    fn below(&self, folder: &Path, name: &str, cap: u64) -> Result<Vec<u8>> {
        self.rest.below(folder, name, cap)
    }

    fn remote(&self, url: &str, cap: u64) -> Result<Vec<u8>> {
        self.rest.remote(url, cap)
    }

    fn listing(&self, path: &Path) -> Result<Option<Listing>> {
        if self.texts.contains_key(path) { Ok(None) } else { self.rest.listing(path) }
    }
}
