//! What is known of a token as lines.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::text::{More, Styled, Text};
use super::Now;
use super::bench::{Bench, Side};
use crate::app::inspect::{Attacked, Inspected};
use crate::base::{Finding, Severity};
use crate::jwt::verify::Status;
use crate::jwt::{self, Decoded, Keys, Kind, Part};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{clip, distance, shown};
use crate::tui::widgets::spark::bar;

/// Members of one part that are listed.
const MOST: usize = 2_000;

/// What stands on a line of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A member of a part, by its place.
    Member(Side, usize),
    /// The heading of a part.
    Heading(Side),
    /// Anything else.
    Other,
}

/// The column where values begin, and the one where their meaning does.
const COLUMNS: (u16, u16) = (13, 40);

/// A token taken apart, or one that is being edited: its lines, and what stands on each.
pub fn token(known: &Inspected, bench: Option<&Bench>, now: Now) -> (Text, Vec<Row>) {
    let mut page = Page { text: Text::default(), rows: Vec::new() };
    let token = &known.token;
    let kind = match token.kind {
        Kind::Jws => "signed token (JWS)",
        Kind::Jwe => "encrypted token (JWE): the payload cannot be read without the key",
        Kind::Nested => "signed token whose payload is itself a token",
        Kind::Other => "not a token of three or five parts",
    };
    page.line(Row::Other, Styled::new(kind, Role::Text).then(0, clip(&known.profile), Role::Muted));
    for odd in &token.oddities {
        page.line(Row::Other, Styled::new("odd", Role::Warn).then(10, clip(odd), Role::Text));
    }
    page.part(Side::Header, "header", &token.header, bench, now);
    if token.kind != Kind::Jwe {
        page.part(Side::Claims, "claims", &token.claims, bench, now);
    }
    page.line(Row::Other, Styled::default());
    page.signature(known, bench);
    let mut inner = token.inner.as_deref();
    while let Some(inside) = inner {
        page.line(Row::Other, Styled::default());
        page.line(Row::Other, Styled::new("the token inside", Role::Title));
        page.inside(&inside.header, now);
        page.inside(&inside.claims, now);
        inner = inside.inner.as_deref();
    }
    (page.text, page.rows)
}

struct Page {
    text: Text,
    rows: Vec<Row>,
}

impl Page {
    fn line(&mut self, row: Row, line: Styled) {
        self.text.push(line, None);
        self.rows.push(row);
    }

    fn part(&mut self, side: Side, name: &str, part: &Part, bench: Option<&Bench>, now: Now) {
        self.line(Row::Other, Styled::default());
        let edited = bench.filter(|b| b.is_edited(side));
        let heading = Styled::new(name, Role::Title);
        let remark = if edited.is_some() { "edited" } else { "" };
        self.line(Row::Heading(side), heading.then(COLUMNS.0, remark, Role::Accent));
        if let Some(bench) = edited {
            let Some(members) = bench.members(side) else {
                let line = Styled::new("  as text:", Role::Warn).then(12, shown(&bench.bytes(side)), Role::Text);
                return self.line(Row::Other, line);
            };
            let last_of: HashMap<&str, usize> = members.iter().enumerate().map(|(i, (n, _))| (n.as_str(), i)).collect();
            let mut seen = HashSet::new();
            for (i, (name, text)) in members.iter().enumerate().take(MOST) {
                let value: Value = serde_json::from_str(text).unwrap_or_default();
                let is_last = last_of.get(name.as_str()) == Some(&i);
                let twice = (!seen.insert(name) || !is_last).then_some(is_last);
                self.member(Row::Member(side, i), name, &value, twice, now);
            }
            return;
        }
        for odd in &part.oddities {
            self.line(Row::Other, Styled::new("  odd", Role::Warn).then(COLUMNS.0, clip(odd), Role::Text));
        }
        if part.members.is_empty() && !part.bytes.is_empty() {
            let line = Styled::new("  not a JSON object:", Role::Warn);
            self.line(Row::Other, line.then(22, shown(part.bytes.as_bytes()), Role::Text));
        }
        self.members(part, now, |i| Row::Member(side, i));
    }

    fn inside(&mut self, part: &Part, now: Now) {
        self.members(part, now, |_| Row::Other);
    }

    fn members(&mut self, part: &Part, now: Now, row: impl Fn(usize) -> Row) {
        // Names are counted once: a hundred thousand members must not stall a frame.
        let mut places = HashMap::<&str, (usize, usize)>::new();
        for (i, (name, _)) in part.members.iter().enumerate() {
            let entry = places.entry(name).or_default();
            *entry = (entry.0 + 1, i);
        }
        for (i, (name, value)) in part.members.iter().enumerate().take(MOST) {
            let (count, last) = places.get(name.as_str()).copied().unwrap_or((1, i));
            self.member(row(i), name, value, (count > 1).then_some(last == i), now);
        }
        if let Some(more) = part.members.len().checked_sub(MOST).filter(|n| *n > 0) {
            self.line(Row::Other, Styled::new(format!("  … and {more} more"), Role::Muted));
        }
    }

