//! The cookie test. The Observatory looks at a cookie jar, so what a jar refuses is not judged.

use super::{Seen, suffix, transport};

/// Cookies that are looked at.
const MOST: usize = 300;

/// Results from the mildest to the worst.
const ORDER: &[&str] = &[
    "cookies-without-secure-flag-but-protected-by-hsts",
    "cookies-without-secure-flag",
    "cookies-session-without-secure-flag-but-protected-by-hsts",
    "cookies-samesite-flag-invalid",
    "cookies-anticsrf-without-samesite-flag",
    "cookies-session-without-httponly-flag",
    "cookies-session-without-secure-flag",
];

struct Kept {
    name: String,
    place: (String, String),
    secure: bool,
    http_only: bool,
    same_site: Option<&'static str>,
}

pub fn judge(seen: &Seen<'_>) -> &'static str {
    let hsts = transport(seen) == "hsts-implemented-max-age-at-least-six-months";
    let lines: Vec<String> = seen
        .response
        .all("set-cookie")
        .take(MOST)
        .map(|v| v.as_bytes().iter().map(|b| char::from(*b)).collect())
        .collect();
    let mut worst: Option<usize> = None;
    let mut at_least = |name: &str| worst = worst.max(ORDER.iter().position(|o| *o == name));
    if lines.iter().any(|l| is_invalid(l)) {
        at_least("cookies-samesite-flag-invalid");
    }
    let host = seen.exchange.request.origin.host.to_ascii_lowercase();
    let path = String::from_utf8_lossy(&seen.exchange.request.target).into_owned();
    let mut jar: Vec<Kept> = Vec::new();
    for kept in lines.iter().filter_map(|l| keep(l, &host, default_path(&path))) {
        jar.retain(|k| k.name != kept.name || k.place != kept.place);
        jar.push(kept);
    }
    jar.retain(|k| !k.name.is_empty() && k.name != "heroku-session-affinity");
    if jar.is_empty() {
        return "cookies-not-found";
    }
    for cookie in &jar {
        let lower = cookie.name.to_lowercase();
        let session = lower.contains("login") || lower.contains("sess");
        if !cookie.secure && cookie.same_site == Some("none") {
            at_least("cookies-samesite-flag-invalid");
        }
        if !cookie.secure {
            at_least(if hsts {
                "cookies-without-secure-flag-but-protected-by-hsts"
            } else {
                "cookies-without-secure-flag"
            });
        }
        if lower.contains("csrf") && cookie.same_site.is_none() {
            at_least("cookies-anticsrf-without-samesite-flag");
        }
        if session && !cookie.secure {
            at_least(if hsts {
                "cookies-session-without-secure-flag-but-protected-by-hsts"
            } else {
                "cookies-session-without-secure-flag"
            });
        }
        if session && !cookie.http_only {
            at_least("cookies-session-without-httponly-flag");
        }
    }
    match worst {
        Some(i) => ORDER[i],
        None if jar.iter().any(|c| c.same_site.is_none()) => "cookies-secure-with-httponly-sessions",
        None => "cookies-secure-with-httponly-sessions-and-samesite",
    }
}

/// A SameSite with no value or one that is none of the three.
fn is_invalid(line: &str) -> bool {
    line.trim().split(';').any(|part| {
        let mut pair = part.trim().split('=');
        let key = pair.next().unwrap_or_default().trim().to_lowercase();
        key == "samesite"
            && !pair.next().is_some_and(|v| matches!(v.trim().to_lowercase().as_str(), "lax" | "strict" | "none"))
    })
}

/// The path a cookie without one belongs to (RFC 6265 section 5.1.4).
fn default_path(target: &str) -> &str {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    match path.rfind('/') {
        Some(at) if at > 0 && path.starts_with('/') => &path[..at],
        _ => "/",
    }
}

/// A cookie as a jar keeps it; `None` where it refuses.
fn keep(line: &str, host: &str, default_path: &str) -> Option<Kept> {
    let mut parts = line.trim().split(';');
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let control = |c: char| c < ' ' || c == '\u{7f}';
    if name.is_empty() || name.contains(control) || value.contains(control) {
        return None;
    }
    let mut host_only = true;
    let mut kept = Kept {
        name: name.to_owned(),
        place: (host.to_owned(), default_path.to_owned()),
        secure: false,
        http_only: false,
        same_site: None,
    };
    for part in parts {
        let (key, value) = part.split_once('=').map_or((part.trim(), ""), |(k, v)| (k.trim(), v.trim()));
        match key.to_lowercase().as_str() {
            "secure" => kept.secure = true,
            "httponly" => kept.http_only = true,
            "samesite" => {
                kept.same_site = ["strict", "lax", "none"].into_iter().find(|s| value.eq_ignore_ascii_case(s));
            }
            "path" if value.starts_with('/') => value.clone_into(&mut kept.place.1),
            "path" => default_path.clone_into(&mut kept.place.1),
            "domain" => {
                let domain = value.trim_start_matches('.').to_lowercase();
                if !domain.is_empty() {
                    host_only = false;
                    kept.place.0 = domain;
                }
            }
            _ => {}
        }
    }
    let prefixed = (name.starts_with("__Secure-") && !kept.secure)
        || (name.starts_with("__Host-") && !(kept.secure && host_only && kept.place.1 == "/"));
    if prefixed {
        return None;
    }
    let domain = kept.place.0.as_str();
    let covers = host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
    (covers && (host == domain || !suffix::is_public(domain))).then_some(kept)
}
