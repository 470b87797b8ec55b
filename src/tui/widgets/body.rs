//! A reply's body: an index of its lines, JSON that folds, search, and drawing of nothing but the window.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::ops::Range;

use bytes::{Bytes, BytesMut};
use ratatui::layout::Rect;
use regex::bytes::{Regex, RegexBuilder};

use super::json::{self, Kind, Line};
use super::pen::{Pen, shown};
use super::starts::Starts;
use super::table::{Cursor, Move};
use crate::base::figure::count;
use crate::base::text::display;
use crate::tui::theme::Role;
use crate::wire::magic;

/// Bytes that are looked through at once from the end.
const BLOCK: usize = 256 << 10;
/// Bytes on one line of the hexadecimal view, and where there is little room.
const HEX: usize = 16;
const FEW_HEX: usize = 8;
/// From this width on there is room for all of them, with their characters behind.
const ROOMY_HEX: u16 = 77;

/// Where the lines of a body are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lines {
    /// As it came.
    Raw(Starts),
    /// JSON, laid out.
    Json(Vec<Line>),
    /// So many bytes a line.
    Hex(usize),
}

/// JSON that is laid out again while a key waits.
const MOST_TURNED: usize = 1 << 20;

/// Whether bytes begin as a JSON object or array does.
pub fn is_json(content: &[u8]) -> bool {
    matches!(content.iter().find(|b| !b.is_ascii_whitespace()), Some(b'{' | b'['))
}

/// Finds the lines of a body. Takes time in proportion to its size, so large ones are indexed off the main thread.
pub fn index(bytes: &[u8], json: bool) -> Lines {
    if json && let Some(lines) = json::layout(bytes) {
        return Lines::Json(lines);
    }
    if is_no_text(bytes) {
        return Lines::Hex(HEX);
    }
    Lines::Raw(Starts::of(bytes))
}

fn is_no_text(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1_024)].contains(&0)
}

/// A body on screen.
#[derive(Debug, Clone)]
pub struct Body {
    bytes: Bytes,
    lines: Lines,
    folded: BTreeSet<usize>,
    /// Lines left by folding; `None` while nothing is folded.
    visible: Option<Vec<u32>>,
    cursor: Cursor,
    left: usize,
    /// Rows of the last drawing above its lines.
    above: usize,
    needle: Option<Needle>,
    /// Words at the end of the line that holds a place, in order of places.
    marks: Vec<(usize, String)>,
}

impl Body {
    /// A body with its index.
    pub fn new(bytes: Bytes, lines: Lines) -> Self {
        let cursor = Cursor::default();
        let (folded, needle, marks) = (BTreeSet::new(), None, Vec::new());
        Self { bytes, lines, folded, visible: None, cursor, left: 0, above: 0, needle, marks }
    }

    /// The same with words at the end of lines, each for the line that holds a place; in order of places.
    #[must_use]
    pub fn marked(self, marks: Vec<(usize, String)>) -> Self {
        Self { marks, ..self }
    }

    /// Bytes of it.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Adds what came behind it, which begins a line. A cursor on the last line stays on the last.
    pub fn append(&mut self, more: &[u8], marks: Vec<(usize, String)>) {
        let Lines::Raw(starts) = &mut self.lines else { return };
        let at_end = self.cursor.at + 1 >= starts.len();
        // Nobody else holds them, so that nothing is copied.
        let mut bytes = std::mem::take(&mut self.bytes).try_into_mut().unwrap_or_else(|b| BytesMut::from(&b[..]));
        bytes.extend_from_slice(more);
        self.bytes = bytes.freeze();
        starts.grow(&self.bytes);
        self.marks.extend(marks);
        if at_end {
            self.cursor.at = self.rows().saturating_sub(1);
        }
    }

    /// The words at the end of a line.
    fn mark(&self, range: &Range<usize>) -> Option<&str> {
        let first = self.marks.partition_point(|(at, _)| *at < range.start);
        self.marks.get(first).filter(|(at, _)| *at <= range.end).map(|(_, words)| words.as_str())
    }

    /// Whether its lines are those that came.
    pub fn is_as_it_came(&self) -> bool {
        matches!(self.lines, Lines::Raw(_))
    }

    fn len(&self) -> usize {
        match &self.lines {
            Lines::Raw(starts) => starts.len(),
            Lines::Json(lines) => lines.len(),
            Lines::Hex(n) => self.bytes.len().div_ceil(*n),
        }
    }

