//! Cookies: LNH17, 18.

use super::listed;
use crate::base::Letter;
use crate::grade::context::{Context, quote};
use crate::grade::cookies::Cookie;
use crate::grade::rules::Verdict;
use crate::grade::suffix;

/// What a cookie without `Secure` costs.
const SECURE: u32 = 10;
/// What a session cookie without `HttpOnly` costs.
const HTTP_ONLY: u32 = 10;
/// What a cookie without `SameSite=Lax` or `Strict` costs.
const SAME_SITE: u32 = 5;

/// LNH17: three parts in one ruling, which costs what is missing.
pub fn flags(c: &Context<'_>) -> Verdict {
    if c.cookies.is_empty() {
        return Verdict::na("the reply sets no cookie");
    }
    let secure = c.cookies.iter().find(|k| !k.secure);
    let exposed = c.cookies.iter().find(|k| k.session && !k.secure);
    let readable = c.cookies.iter().find(|k| k.session && !k.http_only);
    let crossing = c.cookies.iter().find(|k| !k.same_site);
    let mut points = 0;
    let mut words = Vec::new();
    for (found, cost, word) in [
        (exposed.or(secure), SECURE, "Secure"),
        (readable, HTTP_ONLY, "HttpOnly"),
        (crossing, SAME_SITE, "SameSite=Lax or Strict"),
    ] {
        if let Some(cookie) = found {
            points += cost;
            let kind = if cookie.session { "session cookie" } else { "cookie" };
            words.push(format!("{kind} {} is not {word}", quote(&cookie.name)));
        }
    }
    if points == 0 {
        let n = c.cookies.len();
        return Verdict::Pass(format!("{n} cookie{} with the flags they need", if n == 1 { "" } else { "s" }));
    }
    Verdict::Costs { points, cap: exposed.map(|_| Letter::D), why: words.join("; ") }
}

/// LNH18.
pub fn reach(c: &Context<'_>) -> Verdict {
    if c.cookies.is_empty() {
        return Verdict::na("the reply sets no cookie");
    }
    let host = c.exchange.request.origin.host.to_ascii_lowercase();
    let mut wrong: Vec<String> = c.cookies.iter().filter_map(|k| fault(k, &host)).collect();
    wrong.sort_unstable();
    wrong.dedup();
    if wrong.is_empty() { Verdict::pass("every cookie keeps to its host") } else { Verdict::Fail(listed(&wrong, 3)) }
}

/// What is wrong with where a cookie goes, or why browsers drop it.
fn fault(k: &Cookie, host: &str) -> Option<String> {
    let name = quote(&k.name);
    let lower = k.name.to_ascii_lowercase();
    if lower.starts_with("__host-") && (!k.secure || k.domain.is_some() || k.path.as_deref() != Some("/")) {
        return Some(format!("browsers drop {name}: __Host- needs Secure, Path=/ and no Domain"));
    }
    if lower.starts_with("__secure-") && !k.secure {
        return Some(format!("browsers drop {name}: __Secure- needs Secure"));
    }
    if (k.cross_site || k.partitioned) && !k.secure {
        let word = if k.cross_site { "SameSite=None" } else { "Partitioned" };
        return Some(format!("browsers drop {name}: {word} needs Secure"));
    }
    let domain = k.domain.as_deref()?;
    if suffix::is_public(domain) && domain != host {
        return Some(format!("browsers drop {name}: nobody owns the whole of {}", quote(domain)));
    }
    if host != domain && !host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')) {
        return Some(format!("browsers drop {name}: {} is not a domain of this host", quote(domain)));
    }
    k.session.then(|| format!("session cookie {name} goes to every host of {}", quote(domain)))
}
