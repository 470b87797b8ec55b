//! Tokens without a signature, with one that was left from before, or with one that is nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::Bench;
use super::table::{NESTED, PSYCHIC, STRIPPED, UNCHECKED, UNSIGNED};

/// Base64url without padding.
pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The order of P-256 and of P-384 (FIPS 186-4, D.1.2).
const ORDERS: [(&str, &str); 2] = [
    ("ES256", "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551"),
    ("ES384", "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973"),
];

/// What stands for no algorithm.
const SPELLINGS: [&str; 7] = ["none", "None", "NONE", "nOnE", "NoNe", "none ", ""];

pub fn add(bench: &mut Bench<'_>) {
    unchecked(bench);
    none(bench);
    let input = [bench.token.header.encoded.as_bytes(), b".", bench.token.claims.encoded.as_bytes()].concat();
    bench.add(&STRIPPED, "empty", "nothing after the last dot", [&input[..], b"."].concat());
    bench.add(&STRIPPED, "two-parts", "the last dot gone too", input);
    nested(bench);
    psychic(bench);
}

fn unchecked(bench: &mut Bench<'_>) {
    bench.add(&UNCHECKED, "changed", "another signature of the same length", super::broken(bench.token));
    if let Some(claims) = &bench.claims {
        let payload = encode(&claims.with("lunette", 1).write());
        let signature = encode(&bench.token.signature);
        let token = [bench.token.header.encoded.as_bytes(), format!(".{payload}.{signature}").as_bytes()].concat();
        bench.add(&UNCHECKED, "kept", "a claim added under the signature it had", token);
    }
}

fn none(bench: &mut Bench<'_>) {
    let payload = encode(bench.payload);
    let token = |header: &[u8], end: &str| format!("{}.{payload}{end}", encode(header)).into_bytes();
    for spelling in SPELLINGS {
        let header = bench.header.with("alg", spelling).write();
        let (slug, name) = match spelling {
            "none " => ("none-space", "alg none with a space after it".to_owned()),
            "" => ("empty", "alg of no letters".to_owned()),
            other => (other, format!("alg {other}")),
        };
        bench.add(&UNSIGNED, slug, name, token(&header, "."));
    }
    let header = bench.header.clone();
    let odd = [
        ("bare", "alg none and no other member", br#"{"alg":"none"}"#.to_vec(), "."),
        ("two-parts", "alg none, the last dot gone too", header.with("alg", "none").write(), ""),
        ("null", "alg null", header.with("alg", Value::Null).write(), "."),
        ("missing", "no alg", header.without("alg").write(), "."),
        ("list", "alg a list that holds none", header.with("alg", json!(["none"])).write(), "."),
    ];
    for (slug, name, header, end) in odd {
        bench.add(&UNSIGNED, slug, name, token(&header, end));
    }
    let mut twice = bench.header.clone();
    twice.push("alg", &json!("none"));
    bench.add(&UNSIGNED, "twice", "alg twice, none the second time", token(&twice.write(), "."));
    twice.members.rotate_right(1);
    bench.add(&UNSIGNED, "twice-first", "alg twice, none the first time", token(&twice.write(), "."));
    // One of the two readers sees the algorithm as it was.
    for variant in bench.forged.variants.iter_mut().rev().take(2) {
        variant.beside = Some(&STRIPPED);
    }
    let kept = format!(".{}", encode(&bench.token.signature));
    let unsigned = bench.header.with("alg", "none").write();
    bench.add(&UNSIGNED, "kept", "alg none with the signature it had", token(&unsigned, &kept));
}

fn nested(bench: &mut Bench<'_>) {
    let header = br#"{"alg":"none","cty":"JWT"}"#;
    let inner = bench.token.token.as_bytes();
    bench.add(
        &NESTED,
        "genuine",
        "the token as it is inside",
        format!("{}.{}.", encode(header), encode(inner)).into_bytes(),
    );
    let bare = format!("{}.{}.", encode(br#"{"alg":"none"}"#), encode(bench.payload));
    bench.add(
        &NESTED,
        "unsigned",
        "an unsigned token inside",
        format!("{}.{}.", encode(header), encode(bare.as_bytes())).into_bytes(),
    );
    // What opens any unsigned token opens this one.
    for variant in bench.forged.variants.iter_mut().rev().take(2) {
        variant.beside = Some(&UNSIGNED);
    }
}

fn psychic(bench: &mut Bench<'_>) {
    // What checks RSA may check ECDSA as well, where the token says so.
    let (alg, width) = match bench.alg {
        "ES384" => ("ES384", 48),
        "ES512" => ("ES512", 66),
        "ES256K" => ("ES256K", 32),
        _ => ("ES256", 32),
    };
    let input = format!("{}.{}", encode(&bench.header.with("alg", alg).write()), encode(bench.payload));
    let token = |signature: &[u8]| format!("{input}.{}", encode(signature)).into_bytes();
    bench.add(&PSYCHIC, "zeros", format!("{alg}, both numbers zero"), token(&vec![0; width * 2]));
    bench.add(&PSYCHIC, "zeros-der", format!("{alg}, both numbers zero, as DER"), token(&[0x30, 6, 2, 1, 0, 2, 1, 0]));
    if let Some((_, order)) = ORDERS.iter().find(|(a, _)| *a == alg) {
        let order: Vec<u8> =
            (0..order.len()).step_by(2).filter_map(|i| u8::from_str_radix(&order[i..i + 2], 16).ok()).collect();
        bench.add(&PSYCHIC, "order", format!("{alg}, both numbers the order of the curve"), token(&order.repeat(2)));
    }
}
