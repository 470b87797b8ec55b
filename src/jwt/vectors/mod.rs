//! The examples of the standards: RFC 7515, 7516, 7520, 7797 and 8037, as far as they can be checked or opened here.
//!
//! `examples.json` holds them with their keys; names say where each stands.

use serde_json::Value;

use super::check::check;
use super::jwe;
use super::key::{Key, read};
use super::verify::{Status, verify_each};
use super::{base64url, decode};
use crate::jwt::sign::sign;

fn examples(kind: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("examples.json")).expect("JSON");
    all[kind].as_array().expect("a list").clone()
}

fn text<'a>(example: &'a Value, name: &str) -> &'a str {
    example[name].as_str().expect("text")
}

fn key(jwk: &Value) -> Key {
    read(jwk.to_string().as_bytes(), "the example").expect("a key").keys.remove(0)
}

#[test]
fn every_signature_verifies_and_none_with_a_bit_changed() {
    let all = examples("signed");
    assert!(all.len() >= 26, "{}", all.len());
    for example in &all {
        let name = text(example, "name");
        let keys: Vec<Key> = example["keys"].as_array().expect("keys").iter().map(key).collect();
        let mut token = decode(text(example, "token").as_bytes());
        if let Some(payload) = example["payload"].as_str() {
            assert!(token.is_detached(), "{name}");
            token.attach(&base64url::decode(payload.as_bytes()).bytes);
        }
        let verdicts = verify_each(&token, &keys);
        let stands: Vec<Status> = verdicts.iter().map(|v| v.status).collect();
        assert_eq!(stands, vec![Status::Valid; 1 + token.others.len()], "{name}: {:?}", verdicts[0].reason);
        let mut changed = token.clone();
        changed.signature[3] ^= 0x10;
        assert_eq!(verify_each(&changed, &keys)[0].status, Status::Invalid, "{name}");
        changed = token.clone();
        changed.attach(b"another payload");
        assert_eq!(verify_each(&changed, &keys)[0].status, Status::Invalid, "{name}");
    }
}

#[test]
fn signatures_that_are_the_same_each_time_are_made_as_in_the_examples() {
    let mut made = 0;
    for example in examples("signed") {
        let token = decode(text(&example, "token").as_bytes());
        let alg = token.header_member("alg").and_then(Value::as_str).expect("a name").to_owned();
        let key = key(&example["keys"][0]);
        let same = alg.starts_with("HS") || alg.starts_with("RS") || alg == "EdDSA";
        if !same || !key.is_private() || token.is_detached() || !token.others.is_empty() {
            continue;
        }
        assert_eq!(sign(&alg, &key, &token.signing_input()).expect("signed"), token.signature, "{}", example["name"]);
        made += 1;
    }
    assert!(made >= 7, "{made}");
}

#[test]
fn every_encrypted_token_opens_or_is_named() {
    let all = examples("encrypted");
    assert!(all.len() >= 30, "{}", all.len());
    for example in &all {
        let (name, key) = (text(example, "name"), key(&example["key"]));
        let token = decode(text(example, "token").as_bytes());
        let content = base64url::decode(text(example, "content").as_bytes()).bytes;
        let opened = jwe::open(&token, std::slice::from_ref(&key));
        let alg = token.header_member("alg").and_then(Value::as_str).unwrap_or_default();
        if alg == "RSA1_5" || alg.starts_with("PBES2") {
            assert_eq!(opened.verdict.status, Status::Unsupported, "{name}");
            assert!(opened.verdict.reason.expect("why").contains("is not run"), "{name}");
            continue;
        }
        if name.ends_with("first recipient") {
            // The only key that is for it is of RSA1_5; the other recipient's is not given.
            assert!(opened.content.is_none(), "{name}");
            continue;
        }
        assert_eq!(opened.verdict.status, Status::Valid, "{name}: {:?}", opened.verdict.reason);
        assert!(opened.content.expect("content").expose() == content, "{name}");
        for part in 0..4 {
            let mut broken = token.clone();
            let encrypted = broken.encrypted.as_mut().expect("encrypted");
            let at = match part {
                0 => &mut encrypted.ciphertext,
                1 => &mut encrypted.tag,
                2 => &mut encrypted.iv,
                _ => &mut encrypted.additional,
            };
            match at.first_mut() {
                Some(first) => *first ^= 1,
                None => at.push(1),
            }
            assert_eq!(jwe::open(&broken, std::slice::from_ref(&key)).verdict.status, Status::Invalid, "{name} {part}");
        }
        assert!(check(token, &[key]).encryption.is_some_and(|v| v.status == Status::Valid), "{name}");
    }
}
