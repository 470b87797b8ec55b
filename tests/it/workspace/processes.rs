//! Several processes and one record: writers that are killed, and writers that write at once. `LUNETTE_KILLS` and
//! `LUNETTE_WRITES` give more rounds and writes than the quick run has; `benches/long.sh record` sets them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lunette::base::Stamp;
use lunette::store::audit::{Chain, scan};
use lunette::store::history::{MOST_ROWS, Select};
use lunette::store::{History as _, Keeper, run_name};
use lunette::wire::{Exchange, Intent, Record as _, Request};

/// Set for the copy of this test binary that writes: the folder of the workspace.
const FOLDER: &str = "LUNETTE_AUDIT_TEST";
/// How many exchanges that copy writes.
const COUNT: &str = "LUNETTE_AUDIT_COUNT";

fn often(name: &str, quick: u64) -> u64 {
    std::env::var(name).map_or(quick, |n| n.parse().expect("a number"))
}

fn keeper(folder: &Path) -> Keeper {
    Keeper::new(folder, &run_name(), Arc::new(|| None))
}

/// Not a test by itself: with the variable set it writes exchanges, and says each intent and each row that is kept.
#[test]
fn the_writer_itself() {
    let Ok(folder) = std::env::var(FOLDER) else { return };
    let count: u64 = std::env::var(COUNT).expect("a count").parse().expect("a number");
    let keeper = keeper(Path::new(&folder));
    let mut out = std::io::stdout();
    for id in 1..=count {
        let url = format!("http://h.test/{}/{id}", std::process::id());
        let intent = Intent {
            id,
            origin: "check",
            remote: "127.0.0.1:80".parse().expect("an address"),
            method: "GET".to_owned(),
            url: url.clone(),
            identity: None,
        };
        keeper.intent(&intent).expect("kept");
        writeln!(out, "kept {}/{id}", std::process::id()).expect("a reader");
        let now = Stamp::from_unix(0).expect("a time");
        keeper.result(&Exchange::new(id, now, Request::new("GET", url.as_bytes()).expect("a URL")));
        // A row counts once it is said to be there; most are waited for in tens.
        if id % 10 == 1 || id == count {
            keeper.settle().expect("kept");
            writeln!(out, "rows {}/{id}", std::process::id()).expect("a reader");
        }
    }
    keeper.close().expect("kept");
}

fn writer(folder: &Path, count: u64) -> Child {
    Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "workspace::processes::the_writer_itself", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .env(COUNT, count.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts")
}

/// What a line of a writer says: the word, the process and the number. The first one stands behind words of the harness.
fn said(line: &str) -> Option<(bool, String, u64)> {
    let (row, rest) = match (line.split_once("kept "), line.split_once("rows ")) {
        (Some((_, rest)), _) => (false, rest),
        (_, Some((_, rest))) => (true, rest),
        _ => return None,
    };
    let (process, id) = rest.trim_end().split_once('/')?;
    Some((row, process.to_owned(), id.parse().ok()?))
}

fn verify(folder: &Path) -> (Chain, String) {
    let chain = scan(folder, None, None, None).expect("a log").0;
    (chain, std::fs::read_to_string(lunette::store::audit::path(folder)).expect("the log"))
}

/// Every target in the history, with the run that kept it.
fn rows(folder: &Path) -> Vec<String> {
    let keeper = keeper(folder);
    let mut all: Vec<String> = Vec::new();
    let mut select = Select::default();
    loop {
        let page = keeper.list(&select).expect("a list");
        all.extend(page.iter().map(|r| r.target.clone()));
        select.before = page.last().map(|r| r.id);
        if page.len() < MOST_ROWS {
            return all;
        }
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "the long run prints its figures")]
fn writers_that_are_killed_lose_nothing_they_said_was_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let rounds = often("LUNETTE_KILLS", 20);
    let mut all = Vec::new();
    let mut slowest = Duration::ZERO;
    for round in 0..rounds {
        let mut child = writer(folder.path(), u64::MAX);
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let mut line = String::new();
        while said(&line).is_none() {
            line.clear();
            assert!(out.read_line(&mut line).expect("a line") > 0, "it ended by itself");
        }
        all.extend(said(&line));
        std::thread::sleep(Duration::from_micros(700 * (round % 60)));
        child.kill().expect("it runs");
        child.wait().expect("it ends");
        all.extend(out.lines().map_while(Result::ok).filter_map(|l| said(&l)));
        // A restart: the file is looked through, and takes a row.
        let began = Instant::now();
        let next = keeper(folder.path());
        next.ready().expect("it opens");
        next.close().expect("it closes");
        slowest = slowest.max(began.elapsed());
    }
    let (chain, text) = verify(folder.path());
    assert_eq!(chain.broken, None);
    assert!(chain.open <= rounds, "{}", chain.open);
    let rows: std::collections::HashSet<String> = rows(folder.path()).into_iter().collect();
    for (row, process, id) in &all {
        if *row {
            assert!(rows.contains(&format!("/{process}/{id}")), "row {process}/{id} is lost");
        } else {
            assert!(text.contains(&format!("http://h.test/{process}/{id}\"")), "{process}/{id} is lost");
        }
    }
    assert!(all.iter().any(|(row, ..)| *row), "some rows were said to be kept");
    println!(
        "{rounds} kills, {} acknowledged lines and rows, {} rows, {} lines: none lost; slowest restart {slowest:?}",
        all.len(),
        rows.len(),
        chain.lines
    );
}

#[test]
#[expect(clippy::print_stdout, reason = "the long run prints its figures")]
fn four_processes_keep_one_chain_and_one_history() {
    let folder = tempfile::tempdir().expect("a folder");
    let writes = often("LUNETTE_WRITES", 60);
    let began = Instant::now();
    let mut children: Vec<Child> = (0..4).map(|_| writer(folder.path(), writes)).collect();
    let readers: Vec<_> = children
        .iter_mut()
        .map(|child| {
            let out = BufReader::new(child.stdout.take().expect("a pipe"));
            std::thread::spawn(move || out.lines().map_while(Result::ok).filter_map(|l| said(&l)).collect::<Vec<_>>())
        })
        .collect();
    for (child, reader) in children.iter_mut().zip(readers) {
        let said = reader.join().expect("it reads");
        assert_eq!(said.iter().filter(|(row, ..)| !row).count() as u64, writes);
        assert!(child.wait().expect("it ends").success());
    }
    let (chain, text) = verify(folder.path());
    assert_eq!((chain.lines, chain.open, chain.torn, chain.broken), (8 * writes, 0, 0, None));
    let switches = text.lines().filter_map(|l| l.split("h.test/").nth(1)?.split('/').next()).collect::<Vec<_>>();
    assert!(switches.windows(2).filter(|w| w[0] != w[1]).count() > 3, "they wrote at once");
    let rows = rows(folder.path());
    assert_eq!(rows.len() as u64, 4 * writes);
    assert_eq!(rows.into_iter().collect::<std::collections::HashSet<_>>().len() as u64, 4 * writes);
    println!("4 processes, {writes} exchanges each: no error, in {:?}", began.elapsed());
}
