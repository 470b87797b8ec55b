//! `lunette jwt attack`: every token flaw of the practice API is found and nothing else, its twin is clean, and where the
//! controls do not hold nothing is judged.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::support::cli::{Cli, Ran};
use lunette::demo::{Demo, FLAWS, Flaw};

/// What finds each flaw.
const FINDS: &[(&str, &str)] = &[
    ("token-none", "jwt-attack-none"),
    ("token-none-spelling", "jwt-attack-none"),
    ("token-unchecked", "jwt-attack-unchecked"),
    ("token-stripped", "jwt-attack-stripped"),
    ("token-confused", "jwt-attack-confusion"),
    ("token-weak-secret", "jwt-attack-weak-secret"),
    ("token-embedded", "jwt-attack-jwk"),
    ("token-fetched", "jwt-attack-jku"),
    ("token-issuer", "jwt-attack-iss"),
    ("token-kid-path", "jwt-attack-kid-path"),
    ("token-kid-query", "jwt-attack-kid-query"),
    ("token-psychic", "jwt-attack-psychic"),
    ("token-expired", "jwt-attack-expired"),
    ("token-audience", "jwt-attack-audience"),
];

/// One POST over a connection of its own: the body of the reply.
fn post(to: SocketAddr, path: &str, body: &str) -> Value {
    let mut stream = TcpStream::connect(to).expect("connect");
    let length = body.len();
    let head = "Host: x\r\nConnection: close\r\nContent-Type: application/json";
    write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}").expect("write");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    serde_json::from_str(text.split_once("\r\n\r\n").expect("a head").1).expect("JSON")
}

/// Attacks the endpoint of a flaw with a token that it gives.
fn attack(cli: &Cli, demo: &Demo, flaw: &Flaw, more: &[&str]) -> Ran {
    let path = flaw.endpoint.strip_prefix("GET ").expect("a GET");
    let base = format!("http://{}", demo.http);
    let (url, keys) = (format!("{base}{path}"), format!("{base}/api/jwks.json"));
    let issued = if path.starts_with("/api/tokens/") {
        post(demo.http, path, "")
    } else {
        post(demo.http, "/api/login", r#"{"user":"alice","password":"wonderland"}"#)
    };
    let word = |name: &str| issued[name].as_str().unwrap_or_default().to_owned();
    let (token, expired, foreign) = (word("token"), word("expired"), word("foreign"));
    let mut arguments = vec!["jwt", "attack", &token, "--url", &url, "--jwks", &keys];
    if !expired.is_empty() {
        arguments.extend(["--refused", &expired, "--refused", &foreign]);
    }
    if matches!(flaw.id, "token-fetched" | "token-issuer") {
        arguments.extend(["--listen", "127.0.0.1:0"]);
    }
    arguments.extend(more);
    cli.run(&arguments)
}

fn token_flaws() -> impl Iterator<Item = &'static Flaw> {
    FLAWS.iter().filter(|f| f.category == "token")
}

fn ids(doc: &Value, list: &str) -> Vec<String> {
    let all = doc[list].as_array().expect(list);
    all.iter().map(|f| f["id"].as_str().expect("an id").to_owned()).collect()
}

#[test]
fn every_flaw_of_the_practice_api_is_found_and_none_on_its_twin_time_and_again() {
    let (flawed, safe) = (Demo::start(None).expect("start"), Demo::start_safe(None).expect("start"));
    let cli = Cli::new();
    let json = ["--format", "json", "--fail-on", "info", "-q"];
    for _ in 0..2 {
        for flaw in token_flaws() {
            let wanted = FINDS.iter().find(|(id, _)| *id == flaw.id).expect("what finds it").1;
            let doc = attack(&cli, &flawed, flaw, &json).ended(1).json("jwt-attack");
            // What the library of the shop passes over beside its flaw (`nbf`, `crit`) is no flaw that was planted.
            let planted = |f: &&Value| matches!(f["severity"].as_str(), Some("critical" | "high"));
            let all = doc["findings"].as_array().expect("a list");
            let grave: Vec<&str> = all.iter().filter(planted).filter_map(|f| f["id"].as_str()).collect();
            assert_eq!(grave, [wanted], "{}", flaw.id);
            assert!(all.len() == 1 || flaw.id == "token-weak-secret", "{}", flaw.id);
            let finding = &doc["findings"][0];
            assert_eq!(finding["evidence"], "confirmed", "{}", flaw.id);
            let exchanges = finding["exchanges"].as_array().expect("a list");
            assert!(exchanges.len() >= 4, "{}", flaw.id);
            assert!(exchanges.iter().all(|id| doc["exchanges"].get(id.to_string()).is_some()), "{}", flaw.id);
            assert!(doc["requests"].as_u64() <= doc["plan"]["requests_most"].as_u64(), "{}", flaw.id);
            let doc = attack(&cli, &safe, flaw, &json).ended(0).json("jwt-attack");
            assert_eq!(ids(&doc, "findings"), [] as [String; 0], "the twin: {}", flaw.id);
            assert_eq!(doc["stopped"], Value::Null, "the twin: {}", flaw.id);
            let clean = ids(&doc, "clean");
            // Nobody guesses the secret of the twin, so there is nothing to sign with.
            assert!(
                clean.iter().any(|id| id == wanted)
                    || matches!(wanted, "jwt-attack-weak-secret" | "jwt-attack-jku" | "jwt-attack-iss")
            );
            assert!(clean.len() >= 10, "the twin: {}: {clean:?}", flaw.id);
        }
    }
}

