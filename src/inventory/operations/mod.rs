//! What is called inside a request: operations of GraphQL over HTTP, methods of JSON-RPC 2.0. Many share one endpoint, so an
//! endpoint alone says little of what was asked for.

mod graphql;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::base::Untrusted;
use crate::base::secret::mask_tokens;

/// Bytes of one body that are read.
const LONGEST: usize = 1 << 20;
/// Calls of one body: both kinds may be sent as a list.
const MOST_CALLS: usize = 50;
/// Operations of one endpoint told apart.
const MOST: usize = 500;
/// Bytes of one name.
const LONGEST_NAME: usize = 100;

/// How operations are told apart inside a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// GraphQL over HTTP.
    Graphql,
    /// JSON-RPC 2.0.
    JsonRpc,
}

impl Protocol {
    /// The word in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Graphql => "graphql",
            Self::JsonRpc => "json-rpc",
        }
    }
}

/// One operation as it was called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// How it is told.
    pub protocol: Protocol,
    /// `query`, `mutation` or `subscription` of GraphQL, `call` of JSON-RPC; `unknown` where only the name was sent.
    pub kind: &'static str,
    /// Its name, where it has one.
    pub name: Option<Untrusted>,
    /// The root fields of GraphQL in order, each once, aliases undone.
    pub fields: Vec<Untrusted>,
}

impl Operation {
    /// In one line: `mutation Pay { createOrder, pay }`, or `call eth_call`; in display form.
    pub fn line(&self) -> String {
        let mut out = self.kind.to_owned();
        if let Some(name) = &self.name {
            out.push(' ');
            out.push_str(&name.display());
        }
        if !self.fields.is_empty() {
            let fields: Vec<String> = self.fields.iter().map(Untrusted::display).collect();
            let _ = write!(out, " {{ {} }}", fields.join(", "));
        }
        out
    }
}

/// An operation of an endpoint with what was counted of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// What was called.
    pub operation: Operation,
    /// Requests that called it; of those that are only written down none.
    pub requests: u64,
    /// Of these, requests answered with 400 or more. GraphQL reports most errors in a reply of 200.
    pub errors: u64,
}

/// The counts of one endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls(BTreeMap<Operation, (u64, u64)>);

impl Calls {
    /// Takes in the operations of one request; `status` of its reply, or `None` where it is only written down.
    pub fn note(&mut self, operations: &[Operation], status: Option<u16>) {
        for operation in operations {
            let once = (u64::from(status.is_some()), u64::from(status.is_some_and(|s| s >= 400)));
            self.add(operation, once);
        }
    }

    fn add(&mut self, operation: &Operation, (requests, errors): (u64, u64)) {
        let full = self.0.len() >= MOST;
        match self.0.get_mut(operation) {
            Some(counts) => {
                counts.0 += requests;
                counts.1 += errors;
            }
            None if full => {}
            None => {
                self.0.insert(operation.clone(), (requests, errors));
            }
        }
    }

    pub fn merge(&mut self, other: &Self) {
        other.0.iter().for_each(|(operation, counts)| self.add(operation, *counts));
    }

    /// True when nothing was called.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order.
    pub fn list(&self) -> Vec<Called> {
        let all = self.0.iter();
        all.map(|(o, (requests, errors))| Called { operation: o.clone(), requests: *requests, errors: *errors })
            .collect()
    }
}

/// The operations of a request body; none of a body of anything else.
pub(super) fn of_body(body: &[u8]) -> Vec<Operation> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    if body.len() > LONGEST {
        return Vec::new();
    }
    match body.first() {
        Some(b'{' | b'[') => match serde_json::from_slice::<Value>(body) {
            Ok(value) => of_value(&value),
            // `application/graphql` sends the document alone, and one may begin with a brace.
            Err(_) => document(body, None),
        },
        Some(b'q' | b'm' | b's' | b'f' | b'#') => document(body, None),
        _ => Vec::new(),
    }
}

/// The same of a body that was read as JSON already.
pub(super) fn of_value(value: &Value) -> Vec<Operation> {
    match value {
        Value::Array(all) => all.iter().take(MOST_CALLS).flat_map(of_call).collect(),
        Value::String(text) => of_body(text.as_bytes()),
        one => of_call(one),
    }
}

/// The operations of the query of a GET (GraphQL over HTTP, section 5.2).
pub(super) fn of_query(query: &[u8]) -> Vec<Operation> {
    let parameter = |name: &[u8]| {
        let part = query.split(|b| *b == b'&').find_map(|p| p.strip_prefix(name)?.strip_prefix(b"="))?;
        let spaced: Vec<u8> = part.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
        Some(super::template::percent_decode(&spaced, false).into_owned())
    };
    let name = parameter(b"operationName");
    match parameter(b"query") {
        Some(text) if text.len() <= LONGEST => document(&text, name.as_deref()),
        _ => name.as_deref().and_then(named).into_iter().collect(),
    }
}

