//! Requests as a `.http` file that the reader gives back. What such a file cannot say is told, and a body that cannot stand in
//! it goes into a file beside it.

use std::fmt::Write as _;

use super::{HttpFile, Part, Template};
use crate::base::secret::{MASK, mask_body, mask_header, mask_target, mask_url};
use crate::base::text::{display, is_hazard};
use crate::wire::request::is_name_byte;
use crate::wire::{Headers, Request, Target};

/// Bytes of a body that stand in the file itself.
const MOST_INLINE: usize = 128 << 10;
/// The variable that stands for an opening brace, where two of them are no variable.
const BRACE: &str = "open-brace";

/// One request to be written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Item {
    /// Its name; else its method and path.
    pub name: Option<String>,
    /// Method.
    pub method: Vec<u8>,
    /// Absolute URL.
    pub url: Vec<u8>,
    /// Headers in order.
    pub headers: Headers,
    /// Body.
    pub body: Content,
    /// Whether `{{name}}` in it stands for itself and not for a variable.
    pub literal: bool,
    /// Whether secrets in it are masked already, so that masks become variables whatever is shown.
    pub masked: bool,
    /// Who sends it.
    pub identity: Option<String>,
    /// What of the request this does not hold, a sentence each.
    pub lost: Vec<String>,
}

/// A body to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Bytes.
    Bytes(Vec<u8>),
    /// The path of a file.
    File(String),
}

impl Default for Content {
    fn default() -> Self {
        Self::Bytes(Vec::new())
    }
}

impl Item {
    /// That of a request that was made: nothing in it is a variable.
    pub fn of(request: &Request) -> Self {
        let mut lost = Vec::new();
        // Behind a host these begin a path or a query, and anything else would be a part of the host.
        let begins: &[u8] = if matches!(request.target.first(), Some(b'/' | b'?')) { b"" } else { b"/" };
        if !begins.is_empty() {
            lost.push(format!("the target {} cannot stand in a URL", display(&mask_target(&request.target))));
        }
        if request.raw.is_some() {
            lost.push("it was given whole as bytes; the file holds what was read from them".to_owned());
        }
        Self {
            lost,
            name: None,
            method: request.method.clone(),
            // The host as it is: what cannot stand in a text is told below.
            url: [request.origin.exact().as_bytes(), begins, &request.target].concat(),
            headers: request.headers.clone(),
            body: Content::Bytes(request.body.to_vec()),
            literal: true,
            masked: false,
            identity: request.identity.clone(),
        }
    }
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The file.
    pub text: String,
    /// The files beside it: name, and content.
    pub bodies: Vec<(String, Vec<u8>)>,
    /// Names that stand where secrets were masked.
    pub wanted: Vec<String>,
    /// What the file does not say as it was, a sentence each in display form.
    pub notes: Vec<String>,
}

/// Writes requests. Secrets become variables unless `show` says otherwise; `beside` names the file for the body of a request.
pub fn write(items: &[Item], show: bool, beside: &dyn Fn(usize) -> String) -> Written {
    let mut out = Written::default();
    let mut entries = String::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            entries.push('\n');
        }
        out.notes.extend(item.lost.iter().cloned());
        let veiled = Veiled::of(item, show, &mut out);
        let inline = match &veiled.body {
            Content::Bytes(body) if body.is_empty() => Some(String::new()),
            Content::Bytes(body) if body.len() <= MOST_INLINE => {
                std::str::from_utf8(body).ok().map(|b| veiled.literal(b))
            }
            Content::Bytes(_) => None,
            Content::File(path) if path.contains(['\r', '\n']) => {
                out.notes.push("the path of the body's file cannot be written".to_owned());
                Some(String::new())
            }
            Content::File(path) => Some(format!("< {path}")),
        };
        let entry = inline.map(|body| veiled.entry(&body)).filter(|entry| veiled.holds_body(entry));
        let entry = match (entry, &veiled.body) {
            (Some(entry), _) => entry,
            (None, Content::Bytes(body)) => {
                let name = beside(i);
                let entry = veiled.entry(&format!("< {name}"));
                out.notes.push(format!(
                    "the body of {} cannot stand in the file; it is in {}",
                    veiled.subject(),
                    display(name.as_bytes())
                ));
                out.bodies.push((name, body.clone()));
                entry
            }
            (None, Content::File(path)) => {
                out.notes.push(format!("the path {} cannot be written as it is", display(path.as_bytes())));
                veiled.entry("")
            }
        };
        veiled.compare(&entry, &mut out.notes);
        entries.push_str(&entry);
    }
    if entries.contains(&format!("{{{{{BRACE}}}}}")) {
        let _ = writeln!(out.text, "@{BRACE} = {{\n");
    }
    out.text.push_str(&entries);
    out
}

