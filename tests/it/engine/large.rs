//! Bodies that are too large for memory: the same bytes whoever carries them, and little memory whatever a server does.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lunette::base::hash::sha256_hex;
use lunette::demo::Demo;
use lunette::engine::{Config, Engine};
use lunette::files::Disk;
use lunette::store::Memory;
use lunette::wire::{Caps, Exchange, FailureKind, Phase, Policy, Sender, Spill, Spilling};

use super::{failed, get, send, start, typed};
use crate::support::bombs::{self, Bomb};
use crate::support::hostile::{Hostile, PATHS};

const SIZE: usize = 30 << 20;
/// What an engine may hold more than before, whatever comes.
const ROOM: u64 = 64 << 20;

/// Bytes that look like no others at any place.
fn pattern() -> Vec<u8> {
    (0..SIZE / 8).flat_map(|i| (i as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes()).collect()
}

/// A server that gives each client these bytes, and its URL.
fn serve(reply: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // An error is a client that has had enough.
            let _ = stream.read(&mut [0; 4_096]);
            let _ = stream.write_all(&reply);
            let _ = stream.shutdown(std::net::Shutdown::Write);
            let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    url
}

fn reply(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n").as_bytes(), body].concat()
}

fn engine(url: &str, spill: impl Spill + 'static) -> Engine {
    let config = Config { scope: vec![typed(url)], spill: Some(Arc::new(spill)), ..Config::default() };
    start(config, Arc::new(Memory::default()))
}

/// The policy of one who sends by hand.
fn by_hand() -> Policy {
    Policy { raw: true, fresh: true, caps: Caps::BY_HAND, ..Policy::default() }
}

#[test]
fn a_large_body_is_the_same_bytes_whoever_carries_it() {
    let bytes = pattern();
    let hash = sha256_hex(&bytes);
    let mut chunked = Vec::new();
    for part in bytes.chunks(100_000) {
        chunked.extend(format!("{:x}\r\n", part.len()).bytes());
        chunked.extend_from_slice(part);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let zstd = zstd::encode_all(&bytes[..], 1).expect("packed");
    let length = |n: usize| format!("Content-Length: {n}");
    for (name, reply) in [
        ("length", reply(&length(bytes.len()), &bytes)),
        ("chunks", reply("Transfer-Encoding: chunked", &chunked)),
        ("until the end", reply("X-A: b", &bytes)),
        ("zstd", reply(&format!("Content-Encoding: zstd\r\n{}", length(zstd.len())), &zstd)),
    ] {
        let url = serve(reply);
        let engine = engine(&url, Disk);
        for (sender, request) in [(Sender::Hyper, get(&url)), (Sender::Raw, get(&url).header("X Odd", "1"))] {
            let x = send(&engine, request, by_hand());
            assert_eq!((&x.error, x.sender), (&None, sender), "{name}");
            let r = x.response.as_ref().expect("a reply");
            assert!(r.in_file && !r.truncated, "{name}");
            assert_eq!((r.decoded_bytes, sha256_hex(&r.body)), (SIZE as u64, hash.clone()), "{name} by {sender:?}");
            assert!(x.in_memory() < 2 << 20 && x.weight() > SIZE, "{name}");
        }
    }
}

/// Gives no file, or one that is soon full.
#[derive(Debug)]
struct Full(usize);

struct Small(Box<dyn Spilling>, usize);

impl Spill for Full {
    fn begin(&self) -> std::io::Result<Box<dyn Spilling>> {
        if self.0 == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        Ok(Box::new(Small(Disk.begin()?, self.0)))
    }
}

impl Spilling for Small {
    fn push(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.1 = self.1.checked_sub(bytes.len()).ok_or(std::io::ErrorKind::StorageFull)?;
        self.0.push(bytes)
    }

    fn whole(self: Box<Self>) -> std::io::Result<bytes::Bytes> {
        self.0.whole()
    }
}

#[test]
fn where_there_is_no_room_the_body_is_cut_and_what_came_is_kept() {
    let bytes = pattern();
    let gzip = {
        let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        out.write_all(&bytes).expect("memory");
        out.finish().expect("memory")
    };
    for (room, reply) in [
        (0, reply(&format!("Content-Length: {SIZE}"), &bytes)),
        (12 << 20, reply(&format!("Content-Length: {SIZE}"), &bytes)),
        (0, reply(&format!("Content-Encoding: gzip\r\nContent-Length: {}", gzip.len()), &gzip)),
    ] {
        let url = serve(reply);
        let engine = engine(&url, Full(room));
        for request in [get(&url), get(&url).header("X Odd", "1")] {
            let x = send(&engine, request, by_hand());
            assert!(failed(&x, Phase::Receive, FailureKind::Cap).contains("no file for it"));
            let r = x.response.expect("the head came");
            assert!(r.truncated && !r.body.is_empty() && r.body.len() < SIZE, "{} bytes", r.body.len());
            if r.undone.is_empty() && r.get("content-encoding").is_none() {
                assert!(r.body.len() >= 7 << 20 && bytes.starts_with(&r.body), "{} bytes", r.body.len());
            }
        }
    }
}

/// Set for the copy of this test binary that asks, to where it asks.
const CHILD: &str = "LUNETTE_MEMORY_TEST";

fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a state");
    let line = status.lines().find_map(|l| l.strip_prefix(what)).expect("a figure");
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

/// Not a test by itself: with the variable set it asks for every path, and tells what memory that took at its peak.
#[test]
#[expect(clippy::print_stdout, reason = "it tells another process")]
fn the_one_who_asks() {
    let Ok(urls) = std::env::var(CHILD) else { return };
    for url in urls.split(' ') {
        let engine = engine(url, Disk);
        // A first exchange, so that what every engine holds is there.
        let mut policy = by_hand();
        policy.deadlines = policy.deadlines.within(Duration::from_secs(3));
        std::fs::write("/proc/self/clear_refs", "5").expect("the peak is forgotten");
        let before = memory("VmRSS");
        let x = send(&engine, get(url), policy);
        let grown = memory("VmHWM").saturating_sub(before);
        println!("GROWN {grown} {url} {} {:?}", x.response.map_or(0, |r| r.body.len()), x.error.map(|e| e.message));
        drop(engine);
    }
}

#[test]
fn whatever_a_server_does_takes_little_memory() {
    let hostile = Hostile::start();
    let mut urls: Vec<String> = PATHS.iter().map(|(path, _)| hostile.url(path)).collect();
    let pairs = [("gzip", Bomb::Gzip), ("br", Bomb::Brotli), ("zstd", Bomb::Zstd), ("deflate", Bomb::Deflate)];
    for (inner, bomb) in pairs {
        for outer in ["gzip", "br", "zstd", "deflate"] {
            let body = bombs::packed(outer, &bomb.make());
            let head = format!("Content-Encoding: {inner}, {outer}\r\nContent-Length: {}", body.len());
            urls.push(serve(reply(&head, &body)));
        }
    }
    let out = Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "engine::large::the_one_who_asks", "--nocapture", "--test-threads=1"])
        .env(CHILD, urls.join(" "))
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&out.stdout);
    let all: Vec<&str> = said.lines().filter_map(|l| l.split_once("GROWN ").map(|(_, rest)| rest)).collect();
    assert_eq!(all.len(), urls.len(), "{said}{}", String::from_utf8_lossy(&out.stderr));
    for line in &all {
        let grown: u64 = line.split(' ').next().and_then(|n| n.parse().ok()).expect("a number");
        assert!(grown <= ROOM, "{line}");
    }
    // The chained ones are bombs, each of them.
    for line in &all[PATHS.len()..] {
        assert!(line.contains("times its size") || line.contains("inner layer"), "{line}");
    }
}

