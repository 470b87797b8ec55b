//! CPU time of one key and the frame it causes, over a list of 100,000 endpoints: the whole screen, onto cells.
//!
//! `cargo bench --bench screen`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::sync::Arc;
use std::time::Duration;

use lunette::app::Event;
use lunette::app::inspect::{self, Stood, TokenTold};
use lunette::app::token::Known;
use lunette::base::{Stamp, Untrusted};
use lunette::inventory::{Endpoint, Inventory, Latency, OperationKind, Seen, State};
use lunette::jwt::{self, Key, Keys};
use lunette::tui::Theme;
use lunette::tui::harness::Screen;
use rustix::time::{ClockId, clock_gettime};

const ROWS: usize = 100_000;
const FRAMES: u32 = 500;
const ROUNDS: usize = 5;

fn main() {
    println!("CPU time of one key and its frame over {ROWS} rows, mean of {FRAMES}, best of {ROUNDS} rounds");
    let inventory = Arc::new(Inventory { endpoints: (0..ROWS).map(endpoint).collect(), ..Inventory::default() });
    for (width, height) in [(80, 24), (140, 45)] {
        let mut screen = Screen::new(width, height, Theme::terminal(), &[]);
        screen.event(Event::Loaded { inventory: Arc::clone(&inventory), complete: true });
        screen.pass(Duration::from_secs(10));
        screen.keys("g");
        let moves: [(&str, &str, &str); 4] = [
            ("the cursor goes down", "g", "j"),
            ("the list scrolls by one", "G", "k"),
            ("the list turns a page", "g", "PgDn"),
            ("down, in a filtered list", "g / items Enter", "j"),
        ];
        for (name, before, key) in moves {
            let best = (0..ROUNDS)
                .map(|_| {
                    screen.keys(before);
                    frames(&mut screen, key)
                })
                .min()
                .expect("rounds");
            println!("{width:>3}x{height}  {name:<28} {:>7.3} ms", best.as_secs_f64() * 1e3);
        }
        screen.keys("Esc g T");
        for (name, before, key) in [("down, in the tree", "g", "j"), ("a page, in the tree", "g", "PgDn")] {
            let rounds = (0..ROUNDS).map(|_| {
                screen.keys(before);
                frames(&mut screen, key)
            });
            println!("{width:>3}x{height}  {name:<28} {:>7.3} ms", rounds.min().expect("rounds").as_secs_f64() * 1e3);
        }
        let from = cpu();
        screen.keys("T T");
        println!(
            "{width:>3}x{height}  {:<28} {:>7.3} ms",
            "the tree is built",
            (cpu().saturating_sub(from)).as_secs_f64() * 1e3
        );
        screen.keys("T");
        // What is felt while a filter is typed: all rows are looked at for every letter.
        let letters = "~p orders";
        let typed = (0..ROUNDS).map(|_| {
            screen.keys("Esc Esc g /");
            let from = cpu();
            screen.text(letters);
            cpu().saturating_sub(from)
        });
        let letter = typed.min().expect("rounds") / u32::try_from(letters.len()).expect("few");
        println!("{width:>3}x{height}  {:<28} {:>7.3} ms", "a letter of a filter", letter.as_secs_f64() * 1e3);
        large_token(width, height);
    }
}

fn frames(screen: &mut Screen, key: &str) -> Duration {
    let from = cpu();
    for _ in 0..FRAMES {
        screen.keys(key);
    }
    cpu().saturating_sub(from) / FRAMES
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}

/// What a token of a megabyte and ten thousand keys cost on the drawing thread: they are read and judged on others.
fn large_token(width: u16, height: u16) {
    let part = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, text);
    let claims: String = (0..50_000).map(|i| format!("\"claim{i}\":{i},")).collect();
    let token = format!("{}.{}.c2ln", part("{\"alg\":\"RS256\"}"), part(&format!("{{{claims}\"end\":1}}")));
    let token = jwt::decode(token.as_bytes());
    let key = Key::secret(b"a secret of thirty-two bytes or so".to_vec());
    let known = Known { keys: Keys { keys: vec![key; 10_000], ..Keys::default() }, ..Known::default() };
    let (known, now) = (Arc::new(known), Stamp::from_unix(1_700_000_000).expect("a time"));
    let judged = inspect::inspect(Arc::new(token.clone()), Stood::default(), &Known::default(), None, now);
    let told = |told: TokenTold| Event::Token(Box::new(told));
    let mut steps: [(&str, Duration); 4] =
        ["a token of 1 MB arrives", "it is judged", "10,000 keys arrive", "down, in them"].map(|n| (n, Duration::MAX));
    for _ in 0..ROUNDS {
        let mut screen = Screen::new(width, height, Theme::terminal(), &[]);
        screen.keys("3");
        let events = [
            told(TokenTold::Read(Stood::default(), Box::new(token.clone()))),
            told(TokenTold::Inspected(Box::new(judged.clone()))),
            told(TokenTold::Keys(Arc::clone(&known), String::new())),
        ];
        for (step, event) in steps.iter_mut().zip(events) {
            let from = cpu();
            screen.event(event);
            step.1 = step.1.min(cpu().saturating_sub(from));
        }
        screen.keys("] ] ]");
        steps[3].1 = steps[3].1.min(frames(&mut screen, "j"));
    }
    for (name, took) in steps {
        println!("{width:>3}x{height}  {name:<28} {:>7.3} ms", took.as_secs_f64() * 1e3);
    }
}

fn endpoint(i: usize) -> Endpoint {
    let mut seen = Seen::SPEC;
    seen.add(Seen::LOG);
    let requests = (i % 5_000) as u64;
    Endpoint {
        kind: OperationKind::Path,
        method: ["GET", "POST", "PUT", "DELETE"][i % 4].to_owned(),
        host: Some("api.example.com".to_owned()),
        path: Untrusted::from(format!("/v1/{}/{{id}}/items/{i}", ["orders", "users", "files"][i % 3])),
        seen,
        state: Some(State::ALL[i % 5]),
        requests,
        statuses: [(200, requests - requests / 50), (404, requests / 50)].into(),
        latency: Some(Latency { p50: 12.0, p95: 88.0, p99: 140.5 }),
        course: None,
        first_seen: Stamp::from_unix(1_699_000_000),
        last_seen: Stamp::from_unix(1_699_999_880),
        credentials: None,
        deprecated: i.is_multiple_of(9),
        sunset: None,
        security: vec!["bearer (JWT)".to_owned()],
        locations: Vec::new(),
        operation: None,
        operations: Vec::new(),
        newer: None,
    }
}
