//! Use case: send as somebody. The keyring of a run knows the identities, makes the credential of one when it is first
//! needed, keeps it, puts it into a request just before that goes, and renews it when it has expired.

mod command;
mod make;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Exit, Result, Secret, Stamp, SystemClock};
use crate::engine::{Certificates, ClientCertificate};
use crate::store::Workspace;
use crate::wire::{Credential, Exchange, Identity, Load, Origin, Policy, Recipe, Request, Secrets, Transport, sigv4};

use super::cookies::Jars;
use super::send;

/// The word that chooses nobody.
pub const NOBODY: &str = "none";
/// The longest that making one credential may take, whatever it is made of.
const LONGEST: Duration = Duration::from_mins(2);
/// Largest certificate file.
pub const MOST_CERTIFICATE: u64 = 1 << 20;
/// A credential is renewed this long before its end, or a tenth of its life before when that is less.
const EARLY: Duration = Duration::from_secs(10);

/// Runs what waits for the disk, or for a vault to be opened, without holding up the engine's other tasks.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The identities of a run.
#[derive(Default)]
pub struct Keyring {
    known: Vec<Known>,
    /// The cookies that were set for them, and for nobody.
    pub jars: Jars,
}

/// How an identity shows itself: no secret is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its role.
    pub role: Option<String>,
    /// The kind of its credential, in one word.
    pub kind: &'static str,
}

/// What came of a send.
#[derive(Debug)]
pub struct Sent {
    /// The exchange; the second one where the first was refused and the credential renewed.
    pub exchange: Exchange,
    /// What the user is to know, in display form.
    pub notes: Vec<String>,
    /// When the credential ends, where that is known.
    pub until: Option<Stamp>,
}

/// Where an identity may be used.
enum Reach {
    /// At the targets of its workspace.
    Targets(Arc<Workspace>),
    /// At the one origin typed beside it.
    Typed(Origin),
}

struct Known {
    identity: Identity,
    reach: Reach,
    /// Where relative paths start.
    folder: PathBuf,
    secrets: Arc<dyn Secrets>,
    files: Arc<dyn Load>,
    certificate: OnceLock<Result<ClientCertificate>>,
    state: Mutex<State>,
    /// Number of the credential that was refused although it was new: refusing says nothing of its age. Not part of the state,
    /// so that a send that has ended waits for nobody's login.
    futile: AtomicU64,
}

/// The credential as it stands.
#[derive(Default)]
struct State {
    made: Option<Arc<Made>>,
    made_so_far: u64,
    /// The last failure, for those who waited for the same thing.
    failed: Option<(Instant, Error)>,
}

/// A credential that was made.
#[derive(Default)]
struct Made {
    /// From 1.
    number: u64,
    headers: Vec<(String, Secret)>,
    /// Signs each request.
    key: Option<sigv4::Key>,
    until: Option<(Instant, Stamp)>,
    /// The status that tells that it has expired.
    refused: Option<u16>,
    /// What was left out on the way, for the first who sends with it.
    notes: std::sync::Mutex<Vec<String>>,
}

impl Keyring {
    /// The identities of a workspace.
    pub fn of(workspace: &Workspace, files: &Arc<dyn Load>, secrets: &Arc<dyn Secrets>) -> Self {
        let workspace = Arc::new(workspace.clone());
        let known = |identity: &Identity| {
            let reach = Reach::Targets(Arc::clone(&workspace));
            Known::new(identity.clone(), reach, workspace.folder.clone(), files, secrets)
        };
        Self { known: workspace.identities.iter().map(known).collect(), jars: Jars::default() }
    }

    /// Adds an identity that was typed, for the origin typed with it. It takes the place of one of the same name.
    pub fn add(&mut self, identity: Identity, origin: &Origin, files: &Arc<dyn Load>, secrets: &Arc<dyn Secrets>) {
        self.known.retain(|k| k.identity.name != identity.name);
        self.known.push(Known::new(identity, Reach::Typed(origin.clone()), PathBuf::new(), files, secrets));
    }

