//! `lunette send`: a request as typed, or several together.

use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::curl::{self, Imported};
use crate::app::explain::{self, Ground};
use crate::app::follow::{self, Follow};
use crate::app::group;
use crate::app::import::{self, Got};
use crate::app::keep::{self, As, Made, Subject};
use crate::app::variables::{Filler, Source, Used, Variables};
use crate::app::{Draft, Keyring, draft, send};
use crate::base::secret::mask_message;
use crate::base::text::{display, display_str};
use crate::base::{Error, Exit, Result, known};
use crate::engine::{Budget, Engine, Entry};
use crate::report::exchange::{Secrets, document, facts_below, plain, together_document, together_plain};
use crate::report::{explanation, export};
use crate::wire::http1::written;
use crate::wire::{Headers, HttpChoice, HttpFile, Load, Policy, Reference, Request, Together, Watch, http_file};

use super::args::{Export, SendArgs, header, http, is_file};
use super::compare::Reading;
use super::output::{Format, Output};
use super::sends::Sends;
use super::stream::Printed;
use super::{Common, Means};

/// Bytes of a body file.
const MOST_BODY: u64 = 256 << 20;

pub fn run(common: &Common, a: &SendArgs, means: &Means) -> Result<Exit> {
    if a.parallel && a.times.is_none() && a.group.is_none() {
        return Err(Error::input("--parallel needs more than one request").hint("add --times N or --group FILE.http"));
    }
    if let Some(file) = &a.group {
        return group(common, a, file, means);
    }
    let reading = a.compare.reading(a.show, means)?;
    let values = a.vary.values(means)?;
    let folder = means.workspace.as_ref().map_or_else(PathBuf::new, |w| w.folder.clone());
    let variables = Arc::new(Variables::new(means.workspace.as_ref(), means.secrets_from(&folder)));
    let mut filler = variables.filler(a.vary.env.as_deref(), a.as_is)?;
    if let Some(values) = &values {
        filler.vary(&values.name, &values.all[0]);
    }
    let (typed, asks) = typed(common, a, means, &variables)?;
    let mut request = typed.filled(&mut filler, means.files.as_ref())?;
    if a.import.is_some() && a.sends.identity.is_some() {
        common.note(import::leave_credentials(&mut request).as_slice());
    }
    let used = std::mem::take(&mut filler.used);
    let keyring = means.identify(common, &a.sends, &mut request)?;
    let adds = request.identity.as_ref().map(|name| keyring.headers(name)).transpose()?.unwrap_or_default();
    if request.raw.is_some() && !adds.is_empty() {
        return Err(Error::input(format!("the identity adds {}, and to --raw nothing is added", adds.join(", ")))
            .at("--identity")
            .hint("write the credential into the bytes, or leave out --raw"));
    }
    let mut policy = Policy { raw: true, ..common.policy(http(a.http.as_deref())?)? };
    policy.insecure |= asks.draft.insecure;
    if a.http.is_none() {
        policy.http = asks.http;
    }
    let scope = own(a, &request);
    if a.explain {
        send::introduce(&mut request, send::USER_AGENT);
        return explained(common, a, request, &used, &keyring, &policy, means);
    }
    if !a.compare.compare.is_empty() {
        return super::compare::carry(common, &a.compare.compare, &request, policy, a.show, scope, means);
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
        let files = Arc::clone(&means.files);
        let (environment, as_is, identity) = (a.vary.env.clone(), a.as_is, request.identity.clone());
        let name = values.name.clone();
        let make = move |value: &[u8]| {
            let mut filler = variables.filler(environment.as_deref(), as_is)?;
            filler.vary(&name, value);
            let mut request = typed.filled(&mut filler, files.as_ref())?;
            request.identity.clone_from(&identity);
            send::dress(&mut request, added.clone());
            send::introduce(&mut request, send::USER_AGENT);
            Ok(request)
        };
        return super::vary::carry(common, values, make, policy, keyring, scope, means);
    }
    send::introduce(&mut dressed, send::USER_AGENT);
    let kept = match a.export {
        Some(Export::Har) => Some(As::Har),
        Some(Export::Markdown) => Some(As::Markdown),
        Some(export) => return Ok(exported(common, a, export, &dressed, &policy, &adds)),
        None => None,
    };
    if let Some(times) = a.times {
        let requests = vec![dressed; usize::from(times)];
        return together(common, a, requests, scope, policy, keyring, means);
    }
    let follow = Follow {
        most: a.follow.map(usize::from).or(asks.follow.map(|n| n as usize)).unwrap_or(0),
        keep_credentials: a.keep_credentials,
    };
    let how = How { policy, reading: &reading, sends: Some(&a.sends), follow, scope, kept };
    carry(common, dressed, how, keyring, means)
}

