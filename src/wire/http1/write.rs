//! A request as the bytes of HTTP/1, and bytes as the requests they hold.

use bytes::Bytes;

use super::super::{Headers, Request};
use super::head::{add_field, bare, end_of_head};
use super::read::{Asked, Coded, framed};
use crate::base::Untrusted;

/// Requests that are told apart in bytes; what follows is not looked at.
const MOST: usize = 64;
/// Fields of a request that are read back from bytes.
const MOST_FIELDS: usize = 1_000;

/// The bytes of a request: those it was given as, or its parts in their order. `Host` comes first where none is typed, and
/// `Content-Length` last where there is a body and nothing frames it; both in lower case where all that is typed is.
pub fn written(request: &Request) -> Bytes {
    if let Some(raw) = &request.raw {
        return raw.clone();
    }
    let headers = &request.headers;
    let lower = !headers.is_empty() && headers.iter().all(|(n, _)| !n.iter().any(u8::is_ascii_uppercase));
    let named = |name: &[u8]| headers.iter().any(|(n, _)| n.trim_ascii().eq_ignore_ascii_case(name));
    let mut out = Vec::with_capacity(256 + request.body.len());
    let mut line = |parts: &[&[u8]]| parts.iter().for_each(|p| out.extend_from_slice(p));
    line(&[&request.method, b" ", &request.target, b" HTTP/1.1\r\n"]);
    if !named(b"host") {
        line(&[if lower { b"host" } else { b"Host" }, b": ", request.origin.authority().as_bytes(), b"\r\n"]);
    }
    for (name, value) in headers {
        line(&[name, b": ", value, b"\r\n"]);
    }
    if !request.body.is_empty() && !named(b"content-length") && !named(b"transfer-encoding") {
        let name: &[u8] = if lower { b"content-length" } else { b"Content-Length" };
        line(&[name, b": ", request.body.len().to_string().as_bytes(), b"\r\n"]);
    }
    line(&[b"\r\n", &request.body]);
    out.into()
}

/// The parts of the first request in bytes, as far as they can be told apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Parts {
    /// What stands before the first space.
    pub method: Vec<u8>,
    /// What stands between that and the version.
    pub target: Vec<u8>,
    /// Fields.
    pub headers: Headers,
    /// Where the body begins.
    pub body: usize,
}

impl Parts {
    /// Reads them.
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let skipped = bytes.len() - without_empty_lines(bytes).len();
        let end = end_of_head(&bytes[skipped..], 0).map_or(bytes.len(), |end| skipped + end);
        let mut odd = Vec::new();
        let mut lines = bytes[skipped..end].split_inclusive(|b| *b == b'\n').map(|l| bare(l, &mut odd).to_vec());
        let first = lines.next().unwrap_or_default();
        let lines: Vec<Vec<u8>> = lines.take_while(|l| !l.is_empty()).collect();
        let (method, rest) = first.split_at(memchr::memchr(b' ', &first).unwrap_or(first.len()));
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let target = memchr::memmem::rfind(rest, b" HTTP/").map_or(rest, |at| &rest[..at]);
        let mut fields: Vec<(Untrusted, Untrusted)> = Vec::new();
        for line in lines {
            if !add_field(&mut fields, &line, MOST_FIELDS, &mut odd) {
                break;
            }
        }
        let headers = fields.iter().map(|(n, v)| (n.as_bytes().to_vec(), v.as_bytes().to_vec())).collect();
        Self { method: method.to_vec(), target: target.to_vec(), headers, body: end }
    }
}

/// What the requests in bytes ask for, one after the other, as a server that follows RFC 9112 tells them apart; at least one.
/// One that is not whole counts only where it is the first.
pub fn asked(bytes: &[u8]) -> Vec<Asked> {
    let mut out = Vec::new();
    let mut rest = bytes;
    while out.len() < MOST {
        rest = without_empty_lines(rest);
        if rest.is_empty() {
            break;
        }
        let Some(end) = end_of_head(rest, 0) else { break };
        let parts = Parts::read(&rest[..end]);
        out.push(Asked::of(&parts.method));
        let body = &rest[end..];
        let named = |name: &'static [u8]| {
            parts.headers.iter().filter(move |(n, _)| n.trim_ascii().eq_ignore_ascii_case(name)).map(|(_, v)| &v[..])
        };
        let coded = framed(named(b"transfer-encoding"), named(b"content-length"), &mut Vec::new());
        let length = match coded {
            Some(Coded::Chunked) => past_chunks(body),
            Some(Coded::Length(n)) => usize::try_from(n).ok().filter(|n| *n <= body.len()),
            Some(Coded::UntilClose) => None,
            None => Some(0),
        };
        let Some(length) = length else { break };
        rest = &body[length..];
    }
    if out.is_empty() {
        out.push(Asked::of(&Parts::read(bytes).method));
    }
    out
}

