//! Use case: run flows. The requests of a file go one after the other, as the identities they name; what is captured of a reply
//! stands for its name in those below, and what is asserted of one is judged. All that can be known to be wrong before
//! the first request leaves is told then.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::follow::{self, Follow};
use super::variables::{Variables, learned, lookup};
use super::{Judged, Keyring, send, workspace};
use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Exit, Result, Secret, SystemClock, known};
use crate::engine::{Budget, Lane};
pub use crate::report::run::{Asserted, Captured, FileRun, RequestRun, Run};
use crate::store::{Environment, Workspace};
use crate::wire::flow::{Facts, Flow, Step, Verdict};
use crate::wire::http_file::{Entry, Part, Template};
use crate::wire::{FailureKind, Headers, Load, Policy, Reference, Request, Secrets, Transport};

/// Bytes of a file that a request sends.
const MOST_BODY: u64 = 256 << 20;

/// One file of a run.
pub struct Planned {
    /// Its name in messages.
    pub shown: String,
    /// Where the paths in it start.
    pub folder: PathBuf,
    /// What it holds.
    pub flow: Flow,
    /// Reads the references in it.
    pub secrets: Arc<dyn Secrets>,
}

/// What is run, and with what.
pub struct Plan {
    /// The files, in order.
    pub files: Vec<Planned>,
    /// The requests of these names alone, where any is named.
    pub only: Vec<String>,
    /// Whether the first request that fails ends the run.
    pub fail_fast: bool,
    /// Whether later files may use what earlier ones captured.
    pub share: bool,
    /// Values that were typed.
    pub set: Vec<(String, Secret)>,
    /// Headers that go with every request.
    pub headers: Headers,
    /// Who sends, where a request does not say it.
    pub identity: Option<String>,
    /// The environment that was chosen.
    pub environment: Option<String>,
    /// How each exchange is carried.
    pub policy: Policy,
    /// Whether secrets are shown in what was found.
    pub show: bool,
    /// The workspace, and what reads its secrets.
    pub workspace: Option<(Arc<Workspace>, Arc<dyn Secrets>)>,
    /// The environments of the workspace.
    pub variables: Arc<Variables>,
    /// Reads the files of bodies.
    pub files_of: Arc<dyn Load>,
}

/// How the process ends: 1 where anything failed that could be judged, else as the first that could not.
pub fn exit(run: &Run) -> Exit {
    let of = |outcome| run.requests().find(move |r| r.outcome() == outcome);
    match (run.interrupted, of(Verdict::Fail), of(Verdict::Error)) {
        (true, ..) => Exit::Interrupted,
        (_, Some(_), _) => Exit::Findings,
        (_, None, Some(r)) => {
            let exit = match (&r.error, &r.exchange) {
                (Some(e), _) => e.exit,
                (None, Some(x)) => send::exit(x),
                (None, None) => Exit::Done,
            };
            // The files were read, so there is a result; what could not be made or judged has not passed.
            if matches!(exit, Exit::Done | Exit::Usage) { Exit::Findings } else { exit }
        }
        (_, None, None) => Exit::Done,
    }
}

impl Plan {
    /// What it may send.
    pub fn budget(&self) -> Budget {
        // A credential may be renewed once for each request.
        let most = self.files.iter().map(|f| f.flow.most() * 2).sum();
        Budget { origin: "run", lane: Lane::Batch, requests: Some(most) }
    }

    /// The request to the first host, whose URL nothing that is captured can be part of: an identity that is typed is for it.
    ///
    /// # Errors
    /// A variable of it that nobody knows, or a URL that is none.
    pub fn first(&self) -> Result<Option<Request>> {
        let Some((file, entry, _)) = self.steps().next() else { return Ok(None) };
        let environment = self.variables.environment(self.environment.as_deref())?;
        let url = file.flow.file.fill(&entry.url, &file.shown, &mut |name| self.value(name, &[], environment, file))?;
        Request::new(&entry.method, &url).map(Some).map_err(|e| e.at(format!("{}:{}", file.shown, entry.line)))
    }

