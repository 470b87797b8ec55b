//! Keys of our own, which no server has a reason to trust.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::{Value, json};

use super::super::key::{self, Key};
use crate::base::{Error, Result};
use crate::wire::Page;

/// What they are called.
pub const KID: &str = "lunette";

/// One key of our own, with a certificate that it signed itself.
pub struct Pair {
    /// The algorithm it signs with.
    pub alg: &'static str,
    /// The private key.
    pub key: Key,
    /// Its certificate, DER.
    pub certificate: Vec<u8>,
}

/// An RSA key and one on P-256, made for one run.
pub struct Own {
    /// Both.
    pub pairs: [Pair; 2],
}

/// Path of the key set at the listener.
pub const KEY_SET: &str = "/jwks.json";
/// Paths of the metadata below an issuer (OpenID Connect Discovery 1.0 section 4), and of what is asked for without any.
const METADATA: [&str; 2] = ["/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"];
/// Paths of the certificates at the listener, in the order of the pairs.
pub const CHAINS: [&str; 2] = ["/rsa.pem", "/ec.pem"];

impl Own {
    /// Makes both keys.
    ///
    /// # Errors
    /// When the system gives no randomness.
    pub fn make() -> Result<Self> {
        let failed = |e: rcgen::Error| Error::input(format!("a key to sign attacks with cannot be made: {e}"));
        let rsa = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).map_err(failed)?;
        let ec = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
        Ok(Self { pairs: [Pair::new("RS256", &rsa).map_err(failed)??, Pair::new("ES256", &ec).map_err(failed)??] })
    }

    /// What the listener serves below `prefix`, where it is reached at `base`: the key set, a certificate for each key, and the
    /// metadata of an issuer that names the key set.
    pub fn pages(&self, prefix: &str, base: &str) -> Vec<Page> {
        let keys: Vec<Value> = self.pairs.iter().map(Pair::jwk).collect();
        let set = json!({ "keys": keys }).to_string().into();
        let mut pages = vec![Page { path: format!("{prefix}{KEY_SET}"), media: "application/json", body: set }];
        let metadata = json!({
            "issuer": base,
            "jwks_uri": format!("{base}{KEY_SET}"),
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": self.pairs.each_ref().map(|p| p.alg),
        });
        for path in METADATA {
            let body = metadata.to_string().into();
            pages.push(Page { path: format!("{prefix}{path}"), media: "application/json", body });
        }
        for (pair, path) in self.pairs.iter().zip(CHAINS) {
            let body = key::armour("CERTIFICATE", &pair.certificate).into();
            pages.push(Page { path: format!("{prefix}{path}"), media: "application/x-pem-file", body });
        }
        pages
    }
}

impl Pair {
    fn new(alg: &'static str, pair: &KeyPair) -> Result<Result<Self>, rcgen::Error> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, KID);
        let certificate = params.self_signed(pair)?.der().to_vec();
        let read = key::read(&pair.serialize_der(), "a key of our own");
        Ok(read.and_then(|mut read| match read.keys.pop() {
            Some(key) => Ok(Self { alg, key, certificate }),
            None => Err(Error::input("a key that was made cannot be read")),
        }))
    }

    /// The public key as a JWK that says what it is for.
    pub fn jwk(&self) -> Value {
        let mut jwk = self.key.public_jwk();
        jwk["kid"] = KID.into();
        jwk["use"] = "sig".into();
        jwk["alg"] = self.alg.into();
        jwk
    }

    /// The certificate as a member of `x5c` (RFC 7515 section 4.1.6): base64 and not base64url.
    pub fn x5c(&self) -> Value {
        json!([STANDARD.encode(&self.certificate)])
    }
}
