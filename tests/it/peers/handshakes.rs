//! TLS as openssl does it: its certificates with every fault there is, its old protocols, and its own account of a handshake.

use std::collections::BTreeSet;

use lunette::base::hash::sha256_hex;
use lunette::engine::{Budget, Config, Engine, Entry, Override};
use lunette::store::Memory;
use lunette::wire::{Exchange, FailureKind, Phase, Policy, Request, Revocation, Target, TlsFacts};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use crate::support::openssl::{FUTURE, Made, Maker, NOW, PAST};

/// Lets openssl use what is too weak for it.
const WEAK: &str = "DEFAULT@SECLEVEL=0";

/// Sends to a port of loopback under a name, with or without faults let pass.
fn send(name: &str, port: u16, roots: Option<&str>, insecure: bool) -> Exchange {
    let url = format!("https://{name}:{port}/");
    let origin = Target::parse(url.as_bytes()).expect("a URL").origin;
    let address = "127.0.0.1".parse().expect("an address");
    let config = Config {
        scope: vec![Entry::typed(&origin)],
        roots: roots.map(|pem| pem.as_bytes().to_vec()),
        overrides: vec![Override { host: name.to_owned(), port, address }],
        ..Config::default()
    };
    let engine = Engine::start(config, std::sync::Arc::new(Memory::default())).expect("an engine");
    let request = Request::new("GET", url.as_bytes()).expect("a URL");
    let policy = Policy { insecure, fresh: true, ..Policy::default() };
    engine.run(Budget::HAND, move |t| t.send(request, policy)).expect("an exchange")
}

fn facts(x: &Exchange) -> &TlsFacts {
    x.tls.as_ref().expect("facts of the handshake")
}

/// The identifiers of all faults of a certificate.
fn ids(t: &TlsFacts, at: usize) -> BTreeSet<&'static str> {
    t.chain[at].faults.iter().map(|f| f.rule().id).collect()
}

