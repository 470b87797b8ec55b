//! `lunette send`: what was typed is what is sent, and the document says exactly what that was.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::recorder::{OK, Recorder};

const PATIENCE: Duration = Duration::from_secs(20);
const AGENT: &str = concat!("lunette/", env!("CARGO_PKG_VERSION"));

fn base64(value: &Value) -> Vec<u8> {
    STANDARD.decode(value.as_str().expect("text")).expect("base64")
}

/// SHA-256 in hexadecimal, by a library that the sender does not hash with.
fn sha256(bytes: &[u8]) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::new(), |all, b| all + &format!("{b:02x}"))
}

#[test]
fn odd_targets_arrive_byte_for_byte() {
    let recorder = Recorder::start();
    let cli = Cli::new();
    let targets = [
        "/",
        "/a/../b",
        "/a/./b",
        "/%2e%2e/x",
        "/%2E%2e/X",
        "//x",
        "/a//b/?x=a%20b",
        "/%zz%",
        "/a\\b",
        "/caf\u{e9}",
        "/;x=1?q=%0d%0a",
        "/?",
        "/?a=1&a=2&&=",
        "/a?b?c=/../d",
        "/{id}",
        "/a:b@c",
        "/+%2b~",
    ];
    for (i, target) in targets.iter().enumerate() {
        let ran = cli.run(&["send", "GET", &recorder.url(target), "--as-is", "--format", "json", "--show"]);
        let doc = ran.ended(0).json("exchange");
        let wanted = format!("GET {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: {AGENT}\r\n\r\n", recorder.addr);
        let heard = recorder.requests(i + 1, PATIENCE);
        assert_eq!(String::from_utf8_lossy(&heard[i]), wanted);
        assert_eq!(base64(&doc["request"]["sent_bytes_base64"]), heard[i], "{target}");
        assert_eq!(doc["request"]["sha256"], sha256(&heard[i]));
        assert_eq!(doc["request"]["target"], *target);
        assert_eq!(doc["request"]["altered"], serde_json::json!([]));
    }
}

#[test]
fn a_target_apart_from_the_url_replaces_its_path() {
    let recorder = Recorder::start();
    let cli = Cli::new();
    for (i, target) in ["*", "/../../etc/passwd", "/a?b"].iter().enumerate() {
        let ran = cli.run(&["send", "OPTIONS", &recorder.url("/ignored"), "--target", target]);
        ran.ended(0);
        let heard = recorder.requests(i + 1, PATIENCE);
        assert!(heard[i].starts_with(format!("OPTIONS {target} HTTP/1.1\r\n").as_bytes()), "{target}");
    }
}

#[test]
fn methods_headers_and_bodies_arrive_as_typed() {
    let recorder = Recorder::start();
    let host = recorder.addr.to_string();
    let cli = Cli::new().file("body.bin", b"\x00\xff\r\n\r\nbinary");
    let cases: [(&[&str], &[&str], &[u8]); 8] = [
        (&["get"], &["get / HTTP/1.1", "Host: {}", "User-Agent: {agent}"], b""),
        (&["PROPFIND"], &["PROPFIND / HTTP/1.1", "Host: {}", "User-Agent: {agent}"], b""),
        (&["M-SEARCH"], &["M-SEARCH / HTTP/1.1", "Host: {}", "User-Agent: {agent}"], b""),
        (
            &["GET", "-H", "X-One: 1", "-H", "X-One: 2", "-H", "Accept: a, b;q=0.1"],
            &["GET / HTTP/1.1", "Host: {}", "X-One: 1", "X-One: 2", "Accept: a, b;q=0.1", "User-Agent: {agent}"],
            b"",
        ),
        (
            // All in lower case: what lunette adds follows.
            &["GET", "-H", "accept: x", "-H", "x-a: 1"],
            &["GET / HTTP/1.1", "host: {}", "accept: x", "x-a: 1", "user-agent: {agent}"],
            b"",
        ),
        (
            &["GET", "-H", "Host: other.test", "-H", "User-Agent: me"],
            &["GET / HTTP/1.1", "Host: other.test", "User-Agent: me"],
            b"",
        ),
        (
            &["POST", "-d", "{\"a\":  1}"],
            &["POST / HTTP/1.1", "Host: {}", "User-Agent: {agent}", "Content-Length: 9"],
            b"{\"a\":  1}",
        ),
        (
            &["PUT", "-d", "@body.bin", "-H", "content-type: x/y"],
            &["PUT / HTTP/1.1", "host: {}", "content-type: x/y", "user-agent: {agent}", "content-length: 12"],
            b"\x00\xff\r\n\r\nbinary",
        ),
    ];
    let mut count = 0;
    for (typed, lines, body) in cases {
        let url = recorder.url("/");
        let mut arguments = vec!["send", typed[0], &url];
        arguments.extend(&typed[1..]);
        cli.run(&arguments).ended(0);
        count += 1;
        let mut wanted = lines.join("\r\n").replace("{}", &host).replace("{agent}", AGENT).into_bytes();
        wanted.extend_from_slice(b"\r\n\r\n");
        wanted.extend_from_slice(body);
        let heard = recorder.requests(count, PATIENCE);
        let shown = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        assert_eq!(shown(&heard[count - 1]), shown(&wanted), "{typed:?}");
    }
}

