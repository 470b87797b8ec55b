//! TLS and HTTP/2 against the practice API: what was agreed, what is wrong with a certificate, and who decides.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use lunette::demo::Demo;
use lunette::engine::{Budget, Config, Engine, Override};
use lunette::store::Memory;
use lunette::wire::{Exchange, FailureKind, HttpChoice, Phase, Policy, Sender, TlsFacts, Together};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;

use super::{failed, get, kept, send, start, typed};
use crate::support::recorder::OK;

/// A server of its own with a certificate that signs itself, valid or long expired. Answers one request a connection.
fn secure(
    expired: bool,
    versions: &[&'static rustls::SupportedProtocolVersion],
    ask: impl FnOnce(CertificateDer<'static>) -> Option<Arc<dyn ClientCertVerifier>>,
) -> (String, std::thread::JoinHandle<()>) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let year = if expired { 2001 } else { 2099 };
    params.not_before = rcgen::date_time_ymd(2000, 1, 1);
    params.not_after = rcgen::date_time_ymd(year, 1, 1);
    let certificate = params.self_signed(&key).expect("a certificate").der().clone();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder =
        rustls::ServerConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("known versions");
    let builder = match ask(certificate.clone()) {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = Arc::new(builder.with_single_cert(vec![certificate], key).expect("they fit"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("https://localhost:{}/", listener.local_addr().expect("an address").port());
    let thread = std::thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let connection = rustls::ServerConnection::new(config).expect("a connection");
        let mut stream = rustls::StreamOwned::new(connection, stream);
        // An error here is a handshake that failed, which some tests are about.
        if stream.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {
            let _ = stream.write_all(OK);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
        // Bytes left unread would turn the end into a reset, which can overtake an alert.
        let _ = stream.sock.set_read_timeout(Some(Duration::from_secs(10)));
        let _ = stream.sock.shutdown(Shutdown::Write);
        let _ = stream.sock.read_to_end(&mut Vec::new());
    });
    (url, thread)
}

/// Asks for a certificate of the client, and takes none as an answer or not.
fn asking(required: bool) -> impl FnOnce(CertificateDer<'static>) -> Option<Arc<dyn ClientCertVerifier>> {
    move |root| {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(root).expect("a root");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        let builder = if required { builder } else { builder.allow_unauthenticated() };
        Some(builder.build().expect("a verifier"))
    }
}

fn insecure() -> Policy {
    Policy { insecure: true, ..Policy::default() }
}

#[test]
fn an_old_protocol_is_named_with_its_suite() {
    let (url, server) = secure(false, &[&rustls::version::TLS12], |_| None);
    let x = send(&super::engine(&url), get(&url), insecure());
    assert_eq!((x.status(), &x.error), (Some(200), &None));
    let t = facts(&x);
    assert_eq!((t.version.as_str(), t.faults.as_slice()), ("TLSv1.2", &["self-signed".to_owned()][..]));
    assert!(t.cipher.starts_with("TLS_ECDHE_ECDSA_WITH_"), "{}", t.cipher);
    assert!(t.group.is_some() && t.signature.as_deref().is_some_and(|s| s.starts_with("ecdsa")), "{t:?}");
    assert_eq!(x.connection.expect("a connection").alpn, None);
    server.join().expect("the server ends");
}

#[test]
fn an_expired_certificate_is_named_beside_any_other_fault() {
    for policy in [Policy::default(), insecure()] {
        let (url, server) = secure(true, rustls::ALL_VERSIONS, |_| None);
        let x = send(&super::engine(&url), get(&url), policy);
        let faults = facts(&x).faults.join(", ");
        assert!(faults.contains("expired on 2001-01-01"), "{faults}");
        if policy.insecure {
            assert_eq!((x.status(), &x.error), (Some(200), &None));
        } else {
            assert!(failed(&x, Phase::Tls, FailureKind::Tls).contains("expired on 2001-01-01"));
        }
        server.join().expect("the server ends");
    }
}

#[test]
fn a_server_that_asks_for_a_client_certificate_is_said_to() {
    for versions in [&[&rustls::version::TLS12][..], &[&rustls::version::TLS13]] {
        let (url, server) = secure(false, versions, asking(false));
        let x = send(&super::engine(&url), get(&url), insecure());
        assert_eq!((x.status(), &x.error), (Some(200), &None));
        assert!(facts(&x).client_certificate_requested);
        server.join().expect("the server ends");
        let (url, server) = secure(false, versions, asking(true));
        let x = send(&super::engine(&url), get(&url), insecure());
        assert!(facts(&x).client_certificate_requested && x.response.is_none(), "{:?}", x.response);
        let e = x.error.as_ref().expect("it is refused");
        assert_eq!(e.kind, FailureKind::Tls, "{e:?}");
        assert!(e.message.contains("asked for a client certificate"), "{e:?}");
        server.join().expect("the server ends");
    }
}

/// An engine for `url`, with or without trust in the authority of the practice API.
fn engine(shop: &Demo, url: &str, trusted: bool) -> Engine {
    let roots = trusted.then(|| shop.ca_pem().as_bytes().to_vec());
    let other = Override { host: "other.test".to_owned(), port: shop.https.port(), address: shop.https.ip() };
    let config = Config { scope: vec![typed(url)], roots, overrides: vec![other], ..Config::default() };
    start(config, Arc::new(Memory::default()))
}

fn url(shop: &Demo, host: &str) -> String {
    format!("https://{host}:{}/api/health", shop.https.port())
}

fn facts(x: &Exchange) -> &TlsFacts {
    x.tls.as_ref().expect("facts of the handshake")
}

#[test]
fn a_trusted_certificate_has_no_faults_and_every_fact_is_there() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "localhost");
    let x = send(&engine(&shop, &url, true), get(&url), Policy::default());
    assert_eq!((x.status(), &x.error), (Some(200), &None));
    let t = facts(&x);
    assert_eq!((t.faults.as_slice(), t.version.as_str(), t.resumed), (&[][..], "TLSv1.3", false));
    assert!(t.cipher.starts_with("TLS_") && !t.cipher.starts_with("TLS13"), "{}", t.cipher);
    assert_eq!(t.group.as_deref(), Some("X25519MLKEM768"));
    assert_eq!(t.signature.as_deref(), Some("ecdsa_secp256r1_sha256"));
    assert_eq!((t.sni.as_deref(), t.client_certificate_requested), (Some("localhost"), false));
    let leaf = &t.chain[0];
    assert_eq!(t.chain.len(), 2);
    assert!(leaf.subject.display().contains("localhost") && leaf.issuer.display().contains("practice authority"));
    assert!(leaf.san.iter().any(|n| n.lossy().contains("localhost")));
    assert_eq!((leaf.key.as_str(), leaf.sha256.len()), ("ECDSA P-256", 64));
    assert!(leaf.not_before < leaf.not_after);
    assert!(x.phases.dns.is_some() && x.phases.connect.is_some() && x.phases.tls.is_some());
}

#[test]
fn an_address_has_no_server_name() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "127.0.0.1");
    let x = send(&engine(&shop, &url, true), get(&url), Policy::default());
    assert_eq!(x.error, None);
    assert_eq!((&facts(&x).sni, facts(&x).faults.as_slice()), (&None, &[][..]));
    assert_eq!(x.phases.dns, None);
}

