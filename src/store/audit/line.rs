//! One line of the audit log: a JSON object that names the line before it by hash and ends with its own.
//!
//! The hash is SHA-256 over the bytes of the line up to the comma before `"hash"`, so that a line can be checked without
//! writing it anew. With the vault open a mark stands before it, over the bytes up to the comma before `"mark"`, that only a
//! holder of the vault can make: and through the chain it vouches for every line before.

use serde_json::{Map, Value};

use crate::base::hash::sha256_hex;
use crate::store::seal::Keys;

/// What the first line names as the line before it.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const BEFORE: &str = ",\"hash\":\"";
const BEFORE_MARK: &str = ",\"mark\":\"";
const AFTER: &str = "\"}";

/// A line that is what its hash says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the chain, from 1.
    pub seq: u64,
    /// The hash of the line before it.
    pub prev: String,
    /// Its own hash.
    pub hash: String,
    /// Its mark, and how many of its first bytes that is over.
    pub mark: Option<(String, usize)>,
    /// All that stands in it.
    pub value: Value,
}

/// Writes a line without its newline, and gives its hash.
pub fn seal(seq: u64, prev: &str, members: Map<String, Value>, keys: Option<&Keys>) -> (String, String) {
    let mut all = Map::new();
    all.insert("seq".to_owned(), seq.into());
    all.extend(members);
    all.insert("prev".to_owned(), prev.into());
    let mut text = Value::Object(all).to_string();
    text.pop();
    if let Some(keys) = keys {
        let mark = keys.mark(text.as_bytes());
        text.extend([BEFORE_MARK, &mark, "\""]);
    }
    let hash = sha256_hex(text.as_bytes());
    text.extend([BEFORE, &hash, AFTER]);
    (text, hash)
}

/// Reads a line; `None` when it is not what its hash says.
pub fn read(bytes: &[u8]) -> Option<Line> {
    let body = bytes.strip_suffix(AFTER.as_bytes())?;
    let (body, hash) = body.split_at_checked(body.len().checked_sub(START.len())?)?;
    let sealed = body.strip_suffix(BEFORE.as_bytes())?;
    if sha256_hex(sealed).as_bytes() != hash {
        return None;
    }
    let value: Value = serde_json::from_slice(bytes).ok()?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    // The last one: what stands before it is text of the line, where quotes are escaped.
    let over = memchr::memmem::rfind(sealed, BEFORE_MARK.as_bytes());
    let mark = text("mark").zip(over);
    Some(Line { seq: value.get("seq")?.as_u64()?, prev: text("prev")?, hash: text("hash")?, mark, value })
}

/// Whether the mark of a line is one that a holder of `keys` made; true for a line without one.
pub fn vouched(bytes: &[u8], line: &Line, keys: &Keys) -> bool {
    line.mark.as_ref().is_none_or(|(mark, over)| keys.made(mark, &bytes[..*over]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::seal::DataKey;

    #[test]
    fn a_line_reads_as_it_was_written_and_no_other_way() {
        let keys = Keys::new(vec![DataKey::make().expect("a key")]).expect("one key");
        for keys in [None, Some(&keys)] {
            let mut members = Map::new();
            members.insert("url".to_owned(), "http://h/\",\"mark\":\"\\\u{e9}".into());
            let (text, hash) = seal(7, START, members, keys);
            let line = read(text.as_bytes()).expect("whole");
            assert_eq!((line.seq, line.prev.as_str(), line.hash.as_str()), (7, START, hash.as_str()));
            assert_eq!(line.value["url"], "http://h/\",\"mark\":\"\\\u{e9}");
            assert_eq!(line.mark.is_some(), keys.is_some());
            for i in 0..text.len() {
                for bit in 0..8 {
                    let mut bytes = text.clone().into_bytes();
                    bytes[i] ^= 1 << bit;
                    assert_eq!(read(&bytes), None, "byte {i} bit {bit}");
                }
                assert_eq!(read(&text.as_bytes()[..i]), None);
            }
        }
    }

    #[test]
    fn a_line_that_was_written_anew_without_the_key_is_not_vouched_for() {
        let keys = Keys::new(vec![DataKey::make().expect("a key")]).expect("one key");
        let members = || Map::from_iter([("url".to_owned(), Value::from("http://h/a"))]);
        let (text, hash) = seal(7, START, members(), Some(&keys));
        let line = read(text.as_bytes()).expect("whole");
        assert!(vouched(text.as_bytes(), &line, &keys));
        // Another text under a right hash, with the old mark.
        let changed = text.replace("http://h/a", "http://h/b");
        let body = &changed[..changed.len() - START.len() - BEFORE.len() - AFTER.len()];
        let changed = format!("{body}{BEFORE}{}{AFTER}", sha256_hex(body.as_bytes()));
        let line = read(changed.as_bytes()).expect("its hash is right");
        assert_ne!(line.hash, hash);
        assert!(!vouched(changed.as_bytes(), &line, &keys));
    }
}
