//! What a reply has to be: `SUBJECT [ARGUMENT] [not] PREDICATE [VALUE]`.
//!
//! A subject may have several values: a header that stands there twice, what a path finds in a list. A predicate has to hold for
//! each of them, and for one at least; `not` turns it around for each. `exists`, `absent` and `count` are of all of them.

use std::cmp::Ordering;
use std::fmt::Write as _;

use serde_json::Value as Json;

use super::capture::{cookies, document, json_path, pattern};
use super::measure::{bound, holds, millis, number};
use super::table::{Argument, PREDICATES, Predicate, PredicateRow, SUBJECTS, Subject, SubjectRow};
use super::{Wrong, measure};
use crate::base::error::nearest;
use crate::base::hash::sha256_hex;
use crate::base::secret::{mask_body, mask_header};
use crate::base::text::{display, display_str};
use crate::base::{Letter, Result};
use crate::wire::http_file::Template;
use crate::wire::request::is_name_byte;
use crate::wire::{Exchange, Response};

/// Characters of what was found that are shown.
const MOST_SHOWN: usize = 200;
/// Values that are shown.
const MOST_VALUES: usize = 5;

/// One assertion as read.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// Its line.
    pub line: usize,
    /// As it is written.
    pub text: String,
    subject: &'static SubjectRow,
    argument: Template,
    not: bool,
    predicate: &'static PredicateRow,
    value: Template,
}

/// What came of an assertion, or of a request with all that is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; of a request: a reply came, all that is asserted of it holds, and all captures found something.
    Pass,
    /// It does not, or a capture found nothing.
    Fail,
    /// It could not be judged: nothing came back, or what is compared with cannot be read.
    Error,
}

impl Verdict {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
        }
    }
}

/// What came of one, and what was found, in display form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was found, or why it could not be judged.
    pub actual: String,
}

/// What is known of an exchange.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The exchange.
    pub exchange: &'a Exchange,
    /// The letter of its headers.
    pub grade: Option<Letter>,
    /// Whether secrets are shown in what was found.
    pub show: bool,
}

/// One value of a subject.
enum Value {
    Text(Vec<u8>),
    Json(Json),
    Number(f64),
    Letter(Letter),
    Cookie(Vec<u8>, Vec<u8>),
}

/// What is compared with, once variables are put in.
enum Wanted {
    Nothing,
    Text(Vec<u8>),
    Json(Json),
    Statuses(u16, u16),
    Number(f64),
    Bound(Predicate, f64),
    Letter(Letter),
    Pattern(regex::bytes::Regex),
}

impl Assertion {
    /// Reads one. What holds variables is looked at again once they are put in.
    ///
    /// # Errors
    /// What is wrong with it, and how one is written.
    pub fn read(text: &str, line: usize) -> Result<Self, Wrong> {
        let (word, rest) = word(text);
        let row = SUBJECTS.iter().find(|row| row.asserted && row.word == word);
        let Some(subject) = row else {
            let words = || SUBJECTS.iter().filter(|row| row.asserted).map(|row| row.word);
            let hint = match nearest(word, words()) {
                Some(near) => format!("did you mean {near}?"),
                None => format!("it begins with {}", words().collect::<Vec<_>>().join(", ")),
            };
            return Err((format!("{} is nothing that can be asserted", display_str(word)), hint));
        };
        let (argument, rest) = if subject.argument == Argument::None { ("", rest) } else { argument(rest) };
        if Template::parse(argument, line).variables().next().is_none() {
            fit(subject, argument).map_err(|what| (what, format!("write {} PREDICATE", subject.form)))?;
        }
        let (first, after) = self::word(rest);
        let (not, rest) = if first == "not" { (true, after) } else { (false, rest) };
        let (first, value) = self::word(rest);
        let of = |row: &&PredicateRow| row.of.contains(&subject.subject);
        let found = PREDICATES.iter().find(|row| row.word == first && of(row));
        // Of a status alone it is plain what is meant.
        let short = || {
            let equals = PREDICATES.iter().find(|row| row.predicate == Predicate::Equals)?;
            (subject.subject == Subject::Status && first.starts_with(|c: char| c.is_ascii_digit() || c == '{'))
                .then_some((equals, rest))
        };
        let Some((predicate, value)) = found.map(|row| (row, value)).or_else(short) else {
            let forms: Vec<&str> = PREDICATES.iter().filter(of).map(|row| row.form).collect();
            let what = if first.is_empty() { "nothing".to_owned() } else { display_str(first) };
            return Err((
                format!("{what} is not asked of {}", subject.form),
                format!("write one of: {}", forms.join(", ")),
            ));
        };
        let template = |text: &str| Template::parse(text, line);
        let this = Self {
            line,
            text: text.to_owned(),
            subject,
            argument: template(argument),
            not,
            predicate,
            value: template(value.trim()),
        };
        if predicate.takes_value() == value.trim().is_empty() {
            let what = if value.trim().is_empty() { "there is no value" } else { "there is a value too many" };
            return Err((what.to_owned(), format!("write {}", predicate.form)));
        }
        let wrong = |what: String| (what, format!("write {} {}", subject.form, predicate.form));
        if this.value.variables().next().is_none() {
            this.wanted(value.trim().as_bytes()).map_err(wrong)?;
        }
        Ok(this)
    }

