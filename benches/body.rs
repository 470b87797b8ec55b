//! CPU time of opening a body of 100 MB, of a frame at several places of it, and of looking for what is at its end; and the time
//! from the last byte of a reply of 1 MB to the screen that shows it, over a terminal.
//!
//! `cargo bench --bench body`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

#[path = "../tests/it/support/pty.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod pty;

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lunette::app::{Event, Judged};
use lunette::base::Stamp;
use lunette::tui::Theme;
use lunette::tui::harness::Screen;
use lunette::wire::{Exchange, Request, Response};
use pty::{CommandBuilder, Pty};
use rustix::time::{ClockId, clock_gettime};

const SIZE: usize = 100_000_000;
const FRAMES: u32 = 200;
const ROUNDS: usize = 3;
const REPLIES: usize = 100;
const REPLY: usize = 1_000_000;

/// A name, a media type, and what makes the body.
type Case = (&'static str, &'static str, fn() -> Vec<u8>);

fn main() {
    let bodies: [Case; 5] = [
        ("lines", "text/plain", lines),
        ("one line of JSON", "application/json", one_line),
        ("pretty JSON", "application/json", pretty),
        ("binary", "application/octet-stream", binary),
        ("one line of text", "text/plain", || vec![b'x'; SIZE]),
    ];
    println!("a body of {} MB on a screen of 140x45, CPU time, best of {ROUNDS}", SIZE / 1_000_000);
    for (name, kind, make) in bodies {
        let bytes = Bytes::from(make());
        let opened = (0..ROUNDS).map(|_| {
            let mut screen = screen();
            let event = done(bytes.clone(), kind);
            let from = cpu();
            screen.event(event);
            (cpu().saturating_sub(from), screen)
        });
        let (open, mut screen) = opened.min_by_key(|(took, _)| *took).expect("rounds");
        println!("{name:<18} opened    {:>8.2} ms", ms(open));
        screen.keys("l");
        assert!(screen.view().contains("200"), "the reply is there");
        for (place, before, key) in
            [("begin", "g", "j"), ("pages", "g", "PgDn"), ("end", "G", "k"), ("aside", "g", ">")]
        {
            let frame = (0..ROUNDS)
                .map(|_| {
                    screen.keys(before);
                    let from = cpu();
                    for _ in 0..FRAMES {
                        screen.keys(key);
                    }
                    cpu().saturating_sub(from) / FRAMES
                })
                .min()
                .expect("rounds");
            println!("{name:<18} {place:<9} {:>8.3} ms a frame", ms(frame));
        }
        for (what, word) in [("found", "the end of it"), ("not found", "zzzzqq")] {
            screen.keys("g /").text(word);
            let from = cpu();
            screen.keys("Enter");
            println!("{name:<18} {what:<9} {:>8.2} ms", ms(cpu().saturating_sub(from)));
        }
    }
    first_paint();
}

fn screen() -> Screen {
    let mut screen = Screen::new(140, 45, Theme::terminal(), &[]);
    screen.keys("2 :").text("open GET https://api.test/large");
    screen.keys("Enter s").event(Event::Started(1));
    screen
}

fn done(body: Bytes, kind: &str) -> Event {
    let request = Request::new("GET", b"https://api.test/large").expect("a URL");
    let mut exchange = Exchange::new(1, Stamp::from_unix(1_700_000_000).expect("a time"), request);
    exchange.response = Some(Response {
        version: "HTTP/1.1".into(),
        status: 200,
        headers: vec![("Content-Type".into(), kind.into())],
        wire_bytes: body.len() as u64,
        decoded_bytes: body.len() as u64,
        body,
        ..Response::default()
    });
    Event::Done(1, Arc::new(Judged { exchange, headers: None, tokens: Vec::new() }))
}

/// Adds to a text until it has its size, and ends it with what is looked for.
fn filled(mut each: impl FnMut(&mut String, usize), end: &str) -> Vec<u8> {
    let mut text = String::with_capacity(SIZE + 4_096);
    let mut i = 0;
    while text.len() < SIZE {
        each(&mut text, i);
        i += 1;
    }
    text.push_str(end);
    text.into_bytes()
}

fn lines() -> Vec<u8> {
    filled(|t, i| writeln!(t, "{i:08} 203.0.113.9 GET /api/orders/{i} 200 12 ms").expect("memory"), "the end of it\n")
}

fn one_line() -> Vec<u8> {
    let mut text = filled(
        |t, i| {
            let first = if i == 0 { '[' } else { ',' };
            write!(t, "{first}{{\"id\":{i},\"owner\":\"alice\",\"total\":14.5,\"paid\":true}}").expect("memory");
        },
        ",\"the end of it\"",
    );
    text.push(b']');
    text
}

fn pretty() -> Vec<u8> {
    let mut text = filled(
        |t, i| {
            let first = if i == 0 { '[' } else { ',' };
            write!(t, "{first}\n  {{\n    \"id\": {i},\n    \"owner\": \"alice\",\n    \"total\": 14.5\n  }}")
                .expect("memory");
        },
        ",\n  \"the end of it\"\n",
    );
    text.push(b']');
    text
}

fn binary() -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..SIZE).map(|i| i.wrapping_mul(2_654_435_761).to_le_bytes()[2]).collect();
    bytes[..4].copy_from_slice(b"\0\0\x01\0");
    bytes.extend_from_slice(b"the end of it");
    bytes
}

/// From the last byte of a reply to the first change of the screen behind it, over a terminal and the real program.
fn first_paint() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let place = listener.local_addr().expect("an address").to_string();
    let (tell, told) = sync_channel::<Instant>(REPLIES);
    std::thread::spawn(move || {
        let body = "a line of text that is as long as others are\n".repeat(REPLY / 45);
        for (i, stream) in listener.incoming().enumerate() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.set_nodelay(true);
            let _ = stream.read(&mut [0; 4_096]);
            let text = format!("\"reply {i}.\"\n{body}");
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n", text.len());
            let all = [head.as_bytes(), text.as_bytes()].concat();
            let (most, last) = all.split_at(all.len() - 1);
            // Before it leaves, so that nothing is left out.
            let _ = stream.write_all(most);
            let now = Instant::now();
            let _ = stream.write_all(last);
            let _ = tell.send(now);
        }
    });
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.args(["--allow", &place]);
    command.cwd(folder.path());
    let mut terminal = Pty::spawn(command, 140, 45);
    terminal.sees("Composer").send(format!(":open GET http://{place}/\r").as_bytes()).sees("Ctrl+J send");
    let mut took = Vec::new();
    for i in 0..REPLIES {
        terminal.send(b"\x0a").sees(&format!("reply {i}."));
        took.push(Instant::now().saturating_duration_since(told.recv().expect("a time")));
    }
    took.sort();
    println!(
        "first paint of {} kB   p50 {:.1} ms   p99 {:.1} ms   max {:.1} ms   over {REPLIES} replies",
        REPLY / 1_000,
        ms(took[REPLIES / 2]),
        ms(took[REPLIES * 99 / 100 - 1]),
        ms(took[REPLIES - 1])
    );
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}
