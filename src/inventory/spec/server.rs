//! Server objects: the addresses an operation is offered at.

use std::sync::Arc;

use serde_json::{Map, Value};

/// Servers kept of one list, with what the values of their variables expand to.
pub(super) const MOST_SERVERS: usize = 64;
/// Bytes of one URL.
const LONGEST: usize = 4096;

/// One server of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// URL with every variable replaced by a value; absolute or relative, without a trailing slash.
    pub url: String,
    /// Path part of the URL with the variables that may hold anything still in braces: what a request path may start with.
    pub base_template: String,
}

/// A variable of a server: the values it may have, the default first.
struct Variable<'n> {
    name: &'n str,
    values: Vec<String>,
    /// Whether these are all it may have.
    closed: bool,
}

impl Server {
    /// The list of a document that names no server: the one it is served from (OpenAPI 3.1.0, section 4.8.1).
    pub(super) fn none() -> Arc<[Self]> {
        Arc::from(vec![Self { url: String::new(), base_template: String::new() }])
    }

    fn new(url: &str, base_template: String) -> Self {
        Self { url: url.trim_end_matches('/').to_owned(), base_template }
    }

    /// Reads a server object: one server for each value of its variables, at most `most`, the default first; and what is odd
    /// about it. `None` when it has no URL.
    pub(super) fn read(node: &Value, most: usize) -> Option<(Vec<Self>, Option<&'static str>)> {
        let written = node.get("url")?.as_str().filter(|u| u.len() <= LONGEST)?;
        let variables = variables(written, node.get("variables").and_then(Value::as_object));
        let undeclared = names(written).any(|n| !variables.iter().any(|v| v.name == n));
        let mut odd = undeclared.then_some("a variable of the `url` is not declared; it is taken to be anything");
        let closed = || variables.iter().filter(|v| v.closed);
        let mut many = closed().try_fold(1usize, |n, v| n.checked_mul(v.values.len()));
        if many.is_none_or(|n| n > most) {
            odd = Some("the variables have more values than are listed; only the defaults are");
            many = None;
        }
        let mut all = Vec::new();
        for mut number in 0..many.unwrap_or(1) {
            let mut chosen: Vec<(&str, &str, bool)> = Vec::with_capacity(variables.len());
            for variable in &variables {
                let listed = variable.closed && many.is_some();
                let radix = if listed { variable.values.len() } else { 1 };
                chosen.push((variable.name, variable.values.get(number % radix)?, listed));
                number /= radix;
            }
            let value = |name: &str| chosen.iter().find(|c| c.0 == name);
            let url = replaced(written, |name| value(name).map(|c| c.1))?;
            // What holds a slash is more than one segment, which no variable in braces stands for.
            let base = replaced(written, |name| value(name).filter(|c| c.2 || c.1.contains('/')).map(|c| c.1))?;
            all.push(Self::new(&url, path_of(&base).to_owned()));
        }
        Some((all, odd))
    }

    /// The servers of a Swagger 2.0 document. Without `host` only the base path is known; without `schemes` it is taken to be
    /// https, which is named first where there are several.
    pub(super) fn swagger(host: Option<&str>, base: &str, schemes: &[String]) -> Arc<[Self]> {
        let base = if base.is_empty() || base.starts_with('/') { base.to_owned() } else { format!("/{base}") };
        let Some(host) = host.filter(|h| !h.is_empty() && h.len() + base.len() <= LONGEST) else {
            return Arc::from(vec![Self::new(&base, path_of(&base).to_owned())]);
        };
        let mut list: Vec<&str> =
            ["https", "http"].into_iter().filter(|s| schemes.iter().any(|k| k.eq_ignore_ascii_case(s))).collect();
        if list.is_empty() {
            list.push("https");
        }
        list.into_iter().map(|s| Self::new(&format!("{s}://{host}{base}"), path_of(&base).to_owned())).collect()
    }

    /// Path part of the URL, without a trailing slash: `/v1`, or empty.
    pub fn base_path(&self) -> &str {
        path_of(&self.url)
    }

    /// Scheme, host and port, for example `https://api.example.com`; `None` for a relative URL.
    pub fn origin(&self) -> Option<&str> {
        let authority = self.url.find("://")? + 3;
        let end = self.url[authority..].find(['/', '?', '#']).map_or(self.url.len(), |i| authority + i);
        (end > authority).then(|| &self.url[..end])
    }

    /// Host in lower case, without port and user information.
    pub fn host(&self) -> Option<String> {
        let origin = self.origin()?;
        let authority = &origin[origin.find("://")? + 3..];
        let host_port = authority.rsplit('@').next()?;
        let host = match host_port.find(']') {
            Some(i) => &host_port[..=i],
            None => host_port.split(':').next()?,
        };
        Some(host.to_ascii_lowercase())
    }
}

/// The declared variables that stand in `url`, each with its values.
fn variables<'n>(url: &'n str, declared: Option<&Map<String, Value>>) -> Vec<Variable<'n>> {
    let text = |value: &Value| match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    };
    let mut all: Vec<Variable<'n>> = Vec::new();
    for name in names(url).take(MOST_SERVERS) {
        let Some(node) = declared.and_then(|d| d.get(name)).filter(|_| !all.iter().any(|v| v.name == name)) else {
            continue;
        };
        let listed: Vec<String> =
            node.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(text).collect();
        let closed = !listed.is_empty();
        let mut values: Vec<String> = node.get("default").and_then(text).into_iter().collect();
        for value in listed.into_iter().take(10_000) {
            if values.first() != Some(&value) {
                values.push(value);
            }
        }
        if !values.is_empty() {
            all.push(Variable { name, values, closed });
        }
    }
    all
}

