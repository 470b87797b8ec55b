//! Where a secret is read from. Nothing that is written down or typed holds the secret itself; it names where it is.

use std::fmt;
use std::path::PathBuf;

use crate::base::Secret;
use crate::base::text::{display, display_str};

/// One place a secret comes from.
#[derive(Clone, PartialEq, Eq)]
pub enum Reference {
    /// `env:NAME`: a variable of the environment.
    Env(String),
    /// `file:PATH`: a file, without the line break at its end.
    File(PathBuf),
    /// `vault:NAME`: an entry of the workspace's vault.
    Vault(String),
    /// `-`: standard input, without the line break at its end.
    Stdin,
    /// The secret itself, as typed.
    Literal(Secret),
}

impl Reference {
    /// Reads a reference; what is none is the secret itself.
    pub fn parse(text: &str) -> Self {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Self::Env(name.to_owned()),
            Some(("file", path)) if !path.is_empty() => Self::File(path.into()),
            Some(("vault", name)) if !name.is_empty() => Self::Vault(name.to_owned()),
            _ if text == "-" => Self::Stdin,
            _ => Self::Literal(text.into()),
        }
    }

    /// True for a secret that stands there itself.
    pub fn is_literal(&self) -> bool {
        matches!(self, Self::Literal(_))
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{}", display_str(name)),
            Self::File(path) => write!(f, "file:{}", display(path.as_os_str().as_encoded_bytes())),
            Self::Vault(name) => write!(f, "vault:{}", display_str(name)),
            Self::Stdin => f.write_str("-"),
            Self::Literal(_) => f.write_str("***"),
        }
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_names_its_place_and_a_literal_never_prints() {
        for (text, shown) in [
            ("env:TOKEN", "env:TOKEN"),
            ("file:a/b", "file:a/b"),
            ("vault:shop:alice", "vault:shop:alice"),
            ("-", "-"),
            ("env:", "***"),
            ("hunter2", "***"),
            ("http://x", "***"),
        ] {
            let r = Reference::parse(text);
            assert_eq!(r.to_string(), shown, "{text}");
            assert!(!format!("{r:?}").contains("hunter2"));
        }
    }
}
