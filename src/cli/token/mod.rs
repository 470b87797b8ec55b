//! `lunette jwt`: tokens read, checked and made. One file a subcommand; here what they share of what is typed.

mod attack;
mod crack;
mod decode;
mod lint;
mod sign;
mod verify;

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use crate::app::Keyring;
use crate::app::fetched::{self, Fetched};
use crate::app::token::{self, Known, Sources};
use crate::base::{Clock as _, Error, Exit, Result, Stamp, SystemClock, text};
use crate::jwt::Decoded;
use crate::wire::HttpChoice;

use super::args::is_file;
use super::secret::{Written, referred};
use super::{Common, Means};

/// Bytes of a token.
const MOST: u64 = 16 << 20;

/// What can be done with a token.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Show what a token says, byte for byte; nothing is refused
    #[command(after_help = "Example:\n  lunette jwt decode eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0.")]
    Decode(decode::DecodeArgs),
    /// Judge a token
    Lint(lint::LintArgs),
    /// Check the signature of a token, and open it first where it is encrypted; ends with 1 where it does not verify
    #[command(
        after_help = "Example:\n  lunette jwt verify token.txt --jwks https://issuer.example/jwks.json\n  lunette jwt verify token.txt --secret env:JWT_SECRET\n\nNothing that a token names is fetched: no jku and no x5u. Keys of every kind may be given at once; the one that made\nthe signature is named."
    )]
    Verify(verify::VerifyArgs),
    /// Guess the secret of a token
    Crack(crack::CrackArgs),
    /// Make a token of exactly the bytes given
    #[command(
        after_help = "Example:\n  lunette jwt sign --claims '{\"sub\":\"1\"}' --key private.pem\n  lunette jwt sign --header '{\"alg\":\"none\"}' --claims @claims.json --unsigned"
    )]
    Sign(sign::SignArgs),
    /// Try what a server takes instead of a token
    #[command(
        after_help = "Example:\n  lunette jwt attack token.txt --url https://api.example/me --jwks https://api.example/jwks.json --dry-run"
    )]
    Attack(Box<attack::AttackArgs>),
}

impl Action {
    /// True for what works in a workspace where there is one: what sends, and what reads a secret of its vault.
    pub fn in_workspace(&self) -> bool {
        match self {
            Self::Decode(a) => a.keys.in_workspace(),
            Self::Lint(a) => a.keys.in_workspace(),
            Self::Verify(a) => a.keys.in_workspace(),
            Self::Sign(a) => a.keys.in_workspace(),
            Self::Crack(_) => false,
            Self::Attack(_) => true,
        }
    }
}

/// Runs one of them.
///
/// # Errors
/// What keeps it from giving a result.
pub fn run(common: &Common, action: &Action, means: &Means) -> Result<Exit> {
    match action {
        Action::Decode(a) => decode::run(common, a, means),
        Action::Lint(a) => lint::run(common, a, means),
        Action::Verify(a) => verify::run(common, a, means),
        Action::Crack(a) => crack::run(common, a, means),
        Action::Sign(a) => sign::run(common, a, means),
        Action::Attack(a) => attack::run(common, a, means),
    }
}

/// Where a token is.
#[derive(Debug, Args)]
pub struct Source {
    /// A token, a file that holds one, or - for stdin
    #[arg(value_name = "TOKEN|FILE|-")]
    token: OsString,
}

impl Source {
    /// True where the token is read from standard input.
    pub fn reads_stdin(&self) -> bool {
        self.token == "-"
    }

    /// The token as read.
    ///
    /// # Errors
    /// A file that cannot be read, or nothing at all.
    pub fn read(&self, means: &Means) -> Result<Decoded> {
        let bytes = if self.reads_stdin() {
            stdin()?
        } else if is_file(Path::new(&self.token)) {
            means.files.whole(Path::new(&self.token), MOST)?
        } else {
            self.token.as_bytes().to_vec()
        };
        if bytes.trim_ascii().is_empty() {
            return Err(
                Error::input("there is no token in it").hint("give a token, a file that holds one, or - for stdin")
            );
        }
        Ok(token::read(&bytes))
    }
}

/// All of standard input, as far as a token may be long.
fn stdin() -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().take(MOST).read_to_end(&mut bytes);
    read.map_err(|e| Error::input(format!("stdin cannot be read: {e}")))?;
    Ok(bytes)
}

/// The payload of a token whose signature is detached.
#[derive(Debug, Args)]
pub struct Payload {
    /// The payload that a detached signature is over; - reads standard input
    #[arg(long, value_name = "FILE|-")]
    payload: Option<PathBuf>,
}

