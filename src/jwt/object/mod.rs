//! A JSON object as a token carries it: members in order, duplicates kept, and whatever was read before a fault kept too.

mod nested;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::text;

/// How many duplicated names are written out; the rest are counted.
const NAMED: usize = 5;
/// Names that are found in all values of one object.
const NESTED: usize = 1_000;
/// Longest part of a foreign name that is written out, in characters.
const NAME: usize = 40;
/// Longest part of a value that cannot be read which is kept, in characters.
const UNREAD: usize = 200;

/// An object as read.
#[derive(Debug, Default)]
pub struct Object {
    /// Members in order, duplicates kept.
    pub members: Vec<(String, Value)>,
    /// Where each of them stands in the bytes that were read.
    pub spans: Vec<Span>,
    /// What is odd, in words.
    pub oddities: Vec<String>,
}

/// Where a member stands: bytes of the text that the object was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The quote that its name begins with.
    pub name: usize,
    /// The first byte of its value.
    pub value: usize,
    /// Behind the last byte of its value.
    pub end: usize,
}

impl Span {
    /// The bytes of the value.
    pub fn of_value(self) -> Range<usize> {
        self.value..self.end
    }
}

/// Reads `bytes` as one JSON object. A value that nests deeper than 128 levels (the limit of the JSON reader), or that it
/// cannot hold, is kept as its text and named in the oddities; any other fault ends the reading, and is named too. In
/// nested objects the last duplicate wins, and each is named.
pub fn read(bytes: &[u8]) -> Object {
    let mut out = Object::default();
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if bare.len() < bytes.len() {
        out.oddities.push("begins with a byte order mark, which JSON must not (RFC 8259 section 8.1)".to_owned());
    }
    let text = String::from_utf8_lossy(bare);
    if matches!(text, Cow::Owned(_)) {
        out.oddities.push("not UTF-8: bytes that do not decode are shown replaced".to_owned());
    }
    if let Some(what) = not_an_object(&text) {
        out.oddities.push(what);
        return out;
    }
    let mut reader = serde_json::Deserializer::from_str(&text);
    match Into(&mut out, &text).deserialize(&mut reader) {
        Ok(()) => {
            if reader.end().is_err() {
                out.oddities.push("bytes follow the JSON object".to_owned());
            }
        }
        Err(e) => out.oddities.push(format!("the JSON ends in a fault: {}", cut(&e.to_string(), 120))),
    }
    if matches!(text, Cow::Owned(_)) {
        replaced(bare, &mut out.spans);
    }
    for span in &mut out.spans {
        let mark = bytes.len() - bare.len();
        *span = Span { name: span.name + mark, value: span.value + mark, end: span.end + mark };
    }
    let inside = out.members.iter().zip(&out.spans).flat_map(|((name, value), span)| match value {
        Value::Object(_) | Value::Array(_) => {
            let raw = bytes.get(span.of_value()).and_then(|raw| std::str::from_utf8(raw).ok());
            nested::twice(name, raw.unwrap_or_default())
        }
        _ => Vec::new(),
    });
    if let Some(sentence) = duplicates(&out.members, &inside.take(NESTED).collect::<Vec<_>>()) {
        out.oddities.push(sentence);
    }
    out
}

/// Takes spans of a text whose undecodable bytes were replaced back to the bytes. Spans are in order.
fn replaced(bytes: &[u8], spans: &mut [Span]) {
    // For each chunk: where it begins in the text and in the bytes.
    let mut starts = vec![(0, 0)];
    let (mut in_text, mut in_bytes) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        in_bytes += chunk.valid().len() + chunk.invalid().len();
        in_text += chunk.valid().len() + if chunk.invalid().is_empty() { 0 } else { '\u{fffd}'.len_utf8() };
        starts.push((in_text, in_bytes));
    }
    let back = |at: usize| {
        let i = starts.partition_point(|(text, _)| *text <= at).saturating_sub(1);
        let (text, byte) = starts[i];
        byte + (at - text)
    };
    for span in spans {
        *span = Span { name: back(span.name), value: back(span.value), end: back(span.end) };
    }
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

