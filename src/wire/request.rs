//! A request as typed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::http1;
use super::url::{Origin, Target};
use crate::base::text::exact;
use crate::base::{Error, Result};

/// Ordered headers with their names in the case they were typed.
pub type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// A body.
pub type Body = Bytes;

/// A request as bytes: nothing in it is normalised.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Where it goes.
    pub origin: Origin,
    /// Method, free text.
    #[serde(with = "exact")]
    pub method: Vec<u8>,
    /// Request target: the exact bytes of the request line.
    #[serde(with = "exact")]
    pub target: Vec<u8>,
    /// Headers in order. `Host` and `Content-Length` are added by the sender when absent.
    #[serde(with = "exact::pairs")]
    pub headers: Headers,
    /// Body.
    #[serde(skip)]
    pub body: Body,
    /// The whole request as bytes, where it was given as such: these alone are sent, and the parts are what was read from them.
    #[serde(with = "whole", default)]
    pub raw: Option<Body>,
    /// Name of the identity whose credential it carries.
    pub identity: Option<String>,
}

impl Request {
    /// A request for an absolute URL.
    ///
    /// # Errors
    /// As [`Target::parse`], and for a URL with a user name in it: it is a credential that no request line carries, and
    /// leaving it out in silence would send something else than was typed.
    pub fn new(method: &str, url: &[u8]) -> Result<Self> {
        let t = Target::parse(url)?;
        if t.userinfo.is_some() {
            return Err(Error::input("the URL holds a user name, which is not sent by itself")
                .at(t.origin.to_string())
                .hint("leave it out and give the credential as an Authorization header"));
        }
        Ok(Self {
            origin: t.origin,
            method: method.as_bytes().to_vec(),
            target: t.target,
            headers: Vec::new(),
            body: Body::new(),
            raw: None,
            identity: None,
        })
    }

    /// A request given whole, as the bytes to send: nothing is added to them and nothing changed. Its parts are read from them
    /// as far as they go, so that it can be shown, judged and kept.
    pub fn whole(origin: Origin, bytes: Body) -> Self {
        let parts = http1::Parts::read(&bytes);
        Self {
            origin,
            method: parts.method,
            target: parts.target,
            headers: parts.headers,
            body: bytes.slice(parts.body..),
            raw: Some(bytes),
            identity: None,
        }
    }

    /// The same bytes as a body or a whole request, whichever it is: what a record keeps apart from its parts.
    pub fn payload(&self) -> &Body {
        self.raw.as_ref().unwrap_or(&self.body)
    }

    /// Puts back what [`Request::payload`] gave.
    pub fn set_payload(&mut self, bytes: Body) {
        if self.raw.is_some() {
            self.body = bytes.slice(http1::Parts::read(&bytes).body..);
            self.raw = Some(bytes);
        } else {
            self.body = bytes;
        }
    }

    /// The same request with one more header at the end.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.as_bytes().to_vec(), value.as_bytes().to_vec()));
        self
    }

    /// The first value of a header, whatever the case of its name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v.as_slice())
    }

    /// True when the request carries a credential in a header, so that its reply is somebody's own.
    pub fn is_authenticated(&self) -> bool {
        self.headers.iter().any(|(n, v)| !v.is_empty() && crate::base::secret::is_credential_header(n))
    }
}

/// True for a byte that may stand in the name of a header (RFC 9110 section 5.6.2, token).
pub fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)
}

/// Whether a request is whole is written with its parts; its bytes stand apart, as a body does.
mod whole {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::Body;

    #[expect(clippy::ref_option, reason = "the signature that serde asks for")]
    pub fn serialize<S: Serializer>(raw: &Option<Body>, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bool(raw.is_some())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Body>, D::Error> {
        Ok(bool::deserialize(d)?.then(Body::new))
    }
}
