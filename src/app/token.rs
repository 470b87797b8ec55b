//! Use case: tokens, read wherever they stand, checked with the keys that are known, and made.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::base::secret::{find_tokens, mask_url};
use crate::base::text::{display, display_str};
use crate::base::{Error, Exit, Result, Secret};
use crate::jwt::alg::{Family, algorithm};
use crate::jwt::key::{self, Key, Keys};
use crate::jwt::sign::compact;
use crate::jwt::{Decoded, Kind, decode};
use crate::wire::{Exchange, Load};

use super::fetched::{is_url, named};

pub use crate::jwt::check::{Checked, check as verify};

/// Tokens looked for in one exchange.
const MOST: usize = 20;
/// Bytes of a body in which tokens are looked for.
const MOST_SEARCHED: usize = 16 << 20;
/// Bytes of a file or a reply that keys are read from.
const MOST_KEYS: u64 = 16 << 20;
/// Bytes of the metadata of an issuer.
const MOST_METADATA: u64 = 1 << 20;

/// Reads a token; whatever the bytes are, something comes back. A token that stands in other text, such as a header, a
/// line of a log or a command, is taken out of it.
pub fn read(input: &[u8]) -> Decoded {
    let whole = decode(input);
    let bare = |b: &u8| b.is_ascii_alphanumeric() || b.is_ascii_whitespace() || b"-_.+/=".contains(b);
    // Text with two dots in it looks like three parts as well; a token begins with an object.
    let has_header = matches!(whole.kind, Kind::Jws | Kind::Jwe | Kind::Nested) && !whole.header.members.is_empty();
    if has_header || whole.token.as_bytes().iter().all(bare) {
        return whole;
    }
    let found = find_tokens(input);
    let Some(first) = found.first() else { return whole };
    let mut token = decode(&input[first.clone()]);
    token.oddities.push(match found.len() {
        1 => "taken out of the text around it".to_owned(),
        n => format!("taken out of the text around it, which holds {n} tokens: this is the first"),
    });
    token
}

/// Where keys are.
#[derive(Debug, Default)]
pub struct Sources {
    /// A shared secret.
    pub secret: Option<Secret>,
    /// Files, and URLs of key sets, which the loader has to be able to fetch.
    pub files: Vec<PathBuf>,
    /// An issuer whose metadata names its key set.
    pub issuer: Option<String>,
}

/// The keys that are known, and where they were learnt.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// All of them: the secret first, then files and URLs in order, then those of the issuer.
    pub keys: Keys,
    /// The metadata of the issuer.
    pub metadata: Option<Value>,
}

impl Known {
    /// The same with more behind them.
    #[must_use]
    pub fn with(&self, more: Self) -> Self {
        let mut all = self.clone();
        add(&mut all.keys, more.keys);
        all.metadata = more.metadata.or(all.metadata);
        all
    }
}

/// Reads the keys of all sources. What is named in a token is never fetched.
///
/// # Errors
/// A source that cannot be read or holds no key, a host that is not in scope.
pub fn keys(sources: &Sources, files: &dyn Load) -> Result<Known> {
    let mut known = Known::default();
    known.keys.keys.extend(sources.secret.clone().map(Key::secret));
    for path in &sources.files {
        let read = key::read(&files.whole(path, MOST_KEYS)?, &named(path))?;
        add(&mut known.keys, read);
    }
    if let Some(issuer) = &sources.issuer {
        let (metadata, keys) = fetch_keys(issuer, files)?;
        add(&mut known.keys, keys);
        known.metadata = Some(metadata);
    }
    Ok(known)
}

/// Whether a key fits the algorithm that the header of a token names.
pub fn fits(token: &Decoded, key: &Key) -> bool {
    token.header.get("alg").and_then(Value::as_str).and_then(algorithm).is_some_and(|alg| key.fits(alg))
}

fn add(all: &mut Keys, more: Keys) {
    all.set |= more.set;
    all.keys.extend(more.keys);
    all.problems.extend(more.problems);
}

/// The metadata of an issuer (OpenID Connect Discovery 1.0 section 4, or RFC 8414 section 3) and the key set it names.
///
/// # Errors
/// Neither document is there, it names no key set, or a host of either is not in scope.
pub fn fetch_keys(issuer: &str, files: &dyn Load) -> Result<(Value, Keys)> {
    let shown = display(&mask_url(issuer.as_bytes()));
    let (metadata, url) = metadata(issuer, files)?;
    let Some(set) = metadata.get("jwks_uri").and_then(Value::as_str) else {
        return Err(Error::input("the metadata names no key set: there is no jwks_uri in it").at(display_str(&url)));
    };
    if !is_url(Path::new(set)) {
        return Err(Error::input(format!("its jwks_uri, {}, is no URL", display_str(set))).at(display_str(&url)));
    }
    let bytes = files.whole(Path::new(set), MOST_KEYS).map_err(|e| match e.exit {
        Exit::Refused => e.hint("the issuer keeps its keys on another host: --allow HOST admits it"),
        _ => e,
    })?;
    let mut keys = key::read(&bytes, &named(Path::new(set)))?;
    match metadata.get("issuer").and_then(Value::as_str) {
        Some(own) if own == issuer => {}
        Some(own) => keys
            .problems
            .push(format!("the metadata is of the issuer {}, not of {shown} (RFC 8414 section 3.3)", display_str(own))),
        None => keys.problems.push("the metadata does not say whose it is".to_owned()),
    }
    Ok((metadata, keys))
}

