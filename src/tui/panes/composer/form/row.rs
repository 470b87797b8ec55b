//! One parameter, header or field: a name, a value, and for pairs of a query the bytes that were typed.

use crate::base::known;
use crate::base::secret::{MASK, is_secret_member, mask_header};
use crate::inventory::Place;

/// What a row is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A place of the URL, of the request's cookies, or a header.
    At(Place),
    /// A field of a form: like a pair of a query.
    Field,
    /// A part of a multipart body.
    Part,
}

/// One parameter, header or field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its name as it is shown.
    pub name: String,
    /// Its value as it is shown and edited.
    pub value: String,
    /// What it is part of.
    pub kind: Kind,
    /// What the document says of it.
    pub hint: String,
    /// Whether it is sent.
    pub on: bool,
    /// Whether its name is given by the document or the path.
    pub declared: bool,
    /// The value that the document gave.
    pub given: Option<String>,
    /// A pair as it stands in the text.
    pair: String,
    /// Whether name and value are shown as they stand in the text, since they could not be written back otherwise.
    pub bare: bool,
}

impl Row {
    /// A row that was typed.
    pub fn new(kind: Kind, name: &str, value: &str) -> Self {
        let mut row = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            kind,
            hint: String::new(),
            on: true,
            declared: false,
            given: None,
            pair: String::new(),
            bare: false,
        };
        row.write();
        row
    }

    /// A pair as it stands in a query or a form.
    pub fn pair(kind: Kind, text: &str) -> Self {
        let mut row = Self::new(kind, "", "");
        row.read(text);
        row
    }

    /// True for a pair of a query or a form.
    fn is_pair(&self) -> bool {
        matches!(self.kind, Kind::At(Place::Query) | Kind::Field)
    }

    /// Takes a pair as it stands. What would be written differently is shown as it stands.
    pub fn read(&mut self, text: &str) {
        text.clone_into(&mut self.pair);
        let (name, value) = text.split_once('=').map_or((text, None), |(n, v)| (n, Some(v)));
        let (plain_name, plain_value) = (decode(name), value.and_then(decode));
        self.bare = value.is_none() || plain_name.is_none() || plain_value.is_none();
        self.name = plain_name.filter(|_| !self.bare).unwrap_or_else(|| name.to_owned());
        self.value = plain_value.filter(|_| !self.bare).unwrap_or_else(|| value.unwrap_or_default().to_owned());
    }

    /// Writes the pair anew from name and value.
    fn write(&mut self) {
        if self.is_pair() {
            self.pair = match self.bare {
                true if self.value.is_empty() && !self.pair.contains('=') => self.name.clone(),
                true => format!("{}={}", self.name, self.value),
                false => format!("{}={}", encode(&self.name), encode(&self.value)),
            };
        }
    }

    /// The pair as it stands in the text.
    pub fn text_of_pair(&self) -> &str {
        &self.pair
    }

    /// Takes another value.
    pub fn set(&mut self, value: &str) {
        value.clone_into(&mut self.value);
        self.write();
    }

    /// True while it stands as the document gave it.
    pub fn is_given(&self) -> bool {
        self.given.as_ref() == Some(&self.value)
    }

    /// The row as one line of text, as it is edited.
    pub fn line(&self) -> String {
        match self.kind {
            _ if self.declared => self.value.clone(),
            _ if self.name.is_empty() && self.value.is_empty() => String::new(),
            Kind::At(Place::Header) => format!("{}: {}", self.name, self.value),
            _ if self.bare => self.pair.clone(),
            _ => format!("{}={}", self.name, self.value),
        }
    }

    /// The same with its value masked.
    pub fn line_masked(&self) -> String {
        Self { value: self.masked(), bare: false, ..self.clone() }.line()
    }

    /// Takes an edited line.
    pub fn take(&mut self, text: &str) {
        if self.declared {
            self.on = true;
            return self.set(text);
        }
        if self.bare {
            return self.read(text);
        }
        let (name, value) = match self.kind {
            Kind::At(Place::Header) => split_header(text),
            _ => text.split_once('=').unwrap_or((text, "")),
        };
        name.clone_into(&mut self.name);
        self.set(value);
    }

    /// The value as it is drawn: that of a credential's header or of a secret parameter masked, and known secrets in any.
    pub fn masked(&self) -> String {
        let plain = || known::redact(self.value.as_bytes()).into_owned();
        let masked = match self.kind {
            // Nothing is hidden where nothing is typed yet, but for a scheme; a variable is no secret.
            _ if self.value.is_empty() || self.value.ends_with(' ') || self.value.starts_with("{{") => plain(),
            Kind::At(Place::Header) => mask_header(self.name.as_bytes(), self.value.as_bytes()),
            Kind::At(Place::Cookie) => mask_header(b"Cookie", self.value.as_bytes()),
            _ if is_secret_member(&self.name) => MASK.into(),
            _ => plain(),
        };
        String::from_utf8_lossy(&masked).into_owned()
    }
}

