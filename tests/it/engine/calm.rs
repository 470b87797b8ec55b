//! Order and bounds: the record before the bytes, reuse, budgets, lanes, cancelling, and many at once.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use lunette::base::Error;
use lunette::demo::Demo;
use lunette::engine::{Budget, Config, Engine};
use lunette::store::Memory;
use lunette::wire::{Exchange, FailureKind, Intent, Phase, Policy, Record};

use super::{BATCH, body, engine, failed, get, kept, send, start, typed};
use crate::support::hostile::Hostile;
use crate::support::recorder::{OK, Recorder};

const PATIENCE: Duration = Duration::from_secs(20);

/// A record that notes what the peer had heard when it was told, and that can refuse.
struct Witness {
    peer: Arc<Recorder>,
    refuse: AtomicBool,
    told: Mutex<Vec<(Intent, usize)>>,
    ended: AtomicUsize,
}

impl Record for Witness {
    fn intent(&self, intent: &Intent) -> lunette::base::Result<()> {
        // Time for bytes that left too early to arrive.
        std::thread::sleep(Duration::from_millis(100));
        let heard = self.peer.heard().iter().map(|h| h.bytes.len()).sum();
        self.told.lock().expect("sound").push((intent.clone(), heard));
        if self.refuse.load(Ordering::SeqCst) {
            return Err(Error::input("the disk is full").hint("make room"));
        }
        Ok(())
    }
    fn result(&self, _: &Exchange) {
        self.ended.fetch_add(1, Ordering::SeqCst);
    }
}

fn witnessed() -> (Arc<Recorder>, Arc<Witness>, Engine) {
    let peer = Arc::new(Recorder::start());
    let witness = Arc::new(Witness {
        peer: Arc::clone(&peer),
        refuse: AtomicBool::new(false),
        told: Mutex::default(),
        ended: AtomicUsize::new(0),
    });
    let config = Config { scope: vec![typed(&peer.url("/"))], ..Config::default() };
    let engine = start(config, Arc::clone(&witness) as Arc<dyn Record>);
    (peer, witness, engine)
}

#[test]
fn the_record_is_told_before_the_first_byte() {
    let (peer, witness, engine) = witnessed();
    let mut before = Vec::new();
    for i in 1..=3 {
        before.push(peer.heard().iter().map(|h| h.bytes.len()).sum::<usize>());
        assert_eq!(body(&send(&engine, get(&peer.url("/x")), kept())), b"{}");
        assert_eq!(peer.requests(i, PATIENCE).len(), i);
    }
    let told = witness.told.lock().expect("sound");
    assert_eq!(told.iter().map(|(_, heard)| *heard).collect::<Vec<_>>(), before);
    let (intent, _) = &told[2];
    assert_eq!((intent.id, intent.origin, intent.remote), (3, "hand", peer.addr));
    assert_eq!((intent.method.as_str(), &intent.url), ("GET", &peer.url("/x")));
    assert_eq!(witness.ended.load(Ordering::SeqCst), 3);
}

#[test]
fn what_cannot_be_recorded_is_not_sent() {
    let (peer, witness, engine) = witnessed();
    witness.refuse.store(true, Ordering::SeqCst);
    let x = send(&engine, get(&peer.url("/")), kept());
    let why = failed(&x, Phase::Prepare, FailureKind::Record);
    assert!(why.contains("nothing was sent") && why.contains("the disk is full"), "{why}");
    assert!(peer.heard().is_empty(), "not even a connection");
    // On a connection that is open already, too.
    witness.refuse.store(false, Ordering::SeqCst);
    assert_eq!(body(&send(&engine, get(&peer.url("/")), kept())), b"{}");
    let heard = peer.requests(1, PATIENCE)[0].len();
    witness.refuse.store(true, Ordering::SeqCst);
    failed(&send(&engine, get(&peer.url("/")), kept()), Phase::Prepare, FailureKind::Record);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(peer.heard().iter().map(|h| h.bytes.len()).sum::<usize>(), heard);
    assert_eq!(witness.ended.load(Ordering::SeqCst), 3, "every end is told");
}

