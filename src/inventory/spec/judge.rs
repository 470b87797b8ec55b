//! Whether a reply, or a request, is what its operation declares.

use serde_json::{Map, Value};

use super::resolve::{self, Resolver};
use super::validate::{Checker, Mismatch, Side};
use super::{Document, Parameter, Place, swagger};
use crate::base::text::{display, display_str};
use crate::wire::Load;

/// Bytes of one body that is compared.
const MOST_BODY: usize = 16 << 20;

/// What came of comparing a message with what is declared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// The status is not declared.
    pub undeclared_status: bool,
    /// The media type of the body is not declared for this status; or there is a body where none is declared, or none where
    /// one is. One sentence in display form.
    pub media_type: Option<String>,
    /// Where the body is not what its schema says; at most 100 places.
    pub mismatches: Vec<Mismatch>,
    /// What was not judged, one sentence each in display form: with any of it, no mismatch proves nothing.
    pub unjudged: Vec<String>,
}

impl Judgement {
    /// True when nothing is wrong with what was judged.
    pub fn is_clean(&self) -> bool {
        !self.undeclared_status && self.media_type.is_none() && self.mismatches.is_empty()
    }
}

/// What came back, as far as a declaration says anything of it.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// Status code.
    pub status: u16,
    /// Value of `Content-Type`, when there is one.
    pub content_type: Option<&'a [u8]>,
    /// Body, decoded; empty for a reply to HEAD.
    pub body: &'a [u8],
    /// Whether the request was HEAD, whose reply has no body whatever is declared.
    pub head: bool,
}

impl Document {
    /// Compares a reply with what the operation at `index` declares. `files` reads what it refers to in other files.
    pub fn judge_reply(&self, index: usize, reply: &Reply<'_>, files: Option<&dyn Load>) -> Judgement {
        let Some(lite) = self.operations().get(index) else { return Judgement::default() };
        let mut resolver = Resolver::new(self, files);
        let mut out = Judgement::default();
        let node = resolve::node(&mut resolver, self, lite);
        let responses = node.get("responses").and_then(Value::as_object).filter(|r| !r.is_empty());
        if let Some(responses) = responses {
            self.reply(&mut resolver, &node, responses, reply, &mut out);
        } else {
            out.unjudged.push("the operation declares no responses".to_owned());
        }
        finish(resolver, out)
    }

    fn reply(
        &self,
        resolver: &mut Resolver<'_>,
        operation: &Value,
        responses: &Map<String, Value>,
        reply: &Reply<'_>,
        out: &mut Judgement,
    ) {
        let Some(declared) = of_status(responses, reply.status) else {
            out.undeclared_status = true;
            return;
        };
        let Some(declared) = resolver.object(declared) else { return };
        // Swagger 2.0 has one schema, and names the media types apart.
        let swagger = self.version.starts_with('2');
        let content = if swagger {
            let own: Option<Vec<String>> =
                operation.get("produces").and_then(|c| serde_json::from_value(c.clone()).ok());
            swagger::content(&declared, own.as_ref().unwrap_or(&self.produces))
        } else {
            declared.get("content").and_then(Value::as_object).cloned().unwrap_or_default()
        };
        let none_may_come = reply.head || matches!(reply.status, 100..=199 | 204 | 304);
        match (content.is_empty(), reply.body.is_empty()) {
            (_, true) if none_may_come => {}
            (true, true) => {}
            (true, false) => out.media_type = Some("has a body, and none is declared".to_owned()),
            (false, true) => out.media_type = Some("has no body, and one is declared".to_owned()),
            (false, false) => {
                let written = reply.content_type.map(display).unwrap_or_default();
                match of_type(&content, &essence(&written)) {
                    Some(media) => self.body(resolver, &essence(&written), media, reply.body, Side::Response, out),
                    None if written.is_empty() => {
                        out.media_type = Some("does not say what media type its body is".to_owned());
                    }
                    None => {
                        let names: Vec<String> = content.keys().take(8).map(|n| display_str(n)).collect();
                        out.media_type = Some(format!("is {written}, and declared is {}", names.join(", ")));
                    }
                }
            }
        }
    }

