//! The second opinion that people know: the score of the MDN HTTP Observatory, algorithm 6, with its twelve tests, modifiers
//! and letters. Where that algorithm is wrong for an API it is wrong here too: the API grade is the one to go by.
//!
//! It reads headers as its client hands them over: values of one name joined by a comma, of some names the first alone.

mod cookies;
mod csp;
mod scripts;

use serde::Serialize;

use super::probes::Kind;
use super::{HeaderGrade, Outcome, Probes, html, structured, suffix};
use crate::base::Letter;
use crate::wire::{Exchange, FailureKind, Response, Scheme};

/// The version of the algorithm.
pub const ALGORITHM: u32 = 6;
/// Result of a test that cannot be seen in what is known: it neither costs nor earns.
pub const NOT_TESTED: &str = "not-tested";
/// Points that penalties alone must leave before bonuses count.
const EXTRA_CREDIT_FROM: i32 = 90;

/// One test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Test {
    /// Name of the test.
    #[serde(skip)]
    pub name: &'static str,
    /// Result, as the Observatory names it.
    pub result: &'static str,
    /// Points it gives or, below 0, costs.
    pub modifier: i32,
}

/// The score.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observatory {
    /// Letter with sign; `None` for a status the Observatory takes no reply of (other than 2xx, 3xx, 401 and 403).
    pub grade: Option<&'static str>,
    /// Points; may be over 100.
    pub score: Option<u32>,
    /// Every test.
    pub tests: Vec<Test>,
}

/// What the tests look at.
struct Seen<'a> {
    exchange: &'a Exchange,
    response: &'a Response,
    probes: Option<&'a Probes>,
    https: bool,
    trusted: bool,
    metas: Vec<html::Meta>,
}

/// Names of which the client keeps the first value only.
const FIRST_ONLY: &[&str] = &["content-type", "etag", "expires", "location", "server", "retry-after", "last-modified"];

impl Seen<'_> {
    /// The value of a header as the client hands it over; bytes are taken for Latin-1.
    fn value(&self, name: &str) -> Option<String> {
        joined(self.response, name)
    }
}

fn joined(response: &Response, name: &str) -> Option<String> {
    let mut values = response.all(name).map(|v| v.as_bytes().trim_ascii().iter().map(|b| char::from(*b)).collect());
    let first: String = values.next()?;
    if FIRST_ONLY.contains(&name) {
        return Some(first);
    }
    Some(values.fold(first, |all, v: String| all + ", " + &v))
}

/// Scores a reply.
pub(super) fn judge(exchange: &Exchange, response: &Response, probes: Option<&Probes>) -> Observatory {
    let html = response.declared_media() == crate::wire::Media::Html;
    let seen = Seen {
        exchange,
        response,
        probes,
        https: exchange.request.origin.scheme == Scheme::Https,
        trusted: exchange.tls.as_ref().is_none_or(|t| t.faults.is_empty()),
        metas: if html { html::metas(&response.body).collect() } else { Vec::new() },
    };
    let policy = csp::judge(&seen);
    let tests: Vec<Test> = [
        ("content-security-policy", policy.result),
        ("cookies", cookies::judge(&seen)),
        ("cross-origin-resource-sharing", sharing(&seen)),
        ("redirection", redirection(&seen)),
        ("referrer-policy", referrer(&seen)),
        ("strict-transport-security", transport(&seen)),
        ("subresource-integrity", scripts::judge(&seen)),
        ("x-content-type-options", nosniff(&seen)),
        ("x-frame-options", frames(&seen, policy.frames)),
        ("cross-origin-resource-policy", resource_policy(&seen)),
        ("cross-origin-embedder-policy", embedder(&seen)),
        ("cross-origin-opener-policy", opener(&seen)),
    ]
    .into_iter()
    .map(|(name, result)| Test { name, result, modifier: modifier(result) })
    .collect();
    let accepted = matches!(response.status, 200..=399 | 401 | 403);
    let score = accepted.then(|| total(&tests));
    Observatory { grade: score.map(letter), score, tests }
}

