//! The JSON serializations: RFC 7515 section 7.2 for signatures, RFC 7516 section 7.2 for encryption.

use serde_json::Value;
use serde_json::value::RawValue;

use super::{part, payload_part};
use crate::base::Untrusted;
use crate::jwt::object::{self, Object};
use crate::jwt::{Decoded, Encrypted, Form, Kind, Part, Recipient, Signed, base64url};

/// Signatures, and recipients, of one token that are read; the rest are counted.
const MOST: usize = 100;

/// One JSON object of the token, and where it begins there.
struct Place<'a> {
    text: &'a [u8],
    at: usize,
    object: Object,
}

impl<'a> Place<'a> {
    fn of(text: &'a [u8], at: usize) -> Self {
        Self { text, at, object: object::read(text) }
    }

    fn has(&self, name: &str) -> bool {
        self.object.members.iter().any(|(n, _)| n == name)
    }

    /// The last member of that name, and its text.
    fn get(&self, name: &str) -> Option<(&Value, &'a [u8], usize)> {
        let i = self.object.members.iter().rposition(|(n, _)| n == name)?;
        let span = self.object.spans[i];
        Some((&self.object.members[i].1, self.text.get(span.of_value())?, self.at + span.value))
    }

    /// A string as it stands in the token, UTF-8 or not, and where its first character does; one with escapes stands nowhere
    /// exact, and is given without them.
    fn string(&self, name: &str) -> Option<(&[u8], Option<usize>)> {
        let (value, raw, at) = self.get(name)?;
        let text = value.as_str()?.as_bytes();
        Some(match raw {
            [b'"', inner @ .., b'"'] if !inner.contains(&b'\\') => (inner, Some(at + 1)),
            _ => (text, None),
        })
    }

    fn decoded(&self, name: &str) -> Option<base64url::Lenient> {
        self.string(name).map(|(text, _)| base64url::decode(text))
    }

    fn members(&self, name: &str) -> Vec<(String, Value)> {
        self.get(name).map(|(_, raw, _)| object::read(raw).members).unwrap_or_default()
    }

    /// The objects of a list, and how many it has.
    fn list(&self, name: &str) -> Option<(Vec<Place<'a>>, usize)> {
        let (_, raw, at) = self.get(name)?;
        let items: Vec<&RawValue> = serde_json::from_slice(raw).ok()?;
        let places = items.iter().take(MOST).map(|item| {
            let text = item.get().as_bytes();
            // The item is a slice of the text: the distance of the two is where it stands.
            let offset = (text.as_ptr() as usize).saturating_sub(raw.as_ptr() as usize);
            Place::of(&raw[offset.min(raw.len())..(offset + text.len()).min(raw.len())], at + offset)
        });
        Some((places.collect(), items.len()))
    }
}

/// Reads either of the two, flattened or general, and a bare JSON object, whose members are shown as claims.
pub(super) fn read(token: &[u8], out: &mut Decoded) {
    let whole = Place::of(token, 0);
    let headed = ["protected", "header", "unprotected", "recipients"].iter().any(|n| whole.has(n));
    if headed && whole.has("ciphertext") {
        encrypted(&whole, out);
    } else if whole.string("payload").is_some() || whole.has("signatures") || (headed && whole.has("signature")) {
        signed(&whole, out);
    } else {
        out.form = Form::Bare;
        out.oddities.push("a bare JSON object, not a token: its members are shown as claims".to_owned());
        out.claims = Part {
            bytes: Untrusted::from(token),
            members: whole.object.members,
            spans: whole.object.spans,
            raw: true,
            at: Some(0),
            oddities: whole.object.oddities,
            ..Part::default()
        };
    }
}

