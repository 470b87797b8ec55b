//! Replies side by side, line by line: status, header fields, body. The first is the base, and each of the others is laid
//! against it. What is compared is what came; what is shown of it may be masked.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use bytes::Bytes;
use similar::{Algorithm, DiffOp, capture_diff_slices_deadline};

use super::{Exchange, json};
use crate::base::hash;
use crate::base::secret::{MASK, mask_header};

/// Replies that are laid side by side.
pub const MOST_SIDES: usize = 4;
/// Lines of one body that are compared.
pub const MOST_LINES: usize = 50_000;
/// Bytes of a body that is JSON and is laid out for it.
const MOST_JSON: usize = 8 << 20;
/// How long the lines that belong together are looked for; then they are paired more coarsely.
const PATIENCE: Duration = Duration::from_secs(2);

/// Which part of a reply a line is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// The status line, or why there is none.
    Status,
    /// A header field.
    Header,
    /// A line of the body.
    Body,
}

impl Part {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Header => "header",
            Self::Body => "body",
        }
    }
}

/// One line of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    /// As it came.
    real: Bytes,
    /// As it stands in the masked whole: what is secret may stand on the lines before it.
    masked: Bytes,
}

/// What masks a body, or a status line.
pub type Mask = fn(&[u8]) -> Vec<u8>;

/// One line of each side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Which part it is of.
    pub part: Part,
    /// The line of each side, `None` where it has none.
    cells: Vec<Option<Line>>,
    /// Whether they are not all the same; a `Date` or `Age` that all sides have does not count.
    pub differs: bool,
}

impl Row {
    /// The line of a side as it may be shown: masked unless `show`.
    pub fn shown(&self, side: usize, show: bool) -> Option<&Bytes> {
        let line = self.cells.get(side)?.as_ref()?;
        Some(if show { &line.real } else { &line.masked })
    }

    /// Whether a side has the line of the first, or like it none.
    pub fn is_as_first(&self, side: usize) -> bool {
        let real = |side: usize| self.cells.get(side).and_then(Option::as_ref).map(|l| &l.real);
        real(side) == real(0)
    }
}

/// Replies laid side by side.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diff {
    /// The lines, in order.
    pub rows: Vec<Row>,
    /// What was left out, in words.
    pub left_out: Option<String>,
}

impl Diff {
    /// Lays replies side by side, the first as the base; [`MOST_SIDES`] at most. Bodies and status lines are shown as `mask`
    /// leaves them, header fields without credentials.
    pub fn of(all: &[&Exchange], mask: Mask) -> Self {
        let all = &all[..all.len().min(MOST_SIDES)];
        let mut diff = Self::default();
        diff.lay(Part::Status, &all.iter().map(|x| vec![status(x, mask)]).collect::<Vec<_>>());
        let order: Vec<Vec<u8>> = all.first().map(|x| names(x)).unwrap_or_default();
        diff.lay(Part::Header, &all.iter().map(|x| headers(x, &order)).collect::<Vec<_>>());
        let mut bodies: Vec<Vec<Line>> = all.iter().map(|x| body(x, mask)).collect();
        let most = bodies.iter().map(Vec::len).max().unwrap_or(0);
        if most > MOST_LINES {
            for body in &mut bodies {
                body.truncate(MOST_LINES);
            }
            diff.left_out = Some(format!("lines of the bodies after the first {MOST_LINES}"));
        }
        diff.lay(Part::Body, &bodies);
        diff
    }

    /// How many lines are not all the same.
    pub fn count(&self) -> usize {
        self.rows.iter().filter(|r| r.differs).count()
    }

