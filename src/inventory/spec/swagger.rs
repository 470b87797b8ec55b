//! What Swagger 2.0 says in other words: the body as parameters.

use std::rc::Rc;

use serde_json::{Map, Value, json};

/// Where parameters stand that make up the body (Swagger 2.0, Parameter Object).
pub(super) fn is_body(parameter: &Value) -> bool {
    matches!(parameter.get("in").and_then(Value::as_str), Some("body" | "formData"))
}

/// The content of a response, as OpenAPI 3 writes it; nothing where it has no schema.
pub(super) fn content(response: &Value, produces: &[String]) -> Map<String, Value> {
    let Some(schema) = response.get("schema") else { return Map::new() };
    let any = ["*/*".to_owned()];
    let names = if produces.is_empty() { &any[..] } else { produces };
    names.iter().map(|name| (name.clone(), json!({"schema": schema}))).collect()
}

/// The request body that `parameters` make up, as OpenAPI 3 writes it; `None` when there is none. `consumes` are the media
/// types of the operation.
pub(super) fn body(parameters: &[Rc<Value>], consumes: &[String]) -> Option<Value> {
    let is = |p: &Value, place: &str| p.get("in").and_then(Value::as_str) == Some(place);
    // The last one stands for those before: the operation's comes after the path's.
    if let Some(whole) = parameters.iter().rfind(|p| is(p, "body")) {
        let media = json!({"schema": whole.get("schema").cloned().unwrap_or_default()});
        let content: Map<String, Value> = consumes.iter().map(|name| (name.clone(), media.clone())).collect();
        return Some(if content.is_empty() {
            json!({"content": {"application/json": media}})
        } else {
            json!({"content": content})
        });
    }
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let mut has_file = false;
    for field in parameters.iter().filter(|p| is(p, "formData")) {
        let (Some(name), Value::Object(schema)) = (field.get("name").and_then(Value::as_str), field.as_ref()) else {
            continue;
        };
        let mut schema = schema.clone();
        if schema.get("required") == Some(&Value::Bool(true)) {
            required.push(name);
        }
        for key in ["name", "in", "required"] {
            schema.remove(key);
        }
        if schema.get("type").and_then(Value::as_str) == Some("file") {
            has_file = true;
            schema.insert("type".to_owned(), json!("string"));
            schema.insert("format".to_owned(), json!("binary"));
        }
        properties.insert(name.to_owned(), Value::Object(schema));
    }
    if properties.is_empty() {
        return None;
    }
    let usual = if has_file { "multipart/form-data" } else { "application/x-www-form-urlencoded" };
    let forms = ["multipart/form-data", "application/x-www-form-urlencoded"];
    let named = consumes.iter().map(String::as_str).find(|c| forms.contains(c) && (!has_file || *c == forms[0]));
    Some(
        json!({"content": {named.unwrap_or(usual): {"schema": {"type": "object", "properties": properties, "required": required}}}}),
    )
}
