//! `lunette jwt attack`: what a server takes instead of a token.

use clap::Args;

use crate::base::{Exit, Result};
use crate::cli::{Common, Means};

use super::{Source, not_yet};

/// `lunette jwt attack`.
#[derive(Debug, Args)]
pub struct AttackArgs {
    #[command(flatten)]
    source: Source,
}

pub fn run(_: &Common, _: &AttackArgs, _: &Means) -> Result<Exit> {
    Err(not_yet("attack"))
}
