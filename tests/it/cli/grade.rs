//! `lunette grade`: a letter with reasons, and a gate on it.

use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::hostile::Hostile;
use crate::support::recorder::Recorder;
use lunette::demo::Demo;

#[test]
fn the_practice_api_gets_its_letter_with_a_reason_for_every_rule() {
    let shop = Demo::start(None).expect("the practice API");
    let cli = Cli::new();
    let url = format!("http://{}/api/v1/orders", shop.http);
    let doc = cli.run(&["grade", &url, "--headers-only", "--format", "json"]).ended(0).json("grade");
    assert_eq!(doc["headers"]["grade"], "D");
    for field in ["tls", "findings"] {
        assert!(doc.get(field).is_some(), "{field}");
    }
    assert!(doc["headers"].get("observatory").is_some());
    let rules = doc["headers"]["rules"].as_array().expect("a list");
    for rule in rules {
        for field in ["id", "outcome", "weight", "cap", "reason"] {
            assert!(rule.get(field).is_some(), "{field} in {rule}");
        }
    }
    let ids: Vec<&str> = rules.iter().filter_map(|r| r["id"].as_str()).collect();
    for id in ["LNH02", "LNH03", "LNH05", "LNH08", "LNH11", "LNH17"] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    let ran = cli.run(&["grade", &url]);
    assert!(ran.ended(0).out().starts_with("headers D "), "{}", ran.out());
}

#[test]
fn a_letter_below_the_gate_ends_with_one() {
    let shop = Demo::start(None).expect("the practice API");
    let cli = Cli::new();
    let url = format!("http://{}/api/health?api_key=s3cret", shop.http);
    let ran = cli.run(&["grade", &url, "--format", "json"]);
    assert!(!ran.ended(0).out().contains("s3cret"), "{}", ran.out());
    for (path, gate, code) in [
        ("/api/v1/orders", "C", 1),
        ("/api/v1/orders", "D", 0),
        ("/api/v1/orders", "F", 0),
        ("/api/health", "A", 0),
        ("/api/health", "A+", 1),
    ] {
        let url = format!("http://{}{path}", shop.http);
        cli.run(&["grade", &url, "--fail-below", gate]).ended(code);
        cli.run(&["grade", &url, "--fail-below", gate, "--format", "json"]).ended(code).json("grade");
    }
}

#[test]
fn what_cannot_be_graded_ends_with_five_and_what_is_not_there_with_four() {
    let server = Hostile::start();
    let cli = Cli::new();
    for (path, code) in [("/garbage", 5), ("/headers", 5), ("/informational", 5), ("/close-in-head", 4), ("/silent", 4)]
    {
        let url = server.url(path);
        cli.run(&["grade", &url, "--timeout", "2"]).ended(code).says(&["not gradable: "]);
        // A gate does not turn what was not judged into a finding.
        let ran = cli.run(&["grade", &url, "--timeout", "2", "--fail-below", "A", "--format", "json"]);
        assert_eq!(ran.ended(code).json("grade")["headers"], Value::Null, "{path}");
    }
}

#[test]
fn headers_of_the_request_arrive_as_typed() {
    let recorder = Recorder::start();
    Cli::new().run(&["grade", &recorder.url("/a/../b"), "-H", "accept: x"]).ended(0);
    let heard = recorder.requests(1, std::time::Duration::from_secs(20));
    let begins = format!(
        "GET /a/../b HTTP/1.1\r\nhost: {}\r\naccept: x\r\nuser-agent: lunette/{} (grade; run ",
        recorder.addr,
        env!("CARGO_PKG_VERSION")
    );
    let sent = String::from_utf8_lossy(&heard[0]).into_owned();
    let run = sent.strip_prefix(&begins).and_then(|r| r.strip_suffix(")\r\n\r\n")).unwrap_or_else(|| panic!("{sent}"));
    assert!(run.len() == 8 && run.bytes().all(|b| b.is_ascii_hexdigit()), "{run}");
}
