//! `lunette jwt decode`: a token from the arguments, a file or stdin; and whatever else is given instead.

use serde_json::json;

use super::sample;
use crate::support::cli::Cli;

#[test]
fn a_token_is_read_from_arguments_a_file_and_stdin() {
    let token = std::fs::read_to_string(sample("shop.token")).expect("the sample");
    let cli = Cli::new().file("t.jwt", format!("  Bearer {token}\n")).stdin(&token);
    for source in [token.trim(), "t.jwt", "-"] {
        let doc = cli.run(&["jwt", "decode", source, "--format", "json"]).ended(0).json("jwt");
        assert_eq!((&doc["kind"], &doc["header"]["alg"]), (&json!("jws"), &json!("HS256")), "{source}");
        assert_eq!(doc["claims"]["name"], "alice");
        assert_eq!(doc["members"]["claims"][0][0], "sub");
        assert_eq!(doc["signature"]["status"], "unchecked");
        for field in ["secret", "findings"] {
            assert!(doc.get(field).is_some(), "{field}");
        }
        for field in ["by", "reason"] {
            assert!(doc["signature"].get(field).is_some(), "{field}");
        }
    }
    let ran = cli.run(&["jwt", "decode", "t.jwt", "--now", "2026-01-01T00:00:00Z"]);
    assert!(ran.ended(0).out().contains("2025-11-03T09:15:00Z, expired 58 d ago"), "{}", ran.out());
}

#[test]
fn duplicate_members_are_kept() {
    // {"alg":"HS256","alg":"none"} and {"sub":"1","sub":"2"}
    let token = "eyJhbGciOiJIUzI1NiIsImFsZyI6Im5vbmUifQ.eyJzdWIiOiIxIiwic3ViIjoiMiJ9.";
    let doc = Cli::new().run(&["jwt", "decode", token, "--format", "json"]).ended(0).json("jwt");
    assert_eq!(doc["members"]["header"], json!([["alg", "HS256"], ["alg", "none"]]));
    assert_eq!(doc["claims"]["sub"], "2");
}

#[test]
fn garbage_is_shown_and_nothing_at_all_is_refused() {
    let cli = Cli::new().file("noise", b"\xff\xfe\x00\x1b[2J.\x80.\x81").file("nothing", " \n");
    for garbage in ["garbage", "noise", "...", "a.b.c.d.e.f", "\u{202e}x", "e30.e30.e30", "{\"alg\":\"none\"}"] {
        let doc = cli.run(&["jwt", "decode", garbage, "--format", "json"]).ended(0).json("jwt");
        assert!(doc["kind"].is_string(), "{garbage:?}");
        let ran = cli.run(&["jwt", "decode", garbage]);
        assert!(!ran.ended(0).out().chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.out());
    }
    cli.run(&["jwt", "decode", "nothing"]).usage(&["there is no token", "- for stdin"]);
    cli.run(&["jwt", "decode", "-"]).usage(&["there is no token"]);
    cli.run(&["jwt", "decode", ""]).usage(&["there is no token"]);
}
