//! Tokens signed with a key that the server has for something else, or that it gets from the token.

use super::own::{CHAINS, KEY_SET, KID, Pair};
use super::table::{CHAIN, CONFUSED, EMBEDDED, EMPTY_KEY, FETCHED, FETCHED_CHAIN, FETCHED_ISSUER, WEAK};
use super::{Bench, Family, Key};
use crate::jwt::confusion;
use crate::jwt::key::Material;

/// Keys of a set that are tried as secrets.
const MOST_KEYS: usize = 4;

pub fn add(bench: &mut Bench<'_>) {
    confused(bench);
    empty(bench);
    weak(bench);
    for pair in &bench.with.own.pairs {
        let slug = if pair.alg == "RS256" { "rsa" } else { "ec" };
        embedded(bench, pair, slug);
    }
    by_url(bench);
}

/// The public key as the secret of an HMAC, in each form of it.
fn confused(bench: &mut Bench<'_>) {
    let mut public: Vec<&Key> =
        bench.with.keys.iter().filter(|k| !matches!(k.material, Material::Secret(_) | Material::Unknown(_))).collect();
    // The key that the token names first, then the others as they stand.
    let kid = bench.token.header.get("kid");
    public.sort_by_key(|k| kid.is_none() || k.kid.as_ref() != kid);
    public.truncate(MOST_KEYS);
    if public.is_empty() {
        return bench.miss(&CONFUSED, "no public key of the issuer is known");
    }
    let alg = bench.hmac();
    let header = bench.header.with("alg", alg);
    for (n, key) in public.into_iter().enumerate() {
        for (m, (form, bytes)) in confusion::forms(key).into_iter().enumerate() {
            let token = bench.signed(&header, alg, &Key::secret(bytes));
            bench.add_signed(
                &CONFUSED,
                &format!("{}-{}", n + 1, m + 1),
                format!("{alg} with {}: {form}", key.name()),
                token,
            );
        }
    }
}

fn empty(bench: &mut Bench<'_>) {
    let alg = bench.hmac();
    let header = bench.header.with("alg", alg);
    let key = Key::secret(Vec::new());
    for (slug, name, header) in [
        ("as-is", "the header as it is", header.clone()),
        ("no-kid", "no kid", header.without("kid")),
        ("empty-kid", "an empty kid", header.with("kid", "")),
        ("unknown-kid", "a kid that nobody has", header.with("kid", "0")),
    ] {
        let token = bench.signed(&header, alg, &key);
        bench.add_signed(&EMPTY_KEY, slug, format!("{alg} with no secret, {name}"), token);
    }
}

fn weak(bench: &mut Bench<'_>) {
    let Some(key) = bench.with.signing.filter(|_| bench.with.guessed) else {
        let reason = match (bench.alg.starts_with("HS"), bench.with.signing.is_some()) {
            (false, _) => "only tokens with an HMAC are signed with a secret",
            (true, true) => "the secret was given and not guessed",
            (true, false) => "the secret is none of those that are tried",
        };
        return bench.miss(&WEAK, reason);
    };
    let payload = bench.claims.as_ref().map_or_else(|| bench.payload.to_vec(), |c| c.with("lunette", 1).write());
    let header = bench.token.header.bytes.as_bytes();
    let token = super::sign::compact(header, &payload, bench.alg, Some(key));
    bench.add_signed(&WEAK, "signed", "a claim added, signed with the guessed secret", token);
}

fn embedded(bench: &mut Bench<'_>, pair: &Pair, slug: &str) {
    let header = bench.header.with("alg", pair.alg);
    let jwk = pair.jwk();
    for (kind, words, header) in [
        ("", "kid as it is", header.with("jwk", jwk.clone())),
        ("-kid", "kid that of the key", header.with("kid", KID).with("jwk", jwk)),
    ] {
        let token = bench.signed(&header, pair.alg, &pair.key);
        bench.add_signed(
            &EMBEDDED,
            &format!("{slug}{kind}"),
            format!("{} with a key in jwk, {words}", pair.alg),
            token,
        );
    }
    let token = bench.signed(&header.with("x5c", pair.x5c()), pair.alg, &pair.key);
    bench.add_signed(&CHAIN, slug, format!("{} with a self-made certificate in x5c", pair.alg), token);
}

fn by_url(bench: &mut Bench<'_>) {
    let Some(base) = bench.with.listener else {
        for family in [&FETCHED, &FETCHED_CHAIN, &FETCHED_ISSUER] {
            bench.miss(family, "it takes an address where we listen, and which the server can reach");
        }
        return;
    };
    if bench.claims.is_none() {
        bench.miss(&FETCHED_ISSUER, "the claims are no JSON object");
    }
    for (pair, chain) in bench.with.own.pairs.iter().zip(CHAINS) {
        let slug = if pair.alg == "RS256" { "rsa" } else { "ec" };
        let header = bench.header.with("alg", pair.alg).with("kid", KID);
        let set = format!("{base}{KEY_SET}");
        for (family, kind, words, header) in [
            (&FETCHED, "jku", "the address in jku", header.with("jku", set.as_str())),
            (&FETCHED, "kid", "the address in kid", header.with("kid", set.as_str())),
            (&FETCHED_CHAIN, "x5u", "the address in x5u", header.with("x5u", format!("{base}{chain}"))),
        ] {
            let token = bench.signed(&header, pair.alg, &pair.key);
            asked(bench, family, &format!("{kind}-{slug}"), &format!("{}, {words}", pair.alg), token);
        }
        if let Some(claims) = &bench.claims {
            let token =
                super::sign::compact(&header.write(), &claims.with("iss", base).write(), pair.alg, Some(&pair.key));
            asked(bench, &FETCHED_ISSUER, slug, &format!("{}, the address in iss", pair.alg), token);
        }
    }
}

fn asked(bench: &mut Bench<'_>, family: &'static Family, slug: &str, name: &str, token: crate::base::Result<Vec<u8>>) {
    let before = bench.forged.variants.len();
    bench.add_signed(family, slug, name, token);
    for variant in &mut bench.forged.variants[before..] {
        variant.needs_hit = true;
    }
}
