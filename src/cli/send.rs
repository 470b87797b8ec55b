//! `lunette send`: a request as typed, or several together.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::app::{Keyring, send};
use crate::base::text::display;
use crate::base::{Error, Exit, Result};
use crate::engine::{Budget, Engine, Entry, choose};
use crate::report::choice;
use crate::report::exchange::{Secrets, document, plain, together_document, together_plain};
use crate::wire::{HttpFile, Policy, Reference, Request, Together, http_file};

use super::args::{SendArgs, header, http};
use super::output::Output;
use super::{Common, Means};

/// Bytes of a body file.
const MOST_BODY: u64 = 256 << 20;
/// Requests that are sent at one instant: on HTTP/1.1 each has a connection.
const MOST_PARALLEL: usize = 256;

pub fn run(common: &Common, a: &SendArgs, means: &Means) -> Result<Exit> {
    if a.parallel && a.times.is_none() && a.group.is_none() {
        return Err(Error::input("--parallel needs more than one request").hint("add --times N or --group FILE.http"));
    }
    if let Some(file) = &a.group {
        return group(common, a, file, means);
    }
    let mut request = request(common, a, means)?;
    let keyring = means.identify(common, &a.sends, &mut request)?;
    means.dress(common, &mut request, &keyring)?;
    send::introduce(&mut request, send::USER_AGENT);
    let adds = request.identity.as_ref().map(|name| keyring.headers(name)).transpose()?.unwrap_or_default();
    if request.raw.is_some() && !adds.is_empty() {
        return Err(Error::input(format!("the identity adds {}, and to --raw nothing is added", adds.join(", ")))
            .at("--identity")
            .hint("write the credential into the bytes, or leave out --raw"));
    }
    let policy = Policy { raw: true, ..common.policy(http(a.http.as_deref())?)? };
    if a.explain {
        let (choice, secrets) = (choose(&request, &policy), secrets(a.show));
        let output = Output::new(common.format).showing(a.show);
        return Ok(output.result(
            || choice::document(&request, &choice, &adds, secrets),
            || choice::plain(&request, &choice, &adds, secrets),
        ));
    }
    if let Some(times) = a.times {
        let scope = vec![Entry::typed(&request.origin)];
        let requests = vec![request; usize::from(times)];
        return together(common, a, requests, scope, policy, keyring, means);
    }
    carry(common, request, policy, a.show, keyring, means)
}

fn secrets(show: bool) -> Secrets {
    if show { Secrets::Shown } else { Secrets::Masked }
}

/// The request that the arguments say.
fn request(common: &Common, a: &SendArgs, means: &Means) -> Result<Request> {
    let (method, url) = match (&a.method, &a.url) {
        (Some(method), Some(url)) => (Some(method), url),
        // With --raw the method stands in the bytes.
        (Some(url), None) => (None, url),
        _ => return Err(Error::input("there is no URL").hint("name where to connect: lunette send URL --raw FILE")),
    };
    let mut request = Request::new("GET", url.as_bytes())?;
    if let Some(file) = &a.raw {
        let whole = Request::whole(request.origin, means.files.whole(file, MOST_BODY)?.into());
        if let Some(method) = method.filter(|m| m.as_bytes() != whole.method) {
            common.note(&[format!("{} is typed, and the bytes of --raw are what is sent", display(method.as_bytes()))]);
        }
        return Ok(whole);
    }
    request.method = method.map(|m| m.as_bytes().to_vec()).unwrap_or_default();
    if let Some(target) = &a.target {
        request.target = target.as_bytes().to_vec();
    }
    request.headers = a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    if let Some(data) = &a.data {
        request.body = match data.as_bytes().strip_prefix(b"@") {
            Some(path) => means.files.whole(Path::new(std::ffi::OsStr::from_bytes(path)), MOST_BODY)?.into(),
            None => data.as_bytes().to_vec().into(),
        };
    }
    Ok(request)
}

/// The requests of a file, together.
fn group(common: &Common, a: &SendArgs, file: &Path, means: &Means) -> Result<Exit> {
    let shown = display(file.as_os_str().as_bytes());
    let read = HttpFile::read(&means.files.whole(file, http_file::MOST)?, &shown)?;
    common.note(&read.notes.iter().map(|(line, what)| format!("{shown}:{line}: {what}")).collect::<Vec<_>>());
    let folder = file.parent().unwrap_or(Path::new(""));
    let sources = means.secrets_from(folder);
    let mut known = |name: &str| match Reference::parse(name) {
        Reference::Literal(_) | Reference::Stdin => None,
        reference => Some(sources.read(&reference).map(|secret| secret.expose().to_vec())),
    };
    let mut load = |path: &str| means.files.whole(&folder.join(path), MOST_BODY);
    let more: Vec<_> = a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    let (mut requests, mut keyring) = (Vec::new(), Keyring::default());
    for entry in &read.requests {
        let mut request = read.request(entry, &shown, &mut known, &mut load)?;
        if requests.first().is_some_and(|first: &Request| first.origin != request.origin) {
            return Err(Error::input("the requests of a group go to one host")
                .at(format!("{shown}:{}", entry.line))
                .hint("send the others with another --group"));
        }
        request.headers.extend(more.iter().cloned());
        keyring = means.identify(common, &a.sends, &mut request)?;
        means.dress(common, &mut request, &keyring)?;
        send::introduce(&mut request, send::USER_AGENT);
        requests.push(request);
    }
    let policy = Policy { raw: true, ..common.policy(http(a.http.as_deref())?)? };
    together(common, a, requests, Vec::new(), policy, keyring, means)
}

/// Sends requests together and prints a row for each.
fn together(
    common: &Common,
    a: &SendArgs,
    requests: Vec<Request>,
    scope: Vec<Entry>,
    policy: Policy,
    keyring: Keyring,
    means: &Means,
) -> Result<Exit> {
    let how = if a.parallel { Together::Parallel } else { Together::Sequence };
    if a.parallel && requests.len() > MOST_PARALLEL {
        return Err(Error::input(format!("{} requests at once are too many", requests.len()))
            .hint(format!("at most {MOST_PARALLEL}")));
    }
    let engine = Arc::new(means.engine(common, scope, Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let (all, notes) = send::together(&engine, Budget::HAND, Arc::new(keyring), requests, how, policy)?;
    common.note(&notes);
    all.iter().try_for_each(send::sent)?;
    let ended = all.iter().map(send::exit).find(|e| *e != Exit::Done).unwrap_or(Exit::Done);
    let written = Output::new(common.format)
        .showing(a.show)
        .result(|| marked(together_document(&all, secrets(a.show)), ended), || together_plain(&all));
    if let Some(e) = all.iter().find_map(|x| x.error.as_ref()) {
        super::output::complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    Ok(if written == Exit::Done { ended } else { written })
}

/// Sends a request by hand, as the identity it names, and prints what came of it.
pub fn carry(
    common: &Common,
    request: Request,
    policy: Policy,
    show: bool,
    keyring: Keyring,
    means: &Means,
) -> Result<Exit> {
    let engine = Arc::new(means.engine(common, vec![Entry::typed(&request.origin)], Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let (judged, notes) = send::once(&engine, Budget::HAND, Arc::new(keyring), request, policy)?;
    common.note(&notes);
    send::sent(&judged.exchange)?;
    let secrets = secrets(show);
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
