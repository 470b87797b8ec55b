//! A schema in one line, and a value that satisfies it.
//!
//! The value is for a person to change: what the document gives as an example comes first, and a keyword that cannot be
//! satisfied simply (a pattern with look-around, `not`, `if`) is left out rather than guessed at.

use serde_json::{Map, Number, Value, json};

use super::pattern;
use super::resolve::Resolver;
use crate::base::text::display_str;

/// Schema nodes visited for one operation.
pub(super) const MOST_NODES: usize = 4_000;
/// Bytes of the examples of one operation, about.
pub(super) const MOST_ROOM: usize = 1 << 20;
/// Nesting of an example.
const MOST_DEPTH: usize = 16;
/// Length of a made-up string, in characters.
const MOST_TEXT: u64 = 1_000;

/// The `example` or the first of the `examples` of a parameter or media type object.
pub(super) fn given_example(resolver: &mut Resolver<'_>, node: &Value) -> Option<Value> {
    if let Some(value) = node.get("example") {
        return Some(value.clone());
    }
    let first = node.get("examples")?.as_object()?.values().next()?;
    resolver.object(first)?.get("value").cloned()
}

/// A value that satisfies the schema, as far as that is simple, with the examples and defaults in it or without; `None` where
/// recursion or a bound cut it.
pub(super) fn example(resolver: &mut Resolver<'_>, schema: &Value, examples: bool) -> Option<Value> {
    resolver.plain = !examples;
    make(resolver, schema, 0)
}

fn make(resolver: &mut Resolver<'_>, schema: &Value, depth: usize) -> Option<Value> {
    if depth > MOST_DEPTH || resolver.nodes_left == 0 {
        return None;
    }
    resolver.nodes_left -= 1;
    let Value::Object(node) = schema else {
        return (*schema == Value::Bool(true)).then(|| json!({}));
    };
    if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
        if resolver.active.iter().any(|r| r == reference) {
            return None;
        }
        let target = resolver.follow(reference)?;
        resolver.active.push(reference.to_owned());
        let value = make(resolver, &target, depth + 1);
        resolver.active.pop();
        return value;
    }
    if let Some(given) = stated(node, resolver.plain) {
        return take(resolver, given);
    }
    if node.contains_key("allOf") {
        let flat = flatten(resolver, node, depth);
        if let Some(given) = stated(&flat, resolver.plain) {
            return take(resolver, given);
        }
        return alternatives(resolver, &flat, depth);
    }
    alternatives(resolver, node, depth)
}

/// A value that the schema itself names; when `plain`, only one that it holds to.
fn stated(node: &Map<String, Value>, plain: bool) -> Option<&Value> {
    let told = || {
        node.get("example")
            .or_else(|| node.get("examples")?.as_array()?.first())
            .or_else(|| node.get("default").filter(|d| !d.is_null()))
    };
    (if plain { None } else { told() })
        .or_else(|| node.get("const"))
        .or_else(|| node.get("enum")?.as_array()?.iter().find(|v| !v.is_null()))
}

/// A copy of a value, as long as there is room for it.
fn take(resolver: &mut Resolver<'_>, value: &Value) -> Option<Value> {
    resolver.room_left = resolver.room_left.checked_sub(weight(value))?;
    Some(value.clone())
}

/// Bytes of a value, about.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(s) => s.len() + 2,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(members) => members.iter().map(|(k, v)| k.len() + 4 + weight(v)).sum::<usize>() + 2,
        _ => 8,
    }
}

fn alternatives(resolver: &mut Resolver<'_>, node: &Map<String, Value>, depth: usize) -> Option<Value> {
    for key in ["oneOf", "anyOf"] {
        let Some(choices) = node.get(key).and_then(Value::as_array) else { continue };
        let is_null = |c: &Value| c.get("type").and_then(Value::as_str) == Some("null");
        // `anyOf: [{required: [a]}, {required: [b]}]` narrows the object beside it and gives no value of its own.
        let narrows = |c: &Value| c.as_object().is_some_and(|o| o.len() == 1 && o.contains_key("required"));
        if let Some(first) = choices.iter().find(|c| !is_null(c) && !narrows(c)) {
            let value = make(resolver, first, depth + 1);
            return match (value, node.contains_key("properties")) {
                (Some(Value::Object(chosen)), true) => {
                    let mut base = object(resolver, node, depth);
                    base.extend(chosen);
                    Some(Value::Object(base))
                }
                (value, _) => value,
            };
        }
    }
    Some(typed(resolver, node, depth))
}

