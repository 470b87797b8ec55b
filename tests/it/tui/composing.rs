//! What the composer does besides one request: redirects by hand, cookies and groups, on the drawn screen and with the real
//! program against a recorder.

use std::sync::Arc;
use std::time::Duration;

use lunette::app::{Ask, Event, Judged, follow, vary};
use lunette::tui::harness::Screen;
use lunette::wire::{Group, Print, Together};

use super::data;
use crate::support::faucet::Faucet;
use crate::support::pty::{CommandBuilder, Pty};
use crate::support::recorder::{OK, Recorder};

/// Asks what the redirect on screen leads to, and answers as the app does.
pub fn stepped(s: &mut Screen) {
    s.keys("f");
    let Some(Ask::Step { draft: Some(_), judged, keep: false }) = s.asks.pop_back() else {
        panic!("not asked: {}", s.view())
    };
    let reply = judged.exchange.response.as_ref().expect("a reply");
    let mut typed = judged.exchange.request.clone();
    typed = typed.header("Authorization", "Bearer abcdefgh");
    s.event(Event::Stepped(Box::new(follow::step(&typed, reply, false, true).expect("a step"))));
}

/// Shows a group, sends it, and answers with its rows.
pub fn grouped(s: &mut Screen) {
    s.keys("g Enter");
    assert!(
        matches!(s.asks.pop_back(), Some(Ask::Group { drafts, how: Together::Parallel, times: 10 }) if drafts.len() == 1)
    );
    s.event(data::group());
    assert!(s.view().contains("group: 10 requests in parallel") && s.view().contains("x sends them"), "{}", s.view());
    s.keys("x");
    assert!(matches!(s.asks.pop_back(), Some(Ask::GroupGo(plan)) if plan.requests.len() == 10));
    s.event(Event::Started(5));
    for i in 0..10_u16 {
        let content = if i == 0 { data::body() } else { "{\"error\": \"spent\"}".to_owned() };
        let mut exchange = data::exchange("https://api.test/orders/1001", if i == 0 { 200 } else { 409 }, &content);
        let spread = Some(Duration::from_micros(210));
        exchange.group = Some(Group { how: Together::Parallel, size: 10, spread });
        let outcome = vary::Outcome {
            value: "POST /orders/1001".into(),
            status: exchange.status(),
            bytes: content.len() as u64,
            ms: Some(12.0 + f64::from(i)),
            failure: None,
            print: Print::of(&exchange),
            judged: Some(Arc::new(Judged { exchange, headers: None, tokens: Vec::new() })),
        };
        s.event(Event::Varied(5, Box::new(outcome)));
    }
    s.event(Event::VaryEnded(5, None));
}

fn begun() -> Screen {
    let mut s = Screen::new(140, 45, lunette::tui::Theme::terminal(), &[]);
    s.event(data::loaded()).keys("Enter").event(data::composed());
    s
}

#[test]
fn a_redirect_is_stepped_to_and_back_and_only_s_sends() {
    let mut s = begun();
    s.keys("f");
    assert!(s.asks.iter().all(|a| !matches!(a, Ask::Step { .. })), "there is no redirect yet");
    s.keys("s").event(Event::Started(3)).event(data::redirected(3));
    s.asks.clear();
    stepped(&mut s);
    let view = s.view();
    for words in ["https://other.test/next", "to another origin", "Authorization is left out", "stop it again"] {
        assert!(view.contains(words), "{words}: {view}");
    }
    assert!(s.asks.is_empty(), "nothing is sent by itself");
    s.keys("s");
    assert!(
        matches!(s.asks.pop_back(), Some(Ask::Send(d)) if d.url == "https://other.test/next" && d.cookies && !d.insecure)
    );
    s.event(Event::Started(4)).event(data::done(4));
    s.keys("B");
    assert!(s.view().contains("307") && s.view().contains("/orders/"), "{}", s.view());
    s.keys("B");
    assert!(s.view().contains("/orders/"), "there is no hop more");
}

#[test]
fn a_cookie_is_masked_set_edited_and_removed() {
    let mut s = begun();
    s.keys("J").event(data::jar());
    assert!(matches!(s.asks.pop_back(), Some(Ask::Cookies(None))));
    assert!(s.view().contains("sid") && !s.view().contains("s3cret"), "{}", s.view());
    s.keys("j e");
    assert!(s.view().contains("set-cookie https://api.test sid=; Path=/; Secure; HttpOnly"), "{}", s.view());
    s.keys("Esc F4 J").event(data::jar());
    assert!(s.view().contains("s3cret"), "{}", s.view());
    s.keys("j e");
    assert!(s.view().contains("sid=s3cret"), "{}", s.view());
    s.asks.clear();
    s.keys("Enter");
    let Some(Ask::SetCookie { identity: None, line, .. }) = s.asks.pop_back() else { panic!("{}", s.view()) };
    assert!(line.expose().starts_with(b"https://api.test sid=s3cret; Path=/"));
    s.event(data::jar()).keys("w");
    assert!(matches!(s.asks.pop_back(), Some(Ask::CookiesEverywhere(None, true))));
    s.keys("j x");
    assert!(matches!(s.asks.pop_back(), Some(Ask::RemoveCookie(None, c)) if c.name.as_bytes() == b"sid"));
}

