//! A real nginx that wants a certificate: with the one of an identity it lets in, without one, or with a stranger's, not.

use std::process::Command;
use std::sync::Arc;

use base64::Engine as _;

use lunette::engine::{Budget, Certificates, ClientCertificate, Config, Engine, Entry, Override};
use lunette::store::Memory;
use lunette::wire::{HttpChoice, Policy, Request, Target};

use crate::support::cli::Cli;
use crate::support::server::{NGINX, Server};

const CONFIG: &str = r#"
    access_log FOLDER/access.log;
    server {
        listen 127.0.0.1:PORT ssl http2;
        ssl_certificate FOLDER/server.pem;
        ssl_certificate_key FOLDER/server.pem;
        ssl_client_certificate FOLDER/ca.pem;
        ssl_verify_client on;
        ssl_verify_depth 2;
        default_type application/json;
        return 200 '{"subject": "$ssl_client_s_dn"}';
    }
"#;

/// A certificate for a name, signed by another or by itself: PEM of the certificate, and of its key.
struct Made {
    params: rcgen::CertificateParams,
    key: rcgen::KeyPair,
    pem: String,
}

fn made(name: &str, ca: bool, issuer: Option<&Made>) -> Made {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a name");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    if ca {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let certificate = match issuer {
        Some(by) => params.signed_by(&key, &rcgen::Issuer::from_params(&by.params, &by.key)),
        None => params.self_signed(&key),
    };
    Made { pem: certificate.expect("a certificate").pem(), params, key }
}

#[test]
fn nginx_lets_in_who_has_a_certificate_and_nobody_else() {
    let (root, stranger) = (made("root", true, None), made("stranger", false, None));
    let middle = made("middle", true, Some(&root));
    let alice = made("alice", false, Some(&middle));
    let server = made("localhost", false, Some(&root));
    let both = |m: &Made, chain: &str| format!("{}{chain}{}", m.pem, m.key.serialize_pem());
    let nginx = Server::start(&NGINX, CONFIG, &[("server.pem", both(&server, "")), ("ca.pem", root.pem.clone())]);
    let port = nginx.address.port();
    let workspace = format!(
        "[workspace]\nname = \"w\"\n[[target]]\nhost = \"localhost\"\nport = {port}\n[identity.alice]\n\
         credential = \"cert:alice.pem\"\n[identity.stranger]\ncredential = \"cert:stranger.pem\"\n\
         [identity.locked]\ncredential = \"cert:locked.pem\"\n"
    );
    let cli = Cli::new()
        .file("lunette.toml", workspace)
        .file("alice.pem", both(&alice, &middle.pem))
        .file("stranger.pem", both(&stranger, ""))
        .file("root.pem", &root.pem)
        .file(
            "locked.pem",
            format!("{}-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----\n", alice.pem),
        );
    let url = format!("https://localhost:{port}/");
    let resolve = format!("localhost:{port}:127.0.0.1");
    for http in ["1.1", "2"] {
        let send = |identity: &[&str]| {
            let fixed = ["send", "GET", &url, "--cacert", "root.pem", "--resolve", &resolve, "--format", "json"];
            cli.run(&[&fixed[..], &["--http", http], identity].concat())
        };
        let doc = send(&["--identity", "alice"]).ended(0).json("exchange");
        assert_eq!(doc["response"]["status"], 200);
        assert_eq!(doc["tls"]["client_certificate_requested"], true);
        let shown =
            cli.run(&["send", "GET", &url, "--cacert", "root.pem", "--resolve", &resolve, "--identity", "alice"]);
        assert!(shown.ended(0).out().contains("CN=alice"), "{}", shown.out());
        // nginx shakes hands with anybody and answers 400 to who has none.
        for (identity, words) in [
            (&[][..], "No required SSL certificate was sent"),
            (&["--identity", "stranger"], "The SSL certificate error"),
        ] {
            let ran = send(identity);
            let doc = ran.ended(0).json("exchange");
            assert_eq!(doc["response"]["status"], 400, "{words}");
        }
        let ran = send(&["--identity", "locked"]);
        ran.usage(&["locked.pem: ", "this key is encrypted", "cert:FILE:env:NAME"]);
    }
    let log = std::fs::read_to_string(cli.path(".lunette/audit.jsonl")).expect("the log");
    assert!(log.contains("\"identity\":\"alice\"") && !log.contains("\"identity\":\"locked\""));
}

