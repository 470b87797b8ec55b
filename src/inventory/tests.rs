use std::sync::Arc;

use super::*;
use crate::base::Stamp;

const SPEC: &str = r#"{"openapi": "3.0.3", "servers": [{"url": "https://api.test/v1"}, {"url": "/internal"}],
 "components": {"securitySchemes": {"k": {"type": "apiKey", "in": "header", "name": "X-Key"}}},
 "paths": {
  "/orders": {"get": {}, "post": {}},
  "/orders/{id}": {"get": {"security": [{"k": []}], "parameters": [{"name": "id", "in": "path", "schema": {"type": "integer"}}]}},
  "/old": {"get": {"deprecated": true}},
  "/gone": {"get": {"x-sunset": "2020-01-01"}},
  "/quiet": {"get": {"deprecated": true}},
  "/twin/{a}": {"get": {}}, "/twin/{b}": {"get": {}}}}"#;

fn line(method: &str, target: &str, status: u16) -> String {
    format!("1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"{method} {target} HTTP/1.1\" {status} 5 \"-\" \"-\" 0.250\n")
}

fn now() -> Stamp {
    Stamp::parse("2024-06-01T00:00:00Z").expect("date")
}

fn build(spec: Option<&str>, lines: &[(&str, &str, u16)]) -> Inventory {
    let mut builder = Builder::new(now());
    if let Some(spec) = spec {
        let (document, problems) = Document::read(Arc::from("s.json"), spec.as_bytes().to_vec()).expect("spec");
        builder.spec(document, problems);
    }
    if !lines.is_empty() {
        builder.log(Arc::from("a.log"));
        let text: String = lines.iter().map(|(m, t, s)| line(m, t, *s)).collect();
        for block in text.as_bytes().chunks(37) {
            builder.feed(block).expect("log");
        }
        builder.end_log().expect("log");
    }
    builder.finish()
}

fn list(inventory: &Inventory) -> Vec<String> {
    let word = |e: &Endpoint| e.state.map_or("-", State::word);
    inventory
        .endpoints
        .iter()
        .map(|e| format!("{} {} {} {}", word(e), e.method, e.path.display(), e.requests))
        .collect()
}

#[test]
fn three_kinds_of_drift() {
    let inventory = build(
        Some(SPEC),
        &[
            ("GET", "/v1/orders?page=2", 200),
            ("HEAD", "/v1/orders", 200),
            ("GET", "/internal/orders", 401),
            ("GET", "/v1/orders/7", 404),
            ("DELETE", "/v1/orders/7", 204),
            ("PATCH", "/v1/orders/7", 405),
            ("OPTIONS", "/v1/orders/7", 204),
            ("GET", "/v1/old", 200),
            ("GET", "/v1/gone", 301),
            ("GET", "/v1/twin/x", 200),
            ("GET", "/debug/users/123e4567-e89b-42d3-a456-426614174000", 200),
            ("GET", "/debug/users/00000000-e89b-42d3-a456-426614174000", 500),
            ("GET", "/wp-login.php", 404),
            ("GET", "/.env", 500),
            ("GET", "/admin", 403),
        ],
    );
    assert_eq!(
        list(&inventory),
        [
            "shadow GET /admin 1",
            "shadow GET /debug/users/{uuid} 2",
            "shadow-method DELETE /v1/orders/{id} 1",
            "zombie GET /v1/gone 1",
            "zombie GET /v1/old 1",
            "documented GET /v1/orders 3",
            "documented GET /v1/orders/{id} 1",
            "documented GET /v1/twin/{a} 1",
            "documented GET /v1/twin/{b} 0",
            "ghost POST /v1/orders 0",
            "ghost GET /v1/quiet 0",
        ]
    );
    assert_eq!(inventory.noise, Noise { requests: 3, paths: 3 });
    assert_eq!(inventory.log_lines, 15);
    assert!(inventory.problems.iter().any(|p| p.message.contains("same shape")));
    let shadow = &inventory.endpoints[1];
    assert_eq!(shadow.statuses.iter().map(|(s, n)| (*s, *n)).collect::<Vec<_>>(), [(200, 1), (500, 1)]);
    assert_eq!(shadow.first_seen.map(|s| s.to_string()).as_deref(), Some("2023-11-14T22:13:20Z"));
    assert!(shadow.latency.is_some_and(|l| (l.p50 - 250.0).abs() < 8.0));
    assert_eq!(shadow.locations[0].source.as_ref(), "a.log");
    assert!((shadow.error_share().expect("traffic") - 0.5).abs() < f64::EPSILON);
    let words: Vec<_> = inventory.endpoints[5].seen.words().collect();
    assert_eq!(words, ["spec", "log"]);
}