    /// Lays the lines of one part side by side.
    fn lay(&mut self, part: Part, sides: &[Vec<Line>]) {
        let Some((base, others)) = sides.split_first() else { return };
        // Of each other side: its line beside each line of the base, and those that stand before it.
        let mut laid = Vec::with_capacity(others.len());
        for other in others {
            laid.push(Laid::of(base, other));
        }
        for at in 0..=base.len() {
            let extra = laid.iter().map(|l| l.before[at].len()).max().unwrap_or(0);
            for i in 0..extra {
                let cells = laid.iter().map(|l| l.before[at].get(i).cloned());
                let cells = std::iter::once(None).chain(cells).collect();
                self.rows.push(Row { part, cells, differs: true });
            }
            let Some(line) = base.get(at) else { break };
            let cells = std::iter::once(Some(line.clone())).chain(laid.iter().map(|l| l.beside[at].clone())).collect();
            let mut row = Row { part, cells, differs: false };
            row.differs =
                (1..sides.len()).any(|i| !row.is_as_first(i)) && !(part == Part::Header && tells_when(&row.cells));
            self.rows.push(row);
        }
    }
}

/// Whether this is a field that differs in every two replies, since it tells when each was made (RFC 9110 section 6.6.1, RFC
/// 9111 section 5.1).
fn tells_when(cells: &[Option<Line>]) -> bool {
    let tells = |l: &Line| l.real.starts_with(b"date: ") || l.real.starts_with(b"age: ");
    cells.iter().all(|c| c.as_ref().is_some_and(tells))
}

/// The lines of one side against those of the base.
struct Laid {
    beside: Vec<Option<Line>>,
    before: Vec<Vec<Line>>,
}

impl Laid {
    fn of(base: &[Line], other: &[Line]) -> Self {
        let mut laid = Self { beside: vec![None; base.len()], before: vec![Vec::new(); base.len() + 1] };
        let until = Instant::now() + PATIENCE;
        let real = |lines: &[Line]| lines.iter().map(|l| l.real.clone()).collect::<Vec<_>>();
        let mut at = 0;
        for op in capture_diff_slices_deadline(Algorithm::Myers, &real(base), &real(other), Some(until)) {
            // Steps stand in order; where an insertion goes is known by those before it, and not by what it says itself.
            let (_, old, new) = op.as_tag_tuple();
            let old = if old.is_empty() { at..at } else { old };
            let new = if matches!(op, DiffOp::Delete { .. }) { 0..0 } else { new };
            at = old.end;
            let paired = old.len().min(new.len());
            for i in 0..paired {
                laid.beside[old.start + i] = Some(other[new.start + i].clone());
            }
            laid.before[old.end].extend(other[new.start + paired..new.end].iter().cloned());
        }
        laid
    }
}

fn status(x: &Exchange, mask: Mask) -> Line {
    let real: Bytes = match (&x.response, &x.error) {
        (Some(r), _) => {
            let mut line = format!("{} {} ", r.version, r.status).into_bytes();
            line.extend_from_slice(r.reason.as_bytes());
            line.trim_ascii_end().to_vec().into()
        }
        (None, Some(e)) => format!("no reply: {}, {}", e.phase.word(), e.kind.word()).into(),
        (None, None) => "no reply".into(),
    };
    Line { masked: mask(&real).into(), real }
}

/// The names of the header fields, in order and in lower case.
fn names(x: &Exchange) -> Vec<Vec<u8>> {
    let headers = x.response.iter().flat_map(|r| &r.headers);
    headers.map(|(name, _)| name.as_bytes().to_ascii_lowercase()).collect()
}

