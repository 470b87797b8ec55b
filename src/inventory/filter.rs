//! The filter language of the endpoint list.
//!
//! Plain words must all stand in the method or the path, whatever their case. `~state shadow`, `~m POST`, `~p /orders`,
//! `~s 5xx|404`, `~seen log`, `~kind webhook`, `~host name` and `~sec bearer` look at one thing; a value may list several with
//! `|`. `!` negates, `&` or nothing means and, `|` means or, parentheses group, quotes keep spaces.

use std::collections::BTreeSet;
use std::fmt;

use super::model::{Endpoint, Inventory, Seen, State};
use super::spec::OperationKind;
use crate::base::error::nearest;
use crate::base::text::display_str;

/// A name after `~`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Name {
    /// The name.
    pub name: &'static str,
    /// What it looks at.
    pub what: &'static str,
    /// One in use.
    pub example: &'static str,
}

const fn name(name: &'static str, what: &'static str, example: &'static str) -> Name {
    Name { name, what, example }
}

/// Every name after `~`: reader, completion and help go by this table.
pub const NAMES: [Name; 8] = [
    name("state", "shadow, shadow-method, zombie, documented or ghost", "~state shadow|zombie"),
    name("m", "the method", "~m POST"),
    name("p", "part of the path", "~p /orders"),
    name("s", "a status that was seen", "~s 5xx|404"),
    name("seen", "the kind of source: spec, log, code or capture", "~seen log"),
    name("host", "part of the host", "~host api.shop.test"),
    name("sec", "part of the security scheme", "~sec bearer"),
    name("kind", "path, webhook or callback", "!~kind path"),
];

/// What joins them, for the help.
pub const SIGNS: [(&str, &str); 6] = [
    ("orders export", "both words stand in the method or the path"),
    ("a & b", "both, as is nothing between them"),
    ("a | b", "either"),
    ("!a", "not"),
    ("(a | b) c", "first what is in the parentheses"),
    ("\"a b\"", "with the space"),
];

/// Kinds of source by their words.
const SEEN: [(Seen, &str); 4] =
    [(Seen::SPEC, "spec"), (Seen::LOG, "log"), (Seen::CODE, "code"), (Seen::CAPTURE, "capture")];
/// Kinds of endpoint by their words.
const KINDS: [(OperationKind, &str); 3] =
    [(OperationKind::Path, "path"), (OperationKind::Webhook, "webhook"), (OperationKind::Callback, "callback")];

/// Words offered at one place.
const MOST_OFFERED: usize = 200;

/// Nesting of parentheses and negations.
const MOST_DEPTH: usize = 64;

/// A filter that was understood.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter(Option<Node>);

/// A filter that was not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterError {
    /// Byte offset in the filter text.
    pub at: usize,
    /// What is wrong there, in display form.
    pub what: String,
}

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {}: {}", self.at + 1, self.what)
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// In method or path.
    Word(Vec<u8>),
    State(State),
    Method(String),
    Path(Vec<u8>),
    Status(u16, u16),
    Seen(Seen),
    Host(Vec<u8>),
    Security(Vec<u8>),
    Kind(OperationKind),
}

/// The filter that `@name` stands for among those that are saved; any other text is itself. Where none is saved, `@` is a
/// letter like any other.
///
/// # Errors
/// None of that name is saved.
pub fn expand<'a>(text: &'a str, saved: &'a [(String, String)]) -> Result<&'a str, FilterError> {
    let Some(name) = text.strip_prefix('@').filter(|_| !saved.is_empty()) else { return Ok(text) };
    if let Some((_, filter)) = saved.iter().find(|(n, _)| n == name) {
        return Ok(filter);
    }
    let near = match nearest(name, saved.iter().map(|(n, _)| n.as_str())) {
        Some(near) => format!("did you mean @{}?", display_str(near)),
        None => format!("there is @{}", saved.iter().map(|(n, _)| display_str(n)).collect::<Vec<_>>().join(", @")),
    };
    Err(FilterError { at: 1, what: format!("no filter is saved as {}; {near}", display_str(name)) })
}

