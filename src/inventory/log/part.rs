//! What the lines of several formats are made of: fields, request lines, times, durations.

use super::Request;
use crate::base::Stamp;
use crate::inventory::near::position;

/// Unit of a logged duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// The fields of a line: separated by spaces, and one in double quotes runs to the quote that ends it.
#[derive(Clone)]
pub(super) struct Fields<'a>(pub &'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0.trim_ascii_start();
        if rest.is_empty() {
            return None;
        }
        if let Some(quoted) = rest.strip_prefix(b"\"")
            && let Some(after) = skip_quoted(quoted)
        {
            self.0 = after;
            return Some(&quoted[..quoted.len() - after.len() - 1]);
        }
        let end = memchr::memchr(b' ', rest).unwrap_or(rest.len());
        self.0 = &rest[end..];
        Some(&rest[..end])
    }
}

/// What follows a quoted field: its quote is not escaped and a space or the end comes next.
pub(super) fn skip_quoted(bytes: &[u8]) -> Option<&[u8]> {
    let mut from = 0;
    loop {
        let at = from + position(&bytes[from..], b'"')?;
        from = at + 1;
        if matches!(bytes.get(from), None | Some(b' ')) && !is_escaped(bytes, at) {
            return Some(&bytes[from..]);
        }
    }
}

/// True when an odd number of backslashes stands before `at`.
pub(super) fn is_escaped(bytes: &[u8], at: usize) -> bool {
    // Nearly nothing is, and one byte tells.
    let escapes = |at: usize| bytes[..at].iter().rev().take_while(|b| **b == b'\\').count();
    at > 0 && bytes[at - 1] == b'\\' && escapes(at) % 2 == 1
}

/// A field that says something: neither empty nor `-`.
pub(super) fn said(field: &[u8]) -> Option<&[u8]> {
    (!field.is_empty() && field != b"-").then_some(field)
}

/// A count of bytes; nothing for `-`, for a count that is written before the end, and for what is no number.
#[inline]
pub(super) fn size(field: &[u8]) -> Option<u64> {
    if field.is_empty() || field.len() > 18 {
        return None;
    }
    field.iter().try_fold(0u64, |n, b| b.is_ascii_digit().then(|| n * 10 + u64::from(b - b'0')))
}

/// The first of the addresses that a chain of proxies wrote, without its port.
pub(super) fn first_address(field: &[u8]) -> Option<&[u8]> {
    said(field.split(|b| *b == b',').next()?.trim_ascii()).map(address)
}

/// An address without the port after it; one of IPv6 may stand without brackets.
pub(super) fn address(field: &[u8]) -> &[u8] {
    let bare = field.first() != Some(&b'[') && memchr::memchr_iter(b':', field).count() > 1;
    let host = if bare { field } else { without_port(field) };
    host.strip_prefix(b"[").and_then(|h| h.strip_suffix(b"]")).unwrap_or(host)
}

/// A status of three digits, or `0` and `-1`, which Envoy and HAProxy write where no reply was sent.
pub(super) fn status(field: &[u8]) -> Option<u16> {
    match field {
        b"0" | b"-1" => Some(0),
        [a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

/// Method and target, or nothing: `-`, the bytes of a TLS hello, a probe of another protocol.
#[inline]
pub(super) fn request_line(request: &[u8]) -> Option<Request<'_>> {
    usual(request).or_else(|| any_request_line(request))
}

/// What nearly all ask: a method in use, a path, and a protocol in use.
#[inline]
fn usual(request: &[u8]) -> Option<Request<'_>> {
    let length = match request {
        [b'G', b'E', b'T', b' ', ..] | [b'P', b'U', b'T', b' ', ..] => 3,
        [b'P', b'O', b'S', b'T', b' ', ..] => 4,
        [b'P', b'A', b'T', b'C', b'H', b' ', ..] => 5,
        [b'D', b'E', b'L', b'E', b'T', b'E', b' ', ..] => 6,
        _ => return None,
    };
    let (method, rest) = request.split_at(length);
    let (target, b" HTTP/1.1" | b" HTTP/2.0") = rest[1..].split_last_chunk::<9>()? else { return None };
    (target.first() == Some(&b'/')).then_some(Request { method, host: None, target })
}

fn any_request_line(request: &[u8]) -> Option<Request<'_>> {
    let space = position(request, b' ')?;
    let rest = &request[space + 1..];
    // The target runs to the protocol, or to the end where there is none; a space in it is the client's own.
    let target = match memchr::memrchr(b' ', rest) {
        Some(at) if rest[at + 1..].starts_with(b"HTTP/") => &rest[..at],
        _ => rest,
    };
    request_of(&request[..space], target)
}