fn typed(resolver: &mut Resolver<'_>, node: &Map<String, Value>, depth: usize) -> Value {
    match kind(node) {
        Some("integer") => integer(node),
        Some("number") => number(node),
        Some("boolean") => Value::Bool(true),
        Some("array") => array(resolver, node, depth),
        Some("object") => Value::Object(object(resolver, node, depth)),
        Some("null") => Value::Null,
        _ => Value::String(text(node)),
    }
}

/// The type: as written, the first that is not `null` of several (`OpenAPI` 3.1), or as the other keywords imply.
pub(super) fn kind(node: &Map<String, Value>) -> Option<&str> {
    match node.get("type") {
        Some(Value::String(s)) => return Some(s),
        Some(Value::Array(all)) => {
            let mut words = all.iter().filter_map(Value::as_str);
            return words.clone().find(|w| *w != "null").or_else(|| words.next());
        }
        _ => {}
    }
    let has = |keys: &[&str]| keys.iter().any(|k| node.contains_key(*k));
    if has(&["properties", "additionalProperties", "required"]) {
        Some("object")
    } else if has(&["items", "prefixItems", "minItems"]) {
        Some("array")
    } else if has(&["format", "pattern", "minLength", "maxLength"]) {
        Some("string")
    } else if has(&["minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"]) {
        Some("number")
    } else {
        None
    }
}

fn object(resolver: &mut Resolver<'_>, node: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let mut out = Map::new();
    let required: Vec<&str> =
        node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
        if says(resolver, property, "readOnly") {
            continue;
        }
        match make(resolver, property, depth + 1) {
            Some(value) => {
                out.insert(name.clone(), value);
            }
            None if required.contains(&name.as_str()) => {
                out.insert(name.clone(), Value::Null);
            }
            None => {}
        }
    }
    out
}

/// Whether a property, or what it refers to, says `key` of itself: `readOnly` or `writeOnly`.
pub(super) fn says(resolver: &mut Resolver<'_>, property: &Value, key: &str) -> bool {
    let says = |v: &Value| v.get(key).and_then(Value::as_bool);
    match property.get("$ref").and_then(Value::as_str) {
        Some(reference) => says(property).or_else(|| says(&*resolver.follow(reference)?)).unwrap_or(false),
        None => says(property).unwrap_or(false),
    }
}

fn array(resolver: &mut Resolver<'_>, node: &Map<String, Value>, depth: usize) -> Value {
    if let Some(tuple) = node.get("prefixItems").and_then(Value::as_array) {
        return tuple.iter().take(32).map(|s| make(resolver, s, depth + 1).unwrap_or_default()).collect();
    }
    if node.get("maxItems").and_then(Value::as_u64) == Some(0) {
        return json!([]);
    }
    let least = node.get("minItems").and_then(Value::as_u64).unwrap_or(1);
    let least = usize::try_from(least).unwrap_or(10).clamp(1, 10);
    let item = match node.get("items") {
        Some(items) => make(resolver, items, depth + 1),
        None => Some(json!("text")),
    };
    let Some(item) = item else { return json!([]) };
    let mut items = Vec::new();
    while items.len() + 1 < least {
        let Some(copy) = take(resolver, &item) else { break };
        items.push(copy);
    }
    items.push(item);
    Value::Array(items)
}

/// A bound and whether it is strict.
pub(super) type Bound = Option<(f64, bool)>;

/// Bounds of a number with their strictness: `exclusiveMinimum` is a boolean in 3.0 and a number in 3.1.
pub(super) fn bounds(node: &Map<String, Value>) -> (Bound, Bound) {
    let bound = |plain: &str, strict: &str| {
        let inclusive = node.get(plain).and_then(Value::as_f64);
        match node.get(strict) {
            Some(Value::Bool(true)) => inclusive.map(|v| (v, true)),
            Some(v) if v.is_number() => v.as_f64().map(|v| (v, true)),
            _ => inclusive.map(|v| (v, false)),
        }
    };
    (bound("minimum", "exclusiveMinimum"), bound("maximum", "exclusiveMaximum"))
}