    /// How the identities show themselves.
    pub fn list(&self) -> Vec<Named> {
        let named = |k: &Known| Named {
            name: k.identity.name.clone(),
            role: k.identity.role.clone(),
            kind: k.identity.credential.kind().word,
        };
        self.known.iter().map(named).collect()
    }

    /// The certificates that can be presented. One that cannot be read is told when its identity is used.
    pub fn certificates(&self) -> Certificates {
        let read = |k: &Known| Some((k.identity.name.clone(), k.certificate()?.ok()?));
        self.known.iter().filter_map(read).collect()
    }

    fn get(&self, name: &str) -> Result<&Known> {
        self.known.iter().find(|k| k.identity.name == name).ok_or_else(|| {
            let error = Error::input(format!("there is no identity {}", display_str(name)));
            let names: Vec<&str> = self.known.iter().map(|k| k.identity.name.as_str()).collect();
            match nearest(name, names.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None if names.is_empty() => {
                    error.hint("declare it in lunette.toml, or write --identity NAME=SPEC; --help lists the forms")
                }
                None => error.hint(format!("the workspace has {}", names.join(", "))),
            }
        })
    }

    /// Whether there is an identity of this name.
    ///
    /// # Errors
    /// There is none, and which are there.
    pub fn known(&self, name: &str) -> Result<()> {
        self.get(name).map(drop)
    }

    /// Whether an identity may be used at an origin.
    ///
    /// # Errors
    /// No such identity, or one that is not for this origin.
    pub fn admits(&self, name: &str, origin: &Origin) -> Result<()> {
        self.get(name)?.admits(origin)
    }

    /// The names of the headers that an identity will set, as far as they are known before it is made.
    ///
    /// # Errors
    /// No such identity, or a file of it that cannot be read.
    pub fn headers(&self, name: &str) -> Result<Vec<String>> {
        let known = self.get(name)?;
        Ok(match &known.identity.credential {
            Credential::Bearer(_) | Credential::Basic(..) | Credential::Oauth(_) | Credential::Command(_) => {
                vec!["Authorization".to_owned()]
            }
            Credential::Cookie(..) => vec!["Cookie".to_owned()],
            Credential::Header(name, _) => vec![name.clone()],
            Credential::Certificate(..) => {
                known.certificate().transpose()?;
                Vec::new()
            }
            Credential::Sigv4(_) => sigv4::NAMES.iter().map(|n| (*n).to_owned()).collect(),
            Credential::Login(file) => {
                let (_, bytes) = known.read(file)?;
                Recipe::read(&bytes, &make::shown(file))?.credential.into_iter().map(|(name, _)| name).collect()
            }
        })
    }

    /// A request with the credential of the identity it names in it, and what the user is to know; for one that is not renewed
    /// when it is refused.
    ///
    /// # Errors
    /// What kept the credential from being made.
    pub async fn dressed(
        &self,
        transport: &dyn Transport,
        request: Request,
        policy: Policy,
    ) -> Result<(Request, Vec<String>)> {
        let Some(name) = request.identity.clone() else { return Ok((request, Vec::new())) };
        let known = self.get(&name)?;
        known.admits(&request.origin)?;
        let made = known.made(transport, policy, None).await?;
        let mut notes = std::mem::take(&mut *made.notes.lock().unwrap_or_else(PoisonError::into_inner));
        let (dressed, stays) = known.dress(request, &made);
        notes.extend(stays);
        Ok((dressed, notes))
    }

    /// Sends a request as the identity it names, or as it stands when it names none.
    ///
    /// # Errors
    /// What kept the credential from being made, so that nothing was sent. A failed exchange is not an error here.
    pub async fn send(&self, transport: &dyn Transport, request: Request, policy: Policy) -> Result<Sent> {
        self.send_with(transport, request, policy, false).await
    }