/// A request of a method and a target in any form (RFC 9112, section 3.2) but that of `CONNECT`.
pub(in crate::inventory) fn request_of<'a>(method: &'a [u8], target: &'a [u8]) -> Option<Request<'a>> {
    let is_method = (1..=20).contains(&method.len())
        && method[0].is_ascii_alphabetic()
        && method.iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b'_'));
    if !is_method {
        return None;
    }
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
    if ![&b"http"[..], b"https", b"ws", b"wss"].iter().any(|s| target[..at].eq_ignore_ascii_case(s)) {
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

/// A host without the port after it; an IPv6 address keeps its brackets.
pub(super) fn without_port(authority: &[u8]) -> &[u8] {
    match memchr::memrchr(b':', authority) {
        Some(i) if authority[i + 1..].iter().all(u8::is_ascii_digit) => &authority[..i],
        _ => authority,
    }
}

/// `0.123`, `12` or `12.5ms` in microseconds; a unit that is written wins over the one given. Nothing for `-` and `-1`.
pub(super) fn micros(field: &[u8], unit: Unit) -> Option<u64> {
    let end = field.iter().position(|b| !b.is_ascii_digit() && *b != b'.').unwrap_or(field.len());
    let (number, word) = field.split_at(end);
    let unit = match word {
        b"" => unit,
        b"s" => Unit::Seconds,
        b"ms" => Unit::Millis,
        b"us" | b"\xc2\xb5s" | b"\xce\xbcs" => Unit::Micros,
        b"ns" => Unit::Nanos,
        _ => return None,
    };
    let mut parts = number.splitn(2, |b| *b == b'.');
    let (whole, part) = (parts.next()?, parts.next().unwrap_or_default());
    if whole.is_empty() || whole.len() > 18 || memchr::memchr(b'.', part).is_some() {
        return None;
    }
    let digits = |s: &[u8]| s.iter().fold(0u64, |n, b| n * 10 + u64::from(b - b'0'));
    let part = &part[..part.len().min(9)];
    // Billionths of the unit.
    let billionths = digits(part) * 10u64.pow(u32::try_from(9 - part.len()).ok()?);
    let nanos = u128::from(digits(whole)) * 1_000_000_000 + u128::from(billionths);
    let per = match unit {
        Unit::Seconds => 1_000,
        Unit::Millis => 1_000_000,
        Unit::Micros => 1_000_000_000,
        Unit::Nanos => 1_000_000_000_000,
    };
    u64::try_from(nanos / per).ok()
}

/// A time in any of the ways logs write one, in seconds since 1970: RFC 3339, `10/Oct/2000:13:55:36 -0700`, or a count since
/// 1970 in seconds, milliseconds, microseconds or nanoseconds, which its size tells.
pub(super) fn time(field: &[u8]) -> Option<i64> {
    if field.get(2) == Some(&b'/') {
        return clf_time(field);
    }
    if field.get(4) == Some(&b'-') {
        return iso_time(field);
    }
    let whole = field.split(|b| *b == b'.').next()?;
    if whole.is_empty() || whole.len() > 19 || !whole.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let n = whole.iter().try_fold(0i64, |n, b| n.checked_mul(10)?.checked_add(i64::from(b - b'0')))?;
    Some(match whole.len() {
        0..=11 => n,
        12..=14 => n / 1_000,
        15..=17 => n / 1_000_000,
        _ => n / 1_000_000_000,
    })
}

/// `2016-04-15T20:17:00.310Z`, or with a space for the `T`, or without a zone, which is taken for UTC.
fn iso_time(field: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(field.get(..field.len().min(40))?).ok()?;
    if let Some(stamp) = Stamp::parse(text) {
        return Some(stamp.unix());
    }
    let whole = format!("{}T{}", text.get(..10)?, text.get(11..19)?);
    let zone = text.get(19..)?.trim_start_matches(|c: char| c == '.' || c == ',' || c.is_ascii_digit());
    let zone = match zone.as_bytes() {
        [sign @ (b'+' | b'-'), a, b, c, d] => {
            format!("{}{}{}:{}{}", *sign as char, *a as char, *b as char, *c as char, *d as char)
        }
        _ => "Z".to_owned(),
    };
    Stamp::parse(&format!("{whole}{zone}")).map(Stamp::unix)
}

/// `10/Oct/2000:13:55:36 -0700` as seconds since 1970; without a zone it is taken for UTC, and parts of a second are left out.
pub(super) fn clf_time(t: &[u8]) -> Option<i64> {
    let n = |range: std::ops::Range<usize>| -> Option<i64> {
        t.get(range)?.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    };
    let marks = [(2, b'/'), (6, b'/'), (11, b':'), (14, b':'), (17, b':')];
    if t.len() < 20 || marks.iter().any(|(i, b)| t.get(*i) != Some(b)) {
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
    let zone = match (t.get(20), t.get(21)) {
        (None | Some(b'.'), _) => 0,
        (Some(b' '), Some(b'+')) => n(22..24)? * 3600 + n(24..26)? * 60,
        (Some(b' '), Some(b'-')) => -(n(22..24)? * 3600 + n(24..26)? * 60),
        _ => return None,
    };
    let (day, year) = (n(0..2)?, n(7..11)?);
    let (hour, minute, second) = (n(12..14)?, n(15..17)?, n(18..20)?);
    if !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_of_the_calendar() {
        assert_eq!(days(1970, 1, 1), 0);
        assert_eq!(days(2000, 2, 29), 11_016);
        assert_eq!(days(2024, 3, 1), 19_783);
        assert_eq!(days(1600, 3, 1), -135_080);
    }

    #[test]
    fn times_in_every_spelling() {
        for s in [
            "14/Nov/2023:23:13:20 +0100",
            "14/Nov/2023:22:13:20.655",
            "2023-11-14T22:13:20.310Z",
            "2023-11-14 22:13:20",
            "2023-11-14 23:13:20.123+0100",
            "2023-11-14T17:13:20-05:00",
            "1700000000",
            "1700000000.123",
            "1700000000123",
            "1700000000123456",
            "1700000000123456789",
        ] {
            assert_eq!(time(s.as_bytes()), Some(1_700_000_000), "{s}");
        }
        for s in ["", "-", "yesterday", "99999999999999999999", "2023-13-14T22:13:20Z", "14/Foo/2023:23:13:20"] {
            assert_eq!(time(s.as_bytes()), None, "{s}");
        }
    }

    #[test]
    fn durations_and_their_units() {
        for (s, unit, want) in [
            ("0.123", Unit::Seconds, Some(123_000)),
            ("12", Unit::Millis, Some(12_000)),
            ("1.5", Unit::Millis, Some(1_500)),
            ("0.1s", Unit::Millis, Some(100_000)),
            ("7ms", Unit::Seconds, Some(7_000)),
            ("42\u{b5}s", Unit::Seconds, Some(42)),
            ("1234567", Unit::Nanos, Some(1_234)),
            ("-", Unit::Seconds, None),
            ("-1", Unit::Seconds, None),
            ("1.2.3", Unit::Seconds, None),
            ("9999999999999999999", Unit::Seconds, None),
            ("", Unit::Seconds, None),
        ] {
            assert_eq!(micros(s.as_bytes(), unit), want, "{s}");
        }
    }

    #[test]
    fn addresses_and_sizes() {
        for (field, want) in [
            ("192.0.2.7:2817", "192.0.2.7"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:db8::1]:443", "2001:db8::1"),
            ("2001:db8::1", "2001:db8::1"),
            ("::1", "::1"),
        ] {
            assert_eq!(address(field.as_bytes()), want.as_bytes());
        }
        assert_eq!(first_address(b"192.0.2.7, 10.0.0.1"), Some(&b"192.0.2.7"[..]));
        assert_eq!(first_address(b"-"), None);
        assert_eq!(
            (size(b"0"), size(b"512"), size(b"-"), size(b"+50"), size(b"")),
            (Some(0), Some(512), None, None, None)
        );
    }

    #[test]
    fn fields_in_quotes() {
        let all =
            |s: &'static str| Fields(s.as_bytes()).map(|f| String::from_utf8_lossy(f).into_owned()).collect::<Vec<_>>();
        assert_eq!(all(r#"a "b c" "" "d \"e" f"g"#), ["a", "b c", "", "d \\\"e", "f\"g"]);
        assert_eq!(all("\"open  end"), ["\"open", "end"]);
        assert!(all("  ").is_empty());
    }
}
