//! `lunette inventory`: which endpoints there are, and which of them nobody declared.

use serde_json::Value;

use super::sample;
use crate::support::cli::Cli;

/// Counted by hand in `samples/`: what the document declares against what the log saw.
const STATES: [(&str, &[&str]); 5] = [
    ("shadow", &["GET /api/orders/{id}/export"]),
    ("shadow-method", &["DELETE /api/users/{id}"]),
    ("zombie", &["GET /api/v1/orders"]),
    ("ghost", &["GET /api/reports/{id}", "GET /api/slow"]),
    (
        "documented",
        &[
            "DELETE /api/orders/{id}",
            "GET /api/health",
            "GET /api/openapi.json",
            "GET /api/orders",
            "GET /api/orders/{id}",
            "GET /api/users",
            "GET /api/users/{id}",
            "PATCH /api/users/{id}",
            "POST /api/login",
            "POST /api/orders",
        ],
    ),
];

fn both() -> [String; 3] {
    ["inventory".to_owned(), sample("shop.openapi.json"), sample("shop.access.log")]
}

fn with(more: &[&str]) -> Vec<String> {
    both().into_iter().chain(more.iter().map(|s| (*s).to_owned())).collect()
}

fn endpoint<'a>(doc: &'a Value, method: &str, path: &str) -> &'a Value {
    let all = doc["endpoints"].as_array().expect("a list");
    all.iter().find(|e| e["method"] == method && e["path"] == path).unwrap_or_else(|| panic!("{method} {path}"))
}

#[test]
fn the_samples_hold_one_of_each_state() {
    let doc = Cli::new().run(&with(&["--format", "json"])).ended(0).json("inventory");
    for (state, wanted) in STATES {
        let all = doc["endpoints"].as_array().expect("a list");
        let mut found: Vec<String> = all
            .iter()
            .filter(|e| e["state"] == state)
            .map(|e| format!("{} {}", e["method"].as_str().expect("a word"), e["path"].as_str().expect("a path")))
            .collect();
        found.sort();
        assert_eq!(found, wanted, "{state}");
    }
    assert_eq!(doc["totals"]["endpoints"], 15);
    assert_eq!(doc["totals"]["log_lines"], 2000);
    assert_eq!(doc["noise"]["requests"], 10);
    assert_eq!(doc["unparsed"][0]["lines"], Value::Null, "{}", doc["unparsed"]);
}

#[test]
fn every_field_of_the_contract_is_there() {
    let doc = Cli::new().run(&with(&["--format", "json"])).ended(0).json("inventory");
    let has = |value: &Value, fields: &[&str]| {
        for field in fields {
            assert!(value.get(field).is_some(), "{field} in {value}");
        }
    };
    has(&doc, &["endpoints", "findings", "noise", "unparsed", "problems", "totals"]);
    has(&doc["totals"], &["endpoints", "log_lines", "log_bytes"]);
    for e in doc["endpoints"].as_array().expect("a list") {
        has(
            e,
            &[
                "method",
                "host",
                "path",
                "seen",
                "state",
                "in_code",
                "requests",
                "statuses",
                "latency_ms",
                "first_seen",
                "last_seen",
                "deprecated",
                "sunset",
                "security",
                "locations",
            ],
        );
    }
    let orders = endpoint(&doc, "GET", "/api/orders/{id}");
    assert_eq!(orders["requests"], 462);
    assert_eq!(orders["seen"], serde_json::json!(["spec", "log"]));
    let calls: u64 = orders["statuses"].as_object().expect("counts").values().filter_map(Value::as_u64).sum();
    assert_eq!(calls, 462);
    has(&orders["latency_ms"], &["p50", "p95", "p99"]);
    assert!(orders["first_seen"].as_str().expect("a time").ends_with('Z'));
    assert_eq!(endpoint(&doc, "GET", "/api/v1/orders")["deprecated"], true);
    assert_eq!(endpoint(&doc, "GET", "/api/slow")["latency_ms"], Value::Null);
}

#[test]
fn nothing_is_judged_against_a_source_that_was_not_given() {
    let cli = Cli::new();
    let of = |name: &str| {
        let doc = cli.run(&["inventory", &sample(name), "--format", "json"]).ended(0).json("inventory");
        let all = doc["endpoints"].as_array().expect("a list").clone();
        all.iter().map(|e| e["state"].as_str().unwrap_or("null").to_owned()).collect::<Vec<_>>()
    };
    assert!(of("shop.openapi.json").iter().all(|s| s != "ghost" && s != "shadow"));
    assert!(of("shop.access.log").iter().all(|s| s == "null"));
}

