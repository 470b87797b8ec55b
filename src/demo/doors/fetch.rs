//! What a `jku` or an `iss` leads to: fetched by whoever believes it. Only from loopback, so that the practice stays on this machine.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Most bytes of a reply.
const MOST: u64 = 64 << 10;
/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The JSON at `http://127.0.0.1:PORT/…` or `http://localhost:PORT/…`; `None` for any other URL and for whatever goes wrong.
pub async fn json(url: &str) -> Option<Value> {
    let (host, path) = url.strip_prefix("http://")?.split_once('/')?;
    let (name, port) = host.split_once(':').unwrap_or((host, "80"));
    if !matches!(name, "127.0.0.1" | "localhost") || path.bytes().any(|b| !b.is_ascii_graphic()) {
        return None;
    }
    let to = SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?));
    tokio::time::timeout(PATIENCE, get(to, host, path)).await.ok()?
}

/// The key set that the metadata of an issuer names (OpenID Connect Discovery 1.0 section 4).
pub async fn key_set(issuer: &str) -> Option<Value> {
    let metadata = json(&format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'))).await?;
    json(metadata.get("jwks_uri")?.as_str()?).await
}

async fn get(to: SocketAddr, host: &str, path: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(to).await.ok()?;
    // In HTTP/1.0 a reply ends where the connection does.
    stream.write_all(format!("GET /{path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.take(MOST).read_to_end(&mut bytes).await.ok()?;
    let body = memchr::memmem::find(&bytes, b"\r\n\r\n").map(|at| &bytes[at + 4..])?;
    serde_json::from_slice(body).ok()
}
