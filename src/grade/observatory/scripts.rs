//! The test of subresource integrity.

use super::{Seen, html, joined, registered};
use crate::wire::Target;

/// Results from the mildest to the worst.
const ORDER: &[&str] = &[
    "sri-implemented-and-all-scripts-loaded-securely",
    "sri-implemented-and-external-scripts-loaded-securely",
    "sri-implemented-but-external-scripts-not-loaded-securely",
    "sri-not-implemented-but-external-scripts-loaded-securely",
    "sri-not-implemented-and-external-scripts-not-loaded-securely",
];

pub fn judge(seen: &Seen<'_>) -> &'static str {
    let mime = joined(seen.response, "content-type").unwrap_or_default();
    if !matches!(mime.split(';').next(), Some("text/html" | "application/xhtml+xml")) {
        return "sri-not-implemented-response-not-html";
    }
    let home = registered(&seen.exchange.request.origin.host);
    let mut worst: Option<usize> = None;
    let (mut any, mut foreign) = (false, false);
    for script in html::scripts(&seen.response.body) {
        any = true;
        let Some(source) = script.get("src").map(str::trim).filter(|s| !s.is_empty()) else { continue };
        let integrity = script.get("integrity").is_some_and(|i| !i.is_empty());
        let lower = source.to_ascii_lowercase();
        let protocol_relative = source.starts_with("//") && source.as_bytes().get(2).is_some_and(|b| *b != b'/');
        let absolute = !protocol_relative && (lower.starts_with("https://") || lower.starts_with("http://"));
        let host = absolute.then(|| Target::parse(source.as_bytes()).map(|t| t.origin.host).unwrap_or_default());
        let same_site = host.as_deref().is_none_or(|h| registered(h) == home);
        let secure_scheme = if absolute { lower.starts_with("https:") } else { !protocol_relative && seen.https };
        if same_site && !protocol_relative {
            // A bonus for integrity where it is not needed.
            if integrity && secure_scheme && worst.is_none() {
                worst = Some(0);
            }
            continue;
        }
        foreign = true;
        let result = match (integrity, secure_scheme) {
            (true, true) => continue,
            (true, false) => 2,
            (false, true) => 3,
            (false, false) => 4,
        };
        worst = worst.max(Some(result));
    }
    match worst {
        _ if !any => "sri-not-implemented-but-no-scripts-loaded",
        Some(i) => ORDER[i],
        None if foreign => ORDER[1],
        None => "sri-not-implemented-but-all-scripts-loaded-from-secure-origin",
    }
}
