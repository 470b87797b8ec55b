//! The switches of a run: a halt that ends all traffic, read-only, and what a target takes at most.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use lunette::engine::Most;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// A server that sends without end to whoever asks, and tells when a connection has ended at its side.
fn endless(connections: usize) -> (String, mpsc::Receiver<Instant>, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let (ended, ends) = mpsc::channel();
    let (begun, begins) = mpsc::channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            let (ended, begun) = (ended.clone(), begun.clone());
            std::thread::spawn(move || {
                let mut stream: TcpStream = stream.expect("a connection");
                let mut block = [0; 4_096];
                let _ = stream.read(&mut block);
                let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
                let _ = stream.write_all(head);
                let _ = begun.send(());
                while stream.write_all(b"1\r\nx\r\n").is_ok() {
                    std::thread::sleep(Duration::from_millis(2));
                }
                let _ = ended.send(Instant::now());
            });
        }
    });
    (url, ends, begins)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figure of the halt is printed")]
fn a_halt_ends_every_connection_and_nothing_is_sent_until_it_is_lifted() {
    const MANY: usize = 50;
    let (url, ends, begins) = endless(MANY + 1);
    let engine = engine(&url);
    let (give, take) = mpsc::channel();
    for i in 0..MANY {
        let (give, request) = (give.clone(), get(&url));
        let budget = if i % 2 == 0 { Budget::HAND } else { BATCH };
        let job = engine.submit(budget, move |t| {
            Box::pin(async move {
                let first = t.send(request.clone(), kept()).await;
                // A job that goes on after its first exchange is stopped by its budget, scope or token all the same.
                let second = t.send(request, kept()).await;
                let _ = give.send((first, second));
            })
        });
        job.expect("a place");
    }
    for _ in 0..MANY {
        begins.recv_timeout(PATIENCE).expect("it flows");
    }
    let began = Instant::now();
    engine.stop();
    let last = (0..MANY).map(|_| ends.recv_timeout(PATIENCE).expect("it ends")).max().expect("some");
    println!("{MANY} endless replies: the last connection ended {:?} after the halt", last - began);
    assert!(last - began < Duration::from_secs(2));
    for _ in 0..MANY {
        let (first, second) = take.recv_timeout(PATIENCE).expect("a job ends");
        assert_eq!(first.error.map(|e| e.kind), Some(FailureKind::Cancelled));
        assert!(matches!(second.error.map(|e| e.kind), Some(FailureKind::Cancelled | FailureKind::Scope)));
    }
    let refused = send(&engine, get(&url), kept());
    assert!(failed(&refused, Phase::Prepare, FailureKind::Scope).contains("everything is stopped"));
    engine.resume();
    let policy = Policy { deadlines: kept().deadlines.within(Duration::from_millis(300)), ..kept() };
    assert_eq!(send(&engine, get(&url), policy).status(), Some(200));
}

#[test]
fn read_only_sends_what_changes_nothing_and_no_byte_of_the_rest() {
    let recorder = crate::support::recorder::Recorder::start();
    let url = recorder.url("/");
    let engine =
        start(Config { scope: vec![typed(&url)], read_only: true, ..Config::default() }, Arc::new(Memory::default()));
    for method in ["POST", "PUT", "PATCH", "DELETE", "get", "PROPFIND"] {
        let request = Request::new(method, url.as_bytes()).expect("a URL");
        let x = send(&engine, request, kept());
        assert!(failed(&x, Phase::Prepare, FailureKind::Scope).contains("read-only"), "{method}");
    }
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert_eq!(
            send(&engine, Request::new(method, url.as_bytes()).expect("a URL"), Policy { fresh: true, ..kept() }).error,
            None
        );
    }
    let heard: usize = recorder.heard().iter().map(|h| h.requests().len()).sum();
    assert_eq!(heard, 4);
    engine.scope().set_read_only(false);
    assert_eq!(send(&engine, Request::new("POST", url.as_bytes()).expect("a URL"), kept()).error, None);
}

#[test]
fn a_target_that_has_had_its_requests_gets_no_more_by_any_lane() {
    let recorder = crate::support::recorder::Recorder::start();
    let url = recorder.url("/");
    let most = Most { requests: Some(3), ..Most::default() };
    let entry = Entry { most, ..typed(&url) };
    let engine = start(Config { scope: vec![entry], ..Config::default() }, Arc::new(Memory::default()));
    for _ in 0..3 {
        assert_eq!(send(&engine, get(&url), Policy { fresh: true, ..kept() }).error, None);
    }
    assert!(failed(&send(&engine, get(&url), kept()), Phase::Prepare, FailureKind::Budget).contains("lunette.toml"));
    let batch = engine.run(BATCH, {
        let request = get(&url);
        move |t| Box::pin(async move { t.send(request, kept()).await })
    });
    failed(&batch.expect("an exchange"), Phase::Prepare, FailureKind::Budget);
    assert_eq!(recorder.heard().iter().map(|h| h.requests().len()).sum::<usize>(), 3);
    assert_eq!(engine.spent().iter().map(|s| (s.sent, s.flying)).collect::<Vec<_>>(), [(3, 0)]);
}
