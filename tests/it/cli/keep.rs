//! Exchanges and requests as files of other programs, and back: HAR, `.http`, curl, Markdown, Postman; and what is sent again.

use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::recorder::{OK, Recorder};

const PATIENCE: Duration = Duration::from_secs(20);

fn workspace(recorder: &Recorder) -> Cli {
    let port = recorder.addr.port();
    Cli::new().env("ALICE", "t0ken-of-alice").file(
        "lunette.toml",
        format!(
            "[workspace]\nname = \"x\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n\
             [identity.alice]\ncredential = \"bearer:env:ALICE\"\n[env.here]\nbase = \"http://127.0.0.1:{port}\"\n"
        ),
    )
}

fn sent(recorder: &Recorder, n: usize) -> Vec<u8> {
    recorder.requests(n, PATIENCE).remove(n - 1)
}

#[test]
fn an_exchange_that_is_exported_as_har_is_sent_again_byte_for_byte() {
    let recorder = Recorder::start();
    let (url, cli) = (recorder.url("/a/../b?x=1%202&y"), Cli::new());
    let ran = cli.run(&[
        "send",
        "POST",
        &url,
        "-H",
        "X-CaSe: 1",
        "-H",
        "Cookie: a=b",
        "-d",
        "{\"n\": 1}",
        "--export",
        "har",
        "--show",
    ]);
    let har: Value = serde_json::from_str(&ran.ended(0).out()).expect("a HAR");
    assert_eq!(har["log"]["entries"][0]["request"]["queryString"][1]["name"], "y");
    assert_eq!(har["log"]["entries"][0]["response"]["status"], 200);
    let cli = cli.file("x.har", ran.stdout.as_slice());
    let listed = cli.run(&["inventory", "x.har", "--format", "json"]).ended(0).json("inventory");
    assert_eq!(listed["endpoints"].as_array().map(Vec::len), Some(1), "{listed}");
    cli.run(&["send", "--import", "x.har"]).ended(3);
    cli.run(&["send", "--import", "x.har#1", "--allow", "127.0.0.1"]).ended(0);
    assert_eq!(String::from_utf8_lossy(&sent(&recorder, 1)), String::from_utf8_lossy(&sent(&recorder, 2)));
    let masked = cli.run(&["send", "GET", &url, "-H", "Cookie: sid=s3cret-cookie", "--export", "har"]).ended(0).out();
    assert!(!masked.contains("s3cret") && masked.contains("***"), "{masked}");
}

#[test]
fn what_the_history_kept_is_exported_as_each_of_them_and_no_file_is_written_over() {
    let recorder = Recorder::scripted(vec![OK.to_vec()], true);
    let cli = workspace(&recorder);
    cli.run(&[
        "send",
        "POST",
        &recorder.url("/o?token=s3cret-in-url"),
        "--identity",
        "alice",
        "-d",
        "{\"password\": \"s3cret-word\"}",
    ])
    .ended(0);
    let export = |more: &[&str]| cli.run(&[&["history", "export", "1"], more].concat());
    for (to, words) in [
        ("har", "\"creator\""),
        ("http", "# @identity alice\nPOST http://127.0.0.1:"),
        ("curl", "curl -g --path-as-is"),
        ("markdown", "| as | alice |"),
    ] {
        let text = export(&["--as", to]).ended(0).out();
        assert!(text.contains(words), "{to}: {text}");
        assert!(!text.contains("s3cret") && !text.contains("t0ken-of"), "{to}: {text}");
    }
    export(&["--as", "http", "-o", "order.http"]).ended(0);
    let mode = std::fs::metadata(cli.path("order.http")).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    export(&["--as", "http", "-o", "order.http"]).usage(&["order.http: it is there already", "--replace"]);
    let document =
        export(&["--as", "http", "-o", "order.http", "--replace", "--format", "json"]).ended(0).json("export");
    assert_eq!((&document["kind"], &document["file"]), (&"http".into(), &"order.http".into()));
    let document = export(&["--as", "markdown", "--format", "json"]).ended(0).json("export");
    assert!(document["text"].as_str().is_some_and(|t| t.starts_with("# POST ")), "{document}");
    let har: Value = serde_json::from_str(&export(&["--as", "har", "--format", "json"]).ended(0).out()).expect("a HAR");
    assert_eq!(har["log"]["version"], "1.2", "an archive is a document itself");
    // What was masked is a variable now, and a run with its values sends what was sent.
    let set = ["--set", "url-secret=s3cret-in-url", "--set", "body-secret=s3cret-word"];
    cli.run(&[&["run", "order.http"], &set[..]].concat()).ended(0);
    assert_eq!(String::from_utf8_lossy(&sent(&recorder, 1)), String::from_utf8_lossy(&sent(&recorder, 2)));
    cli.run(&["history", "export", "99", "--as", "har"]).ended(2);
}