fn integer(node: &Map<String, Value>) -> Value {
    let (low, high) = bounds(node);
    let low = low.map(|(v, strict)| if strict { v.floor() + 1.0 } else { v.ceil() });
    let high = high.map(|(v, strict)| if strict { v.ceil() - 1.0 } else { v.floor() });
    let mut value = 1.0_f64.max(low.unwrap_or(f64::MIN)).min(high.unwrap_or(f64::MAX));
    if let Some(step) = node.get("multipleOf").and_then(Value::as_f64).filter(|s| *s > 0.0) {
        value = (value / step).ceil() * step;
    }
    // Saturating is right here: a bound beyond 64 bits has no example that a reviewer would send.
    #[expect(clippy::cast_possible_truncation, reason = "floats cast to integers saturate")]
    let value = value as i64;
    Value::from(value)
}

fn number(node: &Map<String, Value>) -> Value {
    let (low, high) = bounds(node);
    let mut value = match (low, high) {
        (Some((l, _)), _) if l > 1.0 => l + f64::from(u8::from(low.is_some_and(|b| b.1))),
        (Some((l, true)), Some((h, _))) if l >= 1.0 || h <= 1.0 => f64::midpoint(l, h),
        (_, Some((h, strict))) if h < 1.0 || (strict && h <= 1.0) => low.map_or(h - 1.0, |(l, _)| f64::midpoint(l, h)),
        (Some((l, true)), _) if l >= 1.0 => l + 1.0,
        _ => 1.0,
    };
    if let (Some((l, _)), Some((h, _))) = (low, high)
        && value > h
    {
        value = f64::midpoint(l, h);
    }
    if let Some(step) = node.get("multipleOf").and_then(Value::as_f64).filter(|s| *s > 0.0) {
        value = (value / step).ceil() * step;
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

fn text(node: &Map<String, Value>) -> String {
    let least = node.get("minLength").and_then(Value::as_u64).unwrap_or(0).min(MOST_TEXT);
    let most = node.get("maxLength").and_then(Value::as_u64).unwrap_or(u64::MAX);
    let format = node.get("format").and_then(Value::as_str).unwrap_or_default();
    if let Some(known) = by_format(format) {
        return known.to_owned();
    }
    if let Some(made) = node.get("pattern").and_then(Value::as_str).and_then(|p| pattern::example(p, least)) {
        return made;
    }
    let (least, most) = (usize::try_from(least).unwrap_or(0), usize::try_from(most).unwrap_or(usize::MAX));
    "text".chars().cycle().take(4.max(least).min(most)).collect()
}

/// Formats of the `OpenAPI` and JSON Schema registries (draft 2020-12 validation, section 7.3).
fn by_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => "2024-01-31T12:00:00Z",
        "date" => "2024-01-31",
        "time" => "12:00:00Z",
        "duration" => "PT1H",
        "email" | "idn-email" => "user@example.com",
        "uuid" => "123e4567-e89b-42d3-a456-426614174000",
        "uri" | "url" | "iri" => "https://example.com/",
        "uri-reference" | "iri-reference" => "/",
        "hostname" | "idn-hostname" => "example.com",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "byte" => "dGV4dA==",
        "json-pointer" => "/a",
        "password" => "Passw0rd!",
        _ => return None,
    })
}

/// An object schema with its `allOf` folded in: properties and required names together, the first of any other keyword.
pub(super) fn flatten(resolver: &mut Resolver<'_>, node: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let mut out = node.clone();
    let Some(Value::Array(parts)) = out.remove("allOf") else { return out };
    for part in parts {
        if depth > MOST_DEPTH || resolver.nodes_left == 0 {
            break;
        }
        resolver.nodes_left -= 1;
        let reference = part.get("$ref").and_then(Value::as_str).map(str::to_owned);
        if reference.as_ref().is_some_and(|r| resolver.active.contains(r)) {
            continue;
        }
        let Some(part) = resolver.object(&part) else { continue };
        let Value::Object(part) = part.as_ref() else { continue };
        if let Some(reference) = &reference {
            resolver.active.push(reference.clone());
        }
        let part = flatten(resolver, part, depth + 1);
        if reference.is_some() {
            resolver.active.pop();
        }
        for (key, value) in part {
            match (out.get_mut(&key), value) {
                (Some(Value::Object(have)), Value::Object(more)) if key == "properties" => {
                    for (name, property) in more {
                        have.entry(name).or_insert(property);
                    }
                }
                (Some(Value::Array(have)), Value::Array(more)) if key == "required" => have.extend(more),
                (Some(_), _) => {}
                // An example of one part is no example of the whole.
                (None, _) if key == "example" || key == "default" || key == "examples" => {}
                (None, value) => {
                    out.insert(key, value);
                }
            }
        }
    }
    out
}

