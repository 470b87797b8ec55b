//! What holds for many operations at once: servers, security, components. Each distinct text is read once.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::read::Reader;
use super::server::MOST_SERVERS;
use super::text::{Span, elements, member, pointer, string};
use super::{Server, security};

/// References from scheme to scheme followed in a row.
const MOST_HOPS: usize = 8;
/// Sections of Swagger 2.0 that hold what others refer to (Swagger 2.0, Swagger Object).
const SWAGGER_SECTIONS: [&str; 4] = ["definitions", "parameters", "responses", "securityDefinitions"];

/// What many operations share, built once for each distinct text.
pub(super) struct Shared {
    servers: HashMap<String, Option<Arc<[Server]>>>,
    security: HashMap<String, Arc<[String]>>,
    pub root_servers: Arc<[Server]>,
    pub root_security: Arc<[String]>,
    schemes: Map<String, Value>,
    /// `host` and `basePath` of Swagger 2.0.
    pub host: Option<String>,
    pub base: String,
}

impl Shared {
    pub fn new(schemes: Map<String, Value>) -> Self {
        Self {
            servers: HashMap::new(),
            security: HashMap::new(),
            root_servers: Server::none(),
            root_security: Arc::from(Vec::new()),
            schemes,
            host: None,
            base: String::new(),
        }
    }
}

impl<'a> Reader<'a> {
    /// A `servers` array; `None` where it names none, so that the level above counts.
    pub(super) fn servers(&mut self, shared: &mut Shared, raw: &'a str, at: &str) -> Option<Arc<[Server]>> {
        if let Some(known) = shared.servers.get(raw) {
            return known.clone();
        }
        let mut list: Vec<Server> = Vec::new();
        match elements(raw) {
            Ok(nodes) => {
                for (i, node) in nodes.into_iter().enumerate() {
                    let at = format!("{at}/{i}");
                    let room = MOST_SERVERS - list.len();
                    if room == 0 {
                        let message = format!("more than {MOST_SERVERS} servers; the rest were left out");
                        self.problem(&at, self.offset(node), &message);
                        break;
                    }
                    let Some((servers, odd)) =
                        serde_json::from_str(node).ok().as_ref().and_then(|n| Server::read(n, room))
                    else {
                        self.problem(&at, self.offset(node), "a server without a usable `url`");
                        continue;
                    };
                    if let Some(odd) = odd {
                        self.problem(&at, self.offset(node), odd);
                    }
                    list.extend(servers);
                }
            }
            Err(_) => self.problem(at, self.offset(raw), "`servers` is no array"),
        }
        // An empty array means the default server (OpenAPI 3.1.0, section 4.8.1), which is what the next level up gives.
        let servers = (!list.is_empty()).then(|| Arc::from(list));
        shared.servers.insert(raw.to_owned(), servers.clone());
        servers
    }

    /// The servers that `schemes` gives together with `host` and `basePath` (Swagger 2.0, Swagger Object).
    pub(super) fn swagger_servers(shared: &mut Shared, schemes: &str) -> Option<Arc<[Server]>> {
        let key = format!("schemes {schemes}");
        if let Some(known) = shared.servers.get(&key) {
            return known.clone();
        }
        let words: Vec<String> = elements(schemes).unwrap_or_default().into_iter().filter_map(string).collect();
        let servers = Server::swagger(shared.host.as_deref(), &shared.base, &words);
        shared.servers.insert(key, Some(servers.clone()));
        Some(servers)
    }

    /// A `security` array in words.
    pub(super) fn security(&mut self, shared: &mut Shared, raw: &'a str, at: &str) -> Option<Arc<[String]>> {
        if let Some(known) = shared.security.get(raw) {
            return Some(known.clone());
        }
        let value: Option<Value> = serde_json::from_str(raw).ok().filter(Value::is_array);
        let Some(value) = value else {
            self.problem(at, self.offset(raw), "`security` is no array");
            return None;
        };
        let words: Arc<[String]> = Arc::from(security::words(&value, &shared.schemes));
        shared.security.insert(raw.to_owned(), words.clone());
        Some(words)
    }

    /// Where everything stands that others refer to, by `section/name`.
    pub(super) fn components(&mut self, raw: &'a str, all: &mut HashMap<String, Span>) {
        for section in self.object(raw, "/components").unwrap_or_default() {
            if !section.key.starts_with("x-") {
                self.section(&section.key, section.value, &pointer(&["components", &section.key]), all);
            }
        }
    }

    /// The same for Swagger 2.0, whose sections stand at the top.
    pub(super) fn swagger_components<'t>(
        &mut self,
        get: impl Fn(&str) -> Option<&'t str>,
        all: &mut HashMap<String, Span>,
    ) where
        't: 'a,
    {
        for section in SWAGGER_SECTIONS {
            if let Some(raw) = get(section) {
                self.section(section, raw, &pointer(&[section]), all);
            }
        }
    }

    fn section(&mut self, name: &str, raw: &'a str, at: &str, all: &mut HashMap<String, Span>) {
        for m in self.object(raw, at).unwrap_or_default() {
            all.insert(format!("{name}/{}", m.key), Span::of(self.text, m.value));
        }
    }

    /// The security schemes, parsed: they are few and every operation names them.
    pub(super) fn schemes(&self, components: &HashMap<String, Span>) -> Map<String, Value> {
        let mut out = Map::new();
        for (key, span) in components {
            let name = key.strip_prefix("securitySchemes/").or_else(|| key.strip_prefix("securityDefinitions/"));
            let Some(name) = name else { continue };
            let mut span = *span;
            for _ in 0..MOST_HOPS {
                let next = member(span.slice(self.text), "$ref").and_then(string);
                let next =
                    next.as_deref().and_then(|r| r.strip_prefix("#/components/")).and_then(|k| components.get(k));
                match next {
                    Some(next) => span = *next,
                    None => break,
                }
            }
            if let Ok(value) = serde_json::from_str(span.slice(self.text)) {
                out.insert(name.to_owned(), value);
            }
        }
        out
    }
}
