//! A response as received.

use bytes::Bytes;
use encoding_rs::Encoding;
use serde::{Deserialize, Serialize};

use crate::base::Untrusted;
use crate::base::text::exact;

/// Bytes of a body that are parsed to see what it is.
const MOST_PARSED: usize = 8 << 20;

/// What kind of content a reply holds, judged from its `Content-Type` and its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Media {
    /// `application/json` and `+json` types.
    Json,
    /// `text/html` and XHTML.
    Html,
    /// Any other text.
    Text,
    /// Anything else.
    Other,
    /// No body.
    None,
}

/// A response: whatever of it was received.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Response {
    /// `HTTP/1.1`, `HTTP/2`, and so on.
    pub version: String,
    /// Status code.
    pub status: u16,
    /// Reason phrase (empty on HTTP/2).
    #[serde(with = "exact")]
    pub reason: Untrusted,
    /// Headers in order of receipt.
    #[serde(with = "exact::pairs")]
    pub headers: Vec<(Untrusted, Untrusted)>,
    /// Fields after a chunked body (RFC 9112 section 7.1.2), where the sender kept them.
    #[serde(with = "exact::pairs", default)]
    pub trailers: Vec<(Untrusted, Untrusted)>,
    /// Body after content decoding, up to the caps.
    #[serde(skip)]
    pub body: Bytes,
    /// Whether the body stands in a file that is read as memory, since it is too large for that.
    #[serde(skip)]
    pub in_file: bool,
    /// When its parts came, where it is one that goes on ([`super::stream::goes_on`]) and somebody watched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub arrivals: Vec<super::Arrival>,
    /// True when a cap, a deadline or a broken connection cut the body short.
    pub truncated: bool,
    /// Body bytes on the wire, before content decoding.
    pub wire_bytes: u64,
    /// Body bytes after content decoding.
    pub decoded_bytes: u64,
    /// The content codings that were undone, outermost first, each with the bytes that came out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undone: Vec<(String, u64)>,
}

impl Response {
    /// Every value of a header, whatever the case of its name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Untrusted> {
        self.headers.iter().filter(move |(n, _)| n.as_bytes().eq_ignore_ascii_case(name.as_bytes())).map(|(_, v)| v)
    }

    /// The first value of a header.
    pub fn get<'a>(&'a self, name: &'a str) -> Option<&'a Untrusted> {
        self.all(name).next()
    }

    /// The charset in which the body is written: that of its byte order mark, or of its `Content-Type`. `None` for UTF-8, and
    /// where none is named.
    pub fn charset(&self) -> Option<&'static Encoding> {
        let said = || {
            let value = self.get("content-type")?.lossy().into_owned();
            let named = value.split(';').skip(1).find_map(|p| {
                let (name, value) = p.split_once('=')?;
                name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches('"').to_owned())
            })?;
            Encoding::for_label(named.as_bytes())
        };
        // A mark of the body says it better than a field that was set for all (Encoding Standard, "decode").
        let marked = Encoding::for_bom(&self.body).map(|(encoding, _)| encoding);
        marked.or_else(said).filter(|e| *e != encoding_rs::UTF_8)
    }

    /// The media type in lower case, without parameters.
    pub fn media_type(&self) -> Option<String> {
        let value = self.get("content-type")?.lossy().into_owned();
        let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        (!essence.is_empty()).then_some(essence)
    }

    /// What kind of content the reply declares.
    pub fn declared_media(&self) -> Media {
        match self.media_type().as_deref() {
            Some("text/html" | "application/xhtml+xml") => Media::Html,
            Some(t) if is_json_type(t) => Media::Json,
            Some(t) if t.starts_with("text/") || t.ends_with("xml") || t.ends_with("javascript") => Media::Text,
            Some(_) => Media::Other,
            None => Media::None,
        }
    }

    /// True when the first byte of the body opens a JSON object or array and the body parses as JSON. Of one that is very large
    /// the last byte is taken for the rest.
    pub fn looks_like_json(&self) -> bool {
        let first = self.body.iter().find(|b| !b.is_ascii_whitespace());
        if self.body.len() > MOST_PARSED {
            let last = self.body.iter().rev().find(|b| !b.is_ascii_whitespace());
            return matches!((first, last), (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')));
        }
        matches!(first, Some(b'{' | b'[')) && serde_json::from_slice::<serde::de::IgnoredAny>(&self.body).is_ok()
    }
}

/// True for `application/json`, `text/json` and every `+json` type.
pub fn is_json_type(essence: &str) -> bool {
    matches!(essence, "application/json" | "text/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charset_is_that_of_the_mark_or_of_the_header() {
        let named = |header: &str, body: &[u8]| {
            let headers = vec![("Content-Type".into(), header.into())];
            let r = Response { headers, body: Bytes::copy_from_slice(body), ..Response::default() };
            r.charset().map(Encoding::name)
        };
        assert_eq!(named("text/html; charset=\"ISO-8859-1\"", b"x"), Some("windows-1252"));
        assert_eq!(named("text/html;Charset=Shift_JIS; a=b", b"x"), Some("Shift_JIS"));
        assert_eq!(named("application/json", b"\xff\xfe{\0}\0"), Some("UTF-16LE"));
        assert_eq!(named("text/html; charset=latin1", b"\xef\xbb\xbfx"), None, "its mark says UTF-8");
        assert_eq!(named("text/html; charset=utf-8", b"x"), None);
        assert_eq!(named("text/html; charset=nonsense", b"x"), None);
    }

    #[test]
    fn a_large_body_is_taken_for_json_by_its_ends() {
        let of = |body: Vec<u8>| Response { body: body.into(), ..Response::default() }.looks_like_json();
        let large = |end: &[u8]| [b"[".to_vec(), vec![b' '; MOST_PARSED], end.to_vec()].concat();
        assert!(of(large(b"]\n")) && !of(large(b"}")) && !of(b"[}".to_vec()) && of(b"[1]".to_vec()));
    }
}
