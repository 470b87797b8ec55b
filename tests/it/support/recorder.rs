//! A server that records exactly the bytes it receives, and answers with whatever bytes it was told to.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A connection that says nothing for this long is let go.
const IDLE: Duration = Duration::from_secs(20);
/// Bytes kept of one connection.
const KEPT: usize = 64 << 20;

/// A reply that any client can read.
pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";

/// What one connection sent.
#[derive(Debug, Clone, Default)]
pub struct Heard {
    /// Every byte, as received.
    pub bytes: Vec<u8>,
    /// Where each complete request ends in `bytes`.
    pub ends: Vec<usize>,
    /// The client closed, or the connection ended otherwise.
    pub closed: bool,
}

impl Heard {
    /// The complete requests, one slice each.
    pub fn requests(&self) -> Vec<&[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(from, to)| &self.bytes[from..*to]).collect()
    }
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    changed: Condvar,
    stop: AtomicBool,
}

impl Shared {
    fn change(&self, change: impl FnOnce(&mut Vec<Heard>)) {
        change(&mut self.heard.lock().expect("no thread panics while it holds this"));
        self.changed.notify_all();
    }
}

/// The recorder as it runs. Its threads end when it is dropped.
pub struct Recorder {
    /// Where it listens.
    pub addr: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Answers every request with [`OK`] and keeps connections open.
    pub fn start() -> Self {
        Self::scripted(vec![OK.to_vec()], true)
    }

    /// Answers the n-th request of all connections together with the n-th reply, and every one after that with the last.
    /// With `keep_alive` the connection stays open after a reply; else it is closed.
    pub fn scripted(replies: Vec<Vec<u8>>, keep_alive: bool) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let inner = shared.clone();
        let script = Arc::new((replies, Mutex::new(0_usize)));
        let thread = std::thread::spawn(move || {
            let mut threads = Vec::new();
            for (number, stream) in listener.incoming().enumerate() {
                if inner.stop.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                inner.change(|all| all.push(Heard::default()));
                let (shared, script) = (inner.clone(), script.clone());
                threads.push(std::thread::spawn(move || {
                    serve(stream, number, &shared, &script, keep_alive);
                    shared.change(|all| all[number].closed = true);
                }));
            }
            for thread in threads {
                let _ = thread.join();
            }
        });
        Self { addr, shared, thread: Some(thread) }
    }

    /// An absolute URL on it.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.addr)
    }

    /// What every connection sent so far, in the order they were opened.
    pub fn heard(&self) -> Vec<Heard> {
        self.shared.heard.lock().expect("no thread panics while it holds this").clone()
    }

    /// Waits until `count` complete requests came, over all connections, and gives them in order of connection.
    pub fn requests(&self, count: usize, patience: Duration) -> Vec<Vec<u8>> {
        let all = |heard: &Vec<Heard>| heard.iter().flat_map(Heard::requests).map(<[u8]>::to_vec).collect::<Vec<_>>();
        let heard = self.shared.heard.lock().expect("no thread panics while it holds this");
        let (heard, _) = self
            .shared
            .changed
            .wait_timeout_while(heard, patience, |h| all(h).len() < count)
            .expect("no thread panics while it holds this");
        all(&heard)
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, which sees the flag.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    number: usize,
    shared: &Shared,
    script: &(Vec<Vec<u8>>, Mutex<usize>),
    keep_alive: bool,
) {
    let _ = stream.set_read_timeout(Some(Duration::from_millis(50)));
    let _ = stream.set_write_timeout(Some(Duration::from_secs(5)));
    let mut pending = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let mut last = Instant::now();
    loop {
        if shared.stop.load(Ordering::SeqCst) || last.elapsed() > IDLE {
            return;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => {
                last = Instant::now();
                pending.extend_from_slice(&buffer[..n]);
                shared.change(|all| {
                    let room = KEPT.saturating_sub(all[number].bytes.len()).min(n);
                    all[number].bytes.extend_from_slice(&buffer[..room]);
                });
            }
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => continue,
            Err(_) => return,
        }
        while let Some(length) = complete(&pending) {
            pending.drain(..length);
            shared.change(|all| {
                let from = all[number].ends.last().copied().unwrap_or(0);
                all[number].ends.push(from + length);
            });
            let reply = {
                let mut at = script.1.lock().expect("no thread panics while it holds this");
                let reply = script.0.get(*at).or(script.0.last()).cloned().unwrap_or_default();
                *at += 1;
                reply
            };
            if stream.write_all(&reply).is_err() {
                return;
            }
            if !keep_alive {
                let _ = stream.shutdown(Shutdown::Write);
                return;
            }
        }
    }
}

/// Length of the request that `bytes` begin with, once it is complete: head, and body by `Content-Length` or, when it is
/// chunked, up to its last chunk. A head may end in bare line feeds.
fn complete(bytes: &[u8]) -> Option<usize> {
    let find = |needle: &[u8]| bytes.windows(needle.len()).position(|w| w == needle).map(|i| i + needle.len());
    let head = match (find(b"\r\n\r\n"), find(b"\n\n")) {
        (Some(a), Some(b)) => a.min(b),
        (a, b) => a.or(b)?,
    };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    let value = |name: &str| {
        text.lines().filter_map(|l| l.split_once(':')).find(|(n, _)| n.trim() == name).map(|(_, v)| v.trim().to_owned())
    };
    if value("transfer-encoding").is_some_and(|v| v.contains("chunked")) {
        let end = bytes[head..].windows(5).position(|w| w == b"0\r\n\r\n")?;
        return Some(head + end + 5);
    }
    let length = value("content-length").and_then(|v| v.parse::<usize>().ok()).unwrap_or(0);
    (bytes.len() >= head + length).then_some(head + length)
}

#[test]
fn records_exactly_what_comes_in_however_it_is_cut() {
    let recorder = Recorder::scripted(vec![OK.to_vec(), b"HTTP/1.1 204 x\r\n\r\n".to_vec()], true);
    let mut stream = TcpStream::connect(recorder.addr).expect("connect");
    let first = b"GET /a/../b?x=%2e HTTP/1.1\r\nhOsT:  x \r\n\r\n";
    for byte in first {
        stream.write_all(&[*byte]).expect("write");
    }
    let mut reply = vec![0; OK.len()];
    stream.read_exact(&mut reply).expect("read");
    assert_eq!(reply, OK);
    let second = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc";
    stream.write_all(second).expect("write");
    assert_eq!(recorder.requests(2, Duration::from_secs(5)), [first.to_vec(), second.to_vec()]);
    let mut reply = [0; 12];
    stream.read_exact(&mut reply).expect("read");
    assert_eq!(&reply, b"HTTP/1.1 204");
    drop(stream);
    let started = Instant::now();
    while !recorder.heard()[0].closed {
        assert!(started.elapsed() < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn knows_when_a_request_is_complete() {
    for (bytes, length) in [
        ("GET / HTTP/1.1\r\n\r\nx", Some(18)),
        ("GET / HTTP/1.1\n\nx", Some(16)),
        ("GET / HTTP/1.1\r\n", None),
        ("P / HTTP/1.1\r\ncontent-length: 2\r\n\r\na", None),
        ("P / HTTP/1.1\r\ncontent-length: 2\r\n\r\nab", Some(37)),
        ("P / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", None),
        ("P / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nG", Some(55)),
    ] {
        assert_eq!(complete(bytes.as_bytes()), length, "{bytes:?}");
    }
}
