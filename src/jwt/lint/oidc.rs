//! Rules about what a token has to answer to: the request it was asked for with, and the key its holder proves.

use aws_lc_rs::digest::{Algorithm, SHA256, SHA384, SHA512, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Profile;
use super::context::{Context, Hit, hit, hit_as, quoted, shown};
use super::time::is_there;
use crate::base::Severity;
use crate::jwt::alg::{Family, Hash};
use crate::jwt::key::{Curve, read};

/// The left half of a hash, by the hash of the token's own algorithm (OpenID Connect Core 1.0 section 3.1.3.6).
fn half(c: &Context<'_>, bytes: &[u8]) -> Option<String> {
    let algorithm = c.algorithm()?;
    let hash: &'static Algorithm = match (algorithm.hash, algorithm.family) {
        (Some(Hash::Sha256), _) => &SHA256,
        (Some(Hash::Sha384), _) => &SHA384,
        (Some(Hash::Sha512), _) | (None, Family::Edwards(None | Some(Curve::Ed25519))) => &SHA512,
        _ => return None,
    };
    let whole = digest(hash, bytes);
    Some(URL_SAFE_NO_PAD.encode(&whole.as_ref()[..whole.as_ref().len() / 2]))
}

pub(super) fn hashes(c: &Context<'_>) -> Vec<Hit> {
    let Some(asked) = c.s.asked.filter(|_| c.is(&[Profile::Id])) else { return Vec::new() };
    let mut out = Vec::new();
    for (name, what, bytes, must) in [
        ("at_hash", "access token", &asked.access_token, true),
        ("c_hash", "code", &asked.code, true),
        ("s_hash", "state", &asked.state, false),
    ] {
        let Some(bytes) = bytes else { continue };
        match c.claim(name) {
            None if asked.front_channel && must => {
                out.push(hit(format!("`{name}` is missing, and the {what} came through the browser with it")));
            }
            Some(value) if half(c, bytes).is_some_and(|want| value.as_str() != Some(&want)) => {
                out.push(hit(format!("`{name}` is {}, and is not of the {what} that came with it", shown(value))));
            }
            None | Some(_) => {}
        }
    }
    out
}

pub(super) fn nonce(c: &Context<'_>) -> Vec<Hit> {
    let Some(asked) = c.s.asked.filter(|_| c.is(&[Profile::Id])) else { return Vec::new() };
    match (&asked.nonce, c.claim("nonce")) {
        (Some(_), None) => vec![hit("a `nonce` was sent, and there is none")],
        (Some(sent), Some(came)) if came.as_str() != Some(sent) => {
            vec![hit(format!("`nonce` is {}, and {} was sent: it answers another request", shown(came), quoted(sent)))]
        }
        _ => Vec::new(),
    }
}

pub(super) fn acr(c: &Context<'_>) -> Vec<Hit> {
    let Some(asked) = c.s.asked.filter(|a| !a.acr.is_empty() && c.is(&[Profile::Id, Profile::Access])) else {
        return Vec::new();
    };
    match c.claim("acr") {
        None => vec![hit(format!("`acr` of {} was asked for, and there is none", quoted(&asked.acr.join(" "))))],
        Some(came) if !asked.acr.iter().any(|a| came.as_str() == Some(a)) => {
            vec![hit(format!("`acr` is {}, and {} was asked for", shown(came), quoted(&asked.acr.join(" "))))]
        }
        Some(_) => Vec::new(),
    }
}

pub(super) fn confirmation(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || !c.is(&[Profile::Access]) {
        return Vec::new();
    }
    let Some(cnf) = c.claim("cnf") else {
        return vec![hit("it is bound to no key: whoever has it can use it")];
    };
    let mut out = Vec::new();
    let asked = c.s.asked;
    if let (Some(bound), Some(der)) = (cnf.get("x5t#S256"), asked.and_then(|a| a.certificate.as_ref())) {
        let print = URL_SAFE_NO_PAD.encode(digest(&SHA256, der));
        if bound.as_str() != Some(&print) {
            out.push(hit_as(
                Severity::High,
                format!("it is bound to the certificate {}, and another one was used", shown(bound)),
            ));
        }
    }
    if let (Some(bound), Some(print)) = (cnf.get("jkt"), asked.and_then(|a| a.dpop_thumbprint.as_ref()))
        && bound.as_str() != Some(print)
    {
        out.push(hit_as(
            Severity::High,
            format!("it is bound to the key {}, and the proof beside it has another one", shown(bound)),
        ));
    }
    out
}

pub(super) fn proof(c: &Context<'_>) -> Vec<Hit> {
    if !c.is(&[Profile::Dpop]) || !c.has_claims() {
        return Vec::new();
    }
    let mut out = Vec::new();
    match c.header("jwk") {
        None => out.push(hit("there is no `jwk`: nothing says which key is proven")),
        Some(jwk) => {
            let known = read(jwk.to_string().as_bytes(), "jwk").is_ok_and(|k| !k.keys.is_empty());
            if !known {
                out.push(hit("`jwk` is no key that can be read"));
            }
        }
    }
    if c.algorithm().is_none_or(|a| !a.is_asymmetric()) {
        out.push(hit("its algorithm is not one of signatures"));
    }
    let missing: Vec<&str> = ["htm", "htu", "iat"].into_iter().filter(|n| !is_there(c, n)).collect();
    if !missing.is_empty() {
        out.push(hit(format!("`{}` is missing", missing.join("`, `"))));
    }
    let Some(asked) = c.s.asked else { return out };
    for (name, sent) in [("htm", &asked.method), ("htu", &asked.url)] {
        if let (Some(sent), Some(said)) = (sent, c.claim(name))
            && said.as_str() != Some(sent)
        {
            out.push(hit(format!("`{name}` is {}, and the request has {}", shown(said), quoted(sent))));
        }
    }
    if let Some(token) = &asked.access_token {
        let want = URL_SAFE_NO_PAD.encode(digest(&SHA256, token));
        match c.claim("ath") {
            None => out.push(hit("`ath` is missing, and it goes with an access token")),
            Some(Value::String(s)) if *s == want => {}
            Some(other) => {
                out.push(hit(format!("`ath` is {}, and is not of the access token beside it", shown(other))));
            }
        }
    }
    out
}
