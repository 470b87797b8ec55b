//! A server that misbehaves by path. Whatever it does is bounded in bytes and in time, ends when the client goes, and ends
//! when the handle is dropped.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::bombs::{self, Bomb};

/// No reply takes longer than this.
const LONGEST: Duration = Duration::from_mins(1);
/// No reply has more bytes than this.
const MOST: u64 = 256 << 20;
/// How often a reply that waits or blocks looks whether it should end.
const TICK: Duration = Duration::from_millis(20);

/// One way to misbehave.
type Act = fn(&mut Peer) -> io::Result<()>;

/// Every path and what it does. Any other path answers well.
pub const PATHS: &[(&str, Act)] = &[
    // A chunked body without end.
    ("/endless-body", |p| p.repeat(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &chunk())),
    // One byte of the body a second.
    ("/drip", |p| {
        p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")?;
        loop {
            p.send(b"x")?;
            p.wait(Duration::from_secs(1))?;
        }
    }),
    // One byte of the head a second.
    ("/drip-head", |p| {
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Slow: yes\r\n\r\n" {
            p.send(&[*byte])?;
            p.wait(Duration::from_secs(1))?;
        }
        Ok(())
    }),
    // Nothing, for as long as the client has patience.
    ("/silent", |p| p.wait(LONGEST)),
    // Half a head, then the end.
    ("/close-in-head", |p| p.send(b"HTTP/1.1 200 OK\r\nContent-Ty")),
    // The end at once.
    ("/close", |_| Ok(())),
    // Half a body, then a reset.
    ("/reset", |p| {
        p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")?;
        p.send(&[b'x'; 1000])?;
        p.reset = true;
        p.wait(Duration::from_millis(100))
    }),
    // A body shorter than its Content-Length.
    ("/truncated", |p| p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"a\":1,\"b\"")),
    // A chunked body that ends in the middle of a chunk.
    ("/truncated-chunk", |p| p.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{\"a\":1")),
    // 100,000 header fields.
    ("/headers", |p| {
        p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")?;
        for block in 0..100 {
            let fields: Vec<String> = (0..1000).map(|i| format!("X-{}: 1\r\n", block * 1000 + i)).collect();
            p.send(fields.concat().as_bytes())?;
        }
        p.send(b"\r\n")
    }),
    // One header field of 10 MB.
    ("/big-header", |p| {
        p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Big: ")?;
        for _ in 0..10 {
            p.send(&vec![b'x'; 1 << 20])?;
        }
        p.send(b"\r\n\r\n")
    }),
    // A header field without end.
    ("/endless-header", |p| p.repeat(b"HTTP/1.1 200 OK\r\nX-Big: ", &[b'x'; 16 << 10])),
    // Informational replies without end.
    ("/informational", |p| p.repeat(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n")),
    // Small bodies that decode to 256 MiB.
    ("/bomb/gzip", |p| p.bomb(Bomb::Gzip)),
    ("/bomb/deflate", |p| p.bomb(Bomb::Deflate)),
    ("/bomb/br", |p| p.bomb(Bomb::Brotli)),
    ("/bomb/zstd", |p| p.bomb(Bomb::Zstd)),
    // The gzip bomb in another gzip: a few hundred bytes.
    ("/bomb/gzip-gzip", |p| p.bomb(Bomb::GzipTwice)),
    // Codings that are honest, but unusual.
    ("/coded/gzip-gzip", |p| p.coded("gzip, gzip", &bombs::gzip(&bombs::gzip(SMALL)))),
    ("/coded/gzip-twelve", |p| {
        let body = (0..12).fold(SMALL.to_vec(), |body, _| bombs::gzip(&body));
        p.coded(&["gzip"; 12].join(", "), &body)
    }),
    ("/coded/deflate-raw", |p| p.coded("deflate", &bombs::deflate_raw(SMALL))),
    ("/coded/unknown", |p| p.coded("x-made-up", SMALL)),
    ("/coded/lie", |p| p.coded("gzip", SMALL)),
    ("/coded/cut", |p| {
        let body = bombs::gzip(&SMALL.repeat(1000));
        p.coded("gzip", &body[..body.len() / 2])
    }),
    // Bytes that are no HTTP.
    ("/garbage", |p| p.send(b"\x00\xff\x13\x37 \x1b[2J garbage \r\n\r\n\xfe\xfd")),
    ("/tls-garbage", |p| p.send(TLS_GARBAGE)),
    // Terminal escapes in header values and in the body.
    ("/escape", |p| {
        p.send(
            b"HTTP/1.1 200 \x1b[31mred\r\nX-Note: \x1b[2J\x1b]0;owned\x07\r\nContent-Length: 9\r\n\r\n\x1b[2J\x1b[Hhi",
        )
    }),
    ("/nul-header", |p| p.send(b"HTTP/1.1 200 OK\r\nX-Note: a\x00b\r\nContent-Length: 2\r\n\r\n{}")),
    // Lines that end in LF alone.
    ("/bare-lf", |p| p.send(b"HTTP/1.1 200 OK\nContent-Length: 2\n\n{}")),
    // A line folded onto the next (obsolete), and one with a space before its colon.
    ("/folded", |p| p.send(b"HTTP/1.1 200 OK\r\nX-Note: a\r\n b\r\nX-Other : c\r\nContent-Length: 2\r\n\r\n{}")),
    // Content-Length and chunked at once: which one counts decides where the reply ends.
    ("/length-and-chunked", |p| {
        p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n")
    }),
    ("/two-lengths", |p| p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 4\r\n\r\n{}{}")),
    // A second reply behind the first that nobody asked for.
    ("/poisoned", |p| {
        p.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond")
    }),
    ("/status-1000", |p| p.send(b"HTTP/1.1 1000 Odd\r\nContent-Length: 0\r\n\r\n")),
    // Redirects to where nobody should go.
    ("/redirect/link-local", |p| p.redirect("http://169.254.169.254/latest/meta-data/")),
    ("/redirect/file", |p| p.redirect("file:///etc/passwd")),
    ("/redirect/loop", |p| p.redirect("/redirect/loop")),
];

const SMALL: &[u8] = br#"{"small":true}"#;
/// What looks like a TLS record and is none: a handshake of a length that does not fit.
const TLS_GARBAGE: &[u8] = b"\x16\x03\x03\x00\x10garbage garbage garbage";

fn chunk() -> Vec<u8> {
    let mut chunk = b"4000\r\n".to_vec();
    chunk.extend_from_slice(&[b'x'; 0x4000]);
    chunk.extend_from_slice(b"\r\n");
    chunk
}

/// The server as it runs. Its threads end when it is dropped.
pub struct Hostile {
    /// Where it listens. A client that speaks TLS here gets bytes that are no TLS.
    pub addr: SocketAddr,
    stop: Arc<AtomicBool>,
    asked: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl Hostile {
    /// Starts it on loopback. Each connection carries one reply and is closed.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let addr = listener.local_addr().expect("a bound socket has an address");
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (flag, list) = (stop.clone(), asked.clone());
        let thread = std::thread::spawn(move || {
            let mut threads: Vec<JoinHandle<()>> = Vec::new();
            for stream in listener.incoming() {
                if flag.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (flag, list) = (flag.clone(), list.clone());
                threads.retain(|t| !t.is_finished());
                threads.push(std::thread::spawn(move || {
                    // An error here is the client leaving, or the end.
                    let _ = Peer::new(stream, flag).act(&list);
                }));
            }
            for thread in threads {
                let _ = thread.join();
            }
        });
        Self { addr, stop, asked, thread: Some(thread) }
    }

    /// An absolute URL on it.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// The paths asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no thread panics while it holds this").clone()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener, which sees the flag.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// One connection of the server.
pub struct Peer {
    stream: TcpStream,
    stop: Arc<AtomicBool>,
    started: Instant,
    sent: u64,
    /// Leave part of the request unread, so that closing resets the connection.
    reset: bool,
}

impl Peer {
    fn new(stream: TcpStream, stop: Arc<AtomicBool>) -> Self {
        Self { stream, stop, started: Instant::now(), sent: 0, reset: false }
    }

    fn act(&mut self, asked: &Mutex<Vec<String>>) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.stream.set_read_timeout(Some(TICK))?;
        self.stream.set_write_timeout(Some(TICK))?;
        // The request is looked at and left where it is: a socket closed with bytes unread resets its connection.
        let head = self.peek_head()?;
        if head.first() == Some(&0x16) {
            self.send(TLS_GARBAGE)?;
            return self.finish();
        }
        let text = String::from_utf8_lossy(&head).into_owned();
        let target = text.split(' ').nth(1).unwrap_or_default().to_owned();
        let path = target.split('?').next().unwrap_or_default();
        asked.lock().expect("no thread panics while it holds this").push(target.clone());
        let well: Act = |p| {
            p.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        };
        let act = PATHS.iter().find(|(p, _)| *p == path).map_or(well, |(_, act)| *act);
        let done = act(self);
        if self.reset { done } else { done.and(self.finish()) }
    }

    /// The bytes up to the end of the request head, still in the socket.
    fn peek_head(&self) -> io::Result<Vec<u8>> {
        let mut buffer = vec![0; 64 << 10];
        loop {
            match self.stream.peek(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    let bytes = &buffer[..n];
                    if bytes[0] == 0x16 || n == buffer.len() || bytes.windows(4).any(|w| w == b"\r\n\r\n") {
                        return Ok(bytes.to_vec());
                    }
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(e) if is_pause(&e) => {}
                Err(e) => return Err(e),
            }
            self.check()?;
        }
    }

    /// Reads the request away and closes in order, so that the client gets every byte that was sent.
    fn finish(&mut self) -> io::Result<()> {
        self.drain()?;
        self.stream.shutdown(std::net::Shutdown::Write)
    }

    fn drain(&mut self) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(e) if is_pause(&e) => return Ok(()),
                Err(e) => return Err(e),
            }
        }
    }

    /// Whether to go on.
    fn check(&self) -> io::Result<()> {
        if self.stop.load(Ordering::SeqCst) || self.started.elapsed() > LONGEST || self.sent > MOST {
            return Err(ErrorKind::TimedOut.into());
        }
        Ok(())
    }

    /// Writes all of it, looking up now and then.
    fn send(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.check()?;
            match self.stream.write(bytes) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(n) => {
                    self.sent += n as u64;
                    bytes = &bytes[n..];
                }
                Err(e) if is_pause(&e) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Writes `start`, then `again` until a bound is reached.
    fn repeat(&mut self, start: &[u8], again: &[u8]) -> io::Result<()> {
        self.send(start)?;
        let block = again.repeat((64 << 10) / again.len().max(1) + 1);
        loop {
            self.send(&block)?;
        }
    }

    /// Waits; an error when the client goes first.
    fn wait(&mut self, time: Duration) -> io::Result<()> {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.check()?;
            if self.reset {
                std::thread::sleep(TICK);
                continue;
            }
            // Returns after a tick, or at once when the client is gone.
            self.drain()?;
        }
        Ok(())
    }

    fn coded(&mut self, coding: &str, body: &[u8]) -> io::Result<()> {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
        );
        self.send(head.as_bytes())?;
        self.send(body)
    }

    fn bomb(&mut self, bomb: Bomb) -> io::Result<()> {
        // Each is made once, when it is first asked for.
        static MADE: [OnceLock<Vec<u8>>; Bomb::ALL.len()] = [const { OnceLock::new() }; Bomb::ALL.len()];
        let body = MADE[bomb as usize].get_or_init(|| bomb.make());
        self.coded(bomb.coding(), body)
    }

    fn redirect(&mut self, location: &str) -> io::Result<()> {
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        self.send(head.as_bytes())
    }
}

