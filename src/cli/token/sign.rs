//! `lunette jwt sign`: a token made.

use clap::Args;

use crate::base::{Exit, Result};
use crate::cli::{Common, Means};

use super::{KeyArgs, not_yet};

/// `lunette jwt sign`.
#[derive(Debug, Args)]
pub struct SignArgs {
    #[command(flatten)]
    pub(super) keys: KeyArgs,
}

pub fn run(_: &Common, _: &SignArgs, _: &Means) -> Result<Exit> {
    Err(not_yet("sign"))
}
