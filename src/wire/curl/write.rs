//! A request as a curl command that sends the same bytes.

use std::fmt::Write as _;

use crate::base::secret::{mask_body, mask_header, mask_target};
use crate::base::text::display;
use crate::wire::{HttpChoice, Request};

/// A command, and what curl would send otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// For bash, zsh and ksh, which know `$'…'`; a POSIX shell does for all that is text.
    pub command: String,
    /// What curl changes, a sentence each. Empty where it sends the same bytes on HTTP/1.1.
    pub changes: Vec<String>,
    /// Something in it was masked.
    pub masked: bool,
}

/// Writes a command for a request. Headers that lunette adds by itself are expected in it.
pub fn write(request: &Request, http: HttpChoice, insecure: bool, show: bool) -> Export {
    let mut changes = Vec::new();
    if request.raw.is_some() {
        changes.push("curl cannot send bytes that are given whole; this is what can be read of them".to_owned());
    }
    let mut words: Vec<String> = vec!["curl".to_owned(), "-g".to_owned(), "--path-as-is".to_owned()];
    match http {
        HttpChoice::Auto => {}
        HttpChoice::Http1 => words.push("--http1.1".to_owned()),
        HttpChoice::Http2 if request.origin.scheme == crate::wire::Scheme::Http => {
            words.push("--http2-prior-knowledge".to_owned());
        }
        HttpChoice::Http2 => words.push("--http2".to_owned()),
    }
    if insecure {
        words.push("-k".to_owned());
    }
    method(request, &mut words, &mut changes);
    let masked_target = if show { request.target.clone() } else { mask_target(&request.target) };
    let mut masked = masked_target != request.target;
    target(request, &masked_target, &mut words, &mut changes);
    masked |= headers(request, show, &mut words, &mut changes);
    let mut before = String::new();
    if !request.body.is_empty() {
        let body = if show { request.body.to_vec() } else { mask_body(&request.body) };
        masked |= body != request.body;
        if body.contains(&0) || body.len() > LONGEST_ARGUMENT {
            // No argument can hold a zero byte or so much; printf is a part of the shell and can write either.
            before = format!("printf {} | ", quote(octal(&body).as_bytes()));
            words.extend(["--data-binary".to_owned(), "@-".to_owned()]);
        } else {
            words.extend(["--data-raw".to_owned(), quote(&body)]);
        }
        if body.len() >= EXPECTS {
            words.extend(["-H".to_owned(), "Expect:".to_owned()]);
        }
    }
    Export { command: format!("{before}{}", words.join(" ")), changes, masked }
}

/// Linux passes at most 128 KiB in one argument.
const LONGEST_ARGUMENT: usize = 100_000;
/// From so many bytes on curl asks first whether the server wants them.
const EXPECTS: usize = 1 << 20;

fn method(request: &Request, words: &mut Vec<String>, changes: &mut Vec<String>) {
    match request.method.as_slice() {
        b"GET" if request.body.is_empty() => {}
        b"POST" if !request.body.is_empty() => {}
        // With -X HEAD curl would wait for a body.
        b"HEAD" if request.body.is_empty() => words.push("--head".to_owned()),
        method => {
            if method.is_empty() || method.contains(&0) {
                changes.push(format!("no argument can hold the method {}", display(method)));
            }
            words.extend(["-X".to_owned(), quote(method)]);
        }
    }
}

/// The URL, and the target apart where a URL parser would refuse or change it.
fn target(request: &Request, target: &[u8], words: &mut Vec<String>, changes: &mut Vec<String>) {
    if target.contains(&0) {
        changes.push("no argument can hold the zero byte of the target".to_owned());
    }
    let plain = target.first() == Some(&b'/')
        && target.iter().all(|b| b.is_ascii_alphanumeric() || b"/-._~?&=%+,:;@!$'()*|^`{}[]\"<>\\".contains(b));
    if plain {
        words.push(quote(&[request.origin.to_string().as_bytes(), target].concat()));
    } else {
        words.extend(["--request-target".to_owned(), quote(target)]);
        words.push(quote(format!("{}/", request.origin).as_bytes()));
    }
}

