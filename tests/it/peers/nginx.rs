//! A real nginx writes the log: whatever is sent to it is found again in the list, each template and each status with its
//! count, however strange the request.

use std::collections::BTreeMap;
use std::io::{BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use lunette::base::Stamp;
use lunette::inventory::{Builder, Document, Inventory, State};

use super::github;
use crate::support::server::{NGINX, Server};

/// Answers every path, with the status that the query asks for: `?s=404`. Where nginx makes the content of an error itself
/// it closes the connection.
const CONFIG: &str = r#"
    log_format timed '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                     '"$http_referer" "$http_user_agent" $request_time';
    access_log FOLDER/access.log timed buffer=64k;
    keepalive_requests 1000000;
    server {
        listen 127.0.0.1:PORT;
        default_type application/json;
        if ($arg_s = 201) { return 201 '{"id": 1}'; }
        if ($arg_s = 204) { return 204; }
        if ($arg_s = 304) { return 304; }
        if ($arg_s = 403) { return 403 '{}'; }
        if ($arg_s = 404) { return 404 '{}'; }
        if ($arg_s = 500) { return 500 '{}'; }
        return 200 '{"ok": true}';
    }
"#;

/// The document of the servers.
pub const SHOP: &str = r#"{
  "openapi": "3.1.0",
  "info": {"title": "shop", "version": "1"},
  "servers": [{"url": "https://api.shop.test"}],
  "paths": {
    "/orders": {"get": {}, "post": {}},
    "/orders/{id}": {"get": {}, "patch": {}, "delete": {}},
    "/orders/{id}/items/{item}": {"get": {}, "put": {}},
    "/orders/latest": {"get": {}},
    "/files/{name}.json": {"get": {}},
    "/compare/{base}...{head}": {"get": {}},
    "/v1/orders": {"get": {"deprecated": true}},
    "/reports/{day}": {"get": {}}
  }
}"#;

/// Method and template, or where else a request is counted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    Endpoint(String, String),
    Noise,
    /// `OPTIONS` that nothing declares is no endpoint and no noise.
    Preflight,
}

/// An endpoint.
pub fn at(method: &str, template: &str) -> Place {
    Place::Endpoint(method.to_owned(), template.to_owned())
}

/// What was sent: by place and status.
pub type Sent = BTreeMap<Place, BTreeMap<u16, u64>>;

/// Counts one more.
pub fn note(sent: &mut Sent, place: Place, status: u16) {
    *sent.entry(place).or_default().entry(status).or_default() += 1;
}

/// Knuth's linear congruential generator (The Art of Computer Programming, volume 2, section 3.3.4).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % n.max(1)
    }

    /// An identifier as one API or another makes them.
    fn id(&mut self) -> String {
        let n = self.below(1 << 30);
        match self.below(4) {
            0 => n.to_string(),
            1 => format!("{n:08x}-0000-4000-8000-{:012x}", self.below(1 << 30)),
            2 => format!("{n:08x}{:08x}{:08x}", self.below(1 << 30), self.below(1 << 30)),
            _ => format!("name-{n}"),
        }
    }
}

/// A template with an identifier in every place.
fn instance(template: &str, dice: &mut Dice) -> String {
    let mut path = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        path.push_str(before);
        path.push_str(&dice.id());
        rest = after.split_once('}').expect("a closed brace").1;
    }
    path + rest
}

/// The template without its names, which traffic never shows.
fn nameless(template: &str) -> String {
    let mut parts = template.split('{');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |shape, part| shape + "{}" + part.split_once('}').expect("a closed brace").1)
}