#[test]
fn a_header_value_keeps_its_bytes() {
    let recorder = Recorder::start();
    let ran =
        Cli::new().run(&["send", "GET", &recorder.url("/"), "-H", "X-Empty:", "-H", "X-Name: caf\u{e9} \"q\"\t;"]);
    ran.ended(0);
    let heard = recorder.requests(1, PATIENCE);
    let text = String::from_utf8_lossy(&heard[0]);
    assert!(text.contains("\r\nX-Empty: \r\n") || text.contains("\r\nX-Empty:\r\n"), "{text}");
    assert!(text.contains("\r\nX-Name: caf\u{e9} \"q\"\t;\r\n"), "{text}");
}

#[test]
fn names_that_cannot_keep_their_case_are_said_to_be_altered() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let ran = Cli::new().run(&["send", "GET", &url, "-H", "X-CSRF-Token: 1", "-H", "accept: x", "--format", "json"]);
    let altered = ran.ended(0).json("exchange")["request"]["altered"].to_string();
    assert!(altered.contains("X-CSRF-Token is written X-Csrf-Token"), "{altered}");
    assert!(altered.contains("accept is written Accept"), "{altered}");
}

#[test]
fn what_this_sender_cannot_send_as_typed_is_not_sent() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let cli = Cli::new();
    let cases: [(&[&str], &str); 10] = [
        (&["GET", "--target", "/a b"], "the target /a b"),
        (&["GET", "--target", "/|^`\"<>"], "the target /|^`\"<>"),
        // What is secret is masked here too.
        (&["GET", "--target", "/a b?api_key=s3cret"], "the target /a b?api_key="),
        (&["GET", "-H", "Authorization: Bearer s3cret\x01"], "authorization holds a control byte"),
        (&["GET", "--target", "nothing"], "does not begin with a slash"),
        (&["G T"], "is not an HTTP token"),
        (&["GET", "-H", "X: a\r\nY: b"], "control byte"),
        (&["GET", "-H", "X Y: b"], "header name"),
        (&["POST", "-H", "Content-Length: 5", "-d", "{}"], "the body has 2 bytes"),
        (&["POST", "-H", "Transfer-Encoding: chunked", "-d", "{}"], "Transfer-Encoding"),
    ];
    for (typed, why) in cases {
        let mut arguments = vec!["send", typed[0], &url];
        arguments.extend(&typed[1..]);
        let ran = cli.run(&arguments);
        assert!(!ran.err().contains("s3cret"), "{}", ran.err());
        ran.usage(&["prepare: ", "cannot be sent as typed", why, "nothing was sent"]);
        arguments.extend(["--format", "json"]);
        cli.run(&arguments).usage(&[why]);
    }
    assert!(recorder.heard().is_empty(), "no connection was opened");
}

