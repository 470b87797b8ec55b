//! nginx and Apache combined: `IP - user [time] "METHOD target HTTP/x" status bytes "referer" "agent"`, and what people add
//! before (a virtual host) and after (a duration). ingress-nginx and Traefik write the same and more after it.

use super::Line;
use super::part::{Fields, Unit, clf_time, is_escaped, micros, request_line, size, skip_quoted, without_port};
use crate::inventory::near::{position, until};

/// Length of `10/Oct/2000:13:55:36 -0700`.
const TIME: usize = 26;

/// What stands after the user agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Tail {
    /// Anything; a decimal number is nginx's `$request_time`.
    #[default]
    Any,
    /// `length seconds [upstream] [alternative] address length seconds status id`: ingress-nginx.
    Ingress,
    /// `count "router" "server" 12ms`: Traefik.
    Traefik,
}

/// Reads lines; remembers the last time it read, since many lines share a second.
#[derive(Debug, Clone, Default)]
pub(super) struct Combined {
    last: [u8; TIME],
    unix: i64,
    tail: Tail,
}

impl Combined {
    pub fn with(tail: Tail) -> Self {
        Self { tail, ..Self::default() }
    }

    /// One line without its newline; `None` when it is of another shape.
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let ((host, client), time, rest) = if let Some((client, rest)) = self.usual(line) {
            ((None, Some(client).filter(|c| said(c))), self.unix, rest)
        } else {
            let (before, time, rest) = self.time(line)?;
            (who(before), time, rest)
        };
        // A quote closes the request only where a status follows: old writers left quotes as they came.
        let mut from = 0;
        let (at, status) = loop {
            let at = from + position(&rest[from..], b'"')?;
            if let Some(status) = status_at(&rest[at + 1..])
                && !is_escaped(rest, at)
            {
                break (at, status);
            }
            from = at + 1;
        };
        let request = &rest[..at];
        let tail = &rest[at + 5..];
        let micros = match self.tail {
            Tail::Any => duration(tail),
            Tail::Ingress => Some(ingress(tail)?),
            Tail::Traefik => Some(traefik(tail)?),
        };
        let request = request_line(request);
        let size = size(until(tail.strip_prefix(b" ").unwrap_or(tail), b' '));
        Some(Line { time: Some(time), status, host, request, micros, size, client, ..Line::default() })
    }

    /// The address and what follows the opening quote of a line without users that says the time of the one before: what most
    /// lines are.
    fn usual<'a>(&self, line: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let client = until(line, b' ');
        let (time, rest) = line[client.len()..].strip_prefix(b" - - [")?.split_first_chunk::<TIME>()?;
        (*time == self.last).then_some((client, rest.strip_prefix(b"] \"")?))
    }

    /// The time, what stands before its bracket and what follows the opening quote of the request.
    fn time<'a>(&mut self, line: &'a [u8]) -> Option<(&'a [u8], i64, &'a [u8])> {
        let mut from = 0;
        // A user name may hold a bracket; only one that opens a time counts.
        loop {
            let at = from + memchr::memchr(b'[', line.get(from..)?)?;
            from = at + 1;
            let (time, rest) = line.get(at + 1..)?.split_first_chunk::<TIME>()?;
            let Some(rest) = rest.strip_prefix(b"] \"") else { continue };
            if *time != self.last {
                let Some(unix) = clf_time(time) else { continue };
                self.unix = unix;
                self.last = *time;
            }
            return Some((&line[..at], self.unix, rest));
        }
    }
}

