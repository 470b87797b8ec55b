//! A secret as it is typed: where it is, and how it is written there.

use clap::ValueEnum;

use crate::app::secrets::Encoding;
use crate::base::{Result, Secret};
use crate::wire::{Reference, Secrets as _};

use super::output::complain;
use super::{Common, Means};

/// How a secret is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Written {
    /// As it is.
    Text,
    /// In base64 or base64url.
    Base64,
    /// In hexadecimal.
    Hex,
}

impl Written {
    /// The same for who decodes it.
    pub fn encoding(self) -> Encoding {
        match self {
            Self::Text => Encoding::Text,
            Self::Base64 => Encoding::Base64,
            Self::Hex => Encoding::Hex,
        }
    }
}

/// Reads a reference that was typed, and says so when it is the secret itself.
///
/// # Errors
/// It is not where it was said to be.
pub fn referred(common: &Common, text: &str, means: &Means) -> Result<Secret> {
    let reference = Reference::parse(text);
    let secret = means.secrets.read(&reference)?;
    if reference.is_literal() && !common.quiet {
        complain(
            "lunette: the secret itself stands on the command line, where others see it; write env:NAME, file:PATH or -",
        );
    }
    Ok(secret)
}
