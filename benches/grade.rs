//! CPU time of a grade: of replies of several kinds, and of 10,000 stored exchanges read from their documents.
//!
//! `cargo bench --bench grade`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::Duration;

use lunette::app::grade::of_file;
use lunette::base::Stamp;
use lunette::grade;
use lunette::report::exchange::{Secrets, document};
use lunette::report::json;
use lunette::wire::saved;
use rustix::time::{ClockId, clock_gettime};

/// Exchanges that are stored.
const STORED: usize = 10_000;
/// Grades of each kind of reply.
const TIMES: u32 = 500;

const DATA: &str = "Content-Type: application/json\nServer: nginx/1.18.0\nSet-Cookie: sid=a1b2c3d4e5f6a7b8; Path=/\n\
    Strict-Transport-Security: max-age=31536000\nX-Content-Type-Options: nosniff\nCache-Control: no-store\n\
    Access-Control-Allow-Origin: https://app.test\nVary: Accept, Origin\nX-RateLimit-Limit: 100\n";

fn main() {
    let json = format!("{{\"list\":[{}1]}}", "{\"id\":1,\"name\":\"a name\"},".repeat(80));
    let page = format!(
        "<!doctype html><meta charset=utf-8>{}",
        "<script src=\"https://cdn.test/a.js\" integrity=\"sha384-x\"></script><p>text</p>".repeat(200)
    );
    let policy = "Content-Security-Policy: default-src 'self'; script-src 'nonce-r4nd0mr4nd0m' https://*.googleapis.com; \
        img-src https://a.test https://b.test; object-src 'none'; base-uri 'none'\n";
    let cookies = "Set-Cookie: session_token=a1b2c3d4e5f6a7b8c9d0e1f2; Path=/; HttpOnly; SameSite=Lax\n".repeat(50);
    let long = format!("Content-Type: application/json\nX-Long: {}\n", "a,".repeat(512 << 10));
    println!("CPU time of one grade, mean of {TIMES}");
    for (name, headers, body) in [
        ("nothing but a body", String::new(), "{}"),
        ("JSON, 2 kB", DATA.to_owned(), json.as_str()),
        ("HTML, 200 scripts", format!("Content-Type: text/html\n{policy}"), page.as_str()),
        ("50 cookies", cookies, "{}"),
        ("a header of 1 MB", long, "{}"),
    ] {
        let text = format!("HTTP/1.1 200 OK\n{headers}\n{body}");
        let reply = saved::read(text.as_bytes(), Some(b"https://api.test/x"), now()).expect("a reply").exchange;
        let took = spent(|| {
            for _ in 0..TIMES {
                black_box(grade::headers(black_box(&reply)));
            }
        });
        println!("{name:<24} {:>8.1} us", took.as_secs_f64() * 1e6 / f64::from(TIMES));
    }
    let stored: Vec<String> = (0..STORED)
        .map(|n| {
            let text = format!("HTTP/1.1 200 OK\n{DATA}X-Number: {n}\n\n{json}");
            let mut x = saved::read(text.as_bytes(), Some(b"https://api.test/x"), now()).expect("a reply").exchange;
            x.request = x.request.header("Authorization", "Bearer x");
            json::to_string(&document(&x, None, Secrets::Masked))
        })
        .collect();
    let took = spent(|| {
        for text in &stored {
            black_box(of_file(text.as_bytes(), None, now())).expect("an exchange");
        }
    });
    println!("{STORED} stored exchanges, read and graded: {:.2} s", took.as_secs_f64());
}

fn now() -> Stamp {
    Stamp::from_unix(1_700_000_000).expect("in range")
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}

fn spent(run: impl Fn()) -> Duration {
    let from = cpu();
    run();
    cpu().saturating_sub(from)
}