/// A server whose reply of one part takes its time, and which phase that is.
fn slow(act: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    std::thread::spawn(move || listener.incoming().flatten().for_each(act));
    url
}

#[test]
fn each_phase_takes_the_time_that_its_server_takes_and_no_other_does() {
    const PAUSE: Duration = Duration::from_millis(400);
    const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
    const LARGE: usize = 48 << 20;
    let ask = |stream: &mut TcpStream| {
        let _ = stream.read(&mut [0; 4_096]);
    };
    let wait = slow(move |mut s| {
        ask(&mut s);
        std::thread::sleep(PAUSE);
        let _ = s.write_all(&[HEAD, b"done"].concat());
    });
    let receive = slow(move |mut s| {
        ask(&mut s);
        let _ = s.write_all(&[HEAD, b"do"].concat());
        std::thread::sleep(PAUSE);
        let _ = s.write_all(b"ne");
    });
    let late = slow(|mut s| {
        // More than the system takes for a server that does not read.
        std::thread::sleep(PAUSE);
        let mut left = LARGE;
        let mut block = vec![0; 1 << 20];
        while let Ok(n) = s.read(&mut block)
            && n > 0
            && left > n
        {
            left -= n;
        }
        let _ = s.write_all(&[HEAD, b"done"].concat());
        let _ = s.shutdown(std::net::Shutdown::Write);
        let _ = s.read_to_end(&mut Vec::new());
    });
    let mut large = get(&late);
    large.method = b"POST".to_vec();
    large.body = vec![b'x'; LARGE].into();
    let quick = |x: &Exchange, slow: Phase| {
        assert_eq!(x.error, None);
        for (phase, took) in x.phases.list() {
            assert_eq!(
                took >= PAUSE,
                phase == slow,
                "{} took {took:?}, and {} is the slow one",
                phase.word(),
                slow.word()
            );
        }
        assert!(x.phases.total >= Some(PAUSE));
        assert!(x.phases.list().any(|(p, _)| p == slow));
    };
    for (url, request, phase) in
        [(&wait, get(&wait), Phase::Wait), (&receive, get(&receive), Phase::Receive), (&late, large, Phase::Send)]
    {
        for raw in [false, true] {
            let request = if raw { request.clone().header("X Odd", "1") } else { request.clone() };
            quick(&send(&super::engine(url), request, by_hand()), phase);
        }
    }
    // The hello of the client is held back; the server behind it is a real one.
    let demo = Demo::start(None).expect("it starts");
    let behind = demo.https;
    let hello = slow(move |mut near| {
        let mut first = vec![0; 4_096];
        let n = near.read(&mut first).unwrap_or(0);
        std::thread::sleep(PAUSE);
        let mut far = TcpStream::connect(behind).expect("it listens");
        let _ = far.write_all(&first[..n]);
        let (mut from, mut to) = (near.try_clone().expect("a clone"), far.try_clone().expect("a clone"));
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        std::thread::spawn(move || std::io::copy(&mut far, &mut near));
    });
    let url = format!("{}api/health", hello.replace("http://", "https://"));
    quick(&send(&super::engine(&url), get(&url), Policy { insecure: true, ..by_hand() }), Phase::Tls);
}

