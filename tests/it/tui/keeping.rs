//! Requests and exchanges as files, from the screen: what is asked for, and what the real program writes.

use std::fs;
use std::time::Duration;

use lunette::app::keep::As;
use lunette::app::{Ask, Event};
use lunette::tui::harness::Screen;

use super::data;
use crate::support::pty::{CommandBuilder, Pty};
use crate::support::recorder::Recorder;

#[test]
fn a_request_is_saved_and_an_exchange_exported_under_the_name_that_is_typed() {
    let mut s = Screen::new(140, 45, lunette::tui::Theme::terminal(), &[]);
    s.event(data::loaded()).keys("Enter").event(data::composed());
    s.asks.clear();
    s.keys("Ctrl+S");
    assert!(s.view().contains(":save "), "a name is offered: {}", s.view());
    s.keys("Enter");
    assert!(
        matches!(s.asks.pop_back(), Some(Ask::Save { path, over: false, show: false, .. }) if path.extension().is_some_and(|e| e == "http"))
    );
    s.event(Event::Kept("requests/a.http".into(), None));
    assert!(s.view().contains("is there already, and stays"), "{}", s.view());
    s.keys(":").text("save a.http over");
    s.keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Save { path, over: true, .. }) if path.ends_with("a.http")));
    s.keys(":").text("export har x.har");
    s.keys("Enter");
    assert!(s.asks.is_empty() && s.view().contains("there is no exchange yet"), "{}", s.view());
    s.keys("s").event(Event::Started(3)).event(data::redirected(3));
    s.asks.clear();
    s.keys("F4 :").text("export markdown x y.md");
    s.keys("Enter");
    let asked = s.asks.pop_back();
    assert!(
        matches!(&asked, Some(Ask::Keep { to: As::Markdown, path, show: true, .. }) if path.ends_with("x y.md")),
        "{asked:?}"
    );
    s.event(Event::Kept("x y.md".into(), Some(vec!["a note".to_owned()])));
    assert!(s.view().contains("a note"), "{}", s.view());
    s.keys("Esc :").text("open shop.har#/api/login");
    s.keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Import(text)) if text == "shop.har#/api/login"));
    s.keys(":").text("open http://h.test/x.har#a");
    s.keys("Enter");
    assert!(!s.asks.iter().any(|a| matches!(a, Ask::Import(_))), "a URL is one");
}

#[test]
fn the_program_saves_into_the_workspace_and_opens_what_was_saved() {
    let recorder = Recorder::start();
    let folder = tempfile::tempdir().expect("a folder");
    let port = recorder.addr.port();
    let workspace = format!("[workspace]\nname = \"x\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n");
    fs::write(folder.path().join("lunette.toml"), workspace).expect("a workspace");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.cwd(folder.path());
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "TMUX"] {
        command.env_remove(name);
    }
    let mut pty = Pty::spawn(command, 120, 36);
    pty.sees("No endpoints yet");
    let url = recorder.url("/a/../b?api_key=s3cret-key");
    pty.send(format!(":open PUT {url}\r").as_bytes()).sees("PUT");
    pty.send(b":save first\r").sees("it is in");
    let saved = folder.path().join("requests/first.http");
    let text = fs::read_to_string(&saved).expect("it is there");
    assert!(text.contains("/a/../b?api_key={{url-secret}} HTTP/1.1") && !text.contains("s3cret"), "{text}");
    // A note about the secret lies above, until it is closed.
    pty.sees("secrets became variables").send(b"q").send(b":save first\r").sees("is there already, and stays");
    pty.send(b"s").sees("200");
    pty.send(b":export har out.har\r").sees("it is in out.har");
    let har = crate::support::wait_for(&folder.path().join("out.har"));
    assert!(har.contains("\"creator\"") && !har.contains("s3cret-key"), "{har}");
    pty.send(format!(":open {}\r", folder.path().join("out.har").display()).as_bytes()).sees("from a file");
    pty.sees("what was masked when it was exported stands as ***").send(b"qq");
    assert!(pty.ends().success());
    assert_eq!(recorder.requests(1, Duration::from_secs(20)).len(), 1);
}
