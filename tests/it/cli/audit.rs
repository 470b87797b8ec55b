//! `lunette audit`: what was sent, and whether the log of it is whole.

use std::fs;

use crate::support::cli::Cli;
use crate::support::hostile::Hostile;
use crate::support::recorder::Recorder;

fn workspace() -> Cli {
    Cli::new().file("lunette.toml", "[workspace]\nname = \"w\"\n")
}

#[test]
fn what_was_sent_is_shown_with_its_secrets_masked() {
    let recorder = Recorder::start();
    let hostile = Hostile::start();
    let cli = workspace();
    let port = recorder.addr.port();
    let ran = cli.run(&["send", "POST", &recorder.url("/a?access_token=s3cret&x=1"), "-d", "x", "--format", "json"]);
    let sent = ran.ended(0).json("exchange");
    cli.run(&["send", "GET", &hostile.url("/silent"), "--timeout", "0.5"]).ended(4);
    cli.run(&["grade", &format!("http://h.test:{port}/"), "--resolve", &format!("h.test:{port}:127.0.0.1")]).ended(0);
    // Refused before it was dialled: no intent.
    cli.run(&["send", "GET", &recorder.url("/"), "--offline"]).ended(3);
    let doc = cli.run(&["audit", "show", "--format", "json"]).ended(0).json("audit");
    let entries = doc["entries"].as_array().expect("a list");
    assert_eq!(entries.len(), 3, "{doc}");
    let first = &entries[0];
    for (member, value) in [
        ("who", "hand".to_owned()),
        ("method", "POST".to_owned()),
        ("url", recorder.url("/a?access_token=***&x=1")),
        ("remote", recorder.addr.to_string()),
    ] {
        assert_eq!(first[member], value, "{member}");
    }
    assert_eq!(first["result"]["status"], 200);
    assert_eq!(first["result"]["sha256"], sent["request"]["sha256"], "the hash is over the real bytes");
    assert_eq!(
        (&entries[1]["result"]["status"], &entries[1]["result"]["failure"]),
        (&serde_json::Value::Null, &"timeout".into())
    );
    assert_eq!(
        (&doc["chain"]["intact"], &doc["chain"]["lines"], &doc["chain"]["open"]),
        (&true.into(), &6.into(), &0.into())
    );
    let out = cli.run(&["audit", "show"]).ended(0).out();
    assert!(out.lines().count() == 4 && out.contains("POST") && out.contains("timeout"), "{out}");
    assert!(!fs::read_to_string(cli.path(".lunette/audit.jsonl")).expect("the log").contains("s3cret"));

    let count = |more: &[&str]| {
        let arguments = [&["audit", "show", "--format", "json"], more].concat();
        cli.run(&arguments).ended(0).json("audit")["entries"].as_array().expect("a list").len()
    };
    assert_eq!((count(&["--host", "h.test"]), count(&["--host", "127.0.0.1"])), (1, 2));
    assert_eq!(count(&["--host", &format!("127.0.0.1:{port}")]), 1);
    assert_eq!((count(&["--who", "hand"]), count(&["--who", "grade"]), count(&["--who", "check"])), (2, 1, 0));
    assert_eq!((count(&["--since", "2020-01-01T00:00:00Z"]), count(&["--since", "2999-01-01T00:00:00Z"])), (3, 0));
    cli.run(&["audit", "show", "--since", "today"]).usage(&["--since today", "RFC 3339"]);
    cli.run(&["audit", "show", "--host", "a:x"]).usage(&["--host a:x", "HOST:PORT"]);
}

#[test]
fn a_changed_log_ends_with_one_and_the_line() {
    let recorder = Recorder::start();
    let cli = workspace();
    for _ in 0..3 {
        cli.run(&["send", "GET", &recorder.url("/")]).ended(0);
    }
    let ran = cli.run(&["audit", "verify"]);
    for words in
        ["the chain is whole: 6 lines\n", "head ", "unkeyed", "cut tail shows only against a head printed earlier"]
    {
        assert!(ran.ended(0).out().contains(words), "{}", ran.out());
    }
    let doc = cli.run(&["audit", "verify", "--format", "json"]).ended(0).json("audit");
    let head = doc["chain"]["head"].as_str().expect("a head").to_owned();
    assert_eq!((&doc["chain"]["keyed"], &doc["chain"]["broken"]), (&false.into(), &serde_json::Value::Null));
    let path = cli.path(".lunette/audit.jsonl");
    let good = fs::read_to_string(&path).expect("the log");
    let lines: Vec<&str> = good.lines().collect();
    let broken = |text: String, line: u64| {
        fs::write(&path, text).expect("write");
        let ran = cli.run(&["audit", "verify", "--format", "json"]);
        let doc = ran.ended(1).says(&[&format!("audit.jsonl:{line}: ")]).json("audit");
        assert_eq!((&doc["chain"]["intact"], &doc["chain"]["broken"]["line"]), (&false.into(), &line.into()));
        cli.run(&["audit", "verify"]).ended(1);
        cli.run(&["audit", "show"]).ended(0).says(&["broken at line", "audit verify"]);
    };
    let join = |order: &[usize]| order.iter().map(|i| lines[*i]).collect::<Vec<_>>().join("\n") + "\n";
    broken(good.replacen("GET", "PUT", 1), 1);
    broken(join(&[0, 1, 3, 4, 5]), 3);
    broken(join(&[0, 1, 3, 2, 4, 5]), 3);
    broken(good.trim_end().to_owned(), 6);
    fs::write(&path, join(&[0, 1, 2, 3])).expect("write");
    cli.run(&["audit", "verify"]).ended(0);
    cli.run(&["audit", "verify", "--head", &head]).ended(1).says(&["head", "does not stand in it"]);
    fs::write(&path, &good).expect("write");
    assert!(cli.run(&["audit", "verify", "--head", &head]).ended(0).out().contains("stands in it"));
    cli.run(&["audit", "verify", "--head", "abc"]).usage(&["--head abc", "64"]);
}

#[test]
fn where_nothing_is_logged_it_says_so() {
    Cli::new().run(&["audit", "show"]).usage(&["no workspace here or above", "--workspace DIR"]);
    workspace().run(&["audit", "verify"]).usage(&["no audit log here", "nothing was sent"]);
    let cli = Cli::new();
    let recorder = Recorder::start();
    cli.run(&["send", "GET", &recorder.url("/")]).ended(0);
    assert!(!cli.path(".lunette").exists(), "without a workspace nothing is written");
    // The log is readable although the file is not right.
    let broken = workspace();
    broken.run(&["send", "GET", &recorder.url("/")]).ended(0);
    fs::write(broken.path("lunette.toml"), "nonsense").expect("write");
    broken.run(&["audit", "verify"]).ended(0);
    Cli::new().run(&["audit"]).ended(2);
}

#[test]
fn what_is_refused_before_it_is_dialled_makes_no_log() {
    let cli = workspace();
    cli.run(&["send", "GET", "http://127.0.0.1:1/", "--offline"]).ended(3);
    assert!(!cli.path(".lunette").exists());
}