    /// Compares the body of a request with what the operation at `index` declares.
    pub fn judge_body(&self, index: usize, media_type: &str, body: &[u8], files: Option<&dyn Load>) -> Judgement {
        let Some(lite) = self.operations().get(index) else { return Judgement::default() };
        let mut resolver = Resolver::new(self, files);
        let mut out = Judgement::default();
        let node = resolve::node(&mut resolver, self, lite);
        let declared = resolve::body(&mut resolver, self, lite, &node);
        let content = declared.as_ref().and_then(|d| d.get("content")).and_then(Value::as_object);
        match content.and_then(|c| of_type(c, &essence(media_type))) {
            Some(media) => self.body(&mut resolver, &essence(media_type), media, body, Side::Request, &mut out),
            None => out.media_type = Some(format!("is {}, which is not declared", display_str(media_type))),
        }
        finish(resolver, out)
    }

    /// Compares the value of a parameter, as text that is not percent-encoded, with what the operation at `index` declares.
    pub fn judge_parameter(&self, index: usize, parameter: &Parameter, files: Option<&dyn Load>) -> Judgement {
        let Some(lite) = self.operations().get(index) else { return Judgement::default() };
        let mut resolver = Resolver::new(self, files);
        let mut out = Judgement::default();
        let node = resolve::node(&mut resolver, self, lite);
        let declared = resolve::parameters(&mut resolver, self, lite, &node).into_iter().rev().find(|p| {
            let text = |key: &str| p.get(key).and_then(Value::as_str);
            text("name") == Some(&parameter.name) && text("in").and_then(Place::parse) == Some(parameter.place)
        });
        if let Some(shape) = declared.as_ref().and_then(|d| resolve::shape(d)) {
            let mut checker = Checker::new(&mut resolver, Side::Request, &self.version);
            // Text is any of the things that it may be read as.
            let read = readings(&parameter.example).into_iter().map(|value| checker.check(shape, &value));
            out.mismatches = read.min_by_key(Vec::len).unwrap_or_default();
            out.unjudged = checker.unjudged;
        } else {
            out.unjudged.push("the parameter has no schema".to_owned());
        }
        finish(resolver, out)
    }

    fn body(
        &self,
        resolver: &mut Resolver<'_>,
        essence: &str,
        media: &Value,
        body: &[u8],
        side: Side,
        out: &mut Judgement,
    ) {
        let Some(schema) = media.get("schema") else { return };
        if essence != "application/json" && !essence.ends_with("+json") {
            out.unjudged.push(format!("a body of {} is not compared with its schema", display_str(essence)));
            return;
        }
        if body.len() > MOST_BODY {
            out.unjudged.push("the body is larger than what is compared".to_owned());
            return;
        }
        match serde_json::from_slice::<Value>(body) {
            Ok(value) => {
                let mut checker = Checker::new(resolver, side, &self.version);
                out.mismatches = checker.check(schema, &value);
                out.unjudged = checker.unjudged;
            }
            Err(e) => {
                let reason = format!("is not JSON: {}", display_str(&e.to_string()));
                out.mismatches.push(Mismatch { pointer: String::new(), reason });
            }
        }
    }
}

fn finish(resolver: Resolver<'_>, mut out: Judgement) -> Judgement {
    out.unjudged.extend(resolver.notes);
    out.unjudged.dedup();
    out
}

/// The response declared for a status: by its code, by its class, else the default.
fn of_status(responses: &Map<String, Value>, status: u16) -> Option<&Value> {
    let class = format!("{}XX", status / 100);
    responses
        .get(&status.to_string())
        .or_else(|| responses.iter().find(|(k, _)| k.eq_ignore_ascii_case(&class)).map(|(_, v)| v))
        .or_else(|| responses.get("default"))
}

/// A media type without its parameters, in lower case.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// The media type object for a type: by its name, by its range, or for any.
fn of_type<'c>(content: &'c Map<String, Value>, wanted: &str) -> Option<&'c Value> {
    let family = format!("{}/*", wanted.split('/').next().unwrap_or_default());
    [wanted, &family, "*/*"]
        .into_iter()
        .find_map(|name| content.iter().find(|(k, _)| essence(k) == name))
        .map(|(_, v)| v)
}

