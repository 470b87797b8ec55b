//! A reader of `.http` files, in the form that the REST clients of editors share: requests parted by `###`, variables
//! `@name = value` and `{{name}}`, directives `# @word text`, bodies inline or `< file`. It reads leniently: what it does not
//! know is noted with its line and left out. The writer gives what the reader reads. Text in, data out; nothing is resolved here but
//! variables.

mod read;
mod template;
pub mod write;

use super::Request;
use super::request::is_name_byte;
use crate::base::text::display_str;
use crate::base::{Error, Result};
use read::Reader;
pub use template::Template;

/// Largest file that is read.
pub const MOST: u64 = 1 << 20;
/// Requests, variables, headers of one request, and notes that are kept.
const MOST_ITEMS: usize = 1_000;
/// Bytes that a text may grow to when its variables are put in.
const MOST_FILLED: usize = 1 << 20;
/// How deep a variable may lead to another.
const MOST_DEPTH: usize = 16;

/// A file of requests.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpFile {
    /// Variables in the order of the file; a later one of the same name counts.
    pub variables: Vec<Variable>,
    /// Requests in the order of the file.
    pub requests: Vec<Entry>,
    /// What was left out: line, and why.
    pub notes: Vec<(usize, String)>,
}

/// `@name = value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Template,
}

/// One request as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its name: of `# @name`, else the text behind `###`.
    pub name: Option<String>,
    /// Line of its request line.
    pub line: usize,
    /// Method.
    pub method: String,
    /// Absolute URL.
    pub url: Template,
    /// Headers in order.
    pub headers: Vec<(Template, Template)>,
    /// The parts of its body, in order.
    pub body: Vec<Part>,
    /// Directives, in order.
    pub directives: Vec<Directive>,
}

/// One part of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text with its variables.
    Text(Template),
    /// The content of a file, as it is or with its variables put in.
    File {
        /// Its path.
        path: Template,
        /// Whether variables are put in: `<@`.
        fill: bool,
    },
}

/// `# @word text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Directive {
    /// Its line.
    pub line: usize,
    /// The word.
    pub word: String,
    /// What stands behind it.
    pub text: String,
}

