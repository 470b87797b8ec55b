//! Bad input of every kind: bounded memory and time, one clear line, and the rest is kept.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::support::bombs;
use crate::support::cli::{Cli, Ran};

const GOOD: &str = "1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n";

/// More than any of these may hold, in KiB.
const ROOM: u64 = 220 << 10;

fn small(ran: &Ran) {
    assert!(ran.peak_kib.is_none_or(|k| k < ROOM), "{:?} KiB", ran.peak_kib);
}

fn messages(doc: &Value) -> String {
    doc["problems"].to_string()
}

#[test]
fn a_log_that_unpacks_to_everything_is_stopped_from_a_pipe_as_well() {
    let lines = format!("{GOOD}{}", format!("{}\n", "x".repeat(1 << 18)).repeat(4));
    // The same frame over and over.
    let bomb = zstd::stream::encode_all(lines.as_bytes(), 3).expect("pack").repeat(400);
    let cli = Cli::new().file("a.log.zst", &bomb).stdin(&bomb);
    for source in ["a.log.zst", "-"] {
        let ran = cli.run(&["inventory", source, "--format", "json"]);
        let doc = ran.ended(0).json("inventory");
        assert!(messages(&doc).contains("more than 500 times its size"), "{}", doc["problems"]);
        assert!(doc["endpoints"][0]["requests"].as_u64().is_some_and(|n| n > 200), "what came is kept");
        small(&ran);
    }
    // As a document it is refused.
    for source in ["a.log.zst", "-"] {
        cli.run(&["inventory", source, "--as", "spec"]).usage(&["more than the 64.0 MiB that are read"]);
    }
}

#[test]
fn a_packed_log_that_is_cut_short_keeps_what_came() {
    let log: String = (0..50_000).fold(String::new(), |mut all, i| {
        let _ = writeln!(all, "{}", GOOD.trim_end().replace("/a", &format!("/a/{i}{}", i * 7_919 % 10_007)));
        all
    });
    for packed in [bombs::gzip(log.as_bytes()), zstd::stream::encode_all(log.as_bytes(), 1).expect("pack")] {
        let cut = &packed[..packed.len() / 2];
        let cli = Cli::new().file("a.log.gz", cut).stdin(cut);
        for source in ["a.log.gz", "-"] {
            let doc = cli.run(&["inventory", source, "--format", "json"]).ended(0).json("inventory");
            assert!(messages(&doc).contains("cut short"), "{}", doc["problems"]);
            assert!(doc["totals"]["log_lines"].as_u64().is_some_and(|n| (10_000..50_000).contains(&n)));
        }
    }
}

