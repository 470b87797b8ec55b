//! The workbench in a workspace: its name and scope on the first line, its sources in the list, its record kept.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use lunette::store::audit::scan;

use crate::support::pty::{CommandBuilder, Pty};
use crate::support::recorder::Recorder;

const SPEC: &str = r#"{"openapi":"3.0.3","info":{"title":"t","version":"1"},"servers":[{"url":"BASE"}],
"paths":{"/orders":{"get":{"responses":{"200":{"description":"ok"}}}}}}"#;

pub(super) fn begun(recorder: &Recorder) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "sources = [\"shop.json\"]\n[workspace]\nname = \"Shop \u{e9}\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {}\n\
         [[target]]\nhost = \"old.test\"\nexpires = 2020-01-31\n\
         [filters]\nposts = \"~m POST\"\n",
        recorder.addr.port()
    );
    fs::write(folder.path().join("lunette.toml"), text).expect("write");
    let base = recorder.url("");
    fs::write(folder.path().join("shop.json"), SPEC.replace("BASE", base.trim_end_matches('/'))).expect("write");
    folder
}

fn screen(folder: &Path, cols: u16, rows: u16) -> Pty {
    screen_with(folder, cols, rows, &[])
}

pub(super) fn screen_with(folder: &Path, cols: u16, rows: u16, environment: &[(&str, String)]) -> Pty {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.cwd(folder);
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    for (name, value) in environment {
        command.env(name, value);
    }
    Pty::spawn(command, cols, rows)
}

#[test]
fn a_workspace_opens_with_its_name_scope_and_sources_and_keeps_the_record() {
    for (cols, rows) in [(140, 45), (80, 24)] {
        let recorder = Recorder::start();
        let folder = begun(&recorder);
        let mut pty = screen(folder.path(), cols, rows);
        pty.sees("Shop \u{e9}").sees("scope 127.0.0.1:").sees("(1 expired)").sees("/orders");
        // Its filters go by their names.
        pty.send(b"/@posts\r").sees("Nothing matches").send(b"\x1b").sees("/orders");
        // Its target is in scope: nothing is asked.
        pty.send(b"\r").sees("http://127.0.0.1:").send(b"s").sees("200");
        pty.send(b"q");
        assert!(pty.ends().success());
        let (chain, _) = scan(folder.path(), None, None, None).expect("a log");
        assert_eq!((chain.lines, chain.open, chain.broken), (2, 0, None));
        // The letter of the endpoint is there when it is opened again.
        let mut pty = screen(folder.path(), cols, rows);
        pty.until("a letter and the word for plain text", |s| {
            let row = s
                .contents()
                .lines()
                .find(|l| l.contains("GET") && l.contains(" documented "))
                .unwrap_or_default()
                .to_owned();
            let words: Vec<&str> = row.split_whitespace().collect();
            words.windows(2).any(|w| matches!(w, ["A+" | "A" | "B" | "C" | "D" | "F", "no"]))
        });
        pty.send(b"q");
        assert!(pty.ends().success());
    }
}

/// What a run of the screen sent, as text.
fn sent(recorder: &Recorder, count: usize) -> Vec<String> {
    let requests = recorder.requests(count, std::time::Duration::from_secs(20));
    requests.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect()
}