/// The metadata document of an issuer, and where it stood.
fn metadata(issuer: &str, files: &dyn Load) -> Result<(Value, String)> {
    let (scheme, rest) = issuer
        .split_once("://")
        .ok_or_else(|| Error::input(format!("{} is no URL", display_str(issuer))).hint("write https://HOST/PATH"))?;
    let (host, path) = rest.trim_end_matches('/').split_once('/').unwrap_or((rest.trim_end_matches('/'), ""));
    let path = if path.is_empty() { String::new() } else { format!("/{path}") };
    let places = [
        format!("{scheme}://{host}{path}/.well-known/openid-configuration"),
        format!("{scheme}://{host}/.well-known/oauth-authorization-server{path}"),
    ];
    let mut failed = None;
    for url in places {
        let read = files.whole(Path::new(&url), MOST_METADATA).and_then(|bytes| {
            serde_json::from_slice::<Value>(&bytes)
                .ok()
                .filter(Value::is_object)
                .ok_or_else(|| Error::input("this is no JSON object").at(display_str(&url)))
        });
        match read {
            Ok(value) => return Ok((value, url)),
            // What keeps the one from being asked keeps the other from it too.
            Err(e) if e.exit != Exit::Usage => return Err(e),
            Err(e) => failed = failed.or(Some(e)),
        }
    }
    Err(failed.unwrap_or_else(|| Error::input("the issuer has no metadata")))
}

/// What a token is to be made of.
#[derive(Debug, Default)]
pub struct Making {
    /// The header, byte for byte; else one that names the algorithm and the key.
    pub header: Option<Vec<u8>>,
    /// The payload, byte for byte.
    pub claims: Vec<u8>,
    /// The algorithm that signs, whatever the header says; else that of the header, or the usual one of the key.
    pub alg: Option<String>,
}

/// Makes a compact token. Nothing in header and claims is changed. Without keys the signature is empty; of several the
/// first signs that can, one with the `kid` of the header before others.
///
/// # Errors
/// None of the keys can make such a signature.
pub fn sign(making: &Making, keys: Option<&[Key]>) -> Result<Vec<u8>> {
    let object = making.header.as_ref().map(|h| decode(&compact(h, b"", "none", None).unwrap_or_default()).header);
    let named = |name: &str| object.as_ref().and_then(|o| o.get(name));
    let Some(keys) = keys else {
        let header = making.header.as_deref().unwrap_or(br#"{"alg":"none","typ":"JWT"}"#);
        return compact(header, &making.claims, "none", None);
    };
    let alg = making.alg.as_deref().or_else(|| named("alg").and_then(Value::as_str).filter(|a| algorithm(a).is_some()));
    if alg.and_then(algorithm).is_some_and(|a| a.family == Family::None) {
        return Err(Error::input("an algorithm of none takes no key").hint("use --unsigned, or name one with --alg"));
    }
    let can = |key: &&Key| key.is_private() && alg.and_then(algorithm).is_none_or(|a| key.fits(a));
    let kid = named("kid");
    let key = keys
        .iter()
        .filter(can)
        .find(|k| kid.is_some() && k.kid.as_ref() == kid)
        .or_else(|| keys.iter().find(can))
        .or(keys.first())
        .ok_or_else(|| {
            Error::input("there is no key to sign with").hint("give --secret or --key, or use --unsigned")
        })?;
    let alg = alg
        .or_else(|| key.usual_algorithm())
        .ok_or_else(|| Error::input(format!("a key that is {} signs nothing here", key.words())).at(key.name()))?;
    let header = making.header.clone().unwrap_or_else(|| {
        let mut members = serde_json::Map::new();
        members.insert("alg".to_owned(), alg.into());
        members.insert("typ".to_owned(), "JWT".into());
        members.extend(key.kid.clone().map(|kid| ("kid".to_owned(), kid)));
        Value::Object(members).to_string().into_bytes()
    });
    compact(&header, &making.claims, alg, Some(key))
}

/// Every token of an exchange and where it stands: the reply first, as that is what a reviewer has not seen yet.
pub fn find(x: &Exchange) -> Vec<(String, Decoded)> {
    let mut out: Vec<(String, Decoded)> = Vec::new();
    let mut look = |place: &str, bytes: &[u8]| {
        for range in find_tokens(bytes) {
            let token = &bytes[range];
            if out.len() < MOST && !out.iter().any(|(_, t)| t.token.as_bytes() == token) {
                out.push((place.to_owned(), decode(token)));
            }
        }
    };
    if let Some(r) = &x.response {
        look("reply body", &r.body[..r.body.len().min(MOST_SEARCHED)]);
        for (n, v) in &r.headers {
            look(&format!("reply header {n}"), v.as_bytes());
        }
    }
    for (n, v) in &x.request.headers {
        look(&format!("request header {}", display_str(&String::from_utf8_lossy(n))), v);
    }
    look("request target", &x.request.target);
    look("request body", &x.request.body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::{Request, Response};

    #[test]
    fn finds_each_token_once_and_says_where() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
        let request =
            Request::new("GET", b"http://h/").expect("url").header("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.");
        let mut x = Exchange::new(1, Stamp::from_unix(0).expect("time"), request);
        x.response = Some(Response {
            body: format!("{{\"a\":\"{token}\",\"b\":\"{token}\"}}").into_bytes().into(),
            ..Response::default()
        });
        let found = find(&x);
        let places: Vec<&str> = found.iter().map(|(p, _)| p.as_str()).collect();
        assert_eq!(places, ["reply body", "request header Authorization"]);
    }
}
