//! Endpoints that answer who sent no credential, judged by sources alone that record whether one was sent.

use std::collections::HashMap;

use super::{Found, Row, table};
use crate::base::figure::count;
use crate::base::secret::{is_credential_header, is_secret_member};
use crate::inventory::role::Role;
use crate::inventory::template::is_version;

/// Neighbours that must have refused before one that does not is odd.
const NEIGHBOURS: usize = 2;

pub(super) fn found(rows: &[Row]) -> Vec<Found> {
    let mut closed: HashMap<(Option<&str>, String), usize> = HashMap::new();
    for row in rows.iter().filter(|r| r.access.refused > 0 && r.access.open == 0) {
        *closed.entry(family(row)).or_default() += 1;
    }
    // A log may have the field and nobody may fill it: somebody must have been let in by a credential that is seen.
    let recorded = rows.iter().any(|r| r.access.let_in > 0);
    let mut found = Vec::new();
    for row in rows.iter().filter(|r| r.access.open > 0) {
        let (e, access) = (&row.endpoint, row.access);
        let asks = asks(&e.security);
        let declared = asks == Some(true) && (recorded || access.captured > 0);
        let neighbours = closed.get(&family(row)).copied().unwrap_or(0);
        let role = Role::of(e.path.as_bytes());
        let sibling = e.security.is_empty()
            && access.refused == 0
            && neighbours >= NEIGHBOURS
            && !matches!(role, Role::Login | Role::Public);
        let answered = format!("{} requests without a credential were answered with 2xx", count(access.open));
        if declared {
            let detail = format!("{answered}; the document asks for {}", e.security.join(" or "));
            found.push(Found::new(table::DECLARED, detail).on(e).with(access.open, []));
        } else if sibling {
            let detail = format!("{answered}; {} endpoints beside it refused such", count(neighbours as u64));
            found.push(Found::new(table::SIBLING, detail).on(e).with(access.open, []));
        }
    }
    found.sort_by(|a, b| (&a.path, &a.method, &a.host).cmp(&(&b.path, &b.method, &b.host)));
    found
}

/// What an endpoint belongs to: its host, and its path up to the first word that is more than a prefix.
fn family(row: &Row) -> (Option<&str>, String) {
    let path = row.endpoint.path.lossy();
    let mut out = String::new();
    for segment in path.split('/').filter(|s| !s.is_empty()) {
        out.push('/');
        out.push_str(segment);
        let prefix = matches!(segment, "api" | "rest" | "public" | "services") || is_version(segment.as_bytes());
        if !prefix {
            break;
        }
    }
    (row.endpoint.host.as_deref(), out)
}

/// Whether every way that a document declares asks for a credential, each one that would be seen in a capture; `None` where one
/// of them is not seen there, so that its absence says nothing.
fn asks(security: &[String]) -> Option<bool> {
    if security.is_empty() {
        return Some(false);
    }
    let mut asks = true;
    for way in security {
        if way == "none" {
            asks = false;
            continue;
        }
        // Of several at once one that is seen is enough.
        way.split(" + ").any(is_seen).then_some(())?;
    }
    Some(asks)
}

/// True for a scheme whose credential is known for one where it is sent.
fn is_seen(scheme: &str) -> bool {
    let key = |place: &str| scheme.strip_prefix("api key ").and_then(|s| s.strip_prefix(place)).map(str::trim);
    if let Some(name) = key("header ") {
        return is_credential_header(name.as_bytes());
    }
    if let Some(name) = key("query ") {
        return is_secret_member(name);
    }
    key("cookie ").is_some()
        || ["bearer", "basic", "digest", "oauth2", "openid connect"]
            .iter()
            .any(|s| scheme == *s || scheme.strip_prefix(s).is_some_and(|rest| rest.starts_with(" (")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_seen_is_judged() {
        let asks = |ways: &[&str]| asks(&ways.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        assert_eq!(asks(&["bearer (JWT)"]), Some(true));
        assert_eq!(asks(&["api key header X-Api-Key", "oauth2 (read)"]), Some(true));
        assert_eq!(asks(&["basic", "none"]), Some(false));
        assert_eq!(asks(&[]), Some(false));
        for way in ["api key header X-Key", "api key query q", "mutual TLS", "k (not declared)", "bearerish"] {
            assert_eq!(asks(&[way]), None, "{way}");
        }
        assert_eq!(asks(&["mutual TLS + bearer"]), Some(true));
    }
}
