//! Redirects, hop by hop, and the cookies that go along.

use std::time::Duration;

use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::recorder::{OK, Recorder};

fn leads(status: u16, to: &str, more: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Go\r\nLocation: {to}\r\n{more}Content-Length: 0\r\n\r\n").into_bytes()
}

fn heard(recorder: &Recorder, count: usize) -> Vec<String> {
    let requests = recorder.requests(count, Duration::from_secs(20));
    assert_eq!(requests.len(), count);
    requests.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect()
}

fn told(doc: &Value) -> String {
    let altered = doc["request"]["altered"].as_array().expect("a list");
    altered
        .iter()
        .map(|a| format!("{}: {}", a["by"].as_str().unwrap_or_default(), a["what"].as_str().unwrap_or_default()))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn credentials_are_kept_only_where_something_is_followed() {
    Cli::new().run(&["send", "GET", "http://127.0.0.1:1/", "--keep-credentials"]).usage(&["--follow"]);
    Cli::new().run(&["send", "GET", "http://127.0.0.1:1/", "--follow", "101"]).usage(&["101"]);
}

#[test]
fn no_redirect_is_followed_unasked() {
    let recorder = Recorder::scripted(vec![leads(302, "/next", "")], true);
    let doc = Cli::new().run(&["send", "GET", &recorder.url("/"), "--format", "json"]).ended(0).json("exchange");
    assert_eq!((&doc["response"]["status"], &doc["hops"]), (&302.into(), &serde_json::json!([])));
    heard(&recorder, 1);
}

#[test]
fn each_hop_is_an_exchange_and_what_a_redirect_changes_is_told() {
    let set = "Set-Cookie: sid=c00kievalue; Path=/\r\nSet-Cookie: other=1; Path=/elsewhere\r\n";
    let recorder =
        Recorder::scripted(vec![leads(302, "next/../%2e?q", set), leads(307, "/end", ""), OK.to_vec()], true);
    let url = recorder.url("/a/b");
    let typed = [
        "send",
        "POST",
        &url,
        "-d",
        "hello",
        "-H",
        "Authorization: Bearer t0kenvalue",
        "-H",
        "Content-Type: text/plain",
        "-H",
        "Cookie: theme=dark; sid=old",
    ];
    let cli = Cli::new();
    let ran = cli.run(&[&typed[..], &["--follow", "5", "--format", "json"]].concat());
    let doc = ran.ended(0).json("exchange");
    assert!(!ran.out().contains("c00kievalue") && !ran.out().contains("t0kenvalue"));
    assert_eq!((&doc["response"]["status"], &doc["request"]["target"]), (&200.into(), &"/end".into()));
    let hops = doc["hops"].as_array().expect("hops");
    let statuses: Vec<&Value> = hops.iter().map(|h| &h["response"]["status"]).collect();
    assert_eq!(statuses, [302, 307]);
    assert_eq!(hops[1]["request"]["target"], "/a/next/../%2e?q");
    assert!(told(&hops[1]).contains("redirect: POST becomes GET without a body (302)"), "{}", told(&hops[1]));
    assert!(told(&hops[1]).contains("cookies: Cookie has sid of the jar"), "{}", told(&hops[1]));
    let again = Recorder::scripted(vec![leads(302, "/end", ""), OK.to_vec()], true);
    let shown = cli.run(&["send", "GET", &again.url("/a"), "--follow", "5"]);
    assert!(shown.ended(0).out().contains(&format!("GET {}   302 to /end\n", again.url("/a"))), "{}", shown.out());
    let heard = heard(&recorder, 3);
    assert!(heard[0].starts_with("POST /a/b HTTP/1.1\r\n") && heard[0].ends_with("hello"));
    assert!(heard[1].starts_with("GET /a/next/../%2e?q HTTP/1.1\r\n") && !heard[1].contains("Content-Type"));
    for request in &heard[1..] {
        assert!(
            request.contains("Authorization: Bearer t0kenvalue")
                && request.contains("Cookie: theme=dark; sid=c00kievalue\r\n"),
            "{request}"
        );
    }
}

#[test]
fn credentials_stay_where_they_were_typed_for() {
    for keep in [false, true] {
        let other = Recorder::start();
        let first = Recorder::scripted(vec![leads(307, &other.url("/x"), "Set-Cookie: sid=1; Path=/\r\n")], true);
        let url = first.url("/");
        let allow = other.addr.to_string();
        let mut typed = vec![
            "send",
            "POST",
            &url,
            "-d",
            "hello",
            "-H",
            "X-Api-Key: k3yvalue",
            "-H",
            "Cookie: a=1",
            "-H",
            "Accept: text/x",
            "--follow",
            "1",
            "--allow",
            &allow,
            "--format",
            "json",
        ];
        typed.extend(keep.then_some("--keep-credentials"));
        let doc = Cli::new().run(&typed).ended(0).json("exchange");
        assert_eq!(doc["response"]["status"], 200);
        let heard = &heard(&other, 1)[0];
        assert!(heard.contains("Accept: text/x") && heard.ends_with("hello"), "{heard}");
        assert_eq!(heard.contains("X-Api-Key") && heard.contains("Cookie: a=1"), keep, "{heard}");
        // Ports do not part cookies (RFC 6265 section 8.5), so what the first host set goes to the second on one host.
        assert_eq!(told(&doc).contains("X-Api-Key is left out"), !keep, "{}", told(&doc));
        assert!(told(&doc).contains("another origin"));
    }
    let other = Recorder::start();
    let first = Recorder::scripted(vec![leads(308, &other.url("/x"), "")], true);
    let ran = Cli::new().run(&[
        "send",
        "POST",
        &first.url("/"),
        "-d",
        "password=hunter22",
        "--follow",
        "1",
        "--allow",
        &other.addr.to_string(),
    ]);
    ran.ended(0).says(&["the body that would go there holds a secret", "--keep-credentials"]);
    assert!(other.heard().is_empty());
}

#[test]
fn a_redirect_out_of_scope_ends_there_and_the_hop_is_kept() {
    let other = Recorder::start();
    for to in [other.url("/x"), "http://169.254.169.254/latest/".to_owned(), "http://localhost:1/".to_owned()] {
        let first = Recorder::scripted(vec![leads(302, &to, "")], true);
        let ran = Cli::new().run(&["send", "GET", &first.url("/"), "--follow", "3", "--format", "json"]);
        let doc = ran.ended(3).says(&["prepare: ", "not in scope"]).json("exchange");
        assert_eq!((&doc["error"]["kind"], &doc["hops"][0]["response"]["status"]), (&"scope".into(), &302.into()));
    }
    assert!(other.heard().is_empty());
}

#[test]
fn loops_and_limits_and_places_that_are_none_end_with_the_reason() {
    for (replies, follow, hops, words) in [
        (vec![leads(302, "/b", ""), leads(302, "/a", "")], "9", 1, "stopped at a loop: "),
        (vec![leads(301, "/b", ""), leads(301, "/c", ""), leads(301, "/d", "")], "2", 2, "stopped after 2 redirects"),
        (vec![leads(302, "ftp://h/", "")], "9", 0, "ftp is not a scheme"),
        (vec![b"HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n".to_vec()], "9", 0, "has no Location"),
        (vec![leads(302, "http://a b/", "")], "9", 0, "not followed"),
    ] {
        let recorder = Recorder::scripted(replies, true);
        let ran = Cli::new().run(&["send", "GET", &recorder.url("/a"), "--follow", follow, "--format", "json"]);
        let doc = ran.ended(0).says(&[words]).json("exchange");
        assert_eq!(doc["hops"].as_array().map(Vec::len), Some(hops), "{words}");
    }
}
