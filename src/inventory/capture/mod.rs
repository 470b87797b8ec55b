//! Captures: documents that hold requests with their replies. One file a kind. Each is walked and not modelled, so that an odd
//! item costs that item; what is secret in a target is masked on the way in.

mod burp;
mod har;
mod postman;

use super::drift::{parse_deprecation, parse_sunset};
use super::log::{Line, Request};
use super::operations::Operation;
use super::sniff::Kind;
use crate::base::secret::{is_credential_header, mask_target};
use crate::base::{Error, Result, Stamp};

/// Calls of one capture.
const MOST_CALLS: usize = 1_000_000;
/// Oddities of one capture that are listed.
const MOST_ODD: usize = 100;

/// One request, and its reply where there was one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Call {
    pub method: String,
    pub host: Option<String>,
    pub target: String,
    pub time: Option<i64>,
    /// `None` where a request is written down and no reply with it.
    pub status: Option<u16>,
    pub micros: Option<u64>,
    pub size: Option<u64>,
    pub credential: Option<bool>,
    pub templated: bool,
    /// What the reply says of its end, in seconds since 1970.
    pub deprecation: Option<i64>,
    pub sunset: Option<i64>,
    /// What the body called.
    pub operations: Vec<Operation>,
}

impl Call {
    /// As a line of a log says it.
    pub fn line(&self) -> Line<'_> {
        let host = self.host.as_deref().map(str::as_bytes);
        let request = Request { method: self.method.as_bytes(), host, target: self.target.as_bytes() };
        Line {
            time: self.time,
            status: self.status.unwrap_or(0),
            host: None,
            request: Some(request),
            micros: self.micros,
            size: self.size,
            client: None,
            credential: self.credential,
            templated: self.templated,
            deprecation: self.deprecation,
            sunset: self.sunset,
            operations: &self.operations,
            written: self.status.is_none(),
        }
    }

    /// Adds to the query what tells an operation of AWS apart: a header, or the `Action` of a form.
    fn told_apart(&mut self, target: Option<&str>, body: &str) {
        let action = body.split('&').take(100).find(|p| p.starts_with("Action="));
        let target = target.map(|t| format!("X-Amz-Target={t}"));
        let part = target.as_deref().or(action).filter(|p| p.len() <= 200 && p.bytes().all(|b| b.is_ascii_graphic()));
        if let Some(part) = part {
            let mark = if self.target.contains('?') { '&' } else { '?' };
            self.target.push(mark);
            self.target.push_str(part);
        }
    }

    /// Takes in a header of the reply.
    fn reply_header(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("deprecation") {
            self.deprecation = parse_deprecation(value);
        } else if name.eq_ignore_ascii_case("sunset") {
            self.sunset = parse_sunset(value).map(Stamp::unix);
        }
    }

    /// Method and URL in absolute or origin form, with what is secret in the target masked; `None` for other schemes.
    fn to(method: &str, url: &str) -> Option<Self> {
        let request = super::log::request_of(method.as_bytes(), url.as_bytes())?;
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        Some(Self {
            method: method.to_owned(),
            host: request.host.map(text),
            target: text(&mask_target(request.target)),
            ..Self::default()
        })
    }
}

/// What a capture holds, and what in it was odd: place and sentence.
#[derive(Debug, Default)]
pub(super) struct Capture {
    pub format: &'static str,
    pub calls: Vec<Call>,
    pub odd: Vec<(String, String)>,
    /// Items that could not be read, listed or not.
    pub missed: u64,
}

impl Capture {
    fn odd(&mut self, place: impl FnOnce() -> String, message: &str) {
        self.missed += 1;
        if self.odd.len() < MOST_ODD {
            self.odd.push((place(), message.to_owned()));
        }
    }
}

/// Reads a capture of a kind.
///
/// # Errors
/// When it is none of that kind.
pub(super) fn read(kind: Kind, bytes: &[u8]) -> Result<Capture> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let capture = match kind {
        Kind::Har => har::read(bytes)?,
        Kind::Postman => postman::read(bytes)?,
        Kind::Burp => burp::read(bytes)?,
        _ => {
            return Err(
                Error::input("this is no capture").hint("captures are HAR, Postman collections and items of Burp")
            );
        }
    };
    if capture.calls.is_empty() {
        return Err(Error::input(format!("no request was found in this {}", capture.format))
            .hint("check that it was exported with its requests"));
    }
    Ok(capture)
}

/// True for a header that lets somebody in: not for `Set-Cookie`, which a reply has, nor a token against forgery.
pub(super) fn lets_in(name: &str) -> bool {
    is_credential_header(name.as_bytes())
        && !name.eq_ignore_ascii_case("set-cookie")
        && !name.to_ascii_lowercase().contains("csrf")
}

#[cfg(test)]
mod tests;
