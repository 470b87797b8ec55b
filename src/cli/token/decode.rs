//! `lunette jwt decode`: a token as read, with what the keys that were given say of it.

use clap::Args;

use crate::app::token::verify;
use crate::base::{Exit, Result};
use crate::cli::output::Output;
use crate::cli::{Common, Means};
use crate::report::token::{document, plain};

use super::{KeyArgs, Payload, Source, When, one_stdin};

/// `lunette jwt decode`.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    payload: Payload,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(common: &Common, a: &DecodeArgs, means: &Means) -> Result<Exit> {
    let now = a.when.stamp()?;
    one_stdin(&[a.source.reads_stdin(), a.payload.reads_stdin(), a.keys.reads_stdin()])?;
    let mut token = a.source.read(means)?;
    a.payload.attach(&mut token, means)?;
    let known = a.keys.read(common, means)?;
    let checked = verify(token, &known.keys.keys);
    Ok(Output::new(common.format).result(|| document(&checked), || plain(&checked, now)))
}
