//! What the sources together say of an endpoint.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::model::{Endpoint, State};
use super::traffic::Tally;
use crate::base::Stamp;

/// A status that only a handler gives: something answered there (RFC 9110, section 15; RFC 4918 for 422).
pub(super) fn is_strong(status: u16) -> bool {
    matches!(status, 200..=299 | 409 | 415 | 422 | 500)
}

/// True when traffic to an undeclared template shows that there is an endpoint, and not just somebody knocking.
pub(super) fn is_endpoint(tally: &Tally, template: &[u8]) -> bool {
    tally.any(is_strong) && (!is_probe(template) || tally.any(|s| (200..300).contains(&s)))
}

/// Paths that scanners ask every host for.
fn is_probe(template: &[u8]) -> bool {
    const STARTS: [&[u8]; 12] = [
        b"/wp-",
        b"/.git",
        b"/.env",
        b"/.aws",
        b"/.ssh",
        b"/.svn",
        b"/cgi-bin",
        b"/phpmyadmin",
        b"/vendor/phpunit",
        b"/boaform",
        b"/HNAP1",
        b"/solr",
    ];
    const ENDS: [&[u8]; 12] = [
        b".php", b".asp", b".aspx", b".jsp", b".cgi", b".env", b".bak", b".sql", b".ini", b".old", b".zip", b".tar.gz",
    ];
    let has = |needle: &[u8]| memchr::memmem::find(template, needle).is_some();
    STARTS.iter().any(|s| template.starts_with(s))
        || ENDS.iter().any(|e| template.ends_with(e))
        || has(b"/.env")
        || has(b"/.git/")
        || has(b"/wp-")
        || has(b"../")
        || has(b"<")
}

/// State of a declared endpoint. `traffic` is whether any log was read.
pub(super) fn declared(endpoint: &Endpoint, shared_requests: u64, traffic: bool, now: Stamp) -> State {
    let answered = endpoint.statuses.range(200..400).any(|(_, n)| *n > 0);
    let over = endpoint.deprecated || endpoint.sunset.as_deref().and_then(parse_sunset).is_some_and(|s| s < now);
    if over && answered {
        State::Zombie
    } else if traffic && endpoint.requests == 0 && shared_requests == 0 {
        State::Ghost
    } else {
        State::Documented
    }
}

/// A sunset as people write it: RFC 3339, a date alone, or an HTTP date (RFC 8594, section 3).
pub(super) fn parse_sunset(s: &str) -> Option<Stamp> {
    let s = s.trim();
    Stamp::parse(s)
        .or_else(|| Stamp::parse(&format!("{s}T00:00:00Z")))
        .or_else(|| OffsetDateTime::parse(s, &Rfc2822).ok().and_then(|t| Stamp::from_unix(t.unix_timestamp())))
}

/// Order of the list: worst first, and what cannot be judged stands with what is documented.
pub(super) fn rank(state: Option<State>) -> State {
    state.unwrap_or(State::Documented)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(statuses: &[u16]) -> Tally {
        Tally {
            requests: statuses.len() as u64,
            statuses: statuses.iter().map(|s| (*s, 1)).collect(),
            ..Tally::default()
        }
    }

    #[test]
    fn evidence() {
        for (statuses, path, want) in [
            (&[200u16][..], "/a", true),
            (&[404, 422], "/a", true),
            (&[401, 403, 405, 429, 301, 404], "/a", false),
            (&[500], "/a", true),
            (&[500], "/x.php", false),
            (&[200], "/x.php", true),
            (&[404], "/wp-login.php", false),
            (&[500], "/a/.env", false),
        ] {
            assert_eq!(is_endpoint(&tally(statuses), path.as_bytes()), want, "{statuses:?} {path}");
        }
    }

    #[test]
    fn sunsets() {
        let want = Stamp::parse("2024-12-31T00:00:00Z");
        for s in ["2024-12-31", "2024-12-31T00:00:00Z", "Tue, 31 Dec 2024 00:00:00 GMT"] {
            assert_eq!(parse_sunset(s), want, "{s}");
        }
        assert_eq!(parse_sunset("soon"), None);
    }
}
