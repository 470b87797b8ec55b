//! Text from outside is hostile in every field there is, and none of it reaches a cell raw.

use std::sync::Arc;

use bytes::Bytes;
use lunette::app::{Composed, Event, Judged, Looked, Progress};
use lunette::base::text::is_hazard;
use lunette::base::{Error, Untrusted};
use lunette::inventory::{
    BodyExample, Inventory, Location, Operation, Parameter, Place, Problem, Shape, ShapeLine, State,
};
use lunette::rate::Snapshot;
use lunette::tui::Theme;
use lunette::tui::harness::Screen;
use lunette::wire::{Alteration, Failure, FailureKind, Phase};

use super::data;

/// Escapes, a clipboard write, C1, bidirectional override, invisible marks, a tower, wide characters, a tag.
fn hostile() -> Vec<String> {
    vec![
        "\x1b[31mred\x1b[0m\x1b]52;c;QUFB\x07".into(),
        "\u{9b}2J\u{9d}8;;http://evil\u{9c}".into(),
        "abc\u{202e}fdp.exe\u{2066}\u{200b}\u{feff}\u{ad}".into(),
        format!("a{}", "\u{301}".repeat(200)),
        "\u{e0041}\u{fe0f}\u{2028}\r\n\t\0\u{7f}\u{8}".into(),
        "漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字".repeat(20),
        "👨\u{200d}👩\u{200d}👧".into(),
        "x".repeat(6_000),
    ]
}

fn clean(screen: &Screen, what: &str) {
    for (i, cell) in screen.buffer().content().iter().enumerate() {
        let symbol = cell.symbol();
        assert!(!symbol.chars().any(is_hazard), "{what}: {:?} in cell {i}", symbol.escape_unicode().to_string());
        assert!(symbol.chars().count() <= 5, "{what}: a tower of {} in cell {i}", symbol.chars().count());
    }
}

fn events(h: &str) -> Vec<(&'static str, Event)> {
    let mut endpoint = data::endpoint(Some(State::Zombie), h, h, 40);
    endpoint.host = Some(h.into());
    endpoint.sunset = Some(h.into());
    endpoint.security = vec![h.into()];
    endpoint.locations = vec![Location { source: h.into(), pointer: Some(h.into()), line: Some(1) }];
    let inventory = Arc::new(Inventory {
        endpoints: vec![endpoint],
        problems: vec![Problem { source: h.into(), location: h.into(), line: None, message: h.into() }],
        ..Inventory::default()
    });
    let parameter = |place| Parameter {
        name: h.to_owned() + place_word(place),
        place,
        required: true,
        hint: h.into(),
        example: h.into(),
    };
    let composed = Composed {
        title: h.into(),
        method: h.into(),
        base: h.into(),
        path: h.into(),
        operation: Operation {
            summary: Some(h.into()),
            servers: vec![h.into()],
            parameters: [Place::Path, Place::Query, Place::Header, Place::Cookie].map(parameter).to_vec(),
            body: Some(BodyExample { media_type: h.into(), text: h.into() }),
            security: vec![h.into()],
            shapes: vec![Shape {
                title: h.into(),
                lines: vec![ShapeLine { depth: 1, name: h.into(), required: true, what: h.into() }],
            }],
            notes: vec![h.into()],
        },
    };
    let operation = composed.operation.clone();
    let looked = Looked { inventory: Arc::clone(&inventory), endpoint: 0, operation, nearest: Some(h.into()) };
    let mut exchange = data::exchange("https://api.test/", 200, h);
    exchange.request.method = h.into();
    exchange.request.target = h.into();
    exchange.request.origin.host = h.into();
    exchange.request.headers = vec![(h.into(), h.into())];
    exchange.request.body = Bytes::copy_from_slice(h.as_bytes());
    exchange.sent = Some(Bytes::copy_from_slice(h.as_bytes()));
    exchange.altered = vec![Alteration { by: "protocol".into(), what: h.into() }];
    exchange.error = Some(Failure { phase: Phase::Receive, kind: FailureKind::Protocol, message: h.into() });
    if let Some(r) = &mut exchange.response {
        r.version = h.into();
        r.reason = h.into();
        r.headers = vec![(h.into(), h.into()), ("set-cookie".into(), h.into())];
    }
    if let Some(c) = &mut exchange.connection {
        c.alpn = Some(h.into());
        c.proxy = Some(h.into());
    }
    if let Some(t) = &mut exchange.tls {
        t.version = h.into();
        t.cipher = h.into();
        t.group = Some(h.into());
        t.signature = Some(h.into());
        t.sni = Some(h.into());
        t.faults = vec![h.into()];
        for c in &mut t.chain {
            c.subject = h.into();
            c.issuer = h.into();
            c.san = vec![h.into()];
            c.key = h.into();
            c.serial = h.into();
            c.sha256 = h.into();
        }
    }
    let mut grade = data::grade();
    for rule in &mut grade.rules {
        rule.reason = h.into();
    }
    let mut token = lunette::jwt::decode(data::TOKEN.as_bytes());
    token.token = Untrusted::from(h);
    token.oddities = vec![h.into()];
    for part in [&mut token.header, &mut token.claims] {
        part.encoded = Untrusted::from(h);
        part.bytes = Untrusted::from(h);
        part.oddities = vec![h.into()];
        part.members.push((h.into(), serde_json::Value::String(h.into())));
        part.members.push(("kid".into(), serde_json::json!({ h: [h] })));
    }
    let origin = exchange.request.origin.clone();
    let judged = Judged { exchange, headers: Some(grade), tokens: vec![(h.into(), token)] };
    vec![
        ("progress", Event::Progress(Progress { what: h.into(), done: 1, total: 2, rate: 3, following: false })),
        ("loaded", Event::Loaded { inventory, complete: true }),
        ("looked", Event::Looked(Box::new(looked))),
        ("composed", Event::Composed(Box::new(composed))),
        ("scope", Event::ScopeAsked { origin, reason: h.into() }),
        ("done", Event::Done(1, Arc::new(judged))),
        (
            "latency",
            Event::Latency(Arc::new(Snapshot {
                all: lunette::rate::Summary { n: 1, p50_ms: f64::NAN, p99_ms: f64::INFINITY, ..Default::default() },
                latest: vec![(h.into(), 200, 1.0)],
                ..Snapshot::default()
            })),
        ),
        ("failed", Event::Failed(Error::input(h).at(h).hint(h))),
    ]
}