#[test]
fn a_kept_connection_is_reused_and_a_fresh_one_is_not() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let engine = engine(&url);
    let first = send(&engine, get(&url), kept());
    let again = send(&engine, get(&url), kept());
    let of = |x: &Exchange| x.connection.clone().expect("a connection");
    assert!(!of(&first).reused && of(&again).reused);
    assert_eq!(of(&first).local, of(&again).local);
    assert!(first.phases.connect.is_some());
    assert_eq!((again.phases.dns, again.phases.connect, again.phases.tls), (None, None, None));
    assert!(again.phases.send.is_some() && again.phases.wait.is_some() && again.phases.receive.is_some());
    assert_eq!(again.sent, first.sent);
    let fresh = send(&engine, get(&url), Policy { fresh: true, ..Policy::default() });
    assert!(!of(&fresh).reused && fresh.phases.connect.is_some());
    // A head written in another case needs another connection.
    let lower = send(&engine, get(&url).header("accept", "x"), kept());
    assert!(!of(&lower).reused);
    assert_eq!(recorder.heard().len(), 3);
}

#[test]
fn a_fresh_connection_ends_with_its_exchange() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let engine = engine(&url);
    for _ in 0..5 {
        assert_eq!(body(&send(&engine, get(&url), Policy { fresh: true, ..Policy::default() })), b"{}");
    }
    let began = Instant::now();
    while !recorder.heard().iter().all(|h| h.closed) {
        assert!(began.elapsed() < PATIENCE, "connections that nobody will use are left open");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_connection_that_the_server_closed_is_not_used_again() {
    let recorder = Recorder::scripted(vec![OK.to_vec()], false);
    let url = recorder.url("/");
    let engine = engine(&url);
    for i in 0..3 {
        let x = send(&engine, get(&url), kept());
        assert_eq!(body(&x), b"{}", "{i}");
        assert!(!x.connection.expect("a connection").reused);
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn a_job_sends_no_more_than_its_budget() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let engine = engine(&url);
    let budget = Budget { requests: Some(2), ..BATCH };
    let (all, left) = engine
        .run(budget, move |t| {
            Box::pin(async move {
                let mut all = Vec::new();
                let mut left = vec![t.requests_left()];
                for _ in 0..4 {
                    all.push(t.send(get(&url), kept()).await);
                    left.push(t.requests_left());
                }
                (all, left)
            })
        })
        .expect("the job ends");
    assert_eq!(left, [Some(2), Some(1), Some(0), Some(0), Some(0)]);
    for x in &all[..2] {
        assert_eq!(body(x), b"{}");
    }
    for x in &all[2..] {
        assert!(failed(x, Phase::Prepare, FailureKind::Budget).contains("nothing was sent"));
    }
    assert_eq!(recorder.requests(3, Duration::from_millis(300)).len(), 2);
}

#[test]
fn a_hand_is_served_while_a_batch_waits_for_its_rate() {
    let recorder = Recorder::start();
    let url = recorder.url("/hand");
    // One request in a quarter of an hour.
    let config = Config { scope: vec![typed(&url)], rate: Some(0.001), ..Config::default() };
    let engine = start(config, Arc::new(Memory::default()));
    let (give, take) = mpsc::channel();
    let batch = recorder.url("/batch");
    let handle = engine
        .submit(BATCH, move |t| {
            Box::pin(async move {
                for _ in 0..2 {
                    let _ = give.send(t.send(get(&batch), kept()).await);
                }
            })
        })
        .expect("one job");
    assert_eq!(body(&take.recv_timeout(PATIENCE).expect("the first is due at once")), b"{}");
    for _ in 0..3 {
        assert_eq!(body(&send(&engine, get(&url), kept())), b"{}");
    }
    assert!(take.try_recv().is_err(), "the batch still waits");
    handle.cancel();
    let x = take.recv_timeout(PATIENCE).expect("what waits ends when it is cancelled");
    failed(&x, Phase::Prepare, FailureKind::Cancelled);
    let heard = recorder.requests(4, PATIENCE);
    assert_eq!(heard.iter().filter(|r| r.starts_with(b"GET /batch ")).count(), 1);
}

#[test]
fn a_batch_that_is_too_long_is_refused_with_a_sentence() {
    let engine = engine("http://127.0.0.1:1/");
    let sleeper = || engine.submit(BATCH, |t| Box::pin(t.sleep(Duration::from_hours(1))));
    let taken = (0..10_000).take_while(|_| sleeper().is_ok()).count();
    assert_eq!(taken, 4096);
    let why = sleeper().expect_err("no place").to_string();
    assert!(why.contains("too many jobs wait"), "{why}");
    let hand = engine.run(Budget::HAND, |t| Box::pin(async move { t.requests_left() }));
    assert_eq!(hand, Ok(None), "a hand needs no place");
    engine.cancel_all();
    let began = Instant::now();
    while sleeper().is_err() {
        assert!(began.elapsed() < PATIENCE, "cancelled jobs give their places back");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_connection_that_closes_as_the_next_request_leaves_is_said_to_have_been_reused() {
    let recorder = Recorder::scripted(vec![OK.to_vec()], false);
    let url = recorder.url("/");
    let engine = engine(&url);
    let all = engine
        .run(BATCH, move |t| {
            Box::pin(async move {
                let mut all = Vec::new();
                for _ in 0..200 {
                    all.push(t.send(get(&url), kept()).await);
                }
                all
            })
        })
        .expect("the job ends");
    for x in all {
        let reused = x.connection.as_ref().is_some_and(|c| c.reused);
        match &x.error {
            None => assert_eq!(body(&x), b"{}"),
            // The peer's end and the request crossed. A request is never sent twice in silence, so this is the answer.
            Some(e) => assert!(reused && e.kind == FailureKind::Closed && x.response.is_none(), "{e:?}"),
        }
    }
}

#[test]
fn a_large_body_that_is_taken_slowly_is_not_a_late_reply() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let reader = std::thread::spawn(move || {
        let (mut peer, _) = listener.accept().expect("a client");
        let (mut read, mut buffer) = (0, vec![0; 1 << 20]);
        while read < 24 << 20 {
            read += peer.read(&mut buffer).expect("more of the body");
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = peer.write_all(OK);
        let _ = peer.read_to_end(&mut buffer);
    });
    let mut request = get(&url);
    request.method = b"POST".to_vec();
    request.body = vec![b'x'; 24 << 20].into();
    let mut policy = Policy { fresh: true, ..Policy::default() };
    policy.deadlines.first_byte = Duration::from_millis(300);
    let engine = engine(&url);
    let x = send(&engine, request, policy);
    assert_eq!(body(&x), b"{}");
    assert!(x.phases.send.is_some_and(|s| s > policy.deadlines.first_byte), "{:?}", x.phases);
    drop(engine);
    reader.join().expect("the peer ends");
}

#[test]
fn a_handshake_that_is_cancelled_keeps_its_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}/", listener.local_addr().expect("bound"));
    let engine = engine(&url);
    let (give, take) = mpsc::channel();
    let handle = engine
        .submit(Budget::HAND, move |t| {
            Box::pin(async move {
                let _ = give.send(t.send(get(&url), Policy::default()).await);
            })
        })
        .expect("one job");
    let (mut peer, _) = listener.accept().expect("a client");
    let _ = peer.read(&mut [0; 16]).expect("a ClientHello");
    handle.cancel();
    let x = take.recv_timeout(PATIENCE).expect("a cancelled job ends");
    failed(&x, Phase::Tls, FailureKind::Cancelled);
    assert_eq!(x.connection.map(|c| c.local), peer.peer_addr().ok());
    assert!(x.phases.connect.is_some());
}

/// How long a job on `path` takes to end once it is cancelled, and what it gives.
fn cancelled(path: &str, ready: impl Fn(&Hostile) -> bool) -> (Duration, Exchange) {
    let server = Hostile::start();
    let url = server.url(path);
    let engine = engine(&url);
    let (give, take) = mpsc::channel();
    let handle = engine
        .submit(Budget::HAND, move |t| {
            Box::pin(async move {
                let _ = give.send(t.send(get(&url), Policy::default()).await);
            })
        })
        .expect("one job");
    let began = Instant::now();
    while !ready(&server) {
        assert!(began.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(5));
    }
    // Long enough for what the server sends at once to arrive.
    std::thread::sleep(Duration::from_millis(300));
    let began = Instant::now();
    handle.cancel();
    let x = take.recv_timeout(PATIENCE).expect("a cancelled job ends");
    (began.elapsed(), x)
}

#[test]
fn cancelling_ends_what_is_in_flight_within_a_second_and_keeps_what_was_learnt() {
    for (path, phase, status) in
        [("/silent", Phase::Wait, None), ("/drip", Phase::Receive, Some(200)), ("/drip-head", Phase::Wait, None)]
    {
        // The best of three, as the machine may be busy.
        let mut best = Duration::MAX;
        for _ in 0..3 {
            let (took, x) = cancelled(path, |s| !s.asked().is_empty());
            best = best.min(took);
            failed(&x, phase, FailureKind::Cancelled);
            assert_eq!(x.status(), status, "{path}");
            assert!(x.connection.is_some() && x.sent.is_some() && x.phases.connect.is_some(), "{path}");
            if let Some(r) = &x.response {
                assert!(r.truncated && !r.body.is_empty());
            }
            if best < Duration::from_secs(1) {
                break;
            }
        }
        assert!(best < Duration::from_secs(1), "{path}: {best:?}");
    }
}

#[test]
fn dropping_the_engine_does_not_wait_for_a_peer() {
    let server = Hostile::start();
    let url = server.url("/silent");
    let engine = engine(&url);
    let job = engine.submit(Budget::HAND, move |t| {
        Box::pin(async move {
            t.send(get(&url), Policy::default()).await;
        })
    });
    job.expect("one job");
    while server.asked().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let began = Instant::now();
    drop(engine);
    assert!(began.elapsed() < Duration::from_secs(10), "the server is silent for a minute");
}

/// Answers nobody until `count` clients have asked, and then each with its own target.
fn gathering(count: usize) -> (String, std::thread::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let here = Arc::new((Mutex::new(0), Condvar::new()));
    let thread = std::thread::spawn(move || {
        let mut threads = Vec::new();
        for stream in listener.incoming().take(count) {
            let (mut stream, here) = (stream.expect("a client"), Arc::clone(&here));
            threads.push(std::thread::spawn(move || {
                let mut head = Vec::new();
                let mut block = [0; 1024];
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read(&mut block) {
                        Ok(n @ 1..) => head.extend_from_slice(&block[..n]),
                        _ => return,
                    }
                }
                let (lock, all) = &*here;
                let mut asked = lock.lock().expect("sound");
                *asked += 1;
                all.notify_all();
                let (asked, _) = all.wait_timeout_while(asked, PATIENCE, |n| *n < count).expect("sound");
                let target = String::from_utf8_lossy(&head).split(' ').nth(1).unwrap_or_default().to_owned();
                let text = if *asked < count { "too few".to_owned() } else { target };
                drop(asked);
                let _ = write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len());
            }));
        }
        threads.into_iter().flat_map(std::thread::JoinHandle::join).count()
    });
    (url, thread)
}