    /// The names of the variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.argument.variables().chain(self.value.variables())
    }

    /// Whether an exchange is as it has to be. `fill` puts the variables in.
    pub fn check(&self, facts: Facts<'_>, fill: &mut dyn FnMut(&Template) -> Result<Vec<u8>>) -> Checked {
        let error = |actual: String| Checked { verdict: Verdict::Error, actual };
        let Some(reply) = &facts.exchange.response else {
            let why = facts.exchange.error.as_ref().map(|e| format!(": {}", e.message)).unwrap_or_default();
            return error(format!("nothing came back{why}"));
        };
        let (argument, value) = match (fill(&self.argument), fill(&self.value)) {
            (Ok(argument), Ok(value)) => (String::from_utf8_lossy(&argument).into_owned(), value),
            (Err(e), _) | (_, Err(e)) => return error(e.to_string()),
        };
        let wanted = match fit(self.subject, &argument).and_then(|()| self.wanted(&value)) {
            Ok(wanted) => wanted,
            Err(e) => return error(e),
        };
        let found = match self.values(reply, facts, &argument) {
            Ok(found) => found,
            Err(why) => return Checked { verdict: Verdict::Fail, actual: why },
        };
        let holds = match self.predicate.predicate {
            Predicate::Exists => found.is_empty() == self.not,
            Predicate::Absent => found.is_empty() != self.not,
            Predicate::Count => figure(&wanted, found.len() as f64) != self.not,
            _ => !found.is_empty() && found.iter().all(|v| self.holds(v, &wanted) != self.not),
        };
        let shown = if facts.show { self.shown(&found) } else { self.masked(reply, facts, &argument) };
        Checked { verdict: if holds { Verdict::Pass } else { Verdict::Fail }, actual: shown }
    }

    fn wanted(&self, bytes: &[u8]) -> Result<Wanted, String> {
        let text = String::from_utf8_lossy(bytes);
        let none = |what: &str| format!("{} is no {what}", display(bytes));
        let json = || serde_json::from_str::<Json>(&text).map_err(|_| none("JSON value: a text stands in quotes"));
        // What stands in quotes is a text of JSON, so that white space and escapes can be written.
        let plain = || match serde_json::from_str::<String>(&text) {
            Ok(text) => text.into_bytes(),
            Err(_) => bytes.to_vec(),
        };
        Ok(match (self.predicate.predicate, self.subject.subject) {
            (Predicate::Exists | Predicate::Absent | Predicate::Secure | Predicate::HttpOnly, _) => Wanted::Nothing,
            (Predicate::Equals, Subject::Status) => {
                let (from, to) = statuses(&text).ok_or_else(|| none("status, as 200, 2xx or 200..299"))?;
                Wanted::Statuses(from, to)
            }
            (Predicate::Equals, Subject::Json) => Wanted::Json(json()?),
            (_, Subject::Grade) => Wanted::Letter(Letter::parse(&text).ok_or_else(|| none("letter from A+ to F"))?),
            (_, Subject::Time) => Wanted::Number(millis(&text).ok_or_else(|| none("time, as 500 ms or 2 s"))?),
            (Predicate::Count | Predicate::Length, _) => {
                let (op, n) = bound(&text).ok_or_else(|| none("number, as 3 or >= 3"))?;
                Wanted::Bound(op, n)
            }
            (Predicate::Less | Predicate::AtMost | Predicate::More | Predicate::AtLeast, _)
            | (Predicate::Equals, Subject::Bytes) => Wanted::Number(number(&text).ok_or_else(|| none("number"))?),
            (Predicate::Matches, _) => Wanted::Pattern(pattern(&String::from_utf8_lossy(&plain()))?),
            (Predicate::Type, _) => match text.as_ref() {
                "string" | "number" | "integer" | "boolean" | "array" | "object" | "null" => Wanted::Text(plain()),
                _ => return Err(none("type of JSON")),
            },
            (Predicate::Sha256, _) if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) => {
                return Err(none("hash in 64 hexadecimal digits"));
            }
            (Predicate::SameSite, _) => match text.to_ascii_lowercase().as_str() {
                word @ ("strict" | "lax" | "none") => Wanted::Text(word.as_bytes().to_vec()),
                _ => return Err(none("SameSite")),
            },
            // In a list a value is looked for, in a text a text.
            (Predicate::Contains, Subject::Json) => json().map_or_else(|_| Wanted::Text(plain()), Wanted::Json),
            _ => Wanted::Text(plain()),
        })
    }

    fn values(&self, reply: &Response, facts: Facts<'_>, argument: &str) -> Result<Vec<Value>, String> {
        let text = |bytes: &[u8]| Value::Text(bytes.to_vec());
        Ok(match self.subject.subject {
            Subject::Status => vec![Value::Number(f64::from(reply.status))],
            Subject::Version => vec![text(reply.version.as_bytes())],
            Subject::Header => reply.all(argument).map(|v| text(v.as_bytes())).collect(),
            Subject::Cookie => {
                cookies(reply, argument).map(|(value, a)| Value::Cookie(value.to_vec(), a.to_vec())).collect()
            }
            Subject::Json => {
                let path = json_path(argument)?;
                let document = document(reply)?;
                path.query(&document).all().into_iter().map(|v| Value::Json(v.clone())).collect()
            }
            Subject::Body | Subject::Regex => vec![text(&reply.body)],
            Subject::Bytes => vec![Value::Number(reply.body.len() as f64)],
            Subject::Time => {
                let total = facts.exchange.phases.total.ok_or_else(|| "its time is not known".to_owned())?;
                vec![Value::Number(total.as_secs_f64() * 1e3)]
            }
            Subject::Grade => vec![Value::Letter(facts.grade.ok_or_else(|| "the reply has no grade".to_owned())?)],
        })
    }

    fn holds(&self, value: &Value, wanted: &Wanted) -> bool {
        let predicate = self.predicate.predicate;
        match (value, wanted) {
            (Value::Number(n), Wanted::Statuses(from, to)) => (f64::from(*from)..=f64::from(*to)).contains(n),
            // The better letter is the lesser one, since the best stands first.
            (Value::Letter(l), Wanted::Letter(w)) => holds(predicate, w.cmp(l)),
            (Value::Number(n), Wanted::Number(_)) => figure_of(predicate, wanted, *n),
            (Value::Json(Json::Number(n)), Wanted::Number(_)) => {
                n.as_f64().is_some_and(|n| figure_of(predicate, wanted, n))
            }
            (Value::Text(t), Wanted::Number(_)) => {
                std::str::from_utf8(t).ok().and_then(number).is_some_and(|n| figure_of(predicate, wanted, n))
            }
            (Value::Cookie(_, attributes), _) if predicate == Predicate::Secure => has(attributes, b"secure", None),
            (Value::Cookie(_, attributes), _) if predicate == Predicate::HttpOnly => has(attributes, b"httponly", None),
            (Value::Cookie(_, attributes), Wanted::Text(w)) if predicate == Predicate::SameSite => {
                has(attributes, b"samesite", Some(w))
            }
            (Value::Text(t) | Value::Cookie(t, _), _) => text_holds(predicate, t, wanted),
            (Value::Json(json), _) => json_holds(predicate, json, wanted),
            _ => false,
        }
    }

    /// What was found, with what is secret in it masked: looked for once more in the reply as it is shown.
    fn masked(&self, reply: &Response, facts: Facts<'_>, argument: &str) -> String {
        let headers = reply.headers.iter().map(|(n, v)| (n.clone(), mask_header(n.as_bytes(), v.as_bytes()).into()));
        let masked = Response {
            headers: headers.collect(),
            body: mask_body(&reply.body).into(),
            version: reply.version.clone(),
            status: reply.status,
            ..Response::default()
        };
        if self.subject.subject == Subject::Bytes {
            return self.shown(&self.values(reply, facts, argument).unwrap_or_default());
        }
        self.values(&masked, facts, argument).map_or_else(|why| why, |found| self.shown(&found))
    }

    /// What was found, cut and in display form.
    fn shown(&self, found: &[Value]) -> String {
        if self.predicate.predicate == Predicate::Count {
            return format!("{} found", found.len());
        }
        if found.is_empty() {
            return "nothing".to_owned();
        }
        let mut out = String::new();
        for (i, value) in found.iter().take(MOST_VALUES).enumerate() {
            if i > 0 {
                out.push_str(", ");
            }
            let text = match value {
                Value::Text(t) if self.predicate.predicate == Predicate::Sha256 => sha256_hex(t),
                Value::Text(t) => cut(&display(t)),
                Value::Cookie(t, attributes) => cut(&format!("{}{}", display(t), display(attributes))),
                Value::Json(json) => cut(&display_str(&json.to_string())),
                Value::Number(n) if self.subject.subject == Subject::Time => {
                    format!("{} ms", crate::base::figure::millis(*n))
                }
                Value::Number(n) => n.to_string(),
                Value::Letter(l) => l.to_string(),
            };
            out.push_str(&text);
        }
        if found.len() > MOST_VALUES {
            let _ = write!(out, " and {} others", found.len() - MOST_VALUES);
        }
        out
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}\u{2026}", &text[..end]),
        None => text.to_owned(),
    }
}

