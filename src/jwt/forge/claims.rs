//! Tokens that are signed rightly and must be refused all the same: by the key that signs, or genuine ones that somebody has.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use serde_json::{Value, json};

use super::table::{
    AUDIENCE, CLAIMS, CONTENT, CRITICAL, DUPLICATE, EARLY, ENDLESS, EXPIRED, ISSUER, SWAPPED, TYPE, UNENCODED, ZIPPED,
};
use super::unsigned::encode;
use super::{Bench, Family, Object, sign};
use crate::jwt::{Decoded, Key};

const DAY: i64 = 24 * 3_600;
/// Whom nobody has for an audience or an issuer.
const FOREIGN: &str = "https://lunette.example";

/// All that needs the key that signs, or a genuine token.
const SIGNED: [&Family; 10] =
    [&EXPIRED, &ENDLESS, &EARLY, &AUDIENCE, &ISSUER, &TYPE, &CRITICAL, &UNENCODED, &ZIPPED, &SWAPPED];

pub fn add(bench: &mut Bench<'_>) {
    others(bench);
    match (bench.with.signing, bench.claims.clone()) {
        (Some(key), Some(claims)) => {
            times(bench, key, &claims);
            names(bench, key, &claims);
            headers(bench, key);
            other_algorithms(bench, key);
        }
        (None, _) => miss(bench, "it takes the key that signs, or a genuine token that must be refused"),
        (_, None) => miss(bench, "the claims are no JSON object"),
    }
    by_hand(bench);
    contents(bench);
}

/// Says of every family without a variant why it has none.
fn miss(bench: &mut Bench<'_>, reason: &str) {
    for family in SIGNED {
        if !bench.forged.variants.iter().any(|v| v.family == family) {
            bench.miss(family, reason);
        }
    }
}

/// The family that a genuine token is for, when a server that takes `token` must refuse it; `None` where nothing speaks
/// against it.
pub fn against(token: &Decoded, other: &Decoded, now: i64) -> Option<&'static Family> {
    let claim = |t: &Decoded, name: &str| t.claims.get(name).cloned();
    let expired = other.claims.get("exp").and_then(Value::as_f64).is_some_and(|exp| exp <= now as f64);
    if expired {
        return Some(&EXPIRED);
    }
    if claim(other, "iss") != claim(token, "iss") {
        return Some(&ISSUER);
    }
    let names = |t: &Decoded| match claim(t, "aud") {
        Some(Value::Array(all)) => all,
        Some(one) => vec![one],
        None => Vec::new(),
    };
    let (ours, theirs) = (names(token), names(other));
    (!theirs.iter().any(|aud| ours.contains(aud))).then_some(&AUDIENCE)
}

fn others(bench: &mut Bench<'_>) {
    for (n, other) in bench.with.others.iter().enumerate() {
        if let Some(family) = against(bench.token, other, bench.with.now.unix()) {
            let bytes = other.token.as_bytes().to_vec();
            bench.add(family, &format!("genuine-{}", n + 1), "the genuine token that was given", bytes);
        }
    }
}

/// Signs other claims with the header as it is.
fn resigned(bench: &mut Bench<'_>, key: &Key, family: &'static Family, slug: &str, name: &str, claims: &Object) {
    let token = sign::compact(bench.token.header.bytes.as_bytes(), &claims.write(), bench.alg, Some(key));
    bench.add_signed(family, slug, name, token);
}

fn times(bench: &mut Bench<'_>, key: &Key, claims: &Object) {
    let now = bench.with.now.unix();
    // What began before it ended is the more likely token.
    let mut past = claims.with("exp", now - DAY);
    for name in ["iat", "nbf"] {
        if bench.token.claims.get(name).is_some() {
            past = past.with(name, now - 2 * DAY);
        }
    }
    resigned(bench, key, &EXPIRED, "day", "expired a day ago", &past);
    resigned(bench, key, &EXPIRED, "null", "exp null", &claims.with("exp", Value::Null));
    resigned(bench, key, &ENDLESS, "missing", "no exp", &claims.without("exp"));
    resigned(bench, key, &EARLY, "tomorrow", "nbf tomorrow", &claims.with("nbf", now + DAY).with("exp", now + 2 * DAY));
}

fn names(bench: &mut Bench<'_>, key: &Key, claims: &Object) {
    resigned(bench, key, &AUDIENCE, "foreign", "an audience that nobody is", &claims.with("aud", FOREIGN));
    if bench.token.claims.get("aud").is_some() {
        resigned(bench, key, &AUDIENCE, "missing", "no aud", &claims.without("aud"));
    }
    if bench.token.claims.get("iss").is_some() {
        resigned(bench, key, &ISSUER, "foreign", "an issuer that nobody is", &claims.with("iss", FOREIGN));
        resigned(bench, key, &ISSUER, "missing", "no iss", &claims.without("iss"));
    } else {
        bench.miss(&ISSUER, "the token names no issuer");
    }
}

