//! The screen on a real terminal: what it leaves behind, whatever ends it.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use lunette::base::SystemClock;
use lunette::tui::{Start, Theme};

use super::data;
use crate::support::pty::{CommandBuilder, Pty};

/// Set for the copy of this test binary that shows the screen.
const CHILD: &str = "LUNETTE_SCREEN_TEST";

/// Not a test by itself: with the variable set it is the program that the others look at.
#[test]
fn the_program_itself() {
    let Ok(mode) = std::env::var(CHILD) else { return };
    let (events, received) = channel();
    let answers = events.clone();
    let start = Start {
        vault: lunette::app::VaultState::None,
        workspace: "no workspace".into(),
        scope: "none".into(),
        sources: vec!["shop.yaml".into()],
        filters: Vec::new(),
        identities: Vec::new(),
        environments: Vec::new(),
        open: None,
        theme: if mode == "mono" { Theme::mono() } else { Theme::terminal() },
        mouse: true,
        clock: Arc::new(SystemClock),
    };
    let ask = move |ask| {
        use lunette::app::Ask;
        let _ = match ask {
            Ask::Load(_) => answers.send(data::loaded()),
            Ask::Compose { .. } => answers.send(data::composed()),
            Ask::Send(_) => answers.send(data::done(1)),
            Ask::CancelAll if mode == "panic" => panic!("hostile \x1b]52;c;AAAA\x07 text"),
            Ask::CancelAll => {
                let _ = std::thread::Builder::new()
                    .name("worker".into())
                    .spawn(|| panic!("worker gone"))
                    .map(std::thread::JoinHandle::join);
                Ok(())
            }
            _ => Ok(()),
        };
    };
    let code = lunette::tui::run(start, received, Box::new(ask)).expect("a terminal");
    #[expect(clippy::exit, reason = "this process stands for the program")]
    std::process::exit(code);
}