fn figure_of(predicate: Predicate, wanted: &Wanted, n: f64) -> bool {
    let Wanted::Number(w) = wanted else { return false };
    n.partial_cmp(w).is_some_and(|order| holds(predicate, order))
}

fn figure(wanted: &Wanted, n: f64) -> bool {
    let Wanted::Bound(op, w) = wanted else { return false };
    n.partial_cmp(w).is_some_and(|order: Ordering| measure::holds(*op, order))
}

fn text_holds(predicate: Predicate, text: &[u8], wanted: &Wanted) -> bool {
    match (predicate, wanted) {
        (Predicate::Equals, Wanted::Text(w)) => text == w,
        (Predicate::Contains, Wanted::Text(w)) => memchr::memmem::find(text, w).is_some(),
        (Predicate::Matches, Wanted::Pattern(regex)) => regex.is_match(text),
        (Predicate::Length, _) => figure(wanted, String::from_utf8_lossy(text).chars().count() as f64),
        (Predicate::Sha256, Wanted::Text(w)) => sha256_hex(text).as_bytes().eq_ignore_ascii_case(w),
        _ => false,
    }
}

fn json_holds(predicate: Predicate, json: &Json, wanted: &Wanted) -> bool {
    match (predicate, json, wanted) {
        (Predicate::Equals, _, Wanted::Json(w)) => same(json, w),
        (Predicate::Contains, Json::Array(all), Wanted::Json(w)) => all.iter().any(|v| same(v, w)),
        (Predicate::Contains, Json::Array(all), Wanted::Text(w)) => {
            all.iter().any(|v| v.as_str().is_some_and(|s| s.as_bytes() == w))
        }
        (Predicate::Contains, Json::String(s), Wanted::Json(Json::String(w))) => s.contains(w.as_str()),
        (Predicate::Contains, Json::String(s), Wanted::Json(w)) => s.contains(&w.to_string()),
        (Predicate::Type, _, Wanted::Text(w)) => {
            let (word, integer) = match json {
                Json::Null => ("null", false),
                Json::Bool(_) => ("boolean", false),
                Json::Number(n) => ("number", !n.is_f64() || n.as_f64().is_some_and(|f| f.fract() == 0.0)),
                Json::String(_) => ("string", false),
                Json::Array(_) => ("array", false),
                Json::Object(_) => ("object", false),
            };
            w == word.as_bytes() || (integer && w == b"integer")
        }
        (Predicate::Length, Json::Array(all), _) => figure(wanted, all.len() as f64),
        (Predicate::Length, Json::Object(all), _) => figure(wanted, all.len() as f64),
        (_, Json::String(s), _) => text_holds(predicate, s.as_bytes(), wanted),
        (Predicate::Matches, Json::Number(_) | Json::Bool(_), _) => {
            text_holds(predicate, json.to_string().as_bytes(), wanted)
        }
        _ => false,
    }
}