#[test]
fn a_finding_says_all_that_a_check_says_and_tokens_are_masked() {
    let demo = Demo::start(None).expect("start");
    let cli = Cli::new();
    let flaw = FLAWS.iter().find(|f| f.id == "token-fetched").expect("it is planted");
    let ran = attack(&cli, &demo, flaw, &["--format", "json", "--only", "jwt-attack-jku"]);
    let doc = ran.ended(1).json("jwt-attack");
    for field in [
        "id",
        "severity",
        "title",
        "detail",
        "reference",
        "fix",
        "evidence",
        "owasp",
        "cwe",
        "method",
        "path",
        "parameter",
        "exchanges",
        "curl",
    ] {
        assert!(doc["findings"][0].get(field).is_some(), "{field}");
    }
    for field in ["not_run", "clean", "exchanges", "requests", "elapsed_ms"] {
        assert!(doc.get(field).is_some(), "{field}");
    }
    assert!(
        doc["hits"][0]["head"].as_str().is_some_and(|h| h.starts_with("GET /") && h.contains("/jwks.json ")),
        "{doc}"
    );
    assert!(!ran.out().contains("eyJhbGciOi") && !ran.out().contains("eyJ0eXAi"), "a token stands in the output");
    assert!(ran.err().contains("requests: 4 tokens"), "{}", ran.err());
    // Shown, the command can be run as it stands; its key set is gone with the listener.
    let none = FLAWS.iter().find(|f| f.id == "token-none").expect("it is planted");
    let doc = attack(&cli, &demo, none, &["--format", "json", "--only", "jwt-attack-none", "--show"])
        .ended(1)
        .json("jwt-attack");
    let command = doc["findings"][0]["curl"].as_str().expect("a command");
    let curl = std::process::Command::new("bash").args(["-c", &format!("{command} -s")]).output().expect("bash runs");
    assert!(String::from_utf8_lossy(&curl.stdout).contains("\"door\":\"none\""), "{command}");
    let text = attack(&cli, &demo, none, &["--only", "jwt-attack-none"]).ended(1).out();
    assert!(text.starts_with("critical jwt-attack-none  an unsigned token is let in\n"), "{text}");
    assert!(!text.contains("eyJ"), "{text}");
}

#[test]
fn a_secret_that_is_given_signs_what_must_be_refused() {
    let demo = Demo::start(None).expect("start");
    let issued = post(demo.http, "/api/login", r#"{"user":"alice","password":"wonderland"}"#);
    let cli = Cli::new().env("SHOP", "your_secret_key").file("token", issued["token"].as_str().expect("a token"));
    let url = format!("http://{}/api/users/1", demo.http);
    let arguments = ["jwt", "attack", "token", "--url", &url, "--secret", "env:SHOP", "--format", "json"];
    let doc = cli.run(&arguments).ended(0).json("jwt-attack");
    let clean = ids(&doc, "clean");
    for id in ["jwt-attack-expired", "jwt-attack-exp-missing", "jwt-attack-audience"] {
        assert!(clean.iter().any(|c| c == id), "{id}: {doc}");
    }
    assert!(doc["not_run"].to_string().contains("the secret was given and not guessed"));
    assert_eq!(doc["secret"], Value::Null);
}

#[test]
fn nothing_is_sent_before_it_is_said_and_allowed() {
    let demo = Demo::start(None).expect("start");
    let flaw = FLAWS.iter().find(|f| f.id == "token-none").expect("it is planted");
    let cli = Cli::new();
    let asked = |demo: &Demo| demo.served_log().lines().filter(|l| l.contains("GET /api/tokens/none")).count();
    let doc = attack(&cli, &demo, flaw, &["--dry-run", "--format", "json"]).ended(0).json("jwt-attack");
    assert!(doc["plan"]["variants"].as_array().is_some_and(|v| v.len() > 60));
    assert_eq!((doc["requests"].as_u64(), asked(&demo)), (Some(0), 0));
    let ran = attack(&cli, &demo, flaw, &["--budget", "20"]);
    assert!(ran.ended(3).err().contains("more than the budget of 20; nothing was sent"), "{}", ran.err());
    for (more, code, word) in [
        (&["--only", "jwt-attack-non"][..], 2, "did you mean jwt-attack-none?"),
        (&["--where", "Authorization: Bearer"], 2, "--where"),
        (
            &["--refused", "eyJhbGciOiJub25lIn0.eyJpc3MiOiJodHRwczovL3Nob3AuZXhhbXBsZSIsImF1ZCI6InNob3AifQ."],
            2,
            "nothing speaks against",
        ),
        (&["--listen", "192.0.2.1:80", "--only", "jwt-attack-jku"], 2, "192.0.2.1:80: nothing can listen here"),
        (&["--method", "POST", "--read-only"], 3, "read"),
    ] {
        let ran = attack(&cli, &demo, flaw, more);
        assert!(ran.ended(code).err().contains(word), "{more:?}: {}", ran.err());
    }
    let url = format!("http://{}/api/tokens/none", demo.http);
    for token in ["hello", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.a.b.c.d"] {
        cli.run(&["jwt", "attack", token, "--url", &url]).usage(&["no attack can be made: "]);
    }
    assert_eq!(asked(&demo), 0);
}

/// A server that answers with what a function makes of the number of the request and the token it was sent.
fn serve(answer: impl Fn(usize, &str) -> (u16, String) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let address = listener.local_addr().expect("an address");
    let (count, answer) = (AtomicUsize::new(0), Arc::new(answer));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut head = Vec::new();
            let mut block = [0; 4_096];
            while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                match stream.read(&mut block) {
                    Ok(n) if n > 0 => head.extend_from_slice(&block[..n]),
                    _ => break,
                }
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let token = head.lines().find_map(|l| l.strip_prefix("Authorization: Bearer ")).unwrap_or_default();
            let (status, body) = answer(count.fetch_add(1, Ordering::Relaxed) + 1, token);
            let length = body.len();
            let _ =
                write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        }
    });
    address
}