fn screen(mode: &str, cols: u16, rows: u16) -> Pty {
    let mut command = CommandBuilder::new(std::env::current_exe().expect("this binary"));
    command.args(["--exact", "tui::pty::the_program_itself", "--nocapture", "--test-threads=1"]);
    command.env(CHILD, mode);
    command.env("TERM", "xterm-256color");
    command.env("NO_COLOR", if mode == "mono" { "1" } else { "" });
    for name in ["TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    let mut pty = Pty::spawn(command, cols, rows);
    pty.sees("/orders/{id}/export");
    pty
}

/// The terminal is as it was: no alternate screen, a cursor, no mouse, no paste brackets, cooked modes.
fn restored(pty: &Pty) {
    let s = pty.screen();
    assert!(!s.alternate_screen(), "the alternate screen is left");
    assert!(!s.hide_cursor(), "the cursor is shown");
    assert!(!s.bracketed_paste(), "paste brackets are off");
    assert_eq!(s.mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    assert_eq!(pty.modes(), pty.before, "echo and line mode are back");
}

#[test]
fn the_harness_itself_works_on_a_shell() {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", "stty -echo; read x; echo got:$x; stty echo; exit 7"]);
    let mut pty = Pty::spawn(command, 40, 10);
    pty.until("echo off", |_| true);
    while pty.modes().echo {
        std::thread::sleep(Duration::from_millis(5));
    }
    pty.send(b"abc\n").sees("got:abc");
    assert_eq!(pty.ends().exit_code(), 7);
    assert_eq!(pty.modes(), pty.before);
}

#[test]
fn q_leaves_the_terminal_as_it_was() {
    let mut pty = screen("colour", 100, 30);
    assert!(pty.screen().alternate_screen() && pty.screen().bracketed_paste());
    assert!(!pty.modes().echo && !pty.modes().canonical);
    pty.send(b"q");
    assert_eq!(pty.ends().exit_code(), 0);
    restored(&pty);
}

#[test]
fn a_still_screen_writes_nothing_and_uses_nothing() {
    let mut pty = screen("colour", 80, 24);
    // The notice of the load goes after three seconds; nothing moves after that.
    pty.sees("? help");
    let _ = pty.during(Duration::from_millis(300));
    let ticks = pty.ticks();
    assert_eq!(pty.during(Duration::from_secs(2)), b"");
    assert!(pty.ticks() - ticks <= 1, "{} ticks", pty.ticks() - ticks);
}

#[test]
fn frames_are_synchronized_and_never_clear() {
    let mut pty = screen("colour", 80, 24);
    pty.sees("? help");
    let _ = pty.during(Duration::from_millis(300));
    pty.send(b"jjj");
    let frame = &pty.during(Duration::from_millis(700));
    assert!(pty.screen().cell(6, 3).is_some_and(vt100::Cell::inverse), "the cursor moved");
    assert!(frame.starts_with(b"\x1b[?2026h") && frame.ends_with(b"\x1b[?2026l"), "{}", frame.escape_ascii());
    assert!(!frame.windows(4).any(|w| w == b"\x1b[2J"));
}

#[test]
fn signals_restore_and_end_with_their_number() {
    for (name, number) in [("TERM", 15), ("HUP", 1), ("INT", 2), ("QUIT", 3)] {
        let mut pty = screen("colour", 80, 24);
        pty.signal(name);
        assert_eq!(pty.ends().exit_code(), 128 + number, "{name}");
        restored(&pty);
    }
}

#[test]
fn a_stop_gives_the_terminal_back_and_a_continue_takes_it_again() {
    let mut pty = screen("colour", 80, 24);
    pty.signal("TSTP").until("the alternate screen is left", |s| !s.alternate_screen());
    while pty.state() != 'T' {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(pty.modes(), pty.before);
    pty.signal("CONT").until("the screen is back", |s| s.alternate_screen() && s.contents().contains("/v1/orders"));
    assert!(!pty.modes().echo);
    pty.send(b"q");
    assert_eq!(pty.ends().exit_code(), 0);
    restored(&pty);
}

#[test]
fn a_closed_terminal_ends_it_without_a_spin() {
    let mut pty = screen("colour", 80, 24);
    pty.hang_up();
    assert_eq!(pty.ends().exit_code(), 129);
}

#[test]
fn a_panic_restores_first_and_prints_its_message_escaped() {
    let mut pty = screen("panic", 80, 24);
    // `:cancel` makes the asker of this program panic on the thread that draws.
    pty.send(b":cancel\r");
    assert_ne!(pty.ends().exit_code(), 0);
    restored(&pty);
    let text = String::from_utf8_lossy(&pty.raw).into_owned();
    assert!(text.contains("lunette failed at") && text.contains("hostile \u{241b}]52"), "{}", text.escape_debug());
    assert!(!text.contains("\x1b]52"));
}

#[test]
fn a_panic_elsewhere_is_told_and_the_screen_goes_on() {
    let mut pty = screen("colour", 100, 24);
    pty.send(b":cancel\r").sees("a part of lunette failed");
    assert!(pty.screen().alternate_screen());
    pty.send(b"2").sees("GET");
    pty.send(b"q");
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn sizes_may_change_at_any_time() {
    let mut pty = screen("colour", 200, 60);
    for (cols, rows) in [(20, 5), (2, 2), (80, 24), (300, 10), (61, 17), (140, 45)] {
        pty.resize(cols, rows);
        std::thread::sleep(Duration::from_millis(20));
    }
    pty.until("the whole screen at the last size", |s| {
        s.contents().contains("? help") && s.contents().contains("/v1/orders")
    });
    pty.send(b"q");
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn a_key_after_a_resize_is_taken_at_once_and_nothing_spins() {
    let mut pty = screen("colour", 80, 24);
    for (cols, rows) in [(100, 30), (80, 24), (120, 40)] {
        pty.send(b"1").sees("/v1/orders");
        pty.resize(cols, rows);
        let _ = pty.during(Duration::from_millis(300));
        pty.send(b"3").sees("No token yet");
    }
    let ticks = pty.ticks();
    let _ = pty.during(Duration::from_secs(1));
    assert!(pty.ticks() - ticks <= 1, "{} ticks", pty.ticks() - ticks);
}

#[test]
fn no_color_keeps_the_selection_visible() {
    let mut pty = screen("mono", 80, 24);
    let cell = pty.screen().cell(3, 3).cloned().expect("a cell");
    assert!(cell.inverse(), "the selected row is reversed");
    let coloured = (0..24).flat_map(|y| (0..80).map(move |x| (y, x))).filter(|(y, x)| {
        pty.screen()
            .cell(*y, *x)
            .is_some_and(|c| c.fgcolor() != vt100::Color::Default || c.bgcolor() != vt100::Color::Default)
    });
    assert_eq!(coloured.count(), 0);
    pty.send(b"q");
    assert_eq!(pty.ends().exit_code(), 0);
}

#[test]
fn without_a_terminal_it_says_what_to_use() {
    // Tests may themselves run on a terminal, so the child gets none.
    let output = std::process::Command::new(std::env::current_exe().expect("this binary"))
        .args(["--exact", "tui::pty::the_program_itself", "--nocapture", "--test-threads=1"])
        .env(CHILD, "colour")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("there is no terminal to draw on") && text.contains("lunette inventory"), "{text}");
}
