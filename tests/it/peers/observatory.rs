//! The Observatory's own library as the oracle of the second opinion: the same seeded header sets through both, and the same
//! result of every test that its algorithm 4 shares with algorithm 6.
//!
//! `benches/long.sh observatory` runs 5,000 sets; here some hundreds do.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};

use lunette::base::{Stamp, Untrusted};
use lunette::grade::probes::{Kind, Probe};
use lunette::grade::{self, Probes, View};
use lunette::wire::{Exchange, Failure, FailureKind, Phase, Request, Response, TlsFacts};
use serde_json::{Value, json};

/// Sets in a short run.
const SHORT: u64 = 600;
/// The origin both are asked with.
const ORIGIN: &str = "https://observatory.example";

/// Numbers that look random and are the same in every run (xorshift).
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
    }
    fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next()).expect("31 bits") % n
    }
    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }
}

/// One set: what both are given.
struct Set {
    url: &'static str,
    headers: Vec<(String, String)>,
    body: String,
    verified: bool,
    /// Where the http port leads: nothing where it is closed.
    route: Vec<&'static str>,
}

const DIRECTIVES: &[&str] = &[
    "default-src",
    "script-src",
    "style-src",
    "object-src",
    "img-src",
    "media-src",
    "base-uri",
    "form-action",
    "frame-ancestors",
    "report-uri",
    "report-to",
    "connect-src",
    "upgrade-insecure-requests",
    "Script-Src",
    "x-made-up",
];
const SOURCES: &[&str] = &[
    "'none'",
    "'self'",
    "'unsafe-inline'",
    "'unsafe-eval'",
    "'strict-dynamic'",
    "'nonce-abcdefgh'",
    "'sha256-abc='",
    "https:",
    "http:",
    "data:",
    "*",
    "https://*",
    "http://*.*",
    "ftp:",
    "https://cdn.test",
    "https://cdn.test/js",
    "http://old.test",
    "HTTPS://Cdn.Test/js/",
    "blob:",
    "*.test",
    "https://cdn.test/js%2fa",
    "wss://a.test:443",
    "/x",
];

fn policy(dice: &mut Dice) -> String {
    if dice.one_in(25) {
        return dice.pick(&["", "a", "img", ";;;;;;;", "   default-src", "default-src 'none'"]).to_owned();
    }
    let mut out = String::new();
    for _ in 0..=dice.below(5) {
        out.push_str(dice.pick(DIRECTIVES));
        for _ in 0..dice.below(4) {
            let _ = write!(out, "{}{}", dice.pick(&[" ", "  ", "\t"]), dice.pick(SOURCES));
        }
        out.push_str(dice.pick(&[";", "; ", " ; ", ";;"]));
    }
    out
}

fn cookie(dice: &mut Dice) -> String {
    let name = dice.pick(&[
        "sid",
        "session",
        "sess",
        "login",
        "csrftoken",
        "XSRF",
        "theme",
        "heroku-session-affinity",
        "__Host-a",
        "a",
    ]);
    let mut out = format!("{name}={}", dice.pick(&["1", "", "abc=def", "\"q\""]));
    for attribute in [
        "Secure",
        "HttpOnly",
        "SameSite=Lax",
        "samesite=strict",
        "SameSite=None",
        "SameSite=Maybe",
        "SameSite",
        "Path=/x",
        "Path=/",
        "Domain=api.test.example",
        "Domain=other.example",
        "Domain=example",
        "Max-Age=60",
        "secure; httponly; samesite=lax",
    ] {
        if dice.one_in(4) {
            let _ = write!(out, "; {attribute}");
        }
    }
    out
}

