//! Whether the signature of a token is by one of some keys.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::signature::{
    ED25519, ParsedPublicKey, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
    RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY, RSA_PKCS1_2048_8192_SHA384, RSA_PSS_2048_8192_SHA256,
    RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents,
};
use serde_json::Value;

use super::alg::{Algorithm, Family, Hash, algorithm};
use super::key::{Curve, Key, Material};
use super::object::cut;
use super::sign::mac;
use super::{Decoded, Kind, Part, member};
use crate::base::text::display_str;

/// Keys that are tried on one signature.
const MOST: usize = 2_000;

/// How a signature stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// One of the keys made it.
    Valid,
    /// Keys that fit were there, and none of them made it.
    Invalid,
    /// Nothing was checked: there is no signature, or no key for it.
    Unchecked,
    /// It cannot be checked here.
    Unsupported,
}

impl Status {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unchecked => "unchecked",
            Self::Unsupported => "unsupported",
        }
    }
}

/// What is known of a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How it stands.
    pub status: Status,
    /// The key that made it, by its name, in display form.
    pub by: Option<String>,
    /// Why it is not valid; or, where it is, what is odd about it all the same. In display form.
    pub reason: Option<String>,
    /// Which of the keys that was.
    pub key: Option<usize>,
}

impl Verdict {
    fn without(status: Status, reason: impl Into<String>) -> Self {
        Self { status, by: None, reason: Some(reason.into()), key: None }
    }
}

/// Why a signature cannot be checked here, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported(pub String);

/// Checks the signature of a token with these keys: first those whose `kid` is the token's, then all others that fit its
/// algorithm, as what is asked is who made it. The algorithm is that of the header, its last one where there are two; no key is
/// ever taken from the token itself. A signature that only a lax reader takes is valid, and what is lax is the reason.
pub fn verify(token: &Decoded, keys: &[Key]) -> Verdict {
    if token.kind == Kind::Jwe {
        return Verdict::without(Status::Unchecked, "it is encrypted, not signed");
    }
    one(token, &token.header, &token.unprotected, &token.signature, keys)
}

/// Checks every signature of a token, in order; all but those of the general JSON serialization have one.
pub fn verify_each(token: &Decoded, keys: &[Key]) -> Vec<Verdict> {
    let others = token.others.iter().map(|s| one(token, &s.header, &s.unprotected, &s.signature, keys));
    std::iter::once(verify(token, keys)).chain(others).collect()
}

/// One signature. Where it stays open, and the key in its own header made it, that is said: it is true of a proof of
/// possession (RFC 9449 section 4.2), and of any forgery.
fn one(token: &Decoded, header: &Part, unprotected: &[(String, Value)], signature: &[u8], keys: &[Key]) -> Verdict {
    let verdict = by_known(token, header, unprotected, signature, keys);
    let open = matches!(verdict.status, Status::Invalid | Status::Unchecked);
    let own = open.then(|| embedded(header)).flatten();
    let Some(own) = own.filter(|_| !signature.is_empty() && !token.is_detached()) else { return verdict };
    if by_known(token, header, unprotected, signature, &[own]).status != Status::Valid {
        return verdict;
    }
    let reason = verdict.reason.unwrap_or_default();
    Verdict {
        reason: Some(format!("{reason}; the key in its own header made it, which anyone who makes a token can do")),
        ..verdict
    }
}

/// The key that a protected header carries: `jwk`, or the first certificate of `x5c` (RFC 7515 sections 4.1.3 and 4.1.6).
pub fn embedded(header: &Part) -> Option<Key> {
    let certified = || header.get("x5c").and_then(|x| x.get(0)).and_then(Value::as_str).and_then(Key::of_certificate);
    header.get("jwk").and_then(Key::of_jwk).or_else(certified)
}

