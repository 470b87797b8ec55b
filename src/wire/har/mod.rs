//! HAR 1.2: exchanges as an archive that other programs open, and the requests of theirs.

mod read;
mod write;

use crate::base::secret::unescaped;

pub use read::{Archive, Taken, request};
pub use write::archive;

/// Pairs of a query or a form (`application/x-www-form-urlencoded`), decoded.
fn pairs(text: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    let decoded = |part: &[u8]| {
        let spaced: Vec<u8> = part.iter().map(|b| if *b == b'+' { b' ' } else { *b }).collect();
        unescaped(&spaced)
    };
    text.split(|b| *b == b'&').filter(|p| !p.is_empty()).map(move |pair| {
        let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
        (decoded(&pair[..at]), decoded(pair.get(at + 1..).unwrap_or_default()))
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::base::Stamp;
    use crate::wire::{Exchange, Failure, FailureKind, Phase, Request, Response};

    fn exchange(request: Request) -> Exchange {
        let mut x = Exchange::new(7, Stamp::from_millis(1_700_000_000_250).expect("time"), request);
        let ms = |n| Some(Duration::from_millis(n));
        (x.phases.dns, x.phases.connect, x.phases.tls) = (ms(1), ms(2), ms(30));
        (x.phases.send, x.phases.wait, x.phases.receive, x.phases.total) = (ms(4), ms(5), ms(6), ms(48));
        x.response = Some(Response {
            version: "HTTP/1.1".into(),
            status: 200,
            reason: "OK".into(),
            headers: vec![
                ("Content-Type".into(), "application/json".into()),
                ("Set-Cookie".into(), "sid=s3cret; Path=/; HttpOnly; Expires=Sun, 11 Nov 2018 23:59:59 GMT".into()),
                ("Location".into(), "/next".into()),
            ],
            body: r#"{"access_token": "s3cret", "n": 1}"#.into(),
            wire_bytes: 20,
            decoded_bytes: 34,
            ..Response::default()
        });
        x
    }

    #[test]
    fn an_exchange_becomes_an_entry_with_all_that_the_format_has_a_place_for() {
        let mut request = Request::new("POST", b"https://h/a?b=1%202&token=s3cret").expect("url");
        request = request.header("Content-Type", "application/x-www-form-urlencoded").header("Cookie", "a=s3cret; c=d");
        request.body = "x=1+2&password=s3cret".into();
        let mut x = exchange(request);
        let mut hop = exchange(Request::new("GET", b"https://h/first").expect("url"));
        hop.id = 6;
        x.hops.push(hop);
        let har = archive(&[&x], false);
        let entries = har["log"]["entries"].as_array().expect("entries");
        assert_eq!((entries.len(), har["log"]["version"].as_str()), (2, Some("1.2")));
        let entry = &entries[1];
        assert_eq!(entry["startedDateTime"], "2023-11-14T22:13:20.250Z");
        assert_eq!((&entry["timings"]["connect"], &entry["timings"]["ssl"]), (&32.0.into(), &30.0.into()));
        let timings = entry["timings"].as_object().expect("timings");
        let sum: f64 =
            timings.iter().filter(|(n, _)| *n != "ssl").filter_map(|(_, v)| v.as_f64()).filter(|v| *v >= 0.0).sum();
        assert_eq!(entry["time"].as_f64(), Some(sum));
        assert_eq!(entry["request"]["queryString"][0], serde_json::json!({"name": "b", "value": "1 2"}));
        assert_eq!(entry["request"]["postData"]["params"][0], serde_json::json!({"name": "x", "value": "1 2"}));
        assert_eq!(entry["response"]["content"]["compression"], 14);
        assert_eq!(entry["response"]["redirectURL"], "/next");
        assert_eq!(entry["response"]["cookies"][0]["expires"], "2018-11-11T23:59:59Z");
        assert!(!har.to_string().contains("s3cret"), "{har}");
        assert!(archive(&[&x], true).to_string().contains("s3cret"));
    }

    #[test]
    fn what_never_came_is_an_entry_too() {
        let mut x = exchange(Request::new("GET", b"http://h/").expect("url"));
        x.response = None;
        x.phases = crate::wire::Phases::default();
        x.error = Some(Failure { phase: Phase::Connect, kind: FailureKind::Refused, message: "refused".into() });
        let entry = &archive(&[&x], false)["log"]["entries"][0];
        assert_eq!((&entry["response"]["status"], &entry["timings"]["connect"]), (&0.into(), &(-1.0).into()));
        assert_eq!(entry["_lunette"]["error"]["message"], "refused");
    }

    #[test]
    fn a_request_of_a_browser_is_taken_without_what_belongs_to_its_connection() {
        let entry = serde_json::json!({"request": {
            "method": "POST", "url": "https://h/a?x=1#frag", "httpVersion": "HTTP/2.0",
            "headers": [
                {"name": ":authority", "value": "h"}, {"name": ":method", "value": "POST"},
                {"name": "content-length", "value": "99"}, {"name": "accept", "value": "*/*"},
                {"name": "Host", "value": "h"}, {"name": "connection", "value": "keep-alive"},
                {"name": "no name", "value": "x"}
            ],
            "cookies": [{"name": "sid", "value": "1"}, {"name": "b", "value": "2"}],
            "postData": {"mimeType": "application/json", "text": "{\"a\": 1}"}
        }});
        let taken = request(&entry).expect("taken");
        assert_eq!((&taken.request.method[..], &taken.request.target[..]), (&b"POST"[..], &b"/a?x=1"[..]));
        let headers: Vec<String> = taken
            .request
            .headers
            .iter()
            .map(|(n, v)| format!("{}: {}", String::from_utf8_lossy(n), String::from_utf8_lossy(v)))
            .collect();
        assert_eq!(headers, ["accept: */*", "Cookie: sid=1; b=2", "Content-Type: application/json"]);
        assert_eq!(taken.request.body.as_ref(), br#"{"a": 1}"#);
        assert!(taken.notes.iter().any(|n| n.contains("no name")), "{:?}", taken.notes);
        for odd in [serde_json::json!({}), serde_json::json!({"request": {"method": "GET", "url": "ws://h/"}})] {
            assert!(request(&odd).is_err(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn a_request_that_is_written_is_read_again(
            method in "[A-Z]{1,7}", target in "/[!-\"$-~\u{e9}]{0,30}", value in "([!-~]([ -~]{0,20}[!-~])?)?",
            body in prop::collection::vec(any::<u8>(), 0..60),
        ) {
            let mut typed = Request::new(&method, format!("http://h:81{target}").as_bytes()).expect("url");
            typed = typed.header("X-A", &value).header("x-b", "1");
            typed.body = body.into();
            let har = archive(&[&Exchange::new(1, Stamp::from_unix(0).expect("time"), typed.clone())], true);
            let text = har.to_string();
            let again = Archive::read(text.as_bytes()).expect("a HAR");
            let entry = serde_json::from_str(again.entries[0].get()).expect("JSON");
            let taken = request(&entry).expect("taken");
            prop_assert_eq!(taken.request, typed);
        }

        #[test]
        fn any_entry_is_taken_or_refused(text in "\\{\"request\": \\{\"method\": \"GET\", \"url\": \"http://h/\", \"headers\": [\\[\\]{},:\"a-z0-9]{0,40}") {
            if let Ok(value) = serde_json::from_str(&text) {
                let _ = request(&value);
            }
        }
    }
}