    /// `twice`: whether the member is the last of those with its name, where there are more.
    fn member(&mut self, row: Row, name: &str, value: &Value, twice: Option<bool>, now: Now) {
        let text = match value {
            Value::String(s) => shown(s.as_bytes()),
            other => shown(other.to_string().as_bytes()),
        };
        let mut line = Styled::new(format!("  {}", shown(name.as_bytes())), Role::JsonKey).then(
            COLUMNS.0,
            text.clone(),
            role_of(value),
        );
        let meaning = jwt::explain(name, value, now.wall).map(|m| clip(&m));
        match (twice, &meaning) {
            (Some(true), _) => line = line.then(COLUMNS.1, "twice here; most parsers take this one", Role::Error),
            (Some(false), _) => line = line.then(COLUMNS.1, "twice here; most parsers drop this one", Role::Error),
            (None, Some(meaning)) => line = line.then(COLUMNS.1, meaning.clone(), Role::Comment),
            (None, None) => {}
        }
        let more = More { copy: text.clone(), title: shown(name.as_bytes()), lines: vec![text] };
        let lines = more.lines.into_iter().chain(meaning).collect();
        self.text.push(line, Some(More { lines, ..more }));
        self.rows.push(row);
    }

    fn signature(&mut self, known: &Inspected, bench: Option<&Bench>) {
        let token = &known.token;
        if token.kind == Kind::Jwe {
            let line =
                Styled::new("signature", Role::Title).then(COLUMNS.0, "it is encrypted, not signed", Role::Muted);
            self.line(Row::Other, line);
            return;
        }
        let alg = token.header.get("alg").and_then(Value::as_str).map(clip).unwrap_or_default();
        let (text, role) = match (&known.verdict.status, token.signature.len()) {
            _ if bench.is_some_and(Bench::is_changed) => {
                ("of what it was: s signs what is edited".to_owned(), Role::Warn)
            }
            (_, 0) => ("none: nothing protects this token".to_owned(), Role::Error),
            (Status::Valid, _) => {
                (format!("{alg} · verified by {}", clip(known.verdict.by.as_deref().unwrap_or("a key"))), Role::Ok)
            }
            (Status::Invalid, _) => (format!("{alg} · not made by any key that is known"), Role::Error),
            (_, n) => (format!("{n} bytes, {alg}; not verified"), Role::Text),
        };
        self.line(Row::Other, Styled::new("signature", Role::Title).then(COLUMNS.0, text, role));
        if let Some(reason) = &known.verdict.reason {
            self.line(Row::Other, Styled::new("", Role::Text).then(COLUMNS.0, clip(reason), Role::Comment));
        }
        if let Some(guessed) = &known.guessed {
            let secret = shown(guessed.secret.as_bytes());
            let secret = if secret.is_empty() { "the empty secret".to_owned() } else { secret };
            let line = Styled::new("  secret", Role::JsonKey).then(COLUMNS.0, secret.clone(), Role::Critical);
            let line = line.then(COLUMNS.1, clip(&guessed.origin), Role::Comment);
            let lines = vec![secret.clone(), clip(&guessed.origin)];
            self.text.push(line, Some(More { copy: secret, title: "the secret, found by guessing".to_owned(), lines }));
            self.rows.push(Row::Other);
        }
    }
}

fn role_of(value: &Value) -> Role {
    match value {
        Value::String(_) => Role::Str,
        Value::Number(_) => Role::Number,
        Value::Bool(_) | Value::Null => Role::Keyword,
        _ => Role::Text,
    }
}

/// How long a token lives still: seconds of its whole life, and those that are left; what is left alone where it does not say
/// since when. `None` where it says no end.
pub fn life(token: &Decoded, wall: i64) -> Option<(Option<i64>, i64)> {
    let seconds = |name| token.claims.get(name).and_then(jwt::numeric_date);
    let end = seconds("exp")?;
    let begin = seconds("iat").or_else(|| seconds("nbf"));
    Some((begin.map(|b| end - b).filter(|whole| *whole > 0), end - wall))
}

/// The life of a token as a line: a bar that runs down.
pub fn life_line(token: &Decoded, skew: i64, now: Now) -> Styled {
    let wall = now.wall.unix() + skew;
    let title = Styled::new("life", Role::Title);
    let Some((whole, left)) = life(token, wall) else {
        return title.then(COLUMNS.0, "no exp: valid for ever once issued", Role::Warn);
    };
    let words = |seconds: i64| distance(seconds.unsigned_abs());
    let by = if skew != 0 { " by the server's clock" } else { "" };
    if left <= 0 {
        return title.then(COLUMNS.0, format!("expired {} ago{by}", words(left)), Role::Error);
    }
    match whole {
        Some(whole) => {
            let share = left as f64 / whole as f64;
            let role = if share < 0.2 { Role::Warn } else { Role::Ok };
            let text = format!("{} left of {}{by}", words(left), words(whole));
            title.then(COLUMNS.0, format!("{:<20}", bar(share, 20)), role).then(COLUMNS.0 + 21, text, Role::Text)
        }
        None => title.then(COLUMNS.0, format!("{} left{by}; no iat says since when", words(left)), Role::Text),
    }
}