fn duplicates(members: &[(String, Value)], inside: &[String]) -> Option<String> {
    let mut seen = HashSet::with_capacity(members.len());
    let mut twice = HashSet::new();
    let mut names = Vec::new();
    for (name, _) in members {
        if !seen.insert(name.as_str()) && twice.insert(name.as_str()) {
            names.push(name.as_str());
        }
    }
    let mut known = HashSet::new();
    names.extend(inside.iter().map(String::as_str).filter(|name| known.insert(*name)));
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

/// Fills an object from a text, so that what was read before a fault stays.
struct Into<'a>(&'a mut Object, &'a str);

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
        let Self(out, text) = self;
        let mut at = 0;
        while let Some(name) = map.next_key::<String>()? {
            let raw = match map.next_value::<&'de RawValue>() {
                Ok(raw) => raw.get(),
                Err(e) => return Err(A::Error::custom(format!("in member `{}`, {e}", cut(&name, NAME)))),
            };
            // The value is a slice of the text: the distance of the two is where it stands.
            let value = (raw.as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
            let quote = text.get(at..value).and_then(|between| between.find('"')).map_or(value, |i| at + i);
            at = value + raw.len();
            out.spans.push(Span { name: quote, value, end: at });
            let read = serde_json::from_str(raw).unwrap_or_else(|e| {
                let why = cut(&e.to_string(), 120);
                out.oddities.push(format!("member `{}` is shown as text: {why}", cut(&name, NAME)));
                Value::String(raw.chars().take(UNREAD).collect())
            });
            out.members.push((name, read));
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
        let Object { members: m, spans, oddities: odd } = read(br#"{"b":1, "a":[2],"b":"x"}"#);
        assert_eq!(spans[1], Span { name: 8, value: 12, end: 15 });
        assert_eq!(m.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>(), ["b", "a", "b"]);
        assert_eq!(odd, ["duplicate member `b`: readers differ in which one they take"]);
    }

    #[test]
    fn names_that_stand_twice_inside_are_named_by_their_path() {
        let object =
            read(br#"{"a":{"b":1,"c":[{"d":1,"d":2}],"b":2},"e":{"b":1,"b":1,"b":1},"f":"{\"g\":1,\"g\":1}"}"#);
        assert_eq!(object.oddities, ["duplicate member `a.c.d`, `a.b`, `e.b`: readers differ in which one they take"]);
        let fine = read(br#"{"a":{"b":1,"c":{"b":1}},"d":[{"b":1},{"b":1}]}"#);
        assert!(fine.oddities.is_empty(), "{:?}", fine.oddities);
    }

    #[test]
    fn faults_are_named_and_what_came_before_is_kept() {
        let deep = format!(r#"{{"a":1,"b":{}{}}}"#, "[".repeat(200), "]".repeat(200));
        for (bytes, kept, word) in [
            (&b"\xef\xbb\xbf{\"a\":1}"[..], 1, "byte order mark"),
            (b"{\"a\":\"\xff\"}", 1, "not UTF-8"),
            (b"{\"a\":1} x", 1, "bytes follow"),
            (b"{\"a\":1,\"b\":", 1, "fault"),
            (b"{\"a\":1,\"b\":1e999}", 2, "member `b` is shown as text"),
            (b"[1]", 0, "a JSON array"),
            (b"\"x\"", 0, "a JSON string"),
            (b"17", 0, "a number"),
            (b"hello", 0, "not JSON"),
            (b"", 0, "empty"),
            (deep.as_bytes(), 2, "recursion limit"),
        ] {
            let Object { members: m, oddities: odd, .. } = read(bytes);
            assert_eq!(m.len(), kept, "{odd:?}");
            assert!(odd.iter().any(|o| o.contains(word)), "{word}: {odd:?}");
        }
    }

    #[test]
    fn a_hundred_thousand_members_stay_cheap() {
        let json =
            format!("{{{}}}", (0..100_000).map(|i| format!("\"a{}\":{i}", i % 50_000)).collect::<Vec<_>>().join(","));
        let Object { members: m, oddities: odd, .. } = read(json.as_bytes());
        assert_eq!(m.len(), 100_000);
        assert_eq!(odd.len(), 1);
        assert!(odd[0].contains("and 49995 more"));
    }

    proptest! {
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let object = read(&bytes);
            prop_assert_eq!(object.members.len(), object.spans.len());
            for o in object.oddities {
                prop_assert!(!o.chars().any(text::is_hazard));
            }
        }
        #[test]
        fn spans_hold_what_they_say(
            before in proptest::option::of(Just("\u{feff}")),
            names in proptest::collection::vec("[a\u{e9}\"\\\\]{0,3}", 0..6),
            odd in proptest::collection::vec(0..3_u8, 6),
        ) {
            let mut bytes = before.unwrap_or_default().as_bytes().to_vec();
            bytes.extend_from_slice(b" {");
            let mut wanted = Vec::new();
            for (i, name) in names.iter().enumerate() {
                bytes.extend_from_slice(if i == 0 { b"\n" } else { b" , " });
                let start = bytes.len();
                bytes.extend_from_slice(serde_json::to_string(name).expect("a string").as_bytes());
                bytes.extend_from_slice(b" : ");
                let value = bytes.len();
                bytes.extend_from_slice([&b"[1, {}]"[..], b"\"\xff\xc3\"", b"-1.5"][usize::from(odd[i])]);
                wanted.push(Span { name: start, value, end: bytes.len() });
            }
            bytes.push(b'}');
            prop_assert_eq!(read(&bytes).spans, wanted);
        }
    }
}
