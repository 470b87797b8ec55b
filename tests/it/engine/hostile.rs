//! A server that misbehaves: every exchange ends, with a named failure and with all that came until then.

use std::collections::BTreeMap;
use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lunette::engine::Budget;
use lunette::report::exchange::{Secrets, document, plain};
use lunette::report::json;
use lunette::wire::{Caps, Deadlines, Exchange, FailureKind, Phase, Policy};

use super::{body, engine, failed, get, kept, send};
use crate::support::hostile::{Hostile, PATHS};
use crate::support::recorder::{OK, Recorder};

fn within(total: Duration) -> Policy {
    Policy { deadlines: Deadlines::default().within(total), ..Policy::default() }
}

fn capped(change: impl FnOnce(&mut Caps)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy.caps);
    policy
}

/// Caps that keep what has to be shown small.
fn small() -> Caps {
    Caps { wire_bytes: 1 << 20, decoded_bytes: 2 << 20, ..Caps::default() }
}

/// One exchange with a path of a hostile server.
fn ask(path: &str, policy: Policy) -> Exchange {
    let server = Hostile::start();
    let url = server.url(path);
    send(&engine(&url), get(&url), policy)
}

/// What is shown of it, in all forms: nothing raw.
fn shown(x: &Exchange) -> String {
    let document = json::to_string(&document(x, None, Secrets::Shown));
    let text = plain(x, None, Secrets::Shown);
    for (form, text) in [("document", &document), ("text", &text)] {
        let raw = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "{form}: {text:?}");
    }
    document + &text
}

#[test]
fn every_path_ends_in_time_with_a_reply_or_a_named_failure() {
    const TOTAL: Duration = Duration::from_secs(4);
    let server = Hostile::start();
    let engine = engine(&server.url("/"));
    let (give, take) = mpsc::channel();
    let began = Instant::now();
    for (path, _) in PATHS {
        let (give, request) = (give.clone(), get(&server.url(path)));
        let job = engine.submit(Budget::HAND, move |t| {
            Box::pin(async move {
                let policy = Policy { caps: small(), ..within(TOTAL) };
                let _ = give.send((*path, t.send(request, policy).await));
            })
        });
        job.expect("a hand is never refused");
    }
    drop(give);
    let all: BTreeMap<&str, Exchange> = take.iter().collect();
    // Some paths would go on for a minute, others for ever.
    assert!(began.elapsed() < TOTAL + Duration::from_secs(25), "{:?}", began.elapsed());
    assert_eq!(all.len(), PATHS.len());
    let caps = small();
    for (path, x) in &all {
        assert!(x.response.is_some() || x.error.is_some(), "{path}");
        assert!(x.connection.is_some() && x.sent.is_some() && x.phases.total.is_some(), "{path}: {x:?}");
        if let Some(r) = &x.response {
            assert!(r.wire_bytes <= caps.wire_bytes && r.decoded_bytes <= caps.decoded_bytes, "{path}");
            assert!(r.body.len() as u64 <= caps.decoded_bytes, "{path}");
            assert!(r.headers.len() <= caps.headers, "{path}");
            assert_eq!(x.hops, [], "no redirect is followed");
        }
        shown(x);
    }
    assert_eq!(server.asked().len(), PATHS.len(), "nothing is asked twice");
}

#[test]
fn an_endless_body_ends_at_the_cap() {
    let x = ask("/endless-body", capped(|c| c.wire_bytes = 1 << 20));
    assert!(failed(&x, Phase::Receive, FailureKind::Cap).contains("1048576 bytes"));
    let r = x.response.expect("the head came");
    assert_eq!((r.status, r.truncated, r.body.len(), r.wire_bytes), (200, true, 1 << 20, 1 << 20));
}

#[test]
fn a_body_that_drips_ends_with_its_deadline_and_is_kept() {
    let x = ask("/drip", within(Duration::from_millis(1500)));
    assert!(failed(&x, Phase::Receive, FailureKind::Timeout).contains("longer than 1.5 s"));
    let r = x.response.as_ref().expect("the head came");
    assert!(r.truncated && !r.body.is_empty() && r.body.iter().all(|b| *b == b'x'));
    assert!(x.phases.send.is_some() && x.phases.wait.is_some() && x.phases.receive.is_some());
    let mut policy = Policy::default();
    policy.deadlines.idle = Duration::from_millis(300);
    let x = ask("/drip", policy);
    assert!(failed(&x, Phase::Receive, FailureKind::Timeout).contains("stopped for 0.3 s"));
    assert_eq!(&x.response.expect("the head came").body[..], b"x");
}

