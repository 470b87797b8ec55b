//! The workbench behind the screen: asks in, events out, and never a wait in between.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

use crate::base::{Clock, Error, Exit, Result, SystemClock, text};
use crate::checks;
use crate::engine::scope::Denied;
use crate::engine::{Budget, Engine, Entry, Handle};
use crate::grade::probes::Probe;
use crate::rate::Live;
use crate::wire::{FailureKind, Load, Origin, Policy, Request};

use super::{Ask, Draft, Event, JobId, Judged, compose, grade, load, send};

/// Events that may wait for the screen.
const MOST_EVENTS: usize = 1_024;
/// Sends that may wait for an answer about scope.
const MOST_WAITING: usize = 32;

/// One workbench: an engine, the reviewer's files, and the state that asks share.
pub struct Workbench {
    shared: Arc<Shared>,
    engine: Engine,
    files: Arc<dyn Load>,
    waiting: Mutex<Vec<(Request, Policy)>>,
    loading: Mutex<Arc<AtomicBool>>,
    next: AtomicU64,
}

/// What jobs on other threads share.
struct Shared {
    events: mpsc::Sender<Event>,
    live: Mutex<Live>,
    jobs: Mutex<HashMap<JobId, Handle>>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workbench {
    /// A workbench over an engine, and where its events come out.
    pub fn new(engine: Engine, files: Arc<dyn Load>) -> (Self, mpsc::Receiver<Event>) {
        let (events, out) = mpsc::channel(MOST_EVENTS);
        let shared = Shared { events, live: Mutex::new(Live::new()), jobs: Mutex::default() };
        let bench = Self {
            shared: Arc::new(shared),
            engine,
            files,
            waiting: Mutex::default(),
            loading: Mutex::default(),
            next: AtomicU64::new(1),
        };
        (bench, out)
    }

    /// Takes an ask. Comes back at once; what follows comes as events.
    pub fn ask(&self, ask: Ask) {
        let outcome = match ask {
            Ask::Load(paths) => self.load(paths),
            Ask::Compose { inventory, endpoint } => {
                let events = self.shared.events.clone();
                spawn("compose", move || {
                    if let Some(composed) = compose::compose(&inventory, endpoint) {
                        let _ = events.blocking_send(Event::Composed(Box::new(composed)));
                    }
                })
            }
            Ask::Send(draft) => self.send(&draft),
            Ask::Live { judged, plan, insecure } => self.live(&judged, plan, insecure),
            Ask::Admit { origin, allow } => self.admit(&origin, allow),
            Ask::Cancel(id) => {
                if let Some(handle) = lock(&self.shared.jobs).get(&id) {
                    handle.cancel();
                }
                Ok(())
            }
            Ask::CancelAll => {
                lock(&self.shared.jobs).values().for_each(Handle::cancel);
                lock(&self.loading).store(true, Ordering::Relaxed);
                Ok(())
            }
        };
        if let Err(e) = outcome {
            self.tell(Event::Failed(e));
        }
    }

    /// Tells the screen from the screen's own thread, which alone makes room: where there is none, another thread waits.
    fn tell(&self, event: Event) {
        if let Err(mpsc::error::TrySendError::Full(event)) = self.shared.events.try_send(event) {
            let events = self.shared.events.clone();
            let _ = spawn("tell", move || {
                let _ = events.blocking_send(event);
            });
        }
    }

    fn load(&self, paths: Vec<PathBuf>) -> Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        // A new load replaces one that runs.
        std::mem::replace(&mut *lock(&self.loading), Arc::clone(&stop)).store(true, Ordering::Relaxed);
        let (files, events) = (Arc::clone(&self.files), self.shared.events.clone());
        spawn("load", move || {
            let mut tell = |event: Event| {
                let _ = events.blocking_send(event);
            };
            let loaded = load::load(&paths, files.as_ref(), SystemClock.wall(), &stop, true, &mut tell);
            tell(Event::Loaded { inventory: Arc::new(loaded.inventory), complete: true });
            loaded.failures.into_iter().for_each(|e| tell(Event::Failed(e)));
        })
    }

    fn send(&self, draft: &Draft) -> Result<()> {
        let request = send::prepare(draft)?;
        let policy = Policy { fresh: true, insecure: draft.insecure, ..Policy::default() };
        match self.engine.scope().authorise(&request.origin) {
            Ok(_) => self.start(request, policy),
            Err(denied @ (Denied::NotInScope(_) | Denied::Expired { .. })) => {
                let origin = request.origin.clone();
                let mut waiting = lock(&self.waiting);
                let asked = waiting.iter().any(|(r, _)| r.origin == origin);
                if waiting.len() == MOST_WAITING {
                    return Err(Error::refused(format!(
                        "{MOST_WAITING} sends wait to be admitted; this one was not kept"
                    ))
                    .hint("answer the question about their host first"));
                }
                waiting.push((request, policy));
                drop(waiting);
                if !asked {
                    let reason = question(&denied, &origin);
                    self.tell(Event::ScopeAsked { origin, reason });
                }
                Ok(())
            }
            Err(denied) => Err(denied.error()),
        }
    }

