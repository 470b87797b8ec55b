//! Caches: LNH08, 09.

use crate::grade::context::{Context, quote};
use crate::grade::rules::Verdict;

/// Directives of Cache-Control: name in lower case, argument without quotes.
fn directives(c: &Context<'_>) -> Vec<(String, String)> {
    c.list("cache-control")
        .iter()
        .map(|d| d.split_once('=').unwrap_or((d, "")))
        .map(|(n, v)| (n.trim().to_ascii_lowercase(), v.trim().trim_matches('"').to_owned()))
        .collect()
}

/// The directive that lets caches keep the reply.
fn keeps(directives: &[(String, String)]) -> Option<&str> {
    let told = directives.iter().find(|(n, v)| {
        n == "public" || (matches!(n.as_str(), "max-age" | "s-maxage") && v.bytes().any(|b| (b'1'..=b'9').contains(&b)))
    });
    told.map(|(n, _)| n.as_str())
}

/// LNH08.
pub fn no_store(c: &Context<'_>) -> Verdict {
    if c.response.status < 200 {
        return Verdict::na("an informational reply is not stored");
    }
    let why = match (c.token, c.authenticated) {
        (true, _) => "carries a token",
        (false, true) => "answers an authenticated request",
        (false, false) => return Verdict::na("neither authenticated nor carrying a token"),
    };
    let directives = directives(c);
    let fail = |sentence: String| if c.token { Verdict::Capped(sentence) } else { Verdict::Fail(sentence) };
    match (directives.iter().any(|(n, _)| n == "no-store"), keeps(&directives)) {
        (true, None) => Verdict::Pass(format!("{why} and is not stored")),
        (true, Some(n)) => fail(format!("{why}; no-store and {n} contradict each other")),
        (false, Some(n)) => fail(format!("{why}, and Cache-Control: {n} lets caches keep it")),
        (false, None) if !c.token && !matches!(c.method.as_str(), "GET" | "HEAD") => {
            Verdict::Na(format!("caches keep replies to {} only when told to", quote(&c.method)))
        }
        (false, None) if directives.is_empty() && (c.has("pragma") || c.has("expires")) => {
            fail(format!("{why}, and Pragma or Expires alone do not keep caches from storing it"))
        }
        (false, None) if directives.is_empty() => fail(format!("{why}, and there is no Cache-Control")),
        (false, None) => fail(format!("{why}, and Cache-Control does not say no-store")),
    }
}

/// LNH09.
pub fn vary(c: &Context<'_>) -> Verdict {
    if !c.authenticated {
        return Verdict::na("the request carried no credential the reply could depend on");
    }
    if c.is_unstored() {
        return Verdict::na("not stored, so no cache can give it to another");
    }
    let Some(told) = keeps(&directives(c)).map(str::to_owned) else {
        return Verdict::na("no cache is told to keep it");
    };
    let vary = c.list("vary");
    let names = |wanted: &[&str]| vary.iter().any(|v| v == "*" || wanted.iter().any(|w| v.eq_ignore_ascii_case(w)));
    let request = &c.exchange.request;
    let carried: Vec<&str> = request
        .headers
        .iter()
        .filter(|(n, v)| !v.is_empty() && crate::base::secret::is_credential_header(n))
        .filter_map(|(n, _)| std::str::from_utf8(n).ok())
        .collect();
    if names(&carried) {
        Verdict::pass("Vary names the credential")
    } else {
        Verdict::Fail(format!(
            "Cache-Control: {told} lets caches keep it, and Vary does not name {}",
            quote(carried.first().copied().unwrap_or("the credential"))
        ))
    }
}
