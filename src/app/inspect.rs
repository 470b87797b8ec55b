//! Use case: a token on a screen: judged with the keys that are known, and signed anew.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crate::base::text::display_str;
use crate::base::{Error, Finding, Result, Stamp};
use crate::jwt::crack::Guessed;
use crate::jwt::forge::{Forged, Variant};
use crate::jwt::verify::{Status, Verdict};
use crate::jwt::{Decoded, Key, alg, sign};
use crate::wire::Policy;

use super::judge::{Beside, judge};
use super::token::Known;
use super::{Draft, JobId, attack};

/// Where a token stood.
#[derive(Debug, Clone, Default)]
pub struct Stood {
    /// In words: `reply to POST /login`.
    pub from: String,
    /// What that tells of it.
    pub beside: Beside,
}

/// What is known of a token.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The token.
    pub token: Arc<Decoded>,
    /// Where it stood.
    pub stood: Stood,
    /// How its signature stands with the keys that are known, a guessed secret among them.
    pub verdict: Verdict,
    /// Its secret, where that was guessed.
    pub guessed: Option<Guessed>,
    /// What it was judged as, in words.
    pub profile: String,
    /// What is wrong with it, worst first.
    pub findings: Vec<Finding>,
}

/// Judges a token with the keys that are known, and with the secret that was found with a word list, now or before: it stays
/// with where the token stood.
pub fn inspect(token: Arc<Decoded>, stood: Stood, known: &Known, found: Option<Guessed>, now: Stamp) -> Inspected {
    let mut stood = stood;
    stood.beside.secret = found.or(stood.beside.secret);
    let mut known = Cow::Borrowed(known);
    if let Some(found) = &stood.beside.secret {
        let mut key = Key::secret(found.secret.as_bytes().to_vec());
        "the secret that was guessed".clone_into(&mut key.origin);
        known.to_mut().keys.keys.insert(0, key);
    }
    let (checked, judgement) = judge(token.as_ref().clone(), &known, &stood.beside, now);
    let verdict = checked.verdict().cloned().unwrap_or_else(|| Verdict {
        status: Status::Unchecked,
        by: None,
        reason: Some("there is no signature in it".to_owned()),
        key: None,
    });
    let profile = judgement
        .profile
        .map_or_else(|| judgement.why.to_owned(), |p| format!("judged as {}, {}", p.words(), judgement.why));
    let (guessed, findings) = (judgement.secret, judgement.findings);
    // Of an encrypted token that was opened, with what is inside.
    let token = if checked.encryption.is_some() { Arc::new(checked.token) } else { token };
    Inspected { token, stood, verdict, guessed, profile, findings }
}

/// How a token is signed anew, as it is typed: `none` for no signature, `keep` for the signature that is there, or an algorithm
/// and a key. The header stays as it is edited, whatever it says of the algorithm.
#[derive(Debug, Clone, Default)]
pub struct Signing {
    /// What is typed: `none`, `keep`, or `ALG [KEY]`.
    pub typed: String,
    /// Keys that `#N` stands for, from one on.
    pub keys: Arc<Known>,
    /// The secret that `guessed` stands for.
    pub guessed: Option<Guessed>,
}

/// The members of a token as text, which are signed as they stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edited {
    /// The header.
    pub header: Vec<u8>,
    /// The payload.
    pub claims: Vec<u8>,
    /// The signature that is there.
    pub signature: Vec<u8>,
}

/// Signs what was edited; and how that was done, in words. `secret` reads what a reference leads to.
///
/// # Errors
/// An algorithm that is not known, a key that is not there or does not fit.
pub fn signed(edited: &Edited, how: &Signing, secret: impl Fn(&str) -> Result<Key>) -> Result<(Vec<u8>, String)> {
    let (name, key) = how.typed.trim().split_once(char::is_whitespace).unwrap_or((how.typed.trim(), ""));
    let key = key.trim();
    match name {
        "none" => {
            let token = sign::compact(&edited.header, &edited.claims, "none", None)?;
            return Ok((token, "without a signature".to_owned()));
        }
        "keep" => {
            let token = sign::compact(&edited.header, &edited.claims, "none", None)?;
            let signature =
                base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, &edited.signature);
            return Ok(([token, signature.into_bytes()].concat(), "with the signature it had".to_owned()));
        }
        _ => {}
    }
    let algorithm = alg::algorithm(name).ok_or_else(|| {
        let names: Vec<&str> = alg::ALGORITHMS.iter().filter(|a| a.is_supported()).map(|a| a.name).collect();
        Error::input(format!("{} is no algorithm that signs", display_str(name)))
            .hint(format!("write none, keep, or one of {} and a key", names.join(", ")))
    })?;
    let missing = |what: String| {
        Error::input(what).hint("write #1 for a key that was added, guessed, env:NAME, file:PATH or the secret itself")
    };
    let (key, words) = match key {
        "" => {
            let own = how.keys.keys.keys.iter().find(|k| k.is_private() && k.fits(algorithm));
            let guessed = how.guessed.as_ref().map(|g| Key::secret(g.secret.as_bytes().to_vec()));
            match (own, guessed.filter(|k| k.fits(algorithm))) {
                (Some(key), _) => (key.clone(), key.name()),
                (None, Some(key)) => (key, "the guessed secret".to_owned()),
                (None, None) => return Err(missing(format!("there is no key here that signs with {name}"))),
            }
        }
        "guessed" => match &how.guessed {
            Some(g) => (Key::secret(g.secret.as_bytes().to_vec()), "the guessed secret".to_owned()),
            None => return Err(missing("no secret was guessed".to_owned())),
        },
        number if number.strip_prefix('#').is_some_and(|n| n.parse::<usize>().is_ok()) => {
            let n: usize = number[1..].parse().unwrap_or(0);
            let key = n.checked_sub(1).and_then(|i| how.keys.keys.keys.get(i));
            let key = key.ok_or_else(|| missing(format!("there is no key {}", display_str(number))))?;
            (key.clone(), key.name())
        }
        reference => (secret(reference)?, "the secret that was typed".to_owned()),
    };
    let token = sign::compact(&edited.header, &edited.claims, name, Some(&key))?;
    Ok((token, format!("{name} with {words}")))
}

