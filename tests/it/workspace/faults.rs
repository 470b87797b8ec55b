//! A disk that is full, fails, is read-only or is on another machine: one sentence, nothing overwritten, nothing lost that
//! was said to be kept, and it goes on when the disk does.

use std::fs;

use lunette::store::audit::scan;

use super::screen::{begun, screen_with};
use crate::support::cli::Cli;
use crate::support::faults::{FAILS, FULL, Faults, READ_ONLY};
use crate::support::recorder::Recorder;

fn workspace(faults: &Faults) -> Cli {
    let cli = Cli::new().file("lunette.toml", "[workspace]\nname = \"w\"\n");
    faults.environment().into_iter().fold(cli, |cli, (name, value)| cli.env(name, &value))
}

fn listed(cli: &Cli) -> usize {
    let doc = cli.run(&["history", "list", "--format", "json"]).ended(0).json("history");
    doc["entries"].as_array().expect("a list").len()
}

#[test]
fn a_line_that_a_full_disk_tears_is_marked_and_nothing_is_sent_until_there_is_room() {
    let (recorder, faults) = (Recorder::start(), Faults::none());
    let cli = workspace(&faults);
    let url = recorder.url("/");
    cli.run(&["send", "GET", &url]).ended(0);
    let before = fs::read(cli.path(".lunette/audit.jsonl")).expect("the log");
    faults.set(&format!("audit.jsonl {FULL} 40"));
    cli.run(&["send", "GET", &url]).usage(&[
        "the record cannot be kept, so nothing was sent",
        "audit.jsonl",
        "make room on the disk",
    ]);
    assert_eq!(recorder.heard().len(), 1, "nothing was sent");
    let torn = fs::read(cli.path(".lunette/audit.jsonl")).expect("the log");
    assert_eq!(torn.len(), before.len() + 40);
    cli.run(&["audit", "verify"]).ended(1).says(&["audit.jsonl:3: ", "not whole"]);
    faults.set("");
    cli.run(&["send", "GET", &url]).ended(0);
    let doc = cli.run(&["audit", "verify", "--format", "json"]).ended(0).json("audit");
    assert_eq!((&doc["chain"]["torn"], &doc["chain"]["lines"]), (&1.into(), &5.into()));
    assert!(fs::read(cli.path(".lunette/audit.jsonl")).expect("the log").starts_with(&torn), "nothing is deleted");
    assert_eq!(listed(&cli), 2);
}

#[test]
fn a_history_that_the_disk_does_not_take_is_said_and_the_log_still_names_it() {
    for (errno, words) in [(FULL, "disk is full"), (FAILS, "fail")] {
        let (recorder, faults) = (Recorder::start(), Faults::none());
        let cli = workspace(&faults);
        let url = recorder.url("/");
        cli.run(&["send", "GET", &url]).ended(0);
        faults.set(&format!("history.db {errno}"));
        cli.run(&["send", "GET", &url]).says(&[words]);
        faults.set("");
        cli.run(&["send", "GET", &url]).ended(0);
        let doc = cli.run(&["audit", "verify", "--format", "json"]).ended(0).json("audit");
        assert_eq!(doc["chain"]["intact"], true);
        // What the log names was sent, and what was sent is named by the log.
        let sent = cli.run(&["audit", "show", "--format", "json"]).ended(0).json("audit");
        assert_eq!(sent["entries"].as_array().expect("a list").len(), recorder.heard().len());
        assert!(listed(&cli) >= 2);
    }
}

#[test]
fn a_read_only_disk_sends_nothing_and_is_not_written_to() {
    let (recorder, faults) = (Recorder::start(), Faults::none());
    let cli = workspace(&faults);
    let url = recorder.url("/");
    cli.run(&["send", "GET", &url]).ended(0);
    faults.set(&format!(".lunette/ {READ_ONLY}"));
    cli.run(&["send", "GET", &url]).usage(&["nothing was sent", "make the folder writable"]);
    assert_eq!(recorder.heard().len(), 1);
    faults.set("");
    cli.run(&["send", "GET", &url]).ended(0);
    assert_eq!(listed(&cli), 2);
}

