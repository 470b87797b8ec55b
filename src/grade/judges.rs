//! How each rule judges. A judge never looks further than the context, and says why in one sentence.

use super::context::{Context, quote};
use super::hsts;
use super::rules::Verdict;
use crate::wire::Media;

/// What a cookie without `Secure` costs.
const SECURE: u32 = 10;
/// What a session cookie without `HttpOnly` costs.
const HTTP_ONLY: u32 = 10;
/// What a cookie without `SameSite=Lax` or `Strict` costs.
const SAME_SITE: u32 = 5;

/// LNH02.
pub fn transport_security(c: &Context<'_>) -> Verdict {
    if !c.tls {
        return if c.loopback {
            Verdict::Na("plain HTTP on loopback: the policy only means something over TLS".to_owned())
        } else {
            Verdict::Capped("served over plain HTTP, where clients ignore Strict-Transport-Security".to_owned())
        };
    }
    if c.literal {
        return Verdict::Na("the host is an address, and the policy holds for names only".to_owned());
    }
    match hsts::of(c.response) {
        Err(why) => Verdict::Capped(why),
        Ok(0) => Verdict::Capped("max-age=0 switches the policy off".to_owned()),
        Ok(age) if age < hsts::HALF_YEAR => {
            Verdict::Capped(format!("max-age={age} is {} d, less than half a year", age / 86_400))
        }
        Ok(age) if age < hsts::YEAR => Verdict::Pass(format!("max-age={age}; a year or more would be an A+")),
        Ok(age) => Verdict::Pass(format!("max-age={age}")),
    }
}

/// LNH03.
pub fn content_type(c: &Context<'_>) -> Verdict {
    if let Some(why) = c.bodiless {
        return Verdict::Na(why.to_owned());
    }
    let mut values = c.values("content-type");
    values.sort_unstable();
    values.dedup();
    let Some(essence) = c.response.media_type() else {
        return Verdict::Fail("there is a body and no Content-Type".to_owned());
    };
    if values.len() > 1 {
        return if values.iter().any(|v| v.to_ascii_lowercase().starts_with("text/html")) && c.response.looks_like_json()
        {
            Verdict::Capped("Content-Type is sent twice, and one of them labels JSON as HTML".to_owned())
        } else {
            Verdict::Fail("Content-Type is sent more than once, with different values".to_owned())
        };
    }
    let body = c.response.body.trim_ascii_start();
    match c.response.declared_media() {
        Media::Html if c.response.looks_like_json() => {
            Verdict::Capped("JSON labelled as HTML: a browser would run what is in it".to_owned())
        }
        Media::Text if c.response.looks_like_json() => Verdict::Fail(format!("JSON labelled as {}", quote(&essence))),
        Media::Json if looks_like_html(body) => Verdict::Fail(format!("HTML labelled as {}", quote(&essence))),
        Media::Json if !c.unreadable && !is_json(body) => {
            Verdict::Fail(format!("labelled {}, but the body is not JSON", quote(&essence)))
        }
        _ if !essence.contains('/') => Verdict::Fail(format!("{} is not a media type", quote(&essence))),
        _ => Verdict::Pass(quote(&essence)),
    }
}

fn looks_like_html(body: &[u8]) -> bool {
    let start = body[..body.len().min(16)].to_ascii_lowercase();
    start.starts_with(b"<!doctype html") || start.starts_with(b"<html")
}