/// What is in scope since it was typed; a host that stands in a file was typed by nobody.
fn own(a: &SendArgs, request: &Request) -> Vec<Entry> {
    if a.import.is_some() { Vec::new() } else { vec![Entry::typed(&request.origin)] }
}

/// Prints what would be sent, part by part, where each came from, and how.
fn explained(
    common: &Common,
    a: &SendArgs,
    request: Request,
    used: &[Used],
    keyring: &Keyring,
    policy: &Policy,
    means: &Means,
) -> Result<Exit> {
    let engine = means.engine(common, own(a, &request), Vec::new(), keyring)?;
    let secrets_of = means.workspace.as_ref().map(|w| (w, means.secrets_from(&w.folder)));
    let ground = Ground {
        scope: engine.scope(),
        keyring,
        workspace: secrets_of.as_ref().map(|(w, s)| (*w, s.as_ref())),
        used,
        declared: &[],
        policy,
        cookies: false,
    };
    let explained = explain::explain(request, &ground)?;
    let secrets = Secrets::of(a.show);
    Ok(Output::new(common.format)
        .showing(a.show)
        .result(|| explanation::document(&explained, secrets), || explanation::plain(&explained, secrets)))
}

/// A request as it was typed, before variables are put in.
struct Parts {
    method: Vec<u8>,
    url: Vec<u8>,
    target: Option<Vec<u8>>,
    headers: Headers,
    /// The body, and whether it is that of a file, which is sent as it is.
    body: (Vec<u8>, bool),
}

fn parts(a: &SendArgs, means: &Means) -> Result<Parts> {
    let (Some(method), Some(url)) = (&a.method, &a.url) else {
        return Err(Error::input("there is no URL").hint("write lunette send METHOD URL"));
    };
    let body = match a.data.as_ref().map(|d| d.as_bytes()) {
        None => (Vec::new(), true),
        Some(data) => match data.strip_prefix(b"@") {
            Some(path) => (means.files.exact(Path::new(std::ffi::OsStr::from_bytes(path)), MOST_BODY)?, true),
            None => (data.to_vec(), false),
        },
    };
    Ok(Parts {
        method: method.as_bytes().to_vec(),
        url: url.as_bytes().to_vec(),
        target: a.target.as_ref().map(|t| t.as_bytes().to_vec()),
        headers: a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?,
        body,
    })
}

/// What the arguments say, before variables are put in.
enum Typed {
    /// Bytes that are given whole: nothing is put into them.
    Whole(Request),
    /// A request that was made before, and headers typed beside it.
    Made(Request, Headers),
    Parts(Parts),
    /// A curl command, and headers typed beside it.
    Pasted(Draft, Headers),
}

impl Typed {
    /// The request, with its variables put in.
    fn filled(&self, filler: &mut Filler<'_>, files: &dyn Load) -> Result<Request> {
        let headers = |request: &mut Request, headers: &Headers, filler: &mut Filler<'_>| -> Result<()> {
            for (name, value) in headers {
                let place = format!("header {}", display(name));
                let value = filler.put(&place, value)?;
                known::learn_header(name, &value);
                request.headers.push((filler.put(&place, name)?, value));
            }
            Ok(())
        };
        let parts = match self {
            Self::Whole(request) => return Ok(request.clone()),
            Self::Made(request, more) => {
                let mut request = request.clone();
                headers(&mut request, more, filler)?;
                return Ok(request);
            }
            Self::Pasted(draft, more) => {
                let mut request = draft::prepare(draft, filler, files)?;
                headers(&mut request, more, filler)?;
                return Ok(request);
            }
            Self::Parts(parts) => parts,
        };
        let mut request = Request::new("GET", &filler.put("URL", &parts.url)?)?;
        request.method.clone_from(&parts.method);
        if let Some(target) = &parts.target {
            request.target = filler.put("URL", target)?;
        }
        headers(&mut request, &parts.headers, filler)?;
        let (body, whole) = &parts.body;
        request.body = if *whole { body.clone() } else { filler.put("body", body)? }.into();
        Ok(request)
    }
}