/// A request with its secrets out of sight, as text.
struct Veiled {
    title: String,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Content,
    identity: Option<String>,
    is_literal: bool,
}

impl Veiled {
    fn of(item: &Item, show: bool, out: &mut Written) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let mut veil = |bytes: &[u8], masked: Vec<u8>, stem: &str| {
            let was = item.masked && memchr::memmem::find(bytes, MASK.as_bytes()).is_some();
            if !was && (show || masked == bytes) {
                return bytes.to_vec();
            }
            unmasked(bytes, &masked, stem, item.literal, &mut out.wanted)
        };
        let url = veil(&item.url, mask_url(&item.url), "url-secret");
        let headers: Vec<(Vec<u8>, Vec<u8>)> = item
            .headers
            .iter()
            .map(|(n, v)| (n.clone(), veil(v, mask_header(n, v), &text(n).to_ascii_lowercase())))
            .collect();
        let body = match &item.body {
            Content::Bytes(b) => Content::Bytes(veil(b, mask_body(b), "body-secret")),
            Content::File(path) => Content::File(path.clone()),
        };
        let method: String = text(&item.method).chars().filter(|c| u8::try_from(*c).is_ok_and(is_name_byte)).collect();
        let method = if method.is_empty() { "GET".to_owned() } else { method };
        if method.as_bytes() != item.method {
            out.notes.push(format!("the method {} cannot be written; the file says {method}", display(&item.method)));
        }
        let lossy = url.iter().any(|b| *b < b' ' || *b == 0x7f) || std::str::from_utf8(&url).is_err();
        let mut written = String::with_capacity(url.len());
        for chunk in url.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\0'..='\u{1f}' | '\u{7f}' => _ = write!(written, "%{:02X}", c as u32),
                    c => written.push(c),
                }
            }
            chunk.invalid().iter().for_each(|b| _ = write!(written, "%{b:02X}"));
        }
        if lossy {
            out.notes.push("bytes of the URL that are no text are percent-encoded in the file".to_owned());
        }
        let mut kept = Vec::with_capacity(headers.len());
        for (n, v) in &headers {
            let fits = !n.is_empty() && n.iter().all(|b| is_name_byte(*b)) && !v.iter().any(|b| b"\r\n\0".contains(b));
            if fits && std::str::from_utf8(v).is_ok() {
                kept.push((text(n), text(v)));
            } else {
                out.notes.push(format!("the header {} cannot be written and is left out", display(n)));
            }
        }
        let place = written.split_once("://").map_or(written.as_str(), |(_, rest)| rest);
        let path = place.split_once('/').map_or("", |(_, path)| path).split('?').next().unwrap_or_default();
        let title = item.name.clone().unwrap_or_else(|| format!("{method} /{path}"));
        let title: String = title.chars().map(|c| if is_hazard(c) { ' ' } else { c }).collect();
        let title = title.trim_matches(|c: char| c == '#' || c.is_whitespace()).to_owned();
        Self {
            title,
            method,
            url: written,
            headers: kept,
            body,
            identity: item.identity.clone(),
            is_literal: item.literal,
        }
    }

    fn subject(&self) -> String {
        display(self.title.as_bytes())
    }

    /// Text in which braces are what they were: where they are no variables, none is read.
    fn literal(&self, text: &str) -> String {
        // What a secret became is a variable all the same.
        if !self.is_literal || Template::parse(text, 0).variables().next().is_none() {
            return text.replace(OPEN, "{{").replace(CLOSE, "}}");
        }
        let braces = format!("{{{{{BRACE}}}}}").repeat(2);
        text.replace("{{", &braces).replace(OPEN, "{{").replace(CLOSE, "}}")
    }

    fn entry(&self, body: &str) -> String {
        let mut out = format!("### {}\n", self.title);
        if let Some(identity) = &self.identity {
            let _ = writeln!(out, "# @identity {identity}");
        }
        let _ = writeln!(out, "{} {} HTTP/1.1", self.method, self.literal(&self.url));
        for (name, value) in &self.headers {
            let value = self.literal(value);
            let _ = writeln!(out, "{name}:{}{value}", if value.is_empty() { "" } else { " " });
        }
        if !body.is_empty() {
            let _ = writeln!(out, "\n{body}");
        }
        out
    }

    /// The texts of an entry as the reader gives them back; `None` where it is not one entry. What stands for a secret stays.
    fn again(entry: &str) -> Option<Read> {
        let text = format!("@{BRACE} = {{\n{entry}");
        let file = HttpFile::read(text.as_bytes(), "").ok()?;
        let [one] = &file.requests[..] else { return None };
        let put = |t: &Template| {
            let mut known = |name: &str| (name != BRACE).then(|| Ok(format!("{{{{{name}}}}}").into_bytes()));
            file.fill(t, "", &mut known).ok()
        };
        let mut body = Vec::new();
        let mut named = false;
        for part in &one.body {
            match part {
                Part::Text(t) => body.extend(put(t)?),
                Part::File { path, .. } => {
                    named = true;
                    body.extend(path.to_string().bytes());
                }
            }
        }
        let headers = one.headers.iter().map(|(n, v)| Some((put(n)?, put(v)?))).collect::<Option<Vec<_>>>()?;
        let directives = one.directives.iter().map(|d| d.word.clone()).collect();
        Some(Read { method: one.method.clone().into_bytes(), url: put(&one.url)?, headers, body, named, directives })
    }

    /// Whether an entry holds the body as it is.
    fn holds_body(&self, entry: &str) -> bool {
        let Some(read) = Self::again(entry) else { return false };
        let directives = usize::from(self.identity.is_some());
        match &self.body {
            Content::Bytes(body) => {
                !read.named && shown(&read.body) == shown(body) && read.directives.len() == directives
            }
            Content::File(path) => {
                read.named && read.body == path.trim().as_bytes() && read.directives.len() == directives
            }
        }
    }

    /// Says what the reader would give back otherwise.
    fn compare(&self, entry: &str, notes: &mut Vec<String>) {
        let Some(read) = Self::again(entry) else {
            notes.push(format!("{} cannot be written as it is", self.subject()));
            return;
        };
        let url = shown(self.url.as_bytes());
        let same = |a: &[u8], b: &[u8]| match (Target::parse(a), Target::parse(b)) {
            (Ok(a), Ok(b)) => a == b && a.fragment.is_none(),
            _ => a == b,
        };
        if read.method != self.method.as_bytes() || !same(&read.url, &url) {
            notes.push(format!("the request line of {} cannot be written as it is", self.subject()));
        }
        let wanted = self.headers.iter().map(|(n, v)| (n.clone().into_bytes(), shown(v.as_bytes())));
        let lost: Vec<String> = wanted.filter(|h| !read.headers.contains(h)).map(|(n, _)| display(&n)).collect();
        if !lost.is_empty() || read.headers.len() != self.headers.len() {
            notes.push(format!("headers are not written as they are: {}", lost.join(", ")));
        }
    }
}

