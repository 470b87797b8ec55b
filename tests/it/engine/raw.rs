//! What is typed is what arrives, by either sender and on HTTP/2; and requests that meet at the server.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lunette::engine::{Budget, choose};
use lunette::wire::{Deadlines, Exchange, FailureKind, HttpChoice, Odd, Phase, Policy, Request, Sender, Together};

use super::{body, engine, failed, get, send};
use crate::support::hostile::{Hostile, PATHS};
use crate::support::recorder::{OK, Recorder};

const PATIENCE: Duration = Duration::from_secs(20);
const TYPED: Policy = Policy {
    http: HttpChoice::Auto,
    fresh: true,
    insecure: false,
    raw: true,
    deadlines: Deadlines {
        connect: Duration::from_secs(10),
        tls: Duration::from_secs(10),
        first_byte: Duration::from_secs(10),
        idle: Duration::from_secs(10),
        total: Duration::from_secs(20),
        stream: Duration::from_secs(20),
    },
    caps: lunette::wire::Caps {
        wire_bytes: 32 << 20,
        decoded_bytes: 64 << 20,
        ratio: 200,
        headers: 1_000,
        informational: 50,
        encodings: 4,
    },
};

fn together(url: &str, requests: Vec<Request>, how: Together, policy: Policy) -> Vec<Exchange> {
    let sent = engine(url).run(Budget::HAND, move |t| Box::pin(async move { t.together(requests, how, policy).await }));
    sent.expect("exchanges")
}

/// By the raw sender, whatever the request: a group of one is written by it.
fn raw(url: &str, request: Request, policy: Policy) -> Exchange {
    let x = together(url, vec![request], Together::Parallel, policy).remove(0);
    assert_eq!(x.sender, Sender::Raw);
    x
}

