//! `lunette inventory`: what traffic proves, and what it must not be taken to prove.

use serde_json::{Value, json};

use super::sample;
use crate::support::cli::Cli;

const SPEC: &str = r#"{"openapi": "3.1.0", "info": {"title": "shop", "version": "1"}, "servers": [{"url": "https://api.test/v2"}],
 "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
 "paths": {"/orders": {"get": {"security": [{"b": []}]}}, "/orders/{id}": {"get": {}}, "/login": {"post": {}}, "/graphql": {"post": {}}}}"#;

/// A line of nginx: minute of the day, client, request, status, bytes.
fn line(minute: u32, client: &str, request: &str, status: u16, bytes: u32) -> String {
    let (hour, minute) = (minute / 60 % 24, minute % 60);
    format!(
        "{client} - - [14/Nov/2023:{hour:02}:{minute:02}:00 +0000] \"{request} HTTP/1.1\" {status} {bytes} \"-\" \"-\"\n"
    )
}

fn log(all: &[(&str, u16, u32)]) -> String {
    all.iter().map(|(request, status, bytes)| line(0, "192.0.2.7", request, *status, *bytes)).collect()
}

fn with(log: &str) -> Cli {
    Cli::new().file("spec.json", SPEC).file("access.log", log)
}

const SOURCES: [&str; 3] = ["inventory", "spec.json", "access.log"];

fn run(cli: &Cli, more: &[&str]) -> crate::support::cli::Ran {
    cli.run(&[&SOURCES[..], more].concat())
}

fn document(cli: &Cli) -> Value {
    run(cli, &["--format", "json"]).ended(0).json("inventory")
}

/// `state METHOD /path` of what is not declared.
fn undeclared(log: &str) -> Vec<String> {
    let doc = document(&with(log));
    let all = doc["endpoints"].as_array().expect("a list").iter().filter(|e| e["seen"] == json!(["log"]));
    let text = |v: &Value| v.as_str().unwrap_or("null").to_owned();
    all.map(|e| format!("{} {} {}", text(&e["state"]), text(&e["method"]), text(&e["path"]))).collect()
}

#[test]
fn a_refusal_proves_something_only_where_absent_paths_are_answered_otherwise() {
    let refused = ("GET /internal/report", 401, 9);
    let gone = ("GET /wp-login.php", 404, 9);
    assert_eq!(undeclared(&log(&[refused, gone, ("GET /.git/config", 404, 9)])), ["shadow GET /internal/report"]);
    // The host asks everybody, or nobody knows what it asks.
    assert!(undeclared(&log(&[refused, ("GET /wp-login.php", 401, 9)])).is_empty());
    assert!(undeclared(&log(&[refused])).is_empty());
    // Each weak status for itself; a 404 and what a dead upstream leaves are none.
    for (status, is) in
        [(302, true), (400, true), (403, true), (405, true), (429, true), (404, false), (502, false), (504, false)]
    {
        assert_eq!(undeclared(&log(&[("GET /internal/report", status, 9), gone])).len(), usize::from(is), "{status}");
    }
}

#[test]
fn one_page_for_everything_makes_no_endpoint() {
    let page = [("GET /.env", 200, 512), ("GET /phpinfo.php", 200, 512), ("GET /about", 200, 512)];
    assert!(undeclared(&log(&page)).is_empty());
    assert_eq!(undeclared(&log(&[&page[..], &[("GET /export", 200, 77)]].concat())), ["shadow GET /export"]);
}

#[test]
fn questions_about_a_path_make_no_endpoint_and_no_method() {
    let asked = [
        ("OPTIONS /v2/orders", 204, 0),
        ("OPTIONS /other", 204, 0),
        ("HEAD /v2/orders", 200, 0),
        ("GET /export", 200, 9),
        ("HEAD /export", 200, 0),
        ("DELETE /v2/orders", 405, 9),
        ("PUT /v2/orders", 401, 9),
        ("GET /.env", 404, 9),
    ];
    assert_eq!(undeclared(&log(&asked)), ["shadow GET /export"]);
}

