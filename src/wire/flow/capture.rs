//! What is taken from a reply: by login recipes, and by flows.

use regex::bytes::{Regex, RegexBuilder};
use serde_json::Value;
use serde_json_path::JsonPath;

use super::Wrong;
use super::table::{Argument, SUBJECTS, Subject};
use crate::base::text::display_str;
use crate::wire::request::is_name_byte;
use crate::wire::{Response, identity};

/// What a capture looks like, for errors.
pub const CAPTURE: &str = "write # @capture token = json $.access_token, header X-Token or cookie sid";
/// Bytes of a value: more than that is put in nowhere.
const MOST_VALUE: usize = 1 << 20;
/// Bytes that a compiled expression may take.
const MOST_PATTERN: usize = 1 << 20;

/// One value taken from a reply.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The variable it becomes.
    pub name: String,
    /// Its line.
    pub line: usize,
    source: Source,
}

#[derive(Debug, Clone)]
enum Source {
    Json(JsonPath),
    Header(String),
    Cookie(String),
    Regex(Regex),
    Body,
    Status,
}

impl Capture {
    /// Reads `NAME = SUBJECT [ARGUMENT]`.
    ///
    /// # Errors
    /// What is wrong with it, and how one is written.
    pub fn read(text: &str, line: usize) -> Result<Self, Wrong> {
        let (name, source) = text.split_once('=').unwrap_or(("", text));
        let name = name.trim();
        let wrong = |what: String| (what, CAPTURE.to_owned());
        if !identity::is_name(name) {
            return Err(wrong("a capture needs a name, = and a source".to_owned()));
        }
        let (word, argument) = source.trim().split_once(char::is_whitespace).unwrap_or((source.trim(), ""));
        let argument = argument.trim();
        let row = SUBJECTS.iter().find(|row| row.captured && row.word == word);
        let is_name = !argument.is_empty() && argument.bytes().all(is_name_byte);
        let fits = |row: &super::table::SubjectRow| match row.argument {
            Argument::None => argument.is_empty(),
            Argument::Name => is_name,
            Argument::Path | Argument::Pattern => !argument.is_empty(),
        };
        let Some(row) = row.filter(|row| fits(row)) else {
            let forms = SUBJECTS.iter().filter(|row| row.captured).map(|row| row.form);
            return Err(wrong(format!("a capture is taken from {}", forms.collect::<Vec<_>>().join(", "))));
        };
        let source = match row.subject {
            Subject::Json => Source::Json(json_path(argument).map_err(wrong)?),
            Subject::Header => Source::Header(argument.to_owned()),
            Subject::Cookie => Source::Cookie(argument.to_owned()),
            Subject::Regex => Source::Regex(pattern(argument).map_err(wrong)?),
            Subject::Status => Source::Status,
            _ => Source::Body,
        };
        Ok(Self { name: name.to_owned(), line, source })
    }

    /// What it finds in a reply: of several values the first, of a cookie that is set more than once the last.
    ///
    /// # Errors
    /// Why there is nothing, in words.
    pub fn find(&self, reply: &Response) -> Result<Vec<u8>, String> {
        let value = match &self.source {
            Source::Json(path) => match json(path, reply)? {
                Value::String(s) => s.into_bytes(),
                Value::Number(n) => n.to_string().into_bytes(),
                Value::Bool(b) => b.to_string().into_bytes(),
                _ => return Err(format!("{} is neither a text nor a number", display_str(&path.to_string()))),
            },
            Source::Header(name) => reply
                .get(name)
                .map(|v| v.as_bytes().to_vec())
                .ok_or_else(|| format!("there is no header {}", display_str(name)))?,
            Source::Cookie(name) => cookies(reply, name)
                .map(|(value, _)| value.to_vec())
                .last()
                .ok_or_else(|| format!("no cookie {} is set", display_str(name)))?,
            Source::Regex(regex) => {
                let found = regex.captures(&reply.body);
                let found = found.as_ref().and_then(|f| f.get(1).or_else(|| f.get(0)));
                let nothing = || format!("{} finds nothing", display_str(regex.as_str()));
                found.map(|m| m.as_bytes().to_vec()).ok_or_else(nothing)?
            }
            Source::Body => reply.body.to_vec(),
            Source::Status => reply.status.to_string().into_bytes(),
        };
        match value.len() {
            0 => Err("what stands there is empty".to_owned()),
            n if n > MOST_VALUE => Err(format!("what stands there is more than {MOST_VALUE} bytes")),
            _ => Ok(value),
        }
    }
}