impl Payload {
    fn reads_stdin(&self) -> bool {
        self.payload.as_deref() == Some(Path::new("-"))
    }

    /// Puts it in, where it was given.
    ///
    /// # Errors
    /// It cannot be read, or the token has one of its own.
    fn attach(&self, token: &mut Decoded, means: &Means) -> Result<()> {
        let Some(path) = &self.payload else { return Ok(()) };
        let bytes = if self.reads_stdin() { stdin()? } else { means.files.exact(path, MOST)? };
        if !token.is_detached() {
            return Err(Error::input("the token has a payload of its own").at("--payload").hint("leave it out"));
        }
        token.attach(&bytes);
        Ok(())
    }
}

/// What a token is checked or made with.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub struct KeyArgs {
    /// The secret of an HS token: env:NAME, file:PATH, vault:NAME or - for stdin
    #[arg(long, value_name = "SECRET")]
    secret: Option<String>,
    /// How the secret is written there
    #[arg(long, value_name = "ENCODING", value_enum, default_value = "text", requires = "secret")]
    secret_encoding: Written,
    /// A file of keys, repeatable: PEM, DER, a certificate, a JWK or a key set
    #[arg(long, value_name = "FILE")]
    key: Vec<PathBuf>,
    /// A key set, repeatable; of a URL it is fetched
    #[arg(long, value_name = "FILE|URL")]
    jwks: Vec<OsString>,
    /// Take the key set that the metadata of this issuer names
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
}

/// The same error at the option it came from, where no nearer place is known.
fn named(e: Error, option: &str) -> Error {
    if e.place.is_none() { e.at(option) } else { e }
}

/// Standard input is read for one thing only.
fn one_stdin(readers: &[bool]) -> Result<()> {
    if readers.iter().filter(|r| **r).count() > 1 {
        return Err(Error::input("standard input is asked for twice").hint("put one of them into a file"));
    }
    Ok(())
}

impl KeyArgs {
    /// The keys, those of URLs fetched over an engine of their own.
    ///
    /// # Errors
    /// A source that cannot be read or holds no key, a host that is not in scope.
    pub fn read(&self, common: &Common, means: &Means) -> Result<Known> {
        let mut sources = Sources { issuer: self.issuer.clone(), ..Sources::default() };
        if let Some(typed) = &self.secret {
            let written = referred(common, typed, means).map_err(|e| named(e, "--secret"))?;
            sources.secret = Some(self.secret_encoding.encoding().decode(&written)?);
        }
        sources.files.extend(self.key.iter().cloned());
        sources.files.extend(self.jwks.iter().map(PathBuf::from));
        let mut typed = sources.files.clone();
        typed.extend(self.issuer.iter().map(PathBuf::from));
        let scope = fetched::scope(&typed)?;
        let known = if scope.is_empty() {
            token::keys(&sources, means.files.as_ref())?
        } else {
            let engine = Arc::new(means.engine(common, scope, Vec::new(), &Keyring::default())?);
            super::send::stop_on_signal(&engine)?;
            let policy = common.policy(HttpChoice::Auto)?;
            let files = Fetched::new(&engine, policy, &means.run, false, Arc::clone(&means.files))?;
            token::keys(&sources, &files)?
        };
        common.note(&known.keys.problems);
        Ok(known)
    }

    /// True where something was given.
    pub fn any(&self) -> bool {
        self.secret.is_some() || !self.key.is_empty() || !self.jwks.is_empty() || self.issuer.is_some()
    }

    /// True where the secret is read from standard input.
    pub fn reads_stdin(&self) -> bool {
        self.secret.as_deref() == Some("-")
    }

    /// True where keys are fetched, or the secret may lie in the vault.
    fn in_workspace(&self) -> bool {
        self.issuer.is_some()
            || self.secret.as_ref().is_some_and(|s| s.starts_with("vault:"))
            || self.jwks.iter().any(|s| crate::app::fetched::is_url(Path::new(s)))
    }
}

/// The instant that times are judged by.
#[derive(Debug, Args)]
pub struct When {
    /// The instant to judge times by, as RFC 3339; else now
    #[arg(long, value_name = "RFC3339")]
    now: Option<String>,
}

impl When {
    /// The instant.
    ///
    /// # Errors
    /// What is none.
    pub fn stamp(&self) -> Result<Stamp> {
        match &self.now {
            None => Ok(SystemClock.wall()),
            Some(s) => Stamp::parse(s).ok_or_else(|| {
                Error::input(format!("{} is not an RFC 3339 instant", text::display_str(s)))
                    .at("--now")
                    .hint("for example 2026-01-31T12:00:00Z")
            }),
        }
    }
}
