//! Secrets: a wrapper that never prints, and the one place that recognises a token or a secret in any bytes.

use std::fmt;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroize as _;

use super::{known, mask};

pub use mask::unescaped;

/// A value that is never printed, and is wiped when dropped.
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
        self.0.zeroize();
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

/// Ends of header names (lower case) whose whole value is a credential, as in `Private-Token` and `X-Goog-Api-Key`.
const CREDENTIAL_ENDINGS: &[&str] = &["-token", "-api-key", "-secret", "-password", "-authorization"];

/// Ends of member names (lower case, without separators) whose value is a secret in a JSON body or a form, as in
/// `new_password` and `csrfToken`.
const SECRET_ENDINGS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "secret",
    "secretkey",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "assertion",
    "authorization",
    "credential",
    "codeverifier",
    "devicecode",
    "sessionid",
    "samlresponse",
    "jwt",
];

/// Whole names that are secrets in a query or a form, and everyday words elsewhere: a signed link, an authorisation code.
const SECRET_PARAMETERS: &[&str] = &["code", "key", "sig", "pwd", "pin", "otp", "xamzsignature", "xgoogsignature"];

/// True for a header that carries a credential.
pub fn is_credential_header(name: &[u8]) -> bool {
    CREDENTIAL_HEADERS.iter().any(|h| name.eq_ignore_ascii_case(h.as_bytes()))
        || CREDENTIAL_ENDINGS
            .iter()
            .any(|e| name.len() > e.len() && name[name.len() - e.len()..].eq_ignore_ascii_case(e.as_bytes()))
}

/// True for the name of a form field or a query parameter that holds a secret; escapes in it are seen through.
pub(super) fn is_secret_parameter(name: &[u8]) -> bool {
    let flat = flat(&mask::unescaped(name));
    SECRET_PARAMETERS.contains(&flat.as_str()) || SECRET_ENDINGS.iter().any(|e| flat.ends_with(e))
}

/// True for a member name that holds a secret, whatever its separators and case.
pub fn is_secret_member(name: &str) -> bool {
    let flat = flat(name.as_bytes());
    SECRET_ENDINGS.iter().any(|e| flat.ends_with(e))
}

/// True for a member that holds a token by which its bearer is let in (RFC 6749 section 5.1), whatever its separators and
/// case: not for one that pages through a list or guards a form.
pub fn is_token_member(name: &str) -> bool {
    matches!(flat(name.as_bytes()).as_str(), "token" | "accesstoken" | "refreshtoken" | "idtoken")
}

/// A name without its separators, in lower case.
fn flat(name: &[u8]) -> String {
    name.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(b.to_ascii_lowercase())).collect()
}

