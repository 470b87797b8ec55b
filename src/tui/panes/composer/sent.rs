//! What was sent, as the bytes that left: as text or as hexadecimal, with their hash and with all that differs from what was
//! typed.

use std::fmt::Write as _;

use super::super::text::{More, Styled, Text};
use super::response::{field, through};
use crate::base::figure::bytes;
use crate::base::hash::sha256_hex;
use crate::base::secret::{mask_body, mask_message, mask_target};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{clip, shown};
use crate::wire::{Exchange, Sender};

/// Lines that are shown of it.
const MOST_LINES: usize = 10_000;
/// Bytes of a line of hexadecimal: as many as fit beside a request.
const PER_LINE: usize = 8;

/// The lines of the tab.
pub fn text(x: &Exchange, reveal: bool, hex: bool) -> Text {
    let altered = x.altered.iter().map(|a| Styled::new(format!("{}: {}", a.by, clip(&a.what)), Role::Warn));
    let mut text = Text::new(altered.collect());
    if text.lines.is_empty() && x.sent.is_some() {
        text.push(Styled::new("sent as typed", Role::Ok), None);
    }
    if let (Sender::Raw, Some(why)) = (x.sender, &x.sender_reason) {
        let lines = vec![clip(why)];
        let more = More { copy: clip(why), title: "why the raw sender".to_owned(), lines };
        text.push(Styled::new("raw", Role::Accent).then(5, clip(why), Role::Text), Some(more));
    }
    let Some(sent) = &x.sent else {
        typed(&mut text, x, reveal);
        return text;
    };
    if let Some(whole) = x.sent_on_wire() {
        let hash = sha256_hex(whole);
        let size = bytes(whole.len() as u64);
        let lines = vec![hash.clone(), format!("SHA-256 over the {size} that left, secrets included")];
        let more = More { copy: hash.clone(), title: "the hash of what was sent".to_owned(), lines };
        text.push(Styled::new("sha-256", Role::Muted).then(9, hash, Role::Muted), Some(more));
    } else if x.sent_is_masked {
        let words = "masked when it was kept: the audit log has the hash of what left";
        text.push(Styled::new(words, Role::Muted), None);
    } else {
        let words = "HTTP/2: the header list, and the bytes of DATA; no text was on the wire";
        text.push(Styled::new(words, Role::Muted), None);
    }
    let masked = through(mask_message, sent, reveal);
    if masked.as_ref() != sent.as_ref() {
        text.push(Styled::new("secrets are masked: F4 shows the bytes as they left", Role::Muted), None);
    }
    // The list of HTTP/2 is no bytes of the wire, but its body is.
    let split = memchr::memmem::find(&masked, b"\r\n\r\n").map_or(masked.len(), |at| at + 4);
    let (list, body) = masked.split_at(if x.http2 || !hex { split } else { 0 });
    lines(&mut text, list);
    if hex {
        dump(&mut text, body);
    } else if !body.is_empty() {
        lines(&mut text, body);
    }
    text
}

fn lines(text: &mut Text, content: &[u8]) {
    if content.is_empty() {
        return;
    }
    let content = content.strip_suffix(b"\n").unwrap_or(content);
    for line in content.split(|b| *b == b'\n').take(MOST_LINES) {
        text.push(Styled::new(shown(line.strip_suffix(b"\r").unwrap_or(line)), Role::Text), None);
    }
}

/// Place, bytes and text of each line.
fn dump(text: &mut Text, content: &[u8]) {
    for (i, line) in content.chunks(PER_LINE).take(MOST_LINES).enumerate() {
        let digits = line.iter().fold(String::new(), |mut out, b| {
            let _ = write!(out, "{b:02x} ");
            out
        });
        let plain: String =
            line.iter().map(|b| if b.is_ascii_graphic() || *b == b' ' { char::from(*b) } else { '.' }).collect();
        let line = Styled::new(format!("{:06x}", i * PER_LINE), Role::Muted);
        text.push(line.then(8, digits, Role::Text).then(33, plain, Role::Comment), None);
    }
}

/// The request as typed, where nothing is known of what left.
fn typed(text: &mut Text, x: &Exchange, reveal: bool) {
    let why = match &x.response {
        Some(_) => "this protocol has no request text; the request as typed:",
        None => "nothing is known to have left; the request as typed:",
    };
    text.push(Styled::new(why, Role::Muted), None);
    let target = through(mask_target, &x.request.target, reveal);
    text.push(Styled::new(format!("{} {}", shown(&x.request.method), shown(&target)), Role::Text), None);
    for (name, value) in &x.request.headers {
        text.push(field(name, value, reveal), None);
    }
    if !x.request.body.is_empty() {
        text.push(Styled::default(), None);
        lines(text, &through(mask_body, &x.request.body, reveal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::Request;

    fn exchange(sent: &'static [u8]) -> Exchange {
        let request = Request::new("POST", b"http://h/").expect("url");
        let mut x = Exchange::new(1, Stamp::from_unix(0).expect("a time"), request);
        x.sent = Some(sent.into());
        x
    }

    fn shown(x: &Exchange, reveal: bool, hex: bool) -> Vec<String> {
        text(x, reveal, hex).lines.iter().map(Styled::text).collect()
    }

    #[test]
    fn bytes_are_shown_both_ways_with_their_hash() {
        let mut x = exchange(b"POST / HTTP/1.1\r\nA: 1\r\n\r\n\x00\xffb");
        let lines = shown(&x, false, false);
        assert_eq!(lines[0], "sent as typed");
        assert_eq!(lines[1], format!("sha-256  {}", sha256_hex(x.sent.as_deref().expect("bytes"))));
        assert_eq!(&lines[2..5], ["POST / HTTP/1.1", "A: 1", ""]);
        let hex = shown(&x, false, true);
        assert_eq!(hex[2], "000000  50 4f 53 54 20 2f 20 48   POST / H");
        x.http2 = true;
        let list = shown(&x, false, true);
        assert!(list[1].starts_with("HTTP/2") && list.iter().all(|l| !l.starts_with("sha-256")));
        assert_eq!(list.last().map(String::as_str), Some("000000  00 ff 62   ..b"));
    }

    #[test]
    fn a_secret_is_in_neither_form_until_it_is_to_be_seen() {
        let x = exchange(b"GET / HTTP/1.1\r\nAuthorization: Bearer abcdefgh\r\n\r\n");
        for hex in [false, true] {
            let all = shown(&x, false, hex).join("\n");
            assert!(!all.contains("abcdefgh") && !all.contains("61 62 63 64") && all.contains("F4"), "{all}");
        }
        assert!(shown(&x, true, false).join("\n").contains("abcdefgh"));
    }
}
