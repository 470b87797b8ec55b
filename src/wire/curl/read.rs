//! A pasted curl command as a request.

use base64::Engine as _;

use super::options::{DataKind, Does, OTHERS, long, short};
use super::words;
use crate::base::text::{display, display_str};
use crate::base::{Error, Result};
use crate::wire::{Headers, HttpChoice, escape};

/// Bytes of a command.
const MOST: usize = 4 << 20;

/// What a curl command asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// Method.
    pub method: Vec<u8>,
    /// URL as it stands there, the query of `-G` and `--url-query` added.
    pub url: Vec<u8>,
    /// The request target in place of that of the URL.
    pub target: Option<Vec<u8>>,
    /// Headers in order, with those that curl adds for what it was told to send.
    pub headers: Headers,
    /// Body.
    pub body: Data,
    /// HTTP version.
    pub http: HttpChoice,
    /// Go on when the certificate is not trusted.
    pub insecure: bool,
    /// Redirects that are followed; none when `None`.
    pub follow: Option<u32>,
    /// What of the command is not carried, or carried otherwise, a sentence each.
    pub notes: Vec<String>,
}

/// The body of a command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Data {
    /// There is none.
    #[default]
    None,
    /// Bytes.
    Bytes(Vec<u8>),
    /// The bytes of a file.
    File(String),
    /// Fields of a multipart form.
    Form(Vec<Part>),
}

/// A field of a multipart form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// Name.
    pub name: String,
    /// Value, or the path of a file.
    pub value: String,
    /// The value is a path.
    pub file: bool,
}

/// Reads a command. Nothing is run and no file is opened.
///
/// # Errors
/// Text that is no curl command, a quote that is open, an option without its value, no URL.
pub fn read(text: &str) -> Result<Command> {
    let fail = |what: String| Error::input(what).at("curl command");
    if text.len() > MOST {
        return Err(fail(format!("it has more than {} MiB", MOST >> 20)));
    }
    let text = text.trim();
    let text = text.strip_prefix("$ ").unwrap_or(text);
    let split = words::split(text).map_err(|e| fail(e).hint("copy the whole command"))?;
    let mut words = split.words.into_iter();
    if !words.next().is_some_and(|w| w == b"curl" || w == b"curl.exe" || w.ends_with(b"/curl")) {
        return Err(fail("it does not begin with curl".to_owned()).hint("paste a command as a browser copies it"));
    }
    let mut reader = Reader { notes: split.notes, ..Reader::default() };
    let mut plain = false;
    while let Some(word) = words.next() {
        let mut value = |given: &[u8], name: &str| -> Result<Vec<u8>> {
            if !given.is_empty() {
                return Ok(given.to_vec());
            }
            words.next().ok_or_else(|| fail(format!("{} needs a value", display_str(name))))
        };
        match word.as_slice() {
            _ if plain => reader.url(word),
            b"--" => plain = true,
            [b'-', b'-', name @ ..] => {
                let (name, given) = match memchr::memchr(b'=', name) {
                    Some(at) => (&name[..at], &name[at + 1..]),
                    None => (name, &name[..0]),
                };
                let name = display(name);
                match long(&name) {
                    Some(option) if option.takes => {
                        let value = value(given, &format!("--{name}"))?;
                        reader.option(option.does, option.long, value);
                    }
                    Some(option) => reader.option(option.does, option.long, Vec::new()),
                    None => {
                        if OTHERS.contains(&name.as_str()) {
                            value(given, &format!("--{name}"))?;
                        }
                        reader.note(format!("--{} means nothing here and was left out", display_str(&name)));
                    }
                }
            }
            [b'-', letters @ ..] if !letters.is_empty() => {
                let mut rest = letters;
                while let Some((letter, after)) = rest.split_first() {
                    rest = after;
                    match short(*letter) {
                        Some(option) if option.takes => {
                            let value = value(rest, &format!("-{}", char::from(*letter)))?;
                            reader.option(option.does, option.long, value);
                            break;
                        }
                        Some(option) => reader.option(option.does, option.long, Vec::new()),
                        None => reader.note(format!("-{} means nothing here and was left out", display(&[*letter]))),
                    }
                }
            }
            _ => reader.url(word),
        }
        if reader.ended {
            reader.note("--next begins another request, which was left out".to_owned());
            break;
        }
    }
    reader.finish().map_err(|what| fail(what).hint("write curl URL"))
}

