//! The keys of the doors, made when the first of them is opened and kept nowhere.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_SHA256, RsaKeyPair, RsaPublicKeyComponents, UnparsedPublicKey,
};
use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// How a door has its own tokens signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alg {
    /// HMAC with SHA-256.
    Hs256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

impl Alg {
    /// The name in a header (RFC 7518 section 3.1).
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }

    /// The `kid` that says which of the keys it is.
    pub fn kid(self) -> &'static str {
        match self {
            Self::Hs256 => "2025.key",
            Self::Rs256 => "shop-rsa",
            Self::Es256 => "shop-ec",
        }
    }
}

/// A key pair for each algorithm, and a secret that nobody guesses.
pub struct Keys {
    rsa: RsaKeyPair,
    ec: EcdsaKeyPair,
    secret: [u8; 32],
    pem: String,
}

impl Keys {
    /// Makes them.
    pub fn make() -> Self {
        let rsa = RsaKeyPair::generate(KeySize::Rsa2048).expect("2048 bits are a size that this library makes keys of");
        let ec = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("P-256 needs nothing but randomness");
        let der: PublicKeyX509Der<'_> =
            rsa.public_key().as_der().expect("a public key that was made here can be written");
        let text = STANDARD.encode(der.as_ref());
        let lines: Vec<&str> = (0..text.len()).step_by(64).map(|i| &text[i..text.len().min(i + 64)]).collect();
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
        Self { secret: secret(), pem, rsa, ec }
    }

    /// The public RSA key as a file of it stands on a disk: PEM with a line break at its end.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The published key set (RFC 7517 section 5).
    pub fn jwks(&self) -> Value {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (n, e) = integers(self.rsa.public_key().as_ref()).unwrap_or_default();
        let point = self.ec.public_key().as_ref();
        let (x, y) = point.get(1..).unwrap_or_default().split_at(32);
        json!({ "keys": [
            { "kty": "RSA", "kid": Alg::Rs256.kid(), "use": "sig", "alg": "RS256", "n": b64(n), "e": b64(e) },
            { "kty": "EC", "kid": Alg::Es256.kid(), "use": "sig", "alg": "ES256", "crv": "P-256", "x": b64(x), "y": b64(y) },
        ] })
    }

    /// A token of the door.
    pub fn sign(&self, alg: Alg, claims: &Value) -> String {
        let header = json!({ "alg": alg.name(), "typ": "JWT", "kid": alg.kid() });
        let b64 = |v: &Value| URL_SAFE_NO_PAD.encode(v.to_string());
        let input = format!("{}.{}", b64(&header), b64(claims));
        let random = rand::SystemRandom::new();
        let signature = match alg {
            Alg::Hs256 => mac(&self.secret, input.as_bytes()),
            Alg::Rs256 => {
                let mut out = vec![0; self.rsa.public_modulus_len()];
                self.rsa
                    .sign(&RSA_PKCS1_SHA256, &random, input.as_bytes(), &mut out)
                    .expect("the room is that of the modulus");
                out
            }
            Alg::Es256 => self.ec.sign(&random, input.as_bytes()).expect("P-256 signs anything").as_ref().to_vec(),
        };
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whether a signature is that of the door's own key.
    pub fn verify(&self, alg: Alg, input: &[u8], signature: &[u8]) -> bool {
        match alg {
            Alg::Hs256 => is_mac(&self.secret, input, signature),
            Alg::Rs256 => UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.rsa.public_key().as_ref())
                .verify(input, signature)
                .is_ok(),
            Alg::Es256 => UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.ec.public_key().as_ref())
                .verify(input, signature)
                .is_ok(),
        }
    }
}

/// A secret of 256 random bits.
pub fn secret() -> [u8; 32] {
    let mut secret = [0; 32];
    rand::fill(&mut secret).expect("the system gives random bytes");
    secret
}

/// HMAC with SHA-256 (RFC 2104).
fn mac(key: &[u8], input: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), input).as_ref().to_vec()
}

/// Whether a code is that of a key.
pub fn is_mac(key: &[u8], input: &[u8], code: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), input, code).is_ok()
}

/// Whether a signature is that of the key in a JWK, whoever wrote it: RSA with RS256, P-256 with ES256.
pub fn verify_by(jwk: &Value, alg: &str, input: &[u8], signature: &[u8]) -> bool {
    let member = |name: &str| jwk.get(name).and_then(Value::as_str).and_then(|v| URL_SAFE_NO_PAD.decode(v).ok());
    match (jwk.get("kty").and_then(Value::as_str), alg) {
        (Some("RSA"), "RS256") => {
            let Some((n, e)) = member("n").zip(member("e")) else { return false };
            RsaPublicKeyComponents { n, e }.verify(&RSA_PKCS1_2048_8192_SHA256, input, signature).is_ok()
        }
        (Some("EC"), "ES256") => {
            let Some((x, y)) = member("x").zip(member("y")) else { return false };
            let point = [&[4][..], &x, &y].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(input, signature).is_ok()
        }
        _ => false,
    }
}

/// Modulus and exponent of an `RSAPublicKey` (RFC 8017 appendix A.1.1), without the zero that keeps a number positive.
fn integers(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (sequence, _) = element(der, 0x30)?;
    let (n, rest) = element(sequence, 0x02)?;
    let (e, _) = element(rest, 0x02)?;
    Some((n.strip_prefix(&[0]).unwrap_or(n), e))
}

/// What one element of DER holds, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (head, rest) = der.split_first_chunk::<2>()?;
    if head[0] != tag {
        return None;
    }
    let (length, rest) = match head[1] {
        n @ 0..=0x7f => (usize::from(n), rest),
        n => {
            let (length, rest) = rest.split_at_checked(usize::from(n & 0x7f))?;
            (length.iter().fold(0, |all, b| all << 8 | usize::from(*b)), rest)
        }
    };
    rest.split_at_checked(length)
}
