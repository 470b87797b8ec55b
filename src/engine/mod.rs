//! Floor 4: the only room that opens sockets. Tasks in, exchanges out, on threads of its own.
//!
//! A job is a closure over [`Transport`], given with an origin and a budget; the engine knows no check and no flow by name.
//! Scope admits the host and judges every resolved address, the budget admits the request, the record is told, and only
//! then does a byte leave.

mod budget;
mod certificate;
mod choice;
pub mod decode;
mod dial;
mod download;
mod express;
mod hold;
mod kept;
mod listen;
mod payload;
mod pool;
mod proxy;
mod refusal;
pub mod scope;
mod send;
mod tap;
mod timer;
mod tls;
mod under;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::base::{Error, Exit, Result};
use crate::wire::{
    BoxFuture, Exchange, Failure, FailureKind, Listening, Origin, Phase, Policy, Record, Request, Spill, Together,
    Transport, Watch,
};

use budget::Budgets;
pub use budget::{Lane, Limits, Spent};
pub use certificate::{Certificates, ClientCertificate};
pub use choice::{Choice, choose};
use dial::Dialer;
pub use dial::{Family, Override, Sni};
pub use download::Downloader;
pub use proxy::{Proxies, Route};
pub use scope::{Entry, Most, Scope};
use send::Exchanger;
use tls::Trust;

/// Jobs of a batch that may run or wait at once; one more is refused, so that neither side ever blocks.
const MOST_WAITING: usize = 4_096;

/// How a run sends.
#[derive(Debug, Default)]
pub struct Config {
    /// What is in scope from the start.
    pub scope: Vec<Entry>,
    /// Refuse every connection.
    pub offline: bool,
    /// Requests a second for every origin, in place of the defaults.
    pub rate: Option<f64>,
    /// Certificates trusted besides the system's, as PEM.
    pub roots: Option<Vec<u8>>,
    /// Names with an address given by the user.
    pub overrides: Vec<Override>,
    /// Certificates that identities present, by name.
    pub certificates: Certificates,
    /// The certificate that is presented to the hosts typed in this run, where the identity has none of its own.
    pub certificate: Option<ClientCertificate>,
    /// Present that one to any host of the scope.
    pub certificate_anywhere: bool,
    /// What everything goes through.
    pub proxies: Proxies,
    /// The server name sent to the hosts typed in this run, in place of theirs.
    pub sni: Option<Sni>,
    /// The one family of addresses that is dialled.
    pub family: Option<Family>,
    /// Where bodies go that are too large for memory; they are held there without it.
    pub spill: Option<Arc<dyn Spill>>,
    /// Send only what changes nothing.
    pub read_only: bool,
}

/// Whether `pem` holds certificates that a run can trust.
///
/// # Errors
/// When it holds none, or one that cannot be read.
pub fn check_roots(pem: &[u8]) -> Result<()> {
    Trust::new(Some(pem)).map(drop)
}

/// Who asked for a job, and how much it may send.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// The word in the record: `hand`, `vary`, `run`, `load`, `grade`, `check`, `rate`, `oauth`, `login`.
    pub origin: &'static str,
    /// Which lane it takes.
    pub lane: Lane,
    /// Requests it may send; any number when `None`.
    pub requests: Option<u64>,
}

impl Budget {
    /// One who types and waits.
    pub const HAND: Self = Self { origin: "hand", lane: Lane::Hand, requests: None };
    /// Something that is fetched to be read.
    pub const LOAD: Self = Self { origin: "load", lane: Lane::Hand, requests: None };
    /// The one request of a grade.
    pub const GRADE: Self = Self { origin: "grade", lane: Lane::Hand, requests: None };
}

/// A running job: cancelled with it, and not by dropping it.
#[derive(Debug, Clone)]
pub struct Handle(CancellationToken);

impl Handle {
    /// Stops the job: what is in flight ends within milliseconds with what it has learnt.
    pub fn cancel(&self) {
        self.0.cancel();
    }
}

struct Shared {
    exchanger: Exchanger,
    budgets: Budgets,
    numbers: AtomicU64,
    /// What every job's token comes from; another one once all were stopped.
    root: Mutex<CancellationToken>,
}

