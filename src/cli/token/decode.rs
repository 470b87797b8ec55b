//! `lunette jwt decode`: a token as read.

use clap::Args;

use crate::base::{Exit, Result};
use crate::cli::output::Output;
use crate::cli::{Common, Means};
use crate::report::token::{document, plain};

use super::{KeyArgs, Source, When};

/// `lunette jwt decode`.
#[derive(Debug, Args)]
pub struct DecodeArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(common: &Common, a: &DecodeArgs, means: &Means) -> Result<Exit> {
    let now = a.when.stamp()?;
    let read = a.source.read(means)?;
    Ok(Output::new(common.format).result(|| document(&read), || plain(&read, now)))
}
