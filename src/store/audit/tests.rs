use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::base::Stamp;
use crate::wire::Request;

fn audit_in(folder: &Path) -> Audit {
    Audit::new(folder, "run", Arc::new(|| None))
}

fn intent(id: u64) -> Intent {
    Intent {
        id,
        origin: if id.is_multiple_of(2) { "check" } else { "hand" },
        remote: "127.0.0.1:80".parse().expect("an address"),
        method: "GET".to_owned(),
        url: format!("http://h{id}.test/x?token=***"),
        identity: None,
    }
}

fn exchange(id: u64) -> Exchange {
    let now = Stamp::from_unix(0).expect("a time");
    Exchange::new(id, now, Request::new("GET", b"http://h.test/").expect("a URL"))
}

/// A log of `n` exchanges.
fn logged(n: u64) -> (tempfile::TempDir, Audit) {
    let folder = tempfile::tempdir().expect("a folder");
    let audit = audit_in(folder.path());
    for id in 1..=n {
        audit.intent(&intent(id)).expect("kept");
        audit.result(&exchange(id));
    }
    (folder, audit)
}

fn verify(folder: &Path) -> Chain {
    scan(folder, None, None, None).expect("a log").0
}

#[test]
fn intents_and_results_make_one_chain_that_is_the_users_own() {
    let (folder, audit) = logged(3);
    audit.intent(&intent(9)).expect("kept");
    audit.result(&exchange(77));
    let chain = verify(folder.path());
    assert_eq!((chain.lines, chain.open, chain.torn, &chain.broken), (7, 1, 0, &None));
    let mode = |p: &Path| fs::metadata(p).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&path(folder.path())), 0o600);
    assert_eq!(mode(&folder.path().join(".lunette")), 0o700);
    let (_, sent) = scan(folder.path(), None, None, Some(&Select { who: Some("hand".into()), ..Select::default() }))
        .expect("a log");
    assert_eq!(sent.len(), 3);
    assert_eq!(sent[0].intent["url"], "http://h1.test/x?token=***");
    assert!(sent[0].result.is_some() && sent[2].result.is_none());
}

#[test]
fn every_changed_byte_and_every_lost_or_moved_line_is_found() {
    let (folder, _) = logged(2);
    let path = path(folder.path());
    let good = fs::read(&path).expect("the log");
    for i in 0..good.len() {
        for bit in 0..8 {
            let mut bad = good.clone();
            bad[i] ^= 1 << bit;
            fs::write(&path, &bad).expect("write");
            assert!(verify(folder.path()).broken.is_some(), "byte {i} bit {bit}");
        }
    }
    let lines: Vec<&[u8]> = good.split_inclusive(|b| *b == b'\n').collect();
    let breaks = |order: &[usize]| {
        let text: Vec<u8> = order.iter().flat_map(|i| lines[*i].to_vec()).collect();
        fs::write(&path, text).expect("write");
        verify(folder.path()).broken.map(|b| b.line)
    };
    assert_eq!(breaks(&[0, 1, 2, 3]), None);
    assert_eq!(breaks(&[1, 2, 3]), Some(1));
    assert_eq!(breaks(&[0, 2, 3]), Some(2));
    assert_eq!(breaks(&[0, 2, 1, 3]), Some(2));
    assert_eq!(breaks(&[0, 1, 1, 2, 3]), Some(3));
    // A tail that was cut shows only against a head that was printed.
    let head = line::read(lines[3].trim_ascii_end()).expect("a line").hash;
    assert_eq!(breaks(&[0, 1, 2]), None);
    assert_eq!(scan(folder.path(), Some(&head), None, None).expect("a log").0.anchored, Some(false));
    breaks(&[0, 1, 2, 3]);
    assert_eq!(scan(folder.path(), Some(&head), None, None).expect("a log").0.anchored, Some(true));
}

#[test]
fn a_torn_end_is_marked_and_kept() {
    let (folder, _) = logged(2);
    let path = path(folder.path());
    let good = fs::read(&path).expect("the log");
    let last = memchr::memrchr(b'\n', &good[..good.len() - 1]).expect("lines") + 1;
    for cut in [last + 1, last + 20, good.len() - 1] {
        fs::write(&path, &good[..cut]).expect("write");
        assert_eq!(verify(folder.path()).broken.map(|b| b.line), Some(4), "torn is not whole");
        audit_in(folder.path()).intent(&intent(5)).expect("kept");
        let chain = verify(folder.path());
        // A line that lacks no more than its newline is not torn: it gets one.
        let torn = u64::from(cut < good.len() - 1);
        assert_eq!((chain.broken, chain.torn, chain.lines), (None, torn, 5), "cut at {cut}");
        assert!(fs::read(&path).expect("the log").starts_with(&good[..cut]), "nothing is deleted");
    }
    fs::write(&path, &good[..last + 20]).expect("write");
    audit_in(folder.path()).intent(&intent(5)).expect("kept");
    // The mark itself was torn too.
    let marked = fs::read(&path).expect("the log");
    fs::write(&path, &marked[..last + 60]).expect("write");
    audit_in(folder.path()).intent(&intent(6)).expect("kept");
    assert_eq!(verify(folder.path()).broken, None);
    // And each byte of a torn line is covered by its mark.
    let good = fs::read(&path).expect("the log");
    for i in 0..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 1;
        fs::write(&path, &bad).expect("write");
        assert!(verify(folder.path()).broken.is_some(), "byte {i}");
    }
}

