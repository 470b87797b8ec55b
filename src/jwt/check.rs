//! All that keys say of a token: opened where it is encrypted, and its signatures checked.

use super::key::Key;
use super::verify::{Status, Verdict, verify_each};
use super::{Decoded, Kind, jwe};

/// A token with what keys say of it.
#[derive(Debug)]
pub struct Checked {
    /// The token; of an encrypted one that a key opened, with what is inside.
    pub token: Decoded,
    /// How each of its signatures stands: one, but for a general JSON serialization. Of an encrypted token that was opened,
    /// how those of the token inside do.
    pub verdicts: Vec<Verdict>,
    /// Whether an encrypted token was opened.
    pub encryption: Option<Verdict>,
}

impl Checked {
    /// How the first signature stands.
    pub fn verdict(&self) -> Option<&Verdict> {
        self.verdicts.first()
    }

    /// True where every signature was checked and is valid.
    pub fn is_valid(&self) -> bool {
        !self.verdicts.is_empty() && self.verdicts.iter().all(|v| v.status == Status::Valid)
    }
}

/// Checks a token with these keys, and opens it with them first where it is encrypted; without any, says what could be
/// checked.
pub fn check(mut token: Decoded, keys: &[Key]) -> Checked {
    if token.kind != Kind::Jwe {
        let verdicts = verify_each(&token, keys);
        return Checked { token, verdicts, encryption: None };
    }
    let opened = jwe::open(&token, keys);
    if let Some(content) = &opened.content {
        token.fill(content.expose());
    }
    // Tokens are encrypted inside each other as well.
    if let Some(inner) = token.inner.take() {
        let inner = check(*inner, keys);
        token.inner = Some(Box::new(inner.token));
        return Checked { token, verdicts: inner.verdicts, encryption: Some(opened.verdict) };
    }
    let verdicts = verify_each(&token, keys);
    Checked { token, verdicts, encryption: Some(opened.verdict) }
}
