//! The certificates that identities present to servers that ask for one.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use p12_keystore::{CertificateBag, Pkcs12Archive};
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;

use crate::base::text::display_str;
use crate::base::{Error, Result, Secret};
use crate::tls::public_key;

/// A certificate with its chain and its key.
#[derive(Debug, Clone)]
pub struct ClientCertificate(pub(super) Arc<CertifiedKey>);

/// Certificates by the name of the identity that presents them.
pub type Certificates = HashMap<String, ClientCertificate>;

impl ClientCertificate {
    /// Reads a certificate, its chain and its key: one PEM file, a PEM file and its `key` apart, or PKCS#12 (RFC 7292), which
    /// is told by its first byte. Keys are PKCS#1, PKCS#8 or SEC1; one in encrypted PKCS#8 (RFC 5958 section 3), and PKCS#12,
    /// take a `password`.
    ///
    /// # Errors
    /// No certificate, no key, a password that lacks or is wrong, or a key that belongs to another certificate.
    pub fn read(file: &[u8], key: Option<&[u8]>, password: Option<&Secret>) -> Result<Self> {
        if file.first() == Some(&SEQUENCE) {
            return match key {
                Some(_) => Err(Error::input("it is not PEM, and only a PEM certificate has its key apart")
                    .hint("give a PKCS#12 file alone, or the certificate as PEM")),
                None => Self::of_p12(file, password),
            };
        }
        // Before all else: its headers are no base64.
        if memchr::memmem::find(key.unwrap_or(file), b"Proc-Type: 4,ENCRYPTED").is_some() {
            return Err(Error::input("the key is encrypted in the old way of OpenSSL, which is not read")
                .hint("turn it into encrypted PKCS#8: openssl pkcs8 -topk8 -in FILE -out FILE"));
        }
        let chain = CertificateDer::pem_slice_iter(file).collect::<Result<Vec<_>, _>>().map_err(|e| garbled(&e))?;
        if chain.is_empty() {
            return Err(Error::input("there is no certificate in it")
                .hint("put BEGIN CERTIFICATE and the key in one PEM, or give the key apart"));
        }
        Self::fitting(chain, private_key(key.unwrap_or(file), password)?)
    }

    fn of_p12(file: &[u8], password: Option<&Secret>) -> Result<Self> {
        let word = std::str::from_utf8(password.map_or(b"", Secret::expose))
            .map_err(|_| Error::input("its password is not UTF-8").hint("PKCS#12 takes text alone"))?;
        let archive = Pkcs12Archive::from_pkcs12(file, word).map_err(|e| match e {
            p12_keystore::error::Error::MacError(_)
            | p12_keystore::error::Error::Pkcs5Error(_)
            | p12_keystore::error::Error::UnpadError => locked("PKCS#12", password),
            e => Error::input(format!("this PKCS#12 cannot be read: {}", display_str(&e.to_string())))
                .hint("export it again, or as PEM"),
        })?;
        let Some(key) = archive.keys.first() else {
            return Err(Error::input("there is no private key in this PKCS#12").hint("export it with its key"));
        };
        let own = |c: &&CertificateBag| {
            c.local_key_id.as_deref().is_some_and(|id| Some(id) == key.local_key_id.as_ref().map(AsRef::as_ref))
        };
        let Some(leaf) = archive.certs.iter().find(own).or_else(|| archive.certs.first()) else {
            return Err(Error::input("there is no certificate in this PKCS#12").hint("export it with its certificate"));
        };
        let mut chain = vec![&leaf.cert];
        while let Some(last) = chain.last().filter(|c| c.subject() != c.issuer())
            && let Some(next) = archive.certs.iter().map(|c| &c.cert).find(|c| c.subject() == last.issuer())
            && !chain.contains(&next)
        {
            chain.push(next);
        }
        let chain = chain.into_iter().map(|c| CertificateDer::from(c.as_der().to_vec())).collect();
        let key = PrivatePkcs8KeyDer::from(key.key.as_der().to_vec());
        Self::fitting(chain, key.into())
    }

