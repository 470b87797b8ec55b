//! The secrets of this run by value: every one that was read is learnt, and what leaves the program is searched for them.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use super::secret::MASK;

static KNOWN: RwLock<Vec<Vec<u8>>> = RwLock::new(Vec::new());

/// Shortest value that is looked for: a shorter one stands in ordinary text.
const SHORTEST: usize = 4;

/// Learns a secret of this run.
pub fn learn(secret: &[u8]) {
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if secret.len() >= SHORTEST && !known.iter().any(|k| k == secret) {
        known.push(secret.to_vec());
    }
}

/// `bytes` with every known secret in it masked.
pub fn redact(bytes: &[u8]) -> Cow<'_, [u8]> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut out = Cow::Borrowed(bytes);
    for secret in known.iter() {
        while let Some(at) = memchr::memmem::find(&out, secret) {
            out.to_mut().splice(at..at + secret.len(), MASK.bytes());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_was_learnt_is_masked() {
        super::learn(b"kn0wn-and-l3arnt");
        assert_eq!(super::redact(b"a kn0wn-and-l3arnt b").as_ref(), b"a *** b");
    }
}
