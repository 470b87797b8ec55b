//! Documents and logs of any size, the same every time, for benchmarks and tests.

use std::fmt::Write as _;

/// An OpenAPI document (JSON) with four operations a path, at least `operations` in all.
pub fn document(operations: usize) -> Vec<u8> {
    let mut out = String::from("{\"openapi\": \"3.0.3\", \"info\": {\"title\": \"sample\", \"version\": \"1\"},\n");
    out.push_str("\"servers\": [{\"url\": \"https://api.example.com/v1\"}],\n\"paths\": {\n");
    for i in 0..operations.div_ceil(4) {
        if i > 0 {
            out.push_str(",\n");
        }
        let _ = write!(
            out,
            "\"/r{i}/{{id}}/items\": {{\"parameters\": [{{\"name\": \"id\", \"in\": \"path\", \"required\": true, \
             \"schema\": {{\"type\": \"integer\", \"minimum\": 1}}}}]"
        );
        for method in ["get", "put", "post", "delete"] {
            let _ = write!(
                out,
                ",\n \"{method}\": {{\"operationId\": \"{method}{i}\", \"responses\": {{\"200\": {{\"description\": \"ok\", \
                 \"content\": {{\"application/json\": {{\"schema\": {{\"$ref\": \"#/components/schemas/Item\"}}}}}}}}}}}}"
            );
        }
        out.push('}');
    }
    out.push_str("},\n\"components\": {\"schemas\": {\"Item\": {\"type\": \"object\", \"properties\": {\"id\": {\"type\": \"integer\"}}}}}}\n");
    out.into_bytes()
}

/// A combined log of `lines` lines: requests to the operations of [`document`] with `operations`, and one in eight to
/// paths that it does not declare, with integers and UUIDs that hardly repeat.
pub fn log(lines: usize, operations: usize) -> Vec<u8> {
    let mut out = String::with_capacity(lines * 160);
    let mut random = Random(1);
    let mut next = || random.next();
    let paths = operations.div_ceil(4).max(1) as u64;
    for i in 0..lines {
        let (a, b, status) = (next(), next(), [200, 200, 200, 201, 404, 500][i % 6]);
        let method = ["GET", "GET", "POST", "PUT", "DELETE"][i % 5];
        let second = i / 1000 % 60;
        let _ = write!(out, "10.0.{}.7 - - [14/Nov/2023:22:13:{second:02} +0000] \"{method} ", a % 256);
        let _ = if i % 8 == 7 {
            write!(out, "/internal/u{}/{:08x}-0000-4000-8000-{:012x}", (b'a' + (a % 20) as u8) as char, a, b)
        } else {
            write!(out, "/v1/r{}/{b}/items?page=2", a % paths)
        };
        let _ = writeln!(out, " HTTP/1.1\" {status} 512 \"-\" \"okhttp/4.9.3\" 0.{:03}", a % 1000);
    }
    out.into_bytes()
}

/// Lines of an nginx gateway, one after the other: combined, with the duration at the end.
///
/// They ask for [`Gateway::TEMPLATES`] paths whose identifiers are integers, UUIDs, 24 hexadecimal digits, base 62 and
/// prefixed ones, from some thousand clients with the user agents that people have.
#[derive(Debug)]
pub struct Gateway {
    random: Random,
    line: u64,
}

const NOUNS: [&str; 60] = [
    "accounts",
    "addresses",
    "agents",
    "alerts",
    "apps",
    "articles",
    "assets",
    "batches",
    "bills",
    "boards",
    "bookings",
    "branches",
    "brands",
    "budgets",
    "campaigns",
    "cards",
    "carts",
    "channels",
    "charges",
    "clients",
    "comments",
    "contacts",
    "contracts",
    "coupons",
    "courses",
    "customers",
    "devices",
    "disputes",
    "documents",
    "domains",
    "drivers",
    "events",
    "exports",
    "files",
    "folders",
    "forms",
    "groups",
    "images",
    "invoices",
    "issues",
    "items",
    "jobs",
    "labels",
    "leads",
    "ledgers",
    "machines",
    "members",
    "messages",
    "networks",
    "offers",
    "orders",
    "partners",
    "payments",
    "plans",
    "policies",
    "products",
    "projects",
    "refunds",
    "reports",
    "shipments",
];
const SUBS: [&str; 6] = ["lines", "notes", "history", "tags", "owners", "versions"];
const AGENTS: [&str; 5] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "okhttp/4.12.0",
    "python-requests/2.32.3",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
];