    fn start(&self, request: Request, policy: Policy) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        // Held until it is known, so that a job that ends at once is not forgotten before.
        let mut jobs = lock(&self.shared.jobs);
        let handle = self.engine.submit(Budget::HAND, move |transport| {
            Box::pin(async move {
                // Told by the job itself, so that its start is told before its end and no lock is held meanwhile.
                let _ = shared.events.send(Event::Started(id)).await;
                let exchange = transport.send(request, policy).await;
                // A large body takes its time to judge; the engine's other work goes on.
                let judged = tokio::task::block_in_place(|| send::judge(exchange));
                shared.done(id, judged).await;
            })
        })?;
        jobs.insert(id, handle);
        Ok(())
    }

    /// Sends what was shown, and grades the exchange again.
    fn live(&self, judged: &Judged, plan: Vec<Probe>, insecure: bool) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let shared = Arc::clone(&self.shared);
        let exchange = judged.exchange.clone();
        let policy = Policy { insecure, ..Policy::default() };
        let mut jobs = lock(&self.shared.jobs);
        let handle = self.engine.submit(grade::budget(&plan), move |transport| {
            Box::pin(async move {
                let _ = shared.events.send(Event::Started(id)).await;
                let probes = checks::headers::run(transport, plan, policy).await;
                let judged = tokio::task::block_in_place(|| grade::judge(exchange, &probes));
                lock(&shared.jobs).remove(&id);
                let _ = shared.events.send(Event::Done(id, Arc::new(judged))).await;
            })
        })?;
        jobs.insert(id, handle);
        Ok(())
    }

    fn admit(&self, origin: &Origin, allow: bool) -> Result<()> {
        let (answered, rest) =
            std::mem::take(&mut *lock(&self.waiting)).into_iter().partition(|(r, _)| r.origin == *origin);
        *lock(&self.waiting) = rest;
        if !allow {
            let shown = text::display_str(&origin.host_port());
            return Err(Error::refused(format!("nothing was sent to {shown}: it was refused"))
                .hint("send again to be asked again"));
        }
        self.engine.scope().admit(Entry::typed(origin));
        let answered: Vec<(Request, Policy)> = answered;
        answered.into_iter().try_for_each(|(request, policy)| self.start(request, policy))
    }
}

impl Shared {
    async fn done(&self, id: JobId, judged: Judged) {
        let snapshot = {
            let x = &judged.exchange;
            let mut live = lock(&self.live);
            // What never left has no latency, and what was cancelled has that of the hand that cancelled it.
            let cancelled = x.error.as_ref().is_some_and(|e| e.kind == FailureKind::Cancelled);
            if !cancelled && (x.connection.is_some() || x.status().is_some()) {
                let title = format!("{} {}", text::display(&x.request.method), text::display(&x.request.target));
                live.record(SystemClock.instant(), &title, x.status(), x.phases.total.unwrap_or_default());
            }
            Arc::new(live.snapshot(SystemClock.instant()))
        };
        lock(&self.jobs).remove(&id);
        let _ = self.events.send(Event::Done(id, Arc::new(judged))).await;
        // The panel may skip one; the next carries all.
        let _ = self.events.try_send(Event::Latency(snapshot));
    }
}

/// What is known of a host that is not in scope, in a few words: that its entry has expired, or what its address is, where
/// it is one.
fn question(denied: &Denied, origin: &Origin) -> String {
    if let Denied::Expired { .. } = denied {
        return denied.error().what;
    }
    let address = origin.host.parse::<std::net::IpAddr>();
    address.map(|a| crate::wire::address::classify(a).words().to_owned()).unwrap_or_default()
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(format!("lunette-{name}"))
        .spawn(work)
        .map(drop)
        .map_err(|e| Error::new(Exit::NotJudged, format!("no thread to {name}: {e}")))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::app::Provided;
    use crate::engine::Config;
    use crate::files::Disk;
    use crate::store::Memory;

    fn bench(config: Config) -> (Workbench, mpsc::Receiver<Event>) {
        let engine = Engine::start(config, Arc::new(Memory::default())).expect("an engine");
        Workbench::new(engine, Arc::new(Provided::new([], Arc::new(Disk))))
    }

    fn draft(url: &str) -> Draft {
        Draft { method: "GET".to_owned(), url: url.to_owned(), ..Draft::default() }
    }

    #[test]
    fn an_ask_never_waits_for_a_screen_that_takes_nothing() {
        let (bench, mut events) = bench(Config { offline: true, ..Config::default() });
        let (done, finished) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for _ in 0..MOST_EVENTS + 50 {
                bench.ask(Ask::Send(draft("http://127.0.0.1:1/")));
            }
            let _ = done.send(());
        });
        assert!(finished.recv_timeout(Duration::from_secs(20)).is_ok(), "the screen's thread is stuck");
        for _ in 0..MOST_EVENTS + 50 {
            assert!(matches!(events.blocking_recv(), Some(Event::Failed(_))), "none is lost");
        }
    }

    #[test]
    fn a_start_is_told_before_its_end_and_a_send_too_many_is_named() {
        let target = "http://127.0.0.1:1/";
        let origin = Request::new("GET", target.as_bytes()).expect("url").origin;
        let (bench, mut events) = bench(Config { scope: vec![Entry::typed(&origin)], ..Config::default() });
        for _ in 0..20 {
            bench.ask(Ask::Send(draft(target)));
            let mut started = None;
            loop {
                match events.blocking_recv().expect("an event") {
                    Event::Started(id) => started = Some(id),
                    Event::Done(id, _) => {
                        assert_eq!(started, Some(id));
                        break;
                    }
                    _ => {}
                }
            }
        }
        for _ in 0..=MOST_WAITING {
            bench.ask(Ask::Send(draft("http://other.test/")));
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        let told = std::iter::from_fn(|| events.blocking_recv());
        let failed = told.take_while(|_| Instant::now() < deadline).find_map(|e| match e {
            Event::Failed(e) => Some(e.to_string()),
            _ => None,
        });
        assert!(failed.is_some_and(|e| e.contains("sends wait")));
    }
}
