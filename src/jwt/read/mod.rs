//! From any bytes to a token: splitting, the parts, and what is odd about the whole.

mod json;
mod wrapped;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::base::Untrusted;

use super::{Decoded, Encrypted, Form, Kind, NESTING, Part, Recipient, base64url, object};

use wrapped::trim;

/// Reads any bytes as a token. It never refuses and never panics: what is not canonical is decoded as far as it goes and
/// named in the oddities of the part or of the whole. Time and memory grow linearly with the input.
///
/// White space around it, one pair of quotes and a scheme such as `Bearer` before it are taken off. The compact
/// serializations are those of RFC 7515 section 7.1 (three parts) and RFC 7516 section 7.1 (five parts), the JSON
/// serializations those of section 7.2 of either. A payload that is not encoded (RFC 7797) is taken as it stands.
pub fn decode(input: &[u8]) -> Decoded {
    read(trim(input), NESTING)
}

fn read(token: &[u8], depth: usize) -> Decoded {
    let mut out = Decoded::empty(token);
    if token.is_empty() {
        out.oddities.push("there is nothing here".to_owned());
        return out;
    }
    if token.first() == Some(&b'{') {
        json::read(token, &mut out);
    } else {
        compact(token, &mut out);
    }
    if out.kind == Kind::Jws {
        open_payload(&mut out, depth);
    }
    out
}

/// The compact serializations, and any other number of parts.
fn compact(token: &[u8], out: &mut Decoded) {
    let count = memchr::memchr_iter(b'.', token).count() + 1;
    let mut at = 0;
    // What follows the fifth dot is one part.
    for part in token.splitn(6, |b| *b == b'.') {
        out.parts.push(at..at + part.len());
        at += part.len() + 1;
    }
    out.header = part(&token[out.parts[0].clone()], Some(0));
    let raw = out.header.get("b64") == Some(&Value::Bool(false));
    if raw && count > 3 {
        // The dots of a payload that is not encoded are its own.
        let end = token.len() - token.iter().rev().take_while(|b| **b != b'.').count();
        out.parts = vec![out.parts[0].clone(), out.parts[1].start..end - 1, end..token.len()];
        out.oddities.push("dots in a payload that is not encoded, which RFC 7797 section 5.2 forbids here".to_owned());
    }
    let piece = |i: usize| out.parts.get(i).map(|range| &token[range.clone()]);
    match (out.parts.len(), count) {
        (5, 5) => {
            out.kind = Kind::Jwe;
            if out.header.get("enc").is_none() {
                out.oddities.push("five parts as an encrypted token has, but the header names no `enc`".to_owned());
            }
            let mut field = |i: usize, name: &str| {
                let read = base64url::decode(piece(i).unwrap_or_default());
                out.oddities.extend(read.oddities.into_iter().map(|o| format!("{name}: {o}")));
                read.bytes
            };
            let key = field(1, "encrypted key");
            out.encrypted = Some(Encrypted {
                recipients: vec![Recipient { header: Vec::new(), key }],
                iv: field(2, "initialization vector"),
                ciphertext: field(3, "ciphertext"),
                tag: field(4, "authentication tag"),
                additional: out.header.encoded.as_bytes().to_vec(),
            });
            return;
        }
        (3, _) => out.kind = Kind::Jws,
        (_, 1) => out.oddities.push("one part: a token has three, or five when it is encrypted".to_owned()),
        (_, 2) => out.oddities.push("two parts: the signature is missing with its dot".to_owned()),
        (_, n) => out.oddities.push(format!("{n} parts: a token has three, or five when it is encrypted")),
    }
    if let Some(payload) = out.parts.get(1).cloned() {
        let segment = &token[payload.clone()];
        // The signature covers what stands there either way.
        let encoded_all_the_same = raw && is_object(segment);
        if encoded_all_the_same {
            out.oddities.push(
                "`b64` says that the payload is not encoded, but it is: readers that know the member see no claims"
                    .to_owned(),
            );
        }
        out.claims = payload_part(segment, raw && !encoded_all_the_same, Some(payload.start));
    }
    if let Some(encoded) = out.parts.get(2).cloned() {
        let encoded = &token[encoded];
        let read = base64url::decode(encoded);
        out.signature = read.bytes;
        out.encoded_signature = Untrusted::from(encoded);
        out.oddities.extend(read.oddities.into_iter().map(|o| format!("signature: {o}")));
    }
    if out.kind == Kind::Jws {
        if out.encoded_signature.is_empty() {
            out.oddities.push("the signature is empty".to_owned());
        } else if out.is_detached() {
            out.oddities.push("the payload is not in it: it is detached (RFC 7515 appendix F)".to_owned());
        }
    }
    if out.header.get("enc").is_some() {
        out.oddities
            .push("the header names an `enc` as an encrypted token does, but there are not five parts".to_owned());
    }
}

