//! `lunette send`: one request as typed.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::variables::{Filler, Source, Variables};
use crate::app::{Keyring, send};
use crate::base::text::display;
use crate::base::{Error, Exit, Result, known};
use crate::engine::{Budget, Engine, Entry};
use crate::report::exchange::{Secrets, document, plain};
use crate::wire::{Headers, HttpChoice, Request};

use super::args::{SendArgs, header, http};
use super::output::Output;
use super::{Common, Means};

/// Bytes of a body file.
const MOST_BODY: u64 = 256 << 20;

pub fn run(common: &Common, a: &SendArgs, means: &Means) -> Result<Exit> {
    let values = a.vary.values(means)?;
    let folder = means.workspace.as_ref().map_or_else(PathBuf::new, |w| w.folder.clone());
    let variables = Arc::new(Variables::new(means.workspace.as_ref(), means.secrets_from(&folder)));
    let mut filler = variables.filler(a.vary.env.as_deref(), a.as_is)?;
    if let Some(values) = &values {
        filler.vary(&values.name, &values.all[0]);
    }
    let mut request = typed(a, &mut filler, means)?;
    let used = std::mem::take(&mut filler.used);
    let keyring = means.identify(common, &a.sends, &mut request)?;
    if a.vary.explain {
        send::introduce(&mut request, send::USER_AGENT);
        return super::vary::explain(common, request, &used, &keyring, means);
    }
    let mut dressed = request.clone();
    means.dress(common, &mut dressed, &keyring)?;
    if let Some(values) = values {
        if !used.iter().any(|u| u.source == Source::Varied) {
            return Err(Error::input(format!("{{{{{0}}}}} stands nowhere in the request", values.name))
                .at("--vary")
                .hint("write it in the URL, a header or the body"));
        }
        // What the workspace adds is the same for every value.
        let added = dressed.headers.split_off(request.headers.len());
        let parts = parts(a, means)?;
        let (environment, as_is, identity) = (a.vary.env.clone(), a.as_is, request.identity.clone());
        let name = values.name.clone();
        let make = move |value: &[u8]| {
            let mut filler = variables.filler(environment.as_deref(), as_is)?;
            filler.vary(&name, value);
            let mut request = filled(&parts, &mut filler)?;
            request.identity.clone_from(&identity);
            send::dress(&mut request, added.clone());
            send::introduce(&mut request, send::USER_AGENT);
            Ok(request)
        };
        return super::vary::carry(common, values, make, http(a.http.as_deref())?, keyring, means);
    }
    send::introduce(&mut dressed, send::USER_AGENT);
    carry(common, dressed, http(a.http.as_deref())?, a.show, keyring, means)
}

/// A request as it was typed, before variables are put in.
struct Parts {
    method: String,
    url: Vec<u8>,
    target: Option<Vec<u8>>,
    headers: Headers,
    /// The body, and whether it is that of a file, which is sent as it is.
    body: (Vec<u8>, bool),
}

fn parts(a: &SendArgs, means: &Means) -> Result<Parts> {
    let body = match a.data.as_ref().map(|d| d.as_bytes()) {
        None => (Vec::new(), true),
        Some(data) => match data.strip_prefix(b"@") {
            Some(path) => (means.files.exact(Path::new(std::ffi::OsStr::from_bytes(path)), MOST_BODY)?, true),
            None => (data.to_vec(), false),
        },
    };
    Ok(Parts {
        method: a.method.clone(),
        url: a.url.as_bytes().to_vec(),
        target: a.target.as_ref().map(|t| t.as_bytes().to_vec()),
        headers: a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?,
        body,
    })
}

/// The request of what was typed, with its variables put in.
fn filled(parts: &Parts, filler: &mut Filler<'_>) -> Result<Request> {
    let mut request = Request::new(&parts.method, &filler.put("URL", &parts.url)?)?;
    if let Some(target) = &parts.target {
        request.target = filler.put("URL", target)?;
    }
    for (name, value) in &parts.headers {
        let place = format!("header {}", display(name));
        let value = filler.put(&place, value)?;
        known::learn_header(name, &value);
        request.headers.push((filler.put(&place, name)?, value));
    }
    let (body, whole) = &parts.body;
    request.body = if *whole { body.clone() } else { filler.put("body", body)? }.into();
    Ok(request)
}

fn typed(a: &SendArgs, filler: &mut Filler<'_>, means: &Means) -> Result<Request> {
    filled(&parts(a, means)?, filler)
}

/// Sends a request by hand, as the identity it names, and prints what came of it.
pub fn carry(
    common: &Common,
    request: Request,
    http: HttpChoice,
    show: bool,
    keyring: Keyring,
    means: &Means,
) -> Result<Exit> {
    let policy = common.policy(http)?;
    let engine = Arc::new(means.engine(common, vec![Entry::typed(&request.origin)], Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let (judged, notes) = send::once(&engine, Budget::HAND, Arc::new(keyring), request, policy)?;
    common.note(&notes);
    send::sent(&judged.exchange)?;
    let secrets = if show { Secrets::Shown } else { Secrets::Masked };
    let (x, grade) = (&judged.exchange, judged.headers.as_ref());
    let written = Output::new(common.format)
        .showing(show)
        .result(|| marked(document(x, grade, secrets), send::exit(x)), || plain(x, grade, secrets));
    if let Some(e) = &x.error {
        super::output::complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    Ok(if written == Exit::Done { send::exit(x) } else { written })
}

/// The document, which says of itself when it was interrupted.
pub fn marked(mut document: serde_json::Value, exit: Exit) -> serde_json::Value {
    if exit == Exit::Interrupted {
        document["partial"] = true.into();
    }
    document
}

/// Ctrl-C cancels what runs, so that what was learnt is still printed; a second one ends the process.
pub fn stop_on_signal(engine: &Arc<Engine>) -> Result<()> {
    let engine = Arc::downgrade(engine);
    on_signal(move || {
        if let Some(engine) = engine.upgrade() {
            engine.cancel_all();
        }
    })
}

/// Runs `act` on the first SIGINT or SIGTERM; the second ends the process as usual.
pub fn on_signal(act: impl Fn() + Send + 'static) -> Result<()> {
    use signal_hook::consts::{SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])
        .map_err(|e| crate::base::Error::new(Exit::Unreachable, format!("signals cannot be watched: {e}")))?;
    std::thread::spawn(move || {
        let mut seen = false;
        for signal in signals.forever() {
            if seen {
                let _ = signal_hook::low_level::emulate_default_handler(signal);
            }
            seen = true;
            act();
        }
    });
    Ok(())
}