#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option that stands there or does not")]
struct Reader {
    command: Command,
    notes: Vec<String>,
    method: Option<Vec<u8>>,
    url: Option<Vec<u8>>,
    query: Vec<Vec<u8>>,
    data: Vec<Vec<u8>>,
    file: Option<String>,
    form: Vec<Part>,
    user: Option<Vec<u8>>,
    /// Headers that are given unless one of that name is typed.
    defaults: Headers,
    has_data: bool,
    json: bool,
    get: bool,
    head: bool,
    upload: bool,
    follow: bool,
    most: Option<u32>,
    ended: bool,
}

impl Reader {
    fn note(&mut self, note: String) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn url(&mut self, url: Vec<u8>) {
        if self.url.is_some() {
            self.note("there is more than one URL; the first is taken".to_owned());
        } else {
            self.url = Some(url);
        }
    }

    fn option(&mut self, does: Does, name: &str, value: Vec<u8>) {
        match does {
            Does::Method => self.method = Some(value),
            Does::Header => self.header(&value),
            Does::Data(kind) => self.data(kind, value),
            Does::Form(files) => self.form(files, &value),
            Does::Get => self.get = true,
            Does::Head => self.head = true,
            Does::User => self.user = Some(value),
            Does::Bearer => self.unless_typed("Authorization", [b"Bearer ", value.as_slice()].concat()),
            Does::Agent => self.unless_typed("User-Agent", value),
            Does::Referer => self.unless_typed("Referer", value),
            Does::Cookie if value.contains(&b'=') => self.unless_typed("Cookie", value),
            Does::Cookie => self.note("the cookie file of -b is not read; type the cookies".to_owned()),
            Does::Range => self.unless_typed("Range", [b"bytes=", value.as_slice()].concat()),
            Does::Compressed => self.unless_typed("Accept-Encoding", b"deflate, gzip, br, zstd".to_vec()),
            Does::Url => self.url(value),
            Does::UrlQuery => self.query.push(encoded(&value)),
            Does::Target => self.command.target = Some(value),
            Does::Upload => {
                self.upload = true;
                self.file = Some(display(&value));
            }
            Does::Http1 => self.command.http = HttpChoice::Http1,
            Does::Http10 => {
                self.command.http = HttpChoice::Http1;
                self.note("HTTP/1.0 goes only in a request that is written raw; this one is HTTP/1.1".to_owned());
            }
            Does::Http2 => self.command.http = HttpChoice::Http2,
            Does::Http3 => self.note("HTTP/3 is not spoken here; the version is what the server agrees to".to_owned()),
            Does::Follow => self.follow = true,
            Does::MaxRedirects => self.most = std::str::from_utf8(&value).ok().and_then(|n| n.parse().ok()),
            Does::Insecure => self.command.insecure = true,
            Does::AsIs | Does::Nothing => {}
            Does::Next => self.ended = true,
            Does::Option(here) => {
                self.note(format!("--{name} is no part of the request and was left out; give lunette {here}"));
            }
        }
    }

    /// `Name: value`, `Name;` for an empty one, `Name:` to leave one out.
    fn header(&mut self, line: &[u8]) {
        if line.first() == Some(&b'@') {
            self.note("the headers of a file (-H @file) are not read; type them".to_owned());
            return;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            match line.strip_suffix(b";") {
                Some(name) => self.command.headers.push((name.to_vec(), Vec::new())),
                None => self.note(format!("the header {} has no colon and was left out", display(line))),
            }
            return;
        };
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        if value.trim_ascii().is_empty() {
            // What curl would add by itself is not added here either.
            self.defaults.retain(|(n, _)| !n.eq_ignore_ascii_case(name));
            self.defaults.push((name.to_vec(), Vec::new()));
        } else {
            // What stands there is sent as it stands, so white space beyond the one after the colon is a part of the value.
            let value = value.strip_prefix(b" ").unwrap_or(value);
            self.command.headers.push((name.to_vec(), value.to_vec()));
        }
    }

    fn unless_typed(&mut self, name: &str, value: Vec<u8>) {
        if !self.defaults.iter().any(|(n, _)| n.eq_ignore_ascii_case(name.as_bytes())) {
            self.defaults.push((name.as_bytes().to_vec(), value));
        }
    }

    fn data(&mut self, kind: DataKind, value: Vec<u8>) {
        self.has_data = true;
        self.json |= kind == DataKind::Json;
        let path =
            value.strip_prefix(b"@").filter(|_| matches!(kind, DataKind::Text | DataKind::Binary | DataKind::Json));
        if let Some(path) = path {
            if self.file.is_some() || !self.data.is_empty() {
                self.note(
                    "a body of several parts from files is not put together here; the last file is taken".to_owned(),
                );
            }
            if kind == DataKind::Text {
                self.note("curl -d drops the line breaks of a file; here its bytes are sent".to_owned());
            }
            self.file = Some(display(path));
            return;
        }
        let value = if kind == DataKind::Encoded { encoded(&value) } else { value };
        // Only pieces of a form are joined with `&`; JSON is joined as it stands.
        if let (DataKind::Json, Some(last)) = (kind, self.data.last_mut()) {
            last.extend_from_slice(&value);
        } else {
            self.data.push(value);
        }
    }