const AGENTS: [&str; 5] = ["okhttp/4.9.3", "curl/8", r#"say "hi" \ [now]"#, "a\tb\u{e9}", r#"x" 500 0 "-" "-" 9.999"#];
const REFERERS: [&str; 3] = ["https://shop.test/", r#"" 200 5 ""#, "/[14/Nov/2023:23:13:20 +0100] \"GET /x"];
/// `john [q] "public`, and a name with a space.
const USERS: [&str; 2] = ["am9obiBbcV0gInB1YmxpYzp4", "YSBiOng="];

/// One request as bytes.
fn request(method: &str, target: &str, dice: &mut Dice) -> Vec<u8> {
    let mut lines = vec![format!("{method} {target} HTTP/1.1"), "Host: api.shop.test".to_owned()];
    lines.push(format!("User-Agent: {}", AGENTS[dice.below(AGENTS.len())]));
    if dice.below(3) == 0 {
        lines.push(format!("Referer: {}", REFERERS[dice.below(REFERERS.len())]));
    }
    if dice.below(5) == 0 {
        lines.push(format!("Authorization: Basic {}", USERS[dice.below(USERS.len())]));
    }
    let body = if matches!(method, "POST" | "PUT" | "PATCH") { r#"{"quantity": 2}"# } else { "" };
    if !body.is_empty() {
        lines.push("Content-Type: application/json".to_owned());
        lines.push(format!("Content-Length: {}", body.len()));
    }
    format!("{}\r\n\r\n{body}", lines.join("\r\n")).into_bytes()
}

/// Reads one reply to its end and gives its status; `None` when the connection is closed.
fn reply(reader: &mut impl std::io::BufRead, to: &str) -> Option<u16> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let status: u16 = line.split(' ').nth(1)?.parse().ok()?;
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    // A reply to HEAD, and one with 204 or 304, has no content whatever its length says (RFC 9110, section 6.4.1).
    if to != "HEAD" && !matches!(status, 204 | 304) {
        reader.read_exact(&mut vec![0; length]).ok()?;
    }
    Some(status)
}

/// One kind of request: the method and the template as sent, the place where it must be counted, and how often it stands
/// in the mix.
struct Kind {
    method: String,
    template: String,
    place: Place,
}

fn kind(method: &str, template: &str, place: Place) -> Kind {
    Kind { method: method.to_owned(), template: template.to_owned(), place }
}

/// Drives `count` requests over keep-alive connections, twenty at a time in each, every kind at least once.
fn drive(address: SocketAddr, kinds: &[Kind], count: usize, statuses: &[u16], dice: &mut Dice, sent: &mut Sent) {
    let connect = || {
        let tcp = TcpStream::connect(address).expect("nginx listens");
        tcp.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
        (tcp.try_clone().expect("a handle"), BufReader::new(tcp))
    };
    let mut connections: Vec<_> = (0..4).map(|_| connect()).collect();
    let mut done = 0;
    while done < count {
        let turn = done / 20 % connections.len();
        let (writer, reader) = &mut connections[turn];
        let mut bytes = Vec::new();
        let mut asked = Vec::new();
        for i in done..count.min(done + 20) {
            let kind = &kinds[if i < kinds.len() { i } else { dice.below(kinds.len()) }];
            let status = statuses[dice.below(statuses.len())];
            let target = format!("{}?s={status}&page={}", instance(&kind.template, dice), dice.below(9));
            bytes.extend(request(&kind.method, &target, dice));
            asked.push((kind, status));
        }
        writer.write_all(&bytes).expect("nginx takes requests");
        for (kind, status) in asked {
            assert_eq!(reply(reader, &kind.method), Some(status), "{} {}", kind.method, kind.template);
            note(sent, kind.place.clone(), status);
            done += 1;
        }
    }
}

/// Sends bytes as they are on a connection of their own and reads to the end; the status of the reply, if it has one.
pub fn raw(address: SocketAddr, bytes: &[u8]) -> Option<u16> {
    let mut tcp = TcpStream::connect(address).expect("the server listens");
    tcp.set_read_timeout(Some(Duration::from_secs(20))).expect("a deadline");
    tcp.write_all(bytes).expect("the server takes bytes");
    tcp.shutdown(Shutdown::Write).expect("an end");
    let mut answer = Vec::new();
    // A reset after the reply is no fault: what was sent after it was not read.
    let _ = tcp.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    answer.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

/// Requests that no client writes: bytes, the place where they are counted, and the status of a reply without a head.
fn nasty() -> Vec<(Vec<u8>, Place, Option<u16>)> {
    let id = || at("GET", "/orders/{id}");
    let close = "Host: api.shop.test\r\nConnection: close\r\n\r\n";
    let line = |line: &str| format!("{line}\r\n{close}").into_bytes();
    vec![
        (line("GET /orders/1\"2 HTTP/1.1"), id(), None),
        (line("GET /orders/\" HTTP/1.1"), id(), None),
        (line("GET /orders/1\\ HTTP/1.1"), id(), None),
        (line("GET /orders/1\\x22 HTTP/1.1"), id(), None),
        (line("GET /orders/\u{e9}\u{1f600} HTTP/1.1"), id(), None),
        (line("GET /orders/%22%0d%0a HTTP/1.1"), id(), None),
        (line("GET /orders/a%20b;v=1 HTTP/1.1"), id(), None),
        (line("GET //orders//5 HTTP/1.1"), id(), None),
        (line("GET /orders/5#part HTTP/1.1"), id(), None),
        (line("GET /orders/5?q=\"\\\u{7}[ HTTP/1.1"), id(), None),
        (line("GET /orders/1\u{1}2 HTTP/1.1"), id(), None),
        (line("GET /orders/a b HTTP/1.1"), id(), None),
        (line("GET /orders/5 HTTP/1.0"), id(), None),
        (line("GET /orders/5 HTTP/7.0"), id(), None),
        (line("GET http://api.shop.test/orders/7 HTTP/1.1"), id(), None),
        (line("GET HTTP://API.shop.test:8080/orders/7?s=404 HTTP/1.1"), id(), None),
        // HTTP/0.9 has neither a protocol in the request nor a head in the reply.
        (b"GET /orders/3\r\n".to_vec(), id(), Some(200)),
        (b"GET /orders/3 HTT".to_vec(), id(), Some(400)),
        (line("FOO /orders/5 HTTP/1.1"), at("FOO", "/orders/{id}"), None),
        (line("PUT /orders/5 HTTP/1.1\r\nContent-Length: 0"), at("PUT", "/orders/{id}"), None),
        (line("get /orders/5 HTTP/1.1"), Place::Noise, None),
        (line("OPTIONS /orders/5 HTTP/1.1"), Place::Preflight, None),
        (line("CONNECT api.shop.test:443 HTTP/1.1"), Place::Noise, None),
        (line("GET /.git/config?s=404 HTTP/1.1"), Place::Noise, None),
        (line("GET /wp-login.php?s=500 HTTP/1.1"), Place::Noise, None),
        (line(&format!("GET /{} HTTP/1.1", "a".repeat(9_000))), Place::Noise, None),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\"\xff\xfe \r\n\r\n".to_vec(), Place::Noise, None),
        (b"SSH-2.0-x\r\n\r\n".to_vec(), Place::Noise, None),
        (b"\"\" \"\" \"\"\r\n\r\n".to_vec(), Place::Noise, None),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), Place::Noise, None),
    ]
}