impl HttpFile {
    /// Reads a file.
    ///
    /// # Errors
    /// More bytes than [`MOST`], text that is not UTF-8, or no request in it; each with its line. `shown` names the file.
    pub fn read(bytes: &[u8], shown: &str) -> Result<Self> {
        if bytes.len() as u64 > MOST {
            return Err(Error::input(format!("the file is more than {MOST} bytes")).at(shown).hint("split it"));
        }
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let line = memchr::memchr_iter(b'\n', &bytes[..e.valid_up_to()]).count() + 1;
            Error::input("this is not UTF-8").at(format!("{shown}:{line}")).hint("save the file as UTF-8")
        })?;
        let file = Reader::read(text);
        if file.requests.is_empty() {
            return Err(Error::input("there is no request in it").at(shown).hint("write one: GET https://HOST/path"));
        }
        Ok(file)
    }

    /// A text with its variables put in: those that `known` gives first, then those of the file.
    ///
    /// # Errors
    /// A variable that nobody knows, one that leads to itself, or a text that grows without bound, at its line.
    pub fn fill(&self, text: &Template, shown: &str, known: &mut Known<'_>) -> Result<Vec<u8>> {
        let mut budget = MOST_FILLED;
        self.filled(text, known, &mut Vec::new(), &mut budget).map_err(|e| {
            let place = format!("{shown}:{}", text.line);
            // A reference that leads nowhere keeps its own place in its words.
            match &e.place {
                Some(inner) => Error { what: format!("{inner}: {}", e.what), ..e }.at(place),
                None => e.at(place),
            }
        })
    }

    /// The request of an entry, with its variables put in as [`HttpFile::fill`] does. `load` reads the files of its body.
    ///
    /// # Errors
    /// As [`HttpFile::fill`], as [`Request::new`], as `load`, or a header that cannot be one, each with its line.
    pub fn request(
        &self,
        entry: &Entry,
        shown: &str,
        known: &mut Known<'_>,
        load: &mut dyn FnMut(&str) -> Result<Vec<u8>>,
    ) -> Result<Request> {
        let place = |line: usize| format!("{shown}:{line}");
        let url = self.fill(&entry.url, shown, known)?;
        let mut request = Request::new(&entry.method, &url).map_err(|e| e.at(place(entry.line)))?;
        for (name, value) in &entry.headers {
            let (name, value) = (self.fill(name, shown, known)?, (value.line, self.fill(value, shown, known)?));
            let (line, value) = value;
            if name.is_empty() || !name.iter().all(|b| is_name_byte(*b)) || value.iter().any(|b| b"\r\n\0".contains(b))
            {
                return Err(Error::input("this cannot be sent as a header")
                    .at(place(line))
                    .hint("a name is an HTTP token, and a value holds no line break"));
            }
            request.headers.push((name, value));
        }
        let mut body = Vec::new();
        for part in &entry.body {
            match part {
                Part::Text(text) => body.extend(self.fill(text, shown, known)?),
                Part::File { path, fill } => {
                    let name = String::from_utf8_lossy(&self.fill(path, shown, known)?).into_owned();
                    let bytes = load(&name)?;
                    match (fill, std::str::from_utf8(&bytes)) {
                        (true, Ok(text)) => {
                            let text = Template::parse(text, path.line);
                            body.extend(self.fill(&text, shown, known)?);
                        }
                        _ => body.extend(bytes),
                    }
                }
            }
        }
        request.body = body.into();
        Ok(request)
    }

    fn filled(
        &self,
        text: &Template,
        known: &mut Known<'_>,
        path: &mut Vec<String>,
        budget: &mut usize,
    ) -> Result<Vec<u8>> {
        text.put(&mut |name| {
            if let Some(value) = known(name) {
                return value;
            }
            let shown = display_str(name);
            let Some(variable) = self.variables.iter().rev().find(|v| v.name == name) else {
                let names = self.variables.iter().map(|v| v.name.as_str());
                let error = Error::input(format!("nothing gives a value to {shown}"));
                return Err(match crate::base::error::nearest(name, names) {
                    Some(near) => error.hint(format!("did you mean {}?", display_str(near))),
                    None => error.hint(format!("write @{shown} = value, or capture it from an earlier reply")),
                });
            };
            if path.iter().any(|p| p == name) || path.len() == MOST_DEPTH {
                return Err(Error::input(format!("the variable {shown} leads to itself")).hint("give it a value"));
            }
            path.push(name.to_owned());
            let value = self.filled(&variable.value, known, path, budget)?;
            path.pop();
            *budget = budget
                .checked_sub(value.len().max(1))
                .ok_or_else(|| Error::input("its variables grow without bound").hint("look at what they hold"))?;
            Ok(value)
        })
    }
}

/// What gives a variable its value: `None` for one it does not know.
pub type Known<'a> = dyn FnMut(&str) -> Option<Result<Vec<u8>>> + 'a;

