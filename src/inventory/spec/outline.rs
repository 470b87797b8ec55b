//! What an operation takes and gives, as lines to be read: its schemas, unfolded until they repeat themselves or a bound is met.

use serde_json::{Map, Value};

use super::resolve::Resolver;
use super::schema::{flatten, hint, kind};
use super::{Shape, ShapeLine};
use crate::base::text::display_str;

/// Lines of one operation.
const MOST_LINES: usize = 400;
/// Lines of one body.
const MOST_OF_ONE: usize = 150;
/// Bodies of one operation: the one it takes, and one for each status.
const MOST_BODIES: usize = 20;
/// Levels that are unfolded.
const MOST_DEPTH: usize = 8;
/// Characters of a name.
const LONGEST_NAME: usize = 80;

/// The bodies of an operation: what it takes, then what it gives by status.
pub(super) fn shapes(resolver: &mut Resolver<'_>, body: Option<&Value>, operation: &Value) -> Vec<Shape> {
    let mut all = Vec::new();
    let mut left = MOST_LINES;
    if let Some(body) = body {
        all.push(shape(resolver, "takes", body, &mut left));
    }
    let replies = operation.get("responses").and_then(Value::as_object);
    for (status, reply) in replies.into_iter().flatten().filter(|(s, _)| !s.starts_with("x-")).take(MOST_BODIES) {
        let Some(reply) = resolver.object(reply) else { continue };
        all.push(shape(resolver, &format!("gives {}", short(status)), &reply, &mut left));
    }
    all
}

fn shape(resolver: &mut Resolver<'_>, lead: &str, node: &Value, left: &mut usize) -> Shape {
    let content = node.get("content").and_then(Value::as_object).and_then(|c| c.iter().next());
    // In Swagger 2.0 the schema of a reply stands in the reply itself.
    let schema = content.map_or_else(|| node.get("schema"), |(_, media)| media.get("schema"));
    let media = content.map_or_else(String::new, |(name, _)| format!(" {}", short(name)));
    let mut lines = Vec::new();
    if let Some(schema) = schema {
        let mut most = (*left).min(MOST_OF_ONE);
        *left -= most;
        walk(resolver, schema, Named { name: "", required: false, depth: 0 }, &mut lines, &mut most);
        *left += most;
    }
    Shape { title: format!("{lead}{media}"), lines }
}

/// Where a schema stands.
#[derive(Clone, Copy)]
struct Named<'a> {
    name: &'a str,
    required: bool,
    depth: usize,
}

fn walk(resolver: &mut Resolver<'_>, schema: &Value, at: Named<'_>, lines: &mut Vec<ShapeLine>, most: &mut usize) {
    if *most == 0 {
        return;
    }
    *most -= 1;
    let mut line = ShapeLine {
        depth: at.depth,
        name: short(at.name),
        required: at.required,
        what: hint(resolver, at.name, schema),
    };
    let place = lines.len();
    let references = unfold(resolver, schema);
    lines.push(line.clone());
    match references {
        Unfolded::Again => line.what.push_str(", as above"),
        Unfolded::Nothing => {}
        Unfolded::Object(node, active) => {
            if at.depth < MOST_DEPTH {
                members(resolver, &node, at.depth + 1, lines, most);
            } else if !node.is_empty() {
                line.what.push_str(" …");
            }
            resolver.active.truncate(active);
        }
    }
    if *most == 0 {
        line.what.push_str(" …");
    }
    if let Some(kept) = lines.get_mut(place) {
        *kept = line;
    }
}

/// What stands below a schema.
enum Unfolded {
    /// It is being unfolded already.
    Again,
    /// Nothing does.
    Nothing,
    /// An object, and how many references were open before it.
    Object(Map<String, Value>, usize),
}

/// Follows references and lists to the object in them.
fn unfold(resolver: &mut Resolver<'_>, schema: &Value) -> Unfolded {
    let active = resolver.active.len();
    let mut schema = schema.clone();
    for _ in 0..MOST_DEPTH {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if resolver.active.iter().any(|r| r == reference) {
                resolver.active.truncate(active);
                return Unfolded::Again;
            }
            let reference = reference.to_owned();
            let Some(target) = resolver.follow(&reference) else { break };
            resolver.active.push(reference);
            schema = (*target).clone();
            continue;
        }
        let Value::Object(node) = &schema else { break };
        let node = if node.contains_key("allOf") { flatten(resolver, node, 0) } else { node.clone() };
        if node.contains_key("properties") || node.get("additionalProperties").is_some_and(Value::is_object) {
            return Unfolded::Object(node, active);
        }
        let choices = ["oneOf", "anyOf"].iter().find_map(|k| node.get(*k)?.as_array());
        let first = choices.and_then(|c| c.iter().find(|c| c.get("type").and_then(Value::as_str) != Some("null")));
        let inner = if kind(&node) == Some("array") { node.get("items") } else { first };
        let Some(inner) = inner else { break };
        schema = inner.clone();
    }
    resolver.active.truncate(active);
    Unfolded::Nothing
}

