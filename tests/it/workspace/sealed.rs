//! What is kept while the vault is open is sealed and marked; what is kept while it is closed is masked: by both front ends.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use super::screen::{begun, screen_with};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::support::cli::Cli;
use crate::support::recorder::Recorder;

const PATIENCE: Duration = Duration::from_secs(20);
const SECRET: &str = "s3cret-of-the-vault";
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 41\r\n\r\n{\"access_token\":\"a-token-that-came-back\"}";

/// Every byte below `.lunette/`.
fn kept(folder: &Path) -> Vec<u8> {
    let files = fs::read_dir(folder.join(".lunette")).expect("files");
    files.flat_map(|e| fs::read(e.expect("an entry").path()).expect("bytes")).collect()
}

fn holds(bytes: &[u8], what: &str) -> bool {
    memchr::memmem::find(bytes, what.as_bytes()).is_some()
}

fn files(folder: &Path, recorder: &Recorder) {
    let file = folder.join("lunette.toml");
    let text = fs::read_to_string(&file).unwrap_or_else(|_| {
        format!("[workspace]\nname = \"w\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {}\n", recorder.addr.port())
    });
    let more =
        "[headers]\nX-Review = \"4711\"\n[identity.alice]\ncredential = \"bearer:vault:alice\"\nrole = \"user\"\n";
    fs::write(&file, text + more).expect("write");
    fs::write(folder.join("pass"), "a passphrase of several words\n").expect("write");
    fs::set_permissions(folder.join("pass"), fs::Permissions::from_mode(0o600)).expect("chmod");
}

fn cli(folder: &Path) -> Cli {
    Cli::new().below(folder.to_str().expect("UTF-8")).env("ALICE", SECRET)
}

/// With the file that opens the vault named.
fn opened(folder: &Path) -> Cli {
    cli(folder).env("LUNETTE_PASSPHRASE_FILE", "pass")
}

#[test]
fn the_command_line_seals_and_marks_what_it_sends_with_the_vault_open() {
    let recorder = Recorder::scripted(vec![REPLY.to_vec(); 3], true);
    let folder = tempfile::tempdir().expect("a folder");
    files(folder.path(), &recorder);
    let (open, closed) = (opened(folder.path()), cli(folder.path()));
    let url = recorder.url("/orders?token=t0ken-in-the-url");
    open.run(&["vault", "init"]).ended(0);
    open.run(&["vault", "set", "alice", "env:ALICE"]).ended(0);
    open.run(&["send", "POST", &url, "--identity", "alice", "-d", "{\"password\":\"p4ss-in-the-body\"}"]).ended(0);
    closed.run(&["send", "GET", &url]).ended(0);
    let bytes = kept(folder.path());
    for secret in [SECRET, "a-token-that-came-back", "p4ss-in-the-body", "t0ken-in-the-url"] {
        assert!(!holds(&bytes, secret), "{secret}");
    }
    // Listed without the vault; the first one is whole for who has it, and closed for who has it not.
    let list = closed.run(&["history", "list", "--format", "json"]).ended(0).json("history");
    let entries = list["entries"].as_array().expect("a list");
    assert_eq!((&entries[1]["kept"], &entries[0]["kept"]), (&"sealed".into(), &"masked".into()));
    assert_eq!((&entries[1]["identity"], &entries[1]["status"]), (&"alice".into(), &200.into()));
    assert!(entries[0]["url"].as_str().expect("a URL").ends_with("/orders?token=***"));
    closed.run(&["history", "show", "1"]).usage(&["LUNETTE_PASSPHRASE_FILE"]);
    let shown = open.run(&["history", "show", "1", "--show", "--format", "json"]).ended(0).json("exchange");
    let base64 = |side: &str| {
        let text = shown[side]["body_base64"].as_str().expect("a body");
        String::from_utf8(STANDARD.decode(text).expect("base64")).expect("UTF-8")
    };
    assert_eq!(base64("request"), "{\"password\":\"p4ss-in-the-body\"}");
    assert_eq!(base64("response"), "{\"access_token\":\"a-token-that-came-back\"}");
    assert!(shown["request"]["headers"].to_string().contains(SECRET), "{shown}");
    assert!(shown["request"]["target"].as_str().expect("a target").contains("t0ken-in-the-url"));
    let masked = open.run(&["history", "show", "1"]).ended(0).out();
    assert!(!masked.contains(SECRET) && !masked.contains("a-token-that-came-back"), "{masked}");
    assert!(!closed.run(&["history", "show", "2", "--show"]).ended(0).out().contains("a-token-that-came-back"));
    // Sent again, the credential comes from its identity.
    open.run(&["history", "send", "1"]).ended(0);
    let again = String::from_utf8_lossy(&recorder.requests(3, PATIENCE)[2]).into_owned();
    assert!(again.contains(&format!("Authorization: Bearer {SECRET}\r\n")), "{again}");
    assert!(
        again.starts_with("POST /orders?token=t0ken-in-the-url ")
            && again.ends_with("{\"password\":\"p4ss-in-the-body\"}")
    );
    // The key vouches as far as it was there.
    let verdict = |cli: &Cli| cli.run(&["audit", "verify"]).ended(0).out();
    assert!(verdict(&open).contains("the vault's key vouches for every line"), "{}", verdict(&open));
    closed.run(&["send", "GET", &url, "--offline"]).ended(3);
    let said = verdict(&closed);
    assert!(said.contains("4 of 6 lines are marked") && said.contains("LUNETTE_PASSPHRASE_FILE"), "{said}");
    // Someone without the key edits the first line, and writes a chain that is right.
    let log = folder.path().join(".lunette/audit.jsonl");
    let text = fs::read_to_string(&log).expect("the log");
    fs::write(&log, rechained(&text.replacen("POST", "GET", 1))).expect("write");
    cli(folder.path()).run(&["audit", "verify"]).ended(0);
    let ran = opened(folder.path()).run(&["audit", "verify"]);
    assert!(ran.ended(1).err().contains("audit.jsonl:1: its mark is not the vault's"), "{}", ran.err());
}

/// The lines with their chain written anew, their marks as they stand.
fn rechained(text: &str) -> String {
    use std::fmt::Write as _;
    let mut prev = "0".repeat(64);
    let mut out = String::new();
    for line in text.lines() {
        let (body, _) = line.rsplit_once(",\"hash\":").expect("a hash");
        let at = body.find("\"prev\":\"").expect("a line before") + 8;
        let body = format!("{}{prev}{}", &body[..at], &body[at + 64..]);
        prev = lunette::base::hash::sha256_hex(body.as_bytes());
        let _ = writeln!(out, "{body},\"hash\":\"{prev}\"}}");
    }
    out
}

#[test]
fn the_workbench_opens_the_vault_where_its_screen_stands_and_adds_the_headers_of_the_workspace() {
    for (cols, rows) in [(140, 45), (80, 24)] {
        let recorder = Recorder::scripted(vec![REPLY.to_vec(); 3], true);
        let folder = begun(&recorder);
        files(folder.path(), &recorder);
        let open = opened(folder.path());
        open.run(&["vault", "init"]).ended(0);
        open.run(&["vault", "set", "alice", "env:ALICE"]).ended(0);
        let mut pty = screen_with(folder.path(), cols, rows, &[]);
        pty.sees("vault locked")
            .sees("/orders")
            .send(b"\r")
            .sees("http://127.0.0.1:")
            .send(b"i")
            .sees("identity alice");
        // Nobody is asked behind the screen's back.
        pty.send(b"s").sees("F3 opens it");
        assert!(recorder.heard().iter().all(|h| h.bytes.is_empty()));
        pty.send(b"\x1bOR").sees("passphrase").send(b"not that one\r").sees("the passphrase is wrong");
        pty.send(b"\x1bOR").sees("passphrase").send(b"a passphrase of several words\r").sees("vault open");
        if cols < 120 {
            pty.send(b"h").sees("sent as typed");
        }
        pty.send(b"s").sees("200");
        let sent = String::from_utf8_lossy(&recorder.requests(1, PATIENCE)[0]).into_owned();
        assert!(
            sent.contains("X-Review: 4711\r\n") && sent.contains(&format!("Authorization: Bearer {SECRET}\r\n")),
            "{sent}"
        );
        pty.send(b"L").sees("adds X-Review").send(b"q");
        pty.send(b"H").sees("method").send(b"\r").sees("as it was sent");
        pty.send(b":lock\r").sees("vault locked");
        pty.send(b"H").sees("method").send(b"\r").sees("is sealed, and the vault is locked");
        pty.send(b"q");
        assert!(pty.ends().success());
        let bytes = kept(folder.path());
        assert!(!holds(&bytes, SECRET) && !holds(&bytes, "a-token-that-came-back"));
    }
}
