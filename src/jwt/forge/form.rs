//! The token as it is in another form: the same signature, spelled or packed otherwise.

use serde_json::json;

use super::Bench;
use super::table::{DER, MIRRORED, SERIALIZED, SPELLED};
use super::unsigned::encode;

/// The order of P-256 (FIPS 186-4, D.1.2.3).
const ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7,
    0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];

pub fn add(bench: &mut Bench<'_>) {
    if bench.token.signature.is_empty() {
        for family in [&SPELLED, &SERIALIZED] {
            bench.miss(family, "the token has no signature to keep");
        }
    } else {
        spelled(bench);
        serialized(bench);
    }
    if bench.alg.starts_with("ES") && bench.token.signature.len() >= 64 && bench.token.signature.len().is_multiple_of(2)
    {
        let (r, s) = bench.token.signature.split_at(bench.token.signature.len() / 2);
        let der = encode(&der(r, s));
        let mirrored = (bench.alg == "ES256").then(|| encode(&[r, &less(s)].concat()));
        let token = with_signature(bench, &der);
        bench.add(&DER, "der", "the same two numbers as DER", token);
        if let Some(mirrored) = mirrored {
            let token = with_signature(bench, &mirrored);
            bench.add(&MIRRORED, "s", "the order of the curve less s", token);
        }
    } else {
        for family in [&DER, &MIRRORED] {
            bench.miss(family, "it is signed without ECDSA");
        }
    }
}

fn with_signature(bench: &Bench<'_>, signature: &str) -> Vec<u8> {
    let [header, claims] = [&bench.token.header, &bench.token.claims].map(|p| p.encoded.as_bytes());
    [header, b".", claims, b".", signature.as_bytes()].concat()
}

fn spelled(bench: &mut Bench<'_>) {
    let text = encode(&bench.token.signature);
    let mut add = |slug: &str, name: &str, signature: &str| {
        let token = with_signature(bench, signature);
        bench.add(&SPELLED, slug, name, token);
    };
    let padding = "=".repeat((4 - text.len() % 4) % 4);
    if !padding.is_empty() {
        add("padding", "padding at the end", &format!("{text}{padding}"));
        if let Some(last) = spare(&text) {
            add("spare-bits", "the bits of the last letter that carry nothing", &last);
        }
    }
    let standard = text.replace('-', "+").replace('_', "/");
    if standard != text {
        add("standard", "standard base64 in place of base64url", &standard);
    }
}

/// The same bytes with a spare bit of the last letter set; `None` where it has none.
fn spare(text: &str) -> Option<String> {
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = text.chars().last()?;
    // Whole bytes end where the low bits of the last letter are zero.
    let other = LETTERS.chars().nth(LETTERS.find(last)? ^ 1)?;
    Some(format!("{}{other}", &text[..text.len() - 1]))
}

fn serialized(bench: &mut Bench<'_>) {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let protected = part(bench.token.header.encoded.as_bytes());
    let payload = part(bench.token.claims.encoded.as_bytes());
    let signature = encode(&bench.token.signature);
    let flat = json!({ "payload": payload, "protected": protected, "signature": signature });
    let general = json!({ "payload": payload, "signatures": [{ "protected": protected, "signature": signature }] });
    bench.add(&SERIALIZED, "flattened", "flattened", flat.to_string().into_bytes());
    bench.add(&SERIALIZED, "general", "general", general.to_string().into_bytes());
}

/// Two numbers as `ECDSA-Sig-Value` (RFC 3279 section 2.2.3).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    use crate::jwt::key::der::{SEQUENCE, integer, value};
    value(SEQUENCE, &[&integer(r), &integer(s)]).to_vec()
}

/// The order less a number below it.
fn less(s: &[u8]) -> Vec<u8> {
    let mut out = vec![0; ORDER.len()];
    let mut borrow = 0_i16;
    for i in (0..ORDER.len()).rev() {
        let difference = i16::from(ORDER[i]) - i16::from(s.get(i).copied().unwrap_or(0)) - borrow;
        borrow = i16::from(difference < 0);
        out[i] = u8::try_from(difference + borrow * 256).unwrap_or(0);
    }
    out
}
