//! Several processes and one audit log: writers that are killed, and writers that write at once.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use lunette::store::Audit;
use lunette::store::audit::{Chain, scan};
use lunette::wire::{Exchange, Intent, Record, Request};

/// Set for the copy of this test binary that writes: the folder of the workspace.
const FOLDER: &str = "LUNETTE_AUDIT_TEST";
/// How many exchanges that copy writes.
const COUNT: &str = "LUNETTE_AUDIT_COUNT";

/// Not a test by itself: with the variable set it writes exchanges, and says each intent that is kept.
#[test]
fn the_writer_itself() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let count: u64 = std::env::var(COUNT).expect("a count").parse().expect("a number");
    let audit = Audit::new(Path::new(&folder), "run", Arc::new(|| None));
    let mut out = std::io::stdout();
    for id in 1..=count {
        let intent = Intent {
            id,
            origin: "check",
            remote: "127.0.0.1:80".parse().expect("an address"),
            method: "GET".to_owned(),
            url: format!("http://h.test/{}/{id}", std::process::id()),
            identity: None,
        };
        audit.intent(&intent).expect("kept");
        writeln!(out, "kept {}/{id}", std::process::id()).expect("a reader");
        let now = lunette::base::Stamp::from_unix(0).expect("a time");
        audit.result(&Exchange::new(id, now, Request::new("GET", b"http://h.test/").expect("a URL")));
    }
}

fn writer(folder: &Path, count: u64) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "workspace::processes::the_writer_itself", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// The exchange that a line of a writer names. The first one stands behind words of the test harness.
fn said(line: &str) -> Option<String> {
    line.split_once("kept ").map(|(_, one)| one.trim_end().to_owned())
}

/// What a writer said it kept.
fn kept(child: &mut Child) -> Vec<String> {
    let out = BufReader::new(child.stdout.take().expect("a pipe"));
    out.lines().map_while(Result::ok).filter_map(|l| said(&l)).collect()
}

fn verify(folder: &Path) -> (Chain, String) {
    let chain = scan(folder, None, None, None).expect("a log").0;
    (chain, std::fs::read_to_string(lunette::store::audit::path(folder)).expect("the log"))
}

#[test]
fn writers_that_are_killed_lose_nothing_they_said_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = Vec::new();
    for round in 0..20 {
        let mut child = writer(folder.path(), u64::MAX);
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while said(&line).is_none() {
            line.clear();
            assert!(out.read_line(&mut line).expect("a line") > 0, "it ended by itself");
        }
        all.extend(said(&line));
        std::thread::sleep(Duration::from_micros(700 * round));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        all.extend(out.lines().map_while(Result::ok).filter_map(|l| said(&l)));
    }
    let (chain, text) = verify(folder.path());
    assert_eq!(chain.broken, None);
    assert!(chain.open <= 20, "{}", chain.open);
    for one in &all {
        assert!(text.contains(&format!("http://h.test/{one}\"")), "{one} of {} is lost", all.len());
    }
}

#[test]
fn four_processes_keep_one_chain() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut children: Vec<Child> = (0..4).map(|_| writer(folder.path(), 60)).collect();
    for child in &mut children {
        assert_eq!(kept(child).len(), 60);
        assert!(child.wait().expect("it ends").success());
    }
    let (chain, text) = verify(folder.path());
    assert_eq!((chain.lines, chain.open, chain.torn, chain.broken), (480, 0, 0, None));
    let switches = text.lines().filter_map(|l| l.split("h.test/").nth(1)?.split('/').next()).collect::<Vec<_>>();
    assert!(switches.windows(2).filter(|w| w[0] != w[1]).count() > 3, "they wrote at once");
}
