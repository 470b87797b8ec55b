//! The bytes that a confused verifier takes for a secret: a public key in every form that servers keep it in.
//!
//! A verifier that lets the token choose between HMAC and a signature checks the code with whatever it holds, which is a public
//! key and so known to everybody (RFC 8725 section 2.1). Which bytes it holds depends on how the key was stored, and a single
//! line break makes other ones. The lint tries these forms on a token, and forging signs with them.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::key::{Form, Key, Material};

/// Every form of the public key with its name, likeliest first, each once. None for a shared secret: that is one already.
pub fn forms(key: &Key) -> Vec<(&'static str, Vec<u8>)> {
    let mut out = Forms::default();
    if matches!(key.material, Material::Secret(_)) {
        return out.list;
    }
    let spki = key.public_der(Form::Spki);
    let pkcs1 = key.public_der(Form::Pkcs1);
    if let Some(pem) = key.public_pem(Form::Spki) {
        out.text(&SPKI, &pem);
    }
    if !key.raw.is_empty() {
        out.add("as it was given", key.raw.clone());
        out.add("as it was given, without the last line break", key.raw.trim_ascii_end().to_vec());
        out.add("as it was given, with a line break at the end", [key.raw.trim_ascii_end(), b"\n"].concat());
    }
    if let Some(pem) = key.public_pem(Form::Pkcs1) {
        out.text(&PKCS1, &pem);
    }
    if let Some(der) = &key.certificate {
        out.text(&X509, &super::key::armour("CERTIFICATE", der));
    }
    let jwk = key.public_jwk();
    if let Value::Object(members) = &jwk
        && !members.is_empty()
    {
        out.add("JWK", jwk.to_string().into_bytes());
        let bare: serde_json::Map<String, Value> = members
            .iter()
            .filter(|(n, _)| !matches!(n.as_str(), "kid" | "alg"))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        out.add("JWK of the required members", Value::Object(bare).to_string().into_bytes());
    }
    if !key.raw.is_empty() && !key.members.is_empty() {
        let all: serde_json::Map<String, Value> = key.members.iter().cloned().collect();
        out.add("JWK in one line", Value::Object(all).to_string().into_bytes());
    }
    for (name, encoded, der) in [
        ("DER (SPKI)", "DER (SPKI) in base64", spki),
        ("DER (PKCS #1)", "DER (PKCS #1) in base64", pkcs1),
        ("DER (certificate)", "DER (certificate) in base64", key.certificate.clone()),
    ] {
        if let Some(der) = der {
            out.add(encoded, STANDARD.encode(&der).into_bytes());
            out.add(name, der);
        }
    }
    match &key.material {
        Material::Rsa(k) => {
            out.add("n in base64url", URL_SAFE_NO_PAD.encode(&k.n).into_bytes());
            out.add("n as bytes", k.n.clone());
        }
        Material::Ec(k) => {
            if let Some((x, _)) = k.coordinates() {
                out.add("x in base64url", URL_SAFE_NO_PAD.encode(x).into_bytes());
                out.add("x as bytes", x.to_vec());
            }
            out.add("the point as bytes", k.point.clone());
        }
        Material::Okp(k) => {
            out.add("x in base64url", URL_SAFE_NO_PAD.encode(&k.public).into_bytes());
            out.add("x as bytes", k.public.clone());
        }
        Material::Secret(_) | Material::Unknown(_) => {}
    }
    out.list
}

/// Names of one PEM text in the ways that it is kept.
struct Names {
    plain: &'static str,
    bare: &'static str,
    two: &'static str,
    crlf: &'static str,
    bare_crlf: &'static str,
    escaped: &'static str,
    line: &'static str,
}