    /// Looks for what is wrong before anything is sent: names that are not there, variables that nobody can give a value.
    ///
    /// # Errors
    /// The first of it, at its line.
    pub fn check(&self, keyring: &Keyring) -> Result<()> {
        let environment = self.variables.environment(self.environment.as_deref())?;
        for name in &self.only {
            if !self.files.iter().flat_map(|f| &f.flow.file.requests).any(|e| e.name.as_deref() == Some(name)) {
                let names = self.files.iter().flat_map(|f| &f.flow.file.requests).filter_map(|e| e.name.as_deref());
                let error = Error::input(format!("no request has the name {}", display_str(name))).at("--only");
                return Err(match nearest(name, names) {
                    Some(near) => error.hint(format!("did you mean {}?", display_str(near))),
                    None => error.hint("write it behind ### or # @name"),
                });
            }
        }
        let mut captured: Vec<&str> = Vec::new();
        let mut last: Option<&str> = None;
        for (file, entry, step) in self.steps() {
            if last.is_some_and(|l| l != file.shown) && !self.share {
                captured.clear();
            }
            last = Some(&file.shown);
            let place = |line: usize| format!("{}:{line}", file.shown);
            if let Some((line, Some(name))) = &step.identity {
                keyring.known(name).map_err(|e| e.at(place(*line)))?;
            }
            let unknown = |name: &str, captured: &[&str]| {
                !captured.contains(&name)
                    && !file.flow.file.variables.iter().any(|v| v.name == name)
                    && !self.set.iter().any(|(n, _)| n == name)
                    && !environment.is_some_and(|e| e.values.iter().any(|(n, _)| n == name))
                    && matches!(Reference::parse(name), Reference::Literal(_) | Reference::Stdin)
            };
            if let Some((line, name)) =
                templates(entry).flat_map(|t| t.variables().map(|v| (t.line, v))).find(|(_, n)| unknown(n, &captured))
            {
                return Err(self.nobody(name, &captured, environment, file).at(place(line)));
            }
            captured.extend(step.captures.iter().map(|c| c.name.as_str()));
            let mut own = step.assertions.iter().flat_map(|a| a.variables().map(|v| (a.line, v)));
            if let Some((line, name)) = own.find(|(_, n)| unknown(n, &captured)) {
                return Err(self.nobody(name, &captured, environment, file).at(place(line)));
            }
        }
        Ok(())
    }

    fn nobody(&self, name: &str, captured: &[&str], environment: Option<&Environment>, file: &Planned) -> Error {
        let error = Error::input(format!("nothing gives a value to {}", display_str(name)));
        let later = self.files.iter().flat_map(|f| &f.flow.steps).flat_map(|s| &s.captures).any(|c| c.name == name);
        if later {
            return error
                .hint("what captures it stands below, in another file without --share, or is left out by --only");
        }
        let set = self.set.iter().map(|(n, _)| n.as_str());
        let names = environment.iter().flat_map(|e| e.values.iter().map(|(n, _)| n.as_str())).collect::<Vec<_>>();
        let own = file.flow.file.variables.iter().map(|v| v.name.as_str());
        match nearest(name, captured.iter().copied().chain(set).chain(names).chain(own)) {
            Some(near) => error.hint(format!("did you mean {}?", display_str(near))),
            None => error.hint(format!(
                "write @{0} = value in the file, --set {0}=value, or capture it from an earlier reply",
                display_str(name)
            )),
        }
    }

    /// The requests that are run, in order.
    fn steps(&self) -> impl Iterator<Item = (&Planned, &Entry, &Step)> {
        let each = |f| {
            let f: &Planned = f;
            f.flow.file.requests.iter().zip(&f.flow.steps).map(move |(entry, step)| (f, entry, step))
        };
        self.files.iter().flat_map(each).filter(|(_, entry, _)| self.wants(entry))
    }

    fn wants(&self, entry: &Entry) -> bool {
        self.only.is_empty() || entry.name.as_ref().is_some_and(|name| self.only.contains(name))
    }