    fn form(&mut self, files: bool, value: &[u8]) {
        let text = String::from_utf8_lossy(value).into_owned();
        let Some((name, value)) = text.split_once('=') else {
            self.note(format!("the form field {} has no = and was left out", display_str(&text)));
            return;
        };
        let path = value.strip_prefix(['@', '<']).filter(|_| files);
        if let Some((path, more)) = path.and_then(|p| p.split_once(';')) {
            self.note(format!("{} of a form field was left out", display_str(more)));
            self.form.push(Part { name: name.to_owned(), value: path.to_owned(), file: true });
            return;
        }
        self.form.push(Part {
            name: name.to_owned(),
            value: path.unwrap_or(value).trim_matches('"').to_owned(),
            file: path.is_some(),
        });
    }

    fn finish(mut self) -> Result<Command, String> {
        let mut url = self.url.take().ok_or("there is no URL")?;
        let mut data = join(&self.data);
        if self.get && self.has_data {
            self.query.extend((!data.is_empty()).then(|| std::mem::take(&mut data)));
            self.has_data = false;
        }
        for part in &self.query {
            let fragment = url.iter().position(|b| *b == b'#').unwrap_or(url.len());
            let joint = if url[..fragment].contains(&b'?') { b'&' } else { b'?' };
            url.splice(fragment..fragment, [joint].into_iter().chain(part.iter().copied()));
        }
        if url.iter().any(|b| matches!(b, b'{' | b'[')) && !url.windows(2).any(|w| w == b"{{") {
            self.note("curl would read braces and brackets of the URL as several URLs; they stand as typed".to_owned());
        }
        if self.json {
            self.unless_typed("Content-Type", b"application/json".to_vec());
            self.unless_typed("Accept", b"application/json".to_vec());
        } else if self.has_data {
            self.unless_typed("Content-Type", b"application/x-www-form-urlencoded".to_vec());
        }
        self.unless_typed("Accept", b"*/*".to_vec());
        if let Some(user) = self.user.take() {
            if !user.contains(&b':') {
                self.note("curl would ask for the password of -u; it is empty here".to_owned());
            }
            let pair = if user.contains(&b':') { user } else { [user.as_slice(), b":"].concat() };
            let basic = base64::engine::general_purpose::STANDARD.encode(pair);
            self.unless_typed("Authorization", format!("Basic {basic}").into_bytes());
        }
        let command = &mut self.command;
        for (name, value) in self.defaults {
            if !value.is_empty() && !command.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(&name)) {
                command.headers.push((name, value));
            }
        }
        command.body = match (self.file, self.form) {
            (_, form) if !form.is_empty() => Data::Form(form),
            (Some(file), _) => Data::File(file),
            _ if self.has_data => Data::Bytes(data),
            _ => Data::None,
        };
        let method: &[u8] = match &command.body {
            _ if self.head => b"HEAD",
            _ if self.upload => b"PUT",
            Data::None if !self.has_data => b"GET",
            _ => b"POST",
        };
        command.method = self.method.unwrap_or_else(|| method.to_vec());
        command.follow = self.follow.then_some(self.most.unwrap_or(50));
        command.url = url;
        command.notes = self.notes;
        Ok(self.command)
    }
}

fn join(parts: &[Vec<u8>]) -> Vec<u8> {
    parts.join(&b'&')
}

