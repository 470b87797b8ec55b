//! A lenient reader of GraphQL documents (specification of October 2021, section 2): which operations there are, and which root
//! fields each asks for. What is below the root is passed over.

/// Deepest nesting of selections and fragments that is followed at the root.
const DEEPEST: usize = 20;
/// Words and marks of one document.
const MOST_TOKENS: usize = 100_000;
/// Root fields of one operation.
const MOST_FIELDS: usize = 50;
/// Operations and fragments of one document.
const MOST_DEFINITIONS: usize = 100;
/// Fragments followed for one operation.
const MOST_SPREADS: usize = 200;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<'t> {
    pub kind: &'static str,
    pub name: Option<&'t str>,
    /// Each once, in order.
    pub fields: Vec<&'t str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Name(&'t str),
    Mark(u8),
    Spread,
    /// A string or a number.
    Value,
}

/// The operations of a document; `None` when it is none.
pub(super) fn operations(text: &str) -> Option<Vec<Found<'_>>> {
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0 };
    let mut heads = Vec::new();
    let mut fragments: Vec<(&str, usize)> = Vec::new();
    while let Some(token) = parser.peek() {
        if heads.len() + fragments.len() >= MOST_DEFINITIONS {
            break;
        }
        let kind = match token {
            Token::Mark(b'{') | Token::Name("query") => Some("query"),
            Token::Name("mutation") => Some("mutation"),
            Token::Name("subscription") => Some("subscription"),
            Token::Name("fragment") => None,
            _ => return None,
        };
        if token != Token::Mark(b'{') {
            parser.at += 1;
        }
        let name = parser.name();
        match (kind, name) {
            (Some(kind), name) => {
                parser.pass(b'(', b')')?;
                parser.directives()?;
                heads.push((kind, name, parser.at));
            }
            (None, Some(name)) => {
                // `on Type` stands between.
                parser.name()?;
                parser.name()?;
                parser.directives()?;
                fragments.push((name, parser.at));
            }
            (None, None) => return None,
        }
        if parser.peek() != Some(Token::Mark(b'{')) {
            return None;
        }
        parser.pass(b'{', b'}')?;
    }
    let mut found = Vec::new();
    for (kind, name, at) in heads {
        let mut fields = Vec::new();
        let mut spreads = 0;
        Parser { tokens: &tokens, at }.selection(&fragments, 0, &mut spreads, &mut fields)?;
        found.push(Found { kind, name, fields });
    }
    (!found.is_empty() && found.iter().any(|f| !f.fields.is_empty())).then_some(found)
}

/// True for what the specification takes for a name (section 2.1.9).
pub(super) fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

fn tokens(text: &str) -> Option<Vec<Token<'_>>> {
    let bytes = text.as_bytes();
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        let start = at;
        at += 1;
        match b {
            b'#' => at = memchr::memchr2(b'\n', b'\r', &bytes[at..]).map_or(bytes.len(), |n| at + n),
            b'"' => {
                at = string_end(bytes, start)?;
                out.push(Token::Value);
            }
            b'.' => {
                if !bytes[start..].starts_with(b"...") {
                    return None;
                }
                at = start + 3;
                out.push(Token::Spread);
            }
            b'{' | b'}' | b'(' | b')' | b'[' | b']' | b':' | b'=' | b'@' | b'$' | b'!' | b'|' | b'&' => {
                out.push(Token::Mark(b));
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_') {
                    at += 1;
                }
                out.push(Token::Name(&text[start..at]));
            }
            b'-' | b'0'..=b'9' => {
                while bytes.get(at).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'+' | b'-')) {
                    at += 1;
                }
                out.push(Token::Value);
            }
            b',' | b' ' | b'\t' | b'\n' | b'\r' => {}
            0xef if bytes[start..].starts_with("\u{feff}".as_bytes()) => at = start + 3,
            _ => return None,
        }
        if out.len() > MOST_TOKENS {
            return None;
        }
    }
    Some(out)
}

/// Where the string that opens at `start` ends; a block string has three quotes.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    if bytes[start..].starts_with(b"\"\"\"") {
        let mut from = start + 3;
        loop {
            let at = from + memchr::memmem::find(&bytes[from..], b"\"\"\"")?;
            if bytes[at - 1] != b'\\' || at == start + 3 {
                return Some(at + 3);
            }
            from = at + 1;
        }
    }
    let mut at = start + 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            b'"' => return Some(at + 1),
            b'\n' => return None,
            _ => at += 1,
        }
    }
}

struct Parser<'p, 't> {
    tokens: &'p [Token<'t>],
    at: usize,
}

