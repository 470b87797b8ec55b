//! The secrets of this run by value: every one that was read or typed is learnt, and what leaves the program is searched
//! for them in the forms they take on the way.
//!
//! One automaton (Aho and Corasick, 1975) finds all forms of all secrets in one pass. It is built anew when a secret is
//! learnt, which is seldom, and shared by all that read, which is often.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::{Arc, PoisonError, RwLock};

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use super::hash::hex;
use super::secret::{MASK, Secret, is_credential_header};

/// Shortest value that is looked for. A shorter one stands in ordinary text (a port, a year, a word), and masking it would
/// make that text useless while it hides next to nothing.
const SHORTEST: usize = 5;
/// Shortest form in base64 that is looked for: six characters stand by chance in a body of 64 MiB once in a thousand times.
const SHORTEST_BASE64: usize = 6;
/// Shortest value of a cookie that is learnt: shorter ones are mostly settings, such as `theme=dark`.
const SHORTEST_COOKIE: usize = 8;
/// Bytes of a form that the automaton knows; what follows them is compared. This bounds the automaton for long keys.
const LEAD: usize = 48;
/// Most secrets that are kept, so that what builds the automaton stays short.
const MOST: usize = 4_096;

/// The secrets of the process.
static KNOWN: RwLock<Known> = RwLock::new(Known { secrets: Vec::new(), finder: None });

/// Secrets and what finds them.
#[derive(Default)]
struct Known {
    secrets: Vec<Secret>,
    finder: Option<Arc<Finder>>,
}

/// The forms of all secrets, and the automaton over their beginnings.
struct Finder {
    automaton: AhoCorasick,
    /// The forms that begin with each pattern of the automaton.
    forms: Vec<Vec<Secret>>,
}

/// Learns a secret of this run.
pub fn learn(secret: &[u8]) {
    learn_all([secret]);
}

/// Learns several secrets at the cost of one.
pub fn learn_all<'a>(secrets: impl IntoIterator<Item = &'a [u8]>) {
    let is_new = |known: &Known, s: &[u8]| s.len() >= SHORTEST && !known.secrets.iter().any(|k| k.expose() == s);
    let secrets: Vec<&[u8]> = secrets.into_iter().collect();
    // Most that is learnt is known already; that is found out without stopping those that read.
    if !secrets.iter().any(|s| is_new(&read(), s)) {
        return;
    }
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    known.take(secrets);
}

/// Learns the credential in a header: the value without its scheme, the password of `Basic`, the value of each cookie.
pub fn learn_header(name: &[u8], value: &[u8]) {
    learn_all(credentials(name, value).iter().map(Secret::expose));
}

/// Wipes what was learnt. The automaton's own tables are freed; they cannot be wiped from here.
pub fn forget() {
    *KNOWN.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
}

/// Where known secrets stand in `bytes`, in whatever form; in order and apart.
pub fn find(bytes: &[u8]) -> Vec<Range<usize>> {
    finder().map(|finder| finder.find(bytes)).unwrap_or_default()
}

/// `bytes` with every known secret in it masked, in whatever form it stands there.
pub fn redact(bytes: &[u8]) -> Cow<'_, [u8]> {
    match finder() {
        Some(finder) => finder.redact(bytes),
        None => Cow::Borrowed(bytes),
    }
}

/// [`redact`] for text.
pub fn redact_str(text: &str) -> Cow<'_, str> {
    match redact(text.as_bytes()) {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// [`redact`] for text that is one's own: most holds nothing and is given back.
pub fn redacted(text: String) -> String {
    let masked = match redact_str(&text) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    };
    masked.unwrap_or(text)
}

fn read() -> std::sync::RwLockReadGuard<'static, Known> {
    KNOWN.read().unwrap_or_else(PoisonError::into_inner)
}

fn finder() -> Option<Arc<Finder>> {
    read().finder.clone()
}

impl Known {
    fn take<'a>(&mut self, secrets: impl IntoIterator<Item = &'a [u8]>) {
        let before = self.secrets.len();
        for secret in secrets {
            let is_new = secret.len() >= SHORTEST && !self.secrets.iter().any(|k| k.expose() == secret);
            if is_new && self.secrets.len() < MOST {
                self.secrets.push(secret.to_vec().into());
            }
        }
        if self.secrets.len() > before {
            self.finder = Finder::new(&self.secrets).map(Arc::new);
        }
    }
}