    /// Lines on screen if it were tall enough.
    pub fn rows(&self) -> usize {
        self.visible.as_ref().map_or_else(|| self.len(), Vec::len)
    }

    fn line_of(&self, row: usize) -> usize {
        self.visible.as_ref().map_or(row, |v| v.get(row).map_or(0, |l| *l as usize))
    }

    /// Moves the cursor.
    pub fn go(&mut self, step: Move) {
        self.cursor.go(step, self.rows());
    }

    /// Moves the cursor to the row drawn at `y` of the window.
    pub fn click(&mut self, y: usize) {
        self.cursor.at = (self.cursor.top + y.saturating_sub(self.above)).min(self.rows().saturating_sub(1));
    }

    /// Scrolls sideways by so many characters.
    pub fn sideways(&mut self, by: isize) {
        self.left = self.left.saturating_add_signed(by).min(self.bytes.len());
    }

    /// Folds or unfolds what the line under the cursor opens. False when it opens nothing.
    pub fn fold(&mut self) -> bool {
        let Lines::Json(lines) = &self.lines else { return false };
        let at = self.line_of(self.cursor.at);
        let Some(line) = lines.get(at) else { return false };
        let open = match line.kind {
            Kind::Open => at,
            // On a closing line the fold is the one that ends here.
            Kind::Close => match (0..at).rev().find(|i| lines[*i].close as usize == at) {
                Some(open) => open,
                None => return false,
            },
            Kind::Scalar => return false,
        };
        if !self.folded.remove(&open) {
            self.folded.insert(open);
        }
        self.refold(open);
        true
    }

    /// Works out the lines left by folding, and puts the cursor on line `at`.
    fn refold(&mut self, at: usize) {
        self.visible = match &self.lines {
            Lines::Json(lines) if !self.folded.is_empty() => {
                let mut rows = Vec::with_capacity(lines.len());
                let mut i = 0;
                while i < lines.len() {
                    rows.push(u32::try_from(i).unwrap_or(u32::MAX));
                    i = if self.folded.contains(&i) { lines[i].close as usize + 1 } else { i + 1 };
                }
                Some(rows)
            }
            _ => None,
        };
        self.cursor.at = match &self.visible {
            Some(rows) => rows.partition_point(|l| (*l as usize) < at),
            None => at,
        };
    }

    /// The source range of one line.
    fn range(&self, line: usize) -> Range<usize> {
        match &self.lines {
            Lines::Raw(starts) => {
                let (start, end) = starts.range(line, &self.bytes).unwrap_or_default();
                let text = &self.bytes[start..end];
                start..end - text.iter().rev().take_while(|b| matches!(b, b'\n' | b'\r')).count()
            }
            Lines::Json(lines) => {
                lines.get(line).map_or(0..0, |l| l.start() as usize..lines[l.close as usize].value.1 as usize)
            }
            Lines::Hex(n) => (line * n).min(self.bytes.len())..((line + 1) * n).min(self.bytes.len()),
        }
    }

    /// What is under the cursor, at most `cap` bytes of it: the value of a JSON line, or the line.
    pub fn under(&self, cap: usize) -> &[u8] {
        let line = self.line_of(self.cursor.at);
        let mut range = self.range(line);
        if let Lines::Json(lines) = &self.lines
            && let Some(l) = lines.get(line)
        {
            range.start = l.value.0 as usize;
        }
        range.end = range.end.min(range.start + cap);
        &self.bytes[range]
    }

    /// Stands where another one stands that has as many lines. False when it has not.
    pub fn follow(&mut self, other: &Self) -> bool {
        let alike = self.len() == other.len();
        if alike {
            (self.cursor, self.folded, self.visible) = (other.cursor, other.folded.clone(), other.visible.clone());
        }
        alike
    }

    /// Stands on the line where another one stands that this one goes on from.
    pub fn stay(&mut self, other: &Self) {
        self.cursor = other.cursor;
        self.cursor.at = self.cursor.at.min(self.rows().saturating_sub(1));
    }

