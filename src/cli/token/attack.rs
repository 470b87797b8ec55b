//! `lunette jwt attack`: what a server takes instead of a token.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;

use crate::app::attack::{self as case, Ask, BUDGET, Place, Plan, Ran, Reached};
use crate::app::fetched::{self, Fetched};
use crate::app::gate::severity;
use crate::app::send;
use crate::app::token::{self, Sources};
use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};
use crate::cli::args::{header, is_file};
use crate::cli::output::{Output, complain};
use crate::cli::secret::{Written, referred};
use crate::cli::send::{marked, stop_on_signal};
use crate::cli::sends::Sends;
use crate::cli::{Common, Means};
use crate::engine::Entry;
use crate::jwt::{Decoded, Key};
use crate::report::attack::{Attacked, counted, document, plain, worst};
use crate::report::exchange::Secrets;
use crate::wire::{HttpChoice, Load, Request};

use super::{MOST, Source, named, one_stdin};

/// `lunette jwt attack`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch that is typed")]
pub struct AttackArgs {
    #[command(flatten)]
    source: Source,
    /// The endpoint that takes the token
    #[arg(long, value_name = "URL")]
    url: OsString,
    /// The method; GET, or what the endpoint takes
    #[arg(long, value_name = "METHOD", default_value = "GET")]
    method: String,
    #[arg(long = "where", value_name = "PLACE", default_value = case::BEARER, help = where_help())]
    place: String,
    /// A genuine token that the server must refuse, repeatable: expired, for another audience, of another issuer; a token or a
    /// file that holds one
    #[arg(long, value_name = "TOKEN|FILE")]
    refused: Vec<OsString>,
    /// Listen here, and let tokens name this address as that of their keys; port 0 takes any free one
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// How the server reaches that address
    #[arg(long, value_name = "URL", requires = "listen")]
    reached_as: Option<String>,
    /// Try these attacks alone
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    only: Vec<String>,
    #[arg(long, value_name = "N", help = budget_help())]
    budget: Option<usize>,
    /// Say what would be sent, and send nothing
    #[arg(long)]
    dry_run: bool,
    /// End with 1 when something is as bad as this: never, info, low, medium, high or critical
    #[arg(long, value_name = "SEVERITY", default_value = "high")]
    fail_on: String,
    /// Count findings that are likely too
    #[arg(long)]
    include_likely: bool,
    /// End well where the controls did not hold and nothing could be judged
    #[arg(long)]
    allow_not_run: bool,
    /// Show tokens in clear
    #[arg(long)]
    show: bool,
    #[command(flatten)]
    keys: AttackKeys,
    #[command(flatten)]
    sends: Sends,
}

/// Keys of the issuer.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
struct AttackKeys {
    /// The key set of the issuer, repeatable: a JWK set, or public keys in PEM or DER; of a URL it is fetched
    #[arg(long, value_name = "FILE|URL")]
    jwks: Vec<OsString>,
    /// Take the key set that the metadata of this issuer names
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// The secret that signs, where it is known: env:NAME, file:PATH, vault:NAME or - for stdin
    #[arg(long, value_name = "SECRET", conflicts_with = "signing_key")]
    secret: Option<String>,
    /// How the secret is written there
    #[arg(long, value_name = "ENCODING", value_enum, default_value = "text", requires = "secret")]
    secret_encoding: Written,
    /// The private key that signs, where it is known
    #[arg(long, value_name = "FILE")]
    signing_key: Option<PathBuf>,
}

fn where_help() -> String {
    format!("Where the token goes: {}", case::FORM)
}

fn budget_help() -> String {
    format!("Most requests of the run; {BUDGET} when left out")
}