/// What is typed: method, target, headers and body, and which senders carry it.
type Case = (&'static [u8], &'static [u8], &'static [(&'static str, &'static str)], &'static [u8], &'static str);

/// One rule each: of a URL library, of hyper, or of HTTP. `h` for hyper on HTTP/1.1, `2` for HTTP/2; raw carries all.
const CASES: &[Case] = &[
    (b"GET", b"/", &[], b"", "h2"),
    (b"GET", b"/a/../b", &[], b"", "h2"),
    (b"GET", b"/a/./b", &[], b"", "h2"),
    (b"GET", b"/%2e%2e/x", &[], b"", "h2"),
    (b"GET", b"/a%2Fb%2fc", &[], b"", "h2"),
    (b"GET", b"//x", &[], b"", "h2"),
    (b"GET", b"/a//b/", &[], b"", "h2"),
    (b"GET", b"/%zz%", &[], b"", "h2"),
    (b"GET", b"/a\\b", &[], b"", "h2"),
    (b"GET", b"/a;x=1;y", &[], b"", "h2"),
    (b"GET", b"/{id}", &[], b"", "h2"),
    (b"GET", b"/a:b@c", &[], b"", "h2"),
    (b"GET", b"/a|b", &[], b"", "h2"),
    (b"GET", b"/?", &[], b"", "h2"),
    (b"GET", b"/?a=1&a=2&&=", &[], b"", "h2"),
    (b"GET", b"/?a?b=/../c", &[], b"", "h2"),
    (b"GET", b"/?q=%0d%0aX:%201", &[], b"", "h2"),
    (b"GET", b"/+%2b~'", &[], b"", "h2"),
    (b"GET", "/caf\u{e9}".as_bytes(), &[], b"", "h2"),
    (b"OPTIONS", b"*", &[], b"", "h2"),
    (b"GET", b"/a b", &[], b"", ""),
    (b"GET", b"/a\tb", &[], b"", ""),
    (b"GET", b"/a\0b", &[], b"", ""),
    (b"GET", b"/a\xff\xfeb", &[], b"", ""),
    (b"GET", b"/a#b", &[], b"", ""),
    (b"GET", b"/<\">`", &[], b"", ""),
    (b"GET", b"/a\x1b[2J", &[], b"", ""),
    (b"GET", b"/a\rb", &[], b"", ""),
    (b"GET", b"a/b", &[], b"", ""),
    (b"GET", b"?x=1", &[], b"", ""),
    (b"GET", b"", &[], b"", ""),
    (b"GET", b"http://other.test/x", &[], b"", ""),
    (b"CONNECT", b"other.test:443", &[], b"", ""),
    (b"get", b"/", &[], b"", "h2"),
    (b"M-SEARCH", b"/", &[], b"", "h2"),
    (b"A!#$%&'*+.^_`|~1", b"/", &[], b"", "h2"),
    (b"G T", b"/", &[], b"", ""),
    (b"", b"/", &[], b"", ""),
    (b"GET", b"/", &[("Host", "other.test")], b"", "h2"),
    (b"GET", b"/", &[("Host", "a b")], b"", "h"),
    (b"GET", b"/", &[("Host", "")], b"", "h"),
    (b"GET", b"/", &[("Host", "a"), ("Host", "b")], b"", "h"),
    (b"GET", b"/", &[("host", "x"), ("a", "1"), ("b", "2")], b"", "h2"),
    (b"GET", b"/", &[("Host", "x"), ("X-CSRF-Token", "1")], b"", "2"),
    (b"GET", b"/", &[("Host", "x"), ("A", "1"), ("B", "2"), ("A", "3")], b"", ""),
    (b"GET", b"/", &[("A", "1"), ("Host", "x"), ("A-B", "2")], b"", "h2"),
    (b"GET", b"/", &[("Host", "x"), ("A", "caf\u{e9}\t\"")], b"", "h2"),
    (b"GET", b"/", &[("Host", "x"), ("A", "")], b"", "h2"),
    (b"GET", b"/", &[("Host", "x"), ("A", " b ")], b"", ""),
    (b"GET", b"/", &[("Host", "x"), ("A", "b\r\n\tc")], b"", ""),
    (b"GET", b"/", &[("Host", "x"), ("A", "b\nC: d")], b"", ""),
    (b"GET", b"/", &[("Host", "x"), ("A", "b\0c")], b"", ""),
    (b"GET", b"/", &[("Host", "x"), ("A ", "b")], b"", ""),
    (b"GET", b"/", &[("Host", "x"), ("A(B)", "c")], b"", ""),
    (b"POST", b"/", &[("Host", "x"), ("Content-Length", "4")], b"\0\xff\r\n", "h2"),
    (b"GET", b"/", &[("Host", "x"), ("Content-Length", "2"), ("A", "b")], b"ab", "h2"),
    (b"POST", b"/", &[("Host", "x"), ("Content-Length", "1")], b"ab", ""),
    (b"POST", b"/", &[("Host", "x"), ("Transfer-Encoding", "chunked")], b"2;x\r\nab\r\n0\r\n\r\n", ""),
    (b"POST", b"/", &[("Host", "x"), ("Content-Length", "3"), ("Transfer-Encoding", "chunked")], b"0\r\n\r\n", ""),
];

fn request(url: &str, case: &Case) -> Request {
    let mut r = get(url);
    (r.method, r.target) = (case.0.to_vec(), case.1.to_vec());
    r.headers = case.2.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
    r.body = case.3.into();
    r
}

/// What was typed, put together by hand.
fn bytes(case: &Case, host: &str) -> Vec<u8> {
    let mut out = [case.0, b" ", case.1, b" HTTP/1.1\r\n"].concat();
    if case.2.iter().all(|(n, _)| !n.eq_ignore_ascii_case("host")) {
        out.extend(format!("Host: {host}\r\n").into_bytes());
    }
    case.2.iter().for_each(|(n, v)| out.extend(format!("{n}: {v}\r\n").into_bytes()));
    [&out, &b"\r\n"[..], case.3].concat()
}

/// What one connection sent, however the server tells requests apart.
fn first_connection(recorder: &Recorder, length: usize) -> Vec<u8> {
    let began = Instant::now();
    loop {
        let all = recorder.heard().into_iter().next().map(|h| h.bytes).unwrap_or_default();
        if all.len() >= length || began.elapsed() > PATIENCE {
            return all;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn what_is_typed_arrives_byte_for_byte_by_either_sender() {
    assert!(CASES.len() >= 40);
    for case in CASES {
        let shown = format!("{:?} {:?} {:?}", String::from_utf8_lossy(case.0), String::from_utf8_lossy(case.1), case.2);
        let hyper = case.4.contains('h');
        for by_raw in [false, true] {
            let recorder = Recorder::scripted(vec![OK.to_vec()], false);
            let url = recorder.url("/");
            let wanted = bytes(case, &recorder.addr.to_string());
            let r = request(&url, case);
            // Where hyper cannot, it goes raw by itself.
            let x = if by_raw && hyper { raw(&url, r, TYPED) } else { send(&engine(&url), r, TYPED) };
            let sender = if by_raw || !hyper { Sender::Raw } else { Sender::Hyper };
            assert_eq!((x.sender, x.altered.len()), (sender, 0), "{shown}");
            let heard = first_connection(&recorder, wanted.len());
            assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&wanted), "{shown}");
            assert_eq!(heard, wanted, "{shown}");
            assert_eq!(x.sent.as_deref(), Some(&wanted[..]), "{shown}");
            assert_eq!(x.status(), Some(200), "{shown}: {:?}", x.error);
        }
    }
}

/// An HTTP/2 server of another's making: what each request held, in the order of arrival.
type Received = Arc<Mutex<Vec<(String, String, Vec<(String, Vec<u8>)>, Vec<u8>)>>>;

fn http2_server() -> (String, Received, tokio::runtime::Runtime) {
    use http_body_util::{BodyExt as _, Full};
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let received = Received::default();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let keep = received.clone();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let keep = keep.clone();
            tokio::spawn(async move {
                let service = hyper::service::service_fn(move |r: hyper::Request<hyper::body::Incoming>| {
                    let keep = keep.clone();
                    async move {
                        let (parts, body) = r.into_parts();
                        let path = parts.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
                        let headers =
                            parts.headers.iter().map(|(n, v)| (n.to_string(), v.as_bytes().to_vec())).collect();
                        let body = body.collect().await.map(|b| b.to_bytes().to_vec()).unwrap_or_default();
                        keep.lock().expect("whole").push((parts.method.to_string(), path, headers, body));
                        Ok::<_, std::convert::Infallible>(hyper::Response::new(Full::new(bytes::Bytes::from_static(
                            b"{}",
                        ))))
                    }
                });
                let executor = hyper_util::rt::TokioExecutor::new();
                let io = hyper_util::rt::TokioIo::new(stream);
                let _ = hyper::server::conn::http2::Builder::new(executor).serve_connection(io, service).await;
            });
        }
    });
    (url, received, runtime)
}

