//! Use case: grade a reply, with more requests or without any.

use std::sync::Arc;

use crate::base::hash::sha256_hex;
use crate::base::{Clock as _, Result, Stamp, SystemClock};
use crate::checks;
use crate::engine::{Budget, Engine, Lane};
use crate::grade::{self, HeaderGrade, View, probes};
use crate::wire::{Exchange, Policy, Request, saved};

use super::{Judged, Keyring, send, token};

/// Largest file that is read as a reply, in bytes.
pub const MOST_REPLY: u64 = 128 << 20;

/// A reply from a file and its grade; `None` where the file holds no reply.
///
/// # Errors
/// As [`saved::read`].
pub fn of_file(bytes: &[u8], url: Option<&[u8]>, now: Stamp) -> Result<(Exchange, Option<HeaderGrade>)> {
    let saved = saved::read(bytes, url, now)?;
    let view = View { request_unknown: !saved.request_known, probes: None };
    let grade = grade::judge(&saved.exchange, &view);
    Ok((saved.exchange, grade))
}

/// What the live extras would send for a request. Its made-up names are new with every call.
pub fn plan(request: &Request) -> Vec<probes::Probe> {
    let salt = sha256_hex(format!("{:?} {}", SystemClock.instant(), std::process::id()).as_bytes());
    let mut request = request.clone();
    send::introduce(&mut request, send::USER_AGENT);
    probes::plan(&request, &salt[..16])
}

/// A plan in words, a line a request.
pub fn words(plan: &[probes::Probe]) -> Vec<String> {
    plan.iter()
        .map(|p| {
            let shown = |b: &[u8]| crate::base::text::display(b);
            let origin = p.origin.as_ref().map(|o| format!("  Origin: {}", shown(o.as_bytes()))).unwrap_or_default();
            let what = p.kind.words();
            let target = shown(&crate::base::secret::mask_target(&p.request.target));
            format!("{} {}{target}{origin}  ({what})", shown(&p.request.method), p.request.origin)
        })
        .collect()
}

/// How much a live grade may send: the request itself and its plan.
pub fn budget(plan: &[probes::Probe]) -> Budget {
    Budget { origin: "check", lane: Lane::Hand, requests: Some(plan.len() as u64 + 1) }
}

/// Sends one request, as its identity where it has one, and its plan, as nobody, and waits: for a front end that has nothing
/// else to do. Gives what is worth knowing besides.
///
/// # Errors
/// When the engine takes no more jobs. A refused or failed exchange is not an error here.
pub fn live(
    engine: &Engine,
    keyring: Arc<Keyring>,
    request: Request,
    plan: Vec<probes::Probe>,
    policy: Policy,
) -> Result<(Judged, Vec<String>)> {
    engine.run(budget(&plan), move |transport| {
        Box::pin(async move {
            let (exchange, notes) = send::carried(transport, &keyring, request, policy).await?;
            // What was not reached is not asked on.
            if exchange.response.is_none() {
                return Ok((send::judge(exchange), notes));
            }
            let probes = checks::headers::run(transport, plan, policy).await;
            Ok((judge(exchange, &probes), notes))
        })
    })?
}

/// An exchange with its grade by all that the live extras saw, and the tokens in it.
pub fn judge(exchange: Exchange, probes: &grade::Probes) -> Judged {
    let headers = grade::judge(&exchange, &View { request_unknown: false, probes: Some(probes) });
    let tokens = token::find(&exchange);
    Judged { exchange, headers, tokens }
}