/// A day with one of each: what is found, with ids, and the lines that show it.
fn day() -> String {
    let mut log = log(&[
        ("GET /api/orders?api_key=s3cr3t-k3y", 200, 9),
        ("GET /api/orders/7", 200, 10),
        ("GET /v1/orders", 200, 11),
        ("GET https://old.test/v2/orders/7", 200, 12),
        ("GET /.env", 404, 9),
    ]);
    for i in 0..130 {
        log += &line(i, "203.0.113.9", &format!("GET /v2/orders/{}", 500 + i), 200, 80 + i);
    }
    for _ in 0..15 {
        log += &line(3, "203.0.113.10", "POST /v2/login?password=s3cr3t-k3y", 401, 9);
    }
    for i in 0..20 {
        log += &line(i * 60, "192.0.2.8", "GET /admin/users", 200, 80 + i);
    }
    log + &line(1_300, "203.0.113.11", "GET /admin/users", 200, 99)
}

#[test]
fn findings_say_what_where_and_who_and_show_no_secret() {
    let cli = with(&day());
    let doc = document(&cli);
    let all = doc["findings"].as_array().expect("a list");
    let ids: Vec<&str> = all.iter().filter_map(|f| f["id"].as_str()).collect();
    assert_eq!(ids, ["url-credential", "login-burst", "drift-prefix", "drift-host", "ids-walked", "admin-newcomer"]);
    for f in all {
        for field in [
            "id",
            "severity",
            "title",
            "detail",
            "reference",
            "fix",
            "method",
            "host",
            "path",
            "client",
            "requests",
            "samples",
        ] {
            assert!(f.get(field).is_some(), "{field} in {f}");
        }
        assert!(f["reference"].as_str().expect("text").starts_with("OWASP API"), "{f}");
        assert!((1..=3).contains(&f["samples"].as_array().expect("lines").len()), "{f}");
    }
    let of = |id: &str| all.iter().find(|f| f["id"] == id).expect("found");
    assert_eq!(of("url-credential")["samples"], json!(["GET /api/orders?api_key=***"]));
    assert_eq!((&of("login-burst")["client"], &of("login-burst")["requests"]), (&json!("203.0.113.10"), &json!(15)));
    assert_eq!(of("login-burst")["samples"][0], "2023-11-14T00:03:00Z POST /v2/login 401");
    assert_eq!((&of("ids-walked")["client"], &of("ids-walked")["requests"]), (&json!("203.0.113.9"), &json!(130)));
    assert_eq!((&of("drift-host")["host"], &of("drift-prefix")["path"]), (&json!("old.test"), &json!("/api")));
    let zombie =
        doc["endpoints"].as_array().expect("a list").iter().find(|e| e["path"] == "/v1/orders").expect("there");
    assert_eq!((&zombie["state"], &zombie["newer"]), (&json!("zombie"), &json!("/v2/orders")));
    let plain = run(&cli, &[]);
    plain.ended(0);
    let lead = "ids-walked: GET api.test/v2/orders/{id}: 203.0.113.9 asked for 130 ids, one after the other";
    assert!(plain.out().contains(lead), "{}", plain.out());
    for shown in [doc.to_string(), plain.out()] {
        assert!(!shown.contains("s3cr3t"), "{shown}");
    }
}

#[test]
fn the_order_of_lines_and_sources_makes_no_difference() {
    let day = day();
    let back = day.lines().rev().map(|l| l.to_owned() + "\n").collect::<String>();
    let (first, second) = day.split_at(day.match_indices('\n').nth(90).expect("lines").0 + 1);
    let parts = Cli::new().file("spec.json", SPEC).file("a.log", second).file("access.log", first);
    let whole = document(&with(&day));
    let other = document(&with(&back));
    assert_eq!((&whole["endpoints"], &whole["findings"]), (&other["endpoints"], &other["findings"]));
    let split =
        parts.run(&["inventory", "spec.json", "a.log", "access.log", "--format", "json"]).ended(0).json("inventory");
    assert_eq!(whole["findings"], split["findings"]);
}

