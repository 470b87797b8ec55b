//! The program on a terminal while a server does its worst: keys are answered as if nothing was going on.

use std::time::{Duration, Instant};

use crate::support::hostile::Hostile;
use crate::support::pty::{CommandBuilder, Pty};

/// Four times what is aimed at, since other tests run beside it and nothing is optimized.
const SOON: Duration = Duration::from_millis(200);
const KEYS: usize = 12;

#[test]
fn keys_are_answered_while_a_server_floods() {
    let server = Hostile::start();
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.args(["--allow", &server.addr.to_string()]);
    command.cwd(folder.path());
    let mut pty = Pty::spawn(command, 100, 30);
    pty.sees("Composer");
    for path in ["/endless-body", "/bomb/gzip", "/bomb/br", "/informational", "/drip", "/endless-header"] {
        pty.send(format!(":open GET {}\r", server.url(path)).as_bytes()).sees(path);
        pty.send(b"\x0a");
        let mut took: Vec<Duration> = (0..KEYS)
            .map(|_| {
                let began = Instant::now();
                pty.send(b"?").sees("1 to ");
                let took = began.elapsed();
                pty.send(b"\x1b").until("the help is closed", |s| !s.contents().contains("1 to "));
                took
            })
            .collect();
        took.sort();
        // Some of them may fall into pauses of the machine; where the flood held the screen, all would be late.
        assert!(took[KEYS / 2] < SOON, "{path}: {took:?}");
        if pty.screen().contents().contains("1 running") {
            pty.send(b":cancel\r");
        }
        pty.until("nothing runs", |s| s.contents().contains("0 running"));
    }
    assert!(server.asked().len() >= 6, "{:?}", server.asked());
}
