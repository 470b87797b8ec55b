//! Rules about a token and the keys that were given for it, together.

use aws_lc_rs::signature::ParsedPublicKey;
use serde_json::Value;

use super::Profile;
use super::context::{Context, Hit, hit, hit_as, quoted, shown};
use crate::base::Severity;
use crate::jwt::key::{Form, Key, Material, RsaKey, read};

/// Keys that are looked at.
const MOST: usize = 200;
/// Bits of the least modulus (RFC 7518 section 3.3).
const RSA: usize = 2_048;

pub(super) fn mismatch(c: &Context<'_>) -> Vec<Hit> {
    let Some(algorithm) = c.algorithm().filter(|_| c.is_signed()) else { return Vec::new() };
    let named = c.named_keys();
    let mut out = Vec::new();
    for key in named {
        let fault = if matches!(key.material, Material::Unknown(_)) {
            continue;
        } else if !key.fits(algorithm) {
            format!("`alg` is {}, and {} is {}", algorithm.name, key.name(), key.words())
        } else if let Some(said) = key.alg.as_deref().filter(|a| *a != algorithm.name && !is_edwards(a, algorithm.name))
        {
            format!("`alg` is {}, and {} is for {}", algorithm.name, key.name(), quoted(said))
        } else if let Some(usage) = key.usage.as_deref().filter(|u| *u != "sig") {
            format!("{} is for use {}, and not to sign", key.name(), quoted(usage))
        } else if !key.ops.is_empty() && !key.ops.iter().any(|o| o == "verify" || o == "sign") {
            format!("{} is not for verifying: its `key_ops` are {}", key.name(), quoted(&key.ops.join(" ")))
        } else {
            // One that fits is enough.
            return Vec::new();
        };
        out.push(hit(fault));
    }
    out
}

/// Both names of one signature (RFC 9864).
fn is_edwards(a: &str, b: &str) -> bool {
    let names = ["EdDSA", "Ed25519"];
    names.contains(&a) && names.contains(&b)
}

pub(super) fn unadvertised(c: &Context<'_>) -> Vec<Hit> {
    let (Some(metadata), Some(alg)) = (c.s.metadata.and_then(Value::as_object), c.alg()) else { return Vec::new() };
    if c.is_encrypted() {
        return Vec::new();
    }
    let names: &[&str] = match c.profile {
        Some(Profile::Id | Profile::Logout) => &["id_token_signing_alg_values_supported"],
        Some(Profile::Assertion) => &["token_endpoint_auth_signing_alg_values_supported"],
        Some(Profile::Dpop) => &["dpop_signing_alg_values_supported"],
        // No member is for access tokens, so an algorithm is known when any names it.
        None | Some(Profile::Access) => &[],
    };
    let lists: Vec<(&String, &Vec<Value>)> = metadata
        .iter()
        .filter(|(n, _)| {
            if names.is_empty() { n.ends_with("signing_alg_values_supported") } else { names.contains(&n.as_str()) }
        })
        .filter_map(|(n, v)| v.as_array().map(|l| (n, l)))
        .collect();
    if lists.is_empty()
        || lists.iter().any(|(_, l)| l.iter().any(|v| v == alg || v.as_str().is_some_and(|v| is_edwards(v, alg))))
    {
        return Vec::new();
    }
    let place =
        if let [(name, _)] = lists.as_slice() { format!("`{name}`") } else { "any list of the metadata".to_owned() };
    vec![hit(format!("`alg` is {}, and is not in {place}", quoted(alg)))]
}

/// The keys that the token names, and the one inside it.
fn all_keys(c: &Context<'_>) -> Vec<Key> {
    let mut out: Vec<Key> = c.named_keys().into_iter().take(MOST).cloned().collect();
    if let Some(jwk) = c.header("jwk")
        && let Ok(inside) = read(jwk.to_string().as_bytes(), "jwk of the header")
    {
        out.extend(inside.keys.into_iter().take(1));
    }
    out
}

