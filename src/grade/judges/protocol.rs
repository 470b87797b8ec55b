//! What a status asks for, limits and retirement: LNH21 to 24.

use super::listed;
use crate::base::{Letter, Stamp};
use crate::grade::context::{Context, quote};
use crate::grade::probes::Kind;
use crate::grade::rules::Verdict;
use crate::grade::structured;

/// What a refusal without its header costs.
const REFUSAL: u32 = 2;
/// What TRACE costs.
const TRACE: u32 = 8;

/// The schemes of the challenges in a `WWW-Authenticate` (RFC 9110 section 11.6.1): a word that stands at the start of a
/// member of the list and has no `=` behind it.
pub fn schemes(value: &str) -> Vec<String> {
    let mut members = vec![String::new()];
    let (mut quoted, mut escaped) = (false, false);
    for c in value.chars().take(16 << 10) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                members.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = members.last_mut() {
            last.push(c);
        }
    }
    members
        .iter()
        .filter_map(|m| {
            let word = m.trim().split(char::is_whitespace).next().unwrap_or_default();
            let parameter = m.trim()[word.len()..].trim_start().starts_with('=');
            (!word.is_empty() && !parameter && !word.contains(['=', '"'])).then(|| word.to_ascii_lowercase())
        })
        .collect()
}

/// LNH21.
pub fn challenge(c: &Context<'_>) -> Verdict {
    if c.response.status != 401 {
        return Verdict::na("only a 401 has a challenge");
    }
    let values = c.values("www-authenticate");
    let schemes: Vec<String> = values.iter().flat_map(|v| schemes(v)).collect();
    if schemes.is_empty() {
        return Verdict::Fail("the 401 has no WWW-Authenticate".to_owned());
    }
    let basic = schemes.iter().any(|s| s == "basic");
    if basic && !c.tls && !c.loopback {
        return Verdict::Fail("it asks for Basic over plain HTTP: the password goes in clear".to_owned());
    }
    let mut said = format!("asks for {}", quote(&schemes.join(", ")));
    if basic {
        said.push_str("; Basic sends the password with every request");
    }
    let text = values.join(", ").to_ascii_lowercase();
    if text.contains("resource_metadata=") {
        said.push_str("; names its metadata");
    }
    Verdict::Pass(said)
}

/// LNH22.
pub fn refusals(c: &Context<'_>) -> Verdict {
    let mut wrong = Vec::new();
    let mut points = 0;
    let (status, tried) =
        (c.response.status, c.probes.and_then(|p| p.get(Kind::Trace)).and_then(|x| x.response.as_ref()));
    if status == 405 && !c.has("allow") {
        points += REFUSAL;
        wrong.push("the 405 has no Allow".to_owned());
    }
    if matches!(status, 429 | 503) && !c.has("retry-after") {
        points += REFUSAL;
        wrong.push(format!("the {status} has no Retry-After"));
    }
    let echoes = |r: &crate::wire::Response| {
        r.status == 200
            && (r.media_type().as_deref() == Some("message/http") || r.body.trim_ascii_start().starts_with(b"TRACE "))
    };
    if tried.is_some_and(echoes) || (c.method == "TRACE" && echoes(c.response)) {
        points = TRACE.max(points);
        wrong.push("TRACE sends the request back, with its credentials".to_owned());
    }
    if !wrong.is_empty() {
        return Verdict::Costs { points, cap: None::<Letter>, why: listed(&wrong, 3) };
    }
    match status {
        405 => Verdict::pass("the 405 says what is allowed"),
        429 | 503 => Verdict::pass("it says when to come back"),
        _ if tried.is_some() => Verdict::pass("TRACE is refused"),
        _ => Verdict::na("neither 405, 429 nor 503; the live extras try TRACE"),
    }
}

/// LNH23.
pub fn limits(c: &Context<'_>) -> Verdict {
    let structured =
        ["ratelimit", "ratelimit-policy"].iter().any(|n| c.values(n).iter().any(|v| structured::has_members(v)));
    let known = c
        .response
        .headers
        .iter()
        .map(|(n, _)| n.lossy().to_ascii_lowercase())
        .find(|n| n.starts_with("ratelimit-") || n.starts_with("x-ratelimit-") || n.starts_with("x-rate-limit-"));
    match known {
        _ if structured => Verdict::pass("RateLimit announces the limit"),
        Some(name) => Verdict::Pass(format!("{} announces the limit", quote(&name))),
        None => Verdict::na("no limit is announced on this reply, which proves nothing"),
    }
}

/// LNH24.
pub fn retirement(c: &Context<'_>) -> Verdict {
    let (deprecation, sunset) = (c.values("deprecation"), c.values("sunset"));
    if deprecation.is_empty() && sunset.is_empty() {
        return Verdict::na("neither Deprecation nor Sunset");
    }
    let now = c.exchange.started;
    let mut wrong = Vec::new();
    if let Some(v) = deprecation.iter().find(|v| structured::date(v).is_none()) {
        wrong.push(format!("Deprecation is not a date such as @1767225600: {}", quote(v)));
    }
    for v in &sunset {
        match Stamp::parse_http(v) {
            None => wrong.push(format!("Sunset is not an HTTP date: {}", quote(v))),
            Some(end) if end.unix() < now.unix() && c.response.status < 400 => {
                wrong.push(format!("its Sunset was {end}, and it still answers"));
            }
            Some(end) if deprecation.iter().filter_map(|d| structured::date(d)).any(|d| d > end.unix()) => {
                wrong.push("its Sunset is before its Deprecation".to_owned());
            }
            Some(_) => {}
        }
    }
    if wrong.is_empty() { Verdict::pass("its retirement is announced") } else { Verdict::Fail(listed(&wrong, 3)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges() {
        for (value, wanted) in [
            ("Bearer", &["bearer"][..]),
            ("Bearer realm=\"a, b\", error=\"x\"", &["bearer"]),
            ("Basic realm=\"a\\\", Digest\", Negotiate, DPoP algs=\"ES256\"", &["basic", "negotiate", "dpop"]),
            ("realm=\"x\"", &[]),
            ("Bearer realm = x, scope = y", &["bearer"]),
            ("", &[]),
        ] {
            assert_eq!(schemes(value), wanted, "{value}");
        }
    }
}
