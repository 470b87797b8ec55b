//! Lays JSON out as lines without copying it: every line is ranges of the source, so that what is shown is what came,
//! duplicate members, odd escapes, long numbers and all.

/// Lines that are laid out: a body of more is shown as it came.
const MOST_LINES: usize = 4 << 20;

/// What a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string, a number, a word, or an empty object or array.
    Scalar,
    /// Opens an object or array that goes on.
    Open,
    /// Closes one.
    Close,
}

/// One line, as ranges of the source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// The member name with its quotes; empty in arrays.
    pub key: (u32, u32),
    /// The value, or the bracket.
    pub value: (u32, u32),
    /// The line that closes what this one opens; the line itself otherwise.
    pub close: u32,
    /// How deep.
    pub depth: u16,
    /// What it is.
    pub kind: Kind,
    /// Whether a comma follows.
    pub comma: bool,
}

impl Line {
    /// Where the line starts in the source.
    pub fn start(&self) -> u32 {
        if self.key.1 > self.key.0 { self.key.0 } else { self.value.0 }
    }
}

/// The lines of one JSON text; `None` when the bytes are not one, or one of too many lines, and are better shown as they are.
pub fn layout(b: &[u8]) -> Option<Vec<Line>> {
    u32::try_from(b.len()).ok()?;
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let mut i = space(b, 0);
    loop {
        if lines.len() > MOST_LINES {
            return None;
        }
        let mut key = (0, 0);
        if open.last().is_some_and(|o| b[lines[*o].value.0 as usize] == b'{') {
            let end = string(b, i)?;
            key = (at(i), at(end));
            i = space(b, end);
            if b.get(i) != Some(&b':') {
                return None;
            }
            i = space(b, i + 1);
        }
        let line = |value, kind| Line {
            key,
            value,
            close: 0,
            depth: u16::try_from(open.len()).unwrap_or(u16::MAX),
            kind,
            comma: false,
        };
        match *b.get(i)? {
            bracket @ (b'{' | b'[') => {
                let next = space(b, i + 1);
                if b.get(next) == Some(&closing(bracket)) {
                    lines.push(line((at(i), at(next + 1)), Kind::Scalar));
                    i = next + 1;
                } else {
                    lines.push(line((at(i), at(i + 1)), Kind::Open));
                    open.push(lines.len() - 1);
                    i = next;
                    continue;
                }
            }
            b'"' => {
                let end = string(b, i)?;
                lines.push(line((at(i), at(end)), Kind::Scalar));
                i = end;
            }
            _ => {
                let end = i + b[i..].iter().take_while(|c| is_word(**c)).count();
                if end == i {
                    return None;
                }
                lines.push(line((at(i), at(end)), Kind::Scalar));
                i = end;
            }
        }
        // After a value: a comma, any number of closings, or the end.
        loop {
            i = space(b, i);
            let Some(top) = open.last().copied() else {
                return (i == b.len()).then(|| finish(lines));
            };
            match *b.get(i)? {
                b',' => {
                    lines.last_mut()?.comma = true;
                    i = space(b, i + 1);
                    break;
                }
                c if c == closing(b[lines[top].value.0 as usize]) => {
                    open.pop();
                    lines[top].close = at(lines.len());
                    lines.push(Line {
                        key: (0, 0),
                        value: (at(i), at(i + 1)),
                        close: 0,
                        depth: lines[top].depth,
                        kind: Kind::Close,
                        comma: false,
                    });
                    i += 1;
                }
                _ => return None,
            }
        }
    }
}

fn finish(mut lines: Vec<Line>) -> Vec<Line> {
    for (i, line) in lines.iter_mut().enumerate() {
        if line.kind != Kind::Open {
            line.close = at(i);
        }
    }
    lines
}

/// How many values stand directly in what line `open` opens, counted no further than `cap`.
pub fn children(lines: &[Line], open: usize, cap: usize) -> usize {
    let mut n = 0;
    let mut i = open + 1;
    while n < cap && i < lines[open].close as usize {
        n += 1;
        i = lines[i].close as usize + 1;
    }
    n
}

/// The length was checked to fit.
fn at(i: usize) -> u32 {
    u32::try_from(i).unwrap_or(u32::MAX)
}

fn closing(open: u8) -> u8 {
    if open == b'{' { b'}' } else { b']' }
}

fn is_word(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'-' | b'+' | b'.')
}

fn space(b: &[u8], i: usize) -> usize {
    i + b.get(i..).map_or(0, |rest| rest.iter().take_while(|c| c.is_ascii_whitespace()).count())
}

/// Index after the closing quote of the string at `i`.
fn string(b: &[u8], i: usize) -> Option<usize> {
    if b.get(i) != Some(&b'"') {
        return None;
    }
    let mut from = i + 1;
    loop {
        let j = from + memchr::memchr2(b'"', b'\\', b.get(from..)?)?;
        if b[j] == b'"' {
            return Some(j + 1);
        }
        from = j + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(json: &str) -> Vec<String> {
        let b = json.as_bytes();
        layout(b)
            .expect("json")
            .iter()
            .map(|l| {
                let part = |r: (u32, u32)| &json[r.0 as usize..r.1 as usize];
                format!(
                    "{}{}{}{}",
                    " ".repeat(l.depth.into()),
                    part(l.key),
                    part(l.value),
                    if l.comma { "," } else { "" }
                )
            })
            .collect()
    }

    #[test]
    fn lines_are_ranges_of_the_source() {
        assert_eq!(
            text(r#" {"a" : 1e400,"a":"x\"}","b":[{ },[ 1 , null]] } "#),
            [
                "{",
                " \"a\"1e400,",
                " \"a\"\"x\\\"}\",",
                " \"b\"[",
                "  { },",
                "  [",
                "   1,",
                "   null",
                "  ]",
                " ]",
                "}"
            ]
        );
        assert_eq!(text("3"), ["3"]);
        let lines = layout(br#"{"a":[1,{"b":2}],"c":3}"#).expect("json");
        assert_eq!(children(&lines, 0, 99), 2);
        assert_eq!(children(&lines, 1, 99), 2);
    }

    #[test]
    fn what_is_not_one_json_text_is_left_alone() {
        for s in ["", " ", "{", "[1", "[1,]", "{\"a\"}", "{\"a\":}", "[1}", "1 2", "\"x", "\"x\\", "{1:2}"] {
            assert_eq!(layout(s.as_bytes()), None, "{s}");
        }
    }

    #[test]
    fn depth_needs_no_stack() {
        let deep = format!("{}1{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(layout(deep.as_bytes()).map(|l| l.len()), Some(400_001));
    }

    proptest! {
        #[test]
        fn agrees_with_a_strict_parser_on_what_is_json(s in "[\\[\\]{}\",:0-9a ]{0,24}") {
            if serde_json::from_str::<serde::de::IgnoredAny>(&s).is_ok() {
                prop_assert!(layout(s.as_bytes()).is_some());
            }
            let _ = layout(s.as_bytes());
        }
    }
}
