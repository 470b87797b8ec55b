//! The requests of a Postman collection, version 2.0 and 2.1. Its variables are written as ours are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::curl::{Data, Part};
use super::escape;
use crate::base::text::display_str;
use crate::base::{Error, Result};

/// Folders in folders.
const DEEPEST: usize = 60;
/// Requests of one collection.
const MOST_ITEMS: usize = 10_000;

/// A collection as read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Collection {
    /// Its variables.
    pub variables: Vec<(String, String)>,
    /// Its requests.
    pub items: Vec<Item>,
}

/// One request as written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name, behind those of its folders.
    pub name: String,
    /// Method.
    pub method: String,
    /// URL.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Data,
    /// What is left out, a sentence each in display form.
    pub notes: Vec<String>,
}

/// Reads a collection.
///
/// # Errors
/// When it is none.
pub fn read(bytes: &[u8]) -> Result<Collection> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let root: Value = serde_json::from_slice(bytes).map_err(|e| {
        Error::input(format!("this is no Postman collection: {}", display_str(&e.to_string())))
            .hint("export it again as collection 2.1")
    })?;
    let root = root.get("collection").filter(|c| c.is_object()).unwrap_or(&root);
    let mut out = Collection { variables: named(&root["variable"]), items: Vec::new() };
    folder(root, "", &root["auth"], 0, &mut out.items);
    Ok(out)
}

/// `key` and `value` of each, where both are text.
fn named(list: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| match v {
        Value::String(s) => Some(s.clone()),
        Value::Number(_) | Value::Bool(_) => Some(v.to_string()),
        _ => None,
    };
    let on = list.as_array().into_iter().flatten().filter(|v| v["disabled"] != true);
    on.filter_map(|v| Some((v["key"].as_str()?.to_owned(), text(&v["value"])?))).collect()
}

fn folder(at: &Value, above: &str, auth: &Value, depth: usize, out: &mut Vec<Item>) {
    for item in at["item"].as_array().into_iter().flatten() {
        if out.len() >= MOST_ITEMS {
            return;
        }
        let name = item["name"].as_str().unwrap_or_default();
        let name = if above.is_empty() { name.to_owned() } else { format!("{above} / {name}") };
        let auth = if item["auth"].is_object() { &item["auth"] } else { auth };
        if item["item"].is_array() {
            if depth < DEEPEST {
                folder(item, &name, auth, depth + 1, out);
            }
        } else if let Some(item) = request(&item["request"], name, auth) {
            out.push(item);
        }
    }
}

fn request(value: &Value, name: String, auth: &Value) -> Option<Item> {
    let url = if value.is_string() { value } else { &value["url"] };
    let mut item = Item {
        name,
        method: value["method"].as_str().unwrap_or("GET").to_owned(),
        url: url.as_str().or_else(|| url["raw"].as_str())?.to_owned(),
        headers: named(&value["header"]),
        body: Data::None,
        notes: Vec::new(),
    };
    for (key, value) in named(&url["variable"]) {
        // A segment of the path alone: a port begins with a colon too.
        let segments = item.url.split('/').map(|s| match s.split_once('?') {
            Some((path, query)) if path.strip_prefix(':') == Some(&key) => format!("{value}?{query}"),
            None if s.strip_prefix(':') == Some(&key) => value.clone(),
            _ => s.to_owned(),
        });
        item.url = segments.collect::<Vec<_>>().join("/");
    }
    authorise(if value["auth"].is_object() { &value["auth"] } else { auth }, &mut item);
    body(&value["body"], &mut item);
    for (word, what) in [("event", "scripts are left out"), ("proxy", "its proxy is left out")] {
        if value[word].as_object().is_some_and(|o| !o.is_empty()) {
            item.notes.push(what.to_owned());
        }
    }
    Some(item)
}

/// Writes the credential that a request asks for.
fn authorise(auth: &Value, item: &mut Item) {
    let Some(kind) = auth["type"].as_str() else { return };
    let field = |key: &str| match &auth[kind] {
        Value::Array(all) => all.iter().find(|v| v["key"] == key).and_then(|v| v["value"].as_str()),
        other => other[key].as_str(),
    };
    let given = item.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("authorization"));
    match (kind, field("token"), field("key").zip(field("value"))) {
        ("bearer", Some(token), _) if !given => {
            item.headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
        ("basic", ..) if !given => {
            let pair = format!("{}:{}", field("username").unwrap_or_default(), field("password").unwrap_or_default());
            if pair.contains("{{") {
                item.notes.push(
                    "basic authentication of variables is left out; --identity NAME=basic:USER:SECRET adds it"
                        .to_owned(),
                );
            } else {
                item.headers.push(("Authorization".to_owned(), format!("Basic {}", STANDARD.encode(pair))));
            }
        }
        ("apikey", _, Some((name, value))) if field("in") != Some("query") => {
            item.headers.push((name.to_owned(), value.to_owned()));
        }
        ("apikey", _, Some((name, value))) => {
            let mark = if item.url.contains('?') { '&' } else { '?' };
            item.url = format!("{}{mark}{name}={value}", item.url);
        }
        ("noauth" | "bearer" | "basic", ..) => {}
        (other, ..) => item.notes.push(format!("authentication of the kind {} is left out", display_str(other))),
    }
}

