//! Hand-written replies, each with what one rule says of it. No two take the same way through the same rule: the reasons
//! they end with all differ.

use std::collections::BTreeSet;

use super::*;

/// Rule, what it says (`pass`, `pass +3`, `na`, `fail 15`, `fail 15 B`), a request (after `?` it is not known), and its
/// reply: status, headers, blank line, body.
type Case = (&'static str, &'static str, &'static str, &'static str);

const J: &str = "GET https://api.test/x";
const A: &str = "GET https://api.test/x\nAuthorization: Bearer x";
const B: &str = "GET https://api.test/x\nCookie: sid=1";

const CASES: &[Case] = &[
    ("LNH01", "pass", J, "200\n\n{}"),
    ("LNH01", "na", "GET http://localhost:8080/", "200\n\n{}"),
    ("LNH01", "fail 0 F", "GET http://api.test/", "200\n\n{}"),
    ("LNH02", "pass", J, "200\nStrict-Transport-Security: max-age=63072000; includeSubDomains\n\n{}"),
    ("LNH02", "pass", J, "200\nStrict-Transport-Security: max-age=20000000\n\n{}"),
    ("LNH02", "fail 15 B", J, "200\n\n{}"),
    ("LNH02", "fail 15 B", J, "200\nStrict-Transport-Security: max-age=0\n\n{}"),
    ("LNH02", "fail 15 B", J, "200\nStrict-Transport-Security: max-age=86400\n\n{}"),
    ("LNH02", "fail 15 B", J, "200\nStrict-Transport-Security: max-age=abc\n\n{}"),
    ("LNH02", "fail 15 B", J, "200\nStrict-Transport-Security: includeSubDomains\n\n{}"),
    ("LNH02", "fail 15 B", J, "200\nStrict-Transport-Security: max-age=9; max-age=99999999\n\n{}"),
    (
        "LNH02",
        "fail 15 B",
        J,
        "200\nStrict-Transport-Security: max-age=31536000\nStrict-Transport-Security: max-age=0\n\n{}",
    ),
    ("LNH02", "na", "GET https://192.0.2.7/", "200\n\n{}"),
    ("LNH02", "na", "GET http://127.0.0.1/", "200\n\n{}"),
    ("LNH02", "fail 15 B", "GET http://api.test/", "200\nStrict-Transport-Security: max-age=31536000\n\n{}"),
    ("LNH03", "pass", J, "200\nContent-Type: application/json\n\n{}"),
    ("LNH03", "fail 15", J, "200\n\n{}"),
    ("LNH03", "fail 15 C", J, "200\nContent-Type: text/html\n\n{\"a\":\"<script>\"}"),
    ("LNH03", "fail 15", J, "200\nContent-Type: text/plain\n\n[1]"),
    ("LNH03", "fail 15", J, "200\nContent-Type: application/json\n\n<!doctype html><p>"),
    ("LNH03", "fail 15", J, "200\nContent-Type: application/json\n\nnot json"),
    ("LNH03", "fail 15", J, "200\nContent-Type: json\n\n{}"),
    ("LNH03", "fail 15", J, "200\nContent-Type: application/json\nContent-Type: text/plain\n\n{}"),
    ("LNH03", "fail 15 C", J, "200\nContent-Type: application/json\nContent-Type: text/html\n\n{}"),
    ("LNH03", "na", J, "204\n\n"),
    ("LNH03", "na", J, "304\n\n"),
    ("LNH03", "na", "HEAD https://api.test/", "200\n\n"),
    ("LNH03", "na", J, "200\n\n"),
    ("LNH04", "na", J, "200\nContent-Type: application/json\n\n{}"),
    ("LNH04", "na", J, "200\nContent-Type: image/png\n\nx"),
    ("LNH04", "na", J, "200\nContent-Type: text/event-stream\n\ndata: x"),
    ("LNH04", "na", J, "200\n\nx"),
    ("LNH04", "na", J, "204\nContent-Type: text/plain\n\n"),
    ("LNH04", "pass", J, "200\nContent-Type: text/plain; charset=\"utf-8\"\n\nx"),
    ("LNH04", "pass", J, "200\nContent-Type: text/html\n\n<html><meta charset=utf-8>"),
    ("LNH04", "pass", J, "200\nContent-Type: text/csv\n\n\u{feff}a,b"),
    ("LNH04", "fail 2", J, "200\nContent-Type: text/plain\n\nx"),
    ("LNH04", "fail 2", J, "200\nContent-Type: text/plain; charset=\n\nx"),
    ("LNH05", "pass", J, "200\nX-Content-Type-Options: nosniff, nosniff\n\n{}"),
    ("LNH05", "fail 8", J, "200\n\n{}"),
    ("LNH05", "fail 8", J, "200\nX-Content-Type-Options: none\n\n{}"),
    ("LNH05", "na", J, "204\n\n"),
    ("LNH06", "pass", J, "200\nContent-Security-Policy: frame-ancestors 'none'\n\n{}"),
    ("LNH06", "pass", J, "200\nX-Frame-Options: deny\n\n{}"),
    ("LNH06", "pass", J, "200\nX-Frame-Options: DENY, SAMEORIGIN\n\n{}"),
    ("LNH06", "fail 5", J, "200\nContent-Security-Policy: frame-ancestors *\nX-Frame-Options: DENY\n\n{}"),
    ("LNH06", "fail 5", J, "200\n\n{}"),
    ("LNH06", "fail 15", J, "200\nContent-Type: text/html\nX-Frame-Options: ALLOW-FROM https://a.test\n\n<p>"),
    ("LNH06", "na", J, "204\n\n"),
    ("LNH07", "pass +3", J, "200\nContent-Security-Policy: default-src 'none'\n\n{}"),
    ("LNH07", "na", J, "200\n\n{}"),
    ("LNH07", "na", J, "200\nContent-Type: image/png\n\nx"),
    ("LNH07", "na", J, "304\n\n"),
    ("LNH07", "fail 20", J, "200\nContent-Type: text/html\n\n<p>"),
    (
        "LNH07",
        "fail 20",
        J,
        "200\nContent-Type: text/html\nContent-Security-Policy-Report-Only: default-src 'none'\n\n<p>",
    ),
    ("LNH07", "fail 20", J, "200\nContent-Type: text/html\nContent-Security-Policy: ;\n\n<p>"),
    (
        "LNH07",
        "fail 15",
        J,
        "200\nContent-Type: text/html\nContent-Security-Policy: default-src 'self' 'unsafe-inline'\n\n<p>",
    ),
    ("LNH07", "fail 20", J, "200\nContent-Type: text/html\nContent-Security-Policy: frame-ancestors 'none'\n\n<p>"),
    ("LNH07", "fail 5", J, "200\nContent-Type: text/html\nContent-Security-Policy: script-src 'self'\n\n<p>"),
    (
        "LNH07",
        "pass",
        J,
        "200\nContent-Type: text/html\nContent-Security-Policy: default-src 'self'; require-trusted-types-for 'script'\n\n<p>",
    ),
    (
        "LNH07",
        "pass",
        J,
        "200\nContent-Type: text/html\n\n<html><meta http-equiv=content-security-policy content=\"default-src 'none'\">",
    ),
    ("LNH08", "na", J, "200\n\n{}"),
    ("LNH08", "na", A, "100\n\n"),
    ("LNH08", "fail 12", A, "200\n\n{}"),
    ("LNH08", "fail 12", A, "200\nPragma: no-cache\n\n{}"),
    ("LNH08", "fail 12", A, "200\nCache-Control: private\n\n{}"),
    ("LNH08", "fail 12", A, "200\nCache-Control: public\n\n{}"),
    ("LNH08", "fail 12", A, "200\nCache-Control: no-store, max-age=60\n\n{}"),
    ("LNH08", "fail 12 C", J, "200\n\n{\"access_token\":\"x\"}"),
    ("LNH08", "fail 12 C", J, "200\nCache-Control: public\n\n{\"access_token\":\"x\"}"),
    ("LNH08", "pass", A, "200\nCache-Control: no-store\n\n{}"),
    ("LNH08", "na", "POST https://api.test/x\nAuthorization: Bearer x", "201\n\n{}"),
    ("LNH09", "na", J, "200\nCache-Control: public\n\n{}"),
    ("LNH09", "na", A, "200\n\n{}"),
    ("LNH09", "na", A, "200\nCache-Control: no-store\n\n{}"),
    ("LNH09", "fail 4", A, "200\nCache-Control: max-age=60\nVary: Accept\n\n{}"),
    ("LNH09", "pass", B, "200\nCache-Control: max-age=60\nVary: accept, cookie\n\n{}"),
    ("LNH10", "na", J, "200\nAccess-Control-Allow-Origin: https://a.test\n\n{}"),
    ("LNH11", "na", J, "200\n\n{}"),
    ("LNH11", "pass", J, "200\nAccess-Control-Allow-Origin: https://a.test\n\n{}"),
    ("LNH11", "pass", J, "200\nAccess-Control-Allow-Origin: null\n\n{}"),
    ("LNH11", "fail 30 D", J, "200\nAccess-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\n\n{}"),
    ("LNH11", "fail 30 D", B, "200\nAccess-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\n\n{}"),
    (
        "LNH11",
        "fail 30 D",
        "GET https://api.test/\nAuthorization: Basic eDp5",
        "200\nAccess-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\n\n{}",
    ),
    (
        "LNH11",
        "fail 30 D",
        J,
        "200\nAccess-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\nSet-Cookie: sid=1\n\n{}",
    ),
    ("LNH11", "fail 3", A, "200\nAccess-Control-Allow-Origin: null\nAccess-Control-Allow-Credentials: true\n\n{}"),
    ("LNH12", "na", J, "200\n\n{}"),
    ("LNH13", "na", J, "200\n\n{}"),
    ("LNH13", "pass", J, "200\nAccess-Control-Allow-Origin: *\n\n{}"),
    ("LNH13", "fail 5", J, "200\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Credentials: true\n\n{}"),
    ("LNH13", "fail 5", J, "200\nAccess-Control-Allow-Origin: https://a.test, https://b.test\n\n{}"),
    ("LNH13", "fail 5", J, "200\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Origin: *\n\n{}"),
    ("LNH14", "na", J, "200\n\n{}"),
    ("LNH14", "pass", J, "200\nAccess-Control-Allow-Origin: https://a.test\n\n{}"),
    ("LNH14", "pass", J, "200\nAccess-Control-Allow-Origin: *\n\n{}"),
    ("LNH14", "pass", A, "200\nAccess-Control-Allow-Origin: *\n\n{}"),
    ("LNH14", "pass", "?GET https://api.test/x", "200\nAccess-Control-Allow-Origin: *\n\n{}"),
    ("LNH14", "fail 6", B, "200\nAccess-Control-Allow-Origin: *\n\n{}"),
    (
        "LNH14",
        "fail 6",
        "?GET https://api.test/x",
        "200\nAccess-Control-Allow-Origin: *\nAccess-Control-Allow-Credentials: true\n\n{}",
    ),
    ("LNH15", "na", J, "200\n\n{}"),
    ("LNH15", "na", J, "200\nAccess-Control-Allow-Origin: https://a.test\n\n{}"),
    (
        "LNH15",
        "fail 6",
        "GET https://api.test/\nOrigin: https://a.test",
        "200\nAccess-Control-Allow-Origin: https://a.test\n\n{}",
    ),
    (
        "LNH15",
        "pass",
        "GET https://api.test/\nOrigin: https://a.test",
        "200\nAccess-Control-Allow-Origin: https://a.test\nVary: Accept, Origin\n\n{}",
    ),
    (
        "LNH15",
        "pass",
        "GET https://api.test/\nOrigin: https://a.test",
        "200\nAccess-Control-Allow-Origin: https://a.test\nCache-Control: no-store\n\n{}",
    ),
    ("LNH16", "na", J, "200\n\n{}"),
    ("LNH16", "pass", "OPTIONS https://api.test/", "204\n\n"),
    (
        "LNH16",
        "pass",
        "OPTIONS https://api.test/",
        "204\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Methods: GET, POST\n\n",
    ),
    (
        "LNH16",
        "fail 3",
        "OPTIONS https://api.test/",
        "204\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Headers: *\n\n",
    ),
    (
        "LNH16",
        "fail 3",
        "OPTIONS https://api.test/",
        "204\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Methods: GET, TRACE\n\n",
    ),
    (
        "LNH16",
        "fail 3",
        "OPTIONS https://api.test/",
        "204\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Allow-Private-Network: true\n\n",
    ),
    (
        "LNH16",
        "fail 3",
        "OPTIONS https://api.test/",
        "204\nAccess-Control-Allow-Origin: https://a.test\nAccess-Control-Max-Age: 86401\n\n",
    ),
    ("LNH17", "na", J, "200\nSet-Cookie: sid=; Max-Age=0\n\n{}"),
    ("LNH17", "pass", J, "200\nSet-Cookie: sid=1; Secure; HttpOnly; SameSite=Lax\n\n{}"),
    ("LNH17", "fail 25 D", J, "200\nSet-Cookie: connect.sid=1\n\n{}"),
    ("LNH17", "fail 10 D", J, "200\nSet-Cookie: access_token=1; HttpOnly; SameSite=Strict\n\n{}"),
    ("LNH17", "fail 10", J, "200\nSet-Cookie: sid=1; Secure; SameSite=Lax\n\n{}"),
    ("LNH17", "fail 5", J, "200\nSet-Cookie: sid=1; Secure; HttpOnly; SameSite=None\n\n{}"),
    ("LNH17", "fail 15", J, "200\nSet-Cookie: theme=dark\n\n{}"),
    ("LNH18", "na", J, "200\n\n{}"),
    ("LNH18", "pass", J, "200\nSet-Cookie: __Host-sid=1; Secure; Path=/\n\n{}"),
    ("LNH18", "fail 3", J, "200\nSet-Cookie: __Host-sid=1; Secure; Path=/; Domain=api.test\n\n{}"),
    ("LNH18", "fail 3", J, "200\nSet-Cookie: __Secure-sid=1; Path=/\n\n{}"),
    ("LNH18", "fail 3", J, "200\nSet-Cookie: a=1; SameSite=None\n\n{}"),
    ("LNH18", "fail 3", J, "200\nSet-Cookie: a=1; Partitioned\n\n{}"),
    ("LNH18", "fail 3", "GET https://api.shop.co.uk/", "200\nSet-Cookie: a=1; Domain=co.uk\n\n{}"),
    ("LNH18", "fail 3", J, "200\nSet-Cookie: a=1; Domain=other.example.com\n\n{}"),
    ("LNH18", "fail 3", "GET https://a.api.test/", "200\nSet-Cookie: sid=1; Secure; Domain=.api.test\n\n{}"),
    ("LNH19", "pass", J, "200\n\n{}"),
    ("LNH19", "pass", J, "200\nServer: nginx\n\n{}"),
    ("LNH19", "fail 4", J, "200\nServer: nginx/1.18.0\n\n{}"),
    ("LNH19", "fail 8", J, "200\nServer: Apache/2.4\nX-Powered-By: PHP/8.1\nX-AspNet-Version: 4.0.30319\n\n{}"),
    ("LNH20", "pass", J, "200\n\n{}"),
    ("LNH20", "fail 2", J, "200\nX-Debug-Token: 1\nX-Kong-Upstream-Latency: 3\n\n{}"),
    ("LNH21", "na", J, "200\n\n{}"),
    ("LNH21", "fail 5", J, "401\n\n{}"),
    ("LNH21", "pass", J, "401\nWWW-Authenticate: Bearer realm=\"a\"\n\n{}"),
    ("LNH21", "pass", J, "401\nWWW-Authenticate: Basic realm=\"a\"\n\n{}"),
    (
        "LNH21",
        "pass",
        J,
        "401\nWWW-Authenticate: DPoP algs=\"ES256\", Bearer resource_metadata=\"https://a.test/\"\n\n{}",
    ),
    ("LNH21", "fail 5", "GET http://api.test/", "401\nWWW-Authenticate: Basic realm=\"a\"\n\n{}"),
    ("LNH22", "na", J, "200\n\n{}"),
    ("LNH22", "fail 2", J, "405\n\n{}"),
    ("LNH22", "pass", J, "405\nAllow: GET\n\n{}"),
    ("LNH22", "fail 2", J, "429\n\n{}"),
    ("LNH22", "fail 2", J, "503\n\n{}"),
    ("LNH22", "pass", J, "429\nRetry-After: 9\n\n{}"),
    ("LNH22", "fail 8", "TRACE https://api.test/", "200\nContent-Type: message/http\n\nTRACE / HTTP/1.1"),
    ("LNH23", "na", J, "200\n\n{}"),
    ("LNH23", "pass", J, "200\nRateLimit: \"default\";r=5;t=30\n\n{}"),
    ("LNH23", "pass", J, "200\nX-RateLimit-Limit: 100\n\n{}"),
    ("LNH24", "na", J, "200\n\n{}"),
    ("LNH24", "pass", J, "200\nDeprecation: @1767225600\nSunset: Sun, 11 Nov 2035 23:59:59 GMT\n\n{}"),
    ("LNH24", "fail 3", J, "200\nDeprecation: true\n\n{}"),
    ("LNH24", "fail 3", J, "200\nSunset: 2018-11-11\n\n{}"),
    ("LNH24", "fail 3", J, "200\nSunset: Sun, 11 Nov 1962 23:59:59 GMT\n\n{}"),
    ("LNH24", "fail 3", J, "200\nDeprecation: @2082758400\nSunset: Sun, 11 Nov 2035 23:59:59 GMT\n\n{}"),
    ("LNH25", "na", A, "200\n\n{}"),
    ("LNH25", "fail 3", A, "200\nCross-Origin-Resource-Policy: none\n\n{}"),
    ("LNH25", "fail 3", B, "200\n\n{}"),
    ("LNH25", "fail 3", B, "200\nCross-Origin-Resource-Policy: cross-origin\n\n{}"),
    ("LNH25", "pass", B, "200\nCross-Origin-Resource-Policy: same-origin\n\n{}"),
    ("LNH25", "na", J, "200\nContent-Type: image/png\n\nx"),
    ("LNH25", "na", J, "304\n\n"),
    ("LNH25", "fail 3", J, "200\nContent-Type: text/html\n\n<p>"),
    ("LNH25", "fail 3", J, "200\nContent-Type: text/html\nCross-Origin-Opener-Policy: unsafe-none\n\n<p>"),
    (
        "LNH25",
        "fail 3",
        J,
        "200\nContent-Type: text/html\nCross-Origin-Opener-Policy: same-origin\nCross-Origin-Embedder-Policy: yes\n\n<p>",
    ),
    ("LNH26", "na", J, "200\n\n{}"),
    ("LNH26", "fail 5", J, "200\nReferrer-Policy: no-referrer, unsafe-url\n\n{}"),
    ("LNH26", "fail 5", J, "200\nReferrer-Policy: never\n\n{}"),
    ("LNH26", "fail 5", J, "200\nContent-Type: text/html\n\n<p>"),
    ("LNH26", "fail 5", J, "200\nContent-Type: text/html\nReferrer-Policy: no-referrer\n\n<p>"),
    (
        "LNH26",
        "pass",
        J,
        "200\nContent-Type: text/html\nPermissions-Policy: camera=()\n\n<html><meta name=referrer content=no-referrer>",
    ),
    ("LNH27", "pass", J, "200\nX-XSS-Protection: 0\n\n{}"),
    ("LNH27", "fail 1", J, "200\nX-XSS-Protection: 1; mode=block\n\n{}"),
    ("LNH27", "fail 1", J, "200\nPragma: no-cache\n\n{}"),
    ("LNH27", "fail 1", J, "200\nX-Frame-Options: ALLOW-FROM https://a.test\n\n{}"),
    ("LNH27", "fail 4", J, "200\nPublic-Key-Pins: x\nExpect-CT: x\nFeature-Policy: x\nP3P: x\n\n{}"),
    ("LNH28", "pass", J, "200\nSet-Cookie: a=eyJhbGciOiJub25lIn0.e30.\nLocation: /cb?code=1&state=2\n\n{}"),
    ("LNH28", "fail 25 D", J, "302\nLocation: /cb#access_token=abc\n\n"),
    ("LNH28", "fail 25 D", J, "200\nX-User: eyJhbGciOiJub25lIn0.e30.\n\n{}"),
    ("LNH28", "fail 25 D", J, "200\nX-Key: AKIAABCDEFGHIJKLMNOP\n\n{}"),
    ("LNH28", "fail 25 D", J, "200\nX-Api-Key: abc\n\n{}"),
    ("LNH29", "na", J, "200\n\n{}"),
    ("LNH29", "na", "GET http://127.0.0.1/", "301\n\n"),
    ("LNH29", "na", "GET http://api.test/", "301\nLocation: https://api.test/\n\n"),
    ("LNH29", "fail 5", "GET http://api.test/\nAuthorization: Bearer x", "301\nLocation: https://api.test/\n\n"),
    ("LNH30", "na", J, "200\n\n{}"),
    ("LNH31", "pass", J, "200\nX-Frame-Options: DENY\nContent-Security-Policy: frame-ancestors 'none'\n\n{}"),
    ("LNH31", "fail 3", J, "200\nStrict-Transport-Security: max-age=1\nStrict-Transport-Security: max-age=1\n\n{}"),
    ("LNH31", "fail 3", J, "200\nX-Content-Type-Options: nosniff\nX-Content-Type-Options: nosniff\n\n{}"),
    ("LNH31", "fail 3", J, "200\nX-Frame-Options: DENY\nX-Frame-Options: DENY\n\n{}"),
    ("LNH31", "fail 3", J, "200\nX-Frame-Options: DENY\nX-Frame-Options: SAMEORIGIN\n\n{}"),
    ("LNH31", "fail 3", J, "200\nX-Frame-Options: DENY\nContent-Security-Policy: frame-ancestors *\n\n{}"),
];

