//! One question and one answer of the shop, apart from the connection that carries them.

use std::time::Duration;

use serde_json::{Value, json};

/// A request as the handlers see it.
pub struct Question<'a> {
    /// Path below `/api`, with its places filled in: `{id}` and the like, in order.
    pub places: Vec<&'a str>,
    /// Query, without its question mark.
    pub query: &'a str,
    /// Value of `Authorization`.
    pub authorization: Option<&'a str>,
    /// Value of `Content-Type`.
    pub content_type: Option<&'a str>,
    /// Body.
    pub body: &'a [u8],
    /// Scheme, host and port under which the shop was called.
    pub base: &'a str,
    /// Seconds since 1970.
    pub now: i64,
}

impl Question<'_> {
    /// The last value of a query parameter, percent-decoded.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let pairs = self.query.split('&').map(|p| p.split_once('=').unwrap_or((p, "")));
        pairs.rev().find(|(n, _)| decode(n) == name).map(|(_, v)| decode(v))
    }

    /// A whole number in the query, or `default` without one.
    ///
    /// # Errors
    /// A 400 that names the range.
    pub fn number(&self, name: &str, range: std::ops::RangeInclusive<u64>, default: u64) -> Result<u64, Answer> {
        let Some(text) = self.parameter(name) else { return Ok(default) };
        text.parse::<u64>().ok().filter(|n| range.contains(n)).ok_or_else(|| {
            Answer::problem(400, &format!("{name} is a whole number from {} to {}", range.start(), range.end()))
        })
    }

    /// The body as a JSON object.
    ///
    /// # Errors
    /// 415 for another type, 400 for what does not parse, 422 for another JSON value.
    pub fn object(&self) -> Result<serde_json::Map<String, Value>, Answer> {
        let essence = self.content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Answer::problem(415, "send the body as application/json"));
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(o)) => Ok(o),
            Ok(_) => Err(Answer::problem(422, "the body is not an object")),
            Err(e) => Err(Answer::problem(400, &format!("the body is not JSON: {e}"))),
        }
    }
}

/// Percent-decodes; what is not an escape stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3).and_then(|hex| u8::from_str_radix(hex, 16).ok()))
            .flatten();
        out.push(escape.unwrap_or(if bytes[at] == b'+' { b' ' } else { bytes[at] }));
        at += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a handler answers.
#[derive(Debug)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers besides those of the route.
    pub headers: Vec<(&'static str, String)>,
    /// Media type, unless the route has another idea.
    pub media: &'static str,
    /// Body.
    pub body: Vec<u8>,
    /// How long to wait before it is sent.
    pub delay: Duration,
}

impl Answer {
    /// JSON.
    #[expect(clippy::needless_pass_by_value, reason = "every caller makes the value for this one use")]
    pub fn json(status: u16, value: Value) -> Self {
        let body = value.to_string().into_bytes();
        Self { status, headers: Vec::new(), media: "application/json", body, delay: Duration::ZERO }
    }

    /// Nothing.
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), media: "", body: Vec::new(), delay: Duration::ZERO }
    }

    /// A problem document (RFC 9457 section 3).
    pub fn problem(status: u16, detail: &str) -> Self {
        let title = hyper::StatusCode::from_u16(status).ok().and_then(|s| s.canonical_reason()).unwrap_or("Error");
        let value = json!({ "type": "about:blank", "title": title, "status": status, "detail": detail });
        Self { media: "application/problem+json", ..Self::json(status, value) }
    }

    /// The same with one more header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded() {
        let q = Question {
            places: Vec::new(),
            query: "a=1&b=%41+c&b=2%zz%",
            authorization: None,
            content_type: None,
            body: b"",
            base: "",
            now: 0,
        };
        assert_eq!(q.parameter("a").as_deref(), Some("1"));
        assert_eq!(q.parameter("b").as_deref(), Some("2%zz%"));
        assert_eq!(q.parameter("c"), None);
        assert_eq!(q.number("a", 1..=3, 9).ok(), Some(1));
        assert_eq!(q.number("b", 1..=3, 9).err().map(|a| a.status), Some(400));
        assert_eq!(decode("%e4%b8%ad"), "\u{4e2d}");
    }
}
