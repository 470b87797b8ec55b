//! `lunette jwt verify`: the signature of a token checked with the keys that are given.

use clap::Args;

use crate::app::token::verify;
use crate::base::{Error, Exit, Result};
use crate::cli::output::Output;
use crate::cli::{Common, Means};
use crate::report::token::{document, stands};

use super::{KeyArgs, Payload, Source, one_stdin};

/// `lunette jwt verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    payload: Payload,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(common: &Common, a: &VerifyArgs, means: &Means) -> Result<Exit> {
    if !a.keys.any() {
        return Err(Error::input("there is no key to verify with").hint("give --secret, --key, --jwks or --issuer"));
    }
    one_stdin(&[a.source.reads_stdin(), a.payload.reads_stdin(), a.keys.reads_stdin()])?;
    let mut token = a.source.read(means)?;
    a.payload.attach(&mut token, means)?;
    let known = a.keys.read(common, means)?;
    let checked = verify(token, &known.keys.keys);
    let written = Output::new(common.format).result(|| document(&checked), || stands(&checked));
    Ok(if checked.is_valid() { written } else { Exit::Findings })
}