/// The headers in order; true when something was masked.
fn headers(request: &Request, show: bool, words: &mut Vec<String>, changes: &mut Vec<String>) -> bool {
    let has = |name: &str| request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes()));
    for (name, when) in [("User-Agent", true), ("Accept", true), ("Content-Type", !request.body.is_empty())] {
        if when && !has(name) {
            words.extend(["-H".to_owned(), quote(format!("{name}:").as_bytes())]);
        }
    }
    // Where all that is typed is in lower case, so is what is added.
    let lower =
        !request.headers.is_empty() && !request.headers.iter().any(|(n, _)| n.iter().any(u8::is_ascii_uppercase));
    if lower && !has("host") {
        changes.push("curl writes Host where host is sent".to_owned());
    }
    let mut masked = false;
    let mut hosts = 0;
    for (at, (name, value)) in request.headers.iter().enumerate() {
        let shown = display(name);
        let is = |other: &str| name.eq_ignore_ascii_case(other.as_bytes());
        if is("host") {
            hosts += 1;
            if hosts == 2 {
                changes.push("curl sends one Host".to_owned());
            } else if at > 0 {
                changes.push("curl sends Host first".to_owned());
            } else if name != b"Host" {
                changes.push(format!("curl writes Host where {shown} is typed"));
            }
        }
        if is("transfer-encoding") {
            changes.push("curl reads Transfer-Encoding as an order and encodes the body itself".to_owned());
        }
        if is("content-length") && value.as_slice() != request.body.len().to_string().as_bytes() {
            changes.push("curl may hang up where Content-Length is not that of the body".to_owned());
        }
        if is("expect") {
            changes.push("curl waits for the reply that Expect asks for".to_owned());
        }
        if name.is_empty() || name.contains(&b':') || name.contains(&0) || value.contains(&0) {
            changes.push(format!("no argument of curl can hold the header {shown}"));
            continue;
        }
        if name.iter().chain(value).any(|b| matches!(b, b'\r' | b'\n')) {
            changes.push(format!("curl does not send the line break in {shown}"));
        }
        if name.first() == Some(&b'@') {
            changes.push(format!("curl reads a file for the header {shown}"));
        }
        let value = if show { value.clone() } else { mask_header(name, value) };
        masked |= value != request.headers[at].1;
        if value.trim_ascii().is_empty() {
            if !value.is_empty() {
                changes.push(format!("curl leaves out the white space of {shown}"));
            }
            // An empty header goes without the space after its colon.
            changes.push(format!("curl writes {shown}: without a space after the colon"));
            words.extend(["-H".to_owned(), quote(&[name, &b";"[..]].concat())]);
        } else {
            words.extend(["-H".to_owned(), quote(&[name, &b": "[..], &value].concat())]);
        }
    }
    masked
}

/// A word that a shell hands on unchanged, whatever is in it.
pub fn quote(word: &[u8]) -> String {
    let safe = |b: &u8| b.is_ascii_alphanumeric() || b"/-._:@%+=,".contains(b);
    if !word.is_empty() && word.iter().all(safe) {
        return String::from_utf8_lossy(word).into_owned();
    }
    let text = std::str::from_utf8(word)
        .ok()
        .filter(|t| !t.chars().any(crate::base::text::is_hazard) && !t.contains(char::is_control));
    if let Some(text) = text {
        return format!("'{}'", text.replace('\'', "'\\''"));
    }
    // Every byte that is no plain character is written by its number, so that no terminal acts on it either.
    let mut out = String::from("$'");
    for b in word {
        match b {
            b'\'' | b'\\' => out.extend(['\\', char::from(*b)]),
            b' '..=b'~' => out.push(char::from(*b)),
            b => _ = write!(out, "\\{b:03o}"),
        }
    }
    out.push('\'');
    out
}