#[test]
fn on_http2_the_path_headers_and_body_arrive_as_typed_or_nothing_is_sent() {
    let (url, received, _runtime) = http2_server();
    let engine = engine(&url);
    let policy = Policy { http: HttpChoice::Http2, ..TYPED };
    for case in CASES {
        let r = request(&url, case);
        let shown = format!("{:?} {:?}", String::from_utf8_lossy(case.1), case.2);
        let before = received.lock().expect("whole").len();
        let carried = choose(&r, &policy).is_ok();
        assert_eq!(carried, case.4.contains('2'), "{shown}");
        let x = send(&engine, r, policy);
        let all = received.lock().expect("whole").clone();
        if !carried {
            assert!(failed(&x, Phase::Prepare, FailureKind::Inexpressible).contains("leave out --http 2"), "{shown}");
            assert_eq!(all.len(), before, "{shown}");
            continue;
        }
        assert_eq!(x.error, None, "{shown}");
        let (method, path, headers, body) = all.last().expect("a request");
        assert_eq!((method.as_bytes(), path.as_bytes(), &body[..]), (case.0, case.1, case.3), "{shown}");
        assert!(x.altered.iter().all(|a| a.by == "protocol"), "{shown}");
        // The list that is kept is the one that arrived, in its order.
        let list = String::from_utf8_lossy(x.sent.as_deref().expect("a list")).into_owned();
        let (head, sent_body) = list.split_once("\r\n\r\n").expect("an end");
        let lines: Vec<&str> = head.split("\r\n").filter(|l| !l.starts_with(':')).collect();
        let arrived: Vec<String> =
            headers.iter().map(|(n, v)| format!("{n}: {}", String::from_utf8_lossy(v))).collect();
        assert_eq!(lines, arrived, "{shown}");
        assert_eq!(sent_body, String::from_utf8_lossy(case.3), "{shown}");
    }
}