    /// The same, with the cookies that were set before where `cookies` asks for them or they go everywhere.
    ///
    /// # Errors
    /// As [`Keyring::send`].
    pub async fn send_with(
        &self,
        transport: &dyn Transport,
        request: Request,
        policy: Policy,
        cookies: bool,
    ) -> Result<Sent> {
        let Some(name) = request.identity.clone() else {
            let exchange = self.carry(transport, request, policy, cookies).await;
            return Ok(Sent { exchange, notes: Vec::new(), until: None });
        };
        let known = self.get(&name)?;
        known.admits(&request.origin)?;
        let made = known.made(transport, policy, None).await?;
        let mut notes = std::mem::take(&mut *made.notes.lock().unwrap_or_else(PoisonError::into_inner));
        let (dressed, stays) = known.dress(request.clone(), &made);
        notes.extend(stays);
        let exchange = self.carry(transport, dressed, policy, cookies).await;
        let until = |made: &Made| made.until.map(|(_, at)| at);
        let is_refused = |x: &Exchange, made: &Made| made.refused.is_some() && x.status() == made.refused;
        if !is_refused(&exchange, &made) {
            known.judge(made.number, false);
            return Ok(Sent { exchange, notes, until: until(&made) });
        }
        if known.futile.load(Ordering::Relaxed) == made.number {
            notes.push(format!("{name} was refused again, and logging in anew did not help before"));
            return Ok(Sent { exchange, notes, until: until(&made) });
        }
        let renewed = match known.made(transport, policy, Some(made.number)).await {
            Ok(renewed) => renewed,
            Err(e) => {
                notes.push(format!("{name} was refused, and its credential could not be renewed: {e}"));
                return Ok(Sent { exchange, notes, until: None });
            }
        };
        notes.push(format!("{name} was refused ({}), so its credential was renewed", exchange.status().unwrap_or(0)));
        let (dressed, _) = known.dress(request, &renewed);
        let exchange = self.carry(transport, dressed, policy, cookies).await;
        known.judge(renewed.number, is_refused(&exchange, &renewed));
        Ok(Sent { exchange, notes, until: until(&renewed) })
    }

    /// One request as it stands, but for the cookies; what its reply sets is kept.
    async fn carry(&self, transport: &dyn Transport, mut request: Request, policy: Policy, cookies: bool) -> Exchange {
        let wanted = cookies || self.jars.are_used_everywhere();
        let added = wanted.then(|| self.jars.add(&mut request, SystemClock.wall())).flatten();
        let mut exchange = transport.send(request, policy).await;
        exchange.altered.extend(added);
        if let Some(reply) = &exchange.response {
            self.jars.learn(&exchange.request, reply, SystemClock.wall());
        }
        exchange
    }

    /// The `Cookie` that a request would have with those of the jar; `None` for none.
    pub fn cookie_header(&self, request: &Request) -> Option<Vec<u8>> {
        self.jars.header(request, SystemClock.wall())
    }
}

impl Known {
    fn new(
        identity: Identity,
        reach: Reach,
        folder: PathBuf,
        files: &Arc<dyn Load>,
        secrets: &Arc<dyn Secrets>,
    ) -> Self {
        Self {
            identity,
            reach,
            folder,
            secrets: Arc::clone(secrets),
            files: Arc::clone(files),
            certificate: OnceLock::new(),
            state: Mutex::default(),
            futile: AtomicU64::new(0),
        }
    }

    /// A credential meant for one host never reaches another.
    fn admits(&self, origin: &Origin) -> Result<()> {
        let name = &self.identity.name;
        let place = display_str(&origin.host_port());
        match &self.reach {
            Reach::Typed(typed) if typed == origin => Ok(()),
            Reach::Typed(typed) => {
                Err(Error::refused(format!("{name} was typed for {typed}, and this goes to {place}"))
                    .hint("name one identity for each host"))
            }
            Reach::Targets(workspace) => {
                let now = SystemClock.wall();
                match workspace.target(&origin.host, origin.port, now) {
                    Some(target) if target.expired(now) => Err(Error::refused(format!(
                        "{name} goes to the targets of the workspace, and {place} is one no more"
                    ))
                    .at(target.place.clone())
                    .hint("set another last day if it may still be sent to")),
                    Some(_) => Ok(()),
                    None => {
                        Err(Error::refused(format!("{name} goes to the targets of the workspace, and {place} is none"))
                            .at(workspace.shown.clone())
                            .hint("add a [[target]] for it, or type the identity itself: --identity NAME=SPEC"))
                    }
                }
            }
        }
    }

