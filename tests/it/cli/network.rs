//! Peers that are not there, do not answer, or answer in another language; and what stops a send before it leaves.

use std::net::TcpListener;

use rustix::process::Signal;
use serde_json::Value;

use super::closed_port;
use crate::support::cli::{Cli, Ran};
use crate::support::hostile::Hostile;
use crate::support::recorder::Recorder;
use lunette::demo::Demo;

/// The same exchange as table and as JSON: the exit, the sentence, and the failure in the document.
fn fails(typed: &[&str], code: i32, words: &[&str], kind: &str) -> Value {
    let cli = Cli::new();
    cli.run(typed).ended(code).says(words);
    let mut json = typed.to_vec();
    json.extend(["--format", "json"]);
    let ran = cli.run(&json);
    let doc = ran.ended(code).says(words).json("exchange");
    assert_eq!(doc["error"]["kind"], kind, "{}", doc["error"]);
    doc
}

#[test]
fn a_port_with_no_server_is_said_to_be_one() {
    let url = format!("http://127.0.0.1:{}/", closed_port());
    let doc = fails(&["send", "GET", &url], 4, &["connect: ", "refused", "is a server listening"], "refused");
    assert_eq!((&doc["response"], &doc["connection"]), (&Value::Null, &Value::Null));
    assert_eq!(doc["request"]["sent_bytes_base64"], Value::Null);
}

#[test]
fn a_server_that_never_answers_ends_with_the_timeout() {
    let server = Hostile::start();
    let url = server.url("/silent");
    let doc = fails(&["send", "GET", &url, "--timeout", "0.5"], 4, &["wait: ", "0.5 s"], "timeout");
    assert_eq!(doc["error"]["phase"], "wait");
    assert!(doc["request"]["sent_bytes_base64"].is_string(), "what was sent is kept");
    assert!(doc["phases_ms"]["total"].as_f64().is_some_and(|ms| (500.0..30_000.0).contains(&ms)));
    // A listener whose queue takes the connection, and that never accepts.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://{}/", listener.local_addr().expect("an address"));
    let doc = fails(&["send", "GET", &url, "--timeout", "0.5"], 4, &["tls: ", "may speak plain http"], "timeout");
    assert!(doc["connection"]["remote"].is_string());
}

#[test]
fn a_body_that_stops_keeps_what_came() {
    let server = Hostile::start();
    for (path, words) in [("/drip", "longer than 1 s"), ("/truncated", "middle of the body"), ("/reset", "receive: ")] {
        let cli = Cli::new();
        let ran = cli.run(&["send", "GET", &server.url(path), "--timeout", "1", "--format", "json"]);
        let doc = ran.ended(4).says(&[words]).json("exchange");
        assert_eq!((&doc["response"]["status"], &doc["response"]["truncated"]), (&200.into(), &true.into()), "{path}");
        assert!(doc["response"]["wire_bytes"].as_u64().is_some_and(|n| n > 0), "{path}");
        let ran = cli.run(&["send", "GET", &server.url(path), "--timeout", "1"]);
        assert!(ran.ended(4).out().contains("cut short"), "{}", ran.out());
    }
}

#[test]
fn tls_on_a_plain_port_and_plain_on_a_tls_port_name_the_other_scheme() {
    let shop = Demo::start(None).expect("the practice API");
    let tls = format!("https://{}/api/health", shop.http);
    fails(&["send", "GET", &tls], 4, &["tls: ", "does not speak TLS", "try http://"], "tls");
    let plain = format!("http://{}/api/health", shop.https);
    fails(&["send", "GET", &plain], 4, &["TLS alert", "try https://"], "protocol");
    let garbage = Hostile::start();
    let url = format!("https://{}/", garbage.addr);
    fails(&["send", "GET", &url], 4, &["tls: "], "tls");
}