#[test]
fn a_reset_at_any_phase_ends_at_once_with_what_came() {
    let head: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let cases: [(&str, Vec<u8>, Phase); 7] = [
        ("before a byte", Vec::new(), Phase::Wait),
        ("in the status line", b"HTTP/1.1 2".to_vec(), Phase::Receive),
        ("in a field", b"HTTP/1.1 200 OK\r\nX-A: b".to_vec(), Phase::Receive),
        ("behind the head", head.to_vec(), Phase::Receive),
        ("in a size", [head, b"ff"].concat(), Phase::Receive),
        ("in a chunk", [head, b"ff\r\nabc"].concat(), Phase::Receive),
        ("between chunks", [head, b"3\r\nabc\r\n"].concat(), Phase::Receive),
    ];
    for (name, bytes, phase) in cases {
        let url = slow(move |mut s| {
            // What is left unread makes the end a reset.
            let _ = s.read(&mut [0; 1]);
            let _ = s.write_all(&bytes);
            std::thread::sleep(Duration::from_millis(50));
        });
        for raw in [false, true] {
            let request = if raw { get(&url).header("X Odd", "1") } else { get(&url) };
            let began = Instant::now();
            let x = send(&super::engine(&url), request, by_hand());
            assert!(began.elapsed() < Duration::from_secs(3), "{name}");
            let e = x.error.as_ref().unwrap_or_else(|| panic!("{name}: no failure"));
            assert_eq!((e.kind, e.phase), (FailureKind::Closed, phase), "{name}, raw {raw}: {e:?}");
            if name.contains("chunk") {
                let r = x.response.expect("the head came");
                assert_eq!((&r.body[..], r.truncated), (&b"abc"[..], true), "{name}, raw {raw}");
            }
        }
    }
    // The same within a handshake.
    for bytes in [&b""[..], b"\x16\x03\x03\x00\x7a\x02\x00"] {
        let url = slow(move |mut s| {
            let _ = s.read(&mut [0; 1]);
            let _ = s.write_all(bytes);
            std::thread::sleep(Duration::from_millis(50));
        })
        .replace("http:", "https:");
        let began = Instant::now();
        let x = send(&super::engine(&url), get(&url), by_hand());
        failed(&x, Phase::Tls, FailureKind::Tls);
        assert!(began.elapsed() < Duration::from_secs(3) && x.phases.connect.is_some() && x.sent.is_none());
    }
}

