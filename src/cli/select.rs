//! What several commands take to choose among what was sent.

use crate::base::text::display_str;
use crate::base::{Error, Result, Stamp};
use crate::wire::url::split_port;

/// `--host HOST[:PORT]`.
///
/// # Errors
/// A bad host or port.
pub fn host(typed: &str) -> Result<(String, Option<u16>)> {
    split_port(typed.as_bytes())
        .map_err(|what| Error::input(what).at(format!("--host {}", display_str(typed))).hint("write HOST or HOST:PORT"))
}

/// `--since RFC3339`.
///
/// # Errors
/// What is no such time.
pub fn since(typed: &str) -> Result<Stamp> {
    Stamp::parse(typed).ok_or_else(|| {
        Error::input("this is not a time in RFC 3339")
            .at(format!("--since {}", display_str(typed)))
            .hint("write --since 2026-01-31T08:00:00Z")
    })
}