fn is_json(body: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// LNH05.
pub fn nosniff(c: &Context<'_>) -> Verdict {
    // A reply to HEAD carries the headers of the reply to GET (RFC 9110 section 9.3.2), so it is judged.
    if let Some(why) = c.bodiless.filter(|_| c.method != "HEAD") {
        return Verdict::Na(why.to_owned());
    }
    let values = c.values("x-content-type-options").join(",");
    let first = values.split(',').next().unwrap_or_default().trim().to_owned();
    if first.eq_ignore_ascii_case("nosniff") {
        Verdict::Pass("nosniff".to_owned())
    } else if values.is_empty() {
        Verdict::Fail("there is no X-Content-Type-Options".to_owned())
    } else {
        Verdict::Fail(format!("X-Content-Type-Options begins with {}, not nosniff", quote(&first)))
    }
}

/// LNH08.
pub fn no_store(c: &Context<'_>) -> Verdict {
    if c.response.status < 200 {
        return Verdict::Na("an informational reply is not stored".to_owned());
    }
    let why = match (c.token, c.authenticated) {
        (true, _) => "carries a token",
        (false, true) => "answers an authenticated request",
        (false, false) => return Verdict::Na("neither authenticated nor carrying a token".to_owned()),
    };
    let directives: Vec<(String, String)> = c
        .list("cache-control")
        .iter()
        .map(|d| d.split_once('=').unwrap_or((d, "")))
        .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().trim_matches('"').to_owned()))
        .collect();
    let has = |name: &str| directives.iter().any(|(n, _)| n == name);
    let keeps = directives.iter().find(|(n, v)| {
        n == "public" || (matches!(n.as_str(), "max-age" | "s-maxage") && v.bytes().any(|b| (b'1'..=b'9').contains(&b)))
    });
    let fail = |sentence: String| if c.token { Verdict::Capped(sentence) } else { Verdict::Fail(sentence) };
    match (has("no-store"), keeps) {
        (true, None) => Verdict::Pass(format!("{why} and is not stored")),
        (true, Some((n, _))) => fail(format!("{why}; no-store and {n} contradict each other")),
        (false, Some((n, _))) => fail(format!("{why}, and Cache-Control: {n} lets caches keep it")),
        (false, None) if !c.token && !matches!(c.method.as_str(), "GET" | "HEAD") => {
            Verdict::Na(format!("caches keep replies to {} only when told to", quote(&c.method)))
        }
        (false, None) if directives.is_empty() => fail(format!("{why}, and there is no Cache-Control")),
        (false, None) => fail(format!("{why}, and Cache-Control does not say no-store")),
    }
}

/// LNH11.
pub fn null_origin(c: &Context<'_>) -> Verdict {
    let origins = c.values("access-control-allow-origin");
    if origins.is_empty() {
        return Verdict::Na("there are no CORS headers".to_owned());
    }
    // Both values are compared byte for byte, as browsers do.
    let credentials = c.values("access-control-allow-credentials").iter().any(|v| v == "true");
    let null = origins.iter().any(|v| v == "null");
    match (null, credentials) {
        (true, true) => Verdict::Capped("any sandboxed page may read this reply with the user's cookies".to_owned()),
        (true, false) => Verdict::Pass("the origin is null, but without credentials".to_owned()),
        (false, _) => Verdict::Pass("the origin allowed is not null".to_owned()),
    }
}

/// LNH17: three parts in one ruling, which costs what is missing.
pub fn cookie_flags(c: &Context<'_>) -> Verdict {
    if c.cookies.is_empty() {
        return Verdict::Na("the reply sets no cookie".to_owned());
    }
    let secure = c.cookies.iter().find(|k| !k.secure);
    let exposed = c.cookies.iter().find(|k| k.session && !k.secure);
    let readable = c.cookies.iter().find(|k| k.session && !k.http_only);
    let crossing = c.cookies.iter().find(|k| !k.same_site);
    let mut cost = 0;
    let mut words = Vec::new();
    for (found, points, word) in [
        (exposed.or(secure), SECURE, "Secure"),
        (readable, HTTP_ONLY, "HttpOnly"),
        (crossing, SAME_SITE, "SameSite=Lax or Strict"),
    ] {
        if let Some(cookie) = found {
            cost += points;
            let kind = if cookie.session { "session cookie" } else { "cookie" };
            words.push(format!("{kind} {} is not {word}", quote(&cookie.name)));
        }
    }
    if cost == 0 {
        let n = c.cookies.len();
        return Verdict::Pass(format!("{n} cookie{} with the flags they need", if n == 1 { "" } else { "s" }));
    }
    Verdict::Partly { cost, capped: exposed.is_some(), why: words.join("; ") }
}
