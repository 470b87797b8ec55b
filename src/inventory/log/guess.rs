//! What a log that is not read looks like, in words.

/// Goes on from "it …".
pub(super) fn looks_like(line: &[u8]) -> &'static str {
    let starts = |prefix: &[u8]| line.starts_with(prefix);
    let spread = |l: &[u8]| matches!(l.first(), Some(b'{' | b'[')) && matches!(l.last(), Some(b'{' | b'['));
    if spread(line.trim_ascii()) {
        "looks like JSON whose records go over several lines, and one a line is read (jq -c . writes them so)"
    } else if starts(b"{") {
        "looks like JSON, one object a line"
    } else if starts(b"#Fields") || starts(b"#Version") || starts(b"#Software") || starts(b"#Date") {
        "looks like a W3C extended log (IIS, CloudFront)"
    } else if [&b"http "[..], b"https ", b"h2 ", b"grpcs ", b"ws ", b"wss "].iter().any(|p| starts(p)) {
        "looks like an AWS load balancer log"
    } else if starts(b"[") && line.get(1).is_some_and(u8::is_ascii_digit) && memchr::memchr(b'T', line) == Some(11) {
        "looks like an Envoy log"
    } else if starts(b"<") {
        "looks like XML"
    } else if memchr::memmem::find(line, b"haproxy[").is_some() {
        "looks like a HAProxy log"
    } else if memchr::memchr(0, line).is_some() {
        "looks like a binary file"
    } else {
        "has no shape that is known"
    }
}