fn headers(bench: &mut Bench<'_>, key: &Key) {
    let alg = bench.alg;
    let token = bench.signed(&bench.header.with("typ", "logout+jwt"), alg, key);
    bench.add_signed(&TYPE, "logout", "typ logout+jwt", token);
    let unknown = bench.header.with("crit", json!(["lunette"])).with("lunette", true);
    let token = bench.signed(&unknown, alg, key);
    bench.add_signed(&CRITICAL, "unknown", "crit lists what nobody knows", token);
    let header = bench.header.with("b64", false).with("crit", json!(["b64"])).write();
    // Such a payload stands in the token as it is, so it may hold no dot (RFC 7797 section 5.2).
    let payload = encode(bench.payload);
    let input = format!("{}.{payload}", encode(&header));
    let token = sign::sign(alg, key, input.as_bytes());
    let token = token.map(|s| format!("{input}.{}", encode(&s)).into_bytes());
    bench.add_signed(&UNENCODED, "encoded", "b64 false over the payload as it stands", token);
    let mut deflate = DeflateEncoder::new(Vec::new(), Compression::default());
    if let Ok(payload) = deflate.write_all(bench.payload).and_then(|()| deflate.finish()) {
        let token = sign::compact(&bench.header.with("zip", "DEF").write(), &payload, alg, Some(key));
        bench.add_signed(&ZIPPED, "deflate", "zip DEF", token);
    }
}

/// The same key with another algorithm that takes it.
fn other_algorithms(bench: &mut Bench<'_>, key: &Key) {
    let names: &[&'static str] = match bench.alg.get(..2) {
        Some("HS") => &["HS256", "HS384", "HS512"],
        Some("RS" | "PS") => &["RS256", "RS512", "PS256"],
        _ => return bench.miss(&SWAPPED, "its key signs with one algorithm alone"),
    };
    let own = bench.alg;
    for alg in names.iter().filter(|a| **a != own) {
        let token = bench.signed(&bench.header.with("alg", *alg), alg, key);
        bench.add_signed(&SWAPPED, alg, format!("the same key with {alg}"), token);
    }
}

/// What a payload may be said to be.
const CONTENTS: [(&str, &str); 3] =
    [("xml", "text/xml"), ("java", "application/x-java-serialized-object"), ("token", "JWT")];

/// The token with another content type: signed where the key is known, else under the signature it had.
fn contents(bench: &mut Bench<'_>) {
    for (slug, content) in CONTENTS {
        let header = bench.header.with("cty", content);
        let token = if let Some(key) = bench.with.signing {
            bench.signed(&header, bench.alg, key)
        } else {
            let parts = [header.write(), bench.payload.to_vec(), bench.token.signature.clone()];
            Ok(parts.map(|p| encode(&p)).join(".").into_bytes())
        };
        bench.add_signed(&CONTENT, slug, format!("cty {content}"), token);
    }
}

/// Claims that give rights, and what more of them is.
fn by_hand(bench: &mut Bench<'_>) {
    let Some(claims) = bench.claims.clone() else {
        for family in [&CLAIMS, &DUPLICATE] {
            bench.miss(family, "the claims are no JSON object");
        }
        return;
    };
    let signature = encode(&bench.token.signature);
    let header = bench.token.header.bytes.as_bytes().to_vec();
    let mut add = |family: &'static Family, slug: &str, name: &str, claims: &Object| {
        let token = match bench.with.signing {
            Some(key) => sign::compact(&header, &claims.write(), bench.alg, Some(key)),
            None => Ok(format!("{}.{}.{signature}", encode(&header), encode(&claims.write())).into_bytes()),
        };
        bench.add_signed(family, slug, name, token);
    };
    add(&CLAIMS, "role", "role admin", &claims.with("role", "admin"));
    add(&CLAIMS, "roles", "roles with admin", &claims.with("roles", json!(["admin"])));
    add(&CLAIMS, "admin", "admin true", &claims.with("admin", true));
    add(&CLAIMS, "is-admin", "is_admin true", &claims.with("is_admin", true));
    add(&CLAIMS, "scope", "scope of everything", &claims.with("scope", "admin read write delete"));
    add(&CLAIMS, "sub", "sub 1", &claims.with("sub", "1"));
    add(&CLAIMS, "sub-admin", "sub admin", &claims.with("sub", "admin"));
    for (slug, name, value) in [("sub", "sub", json!("admin")), ("exp", "exp", json!(4_102_444_800_u64))] {
        let mut twice = claims.clone();
        twice.push(name, &value);
        add(&DUPLICATE, slug, &format!("{name} twice"), &twice);
    }
}
