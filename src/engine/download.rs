//! What is fetched in order to be read: sources and references given as URLs.
//!
//! It goes the way of every request, so scope, record, caps and deadlines hold for it; nothing is redirected, since where a
//! redirect leads nobody typed.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use bytes::Bytes;
use tokio::runtime::Handle;

use crate::base::secret::mask_url;
use crate::base::text::display;
use crate::base::{Error, Exit, Result};
use crate::wire::{Exchange, FailureKind, Policy, Request, Transport as _};

use super::{Budget, Engine, Line, Shared};

/// What is asked for: documents of any kind, in the codings that are decoded.
const HEADERS: [(&str, &str); 2] =
    [("Accept", "application/json, application/yaml, */*;q=0.8"), ("Accept-Encoding", "gzip, br, zstd")];

/// Fetches what stands at a URL. It waits for it, so it is not for the engine's own threads.
#[derive(Clone)]
pub struct Downloader {
    shared: Arc<Shared>,
    runtime: Handle,
    policy: Policy,
    agent: String,
}

impl Engine {
    /// What fetches on this engine, as `policy` says but for its caps, under the name `agent`; `None` once it has ended.
    pub fn downloader(&self, policy: Policy, agent: String) -> Option<Downloader> {
        let runtime = self.runtime.as_ref()?.handle().clone();
        Some(Downloader { shared: Arc::clone(&self.shared), runtime, policy: Policy { fresh: true, ..policy }, agent })
    }
}

impl Downloader {
    /// The body at `url`, of at most `cap` bytes. Cancelled with all else that the engine does.
    ///
    /// # Errors
    /// One sentence: refused by scope (exit 3), not reached (4), or answered with what is no document (2).
    pub fn get(&self, url: &str, cap: u64) -> Result<Bytes> {
        let at = display(&mask_url(url.as_bytes()));
        let mut request = Request::new("GET", url.as_bytes())?.header("User-Agent", &self.agent);
        for (name, value) in HEADERS {
            request = request.header(name, value);
        }
        let mut policy = self.policy;
        (policy.caps.wire_bytes, policy.caps.decoded_bytes) = (cap, cap);
        let cancel = self.shared.root().child_token();
        let budget = Budget { requests: Some(1), ..Budget::LOAD };
        let line = Line {
            shared: Arc::clone(&self.shared),
            budget,
            left: Some(Arc::new(AtomicU64::new(1))),
            cancel,
            watch: None,
        };
        let (give, take) = std::sync::mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let _ = give.send(line.send(request, policy).await);
        });
        let exchange = take.recv().map_err(|_| Error::new(Exit::Interrupted, "the engine has ended").at(&at))?;
        body(exchange, cap).map_err(|e| e.at(at))
    }
}

/// The body of a reply that is one, or why it is none.
fn body(x: Exchange, cap: u64) -> Result<Bytes> {
    if let Some(failure) = x.error {
        let exit = match failure.kind {
            FailureKind::Scope | FailureKind::Offline | FailureKind::Budget => Exit::Refused,
            FailureKind::Cancelled => Exit::Interrupted,
            FailureKind::Cap => {
                let most = cap as f64 / f64::from(1 << 20);
                return Err(Error::input(format!(
                    "it is more than the {most:.0} MiB that are read: {}",
                    failure.message
                ))
                .hint("save it to a file, and give the part that matters"));
            }
            FailureKind::Inexpressible | FailureKind::Record | FailureKind::Credential => Exit::Usage,
            _ => Exit::Unreachable,
        };
        return Err(Error::new(exit, failure.message));
    }
    let Some(reply) = x.response else { return Err(Error::new(Exit::Unreachable, "there was no reply")) };
    match reply.status {
        200 if reply.body.is_empty() => {
            Err(Error::input("the reply is empty").hint("check the URL: what stands there is no document"))
        }
        200 => Ok(reply.body),
        status @ 300..=399 => {
            let place = reply.headers.iter().find(|(n, _)| n.as_bytes().eq_ignore_ascii_case(b"location"));
            let place = place
                .map(|(_, v)| format!(", which points to {}", display(&mask_url(v.as_bytes()))))
                .unwrap_or_default();
            Err(Error::input(format!("the server answered {status}{place}"))
                .hint("redirects are not followed; name that URL"))
        }
        status @ (401 | 403) => Err(Error::input(format!("the server answered {status}"))
            .hint("sources are fetched without a credential; save it to a file")),
        status => Err(Error::input(format!("the server answered {status}")).hint("check the URL")),
    }
}
