//! Access logs in the combined format of nginx with the request time in seconds at the end: those of requests served, and
//! a made-up day of traffic that never changes.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

use super::samples::EPOCH;
use super::shop::STATUSES;

/// Lines kept of what was served.
const KEPT: usize = 10_000;
/// Longest text of a client that is kept, in characters.
const LONGEST: usize = 2_000;
/// Lines of the made-up day.
const LINES: u64 = 2_000;
/// The seed of the log that the samples hold.
const SEED: u64 = 0x5109;

/// One request.
pub struct Line<'a> {
    /// Who asked.
    pub client: IpAddr,
    /// When.
    pub time: OffsetDateTime,
    /// Method.
    pub method: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// `HTTP/1.1` and so on.
    pub version: &'a str,
    /// Status.
    pub status: u16,
    /// Body bytes sent.
    pub bytes: u64,
    /// `Referer`, or `-`.
    pub referer: &'a str,
    /// `User-Agent`, or `-`.
    pub agent: &'a str,
    /// How long it took.
    pub took: Duration,
}

impl Line<'_> {
    /// The line, without its end.
    fn text(&self) -> String {
        let request = format!("{} {} {}", self.method, self.target, self.version);
        line(
            self.client,
            self.time,
            &escape(&request),
            self.status,
            self.bytes,
            [&escape(self.referer), &escape(self.agent)],
            self.took,
        )
    }
}

fn line(
    client: IpAddr,
    time: OffsetDateTime,
    request: &str,
    status: u16,
    bytes: u64,
    [referer, agent]: [&str; 2],
    took: Duration,
) -> String {
    let layout = format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let time = time.format(layout).unwrap_or_else(|_| "-".to_owned());
    let ms = took.as_millis();
    format!(
        "{client} - - [{time}] \"{request}\" {status} {bytes} \"{referer}\" \"{agent}\" {}.{:03}",
        ms / 1000,
        ms % 1000
    )
}

/// Escapes as nginx does: quotes, backslashes and bytes outside printable ASCII as `\xHH`.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for b in text.chars().take(LONGEST).collect::<String>().bytes() {
        if matches!(b, b'"' | b'\\') || !(0x20..0x7f).contains(&b) {
            let _ = write!(out, "\\x{b:02X}");
        } else {
            out.push(char::from(b));
        }
    }
    out
}

/// The last lines served.
#[derive(Debug, Default)]
pub struct Served(Mutex<VecDeque<String>>);

impl Served {
    /// Keeps one more.
    pub fn push(&self, line: &Line<'_>) {
        let text = line.text();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == KEPT {
            lines.pop_front();
        }
        lines.push_back(text);
    }

    /// All of them, oldest first.
    pub fn text(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().flat_map(|l| [l.as_str(), "\n"]).collect()
    }
}

/// A day of ordinary traffic of the shop, about 2,000 lines, the same every time.
pub fn access_log() -> String {
    access_log_seeded(SEED)
}

/// The same for any seed: the same seed gives the same text.
pub fn access_log_seeded(seed: u64) -> String {
    let mut chance = Chance(seed);
    let mut out = String::with_capacity(300_000);
    // Milliseconds since the start of the day.
    let mut at = 0;
    for n in 0..LINES {
        at += chance.below(86);
        let time =
            OffsetDateTime::from_unix_timestamp(EPOCH).unwrap_or(OffsetDateTime::UNIX_EPOCH) + Duration::from_secs(at);
        // A scanner comes by twice, and once somebody speaks TLS to the plain port.
        let text = match n {
            77..=82 => probe(PROBES[usize::try_from(n - 77).unwrap_or(0)], time),
            1500..=1502 => probe(chance.pick(&PROBES), time),
            1001 => garbage(time),
            _ => ordinary(&mut chance, time),
        };
        out.push_str(&text);
        out.push('\n');
    }
    out
}

/// A generator of numbers that looks random and is the same everywhere: splitmix64.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
    /// A number from 0 up to, but not including, `limit`.
    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit.max(1)
    }
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap_or(0)]
    }
    fn percent(&mut self, of: u64) -> bool {
        self.below(100) < of
    }
}

const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.4 Safari/605.1.15",
    "ShopApp/3.2 (iOS 18.5)",
    "ShopApp/3.1 (Android 15)",
    "python-requests/2.32.4",
];
const PROBES: [&str; 6] =
    ["/.env", "/wp-login.php", "/.git/config", "/phpmyadmin/index.php", "/cgi-bin/luci", "/actuator/env"];

/// One kind of traffic: how often of a thousand, method, path (with `{o}` for an order and `{u}` for a user), usual status,
/// usual time in milliseconds, usual size.
type Kind = (u64, &'static str, &'static str, u16, u64, u64);