#[test]
fn a_certificate_that_is_not_trusted_is_refused_and_shown_and_can_be_allowed() {
    let shop = Demo::start(None).expect("the practice API");
    let url = format!("https://localhost:{}/api/health", shop.https.port());
    let doc = fails(&["send", "GET", &url], 4, &["tls: ", "not trusted", "--insecure", "--cacert FILE"], "tls");
    assert!(!doc["tls"]["faults"].as_array().expect("a list").is_empty());
    assert!(!doc["tls"]["chain"].as_array().expect("a list").is_empty());
    let cli = Cli::new().file("ca.pem", shop.ca_pem());
    let doc = cli.run(&["send", "GET", &url, "--insecure", "--format", "json"]).ended(0).json("exchange");
    assert_eq!(doc["response"]["status"], 200);
    assert!(!doc["tls"]["faults"].as_array().expect("a list").is_empty());
    let ran = cli.run(&["send", "GET", &url, "--insecure"]);
    assert!(ran.ended(0).out().contains("certificate fault: "), "{}", ran.out());
    let doc = cli.run(&["send", "GET", &url, "--cacert", "ca.pem", "--format", "json"]).ended(0).json("exchange");
    assert_eq!(doc["tls"]["faults"], serde_json::json!([]));
    assert_eq!((&doc["tls"]["version"], &doc["tls"]["sni"]), (&"TLSv1.3".into(), &"localhost".into()));
}

#[test]
fn a_run_that_is_offline_refuses_every_connection() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let doc =
        fails(&["send", "GET", &url, "--offline"], 3, &["prepare: ", "offline", "leave out --offline"], "offline");
    assert_eq!(doc["response"], Value::Null);
    let ran = Cli::new().run(&["grade", &url, "--offline", "--format", "json"]);
    assert_eq!(ran.ended(3).json("grade")["headers"], Value::Null);
    assert!(recorder.heard().is_empty());
}

#[test]
fn an_override_is_dialled_and_a_metadata_address_is_not() {
    let recorder = Recorder::start();
    let port = recorder.addr.port();
    let url = format!("http://api.test:{port}/x");
    let ran = Cli::new().run(&["send", "GET", &url, "--resolve", &format!("api.test:{port}:127.0.0.1")]);
    ran.ended(0);
    let heard = recorder.requests(1, std::time::Duration::from_secs(20));
    assert!(String::from_utf8_lossy(&heard[0]).contains(&format!("Host: api.test:{port}\r\n")));
    for address in ["169.254.169.254", "[::ffff:169.254.169.254]", "64:ff9b::a9fe:a9fe"] {
        let resolve = format!("api.test:{port}:{address}");
        fails(&["send", "GET", &url, "--resolve", &resolve], 3, &["metadata", "--allow"], "scope");
    }
}

#[test]
fn an_interrupted_send_keeps_what_it_has() {
    let server = Hostile::start();
    for (path, status) in [("/silent", Value::Null), ("/drip", 200.into())] {
        let cli = Cli::new();
        let running = cli.start(&["send", "GET", &server.url(path), "--format", "json"]);
        while !server.asked().iter().any(|p| p == path) {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        std::thread::sleep(std::time::Duration::from_millis(200));
        running.signal(Signal::INT);
        let ran = running.end();
        let doc = ran.ended(130).json("exchange");
        assert_eq!((&doc["partial"], &doc["error"]["kind"]), (&true.into(), &"cancelled".into()));
        assert_eq!(doc.pointer("/response/status").unwrap_or(&Value::Null), &status, "{path}");
    }
}

/// Nothing of a hostile reply steers the terminal.
fn is_tame(ran: &Ran) -> bool {
    !format!("{}{}", ran.out(), ran.err()).chars().any(|c| c.is_control() && c != '\n')
}

#[test]
fn escapes_of_a_peer_reach_no_terminal() {
    let server = Hostile::start();
    let cli = Cli::new();
    for path in ["/escape", "/garbage", "/nul-header"] {
        let ran = cli.run(&["send", "GET", &server.url(path)]);
        assert!(is_tame(&ran), "{path}: {:?} {:?}", ran.out(), ran.err());
        cli.run(&["send", "GET", &server.url(path), "--format", "json"]).json("exchange");
        assert!(is_tame(&cli.run(&["grade", &server.url(path)])), "{path}");
    }
}

#[test]
fn a_body_without_an_end_is_told_in_little_memory() {
    // More than the program takes by itself, in KiB.
    const ROOM: u64 = 64 << 10;
    let server = Hostile::start();
    for format in ["json", "table"] {
        let send = |path: &str| Cli::new().run(&["send", "GET", &server.url(path), "--format", format]);
        let by_itself = send("/anything").ended(0).peak_kib;
        let ran = send("/endless-body");
        ran.ended(0).says(&["larger than 33554432 bytes"]);
        if let (Some(before), Some(peak)) = (by_itself, ran.peak_kib) {
            assert!(peak < before + ROOM, "{format}: {before} KiB and then {peak} KiB");
        }
        assert!(ran.stdout.len() > 4 << 20, "a part of it is told");
    }
}
