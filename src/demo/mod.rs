//! The practice API: a small shop on loopback, over HTTP and over TLS, with mistakes on purpose. It uses none of the rooms
//! it is there to test, so that a fault there cannot hide itself.

mod certificate;
mod doors;
mod flaws;
mod http;
mod log;
mod routes;
mod samples;
mod serve;
mod shop;
#[cfg(test)]
mod tests;
mod token;

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};

pub use flaws::{FLAWS, Flaw};
pub use log::{access_log, access_log_seeded};
pub use samples::{SAMPLE_BASE, har, sample_token};
pub use token::SECRET;

/// Users of the shop with their passwords, for the screen that starts it.
pub const ACCOUNTS: [(&str, &str, &str); 3] =
    [("alice", "wonderland", "user"), ("bob", "builder", "user"), ("carol", "stargate", "admin")];

/// The practice API as it runs. Dropping it stops it; open connections are cut.
pub struct Demo {
    /// Where it speaks plain HTTP.
    pub http: SocketAddr,
    /// Where it speaks TLS, HTTP/2 or HTTP/1.1 as ALPN agrees.
    pub https: SocketAddr,
    ca_pem: String,
    served: Arc<log::Served>,
    /// `None` only while it is being dropped.
    runtime: Option<Runtime>,
}

impl Demo {
    /// Starts it on loopback: HTTP on `port` (any free one without it), TLS on any free port, with a certificate made now.
    /// It runs on threads of its own, and this returns once both ports accept connections.
    ///
    /// # Errors
    /// When a port cannot be bound or threads cannot be started.
    pub fn start(port: Option<u16>) -> io::Result<Self> {
        Self::open(port, false)
    }

    /// The same with every mistake of [`FLAWS`] mended: the twin to compare with.
    ///
    /// # Errors
    /// As [`Demo::start`].
    pub fn start_safe(port: Option<u16>) -> io::Result<Self> {
        Self::open(port, true)
    }

    fn open(port: Option<u16>, safe: bool) -> io::Result<Self> {
        let plain = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))?;
        let secure = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (http, https) = (plain.local_addr()?, secure.local_addr()?);
        let identity = certificate::Identity::make().map_err(io::Error::other)?;
        let runtime = Builder::new_multi_thread().worker_threads(2).thread_name("practice-api").enable_all().build()?;
        let served = Arc::new(log::Served::default());
        let service = Arc::new(serve::Service::new(served.clone(), http, https, safe));
        {
            let _inside = runtime.enter();
            serve::listen(plain, None, service.clone())?;
            serve::listen(secure, Some(identity.config), service)?;
        }
        Ok(Self { http, https, ca_pem: identity.ca_pem, served, runtime: Some(runtime) })
    }

    /// The certificate authority behind its certificate, in PEM: trust it to verify the TLS port as `localhost`,
    /// `127.0.0.1` or `::1`.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The requests it has answered, as access log lines like those of [`access_log`]: the last 10,000, oldest first.
    pub fn served_log(&self) -> String {
        self.served.text()
    }

    /// Its OpenAPI document, with the plain HTTP address as server.
    pub fn openapi(&self) -> String {
        openapi(&format!("http://{}", self.http))
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Never blocks, so that it may be dropped anywhere, another runtime included.
            runtime.shutdown_background();
        }
    }
}

/// Method, path and whether the OpenAPI document declares it, for every route of the shop.
pub fn routes() -> impl Iterator<Item = (&'static str, String, bool)> {
    routes::ROUTES.iter().map(|r| (r.method, format!("/api{}", r.path), r.declared))
}

/// The OpenAPI 3.1 document of the shop as JSON text, with `base_url` (scheme, host and port) as its server.
pub fn openapi(base_url: &str) -> String {
    let server = serde_json::Value::from(format!("{}/api", base_url.trim_end_matches('/'))).to_string();
    include_str!("openapi.json").replace("\"@BASE@/api\"", &server)
}
