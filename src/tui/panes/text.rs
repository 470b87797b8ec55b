//! Lines of styled text with a cursor: everything in a reply that is neither a body nor a table.

use std::collections::BTreeMap;

use ratatui::layout::Rect;

use crate::tui::theme::Role;
use crate::tui::widgets::pen::Pen;
use crate::tui::widgets::table::{Cursor, Move};

/// A line: pieces with their roles. A piece starts at its column or where the one before ended, whichever is further.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Styled(pub Vec<(u16, String, Role)>);

impl Styled {
    /// One piece.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self(vec![(0, text.into(), role)])
    }

    /// The line with one more piece.
    #[must_use]
    pub fn then(mut self, column: u16, text: impl Into<String>, role: Role) -> Self {
        self.0.push((column, text.into(), role));
        self
    }

    /// Draws it from `x`, and never past `end`.
    pub fn draw(&self, pen: &mut Pen<'_>, x: u16, y: u16, end: u16) {
        let mut next = x;
        for (column, text, role) in &self.0 {
            let at = x.saturating_add(*column);
            next = pen.put(if next > at { next + 1 } else { at }, y, end, text, *role);
        }
    }

    /// The text alone.
    pub fn text(&self) -> String {
        self.0.iter().map(|(_, t, _)| t.as_str()).filter(|t| !t.is_empty()).collect::<Vec<_>>().join("  ")
    }
}

/// What stands behind a line: all of it in display form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct More {
    /// What is copied in place of the line.
    pub copy: String,
    /// The heading of what is told.
    pub title: String,
    /// What is told.
    pub lines: Vec<String>,
}

/// Lines with a cursor.
#[derive(Debug, Clone, Default)]
pub struct Text {
    /// The lines, in display form.
    pub lines: Vec<Styled>,
    more: BTreeMap<usize, More>,
    cursor: Cursor,
}

impl Text {
    /// A text.
    pub fn new(lines: Vec<Styled>) -> Self {
        Self { lines, more: BTreeMap::new(), cursor: Cursor::default() }
    }

    /// One more line, with what stands behind it.
    pub fn push(&mut self, line: Styled, more: Option<More>) {
        self.more.extend(more.map(|m| (self.lines.len(), m)));
        self.lines.push(line);
    }

    /// What stands behind the line under the cursor.
    pub fn more(&self) -> Option<&More> {
        self.more.get(&self.cursor.at)
    }

    /// Moves the cursor.
    pub fn go(&mut self, step: Move) {
        self.cursor.go(step, self.lines.len());
    }

    /// Puts the cursor where that of another text stands.
    pub fn follow(&mut self, other: &Self) {
        self.cursor = other.cursor;
    }

    /// Puts the cursor on the row drawn at `y` of the window.
    pub fn click(&mut self, y: usize) {
        self.cursor.at = (self.cursor.top + y).min(self.lines.len().saturating_sub(1));
    }

    /// The place of the line under the cursor.
    pub fn at(&self) -> usize {
        self.cursor.at
    }

    /// The line under the cursor as text.
    pub fn under(&self) -> String {
        self.lines.get(self.cursor.at).map(Styled::text).unwrap_or_default()
    }

    /// Draws the window.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        let page = usize::from(area.height);
        self.cursor.window(page, self.lines.len());
        for (i, line) in self.lines.iter().enumerate().skip(self.cursor.top).take(page) {
            let y = area.y + u16::try_from(i - self.cursor.top).unwrap_or(0);
            line.draw(pen, area.x + 1, y, area.right());
            if focused && i == self.cursor.at {
                pen.shade(Rect { x: area.x + 1, y, width: area.width.saturating_sub(1), height: 1 }, Role::Selection);
            }
        }
    }
}
