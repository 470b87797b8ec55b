//! Paths and templates: what a request path is an instance of.
//!
//! Declared templates come first, through a trie ([`Trie`]); what matches none of them is given a template by the look of
//! its segments ([`infer()`]).

use std::borrow::Cow;

use super::near::{first, position, until, words};

mod class;
mod infer;
mod siblings;
mod trie;
mod weights;

pub(super) use class::is_version;
pub use class::{Class, classify, next_segment};
pub use infer::{fits, infer, is_deep, overflow, signature, start, unique_names};
pub use siblings::{Found, Judged, Sighting, settle, settle_by};
pub use trie::{Asked, Leaf, Match, Trie};
pub use weights::Features;

/// True for a target that is its own path, which most are: neither query nor fragment, nothing encoded, no parameters and no
/// backslash. One with `!` or `'`, which differ from those in few bits, is split as well, and nothing comes of it.
pub(super) fn is_plain(target: &[u8]) -> bool {
    // Bits set in each byte, and what is then looked for: `#` and `%`, `;` and `?`, and the backslash.
    const LOOKED_FOR: [(u8, u8); 3] = [(6, b'\''), (4, b'?'), (0, b'\\')];
    let Some(last) = target.last_chunk::<16>() else {
        let (low, high) = words(target);
        let none = |word: u64| LOOKED_FOR.iter().all(|(set, b)| first(word | u64::from_ne_bytes([*set; 8]), *b) == 8);
        return none(low) && none(high);
    };
    // Without a jump for a byte, so that all are looked at in one go.
    let none = |block: &[u8; 16]| {
        LOOKED_FOR.iter().all(|(set, wanted)| {
            let differs = |b: &u8| b | set != *wanted;
            block.iter().fold(true, |none, b| none & differs(b))
        })
    };
    none(last) && target.as_chunks::<16>().0.iter().all(none)
}

/// Path and query of a request target. The path loses `;` parameters and one level of percent-encoding, but never a
/// `%2F`; doubled slashes are left for the reader to skip. The fragment is cut off.
pub fn split_target<'a>(target: &'a [u8], scratch: &'a mut Vec<u8>) -> (&'a [u8], &'a [u8]) {
    let target = until(target, b'#');
    let (path, query) = match position(target, b'?') {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, &[][..]),
    };
    if is_plain(path) {
        return (path, query);
    }
    scratch.clear();
    for (i, segment) in path.split(|b| *b == b'/').enumerate() {
        if i > 0 {
            scratch.push(b'/');
        }
        let plain = segment.split(|b| *b == b';').next().unwrap_or_default();
        scratch.extend_from_slice(&percent_decode(plain, true));
    }
    (scratch, query)
}

/// Decodes `%XX` once. With `keep_slash`, `%2F` stays as it is, because decoded it would be another segment.
pub fn percent_decode(bytes: &[u8], keep_slash: bool) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', bytes).is_none() {
        return Cow::Borrowed(bytes);
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut i = 0;
    while let Some(&b) = bytes.get(i) {
        let decoded =
            (b == b'%').then(|| Some(hex_digit(*bytes.get(i + 1)?)? << 4 | hex_digit(*bytes.get(i + 2)?)?)).flatten();
        match decoded {
            Some(d) if !(keep_slash && d == b'/') => {
                out.push(d);
                i += 3;
            }
            _ => {
                out.push(b);
                i += 1;
            }
        }
    }
    Cow::Owned(out)
}

/// Value of one hexadecimal digit.
pub(in crate::inventory) fn hex_digit(b: u8) -> Option<u8> {
    char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Names of one template that are looked at.
const MOST_NAMES: usize = 100;

/// The names in braces of a template, in order, each once; the first hundred.
pub fn variables(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template.split(['?', '#']).next().unwrap_or_default();
    while let Some(open) = rest.find('{').filter(|_| names.len() < MOST_NAMES) {
        let Some(close) = rest[open..].find('}') else { break };
        let name = &rest[open + 1..open + close];
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
        rest = &rest[open + close + 1..];
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn targets_are_split_and_decoded_once() {
        for (target, path, query) in [
            ("/a/b?x=1#f", "/a/b", "x=1"),
            ("/a;v=1/b;w", "/a/b", ""),
            ("/a%2fb/%25%41", "/a%2fb/%A", ""),
            ("/%zz%4", "/%zz%4", ""),
            ("/a#?x", "/a", ""),
        ] {
            let mut scratch = Vec::new();
            let (p, q) = split_target(target.as_bytes(), &mut scratch);
            assert_eq!((p, q), (path.as_bytes(), query.as_bytes()), "{target}");
        }
    }

    proptest! {
        #[test]
        fn a_plain_target_is_its_own_path(target in "/[ -~]{0,40}|/[a-z/.-]{0,40}[ -~]?[a-z/.-]{0,40}") {
            let mut scratch = Vec::new();
            let split = split_target(target.as_bytes(), &mut scratch);
            let has = |bytes: &[u8]| target.bytes().any(|b| bytes.contains(&b));
            prop_assert!(!is_plain(target.as_bytes()) || (split == (target.as_bytes(), &[][..]) && !has(b"\\")));
            prop_assert!(is_plain(target.as_bytes()) || has(b"?#%;\\!'"));
        }
    }

    #[test]
    fn names_in_braces() {
        assert_eq!(variables("/a/{x}/{y}.{z}/{x}?q={no}"), ["x", "y", "z"]);
        assert!(variables("/a/{x").is_empty());
    }
}
