//! Use case: follow redirects, one hop at a time: what the next request is, and what of the last one does not go with it, in
//! words. Each hop is a request like any other: scope, record, budget and identity hold for it.

use std::collections::HashSet;
use std::sync::Arc;

use crate::base::secret::{mask_body, mask_url};
use crate::base::text::{display, display_str};
use crate::base::{Clock as _, Error, Exit, Result, SystemClock};
use crate::engine::{Budget, Engine};
use crate::wire::{Alteration, Exchange, Origin, Policy, Request, Response, Scheme, Target, Transport, Watch};

use super::history::NO_TEXT;
use super::{Draft, Judged, Keyring, send};

/// How redirects are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Follow {
    /// Redirects at most; none is followed when 0.
    pub most: usize,
    /// Whether what is a credential goes to another origin too.
    pub keep_credentials: bool,
}

/// The request that a redirect leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The request, as if it had been typed.
    pub request: Request,
    /// What differs from the one before, and what of it is left out, each in one sentence in display form.
    pub changed: Vec<String>,
}

/// Headers that go to another origin: what they say is how to answer, and never who asks.
const GOES_ANYWHERE: &[&str] = &[
    "accept",
    "accept-charset",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-type",
    "pragma",
    "range",
    "user-agent",
];

/// Headers that say what a body is; they go with it.
const OF_BODY: &[&str] = &[
    "content-type",
    "content-length",
    "content-encoding",
    "content-language",
    "content-location",
    "content-md5",
    "content-digest",
    "digest",
    "transfer-encoding",
    "expect",
    "trailer",
];

fn among(name: &[u8], list: &[&str]) -> bool {
    list.iter().any(|l| name.eq_ignore_ascii_case(l.as_bytes()))
}

