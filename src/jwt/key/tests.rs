//! Keys in every form, and what is said where they are not right.

use proptest::prelude::*;
use serde_json::json;

use super::write::pem;
use super::*;
use crate::jwt::alg::ALGORITHMS;
use crate::jwt::sign::sign;
use crate::jwt::verify::verify_with;

fn one(bytes: &[u8]) -> Key {
    let mut read = read(bytes, "k").expect("a key");
    assert_eq!((read.keys.len(), read.problems.len()), (1, 0), "{:?}", read.problems);
    read.keys.remove(0)
}

#[test]
fn every_algorithm_signs_with_a_new_key_and_verifies_with_its_public_forms() {
    for alg in ALGORITHMS.iter().filter(|a| a.is_supported()) {
        let key = Key::generate(alg.name).expect(alg.name);
        assert!(key.fits(alg) && key.is_private(), "{}", alg.name);
        let signature = sign(alg.name, &key, b"a.b").expect(alg.name);
        assert_eq!(verify_with(alg.name, &key, b"a.b", &signature), Ok(true), "{}", alg.name);
        assert_eq!(verify_with(alg.name, &key, b"a.c", &signature), Ok(false), "{}", alg.name);
        let mut broken = signature.clone();
        broken[0] ^= 1;
        assert_eq!(verify_with(alg.name, &key, b"a.b", &broken), Ok(false), "{}", alg.name);
        if !alg.is_asymmetric() {
            assert!(key.public_der(Form::Spki).is_none());
            assert_eq!(key.public_jwk(), json!({"kty": "oct"}));
            continue;
        }
        let der = key.public_der(Form::Spki).expect("SPKI");
        let text = key.public_pem(Form::Spki).expect("SPKI");
        let jwk = key.public_jwk().to_string();
        let set = format!("{{\"keys\":[{jwk}]}}");
        for given in [der.as_slice(), text.as_bytes(), jwk.as_bytes(), set.as_bytes()] {
            let public = one(given);
            assert!(!public.is_private() && public.thumbprint() == key.thumbprint(), "{}", alg.name);
            assert_eq!(verify_with(alg.name, &public, b"a.b", &signature), Ok(true), "{}", alg.name);
            assert!(sign(alg.name, &public, b"a.b").expect_err("public").to_string().contains("needs a private key"));
        }
        if let Some(pkcs1) = key.public_pem(Form::Pkcs1) {
            assert_eq!(one(pkcs1.as_bytes()).thumbprint(), key.thumbprint());
        }
    }
}

#[test]
fn the_thumbprint_of_the_standard() {
    // RFC 7638 section 3.1.
    let jwk = br#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}"#;
    let key = one(jwk);
    assert_eq!(key.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!((key.bits(), key.name().as_str()), (2048, "k (kid 2011-04-29)"));
    assert_eq!((key.usual_algorithm(), key.raw.as_slice()), (Some("RS256"), jwk.as_slice()));
}

#[test]
fn a_jwk_keeps_its_members_and_none_of_its_secrets() {
    let text = br#"{"kty":"oct","k":"c2VjcmV0","kid":7,"use":"enc","key_ops":["wrapKey"],"kid":8}"#;
    let mut keys = read(text, "k").expect("a key");
    assert!(keys.problems[0].contains("duplicate member `kid`"));
    let key = keys.keys.remove(0);
    assert_eq!(key.kid, Some(json!(8)));
    assert_eq!((key.usage.as_deref(), key.ops.as_slice()), (Some("enc"), ["wrapKey".to_owned()].as_slice()));
    assert_eq!(key.members.len(), 6);
    assert!(key.raw.is_empty());
    let shown = format!("{key:?}");
    assert!(!shown.contains("c2VjcmV0") && !shown.contains("secret") && shown.contains("***"), "{shown}");
}

#[test]
fn a_set_is_read_as_far_as_it_goes() {
    let text =
        br#"{"keys":[{"kty":"EC","crv":"P-999","x":"","y":""},{"kty":"EC","crv":"P-256","x":"AA"},{"kty":"lattice"},
        {"kty":"OKP","crv":"Ed448","x":"AA"},{"kid":"x"},7,{"kty":"oct","k":"YQ=="}],"more":1}"#;
    let keys = read(text, "jwks.json").expect("a set");
    assert!(keys.set && keys.keys.len() == 6, "{:?}", keys.keys.len());
    let problems = keys.problems.join("\n");
    for words in
        ["key 2: `y` is not there", "key 4: `x` has 1 bytes", "key 6: a number, where", "key 7: `k`: base64 padding"]
    {
        assert!(problems.contains(words), "{problems}");
    }
    assert_eq!(keys.keys[0].words(), "of a type that is not known here: EC on P-999");
    assert_eq!(keys.keys[5].origin, "jwks.json, key 7");
    assert!(read(b"{\"keys\":[]}", "k").expect("an empty set").keys.is_empty());
    assert!(read(b"{\"keys\":{}}", "k").expect("no list").problems[0].contains("no list"));
}

