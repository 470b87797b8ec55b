//! Credentials that stand in a URL: by the name of the parameter, or by what the value is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{At, LONGEST, Place, SAMPLES, Spot};
use crate::base::secret::{MASK, find_tokens, mask_target};
use crate::base::{keys, text::display};
use crate::inventory::near::position;
use crate::inventory::template::Asked;

/// Endpoints and names kept.
const MOST: usize = 2_000;
/// The shortest value that is looked at for what it is.
const SHORTEST: usize = 16;

/// The shortest value that may hold a token: what is left of one that was masked.
const SHORTEST_TOKEN: usize = 6;

/// How surely a name says that its value is a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sure {
    /// It is never anything else.
    Always,
    /// When the value is long and mixed as generated ones are.
    ByValue,
}

/// Names of parameters without separators, in lower case. Left out on purpose: `code`, `state` and `sig` of links that are signed or
/// used once, tokens that page through a list or guard a form.
const NAMES: [(&str, Sure); 27] = [
    ("accesstoken", Sure::Always),
    ("idtoken", Sure::Always),
    ("refreshtoken", Sure::Always),
    ("authtoken", Sure::Always),
    ("apitoken", Sure::Always),
    ("usertoken", Sure::Always),
    ("bearertoken", Sure::Always),
    ("privatetoken", Sure::Always),
    ("sessiontoken", Sure::Always),
    ("apikey", Sure::Always),
    ("xapikey", Sure::Always),
    ("apisecret", Sure::Always),
    ("appsecret", Sure::Always),
    ("clientsecret", Sure::Always),
    ("secretkey", Sure::Always),
    ("password", Sure::Always),
    ("passwd", Sure::Always),
    ("passphrase", Sure::Always),
    ("jwt", Sure::ByValue),
    ("token", Sure::ByValue),
    ("secret", Sure::ByValue),
    ("bearer", Sure::ByValue),
    ("authorization", Sure::ByValue),
    ("auth", Sure::ByValue),
    ("pwd", Sure::ByValue),
    ("sessionid", Sure::ByValue),
    ("jsessionid", Sure::ByValue),
];

/// The last two letters of all of them.
const ENDS: [&[u8; 2]; 11] = [b"en", b"ey", b"et", b"rd", b"wd", b"se", b"wt", b"er", b"on", b"th", b"id"];

/// What was found, in words.
const TOKEN: &str = "a JSON Web Token";

/// One kind of credential in the URLs of one endpoint.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::inventory) struct Shown {
    /// Requests that were answered.
    pub requests: u64,
    pub samples: BTreeSet<String>,
}

/// By endpoint and by what it is.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Exposures {
    all: HashMap<(Spot, String), Shown>,
}

impl Exposures {
    /// Looks at a request that was answered. Nearly all have nothing that is looked at twice.
    pub fn note(&mut self, place: Place<'_>, asked: &Asked<'_>) {
        let Some((what, hide)) = credential(asked) else { return };
        let key = (Spot::from(place), what);
        if self.all.len() >= MOST && !self.all.contains_key(&key) {
            return;
        }
        let shown = self.all.entry(key).or_default();
        shown.requests += 1;
        shown.take(line(asked, hide));
    }

    pub fn merge(&mut self, other: Self) {
        for (key, theirs) in other.all {
            let mine = self.all.entry(key).or_default();
            mine.requests += theirs.requests;
            theirs.samples.into_iter().for_each(|s| mine.take(s));
        }
    }

    /// What was found, in order.
    pub fn found(&self, at: At<'_>) -> BTreeMap<(Spot, String), Shown> {
        let mut all: BTreeMap<(Spot, String), Shown> = BTreeMap::new();
        for ((spot, what), shown) in &self.all {
            let mine = all.entry((at(spot), what.clone())).or_default();
            mine.requests += shown.requests;
            shown.samples.iter().for_each(|s| mine.take(s.clone()));
        }
        all
    }
}

impl Shown {
    /// The first in order of the lines, whatever order they came in.
    fn take(&mut self, line: String) {
        self.samples.insert(line);
        if self.samples.len() > SAMPLES {
            self.samples.pop_last();
        }
    }
}

