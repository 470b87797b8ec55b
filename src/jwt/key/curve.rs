//! The elliptic curves of keys, in one table.

use aws_lc_rs::agreement;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P256K1_SHA256_ASN1,
    ECDSA_P256K1_SHA256_FIXED, ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_ASN1, ECDSA_P384_SHA384_FIXED,
    ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_ASN1, ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING,
    EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm,
};

/// A curve that keys lie on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// SEC 2 secp256k1.
    Secp256k1,
    /// Edwards curve for signatures, RFC 8032.
    Ed25519,
    /// Edwards curve for signatures, RFC 8032; recognised only.
    Ed448,
    /// Montgomery curve for key agreement, RFC 7748.
    X25519,
    /// Montgomery curve for key agreement, RFC 7748; recognised only.
    X448,
}

/// What is known of a curve.
struct Facts {
    curve: Curve,
    /// Its name in a JWK.
    name: &'static str,
    /// Its object identifier, as DER has it after tag and length.
    oid: &'static [u8],
    /// Bytes of a coordinate, of a private scalar and, off the Weierstrass curves, of a public key.
    size: usize,
    bits: usize,
    ecdsa: Option<&'static Ecdsa>,
    agreement: Option<&'static agreement::Algorithm>,
}

/// ECDSA on a curve, with the hash that RFC 7518 section 3.4 pairs it with.
#[derive(Debug)]
pub struct Ecdsa {
    /// Signs in the form of RFC 7518: two numbers of fixed length.
    pub signing: &'static EcdsaSigningAlgorithm,
    /// Verifies that form.
    pub fixed: &'static EcdsaVerificationAlgorithm,
    /// Verifies the form of X9.62, which other protocols use: a DER sequence of two integers.
    pub der: &'static EcdsaVerificationAlgorithm,
}

static P256: Ecdsa =
    Ecdsa { signing: &ECDSA_P256_SHA256_FIXED_SIGNING, fixed: &ECDSA_P256_SHA256_FIXED, der: &ECDSA_P256_SHA256_ASN1 };
static P384: Ecdsa =
    Ecdsa { signing: &ECDSA_P384_SHA384_FIXED_SIGNING, fixed: &ECDSA_P384_SHA384_FIXED, der: &ECDSA_P384_SHA384_ASN1 };
static P521: Ecdsa =
    Ecdsa { signing: &ECDSA_P521_SHA512_FIXED_SIGNING, fixed: &ECDSA_P521_SHA512_FIXED, der: &ECDSA_P521_SHA512_ASN1 };
static SECP256K1: Ecdsa = Ecdsa {
    signing: &ECDSA_P256K1_SHA256_FIXED_SIGNING,
    fixed: &ECDSA_P256K1_SHA256_FIXED,
    der: &ECDSA_P256K1_SHA256_ASN1,
};

/// Names from RFC 7518 section 6.2.1.1, RFC 8812 section 3.1 and RFC 8037 section 2; identifiers from RFC 5480 section
/// 2.1.1.1, SEC 2 and RFC 8410 section 3.
static CURVES: &[Facts] = &[
    f(
        Curve::P256,
        "P-256",
        &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7],
        32,
        256,
        Some(&P256),
        Some(&agreement::ECDH_P256),
    ),
    f(Curve::P384, "P-384", &[0x2b, 0x81, 4, 0, 0x22], 48, 384, Some(&P384), Some(&agreement::ECDH_P384)),
    f(Curve::P521, "P-521", &[0x2b, 0x81, 4, 0, 0x23], 66, 521, Some(&P521), Some(&agreement::ECDH_P521)),
    f(Curve::Secp256k1, "secp256k1", &[0x2b, 0x81, 4, 0, 0x0a], 32, 256, Some(&SECP256K1), None),
    f(Curve::Ed25519, "Ed25519", &[0x2b, 0x65, 0x70], 32, 256, None, None),
    f(Curve::Ed448, "Ed448", &[0x2b, 0x65, 0x71], 57, 456, None, None),
    f(Curve::X25519, "X25519", &[0x2b, 0x65, 0x6e], 32, 256, None, Some(&agreement::X25519)),
    f(Curve::X448, "X448", &[0x2b, 0x65, 0x6f], 56, 448, None, None),
];

const fn f(
    curve: Curve,
    name: &'static str,
    oid: &'static [u8],
    size: usize,
    bits: usize,
    ecdsa: Option<&'static Ecdsa>,
    agreement: Option<&'static agreement::Algorithm>,
) -> Facts {
    Facts { curve, name, oid, size, bits, ecdsa, agreement }
}

impl Curve {
    fn facts(self) -> &'static Facts {
        CURVES.iter().find(|f| f.curve == self).unwrap_or(&CURVES[0])
    }

    /// The curve with this name in a JWK.
    pub fn named(name: &str) -> Option<Self> {
        CURVES.iter().find(|f| f.name == name).map(|f| f.curve)
    }

    /// The curve with this object identifier.
    pub(super) fn identified(oid: &[u8]) -> Option<Self> {
        CURVES.iter().find(|f| f.oid == oid).map(|f| f.curve)
    }

    /// Its object identifier, as DER has it after tag and length.
    pub(super) fn oid(self) -> &'static [u8] {
        self.facts().oid
    }

    /// Its name in a JWK.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Bytes of a coordinate and of a private key; off the Weierstrass curves, of a public key too.
    pub fn size(self) -> usize {
        self.facts().size
    }

    /// The size it is known by.
    pub fn bits(self) -> usize {
        self.facts().bits
    }

    /// True for a curve whose points have two coordinates in a JWK (`kty` is `EC`).
    pub fn is_weierstrass(self) -> bool {
        self.facts().ecdsa.is_some()
    }

    /// How ECDSA is done on it.
    pub fn ecdsa(self) -> Option<&'static Ecdsa> {
        self.facts().ecdsa
    }

    /// How keys are agreed on it.
    pub(in crate::jwt) fn agreement(self) -> Option<&'static agreement::Algorithm> {
        self.facts().agreement
    }
}