#[test]
fn a_connection_that_presented_a_certificate_serves_nobody_else() {
    let root = made("root", true, None);
    let (alice, bob) = (made("alice", false, Some(&root)), made("bob", false, Some(&root)));
    let server = made("localhost", false, Some(&root));
    let both = |m: &Made| format!("{}{}", m.pem, m.key.serialize_pem());
    let nginx = Server::start(&NGINX, CONFIG, &[("server.pem", both(&server)), ("ca.pem", root.pem.clone())]);
    let url = format!("https://localhost:{}/", nginx.address.port());
    let origin = Target::parse(url.as_bytes()).expect("a URL").origin;
    let read = |m: &Made| ClientCertificate::read(both(m).as_bytes(), None, None).expect("a certificate");
    let config = Config {
        scope: vec![Entry::typed(&origin)],
        roots: Some(root.pem.clone().into_bytes()),
        overrides: vec![Override { host: "localhost".to_owned(), port: origin.port, address: nginx.address.ip() }],
        certificates: Certificates::from([("alice".to_owned(), read(&alice)), ("bob".to_owned(), read(&bob))]),
        ..Config::default()
    };
    let engine = Engine::start(config, Arc::new(Memory::default())).expect("an engine");
    for http in [HttpChoice::Http1, HttpChoice::Http2] {
        let send = |identity: Option<&str>| {
            let mut request = Request::new("GET", url.as_bytes()).expect("a URL");
            request.identity = identity.map(str::to_owned);
            let policy = Policy { http, ..Policy::default() };
            let x = engine.run(Budget::HAND, move |t| t.send(request, policy)).expect("the job ends");
            let body = x.response.as_ref().map(|r| String::from_utf8_lossy(&r.body).into_owned()).unwrap_or_default();
            let reused = x.connection.as_ref().is_some_and(|c| c.reused);
            (x.status(), ["CN=alice", "CN=bob"].into_iter().find(|n| body.contains(n)), reused)
        };
        assert_eq!(send(Some("alice")), (Some(200), Some("CN=alice"), false));
        assert_eq!(send(Some("bob")), (Some(200), Some("CN=bob"), false), "not over alice's");
        assert_eq!(send(None), (Some(400), None, false), "not over anybody's");
        assert_eq!(send(Some("alice")), (Some(200), Some("CN=alice"), true), "her own is kept");
    }
}