/// A token with a secret that nobody guesses.
fn genuine() -> String {
    let part = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let input = format!("{}.{}", part(r#"{"alg":"HS256"}"#), part(r#"{"sub":"7","exp":4102444800}"#));
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"b7d1f0c99e4a42d2a5f3e6c8d9102b4e");
    format!("{input}.{}", URL_SAFE_NO_PAD.encode(aws_lc_rs::hmac::sign(&key, input.as_bytes())))
}

fn at(server: SocketAddr, more: &[&str]) -> Ran {
    let (token, url) = (genuine(), format!("http://{server}/me"));
    let mut arguments = vec!["jwt", "attack", &token, "--url", &url, "--format", "json", "--fail-on", "info"];
    arguments.extend(more);
    Cli::new().run(&arguments)
}

#[test]
fn an_endpoint_that_repeats_the_token_or_tells_the_time_is_no_finding() {
    let token = genuine();
    let repeats = serve(move |_, sent| {
        if sent == token { (200, format!("alice, you sent {sent}")) } else { (401, format!("{sent} is no good token")) }
    });
    let token = genuine();
    let polite = serve(move |n, sent| {
        let words =
            if sent == token { "the orders of alice are one and two" } else { "log in first, whoever you may be" };
        (200, format!("request {n} at {}: {words}; you sent {sent}", n * 977))
    });
    for server in [repeats, polite] {
        let doc = at(server, &[]).ended(0).json("jwt-attack");
        assert_eq!((ids(&doc, "findings").len(), &doc["stopped"]), (0, &Value::Null));
        assert!(ids(&doc, "clean").len() >= 8, "{}", doc["not_run"]);
    }
}

#[test]
fn where_the_controls_do_not_hold_nothing_is_judged_and_that_is_said() {
    let token = genuine();
    let limits = serve(move |n, sent| match (n > 20, sent == token) {
        (true, _) => (429, "slow down".to_owned()),
        (false, true) => (200, "alice".to_owned()),
        (false, false) => (401, "no".to_owned()),
    });
    let token = genuine();
    let locks =
        serve(move |n, sent| if n < 20 && sent == token { (200, "alice".to_owned()) } else { (401, "no".to_owned()) });
    let open = serve(|_, _| (200, "welcome, whoever you are".to_owned()));
    let shut = serve(|_, _| (401, "no".to_owned()));
    for (server, word) in [
        (limits, "limits requests (429)"),
        (locks, "answered with 401 now"),
        (open, "open to everyone"),
        (shut, "the token itself is refused"),
    ] {
        let ran = at(server, &[]);
        let doc = ran.ended(5).json("jwt-attack");
        assert!(doc["stopped"].as_str().is_some_and(|s| s.contains(word)), "{word}: {}", doc["stopped"]);
        assert!(ran.err().contains(word), "{}", ran.err());
        assert_eq!(ids(&doc, "findings").len(), 0, "{word}");
        assert!(ids(&doc, "not_run").iter().any(|id| id == "jwt-attack-json"), "{word}");
    }
    at(open, &["--allow-not-run"]).ended(0);
    at(SocketAddr::from(([127, 0, 0, 1], super::closed_port())), &[]).ended(4).json("jwt-attack");
    at(open, &["--offline"]).ended(3).json("jwt-attack");
}

#[test]
fn the_readme_and_the_rules_list_every_attack() {
    let listed = Cli::new().run(&["rules"]).ended(0).out();
    let readme = include_str!("../../../README.md");
    for f in lunette::jwt::forge::FAMILIES {
        let r = &f.rule;
        let row = format!("| `{}` | {} | {} | {} |", r.id, r.severity.word(), r.title, r.plain);
        assert!(readme.contains(&row) && listed.contains(r.id) && listed.contains(r.title), "{row}");
    }
}
