//! Asks about tokens. Each is answered on a thread of its own: a key of RSA takes a second to make, a key set to read.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::{Workbench, lock, spawn, tell};
use crate::app::attack::{Ask, Place, Plan, Reached};
use crate::app::crack::{self, Control};
use crate::app::fetched::Fetched;
use crate::app::inspect::{self, Attacked, Planned, Stood, TokenAsk, TokenTold};
use crate::app::token::{self, Known, Sources};
use crate::app::workspace::dress;
use crate::app::{Draft, Event, draft, send};
use crate::base::figure::count;
use crate::base::{Clock as _, Error, Result, Secret, SystemClock, known};
use crate::jwt::attack::Step;
use crate::jwt::crack::Progress;
use crate::jwt::forge::{Materials, Own, variants};
use crate::jwt::key::Material;
use crate::jwt::{Decoded, Key};
use crate::wire::{Exchange, Policy, Reference};

/// The time between two reports of a word list.
const TICK: Duration = Duration::from_millis(250);

impl Workbench {
    /// Takes an ask about a token.
    pub(super) fn token(&self, ask: TokenAsk) -> Result<()> {
        let bench = self.clone();
        spawn("token", move || {
            let told = bench.answer(ask).unwrap_or_else(|e| Some(TokenTold::Failed(e)));
            if let Some(told) = told {
                tell(&bench.shared.events, Event::Token(Box::new(told)));
            }
        })
    }

    fn answer(&self, ask: TokenAsk) -> Result<Option<TokenTold>> {
        Ok(Some(match ask {
            TokenAsk::Read { text, stood } => TokenTold::Read(stood, Box::new(token::read(&text))),
            TokenAsk::Inspect { token, stood, keys } => {
                TokenTold::Inspected(Box::new(inspect::inspect(token, stood, &keys, None, SystemClock.wall())))
            }
            TokenAsk::Keys { typed, known } => {
                let (keys, words) = self.added(&typed, &known)?;
                TokenTold::Keys(Arc::new(keys), words)
            }
            TokenAsk::Sign { edited, how, stood } => {
                let (token, words) = inspect::signed(&edited, &how, |typed| Ok(Key::secret(self.secret(typed)?)))?;
                TokenTold::Signed { token, words, stood }
            }
            TokenAsk::Forge { token, keys, guessed } => {
                let guessed = guessed.map(|g| Key::secret(g.secret.as_bytes().to_vec()));
                let (public, given) = keys_for(&token, &keys);
                let own = Own::make()?;
                let with = Materials {
                    keys: &public,
                    signing: guessed.as_ref().or(given.as_ref()),
                    guessed: guessed.is_some(),
                    others: &[],
                    own: &own,
                    listener: None,
                    now: SystemClock.wall(),
                };
                let forged = variants(&token, &with);
                TokenTold::Forged(token, Arc::new(forged))
            }
            TokenAsk::Crack { token, stood, keys, list } => {
                self.crack(token, stood, &keys, &list);
                return Ok(None);
            }
            TokenAsk::PauseCracking(id, wait) => {
                if let Some(control) = lock(&self.cracking).get(&id) {
                    control.pause(wait);
                }
                return Ok(None);
            }
            TokenAsk::StopCracking(id) => {
                if let Some(control) = lock(&self.cracking).get(&id) {
                    control.cancel();
                }
                return Ok(None);
            }
            TokenAsk::Plan { draft, token, keys, listen } => {
                TokenTold::Planned(Arc::new(self.planned(&draft, &token, &keys, listen)?))
            }
            TokenAsk::Attack(planned) => return self.attack(&planned).map(|()| None),
        }))
    }

    /// A secret as it is typed: a reference, or itself.
    fn secret(&self, typed: &str) -> Result<Secret> {
        let typed = typed.strip_prefix("secret:").unwrap_or(typed);
        match Reference::parse(typed) {
            Reference::Stdin => {
                Err(Error::input("the screen has stdin").hint("write env:NAME, file:PATH or vault:NAME"))
            }
            Reference::Literal(text) => {
                known::learn(text.expose());
                Ok(text)
            }
            reference => self.variables.read(&reference),
        }
    }