#[test]
fn silence_is_a_timeout_of_the_wait() {
    let mut policy = Policy::default();
    policy.deadlines.first_byte = Duration::from_millis(400);
    for path in ["/silent", "/drip-head"] {
        let x = ask(path, policy);
        assert!(failed(&x, Phase::Wait, FailureKind::Timeout).contains("no reply within 0.4 s"), "{path}");
        assert!(x.response.is_none() && x.connection.is_some() && x.sent.is_some());
        assert!(x.phases.connect.is_some() && x.phases.send.is_some() && x.phases.receive.is_none());
        assert!(x.phases.total >= Some(Duration::from_millis(400)));
    }
}

#[test]
fn a_connection_that_ends_early_keeps_what_came() {
    let x = ask("/close", Policy::default());
    failed(&x, Phase::Wait, FailureKind::Closed);
    let x = ask("/close-in-head", Policy::default());
    assert!(failed(&x, Phase::Receive, FailureKind::Closed).contains("before a whole reply"));
    assert!(x.response.is_none() && x.phases.wait.is_some());
    for (path, start) in [("/truncated", &b"{\"a\":1,\"b\""[..]), ("/truncated-chunk", b"{\"a\":1")] {
        let x = ask(path, Policy::default());
        assert!(failed(&x, Phase::Receive, FailureKind::Closed).contains("middle of the body"), "{path}");
        let r = x.response.expect("the head came");
        assert_eq!((&r.body[..], r.truncated, r.wire_bytes), (start, true, start.len() as u64), "{path}");
    }
    let x = ask("/reset", Policy::default());
    assert!(failed(&x, Phase::Receive, FailureKind::Closed).contains("connection"));
    let r = x.response.expect("the head came");
    assert_eq!((r.body.len(), r.truncated), (1000, true));
}

#[test]
fn too_large_a_head_is_a_cap() {
    for path in ["/headers", "/big-header", "/endless-header"] {
        let x = ask(path, Policy::default());
        let phase = x.error.as_ref().expect("a failure").phase;
        assert!(failed(&x, phase, FailureKind::Cap).contains("header fields"), "{path}");
        assert!(x.response.is_none() && x.phases.wait.is_some(), "{path}");
    }
}

#[test]
fn informational_replies_without_end_are_cut_and_their_connection_dies() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let peer = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.set_write_timeout(Some(Duration::from_secs(30))).expect("a timeout");
        let _ = stream.read(&mut [0; 4096]);
        let early = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n".repeat(100);
        let mut written = 0;
        loop {
            match stream.write(&early) {
                Ok(n) if written < 512 << 20 => written += n,
                Ok(_) => return (written, None),
                Err(e) => return (written, Some(e.kind())),
            }
        }
    });
    let engine = engine(&url);
    let x = send(&engine, get(&url), Policy::default());
    assert!(failed(&x, Phase::Wait, FailureKind::Cap).contains("50 informational"));
    let (written, end) = peer.join().expect("the peer ends");
    assert!(matches!(end, Some(BrokenPipe | ConnectionReset | ConnectionAborted)), "{end:?} after {written}");
    assert!(written < 64 << 20, "{written} bytes were taken");
    drop(engine);
}

#[test]
fn every_bomb_ends_at_a_cap() {
    const MOST: u64 = 3 << 20;
    for bomb in ["gzip", "deflate", "br", "zstd", "gzip-gzip"] {
        let path = format!("/bomb/{bomb}");
        let x = ask(&path, Policy::default());
        let why = failed(&x, Phase::Receive, FailureKind::Cap).to_owned();
        assert!(why.contains("times its size") || why.contains("inner layer"), "{bomb}: {why}");
        let r = x.response.expect("the head came");
        assert!(r.truncated && r.body.len() as u64 <= Caps::default().decoded_bytes, "{bomb}: {}", r.body.len());
        assert!(r.wire_bytes > 0 && r.body.len() as u64 == r.decoded_bytes, "{bomb}");
        let x = ask(&path, capped(|c| (c.ratio, c.decoded_bytes) = (u64::MAX, MOST)));
        failed(&x, Phase::Receive, FailureKind::Cap);
        let r = x.response.expect("the head came");
        assert!(r.body.len() as u64 <= MOST && r.truncated, "{bomb}: {}", r.body.len());
        assert!(r.body.len() as u64 == MOST || bomb == "gzip-gzip", "what fits is kept: {bomb}: {}", r.body.len());
    }
}