#[test]
fn every_path_ends_at_its_deadline() {
    const TOTAL: Duration = Duration::from_millis(700);
    /// Four times what is aimed at, since other tests run beside it.
    const SLACK: Duration = Duration::from_millis(400);
    let server = Hostile::start();
    let url = server.url("/");
    let engine = engine(&url, Disk);
    let mut policy = by_hand();
    policy.deadlines = policy.deadlines.within(TOTAL);
    for (path, _) in PATHS {
        let request = get(&server.url(path));
        // What is asked for first makes its bomb.
        if path.starts_with("/bomb/") {
            let _ = send(&engine, request.clone(), policy);
        }
        // The best of three, as the machine may be busy.
        let mut took = (0..3).map(|_| {
            let began = Instant::now();
            let _ = send(&engine, request.clone(), policy);
            began.elapsed()
        });
        assert!(took.any(|t| t < TOTAL + SLACK), "{path} goes on after its deadline");
    }
}

#[test]
fn what_goes_on_without_an_end_is_cancelled_soon() {
    let server = Hostile::start();
    for path in ["/endless-body", "/informational", "/endless-header", "/bomb/gzip", "/bomb/br", "/drip", "/silent"] {
        let url = server.url(path);
        let engine = engine(&url, Disk);
        // The best of three, as the machine may be busy.
        let best = (0..3).map(|_| {
            let (give, take) = std::sync::mpsc::channel();
            let request = get(&url);
            let mut policy = by_hand();
            (policy.caps.informational, policy.caps.ratio) = (u32::MAX, u64::MAX);
            let job = engine.submit(lunette::engine::Budget::HAND, move |t| {
                Box::pin(async move {
                    let _ = give.send(t.send(request, policy).await);
                })
            });
            let job = job.expect("a hand is never refused");
            std::thread::sleep(Duration::from_millis(60));
            let began = Instant::now();
            job.cancel();
            let x = take.recv_timeout(Duration::from_secs(20)).expect("a cancelled job ends");
            assert!(x.error.is_some(), "{path}");
            began.elapsed()
        });
        let best = best.min().expect("three");
        assert!(best < Duration::from_millis(400), "{path}: {best:?}");
    }
}
