//! Bytes written as text: what is no text stands as an escape, and comes back as the byte it was.

use std::fmt::Write as _;

/// Why a text cannot be read back: where, as a byte offset, and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Byte offset of the backslash.
    pub at: usize,
    /// One sentence.
    pub what: &'static str,
}

/// Reads `\xHH`, `\r`, `\n`, `\t`, `\0` and `\\`; all else is taken as it stands.
///
/// # Errors
/// A backslash with something else behind it, at its place.
pub fn decode(text: &str) -> Result<Vec<u8>, Wrong> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        if b != b'\\' {
            out.push(b);
            at += 1;
            continue;
        }
        let wrong = || Wrong { at, what: "a backslash stands before xHH, r, n, t, 0 or another backslash" };
        let (byte, length) = match bytes.get(at + 1).ok_or_else(wrong)? {
            b'r' => (b'\r', 2),
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'0' => (0, 2),
            b'\\' => (b'\\', 2),
            b'x' => {
                let digit = |i: usize| bytes.get(at + i).and_then(|b| char::from(*b).to_digit(16));
                let (high, low) = digit(2).zip(digit(3)).ok_or_else(wrong)?;
                (u8::try_from(high << 4 | low).unwrap_or_default(), 4)
            }
            _ => return Err(wrong()),
        };
        out.push(byte);
        at += length;
    }
    Ok(out)
}

/// Writes bytes so that [`decode`] gives them back. Text and line feeds stand as they are.
pub fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '\\' => out.push_str("\\\\"),
                '\r' => out.push_str("\\r"),
                '\n' | ' '..='~' => out.push(c),
                c if c.is_control() => {
                    for b in c.encode_utf8(&mut [0; 4]).bytes() {
                        let _ = write!(out, "\\x{b:02x}");
                    }
                }
                c => out.push(c),
            }
        }
        for b in chunk.invalid() {
            let _ = write!(out, "\\x{b:02x}");
        }
    }
    out
}

/// Text as `application/x-www-form-urlencoded` writes it: letters, digits and `kept` as they are, `+` for a space, all else as
/// percent escapes.
pub fn form(text: &[u8], kept: &[u8]) -> String {
    text.iter().fold(String::with_capacity(text.len()), |mut out, b| {
        match b {
            b' ' => out.push('+'),
            b if b.is_ascii_alphanumeric() || kept.contains(b) => out.push(char::from(*b)),
            b => _ = write!(out, "%{b:02X}"),
        }
        out
    })
}

/// A message as it is written in an editor: each line break of its head is CRLF, those of its body are as they stand, and a
/// line that ends in a backslash has no break. Escapes are read unless it is `as_is`.
///
/// # Errors
/// As [`decode`]: line and sentence.
pub fn message(text: &str, as_is: bool) -> Result<Vec<u8>, (usize, &'static str)> {
    let mut out = Vec::with_capacity(text.len() + 64);
    let mut head = true;
    let mut lines = text.split('\n').enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        let is_last = lines.peek().is_none();
        // Of two backslashes the second is escaped itself.
        let open = line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1 && !as_is;
        let line = if open { &line[..line.len() - 1] } else { line };
        if as_is {
            out.extend(line.as_bytes());
        } else {
            out.extend(decode(line).map_err(|w| (number + 1, w.what))?);
        }
        if !open && !is_last {
            out.extend_from_slice(if head { b"\r\n" } else { b"\n" });
        }
        head &= !line.is_empty() || open;
    }
    Ok(out)
}

/// Bytes of a message so that [`message`] gives them back, escapes being read. No variable stands in it either.
pub fn written(bytes: &[u8]) -> String {
    let text = |part: &[u8]| {
        let text = encode(part);
        if text.contains("{{") { text.replace('{', "\\x7b") } else { text }
    };
    let mut out = String::with_capacity(bytes.len() + 64);
    let mut head = true;
    for line in bytes.split_inclusive(|b| *b == b'\n') {
        let Some(content) = line.strip_suffix(b"\n") else {
            out.push_str(&text(line));
            break;
        };
        match content.strip_suffix(b"\r") {
            Some(content) if head => {
                out.push_str(&text(content));
                head = !content.is_empty();
                out.push('\n');
            }
            _ => {
                out.push_str(&text(content));
                out.push_str(if head { "\\n\\\n" } else { "\n" });
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_read_and_others_are_named_with_their_place() {
        assert_eq!(decode("a\\x00\\xfF\\r\\n\\t\\0\\\\é").expect("read"), b"a\x00\xff\r\n\t\0\\\xc3\xa9");
        for text in ["\\", "a\\q", "\\x1", "\\xgg"] {
            let wrong = decode(text).expect_err(text);
            assert_eq!(wrong.at, text.find('\\').expect("one"), "{text}");
        }
    }

    #[test]
    fn line_breaks_of_a_head_are_crlf_unless_they_are_written_out() {
        let read = |t: &str| message(t, false).expect("read");
        assert_eq!(read("GET / HTTP/1.1\nHost: h\n\na\nb"), b"GET / HTTP/1.1\r\nHost: h\r\n\r\na\nb");
        assert_eq!(read("GET /\\x00 X\\n\\\nA: 1\\\\\n\n"), b"GET /\0 X\nA: 1\\\r\n\r\n");
        assert_eq!(message("A\\x\nb", true).expect("as it is"), b"A\\x\r\nb");
        assert_eq!(message("a\nb\\q", false).expect_err("no escape").0, 2);
    }

    proptest! {
        #[test]
        fn every_byte_comes_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&encode(&bytes)).expect("what was written is read"), bytes);
        }

        #[test]
        fn every_message_comes_back(parts in proptest::collection::vec("\r\n|\n|\r|\\\\|\\{\\{a\\}\\}|[a-z: ]{1,4}", 0..20), odd: Vec<u8>) {
            let bytes = [parts.concat().as_bytes(), &odd].concat();
            let text = written(&bytes);
            prop_assert!(!text.contains("{{"));
            prop_assert_eq!(message(&text, false).expect("what was written is read"), bytes);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            let _ = message(&text, false);
        }
    }
}