    /// A certificate with the key that belongs to it. What else is right or wrong with it is for the server to judge: many
    /// that were made by hand are of version 1.
    fn fitting(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self> {
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = provider.key_provider.load_private_key(key).map_err(|e| {
            Error::input(format!("the key cannot be used: {}", display_str(&e.to_string())))
                .hint("use an RSA, ECDSA or Ed25519 key")
        })?;
        let Some(of_certificate) = chain.first().and_then(|leaf| public_key(leaf)) else {
            return Err(Error::input("the certificate cannot be read").hint("export it again"));
        };
        if key.public_key().is_some_and(|own| own.as_ref() != of_certificate) {
            return Err(
                Error::input("the key belongs to another certificate").hint("put the certificate of that key first")
            );
        }
        Ok(Self(Arc::new(CertifiedKey::new(chain, key))))
    }
}

/// The first byte of everything in DER that is read here (X.690 section 8.9).
const SEQUENCE: u8 = 0x30;

fn garbled(e: &pem::Error) -> Error {
    Error::input(format!("this PEM cannot be read: {}", display_str(&e.to_string()))).hint("export it again")
}

/// What a password does not open, or would.
fn locked(what: &str, password: Option<&Secret>) -> Error {
    match password {
        Some(_) => Error::input(format!("the password does not open this {what}")).hint("check where it is read from"),
        None => Error::input(format!("this {what} is encrypted, and no password is given"))
            .hint("name it: --key-password env:NAME, or cert:FILE:env:NAME for an identity"),
    }
}

/// The key in a PEM file.
fn private_key(pem: &[u8], password: Option<&Secret>) -> Result<PrivateKeyDer<'static>> {
    if let Some(body) = section(pem, "ENCRYPTED PRIVATE KEY") {
        let der = STANDARD
            .decode(body)
            .map_err(|_| Error::input("this PEM cannot be read: its key is not base64").hint("export it again"))?;
        let Some(word) = password else { return Err(locked("key", None)) };
        let info = pkcs8::EncryptedPrivateKeyInfoRef::try_from(der.as_slice());
        let opened = info.and_then(|info| info.decrypt(word.expose()));
        let key = opened.map_err(|e| match e {
            pkcs8::Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) | pkcs8::Error::Asn1(_) => {
                locked("key", password)
            }
            e => Error::input(format!("the key cannot be decrypted: {}", display_str(&e.to_string())))
                .hint("encrypt it anew: openssl pkcs8 -topk8 -v2 aes256 -in FILE -out FILE"),
        })?;
        return Ok(PrivatePkcs8KeyDer::from(key.as_bytes().to_vec()).into());
    }
    PrivateKeyDer::from_pem_slice(pem).map_err(|e| match e {
        pem::Error::NoItemsFound => Error::input("there is no private key in it")
            .hint("put the key into the same PEM file, behind the certificate, or give it with --key"),
        e => garbled(&e),
    })
}

/// The base64 between the lines that begin and end one section of a PEM file (RFC 7468), without white space.
fn section(pem: &[u8], label: &str) -> Option<Vec<u8>> {
    let begin = format!("-----BEGIN {label}-----");
    let from = memchr::memmem::find(pem, begin.as_bytes())? + begin.len();
    let length = memchr::memmem::find(&pem[from..], format!("-----END {label}-----").as_bytes())?;
    Some(pem[from..from + length].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn made() -> (String, String) {
        let key = rcgen::KeyPair::generate().expect("a key");
        let params = rcgen::CertificateParams::new(vec!["alice".to_owned()]).expect("a name");
        (params.self_signed(&key).expect("a certificate").pem(), key.serialize_pem())
    }

    #[test]
    fn one_file_holds_both_and_what_lacks_is_named() {
        let ((cert, key), (other, other_key)) = (made(), made());
        let read = |text: &str| ClientCertificate::read(text.as_bytes(), None, None);
        assert!(read(&format!("{key}{cert}")).is_ok());
        assert!(ClientCertificate::read(cert.as_bytes(), Some(key.as_bytes()), None).is_ok());
        let stranger = ClientCertificate::read(cert.as_bytes(), Some(other_key.as_bytes()), None).expect_err("strange");
        assert!(stranger.to_string().contains("belongs to another certificate"));
        let read = read(&format!("{cert}{other}{key}")).expect("a chain");
        assert_eq!(read.0.cert.len(), 2);
        let locked = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (text, words) in [
            ("hello".to_owned(), "no certificate"),
            (key.clone(), "no certificate"),
            (cert.clone(), "no private key"),
            (format!("{other}{key}"), "belongs to another certificate"),
            (format!("{cert}{locked}"), "no password is given"),
            (
                format!(
                    "{cert}-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA==\n-----END RSA PRIVATE KEY-----\n"
                ),
                "old way of OpenSSL",
            ),
            ("0\u{3}\u{2}\u{1}\u{3}".to_owned(), "this PKCS#12 cannot be read"),
            (cert.replace("-----END", "----END"), "cannot be read"),
        ] {
            let said = ClientCertificate::read(text.as_bytes(), None, None).expect_err(words).to_string();
            assert!(said.contains(words) && said.contains("; "), "{said}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_answered(der in any::<bool>(), bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let file = if der { [&[SEQUENCE][..], &bytes].concat() } else { bytes };
            let said = ClientCertificate::read(&file, None, Some(&"x".into())).expect_err("nothing").to_string();
            prop_assert!(!said.chars().any(char::is_control));
        }
    }
}