/// The same JSON: numbers by what they are worth, members in any order.
fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(x), Json::Number(y)) => x == y || (x.is_f64() || y.is_f64()) && x.as_f64() == y.as_f64(),
        (Json::Array(x), Json::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(x, y)| same(x, y)),
        (Json::Object(x), Json::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(n, v)| y.get(n).is_some_and(|w| same(v, w)))
        }
        _ => a == b,
    }
}

/// Whether a cookie has an attribute, of this value where one is given.
fn has(attributes: &[u8], name: &[u8], value: Option<&[u8]>) -> bool {
    attributes.split(|b| *b == b';').map(<[u8]>::trim_ascii).any(|a| {
        let at = memchr::memchr(b'=', a).unwrap_or(a.len());
        let of = a.get(at + 1..).unwrap_or_default().trim_ascii();
        a[..at].trim_ascii().eq_ignore_ascii_case(name) && value.is_none_or(|v| of.eq_ignore_ascii_case(v))
    })
}

/// The first and the last of the statuses that are meant: `200`, `2xx`, `200..299`.
pub fn statuses(text: &str) -> Option<(u16, u16)> {
    let code = |s: &str| s.parse::<u16>().ok().filter(|n| (100..=999).contains(n));
    let digit = text.strip_suffix("xx").filter(|d| d.len() == 1).and_then(|d| d.parse::<u16>().ok());
    match (digit, text.split_once("..")) {
        (Some(d @ 1..=9), _) => Some((d * 100, d * 100 + 99)),
        (_, Some((from, to))) => Some((code(from)?, code(to)?)).filter(|(from, to)| from <= to),
        _ => code(text).map(|c| (c, c)),
    }
}

