//! A reply read from a file: a raw HTTP response, or an exchange document as [`crate::report`] writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::{Exchange, Request, Response, TlsFacts};
use crate::base::{Error, Result, Stamp, Untrusted};

/// Header fields that are read.
const MOST_HEADERS: usize = 5_000;

/// What a file held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Saved {
    /// The exchange.
    pub exchange: Exchange,
    /// Whether its request is known: a raw response has none.
    pub request_known: bool,
}

/// Reads a reply. `url` says where a raw response came from, and stands before what a document says.
///
/// # Errors
/// When it is neither, or when a raw response comes without a URL.
pub fn read(bytes: &[u8], url: Option<&[u8]>, now: Stamp) -> Result<Saved> {
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"{") {
        return document(start, url, now);
    }
    let Some(url) = url else {
        return Err(Error::input("a raw response does not say where it came from").hint("add --url URL"));
    };
    let mut exchange = Exchange::new(0, now, Request::new("GET", url)?);
    exchange.response = Some(response(bytes)?);
    Ok(Saved { exchange, request_known: false })
}

/// Reads a raw HTTP/1 response, leniently: lines may end with LF alone, folded lines are joined, interim replies before the
/// last one are skipped. `HTTP/2 200` as some clients print it is read as well.
///
/// # Errors
/// When it does not begin with a status line.
pub fn response(bytes: &[u8]) -> Result<Response> {
    let mut rest = bytes.trim_ascii_start();
    loop {
        let (mut response, body) = head(rest)?;
        // 101 changes the protocol, and what follows is no reply.
        let interim = (100..200).contains(&response.status) && response.status != 101;
        if interim && body.trim_ascii_start().starts_with(b"HTTP/") {
            rest = body.trim_ascii_start();
            continue;
        }
        let chunked = response.all("transfer-encoding").any(|v| v.lossy().to_ascii_lowercase().contains("chunked"));
        let body = if chunked { unchunked(body).unwrap_or_else(|| body.to_vec()) } else { body.to_vec() };
        response.wire_bytes = body.len() as u64;
        response.decoded_bytes = body.len() as u64;
        response.body = Bytes::from(body);
        return Ok(response);
    }
}

fn head(bytes: &[u8]) -> Result<(Response, &[u8])> {
    let fail = |what: &str| {
        Error::input(what).hint("give a raw HTTP response, as curl -i prints it, or a document of lunette send")
    };
    let (first, mut rest) = line(bytes);
    let text = String::from_utf8_lossy(first).into_owned();
    let mut words = text.splitn(3, ' ');
    let version = words.next().filter(|v| v.starts_with("HTTP/") && v.len() <= 8);
    let status = words.next().filter(|s| s.len() == 3).and_then(|s| s.parse::<u16>().ok()).filter(|s| *s >= 100);
    let (Some(version), Some(status)) = (version, status) else {
        return Err(fail("it does not begin with a status line").at("line 1"));
    };
    let reason = words.next().unwrap_or_default();
    let mut headers: Vec<(Untrusted, Untrusted)> = Vec::new();
    let mut folded: Option<Vec<u8>> = None;
    for number in 2.. {
        let (field, after) = line(rest);
        let ends = field.is_empty() || rest.is_empty();
        let continues = matches!(field.first(), Some(b' ' | b'\t'));
        if let (Some(value), false) = (&mut folded, continues) {
            if let Some(last) = headers.last_mut() {
                last.1 = std::mem::take(value).into();
            }
            folded = None;
        }
        rest = after;
        if ends {
            break;
        }
        if continues {
            if let Some((_, value)) = headers.last() {
                let so_far = folded.get_or_insert_with(|| value.as_bytes().to_vec());
                so_far.push(b' ');
                so_far.extend_from_slice(field.trim_ascii());
            }
            continue;
        }
        if headers.len() == MOST_HEADERS {
            return Err(fail("it has too many headers").at(format!("line {number}")));
        }
        let Some(colon) = memchr::memchr(b':', field) else {
            return Err(fail("this header has no colon").at(format!("line {number}")));
        };
        headers.push((field[..colon].trim_ascii().to_vec().into(), field[colon + 1..].trim_ascii().to_vec().into()));
    }
    let response =
        Response { version: version.to_owned(), status, reason: reason.into(), headers, ..Response::default() };
    Ok((response, rest))
}

/// The first line without its end, and what follows it.
fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'\n', bytes) {
        Some(at) => (bytes[..at].strip_suffix(b"\r").unwrap_or(&bytes[..at]), &bytes[at + 1..]),
        None => (bytes, &[]),
    }
}

/// The content of a chunked body; `None` where it was taken apart already.
fn unchunked(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    loop {
        let (size, rest) = line(body);
        let digits = size.split(|b| *b == b';').next()?.trim_ascii();
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if size == 0 {
            return Some(out);
        }
        out.extend_from_slice(rest.get(..size)?);
        body = line(&rest[size..]).1;
    }
}