#[test]
fn a_misbehaving_server_meets_the_same_bounds_and_more_of_it_is_read() {
    let server = Hostile::start();
    let policy = Policy {
        deadlines: Deadlines::default().within(Duration::from_secs(2)),
        caps: lunette::wire::Caps { wire_bytes: 1 << 20, decoded_bytes: 2 << 20, ..TYPED.caps },
        ..TYPED
    };
    let requests: Vec<Request> = PATHS.iter().map(|(path, _)| get(&server.url(path)).header("x-RAW", "1")).collect();
    let engine = engine(&server.url("/"));
    let (give, take) = std::sync::mpsc::channel();
    let began = Instant::now();
    for (request, (path, _)) in requests.into_iter().zip(PATHS) {
        let give = give.clone();
        let job = engine.submit(Budget::HAND, move |t| {
            Box::pin(async move {
                let _ = give.send((*path, t.send(request, policy).await));
            })
        });
        job.expect("a hand is never refused");
    }
    drop(give);
    let all: std::collections::BTreeMap<&str, Exchange> = take.iter().collect();
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
    assert_eq!(all.len(), PATHS.len());
    for (path, x) in &all {
        assert_eq!(x.sender, Sender::Raw, "{path}");
        assert!(x.response.is_some() || x.error.is_some(), "{path}");
        assert!(x.connection.is_some() && x.sent.is_some() && x.phases.total.is_some(), "{path}");
        if let Some(r) = &x.response {
            assert!(
                r.body.len() as u64 <= policy.caps.decoded_bytes && r.wire_bytes <= policy.caps.wire_bytes,
                "{path}"
            );
            assert!(r.headers.len() <= policy.caps.headers, "{path}");
        }
        assert!(x.received.as_ref().is_none_or(|r| r.len() <= 1 << 20), "{path}");
    }
    let kind = |path: &str| all[path].error.as_ref().map(|e| e.kind);
    for path in ["/endless-body", "/headers", "/big-header", "/endless-header", "/informational", "/bomb/gzip"] {
        assert_eq!(kind(path), Some(FailureKind::Cap), "{path}");
    }
    for path in ["/truncated", "/truncated-chunk", "/close", "/close-in-head", "/reset"] {
        assert_eq!(kind(path), Some(FailureKind::Closed), "{path}");
    }
    for path in ["/silent", "/drip", "/drip-head"] {
        assert_eq!(kind(path), Some(FailureKind::Timeout), "{path}");
    }
    assert_eq!(&all["/truncated"].response.as_ref().expect("a head").body[..], b"{\"a\":1,\"b\"");
    // What hyper cannot read is read here, and what is odd in it is named.
    for (path, odd) in [
        ("/escape", Odd::ControlByte),
        ("/nul-header", Odd::ControlByte),
        ("/folded", Odd::Folded),
        ("/two-lengths", Odd::LengthsDiffer),
        ("/status-1000", Odd::StatusLine),
        ("/bare-lf", Odd::BareLf),
        ("/length-and-chunked", Odd::LengthAndCoding),
        ("/poisoned", Odd::SecondReply),
    ] {
        let x = &all[path];
        assert_eq!(x.error, None, "{path}");
        assert!(x.oddities.iter().any(|o| o.odd == odd), "{path}: {:?}", x.oddities);
    }
    assert_eq!(&all["/poisoned"].more[0].body[..], b"second");
    assert!(all["/garbage"].oddities.iter().any(|o| o.odd == Odd::NoStatusLine));
    assert!(all["/garbage"].response.as_ref().is_some_and(|r| !r.body.is_empty()));
}

