//! Keys as they are handed over: secrets, PEM, DER, certificates, JWK (RFC 7517) and sets of these.

mod curve;
pub(super) mod der;
mod jwk;
mod make;
mod pem;
mod read;
mod write;

#[cfg(test)]
mod tests;

use serde_json::Value;

use super::alg::{Algorithm, Family};
use crate::base::Secret;

pub use curve::{Curve, Ecdsa};
pub(super) use read::RSA;
pub use read::read;
pub use write::Form;
pub(super) use write::pem as armour;

/// One key, and all that was said about it where it stood.
#[derive(Debug, Clone)]
pub struct Key {
    /// The key itself.
    pub material: Material,
    /// Its identifier, as it stands: a string as RFC 7517 section 4.5 wants, or whatever else is there.
    pub kid: Option<Value>,
    /// The algorithm it says it is for.
    pub alg: Option<String>,
    /// What it says it is for, `sig` or `enc` (`use`, RFC 7517 section 4.2).
    pub usage: Option<String>,
    /// The operations it says it is for (`key_ops`, RFC 7517 section 4.3).
    pub ops: Vec<String>,
    /// The members of a JWK in order, duplicates kept; the values of private ones are masked.
    pub members: Vec<(String, Value)>,
    /// The certificate it came in or with, in DER.
    pub certificate: Option<Vec<u8>>,
    /// Where it stood, in display form: `jwks.json, key 2`.
    pub origin: String,
    /// The bytes as given: the lines of a PEM block, the text of a JWK. Empty where they hold what is private.
    pub raw: Vec<u8>,
}

/// What a key is made of.
#[derive(Debug, Clone)]
pub enum Material {
    /// A shared secret (`oct`).
    Secret(Secret),
    /// RSA.
    Rsa(RsaKey),
    /// A point on a Weierstrass curve (`EC`).
    Ec(EcKey),
    /// A point on an Edwards or a Montgomery curve (`OKP`, RFC 8037).
    Okp(OkpKey),
    /// A key of another type, which is named: its `kty`, or what stands in its place, in display form.
    Unknown(String),
}

/// An RSA key.
#[derive(Debug, Clone)]
pub struct RsaKey {
    /// The modulus, big-endian, without leading zeros.
    pub n: Vec<u8>,
    /// The public exponent, likewise.
    pub e: Vec<u8>,
    /// The private key as PKCS #1 (RFC 8017 appendix A.1.2).
    pub private: Option<Secret>,
}

/// A key on a Weierstrass curve.
#[derive(Debug, Clone)]
pub struct EcKey {
    /// The curve.
    pub curve: Curve,
    /// The public point as SEC 1 section 2.3.3 writes it: `04`, then both coordinates; or compressed, where it was given so.
    pub point: Vec<u8>,
    /// The private scalar, big-endian, as long as a coordinate.
    pub private: Option<Secret>,
}

impl EcKey {
    /// Both coordinates; `None` for a compressed point.
    pub fn coordinates(&self) -> Option<(&[u8], &[u8])> {
        let both = self.point.strip_prefix(&[4])?;
        (both.len() == 2 * self.curve.size()).then(|| both.split_at(self.curve.size()))
    }
}

/// A key on an Edwards or a Montgomery curve.
#[derive(Debug, Clone)]
pub struct OkpKey {
    /// The curve.
    pub curve: Curve,
    /// The public key.
    pub public: Vec<u8>,
    /// The private key.
    pub private: Option<Secret>,
}

/// What was read from one source.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// The keys in order.
    pub keys: Vec<Key>,
    /// True for a key set, RFC 7517 section 5.
    pub set: bool,
    /// What could not be read, in words with its place.
    pub problems: Vec<String>,
}

impl Key {
    /// A key of this material with nothing said about it.
    pub fn new(material: Material, origin: impl Into<String>) -> Self {
        Self {
            material,
            kid: None,
            alg: None,
            usage: None,
            ops: Vec::new(),
            members: Vec::new(),
            certificate: None,
            origin: origin.into(),
            raw: Vec::new(),
        }
    }

    /// A shared secret. It may have any length, none included: what RFC 7518 section 3.2 asks for is for a linter to say.
    pub fn secret(bytes: impl Into<Secret>) -> Self {
        Self::new(Material::Secret(bytes.into()), "the secret")
    }

    /// Where it stood and what it is called there, in display form.
    pub fn name(&self) -> String {
        match &self.kid {
            Some(Value::String(kid)) => format!("{} (kid {})", self.origin, super::object::cut(kid, 60)),
            Some(other) => format!("{} (kid {})", self.origin, super::object::cut(&other.to_string(), 60)),
            None => self.origin.clone(),
        }
    }

    /// What it is, in a few words.
    pub fn words(&self) -> String {
        match &self.material {
            Material::Secret(s) => format!("a secret of {} bytes", s.expose().len()),
            Material::Rsa(_) => format!("RSA of {} bits", self.bits()),
            Material::Ec(k) => format!("EC on {}", k.curve.name()),
            Material::Okp(k) => k.curve.name().to_owned(),
            Material::Unknown(kty) => format!("of a type that is not known here: {kty}"),
        }
    }

    /// Its size in bits: of the modulus, the curve or the secret; 0 where it is not known.
    pub fn bits(&self) -> usize {
        match &self.material {
            Material::Secret(s) => s.expose().len() * 8,
            Material::Rsa(k) => k.n.first().map_or(0, |b| k.n.len() * 8 - b.leading_zeros() as usize),
            Material::Ec(k) => k.curve.bits(),
            Material::Okp(k) => k.curve.bits(),
            Material::Unknown(_) => 0,
        }
    }

    /// True for a key that can sign: a shared secret is one.
    pub fn is_private(&self) -> bool {
        match &self.material {
            Material::Secret(_) => true,
            Material::Rsa(k) => k.private.is_some(),
            Material::Ec(k) => k.private.is_some(),
            Material::Okp(k) => k.private.is_some(),
            Material::Unknown(_) => false,
        }
    }

    /// True where the type and the curve are what the algorithm needs, whatever the key says it is for.
    pub fn fits(&self, algorithm: &Algorithm) -> bool {
        match (algorithm.family, &self.material) {
            (Family::Hmac, Material::Secret(_)) | (Family::RsaPkcs1 | Family::RsaPss, Material::Rsa(_)) => true,
            (Family::Ecdsa(curve), Material::Ec(k)) => k.curve == curve,
            (Family::Edwards(Some(curve)), Material::Okp(k)) => k.curve == curve,
            (Family::Edwards(None), Material::Okp(k)) => matches!(k.curve, Curve::Ed25519 | Curve::Ed448),
            _ => false,
        }
    }

    /// The algorithm that signs with it where nobody names one: what the key says, else what its type suggests.
    pub fn usual_algorithm(&self) -> Option<&'static str> {
        if let Some(a) = self.alg.as_deref().and_then(super::alg::algorithm).filter(|a| self.fits(a)) {
            return Some(a.name);
        }
        match &self.material {
            Material::Secret(_) => Some("HS256"),
            Material::Rsa(_) => Some("RS256"),
            Material::Ec(k) => {
                super::alg::ALGORITHMS.iter().find(|a| a.family == Family::Ecdsa(k.curve)).map(|a| a.name)
            }
            Material::Okp(k) => (k.curve == Curve::Ed25519).then_some("EdDSA"),
            Material::Unknown(_) => None,
        }
    }
}