#[test]
fn a_certificate_that_is_not_trusted_ends_the_exchange_with_all_that_was_learnt() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "localhost");
    let x = send(&engine(&shop, &url, false), get(&url), Policy::default());
    let why = failed(&x, Phase::Tls, FailureKind::Tls);
    assert!(why.contains("issuer not trusted") && why.contains("--insecure") && why.contains("--cacert"), "{why}");
    let t = facts(&x);
    assert_eq!((t.faults.as_slice(), t.chain.len()), (&["issuer not trusted".to_owned()][..], 2));
    assert_eq!(t.sni.as_deref(), Some("localhost"));
    assert!(x.connection.is_some() && x.sent.is_none() && x.response.is_none());
    assert!(x.phases.connect.is_some());
    assert_eq!(shop.served_log(), "", "no request was sent");
}

#[test]
fn a_fault_is_shown_and_not_fatal_when_the_user_allows_it() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "localhost");
    let engine = engine(&shop, &url, false);
    let insecure = Policy { insecure: true, ..kept() };
    for reused in [false, true] {
        let x = send(&engine, get(&url), insecure);
        assert_eq!((x.status(), &x.error), (Some(200), &None));
        assert_eq!(facts(&x).faults, ["issuer not trusted"]);
        assert_eq!(x.connection.expect("a connection").reused, reused);
    }
    // A connection that was opened without trust serves nobody who asks for it.
    failed(&send(&engine, get(&url), kept()), Phase::Tls, FailureKind::Tls);
}

#[test]
fn a_certificate_for_another_name_is_a_fault() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "other.test");
    let engine = engine(&shop, &url, true);
    let x = send(&engine, get(&url), Policy::default());
    assert!(failed(&x, Phase::Tls, FailureKind::Tls).contains("issued for another name (localhost"));
    let x = send(&engine, get(&url), Policy { insecure: true, ..Policy::default() });
    assert_eq!((x.status(), facts(&x).sni.as_deref()), (Some(200), Some("other.test")));
    assert!(facts(&x).faults[0].contains("another name"));
}

