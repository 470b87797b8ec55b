//! `lunette jwt decode`, `verify` and `sign`: a token from the arguments, a file or stdin, and whatever else is given
//! instead; its signature checked with keys from everywhere; and tokens made.

use std::time::Duration;

use lunette::jwt::Key;
use lunette::jwt::key::Form;
use lunette::jwt::sign::compact;
use serde_json::{Value, json};

use super::sample;
use crate::support::cli::Cli;
use crate::support::recorder::Recorder;

/// A token of this header by this key, as text.
fn token(header: &Value, key: &Key) -> String {
    let alg = header["alg"].as_str().expect("a name");
    let made = compact(header.to_string().as_bytes(), br#"{"sub":"1"}"#, alg, Some(key)).expect("a token");
    String::from_utf8(made).expect("ASCII")
}

fn reply(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

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

#[test]
fn a_token_is_found_in_the_text_around_it() {
    let token = std::fs::read_to_string(sample("shop.token")).expect("the sample");
    let line = format!("10.0.0.1 - - \"GET /a?access_token={} HTTP/1.1\" 200\n", token.trim());
    let cli = Cli::new().file("line", &line);
    let doc = cli.run(&["jwt", "decode", "line", "--format", "json"]).ended(0).json("jwt");
    assert_eq!((&doc["kind"], &doc["claims"]["name"]), (&json!("jws"), &json!("alice")));
    assert!(doc["oddities"].to_string().contains("taken out of the text"), "{doc}");
}

#[test]
fn a_signature_is_checked_with_secrets_and_keys_of_every_kind() {
    let pair = Key::generate("ES256").expect("a key");
    let mut kept = pair.clone();
    kept.kid = Some(json!("k1"));
    let set = json!({"keys": [Key::generate("RS256").expect("a key").public_jwk(), kept.public_jwk()]}).to_string();
    let signed = token(&json!({"alg": "ES256", "kid": "k1"}), &pair);
    let other = token(&json!({"alg": "ES256"}), &Key::generate("ES256").expect("a key"));
    let cli = Cli::new()
        .file("public.pem", pair.public_pem(Form::Spki).expect("PEM"))
        .file("public.der", pair.public_der(Form::Spki).expect("DER"))
        .file("jwks.json", &set)
        .file("secret", "s3cret-of-file\n")
        .env("THE_SECRET", "czNjcmV0LW9mLWZpbGU");
    for keys in
        [&["--key", "public.pem"][..], &["--key", "public.der"], &["--jwks", "jwks.json"], &["--key", "jwks.json"]]
    {
        let arguments = [&["jwt", "verify", signed.as_str(), "--format", "json"], keys].concat();
        let doc = cli.run(&arguments).ended(0).json("jwt");
        assert_eq!(doc["signature"]["status"], "valid", "{keys:?}");
        let arguments = [&["jwt", "verify", other.as_str(), "--format", "json"], keys].concat();
        let doc = cli.run(&arguments).ended(1).json("jwt");
        assert_eq!(doc["signature"]["status"], "invalid", "{keys:?}");
        assert!(doc["signature"]["reason"].as_str().expect("why").contains("did not make it"), "{doc}");
    }
    let doc = cli.run(&["jwt", "decode", &signed, "--jwks", "jwks.json", "--format", "json"]).ended(0).json("jwt");
    assert_eq!(doc["signature"]["by"], "jwks.json, key 2 (kid k1)");
    let hs = token(&json!({"alg": "HS256"}), &Key::secret(b"s3cret-of-file".to_vec()));
    for secret in [&["--secret", "file:secret"][..], &["--secret", "env:THE_SECRET", "--secret-encoding", "base64"]] {
        let ran = cli.run(&[&["jwt", "verify", hs.as_str()], secret].concat());
        assert!(ran.ended(0).out().starts_with("signature valid, by the secret"), "{}", ran.out());
    }
    let ran = cli.run(&["jwt", "verify", &hs, "--secret", "s3cret-of-file"]);
    assert!(ran.ended(0).err().contains("stands on the command line") && !ran.err().contains("s3cret-of-file"));
    cli.run(&["jwt", "verify", &hs, "--secret", "file:nothing"]).usage(&["nothing", "no such file"]);
    cli.run(&["jwt", "verify", &hs, "--key", "secret"]).usage(&["secret: this is no key", "--secret"]);
    cli.run(&["jwt", "verify", &hs]).usage(&["no key to verify with", "--jwks or --issuer"]);
    cli.run(&["jwt", "verify", "-", "--secret", "-"]).usage(&["asked for twice"]);
    let none = cli.run(&["jwt", "verify", "eyJhbGciOiJub25lIn0.e30.", "--secret", "file:secret"]);
    assert!(none.ended(1).out().contains("there is no signature"), "{}", none.out());
}

#[test]
fn a_detached_payload_is_given_beside() {
    let signed = token(&json!({"alg": "HS256"}), &Key::secret(b"s3cret-of-file".to_vec()));
    let parts: Vec<&str> = signed.split('.').collect();
    let detached = format!("{}..{}", parts[0], parts[2]);
    let cli = Cli::new().file("secret", "s3cret-of-file").file("payload", r#"{"sub":"1"}"#);
    let run =
        |more: &[&str]| cli.run(&[&["jwt", "verify", detached.as_str(), "--secret", "file:secret"], more].concat());
    assert!(run(&[]).ended(1).out().contains("kept elsewhere"));
    run(&["--payload", "payload"]).ended(0);
    run(&["--payload", "secret"]).ended(1);
    cli.run(&["jwt", "verify", &signed, "--secret", "file:secret", "--payload", "payload"])
        .usage(&["--payload: the token has a payload"]);
}

#[test]
fn a_key_set_is_fetched_from_a_url_and_from_what_an_issuer_names() {
    let pair = Key::generate("ES256").expect("a key");
    let set = json!({"keys": [pair.public_jwk()]}).to_string();
    let signed = token(&json!({"alg": "ES256", "jku": "http://127.0.0.1:1/never"}), &pair);
    let server = Recorder::scripted(vec![reply(&set)], false);
    let cli = Cli::new();
    let doc =
        cli.run(&["jwt", "verify", &signed, "--jwks", &server.url("/keys"), "--format", "json"]).ended(0).json("jwt");
    assert!(doc["signature"]["by"].as_str().expect("a key").contains("/keys, key 1"), "{doc}");
    // The first document is not there; the second names the set.
    let other = Recorder::scripted(vec![reply(&set)], false);
    let gone = b"HTTP/1.1 404 Not Found\r\nContent-Length: 1\r\n\r\nx".to_vec();
    let metadata = json!({"issuer": "http://elsewhere", "jwks_uri": other.url("/jwks")}).to_string();
    let issuer = Recorder::scripted(vec![gone, reply(&metadata), reply(&metadata)], false);
    let ran = cli.run(&["jwt", "verify", &signed, "--issuer", &issuer.url("/tenant")]);
    assert!(
        ran.ended(3).err().contains("is not in scope") && ran.err().contains("--allow HOST admits it"),
        "{}",
        ran.err()
    );
    assert!(other.heard().is_empty());
    let allowed = other.url("").replace("http://", "");
    let ran = cli.run(&["jwt", "verify", &signed, "--issuer", &issuer.url("/tenant"), "--allow", &allowed]);
    assert!(ran.ended(0).err().contains("of the issuer http://elsewhere, not of"), "{}", ran.err());
    let heard = issuer.requests(3, Duration::from_secs(5));
    let lines: Vec<String> =
        heard.iter().map(|r| String::from_utf8_lossy(r).lines().next().unwrap_or_default().to_owned()).collect();
    assert_eq!(lines[0], "GET /tenant/.well-known/openid-configuration HTTP/1.1");
    assert_eq!(lines[1], "GET /.well-known/oauth-authorization-server/tenant HTTP/1.1");
    let refused = cli.run(&["jwt", "verify", &signed, "--jwks", &server.url("/keys"), "--offline"]);
    assert_eq!(refused.ended(3).out(), "");
}

#[test]
fn a_token_is_made_of_the_bytes_given() {
    let pair = Key::generate("ES256").expect("a key");
    let cli = Cli::new()
        .file("secret", "s3cret-of-file")
        .file("public.pem", pair.public_pem(Form::Spki).expect("PEM"))
        .file("claims", "{\"sub\":\"1\",\n \"sub\":\"s3cret-of-file\"}\n");
    let ran = cli.run(&["jwt", "sign", "--claims", "@claims", "--secret", "file:secret"]);
    let made = ran.ended(0).out();
    let doc =
        cli.run(&["jwt", "verify", made.trim(), "--secret", "file:secret", "--format", "json"]).ended(0).json("jwt");
    assert_eq!(
        (&doc["header"], &doc["members"]["claims"]),
        (&json!({"alg": "HS256", "typ": "JWT"}), &json!([["sub", "1"], ["sub", "***"]]))
    );
    // The header says one thing and another signs; order and duplicates stay.
    let header = r#"{"kid":"../../x","alg":"none","alg":"RS256"}"#;
    let ran = cli.run(&[
        "jwt",
        "sign",
        "--header",
        header,
        "--alg",
        "HS512",
        "--claims",
        "no JSON",
        "--secret",
        "file:secret",
        "--format",
        "json",
    ]);
    let made = ran.ended(0).json("jwt-sign")["token"].as_str().expect("a token").to_owned();
    let read = lunette::jwt::decode(made.as_bytes());
    assert_eq!((read.header.bytes.as_bytes(), read.claims.bytes.as_bytes()), (header.as_bytes(), &b"no JSON"[..]));
    assert_eq!(read.signature.len(), 64);
    let ran = cli.run(&["jwt", "sign", "--claims", "{}", "--unsigned"]);
    assert_eq!(ran.ended(0).out(), "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.e30.\n");
    cli.run(&["jwt", "sign", "--claims", "{}"]).usage(&["an argument is missing"]);
    cli.run(&["jwt", "sign", "--claims", "{}", "--key", "public.pem"]).usage(&["needs a private key"]);
    cli.run(&["jwt", "sign", "--claims", "{}", "--alg", "RS256", "--secret", "file:secret"])
        .usage(&["RS256 cannot be made with a key that is a secret", "use HS256"]);
}

#[test]
fn the_readme_names_every_algorithm_by_what_is_done_with_it() {
    use lunette::jwt::alg::ALGORITHMS;
    use lunette::jwt::jwe::{KEYS, Management};
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("the README");
    let (_, section) = readme.split_once("## Tokens and keys").expect("a section");
    let (section, _) = section.split_once("\n## ").expect("an end");
    let run = KEYS.iter().filter(|k| !matches!(k.management, Management::NotRun(_))).map(|k| k.name);
    for name in ALGORITHMS.iter().map(|a| a.name).chain(run) {
        assert!(section.contains(&format!("`{name}`")), "{name}");
    }
    let known = section.lines().find(|l| l.contains("neither checked nor made")).expect("a row");
    for algorithm in ALGORITHMS {
        assert_eq!(known.contains(&format!("`{}`", algorithm.name)), !algorithm.is_supported(), "{}", algorithm.name);
    }
}