/// Runs openssl in the folder of the test.
fn openssl(cli: &Cli, arguments: &str) {
    let ran = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(cli.path(""))
        .env("PW", "k3ypassword")
        .output()
        .expect("openssl is there");
    assert!(ran.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn every_form_of_a_certificate_that_openssl_writes_is_read_and_presented() {
    let root = made("root", true, None);
    let (middle, server) = (made("middle", true, Some(&root)), made("localhost", false, Some(&root)));
    let alice = made("alice", false, Some(&middle));
    let both = |m: &Made| format!("{}{}", m.pem, m.key.serialize_pem());
    let nginx = Server::start(&NGINX, CONFIG, &[("server.pem", both(&server)), ("ca.pem", root.pem.clone())]);
    let cli = Cli::new()
        .file("alice.pem", format!("{}{}", alice.pem, middle.pem))
        .file("alice.key", alice.key.serialize_pem())
        .file("root.pem", &root.pem)
        .file("root.key", root.key.serialize_pem())
        .env("PW", "k3ypassword")
        .env("BAD", "n0tthisone");
    for arguments in [
        "ec -in alice.key -out sec1.key",
        "pkcs8 -topk8 -v2 aes-256-cbc -passout env:PW -in alice.key -out aes.key",
        "pkcs8 -topk8 -v2 des3 -v2prf hmacWithSHA1 -passout env:PW -in alice.key -out des3.key",
        "pkcs8 -topk8 -scrypt -scrypt_N 1024 -passout env:PW -in alice.key -out scrypt.key",
        "ec -aes128 -passout env:PW -in alice.key -out old.key",
        "pkcs12 -export -passout env:PW -in alice.pem -inkey alice.key -out alice.p12",
        "pkcs12 -export -legacy -passout env:PW -in alice.pem -inkey alice.key -out legacy.p12",
        "pkcs12 -export -passout pass: -in alice.pem -inkey alice.key -out open.p12",
        "genrsa -traditional -out rsa.key 2048",
        "req -new -key rsa.key -subj /CN=alice -out rsa.csr",
        "x509 -req -in rsa.csr -CA root.pem -CAkey root.key -CAcreateserial -days 2 -out rsa.pem",
    ] {
        openssl(&cli, arguments);
    }
    assert!(std::fs::read_to_string(cli.path("rsa.key")).is_ok_and(|k| k.contains("BEGIN RSA PRIVATE KEY")), "PKCS#1");
    let url = format!("https://localhost:{}/", nginx.address.port());
    let resolve = format!("localhost:{}:127.0.0.1", nginx.address.port());
    let send = |typed: &[&str]| {
        let fixed = ["send", "GET", &url, "--cacert", "root.pem", "--resolve", &resolve];
        let ran = cli.run(&[&fixed[..], typed].concat());
        assert!(!ran.out().contains("k3ypassword") && !ran.err().contains("k3ypassword"));
        ran
    };
    let pw = ["--key-password", "env:PW"];
    for typed in [
        &["--cert", "alice.pem", "--key", "alice.key"][..],
        &["--cert", "alice.pem", "--key", "sec1.key"],
        &["--cert", "alice.pem", "--key", "aes.key", pw[0], pw[1]],
        &["--cert", "alice.pem", "--key", "des3.key", pw[0], pw[1]],
        &["--cert", "alice.pem", "--key", "scrypt.key", pw[0], pw[1]],
        &["--cert", "rsa.pem", "--key", "rsa.key"],
        &["--p12", "alice.p12", pw[0], pw[1]],
        &["--p12", "legacy.p12", pw[0], pw[1]],
        &["--p12", "open.p12"],
        &["--identity", "alice=cert:alice.p12:env:PW"],
        &["--cert", "alice.pem", "--key", "alice.key", "--http", "1.1"],
    ] {
        let ran = send(typed);
        assert!(ran.ended(0).out().contains("CN=alice"), "{typed:?}: {}", ran.out());
    }
    let doc = send(&["--p12", "alice.p12", pw[0], pw[1], "--format", "json"]).ended(0).json("exchange");
    assert_eq!(doc["tls"]["client_certificate_authorities"], serde_json::json!(["CN=root"]));
    assert_eq!(doc["tls"]["client_certificate_requested_later"], "not observable");
    for (typed, words) in [
        (&["--cert", "alice.pem"][..], &["alice.pem: ", "no private key", "--key"][..]),
        (&["--cert", "alice.pem", "--key", "rsa.key"], &["alice.pem with rsa.key: ", "belongs to another certificate"]),
        (&["--cert", "alice.pem", "--key", "aes.key"], &["aes.key: ", "encrypted, and no password", "--key-password"]),
        (
            &["--cert", "alice.pem", "--key", "aes.key", "--key-password", "env:BAD"],
            &["aes.key: ", "does not open this key"],
        ),
        (
            &["--cert", "alice.pem", "--key", "old.key", pw[0], pw[1]],
            &["old.key: ", "old way of OpenSSL", "pkcs8 -topk8"],
        ),
        (&["--p12", "alice.p12", "--key-password", "env:BAD"], &["alice.p12: ", "does not open this PKCS#12"]),
        (&["--p12", "legacy.p12"], &["legacy.p12: ", "no password is given"]),
        (&["--p12", "alice.pem"], &["alice.pem: ", "no PKCS#12", "--cert"]),
        (&["--p12", "gone.p12"], &["gone.p12: "]),
        (&["--cert", "alice.key", "--key", "alice.key"], &["alice.key", "no certificate"]),
        (&["--key", "alice.key"], &["--cert"]),
        (pw.as_slice(), &["--key-password: ", "no certificate it is for"]),
    ] {
        send(typed).usage(words);
    }
    // A secret that was typed is warned of.
    assert!(send(&["--p12", "alice.p12", "--key-password", "k3yp", "-q"]).code == Some(2));
}

#[test]
fn the_server_name_is_typed_apart_from_host_and_a_family_can_be_chosen() {
    let root = made("root", true, None);
    let server = made("front.test", false, Some(&root));
    let both = format!("{}{}", server.pem, server.key.serialize_pem());
    let config = CONFIG
        .replace("ssl_verify_client on", "ssl_verify_client off")
        .replace("$ssl_client_s_dn", "$ssl_server_name|$host");
    let nginx = Server::start(&NGINX, &config, &[("server.pem", both), ("ca.pem", root.pem.clone())]);
    let port = nginx.address.port();
    let cli = Cli::new().file("root.pem", &root.pem);
    let (url, resolve) = (format!("https://hidden.test:{port}/"), format!("hidden.test:{port}:127.0.0.1"));
    let send = |typed: &[&str], code: i32| {
        let fixed = ["send", "GET", &url, "--cacert", "root.pem", "--resolve", &resolve, "--format", "json"];
        cli.run(&[&fixed[..], typed].concat()).ended(code).json("exchange")
    };
    let body = |doc: &serde_json::Value| {
        let bytes =
            base64::engine::general_purpose::STANDARD.decode(doc["response"]["body_base64"].as_str().expect("a body"));
        String::from_utf8(bytes.expect("base64")).expect("text")
    };
    let doc = send(&["--sni", "front.test"], 0);
    assert_eq!((&doc["tls"]["sni"], &doc["tls"]["faults"]), (&"front.test".into(), &serde_json::json!([])));
    assert!(body(&doc).contains("front.test|hidden.test"), "{}", body(&doc));
    let doc = send(&["--sni", "none", "--insecure", "-4"], 0);
    assert_eq!(doc["tls"]["sni"], serde_json::Value::Null);
    assert!(body(&doc).contains("\"|hidden.test"), "{}", body(&doc));
    assert_eq!(send(&[], 4)["error"]["kind"], "tls", "the certificate is for another name");
    let doc = send(&["-6"], 4);
    assert_eq!(doc["error"]["kind"], "dns");
    assert!(doc["error"]["message"].as_str().is_some_and(|m| m.contains("no IPv6 address; leave out -6")));
    cli.run(&["send", "GET", &url, "--sni", "a b"]).usage(&["--sni: ", "server name"]);
    cli.run(&["send", "GET", &url, "-4", "-6"]).usage(&["--ipv4", "--ipv6"]);
}
