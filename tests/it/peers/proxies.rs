//! Real proxies: tinyproxy for HTTP, microsocks for SOCKS5. The real binary goes through them, and says what they refuse.

use std::time::Duration;

use lunette::demo::Demo;
use serde_json::Value;

use crate::support::cli::Cli;
use crate::support::recorder::Recorder;
use crate::support::server::{MICROSOCKS, MICROSOCKS_LOCKED, Server, TINYPROXY};

/// Takes `alice` alone.
const LOCKED: &str = "Port PORT\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 20\nLogFile \"FOLDER/access.log\"\nBasicAuth alice pr0xyword\n";
/// Opens a way to port 443 alone.
const STRICT: &str =
    "Port PORT\nListen 127.0.0.1\nAllow 127.0.0.1\nTimeout 20\nLogFile \"FOLDER/access.log\"\nConnectPort 443\n";

fn sent(cli: &Cli, typed: &[&str], code: i32) -> Value {
    let ran = cli.run(&[&["send", "GET"], typed, &["--format", "json"]].concat());
    let doc = ran.ended(code).json("exchange");
    // Neither the secret nor the base64 of it with its user.
    for secret in ["pr0xyword", "s0cksword", "YWxpY2U6cHIweHl3b3Jk", "Zmdyb25n"] {
        assert!(!ran.out().contains(secret) && !ran.err().contains(secret), "{}", ran.err());
    }
    doc
}

fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

#[test]
fn plain_http_is_asked_of_the_proxy_in_absolute_form() {
    let (proxy, target) = (Server::start(&TINYPROXY, LOCKED, &[]), Recorder::start());
    let cli = Cli::new().env("PW", "pr0xyword");
    let through = format!("http://alice:env:PW@{}", proxy.address);
    let url = target.url("/a/../b?c=%2e");
    let doc = sent(&cli, &[&url, "--proxy", &through], 0);
    assert_eq!(doc["response"]["status"], 200);
    let shown = format!("http://{}", proxy.address);
    assert_eq!(doc["connection"]["proxy"], shown);
    assert_eq!(doc["connection"]["remote"], proxy.address.to_string());
    let altered = doc["request"]["altered"].as_array().expect("a list");
    let told = |words: &str| {
        altered.iter().any(|a| a["by"] == "proxy" && a["what"].as_str().is_some_and(|w| w.contains(words)))
    };
    assert!(told(&url) && told("Proxy-Authorization is added"), "{altered:?}");
    let heard = target.requests(1, Duration::from_secs(20));
    assert!(heard[0].starts_with(b"GET /a/../b?c=%2e HTTP/1."), "{}", heard[0].escape_ascii());
    assert!(!String::from_utf8_lossy(&heard[0]).contains("Proxy-Authorization"), "it ends at the proxy");
    let ran = cli.run(&["send", "GET", &url, "--proxy", &through]);
    assert!(ran.ended(0).out().contains(&format!("proxy {shown}")), "{}", ran.out());
    ran.says(&["everything goes through the proxy", &shown, "looks up names itself"]);
}

#[test]
fn https_goes_behind_a_way_that_the_proxy_opens() {
    let (proxy, shop) = (Server::start(&TINYPROXY, LOCKED, &[]), Demo::start(None).expect("the practice API"));
    let cli = Cli::new().file("ca.pem", shop.ca_pem()).file("pw", "pr0xyword\n");
    let url = format!("https://localhost:{}/api/health", shop.https.port());
    let through = format!("alice:file:pw@{}", proxy.address);
    for http in ["1.1", "2"] {
        let doc = sent(&cli, &[&url, "--cacert", "ca.pem", "--http", http, "--proxy", &through], 0);
        assert_eq!(doc["response"]["status"], 200);
        assert_eq!((&doc["tls"]["sni"], &doc["tls"]["faults"]), (&"localhost".into(), &serde_json::json!([])));
        assert!(doc["connection"]["proxy_answer"].as_str().is_some_and(|a| a.starts_with("HTTP/1.0 200")), "{doc}");
        let changed = doc["request"]["altered"].as_array().expect("a list");
        assert!(!changed.iter().any(|a| a["by"] == "proxy"), "{changed:?}");
    }
}

#[test]
fn a_proxy_that_refuses_is_told_with_its_status_and_what_it_said() {
    let (locked, strict) = (Server::start(&TINYPROXY, LOCKED, &[]), Server::start(&TINYPROXY, STRICT, &[]));
    let target = Recorder::start();
    let cli = Cli::new().env("PW", "wrong");
    let tls = format!("https://{}/", target.addr);
    let dead = format!("https://127.0.0.1:{}/", closed_port());
    let open = Server::start(&TINYPROXY, &STRICT.replace("ConnectPort 443\n", ""), &[]);
    for (url, through, phase, words) in [
        (&tls, format!("http://{}", locked.address), "connect", "wants a credential (407"),
        (
            &tls,
            format!("http://alice:env:PW@{}", locked.address),
            "connect",
            "does not take the credential of alice (40",
        ),
        (&target.url("/"), format!("http://{}", locked.address), "receive", "wants a credential (407)"),
        (&tls, format!("http://{}", strict.address), "connect", "does not let"),
        (&dead, format!("http://{}", open.address), "connect", "does not reach"),
    ] {
        let doc = sent(&cli, &[url, "--proxy", &through], 4);
        let error = &doc["error"];
        assert_eq!((&error["kind"], &error["phase"]), (&"proxy".into(), &phase.into()), "{error}");
        assert!(error["message"].as_str().is_some_and(|m| m.contains(words)), "{error}");
        let kept = if phase == "connect" { &doc["connection"]["proxy_answer"] } else { &doc["response"]["reason"] };
        assert!(kept.as_str().is_some_and(|k| k.len() > 4), "{doc}");
        let shown = cli.run(&["send", "GET", url, "--proxy", &through]);
        assert!(phase != "connect" || shown.out().contains("proxy: HTTP/1."), "{}", shown.out());
    }
    assert!(target.heard().iter().all(|h| h.bytes.is_empty()), "nothing reached the target");
    let nobody = format!("http://127.0.0.1:{}", closed_port());
    let doc = sent(&cli, &[&tls, "--proxy", &nobody], 4);
    assert_eq!((&doc["error"]["kind"], &doc["error"]["phase"]), (&"refused".into(), &"connect".into()));
    assert!(doc["error"]["message"].as_str().is_some_and(|m| m.starts_with(&format!("the proxy {nobody}: "))), "{doc}");
}