#[test]
fn codings_are_undone_or_the_body_is_shown_as_it_came() {
    const SMALL: &[u8] = br#"{"small":true}"#;
    for path in ["/coded/gzip-gzip", "/coded/deflate-raw"] {
        assert_eq!(body(&ask(path, Policy::default())), SMALL, "{path}");
    }
    for (path, why) in [
        ("/coded/gzip-twelve", "more than 4 content codings"),
        ("/coded/unknown", "x-made-up is not known"),
        ("/coded/lie", "does not decode"),
        ("/coded/cut", "does not decode"),
    ] {
        let x = ask(path, Policy::default());
        assert!(failed(&x, Phase::Receive, FailureKind::Protocol).contains(why), "{path}: {:?}", x.error);
        let r = x.response.expect("the head came");
        assert!(!r.body.is_empty() && r.wire_bytes > 0, "{path}");
        if path == "/coded/lie" || path == "/coded/unknown" {
            assert_eq!(&r.body[..], SMALL, "{path}");
        }
    }
    let twelve = ask("/coded/gzip-twelve", capped(|c| c.encodings = 12));
    assert_eq!(body(&twelve), SMALL);
}

#[test]
fn what_is_no_http_is_a_protocol_failure() {
    for path in ["/garbage", "/tls-garbage", "/escape", "/nul-header", "/folded", "/two-lengths", "/status-1000"] {
        let x = ask(path, Policy::default());
        let phase = x.error.as_ref().expect("a failure").phase;
        assert!(failed(&x, phase, FailureKind::Protocol).contains("not HTTP as this sender reads it"), "{path}");
        assert!(x.phases.wait.is_some() && x.sent.is_some(), "{path}");
    }
    for path in ["/bare-lf", "/length-and-chunked", "/anything"] {
        assert_eq!(body(&ask(path, Policy::default())), b"{}", "{path}");
    }
}

#[test]
fn escapes_are_shown_and_never_raw() {
    let x = ask("/escape", Policy::default());
    let text = shown(&x);
    assert!(text.contains("[31mred"), "{text}");
    // A value that is legal and still steers: C1 controls and bidirectional marks in UTF-8, escapes in the body.
    let reply = "HTTP/1.1 200 OK\r\nX-Note: a\u{9b}2J\u{202e}b\r\nContent-Length: 8\r\n\r\n\x1b[2J\x1b[Hx";
    let recorder = Recorder::scripted(vec![reply.as_bytes().to_vec()], true);
    let url = recorder.url("/");
    let x = send(&engine(&url), get(&url), Policy::default());
    assert_eq!(x.error, None);
    let text = shown(&x);
    assert!(text.contains("X-Note") && text.contains("\\u202e") && !text.contains('\u{202e}'), "{text}");
}

#[test]
fn a_second_reply_that_nobody_asked_for_is_never_taken_for_the_next() {
    let poisoned =
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond".to_vec();
    for _ in 0..30 {
        let recorder = Recorder::scripted(vec![poisoned.clone(), OK.to_vec()], true);
        let url = recorder.url("/");
        let engine = engine(&url);
        let (first, second) = (get(&url), get(&url));
        // At once, in one job: the connection is looked at while its surplus may still be unread.
        let (first, second) = engine
            .run(Budget::HAND, move |t| {
                Box::pin(async move { (t.send(first, kept()).await, t.send(second, kept()).await) })
            })
            .expect("both");
        assert_eq!(body(&first), b"{}");
        let stolen = second.response.as_ref().is_some_and(|r| &r.body[..] == b"second");
        assert!(!stolen, "{:?}", second.connection);
        if second.error.is_none() {
            assert_eq!(body(&second), b"{}");
        }
    }
}