/// The first credential of a target: what it is, in words, and where in the query its value stands.
fn credential(asked: &Asked<'_>) -> Option<(String, Option<std::ops::Range<usize>>)> {
    if asked.query.is_empty() {
        return holds_token(asked.path).then(|| (TOKEN.to_owned(), None));
    }
    let mut from = 0;
    for part in asked.query.split(|b| *b == b'&').take(200) {
        let start = from;
        from += part.len() + 1;
        let Some(equals) = position(part, b'=') else { continue };
        let (name, value) = (&part[..equals], &part[equals + 1..]);
        let range = start + equals + 1..start + part.len();
        if let Some((_, sure)) = named(name)
            && says(value, *sure)
        {
            return Some((format!("the parameter {}", display(name)), Some(range)));
        }
        if value.len() >= SHORTEST_TOKEN && holds_token(value) && !carries_token(name) {
            return Some((TOKEN.to_owned(), Some(range)));
        }
        if value.len() >= SHORTEST && b"gxsryANS".contains(&value[0]) {
            // An AWS key in a signed link names who signed and lets nobody in.
            if let Some(whose) = keys::find(value).filter(|w| !w.contains("AWS")) {
                return Some((whose.to_owned(), Some(range)));
            }
        }
    }
    holds_token(asked.path).then(|| (TOKEN.to_owned(), None))
}

/// A token, or what is left of one that was masked when it was read. Its first letters are looked for by the rarest of them.
fn holds_token(bytes: &[u8]) -> bool {
    if position(bytes, b'J').is_none() {
        return false;
    }
    let mut starts = memchr::memchr_iter(b'J', bytes).filter(|at| bytes[..*at].ends_with(b"ey"));
    let Some(first) = starts.next() else { return false };
    let masked = |at: usize| bytes[at + 1..].starts_with(MASK.as_bytes());
    masked(first) || starts.any(masked) || !find_tokens(bytes).is_empty()
}

/// True for a parameter whose token lets nobody in: of OpenID Connect and OAuth, where standards put it there, and of what pages
/// through a list.
fn carries_token(name: &[u8]) -> bool {
    let flat: Vec<u8> = name.iter().filter(|b| b.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect();
    let whole: [&[u8]; 5] = [b"idtokenhint", b"request", b"state", b"nonce", b"logouttoken"];
    let ends: [&[u8]; 5] = [b"cursor", b"pagetoken", b"nexttoken", b"continuationtoken", b"after"];
    whole.contains(&flat.as_slice()) || ends.iter().any(|e| flat.ends_with(e))
}

/// The name in the table that a parameter has, whatever its separators and case.
fn named(name: &[u8]) -> Option<&'static (&'static str, Sure)> {
    // Most names end in other letters, and are looked at no further.
    let [.., a, b] = name else { return None };
    let end = [a.to_ascii_lowercase(), b.to_ascii_lowercase()];
    if name.len() > 20 || !ENDS.contains(&&end) {
        return None;
    }
    let mut flat = [0u8; 20];
    let mut length = 0;
    for b in name.iter().filter(|b| b.is_ascii_alphanumeric()) {
        flat[length] = b.to_ascii_lowercase();
        length += 1;
    }
    NAMES.iter().find(|(n, _)| n.as_bytes() == &flat[..length])
}

/// Whether a value is a credential. One that was masked, here or by who wrote the log, was one.
fn says(value: &[u8], sure: Sure) -> bool {
    if value == MASK.as_bytes() {
        return true;
    }
    // A word of a test or a document, or a variable that nobody filled in.
    let empty: [&[u8]; 7] = [b"", b"null", b"undefined", b"true", b"false", b"0", b"1"];
    if empty.contains(&value) || matches!(value[0], b'{' | b'<' | b'$' | b':') || value.starts_with(b"%7B") {
        return false;
    }
    match sure {
        Sure::Always => true,
        Sure::ByValue => {
            value.len() >= SHORTEST && value.iter().any(u8::is_ascii_digit) && value.iter().any(u8::is_ascii_alphabetic)
        }
    }
}