    /// The keys with what is typed beside them, and what was added, in words.
    fn added(&self, typed: &str, known: &Known) -> Result<(Known, String)> {
        let is_secret = ["env:", "file:", "vault:", "secret:"].iter().any(|p| typed.starts_with(p));
        let mut sources = Sources::default();
        if is_secret {
            sources.secret = Some(self.secret(typed)?);
        } else if let Some(issuer) = typed.strip_prefix("issuer:") {
            sources.issuer = Some(issuer.to_owned());
        } else {
            sources.files.push(typed.into());
        }
        let fetched = Fetched::new(&self.engine, Policy::default(), &self.run, false, Arc::clone(&self.files))?;
        let more = token::keys(&sources, &fetched)?;
        let words = match more.keys.keys.len() {
            0 => "there is no key in it".to_owned(),
            1 => format!("one key more: {}", more.keys.keys[0].words()),
            n => format!("{n} keys more"),
        };
        Ok((known.with(more), words))
    }
}

/// The keys that are no secrets, and the one that signs what the token says it is signed with.
fn keys_for(token: &Decoded, known: &Known) -> (Vec<Key>, Option<Key>) {
    let all = &known.keys.keys;
    let public = all.iter().filter(|k| !matches!(k.material, Material::Secret(_))).cloned().collect();
    (public, all.iter().find(|k| k.is_private() && token::fits(token, k)).cloned())
}

/// Live runs, and word lists.
impl Workbench {
    /// Plans a live run against the endpoint of a request, in which the token takes the place of the one that stands there.
    fn planned(&self, draft: &Draft, token: &Decoded, known: &Known, listen: Option<SocketAddr>) -> Result<Planned> {
        let (mut request, _) = self.prepared(draft)?;
        if request.raw.is_some() {
            return Err(
                Error::input("a live run needs the fields of a request, not raw bytes").hint("R goes back to them")
            );
        }
        // Who it is sent as would put another credential beside the token.
        request.identity = None;
        self.engine
            .scope()
            .authorise(&request.origin)
            .map_err(|d| d.error().hint("send it once with s, which asks to admit its host"))?;
        let place = Place::taken_from(&mut request);
        if let Some(w) = &self.workspace {
            dress(&w.0, w.1.as_ref(), &self.keyring, &mut request, SystemClock.wall())?;
        }
        send::introduce(&mut request, &send::marked_agent("check", &self.run));
        let (keys, signing) = keys_for(token, known);
        let subject = draft::subject(&request);
        let plan = Plan::new(Ask {
            request,
            place,
            token: token.clone(),
            others: Vec::new(),
            keys,
            signing,
            listen: listen.map(|at| Reached { at, url: None }),
            only: Vec::new(),
        })?;
        let course = plan.course(None);
        let mut lines = vec![
            format!("{} requests at most, to {subject}", course.most()),
            "The token as it is comes first, twice, then none and one with a wrong signature; what is let in is asked twice."
                .to_owned(),
            "Whatever the request does, each of them does: choose one that changes nothing.".to_owned(),
            String::new(),
        ];
        if let Some(at) = listen {
            lines.insert(
                3,
                format!("Keys of ours are served at {at} while it runs; what asks for them there is counted."),
            );
        }
        let mut families: Vec<(&str, usize)> = Vec::new();
        for v in course.variants() {
            match families.last_mut() {
                Some((name, n)) if *name == v.family.name => *n += 1,
                _ => families.push((v.family.name, 1)),
            }
        }
        lines.extend(families.iter().map(|(name, n)| format!("{name:<24} {n:>3}")));
        let title = format!("live run: {} variants", course.variants().len());
        let policy = Policy { insecure: draft.insecure, raw: true, ..Policy::default() };
        Ok(Planned { title, lines, plan: Mutex::new(Some(plan)), policy })
    }

