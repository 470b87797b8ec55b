//! Scope: who may be talked to, judged by the address a name resolves to, whatever way it is written.

use std::net::IpAddr;
use std::sync::Arc;

use lunette::engine::{Config, Engine, Entry, Override, Scope};
use lunette::store::Memory;
use lunette::wire::{Exchange, FailureKind, Phase, Policy};

use super::{body, failed, get, send, start, typed};
use crate::support::recorder::Recorder;

/// An engine with these scope entries, for which `names` resolve as said.
fn scoped(entries: Vec<Entry>, names: &[(&str, u16, &str)]) -> Engine {
    let overrides = names
        .iter()
        .map(|(host, port, address)| Override {
            host: (*host).to_owned(),
            port: *port,
            address: address.parse::<IpAddr>().expect("an address"),
        })
        .collect();
    let config = Config { scope: entries, overrides, ..Config::default() };
    start(config, Arc::new(Memory::default()))
}

fn entry(s: &str) -> Entry {
    Entry::parse(s).expect("an entry")
}

/// Sends to where nothing may go. Scope is asked first, so that a fault in it fails here, and no byte leaves this machine.
#[track_caller]
fn send_nowhere(engine: &Engine, url: &str, address: &str) -> Exchange {
    let request = get(url);
    let token = engine.scope().authorise(&request.origin).expect("the name is in scope");
    let address: IpAddr = address.parse().expect("an address");
    assert!(engine.scope().judge(&token, &[address]).is_err(), "{url} at {address}");
    send(engine, request, Policy::default())
}

#[track_caller]
fn refused(x: &Exchange, words: &[&str]) {
    let why = failed(x, Phase::Prepare, FailureKind::Scope);
    for word in words {
        assert!(why.contains(word), "{word:?} is not in: {why}");
    }
    assert!(x.connection.is_none() && x.sent.is_none() && x.response.is_none());
}

#[test]
fn what_is_not_in_scope_is_refused_with_what_would_admit_it() {
    let recorder = Recorder::start();
    let engine = scoped(vec![entry("other.test")], &[]);
    let url = recorder.url("/");
    refused(&send(&engine, get(&url), Policy::default()), &["not in scope", &format!("--allow {}", recorder.addr)]);
    let neighbour = format!("127.0.0.1:{}", recorder.addr.port() ^ 1);
    let engine = scoped(vec![entry(&neighbour)], &[]);
    refused(&send(&engine, get(&url), Policy::default()), &["not in scope"]);
    assert!(recorder.heard().is_empty());
    // The one question is answered: for this run it is in scope.
    engine.scope().admit(typed(&url));
    assert_eq!(body(&send(&engine, get(&url), Policy::default())), b"{}");
}