pub(super) fn rsa(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    for key in all_keys(c) {
        if let Material::Rsa(rsa) = &key.material {
            out.extend(rsa_faults(rsa, key.bits()).into_iter().map(|f| hit(format!("{}: {f}", key.name()))));
        }
    }
    out
}

pub(super) fn rsa_faults(key: &RsaKey, bits: usize) -> Vec<String> {
    let mut out = Vec::new();
    if bits < RSA {
        out.push(format!("its modulus has {bits} bits, and {RSA} are the least"));
    }
    match key.e.as_slice() {
        [1] => out.push("its exponent is 1: every message is its own signature".to_owned()),
        [.., last] if last.is_multiple_of(2) => out.push("its exponent is even, so it is no RSA key".to_owned()),
        _ => {}
    }
    if is_roca(&key.n) {
        out.push("its modulus looks like those of CVE-2017-15361 (ROCA), which can be factored".to_owned());
    }
    out
}

/// Primes by which keys of the flawed library are told (CVE-2017-15361): a modulus of theirs is a power of 65537 to each.
const PRIMES: [u32; 38] = [
    3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109,
    113, 127, 131, 137, 139, 149, 151, 157, 163, 167,
];

fn is_roca(n: &[u8]) -> bool {
    n.len() >= 32
        && PRIMES.iter().all(|p| {
            let rest = n.iter().fold(0_u32, |r, b| (r * 256 + u32::from(*b)) % p);
            let mut power = 1 % p;
            (0..*p).any(|_| {
                let here = power == rest;
                power = power * (65_537 % p) % p;
                here
            })
        })
}

pub(super) fn curve(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    for key in all_keys(c) {
        if is_off_curve(&key) {
            out.push(hit(format!("{}: its point is not on {}", key.name(), key.words())));
        }
    }
    if let Some(epk) = c.header("epk")
        && let Ok(inside) = read(epk.to_string().as_bytes(), "epk of the header")
        && inside.keys.iter().any(is_off_curve)
    {
        out.push(hit("the point of `epk` is not on its curve: opening it may give the key away"));
    }
    out
}

pub(super) fn is_off_curve(key: &Key) -> bool {
    let Material::Ec(ec) = &key.material else { return false };
    let (Some(ecdsa), Some(spki)) = (ec.curve.ecdsa(), key.public_der(Form::Spki)) else { return false };
    // The library reads a point only where it is on the curve; it reads all of its own curves.
    ParsedPublicKey::new(ecdsa.fixed, &ec.point).is_err() && ParsedPublicKey::new(ecdsa.fixed, &spki).is_err()
}

pub(super) fn fapi(c: &Context<'_>) -> Vec<Hit> {
    match c.alg() {
        Some(alg) if c.s.fapi && alg.starts_with("RS") && c.is_signed() => {
            vec![hit(format!("`alg` is {}, and FAPI 2.0 wants PS256, ES256 or EdDSA", quoted(alg)))]
        }
        _ => Vec::new(),
    }
}

pub(super) fn polymorphic(c: &Context<'_>) -> Vec<Hit> {
    match c.alg() {
        Some("EdDSA") => vec![hit("`alg` is EdDSA, which leaves the curve to the key; Ed25519 and Ed448 name it")],
        _ => Vec::new(),
    }
}

pub(super) fn unresolved(c: &Context<'_>) -> Vec<Hit> {
    let Some(keys) = c.s.keys.filter(|k| k.set && !k.keys.is_empty()) else { return Vec::new() };
    match c.header("kid") {
        None if keys.keys.len() > 1 => {
            vec![hit_as(Severity::Low, format!("there is no `kid`, and the set has {} keys", keys.keys.len()))]
        }
        None => Vec::new(),
        Some(kid) if keys.keys.iter().any(|k| k.kid.as_ref() == Some(kid)) => Vec::new(),
        Some(kid) => vec![hit(format!("`kid` is {}, and no key of the set is called so", shown(kid)))],
    }
}