/// What a text may stand for: itself, a number, a word of JSON, a list of any of them.
pub(super) fn readings(text: &str) -> Vec<Value> {
    let one = |text: &str| {
        let read = serde_json::from_str::<Value>(text).ok().filter(|v| !v.is_string());
        read.into_iter().chain([Value::String(text.to_owned())]).collect::<Vec<_>>()
    };
    let mut all = one(text);
    all.push(text.split(',').map(|part| Value::String(part.to_owned())).collect());
    all.push(text.split(',').filter_map(|part| one(part).into_iter().next()).collect());
    if text.is_empty() {
        all.extend([Value::Array(Vec::new()), Value::Null]);
    }
    all
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    /// One operation whose reply has this schema, in a document of this version.
    fn document(version: &str, schema: &str) -> Document {
        let text = format!(
            r##"{{"openapi": "{version}", "info": {{"title": "t", "version": "1"}}, "paths": {{"/a": {{"post": {{
            "parameters": [{{"name": "n", "in": "query", "schema": {{"type": "integer", "maximum": 9}}}},
                           {{"name": "l", "in": "query", "schema": {{"type": "array", "items": {{"type": "integer"}}}}}}],
            "requestBody": {{"content": {{"application/json": {{"schema": {{"$ref": "#/components/schemas/S"}}}}}}}},
            "responses": {{"200": {{"$ref": "#/components/responses/R"}}, "204": {{"description": "none"}}, "5xx": {{"description": "bad"}}}}}}}}}},
            "components": {{"responses": {{"R": {{"description": "r", "content": {{
                "application/json": {{"schema": {{"$ref": "#/components/schemas/S"}}}}, "text/*": {{"schema": {{}}}}}}}}}},
              "schemas": {{"S": {schema}, "Loop": {{"allOf": [{{"$ref": "#/components/schemas/Loop"}}]}},
                "Tree": {{"type": "object", "required": ["v"], "properties": {{"v": {{"type": "integer"}}, "kids": {{"type": "array", "items": {{"$ref": "#/components/schemas/Tree"}}}}}}}}}}}}}}"##
        );
        let (document, problems) = Document::read(Arc::from("t"), text.into_bytes()).expect("a document");
        assert_eq!(problems, []);
        document
    }

    fn reply<'a>(status: u16, content_type: &'a str, body: &'a str) -> Reply<'a> {
        let content_type = (!content_type.is_empty()).then_some(content_type.as_bytes());
        Reply { status, content_type, body: body.as_bytes(), head: false }
    }

    fn said(judged: &Judgement) -> Vec<String> {
        judged.mismatches.iter().map(|m| format!("{} {}", m.pointer, m.reason)).collect()
    }

    #[test]
    fn every_keyword_finds_what_is_wrong_and_nothing_else() {
        for (version, schema, body, want) in [
            ("3.0.3", r#"{"type": "string"}"#, "5", " is integer and not string"),
            ("3.0.3", r#"{"type": "integer"}"#, "5.0", ""),
            ("3.0.3", r#"{"type": "integer"}"#, "5.5", " is number and not integer"),
            ("3.0.3", r#"{"type": "string", "nullable": true}"#, "null", ""),
            ("3.1.0", r#"{"type": ["string", "null"]}"#, "null", ""),
            ("3.1.0", r#"{"type": ["string", "null"]}"#, "true", " is boolean and not string or null"),
            ("3.0.3", r#"{"enum": ["a", 1]}"#, "1.0", ""),
            ("3.0.3", r#"{"enum": ["a", 1]}"#, "\"b\"", " is none of the values listed: \"a\", 1"),
            ("3.1.0", r#"{"const": {"a": [1]}}"#, r#"{"a": [1.0]}"#, ""),
            ("3.1.0", r#"{"const": 1}"#, "2", " is not 1"),
            ("3.0.3", r#"{"minimum": 1, "exclusiveMinimum": true}"#, "1", " is 1 and not above 1"),
            ("3.1.0", r#"{"exclusiveMaximum": 1}"#, "1", " is 1 and not below 1"),
            ("3.0.3", r#"{"multipleOf": 0.1}"#, "0.3", ""),
            ("3.0.3", r#"{"multipleOf": 2}"#, "3", " is 3 and no multiple of 2"),
            ("3.0.3", r#"{"format": "int32"}"#, "2147483648", " is beyond 32 bits"),
            ("3.0.3", r#"{"format": "date"}"#, "\"2024-02-30\"", " is no date"),
            ("3.0.3", r#"{"maxLength": 2}"#, "\"äöü\"", " has 3 characters and not at most 2"),
            ("3.0.3", r#"{"pattern": "^a+$"}"#, "\"ab\"", " does not match ^a+$"),
            ("3.0.3", r#"{"minItems": 2}"#, "[1]", " has 1 items and not at least 2"),
            ("3.0.3", r#"{"uniqueItems": true}"#, "[1, 1.0]", " holds the same item twice"),
            ("3.0.3", r#"{"items": {"type": "string"}}"#, r#"["a", 1]"#, "/1 is integer and not string"),
            (
                "3.1.0",
                r#"{"prefixItems": [{"type": "string"}], "items": false}"#,
                r#"["a", 1]"#,
                "/1 nothing may stand here",
            ),
            ("3.0.3", r#"{"required": ["a"]}"#, "{}", " lacks a, which is required"),
            ("3.0.3", r#"{"required": ["a"], "properties": {"a": {"writeOnly": true}}}"#, "{}", ""),
            (
                "3.0.3",
                r#"{"properties": {"a": {"writeOnly": true}}}"#,
                r#"{"a": 1}"#,
                "/a is never to stand in a reply",
            ),
            (
                "3.0.3",
                r#"{"additionalProperties": false}"#,
                r#"{"a/~b": 1}"#,
                "/a~1~0b is not declared, and nothing more may stand here",
            ),
            ("3.0.3", r#"{"additionalProperties": {"type": "string"}}"#, r#"{"a": 1}"#, "/a is integer and not string"),
            (
                "3.0.3",
                r#"{"allOf": [{"required": ["a"]}, {"required": ["b"]}]}"#,
                r#"{"a": 1}"#,
                " lacks b, which is required",
            ),
            ("3.0.3", r#"{"oneOf": [{"type": "string"}, {"minimum": 5}]}"#, "6", ""),
            (
                "3.0.3",
                r#"{"oneOf": [{"type": "integer"}, {"minimum": 5}]}"#,
                "6",
                " fits 2 of 2 forms, and may fit only one",
            ),
            ("3.0.3", r#"{"oneOf": [{"type": "integer"}, {"minimum": 5}], "discriminator": {}}"#, "6", ""),
            (
                "3.0.3",
                r#"{"anyOf": [{"type": "string"}, {"minimum": 5}]}"#,
                "4",
                " is none of the 2 forms it may have; nearest:  is integer and not string",
            ),
            ("3.0.3", r#"{"not": {"type": "string"}}"#, "\"a\"", " is what it must not be"),
            // Before 3.1 a reference stands for all beside it.
            ("3.0.3", r##"{"$ref": "#/components/schemas/Tree", "maxProperties": 0}"##, r#"{"v": 1}"#, ""),
            (
                "3.1.0",
                r##"{"$ref": "#/components/schemas/Tree", "maxProperties": 0}"##,
                r#"{"v": 1}"#,
                " has 1 members and not at most 0",
            ),
            (
                "3.0.3",
                r##"{"$ref": "#/components/schemas/Tree"}"##,
                r#"{"v": 1, "kids": [{"v": 2, "kids": [{}]}]}"#,
                "/kids/0/kids/0 lacks v, which is required",
            ),
            ("3.0.3", "{}", "{", " is not JSON: EOF while parsing an object at line 1 column 1"),
        ] {
            let judged =
                document(version, schema).judge_reply(0, &reply(200, "application/json; charset=x", body), None);
            let want: Vec<String> = Some(want.to_owned()).filter(|w| !w.is_empty()).into_iter().collect();
            assert_eq!(said(&judged), want, "{schema} {body}");
            assert_eq!(judged.unjudged, Vec::<String>::new(), "{schema}");
            assert_eq!(judged.is_clean(), want.is_empty());
        }
    }

    #[test]
    fn status_and_media_type_are_held_to_the_declaration() {
        let document = document("3.0.3", "{\"type\": \"integer\"}");
        let judge = |r: Reply<'_>| document.judge_reply(0, &r, None);
        assert!(judge(reply(200, "Application/JSON", "5")).is_clean());
        assert!(judge(reply(200, "text/plain", "x")).is_clean());
        assert!(judge(reply(404, "application/json", "5")).undeclared_status);
        assert!(judge(reply(503, "", "")).is_clean());
        assert_eq!(judge(reply(503, "", "x")).media_type.as_deref(), Some("has a body, and none is declared"));
        assert_eq!(judge(reply(200, "", "")).media_type.as_deref(), Some("has no body, and one is declared"));
        assert!(judge(Reply { head: true, ..reply(200, "", "") }).is_clean());
        let other = judge(reply(200, "image/\u{1b}png", "x")).media_type;
        assert_eq!(other.as_deref(), Some("is image/␛png, and declared is application/json, text/*"));
        assert!(judge(reply(200, "", "5")).media_type.is_some_and(|m| m.contains("does not say")));
        assert_eq!(document.judge_reply(99, &reply(200, "", ""), None), Judgement::default());
    }

    #[test]
    fn a_request_asks_for_nothing_that_only_comes_back() {
        let schema = r#"{"required": ["id", "n"], "properties": {"id": {"readOnly": true}, "n": {"type": "string"}}}"#;
        let document = document("3.0.3", schema);
        let judge = |body: &str| document.judge_body(0, "application/json", body.as_bytes(), None);
        assert!(judge(r#"{"n": "x"}"#).is_clean());
        assert_eq!(said(&judge(r#"{"id": 1}"#)), [" lacks n, which is required", "/id only stands in replies"]);
        assert!(document.judge_body(0, "text/plain", b"x", None).media_type.is_some());
        let parameter = |name: &str, example: &str| {
            let hint = String::new();
            let p = Parameter {
                name: name.to_owned(),
                place: Place::Query,
                required: false,
                hint,
                example: example.to_owned(),
            };
            document.judge_parameter(0, &p, None)
        };
        assert!(parameter("n", "9").is_clean() && parameter("l", "1,2").is_clean() && parameter("l", "").is_clean());
        assert_eq!(said(&parameter("n", "10")), [" is 10 and not at most 9"]);
        assert!(!parameter("l", "1,x").is_clean());
        assert_eq!(parameter("none", "1").unjudged, ["the parameter has no schema"]);
    }

    #[test]
    fn swagger_names_its_media_types_apart() {
        let text = r#"{"swagger": "2.0", "info": {"title": "t", "version": "1"}, "produces": ["application/vnd.a+json"], "paths": {"/a": {"get":
            {"responses": {"200": {"description": "", "schema": {"type": "string", "x-nullable": true}}}}}}}"#;
        let (document, _) = Document::read(Arc::from("t"), text.as_bytes().to_vec()).expect("a document");
        let judge = |t: &str, body: &str| document.judge_reply(0, &reply(200, t, body), None);
        assert!(judge("application/vnd.a+json", "null").is_clean());
        assert_eq!(said(&judge("application/vnd.a+json", "1")), [" is integer and not string"]);
        assert!(judge("application/json", "\"a\"").media_type.is_some());
    }

    #[test]
    fn what_has_no_end_is_not_judged_and_never_called_clean_for_it() {
        let unjudged = |schema: &str, body: &str| {
            let judged = document("3.1.0", schema).judge_reply(0, &reply(200, "application/json", body), None);
            assert!(judged.is_clean(), "{schema}: {judged:?}");
            judged.unjudged.join("; ")
        };
        assert!(unjudged(r##"{"$ref": "#/components/schemas/Loop"}"##, "1").contains("goes too deep"));
        assert!(unjudged(r##"{"$ref": "#/components/schemas/None"}"##, "1").contains("not in the document"));
        assert!(unjudged(r#"{"$ref": "other.json#/a"}"#, "1").contains("not read"));
        assert!(unjudged(r#"{"pattern": "(?=a)"}"#, "\"b\"").contains("`pattern`"));
        assert!(unjudged(r#"{"if": true}"#, "1").contains("`if`"));
        assert!(unjudged(r#"{"type": "file"}"#, "1").contains("`type`"));
        // Forms in forms: without a bound each level doubles the work.
        let two = r##"{"anyOf": [{"$ref": "#/components/schemas/S"}, {"$ref": "#/components/schemas/S"}]}"##;
        assert!(unjudged(two, "1").contains("larger than what is judged"));
        let long = format!("[{}1]", "1,".repeat(300_000));
        assert!(unjudged(r#"{"items": {"type": "integer"}}"#, &long).contains("larger than what is judged"));
    }
}
