//! Each finding in a log that has it, and none in one that looks much the same and is harmless.

use std::sync::Arc;

use proptest::prelude::*;

use crate::base::text::is_hazard;
use crate::base::{Stamp, Untrusted};
use crate::inventory::{Builder, Document, Inventory, Kind, State};

const SPEC: &str = r#"{"openapi": "3.0.3", "servers": [{"url": "https://api.test/v1"}],
 "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}, "x": {"type": "apiKey", "in": "header", "name": "X-Custom"}}},
 "paths": {
  "/orders": {"get": {"security": [{"b": []}]}, "post": {}},
  "/orders/{id}": {"get": {}},
  "/orders/{id}/lines/{line}": {"get": {}},
  "/own": {"get": {"security": [{"x": []}]}},
  "/open": {"get": {"security": []}},
  "/admin/users": {"get": {}},
  "/login": {"post": {}},
  "/graphql": {"post": {}}}}"#;

fn builder(spec: Option<&str>) -> Builder {
    let mut builder = Builder::new(Stamp::parse("2024-06-01T00:00:00Z").expect("date"));
    if let Some(spec) = spec {
        let (document, problems) = Document::read(Arc::from("s.json"), spec.as_bytes().to_vec()).expect("spec");
        builder.spec(document, problems);
    }
    builder
}

fn read(spec: Option<&str>, log: &str) -> Inventory {
    let mut builder = builder(spec);
    builder.log(Arc::from("a.log"));
    builder.feed(log.as_bytes()).expect("log");
    builder.end_log().expect("log");
    builder.finish()
}

/// The findings by id, place and detail.
fn told(inventory: &Inventory) -> Vec<String> {
    inventory.findings.iter().map(|f| format!("{} {} {}", f.finding.id, f.place(), f.finding.detail)).collect()
}

fn found(log: &str) -> Vec<String> {
    told(&read(Some(SPEC), log))
}

/// A combined line: seconds into the log, client, method, target, status.
fn line(at: i64, client: &str, method: &str, target: &str, status: u16) -> String {
    let (day, hour, minute, second) = (14 + at / 86_400, at / 3_600 % 24, at / 60 % 60, at % 60);
    format!(
        "{client} - - [{day}/Nov/2023:{hour:02}:{minute:02}:{second:02} +0000] \"{method} {target} HTTP/1.1\" {status} {} \"-\" \"-\"\n",
        5 + target.len()
    )
}

fn lines(all: &[(&str, &str, u16)]) -> String {
    all.iter().map(|(method, target, status)| line(0, "192.0.2.7", method, target, *status)).collect()
}

/// A JSON line that records whether a credential was sent.
fn json(path: &str, status: u16, credential: &str) -> String {
    format!(
        "{{\"method\":\"GET\",\"uri\":\"{path}\",\"status\":{status},\"http_authorization\":\"{credential}\",\"remote_addr\":\"192.0.2.7\"}}\n"
    )
}

#[test]
fn an_ordinary_log_has_none() {
    let mut log = String::new();
    for i in 0..400i64 {
        let client = format!("192.0.2.{}", i % 20);
        log += &line(i * 60, &client, "GET", "/v1/orders?page=2&sort=date", 200);
        log += &line(
            i * 60,
            &client,
            "GET",
            &format!("/v1/orders/{}", 1_000 + i * 37 % 300),
            if i % 9 == 0 { 404 } else { 200 },
        );
        log += &line(i * 60, &client, "POST", "/v1/login", if i % 7 == 0 { 401 } else { 200 });
        log += &line(i * 60, &format!("192.0.2.{}", i % 3), "GET", "/v1/admin/users", 200);
    }
    log += &lines(&[("GET", "/.env", 404), ("GET", "/wp-login.php?password=x", 404), ("GET", "/health", 200)]);
    assert_eq!(found(&log), Vec::<String>::new());
}

