//! nginx and Apache combined: `IP - user [time] "METHOD target HTTP/x" status bytes "referer" "agent"`, and what people add
//! before (a virtual host) and after (a duration).

use super::{Line, Request};

/// Length of `10/Oct/2000:13:55:36 -0700`.
const TIME: usize = 26;

/// Reads lines; remembers the last time it read, since many lines share a second.
#[derive(Debug, Default)]
pub struct Combined {
    last: [u8; TIME],
    unix: i64,
}

impl Combined {
    /// One line without its newline; `None` when it is of another shape.
    pub fn read<'a>(&mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let (before, time, rest) = self.time(line)?;
        // A quote closes the request only where a status follows: old writers left quotes as they came.
        let mut from = 0;
        let (request, after) = loop {
            let at = from + memchr::memchr(b'"', &rest[from..])?;
            if !is_escaped(rest, at) && status_at(&rest[at + 1..]).is_some() {
                break (&rest[..at], &rest[at + 1..]);
            }
            from = at + 1;
        };
        let status = status_at(after)?;
        let tail = &after[4..];
        Some(Line { time, status, host: virtual_host(before), request: request_of(request), micros: duration(tail) })
    }

    /// The time, what stands before its bracket and what follows the opening quote of the request.
    fn time<'a>(&mut self, line: &'a [u8]) -> Option<(&'a [u8], i64, &'a [u8])> {
        let mut from = 0;
        // A user name may hold a bracket; only one that opens a time counts.
        loop {
            let at = from + memchr::memchr(b'[', line.get(from..)?)?;
            from = at + 1;
            let (time, rest) = line.get(at + 1..)?.split_at_checked(TIME)?;
            let Some(rest) = rest.strip_prefix(b"] \"") else { continue };
            if time != self.last {
                let Some(unix) = parse_time(time) else { continue };
                self.unix = unix;
                self.last.copy_from_slice(time);
            }
            return Some((&line[..at], self.unix, rest));
        }
    }
}

/// True when an odd number of backslashes stands before `at`.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// ` 200` followed by a space or the end.
fn status_at(bytes: &[u8]) -> Option<u16> {
    let [b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = bytes else { return None };
    if !matches!(rest.first(), None | Some(b' ')) {
        return None;
    }
    Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
}

/// `10/Oct/2000:13:55:36 -0700` as seconds since 1970.
fn parse_time(t: &[u8]) -> Option<i64> {
    let n = |range: std::ops::Range<usize>| -> Option<i64> {
        t.get(range)?.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let marks = [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':'), (20, b' ')];
    if marks.iter().any(|(i, b)| t.get(*i) != Some(b)) {
        return None;
    }
    let month = match &t[3..6] {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    let sign = match t[21] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let (day, year) = (n(0..2)?, n(7..11)?);
    let (hour, minute, second) = (n(12..14)?, n(15..17)?, n(18..20)?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let zone = sign * (n(22..24)? * 3600 + n(24..26)? * 60);
    Some(days(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - zone)
}

/// Days since 1970 of a date of the Gregorian calendar, counted in eras of 400 years from March.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Method and target, or nothing: `-`, the bytes of a TLS hello, a probe of another protocol.
fn request_of(request: &[u8]) -> Option<Request<'_>> {
    let space = memchr::memchr(b' ', request)?;
    let (method, rest) = (&request[..space], &request[space + 1..]);
    let is_method =
        (1..=20).contains(&method.len()) && method.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    if !is_method {
        return None;
    }
    // The target runs to the protocol, or to the end where there is none; a space in it is the client's own.
    let target = match memchr::memrchr(b' ', rest) {
        Some(at) if rest[at + 1..].starts_with(b"HTTP/") => &rest[..at],
        _ => rest,
    };
    let (host, target) = match target.first()? {
        b'/' => (None, target),
        b'*' if target.len() == 1 => (None, target),
        _ => absolute(target)?,
    };
    Some(Request { method, host, target })
}

/// Host and path of `http://host:port/path`.
fn absolute(target: &[u8]) -> Option<(Option<&[u8]>, &[u8])> {
    let at = memchr::memmem::find(&target[..target.len().min(9)], b"://")?;
    if !target[..at].eq_ignore_ascii_case(b"http") && !target[..at].eq_ignore_ascii_case(b"https") {
        return None;
    }
    let rest = &target[at + 3..];
    let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
    let authority = rest[..end].rsplit(|b| *b == b'@').next()?;
    let path = match rest.get(end) {
        Some(b'/') => &rest[end..],
        _ => b"/",
    };
    Some((Some(without_port(authority)).filter(|h| !h.is_empty()), path))
}

fn without_port(authority: &[u8]) -> &[u8] {
    match memchr::memrchr(b':', authority) {
        Some(i) if authority[i + 1..].iter().all(u8::is_ascii_digit) => &authority[..i],
        _ => authority,
    }
}

/// The virtual host before the client's address: Apache `vhost_combined` writes `api.example.com:443 192.0.2.7 - - [`.
fn virtual_host(before: &[u8]) -> Option<&[u8]> {
    let mut words = before.split(|b| *b == b' ');
    let (first, second) = (words.next()?, words.next()?);
    // Where the second word is an address the first is none.
    let is_address =
        second.first().is_some_and(u8::is_ascii_hexdigit) && second.iter().any(|b| matches!(b, b'.' | b':'));
    (is_address && words.next().is_some()).then(|| without_port(first)).filter(|h| !h.is_empty() && *h != b"-")
}

/// The first field after the user agent, when it is a plain decimal number of seconds: nginx `$request_time`.
fn duration(tail: &[u8]) -> Option<u64> {
    if tail.last() == Some(&b'"') && memchr::memchr_iter(b'"', tail).count() == 4 {
        return None;
    }
    let referer = memchr::memchr(b'"', tail)?;
    let after = skip_quoted(&tail[referer + 1..])?;
    let after = skip_quoted(after.strip_prefix(b" \"")?)?;
    let field = after.strip_prefix(b" ")?.split(|b| *b == b' ').next()?;
    seconds(field)
}

/// What follows a quoted field: its quote is not escaped and a space or the end comes next.
fn skip_quoted(bytes: &[u8]) -> Option<&[u8]> {
    memchr::memchr_iter(b'"', bytes)
        .find(|&at| !is_escaped(bytes, at) && matches!(bytes.get(at + 1), None | Some(b' ')))
        .map(|at| &bytes[at + 1..])
}

/// `0.123` in microseconds. A number without a dot could be anything and is left alone.
fn seconds(field: &[u8]) -> Option<u64> {
    let field = field.strip_prefix(b"\"").and_then(|f| f.strip_suffix(b"\"")).unwrap_or(field);
    let dot = memchr::memchr(b'.', field)?;
    let (whole, part) = (&field[..dot], &field[dot + 1..]);
    if whole.is_empty() || whole.len() > 6 || part.is_empty() || part.len() > 6 {
        return None;
    }
    let digits = |s: &[u8]| s.iter().try_fold(0u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')));
    let scale = 10u64.pow(u32::try_from(6 - part.len()).ok()?);
    Some(digits(whole)? * 1_000_000 + digits(part)? * scale)
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
        Some((line.time, line.status, format!("{host}{request}"), line.micros))
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
    fn days_of_the_calendar() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2024, 3, 1), 19_783);
        assert_eq!(days(1600, 3, 1), -135_080);
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