#[expect(clippy::cast_possible_truncation, reason = "remainders are small")]
impl Gateway {
    /// Paths asked for, each with one method.
    pub const TEMPLATES: usize = NOUNS.len() * 5;

    /// The same lines for the same seed.
    pub fn new(seed: u64) -> Self {
        Self { random: Random(seed), line: 0 }
    }

    /// Appends the next line.
    pub fn line(&mut self, out: &mut String) {
        let (a, b, c) = (self.random.next(), self.random.next(), self.random.next());
        let noun = (a % NOUNS.len() as u64) as usize;
        let (hour, minute, second) = (self.line / 720_000 % 24, self.line / 12_000 % 60, self.line / 200 % 60);
        self.line += 1;
        let method = ["GET", "POST", "GET", "PUT", "DELETE"][(b % 5) as usize];
        let _ = write!(
            out,
            "198.51.{}.{} - - [14/Nov/2023:{hour:02}:{minute:02}:{second:02} +0000] \"{method} /v1/{}",
            a >> 8 & 15,
            b >> 8 & 255,
            NOUNS[noun]
        );
        let sub = SUBS[noun % SUBS.len()];
        match b % 5 {
            1 => {}
            2 => out.push_str("/search?limit=50&sort=-created"),
            0 => self.id(noun, out),
            3 => {
                self.id(noun, out);
                let _ = write!(out, "/{sub}");
            }
            _ => {
                self.id(noun, out);
                let _ = write!(out, "/{sub}");
                self.id(noun + 1, out);
            }
        }
        let status = [200, 200, 200, 200, 201, 204, 400, 401, 403, 404, 500, 200][(c % 12) as usize];
        let agent = AGENTS[(c >> 8) as usize % AGENTS.len()];
        let referer = if c & 1 == 0 { "-" } else { "https://app.shop.test/dashboard" };
        let _ = writeln!(out, " HTTP/1.1\" {status} {} \"{referer}\" \"{agent}\" 0.{:03}", c % 9_000, c >> 4 & 511);
    }

    fn id(&mut self, kind: usize, out: &mut String) {
        let n = u128::from(self.random.next()) << 62
            | u128::from(self.random.next()) << 31
            | u128::from(self.random.next());
        let _ = match kind % 5 {
            0 => write!(out, "/{}", n % 9_000_000 + 1),
            1 => write!(
                out,
                "/{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
                n & 0xffff_ffff,
                n >> 32 & 0xffff,
                n >> 40 & 0xfff,
                n >> 50 & 0xfff,
                n & 0xffff_ffff_ffff
            ),
            2 => write!(out, "/{:024x}", n & ((1 << 96) - 1)),
            3 => write!(out, "/{}7", base62(n, 10)),
            _ => write!(out, "/cus_{}9q4", base62(n, 11)),
        };
    }
}

fn base62(mut n: u128, length: usize) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    (0..length)
        .map(|_| {
            let digit = DIGITS[(n % 62) as usize];
            n /= 62;
            char::from(digit)
        })
        .collect()
}

/// Knuth's linear congruential generator (The Art of Computer Programming, volume 2, section 3.3.4).
#[derive(Debug)]
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::base::Stamp;
    use crate::inventory::{Builder, Document, State};

    #[test]
    fn the_samples_read_as_they_should() {
        let (document, problems) = Document::read(Arc::from("s"), super::document(40)).expect("document");
        assert_eq!((document.operations().len(), problems.len()), (40, 0));
        let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
        builder.spec(document, problems);
        builder.log(Arc::from("l"));
        builder.feed(&super::log(2_000, 40)).expect("log");
        builder.end_log().expect("log");
        let inventory = builder.finish();
        assert_eq!((inventory.log_lines, inventory.unparsed.len()), (2_000, 0));
        let count = |s| inventory.endpoints.iter().filter(|e| e.state == Some(s)).count();
        assert_eq!(count(State::Documented) + count(State::Ghost), 40);
        assert!((1..=100).contains(&count(State::Shadow)));
    }
}