fn without_empty_lines(mut bytes: &[u8]) -> &[u8] {
    while let Some(after) = bytes.strip_prefix(b"\r\n").or_else(|| bytes.strip_prefix(b"\n")) {
        bytes = after;
    }
    bytes
}

/// Length of a chunked body that is whole.
fn past_chunks(body: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = &body[at..=at + memchr::memchr(b'\n', body.get(at..)?)?];
        let digits = line.split(|b| *b == b';').next()?.trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        at += line.len();
        if size == 0 {
            // Trailers end with an empty line, as a head does; the line before them is part of the search.
            return end_of_head(&body[at - 1..], 0).map(|end| at - 1 + end);
        }
        at = at.checked_add(size)?;
        at +=
            body.get(at..)?.strip_prefix(b"\r\n").map(|_| 2).or_else(|| (body.get(at) == Some(&b'\n')).then_some(1))?;
    }
}

/// Whether bytes are one head and nothing else: no second request can hide in them.
pub fn one_head(bytes: &[u8]) -> bool {
    end_of_head(bytes, 0) == Some(bytes.len()) && !matches!(bytes.first(), Some(b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str, target: &[u8]) -> Request {
        let mut r = Request::new(method, b"http://h:81/").expect("url");
        r.target = target.to_vec();
        r
    }

    #[test]
    fn what_is_typed_stands_there_byte_for_byte() {
        let r = request("G\tT", b"/a b\0\xff#x").header("x-A", "1\r\n 2").header("b ", "").header("X-a", "3");
        assert_eq!(
            &written(&r)[..],
            b"G\tT /a b\0\xff#x HTTP/1.1\r\nHost: h:81\r\nx-A: 1\r\n 2\r\nb : \r\nX-a: 3\r\n\r\n"
        );
        let mut r = request("POST", b"/").header("a", "1");
        r.body = Bytes::from_static(b"xy");
        assert_eq!(&written(&r)[..], b"POST / HTTP/1.1\r\nhost: h:81\r\na: 1\r\ncontent-length: 2\r\n\r\nxy");
        for framing in ["Content-Length", "transfer-encoding", "CONTENT-LENGTH "] {
            let mut r = request("POST", b"/").header("Host", "").header(framing, "7");
            r.body = Bytes::from_static(b"xy");
            let wanted = format!("POST / HTTP/1.1\r\nHost: \r\n{framing}: 7\r\n\r\nxy");
            assert_eq!(written(&r), wanted.as_bytes(), "a length that is typed stays, right or wrong");
        }
    }

    #[test]
    fn a_whole_request_is_told_apart_for_the_eye_and_stays_as_it_is() {
        let origin = request("GET", b"/").origin;
        let bytes = b"POST  /a b HTTP/1.0\nX: 1\r\n 2\n\nbody\r\n\r\n";
        let r = Request::whole(origin.clone(), Bytes::from_static(bytes));
        assert_eq!((&r.method[..], &r.target[..], &r.body[..]), (&b"POST"[..], &b" /a b"[..], &b"body\r\n\r\n"[..]));
        assert_eq!(r.headers, [(b"X".to_vec(), b"1 2".to_vec())]);
        assert_eq!(&written(&r)[..], bytes);
        for (bytes, method, target) in
            [(&b"GET /"[..], &b"GET"[..], &b"/"[..]), (b"", b"", b""), (b"\r\n\r\nX\r\n\r\n", b"X", b"")]
        {
            let r = Request::whole(origin.clone(), Bytes::copy_from_slice(bytes));
            assert_eq!((&r.method[..], &r.target[..]), (method, target), "{bytes:?}");
        }
    }

    #[test]
    fn requests_in_bytes_are_counted_as_a_server_does() {
        let many = |b: &[u8]| asked(b).len();
        assert_eq!(asked(b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\n\n"), [Asked::Head, Asked::Other]);
        assert_eq!(many(b"POST / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcdGET / HTTP/1.1\r\n\r\n"), 2);
        assert_eq!(many(b"POST / HTTP/1.1\r\nContent-Length: 400\r\n\r\nabcdGET / HTTP/1.1\r\n\r\n"), 1);
        let chunked =
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(many(chunked), 2);
        let chunked =
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nT: 1\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(many(chunked), 2);
        assert_eq!(many(b"GET /"), 1);
        assert_eq!(many(b""), 1);
        assert_eq!(asked(&b"GET / HTTP/1.1\r\n\r\n".repeat(1000)).len(), MOST);
        assert!(one_head(b"GET / HTTP/1.1\r\n\r\n") && one_head(b"GET /\n\n"));
        assert!(!one_head(b"GET / HTTP/1.1\r\n\r\nx") && !one_head(b"GET /\n\n\r\n") && !one_head(b"GET /"));
    }
}
