//! Use case: a part of the list becomes a file.

use std::path::Path;

use crate::base::{Error, Result};
use crate::files;
use crate::inventory::Inventory;
use crate::report::listing::Listing;

/// What came of it.
#[derive(Debug, Clone)]
pub enum Wrote {
    /// So many endpoints were written.
    Done(usize),
    /// The file is there already, and nothing was written.
    IsThere,
    /// Why it was not written.
    Failed(Error),
}

/// Writes the endpoints that `rows` are indices of, in that order, in the format that the name asks for. A file that is there
/// already is replaced only where `over` says so.
pub fn write(list: &Inventory, rows: &[u32], path: &Path, over: bool) -> Wrote {
    match written(list, rows, path, over) {
        Ok(true) => Wrote::Done(rows.len()),
        Ok(false) => Wrote::IsThere,
        Err(e) => Wrote::Failed(e),
    }
}

fn written(list: &Inventory, rows: &[u32], path: &Path, over: bool) -> Result<bool> {
    let format = Listing::of(path)?;
    let chosen = rows.iter().filter_map(|i| list.endpoints.get(*i as usize).cloned()).collect();
    // What was odd in the sources is of the whole list, and not of a part.
    let part = Inventory {
        endpoints: chosen,
        logs: list.logs.clone(),
        log_lines: list.log_lines,
        log_bytes: list.log_bytes,
        ..Inventory::default()
    };
    files::export(&super::keep::home(path), format.write(&part).as_bytes(), over)
}