#[test]
fn an_ordinary_day_has_no_findings() {
    let doc = Cli::new()
        .run(&["inventory", &sample("shop.openapi.json"), &sample("shop.access.log"), "--format", "json"])
        .ended(0)
        .json("inventory");
    assert_eq!(doc["findings"], json!([]));
}

#[test]
fn a_gate_takes_findings_by_id_and_by_severity() {
    let cli = with(&day());
    let lines =
        |words: &str| run(&cli, &["--fail-on", words]).ended(1).err().lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        lines("url-credential"),
        ["lunette: url-credential: GET /api/orders: 1 answered requests held the parameter api_key"]
    );
    assert_eq!(
        (lines("high").len(), lines("medium").len(), lines("low").len(), lines("zombie,login-burst").len()),
        (1, 2, 6, 2)
    );
    assert!(lines("zombie")[0].ends_with("undeclared, and beside the newer /v2/orders"), "{:?}", lines("zombie"));
    run(&cli, &["--fail-on", "open-declared,critical,never"]).ended(0);
    run(&cli, &["--fail-on", "login-bursts"]).usage(&["--fail-on", "did you mean login-burst?"]);
    // Against a baseline only what is new: the same finding by another client is.
    let known = document(&cli).to_string();
    let again = with(&day()).file("known.json", &known);
    let ran = run(&again, &["--fail-on", "low", "--baseline", "known.json"]);
    assert!(ran.ended(0).err().contains("6 more stand in the baseline already"), "{}", ran.err());
    let other = with(&day().replace("203.0.113.10", "203.0.113.99")).file("known.json", known);
    let ran = run(&other, &["--fail-on", "low", "--baseline", "known.json"]);
    assert!(ran.ended(1).err().contains("login-burst: POST api.test/v2/login: 203.0.113.99"), "{}", ran.err());
}

#[test]
fn every_finding_stands_in_the_help_and_in_the_readme() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a page");
    let help = Cli::new().run(&["inventory", "--help"]).ended(0).out();
    let help: String = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for rule in lunette::inventory::RULES {
        let row = format!("| `{}` | {} | {}: {} |", rule.id, rule.severity.word(), rule.title, rule.plain);
        assert!(readme.contains(&row), "{row}");
        assert!(help.contains(rule.id), "{}", rule.id);
    }
}

#[test]
fn operations_inside_requests_are_rows_of_their_endpoint() {
    let post = |body: &str, status: u16| {
        let request = json!({"method": "POST", "url": "https://api.test/v2/graphql", "headers": [{"name": "Authorization", "value": "Bearer zzz"}], "postData": {"text": body}});
        json!({"request": request, "response": {"status": status, "headers": [{"name": "Deprecation", "value": "@1688169599"}]}})
    };
    let har = json!({"log": {"creator": {"name": "proxy"}, "entries": [
        post(r#"{"query":"query Me { user: me { id } ...F } fragment F on Query { cart }"}"#, 200),
        post(r#"{"query":"mutation { pay(card: \"s3cr3t\") { id } }"}"#, 500),
    ]}});
    let cli = Cli::new().file("spec.json", SPEC).file("a.har", har.to_string());
    let ran = cli.run(&["inventory", "spec.json", "a.har", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    let e = doc["endpoints"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|e| e["path"] == "/v2/graphql")
        .expect("there")
        .clone();
    assert_eq!(
        e["operations"],
        json!([
            {"protocol": "graphql", "kind": "mutation", "name": null, "fields": ["pay"], "requests": 1, "errors": 1},
            {"protocol": "graphql", "kind": "query", "name": "Me", "fields": ["me", "cart"], "requests": 1, "errors": 0},
        ])
    );
    assert_eq!((&e["state"], &e["deprecated"]), (&json!("zombie"), &json!(true)));
    let plain = cli.run(&["inventory", "spec.json", "a.har"]);
    assert!(plain.ended(0).out().contains("query Me { me, cart }") && !ran.out().contains("s3cr3t"), "{}", plain.out());
}
