//! Judging a token by what is known of it: one table of rules, each row with its id, its severity, its reference and its fix.
//!
//! Nothing is asked of anybody here. What a rule needs beside the token (keys, metadata, what was requested, how a server took
//! it) stands in the [`Situation`]; a rule whose facts are not there says nothing.

mod claims;
mod context;
mod encrypted;
mod keys;
mod leak;
mod oidc;
mod place;
mod secret;
mod set;
mod shape;
mod signature;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod trust;

use serde_json::Value;

use super::Decoded;
use super::crack::Guessed;
use super::key::Keys;
use super::verify::Verdict;
use crate::base::{Finding, Severity, Stamp};

use context::{Context, Hit};
pub use set::lint_keys;
pub use table::{How, Lint, rule, rules};

/// What one rule has to say of one token, at most; the rest is counted.
const MOST: usize = 6;

/// What a token is for: each kind has rules of its own, and RFC 8725 section 3.12 wants none taken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// An access token, RFC 9068.
    Access,
    /// An ID token, OpenID Connect Core 1.0 section 2.
    Id,
    /// A client assertion, RFC 7523.
    Assertion,
    /// A DPoP proof, RFC 9449.
    Dpop,
    /// A logout token, OpenID Connect Back-Channel Logout 1.0.
    Logout,
}

impl Profile {
    /// Every profile.
    pub const ALL: [Self; 5] = [Self::Access, Self::Id, Self::Assertion, Self::Dpop, Self::Logout];

    /// The word on the command line and in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Id => "id",
            Self::Assertion => "assertion",
            Self::Dpop => "dpop",
            Self::Logout => "logout",
        }
    }

    /// What it is, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Access => "an access token (RFC 9068)",
            Self::Id => "an ID token (OpenID Connect)",
            Self::Assertion => "a client assertion (RFC 7523)",
            Self::Dpop => "a DPoP proof (RFC 9449)",
            Self::Logout => "a logout token (OpenID Connect Back-Channel Logout)",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.word() == word)
    }
}

/// Where a token stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// An `Authorization` header of a request to an API.
    Bearer,
    /// The query or the path of a URL.
    Url,
    /// The fragment of a URL.
    Fragment,
    /// A `Referer` header.
    Referer,
    /// A line of a log.
    Log,
    /// A `Set-Cookie` header.
    Cookie {
        /// It has the attribute `Secure`.
        secure: bool,
        /// It has the attribute `HttpOnly`.
        http_only: bool,
        /// It has the attribute `SameSite`.
        same_site: bool,
        /// Seconds that it lives, where it outlives the session.
        max_age: Option<i64>,
    },
    /// Anywhere else.
    Other,
}

/// What a reply said of keeping it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Caching<'a> {
    /// It did not come by a reply, or its headers are not known.
    #[default]
    Unknown,
    /// It had no `Cache-Control`.
    Unsaid,
    /// The `Cache-Control` it had.
    Said(&'a str),
}

/// What was asked for when the token was issued, or sent beside it: what it has to answer to.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// `nonce` of the authorization request.
    pub nonce: Option<String>,
    /// `acr_values` of it.
    pub acr: Vec<String>,
    /// `max_age` of it, in seconds.
    pub max_age: Option<i64>,
    /// `scope` of it.
    pub scope: Option<String>,
    /// The client that asked.
    pub client_id: Option<String>,
    /// The access token that came with it, or that a proof goes with.
    pub access_token: Option<Vec<u8>>,
    /// The code that came with it.
    pub code: Option<Vec<u8>>,
    /// The `state` of the request.
    pub state: Option<Vec<u8>>,
    /// It came through the browser, from the authorization endpoint.
    pub front_channel: bool,
    /// The client certificate of the connection, DER.
    pub certificate: Option<Vec<u8>>,
    /// The thumbprint (RFC 7638) of the key that the DPoP proof beside it was signed with.
    pub dpop_thumbprint: Option<String>,
    /// The method of the request that a proof goes with.
    pub method: Option<String>,
    /// The URL of it, without query and fragment.
    pub url: Option<String>,
}

/// A token and all that is known beside it.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The token.
    pub token: &'a Decoded,
    /// The time to judge by.
    pub now: Stamp,
    /// Seconds by which the server's clock is ahead of ours, as its `Date` says; 0 where that is not known.
    pub skew: i64,
    /// What the token is for; `None` to take what it looks like.
    pub profile: Option<Profile>,
    /// Keys that were given for it.
    pub keys: Option<&'a Keys>,
    /// What the reply that brought the key set said of keeping it.
    pub keys_cache: Caching<'a>,
    /// How its signature stands with these keys.
    pub verdict: Option<&'a Verdict>,
    /// Its secret, where that was guessed.
    pub secret: Option<&'a Guessed>,
    /// Metadata of its issuer (RFC 8414 section 2), an object.
    pub metadata: Option<&'a Value>,
    /// Where it stood.
    pub place: Option<Place>,
    /// The host that it was sent to, or that sent it.
    pub host: Option<&'a str>,
    /// What it has to answer to.
    pub asked: Option<&'a Asked>,
    /// The deployment says that it follows FAPI 2.0.
    pub fapi: bool,
    /// Live: whether the server took it at this time.
    pub accepted: Option<bool>,
    /// Live: tokens that the same client got before it.
    pub earlier: &'a [Decoded],
    /// Live: whether the server took it after it was revoked, or its user had logged out.
    pub outlived: Option<bool>,
}