impl Finder {
    fn new(secrets: &[Secret]) -> Option<Self> {
        let mut all: Vec<Secret> = secrets.iter().flat_map(|s| forms(s.expose())).collect();
        all.sort_by(|a, b| a.expose().cmp(b.expose()));
        all.dedup();
        let mut forms: Vec<Vec<Secret>> = Vec::new();
        for form in all {
            match forms.last_mut().filter(|same| lead(&same[0]) == lead(&form)) {
                Some(same) => same.push(form),
                None => forms.push(vec![form]),
            }
        }
        // Overlapping matches are wanted, so that one secret inside or across another leaves nothing of either.
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .build(forms.iter().map(|same| lead(&same[0])))
            .ok()?;
        Some(Self { automaton, forms })
    }

    /// Where secrets stand, in order and apart.
    fn find(&self, bytes: &[u8]) -> Vec<Range<usize>> {
        let found = self.automaton.find_overlapping_iter(bytes).filter_map(|m| {
            let rest = &bytes[m.start()..];
            // All of it has to stand there, since two tokens begin alike for long; or as much as what was cut off left.
            let stands = |form: &Secret| rest.starts_with(form.expose()) || form.expose().starts_with(rest);
            let forms = self.forms[m.pattern().as_usize()].iter().filter(|f| stands(f));
            forms.map(|f| m.start()..m.start() + f.expose().len().min(rest.len())).max_by_key(|r| r.end)
        });
        apart(found.collect())
    }

    fn redact<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.find(bytes);
        if found.is_empty() {
            return Cow::Borrowed(bytes);
        }
        let mut out = Vec::with_capacity(bytes.len());
        let mut done = 0;
        for range in found {
            out.extend_from_slice(&bytes[done..range.start]);
            out.extend_from_slice(MASK.as_bytes());
            done = range.end;
        }
        out.extend_from_slice(&bytes[done..]);
        Cow::Owned(out)
    }
}

/// The same places in order, those that overlap or touch as one.
pub(super) fn apart(mut found: Vec<Range<usize>>) -> Vec<Range<usize>> {
    found.sort_by_key(|r| r.start);
    found.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
    found
}

fn lead(form: &Secret) -> &[u8] {
    let form = form.expose();
    &form[..form.len().min(LEAD)]
}

/// Every form of a secret that is looked for.
fn forms(secret: &[u8]) -> Vec<Secret> {
    let mut out: Vec<Secret> = vec![secret.to_vec().into()];
    for ahead in 0..3 {
        out.extend(base64(secret, ahead));
    }
    let small = hex(secret);
    out.push(small.to_ascii_uppercase().into_bytes().into());
    out.push(small.into_bytes().into());
    // A component of a URL, a whole URL, and a form, where a space is a plus (WHATWG URL, section 5.2).
    for (kept, space) in [(&b"-._~"[..], false), (b"-._~!$&'()*+,;=:@/?", false), (b"-._*", true), (b"-._~", true)] {
        out.extend([percent(secret, kept, space, false), percent(secret, kept, space, true)]);
    }
    if let Ok(text) = std::str::from_utf8(secret) {
        for style in [Escapes::Least, Escapes::Solidus, Escapes::Html, Escapes::Ascii] {
            out.push(json(text, style, false));
            out.push(json(text, style, true));
        }
    }
    out
}

/// The characters of base64 that a secret decides alone when it stands `ahead` bytes after a boundary of three, in both
/// alphabets (RFC 4648 sections 4 and 5): those at its edges depend on what stands beside it.
fn base64(secret: &[u8], ahead: usize) -> Vec<Secret> {
    let mut padded = Zeroizing::new(vec![0; ahead]);
    padded.reserve_exact(secret.len());
    padded.extend_from_slice(secret);
    let (from, to) = ((ahead * 8).div_ceil(6), padded.len() * 8 / 6);
    if to - from.min(to) < SHORTEST_BASE64 {
        return Vec::new();
    }
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD]
        .into_iter()
        .map(|engine| Zeroizing::new(engine.encode(&*padded)).as_bytes()[from..to].to_vec().into())
        .collect()
}

