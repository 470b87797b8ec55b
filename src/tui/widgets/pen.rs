//! Drawing text by role, clipped to where it belongs, and the few formats all panes share.
//!
//! What reaches [`Pen::put`] is in display form already; a second filter here would hide a pane that forgot.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::base::figure::count;
use crate::base::known;
use crate::base::text::{display, is_hazard};
use crate::tui::theme::{Role, Theme};

/// Characters of one foreign string that are ever looked at for one line of the screen.
pub const LINE_CAP: usize = 4_096;

/// Characters one cell of a foreign widget may hold: a base and four marks.
const MARKS: usize = 5;

/// A buffer, a theme, and where the cursor goes.
pub struct Pen<'a> {
    /// What is drawn on.
    pub buf: &'a mut Buffer,
    /// How roles look.
    pub theme: &'a Theme,
    /// Where the terminal's cursor stands, when a field has it.
    pub cursor: Option<Position>,
    /// Whether known secrets are drawn as they are.
    pub reveal: bool,
}

impl<'a> Pen<'a> {
    /// A pen for one frame.
    pub fn new(buf: &'a mut Buffer, theme: &'a Theme, reveal: bool) -> Self {
        Self { buf, theme, cursor: None, reveal }
    }

    /// Text as it may be drawn: with known secrets masked, unless they are to be seen. Whatever is drawn passes here; what is
    /// cut or wrapped before it is drawn has to pass here before that.
    pub fn veil<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.reveal { Cow::Borrowed(text) } else { known::redact_str(text) }
    }

    /// Whether secrets are to be seen.
    pub fn reveals(&self) -> bool {
        self.reveal
    }

    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.theme.style(role)
    }

    /// Draws `text` from `x` and never past `end`; cut text ends in `…`. Returns the column after it.
    pub fn put(&mut self, x: u16, y: u16, end: u16, text: &str, role: Role) -> u16 {
        self.styled(x, y, end, text, self.theme.style(role))
    }

    /// [`Pen::put`] with a style.
    pub fn styled(&mut self, x: u16, y: u16, end: u16, text: &str, style: Style) -> u16 {
        let end = end.min(self.buf.area.right());
        if x >= end || y >= self.buf.area.bottom() || x < self.buf.area.left() || y < self.buf.area.top() {
            return x;
        }
        let room = usize::from(end - x);
        let veiled = self.veil(text);
        let text = fit(&veiled, room);
        let (next, _) = self.buf.set_stringn(x, y, &*text, room, style);
        next
    }

    /// Draws `text` so that it ends before `end`, in a field that starts at `x`.
    pub fn right(&mut self, x: u16, y: u16, end: u16, text: &str, role: Role) {
        let text: &str = &self.veil(text);
        let width = u16::try_from(text.width()).unwrap_or(u16::MAX);
        self.put(x.max(end.saturating_sub(width)), y, end, text, role);
    }

    /// A vertical rule.
    pub fn rule(&mut self, x: u16, area: Rect) {
        for y in area.top()..area.bottom() {
            self.put(x, y, x + 1, "│", Role::Border);
        }
    }

    /// Lays a style over part of a row, keeping its text.
    pub fn shade(&mut self, area: Rect, role: Role) {
        let style = self.theme.style(role);
        self.buf.set_style(area, style);
    }

    /// Blanks an area, for what is drawn above other things.
    pub fn blank(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                self.buf[(x, y)].reset();
            }
        }
    }

    /// Makes visible what a widget of others has drawn unfiltered into `area`.
    pub fn scrub(&mut self, area: Rect) {
        let area = area.intersection(self.buf.area);
        for y in area.top()..area.bottom() {
            for x in area.left()..area.right() {
                let cell = &mut self.buf[(x, y)];
                if cell.symbol().chars().any(is_hazard) || cell.symbol().chars().count() > MARKS {
                    cell.set_symbol("\u{2426}");
                }
            }
        }
    }

    /// Draws lines of words wrapped to the width of `area`; returns the row after the last.
    pub fn wrapped(&mut self, area: Rect, text: &str, role: Role) -> u16 {
        let mut y = area.top();
        for line in wrap(&self.veil(text), usize::from(area.width)) {
            if y >= area.bottom() {
                break;
            }
            self.put(area.x, y, area.right(), &line, role);
            y += 1;
        }
        y
    }
}

/// Text in at most `width` cells, cut in its middle: what tells two long paths apart is mostly at their end.
pub fn fit_middle(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= width || width < 8 || text.len() > LINE_CAP || text.width() <= width {
        return fit(text, width);
    }
    let mut tail = String::new();
    let mut used = 0;
    for g in text.graphemes(true).rev() {
        used += g.width();
        if used > width / 2 {
            break;
        }
        tail.insert_str(0, g);
    }
    let head = fit(text, width - tail.width());
    format!("{head}{tail}").into()
}

/// `text` cut to `width` cells; what is cut ends in `…`.
pub fn fit(text: &str, width: usize) -> std::borrow::Cow<'_, str> {
    if text.len() <= width || (text.len() <= LINE_CAP && text.width() <= width) {
        // Bytes are never fewer than cells, so the common short case measures nothing.
        return text.into();
    }
    let mut out = String::new();
    let mut used = 0;
    for g in text.graphemes(true) {
        let w = g.width();
        if used + w + 1 > width {
            break;
        }
        used += w;
        out.push_str(g);
    }
    if width > 0 {
        out.push('…');
    }
    out.into()
}

/// Foreign bytes in display form, looked at no further than a line can show.
pub fn shown(bytes: &[u8]) -> String {
    display(&bytes[..bytes.len().min(LINE_CAP)])
}

/// [`shown`] for text.
pub fn clip(text: &str) -> String {
    shown(text.as_bytes())
}

/// Words in lines of at most `width` cells; a longer word is cut across lines.
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split(' ') {
        let w = word.width();
        if used > 0 && used + 1 + w > width {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if used > 0 {
            line.push(' ');
            used += 1;
        }
        if w <= width {
            line.push_str(word);
            used += w;
            continue;
        }
        for g in word.graphemes(true) {
            if used + g.width() > width {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(g);
            used += g.width();
        }
    }
    lines.push(line);
    lines
}

/// `12 min`, `3 d`: one unit, for a distance in time.
pub fn distance(seconds: u64) -> String {
    match seconds {
        0..=59 => format!("{seconds} s"),
        60..=3_599 => format!("{} min", seconds / 60),
        3_600..=86_399 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", count(seconds / 86_400)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_keeps_its_end() {
        assert_eq!(fit_middle("/short", 10), "/short");
        let cut = fit_middle("/users/{username}/projects/{project_id}/items", 20);
        assert_eq!(cut, "/users/{u…_id}/items");
        assert!(cut.width() <= 20);
    }

    #[test]
    fn a_distance_has_one_unit() {
        assert_eq!(distance(7_300), "2 h");
    }

    #[test]
    fn cutting_and_wrapping_respect_cells() {
        assert_eq!(fit("abcdef", 4), "abc…");
        assert_eq!(fit("你好吗", 4), "你…");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