/// Whether an argument is one of this subject.
fn fit(subject: &SubjectRow, argument: &str) -> Result<(), String> {
    match subject.argument {
        Argument::Path => json_path(argument).map(drop),
        Argument::Name if argument.is_empty() || !argument.bytes().all(is_name_byte) => {
            Err(format!("{} is no name", display_str(argument)))
        }
        _ => Ok(()),
    }
}

/// The first word, and what follows it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim_start()))
}

/// The argument: up to white space that stands in no brackets, quotes or braces.
fn argument(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let (mut depth, mut quote, mut escaped) = (0usize, None, false);
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(q), _) if c == q => quote = None,
            (None, '\'' | '"') if depth > 0 => quote = Some(c),
            (None, '[' | '(' | '{') => depth += 1,
            (None, ']' | ')' | '}') => depth = depth.saturating_sub(1),
            (None, _) if c.is_whitespace() && depth == 0 => return (&text[..at], text[at..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::base::Stamp;
    use crate::wire::Request;

    const BODY: &str = r#"{"items": [{"id": 1, "tags": ["a", "b c"]}, {"id": 2.0, "tags": []}], "name": "x 'y'", "n": 3, "token": "s3cret"}"#;

    fn exchange() -> Exchange {
        let mut x =
            Exchange::new(1, Stamp::from_unix(0).expect("time"), Request::new("GET", b"http://h/").expect("url"));
        x.phases.total = Some(Duration::from_millis(40));
        x.response = Some(Response {
            version: "HTTP/1.1".into(),
            status: 204,
            headers: [
                ("Content-Type", "application/json"),
                ("X-N", "7"),
                ("Via", "a"),
                ("Via", "b"),
                ("Set-Cookie", "sid=s3cret; Path=/; HttpOnly; SameSite=Lax"),
            ]
            .map(|(n, v)| (n.into(), v.into()))
            .into(),
            body: BODY.into(),
            ..Response::default()
        });
        x
    }

    fn checked(text: &str, show: bool) -> Checked {
        let x = exchange();
        let assertion = Assertion::read(text, 1).unwrap_or_else(|e| panic!("{text}: {e:?}"));
        let facts = Facts { exchange: &x, grade: Some(Letter::B), show };
        assertion.check(facts, &mut |t| t.put(&mut |name| Ok(name.as_bytes().to_vec())))
    }

    #[test]
    fn what_holds_passes_and_its_opposite_fails() {
        for text in [
            "status 204",
            "status 2xx",
            "status 200..299",
            "status == 204",
            "status < 300",
            "version == HTTP/1.1",
            "header content-type == application/json",
            "header content-type contains json",
            "header via matches ^[ab]$",
            "header via count 2",
            "header x-n >= 7",
            "header via exists",
            "header x-none absent",
            "cookie sid httponly",
            "cookie sid samesite LAX",
            "cookie sid exists",
            "json $.n == 3",
            "json $.n == 3.0",
            "json $.items[?@.id == 1].tags[0] == \"a\"",
            "json $['items'][*].id type integer",
            "json $.items length 2",
            "json $.items[*] count >= 2",
            "json $.items[0].tags contains \"b c\"",
            "json $.items[0].tags contains a",
            "json $.name contains \"'y'\"",
            "json $.name matches ^x",
            "json $.items[0] == {\"tags\": [\"a\", \"b c\"], \"id\": 1}",
            "json $.none absent",
            "json $.items[*].id > 0",
            "body contains items",
            "bytes > 10",
            "time < 500 ms",
            "time > 1 ms",
            "grade >= C",
            "grade >= B",
            "grade == B",
            "grade < A",
            "json $.{{name}} contains x",
        ] {
            assert_eq!(checked(text, false).verdict, Verdict::Pass, "{text}: {:?}", checked(text, false));
        }
        let hash = format!("body sha256 {}", sha256_hex(BODY.as_bytes()));
        assert_eq!(checked(&hash, false).verdict, Verdict::Pass);
        for text in [
            "status 205",
            "status not 2xx",
            "header via == a",
            "header via not == a",
            "cookie sid secure",
            "json $.items[*].id == 1",
            "json $.none == 1",
            "json $.none not == 1",
            "json $.items not exists",
            "json $.name == \"X\"",
            "json $.n type string",
            "grade >= A",
            "time > 1 s",
            "body not contains items",
        ] {
            assert_eq!(checked(text, false).verdict, Verdict::Fail, "{text}: {:?}", checked(text, false));
        }
    }

    #[test]
    fn what_was_found_is_told_and_what_is_secret_in_it_is_not() {
        assert_eq!(checked("status 200", false).actual, "204");
        assert_eq!(checked("time < 1 ms", false).actual, "40 ms");
        assert_eq!(checked("json $.items[*].id == 1", false).actual, "1, 2.0");
        assert_eq!(checked("json $.token == \"a\"", false).actual, "\"***\"");
        assert_eq!(checked("json $.token == \"a\"", true).actual, "\"s3cret\"");
        assert!(!checked("cookie sid == a", false).actual.contains("s3cret"));
        assert!(!checked("body contains zzz", false).actual.contains("s3cret"));
        assert_eq!(checked("json $.x == 1", false).actual, "nothing");
        let injected = checked("json $.name == {{\" exists}}", false);
        assert_eq!(injected.verdict, Verdict::Error, "what is put in is a value and nothing more: {injected:?}");
    }

    #[test]
    fn without_a_reply_nothing_is_judged() {
        let mut x = exchange();
        x.response = None;
        let facts = Facts { exchange: &x, grade: None, show: false };
        let absent = Assertion::read("header x absent", 1).expect("it reads");
        assert_eq!(absent.check(facts, &mut |_| Ok(Vec::new())).verdict, Verdict::Error);
    }

    #[test]
    fn what_is_misspelt_says_what_can_be_written() {
        for (text, words) in [
            ("", "is nothing that can be asserted"),
            ("statsu 200", "did you mean status?"),
            ("status", "nothing is not asked of status"),
            ("status ok", "ok is not asked of status"),
            ("status 20", "20 is no status"),
            ("status 2xx 3xx", "is no status"),
            ("header X", "nothing is not asked of header NAME"),
            ("header X-A ==", "there is no value"),
            ("header X-A exists 5", "there is a value too many"),
            ("header X secure", "write one of: == VALUE"),
            ("json $[ == 1", "is no JSON path"),
            ("json $.a == x", "a text stands in quotes"),
            ("json $.a matches (", "is no regular expression"),
            ("json $.a type text", "is no type of JSON"),
            ("grade >= Z", "is no letter"),
            ("time < soon", "is no time"),
            ("body sha256 abc", "64 hexadecimal digits"),
            ("cookie a samesite maybe", "is no SameSite"),
            ("regex a exists", "is nothing that can be asserted"),
        ] {
            let (what, hint) = Assertion::read(text, 1).expect_err(text);
            assert!(what.contains(words) || hint.contains(words), "{text}: {what}; {hint}");
        }
    }

    #[test]
    fn every_word_of_the_tables_is_read() {
        for subject in SUBJECTS.iter().filter(|row| row.asserted) {
            for predicate in PREDICATES.iter().filter(|row| row.of.contains(&subject.subject)) {
                let value = match (subject.subject, predicate.predicate) {
                    (Subject::Grade, _) => "B",
                    (_, Predicate::Type) => "string",
                    (_, Predicate::SameSite) => "lax",
                    (_, Predicate::Sha256) => &"0".repeat(64),
                    _ => "200",
                };
                let argument = match subject.argument {
                    Argument::None => "",
                    Argument::Path => " $.a",
                    _ => " a",
                };
                let value = if predicate.takes_value() { value } else { "" };
                let text = format!("{}{argument} {} {value}", subject.word, predicate.word);
                assert!(Assertion::read(text.trim(), 1).is_ok(), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_answered(text in "(status|json|header|cookie|body|time|grade)? ?\\PC{0,40}") {
            if let Ok(assertion) = Assertion::read(&text, 1) {
                let x = exchange();
                let facts = Facts { exchange: &x, grade: None, show: false };
                let checked = assertion.check(facts, &mut |t| Ok(t.to_string().into_bytes()));
                prop_assert!(!checked.actual.contains("s3cret"));
            }
        }
    }
}
