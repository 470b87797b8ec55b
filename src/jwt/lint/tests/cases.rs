//! For each rule a token that breaks it and one that nearly does.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::sample::{NOW, Sample, b64, certificate, good_set, hash};
use crate::base::Untrusted;
use crate::jwt::crack::{Guessed, guess};
use crate::jwt::key::Key;
use crate::jwt::lint::{Asked, Caching, Place, Profile};

/// A rule, what breaks it, and what does not.
pub struct Case {
    pub id: &'static str,
    pub positive: Sample,
    /// Rules that the same fault breaks too.
    pub also: &'static [&'static str],
    pub negative: Sample,
}

fn case(id: &'static str, positive: Sample, negative: Sample) -> Case {
    Case { id, positive, also: &[], negative }
}

impl Case {
    fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }
}

/// A secret that no list has.
const RANDOM: &[u8] = b"\x8f\x1b\x0c\x6d\xe4\x93\x7a\x1f\x0c\x3e\x7b\x6d\x2a\x58\x99\xc1\x17\x45\x5e\x80\xaa\x03\xd9\x21\x6b\x70\xf2\x0e\xbd\x94\x38\xc7";

/// A key that a good set holds, changed.
fn changed(change: impl FnOnce(&mut Value)) -> Value {
    let mut set = good_set();
    change(&mut set);
    set
}

fn der_signature() -> Vec<u8> {
    let mut out = vec![0x30, 68, 2, 32];
    out.extend([0x5a; 32]);
    out.extend([2, 32]);
    out.extend([0x3b; 32]);
    out
}

pub fn all() -> Vec<Case> {
    [signatures(), secrets(), keys(), header(), form(), times(), claims(), answers(), leaks(), places(), sets()]
        .into_iter()
        .flatten()
        .collect()
}

fn signatures() -> Vec<Case> {
    vec![
        case("jwt-alg-none", Sample::access().alg("nOnE").signature(b""), Sample::access().alg("nonesuch")),
        case("jwt-sig-empty", Sample::access().signature(b""), Sample::access()),
        case("jwt-sig-length", Sample::id().signature([0x5a; 63]), Sample::id()),
        case(
            "jwt-sig-psychic",
            Sample::id().signature([0; 64]),
            Sample::id().signature([&[0][..], &[0x5a; 63]].concat()),
        ),
        case("jwt-sig-der", Sample::id().signature(der_signature()), Sample::id()),
    ]
}

fn secrets() -> Vec<Case> {
    let weak = Sample::hmac(b"your_secret_key");
    let found = guess(&weak.decoded(), None).expect("a row of the list");
    let of_key = |key: &Key| {
        let forms = crate::jwt::confusion::forms(key);
        Sample::hmac(&forms.iter().find(|(n, _)| *n == "PEM (SPKI) with CRLF").expect("a form").1)
    };
    let key = Key::generate("RS256").expect("a key");
    let public = |key: &Key| {
        crate::jwt::key::read(key.public_jwk().to_string().as_bytes(), "key.json").expect("a JWK").keys.remove(0)
    };
    vec![
        case("jwt-weak-secret", weak.given(|s| s.secret = Some(found)), Sample::hmac(RANDOM)),
        case("jwt-key-confusion", of_key(&key).key(public(&key)), Sample::hmac(RANDOM).key(public(&key)))
            .also(&["jwt-alg-key-mismatch"]),
        case(
            "jwt-hs-key-short",
            Sample::hmac(RANDOM).key(Key::secret(RANDOM[..31].to_vec())),
            Sample::hmac(RANDOM).key(Key::secret(RANDOM.to_vec())),
        ),
        case(
            "jwt-hs-human-secret",
            Sample::hmac(RANDOM).key(Key::secret(b"my-super-secret-signing-key-for-production-2024".to_vec())),
            Sample::hmac(RANDOM).key(Key::secret(hash(RANDOM).into_bytes())),
        ),
        case(
            "jwt-hs-shared-trust",
            Sample::hmac(RANDOM).claim("aud", json!(["https://a.example.com", "https://b.example.com"])),
            Sample::hmac(RANDOM).given(|s| s.host = Some("api.example.com")),
        ),
    ]
}

