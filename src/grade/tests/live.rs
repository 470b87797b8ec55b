//! The rules of the live extras, over answers made by hand.

#![expect(clippy::unnecessary_wraps, reason = "one shape for every service")]

use super::*;
use crate::grade::probes::plan;
use crate::wire::{Failure, FailureKind, Phase};

/// A service: what it answers a request with.
type Service = fn(&Request) -> Answer;
/// Status, headers and body; nothing where it refuses the connection.
type Answer = Option<(u16, Vec<(&'static str, String)>, &'static str)>;

fn text(r: &Request, name: &str) -> String {
    r.get(name).map(|v| String::from_utf8_lossy(v).into_owned()).unwrap_or_default()
}

/// Asks a service everything that is planned, and gives what a rule says.
fn tried(service: Service, url: &str, header: Option<(&str, &str)>, id: &str) -> Ruling {
    let mut request = Request::new("GET", url.as_bytes()).expect("url");
    if let Some((name, value)) = header {
        request = request.header(name, value);
    }
    let answer = |r: &Request| {
        let mut x = Exchange::new(1, Stamp::from_unix(0).expect("epoch"), r.clone());
        if let Some((status, headers, body)) = service(r) {
            let headers: Vec<(&str, &str)> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
            x.response = exchange("GET", url, status, &headers, body).response;
        } else {
            let message = "refused".to_owned();
            x.error = Some(Failure { phase: Phase::Connect, kind: FailureKind::Refused, message });
        }
        x
    };
    let probes = plan(&request, "0123456789abcdef").into_iter().map(|p| (answer(&p.request), p));
    let probes = Probes::new(probes.map(|(x, p)| (p, x)).collect());
    let x = answer(&request);
    let grade = judge(&x, &View { request_unknown: false, probes: Some(&probes) }).expect("gradable");
    grade.rules.into_iter().find(|r| r.id == id).expect("in the table")
}

fn allow(origin: String) -> Vec<(&'static str, String)> {
    vec![
        ("Content-Type", "application/json".into()),
        ("Access-Control-Allow-Origin", origin),
        ("Access-Control-Allow-Credentials", "true".into()),
    ]
}

fn reflecting(r: &Request) -> Answer {
    Some((200, allow(text(r, "origin")), "{}"))
}
fn strict(r: &Request) -> Answer {
    let known = text(r, "origin") == "https://app.shop.test";
    Some((200, if known { allow(text(r, "origin")) } else { Vec::new() }, "{}"))
}
fn open_to(r: &Request, fits: impl Fn(&str) -> bool) -> Answer {
    let origin = text(r, "origin");
    Some((200, if fits(&origin) { allow(origin) } else { Vec::new() }, "{}"))
}

const URL: &str = "https://api.shop.test/x";
const COOKIE: Option<(&str, &str)> = Some(("Cookie", "sid=1"));
const BEARER: Option<(&str, &str)> = Some(("Authorization", "Bearer x"));

#[test]
fn origins_are_told_apart() {
    let starts: Service = |r| open_to(r, |o| o.starts_with("https://api.shop.test"));
    let ends: Service = |r| open_to(r, |o| o.ends_with("shop.test"));
    let dot: Service = |r| open_to(r, |o| o == "https://api.shop.test" || o == "https://apixshop.test");
    let plain: Service = |r| open_to(r, |o| o == "http://api.shop.test");
    let below: Service = |r| open_to(r, |o| o.ends_with(".shop.test"));
    let null: Service = |r| open_to(r, |o| o == "null");
    let bare: Service = |r| Some((200, vec![("Access-Control-Allow-Origin", text(r, "origin"))], "{}"));
    let pass = (Outcome::Pass, 0, None);
    let na = (Outcome::Na, 0, None);
    for (what, service, header, id, wanted) in [
        ("reflects", reflecting as Service, COOKIE, "LNH10", (Outcome::Fail, 40, Some(Letter::F))),
        ("reflects, nothing sent", reflecting, None, "LNH10", (Outcome::Fail, 40, Some(Letter::F))),
        ("reflects, by token", reflecting, BEARER, "LNH10", (Outcome::Fail, 3, None)),
        ("reflects without credentials", bare, COOKIE, "LNH10", pass),
        ("strict", strict, COOKIE, "LNH10", pass),
        ("reflects", reflecting, COOKIE, "LNH12", na),
        ("strict", strict, COOKIE, "LNH12", pass),
        ("prefix", starts, COOKIE, "LNH12", (Outcome::Fail, 25, Some(Letter::D))),
        ("prefix, by token", starts, BEARER, "LNH12", (Outcome::Fail, 3, None)),
        ("suffix", ends, COOKIE, "LNH12", (Outcome::Fail, 25, Some(Letter::D))),
        ("dot", dot, COOKIE, "LNH12", (Outcome::Fail, 25, Some(Letter::D))),
        ("plain HTTP", plain, COOKIE, "LNH12", (Outcome::Fail, 8, None)),
        ("subdomains", below, COOKIE, "LNH12", (Outcome::Fail, 8, None)),
        ("null", null, COOKIE, "LNH11", (Outcome::Fail, 30, Some(Letter::D))),
        ("null, by token", null, BEARER, "LNH11", (Outcome::Fail, 3, None)),
        ("strict", strict, COOKIE, "LNH11", pass),
        ("reflects", reflecting, COOKIE, "LNH15", (Outcome::Fail, 6, None)),
    ] {
        let r = tried(service, URL, header, id);
        let cost = if r.outcome == Outcome::Fail { r.weight } else { 0 };
        assert_eq!((r.outcome, cost, r.cap), wanted, "{what} {id}: {}", r.reason);
    }
    let varies: Service = |r| {
        let mut headers = allow(text(r, "origin"));
        headers.push(("Vary", "Origin".to_owned()));
        Some((200, headers, "{}"))
    };
    assert_eq!(tried(varies, URL, COOKIE, "LNH15").outcome, Outcome::Pass);
}

#[test]
fn preflight_trace_and_the_http_port() {
    let says_yes: Service = |r| {
        let mut headers = vec![("Access-Control-Allow-Origin", text(r, "origin"))];
        headers.push(("Access-Control-Allow-Methods", text(r, "access-control-request-method")));
        headers.push(("Access-Control-Allow-Headers", text(r, "access-control-request-headers")));
        Some((204, headers, ""))
    };
    assert!(tried(says_yes, URL, None, "LNH16").reason.contains("made-up"));
    assert_eq!(tried(strict, URL, None, "LNH16").outcome, Outcome::Pass);

    let echo: Service = |r| Some((200, vec![], if r.method == b"TRACE" { "TRACE / HTTP/1.1\r\n" } else { "{}" }));
    assert_eq!(tried(echo, URL, None, "LNH22").weight, 8);
    let r = tried(strict, URL, None, "LNH22");
    assert_eq!((r.outcome, r.reason.as_str()), (Outcome::Pass, "TRACE is refused"));

    let redirects: Service = |r| {
        let plain = r.origin.scheme == crate::wire::Scheme::Http;
        Some(if plain { (301, vec![("Location", URL.to_owned())], "") } else { (200, vec![], "{}") })
    };
    let closed: Service = |r| (r.origin.port == 443).then(|| (200, vec![], "{}"));
    let forbids: Service = |r| Some((if r.origin.port == 443 { 200 } else { 403 }, vec![], "{}"));
    let page: Service =
        |r| Some((if r.origin.port == 443 { 200 } else { 301 }, vec![("Content-Type", "text/html".to_owned())], "<p>"));
    for (what, service, header, outcome) in [
        ("redirects with a credential", redirects, BEARER, Outcome::Fail),
        ("redirects", redirects, None, Outcome::Pass),
        ("is closed", closed, BEARER, Outcome::Pass),
        ("forbids", forbids, BEARER, Outcome::Pass),
        ("is a page", page, BEARER, Outcome::Pass),
        ("answers", strict, None, Outcome::Fail),
    ] {
        assert_eq!(tried(service, URL, header, "LNH29").outcome, outcome, "{what}");
    }
}

#[test]
fn headers_that_errors_lose_are_named() {
    let loses: Service = |r| {
        let good = r.target == b"/x" && r.method == b"GET";
        let headers = if good { vec![("X-Content-Type-Options", "nosniff".to_owned())] } else { vec![] };
        Some((if good { 200 } else { 404 }, headers, "{}"))
    };
    let r = tried(loses, URL, None, "LNH30");
    assert_eq!((r.outcome, r.weight), (Outcome::Fail, 6));
    assert!(r.reason.starts_with("x-content-type-options is on 200 and not on 404"), "{}", r.reason);
    assert_eq!(tried(strict, URL, None, "LNH30").outcome, Outcome::Pass);
    let silent: Service = |r| (r.target == b"/x" && r.method == b"GET").then(|| (200, vec![], "{}"));
    assert_eq!(tried(silent, URL, None, "LNH30").outcome, Outcome::Na);
}
