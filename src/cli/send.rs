//! `lunette send`: one request as typed.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;
use std::sync::Arc;

use crate::app::follow::{self, Follow};
use crate::app::{Keyring, send};
use crate::base::{Exit, Result};
use crate::engine::{Budget, Engine, Entry};
use crate::report::exchange::{Secrets, document, plain};
use crate::wire::{HttpChoice, Request};

use super::args::{SendArgs, header, http};
use super::output::Output;
use super::sends::Sends;
use super::{Common, Means};

/// Bytes of a body file.
const MOST_BODY: u64 = 256 << 20;

pub fn run(common: &Common, a: &SendArgs, means: &Means) -> Result<Exit> {
    let mut request = Request::new(&a.method, a.url.as_bytes())?;
    if let Some(target) = &a.target {
        request.target = target.as_bytes().to_vec();
    }
    request.headers = a.sends.header.iter().map(|h| header(h)).collect::<Result<_>>()?;
    let keyring = means.identify(common, &a.sends, &mut request)?;
    means.dress(common, &mut request, &keyring)?;
    send::introduce(&mut request, send::USER_AGENT);
    if let Some(data) = &a.data {
        request.body = match data.as_bytes().strip_prefix(b"@") {
            Some(path) => means.files.whole(Path::new(std::ffi::OsStr::from_bytes(path)), MOST_BODY)?.into(),
            None => data.as_bytes().to_vec().into(),
        };
    }
    let follow = Follow { most: a.follow.map_or(0, usize::from), keep_credentials: a.keep_credentials };
    carry(common, request, http(a.http.as_deref())?, a.show, keyring, means, Some(&a.sends), follow)
}

/// Sends a request by hand, as the identity it names, and prints what came of it.
#[expect(clippy::too_many_arguments, reason = "each is a choice of the command line")]
pub fn carry(
    common: &Common,
    request: Request,
    http: HttpChoice,
    show: bool,
    keyring: Keyring,
    means: &Means,
    sends: Option<&Sends>,
    follow: Follow,
) -> Result<Exit> {
    let policy = common.policy(http)?;
    let scope = vec![Entry::typed(&request.origin)];
    let engine = Arc::new(means.engine_for(common, sends, follow.keep_credentials, scope, Vec::new(), &keyring)?);
    stop_on_signal(&engine)?;
    let (judged, notes) = follow::once(&engine, Budget::HAND, Arc::new(keyring), request, policy, follow)?;
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