    /// Searches from the line after the cursor (or before it), round the end; empty text repeats the last search.
    /// Letters match without regard to case unless one is upper case. False when nothing is found.
    pub fn search(&mut self, text: &str, back: bool) -> bool {
        if !text.is_empty() {
            self.needle = Needle::new(text);
        }
        let Some(needle) = self.needle.as_ref().filter(|_| !self.bytes.is_empty()) else { return false };
        let here = self.range(self.line_of(self.cursor.at));
        let own = self.line_start(self.line_of(self.cursor.at) + 1).unwrap_or(here.end);
        let bytes = &self.bytes[..];
        let found = if back {
            needle.last(&bytes[..here.start]).or_else(|| needle.last(&bytes[here.start..]).map(|i| i + here.start))
        } else {
            needle.first(&bytes[own..]).map(|i| i + own).or_else(|| needle.first(bytes))
        };
        let Some(at) = found else { return false };
        let line = self.line_at(at);
        if let Lines::Json(lines) = &self.lines {
            self.folded.retain(|open| !(*open < line && line <= lines[*open].close as usize));
        }
        self.refold(line);
        true
    }

    /// The line that holds a place.
    fn line_at(&self, at: usize) -> usize {
        match &self.lines {
            Lines::Raw(starts) => starts.line_at(at, &self.bytes),
            Lines::Json(lines) => lines.partition_point(|l| l.start() as usize <= at).saturating_sub(1),
            Lines::Hex(n) => at / n,
        }
    }

    /// Shows it the next way: JSON laid out where it is not large, as it came, as hexadecimal. The cursor stays where it is in
    /// what came.
    pub fn turn(&mut self) {
        let at = self.line_start(self.line_of(self.cursor.at)).unwrap_or(0);
        self.lines = match &self.lines {
            Lines::Raw(_) => Lines::Hex(HEX),
            Lines::Hex(_) if self.bytes.len() <= MOST_TURNED && is_json(&self.bytes) => {
                json::layout(&self.bytes).map_or_else(|| Lines::Raw(Starts::of(&self.bytes)), Lines::Json)
            }
            Lines::Json(_) | Lines::Hex(_) => Lines::Raw(Starts::of(&self.bytes)),
        };
        (self.folded, self.visible, self.left) = (BTreeSet::new(), None, 0);
        self.cursor.at = self.line_at(at);
    }

    fn line_start(&self, line: usize) -> Option<usize> {
        match &self.lines {
            Lines::Raw(starts) => starts.range(line, &self.bytes).map(|(start, _)| start),
            Lines::Json(lines) => lines.get(line).map(|l| l.start() as usize),
            Lines::Hex(n) => Some(line * n).filter(|i| *i < self.bytes.len()),
        }
    }

    /// Where the cursor is, for a status line.
    pub fn place(&self) -> String {
        format!("{} / {}", count(self.cursor.at as u64 + 1), count(self.rows() as u64))
    }

