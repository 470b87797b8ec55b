//! How the values of secret members are masked in bytes of any kind. Everything here works on bytes that do not parse and
//! takes one pass: a body that is cut short or holds one bad byte keeps its secrets no less.

use memchr::memmem;

use super::secret::{MASK, is_secret_member, is_secret_parameter};

/// A body with the values of secret members masked.
pub fn body(bytes: &[u8]) -> Vec<u8> {
    let start = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    let is_json = matches!(start.first(), Some(b'{' | b'['));
    let out = json(bytes, is_json);
    let out = pairs(&userinfo(&out), !is_json && begins_like_a_form(start));
    parts(&out)
}

/// Masks the value of every secret member. Outside JSON a string ends with its line, so that a stray quote loses one line.
fn json(b: &[u8], is_json: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    let mut at = 0;
    // The value that comes next is a secret; and how many brackets deep inside a secret value this is.
    let (mut next, mut inside) = (false, 0_usize);
    while at < b.len() {
        let c = b[at];
        let mut end = at + 1;
        match c {
            b'"' => {
                end = string_end(b, at, is_json);
                let is_name = b[end..].iter().find(|c| !c.is_ascii_whitespace()) == Some(&b':');
                if is_name {
                    next = inside == 0 && is_secret_name(&b[at..end]);
                } else if std::mem::take(&mut next) || inside > 0 {
                    masked(&mut out);
                    at = end;
                    continue;
                }
            }
            b'{' | b'[' => inside += usize::from(std::mem::take(&mut next) || inside > 0),
            b'}' | b']' => inside = inside.saturating_sub(1),
            b'-' | b'0'..=b'9' if next || inside > 0 => {
                while b.get(end).is_some_and(|c| matches!(c, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
                    end += 1;
                }
                next = false;
                masked(&mut out);
                at = end;
                continue;
            }
            b':' => {}
            c if c.is_ascii_whitespace() => {}
            _ => next = false,
        }
        out.extend_from_slice(&b[at..end]);
        at = end;
    }
    out
}

/// A mask where a JSON value stood, so that JSON stays JSON.
fn masked(out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(MASK.as_bytes());
    out.push(b'"');
}

/// Whether a quoted member name is a secret's; its escapes are undone where they can be.
fn is_secret_name(quoted: &[u8]) -> bool {
    match serde_json::from_slice::<String>(quoted) {
        Ok(name) => is_secret_member(&name),
        Err(_) => is_secret_member(&String::from_utf8_lossy(quoted)),
    }
}

/// Index after the closing quote of the string that opens at `at`, or where it breaks off.
fn string_end(b: &[u8], at: usize, across_lines: bool) -> usize {
    let mut i = at + 1;
    while i < b.len() {
        match b[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            b'\n' if !across_lines => return i,
            _ => i += 1,
        }
    }
    b.len()
}

/// Masks `name=value` where the name is a secret parameter's and stands at the start, at the start of a line, or after a
/// separator of a URL, a form or a quotation. In a form a value ends at `&` or with its line; elsewhere also where a URL
/// inside other text ends.
pub fn pairs(b: &[u8], is_form: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    // Copied until `done`; names are looked for from `from` on.
    let (mut done, mut from) = (0, 0);
    while let Some(offset) = memchr::memchr(b'=', &b[from..]) {
        let equals = from + offset;
        let name = b[from..equals].iter().rposition(|c| !is_name_byte(*c)).map_or(from, |i| from + i + 1);
        let leads =
            name == 0 || matches!(b[name - 1], b'?' | b'&' | b'#' | b';' | b'\n' | b'\r' | b'"' | b'\'' | b'\\');
        from = equals + 1;
        if !leads || !is_secret_parameter(&b[name..equals]) {
            continue;
        }
        let end = from + value_length(&b[from..], is_form);
        if end > from {
            out.extend_from_slice(&b[done..from]);
            out.extend_from_slice(MASK.as_bytes());
            (done, from) = (end, end);
        }
    }
    out.extend_from_slice(&b[done..]);
    out
}

fn value_length(value: &[u8], is_form: bool) -> usize {
    let ends = |c: &u8| match c {
        b'&' | b'\n' | b'\r' => true,
        b'"' | b'\'' | b'<' | b'>' | b'\\' | b';' | b'#' => !is_form,
        c => !is_form && c.is_ascii_whitespace(),
    };
    if !is_form && let Some(quote @ (b'"' | b'\'')) = value.first() {
        return memchr::memchr2(*quote, b'\n', &value[1..]).map_or(value.len(), |i| i + 1);
    }
    value.iter().position(ends).unwrap_or(value.len())
}

/// Bytes of which names of parameters are made, as typed or escaped.
fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'%' | b'[' | b']' | b'+' | b'$' | b'~' | b':')
}

fn begins_like_a_form(start: &[u8]) -> bool {
    memchr::memchr(b'=', start).is_some_and(|i| i > 0 && start[..i].iter().all(|b| is_name_byte(*b)))
}

/// A name without its percent escapes.
pub fn unescaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    let mut at = 0;
    while at < name.len() {
        let digit = |i: usize| name.get(i).and_then(|b| char::from(*b).to_digit(16));
        match (name[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push(u8::try_from(high * 16 + low).unwrap_or(b'%'));
                at += 3;
            }
            (b, ..) => {
                out.push(b);
                at += 1;
            }
        }
    }
    out
}

/// Masks the credential between `://` and `@`.
pub fn userinfo(b: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    let mut done = 0;
    for start in memmem::find_iter(b, b"://").map(|i| i + 3) {
        if start < done {
            continue;
        }
        let rest = &b[start..];
        // Longer than this is no credential; the bound keeps many marks without an end linear.
        let rest = &rest[..rest.len().min(4_096)];
        let end = rest
            .iter()
            .position(|c| matches!(c, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>') || c.is_ascii_whitespace())
            .unwrap_or(rest.len());
        if let Some(at) = memchr::memrchr(b'@', &rest[..end]) {
            out.extend_from_slice(&b[done..start]);
            out.extend_from_slice(MASK.as_bytes());
            done = start + at;
        }
    }
    out.extend_from_slice(&b[done..]);
    out
}

/// Masks the value of every part of a multipart form (RFC 7578) whose name is a secret parameter's.
fn parts(b: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(b.len());
    let mut done = 0;
    for mark in memmem::find_iter(b, b"form-data;") {
        if mark < done {
            continue;
        }
        let line_end = memchr::memchr(b'\n', &b[mark..]).map_or(b.len(), |i| mark + i);
        let line = &b[mark..line_end];
        let Some(name) = memmem::find(line, b"name=").map(|i| &line[i + 5..]) else { continue };
        let name = name.split(|c| *c == b';').next().unwrap_or_default().trim_ascii();
        if !is_secret_parameter(name) {
            continue;
        }
        let Some(value) = blank_line(&b[line_end..]).map(|i| line_end + i) else { continue };
        let end = memmem::find(&b[value..], b"\n--").map_or(b.len(), |i| value + i);
        let end = if end > value && b[end - 1] == b'\r' { end - 1 } else { end };
        out.extend_from_slice(&b[done..value]);
        out.extend_from_slice(MASK.as_bytes());
        done = end;
    }
    out.extend_from_slice(&b[done..]);
    out
}

/// Index after the blank line that ends the header fields which `b` begins in.
fn blank_line(b: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(i) = memchr::memchr(b'\n', &b[at..]) {
        at += i + 1;
        match &b[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
    None
}
