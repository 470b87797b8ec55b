//! The first pass: operations, servers, security and where everything stands.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::text::{Lines, Member, Span, elements, last_wins, member, members, pointer, scalar, string};
use super::{Document, OperationLite, Problem, Server, identify, security, yaml};
use crate::base::{Error, Result, text::display_str};

/// Methods of a path item (`OpenAPI` 3.1.0, section 4.8.9).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// Members of a path item that are no methods.
const OTHERS: [&str; 5] = ["summary", "description", "servers", "parameters", "$ref"];
/// Problems kept of one document; the rest are counted.
const MOST_PROBLEMS: usize = 1000;
/// References from path item to path item followed in a row.
const MOST_HOPS: usize = 8;

pub(super) fn read(source: Arc<str>, bytes: Vec<u8>) -> Result<(Document, Vec<Problem>)> {
    let at = || display_str(&source);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::input("the document is UTF-16").at(at()).hint("save it as UTF-8"));
    }
    let (mut text, replaced) = match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(e) => {
            let bad = e.utf8_error().valid_up_to();
            (String::from_utf8_lossy(e.as_bytes()).into_owned(), Some(bad))
        }
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Error::input("the document is empty").at(at()).hint("give an OpenAPI 3.0 or 3.1 document"));
    }
    let mut yaml_lines = None;
    if !is_json(start) {
        let json = yaml::to_json(&source, &text)?;
        yaml_lines = Some(yaml::lines(&text));
        text = json;
    }
    let lines = Lines::new(&text);
    let mut reader = Reader { text: &text, source: &source, lines: &lines, yaml_lines, problems: Vec::new(), more: 0 };
    if let Some(offset) = replaced {
        reader.problem("", Some(offset), "bytes that are not UTF-8 were replaced");
    }
    let found = reader.document()?;
    let problems = reader.finish();
    let document = Document {
        source,
        version: found.version,
        operations: found.operations,
        items: found.items,
        components: found.components,
        text,
    };
    Ok((document, problems))
}

/// JSON starts with an object or array whose next mark is a quote or a close; `{openapi: 3.0.0}` is YAML in flow style.
fn is_json(start: &str) -> bool {
    let Some(rest) = start.strip_prefix(['{', '[']) else {
        return start.starts_with('"');
    };
    let next = rest.trim_start().chars().next();
    !next.is_some_and(|c| c.is_alphabetic() || c == '\'' || c == '$' || c == '#')
        || serde_json::from_str::<serde::de::IgnoredAny>(start).is_ok()
}

struct Found {
    version: String,
    operations: Vec<OperationLite>,
    items: HashMap<String, Span>,
    components: HashMap<String, Span>,
}

struct Reader<'a> {
    text: &'a str,
    source: &'a Arc<str>,
    lines: &'a Lines,
    /// Lines of the YAML source; offsets in the JSON made from it say nothing.
    yaml_lines: Option<HashMap<String, u64>>,
    problems: Vec<Problem>,
    more: u64,
}

impl<'a> Reader<'a> {
    fn document(&mut self) -> Result<Found> {
        let top = members(self.text).map_err(|e| self.malformed(&e))?;
        let top = self.unique(top, "");
        let version = identify::version(self.source, &top)?;
        let get = |name: &str| top.iter().find(|m| m.key == name).map(|m| m.value);

        let components = get("components").map(|c| self.components(c)).unwrap_or_default();
        let schemes = self.schemes(&components);
        let mut shared = Shared {
            servers: HashMap::new(),
            security: HashMap::new(),
            root_servers: Arc::from(vec![Server { url: String::new(), base_template: String::new() }]),
            root_security: Arc::from(Vec::new()),
            schemes,
        };
        if let Some(servers) = get("servers") {
            shared.root_servers = self.servers(&mut shared, servers, "/servers").unwrap_or(shared.root_servers);
        }
        if let Some(list) = get("security") {
            shared.root_security = self.security(&mut shared, list, "/security").unwrap_or(shared.root_security);
        }
        let mut operations = Vec::new();
        let mut items = HashMap::new();
        match get("paths") {
            Some(paths) => self.paths(paths, &components, &mut shared, &mut operations, &mut items),
            None if get("webhooks").is_some() => {}
            None => self.problem("", None, "the document has no `paths`"),
        }
        Ok(Found { version, operations, items, components })
    }

    fn paths(
        &mut self,
        paths: &'a str,
        components: &HashMap<String, Span>,
        shared: &mut Shared,
        operations: &mut Vec<OperationLite>,
        items: &mut HashMap<String, Span>,
    ) {
        let Some(list) = self.object(paths, "/paths") else { return };
        for m in &list {
            items.insert(m.key.clone().into_owned(), Span::of(self.text, m.value));
        }
        for m in list {
            if m.key.starts_with("x-") {
                continue;
            }
            let at = pointer(&["paths", &m.key]);
            if !m.key.starts_with('/') {
                self.problem(&at, self.offset(m.raw_key), "a path should start with `/`; it was read as if it did");
            }
            let Some(item) = self.follow_item(m.value, &at, components, items) else { continue };
            self.item(&m.key, item, shared, operations);
        }
    }

