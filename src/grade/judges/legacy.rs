//! Outdated, inconsistent and contradictory headers: LNH27, 30, 31.

use super::{NOT_TRIED, listed};
use crate::grade::context::{Context, quote};
use crate::grade::probes::Probes;
use crate::grade::rules::Verdict;
use crate::wire::Response;

/// LNH27.
pub fn outdated(c: &Context<'_>) -> Verdict {
    let mut found = Vec::new();
    // 0 switches a filter off that made weaknesses of its own, so it is right.
    if c.values("x-xss-protection").iter().any(|v| !v.split(';').next().unwrap_or_default().trim().eq("0")) {
        found.push("X-XSS-Protection".to_owned());
    }
    for name in ["Public-Key-Pins", "Expect-CT", "Feature-Policy", "P3P"] {
        if c.has(name) {
            found.push(name.to_owned());
        }
    }
    if c.values("x-frame-options").iter().any(|v| v.to_ascii_lowercase().starts_with("allow-from")) {
        found.push("X-Frame-Options: ALLOW-FROM".to_owned());
    }
    // RFC 6749 section 5.1 asks for it on token replies.
    if c.has("pragma") && !c.token {
        found.push("Pragma".to_owned());
    }
    match u32::try_from(found.len()) {
        Ok(0) | Err(_) => Verdict::pass("none of them"),
        Ok(points) => Verdict::costs(points, listed(&found, 7)),
    }
}

/// Headers that belong on every reply alike.
pub const EVERYWHERE: &[&str] = &[
    "strict-transport-security",
    "x-content-type-options",
    "content-security-policy",
    "x-frame-options",
    "cross-origin-resource-policy",
    "referrer-policy",
];

/// LNH30.
pub fn consistent(c: &Context<'_>) -> Verdict {
    let Some(probes) = c.probes else { return Verdict::na(NOT_TRIED) };
    let others: Vec<&Response> = Probes::alike(probes).filter_map(|x| x.response.as_ref()).collect();
    if others.is_empty() {
        return Verdict::na("no other reply came to compare with");
    }
    let mut statuses: Vec<String> = others.iter().map(|r| r.status.to_string()).collect();
    statuses.sort_unstable();
    statuses.dedup();
    let mut wrong = Vec::new();
    for name in EVERYWHERE {
        let on = |r: &Response| r.get(name).is_some();
        let without: Vec<String> = others.iter().filter(|r| !on(r)).map(|r| r.status.to_string()).collect();
        if on(c.response) && !without.is_empty() {
            wrong.push(format!("{name} is on {} and not on {}", c.response.status, without.join(", ")));
        }
    }
    if wrong.is_empty() {
        Verdict::Pass(format!("{} has what {} have", c.response.status, statuses.join(", ")))
    } else {
        Verdict::Fail(listed(&wrong, 3))
    }
}

/// LNH31.
pub fn contradictions(c: &Context<'_>) -> Verdict {
    let mut wrong = Vec::new();
    for name in [
        "strict-transport-security",
        "x-content-type-options",
        "cross-origin-resource-policy",
        "cross-origin-opener-policy",
        "cross-origin-embedder-policy",
        "permissions-policy",
    ] {
        if c.response.all(name).count() > 1 {
            wrong.push(format!("{name} is sent twice"));
        }
    }
    let mut frames = c.list("x-frame-options");
    let sent = frames.len();
    for v in &mut frames {
        v.make_ascii_uppercase();
    }
    frames.sort_unstable();
    frames.dedup();
    match frames.as_slice() {
        [_, _, ..] => wrong.push(format!("x-frame-options says {}", quote(&frames.join(" and ")))),
        [_] if sent > 1 => wrong.push("x-frame-options is sent twice".to_owned()),
        _ => {}
    }
    let restricts = c.policies.iter().filter_map(crate::grade::csp::Policy::restricts_frames).collect::<Vec<_>>();
    if let [one] = frames.as_slice()
        && matches!(one.as_str(), "DENY" | "SAMEORIGIN")
        && !restricts.is_empty()
        && !restricts.contains(&true)
    {
        wrong.push(format!("frame-ancestors lets any host frame it and X-Frame-Options says {one}"));
    }
    if wrong.is_empty() { Verdict::pass("none twice, none against another") } else { Verdict::Fail(listed(&wrong, 3)) }
}