/// Neither reports nor `/slow` appear: those are declared and never called.
const KINDS: &[Kind] = &[
    (250, "GET", "/api/orders?limit=20", 200, 18, 2_450),
    (60, "GET", "/api/orders?limit=50&status={s}", 200, 24, 5_900),
    (230, "GET", "/api/orders/{o}", 200, 9, 122),
    (80, "POST", "/api/orders", 201, 41, 124),
    (15, "DELETE", "/api/orders/{o}", 204, 22, 0),
    (45, "GET", "/api/orders/{o}/export", 200, 63, 201),
    (70, "POST", "/api/login", 200, 88, 271),
    (30, "GET", "/api/users", 200, 15, 2_950),
    (95, "GET", "/api/users/{u}", 200, 7, 74),
    (15, "PATCH", "/api/users/{u}", 200, 19, 74),
    (4, "DELETE", "/api/users/{u}", 204, 16, 0),
    (45, "GET", "/api/v1/orders", 200, 57, 2_462),
    (60, "GET", "/api/health", 200, 1, 15),
    (1, "GET", "/api/openapi.json", 200, 3, 14_800),
];

fn ordinary(chance: &mut Chance, time: OffsetDateTime) -> String {
    let total: u64 = KINDS.iter().map(|k| k.0).sum();
    let mut ticket = chance.below(total);
    let kind = KINDS.iter().find(|k| {
        let here = ticket < k.0;
        ticket = ticket.saturating_sub(k.0);
        here
    });
    let &(_, method, path, usual, ms, size) = kind.unwrap_or(&KINDS[0]);
    let target = path
        .replace("{o}", &(1001 + chance.below(400)).to_string())
        .replace("{u}", &(1 + chance.below(40)).to_string())
        .replace("{s}", chance.pick(&STATUSES));
    let status = oddity(chance, method, path).unwrap_or(usual);
    let bytes = if status == usual { size + chance.below(size / 8 + 1) } else { 131 + chance.below(40) };
    // Most requests take about as long as usual, one in twenty a good deal longer, a failing one longest.
    let slower = if status >= 500 {
        40
    } else if chance.percent(5) {
        6
    } else {
        1
    };
    let took = Duration::from_millis((ms + chance.below(ms + 2)) * slower);
    let (client, agent) = client(chance, path);
    Line {
        client,
        time,
        method,
        target: &target,
        version: if agent.starts_with("python") { "HTTP/1.1" } else { "HTTP/2.0" },
        status,
        bytes,
        referer: if agent.starts_with("Mozilla") { "https://shop.example/" } else { "-" },
        agent,
        took,
    }
    .text()
}

/// A status other than the usual one, now and then.
fn oddity(chance: &mut Chance, method: &str, path: &str) -> Option<u16> {
    if chance.below(1_000) < 7 && !path.contains("health") {
        return Some(chance.pick(&[500, 502, 503]));
    }
    let odd = chance.percent(6);
    let found = match (method, path) {
        (_, p) if p.contains("/users") && chance.percent(9) => 401,
        ("POST", "/api/login") if chance.percent(9) => 401,
        ("POST", "/api/orders") if odd => chance.pick(&[400, 401, 422, 422]),
        (_, "/api/orders/{o}") if odd => 404,
        ("GET", p) if p.contains("limit") && chance.below(1_000) < 5 => 400,
        _ => return None,
    };
    Some(found)
}

/// An address out of the ranges kept for documentation (RFC 5737 section 3), and what it calls itself.
fn client(chance: &mut Chance, path: &str) -> (IpAddr, &'static str) {
    if path.contains("health") {
        return (Ipv4Addr::new(192, 0, 2, 10).into(), "kube-probe/1.33");
    }
    let n = chance.below(24);
    let last = u8::try_from(20 + n).unwrap_or(20);
    let agent = AGENTS[usize::try_from(n).unwrap_or(0) % AGENTS.len()];
    let address = if n.is_multiple_of(3) { Ipv4Addr::new(192, 0, 2, last) } else { Ipv4Addr::new(198, 51, 100, last) };
    (address.into(), agent)
}

/// A scanner at work.
fn probe(target: &str, time: OffsetDateTime) -> String {
    Line {
        client: Ipv4Addr::new(203, 0, 113, 77).into(),
        time,
        method: "GET",
        target,
        version: "HTTP/1.1",
        status: 404,
        bytes: 153,
        referer: "-",
        agent: "Mozilla/5.0 (compatible; probe)",
        took: Duration::ZERO,
    }
    .text()
}

/// A TLS handshake sent to the plain port, as nginx writes it.
fn garbage(time: OffsetDateTime) -> String {
    let bytes = r"\x16\x03\x01\x00\xEE\x01\x00\x00\xEA\x03\x03\x8Fd\x1B\xD2\x7F";
    line(Ipv4Addr::new(203, 0, 113, 9).into(), time, bytes, 400, 157, ["-", "-"], Duration::from_millis(61))
}