fn page(dice: &mut Dice) -> String {
    let mut out = "<!doctype html><html><head>".to_owned();
    if dice.one_in(3) {
        let policy = policy(dice).replace(['"', '<'], "");
        let _ = write!(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    }
    if dice.one_in(4) {
        let _ = write!(out, "<meta name=referrer content={}>", dice.pick(&["origin", "no-referrer", "never"]));
    }
    out.push_str("</head><body>");
    for _ in 0..dice.below(4) {
        let source = dice.pick(&[
            "",
            "/a.js",
            "a.js",
            "//cdn.test/a.js",
            "https://cdn.test/a.js",
            "http://cdn.test/a.js",
            "https://static.test.example/a.js",
            "http://www.test.example/a.js",
            "https://API.test.example/x.js",
            "///x.js",
        ]);
        let integrity = dice.pick(&["", "", " integrity=\"sha384-abc\"", " integrity=\"\""]);
        if source.is_empty() {
            let _ = write!(out, "<script{integrity}>let a = '<script src=x>'</script>");
        } else {
            let _ = write!(out, "<script src=\"{source}\"{integrity}></script>");
        }
    }
    out.push_str("</body></html>");
    out
}

fn set(seed: u64) -> Set {
    let mut dice = Dice::new(seed);
    let mut headers: Vec<(String, String)> = Vec::new();
    let html = dice.one_in(6);
    let kind = if html { "text/html; charset=utf-8" } else { dice.pick(&["application/json", "text/plain", ""]) };
    let mut put = |name: &str, value: String| headers.push((name.to_owned(), value));
    if !kind.is_empty() {
        put("Content-Type", kind.to_owned());
    }
    for _ in 0..dice.pick(&["", "", ".", ".", ".", ".."]).len() {
        put("Content-Security-Policy", policy(&mut dice));
    }
    if dice.one_in(10) {
        put("Content-Security-Policy-Report-Only", "default-src 'self'".to_owned());
    }
    for _ in 0..dice.pick(&["", "", ".", "..", "..."]).len() {
        put("Set-Cookie", cookie(&mut dice));
    }
    for (name, values) in [
        (
            "Strict-Transport-Security",
            &[
                "max-age=31536000",
                "max-age=0",
                "max-age=abc",
                "max-age=15552000; includeSubDomains",
                "MAX-AGE=15551999",
                "max-age=\"31536000\"",
                "includeSubDomains",
                "max-age= 99999999",
                "max-age=-1",
                "max-age=1, max-age=2",
                "max-age=1;max-age=31536000",
                "max-age",
                "preload; max-age=63072000",
                "max-age=12abc",
                "max-age=+31536000",
            ][..],
        ),
        ("X-Content-Type-Options", &["nosniff", "NOSNIFF", " nosniff ", "none", "nosniff, nosniff", ""]),
        ("X-Frame-Options", &["DENY", "SAMEORIGIN", "deny", "ALLOW-FROM https://a.test", "allowall", "DENY, DENY", ""]),
        (
            "Referrer-Policy",
            &[
                "no-referrer",
                "origin",
                "unsafe-url, no-referrer",
                "no-referrer, unsafe-url",
                "never",
                "same-origin,never",
                "STRICT-ORIGIN",
                "no-referrer-when-downgrade",
                "",
            ],
        ),
        ("Cross-Origin-Resource-Policy", &["same-origin", "same-site", "cross-origin", "Same-Origin", "none", ""]),
        (
            "Access-Control-Allow-Origin",
            &["*", "null", ORIGIN, "https://a.test", " * ", "HTTPS://OBSERVATORY.EXAMPLE", "*, *", ""],
        ),
        ("Access-Control-Allow-Credentials", &["true", "TRUE", "false", " true", "true, true", ""]),
    ] {
        if !dice.one_in(3) {
            put(name, dice.pick(values).to_owned());
            if dice.one_in(20) {
                put(&name.to_ascii_lowercase(), dice.pick(values).to_owned());
            }
        }
    }
    let at = dice.below(headers.len().max(1));
    headers.rotate_left(at);
    let https = !dice.one_in(8);
    let url = if https { "https://api.test.example/v1/x" } else { "http://api.test.example/v1/x" };
    let route: &[&'static str] = match (https, dice.below(4)) {
        (true, 0) => &[],
        (false, _) | (true, 1) => &["http://api.test.example/v1/x"],
        (true, 2) => &["http://api.test.example/v1/x", "https://api.test.example/"],
        (true, _) => &["http://api.test.example/v1/x", "https://www.test.example/"],
    };
    let body = if html { page(&mut dice) } else { "{}".to_owned() };
    Set { url, headers, body, verified: !dice.one_in(12), route: route.to_vec() }
}

impl Set {
    fn line(&self) -> Value {
        // A client takes spaces off the ends of a value.
        let headers: Vec<Value> = self.headers.iter().map(|(n, v)| json!([n, v.trim()])).collect();
        json!({
            "url": self.url, "headers": headers, "body": self.body, "verified": self.verified,
            "origin": ORIGIN, "route": self.route,
        })
    }

    fn response(&self, status: u16, headers: Vec<(Untrusted, Untrusted)>) -> Response {
        let length = self.body.len() as u64;
        Response {
            status,
            headers,
            body: self.body.clone().into(),
            wire_bytes: length,
            decoded_bytes: length,
            ..Response::default()
        }
    }

    /// What lunette says: name of the test and result.
    fn judged(&self) -> BTreeMap<&'static str, &'static str> {
        let now = Stamp::from_unix(0).expect("epoch");
        let request = Request::new("GET", self.url.as_bytes()).expect("url").header("Origin", ORIGIN);
        let mut x = Exchange::new(1, now, request.clone());
        let headers = self.headers.iter().map(|(n, v)| (Untrusted::from(n.clone()), Untrusted::from(v.clone())));
        x.response = Some(self.response(200, headers.collect()));
        if self.url.starts_with("https:") {
            let faults = if self.verified { Vec::new() } else { vec!["expired".to_owned()] };
            x.tls = Some(TlsFacts { faults, ..TlsFacts::default() });
        }
        let mut plain = Exchange::new(2, now, Request::new("GET", b"http://api.test.example/v1/x").expect("url"));
        match self.route.as_slice() {
            [] => {
                let message = "refused".to_owned();
                plain.error = Some(Failure { phase: Phase::Connect, kind: FailureKind::Refused, message });
            }
            [_] => plain.response = Some(self.response(200, Vec::new())),
            [.., to] => plain.response = Some(self.response(301, vec![("location".into(), (*to).into())])),
        }
        let probe = Probe { kind: Kind::Http, origin: None, made_up: None, request };
        let probes = Probes::new(vec![(probe, plain)]);
        let view = View { request_unknown: false, probes: Some(&probes) };
        let opinion = grade::judge(&x, &view).expect("gradable").observatory;
        opinion.tests.iter().map(|t| (t.name, t.result)).collect()
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "the figure of a long run")]
fn its_own_library_says_the_same() {
    let sets = std::env::var("LUNETTE_OBSERVATORY_SETS").ok().and_then(|n| n.parse().ok()).unwrap_or(SHORT);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    let mut node = Command::new("node")
        .arg(folder.join("observatory.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node is not installed; run: apt-get update && apt-get install -y nodejs npm");
    let mut stdin = node.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        for seed in 0..sets {
            if writeln!(stdin, "{}", set(seed).line()).is_err() {
                return;
            }
        }
    });
    let mut lines = BufReader::new(node.stdout.take().expect("a pipe")).lines();
    let first = lines.next().and_then(Result::ok).expect("npm ci --ignore-scripts --prefix tests/peers installs it");
    assert_eq!(first, r#"{"algorithm":4}"#);
    let mut seen: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut wrong = Vec::new();
    for seed in 0..sets {
        let line = lines.next().and_then(Result::ok).unwrap_or_else(|| panic!("no answer to set {seed}"));
        let theirs: BTreeMap<String, String> = serde_json::from_str(&line).expect("results");
        let set = set(seed);
        let ours = set.judged();
        assert_eq!(theirs.len(), 10);
        for (test, result) in theirs {
            if ours.get(test.as_str()) != Some(&result.as_str()) {
                wrong.push(format!("set {seed}, {test}: {result}, here {:?}; {}", ours.get(test.as_str()), set.line()));
            }
            *seen.entry((test, result)).or_default() += 1;
        }
    }
    writer.join().expect("written");
    assert!(node.wait().expect("ends").success());
    let named = wrong.iter().take(8).cloned().collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{} differences:\n{named}", wrong.len());
    eprintln!("{sets} sets, {} results of ten tests, all equal", seen.len());
    // Sets that never reach a result prove nothing of it.
    assert!(seen.len() >= 50, "{} results were reached: {seen:?}", seen.len());
}