/// The role of a severity.
pub fn role_of_severity(severity: Severity) -> Role {
    match severity {
        Severity::Critical => Role::Critical,
        Severity::High => Role::Error,
        Severity::Medium => Role::Warn,
        Severity::Low => Role::Info,
        Severity::Info => Role::Muted,
    }
}

/// What is wrong, worst first.
pub fn findings(found: &[Finding], judged: bool) -> Text {
    let mut text = Text::default();
    if !judged {
        text.push(Styled::new("being judged …", Role::Pending), None);
        return text;
    }
    if found.is_empty() {
        text.push(Styled::new("nothing is wrong with what can be seen of it", Role::Ok), None);
    }
    for f in found {
        let line = Styled::new(f.severity.word(), role_of_severity(f.severity)).then(9, clip(&f.title), Role::Text);
        let copy = format!("{} {}: {}. {}", f.severity.word(), f.id, f.title, f.detail);
        let lines = [
            f.title.clone(),
            String::new(),
            f.detail.clone(),
            String::new(),
            format!("fix    {}", f.fix),
            format!("see    {}", f.reference),
            format!("rule   {}, {}", f.id, f.severity.word()),
        ];
        let more = More { copy: clip(&copy), title: f.id.clone(), lines: lines.iter().map(|l| clip(l)).collect() };
        text.push(line, Some(more.clone()));
        text.push(
            Styled::new("", Role::Text).then(9, format!("{} · {}", f.id, clip(&f.detail)), Role::Muted),
            Some(more),
        );
    }
    text
}

/// The keys that are known.
pub fn keys(keys: &Keys) -> Text {
    let mut text = Text::default();
    if keys.keys.is_empty() {
        let words =
            "No key yet. n adds some: a file, a URL of a key set, env:NAME, file:PATH, vault:NAME or issuer:URL.";
        text.push(Styled::new(words, Role::Muted), None);
    }
    for (i, key) in keys.keys.iter().enumerate() {
        let line = Styled::new(format!("#{}", i + 1), Role::JsonKey)
            .then(5, clip(&key.words()), Role::Text)
            .then(28, clip(&key.name()), Role::Comment)
            .then(28, if key.is_private() { "signs" } else { "" }, Role::Accent);
        let lines = vec![clip(&key.name()), clip(&key.words())];
        text.push(line, Some(More { copy: clip(&key.name()), title: format!("key {}", i + 1), lines }));
    }
    for problem in &keys.problems {
        text.push(Styled::new("odd", Role::Warn).then(5, clip(problem), Role::Text), None);
    }
    text
}

/// What came of a live run: the lines, and the variant that each is about.
pub fn attacked(done: &Attacked) -> (Text, Vec<Option<usize>>) {
    let (mut text, mut places) = (Text::default(), Vec::new());
    let outcome = &done.ran.outcome;
    let mut line = |line: Styled, more: Option<More>, place: Option<usize>| {
        text.push(line, more);
        places.push(place);
    };
    line(Styled::new(clip(&done.words()), Role::Title), None, None);
    if let Some(why) = &outcome.stopped {
        line(Styled::new("stopped", Role::Warn).then(9, clip(why), Role::Text), None, None);
    }
    for found in &outcome.found {
        let rule = &found.family.rule;
        let variant = found.variant.and_then(|i| done.variants.get(i));
        let named = variant.map(|v| clip(&v.name)).unwrap_or_default();
        let lines = [
            rule.title.to_owned(),
            String::new(),
            clip(&found.detail),
            format!("with   {named}"),
            format!("sure   {}", found.evidence.word()),
            String::new(),
            format!("fix    {}", rule.fix),
            format!("see    {}; CWE-{}", rule.reference, found.family.cwe),
        ];
        let copy = format!("{} {}: {}. {}", rule.severity.word(), rule.id, rule.title, clip(&found.detail));
        let more = More { copy, title: rule.id.to_owned(), lines: lines.to_vec() };
        let head = Styled::new(rule.severity.word(), role_of_severity(rule.severity)).then(9, rule.title, Role::Text);
        line(head, Some(more.clone()), found.variant);
        let under = format!("{} · {} · {}", found.evidence.word(), rule.id, clip(&found.detail));
        line(Styled::new("", Role::Text).then(9, under, Role::Muted), Some(more), found.variant);
    }
    for family in &outcome.clean {
        line(Styled::new("refused", Role::Ok).then(9, family.name, Role::Text), None, None);
    }
    for (family, why) in &outcome.not_run {
        let more = More { copy: why.clone(), title: family.name.to_owned(), lines: vec![clip(why)] };
        let head = Styled::new("not run", Role::Muted).then(9, family.name, Role::Muted);
        line(head.then(0, clip(why), Role::Comment), Some(more), None);
    }
    (text, places)
}