impl<'t> Parser<'_, 't> {
    fn peek(&self) -> Option<Token<'t>> {
        self.tokens.get(self.at).copied()
    }

    fn name(&mut self) -> Option<&'t str> {
        let Some(Token::Name(name)) = self.peek() else { return None };
        self.at += 1;
        Some(name)
    }

    /// Passes over what stands between brackets, when they are there; `None` when they do not close.
    fn pass(&mut self, open: u8, close: u8) -> Option<()> {
        if self.peek() != Some(Token::Mark(open)) {
            return Some(());
        }
        let mut depth = 0usize;
        while let Some(token) = self.peek() {
            self.at += 1;
            if token == Token::Mark(open) {
                depth += 1;
            } else if token == Token::Mark(close) {
                depth -= 1;
                if depth == 0 {
                    return Some(());
                }
            }
        }
        None
    }

    fn directives(&mut self) -> Option<()> {
        while self.peek() == Some(Token::Mark(b'@')) {
            self.at += 1;
            self.name()?;
            self.pass(b'(', b')')?;
        }
        Some(())
    }

    /// The fields of a selection set and, in their place, those of fragments in it.
    fn selection(
        &mut self,
        fragments: &[(&str, usize)],
        depth: usize,
        spreads: &mut usize,
        fields: &mut Vec<&'t str>,
    ) -> Option<()> {
        // The brace that opens it.
        self.at += 1;
        loop {
            match self.peek()? {
                Token::Mark(b'}') => {
                    self.at += 1;
                    return Some(());
                }
                Token::Spread => {
                    self.at += 1;
                    match self.name() {
                        Some("on") | None => {
                            // The type, where one is said.
                            self.name();
                            self.directives()?;
                            if self.peek()? != Token::Mark(b'{') {
                                return None;
                            }
                            if depth < DEEPEST {
                                self.selection(fragments, depth + 1, spreads, fields)?;
                            } else {
                                self.pass(b'{', b'}')?;
                            }
                        }
                        Some(name) => {
                            self.directives()?;
                            *spreads += 1;
                            let fragment = fragments.iter().find(|f| f.0 == name);
                            if let Some((_, at)) = fragment.filter(|_| depth < DEEPEST && *spreads < MOST_SPREADS) {
                                let mut inside = Parser { tokens: self.tokens, at: *at };
                                inside.selection(fragments, depth + 1, spreads, fields)?;
                            }
                        }
                    }
                }
                Token::Name(first) => {
                    self.at += 1;
                    let mut name = first;
                    if self.peek() == Some(Token::Mark(b':')) {
                        self.at += 1;
                        name = self.name()?;
                    }
                    self.pass(b'(', b')')?;
                    self.directives()?;
                    self.pass(b'{', b'}')?;
                    if fields.len() < MOST_FIELDS && !fields.contains(&name) {
                        fields.push(name);
                    }
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn say(text: &str) -> Option<Vec<String>> {
        let show = |f: &Found<'_>| format!("{} {} {}", f.kind, f.name.unwrap_or("-"), f.fields.join(","));
        operations(text).map(|all| all.iter().map(show).collect())
    }

    #[test]
    fn documents() {
        for (text, want) in [
            ("{a}", "query - a"),
            (
                "query Q($id: ID! = \"}\" @x) @live { b: order(id: $id, f: {x: [1, -2.5e3]}) { c { d } } a }",
                "query Q order,a",
            ),
            (
                "mutation { pay(input: {text: \"\"\"a \"quoted\" } \\\"\"\" \"\"\"}) @skip(if: false) { ok } }",
                "mutation - pay",
            ),
            ("# c }\nsubscription S { s, t }", "subscription S s,t"),
            (
                "query A { ...F ... on Query { b } ... @include(if: $x) { c } } fragment F on Query { a ...G } fragment G on Query { g ...F }",
                "query A a,g,b,c",
            ),
            ("{ a: me b: me }", "query - me"),
            ("{ ...Gone a }", "query - a"),
            ("query on { on fragment query }", "query on on,fragment,query"),
        ] {
            assert_eq!(say(text).as_deref(), Some(&[want.to_owned()][..]), "{text}");
        }
        assert_eq!(say("query A {a} query B {b}").map(|a| a.len()), Some(2));
        for text in [
            "",
            "shoes",
            "{",
            "{}",
            "{a",
            "{a}}",
            "{a(}",
            "query",
            "fragment F on X {a}",
            "select * from x",
            "{\"a\": 1}",
            "{a \"b\"}",
            "{ .. a }",
        ] {
            assert_eq!(say(text), None, "{text}");
        }
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let deep = format!("{}a{}", "{a".repeat(50_000), "}".repeat(50_000));
        let _ = say(&deep);
        let inline = format!("{{{}a{}}}", "...{".repeat(30_000), "}".repeat(30_000));
        let _ = say(&inline);
        let fragment = |i: usize| format!("fragment F{i} on Q {{ {} }} ", format!("...F{} ", i + 1).repeat(20));
        let bomb = (0..50).map(fragment).collect::<Vec<_>>().concat();
        let _ = say(&format!("{{ ...F0 a }} {bomb}"));
        let wide = (0..1_000).map(|i| format!("f{i}")).collect::<Vec<_>>().join(" ");
        assert_eq!(operations(&format!("{{{wide}}}")).expect("a document")[0].fields.len(), MOST_FIELDS);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[{}()a-c :.@$\"#\\n!]{0,80}|\\PC{0,60}") {
            let _ = operations(&text);
        }
    }
}