#[test]
fn nuls_and_bytes_that_are_no_text_cost_their_line() {
    let odd: [&[u8]; 4] =
        [b"\0\0\0\0\n", b"\xff\xfe\xfd\n", b"1.2.3.4 - - [\0] \"GET /\0 HTTP/1.1\" 200 5\n", b"\xc3\x28\n"];
    let path = GOOD.replace("/a", "/a\\x00/\u{7f}").into_bytes();
    let raw = [b"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] \"GET /\xff\0 HTTP/1.1\" 200 5 \"-\" \"-\"\n".to_vec(), path]
        .concat();
    let log = [GOOD.as_bytes(), &odd.concat(), &raw, GOOD.as_bytes()].concat();
    let cli = Cli::new().file("a.log", log);
    let ran = cli.run(&["inventory", "a.log", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert_eq!((&doc["unparsed"][0]["lines"], &doc["totals"]["log_lines"]), (&json!(3), &json!(8)));
    assert_eq!(doc["endpoints"].as_array().map(Vec::len), Some(4), "{:#}", doc["endpoints"]);
    let table = cli.run(&["inventory", "a.log"]).ended(0).out();
    assert!(!table.chars().any(|c| c.is_control() && c != '\n'), "{table}");
}

#[test]
fn documents_that_go_on_without_an_end_are_ended() {
    let deep = |open: &str, close: &str| {
        format!(
            "{{\"openapi\": \"3.0.0\", \"paths\": {{\"/a\": {{\"get\": {{\"x\": {}1{}}}}}}}}}",
            open.repeat(100_000),
            close.repeat(100_000)
        )
    };
    let aliases = {
        let mut text = "openapi: 3.0.0\npaths: {}\nx0: &x0 [a, a, a, a, a, a, a, a, a, a]\n".to_owned();
        for i in 1..12 {
            let _ = writeln!(text, "x{i}: &x{i} [{}]", vec![format!("*x{}", i - 1); 10].join(", "));
        }
        text
    };
    let yaml_deep =
        format!("openapi: 3.0.0\npaths:\n  /a:\n    get:\n      x: {}{}\n", "[".repeat(100_000), "]".repeat(100_000));
    let cli = Cli::new().file("lists.json", deep("[", "]")).file("objects.json", deep("{\"a\":", "}"));
    for name in ["lists.json", "objects.json"] {
        let ran = cli.run(&["inventory", name, "--format", "json"]);
        assert_eq!(ran.ended(0).json("inventory")["endpoints"][0]["path"], "/a");
        small(&ran);
    }
    for (name, text, word) in [("aliases.yaml", &aliases, "YAML"), ("deep.yaml", &yaml_deep, "YAML")] {
        let cli = Cli::new().file(name, text);
        let ran = cli.run(&["inventory", name]);
        ran.usage(&[name, word]);
        small(&ran);
    }
}

#[test]
fn what_stands_twice_counts_the_last_time_and_is_said() {
    let twice = "openapi: 3.0.0\npaths:\n  /a:\n    get: {}\n  /b:\n    get: {}\n  /a:\n    put: {}\n";
    let json = r#"{"openapi": "3.0.0", "paths": {"/a": {"get": {}}, "/b": {"get": {}}, "/a": {"put": {}}}}"#;
    for (name, text) in [("a.yaml", twice), ("a.json", json)] {
        let cli = Cli::new().file(name, text);
        let doc = cli.run(&["inventory", name, "--format", "json"]).ended(0).json("inventory");
        let all = doc["endpoints"].as_array().expect("a list");
        assert!(all.iter().any(|e| e["method"] == "PUT" && e["path"] == "/a"), "{name}: {all:?}");
        assert!(messages(&doc).contains("twice"), "{name}: {}", doc["problems"]);
    }
}

#[test]
fn twenty_thousand_paths_are_read() {
    let document = lunette::inventory::sample::document(80_000);
    let log = lunette::inventory::sample::log(20_000, 80_000);
    let cli = Cli::new().file("a.json", document).file("a.log", log);
    let ran = cli.run(&["inventory", "a.json", "a.log", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert!(doc["totals"]["endpoints"].as_u64().is_some_and(|n| n >= 80_000));
    assert_eq!(doc["unparsed"], json!([]));
}

#[test]
fn a_broken_document_in_a_folder_fails_as_it_does_by_itself() {
    let cli = Cli::new();
    std::fs::create_dir_all(cli.path("api")).expect("a folder");
    let cli = cli
        .file("api/good.yaml", "openapi: 3.0.0\npaths: {/a: {get: {$ref: 'part.yaml#/g'}}}\n")
        .file("api/part.yaml", "g: {}\n")
        .file("api/settings.json", "{\"a\": // no JSON, and no document\n 1}")
        .file("api/notes.yaml", "a: [b\n")
        .file("api/empty.txt", "");
    let doc = cli.run(&["inventory", "api", "--format", "json"]).ended(0).json("inventory");
    let aside = doc["problems"].as_array().expect("a list");
    assert_eq!(aside.len(), 3, "{aside:?}");
    for (name, text, words) in [
        ("api/a.json", "{\"openapi\": \"3.0.0\", \"paths\": {\"/a\": {", &["api/a.json:1:", "JSON", "mend"][..]),
        ("api/a.yaml", "openapi: 3.0.0\npaths:\n  /a: [\n", &["api/a.yaml:", "YAML"]),
        ("api/a.yaml", "# old\nswagger: '1.2'\napis: []\n", &["api/a.yaml: ", "Swagger 1.2"]),
    ] {
        std::fs::write(cli.path(name), text).expect("write");
        cli.run(&["inventory", "api"]).usage(words);
        std::fs::remove_file(cli.path(name)).expect("remove");
    }
    // A folder with nothing but a broken one says what is broken.
    std::fs::create_dir_all(cli.path("one")).expect("a folder");
    let cli = cli.file("one/a.yaml", "openapi: 3.0.0\npaths: [\n");
    cli.run(&["inventory", "one"]).usage(&["one/a.yaml:", "YAML"]);
}
