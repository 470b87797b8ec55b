//! Bad input: each ends in one sentence with the place and the next step, and leaves stdout empty; or it is counted and shown.

use std::io::Write as _;

use crate::support::cli::Cli;

const SPEC: &str = r#"{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {"/a": {"get": {}}}}"#;

#[test]
fn what_cannot_be_read_is_said_in_one_sentence() {
    let noise: Vec<u8> = (0..4000_u32).map(|i| i.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let cli = Cli::new()
        .file("openapi.yaml", "openapi: 3.1.0\npaths: {}\n")
        .file("empty.json", "")
        .file("blank.json", " \n\n")
        .file("binary.log", noise)
        .file("packed.log.gz", b"\x1f\x8b\x08\0\0\0\0\0")
        .file("broken.json", "{\"openapi\": \"3.1.0\",\n \"paths\": {\n  \"/a\": {,}\n}}")
        .file("cut.json", &SPEC[..60])
        .file("broken.yaml", "openapi: 3.1.0\npaths:\n  /a:\n    get: [\n  /b: {}\n")
        .file("swagger.json", r#"{"swagger": "1.2", "info": {}, "paths": {}}"#)
        .file("swagger.yaml", "swagger: '1.2'\ninfo: {}\npaths: {}\n")
        .file("asyncapi.yaml", "asyncapi: 2.6.0\ninfo: {title: t}\nchannels: {}\n")
        .file(
            "postman.json",
            r#"{"info": {"schema": "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"}, "item": []}"#,
        )
        .file("other.json", r#"{"name": "something else", "version": 1}"#)
        .file("records.json", "{\n  \"method\": \"GET\",\n  \"status\": 200\n}\n".repeat(9))
        .file("list.json", "[1, 2, 3]");
    std::fs::create_dir(cli.path("folder")).expect("a folder");
    for (name, words) in [
        ("openapi.yml", &["openapi.yml: ", "no such file", "did you mean openapi.yaml?"][..]),
        ("nowhere/at/all.json", &["nowhere/at/all.json: ", "no such file", "check the path"]),
        ("folder", &["folder: ", "no OpenAPI document stands in this folder", "name the folder"]),
        ("empty.json", &["empty.json: ", "empty"]),
        ("blank.json", &["blank.json: ", "empty", "give an OpenAPI document"]),
        ("binary.log", &["binary.log: ", "binary", "give an OpenAPI document or an access log"]),
        ("packed.log.gz", &["packed.log.gz: ", "compressed file cannot be read", "written completely"]),
        ("broken.json", &["broken.json:3:", "JSON", "mend"]),
        ("cut.json", &["cut.json:1:", "JSON", "mend"]),
        ("broken.yaml", &["broken.yaml:4:", "YAML", "mend"]),
        ("swagger.json", &["swagger.json: ", "Swagger 1.2", "give an OpenAPI 3.0 to 3.2 or Swagger 2.0 document"]),
        ("swagger.yaml", &["swagger.yaml: ", "Swagger 1.2", "give an OpenAPI"]),
        ("asyncapi.yaml", &["asyncapi.yaml: ", "AsyncAPI 2.6.0", "give an OpenAPI"]),
        ("postman.json", &["postman.json: ", "no request was found in this Postman collection", "exported"]),
        ("other.json", &["other.json: ", "OpenAPI"]),
        ("list.json", &["list.json: ", "OpenAPI"]),
        ("records.json", &["records.json: ", "records go over several lines", "jq -c"]),
        ("ftp://api.test/openapi.json", &["ftp is not a scheme lunette sends", "use http:// or https://"]),
    ] {
        for format in ["table", "json"] {
            cli.run(&["inventory", name, "--format", format]).usage(words);
        }
    }
}

#[test]
fn a_bad_source_among_good_ones_is_named() {
    let cli = Cli::new().file("a.json", SPEC).file("b.json", "{");
    cli.run(&["inventory", "a.json", "b.json"]).usage(&["b.json:1:"]);
}

#[test]
fn a_file_that_nobody_may_read_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let cli = Cli::new().file("locked.json", SPEC);
    std::fs::set_permissions(cli.path("locked.json"), std::fs::Permissions::from_mode(0o0)).expect("chmod");
    let ran = cli.run(&["inventory", "locked.json"]);
    // The superuser may read everything.
    if std::fs::read(cli.path("locked.json")).is_err() {
        ran.usage(&["locked.json: ", "not permitted", "check who owns"]);
    } else {
        ran.ended(0);
    }
}

#[test]
fn a_line_of_100_mb_is_counted_and_takes_no_memory() {
    let cli = Cli::new();
    let good = "198.51.100.7 - - [03/Nov/2025:09:00:00 +0000] \"GET /api/a HTTP/1.1\" 200 2 \"-\" \"-\"\n";
    let mut file = std::fs::File::create(cli.path("long.log")).expect("a file");
    file.write_all(good.as_bytes()).expect("write");
    let block = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&block).expect("write");
    }
    file.write_all(b"\n").expect("write");
    file.write_all(good.as_bytes()).expect("write");
    drop(file);
    let ran = cli.run(&["inventory", "long.log", "--format", "json"]);
    let doc = ran.ended(0).json("inventory");
    assert_eq!(doc["totals"]["log_lines"], 3);
    assert_eq!(doc["unparsed"][0]["source"], "long.log");
    assert_eq!(doc["unparsed"][0]["lines"], 1);
    let first = doc["unparsed"][0]["first"].as_str().expect("the start of the line");
    assert!(first.len() < 2000, "{} bytes", first.len());
    assert_eq!(doc["endpoints"][0]["requests"], 2, "what stands around it is read");
    // A program that held the line would need 100 MiB for it alone.
    if let Some(kib) = ran.peak_kib {
        assert!(kib < 64 << 10, "{kib} KiB");
    }
}

