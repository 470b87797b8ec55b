//! What a source is, by its first bytes.

use super::log;

/// Kinds of source that can be told apart before reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A JSON document.
    Json,
    /// A YAML document.
    Yaml,
    /// Lines: an access log, or text that will be said to be none.
    Log,
    /// An HTTP archive (HAR).
    Har,
    /// A Postman collection.
    Postman,
    /// Items saved by Burp (XML).
    Burp,
    /// Compressed or otherwise no text.
    Binary,
    /// Nothing, or only white space.
    Empty,
}

/// Tells a source by its first bytes (a few KiB are enough); the name only decides where the bytes leave it open.
pub fn sniff(name: &str, first: &[u8]) -> Kind {
    let first = first.strip_prefix(b"\xef\xbb\xbf").unwrap_or(first);
    let start = first.trim_ascii_start();
    if start.is_empty() {
        return Kind::Empty;
    }
    if [&b"\xff\xfe"[..], b"\xfe\xff"].iter().any(|bom| first.starts_with(bom)) {
        // UTF-16: the document reader says so.
        return Kind::Json;
    }
    let mut lines = start.split(|b| *b == b'\n').map(<[u8]>::trim_ascii_end).filter(|l| !l.is_empty());
    if log::detect(&log::first_lines(start), false).is_some() {
        return Kind::Log;
    }
    if is_binary(first) {
        return Kind::Binary;
    }
    if let Some(capture) = looks_captured(start) {
        return capture;
    }
    let one = lines.next().unwrap_or_default();
    match start[0] {
        b'{' => {
            // One object a line is a log, and so are several over many lines; one object over many lines is a document.
            let next = lines.next().unwrap_or_default();
            let several = [&b"\n}\n{"[..], b"\n}\r\n{"].iter().any(|b| memchr::memmem::find(start, b).is_some());
            if several || one.ends_with(b"}") && next.starts_with(b"{") { Kind::Log } else { Kind::Json }
        }
        // `[2016-04-15T…` opens a line of an Envoy log.
        b'[' if one.get(1..6).is_some_and(|y| y[..4].iter().all(u8::is_ascii_digit) && y[4] == b'-') => Kind::Log,
        b'[' => Kind::Json,
        b'#' if one.starts_with(b"#Version") || one.starts_with(b"#Fields") || one.starts_with(b"#Software") => {
            Kind::Log
        }
        _ if looks_yaml(start) => Kind::Yaml,
        _ if log::detect(&log::first_lines(start), true).is_some() => Kind::Log,
        _ => {
            let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
            match ending.as_str() {
                "yaml" | "yml" => Kind::Yaml,
                "json" => Kind::Json,
                _ => Kind::Log,
            }
        }
    }
}

/// A capture, by the members or tags it begins with.
fn looks_captured(start: &[u8]) -> Option<Kind> {
    let head = &start[..start.len().min(4096)];
    let has = |needle: &[u8]| memchr::memmem::find(head, needle).is_some();
    match start[0] {
        b'<' => has(b"<items").then_some(Kind::Burp),
        b'{' => {
            let after = head[1..].trim_ascii_start();
            if after.starts_with(b"\"log\"") && (has(b"\"entries\"") || has(b"\"creator\"") || has(b"\"pages\"")) {
                return Some(Kind::Har);
            }
            let collection = has(b"schema.getpostman.com") || has(b"schema.postman.com") || has(b"_postman_id");
            collection.then_some(Kind::Postman)
        }
        _ => None,
    }
}

/// Known archives, or text that is mostly none.
fn is_binary(first: &[u8]) -> bool {
    const MAGIC: [&[u8]; 7] =
        [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh", b"\xfd7zXZ", b"\x7fELF", b"%PDF"];
    let sample = &first[..first.len().min(4096)];
    let odd = sample.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31)).count();
    MAGIC.iter().any(|m| first.starts_with(m)) || odd * 10 > sample.len()
}

/// The first line that is no comment is a marker, or a key: `openapi: 3.0.0`.
fn looks_yaml(start: &[u8]) -> bool {
    let mut lines = start.split(|b| *b == b'\n').map(<[u8]>::trim_ascii);
    let Some(line) = lines.find(|l| !l.is_empty() && !l.starts_with(b"#")) else { return false };
    if line.starts_with(b"---") || line.starts_with(b"%YAML") {
        return true;
    }
    let key = line.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-_.'\"".contains(b)).count();
    key > 0 && line.get(key) == Some(&b':') && matches!(line.get(key + 1), None | Some(b' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let log = "1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"\n";
        for (name, bytes, kind) in [
            ("a.yaml", "{\"openapi\": \"3.0.0\"}", Kind::Json),
            ("a", "\u{feff}  {\n \"openapi\": 1", Kind::Json),
            ("a.json", "openapi: 3.1.0\n", Kind::Yaml),
            ("a.json", "# c\n---\nx: 1", Kind::Yaml),
            ("a.json", log, Kind::Log),
            ("a", "garbage: yes\nx y\n1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET /a HTTP/1.1\" 200 5", Kind::Log),
            ("a", "{\"a\":1}\n{\"a\":2}\n", Kind::Log),
            ("a", "[2016-04-15T20:17:00.310Z] \"GET", Kind::Log),
            ("a", "[1, 2]", Kind::Json),
            ("a", "{\"status\":200,\"request\":\"GET /a HTTP/1.1\"}", Kind::Log),
            ("a", "{\"openapi\":\"3.1.0\",\"paths\":{}}", Kind::Json),
            ("a", "openapi: 3.1.0\ninfo: {description: '\"GET /a HTTP/1.1\" 200'}", Kind::Yaml),
            ("a", "x \"GET /a HTTP/1.1\" status: 200", Kind::Log),
            ("a", "{\n  \"log\": {\n \"version\": \"1.2\", \"creator\": {}", Kind::Har),
            ("a", "{\"info\":{\"schema\":\"https://schema.getpostman.com/json/collection/v2.1.0/\"}", Kind::Postman),
            ("a", "<?xml version=\"1.0\"?>\n<items burpVersion=\"1\">", Kind::Burp),
            ("a.log", "\n \n", Kind::Empty),
            ("a", "", Kind::Empty),
        ] {
            assert_eq!(sniff(name, bytes.as_bytes()), kind, "{name} {bytes:?}");
        }
        assert_eq!(sniff("a", b"\x1f\x8b\x08\0"), Kind::Binary);
        assert_eq!(sniff("a", &[0; 100]), Kind::Binary);
    }
}