impl Filter {
    /// Reads a filter; an empty text lets everything through.
    ///
    /// # Errors
    /// The place and what is wrong there, with the nearest name where one was misspelt.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        parser.space();
        if parser.rest().is_empty() {
            return Ok(Self(None));
        }
        let node = parser.either()?;
        if !parser.rest().is_empty() {
            return Err(parser.error("this closes nothing"));
        }
        Ok(Self(Some(node)))
    }

    /// True when the filter lets everything through.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// True when the endpoint is let through.
    pub fn matches(&self, endpoint: &Endpoint) -> bool {
        self.0.as_ref().is_none_or(|n| n.matches(endpoint))
    }
}

impl Node {
    fn matches(&self, e: &Endpoint) -> bool {
        match self {
            Self::And(all) => all.iter().all(|n| n.matches(e)),
            Self::Or(any) => any.iter().any(|n| n.matches(e)),
            Self::Not(one) => !one.matches(e),
            Self::Word(word) => contains(e.path.as_bytes(), word) || contains(e.method.as_bytes(), word),
            Self::State(state) => e.state == Some(*state),
            Self::Method(method) => e.method.eq_ignore_ascii_case(method),
            Self::Path(part) => contains(e.path.as_bytes(), part),
            Self::Status(from, to) => e.statuses.range(from..=to).any(|(_, n)| *n > 0),
            Self::Seen(seen) => e.seen.has(*seen),
            Self::Host(part) => e.host.as_ref().is_some_and(|h| contains(h.as_bytes(), part)),
            Self::Kind(kind) => e.kind == *kind,
            Self::Security(part) => e.security.iter().any(|s| contains(s.as_bytes(), part)),
        }
    }
}

/// Substring search without regard to ASCII case; `needle` is in lower case.
fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some((&first, rest)) = needle.split_first() else { return true };
    let Some(last) = haystack.len().checked_sub(needle.len()) else { return false };
    let mut from = 0;
    while from <= last {
        let Some(at) = memchr::memchr2(first, first.to_ascii_uppercase(), &haystack[from..=last]) else { return false };
        let start = from + at + 1;
        if haystack[start..start + rest.len()].eq_ignore_ascii_case(rest) {
            return true;
        }
        from = start;
    }
    false
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn eat(&mut self, c: char) -> bool {
        let hit = self.rest().starts_with(c);
        if hit {
            self.at += c.len_utf8();
            self.space();
        }
        hit
    }

    fn error(&self, what: impl Into<String>) -> FilterError {
        FilterError { at: self.at, what: what.into() }
    }

    fn either(&mut self) -> Result<Node, FilterError> {
        let mut all = vec![self.both()?];
        while self.eat('|') {
            all.push(self.both()?);
        }
        Ok(one_or(all, Node::Or))
    }

    fn both(&mut self) -> Result<Node, FilterError> {
        let mut all = vec![self.single()?];
        loop {
            let and = self.eat('&');
            if !and && (self.rest().is_empty() || self.rest().starts_with(['|', ')'])) {
                return Ok(one_or(all, Node::And));
            }
            all.push(self.single()?);
        }
    }

    fn single(&mut self) -> Result<Node, FilterError> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return Err(self.error("too deeply nested"));
        }
        let node = self.unnested();
        self.depth -= 1;
        node
    }

    fn unnested(&mut self) -> Result<Node, FilterError> {
        if self.eat('!') {
            return Ok(Node::Not(Box::new(self.single()?)));
        }
        let open = self.at;
        if self.eat('(') {
            let inner = self.either()?;
            if !self.eat(')') {
                return Err(FilterError { at: open, what: "this parenthesis is not closed".to_owned() });
            }
            return Ok(inner);
        }
        if self.rest().starts_with('~') {
            return self.named();
        }
        let word = self.token(&['&', '|', '(', ')'])?;
        if word.is_empty() {
            return Err(self.error("a word, a ~name or a parenthesis should stand here"));
        }
        Ok(Node::Word(word.to_ascii_lowercase().into_bytes()))
    }

    /// `~name value`.
    fn named(&mut self) -> Result<Node, FilterError> {
        let start = self.at;
        self.at += 1;
        let end = self.rest().find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(self.rest().len());
        let name = &self.rest()[..end];
        if !NAMES.iter().any(|n| n.name == name) {
            let near = nearest(name, NAMES.iter().map(|n| n.name).chain(["status", "method", "path"]));
            let near = near.map(|n| match n {
                "status" => "s",
                "method" => "m",
                "path" => "p",
                n => n,
            });
            let near = near.map_or("try ~state, ~m, ~p or ~s".to_owned(), |n| format!("did you mean ~{n}?"));
            return Err(FilterError { at: start, what: format!("~{} is not known; {near}", display_str(name)) });
        }
        self.at += end;
        self.space();
        let value_at = self.at;
        let value = self.token(&['&', '(', ')'])?;
        if value.is_empty() {
            return Err(FilterError { at: value_at, what: format!("~{name} needs a value") });
        }
        let mut any = Vec::new();
        let mut at = value_at;
        for part in value.split('|') {
            let what = |what: String| FilterError { at: at.min(self.text.len()), what };
            if part.is_empty() {
                return Err(what("a value should stand on both sides of |".to_owned()));
            }
            any.push(value_of(name, part).map_err(what)?);
            at += part.len() + 1;
        }
        Ok(one_or(any, Node::Or))
    }

    /// Characters up to white space or a mark; quotes keep both.
    fn token(&mut self, marks: &[char]) -> Result<String, FilterError> {
        if let Some(quoted) = self.rest().strip_prefix('"') {
            let Some(end) = quoted.find('"') else { return Err(self.error("this quote is not closed")) };
            self.at += end + 2;
            self.space();
            return Ok(quoted[..end].to_owned());
        }
        let end = self.rest().find(|c: char| c.is_whitespace() || marks.contains(&c)).unwrap_or(self.rest().len());
        let token = self.rest()[..end].to_owned();
        self.at += end;
        self.space();
        Ok(token)
    }
}

