//! Encrypted tokens opened (RFC 7516).

mod cipher;
mod table;

#[cfg(test)]
mod tests;

use std::io::Read as _;

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, agree};
use aws_lc_rs::rsa::{OaepPrivateDecryptingKey, PrivateDecryptingKey};
use serde_json::Value;

use super::key::{Key, Material, RsaKey, der};
use super::object::cut;
use super::verify::{Status, Verdict};
use super::{Decoded, Encrypted, Recipient, base64url, member};
use crate::base::Secret;

use cipher::Bytes;
pub use table::{
    CONTENTS, Content, ContentAlgorithm, KEYS, KeyAlgorithm, Management, content_algorithm, key_algorithm,
};

/// Pairs of a recipient and a key that are tried on one token.
const MOST: usize = 200;
/// Bytes that a compressed content may have when it is unpacked, as other libraries bound it.
pub const MOST_UNPACKED: usize = 250 << 10;

/// What came of opening a token.
#[derive(Debug)]
pub struct Opened {
    /// Valid where a key opened it; invalid where none of those that fit did.
    pub verdict: Verdict,
    /// What is inside, unpacked where it was compressed.
    pub content: Option<Secret>,
}

/// Opens an encrypted token with the first of these keys that does: those whose `kid` is named before all others that
/// fit its algorithm. No key is ever taken from the token itself. A content that was compressed is unpacked to at most
/// [`MOST_UNPACKED`] bytes.
pub fn open(token: &Decoded, keys: &[Key]) -> Opened {
    let without = |status, reason: String| Opened {
        verdict: Verdict { status, by: None, reason: Some(reason), key: None },
        content: None,
    };
    let unsupported = |what: String| without(Status::Unsupported, what);
    let Some(encrypted) = &token.encrypted else {
        return without(Status::Unchecked, "it is not encrypted".to_owned());
    };
    let Some(enc) = token.header_member("enc").and_then(Value::as_str) else {
        return unsupported("the header names no content encryption".to_owned());
    };
    let Some(content) = content_algorithm(enc) else {
        return unsupported(format!("{} is no content encryption that is known here", cut(enc, 40)));
    };
    let (mut tried, mut why, mut pairs, mut size) = (0, None, 0, String::new());
    for recipient in &encrypted.recipients {
        let named = |name: &str| {
            member(&token.header, &token.unprotected, name)
                .or_else(|| recipient.header.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v))
        };
        let Some(alg) = named("alg").and_then(Value::as_str) else {
            why = Some("the header names no algorithm".to_owned());
            continue;
        };
        let Some(known) = key_algorithm(alg) else {
            why = Some(format!("{} is no key management that is known here", cut(alg, 40)));
            continue;
        };
        if let Management::NotRun(reason) = known.management {
            why = Some(format!("{alg} is not run: {reason}"));
            continue;
        }
        if let Management::Wrapped(n) | Management::GcmWrapped(n) = known.management {
            size = format!(", which takes a secret of {n} bytes");
        } else if matches!(known.management, Management::Direct) {
            size = format!(", which takes a secret of {} bytes", content.key);
        }
        let kid = named("kid");
        let mut order: Vec<usize> = (0..keys.len()).filter(|i| fits(&keys[*i], known, content)).collect();
        order.sort_by_key(|i| kid.is_none() || keys[*i].kid.as_ref() != kid);
        for i in order {
            pairs += 1;
            if pairs > MOST {
                break;
            }
            tried += 1;
            let opened = content_key(known, content, &keys[i], recipient, &named)
                .and_then(|key| cipher::content(content, &key, encrypted));
            if let Some(plain) = opened {
                return inside(token, encrypted, &keys[i], i, known, &plain);
            }
        }
    }
    match (tried, why) {
        (0, Some(why)) => unsupported(why),
        (0, None) if keys.is_empty() => without(Status::Unchecked, "no key was given".to_owned()),
        (0, None) => without(Status::Unchecked, format!("none of the keys given is one for {}{size}", names(token))),
        (1, _) => without(Status::Invalid, "the key that fits does not open it".to_owned()),
        (n, _) => without(Status::Invalid, format!("none of the {n} keys that fit opens it")),
    }
}

/// The algorithms of a token, for a sentence.
fn names(token: &Decoded) -> String {
    let name = |n| token.header_member(n).and_then(Value::as_str).map(|v| cut(v, 40));
    [name("alg"), name("enc")].into_iter().flatten().collect::<Vec<_>>().join(" with ")
}

/// True for a key of the type and the size that is needed.
fn fits(key: &Key, known: &KeyAlgorithm, content: &ContentAlgorithm) -> bool {
    match (known.management, &key.material) {
        (Management::Direct, Material::Secret(s)) => s.expose().len() == content.key,
        (Management::Wrapped(n) | Management::GcmWrapped(n), Material::Secret(s)) => s.expose().len() == n,
        (Management::Oaep(_), Material::Rsa(k)) => k.private.is_some(),
        (Management::Agreed(_), Material::Ec(k)) => k.private.is_some() && k.curve.agreement().is_some(),
        (Management::Agreed(_), Material::Okp(k)) => k.private.is_some() && k.curve.agreement().is_some(),
        _ => false,
    }
}

/// A member of the headers of one recipient.
type Named<'a> = dyn Fn(&str) -> Option<&'a Value> + 'a;