/// Penalties always count; bonuses when penalties alone leave 90 or more.
fn total(tests: &[Test]) -> u32 {
    let penalties: i32 = tests.iter().map(|t| t.modifier.min(0)).sum();
    let bonuses: i32 = tests.iter().map(|t| t.modifier.max(0)).sum();
    let mut score = 100 + penalties;
    if score >= EXTRA_CREDIT_FROM {
        score += bonuses;
    }
    u32::try_from(score).unwrap_or(0)
}

fn letter(score: u32) -> &'static str {
    match score.min(100) / 5 * 5 {
        100 => "A+",
        90 | 95 => "A",
        85 => "A-",
        80 => "B+",
        70 | 75 => "B",
        65 => "B-",
        60 => "C+",
        50 | 55 => "C",
        45 => "C-",
        40 => "D+",
        30 | 35 => "D",
        25 => "D-",
        _ => "F",
    }
}

/// What every result costs or earns.
const MODIFIERS: &[(&str, i32)] = &[
    ("csp-implemented-with-no-unsafe-default-src-none", 10),
    ("csp-implemented-with-no-unsafe", 5),
    ("csp-implemented-with-unsafe-inline-in-style-src-only", 0),
    ("csp-implemented-with-insecure-scheme-in-passive-content-only", -10),
    ("csp-implemented-with-unsafe-eval", -10),
    ("csp-implemented-with-unsafe-inline", -20),
    ("csp-implemented-with-insecure-scheme", -20),
    ("csp-implemented-but-duplicate-directives", 0),
    ("csp-header-invalid", -25),
    ("csp-not-implemented", -25),
    ("csp-not-implemented-but-reporting-enabled", -25),
    ("cookies-secure-with-httponly-sessions-and-samesite", 5),
    ("cookies-secure-with-httponly-sessions", 0),
    ("cookies-not-found", 0),
    ("cookies-without-secure-flag-but-protected-by-hsts", -5),
    ("cookies-session-without-secure-flag-but-protected-by-hsts", -10),
    ("cookies-without-secure-flag", -20),
    ("cookies-samesite-flag-invalid", -20),
    ("cookies-anticsrf-without-samesite-flag", -20),
    ("cookies-session-without-httponly-flag", -30),
    ("cookies-session-without-secure-flag", -40),
    ("cross-origin-resource-sharing-not-implemented", 0),
    ("cross-origin-resource-sharing-implemented-with-public-access", 0),
    ("cross-origin-resource-sharing-implemented-with-restricted-access", 0),
    ("cross-origin-resource-sharing-implemented-with-universal-access", -50),
    ("redirection-to-https", 0),
    ("redirection-not-needed-no-http", 0),
    ("redirection-off-host-from-http", -5),
    ("redirection-not-to-https-on-initial-redirection", -10),
    ("redirection-not-to-https", -20),
    ("redirection-missing", -20),
    ("redirection-invalid-cert", -20),
    ("referrer-policy-private", 5),
    ("referrer-policy-not-implemented", 0),
    ("referrer-policy-unsafe", -5),
    ("referrer-policy-header-invalid", -5),
    ("hsts-preloaded", 5),
    ("hsts-implemented-max-age-at-least-six-months", 0),
    ("hsts-implemented-max-age-less-than-six-months", -10),
    ("hsts-not-implemented", -20),
    ("hsts-header-invalid", -20),
    ("hsts-not-implemented-no-https", -20),
    ("hsts-invalid-cert", -20),
    ("sri-implemented-and-all-scripts-loaded-securely", 5),
    ("sri-implemented-and-external-scripts-loaded-securely", 5),
    ("sri-not-implemented-response-not-html", 0),
    ("sri-not-implemented-but-no-scripts-loaded", 0),
    ("sri-not-implemented-but-all-scripts-loaded-from-secure-origin", 0),
    ("sri-not-implemented-but-external-scripts-loaded-securely", -5),
    ("sri-implemented-but-external-scripts-not-loaded-securely", -20),
    ("sri-not-implemented-and-external-scripts-not-loaded-securely", -50),
    ("x-content-type-options-nosniff", 0),
    ("x-content-type-options-not-implemented", -5),
    ("x-content-type-options-header-invalid", -5),
    ("x-frame-options-implemented-via-csp", 5),
    ("x-frame-options-sameorigin-or-deny", 5),
    ("x-frame-options-allow-from-origin", 0),
    ("x-frame-options-not-implemented", -20),
    ("x-frame-options-header-invalid", -20),
    ("corp-implemented-with-same-origin", 10),
    ("corp-implemented-with-same-site", 10),
    ("corp-implemented-with-cross-origin", 0),
    ("corp-not-implemented", 0),
    ("corp-header-invalid", -5),
    ("coep-implemented-with-require-corp", 10),
    ("coep-implemented-with-credentialless", 10),
    ("coep-implemented-with-unsafe-none", 0),
    ("coep-not-implemented", 0),
    ("coep-header-invalid", -5),
    ("coop-implemented-with-same-origin", 10),
    ("coop-implemented-with-same-origin-allow-popups", 10),
    ("coop-implemented-with-noopener-allow-popups", 10),
    ("coop-implemented-with-unsafe-none", 0),
    ("coop-not-implemented", 0),
    ("coop-header-invalid", -5),
    (NOT_TESTED, 0),
];

