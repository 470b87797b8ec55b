//! The workbench behind the screen: asks in, events out, and never a wait in between.

mod kept;
mod many;
mod tokens;

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
use crate::store::vault::{Held, Key};
use crate::store::{History, Workspace};
use crate::wire::curl;
use crate::wire::{Caps, FailureKind, Load, Origin, Policy, Request, Secrets};

use super::explain::{self, Ground};
use super::variables::Variables;
use super::workspace::dress;
use super::{
    Ask, Draft, Event, Guard, Incoming, JobId, Judged, Keyring, compose, conform, draft, follow, grade, history,
    identity, lay, load, look, send, write,
};

/// Events that may wait for the screen.
const MOST_EVENTS: usize = 1_024;
/// Sends that may wait for an answer about scope.
const MOST_WAITING: usize = 32;

/// One workbench: an engine, the reviewer's files, and the state that asks share. Clones are the same one, for threads that may
/// wait for a disk.
#[derive(Clone)]
pub struct Workbench {
    shared: Arc<Shared>,
    engine: Arc<Engine>,
    files: Arc<dyn Load>,
    history: Arc<dyn History>,
    keyring: Arc<Keyring>,
    waiting: Arc<Mutex<Vec<Ready>>>,
    /// Word lists that are being tried.
    cracking: Arc<Mutex<HashMap<JobId, Arc<super::crack::Control>>>>,
    next: Arc<AtomicU64>,
    run: String,
    variables: Arc<Variables>,
    vault: Option<Held>,
    workspace: Option<Arc<(Workspace, Arc<dyn Secrets>)>>,
}

/// A request that is ready to be sent by hand, and how.
struct Ready {
    request: Request,
    policy: Policy,
    /// Whether the cookies of the jar go with it.
    cookies: bool,
}