#[test]
fn the_document_masks_secrets_unless_it_is_told_to_show_them() {
    let reply = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=s3cret-sid; Secure\r\nContent-Type: application/json\r\n\
        Content-Length: 32\r\n\r\n{\"access_token\": \"s3cret-reply\"}";
    let recorder = Recorder::scripted(vec![reply.to_vec()], true);
    let url = recorder.url("/x?api_key=s3cret-query");
    let body = r#"{"password": "s3cret-body"}"#;
    let typed = ["send", "POST", &url, "-H", "Authorization: Bearer s3cret-header", "-d", body];
    let cli = Cli::new();
    let run = |more: &[&str]| cli.run(&typed.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>());
    let masked = run(&["--format", "json"]).ended(0).json("exchange");
    let shown = run(&["--format", "json", "--show"]).ended(0).json("exchange");
    assert_eq!((&masked["masked"], &shown["masked"]), (&Value::Bool(true), &Value::Bool(false)));
    let heard = recorder.requests(2, PATIENCE);
    assert_eq!(base64(&shown["request"]["sent_bytes_base64"]), heard[1]);
    assert_eq!(masked["request"]["sha256"], sha256(&heard[0]), "the hash is over the real bytes");
    let everything = |doc: &Value| {
        let mut text = doc.to_string();
        for part in
            [&doc["request"]["sent_bytes_base64"], &doc["request"]["body_base64"], &doc["response"]["body_base64"]]
        {
            text.push_str(&String::from_utf8_lossy(&base64(part)));
        }
        text
    };
    assert!(!everything(&masked).contains("s3cret"), "{}", everything(&masked));
    for word in ["s3cret-header", "s3cret-query", "s3cret-body", "s3cret-reply", "s3cret-sid"] {
        assert!(everything(&shown).contains(word), "{word}");
    }
    let table = run(&[]);
    assert!(!table.ended(0).out().contains("s3cret"), "{}", table.out());
    assert!(run(&["--show"]).out().contains("s3cret-reply"));
}

#[test]
fn every_field_of_the_contract_is_there() {
    let recorder = Recorder::start();
    let doc = Cli::new().run(&["send", "GET", &recorder.url("/"), "--format", "json"]).ended(0).json("exchange");
    for (part, fields) in [
        (
            "/request",
            &["method", "target", "headers", "body_base64", "sent_bytes_base64", "sha256", "sender", "altered"][..],
        ),
        (
            "/response",
            &["version", "status", "reason", "headers", "body_base64", "truncated", "wire_bytes", "decoded_bytes"],
        ),
        ("/phases_ms", &["dns", "connect", "tls", "send", "wait", "receive", "total"]),
        ("/connection", &["remote", "local", "alpn", "reused", "proxy"]),
        ("/grade", &["headers", "tls"]),
        ("", &["tls", "hops", "identity", "error"]),
    ] {
        let value = doc.pointer(part).expect("a part");
        for field in fields {
            assert!(value.get(field).is_some(), "{field} in {part}");
        }
    }
    assert_eq!(doc["request"]["sender"], "hyper");
    assert_eq!(doc["connection"]["remote"], recorder.addr.to_string());
    assert_eq!((&doc["phases_ms"]["dns"], &doc["phases_ms"]["tls"]), (&Value::Null, &Value::Null));
    for phase in ["connect", "send", "wait", "receive", "total"] {
        assert!(doc["phases_ms"][phase].as_f64().is_some_and(|ms| ms >= 0.0), "{phase}");
    }
    assert_eq!(base64(&doc["response"]["body_base64"]), b"{}");
}

#[test]
fn any_status_is_a_result() {
    for status in ["404 Not Found", "500 Oh", "302 Found\r\nLocation: http://169.254.169.254/"] {
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        let recorder = Recorder::scripted(vec![reply.into_bytes(), OK.to_vec()], true);
        let ran = Cli::new().run(&["send", "GET", &recorder.url("/"), "--format", "json"]);
        let doc = ran.ended(0).json("exchange");
        assert_eq!(doc["response"]["status"].to_string(), status[..3]);
        assert_eq!(doc["hops"], serde_json::json!([]), "no redirect is followed unless asked");
        assert_eq!(ran.err(), "");
    }
}