/// `--data-urlencode`: `content`, `=content` and `name=content`, the content percent-encoded with `+` for a space.
fn encoded(value: &[u8]) -> Vec<u8> {
    let (name, content) = match memchr::memchr(b'=', value) {
        Some(at) => (&value[..at], &value[at + 1..]),
        None => (&value[..0], value),
    };
    let mut out = name.to_vec();
    if !name.is_empty() {
        out.push(b'=');
    }
    out.extend(escape::form(content, b"-._~").into_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn headers(command: &Command) -> Vec<String> {
        command.headers.iter().map(|(n, v)| format!("{}: {}", display(n), display(v))).collect()
    }

    #[test]
    fn what_a_browser_copies() {
        let command = read(
            "curl 'https://api.test/orders?x=1' \\\n  -H 'accept: application/json' \\\n  -H 'authorization: Bearer abc' \\\n  \
             -b 'sid=1; t=2' \\\n  -H 'content-type: application/json' \\\n  --data-raw $'{\"a\":\"it\\'s\"}' \\\n  --compressed --insecure",
        )
        .expect("read");
        assert_eq!(
            (command.method.as_slice(), command.url.as_slice()),
            (&b"POST"[..], &b"https://api.test/orders?x=1"[..])
        );
        assert_eq!(command.body, Data::Bytes(br#"{"a":"it's"}"#.to_vec()));
        assert!(command.insecure && command.notes.is_empty(), "{:?}", command.notes);
        assert_eq!(
            headers(&command),
            [
                "accept: application/json",
                "authorization: Bearer abc",
                "content-type: application/json",
                "Cookie: sid=1; t=2",
                "Accept-Encoding: deflate, gzip, br, zstd"
            ]
        );
    }

    #[test]
    fn options_in_all_their_forms() {
        for (text, method, url, body) in [
            ("curl h", "GET", "h", Data::None),
            ("curl -XPUT --url=h", "PUT", "h", Data::None),
            ("curl -sSLI h", "HEAD", "h", Data::None),
            ("curl h -d a=1 -d b=2", "POST", "h", Data::Bytes(b"a=1&b=2".to_vec())),
            ("curl h -d ''", "POST", "h", Data::Bytes(Vec::new())),
            ("curl -G h?x#f -d a=1 --data-urlencode 'b=c d&'", "GET", "h?x&a=1&b=c+d%26#f", Data::None),
            ("curl h --json '{' --json '}'", "POST", "h", Data::Bytes(b"{}".to_vec())),
            ("curl h --data-binary @f.bin", "POST", "h", Data::File("f.bin".into())),
            ("curl h --data-raw @f", "POST", "h", Data::Bytes(b"@f".to_vec())),
            ("curl -T up.txt h", "PUT", "h", Data::File("up.txt".into())),
            ("curl h --url-query 'q=a b'", "GET", "h?q=a+b", Data::None),
            (
                "curl h -F a=1 -F 'f=@x.png;type=image/png' --form-string s=@y",
                "POST",
                "h",
                Data::Form(
                    [("a", "1", false), ("f", "x.png", true), ("s", "@y", false)]
                        .map(|(name, value, file)| Part { name: name.into(), value: value.into(), file })
                        .to_vec(),
                ),
            ),
            ("curl -o out -w '%{http_code}' -- -h", "GET", "-h", Data::None),
        ] {
            let command = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            let got = (String::from_utf8_lossy(&command.method), String::from_utf8_lossy(&command.url), command.body);
            assert_eq!(got, (method.into(), url.into(), body), "{text}");
        }
    }

    #[test]
    fn headers_curl_adds_and_takes_away() {
        for (text, want) in [
            ("curl h -u u:p", &["Accept: */*", "Authorization: Basic dTpw"][..]),
            ("curl h -H 'Accept:' -A x -e y", &["User-Agent: x", "Referer: y"]),
            ("curl h -H 'X;' -H 'Y:  1 ' -H Z:1", &["X: ", "Y:  1 ", "Z: 1", "Accept: */*"]),
            ("curl h -d a -H 'Content-Type:' -H accept:z", &["accept: z"]),
            ("curl h --json {}", &["Content-Type: application/json", "Accept: application/json"]),
            ("curl h -r 0-9 --oauth2-bearer t", &["Range: bytes=0-9", "Authorization: Bearer t", "Accept: */*"]),
        ] {
            assert_eq!(headers(&read(text).expect(text)), want, "{text}");
        }
    }

    #[test]
    fn what_is_not_carried_is_said() {
        for (text, note) in [
            ("curl a b", "more than one URL"),
            ("curl h -x http://p", "give lunette --proxy"),
            ("curl h --cert c", "give lunette --cert"),
            ("curl h --aws-sigv4 aws:amz", "--aws-sigv4 means nothing"),
            ("curl h --frobnicate", "--frobnicate means nothing"),
            ("curl h --http3", "HTTP/3"),
            ("curl h/{a,b}", "several URLs"),
            ("curl h -b jar", "cookie file"),
            ("curl a --next b", "another request"),
            ("curl h -u u", "password"),
            ("curl h -d @f", "line breaks"),
        ] {
            let notes = read(text).expect(text).notes;
            assert!(notes.len() == 1 && notes[0].contains(note), "{text}: {notes:?}");
        }
        for (text, why) in
            [("wget h", "does not begin"), ("curl", "no URL"), ("curl h -H", "needs a value"), ("curl 'h", "closed")]
        {
            let e = read(text).expect_err(text).to_string();
            assert!(e.contains(why), "{text}: {e}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "curl (-[a-zA-Z] ?|--[a-z-]{1,12} ?|'|\"|\\$'|\\\\|[ -~]|\\PC|\n){0,40}") {
            let _ = read(&text);
        }
    }
}