/// A header line in two. One space after the colon is how people write; more is theirs and stays.
pub fn split_header(text: &str) -> (&str, &str) {
    text.split_once(':').map_or((text, ""), |(n, v)| (n, v.strip_prefix(' ').unwrap_or(v)))
}

/// The text of the pairs that are sent.
pub fn joined<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    rows.filter(|r| r.on).map(Row::text_of_pair).collect::<Vec<_>>().join("&")
}

/// Pairs of a text in place of those that are sent. Those that are left out stay where they are, and what is known of a name
/// stays with it.
pub fn replaced(rows: Vec<Row>, kind: Kind, text: Option<&str>) -> Vec<Row> {
    let mut pairs = text.map(|t| t.split('&').map(|p| Row::pair(kind, p)).collect::<Vec<_>>()).unwrap_or_default();
    let mut out: Vec<Row> = Vec::new();
    let known: Vec<Row> = rows.clone();
    for pair in &mut pairs {
        if let Some(old) = known.iter().find(|r| r.declared && r.name == pair.name) {
            (pair.hint, pair.declared, pair.given) = (old.hint.clone(), !pair.bare, old.given.clone());
        }
    }
    let mut pairs = pairs.into_iter();
    for row in rows {
        if row.on {
            out.extend(pairs.next());
        } else {
            out.push(row);
        }
    }
    out.extend(pairs);
    out
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).map_or('0', |c| c.to_ascii_uppercase())
}

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3) and `{{name}}`.
pub fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let name = rest.strip_prefix("{{").and_then(|r| r.split_once("}}")).map(|(n, _)| n);
        let length = name.filter(|n| !n.contains(['{', '\n'])).map_or(0, |n| n.len() + 4);
        if length > 0 {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        for b in first.encode_utf8(&mut [0; 4]).bytes() {
            if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
                out.push(char::from(b));
            } else {
                out.extend(['%', hex(b >> 4), hex(b & 15)]);
            }
        }
        rest = &rest[first.len_utf8()..];
    }
    out
}

/// The text that [`encode`] makes this of; `None` when it would make something else.
fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let digit = |i: usize| bytes.get(at + i).and_then(|b| char::from(*b).to_digit(16));
        if let (b'%', Some((high, low))) = (b, digit(1).zip(digit(2))) {
            out.push(u8::try_from(high << 4 | low).ok()?);
            at += 3;
        } else {
            out.push(b);
            at += 1;
        }
    }
    String::from_utf8(out).ok().filter(|plain| encode(plain) == text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const QUERY: Kind = Kind::At(Place::Query);

    #[test]
    fn a_pair_is_shown_plain_where_it_comes_back_the_same() {
        for (text, name, value, bare) in [
            ("a=x%20y", "a", "x y", false),
            ("a=x+y", "a", "x+y", true),
            ("a=%2e%2e", "a", "%2e%2e", true),
            ("a", "a", "", true),
            ("a=", "a", "", false),
            ("a={{id}}%26", "a", "{{id}}&", false),
        ] {
            let row = Row::pair(QUERY, text);
            assert_eq!((row.name.as_str(), row.value.as_str(), row.bare), (name, value, bare), "{text}");
        }
        let mut row = Row::pair(QUERY, "a=x");
        row.take("a=b c&d");
        assert_eq!(row.text_of_pair(), "a=b%20c%26d");
        let mut bare = Row::pair(QUERY, "p=../%2e");
        bare.take("p=../%2e%2e/");
        assert_eq!(bare.text_of_pair(), "p=../%2e%2e/");
    }

    #[test]
    fn the_text_and_the_table_are_one_thing() {
        let mut rows = replaced(Vec::new(), QUERY, Some("a=1&&b=%2f&c"));
        rows[0].set("2 3");
        assert_eq!(joined(rows.iter()), "a=2%203&&b=%2f&c");
        rows[1].on = false;
        let rows = replaced(rows, QUERY, Some("x=1"));
        assert_eq!((joined(rows.iter()), rows.len(), rows[1].on), ("x=1".to_owned(), 2, false));
    }

    #[test]
    fn a_header_keeps_what_was_typed() {
        let mut r = Row::new(Kind::At(Place::Header), "", "");
        r.take("X-Odd:  two spaces ");
        assert_eq!((r.name.as_str(), r.value.as_str()), ("X-Odd", " two spaces "));
    }

    proptest! {
        #[test]
        fn a_query_that_nobody_edits_stays_as_it_was_typed(text in "[ -~é]{0,60}") {
            let rows = replaced(Vec::new(), QUERY, Some(&text));
            prop_assert_eq!(joined(rows.iter()), text);
        }

        #[test]
        fn what_is_encoded_is_read_back(text: String) {
            prop_assume!(!text.contains("{{"));
            prop_assert_eq!(decode(&encode(&text)), Some(text));
        }
    }
}
