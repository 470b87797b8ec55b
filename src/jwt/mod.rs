//! Floor 2: tokens. A lenient reader that never refuses and keeps every byte.
//!
//! A token is never shown through a validating library: such decoders refuse `alg: none`, unknown algorithms, numeric
//! `kid`, padding and five parts, all of which a reviewer must see.

pub mod alg;
pub mod attack;
mod base64url;
pub mod check;
pub mod confusion;
pub mod crack;
mod explain;
pub mod forge;
pub mod jwe;
pub mod key;
pub mod lint;
mod object;
mod read;
pub mod sign;
mod signin;
pub mod verify;

#[cfg(test)]
mod vectors;

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::base::Untrusted;

pub use explain::{Member, explain, members, numeric_date};
pub use read::decode;
pub use signin::{StepUp, step_up};

pub use key::{Key, Keys};
pub use object::Span;

/// How many tokens deep a nested token is opened.
pub const NESTING: usize = 4;

/// What kind of token the bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A signed (or unsigned) token of three parts, RFC 7515.
    Jws,
    /// An encrypted token of five parts, RFC 7516.
    Jwe,
    /// A signed token whose payload is itself a token.
    Nested,
    /// Anything else.
    Other,
}

impl Kind {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Jws => "jws",
            Self::Jwe => "jwe",
            Self::Nested => "nested",
            Self::Other => "other",
        }
    }
}

/// How a token is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Parts with dots between them.
    Compact,
    /// A JSON object with one signature or recipient.
    Flattened,
    /// A JSON object with a list of them.
    General,
    /// A JSON object that is no token.
    Bare,
}

impl Form {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Compact => "compact",
            Self::Flattened => "flattened",
            Self::General => "general",
            Self::Bare => "bare",
        }
    }
}

/// One JSON object of a token: its bytes, and its members in order with duplicates kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// The encoded segment as it came.
    pub encoded: Untrusted,
    /// The decoded bytes, whatever they are.
    pub bytes: Untrusted,
    /// Members in order, duplicates kept; empty when the bytes are not a JSON object.
    pub members: Vec<(String, Value)>,
    /// Where each member stands in [`Part::bytes`].
    pub spans: Vec<Span>,
    /// Where the segment begins in the token; `None` where it does not stand there as it is, as in a JSON string with
    /// escapes.
    pub at: Option<usize>,
    /// True for a segment that is not encoded.
    pub raw: bool,
    /// What is odd about this part, in words; empty when it is canonical.
    pub oddities: Vec<String>,
}

impl Part {
    /// The last member of that name, as lax parsers choose it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v)
    }

    /// The bytes of the token text that carry the member at `index`, name and value; `None` where it stands nowhere exact.
    pub fn place(&self, index: usize) -> Option<Range<usize>> {
        let (span, at) = (self.spans.get(index)?, self.at?);
        if self.raw {
            return Some(at + span.name..at + span.end);
        }
        let inside = base64url::carriers(self.encoded.as_bytes(), span.name..span.end);
        Some(at + inside.start..at + inside.end)
    }
}

/// One signature of a token in the general JSON serialization (RFC 7515 section 7.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// The protected header.
    pub header: Part,
    /// The members of the unprotected header, which no signature covers.
    pub unprotected: Vec<(String, Value)>,
    /// The signature, decoded as far as it could be.
    pub signature: Vec<u8>,
    /// The signature as it stands.
    pub encoded_signature: Untrusted,
    /// What is odd about it, in words.
    pub oddities: Vec<String>,
}

/// One whom a token is encrypted for (RFC 7516 section 7.2.1).
#[derive(Debug, Clone, PartialEq)]
pub struct Recipient {
    /// The members of its own header, which nothing protects.
    pub header: Vec<(String, Value)>,
    /// The key of the content, encrypted for it; empty where it is agreed on or shared.
    pub key: Vec<u8>,
}

/// What an encrypted token holds beside its header (RFC 7516 section 2), decoded as far as it could be.
#[derive(Debug, Clone, PartialEq)]
pub struct Encrypted {
    /// Whom it is encrypted for; the compact form has one.
    pub recipients: Vec<Recipient>,
    /// The initialization vector.
    pub iv: Vec<u8>,
    /// The ciphertext.
    pub ciphertext: Vec<u8>,
    /// The authentication tag.
    pub tag: Vec<u8>,
    /// What else the tag covers: the header as it stands, and in the JSON serialization its `aad`.
    pub additional: Vec<u8>,
}