/// The exchange of a case, and whether its request is known.
fn read(request: &str, reply: &str) -> (Exchange, bool) {
    let unknown = request.starts_with('?');
    let mut lines = request.trim_start_matches('?').lines();
    let (method, url) = lines.next().and_then(|l| l.split_once(' ')).expect("method and URL");
    let (head, body) = reply.split_once("\n\n").expect("a blank line");
    let mut head = head.lines();
    let status = head.next().and_then(|s| s.parse().ok()).expect("a status");
    let headers: Vec<(&str, &str)> = head.map(|l| l.split_once(": ").expect("a header")).collect();
    let mut e = exchange(method, url, status, &headers, body);
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        e.request = e.request.header(name, value);
    }
    (e, unknown)
}

#[test]
fn every_rule_says_what_is_right() {
    let mut ways = BTreeSet::new();
    for (id, wanted, request, reply) in CASES {
        let (e, request_unknown) = read(request, reply);
        let grade = judge(&e, &View { request_unknown, probes: None }).expect("gradable");
        let r = grade.rules.into_iter().find(|r| r.id == *id).expect("in the table");
        let cap = r.cap.map(|c| format!(" {c}")).unwrap_or_default();
        let said = match r.outcome {
            Outcome::Pass if r.bonus > 0 => format!("pass +{}", r.bonus),
            Outcome::Pass => "pass".to_owned(),
            Outcome::Na => "na".to_owned(),
            Outcome::Fail => format!("fail {}{cap}", r.weight),
        };
        assert_eq!(said, *wanted, "{id} of {request:?} {reply:?}: {}", r.reason);
        assert!(ways.insert((*id, r.reason.clone())), "{id} of {reply:?} goes a way that another went: {}", r.reason);
        assert!(r.reason.len() > 3 && r.reason.len() < 600, "{}", r.reason);
    }
    assert!(CASES.len() >= 120, "{}", CASES.len());
    for rule in RULES {
        assert!(CASES.iter().any(|c| c.0 == rule.id), "{} has no case", rule.id);
    }
}