#[test]
fn two_hundred_and_fifty_are_in_flight_at_once_and_none_is_lost() {
    const MANY: usize = 250;
    for budget in [Budget::HAND, BATCH] {
        let (base, server) = gathering(MANY);
        let record = Arc::new(Memory::default());
        let config = Config { scope: vec![typed(&base)], ..Config::default() };
        let engine = start(config, Arc::clone(&record) as Arc<dyn Record>);
        let (give, take) = mpsc::channel();
        for i in 0..MANY {
            let (give, request) = (give.clone(), get(&format!("{base}/n/{i}")));
            let job = engine.submit(budget, move |t| {
                Box::pin(async move {
                    let _ = give.send((i, t.send(request, kept()).await));
                })
            });
            job.expect("a place");
        }
        drop(give);
        let mut seen = vec![false; MANY];
        for (i, x) in &take {
            assert_eq!(body(&x), format!("/n/{i}").as_bytes());
            seen[i] = true;
        }
        assert!(seen.iter().all(|s| *s));
        assert_eq!(record.counts(), (250, 250));
        assert_eq!(server.join().expect("the server ends"), MANY);
    }
}

#[test]
fn a_thousand_over_kept_connections_lose_nothing() {
    let shop = Demo::start(None).expect("the practice API");
    let url = format!("http://{}/api/health", shop.http);
    let record = Arc::new(Memory::default());
    let config = Config { scope: vec![typed(&url)], ..Config::default() };
    let engine = start(config, Arc::clone(&record) as Arc<dyn Record>);
    let (give, take) = mpsc::channel();
    for _ in 0..50 {
        let (give, url) = (give.clone(), url.clone());
        let job = engine.submit(BATCH, move |t| {
            Box::pin(async move {
                for _ in 0..20 {
                    let _ = give.send(t.send(get(&url), kept()).await);
                }
            })
        });
        job.expect("a place");
    }
    drop(give);
    let all: Vec<Exchange> = take.iter().collect();
    assert_eq!(all.len(), 1000);
    for x in &all {
        assert_eq!((x.status(), &x.error), (Some(200), &None));
    }
    assert!(all.iter().filter(|x| x.connection.as_ref().is_some_and(|c| c.reused)).count() > 500);
    assert_eq!(record.counts(), (1000, 1000));
}