fn by_known(
    token: &Decoded,
    header: &Part,
    unprotected: &[(String, Value)],
    signature: &[u8],
    keys: &[Key],
) -> Verdict {
    let Some(alg) = member(header, unprotected, "alg") else {
        return Verdict::without(Status::Unsupported, "the header names no algorithm");
    };
    let Some(name) = alg.as_str() else {
        return Verdict::without(Status::Unsupported, "the algorithm in the header is no name");
    };
    let Some(known) = algorithm(name) else {
        return Verdict::without(Status::Unsupported, format!("{} is no algorithm that is known here", cut(name, 40)));
    };
    match known.family {
        Family::None if signature.is_empty() => {
            return Verdict::without(Status::Unchecked, "the algorithm is none: there is no signature");
        }
        Family::None => {
            return Verdict::without(
                Status::Unchecked,
                "the algorithm is none: no key can have made what stands as signature",
            );
        }
        _ if !known.is_supported() => {
            return Verdict::without(Status::Unsupported, format!("{name} cannot be checked here"));
        }
        _ if signature.is_empty() => return Verdict::without(Status::Invalid, "the signature is missing"),
        _ => {}
    }
    if keys.is_empty() {
        return Verdict::without(Status::Unchecked, "no key was given");
    }
    let input = token.signing_input_of(header);
    let kid = member(header, unprotected, "kid");
    let named = |key: &Key| kid.is_some() && key.kid.as_ref() == kid;
    let mut order: Vec<usize> = (0..keys.len()).filter(|i| keys[*i].fits(known)).collect();
    let fitting = order.len();
    order.sort_by_key(|i| !named(&keys[*i]));
    let (mut refused, mut tried) = (None, 0);
    for i in order.into_iter().take(MOST) {
        let key = &keys[i];
        match attempt(known, key, &input, signature) {
            Ok(Some(lax)) => {
                return Verdict {
                    status: Status::Valid,
                    by: Some(key.name()),
                    reason: remarks(key, known, lax, kid, keys.iter().any(named)),
                    key: Some(i),
                };
            }
            Ok(None) => tried += 1,
            Err(Unsupported(why)) => refused = Some(why),
        }
    }
    if tried == 0 {
        return match refused {
            Some(why) => Verdict::without(Status::Unsupported, why),
            None => Verdict::without(Status::Unchecked, format!("none of the keys given is one for {name}")),
        };
    }
    if token.is_detached() {
        return Verdict::without(
            Status::Unchecked,
            "its payload is kept elsewhere: give it, and the signature can be checked",
        );
    }
    let mut reason = match tried {
        1 if fitting == 1 => "the key that fits did not make it".to_owned(),
        n => format!("none of the {n} keys that fit made it"),
    };
    if fitting > MOST {
        reason = format!("none of the first {MOST} keys that fit made it; {} were not tried", fitting - MOST);
    }
    if let Some(kid) = kid.filter(|_| !keys.iter().any(named)) {
        let shown = kid.as_str().map_or_else(|| cut(&kid.to_string(), 40), |k| cut(k, 40));
        reason = format!("{reason}, and none has the kid {shown}");
    }
    if signature.iter().all(|b| *b == 0) {
        reason.push_str("; it is all zeros");
    }
    Verdict::without(Status::Invalid, reason)
}

