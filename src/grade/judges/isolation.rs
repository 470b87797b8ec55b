//! What other sites can load and learn: LNH25, 26.

use super::listed;
use crate::grade::context::{Context, quote};
use crate::grade::rules::Verdict;
use crate::grade::structured;
use crate::wire::Media;

/// LNH25.
pub fn resources(c: &Context<'_>) -> Verdict {
    if let Some(why) = c.bodiless {
        return Verdict::na(why);
    }
    let corp = c.values("cross-origin-resource-policy");
    let mut wrong = Vec::new();
    match c.media {
        Media::Json if !c.is_browser_credential() => {
            return match corp.first().map(|v| v.to_ascii_lowercase()) {
                Some(v) if !matches!(v.as_str(), "same-origin" | "same-site" | "cross-origin") => {
                    Verdict::Fail(format!("Cross-Origin-Resource-Policy: {} means nothing", quote(&v)))
                }
                _ => Verdict::na("no browser adds a credential here, so another site has nothing to load"),
            };
        }
        Media::Json => {}
        Media::Html => {
            if let Some(value) = c.response.get("cross-origin-opener-policy") {
                let good = ["same-origin", "same-origin-allow-popups", "noopener-allow-popups"];
                if !structured::token(&value.lossy()).is_some_and(|t| good.contains(&t.as_str())) {
                    wrong.push("Cross-Origin-Opener-Policy isolates nothing".to_owned());
                }
            } else {
                wrong.push("there is no Cross-Origin-Opener-Policy".to_owned());
            }
            if let Some(value) = c.response.get("cross-origin-embedder-policy")
                && !structured::token(&value.lossy())
                    .is_some_and(|t| matches!(t.as_str(), "require-corp" | "credentialless" | "unsafe-none"))
            {
                wrong.push("Cross-Origin-Embedder-Policy means nothing".to_owned());
            }
        }
        _ => return Verdict::na("neither a page nor JSON"),
    }
    match corp.first().map(|v| v.to_ascii_lowercase()).as_deref() {
        Some("same-origin" | "same-site") => {}
        // A page is opened rather than loaded, so that nothing is lost without it.
        None | Some("cross-origin") if c.is_html() => {}
        None => wrong.push("there is no Cross-Origin-Resource-Policy, and the browser adds the credential".to_owned()),
        Some("cross-origin") => wrong.push("Cross-Origin-Resource-Policy lets every site load it".to_owned()),
        Some(v) => wrong.push(format!("Cross-Origin-Resource-Policy: {} means nothing", quote(v))),
    }
    if wrong.is_empty() { Verdict::pass("other sites cannot load it") } else { Verdict::Fail(listed(&wrong, 3)) }
}

const PRIVATE: &[&str] = &["no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"];
const UNSAFE: &[&str] = &["origin", "origin-when-cross-origin", "unsafe-url", "no-referrer-when-downgrade"];

/// LNH26.
pub fn referrer(c: &Context<'_>) -> Verdict {
    let mut values = c.list("referrer-policy");
    if c.is_html() {
        values.extend(crate::grade::html::metas(&c.response.body).filter(|m| m.name == "referrer").map(|m| m.content));
    }
    for v in &mut values {
        v.make_ascii_lowercase();
    }
    // The last one that is known counts.
    let known = values.iter().rev().find(|v| PRIVATE.contains(&v.as_str()) || UNSAFE.contains(&v.as_str()));
    let mut wrong = Vec::new();
    match known {
        Some(v) if UNSAFE.contains(&v.as_str()) => {
            wrong.push(format!("Referrer-Policy: {v} tells other sites addresses"));
        }
        Some(_) => {}
        None if !values.is_empty() => wrong.push("Referrer-Policy holds no known value".to_owned()),
        None if c.is_html() => wrong.push("there is no Referrer-Policy".to_owned()),
        None => return Verdict::na("data holds no links to follow"),
    }
    if c.is_html() && !c.has("permissions-policy") {
        wrong.push("there is no Permissions-Policy".to_owned());
    }
    if wrong.is_empty() {
        Verdict::pass("addresses are not told to other sites")
    } else {
        Verdict::Fail(listed(&wrong, 2))
    }
}
