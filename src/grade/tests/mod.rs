//! Every rule and branch on hand-made replies, and what must hold for all of them.

mod cases;
mod laws;
mod live;

use bytes::Bytes;

use super::*;
use crate::base::{Stamp, Untrusted};
use crate::wire::{Request, Response};

/// Headers of a reply that leaves nothing to better.
const GOOD: &[(&str, &str)] = &[
    ("Strict-Transport-Security", "max-age=31536000"),
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "frame-ancestors 'none'"),
];

fn exchange(method: &str, url: &str, status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
    let request = Request::new(method, url.as_bytes()).expect("url");
    let mut exchange = Exchange::new(1, Stamp::from_unix(0).expect("epoch"), request);
    exchange.response = Some(Response {
        version: "HTTP/1.1".into(),
        status,
        headers: headers.iter().map(|(n, v)| (Untrusted::from(*n), Untrusted::from(*v))).collect(),
        body: Bytes::copy_from_slice(body.as_bytes()),
        wire_bytes: body.len() as u64,
        decoded_bytes: body.len() as u64,
        ..Response::default()
    });
    exchange
}
fn get(headers: &[(&str, &str)]) -> Exchange {
    exchange("GET", "https://api.test/x", 200, headers, r#"{"a":1}"#)
}
fn with(name: &str, value: &str) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> =
        GOOD.iter().filter(|(n, _)| !n.eq_ignore_ascii_case(name)).map(|(n, v)| (*n, (*v).to_owned())).collect();
    if !value.is_empty() {
        all.push((Box::leak(name.to_owned().into_boxed_str()), value.to_owned()));
    }
    all
}
fn replaced(name: &str, value: &str) -> Exchange {
    let headers = with(name, value);
    get(&headers.iter().map(|(n, v)| (*n, v.as_str())).collect::<Vec<_>>())
}
fn ruling(e: &Exchange, id: &str) -> Ruling {
    headers(e).expect("gradable").rules.into_iter().find(|r| r.id == id).expect("in the table")
}
fn letter(e: &Exchange) -> Letter {
    headers(e).expect("gradable").grade
}

#[test]
fn nothing_to_grade_without_a_response() {
    let mut e = get(GOOD);
    e.response = None;
    assert_eq!(headers(&e), None);
}

#[test]
fn a_good_reply_is_an_a_plus() {
    let grade = headers(&get(GOOD)).expect("gradable");
    assert_eq!((grade.grade, grade.score), (Letter::APlus, 100));
    assert_eq!(grade.rules.len(), RULES.len());
    assert_eq!(grade.fails().count(), 0);
}

#[test]
fn a_bare_reply_fails_dearest_first() {
    let grade = headers(&get(&[])).expect("gradable");
    assert_eq!(grade.fails().map(|r| r.id).collect::<Vec<_>>(), ["LNH02", "LNH03", "LNH05", "LNH06"]);
    assert_eq!((grade.score, grade.grade), (57, Letter::D));
}

#[test]
fn transport_security() {
    for (value, outcome, grade) in [
        ("max-age=31536000", Outcome::Pass, Letter::APlus),
        ("max-age=15552000", Outcome::Pass, Letter::A),
        ("max-age=15551999", Outcome::Fail, Letter::B),
        ("max-age=0", Outcome::Fail, Letter::B),
        ("max-age=abc", Outcome::Fail, Letter::B),
        ("includeSubDomains", Outcome::Fail, Letter::B),
        ("", Outcome::Fail, Letter::B),
    ] {
        let e = replaced("Strict-Transport-Security", value);
        assert_eq!((ruling(&e, "LNH02").outcome, letter(&e)), (outcome, grade), "{value}");
    }
    let twice = get(&[GOOD[0], GOOD[0], GOOD[1], GOOD[2]]);
    assert!(ruling(&twice, "LNH02").reason.contains("2 times"));
    for (url, outcome, word) in [
        ("http://127.0.0.1:1/", Outcome::Na, "loopback"),
        ("http://localhost/", Outcome::Na, "loopback"),
        ("http://api.test/", Outcome::Fail, "plain HTTP"),
        ("https://192.0.2.1/", Outcome::Na, "an address"),
        ("https://[::1]/", Outcome::Na, "an address"),
        ("https://localhost/", Outcome::Pass, "max-age"),
    ] {
        let r = ruling(&exchange("GET", url, 200, GOOD, "{}"), "LNH02");
        assert_eq!(r.outcome, outcome, "{url}");
        assert!(r.reason.contains(word), "{url}: {}", r.reason);
    }
    assert_eq!(
        letter(&exchange("GET", "http://127.0.0.1/", 200, GOOD, "{}")),
        Letter::A,
        "A+ asks for a policy that holds"
    );
}