/// ` 200` followed by a space or the end.
fn status_at(bytes: &[u8]) -> Option<u16> {
    let [b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = bytes else { return None };
    if !matches!(rest.first(), None | Some(b' ')) {
        return None;
    }
    Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
}

/// The virtual host and the client's address. Apache `vhost_combined` writes `api.example.com:443 192.0.2.7 - - [`: where the
/// second word is an address the first is a host.
fn who(before: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let first = until(before, b' ');
    let second = until(before.get(first.len() + 1..).unwrap_or_default(), b' ');
    let is_address = second.first().is_some_and(|b| b.is_ascii_hexdigit() || *b == b':')
        && second.iter().any(|b| matches!(b, b'.' | b':'))
        && before.len() > first.len() + 1 + second.len();
    if is_address {
        let host = without_port(first);
        if said(host) {
            return (Some(host), Some(second));
        }
    }
    (None, Some(first).filter(|client| said(client)))
}

fn said(word: &[u8]) -> bool {
    !word.is_empty() && word != b"-"
}

/// What follows the user agent.
fn after_agent(tail: &[u8]) -> Option<&[u8]> {
    let referer = position(tail, b'"')?;
    let referer = &tail[referer + 1..];
    let agent = match referer.strip_prefix(b"-\" \"") {
        Some(agent) => agent,
        None => skip_quoted(referer)?.strip_prefix(b" \"")?,
    };
    skip_quoted(agent)
}

/// `$request_time` of ingress-nginx, where its bracketed upstream follows.
fn ingress(tail: &[u8]) -> Option<u64> {
    let mut fields = Fields(after_agent(tail)?);
    let length = fields.next()?;
    let took = seconds(fields.next()?)?;
    (length.iter().all(u8::is_ascii_digit) && fields.next()?.starts_with(b"[")).then_some(took)
}

/// The duration that ends a line of Traefik.
fn traefik(tail: &[u8]) -> Option<u64> {
    let fields: Vec<&[u8]> = Fields(after_agent(tail)?).take(5).collect();
    let [count, _, _, took] = fields[..] else { return None };
    let is_count = !count.is_empty() && count.iter().all(u8::is_ascii_digit);
    (is_count && took.ends_with(b"ms")).then(|| micros(took, Unit::Millis)).flatten()
}

/// The first field after the user agent, when it is a plain decimal number of seconds: nginx `$request_time`.
fn duration(tail: &[u8]) -> Option<u64> {
    let after = after_agent(tail)?;
    // As nginx writes what takes no ten seconds, with nothing after it.
    if let [b' ', whole @ b'0'..=b'9', b'.', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] = after {
        let [whole, a, b, c] = [whole, a, b, c].map(|digit| u64::from(digit - b'0'));
        return Some((whole * 1_000 + a * 100 + b * 10 + c) * 1_000);
    }
    seconds(until(after.strip_prefix(b" ")?, b' '))
}

/// What a number of so many decimals is multiplied with to be microseconds.
const SCALE: [u64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

/// `0.123` in microseconds. A number without a dot could be anything and is left alone.
fn seconds(field: &[u8]) -> Option<u64> {
    let field = field.strip_prefix(b"\"").and_then(|f| f.strip_suffix(b"\"")).unwrap_or(field);
    // As many digits as are taken fit a number that is not signed.
    if field.len() > 13 {
        return None;
    }
    let (mut digits, mut dot) = (0u64, None);
    for (i, b) in field.iter().enumerate() {
        match b {
            b'0'..=b'9' => digits = digits * 10 + u64::from(b - b'0'),
            b'.' if dot.is_none() => dot = Some(i),
            _ => return None,
        }
    }
    let whole = dot?;
    let part = field.len() - whole - 1;
    if !(1..=6).contains(&whole) || !(1..=6).contains(&part) {
        return None;
    }
    Some(digits * SCALE[part])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(line: &[u8]) -> Option<(i64, u16, String, Option<u64>)> {
        let line = Combined::default().read(line)?;
        let request = line.request.map_or("-".to_owned(), |r| {
            format!("{} {}", String::from_utf8_lossy(r.method), String::from_utf8_lossy(r.target))
        });
        let host = line.request.and_then(|r| r.host).or(line.host);
        let host = host.map_or(String::new(), |h| format!("{} ", String::from_utf8_lossy(h)));
        Some((line.time?, line.status, format!("{host}{request}"), line.micros))
    }

    /// 2023-11-14 22:13:20 UTC.
    const T: &str = "[14/Nov/2023:23:13:20 +0100]";
    const UNIX: i64 = 1_700_000_000;

    #[test]
    fn nasty_lines() {
        let ok: &[(&[u8], u16, &str, Option<u64>)] = &[
            (br#"1.2.3.4 - - T "GET /a?b=1 HTTP/1.1" 200 5 "-" "curl/8""#, 200, "GET /a?b=1", None),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 304 - "-" "-""#, 304, "GET /a", None),
            (br#"1.2.3.4 - john q public T "GET /a HTTP/1.1" 200 5 "-" "-""#, 200, "GET /a", None),
            (br#"1.2.3.4 - [x] T "GET /a HTTP/1.1" 200 5 "-" "-""#, 200, "GET /a", None),
            (br#"1.2.3.4 - "q" T "GET /a HTTP/1.1" 200 5 "-" "-""#, 200, "GET /a", None),
            (br#"1.2.3.4 - - T "-" 408 0 "-" "-""#, 408, "-", None),
            (br#"1.2.3.4 - - T "" 400 0 "-" "-""#, 400, "-", None),
            (br#"1.2.3.4 - - T "\x16\x03\x01\x02\x00\x01" 400 150 "-" "-""#, 400, "-", None),
            (b"1.2.3.4 - - T \"\x16\x03\x01\0\xff\" 400 150 \"-\" \"-\"", 400, "-", None),
            (br#"1.2.3.4 - - T "GET /a" 200 5 "-" "-""#, 200, "GET /a", None),
            (br#"1.2.3.4 - - T "GET /a b c HTTP/1.0" 200 5 "-" "-""#, 200, "GET /a b c", None),
            (br#"1.2.3.4 - - T "GET /a\" 404 0 HTTP/1.1" 200 5 "-" "-""#, 200, r#"GET /a\" 404 0"#, None),
            (br#"1.2.3.4 - - T "GET /a\x22 HTTP/1.1" 200 5 "-" "-""#, 200, r"GET /a\x22", None),
            (br#"1.2.3.4 - - T "GET /a"b HTTP/1.1" 200 5 "-" "-""#, 200, "GET /a\"b", None),
            (br#"1.2.3.4 - - T "GET /a\\" 200 5 "-" "-""#, 200, r"GET /a\\", None),
            (br#"1.2.3.4 - - T "GET http://x.test:81/a?b HTTP/1.1" 200 5 "-" "-""#, 200, "x.test GET /a?b", None),
            (br#"1.2.3.4 - - T "CONNECT x.test:443 HTTP/1.1" 405 5 "-" "-""#, 405, "-", None),
            (br#"1.2.3.4 - - T "OPTIONS * HTTP/1.1" 200 0 "-" "-""#, 200, "OPTIONS *", None),
            (br#"api.test:443 1.2.3.4 - - T "GET /a HTTP/1.1" 200 5 "-" "-""#, 200, "api.test GET /a", None),
            (br#"::1 - - T "GET /a HTTP/1.1" 200 5 "-" "-""#, 200, "GET /a", None),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 200 5 "-" "a \"b\" c" 0.123"#, 200, "GET /a", Some(123_000)),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 200 5 "-" "-" 1.5 "x" y"#, 200, "GET /a", Some(1_500_000)),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 200 5 "-" "-" "0.007""#, 200, "GET /a", Some(7_000)),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 200 5 "-" "-" 123 0.5"#, 200, "GET /a", None),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 200 5"#, 200, "GET /a", None),
            (br#"1.2.3.4 - - T "GET /a HTTP/1.1" 200"#, 200, "GET /a", None),
        ];
        for (line, status, request, micros) in ok {
            let at = memchr::memmem::find(line, b"T \"").expect("a T stands for the time");
            let whole = [&line[..at], T.as_bytes(), &line[at + 1..]].concat();
            let got = read(&whole);
            let want = Some((UNIX, *status, (*request).to_owned(), *micros));
            assert_eq!(got, want, "{}", String::from_utf8_lossy(&whole));
        }
    }

    #[test]
    fn other_shapes() {
        for line in [
            "",
            "{\"request\": \"GET / HTTP/1.1\"}",
            "1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET /",
            "1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET / HTTP/1.1\" - -",
            "1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET / HTTP/1.1\" 2000 -",
            "1.2.3.4 - - [14/Foo/2023:23:13:20 +0100] \"GET / HTTP/1.1\" 200 1",
            "1.2.3.4 - - [14/Nov/2023:24:13:20 +0100] \"GET / HTTP/1.1\" 200 1",
            "[",
        ] {
            assert_eq!(read(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn what_others_write_after_it() {
        let start = format!("1.2.3.4 - - {T} \"GET /a HTTP/1.1\" 502 5 \"-\" \"a \\\"b\" ");
        for (tail, end, micros) in [
            (
                Tail::Ingress,
                "457 0.016 [shop-80] [] 10.0.0.1:80, 10.0.0.2:80 0, 5 0.004, 0.012 502, 200 8a7f",
                Some(16_000),
            ),
            (Tail::Ingress, "457 0.000 [] [] - - - - 8a7f", Some(0)),
            (Tail::Ingress, "0.016", None),
            (Tail::Ingress, "", None),
            (Tail::Traefik, "15 \"shop@docker\" \"http://10.0.0.1:80\" 12ms", Some(12_000)),
            (Tail::Traefik, "15 \"-\" \"-\" 0ms", Some(0)),
            (Tail::Traefik, "15 \"shop@docker\" \"http://10.0.0.1:80\" 12", None),
            (Tail::Traefik, "x \"shop@docker\" \"http://10.0.0.1:80\" 12ms", None),
        ] {
            let line = format!("{start}{end}");
            let got = Combined::with(tail).read(line.as_bytes()).map(|l| (l.status, l.micros));
            assert_eq!(got, micros.map(|m| (502, Some(m))), "{end}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(line in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&line);
        }

        #[test]
        fn any_target_comes_back(
            user in "[ -~]{0,20}", target in "/[!#-\\[\\]-~]{0,40}", status in 100u16..600, bytes in 0u32.., micros in 0u64..60_000_000,
        ) {
            let line = format!(
                "10.0.0.1 - {user} {T} \"PATCH {target} HTTP/1.1\" {status} {bytes} \"-\" \"x\" {}.{:06}",
                micros / 1_000_000, micros % 1_000_000
            );
            let got = read(line.as_bytes()).expect("parses");
            prop_assert_eq!((got.0, got.1, got.3), (UNIX, status, Some(micros)));
            let want = format!("PATCH {target}");
            prop_assert!(got.2.ends_with(&want));
        }
    }
}
