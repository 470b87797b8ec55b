//! Which sender carries a request: hyper while it can send what was typed, the raw sender otherwise, with the reason. Said
//! before anything leaves.

use crate::base::text::display;
use crate::wire::{Alteration, HttpChoice, Policy, Request, Scheme, Sender};

use super::express::{Casing, Expressed, express};

/// Names that HTTP/2 has no place for (RFC 9113 section 8.2.2).
const OF_CONNECTION: [&[u8]; 5] = [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];

/// How a request will be carried, and what becomes of it on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The sender on HTTP/1.1.
    pub http1: Sender,
    /// Why that one, or why one version alone is offered.
    pub reason: Option<String>,
    /// What is offered in the handshake.
    pub offers: HttpChoice,
    /// Whether it may go over HTTP/2, which hyper carries.
    pub may_be_http2: bool,
    /// What HTTP/2 itself changes, should it go that way; nothing is changed on HTTP/1.1.
    pub altered: Vec<Alteration>,
    /// What a proxy that forwards it needs otherwise on HTTP/1.1.
    pub by_proxy: Vec<Alteration>,
}

/// How a request would be carried.
///
/// # Errors
/// Why it would not be sent at all, in words.
pub fn choose(request: &Request, policy: &Policy) -> Result<Choice, String> {
    decide(request, policy).map(|(choice, _)| choice)
}

/// The same, and the request in hyper's terms where it has them.
pub fn decide(request: &Request, policy: &Policy) -> Result<(Choice, Option<Expressed>), String> {
    let over_tls = request.origin.scheme == Scheme::Https;
    let raw = |why: String| Choice {
        http1: Sender::Raw,
        reason: Some(alone(why, over_tls && policy.http == HttpChoice::Auto)),
        offers: HttpChoice::Http1,
        may_be_http2: false,
        altered: Vec::new(),
        by_proxy: Vec::new(),
    };
    let only_http1 = |why: &str| format!("HTTP/2 cannot carry this as typed: {why}; leave out --http 2");
    let expressed = match request.raw {
        Some(_) => Err("the whole request was given as bytes".to_owned()),
        None => express(request),
    };
    let expressed = match expressed {
        Ok(expressed) => expressed,
        Err(why) if policy.http == HttpChoice::Http2 => return Err(only_http1(&why)),
        Err(why) if policy.raw => return Ok((raw(why), None)),
        Err(why) => return Err(format!("this cannot be sent as typed: {why}")),
    };
    let offers_http2 = policy.http == HttpChoice::Http2 || (policy.http == HttpChoice::Auto && over_tls);
    let unfit = if offers_http2 { http2_parts(request, &expressed).err() } else { None };
    if let Some(why) = unfit.filter(|_| policy.http == HttpChoice::Http2) {
        return Err(only_http1(why));
    }
    let may_be_http2 = offers_http2 && unfit.is_none();
    let (http1, why) = match &expressed.casing {
        Ok(_) => (Sender::Hyper, None),
        Err(why) => (Sender::Raw, Some(why.clone())),
    };
    let choice = Choice {
        http1,
        reason: match (unfit, why) {
            (Some(unfit), why) => Some(alone(why.unwrap_or_else(|| unfit.to_owned()), true)),
            (None, why) => why,
        },
        offers: if unfit.is_some() { HttpChoice::Http1 } else { policy.http },
        may_be_http2,
        altered: if may_be_http2 { protocol_changes(request) } else { Vec::new() },
        by_proxy: Vec::new(),
    };
    Ok((choice, Some(expressed)))
}

fn alone(why: String, said: bool) -> String {
    if said { format!("{why}; HTTP/1.1 alone is offered in the handshake") } else { why }
}

impl Choice {
    /// How header names are written on HTTP/1.1, which tells connections apart.
    pub(super) fn casing(&self, expressed: Option<&Expressed>) -> Casing {
        match (self.http1, expressed) {
            (Sender::Hyper, Some(Expressed { casing: Ok(casing), .. })) => *casing,
            _ => Casing::AsTyped,
        }
    }

    /// The raw sender, for a reason of its own.
    pub(super) fn raw(self, why: &str) -> Self {
        let reason = self.reason.filter(|_| self.http1 == Sender::Raw).unwrap_or_else(|| why.to_owned());
        Self {
            http1: Sender::Raw,
            reason: Some(reason),
            offers: HttpChoice::Http1,
            may_be_http2: false,
            altered: Vec::new(),
            by_proxy: self.by_proxy,
        }
    }
}

/// The method, URI and headers of a request on HTTP/2, in the order in which they are sent.
///
/// # Errors
/// The host or target that HTTP/2 cannot carry, in words.
pub fn http2_parts(request: &Request, expressed: &Expressed) -> Result<(http::Uri, http::HeaderMap), &'static str> {
    let mut hosts = expressed.headers.get_all(http::header::HOST).iter();
    let host = hosts.next().ok_or("there is no host for :authority")?;
    if hosts.next().is_some() {
        return Err("Host is typed twice, and there is one :authority");
    }
    let authority = http::uri::Authority::try_from(host.as_bytes()).map_err(|_| "the host cannot be an :authority")?;
    // Put together from parts, so that no byte of one is read as a part of the other.
    let uri = http::Uri::builder()
        .scheme(request.origin.scheme.word())
        .authority(authority)
        .path_and_query(expressed.target.path_and_query().ok_or("the target cannot be a :path")?.clone())
        .build()
        .map_err(|_| "the target cannot be a :path")?;
    let dropped = dropped(request);
    let mut headers = http::HeaderMap::with_capacity(expressed.headers.len());
    for (name, value) in &expressed.headers {
        let te = name == http::header::TE && value != "trailers";
        if name != http::header::HOST && !te && !dropped.iter().any(|d| d.eq_ignore_ascii_case(name.as_ref())) {
            headers.append(name.clone(), value.clone());
        }
    }
    Ok((uri, headers))
}