fn modifier(result: &str) -> i32 {
    MODIFIERS.iter().find(|(r, _)| *r == result).map_or(0, |(_, m)| *m)
}

/// The first characters of a value, trimmed and in lower case.
fn short(value: &str, most: usize) -> String {
    value.chars().take(most).collect::<String>().trim().to_lowercase()
}

fn sharing(seen: &Seen<'_>) -> &'static str {
    // The Observatory asks with an origin of its own: so does a probe, or the request as it was typed.
    let probe = seen.probes.and_then(|p| p.find(Kind::Stranger));
    let asked = probe.and_then(|(p, x)| Some((p.origin.clone(), x.response.as_ref()?)));
    let (origin, response) = asked.unwrap_or_else(|| {
        let typed = seen.exchange.request.get("origin");
        (typed.map(|o| String::from_utf8_lossy(o).trim().to_owned()), seen.response)
    });
    let allowed = joined(response, "access-control-allow-origin").filter(|v| !v.is_empty());
    let credentials = joined(response, "access-control-allow-credentials").is_some_and(|v| short(&v, 64) == "true");
    match (allowed, origin) {
        (Some(v), _) if short(&v, 256) == "*" => "cross-origin-resource-sharing-implemented-with-public-access",
        (Some(v), Some(o)) if v == o && credentials => {
            "cross-origin-resource-sharing-implemented-with-universal-access"
        }
        (Some(_), _) => "cross-origin-resource-sharing-implemented-with-restricted-access",
        (None, Some(_)) => "cross-origin-resource-sharing-not-implemented",
        (None, None) => NOT_TESTED,
    }
}

fn redirection(seen: &Seen<'_>) -> &'static str {
    let origin = &seen.exchange.request.origin;
    let (response, host) = if seen.https {
        let Some(x) = seen.probes.and_then(|p| p.get(Kind::Http)) else { return NOT_TESTED };
        let Some(r) = &x.response else {
            let closed = [FailureKind::Refused, FailureKind::Unreachable, FailureKind::Timeout];
            return if x.error.as_ref().is_some_and(|e| closed.contains(&e.kind)) {
                "redirection-not-needed-no-http"
            } else {
                NOT_TESTED
            };
        };
        (r, origin.host.as_str())
    } else {
        (seen.response, origin.host.as_str())
    };
    let location = joined(response, "location").filter(|_| matches!(response.status, 301 | 302 | 303 | 307 | 308));
    let Some(location) = location else { return "redirection-missing" };
    match crate::wire::Target::parse(location.as_bytes()) {
        Ok(t) if t.origin.scheme == Scheme::Https && t.origin.host == host => "redirection-to-https",
        Ok(t) if t.origin.scheme == Scheme::Https => "redirection-off-host-from-http",
        // Where it ends is seen by following it alone.
        _ => NOT_TESTED,
    }
}

const PRIVATE: &[&str] = &["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"];
const UNSAFE: &[&str] = &["origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"];

fn referrer(seen: &Seen<'_>) -> &'static str {
    let meta =
        seen.metas.iter().rev().find(|m| m.name == "referrer" && !m.content.is_empty()).map(|m| m.content.clone());
    let all: Vec<String> = seen.value("referrer-policy").into_iter().chain(meta).collect();
    if all.is_empty() {
        return "referrer-policy-not-implemented";
    }
    let all = all.join(", ").to_lowercase();
    match all.split(',').map(str::trim).rev().find(|v| PRIVATE.contains(v) || UNSAFE.contains(v)) {
        Some(v) if PRIVATE.contains(&v) => "referrer-policy-private",
        Some(_) => "referrer-policy-unsafe",
        None => "referrer-policy-header-invalid",
    }
}

fn transport(seen: &Seen<'_>) -> &'static str {
    if !seen.https {
        return "hsts-not-implemented-no-https";
    }
    if !seen.trusted {
        return "hsts-invalid-cert";
    }
    let Some(value) = seen.value("strict-transport-security") else { return "hsts-not-implemented" };
    let value: String = value.chars().take(1_024).collect();
    if value.contains(',') {
        return "hsts-header-invalid";
    }
    let mut age = value.split(';').rev().map(|p| p.trim().to_lowercase()).filter_map(|p| {
        let digits: String = p.strip_prefix("max-age=")?.chars().take(120).collect();
        Some(leading_integer(&digits))
    });
    match age.next() {
        None => "hsts-header-invalid",
        // What is no number is not less than half a year, so it passes there.
        Some(Some(age)) if age < 15_552_000.0 => "hsts-implemented-max-age-less-than-six-months",
        Some(_) => "hsts-implemented-max-age-at-least-six-months",
    }
}

/// The whole number a text begins with; `None` where it begins with none.
fn leading_integer(text: &str) -> Option<f64> {
    let text = text.trim_start();
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<f64>().ok().map(|n| sign * n)
}

fn nosniff(seen: &Seen<'_>) -> &'static str {
    match seen.value("x-content-type-options").filter(|v| !v.is_empty()) {
        None => "x-content-type-options-not-implemented",
        Some(v) if short(&v, 256) == "nosniff" => "x-content-type-options-nosniff",
        Some(_) => "x-content-type-options-header-invalid",
    }
}

fn frames(seen: &Seen<'_>, by_policy: bool) -> &'static str {
    if by_policy {
        return "x-frame-options-implemented-via-csp";
    }
    match seen.value("x-frame-options").filter(|v| !v.is_empty()).map(|v| short(&v, 1_024)).as_deref() {
        None => "x-frame-options-not-implemented",
        Some("deny" | "sameorigin") => "x-frame-options-sameorigin-or-deny",
        Some(v) if v.starts_with("allow-from") => "x-frame-options-allow-from-origin",
        Some(_) => "x-frame-options-header-invalid",
    }
}

fn resource_policy(seen: &Seen<'_>) -> &'static str {
    let value = seen.value("cross-origin-resource-policy").filter(|v| !v.is_empty());
    match value.map(|v| short(&v, 256)).as_deref() {
        None | Some("") => "corp-not-implemented",
        Some("same-origin") => "corp-implemented-with-same-origin",
        Some("same-site") => "corp-implemented-with-same-site",
        Some("cross-origin") => "corp-implemented-with-cross-origin",
        Some(_) => "corp-header-invalid",
    }
}

fn embedder(seen: &Seen<'_>) -> &'static str {
    let Some(value) = seen.value("cross-origin-embedder-policy").filter(|v| !v.is_empty()) else {
        return "coep-not-implemented";
    };
    match structured::token(&value).as_deref() {
        Some("require-corp") => "coep-implemented-with-require-corp",
        Some("credentialless") => "coep-implemented-with-credentialless",
        Some("unsafe-none") => "coep-implemented-with-unsafe-none",
        _ => "coep-header-invalid",
    }
}

fn opener(seen: &Seen<'_>) -> &'static str {
    let Some(value) = seen.value("cross-origin-opener-policy").filter(|v| !v.is_empty()) else {
        return "coop-not-implemented";
    };
    match structured::token(&value).as_deref() {
        Some("same-origin") => "coop-implemented-with-same-origin",
        Some("same-origin-allow-popups") => "coop-implemented-with-same-origin-allow-popups",
        Some("noopener-allow-popups") => "coop-implemented-with-noopener-allow-popups",
        Some("unsafe-none") => "coop-implemented-with-unsafe-none",
        _ => "coop-header-invalid",
    }
}

/// The rules that look at what a test looks at.
fn rules_of(test: &str) -> &'static [&'static str] {
    match test {
        "content-security-policy" => &["LNH07"],
        "cookies" => &["LNH17", "LNH18"],
        "cross-origin-resource-sharing" => &["LNH10", "LNH11", "LNH12", "LNH13", "LNH14", "LNH15", "LNH16"],
        "redirection" => &["LNH29"],
        "referrer-policy" => &["LNH26"],
        "strict-transport-security" => &["LNH02"],
        "x-content-type-options" => &["LNH05"],
        "x-frame-options" => &["LNH06"],
        "cross-origin-resource-policy" | "cross-origin-embedder-policy" | "cross-origin-opener-policy" => &["LNH25"],
        _ => &[],
    }
}

/// Where two opinions differ by a letter, what makes them: what the one takes points for and the other does not.
pub(super) fn difference(g: &HeaderGrade) -> Option<String> {
    let theirs = g.observatory.grade?;
    // Letters here have no sign but for the best of them, so B+ and B- are both a B.
    let alike = theirs.trim_end_matches(['+', '-']) == g.grade.word() && theirs != Letter::APlus.word();
    if theirs == g.grade.word() || alike {
        return None;
    }
    let fails = |id: &str| g.rules.iter().any(|r| r.id == id && r.outcome == Outcome::Fail);
    let mut takes: Vec<&Test> =
        g.observatory.tests.iter().filter(|t| t.modifier < 0 && !rules_of(t.name).iter().any(|id| fails(id))).collect();
    takes.sort_by_key(|t| t.modifier);
    let mut ours: Vec<String> = Vec::new();
    for r in g.fails() {
        let theirs = g.observatory.tests.iter().any(|t| t.modifier < 0 && rules_of(t.name).contains(&r.id));
        if !theirs && (r.weight > 0 || r.cap.is_some()) {
            ours.push(r.id.to_owned());
        }
    }
    let mut parts = Vec::new();
    if !takes.is_empty() {
        let list: Vec<String> = takes.iter().take(3).map(|t| format!("{} (\u{2212}{})", t.name, -t.modifier)).collect();
        parts.push(format!("it takes points for {}", list.join(", ")));
    }
    if !ours.is_empty() {
        ours.truncate(4);
        parts.push(format!("it does not see {}", ours.join(", ")));
    }
    if parts.is_empty() {
        parts.push("it weighs the same faults otherwise".to_owned());
    }
    Some(format!("the Observatory says {theirs} where this says {}: {}", g.grade, parts.join("; ")))
}

/// The registered domain of a host in an address, as the Observatory compares them.
fn registered(host: &str) -> Option<String> {
    suffix::registered(&host.to_ascii_lowercase()).map(str::to_owned)
}