/// What the schema says in one line, in display form.
pub(super) fn hint(resolver: &mut Resolver<'_>, name: &str, schema: &Value) -> String {
    let Some(node) = resolver.object(schema) else { return "reference that was not read".to_owned() };
    let Value::Object(node) = node.as_ref() else { return "anything".to_owned() };
    let node = if node.contains_key("allOf") { flatten(resolver, node, 0) } else { node.clone() };
    if let Some(values) = node.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = values.iter().take(8).map(|v| cut(&as_text(v))).collect();
        let more = if values.len() > 8 { "|…" } else { "" };
        return format!("enum {}{more}", words.join("|"));
    }
    if let Some(value) = node.get("const") {
        return format!("always {}", cut(&as_text(value)));
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = node.get(key).and_then(Value::as_array)
            && let Some(first) = choices.iter().find(|c| c.get("type").and_then(Value::as_str) != Some("null"))
            && resolver.nodes_left > 0
            && resolver.active.len() < MOST_DEPTH
        {
            resolver.nodes_left -= 1;
            resolver.active.push(String::new());
            let said = hint(resolver, name, first);
            resolver.active.pop();
            return if choices.len() > 1 { format!("{said}, or another form") } else { said };
        }
    }
    let kind = kind(&node).unwrap_or("any");
    let mut said = cut(kind);
    if let Some(format) = node.get("format").and_then(Value::as_str) {
        said = format!("{said} {}", cut(format));
    }
    if kind == "array"
        && let Some(items) = node.get("items")
        && resolver.active.len() < MOST_DEPTH
    {
        resolver.active.push(String::new());
        said = format!("array of {}", hint(resolver, "item", items));
        resolver.active.pop();
    }
    for limit in limits(&cut(name), &node) {
        said.push_str(", ");
        said.push_str(&limit);
    }
    said
}

fn limits(name: &str, node: &Map<String, Value>) -> Vec<String> {
    let mut out = Vec::new();
    let (low, high) = bounds(node);
    let sign = |strict| if strict { "<" } else { "≤" };
    match (low, high) {
        (Some((l, a)), Some((h, b))) => out.push(format!("{l} {} {name} {} {h}", sign(a), sign(b))),
        (Some((l, a)), None) => out.push(format!("{l} {} {name}", sign(a))),
        (None, Some((h, b))) => out.push(format!("{name} {} {h}", sign(b))),
        (None, None) => {}
    }
    let count = |key: &str| node.get(key).and_then(Value::as_u64);
    match (count("minLength"), count("maxLength")) {
        (Some(a), Some(b)) => out.push(format!("{a} to {b} characters")),
        (Some(a), None) if a > 0 => out.push(format!("at least {a} characters")),
        (None, Some(b)) => out.push(format!("at most {b} characters")),
        _ => {}
    }
    if let Some(step) = node.get("multipleOf").and_then(Value::as_f64) {
        out.push(format!("multiple of {step}"));
    }
    if let Some(pattern) = node.get("pattern").and_then(Value::as_str) {
        out.push(format!("pattern {}", cut(pattern)));
    }
    if let Some(default) = node.get("default").filter(|d| !d.is_null()) {
        out.push(format!("default {}", cut(&as_text(default))));
    }
    out
}

/// A value as one would type it: text as it is, lists joined by commas, anything else as JSON.
pub(super) fn as_text(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(as_text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// At most 60 characters, in display form.
fn cut(s: &str) -> String {
    let mut short: String = s.chars().take(60).collect();
    if short.len() < s.len() {
        short.push('…');
    }
    display_str(&short)
}
