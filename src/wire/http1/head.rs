//! The head of a message: its lines and fields.

use super::super::oddity::{Odd, Oddity, note};
use super::read::{Coded, framed};
use crate::base::Untrusted;
use crate::base::text::display;

/// The head of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// `HTTP/1.1`, or whatever stands there.
    pub version: String,
    /// Status code; 0 where none can be read.
    pub status: u16,
    /// Reason phrase.
    pub reason: Untrusted,
    /// Fields in order; the name of one without a colon is its whole line.
    pub fields: Vec<(Untrusted, Untrusted)>,
    /// Whether there were more fields than are kept.
    pub too_many: bool,
}

/// Where the first head in `bytes` ends, its empty line included; a line may end with LF alone. The search begins at `from`.
pub fn end_of_head(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from.saturating_sub(2);
    while let Some(i) = memchr::memchr(b'\n', &bytes[at..]) {
        at += i + 1;
        match bytes.get(at..) {
            Some([b'\n', ..]) => return Some(at + 1),
            Some([b'\r', b'\n', ..]) => return Some(at + 2),
            _ => {}
        }
    }
    None
}

/// A line without its end.
pub fn bare<'a>(line: &'a [u8], odd: &mut Vec<Oddity>) -> &'a [u8] {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    if let Some(text) = text.strip_suffix(b"\r") {
        return text;
    }
    note(odd, Odd::BareLf, String::new);
    text
}

impl Head {
    /// Reads a whole head, at most `most` fields of it, and notes what is odd. White space around a value is not part of it, a
    /// field that is folded is put together with a space (RFC 9112 section 5.2).
    pub fn read(bytes: &[u8], most: usize, odd: &mut Vec<Oddity>) -> Self {
        let mut lines = bytes.split_inclusive(|b| *b == b'\n');
        let mut head = Self::default();
        head.status_line(bare(lines.next().unwrap_or_default(), odd), odd);
        for line in lines {
            let line = bare(line, odd);
            if line.is_empty() {
                break;
            }
            if !add_field(&mut head.fields, line, most, odd) {
                head.too_many = true;
                break;
            }
        }
        head
    }

    fn status_line(&mut self, line: &[u8], odd: &mut Vec<Oddity>) {
        let mut words = line.splitn(3, |b| *b == b' ');
        let version = words.next().unwrap_or_default();
        let code = words.next().unwrap_or_default();
        self.reason = words.next().unwrap_or_default().into();
        self.version = display(&version[..version.len().min(32)]);
        let is_version =
            matches!(version, [b'H', b'T', b'T', b'P', b'/', a, b'.', b] if a.is_ascii_digit() && b.is_ascii_digit());
        let digits = !code.is_empty() && code.iter().all(u8::is_ascii_digit);
        self.status =
            std::str::from_utf8(code).ok().filter(|_| digits).and_then(|c| c.parse().ok()).unwrap_or_default();
        if !is_version || code.len() != 3 || self.status < 100 {
            note(odd, Odd::StatusLine, || display(&line[..line.len().min(60)]));
        }
        if self.reason.as_bytes().iter().any(|b| is_control(*b)) {
            note(odd, Odd::ControlByte, || "in the reason phrase".to_owned());
        }
    }

    /// How the end of the body is told, with what is odd in that; `None` where nothing tells it.
    pub fn framing(&self, odd: &mut Vec<Oddity>) -> Option<Coded> {
        let coded = framed(self.all(b"transfer-encoding"), self.all(b"content-length"), odd);
        if self.version == "HTTP/1.0" && self.all(b"transfer-encoding").next().is_some() {
            note(odd, Odd::CodingInHttp10, String::new);
        }
        coded
    }

    /// Every value of a field, by its name without white space around it.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let named = move |n: &Untrusted| n.as_bytes().trim_ascii().eq_ignore_ascii_case(name);
        self.fields.iter().filter(move |(n, _)| named(n)).map(|(_, v)| v.as_bytes())
    }
}

fn is_control(b: u8) -> bool {
    (b < b' ' && b != b'\t') || b == 0x7f
}

