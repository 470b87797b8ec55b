//! Cookies a reply sets, and which of them carry a session.

use crate::base::secret;
use crate::wire::Response;

/// How many cookies of one reply are judged; browsers keep fewer than this for one host.
const JUDGED: usize = 300;
/// Words that make a cookie name a session's.
const SESSION_WORDS: &[&str] =
    &["sid", "sess", "session", "sessionid", "token", "auth", "jwt", "login", "remember", "identity"];
/// Words that make a cookie name one that scripts are meant to read.
const SCRIPT_WORDS: &[&str] = &["csrf", "xsrf", "csrftoken"];
/// A value with at least this many characters out of a base64 or hexadecimal alphabet may be a session's.
const OPAQUE: usize = 20;
/// Shannon entropy in bits a character above which such a value counts as random. Sixteen equally frequent hexadecimal
/// digits would give 4.
const RANDOM_BITS: f64 = 3.0;

/// One cookie, as a client would keep it (RFC 6265 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, not a state")]
pub struct Cookie {
    /// Name, as sent.
    pub name: String,
    /// Sent over TLS only.
    pub secure: bool,
    /// Hidden from scripts.
    pub http_only: bool,
    /// `Strict` or `Lax`.
    pub same_site: bool,
    /// `SameSite=None`, said in so many words.
    pub cross_site: bool,
    /// `Partitioned`.
    pub partitioned: bool,
    /// `Domain`, in lower case and without its leading dot; the last one counts.
    pub domain: Option<String>,
    /// `Path`; the last one counts.
    pub path: Option<String>,
    /// Carries a session, by its name or by the shape of its value.
    pub session: bool,
}

/// Every cookie the reply sets; those it deletes carry nothing and are left out.
pub fn of(response: &Response) -> Vec<Cookie> {
    response.all("set-cookie").filter_map(|v| parse(&v.lossy())).take(JUDGED).collect()
}

fn parse(line: &str) -> Option<Cookie> {
    let mut parts = line.split(';');
    let pair = parts.next().unwrap_or_default();
    let (name, value) = pair.split_once('=').unwrap_or(("", pair));
    let (name, value) = (name.trim(), value.trim());
    let mut cookie = Cookie {
        name: name.to_owned(),
        secure: false,
        http_only: false,
        same_site: false,
        cross_site: false,
        partitioned: false,
        domain: None,
        path: None,
        session: is_session(name, value),
    };
    let mut deleted = value.is_empty();
    for attribute in parts {
        let (key, argument) = attribute.split_once('=').unwrap_or((attribute, ""));
        let argument = argument.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => cookie.secure = true,
            "httponly" => cookie.http_only = true,
            // The last one counts.
            "samesite" => {
                cookie.same_site = ["strict", "lax"].iter().any(|v| argument.eq_ignore_ascii_case(v));
                cookie.cross_site = argument.eq_ignore_ascii_case("none");
            }
            "partitioned" => cookie.partitioned = true,
            // An empty one counts as none (RFC 6265 section 5.2.3).
            "domain" if argument.is_empty() => {}
            "domain" => cookie.domain = Some(argument.trim_start_matches('.').to_ascii_lowercase()),
            "path" => cookie.path = Some(argument.to_owned()),
            "max-age" => deleted |= argument == "0" || argument.starts_with('-'),
            "expires" => {
                deleted |= argument.contains(" 1970 ") || argument.contains("-1970 ") || argument.contains("-70 ");
            }
            _ => {}
        }
    }
    (!deleted).then_some(cookie)
}

fn is_session(name: &str, value: &str) -> bool {
    let words = words(name);
    if words.iter().any(|w| SCRIPT_WORDS.contains(&w.as_str())) {
        return false;
    }
    let named = words.iter().any(|w| {
        SESSION_WORDS.contains(&w.as_str())
            || (w.len() > 3 && (w.ends_with("sid") || w.ends_with("sessid") || w.ends_with("sessionid")))
    });
    let value = value.trim_matches('"');
    named || !secret::find_tokens(&value.as_bytes()[..value.len().min(16 << 10)]).is_empty() || is_random(value)
}

/// The words of a name: split at separators and where a capital follows a small letter, in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars().take(200) {
        if !c.is_ascii_alphanumeric() || (small && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        small = c.is_ascii_lowercase();
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
    }
    words.retain(|w| !w.is_empty());
    words
}

/// True for a long value without structure: letters and digits mixed, spread as chance spreads them.
fn is_random(value: &str) -> bool {
    let value = &value.as_bytes()[..value.len().min(4096)];
    let fits = value.iter().all(|b| b.is_ascii_alphanumeric() || b"-_+/=.%:".contains(b));
    if value.len() < OPAQUE
        || !fits
        || !value.iter().any(u8::is_ascii_digit)
        || !value.iter().any(u8::is_ascii_alphabetic)
    {
        return false;
    }
    let mut counts = [0_u32; 256];
    for b in value {
        counts[usize::from(*b)] += 1;
    }
    let n = value.len() as f64;
    let bits: f64 = counts.iter().filter(|c| **c > 0).map(|c| f64::from(*c) / n).map(|p| -p * p.log2()).sum();
    bits >= RANDOM_BITS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_by_name_and_by_value() {
        for (name, value, session) in [
            ("sid", "1", true),
            ("connect.sid", "x", true),
            ("PHPSESSID", "x", true),
            ("accessToken", "x", true),
            ("JSESSIONID", "x", true),
            ("x-auth", "x", true),
            ("theme", "dark", false),
            ("side", "left", false),
            ("author", "ann", false),
            ("csrftoken", "8f14e45fceea167a5a36dedd4bea2543", false),
            ("XSRF-TOKEN", "8f14e45fceea167a5a36dedd4bea2543", false),
            ("a", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", true),
            ("a", "8f14e45fceea167a5a36dedd4bea2543", true),
            ("a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1", false),
            ("lang", "en-GB", false),
        ] {
            assert_eq!(is_session(name, value), session, "{name}={value}");
        }
    }

    #[test]
    fn attributes_as_clients_read_them() {
        let c = parse("sid=1; SECURE=false; httponly; samesite=None; SameSite=LAX").expect("a cookie");
        assert!(c.secure && c.http_only && c.same_site);
        let c = parse("sid=1; SameSite=Maybe").expect("a cookie");
        assert!(!c.secure && !c.http_only && !c.same_site);
    }

    #[test]
    fn deletions_are_left_out() {
        for line in
            ["sid=; Path=/", "sid=x; Max-Age=0", "sid=x; max-age=-1", "sid=x; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
        {
            assert_eq!(parse(line), None, "{line}");
        }
        assert!(parse("novalue").is_some_and(|c| c.name.is_empty()));
    }
}