#[test]
fn alpn_chooses_http2_and_the_user_can_choose_otherwise() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "localhost");
    let engine = engine(&shop, &url, true);
    for (http, alpn, version) in [
        (HttpChoice::Auto, "h2", "HTTP/2"),
        (HttpChoice::Http1, "http/1.1", "HTTP/1.1"),
        (HttpChoice::Http2, "h2", "HTTP/2"),
    ] {
        let policy = Policy { http, ..kept() };
        let x = send(&engine, get(&url).header("X-Note", "1").header("Connection", "keep-alive"), policy);
        assert_eq!(x.error, None, "{http:?}");
        assert_eq!(x.connection.as_ref().and_then(|c| c.alpn.as_deref()), Some(alpn));
        assert_eq!(x.response.as_ref().map(|r| r.version.as_str()), Some(version));
        let sent = String::from_utf8_lossy(x.sent.as_deref().expect("what was sent")).into_owned();
        if version == "HTTP/2" {
            let authority = url.split('/').nth(2).expect("a host");
            let path = url.split_once(authority).expect("a path").1;
            let list = format!(
                ":method: GET\r\n:scheme: https\r\n:authority: {authority}\r\n:path: {path}\r\nx-note: 1\r\n\r\n"
            );
            assert_eq!((sent, x.sent_on_wire()), (list, None), "HTTP/2 has no such text, and a list");
        } else {
            assert!(sent.starts_with("GET ") && x.sent_on_wire().is_some());
        }
        let altered: Vec<&str> = x.altered.iter().map(|a| a.what.as_str()).collect();
        if version == "HTTP/2" {
            assert_eq!(altered, ["X-Note is sent in lower case", "Connection is left out"]);
        } else {
            assert_eq!(altered, [""; 0]);
        }
        let again = send(&engine, get(&url), policy);
        assert!(again.connection.as_ref().is_some_and(|c| c.reused), "{http:?}");
        assert_eq!((again.phases.dns, again.phases.connect, again.phases.tls), (None, None, None));
        assert_eq!(facts(&again), facts(&x), "the facts of the connection stay with it");
    }
}

#[test]
fn the_sender_waits_for_what_alpn_agrees_on_and_says_where_it_offers_less() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "localhost");
    let engine = engine(&shop, &url, true);
    let typed = Policy { raw: true, ..Policy::default() };
    let odd_case = || get(&url).header("X-CSRF-Token", "1");
    let x = send(&engine, odd_case(), typed);
    assert_eq!((x.status(), x.http2, x.sender, x.sender_reason.as_deref()), (Some(200), true, Sender::Hyper, None));
    assert_eq!(x.altered.len(), 1, "HTTP/2 has lower case alone");
    let x = send(&engine, odd_case(), Policy { http: HttpChoice::Http1, ..typed });
    assert_eq!((x.status(), x.http2, x.sender, x.altered.len()), (Some(200), false, Sender::Raw, 0));
    assert!(x.tls.is_some() && x.phases.tls.is_some(), "the same facts as of hyper");
    let mut spaced = get(&url);
    spaced.target.extend_from_slice(b"?a b");
    let x = send(&engine, spaced, typed);
    assert_eq!(x.connection.as_ref().and_then(|c| c.alpn.as_deref()), Some("http/1.1"));
    assert!(x.sender_reason.is_some_and(|why| why.contains("HTTP/1.1 alone is offered in the handshake")));
    // A group at one instant: one connection on HTTP/2, one for each on HTTP/1.1.
    for (http, http2, reused) in [(HttpChoice::Auto, true, 5), (HttpChoice::Http1, false, 0)] {
        let requests = vec![get(&url); 6];
        let policy = Policy { http, ..typed };
        let all = engine
            .run(Budget::HAND, move |t| Box::pin(async move { t.together(requests, Together::Parallel, policy).await }))
            .expect("exchanges");
        assert!(all.iter().all(|x| x.status() == Some(200) && x.http2 == http2), "{http:?}: {:?}", all[0].error);
        assert_eq!(all.iter().filter(|x| x.connection.as_ref().is_some_and(|c| c.reused)).count(), reused);
    }
}

#[test]
fn http2_without_tls_needs_to_be_asked_for() {
    let shop = Demo::start(None).expect("the practice API");
    let url = format!("http://{}/api/health", shop.http);
    let engine = engine(&shop, &url, false);
    for (http, version) in [(HttpChoice::Auto, "HTTP/1.1"), (HttpChoice::Http2, "HTTP/2")] {
        let x = send(&engine, get(&url), Policy { http, ..kept() });
        assert_eq!((x.status(), &x.tls, &x.error), (Some(200), &None, &None));
        assert_eq!(x.response.map(|r| r.version).as_deref(), Some(version));
    }
}

#[test]
fn many_share_one_http2_connection() {
    let shop = Demo::start(None).expect("the practice API");
    let url = url(&shop, "localhost");
    let engine = engine(&shop, &url, true);
    assert_eq!(send(&engine, get(&url), kept()).status(), Some(200));
    let (give, take) = std::sync::mpsc::channel();
    for _ in 0..50 {
        let (give, url) = (give.clone(), url.clone());
        let job = engine.submit(super::BATCH, move |t| {
            Box::pin(async move {
                let _ = give.send(t.send(get(&url), kept()).await);
            })
        });
        job.expect("a place");
    }
    drop(give);
    let all: Vec<Exchange> = take.iter().collect();
    assert_eq!(all.len(), 50);
    for x in &all {
        assert_eq!((x.status(), &x.error), (Some(200), &None));
    }
    let ports: std::collections::BTreeSet<u16> =
        all.iter().filter_map(|x| x.connection.as_ref()).map(|c| c.local.port()).collect();
    assert_eq!(ports.len(), 1, "{ports:?}");
}