/// The value of a credential header with the credential masked: the scheme of `Authorization`, the names and attributes
/// of cookies stay readable.
pub fn mask_header(name: &[u8], value: &[u8]) -> Vec<u8> {
    if !is_credential_header(name) {
        return mask::pairs(&mask::userinfo(&mask_tokens(value)), false);
    }
    let text = String::from_utf8_lossy(value);
    let masked = if name.eq_ignore_ascii_case(b"set-cookie") || name.eq_ignore_ascii_case(b"cookie") {
        let cookie = name.eq_ignore_ascii_case(b"cookie");
        let parts: Vec<String> = text
            .split(';')
            .enumerate()
            .map(|(i, part)| match part.split_once('=') {
                Some((n, _)) if cookie || i == 0 => format!("{n}={MASK}"),
                None if cookie || i == 0 => MASK.to_owned(),
                _ => part.to_owned(),
            })
            .collect();
        parts.join(";")
    } else {
        match text.trim_start().split_once(' ') {
            Some((scheme, _)) if name.to_ascii_lowercase().ends_with(b"authorization") => format!("{scheme} {MASK}"),
            _ => MASK.to_owned(),
        }
    };
    // What was kept may hold one all the same, such as the attribute of a cookie.
    mask_tokens(masked.as_bytes())
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
        if start > 0 && is_token_byte(bytes[start - 1]) && !follows_escape(&bytes[..start]) {
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

/// True where `before` ends with `%20`, `\n` or the like: what looks like a letter is the end of an escape.
fn follows_escape(before: &[u8]) -> bool {
    let back = |n: usize| before.len().checked_sub(n).map(|i| before[i]);
    back(3) == Some(b'%') || back(2) == Some(b'\\') || (back(6) == Some(b'\\') && back(5) == Some(b'u'))
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

/// `bytes` with every known secret and every token in it masked. Of a token five characters are kept, so that it can be told
/// apart from none. Both are looked for in what stands there now: a token with a secret inside is masked whole.
pub fn mask_tokens(bytes: &[u8]) -> Vec<u8> {
    let (tokens, known) = (find_tokens(bytes), known::find(bytes));
    if tokens.is_empty() && known.is_empty() {
        return bytes.to_vec();
    }
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    for place in known::apart([&tokens[..], &known].concat()) {
        out.extend_from_slice(&bytes[at..place.start]);
        // Nothing is kept of one that is known itself.
        let known = known.binary_search_by_key(&place.start, |k| k.start).is_ok();
        if !known && tokens.binary_search_by_key(&place.start, |t| t.start).is_ok() {
            out.extend_from_slice(&bytes[place.start..(place.start + 3).min(place.end)]);
        }
        out.extend_from_slice(MASK.as_bytes());
        at = place.end;
    }
    out.extend_from_slice(&bytes[at..]);
    out
}

/// A body with known secrets and tokens masked, and the values of secret members: of JSON, of a form, of a multipart form, and of the URLs
/// and lines of any other text.
pub fn mask_body(bytes: &[u8]) -> Vec<u8> {
    mask::body(&mask_tokens(bytes))
}

/// A request target with the secret members of its query, and any token in it, masked.
pub fn mask_target(target: &[u8]) -> Vec<u8> {
    let target: &[u8] = &mask_tokens(target);
    let (path, query) = target.split_at(memchr::memchr(b'?', target).unwrap_or(target.len()));
    let mut out = mask::pairs(path, false);
    out.extend(mask::pairs(query, true));
    out
}

/// A URL as typed, with the credential before its host and what is secret in its target masked.
pub fn mask_url(url: &[u8]) -> Vec<u8> {
    let url: &[u8] = &mask_tokens(url);
    let url = match url.iter().position(|b| matches!(b, b'/' | b'?' | b'#' | b'@')) {
        Some(at) if url[at] == b'@' => [MASK.as_bytes(), &url[at..]].concat(),
        _ => mask::userinfo(url),
    };
    let (place, target) = url.split_at(memchr::memchr2(b'?', b'#', &url).unwrap_or(url.len()));
    let mut out = place.to_vec();
    out.extend(mask_target(target));
    out
}

/// A whole HTTP/1 message as bytes with the credentials in its target, headers and body masked.
pub fn mask_message(bytes: &[u8]) -> Vec<u8> {
    // Before it is cut into lines: a known secret may go over several.
    let bytes: &[u8] = &mask_tokens(bytes);
    let end = memchr::memmem::find(bytes, b"\r\n\r\n").map_or(bytes.len(), |i| i + 4);
    let mut out = Vec::with_capacity(bytes.len());
    // Whether the field that a folded line goes on with is a credential's.
    let mut credential = false;
    for (i, line) in bytes[..end].split_inclusive(|b| *b == b'\n').enumerate() {
        let text = line.trim_ascii_end();
        if i == 0 {
            let (target, version) = text.split_at(memchr::memrchr(b' ', text).unwrap_or(text.len()));
            out.extend(mask_target(target));
            out.extend_from_slice(version);
        } else if credential && matches!(text.first(), Some(b' ' | b'\t')) {
            out.extend_from_slice(&text[..1]);
            out.extend_from_slice(MASK.as_bytes());
        } else if let Some(path) = text.strip_prefix(b":path: ") {
            // In a header list of HTTP/2 the target has a line of its own.
            out.extend_from_slice(b":path: ");
            out.extend(mask_target(path));
        } else if let Some(colon) = memchr::memchr(b':', text) {
            credential = is_credential_header(&text[..colon]);
            let value = text[colon + 1..].trim_ascii_start();
            out.extend_from_slice(&text[..text.len() - value.len()]);
            out.extend(mask_header(&text[..colon], value));
        } else {
            out.extend_from_slice(text);
        }
        out.extend_from_slice(&line[text.len()..]);
    }
    let rest = mask_body(&bytes[end..]);
    if memchr::memmem::find(&rest, b"HTTP/1.").is_none() {
        out.extend(rest);
        return out;
    }
    // Another message may follow: its credentials stand in lines as those of the first.
    for line in rest.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii_end();
        match memchr::memchr(b':', text).filter(|colon| is_credential_header(&text[..*colon])) {
            Some(colon) => {
                out.extend_from_slice(&text[..=colon]);
                out.push(b' ');
                out.extend(mask_header(&text[..colon], text[colon + 1..].trim_ascii_start()));
            }
            None if memchr::memmem::find(text, b" HTTP/1.").is_some() => out.extend(mask_target(text)),
            None => out.extend_from_slice(text),
        }
        out.extend_from_slice(&line[text.len()..]);
    }
    out
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
    fn a_list_of_http2_and_a_second_message_are_masked_too() {
        let list =
            b":method: GET\r\n:scheme: https\r\n:authority: h\r\n:path: /a?api_key=s3cret\r\ncookie: a=s3cret\r\n\r\n";
        let masked = String::from_utf8(mask_message(list)).expect("text");
        assert!(!masked.contains("s3cret") && masked.contains(":path: /a?api_key="), "{masked}");
        let two = b"GET / HTTP/1.1\r\nA: b\r\n\r\nGET /x?api_key=s3cret HTTP/1.1\r\nAuthorization: Bearer s3cret\r\nX: y\r\n\r\n";
        let masked = String::from_utf8(mask_message(two)).expect("text");
        assert!(!masked.contains("s3cret") && masked.contains("X: y\r\n\r\n"), "{masked}");
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
        assert_eq!(masked, r#"{"user":"a","password" : "***","n":[{"accessToken":"***"}],"token":"***"}"#);
        assert_eq!(mask_body(b"user=a&password=b&x=1"), b"user=a&password=***&x=1");
    }

    #[test]
    fn every_shape_of_a_secret_is_masked() {
        for body in [
            &b"user=a&password=zzz\n"[..],
            b"user=a\npassword=zzz\n",
            b"user=a&new%5Fpassword=zzz",
            b"user%5Bpassword%5D=zzz",
            b"user=\xff&password=zzz",
            b"code=zzz&grant_type=authorization_code",
            br#"{"pass\u0077ord":"zzz"}"#,
            br#"{"a":1,"client_secret":{"value":"zzz","all":["zzz", 1]},"b":2}"#,
            br#"{"user":{"newPassword":"zzz"}}"#,
            b"{\"a\":\"\xff\",\"password\":\"zzz\"}",
            b"\xef\xbb\xbf{\"password\":\"zzz\"}",
            b")]}',\n{\"password\":\"zzz\"}",
            b"data: {\"access_token\":\"zzz\"}\n\n",
            br#"{"next":"https://h/cb?a=1&access_token=zzz"}"#,
            br#"{"next":"https://h/cb?a=1\u0026access_token=zzz\u0026b=2"}"#,
            br#"{"db":"postgres://root:zzz@db/x"}"#,
            b"<a href=\"/x?a=1&amp;token=zzz\">",
            b"--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nzzz\r\n--b--\r\n",
        ] {
            let masked = mask_body(body);
            let text = String::from_utf8_lossy(&masked);
            assert!(!text.contains("zzz") && text.contains(MASK), "{} -> {text}", String::from_utf8_lossy(body));
        }
        for target in
            ["/x?access%5Ftoken=zzz", "/x;token=zzz?a=1", "/x?a=1&key=zzz", "/x?t=a%20eyJhbGciOiJub25lIn0.e30.zzz"]
        {
            assert!(!mask_target(target.as_bytes()).windows(3).any(|w| w == b"zzz"), "{target}");
        }
        assert!(!mask_target(b"/x?a=\xff&token=zzz").windows(3).any(|w| w == b"zzz"));
        for (name, value) in [
            ("Location", "https://h/cb?code=zzz&state=1"),
            ("Location", "https://root:zzz@h/"),
            ("Location", "/cb#access_token=zzz"),
            ("Link", "<https://h/?api_key=zzz>; rel=\"next\""),
            ("Refresh", "0; url=/x?token=zzz"),
            ("Private-Token", "zzz"),
            ("X-Goog-Api-Key", "zzz"),
            ("Cookie", "a=1; zzz"),
        ] {
            let masked = mask_header(name.as_bytes(), value.as_bytes());
            assert!(!masked.windows(3).any(|w| w == b"zzz"), "{name}: {}", String::from_utf8_lossy(&masked));
        }
        assert_eq!(mask_url(b"https://u:zzz@h:99999/x?token=zzz&a=1"), b"https://***@h:99999/x?token=***&a=1");
        assert_eq!(mask_url(b"u:zzz@h"), b"***@h");
    }

    #[test]
    fn what_is_no_secret_is_left_as_it_is() {
        for body in [
            &br#"{"code":"NOT_FOUND","key":"a","tokens":5,"token":null,"url":"https://h/?page=2"}"#[..],
            b"a=1&b=2",
            b"<p class=\"token\">a = b</p>",
            b"mail: a@b.test, see https://h/@user",
            b"\x00\xff\"\\=&?",
            br#"{"password""#,
            b"\"\\",
        ] {
            assert_eq!(mask_body(body), body, "{}", String::from_utf8_lossy(body));
        }
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
    fn a_folded_credential_is_masked_on_every_line() {
        let sent = b"GET / HTTP/1.1\r\nAuthorization: Digest a=\"1\",\r\n response: zzz\r\nA: b\r\n c\r\n\r\n";
        let masked = String::from_utf8(mask_message(sent)).expect("utf8");
        assert_eq!(masked, "GET / HTTP/1.1\r\nAuthorization: Digest ***\r\n ***\r\nA: b\r\n c\r\n\r\n");
    }

    #[test]
    fn a_token_with_a_known_secret_inside_is_masked_whole() {
        let token = format!(
            "{}.{}.sigsigsig",
            URL_SAFE_NO_PAD.encode("{}"),
            URL_SAFE_NO_PAD.encode("{\"a\":\"1nside-a-t0ken\"}")
        );
        known::learn(b"1nside-a-t0ken");
        assert_eq!(mask_tokens(format!("<{token}> 1nside-a-t0ken").as_bytes()), b"<e30***> ***");
        let token = format!("{}.e30.known", URL_SAFE_NO_PAD.encode("{\"alg\":\"none\"}"));
        known::learn(token.as_bytes());
        assert_eq!(mask_body(format!("{{\"t\":\"{token}\"}}").as_bytes()), b"{\"t\":\"***\"}");
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
