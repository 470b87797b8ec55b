//! A JSON object as a token carries it: members in order, duplicates kept, and whatever was read before a fault kept too.

use std::borrow::Cow;
use std::collections::HashSet;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::base::text;

/// How many duplicated names are written out; the rest are counted.
const NAMED: usize = 5;
/// Longest part of a foreign name that is written out, in characters.
const NAME: usize = 40;

/// Reads `bytes` as one JSON object. Nested values go at most 128 deep (the limit of the JSON reader); deeper ones, like any
/// other fault, end the reading and are named in the second list. In nested objects the last duplicate wins.
pub fn members(bytes: &[u8]) -> (Vec<(String, Value)>, Vec<String>) {
    let mut members = Vec::new();
    let mut oddities = Vec::new();
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bare.len() < bytes.len() {
        oddities.push("begins with a byte order mark, which JSON must not (RFC 8259 section 8.1)".to_owned());
    }
    let text = String::from_utf8_lossy(bare);
    if matches!(text, Cow::Owned(_)) {
        oddities.push("not UTF-8: bytes that do not decode are shown replaced".to_owned());
    }
    if let Some(what) = not_an_object(&text) {
        oddities.push(what);
        return (members, oddities);
    }
    let mut reader = serde_json::Deserializer::from_str(&text);
    match Into(&mut members).deserialize(&mut reader) {
        Ok(()) => {
            if reader.end().is_err() {
                oddities.push("bytes follow the JSON object".to_owned());
            }
        }
        Err(e) => oddities.push(format!("the JSON ends in a fault: {}", cut(&e.to_string(), 120))),
    }
    if let Some(sentence) = duplicates(&members) {
        oddities.push(sentence);
    }
    (members, oddities)
}

/// Names what stands where an object should, by its first character.
fn not_an_object(text: &str) -> Option<String> {
    let what = match text.trim_start_matches([' ', '\t', '\r', '\n']).chars().next() {
        Some('{') => return None,
        None => "empty",
        Some('[') => "a JSON array",
        Some('"') => "a JSON string",
        Some('0'..='9' | '-') => "a number",
        Some(_) => "not JSON",
    };
    Some(format!("{what}, where a JSON object should be"))
}

fn duplicates(members: &[(String, Value)]) -> Option<String> {
    let mut seen = HashSet::with_capacity(members.len());
    let mut twice = HashSet::new();
    let mut names = Vec::new();
    for (name, _) in members {
        if !seen.insert(name.as_str()) && twice.insert(name.as_str()) {
            names.push(name.as_str());
        }
    }
    if names.is_empty() {
        return None;
    }
    let shown: Vec<String> = names.iter().take(NAMED).map(|n| format!("`{}`", cut(n, NAME))).collect();
    let more = names.len().saturating_sub(NAMED);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    Some(format!("duplicate member {}{rest}: readers differ in which one they take", shown.join(", ")))
}

/// At most `limit` characters of a foreign text, in display form.
pub fn cut(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text::display_str(&text[..end])),
        None => text::display_str(text),
    }
}

/// Fills a list, so that what was read before a fault stays.
struct Into<'a>(&'a mut Vec<(String, Value)>);

impl<'de> DeserializeSeed<'de> for Into<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Into<'_> {
    type Value = ();
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            match map.next_value::<Value>() {
                Ok(value) => self.0.push((name, value)),
                Err(e) => return Err(A::Error::custom(format!("in member `{}`, {e}", cut(&name, NAME)))),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keeps_order_and_duplicates() {
        let (m, odd) = members(br#"{"b":1,"a":[2],"b":"x"}"#);
        assert_eq!(m.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(odd, ["duplicate member `b`: readers differ in which one they take"]);
    }

    #[test]
    fn faults_are_named_and_what_came_before_is_kept() {
        let deep = format!(r#"{{"a":1,"b":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (bytes, kept, word) in [
            (&b"\xef\xbb\xbf{\"a\":1}"[..], 1, "byte order mark"),
            (b"{\"a\":\"\xff\"}", 1, "not UTF-8"),
            (b"{\"a\":1} x", 1, "bytes follow"),
            (b"{\"a\":1,\"b\":", 1, "fault"),
            (b"{\"a\":1,\"b\":1e999}", 1, "in member `b`"),
            (b"[1]", 0, "a JSON array"),
            (b"\"x\"", 0, "a JSON string"),
            (b"17", 0, "a number"),
            (b"hello", 0, "not JSON"),
            (b"", 0, "empty"),
            (deep.as_bytes(), 1, "recursion limit"),
        ] {
            let (m, odd) = members(bytes);
            assert_eq!(m.len(), kept, "{odd:?}");
            assert!(odd.iter().any(|o| o.contains(word)), "{word}: {odd:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_members_stay_cheap() {
        let json =
            format!("{{{}}}", (0..100_000).map(|i| format!("\"a{}\":{i}", i % 50_000)).collect::<Vec<_>>().join(","));
        let (m, odd) = members(json.as_bytes());
        assert_eq!(m.len(), 100_000);
        assert_eq!(odd.len(), 1);
        assert!(odd[0].contains("and 49995 more"));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            for o in members(&bytes).1 {
                prop_assert!(!o.chars().any(text::is_hazard));
            }
        }
    }
}