#[test]
fn what_the_api_calls_is_shown_apart() {
    let spec = r#"{"openapi": "3.2.0", "servers": [{"url": "https://api.test/{v}", "variables": {"v": {"enum": ["v1", "v2"]}}}],
        "paths": {"/a.json": {"get": {"callbacks": {"c": {"{$url}": {"post": {}}}}}}, "/m/{id}:run": {"query": {}},
            "/#Action=List": {"get": {}}, "/q?x={x}#y": {"get": {}}},
        "webhooks": {"/a.json": {"post": {}}}}"#;
    let inventory = build(
        Some(spec),
        &[
            ("GET", "/v2/a.json", 200),
            ("POST", "/v1/a.json", 200),
            ("QUERY", "/v1/m/7:run", 200),
            ("GET", "/v3/a.json", 200),
            ("GET", "/v1/?Action=List", 200),
            ("GET", "/v1/q?x=7&y", 200),
        ],
    );
    assert_eq!(
        list(&inventory),
        [
            "shadow GET /v3/a.json 1",
            "shadow-method POST /v1/a.json 1",
            "documented GET /v1/#Action=List 1",
            "documented GET /v1/a.json 1",
            "documented QUERY /v1/m/{id}:run 1",
            "documented GET /v1/q?x={x}#y 1",
            "- POST /a.json 0",
            "- POST {$url} 0",
        ]
    );
    assert_eq!(inventory.endpoints[6].word(), Some("webhook"));
    assert_eq!(compose(&inventory, 2, None).1, "/v1/?Action=List");
    assert_eq!(compose(&inventory, 5, None).1, "/v1/q?x={x}&y");
    let (base, path, _) = compose(&inventory, 7, None);
    assert_eq!((base.as_str(), path.as_str()), ("", ""));
}

#[test]
fn judged_only_against_the_sources_given() {
    let spec_only = build(Some(SPEC), &[]);
    assert!(spec_only.endpoints.iter().all(|e| e.state == Some(State::Documented)));
    let log_only =
        build(None, &[("GET", "/a/1", 200), ("GET", "/a/2", 200), ("HEAD", "/a/3", 200), ("GET", "/b", 404)]);
    assert_eq!(list(&log_only), ["- GET /a/{id} 3"]);
    assert_eq!(build(None, &[]).endpoints.len(), 0);
}

#[test]
fn composed_for_sending() {
    let inventory = build(
        Some(SPEC),
        &[("GET", "/v1/orders/7", 200), ("DELETE", "/v1/orders/7", 204), ("GET", "/x/1/y/2024-01-31", 200)],
    );
    let at = |method: &str, path: &str| {
        let found = inventory.endpoints.iter().position(|e| e.method == method && e.path.display() == path);
        compose(&inventory, found.unwrap_or_else(|| panic!("{path}: {:?}", list(&inventory))), None)
    };
    let (base, path, operation) = at("GET", "/v1/orders/{id}");
    assert_eq!((base.as_str(), path.as_str()), ("https://api.test", "/v1/orders/{id}"));
    assert_eq!((operation.parameters.len(), operation.security), (1, vec!["api key header X-Key".to_owned()]));
    let (base, _, operation) = at("DELETE", "/v1/orders/{id}");
    assert_eq!((base.as_str(), operation.parameters[0].hint.as_str()), ("https://api.test", "integer"));
    let (_, _, operation) = at("GET", "/x/{id}/y/{date}");
    let examples: Vec<_> = operation.parameters.iter().map(|p| (p.name.as_str(), p.example.as_str())).collect();
    assert_eq!(examples, [("id", "1"), ("date", "2024-01-31")]);
    assert_eq!(compose(&inventory, 999, None), Default::default());
}