impl Entry {
    /// Its name, or its method and URL as written, in display form.
    pub fn shown(&self) -> String {
        match &self.name {
            Some(name) => display_str(name),
            None => display_str(&format!("{} {}", self.method, self.url)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "@host = http://h\n@base = {{host}}/v1\n// a comment\n\n### log in\n# @name login\n\
        # @capture token = json $.t\nPOST {{base}}/login HTTP/1.1\nContent-Type: application/json\n\
        # a comment among headers\nX-A: {{env:A}}\n\n{\"a\": 1,\n # not a comment\n \"b\": 2}\n\n\n\
        > {% client.test() %}\n###\nhttp://h/x\n  ?a=1\n  &b=2\nA: b\n\n< ./file.bin\n###\n# only a comment\n\
        ### form\nPUT http://h/f\ncontent-type: application/x-www-form-urlencoded\n\na=1\n&b=2\n";

    fn filled(file: &HttpFile, t: &Template) -> Result<String> {
        let value = file.fill(t, "f.http", &mut |n| n.strip_prefix("env:").map(|n| Ok(n.as_bytes().to_vec())))?;
        Ok(String::from_utf8(value).expect("UTF-8"))
    }

    #[test]
    fn reads_what_editors_write() {
        let file = HttpFile::read(FILE.as_bytes(), "f.http").expect("it reads");
        let [login, get, form] = &file.requests[..] else { panic!("three: {:?}", file.requests) };
        assert_eq!((login.name.as_deref(), login.method.as_str(), login.line), (Some("login"), "POST", 8));
        assert_eq!(filled(&file, &login.url).expect("filled"), "http://h/v1/login");
        assert_eq!(login.headers.len(), 2);
        assert_eq!(filled(&file, &login.headers[1].1).expect("filled"), "A");
        assert_eq!(login.directives[0].text, "token = json $.t");
        let Part::Text(body) = &login.body[0] else { panic!("text") };
        assert_eq!(body.to_string(), "{\"a\": 1,\n # not a comment\n \"b\": 2}");
        assert_eq!((get.method.as_str(), get.url.to_string().as_str()), ("GET", "http://h/x?a=1&b=2"));
        assert!(matches!(&get.body[..], [Part::File { path, fill: false }] if path.to_string() == "./file.bin"));
        assert_eq!(form.name.as_deref(), Some("form"));
        assert!(matches!(&form.body[..], [Part::Text(t)] if t.to_string() == "a=1&b=2"));
        assert_eq!(file.notes.len(), 1, "{:?}", file.notes);
    }

    #[test]
    fn a_body_may_mix_text_and_files_and_a_multipart_one_ends_its_lines_as_it_must() {
        let text = "POST http://h/\nContent-Type: multipart/form-data; boundary=x\n\n--x\n\n< a.bin\n--x--\n";
        let file = HttpFile::read(text.as_bytes(), "f").expect("it reads");
        let [Part::Text(a), Part::File { .. }, Part::Text(b)] = &file.requests[0].body[..] else { panic!("three") };
        assert_eq!((a.to_string().as_str(), b.to_string().as_str()), ("--x\r\n\r\n", "\r\n--x--"));
    }

    #[test]
    fn a_variable_that_leads_nowhere_or_to_itself_is_named_with_its_line() {
        let text = "@a = {{b}}\n@b = {{a}}\n@token = x\n@l0 = xxxxxxxxxxxxxxxx\n@l1 = {{l0}}{{l0}}{{l0}}{{l0}}{{l0}}{{l0}}\n\
            @l2 = {{l1}}{{l1}}{{l1}}{{l1}}{{l1}}{{l1}}{{l1}}\n@l3 = {{l2}}{{l2}}{{l2}}{{l2}}{{l2}}{{l2}}{{l2}}\n\
            @l4 = {{l3}}{{l3}}{{l3}}{{l3}}{{l3}}{{l3}}{{l3}}\n@l5 = {{l4}}{{l4}}{{l4}}{{l4}}{{l4}}{{l4}}{{l4}}\n\
            @l6 = {{l5}}{{l5}}{{l5}}{{l5}}{{l5}}{{l5}}{{l5}}\n@l7 = {{l6}}{{l6}}{{l6}}{{l6}}\nGET http://h/{{a}}\n";
        let file = HttpFile::read(text.as_bytes(), "f.http").expect("it reads");
        let says = |t: &str| filled(&file, &Template::parse(t, 4)).expect_err(t).to_string();
        assert!(says("{{a}}").starts_with("f.http:4: the variable a leads to itself; "));
        assert!(says("{{tokn}}").contains("did you mean token?"));
        assert!(says("{{zzzzzz}}").contains("nothing gives a value to zzzzzz"));
        assert!(says("{{l7}}").contains("bound") || says("{{l7}}").contains("more than"));
        assert_eq!(filled(&file, &Template::parse("{{ token }}{{", 4)).expect("filled"), "x{{");
    }

    #[test]
    fn what_is_no_such_file_is_answered_with_its_line() {
        let says = |b: &[u8]| HttpFile::read(b, "f.http").expect_err("no file").to_string();
        assert!(says(b"# nothing\n").starts_with("f.http: there is no request"));
        assert!(says(b"GET x\n\xff").starts_with("f.http:2: this is not UTF-8"));
        assert!(says(&vec![b'#'; (1 << 20) + 1]).contains("more than"));
    }
}