/// Replies that a grader of pages is wrong about, each with the right letter and what that grader says.
#[test]
fn the_wrong_answers_of_others_are_right_here() {
    const BEST: &str = "Content-Type: application/json\nX-Content-Type-Options: nosniff\nCache-Control: no-store\n\
        Cross-Origin-Resource-Policy: same-origin\nReferrer-Policy: no-referrer";
    let hsts = "Strict-Transport-Security: max-age=31536000";
    let csp = "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'";
    let cors = "Access-Control-Allow-Credentials: true\nAccess-Control-Allow-Origin:";
    let owasp = "Cache-Control: no-store\nX-Content-Type-Options: nosniff\nX-Frame-Options: DENY\n\
        Content-Security-Policy: frame-ancestors 'none'\nContent-Type: application/json";
    for (what, request, headers, letter, theirs) in [
        ("all is well", J, format!("{BEST}\n{hsts}\n{csp}"), Letter::APlus, "A+"),
        ("HSTS is off", J, format!("{BEST}\n{csp}\nStrict-Transport-Security: max-age=0"), Letter::B, "A+"),
        ("HSTS is no number", J, format!("{BEST}\n{csp}\nStrict-Transport-Security: max-age=abc"), Letter::B, "A+"),
        (
            "frames for all",
            J,
            format!("{BEST}\n{hsts}\nContent-Security-Policy: default-src 'none'; frame-ancestors *"),
            Letter::A,
            "A+",
        ),
        ("null with credentials", J, format!("{BEST}\n{hsts}\n{csp}\n{cors} null"), Letter::D, "A+"),
        ("a token without flags", J, format!("{BEST}\n{hsts}\n{csp}\nSet-Cookie: access_token=1"), Letter::D, "A+"),
        ("a session without flags", J, format!("{BEST}\n{hsts}\n{csp}\nSet-Cookie: connect.sid=1"), Letter::D, "A+"),
        ("plain HTTP", "GET http://api.test/", format!("{BEST}\n{csp}"), Letter::F, "C+"),
        ("nosniff twice", J, format!("{BEST}\n{hsts}\n{csp}\nX-Content-Type-Options: nosniff"), Letter::A, "A+"),
        ("versions", J, format!("{BEST}\n{hsts}\n{csp}\nServer: a/1.2\nX-Powered-By: b/3"), Letter::A, "A+"),
        ("the OWASP set", J, format!("{owasp}\n{hsts}"), Letter::APlus, "B+"),
        ("the OWASP set, authenticated", A, format!("{owasp}\n{hsts}"), Letter::APlus, "B+"),
        ("only a type", J, "Content-Type: application/json".to_owned(), Letter::C, "D"),
        ("only a type, authenticated", A, "Content-Type: application/json".to_owned(), Letter::D, "D"),
    ] {
        let (e, _) = read(request, Box::leak(format!("200\n{headers}\n\n{{\"a\":1}}").into_boxed_str()));
        let g = super::headers(&e).expect("gradable");
        let fails: Vec<_> = g.fails().collect();
        assert_eq!((g.grade, g.observatory.grade), (letter, Some(theirs)), "{what}: {fails:?} {:?}", g.observatory);
        let same = theirs == letter.word() || (theirs == "D" && letter == Letter::D);
        assert_eq!(g.difference().is_none(), same, "{what}: {:?}", g.difference());
    }
    let bare = super::headers(&read(J, "200\nContent-Type: application/json\n\n{}").0).expect("gradable");
    let authenticated = super::headers(&read(A, "200\nContent-Type: application/json\n\n{}").0).expect("gradable");
    assert_eq!((bare.score, authenticated.score), (72, 60));
}

#[test]
fn a_certificate_that_is_not_trusted_makes_no_letter_of_the_service() {
    let mut e = get(GOOD);
    e.tls = Some(crate::wire::TlsFacts { faults: vec!["expired".to_owned()], ..Default::default() });
    let g = super::headers(&e).expect("a letter");
    assert_eq!((g.grade, g.observatory.grade), (Letter::T, Some("C+")));
}
