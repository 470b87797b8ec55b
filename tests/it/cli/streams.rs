//! `lunette send` with a reply that goes on.

use rustix::process::Signal;

use crate::support::cli::Cli;
use crate::support::faucet::Faucet;

const TYPED: &str = "Content-Type: text/event-stream\r\n";

#[test]
fn events_are_printed_as_they_come() {
    let mut faucet = Faucet::start(TYPED);
    let cli = Cli::new();
    let running = cli.start(&["send", "GET", &faucet.url("/events")]);
    running.until("Content-Type: text/event-stream\n");
    faucet.give("event: price\ndata: {\"eur\": 1}\n\n");
    let so_far = running.until("data: {\"eur\": 1}\n\n");
    assert!(so_far.starts_with("HTTP/1.1 200 OK\n"), "{so_far}");
    // Half an event is none, and what is secret in one is masked.
    faucet.give("data: {\"access_token\": \"hun");
    faucet.give("ter2hunter2\"}\n\n\x1b]0;x\x07");
    let so_far = running.until("access_token");
    assert!(so_far.contains("data: {\"access_token\": \"***\"}\n\n") && !so_far.contains("hunter2"), "{so_far}");
    faucet.close();
    let ran = running.end();
    let out = ran.ended(0).out();
    assert!(out.contains("2 events, the first after ") && out.contains("headers "), "{out}");
    assert_eq!(out.matches("eur").count(), 1, "the body stands there once: {out}");
    assert!(!out.contains('\x1b'), "{out:?}");
}

#[test]
fn a_document_has_each_event_with_its_time_and_is_partial_when_stopped() {
    let mut faucet = Faucet::start(TYPED);
    let url = faucet.url("/events");
    faucet.give("id: 7\ndata: one\n\n");
    faucet.give("event: two\nretry: 900\ndata: 2\n\n");
    faucet.close();
    let doc = Cli::new().run(&["send", "GET", &url, "--format", "json"]).ended(0).json("exchange");
    let all = doc["response"]["events"].as_array().expect("events");
    let texts: Vec<_> = all.iter().map(|e| (e["event"].as_str(), e["data"].as_str(), e["id"].as_str())).collect();
    assert_eq!(texts, [(Some("message"), Some("one"), Some("7")), (Some("two"), Some("2"), Some("7"))]);
    assert_eq!((all[1]["retry_ms"].as_u64(), all[1]["whole"].as_bool()), (Some(900), Some(true)));
    let at: Vec<f64> = all.iter().filter_map(|e| e["at_ms"].as_f64()).collect();
    assert!(at.len() == 2 && at[0] > 0.0 && at[0] <= at[1], "{at:?}");

    let faucet = Faucet::start(TYPED);
    faucet.give("data: one\n\n");
    let cli = Cli::new();
    let running = cli.start(&["send", "GET", &faucet.url("/"), "--timeout", "2", "--format", "json"]);
    let doc = running.end();
    assert_eq!(doc.ended(4).json("exchange")["error"]["kind"], "timeout", "--timeout bounds a stream too");

    let faucet = Faucet::start(TYPED);
    faucet.give("data: one\n\n");
    let running = cli.start(&["send", "GET", &faucet.url("/")]);
    running.until("data: one");
    running.signal(Signal::INT);
    assert!(running.end().ended(130).out().contains("1 event after"));
}