    /// What a name stands for: what was captured, what was typed, what the environment says, then a reference.
    fn value(
        &self,
        name: &str,
        captured: &[(String, Secret)],
        environment: Option<&Environment>,
        file: &Planned,
    ) -> Option<Result<Vec<u8>>> {
        let read = |reference: &Reference| {
            // The references of an environment start in the workspace, those of a file beside it.
            let own = matches!(Reference::parse(name), Reference::Literal(_) | Reference::Stdin);
            super::identity::blocking(|| match &self.workspace {
                Some((_, secrets)) if own => secrets.read(reference),
                _ => file.secrets.read(reference),
            })
        };
        let typed = || self.set.iter().rev().find(|(n, _)| n == name).map(|(_, v)| Ok(v.expose().to_vec()));
        let known = |captured| lookup(name, captured, environment, &read).map(|found| found.map(|(value, _)| value));
        if captured.iter().any(|(n, _)| n == name) { known(captured) } else { typed().or_else(|| known(&[])) }
    }
}

/// Every text of a request that may hold variables.
fn templates(entry: &Entry) -> impl Iterator<Item = &Template> {
    let body = entry.body.iter().map(|part| match part {
        Part::Text(text) => text,
        Part::File { path, .. } => path,
    });
    std::iter::once(&entry.url).chain(entry.headers.iter().flat_map(|(n, v)| [n, v])).chain(body)
}

/// Runs a plan inside a job. `told` hears of each request when it has ended.
pub async fn carried(
    transport: &dyn Transport,
    keyring: &Keyring,
    plan: &Plan,
    told: &(dyn Fn(&str, &RequestRun) + Send + Sync),
) -> Run {
    let mut run = Run::default();
    let mut captured: Vec<(String, Secret)> = Vec::new();
    'files: for file in &plan.files {
        if !plan.share {
            captured.clear();
        }
        run.files.push(FileRun { path: file.shown.clone(), requests: Vec::new() });
        for (entry, step) in file.flow.file.requests.iter().zip(&file.flow.steps).filter(|(e, _)| plan.wants(e)) {
            let began = transport.now();
            let mut runner = Runner { transport, keyring, plan, file, captured: &mut captured, notes: &mut run.notes };
            let mut done = runner.request(entry, step).await;
            done.elapsed = transport.now() - began;
            told(&file.shown, &done);
            let failure = done.exchange.as_ref().and_then(|x| x.error.as_ref()).map(|e| e.kind);
            run.interrupted = failure == Some(FailureKind::Cancelled);
            let ends = run.interrupted || plan.fail_fast && done.outcome() != Verdict::Pass;
            if let Some(of) = run.files.last_mut() {
                of.requests.push(done);
            }
            if ends {
                break 'files;
            }
        }
    }
    run
}

/// What one request needs.
struct Runner<'a> {
    transport: &'a dyn Transport,
    keyring: &'a Keyring,
    plan: &'a Plan,
    file: &'a Planned,
    captured: &'a mut Vec<(String, Secret)>,
    notes: &'a mut Vec<String>,
}