/// A name, what it is made of, what stands behind it, and the faults of the leaf and of the one behind it.
type Case<'a> = (&'a str, Made<'a>, &'a [&'a str], &'a [&'a str], &'a [&'a str]);

#[test]
fn every_fault_of_a_certificate_is_named() {
    let maker = Maker::new();
    maker.authority("root", Made { key: "rsa:2048", ..Made::default() });
    maker.authority("middle", Made { by: Some("root"), ..Made::default() });
    maker.authority("old", Made { by: Some("root"), dates: PAST, ..Made::default() });
    let by = Some("middle");
    let sound = Made { by, ..Made::default() };
    let short = "rsa:1024";
    let cases: &[Case<'_>] = &[
        ("sound", sound, &["middle"], &[], &[]),
        ("expired", Made { dates: PAST, ..sound }, &["middle"], &["expired"], &[]),
        ("early", Made { dates: FUTURE, ..sound }, &["middle"], &["not-yet-valid"], &[]),
        ("self", Made { by: None, ..sound }, &[], &["self-signed"], &[]),
        (
            "own-ca",
            Made { by: None, extensions: "basicConstraints=CA:TRUE\nsubjectAltName=DNS:localhost", ..sound },
            &[],
            &["ca-as-server", "self-signed"],
            &[],
        ),
        (
            "other",
            Made { extensions: "subjectAltName=DNS:a.test,DNS:*.test", ..sound },
            &["middle"],
            &["wrong-name"],
            &[],
        ),
        ("nameless", Made { extensions: "basicConstraints=CA:FALSE", ..sound }, &["middle"], &["no-name"], &[]),
        ("v1", Made { extensions: "", ..sound }, &["middle"], &["old-version", "no-name", "unjudged-issuer"], &[]),
        ("short", Made { key: short, ..sound }, &["middle"], &["weak-key", "unjudged-proof"], &[]),
        ("sha1", Made { hash: "sha1", ..sound }, &["middle"], &["weak-signature", "unjudged-issuer"], &[]),
        ("alone", sound, &[], &["incomplete-chain"], &[]),
        ("turned", sound, &["root", "middle"], &[], &[]),
        (
            "client",
            Made { extensions: "subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth", ..sound },
            &["middle"],
            &["wrong-use", "unjudged-issuer"],
            &[],
        ),
        ("below-old", Made { by: Some("old"), ..sound }, &["old"], &[], &["expired"]),
        (
            "all",
            Made {
                key: short,
                hash: "sha1",
                dates: PAST,
                by: None,
                extensions: "subjectAltName=DNS:a.test\nextendedKeyUsage=clientAuth\nbasicConstraints=CA:TRUE",
            },
            &[],
            &[
                "expired",
                "wrong-name",
                "weak-key",
                "weak-signature",
                "wrong-use",
                "ca-as-server",
                "self-signed",
                "unjudged-proof",
            ],
            &[],
        ),
        (
            "v1-all",
            Made { hash: "sha1", dates: PAST, by: None, extensions: "", ..sound },
            &[],
            &["expired", "no-name", "old-version", "weak-signature", "self-signed"],
            &[],
        ),
    ];
    let root = maker.read("root.pem");
    for (name, made, chain, leaf, issuer) in cases {
        maker.make(name, *made);
        let served = maker.serve(name, chain, &["-cipher", WEAK]);
        let x = send("localhost", served.port, Some(&root), true);
        assert_eq!((x.status(), &x.error), (Some(200), &None), "{name}: {:?}", x.tls);
        let t = facts(&x);
        assert_eq!(ids(t, 0), leaf.iter().copied().collect(), "{name}: {:?}", t.faults);
        if t.chain.len() > 1 {
            assert_eq!(ids(t, 1), issuer.iter().copied().collect(), "{name}: {:?}", t.faults);
        }
        assert_eq!(t.faults.len(), leaf.len() + issuer.len(), "{name}: {:?}", t.faults);
        let strict = send("localhost", served.port, Some(&root), false);
        let fatal = t.faults.iter().any(|f| !f.contains("weak key") && !f.contains("was not judged"));
        if fatal {
            let e = strict.error.as_ref().expect("it is refused");
            assert_eq!((e.phase, e.kind), (Phase::Tls, FailureKind::Tls), "{name}: {e:?}");
            for fault in t.faults.iter().filter(|f| !f.contains("was not judged")) {
                assert!(e.message.contains(fault), "{name}: {fault} is not in {}", e.message);
            }
        }
        if leaf.is_empty() && issuer.is_empty() {
            assert_eq!((strict.status(), &strict.error), (Some(200), &None), "{name}");
        }
    }
    // Without trust in the root the end of the chain is a fault besides.
    let served = maker.serve("expired", &["middle", "root"], &[]);
    let x = send("localhost", served.port, None, true);
    assert_eq!(ids(facts(&x), 0), BTreeSet::from(["expired", "untrusted-issuer"]));
    let served = maker.serve("sound", &["root", "middle"], &[]);
    let x = send("localhost", served.port, None, true);
    assert_eq!(ids(facts(&x), 0), BTreeSet::from(["wrong-order"]));
}

#[test]
fn a_server_that_is_too_old_is_refused_with_its_alert_and_what_was_offered() {
    let maker = Maker::new();
    maker.make("localhost", Made { key: "rsa:2048", ..Made::default() });
    for (arguments, alert, why) in [
        (&["-tls1", "-cipher", WEAK][..], "protocol_version (70)", "TLS 1.0 or 1.1 alone"),
        (&["-tls1_1", "-cipher", WEAK], "protocol_version (70)", "TLS 1.0 or 1.1 alone"),
        (&["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "handshake_failure (40)", "RSA or DHE key exchange"),
        (&["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"], "handshake_failure (40)", "RSA or DHE key exchange"),
        (&["-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"], "handshake_failure (40)", "CBC suites alone"),
        (&["-tls1_3", "-groups", "X448"], "handshake_failure (40)", ""),
    ] {
        let served = maker.serve("localhost", &[], arguments);
        let x = send("localhost", served.port, None, true);
        let e = x.error.as_ref().unwrap_or_else(|| panic!("{arguments:?} was not refused"));
        assert_eq!((e.phase, e.kind), (Phase::Tls, FailureKind::Tls), "{arguments:?}: {e:?}");
        for words in
            [alert, why, "lunette offered TLS 1.2 and 1.3, 9 suites", "X25519MLKEM768, x25519, secp256r1, secp384r1"]
        {
            assert!(e.message.contains(words), "{arguments:?}: {words} is not in {}", e.message);
        }
        assert!(x.phases.connect.is_some() && x.connection.is_some() && x.sent.is_none(), "{arguments:?}");
    }
}

/// The value behind a label in what openssl writes.
fn told<'a>(said: &'a str, label: &str) -> &'a str {
    said.lines().find_map(|l| l.trim().strip_prefix(label)).unwrap_or_else(|| panic!("no {label} in {said}")).trim()
}

/// The value behind a label, or nothing.
fn maybe<'a>(said: &'a str, label: &str) -> &'a str {
    said.lines().find_map(|l| l.trim().strip_prefix(label)).unwrap_or_default().trim()
}

#[test]
fn the_facts_of_a_handshake_are_those_that_openssl_tells() {
    let maker = Maker::new();
    maker.authority("root", Made { key: "rsa:2048", ..Made::default() });
    maker.make("rsa", Made { key: "rsa:2048", by: Some("root"), ..Made::default() });
    maker.make("ecdsa", Made { key: "P-384", by: Some("root"), ..Made::default() });
    let root = maker.read("root.pem");
    for (leaf, arguments, group, scheme) in [
        (
            "rsa",
            &["-tls1_3", "-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256", "-groups", "P-384"][..],
            "secp384r1",
            "rsa_pss_rsae_sha384",
        ),
        ("ecdsa", &["-tls1_3", "-groups", "X25519"], "x25519", "ecdsa_secp384r1_sha384"),
        (
            "rsa",
            &["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256", "-groups", "P-256"],
            "secp256r1",
            "rsa_pss_rsae_sha384",
        ),
        (
            "ecdsa",
            &["-tls1_2", "-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305", "-groups", "X25519"],
            "x25519",
            "ecdsa_secp384r1_sha384",
        ),
    ] {
        let signed = ["-sigalgs", "ECDSA+SHA384:RSA-PSS+SHA384"];
        let served = maker.serve(leaf, &["root"], &[arguments, &signed].concat());
        let x = send("localhost", served.port, Some(&root), false);
        assert_eq!((x.status(), &x.error), (Some(200), &None), "{arguments:?}");
        let t = facts(&x);
        let place = format!("127.0.0.1:{}", served.port);
        let said = maker.run(&[
            "s_client",
            "-connect",
            &place,
            "-servername",
            "localhost",
            "-showcerts",
            "-CAfile",
            "root.pem",
        ]);
        assert_eq!(t.version, told(&said, "New, ").split(',').next().unwrap_or_default(), "{said}");
        let suite = told(&said, "New, ").rsplit(' ').next().unwrap_or_default();
        let listed = maker.run(&["ciphers", "-stdname", "ALL:COMPLEMENTOFALL"]);
        let standard = listed.lines().find(|l| l.split_whitespace().nth(2) == Some(suite)).expect("a suite");
        assert_eq!(Some(t.cipher.as_str()), standard.split_whitespace().next(), "{arguments:?}");
        assert_eq!((t.group.as_deref(), t.signature.as_deref()), (Some(group), Some(scheme)), "{said}");
        let temp = told(&said, "Server Temp Key: ");
        let theirs = match group {
            "x25519" => temp.starts_with("X25519"),
            "secp256r1" => temp.starts_with("ECDH, prime256v1"),
            other => temp.starts_with(&format!("ECDH, {other}")),
        };
        assert!(theirs, "{temp} is not {group}");
        assert_eq!(told(&said, "Peer signing digest: "), "SHA384");
        assert_eq!(told(&said, "Peer signature type: "), if leaf == "rsa" { "RSA-PSS" } else { "ECDSA" });
        assert_eq!(told(&said, "Verify return code: "), "0 (ok)");
        assert!(t.faults.is_empty() && !t.resumed, "{:?}", t.faults);
        // Every certificate, byte for byte, and what is told of it.
        let chain: Vec<CertificateDer<'_>> =
            CertificateDer::pem_slice_iter(said.as_bytes()).map(|c| c.expect("a certificate")).collect();
        let theirs: Vec<String> = chain.iter().map(|c| sha256_hex(c)).collect();
        // The last that it prints is the leaf once more.
        assert_eq!(theirs[..t.chain.len()], t.chain.iter().map(|c| c.sha256.clone()).collect::<Vec<_>>());
        for (ours, name) in t.chain.iter().zip([leaf, "root"]) {
            let pem = format!("{name}.pem");
            let shown = maker.run(&[
                "x509", "-in", &pem, "-noout", "-serial", "-subject", "-issuer", "-nameopt", "RFC2253", "-text",
            ]);
            let number = told(&shown, "serial=");
            assert_eq!(ours.serial.trim_start_matches('0').to_ascii_uppercase(), number.trim_start_matches('0'));
            assert_eq!(ours.subject.display(), told(&shown, "subject="));
            assert_eq!(ours.issuer.display(), told(&shown, "issuer="));
            assert_eq!(ours.version.to_string(), told(&shown, "Version: ").split(' ').next().unwrap_or_default());
            let hash = ours.signature.split(' ').next().unwrap_or_default().replace('-', "").to_ascii_lowercase();
            assert!(maybe(&shown, "Signature Algorithm: ").to_ascii_lowercase().contains(&hash), "{shown}");
        }
    }
}

#[test]
fn a_staple_says_what_the_authority_said() {
    let maker = Maker::new();
    maker.authority("root", Made { key: "rsa:2048", dates: NOW, ..Made::default() });
    for (name, status) in [("good", Revocation::Good), ("bad", Revocation::Revoked)] {
        maker.make(name, Made { by: Some("root"), ..Made::default() });
        let pem = format!("{name}.pem");
        if status == Revocation::Revoked {
            maker.run(&["ca", "-config", "ca.cnf", "-revoke", &pem, "-keyfile", "root.key", "-cert", "root.pem"]);
        }
        maker.run(&["ocsp", "-issuer", "root.pem", "-cert", &pem, "-reqout", "request.der"]);
        let answer = format!("{name}.der");
        maker.run(&[
            "ocsp",
            "-index",
            "index.txt",
            "-CA",
            "root.pem",
            "-rsigner",
            "root.pem",
            "-rkey",
            "root.key",
            "-reqin",
            "request.der",
            "-respout",
            &answer,
            "-ndays",
            "7",
        ]);
        let served = maker.serve(name, &[], &["-status_file", &answer]);
        let x = send("localhost", served.port, Some(&maker.read("root.pem")), true);
        let staple = facts(&x).staple.expect("a staple");
        assert_eq!(staple.status, status, "{:?}", x.tls);
        let (from, until) = (staple.this_update.expect("a time"), staple.next_update.expect("a time"));
        assert_eq!(until.unix() - from.unix(), 7 * 24 * 3_600);
        assert!(facts(&x).faults.iter().any(|f| f == "revoked (says the staple)") == (status == Revocation::Revoked));
    }
    let served = maker.serve("good", &[], &[]);
    assert_eq!(facts(&send("localhost", served.port, None, true)).staple, None);
}