/// What jobs on other threads share.
struct Shared {
    events: mpsc::Sender<Event>,
    live: Mutex<Live>,
    jobs: Mutex<HashMap<JobId, Handle>>,
    /// What stops the load that runs.
    loading: Mutex<Arc<AtomicBool>>,
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Workbench {
    /// A workbench over an engine, with the history the identities to send as and the name of this run, and where its events come out.
    pub fn new(
        engine: Engine,
        files: Arc<dyn Load>,
        history: Arc<dyn History>,
        keyring: Arc<Keyring>,
        run: &str,
    ) -> (Self, mpsc::Receiver<Event>) {
        let (events, out) = mpsc::channel(MOST_EVENTS);
        let tell = events.clone();
        // Told by the thread that writes; where there is no room the state is asked for with the next exchange.
        history.watch(Box::new(move |words| {
            let _ = tell.try_send(Event::Record(words));
        }));
        let shared =
            Shared { events, live: Mutex::new(Live::new()), jobs: Mutex::default(), loading: Mutex::default() };
        let bench = Self {
            shared: Arc::new(shared),
            engine: Arc::new(engine),
            files,
            history,
            keyring,
            waiting: Arc::default(),
            cracking: Arc::default(),
            next: Arc::new(AtomicU64::new(1)),
            run: run.to_owned(),
            variables: Arc::default(),
            vault: None,
            workspace: None,
        };
        bench.guarded();
        (bench, out)
    }

    /// The same with the vault of a workspace, whose changes are told.
    #[must_use]
    pub fn with_vault(self, vault: Option<Held>) -> Self {
        if let Some(held) = &vault {
            let events = self.shared.events.clone();
            held.watch(move |state| tell(&events, Event::Vault(state)));
        }
        Self { vault, ..self }
    }

    /// The same with a workspace, whose headers are added to requests to its targets, and what reads their secrets.
    #[must_use]
    pub fn with_workspace(self, workspace: Workspace, secrets: Arc<dyn Secrets>) -> Self {
        Self { workspace: Some(Arc::new((workspace, secrets))), ..self }
    }

    /// The same with what stands for `{{name}}` in requests.
    #[must_use]
    pub fn with_variables(self, variables: Variables) -> Self {
        Self { variables: Arc::new(variables), ..self }
    }

    /// Opens the vault with a key that is at hand. Comes back at once, since a passphrase takes half a second.
    pub fn unlock(&self, key: Key) {
        let outcome = match self.vault.clone() {
            None => Err(Error::input("there is no workspace, so no vault to open")),
            Some(held) => {
                let events = self.shared.events.clone();
                spawn("unlock", move || {
                    if let Err(e) = held.unlock(&key) {
                        tell(&events, Event::StaysLocked(e));
                    }
                })
            }
        };
        if let Err(e) = outcome {
            tell(&self.shared.events, Event::StaysLocked(e));
        }
    }

    /// Takes an ask. Comes back at once; what follows comes as events.
    pub fn ask(&self, ask: Ask) {
        let outcome = match ask {
            Ask::Load(paths) => self.load(paths, false),
            Ask::Follow(paths) => self.load(paths, true),
            Ask::Write { inventory, rows, path, over } => {
                let events = self.shared.events.clone();
                spawn("write", move || {
                    let wrote = write::write(&inventory, &rows, &path, over);
                    let _ = events.blocking_send(Event::Wrote(path, wrote));
                })
            }
            Ask::Compose { inventory, endpoint } => {
                let events = self.shared.events.clone();
                let files = self.files.clone();
                spawn("compose", move || {
                    if let Some(composed) = compose::compose(&inventory, endpoint, files.as_ref()) {
                        let _ = events.blocking_send(Event::Composed(Box::new(composed)));
                    }
                })
            }
            Ask::Look { inventory, endpoint } => {
                let events = self.shared.events.clone();
                let files = self.files.clone();
                spawn("look", move || {
                    if let Some(looked) = look::look(inventory, endpoint, files.as_ref()) {
                        let _ = events.blocking_send(Event::Looked(Box::new(looked)));
                    }
                })
            }
            Ask::Explain(draft) => self.apart(move |bench| bench.explain(&draft)),
            Ask::Export(draft, show) => self.apart(move |bench| bench.export(&draft, show)),
            Ask::Save { draft, path, over, show } => self.apart(move |bench| bench.save(&draft, path, over, show)),
            Ask::Keep { judged, to, path, over, show } => {
                self.apart(move |bench| bench.keep(&judged, to, path, over, show))
            }
            Ask::Import(text) => self.apart(move |bench| bench.import(&text)),
            Ask::Vary(draft, text) => self.apart(move |bench| bench.varies(draft, &text)),
            Ask::VaryGo(draft, values) => self.vary(&draft, &values),
            Ask::Compare(draft, names) => self.apart(move |bench| bench.compares(&draft, &names)),
            Ask::CompareGo(plan) => self.compare(&plan),
            Ask::Conform(inventory, judged) => {
                let (events, files) = (self.shared.events.clone(), Arc::clone(&self.files));
                spawn("conform", move || {
                    let conforms = conform::conform(&inventory, &judged.exchange, files.as_ref());
                    let _ = events.blocking_send(Event::Conforms(judged.exchange.id, conforms.map(Arc::new)));
                })
            }
            Ask::Lay(sides) => {
                self.reading(move |history| Ok(Event::Laid(Arc::new(lay::lay(&sides, history, lay::as_drawn)?))))
            }
            Ask::Step { draft, judged, keep } => self.apart(move |bench| bench.step(draft.as_ref(), &judged, keep)),
            Ask::Group { drafts, how, times } => self.apart(move |bench| bench.groups(&drafts, how, times)),
            Ask::GroupGo(plan) => self.group(plan),
            Ask::Token(ask) => self.token(*ask),
            Ask::Cookies(identity) => {
                self.held(identity.as_deref());
                Ok(())
            }
            Ask::SetCookie { identity, url, line } => {
                let line = String::from_utf8_lossy(line.expose());
                let jars = &self.keyring.jars;
                let set = jars.set_typed(identity.as_deref(), &url, &line, SystemClock.wall());
                self.held(identity.as_deref());
                set
            }
            Ask::RemoveCookie(identity, cookie) => {
                self.keyring.jars.remove(identity.as_deref(), &cookie);
                self.held(identity.as_deref());
                Ok(())
            }
            Ask::CookiesEverywhere(identity, on) => {
                self.keyring.jars.use_everywhere(on);
                self.held(identity.as_deref());
                Ok(())
            }
            Ask::Capture(name, value) => {
                self.variables.capture(&name, value.expose().to_vec());
                Ok(())
            }
            Ask::Send(draft) if draft.reads() => self.apart(move |bench| bench.send(&draft)),
            Ask::Send(draft) => self.send(&draft),
            Ask::Live { judged, plan, insecure } => self.live(&judged, plan, insecure),
            Ask::Admit { origin, allow } => self.admit(&origin, allow),
            Ask::AdmitTyped(text) => Entry::parse(text.trim()).map(|entry| {
                let entry = Entry { why: "admitted by hand in this run".to_owned(), ..entry };
                self.engine.scope().admit(entry);
                self.guarded();
            }),
            Ask::Withdraw(entry) => {
                self.engine.scope().withdraw(&entry);
                self.guarded();
                Ok(())
            }
            Ask::Guard => {
                self.guarded();
                Ok(())
            }
            Ask::Halt => {
                self.engine.stop();
                lock(&self.shared.loading).store(true, Ordering::Relaxed);
                lock(&self.waiting).clear();
                self.guarded();
                Ok(())
            }
            Ask::Resume => {
                self.engine.resume();
                self.guarded();
                Ok(())
            }
            Ask::ReadOnly(on) => {
                self.engine.scope().set_read_only(on);
                self.guarded();
                Ok(())
            }
            Ask::History(select) => self.reading(move |history| Ok(Event::Listed(Arc::new(history.list(&select)?)))),
            Ask::Grade(graded) => {
                let (history, events) = (Arc::clone(&self.history), self.shared.events.clone());
                spawn("history", move || {
                    if let Err(e) = history.grade(&graded) {
                        let _ = events.blocking_send(Event::Failed(e));
                    }
                })
            }
            // A workspace that has sent nothing has no grades, and that is no failure.
            Ask::Grades => self.reading(|history| Ok(Event::Grades(Arc::new(history.grades().unwrap_or_default())))),
            Ask::Recall(id) => {
                let keyring = Arc::clone(&self.keyring);
                self.reading(move |history| Ok(Event::Recalled(Box::new(history::recall(history.load(id)?, &keyring)))))
            }
            Ask::Cancel(id) => {
                if let Some(handle) = lock(&self.shared.jobs).get(&id) {
                    handle.cancel();
                }
                Ok(())
            }
            Ask::CancelAll => {
                lock(&self.shared.jobs).values().for_each(Handle::cancel);
                lock(&self.cracking).values().for_each(|control| control.cancel());
                lock(&self.shared.loading).store(true, Ordering::Relaxed);
                Ok(())
            }
            Ask::Unlock(passphrase) => {
                match Key::passphrase(passphrase) {
                    Ok(key) => self.unlock(key),
                    Err(e) => tell(&self.shared.events, Event::StaysLocked(e)),
                }
                Ok(())
            }
            Ask::Lock => {
                if let Some(held) = &self.vault {
                    held.lock();
                }
                Ok(())
            }
        };
        if let Err(e) = outcome {
            tell(&self.shared.events, Event::Failed(e));
        }
    }

    /// Tells what guards this run.
    fn guarded(&self) {
        tell(&self.shared.events, Event::Guarded(Arc::new(Guard::of(&self.engine))));
    }

    /// Tells what the jar of an identity holds.
    fn held(&self, identity: Option<&str>) {
        tell(&self.shared.events, Event::Cookies(Arc::new(self.keyring.jars.held(identity))));
    }

    /// Reads the history on a thread of its own, and tells what came of it.
    fn reading(&self, read: impl FnOnce(&dyn History) -> Result<Event> + Send + 'static) -> Result<()> {
        let (history, events) = (Arc::clone(&self.history), self.shared.events.clone());
        spawn("history", move || {
            let _ = events.blocking_send(read(history.as_ref()).unwrap_or_else(Event::Failed));
        })
    }

    fn load(&self, paths: Vec<PathBuf>, follow: bool) -> Result<()> {
        let stop = Arc::new(AtomicBool::new(false));
        // A new load replaces one that runs.
        std::mem::replace(&mut *lock(&self.shared.loading), Arc::clone(&stop)).store(true, Ordering::Relaxed);
        let (files, shared) = (Arc::clone(&self.files), Arc::clone(&self.shared));
        spawn("load", move || {
            let mut tell = |event: Event| {
                // What was replaced has no more to say.
                if Arc::ptr_eq(&lock(&shared.loading), &stop) {
                    let _ = shared.events.blocking_send(event);
                }
            };
            let how = load::How { follow, ..load::How::default() };
            let loaded = load::load(&paths, &how, files.as_ref(), SystemClock.wall(), &stop, true, &mut tell);
            tell(Event::Loaded { inventory: Arc::new(loaded.inventory), complete: true });
            loaded.failures.into_iter().for_each(|e| tell(Event::Failed(e)));
        })
    }

    /// Does what may wait for a disk on a thread of its own.
    fn apart(&self, work: impl FnOnce(&Self) -> Result<()> + Send + 'static) -> Result<()> {
        let bench = self.clone();
        spawn("prepare", move || {
            if let Err(e) = work(&bench) {
                tell(&bench.shared.events, Event::Failed(e));
            }
        })
    }

    /// A request made of what is typed.
    fn prepared(&self, draft: &Draft) -> Result<(Request, Vec<super::variables::Used>)> {
        let mut filler = self.variables.filler(draft.environment.as_deref(), draft.as_is)?;
        let request = draft::prepare(draft, &mut filler, self.files.as_ref())?;
        Ok((request, filler.used))
    }

    fn explain(&self, draft: &Draft) -> Result<()> {
        let (request, used) = self.prepared(draft)?;
        let policy = Self::by_hand(draft);
        let ground = Ground {
            scope: self.engine.scope(),
            keyring: &self.keyring,
            workspace: self.workspace.as_ref().map(|w| (&w.0, w.1.as_ref())),
            used: &used,
            declared: &draft.declared,
            policy: &policy,
            cookies: draft.cookies,
        };
        let explained = explain::explain(request, &ground)?;
        tell(&self.shared.events, Event::Explained(explained.title, explained.parts));
        Ok(())
    }

    fn export(&self, draft: &Draft, show: bool) -> Result<()> {
        let (mut request, _) = self.prepared(draft)?;
        if let Some(w) = &self.workspace {
            dress(&w.0, w.1.as_ref(), &self.keyring, &mut request, SystemClock.wall())?;
        }
        let mut export = curl::write(&request, Self::by_hand(draft).http, draft.insecure, show);
        if let Some(name) = &request.identity {
            let adds = self.keyring.headers(name)?;
            if !adds.is_empty() {
                export.changes.push(format!("the identity adds {} when it is sent", adds.join(", ")));
            }
        }
        tell(&self.shared.events, Event::Exported(Box::new(export)));
        Ok(())
    }

    /// Says what request a redirect leads to; nothing is sent.
    fn step(&self, draft: Option<&Draft>, judged: &Judged, keep: bool) -> Result<()> {
        let reply = judged.exchange.response.as_ref().ok_or_else(|| Error::input("there is no reply to follow"))?;
        let typed = match draft {
            Some(draft) => self.prepared(draft)?.0,
            None => history::typed(&judged.exchange, &self.keyring),
        };
        let stepped = follow::step(&typed, reply, keep, draft.is_some_and(|d| d.insecure))?;
        tell(&self.shared.events, Event::Stepped(Box::new(stepped)));
        Ok(())
    }

    /// How what is composed is carried: on a connection of its own, by whichever sender can.
    fn by_hand(draft: &Draft) -> Policy {
        Policy { fresh: true, insecure: draft.insecure, raw: true, caps: Caps::BY_HAND, ..Policy::default() }
    }

    fn send(&self, draft: &Draft) -> Result<()> {
        let (request, _) = self.prepared(draft)?;
        if let Some(name) = &request.identity {
            // Before scope is asked about: a question whose answer would not help is not put.
            self.keyring.admits(name, &request.origin)?;
        }
        let policy = Self::by_hand(draft);
        match self.engine.scope().authorise(&request.origin) {
            Ok(_) => self.start(Ready { request, policy, cookies: draft.cookies }),
            Err(denied @ (Denied::NotInScope(_) | Denied::Expired { .. })) => {
                let origin = request.origin.clone();
                let mut waiting = lock(&self.waiting);
                let asked = waiting.iter().any(|r| r.request.origin == origin);
                if waiting.len() == MOST_WAITING {
                    return Err(Error::refused(format!(
                        "{MOST_WAITING} sends wait to be admitted; this one was not kept"
                    ))
                    .hint("answer the question about their host first"));
                }
                waiting.push(Ready { request, policy, cookies: draft.cookies });
                drop(waiting);
                if !asked {
                    let reason = question(&denied);
                    let events = self.shared.events.clone();
                    let (about, known) = (origin.clone(), reason.clone());
                    tell(&self.shared.events, Event::ScopeAsked { origin: origin.clone(), reason });
                    self.engine.look_up(origin, move |place| {
                        let words: Vec<&str> =
                            [known.as_str(), place.as_str()].into_iter().filter(|w| !w.is_empty()).collect();
                        let _ = events.try_send(Event::ScopeKnown { origin: about, reason: words.join("; ") });
                    });
                }
                Ok(())
            }
            Err(denied) => Err(denied.error()),
        }
    }

    fn start(&self, ready: Ready) -> Result<()> {
        let Ready { mut request, policy, cookies } = ready;
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (shared, keyring) = (Arc::clone(&self.shared), Arc::clone(&self.keyring));
        let workspace = self.workspace.clone();
        // Held until it is known, so that a job that ends at once is not forgotten before.
        let mut jobs = lock(&self.shared.jobs);
        let handle = self.engine.submit(Budget::HAND, move |transport| {
            Box::pin(async move {
                // Told by the job itself, so that its start is told before its end and no lock is held meanwhile.
                let _ = shared.events.send(Event::Started(id)).await;
                let (began, typed) = (SystemClock.wall(), request.clone());
                let dressed = workspace.map_or(Ok(None), |w| {
                    // Its secrets may stand in files.
                    tokio::task::block_in_place(|| dress(&w.0, w.1.as_ref(), &keyring, &mut request, began))
                });
                let sent = match dressed {
                    Ok(note) => {
                        if let Some(note) = note {
                            let _ = shared.events.send(Event::Noted(note)).await;
                        }
                        let watched = transport.watched(Incoming::watch(id, shared.events.clone()));
                        keyring.send_with(watched.as_ref(), request, policy, cookies).await
                    }
                    Err(e) => Err(e),
                };
                let exchange = match sent {
                    Ok(sent) => {
                        shared.told(&sent).await;
                        sent.exchange
                    }
                    Err(e) => send::unsent(began, typed, &e),
                };
                // A large body takes its time to judge; the engine's other work goes on.
                let judged = tokio::task::block_in_place(|| send::judge(exchange));
                shared.done(id, judged).await;
            })
        })?;
        jobs.insert(id, handle);
        Ok(())
    }

    /// Sends what was shown, and grades the exchange again.
    fn live(&self, judged: &Judged, mut plan: Vec<Probe>, insecure: bool) -> Result<()> {
        for probe in &mut plan {
            send::mark(&mut probe.request, "check", &self.run);
        }
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
        let (answered, rest): (Vec<Ready>, _) =
            std::mem::take(&mut *lock(&self.waiting)).into_iter().partition(|r| r.request.origin == *origin);
        *lock(&self.waiting) = rest;
        if !allow {
            let shown = text::display_str(&origin.host_port());
            return Err(Error::refused(format!("nothing was sent to {shown}: it was refused"))
                .hint("send again to be asked again"));
        }
        self.engine.scope().admit(Entry::typed(origin));
        self.guarded();
        answered.into_iter().try_for_each(|ready| self.start(ready))
    }
}

impl Shared {
    /// Tells what a send as somebody was about, besides its exchange.
    async fn told(&self, sent: &identity::Sent) {
        for note in &sent.notes {
            let _ = self.events.send(Event::Noted(note.clone())).await;
        }
        if let Some(name) = &sent.exchange.identity {
            let _ = self.events.send(Event::Identity(name.clone(), sent.until)).await;
        }
    }

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

/// Tells the screen from a thread that must not wait, such as the screen's own, which alone makes room: where there is none,
/// another thread waits.
fn tell(events: &mpsc::Sender<Event>, event: Event) {
    if let Err(mpsc::error::TrySendError::Full(event)) = events.try_send(event) {
        let events = events.clone();
        let _ = spawn("tell", move || {
            let _ = events.blocking_send(event);
        });
    }
}

/// What is known of a host that is not in scope before its name is looked up: that its entry has expired.
fn question(denied: &Denied) -> String {
    if let Denied::Expired { .. } = denied { denied.error().what } else { String::new() }
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
        let files = Arc::new(Provided::new([], Arc::new(Disk)));
        Workbench::new(engine, files, Arc::new(Memory::default()), Arc::default(), "run")
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
        assert!(matches!(events.blocking_recv(), Some(Event::Guarded(_))), "the first thing told");
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