#[test]
fn texts_around_pem_and_escaped_breaks_are_passed_over() {
    let key = Key::generate("ES256").expect("a key");
    let (spki, other) = (key.public_pem(Form::Spki).expect("PEM"), pem("CERTIFICATE", b"nothing"));
    let mixed = format!("Bag Attributes\n  a: b\r\n{}{other}{spki}", spki.replace('\n', "\r\n"));
    let keys = read(mixed.as_bytes(), "f.pem").expect("keys");
    assert_eq!(keys.keys.iter().map(|k| k.origin.as_str()).collect::<Vec<_>>(), ["f.pem, block 1", "f.pem, block 3"]);
    assert!(keys.problems[0].contains("block 2: CERTIFICATE holds no key"));
    assert_eq!(keys.keys[1].raw, spki.as_bytes());
    assert_eq!(one(spki.replace('\n', "\\n").as_bytes()).thumbprint(), key.thumbprint());
    let bare: String = spki.lines().filter(|l| !l.starts_with('-')).collect();
    assert_eq!(one(bare.as_bytes()).thumbprint(), key.thumbprint());
    let by_kid = json!({"a1": spki, "b": "x"}).to_string();
    let keys = read(by_kid.as_bytes(), "certs").expect("keys");
    assert_eq!((keys.keys[0].kid.clone(), keys.set), (Some(json!("a1")), true));
    assert!(keys.problems[0].contains("certs, b: this is no key in PEM"));
}

#[test]
fn what_is_no_key_is_said() {
    for (bytes, words) in [
        (&b"secret"[..], "--secret"),
        (b"", "--secret"),
        (b"{}", "no key in it"),
        (b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----", "encrypted"),
        (
            b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nMAA=\n-----END RSA PRIVATE KEY-----",
            "encrypted",
        ),
        (b"-----BEGIN PUBLIC KEY-----", "holds no key"),
        (b"\x30\x80\x01", "neither PEM"),
    ] {
        let said = read(bytes, "f").expect_err("no key").to_string();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn ten_thousand_keys_are_read() {
    let key = Key::generate("ES256").expect("a key").public_jwk().to_string();
    let set = format!("{{\"keys\":[{}]}}", vec![key; 10_000].join(","));
    assert_eq!(read(set.as_bytes(), "k").expect("a set").keys.len(), 10_000);
}

proptest! {
    #[test]
    fn any_bytes_are_keys_or_none(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = read(&bytes, "k");
        let der = [&[0x30, 0x82, 0x01, 0x00][..], &bytes].concat();
        let _ = read(&der, "k");
        let _ = read(pem("PRIVATE KEY", &der).as_bytes(), "k");
    }
    #[test]
    fn a_key_with_a_byte_changed_is_no_accident(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let key = Key::new(
            Material::Rsa(RsaKey { n: vec![0xc5; 256], e: vec![1, 0, 1], private: None }),
            "k",
        );
        let mut der = key.public_der(Form::Spki).expect("SPKI");
        let at = at.index(der.len());
        der[at] = to;
        if let Ok(keys) = read(&der, "k") {
            for key in keys.keys {
                let _ = (key.bits(), key.public_jwk(), verify_with("RS256", &key, b"a", &[1; 256]));
            }
        }
    }
}
