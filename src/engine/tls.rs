//! The TLS client side of a connection: a verifier that records every fault and then decides, and the facts of a handshake.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConnection, ResolvesClientCert, Resumption};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Result, SystemClock};
use crate::tls::{Anchor, common_moment, faults, key_bits, name, read, staple};
use crate::wire::fault::place_words;
use crate::wire::{Fault, FaultKind, HttpChoice, Revocation, TlsFacts};

use super::certificate::ClientCertificate;

/// Names of authorities that are kept of what a server asks for.
const MOST_AUTHORITIES: usize = 100;

/// What the callbacks of one handshake learnt.
#[derive(Debug, Default)]
pub struct Recorded {
    chain: Vec<Vec<u8>>,
    /// Those of each certificate.
    faults: Vec<Vec<Fault>>,
    staple: Vec<u8>,
    signature: Option<String>,
    asked_for_certificate: bool,
    authorities: Vec<Vec<u8>>,
}

type Shared = Arc<Mutex<Recorded>>;

fn with<T>(shared: &Shared, f: impl FnOnce(&mut Recorded) -> T) -> T {
    f(&mut shared.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Trust settings of a run. The verifier is built on first use: reading the system's roots costs more than a first frame.
#[derive(Debug)]
pub struct Trust {
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    verifier: OnceLock<Result<Arc<dyn ServerCertVerifier>, String>>,
}

impl Trust {
    /// The system's roots and, in addition, those in `pem`.
    ///
    /// # Errors
    /// When `pem` holds no certificate.
    pub fn new(pem: Option<&[u8]>) -> Result<Self> {
        let mut extra_roots = Vec::new();
        if let Some(pem) = pem {
            for cert in CertificateDer::pem_slice_iter(pem) {
                extra_roots.push(cert.map_err(|e| Error::input(format!("a certificate cannot be read: {e}")))?);
            }
            if extra_roots.is_empty() {
                return Err(
                    Error::input("there is no PEM certificate in it").hint("give a file with BEGIN CERTIFICATE")
                );
            }
        }
        Ok(Self {
            extra_roots,
            provider: Arc::new(rustls::crypto::aws_lc_rs::default_provider()),
            verifier: OnceLock::new(),
        })
    }

    fn verifier(&self) -> Result<Arc<dyn ServerCertVerifier>, String> {
        self.verifier
            .get_or_init(|| {
                rustls_platform_verifier::Verifier::new_with_extra_roots(
                    self.extra_roots.iter().cloned(),
                    Arc::clone(&self.provider),
                )
                .map(|v| Arc::new(v) as Arc<dyn ServerCertVerifier>)
                .map_err(|e| format!("no trusted roots on this machine ({e})"))
            })
            .clone()
    }

    /// The configuration of one handshake and where its callbacks write. `certificate` is presented when one is asked for; no
    /// server name is sent when it is `hidden`.
    ///
    /// # Errors
    /// One sentence, when the crypto provider has no usable protocol version.
    pub fn handshake(
        &self,
        http: HttpChoice,
        insecure: bool,
        certificate: Option<&ClientCertificate>,
        hidden: bool,
    ) -> Result<(Arc<ClientConfig>, Arc<Mutex<Recorded>>), String> {
        let recorded: Shared = Arc::default();
        let verifier = Recorder {
            inner: self.verifier(),
            provider: Arc::clone(&self.provider),
            insecure,
            recorded: Arc::clone(&recorded),
        };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|e| e.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(Arc::new(Asked(Arc::clone(&recorded), certificate.cloned())));
        config.alpn_protocols = match http {
            HttpChoice::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpChoice::Http1 => vec![b"http/1.1".to_vec()],
            HttpChoice::Http2 => vec![b"h2".to_vec()],
        };
        config.enable_sni = !hidden;
        // A resumed session has no chain to show.
        config.resumption = Resumption::disabled();
        Ok((Arc::new(config), recorded))
    }
}

/// Everything learnt of a handshake, whether it succeeded or not.
pub fn facts(recorded: &Mutex<Recorded>, connection: Option<&ClientConnection>, sni: Option<String>) -> TlsFacts {
    let r = recorded.lock().unwrap_or_else(PoisonError::into_inner);
    let each = |(at, of): (usize, &Vec<Fault>)| {
        let place = if at == 0 { String::new() } else { format!("{}: ", place_words(at)) };
        of.iter().map(|f| format!("{place}{}", f.words())).collect::<Vec<_>>()
    };
    let mut facts = TlsFacts {
        chain: r.chain.iter().map(|der| read(der)).collect(),
        faults: r.faults.iter().enumerate().flat_map(each).collect(),
        staple: r.chain.first().and_then(|leaf| staple(&r.staple, leaf)),
        signature: r.signature.clone(),
        client_certificate_requested: r.asked_for_certificate,
        client_certificate_authorities: r.authorities.iter().map(|der| name(der)).collect(),
        sni,
        ..TlsFacts::default()
    };
    for (certificate, faults) in facts.chain.iter_mut().zip(&r.faults) {
        certificate.faults.clone_from(faults);
    }
    if let Some(c) = connection {
        facts.version = match c.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3".to_owned(),
            Some(rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2".to_owned(),
            Some(other) => format!("{other:?}"),
            None => String::new(),
        };
        facts.cipher = c.negotiated_cipher_suite().map(|s| suite_name(s.suite())).unwrap_or_default();
        facts.group = c.negotiated_key_exchange_group().map(|g| group_name(g.name()));
        facts.resumed = c.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
    }
    facts
}

/// IANA name of a suite: the registry writes `TLS_`, rustls writes `TLS13_` for those of TLS 1.3.
fn suite_name(suite: rustls::CipherSuite) -> String {
    suite.as_str().map_or_else(|| format!("{suite:?}"), |s| s.replacen("TLS13_", "TLS_", 1))
}

/// IANA name of a group.
pub fn group_name(group: rustls::NamedGroup) -> String {
    group.as_str().map_or_else(
        || format!("{group:?}"),
        |s| match s {
            "X25519" => "x25519".to_owned(),
            "X448" => "x448".to_owned(),
            s if s.starts_with("secp") || s.starts_with("SECP") || s.starts_with("FFDHE") => match s {
                "secp256r1MLKEM768" | "SECP256R1MLKEM768" => "SecP256r1MLKEM768".to_owned(),
                s => s.to_ascii_lowercase(),
            },
            s => s.to_owned(),
        },
    )
}

/// IANA name of a signature scheme, for example `ecdsa_secp256r1_sha256`.
fn scheme_name(scheme: SignatureScheme) -> String {
    scheme.as_str().map_or_else(
        || format!("{scheme:?}"),
        |s| match s {
            "ECDSA_NISTP256_SHA256" => "ecdsa_secp256r1_sha256".to_owned(),
            "ECDSA_NISTP384_SHA384" => "ecdsa_secp384r1_sha384".to_owned(),
            "ECDSA_NISTP521_SHA512" => "ecdsa_secp521r1_sha512".to_owned(),
            "RSA_PSS_SHA256" => "rsa_pss_rsae_sha256".to_owned(),
            "RSA_PSS_SHA384" => "rsa_pss_rsae_sha384".to_owned(),
            "RSA_PSS_SHA512" => "rsa_pss_rsae_sha512".to_owned(),
            s => s.to_ascii_lowercase(),
        },
    )
}

/// Notes that the server asked for a client certificate, and gives the one of the identity, where it has one.
#[derive(Debug)]
struct Asked(Shared, Option<ClientCertificate>);

impl ResolvesClientCert for Asked {
    fn resolve(&self, hints: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        with(&self.0, |r| {
            r.asked_for_certificate = true;
            r.authorities = hints.iter().take(MOST_AUTHORITIES).map(|der| der.to_vec()).collect();
        });
        self.1.as_ref().map(|c| Arc::clone(&c.0))
    }
    fn has_certs(&self) -> bool {
        true
    }
}

/// Asks the real verifier, writes down what it said, and lets the handshake go on when the user allows it.
#[derive(Debug)]
struct Recorder {
    inner: Result<Arc<dyn ServerCertVerifier>, String>,
    provider: Arc<CryptoProvider>,
    insecure: bool,
    recorded: Shared,
}

impl Recorder {
    fn signature(
        &self,
        result: Result<HandshakeSignatureValid, rustls::Error>,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        with(&self.recorded, |r| r.signature = Some(scheme_name(dss.scheme)));
        let Err(e) = result else { return result };
        // The library takes certificates of version 3 alone; what was proved does not depend on that.
        if !self.proves(message, cert, dss) {
            with(&self.recorded, |r| {
                let Some(leaf) = r.faults.first_mut() else { return };
                let kind = if leaf.iter().any(|f| f.kind == FaultKind::WeakKey) {
                    FaultKind::UnjudgedProof
                } else {
                    FaultKind::Unproven
                };
                leaf.push(Fault::new(kind, display_str(&e.to_string())));
            });
        }
        if self.insecure { Ok(HandshakeSignatureValid::assertion()) } else { Err(e) }
    }

    /// Whether a signature was made with the key of a certificate, whatever else the certificate is.
    fn proves(&self, message: &[u8], cert: &CertificateDer<'_>, dss: &DigitallySignedStruct) -> bool {
        let key = key_bits(cert);
        let mapping = self.provider.signature_verification_algorithms.mapping;
        mapping
            .iter()
            .filter(|(scheme, _)| *scheme == dss.scheme)
            .flat_map(|(_, algorithms)| *algorithms)
            .any(|algorithm| algorithm.verify_signature(&key, message, dss.signature()).is_ok())
    }

    /// Where the way from a certificate leads, given what the verifier said of it at this time.
    fn anchor(
        &self,
        verdict: &Result<ServerCertVerified, rustls::Error>,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
    ) -> Anchor {
        let anchor = anchor_of(verdict);
        let (Anchor::Unjudged(_), Ok(verifier), true) = (&anchor, &self.inner, is_of_time(verdict)) else {
            return anchor;
        };
        // It stops at its first fault, and time is looked at early.
        let chain: Vec<&[u8]> = std::iter::once(leaf).chain(intermediates).map(|c| &c[..]).collect();
        let Some(moment) = common_moment(&chain) else {
            return Anchor::Unjudged("there is no time at which all of the chain is valid".to_owned());
        };
        let then = UnixTime::since_unix_epoch(Duration::from_secs(moment));
        match anchor_of(&verifier.verify_server_cert(leaf, intermediates, name, &[], then)) {
            Anchor::Trusted => Anchor::TrustedOnce,
            other => other,
        }
    }
}

/// True for a certificate that is refused for the time it is shown at.
fn is_of_time(verdict: &Result<ServerCertVerified, rustls::Error>) -> bool {
    use CertificateError as E;
    let Err(rustls::Error::InvalidCertificate(e)) = verdict else { return false };
    matches!(e, E::Expired | E::ExpiredContext { .. } | E::NotValidYet | E::NotValidYetContext { .. })
}

/// What a verdict says of the end of a chain.
fn anchor_of(verdict: &Result<ServerCertVerified, rustls::Error>) -> Anchor {
    use CertificateError as E;
    match verdict {
        // The name is looked at last.
        Ok(_) | Err(rustls::Error::InvalidCertificate(E::NotValidForName | E::NotValidForNameContext { .. })) => {
            Anchor::Trusted
        }
        Err(rustls::Error::InvalidCertificate(E::UnknownIssuer)) => Anchor::Untrusted,
        Err(rustls::Error::InvalidCertificate(e)) => {
            Anchor::Unjudged(format!("the verifier stops before it: {}", display_str(&e.to_string())))
        }
        Err(e) => Anchor::Unjudged(display_str(&e.to_string())),
    }
}

impl ServerCertVerifier for Recorder {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let chain: Vec<Vec<u8>> = std::iter::once(leaf).chain(intermediates).map(|c| c.to_vec()).collect();
        let verdict = match &self.inner {
            Ok(v) => v.verify_server_cert(leaf, intermediates, name, ocsp, now),
            Err(why) => Err(rustls::Error::General(why.clone())),
        };
        let anchor = self.anchor(&verdict, leaf, intermediates, name);
        let mut faults = faults(&chain, &name.to_str(), SystemClock.wall(), &anchor);
        let revoked = matches!(verdict, Err(rustls::Error::InvalidCertificate(CertificateError::Revoked)));
        let said = staple(ocsp, leaf).is_some_and(|s| s.status == Revocation::Revoked);
        if let (true, Some(of)) = (revoked || said, faults.first_mut()) {
            of.push(Fault::new(FaultKind::Revoked, if said { "says the staple" } else { "" }));
        }
        // Whatever it is that the verifier refuses is said.
        if let (Err(e), true, Some(of)) = (&verdict, faults.iter().all(Vec::is_empty), faults.first_mut()) {
            of.push(Fault::new(FaultKind::Refused, display_str(&e.to_string())));
        }
        with(&self.recorded, |r| (r.chain, r.faults, r.staple) = (chain, faults, ocsp.to_vec()));
        match verdict {
            Err(error) if !self.insecure => Err(error),
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signature(rustls::crypto::verify_tls12_signature(message, cert, dss, algorithms), message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        self.signature(rustls::crypto::verify_tls13_signature(message, cert, dss, algorithms), message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_registry() {
        assert_eq!(suite_name(rustls::CipherSuite::TLS13_AES_128_GCM_SHA256), "TLS_AES_128_GCM_SHA256");
        assert_eq!(
            suite_name(rustls::CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256),
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
        );
        assert_eq!(group_name(rustls::NamedGroup::X25519MLKEM768), "X25519MLKEM768");
        assert_eq!(group_name(rustls::NamedGroup::X25519), "x25519");
        assert_eq!(group_name(rustls::NamedGroup::secp256r1), "secp256r1");
        assert_eq!(scheme_name(SignatureScheme::ECDSA_NISTP256_SHA256), "ecdsa_secp256r1_sha256");
        assert_eq!(scheme_name(SignatureScheme::ED25519), "ed25519");
    }

    #[test]
    fn a_file_without_a_certificate_is_refused() {
        assert!(Trust::new(Some(b"hello")).is_err());
    }
}