#[test]
fn a_request_is_one_of_what_is_declared_wherever_it_goes() {
    let inventory = build(Some(SPEC), &[("GET", "/undeclared", 200)]);
    let whose = |method: &str, url: &str| {
        let request = crate::wire::Request::new(method, url.as_bytes()).expect("a URL");
        declaring(&inventory, &request).map(|e| format!("{} {}", e.method, e.path.display()))
    };
    assert_eq!(whose("GET", "http://127.0.0.1:8080/v1/orders/7?x=1").as_deref(), Some("GET /v1/orders/{id}"));
    assert_eq!(whose("get", "https://api.test/internal/orders").as_deref(), Some("GET /v1/orders"));
    assert_eq!(whose("POST", "https://api.test/v1/orders").as_deref(), Some("POST /v1/orders"));
    for (method, path) in [("DELETE", "/v1/orders/7"), ("GET", "/undeclared"), ("GET", "/orders")] {
        assert_eq!(whose(method, &format!("https://api.test{path}")), None, "{method} {path}");
    }
}

#[test]
fn a_list_while_the_log_still_comes() {
    let mut builder = Builder::new(now());
    builder.log(Arc::from("a.log"));
    builder.feed(line("GET", "/a", 200).as_bytes()).expect("log");
    builder.feed(b"broken\n").expect("log");
    // Until 64 lines have told the format nothing is counted.
    assert_eq!(builder.snapshot().endpoints.len(), 0);
    builder.feed(line("GET", "/a", 200).repeat(62).as_bytes()).expect("log");
    let part = builder.snapshot();
    assert_eq!((part.endpoints.len(), part.log_lines, part.unparsed[0].lines), (1, 64, 1));
    assert_eq!((part.logs[0].format, part.logs[0].requests), ("combined", 63));
    builder.feed(line("GET", "/b", 200).as_bytes()).expect("log");
    builder.end_log().expect("log");
    builder.log(Arc::from("b.log"));
    let e = builder.feed("{\"a\": 1}\n".repeat(70).as_bytes()).expect_err("JSON");
    assert_eq!(e.place.as_deref(), Some("b.log"));
    let whole = builder.finish();
    assert_eq!((whole.endpoints.len(), whole.log_lines), (2, 65));
}

#[test]
fn two_documents_may_declare_the_same() {
    let mut builder = Builder::new(now());
    for name in ["a.json", "b.json"] {
        let (document, problems) = Document::read(Arc::from(name), SPEC.as_bytes().to_vec()).expect("spec");
        builder.spec(document, problems);
    }
    let inventory = builder.finish();
    assert_eq!(inventory.endpoints.len(), 8);
    assert_eq!(inventory.endpoints[0].locations.len(), 2);
}

