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
    let put = document.operation(1, None);
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
    assert_eq!(document.operation(0, None).summary.as_deref(), Some("One order"));
    assert_eq!(document.operation(99, None), Operation::default());
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
    let body = |i: usize| document.operation(i, None).body.expect("body");
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
        (r#"{"swagger": "1.2"}"#, "Swagger 1.2"),
        (r#"{"openapi": "3.3.0"}"#, "OpenAPI 3.3.0"),
        (r#"{"openapi": "4"}"#, "OpenAPI 4"),
        (r#"{"asyncapi": "2.6.0"}"#, "AsyncAPI"),
        (r#"{"log": {"entries": []}}"#, "HAR"),
        (r#"{"info": {"_postman_id": "x"}, "item": []}"#, "Postman"),
        (r#"{"paths": {}}"#, "which version"),
        (r#"{"a": 1, "b": 2}"#, "it holds a, b"),
        ("[1]", "not an object"),
        ("swagger: '1.1'\npaths: {}\n", "Swagger 1.1"),
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
    let operation = document.operation(0, None);
    assert!(operation.notes.iter().any(|n| n.contains("refers to itself")), "{:?}", operation.notes);
    assert!(operation.body.is_some_and(|b| b.text.len() < 4 << 20));
    let deep = format!(
        r#"{{"openapi": "3.0.0", "paths": {{"/a": {{"get": {{"x": {}1{}}}}}}}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    let (document, _) = read(&deep);
    assert!(document.operation(0, None).notes[0].contains("too deeply"));
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
    assert!(document.operation(0, None).body.is_some_and(|b| b.text.len() < 16 << 20));
}

#[test]
fn references_inside_and_outside() {
    let (document, _) = read(
        r##"{"openapi": "3.0.0", "paths": {"/a": {"get": {"parameters": [
            {"$ref": "#/paths/~1b/get/parameters/0"}, {"$ref": "http://x.test/p.json"}, {"$ref": "#/nowhere"}]}},
          "/b": {"get": {"parameters": [{"name": "x", "in": "header", "schema": {"type": "string", "maxLength": 2}}]}}}}"##,
    );
    let operation = document.operation(0, None);
    assert_eq!(operation.parameters[0].hint, "string, at most 2 characters");
    assert_eq!(operation.parameters[0].example, "te");
    assert!(operation.notes[0].contains("http://x.test/p.json is remote"));
    assert!(operation.notes[1].contains("#/nowhere is not in the document"));
}

const SWAGGER: &str = r##"{"swagger": "2.0", "host": "api.test:8443", "basePath": "/v2", "schemes": ["http", "https"],
 "consumes": ["application/xml", "application/json"],
 "securityDefinitions": {"k": {"type": "apiKey", "in": "query", "name": "key"}, "b": {"type": "basic"},
  "o": {"type": "oauth2", "flow": "implicit", "authorizationUrl": "https://a.test", "scopes": {"read": ""}}},
 "security": [{"k": []}],
 "definitions": {"Pet": {"type": "object", "properties": {"name": {"type": "string", "example": "Rex"}}}},
 "parameters": {"limit": {"name": "limit", "in": "query", "type": "integer", "maximum": 9}},
 "paths": {
  "/pets/{id}": {
   "parameters": [{"name": "id", "in": "path", "required": true, "type": "string", "format": "uuid"}],
   "get": {"parameters": [{"$ref": "#/parameters/limit"}], "security": [{"o": ["read"]}, {"b": []}]},
   "put": {"schemes": ["http"], "parameters": [{"name": "pet", "in": "body", "schema": {"$ref": "#/definitions/Pet"}}], "security": []},
   "post": {"consumes": ["multipart/form-data"], "parameters": [{"name": "a", "in": "formData", "type": "string", "default": "x y"},
     {"name": "f", "in": "formData", "type": "file"}]},
   "patch": {"consumes": ["application/x-www-form-urlencoded"], "parameters": [{"name": "a", "in": "formData", "type": "string", "enum": ["x y"]}]}
  }}}"##;

#[test]
fn swagger_reads_like_openapi() {
    let (document, problems) = read(SWAGGER);
    assert_eq!((problems, document.version.as_str()), (vec![], "2.0"));
    let [get, put, post, patch] = document.operations() else { panic!("four: {:?}", document.operations()) };
    let urls = |o: &OperationLite| o.servers.iter().map(|s| s.url.clone()).collect::<Vec<_>>();
    assert_eq!(urls(get), ["https://api.test:8443/v2", "http://api.test:8443/v2"]);
    assert_eq!(urls(put), ["http://api.test:8443/v2"]);
    assert_eq!(*get.security, ["oauth2 (read)".to_owned(), "basic".to_owned()]);
    assert_eq!((&*put.security, &*post.security), (&["none".to_owned()][..], &["api key query key".to_owned()][..]));
    let of = |i: usize| document.operation(i, None);
    let names: Vec<_> = of(0).parameters.iter().map(|p| format!("{} {}", p.name, p.hint)).collect();
    assert_eq!(names, ["id string uuid", "limit integer, limit ≤ 9"]);
    let body = of(1).body.expect("body");
    assert_eq!((body.media_type.as_str(), body.text.as_str()), ("application/json", "{\n  \"name\": \"Rex\"\n}"));
    assert!(of(2).body.expect("form").text.contains("name=\"a\"\r\n\r\nx y\r\n"));
    assert_eq!(of(3).body.expect("form").text, "a=x+y");
    assert_eq!(patch.method, "PATCH");
    assert!(
        read(
            r#"{"swagger": "2.0", "host": 5, "consumes": {}, "definitions": [], "schemes": "x", "paths": {"/a": {"get":
        {"schemes": {}, "consumes": 1, "parameters": [{"in": "body"}, {"in": "formData"}]}}}}"#
        )
        .0
        .operation(0, None)
        .body
        .is_some()
    );
}