/// Reads the arguments; and what a curl command asks for besides its request.
fn typed(common: &Common, a: &SendArgs, means: &Means, variables: &Variables) -> Result<(Typed, Imported)> {
    let more = || a.sends.header.iter().map(|h| header(h)).collect::<Result<Headers>>();
    if let Some(text) = &a.import {
        let text = text.to_string_lossy();
        let (file, pick) = import::split(&text, &|path| is_file(Path::new(path)));
        let environment = variables.environment(a.vary.env.as_deref())?;
        let stays = |name: &str| environment.is_some_and(|e| e.values.iter().any(|(n, _)| n == name));
        return Ok(match import::taken(file, pick, means.files.as_ref(), &stays)? {
            Got::Draft(mut asks) => {
                common.note(&std::mem::take(&mut asks.notes));
                asks.draft.as_is = a.as_is;
                (Typed::Pasted(asks.draft.clone(), more()?), asks)
            }
            Got::Made(request, notes) => {
                common.note(&notes);
                let asks =
                    Imported { draft: Draft::default(), http: HttpChoice::Auto, follow: None, notes: Vec::new() };
                (Typed::Made(request, more()?), asks)
            }
        });
    }
    if let Some(text) = &a.curl {
        let bytes = match text.as_bytes() {
            b"-" => means.files.whole(Path::new("-"), MOST_BODY)?,
            text => text.to_vec(),
        };
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::input("the curl command is no UTF-8")
                .at("--curl")
                .hint("write its bytes as $'\\xff', or send them with --raw")
        })?;
        let mut asks = curl::imported(&text)?;
        common.note(&std::mem::take(&mut asks.notes));
        asks.draft.as_is = a.as_is;
        return Ok((Typed::Pasted(asks.draft.clone(), more()?), asks));
    }
    let asks = Imported { draft: Draft::default(), http: http(a.http.as_deref())?, follow: None, notes: Vec::new() };
    let Some(file) = &a.raw else { return Ok((Typed::Parts(parts(a, means)?), asks)) };
    // With --raw the method stands in the bytes.
    let (method, url) = match (&a.method, &a.url) {
        (Some(method), Some(url)) => (Some(method), url),
        (Some(url), None) => (None, url),
        _ => return Err(Error::input("there is no URL").hint("name where to connect: lunette send URL --raw FILE")),
    };
    let origin = Request::new("GET", url.as_bytes())?.origin;
    let whole = Request::whole(origin, means.files.exact(file, MOST_BODY)?.into());
    if let Some(method) = method.filter(|m| m.as_bytes() != whole.method) {
        common.note(&[format!("{} is typed, and the bytes of --raw are what is sent", display(method.as_bytes()))]);
    }
    Ok((Typed::Whole(whole), asks))
}

