//! A request body made from its schema.

use std::fmt::Write as _;

use serde_json::Value;

use super::resolve::Resolver;
use super::{BodyExample, choose, schema};

/// Boundary of multipart examples (RFC 2046, section 5.1.1).
const BOUNDARY: &str = "lunette";

/// A body for the best of the declared media types: JSON, then form, then multipart, then text, then whatever is first.
pub(super) fn example(resolver: &mut Resolver<'_>, body: &Value) -> Option<BodyExample> {
    let content = body.get("content")?.as_object()?;
    let (media_type, node) = content.iter().enumerate().min_by_key(|(i, (name, _))| (rank(name), *i))?.1;
    let kind = rank(media_type);
    let given = schema::given_example(resolver, node);
    let value = choose::example(resolver, given, node.get("schema"), false).unwrap_or(Value::Null);
    let (media_type, text) = match kind {
        0 | 1 => (media_type.clone(), serde_json::to_string_pretty(&value).ok()?),
        2 => (media_type.clone(), form(&value)),
        3 => (format!("multipart/form-data; boundary={BOUNDARY}"), multipart(&value)),
        _ => (media_type.clone(), if value.is_object() { String::new() } else { schema::as_text(&value) }),
    };
    Some(BodyExample { media_type, text })
}

fn rank(media_type: &str) -> u8 {
    let name = media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match name.as_str() {
        "application/json" => 0,
        n if n.ends_with("+json") || n == "*/*" || n == "application/*" => 1,
        "application/x-www-form-urlencoded" => 2,
        "multipart/form-data" => 3,
        n if n.starts_with("text/") => 4,
        _ => 5,
    }
}

/// `application/x-www-form-urlencoded` (WHATWG URL, section 5.2); arrays repeat their name, objects stay JSON.
fn form(value: &Value) -> String {
    let mut out = String::new();
    for (name, value) in fields(value) {
        if !out.is_empty() {
            out.push('&');
        }
        encode(&name, &mut out);
        out.push('=');
        encode(&value, &mut out);
    }
    out
}

fn multipart(value: &Value) -> String {
    let mut out = String::new();
    for (name, value) in fields(value) {
        let name = name.replace('"', "%22").replace(['\r', '\n'], " ");
        let _ = write!(out, "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    }
    let _ = write!(out, "--{BOUNDARY}--\r\n");
    out
}

fn fields(value: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        match value {
            Value::Array(items) => all.extend(items.iter().map(|v| (name.clone(), schema::as_text(v)))),
            value => all.push((name.clone(), schema::as_text(value))),
        }
    }
    all
}

fn encode(s: &str, out: &mut String) {
    for &b in s.as_bytes() {
        match b {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'*' | b'-' | b'.' | b'_' => out.push(char::from(b)),
            b' ' => out.push('+'),
            b => {
                let _ = write!(out, "%{b:02X}");
            }
        }
    }
}