/// True for a status that leads to another request (RFC 9110 section 15.4).
pub fn leads_on(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The next hop as it is put into the composer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stepped {
    /// The request; the cookies of the jar go with it, as with every redirect.
    pub draft: Draft,
    /// What differs from the one before, and what of it is left out, each in one sentence in display form.
    pub changed: Vec<String>,
}

/// One hop, to be looked at before it is sent. `insecure` is whether faults of the certificate were let pass before: they are
/// at another origin only once that is asked for there.
///
/// # Errors
/// A reply that leads nowhere, or to where nothing is sent.
pub fn step(typed: &Request, reply: &Response, keep_credentials: bool, insecure: bool) -> Result<Stepped> {
    let step = next(typed, reply, keep_credentials)
        .map_err(Error::input)?
        .ok_or_else(|| Error::input(format!("the reply is no redirect ({})", reply.status)))?;
    let Step { mut request, mut changed } = step;
    if request.raw.take().is_some() {
        changed.push("the raw bytes are left behind; the fields hold what was read from them".to_owned());
    }
    let (draft, lossy) = Draft::of(&request);
    if lossy {
        changed.push(format!("there are {NO_TEXT}"));
    }
    let stays = request.origin == typed.origin;
    if insecure && !stays {
        changed.push("faults of the certificate stop it again".to_owned());
    }
    Ok(Stepped { draft: Draft { cookies: true, insecure: insecure && stays, ..draft }, changed })
}

/// The request that the reply to `typed` leads to; `None` where the reply is no redirect (RFC 9110 section 15.4). `typed` is
/// the request before its identity put a credential in.
///
/// # Errors
/// Why a redirect is not followed, in one sentence.
pub fn next(typed: &Request, reply: &Response, keep_credentials: bool) -> Result<Option<Step>, String> {
    if !leads_on(reply.status) {
        return Ok(None);
    }
    let mut places = reply.all("location");
    let Some(location) = places.next() else {
        return Err(format!("the reply is a redirect ({}) that leads nowhere: it has no Location", reply.status));
    };
    let mut changed = Vec::new();
    if places.next().is_some() {
        changed.push("there is more than one Location; the first is followed".to_owned());
    }
    let (origin, target) = resolved(&typed.origin, &typed.target, location.as_bytes(), &mut changed)?;
    let mut request = Request { origin, target, ..typed.clone() };
    // 301 and 302 turn POST into GET everywhere, and 303 turns all but HEAD.
    let becomes_get = match reply.status {
        301 | 302 => typed.method == b"POST",
        303 => typed.method != b"GET" && typed.method != b"HEAD",
        _ => false,
    };
    if becomes_get {
        changed.push(format!("{} becomes GET without a body ({})", display(&typed.method), reply.status));
        request.method = b"GET".to_vec();
        request.body = crate::wire::Body::new();
        request.headers.retain(|(name, _)| !among(name, OF_BODY));
    }
    if request.origin == typed.origin {
        return Ok(Some(Step { request, changed }));
    }
    changed.push(format!("it goes to another origin: from {} to {}", typed.origin, request.origin));
    if typed.origin.scheme == Scheme::Https && request.origin.scheme == Scheme::Http {
        changed.push("it goes from https down to http, where all can read it".to_owned());
    }
    request.headers.retain(|(name, _)| {
        // A typed Host is of the place before.
        let own = name.eq_ignore_ascii_case(b"host");
        let stays =
            !own && (keep_credentials || among(name, GOES_ANYWHERE) || name.eq_ignore_ascii_case(b"content-length"));
        if !stays {
            changed.push(format!("{} is left out", display(name)));
        }
        stays
    });
    if let Some(name) = request.identity.take_if(|_| !keep_credentials) {
        changed.push(format!("the identity {name} is left out"));
    }
    if !keep_credentials && mask_body(&request.body) != request.body {
        return Err(format!(
            "the redirect leads to {}, and the body that would go there holds a secret; --keep-credentials, on screen :redirect keep, sends it",
            request.origin
        ));
    }
    Ok(Some(Step { request, changed }))
}

/// Where a `Location` leads (RFC 3986 section 5.2), its bytes as they came: of a relative path the leading `./` and `../` are
/// resolved, and nothing else is folded.
fn resolved(
    base: &Origin,
    target: &[u8],
    location: &[u8],
    changed: &mut Vec<String>,
) -> Result<(Origin, Vec<u8>), String> {
    let shown = || display(&mask_url(location));
    let reference = location.split(|b| *b == b'#').next().unwrap_or_default();
    let absolute = |url: &[u8], changed: &mut Vec<String>| {
        let t = Target::parse(url).map_err(|e| format!("the redirect to {} is not followed: {}", shown(), e.what))?;
        if t.userinfo.is_some() {
            changed.push("the user in Location is left out".to_owned());
        }
        Ok((t.origin, t.target))
    };
    if reference.starts_with(b"//") {
        return absolute(&[base.scheme.word().as_bytes(), b":", reference].concat(), changed);
    }
    if let Some(scheme) = scheme_of(reference) {
        if !reference[scheme.len()..].starts_with(b"://") {
            return Err(format!(
                "the redirect to {} is not followed: {} is not a scheme lunette sends",
                shown(),
                display(scheme)
            ));
        }
        return absolute(reference, changed);
    }
    if reference.starts_with(b"/\\") || reference.starts_with(b"\\") {
        changed.push("a browser takes the backslash in Location for a slash, and would go to another host".to_owned());
    }
    let path = target.split(|b| *b == b'?').next().unwrap_or_default();
    let target = match reference.first() {
        None => target.to_vec(),
        Some(b'/') => reference.to_vec(),
        Some(b'?') => [path, reference].concat(),
        Some(_) => {
            let mut folder = &path[..path.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1)];
            let mut rest = reference;
            loop {
                if let Some(after) = rest.strip_prefix(b"./") {
                    rest = after;
                } else if let Some(after) = rest.strip_prefix(b"../") {
                    rest = after;
                    let parent = folder.strip_suffix(b"/").unwrap_or(folder);
                    folder = &parent[..parent.iter().rposition(|b| *b == b'/').map_or(0, |i| i + 1)];
                } else {
                    break;
                }
            }
            let folder: &[u8] = if folder.is_empty() { b"/" } else { folder };
            [folder, rest].concat()
        }
    };
    Ok((base.clone(), target))
}

/// The scheme that a reference begins with, if any (RFC 3986 section 3.1).
fn scheme_of(reference: &[u8]) -> Option<&[u8]> {
    let scheme = &reference[..reference.iter().position(|b| *b == b':')?];
    let is_scheme = scheme.first().is_some_and(u8::is_ascii_alphabetic)
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(b));
    is_scheme.then_some(scheme)
}

