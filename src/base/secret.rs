//! Secrets: a wrapper that never prints, and the one place that recognises a token or a secret in any bytes.

use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// A value that is never printed. It is wiped when dropped as far as safe code can.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// The bytes, for the one place that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}
impl From<&str> for Secret {
    fn from(s: &str) -> Self {
        Self(s.as_bytes().to_vec())
    }
}
impl From<Vec<u8>> for Secret {
    fn from(v: Vec<u8>) -> Self {
        Self(v)
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}
impl Drop for Secret {
    fn drop(&mut self) {
        self.0.iter_mut().for_each(|b| *b = 0);
        std::hint::black_box(&self.0);
    }
}

/// What stands in a masked place.
pub const MASK: &str = "***";

/// Header names (lower case) whose whole value is a credential.
const CREDENTIAL_HEADERS: &[&str] = &[
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-api-key",
    "api-key",
    "apikey",
    "x-auth-token",
    "x-access-token",
    "x-csrf-token",
    "x-amz-security-token",
    "dpop",
];

/// Member names (lower case, without separators) whose value is a secret in a JSON body or a form.
const SECRET_MEMBERS: &[&str] = &[
    "password",
    "passwd",
    "secret",
    "clientsecret",
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "token",
    "apikey",
    "privatekey",
    "assertion",
    "clientassertion",
    "authorization",
];

/// True for a header that carries a credential.
pub fn is_credential_header(name: &[u8]) -> bool {
    CREDENTIAL_HEADERS.iter().any(|h| name.eq_ignore_ascii_case(h.as_bytes()))
}

/// True for a member name that holds a secret, whatever its separators and case.
pub fn is_secret_member(name: &str) -> bool {
    let flat: String = name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_MEMBERS.contains(&flat.as_str())
}

/// The value of a credential header with the credential masked: the scheme of `Authorization`, the names and attributes
/// of cookies stay readable.
pub fn mask_header(name: &[u8], value: &[u8]) -> Vec<u8> {
    if !is_credential_header(name) {
        return mask_tokens(value);
    }
    let text = String::from_utf8_lossy(value);
    if name.eq_ignore_ascii_case(b"set-cookie") || name.eq_ignore_ascii_case(b"cookie") {
        let cookie = name.eq_ignore_ascii_case(b"cookie");
        let parts: Vec<String> = text
            .split(';')
            .enumerate()
            .map(|(i, part)| match part.split_once('=') {
                Some((n, _)) if cookie || i == 0 => format!("{n}={MASK}"),
                None if i == 0 => MASK.to_owned(),
                _ => part.to_owned(),
            })
            .collect();
        return parts.join(";").into_bytes();
    }
    match text.trim_start().split_once(' ') {
        Some((scheme, _)) if name.to_ascii_lowercase().ends_with(b"authorization") => {
            format!("{scheme} {MASK}").into_bytes()
        }
        _ => MASK.as_bytes().to_vec(),
    }
}

/// Finds every compact JSON Web Token (RFC 7519) in `bytes`: three or five base64url parts whose first decodes to a JSON
/// object. Ranges do not overlap and are in order. A stripped signature (`a.b.`) counts.
pub fn find_tokens(bytes: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    // A compact token starts with the base64url of `{`: `e` followed by 'w' or 'y' in all but exotic spacing.
    while let Some(offset) = memchr::memchr(b'e', &bytes[at..]) {
        let start = at + offset;
        at = start + 1;
        if start > 0 && is_token_byte(bytes[start - 1]) {
            continue;
        }
        // Five parts at most are looked at from any start, so that a long run of dots costs linear time.
        let mut dots = 0;
        let run = bytes[start..].iter().take_while(|b| {
            dots += usize::from(**b == b'.');
            is_token_byte(**b) || (**b == b'.' && dots <= 4)
        });
        let end = start + run.count();
        let parts: Vec<&[u8]> = bytes[start..end].split(|b| *b == b'.').collect();
        let take = match parts.len() {
            n if n >= 5 && parts[4].len() > 1 => 5,
            n if n >= 3 => 3,
            _ => continue,
        };
        if !is_json_object(parts[0]) || (take == 3 && !is_json_object(parts[1])) {
            continue;
        }
        let length: usize = parts[..take].iter().map(|p| p.len()).sum::<usize>() + take - 1;
        found.push(start..start + length);
        at = start + length;
    }
    found
}

fn is_token_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'-' || b == b'_'
}

