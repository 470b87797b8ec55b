//! A server whose reply comes part by part, each when the test lets it go.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// A server of one reply.
pub struct Faucet {
    address: SocketAddr,
    parts: Option<Sender<Vec<u8>>>,
}

impl Faucet {
    /// Answers the first request with this head, in chunks; nothing else of it comes by itself.
    pub fn start(fields: &str) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on loopback");
        let address = listener.local_addr().expect("a bound socket has an address");
        let (parts, given) = channel::<Vec<u8>>();
        let head = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n{fields}\r\n");
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().ok()?;
            stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
            let mut asked = Vec::new();
            while !asked.windows(4).any(|w| w == b"\r\n\r\n") {
                let mut block = [0; 4_096];
                let n = stream.read(&mut block).ok().filter(|n| *n > 0)?;
                asked.extend_from_slice(&block[..n]);
            }
            stream.write_all(head.as_bytes()).ok()?;
            for part in given {
                let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat();
                stream.write_all(&chunk).ok()?;
            }
            stream.write_all(b"0\r\n\r\n").ok()
        });
        Self { address, parts: Some(parts) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// An absolute URL on it.
    pub fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// Lets a part go.
    pub fn give(&self, part: impl Into<Vec<u8>>) {
        self.parts.as_ref().and_then(|p| p.send(part.into()).ok()).expect("the server still answers");
    }

    /// Ends the reply.
    pub fn close(&mut self) {
        self.parts = None;
    }
}