/// One encoded segment as a JSON object, and where it begins in the token.
fn part(encoded: &[u8], at: Option<usize>) -> Part {
    let read = base64url::decode(encoded);
    let object = object::read(&read.bytes);
    let mut oddities = read.oddities;
    oddities.extend(object.oddities);
    Part {
        encoded: Untrusted::from(encoded),
        bytes: Untrusted::from(read.bytes),
        members: object.members,
        spans: object.spans,
        at,
        raw: false,
        oddities,
    }
}

/// The payload: a segment like another, unless it is not encoded (RFC 7797 section 3).
pub(super) fn payload_part(segment: &[u8], raw: bool, at: Option<usize>) -> Part {
    if segment.is_empty() {
        return Part { at, raw, ..Part::default() };
    }
    if !raw {
        return part(segment, at);
    }
    let object = object::read(segment);
    Part {
        encoded: Untrusted::from(segment),
        bytes: Untrusted::from(segment),
        members: object.members,
        spans: object.spans,
        at,
        raw,
        oddities: object.oddities,
    }
}

/// True for the base64url of what begins as a JSON object.
fn is_object(segment: &[u8]) -> bool {
    segment.iter().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(b))
        && base64url::decode(segment).bytes.trim_ascii_start().first() == Some(&b'{')
}

/// Opens the payload when it is a token itself (RFC 7519 section 5.2: `cty` is `JWT` then).
fn open_payload(out: &mut Decoded, depth: usize) {
    let announced = out.header.get("cty").and_then(Value::as_str).is_some_and(|c| {
        let c = c.to_ascii_lowercase();
        matches!(c.strip_prefix("application/").unwrap_or(&c), "jwt")
    });
    if out.is_detached() {
        return;
    }
    let payload = out.claims.bytes.as_bytes();
    let inside = is_token(payload);
    if !announced && !inside {
        return;
    }
    out.kind = Kind::Nested;
    if !inside {
        out.oddities.push("`cty` announces a token inside, but the payload is none".to_owned());
        return;
    }
    // The payload of a nested token is no JSON object, and need not be.
    out.claims.oddities.retain(|o| !o.ends_with("where a JSON object should be"));
    if !announced {
        out.oddities.push("the payload is a token, but `cty` does not say so".to_owned());
    }
    if depth <= 1 {
        out.oddities.push(format!("tokens inside tokens: opened {NESTING} deep and no deeper"));
        return;
    }
    out.inner = Some(Box::new(read(trim(payload), depth - 1)));
}

/// The token that was found inside an encrypted one.
pub(super) fn inside(content: &[u8]) -> Option<Decoded> {
    is_token(content).then(|| read(trim(content), NESTING - 1))
}

/// True for bytes that are one compact token and nothing else: three or five parts, the first of them a JSON object.
fn is_token(bytes: &[u8]) -> bool {
    let bytes = trim(bytes);
    let dots = memchr::memchr_iter(b'.', bytes).count();
    if !matches!(dots, 2 | 4) {
        return false;
    }
    let first = bytes.split(|b| *b == b'.').next().unwrap_or_default();
    !first.is_empty()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.+/=".contains(b))
        && base64url::decode(first).bytes.trim_ascii_start().first() == Some(&b'{')
}

impl Decoded {
    fn empty(token: &[u8]) -> Self {
        Self {
            kind: Kind::Other,
            form: Form::Compact,
            token: Untrusted::from(token),
            parts: Vec::new(),
            header: Part::default(),
            unprotected: Vec::new(),
            claims: Part::default(),
            signature: Vec::new(),
            encoded_signature: Untrusted::default(),
            others: Vec::new(),
            encrypted: None,
            oddities: Vec::new(),
            inner: None,
        }
    }
}