    /// The certificate it presents, where it is of that kind.
    fn certificate(&self) -> Option<Result<ClientCertificate>> {
        let Credential::Certificate(file, password) = &self.identity.credential else { return None };
        let read = || {
            let bytes = self.files.whole(&self.folder.join(file), MOST_CERTIFICATE)?;
            let password = password.as_ref().map(|reference| self.secrets.read(reference)).transpose()?;
            ClientCertificate::read(&bytes, None, password.as_ref()).map_err(|e| e.at(make::shown(file)))
        };
        Some(self.certificate.get_or_init(read).clone())
    }

    /// The credential, made when there is none, when it ends or when it is the one that was `refused`. Whoever comes
    /// meanwhile waits for the same one and shares its failure.
    async fn made(&self, transport: &dyn Transport, policy: Policy, refused: Option<u64>) -> Result<Arc<Made>> {
        let asked = transport.now();
        let work = async {
            let mut state = self.state.lock().await;
            if let Some((at, e)) = &state.failed
                && *at >= asked
            {
                return Err(e.clone());
            }
            if let Some(made) = &state.made
                && made.until.is_none_or(|(at, _)| transport.now() < at)
                && refused.is_none_or(|number| number != made.number)
            {
                return Ok(Arc::clone(made));
            }
            state.made = None;
            match self.make(transport, policy).await {
                Ok(made) => {
                    state.made_so_far += 1;
                    let made = Arc::new(Made { number: state.made_so_far, ..made });
                    state.made = Some(Arc::clone(&made));
                    Ok(made)
                }
                Err(e) => {
                    state.failed = Some((transport.now(), e.clone()));
                    Err(e)
                }
            }
        };
        tokio::select! {
            biased;
            made = work => made,
            () = transport.sleep(LONGEST) => Err(if transport.now() < asked + LONGEST {
                Error::new(Exit::Interrupted, "stopped before the credential was there")
            } else {
                Error::new(Exit::Unreachable, format!("the credential was not there within {} s", LONGEST.as_secs()))
            }
            .at(format!("identity {}", self.identity.name))
            .hint("nothing was sent with it")),
        }
    }

    /// Notes whether a credential was refused although it was new.
    fn judge(&self, number: u64, refused: bool) {
        if refused {
            self.futile.store(number, Ordering::Relaxed);
        } else {
            let _ = self.futile.compare_exchange(number, 0, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// The request with the credential in it. What is typed stays, and that is said.
    fn dress(&self, mut request: Request, made: &Made) -> (Request, Vec<String>) {
        let mut given: Vec<(Vec<u8>, Vec<u8>)> =
            made.headers.iter().map(|(n, v)| (n.clone().into_bytes(), v.expose().to_vec())).collect();
        if let Some(key) = made.key.as_ref().filter(|_| request.get("authorization").is_none()) {
            given.extend(sigv4::sign(&request, key, SystemClock.wall()));
        } else if made.key.is_some() {
            given.push((b"Authorization".to_vec(), Vec::new()));
        }
        let typed = |name: &[u8]| request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
        let notes = given
            .iter()
            .filter(|(n, _)| typed(n))
            .map(|(n, _)| {
                let shown = crate::base::text::display(n);
                format!("{shown} is typed and stays; the one of {} is left out", self.identity.name)
            })
            .collect();
        send::dress(&mut request, given);
        (request, notes)
    }
}
