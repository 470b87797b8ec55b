//! The keys that are tried on every token: those that somebody printed, and those that the token itself suggests.

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::super::Decoded;

/// Keys that documentation, frameworks and tutorials print, and where each is from, a row each.
static TABLE: &str = include_str!("words.tsv");

/// Values of a token longer than this suggest no key.
const LONGEST: usize = 200;
/// Values of one claim that are looked at.
const MOST: usize = 8;

/// A key to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Its bytes.
    pub key: Vec<u8>,
    /// Where it is from, for example `jwt.io` or `iss of this token`.
    pub origin: String,
}

/// Rows of the built-in list: key and origin.
pub fn list() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().filter_map(|line| line.split_once('\t'))
}

/// All keys to try on a token: the empty one, the built-in list, what the token and the host suggest, and each of these as
/// base64 and hexadecimal where it can be read so. Each key is in it once.
pub fn words(token: &Decoded, host: Option<&str>) -> Vec<Word> {
    let mut out = Words::default();
    out.add(Vec::new(), || "the empty key".to_owned());
    for (key, origin) in list() {
        out.add(key.as_bytes().to_vec(), || origin.to_owned());
    }
    for (from, value) in suggested(token, host) {
        out.suggest(&from, &value);
    }
    for n in 0..out.list.len() {
        let Word { key, origin } = out.list[n].clone();
        for (form, bytes) in decoded(&key) {
            out.add(bytes, || format!("{origin}, read as {form}"));
        }
    }
    out.list
}

#[derive(Default)]
struct Words {
    list: Vec<Word>,
    seen: HashSet<Vec<u8>>,
}

impl Words {
    fn add(&mut self, key: Vec<u8>, origin: impl FnOnce() -> String) {
        if self.seen.insert(key.clone()) {
            self.list.push(Word { key, origin: origin() });
        }
    }

    fn suggest(&mut self, from: &str, value: &str) {
        let lower = value.to_ascii_lowercase();
        for part in parts(&lower).into_iter().chain([value]) {
            self.add(part.as_bytes().to_vec(), || from.to_owned());
            for word in ["secret", "key", "jwt"] {
                for joined in [
                    format!("{part}{word}"),
                    format!("{part}-{word}"),
                    format!("{part}_{word}"),
                    format!("{word}{part}"),
                    format!("{word}-{part}"),
                    format!("{word}_{part}"),
                ] {
                    self.add(joined.into_bytes(), || format!("{from}, with `{word}`"));
                }
            }
        }
    }
}

/// The value, and of a URL or a host name also the host and the label that names it.
fn parts(value: &str) -> Vec<&str> {
    let mut out = vec![value];
    let rest = value.split_once("://").map_or(value, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let labels: Vec<&str> = host.split('.').collect();
    out.push(host);
    if labels.len() > 1 {
        out.push(labels[0]);
        out.push(labels[labels.len() - 2]);
    }
    out.retain(|p| !p.is_empty());
    out
}

/// Values that a lazy key may be made of, and where they stand.
fn suggested(token: &Decoded, host: Option<&str>) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut take = |from: &str, value: Option<&Value>| {
        let texts = match value {
            Some(Value::Array(list)) => list.iter().take(MOST).filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        };
        for t in texts {
            if !t.is_empty() && t.len() <= LONGEST {
                out.push((from.to_owned(), t));
            }
        }
    };
    take("kid of this token", token.header.get("kid"));
    for claim in ["iss", "aud", "sub", "azp", "client_id"] {
        take(&format!("{claim} of this token"), token.claims.get(claim));
    }
    if let Some(host) = host {
        out.push(("the host it was sent to".to_owned(), host.to_owned()));
    }
    out
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(s) => Some(s.clone()),
        Value::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// What else a key that was written down may stand for. Short words that happen to be base64 are left alone.
fn decoded(key: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut out = Vec::new();
    if key.len() < 8 {
        return out;
    }
    for engine in [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
        if let Ok(bytes) = engine.decode(key) {
            out.push(("base64", bytes));
        }
    }
    if key.len().is_multiple_of(2) && key.iter().all(u8::is_ascii_hexdigit) {
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).unwrap_or_default();
        out.push(("hexadecimal", key.as_chunks::<2>().0.iter().map(|[a, b]| digit(*a) << 4 | digit(*b)).collect()));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::decode;

    #[test]
    fn rows_are_whole_and_no_key_stands_twice() {
        let mut seen = HashSet::new();
        for line in TABLE.lines() {
            let (key, origin) = line.split_once('\t').expect("a key, a tab and its origin");
            assert!(seen.insert(key), "{key} stands twice");
            assert!(!key.is_empty() && !origin.is_empty() && !origin.contains('\t'), "{line}");
        }
        assert!(seen.len() > 500, "{}", seen.len());
    }

    #[test]
    fn a_token_and_a_host_suggest_keys_once_each() {
        let token = "eyJhbGciOiJIUzI1NiIsImtpZCI6Im1haW4ifQ.eyJpc3MiOiJodHRwczovL2F1dGguQWNtZS50ZXN0L3YxIiwiYXVkIjpbImEiLCJiIl0sInN1YiI6N30.AA";
        let words = words(&decode(token.as_bytes()), Some("api.shop.test"));
        let of = |key: &[u8]| words.iter().find(|w| w.key == key).map(|w| w.origin.as_str());
        assert_eq!(of(b""), Some("the empty key"));
        assert_eq!(of(b"main"), Some("kid of this token"));
        assert_eq!(of(b"acme-secret"), Some("iss of this token, with `secret`"));
        assert_eq!(of(b"auth.acme.test"), Some("iss of this token"));
        assert_eq!(of(b"https://auth.Acme.test/v1"), Some("iss of this token"));
        assert_eq!(of(b"7"), Some("sub of this token"));
        assert_eq!(of(b"b_key"), Some("aud of this token, with `key`"));
        assert_eq!(of(b"shopjwt"), Some("the host it was sent to, with `jwt`"));
        assert_eq!(of(b"my-secret-token-to-change-in-production"), Some("JHipster"));
        assert_eq!(
            of(&[0xc9, 0xc7, 0x33, 0x62, 0x9e, 0xac]),
            None,
            "nothing that is neither written down nor decoded from it"
        );
        let raw = STANDARD.decode("mBC5v1sOKVvbdEitdSBenu59nfNfhwkedkJVNabosTw=").expect("base64");
        assert_eq!(of(&raw), Some("lcobucci/jwt documentation, read as base64"));
        let mut keys: Vec<&[u8]> = words.iter().map(|w| w.key.as_slice()).collect();
        let all = keys.len();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), all);
    }
}
