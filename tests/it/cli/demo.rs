//! `lunette demo`: what is planted, what is mended, and each proven by requests written by hand: nothing here is judged by
//! lunette but the letter of the twin.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::cli::{Cli, Running};
use lunette::demo::{Demo, FLAWS};

/// Sends bytes, and gives the head of the reply in lower case and its body.
fn ask(demo: &Demo, request: &str, extra: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(demo.http).expect("connect");
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{extra}Content-Length: {length}\r\n\r\n{body}"
    )
    .expect("write");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    (head.to_lowercase(), body.to_owned())
}

const LOGIN: &str = r#"{"user":"alice","password":"wonderland"}"#;
const JSON: &str = "Content-Type: application/json\r\n";

/// Whether a planted mistake is there.
fn is_there(demo: &Demo, id: &str) -> bool {
    let get = |path: &str, extra: &str| ask(demo, &format!("GET {path}"), extra, "").0;
    let login = || ask(demo, "POST /api/login", JSON, LOGIN);
    let allows = |head: &str, origin: &str| {
        head.contains(&format!("access-control-allow-origin: {origin}"))
            && head.contains("access-control-allow-credentials: true")
    };
    match id {
        "token-cached" => !login().0.contains("no-store"),
        "session-cookie-bare" => {
            let head = login().0;
            let cookie = head.lines().find(|l| l.starts_with("set-cookie:")).expect("a cookie").to_owned();
            !cookie.contains("secure") && !cookie.contains("samesite")
        }
        "order-public" => get("/api/orders/1001", "").contains("cache-control: public"),
        "report-as-page" => {
            let reply: Value = serde_json::from_str(&login().1).expect("JSON");
            let auth = format!("Authorization: Bearer {}\r\n", reply["token"].as_str().expect("a token"));
            let head = get("/api/reports/2025-10", &auth);
            assert!(head.starts_with("http/1.1 200"), "{head}");
            head.contains("content-type: text/html")
        }
        "export-untyped" => !get("/api/orders/1002/export", "").contains("content-type:"),
        "export-version" => get("/api/orders/1002/export", "").contains("server: shop-export/0.9.1"),
        "cors-null" => allows(&get("/api/v1/orders", "Origin: null\r\n"), "null"),
        "cors-reflected" => allows(&get("/api/orders", "Origin: https://evil.example\r\n"), "https://evil.example"),
        "cors-suffix" => {
            assert!(!allows(&get("/api/health", "Origin: https://evil.example\r\n"), "https://evil.example"));
            allows(&get("/api/health", "Origin: https://evillocalhost\r\n"), "https://evillocalhost")
        }
        other => panic!("{other} has no proof"),
    }
}

#[test]
fn every_planted_mistake_is_there_and_mended_in_the_twin() {
    let (flawed, safe) = (Demo::start(None).expect("start"), Demo::start_safe(None).expect("start"));
    assert!(FLAWS.len() >= 6);
    // Those of tokens are proven in `peers/flaws.rs`.
    for flaw in FLAWS.iter().filter(|f| f.category != "token") {
        assert!(is_there(&flawed, flaw.id), "{} is not there", flaw.id);
        assert!(!is_there(&safe, flaw.id), "{} is not mended", flaw.id);
        assert!(flaw.proof.starts_with("curl ") && flaw.cwe > 0, "{}", flaw.id);
    }
}

#[test]
fn they_are_listed() {
    let cli = Cli::new();
    let doc = cli.run(&["demo", "--list", "--format", "json"]).ended(0).json("demo");
    let flaws = doc["flaws"].as_array().expect("a list");
    assert_eq!(flaws.len(), FLAWS.len());
    for field in ["id", "endpoint", "category", "cwe", "wrong", "proof", "mend"] {
        assert!(flaws.iter().all(|f| f.get(field).is_some()), "{field}");
    }
    let text = cli.run(&["demo", "--list"]).ended(0).out();
    assert!(FLAWS.iter().all(|f| text.contains(f.id) && text.contains(f.proof)), "{text}");
}

fn serve(cli: &Cli, safe: bool) -> (Running, Value) {
    let arguments: &[&str] = if safe {
        &["demo", "--serve", "--safe", "--format", "json"]
    } else {
        &["demo", "--serve", "--format", "json"]
    };
    let running = cli.start(arguments);
    let text = running.until("\n}\n");
    (running, serde_json::from_str(&text).expect("one document"))
}

