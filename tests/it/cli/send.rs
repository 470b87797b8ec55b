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
fn what_hyper_would_change_or_refuse_goes_raw_with_the_reason() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let cli = Cli::new();
    let cases: [(&[&str], &str, &str); 11] = [
        (&["GET", "-H", "X-CSRF-Token: 1", "-H", "accept: x"], "X-CSRF-Token: 1\r\naccept: x\r\n", "another case"),
        (&["GET", "-H", "A: 1", "-H", "B: 2", "-H", "A: 3"], "A: 1\r\nB: 2\r\nA: 3\r\n", "stand apart"),
        (&["GET", "--target", "/a b"], "GET /a b HTTP/1.1\r\n", "the target /a b"),
        (&["GET", "--target", "/|^`\"<>"], "GET /|^`\"<> HTTP/1.1\r\n", "the target /|^`\"<>"),
        // What is secret is masked in the reason.
        (&["GET", "--target", "/a b?api_key=s3cret"], "GET /a b?api_key=s3cret HTTP/1.1", "the target /a b?api_key="),
        (&["GET", "-H", "Authorization: Bearer s3cret\x01"], "Bearer s3cret\x01\r\n", "holds a control byte"),
        (&["GET", "--target", "nothing"], "GET nothing HTTP/1.1\r\n", "does not begin with a slash"),
        (&["G T"], "G T / HTTP/1.1\r\n", "is not an HTTP token"),
        (&["GET", "-H", "X: a\r\n b"], "X: a\r\n b\r\n", "control byte"),
        (&["GET", "-H", "X Y: b"], "X Y: b\r\n", "header name"),
        (
            &["POST", "-H", "Transfer-Encoding: chunked", "-d", "2\r\nab\r\n0\r\n\r\n"],
            "2\r\nab\r\n0\r\n\r\n",
            "Transfer-Encoding",
        ),
    ];
    for (i, (typed, bytes, why)) in cases.into_iter().enumerate() {
        let mut arguments = vec!["send", typed[0], &url, "--format", "json"];
        arguments.extend(&typed[1..]);
        let ran = cli.run(&arguments);
        assert!(!ran.out().contains("s3cret"), "{}", ran.out());
        let doc = ran.ended(0).json("exchange");
        assert_eq!((&doc["request"]["sender"], &doc["request"]["altered"]), (&"raw".into(), &serde_json::json!([])));
        let reason = doc["request"]["sender_reason"].as_str().expect("a reason").to_owned();
        assert!(reason.contains(why), "{reason}");
        let heard = recorder.requests(i + 1, PATIENCE);
        assert!(String::from_utf8_lossy(&heard[i]).contains(bytes), "{typed:?}: {heard:?}");
        assert_eq!(doc["request"]["sha256"], sha256(&heard[i]), "{typed:?}");
    }
    // HTTP/2 is never left for HTTP/1.1 in silence.
    let before = recorder.heard().len();
    for typed in [&["GET", "--target", "/a b"][..], &["G T"]] {
        let mut arguments = vec!["send", typed[0], &url, "--http", "2"];
        arguments.extend(&typed[1..]);
        cli.run(&arguments).usage(&["prepare: ", "leave out --http 2", "nothing was sent"]);
    }
    assert_eq!(recorder.heard().len(), before, "no connection was opened");
}

#[test]
fn a_whole_request_is_sent_as_its_bytes_and_nothing_is_added() {
    let recorder = Recorder::start();
    let bytes: &[&[u8]] = &[
        b"GET /a\x00\xff b HTTP/1.0\nhOST: x\nHost: y\n\n",
        b"POST / HTTP/1.1\r\nContent-Length: 3\r\nX: a\r\n b\r\n\r\nabc",
    ];
    let mut cli = Cli::new();
    for (i, b) in bytes.iter().enumerate() {
        cli = cli.file(&format!("{i}.bin"), b);
    }
    let url = recorder.url("/ignored");
    for (i, b) in bytes.iter().enumerate() {
        let name = format!("{i}.bin");
        let doc = cli.run(&["send", &url, "--raw", &name, "--format", "json"]).ended(0).json("exchange");
        assert_eq!(recorder.requests(i + 1, PATIENCE)[i], *b);
        assert_eq!((&doc["request"]["raw"], &doc["request"]["sender"]), (&Value::Bool(true), &"raw".into()));
        assert_eq!(doc["request"]["sha256"], sha256(b));
    }
    cli.run(&["send", &url, "--raw", "0.bin", "-H", "A: b"]).usage(&["--raw"]);
    cli.run(&["send", &url, "--raw", "0.bin", "--http", "2"]).usage(&["leave out --http 2"]);
    cli.run(&["send", &url, "--raw", "none.bin"]).usage(&["none.bin"]);
    cli.run(&["send", "--raw", "0.bin"]).usage(&["URL"]);
    let identity = ["send", "--quiet", &url, "--raw", "0.bin", "--identity", "a=header:X-Key:v4lue"];
    cli.run(&identity).usage(&["the identity adds X-Key", "nothing is added"]);
    // Several requests in the bytes of one are several; read-only takes none that could hide.
    let ran = cli.run(&["send", &url, "--raw", "1.bin", "--read-only"]);
    ran.ended(3);
    let two = b"GET / HTTP/1.1\r\nHost: h\r\n\r\nDELETE / HTTP/1.1\r\nHost: h\r\n\r\n";
    let cli = cli.file("two.bin", two);
    cli.run(&["send", &url, "--raw", "two.bin", "--read-only"]).ended(3);
    let doc = cli.run(&["send", "GET", &url, "--raw", "two.bin", "--format", "json"]).ended(0).json("exchange");
    assert_eq!(doc["more"].as_array().map(Vec::len), Some(1), "pipelining shows every reply");
    assert_eq!(doc["oddities"], serde_json::json!([]));
}