impl Shared {
    fn root(&self) -> MutexGuard<'_, CancellationToken> {
        self.root.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The engine of a run.
pub struct Engine {
    shared: Arc<Shared>,
    /// Places for jobs of a batch, so that what waits is bounded; a hand needs none.
    places: Arc<Semaphore>,
    runtime: Option<Runtime>,
}

impl Engine {
    /// Starts the engine's threads.
    ///
    /// # Errors
    /// Roots that cannot be read, or a machine that gives no thread.
    pub fn start(config: Config, record: Arc<dyn Record>) -> Result<Self> {
        let trust = Trust::new(config.roots.as_deref())?;
        let budgets = Budgets::new(config.rate, config.scope.clone());
        let scope = Scope::new(config.scope, config.offline);
        scope.set_read_only(config.read_only);
        // A proxy was typed as one, and is no target.
        let proxies = config.proxies.each().map(|route| Entry::typed(&route.proxy.origin)).collect();
        let dialer = Dialer {
            scope,
            trust,
            overrides: config.overrides,
            certificates: config.certificates,
            certificate: config.certificate,
            certificate_anywhere: config.certificate_anywhere,
            proxy_scope: Scope::new(proxies, config.offline),
            proxies: config.proxies,
            sni: config.sni,
            family: config.family,
        };
        let exchanger = Exchanger::new(dialer, record, config.spill);
        let shared = Arc::new(Shared { exchanger, budgets, numbers: AtomicU64::new(1), root: Mutex::default() });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("lunette-engine")
            .enable_io()
            .enable_time()
            .build()
            .map_err(|e| Error::new(Exit::Unreachable, format!("the engine cannot start: {e}")))?;
        let places = Arc::new(Semaphore::new(MOST_WAITING));
        Ok(Self { shared, places, runtime: Some(runtime) })
    }

    /// The scope, to show and to add to.
    pub fn scope(&self) -> &Scope {
        &self.shared.exchanger.dialer.scope
    }

    /// Gives a job to the engine. Never blocks.
    ///
    /// # Errors
    /// When too many jobs wait already.
    pub fn submit<F>(&self, budget: Budget, job: F) -> Result<Handle>
    where
        F: for<'a> FnOnce(&'a dyn Transport) -> BoxFuture<'a, ()> + Send + 'static,
    {
        let place = match budget.lane {
            Lane::Hand => None,
            Lane::Batch => Some(Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
                Error::new(Exit::NotJudged, "too many jobs wait already").hint("let some of them end first")
            })?),
        };
        let cancel = self.shared.root().child_token();
        let line = Line {
            shared: Arc::clone(&self.shared),
            budget,
            left: budget.requests.map(|n| Arc::new(AtomicU64::new(n))),
            cancel: cancel.clone(),
            watch: None,
        };
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async move {
                job(&line).await;
                drop(place);
            });
        }
        Ok(Handle(cancel))
    }

    /// Runs a job and waits for what it gives. For the command line, which has nothing else to do meanwhile.
    ///
    /// # Errors
    /// As [`Engine::submit`], or when the job ended without giving anything.
    pub fn run<T, F>(&self, budget: Budget, job: F) -> Result<T>
    where
        T: Send + 'static,
        F: for<'a> FnOnce(&'a dyn Transport) -> BoxFuture<'a, T> + Send + 'static,
    {
        let (give, take) = std::sync::mpsc::sync_channel(1);
        self.submit(budget, move |transport| {
            Box::pin(async move {
                let _ = give.send(job(transport).await);
            })
        })?;
        take.recv().map_err(|_| Error::new(Exit::Interrupted, "the job ended without a result"))
    }

    /// Stops everything that runs and waits. What is asked for afterwards runs.
    pub fn cancel_all(&self) {
        std::mem::take(&mut *self.shared.root()).cancel();
    }

    /// Ends all traffic: nothing more is sent until [`Engine::resume`], what runs is cancelled, and idle connections are
    /// closed.
    pub fn stop(&self) {
        self.scope().stop(true);
        self.cancel_all();
        self.shared.exchanger.hang_up();
    }

    /// Lets traffic flow again after a stop.
    pub fn resume(&self) {
        self.scope().stop(false);
    }

    /// What every origin was sent so far, and what it takes.
    pub fn spent(&self) -> Vec<Spent> {
        self.shared.budgets.spent()
    }

    /// Looks up where a host leads, and tells `give` in a few words; for one who has to decide whether to admit it. Sends
    /// nothing but the question of its name.
    pub fn look_up(&self, origin: Origin, give: impl FnOnce(String) + Send + 'static) {
        let shared = Arc::clone(&self.shared);
        if let Some(runtime) = &self.runtime {
            runtime.spawn(async move { give(shared.exchanger.dialer.where_to(&origin).await) });
        }
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.root().cancel();
        if let Some(runtime) = self.runtime.take() {
            // A peer that holds a connection must not hold the program.
            runtime.shutdown_timeout(Duration::from_millis(200));
        }
    }
}

/// The transport of one job.
struct Line {
    shared: Arc<Shared>,
    budget: Budget,
    left: Option<Arc<AtomicU64>>,
    cancel: CancellationToken,
    /// Who is told of replies that go on.
    watch: Option<Watch>,
}

