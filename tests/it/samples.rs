//! The files of `samples/` are what the practice API says they are. `UPDATE_SAMPLES=1 cargo test samples` writes them anew.

use std::path::Path;

use lunette::demo;
use lunette::jwt::{self, Kind};

fn files() -> [(&'static str, String); 4] {
    [
        ("shop.openapi.json", demo::openapi(demo::SAMPLE_BASE)),
        ("shop.access.log", demo::access_log()),
        ("shop.token", demo::sample_token() + "\n"),
        ("shop.har", demo::har()),
    ]
}

#[test]
fn samples_are_what_the_code_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    for (name, text) in files() {
        let path = folder.join(name);
        if std::env::var_os("UPDATE_SAMPLES").is_some() {
            std::fs::write(&path, &text).expect("write the sample");
        }
        // A checkout may have changed the ends of lines.
        let stored = std::fs::read_to_string(&path).unwrap_or_default().replace("\r\n", "\n");
        assert!(stored == text, "samples/{name} differs: UPDATE_SAMPLES=1 cargo test samples");
    }
}

#[test]
fn the_sample_token_reads_as_an_expired_token_of_alice() {
    let token = jwt::decode(files()[2].1.as_bytes());
    assert_eq!(token.kind, Kind::Jws);
    assert!(token.oddities.is_empty() && token.header.oddities.is_empty() && token.claims.oddities.is_empty());
    assert_eq!(token.claims.get("name").and_then(|v| v.as_str()), Some("alice"));
    let now = lunette::base::Stamp::parse("2026-01-01T00:00:00Z").expect("a date");
    let exp = token.claims.get("exp").expect("exp");
    assert_eq!(jwt::explain("exp", exp, now).as_deref(), Some("2025-11-03T09:15:00Z, expired 58 d ago"));
    assert_eq!(jwt::explain("alg", token.header.get("alg").expect("alg"), now).as_deref(), Some("HMAC with SHA-256"));
}

#[test]
fn samples_name_only_addresses_kept_for_documentation() {
    for line in files()[1].1.lines() {
        let client = line.split(' ').next().unwrap_or_default();
        assert!(["192.0.2.", "198.51.100.", "203.0.113."].iter().any(|net| client.starts_with(net)), "{line}");
    }
}