/// The same counts, as the list has them.
fn counted(inventory: &Inventory) -> Sent {
    let called = inventory.endpoints.iter().filter(|e| e.requests > 0);
    let mut counts: Sent = called.map(|e| (at(&e.method, &e.path.display()), e.statuses.clone())).collect();
    counts.retain(|_, statuses| !statuses.is_empty());
    counts
}

fn read(mut builder: Builder, log: &Path) -> Inventory {
    builder.log(Arc::from("access.log"));
    // Blocks end anywhere.
    for block in std::fs::read(log).expect("a log").chunks(65_521) {
        builder.feed(block).expect("a combined log");
    }
    builder.end_log().expect("a combined log");
    builder.finish()
}

fn total(statuses: &BTreeMap<u16, u64>) -> u64 {
    statuses.values().sum()
}

/// Every line parses, and every request is where it belongs.
fn compare(inventory: &Inventory, mut sent: Sent) {
    let lines: u64 = sent.values().map(total).sum();
    assert_eq!(inventory.unparsed, []);
    assert_eq!(inventory.log_lines, lines);
    let noise = sent.remove(&Place::Noise).map_or(0, |s| total(&s));
    sent.remove(&Place::Preflight);
    let counted = counted(inventory);
    for (place, statuses) in &sent {
        assert_eq!(counted.get(place), Some(statuses), "{place:?}");
    }
    let more: Vec<_> = counted.keys().filter(|k| !sent.contains_key(k)).collect();
    assert!(more.is_empty(), "nobody sent {more:?}");
    assert_eq!(inventory.noise.requests, noise);
    assert!(inventory.endpoints.iter().all(|e| (e.requests > 0) == e.latency.is_some()), "durations");
}