#[test]
fn a_state_that_must_not_be_ends_with_one_and_a_line_each() {
    let cli = Cli::new();
    let ran = cli.run(&with(&["--fail-on", "shadow"]));
    ran.ended(1).says(&["shadow: GET /api/orders/{id}/export"]);
    assert!(ran.out().contains("15 endpoints"));
    let ran = cli.run(&with(&["--fail-on", "shadow,ghost", "--format", "json"]));
    ran.ended(1).json("inventory");
    assert_eq!(ran.err().lines().count(), 3, "{}", ran.err());
    cli.run(&with(&["--fail-on", "never"])).ended(0);
    cli.run(&with(&["--fail-on", "critical"])).ended(0);
    assert_eq!(cli.run(&both()).ended(0).err(), "");
}

#[test]
fn an_unknown_state_is_named_with_the_near_one() {
    Cli::new().run(&with(&["--fail-on", "shadwo"])).usage(&["--fail-on", "shadwo", "did you mean shadow?"]);
    Cli::new().run(&with(&["--fail-on", "\u{1b}[2Jxyzzyxyzzy"])).usage(&["--fail-on", "use shadow"]);
}

#[test]
fn the_table_holds_no_escapes_whatever_the_log_holds() {
    let line =
        "198.51.100.7 - - [03/Nov/2025:09:00:00 +0000] \"GET /api/\x1b[2J/\u{202e}x HTTP/1.1\" 200 2 \"-\" \"-\"\n";
    let cli = Cli::new().file("a.log", line.repeat(3));
    let ran = cli.run(&["inventory", "a.log"]);
    assert!(!ran.ended(0).out().chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{:?}", ran.out());
    cli.run(&["inventory", "a.log", "--format", "json"]).ended(0).json("inventory");
}

#[test]
fn against_a_baseline_only_what_is_new_fails() {
    let cli = Cli::new();
    let whole = cli.run(&with(&["--format", "json"])).ended(0).json("inventory");
    let mut older = whole.clone();
    older["endpoints"].as_array_mut().expect("a list").retain(|e| e["path"] != "/api/v1/orders");
    let cli = Cli::new().file("whole.json", whole.to_string()).file("older.json", older.to_string());
    let gate = ["--fail-on", "shadow,shadow-method,zombie", "--baseline"];
    let against = |file: &str| cli.run(&with(&[&gate[..], &[file]].concat()));
    assert!(against("whole.json").ended(0).err().contains("3 more stand in the baseline already"));
    let ran = against("older.json");
    let words = ["zombie: GET ", "/api/v1/orders: answered 200 in ", "although its time is over"];
    assert!(words.iter().all(|w| ran.ended(1).err().contains(w)), "{}", ran.err());
    assert!(!ran.err().contains("export"), "{}", ran.err());
    // The same endpoint in a worse state is new.
    let mut better = whole;
    for e in better["endpoints"].as_array_mut().expect("a list") {
        e["state"] = "documented".into();
    }
    let cli = cli.file("better.json", better.to_string()).file("odd.json", "[]");
    let ran = cli.run(&with(&[&gate[..], &["better.json"]].concat()));
    assert_eq!(ran.ended(1).err().lines().count(), 3, "{}", ran.err());
    cli.run(&with(&[&gate[..], &["odd.json"]].concat())).usage(&["odd.json: ", "no inventory document"]);
    cli.run(&with(&[&gate[..], &["gone.json"]].concat())).usage(&["gone.json", "no such file"]);
    cli.run(&with(&["--baseline", "older.json"])).usage(&["--fail-on"]);
}

#[test]
fn the_examples_for_pipelines_run_as_they_stand() {
    for name in ["ci/github.yml", "ci/gitlab.yml"] {
        let text = std::fs::read_to_string(sample(name)).expect("the example");
        let command =
            text.lines().map(|l| l.trim().trim_start_matches("- ")).find(|l| l.starts_with("lunette inventory "));
        let arguments: Vec<&str> = command.expect("a gate").split_whitespace().skip(1).collect();
        let file = |name: &str| std::fs::read(sample(name)).expect("a sample");
        let cli = Cli::new()
            .file("openapi.yaml", file("shop.openapi.json"))
            .file("access.log", file("shop.access.log"))
            .file("inventory.json", r#"{"schema":"lunette.inventory/1","endpoints":[]}"#);
        let ran = cli.run(&arguments);
        assert_eq!(ran.ended(1).err().lines().count(), 3, "{}", ran.err());
        let known =
            cli.run(&["inventory", "openapi.yaml", "access.log", "--format", "json"]).ended(0).json("inventory");
        cli.file("inventory.json", known.to_string()).run(&arguments).ended(0);
        assert!(text.contains("cannot see"), "{name} says what it does not find");
    }
}