/// The key that the content is encrypted with.
fn content_key(
    known: &KeyAlgorithm,
    content: &ContentAlgorithm,
    key: &Key,
    recipient: &Recipient,
    named: &Named<'_>,
) -> Option<Bytes> {
    let bytes = |name: &str| named(name).and_then(Value::as_str).map(|v| base64url::decode(v.as_bytes()).bytes);
    match (known.management, &key.material) {
        (Management::Direct, Material::Secret(secret)) => Some(Bytes::new(secret.expose().to_vec())),
        (Management::Wrapped(_), Material::Secret(secret)) => cipher::unwrap(secret.expose(), &recipient.key),
        (Management::GcmWrapped(_), Material::Secret(secret)) => {
            cipher::gcm(secret.expose(), &bytes("iv")?, &[], &recipient.key, &bytes("tag")?)
        }
        (Management::Oaep(algorithm), Material::Rsa(rsa)) => {
            let private = OaepPrivateDecryptingKey::new(decrypting(rsa)?).ok()?;
            let mut out = Bytes::new(vec![0; private.min_output_size()]);
            let length = private.decrypt(algorithm, &recipient.key, &mut out, None).ok()?.len();
            out.truncate(length);
            Some(out)
        }
        (Management::Agreed(wrapping), _) => {
            let ephemeral = Key::of_jwk(named("epk")?)?;
            let (apu, apv) = (bytes("apu").unwrap_or_default(), bytes("apv").unwrap_or_default());
            let (name, length) = match wrapping {
                None => (content.name, content.key),
                Some(length) => (known.name, length),
            };
            let derived = agreed(key, &ephemeral, |z| cipher::derive(z, name, &apu, &apv, length))?;
            match wrapping {
                None => Some(derived),
                Some(_) => cipher::unwrap(&derived, &recipient.key),
            }
        }
        _ => None,
    }
}

/// An RSA key as the library decrypts with it.
fn decrypting(rsa: &RsaKey) -> Option<PrivateDecryptingKey> {
    let algorithm =
        der::value(der::SEQUENCE, &[&der::value(der::OID, &[super::key::RSA]), &der::value(der::NULL, &[])]);
    let private = der::value(der::OCTETS, &[rsa.private.as_ref()?.expose()]);
    let document = der::value(der::SEQUENCE, &[&[der::INTEGER, 1, 0], &algorithm, &private]);
    PrivateDecryptingKey::from_pkcs8(&document).ok()
}

/// What our private key and their public one agree on, made into a key.
fn agreed(ours: &Key, theirs: &Key, make: impl FnOnce(&[u8]) -> Option<Bytes>) -> Option<Bytes> {
    let (curve, private, public) = match (&ours.material, &theirs.material) {
        (Material::Ec(a), Material::Ec(b)) if a.curve == b.curve => (a.curve, a.private.as_ref()?, &b.point),
        (Material::Okp(a), Material::Okp(b)) if a.curve == b.curve => (a.curve, a.private.as_ref()?, &b.public),
        _ => return None,
    };
    let algorithm = curve.agreement()?;
    let private = PrivateKey::from_private_key(algorithm, private.expose()).ok()?;
    agree(&private, UnparsedPublicKey::new(algorithm, public), (), |z| make(z).ok_or(())).ok()
}

/// What is inside, unpacked, with what is odd about it.
fn inside(
    token: &Decoded,
    encrypted: &Encrypted,
    key: &Key,
    index: usize,
    known: &KeyAlgorithm,
    plain: &Bytes,
) -> Opened {
    let mut said = Vec::new();
    if matches!(known.management, Management::Direct) && encrypted.recipients.iter().any(|r| !r.key.is_empty()) {
        said.push("there is an encrypted key, where RFC 7518 section 4.5 wants none".to_owned());
    }
    if key.usage.as_deref().is_some_and(|u| u != "enc") {
        said.push("the key says that it is not for encryption".to_owned());
    }
    let content = match token.header.get("zip").map(|z| z.as_str().unwrap_or_default()) {
        None => Secret::from(plain.to_vec()),
        Some("DEF") => {
            let (unpacked, odd) = unpack(plain);
            said.extend(odd);
            Secret::from(unpacked)
        }
        Some(_) => {
            said.push("it is compressed in a way that is not known here".to_owned());
            Secret::from(plain.to_vec())
        }
    };
    Opened {
        verdict: Verdict {
            status: Status::Valid,
            by: Some(key.name()),
            reason: (!said.is_empty()).then(|| said.join("; ")),
            key: Some(index),
        },
        content: Some(content),
    }
}

/// Raw DEFLATE (RFC 1951) unpacked as far as it may go, and what was odd.
fn unpack(packed: &[u8]) -> (Vec<u8>, Option<String>) {
    let mut out = Vec::new();
    let read = flate2::read::DeflateDecoder::new(packed).take(MOST_UNPACKED as u64 + 1).read_to_end(&mut out);
    if out.len() > MOST_UNPACKED {
        out.truncate(MOST_UNPACKED);
        let ratio = MOST_UNPACKED / packed.len().max(1);
        return (
            out,
            Some(format!(
                "what is in it unpacks to more than {} KiB, over {ratio} times its size: cut there",
                MOST_UNPACKED >> 10
            )),
        );
    }
    (out, read.is_err().then(|| "what is in it does not unpack to its end".to_owned()))
}