fn keys() -> Vec<Case> {
    let set = good_set();
    let issuer =
        |algs: Value| json!({"issuer": "https://issuer.example.com", "id_token_signing_alg_values_supported": algs});
    let small = json!({"kty": "RSA", "kid": "k1", "n": b64([0xf1; 128]), "e": "AQAB"});
    let off = json!({"kty": "EC", "crv": "P-256", "x": b64([1; 32]), "y": b64([2; 32])});
    vec![
        case(
            "jwt-alg-key-mismatch",
            Sample::access().alg("ES256").signature([0x5a; 64]).set(&set),
            Sample::access().set(&set),
        ),
        case(
            "jwt-alg-not-advertised",
            Sample::id().given(|s| s.metadata = Some(issuer(json!(["RS256"])))),
            Sample::id().given(|s| s.metadata = Some(issuer(json!(["RS256", "ES256"])))),
        ),
        case(
            "jwt-rsa-small",
            Sample::access()
                .signature([0x5a; 128])
                .key(crate::jwt::key::read(small.to_string().as_bytes(), "k").expect("a key").keys.remove(0)),
            Sample::access().set(&set),
        ),
        case("jwt-ec-invalid", Sample::dpop().head("jwk", off), Sample::dpop()),
        case("jwt-rs-vs-ps", Sample::access().given(|s| s.fapi = true), Sample::assertion().given(|s| s.fapi = true)),
        case("jwt-eddsa-poly", Sample::id().alg("EdDSA"), Sample::id().alg("Ed25519")),
        case("jwt-kid-unresolved", Sample::access().head("kid", "k9").set(&set), Sample::access().set(&set)),
    ]
}

fn header() -> Vec<Case> {
    let chain = |by_itself, until| json!([certificate(by_itself, until)]);
    vec![
        case("jwt-jwk-embedded", Sample::access().head("jwk", Sample::dpop().header["jwk"].clone()), Sample::dpop()),
        case(
            "jwt-jku-foreign",
            Sample::access().head("jku", "https://issuer.example.com@evil.test/jwks"),
            Sample::access().head("jku", "https://keys.example.com/jwks.json"),
        ),
        case(
            "jwt-x5c",
            Sample::access().head("x5c", chain(true, 2040)),
            Sample::access().head("x5c", chain(false, 2040)),
        ),
        case(
            "jwt-kid-inject",
            Sample::access().head("kid", "../../dev/null"),
            Sample::access().head("kid", "/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pz8/Pw="),
        ),
        case("jwt-rsa1_5", Sample::encrypted().alg("RSA1_5"), Sample::encrypted()),
        case(
            "jwt-pbes2-count",
            Sample::encrypted().alg("PBES2-HS256+A128KW").head("p2c", 10_000_000),
            Sample::encrypted().alg("PBES2-HS256+A128KW").head("p2c", 600_000),
        ),
        case("jwt-dir-jwe", Sample::encrypted().without("cty"), Sample::encrypted()),
        case("jwt-zip", Sample::encrypted().head("zip", "DEF"), Sample::encrypted()),
    ]
}