impl Line {
    fn spend(&self) -> bool {
        self.left
            .as_ref()
            .is_none_or(|left| left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok())
    }
}

/// The words for a target that takes no more.
const HAD_ALL: &str = "this target has had all the requests that lunette.toml lets it take in a run; nothing was sent";

/// The exchange of a request that did not get as far as the sender.
fn unsent(id: u64, request: Request, kind: FailureKind, message: &str) -> Exchange {
    let now = crate::base::Clock::wall(&crate::base::SystemClock);
    let mut x = Exchange::new(id, now, request);
    x.error = Some(Failure { phase: Phase::Prepare, kind, message: message.to_owned() });
    x
}

impl Transport for Line {
    fn send(&self, request: Request, policy: Policy) -> BoxFuture<'_, Exchange> {
        Box::pin(async move {
            let id = self.shared.numbers.fetch_add(1, Ordering::Relaxed);
            if !self.spend() {
                return unsent(
                    id,
                    request,
                    FailureKind::Budget,
                    "the request budget of this job is spent; nothing was sent",
                );
            }
            let pass = tokio::select! {
                biased;
                () = self.cancel.cancelled() => None,
                pass = self.shared.budgets.admit(&request.origin, self.budget.lane) => Some(pass),
            };
            let _pass = match pass {
                Some(Some(pass)) => pass,
                Some(None) => return unsent(id, request, FailureKind::Budget, HAD_ALL),
                None => return unsent(id, request, FailureKind::Cancelled, "cancelled before anything was sent"),
            };
            let (origin, watch) = (self.budget.origin, self.watch.clone());
            self.shared.exchanger.exchange(id, origin, request, policy, watch, &self.cancel).await
        })
    }

    fn together(&self, requests: Vec<Request>, how: Together, policy: Policy) -> BoxFuture<'_, Vec<Exchange>> {
        Box::pin(async move {
            let mut out: Vec<Option<Exchange>> = Vec::new();
            let (mut places, mut going, mut passes) = (Vec::new(), Vec::new(), Vec::new());
            for (place, request) in requests.into_iter().enumerate() {
                let id = self.shared.numbers.fetch_add(1, Ordering::Relaxed);
                out.push(None);
                if !self.spend() {
                    let why = "the request budget of this job is spent; nothing was sent";
                    out[place] = Some(unsent(id, request, FailureKind::Budget, why));
                    continue;
                }
                // The first waits for its turn; the others go with it, and are counted. Places for each of them would have to
                // be had all at once, which may never be.
                let lane = if going.is_empty() { self.budget.lane } else { Lane::Hand };
                let pass = tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => None,
                    pass = self.shared.budgets.admit(&request.origin, lane) => Some(pass),
                };
                match pass {
                    Some(Some(pass)) => {
                        passes.push(pass);
                        places.push(place);
                        going.push((id, request));
                    }
                    Some(None) => out[place] = Some(unsent(id, request, FailureKind::Budget, HAD_ALL)),
                    None => {
                        let why = "cancelled before anything was sent";
                        out[place] = Some(unsent(id, request, FailureKind::Cancelled, why));
                    }
                }
            }
            let origin = self.budget.origin;
            let sent = Box::pin(self.shared.exchanger.together(going, origin, how, policy, &self.cancel)).await;
            for (place, exchange) in places.into_iter().zip(sent) {
                out[place] = Some(exchange);
            }
            out.into_iter().flatten().collect()
        })
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            tokio::select! {
                () = self.cancel.cancelled() => {}
                () = tokio::time::sleep(duration) => {}
            }
        })
    }

    fn now(&self) -> Instant {
        Instant::now()
    }

    fn aside(&self, origin: &'static str, requests: u64) -> Box<dyn Transport + '_> {
        Box::new(Self {
            shared: Arc::clone(&self.shared),
            budget: Budget { origin, requests: Some(requests), ..self.budget },
            left: Some(Arc::new(AtomicU64::new(requests))),
            cancel: self.cancel.clone(),
            watch: None,
        })
    }

    fn watched(&self, watch: Watch) -> Box<dyn Transport + '_> {
        Box::new(Self {
            shared: Arc::clone(&self.shared),
            budget: self.budget,
            left: self.left.clone(),
            cancel: self.cancel.clone(),
            watch: Some(watch),
        })
    }

    fn listen(&self, at: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Listening>>> {
        Box::pin(listen::open(at, &self.cancel))
    }

    fn requests_left(&self) -> Option<u64> {
        self.left.as_ref().map(|l| l.load(Ordering::Relaxed))
    }
}