#[test]
fn content_type() {
    for (value, body, outcome, cap) in [
        ("application/json", r#"{"a":1}"#, Outcome::Pass, None),
        ("application/problem+json; charset=utf-8", r#"{"a":1}"#, Outcome::Pass, None),
        ("application/json", "17", Outcome::Pass, None),
        ("", r#"{"a":1}"#, Outcome::Fail, None),
        ("text/html", r#"{"a":1}"#, Outcome::Fail, Some(Letter::C)),
        ("text/html", "<p>", Outcome::Pass, None),
        ("text/plain", "[1]", Outcome::Fail, None),
        ("application/json", "<!DOCTYPE html><p>", Outcome::Fail, None),
        ("application/json", "oops", Outcome::Fail, None),
        ("application/octet-stream", "[1]", Outcome::Pass, None),
        ("json", "{}", Outcome::Fail, None),
    ] {
        let list = with("Content-Type", value);
        let list: Vec<(&str, &str)> = list.iter().map(|(n, v)| (*n, v.as_str())).collect();
        let r = ruling(&exchange("GET", "https://api.test/", 200, &list, body), "LNH03");
        assert_eq!((r.outcome, r.cap), (outcome, cap), "{value} {body}: {}", r.reason);
    }
    for (method, status, body) in
        [("GET", 204, ""), ("GET", 304, ""), ("HEAD", 200, ""), ("GET", 101, ""), ("GET", 200, "")]
    {
        assert_eq!(ruling(&exchange(method, "https://api.test/", status, &[], body), "LNH03").outcome, Outcome::Na);
    }
    let twice = exchange(
        "GET",
        "https://api.test/",
        200,
        &[("content-type", "text/html"), ("content-type", "text/json")],
        "{}",
    );
    assert_eq!(ruling(&twice, "LNH03").cap, Some(Letter::C));
    let mut cut = exchange("GET", "https://api.test/", 200, GOOD, r#"{"a":"#);
    assert_eq!(ruling(&cut, "LNH03").outcome, Outcome::Fail);
    cut.response.as_mut().expect("response").truncated = true;
    assert_eq!(ruling(&cut, "LNH03").outcome, Outcome::Pass, "a body cut short cannot be held against its label");
    let mut coded = exchange("GET", "https://api.test/", 200, GOOD, "\u{1f}\u{2}");
    coded.response.as_mut().expect("response").headers.push(("content-encoding".into(), "x-made-up".into()));
    assert_eq!(ruling(&coded, "LNH03").outcome, Outcome::Pass, "nor can one that is still encoded");
}

#[test]
fn nosniff() {
    for (value, outcome) in [
        ("nosniff", Outcome::Pass),
        ("NoSniff", Outcome::Pass),
        ("nosniff, nosniff", Outcome::Pass),
        ("sniff, nosniff", Outcome::Fail),
        ("", Outcome::Fail),
    ] {
        assert_eq!(ruling(&replaced("X-Content-Type-Options", value), "LNH05").outcome, outcome, "{value}");
    }
    assert_eq!(ruling(&exchange("GET", "https://api.test/", 204, &[], ""), "LNH05").outcome, Outcome::Na);
    assert_eq!(ruling(&exchange("HEAD", "https://api.test/", 200, &[], ""), "LNH05").outcome, Outcome::Fail);
}

#[test]
fn no_store() {
    let token = r#"{"token":"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}"#;
    let opaque = r#"{"access_token":"abc","token_type":"Bearer"}"#;
    for (cache, method, auth, body, outcome, cap) in [
        ("", "GET", false, "{}", Outcome::Na, None),
        ("", "GET", true, "{}", Outcome::Fail, None),
        ("no-store", "GET", true, "{}", Outcome::Pass, None),
        ("No-Store, max-age=0", "GET", true, "{}", Outcome::Pass, None),
        ("no-store, public", "GET", true, "{}", Outcome::Fail, None),
        ("no-store, max-age=60", "GET", true, "{}", Outcome::Fail, None),
        ("private, no-cache", "GET", true, "{}", Outcome::Fail, None),
        ("public, max-age=60", "GET", true, "{}", Outcome::Fail, None),
        ("", "DELETE", true, "{}", Outcome::Na, None),
        ("public", "POST", true, "{}", Outcome::Fail, None),
        ("", "POST", false, token, Outcome::Fail, Some(Letter::C)),
        ("", "POST", false, opaque, Outcome::Fail, Some(Letter::C)),
        ("no-store", "POST", false, token, Outcome::Pass, None),
        ("", "GET", false, r#"{"next_page_token":"abc","csrf_token":"x","token":""}"#, Outcome::Na, None),
    ] {
        let mut e = exchange(method, "https://api.test/", 200, &[("cache-control", cache)], body);
        if auth {
            e.request = e.request.header("Authorization", "Bearer x");
        }
        let r = ruling(&e, "LNH08");
        assert_eq!((r.outcome, r.cap), (outcome, cap), "{cache} {method} {body}: {}", r.reason);
    }
    let header = exchange("GET", "https://api.test/", 302, &[("location", "/?t=eyJhbGciOiJub25lIn0.e30.")], "");
    assert_eq!(ruling(&header, "LNH08").cap, Some(Letter::C));
}

#[test]
fn null_origin() {
    for (origin, credentials, outcome) in [
        ("", "", Outcome::Na),
        ("*", "", Outcome::Pass),
        ("https://a.test", "true", Outcome::Pass),
        ("null", "", Outcome::Pass),
        ("null", "True", Outcome::Pass),
        ("null", "true", Outcome::Fail),
    ] {
        let mut list = GOOD.to_vec();
        if !origin.is_empty() {
            list.push(("access-control-allow-origin", origin));
        }
        if !credentials.is_empty() {
            list.push(("access-control-allow-credentials", credentials));
        }
        let e = get(&list);
        assert_eq!(ruling(&e, "LNH11").outcome, outcome, "{origin} {credentials}");
        assert_eq!(letter(&e) == Letter::D, outcome == Outcome::Fail);
    }
}

#[test]
fn cookies() {
    for (lines, cost, cap) in [
        (&["sid=1; Secure; HttpOnly; SameSite=Lax"][..], 0, None),
        (&["sid=1; Secure; HttpOnly"], 5, None),
        (&["sid=1; Secure; SameSite=Strict"], 10, None),
        (&["sid=1; HttpOnly; SameSite=Strict"], 10, Some(Letter::D)),
        (&["sid=1"], 25, Some(Letter::D)),
        (&["theme=dark"], 15, None),
        (&["theme=dark; Secure; SameSite=Lax"], 0, None),
        (&["theme=dark; Secure; SameSite=Lax", "sid=1; HttpOnly; SameSite=Lax"], 10, Some(Letter::D)),
        (&["sid=1; Secure; HttpOnly; SameSite=None"], 5, None),
    ] {
        let mut list = GOOD.to_vec();
        list.extend(lines.iter().map(|l| ("set-cookie", *l)));
        let r = ruling(&get(&list), "LNH17");
        let paid = if r.outcome == Outcome::Fail { r.weight } else { 0 };
        assert_eq!((paid, r.cap), (cost, cap), "{lines:?}: {}", r.reason);
    }
    assert_eq!(ruling(&get(GOOD), "LNH17").outcome, Outcome::Na);
}

#[test]
fn huge_and_foreign_values_are_read_and_cut() {
    let huge = "\u{1b}é,".repeat(300_000);
    let list: Vec<(&str, &str)> = [
        "strict-transport-security",
        "content-type",
        "x-content-type-options",
        "cache-control",
        "access-control-allow-origin",
        "set-cookie",
        "content-security-policy",
        "referrer-policy",
        "www-authenticate",
        "x-frame-options",
        "vary",
        "location",
        "ratelimit",
        "etag",
    ]
    .iter()
    .map(|n| (*n, huge.as_str()))
    .collect();
    let mut e = get(&list);
    e.request = e.request.header("Cookie", "a=b");
    let started = std::time::Instant::now();
    for r in headers(&e).expect("gradable").rules {
        assert!(r.reason.len() < 600 && !r.reason.chars().any(crate::base::text::is_hazard), "{}", r.reason);
    }
    let dots = "ey.".repeat(350_000);
    headers(&get(&[("set-cookie", &dots), ("x", &dots)])).expect("gradable");
    assert!(started.elapsed().as_secs() < 10);
}

#[test]
fn the_table_is_whole() {
    for (i, r) in RULES.iter().enumerate() {
        assert_eq!(r.id, format!("LNH{:02}", i + 1), "in order, and none is left out");
        for text in [r.title, r.applies, r.reference, r.fix, r.plain] {
            assert!(text.len() > 5, "{}: {text}", r.id);
        }
        assert!(r.plain.ends_with('.'), "{}: sentences", r.id);
        assert!(r.header.is_empty() || r.header.contains(": "), "{}", r.id);
        assert!(r.nginx.is_empty() || r.nginx.ends_with(';'), "{}", r.id);
        assert_eq!(rule(r.id).map(|x| x.title), Some(r.title), "ids are unique");
    }
    assert_eq!(RULES.len(), 31);
    // What nginx is told to send is what the header line says, so that one fix is one fix.
    for r in RULES.iter().filter(|r| r.nginx.starts_with("add_header ") && !r.header.is_empty()) {
        let name = r.nginx.split(' ').nth(1).expect("a name");
        assert!(r.header.starts_with(name) || r.id == "LNH31", "{}", r.id);
    }
}