fn body(body: &Value, item: &mut Item) {
    let mut media = None;
    match body["mode"].as_str() {
        Some("raw") => {
            item.body = Data::Bytes(body["raw"].as_str().unwrap_or_default().as_bytes().to_vec());
            media = match body["options"]["raw"]["language"].as_str() {
                Some("json") => Some("application/json"),
                Some("xml") => Some("application/xml"),
                Some("html") => Some("text/html"),
                _ => None,
            };
        }
        Some("urlencoded") => {
            let pairs = named(&body["urlencoded"]);
            let pairs: Vec<String> = pairs.iter().map(|(n, v)| format!("{}={}", escaped(n), escaped(v))).collect();
            item.body = Data::Bytes(pairs.join("&").into_bytes());
            media = Some("application/x-www-form-urlencoded");
        }
        Some("formdata") => {
            let on = body["formdata"].as_array().into_iter().flatten().filter(|v| v["disabled"] != true);
            let parts = on.filter_map(|v| {
                let file = v["type"] == "file";
                let value = if file { v["src"].as_str().or_else(|| v["src"][0].as_str()) } else { v["value"].as_str() };
                Some(Part { name: v["key"].as_str()?.to_owned(), value: value.unwrap_or_default().to_owned(), file })
            });
            item.body = Data::Form(parts.collect());
        }
        Some("graphql") => {
            let query = Value::from(body["graphql"]["query"].as_str().unwrap_or_default());
            let variables = body["graphql"]["variables"].as_str().map(str::trim).filter(|v| !v.is_empty());
            let variables = variables.map(|v| format!(",\"variables\":{v}")).unwrap_or_default();
            item.body = Data::Bytes(format!("{{\"query\":{query}{variables}}}").into_bytes());
            media = Some("application/json");
        }
        Some("file") => match body["file"]["src"].as_str() {
            Some(path) => item.body = Data::File(path.to_owned()),
            None => item.notes.push("the file of the body is not named".to_owned()),
        },
        _ => {}
    }
    if let Some(media) = media.filter(|_| !item.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case("content-type"))) {
        item.headers.push(("Content-Type".to_owned(), media.to_owned()));
    }
}

/// As a form writes it, but for variables.
fn escaped(text: &str) -> String {
    escape::form(text.as_bytes(), b"*-._{}$:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_with_their_folders_variables_and_credentials() {
        let text = r#"{"info": {}, "variable": [{"key": "base", "value": "http://h"}],
            "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}"}]},
            "item": [{"name": "users", "item": [
                {"name": "one", "request": {"method": "PUT", "url": {"raw": "{{base}}/u/:id?x=:id", "variable": [{"key": "id", "value": "7"}]},
                    "header": [{"key": "A", "value": "1"}, {"key": "B", "value": "2", "disabled": true}],
                    "body": {"mode": "raw", "raw": "{}", "options": {"raw": {"language": "json"}}}}},
                {"name": "form", "request": {"method": "POST", "url": "http://h:81/f", "auth": {"type": "noauth"},
                    "body": {"mode": "urlencoded", "urlencoded": [{"key": "a b", "value": "{{v}}&"}]}}},
                {"name": "key", "request": {"url": "http://h/k", "auth": {"type": "apikey", "apikey": {"key": "k", "value": "v", "in": "query"}}}},
                {"name": "odd", "request": {"url": "http://h/k", "auth": {"type": "awsv4"}}},
                {"name": "none", "request": {}}
            ]}]}"#;
        let read = read(text.as_bytes()).expect("it reads");
        assert_eq!(read.variables, [("base".to_owned(), "http://h".to_owned())]);
        let names: Vec<&str> = read.items.iter().map(|i| i.name.as_str()).collect();
        assert_eq!(names, ["users / one", "users / form", "users / key", "users / odd"]);
        let one = &read.items[0];
        assert_eq!((one.method.as_str(), one.url.as_str()), ("PUT", "{{base}}/u/7?x=:id"));
        let headers: Vec<String> = one.headers.iter().map(|(n, v)| format!("{n}: {v}")).collect();
        assert_eq!(headers, ["A: 1", "Authorization: Bearer {{token}}", "Content-Type: application/json"]);
        assert_eq!(read.items[1].body, Data::Bytes(b"a+b={{v}}%26".to_vec()));
        assert_eq!(read.items[1].headers.len(), 1);
        assert_eq!(read.items[2].url, "http://h/k?k=v");
        assert_eq!(read.items[3].notes, ["authentication of the kind awsv4 is left out"]);
        assert!(super::read(b"x").is_err());
    }
}