fn form() -> Vec<Case> {
    let good = Sample::access();
    let claims = Value::Object(good.claims.clone()).to_string();
    let head = Value::Object(good.header.clone()).to_string();
    let twice = claims.replacen('{', "{\"sub\":\"admin\",", 1);
    let padded = {
        let text = good.text();
        let (start, signature) = text.rsplit_once('.').expect("parts");
        format!("{start}.{signature}==")
    };
    let inner = Sample::id().text();
    let nest = |header: &str, inner: &str| Sample::access().parts(header, inner);
    vec![
        case("jwt-segments", Sample::access().whole(format!("{}.x.y.z", good.text())), good.clone()),
        case("jwt-dup-member", good.clone().parts(&head, &twice), good.clone()),
        case(
            "jwt-encoding",
            good.clone().parts(&head, format!("{claims} x")),
            good.clone().parts(&head, format!("{claims} \n")),
        ),
        case("jwt-header-type", good.clone().head("kid", json!({"$ne": 1})), good.clone()),
        case("jwt-b64-false", good.clone().head("b64", true), good.clone()),
        case(
            "jwt-crit-bad",
            good.clone().head("crit", json!(["exp"])),
            good.clone().head("b64", true).head("crit", json!(["b64"])),
        ),
        case("jwt-b64-noncanonical", good.clone().whole(padded), good.clone()),
        case(
            "jwt-oversize",
            good.clone().claim("note", "x".repeat(7_000)),
            good.clone().claim("note", "x".repeat(1_000)),
        ),
        case("jwt-nested", nest(r#"{"alg":"RS256","cty":"JWT"}"#, &inner), good),
    ]
}

fn times() -> Vec<Case> {
    let access = Sample::access;
    vec![
        case("jwt-exp-missing", access().without("exp"), Sample::dpop()),
        case("jwt-expired", access().claim("exp", NOW - 1).claim("iat", NOW - 600), access()),
        case(
            "jwt-lifetime",
            access().claim("exp", NOW + 86_400).claim("iat", NOW),
            Sample::id().claim("exp", NOW + 80_000),
        ),
        case(
            "jwt-time-type",
            access().claim("iat", (NOW - 60) * 1000),
            access().claim("iat", json!((NOW - 60) as f64 + 0.5)),
        ),
        case("jwt-time-order", access().claim("nbf", NOW + 6_000), access().claim("nbf", NOW - 60)),
    ]
}

fn claims() -> Vec<Case> {
    let access = Sample::access;
    let metadata = json!({"issuer": "https://issuer.example.com"});
    vec![
        case("jwt-iss-missing", access().without("iss"), Sample::dpop()),
        case(
            "jwt-iss-form",
            access().claim("iss", "https://issuer.example.com/").given(|s| s.metadata = Some(metadata.clone())),
            access().given(|s| s.metadata = Some(metadata.clone())),
        ),
        case("jwt-aud-missing", access().without("aud"), Sample::dpop()),
        case(
            "jwt-aud-wide",
            access().claim("aud", "s6BhdRkqt3"),
            access().claim("aud", json!(["https://a.example.com", "https://b.example.com"])),
        ),
        case("jwt-sub-missing", access().without("sub"), Sample::dpop()),
        case("jwt-sub-email", access().claim("sub", "1042"), access().claim("sub", "248289761001")),
        case("jwt-jti-missing", Sample::assertion().without("jti"), Sample::id()),
        case("jwt-typ", Sample::dpop().head("typ", "JWT"), Sample::assertion().head("typ", "JWT")),
        case(
            "jwt-id-as-access",
            access().claim("nonce", "n-0S6_WzA2Mj").place(Place::Bearer),
            access().claim("auth_time", NOW - 90).place(Place::Bearer),
        ),
        case("jwt-9068-claims", access().without("client_id"), access()),
        case("jwt-scope-broad", access().claim("scope", "orders:*"), access().claim("scope", "orders:allocate")),
        case("jwt-logout", Sample::logout().claim("nonce", "x"), Sample::logout().without("sub")),
    ]
}

fn answers() -> Vec<Case> {
    let asked = |change: fn(&mut Asked)| {
        let mut asked = Asked::default();
        change(&mut asked);
        asked
    };
    let token = b"the access token".to_vec();
    let half = |bytes: &[u8]| {
        let whole = URL_SAFE_NO_PAD.decode(hash(bytes)).expect("base64url");
        b64(&whole[..16])
    };
    let with_token = |front| Asked { access_token: Some(token.clone()), front_channel: front, ..Asked::default() };
    let bound = |print: &str| Asked { dpop_thumbprint: Some(print.to_owned()), ..Asked::default() };
    let request = |method: &str| Asked {
        method: Some(method.to_owned()),
        url: Some("https://server.example.com/token".to_owned()),
        access_token: Some(token.clone()),
        ..Asked::default()
    };
    vec![
        case(
            "jwt-id-hash",
            Sample::id().claim("at_hash", half(b"another")).asked(with_token(false)),
            Sample::id().claim("at_hash", half(&token)).asked(with_token(true)),
        ),
        case(
            "jwt-nonce",
            Sample::id().asked(asked(|a| a.nonce = Some("other".to_owned()))),
            Sample::id().asked(asked(|a| a.nonce = Some("n-0S6_WzA2Mj".to_owned()))),
        ),
        case(
            "jwt-acr",
            Sample::id().asked(asked(|a| a.acr = vec!["urn:mace:incommon:iap:gold".to_owned()])),
            Sample::id().asked(asked(|a| a.acr = vec!["gold".to_owned(), "urn:mace:incommon:iap:silver".to_owned()])),
        ),
        case(
            "jwt-auth_time",
            Sample::id().asked(asked(|a| a.max_age = Some(5))),
            Sample::id().asked(asked(|a| a.max_age = Some(90))),
        ),
        case(
            "jwt-cnf",
            Sample::access().asked(bound("another")),
            Sample::access().asked(bound("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I")),
        ),
        case(
            "jwt-dpop",
            Sample::dpop().claim("ath", hash(&token)).asked(request("GET")),
            Sample::dpop().claim("ath", hash(&token)).asked(request("POST")),
        ),
    ]
}

fn leaks() -> Vec<Case> {
    let access = Sample::access;
    vec![
        case("jwt-pii", access().claim("card", "4111 1111 1111 1111"), access().claim("card", "4111 1111 1111 1112")),
        case("jwt-secret-claim", access().claim("session", Sample::id().text()), access().claim("session", "a1.b2.c3")),
        case("jwt-internal-leak", access().claim("node", "10.1.2.3"), access().claim("node", "192.0.2.7")),
    ]
}

fn places() -> Vec<Case> {
    let cookie = |http_only| Place::Cookie { secure: true, http_only, same_site: true, max_age: None };
    let same = Sample::access().decoded();
    vec![
        case("jwt-in-url", Sample::access().place(Place::Url), Sample::access().place(Place::Bearer)),
        case("jwt-cookie-flags", Sample::access().place(cookie(false)), Sample::access().place(cookie(true))),
        case(
            "jwt-sign-reuse",
            Sample::access().given(|s| s.earlier = vec![same.clone()]),
            Sample::access().claim("jti", "another").given(|s| s.earlier = vec![same]),
        ),
    ]
}

fn sets() -> Vec<Case> {
    let good = |set: &Value| Sample::access().set(set);
    let oct =
        changed(|s| s["keys"][1] = json!({"kty": "oct", "kid": "k2", "use": "sig", "alg": "HS256", "k": b64(RANDOM)}));
    let twice = changed(|s| s["keys"][1]["kid"] = "k1".into());
    let small = changed(|s| {
        s["keys"][0] =
            json!({"kty": "RSA", "kid": "k3", "use": "sig", "alg": "RS256", "n": b64([0xf1; 128]), "e": "AQAB"});
    });
    let small = changed(|s| {
        s["keys"].as_array_mut().expect("a list").push(small["keys"][0].clone());
    });
    let lone = changed(|s| {
        s["keys"].as_array_mut().expect("a list").truncate(1);
    });
    let set = good_set();
    vec![
        case("jwks-private", good(&oct), good(&set)).also(&["jwks-dup-kid"]),
        case("jwks-dup-kid", good(&twice), good(&set)),
        case("jwks-weak", good(&small), good(&set)),
        case("jwks-stale", good(&lone), good(&set).given(|s| s.cache = Caching::Said("max-age=3600"))),
    ]
}

/// A secret that was guessed, for tests of its words.
pub fn guessed(secret: &str) -> Guessed {
    Guessed { secret: Untrusted::from(secret), origin: "a test".to_owned() }
}

/// Profiles with their correct token.
pub fn correct() -> Vec<(Option<Profile>, Sample)> {
    vec![
        (Some(Profile::Access), Sample::access()),
        (Some(Profile::Id), Sample::id()),
        (Some(Profile::Assertion), Sample::assertion()),
        (Some(Profile::Dpop), Sample::dpop()),
        (Some(Profile::Logout), Sample::logout()),
        (None, Sample::encrypted()),
        (Some(Profile::Access), Sample::hmac(RANDOM)),
    ]
}
