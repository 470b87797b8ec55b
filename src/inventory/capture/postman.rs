//! Postman collections, version 2.0 and 2.1: folders of requests, each with the replies that were saved.

use serde_json::Value;

use super::{Call, Capture, MOST_CALLS, har, lets_in};
use crate::base::{Error, Result, text::display_str};
use crate::inventory::operations;

/// Folders in folders.
const DEEPEST: usize = 60;

pub(super) fn read(bytes: &[u8]) -> Result<Capture> {
    let root: Value = serde_json::from_slice(bytes).map_err(|e| {
        Error::input(format!("this is no Postman collection: {}", display_str(&e.to_string())))
            .hint("export it again as collection 2.1")
    })?;
    let mut capture = Capture { format: "Postman collection", ..Capture::default() };
    // What version 1 of the export of a whole workspace puts around it.
    let root = root.get("collection").filter(|c| c.is_object()).unwrap_or(&root);
    folder(root, "", authorises(&root["auth"]).unwrap_or(false), 0, &mut capture);
    // A script or the environment may add it: without one in all, their absence says nothing.
    if !capture.calls.iter().any(|c| c.credential == Some(true)) {
        capture.calls.iter_mut().for_each(|c| c.credential = None);
    }
    Ok(capture)
}

/// Whether an `auth` member lets in; `None` where it is not there and the folder around decides.
fn authorises(auth: &Value) -> Option<bool> {
    auth.as_object().map(|a| a.get("type").and_then(Value::as_str) != Some("noauth"))
}

fn folder(at: &Value, pointer: &str, auth: bool, depth: usize, capture: &mut Capture) {
    let Some(items) = at["item"].as_array() else { return };
    for (i, item) in items.iter().enumerate() {
        let pointer = format!("{pointer}/item/{i}");
        if capture.calls.len() >= MOST_CALLS {
            return;
        }
        if item["item"].is_array() {
            if depth < DEEPEST {
                folder(item, &pointer, authorises(&item["auth"]).unwrap_or(auth), depth + 1, capture);
            } else {
                capture.odd(|| pointer, "lies in too many folders");
            }
        } else if let Some(call) = request(&item["request"], auth) {
            let replies = item["response"].as_array().map_or(&[][..], Vec::as_slice);
            capture.calls.extend(replies.iter().filter_map(|r| reply(r, &call, auth)));
            capture.calls.push(call);
        } else {
            capture.odd(|| pointer, "has no request that can be read");
        }
    }
}

/// A request as it is written down, without a reply.
fn request(value: &Value, auth: bool) -> Option<Call> {
    // A request may be its URL alone.
    let url = if value.is_string() { value } else { &value["url"] };
    let url = match url {
        Value::String(s) => s.clone(),
        _ => url["raw"].as_str().map(str::to_owned).or_else(|| parts(url))?,
    };
    let method = value["method"].as_str().unwrap_or("GET");
    let (url, templated) = template(&url);
    let mut call = Call::to(method, &url)?;
    call.templated = templated;
    call.operations = match value["body"]["mode"].as_str() {
        Some("graphql") => operations::of_value(&value["body"]["graphql"]),
        _ => operations::of_body(value["body"]["raw"].as_str().unwrap_or_default().as_bytes()),
    };
    let header = |h: &Value| h["key"].as_str().is_some_and(lets_in) && h["disabled"] != true;
    let sent = value["header"].as_array().is_some_and(|all| all.iter().any(header));
    call.credential = Some(sent || authorises(&value["auth"]).unwrap_or(auth));
    Some(call)
}

/// A saved reply, with the request that it names itself where it does.
fn reply(reply: &Value, call: &Call, auth: bool) -> Option<Call> {
    let status = reply["code"].as_u64().and_then(|s| u16::try_from(s).ok())?;
    let own = request(&reply["originalRequest"], auth).unwrap_or_else(|| call.clone());
    let size = reply["body"].as_str().map(|b| b.len() as u64);
    let micros = reply["responseTime"].as_f64().and_then(har::micros);
    let mut call = Call { status: Some(status), micros, size, ..own };
    for header in reply["header"].as_array().into_iter().flatten() {
        if let (Some(name), Some(value)) = (header["key"].as_str(), header["value"].as_str()) {
            call.reply_header(name, value);
        }
    }
    Some(call)
}

/// A URL of `host` and `path` where `raw` is missing.
fn parts(url: &Value) -> Option<String> {
    let list = |v: &Value, mark: &str| match v {
        Value::String(s) => Some(s.clone()),
        Value::Array(all) => {
            Some(all.iter().filter_map(|p| p.as_str().or_else(|| p["value"].as_str())).collect::<Vec<_>>().join(mark))
        }
        _ => None,
    };
    let host = list(&url["host"], ".").unwrap_or_default();
    let path = list(&url["path"], "/")?;
    Some(format!("http://{host}/{}", path.trim_start_matches('/')))
}

/// The URL with `:id` and `{{id}}` in its path as `{id}`, and whether there were any; a variable for the host is left out.
fn template(url: &str) -> (String, bool) {
    let (scheme, rest) = match url.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => (scheme, rest),
        _ => ("http", url),
    };
    let (path, query) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
    let (host, path) = path.split_at(path.find('/').unwrap_or(path.len()));
    let mut templated = false;
    let segments: Vec<String> = path
        .split('/')
        .map(|s| {
            let named = s.strip_prefix(':').filter(|n| !n.is_empty());
            let braced = s.strip_prefix("{{").and_then(|n| n.strip_suffix("}}"));
            match named.or(braced) {
                Some(name) => {
                    templated = true;
                    format!("{{{name}}}")
                }
                None => s.to_owned(),
            }
        })
        .collect();
    let path = if path.is_empty() { "/".to_owned() } else { segments.join("/") };
    if host.is_empty() || host.contains("{{") {
        return (path + query, templated);
    }
    let scheme = if scheme.contains("{{") { "http" } else { scheme };
    (format!("{scheme}://{host}{path}{query}"), templated)
}