    /// Draws the window.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        let mut area = area;
        // What is no text is named, and not drawn.
        if let (Lines::Hex(n), true) = (&self.lines, area.height > 1) {
            let (n, fits) = (*n, if area.width >= ROOMY_HEX { HEX } else { FEW_HEX });
            if n != fits {
                self.lines = Lines::Hex(fits);
                self.cursor.at = self.cursor.at * n / fits;
            }
            let other = if is_no_text(&self.bytes) { "bytes that are no text" } else { "as hexadecimal" };
            let what = magic::named(&self.bytes).unwrap_or_else(|| other.to_owned());
            pen.put(area.x + 1, area.y, area.right(), &what, Role::Title);
            area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        }
        self.above = usize::from(matches!(self.lines, Lines::Hex(_)) && area.height > 0);
        let page = usize::from(area.height);
        let rows = self.rows();
        self.cursor.window(page, rows);
        for row in (self.cursor.top..rows).take(page) {
            let y = area.y + u16::try_from(row - self.cursor.top).unwrap_or(0);
            let line = self.line_of(row);
            let area = Rect { y, height: 1, ..area };
            match &self.lines {
                Lines::Json(lines) => self.json_line(pen, area, lines, line),
                Lines::Raw(_) => {
                    let text = self.slice(self.range(line), self.left, area.width);
                    let end = pen.put(area.x + 1, y, area.right(), &text, Role::Text);
                    if let Some(mark) = self.mark(&self.range(line)) {
                        let width = u16::try_from(mark.len()).unwrap_or(0);
                        let at = area.right().saturating_sub(width + 1);
                        // Where the line leaves no room for them, they are left out.
                        if at > end {
                            pen.put(at, y, area.right(), mark, Role::Comment);
                        }
                    }
                }
                Lines::Hex(n) => hex_line(pen, area, line * n, *n, &self.bytes[self.range(line)]),
            }
            if let Some(needle) = &self.needle {
                highlight(pen, area, needle);
            }
            if row == self.cursor.at {
                pen.shade(
                    Rect { x: area.x + 1, width: area.width.saturating_sub(1), ..area },
                    if focused { Role::Selection } else { Role::CursorLine },
                );
            }
        }
    }

    /// Display form of what a line of `width` cells can show of `range`, from the `skip`th byte on.
    fn slice(&self, range: Range<usize>, skip: usize, width: u16) -> String {
        let mut start = (range.start + skip).min(range.end);
        while skip > 0 && start < range.end && self.bytes[start] & 0xC0 == 0x80 {
            start += 1;
        }
        // Four bytes make at least one cell, and one more cell lets the cut show; marks of no width only shorten it.
        let mut end = (start + (usize::from(width) + 1) * 4).min(range.end);
        while end < range.end && end > start && self.bytes[end] & 0xC0 == 0x80 {
            end -= 1;
        }
        display(&self.bytes[start..end])
    }

    fn json_line(&self, pen: &mut Pen<'_>, area: Rect, lines: &[Line], at: usize) {
        let Some(line) = lines.get(at) else { return };
        let part = |r: (u32, u32), skip| self.slice(r.0 as usize..r.1 as usize, skip, area.width);
        let (end, y) = (area.right(), area.y);
        // Deep nesting must not push everything out of view.
        let indent = (usize::from(line.depth) * 2).min(usize::from(area.width) / 2);
        let mut x = area.x + 1;
        let mut skip = self.left;
        let mut put = |pen: &mut Pen<'_>, text: &str, role| {
            let chars = text.chars().count();
            if skip < chars {
                let rest: String = text.chars().skip(skip).collect();
                x = pen.put(x, y, end, &rest, role);
            }
            skip = skip.saturating_sub(chars);
            skip
        };
        put(pen, &" ".repeat(indent), Role::Text);
        if line.key.1 > line.key.0 {
            put(pen, &part(line.key, 0), Role::JsonKey);
            put(pen, ": ", Role::Punctuation);
        }
        let first = self.bytes.get(line.value.0 as usize).copied().unwrap_or(b' ');
        let role = match first {
            b'"' => Role::Str,
            b'-' | b'0'..=b'9' => Role::Number,
            b'{' | b'}' | b'[' | b']' => Role::Punctuation,
            _ => Role::Keyword,
        };
        let left = put(pen, "", role);
        // A long value is cut in the source, so that a line of a hundred megabytes costs no more than its window.
        if left > 0 && left < (line.value.1 - line.value.0) as usize {
            let text = part(line.value, left);
            x = pen.put(area.x + 1, y, end, &text, role);
            if line.comma {
                pen.put(x, y, end, ",", Role::Punctuation);
            }
            return;
        }
        put(pen, &part(line.value, 0), role);
        let mut comma = line.comma;
        if self.folded.contains(&at) {
            let n = json::children(lines, at, 9_999);
            put(pen, &format!(" … {}{} ", count(n as u64), if n == 9_999 { "+" } else { "" }), Role::Comment);
            let close = &lines[line.close as usize];
            put(pen, &part(close.value, 0), Role::Punctuation);
            comma = close.comma;
        }
        if comma {
            put(pen, ",", Role::Punctuation);
        }
        if first == b'"' && (line.value.1 - line.value.0) < 16_384 {
            let value = &self.bytes[line.value.0 as usize..line.value.1 as usize];
            if !crate::base::secret::find_tokens(value).is_empty() {
                // Where the value fills the line, the remark takes the end of it.
                let at = (x + 1).min(end.saturating_sub(8));
                pen.put(at, y, end, " t token", Role::Comment);
            } else if let Some(whose) = crate::base::keys::find(value) {
                pen.put(x + 1, y, end, &format!(" {whose}"), Role::Warn);
            }
        }
    }
}

fn hex_line(pen: &mut Pen<'_>, area: Rect, offset: usize, per_line: usize, bytes: &[u8]) {
    let mut text = format!("{offset:08x}  ");
    for i in 0..per_line {
        match bytes.get(i) {
            Some(b) => {
                let _ = write!(text, "{b:02x} ");
            }
            None => text.push_str("   "),
        }
    }
    let end = area.right();
    let x = pen.put(area.x + 1, area.y, end, &text, Role::Text);
    let ascii: String = bytes.iter().map(|b| if (0x20..0x7f).contains(b) { char::from(*b) } else { '.' }).collect();
    pen.put(x + 1, area.y, end, &ascii, Role::Muted);
}

