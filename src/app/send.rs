//! Use case: send one request, and judge what came back.

use crate::base::{Clock as _, Error, Exit, Result, Stamp, SystemClock};
use crate::grade;
use crate::wire::{Exchange, Failure, FailureKind, Phase, Policy, Request, Transport};

use super::{Judged, Keyring, token};

/// What lunette says it is, unless the user types another.
pub const USER_AGENT: &str = concat!("lunette/", env!("CARGO_PKG_VERSION"));

/// What lunette says it is where it sends by itself: what for, and in which run, so that the owner of a service can tell its
/// requests from others.
pub fn marked_agent(what_for: &str, run: &str) -> String {
    format!("{USER_AGENT} ({what_for}; run {run})")
}

/// Adds the name lunette goes by, unless one is typed. Its own name is written in the case of those that are typed, so that
/// a sender that knows only one case for a whole head still writes theirs as they stand.
pub fn introduce(request: &mut Request, agent: &str) {
    dress(request, vec![(b"User-Agent".to_vec(), agent.as_bytes().to_vec())]);
}

/// Adds headers of which none of that name is typed, and gives the names of those added, in display form. They too are
/// written in lower case when all that is typed is.
pub fn dress(request: &mut Request, headers: Vec<(Vec<u8>, Vec<u8>)>) -> Vec<String> {
    // To a request that was given whole nothing is added.
    if request.raw.is_some() {
        return Vec::new();
    }
    let lower =
        !request.headers.is_empty() && request.headers.iter().all(|(name, _)| !name.iter().any(u8::is_ascii_uppercase));
    let mut added = Vec::new();
    for (mut name, value) in headers {
        if request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(&name)) {
            continue;
        }
        if lower {
            name.make_ascii_lowercase();
        }
        added.push(crate::base::text::display(&name));
        request.headers.push((name, value));
    }
    added
}

/// How a process ends when a reply could not be graded: 5 where the peer answered with what cannot be read as one, else as
/// [`exit`].
pub fn ungraded(x: &Exchange) -> Exit {
    match x.error.as_ref().map(|e| e.kind) {
        None | Some(FailureKind::Protocol | FailureKind::Cap) => Exit::NotJudged,
        Some(_) => exit(x),
    }
}

/// An exchange with its grade and the tokens in it.
pub fn judge(exchange: Exchange) -> Judged {
    let headers = grade::headers(&exchange);
    let tokens = token::find(&exchange);
    Judged { exchange, headers, tokens }
}

/// One request, as the identity it names, inside a job; and what the user is to know besides.
///
/// # Errors
/// What the credential is made of cannot be used.
pub async fn carried(
    transport: &dyn Transport,
    keyring: &Keyring,
    request: Request,
    policy: Policy,
) -> Result<(Exchange, Vec<String>)> {
    let (began, typed) = (SystemClock.wall(), request.clone());
    match keyring.send(transport, request, policy).await {
        Ok(sent) => Ok((sent.exchange, sent.notes)),
        Err(e) if e.exit == Exit::Usage => Err(e),
        Err(e) => Ok((unsent(began, typed, &e), Vec::new())),
    }
}

/// Puts the mark and the run of what lunette sends by itself in place of its bare name; what was typed stays.
pub fn mark(request: &mut Request, what_for: &str, run: &str) {
    for (name, value) in &mut request.headers {
        if name.eq_ignore_ascii_case(b"user-agent") && *value == USER_AGENT.as_bytes() {
            *value = marked_agent(what_for, run).into_bytes();
        }
    }
}

/// An exchange that never began, since the credential for it could not be made.
pub fn unsent(began: Stamp, request: Request, e: &Error) -> Exchange {
    let kind = match e.exit {
        Exit::Interrupted => FailureKind::Cancelled,
        Exit::Refused => FailureKind::Scope,
        Exit::Unreachable => FailureKind::Unreachable,
        _ => FailureKind::Credential,
    };
    let mut exchange = Exchange::new(0, began, request);
    exchange.error = Some(Failure { phase: Phase::Prepare, kind, message: e.to_string() });
    exchange
}

/// What kept a request from being sent at all although nobody refused it: it cannot be expressed, or the record of it
/// cannot be kept. There is no result to show then.
///
/// # Errors
/// That failure, as a usage error.
pub fn sent(x: &Exchange) -> Result<()> {
    match &x.error {
        Some(e) if exit(x) == Exit::Usage => Err(Error::input(e.message.clone()).at(e.phase.word())),
        _ => Ok(()),
    }
}

/// How a process ends after an exchange: 0 once there is a result, 2 when it could not be expressed, 3 when scope refused, 4
/// when the target failed before or during its reply.
pub fn exit(x: &Exchange) -> Exit {
    match x.error.as_ref().map(|e| e.kind) {
        None | Some(FailureKind::Cap | FailureKind::Protocol) if x.response.is_some() => Exit::Done,
        None => Exit::Done,
        Some(FailureKind::Scope | FailureKind::Offline | FailureKind::Budget) => Exit::Refused,
        Some(FailureKind::Inexpressible | FailureKind::Record) => Exit::Usage,
        Some(FailureKind::Credential) => Exit::NotJudged,
        Some(FailureKind::Cancelled) => Exit::Interrupted,
        Some(_) => Exit::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_follows_the_case_that_was_typed() {
        for (typed, written) in [
            (&[][..], Some("User-Agent")),
            (&["accept", "x-a"], Some("user-agent")),
            (&["Accept"], Some("User-Agent")),
            (&["accept", "X-A"], Some("User-Agent")),
            (&["uSeR-aGeNt"], None),
        ] {
            let mut request = Request::new("GET", b"http://h/").expect("url");
            for name in typed {
                request = request.header(name, "1");
            }
            introduce(&mut request, USER_AGENT);
            let added = request.headers.get(typed.len()).map(|(n, _)| String::from_utf8_lossy(n).into_owned());
            assert_eq!(added.as_deref(), written, "{typed:?}");
        }
    }
}