/// One member of a batch, or the whole.
fn of_call(value: &Value) -> Vec<Operation> {
    if value["jsonrpc"].is_string()
        && let Some(method) = value["method"].as_str()
    {
        return vec![Operation {
            protocol: Protocol::JsonRpc,
            kind: "call",
            name: Some(short(method)),
            fields: Vec::new(),
        }];
    }
    let name = value["operationName"].as_str().map(str::as_bytes);
    match value["query"].as_str() {
        Some(text) => document(text.as_bytes(), name),
        // A persisted query sends its hash and its name.
        None if value["extensions"]["persistedQuery"].is_object() || value["variables"].is_object() => {
            name.and_then(named).into_iter().collect()
        }
        None => Vec::new(),
    }
}

/// The operations of a document, or the one that is to run where a name says which.
fn document(text: &[u8], name: Option<&[u8]>) -> Vec<Operation> {
    let Some(all) = std::str::from_utf8(text).ok().and_then(graphql::operations) else { return Vec::new() };
    let chosen = name.and_then(|name| all.iter().find(|o| o.name.is_some_and(|n| n.as_bytes() == name)).cloned());
    let list = chosen.map_or(all, |one| vec![one]);
    list.into_iter()
        .take(MOST_CALLS)
        .map(|o| Operation {
            protocol: Protocol::Graphql,
            kind: o.kind,
            name: o.name.map(short),
            fields: o.fields.into_iter().map(short).collect(),
        })
        .collect()
}

/// An operation of which only the name was sent.
fn named(name: &[u8]) -> Option<Operation> {
    let name = std::str::from_utf8(name).ok().filter(|n| graphql::is_name(n))?;
    Some(Operation { protocol: Protocol::Graphql, kind: "unknown", name: Some(short(name)), fields: Vec::new() })
}

/// The start of a name, without a token in it.
fn short(name: &str) -> Untrusted {
    let masked = mask_tokens(name.as_bytes());
    Untrusted::from(&masked[..masked.len().min(LONGEST_NAME)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &str) -> Vec<String> {
        of_body(body.as_bytes()).iter().map(Operation::line).collect()
    }

    #[test]
    fn bodies() {
        for (body, want) in [
            (r#"{"query":"{ me { id } orders: list(first: 2) { id } }"}"#, &["query { me, list }"][..]),
            (r#"{"query":"query A { a } mutation B { b }","operationName":"B","variables":{}}"#, &["mutation B { b }"]),
            (r#"{"query":"query A { a } mutation B { b }"}"#, &["query A { a }", "mutation B { b }"]),
            (r#"[{"query":"{a}"},{"query":"{b}"}]"#, &["query { a }", "query { b }"]),
            (r#"{"operationName":"Me","extensions":{"persistedQuery":{"version":1}}}"#, &["unknown Me"]),
            ("query { a }", &["query { a }"]),
            ("{ a b }", &["query { a, b }"]),
            (r#"{"jsonrpc":"2.0","method":"eth_call","params":[],"id":1}"#, &["call eth_call"]),
            (r#"[{"jsonrpc":"2.0","method":"a"},{"jsonrpc":"2.0","method":"b"}]"#, &["call a", "call b"]),
            // What is sent to a search, a form, another API.
            (r#"{"query":"shoes","variables":{}}"#, &[]),
            (r#"{"query":{"match_all":{}}}"#, &[]),
            (r#"{"operationName":"Me"}"#, &[]),
            (r#"{"method":"POST"}"#, &[]),
            (r#"{"operationName":"\u001b[2J","variables":{}}"#, &[]),
            ("q=shoes&page=2", &[]),
            ("", &[]),
        ] {
            assert_eq!(lines(body), want, "{body}");
        }
    }

    #[test]
    fn queries() {
        let line = |q: &str| of_query(q.as_bytes()).iter().map(Operation::line).collect::<Vec<_>>();
        assert_eq!(line("query=query+A%7Ba%20b%7D&operationName=A"), ["query A { a, b }"]);
        assert_eq!(line("operationName=Me&extensions=%7B%7D"), ["unknown Me"]);
        assert!(line("query=shoes").is_empty() && line("q=1").is_empty());
    }

    #[test]
    fn counts_are_bounded() {
        let mut calls = Calls::default();
        for i in 0..MOST * 2 {
            calls.note(&of_body(format!("{{\"jsonrpc\":\"2.0\",\"method\":\"m{i}\"}}").as_bytes()), Some(200));
        }
        calls.note(&of_body(b"{\"jsonrpc\":\"2.0\",\"method\":\"m1\"}"), Some(500));
        let all = calls.list();
        assert_eq!(all.len(), MOST);
        let one = all.iter().find(|c| c.operation.line() == "call m1").expect("kept");
        assert_eq!((one.requests, one.errors), (2, 1));
    }
}
