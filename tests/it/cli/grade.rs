//! `lunette grade`: a letter with reasons, and a gate on it.

use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::hostile::Hostile;
use crate::support::recorder::Recorder;
use lunette::demo::Demo;

#[test]
fn the_practice_api_gets_its_letter_with_a_reason_for_every_rule() {
    let shop = Demo::start(None).expect("the practice API");
    let cli = Cli::new();
    let url = format!("http://{}/api/v1/orders", shop.http);
    let doc = cli.run(&["grade", &url, "--headers-only", "--format", "json"]).ended(0).json("grade");
    assert_eq!(doc["headers"]["grade"], "D");
    for field in ["tls", "findings"] {
        assert!(doc.get(field).is_some(), "{field}");
    }
    assert!(doc["headers"].get("observatory").is_some());
    let rules = doc["headers"]["rules"].as_array().expect("a list");
    for rule in rules {
        for field in ["id", "outcome", "weight", "cap", "reason"] {
            assert!(rule.get(field).is_some(), "{field} in {rule}");
        }
    }
    let ids: Vec<&str> = rules.iter().filter_map(|r| r["id"].as_str()).collect();
    for id in ["LNH02", "LNH03", "LNH05", "LNH08", "LNH11", "LNH17"] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    let ran = cli.run(&["grade", &url]);
    assert!(ran.ended(0).out().starts_with("headers D "), "{}", ran.out());
}

#[test]
fn a_letter_below_the_gate_ends_with_one() {
    let shop = Demo::start(None).expect("the practice API");
    let cli = Cli::new();
    let url = format!("http://{}/api/health?api_key=s3cret", shop.http);
    let ran = cli.run(&["grade", &url, "--format", "json"]);
    assert!(!ran.ended(0).out().contains("s3cret"), "{}", ran.out());
    for (path, gate, code) in [
        ("/api/v1/orders", "C", 1),
        ("/api/v1/orders", "D", 0),
        ("/api/v1/orders", "F", 0),
        ("/api/health", "A", 0),
        ("/api/health", "A+", 1),
    ] {
        let url = format!("http://{}{path}", shop.http);
        cli.run(&["grade", &url, "--fail-below", gate]).ended(code);
        cli.run(&["grade", &url, "--fail-below", gate, "--format", "json"]).ended(code).json("grade");
    }
}

#[test]
fn what_cannot_be_graded_ends_with_five_and_what_is_not_there_with_four() {
    let server = Hostile::start();
    let cli = Cli::new();
    for (path, code) in [("/garbage", 5), ("/headers", 5), ("/informational", 5), ("/close-in-head", 4), ("/silent", 4)]
    {
        let url = server.url(path);
        cli.run(&["grade", &url, "--timeout", "2"]).ended(code).says(&["not gradable: "]);
        // A gate does not turn what was not judged into a finding.
        let ran = cli.run(&["grade", &url, "--timeout", "2", "--fail-below", "A", "--format", "json"]);
        assert_eq!(ran.ended(code).json("grade")["headers"], Value::Null, "{path}");
    }
}

#[test]
fn headers_of_the_request_arrive_as_typed() {
    let recorder = Recorder::start();
    Cli::new().run(&["grade", &recorder.url("/a/../b"), "-H", "accept: x"]).ended(0);
    let heard = recorder.requests(1, std::time::Duration::from_secs(20));
    let begins = format!(
        "GET /a/../b HTTP/1.1\r\nhost: {}\r\naccept: x\r\nuser-agent: lunette/{} (grade; run ",
        recorder.addr,
        env!("CARGO_PKG_VERSION")
    );
    let sent = String::from_utf8_lossy(&heard[0]).into_owned();
    let run = sent.strip_prefix(&begins).and_then(|r| r.strip_suffix(")\r\n\r\n")).unwrap_or_else(|| panic!("{sent}"));
    assert!(run.len() == 8 && run.bytes().all(|b| b.is_ascii_hexdigit()), "{run}");
}