/// Prints a request as something else that sends it. Nothing leaves.
fn exported(common: &Common, a: &SendArgs, to: Export, request: &Request, policy: &Policy, adds: &[String]) -> Exit {
    if !adds.is_empty() {
        common.note(&[format!("the identity adds {} when it is sent; it is not in here", adds.join(", "))]);
    }
    let bytes = written(request);
    if to == Export::Raw {
        let shown = if a.show { bytes.to_vec() } else { mask_message(&bytes) };
        if shown != bytes {
            common.note(&["secrets in it are masked; --show leaves them".to_owned()]);
        }
        return Output::new(common.format).showing(a.show).exact(&shown, || display(&shown));
    }
    if to == Export::Http {
        let made = keep::request(request, a.show);
        return keep_printed(common, As::Http, a.show, &made);
    }
    let export = crate::wire::curl::write(request, policy.http, policy.insecure, a.show);
    let mut notes = export.changes.clone();
    if !notes.is_empty() {
        notes.push("--export raw > FILE has the bytes, and --raw FILE sends them".to_owned());
    }
    if export.masked {
        notes.push("secrets in it are masked; --show leaves them".to_owned());
    }
    common.note(&notes);
    Output::new(common.format).showing(a.show).result(|| export::document(&export), || export::plain(&export))
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
    if a.parallel && requests.len() > group::MOST_PARALLEL {
        return Err(Error::input(format!("{} requests at once are too many", requests.len()))
            .hint(format!("at most {}", group::MOST_PARALLEL)));
    }
    let engine = Arc::new(means.engine(common, scope, Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let (all, notes) = group::once(&engine, Budget::HAND, Arc::new(keyring), requests, how, policy)?;
    common.note(&notes);
    all.iter().try_for_each(send::sent)?;
    let ended = all.iter().map(send::exit).find(|e| *e != Exit::Done).unwrap_or(Exit::Done);
    let written = Output::new(common.format)
        .showing(a.show)
        .result(|| marked(together_document(&all, Secrets::of(a.show)), ended), || together_plain(&all));
    if let Some(e) = all.iter().find_map(|x| x.error.as_ref()) {
        super::output::complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    Ok(if written == Exit::Done { ended } else { written })
}

/// How a request is sent by hand, and what becomes of it.
pub struct How<'a> {
    /// How it is carried.
    pub policy: Policy,
    /// What is done with the reply.
    pub reading: &'a Reading<'a>,
    /// Who and how, where that is typed.
    pub sends: Option<&'a Sends>,
    /// Redirects.
    pub follow: Follow,
    /// What is in scope besides.
    pub scope: Vec<Entry>,
    /// What the exchange is printed as, where it is not a document of ours.
    pub kept: Option<As>,
}

/// Sends a request by hand, as the identity it names, and prints what came of it.
pub fn carry(common: &Common, request: Request, how: How<'_>, keyring: Keyring, means: &Means) -> Result<Exit> {
    let How { policy, reading, sends, follow, scope, kept } = how;
    let engine = Arc::new(means.engine_for(common, sends, follow.keep_credentials, scope, Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let (secrets, output, printed) =
        (Secrets::of(reading.show), Output::new(common.format).showing(reading.show), Arc::new(Printed::default()));
    // A document is one, and stands at the end; the times of what came are in it.
    let streams = common.format == Format::Table && kept.is_none() && reading.filter.is_none();
    let watch: Watch = if streams { printed.watch(output, secrets) } else { Arc::new(|_| ()) };
    let keyring = Arc::new(keyring);
    let ring = Arc::clone(&keyring);
    let (judged, notes) = follow::once(&engine, Budget::HAND, ring, request, policy, follow, Some(watch))?;
    printed.finish(output, secrets);
    common.note(&notes);
    send::sent(&judged.exchange)?;
    if let (Some(expression), None) = (reading.filter, &judged.exchange.error) {
        return super::compare::filtered(common, expression, judged.exchange.response.as_ref(), reading.show);
    }
    let ended = send::exit(&judged.exchange);
    if let Some(e) = &judged.exchange.error {
        super::output::complain(&format!("lunette: {}: {}", e.phase.word(), e.message));
    }
    let written = if let Some(to) = kept {
        let made = keep::exported(&[Subject::of(judged, &keyring)], to, reading.show, "request");
        keep_printed(common, to, reading.show, &made)
    } else {
        let (x, grade) = (&judged.exchange, judged.headers.as_ref());
        let declared = reading.declared(x, means);
        let text = || {
            let text = if printed.has_begun() { facts_below(x, grade, secrets) } else { plain(x, grade, secrets) };
            text + declared.as_ref().map_or("", |(_, text)| text)
        };
        let whole = || {
            let mut document = marked(document(x, grade, secrets), ended);
            if let Some((part, _)) = &declared {
                document["declared"] = part.clone();
            }
            document
        };
        output.result(whole, text)
    };
    Ok(if written == Exit::Done { ended } else { written })
}

/// Prints what was made for other programs. An archive is a document itself, whatever the format.
pub fn keep_printed(common: &Common, to: As, show: bool, made: &Made) -> Exit {
    common.note(&made.notes);
    if let Some((name, _)) = made.beside.first() {
        common.note(&[format!(
            "{} is not written: lunette history export ID -o FILE writes it beside FILE",
            display(name.as_bytes())
        )]);
    }
    let output = Output::new(common.format).showing(show);
    if to != As::Har && common.format != Format::Table {
        return output.result(|| made.document(to, None, show), String::new);
    }
    // A file that others made may hold what a terminal acts on.
    let text = if show { made.text.clone() } else { known::redacted(made.text.clone()) };
    output.exact(text.as_bytes(), || text.split('\n').map(display_str).collect::<Vec<_>>().join("\n"))
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