/// Adds the field of one line; false when there are `most` already.
pub fn add_field(fields: &mut Vec<(Untrusted, Untrusted)>, line: &[u8], most: usize, odd: &mut Vec<Oddity>) -> bool {
    if memchr::memchr(b'\r', line).is_some() {
        note(odd, Odd::BareCr, || display(&line[..line.len().min(60)]));
    }
    if matches!(line.first(), Some(b' ' | b'\t'))
        && let Some((name, value)) = fields.last_mut()
    {
        note(odd, Odd::Folded, || display(name.as_bytes()));
        *value = [value.as_bytes(), line.trim_ascii()].join(&b' ').into();
        return true;
    }
    if fields.len() == most {
        return false;
    }
    let (name, value) = if let Some(colon) = memchr::memchr(b':', line) {
        (&line[..colon], line[colon + 1..].trim_ascii())
    } else {
        note(odd, Odd::NoColon, || display(&line[..line.len().min(60)]));
        (line, &[][..])
    };
    if name.last().is_some_and(|b| matches!(b, b' ' | b'\t')) {
        note(odd, Odd::SpaceBeforeColon, || display(name));
    }
    if name.iter().chain(value).any(|b| is_control(*b) && *b != b'\r') {
        note(odd, Odd::ControlByte, || format!("in {}", display(name)));
    }
    fields.push((name.into(), value.into()));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_keeps_case_order_and_duplicates() {
        let raw = b"HTTP/1.1 200 Very OK\r\nX-CaSe: 1\r\nSet-Cookie: a\r\nB:2\r\nSet-Cookie: b \r\n\r\n";
        let mut odd = Vec::new();
        let head = Head::read(raw, 4, &mut odd);
        assert_eq!((head.version.as_str(), head.status, head.reason.lossy().as_ref()), ("HTTP/1.1", 200, "Very OK"));
        let names: Vec<String> = head.fields.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(names, ["X-CaSe=1", "Set-Cookie=a", "B=2", "Set-Cookie=b"]);
        assert!(odd.is_empty() && !head.too_many);
        assert!(Head::read(raw, 3, &mut odd).too_many);
    }

    #[test]
    fn what_is_odd_is_noted_and_kept() {
        let mut odd = Vec::new();
        let head = Head::read(
            b"HTTP/1.1 1000 Odd\nX-Note: a\r\n b\r\n\tc\r\nX-Other : c\r\nnothing\r\nN: a\0b\r\nR: a\rb\r\n\r\n",
            10,
            &mut odd,
        );
        let fields: Vec<(&[u8], &[u8])> = head.fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
        let wanted: [(&[u8], &[u8]); 5] =
            [(b"X-Note", b"a b c"), (b"X-Other ", b"c"), (b"nothing", b""), (b"N", b"a\0b"), (b"R", b"a\rb")];
        assert_eq!(fields, wanted);
        assert_eq!(head.status, 1000);
        let kinds: Vec<Odd> = odd.iter().map(|o| o.odd).collect();
        for kind in [
            Odd::StatusLine,
            Odd::BareLf,
            Odd::Folded,
            Odd::SpaceBeforeColon,
            Odd::NoColon,
            Odd::ControlByte,
            Odd::BareCr,
        ] {
            assert!(kinds.contains(&kind), "{kind:?} in {kinds:?}");
        }
        assert_eq!(head.all(b"x-other").count(), 1, "framing sees through white space");
    }

    #[test]
    fn a_head_ends_at_its_first_empty_line() {
        for (bytes, end) in [
            (&b"a\r\n\r\nb"[..], Some(5)),
            (b"a\n\nb", Some(3)),
            (b"a\n\r\nb", Some(4)),
            (b"a\r\n\r", None),
            (b"a\r\nb\r\n", None),
        ] {
            assert_eq!(end_of_head(bytes, 0), end);
            if let Some(end) = end {
                assert_eq!(end_of_head(bytes, end - 1), Some(end), "a search that goes on finds it");
            }
        }
    }
}