fn one_or(mut all: Vec<Node>, many: fn(Vec<Node>) -> Node) -> Node {
    match all.len() {
        1 => all.remove(0),
        _ => many(all),
    }
}

fn value_of(name: &str, value: &str) -> Result<Node, String> {
    let lower = || value.to_ascii_lowercase().into_bytes();
    Ok(match name {
        "state" => {
            let word = value.to_ascii_lowercase();
            match State::ALL.into_iter().find(|s| s.word() == word) {
                Some(state) => Node::State(state),
                None => return Err(unknown("state", value, State::ALL.map(State::word).into_iter())),
            }
        }
        "seen" => {
            let word = value.to_ascii_lowercase();
            match SEEN.iter().find(|(_, w)| *w == word) {
                Some((seen, _)) => Node::Seen(*seen),
                None => return Err(unknown("kind of source", value, SEEN.iter().map(|(_, w)| *w))),
            }
        }
        "kind" => {
            let word = value.to_ascii_lowercase();
            match KINDS.iter().find(|(_, w)| *w == word) {
                Some((kind, _)) => Node::Kind(*kind),
                None => return Err(unknown("kind of endpoint", value, KINDS.iter().map(|(_, w)| *w))),
            }
        }
        "m" => Node::Method(value.to_owned()),
        "p" => Node::Path(lower()),
        "host" => Node::Host(lower()),
        "sec" => Node::Security(lower()),
        _ => status(value).ok_or_else(|| format!("{} is no status; write 404 or 5xx", display_str(value)))?,
    })
}

fn unknown(kind: &str, value: &str, all: impl Iterator<Item = &'static str> + Clone) -> String {
    let value = value.to_ascii_lowercase();
    let hint = match nearest(&value, all.clone()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("one of {}", all.collect::<Vec<_>>().join(", ")),
    };
    format!("{} is no {kind}; {hint}", display_str(&value))
}

/// What may stand at the end of a filter that is being typed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Offer {
    /// Where in the text the word begins that is completed.
    pub from: usize,
    /// The words that may stand there, in order.
    pub words: Vec<String>,
}