/// Bytes as printf reads them.
fn octal(bytes: &[u8]) -> String {
    let mut out = String::new();
    for b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            b'%' => out.push_str("%%"),
            b' '..=b'~' => out.push(char::from(*b)),
            b => _ = write!(out, "\\{b:03o}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::curl::{Data, read};
    use proptest::prelude::*;

    fn request(target: &str) -> Request {
        let mut request = Request::new("GET", b"http://h:81/").expect("url");
        request.target = target.as_bytes().to_vec();
        request
    }

    #[test]
    fn commands() {
        let plain = |r: &Request| write(r, HttpChoice::Auto, false, true);
        let get = plain(&request("/a/../b?x=1&y='").header("Accept", "*/*"));
        assert_eq!(
            get.command,
            "curl -g --path-as-is 'http://h:81/a/../b?x=1&y='\\''' -H User-Agent: -H 'Accept: */*'"
        );
        assert!(get.changes.is_empty() && !get.masked);
        let mut post = request("/a b#\u{e9}").header("A", "1");
        post.method = b"POST".to_vec();
        post.body = vec![b'a', 0, b'%', b'\\'].into();
        let post = plain(&post);
        assert!(
            post.command.starts_with(
                "printf 'a\\000%%\\\\' | curl -g --path-as-is --request-target '/a b#\u{e9}' http://h:81/ "
            )
        );
        assert!(post.command.ends_with("--data-binary @-"));
        let mut secret = request("/").header("Authorization", "Bearer abcdefghijklmnop");
        secret.method = b"HEAD".to_vec();
        let masked = write(&secret, HttpChoice::Http2, true, false);
        assert!(masked.masked && !masked.command.contains("abcdefgh"), "{}", masked.command);
        assert!(masked.command.starts_with("curl -g --path-as-is --http2-prior-knowledge -k --head http://h:81/"));
    }

    #[test]
    fn what_curl_would_change_is_said() {
        for (name, value, change) in [
            ("Host", "x", "Host first"),
            ("Transfer-Encoding", "chunked", "encodes the body"),
            ("Content-Length", "7", "hang up"),
            ("X", "", "without a space"),
            ("X", "a\r\n b", "line break"),
            ("X", "a\0", "no argument"),
            ("@x", "1", "reads a file"),
        ] {
            let typed = request("/").header("A", "1").header(name, value);
            let changes = write(&typed, HttpChoice::Auto, false, true).changes;
            assert!(changes.iter().any(|c| c.contains(change)), "{name}: {changes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            method in "[A-Z]{1,8}", target in "/[ -~\u{e9}]{0,30}", value in "[!-~]([ -~]{0,20}[!-~])?",
            body in "[ -~\u{e9}\n\t]{0,40}",
        ) {
            let mut typed = request(&target).header("X-A", &value);
            typed.method = method.into_bytes();
            typed.body = body.into_bytes().into();
            let export = write(&typed, HttpChoice::Auto, false, true);
            let again = read(&export.command).expect("a command");
            prop_assert_eq!(&again.method, &typed.method);
            prop_assert!(again.headers.contains(&(b"X-A".to_vec(), value.into_bytes())));
            let whole = again.target.unwrap_or_else(|| again.url[b"http://h:81".len()..].to_vec());
            prop_assert_eq!(&whole, &typed.target);
            let body = match again.body { Data::Bytes(bytes) => bytes, _ => Vec::new() };
            prop_assert_eq!(&body[..], &typed.body[..]);
        }

        #[test]
        fn a_quoted_word_is_one_word(word in proptest::collection::vec(1u8.., 0..40)) {
            let quoted = quote(&word);
            prop_assert!(!quoted.bytes().any(|b| b < b' ' || b == 0x7f));
            let words = crate::wire::curl::words::split(&format!("curl {quoted}")).expect("words");
            prop_assert_eq!(words.words.get(1), Some(&word));
            prop_assert!(words.notes.is_empty());
        }
    }
}