    /// Sends what was planned.
    fn attack(&self, planned: &Planned) -> Result<()> {
        let Some(plan) = lock(&planned.plan).take() else { return Ok(()) };
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (shared, events) = (Arc::clone(&self.shared), self.shared.events.clone());
        let course = plan.course(None);
        let (most, variants) = (course.most(), course.variants().to_vec());
        let mut count = 0;
        let each = move |step: &Step, x: &Exchange| {
            count += 1;
            let came = x.status().map_or_else(|| "no reply".to_owned(), |s| s.to_string());
            let words = format!("{count:>3} of at most {most}   {came:>8}   {}", step.words);
            // One that the screen has no room for is left out: the end has all.
            let _ = events.try_send(Event::Token(Box::new(TokenTold::Attacking(id, words))));
        };
        let (budget, job) = plan.job(Arc::clone(&self.keyring), planned.policy, each);
        let mut jobs = lock(&self.shared.jobs);
        let handle = self.engine.submit(budget, move |transport| {
            Box::pin(async move {
                let _ = shared.events.send(Event::Started(id)).await;
                let ran = job(transport).await;
                lock(&shared.jobs).remove(&id);
                let told = match ran {
                    Ok(ran) => TokenTold::Attacked(id, Arc::new(Attacked { ran, variants })),
                    Err(e) => TokenTold::Ended(id, e),
                };
                let _ = shared.events.send(Event::Token(Box::new(told))).await;
            })
        })?;
        jobs.insert(id, handle);
        Ok(())
    }
}

impl Workbench {
    /// Tries a word list, and tells how far it is four times a second.
    fn crack(&self, token: Arc<Decoded>, stood: Stood, known: &Known, list: &Path) {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let control = Arc::new(Control::default());
        lock(&self.cracking).insert(id, Arc::clone(&control));
        let events = self.shared.events.clone();
        let told = |told: TokenTold| Event::Token(Box::new(told));
        let _ = events.blocking_send(told(TokenTold::Cracking(id, "the word list is opened".to_owned())));
        let mut then = SystemClock.instant();
        let mut tell = |p: &Progress| {
            if p.paused || then.elapsed() >= TICK {
                then = SystemClock.instant();
                // One that the screen has no room for is left out.
                let _ = events.try_send(told(TokenTold::Cracking(id, words(p))));
            }
        };
        let ran =
            crack::run(&token, stood.beside.host.as_deref(), Some(list), self.files.as_ref(), 0, &control, &mut tell);
        lock(&self.cracking).remove(&id);
        let (text, found) = match ran {
            Err(e) => (e.to_string(), None),
            Ok(out) => {
                let tried = count(out.progress.candidates);
                let rate = format!("{} a second", count(out.progress.rate()));
                match out.secret {
                    Some(secret) => {
                        let text = format!("the secret was found after {tried} words, {rate}");
                        let now = SystemClock.wall();
                        (text, Some(Box::new(inspect::inspect(token, stood, known, Some(secret), now))))
                    }
                    None if out.cancelled => (format!("stopped after {tried} words, {rate}"), None),
                    None => (format!("none of {tried} words is the secret, {rate}"), None),
                }
            }
        };
        let _ = events.blocking_send(told(TokenTold::Cracked(id, text, found)));
    }
}

/// How far a word list is, in words.
fn words(p: &Progress) -> String {
    let share = (p.done * 100).checked_div(p.total).map(|n| format!("{n} %  ")).unwrap_or_default();
    let left = p.left().map(|d| format!("  {} s left", d.as_secs())).unwrap_or_default();
    let state = if p.paused { "paused  " } else { "" };
    format!("{state}{share}{} words, {} a second{left}   c stops, p waits", count(p.candidates), count(p.rate()))
}