/// What is odd about a signature that is valid all the same.
fn remarks(key: &Key, known: &Algorithm, lax: Option<&str>, kid: Option<&Value>, resolved: bool) -> Option<String> {
    let mut said: Vec<String> = lax.map(str::to_owned).into_iter().collect();
    if let Some(kid) = kid
        && key.kid.as_ref().is_some_and(|own| own != kid)
    {
        said.push(if resolved {
            "the key has another kid than the token names".to_owned()
        } else {
            "no key has the kid that the token names".to_owned()
        });
    }
    if let Some(alg) = key.alg.as_deref().filter(|a| *a != known.name && !(known.family == Family::Edwards(None))) {
        said.push(format!("the key says that it is for {}", cut(alg, 40)));
    }
    if key.usage.as_deref().is_some_and(|u| u != "sig") {
        said.push("the key says that it is not for signatures".to_owned());
    } else if !key.ops.is_empty() && !key.ops.iter().any(|o| o == "verify" || o == "sign") {
        said.push("the operations of the key do not list verify".to_owned());
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// Whether this key made that signature over `input` with this algorithm, in the one form that RFC 7518 gives it.
///
/// # Errors
/// An algorithm that is not known or has no signature, a key of another type, or one that the cryptographic library
/// refuses.
pub fn verify_with(alg: &str, key: &Key, input: &[u8], signature: &[u8]) -> Result<bool, Unsupported> {
    let known = algorithm(alg)
        .filter(|a| a.is_supported())
        .ok_or_else(|| Unsupported(format!("{} cannot be checked here", display_str(alg))))?;
    if !key.fits(known) {
        return Err(Unsupported(format!("{alg} does not take a key that is {}", key.words())));
    }
    attempt(known, key, input, signature).map(|found| matches!(found, Some(None)))
}

/// A signature that was checked: `None` where the key did not make it, else what is lax about its form.
type Found = Option<Option<&'static str>>;

fn attempt(known: &Algorithm, key: &Key, input: &[u8], signature: &[u8]) -> Result<Found, Unsupported> {
    let exact = |made: bool| made.then_some(None);
    match &key.material {
        Material::Secret(secret) => {
            let mac = mac(known.hash, secret.expose(), input);
            Ok(exact(verify_slices_are_equal(&mac, signature).is_ok()))
        }
        Material::Rsa(rsa) => {
            let parameters = parameters(known, key)?;
            let public = RsaPublicKeyComponents { n: &rsa.n, e: &rsa.e };
            let public = public.to_parsed_public_key(parameters).map_err(|_| refused(key))?;
            Ok(exact(public.verify_sig(input, signature).is_ok()))
        }
        Material::Ec(ec) => {
            let ecdsa = ec.curve.ecdsa().ok_or_else(|| refused(key))?;
            let fixed = ParsedPublicKey::new(ecdsa.fixed, &ec.point).map_err(|_| refused(key))?;
            if fixed.verify_sig(input, signature).is_ok() {
                return Ok(Some(None));
            }
            // A sequence, as X.509 and TLS write it: some libraries take it in tokens too.
            if signature.first() != Some(&0x30) {
                return Ok(None);
            }
            let der = ParsedPublicKey::new(ecdsa.der, &ec.point).map_err(|_| refused(key))?;
            let lax = "the signature is in DER, where RFC 7518 section 3.4 wants two numbers of fixed length";
            Ok(der.verify_sig(input, signature).is_ok().then_some(Some(lax)))
        }
        Material::Okp(okp) if okp.curve == Curve::Ed25519 => {
            let public = ParsedPublicKey::new(&ED25519, &okp.public).map_err(|_| refused(key))?;
            Ok(exact(public.verify_sig(input, signature).is_ok()))
        }
        _ => Err(refused(key)),
    }
}

fn refused(key: &Key) -> Unsupported {
    Unsupported(format!("{}, {}, cannot be used to check a signature here", key.name(), key.words()))
}

/// The parameters of an RSA signature; short keys are taken where the library has a mode for them.
fn parameters(known: &Algorithm, key: &Key) -> Result<&'static RsaParameters, Unsupported> {
    let bits = key.bits();
    let outside = |from: usize| {
        Unsupported(format!(
            "{}, {}, cannot be used: {} is checked here with keys from {from} to 8192 bits",
            key.name(),
            key.words(),
            known.name
        ))
    };
    let (from, parameters): (usize, &RsaParameters) = match (known.family, known.hash) {
        (Family::RsaPss, Some(Hash::Sha384)) => (2048, &RSA_PSS_2048_8192_SHA384),
        (Family::RsaPss, Some(Hash::Sha512)) => (2048, &RSA_PSS_2048_8192_SHA512),
        (Family::RsaPss, _) => (2048, &RSA_PSS_2048_8192_SHA256),
        (_, Some(Hash::Sha384)) => (2048, &RSA_PKCS1_2048_8192_SHA384),
        (_, Some(Hash::Sha512)) => (1024, &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        _ => (1024, &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
    };
    if (from..=8192).contains(&bits) { Ok(parameters) } else { Err(outside(from)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::jwt::decode;
    use crate::jwt::key::read;
    use crate::jwt::sign::{compact, sign};

    fn keys(text: &str) -> Vec<Key> {
        read(text.as_bytes(), "k").expect("keys").keys
    }

    /// A token of this header, signed by this key.
    fn token(header: &serde_json::Value, key: &Key) -> Decoded {
        let alg = header["alg"].as_str().expect("a name");
        decode(&compact(header.to_string().as_bytes(), b"{}", alg, Some(key)).expect("a token"))
    }

    #[test]
    fn the_key_that_made_it_is_named_and_its_kid_comes_first() {
        let (mut a, mut b) = (Key::generate("ES256").expect("a"), Key::generate("ES256").expect("b"));
        (a.kid, b.kid) = (Some(json!("a")), Some(json!(7)));
        let all = [Key::secret("x".as_bytes().to_vec()), a.clone(), b.clone()];
        let verdict = verify(&token(&json!({"alg": "ES256", "kid": 7}), &b), &all);
        assert_eq!((verdict.status, verdict.key, verdict.reason), (Status::Valid, Some(2), None));
        assert_eq!(verdict.by.as_deref(), Some("a new key (kid 7)"));
        let other = verify(&token(&json!({"alg": "ES256", "kid": "a"}), &b), &all);
        assert_eq!((other.status, other.key), (Status::Valid, Some(2)));
        assert_eq!(other.reason.as_deref(), Some("the key has another kid than the token names"));
        let nobody = verify(&token(&json!({"alg": "ES256", "kid": "z"}), &Key::generate("ES256").expect("c")), &all);
        assert_eq!(nobody.status, Status::Invalid);
        assert_eq!(nobody.reason.as_deref(), Some("none of the 2 keys that fit made it, and none has the kid z"));
        b.usage = Some("enc".to_owned());
        b.alg = Some("ECDH-ES".to_owned());
        let misused = verify(&token(&json!({"alg": "ES256"}), &b), &[b]).reason.expect("a remark");
        assert!(misused.contains("for ECDH-ES") && misused.contains("not for signatures"), "{misused}");
    }

    #[test]
    fn what_cannot_be_checked_is_said() {
        let secret = [Key::secret("s".as_bytes().to_vec())];
        let said = |text: &str, keys: &[Key]| {
            let verdict = verify(&decode(text.as_bytes()), keys);
            (verdict.status, verdict.reason.unwrap_or_default())
        };
        for (token, status, words) in [
            ("eyJhbGciOiJub25lIn0.e30.", Status::Unchecked, "there is no signature"),
            ("eyJhbGciOiJub25lIn0.e30.AA", Status::Unchecked, "no key can have made"),
            ("e30.e30.AA", Status::Unsupported, "names no algorithm"),
            ("eyJhbGciOjF9.e30.AA", Status::Unsupported, "no name"),
            ("eyJhbGciOiJoczI1NiJ9.e30.AA", Status::Unsupported, "hs256 is no algorithm"),
            ("eyJhbGciOiJFZDQ0OCJ9.e30.AA", Status::Unsupported, "Ed448 cannot"),
            ("eyJhbGciOiJIUzI1NiJ9.e30.", Status::Invalid, "missing"),
            ("eyJhbGciOiJIUzI1NiJ9.e30.AA", Status::Invalid, "did not make it; it is all zeros"),
            ("eyJhbGciOiJSUzI1NiJ9.e30.AA", Status::Unchecked, "none of the keys given is one for RS256"),
            ("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..AA.AA.AA", Status::Unchecked, "encrypted"),
        ] {
            let (got, reason) = said(token, &secret);
            assert!(got == status && reason.contains(words), "{token}: {got:?} {reason}");
        }
        assert_eq!(said("eyJhbGciOiJIUzI1NiJ9.e30.AA", &[]).1, "no key was given");
    }

    #[test]
    fn a_key_in_the_header_is_no_reason_to_trust_it_and_is_said() {
        let (own, known) = (Key::generate("ES256").expect("a key"), Key::generate("ES256").expect("a key"));
        let forged = token(&json!({"alg": "ES256", "jwk": own.public_jwk()}), &own);
        let verdict = verify(&forged, std::slice::from_ref(&known));
        assert_eq!(verdict.status, Status::Invalid);
        let words = "did not make it; the key in its own header made it";
        assert!(verdict.reason.as_ref().is_some_and(|r| r.contains(words)), "{:?}", verdict.reason);
        let proof = verify(&forged, &[]);
        assert!(proof.status == Status::Unchecked && proof.reason.is_some_and(|r| r.contains("its own header")));
        let borrowed = verify(&token(&json!({"alg": "ES256", "jwk": known.public_jwk()}), &own), &[]);
        assert_eq!(borrowed.reason.as_deref(), Some("no key was given"));
        let odd = token(&json!({"alg": "ES256", "jwk": {"kty": "EC"}, "x5c": ["AA", 7]}), &own);
        assert_eq!(verify(&odd, &[]).reason.as_deref(), Some("no key was given"));
    }

    #[test]
    fn a_secret_of_any_length_signs_none_included() {
        for length in [0, 1, 31, 64, 65, 5000] {
            let key = Key::secret(vec![b'k'; length]);
            for alg in ["HS256", "HS384", "HS512"] {
                let signature = sign(alg, &key, b"a.b").expect(alg);
                assert_eq!(verify_with(alg, &key, b"a.b", &signature), Ok(true), "{length} {alg}");
            }
        }
    }

    #[test]
    fn the_first_examples_of_the_standard() {
        // RFC 7515 appendices A.1 and A.3.
        let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
        for (header, signature, jwk) in [
            (
                "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
                "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
                r#"{"kty":"oct","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#,
            ),
            (
                "eyJhbGciOiJFUzI1NiJ9",
                "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
                r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#,
            ),
        ] {
            let verdict = verify(&decode(format!("{header}.{payload}.{signature}").as_bytes()), &keys(jwk));
            assert_eq!((verdict.status, verdict.reason), (Status::Valid, None), "{header}");
        }
    }

    #[test]
    fn a_signature_in_der_is_valid_and_named() {
        use aws_lc_rs::rand::SystemRandom;
        use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key");
        let point = pair.public_key().as_ref().to_vec();
        let key = Key::new(Material::Ec(crate::jwt::key::EcKey { curve: Curve::P256, point, private: None }), "k");
        let mut token = decode(b"eyJhbGciOiJFUzI1NiJ9.e30.AA");
        token.signature = pair.sign(&SystemRandom::new(), &token.signing_input()).expect("signed").as_ref().to_vec();
        let verdict = verify(&token, std::slice::from_ref(&key));
        assert_eq!(verdict.status, Status::Valid);
        assert!(verdict.reason.expect("a remark").contains("in DER"));
        assert_eq!(verify_with("ES256", &key, &token.signing_input(), &token.signature), Ok(false));
    }

    #[test]
    fn a_key_that_the_library_refuses_is_said_to_be() {
        let mut key = Key::new(
            Material::Rsa(crate::jwt::key::RsaKey { n: vec![0xc5; 64], e: vec![1, 0, 1], private: None }),
            "short.pem",
        );
        let token = decode(b"eyJhbGciOiJSUzI1NiJ9.e30.AA");
        let said = verify(&token, &[key.clone()]).reason.expect("a reason");
        assert!(said.contains("short.pem, RSA of 512 bits") && said.contains("from 1024 to 8192"), "{said}");
        key.material = Material::Ec(crate::jwt::key::EcKey { curve: Curve::P256, point: vec![4; 65], private: None });
        let off = verify(&decode(b"eyJhbGciOiJFUzI1NiJ9.e30.AA"), &[key]);
        assert_eq!(off.status, Status::Unsupported);
    }
}