#[test]
fn the_same_paths_under_another_base_path() {
    let log = [("GET", "/api/orders", 200), ("GET", "/api/orders/7", 200), ("GET", "/api/orders/7", 500)];
    assert_eq!(found(&lines(&log)), ["drift-prefix /api 2 endpoints under /api are declared under /v1"]);
    assert_eq!(
        found(&lines(&[("GET", "/orders/7/lines/8", 200)])),
        ["drift-prefix / 1 endpoints under / are declared under /v1"]
    );
    // One word alone may be anything's name, and what does not answer is not there.
    for log in [
        &[("GET", "/billing/orders", 200)][..],
        &[("GET", "/billing/orders", 404), ("GET", "/billing/orders/7", 404)],
        &[("DELETE", "/api/orders", 200), ("DELETE", "/api/orders/7", 200)],
        &[("GET", "/v1/orders", 200), ("GET", "/v1/orders/7", 200)],
        &[("GET", "/api/invoices", 200), ("GET", "/api/invoices/7", 200)],
    ] {
        assert_eq!(found(&lines(log)), Vec::<String>::new(), "{log:?}");
    }
    let other =
        ["/api/orders", "/api/orders/7"].map(|p| line(0, "192.0.2.7", "GET", &format!("https://other.test{p}"), 200));
    assert_eq!(found(&other.concat()), Vec::<String>::new(), "another service");
}

#[test]
fn an_older_version_beside_the_declared_one_is_a_zombie_and_no_drift() {
    let newer = SPEC.replace("api.test/v1", "api.test/v2");
    let inventory = read(
        Some(&newer),
        &lines(&[
            ("GET", "/v1/orders", 200),
            ("GET", "/v1/orders/7", 401),
            ("GET", "/.env", 404),
            ("GET", "/v3/orders", 200),
        ]),
    );
    let state = |path: &str| inventory.endpoints.iter().find(|e| e.path.display() == path).and_then(|e| e.state);
    assert_eq!(state("/v1/orders"), Some(State::Zombie));
    assert_eq!(state("/v1/orders/{id}"), Some(State::Shadow), "a refusal is no answer");
    assert_eq!(state("/v3/orders"), Some(State::Shadow));
    let old = inventory.endpoints.iter().find(|e| e.path.display() == "/v1/orders").expect("there");
    assert_eq!(old.newer.as_ref().map(Untrusted::display).as_deref(), Some("/v3/orders"));
}

#[test]
fn a_host_that_no_document_names() {
    let at = |host: &str, status: u16| line(0, "192.0.2.7", "GET", &format!("https://{host}/v1/orders/7"), status);
    assert_eq!(
        found(&(at("old.test", 200) + &at("api.test", 200) + &at("API.test", 200))),
        ["drift-host old.test 1 requests to declared endpoints were answered at old.test"]
    );
    let harmless =
        ["api.test", "10.0.0.1", "localhost", "shop", "[::1]", "pod.cluster.local"].map(|h| at(h, 200)).concat();
    assert_eq!(found(&(harmless + &at("other.test", 404) + &at("third.test", 301))), Vec::<String>::new());
    let relative = SPEC.replace("https://api.test/v1", "/v1");
    assert_eq!(told(&read(Some(&relative), &at("old.test", 200))), Vec::<String>::new());
    let tenants = SPEC.replace(
        r#"{"url": "https://api.test/v1"}"#,
        r#"{"url": "https://{tenant}.test/v1", "variables": {"tenant": {"default": "api"}}}"#,
    );
    assert_eq!(told(&read(Some(&tenants), &at("old.test", 200))), Vec::<String>::new());
}