    /// The path item itself, or the one its `$ref` names in this document.
    fn follow_item(
        &mut self,
        item: &'a str,
        at: &str,
        components: &HashMap<String, Span>,
        items: &HashMap<String, Span>,
    ) -> Option<&'a str> {
        let mut item = item;
        for _ in 0..MOST_HOPS {
            // Only an object that says `$ref` near its start is worth a second walk.
            if memchr::memmem::find(item.as_bytes(), b"\"$ref\"").is_none() {
                return Some(item);
            }
            let Some(reference) = member(item, "$ref").and_then(string) else { return Some(item) };
            let tokens = reference.strip_prefix('#').map(super::text::tokens);
            let span = match tokens.as_deref() {
                Some([a, section, name]) if a == "components" => components.get(&format!("{section}/{name}")),
                Some([a, path]) if a == "paths" => items.get(path),
                _ => None,
            };
            let Some(span) = span else {
                self.problem(
                    at,
                    self.offset(item),
                    &format!("the reference {} is not in this document and was not followed", short(&reference)),
                );
                return Some(item);
            };
            item = span.slice(self.text);
        }
        self.problem(at, self.offset(item), "the path item refers to itself");
        None
    }

    fn item(&mut self, path: &str, item: &'a str, shared: &mut Shared, operations: &mut Vec<OperationLite>) {
        let at = pointer(&["paths", path]);
        let Some(list) = self.object(item, &at) else { return };
        let path: Arc<str> = if path.starts_with('/') { Arc::from(path) } else { Arc::from(format!("/{path}")) };
        let servers = list
            .iter()
            .find(|m| m.key == "servers")
            .and_then(|m| self.servers(shared, m.value, &format!("{at}/servers")))
            .unwrap_or_else(|| shared.root_servers.clone());
        let span = Span::of(self.text, item);
        for m in list {
            let name = m.key.as_ref();
            let method = METHODS.iter().find(|k| **k == name).or_else(|| {
                let near = METHODS.iter().find(|k| k.eq_ignore_ascii_case(name))?;
                self.problem(
                    &format!("{at}/{name}"),
                    self.offset(m.raw_key),
                    "methods are written in lower case; it was read",
                );
                Some(near)
            });
            let Some(method) = method else {
                if !OTHERS.contains(&name) && !name.starts_with("x-") {
                    let message = format!("`{}` is no method and was skipped", short(name));
                    self.problem(&at, self.offset(m.raw_key), &message);
                }
                continue;
            };
            let mut pointer = at.clone();
            super::text::push_token(&mut pointer, name);
            let line = self.line(&pointer, self.offset(m.raw_key));
            let Some(operation) = self.object(m.value, &pointer) else { continue };
            operations.push(self.operation(
                method,
                OperationLite {
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                    id: None,
                    pointer,
                    line,
                    deprecated: false,
                    sunset: None,
                    security: shared.root_security.clone(),
                    servers: servers.clone(),
                    span: Span::of(self.text, m.value),
                    item: span,
                },
                &operation,
                shared,
            ));
        }
    }

    fn operation(
        &mut self,
        method: &str,
        mut lite: OperationLite,
        operation: &[Member<'a>],
        shared: &mut Shared,
    ) -> OperationLite {
        for m in operation {
            let odd = match m.key.as_ref() {
                "operationId" => {
                    lite.id = string(m.value);
                    lite.id.is_none().then_some("`operationId` is no text")
                }
                "deprecated" => {
                    lite.deprecated = scalar(m.value).is_some_and(|v| v.eq_ignore_ascii_case("true"));
                    (!matches!(m.value, "true" | "false")).then_some("`deprecated` is no boolean")
                }
                "x-sunset" => {
                    lite.sunset = scalar(m.value);
                    lite.sunset.is_none().then_some("`x-sunset` is no date")
                }
                "servers" => {
                    let at = format!("{}/servers", lite.pointer);
                    if let Some(servers) = self.servers(shared, m.value, &at) {
                        lite.servers = servers;
                    }
                    None
                }
                "security" => {
                    let at = format!("{}/security", lite.pointer);
                    if let Some(security) = self.security(shared, m.value, &at) {
                        lite.security = security;
                    }
                    None
                }
                "$ref" => Some("an operation cannot be a reference; what stands beside it was read"),
                "parameters" if !m.value.starts_with('[') => Some("`parameters` is no array"),
                "requestBody" if method == "get" || method == "head" => {
                    Some("a body on this method has no defined meaning (RFC 9110, section 9.3)")
                }
                _ => None,
            };
            if let Some(message) = odd {
                let at = format!("{}/{}", lite.pointer, m.key);
                self.problem(&at, self.offset(m.raw_key), message);
            }
        }
        lite
    }

    fn servers(&mut self, shared: &mut Shared, raw: &'a str, at: &str) -> Option<Arc<[Server]>> {
        if let Some(known) = shared.servers.get(raw) {
            return known.clone();
        }
        let mut list: Vec<Server> = Vec::new();
        match elements(raw) {
            Ok(nodes) => {
                for (i, node) in nodes.into_iter().take(64).enumerate() {
                    match serde_json::from_str(node).ok().as_ref().and_then(Server::read) {
                        Some(server) => list.push(server),
                        None => {
                            self.problem(&format!("{at}/{i}"), self.offset(node), "a server without a usable `url`");
                        }
                    }
                }
            }
            Err(_) => self.problem(at, self.offset(raw), "`servers` is no array"),
        }
        // An empty array means the default server (OpenAPI 3.1.0, section 4.8.1), which is what the next level up gives.
        let servers = (!list.is_empty()).then(|| Arc::from(list));
        shared.servers.insert(raw.to_owned(), servers.clone());
        servers
    }

    fn security(&mut self, shared: &mut Shared, raw: &'a str, at: &str) -> Option<Arc<[String]>> {
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

    fn components(&mut self, raw: &'a str) -> HashMap<String, Span> {
        let mut all = HashMap::new();
        for section in self.object(raw, "/components").unwrap_or_default() {
            if section.key.starts_with("x-") {
                continue;
            }
            let at = pointer(&["components", &section.key]);
            for m in self.object(section.value, &at).unwrap_or_default() {
                all.insert(format!("{}/{}", section.key, m.key), Span::of(self.text, m.value));
            }
        }
        all
    }

    /// The security schemes, parsed: they are few and every operation names them.
    fn schemes(&mut self, components: &HashMap<String, Span>) -> Map<String, Value> {
        let mut out = Map::new();
        for (key, span) in components {
            let Some(name) = key.strip_prefix("securitySchemes/") else { continue };
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

    /// Members of an object with the last of each name; anything else is a problem.
    fn object(&mut self, raw: &'a str, at: &str) -> Option<Vec<Member<'a>>> {
        if !raw.starts_with('{') {
            self.problem(at, self.offset(raw), "this should be an object; it was skipped");
            return None;
        }
        if let Ok(all) = members(raw) {
            return Some(self.unique(all, at));
        }
        self.problem(at, self.offset(raw), "this object could not be read; it was skipped");
        None
    }

    fn unique(&mut self, all: Vec<Member<'a>>, at: &str) -> Vec<Member<'a>> {
        let (kept, lost) = last_wins(all);
        for m in lost {
            let mut place = at.to_owned();
            super::text::push_token(&mut place, &m.key);
            let offset = self.offset(m.raw_key);
            self.problem(&place, offset, &format!("`{}` stands twice; the last one counts", short(&m.key)));
        }
        kept
    }

    fn offset(&self, part: &str) -> Option<usize> {
        self.yaml_lines.is_none().then(|| Span::of(self.text, part).start)
    }

    /// Line of an offset; in YAML, of the nearest enclosing node that is known.
    fn line(&self, at: &str, offset: Option<usize>) -> Option<u64> {
        match &self.yaml_lines {
            None => offset.map(|o| self.lines.line(self.text, o)),
            Some(known) => {
                let mut at = at;
                loop {
                    if let Some(line) = known.get(at) {
                        return Some(*line);
                    }
                    at = &at[..at.rfind('/')?];
                }
            }
        }
    }

    fn problem(&mut self, at: &str, offset: Option<usize>, message: &str) {
        if self.problems.len() >= MOST_PROBLEMS {
            self.more += 1;
            return;
        }
        self.problems.push(Problem {
            source: self.source.clone(),
            location: display_str(at),
            line: self.line(at, offset),
            message: message.to_owned(),
        });
    }

    fn finish(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.problems.push(Problem {
                source: self.source.clone(),
                location: String::new(),
                line: None,
                message: format!("{} more problems like these", self.more),
            });
        }
        self.problems
    }

    fn malformed(&self, e: &serde_json::Error) -> Error {
        let source = display_str(self.source);
        if e.is_data() {
            return Error::input("this is JSON but not an object, so it is no OpenAPI document")
                .at(source)
                .hint("give an OpenAPI 3.0 or 3.1 document, in JSON or YAML");
        }
        let said = e.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said);
        Error::input(format!("not readable as JSON: {}", display_str(what)))
            .at(format!("{source}:{}:{}", e.line(), e.column()))
            .hint("mend the document there")
    }
}

/// What many operations share, built once for each distinct text.
struct Shared {
    servers: HashMap<String, Option<Arc<[Server]>>>,
    security: HashMap<String, Arc<[String]>>,
    root_servers: Arc<[Server]>,
    root_security: Arc<[String]>,
    schemes: Map<String, Value>,
}

/// A name from outside, cut to 80 characters, in display form.
fn short(s: &str) -> String {
    let cut: String = s.chars().take(80).collect();
    display_str(&cut)
}
