//! One line of the audit log: a JSON object that names the line before it by hash and ends with its own.
//!
//! The hash is SHA-256 over the bytes of the line up to the comma before `"hash"`, so that a line can be checked without
//! writing it anew.

use serde_json::{Map, Value};

use crate::base::hash::sha256_hex;

/// What the first line names as the line before it.
pub const START: &str = "0000000000000000000000000000000000000000000000000000000000000000";
const BEFORE: &str = ",\"hash\":\"";
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
    /// All that stands in it.
    pub value: Value,
}

/// Writes a line without its newline, and gives its hash.
pub fn seal(seq: u64, prev: &str, members: Map<String, Value>) -> (String, String) {
    let mut all = Map::new();
    all.insert("seq".to_owned(), seq.into());
    all.extend(members);
    all.insert("prev".to_owned(), prev.into());
    let mut text = Value::Object(all).to_string();
    text.pop();
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
    Some(Line { seq: value.get("seq")?.as_u64()?, prev: text("prev")?, hash: text("hash")?, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_as_it_was_written_and_no_other_way() {
        let mut members = Map::new();
        members.insert("url".to_owned(), "http://h/\"\\\u{e9}".into());
        let (text, hash) = seal(7, START, members);
        let line = read(text.as_bytes()).expect("whole");
        assert_eq!((line.seq, line.prev.as_str(), line.hash.as_str()), (7, START, hash.as_str()));
        assert_eq!(line.value["url"], "http://h/\"\\\u{e9}");
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