#[test]
fn credentials_in_urls() {
    let inventory = read(
        Some(SPEC),
        &lines(&[
            ("GET", "/v1/orders?page=1&api_key=s3cr3tvalue", 200),
            ("GET", "/v1/orders?api_key=an0thervalue", 200),
            ("GET", "/v1/orders?api_key=refused", 401),
            ("GET", "/files/eyJhbGciOiJub25lIn0.eyJhIjoxfQ.c2lnbmF0dXJl", 200),
        ]),
    );
    assert_eq!(
        told(&inventory),
        [
            "url-credential GET api.test/v1/orders 2 answered requests held the parameter api_key",
            "url-credential GET /files/{token} 1 answered requests held a JSON Web Token",
        ]
    );
    assert_eq!(inventory.findings[0].samples, ["GET /v1/orders?api_key=***", "GET /v1/orders?page=1&api_key=***"]);
    let all = format!("{:?}", inventory.findings);
    assert!(!["s3cr3t", "an0ther", "c2lnb"].iter().any(|s| all.contains(s)), "{all}");
    // What scanners try and nobody answers, and what only looks like one.
    assert_eq!(
        found(&lines(&[
            ("GET", "/x?password=1", 404),
            ("GET", "/v1/orders?page_token=abcdefgh12345678&q=password", 200)
        ])),
        Vec::<String>::new()
    );
}

#[test]
fn open_where_the_document_asks_for_a_credential() {
    let log = json("/v1/orders", 200, "Bearer zzz") + &json("/v1/orders", 200, "") + &json("/v1/orders", 401, "");
    assert_eq!(
        found(&log),
        [
            "open-declared GET api.test/v1/orders 1 requests without a credential were answered with 2xx; the document asks for bearer"
        ]
    );
    let refused = json("/v1/orders", 200, "Bearer zzz") + &json("/v1/orders", 401, "");
    // A field that is never filled records nothing; a scheme that is not seen is not judged; what is open is open.
    for log in [
        refused,
        json("/v1/orders", 200, "-"),
        json("/v1/own", 200, "") + &json("/v1/open", 200, "") + &json("/v1/orders", 200, "x"),
    ] {
        assert_eq!(found(&log), Vec::<String>::new(), "{log}");
    }
    // A combined log does not say.
    assert_eq!(found(&lines(&[("GET", "/v1/orders", 200)])), Vec::<String>::new());
    // A capture does, even where nobody sent one.
    let har = r#"{"log":{"creator":{"name":"proxy"},"entries":[{"request":{"method":"GET","url":"https://api.test/v1/orders","headers":[]},"response":{"status":200}}]}}"#;
    let captured = |har: &str| {
        let mut builder = builder(Some(SPEC));
        builder.capture(&Arc::from("a.har"), Kind::Har, har.as_bytes()).expect("a capture");
        told(&builder.finish()).len()
    };
    assert_eq!((captured(har), captured(&har.replace("proxy", "WebInspector"))), (1, 0));
}

#[test]
fn open_where_the_neighbours_ask_for_a_credential() {
    let refused = json("/shop/items", 200, "Bearer zzz")
        + &json("/shop/items", 401, "")
        + &json("/shop/items/7", 403, "")
        + &json("/shop/items/7", 200, "Bearer zzz");
    assert_eq!(
        found(&(refused.clone() + &json("/shop/export", 200, ""))),
        [
            "open-sibling GET /shop/export 1 requests without a credential were answered with 2xx; 2 endpoints beside it refused such"
        ]
    );
    for open in ["/shop/health", "/shop/login", "/other/export", "/v1/open"] {
        assert_eq!(found(&(refused.clone() + &json(open, 200, ""))), Vec::<String>::new(), "{open}");
    }
    let asked = json("/shop/export", 200, "Bearer zzz") + &json("/shop/export", 401, "");
    assert_eq!(found(&(refused + &asked)), Vec::<String>::new());
}

