//! Floor 2: tokens. A lenient reader that never refuses and keeps every byte.
//!
//! A token is never shown through a validating library: such decoders refuse `alg: none`, unknown algorithms, numeric
//! `kid`, padding and five parts, all of which a reviewer must see.

pub mod alg;
pub mod attack;
mod base64url;
pub mod confusion;
pub mod crack;
mod explain;
pub mod forge;
pub mod key;
mod object;
mod read;
pub mod sign;
pub mod verify;

use serde_json::Value;

use crate::base::Untrusted;

pub use explain::{Member, explain, members};
pub use read::decode;

pub use key::{Key, Keys};

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

/// One JSON object of a token: its bytes, and its members in order with duplicates kept.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    /// The encoded segment as it came.
    pub encoded: Untrusted,
    /// The decoded bytes, whatever they are.
    pub bytes: Untrusted,
    /// Members in order, duplicates kept; empty when the bytes are not a JSON object.
    pub members: Vec<(String, Value)>,
    /// What is odd about this part, in words; empty when it is canonical.
    pub oddities: Vec<String>,
}

impl Part {
    /// The last member of that name, as lax parsers choose it.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.members.iter().rev().find(|(n, _)| n == name).map(|(_, v)| v)
    }
}

/// A token as read.
#[derive(Debug, Clone, PartialEq)]
pub struct Decoded {
    /// What it is.
    pub kind: Kind,
    /// The token itself, trimmed of `Bearer` and white space.
    pub token: Untrusted,
    /// First part.
    pub header: Part,
    /// Second part of a signed token; empty for an encrypted one.
    pub claims: Part,
    /// Signature, decoded as far as it could be.
    pub signature: Vec<u8>,
    /// What is odd about the token as a whole, in words.
    pub oddities: Vec<String>,
    /// The token inside, when the payload is one; opened at most [`NESTING`] deep.
    pub inner: Option<Box<Decoded>>,
}

impl Decoded {
    /// The bytes that the signature covers (RFC 7515 section 5.2): the header and the payload as they stand in the token.
    pub fn signing_input(&self) -> Vec<u8> {
        [self.header.encoded.as_bytes(), b".", self.claims.encoded.as_bytes()].concat()
    }
}
