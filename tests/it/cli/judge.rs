//! `lunette jwt lint` and `crack`: a token judged and its secret guessed, and the rules by which it is judged.

use lunette::jwt::Key;
use lunette::jwt::lint::rules;
use lunette::jwt::sign::compact;
use serde_json::{Value, json};

use crate::support::cli::Cli;

/// A token with these claims and a code of this secret.
fn token(claims: &Value, secret: &[u8]) -> String {
    let key = Key::secret(secret.to_vec());
    let header = br#"{"alg":"HS256","typ":"JWT"}"#;
    let made = compact(header, claims.to_string().as_bytes(), "HS256", Some(&key)).expect("a token");
    String::from_utf8(made).expect("ASCII")
}

fn ids(doc: &Value) -> Vec<(String, String)> {
    let text = |v: &Value| v.as_str().expect("text").to_owned();
    doc["findings"].as_array().expect("a list").iter().map(|f| (text(&f["id"]), text(&f["severity"]))).collect()
}

#[test]
fn the_token_of_the_tutorials_is_judged() {
    let token = token(&json!({"user_id": 123, "role": "admin"}), b"your_secret_key");
    let cli = Cli::new();
    let doc = cli.run(&["jwt", "lint", &token, "--format", "json"]).ended(1).json("jwt");
    assert_eq!((&doc["secret"], &doc["secret_encoding"]), (&json!("your_secret_key"), &json!("text")));
    assert_eq!((&doc["profile"], &doc["signature"]["status"]), (&Value::Null, &json!("valid")));
    let found = ids(&doc);
    let found: Vec<(&str, &str)> = found.iter().map(|(i, s)| (i.as_str(), s.as_str())).collect();
    assert_eq!(
        found,
        [
            ("jwt-weak-secret", "critical"),
            ("jwt-exp-missing", "high"),
            ("jwt-aud-missing", "high"),
            ("jwt-iss-missing", "medium"),
            ("jwt-sub-missing", "medium"),
            ("jwt-scope-broad", "info"),
        ]
    );
    for field in ["id", "severity", "title", "detail", "reference", "fix"] {
        assert!(doc["findings"][0][field].is_string(), "{field}");
    }
    let text = cli.run(&["jwt", "lint", &token]).ended(1).out();
    for word in ["secret    your_secret_key", "`role`", "jwt-exp-missing", "fix"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    cli.run(&["jwt", "lint", &token, "--fail-on", "never"]).ended(0);
    cli.run(&["jwt", "lint", &token, "--fail-on", "hihg"]).usage(&["--fail-on", "did you mean high?"]);
    cli.run(&["jwt", "lint", &token, "--profile", "acces"]).usage(&["access"]);
}

#[test]
fn a_good_token_passes_as_what_it_is() {
    let claims = json!({
        "iss": "https://issuer.example.com", "aud": "https://api.example.com", "sub": "5ba552d67f", "client_id": "app",
        "exp": 1_700_000_600, "iat": 1_700_000_000, "jti": "dbe39bf3", "scope": "orders:read",
    });
    let secret = "Zt8Qk2Lw9Xr4Vb7Nc1Ms6Hp3Jd5Gf0Ty";
    let key = Key::secret(secret.as_bytes().to_vec());
    let header = br#"{"alg":"HS256","typ":"at+jwt"}"#;
    let made = compact(header, claims.to_string().as_bytes(), "HS256", Some(&key)).expect("a token");
    let cli = Cli::new().file("secret", secret).file("t.jwt", made);
    let now = ["--now", "2023-11-14T22:15:00Z", "--format", "json"];
    let doc = cli.run(&[&["jwt", "lint", "t.jwt", "--secret", "file:secret"][..], &now].concat()).ended(0).json("jwt");
    assert_eq!(
        (&doc["secret"], &doc["profile"], &doc["signature"]["status"]),
        (&Value::Null, &json!("access"), &json!("valid"))
    );
    assert_eq!(ids(&doc), [("jwt-cnf".to_owned(), "info".to_owned())]);
    let doc = cli.run(&[&["jwt", "lint", "t.jwt", "--profile", "dpop"][..], &now].concat()).ended(1).json("jwt");
    assert!(ids(&doc).iter().any(|(id, _)| id == "jwt-dpop"), "{:?}", ids(&doc));
}

#[test]
fn a_secret_is_found_in_a_word_list() {
    let token = token(&json!({"sub": "1"}), b"the-last-one!");
    let list = (0..5_000).map(|i| format!("word{i}")).collect::<Vec<_>>().join("\r\n") + "\r\n";
    let cli = Cli::new()
        .file("words.txt", format!("{list}the-last-one!"))
        .file("without.txt", &list)
        .stdin("the-last-one!\n");
    let run = |list: &str, threads: &str| {
        cli.run(&["jwt", "crack", &token, "--wordlist", list, "--threads", threads, "--format", "json"])
    };
    let doc = run("words.txt", "2").ended(1).json("jwt-crack");
    assert_eq!((&doc["secret"], &doc["secret_origin"]), (&json!("the-last-one!"), &json!("words.txt")));
    for field in ["candidates", "elapsed_ms", "rate_per_s"] {
        assert!(doc[field].is_u64(), "{field}");
    }
    let doc = run("without.txt", "1").ended(0).json("jwt-crack");
    assert!(doc["secret"].is_null() && doc["candidates"].as_u64() > Some(5_000), "{doc}");
    run("-", "1").ended(1);
    run("nowhere.txt", "1").usage(&["nowhere.txt", "no such file"]);
    assert!(cli.run(&["jwt", "crack", &token]).ended(0).out().contains("not found"));
    let weak = self::token(&json!({}), b"");
    assert!(cli.run(&["jwt", "crack", &weak]).ended(1).out().contains("(empty)"));
    let host = self::token(&json!({}), b"shop-secret");
    cli.run(&["jwt", "crack", &host]).ended(0);
    cli.run(&["jwt", "crack", &host, "--host", "api.shop.test"]).ended(1);
}

#[test]
fn a_token_without_a_secret_is_not_cracked() {
    let cli = Cli::new();
    cli.run(&["jwt", "crack", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln"]).usage(&["no secret to guess", "RS256"]);
    cli.run(&["jwt", "crack", "garbage"]).usage(&["no secret to guess"]);
}

#[test]
fn hostile_tokens_are_judged() {
    // {"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":10000000,"zip":"DEF"}
    let bomb = "eyJhbGciOiJQQkVTMi1IUzI1NitBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIiwicDJjIjoxMDAwMDAwMCwiemlwIjoiREVGIn0.a2V5.aXY.dGV4dA.dGFn";
    let cli = Cli::new();
    let doc = cli.run(&["jwt", "lint", bomb, "--format", "json"]).ended(1).json("jwt");
    let found = ids(&doc);
    for id in ["jwt-pbes2-count", "jwt-zip"] {
        assert!(found.iter().any(|(i, _)| i == id), "{id}: {found:?}");
    }
    for garbage in ["garbage", "...", "a.b.c.d.e.f", "\u{202e}x", "{\"alg\":\"none\"}", "e30.e30.e30"] {
        let ran = cli.run(&["jwt", "lint", garbage, "--fail-on", "never"]);
        assert!(!ran.ended(0).out().chars().any(|c| c.is_control() && c != '\n'), "{:?}", ran.out());
    }
}

#[test]
fn every_rule_is_listed_explained_and_stands_in_the_readme() {
    let cli = Cli::new();
    let doc = cli.run(&["rules", "--format", "json"]).ended(0).json("rules");
    let of = |family: &str| doc["rules"].as_array().expect("a list").iter().filter(|r| r["family"] == family).count();
    assert_eq!(of("token"), rules().count());
    assert_eq!(of("traffic"), lunette::inventory::RULES.len());
    let text = cli.run(&["rules", "JWT-Key-Confusion"]).ended(0).out();
    for word in ["jwt-key-confusion", "RFC 8725", "critical", "applies to"] {
        assert!(text.contains(word), "{word}: {text}");
    }
    cli.run(&["rules", "jwt-key-confusoin"]).usage(&["did you mean jwt-key-confusion?"]);
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md")).expect("a page");
    for row in rules() {
        let r = &row.rule;
        let line = format!(
            "| `{}` | {} | {} | {}: {} | {} |",
            r.id,
            r.severity.word(),
            row.applies(),
            r.title,
            r.plain,
            r.reference
        );
        assert!(readme.contains(&line), "{line}");
    }
}
