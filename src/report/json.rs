//! The one JSON writer: nothing raw that could steer a terminal or turn the direction of text.

use std::io::{self, Write};

use serde_json::Value;
use serde_json::ser::{CharEscape, Formatter, PrettyFormatter, Serializer};

use crate::base::known;
use crate::base::text::is_hazard;

/// Writes one document, indented, with a newline at the end. Every control, bidirectional and invisible character inside a
/// string is written as `\uXXXX`, so that the value is kept and the text is safe.
pub fn write(out: &mut dyn Write, document: &Value) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Safe(PrettyFormatter::new()));
    serde::Serialize::serialize(document, &mut serializer).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// The same document as a string.
pub fn to_string(document: &Value) -> String {
    let mut out = Vec::new();
    // Writing to memory does not fail.
    let _ = write(&mut out, document);
    String::from_utf8_lossy(&out).into_owned()
}

/// Masks every known secret in the texts and names of a document, before it is written: what is written stays one document
/// whatever a secret is made of. Its own names, at the top, come from nowhere else and stay.
pub fn redact(document: &mut Value) {
    match document {
        Value::Object(members) => members.values_mut().for_each(redact_all),
        other => redact_all(other),
    }
}

fn redact_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = known::redacted(std::mem::take(text)),
        Value::Array(all) => all.iter_mut().for_each(redact_all),
        Value::Object(members) => {
            if members.keys().any(|name| !known::find(name.as_bytes()).is_empty()) {
                let all = std::mem::take(members).into_iter();
                members.extend(all.map(|(name, value)| (known::redacted(name), value)));
            }
            members.values_mut().for_each(redact_all);
        }
        _ => {}
    }
}

struct Safe(PrettyFormatter<'static>);

impl Formatter for Safe {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| is_hazard(*c)) {
            writer.write_all(&fragment.as_bytes()[from..at])?;
            for unit in c.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            from = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[from..])
    }
    fn write_char_escape<W: ?Sized + Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.0.write_char_escape(writer, escape)
    }
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_array(writer)
    }
    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array(writer)
    }
    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_array_value(writer, first)
    }
    fn end_array_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_array_value(writer)
    }
    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object(writer)
    }
    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object(writer)
    }
    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.0.begin_object_key(writer, first)
    }
    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.begin_object_value(writer)
    }
    fn end_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.0.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn hazards_are_escaped_and_kept() {
        let value = json!({"a\u{202e}": ["x\u{1b}[2J\u{7f}\u{9b}", "\u{e0041}"]});
        let text = to_string(&value);
        assert!(text.contains("\\u202e") && text.contains("\\u001b") && text.contains("\\udb40\\udc41"), "{text}");
        assert_eq!(serde_json::from_str::<Value>(&text).expect("json"), value);
    }

    #[test]
    fn a_known_secret_is_masked_in_texts_and_names_and_the_document_stays_one() {
        crate::base::known::learn(b"qu\"oted-s3cret");
        let mut value = json!({"a": ["<qu\"oted-s3cret>", 5], "b": {"qu\"oted-s3cret": {"b": "qu\"oted-s3cret"}}});
        redact(&mut value);
        assert_eq!(value, json!({"a": ["<***>", 5], "b": {"***": {"b": "***"}}}));
    }

    proptest! {
        #[test]
        fn any_string_survives_and_is_safe(s in "[\u{0}-\u{10ffff}]{0,60}") {
            let text = to_string(&json!(s));
            prop_assert!(!text.trim_end().chars().any(is_hazard));
            prop_assert_eq!(serde_json::from_str::<String>(&text).expect("json"), s);
        }
    }
}
