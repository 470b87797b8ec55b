//! Tokens for tests: correct ones of each profile, and what is changed in them.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

use crate::base::{Finding, Stamp};
use crate::jwt::crack::Guessed;
use crate::jwt::key::{Key, Keys};
use crate::jwt::lint::{Asked, Caching, Place, Profile, Situation, lint};
use crate::jwt::{Decoded, decode};

/// The time that all tests are at.
pub const NOW: i64 = 1_700_000_000;

/// A token and what is known beside it.
#[derive(Clone)]
pub struct Sample {
    pub header: Map<String, Value>,
    pub claims: Map<String, Value>,
    pub signature: Vec<u8>,
    /// The whole token, where it is none that the rest describes.
    pub whole: Option<String>,
    pub profile: Option<Profile>,
    pub keys: Option<Keys>,
    pub cache: Caching<'static>,
    pub metadata: Option<Value>,
    pub place: Option<Place>,
    pub host: Option<&'static str>,
    pub asked: Option<Asked>,
    pub secret: Option<Guessed>,
    pub fapi: bool,
    pub accepted: Option<bool>,
    pub earlier: Vec<Decoded>,
    pub outlived: Option<bool>,
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        other => panic!("{other} is no object"),
    }
}

impl Sample {
    fn new(header: Value, claims: Value, signature: Vec<u8>) -> Self {
        Self {
            header: object(header),
            claims: object(claims),
            signature,
            whole: None,
            profile: None,
            keys: None,
            cache: Caching::Unknown,
            metadata: None,
            place: None,
            host: None,
            asked: None,
            secret: None,
            fapi: false,
            accepted: None,
            earlier: Vec::new(),
            outlived: None,
        }
    }

    /// A correct access token.
    pub fn access() -> Self {
        Self::new(
            json!({"alg": "RS256", "typ": "at+jwt", "kid": "k1"}),
            json!({
                "iss": "https://issuer.example.com", "aud": "https://api.example.com", "sub": "5ba552d67f", "client_id": "s6BhdRkqt3",
                "exp": NOW + 600, "iat": NOW - 60, "jti": "dbe39bf3a3ba4238a513f51d6e1691c4", "scope": "orders:read orders:write",
                "cnf": {"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"},
            }),
            vec![0x5a; 256],
        )
    }

    /// A correct ID token.
    pub fn id() -> Self {
        Self::new(
            json!({"alg": "ES256", "kid": "k1"}),
            json!({
                "iss": "https://issuer.example.com", "aud": "s6BhdRkqt3", "sub": "248289761001ab", "exp": NOW + 600, "iat": NOW - 60,
                "nonce": "n-0S6_WzA2Mj", "auth_time": NOW - 90, "acr": "urn:mace:incommon:iap:silver", "amr": ["pwd", "otp"],
            }),
            vec![0x5a; 64],
        )
    }

    /// A correct client assertion.
    pub fn assertion() -> Self {
        Self::new(
            json!({"alg": "PS256", "kid": "k1"}),
            json!({
                "iss": "s6BhdRkqt3", "sub": "s6BhdRkqt3", "aud": "https://issuer.example.com", "exp": NOW + 60, "iat": NOW - 1,
                "jti": "5c1f9e4a",
            }),
            vec![0x5a; 256],
        )
    }

