//! Sources given as URLs, and references that lead to others.

use std::time::Duration;

use serde_json::Value;

use super::closed_port;
use crate::support::cli::Cli;
use crate::support::hostile::Hostile;
use crate::support::pty::{CommandBuilder, Pty};
use crate::support::recorder::Recorder;

const SPEC: &str =
    "openapi: 3.0.3\ninfo: {title: t, version: '1'}\npaths:\n  /a: {get: {}}\n  /b: {$ref: 'items.yaml#/b'}\n";

const LOG: &str = "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n\
                   1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET /c HTTP/1.1\" 200 5 \"-\" \"-\"\n";

const HAR: &str = r#"{"log": {"entries": [{"request": {"method": "GET", "url": "https://api.test/d"}, "response": {"status": 200}}]}}"#;

fn reply(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn packed(text: &str) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut writer, text.as_bytes()).expect("pack");
    writer.finish().expect("pack")
}

fn states(doc: &Value) -> Vec<String> {
    let all = doc["endpoints"].as_array().expect("a list");
    all.iter()
        .map(|e| format!("{} {}", e["state"].as_str().unwrap_or("-"), e["path"].as_str().expect("a path")))
        .collect()
}

#[test]
fn a_document_a_log_and_a_capture_are_fetched_once_each() {
    let server = Recorder::scripted(
        vec![
            reply("", SPEC.as_bytes()),
            // One packed for the way, and one packed as it stands there.
            reply("Content-Encoding: gzip\r\n", &packed(LOG)),
            reply("Content-Type: application/gzip\r\n", &packed(HAR)),
        ],
        false,
    );
    let cli = Cli::new();
    let (spec, log, har) =
        (server.url("/d/openapi.yaml?sig=s3cret-in-url"), server.url("/a.log"), server.url("/a.har.gz"));
    let ran = cli.run(&["inventory", &spec, &log, &har, "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert_eq!(states(&doc), ["shadow /c", "shadow /d", "documented /a"]);
    let problem = doc["problems"][0]["message"].as_str().expect("a problem");
    assert!(problem.contains("items.yaml") && problem.contains("--remote-refs"), "{problem}");
    let heard = server.requests(3, Duration::from_secs(5));
    assert_eq!(server.heard().len(), 3, "each once");
    let first = String::from_utf8_lossy(&heard[0]).into_owned();
    assert!(first.starts_with("GET /d/openapi.yaml?sig=s3cret-in-url HTTP/1.1\r\n"), "{first}");
    assert!(first.contains("(source; run "), "{first}");
    assert!(!ran.out().contains("s3cret") && !ran.err().contains("s3cret"));
}

#[test]
fn references_lead_to_urls_only_when_asked_and_only_within_scope() {
    let other = Recorder::scripted(vec![reply("", b"c: {get: {}}\n")], false);
    let item = format!("b:\n  get: {{}}\n  post: {{$ref: '{}'}}\nc: {{put: {{}}}}\n", other.url("/x.yaml#/c/get"));
    let server = Recorder::scripted(vec![reply("", SPEC.as_bytes()), reply("", item.as_bytes())], false);
    let cli = Cli::new();
    let url = server.url("/d/openapi.yaml");
    let ran = cli.run(&["inventory", &url, "--remote-refs", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    let methods: Vec<&str> =
        doc["endpoints"].as_array().expect("a list").iter().map(|e| e["method"].as_str().expect("a word")).collect();
    assert_eq!(methods, ["GET", "GET", "POST"]);
    let at = doc["endpoints"][1]["locations"][0]["source"].as_str().expect("a place");
    assert_eq!(at, server.url("/d/items.yaml"));
    let problem = doc["problems"][0]["message"].as_str().expect("a problem");
    assert!(problem.contains("is not in scope") && problem.contains("--allow"), "{problem}");
    assert!(other.heard().is_empty(), "a host that nobody typed");
    // A file that refers to a URL, and the host allowed.
    let server = Recorder::scripted(vec![reply("", b"c: {get: {}}\n")], false);
    let spec = SPEC.replace("items.yaml#/b", &server.url("/x.yaml#/c"));
    let cli = Cli::new().file("openapi.yaml", spec);
    let ran = cli.run(&["inventory", "openapi.yaml", "--format", "json"]);
    let problem = ran.ended(0).json("inventory")["problems"][0]["message"].as_str().map(str::to_owned);
    assert!(problem.is_some_and(|p| p.contains("--remote-refs")));
    assert!(server.heard().is_empty(), "nothing is fetched unless asked");
    let allow = server.addr.to_string();
    let ran = cli.run(&["inventory", "openapi.yaml", "--remote-refs", "--allow", &allow, "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert_eq!((doc["endpoints"].as_array().map(Vec::len), &doc["problems"]), (Some(2), &serde_json::json!([])));
}

#[test]
fn what_cannot_be_fetched_says_why_in_one_sentence() {
    let cli = Cli::new();
    let server = Hostile::start();
    let ok = Recorder::start();
    let closed = format!("http://127.0.0.1:{}/a.yaml", closed_port());
    let moved = Recorder::scripted(
        vec![
            b"HTTP/1.1 302 Found\r\nLocation: http://other.test/?token=s3cret-token\r\nContent-Length: 0\r\n\r\n"
                .to_vec(),
        ],
        false,
    );
    let missing = Recorder::scripted(vec![b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx".to_vec()], false);
    let locked = Recorder::scripted(vec![b"HTTP/1.1 401 No\r\nContent-Length: 1\r\n\r\nx".to_vec()], false);
    for (arguments, code, words) in [
        (&["--offline", &ok.url("/a.yaml")][..], 3, &["offline", "leave out --offline"][..]),
        (&[&closed], 4, &["refused"]),
        (&[&server.url("/silent"), "--timeout", "0.5"], 4, &["0.5 s"]),
        (&[&moved.url("/a.yaml")], 2, &["answered 302", "other.test", "redirects are not followed"]),
        (&[&missing.url("/a.yaml")], 2, &["answered 404", "check the URL"]),
        (&[&locked.url("/a.yaml")], 2, &["answered 401", "without a credential"]),
        (&[&server.url("/bomb/gzip")], 2, &["/bomb/gzip: ", "more than", "save it to a file"]),
        (&[&server.url("/truncated")], 4, &["/truncated: ", "middle of the body"]),
        (&[&ok.url("/a.yaml")], 2, &["/a.yaml"]),
        (&["http://127.0.0.1:99999/"], 2, &["port"]),
    ] {
        let ran = cli.run(&[&["inventory", "--format", "json"], arguments].concat());
        ran.ended(code).says(words);
        assert!(ran.stdout.is_empty() && ran.err().lines().count() == 1, "{}", ran.err());
        assert!(!ran.err().contains("s3cret"), "{}", ran.err());
    }
    assert_eq!(ok.heard().len(), 1, "offline asks nobody");
}

#[test]
fn what_is_fetched_is_in_the_audit_log_before_it_is_asked_for() {
    let server = Recorder::scripted(vec![reply("", SPEC.as_bytes())], false);
    let workspace = "[workspace]\nname = \"w\"\n";
    let cli = Cli::new().file("lunette.toml", workspace);
    cli.run(&["inventory", &server.url("/d/openapi.yaml?token=s3cret-token")]).ended(0);
    let log = std::fs::read_to_string(cli.path(".lunette/audit.jsonl")).expect("a log");
    assert!(log.contains("\"load\"") && log.contains("/d/openapi.yaml"), "{log}");
    assert!(!log.contains("s3cret"), "{log}");
    // Where no record can be kept nothing is asked for.
    let server = Recorder::scripted(vec![reply("", SPEC.as_bytes())], false);
    let cli = Cli::new().file("lunette.toml", workspace).file(".lunette", "no folder");
    let ran = cli.run(&["inventory", &server.url("/a.yaml")]);
    assert_eq!(ran.code, Some(2), "{}", ran.err());
    assert!(server.heard().is_empty());
}

#[test]
fn the_workbench_opens_on_a_url() {
    let spec = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\nservers: [{url: BASE}]\npaths:\n  /orders: {get: {}}\n";
    let server = Recorder::start();
    let documents = Recorder::scripted(vec![reply("", spec.replace("BASE", &server.url("")).as_bytes())], false);
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.args([documents.url("/openapi.yaml"), "--allow".to_owned(), server.addr.to_string()]);
    command.env("TERM", "xterm-256color");
    for name in ["TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    let mut pty = Pty::spawn(command, 80, 24);
    pty.until("its endpoint", |s| s.contents().contains("/orders"));
    assert_eq!(documents.heard().len(), 1);
    pty.send(b"q");
    assert_eq!(pty.ends().exit_code(), 0);
    assert!(server.heard().is_empty(), "nothing is sent by itself");
}
