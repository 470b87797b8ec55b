//! CPU time of one request: bare hyper, the measured sender on one keep-alive connection, and the whole engine path with
//! recording and 250 requests in flight. The server runs in a process of its own, so only the client is counted.
//!
//! `cargo bench --bench send`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use lunette::engine::{Budget, Config, Engine, Entry, Lane};
use lunette::store::Memory;
use lunette::wire::{Policy, Request, Target};
use rustix::time::{ClockId, clock_gettime};

const REQUESTS: u64 = 20_000;
const ROUNDS: usize = 3;
const IN_FLIGHT: usize = 250;

fn main() {
    if std::env::args().any(|a| a == "--serve") {
        serve();
    }
    let mut server = Command::new(std::env::current_exe().expect("own path"))
        .arg("--serve")
        .stdout(Stdio::piped())
        .spawn()
        .expect("server process");
    let mut line = String::new();
    BufReader::new(server.stdout.take().expect("stdout")).read_line(&mut line).expect("address");
    let address: SocketAddr = line.trim().parse().expect("address");
    println!("{REQUESTS} requests of 1 kB each, best of {ROUNDS} rounds; CPU time of the client process");
    let bare = best(|| bare(address));
    let measured = best(|| measured(address));
    let whole = best(|| whole(address));
    for (name, cpu) in
        [("bare hyper http1::handshake", bare), ("measured sender", measured), ("whole engine path", whole)]
    {
        let per = cpu.as_secs_f64() * 1e6 / REQUESTS as f64;
        println!("{name:<28} {per:>6.1} us/request   {:.2} x", cpu.as_secs_f64() / bare.as_secs_f64());
    }
    server.kill().expect("server ends");
    let _ = server.wait();
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}

fn best(run: impl Fn()) -> Duration {
    (0..ROUNDS)
        .map(|_| {
            let from = cpu();
            run();
            cpu().saturating_sub(from)
        })
        .min()
        .expect("rounds")
}

fn bare(address: SocketAddr) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    runtime.block_on(async {
        tokio::spawn(async move {
            let tcp = tokio::net::TcpStream::connect(address).await.expect("connect");
            tcp.set_nodelay(true).expect("nodelay");
            let io = hyper_util::rt::TokioIo::new(tcp);
            let (mut sender, connection) = hyper::client::conn::http1::handshake(io).await.expect("handshake");
            tokio::spawn(connection);
            for _ in 0..REQUESTS {
                let request = http::Request::get("/x?y=1")
                    .header("host", "127.0.0.1")
                    .header("user-agent", "bench")
                    .header("accept", "application/json")
                    .body(Empty::<Bytes>::new())
                    .expect("request");
                let reply = sender.send_request(request).await.expect("reply");
                assert_eq!(reply.status(), 200);
                let body = reply.into_body().collect().await.expect("body").to_bytes();
                assert_eq!(body.len(), 1024);
            }
        })
        .await
        .expect("task");
    });
}

fn request(address: SocketAddr) -> Request {
    Request::new("GET", format!("http://{address}/x?y=1").as_bytes())
        .expect("url")
        .header("User-Agent", "bench")
        .header("Accept", "application/json")
}

fn engine(address: SocketAddr) -> Engine {
    let origin = Target::parse(format!("http://{address}").as_bytes()).expect("url").origin;
    let config = Config { scope: vec![Entry::typed(&origin)], ..Config::default() };
    Engine::start(config, Arc::new(Memory::default())).expect("engine")
}

fn measured(address: SocketAddr) {
    let engine = engine(address);
    engine
        .run(Budget::HAND, move |t| {
            Box::pin(async move {
                for _ in 0..REQUESTS {
                    let x = t.send(request(address), Policy::default()).await;
                    assert_eq!(x.response.map(|r| r.body.len()), Some(1024), "{:?}", x.error);
                }
            })
        })
        .expect("job");
}

fn whole(address: SocketAddr) {
    let engine = engine(address);
    let budget = Budget { origin: "rate", lane: Lane::Batch, requests: Some(1) };
    let (done, lost) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let opened = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut asked = 0;
    while done.load(Ordering::Relaxed) < REQUESTS {
        assert!(begun.elapsed() < Duration::from_mins(2), "the bench stands still");
        if asked < REQUESTS && asked - done.load(Ordering::Relaxed) < IN_FLIGHT as u64 {
            let (done, lost, opened) = (Arc::clone(&done), Arc::clone(&lost), Arc::clone(&opened));
            engine
                .submit(budget, move |t| {
                    Box::pin(async move {
                        let x = t.send(request(address), Policy::default()).await;
                        if x.status() != Some(200) {
                            lost.fetch_add(1, Ordering::Relaxed);
                        }
                        opened.fetch_add(u64::from(x.connection.is_some_and(|c| !c.reused)), Ordering::Relaxed);
                        done.fetch_add(1, Ordering::Relaxed);
                    })
                })
                .expect("queue");
            asked += 1;
        } else {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
    assert_eq!(lost.load(Ordering::Relaxed), 0, "requests lost");
    println!("  {IN_FLIGHT} in flight over {} connections, none lost", opened.load(Ordering::Relaxed));
}

/// A keep-alive server, a thread a connection: 1 kB for every head.
fn serve() -> ! {
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    println!("{}", listener.local_addr().expect("address"));
    std::io::stdout().flush().expect("stdout");
    let reply: Arc<[u8]> = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 1024\r\n\r\n{}",
        "x".repeat(1024)
    )
    .into_bytes()
    .into();
    loop {
        let (mut tcp, _) = listener.accept().expect("accept");
        let reply = Arc::clone(&reply);
        std::thread::spawn(move || {
            let _ = tcp.set_nodelay(true);
            let mut buffer = [0; 4096];
            let mut held = 0;
            while let Ok(n) = tcp.read(&mut buffer[held..]) {
                if n == 0 {
                    return;
                }
                held += n;
                if buffer[..held].ends_with(b"\r\n\r\n") {
                    held = 0;
                    if tcp.write_all(&reply).is_err() {
                        return;
                    }
                }
            }
        });
    }
}
