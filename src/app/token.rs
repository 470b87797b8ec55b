//! Use case: tokens, read wherever they stand.

use crate::base::secret::find_tokens;
use crate::base::text::display_str;
use crate::jwt::{Decoded, decode};
use crate::wire::Exchange;

/// Tokens looked for in one exchange.
const MOST: usize = 20;

/// Reads a token; whatever the bytes are, something comes back.
pub fn read(input: &[u8]) -> Decoded {
    decode(input)
}

/// Every token of an exchange and where it stands: the reply first, as that is what a reviewer has not seen yet.
pub fn find(x: &Exchange) -> Vec<(String, Decoded)> {
    let mut out: Vec<(String, Decoded)> = Vec::new();
    let mut look = |place: &str, bytes: &[u8]| {
        for range in find_tokens(bytes) {
            let token = &bytes[range];
            if out.len() < MOST && !out.iter().any(|(_, t)| t.token.as_bytes() == token) {
                out.push((place.to_owned(), decode(token)));
            }
        }
    };
    if let Some(r) = &x.response {
        look("reply body", &r.body);
        for (n, v) in &r.headers {
            look(&format!("reply header {n}"), v.as_bytes());
        }
    }
    for (n, v) in &x.request.headers {
        look(&format!("request header {}", display_str(&String::from_utf8_lossy(n))), v);
    }
    look("request target", &x.request.target);
    look("request body", &x.request.body);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::{Request, Response};

    #[test]
    fn finds_each_token_once_and_says_where() {
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";
        let request =
            Request::new("GET", b"http://h/").expect("url").header("Authorization", "Bearer eyJhbGciOiJub25lIn0.e30.");
        let mut x = Exchange::new(1, Stamp::from_unix(0).expect("time"), request);
        x.response = Some(Response {
            body: format!("{{\"a\":\"{token}\",\"b\":\"{token}\"}}").into_bytes().into(),
            ..Response::default()
        });
        let found = find(&x);
        let places: Vec<&str> = found.iter().map(|(p, _)| p.as_str()).collect();
        assert_eq!(places, ["reply body", "request header Authorization"]);
    }
}
