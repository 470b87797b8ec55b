//! Tokens of the shop: signed with a secret out of a tutorial, which is the first thing a reviewer should find.

use base64::Engine as _;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use super::http::Answer;

/// The secret, as tutorials print it.
pub const SECRET: &str = "your_secret_key";
/// How long a token lives, in seconds.
pub const LIFETIME: i64 = 900;

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Claims {
    /// Number of the user, as text.
    pub sub: String,
    /// Name of the user.
    pub name: String,
    /// `user` or `admin`.
    pub role: String,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// When it dies, in seconds since 1970.
    pub exp: i64,
}

impl Claims {
    /// What a token made at `now` says of a user.
    pub fn new(id: u64, name: &str, role: &str, now: i64) -> Self {
        Self { sub: id.to_string(), name: name.to_owned(), role: role.to_owned(), iat: now, exp: now + LIFETIME }
    }

    /// Signed with HS256. The same claims and secret always give the same token.
    pub fn sign(&self, secret: &[u8]) -> String {
        jsonwebtoken::encode(&Header::default(), self, &EncodingKey::from_secret(secret))
            .expect("claims of plain text and numbers can be written, and HMAC takes any key")
    }
}

/// Checks the `Authorization` of a request against the secret of the shop.
///
/// # Errors
/// A 401 with its challenge (RFC 6750 section 3): no error code where no token was sent.
pub fn bearer(authorization: Option<&str>, secret: &[u8]) -> Result<Claims, Answer> {
    let Some((scheme, token)) = authorization.and_then(|a| a.trim().split_once(' ')) else {
        return Err(refuse("a token is needed: POST /api/login gives one", ""));
    };
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(refuse("the scheme is Bearer", ""));
    }
    let mut validation = Validation::new(Algorithm::HS256);
    validation.leeway = 0;
    jsonwebtoken::decode::<Claims>(token.trim(), &DecodingKey::from_secret(secret), &validation)
        .map(|data| data.claims)
        .map_err(|e| refuse(&format!("the token is not good: {e}"), ", error=\"invalid_token\""))
}

/// A 401 with its challenge; `error` is what stands in it after the realm.
pub fn refuse(detail: &str, error: &str) -> Answer {
    Answer::problem(401, detail).header("WWW-Authenticate", format!("Bearer realm=\"shop\"{error}"))
}

/// A session identifier that looks like one, made from the token.
pub fn session(token: &str) -> String {
    let digest = crate::base::hash::sha256_hex(token.as_bytes());
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(&digest.as_bytes()[..24])
}
