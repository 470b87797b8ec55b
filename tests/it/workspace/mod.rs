//! The workspace file: every right one and every wrong one is a case. A wrong one stands beside its message, in a file of the
//! same name that ends in `.txt`; `UPDATE_SAMPLES=1 cargo test --test it workspace` writes the messages anew.

mod faults;
mod processes;
mod screen;
mod sealed;

use std::path::{Path, PathBuf};

use lunette::base::Stamp;
use lunette::store::Workspace;

fn files(kind: &str) -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/workspace").join(kind);
    let mut all: Vec<(String, PathBuf)> = std::fs::read_dir(folder)
        .expect("the cases")
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "toml"))
        .map(|p| (p.file_stem().expect("a name").to_string_lossy().into_owned(), p))
        .collect();
    all.sort();
    all
}

fn read(path: &Path) -> lunette::base::Result<Workspace> {
    let text = std::fs::read_to_string(path).expect("a case").replace("\r\n", "\n");
    Workspace::parse(&text, Path::new("/w"), "lunette.toml")
}

#[test]
fn every_valid_file_reads() {
    let valid = files("valid");
    assert!(valid.len() >= 3);
    for (name, path) in valid {
        if let Err(e) = read(&path) {
            panic!("{name}: {e}");
        }
    }
}

#[test]
fn a_full_file_says_all_it_holds() {
    let path = files("valid").into_iter().find(|(n, _)| n == "full").expect("the case").1;
    let w = read(&path).expect("it reads");
    assert_eq!(w.name, "Shop, staging");
    assert_eq!(w.sources, [Path::new("/w/openapi.yaml"), Path::new("/w/../logs/access.log")]);
    let [first, second, third] = &w.targets[..] else { panic!("three targets: {:?}", w.targets) };
    assert_eq!((first.host.as_str(), first.port), ("api.shop.test", Some(8443)));
    assert_eq!(first.range.map(|r| r.to_string()).as_deref(), Some("10.0.0.0/8"));
    assert_eq!((first.owner.as_deref(), first.note.as_deref()), (Some("team-orders"), Some("ticket 4711")));
    assert_eq!(first.until, Stamp::parse("2999-12-31T23:59:59Z"));
    assert_eq!((first.requests, first.rate, first.concurrency), (Some(5000), Some(10), Some(4)));
    assert!(w.read_only && second.requests.is_none());
    assert_eq!((first.place.as_str(), second.port, third.port), ("lunette.toml:9", None, Some(8080)));
    assert_eq!(
        w.headers.iter().map(|h| h.name.as_str()).collect::<Vec<_>>(),
        ["X-Review", "Accept", "Authorization", "X-Api-Key"]
    );
    let proxy = ("socks5h://al:vault:proxy@proxy.test:1080".to_owned(), "lunette.toml:6".to_owned());
    assert_eq!(w.proxy, Some(proxy));
    assert_eq!(w.filters.len(), 2);
    let [staging, prod] = &w.environments[..] else { panic!("two environments: {:?}", w.environments) };
    assert_eq!((staging.name.as_str(), staging.values.len(), prod.name.as_str()), ("staging", 3, "prod"));
    assert!(staging.values[2].1.to_string() == "vault:staging" && prod.values[0].1.is_literal());
    let kinds: Vec<(&str, &str)> = w.identities.iter().map(|i| (i.name.as_str(), i.credential.kind().word)).collect();
    let wanted = [
        ("alice", "login"),
        ("bob", "basic"),
        ("svc", "oauth"),
        ("ci", "sigv4"),
        ("mtls", "cert"),
        ("pass", "command"),
    ];
    assert_eq!(kinds, wanted);
    let alice = &w.identities[0];
    assert_eq!((alice.role.as_deref(), alice.ids.len(), alice.ids[0].1.len()), (Some("user"), 2, 2));
    let [shop] = &w.profiles[..] else { panic!("one profile: {:?}", w.profiles) };
    assert_eq!((shop.client_id.as_str(), shop.grant.as_str(), shop.scopes.len()), ("lunette", "client_credentials", 2));
    assert_eq!(shop.client_secret.as_ref().map(ToString::to_string).as_deref(), Some("vault:shop"));
}

#[test]
fn every_invalid_file_is_answered_with_its_message() {
    let invalid = files("invalid");
    assert!(invalid.len() > 40);
    for (name, path) in invalid {
        let said = read(&path).expect_err(&name).to_string();
        assert!(said.starts_with("lunette.toml:") && said.contains("; "), "{name}: {said}");
        assert!(!said.contains("hunter2") && !said.contains("eyJ") && !said.contains('\n'), "{name}: {said}");
        let beside = path.with_extension("txt");
        if std::env::var_os("UPDATE_SAMPLES").is_some() {
            std::fs::write(&beside, format!("{said}\n")).expect("write the message");
        }
        let wanted = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(said, wanted.trim_end(), "{name}");
    }
}