fn place_word(place: Place) -> &'static str {
    place.word()
}

#[test]
fn no_field_of_any_event_reaches_a_cell_raw() {
    for (i, h) in hostile().into_iter().enumerate() {
        // Both layouts see half of the texts each, and the first one both.
        for (width, height) in [(80, 24), (140, 45)].into_iter().filter(|s| i == 0 || (s.0 == 80) == (i % 2 == 0)) {
            let mut s = Screen::new(width, height, Theme::terminal(), &[&h]);
            for (what, event) in events(&h) {
                if what == "composed" {
                    s.keys("1 Enter");
                }
                if what == "scope" {
                    s.keys("s");
                }
                s.event(event);
                clean(&s, what);
                for keys in ["d", "Ctrl+D", "d", "K", "Esc", "L", "Esc", "?", "Esc"] {
                    s.keys(keys);
                    clean(&s, keys);
                }
                // Every tab of the reply, from whichever side has the keys.
                s.keys("2");
                for _ in 0..16 {
                    s.keys("Tab");
                    clean(&s, "fields");
                }
                for keys in ["Enter", "Esc", "]", "]", "]", "]", "]", "]", "t", "j", "K", "Esc", "5", "6", "1"] {
                    s.keys(keys);
                    clean(&s, keys);
                }
            }
            let text = &h;
            s.keys("1 /").paste(text);
            clean(&s, "pasted filter");
            s.keys("Esc :").paste(text);
            clean(&s, "pasted command");
            s.keys("Enter Esc Esc 3").paste(text);
            clean(&s, "pasted token");
            s.keys("i").paste(text);
            clean(&s, "typed token");
            s.keys("Esc 2");
            for _ in 0..14 {
                s.keys("Tab Enter").paste(text);
                clean(&s, "pasted field");
                s.keys("Esc Esc 2");
            }
        }
    }
}

#[test]
fn what_is_copied_is_in_display_form() {
    let h = "/a\x1b]52;c;QUFB\x07\n\u{202e}";
    let mut s = Screen::new(140, 45, Theme::terminal(), &[]);
    let mut endpoint = data::endpoint(Some(State::Ghost), "GET", h, 0);
    endpoint.host = None;
    s.event(Event::Loaded {
        inventory: Arc::new(Inventory { endpoints: vec![endpoint], ..Inventory::default() }),
        complete: true,
    });
    s.keys("y");
    assert_eq!(s.copied, ["/a\u{241b}]52;c;QUFB\u{2407}\u{240a}<U+202E>"]);
}
