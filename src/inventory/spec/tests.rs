use proptest::prelude::*;

use super::*;

fn read(text: &str) -> (Document, Vec<Problem>) {
    Document::read(Arc::from("t.json"), text.as_bytes().to_vec()).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn refused(text: &str) -> String {
    Document::read(Arc::from("t.json"), text.as_bytes().to_vec()).expect_err(text).to_string()
}

const SHOP: &str = r##"{
  "openapi": "3.1.0",
  "servers": [{"url": "https://{h}.test/v1", "variables": {"h": {"default": "api"}}}],
  "security": [{"jwt": []}],
  "paths": {
    "/orders/{id}": {
      "parameters": [{"$ref": "#/components/parameters/id"}, {"name": "q", "in": "query", "schema": {"type": "string"}}],
      "get": {"summary": "One order", "security": [], "deprecated": true, "x-sunset": "2020-01-01"},
      "put": {
        "servers": [{"url": "/v2"}],
        "parameters": [{"name": "q", "in": "query", "required": true, "schema": {"enum": ["items", "customer"]}}],
        "requestBody": {"content": {"text/plain": {}, "application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}
      }
    }
  },
  "components": {
    "parameters": {"id": {"name": "id", "in": "path", "required": true, "schema": {"type": "integer", "minimum": 1, "maximum": 9}}},
    "schemas": {
      "Order": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "required": ["lines"], "properties": {
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
        "parent": {"$ref": "#/components/schemas/Order"},
        "note": {"type": ["string", "null"], "minLength": 6}}}]},
      "Base": {"type": "object", "properties": {"id": {"type": "string", "format": "uuid", "readOnly": true},
        "kind": {"const": "order"}, "at": {"type": "string", "format": "date"}}},
      "Line": {"type": "object", "properties": {"sku": {"type": "string", "pattern": "^[A-Z]{3}-\\d{2}$"},
        "n": {"type": "integer", "exclusiveMinimum": 4}, "price": {"type": "number", "maximum": 0.5},
        "pick": {"oneOf": [{"type": "null"}, {"type": "boolean"}]}}}
    },
    "securitySchemes": {"jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
  }
}"##;

#[test]
fn the_first_pass_reads_what_the_list_needs() {
    let (document, problems) = read(SHOP);
    assert_eq!(problems, []);
    let [get, put] = document.operations() else { panic!("two operations") };
    assert_eq!((get.method.as_str(), &*get.path, get.line), ("GET", "/orders/{id}", Some(8)));
    assert_eq!(get.pointer, "/paths/~1orders~1{id}/get");
    assert!(get.deprecated);
    assert_eq!(get.sunset.as_deref(), Some("2020-01-01"));
    assert_eq!(*get.security, ["none".to_owned()]);
    assert_eq!(*put.security, ["bearer (JWT)".to_owned()]);
    assert_eq!(get.servers[0].url, "https://api.test/v1");
    assert_eq!(put.servers[0].url, "/v2");
}

#[test]
fn an_operation_is_resolved_when_it_is_opened() {
    let (document, _) = read(SHOP);
    let put = document.operation(1);
    let seen: Vec<_> = put
        .parameters
        .iter()
        .map(|p| (p.name.as_str(), p.place, p.required, p.hint.as_str(), p.example.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            ("id", Place::Path, true, "integer, 1 ≤ id ≤ 9", "1"),
            ("q", Place::Query, true, "enum items|customer", "items"),
        ]
    );
    let body = put.body.expect("body");
    assert_eq!(body.media_type, "application/json");
    let value: serde_json::Value = serde_json::from_str(&body.text).expect("json");
    assert_eq!(
        value,
        serde_json::json!({
            "lines": [{"sku": "AAA-11", "n": 5, "price": -0.5, "pick": true}],
            "note": "textte", "kind": "order", "at": "2024-01-31",
        })
    );
    assert!(body.text.starts_with("{\n  \"kind\""));
    assert_eq!(document.operation(0).summary.as_deref(), Some("One order"));
    assert_eq!(document.operation(99), Operation::default());
}