/// The names that are left out on HTTP/2: those of a connection, and those that `Connection` lists.
fn dropped(request: &Request) -> Vec<&[u8]> {
    let listed = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(b"connection"));
    let listed = listed.flat_map(|(_, v)| v.split(|b| *b == b',')).map(<[u8]>::trim_ascii);
    OF_CONNECTION.into_iter().chain(listed).collect()
}

/// What HTTP/2 itself changes (RFC 9113 section 8.2).
fn protocol_changes(request: &Request) -> Vec<Alteration> {
    let mut out = Vec::new();
    let by = "protocol";
    let dropped = dropped(request);
    for (n, v) in &request.headers {
        let te = n.eq_ignore_ascii_case(b"te") && v != b"trailers";
        if n.eq_ignore_ascii_case(b"host") {
            out.push(Alteration { by: by.into(), what: "Host is sent as :authority".to_owned() });
        } else if te || dropped.iter().any(|d| d.eq_ignore_ascii_case(n)) {
            out.push(Alteration { by: by.into(), what: format!("{} is left out", display(n)) });
        } else if n.iter().any(u8::is_ascii_uppercase) {
            out.push(Alteration { by: by.into(), what: format!("{} is sent in lower case", display(n)) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(url: &str) -> Request {
        Request::new("GET", url.as_bytes()).expect("url")
    }

    fn policy(http: HttpChoice) -> Policy {
        Policy { http, raw: true, ..Policy::default() }
    }

    #[test]
    fn hyper_while_it_can_and_raw_where_it_cannot() {
        use HttpChoice::{Auto, Http1, Http2};
        let spaced = || {
            let mut r = get("https://h/");
            r.target = b"/a b".to_vec();
            r
        };
        for (request, http, sender, offers, http2, reason) in [
            (get("http://h/a/../b"), Auto, Sender::Hyper, Auto, false, ""),
            (get("https://h/"), Auto, Sender::Hyper, Auto, true, ""),
            (get("https://h/").header("X-CSRF-Token", "1"), Auto, Sender::Raw, Auto, true, "another case"),
            (get("https://h/").header("X-CSRF-Token", "1"), Http2, Sender::Raw, Http2, true, "another case"),
            (get("http://h/").header("X-CSRF-Token", "1"), Auto, Sender::Raw, Auto, false, "another case"),
            (spaced(), Auto, Sender::Raw, Http1, false, "alone is offered"),
            (spaced(), Http1, Sender::Raw, Http1, false, "holds a byte"),
            (get("https://h/").header("Host", "a/b"), Auto, Sender::Hyper, Http1, false, "alone is offered"),
        ] {
            let choice = choose(&request, &policy(http)).expect("it can be sent");
            assert_eq!((choice.http1, choice.offers, choice.may_be_http2), (sender, offers, http2), "{request:?}");
            let said = choice.reason.unwrap_or_default();
            assert!(said.contains(reason) && said.is_empty() == reason.is_empty(), "{said}");
        }
        assert!(!choose(&spaced(), &policy(Http1)).expect("raw").reason.expect("why").contains("handshake"));
        for request in [spaced(), get("https://h/").header("Host", "a").header("Host", "b")] {
            let why = choose(&request, &policy(Http2)).expect_err("not on HTTP/2");
            assert!(why.contains("leave out --http 2"), "{why}");
        }
        let strict = Policy::default();
        assert!(choose(&spaced(), &strict).expect_err("not by itself").contains("cannot be sent as typed"));
        assert!(choose(&get("http://h/").header("xA", "1"), &strict).is_ok(), "a case breaks out of nothing");
    }

    #[test]
    fn http2_carries_the_host_and_target_that_were_typed_or_says_that_it_cannot() {
        let parts = |host: Option<&str>, target: &str| {
            let mut request = Request::new("OPTIONS", b"https://api.test/").expect("url");
            request.target = target.as_bytes().to_vec();
            if let Some(host) = host {
                request = request.header("Host", host);
            }
            http2_parts(&request, &express(&request).expect("expressed")).map(|(uri, _)| uri.into_parts())
        };
        for (host, target, authority) in
            [(None, "*", "api.test"), (None, "//x?y", "api.test"), (Some("other.test:81"), "/a/../b", "other.test:81")]
        {
            let parts = parts(host, target).expect(target);
            assert_eq!(parts.authority.expect("an authority").as_str(), authority);
            assert_eq!(parts.path_and_query.expect("a path").as_str(), target);
        }
        for host in ["a/b", "a?b", "caf\u{e9}", ""] {
            assert!(parts(Some(host), "/").is_err(), "{host}");
        }
    }

    #[test]
    fn what_http2_leaves_out_is_said_and_the_rest_keeps_its_order() {
        let mut request = get("https://h/");
        for (n, v) in
            [("a", "1"), ("Connection", "close, X-Hop"), ("x-hop", "2"), ("TE", "gzip"), ("B", "3"), ("c", "4")]
        {
            request = request.header(n, v);
        }
        let what: Vec<String> = protocol_changes(&request).into_iter().map(|a| a.what).collect();
        assert_eq!(what, ["Connection is left out", "x-hop is left out", "TE is left out", "B is sent in lower case"]);
        let (_, headers) = http2_parts(&request, &express(&request).expect("expressed")).expect("parts");
        assert_eq!(headers.keys().map(http::HeaderName::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