#[test]
fn a_body_that_no_text_file_holds_lies_beside_it() {
    let recorder = Recorder::start();
    let cli = workspace(&recorder).file("body.bin", b"\xff\0### x\n");
    cli.run(&["send", "PUT", &recorder.url("/f"), "-d", "@body.bin"]).ended(0);
    let ran = cli.run(&["history", "export", "1", "--as", "http", "-o", "put.http"]);
    assert!(ran.ended(0).err().contains("it is in put.body"), "{}", ran.err());
    cli.run(&["run", "put.http"]).ended(0);
    assert_eq!(sent(&recorder, 1), sent(&recorder, 2));
}

#[test]
fn a_request_is_imported_from_a_text_file_and_from_a_collection() {
    let recorder = Recorder::start();
    let base = recorder.url("");
    let postman = format!(
        r#"{{"info": {{"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}},
        "variable": [{{"key": "base", "value": "{base}"}}], "auth": {{"type": "bearer", "bearer": [{{"key": "token", "value": "t0ken-of-postman"}}]}},
        "item": [{{"name": "orders", "item": [{{"name": "get", "request": {{"method": "GET", "url": "{{{{base}}}}/orders/:id",
        "header": [{{"key": "X-A", "value": "1"}}]}}}}]}}]}}"#
    );
    let cli = workspace(&recorder)
        .file(
            "all.http",
            "@base = http://nowhere.test\n### one\nGET {{base}}/1\n### two\n# @identity alice\nDELETE {{base}}/2\n",
        )
        .file("p.json", postman);
    cli.run(&["send", "--import", "all.http#two", "--env", "here"]).ended(0);
    let two = String::from_utf8(sent(&recorder, 1)).expect("text");
    assert!(two.starts_with("DELETE /2 HTTP/1.1\r\n") && two.contains("Bearer t0ken-of-alice\r\n"), "{two}");
    cli.run(&["send", "--import", "p.json#get"]).ended(0);
    let get = String::from_utf8(sent(&recorder, 2)).expect("text");
    assert!(get.starts_with("GET /orders/:id HTTP/1.1\r\n") && get.contains("Bearer t0ken-of-postman\r\n"), "{get}");
    let as_alice = cli.run(&["send", "--import", "p.json#1", "--identity", "alice"]);
    assert!(as_alice.ended(0).err().contains("Authorization of the file is left out"), "{}", as_alice.err());
    assert!(String::from_utf8(sent(&recorder, 3)).expect("text").contains("Bearer t0ken-of-alice\r\n"));
    cli.run(&["send", "--import", "all.http"]).usage(&["all.http: it holds 2 requests; choose one: #1 one, #2 two"]);
    cli.run(&["send", "--import", "none.har#1"]).usage(&["none.har", "no such file"]);
    cli.run(&["send", "GET", &base, "--import", "all.http"]).usage(&["cannot be used with"]);
}

#[test]
fn a_raw_request_of_the_history_goes_byte_for_byte_or_not_at_all() {
    let recorder = Recorder::start();
    let raw: &[u8] = b"GET  /odd HTTP/1.1\r\nHost:h\r\nX : 1\r\n  folded\r\n\r\n";
    let secret: &[u8] = b"GET /x HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer s3cret-bytes\r\n\r\n";
    let cli = workspace(&recorder).file("raw.bin", raw).file("secret.bin", secret);
    cli.run(&["send", &recorder.url("/"), "--raw", "raw.bin"]).ended(0);
    cli.run(&["history", "send", "1"]).ended(0);
    assert_eq!((sent(&recorder, 1), sent(&recorder, 2)), (raw.to_vec(), raw.to_vec()));
    cli.run(&["send", &recorder.url("/"), "--raw", "secret.bin"]).ended(0);
    cli.run(&["history", "send", "3"]).usage(&["exchange 3: it was sent as whole bytes", "the vault", "--raw"]);
    assert_eq!(recorder.requests(3, PATIENCE).len(), 3, "what was masked was not sent");
}
