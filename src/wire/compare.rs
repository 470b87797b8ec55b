//! Two replies compared, without holding their bodies.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::Exchange;

/// Words of one body that are compared.
const MOST_WORDS: usize = 2_000;

/// What a body is made of, for comparing it with others: the hashes of its words, in order of their size.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Print {
    status: Option<u16>,
    words: Vec<u64>,
}

impl Print {
    /// That of a reply.
    pub fn of(x: &Exchange) -> Self {
        Self::new(x.status(), x.response.as_ref().map(|r| r.body.as_ref()).unwrap_or_default())
    }

    /// That of a status and a body.
    pub fn new(status: Option<u16>, body: &[u8]) -> Self {
        let hash = |word: &[u8]| {
            let mut hasher = DefaultHasher::new();
            word.hash(&mut hasher);
            hasher.finish()
        };
        let words = body.split(|b| !b.is_ascii_alphanumeric() && *b < 0x80).filter(|w| !w.is_empty());
        let mut words: Vec<u64> = words.take(MOST_WORDS).map(hash).collect();
        words.sort_unstable();
        Self { status, words }
    }

    /// How much of this one is not in another, in percent of the words of the larger; `None` when another status came.
    pub fn differs(&self, other: &Self) -> Option<u8> {
        if self.status != other.status {
            return None;
        }
        let (mut i, mut j, mut same) = (0, 0, 0_usize);
        while let (Some(a), Some(b)) = (self.words.get(i), other.words.get(j)) {
            same += usize::from(a == b);
            (i, j) = (i + usize::from(a <= b), j + usize::from(b <= a));
        }
        let most = self.words.len().max(other.words.len());
        let percent = (most - same) * 100 / most.max(1);
        // Something that differs is never nothing.
        Some(u8::try_from(if same < most { percent.max(1) } else { 0 }).unwrap_or(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::{Request, Response};

    #[test]
    fn a_reply_is_compared_by_its_words() {
        let print = |status: u16, body: &str| {
            let request = Request::new("GET", b"http://h/").expect("url");
            let mut x = Exchange::new(1, Stamp::from_unix(0).expect("a time"), request);
            x.response = Some(Response {
                version: "HTTP/1.1".into(),
                status,
                body: bytes::Bytes::copy_from_slice(body.as_bytes()),
                ..Response::default()
            });
            Print::of(&x)
        };
        let base = print(200, r#"{"id": 1, "owner": "alice"}"#);
        assert_eq!(base.differs(&base), Some(0));
        assert_eq!(print(200, r#"{"id": 2, "owner": "alice"}"#).differs(&base), Some(25));
        assert_eq!(print(200, "").differs(&base), Some(100));
        assert_eq!(print(404, r#"{"id": 1, "owner": "alice"}"#).differs(&base), None);
        let long = "a ".repeat(1_999);
        assert_eq!(print(200, &format!("{long}b")).differs(&print(200, &format!("{long}c"))), Some(1));
    }
}
