//! Versions in paths: which endpoint is an older one of another.

use std::collections::HashMap;

use super::template::is_version;

/// Segments of a path among which a version may stand.
const FIRST: usize = 3;

/// The shape of a template: every variable alike, without a slash at the end.
pub(super) fn shape(path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut out = String::with_capacity(path.len());
    for segment in path.split('/').filter(|s| !s.is_empty()) {
        out.push('/');
        let mut rest = segment;
        while let Some(open) = rest.find('{') {
            out.push_str(&rest[..open]);
            out.push_str("{}");
            rest = rest[open..].find('}').map_or("", |close| &rest[open + close + 1..]);
        }
        out.push_str(rest);
    }
    out
}

/// Version of a path as a number, and its shape without the version.
fn version(path: &str) -> Option<(Vec<u32>, String)> {
    let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
    let at = segments.iter().take(FIRST).position(|s| s.starts_with(['v', 'V']) && is_version(s.as_bytes()))?;
    // Of `v2beta1` the first number; what is between does not compare.
    let number = segments[at][1..].split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    let number = number.split('.').map(|n| n.parse().ok()).collect::<Option<Vec<u32>>>()?;
    let rest = [&segments[..at], &["{version}"], &segments[at + 1..]].concat();
    Some((number, shape(&rest.join("/"))))
}

/// The greatest version of each host, method and path that is there.
#[derive(Debug, Default)]
pub(super) struct Versions(HashMap<(Whose, String, String), (Vec<u32>, String)>);

/// Whose paths: those of one host, those of none that is named, or all.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Whose {
    Host(String),
    Nobody,
    All,
}

impl Versions {
    /// Takes in an endpoint that is declared, or answers.
    pub fn add(&mut self, host: Option<&str>, method: &str, path: &str) {
        let Some((number, rest)) = version(path) else { return };
        let own = host.map_or(Whose::Nobody, |h| Whose::Host(h.to_owned()));
        for whose in [own, Whose::All] {
            let newest = self.0.entry((whose, method.to_owned(), rest.clone())).or_default();
            if number > newest.0 {
                *newest = (number.clone(), path.to_owned());
            }
        }
    }

    /// The path of a newer version of this endpoint: on its host, or where either names none.
    pub fn newer(&self, host: Option<&str>, method: &str, path: &str) -> Option<&str> {
        let (number, rest) = version(path)?;
        let places = match host {
            Some(host) => vec![Whose::Host(host.to_owned()), Whose::Nobody],
            None => vec![Whose::All],
        };
        let all = places.into_iter().filter_map(|whose| self.0.get(&(whose, method.to_owned(), rest.clone())));
        let (newest, at) = all.max()?;
        (*newest > number).then_some(at.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_ones() {
        let mut versions = Versions::default();
        for path in ["/api/v2/orders/{orderId}", "/api/v10/users", "/v1.1/a", "/v2"] {
            versions.add(None, "GET", path);
        }
        for (method, path, newer) in [
            ("GET", "/api/v1/orders/{id}", Some("/api/v2/orders/{orderId}")),
            ("GET", "/api/v9/users", Some("/api/v10/users")),
            ("GET", "/v1.0/a", Some("/v1.1/a")),
            ("GET", "/v1", Some("/v2")),
            ("POST", "/api/v1/orders/{id}", None),
            ("GET", "/api/v2/orders/{id}", None),
            ("GET", "/api/v3/orders/{id}", None),
            ("GET", "/other/v1/orders/{id}", None),
            ("GET", "/api/orders/{id}", None),
            ("GET", "/a/b/c/v1/d", None),
        ] {
            assert_eq!(versions.newer(None, method, path), newer, "{method} {path}");
        }
    }

    #[test]
    fn of_another_host_is_another_service() {
        let mut versions = Versions::default();
        versions.add(Some("a.test"), "GET", "/v2/users");
        assert_eq!(versions.newer(Some("b.test"), "GET", "/v1/users"), None);
        assert_eq!(versions.newer(Some("a.test"), "GET", "/v1/users"), Some("/v2/users"));
        assert_eq!(versions.newer(None, "GET", "/v1/users"), Some("/v2/users"));
        versions.add(None, "GET", "/v3/users");
        assert_eq!(versions.newer(Some("b.test"), "GET", "/v1/users"), Some("/v3/users"));
    }

    #[test]
    fn shapes() {
        assert_eq!(shape("/a/{b}/{c}.json/?x={y}"), "/a/{}/{}.json");
        assert_eq!(shape("/a/{b"), "/a/{}");
        assert_eq!(shape("/"), "");
    }
}
