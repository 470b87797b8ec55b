//! Whether hyper can send a request as typed.

use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{Method, Uri};

use crate::base::secret::{mask_header, mask_target};
use crate::base::text::display;
use crate::wire::Request;

/// How header names are written on HTTP/1.1: hyper knows the first two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Casing {
    /// All lower case.
    Lower,
    /// Title case: `Content-Type`.
    Title,
    /// As typed, by the raw sender.
    AsTyped,
}

/// A request in hyper's terms.
#[derive(Debug)]
pub struct Expressed {
    /// Method.
    pub method: Method,
    /// Request target.
    pub target: Uri,
    /// Headers, `Host` included, `Content-Length` left to hyper.
    pub headers: HeaderMap,
    /// How the names are written on HTTP/1.1; in words, where they can stand there as typed only by the raw sender.
    pub casing: Result<Casing, String>,
}

/// Expresses a request.
///
/// # Errors
/// The part of the request that hyper cannot send as typed, in words.
pub fn express(request: &Request) -> Result<Expressed, String> {
    let method = Method::from_bytes(&request.method)
        .map_err(|_| format!("the method {} is not an HTTP token", short(&request.method)))?;
    if method == Method::CONNECT {
        return Err("CONNECT opens a tunnel".to_owned());
    }
    let target = target(&request.target)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + 2);
    if request.get("host").is_none() {
        let host = HeaderValue::from_str(&request.origin.authority()).map_err(|_| {
            format!("the host {} cannot stand in a Host header", display(request.origin.host.as_bytes()))
        })?;
        headers.insert(http::header::HOST, host);
    }
    for (n, v) in &request.headers {
        let name =
            HeaderName::from_bytes(n).map_err(|_| format!("the header name {} is not an HTTP token", short(n)))?;
        if name == CONTENT_LENGTH {
            // hyper writes the length itself; a true one is the same bytes, a false one it would drop.
            if v.as_slice() != request.body.len().to_string().as_bytes() {
                return Err(format!("Content-Length is {}, but the body has {} bytes", short(v), request.body.len()));
            }
            if headers.contains_key(&name) {
                return Err("Content-Length is typed more than once".to_owned());
            }
        }
        if name == TRANSFER_ENCODING {
            return Err("Transfer-Encoding is typed, and hyper writes it itself".to_owned());
        }
        let value = HeaderValue::from_bytes(v).map_err(|_| {
            format!("the value of {} holds a control byte: {}", display(n), display(&mask_header(n, v)))
        })?;
        if v.first().is_some_and(|b| *b == b' ' || *b == b'\t') || v.last().is_some_and(|b| *b == b' ' || *b == b'\t') {
            return Err(format!("the value of {} begins or ends with white space", display(n)));
        }
        headers.append(name, value);
    }
    let typed: Vec<&[u8]> = request.headers.iter().map(|(n, _)| n.as_slice()).collect();
    if regrouped(&typed) {
        return Err("equal header names stand apart, and would be brought together".to_owned());
    }
    let all_lower = !typed.is_empty() && typed.iter().all(|n| n.iter().all(|b| !b.is_ascii_uppercase()));
    let casing = match typed.iter().find(|n| !all_lower && !written_in_title(n).eq(n.iter().copied())) {
        Some(name) => Err(format!("the header name {} would be written in another case", short(name))),
        None if all_lower => Ok(Casing::Lower),
        None => Ok(Casing::Title),
    };
    Ok(Expressed { method, target, headers, casing })
}

/// Bytes in display form, cut where they are long.
fn short(bytes: &[u8]) -> String {
    const MOST: usize = 200;
    let more = if bytes.len() > MOST { "\u{2026}" } else { "" };
    format!("{}{more}", display(&bytes[..bytes.len().min(MOST)]))
}

fn target(bytes: &[u8]) -> Result<Uri, String> {
    // These words reach a terminal and a document: what is secret in the target does not.
    let shown = || short(&mask_target(bytes));
    let fail = || format!("the target {} holds a byte that hyper cannot put on a request line", shown());
    if bytes != b"*" && bytes.first() != Some(&b'/') {
        return Err(format!("the target {} does not begin with a slash", shown()));
    }
    let uri = Uri::try_from(bytes).map_err(|_| fail())?;
    // A parser that dropped anything would send something else than was typed.
    let kept = uri.path_and_query().is_some_and(|p| p.as_str().as_bytes() == bytes);
    kept.then_some(uri).ok_or_else(fail)
}

/// A header name in title case, as hyper writes it.
fn written_in_title(name: &[u8]) -> impl Iterator<Item = u8> {
    name.iter().scan(true, |up, b| {
        let c = if *up { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
        *up = *b == b'-';
        Some(c)
    })
}

/// True when equal names stand apart, which the header map would bring together.
fn regrouped(names: &[&[u8]]) -> bool {
    names.iter().enumerate().any(|(i, n)| {
        i > 0
            && !names[i - 1].eq_ignore_ascii_case(n)
            && names[..i].iter().any(|earlier| earlier.eq_ignore_ascii_case(n))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(target: &str) -> Request {
        let mut r = Request::new("GET", b"http://h/").expect("url");
        r.target = target.as_bytes().to_vec();
        r
    }

    #[test]
    fn odd_targets_that_hyper_sends_as_typed() {
        for t in ["/a/../b", "/%2e%2e/x", "//x", "/a//b?x=a%20b", "/%zz", "/a\\b", "/caf\u{e9}", "*", "/;x?q=%0d%0a"] {
            let e = express(&get(t)).unwrap_or_else(|w| panic!("{t}: {w}"));
            assert_eq!(e.target.to_string(), t);
            assert_eq!(e.casing, Ok(Casing::Title));
        }
    }

    #[test]
    fn what_it_cannot_send_is_named() {
        for (t, why) in [
            ("/a b", "byte"),
            ("/a\tb", "byte"),
            ("/a\0", "byte"),
            ("x", "slash"),
            ("/\u{1b}", "byte"),
            ("/a#b", "byte"),
        ] {
            let w = express(&get(t)).expect_err(t);
            assert!(w.contains(why), "{t}: {w}");
        }
        for (n, v, why) in [
            ("a b", "1", "token"),
            ("x", "a\r\nb", "control"),
            ("Content-Length", "5", "body has 0"),
            ("Transfer-Encoding", "chunked", "itself"),
            ("x", " a", "white space"),
        ] {
            let w = express(&get("/").header(n, v)).expect_err(n);
            assert!(w.contains(why), "{n}: {w}");
        }
        let mut r = get("/");
        r.method = b"GE T".to_vec();
        assert!(express(&r).is_err());
    }

    #[test]
    fn casing_follows_what_was_typed_and_says_where_it_cannot() {
        let lower = express(&get("/").header("accept", "x").header("x-a", "1")).expect("ok");
        assert_eq!(lower.casing, Ok(Casing::Lower));
        let title = express(&get("/").header("Accept", "x").header("X-Api-Key", "1")).expect("ok");
        assert_eq!(title.casing, Ok(Casing::Title));
        for name in ["X-CSRF-Token", "accept", "xA"] {
            let mixed = express(&get("/").header("Accept", "x").header(name, "1")).expect("ok");
            assert!(mixed.casing.expect_err(name).contains(name), "{name}");
        }
        for names in [&["A", "B", "A"][..], &["A", "b", "a"]] {
            let apart = names.iter().fold(get("/"), |r, n| r.header(n, "1"));
            assert!(express(&apart).expect_err("apart").contains("stand apart"));
        }
    }
}