#[test]
fn explain_says_what_would_be_sent_and_sends_nothing() {
    let recorder = Recorder::start();
    let cli = Cli::new();
    let url = recorder.url("/x?api_key=s3cret");
    let ran = cli.run(&["send", "GET", &url, "-H", "xA: 1", "--explain", "--offline", "--format", "json"]);
    let doc = ran.ended(0).json("explanation");
    assert_eq!((&doc["sender"], &doc["sent"], &doc["refused"]), (&"raw".into(), &Value::Bool(false), &Value::Null));
    assert!(doc["sender_reason"].as_str().is_some_and(|r| r.contains("xA")));
    assert!(!String::from_utf8_lossy(&base64(&doc["request"]["http1_bytes_base64"])).contains("s3cret"));
    let text = cli.run(&["send", "GET", "https://api.test/", "-H", "X-A: 1", "--explain"]);
    let text = text.ended(0).out();
    assert!(
        text.contains("nothing was sent") && text.contains("X-A is sent in lower case   (on HTTP/2, by the protocol)"),
        "{text}"
    );
    assert!(recorder.heard().is_empty());
}

#[test]
fn requests_are_sent_together_in_sequence_or_at_one_instant() {
    let recorder = Recorder::start();
    let url = recorder.url("/redeem");
    let file = format!("POST {url}\n\ncode=1\n\n###\nGET {url}\nX-CaSe: 1\n");
    let cli = Cli::new().file("race.http", file.as_bytes());
    let run = |more: &[&str], connections: usize, sender: &str| {
        let before = recorder.heard().len();
        let ran = cli.run(&[&["send"], more, &["--format", "json"]].concat());
        let doc = ran.ended(0).json("exchanges");
        assert_eq!(recorder.heard().len() - before, connections, "{more:?}");
        for x in doc["exchanges"].as_array().expect("a list") {
            assert_eq!((&x["response"]["status"], &x["request"]["sender"]), (&200.into(), &sender.into()), "{more:?}");
        }
        doc
    };
    let doc = run(&["GET", &url, "--times", "5"], 1, "hyper");
    assert_eq!((&doc["group"]["how"], doc["exchanges"].as_array().map(Vec::len)), (&"sequence".into(), Some(5)));
    let doc = run(&["POST", &url, "-d", "code=1", "--times", "5", "--parallel"], 5, "raw");
    assert!(doc["group"]["spread_ms"].as_f64().is_some_and(|ms| ms > 0.0));
    let scope = recorder.addr.to_string();
    run(&["--group", "race.http", "--allow", &scope], 1, "raw");
    run(&["--group", "race.http", "--allow", &scope, "--parallel"], 2, "raw");
    cli.run(&["send", "--group", "race.http"]).ended(3);
    cli.run(&["send", "GET", &url, "--parallel"]).usage(&["--times"]);
    cli.run(&["send", "GET", &url, "--times", "0"]).usage(&["--times"]);
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

#[test]
fn what_cannot_go_is_said_and_what_is_odd_goes() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let cli = Cli::new().file("cert.pem", "no certificate");
    // Odd, and yet what was typed.
    let method = "M".repeat(10 << 10);
    cli.run(&["send", &method, &url]).ended(0);
    assert!(recorder.requests(1, PATIENCE)[0].starts_with(method.as_bytes()));
    let folded = cli.run(&["send", "GET", &url, "-H", "A: b\r\n c", "--format", "json"]).ended(0).json("exchange");
    assert!(
        folded["request"]["sender_reason"].as_str().is_some_and(|r| r.contains("the value of A holds a control byte"))
    );
    let sent = recorder.requests(2, PATIENCE);
    assert!(memchr::memmem::find(&sent[1], b"\r\nA: b\r\n c\r\n").is_some());
    // What is not there, before anything leaves.
    cli.run(&["send", "POST", &url, "-d", "@none.json"]).usage(&["none.json", "no such file"]);
    cli.run(&["send", "GET", &url, "--cert", "cert.pem"]).usage(&["cert.pem", "no certificate in it"]);
    cli.run(&["send", "GET", &url, "--proxy", "ftp://p"]).usage(&["ftp"]);
    assert_eq!(recorder.heard().len(), 2);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let nobody = cli.run(&["send", "GET", &format!("http://{closed}/")]);
    assert!(nobody.ended(4).err().contains("connect: "), "{}", nobody.err());
}