/// Sends one request as the identity it names, follows where it leads, and waits. The hops stand in the exchange, oldest
/// first; what a redirect changed stands among the alterations of the request it led to. `watch` is told of a reply that goes
/// on.
///
/// # Errors
/// When the engine takes no more jobs, or what the credential is made of cannot be used. A refused or failed exchange is
/// not an error here.
pub fn once(
    engine: &Engine,
    budget: Budget,
    keyring: Arc<Keyring>,
    request: Request,
    policy: Policy,
    follow: Follow,
    watch: Option<Watch>,
) -> Result<(Judged, Vec<String>)> {
    engine.run(budget, move |transport| {
        Box::pin(async move {
            let watched = watch.map(|watch| transport.watched(watch));
            let transport = watched.as_deref().unwrap_or(transport);
            let (exchange, notes) = carried(transport, &keyring, request, policy, follow).await?;
            Ok((send::judge(exchange), notes))
        })
    })?
}

/// The same inside a job.
///
/// # Errors
/// As [`send::carried`], for the first request.
pub async fn carried(
    transport: &dyn Transport,
    keyring: &Keyring,
    mut request: Request,
    policy: Policy,
    follow: Follow,
) -> Result<(Exchange, Vec<String>)> {
    let mut hops: Vec<Exchange> = Vec::new();
    let mut notes = Vec::new();
    let mut changed = Vec::new();
    let mut seen = HashSet::new();
    loop {
        seen.insert(key(&request, keyring));
        let began = SystemClock.wall();
        let mut x = match keyring.send_with(transport, request.clone(), policy, !hops.is_empty()).await {
            Ok(sent) => {
                notes.extend(sent.notes);
                sent.exchange
            }
            Err(e) if hops.is_empty() && e.exit == Exit::Usage => return Err(e),
            Err(e) => send::unsent(began, request.clone(), &e),
        };
        let by_redirect = |what| Alteration { by: "redirect".into(), what };
        x.altered.extend(std::mem::take(&mut changed).into_iter().map(by_redirect));
        let reply = x.response.as_ref().filter(|_| x.error.is_none() && follow.most > 0);
        let step = match reply.map(|reply| next(&request, reply, follow.keep_credentials)) {
            None | Some(Ok(None)) => None,
            Some(Ok(Some(step))) if hops.len() == follow.most => {
                let to = step.request.origin;
                notes.push(format!(
                    "stopped after {} redirects, before the one to {to}; --follow takes more",
                    follow.most
                ));
                None
            }
            Some(Ok(Some(step))) if seen.contains(&key(&step.request, keyring)) => {
                let to = display(&mask_url(&step.request.target));
                notes.push(format!("stopped at a loop: {}{to} was asked before", step.request.origin));
                None
            }
            Some(Ok(Some(step))) => Some(step),
            Some(Err(why)) => {
                notes.push(display_str(&why));
                None
            }
        };
        let Some(step) = step else {
            x.hops = hops;
            return Ok((x, notes));
        };
        hops.push(x);
        (request, changed) = (step.request, step.changed);
    }
}

