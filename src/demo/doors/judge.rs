//! What a door lets in: strictly, or with the one mistake that it was given.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::keys::{self, Alg, Keys};

/// Who the tokens are from.
pub const ISSUER: &str = "https://shop.example";
/// Whom they are for.
pub const AUDIENCE: &str = "shop";
/// Where the files of keys stand that `kid` names.
const FOLDER: &str = "/srv/shop/keys/";

/// The one mistake of a door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// `alg` is believed when it says `none`.
    None,
    /// `none` is refused in this spelling alone.
    Spelling,
    /// The signature is read and not checked.
    Unchecked,
    /// The signature is checked where there is one.
    Stripped,
    /// The public key is taken for a secret where `alg` says HS256.
    Confused,
    /// The key that the token brings along is believed.
    Embedded,
    /// The key set that `jku` names is fetched and believed.
    Fetched,
    /// The key set of whatever issuer `iss` names is fetched and believed.
    Issuer,
    /// `kid` is a path.
    Path,
    /// `kid` is put into a query.
    Query,
    /// A signature of zeros is good for any token.
    Psychic,
    /// `exp` is not looked at.
    Expired,
    /// `aud` is not looked at.
    Audience,
}

/// A token in its three parts.
pub struct Token<'a> {
    /// Header.
    pub header: Map<String, Value>,
    /// Claims, before anything of them is checked.
    pub claims: Map<String, Value>,
    input: &'a [u8],
    signature: Vec<u8>,
}

/// Reads a token.
///
/// # Errors
/// What is wrong with it, in one sentence.
pub fn read(token: &str) -> Result<Token<'_>, &'static str> {
    let parts: Vec<&str> = token.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err("a token has three parts") };
    let object = |part: &str| {
        let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| "a part is not base64url")?;
        serde_json::from_slice(&bytes).map_err(|_| "a part is not a JSON object")
    };
    Ok(Token {
        header: object(header)?,
        claims: object(claims)?,
        input: &token.as_bytes()[..header.len() + 1 + claims.len()],
        signature: URL_SAFE_NO_PAD.decode(signature).map_err(|_| "the signature is not base64url")?,
    })
}

/// The claims of a token that is let in. `fetched` is the key set that its `jku` or its `iss` led to.
///
/// # Errors
/// Why it is not, in one sentence.
pub fn admit(
    token: Token<'_>,
    alg: Alg,
    mistake: Option<Mistake>,
    keys: &Keys,
    fetched: Option<&Value>,
    now: i64,
) -> Result<Map<String, Value>, &'static str> {
    if !is_signed(&token, alg, mistake, keys, fetched) {
        return Err("the signature is not good");
    }
    let claims = token.claims;
    let expires = claims.get("exp").and_then(Value::as_f64).ok_or("there is no exp")?;
    if expires <= now as f64 && mistake != Some(Mistake::Expired) {
        return Err("the token has expired");
    }
    let is_ours = |aud: &Value| aud == AUDIENCE || aud.as_array().is_some_and(|all| all.iter().any(|a| a == AUDIENCE));
    if !claims.get("aud").is_some_and(is_ours) && mistake != Some(Mistake::Audience) {
        return Err("the token is for another audience");
    }
    if claims.get("iss").is_none_or(|iss| iss != ISSUER) && mistake != Some(Mistake::Issuer) {
        return Err("the token is of another issuer");
    }
    Ok(claims)
}

fn is_signed(t: &Token<'_>, own: Alg, mistake: Option<Mistake>, keys: &Keys, fetched: Option<&Value>) -> bool {
    let alg = t.header.get("alg").and_then(Value::as_str).unwrap_or_default();
    let kid = t.header.get("kid").and_then(Value::as_str).unwrap_or_default();
    let (input, signature) = (t.input, t.signature.as_slice());
    let wrong = match mistake {
        Some(Mistake::None) => alg == "none" && signature.is_empty(),
        Some(Mistake::Spelling) => alg != "none" && alg.eq_ignore_ascii_case("none") && signature.is_empty(),
        Some(Mistake::Unchecked) => true,
        Some(Mistake::Stripped) => alg == own.name() && signature.is_empty(),
        Some(Mistake::Confused) => alg == "HS256" && keys::is_mac(keys.pem().as_bytes(), input, signature),
        Some(Mistake::Embedded) => t.header.get("jwk").is_some_and(|jwk| keys::verify_by(jwk, alg, input, signature)),
        Some(Mistake::Fetched | Mistake::Issuer) => {
            let set = fetched.and_then(|set| set.get("keys")).and_then(Value::as_array);
            set.is_some_and(|set| set.iter().any(|jwk| keys::verify_by(jwk, alg, input, signature)))
        }
        Some(Mistake::Path) => alg == "HS256" && reaches_null(kid) && keys::is_mac(b"", input, signature),
        Some(Mistake::Query) => {
            alg == "HS256" && selected(kid).is_some_and(|key| keys::is_mac(key.as_bytes(), input, signature))
        }
        Some(Mistake::Psychic) => alg == own.name() && signature.len() == 64 && signature.iter().all(|b| *b == 0),
        Some(Mistake::Expired | Mistake::Audience) | None => false,
    };
    wrong || (alg == own.name() && kid == own.kid() && keys.verify(own, input, signature))
}

/// Whether a path below the folder of keys leads to `/dev/null`, which reads as an empty key. No file is opened.
fn reaches_null(kid: &str) -> bool {
    let path = format!("{FOLDER}{kid}");
    let mut at: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => {}
            ".." => _ = at.pop(),
            step => at.push(step),
        }
    }
    at == ["dev", "null"]
}

/// The text that `SELECT key FROM keys WHERE name = '…'` gives when a second SELECT of a literal is put into it.
fn selected(kid: &str) -> Option<&str> {
    let (_, rest) = kid.split_once("' UNION SELECT '")?;
    rest.split_once('\'').map(|(literal, _)| literal)
}