#[test]
fn forms_and_examples() {
    let (document, _) = read(
        r##"{"openapi": "3.0.3", "paths": {
        "/token": {"post": {"requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": {"properties": {
            "grant_type": {"enum": ["client credentials"]}, "scope": {"type": "array", "items": {"type": "string"}, "minItems": 2}}}}}}}},
        "/up": {"post": {"requestBody": {"content": {"multipart/form-data": {"schema": {"properties": {"f": {"type": "string", "format": "binary"}}}}}}}},
        "/ex": {"post": {"requestBody": {"$ref": "#/components/requestBodies/B"}}}},
        "components": {"requestBodies": {"B": {"content": {"application/json": {"examples": {"one": {"$ref": "#/components/examples/E"}}}}}},
            "examples": {"E": {"value": {"a": [1]}}}}}"##,
    );
    let body = |i: usize| document.operation(i).body.expect("body");
    assert_eq!(body(0).text, "grant_type=client+credentials&scope=text&scope=text");
    assert_eq!(body(1).media_type, "multipart/form-data; boundary=lunette");
    assert!(body(1).text.contains("name=\"f\"\r\n\r\ntext\r\n--lunette--"));
    assert_eq!(body(2).text, "{\n  \"a\": [\n    1\n  ]\n}");
}

#[test]
fn odd_nodes_cost_only_themselves() {
    let (document, problems) = read(
        r##"{"openapi": "3.0.0", "servers": {}, "security": 1, "x": "\ud800",
 "paths": {"/a": 1, "/b": {"get": [], "post": {"deprecated": "true", "operationId": {}}, "fetch": {}},
  "/c": {"$ref": "other.yaml#/c"}, "/d": {"$ref": "#/paths/~1b"}, "/e": {"$ref": "#/paths/~1e"},
  "x-y": 1, "no-slash": {"GET": {}},
  "/b": {"get": {}}, "/b\ud800": {"get": {}}}, "components": [1]}"##,
    );
    let list: Vec<String> = document.operations().iter().map(|o| format!("{} {}", o.method, o.path)).collect();
    assert_eq!(list, ["GET /b", "GET /d", "GET /no-slash", "GET /b\\ud800"]);
    let said = |word: &str| {
        problems.iter().find(|p| p.message.contains(word)).unwrap_or_else(|| panic!("{word}: {problems:#?}"))
    };
    assert_eq!((said("stands twice").location.as_str(), said("stands twice").line), ("/paths/~1b", Some(2)));
    assert_eq!(said("other.yaml").location, "/paths/~1c");
    assert_eq!(said("refers to itself").location, "/paths/~1e");
    assert_eq!(said("start with `/`").line, Some(4));
    assert_eq!(said("`servers` is no array").location, "/servers");
    assert!(problems.iter().any(|p| p.location == "/paths/~1a" && p.message.contains("object")));
}