#[test]
fn methods_that_3_2_adds() {
    let text = |version: &str| {
        format!(
            r#"{{"openapi": "{version}", "paths": {{"/a/{{id}}": {{"query": {{"requestBody": {{}}}}, "additionalOperations": {{
            "COPY": {{"deprecated": true}}, "a b": {{}}, "": {{}}, "LINK": 5, "x-y": {{}}}}}}}}}}"#
        )
    };
    let (document, problems) = read(&text("3.2.0"));
    let list: Vec<_> = document.operations().iter().map(|o| (o.method.as_str(), o.pointer.as_str())).collect();
    assert_eq!(list, [("QUERY", "/paths/~1a~1{id}/query"), ("COPY", "/paths/~1a~1{id}/additionalOperations/COPY")]);
    assert!(document.operations()[1].deprecated);
    assert_eq!(document.operation(1, None).parameters[0].name, "id");
    let said: Vec<_> = problems.iter().map(|p| p.message.as_str()).collect();
    assert_eq!(said.iter().filter(|m| m.contains("cannot be a method")).count(), 2, "{said:?}");
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(read(&text("3.0.3")).1.iter().any(|p| p.message.contains("from OpenAPI 3.2 on")));
}

#[test]
fn webhooks_and_callbacks_are_kinds_of_their_own() {
    let (document, problems) = read(
        r##"{"openapi": "3.1.0", "servers": [{"url": "https://api.test"}],
        "webhooks": {"newPet": {"post": {"requestBody": {"content": {"application/json": {"example": 1}}}}}, "x-a": 1, "odd": 7},
        "components": {"callbacks": {"done": {"{$request.query.url}": {"put": {}}}, "loop": {"$ref": "#/components/callbacks/loop"}}},
        "paths": {"/jobs": {"post": {"callbacks": {
            "onEvent": {"{$request.body#/url}": {"post": {"callbacks": {"again": {"{$url}": {"get": {}}}}}}},
            "onDone": {"$ref": "#/components/callbacks/done"}, "onLoop": {"$ref": "#/components/callbacks/loop"}}}}}}"##,
    );
    let list: Vec<_> =
        document.operations().iter().map(|o| format!("{} {} {}", o.kind.word(), o.method, o.path)).collect();
    assert_eq!(
        list,
        [
            "endpoint POST /jobs",
            "callback POST {$request.body#/url}",
            "callback GET {$url}",
            "callback PUT {$request.query.url}",
            "webhook POST newPet",
        ]
    );
    assert_eq!(document.operations()[4].servers[0].url, "");
    let operation = document.operation(4, None);
    assert_eq!(operation.body.expect("body").text, "1");
    assert!(operation.notes[0].contains("the API calls it"), "{:?}", operation.notes);
    let said: Vec<_> = problems.iter().map(|p| format!("{} {}", p.location, p.message)).collect();
    assert!(
        said.iter().any(|m| m.contains("/webhooks/odd")) && said.iter().any(|m| m.contains("refers to itself")),
        "{said:?}"
    );
}

#[test]
fn what_many_refer_to_is_walked_within_bounds() {
    // One callback of some size that very many operations refer to.
    let pad = "x".repeat(1 << 20);
    let operations: Vec<String> = (0..600)
        .map(|i| format!(r##""/p{i}": {{"get": {{"callbacks": {{"c": {{"$ref": "#/components/callbacks/c"}}}}}}}}"##))
        .collect();
    let (document, problems) = read(&format!(
        r#"{{"openapi": "3.1.0", "components": {{"callbacks": {{"c": {{"{{$url}}": {{"post": {{"description": "{pad}"}}}}}}}}}}, "paths": {{{}}}}}"#,
        operations.join(",")
    ));
    let calls = document.operations().iter().filter(|o| o.kind == OperationKind::Callback).count();
    assert!((200..300).contains(&calls), "{calls}");
    assert_eq!(problems.iter().filter(|p| p.message.contains("refers to more than is read")).count(), 1);
    // Callbacks in callbacks in callbacks.
    let mut nested = "{}".to_owned();
    for _ in 0..50 {
        nested = format!(r#"{{"callbacks": {{"c": {{"{{$url}}": {{"post": {nested}}}}}}}}}"#);
    }
    let (document, problems) = read(&format!(r#"{{"openapi": "3.1.0", "paths": {{"/a": {{"get": {nested}}}}}}}"#));
    assert!(document.operations().len() < 8);
    assert!(problems.iter().any(|p| p.message.contains("too deeply")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_broken_document_never_breaks_the_reader(
        swagger in any::<bool>(), at in 0usize..2600, cut in 0usize..40, put in "[\\[\\]{}\",:0a\u{e9}$\\\\]{0,6}",
    ) {
        let mut text = if swagger { SWAGGER } else { SHOP }.to_owned();
        let at = at.min(text.len());
        let end = (at + cut).min(text.len());
        if text.is_char_boundary(at) && text.is_char_boundary(end) {
            text.replace_range(at..end, &put);
        }
        if let Ok((document, _)) = Document::read(Arc::from("t"), text.into_bytes()) {
            for i in 0..document.operations().len() {
                let _ = document.operation(i, None);
            }
        }
    }

    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::read(Arc::from("t"), bytes);
    }
}
