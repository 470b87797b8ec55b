//! What the sources together say of an endpoint.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use super::model::{Endpoint, State};
use crate::base::Stamp;

/// State of a declared endpoint. `traffic` is whether any log was read.
pub(super) fn declared(endpoint: &Endpoint, shared_requests: u64, traffic: bool, now: Stamp) -> State {
    if is_over(endpoint, now) && answers(endpoint) {
        State::Zombie
    } else if traffic && endpoint.requests == 0 && shared_requests == 0 {
        State::Ghost
    } else {
        State::Documented
    }
}

/// True when something answered there: 2xx or 3xx.
pub(super) fn answers(endpoint: &Endpoint) -> bool {
    endpoint.statuses.range(200..400).any(|(_, n)| *n > 0)
}

/// True when it is deprecated, or past its sunset.
pub(super) fn is_over(endpoint: &Endpoint, now: Stamp) -> bool {
    endpoint.deprecated || endpoint.sunset.as_deref().and_then(parse_sunset).is_some_and(|s| s < now)
}

/// `Deprecation` of a reply, in seconds since 1970: `@1688169599` (RFC 9745, section 2.1), and what its drafts had, a date or
/// `true`, which says not when.
pub(super) fn parse_deprecation(s: &str) -> Option<i64> {
    let s = s.trim();
    match s.strip_prefix('@') {
        Some(seconds) => seconds.split(';').next()?.trim().parse().ok(),
        None if s.eq_ignore_ascii_case("true") || s == "?1" => Some(0),
        None => parse_sunset(s).map(Stamp::unix),
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

    #[test]
    fn sunsets() {
        let want = Stamp::parse("2024-12-31T00:00:00Z");
        for s in ["2024-12-31", "2024-12-31T00:00:00Z", "Tue, 31 Dec 2024 00:00:00 GMT"] {
            assert_eq!(parse_sunset(s), want, "{s}");
        }
        assert_eq!(parse_sunset("soon"), None);
    }

    #[test]
    fn deprecations() {
        for (s, want) in [
            ("@1688169599", Some(1_688_169_599)),
            (" @1;a=b", Some(1)),
            ("true", Some(0)),
            ("Tue, 31 Dec 2024 00:00:00 GMT", Some(1_735_603_200)),
            ("false", None),
            ("@soon", None),
            ("", None),
        ] {
            assert_eq!(parse_deprecation(s), want, "{s}");
        }
    }
}