impl<'a> Situation<'a> {
    /// A token of which nothing else is known.
    pub fn new(token: &'a Decoded, now: Stamp) -> Self {
        Self {
            token,
            now,
            skew: 0,
            profile: None,
            keys: None,
            keys_cache: Caching::Unknown,
            verdict: None,
            secret: None,
            metadata: None,
            place: None,
            host: None,
            asked: None,
            fapi: false,
            accepted: None,
            earlier: &[],
            outlived: None,
        }
    }
}

/// A token judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it was judged as; `None` for a token of no known kind.
    pub profile: Option<Profile>,
    /// Why, in a few words.
    pub why: &'static str,
    /// Its secret, where that was guessed.
    pub secret: Option<Guessed>,
    /// Worst first.
    pub findings: Vec<Finding>,
}

impl Judgement {
    /// True where something is as bad as `least` or worse.
    pub fn fails(&self, least: Option<Severity>) -> bool {
        least.is_some_and(|least| self.findings.iter().any(|f| f.severity >= least))
    }
}

/// What a token is judged as, and why, in a few words: what was said, else what its `typ` says, else what its claims look like.
/// `None` for a token of no known kind, which is judged as something that an API may be sent.
pub fn profile(s: &Situation<'_>) -> (Option<Profile>, &'static str) {
    if let Some(given) = s.profile {
        return (Some(given), "as it was asked for");
    }
    let typ = s.token.header.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let by_type = match typ.strip_prefix("application/").unwrap_or(&typ) {
        "at+jwt" => Some(Profile::Access),
        "dpop+jwt" => Some(Profile::Dpop),
        "logout+jwt" => Some(Profile::Logout),
        "client-authentication+jwt" => Some(Profile::Assertion),
        _ => None,
    };
    if by_type.is_some() {
        return (by_type, "as its typ says");
    }
    if s.place == Some(Place::Bearer) {
        return (Some(Profile::Access), "since it stood in Authorization");
    }
    let claim = |name: &str| s.token.claims.get(name);
    let has = |name: &str| claim(name).is_some();
    let logout = claim("events").and_then(Value::as_object).is_some_and(|e| e.contains_key(LOGOUT_EVENT));
    let by_claims = if logout {
        Some(Profile::Logout)
    } else if has("htm") && has("htu") {
        Some(Profile::Dpop)
    } else if ["scope", "scp", "client_id"].into_iter().any(has) {
        Some(Profile::Access)
    } else if ["nonce", "at_hash", "c_hash", "s_hash", "auth_time"].into_iter().any(has) {
        Some(Profile::Id)
    } else if claim("iss").is_some() && claim("iss") == claim("sub") && has("aud") {
        Some(Profile::Assertion)
    } else {
        None
    };
    (by_claims, if by_claims.is_some() { "as its claims look" } else { "nothing says what it is for" })
}

/// The event that makes a logout token one (OpenID Connect Back-Channel Logout 1.0 section 2.4).
const LOGOUT_EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// Judges a token, what is nested in it, and the key set that was given for it; worst first, at most one finding a rule and
/// token. Time and memory grow linearly with the token and the keys.
pub fn lint(s: &Situation<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    let (mut token, mut depth) = (s.token, 0);
    loop {
        // What is known of the outer one is not known of those inside it.
        let inside = Situation {
            keys: s.keys,
            metadata: s.metadata,
            asked: s.asked,
            skew: s.skew,
            ..Situation::new(token, s.now)
        };
        let context = Context::new(if depth == 0 { s } else { &inside });
        let before = if depth == 0 { "" } else { "in the token inside: " };
        for (order, row) in rules().enumerate() {
            if let table::Judge::Token(judge) = row.judge
                && let Some(finding) = row.finding(judge(&context), before)
            {
                found.push((order, finding));
            }
        }
        match &token.inner {
            Some(inner) => token = inner,
            None => break,
        }
        depth += 1;
    }
    if let Some(keys) = s.keys.filter(|k| k.set) {
        found.extend(set::found(keys, s.keys_cache));
    }
    // The sort is stable: what is of one severity stays in the order of the table.
    found.sort_by_key(|(order, f)| (std::cmp::Reverse(f.severity), *order));
    found.into_iter().map(|(_, f)| f).collect()
}

impl Lint {
    /// One finding of what a rule has to say: as bad as the worst of it.
    fn finding(&self, hits: Vec<Hit>, before: &str) -> Option<Finding> {
        let severity = hits.iter().map(|h| h.severity.unwrap_or(self.rule.severity)).max()?;
        let more = hits.len().saturating_sub(MOST);
        let mut detail: Vec<String> = hits.into_iter().take(MOST).map(|h| h.detail).collect();
        if more > 0 {
            detail.push(format!("{more} more"));
        }
        Some(Finding { severity, ..self.rule.finding(format!("{before}{}", detail.join("; "))) })
    }
}