#[test]
fn the_twin_is_an_a_plus_over_tls_with_its_authority_trusted_and_each_flaw_costs_what_its_rule_says() {
    let cli = Cli::new();
    let (safe, twin) = serve(&cli, true);
    let (flawed, shop) = serve(&cli, false);
    let grade = |of: &Value, path: &str, more: &[&str]| {
        let url = format!("{}{path}", of["https"].as_str().expect("a URL"));
        let mut arguments =
            vec!["grade", &url, "--cacert", of["cacert"].as_str().expect("a path"), "--format", "json", "-q"];
        arguments.extend(more);
        cli.run(&arguments).ended(0).json("grade")["headers"].clone()
    };
    let rule = |grade: &Value, id: &str| {
        grade["rules"].as_array().expect("rules").iter().find(|r| r["id"] == id).expect("the rule").clone()
    };
    for path in
        ["/api/health", "/api/orders", "/api/orders/1001", "/api/v1/orders", "/api/orders/1002/export", "/nowhere"]
    {
        let g = grade(&twin, path, &["--live"]);
        assert_eq!(g["grade"], "A+", "{path}: {g}");
    }
    for (path, id, weight, more) in [
        ("/api/orders/1002/export", "LNH03", 15, &[][..]),
        ("/api/orders/1002/export", "LNH19", 4, &[]),
        ("/api/v1/orders", "LNH11", 30, &[]),
        ("/api/orders/1001", "LNH08", 12, &["-H", "Authorization: Bearer x"]),
        ("/api/orders", "LNH10", 40, &["--live"]),
        ("/api/health", "LNH12", 25, &["--live"]),
    ] {
        let found = rule(&grade(&shop, path, more), id);
        assert_eq!(
            (found["outcome"].as_str(), found["weight"].as_u64()),
            (Some("fail"), Some(weight)),
            "{path}: {found}"
        );
        assert_ne!(rule(&grade(&twin, path, more), id)["outcome"], "fail", "{path} {id}");
    }
    // What GET alone does not reach is graded from the exchange that was kept of it.
    let login = |of: &Value| {
        let url = format!("{}/api/login", of["https"].as_str().expect("a URL"));
        let json = "Content-Type: application/json";
        let authority = of["cacert"].as_str().expect("a path");
        let send = ["send", "POST", &url, "-H", json, "-d", LOGIN, "--cacert", authority, "--format", "json", "--show"];
        cli.run(&send).ended(0).json("exchange")
    };
    for (of, outcome) in [(&shop, "fail"), (&twin, "pass")] {
        std::fs::write(cli.path("login.json"), login(of).to_string()).expect("write");
        let doc = cli.run(&["grade", "--response", "login.json", "--format", "json"]).ended(0).json("grade");
        let found = |id: &str| rule(&doc["headers"], id);
        // Neither Secure (10) nor SameSite (5); HttpOnly is there.
        for (id, weight) in [("LNH17", 15), ("LNH08", 12)] {
            assert_eq!(found(id)["outcome"], outcome, "{id}: {doc}");
            assert!(outcome == "pass" || found(id)["weight"] == weight, "{id}: {doc}");
        }
    }
    let body = login(&shop)["response"]["body_base64"].as_str().expect("a body").to_owned();
    let body: Value = serde_json::from_slice(&STANDARD.decode(body).expect("base64")).expect("JSON");
    let bearer = format!("Authorization: Bearer {}", body["token"].as_str().expect("a token"));
    let report = |of: &Value| rule(&grade(of, "/api/reports/2025-10", &["-H", &bearer]), "LNH03");
    assert_eq!((report(&shop)["outcome"].as_str(), report(&shop)["weight"].as_u64()), (Some("fail"), Some(15)));
    assert_ne!(report(&twin)["outcome"], "fail");
    let authority = std::path::PathBuf::from(shop["cacert"].as_str().expect("a path"));
    for running in [safe, flawed] {
        running.signal(Signal::TERM);
        running.end();
    }
    assert!(!authority.exists(), "what was written for others is gone");
}
