//! What kind of reply this is, worked out once for all rules.

use std::net::IpAddr;

use serde_json::Value;

use super::View;
use super::cookies::{self, Cookie};
use super::csp::{self, Policy};
use super::html;
use super::probes::Probes;
use crate::base::{secret, text};
use crate::wire::url::is_local_name;
use crate::wire::{Exchange, Media, Response, Scheme};

/// How much of a body is searched for tokens, in bytes. A token reply is far smaller.
const SEARCHED: usize = 256 << 10;
/// Longest piece of a header that is quoted in a reason, in characters.
const QUOTED: usize = 60;

/// Where the credential of the request comes from, which decides what another web page can do with the reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The browser adds it by itself: a cookie, HTTP authentication.
    Browser(&'static str),
    /// A script sets it, so no other page can.
    Script,
    /// There is none.
    None,
    /// The request is not known.
    Unknown,
}

/// A reply and what matters of its exchange.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state")]
pub struct Context<'a> {
    /// The reply.
    pub response: &'a Response,
    /// The exchange it belongs to.
    pub exchange: &'a Exchange,
    /// What the live extras saw, when they ran.
    pub probes: Option<&'a Probes>,
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
    /// Where that credential comes from.
    pub credential: Credential,
    /// The reply carries a token, in a header or in its body.
    pub token: bool,
    /// What a client takes the reply for: its declared type, else what its body looks like.
    pub media: Media,
    /// Cookies the reply sets, deletions left out.
    pub cookies: Vec<Cookie>,
    /// Policies of the reply that are enforced: of its headers, and of `meta` elements of HTML.
    pub policies: Vec<Policy>,
    /// The body is not all there, or is still encoded, so that it cannot be held against its label.
    pub unreadable: bool,
    /// Why there is no body to judge, when there is none.
    pub bodiless: Option<&'static str>,
}

impl<'a> Context<'a> {
    /// Works it out. Linear in the size of headers and in a bounded piece of the body.
    pub fn of(exchange: &'a Exchange, response: &'a Response, view: &View<'a>) -> Self {
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
        let cookies = cookies::of(response);
        let media = media(response, bodiless.is_some());
        let mut policies = csp::of(response.all("content-security-policy").map(|v| v.lossy().into_owned()));
        if media == Media::Html && bodiless.is_none() {
            policies.extend(
                csp::of(html::metas(&response.body).filter(html::Meta::is_policy).map(|m| m.content))
                    .into_iter()
                    .map(Policy::of_meta),
            );
        }
        let tls = origin.scheme == Scheme::Https;
        Self {
            tls,
            loopback: is_local_name(&origin.host),
            literal: origin.host.parse::<IpAddr>().is_ok(),
            authenticated: exchange.request.is_authenticated(),
            credential: credential(exchange, response, &cookies, view.request_unknown),
            token: carries_token(response),
            unreadable: exchange.error.is_some() || response.truncated || still_encoded(response),
            probes: view.probes,
            exchange,
            method,
            media,
            cookies,
            policies,
            bodiless,
            response,
        }
    }

    /// True for HTML.
    pub fn is_html(&self) -> bool {
        self.media == Media::Html
    }

    /// True where the reply may be kept by nobody.
    pub fn is_unstored(&self) -> bool {
        self.list("cache-control").iter().any(|d| d.eq_ignore_ascii_case("no-store"))
    }

    /// True when a browser that another page steers adds the credential: it is known to, or the reply says so by
    /// `Access-Control-Allow-Credentials: true` and the request shows nothing else.
    pub fn is_browser_credential(&self) -> bool {
        match self.credential {
            Credential::Browser(_) => true,
            Credential::Script => false,
            Credential::None | Credential::Unknown => self.allows_credentials(),
        }
    }

    /// True for `Access-Control-Allow-Credentials: true`; it is compared byte for byte, as browsers do.
    pub fn allows_credentials(&self) -> bool {
        self.response.all("access-control-allow-credentials").any(|v| v.as_bytes().trim_ascii() == b"true")
    }

    /// Every value of a header as text, trimmed.
    pub fn values(&self, name: &str) -> Vec<String> {
        self.response.all(name).map(|v| v.lossy().trim().to_owned()).collect()
    }

    /// True when the reply has the header.
    pub fn has(&self, name: &str) -> bool {
        self.response.get(name).is_some()
    }

    /// Every value of a list header, split at its commas, trimmed; empty members left out.
    pub fn list(&self, name: &str) -> Vec<String> {
        let values = self.values(name);
        values.iter().flat_map(|v| v.split(',')).map(str::trim).filter(|v| !v.is_empty()).map(str::to_owned).collect()
    }
}

/// Schemes of HTTP authentication that a browser repeats without being asked by a script.
const BROWSER_SCHEMES: &[&str] = &["basic", "digest", "ntlm", "negotiate", "hoba", "mutual"];

fn credential(exchange: &Exchange, response: &Response, cookies: &[Cookie], unknown: bool) -> Credential {
    let request = &exchange.request;
    let scheme = request.get("authorization").map(|v| {
        let word = v.split(u8::is_ascii_whitespace).next().unwrap_or_default();
        String::from_utf8_lossy(word).to_ascii_lowercase()
    });
    if request.get("cookie").is_some_and(|v| !v.is_empty()) {
        return Credential::Browser("a cookie");
    }
    if scheme.as_deref().is_some_and(|s| BROWSER_SCHEMES.contains(&s)) {
        return Credential::Browser("HTTP authentication");
    }
    if cookies.iter().any(|c| c.session) {
        return Credential::Browser("the session cookie this reply sets");
    }
    let challenged = response.status == 401
        && response.all("www-authenticate").any(|v| {
            let text = v.lossy().to_ascii_lowercase();
            BROWSER_SCHEMES.iter().any(|s| text.trim_start().starts_with(s))
        });
    if challenged {
        return Credential::Browser("HTTP authentication, which this reply asks for");
    }
    match (unknown, request.is_authenticated()) {
        (true, _) => Credential::Unknown,
        (false, true) => Credential::Script,
        (false, false) => Credential::None,
    }
}

/// What a client takes a reply for. A type that is declared counts; without one, what the body looks like.
fn media(response: &Response, bodiless: bool) -> Media {
    match response.declared_media() {
        Media::None if bodiless => Media::None,
        Media::None if looks_like_html(&response.body) => Media::Html,
        // What is wrong with another label is said once, by LNH03; it is no page that anyone meant.
        Media::None | Media::Html | Media::Text if response.looks_like_json() => Media::Json,
        Media::None => Media::Other,
        declared => declared,
    }
}

/// True when a body begins as HTML does.
pub fn looks_like_html(body: &[u8]) -> bool {
    let body = body.trim_ascii_start();
    let start = body[..body.len().min(16)].to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
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
