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
    for name in ["NO_COLOR", "TMUX"] {
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
