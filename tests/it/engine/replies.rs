//! Replies and peers that are legal and rare, and what is made of them.

use std::io::Read as _;
use std::net::TcpListener;
use std::time::Duration;

use lunette::wire::{Deadlines, Exchange, FailureKind, HttpChoice, Phase, Policy};

use super::{body, engine, failed, get, kept, send};
use crate::support::bombs;
use crate::support::hostile::Hostile;
use crate::support::recorder::{OK, Recorder};

/// One exchange with a peer that answers with these bytes, and closes when they are sent.
fn answered(method: &str, reply: &[u8]) -> Exchange {
    let recorder = Recorder::scripted(vec![reply.to_vec()], false);
    let url = recorder.url("/");
    let mut request = get(&url);
    request.method = method.as_bytes().to_vec();
    send(&engine(&url), request, Policy::default())
}

#[test]
fn a_reply_ends_where_http_says_it_does() {
    for (method, reply, wanted) in [
        ("GET", &b"HTTP/1.1 200 OK\r\n\r\nuntil the end"[..], &b"until the end"[..]),
        ("GET", b"HTTP/1.0 200 OK\r\n\r\nold", b"old"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b""),
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n", b""),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", b""),
        (
            "GET",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n0\r\nX-Trailer: 1\r\n\r\n",
            b"{}",
        ),
        ("GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
        ("GET", b"HTTP/1.1 299\r\nContent-Length: 2\r\n\r\n{}", b"{}"),
    ] {
        let x = answered(method, reply);
        let shown = String::from_utf8_lossy(reply);
        assert_eq!(body(&x), wanted, "{shown}");
        let r = x.response.expect("a reply");
        assert!(!r.truncated && r.wire_bytes == wanted.len() as u64, "{shown}");
    }
}

#[test]
fn the_head_keeps_case_order_duplicates_and_reason() {
    let x = answered(
        "GET",
        b"HTTP/1.1 200 Very Well\r\nX-oDD: 1\r\nSet-Cookie: a=1\r\nx-odd:2\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n",
    );
    let r = x.response.expect("a reply");
    let names: Vec<String> = r.headers.iter().map(|(n, v)| format!("{n}={v}")).collect();
    assert_eq!(names, ["X-oDD=1", "Set-Cookie=a=1", "x-odd=2", "Set-Cookie=b=2", "Content-Length=0"]);
    assert_eq!(r.reason.display(), "Very Well");
}

#[test]
fn a_coded_body_that_is_cut_keeps_what_decodes() {
    let words: Vec<String> = (0..20_000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_string()).collect();
    let text = words.join(" ");
    let packed = bombs::gzip(text.as_bytes());
    let mut reply =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len()).into_bytes();
    reply.extend_from_slice(&packed[..packed.len() / 2]);
    let x = answered("GET", &reply);
    failed(&x, Phase::Receive, FailureKind::Closed);
    let r = x.response.expect("the head came");
    assert!(r.truncated && r.wire_bytes == packed.len() as u64 / 2);
    assert!(r.body.len() > text.len() / 4 && text.as_bytes().starts_with(&r.body), "{} bytes", r.body.len());
}

#[test]
fn a_peer_that_takes_no_request_is_told_from_one_that_gives_no_reply() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let mut request = get(&url);
    // Far more than the buffers of both ends hold.
    request.body = vec![b'x'; 64 << 20].into();
    let policy = Policy { deadlines: Deadlines::default().within(Duration::from_millis(700)), ..Policy::default() };
    let engine = engine(&url);
    let x = send(&engine, request, policy);
    failed(&x, Phase::Send, FailureKind::Timeout);
    let mut request = get(&url);
    request.body = vec![b'x'; 64 << 20].into();
    let mut patient = Policy::default();
    patient.deadlines.first_byte = Duration::from_millis(400);
    let slow = send(&engine, request, patient);
    assert!(failed(&slow, Phase::Send, FailureKind::Timeout).contains("did not take the whole request within 0.4 s"));
    assert!(x.sent.as_ref().is_some_and(|s| s.starts_with(b"GET / HTTP/1.1\r\n") && s.len() <= 1 << 20));
    drop(listener);
}

#[test]
fn http2_with_a_peer_that_does_not_speak_it_ends_with_a_named_failure() {
    let http2 = Policy { http: HttpChoice::Http2, ..Policy::default() };
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let x = send(&engine(&url), get(&url), http2);
    assert!(failed(&x, Phase::Receive, FailureKind::Protocol).contains("leave out --http 2"));
    assert!(x.response.is_none());
    let server = Hostile::start();
    let url = server.url("/silent");
    let mut policy = http2;
    policy.deadlines.first_byte = Duration::from_millis(400);
    // The preface names no path, so the server answers it in HTTP/1.1.
    let x = send(&engine(&url), get(&url), policy);
    assert!(x.error.is_some() && x.response.is_none());
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let x = send(&engine(&url), get(&url), policy);
    failed(&x, Phase::Wait, FailureKind::Timeout);
    // What left was HTTP/2.
    let (mut stream, _) = listener.accept().expect("the connection of before");
    let mut preface = [0; 14];
    stream.read_exact(&mut preface).expect("the preface");
    assert_eq!(&preface, b"PRI * HTTP/2.0");
}

#[test]
fn requests_one_after_the_other_never_lose_their_reply() {
    // Each reply names its request; the connection is kept for as long as the peer keeps it.
    let replies: Vec<Vec<u8>> = (0..200)
        .map(|i: i32| {
            let text = i.to_string();
            let close = if i % 7 == 6 { "Connection: close\r\n" } else { "" };
            format!("HTTP/1.1 200 OK\r\n{close}Content-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
        })
        .collect();
    let recorder = Recorder::scripted([replies, vec![OK.to_vec()]].concat(), true);
    let url = recorder.url("/");
    let engine = engine(&url);
    for i in 0..200 {
        let x = send(&engine, get(&url), kept());
        assert_eq!(body(&x), i.to_string().as_bytes());
    }
    let connections = recorder.heard().len();
    assert!((29..=40).contains(&connections), "one in seven replies closes: {connections}");
}