#[test]
fn what_is_odd_is_noted_of_replies_that_hyper_reads_too() {
    for (reply, odd) in [
        (&b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}"[..], Odd::BareLf),
        (
            b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            Odd::LengthAndCoding,
        ),
        (b"HTTP/1.1 103 E\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", Odd::Informational),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n\r\n", Odd::Surplus),
    ] {
        let recorder = Recorder::scripted(vec![reply.to_vec()], true);
        let url = recorder.url("/");
        let x = send(&engine(&url), get(&url), TYPED);
        assert_eq!((x.sender, body(&x)), (Sender::Hyper, &b"{}"[..]));
        assert!(x.oddities.iter().any(|o| o.odd == odd), "{odd:?}: {:?}", x.oddities);
    }
    // One that it cannot read keeps its bytes.
    let recorder = Recorder::scripted(vec![b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n".to_vec()], false);
    let x = send(&engine(&recorder.url("/")), get(&recorder.url("/")), TYPED);
    assert!(x.error.is_some() && x.received.is_some_and(|r| r.starts_with(b"HTTP/1.1 200 OK")));
}

#[test]
fn a_sequence_stays_on_one_connection_while_the_server_keeps_it() {
    let closes = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    for name in ["X-Note", "x-NOTE"] {
        let recorder = Recorder::scripted(vec![OK.to_vec(), closes.clone(), OK.to_vec()], true);
        let url = recorder.url("/");
        let one = |i: usize| get(&format!("{url}{i}")).header("Accept", "x").header(name, "1");
        let requests = (0..4).map(one).collect();
        let all = together(&url, requests, Together::Sequence, TYPED);
        let reused: Vec<bool> = all.iter().map(|x| x.connection.as_ref().expect("one").reused).collect();
        assert_eq!(reused, [false, true, false, true], "{name}");
        assert!(all.iter().all(|x| x.status() == Some(200) && x.group.is_some_and(|g| g.size == 4)));
        // Each has the bytes that were its own, although they left on one stream.
        for (i, x) in all.iter().enumerate() {
            let start = format!("GET /{i} HTTP/1.1\r\n");
            assert!(x.sent.as_ref().is_some_and(|sent| sent.starts_with(start.as_bytes())), "{:?}", x.sent);
        }
    }
}

/// When bytes of one connection came, and how many.
type Arrivals = Vec<(Instant, usize)>;

/// Accepts connections and notes when the bytes of each came.
fn clocked(count: usize) -> (String, std::thread::JoinHandle<Vec<Arrivals>>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let serve = |mut stream: TcpStream| {
            stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
            let (mut all, mut arrivals, mut buffer) = (Vec::new(), Vec::new(), [0; 4096]);
            while !all.ends_with(b"\r\n\r\n") && !all.ends_with(b"\r\n\r\nab") {
                let n = stream.read(&mut buffer).expect("bytes");
                assert!(n > 0, "the client went");
                arrivals.push((Instant::now(), n));
                all.extend_from_slice(&buffer[..n]);
                if all.starts_with(b"POST") && all.ends_with(b"\r\n\r\n") {
                    let n = stream.read(&mut buffer).expect("a body");
                    arrivals.push((Instant::now(), n));
                    all.extend_from_slice(&buffer[..n]);
                }
            }
            stream.write_all(OK).expect("a reply");
            arrivals
        };
        let threads: Vec<_> = (0..count)
            .map(|_| listener.accept().expect("a client").0)
            .map(|stream| std::thread::spawn(move || serve(stream)))
            .collect();
        threads.into_iter().map(|t| t.join().expect("served")).collect()
    });
    (url, server)
}

#[test]
fn on_http1_the_last_bytes_of_all_follow_when_the_rest_of_all_is_there() {
    let (url, server) = clocked(20);
    let mut requests = vec![get(&url); 20];
    for r in requests.iter_mut().step_by(2) {
        r.method = b"POST".to_vec();
        r.body = bytes::Bytes::from_static(b"ab");
    }
    let all = together(&url, requests, Together::Parallel, TYPED);
    for x in &all {
        assert_eq!((x.status(), x.error.as_ref()), (Some(200), None));
        assert!(x.group.is_some_and(|g| g.spread.is_some_and(|s| s < Duration::from_secs(1))));
    }
    let arrivals = server.join().expect("the server");
    let last = |a: &Arrivals| *a.last().expect("bytes");
    assert!(arrivals.iter().all(|a| a.len() >= 2 && last(a).1 == 1), "the last byte comes alone: {arrivals:?}");
    let rest = arrivals.iter().map(|a| a[a.len() - 2].0).max().expect("some");
    let first = arrivals.iter().map(|a| last(a).0).min().expect("some");
    assert!(rest < first, "all but the last bytes are there before any of the last");
}