#[test]
fn leads_of_abuse() {
    let mut log = String::new();
    for i in 0..120 {
        log += &line(i, "203.0.113.9", "GET", &format!("/v1/orders/{}", 1_000 + i), 200);
    }
    for i in 0..12 {
        log += &line(i * 2, "203.0.113.10", "POST", "/v1/login?password=zzz", 401);
        log += &line(i * 7_200, "192.0.2.7", "GET", "/v1/admin/users", 200);
    }
    log += &line(80_000, "203.0.113.11", "GET", "/v1/admin/users", 200);
    let inventory = read(Some(SPEC), &log);
    assert_eq!(
        told(&inventory),
        [
            "login-burst POST api.test/v1/login 203.0.113.10 was refused 12 times within 60 seconds, and 12 times in all",
            "ids-walked GET api.test/v1/orders/{id} 203.0.113.9 asked for 120 ids, one after the other",
            "admin-newcomer GET api.test/v1/admin/users 203.0.113.11 was let in 1 times since 2023-11-14T22:13:20Z; before that 1 others were",
        ]
    );
    assert_eq!(inventory.findings[0].samples[0], "2023-11-14T00:00:00Z POST /v1/login 401");
    assert_eq!(inventory.findings[1].samples[0], "GET /v1/orders/1000 200");
    // The order of lines makes no difference, and a list that is not complete has none.
    let back = log.lines().rev().collect::<Vec<_>>().join("\n");
    assert_eq!(told(&read(Some(SPEC), &back)), told(&inventory));
    let mut builder = builder(Some(SPEC));
    builder.log(Arc::from("a.log"));
    builder.feed(log.as_bytes()).expect("log");
    assert!(builder.snapshot().findings.is_empty());
}

#[test]
fn what_a_reply_says_of_its_end() {
    let har = |name: &str, value: &str| {
        format!(
            r#"{{"log":{{"entries":[{{"request":{{"method":"GET","url":"https://api.test/v1/orders/7"}},"response":{{"status":200,"headers":[{{"name":"{name}","value":"{value}"}}]}}}}]}}}}"#
        )
    };
    let of = |spec: Option<&str>, har: &str| {
        let mut builder = builder(spec);
        builder.capture(&Arc::from("a.har"), Kind::Har, har.as_bytes()).expect("a capture");
        let e = builder.finish().endpoints.into_iter().find(|e| e.requests > 0).expect("one");
        (e.state, e.deprecated, e.sunset)
    };
    let over = Some(State::Zombie);
    assert_eq!(of(Some(SPEC), &har("Deprecation", "@1688169599")), (over, true, None));
    assert_eq!(of(Some(SPEC), &har("deprecation", "true")), (over, true, None));
    let past = Some("2023-01-01T00:00:00Z".to_owned());
    assert_eq!(of(None, &har("Sunset", "Sun, 01 Jan 2023 00:00:00 GMT")), (over, false, past));
    // What is announced for later still has its time.
    let ahead = Some("2030-01-01T00:00:00Z".to_owned());
    assert_eq!(
        of(Some(SPEC), &har("Sunset", "Tue, 01 Jan 2030 00:00:00 GMT")),
        (Some(State::Documented), false, ahead)
    );
    assert_eq!(of(Some(SPEC), &har("Deprecation", "@1900000000")), (Some(State::Documented), false, None));
    assert_eq!(of(None, &har("X-Sunset", "soon")), (None, false, None));
    let log = r#"{"request":"GET /v1/orders/7 HTTP/1.1","status":200,"sent_http_deprecation":"@1688169599"}"#;
    assert!(read(Some(SPEC), log).endpoints.iter().any(|e| e.state == over && e.deprecated));
}

