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
    Cli::new().run(&with(&["--fail-on", "\u{1b}[2Jxyzzyxyzzy"])).usage(&["--fail-on", "use shadow", "url-credential"]);
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

/// Every format says the same two calls of the practice shop's orders, and none is told by its name.
#[test]
fn each_format_is_detected_or_given_and_shown() {
    for format in lunette::inventory::log::FORMATS {
        let cli = Cli::new().file("some.txt", format!("{}\n", format.example));
        let doc = cli.run(&["inventory", "some.txt", "--format", "json"]).ended(0).json("inventory");
        assert_eq!(doc["logs"][0]["format"], format.name);
        let e = endpoint(&doc, "GET", "/orders/{id}");
        assert_eq!((&e["requests"], &e["statuses"]["200"]), (&Value::from(1), &Value::from(1)), "{}", format.name);
        assert_eq!(e["first_seen"], "2023-11-14T22:13:20Z");
        let ran = cli.run(&["inventory", "some.txt", "--log-format", format.name]);
        assert!(
            ran.ended(0).out().contains(&format!("some.txt: read as {}, 1 requests", format.name)),
            "{}",
            ran.out()
        );
    }
}

#[test]
fn a_format_that_is_pasted_or_typed() {
    let cli = Cli::new().file("a.log", "200|GET /orders/7 HTTP/1.1\nodd\n").file(
        "b.log",
        "{\"m\":\"GET\",\"u\":\"/orders/7\",\"s\":404}\n{\"m\":\"GET\",\"u\":\"/orders/8\",\"s\":200}\n",
    );
    let a = cli
        .run(&["inventory", "a.log", "--log-format", "$status|$request", "--format", "json"])
        .ended(0)
        .json("inventory");
    assert_eq!(
        (&a["endpoints"][0]["path"], &a["unparsed"][0]["first"]),
        (&Value::from("/orders/{id}"), &Value::from("odd"))
    );
    let b = ["inventory", "b.log", "--log-format", "json:method=m,target=u,status=s", "--format", "json"];
    assert_eq!(cli.run(&b).ended(0).json("inventory")["endpoints"][0]["requests"], 2);
    cli.run(&["inventory", "a.log"]).usage(&["a.log", "no line reads as an access log", "--log-format", "200|GET"]);
    cli.run(&["inventory", "a.log", "--log-format", "combind"]).usage(&["--log-format", "did you mean combined?"]);
    cli.run(&["inventory", "a.log", "--as", "harr"]).usage(&["--as", "did you mean har?"]);
}

#[test]
fn captures_tell_who_sent_a_credential_and_keep_none() {
    let har = r#"{"log":{"creator":{"name":"proxy"},"entries":[
      {"startedDateTime":"2023-11-14T22:13:20Z","time":16,"request":{"method":"GET","url":"https://api.test/orders/7?token=s3cr3t","headers":[{"name":"Authorization","value":"Bearer s3cr3t"}]},"response":{"status":200}},
      {"startedDateTime":"2023-11-14T22:13:21Z","time":16,"request":{"method":"GET","url":"https://api.test/orders/8","headers":[]},"response":{"status":401}},{}]}}"#;
    let postman =
        r#"{"info":{"_postman_id":"1"},"item":[{"request":{"method":"PUT","url":"https://api.test/orders/:id"}}]}"#;
    let burp = "<items burpVersion=\"1\"><item><url>https://api.test/users/1</url><method>GET</method><status>200</status></item></items>";
    let cli = Cli::new().file("a.har", har).file("b.json", postman).file("c.xml", burp);
    let ran = cli.run(&["inventory", "a.har", "b.json", "c.xml", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert!(!ran.out().contains("s3cr3t"));
    let orders = endpoint(&doc, "GET", "/orders/{id}");
    assert_eq!(orders["seen"], serde_json::json!(["capture"]));
    assert_eq!(orders["credentials"], serde_json::json!({"sent": 1, "none": 1}));
    assert_eq!(orders["statuses"], serde_json::json!({"200": 1, "401": 1}));
    assert_eq!(endpoint(&doc, "PUT", "/orders/{id}")["requests"], 0);
    assert_eq!(endpoint(&doc, "GET", "/users/{id}")["requests"], 1);
    assert_eq!(doc["problems"][0]["location"], "/log/entries/2");
    let formats: Vec<_> = doc["logs"].as_array().expect("a list").iter().map(|l| l["format"].clone()).collect();
    assert_eq!(formats, ["HAR", "Postman collection", "file of Burp items"]);
    let shop = cli.run(&["inventory", &sample("shop.har"), "--format", "json"]).ended(0).json("inventory");
    assert!(!shop["endpoints"].as_array().expect("a list").is_empty());
    cli.run(&["inventory", "a.har", "--as", "postman"]).usage(&["a.har", "no request was found"]);
}

#[test]
fn packed_logs_and_standard_input_say_the_same_as_plain_ones() {
    let plain = std::fs::read(sample("shop.access.log")).expect("a sample");
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut writer, &plain).expect("pack");
    let gzip = writer.finish().expect("pack");
    let zstd = zstd::stream::encode_all(plain.as_slice(), 1).expect("pack");
    let cut = gzip[..gzip.len() / 2].to_vec();
    let cli = Cli::new().file("a.gz", &gzip).file("a.zst", &zstd).file("cut.gz", cut);
    let counts = |cli: &Cli, name: &str| {
        let doc =
            cli.run(&["inventory", &sample("shop.openapi.json"), name, "--format", "json"]).ended(0).json("inventory");
        let all = doc["endpoints"].as_array().expect("a list").clone();
        (
            doc,
            all.into_iter()
                .map(|e| (e["path"].clone(), e["method"].clone(), e["statuses"].clone()))
                .collect::<Vec<_>>(),
        )
    };
    let want = counts(&cli, &sample("shop.access.log")).1;
    assert_eq!(counts(&cli, "a.gz").1, want);
    assert_eq!(counts(&cli, "a.zst").1, want);
    for bytes in [plain, gzip] {
        assert_eq!(counts(&Cli::new().stdin(bytes), "-").1, want);
    }
    let document = std::fs::read(sample("shop.openapi.json")).expect("a sample");
    let doc = Cli::new().stdin(document).run(&["inventory", "-", "--format", "json"]).ended(0).json("inventory");
    assert!(doc["totals"]["endpoints"].as_u64() > Some(10));
    let (doc, _) = counts(&cli, "cut.gz");
    let lines = doc["totals"]["log_lines"].as_u64().expect("a count");
    assert!((100..2000).contains(&lines), "{lines}");
    let message = doc["problems"][0]["message"].as_str().expect("a sentence");
    assert!(message.contains("cut short") && message.contains("kept"), "{message}");
}

#[test]
fn the_readme_lists_every_format_and_what_writes_it() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a page");
    for format in lunette::inventory::log::FORMATS {
        let row = format!("| `{}` | {} |", format.name, format.about);
        assert!(readme.contains(&row), "{row}");
    }
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
