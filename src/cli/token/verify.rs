//! `lunette jwt verify`: the signature of a token checked.

use clap::Args;

use crate::base::{Exit, Result};
use crate::cli::{Common, Means};

use super::{KeyArgs, Source, When, not_yet};

/// `lunette jwt verify`.
#[derive(Debug, Args)]
pub struct VerifyArgs {
    #[command(flatten)]
    source: Source,
    #[command(flatten)]
    when: When,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(_: &Common, _: &VerifyArgs, _: &Means) -> Result<Exit> {
    Err(not_yet("verify"))
}
