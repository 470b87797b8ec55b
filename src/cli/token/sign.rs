//! `lunette jwt sign`: a token made of the bytes that are given.

use std::path::PathBuf;

use clap::Args;

use crate::app::token::{Making, sign};
use crate::base::{Exit, Result};
use crate::cli::output::Output;
use crate::cli::{Common, Means};
use crate::report::token::made;

use super::{KeyArgs, MOST, one_stdin, stdin};

/// `lunette jwt sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    /// The header, byte for byte: its text, @FILE, or - for stdin; else one that names the algorithm and the key
    #[arg(long, value_name = "JSON|@FILE|-")]
    header: Option<String>,
    /// The claims, byte for byte, likewise
    #[arg(long, value_name = "JSON|@FILE|-")]
    claims: String,
    /// Sign with this algorithm, whatever the header says; else with that of the header, or the usual one of the key
    #[arg(long, value_name = "NAME", conflicts_with = "unsigned")]
    alg: Option<String>,
    /// Leave the signature empty
    #[arg(long, conflicts_with_all = ["secret", "key", "jwks", "issuer"], required_unless_present_any = ["secret", "key", "jwks", "issuer"])]
    unsigned: bool,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(common: &Common, a: &SignArgs, means: &Means) -> Result<Exit> {
    one_stdin(&[a.header.as_deref() == Some("-"), a.claims == "-", a.keys.reads_stdin()])?;
    let making = Making {
        header: a.header.as_deref().map(|h| bytes(h, means)).transpose()?,
        claims: bytes(&a.claims, means)?,
        alg: a.alg.clone(),
    };
    let token = if a.unsigned {
        sign(&making, None)?
    } else {
        let known = a.keys.read(common, means)?;
        sign(&making, Some(&known.keys.keys))?
    };
    // The token is what was asked for: nothing in it is masked.
    let text = || format!("{}\n", String::from_utf8_lossy(&token));
    Ok(Output::new(common.format).showing(true).result(|| made(&token), text))
}

/// What was typed, or what stands where it says; a line break at the end of a file is not part of it.
fn bytes(typed: &str, means: &Means) -> Result<Vec<u8>> {
    let mut bytes = match typed.strip_prefix('@') {
        Some(path) => means.files.exact(&PathBuf::from(path), MOST)?,
        None if typed == "-" => stdin()?,
        None => return Ok(typed.as_bytes().to_vec()),
    };
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |i| i + 1);
    bytes.truncate(end);
    Ok(bytes)
}
