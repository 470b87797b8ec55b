//! A public key written out: as a JWK, as DER and PEM, and as its thumbprint.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::der;
use super::read::{EC, RSA};
use super::{Key, Material};

/// The two ways that public keys are written in DER.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `SubjectPublicKeyInfo`, RFC 5280 section 4.1: `PUBLIC KEY` in PEM.
    Spki,
    /// `RSAPublicKey`, RFC 8017 appendix A.1.1: `RSA PUBLIC KEY` in PEM.
    Pkcs1,
}

impl Key {
    /// The members of the public key that RFC 7638 section 3.2 and RFC 8037 section 2 require, in the order of their names.
    fn required(&self) -> Vec<(&'static str, String)> {
        let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        match &self.material {
            Material::Secret(s) => vec![("k", b64(s.expose())), ("kty", "oct".to_owned())],
            Material::Rsa(k) => vec![("e", b64(&k.e)), ("kty", "RSA".to_owned()), ("n", b64(&k.n))],
            Material::Ec(k) => match k.coordinates() {
                Some((x, y)) => {
                    vec![("crv", k.curve.name().to_owned()), ("kty", "EC".to_owned()), ("x", b64(x)), ("y", b64(y))]
                }
                None => Vec::new(),
            },
            Material::Okp(k) => {
                vec![("crv", k.curve.name().to_owned()), ("kty", "OKP".to_owned()), ("x", b64(&k.public))]
            }
            Material::Unknown(_) => Vec::new(),
        }
    }

    /// The public key as a JWK with the `kid` and the `alg` it has; of a shared secret, which has no public part, only what it is
    /// called. Empty where the key cannot be written so.
    pub fn public_jwk(&self) -> Value {
        let mut out: Map<String, Value> =
            self.required().into_iter().filter(|(n, _)| *n != "k").map(|(n, v)| (n.to_owned(), v.into())).collect();
        if let Some(kid) = &self.kid {
            out.insert("kid".to_owned(), kid.clone());
        }
        if let Some(alg) = &self.alg {
            out.insert("alg".to_owned(), alg.as_str().into());
        }
        Value::Object(out)
    }

    /// The SHA-256 thumbprint of RFC 7638 in base64url; empty where the key cannot be written as a JWK.
    pub fn thumbprint(&self) -> String {
        let required = self.required();
        if required.is_empty() {
            return String::new();
        }
        let members: Vec<String> = required.iter().map(|(n, v)| format!("\"{n}\":\"{v}\"")).collect();
        let json = zeroize::Zeroizing::new(format!("{{{}}}", members.join(",")));
        URL_SAFE_NO_PAD.encode(digest(&SHA256, json.as_bytes()))
    }

    /// The public key in DER; `None` where it has no such form.
    pub fn public_der(&self, form: Form) -> Option<Vec<u8>> {
        let spki = |algorithm: &[&[u8]], bits: &[u8]| {
            let algorithm = der::value(der::SEQUENCE, algorithm);
            der::value(der::SEQUENCE, &[&algorithm, &der::value(der::BITS, &[&[0], bits])]).to_vec()
        };
        let oid = |bytes: &[u8]| der::value(der::OID, &[bytes]);
        Some(match (&self.material, form) {
            (Material::Rsa(k), form) => {
                let pkcs1 = der::value(der::SEQUENCE, &[&der::integer(&k.n), &der::integer(&k.e)]);
                match form {
                    Form::Pkcs1 => pkcs1.to_vec(),
                    Form::Spki => spki(&[&oid(RSA), &der::value(der::NULL, &[])], &pkcs1),
                }
            }
            (Material::Ec(k), Form::Spki) => spki(&[&oid(EC), &oid(k.curve.oid())], &k.point),
            (Material::Okp(k), Form::Spki) => spki(&[&oid(k.curve.oid())], &k.public),
            _ => return None,
        })
    }

    /// The public key in PEM, lines of 64 characters, each with its break; `None` where it has no such form.
    pub fn public_pem(&self, form: Form) -> Option<String> {
        let label = match form {
            Form::Spki => "PUBLIC KEY",
            Form::Pkcs1 => "RSA PUBLIC KEY",
        };
        self.public_der(form).map(|der| pem(label, &der))
    }
}

/// DER in PEM (RFC 7468 section 2).
pub(in crate::jwt) fn pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = after;
    }
    out.push_str("-----END ");
    out.push_str(label);
    out.push_str("-----\n");
    out
}
