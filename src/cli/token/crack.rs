//! `lunette jwt crack`: the secret of a token guessed.

use clap::Args;

use crate::base::{Exit, Result};
use crate::cli::{Common, Means};

use super::{Source, not_yet};

/// `lunette jwt crack`.
#[derive(Debug, Args)]
pub struct CrackArgs {
    #[command(flatten)]
    source: Source,
}

pub fn run(_: &Common, _: &CrackArgs, _: &Means) -> Result<Exit> {
    Err(not_yet("crack"))
}
