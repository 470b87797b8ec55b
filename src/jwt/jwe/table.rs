//! The algorithms of encrypted tokens, in two tables: how the content key is had, and how the content is encrypted.

use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
};

use crate::jwt::alg::Hash;

/// How the content key is had.
#[derive(Debug, Clone, Copy)]
pub enum Management {
    /// It is the shared secret itself.
    Direct,
    /// It was encrypted with RSA-OAEP.
    Oaep(&'static OaepAlgorithm),
    /// It was wrapped with AES (RFC 3394), by a key of so many bytes.
    Wrapped(usize),
    /// It was encrypted with AES-GCM, by a key of so many bytes.
    GcmWrapped(usize),
    /// It is agreed on, or what unwraps it is: a key of so many bytes.
    Agreed(Option<usize>),
    /// It is named only, and why.
    NotRun(&'static str),
}

/// One algorithm of `alg` in an encrypted token.
#[derive(Debug)]
pub struct KeyAlgorithm {
    /// The name, as registered.
    pub name: &'static str,
    /// How the content key is had.
    pub management: Management,
    /// What it is, in a few words.
    pub words: &'static str,
    /// Where it is defined.
    pub reference: &'static str,
}

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// AES-GCM.
    Gcm,
    /// AES-CBC, with HMAC over all of it (RFC 7518 section 5.2).
    CbcHmac(Hash),
}

/// One algorithm of `enc`.
#[derive(Debug)]
pub struct ContentAlgorithm {
    /// The name, as registered.
    pub name: &'static str,
    /// How the content is encrypted.
    pub content: Content,
    /// Bytes of its key.
    pub key: usize,
    /// What it is, in a few words.
    pub words: &'static str,
    /// Where it is defined.
    pub reference: &'static str,
}

const fn k(name: &'static str, management: Management, words: &'static str, reference: &'static str) -> KeyAlgorithm {
    KeyAlgorithm { name, management, words, reference }
}

const fn c(
    name: &'static str,
    content: Content,
    key: usize,
    words: &'static str,
    reference: &'static str,
) -> ContentAlgorithm {
    ContentAlgorithm { name, content, key, words, reference }
}

const ORACLE: Management = Management::NotRun("its padding is open to oracles");
const PASSWORD: Management = Management::NotRun("it derives the key from a password, at a cost that the token names");

/// Every way that is known.
pub static KEYS: &[KeyAlgorithm] = &[
    k("dir", Management::Direct, "encrypted directly with a shared key", "RFC 7518 section 4.5"),
    k("RSA1_5", ORACLE, "key encrypted with RSA PKCS #1 v1.5, open to padding oracles", "RFC 7518 section 4.2"),
    k(
        "RSA-OAEP",
        Management::Oaep(&OAEP_SHA1_MGF1SHA1),
        "key encrypted with RSA-OAEP and SHA-1",
        "RFC 7518 section 4.3",
    ),
    k(
        "RSA-OAEP-256",
        Management::Oaep(&OAEP_SHA256_MGF1SHA256),
        "key encrypted with RSA-OAEP and SHA-256",
        "RFC 7518 section 4.3",
    ),
    k(
        "RSA-OAEP-384",
        Management::Oaep(&OAEP_SHA384_MGF1SHA384),
        "key encrypted with RSA-OAEP and SHA-384",
        "W3C Web Cryptography API",
    ),
    k(
        "RSA-OAEP-512",
        Management::Oaep(&OAEP_SHA512_MGF1SHA512),
        "key encrypted with RSA-OAEP and SHA-512",
        "W3C Web Cryptography API",
    ),
    k("A128KW", Management::Wrapped(16), "key wrapped with AES-128", "RFC 7518 section 4.4"),
    k("A192KW", Management::Wrapped(24), "key wrapped with AES-192", "RFC 7518 section 4.4"),
    k("A256KW", Management::Wrapped(32), "key wrapped with AES-256", "RFC 7518 section 4.4"),
    k("A128GCMKW", Management::GcmWrapped(16), "key wrapped with AES-128-GCM", "RFC 7518 section 4.7"),
    k("A192GCMKW", Management::GcmWrapped(24), "key wrapped with AES-192-GCM", "RFC 7518 section 4.7"),
    k("A256GCMKW", Management::GcmWrapped(32), "key wrapped with AES-256-GCM", "RFC 7518 section 4.7"),
    k("ECDH-ES", Management::Agreed(None), "key agreed by elliptic-curve Diffie-Hellman", "RFC 7518 section 4.6"),
    k(
        "ECDH-ES+A128KW",
        Management::Agreed(Some(16)),
        "key agreed by elliptic-curve Diffie-Hellman, wrapped with AES-128",
        "RFC 7518 section 4.6",
    ),
    k(
        "ECDH-ES+A192KW",
        Management::Agreed(Some(24)),
        "key agreed by elliptic-curve Diffie-Hellman, wrapped with AES-192",
        "RFC 7518 section 4.6",
    ),
    k(
        "ECDH-ES+A256KW",
        Management::Agreed(Some(32)),
        "key agreed by elliptic-curve Diffie-Hellman, wrapped with AES-256",
        "RFC 7518 section 4.6",
    ),
    k(
        "PBES2-HS256+A128KW",
        PASSWORD,
        "key derived from a password with SHA-256, wrapped with AES-128",
        "RFC 7518 section 4.8",
    ),
    k(
        "PBES2-HS384+A192KW",
        PASSWORD,
        "key derived from a password with SHA-384, wrapped with AES-192",
        "RFC 7518 section 4.8",
    ),
    k(
        "PBES2-HS512+A256KW",
        PASSWORD,
        "key derived from a password with SHA-512, wrapped with AES-256",
        "RFC 7518 section 4.8",
    ),
];

/// Every way that is known.
pub static CONTENTS: &[ContentAlgorithm] = &[
    c("A128CBC-HS256", Content::CbcHmac(Hash::Sha256), 32, "AES-128-CBC with HMAC SHA-256", "RFC 7518 section 5.2.3"),
    c("A192CBC-HS384", Content::CbcHmac(Hash::Sha384), 48, "AES-192-CBC with HMAC SHA-384", "RFC 7518 section 5.2.4"),
    c("A256CBC-HS512", Content::CbcHmac(Hash::Sha512), 64, "AES-256-CBC with HMAC SHA-512", "RFC 7518 section 5.2.5"),
    c("A128GCM", Content::Gcm, 16, "AES-128-GCM", "RFC 7518 section 5.3"),
    c("A192GCM", Content::Gcm, 24, "AES-192-GCM", "RFC 7518 section 5.3"),
    c("A256GCM", Content::Gcm, 32, "AES-256-GCM", "RFC 7518 section 5.3"),
];

/// What `alg` of an encrypted token names, spelt exactly so.
pub fn key_algorithm(name: &str) -> Option<&'static KeyAlgorithm> {
    KEYS.iter().find(|a| a.name == name)
}

/// What `enc` names, spelt exactly so.
pub fn content_algorithm(name: &str) -> Option<&'static ContentAlgorithm> {
    CONTENTS.iter().find(|a| a.name == name)
}