#[test]
fn a_log_that_was_tampered_with_takes_no_more_lines() {
    let (folder, audit) = logged(2);
    let path = path(folder.path());
    let good = fs::read(&path).expect("the log");
    let fails = |audit: &Audit, words: &str| {
        let e = audit.intent(&intent(5)).expect_err(words).to_string();
        assert!(e.contains(words), "{e}");
    };
    let mut bad = good.clone();
    let end = bad.len() - 10;
    bad[end] ^= 1;
    fs::write(&path, &bad).expect("write");
    fails(&audit_in(folder.path()), "audit verify");
    assert_eq!(fs::read(&path).expect("the log"), bad, "nothing is overwritten");
    fs::write(&path, &good[..good.len() / 2]).expect("write");
    fails(&audit, "were cut from the log");
    fs::rename(&path, folder.path().join("elsewhere")).expect("move");
    fails(&audit, "cannot be written");
    fs::write(&path, &good).expect("write");
    fails(&audit, "was replaced");
}

#[test]
fn what_stands_in_its_place_or_is_open_to_others_is_refused() {
    let fails = |audit: &Audit, words: &[&str]| {
        let e = audit.ready().expect_err("refused").to_string();
        assert!(words.iter().all(|w| e.contains(w)), "{e}");
    };
    let (folder, _) = logged(1);
    let (own, log) = (folder.path().join(".lunette"), path(folder.path()));
    let set = |p: &Path, mode| fs::set_permissions(p, fs::Permissions::from_mode(mode)).expect("chmod");
    set(&own, 0o750);
    fails(&audit_in(folder.path()), &["mode 0750", "chmod 700"]);
    set(&own, 0o700);
    set(&log, 0o604);
    fails(&audit_in(folder.path()), &["mode 0604", "chmod 600"]);
    fs::remove_file(&log).expect("remove");
    std::os::unix::fs::symlink("/dev/full", &log).expect("link");
    fails(&audit_in(folder.path()), &["not a plain file"]);
    fs::remove_dir_all(&own).expect("remove");
    fs::write(&own, "").expect("write");
    fails(&audit_in(folder.path()), &["not a folder"]);
    fails(&audit_in(&folder.path().join("gone")), &["not there any more"]);
}

#[test]
fn threads_share_one_log_and_long_urls_are_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let audit = audit_in(folder.path());
    std::thread::scope(|s| {
        for t in 0..4 {
            let audit = &audit;
            s.spawn(move || {
                for i in 0..25 {
                    let mut intent = intent(t * 100 + i);
                    intent.url = format!("http://h.test/{}", "\u{e9}".repeat(5_000));
                    audit.intent(&intent).expect("kept");
                    audit.result(&exchange(intent.id));
                }
            });
        }
    });
    let chain = verify(folder.path());
    assert_eq!((chain.lines, chain.open, chain.broken), (200, 0, None));
}

#[test]
fn with_the_vault_open_a_chain_written_anew_does_not_pass_for_the_old() {
    use crate::store::seal::{DataKey, Keys};

    let folder = tempfile::tempdir().expect("a folder");
    let keys = Keys::new(vec![DataKey::make().expect("a key")]).expect("one key");
    let (with, without) = (Some(keys.clone()), None);
    let write = |keys: Option<Keys>, ids: std::ops::Range<u64>| {
        let audit = Audit::new(folder.path(), "run", Arc::new(move || keys.clone()));
        for id in ids {
            audit.intent(&intent(id)).expect("kept");
            audit.result(&exchange(id));
        }
    };
    write(with.clone(), 1..3);
    let read = |keys: Option<&Keys>| scan(folder.path(), None, keys, None).expect("a log").0;
    let chain = read(Some(&keys));
    assert_eq!((chain.lines, chain.marked, chain.vouched, chain.broken), (4, 4, Some(4), None));
    assert_eq!(read(None).vouched, None);
    write(without.clone(), 3..4);
    let chain = read(Some(&keys));
    assert_eq!((chain.lines, chain.marked, chain.vouched, chain.broken), (6, 4, Some(4), None));
    let other = Keys::new(vec![DataKey::make().expect("a key")]).expect("one key");
    assert_eq!(read(Some(&other)).broken.map(|b| b.line), Some(1));

    // Someone without the key leaves out the first exchange and writes a right chain of what is left, marks and all.
    let text = std::fs::read_to_string(path(folder.path())).expect("the log");
    let (mut out, mut prev) = (String::new(), START.to_owned());
    for (i, line) in text.lines().skip(2).enumerate() {
        let mut members = object(serde_json::from_str(line).expect("JSON"));
        for own in ["seq", "prev", "hash"] {
            members.remove(own);
        }
        let (line, hash) = seal(i as u64 + 1, &prev, members, None);
        out.extend([&line, "\n"]);
        prev = hash;
    }
    std::fs::write(path(folder.path()), out).expect("write");
    assert_eq!(read(None).broken, None, "the chain alone does not show it");
    let chain = read(Some(&keys));
    assert!(chain.broken.is_some() || chain.vouched == Some(0), "{chain:?}");
}