/// Percent-encoded (RFC 3986 section 2.1) but for letters, digits and these; a space as a plus where that is asked for.
fn percent(secret: &[u8], kept: &[u8], plus: bool, lower: bool) -> Secret {
    let digits = if lower { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
    let mut out = Vec::with_capacity(secret.len() * 3);
    for b in secret {
        if b.is_ascii_alphanumeric() || kept.contains(b) {
            out.push(*b);
        } else if plus && *b == b' ' {
            out.push(b'+');
        } else {
            out.extend([b'%', digits[usize::from(b >> 4)], digits[usize::from(b & 15)]]);
        }
    }
    out.into()
}

/// How much a writer of JSON escapes beyond what it must (RFC 8259 section 7).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// Nothing more.
    Least,
    /// The solidus, as PHP does.
    Solidus,
    /// What steers HTML, as Go does, and the apostrophe.
    Html,
    /// The solidus, and all that is not ASCII.
    Ascii,
}

/// JSON-escaped, without the quotes; the digits of `\u` in the case asked for.
fn json(text: &str, style: Escapes, upper: bool) -> Secret {
    // Enough for the longest escape of each byte, so that no copy is left behind by growth.
    let mut out = Vec::with_capacity(text.len() * 6);
    for c in text.chars() {
        let short = match c {
            '"' => Some('"'),
            '\\' => Some('\\'),
            '\n' => Some('n'),
            '\r' => Some('r'),
            '\t' => Some('t'),
            '\u{8}' => Some('b'),
            '\u{c}' => Some('f'),
            '/' if matches!(style, Escapes::Solidus | Escapes::Ascii) => Some('/'),
            _ => None,
        };
        let coded = c.is_control()
            || (style == Escapes::Html && matches!(c, '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}'))
            || (style == Escapes::Ascii && !c.is_ascii());
        if let Some(short) = short {
            out.extend([b'\\', short as u8]);
        } else if coded {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let digits = if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") };
                out.extend_from_slice(digits.as_bytes());
            }
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out.into()
}

/// The credentials in the value of a header, of which none is an everyday word.
fn credentials(name: &[u8], value: &[u8]) -> Vec<Secret> {
    let value = value.trim_ascii();
    let (scheme, rest) = value.split_at(memchr::memchr(b' ', value).unwrap_or(value.len()));
    let rest = rest.trim_ascii();
    let is = |word: &str| scheme.eq_ignore_ascii_case(word.as_bytes());
    let mut out = Vec::new();
    if name.eq_ignore_ascii_case(b"cookie") {
        for pair in value.split(|b| *b == b';') {
            let at = memchr::memchr(b'=', pair).map_or(0, |i| i + 1);
            out.push(pair[at..].trim_ascii());
        }
        out.retain(|v| v.len() >= SHORTEST_COOKIE);
        return out.into_iter().map(|v| v.to_vec().into()).collect();
    }
    if is("bearer") || is("basic") || is("dpop") || is("token") {
        out.push(rest);
    } else if is_credential_header(name) {
        out.push(value);
    }
    let mut out: Vec<Secret> = out.into_iter().map(|v| v.to_vec().into()).collect();
    // RFC 7617: what is encoded is the name, a colon and the password.
    if is("basic")
        && let Ok(pair) = base64::engine::general_purpose::STANDARD.decode(rest).map(Zeroizing::new)
        && let Some(colon) = memchr::memchr(b':', &pair)
    {
        out.push(pair[colon + 1..].to_vec().into());
    }
    out
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use proptest::prelude::*;

    use super::*;

    fn knowing(secrets: &[&[u8]]) -> Finder {
        let mut known = Known::default();
        known.take(secrets.iter().copied());
        Arc::into_inner(known.finder.expect("secrets")).expect("one")
    }

    fn redacted(secrets: &[&[u8]], text: &[u8]) -> String {
        String::from_utf8_lossy(&knowing(secrets).redact(text)).into_owned()
    }

    #[test]
    fn what_was_learnt_is_masked_for_the_whole_process() {
        learn(b"kn0wn-and-l3arnt");
        assert_eq!(redact(b"a kn0wn-and-l3arnt b").as_ref(), b"a *** b");
        assert_eq!(redact_str("a kn0wn-and-l3arnt b"), "a *** b");
        assert!(matches!(redact(b"nothing"), Cow::Borrowed(_)));
        learn_header(b"Authorization", b"Bearer l3arnt-from-a-h3ader");
        assert_eq!(redact_str("<l3arnt-from-a-h3ader>"), "<***>");
    }

    #[test]
    fn every_form_is_masked() {
        let secret = "p/w?+\"ä\n<&'x 7~";
        for (form, around) in [
            (secret.to_owned(), "plain"),
            (hex(secret.as_bytes()), "hex"),
            (hex(secret.as_bytes()).to_ascii_uppercase(), "HEX"),
            ("p%2Fw%3F%2B%22%C3%A4%0A%3C%26%27x%207~".to_owned(), "component"),
            ("p%2fw%3f%2b%22%c3%a4%0a%3c%26%27x%207~".to_owned(), "component, small"),
            ("p/w?+%22%C3%A4%0A%3C&'x%207~".to_owned(), "URI"),
            ("p%2Fw%3F%2B%22%C3%A4%0A%3C%26%27x+7%7E".to_owned(), "form"),
            ("p/w?+\\\"ä\\n<&'x 7~".to_owned(), "JSON"),
            ("p\\/w?+\\\"ä\\n<&'x 7~".to_owned(), "JSON, solidus"),
            ("p/w?+\\\"ä\\n\\u003c\\u0026\\u0027x 7~".to_owned(), "JSON, HTML"),
            ("p\\/w?+\\\"\\u00e4\\n<&'x 7~".to_owned(), "JSON, ASCII"),
            ("p\\/w?+\\\"\\u00E4\\n<&'x 7~".to_owned(), "JSON, ASCII, upper"),
        ] {
            let text = format!("{around}<{form}>");
            assert_eq!(redacted(&[secret.as_bytes()], text.as_bytes()), format!("{around}<***>"), "{form}");
        }
        let json = serde_json::to_string(secret).expect("JSON");
        assert_eq!(redacted(&[secret.as_bytes()], json.as_bytes()), "\"***\"");
    }

    #[test]
    fn short_values_stay_and_overlapping_ones_leave_nothing() {
        let mut known = Known::default();
        known.take([&b"abcd"[..]]);
        assert!(known.finder.is_none());
        assert_eq!(redacted(&[b"abcdef", b"efghij"], b"<abcdefghij>"), "<***>");
        assert_eq!(redacted(&[b"secret", b"secret-long"], b"secret-long secret-lo"), "*** ***-lo");
        assert_eq!(redacted(&[b"aaaaaa"], b"xaaaaaaaaax"), "x***x");
    }

    #[test]
    fn a_long_secret_is_masked_whole_and_where_it_is_cut() {
        let secret: Vec<u8> = (0..9_000_u32).map(|i| b'!' + u8::try_from(i * i % 89).expect("small")).collect();
        let text = [b"<", &secret[..], b"> <", &secret[..500]].concat();
        assert_eq!(redacted(&[&secret], &text), "<***> <***");
        // What only begins alike is another one.
        let other = [&secret[..500], b" other"].concat();
        assert_eq!(redacted(&[&secret], &other).len(), other.len());
    }

    #[test]
    fn credentials_are_taken_out_of_headers() {
        let all = |name: &str, value: &str| -> Vec<String> {
            let found = credentials(name.as_bytes(), value.as_bytes());
            found.iter().map(|s| String::from_utf8_lossy(s.expose()).into_owned()).collect()
        };
        assert_eq!(all("Authorization", "Bearer abc"), ["abc"]);
        assert_eq!(all("Authorization", "Basic dTpodW50ZXIy"), ["dTpodW50ZXIy", "hunter2"]);
        assert_eq!(all("X-Api-Key", "k1 k2"), ["k1 k2"]);
        assert_eq!(all("Cookie", "theme=dark; sid=0123456789"), ["0123456789"]);
        assert!(all("Accept", "application/json").is_empty());
    }

    proptest! {
        #[test]
        fn no_form_survives_wherever_it_stands(
            secret in proptest::collection::vec(any::<u8>(), 8..40),
            before in proptest::collection::vec(any::<u8>(), 0..8),
            after in proptest::collection::vec(any::<u8>(), 0..8),
        ) {
            let finder = knowing(&[&secret]);
            let whole = [&before[..], &secret, &after].concat();
            for text in [whole.clone(), STANDARD.encode(&whole).into_bytes(), URL_SAFE.encode(&whole).into_bytes()] {
                let out = finder.redact(&text);
                prop_assert!(matches!(out, Cow::Owned(_)));
                prop_assert!(finder.find(&out).is_empty() || memchr::memmem::find(&secret, b"***").is_some());
                // At most the two characters that neighbours share in decide are left of each edge.
                prop_assert!(out.len() <= (before.len() + after.len()) * 4 / 3 + 12, "{}", out.len());
            }
        }

        #[test]
        fn text_without_a_secret_is_not_touched(text in "[a-z ]{0,200}") {
            prop_assert!(matches!(knowing(&[b"0123456789"]).redact(text.as_bytes()), Cow::Borrowed(_)));
        }
    }
}
