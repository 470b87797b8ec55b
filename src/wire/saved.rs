//! A reply read from a file: a raw HTTP response, or an exchange document as [`crate::report`] writes it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

use super::oddity::Odd;
use super::{Exchange, Oddity, Request, Response, TlsFacts, http1};
use crate::base::{Error, Result, Stamp};

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
    let (reply, oddities) = response(bytes)?;
    exchange.response = Some(reply);
    exchange.oddities = oddities;
    Ok(Saved { exchange, request_known: false })
}

/// Reads a raw HTTP/1 response, leniently and by the reader of [`http1`]: lines may end with LF alone, folded lines are joined,
/// interim replies before the last one are skipped, and what is odd is listed. `HTTP/2 200` as some clients print it is read as
/// well. The body is all that follows the head, whatever length is declared: who saved it may have decoded it.
///
/// # Errors
/// When it does not begin with a status line.
pub fn response(bytes: &[u8]) -> Result<(Response, Vec<Oddity>)> {
    let fail = |what: &str, line: usize| {
        Error::input(what)
            .at(format!("line {line}"))
            .hint("give a raw HTTP response, as curl -i prints it, or a document of lunette send")
    };
    let mut rest = bytes.trim_ascii_start();
    loop {
        let end = http1::end_of_head(rest, 0).unwrap_or(rest.len());
        let mut odd = Vec::new();
        let head = http1::Head::read(&rest[..end], MOST_HEADERS, &mut odd);
        let (start, body) = (&rest[..rest.len().min(5)], &rest[end..]);
        let later = matches!(head.version.as_str(), "HTTP/2" | "HTTP/3");
        if start != b"HTTP/" || head.version.len() > 8 || !(100..1_000).contains(&head.status) {
            return Err(fail("it does not begin with a status line", 1));
        }
        if head.too_many {
            return Err(fail("it has too many headers", MOST_HEADERS + 2));
        }
        // 101 changes the protocol, and what follows is no reply.
        let interim = (100..200).contains(&head.status) && head.status != 101;
        if interim && body.trim_ascii_start().starts_with(b"HTTP/") {
            rest = body.trim_ascii_start();
            continue;
        }
        let (mut whole, mut trailers) = (body.to_vec(), Vec::new());
        if head.framing(&mut odd) == Some(http1::Coded::Chunked) {
            let bounds = http1::Bounds { fields: MOST_HEADERS, body: bytes.len() as u64, informational: 0 };
            let mut reader = http1::Reader::new(vec![http1::Asked::Other], bounds);
            reader.feed(rest);
            reader.end();
            // A body in which no chunk begins was taken apart already.
            let reply = reader.finish().replies.into_iter().next();
            if let Some(reply) = reply.filter(|r| r.whole || !r.wire.is_empty()) {
                (whole, trailers) = (reply.wire, reply.response.trailers);
            }
        }
        odd.retain(|o| !(later && o.odd == Odd::StatusLine) && o.odd != Odd::BareLf);
        let http1::Head { version, status, reason, fields: headers, .. } = head;
        let response = Response { version, status, reason, headers, trailers, ..Response::default() };
        let size = whole.len() as u64;
        return Ok((Response { body: Bytes::from(whole), wire_bytes: size, decoded_bytes: size, ..response }, odd));
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
        let response = |bytes: &[u8]| response(bytes).map(|(reply, _)| reply);
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
    fn what_is_odd_in_a_saved_reply_is_listed_as_on_the_wire() {
        let saved = read(b"HTTP/1.1 200 OK\nno colon\nA : 1\n\n", Some(b"https://h/"), now()).expect("read");
        let kinds: Vec<Odd> = saved.exchange.oddities.iter().map(|o| o.odd).collect();
        assert_eq!(kinds, [Odd::NoColon, Odd::SpaceBeforeColon], "a saved file ends its lines as it likes");
        let later = read(b"HTTP/2 200\r\nA: 1\r\n\r\nx", Some(b"https://h/"), now()).expect("read").exchange;
        assert_eq!((later.oddities.len(), later.response.map(|r| r.version)), (0, Some("HTTP/2".to_owned())));
    }

    #[test]
    fn what_is_neither_says_so_with_its_line() {
        for (bytes, words) in [
            (&b"<html>"[..], "line 1: it does not begin with a status line"),
            (b"", "line 1"),
            (b"HTTP/1.1 20 x\n\n", "line 1"),
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