    /// A correct DPoP proof.
    pub fn dpop() -> Self {
        // The key of RFC 9449 section 4.1.
        let jwk = json!({
            "kty": "EC", "x": "l8tFrhx-34tV3hRICRDY9zCkDlpBhF42UQUfWVAWBFs", "y": "9VE4jf_Ok_o64zbTTlcuNJajHmt6v9TDVrU0CdvGRDA",
            "crv": "P-256",
        });
        Self::new(
            json!({"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}),
            json!({"jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": "https://server.example.com/token", "iat": NOW - 1}),
            vec![0x5a; 64],
        )
    }

    /// A correct logout token.
    pub fn logout() -> Self {
        Self::new(
            json!({"alg": "RS256", "kid": "k1", "typ": "logout+jwt"}),
            json!({
                "iss": "https://issuer.example.com", "aud": "s6BhdRkqt3", "sub": "248289761001ab", "iat": NOW - 1, "exp": NOW + 120,
                "jti": "bWJq", "sid": "08a5019c", "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
            }),
            vec![0x5a; 256],
        )
    }

    /// A correct encrypted token, of which nothing inside can be seen.
    pub fn encrypted() -> Self {
        let header = json!({"alg": "RSA-OAEP-256", "enc": "A256GCM", "cty": "JWT", "kid": "k1"});
        let mut out = Self::new(header, json!({}), Vec::new());
        out.claims.clear();
        out
    }

    /// A correct access token with a code, made with this secret, which is not given.
    pub fn hmac(secret: &[u8]) -> Self {
        let mut out = Self::access().alg("HS256");
        out.header.remove("kid");
        out.sign(secret)
    }

    pub fn alg(self, alg: &str) -> Self {
        self.head("alg", alg)
    }
    pub fn head(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.header.insert(name.to_owned(), value.into());
        self
    }
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }
    pub fn without(mut self, name: &str) -> Self {
        assert!(self.header.shift_remove(name).is_some() | self.claims.shift_remove(name).is_some(), "{name}");
        self
    }
    pub fn signature(self, signature: impl Into<Vec<u8>>) -> Self {
        Self { signature: signature.into(), ..self }
    }
    pub fn whole(self, whole: impl Into<String>) -> Self {
        Self { whole: Some(whole.into()), ..self }
    }
    /// The same with these texts for header and claims, where a map cannot hold them.
    pub fn parts(self, header: &str, claims: impl AsRef<[u8]>) -> Self {
        let whole = format!("{}.{}.{}", b64(header), b64(claims), b64(&self.signature));
        self.whole(whole)
    }
    pub fn given(self, change: impl FnOnce(&mut Self)) -> Self {
        let mut out = self;
        change(&mut out);
        out
    }
    pub fn key(self, key: Key) -> Self {
        self.given(|s| s.keys.get_or_insert_default().keys.push(key))
    }
    pub fn set(self, json: &Value) -> Self {
        let keys = crate::jwt::key::read(json.to_string().as_bytes(), "jwks.json").expect("a key set");
        self.given(|s| s.keys = Some(keys))
    }
    pub fn asked(self, asked: Asked) -> Self {
        Self { asked: Some(asked), ..self }
    }
    pub fn place(self, place: Place) -> Self {
        Self { place: Some(place), ..self }
    }

    pub fn sign(mut self, secret: &[u8]) -> Self {
        let code = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), self.input().as_bytes());
        self.signature = code.as_ref().to_vec();
        self
    }

    fn input(&self) -> String {
        let json = |m: &Map<String, Value>| b64(Value::Object(m.clone()).to_string());
        format!("{}.{}", json(&self.header), json(&self.claims))
    }

    pub fn text(&self) -> String {
        if let Some(whole) = &self.whole {
            return whole.clone();
        }
        if self.header.contains_key("enc") {
            return format!(
                "{}.{}.{}.{}.{}",
                b64(Value::Object(self.header.clone()).to_string()),
                b64("key"),
                b64("iv"),
                b64("text"),
                b64("tag")
            );
        }
        format!("{}.{}", self.input(), b64(&self.signature))
    }

    pub fn decoded(&self) -> Decoded {
        decode(self.text().as_bytes())
    }

    pub fn findings(&self) -> Vec<Finding> {
        let token = self.decoded();
        lint(&Situation {
            profile: self.profile,
            keys: self.keys.as_ref(),
            keys_cache: self.cache,
            metadata: self.metadata.as_ref(),
            place: self.place,
            host: self.host,
            asked: self.asked.as_ref(),
            secret: self.secret.as_ref(),
            fapi: self.fapi,
            accepted: self.accepted,
            earlier: &self.earlier,
            outlived: self.outlived,
            ..Situation::new(&token, Stamp::from_unix(NOW).expect("in range"))
        })
    }
}

pub fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A hash in base64url, as `ath` and thumbprints are.
pub fn hash(bytes: &[u8]) -> String {
    b64(digest(&SHA256, bytes))
}

/// A certificate in base64 of DER, signed by itself or by another one, until some year.
pub fn certificate(by_itself: bool, until: i32) -> String {
    let mut parameters = rcgen::CertificateParams::new(vec!["signer.example.com".to_owned()]).expect("a name");
    parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(until, 1, 1);
    parameters.distinguished_name.push(rcgen::DnType::CommonName, "signer");
    let key = rcgen::KeyPair::generate().expect("a key");
    let made = if by_itself {
        parameters.self_signed(&key).expect("a certificate")
    } else {
        let mut of_issuer = rcgen::CertificateParams::new(Vec::new()).expect("no names");
        of_issuer.distinguished_name.push(rcgen::DnType::CommonName, "issuer");
        let issuer = rcgen::Issuer::new(of_issuer, rcgen::KeyPair::generate().expect("a key"));
        parameters.signed_by(&key, &issuer).expect("a certificate")
    };
    STANDARD.encode(made.der())
}

/// Two good keys, as a set.
pub fn good_set() -> Value {
    let key = |alg: &str, kid: &str| {
        let mut jwk = Key::generate(alg).expect("a key").public_jwk();
        jwk["kid"] = kid.into();
        jwk["use"] = "sig".into();
        jwk["alg"] = alg.into();
        jwk
    };
    json!({"keys": [key("RS256", "k1"), key("ES256", "k2")]})
}