#[test]
fn operations_are_rows_of_their_endpoint() {
    let body = |b: &str, status: u16| {
        let body = serde_json::to_string(b).expect("text");
        format!("{{\"method\":\"POST\",\"uri\":\"/v1/graphql\",\"status\":{status},\"request_body\":{body}}}\n")
    };
    let log = body(r#"{"query":"query Me { user: me { id } }"}"#, 200)
        + &body(r#"{"query":"query Me { me { id } }"}"#, 500)
        + &body(r#"{"query":"mutation { pay }"}"#, 200)
        + &body("not one", 200)
        + "{\"method\":\"GET\",\"uri\":\"/v1/graphql?query=%7Bping%7D\",\"status\":200}\n"
        + "{\"method\":\"POST\",\"uri\":\"/rpc\",\"status\":200,\"request_body\":{\"jsonrpc\":\"2.0\",\"method\":\"sum\"}}\n";
    let inventory = read(Some(SPEC), &log);
    let of = |method: &str, path: &str| {
        let e = inventory.endpoints.iter().find(|e| e.method == method && e.path.display() == path).expect("there");
        e.operations.iter().map(|c| format!("{} {}/{}", c.operation.line(), c.errors, c.requests)).collect::<Vec<_>>()
    };
    assert_eq!(of("POST", "/v1/graphql"), ["mutation { pay } 0/1", "query Me { me } 1/2"]);
    assert_eq!(of("GET", "/v1/graphql"), ["query { ping } 0/1"]);
    assert_eq!(of("POST", "/rpc"), ["call sum 0/1"]);
}

/// Two words for each number, as people name articles.
fn slug(n: usize) -> String {
    const WORDS: [&str; 14] = [
        "blue", "whale", "shoe", "candle", "river", "mango", "pillow", "violet", "copper", "lantern", "meadow",
        "walnut", "harbor", "saffron",
    ];
    format!("{}-{}-{}", WORDS[n % 14], WORDS[n / 14 % 14], WORDS[(n * 5 + 3) % 14])
}

#[test]
fn what_is_called_inside_is_never_put_together() {
    let post = |n: usize, body: &str| {
        format!("{{\"method\":\"POST\",\"uri\":\"/services/{}\",\"status\":200,\"request_body\":{body}}}\n", slug(n))
    };
    let count = |body: &str| {
        let log: String = (0..150).flat_map(|n| [post(n, body), post(n, body)]).collect();
        read(None, &log).endpoints.len()
    };
    assert_eq!((count("\"x=1\""), count("{\"jsonrpc\":\"2.0\",\"method\":\"sum\"}")), (1, 150));
}

#[test]
fn names_that_are_walked_belong_to_one_endpoint() {
    let mut log = String::new();
    for n in 0..150 {
        let status = if n % 3 == 0 { 200 } else { 403 };
        log += &line(n, "203.0.113.9", "GET", &format!("/articles/{}", slug(usize::try_from(n).unwrap_or(0))), status);
        log += &line(n, "192.0.2.7", "GET", &format!("/articles/{}", slug(usize::try_from(n / 9).unwrap_or(0))), 200);
    }
    let all = found(&log);
    assert!(
        all.len() == 1
            && all[0].starts_with("ids-walked GET /articles/{")
            && all[0].contains("203.0.113.9 asked for 150 ids; "),
        "{all:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_requests_are_judged_and_shown_safely(
        requests in proptest::collection::vec(
            ("[a-z0-9.]{1,6}", prop_oneof!["GET", "POST", "HEAD", "[A-Z]{1,9}"], "/(v1/|v2/|admin/|login|orders/|[^ \"\n]{0,6}){0,4}",
             prop_oneof!["", "api_key=[^ \"\n&]{0,9}", "[^ \"\n]{0,12}"], prop_oneof![Just(200u16), Just(401), Just(404), 100u16..600], 0i64..90_000),
            1..60),
    ) {
        let text = |all: &[&(String, String, String, String, u16, i64)]| -> String {
            all.iter().map(|(client, method, path, query, status, at)| line(*at, client, method, &format!("{path}?{query}"), *status)).collect()
        };
        let all: Vec<_> = requests.iter().collect();
        let back: Vec<_> = requests.iter().rev().collect();
        let (forward, back) = (read(Some(SPEC), &text(&all)), read(Some(SPEC), &text(&back)));
        prop_assert_eq!(told(&forward), told(&back));
        let states = |i: &Inventory| i.endpoints.iter().map(|e| (e.method.clone(), e.path.clone(), e.state)).collect::<Vec<_>>();
        prop_assert_eq!(states(&forward), states(&back));
        for f in &forward.findings {
            let shown = [told(&forward).concat(), f.samples.concat()].concat();
            prop_assert!(!shown.chars().any(is_hazard), "{}", shown);
            prop_assert!(!f.samples.iter().any(|s| s.contains("api_key=") && !s.contains("api_key=***")), "{:?}", f.samples);
        }
    }
}
