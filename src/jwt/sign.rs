//! Signatures made over bytes: whatever the header says, and with any key that the algorithm can take.

use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair as RsaPair;
use aws_lc_rs::signature::{
    EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaSignatureEncoding,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::alg::{Algorithm, Family, Hash, algorithm};
use super::key::{Curve, Key, Material};
use crate::base::text::display_str;
use crate::base::{Error, Result};

/// The signature of `input` (RFC 7515 section 5.1) with this algorithm and key: the raw bytes, before base64url.
///
/// # Errors
/// An algorithm that is not known or signs nothing, a key that does not fit it or has no private part, or one that the
/// cryptographic library refuses, as it does RSA keys below 2048 bits.
pub fn sign(alg: &str, key: &Key, input: &[u8]) -> Result<Vec<u8>> {
    let known = algorithm(alg).filter(|a| a.is_supported()).ok_or_else(|| {
        Error::input(format!("{} signs nothing here", display_str(alg)))
            .hint("name an algorithm such as HS256 or ES256")
    })?;
    if !key.fits(known) {
        return Err(Error::input(format!("{alg} cannot be made with a key that is {}", key.words()))
            .at(key.name())
            .hint(suggestion(key)));
    }
    made(known, key, input)?
        .ok_or_else(|| Error::input(format!("{alg} needs a private key, and this is a public one")).at(key.name()))
}

fn suggestion(key: &Key) -> String {
    match key.usual_algorithm() {
        Some(alg) => format!("with this key, use {alg}"),
        None => "give another key".to_owned(),
    }
}

fn made(algorithm: &Algorithm, key: &Key, input: &[u8]) -> Result<Option<Vec<u8>>> {
    let refused = || {
        let small = matches!(key.material, Material::Rsa(_)) && !(2048..=8192).contains(&key.bits());
        let why = if small { ": it takes RSA from 2048 to 8192 bits" } else { "" };
        Error::input(format!("{} of {} cannot be used to sign{why}", key.words(), key.name()))
    };
    Ok(match &key.material {
        Material::Secret(secret) => Some(mac(algorithm.hash, secret.expose(), input)),
        Material::Rsa(rsa) => match &rsa.private {
            None => None,
            Some(private) => {
                let pair = RsaPair::from_der(private.expose()).map_err(|_| refused())?;
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding(algorithm), &SystemRandom::new(), input, &mut signature).map_err(|_| refused())?;
                Some(signature)
            }
        },
        Material::Ec(ec) => match (&ec.private, ec.curve.ecdsa()) {
            (Some(private), Some(ecdsa)) => {
                let pair = EcdsaKeyPair::from_private_key_and_public_key(ecdsa.signing, private.expose(), &ec.point)
                    .map_err(|_| refused())?;
                Some(pair.sign(&SystemRandom::new(), input).map_err(|_| refused())?.as_ref().to_vec())
            }
            _ => None,
        },
        Material::Okp(okp) => match &okp.private {
            Some(private) if okp.curve == Curve::Ed25519 => {
                let pair = Ed25519KeyPair::from_seed_unchecked(private.expose()).map_err(|_| refused())?;
                Some(pair.sign(input).as_ref().to_vec())
            }
            Some(_) => return Err(refused()),
            None => None,
        },
        Material::Unknown(_) => return Err(refused()),
    })
}

fn encoding(algorithm: &Algorithm) -> &'static RsaSignatureEncoding {
    match (algorithm.family, algorithm.hash) {
        (Family::RsaPss, Some(Hash::Sha384)) => &RSA_PSS_SHA384,
        (Family::RsaPss, Some(Hash::Sha512)) => &RSA_PSS_SHA512,
        (Family::RsaPss, _) => &RSA_PSS_SHA256,
        (_, Some(Hash::Sha384)) => &RSA_PKCS1_SHA384,
        (_, Some(Hash::Sha512)) => &RSA_PKCS1_SHA512,
        _ => &RSA_PKCS1_SHA256,
    }
}

/// HMAC (RFC 2104) with a key of any length.
pub(super) fn mac(hash: Option<Hash>, key: &[u8], input: &[u8]) -> Vec<u8> {
    let hash = match hash {
        Some(Hash::Sha384) => hmac::HMAC_SHA384,
        Some(Hash::Sha512) => hmac::HMAC_SHA512,
        _ => hmac::HMAC_SHA256,
    };
    hmac::sign(&hmac::Key::new(hash, key), input).as_ref().to_vec()
}

/// A compact token (RFC 7515 section 7.1) of exactly these bytes: nothing in them is read, and the header may say another
/// algorithm than the one that signs. Without a key the signature is empty.
///
/// # Errors
/// As [`sign`].
pub fn compact(header: &[u8], payload: &[u8], alg: &str, key: Option<&Key>) -> Result<Vec<u8>> {
    let mut token = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
    let signature = key.map(|key| sign(alg, key, token.as_bytes())).transpose()?.unwrap_or_default();
    token.push('.');
    token.push_str(&URL_SAFE_NO_PAD.encode(signature));
    Ok(token.into_bytes())
}
