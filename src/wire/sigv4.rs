//! AWS Signature Version 4 of a request, over the bytes that are sent ("Create a signed AWS API request", AWS IAM User Guide).

use std::fmt::Write as _;

use super::Request;
use crate::base::hash::{hex, hmac_sha256, sha256_hex};
use crate::base::{Secret, Stamp};

/// What a signature is made with.
#[derive(Debug, Clone)]
pub struct Key {
    /// Access key id.
    pub id: String,
    /// Secret access key.
    pub secret: Secret,
    /// Session token of a temporary credential.
    pub session: Option<Secret>,
    /// Region.
    pub region: String,
    /// Service.
    pub service: String,
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The names of the headers that [`sign`] adds, so that others leave them alone.
pub const NAMES: &[&str] = &["X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-Sha256", "Authorization"];

/// The headers that sign `request` as it stands at `now`, in the order in which they are to be added. Signed are `Host`,
/// `Content-Type` and every `X-Amz-*`: what lies on the way may change others.
pub fn sign(request: &Request, key: &Key, now: Stamp) -> Vec<(Vec<u8>, Vec<u8>)> {
    let time: String = now.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let payload = sha256_hex(&request.body);
    let mut added: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut add = |name: &str, value: &[u8]| {
        if request.get(name).is_none() {
            added.push((name.as_bytes().to_vec(), value.to_vec()));
        }
    };
    add("X-Amz-Date", time.as_bytes());
    if let Some(session) = &key.session {
        add("X-Amz-Security-Token", session.expose());
    }
    let s3 = key.service == "s3";
    if s3 {
        add("X-Amz-Content-Sha256", payload.as_bytes());
    }
    // A header that was typed is signed as it stands.
    let text = |name: &str| request.get(name).map(|v| String::from_utf8_lossy(v).into_owned());
    let time = text("x-amz-date").unwrap_or(time);
    let day = time.get(..8).unwrap_or(&time);
    let payload = text("x-amz-content-sha256").unwrap_or(payload);
    let (names, headers) = canonical_headers(request, &added);
    let (path, query) = split(&request.target);
    let canonical = [
        request.method.as_slice(),
        &canonical_path(path, s3),
        &canonical_query(query),
        &headers,
        names.as_bytes(),
        payload.as_bytes(),
    ]
    .join(&b'\n');
    let scope = format!("{day}/{}/{}/aws4_request", key.region, key.service);
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope}\n{}", sha256_hex(&canonical));
    let first = [b"AWS4", key.secret.expose()].concat();
    let signing = [day, &key.region, &key.service, "aws4_request"]
        .iter()
        .fold(first, |key, part| hmac_sha256(&key, part.as_bytes()));
    let signature = hex(&hmac_sha256(&signing, to_sign.as_bytes()));
    let value = format!("{ALGORITHM} Credential={}/{scope}, SignedHeaders={names}, Signature={signature}", key.id);
    added.push((b"Authorization".to_vec(), value.into_bytes()));
    added
}

fn split(target: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'?', target) {
        Some(at) => (&target[..at], &target[at + 1..]),
        None => (target, b""),
    }
}

/// The names signed, and the block of them with their values: equal names brought together, runs of blanks made one.
fn canonical_headers(request: &Request, added: &[(Vec<u8>, Vec<u8>)]) -> (String, Vec<u8>) {
    let host = (b"host".to_vec(), request.origin.authority().into_bytes());
    let host = request.get("host").is_none().then_some(&host);
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for (name, value) in request.headers.iter().chain(added).chain(host) {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        if name != "host" && name != "content-type" && !name.starts_with("x-amz-") {
            continue;
        }
        let value = value.split(u8::is_ascii_whitespace).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(&b' ');
        match all.iter_mut().find(|(n, _)| *n == name) {
            Some((_, before)) => {
                before.push(b',');
                before.extend(value);
            }
            None => all.push((name, value)),
        }
    }
    all.sort();
    let names = all.iter().map(|(n, _)| n.as_str()).collect::<Vec<_>>().join(";");
    let mut block = Vec::new();
    for (name, value) in &all {
        block.extend_from_slice(name.as_bytes());
        block.push(b':');
        block.extend_from_slice(value);
        block.push(b'\n');
    }
    (names, block)
}