/// What tells one request of a chain from another: a server may lead to the same place with a new cookie.
fn key(request: &Request, keyring: &Keyring) -> (Vec<u8>, Origin, Vec<u8>, Vec<u8>) {
    let cookies = keyring.cookie_header(request).unwrap_or_default();
    (request.method.clone(), request.origin.clone(), request.target.clone(), cookies)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(status: u16, location: &[u8]) -> Response {
        Response { status, headers: vec![("Location".into(), location.into())], ..Response::default() }
    }

    fn typed(method: &str, url: &str) -> Request {
        let mut r = Request::new(method, url.as_bytes()).expect("url");
        r = r
            .header("Content-Type", "text/plain")
            .header("X-Api-Key", "k")
            .header("Accept", "*/*")
            .header("X-Own", "1");
        r.body = "hello".into();
        r.identity = Some("alice".to_owned());
        r
    }

    #[test]
    fn locations_are_resolved_and_their_bytes_kept() {
        for (location, leads) in [
            (&b"/x/../y%2e"[..], "http://h/x/../y%2e"),
            (b"x", "http://h/a/x"),
            (b"./x/../y", "http://h/a/x/../y"),
            (b"../x?q#f", "http://h/x?q"),
            (b"../../../x", "http://h/x"),
            (b"?z", "http://h/a/b?z"),
            (b"#f", "http://h/a/b?c"),
            (b"//other.test:81/p q", "http://other.test:81/p q"),
            (b"https://u:p@other.test", "https://other.test/"),
            (b"HTTP://H/caf\xc3\xa9", "http://h/caf\u{e9}"),
            (b"/go?to=http://x/", "http://h/go?to=http://x/"),
            (b"x:8080", "!"),
            (b"javascript:alert(1)", "!"),
            (b"ftp://h/", "!"),
            (b"http://", "!"),
            (b"http://a b/", "!"),
            (b"///x", "!"),
        ] {
            let step = next(&typed("GET", "http://h/a/b?c"), &redirect(302, location), false);
            let led = match &step {
                Ok(Some(s)) => format!("{}{}", s.request.origin, String::from_utf8_lossy(&s.request.target)),
                Ok(None) => "nothing".to_owned(),
                Err(why) => {
                    assert!(why.contains("not followed") && !why.chars().any(char::is_control), "{why}");
                    "!".to_owned()
                }
            };
            assert_eq!(led, leads, "{}", location.escape_ascii());
        }
        let step =
            next(&typed("GET", "http://h/"), &redirect(302, b"/\\evil.test"), false).expect("ok").expect("a step");
        assert!(step.changed[0].contains("a browser takes the backslash"), "{:?}", step.changed);
        assert_eq!(step.request.target, b"/\\evil.test");
    }

    #[test]
    fn methods_follow_the_standard() {
        for (status, method, becomes) in [
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "DELETE", "GET"),
            (303, "HEAD", "HEAD"),
            (301, "PUT", "PUT"),
            (302, "HEAD", "HEAD"),
            (307, "POST", "POST"),
            (308, "PATCH", "PATCH"),
            (301, "GET", "GET"),
        ] {
            let step = next(&typed(method, "http://h/"), &redirect(status, b"/x"), false).expect("ok").expect("a step");
            assert_eq!(step.request.method, becomes.as_bytes(), "{status} {method}");
            let kept = becomes == method;
            assert_eq!(step.request.body.is_empty(), !kept);
            assert_eq!(step.request.get("content-type").is_some(), kept);
            assert!(step.request.get("x-api-key").is_some() && step.request.identity.is_some(), "one origin");
        }
        for status in [200, 300, 304, 305, 400] {
            assert_eq!(next(&typed("GET", "http://h/"), &redirect(status, b"/x"), false), Ok(None));
        }
        let nowhere = Response { status: 302, ..Response::default() };
        assert!(next(&typed("GET", "http://h/"), &nowhere, false).expect_err("nowhere").contains("no Location"));
    }

    #[test]
    fn nothing_that_says_who_asks_goes_to_another_origin() {
        for to in ["https://other.test/", "http://h/", "https://h:8443/"] {
            let request = typed("POST", "https://h/").header("Host", "x").header("Authorization", "Bearer t");
            let step = next(&request, &redirect(307, to.as_bytes()), false).expect("ok").expect("a step");
            let names: Vec<String> = step.request.headers.iter().map(|(n, _)| display(n)).collect();
            assert_eq!(names, ["Content-Type", "Accept"], "{to}");
            assert_eq!(step.request.identity, None);
            let told = step.changed.join("\n");
            for word in ["X-Api-Key", "X-Own", "Host", "Authorization", "identity alice", "another origin"] {
                assert!(told.contains(word), "{told}");
            }
            assert_eq!(told.contains("down to http"), to.starts_with("http:"));
            let kept = next(&request, &redirect(307, to.as_bytes()), true).expect("ok").expect("a step");
            assert!(kept.request.get("authorization").is_some() && kept.request.get("host").is_none());
            assert_eq!(kept.request.identity.as_deref(), Some("alice"));
        }
        let mut secret = typed("POST", "https://h/");
        secret.body = r#"{"password":"hunter2"}"#.into();
        let why = next(&secret, &redirect(307, b"https://other.test/"), false).expect_err("a secret");
        assert!(why.contains("holds a secret") && !why.contains("hunter2"));
        assert!(next(&secret, &redirect(307, b"https://other.test/"), true).is_ok());
        assert!(next(&secret, &redirect(303, b"https://other.test/"), false).is_ok(), "the body does not go");
    }
}