/// What the reader gave back.
struct Read {
    method: Vec<u8>,
    url: Vec<u8>,
    headers: Headers,
    body: Vec<u8>,
    named: bool,
    directives: Vec<String>,
}

/// Stand for the braces of a variable that took the place of a secret, until braces of the text itself are escaped: no text
/// holds them, since they are no characters.
const OPEN: &str = "\u{fdd0}";
const CLOSE: &str = "\u{fdd1}";

fn shown(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace(OPEN, "{{").replace(CLOSE, "}}").into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

/// The masked form with a variable for each mask. A place that holds a variable alone keeps it.
fn unmasked(bytes: &[u8], masked: &[u8], stem: &str, literal: bool, wanted: &mut Vec<String>) -> Vec<u8> {
    let parts: Vec<&[u8]> = {
        let mut parts = Vec::new();
        let mut from = 0;
        for at in memchr::memmem::find_iter(masked, MASK) {
            parts.push(&masked[from..at]);
            from = at + MASK.len();
        }
        parts.push(&masked[from..]);
        parts
    };
    let mut out = parts[0].to_vec();
    // Where in the original the text behind the last mask stands; a guess, which only decides whether a variable stays.
    let mut at = bytes.starts_with(parts[0]).then_some(parts[0].len());
    for part in &parts[1..] {
        let rest = at.and_then(|at| bytes.get(at..)).unwrap_or_default();
        let length = if part.is_empty() { Some(rest.len()) } else { memchr::memmem::find(rest, part) };
        let held = length.map(|n| &rest[..n]).unwrap_or_default();
        let held = held.strip_prefix(b"\"").and_then(|h| h.strip_suffix(b"\"")).unwrap_or(held);
        let is_variable = !literal
            && held
                .strip_prefix(b"{{")
                .and_then(|h| h.strip_suffix(b"}}"))
                .is_some_and(|n| !n.iter().any(|b| b"{}".contains(b)));
        if is_variable {
            out.extend_from_slice(held);
        } else {
            let safe = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
            let stem: String = stem.chars().map(safe).collect();
            let name = (1..).map(|n| if n == 1 { stem.clone() } else { format!("{stem}-{n}") });
            let name = name.into_iter().find(|n| !wanted.contains(n)).unwrap_or_default();
            out.extend(format!("{OPEN}{name}{CLOSE}").bytes());
            wanted.push(name);
        }
        out.extend_from_slice(part);
        at = at.zip(length).map(|(at, n)| at + n + part.len());
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::Result;

    fn again(written: &Written) -> Result<Vec<Request>> {
        let file = HttpFile::read(written.text.as_bytes(), "f.http")?;
        file.requests
            .iter()
            .map(|e| {
                let mut load = |name: &str| {
                    Ok(written.bodies.iter().find(|(n, _)| n == name).map(|(_, b)| b.clone()).unwrap_or_default())
                };
                file.request(e, "f.http", &mut |_| None, &mut load)
            })
            .collect()
    }

    fn beside(i: usize) -> String {
        format!("{i}.body")
    }

    #[test]
    fn a_request_is_written_as_editors_write_it() {
        let mut r =
            Request::new("POST", b"https://h/a/../b?x={{7*7}}").expect("url").header("Accept", "*/*").header("X-E", "");
        r.body = "{\n  \"a\": \"{{b}}\"\n}".into();
        r.identity = Some("alice".to_owned());
        let written = write(&[Item::of(&r)], true, &beside);
        assert_eq!(
            written.text,
            "@open-brace = {\n\n### POST /a/../b\n# @identity alice\n\
             POST https://h/a/../b?x={{open-brace}}{{open-brace}}7*7}} HTTP/1.1\nAccept: */*\nX-E:\n\n\
             {\n  \"a\": \"{{open-brace}}{{open-brace}}b}}\"\n}\n"
        );
        assert!(written.notes.is_empty() && written.bodies.is_empty(), "{written:?}");
        r.identity = None;
        assert_eq!(again(&written).expect("it reads"), [r]);
    }

    #[test]
    fn what_would_be_read_otherwise_goes_beside_or_is_said() {
        for body in [
            "### x\nGET http://evil/",
            "a\n# @assert status 1",
            "< /etc/passwd",
            "a\r\nb",
            "a\n\n",
            "> x\ny",
            "\n\na",
            "@a = b",
        ] {
            let mut r = Request::new("POST", b"http://h/").expect("url");
            r.body = body.into();
            let written = write(&[Item::of(&r), Item::of(&r)], true, &beside);
            assert_eq!(again(&written).expect(body), [r.clone(), r], "{written:?}");
        }
        let mut odd = Request::new("GET", b"http://h/").expect("url").header("X", " a ").header("#x", "1");
        odd.target = b"/a\r\nHost: evil\r\n\r\n#f".to_vec();
        let written = write(&[Item::of(&odd)], true, &beside);
        assert_eq!(again(&written).expect("it reads").len(), 1);
        let notes = written.notes.join("\n");
        for words in ["percent-encoded", "request line", "headers are not written as they are: X, #x"] {
            assert!(notes.contains(words), "{words}: {notes}");
        }
    }

    #[test]
    fn a_secret_becomes_a_variable_and_a_variable_stays_one() {
        let item = Item {
            name: Some("log in".to_owned()),
            method: b"POST".to_vec(),
            url: b"{{base}}/a?token=s3cret&x=1".to_vec(),
            headers: vec![
                (b"Authorization".to_vec(), b"Bearer {{token}}".to_vec()),
                (b"X-Api-Key".to_vec(), b"s3cret".to_vec()),
                (b"Cookie".to_vec(), b"a={{sid}}; b=s3cret".to_vec()),
            ],
            body: Content::Bytes(br#"{"password": "s3cret", "token": "{{token}}", "n": 1}"#.to_vec()),
            ..Item::default()
        };
        let written = write(std::slice::from_ref(&item), false, &beside);
        assert_eq!(
            written.text,
            "### log in\nPOST {{base}}/a?token={{url-secret}}&x=1 HTTP/1.1\nAuthorization: Bearer {{token}}\n\
             X-Api-Key: {{x-api-key}}\nCookie: a={{sid}}; b={{cookie}}\n\n\
             {\"password\": \"{{body-secret}}\", \"token\": \"{{token}}\", \"n\": 1}\n"
        );
        assert_eq!(written.wanted, ["url-secret", "x-api-key", "cookie", "body-secret"]);
        assert!(write(&[item], true, &beside).text.contains("s3cret"));
    }

    #[test]
    fn what_is_masked_never_comes_back_by_a_guess() {
        let mut r =
            Request::new("POST", b"http://h/").expect("url").header("Authorization", "Bearer {{x}} s3cret {{y}}");
        r.body = br#"{"password": "{{a}}\", s3cret", "b": "{{7}}"}"#.as_slice().into();
        for literal in [true, false] {
            let written = write(&[Item { literal, ..Item::of(&r) }], false, &beside);
            assert!(!written.text.contains("s3cret"), "{}", written.text);
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_or_said_to_differ(
            method in "[A-Za-z!#$%&'*+.^_`|~-]{1,6}",
            target in prop_oneof!["/[ -~\u{e9}]{0,20}", "/\\PC{0,10}", "[*a/][\\x00-\\x7f]{0,10}"],
            headers in prop::collection::vec(("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,5}", "[ -~\u{e9}]{0,12}"), 0..4),
            body in prop_oneof!["[ -~\n]{0,40}", "[#<>@{} a\r\n]{0,20}", "(### |# @assert |< |> |\\{\\{a\\}\\}|\n|a){0,6}"],
            form in any::<bool>(),
        ) {
            let mut typed = Request::new("GET", b"http://h:81/").expect("url");
            typed.method = method.into_bytes();
            typed.target = target.into_bytes();
            typed.headers = headers.iter().map(|(n, v)| (n.clone().into_bytes(), v.clone().into_bytes())).collect();
            if form {
                typed = typed.header("Content-Type", "application/x-www-form-urlencoded");
            }
            typed.body = body.into();
            let written = write(&[Item::of(&typed)], true, &beside);
            let back = again(&written);
            let told = written.notes.iter().any(|n| !n.starts_with("the body of"));
            prop_assert!(told || back.as_ref().is_ok_and(|b| b == &[typed.clone()]), "{:?} {:?}", written, back);
            if let Ok(back) = back {
                prop_assert_eq!(back.len(), 1);
                prop_assert_eq!(&back[0].body, &typed.body, "a body is never lost: {:?}", written);
            }
        }
    }
}