/// The names in braces of a URL.
fn names(url: &str) -> impl Iterator<Item = &str> {
    url.split('{').skip(1).filter_map(|part| part.split_once('}')).map(|(name, _)| name)
}

/// The URL with each `{name}` replaced by what `value` has for it; a value is never looked through again. `None` when it
/// grows beyond measure.
fn replaced<'v>(url: &str, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut out = String::with_capacity(url.len());
    let mut rest = url;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        if let Some((value, tail)) = after.split_once('}').and_then(|(name, tail)| Some((value(name)?, tail))) {
            out.push_str(value);
            rest = tail;
        } else {
            out.push('{');
            rest = after;
        }
        if out.len() > LONGEST {
            return None;
        }
    }
    out.push_str(rest);
    (out.len() <= LONGEST).then_some(out)
}

/// The path of an absolute, network-path or relative URL, without query, fragment and trailing slash.
fn path_of(url: &str) -> &str {
    let rest = match url.find("://") {
        Some(i) => &url[i + 3..],
        None => match url.strip_prefix("//") {
            Some(rest) => rest,
            None => return clean(url),
        },
    };
    rest.find('/').map_or("", |i| clean(&rest[i..]))
}

fn clean(path: &str) -> &str {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    path[..end].trim_end_matches('/').trim_start_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(node: &Value) -> Vec<Server> {
        Server::read(node, MOST_SERVERS).expect("server").0
    }

    #[test]
    fn variables_become_their_default_and_what_else_they_may_be() {
        let all = read(&json!({"url": "https://{env}.x.test:{port}/{v}/{t}/", "variables": {
            "env": {"default": "eu"}, "port": {"default": 8443}, "v": {"enum": ["v2", "v1"]}, "t": {"default": "acme"}}}));
        let s = &all[0];
        assert_eq!(
            (s.url.as_str(), all[1].url.as_str()),
            ("https://eu.x.test:8443/v2/acme", "https://eu.x.test:8443/v1/acme")
        );
        assert_eq!((s.base_path(), all.len()), ("/v2/acme", 2));
        assert_eq!((s.base_template.as_str(), all[1].base_template.as_str()), ("/v2/{t}", "/v1/{t}"));
        assert_eq!(s.origin(), Some("https://eu.x.test:8443"));
        assert_eq!(s.host().as_deref(), Some("eu.x.test"));
    }

    #[test]
    fn the_default_stands_first_and_growth_is_bounded() {
        let hosts =
            read(&json!({"url": "https://{r}.test", "variables": {"r": {"default": "b", "enum": ["a", "b", "c"]}}}));
        assert_eq!(hosts.iter().filter_map(Server::host).collect::<Vec<_>>(), ["b.test", "a.test", "c.test"]);
        let many: Vec<String> = (0..60).map(|i| format!("v{i}")).collect();
        let node = json!({"url": "/{a}/{b}", "variables": {"a": {"enum": many}, "b": {"enum": many}}});
        let (all, odd) = Server::read(&node, MOST_SERVERS).expect("server");
        assert_eq!((all.len(), all[0].url.as_str(), all[0].base_template.as_str()), (1, "/v0/v0", "/{a}/{b}"));
        assert!(odd.is_some_and(|o| o.contains("more values")));
        // A value that holds the next variable is not looked through again.
        let node = json!({"url": "/{a}", "variables": {"a": {"default": "{a}{a}{b}"}, "b": {"default": "x"}}});
        assert_eq!(read(&node)[0].url, "/{a}{a}{b}");
        let long = json!({"url": "/{a}{a}{a}", "variables": {"a": {"default": "x".repeat(4_000)}}});
        assert_eq!(Server::read(&long, MOST_SERVERS), None);
        let (all, odd) = Server::read(&json!({"url": "https://h.test/{v}/x"}), MOST_SERVERS).expect("server");
        assert_eq!((all[0].base_template.as_str(), odd.is_some()), ("/{v}/x", true));
    }

    #[test]
    fn swagger_names_its_server_in_three_parts() {
        let urls = |host: Option<&str>, base: &str, schemes: &[&str]| {
            let schemes: Vec<String> = schemes.iter().map(|s| (*s).to_owned()).collect();
            Server::swagger(host, base, &schemes).iter().map(|s| s.url.clone()).collect::<Vec<_>>()
        };
        assert_eq!(
            urls(Some("h.test:81"), "/v1/", &["http", "https", "ws"]),
            ["https://h.test:81/v1", "http://h.test:81/v1"]
        );
        assert_eq!(urls(Some("h.test"), "v1", &[]), ["https://h.test/v1"]);
        assert_eq!(urls(None, "/v1", &["http"]), ["/v1"]);
        assert_eq!(urls(Some(""), "", &[]), [""]);
    }

    #[test]
    fn relative_servers_have_a_base_path_only() {
        for (url, base) in [("/api/v1/", "/api/v1"), ("/", ""), ("", ""), ("//h.test/x", "/x"), ("./v1", "/v1")] {
            let s = &read(&json!({"url": url}))[0];
            assert_eq!((s.base_path(), s.origin()), (base, None), "{url}");
        }
        assert_eq!(Server::read(&json!({"description": "none"}), MOST_SERVERS), None);
    }
}