/// The request to show: what was found is masked, and everything else that is a secret by its name or look.
fn line(asked: &Asked<'_>, hide: Option<std::ops::Range<usize>>) -> String {
    let mut target = asked.path.to_vec();
    if !asked.query.is_empty() {
        target.push(b'?');
        match hide {
            Some(value) => {
                target.extend_from_slice(&asked.query[..value.start]);
                target.extend_from_slice(MASK.as_bytes());
                target.extend_from_slice(&asked.query[value.end..]);
            }
            None => target.extend_from_slice(asked.query),
        }
    }
    let masked = mask_target(&target);
    format!(
        "{} {}",
        display(&asked.method[..asked.method.len().min(20)]),
        display(&masked[..masked.len().min(LONGEST)])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const JWT: &str = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2lnbmF0dXJl";

    fn found(path: &str, query: &str) -> Vec<(String, String)> {
        let mut exposures = Exposures::default();
        let asked = Asked { method: b"GET", host: None, path: path.as_bytes(), query: query.as_bytes() };
        exposures.note(Place::Declared(0), &asked);
        let all = exposures.found(&Spot::clone).into_iter();
        all.map(|((_, what), shown)| (what, shown.samples.into_iter().collect::<String>())).collect()
    }

    #[test]
    fn credentials_are_found_and_never_shown() {
        for (path, query, what, shown) in [
            ("/a", "page=2&access_token=zzz&x=1", "the parameter access_token", "GET /a?page=2&access_token=***&x=1"),
            ("/a", "API-Key=zzz", "the parameter API-Key", "GET /a?API-Key=***"),
            ("/a", "password=***", "the parameter password", "GET /a?password=***"),
            ("/a", "auth=3f9a8b7c6d5e4f3a2b1c", "the parameter auth", "GET /a?auth=***"),
            ("/a", "k=ghp_abcdefghijklmnopqrstuvwxyz0123456789", "a GitHub token", "GET /a?k=***"),
            ("/a", &format!("x={JWT}&y=1"), TOKEN, "GET /a?x=***&y=1"),
            (&format!("/t/{JWT}/b"), "", TOKEN, "GET /t/eyJ***/b"),
            ("/t/eyJ***/b", "", TOKEN, "GET /t/eyJ***/b"),
        ] {
            assert_eq!(found(path, query), [(what.to_owned(), shown.to_owned())], "{path}?{query}");
        }
    }

    #[test]
    fn what_looks_like_one_and_is_none() {
        for (path, query) in [
            ("/orders", "page=2&limit=20&sort=date&status=open"),
            ("/orders", "page_token=CAESBgoEMTIzNDU2Nzg5MGFiY2RlZg&next_token=abc123abc123abc123"),
            ("/orders", "key=3f9a8b7c6d5e4f3a2b1c"),
            ("/orders", "token=abc&secret=short&auth=basic"),
            ("/orders", "access_token=&password={password}&api_key=null"),
            ("/callback", "code=4/0AY0e-g7xxxxxxxxxxxx&state=1"),
            ("/file", "X-Amz-Credential=AKIAABCDEFGHIJKLMNOP/20240101/x&X-Amz-Signature=3f9a8b7c6d5e4f3a2b1c"),
            ("/keyboards/eyJ", "q=password&reset_password=1"),
            ("/a", "csrf_token=3f9a8b7c6d5e4f3a2b1c"),
            ("/logout", &format!("id_token_hint={JWT}&state={JWT}")),
            ("/orders", &format!("next_cursor={JWT}")),
        ] {
            assert_eq!(found(path, query), [], "{path}?{query}");
        }
    }

    #[test]
    fn the_table_of_names_is_bounded() {
        let mut exposures = Exposures::default();
        for i in (0..).take(MOST * 2) {
            let asked = Asked { method: b"GET", host: None, path: b"/a", query: b"api_key=1x" };
            exposures.note(Place::Declared(i), &asked);
        }
        assert_eq!(exposures.found(&Spot::clone).len(), MOST);
    }

    #[test]
    fn names_end_in_the_letters_that_are_looked_for_and_are_short_enough() {
        for (name, _) in NAMES {
            assert!(named(name.as_bytes()).is_some(), "{name}");
        }
    }
}
