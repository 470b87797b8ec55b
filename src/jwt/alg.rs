//! The signature algorithms of tokens, in one table.

use super::key::Curve;

/// What an algorithm is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// No signature at all.
    None,
    /// HMAC with a shared secret.
    Hmac,
    /// RSA with the padding of PKCS #1 v1.5.
    RsaPkcs1,
    /// RSA with the probabilistic padding PSS; the salt is as long as the hash.
    RsaPss,
    /// ECDSA on one curve.
    Ecdsa(Curve),
    /// EdDSA on one curve, or on that of the key.
    Edwards(Option<Curve>),
}

/// A hash function of FIPS 180-4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// Bytes of its output.
    pub fn bytes(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }
}

/// One registered algorithm.
#[derive(Debug, PartialEq, Eq)]
pub struct Algorithm {
    /// The name, as registered; names are case-sensitive.
    pub name: &'static str,
    /// What it is made of.
    pub family: Family,
    /// Its hash; `None` where the algorithm fixes its own or has none.
    pub hash: Option<Hash>,
    /// What it is, in a few words.
    pub words: &'static str,
    /// Where it is defined.
    pub reference: &'static str,
}

impl Algorithm {
    /// True for what signatures are made and checked of here.
    pub fn is_supported(&self) -> bool {
        !matches!(self.family, Family::None | Family::Edwards(Some(Curve::Ed448)))
    }

    /// True for an algorithm that signs with one key and verifies with another.
    pub fn is_asymmetric(&self) -> bool {
        !matches!(self.family, Family::None | Family::Hmac)
    }
}

const fn a(
    name: &'static str,
    family: Family,
    hash: Option<Hash>,
    words: &'static str,
    reference: &'static str,
) -> Algorithm {
    Algorithm { name, family, hash, words, reference }
}

const S256: Option<Hash> = Some(Hash::Sha256);
const S384: Option<Hash> = Some(Hash::Sha384);
const S512: Option<Hash> = Some(Hash::Sha512);

/// Every signature algorithm that is known.
pub static ALGORITHMS: &[Algorithm] = &[
    a("none", Family::None, None, "no signature: anyone can make such a token", "RFC 7518 section 3.6"),
    a("HS256", Family::Hmac, S256, "HMAC with SHA-256", "RFC 7518 section 3.2"),
    a("HS384", Family::Hmac, S384, "HMAC with SHA-384", "RFC 7518 section 3.2"),
    a("HS512", Family::Hmac, S512, "HMAC with SHA-512", "RFC 7518 section 3.2"),
    a("RS256", Family::RsaPkcs1, S256, "RSA PKCS #1 v1.5 signature with SHA-256", "RFC 7518 section 3.3"),
    a("RS384", Family::RsaPkcs1, S384, "RSA PKCS #1 v1.5 signature with SHA-384", "RFC 7518 section 3.3"),
    a("RS512", Family::RsaPkcs1, S512, "RSA PKCS #1 v1.5 signature with SHA-512", "RFC 7518 section 3.3"),
    a("PS256", Family::RsaPss, S256, "RSA-PSS signature with SHA-256", "RFC 7518 section 3.5"),
    a("PS384", Family::RsaPss, S384, "RSA-PSS signature with SHA-384", "RFC 7518 section 3.5"),
    a("PS512", Family::RsaPss, S512, "RSA-PSS signature with SHA-512", "RFC 7518 section 3.5"),
    a("ES256", Family::Ecdsa(Curve::P256), S256, "ECDSA with P-256 and SHA-256", "RFC 7518 section 3.4"),
    a("ES384", Family::Ecdsa(Curve::P384), S384, "ECDSA with P-384 and SHA-384", "RFC 7518 section 3.4"),
    a("ES512", Family::Ecdsa(Curve::P521), S512, "ECDSA with P-521 and SHA-512", "RFC 7518 section 3.4"),
    a("ES256K", Family::Ecdsa(Curve::Secp256k1), S256, "ECDSA with secp256k1 and SHA-256", "RFC 8812 section 3.2"),
    a(
        "EdDSA",
        Family::Edwards(None),
        None,
        "Edwards-curve signature; the key tells which curve",
        "RFC 8037 section 3.1",
    ),
    a(
        "Ed25519",
        Family::Edwards(Some(Curve::Ed25519)),
        None,
        "Edwards-curve signature with Ed25519",
        "RFC 9864 section 2.2",
    ),
    a("Ed448", Family::Edwards(Some(Curve::Ed448)), None, "Edwards-curve signature with Ed448", "RFC 9864 section 2.2"),
];

/// The algorithm of that name, spelt exactly so.
pub fn algorithm(name: &str) -> Option<&'static Algorithm> {
    ALGORITHMS.iter().find(|a| a.name == name)
}