/// The header fields, those of the same name as in `order` in that order, and the others after them: fields that only stand
/// elsewhere do not differ.
fn headers(x: &Exchange, order: &[Vec<u8>]) -> Vec<Line> {
    let headers = x.response.iter().flat_map(|r| &r.headers);
    let mut lines: Vec<(usize, Line)> = headers
        .map(|(name, value)| {
            let name = name.as_bytes().to_ascii_lowercase();
            let place = order.iter().position(|o| *o == name).unwrap_or(order.len());
            let line = |value: &[u8]| [&name[..], b": ", value].concat().into();
            let value = value.as_bytes();
            (place, Line { real: line(value), masked: line(&mask_header(&name, value)) })
        })
        .collect();
    lines.sort_by_key(|(place, _)| *place);
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The lines of a body: JSON laid out, text as it stands, anything else by its size and hash.
fn body(x: &Exchange, mask: Mask) -> Vec<Line> {
    let Some(r) = x.response.as_ref().filter(|r| !r.body.is_empty()) else { return Vec::new() };
    if r.body[..r.body.len().min(1_024)].contains(&0) {
        let real = Bytes::from(format!("{} bytes, SHA-256 {}", r.body.len(), hash::sha256_hex(&r.body)));
        return vec![Line { masked: real.clone(), real }];
    }
    let mut text = r.body.clone();
    if r.body.len() <= MOST_JSON
        && let Ok(raw) = serde_json::from_slice::<Box<serde_json::value::RawValue>>(&r.body)
    {
        text = json::pretty(raw.get()).into();
    }
    // One line more than are compared, so that it is known that there are more.
    text.truncate(memchr::memchr_iter(b'\n', &text).nth(MOST_LINES).map_or(text.len(), |at| at + 1));
    masked(&lines(&text), &lines(&mask(&text).into()))
}

/// Lines, each with what is left of it in the masked whole. Where a mask takes whole lines away, only those that still stand
/// there as they came are shown.
fn masked(real: &[Bytes], left: &[Bytes]) -> Vec<Line> {
    if real.len() == left.len() {
        return real.iter().zip(left).map(|(real, left)| Line { real: real.clone(), masked: left.clone() }).collect();
    }
    let still: HashSet<&Bytes> = left.iter().collect();
    let mask = |line: &Bytes| if still.contains(line) { line.clone() } else { Bytes::from_static(MASK.as_bytes()) };
    real.iter().map(|line| Line { real: line.clone(), masked: mask(line) }).collect()
}

fn lines(text: &Bytes) -> Vec<Bytes> {
    let mut lines = Vec::new();
    let mut from = 0;
    for end in memchr::memchr_iter(b'\n', text).chain([text.len()]) {
        if end == text.len() && from == end {
            break;
        }
        let line = &text[from..end];
        lines.push(text.slice(from..from + line.strip_suffix(b"\r").unwrap_or(line).len()));
        from = end + 1;
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base::{Stamp, secret::mask_body};
    use crate::wire::{Request, Response};

    fn reply(status: u16, headers: &[(&str, &str)], body: &str) -> Exchange {
        let mut x =
            Exchange::new(1, Stamp::from_unix(0).expect("a time"), Request::new("GET", b"http://h/").expect("a URL"));
        x.response = Some(Response {
            version: "HTTP/1.1".into(),
            status,
            headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            body: Bytes::copy_from_slice(body.as_bytes()),
            ..Response::default()
        });
        x
    }

    fn told(diff: &Diff) -> Vec<String> {
        let line = |l: Option<&Bytes>| l.map_or("-".to_owned(), |l| String::from_utf8_lossy(l).into_owned());
        let rows = diff.rows.iter().filter(|r| r.differs);
        rows.map(|r| (0..r.cells.len()).map(|i| line(r.shown(i, true))).collect::<Vec<_>>().join(" | ")).collect()
    }

    #[test]
    fn what_differs_stands_beside_what_it_differs_from() {
        let a = reply(200, &[("A", "1"), ("B", "2"), ("C", "3")], r#"{"id":1,"owner":"alice","n":1.10}"#);
        let b = reply(200, &[("c", "3"), ("a", "1"), ("d", "4")], r#"{"id":1, "owner":"bob", "more":[1], "n":1.10}"#);
        let none = reply(401, &[("a", "1")], "");
        assert_eq!(
            told(&Diff::of(&[&a, &b], mask_body)),
            [
                "b: 2 | -",
                "- | d: 4",
                r#"  "owner": "alice", |   "owner": "bob","#,
                "- |   \"more\": [",
                "- |     1",
                "- |   ],"
            ]
        );
        let three = Diff::of(&[&a, &b, &none], mask_body);
        assert!(told(&three)[0].starts_with("HTTP/1.1 200 | HTTP/1.1 200 | HTTP/1.1 401"), "{:?}", told(&three));
        assert_eq!(three.rows.iter().filter(|r| r.part == Part::Body && r.shown(2, true).is_some()).count(), 0);
        assert_eq!(Diff::of(&[&a, &a], mask_body).count(), 0);
        let dated = |d: &str| reply(200, &[("Date", d)], "");
        assert_eq!(Diff::of(&[&dated("1"), &dated("2")], mask_body).count(), 0);
        assert_eq!(Diff::of(&[&dated("1"), &reply(200, &[], "")], mask_body).count(), 1);
    }

    #[test]
    fn a_body_that_is_no_text_is_compared_by_its_hash() {
        let (a, b) = (reply(200, &[], "a\0b"), reply(200, &[], "a\0c"));
        assert!(told(&Diff::of(&[&a, &b], mask_body))[0].starts_with("3 bytes, SHA-256 "));
    }

    #[test]
    fn what_is_shown_is_masked_and_what_is_compared_is_not() {
        let cookie = |v: &str| reply(200, &[("Set-Cookie", v)], "");
        let diff = Diff::of(&[&cookie("sid=abcdefgh; Path=/"), &cookie("sid=hgfedcba; Path=/")], mask_body);
        let row = diff.rows.iter().find(|r| r.differs).expect("they differ");
        let shown = row.shown(0, false).expect("a line");
        assert_eq!(String::from_utf8_lossy(shown), "set-cookie: sid=***; Path=/");
        assert!(row.shown(1, true).expect("a line").ends_with(b"sid=hgfedcba; Path=/"));
    }

    /// The lines of a body as they are shown.
    fn shown(body: &str, mask: Mask) -> String {
        let diff = Diff::of(&[&reply(200, &[], body), &reply(200, &[], "")], mask);
        let lines = diff.rows.iter().filter(|r| r.part == Part::Body).filter_map(|r| r.shown(0, false));
        lines.map(|l| String::from_utf8_lossy(l).into_owned()).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn a_secret_that_takes_several_lines_is_masked_in_each() {
        let laid = shown(r#"{"token":{"parts":["s3cret-1",{"more":"s3cret-2"}]},"id":7}"#, mask_body);
        assert!(!laid.contains("s3cret") && laid.contains(r#""id": 7"#), "{laid}");
        assert_eq!(laid.matches("***").count(), 2, "{laid}");
        // A mask that takes lines away leaves those that it did not touch.
        let cut: Mask = |_| b"kept\nBEGIN ***".to_vec();
        assert_eq!(shown("kept\nBEGIN a\nb", cut), "kept\n***\n***");
        assert_eq!(shown("kept\n\n", <[u8]>::to_vec), "kept\n");
    }

    proptest! {
        #[test]
        fn every_line_stands_once_and_in_order(bodies in proptest::collection::vec("[ab\n]{0,24}", 1..5)) {
            let all: Vec<Exchange> = bodies.iter().map(|b| reply(200, &[], b)).collect();
            let diff = Diff::of(&all.iter().collect::<Vec<_>>(), mask_body);
            for (i, x) in all.iter().enumerate() {
                let rows = diff.rows.iter().filter(|r| r.part == Part::Body);
                let stands: Vec<Line> = rows.filter_map(|r| r.cells[i].clone()).collect();
                prop_assert_eq!(stands, body(x, mask_body));
            }
            prop_assert_eq!(diff.rows.iter().all(|r| r.differs != r.cells.windows(2).all(|w| w[0] == w[1])), true);
        }
    }
}
