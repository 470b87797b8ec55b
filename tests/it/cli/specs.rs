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

#[test]
fn a_document_in_many_files_is_read_below_its_folder_alone() {
    let cli = Cli::new();
    for folder in ["api/paths", "api/sub"] {
        std::fs::create_dir_all(cli.path(folder)).expect("a folder");
    }
    let root = "openapi: 3.1.0\npaths:\n  /a:\n    $ref: paths/a.yaml\n  /b:\n    get:\n      $ref: 'sub/b.yaml'\n    put:\n      $ref: 'sub/none.yaml'\n  /c:\n    $ref: ../outside.yaml\n  /d:\n    $ref: link.yaml\n  /e:\n    $ref: https://h.test/e.yaml\n  /l:\n    $ref: loop.yaml\n";
    let cli = cli
        .file("api/openapi.yaml", root)
        .file("api/paths/a.yaml", "get: {deprecated: true}\npost:\n  $ref: ../sub/b.yaml\n")
        .file("api/sub/b.yaml", "security: []\nx-sunset: '2020-01-01'\n")
        .file("api/loop.yaml", "$ref: loop.yaml\n")
        .file("api/notes.json", "{\"a\": 1}")
        .file("outside.yaml", "get: {}\n");
    std::os::unix::fs::symlink(cli.path("outside.yaml"), cli.path("api/link.yaml")).expect("a link");
    for source in ["api/openapi.yaml", "api"] {
        let doc = cli.run(&["inventory", source, "--format", "json"]).ended(0).json("inventory");
        assert_eq!(
            list(&doc),
            ["documented GET /a", "documented POST /a", "documented GET /b", "documented PUT /b"],
            "{}",
            doc["problems"]
        );
        let by = |i: usize| &doc["endpoints"][i];
        assert_eq!((&by(0)["deprecated"], &by(1)["security"][0]), (&true.into(), &"none".into()));
        assert_eq!((&by(2)["security"][0], &by(2)["sunset"]), (&"none".into(), &"2020-01-01".into()));
        assert!(by(0)["locations"][0]["source"].as_str().expect("a name").ends_with("api/paths/a.yaml"));
        let problems = doc["problems"].to_string();
        for words in ["none.yaml was not read: there is no such file", "leads out", "is remote", "without an end"] {
            assert!(problems.contains(words), "{words}: {problems}");
        }
        assert_eq!(problems.contains("notes.json"), source == "api", "{problems}");
    }
}
