//! The certificates that identities present to servers that ask for one.

use std::collections::HashMap;
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::base::text::display_str;
use crate::base::{Error, Result};

/// A certificate with its chain and its key.
#[derive(Debug, Clone)]
pub struct ClientCertificate(pub(super) Arc<CertifiedKey>);

/// Certificates by the name of the identity that presents them.
pub type Certificates = HashMap<String, ClientCertificate>;

impl ClientCertificate {
    /// Reads one PEM file: the certificate, then its chain, and anywhere its key.
    ///
    /// # Errors
    /// No certificate, no key, an encrypted key, or a key that belongs to another certificate.
    pub fn read(pem: &[u8]) -> Result<Self> {
        let garbled = |e: pem::Error| {
            Error::input(format!("this PEM cannot be read: {}", display_str(&e.to_string()))).hint("export it again")
        };
        let encrypted = [&b"ENCRYPTED PRIVATE KEY"[..], b"Proc-Type: 4,ENCRYPTED"];
        if encrypted.iter().any(|mark| memchr::memmem::find(pem, mark).is_some()) {
            return Err(Error::input("the key in it is encrypted, which is not read")
                .hint("decrypt it into a file of mode 0600: openssl pkey -in FILE -out FILE"));
        }
        let chain = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().map_err(garbled)?;
        if chain.is_empty() {
            return Err(
                Error::input("there is no certificate in it").hint("put BEGIN CERTIFICATE and the key in one PEM")
            );
        }
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|e| match e {
            pem::Error::NoItemsFound => Error::input("there is no private key in it")
                .hint("put the key into the same PEM file, behind the certificate"),
            e => garbled(e),
        })?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        CertifiedKey::from_der(chain, key, &provider).map(|k| Self(Arc::new(k))).map_err(|e| match e {
            rustls::Error::InconsistentKeys(_) => Error::input("the key in it belongs to another certificate")
                .hint("put the certificate of that key first"),
            e => Error::input(format!("the key in it cannot be used: {}", display_str(&e.to_string())))
                .hint("use an RSA, ECDSA or Ed25519 key"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made() -> (String, String) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["alice".to_owned()]).expect("a name");
        (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    }

    #[test]
    fn one_file_holds_both_and_what_lacks_is_named() {
        let ((cert, key), (other, _)) = (made(), made());
        assert!(ClientCertificate::read(format!("{key}{cert}").as_bytes()).is_ok());
        let read = ClientCertificate::read(format!("{cert}{other}{key}").as_bytes()).expect("a chain");
        assert_eq!(read.0.cert.len(), 2);
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (text, words) in [
            ("hello".to_owned(), "no certificate"),
            (key.clone(), "no certificate"),
            (cert.clone(), "no private key"),
            (format!("{other}{key}"), "belongs to another certificate"),
            (format!("{cert}{locked}"), "encrypted"),
            (cert.replace("-----END", "----END"), "cannot be read"),
        ] {
            let said = ClientCertificate::read(text.as_bytes()).expect_err(words).to_string();
            assert!(said.contains(words) && said.contains("; "), "{said}");
        }
    }
}