#[test]
fn what_nginx_logged_is_what_was_sent() {
    let mut nginx = Server::start(&NGINX, CONFIG, &[]);
    let (mut sent, mut dice) = (Sent::new(), Dice(1));
    let mut kinds: Vec<Kind> = [
        ("GET", "/orders"),
        ("POST", "/orders"),
        ("GET", "/orders/{id}"),
        ("PATCH", "/orders/{id}"),
        ("DELETE", "/orders/{id}"),
        ("GET", "/orders/{id}/items/{item}"),
        ("PUT", "/orders/{id}/items/{item}"),
        ("GET", "/orders/latest"),
        ("GET", "/files/{name}.json"),
        ("GET", "/compare/{base}...{head}"),
        ("GET", "/v1/orders"),
        // Nobody declares these.
        ("POST", "/orders/{id}"),
        ("GET", "/internal/health"),
    ]
    .iter()
    .map(|(method, template)| kind(method, template, at(method, template)))
    .collect();
    kinds.push(kind("HEAD", "/orders/latest", at("GET", "/orders/latest")));
    drive(nginx.address, &kinds, 3_000, &[200, 200, 200, 201, 204, 304, 403, 404, 500], &mut dice, &mut sent);
    for (bytes, place, bare) in nasty() {
        let told = bytes.escape_ascii().to_string();
        let status = raw(nginx.address, &bytes).or(bare);
        note(&mut sent, place, status.unwrap_or_else(|| panic!("no reply to {}", &told[..told.len().min(100)])));
    }
    let log = nginx.stop();
    let (document, problems) = Document::read(Arc::from("shop"), SHOP.into()).expect("a document");
    let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
    builder.spec(document, problems);
    let inventory = read(builder, &log);
    compare(&inventory, sent);
    let state = |method: &str, path: &str| {
        inventory.endpoints.iter().find(|e| e.method == method && e.path.display() == path).and_then(|e| e.state)
    };
    assert_eq!(state("GET", "/orders"), Some(State::Documented));
    assert_eq!(state("GET", "/v1/orders"), Some(State::Zombie));
    assert_eq!(state("POST", "/orders/{id}"), Some(State::ShadowMethod));
    assert_eq!(state("GET", "/internal/health"), Some(State::Shadow));
    assert_eq!(state("GET", "/reports/{day}"), Some(State::Ghost));
}

/// The templates of GitHub at the size of a real log. With `LUNETTE_KEEP_LOG` set to a path the log stays there, to be
/// opened by hand.
#[test]
fn a_hundred_thousand_calls_of_a_large_api() {
    let mut nginx = Server::start(&NGINX, CONFIG, &[]);
    let (mut sent, mut dice) = (Sent::new(), Dice(7));
    let operations = github::operations();
    let mut kinds: Vec<Kind> = Vec::new();
    for (i, (method, template)) in operations.iter().enumerate() {
        // One in ten is never called.
        if i % 10 == 0 {
            continue;
        }
        // Two templates of one shape cannot be told apart in traffic: the first declared is counted.
        let first = operations.iter().find(|(m, t)| m == method && nameless(t) == nameless(template)).expect("itself");
        kinds.push(kind(method, template, at(method, &first.1)));
    }
    kinds.push(kind("GET", "/internal/metrics", at("GET", "/internal/metrics")));
    kinds.push(kind("DELETE", "/admin/users/all", at("DELETE", "/admin/users/all")));
    let statuses = [200, 200, 200, 200, 201, 204, 304, 403, 404, 500];
    drive(nginx.address, &kinds, 100_000, &statuses, &mut dice, &mut sent);
    let log = nginx.stop();
    if let Some(keep) = std::env::var_os("LUNETTE_KEEP_LOG") {
        std::fs::copy(&log, keep).expect("a copy of the log");
    }
    compare(&read(github::builder(), &log), sent);
}