#[test]
fn a_network_file_system_is_refused_by_its_name() {
    let (recorder, faults) = (Recorder::start(), Faults::none());
    let cli = workspace(&faults);
    for (magic, name) in [("6969", "NFS"), ("ff534d42", "CIFS"), ("fe534d42", "SMB")] {
        faults.set(&format!("statfs {magic}"));
        let ran = cli.run(&["send", "GET", &recorder.url("/")]);
        ran.usage(&["nothing was sent", "network file system", name, "local disk"]);
        assert!(!cli.path(".lunette/history.db").exists());
    }
    assert!(recorder.heard().is_empty());
    faults.set("statfs ef53");
    cli.run(&["send", "GET", &recorder.url("/")]).ended(0);
}

#[test]
fn the_workbench_says_that_the_history_waits_and_loses_none_of_it() {
    for (cols, rows, errno) in [(140, 45, FULL), (80, 24, FAILS)] {
        let (recorder, faults) = (Recorder::start(), Faults::none());
        let folder = begun(&recorder);
        let mut pty = screen_with(folder.path(), cols, rows, &faults.environment());
        pty.sees("/orders").send(b"\r").sees("http://127.0.0.1:").send(b"s").sees("200 OK");
        faults.set(&format!("history.db {errno}"));
        // That the letter of the endpoint was not kept may be told right after it.
        pty.send(b"s").sees("cannot be written").sees("history waits");
        pty.send(b"s").sees("200 OK");
        // It can be looked at all the while.
        pty.send(b"H").sees("history, newest first").send(b"q");
        faults.set("");
        pty.sees("the history is written again");
        pty.send(b"H").sees("history, newest first").send(b"q");
        pty.send(b"q");
        assert!(pty.ends().success());
        let cli = Cli::new().below(folder.path().to_str().expect("UTF-8"));
        assert_eq!(listed(&cli), recorder.heard().len());
        let (chain, _) = scan(folder.path(), None, None, None).expect("a log");
        assert_eq!((chain.broken, chain.open, chain.lines), (None, 0, 2 * recorder.heard().len() as u64));
    }
}

#[test]
fn a_history_of_a_newer_version_or_half_of_one_opens_in_safe_mode_and_is_left_as_it_is() {
    let recorder = Recorder::start();
    for (what, words) in [("newer", "written by a newer lunette"), ("half", "the history is damaged")] {
        let folder = begun(&recorder);
        let cli = Cli::new().below(folder.path().to_str().expect("UTF-8"));
        let before = recorder.heard().len();
        cli.run(&["send", "GET", &recorder.url("/")]).ended(0);
        let db = folder.path().join(".lunette/history.db");
        if what == "newer" {
            let opened = rusqlite::Connection::open(&db).expect("opens");
            opened.execute_batch("PRAGMA user_version = 99").expect("set");
        } else {
            let bytes = fs::read(&db).expect("bytes");
            fs::write(&db, &bytes[..bytes.len() / 2 + 100]).expect("write");
        }
        let bytes = fs::read(&db).expect("bytes");
        let log = fs::read(folder.path().join(".lunette/audit.jsonl")).expect("the log");
        let ran = cli.run(&["send", "GET", &recorder.url("/")]);
        assert!(ran.ended(2).err().contains("nothing was sent") && ran.err().contains(words), "{what}: {}", ran.err());
        cli.run(&["history", "list"]).usage(&[words]);
        let mut pty = screen_with(folder.path(), 140, 45, &[]);
        pty.sees("sends nothing: no record").sees("/orders").send(b"\r").sees("http://127.0.0.1:");
        pty.send(b"s").sees("the record cannot be kept").send(b"q");
        assert!(pty.ends().success());
        assert_eq!(recorder.heard().len(), before + 1, "{what}: nothing was sent");
        assert_eq!(fs::read(&db).expect("bytes"), bytes, "{what}");
        assert_eq!(fs::read(folder.path().join(".lunette/audit.jsonl")).expect("the log"), log, "{what}");
    }
}