/// Words for the end of `text`: names after `~`, values of the name before, and filters that are saved. Values are those that
/// the list has.
pub fn complete(text: &str, saved: &[(String, String)], list: &Inventory) -> Offer {
    let start = text
        .rfind(|c: char| c.is_whitespace() || "&()!".contains(c))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    let word = &text[start..];
    let begins = |words: Vec<String>, from: usize| {
        let typed = text[from..].to_lowercase();
        let words = words.into_iter().filter(|w| w.to_lowercase().starts_with(&typed)).take(MOST_OFFERED);
        Offer { from, words: words.collect() }
    };
    if word.starts_with('~') {
        return begins(NAMES.iter().map(|n| format!("~{}", n.name)).collect(), start);
    }
    if start == 0 && word.starts_with('@') {
        return begins(saved.iter().map(|(n, _)| format!("@{n}")).collect(), 0);
    }
    // A value stands after a name and white space.
    let before = text[..start].trim_end();
    let name = before.rsplit(|c: char| c.is_whitespace() || "&()!".contains(c)).next().unwrap_or_default();
    let known =
        name.strip_prefix('~').filter(|_| before.len() < start).and_then(|n| NAMES.iter().find(|k| k.name == n));
    match known {
        Some(name) => begins(values(name.name, list), start + word.rfind('|').map_or(0, |at| at + 1)),
        None => Offer { from: text.len(), words: Vec::new() },
    }
}

/// The values that a name may have, as they are typed.
fn values(name: &str, list: &Inventory) -> Vec<String> {
    let all = |of: &dyn Fn(&Endpoint) -> Vec<String>| {
        let mut found = BTreeSet::new();
        for e in &list.endpoints {
            if found.len() < MOST_OFFERED {
                found.extend(of(e));
            }
        }
        found.into_iter().map(|v| quoted(&v)).collect()
    };
    match name {
        "state" => State::ALL.map(|s| s.word().to_owned()).to_vec(),
        "seen" => SEEN.map(|(_, w)| w.to_owned()).to_vec(),
        "kind" => KINDS.map(|(_, w)| w.to_owned()).to_vec(),
        "m" => all(&|e| vec![display_str(&e.method)]),
        "s" => all(&|e| e.statuses.keys().map(u16::to_string).collect()),
        "host" => all(&|e| e.host.iter().map(|h| display_str(h)).collect()),
        "sec" => all(&|e| e.security.iter().map(|s| display_str(s)).collect()),
        _ => Vec::new(),
    }
}

/// A value as it is typed: in quotes where it has marks of the language in it.
fn quoted(value: &str) -> String {
    if value.contains(|c: char| c.is_whitespace() || "&|()".contains(c)) {
        format!("\"{value}\"")
    } else {
        value.to_owned()
    }
}