static SPKI: Names = Names {
    plain: "PEM (SPKI)",
    bare: "PEM (SPKI) without the last line break",
    two: "PEM (SPKI) with a line break more",
    crlf: "PEM (SPKI) with CRLF",
    bare_crlf: "PEM (SPKI) with CRLF, without the last one",
    escaped: "PEM (SPKI) with \\n written out",
    line: "PEM (SPKI) with its base64 in one line",
};
static PKCS1: Names = Names {
    plain: "PEM (PKCS #1)",
    bare: "PEM (PKCS #1) without the last line break",
    two: "PEM (PKCS #1) with a line break more",
    crlf: "PEM (PKCS #1) with CRLF",
    bare_crlf: "PEM (PKCS #1) with CRLF, without the last one",
    escaped: "PEM (PKCS #1) with \\n written out",
    line: "PEM (PKCS #1) with its base64 in one line",
};
static X509: Names = Names {
    plain: "PEM (certificate)",
    bare: "PEM (certificate) without the last line break",
    two: "PEM (certificate) with a line break more",
    crlf: "PEM (certificate) with CRLF",
    bare_crlf: "PEM (certificate) with CRLF, without the last one",
    escaped: "PEM (certificate) with \\n written out",
    line: "PEM (certificate) with its base64 in one line",
};

#[derive(Default)]
struct Forms {
    list: Vec<(&'static str, Vec<u8>)>,
    seen: HashSet<Vec<u8>>,
}

impl Forms {
    fn add(&mut self, name: &'static str, bytes: Vec<u8>) {
        if !bytes.is_empty() && self.seen.insert(bytes.clone()) {
            self.list.push((name, bytes));
        }
    }

    fn text(&mut self, names: &Names, pem: &str) {
        let bare = pem.trim_end();
        let crlf = pem.replace('\n', "\r\n");
        self.add(names.plain, pem.as_bytes().to_vec());
        self.add(names.bare, bare.as_bytes().to_vec());
        self.add(names.two, format!("{pem}\n").into_bytes());
        self.add(names.bare_crlf, crlf.trim_end().as_bytes().to_vec());
        self.add(names.crlf, crlf.into_bytes());
        self.add(names.escaped, bare.replace('\n', "\\n").into_bytes());
        let lines: Vec<&str> = bare.lines().collect();
        if let [first, body @ .., last] = lines.as_slice() {
            self.add(names.line, format!("{first}\n{}\n{last}", body.concat()).into_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::key::read;

    /// RFC 7517 appendix A.1.
    const EC: &[u8] = br#"{"kty":"EC","crv":"P-256","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","use":"enc","kid":"1"}"#;

    fn names(key: &Key) -> Vec<&'static str> {
        forms(key).into_iter().map(|(n, _)| n).collect()
    }

    #[test]
    fn each_form_is_there_once() {
        let key = &read(EC, "key").expect("a JWK").keys[0];
        let forms = forms(key);
        let bytes = |name: &str| forms.iter().find(|(n, _)| *n == name).map(|(_, b)| b.clone()).expect(name);
        let pem = String::from_utf8(bytes("PEM (SPKI)")).expect("text");
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n") && pem.ends_with("-----END PUBLIC KEY-----\n"));
        assert_eq!(bytes("PEM (SPKI) without the last line break"), pem.trim_end().as_bytes());
        assert_eq!(bytes("PEM (SPKI) with CRLF"), pem.replace('\n', "\r\n").as_bytes());
        assert!(!bytes("PEM (SPKI) with \\n written out").contains(&b'\n'));
        assert_eq!(bytes("as it was given"), EC);
        assert_eq!(bytes("x in base64url"), b"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4");
        let mut all: Vec<&[u8]> = forms.iter().map(|(_, b)| b.as_slice()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), forms.len());
    }

    #[test]
    fn a_certificate_and_an_rsa_key_have_forms_of_their_own() {
        let made = rcgen::generate_simple_self_signed(vec!["api.test".to_owned()]).expect("a certificate");
        let key = &read(made.cert.pem().as_bytes(), "cert.pem").expect("a certificate").keys[0];
        let all = names(key);
        assert!(all.contains(&"DER (certificate)") && all.contains(&"as it was given"), "{all:?}");
        let rsa = Key::generate("RS256").expect("a key");
        let all = names(&rsa);
        assert!(all.contains(&"PEM (PKCS #1)") && all.contains(&"n as bytes"), "{all:?}");
        assert!(!all.contains(&"as it was given"), "what holds the private key is no public form");
    }

    #[test]
    fn a_secret_has_none() {
        assert_eq!(forms(&Key::secret(b"secret".to_vec())), []);
    }
}