/// The reply that the README shows.
const REPLY: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nServer: nginx/1.18.0\r\n\r\n{\"a\":1}";

#[test]
fn a_reply_from_a_file_is_graded_and_nothing_is_sent() {
    let cli = Cli::new().file("reply.http", REPLY);
    let doc = cli
        .run(&["grade", "--response", "reply.http", "--url", "https://api.test/x", "--offline", "--format", "json"])
        .ended(0)
        .json("grade");
    assert_eq!((doc["url"].as_str(), doc["status"].as_u64()), (Some("https://api.test/x"), Some(200)));
    assert_eq!((doc["headers"]["grade"].as_str(), doc["headers"]["score"].as_u64()), (Some("C"), Some(68)));
    let opinion = &doc["headers"]["observatory"];
    assert_eq!((opinion["algorithm"].as_u64(), opinion["grade"].as_str()), (Some(6), Some("D")));
    let tests = opinion["tests"].as_object().expect("tests");
    assert_eq!(tests.len(), 12);
    for name in ["redirection", "cross-origin-resource-sharing"] {
        assert_eq!((tests[name]["result"].as_str(), tests[name]["modifier"].as_i64()), (Some("not-tested"), Some(0)));
    }
    assert!(doc["headers"]["difference"].as_str().is_some_and(|d| d.contains("the Observatory says D")));

    // The same reply out of an exchange document, whose request is known.
    let recorder =
        Recorder::scripted(vec![REPLY.replace("\r\n\r\n", "\r\nContent-Length: 7\r\n\r\n").into_bytes()], true);
    let sent = cli.run(&["send", "GET", &recorder.url("/x"), "-H", "Authorization: Bearer s3cret", "--format", "json"]);
    let cli = cli.file("x.json", &sent.ended(0).stdout);
    let ran = cli.run(&["grade", "--response", "x.json", "--url", "https://api.test/x", "--format", "json"]);
    assert_eq!(ran.ended(0).json("grade")["headers"]["score"], 56, "authenticated, so that it must not be stored");
    let ran = cli.run(&["grade", "--response", "x.json", "--format", "json"]);
    assert_eq!(ran.ended(0).json("grade")["url"].as_str(), Some(recorder.url("/x").as_str()));
    cli.run(&["grade", "--response", "reply.http", "--url", "https://api.test/x", "--fail-below", "B"]).ended(1);
}

#[test]
fn what_no_reply_can_be_read_from_is_an_error_with_its_place() {
    let cli = Cli::new().file("a", "<html>").file("b", "HTTP/1.1 20 OK\n\n").file("c", "{\"schema\":1}");
    for (file, words) in [
        ("a", ["a: line 1: it does not begin with a status line", "curl -i"]),
        ("b", ["b: line 1: it does not begin with a status line", "curl -i"]),
        ("c", ["c: /schema: it is JSON, and no exchange document", "lunette send"]),
        ("missing", ["missing", "no such file"]),
    ] {
        cli.run(&["grade", "--response", file, "--url", "https://h/"]).usage(&words);
    }
    let cli = cli.file("d", REPLY);
    cli.run(&["grade", "--response", "d"]).usage(&["d: ", "--url"]);
    cli.run(&["grade"]).usage(&["an argument is missing"]);
    cli.run(&["grade", "--response", "d", "--url", "https://h/", "--live"]).usage(&["--live"]);
    let none = r#"{"schema":"lunette.exchange/1","request":{"method":"GET","url":"https://h/"},"response":null}"#;
    let ran = cli.file("e", none).run(&["grade", "--response", "e", "--format", "json"]);
    assert_eq!(ran.ended(5).says(&["not gradable"]).json("grade")["headers"], Value::Null);
}

#[test]
fn odd_replies_get_a_letter() {
    let long =
        format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\nContent-Type: application/json\r\n\r\n{{}}", "a,".repeat(500_000));
    let cookies: Vec<String> = (0..50).map(|i| format!("Set-Cookie: c{i}=1\r\n")).collect();
    let cookies = format!("HTTP/1.1 200 OK\r\n{}\r\n", cookies.concat());
    for (what, bytes, url) in [
        ("a long header", long.into_bytes(), "https://h/"),
        ("many cookies", cookies.into_bytes(), "https://h/"),
        ("no ASCII", b"HTTP/1.1 200 \xff\r\nServer: \xe4\xb8\xad\x1b[31m/1.2\r\n\r\n".to_vec(), "https://h/"),
        ("folded", b"HTTP/1.1 200 OK\r\nCache-Control: no-store,\r\n  public\r\n\r\n{}".to_vec(), "https://h/"),
        ("no body", b"HTTP/1.1 204 No\r\n\r\n".to_vec(), "https://h/"),
        ("another type", b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n{}".to_vec(), "http://h/"),
    ] {
        let cli = Cli::new().file("r", bytes);
        let doc = cli.run(&["grade", "--response", "r", "--url", url, "--format", "json"]).ended(0).json("grade");
        let letter = doc["headers"]["grade"].as_str().unwrap_or_default().to_owned();
        assert!("A+ A B C D F".split(' ').any(|l| l == letter), "{what}: {letter}");
        cli.run(&["grade", "--response", "r", "--url", url]).ended(0);
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let cli = Cli::new();
    let doc = cli.run(&["rules", "--format", "json"]).ended(0).json("rules");
    let header = |r: &&Value| r["family"] == "header";
    let rules: Vec<&Value> = doc["rules"].as_array().expect("rules").iter().filter(header).collect();
    assert_eq!(rules.len(), 31);
    for rule in rules {
        for field in ["id", "title", "applies", "weight", "cap", "reference", "fix", "header", "nginx", "plain"] {
            assert!(rule.get(field).is_some(), "{field}");
        }
    }
    let one = cli.run(&["rules", "lnh10", "--format", "json"]).ended(0).json("rules");
    assert_eq!((one["rules"][0]["id"].as_str(), one["rules"][0]["cap"].as_str()), (Some("LNH10"), Some("F")));
    assert!(one["version"].is_string() && one["date"].as_str().is_some_and(|d| d.len() == 10));
    let text = cli.run(&["rules", "LNH02"]).ended(0).out();
    assert!(text.contains("RFC 6797") && text.contains("add_header Strict-Transport-Security"), "{text}");
    assert_eq!(cli.run(&["rules"]).ended(0).out().lines().filter(|l| l.starts_with("LNH")).count(), 31);
    cli.run(&["rules", "LNH99"]).usage(&["LNH99: there is no such rule"]);
    cli.run(&["rules", "LNH1O"]).usage(&["did you mean LNH"]);
}

#[test]
fn the_live_extras_are_shown_first_and_find_what_one_reply_hides() {
    let shop = Demo::start(None).expect("the practice API");
    let cli = Cli::new();
    let rule = |doc: &Value, id: &str| {
        let rules = doc["headers"]["rules"].as_array().expect("rules").clone();
        let r = rules.into_iter().find(|r| r["id"] == id).expect("the rule");
        (r["outcome"].as_str().unwrap_or_default().to_owned(), r["weight"].as_u64(), r["reason"].to_string())
    };
    let url = format!("http://localhost:{}/api/orders", shop.http.port());
    let ran = cli.run(&["grade", &url, "--live", "--format", "json", "-H", "Cookie: a=1"]);
    let doc = ran.ended(0).json("grade");
    assert_eq!(doc["headers"]["grade"], "F");
    let (outcome, weight, reason) = rule(&doc, "LNH10");
    assert_eq!((outcome.as_str(), weight), ("fail", Some(40)), "{reason}");
    let told = ran.err();
    let sent = shop.served_log().lines().count();
    assert_eq!(told.lines().count(), sent, "a line that counts them, and one for each but the first: {told}");
    assert!(told.starts_with("lunette: 10 more requests for the live extras:\n"), "{told}");

    let url = format!("http://localhost:{}/api/health", shop.http.port());
    let doc = cli.run(&["grade", &url, "--live", "--format", "json", "-H", "Cookie: a=1", "-q"]).ended(0).json("grade");
    let (outcome, weight, reason) = rule(&doc, "LNH12");
    assert_eq!((outcome.as_str(), weight), ("fail", Some(25)), "{reason}");
    assert_eq!(rule(&doc, "LNH10").0, "pass");
    assert_eq!(rule(&doc, "LNH30").0, "fail", "its errors have lost nosniff");
    let ran = cli.run(&["grade", "http://127.0.0.1:1/", "--live", "-q", "--timeout", "5"]);
    ran.ended(4).says(&["not gradable"]);
}