#[test]
fn other_documents_are_named() {
    for (text, what) in [
        (r#"{"swagger": "2.0"}"#, "Swagger 2.0"),
        (r#"{"openapi": "3.2.0"}"#, "OpenAPI 3.2.0"),
        (r#"{"openapi": "4"}"#, "OpenAPI 4"),
        (r#"{"asyncapi": "2.6.0"}"#, "AsyncAPI"),
        (r#"{"log": {"entries": []}}"#, "HAR"),
        (r#"{"info": {"_postman_id": "x"}, "item": []}"#, "Postman"),
        (r#"{"paths": {}}"#, "which version"),
        (r#"{"a": 1, "b": 2}"#, "it holds a, b"),
        ("[1]", "not an object"),
        ("swagger: '2.0'\npaths: {}\n", "Swagger 2.0"),
        ("", "empty"),
        ("{\"openapi\": \"3.0.0\",\n \"paths\": {,}}", "t.json:2:12"),
        ("{\"openapi\": \"3.0.0\"", "not readable as JSON"),
        ("openapi: 3.0.0\npaths: [\n", "not readable as YAML"),
        ("just a sentence", "not an object"),
    ] {
        let e = refused(text);
        assert!(e.contains(what), "{text}: {e}");
    }
}

#[test]
fn yaml_reads_like_json() {
    let yaml = "openapi: 3.0.1\npaths:\n  /a/{no}:\n    get:\n      deprecated: true\n      responses:\n        200: {description: ok}\n    get:\n      operationId: second\n  /b: 5\n";
    let (document, problems) = Document::read(Arc::from("t.yaml"), yaml.as_bytes().to_vec()).expect("yaml");
    let [get] = document.operations() else { panic!("one: {:?}", document.operations()) };
    assert_eq!((get.id.as_deref(), get.deprecated, get.line), (Some("second"), false, Some(8)));
    assert!(
        problems.iter().any(|p| p.location == "/paths/~1a~1{no}/get" && p.message.contains("twice")),
        "{problems:?}"
    );
    assert!(problems.iter().any(|p| p.location == "/paths/~1b" && p.line == Some(10)), "{problems:?}");
    let (flow, _) = read("{openapi: 3.0.0, paths: {/a: {get: {}}}}");
    assert_eq!(flow.operations().len(), 1);
    assert_eq!(read("\u{feff}{\"openapi\": \"3.0.0\", \"paths\": {}}").0.operations().len(), 0);
}

#[test]
fn hostile_shapes_end() {
    // Every schema refers to all the others.
    let names: Vec<String> = (0..60).map(|i| format!("S{i}")).collect();
    let all: Vec<String> =
        names.iter().map(|n| format!(r##""{n}": {{"$ref": "#/components/schemas/{n}"}}"##)).collect();
    let all = all.join(",");
    let schemas: Vec<String> = names.iter().map(|n| format!(r#""{n}": {{"properties": {{{all}}}}}"#)).collect();
    let text = format!(
        r##"{{"openapi": "3.0.0", "paths": {{"/a": {{"post": {{"parameters": [{{"$ref": "#/components/parameters/p"}}, {{"name": "d", "in": "query", "schema": {}1{}}}],
        "requestBody": {{"content": {{"application/json": {{"schema": {{"$ref": "#/components/schemas/S0"}}}}}}}}}}}}}},
        "components": {{"schemas": {{{}}}, "parameters": {{"p": {{"$ref": "#/components/parameters/p"}}}}}}}}"##,
        "[".repeat(0),
        "]".repeat(0),
        schemas.join(",")
    );
    let (document, _) = read(&text);
    let operation = document.operation(0);
    assert!(operation.notes.iter().any(|n| n.contains("refers to itself")), "{:?}", operation.notes);
    assert!(operation.body.is_some_and(|b| b.text.len() < 4 << 20));
    let deep = format!(
        r#"{{"openapi": "3.0.0", "paths": {{"/a": {{"get": {{"x": {}1{}}}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let (document, _) = read(&deep);
    assert!(document.operation(0).notes[0].contains("too deeply"));
}

#[test]
fn lists_of_lists_stay_small() {
    let nested = |inner: &str| format!(r#"{{"type": "array", "minItems": 10, "items": {inner}}}"#);
    let mut schema = r#"{"type": "string", "example": "0123456789"}"#.to_owned();
    for _ in 0..14 {
        schema = nested(&schema);
    }
    let (document, _) = read(&format!(
        r#"{{"openapi": "3.0.0", "paths": {{"/a": {{"post": {{"requestBody": {{"content": {{"application/json": {{"schema": {schema}}}}}}}}}}}}}}}"#
    ));
    assert!(document.operation(0).body.is_some_and(|b| b.text.len() < 16 << 20));
}

#[test]
fn references_inside_and_outside() {
    let (document, _) = read(
        r##"{"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": [
            {"$ref": "#/paths/~1b/get/parameters/0"}, {"$ref": "http://x.test/p.json"}, {"$ref": "#/nowhere"}]}},
          "/b": {"get": {"parameters": [{"name": "x", "in": "header", "schema": {"type": "string", "maxLength": 2}}]}}}}"##,
    );
    let operation = document.operation(0);
    assert_eq!(operation.parameters[0].hint, "string, at most 2 characters");
    assert_eq!(operation.parameters[0].example, "te");
    assert!(operation.notes[0].contains("http://x.test/p.json is in another document"));
    assert!(operation.notes[1].contains("#/nowhere is not in the document"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_broken_document_never_breaks_the_reader(at in 0usize..2600, cut in 0usize..40, put in "[\\[\\]{}\",:0a\u{e9}$\\\\]{0,6}") {
        let mut text = SHOP.to_owned();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary(end) {
            text.replace_range(at..end, &put);
        }
        if let Ok((document, _)) = Document::read(Arc::from("t"), text.into_bytes()) {
            for i in 0..document.operations().len() {
                let _ = document.operation(i);
            }
        }
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::read(Arc::from("t"), bytes);
    }
}
