//! Rules about where a token stood, and what a server did with it.

use super::Place;
use super::context::{Context, Hit, hit, hit_as};
use crate::base::Severity;

/// Seconds that a token in a cookie may live before it matters that scripts can read it.
const DAY: i64 = 86_400;

pub(super) fn in_url(c: &Context<'_>) -> Vec<Hit> {
    let place = match c.place() {
        Some(Place::Url) => "in a URL",
        Some(Place::Fragment) => "in the fragment of a URL",
        Some(Place::Referer) => "in a Referer header",
        Some(Place::Log) => "in a line of a log",
        _ => return Vec::new(),
    };
    vec![hit(format!("it stood {place}: histories, logs and other sites keep it"))]
}

pub(super) fn cookie(c: &Context<'_>) -> Vec<Hit> {
    let Some(Place::Cookie { secure, http_only, same_site, max_age }) = c.place() else { return Vec::new() };
    let missing: Vec<&str> = [(secure, "Secure"), (http_only, "HttpOnly"), (same_site, "SameSite")]
        .into_iter()
        .filter(|(there, _)| !there)
        .map(|(_, name)| name)
        .collect();
    if missing.is_empty() {
        return Vec::new();
    }
    let of_token = c.time("exp").map(|exp| exp - c.time("iat").unwrap_or(c.now));
    let long = max_age.or(of_token).is_some_and(|s| s >= DAY);
    let detail = format!("the cookie lacks {}", missing.join(", "));
    if !http_only && long {
        return vec![hit_as(
            Severity::High,
            format!("{detail}: any script of the page reads it, and it lives for a day or more"),
        )];
    }
    vec![hit(detail)]
}

pub(super) fn reuse(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    if c.s.outlived == Some(true) {
        out.push(hit_as(Severity::High, "the server takes it after it was revoked or its user logged out"));
    }
    for earlier in c.s.earlier.iter().take(20) {
        if earlier.token == c.t.token {
            out.push(hit("two fetches gave the same token"));
            break;
        }
        let jti = c.claim("jti");
        if jti.is_some() && jti == earlier.claims.get("jti") {
            out.push(hit("two tokens have the same `jti`"));
            break;
        }
    }
    out
}
