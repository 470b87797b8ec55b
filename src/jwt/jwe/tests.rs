//! Tokens that are encrypted inside each other, bombs, and what cannot be opened.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::jwt::check::check;
use crate::jwt::decode;
use crate::jwt::sign::compact;

/// A token encrypted with this key and A256GCM, `dir`.
fn sealed(header: &Value, key: &[u8; 32], content: &[u8]) -> Vec<u8> {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let head = b64(header.to_string().as_bytes());
    let aead = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("a key"));
    let mut text = content.to_vec();
    let nonce = Nonce::assume_unique_for_key([7; 12]);
    let tag = aead.seal_in_place_separate_tag(nonce, Aad::from(head.as_bytes()), &mut text).expect("sealed");
    format!("{head}..{}.{}.{}", b64(&[7; 12]), b64(&text), b64(tag.as_ref())).into_bytes()
}

fn header(more: &Value) -> Value {
    let mut header = json!({"alg": "dir", "enc": "A256GCM"});
    for (name, value) in more.as_object().expect("an object") {
        header[name] = value.clone();
    }
    header
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut writer, bytes).expect("packed");
    writer.finish().expect("packed")
}

#[test]
fn a_token_inside_is_opened_and_its_signature_checked() {
    let (key, signs) = ([3; 32], Key::generate("ES256").expect("a key"));
    let signed = compact(br#"{"alg":"ES256"}"#, br#"{"sub":"1"}"#, "ES256", Some(&signs)).expect("signed");
    let twice = sealed(&header(&json!({"cty": "JWT"})), &key, &sealed(&header(&json!({"cty": "JWT"})), &key, &signed));
    let checked = check(decode(&twice), &[Key::secret(key.to_vec()), signs]);
    assert!(checked.is_valid(), "{:?}", checked.verdicts);
    let inner = checked.token.inner.as_ref().and_then(|t| t.inner.as_ref()).expect("two tokens down");
    assert_eq!(inner.claims.get("sub"), Some(&json!("1")));
    let without = check(decode(&twice), &[Key::secret(key.to_vec())]);
    assert!(!without.is_valid() && without.encryption.is_some_and(|v| v.status == Status::Valid));
    let claims = check(decode(&sealed(&header(&json!({})), &key, br#"{"sub":"2"}"#)), &[Key::secret(key.to_vec())]);
    assert_eq!(claims.token.claims.get("sub"), Some(&json!("2")));
    assert_eq!(claims.verdicts[0].reason.as_deref(), Some("it is encrypted, not signed"));
}

#[test]
fn a_compressed_content_is_unpacked_and_a_bomb_is_cut() {
    let key = [5; 32];
    let zip = header(&json!({"zip": "DEF"}));
    let open = |header: &Value, content: &[u8]| {
        super::open(&decode(&sealed(header, &key, content)), &[Key::secret(key.to_vec())])
    };
    let fine = open(&zip, &packed(br#"{"a":1}"#));
    assert_eq!((fine.content.expect("content").expose(), fine.verdict.reason), (&br#"{"a":1}"#[..], None));
    let bomb = open(&zip, &packed(&vec![b'a'; 20 << 20]));
    assert_eq!(bomb.content.expect("content").expose().len(), MOST_UNPACKED);
    assert!(bomb.verdict.reason.expect("why").contains("more than 250 KiB"));
    let odd = open(&zip, b"\xff\xff\xff");
    assert!(odd.verdict.reason.expect("why").contains("does not unpack"));
    let other = open(&header(&json!({"zip": "GZ"})), b"x");
    assert!(other.verdict.reason.expect("why").contains("not known here"));
}

#[test]
fn what_is_not_opened_is_said() {
    let key = Key::secret(vec![1; 32]);
    for (header, status, words) in [
        (json!({"alg": "dir"}), Status::Unsupported, "no content encryption"),
        (json!({"alg": "dir", "enc": "A1"}), Status::Unsupported, "A1 is no content encryption"),
        (json!({"enc": "A256GCM"}), Status::Unsupported, "names no algorithm"),
        (json!({"alg": "X", "enc": "A256GCM"}), Status::Unsupported, "X is no key management"),
        (json!({"alg": "RSA1_5", "enc": "A256GCM"}), Status::Unsupported, "open to oracles"),
        (
            json!({"alg": "PBES2-HS256+A128KW", "enc": "A256GCM", "p2c": 10_000_000}),
            Status::Unsupported,
            "from a password",
        ),
        (json!({"alg": "RSA-OAEP", "enc": "A256GCM"}), Status::Unchecked, "none of the keys given is one for RSA-OAEP"),
        (
            json!({"alg": "dir", "enc": "A128GCM"}),
            Status::Unchecked,
            "dir with A128GCM, which takes a secret of 16 bytes",
        ),
        (json!({"alg": "dir", "enc": "A256GCM"}), Status::Invalid, "does not open it"),
        (json!({"alg": "A256KW", "enc": "A256GCM"}), Status::Invalid, "does not open it"),
        (json!({"alg": "A256GCMKW", "enc": "A256GCM", "iv": 7}), Status::Invalid, "does not open it"),
    ] {
        let token = format!("{}.AA.AA.AA.AA", URL_SAFE_NO_PAD.encode(header.to_string()));
        let verdict = open(&decode(token.as_bytes()), std::slice::from_ref(&key)).verdict;
        let reason = verdict.reason.expect("why");
        assert!(verdict.status == status && reason.contains(words), "{header}: {:?} {reason}", verdict.status);
    }
    assert_eq!(open(&decode(b"e30.e30."), &[]).verdict.status, Status::Unchecked);
}

proptest! {
    #[test]
    fn any_fields_end(
        alg in prop::sample::select(KEYS.iter().map(|a| a.name).collect::<Vec<_>>()),
        enc in prop::sample::select(CONTENTS.iter().map(|a| a.name).collect::<Vec<_>>()),
        fields in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 4),
        length in prop::sample::select(vec![16_usize, 24, 32, 48, 64]),
        epk in prop::sample::select(vec![json!(1), json!({}), json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"})]),
    ) {
        let head = json!({"alg": alg, "enc": enc, "epk": epk, "iv": "AA", "tag": "AA", "apu": 1, "zip": "DEF"}).to_string();
        let parts: Vec<String> = fields.iter().map(|f| URL_SAFE_NO_PAD.encode(f)).collect();
        let token = decode(format!("{}.{}", URL_SAFE_NO_PAD.encode(head), parts.join(".")).as_bytes());
        let opened = open(&token, &[Key::secret(vec![9; length])]);
        prop_assert!(opened.content.is_none());
    }
}