fn document(bytes: &[u8], url: Option<&[u8]>, now: Stamp) -> Result<Saved> {
    let fail = |what: String| Error::input(what).hint("give a document of lunette send --format json");
    let doc: Value = serde_json::from_slice(bytes)
        .map_err(|e| fail("it is not JSON that can be read".to_owned()).at(format!("line {}", e.line())))?;
    if doc["schema"] != "lunette.exchange/1" {
        return Err(fail("it is JSON, and no exchange document".to_owned()).at("/schema"));
    }
    let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
    let pairs = |v: &Value| -> Vec<(String, String)> {
        let list = v.as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().take(MOST_HEADERS).map(|p| (text(&p[0]), text(&p[1]))).collect()
    };
    let written = text(&doc["request"]["url"]);
    let mut request = Request::new(&text(&doc["request"]["method"]), url.unwrap_or(written.as_bytes()))?;
    let headers = pairs(&doc["request"]["headers"]);
    request.headers = headers.into_iter().map(|(n, v)| (n.into_bytes(), v.into_bytes())).collect();
    let started = doc["started"].as_str().and_then(Stamp::parse).unwrap_or(now);
    let mut exchange = Exchange::new(0, started, request);
    let tls = &doc["tls"];
    if tls.is_object() {
        let faults = tls["faults"].as_array().map(Vec::as_slice).unwrap_or_default();
        exchange.tls = Some(TlsFacts {
            version: text(&tls["version"]),
            faults: faults.iter().map(text).collect(),
            ..TlsFacts::default()
        });
    }
    let response = &doc["response"];
    if response.is_object() {
        let body = STANDARD.decode(text(&response["body_base64"])).unwrap_or_default();
        exchange.response = Some(Response {
            version: text(&response["version"]),
            status: response["status"].as_u64().and_then(|s| u16::try_from(s).ok()).unwrap_or_default(),
            reason: text(&response["reason"]).into(),
            headers: pairs(&response["headers"]).into_iter().map(|(n, v)| (n.into(), v.into())).collect(),
            trailers: pairs(&response["trailers"]).into_iter().map(|(n, v)| (n.into(), v.into())).collect(),
            truncated: response["truncated"].as_bool().unwrap_or_default(),
            wire_bytes: response["wire_bytes"].as_u64().unwrap_or(body.len() as u64),
            decoded_bytes: response["decoded_bytes"].as_u64().unwrap_or(body.len() as u64),
            body: body.into(),
            ..Response::default()
        });
    }
    Ok(Saved { exchange, request_known: true })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn now() -> Stamp {
        Stamp::from_unix(0).expect("epoch")
    }

    #[test]
    fn raw_responses_are_read_leniently() {
        let r =
            response(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 All right\r\nA: 1\r\n 2\r\n\t3\r\nA:4\r\n\r\n{}\n")
                .expect("read");
        assert_eq!((r.status, r.reason.lossy().as_ref()), (200, "All right"));
        let values: Vec<String> = r.all("a").map(|v| v.lossy().into_owned()).collect();
        assert_eq!(values, ["1 2 3", "4"]);
        assert_eq!(r.body.as_ref(), b"{}\n");
        let r = response(b"\nHTTP/2 204 \nx: y").expect("read");
        assert_eq!((r.status, r.headers.len(), r.body.len()), (204, 1, 0));
        let r = response(b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\n{}\r\n0\r\n\r\n").expect("read");
        assert_eq!(r.body.as_ref(), b"{}");
        let r = response(b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n{\"a\":1}").expect("read");
        assert_eq!(r.body.as_ref(), b"{\"a\":1}", "taken apart already");
    }

    #[test]
    fn what_is_neither_says_so_with_its_line() {
        for (bytes, words) in [
            (&b"<html>"[..], "line 1: it does not begin with a status line"),
            (b"", "line 1"),
            (b"HTTP/1.1 20 x\n\n", "line 1"),
            (b"HTTP/1.1 200 OK\nno colon\n\n", "line 2: this header has no colon"),
            (b"{\"schema\":\"x\"}", "/schema: it is JSON, and no exchange document"),
            (b"{", "line 1: it is not JSON"),
        ] {
            let e = read(bytes, Some(b"https://h/"), now()).expect_err("no reply").to_string();
            assert!(e.starts_with(words), "{e}");
        }
        let e = read(b"HTTP/1.1 200 OK\n\n", None, now()).expect_err("no URL").to_string();
        assert!(e.contains("--url"), "{e}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300), lead in any::<bool>()) {
            let mut all = if lead { b"HTTP/1.1 200 OK\n".to_vec() } else { Vec::new() };
            all.extend(bytes);
            let _ = read(&all, Some(b"https://h/"), now());
        }
    }
}