impl Runner<'_> {
    async fn request(&mut self, entry: &Entry, step: &Step) -> RequestRun {
        let mut done = RequestRun {
            name: entry.shown(),
            line: entry.line,
            exchange: None,
            grade: None,
            error: None,
            asserts: Vec::new(),
            captures: Vec::new(),
            tries: 0,
            elapsed: Duration::ZERO,
        };
        let (tries, pause) = step.retry.map_or((1, Duration::ZERO), |(n, pause)| (n + 1, pause));
        while done.tries < tries {
            if done.tries > 0 {
                self.transport.sleep(pause).await;
            }
            done.tries += 1;
            (done.exchange, done.grade, done.error) = match self.sent(entry, step).await {
                Ok(judged) => (Some(judged.exchange), judged.headers, None),
                Err(e) => (None, None, Some(e)),
            };
            self.judge(step, &mut done);
            let failure = done.exchange.as_ref().and_then(|x| x.error.as_ref()).map(|e| e.kind);
            let never = matches!(failure, Some(FailureKind::Cancelled | FailureKind::Scope | FailureKind::Offline));
            if done.outcome() == Verdict::Pass || never || done.error.is_some() {
                break;
            }
        }
        done
    }

    /// Sends it once.
    async fn sent(&mut self, entry: &Entry, step: &Step) -> Result<Judged> {
        let (request, typed) = self.made(entry, step)?;
        // What a peer supplied never breaks out of its place.
        let policy = Policy { raw: typed, ..self.plan.policy };
        let follow = Follow { most: step.follow, keep_credentials: false };
        let (exchange, notes) = follow::carried(self.transport, self.keyring, request, policy, follow).await?;
        self.note(notes);
        Ok(send::judge(exchange))
    }

    fn note(&mut self, notes: impl IntoIterator<Item = String>) {
        for note in notes {
            if !self.notes.contains(&note) {
                self.notes.push(note);
            }
        }
    }

    /// The request, and whether nothing that was captured is part of it.
    fn made(&mut self, entry: &Entry, step: &Step) -> Result<(Request, bool)> {
        let (plan, file) = (self.plan, self.file);
        let environment = plan.variables.environment(plan.environment.as_deref())?;
        let mut typed = true;
        let captured = &*self.captured;
        let mut known = |name: &str| {
            typed &= !captured.iter().any(|(n, _)| n == name);
            plan.value(name, captured, environment, file)
        };
        let mut load = |path: &str| {
            super::identity::blocking(|| plan.files_of.whole(&file.folder.join(Path::new(path)), MOST_BODY))
        };
        let mut request = file.flow.file.request(entry, &file.shown, &mut known, &mut load)?;
        for (name, value) in &request.headers {
            known::learn_header(name, value);
        }
        request.headers.extend(plan.headers.iter().cloned());
        request.identity = match &step.identity {
            Some((_, identity)) => identity.clone(),
            None => plan.identity.clone(),
        };
        if let Some((workspace, secrets)) = &plan.workspace {
            let dressed = super::identity::blocking(|| {
                workspace::dress(workspace, secrets.as_ref(), self.keyring, &mut request, SystemClock.wall())
            });
            self.note(dressed?);
        }
        send::introduce(&mut request, send::USER_AGENT);
        Ok((request, typed))
    }

    /// Takes what is captured, and judges what is asserted.
    fn judge(&mut self, step: &Step, done: &mut RequestRun) {
        done.captures.clear();
        done.asserts.clear();
        let Some(exchange) = &done.exchange else {
            let error = done.error.as_ref().map(ToString::to_string).unwrap_or_default();
            done.asserts.extend(step.assertions.iter().map(|a| Asserted {
                line: a.line,
                text: a.text.clone(),
                verdict: Verdict::Error,
                actual: error.clone(),
            }));
            return;
        };
        if let Some(reply) = &exchange.response {
            for capture in &step.captures {
                // A path may look at every value of a large reply.
                let why = match super::identity::blocking(|| capture.find(reply)) {
                    Ok(value) => {
                        learned(&capture.name, &value);
                        self.captured.retain(|(n, _)| *n != capture.name);
                        self.captured.push((capture.name.clone(), value.into()));
                        None
                    }
                    Err(why) => Some(why),
                };
                done.captures.push(Captured { name: capture.name.clone(), line: capture.line, why });
            }
        }
        let facts = Facts { exchange, grade: done.grade.as_ref().map(|h| h.grade), show: self.plan.show };
        let (plan, file, captured) = (self.plan, self.file, &*self.captured);
        let Ok(environment) = plan.variables.environment(plan.environment.as_deref()) else { return };
        for assertion in &step.assertions {
            let mut put = |t: &Template| {
                file.flow.file.fill(t, &file.shown, &mut |name| plan.value(name, captured, environment, file))
            };
            let checked = super::identity::blocking(|| assertion.check(facts, &mut put));
            done.asserts.push(Asserted {
                line: assertion.line,
                text: assertion.text.clone(),
                verdict: checked.verdict,
                actual: checked.actual,
            });
        }
    }
}