/// `404`, `5xx`, `40x`.
fn status(value: &str) -> Option<Node> {
    let digits = value.trim_end_matches(['x', 'X']);
    if value.len() != 3 || digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let low: u16 = format!("{digits:0<3}").parse().ok()?;
    let high: u16 = format!("{digits:9<3}").parse().ok()?;
    Some(Node::Status(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_filter_goes_by_its_name() {
        let saved = [("open".to_owned(), "~state shadow".to_owned())];
        assert_eq!(expand("@open", &saved).as_deref(), Ok("~state shadow"));
        assert_eq!(expand("open", &saved).as_deref(), Ok("open"));
        assert_eq!(expand("@me", &[]).as_deref(), Ok("@me"));
        assert!(expand("@opne", &saved).expect_err("unknown").what.contains("did you mean @open?"));
        assert!(expand("@zzzzzzzz", &saved).expect_err("unknown").what.contains("there is @open"));
    }
    use crate::base::Untrusted;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn endpoint(method: &str, path: &str, state: State, statuses: &[u16]) -> Endpoint {
        Endpoint {
            method: method.to_owned(),
            host: Some("api.test".to_owned()),
            path: Untrusted::from(path),
            seen: Seen::SPEC,
            state: Some(state),
            requests: 1,
            statuses: statuses.iter().map(|s| (*s, 1)).collect::<BTreeMap<_, _>>(),
            security: vec!["bearer (JWT)".to_owned()],
            ..Endpoint::default()
        }
    }

    #[test]
    fn filters_and_what_they_let_through() {
        let e = endpoint("POST", "/Orders/{id}/items", State::Shadow, &[200, 404]);
        for (filter, want) in [
            ("", true),
            ("  ", true),
            ("orders", true),
            ("post items", true),
            ("post users", false),
            ("~state shadow", true),
            ("~state zombie|shadow", true),
            ("~state ghost", false),
            ("~m post", true),
            ("~m GET|PUT", false),
            ("~p /orders", true),
            ("~s 404", true),
            ("~s 5xx|404", true),
            ("~s 5xx", false),
            ("!~s 5xx", true),
            ("!orders", false),
            ("! orders | items", true),
            ("~m GET | items & ~s 20x", true),
            ("(~m GET | items) & ~s 500", false),
            ("\"/orders/{id}\"", true),
            ("~seen spec", true),
            ("~seen log", false),
            ("~host API ~sec jwt", true),
            ("~kind path", true),
            ("~kind webhook|callback", false),
        ] {
            assert_eq!(Filter::parse(filter).expect(filter).matches(&e), want, "{filter}");
        }
    }

    #[test]
    fn what_may_stand_at_the_end_is_offered() {
        let mut other = endpoint("PUT", "/a", State::Ghost, &[503]);
        other.security = vec!["none".to_owned()];
        let list =
            Inventory { endpoints: vec![endpoint("POST", "/b", State::Shadow, &[200]), other], ..Inventory::default() };
        let saved = [("open".to_owned(), "~sec none".to_owned()), ("posts".to_owned(), "~m POST".to_owned())];
        for (text, from, words) in [
            ("~s", 0, &["~state", "~s", "~seen", "~sec"][..]),
            ("a (!~ho", 4, &["~host"]),
            ("~state sha", 7, &["shadow", "shadow-method"]),
            ("~state ghost|zo", 13, &["zombie"]),
            ("~m ", 3, &["POST", "PUT"]),
            ("~m p", 3, &["POST", "PUT"]),
            ("~s ", 3, &["200", "503"]),
            ("~sec ", 5, &["\"bearer (JWT)\"", "none"]),
            ("~kind c", 6, &["callback"]),
            ("@p", 0, &["@posts"]),
            ("orders", 6, &[]),
            ("~p /o", 3, &[]),
            ("", 0, &[]),
        ] {
            let offer = complete(text, &saved, &list);
            assert_eq!(
                (offer.from, offer.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice()),
                (from, words),
                "{text}"
            );
        }
    }

    #[test]
    fn the_table_of_names_is_sound() {
        for n in NAMES {
            assert!(Filter::parse(n.example).is_ok(), "{}", n.example);
            assert!(n.example.contains(&format!("~{}", n.name)), "{}", n.example);
        }
        for (sign, _) in SIGNS {
            assert!(Filter::parse(sign).is_ok(), "{sign}");
        }
    }

    #[test]
    fn errors_have_a_place_and_a_way_out() {
        for (filter, at, what) in [
            ("a ~sate x", 2, "~state"),
            ("~status 404", 0, "~s?"),
            ("~zzzzzz 1", 0, "try ~state"),
            ("~state shadw", 7, "did you mean shadow"),
            ("~state x|shadow", 7, "x is no state"),
            ("~state shadow|y", 14, "y is no state"),
            ("~s 20", 3, "no status"),
            ("~kind webhok", 6, "did you mean webhook"),
            ("~m", 2, "needs a value"),
            ("(a", 0, "not closed"),
            ("a)", 1, "closes nothing"),
            ("a |", 3, "should stand here"),
            ("a & | b", 4, "should stand here"),
            ("\"a", 0, "quote"),
        ] {
            let e = Filter::parse(filter).expect_err(filter);
            assert!(e.at == at && e.what.contains(what), "{filter}: {e:?}");
        }
        assert!(Filter::parse(&"(".repeat(10_000)).is_err());
        assert!(Filter::parse(&"!".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in "([ ~!&|()\"a-c\u{e9}]|~s |5xx|~state |shadow){0,30}") {
            if let Err(e) = Filter::parse(&text) {
                prop_assert!(e.at <= text.len());
            }
        }

        #[test]
        fn finds_what_is_there(path in "/[a-zA-Z]{1,12}", from in 0usize..6, len in 1usize..6) {
            let part: String = path.chars().skip(from).take(len).collect();
            prop_assert!(contains(path.as_bytes(), part.to_ascii_lowercase().as_bytes()));
            prop_assert!(!contains(path.as_bytes(), b"9"));
        }
    }
}
