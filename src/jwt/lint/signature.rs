//! Rules about the signature itself, whoever made it.

use serde_json::Value;

use super::context::{Context, Hit, hit, shown};
use crate::jwt::Form;
use crate::jwt::alg::Family;
use crate::jwt::key::{Curve, Material};

/// Bytes of the smallest modulus that anybody ever signed with, 1024 bits.
const SMALLEST: usize = 128;

fn says_none(value: &Value) -> bool {
    match value {
        Value::String(s) => s.trim().eq_ignore_ascii_case("none"),
        Value::Array(list) => list.iter().take(100).any(says_none),
        Value::Object(members) => members.values().take(100).any(says_none),
        _ => false,
    }
}

pub(super) fn none(c: &Context<'_>) -> Vec<Hit> {
    match c.header("alg") {
        Some(alg) if says_none(alg) => {
            vec![hit(format!("`alg` is {}: a reader that takes it takes what anybody writes", shown(alg)))]
        }
        _ => Vec::new(),
    }
}

pub(super) fn empty(c: &Context<'_>) -> Vec<Hit> {
    if !c.is_signed() || c.header("alg").is_some_and(says_none) || !c.t.encoded_signature.is_empty() {
        return Vec::new();
    }
    match (c.t.form, c.t.parts.len()) {
        (Form::Compact, 2) => vec![hit("the signature is missing with its dot")],
        (Form::Compact, 3) => vec![hit("the part of the signature is empty")],
        (Form::Flattened | Form::General, _) => vec![hit("`signature` is missing or empty")],
        _ => Vec::new(),
    }
}

pub(super) fn length(c: &Context<'_>) -> Vec<Hit> {
    let (Some(algorithm), signature) = (c.algorithm(), &c.t.signature) else { return Vec::new() };
    if signature.is_empty() || !c.is_signed() {
        return Vec::new();
    }
    let n = signature.len();
    let want = match algorithm.family {
        Family::Hmac => vec![algorithm.hash.map_or(32, crate::jwt::alg::Hash::bytes)],
        // What is in DER is told by another rule.
        Family::Ecdsa(curve) if integers(signature).is_none() => vec![curve.size() * 2],
        Family::Ecdsa(_) | Family::None => return Vec::new(),
        Family::Edwards(Some(curve)) => vec![curve.size() * 2],
        Family::Edwards(None) => vec![64, 114],
        Family::RsaPkcs1 | Family::RsaPss => {
            let moduli: Vec<usize> = c
                .named_keys()
                .iter()
                .filter_map(|k| if let Material::Rsa(r) = &k.material { Some(r.n.len()) } else { None })
                .collect();
            if moduli.is_empty() {
                if n >= SMALLEST {
                    return Vec::new();
                }
                return vec![hit(format!("{n} bytes, and no RSA key makes less than {SMALLEST}"))];
            }
            moduli
        }
    };
    if want.contains(&n) {
        return Vec::new();
    }
    let want: Vec<String> = want.iter().map(usize::to_string).collect();
    vec![hit(format!("{n} bytes, where {} makes {}", algorithm.name, want.join(" or ")))]
}

/// The two numbers of an ECDSA signature in DER (X9.62), where the bytes are nothing else.
fn integers(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [0x30, rest @ ..] = bytes else { return None };
    let (length, rest) = match rest {
        [0x81, n, rest @ ..] => (usize::from(*n), rest),
        [n, rest @ ..] if *n < 0x80 => (usize::from(*n), rest),
        _ => return None,
    };
    if rest.len() != length {
        return None;
    }
    let (r, rest) = integer(rest)?;
    let (s, rest) = integer(rest)?;
    rest.is_empty().then_some((r, s))
}

fn integer(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let [2, n, rest @ ..] = bytes else { return None };
    rest.split_at_checked(usize::from(*n)).filter(|(value, _)| !value.is_empty())
}

pub(super) fn der(c: &Context<'_>) -> Vec<Hit> {
    match c.algorithm().map(|a| a.family) {
        Some(Family::Ecdsa(_)) if integers(&c.t.signature).is_some() => {
            vec![hit("the signature is in DER, as TLS has it; a token has both numbers side by side")]
        }
        _ => Vec::new(),
    }
}

/// The order of the group of a curve, big-endian (SEC 2 sections 2.4.1 to 2.6.1, FIPS 186-4 appendix D.1.2).
fn order(curve: Curve) -> Option<Vec<u8>> {
    let hex = match curve {
        Curve::P256 => "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
        Curve::Secp256k1 => "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        Curve::P384 => {
            "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973"
        }
        Curve::P521 => {
            "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa51868783bf2f966b7fcc0148f709a5d03bb5c9b8\
             899c47aebb6fb71e91386409"
        }
        _ => return None,
    };
    let digit = |b: u8| u8::try_from(char::from(b).to_digit(16).unwrap_or_default()).unwrap_or_default();
    Some(hex.as_bytes().as_chunks::<2>().0.iter().map(|[a, b]| digit(*a) << 4 | digit(*b)).collect())
}

fn significant(bytes: &[u8]) -> &[u8] {
    &bytes[bytes.iter().position(|b| *b != 0).unwrap_or(bytes.len())..]
}

pub(super) fn psychic(c: &Context<'_>) -> Vec<Hit> {
    let Some(Family::Ecdsa(curve)) = c.algorithm().map(|a| a.family) else { return Vec::new() };
    let signature = &c.t.signature;
    let (r, s) = match integers(signature) {
        Some(both) => both,
        None if signature.len() == curve.size() * 2 => signature.split_at(curve.size()),
        None => return Vec::new(),
    };
    let Some(order) = order(curve) else { return Vec::new() };
    let order = significant(&order);
    let mut out = Vec::new();
    for (name, number) in [("r", significant(r)), ("s", significant(s))] {
        if number.is_empty() {
            out.push(hit(format!("`{name}` is 0: a verifier that does not look takes it for every message")));
        } else if (number.len(), number) >= (order.len(), order) {
            out.push(hit(format!("`{name}` is not below the order of {}, as every signature is", curve.name())));
        }
    }
    out
}