fn members(
    resolver: &mut Resolver<'_>,
    node: &Map<String, Value>,
    depth: usize,
    lines: &mut Vec<ShapeLine>,
    most: &mut usize,
) {
    let required: Vec<&str> =
        node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, property) in node.get("properties").and_then(Value::as_object).into_iter().flatten() {
        walk(resolver, property, Named { name, required: required.contains(&name.as_str()), depth }, lines, most);
    }
    if let Some(any) = node.get("additionalProperties").filter(|a| a.is_object()) {
        walk(resolver, any, Named { name: "(any name)", required: false, depth }, lines, most);
    }
}

/// Text from outside in display form, cut.
fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST_NAME).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    display_str(&cut)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::Document;
    use super::*;

    fn lines(document: &str) -> Vec<String> {
        let (document, _) = Document::read(Arc::from("s"), document.as_bytes().to_vec()).expect("a document");
        let mut out = Vec::new();
        for shape in document.operation(0, None).shapes {
            out.push(shape.title);
            out.extend(shape.lines.into_iter().map(|l| {
                let star = if l.required { "*" } else { "" };
                format!("{}{}{star}: {}", " ".repeat(l.depth), l.name, l.what)
            }));
        }
        out
    }

    #[test]
    fn what_goes_in_and_what_comes_out() {
        let said = lines(
            r##"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"post": {
            "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Node"}}}},
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema":
                {"type": "array", "items": {"allOf": [{"$ref": "#/components/schemas/Node"},
                    {"properties": {"more": {"type": "object", "additionalProperties": {"type": "integer"}}}}]}}}}},
              "204": {"description": "nothing"}, "x-note": {}}}}},
            "components": {"schemas": {"Node": {"type": "object", "required": ["id"], "properties": {
                "id": {"type": "integer", "minimum": 1}, "next": {"$ref": "#/components/schemas/Node"}}}}}}"##,
        );
        assert_eq!(
            said,
            [
                "takes application/json",
                ": object",
                " id*: integer, 1 ≤ id",
                " next: object, as above",
                "gives 200 application/json",
                ": array of object",
                " id*: integer, 1 ≤ id",
                " next: object",
                "  id*: integer, 1 ≤ id",
                "  next: object, as above",
                " more: object",
                "  (any name): integer",
                "gives 204",
            ]
        );
    }

    #[test]
    fn replies_of_swagger_and_bounds() {
        let said = lines(
            r#"{"swagger": "2.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {
            "responses": {"200": {"description": "ok", "schema": {"type": "object", "properties": {"a": {"type": "string"}}}}}}}}}"#,
        );
        assert_eq!(said, ["gives 200", ": object", " a: string"]);
        let many: Vec<String> = (0..1_000).map(|i| format!(r#""p{i}": {{"type": "string"}}"#)).collect();
        let reply = format!(
            r#"{{"description": "d", "content": {{"application/json": {{"schema": {{"type": "object", "properties": {{{}}}}}}}}}}}"#,
            many.join(",")
        );
        let replies: Vec<String> = (0..100).map(|i| format!(r#""{}": {reply}"#, 200 + i)).collect();
        let said = lines(&format!(
            r#"{{"openapi": "3.0.3", "info": {{"title": "t", "version": "1"}}, "paths": {{"/a": {{"get": {{"responses": {{{}}}}}}}}}}}"#,
            replies.join(",")
        ));
        assert!(said.len() <= MOST_LINES + MOST_BODIES, "{}", said.len());
        assert!(said[1].ends_with(" …"), "{}", said[1]);
        let deep = (0..30).fold(r#"{"type": "string"}"#.to_owned(), |inner, i| {
            format!(r#"{{"type": "object", "properties": {{"l{i}": {inner}}}}}"#)
        });
        let said = lines(&format!(
            r#"{{"openapi": "3.0.3", "info": {{"title": "t", "version": "1"}}, "paths": {{"/a": {{"get": {{"responses": {{"200": {{
            "description": "d", "content": {{"application/json": {{"schema": {deep}}}}}}}}}}}}}}}}}"#
        ));
        assert_eq!(said.len(), MOST_DEPTH + 2);
        assert!(said.last().is_some_and(|l| l.ends_with("object …")), "{said:?}");
    }
}
