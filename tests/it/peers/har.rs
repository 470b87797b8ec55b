//! HAR held against others: what is written here opens in a reader of Python, and what a browser recorded is read here.

use std::path::Path;

use lunette::demo::Demo;
use serde_json::{Value, json};

use super::{ask, folder, python};
use crate::support::cli::Cli;

#[test]
fn an_archive_that_is_written_here_opens_in_another_reader() {
    let demo = Demo::start(None).expect("it starts");
    let url = format!("http://{}/api/orders?limit=2&status=new", demo.http);
    let cli = Cli::new();
    let ran = cli.run(&["send", "GET", &url, "-H", "Accept: application/json", "--export", "har"]);
    let cli = cli.file("x.har", ran.ended(0).stdout.as_slice());
    let told = ask(&python(), "har.py", &cli.path("x.har").to_string_lossy());
    assert_eq!((&told["version"], &told["creator"]), (&"1.2".into(), &"lunette".into()), "{told}");
    let entry = &told["entries"][0];
    assert_eq!((&entry["method"], &entry["url"], &entry["status"]), (&"GET".into(), &url.as_str().into(), &200.into()));
    assert_eq!(entry["query"], json!([{"name": "limit", "value": "2"}, {"name": "status", "value": "new"}]));
    assert_eq!((&entry["matches"], entry["time"].as_f64().is_some_and(|t| t > 0.0)), (&true.into(), true));
}

#[test]
fn what_a_browser_recorded_is_listed_and_sent_again() {
    let demo = Demo::start(None).expect("it starts");
    let base = format!("http://{}/api", demo.http);
    let cli = Cli::new();
    assert!(folder().join("node_modules/playwright-core").is_dir(), "run: npm ci --prefix tests/peers");
    let login = json!({"user": "alice", "password": "wonderland"}).to_string();
    let media = json!({"Content-Type": "application/json"});
    let question = json!({
        "har": cli.path("x.har"),
        "program": "/usr/bin/chromium",
        "visits": [
            {"url": format!("{base}/health")},
            {"method": "POST", "url": format!("{base}/login"), "headers": media, "body": login},
            {"method": "GET", "url": format!("{base}/orders?limit=1"), "headers": {"Accept": "application/json"}},
            {"method": "GET", "url": format!("{base}/orders/1002"), "headers": {}},
        ],
    });
    let told = ask(Path::new("node"), "browse.mjs", &question.to_string());
    assert_eq!(told["statuses"].as_array().map(Vec::len), Some(4), "{told}");
    let listed = cli.run(&["inventory", "x.har", "--format", "json"]).ended(0).json("inventory");
    let endpoints = listed["endpoints"].as_array().expect("endpoints");
    for (method, path) in [("GET", "/api/health"), ("POST", "/api/login"), ("GET", "/api/orders")] {
        assert!(endpoints.iter().any(|e| e["method"] == method && e["path"] == path), "{method} {path}: {listed}");
    }
    let again = ["send", "--allow", "127.0.0.1", "--format", "json", "--import"];
    let ran = cli.run(&[&again[..], &["x.har#/api/login"]].concat());
    let exchange = ran.ended(0).json("exchange");
    assert_eq!(exchange["response"]["status"], 200, "the browser's login, sent from here: {}", ran.err());
    let headers = exchange["request"]["headers"].as_array().expect("headers");
    let names: Vec<&str> = headers.iter().filter_map(|h| h[0].as_str()).collect();
    assert!(
        names.iter().any(|n| n.eq_ignore_ascii_case("sec-fetch-mode")) && !names.iter().any(|n| n.starts_with(':'))
    );
    // What is exported here again is read as the same request.
    let har = cli.run(&["send", "--allow", "127.0.0.1", "--import", "x.har#limit=1", "--export", "har"]).ended(0).out();
    let har: Value = serde_json::from_str(&har).expect("a HAR");
    assert_eq!(har["log"]["entries"][0]["request"]["url"], format!("{base}/orders?limit=1"));
}
