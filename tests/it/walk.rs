//! The main path, walked in a real terminal with the real binary against the practice API: see the list, filter it, open
//! an endpoint, send it, read the reply and its connection, open its token, and look at the latency.
//!
//! `LUNETTE_BIN` names another build of the binary to walk, for example the release build.

use crate::support::pty::{CommandBuilder, Pty};

fn binary() -> String {
    std::env::var("LUNETTE_BIN").unwrap_or_else(|_| env!("CARGO_BIN_EXE_lunette").to_owned())
}

fn demo(cols: u16, rows: u16) -> Pty {
    let mut command = CommandBuilder::new(binary());
    command.arg("demo");
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    Pty::spawn(command, cols, rows)
}

/// The main path at one size. `wide` screens show list and detail side by side.
fn walk(cols: u16, rows: u16) {
    let wide = cols >= 120;
    let mut pty = demo(cols, rows);
    // The list: the document joined with the log.
    pty.sees("15 endpoints").sees("/api/orders/{id}/export").sees("zombie").sees("ghost");
    // Filter it, and find the one endpoint.
    pty.send(b"/~state shadow\r").sees("1 of 15");
    pty.send(b"/").send(b"\x15login\r").sees("POST").sees("/api/login");
    // Open it: the body is filled from the schema.
    pty.send(b"\r").sees("https://localhost:").sees("wonderland");
    // Send it with one key.
    pty.send(b"s").sees("200");
    if !wide {
        pty.sees("body");
    }
    pty.sees("\"token\"").sees("t token");
    // Status, grade and what TLS agreed on.
    pty.sees("hdr D").sees("TLSv1.3");
    // A token in the reply opens with one key.
    pty.send(b"t").sees("HMAC with SHA-256").sees("alice");
    // Every send moves the latency panel.
    pty.send(b"5").sees("1 sent in this run").sees("p95").sees("POST /api/login");
    // Leave: the terminal is as it was.
    pty.send(b"q");
    let status = pty.ends();
    assert!(status.success(), "{status:?}");
    assert!(!pty.screen().alternate_screen());
    assert_eq!(pty.modes(), pty.before);
}

#[test]
fn the_main_path_at_140x45() {
    walk(140, 45);
}

#[test]
fn the_main_path_at_80x24() {
    walk(80, 24);
}