#[test]
fn one_is_chosen_to_send_as_and_its_secret_never_reaches_the_screen() {
    let login = br#"{"access_token": "t0ken-of-alice", "expires_in": 900}"#;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", login.len());
    for (cols, rows) in [(140, 45), (80, 24)] {
        let reply = [head.as_bytes(), login].concat();
        let says = |who: &str| format!("HTTP/1.1 200 to {who}\r\nContent-Length: 0\r\n\r\n").into_bytes();
        let recorder = Recorder::scripted(vec![reply, says("alice"), says("bob"), says("nobody")], true);
        let folder = begun(&recorder);
        let file = folder.path().join("lunette.toml");
        let more = "[identity.alice]\ncredential = \"login:alice.http\"\nrole = \"user\"\n[identity.bob]\n\
                    credential = \"header:X-Api-Key:file:bob\"\n[identity.old]\ncredential = \"bearer:file:gone\"\n";
        fs::write(&file, fs::read_to_string(&file).expect("read") + more).expect("write");
        fs::write(folder.path().join("bob"), "s3cret-of-bob\n").expect("write");
        let recipe = format!(
            "# @capture token = json $.access_token\n# @expires json $.expires_in\n\
             # @credential Authorization: Bearer {{{{token}}}}\nPOST {}\n",
            recorder.url("/login")
        );
        fs::write(folder.path().join("alice.http"), recipe).expect("write");
        let mut pty = screen(folder.path(), cols, rows);
        pty.sees("/orders").send(b"\r").sees("http://127.0.0.1:").sees("identity none");
        pty.send(b"i").sees("identity alice (user) by login").send(b"s").sees("200 to alice");
        let alice = sent(&recorder, 2).remove(1);
        assert!(alice.contains("Authorization: Bearer t0ken-of-alice\r\n"), "{alice}");
        if cols < 120 {
            // Back from the reply; what follows at once would be read as one key with it.
            pty.send(b"\x1b").sees("sent as typed");
        }
        pty.sees("until ");
        pty.send(b":identity bob\r").sees("identity bob by header").send(b"s").sees("200 to bob");
        let bob = sent(&recorder, 3).remove(2);
        assert!(bob.contains("X-Api-Key: s3cret-of-bob\r\n") && !bob.contains("t0ken"), "{bob}");
        if cols < 120 {
            // Back from the reply; what follows at once would be read as one key with it.
            pty.send(b"\x1b").sees("sent as typed");
        }
        // One whose secret is gone sends nothing, and says why.
        pty.send(b"i").sees("identity old by bearer").send(b"s").sees("no reply").sees("identity old: ");
        if cols < 120 {
            // Back from the reply; what follows at once would be read as one key with it.
            pty.send(b"\x1b").sees("sent as typed");
        }
        pty.send(b":identity blob\r").sees("did you mean bob?");
        pty.send(b"i").sees("identity none").send(b"s").sees("200 to nobody");
        let nobody = sent(&recorder, 4).remove(3);
        assert!(!nobody.contains("t0ken") && !nobody.contains("s3cret"), "{nobody}");
        pty.send(b"q");
        assert!(pty.ends().success());
        let log = fs::read_to_string(folder.path().join(".lunette/audit.jsonl")).expect("the log");
        assert_eq!(log.matches("\"identity\":\"alice\"").count(), 2, "the login and the send");
        assert_eq!(log.matches("\"identity\":\"bob\"").count(), 1);
        assert!(!log.contains("s3cret") && !log.contains("t0ken"));
    }
}

#[test]
fn a_workspace_that_keeps_no_record_opens_and_sends_nothing() {
    let recorder = Recorder::start();
    let folder = begun(&recorder);
    let own = folder.path().join(".lunette");
    fs::create_dir(&own).expect("a folder");
    fs::set_permissions(&own, fs::Permissions::from_mode(0o755)).expect("chmod");
    let mut pty = screen(folder.path(), 140, 45);
    pty.sees("sends nothing: no record").sees("/orders");
    pty.send(b"\r").sees("http://127.0.0.1:").send(b"s").sees("the record cannot be kept");
    pty.send(b"q");
    assert!(pty.ends().success());
    assert!(recorder.heard().iter().all(|h| h.bytes.is_empty()));
}

#[test]
fn a_request_is_composed_explained_edited_outside_varied_and_sent() {
    for (cols, rows) in [(140, 45), (80, 24)] {
        let recorder = Recorder::start();
        let folder = begun(&recorder);
        let file = folder.path().join("lunette.toml");
        let more = "[env.staging]\nwho = \"alice of staging\"\n";
        fs::write(&file, fs::read_to_string(&file).expect("read") + more).expect("write");
        let editor = folder.path().join("editor");
        fs::write(&editor, "#!/bin/sh\nprintf '{\"by\": \"{{who}}\"}\\n' > \"$1\"\n").expect("write");
        fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("chmod");
        let environment = [("EDITOR", editor.display().to_string()), ("VISUAL", String::new())];
        let mut pty = screen_with(folder.path(), cols, rows, &environment);
        let back = |pty: &mut Pty| {
            if cols < 120 {
                // Back from the reply; what follows at once would be read as one key with it.
                pty.send(b"\x1b").sees("params");
            }
        };
        // From the inventory, with a query parameter and a header of its own.
        pty.sees("/orders").send(b"\r").sees("env staging").send(b"aq=1 2\r").sees("?q=1%202");
        pty.send(b"]aX-Mine: yes\r").sees("X-Mine");
        pty.send(b":body-kind json\r").sees("empty: Enter below").send(b"o").sees("{{who}}");
        pty.send(b"E").sees("{{who}} from environment staging").sees("admits it");
        pty.send(b"\x1b").sees("E explain");
        assert!(recorder.heard().iter().all(|h| h.bytes.is_empty()), "nothing has left yet");
        pty.send(b"s").sees("200");
        let first = sent(&recorder, 1).remove(0);
        assert!(first.starts_with("GET /orders?q=1%202 HTTP/1.1\r\n") && first.contains("X-Mine: yes\r\n"), "{first}");
        assert!(first.ends_with("{\"by\": \"alice of staging\"}"), "{first}");
        back(&mut pty);
        // The parameter is varied: shown first, then sent.
        pty.send(b"[[").sees("query").send(b"v").sees("[NAME=]1..50").send(b"7..9\r").sees("3 requests");
        pty.send(b"x").sees("3 were sent");
        let all = sent(&recorder, 4);
        assert!(all[3].starts_with("GET /orders?q=9 HTTP/1.1\r\n") && all[3].contains("X-Mine: yes"), "{}", all[3]);
        pty.send(b"q");
        assert!(pty.ends().success());
    }
}
