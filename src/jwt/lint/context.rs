//! What a rule sees of a token, looked up once for all of them.

use std::collections::HashMap;

use serde_json::Value;

use super::{Place, Profile, Situation, profile};
use crate::base::Severity;
use crate::jwt::alg::{Algorithm, Family, algorithm};
use crate::jwt::explain::read_time;
use crate::jwt::object::cut;
use crate::jwt::{Decoded, Key, Kind};

/// Longest part of a foreign text in a finding, in characters.
const SHOWN: usize = 60;

/// What a rule has to say.
#[derive(Debug)]
pub(super) struct Hit {
    /// How bad it is here, where that is not what the row says.
    pub severity: Option<Severity>,
    /// What was seen, in display form.
    pub detail: String,
}

/// As bad as the row says.
pub(super) fn hit(detail: impl Into<String>) -> Hit {
    Hit { severity: None, detail: detail.into() }
}

/// As bad as this.
pub(super) fn hit_as(severity: Severity, detail: impl Into<String>) -> Hit {
    Hit { severity: Some(severity), detail: detail.into() }
}

/// A foreign text in backticks.
pub(super) fn quoted(text: &str) -> String {
    format!("`{}`", cut(text, SHOWN))
}

/// A foreign value in backticks.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(s) => quoted(s),
        Value::Array(list) if list.len() > 20 => format!("a list of {}", list.len()),
        Value::Object(members) if members.len() > 20 => format!("an object of {} members", members.len()),
        other => quoted(&other.to_string()),
    }
}

pub(super) struct Context<'a> {
    pub s: &'a Situation<'a>,
    pub t: &'a Decoded,
    header: HashMap<&'a str, &'a Value>,
    claims: HashMap<&'a str, &'a Value>,
    /// What it is judged as.
    pub profile: Option<Profile>,
    /// The server's time, in seconds since 1970.
    pub now: i64,
}

impl<'a> Context<'a> {
    pub fn new(s: &'a Situation<'a>) -> Self {
        let t = s.token;
        let index = |members: &'a [(String, Value)]| -> HashMap<&'a str, &'a Value> {
            members.iter().map(|(n, v)| (n.as_str(), v)).collect()
        };
        let mut header: HashMap<&str, &Value> = index(&t.unprotected);
        header.extend(t.header.members.iter().map(|(n, v)| (n.as_str(), v)));
        Self {
            s,
            t,
            header,
            claims: index(&t.claims.members),
            profile: profile(s).0,
            now: s.now.unix().saturating_add(s.skew),
        }
    }

    /// A header parameter, one that is signed before one that is not; of two the last one.
    pub fn header(&self, name: &str) -> Option<&'a Value> {
        self.header.get(name).copied()
    }
    pub fn header_text(&self, name: &str) -> Option<&'a str> {
        self.header(name).and_then(Value::as_str)
    }
    /// A claim; of two the last one.
    pub fn claim(&self, name: &str) -> Option<&'a Value> {
        self.claims.get(name).copied()
    }
    pub fn claim_text(&self, name: &str) -> Option<&'a str> {
        self.claim(name).and_then(Value::as_str)
    }
    /// Texts of a claim that is a text or a list.
    pub fn texts(&self, name: &str) -> Vec<&'a str> {
        match self.claim(name) {
            Some(Value::String(s)) => vec![s],
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
    /// A NumericDate in seconds, however it is written.
    pub fn time(&self, name: &str) -> Option<i64> {
        read_time(self.claim(name)?).map(|(seconds, _)| seconds)
    }

    pub fn alg(&self) -> Option<&'a str> {
        self.header_text("alg")
    }
    pub fn algorithm(&self) -> Option<&'static Algorithm> {
        algorithm(self.alg()?)
    }
    pub fn is_hmac(&self) -> bool {
        self.algorithm().is_some_and(|a| a.family == Family::Hmac)
    }
    pub fn is_encrypted(&self) -> bool {
        self.t.kind == Kind::Jwe
    }
    pub fn is_signed(&self) -> bool {
        !self.is_encrypted() && !self.t.header.members.is_empty()
    }
    /// True where there are claims to judge: a JSON object that can be read.
    pub fn has_claims(&self) -> bool {
        self.t.inner.is_none()
            && !self.is_encrypted()
            && self.t.claims.bytes.as_bytes().trim_ascii_start().first() == Some(&b'{')
    }
    pub fn is(&self, profiles: &[Profile]) -> bool {
        self.profile.is_some_and(|p| profiles.contains(&p))
    }
    /// True for what goes to an API as it is, or may: an access token, and a token of which nothing else is known.
    pub fn is_bearer(&self) -> bool {
        matches!(self.profile, None | Some(Profile::Access))
    }
    pub fn place(&self) -> Option<Place> {
        self.s.place
    }

    /// The keys that the token names, or all of them where it names none: at most so many.
    pub fn keys(&self, most: usize) -> Vec<&'a Key> {
        let Some(keys) = self.s.keys else { return Vec::new() };
        let named: Vec<&Key> = match self.header("kid") {
            Some(kid) => keys.keys.iter().filter(|k| k.kid.as_ref() == Some(kid)).take(most).collect(),
            None => Vec::new(),
        };
        if named.is_empty() { keys.keys.iter().take(most).collect() } else { named }
    }

    /// The keys that the token names by `kid`; or the only one there is.
    pub fn named_keys(&self) -> Vec<&'a Key> {
        let Some(keys) = self.s.keys else { return Vec::new() };
        match (self.header("kid"), keys.keys.as_slice()) {
            (_, [only]) if self.header("kid").is_none() || only.kid.is_none() => vec![only],
            (Some(kid), all) => all.iter().filter(|k| k.kid.as_ref() == Some(kid)).collect(),
            _ => Vec::new(),
        }
    }
}

/// A URL as it stands, cut at its marks.
pub(super) struct Url<'a> {
    pub scheme: &'a str,
    pub user: Option<&'a str>,
    pub host: &'a str,
    pub path: &'a str,
    pub query: bool,
    pub fragment: bool,
}

/// Cuts an absolute URL into its parts (RFC 3986 section 3); `None` for what has no `//`.
pub(super) fn url(text: &str) -> Option<Url<'_>> {
    let (scheme, rest) = text.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let (user, host) = match authority.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, authority),
    };
    let host = match host.strip_prefix('[') {
        Some(six) => six.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let path = &rest[..rest.find(['?', '#']).unwrap_or(rest.len())];
    let fragment = rest.contains('#');
    let query = rest.split('#').next().unwrap_or_default().contains('?');
    Some(Url { scheme, user, host, path, query, fragment })
}

/// True where both names are of one owner, as far as their last labels say.
pub(super) fn same_site(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    a == b || psl::domain_str(&a).is_some_and(|d| psl::domain_str(&b) == Some(d))
}

/// True for an address, or a name that no other network knows.
pub(super) fn is_internal(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    if let Ok(address) = host.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(a) => a.is_private() || a.is_loopback() || a.is_link_local() || a.is_unspecified(),
            std::net::IpAddr::V6(a) => {
                a.is_loopback() || a.is_unspecified() || a.is_unique_local() || a.is_unicast_link_local()
            }
        };
    }
    let last = host.rsplit('.').next().unwrap_or_default();
    host == "localhost"
        || (host.contains('.')
            && matches!(last, "local" | "localhost" | "internal" | "intranet" | "corp" | "lan" | "home" | "private"))
}
