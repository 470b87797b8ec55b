//! `lunette inventory` on documents of every version that is read.

use serde_json::Value;

use crate::support::cli::Cli;

/// State or kind, method and path of every endpoint, in the order of the document.
fn list(doc: &Value) -> Vec<String> {
    let word = |e: &Value| e["state"].as_str().or(e["kind"].as_str()).unwrap_or("-").to_owned();
    let all = doc["endpoints"].as_array().expect("a list");
    all.iter()
        .map(|e| {
            format!("{} {} {}", word(e), e["method"].as_str().expect("a word"), e["path"].as_str().expect("a path"))
        })
        .collect()
}

fn line(method: &str, target: &str) -> String {
    format!("1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"{method} {target} HTTP/1.1\" 200 5 \"-\" \"-\"\n")
}

#[test]
fn swagger_is_joined_with_traffic_below_its_base_path() {
    let swagger = "swagger: '2.0'\nhost: api.test\nbasePath: /v2\nschemes: [https]\nsecurityDefinitions:\n  k: {type: apiKey, in: header, name: X-Key}\npaths:\n  /pets/{id}:\n    get: {security: [{k: []}]}\n    put: {deprecated: true, x-sunset: '2020-01-01'}\n  /quiet: {get: {security: []}}\n";
    let log = [line("GET", "/v2/pets/7"), line("PUT", "/v2/pets/7"), line("GET", "/pets/7")].concat();
    let cli = Cli::new().file("old.yaml", swagger).file("a.log", log);
    let doc = cli.run(&["inventory", "old.yaml", "a.log", "--format", "json"]).ended(0).json("inventory");
    assert_eq!(
        list(&doc),
        ["shadow GET /pets/{id}", "zombie PUT /v2/pets/{id}", "documented GET /v2/pets/{id}", "ghost GET /v2/quiet"]
    );
    let by = |i: usize| &doc["endpoints"][i];
    assert_eq!((&by(2)["host"], &by(2)["security"][0]), (&"api.test".into(), &"api key header X-Key".into()));
    assert_eq!((&by(1)["sunset"], &by(3)["security"][0]), (&"2020-01-01".into(), &"none".into()));
    assert_eq!(by(2)["locations"][0]["line"], 9);
}

#[test]
fn what_the_api_calls_stands_apart_and_passes_every_gate() {
    let spec = r#"{"openapi": "3.2.0", "webhooks": {"sold": {"post": {}}}, "paths": {"/jobs": {
        "query": {}, "additionalOperations": {"COPY": {"callbacks": {"c": {"{$request.body#/url}": {"post": {}}}}}}}}}"#;
    let log = [line("QUERY", "/jobs"), line("COPY", "/jobs")].concat();
    let cli = Cli::new().file("new.json", spec).file("a.log", log);
    let ran =
        cli.run(&["inventory", "new.json", "a.log", "--fail-on", "ghost,shadow,shadow-method", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert_eq!(
        list(&doc),
        ["documented COPY /jobs", "documented QUERY /jobs", "webhook POST sold", "callback POST {$request.body#/url}"]
    );
    assert_eq!((&doc["totals"]["endpoints"], &doc["problems"]), (&2.into(), &serde_json::json!([])));
    let table = cli.run(&["inventory", "new.json", "a.log"]);
    assert!(
        table.ended(0).out().contains("2 endpoints; 2 webhooks and callbacks, which the API calls"),
        "{}",
        table.out()
    );
}
