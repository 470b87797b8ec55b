//! Server objects: the addresses an operation is offered at.

use serde_json::Value;

/// One server of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// URL with every variable replaced by its default; absolute or relative, without a trailing slash.
    pub url: String,
    /// Path part of the URL as written, variables still in braces: what a request path may start with.
    pub base_template: String,
}

impl Server {
    /// Reads a server object; `None` when it has no URL.
    pub(super) fn read(node: &Value) -> Option<Self> {
        let written = node.get("url")?.as_str()?;
        let mut url = written.to_owned();
        if let Some(variables) = node.get("variables").and_then(Value::as_object) {
            for (name, variable) in variables {
                let value = match variable.get("default").or_else(|| variable.get("enum")?.get(0)) {
                    Some(Value::String(s)) => s.clone(),
                    Some(other @ (Value::Number(_) | Value::Bool(_))) => other.to_string(),
                    _ => continue,
                };
                url = url.replace(&format!("{{{name}}}"), &value);
                // A hostile default may hold the next variable; growth stops here.
                if url.len() > 4096 {
                    return None;
                }
            }
        }
        Some(Self { url: url.trim_end_matches('/').to_owned(), base_template: path_of(written).to_owned() })
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

    #[test]
    fn variables_become_their_default() {
        let s = Server::read(&json!({"url": "https://{env}.x.test:{port}/{v}/", "variables": {
            "env": {"default": "eu"}, "port": {"default": 8443}, "v": {"enum": ["v2", "v1"]}}}))
        .expect("server");
        assert_eq!(s.url, "https://eu.x.test:8443/v2");
        assert_eq!(s.base_path(), "/v2");
        assert_eq!(s.base_template, "/{v}");
        assert_eq!(s.origin(), Some("https://eu.x.test:8443"));
        assert_eq!(s.host().as_deref(), Some("eu.x.test"));
    }

    #[test]
    fn relative_servers_have_a_base_path_only() {
        for (url, base) in [("/api/v1/", "/api/v1"), ("/", ""), ("", ""), ("//h.test/x", "/x"), ("./v1", "/v1")] {
            let s = Server::read(&json!({"url": url})).expect(url);
            assert_eq!((s.base_path(), s.origin()), (base, None), "{url}");
        }
        assert_eq!(Server::read(&json!({"description": "none"})), None);
    }
}
