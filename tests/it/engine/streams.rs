//! A reply that goes on is told while it comes: no part waits for the one behind it.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use lunette::engine::{Budget, Engine, Handle};
use lunette::wire::stream::events;
use lunette::wire::{Arriving, Deadlines, Exchange, FailureKind, Policy, Request, Sender};

use super::{engine, get};
use crate::support::faucet::Faucet;

const PATIENCE: Duration = Duration::from_secs(30);
const TYPED: &str = "Content-Type: text/event-stream; charset=utf-8\r\n";

/// Sends, and gives what is told on the way and what came of it.
fn watched(engine: &Engine, request: Request, policy: Policy) -> (Receiver<Arriving>, Receiver<Exchange>, Handle) {
    let (tell, told) = channel();
    let (give, given) = channel();
    let job = engine.submit(Budget::HAND, move |transport| {
        Box::pin(async move {
            let tell = std::sync::Mutex::new(tell);
            let watch = Arc::new(move |a| drop(tell.lock().expect("one thread at a time").send(a)));
            let _ = give.send(transport.watched(watch).send(request, policy).await);
        })
    });
    (told, given, job.expect("a job"))
}

#[track_caller]
fn head(told: &Receiver<Arriving>) -> Exchange {
    match told.recv_timeout(PATIENCE).expect("the head is told") {
        Arriving::Head(x) => *x,
        Arriving::Body(part, _) => panic!("{part:?} before a head"),
    }
}

/// What is told until so much of the body is there.
#[track_caller]
fn body(told: &Receiver<Arriving>, length: usize) -> Vec<u8> {
    let mut out = Vec::new();
    while out.len() < length {
        match told.recv_timeout(PATIENCE).expect("the part is told before the next is sent") {
            Arriving::Body(part, _) => out.extend_from_slice(&part),
            Arriving::Head(_) => panic!("a second head"),
        }
    }
    out
}

#[test]
fn each_event_is_told_before_the_next_is_sent() {
    // By hyper, and by the raw sender, for the blank in the target.
    for (target, sender) in [("/events", Sender::Hyper), ("/a b", Sender::Raw)] {
        let mut faucet = Faucet::start(TYPED);
        let engine = engine(&faucet.url("/"));
        let mut request = get(&faucet.url("/"));
        request.target = target.into();
        let policy = Policy { fresh: true, raw: true, ..Policy::default() };
        let (told, given, _job) = watched(&engine, request, policy);
        let so_far = head(&told);
        assert_eq!((so_far.status(), so_far.sender), (Some(200), sender));
        assert!(so_far.connection.is_some() && so_far.phases.connect.is_some(), "{target}");
        let parts = ["data: one\n\n", "event: two\ndata: 2\n\n", ": ping\n\ndata: three\n", "\n"];
        for part in parts {
            faucet.give(part);
            assert_eq!(body(&told, part.len()), part.as_bytes(), "{target}");
        }
        faucet.close();
        let x = given.recv_timeout(PATIENCE).expect("an exchange");
        assert_eq!(x.error, None);
        let reply = x.response.expect("a reply");
        assert_eq!(reply.body, parts.concat().as_bytes());
        assert_eq!(events(&reply.body).len(), 3);
        let upto: Vec<usize> = reply.arrivals.iter().map(|a| a.upto).collect();
        assert_eq!(upto, [11, 31, 51, 52], "{target}");
        assert!(reply.arrivals.is_sorted_by_key(|a| a.at_us));
    }
}

#[test]
fn a_coded_stream_is_decoded_as_it_comes() {
    let faucet = Faucet::start(&format!("{TYPED}Content-Encoding: gzip\r\n"));
    let engine = engine(&faucet.url("/"));
    let (told, given, job) = watched(&engine, get(&faucet.url("/")), Policy::default());
    head(&told);
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for part in ["data: one\n\n", "data: two\n\n"] {
        gz.write_all(part.as_bytes()).and_then(|()| gz.flush()).expect("gzip");
        faucet.give(std::mem::take(gz.get_mut()));
        assert_eq!(body(&told, part.len()), part.as_bytes());
    }
    // Ended by hand in the middle: what came is kept.
    job.cancel();
    let x = given.recv_timeout(PATIENCE).expect("an exchange");
    assert_eq!(x.error.map(|e| e.kind), Some(FailureKind::Cancelled));
    let reply = x.response.expect("a reply");
    assert_eq!((&reply.body[..], reply.truncated, reply.arrivals.len()), (&b"data: one\n\ndata: two\n\n"[..], true, 2));
}

#[test]
fn only_what_is_watched_and_goes_on_may_take_its_time() {
    let short = Duration::from_millis(300);
    let policy =
        Policy { deadlines: Deadlines { idle: short, total: short, ..Deadlines::default() }, ..Policy::default() };
    for (fields, goes_on) in
        [(TYPED, true), ("Content-Type: application/x-ndjson\r\n", true), ("Content-Type: application/json\r\n", false)]
    {
        let mut faucet = Faucet::start(fields);
        let engine = engine(&faucet.url("/"));
        let (told, given, _job) = watched(&engine, get(&faucet.url("/")), policy);
        faucet.give("{}\n\n");
        if goes_on {
            head(&told);
            body(&told, 4);
            std::thread::sleep(short * 2);
            faucet.give("{}\n\n");
            body(&told, 4);
            faucet.close();
        }
        let x = given.recv_timeout(PATIENCE).expect("an exchange");
        let late = x.error.map(|e| e.kind);
        assert_eq!(late, (!goes_on).then_some(FailureKind::Timeout), "{fields}");
        assert!(goes_on || told.try_recv().is_err(), "{fields}");
    }
    // Nobody watches: the usual deadlines hold, and what came is kept.
    let faucet = Faucet::start(TYPED);
    let engine = engine(&faucet.url("/"));
    faucet.give("data: 1\n\n");
    let x = super::send(&engine, get(&faucet.url("/")), policy);
    assert_eq!(x.error.map(|e| e.kind), Some(FailureKind::Timeout));
    assert_eq!(x.response.map(|r| r.body.len()), Some(9));
}

#[test]
fn a_stream_has_its_own_end_and_its_cap() {
    let short = Duration::from_millis(300);
    let deadlines = Deadlines { stream: short, ..Deadlines::default() };
    let faucet = Faucet::start(TYPED);
    let engine = engine(&faucet.url("/"));
    let (_told, given, _job) = watched(&engine, get(&faucet.url("/")), Policy { deadlines, ..Policy::default() });
    faucet.give("data: 1\n\n");
    let x = given.recv_timeout(PATIENCE).expect("an exchange");
    assert_eq!(x.error.map(|e| e.kind), Some(FailureKind::Timeout));
    let faucet = Faucet::start(TYPED);
    let engine = super::engine(&faucet.url("/"));
    let mut policy = Policy::default();
    policy.caps.wire_bytes = 100;
    let (_told, given, _job) = watched(&engine, get(&faucet.url("/")), policy);
    faucet.give(vec![b'x'; 200]);
    let x = given.recv_timeout(PATIENCE).expect("an exchange");
    assert_eq!(x.error.map(|e| e.kind), Some(FailureKind::Cap));
    assert_eq!(x.response.map(|r| r.body.len()), Some(100));
}
