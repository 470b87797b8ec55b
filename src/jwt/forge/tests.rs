//! Every family has a variant, every variant is what its family says, and no bytes break the bench.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::Value;

use super::table::*;
use super::*;
use crate::jwt::verify::{Status, verify};
use crate::jwt::{decode, sign};

const NOW: i64 = 1_900_000_000;

fn token(alg: &str, key: &Key) -> Decoded {
    let header = format!(r#"{{"alg":"{alg}","typ":"JWT","kid":"k1"}}"#);
    let claims = format!(r#"{{"iss":"https://a.example","aud":"api","sub":"7","role":"user","exp":{}}}"#, NOW + 600);
    decode(&sign::compact(header.as_bytes(), claims.as_bytes(), alg, Some(key)).expect("signed"))
}

fn forged(token: &Decoded, keys: &[Key], signing: Option<&Key>, guessed: bool, own: &Own) -> Forged {
    let now = Stamp::from_unix(NOW).expect("a time");
    let listener = Some("http://127.0.0.1:9/x");
    variants(token, &Materials { keys, signing, guessed, others: &[], own, listener, now })
}

fn made(key: &str) -> Key {
    Key::generate(key).expect("a key")
}

#[test]
fn each_family_is_made_of_some_token_or_says_why_not() {
    let own = Own::make().expect("keys");
    let (secret, ec, rsa) = (Key::secret(b"secret".to_vec()), made("ES256"), made("RS256"));
    let mut seen = BTreeSet::new();
    for (alg, key, guessed) in [("HS256", &secret, true), ("ES256", &ec, false), ("RS256", &rsa, false)] {
        let forged = forged(&token(alg, key), std::slice::from_ref(key), Some(key), guessed, &own);
        let ids: BTreeSet<&str> = forged.variants.iter().map(|v| v.id.as_str()).collect();
        assert_eq!(ids.len(), forged.variants.len(), "{alg}: an id stands there twice");
        for family in FAMILIES.iter().filter(|f| **f != &ASKED) {
            let variants = forged.variants.iter().filter(|v| v.family == *family).count();
            let missing = forged.missing.iter().filter(|m| m.family == *family).count();
            assert!((variants > 0) != (missing == 1), "{alg}: {}: {variants} and {missing}", family.rule.id);
        }
        seen.extend(forged.variants.iter().map(|v| v.family.rule.id));
    }
    let all: BTreeSet<&str> = FAMILIES.iter().map(|f| f.rule.id).filter(|id| *id != ASKED.rule.id).collect();
    assert_eq!(seen, all);
}

#[test]
fn the_table_is_whole() {
    let mut ids = BTreeSet::new();
    for f in FAMILIES {
        let r = &f.rule;
        assert!(ids.insert(r.id) && r.id.starts_with("jwt-attack-"), "{}", r.id);
        assert!(f.cwe > 0 && r.reference.contains(['R', 'C']) && !r.fix.ends_with('.'), "{}", r.id);
        assert!(!r.title.is_empty() && !r.plain.is_empty() && f.name.len() <= 22, "{}", r.id);
        assert_eq!(family(r.id).map(|f| f.rule.id), Some(r.id));
    }
}

#[test]
fn what_goes_round_the_signature_does_not_verify_and_what_claims_something_does() {
    let own = Own::make().expect("keys");
    for alg in ["HS256", "RS256", "ES256"] {
        let key = made(alg);
        let keys = std::slice::from_ref(&key);
        let genuine = token(alg, &key);
        assert_eq!(verify(&genuine, keys).status, Status::Valid);
        assert_ne!(verify(&decode(&broken(&genuine)), keys).status, Status::Valid);
        assert_eq!(broken(&genuine).len(), genuine.token.len());
        let forged = forged(&genuine, keys, Some(&key), true, &own);
        assert!(forged.variants.len() > 60, "{}", forged.variants.len());
        for v in &forged.variants {
            let read = decode(&v.token);
            let is_valid = verify(&read, keys).status == Status::Valid;
            // Extensions are signed rightly, and whether a verifier takes them is the question.
            let expected = match v.family.rule.id {
                "jwt-attack-weak-secret"
                | "jwt-attack-expired"
                | "jwt-attack-exp-missing"
                | "jwt-attack-nbf"
                | "jwt-attack-audience"
                | "jwt-attack-issuer"
                | "jwt-attack-typ"
                | "jwt-attack-mirrored" => true,
                "jwt-attack-crit"
                | "jwt-attack-b64"
                | "jwt-attack-zip"
                | "jwt-attack-spelling"
                | "jwt-attack-json"
                | "jwt-attack-alg"
                | "jwt-attack-der"
                | "jwt-attack-claims"
                | "jwt-attack-duplicate"
                | "jwt-attack-kid-type"
                | "jwt-attack-cty" => continue,
                _ => false,
            };
            assert_eq!(is_valid, expected, "{alg}: {}", v.id);
        }
    }
}

#[test]
fn a_key_of_our_own_verifies_what_it_signed_and_is_served() {
    let own = Own::make().expect("keys");
    let rsa = made("RS256");
    let forged = forged(&token("RS256", &rsa), std::slice::from_ref(&rsa), None, false, &own);
    let keys: Vec<Key> = own.pairs.iter().map(|p| p.key.clone()).collect();
    let of = |family: &'static Family| forged.variants.iter().filter(move |v| v.family == family);
    for family in [&EMBEDDED, &CHAIN, &FETCHED, &FETCHED_CHAIN, &FETCHED_ISSUER] {
        assert!(of(family).count() >= 2);
        for v in of(family) {
            assert_eq!(verify(&decode(&v.token), &keys).status, Status::Valid, "{}", v.id);
            assert_eq!(v.needs_hit, [&FETCHED, &FETCHED_CHAIN, &FETCHED_ISSUER].contains(&family), "{}", v.id);
        }
    }
    let pages = own.pages("/x", "http://127.0.0.1:9/x");
    let read = |path: &str| {
        let page = pages.iter().find(|p| p.path == path).expect(path);
        super::super::key::read(&page.body, path).expect(path).keys
    };
    let thumbs: Vec<String> = keys.iter().map(Key::thumbprint).collect();
    assert_eq!(read("/x/jwks.json").iter().map(Key::thumbprint).collect::<Vec<_>>(), thumbs);
    assert_eq!(read("/x/rsa.pem")[0].thumbprint(), thumbs[0]);
    assert_eq!(read("/x/ec.pem")[0].thumbprint(), thumbs[1]);
    let metadata = pages.iter().find(|p| p.path == "/x/.well-known/openid-configuration").expect("metadata");
    let metadata: Value = serde_json::from_slice(&metadata.body).expect("JSON");
    assert_eq!(
        (&metadata["issuer"], &metadata["jwks_uri"]),
        (&"http://127.0.0.1:9/x".into(), &"http://127.0.0.1:9/x/jwks.json".into())
    );
    for v in of(&FETCHED_ISSUER) {
        assert_eq!(decode(&v.token).claims.get("iss").and_then(Value::as_str), Some("http://127.0.0.1:9/x"));
    }
    for v in of(&FETCHED).filter(|v| v.id.contains("/jku")) {
        let read = decode(&v.token);
        assert_eq!(read.header.get("jku").and_then(Value::as_str), Some("http://127.0.0.1:9/x/jwks.json"));
    }
}

#[test]
fn a_public_key_signs_in_each_of_its_forms() {
    let own = Own::make().expect("keys");
    let rsa = made("RS512");
    let forged = forged(&token("RS512", &rsa), std::slice::from_ref(&rsa), None, false, &own);
    let forms = crate::jwt::confusion::forms(&rsa);
    let confused: Vec<&Variant> = forged.variants.iter().filter(|v| *v.family == CONFUSED).collect();
    assert_eq!(confused.len(), forms.len());
    for (v, (_, bytes)) in confused.iter().zip(forms) {
        let read = decode(&v.token);
        assert_eq!(read.header.get("alg").and_then(Value::as_str), Some("HS512"));
        assert_eq!(verify(&read, &[Key::secret(bytes)]).status, Status::Valid, "{}", v.id);
    }
}

#[test]
fn of_a_large_key_set_the_named_key_is_tried_first_and_few_others() {
    let own = Own::make().expect("keys");
    let ec = made("ES256");
    let mut keys: Vec<Key> = (0..500).map(|i| Key { kid: Some(format!("k{i}").into()), ..ec.clone() }).collect();
    keys.swap(1, 400);
    let forged = forged(&token("ES256", &ec), &keys, None, false, &own);
    let confused: Vec<&Variant> = forged.variants.iter().filter(|v| *v.family == CONFUSED).collect();
    assert!(confused[0].name.contains("kid k1)"), "{}", confused[0].name);
    assert!(confused.len() < 200, "{}", confused.len());
}

#[test]
fn a_genuine_token_speaks_for_what_it_is() {
    let key = Key::secret(b"k".to_vec());
    let of = |claims: &str| {
        decode(&sign::compact(br#"{"alg":"HS256"}"#, claims.as_bytes(), "HS256", Some(&key)).expect("signed"))
    };
    let ours = of(r#"{"iss":"a","aud":["api","b"],"exp":1900000600}"#);
    for (claims, family) in [
        (r#"{"iss":"a","aud":"api","exp":1899999999}"#, Some(&EXPIRED)),
        (r#"{"iss":"a","aud":"c","exp":1900000600}"#, Some(&AUDIENCE)),
        (r#"{"iss":"a","exp":1900000600}"#, Some(&AUDIENCE)),
        (r#"{"iss":"b","aud":"api","exp":1900000600}"#, Some(&ISSUER)),
        (r#"{"iss":"a","aud":["b","c"],"exp":1900000600}"#, None),
    ] {
        assert_eq!(against(&ours, &of(claims), NOW), family, "{claims}");
    }
}

#[test]
fn what_is_no_signed_token_gives_reasons_and_nothing_else() {
    let own = Own::make().expect("keys");
    let json = br#"{"payload":"e30","protected":"eyJhbGciOiJIUzI1NiJ9","signature":"AAAA"}"#;
    let detached = b"eyJhbGciOiJIUzI1NiJ9..AAAA";
    let encrypted = b"eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.b.c.d";
    for bytes in [&b"hello"[..], b"", encrypted, b"AAAA.e30.x", json, detached] {
        let forged = forged(&decode(bytes), &[], None, false, &own);
        assert_eq!((forged.variants.len(), forged.missing.len()), (0, FAMILIES.len()));
    }
}

proptest! {
    #[test]
    fn any_header_and_claims_are_forged(
        header in "\\{(\"(alg|kid|typ|x)\":(\"[A-Za-z0-9./]{0,6}\"|1|null|\\[\\]|\\{\\})(,\"alg\":\"(HS|RS|ES)[0-9]{3}\")?)?\\}",
        claims in proptest::collection::vec(any::<u8>(), 0..40),
        signature in proptest::collection::vec(any::<u8>(), 0..140),
    ) {
        use std::sync::OnceLock;
        static OWN: OnceLock<Own> = OnceLock::new();
        let own = OWN.get_or_init(|| Own::make().expect("keys"));
        let text = [header.as_bytes(), &claims, &signature].map(unsigned::encode).join(".");
        let read = decode(text.as_bytes());
        let forged = forged(&read, &[], Some(&Key::secret(b"k".to_vec())), false, own);
        for v in &forged.variants {
            prop_assert!(v.token.iter().all(|b| (0x20..0x7f).contains(b)), "{}", v.id);
            prop_assert!(!v.name.chars().any(crate::base::text::is_hazard));
        }
    }
}