#[test]
fn a_name_needs_its_range_for_an_address_that_is_not_public() {
    let recorder = Recorder::start();
    let port = recorder.addr.port();
    let url = format!("http://api.test:{port}/");
    for (address, class) in [
        ("127.0.0.1", "a loopback address"),
        ("::ffff:127.0.0.1", "a loopback address"),
        ("10.1.2.3", "a private address"),
        ("64:ff9b::a01:203", "a private address"),
        ("fd12::1", "a private address"),
        ("169.254.1.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("0.0.0.0", "a loopback address"),
        ("224.0.0.1", "a reserved address"),
    ] {
        for scope in ["api.test", "api.test=172.16.0.0/12"] {
            let engine = scoped(vec![entry(scope)], &[("api.test", port, address)]);
            refused(&send_nowhere(&engine, &url, address), &[class, "--allow api.test"]);
        }
    }
    assert!(recorder.heard().is_empty());
    let engine = scoped(vec![entry("api.test=127.0.0.0/8")], &[("api.test", port, "127.0.0.1")]);
    let x = send(&engine, get(&url), Policy::default());
    assert_eq!(body(&x), b"{}");
    assert_eq!(x.connection.expect("a connection").remote, recorder.addr);
    assert_eq!(x.phases.dns, None, "nothing was looked up");
}

#[test]
fn a_typed_name_is_pinned_to_the_addresses_it_had_first() {
    let (first, second) = (Recorder::start(), Recorder::start());
    let urls = [&first, &second].map(|r| format!("http://dev.test:{}/", r.addr.port()));
    let engine = scoped(
        urls.iter().map(|u| typed(u)).collect(),
        &[("dev.test", first.addr.port(), "127.0.0.1"), ("dev.test", second.addr.port(), "127.0.0.2")],
    );
    assert_eq!(body(&send(&engine, get(&urls[0]), Policy::default())), b"{}");
    let x = send(&engine, get(&urls[1]), Policy::default());
    refused(&x, &["now resolves to 127.0.0.2", "start a new run"]);
    assert!(second.heard().is_empty());
}

#[test]
fn a_metadata_service_needs_an_entry_of_its_own() {
    for address in ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "fd00:ec2::254"] {
        let url = "http://evil.test/";
        let engine = scoped(
            vec![typed(url), entry("evil.test=169.254.0.0/16"), entry("evil.test=::/0")],
            &[("evil.test", 80, address)],
        );
        refused(&send_nowhere(&engine, url, address), &["a cloud metadata address", "--allow"]);
    }
    // Typing the address is not enough, in any of its forms.
    for (url, address, hint) in [
        ("http://169.254.169.254/", "169.254.169.254", "--allow 169.254.169.254"),
        ("http://[::ffff:169.254.169.254]/", "::ffff:169.254.169.254", "--allow [::ffff:169.254.169.254]"),
        ("http://[::ffff:a9fe:a9fe]/", "::ffff:169.254.169.254", "--allow [::ffff:169.254.169.254]"),
        ("http://2852039166/", "169.254.169.254", "--allow 169.254.169.254"),
    ] {
        let engine = scoped(vec![typed(url)], &[]);
        refused(&send_nowhere(&engine, url, address), &["a cloud metadata address", hint]);
        // What the sentence asks for is what admits it.
        let scope = Scope::new(vec![typed(url), entry(hint.trim_start_matches("--allow "))], false);
        let origin = get(url).origin;
        let admitted =
            scope.judge(&scope.authorise(&origin).expect("in scope"), &[address.parse().expect("an address")]);
        assert_eq!(admitted.is_ok(), origin.host.parse::<IpAddr>().is_ok(), "{url}: {admitted:?}");
    }
}

#[test]
fn every_spelling_of_an_address_is_judged_by_what_it_is() {
    let recorder = Recorder::start();
    let port = recorder.addr.port();
    for host in ["2130706433", "0x7f000001", "0177.0.0.1", "127.1"] {
        let url = format!("http://{host}:{port}/");
        let engine = scoped(vec![entry(host)], &[]);
        refused(&send(&engine, get(&url), Policy::default()), &["a loopback address"]);
        let engine = scoped(vec![typed(&url)], &[]);
        assert_eq!(body(&send(&engine, get(&url), Policy::default())), b"{}", "{host}");
    }
    let url = format!("http://[::ffff:127.0.0.1]:{port}/");
    let engine = scoped(vec![entry("127.0.0.1")], &[]);
    refused(&send(&engine, get(&url), Policy::default()), &["not in scope"]);
    let engine = scoped(vec![typed(&url)], &[]);
    assert_eq!(body(&send(&engine, get(&url), Policy::default())), b"{}");
}

#[test]
fn localhost_is_looked_up_and_every_address_tried() {
    let recorder = Recorder::start();
    let url = format!("http://localhost:{}/", recorder.addr.port());
    let engine = scoped(vec![typed(&url)], &[]);
    let x = send(&engine, get(&url), Policy::default());
    assert_eq!(body(&x), b"{}");
    assert!(x.phases.dns.is_some() && x.phases.connect.is_some());
    assert_eq!(x.connection.expect("a connection").remote, recorder.addr);
}

#[test]
fn a_run_that_is_offline_connects_to_nobody() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let config = Config { scope: vec![typed(&url)], offline: true, ..Config::default() };
    let engine = start(config, Arc::new(Memory::default()));
    let x = send(&engine, get(&url), Policy::default());
    assert!(failed(&x, Phase::Prepare, FailureKind::Offline).contains("leave out --offline"));
    assert!(recorder.heard().is_empty());
}
