//! A real nginx that wants a certificate: with the one of an identity it lets in, without one, or with a stranger's, not.

use std::sync::Arc;

use lunette::engine::{Budget, Certificates, ClientCertificate, Config, Engine, Entry, Override};
use lunette::store::Memory;
use lunette::wire::{HttpChoice, Policy, Request, Target};

use crate::support::cli::Cli;
use crate::support::server::{NGINX, Server};

const CONFIG: &str = r#"
daemon off;
master_process off;
worker_processes 1;
pid FOLDER/nginx.pid;
error_log FOLDER/error.log;
events { worker_connections 64; }
http {
    access_log FOLDER/access.log;
    client_body_temp_path FOLDER/body;
    proxy_temp_path FOLDER/proxy;
    fastcgi_temp_path FOLDER/fastcgi;
    uwsgi_temp_path FOLDER/uwsgi;
    scgi_temp_path FOLDER/scgi;
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
        ran.usage(&["locked.pem: ", "the key in it is encrypted", "openssl pkey"]);
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
    let read = |m: &Made| ClientCertificate::read(both(m).as_bytes()).expect("a certificate");
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
