//! From any bytes to keys: what the bytes are, and the forms that DER takes.

use zeroize::Zeroizing;

use super::der::{self, Der};
use super::{Curve, EcKey, Key, Keys, Material, OkpKey, RsaKey, jwk, make, pem};
use crate::base::text::display_str;
use crate::base::{Error, Result, Secret};
use crate::jwt::base64url;

/// Keys that are read from one source; the rest are counted.
pub(super) const MOST: usize = 20_000;
/// Problems that are written out; the rest are counted.
const NAMED: usize = 20;

/// rsaEncryption, RFC 8017 appendix C.
pub(in crate::jwt) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// id-RSASSA-PSS, likewise: a key that says it is for PSS alone.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// id-ecPublicKey, RFC 5480 section 2.1.1.
pub(super) const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];

/// Reads keys from any bytes: PEM with one block or many (PKCS #1, PKCS #8, SEC 1, SPKI, certificates), the same in DER or in
/// bare base64, a JWK, a JWK set, a list of JWKs, and an object of PEM texts by `kid`. It never panics, and time and
/// memory grow linearly with the bytes. What is there and cannot be read is named in the problems.
///
/// # Errors
/// The bytes are none of these.
pub fn read(bytes: &[u8], origin: &str) -> Result<Keys> {
    let origin = display_str(origin);
    let bare = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let mut keys = if matches!(bare.first(), Some(b'{' | b'[')) {
        jwk::read(bare, &origin)
    } else if pem::is_pem(bytes) {
        read_pem(bytes, &origin)
    } else if let Some(key) = from_der(bytes, &origin).or_else(|| {
        let der = Zeroizing::new(base64url::decode(bare).bytes);
        (bare.first() == Some(&b'M')).then(|| from_der(&der, &origin)).flatten()
    }) {
        Keys { keys: vec![key], ..Keys::default() }
    } else {
        return Err(Error::input("this is no key: neither PEM, DER, a JWK nor a key set")
            .at(origin)
            .hint("a shared secret is given with --secret"));
    };
    if keys.problems.len() > NAMED {
        let more = keys.problems.len() - NAMED;
        keys.problems.truncate(NAMED);
        keys.problems.push(format!("{more} more are not right"));
    }
    if keys.keys.is_empty() && !keys.set {
        let why = keys.problems.first().cloned().unwrap_or_else(|| "there is no key in it".to_owned());
        return Err(Error::input(why).at(origin).hint("give a PEM file, a DER file, a JWK or a key set"));
    }
    Ok(keys)
}

fn read_pem(bytes: &[u8], origin: &str) -> Keys {
    let mut out = Keys::default();
    let blocks: Vec<_> = pem::blocks(bytes).into_iter().filter(|b| b.label != "EC PARAMETERS").collect();
    for (i, block) in blocks.iter().enumerate() {
        let origin = if blocks.len() == 1 { origin.to_owned() } else { format!("{origin}, block {}", i + 1) };
        let label = display_str(block.label);
        if out.keys.len() == MOST {
            out.problems.push(format!("more than {MOST} keys: the rest is not read"));
            break;
        }
        if block.encrypted || block.label == "ENCRYPTED PRIVATE KEY" {
            out.problems.push(format!("{origin}: {label} is encrypted; openssl pkey decrypts it"));
            continue;
        }
        match from_der(&block.der, &origin) {
            Some(mut key) => {
                if !key.is_private() {
                    key.raw = block.text.to_vec();
                }
                out.keys.push(key);
            }
            None => out.problems.push(format!("{origin}: {label} holds no key that can be read")),
        }
    }
    out
}

/// A key in any of the forms of DER, told apart by their first values.
pub(super) fn from_der(bytes: &[u8], origin: &str) -> Option<Key> {
    let mut outer = Der(bytes);
    let all = outer.sequence()?;
    let mut ahead = all;
    match ahead.next()? {
        (der::INTEGER, first) => {
            let material = match (first, ahead.0.first()?) {
                ([0], &der::INTEGER) => rsa_private(bytes)?,
                ([0 | 1], &der::SEQUENCE) => return pkcs8(ahead, origin),
                ([1], &der::OCTETS) => ec_private(ahead, None)?,
                (_, &der::INTEGER) => rsa_public(all)?,
                _ => return None,
            };
            Some(Key::new(material, origin))
        }
        (der::SEQUENCE, first) => {
            // A certificate begins with a sequence of sequences, a public key with an identifier in its first one.
            if Der(first).take(der::OID).is_some() {
                return public(all, origin);
            }
            let mut key = certified(Der(first), origin)?;
            key.certificate = Some(bytes[..bytes.len() - outer.0.len()].to_vec());
            Some(key)
        }
        _ => None,
    }
}