/// Says what form it has, and gives the objects that hold what is said of each signature or recipient.
fn form<'a>(whole: &'a Place<'a>, lists: &str, what: &str, out: &mut Decoded) -> Option<Vec<Place<'a>>> {
    out.oddities.push("JSON serialization, where the compact form is usual".to_owned());
    out.oddities.extend(whole.object.oddities.iter().cloned());
    out.form = Form::Flattened;
    if !whole.has(lists) {
        return None;
    }
    out.form = Form::General;
    let Some((list, count)) = whole.list(lists) else {
        out.oddities.push(format!("`{lists}` is no list that can be read"));
        return Some(Vec::new());
    };
    if count != 1 {
        out.oddities.push(match count {
            0 => format!("no {what} in it"),
            n if n > MOST => format!("{n} {what}s, of which {MOST} are read"),
            n => format!("{n} {what}s"),
        });
    }
    Some(list)
}

fn signed(whole: &Place<'_>, out: &mut Decoded) {
    out.kind = Kind::Jws;
    let list = form(whole, "signatures", "signature", out);
    let places: Vec<&Place<'_>> = list.as_ref().map_or_else(|| vec![whole], |list| list.iter().collect());
    for (i, place) in places.into_iter().enumerate() {
        let one = signature(place);
        if i > 0 {
            out.others.push(one);
            continue;
        }
        if place.has("header") {
            out.oddities.push("has an unprotected header, which the signature does not cover".to_owned());
        }
        if one.encoded_signature.is_empty() {
            out.oddities.push("the signature is empty".to_owned());
        }
        (out.header, out.unprotected) = (one.header, one.unprotected);
        (out.signature, out.encoded_signature) = (one.signature, one.encoded_signature);
        out.oddities.extend(one.oddities);
    }
    let raw = out.header.get("b64") == Some(&Value::Bool(false));
    match whole.string("payload") {
        Some((payload, at)) => out.claims = payload_part(payload, raw, at),
        None if whole.has("payload") => out.oddities.push("`payload` is no string".to_owned()),
        None => out.oddities.push("the payload is not in it: it is detached (RFC 7515 appendix F)".to_owned()),
    }
}

/// One signature with what is said of it.
fn signature(place: &Place<'_>) -> Signed {
    let (encoded, _) = place.string("signature").unwrap_or_default();
    let read = base64url::decode(encoded);
    Signed {
        header: protected(place),
        unprotected: place.members("header"),
        signature: read.bytes,
        encoded_signature: Untrusted::from(encoded),
        oddities: read.oddities.into_iter().map(|o| format!("signature: {o}")).collect(),
    }
}

/// The protected header; empty where there is none, and then nothing is odd about it.
fn protected(place: &Place<'_>) -> Part {
    match place.string("protected") {
        Some((encoded, at)) if !encoded.is_empty() => part(encoded, at),
        _ => Part::default(),
    }
}

fn encrypted(whole: &Place<'_>, out: &mut Decoded) {
    out.kind = Kind::Jwe;
    let list = form(whole, "recipients", "recipient", out);
    out.header = protected(whole);
    out.unprotected = whole.members("unprotected");
    let mut field = |place: &Place<'_>, name: &str| {
        let read = place.decoded(name).unwrap_or_default();
        out.oddities.extend(read.oddities.into_iter().map(|o| format!("{name}: {o}")));
        read.bytes
    };
    let places: Vec<&Place<'_>> = list.as_ref().map_or_else(|| vec![whole], |list| list.iter().collect());
    let recipients =
        places.into_iter().map(|p| Recipient { header: p.members("header"), key: field(p, "encrypted_key") }).collect();
    // RFC 7516 section 5.1 step 14: the protected header as it stands, and what else is to be authenticated.
    let mut additional = out.header.encoded.as_bytes().to_vec();
    if let Some((aad, _)) = whole.string("aad") {
        additional.push(b'.');
        additional.extend_from_slice(aad);
    }
    out.encrypted = Some(Encrypted {
        recipients,
        iv: field(whole, "iv"),
        ciphertext: field(whole, "ciphertext"),
        tag: field(whole, "tag"),
        additional,
    });
}
