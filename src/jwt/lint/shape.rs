//! Rules about how a token is written: its parts, its base64, its JSON, its header.

use std::collections::HashSet;

use serde::Deserialize as _;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::context::{Context, Hit, hit, hit_as, quoted, shown};
use crate::base::Severity;
use crate::jwt::{Form, Kind, Part, base64url};

/// Levels of nesting that no token needs more of.
const DEEP: usize = 32;
/// Bytes above which a token is told of.
const LONG: usize = 4 << 10;
/// Bytes above which some proxies refuse the header it stands in.
const TOO_LONG: usize = 8 << 10;

/// Parameters that the specifications of signed and encrypted tokens define (RFC 7515 section 4.1, RFC 7516 section 4.1, RFC
/// 7518 sections 4.6 to 4.8): `crit` must not name them.
const REGISTERED: &[&str] = &[
    "alg", "jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "cty", "crit", "enc", "zip", "epk", "apu",
    "apv", "iv", "tag", "p2s", "p2c",
];

/// The parts that are JSON objects, with their names.
fn parts<'a>(c: &Context<'a>) -> Vec<(&'static str, &'a Part)> {
    let mut out = vec![("header", &c.t.header)];
    if c.has_claims() {
        out.push(("claims", &c.t.claims));
    }
    out
}

pub(super) fn segments(c: &Context<'_>) -> Vec<Hit> {
    match c.t.form {
        Form::Flattened | Form::General => {
            return vec![hit("it is in the JSON serialization, where the compact one is expected")];
        }
        Form::Bare => return vec![hit("it is a bare JSON object, and no token")],
        Form::Compact => {}
    }
    let parts = memchr::memchr_iter(b'.', c.t.token.as_bytes()).count() + 1;
    match parts {
        3 | 5 => Vec::new(),
        1 => vec![hit("it has one part, where a token has three, or five when it is encrypted")],
        n => vec![hit(format!("it has {n} parts, where a token has three, or five when it is encrypted"))],
    }
}

pub(super) fn base64(c: &Context<'_>) -> Vec<Hit> {
    let token = c.t.token.as_bytes();
    let mut parts: Vec<(&str, &[u8])> = vec![("header", c.t.header.encoded.as_bytes())];
    if c.is_encrypted() {
        let names = ["encrypted key", "initialization vector", "ciphertext", "tag"];
        parts.extend(names.into_iter().zip(c.t.parts.iter().skip(1).filter_map(|p| token.get(p.clone()))));
    } else {
        if !c.t.claims.raw {
            parts.push(("claims", c.t.claims.encoded.as_bytes()));
        }
        parts.push(("signature", c.t.encoded_signature.as_bytes()));
    }
    let odd = |(name, part): (&str, &[u8])| -> Vec<Hit> {
        base64url::decode(part).oddities.into_iter().map(|o| hit(format!("{name}: {o}"))).collect()
    };
    // What is no token at all is said elsewhere.
    if c.t.form == Form::Compact && c.t.parts.len() < 2 {
        Vec::new()
    } else {
        parts.into_iter().flat_map(odd).collect()
    }
}

pub(super) fn duplicates(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    for (name, part) in parts(c) {
        let mut seen = HashSet::with_capacity(part.members.len());
        let mut told = HashSet::new();
        for (member, _) in &part.members {
            if !seen.insert(member) && told.insert(member) {
                let values: Vec<String> =
                    part.members.iter().filter(|(n, _)| n == member).take(3).map(|(_, v)| shown(v)).collect();
                out.push(hit(format!("{name}: {} stands twice, as {}", quoted(member), values.join(" and "))));
                if out.len() > 20 {
                    return out;
                }
            }
        }
    }
    out
}

pub(super) fn encoding(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    let mut looked = vec![("header", &c.t.header)];
    // The payload of a nested or an encrypted token is no object, and a detached one is not there.
    if c.t.kind == Kind::Jws && !c.t.claims.encoded.is_empty() {
        looked.push(("claims", &c.t.claims));
    }
    if c.t.kind == Kind::Other {
        looked.retain(|(_, p)| !p.members.is_empty());
    }
    for (name, part) in looked {
        let bytes = part.bytes.as_bytes();
        let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        if bare.len() < bytes.len() {
            out.push(hit(format!("{name}: it begins with a byte order mark")));
        }
        if std::str::from_utf8(bare).is_err() {
            out.push(hit(format!("{name}: it is not UTF-8")));
        }
        if bare.trim_ascii_start().first() != Some(&b'{') {
            out.push(hit(format!("{name}: it is no JSON object")));
            continue;
        }
        let deep = depth(bare);
        if deep > DEEP {
            out.push(hit(format!("{name}: it nests {deep} levels deep")));
            continue;
        }
        let text = String::from_utf8_lossy(bare);
        let mut reader = serde_json::Deserializer::from_str(&text);
        if IgnoredAny::deserialize(&mut reader).is_err() {
            out.push(hit(format!("{name}: its JSON ends in a fault")));
        } else if reader.end().is_err() {
            out.push(hit(format!("{name}: bytes follow the JSON object")));
        }
    }
    out
}

