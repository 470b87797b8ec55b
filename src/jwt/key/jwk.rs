//! JWK and JWK sets (RFC 7517), read the lenient way.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

use super::der;
use super::read::{MOST, from_der};
use super::{Curve, EcKey, Key, Keys, Material, OkpKey, RsaKey, make, pem};
use crate::base::secret::MASK;
use crate::base::{Secret, text};
use crate::jwt::base64url;
use crate::jwt::object::{self, Object, cut};

/// Members whose values are private (RFC 7518 sections 6.2.2, 6.3.2 and 6.4.1, RFC 8037 section 2).
pub const PRIVATE: &[&str] = &["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// Keys of a text that begins as an object or a list.
pub(super) fn read(text: &[u8], origin: &str) -> Keys {
    let mut out = Keys::default();
    if text.first() == Some(&b'[') {
        list(text, origin, &mut out);
        return out;
    }
    let object = object::read(text);
    let spans = object.members.iter().zip(&object.spans);
    let keys = spans.rev().find(|((n, _), _)| n == "keys").map(|(_, span)| &text[span.of_value()]);
    match keys {
        Some(keys) if !has(&object, "kty") => {
            out.set = true;
            out.problems.extend(object.oddities.iter().map(|o| format!("{origin}: {o}")));
            list(keys, origin, &mut out);
        }
        _ if !has(&object, "kty") && object.members.iter().any(|(_, v)| v.as_str().is_some_and(is_pem)) => {
            by_kid(object, origin, &mut out);
        }
        _ => one(text, object, origin, &mut out),
    }
    out
}

impl Key {
    /// The key of a JWK that stands inside something else, such as a header; `None` where it is none that can be read. It is
    /// whoever wrote that who says it, and no reason to trust it.
    pub fn of_jwk(jwk: &Value) -> Option<Self> {
        let text = jwk.is_object().then(|| jwk.to_string())?;
        let mut keys = Keys::default();
        one(text.as_bytes(), object::read(text.as_bytes()), "the key in the token", &mut keys);
        keys.keys.pop().filter(|key| !matches!(key.material, Material::Unknown(_)))
    }

    /// The same of a certificate as `x5c` holds it, in base64 (RFC 7515 section 4.1.6).
    pub fn of_certificate(text: &str) -> Option<Self> {
        let key = from_der(&base64url::decode(text.as_bytes()).bytes, "the certificate in the token")?;
        key.certificate.is_some().then_some(key)
    }
}

fn is_pem(s: &str) -> bool {
    pem::is_pem(s.as_bytes())
}

fn has(object: &Object, name: &str) -> bool {
    object.members.iter().any(|(n, _)| n == name)
}

/// A list of JWKs.
fn list(text: &[u8], origin: &str, out: &mut Keys) {
    let list: Vec<&RawValue> = match serde_json::from_slice(text) {
        Ok(list) => list,
        Err(e) => {
            out.problems.push(format!("{origin}: the keys are no list that can be read: {}", cut(&e.to_string(), 120)));
            return;
        }
    };
    for (i, raw) in list.iter().enumerate() {
        if i == MOST {
            out.problems.push(format!("{origin}: {} keys, of which the first {MOST} are read", list.len()));
            break;
        }
        let raw = raw.get().as_bytes();
        one(raw, object::read(raw), &format!("{origin}, key {}", i + 1), out);
    }
}

/// PEM texts by their `kid`, as some issuers publish certificates.
fn by_kid(object: Object, origin: &str, out: &mut Keys) {
    out.set = true;
    out.problems.extend(object.oddities.iter().map(|o| format!("{origin}: {o}")));
    for (kid, value) in object.members.into_iter().take(MOST) {
        let origin = format!("{origin}, {}", cut(&kid, 60));
        let text = value.as_str().unwrap_or_default();
        match pem::blocks(text.as_bytes()).first().and_then(|b| from_der(&b.der, &origin)) {
            Some(key) => {
                let raw = if key.is_private() { Vec::new() } else { text.as_bytes().to_vec() };
                out.keys.push(Key { kid: Some(Value::String(kid)), raw, ..key });
            }
            None => out.problems.push(format!("{origin}: this is no key in PEM")),
        }
    }
}

/// One JWK.
fn one(raw: &[u8], object: Object, origin: &str, out: &mut Keys) {
    let mut problem = |what: String| out.problems.push(format!("{origin}: {what}"));
    for oddity in &object.oddities {
        problem(oddity.clone());
    }
    if object.members.is_empty() {
        return;
    }
    let get = |name: &str| object.members.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v);
    let string = |name: &str| get(name).and_then(Value::as_str).map(str::to_owned);
    let mut odd = HashSet::new();
    let mut bytes = |name: &str| {
        let read = base64url::decode(get(name)?.as_str()?.as_bytes());
        odd.extend(read.oddities.into_iter().map(|o| format!("`{name}`: {o}")));
        Some(read.bytes)
    };
    let kty = string("kty");
    let material = match kty.as_deref() {
        Some("RSA") => rsa(&mut bytes),
        Some("EC") => ec(get("crv").and_then(Value::as_str), &mut bytes),
        Some("OKP") => okp(get("crv").and_then(Value::as_str), &mut bytes),
        Some("oct") => bytes("k").map(|k| Material::Secret(Secret::from(k))).ok_or("`k` is not there".to_owned()),
        Some(other) => Ok(Material::Unknown(cut(other, 40))),
        None => Ok(Material::Unknown("it has no `kty`".to_owned())),
    };
    let mut odd: Vec<String> = odd.into_iter().collect();
    odd.sort();
    for oddity in odd {
        problem(oddity);
    }
    let material = material.unwrap_or_else(|what| {
        problem(what);
        Material::Unknown(kty.as_deref().map(|k| cut(k, 40)).unwrap_or_default())
    });
    let certificate = get("x5c").and_then(|x| x.get(0)).and_then(Value::as_str).and_then(|c| STANDARD.decode(c).ok());
    if let Some(certified) = certificate.as_deref().and_then(|der| from_der(der, origin))
        && !matches!(material, Material::Unknown(_))
        && certified.thumbprint() != Key::new(material.clone(), "").thumbprint()
    {
        problem("the certificate of its `x5c` holds another key".to_owned());
    }
    let mut key = Key {
        kid: get("kid").cloned(),
        alg: string("alg"),
        usage: string("use"),
        ops: get("key_ops")
            .and_then(Value::as_array)
            .map(|ops| ops.iter().filter_map(|o| o.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
        certificate,
        ..Key::new(material, origin)
    };
    let private = object.members.iter().any(|(n, _)| PRIVATE.contains(&n.as_str()));
    if !private {
        key.raw = raw.to_vec();
    }
    key.members = object.members;
    for (_, value) in key.members.iter_mut().filter(|(n, _)| PRIVATE.contains(&n.as_str())) {
        *value = Value::String(MASK.to_owned());
    }
    out.keys.push(key);
}

/// Bytes of a member in base64url.
type Bytes<'a> = dyn FnMut(&str) -> Option<Vec<u8>> + 'a;

fn need(bytes: &mut Bytes<'_>, name: &str) -> Result<Vec<u8>, String> {
    bytes(name).ok_or_else(|| format!("`{name}` is not there"))
}

/// RFC 7518 section 6.3.
fn rsa(bytes: &mut Bytes<'_>) -> Result<Material, String> {
    let (n, e) = (der::trim(&need(bytes, "n")?).to_vec(), der::trim(&need(bytes, "e")?).to_vec());
    if n.is_empty() {
        return Err("`n` is zero".to_owned());
    }
    let mut private = None;
    if let Some(d) = bytes("d") {
        let d = zeroize::Zeroizing::new(d);
        let rest: Option<Vec<_>> =
            ["p", "q", "dp", "dq", "qi"].iter().map(|n| bytes(n).map(|b| der::integer(&b))).collect();
        // Without them the private key is there all the same, but the library cannot use it.
        if let Some(rest) = rest {
            let (n, e, d) = (der::integer(&n), der::integer(&e), der::integer(&d));
            let mut parts: Vec<&[u8]> = vec![&[der::INTEGER, 1, 0], &n, &e, &d];
            parts.extend(rest.iter().map(|r| r.as_slice()));
            private = Some(Secret::from(der::value(der::SEQUENCE, &parts).to_vec()));
        }
    }
    Ok(Material::Rsa(RsaKey { n, e, private }))
}

/// RFC 7518 section 6.2.
fn ec(curve: Option<&str>, bytes: &mut Bytes<'_>) -> Result<Material, String> {
    let name = curve.ok_or("`crv` is not there")?;
    let Some(curve) = Curve::named(name).filter(|c| c.is_weierstrass()) else {
        return Ok(Material::Unknown(format!("EC on {}", cut(name, 40))));
    };
    let mut point = vec![4];
    for coordinate in ["x", "y"] {
        let given = need(bytes, coordinate)?;
        let short = der::trim(&given);
        let Some(zeros) = curve.size().checked_sub(short.len()) else {
            return Err(format!("`{coordinate}` is longer than a coordinate of {}", curve.name()));
        };
        point.resize(point.len() + zeros, 0);
        point.extend_from_slice(short);
    }
    match bytes("d") {
        None => Ok(Material::Ec(EcKey { curve, point, private: None })),
        Some(d) => make::ec(curve, &d, Some(point)).ok_or_else(|| "`d` is too long".to_owned()),
    }
}

/// RFC 8037 section 2.
fn okp(curve: Option<&str>, bytes: &mut Bytes<'_>) -> Result<Material, String> {
    let name = curve.ok_or("`crv` is not there")?;
    let Some(curve) = Curve::named(name).filter(|c| !c.is_weierstrass()) else {
        return Ok(Material::Unknown(format!("OKP on {}", text::display_str(name))));
    };
    let public = need(bytes, "x")?;
    if public.len() != curve.size() {
        return Err(format!("`x` has {} bytes, not the {} of {}", public.len(), curve.size(), curve.name()));
    }
    Ok(Material::Okp(OkpKey { curve, public, private: bytes("d").map(Secret::from) }))
}