#[test]
fn a_group_is_shown_first_and_its_rows_open() {
    let mut s = begun();
    grouped(&mut s);
    assert!(s.view().contains("last bytes within 0.2"), "{}", s.view());
    s.keys("Enter");
    assert!(s.view().contains("bob"), "the first exchange is open: {}", s.view());
    s.keys("Esc Esc P");
    s.keys("P g Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Group { drafts, times: 1, .. }) if drafts.len() == 2));
}

/// The real program on a terminal of this size, once it reads keys.
pub fn program(cols: u16, rows: u16) -> Pty {
    program_with(&[], cols, rows)
}

/// The same with these variables.
pub fn program_with(variables: &[(&str, &str)], cols: u16, rows: u16) -> Pty {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.cwd(std::env::temp_dir());
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
        command.env_remove(name);
    }
    for (name, value) in variables {
        command.env(name, value);
    }
    let mut pty = Pty::spawn(command, cols, rows);
    // Before that the terminal itself reads lines.
    pty.sees("No endpoints yet");
    pty
}

fn text(request: &[u8]) -> String {
    String::from_utf8_lossy(request).into_owned()
}

#[test]
fn the_program_steps_through_a_redirect_with_its_cookie() {
    const PATIENCE: Duration = Duration::from_secs(20);
    for (cols, rows) in [(140, 45), (80, 24)] {
        let moved =
            b"HTTP/1.1 302 Found\r\nLocation: /b/../c\r\nSet-Cookie: sid=1; Path=/\r\nContent-Length: 0\r\n\r\n";
        let recorder = Recorder::scripted(vec![moved.to_vec(), OK.to_vec()], true);
        let mut pty = program(cols, rows);
        pty.send(format!(":open POST {}\r", recorder.url("/a")).as_bytes()).sees("/a");
        pty.send(b"s").sees("not in scope — a ").send(b"a").sees("302").sees("follow");
        pty.send(b"f").sees("POST becomes GET without a body (302)").sees("/b/../c");
        assert_eq!(recorder.requests(1, PATIENCE).len(), 1, "nothing is sent yet");
        pty.send(b"s").sees("200");
        let heard = recorder.requests(2, PATIENCE);
        assert!(text(&heard[1]).starts_with("GET /b/../c HTTP/1.1\r\n"), "{}", text(&heard[1]));
        assert!(text(&heard[1]).contains("Cookie: sid=1\r\n"), "{}", text(&heard[1]));
        pty.send(b"B").sees("302");
        pty.send(b"q");
        assert!(pty.ends().success());
    }
}

#[test]
fn the_program_keeps_cookies_where_they_can_be_seen_and_changed() {
    const PATIENCE: Duration = Duration::from_secs(20);
    let sets = b"HTTP/1.1 200 OK\r\nSet-Cookie: sid=from-there; Path=/\r\nContent-Length: 0\r\n\r\n";
    let recorder = Recorder::scripted(vec![sets.to_vec(), OK.to_vec()], true);
    let mut pty = program(140, 45);
    pty.send(format!(":open {}\r", recorder.url("/a")).as_bytes()).sees("/a");
    pty.send(b"s").sees("not in scope — a ").send(b"a").sees("200");
    pty.send(b"J").sees("cookies of nobody").sees("sid").sees("by the last reply").sees("***");
    pty.send(b"w").sees("sent with every request");
    pty.send(b"a").sees(":set-cookie").send(b"mine=2; Path=/\r").sees("mine");
    pty.send(b"\x1b").until("it closes", |s| !s.contents().contains("cookies of nobody")).send(b"s");
    let heard = recorder.requests(2, PATIENCE);
    assert!(!text(&heard[0]).contains("Cookie"));
    assert!(text(&heard[1]).contains("Cookie: sid=from-there; mine=2\r\n"), "{}", text(&heard[1]));
    pty.send(b"J").sees("mine").send(b"x").until("it is gone", |s| !s.contents().contains("sid"));
    pty.send(b"\x1b").until("it closes", |s| !s.contents().contains("cookies of nobody")).send(b"q");
    assert!(pty.ends().success());
}

#[test]
fn the_program_sends_a_group_in_parallel() {
    const PATIENCE: Duration = Duration::from_secs(20);
    for (cols, rows) in [(140, 45), (80, 24)] {
        let recorder = Recorder::start();
        let mut pty = program(cols, rows);
        pty.send(format!(":open {}\r", recorder.url("/once")).as_bytes()).sees("/once");
        pty.send(b"g").sees("group parallel 10").send(b"\r").sees("s sends one, and asks to admit it");
        pty.send(b"s").sees("not in scope — a ").send(b"a").sees("200");
        pty.send(b":group parallel 8\r").sees("group: 8 requests in parallel").sees("8 x GET");
        assert_eq!(recorder.requests(1, PATIENCE).len(), 1, "nothing is sent yet");
        pty.send(b"x").sees("8 of 8").sees("last bytes within");
        let heard = recorder.requests(9, PATIENCE);
        assert_eq!(heard.len(), 9);
        assert!(heard.iter().all(|r| text(r).starts_with("GET /once HTTP/1.1\r\n")));
        pty.send(b"\r").sees("headers").send(b"T").sees("47 45 54 20");
        pty.send(b"q");
        assert!(pty.ends().success());
    }
}

#[test]
fn events_are_shown_as_they_come_and_esc_ends_the_stream() {
    for (cols, rows) in [(140, 45), (80, 24)] {
        let faucet = Faucet::start("Content-Type: text/event-stream\r\n");
        let mut pty = program(cols, rows);
        pty.send(format!(":open GET {}\r", faucet.url("/events")).as_bytes()).sees("/events");
        pty.send(b"s").sees("not in scope — a ").send(b"a").sees("more comes, Esc ends it");
        pty.sees("Nothing has come yet");
        faucet.give("event: price\ndata: 41\n\n");
        pty.sees("data: 41");
        faucet.give("event: price\ndata: 42\n\n");
        pty.sees("data: 42").sees(" ms");
        pty.send(b"\x1b").until("the end", |s| !s.contents().contains("more comes"));
        let screen = pty.screen().contents();
        assert!(screen.contains("data: 42") && screen.contains("cut short"), "{screen}");
    }
}
