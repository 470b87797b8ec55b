//! One request as several identities, exchanges of the history side by side, and a filter over a body.

use serde_json::json;

use crate::support::cli::Cli;
use crate::support::recorder::Recorder;

fn reply(status: &str, body: &str) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len());
    format!("{head}\r\n{body}").into_bytes()
}

fn scripted() -> Recorder {
    Recorder::scripted(
        vec![
            reply("200 OK", r#"{"id":1,"owner":"alice","token":"only-for-alice"}"#),
            reply("200 OK", r#"{"id":1,"owner":"alice","token":"only-for-bobby"}"#),
            reply("401 Unauthorized", r#"{"error":"no"}"#),
        ],
        true,
    )
}

fn workspace(recorder: &Recorder) -> Cli {
    let port = recorder.addr.port();
    Cli::new()
        .file(
            "lunette.toml",
            format!(
                "[workspace]\nname = \"w\"\n\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n\n[identity.alice]\n\
                 credential = \"bearer:env:A\"\n\n[identity.bob]\ncredential = \"bearer:env:B\"\n"
            ),
        )
        .env("A", "s3cret-of-alice")
        .env("B", "s3cret-of-bobby")
}

#[test]
fn one_request_goes_as_each_identity_and_as_nobody() {
    let recorder = scripted();
    let cli = workspace(&recorder);
    let url = recorder.url("/orders/1");
    let ran = cli.run(&[
        "send",
        "GET",
        &url,
        "-H",
        "Authorization: Bearer typed-by-hand",
        "--compare",
        "alice,bob,none",
        "--format",
        "json",
    ]);
    let doc = ran.ended(0).json("compare");
    let heard = recorder.requests(3, std::time::Duration::from_secs(20));
    let heard: Vec<String> = heard.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect();
    assert!(heard[0].contains("Authorization: Bearer s3cret-of-alice\r\n") && !heard[0].contains("typed-by-hand"));
    assert!(heard[1].contains("Authorization: Bearer s3cret-of-bobby\r\n"), "{}", heard[1]);
    assert!(!heard[2].contains("Authorization"), "{}", heard[2]);
    assert!(ran.err().contains("sent without Authorization"), "{}", ran.err());
    let names: Vec<_> = doc["sides"].as_array().expect("sides").iter().map(|s| &s["identity"]).collect();
    assert_eq!(names, [&json!("alice"), &json!("bob"), &json!("none")]);
    assert_eq!(doc["sides"][2]["exchange"]["response"]["status"], 401);
    let differences = doc["differences"].as_array().expect("differences");
    // The tokens differ, and are masked: that they do is told, and neither is.
    let token =
        differences.iter().find(|d| d["lines"][0].as_str().is_some_and(|l| l.contains("token"))).expect("a line");
    assert_eq!((&token["part"], &token["lines"][0]), (&json!("body"), &token["lines"][1]));
    for secret in ["only-for", "s3cret-of", "typed-by-hand"] {
        assert!(!ran.out().contains(secret) && !ran.err().contains(secret), "{secret}: {}", ran.out());
    }
    let table = cli.run(&["history", "diff", "1", "3"]);
    let out = table.ended(0).out();
    assert!(out.contains("-  no 1 GET /orders/1 as alice  200") && out.contains("+1 no 3 GET /orders/1  401"), "{out}");
    assert!(out.contains("-  HTTP/1.1 200 OK\n+1 HTTP/1.1 401 Unauthorized\n"), "{out}");
    // What was masked when it was kept has no hash: it would be of other bytes than those that left.
    for (id, masked) in [("1", true), ("3", false)] {
        let kept = cli.run(&["history", "show", id, "--format", "json"]);
        assert_eq!(kept.ended(0).json("exchange")["request"]["sha256"].is_null(), masked, "{id}");
    }
    let chosen = cli.run(&["history", "list", "--status", "4xx", "--format", "json"]);
    assert_eq!(chosen.ended(0).json("history")["entries"].as_array().expect("entries").len(), 1);
    for (method, n) in [("get", 3), ("POST", 0)] {
        let of = cli.run(&["history", "list", "--method", method, "--format", "json"]);
        assert_eq!(of.ended(0).json("history")["entries"].as_array().expect("entries").len(), n, "{method}");
    }
    assert!(
        cli.run(&["history", "diff", "1"]).ended(2).err().contains("values required"),
        "one has nothing to differ from"
    );
}

#[test]
fn who_cannot_be_compared_is_said_before_anything_is_sent() {
    let recorder = scripted();
    let cli = workspace(&recorder);
    let url = recorder.url("/");
    for (args, words) in [
        (vec!["--compare", "carol,none"], "there is no identity carol"),
        (vec!["--compare", "none"], "nobody to compare with"),
        (vec!["--compare", "alice", "--times", "2"], "cannot be used with"),
        (vec!["--compare", "x=bearer:"], "--compare"),
    ] {
        let ran = cli.run(&[&["send", "GET", &url], &args[..]].concat());
        assert!(ran.ended(2).err().contains(words), "{args:?}: {}", ran.err());
    }
    assert!(cli.run(&["history", "diff", "1", "2"]).ended(2).err().contains("no history here"));
    assert_eq!(recorder.requests(0, std::time::Duration::ZERO).len(), 0);
}

#[test]
fn a_filter_prints_what_it_finds_and_is_read_before_anything_is_sent() {
    let recorder = Recorder::scripted(
        vec![reply("200 OK", r#"{"items":[{"id":12345678901234567890123},{"id":2}],"token":"abcdefgh"}"#)],
        true,
    );
    let cli = Cli::new();
    let url = recorder.url("/");
    let send = |filter: &str, more: &[&str]| cli.run(&[&["send", "GET", &url, "--filter", filter], more].concat());
    assert!(send(".items[", &[]).ended(2).err().contains("--filter: this filter cannot be read at its end"));
    assert!(send("$.items[", &[]).ended(2).err().contains("this is no JSONPath"));
    assert_eq!(recorder.requests(0, std::time::Duration::ZERO).len(), 0);
    assert_eq!(send(".items[].id", &[]).ended(0).out(), "12345678901234567890123\n2\n");
}

#[test]
fn a_reply_is_held_against_what_is_declared() {
    let spec = r#"{"openapi": "3.0.3", "info": {"title": "t", "version": "1"}, "servers": [{"url": "https://api.test/v1"}],
        "paths": {"/orders/{id}": {"get": {"responses": {"200": {"description": "", "content": {"application/json":
        {"schema": {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}}}}}}}}}}"#;
    let wrong = reply("200 OK", r#"{"id":"7"}"#);
    let recorder = Recorder::scripted(
        vec![wrong.clone(), wrong, reply("202 Accepted", "{}"), reply("200 OK", r#"{"id":7}"#)],
        true,
    );
    let cli = Cli::new().file("api.json", spec).file("no.log", "1.2.3.4 - - [x] \"GET / HTTP/1.1\" 200 5\n");
    let send = |path: &str, more: &[&str]| {
        cli.run(&[&["send", "GET", &recorder.url(path), "--spec", "api.json"], more].concat())
    };
    let doc = send("/v1/orders/7", &["--format", "json"]).ended(0).json("exchange");
    assert_eq!(doc["declared"]["operation"], "GET /v1/orders/{id}");
    assert!(doc["declared"]["differs"][0].as_str().is_some_and(|d| d.starts_with("/id: ")), "{}", doc["declared"]);
    let out = send("/v1/orders/7", &[]).ended(0).out();
    assert!(out.contains("the reply is not what is declared\n  differs     /id: "), "{out}");
    let out = send("/v1/orders/7", &[]).ended(0).out();
    assert!(out.contains("differs     status 202 is not declared"), "{out}");
    assert!(send("/v1/orders/7", &[]).ended(0).out().contains("the reply is what is declared"));
    assert!(send("/other", &[]).ended(0).out().contains("spec      declares no such request"));
    for (file, words) in [("missing.json", "no such file"), ("no.log", "this is no specification")] {
        let ran = cli.run(&["send", "GET", &recorder.url("/"), "--spec", file]);
        assert!(ran.ended(2).err().contains(words), "{file}: {}", ran.err());
    }
}

#[test]
fn a_filter_works_on_what_may_be_shown_and_fails_with_its_words() {
    let body = reply("200 OK", r#"{"token":"abcdefgh-secret"}"#);
    let recorder = Recorder::scripted(vec![body; 4], true);
    let cli = Cli::new();
    let url = recorder.url("/");
    let send = |filter: &str, more: &[&str]| cli.run(&[&["send", "GET", &url, "--filter", filter], more].concat());
    assert_eq!(send(".token", &[]).ended(0).out(), "\"***\"\n");
    assert_eq!(send("$.token", &["--show"]).ended(0).out(), "\"abcdefgh-secret\"\n");
    let doc = send("keys", &["--format", "json"]).ended(0).json("found");
    assert_eq!((&doc["results"], &doc["cut"]), (&json!([["token"]]), &json!(null)));
    let failed = send(".token[0]", &[]);
    assert!(
        failed.ended(2).err().contains("--filter: the filter fails") && failed.out().is_empty(),
        "{}",
        failed.err()
    );
}
