//! Reading a reply: filtered, laid beside the one before, beside exchanges of the history, and as several identities; on the
//! drawn screen, and with the real program.

use std::sync::Arc;
use std::time::Duration;

use lunette::app::compare::Plan;
use lunette::app::lay::{self, Laid, Side};
use lunette::app::vary::Outcome;
use lunette::app::{Ask, Declared, Event, Judged, Row, Select};
use lunette::store::history::Form;
use lunette::tui::harness::Screen;
use lunette::wire::{Exchange, Policy, Print, Request};

use super::composing::{program, program_with};
use super::data;
use crate::support::recorder::Recorder;

fn begun() -> Screen {
    let mut s = Screen::new(140, 45, lunette::tui::Theme::terminal(), &[]);
    s.event(data::loaded()).keys("Enter").event(data::composed());
    s
}

fn judged(status: u16, body: &str) -> Arc<Judged> {
    let exchange = data::exchange("https://api.test/orders/1001", status, body);
    Arc::new(Judged { exchange, headers: None, tokens: Vec::new() })
}

fn answered(s: &mut Screen, id: u64, judged: Arc<Judged>) {
    let mut own = Arc::unwrap_or_clone(judged);
    own.exchange.id = id;
    s.keys("s").event(Event::Started(id)).event(Event::Done(id, Arc::new(own)));
}

/// Lays what was asked for side by side, as the app does.
fn laid(s: &mut Screen) {
    let Some(Ask::Lay(sides)) = s.asks.pop_back() else { panic!("not asked: {}", s.view()) };
    let named: Vec<(String, &Exchange)> = sides
        .iter()
        .map(|side| match side {
            Side::Here(name, judged) => (name.clone(), &judged.exchange),
            Side::Kept(id) => panic!("exchange {id} is not here"),
        })
        .collect();
    s.event(Event::Laid(Arc::new(Laid::of(&named, lay::as_drawn))));
}