/// The cookies of a name that a reply sets: the value, and the attributes behind it.
pub(super) fn cookies<'a>(reply: &'a Response, name: &'a str) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
    reply.all("set-cookie").filter_map(move |v| {
        let bytes = v.as_bytes();
        let end = memchr::memchr(b';', bytes).unwrap_or(bytes.len());
        let (pair, attributes) = bytes.split_at(end);
        let at = memchr::memchr(b'=', pair)?;
        (pair[..at].trim_ascii() == name.as_bytes()).then(|| (pair[at + 1..].trim_ascii(), attributes))
    })
}

/// A regular expression, which is matched in linear time.
pub(super) fn pattern(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(MOST_PATTERN).dfa_size_limit(MOST_PATTERN).build();
    built.map_err(|e| {
        let why = e.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("{} is no regular expression: {}", display_str(text), display_str(why))
    })
}

/// A JSON path (RFC 9535).
pub(in crate::wire) fn json_path(text: &str) -> Result<JsonPath, String> {
    JsonPath::parse(text)
        .map_err(|e| format!("{} is no JSON path (RFC 9535): {}", display_str(text), display_str(e.message())))
}

/// The body of a reply as JSON.
pub(super) fn document(reply: &Response) -> Result<Value, String> {
    serde_json::from_slice(&reply.body).map_err(|_| {
        let kind = reply.get("content-type").map(crate::base::Untrusted::display);
        format!("the body is not JSON but {}", kind.unwrap_or_else(|| "of no declared type".to_owned()))
    })
}

/// The first value that a path finds in a reply.
pub(in crate::wire) fn json(path: &JsonPath, reply: &Response) -> Result<Value, String> {
    let value = document(reply)?;
    path.query(&value).first().cloned().ok_or_else(|| format!("{} finds nothing", display_str(&path.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_taken_from_any_part_of_a_reply() {
        let reply = Response {
            status: 201,
            headers: vec![("Location".into(), "/o/7".into()), ("Set-Cookie".into(), "a=1; Path=/".into())],
            body: "{\"id\": [7, 8], \"next\": \"/o?page=2\"}".into(),
            ..Response::default()
        };
        let take = |text: &str| {
            let value = Capture::read(text, 1).map_err(|(what, _)| what)?.find(&reply)?;
            Ok::<_, String>(String::from_utf8_lossy(&value).into_owned())
        };
        for (text, value) in [
            ("a = json $.id[*]", "7"),
            ("a = header location", "/o/7"),
            ("a = cookie a", "1"),
            ("a = regex page=(\\d+)", "2"),
            ("a = regex page=\\d+", "page=2"),
            ("a = status", "201"),
        ] {
            assert_eq!(take(text).as_deref(), Ok(value), "{text}");
        }
        for (text, why) in [
            ("a = regex (", "is no regular expression"),
            ("a = regex (a{1000}){1000}{1000}", "is no regular expression"),
            ("a = regex nothing", "finds nothing"),
            ("a = status 5", "a capture is taken from status, header NAME"),
            ("a = version", "a capture is taken from"),
            ("a = header", "a capture is taken from"),
        ] {
            assert!(take(text).is_err_and(|e| e.contains(why)), "{text}: {:?}", take(text));
        }
    }
}
