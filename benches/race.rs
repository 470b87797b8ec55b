//! How close together the last bytes of 20 requests arrive that are sent at one instant over HTTP/1.1, as the server sees them:
//! its own clock, one thread that looks at all connections in turn, 50 groups. Half of the requests have no body.
//!
//! `cargo bench --bench race`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lunette::engine::{Budget, Config, Engine, Entry};
use lunette::store::Memory;
use lunette::wire::{Policy, Request, Target, Together};

const GROUPS: usize = 50;
const SIZE: usize = 20;
const BODY: &[u8] = b"code=1";
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

fn main() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let url = format!("http://{}/redeem", listener.local_addr().expect("address"));
    let server = std::thread::spawn(move || (0..GROUPS).map(|_| group(&listener)).collect::<Vec<_>>());
    let origin = Target::parse(url.as_bytes()).expect("url").origin;
    let config = Config { scope: vec![Entry::typed(&origin)], ..Config::default() };
    let engine = Engine::start(config, Arc::new(Memory::default())).expect("engine");
    let mut written = Vec::new();
    for _ in 0..GROUPS {
        let requests: Vec<Request> = (0..SIZE)
            .map(|i| {
                let mut r = Request::new(if i % 2 == 0 { "POST" } else { "GET" }, url.as_bytes()).expect("url");
                r.body = if i % 2 == 0 { BODY.into() } else { bytes::Bytes::new() };
                r
            })
            .collect();
        let all = engine
            .run(Budget::HAND, move |t| {
                Box::pin(async move { t.together(requests, Together::Parallel, Policy::default()).await })
            })
            .expect("job");
        assert!(all.iter().all(|x| x.status() == Some(200)), "{:?}", all.iter().find_map(|x| x.error.as_ref()));
        written.extend(all[0].group.and_then(|g| g.spread));
    }
    let arrived = server.join().expect("server");
    for (what, mut spread) in [("written", written), ("arrived", arrived)] {
        spread.sort();
        let (ms, within) = (|d: Duration| d.as_secs_f64() * 1e3, spread.iter().filter(|d| d.as_millis() < 1).count());
        println!(
            "last bytes of {SIZE} requests {what} within: median {:.3} ms, worst {:.3} ms; {within} of {GROUPS} groups below 1 ms",
            ms(spread[spread.len() / 2]),
            ms(spread[spread.len() - 1])
        );
    }
}

/// The time between the first and the last request of a group becoming whole.
fn group(listener: &TcpListener) -> Duration {
    let mut open: Vec<(TcpStream, Vec<u8>, Option<Instant>)> = (0..SIZE)
        .map(|_| {
            let (stream, _) = listener.accept().expect("accept");
            stream.set_nonblocking(true).expect("nonblocking");
            (stream, Vec::new(), None)
        })
        .collect();
    let mut buffer = [0; 4096];
    while open.iter().any(|(_, _, whole)| whole.is_none()) {
        for (stream, bytes, whole) in open.iter_mut().filter(|(_, _, whole)| whole.is_none()) {
            let Ok(n) = stream.read(&mut buffer) else { continue };
            assert!(n > 0, "the client went");
            bytes.extend_from_slice(&buffer[..n]);
            let end: &[u8] = if bytes.starts_with(b"POST") { BODY } else { b"\r\n\r\n" };
            if bytes.ends_with(end) {
                *whole = Some(Instant::now());
            }
        }
    }
    let whole = || open.iter().filter_map(|(_, _, whole)| *whole);
    let spread = whole().max().zip(whole().min()).map(|(last, first)| last - first).unwrap_or_default();
    for (stream, _, _) in &mut open {
        stream.set_nonblocking(false).expect("blocking");
        stream.write_all(REPLY).expect("reply");
    }
    spread
}