fn is_json_object(part: &[u8]) -> bool {
    URL_SAFE_NO_PAD.decode(part).is_ok_and(|json| {
        json.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{')
            && json.iter().rev().find(|b| !b.is_ascii_whitespace()) == Some(&b'}')
    })
}

/// `bytes` with every token in it masked, keeping five characters so that two tokens can be told apart from none.
pub fn mask_tokens(bytes: &[u8]) -> Vec<u8> {
    let tokens = find_tokens(bytes);
    if tokens.is_empty() {
        return bytes.to_vec();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for token in tokens {
        out.extend_from_slice(&bytes[at..token.start]);
        out.extend_from_slice(&bytes[token.start..(token.start + 3).min(token.end)]);
        out.extend_from_slice(MASK.as_bytes());
        at = token.end;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// A body with tokens masked, and the values of secret members when it is JSON or a form.
pub fn mask_body(bytes: &[u8]) -> Vec<u8> {
    let mut out = mask_members(bytes);
    out = mask_tokens(&out);
    out
}

/// A request target with the secret members of its query, and any token in it, masked.
pub fn mask_target(target: &[u8]) -> Vec<u8> {
    match memchr::memchr(b'?', target) {
        Some(i) => {
            let mut out = target[..=i].to_vec();
            out.extend(std::str::from_utf8(&target[i + 1..]).map_or_else(|_| target[i + 1..].to_vec(), mask_form));
            mask_tokens(&out)
        }
        None => mask_tokens(target),
    }
}

/// A whole HTTP/1 message as bytes with the credentials in its target, headers and body masked.
pub fn mask_message(bytes: &[u8]) -> Vec<u8> {
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(bytes.len(), |i| i + 4);
    let mut out = Vec::with_capacity(bytes.len());
    for (i, line) in bytes[..end].split_inclusive(|b| *b == b'\n').enumerate() {
        let text = line.trim_ascii_end();
        if i == 0 {
            let (target, version) = text.split_at(memchr::memrchr(b' ', text).unwrap_or(text.len()));
            out.extend(mask_target(target));
            out.extend_from_slice(version);
        } else if let Some(colon) = memchr::memchr(b':', text) {
            let value = text[colon + 1..].trim_ascii_start();
            out.extend_from_slice(&text[..text.len() - value.len()]);
            out.extend(mask_header(&text[..colon], value));
        } else {
            out.extend(mask_tokens(text));
        }
        out.extend_from_slice(&line[text.len()..]);
    }
    out.extend(mask_body(&bytes[end..]));
    out
}

/// Masks `"name": "value"` and `name=value` where the name is a secret member's. Works on text that does not parse.
fn mask_members(bytes: &[u8]) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    if text.trim_start().starts_with(['{', '[']) { mask_json(text) } else { mask_form(text) }
}

fn mask_json(text: &str) -> Vec<u8> {
    let b = text.as_bytes();
    let mut out = Vec::with_capacity(b.len());
    let mut at = 0;
    let mut name: Option<Range<usize>> = None;
    while at < b.len() {
        if b[at] != b'"' {
            if !b[at].is_ascii_whitespace() && b[at] != b':' {
                name = None;
            }
            out.push(b[at]);
            at += 1;
            continue;
        }
        let end = string_end(b, at);
        let secret = name.take().is_some_and(|n| is_secret_member(&text[n]));
        let is_name = b[end..].iter().find(|c| !c.is_ascii_whitespace()) == Some(&b':');
        if secret && !is_name {
            out.push(b'"');
            out.extend_from_slice(MASK.as_bytes());
            out.push(b'"');
        } else {
            out.extend_from_slice(&b[at..end]);
        }
        if is_name && end > at + 1 {
            name = Some(at + 1..end - 1);
        }
        at = end;
    }
    out
}

/// Index after the closing quote of the string that opens at `at` (or the end of the text).
fn string_end(b: &[u8], at: usize) -> usize {
    let mut i = at + 1;
    while i < b.len() {
        match b[i] {
            b'\\' => i += 2,
            b'"' => return i + 1,
            _ => i += 1,
        }
    }
    b.len()
}

fn mask_form(text: &str) -> Vec<u8> {
    if !text.contains('=') || text.contains('\n') {
        return text.as_bytes().to_vec();
    }
    let parts: Vec<String> = text
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((n, _)) if is_secret_member(n) => format!("{n}={MASK}"),
            _ => pair.to_owned(),
        })
        .collect();
    parts.join("&").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln";

    #[test]
    fn finds_tokens_anywhere() {
        let text = format!("a={TOKEN}; b=\"{TOKEN}\" not.a.token eyJhbGciOiJub25lIn0.e30.");
        let found: Vec<&str> = find_tokens(text.as_bytes()).into_iter().map(|r| &text[r]).collect();
        assert_eq!(found, [TOKEN, TOKEN, "eyJhbGciOiJub25lIn0.e30."]);
    }

    #[test]
    fn a_run_of_dots_takes_linear_time() {
        let started = std::time::Instant::now();
        let text = format!("{}{TOKEN}", "e.".repeat(1 << 19));
        assert_eq!(find_tokens(text.as_bytes()).len(), 1);
        assert!(started.elapsed().as_secs() < 10);
    }

    #[test]
    fn headers_keep_what_is_not_secret() {
        assert_eq!(mask_header(b"Authorization", b"Bearer abc"), b"Bearer ***");
        assert_eq!(mask_header(b"Set-Cookie", b"sid=1; Path=/; HttpOnly"), b"sid=***; Path=/; HttpOnly");
        assert_eq!(mask_header(b"Cookie", b"a=1; b=2"), b"a=***; b=***");
        assert_eq!(mask_header(b"X-Api-Key", b"k1 k2"), b"***");
        assert_eq!(mask_header(b"Location", format!("/x?t={TOKEN}").as_bytes()), b"/x?t=eyJ***");
    }

    #[test]
    fn bodies_lose_secret_members() {
        let body = br#"{"user":"a","password" : "p\"w","n":[{"accessToken":"zzz"}],"token":5}"#;
        let masked = String::from_utf8(mask_body(body)).expect("utf8");
        assert_eq!(masked, r#"{"user":"a","password" : "***","n":[{"accessToken":"***"}],"token":5}"#);
        assert_eq!(mask_body(b"user=a&password=b&x=1"), b"user=a&password=***&x=1");
    }

    #[test]
    fn a_message_is_masked_in_every_part() {
        let sent = b"POST /x?access_token=zzz&a=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer zzz\r\n\r\n{\"password\":\"zzz\"}";
        let masked = String::from_utf8(mask_message(sent)).expect("utf8");
        assert_eq!(
            masked,
            "POST /x?access_token=***&a=1 HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer ***\r\n\r\n{\"password\":\"***\"}"
        );
    }

    #[test]
    fn a_secret_never_prints() {
        assert_eq!(format!("{:?}", Secret::from("hunter2")), "Secret(***)");
    }

    proptest! {
        #[test]
        fn never_panics_and_spans_are_in_order(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut last = 0;
            for r in find_tokens(&bytes) {
                prop_assert!(r.start >= last && r.end <= bytes.len());
                last = r.end;
            }
            let _ = mask_body(&bytes);
        }
    }
}
