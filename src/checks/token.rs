//! The live run of token attacks: every step of a course, one after the other, with what our listener was asked meanwhile.

use std::time::Duration;

use memchr::memmem;

use crate::jwt::attack::{Aim, Course, Outcome, Reply, Step};
use crate::wire::{Exchange, FailureKind, Hit, Listening, Policy, Print, Request, Transport};

/// Bytes of a body that are compared.
const MOST_BODY: usize = 256 << 10;
/// Parts of a token shorter than this are not looked for in a body.
const SHORTEST: usize = 8;
/// How long a server that refused at once may take to ask our listener, and in how many looks.
const GRACE: (Duration, u32) = (Duration::from_millis(50), 6);

/// What a run gave.
#[derive(Debug)]
pub struct Ran {
    /// What came of it.
    pub outcome: Outcome,
    /// Every exchange in order.
    pub exchanges: Vec<Exchange>,
    /// Who asked our listener.
    pub hits: Vec<Hit>,
}

/// Runs a course to its end. `make` puts a token, or none, into the request; `each` is told of every exchange as it ends.
pub async fn run(
    transport: &dyn Transport,
    mut course: Course,
    make: &(dyn Fn(Option<&[u8]>) -> Request + Send + Sync),
    listener: Option<&dyn Listening>,
    policy: Policy,
    each: &mut (dyn FnMut(&Step, &Exchange) + Send),
) -> Ran {
    // Only the first exchange needs a connection of its own.
    let policy = Policy { fresh: false, ..policy };
    let mut exchanges: Vec<Exchange> = Vec::new();
    let asked = || listener.map_or(0, |l| l.hits().len());
    while let Some(step) = course.next_step() {
        let before = asked();
        let exchange = transport.send(make(step.token.as_deref()), policy).await;
        let waits = matches!(step.aim, Aim::Variant(i) if course.variants().get(i).is_some_and(|v| v.needs_hit));
        for _ in 0..if waits { GRACE.1 } else { 0 } {
            if asked() > before {
                break;
            }
            transport.sleep(GRACE.0).await;
        }
        each(&step, &exchange);
        let over = exchange.error.as_ref().filter(|e| ends(e.kind)).map(|e| e.message.clone());
        course.take(reply(&exchange, step.token.as_deref(), asked() - before));
        exchanges.push(exchange);
        if let Some(why) = over {
            course.stop(why);
        }
    }
    Ran { outcome: course.end(), exchanges, hits: listener.map(Listening::hits).unwrap_or_default() }
}

/// True for what every later request would meet too.
fn ends(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Cancelled
            | FailureKind::Budget
            | FailureKind::Record
            | FailureKind::Offline
            | FailureKind::Scope
            | FailureKind::Inexpressible
    )
}

/// What came back, without what it repeats of the token: that differs with the token and says nothing of being let in.
fn reply(x: &Exchange, token: Option<&[u8]>, hits: usize) -> Reply {
    let body = x.response.as_ref().map(|r| &r.body[..r.body.len().min(MOST_BODY)]).unwrap_or_default();
    let mut body = body.to_vec();
    // A redirect says in its header what another reply says in its body.
    for place in x.response.iter().flat_map(|r| r.all("location")) {
        body.push(b' ');
        body.extend_from_slice(place.as_bytes());
    }
    if let Some(token) = token {
        remove(&mut body, token);
        for part in token.split(|b| *b == b'.') {
            remove(&mut body, part);
        }
    }
    let failure = x.error.as_ref().filter(|_| x.response.is_none()).map(|e| e.message.clone());
    Reply { exchange: x.id, status: x.status(), print: Print::new(x.status(), &body), hits, failure }
}

/// Takes every occurrence of `part` out of a body.
fn remove(body: &mut Vec<u8>, part: &[u8]) {
    if part.len() < SHORTEST || memmem::find(body, part).is_none() {
        return;
    }
    let mut out = Vec::with_capacity(body.len());
    let mut done = 0;
    for at in memmem::find_iter(body, part) {
        out.extend_from_slice(&body[done..at]);
        done = at + part.len();
    }
    out.extend_from_slice(&body[done..]);
    *body = out;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::Response;

    #[test]
    fn what_a_reply_repeats_of_the_token_is_not_compared() {
        let of = |token: &str, body: &str| {
            let request = Request::new("GET", b"http://h/").expect("url");
            let mut x = Exchange::new(1, Stamp::from_unix(0).expect("a time"), request);
            x.response = Some(Response { status: 200, body: body.as_bytes().to_vec().into(), ..Response::default() });
            reply(&x, Some(token.as_bytes()), 0).print
        };
        let a = of("eyJhbGciOiJ9.eyJzdWIiOiJ9.c2lnbmF0dXJl", "you sent eyJhbGciOiJ9.eyJzdWIiOiJ9.c2lnbmF0dXJl today");
        let b = of("eyJhbGciOiJub.eyJzdWIiOiJ9.", "you sent eyJhbGciOiJub.eyJzdWIiOiJ9. today");
        let c = of("eyJhbGciOiJub.eyJzdWIiOiJ9.", "you sent nothing today");
        assert_eq!(a.differs(&b), Some(0));
        assert!(a.differs(&c) > Some(10));
    }

    #[test]
    fn redirects_to_other_places_are_not_the_same() {
        let to = |place: &str| {
            let request = Request::new("GET", b"http://h/").expect("url");
            let mut x = Exchange::new(1, Stamp::from_unix(0).expect("a time"), request);
            let headers = vec![("Location".into(), place.into())];
            x.response = Some(Response { status: 302, headers, ..Response::default() });
            reply(&x, None, 0).print
        };
        assert_eq!(to("/login").differs(&to("/login")), Some(0));
        assert_eq!(to("/login").differs(&to("/home")), Some(100));
    }
}
