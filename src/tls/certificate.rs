//! X.509 certificates (RFC 5280) read for display: whatever can be read of the DER bytes, never a refusal.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION,
    OID_SIG_ED448, OID_SIG_ED25519,
};
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

use crate::base::{Stamp, Untrusted, hash};
use crate::wire::Certificate;

/// How many subject alternative names are kept of one certificate.
const MOST_NAMES: usize = 200;

/// Reads a DER certificate. One that does not parse keeps its hash and says so in its subject.
pub fn read(der: &[u8]) -> Certificate {
    let sha256 = hash::sha256_hex(der);
    let Ok((_, cert)) = X509Certificate::from_der(der) else {
        return Certificate {
            subject: "unreadable certificate".into(),
            issuer: Untrusted::default(),
            san: Vec::new(),
            not_before: None,
            not_after: None,
            key: "unknown".to_owned(),
            serial: String::new(),
            sha256,
            version: 0,
            signature: String::new(),
            faults: Vec::new(),
        };
    };
    Certificate {
        subject: cert.subject().to_string().into(),
        issuer: cert.issuer().to_string().into(),
        san: names(&cert),
        not_before: Stamp::from_unix(cert.validity().not_before.timestamp()),
        not_after: Stamp::from_unix(cert.validity().not_after.timestamp()),
        key: key_words(&cert),
        serial: hash::hex(cert.raw_serial()),
        sha256,
        version: cert.version().0.saturating_add(1),
        signature: super::faults::signature_words(&cert),
        faults: Vec::new(),
    }
}

/// A distinguished name in DER (RFC 5280 section 4.1.2.4), as text.
pub fn name(der: &[u8]) -> Untrusted {
    X509Name::from_der(der).map_or_else(|_| "unreadable name".into(), |(_, name)| name.to_string().into())
}

/// The key of a DER certificate (`SubjectPublicKeyInfo`), in DER; `None` for one that does not parse.
pub fn public_key(der: &[u8]) -> Option<Vec<u8>> {
    X509Certificate::from_der(der).ok().map(|(_, cert)| cert.public_key().raw.to_vec())
}

/// The bits of the key of a DER certificate, without its algorithm; empty for one that does not parse.
pub fn key_bits(der: &[u8]) -> Vec<u8> {
    X509Certificate::from_der(der).map_or_else(|_| Vec::new(), |(_, c)| c.public_key().subject_public_key.data.to_vec())
}

fn names(cert: &X509Certificate<'_>) -> Vec<Untrusted> {
    let Ok(Some(extension)) = cert.subject_alternative_name() else { return Vec::new() };
    extension.value.general_names.iter().take(MOST_NAMES).map(name_words).collect()
}

fn name_words(name: &GeneralName<'_>) -> Untrusted {
    match name {
        GeneralName::DNSName(n) | GeneralName::RFC822Name(n) | GeneralName::URI(n) => (*n).into(),
        GeneralName::IPAddress([a, b, c, d]) => format!("{a}.{b}.{c}.{d}").into(),
        GeneralName::IPAddress(v6) => match <[u8; 16]>::try_from(*v6) {
            Ok(octets) => std::net::Ipv6Addr::from(octets).to_string().into(),
            Err(_) => "malformed address".into(),
        },
        other => format!("{other:?}").into(),
    }
}

pub(super) fn key_words(cert: &X509Certificate<'_>) -> String {
    let spki = cert.public_key();
    let algorithm = &spki.algorithm.algorithm;
    if *algorithm == OID_PKCS1_RSAENCRYPTION {
        return match spki.parsed() {
            Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
            _ => "RSA".to_owned(),
        };
    }
    if *algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = spki.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
        return match curve {
            Some(c) if c == OID_EC_P256 => "ECDSA P-256".to_owned(),
            Some(c) if c == OID_NIST_EC_P384 => "ECDSA P-384".to_owned(),
            Some(c) if c == OID_NIST_EC_P521 => "ECDSA P-521".to_owned(),
            Some(c) => format!("ECDSA {c}"),
            None => "ECDSA".to_owned(),
        };
    }
    if *algorithm == OID_SIG_ED25519 {
        return "Ed25519".to_owned();
    }
    if *algorithm == OID_SIG_ED448 {
        return "Ed448".to_owned();
    }
    format!("{algorithm}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_rcgen_makes() {
        let made = rcgen::generate_simple_self_signed(vec!["a.test".to_owned(), "127.0.0.1".to_owned()]).expect("cert");
        let cert = read(made.cert.der());
        assert_eq!(cert.san, ["a.test".into(), Untrusted::from("127.0.0.1")]);
        assert_eq!(cert.key, "ECDSA P-256");
        assert_eq!(cert.sha256.len(), 64);
        assert_eq!((cert.version, cert.signature.as_str()), (3, "SHA-256 with ECDSA"));
    }

    #[test]
    fn garbage_is_named_not_refused() {
        assert_eq!(read(b"\x30\x03abc").subject, "unreadable certificate".into());
    }
}
