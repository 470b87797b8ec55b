//! A listener of ours: serves a few pages over HTTP/1.1 and remembers who asked for them. What it is sent is read as far as the
//! end of its head and never acted on.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Result, SystemClock, Untrusted};
use crate::wire::{Hit, Listening, Page};

/// Bytes of a request that are read.
const HEAD: usize = 16 << 10;
/// How long one connection may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections at once; more are closed.
const CONNECTIONS: usize = 32;
/// Requests that are remembered.
const MOST_HITS: usize = 1_000;

#[derive(Default)]
struct Served {
    pages: Mutex<Vec<Page>>,
    hits: Mutex<Vec<Hit>>,
}

/// A listener; it ends when it is dropped, and with the job that opened it.
struct Open {
    address: SocketAddr,
    served: Arc<Served>,
    end: CancellationToken,
}

impl Listening for Open {
    fn address(&self) -> SocketAddr {
        self.address
    }
    fn serve(&self, pages: Vec<Page>) {
        self.served.pages.lock().unwrap_or_else(PoisonError::into_inner).extend(pages);
    }
    fn hits(&self) -> Vec<Hit> {
        self.served.hits.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end.cancel();
    }
}

/// Opens a listener at exactly this address.
///
/// # Errors
/// An address that cannot be had.
pub async fn open(at: SocketAddr, job: &CancellationToken) -> Result<Box<dyn Listening>> {
    let failed = |e: io::Error| {
        Error::input(format!("nothing can listen here: {}", display_str(&e.to_string())))
            .at(at.to_string())
            .hint("take an address of this machine, and port 0 for any free one")
    };
    let listener = TcpListener::bind(at).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let served = Arc::new(Served::default());
    let end = job.child_token();
    let (shared, until) = (Arc::clone(&served), end.clone());
    tokio::spawn(async move {
        tokio::select! {
            () = until.cancelled() => {}
            () = accept(listener, shared, until.clone()) => {}
        }
    });
    Ok(Box::new(Open { address, served, end }))
}

async fn accept(listener: TcpListener, served: Arc<Served>, until: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok((stream, from)) = listener.accept().await else {
            // Out of file descriptors, most likely: let some connections end.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else { continue };
        let (served, until) = (Arc::clone(&served), until.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = until.cancelled() => {}
                // How a connection ends is the affair of who opened it.
                _ = tokio::time::timeout(PATIENCE, answer(stream, from, &served)) => {}
            }
            drop(place);
        });
    }
}

async fn answer(mut stream: TcpStream, from: SocketAddr, served: &Served) -> io::Result<()> {
    let mut head = Vec::new();
    let end = loop {
        if let Some(end) = memchr::memmem::find(&head, b"\r\n\r\n") {
            break end;
        }
        if head.len() >= HEAD || stream.read_buf(&mut head).await? == 0 {
            return Ok(());
        }
    };
    head.truncate(end);
    let path = head.split(|b| *b == b' ').nth(1).unwrap_or_default();
    let path = path.split(|b| *b == b'?').next().unwrap_or_default();
    let page = {
        let pages = served.pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.iter().find(|p| p.path.as_bytes() == path).cloned()
    };
    let Some(page) = page else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
    };
    let is_head = head.starts_with(b"HEAD ");
    let start = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n",
        page.media,
        page.body.len()
    );
    // Remembered before it is answered, so that who waits for the answer finds it remembered.
    {
        let mut hits = served.hits.lock().unwrap_or_else(PoisonError::into_inner);
        if hits.len() < MOST_HITS {
            hits.push(Hit { at: SystemClock.wall(), from, head: Untrusted::from(head) });
        }
    }
    stream.write_all(start.as_bytes()).await?;
    if !is_head {
        stream.write_all(&page.body).await?;
    }
    stream.shutdown().await
}