#[test]
fn on_http2_the_ends_of_all_streams_arrive_in_one_read() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let server = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        // Its settings, and an acknowledgement of the client's.
        stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0]).expect("settings");
        let (mut all, mut at, mut reads, mut ends) = (Vec::new(), 24, 0, Vec::new());
        let mut buffer = vec![0; 64 << 10];
        while ends.len() < 20 {
            let n = stream.read(&mut buffer).expect("bytes");
            assert!(n > 0, "the client went after {} ends", ends.len());
            reads += 1;
            all.extend_from_slice(&buffer[..n]);
            while let Some(head) = all.get(at..at + 9) {
                let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
                if all.len() < at + 9 + length {
                    break;
                }
                // END_STREAM on HEADERS or DATA.
                if head[3] < 2 && head[4] & 1 == 1 {
                    ends.push((reads, head[3], head[5..9].to_vec()));
                }
                at += 9 + length;
            }
        }
        for (_, _, id) in &ends {
            // HEADERS with END_STREAM and END_HEADERS: `:status: 200` is one byte.
            stream.write_all(&[&[0, 0, 1, 1, 5][..], id, &[0x88]].concat()).expect("a reply");
        }
        let _ = stream.read(&mut buffer);
        ends
    });
    let mut requests = vec![get(&url); 20];
    for r in requests.iter_mut().step_by(2) {
        r.method = b"POST".to_vec();
        r.body = vec![b'x'; 500].into();
    }
    let policy = Policy { http: HttpChoice::Http2, ..TYPED };
    let all = together(&url, requests, Together::Parallel, policy);
    for x in &all {
        assert_eq!((x.status(), x.error.as_ref(), x.http2), (Some(200), None, true));
    }
    let ends = server.join().expect("the server");
    assert!(ends.iter().all(|(read, kind, _)| *read == ends[0].0 && *kind == 0), "one read: {ends:?}");
}

#[test]
fn a_group_spends_its_budget_and_fails_as_one() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let budget = Budget { requests: Some(3), ..Budget::HAND };
    let requests = vec![get(&url); 5];
    let all = engine(&url)
        .run(budget, move |t| Box::pin(async move { t.together(requests, Together::Parallel, TYPED).await }))
        .expect("exchanges");
    let kinds: Vec<_> = all.iter().map(|x| x.error.as_ref().map(|e| e.kind)).collect();
    assert_eq!(kinds, [None, None, None, Some(FailureKind::Budget), Some(FailureKind::Budget)]);
    assert_eq!(recorder.heard().len(), 3);
    let server = Hostile::start();
    let policy = Policy { deadlines: Deadlines::default().within(Duration::from_millis(600)), ..TYPED };
    for how in [Together::Parallel, Together::Sequence] {
        let url = server.url("/silent");
        let all = together(&url, vec![get(&url); 2], how, policy);
        assert!(all.iter().all(|x| x.error.as_ref().is_some_and(|e| e.kind == FailureKind::Timeout)), "{how:?}");
    }
    let url = format!("http://127.0.0.1:{}/", unused());
    let all = together(&url, vec![get(&url); 3], Together::Parallel, TYPED);
    assert!(all.iter().all(|x| x.error.as_ref().is_some_and(|e| e.kind == FailureKind::Refused)));
}

/// A port that nobody listens on.
fn unused() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

#[test]
fn a_request_that_nobody_typed_never_goes_raw_with_bytes_that_break_out() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let mut request = get(&url);
    request.target = b"/a HTTP/1.1\r\nX: y".to_vec();
    let x = send(&engine(&url), request, Policy { raw: false, ..TYPED });
    assert!(failed(&x, Phase::Prepare, FailureKind::Inexpressible).contains("cannot be sent as typed"));
    assert!(recorder.heard().is_empty());
}