fn is_pause(e: &io::Error) -> bool {
    matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// Asks for a path and reads what comes, up to `most` bytes and `patience`.
fn ask(server: &Hostile, path: &str, most: usize, patience: Duration) -> (Vec<u8>, io::Result<()>) {
    let mut stream = TcpStream::connect(server.addr).expect("connect");
    stream.set_read_timeout(Some(patience)).expect("timeout");
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).expect("write");
    let mut got = Vec::new();
    let mut buffer = vec![0; 64 << 10];
    let end = loop {
        match stream.read(&mut buffer) {
            Ok(0) => break Ok(()),
            Ok(n) => got.extend_from_slice(&buffer[..n]),
            Err(e) => break Err(e),
        }
        if got.len() >= most {
            break Ok(());
        }
    };
    (got, end)
}

#[test]
fn each_path_misbehaves_as_it_says() {
    let server = Hostile::start();
    let second = Duration::from_secs(5);
    for (path, most, least, word) in [
        ("/endless-body", 8 << 20, 8 << 20, "chunked"),
        ("/close-in-head", 1000, 27, "Content-Ty"),
        ("/truncated", 1000, 50, "Content-Length: 1000"),
        ("/headers", 1 << 24, 1_000_000, "X-99999: 1\r\n\r\n"),
        ("/big-header", 1 << 24, 10 << 20, "X-Big"),
        ("/endless-header", 8 << 20, 8 << 20, "X-Big"),
        ("/informational", 8 << 20, 8 << 20, "103 Early"),
        ("/coded/gzip-gzip", 1000, 100, "gzip, gzip"),
        ("/garbage", 1000, 20, "garbage"),
        ("/tls-garbage", 1000, 20, "garbage"),
        ("/escape", 1000, 20, "\x1b]0;owned"),
        ("/bare-lf", 1000, 20, "OK\nContent"),
        ("/length-and-chunked", 1000, 20, "Content-Length: 4\r\nTransfer-Encoding"),
        ("/redirect/link-local", 1000, 20, "Location: http://169.254.169.254/"),
        ("/anything", 1000, 20, "{}"),
    ] {
        let (got, end) = ask(&server, path, most, second);
        assert!(end.is_ok(), "{path}: {end:?}");
        assert!(got.len() >= least, "{path}: {} bytes", got.len());
        let text = String::from_utf8_lossy(&got);
        assert!(text.contains(word), "{path}");
    }
    assert_eq!(server.asked().len(), 15);
}