/// The deepest level of brackets outside of strings.
fn depth(json: &[u8]) -> usize {
    let (mut now, mut most, mut text, mut escaped) = (0_usize, 0, false, false);
    for b in json {
        if text {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => text = false,
                _ => {}
            }
            continue;
        }
        match b {
            b'"' => text = true,
            b'{' | b'[' => {
                now += 1;
                most = most.max(now);
            }
            b'}' | b']' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    most
}

pub(super) fn header_types(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    let texts = ["alg", "kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256", "enc", "zip"];
    for (names, right, want) in [
        (&texts[..], Value::is_string as fn(&Value) -> bool, "a string"),
        (&["x5c", "crit"], Value::is_array, "a list"),
        (&["jwk", "epk"], Value::is_object, "an object"),
    ] {
        for name in names {
            if let Some(value) = c.header(name).filter(|v| !right(v)) {
                out.push(hit(format!("`{name}` is {}, and {want} is meant", shown(value))));
            }
        }
    }
    out
}

pub(super) fn oversize(c: &Context<'_>) -> Vec<Hit> {
    match c.t.token.len() {
        n if n > TOO_LONG => vec![hit(format!("it is {n} bytes long, and proxies refuse headers from 8 KiB on"))],
        n if n > LONG => vec![hit_as(Severity::Info, format!("it is {n} bytes long, half of what proxies take"))],
        _ => Vec::new(),
    }
}

pub(super) fn unencoded(c: &Context<'_>) -> Vec<Hit> {
    let Some(b64) = c.header("b64") else { return Vec::new() };
    let named = c.header("crit").and_then(Value::as_array).is_some_and(|l| l.iter().any(|v| v == "b64"));
    let mut out = Vec::new();
    if *b64 == Value::Bool(false) {
        out.push(hit("`b64` is false: the payload stands there unencoded, which a token must not have"));
    } else if *b64 != Value::Bool(true) {
        out.push(hit(format!("`b64` is {}, neither true nor false", shown(b64))));
    }
    if !named {
        out.push(hit("`b64` is there and `crit` does not name it, so a reader may pass over it"));
    }
    out
}

pub(super) fn critical(c: &Context<'_>) -> Vec<Hit> {
    let Some(crit) = c.header("crit") else { return Vec::new() };
    let Some(list) = crit.as_array() else {
        return vec![hit(format!("`crit` is {}, and a list of names is meant", shown(crit)))];
    };
    if list.is_empty() {
        return vec![hit("`crit` is empty")];
    }
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    for value in list.iter().take(20) {
        let Some(name) = value.as_str() else {
            out.push(hit(format!("`crit` holds {}, which is no name", shown(value))));
            continue;
        };
        if !seen.insert(name) {
            out.push(hit(format!("`crit` names {} twice", quoted(name))));
        } else if REGISTERED.contains(&name) {
            out.push(hit(format!("`crit` names {}, which every reader has to understand anyway", quoted(name))));
        } else if c.header(name).is_none() {
            out.push(hit(format!("`crit` names {}, which is not in the header", quoted(name))));
        } else if name.contains(':') {
            // A name that its makers own is an extension they agreed on; who does not know it has to refuse the token.
            out.push(hit_as(Severity::Low, format!("`crit` names {}, which only its makers know", quoted(name))));
        } else if name != "b64" {
            out.push(hit(format!("`crit` names {}, which no specification of tokens has", quoted(name))));
        }
    }
    out
}

pub(super) fn compression(c: &Context<'_>) -> Vec<Hit> {
    match c.header("zip") {
        None => Vec::new(),
        Some(zip) if c.is_encrypted() => vec![hit(format!(
            "it is compressed ({}) before it is encrypted: its length tells of what is in it, and it may unpack to anything",
            shown(zip)
        ))],
        Some(zip) => {
            vec![hit(format!("`zip` is {} in a token that is not encrypted, where it means nothing", shown(zip)))]
        }
    }
}

pub(super) fn nested(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    if c.t.inner.is_some() {
        out.push(hit("its payload is a token itself, which is judged too"));
    }
    for name in ["iss", "sub", "aud"] {
        if let (Some(above), Some(below)) = (c.header(name), c.claim(name))
            && above != below
        {
            let detail = format!("the header says `{name}` is {}, and the claims say {}", shown(above), shown(below));
            out.push(hit_as(Severity::Medium, detail));
        }
    }
    out
}
