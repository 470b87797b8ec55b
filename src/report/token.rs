//! The `lunette.jwt/1` document, and a token as plain text.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use crate::base::{Stamp, text};
use crate::jwt::{Decoded, Part, explain};

/// The document of a token as read: no signature is checked and nothing is judged in this version.
pub fn document(t: &Decoded) -> Value {
    json!({
        "schema": "lunette.jwt/1",
        "kind": t.kind.word(),
        "header": object(&t.header),
        "claims": object(&t.claims),
        "members": {"header": members(&t.header), "claims": members(&t.claims)},
        "signature": {"status": "unchecked", "by": null, "reason": "no key was given"},
        "secret": null,
        "oddities": oddities(t),
        "findings": [],
    })
}

/// The object as a lax parser reads it: the last of two equal names wins. `null` where there is no object.
fn object(part: &Part) -> Value {
    if part.members.is_empty() && !part.bytes.lossy().trim_start().starts_with('{') {
        return Value::Null;
    }
    Value::Object(part.members.iter().cloned().collect::<Map<String, Value>>())
}

fn members(part: &Part) -> Vec<Value> {
    part.members.iter().map(|(n, v)| json!([n, v])).collect()
}

/// What is odd about a token, with the part it stands in.
pub fn oddities(t: &Decoded) -> Vec<String> {
    let part = |name: &'static str, p: &Part| p.oddities.iter().map(|o| format!("{name}: {o}")).collect::<Vec<_>>();
    [t.oddities.clone(), part("header", &t.header), part("claims", &t.claims)].concat()
}

/// A token as plain text, with the plain meaning of each member.
pub fn plain(t: &Decoded, now: Stamp) -> String {
    let mut out =
        format!("{}   {} bytes, signature {} bytes, not checked\n", t.kind.word(), t.token.len(), t.signature.len());
    for (title, part) in [("header", &t.header), ("claims", &t.claims)] {
        let _ = writeln!(out, "\n{title}");
        if part.members.is_empty() {
            let _ = writeln!(out, "  {}", part.bytes);
        }
        let width = part.members.iter().map(|(n, _)| n.len()).max().unwrap_or(0).min(24);
        for (name, value) in &part.members {
            let shown = match value {
                Value::String(s) => text::display_str(s),
                other => text::display_str(&other.to_string()),
            };
            let meaning = explain(name, value, now).map(|m| format!("   {m}")).unwrap_or_default();
            let _ = writeln!(out, "  {:<width$}  {shown}{meaning}", text::display_str(name));
        }
    }
    let odd = oddities(t);
    if !odd.is_empty() {
        let _ = writeln!(out, "\nodd");
        for line in odd {
            let _ = writeln!(out, "  {line}");
        }
    }
    out
}
