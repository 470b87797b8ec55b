//! `lunette jwt lint`: a token judged.

use clap::Args;

use crate::base::{Exit, Result};
use crate::cli::{Common, Means};

use super::{KeyArgs, Source, When, not_yet};

/// `lunette jwt lint`.
#[derive(Debug, Args)]
pub struct LintArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(_: &Common, _: &LintArgs, _: &Means) -> Result<Exit> {
    Err(not_yet("lint"))
}