#[test]
fn a_document_of_one_100_mb_line_is_refused_before_it_is_read() {
    let cli = Cli::new();
    let mut file = std::fs::File::create(cli.path("long.json")).expect("a file");
    file.write_all(b"{\"openapi\": \"3.1.0\", \"info\": \"").expect("write");
    let block = vec![b'x'; 1 << 20];
    for _ in 0..100 {
        file.write_all(&block).expect("write");
    }
    file.write_all(b"\"}").expect("write");
    drop(file);
    let ran = cli.run(&["inventory", "long.json"]);
    ran.usage(&["long.json: ", "100.0 MiB", "64.0 MiB", "split the document"]);
    if let Some(kib) = ran.peak_kib {
        assert!(kib < 64 << 10, "{kib} KiB");
    }
}

#[test]
fn text_that_is_no_log_is_said_with_its_first_line() {
    let cli = Cli::new().file("notes.log", "one \x1b[2Jline\nanother\n");
    for format in ["table", "json"] {
        let ran = cli.run(&["inventory", "notes.log", "--format", format]);
        ran.usage(&["notes.log: ", "no line reads as an access log", "--log-format", "the first line is: one"]);
    }
}

#[test]
fn lines_that_do_not_parse_are_counted_and_shown_escaped() {
    let good = "198.51.100.7 - - [03/Nov/2025:09:00:00 +0000] \"GET /api/a HTTP/1.1\" 200 2 \"-\" \"-\"\n";
    let cli = Cli::new().file("a.log", format!("{good}one \x1b[2Jline\n{good}another\n"));
    let doc = cli.run(&["inventory", "a.log", "--format", "json"]).ended(0).json("inventory");
    assert_eq!(doc["unparsed"][0]["lines"], 2);
    assert_eq!(doc["unparsed"][0]["first"].as_str(), Some("one \u{1b}[2Jline"));
    let ran = cli.run(&["inventory", "a.log"]);
    assert!(ran.ended(0).out().contains("2 lines did not parse"), "{}", ran.out());
    assert!(!ran.out().contains('\x1b'));
}