/// A token as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// What it is.
    pub kind: Kind,
    /// How it is written.
    pub form: Form,
    /// The token itself, trimmed of `Bearer` and white space.
    pub token: Untrusted,
    /// Where the parts of the compact form stand in it: at most six, the last with all that follows.
    pub parts: Vec<Range<usize>>,
    /// First part; of several signatures that of the first.
    pub header: Part,
    /// Members beside the header that nothing protects; the compact form has none.
    pub unprotected: Vec<(String, Value)>,
    /// Second part of a signed token; empty for an encrypted one.
    pub claims: Part,
    /// Signature, decoded as far as it could be; of several the first.
    pub signature: Vec<u8>,
    /// The signature as it stands.
    pub encoded_signature: Untrusted,
    /// The signatures after the first.
    pub others: Vec<Signed>,
    /// What an encrypted token holds.
    pub encrypted: Option<Encrypted>,
    /// What is odd about the token as a whole, in words.
    pub oddities: Vec<String>,
    /// The token inside, when the payload is one; opened at most [`NESTING`] deep.
    pub inner: Option<Box<Decoded>>,
}

impl Decoded {
    /// A member of the header: the protected one first, as only that is what was signed.
    pub fn header_member(&self, name: &str) -> Option<&Value> {
        member(&self.header, &self.unprotected, name)
    }

    /// The bytes that the signature covers (RFC 7515 section 5.2): the header and the payload as they stand in the token.
    pub fn signing_input(&self) -> Vec<u8> {
        self.signing_input_of(&self.header)
    }

    /// The same for another of its signatures, by the protected header of that.
    fn signing_input_of(&self, header: &Part) -> Vec<u8> {
        [header.encoded.as_bytes(), b".", self.claims.encoded.as_bytes()].concat()
    }

    /// True for a signature whose payload is kept elsewhere (RFC 7515 appendix F).
    pub fn is_detached(&self) -> bool {
        self.claims.encoded.is_empty() && !self.encoded_signature.is_empty()
    }

    /// Puts the payload of a detached signature in. It is encoded, unless the header says otherwise (RFC 7797 section 3).
    pub fn attach(&mut self, payload: &[u8]) {
        let raw = self.header.get("b64") == Some(&Value::Bool(false));
        let encoded = if raw { payload.to_vec() } else { URL_SAFE_NO_PAD.encode(payload).into_bytes() };
        // It stands nowhere in the token.
        self.claims = read::payload_part(&encoded, raw, None);
    }

    /// Puts what was found inside an encrypted token in, as claims, or as a token of its own.
    pub fn fill(&mut self, content: &[u8]) {
        self.claims = read::payload_part(content, true, None);
        self.inner = read::inside(content).map(Box::new);
        if self.inner.is_some() {
            self.claims.oddities.clear();
        }
    }

    /// The token put together from its parts again: the bytes it was read from.
    pub fn encode(&self) -> Vec<u8> {
        if self.form != Form::Compact {
            return self.token.as_bytes().to_vec();
        }
        let mut out = Vec::with_capacity(self.token.len());
        for (i, range) in self.parts.iter().enumerate() {
            if i > 0 {
                out.push(b'.');
            }
            out.extend_from_slice(match (self.kind, i) {
                (_, 0) => self.header.encoded.as_bytes(),
                (Kind::Jws | Kind::Nested | Kind::Other, 1) => self.claims.encoded.as_bytes(),
                (Kind::Jws | Kind::Nested | Kind::Other, 2) => self.encoded_signature.as_bytes(),
                _ => self.token.as_bytes().get(range.clone()).unwrap_or_default(),
            });
        }
        out
    }
}

/// A member of a protected header, or else of what stands beside it.
fn member<'a>(header: &'a Part, unprotected: &'a [(String, Value)], name: &str) -> Option<&'a Value> {
    header.get(name).or_else(|| unprotected.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v))
}
