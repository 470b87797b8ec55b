//! Path items, webhooks and callbacks: which operations there are.

use std::borrow::Cow;
use std::sync::Arc;

use super::beyond::{Pending, What};
use super::part::Target;
use super::read::{Found, Reader, short};
use super::text::{Member, Span, member, members, pointer, push_token, scalar, string, tokens};
use super::{OperationKind, OperationLite, Server};

/// Methods of a path item (`OpenAPI` 3.1.0, section 4.8.9).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
/// The method that `OpenAPI` 3.2 added (3.2.0, section 4.9).
const QUERY: &str = "query";
/// Members of a path item that are no methods.
const OTHERS: [&str; 6] = ["summary", "description", "servers", "parameters", "$ref", "additionalOperations"];
/// References from path item to path item followed in a row.
const MOST_HOPS: usize = 8;
/// Operations of one document; the largest that is known has 22,361.
const MOST_OPERATIONS: usize = 200_000;
/// Callbacks inside callbacks.
const MOST_NESTING: usize = 3;

/// Where a path item stands and what holds for its operations.
pub(super) struct Stand<'p> {
    pub kind: OperationKind,
    /// Path, name of the webhook, or expression of the callback.
    pub path: &'p str,
    /// JSON pointer of the item.
    pub at: &'p str,
    /// Servers of the level above.
    pub servers: Arc<[Server]>,
    /// Callbacks this item stands in.
    pub nesting: usize,
    /// References from file to file that led here.
    pub hops: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn paths(&mut self, paths: &'a str, found: &mut Found) {
        for m in members(paths).unwrap_or_default() {
            found.items.insert(m.key.into_owned(), Span::of(self.text, m.value));
        }
        self.paths_at(paths, "/paths", found);
    }

    /// The paths of an object that stands at `above`.
    pub(super) fn paths_at(&mut self, paths: &'a str, above: &str, found: &mut Found) {
        for m in self.object(paths, above).unwrap_or_default() {
            if m.key.starts_with("x-") {
                continue;
            }
            let mut at = above.to_owned();
            push_token(&mut at, &m.key);
            if m.key == "$ref" && self.part == 0 {
                if let Some(reference) = string(m.value) {
                    self.later(What::Paths, reference, &at, m.raw_key, 0, found);
                }
                continue;
            }
            if !m.key.starts_with('/') {
                self.problem(&at, self.offset(m.raw_key), "a path should start with `/`; it was read as if it did");
            }
            let path = if m.key.starts_with('/') { m.key.clone() } else { Cow::from(format!("/{}", m.key)) };
            let servers = found.shared.root_servers.clone();
            let stand = Stand { kind: OperationKind::Path, path: &path, at: &at, servers, nesting: 0, hops: 0 };
            self.item(&stand, m.value, found);
        }
    }

    /// What the API calls when something happens (`OpenAPI` 3.1.0, section 4.8.1): no path of it, so no server applies.
    pub(super) fn webhooks(&mut self, webhooks: &'a str, found: &mut Found) {
        for m in self.object(webhooks, "/webhooks").unwrap_or_default() {
            if m.key.starts_with("x-") {
                continue;
            }
            let at = pointer(&["webhooks", &m.key]);
            let stand = Stand {
                kind: OperationKind::Webhook,
                path: &m.key,
                at: &at,
                servers: Server::none(),
                nesting: 0,
                hops: 0,
            };
            self.item(&stand, m.value, found);
        }
    }

    /// The callbacks of one operation (`OpenAPI` 3.1.0, section 4.8.18): name, then expression, then path item.
    fn callbacks(&mut self, callbacks: &'a str, at: &str, nesting: usize, found: &mut Found) {
        let at = format!("{at}/callbacks");
        if nesting > MOST_NESTING {
            self.problem(&at, self.offset(callbacks), "callbacks stand too deeply inside callbacks; they were skipped");
            return;
        }
        for named in self.object(callbacks, &at).unwrap_or_default() {
            let mut at = at.clone();
            push_token(&mut at, &named.key);
            let Some(callback) = self.follow(named.value, &at, found).ok() else { continue };
            for m in self.object(callback, &at).unwrap_or_default() {
                if m.key.starts_with("x-") || m.key == "$ref" {
                    continue;
                }
                let mut at = at.clone();
                push_token(&mut at, &m.key);
                let servers = Server::none();
                let stand = Stand { kind: OperationKind::Callback, path: &m.key, at: &at, servers, nesting, hops: 0 };
                self.item(&stand, m.value, found);
            }
        }
    }

    /// The object itself, or the one its `$ref` names in this document; else the reference that names another file, or nothing
    /// where that was said.
    fn follow(&mut self, item: &'a str, at: &str, found: &mut Found) -> Result<&'a str, Option<String>> {
        let mut item = item;
        for _ in 0..MOST_HOPS {
            // Only an object that says `$ref` near its start is worth a second walk.
            if memchr::memmem::find(item.as_bytes(), b"\"$ref\"").is_none() {
                return Ok(item);
            }
            let Some(reference) = member(item, "$ref").and_then(string) else { return Ok(item) };
            if self.part > 0 || !reference.starts_with('#') {
                return Err(Some(reference));
            }
            let tokens = tokens(&reference[1..]);
            let span = match tokens.as_slice() {
                [a, section, name] if a == "components" => found.components.get(&format!("{section}/{name}")),
                [a, path] if a == "paths" => found.items.get(path),
                _ => None,
            };
            let Some(span) = span else {
                let message =
                    format!("the reference {} is not in this document and was not followed", short(&reference));
                self.problem(at, self.offset(item), &message);
                return Ok(item);
            };
            item = span.slice(self.text);
            // What many refer to is walked once for each of them.
            let Some(left) = found.again.checked_sub(item.len()) else {
                self.once(&mut found.cut, "the document refers to more than is read; the rest was left out");
                return Err(None);
            };
            found.again = left;
        }
        self.problem(at, self.offset(item), "this refers to itself");
        Err(None)
    }

    /// Leaves a reference for when the other files are read.
    fn later(&self, what: What, reference: String, at: &str, near: &str, hops: usize, found: &mut Found) {
        found.pending.push(Pending {
            what,
            target: Target::of(&reference, self.name, self.root),
            reference,
            source: self.source.clone(),
            line: self.line(at, self.offset(near)),
            at: at.to_owned(),
            hops,
        });
    }

    /// An operation that stands in this file, for one that is listed already by method and path.
    pub(super) fn operation_beyond(&mut self, index: usize, node: &'a str, at: &str, hops: usize, found: &mut Found) {
        let Some(operation) = self.object(node, at) else { return };
        if let Some(reference) = operation.iter().find(|m| m.key == "$ref").and_then(|m| string(m.value)) {
            return self.later(What::Operation(index), reference, at, node, hops, found);
        }
        let Some(listed) = found.operations.get(index).cloned() else { return };
        // Its place stays that of the method in the list; problems are told where they stand.
        let own = OperationLite { pointer: at.to_owned(), part: self.part, span: Span::of(self.text, node), ..listed };
        let read = self.members_of(own, &operation, found);
        let nesting = 1;
        let calls = operation.iter().find(|m| m.key == "callbacks").map(|m| m.value);
        if let Some(listed) = found.operations.get_mut(index) {
            let pointer = std::mem::take(&mut listed.pointer);
            *listed = OperationLite { pointer, ..read };
        }
        if let Some(calls) = calls {
            self.callbacks(calls, at, nesting, found);
        }
    }

    /// The operations of one path item.
    pub(super) fn item(&mut self, stand: &Stand<'_>, item: &'a str, found: &mut Found) {
        let at = stand.at;
        let item = match self.follow(item, at, found) {
            Ok(item) => item,
            Err(None) => return,
            Err(Some(reference)) => {
                let (kind, path, servers) = (stand.kind, stand.path.to_owned(), stand.servers.clone());
                let what = What::Item { kind, path, servers, nesting: stand.nesting };
                return self.later(what, reference, at, item, stand.hops, found);
            }
        };
        let Some(list) = self.object(item, at) else { return };
        let servers = list
            .iter()
            .find(|m| m.key == "servers")
            .and_then(|m| self.servers(&mut found.shared, m.value, &format!("{at}/servers")))
            .unwrap_or_else(|| stand.servers.clone());
        let level = Level { stand, servers, path: Arc::from(stand.path), span: Span::of(self.text, item) };
        for m in &list {
            let name = m.key.as_ref();
            if name == "additionalOperations" {
                self.additional(&level, m, found);
                continue;
            }
            let Some(method) = self.method(m, at) else {
                if !OTHERS.contains(&name) && !name.starts_with("x-") {
                    let message = format!("`{}` is no method and was skipped", short(name));
                    self.problem(at, self.offset(m.raw_key), &message);
                }
                continue;
            };
            self.operation(&level, method.to_ascii_uppercase(), at, m, found);
        }
    }

    /// The method that a member of a path item stands for.
    fn method(&mut self, m: &Member<'a>, at: &str) -> Option<&'static str> {
        let name = m.key.as_ref();
        if name == QUERY {
            if self.minor < 2 {
                let at = format!("{at}/{name}");
                self.problem(&at, self.offset(m.raw_key), "`query` is a method from OpenAPI 3.2 on; it was read");
            }
            return Some(QUERY);
        }
        METHODS.iter().copied().find(|k| *k == name).or_else(|| {
            let near = METHODS.iter().copied().find(|k| k.eq_ignore_ascii_case(name))?;
            let message = "methods are written in lower case; it was read";
            self.problem(&format!("{at}/{name}"), self.offset(m.raw_key), message);
            Some(near)
        })
    }

    /// Operations by method as it is sent (`OpenAPI` 3.2.0, section 4.9): `COPY`, `LINK`.
    fn additional(&mut self, level: &Level<'_>, m: &Member<'a>, found: &mut Found) {
        let at = format!("{}/additionalOperations", level.stand.at);
        for m in self.object(m.value, &at).unwrap_or_default() {
            if m.key.starts_with("x-") {
                continue;
            }
            // A token (RFC 9110, section 5.6.2).
            let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
            if m.key.is_empty() || !m.key.bytes().all(token) {
                let message = format!("`{}` cannot be a method and was skipped", short(&m.key));
                self.problem(&at, self.offset(m.raw_key), &message);
                continue;
            }
            self.operation(level, m.key.clone().into_owned(), &at, &m, found);
        }
    }

    fn operation(&mut self, level: &Level<'_>, method: String, above: &str, m: &Member<'a>, found: &mut Found) {
        if found.operations.len() >= MOST_OPERATIONS {
            self.once(&mut found.cut, "the document has more operations than are read; the rest was left out");
            return;
        }
        let mut pointer = above.to_owned();
        push_token(&mut pointer, &m.key);
        let Some(operation) = self.object(m.value, &pointer) else { return };
        let calls = operation.iter().find(|m| m.key == "callbacks").map(|m| m.value);
        let lite = OperationLite {
            kind: level.stand.kind,
            method,
            path: level.path.clone(),
            id: None,
            line: self.line(&pointer, self.offset(m.raw_key)),
            pointer: pointer.clone(),
            deprecated: false,
            sunset: None,
            security: found.shared.root_security.clone(),
            servers: level.servers.clone(),
            source: self.source.clone(),
            part: self.part,
            span: Span::of(self.text, m.value),
            item_part: self.part,
            item: level.span,
        };
        let lite = self.members_of(lite, &operation, found);
        if let Some(m) = operation.iter().find(|m| m.key == "$ref")
            && let Some(reference) = string(m.value).filter(|r| self.part > 0 || !r.starts_with('#'))
        {
            self.later(What::Operation(found.operations.len()), reference, &pointer, m.raw_key, 0, found);
        }
        found.operations.push(lite);
        if let Some(calls) = calls {
            self.callbacks(calls, &pointer, level.stand.nesting + 1, found);
        }
    }

    /// What the members of an operation say of it.
    fn members_of(&mut self, mut lite: OperationLite, operation: &[Member<'a>], found: &mut Found) -> OperationLite {
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
                    if let Some(servers) = self.servers(&mut found.shared, m.value, &at) {
                        lite.servers = servers;
                    }
                    None
                }
                "schemes" if found.swagger => {
                    if let Some(servers) = Self::swagger_servers(&mut found.shared, m.value) {
                        lite.servers = servers;
                    }
                    None
                }
                "security" => {
                    let at = format!("{}/security", lite.pointer);
                    if let Some(security) = self.security(&mut found.shared, m.value, &at) {
                        lite.security = security;
                    }
                    None
                }
                "$ref" if m.value.starts_with("\"#") => {
                    Some("an operation cannot be a reference; what stands beside it was read")
                }
                "parameters" if !m.value.starts_with('[') => Some("`parameters` is no array"),
                "requestBody" if lite.method == "GET" || lite.method == "HEAD" => {
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
}

/// What the operations of one item have in common.
struct Level<'p> {
    stand: &'p Stand<'p>,
    servers: Arc<[Server]>,
    path: Arc<str>,
    span: Span,
}
