//! The `lunette.jwt/1` and `lunette.jwt-sign/1` documents, and a token as plain text.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::base::{Stamp, text};
use crate::jwt::check::Checked;
use crate::jwt::verify::Verdict;
use crate::jwt::{Decoded, Part, explain};

/// The document of a token with what is known of its signatures; nothing is judged in it.
pub fn document(checked: &Checked) -> Value {
    let (t, verdicts) = (&checked.token, &checked.verdicts);
    let mut out = Map::from_iter([("schema".to_owned(), "lunette.jwt/1".into())]);
    out.extend(body(t));
    out.insert("signature".to_owned(), verdicts.first().map_or(Value::Null, signature));
    if verdicts.len() > 1 && verdicts.len() == 1 + t.others.len() {
        let first = (&t.header, &t.unprotected);
        let headers = std::iter::once(first).chain(t.others.iter().map(|s| (&s.header, &s.unprotected)));
        let all = verdicts.iter().zip(headers).map(|(verdict, (header, unprotected))| {
            let mut one = signature(verdict);
            one["header"] = object(header);
            one["unprotected"] = pairs(unprotected).into();
            one
        });
        out.insert("signatures".to_owned(), all.collect());
    }
    if let Some(opened) = &checked.encryption {
        out.insert("encryption".to_owned(), signature(opened));
    }
    out.insert("secret".to_owned(), Value::Null);
    out.insert("findings".to_owned(), Value::Array(Vec::new()));
    Value::Object(out)
}

/// What a token says, and the token inside it.
fn body(t: &Decoded) -> Map<String, Value> {
    let inner = t.inner.as_ref().map_or(Value::Null, |inner| Value::Object(body(inner)));
    let entries = [
        ("kind", t.kind.word().into()),
        ("form", t.form.word().into()),
        ("header", object(&t.header)),
        ("claims", object(&t.claims)),
        ("members", json!({"header": members(&t.header), "claims": members(&t.claims)})),
        ("unprotected", pairs(&t.unprotected).into()),
        ("oddities", oddities(t).into()),
        ("inner", inner),
    ];
    let mut out: Map<String, Value> = entries.into_iter().map(|(n, v)| (n.to_owned(), v)).collect();
    // A payload that is no object is told by its bytes.
    if out["claims"].is_null() && !t.claims.bytes.is_empty() && t.inner.is_none() {
        out.insert("payload_base64".to_owned(), STANDARD.encode(t.claims.bytes.as_bytes()).into());
    }
    out
}

fn signature(v: &Verdict) -> Value {
    json!({"status": v.status.word(), "by": v.by, "reason": v.reason})
}

/// How the encryption and the signatures of a token stand, a line each.
pub fn stands(checked: &Checked) -> String {
    let opened =
        checked.encryption.iter().map(|v| ("encryption", if v.key.is_some() { "opened" } else { "closed" }, v));
    let signed = checked.verdicts.iter().map(|v| ("signature", v.status.word(), v));
    let mut out = String::new();
    for (what, how, verdict) in opened.chain(signed) {
        let by = verdict.by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        let reason = verdict.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
        let _ = writeln!(out, "{what} {how}{by}{reason}");
    }
    out
}

/// The object as a lax parser reads it: the last of two equal names wins. `null` where there is no object.
fn object(part: &Part) -> Value {
    if part.members.is_empty() && !part.bytes.lossy().trim_start().starts_with('{') {
        return Value::Null;
    }
    Value::Object(part.members.iter().cloned().collect::<Map<String, Value>>())
}

fn members(part: &Part) -> Vec<Value> {
    pairs(&part.members)
}

fn pairs(members: &[(String, Value)]) -> Vec<Value> {
    members.iter().map(|(n, v)| json!([n, v])).collect()
}

/// What is odd about a token, with the part it stands in.
pub fn oddities(t: &Decoded) -> Vec<String> {
    let part = |name: &'static str, p: &Part| p.oddities.iter().map(|o| format!("{name}: {o}")).collect::<Vec<_>>();
    [t.oddities.clone(), part("header", &t.header), part("claims", &t.claims)].concat()
}

/// A token as plain text, with the plain meaning of each member.
pub fn plain(checked: &Checked, now: Stamp) -> String {
    let t = &checked.token;
    let mut out = format!("{}   {} bytes\n{}", t.kind.word(), t.token.len(), stands(checked));
    said(t, now, &mut out);
    let mut inside = t.inner.as_deref();
    while let Some(inner) = inside {
        let _ = writeln!(out, "\ninside: {}   {} bytes", inner.kind.word(), inner.token.len());
        said(inner, now, &mut out);
        inside = inner.inner.as_deref();
    }
    out
}

/// Header, claims and what is odd.
fn said(t: &Decoded, now: Stamp, out: &mut String) {
    let mut part = |title: &str, part: &Part| {
        let _ = writeln!(out, "\n{title}");
        if part.members.is_empty() {
            let _ = writeln!(out, "  {}", part.bytes);
        }
        list(&part.members, now, out);
    };
    part("header", &t.header);
    for (i, signed) in t.others.iter().enumerate() {
        part(&format!("header of signature {}", i + 2), &signed.header);
    }
    part("claims", &t.claims);
    let first = std::iter::once((1, &t.unprotected));
    for (i, members) in first.chain(t.others.iter().map(|s| &s.unprotected).enumerate().map(|(i, m)| (i + 2, m))) {
        if !members.is_empty() {
            let of = if t.others.is_empty() { String::new() } else { format!(" of signature {i}") };
            let _ = writeln!(out, "\nunprotected{of}");
            list(members, now, out);
        }
    }
    let odd = oddities(t);
    if !odd.is_empty() {
        let _ = writeln!(out, "\nodd");
        for line in odd {
            let _ = writeln!(out, "  {line}");
        }
    }
}

/// Members with their plain meaning, a line each.
fn list(members: &[(String, Value)], now: Stamp, out: &mut String) {
    let width = members.iter().map(|(n, _)| n.len()).max().unwrap_or(0).min(24);
    for (name, value) in members {
        let shown = match value {
            Value::String(s) => text::display_str(s),
            other => text::display_str(&other.to_string()),
        };
        let meaning = explain(name, value, now).map(|m| format!("   {m}")).unwrap_or_default();
        let _ = writeln!(out, "  {:<width$}  {shown}{meaning}", text::display_str(name));
    }
}

/// The document of a token that was made.
pub fn made(token: &[u8]) -> Value {
    json!({"schema": "lunette.jwt-sign/1", "token": String::from_utf8_lossy(token)})
}