/// SubjectPublicKeyInfo, RFC 5280 section 4.1.
fn public(mut spki: Der<'_>, origin: &str) -> Option<Key> {
    let mut algorithm = spki.sequence()?;
    let oid = algorithm.take(der::OID)?;
    let bits = spki.bits()?;
    let mut alg = None;
    let material = match oid {
        RSA => rsa_public(Der(bits).sequence()?)?,
        RSA_PSS => {
            alg = Some("PS256".to_owned());
            rsa_public(Der(bits).sequence()?)?
        }
        EC => match algorithm.take(der::OID).and_then(Curve::identified) {
            Some(curve) => Material::Ec(EcKey { curve, point: bits.to_vec(), private: None }),
            None => Material::Unknown("EC on another curve".to_owned()),
        },
        oid => match Curve::identified(oid) {
            Some(curve) if bits.len() == curve.size() => {
                Material::Okp(OkpKey { curve, public: bits.to_vec(), private: None })
            }
            _ => Material::Unknown("a public key of another type".to_owned()),
        },
    };
    Some(Key { alg, ..Key::new(material, origin) })
}

/// The public key of a certificate, RFC 5280 section 4.1: behind version, serial, signature, issuer, validity and subject.
fn certified(mut to_be_signed: Der<'_>, origin: &str) -> Option<Key> {
    let _version = to_be_signed.take(0xa0);
    to_be_signed.take(der::INTEGER)?;
    for _ in 0..4 {
        to_be_signed.sequence()?;
    }
    public(to_be_signed.sequence()?, origin)
}

/// `PrivateKeyInfo`, RFC 5208 section 5, from behind its version on.
fn pkcs8(mut info: Der<'_>, origin: &str) -> Option<Key> {
    let mut algorithm = info.sequence()?;
    let oid = algorithm.take(der::OID)?;
    let inner = info.take(der::OCTETS)?;
    let mut alg = None;
    let material = match oid {
        RSA => rsa_private(inner)?,
        RSA_PSS => {
            alg = Some("PS256".to_owned());
            rsa_private(inner)?
        }
        EC => {
            let mut private = Der(inner).sequence()?;
            private.take(der::INTEGER)?;
            match algorithm.take(der::OID).map(Curve::identified) {
                Some(None) => Material::Unknown("EC on another curve".to_owned()),
                known => ec_private(private, known.flatten())?,
            }
        }
        oid => match Curve::identified(oid) {
            Some(curve) => {
                let private = Der(inner).take(der::OCTETS).filter(|p| p.len() == curve.size())?;
                make::okp(curve, private)?
            }
            None => Material::Unknown("a private key of another type".to_owned()),
        },
    };
    Some(Key { alg, ..Key::new(material, origin) })
}

/// `RSAPublicKey`, RFC 8017 appendix A.1.1.
fn rsa_public(mut key: Der<'_>) -> Option<Material> {
    let (n, e) = (key.positive()?, key.positive()?);
    (!n.is_empty()).then(|| Material::Rsa(RsaKey { n: n.to_vec(), e: e.to_vec(), private: None }))
}

/// `RSAPrivateKey`, RFC 8017 appendix A.1.2.
fn rsa_private(bytes: &[u8]) -> Option<Material> {
    let mut outer = Der(bytes);
    let mut key = outer.sequence()?;
    let whole = &bytes[..bytes.len() - outer.0.len()];
    key.take(der::INTEGER)?;
    let (n, e) = (key.positive()?, key.positive()?);
    key.positive().filter(|_| !n.is_empty())?;
    Some(Material::Rsa(RsaKey { n: n.to_vec(), e: e.to_vec(), private: Some(Secret::from(whole.to_vec())) }))
}

/// `ECPrivateKey`, RFC 5915 section 3, from behind its version on; the curve may be told from outside.
fn ec_private(mut key: Der<'_>, curve: Option<Curve>) -> Option<Material> {
    let scalar = key.take(der::OCTETS)?;
    let named = key.take(0xa0).and_then(|c| Der(c).take(der::OID)).map(Curve::identified);
    let point = key.take(0xa1).and_then(|p| Der(p).bits());
    match curve.or(named.flatten()) {
        Some(curve) => make::ec(curve, scalar, point.map(<[u8]>::to_vec)),
        None => Some(Material::Unknown("EC on another curve".to_owned())),
    }
}
