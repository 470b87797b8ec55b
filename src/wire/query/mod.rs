//! What is asked of a JSON body: a filter of jq, or a JSONPath (RFC 9535), which begins with `$`.
//!
//! What a JSONPath finds is given as it stands in the body: long numbers, odd escapes and all. What jq makes is its own.

mod jq;
mod path;

use std::time::Duration;

use crate::base::{Error, Result};

/// Bytes of results.
pub const MOST_BYTES: usize = 16 << 20;
/// Results.
pub const MOST_RESULTS: usize = 100_000;
/// Bytes of an expression.
const MOST_EXPRESSION: usize = 4 << 10;
/// How long a filter may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Each result as JSON, in order.
    pub results: Vec<Vec<u8>>,
    /// Why there may be more, where it ended early.
    pub cut: Option<String>,
}

impl Found {
    /// One JSON text of all results: the result alone where there is one, else an array of them.
    pub fn text(&self) -> Vec<u8> {
        match self.results.as_slice() {
            [one] => one.clone(),
            all => [&b"["[..], &all.join(&b",\n"[..]), b"]"].concat(),
        }
    }

    /// Takes a result; false when no more are taken.
    fn take(&mut self, result: Vec<u8>, bytes: &mut usize) -> bool {
        *bytes += result.len();
        if self.results.len() == MOST_RESULTS || *bytes > MOST_BYTES {
            self.cut = Some(format!("more than {MOST_RESULTS} results or {} MiB of them", MOST_BYTES >> 20));
            return false;
        }
        self.results.push(result);
        true
    }
}

/// Asks `expression` of a body: JSON, or for jq several JSON texts one after the other. It runs on the thread that calls,
/// for [`PATIENCE`] at most.
///
/// # Errors
/// An expression that is none, a body that is no JSON, a filter that fails on it, takes too long or goes too deep.
pub fn query(expression: &str, body: &[u8]) -> Result<Found> {
    let expression = expression.trim();
    if expression.len() > MOST_EXPRESSION {
        return Err(Error::input(format!("the filter is more than {MOST_EXPRESSION} bytes")).hint("shorten it"));
    }
    if is_path(expression) {
        return path::query(expression, body);
    }
    jq::query(expression, body, PATIENCE)
}

/// Refuses an expression that [`query`] would refuse whatever the body.
///
/// # Errors
/// What is wrong with it.
pub fn check(expression: &str) -> Result<()> {
    match query(expression, b"") {
        // A JSONPath is asked of one text, and there is none.
        Err(e) if is_path(expression.trim()) && e.what.starts_with(NO_JSON) => Ok(()),
        other => other.map(drop),
    }
}

/// Whether it is a JSONPath.
fn is_path(expression: &str) -> bool {
    expression.starts_with('$') && !expression.starts_with("$__")
}

const NO_JSON: &str = "the body is no JSON";

fn no_json(why: &str) -> Error {
    Error::input(format!("{NO_JSON}: {why}")).hint("search in it with / instead")
}