/// The path. S3 takes it decoded once and encoded once; all others take it normalised (RFC 3986 section 5.2.4) and what
/// stands on the wire encoded once more.
fn canonical_path(path: &[u8], s3: bool) -> Vec<u8> {
    if s3 {
        // S3 reads a plus in a path as a space, too.
        let decoded = decode(path);
        return if decoded.is_empty() { b"/".to_vec() } else { encode(&decoded, true) };
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|b| *b == b'/') {
        match part {
            b"" | b"." => {}
            b".." => {
                kept.pop();
            }
            part => kept.push(part),
        }
    }
    let mut out = b"/".to_vec();
    out.extend(kept.join(&b'/'));
    let folder = matches!(path.rsplit(|b| *b == b'/').next(), Some(b"" | b"." | b".."));
    if folder && !kept.is_empty() {
        out.push(b'/');
    }
    encode(&out, true)
}

/// The query: decoded, encoded again and sorted by name and then by value.
fn canonical_query(query: &[u8]) -> Vec<u8> {
    let mut pairs: Vec<(Vec<u8>, Vec<u8>)> = query
        .split(|b| *b == b'&')
        .filter(|p| !p.is_empty())
        .map(|pair| {
            let at = memchr::memchr(b'=', pair).unwrap_or(pair.len());
            let value = pair.get(at + 1..).unwrap_or_default();
            (encode(&decode(&pair[..at]), false), encode(&decode(value), false))
        })
        .collect();
    pairs.sort();
    pairs.iter().map(|(n, v)| [n.as_slice(), v].join(&b'=')).collect::<Vec<_>>().join(&b'&')
}

/// Undoes percent-encoding where it is one; a plus is a space.
fn decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(b) = bytes.get(at) {
        match (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (Some(high), Some(low)) if *b == b'%' => {
                out.push(high << 4 | low);
                at += 3;
                continue;
            }
            _ if *b == b'+' => out.push(b' '),
            _ => out.push(*b),
        }
        at += 1;
    }
    out
}

/// Percent-encodes all but unreserved characters (RFC 3986 section 2.3), and slashes where they part a path.
fn encode(bytes: &[u8], path: bool) -> Vec<u8> {
    let mut out = String::with_capacity(bytes.len());
    for b in bytes {
        if b.is_ascii_alphanumeric() || b"-._~".contains(b) || (path && *b == b'/') {
            out.push(char::from(*b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(service: &str) -> Key {
        Key {
            id: "AKIDEXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
            session: None,
            region: "us-east-1".to_owned(),
            service: service.to_owned(),
        }
    }

    #[test]
    fn the_public_test_suite_s_plain_get() {
        // "get-vanilla" of the AWS Signature Version 4 test suite.
        let request = Request::new("GET", b"https://example.amazonaws.com/").expect("url");
        let now = Stamp::parse("2015-08-30T12:36:00Z").expect("a time");
        let signed = sign(&request, &key("service"), now);
        let value = String::from_utf8_lossy(&signed.last().expect("it signs").1).into_owned();
        assert_eq!(
            value,
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
        );
        assert_eq!(signed[0].1, b"20150830T123600Z");
    }

    #[test]
    fn a_path_is_signed_as_the_service_reads_it() {
        for (path, s3, canonical) in [
            ("", false, "/"),
            ("/", false, "/"),
            ("/a/../b/./c/", false, "/b/c/"),
            ("//a//b", false, "/a/b"),
            ("/a%20b", false, "/a%2520b"),
            ("/..", false, "/"),
            ("//a/../b%20c", true, "//a/../b%20c"),
            ("/%zz", true, "/%25zz"),
        ] {
            assert_eq!(String::from_utf8_lossy(&canonical_path(path.as_bytes(), s3)), canonical, "{path}");
        }
        assert_eq!(canonical_query(b"b=2&a=%2f&a&b=1+1&&"), b"a=&a=%2F&b=1%201&b=2");
    }
}
