//! The guard of a run and its history, above the panes: what they show, and what their keys ask for.

use std::sync::Arc;
use std::time::Duration;

use lunette::app::{Ask, Event, Guard, Recalled, Row};
use lunette::base::Stamp;
use lunette::engine::{Entry, Most};
use lunette::store::history::Form;
use lunette::tui::Theme;
use lunette::tui::harness::Screen;
use lunette::wire::{Origin, Scheme, Target};

use super::data;

fn origin(url: &str) -> Origin {
    Target::parse(url.as_bytes()).expect("url").origin
}

pub fn guard(halted: bool) -> Event {
    let entry = |text: &str, until: Option<&str>, why: &str| Entry {
        until: until.and_then(Stamp::parse),
        why: why.to_owned(),
        most: Most::default(),
        ..Entry::parse(text).expect("an entry")
    };
    let limits = |requests, rate| lunette::engine::Limits { concurrency: 4, rate, requests };
    Event::Guarded(Arc::new(Guard {
        halted,
        read_only: true,
        offline: false,
        entries: vec![
            entry(
                "api.shop.test:443=10.0.0.0/8",
                Some("2030-12-31T23:59:59Z"),
                "lunette.toml:5 \u{b7} team-orders \u{b7} ticket 4711",
            ),
            entry("old.shop.test", Some("2020-01-31T23:59:59Z"), "lunette.toml:11"),
            entry("127.0.0.1:8080", None, "typed in this run"),
        ],
        spent: vec![
            lunette::engine::Spent {
                origin: origin("https://api.shop.test/"),
                limits: limits(Some(5_000), Some(10.0)),
                sent: 4_999,
                flying: 2,
            },
            lunette::engine::Spent {
                origin: origin("http://127.0.0.1:8080/"),
                limits: limits(None, None),
                sent: 12,
                flying: 0,
            },
        ],
    }))
}

pub fn rows() -> Event {
    let row = |id, method: &str, target: &str, status: Option<u16>| Row {
        id,
        run: "1a2b3c4d".to_owned(),
        number: 1,
        at: Stamp::from_unix(1_700_000_000 + id).expect("a time"),
        who: "hand".to_owned(),
        identity: (id % 2 == 0).then(|| "alice".to_owned()),
        method: method.to_owned(),
        origin: Origin { scheme: Scheme::Https, host: "api.shop.test".to_owned(), port: 443 },
        target: target.to_owned(),
        status,
        failure: status.is_none().then(|| "timeout".to_owned()),
        total: Some(Duration::from_micros(41_250)),
        size: 1_300,
        form: Form::Masked,
    };
    Event::Listed(Arc::new(vec![
        row(12, "GET", "/orders/1001", Some(200)),
        row(11, "DELETE", "/users/7?token=***", Some(403)),
        row(10, "GET", "/slow", None),
    ]))
}

fn screen() -> Screen {
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    s.event(data::loaded());
    s.asks.clear();
    s
}

#[test]
fn the_guard_is_shown_and_its_keys_ask() {
    let mut s = screen();
    s.keys("Ctrl+G");
    assert!(matches!(s.asks.pop_front(), Some(Ask::Guard)));
    s.event(guard(false));
    let view = s.view();
    for words in ["over 2020-01-31", "team-orders", "4 999 of 5 000", "read-only", "10/s, 4 at once"] {
        assert!(view.contains(words), "{words}: {view}");
    }
    s.keys("j x");
    assert!(matches!(s.asks.pop_front(), Some(Ask::Withdraw(e)) if e.host == "old.shop.test"));
    s.keys("w");
    assert!(matches!(s.asks.pop_front(), Some(Ask::ReadOnly(false))));
    s.keys("R");
    assert!(matches!(s.asks.pop_front(), Some(Ask::Resume)));
    // Adding a host is one line.
    s.keys("a").text("next.test:8443=10.0.0.0/8");
    s.keys("Enter");
    assert!(matches!(s.asks.pop_front(), Some(Ask::AdmitTyped(t)) if t == "next.test:8443=10.0.0.0/8"));
    assert!(s.view().contains("scope and budgets"), "and it is shown where it went");
    s.keys("Esc");
    assert!(!s.view().contains("scope and budgets"));
}

#[test]
fn one_key_stops_everything_wherever_the_keys_go() {
    for place in ["", "/", ":", "?", "Ctrl+P", "Ctrl+G", "H", "2 e"] {
        for key in ["F8", "Ctrl+X"] {
            let mut s = screen();
            s.keys(place);
            s.asks.clear();
            s.keys(key);
            assert!(matches!(s.asks.pop_back(), Some(Ask::Halt)), "{place} {key}");
            s.event(guard(true));
            assert!(s.view().lines().next().is_some_and(|l| l.contains("STOPPED")), "{place} {key}: {}", s.view());
        }
    }
}

#[test]
fn the_history_opens_an_exchange_that_can_be_sent_again() {
    let mut s = screen();
    s.keys("H");
    assert!(matches!(s.asks.pop_front(), Some(Ask::History(select)) if select.text.is_none()));
    assert!(s.view().contains("nothing was sent yet"));
    s.event(rows()).keys("j Enter");
    assert!(matches!(s.asks.pop_front(), Some(Ask::Recall(11))));
    let Event::Done(_, judged) = data::done(3) else { panic!("an exchange") };
    let Event::Listed(listed) = rows() else { panic!("rows") };
    let draft = lunette::app::Draft {
        method: "DELETE".to_owned(),
        url: "https://api.shop.test/users/7?token=***".to_owned(),
        headers: vec![("X-A".to_owned(), "1".to_owned())],
        body: lunette::app::Content::Text("b".to_owned()),
        ..lunette::app::Draft::default()
    };
    let left_out = vec!["header Authorization".to_owned()];
    s.event(Event::Recalled(Box::new(Recalled { row: listed[1].clone(), judged, draft: draft.clone(), left_out })));
    let view = s.view();
    assert!(view.contains("without header Authorization") && view.contains("/users/7?token=***"), "{view}");
    s.asks.clear();
    s.keys("s");
    match s.asks.pop_front() {
        Some(Ask::Send(sent)) => assert_eq!(sent, draft),
        other => panic!("not a send: {other:?}"),
    }
    s.keys("H /").text("orders");
    s.keys("Enter");
    assert!(matches!(s.asks.pop_back(), Some(Ask::History(select)) if select.text.as_deref() == Some("orders")));
}

#[test]
fn what_is_learnt_of_a_host_joins_its_question_and_never_asks_it_anew() {
    let mut s = screen();
    let origin = origin("https://new.test/");
    let known = |reason: &str| Event::ScopeKnown { origin: origin.clone(), reason: reason.to_owned() };
    s.event(Event::ScopeAsked { origin: origin.clone(), reason: String::new() });
    s.event(known("10.0.0.7, a private address"));
    assert!(s.view().contains("new.test:443 is not in scope") && s.view().contains("10.0.0.7, a private address"));
    s.keys("a").pass(Duration::from_secs(4));
    s.event(known("10.0.0.8, a private address"));
    assert!(!s.view().contains("is not in scope"));
}

#[test]
fn a_history_that_waits_is_said_for_as_long_as_it_does() {
    let mut s = screen();
    s.event(Event::Record(Some("the disk is full (2 exchanges wait in memory)".to_owned())));
    assert!(s.view().contains("the disk is full"));
    s.pass(Duration::from_mins(1));
    assert!(s.view().contains("history waits for the disk"));
    s.event(Event::Record(None));
    assert!(s.view().contains("written again") && !s.view().contains("waits for the disk"));
}
