//! A listener of ours: it serves its pages, remembers who asked for them and for nothing else, and ends with its handle.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use lunette::wire::{Hit, Page};

use super::{BATCH, engine};

/// What comes back for these bytes.
fn ask(to: SocketAddr, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(to).expect("connect");
    stream.write_all(bytes).expect("write");
    let mut text = Vec::new();
    // A listener that closes on what it does not read may reset the connection.
    let _ = stream.read_to_end(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[test]
fn a_listener_serves_its_pages_and_remembers_who_asked() {
    let engine = engine("http://127.0.0.1:1/");
    let page = |path: &str, body: &'static str| Page {
        path: path.to_owned(),
        media: "application/json",
        body: bytes::Bytes::from_static(body.as_bytes()),
    };
    let pages = vec![page("/s3cret/keys", "{\"keys\":[]}"), page("/s3cret/other", "{}")];
    let (address, replies, hits): (SocketAddr, Vec<String>, Vec<Hit>) = engine
        .run(BATCH, move |transport| {
            Box::pin(async move {
                let at = "127.0.0.1:0".parse().expect("an address");
                let listener = transport.listen(at).await.expect("it listens");
                listener.serve(pages);
                let to = listener.address();
                let endless = vec![b'x'; 20_000];
                let asked = [
                    &b"GET /s3cret/keys HTTP/1.1\r\nHost: x\r\n\r\n"[..],
                    b"HEAD /s3cret/other?a=1 HTTP/1.0\r\n\r\n",
                    b"GET /keys HTTP/1.1\r\n\r\n",
                    b"\r\n\r\n",
                    &endless,
                ]
                .map(<[u8]>::to_vec);
                // On a thread of its own, since those of the engine are to serve.
                let client = std::thread::spawn(move || asked.iter().map(|bytes| ask(to, bytes)).collect());
                while !client.is_finished() {
                    transport.sleep(std::time::Duration::from_millis(5)).await;
                }
                (to, client.join().expect("replies"), listener.hits())
            })
        })
        .expect("a result");
    assert!(replies[0].starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n"));
    assert!(replies[0].ends_with("\r\n\r\n{\"keys\":[]}"));
    assert!(replies[1].starts_with("HTTP/1.1 200") && replies[1].ends_with("\r\n\r\n"));
    assert!(replies[2].starts_with("HTTP/1.1 404") && replies[3].starts_with("HTTP/1.1 404"));
    assert_eq!(replies[4], "");
    let heads: Vec<String> = hits.iter().map(|h| h.head.lossy().into_owned()).collect();
    assert_eq!(heads, ["GET /s3cret/keys HTTP/1.1\r\nHost: x", "HEAD /s3cret/other?a=1 HTTP/1.0"]);
    assert!(hits.iter().all(|h| h.from.ip().is_loopback()));
    for _ in 0..100 {
        if TcpStream::connect(address).is_err() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("it listens two seconds after its handle was dropped");
}