pub fn run(common: &Common, a: &AttackArgs, means: &Means) -> Result<Exit> {
    let gate = severity(&a.fail_on)?;
    one_stdin(&[a.source.reads_stdin(), a.keys.secret.as_deref() == Some("-")])?;
    let token = a.source.read(means)?;
    let place = Place::parse(&a.place)?;
    let mut request = Request::new(&a.method, a.url.as_bytes())?;
    request.headers = a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    let keyring = Arc::new(means.identify(common, &a.sends, &mut request)?);
    means.dress(common, &mut request, &keyring)?;
    send::introduce(&mut request, &send::marked_agent("check", &means.run));
    let policy = common.policy(HttpChoice::Auto)?;
    let mut scope = vec![Entry::typed(&request.origin)];
    let sources: Vec<PathBuf> =
        a.keys.jwks.iter().map(PathBuf::from).chain(a.keys.issuer.iter().map(PathBuf::from)).collect();
    scope.extend(fetched::scope(&sources)?);
    let engine = Arc::new(means.engine_for(common, Some(&a.sends), false, scope, Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let files = Fetched::new(&engine, policy, &means.run, false, Arc::clone(&means.files))?;
    let (keys, signing) = keys(common, a, &token, &files, means)?;
    let others = a.refused.iter().map(|t| other(t, means)).collect::<Result<_>>()?;
    let listen = a.listen.map(|at| Reached { at, url: a.reached_as.clone() });
    let plan = Plan::new(Ask { request, place, token, others, keys, signing, listen, only: a.only.clone() })?;
    let (course, example) = (plan.course(None), plan.example());
    let guessed = plan.guessed.as_ref().map(|g| (g.secret.lossy().into_owned(), g.origin.clone()));
    let mut attacked = Attacked {
        example: &example,
        course: &course,
        outcome: None,
        exchanges: &[],
        hits: &[],
        guessed: guessed.as_ref().map(|(secret, origin)| (secret.as_str(), origin.as_str())),
        elapsed_ms: 0.0,
        secrets: Secrets::of(a.show),
    };
    let output = Output::new(common.format).showing(a.show);
    if a.dry_run {
        return Ok(output.result(|| document(&attacked), || plain(&attacked)));
    }
    let (most, budget) = (course.most(), a.budget.unwrap_or(BUDGET));
    if most > budget {
        return Err(Error::refused(format!("{most} requests are more than the budget of {budget}; nothing was sent"))
            .at("--budget")
            .hint(format!("--budget {most} allows them, --dry-run lists them, --only takes some of them")));
    }
    common.note(&counted(&attacked).lines().map(str::to_owned).collect::<Vec<_>>());
    let began = Instant::now();
    let Ran { outcome, exchanges, hits } = plan.run(&engine, keyring, policy, |_, _| ())?;
    attacked.outcome = Some(&outcome);
    attacked.exchanges = &exchanges;
    attacked.hits = &hits;
    attacked.elapsed_ms = began.elapsed().as_secs_f64() * 1e3;
    let last = exchanges.last().map_or(Exit::Done, send::exit);
    let written = output.result(|| marked(document(&attacked), last), || plain(&attacked));
    if gate.is_some_and(|gate| worst(&outcome, a.include_likely) >= Some(gate)) {
        return Ok(Exit::Findings);
    }
    if let Some(why) = &outcome.stopped {
        complain(&format!("lunette: not judged: {why}"));
        return Ok(match last {
            Exit::Done if a.allow_not_run => written,
            Exit::Done => Exit::NotJudged,
            other => other,
        });
    }
    Ok(written)
}

/// A genuine token that was named.
fn other(text: &OsString, means: &Means) -> Result<Decoded> {
    let path = Path::new(text);
    let bytes = if is_file(path) { means.files.whole(path, MOST)? } else { text.as_bytes().to_vec() };
    Ok(token::read(&bytes))
}

/// The keys that were named, and among them the one that signs, where it is there: a private one that fits the token.
fn keys(
    common: &Common,
    a: &AttackArgs,
    token: &Decoded,
    files: &dyn Load,
    means: &Means,
) -> Result<(Vec<Key>, Option<Key>)> {
    let mut sources = Sources { issuer: a.keys.issuer.clone(), ..Sources::default() };
    if let Some(typed) = &a.keys.secret {
        let written = referred(common, typed, means).map_err(|e| named(e, "--secret"))?;
        sources.secret = Some(a.keys.secret_encoding.encoding().decode(&written)?);
    }
    sources.files.extend(a.keys.signing_key.iter().cloned());
    sources.files.extend(a.keys.jwks.iter().map(PathBuf::from));
    let known = token::keys(&sources, files)?.keys;
    common.note(&known.problems);
    let signing = known.keys.iter().find(|k| k.is_private() && token::fits(token, k)).cloned();
    if let (None, Some(path)) = (&signing, &a.keys.signing_key) {
        return Err(Error::input("no private key in it fits the algorithm of the token")
            .at(display_str(&path.to_string_lossy()))
            .hint("give the key that signs, or leave it out"));
    }
    Ok((known.keys, signing))
}
