//! JSON text walked without building it: members and elements as slices, offsets, lines and pointers.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// A part of the text, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    /// The part of `text` that `part` is a slice of.
    pub fn of(text: &str, part: &str) -> Self {
        let start = part.as_ptr().addr().saturating_sub(text.as_ptr().addr());
        Self { start, end: start + part.len() }
    }

    pub fn slice(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// One member of an object, as it stands in the text.
#[derive(Debug, Clone)]
pub(super) struct Member<'a> {
    /// The name, unescaped where it can be.
    pub key: Cow<'a, str>,
    /// The name with its quotes, for its place.
    pub raw_key: &'a str,
    /// The value.
    pub value: &'a str,
}

/// The members of the object in `text`, in order, duplicates included. The values are only scanned, whatever their depth.
pub(super) fn members(text: &str) -> serde_json::Result<Vec<Member<'_>>> {
    serde_json::from_str::<Members<'_>>(text).map(|m| m.0)
}

/// The elements of the array in `text`.
pub(super) fn elements(text: &str) -> serde_json::Result<Vec<&str>> {
    Ok(serde_json::from_str::<Vec<&RawValue>>(text)?.into_iter().map(RawValue::get).collect())
}

/// The string in `text`, if it is one.
pub(super) fn string(text: &str) -> Option<String> {
    serde_json::from_str(text).ok()
}

/// A string, number or boolean as the text it stands for.
pub(super) fn scalar(text: &str) -> Option<String> {
    match text.as_bytes().first()? {
        b'"' => string(text),
        b'{' | b'[' | b'n' => None,
        _ => Some(text.to_owned()),
    }
}

/// Keeps the last of each name, in the order of first standing, and gives the ones that were replaced.
pub(super) fn last_wins(all: Vec<Member<'_>>) -> (Vec<Member<'_>>, Vec<Member<'_>>) {
    let mut at: HashMap<Cow<'_, str>, usize> = HashMap::with_capacity(all.len());
    let mut kept: Vec<Member<'_>> = Vec::with_capacity(all.len());
    let mut lost = Vec::new();
    for member in all {
        if let Some(&i) = at.get(&member.key) {
            lost.push(std::mem::replace(&mut kept[i], member));
        } else {
            at.insert(member.key.clone(), kept.len());
            kept.push(member);
        }
    }
    (kept, lost)
}

/// The last member called `name`.
pub(super) fn member<'a>(object: &'a str, name: &str) -> Option<&'a str> {
    members(object).ok()?.into_iter().rfind(|m| m.key == name).map(|m| m.value)
}

struct Members<'a>(Vec<Member<'a>>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Walk;
        impl<'de> Visitor<'de> for Walk {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut all = Vec::new();
                // A raw key gives its place and survives escapes that no string can hold (a lone surrogate).
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    all.push(Member { key: unescape(key.get()), raw_key: key.get(), value: value.get() });
                }
                Ok(Members(all))
            }
        }
        deserializer.deserialize_map(Walk)
    }
}

/// The name inside its quotes; a name that is no valid string stays as written.
fn unescape(raw: &str) -> Cow<'_, str> {
    let inner = raw.strip_prefix('"').and_then(|r| r.strip_suffix('"')).unwrap_or(raw);
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    serde_json::from_str::<String>(raw).map_or(Cow::Borrowed(inner), Cow::Owned)
}

/// Bytes between two counted places of [`Lines`].
const STEP: usize = 4096;

/// Line numbers by byte offset: newlines are counted once, every 4 KiB.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<u32>);

impl Lines {
    pub fn new(text: &str) -> Self {
        let mut seen = 0u32;
        Self(
            text.as_bytes()
                .chunks(STEP)
                .map(|chunk| {
                    let before = seen;
                    seen = seen.saturating_add(newlines(chunk));
                    before
                })
                .collect(),
        )
    }

    /// Line from 1 of a byte offset in the same text.
    pub fn line(&self, text: &str, offset: usize) -> u64 {
        let offset = offset.min(text.len());
        let block = offset / STEP;
        let before = self.0.get(block).copied().unwrap_or_default();
        let rest = text.as_bytes().get(block * STEP..offset).unwrap_or_default();
        u64::from(before) + u64::from(newlines(rest)) + 1
    }
}

fn newlines(bytes: &[u8]) -> u32 {
    u32::try_from(memchr::memchr_iter(b'\n', bytes).count()).unwrap_or(u32::MAX)
}

/// One more token of a JSON pointer (RFC 6901, section 3).
pub(super) fn push_token(pointer: &mut String, token: &str) {
    pointer.push('/');
    for c in token.chars() {
        match c {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            c => pointer.push(c),
        }
    }
}

/// A pointer made of tokens.
pub(super) fn pointer(tokens: &[&str]) -> String {
    let mut out = String::new();
    for t in tokens {
        push_token(&mut out, t);
    }
    out
}

/// The tokens of a pointer in a URI fragment (RFC 6901, section 6): percent-decoded, then `~1` and `~0`.
pub(super) fn tokens(fragment: &str) -> Vec<String> {
    fragment
        .split('/')
        .skip(1)
        .map(|t| {
            let decoded = crate::inventory::template::percent_decode(t.as_bytes(), false);
            String::from_utf8_lossy(&decoded).replace("~1", "/").replace("~0", "~")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_places_and_duplicates() {
        let text = "{\"a\": 1,\n \"b\\u0041\": {\"x\": [1]}, \"a\": 2, \"\\ud800\": 3}";
        let all = members(text).expect("object");
        assert_eq!(all.iter().map(|m| m.key.as_ref()).collect::<Vec<_>>(), ["a", "bA", "a", "\\ud800"]);
        assert_eq!(Lines::new(text).line(text, Span::of(text, all[1].raw_key).start), 2);
        let (kept, lost) = last_wins(all);
        assert_eq!((kept[0].value, lost[0].value), ("2", "1"));
        assert!(members("[1]").is_err());
    }

    #[test]
    fn depth_is_only_scanned() {
        let deep = format!("{{\"a\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(members(&deep).expect("object").len(), 1);
    }

    #[test]
    fn lines_across_blocks() {
        let text = "x\n".repeat(10_000);
        let lines = Lines::new(&text);
        for line in [1u64, 2, 2047, 2048, 2049, 9_999] {
            assert_eq!(lines.line(&text, usize::try_from(line - 1).expect("small") * 2), line);
        }
    }

    #[test]
    fn pointers_escape_and_unescape() {
        assert_eq!(pointer(&["paths", "/a~b", "get"]), "/paths/~1a~0b/get");
        assert_eq!(tokens("/paths/~1a~0b%7Bx%7D/get"), ["paths", "/a~b{x}", "get"]);
    }
}
