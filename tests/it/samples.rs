//! The files of `samples/` are what the practice API says they are. `UPDATE_SAMPLES=1 cargo test samples` writes them anew.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;

use lunette::base::{Letter, Stamp};
use lunette::jwt::{self, Kind};
use lunette::wire::{Exchange, Request, Response};
use lunette::{demo, grade};

fn files() -> [(&'static str, String); 5] {
    [
        ("shop.openapi.json", demo::openapi(demo::SAMPLE_BASE)),
        ("shop.access.log", demo::access_log()),
        ("shop.token", demo::sample_token() + "\n"),
        ("shop.har", demo::har()),
        ("lunette.schema.json", lunette::store::workspace::schema()),
    ]
}

#[test]
fn samples_are_what_the_code_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for (name, text) in files() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_SAMPLES").is_some() {
            std::fs::write(&path, &text).expect("write the sample");
        }
        // A checkout may have changed the ends of lines.
        let stored = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(stored == text, "samples/{name} differs: UPDATE_SAMPLES=1 cargo test samples");
    }
}

#[test]
fn the_sample_token_reads_as_an_expired_token_of_alice() {
    let token = jwt::decode(files()[2].1.as_bytes());
    assert_eq!(token.kind, Kind::Jws);
    assert!(token.oddities.is_empty() && token.header.oddities.is_empty() && token.claims.oddities.is_empty());
    assert_eq!(token.claims.get("name").and_then(|v| v.as_str()), Some("alice"));
    let now = Stamp::parse("2026-01-01T00:00:00Z").expect("a date");
    let exp = token.claims.get("exp").expect("exp");
    assert_eq!(jwt::explain("exp", exp, now).as_deref(), Some("2025-11-03T09:15:00Z, expired 58 d ago"));
    assert_eq!(jwt::explain("alg", token.header.get("alg").expect("alg"), now).as_deref(), Some("HMAC with SHA-256"));
}

#[test]
fn samples_name_only_addresses_kept_for_documentation() {
    for line in files()[1].1.lines() {
        let client = line.split(' ').next().unwrap_or_default();
        assert!(["192.0.2.", "198.51.100.", "203.0.113."].iter().any(|net| client.starts_with(net)), "{line}");
    }
}

/// One exchange with the practice API, carried by hand.
fn carry(shop: &demo::Demo, method: &str, path: &str, token: &str, body: &str) -> Exchange {
    let request = Request::new(method, format!("http://{}{path}", shop.http).as_bytes()).expect("a URL");
    let request = if token.is_empty() { request } else { request.header("Authorization", &format!("Bearer {token}")) };
    let mut stream = TcpStream::connect(shop.http).expect("connect");
    let auth = request.get("authorization").map(String::from_utf8_lossy).unwrap_or_default();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {auth}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .expect("write");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let mut lines = head.lines();
    let status = lines.next().and_then(|l| l.split(' ').nth(1)).and_then(|s| s.parse().ok()).expect("a status");
    let mut exchange = Exchange::new(1, Stamp::from_unix(0).expect("in range"), request);
    exchange.response = Some(Response {
        status,
        headers: lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.into(), v.into())).collect(),
        body: body.to_owned().into(),
        wire_bytes: body.len() as u64,
        decoded_bytes: body.len() as u64,
        ..Response::default()
    });
    exchange
}

#[test]
fn the_practice_api_earns_every_letter_a_loopback_can() {
    let shop = demo::Demo::start(None).expect("start");
    let login = carry(&shop, "POST", "/api/login", "", r#"{"user":"alice","password":"wonderland"}"#);
    let body: serde_json::Value =
        serde_json::from_slice(&login.response.as_ref().expect("a reply").body).expect("JSON");
    let token = body["token"].as_str().expect("a token");
    let letter = |exchange: &Exchange| grade::headers(exchange).expect("gradable").grade;
    assert_eq!(letter(&login), Letter::D, "a session cookie without Secure, a token that may be cached");
    for (path, token, wanted) in [
        ("/api/health", "", Letter::A),
        ("/api/users", token, Letter::A),
        ("/api/users/1", token, Letter::B),
        ("/api/orders", "", Letter::B),
        ("/api/orders/1001", token, Letter::C),
        ("/api/orders/1001/export", "", Letter::C),
        ("/api/reports/2025-10", token, Letter::D),
        ("/api/v1/orders", "", Letter::D),
    ] {
        let exchange = carry(&shop, "GET", path, token, "");
        assert_eq!(exchange.status(), Some(200), "{path}");
        assert_eq!(letter(&exchange), wanted, "{path}: {:?}", grade::headers(&exchange));
    }
}