/// What a screen asks about tokens.
#[derive(Debug, Clone)]
pub enum TokenAsk {
    /// Read a long text: [`TokenTold::Read`].
    Read {
        /// The text.
        text: Vec<u8>,
        /// Where it stood.
        stood: Stood,
    },
    /// Judge a token with these keys: [`TokenTold::Inspected`].
    Inspect {
        /// The token.
        token: Arc<Decoded>,
        /// Where it stood.
        stood: Stood,
        /// The keys.
        keys: Arc<Known>,
    },
    /// Add what is typed to these keys: [`TokenTold::Keys`].
    Keys {
        /// A file, a URL, `issuer:URL`, or a secret as `env:NAME`, `file:PATH`, `vault:NAME` or `secret:TEXT`.
        typed: String,
        /// The keys so far.
        known: Arc<Known>,
    },
    /// Sign what was edited: [`TokenTold::Signed`].
    Sign {
        /// The token.
        edited: Edited,
        /// How.
        how: Signing,
        /// Where the token it was made of stood.
        stood: Stood,
    },
    /// Make every variant: [`TokenTold::Forged`].
    Forge {
        /// The token.
        token: Arc<Decoded>,
        /// Keys of its issuer.
        keys: Arc<Known>,
        /// Its secret.
        guessed: Option<Guessed>,
    },
    /// Guess its secret with a word list: [`TokenTold::Cracking`] while it runs, then [`TokenTold::Cracked`].
    Crack {
        /// The token.
        token: Arc<Decoded>,
        /// Where it stood.
        stood: Stood,
        /// The keys.
        keys: Arc<Known>,
        /// The list.
        list: PathBuf,
    },
    /// Stop a word list.
    StopCracking(JobId),
    /// Let a word list wait, or go on.
    PauseCracking(JobId, bool),
    /// Plan a live run against the endpoint of a request: [`TokenTold::Planned`].
    Plan {
        /// The request.
        draft: Draft,
        /// The token, which the server takes.
        token: Arc<Decoded>,
        /// Keys of its issuer.
        keys: Arc<Known>,
        /// Where a listener of ours serves the keys that tokens name; without one those attacks are not run.
        listen: Option<SocketAddr>,
    },
    /// Send it: [`TokenTold::Attacking`] for each request, then [`TokenTold::Attacked`].
    Attack(Arc<Planned>),
}

/// What a screen is told of tokens.
#[derive(Debug, Clone)]
pub enum TokenTold {
    /// A text was read.
    Read(Stood, Box<Decoded>),
    /// A token was judged.
    Inspected(Box<Inspected>),
    /// The keys, and what was added, in words.
    Keys(Arc<Known>, String),
    /// A token was signed.
    Signed {
        /// The token.
        token: Vec<u8>,
        /// How, in words.
        words: String,
        /// Where the token it was made of stood.
        stood: Stood,
    },
    /// Variants of a token.
    Forged(Arc<Decoded>, Arc<Forged>),
    /// A word list is being tried under this number: how far it is, in words.
    Cracking(JobId, String),
    /// It ended: what came of it in words, and the token with its secret where that was found.
    Cracked(JobId, String, Option<Box<Inspected>>),
    /// A live run that can be sent.
    Planned(Arc<Planned>),
    /// A live run goes on under this number: what was sent last, in words.
    Attacking(JobId, String),
    /// It ended.
    Attacked(JobId, Arc<Attacked>),
    /// It could not even begin.
    Ended(JobId, Error),
    /// What was asked could not be done.
    Failed(Error),
}

/// What came of a live run.
#[derive(Debug)]
pub struct Attacked {
    /// The run.
    pub ran: attack::Ran,
    /// The variants that were tried.
    pub variants: Vec<Variant>,
}

impl Attacked {
    /// Whether anything was let in that must not be.
    pub fn is_bad(&self) -> bool {
        !self.ran.outcome.found.is_empty()
    }

    /// What came of it, in words.
    pub fn words(&self) -> String {
        let sent = self.ran.exchanges.len();
        match self.ran.outcome.found.len() {
            0 if self.ran.outcome.stopped.is_some() => format!("not judged after {sent} requests"),
            0 => format!("nothing was let in with {sent} requests"),
            1 => format!("one attack was let in, {sent} requests"),
            n => format!("{n} attacks were let in, {sent} requests"),
        }
    }
}

/// A live run that was planned and is shown before its first byte.
pub struct Planned {
    /// A heading.
    pub title: String,
    /// What would be sent, in display form.
    pub lines: Vec<String>,
    /// The plan, until it is sent.
    pub plan: Mutex<Option<attack::Plan>>,
    /// How it is carried.
    pub policy: Policy,
}

impl std::fmt::Debug for Planned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Planned").field("title", &self.title).finish_non_exhaustive()
    }
}