/// Shows what the search found in a row that is drawn already.
fn highlight(pen: &mut Pen<'_>, row: Rect, needle: &Needle) {
    let mut text = String::new();
    let mut cells = Vec::new();
    for x in row.left()..row.right().min(pen.buf.area.right()) {
        let symbol = pen.buf[(x, row.y)].symbol();
        cells.extend(std::iter::repeat_n(x, symbol.len()));
        text.push_str(symbol);
    }
    for found in needle.shown.find_iter(text.as_bytes()).filter(|m| !m.is_empty()) {
        let (x, end) = (cells[found.start()], cells[found.end() - 1] + 1);
        pen.shade(Rect { x, y: row.y, width: end - x, height: 1 }, Role::Match);
    }
}

/// What is searched for: without regard to ASCII case unless it holds an upper-case letter.
#[derive(Debug, Clone)]
struct Needle {
    /// Bytes of it.
    length: usize,
    came: Regex,
    /// As it stands on the screen.
    shown: Regex,
}

impl Needle {
    /// `None` for one that is too long to be looked for.
    fn new(text: &str) -> Option<Self> {
        let upper = text.chars().any(char::is_uppercase);
        // Bytes are no text, so that only ASCII has a case.
        let finder =
            |text: &str| RegexBuilder::new(&escaped(text)).case_insensitive(!upper).unicode(false).build().ok();
        Some(Self { length: text.len(), came: finder(text)?, shown: finder(&shown(text.as_bytes()))? })
    }

    /// The first place.
    fn first(&self, bytes: &[u8]) -> Option<usize> {
        self.came.find(bytes).map(|m| m.start())
    }

    /// The last place: looked for from the end, a block at a time.
    fn last(&self, bytes: &[u8]) -> Option<usize> {
        let mut end = bytes.len();
        while end > 0 {
            let from = end.saturating_sub(BLOCK);
            // What begins in this block may end in the one behind it.
            let upto = (end + self.length - 1).min(bytes.len());
            let (mut at, mut last) = (from, None);
            while let Some(found) = self.first(&bytes[at..upto]).filter(|i| at + i < end) {
                last = Some(at + found);
                at += found + 1;
            }
            if last.is_some() {
                return last;
            }
            end = from;
        }
        None
    }
}

/// Text as an expression over its bytes.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len() * 4), |mut out, b| {
        if b.is_ascii_alphanumeric() {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "\\x{b:02x}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str, json: bool) -> Body {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        let lines = index(&bytes, json);
        Body::new(bytes, lines)
    }

    #[test]
    fn folding_hides_and_search_unfolds() {
        let mut b = body(r#"{"a":[1,2,{"Deep":"x"}],"b":2}"#, true);
        assert_eq!(b.rows(), 10);
        b.go(Move::Down);
        assert!(b.fold());
        assert_eq!(b.rows(), 4);
        assert_eq!(b.under(99), br#"[1,2,{"Deep":"x"}]"#);
        assert!(b.search("deep", false));
        assert_eq!(b.rows(), 10);
        assert_eq!(b.under(99), b"\"x\"");
        assert!(!b.search("Nowhere", false));
    }

    #[test]
    fn search_goes_both_ways_and_round() {
        let mut b = body("one\ntwo\nOne\n", false);
        assert!(b.search("one", false));
        assert_eq!(b.under(9), b"One");
        assert!(b.search("", false));
        assert_eq!(b.under(9), b"one");
        assert!(b.search("", true));
        assert_eq!(b.under(9), b"One");
    }

    #[test]
    fn the_last_place_is_found_over_the_ends_of_blocks() {
        let last = |bytes: &[u8], text: &str| Needle::new(text).expect("short").last(bytes);
        let find = |bytes: &[u8], text: &str| Needle::new(text).expect("short").first(bytes);
        for before in [0, 3, BLOCK - 2, BLOCK, 2 * BLOCK - 1] {
            let text = format!("{}Needle+{}", "x".repeat(before), "y".repeat(BLOCK));
            assert_eq!(last(text.as_bytes(), "needle+"), Some(before));
            assert_eq!(last(text.as_bytes(), "needle."), None);
        }
        assert_eq!(last(b"aaaa", "aa"), Some(2));
        assert_eq!((find(b"\xff\xc3\xa4", "\u{e4}"), find(b"AB", "aB"), find(b"AB", "ab")), (Some(1), None, Some(0)));
    }

    #[test]
    fn binary_is_shown_as_bytes() {
        let b = body("\0\u{1}abc", true);
        assert_eq!(b.lines, Lines::Hex(HEX));
    }
}
