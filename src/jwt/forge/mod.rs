//! Tokens that a server must refuse, made of one that it takes: every variant of each family of attacks, with what it tries
//! and what it needs. Nothing is sent here.

mod brought;
mod claims;
pub mod edit;
mod form;
mod kid;
mod own;
mod table;
#[cfg(test)]
mod tests;
mod unsigned;

use serde_json::Value;

pub use claims::against;
pub use edit::Object;
pub use own::Own;
pub use table::{ASKED, EXPIRED, FAMILIES, Family, Lever, UNCHECKED, family};

use super::key::Key;
use super::{Decoded, Form, Kind, sign};
use crate::base::{Result, Stamp};

/// One token to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Its name within a run: that of the family and its own, for example `jwt-attack-none/NoNe`.
    pub id: String,
    /// The family it belongs to.
    pub family: &'static Family,
    /// What is special about it, in a few words.
    pub name: String,
    /// The token.
    pub token: Vec<u8>,
    /// It proves something only where the listener was asked.
    pub needs_hit: bool,
    /// It proves nothing where this family was let in, since it may have been taken for one of that.
    pub beside: Option<&'static Family>,
}

/// A family of which nothing can be made, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// The family.
    pub family: &'static Family,
    /// What is missing, as a sentence without its end.
    pub reason: String,
}

/// What can be made of a token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Forged {
    /// The variants, family by family in the order of [`FAMILIES`].
    pub variants: Vec<Variant>,
    /// Families without a variant.
    pub missing: Vec<Missing>,
}

/// What variants are made with.
#[derive(Clone, Copy)]
pub struct Materials<'a> {
    /// Public keys of the issuer.
    pub keys: &'a [Key],
    /// The key that signs its tokens, where it is known.
    pub signing: Option<&'a Key>,
    /// That key was guessed, which is a finding of its own.
    pub guessed: bool,
    /// Genuine tokens that must be refused all the same: expired, for another audience, of another issuer.
    pub others: &'a [Decoded],
    /// A key of our own to sign with.
    pub own: &'a Own,
    /// Where our listener is reached, without a slash at its end; `None` without one.
    pub listener: Option<&'a str>,
    /// Now.
    pub now: Stamp,
}

/// Every variant of a token.
pub fn variants(token: &Decoded, with: &Materials<'_>) -> Forged {
    let Some(mut bench) = Bench::new(token, with) else {
        let reason = match (token.kind, token.form) {
            (Kind::Jwe, _) => "the token is encrypted",
            (Kind::Jws | Kind::Nested, Form::Flattened | Form::General) => "the token is in the JSON serialization",
            (Kind::Jws | Kind::Nested, _) if token.is_detached() => "the payload of the token stands elsewhere",
            _ => "this is no signed token with a header that can be read",
        };
        let missing = FAMILIES.iter().map(|family| Missing { family, reason: reason.to_owned() });
        return Forged { variants: Vec::new(), missing: missing.collect() };
    };
    unsigned::add(&mut bench);
    brought::add(&mut bench);
    kid::add(&mut bench);
    claims::add(&mut bench);
    form::add(&mut bench);
    let Bench { mut forged, .. } = bench;
    let place = |family: &Family| FAMILIES.iter().position(|f| *f == family);
    forged.variants.sort_by_key(|v| place(v.family));
    forged.missing.sort_by_key(|m| place(m.family));
    forged
}

/// The token with its signature made wrong: another first byte, or some bytes where there were none.
pub fn broken(token: &Decoded) -> Vec<u8> {
    let mut signature = token.signature.clone();
    match signature.first_mut() {
        Some(byte) => *byte ^= 0x55,
        None => signature = vec![0x55; 32],
    }
    let [header, claims] = [&token.header, &token.claims].map(|p| p.encoded.as_bytes());
    [header, b".", claims, b".", unsigned::encode(&signature).as_bytes()].concat()
}

/// A token on the bench: its parts ready to be changed, and what was made of it so far.
struct Bench<'a> {
    token: &'a Decoded,
    with: &'a Materials<'a>,
    /// The header by member.
    header: Object,
    /// The bytes of the payload.
    payload: &'a [u8],
    /// The claims by member, where they can be read so.
    claims: Option<Object>,
    /// What the header says of the algorithm.
    alg: &'a str,
    forged: Forged,
}

impl<'a> Bench<'a> {
    fn new(token: &'a Decoded, with: &'a Materials<'a>) -> Option<Self> {
        // A signature over anything else than what stands between the dots cannot be compared with one made here.
        let is_whole = token.form == Form::Compact && !token.is_detached();
        if matches!(token.kind, Kind::Jwe | Kind::Other) || !is_whole {
            return None;
        }
        let payload = token.claims.bytes.as_bytes();
        Some(Self {
            token,
            with,
            header: Object::parse(token.header.bytes.as_bytes()).ok()?,
            payload,
            claims: Object::parse(payload).ok(),
            alg: token.header.get("alg").and_then(Value::as_str).unwrap_or_default(),
            forged: Forged::default(),
        })
    }

    /// Keeps a variant.
    fn add(&mut self, family: &'static Family, slug: &str, name: impl Into<String>, token: Vec<u8>) {
        let id = format!("{}/{slug}", family.rule.id);
        self.forged.variants.push(Variant { id, family, name: name.into(), token, needs_hit: false, beside: None });
    }

    /// Keeps a variant that was signed; what cannot be signed is none.
    fn add_signed(&mut self, family: &'static Family, slug: &str, name: impl Into<String>, token: Result<Vec<u8>>) {
        if let Ok(token) = token {
            self.add(family, slug, name, token);
        }
    }

    /// Says why there is no variant of a family.
    fn miss(&mut self, family: &'static Family, reason: &str) {
        self.forged.missing.push(Missing { family, reason: reason.to_owned() });
    }

    /// A token of this header and the payload as it is.
    fn signed(&self, header: &Object, alg: &str, key: &Key) -> Result<Vec<u8>> {
        sign::compact(&header.write(), self.payload, alg, Some(key))
    }

    /// The HMAC that goes with the algorithm of the token: HS384 for RS384.
    fn hmac(&self) -> &'static str {
        match self.alg.get(self.alg.len().saturating_sub(3)..) {
            Some("384") => "HS384",
            Some("512") => "HS512",
            _ => "HS256",
        }
    }
}