#[test]
fn operations_that_a_log_does_not_tell_apart_are_not_judged() {
    let spec = r#"{"openapi": "3.0.0", "servers": [{"url": "https://db.test"}], "paths": {
        "/#X-Amz-Target=Db.Get": {"post": {}}, "/#X-Amz-Target=Db.Put": {"post": {}},
        "/#Action=List": {"get": {}, "post": {}}, "/q": {"get": {}}}}"#;
    let states = |inventory: &Inventory| list(inventory);
    assert_eq!(
        states(&build(Some(spec), &[("POST", "/", 200), ("GET", "/?Action=List&Version=1", 200)])),
        [
            "- POST / 1",
            "documented GET /#Action=List 1",
            "- POST /#Action=List 0",
            "- POST /#X-Amz-Target=Db.Get 0",
            "- POST /#X-Amz-Target=Db.Put 0",
            "ghost GET /q 0",
        ]
    );
    // A capture has the header, and the form.
    let mut builder = Builder::new(now());
    let (document, problems) = Document::read(Arc::from("s.json"), spec.as_bytes().to_vec()).expect("spec");
    builder.spec(document, problems);
    let har = r#"{"log":{"entries":[
        {"request":{"method":"POST","url":"https://db.test/","headers":[{"name":"X-Amz-Target","value":"Db.Get"}]},"response":{"status":200}},
        {"request":{"method":"POST","url":"https://db.test/","postData":{"text":"Version=1&Action=List"}},"response":{"status":200}}]}}"#;
    builder.capture(&Arc::from("a.har"), Kind::Har, har.as_bytes()).expect("a capture");
    let inventory = builder.finish();
    assert_eq!(
        states(&inventory),
        [
            "documented POST /#Action=List 1",
            "documented POST /#X-Amz-Target=Db.Get 1",
            "ghost GET /#Action=List 0",
            "ghost POST /#X-Amz-Target=Db.Put 0",
            "ghost GET /q 0",
        ]
    );
}

#[test]
fn a_share_of_a_log_notices_what_the_whole_would() {
    const ADMIN: &str = r#"{"openapi": "3.0.3", "paths": {"/admin/users": {"get": {}}, "/login": {"post": {}}}}"#;
    let text: String = (0..400)
        .map(|i| match i % 4 {
            0 => line("POST", "/login", 401),
            1 => line("GET", "/admin/users", 200),
            2 => line("GET", &format!("/orders/{i}"), 200),
            _ => line("GET", "/orders?api_key=s3cr3tvalue", 200),
        })
        .collect();
    let whole = read_by(&text, ADMIN, false);
    assert_eq!(read_by(&text, ADMIN, true), whole);
    assert!(whole.contains("login"), "{whole}");
}

#[test]
fn what_is_called_inside_stays_apart_however_a_log_is_shared_out() {
    let names = ["alpha", "bravo", "carol", "delta", "echoes", "foxtrot", "golfing", "hotels", "indigo", "juliet"];
    let text: String = (0..400)
        .map(|i| match i {
            // The names come in the shares alone.
            0..100 => line("POST", &format!("/teams/{i}/graphql"), 200),
            _ => line("POST", &format!("/teams/{}/graphql", names[i % 10]), 200),
        })
        .collect();
    let whole = read_by(&text, r#"{"openapi": "3.0.3", "paths": {}}"#, false);
    assert_eq!(read_by(&text, r#"{"openapi": "3.0.3", "paths": {}}"#, true), whole);
    assert!(whole.contains("/teams/alpha/graphql"), "{whole}");
}

/// All that is made of a log, read by one or by two.
fn read_by(text: &str, spec: &str, shared: bool) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut builder = Builder::new(now());
    let (document, problems) = Document::read(Arc::from("s.json"), spec.as_bytes().to_vec()).expect("spec");
    builder.spec(document, problems);
    builder.log(Arc::from("a.log"));
    builder.feed(lines[..100].concat().as_bytes()).expect("log");
    let rest = lines[100..].concat();
    if shared {
        let (mut one, mut two) = (builder.share().expect("known"), builder.share().expect("known"));
        let (a, b) = rest.split_at(lines[100..300].concat().len());
        two.feed(2, b.as_bytes());
        one.feed(1, a.as_bytes());
        builder.join(two);
        builder.join(one.give().expect("known"));
    } else {
        builder.feed(rest.as_bytes()).expect("log");
    }
    builder.end_log().expect("log");
    let inventory = builder.finish();
    format!("{:#?} {:#?}", inventory.endpoints, inventory.findings)
}
