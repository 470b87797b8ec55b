//! What kind of reply this is, worked out once for all rules.

use std::net::IpAddr;

use serde_json::Value;

use super::cookies::{self, Cookie};
use crate::base::{secret, text};
use crate::wire::url::is_local_name;
use crate::wire::{Exchange, Response, Scheme};

/// How much of a body is searched for tokens, in bytes. A token reply is far smaller.
const SEARCHED: usize = 256 << 10;
/// Longest piece of a header that is quoted in a reason, in characters.
const QUOTED: usize = 60;

/// A reply and what matters of its exchange.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state")]
pub struct Context<'a> {
    /// The reply.
    pub response: &'a Response,
    /// Method of the request, in upper case.
    pub method: String,
    /// Carried over TLS.
    pub tls: bool,
    /// The host is this machine.
    pub loopback: bool,
    /// The host is an address literal.
    pub literal: bool,
    /// The request carried a credential.
    pub authenticated: bool,
    /// The reply carries a token, in a header or in its body.
    pub token: bool,
    /// Cookies the reply sets, deletions left out.
    pub cookies: Vec<Cookie>,
    /// The body is not all there, or is still encoded, so that it cannot be held against its label.
    pub unreadable: bool,
    /// Why there is no body to judge, when there is none.
    pub bodiless: Option<&'static str>,
}

impl<'a> Context<'a> {
    /// Works it out. Linear in the size of headers and in a bounded piece of the body.
    pub fn of(exchange: &Exchange, response: &'a Response) -> Self {
        let origin = &exchange.request.origin;
        let method = String::from_utf8_lossy(&exchange.request.method).to_ascii_uppercase();
        let bodiless = match response.status {
            100..=199 => Some("an informational reply has no body"),
            204 => Some("204 has no body"),
            304 => Some("304 has no body"),
            _ if method == "HEAD" => Some("the reply to HEAD has no body"),
            _ if response.body.is_empty() && response.wire_bytes == 0 => Some("the reply has no body"),
            _ => None,
        };
        Self {
            tls: origin.scheme == Scheme::Https,
            loopback: is_local_name(&origin.host),
            literal: origin.host.parse::<IpAddr>().is_ok(),
            authenticated: exchange.request.is_authenticated(),
            token: carries_token(response),
            cookies: cookies::of(response),
            unreadable: exchange.error.is_some() || response.truncated || still_encoded(response),
            method,
            bodiless,
            response,
        }
    }

    /// Every value of a header as text, trimmed.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.response.all(name).map(|v| v.lossy().trim().to_owned()).collect()
    }

    /// Every value of a list header, split at its commas, trimmed; empty members left out.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.values(name);
        values.iter().flat_map(|v| v.split(',')).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    }
}

/// A content coding that nobody took off: as many bytes came out as went in.
fn still_encoded(response: &Response) -> bool {
    let coded = response.all("content-encoding").any(|v| !v.lossy().trim().eq_ignore_ascii_case("identity"));
    coded && (response.wire_bytes == response.decoded_bytes || response.body.is_empty())
}

/// A token anywhere in the headers or near the start of the body, or an OAuth token member in a JSON body.
fn carries_token(response: &Response) -> bool {
    let body = &response.body[..response.body.len().min(SEARCHED)];
    response.headers.iter().any(|(_, v)| has_token(v.as_bytes())) || has_token(body) || has_token_member(body)
}

fn has_token(bytes: &[u8]) -> bool {
    !secret::find_tokens(&bytes[..bytes.len().min(SEARCHED)]).is_empty()
}

/// `access_token` and its like (RFC 6749 section 5.1) with something in it; such a token need not be a JSON Web Token.
fn has_token_member(body: &[u8]) -> bool {
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return false };
    members.iter().any(|(name, value)| secret::is_token_member(name) && value.as_str().is_some_and(|v| !v.is_empty()))
}

/// A short piece of foreign text, in display form and between back quotes.
pub fn quote(foreign: &str) -> String {
    match foreign.char_indices().nth(QUOTED) {
        Some((end, _)) => format!("`{}…`", text::display_str(&foreign[..end])),
        None => format!("`{}`", text::display_str(foreign)),
    }
}