#[test]
fn waiting_paths_wait_and_a_reset_is_a_reset() {
    let server = Hostile::start();
    let (got, end) = ask(&server, "/silent", 10, Duration::from_millis(300));
    assert!(got.is_empty() && end.is_err_and(|e| is_pause(&e)));
    let (got, end) = ask(&server, "/drip", 1000, Duration::from_millis(300));
    assert!(got.ends_with(b"\r\n\r\nx") && end.is_err_and(|e| is_pause(&e)));
    let (got, end) = ask(&server, "/reset", 1 << 20, Duration::from_secs(5));
    assert!(got.len() > 1000, "what was sent before the reset arrives");
    assert_eq!(end.expect_err("a reset").kind(), ErrorKind::ConnectionReset);
    let mut stream = TcpStream::connect(server.addr).expect("connect");
    stream.write_all(b"\x16\x03\x01\x00\x05hello").expect("write");
    let mut got = Vec::new();
    stream.read_to_end(&mut got).expect("read");
    assert_eq!(got, TLS_GARBAGE);
}

#[test]
fn dropping_it_ends_its_threads_whatever_they_do() {
    let server = Hostile::start();
    let mut open = Vec::new();
    for path in ["/endless-body", "/silent", "/drip", "/informational", "/big-header"] {
        let mut stream = TcpStream::connect(server.addr).expect("connect");
        stream.write_all(format!("GET {path} HTTP/1.1\r\n\r\n").as_bytes()).expect("write");
        open.push(stream);
    }
    while server.asked().len() < open.len() {
        std::thread::sleep(TICK);
    }
    let started = Instant::now();
    drop(server);
    assert!(started.elapsed() < Duration::from_secs(3));
}