#[test]
fn socks_takes_addresses_or_names_and_its_codes_are_told() {
    let (open, locked) = (Server::start(&MICROSOCKS, "", &[]), Server::start(&MICROSOCKS_LOCKED, "", &[]));
    let target = Recorder::start();
    let cli = Cli::new().env("PW", "s0cksword").env("BAD", "fgrong");
    let url = format!("http://localhost:{}/%2e%2e/x", target.addr.port());
    for (through, reaches) in [
        (format!("socks5://{}", open.address), true),
        (format!("socks5h://{}", open.address), true),
        (format!("socks5h://alice:env:PW@{}", locked.address), true),
        (format!("socks5://alice:env:BAD@{}", locked.address), false),
        (format!("socks5://{}", locked.address), false),
    ] {
        let doc = sent(&cli, &[&url, "--proxy", &through], if reaches { 0 } else { 4 });
        assert!(doc["connection"]["proxy"].as_str().is_some_and(|p| !p.contains('@')), "{doc}");
        if reaches {
            assert_eq!(doc["request"]["altered"], serde_json::json!([]), "bytes go as typed");
            let heard = target.requests(1, Duration::from_secs(20));
            assert!(heard[0].starts_with(b"GET /%2e%2e/x HTTP/1.1"));
        } else {
            assert_eq!((&doc["error"]["kind"], &doc["error"]["phase"]), (&"proxy".into(), &"connect".into()));
        }
    }
    let dead = format!("http://127.0.0.1:{}/", closed_port());
    let doc = sent(&cli, &[&dead, "--proxy", &format!("socks5h://{}", open.address)], 4);
    assert!(doc["error"]["message"].as_str().is_some_and(|m| m.contains("connection refused (code 5)")), "{doc}");
    // Each is no proxy of the other kind.
    let swapped = sent(&cli, &[&url.replace("http:", "https:"), "--proxy", &format!("http://{}", open.address)], 4);
    assert_eq!(swapped["error"]["kind"], "proxy");
}

#[test]
fn a_proxy_is_no_way_around_the_scope_and_no_target() {
    let (socks, target) = (Server::start(&MICROSOCKS, "", &[]), Recorder::start());
    let cli = Cli::new();
    for scheme in ["http", "socks5", "socks5h"] {
        let through = format!("{scheme}://{}", socks.address);
        for url in ["http://169.254.169.254/", "http://2852039166/", "http://metadata.google.internal/"] {
            if scheme == "socks5" && url.contains("internal") {
                continue;
            }
            let doc = sent(&cli, &[url, "--proxy", &through], 3);
            assert_eq!(doc["error"]["kind"], "scope", "{scheme} {url}");
        }
    }
    let metadata = sent(&cli, &[&target.url("/"), "--proxy", "http://169.254.169.254:80"], 3);
    assert_eq!(metadata["error"]["kind"], "scope");
    assert!(target.heard().is_empty());
}

#[test]
fn the_environment_and_the_workspace_name_a_proxy_only_when_they_are_asked() {
    let (proxy, target) = (Server::start(&TINYPROXY, LOCKED, &[]), Recorder::start());
    let url = target.url("/");
    let cli = Cli::new().env("http_proxy", &format!("http://alice:pr0xyword@{}", proxy.address));
    assert_eq!(sent(&cli, &[&url], 0)["connection"]["proxy"], Value::Null);
    let shown = format!("http://{}", proxy.address);
    assert_eq!(sent(&cli, &[&url, "--proxy", "env"], 0)["connection"]["proxy"], shown);
    assert!(cli.run(&["send", "GET", &url, "--proxy", "env"]).err().contains("http (http_proxy) goes through"));
    let except = cli.env("NO_PROXY", "127.0.0.0/8");
    assert_eq!(sent(&except, &[&url, "--proxy", "env"], 0)["connection"]["proxy"], Value::Null);
    Cli::new().run(&["send", "GET", &url, "--proxy", "env"]).usage(&["--proxy: ", "names no proxy"]);
    let workspace = format!("[workspace]\nname = \"w\"\nproxy = \"http://alice:env:PW@{}\"\n", proxy.address);
    let cli = Cli::new().file("lunette.toml", workspace).env("PW", "pr0xyword");
    assert_eq!(sent(&cli, &[&url], 0)["connection"]["proxy"], shown);
    assert_eq!(sent(&cli, &[&url, "--proxy", "none"], 0)["connection"]["proxy"], Value::Null);
    Cli::new().run(&["send", "GET", &url, "--proxy", "https://p:1"]).usage(&["--proxy: ", "none of the schemes"]);
}