/// Compares the request as alice, as bob and as nobody.
pub fn compared(s: &mut Screen) {
    s.keys("c");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Compare(_, names)) if names.is_empty()), "{}", s.view());
    let names = ["alice", "bob", "none"];
    let request = Request::new("GET", b"https://api.test/orders/1001").expect("a URL");
    let all = names.map(str::to_owned).to_vec();
    let plan = Plan::new(all, vec![request; 3], Policy::default(), vec!["Authorization".into()]).expect("a plan");
    let lines = plan.lines();
    s.event(Event::Compares(Arc::new(plan), lines));
    let view = s.view();
    for words in ["compare: 3 requests", "alice, bob, nobody", "without  Authorization", "x sends them"] {
        assert!(view.contains(words), "{words}: {view}");
    }
    s.keys("x");
    assert!(matches!(s.asks.pop_back(), Some(Ask::CompareGo(plan)) if plan.requests.len() == 3));
    s.event(Event::Started(7));
    for (name, status, body) in [
        ("alice", 200, r#"{"id":1001,"owner":"alice","note":null}"#),
        ("bob", 200, r#"{"id":1001,"owner":"alice","note":"seen"}"#),
        ("none", 401, r#"{"error":"who are you?"}"#),
    ] {
        let judged = judged(status, body);
        let outcome = Outcome {
            value: name.into(),
            status: Some(status),
            bytes: body.len() as u64,
            ms: Some(12.0),
            failure: None,
            print: Print::of(&judged.exchange),
            judged: Some(judged),
        };
        s.event(Event::Varied(7, Box::new(outcome)));
    }
    s.event(Event::VaryEnded(7, None));
    laid(s);
}

#[test]
fn a_filter_stays_for_the_next_reply_until_it_is_turned_off() {
    let mut s = begun();
    answered(&mut s, 3, judged(200, r#"{"items":[{"id":1,"n":12345678901234567890},{"id":2}]}"#));
    s.keys("l |").text("$.items[*].n");
    s.keys("Enter");
    let view = s.view();
    assert!(view.contains("| $.items[*].n  1 result") && view.contains(" 12345678901234567890"), "{view}");
    assert!(!view.contains("\"items\""), "{view}");
    answered(&mut s, 4, judged(200, r#"{"items":[]}"#));
    assert!(s.view().contains("0 results") && s.view().contains("It finds nothing"), "{}", s.view());
    s.keys("|");
    assert!(s.view().contains("\"items\": []"), "{}", s.view());
    s.keys("|");
    assert!(s.view().contains(":query $.items[*].n"), "what was asked last is offered again: {}", s.view());
    s.keys("Esc").text(":query .items[");
    s.keys("Enter");
    assert!(s.view().contains("this filter cannot be read at its end"), "{}", s.view());
    assert!(s.view().contains("\"items\": []"), "{}", s.view());
}

#[test]
fn a_body_is_shown_laid_out_as_it_came_and_as_hexadecimal() {
    let mut s = begun();
    answered(&mut s, 3, judged(200, r#"{"id":1,"owner":"alice"}"#));
    s.keys("l j j v");
    assert!(s.view().contains(r#"{"id":1,"owner":"alice"}"#), "{}", s.view());
    s.keys("v");
    let view = s.view();
    for words in
        ["as hexadecimal", "00000000  7b 22 69 64 22 3a 31 2c", "00000008  22 6f 77 6e 65 72 22 3a", "\"owner\":"]
    {
        assert!(view.contains(words), "{words}: {view}");
    }
    s.keys("v");
    assert!(s.view().contains(r#"  "owner": "alice""#), "{}", s.view());
    s.keys("] v");
    assert!(s.view().contains("on its own tab"), "{}", s.view());
}

#[test]
fn a_filter_sees_no_secret_that_is_masked() {
    let mut s = begun();
    lunette::base::known::learn(b"s3cret-of-the-vault");
    answered(&mut s, 3, judged(200, r#"{"token":"s3cret-of-the-vault"}"#));
    s.keys("l |").text(".token | explode | implode | ascii_upcase");
    s.keys("Enter");
    assert!(!s.view().contains("S3CRET"), "{}", s.view());
    s.keys("F4");
    assert!(s.view().contains("S3CRET-OF-THE-VAULT"), "{}", s.view());
}

#[test]
fn a_reply_is_laid_beside_the_one_before() {
    let mut s = begun();
    answered(&mut s, 3, judged(200, r#"{"id":1,"owner":"alice"}"#));
    s.keys("l =");
    assert!(s.view().contains("no reply before this one"), "{}", s.view());
    answered(&mut s, 4, judged(200, r#"{"id":1,"owner":"bob"}"#));
    s.keys("l =");
    laid(&mut s);
    let view = s.view();
    assert!(view.contains("side by side: 1 of"), "{view}");
    let line = view.lines().find(|l| l.contains("\"owner\": \"alice\"")).expect("the line");
    assert!(line.starts_with('≠') && line.contains("\"owner\": \"bob\""), "{line}");
    s.keys("d");
    assert!(s.view().contains("only these are listed") && !s.view().contains("\"id\": 1"), "{}", s.view());
    s.keys("Enter");
    assert!(s.view().contains("a line of the body"), "{}", s.view());
    s.keys("Esc y");
    assert!(s.copied.iter().any(|t| t.contains("-   \"owner\": \"alice\"\n+1   \"owner\": \"bob\"")), "{:?}", s.copied);
    s.keys("Esc").text(":diff 12");
    s.keys("Enter");
    assert!(
        matches!(s.asks.pop_back(), Some(Ask::Lay(sides)) if matches!(sides[..], [Side::Kept(12), Side::Here(..)]))
    );
}

#[test]
fn one_request_as_several_is_laid_side_by_side_and_its_rows_stay() {
    let mut s = begun();
    compared(&mut s);
    let view = s.view();
    assert!(view.lines().any(|l| l.contains("alice") && l.contains("bob") && l.contains("nobody")), "{view}");
    let status = view.lines().find(|l| l.contains("401")).expect("a status");
    assert!(status.matches("200").count() == 2, "{status}");
    s.keys("n n");
    s.keys("Esc");
    assert!(s.view().contains("as several") && s.view().contains("3 of 3"), "{}", s.view());
    s.keys("j =");
    let Some(Ask::Lay(sides)) = s.asks.pop_back() else { panic!("{}", s.view()) };
    assert_eq!(sides.len(), 3, "all of them where they fit");
}

#[test]
fn what_a_reply_holds_and_what_it_should_be_is_said_beside_it() {
    let mut s = begun();
    answered(&mut s, 3, judged(200, r#"{"id":"x","key":"AKIAABCDEFGHIJKLMNOP"}"#));
    let view = s.view();
    assert!(view.contains("the reply holds an AWS access key"), "{view}");
    assert!(view.lines().any(|l| l.contains("\"key\"") && l.contains("an AWS access key")), "{view}");
    let declared = Declared {
        operation: "GET /orders/{id}".into(),
        place: "api.json:12".into(),
        differs: vec!["/id: is string and not integer".into()],
        not_judged: vec!["a pattern".into()],
    };
    s.event(Event::Conforms(2, None));
    assert!(!s.view().contains("spec: 1"), "of another reply: {}", s.view());
    s.event(Event::Conforms(3, Some(Arc::new(declared))));
    assert!(s.view().contains("spec: 1"), "{}", s.view());
    s.keys("l [").keys("Left");
    s.keys("F4 l l l l l l l");
    let view = s.view();
    for words in ["GET /orders/{id}", "api.json:12", "/id: is string and not integer", "not judged  a pattern"] {
        assert!(view.contains(words), "{words}: {view}");
    }
}

fn row(id: i64) -> Row {
    Row {
        id,
        run: "r".into(),
        number: 1,
        at: lunette::base::Stamp::from_unix(1_700_000_000).expect("a time"),
        who: "hand".into(),
        identity: None,
        method: "GET".into(),
        origin: Request::new("GET", b"https://api.test/").expect("a URL").origin,
        target: format!("/orders/{id}"),
        status: Some(200),
        failure: None,
        total: Some(Duration::from_millis(12)),
        size: 10,
        form: Form::Sealed,
    }
}

#[test]
fn the_history_is_chosen_from_and_its_exchanges_laid_side_by_side() {
    let mut s = begun();
    s.keys("H").event(Event::Listed(Arc::new((1..=9).rev().map(row).collect())));
    s.keys("=");
    assert!(s.view().contains("Space marks one"), "{}", s.view());
    s.keys("Space j =");
    assert!(matches!(s.asks.pop_back(), Some(Ask::Lay(sides)) if matches!(sides[..], [Side::Kept(9), Side::Kept(7)])));
    s.keys("Space Space Space Space");
    assert!(s.view().contains("4 are laid side by side at most"), "{}", s.view());
    s.keys("/").text("~s 5xx ~m post orders");
    s.asks.clear();
    s.keys("Enter");
    let Some(Ask::History(select)) = s.asks.pop_back() else { panic!("{}", s.view()) };
    assert_eq!(select, Select::parse("orders ~m post ~s 5xx").expect("the same"));
    s.event(Event::Listed(Arc::default()));
    assert!(s.view().contains("history with ~s 5xx ~m post orders"), "{}", s.view());
    s.keys("Esc").text(":history ~q 1");
    s.keys("Enter");
    assert!(s.view().contains("~q is not known"), "{}", s.view());
}

#[test]
fn the_program_filters_a_reply_and_lays_two_side_by_side() {
    for (cols, rows) in [(140, 45), (80, 24)] {
        let json = |owner: &str| {
            let body = format!("{{\"id\": 1001, \"owner\": \"{owner}\"}}");
            format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
                .into_bytes()
        };
        let recorder = Recorder::scripted(vec![json("alice"), json("mallory")], true);
        let mut pty = program(cols, rows);
        pty.send(format!(":open {}\r", recorder.url("/orders/1001")).as_bytes()).sees("/orders/1001");
        pty.send(b"s").sees("not in scope — a ").send(b"a").sees("\"owner\": \"alice\"");
        pty.send(b"l|.owner\r").sees("| .owner  1 result").until("it alone", |s| !s.contents().contains("\"id\""));
        pty.send(b"r").sees("\"mallory\"");
        pty.send(b"|").sees("\"id\": 1001").send(b"=").sees("side by side: ").sees("before: GET /orders/1001");
        pty.until("both", |s| s.contents().lines().any(|l| l.contains("\"alice\"") && l.contains("\"mallory\"")));
        pty.send(b"\x1b").until("it closes", |s| !s.contents().contains("side by side")).send(b"q");
        assert!(pty.ends().success());
    }
}

#[test]
fn the_program_copies_with_what_the_desktop_has_and_says_which() {
    let folder = tempfile::tempdir().expect("a folder");
    let (script, out) = (folder.path().join("wl-copy"), folder.path().join("out"));
    std::fs::write(&script, format!("#!/bin/sh\nexec cat > {}\n", out.display())).expect("a script");
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a mode");
    let recorder = Recorder::start();
    let url = recorder.url("/copied");
    for (ssh, words) in [(false, "to the clipboard of this machine by wl-copy"), (true, "clipboard by OSC 52")] {
        let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").expect("a path"));
        let more = [
            ("PATH", path.as_str()),
            ("WAYLAND_DISPLAY", "wayland-0"),
            ("SSH_TTY", if ssh { "/dev/pts/9" } else { "" }),
        ];
        let mut pty = program_with(&more, 140, 45);
        pty.send(format!(":open {url}\r").as_bytes()).sees("/copied").send(b"Y").sees(words);
        assert_eq!(std::fs::read_to_string(&out).is_ok_and(|t| t.contains(&url)), !ssh);
        let _ = std::fs::remove_file(&out);
        pty.send(b"q");
        assert!(pty.ends().success());
    }
}
