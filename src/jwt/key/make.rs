//! Private keys put together, and made.

use aws_lc_rs::agreement::PrivateKey;
use aws_lc_rs::encoding::{AsBigEndian as _, AsDer as _};
use aws_lc_rs::rsa::{KeyPair as RsaPair, KeySize};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use aws_lc_rs::{agreement, rand};
use zeroize::Zeroizing;

use super::der;
use super::read::from_der;
use super::{Curve, EcKey, Key, Material, OkpKey};
use crate::base::text::display_str;
use crate::base::{Error, Result, Secret};
use crate::jwt::alg::{Family, Hash, algorithm};

/// A private key on a Weierstrass curve. Where the point is not given, it is computed; `None` for a scalar that is too
/// long or not on the curve.
pub(super) fn ec(curve: Curve, scalar: &[u8], point: Option<Vec<u8>>) -> Option<Material> {
    let scalar = der::trim(scalar);
    let zeros = vec![0_u8; curve.size().checked_sub(scalar.len())?];
    let private = Secret::from([&zeros, scalar].concat());
    let point = if let Some(point) = point {
        point
    } else {
        // SEC 1 without the point: the library computes it.
        let document = sec1(curve, private.expose());
        let pair = EcdsaKeyPair::from_private_key_der(curve.ecdsa()?.signing, &document).ok()?;
        pair.public_key().as_ref().to_vec()
    };
    Some(Material::Ec(EcKey { curve, point, private: Some(private) }))
}

/// `ECPrivateKey`, RFC 5915 section 3, without the point.
fn sec1(curve: Curve, scalar: &[u8]) -> Zeroizing<Vec<u8>> {
    let parameters = der::value(0xa0, &[&der::value(der::OID, &[curve.oid()])]);
    der::value(der::SEQUENCE, &[&der::integer(&[1]), &der::value(der::OCTETS, &[scalar]), &parameters])
}

/// A private key on an Edwards or a Montgomery curve, with its public key computed where that is possible.
pub(super) fn okp(curve: Curve, private: &[u8]) -> Option<Material> {
    let public = match curve {
        Curve::Ed25519 => Ed25519KeyPair::from_seed_unchecked(private).ok()?.public_key().as_ref().to_vec(),
        Curve::X25519 => {
            let private = PrivateKey::from_private_key(&agreement::X25519, private).ok()?;
            private.compute_public_key().ok()?.as_ref().to_vec()
        }
        _ => Vec::new(),
    };
    Some(Material::Okp(OkpKey { curve, public, private: Some(Secret::from(private.to_vec())) }))
}

impl Key {
    /// A new key that signs with this algorithm: RSA of 2048 bits, or a secret as long as the hash.
    ///
    /// # Errors
    /// An algorithm that signs nothing or that is not known.
    pub fn generate(alg: &str) -> Result<Self> {
        let none = || {
            Error::input(format!("no key can be made for {}", display_str(alg))).hint("name an algorithm such as ES256")
        };
        let failed = |_| Error::input("a key could not be made");
        let algorithm = algorithm(alg).ok_or_else(none)?;
        let made = match algorithm.family {
            Family::Hmac => {
                let mut bytes = vec![0_u8; algorithm.hash.map_or(32, Hash::bytes)];
                rand::fill(&mut bytes).map_err(failed)?;
                Some(Self::secret(bytes))
            }
            Family::RsaPkcs1 | Family::RsaPss => {
                let pair = RsaPair::generate(KeySize::Rsa2048).map_err(failed)?;
                from_der(pair.as_der().map_err(failed)?.as_ref(), "a new key")
            }
            Family::Ecdsa(curve) => {
                let ecdsa = curve.ecdsa().ok_or_else(none)?;
                let pair = EcdsaKeyPair::generate(ecdsa.signing).map_err(failed)?;
                let scalar = pair.private_key().as_be_bytes().map_err(failed)?;
                ec(curve, scalar.as_ref(), Some(pair.public_key().as_ref().to_vec())).map(|m| Self::new(m, "a new key"))
            }
            Family::Edwards(None | Some(Curve::Ed25519)) => {
                let mut seed = Zeroizing::new([0_u8; 32]);
                rand::fill(seed.as_mut()).map_err(failed)?;
                okp(Curve::Ed25519, seed.as_ref()).map(|m| Self::new(m, "a new key"))
            }
            Family::None | Family::Edwards(_) => return Err(none()),
        };
        Ok(Self { origin: "a new key".to_owned(), ..made.ok_or_else(none)? })
    }
}
