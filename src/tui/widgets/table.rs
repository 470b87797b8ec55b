//! A table that draws only the rows in view: its cost does not depend on how many rows there are.

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

use super::pen::{Pen, fit_middle};
use crate::tui::theme::Role;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// So many cells.
    Fixed(u16),
    /// Whatever is left. One column of a table.
    Fill,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its head, with the unit.
    pub head: &'static str,
    /// How wide.
    pub width: Width,
    /// Numbers stand right, words left.
    pub right: bool,
}

/// What a cell shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// In display form.
    pub text: String,
    /// What it is.
    pub role: Role,
}

impl Cell {
    /// A cell.
    pub fn new(text: impl Into<String>, role: Role) -> Self {
        Self { text: text.into(), role }
    }
}

/// Where the cursor and the window are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cursor {
    /// Row under the cursor.
    pub at: usize,
    /// First row in view.
    pub top: usize,
    /// Rows that fitted when it was last drawn.
    pub page: usize,
}

/// A movement of a cursor over rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Move {
    /// One up.
    Up,
    /// One down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// The first.
    Top,
    /// The last.
    Bottom,
}

impl Cursor {
    /// Moves over `rows` rows.
    pub fn go(&mut self, step: Move, rows: usize) {
        let last = rows.saturating_sub(1);
        let page = self.page.max(1);
        self.at = match step {
            Move::Up => self.at.saturating_sub(1),
            Move::Down => self.at.saturating_add(1),
            Move::PageUp => self.at.saturating_sub(page),
            Move::PageDown => self.at.saturating_add(page),
            Move::Top => 0,
            Move::Bottom => last,
        }
        .min(last);
    }

    /// Brings the cursor into a window of `page` rows over `rows` rows.
    pub fn window(&mut self, page: usize, rows: usize) {
        self.page = page;
        self.at = self.at.min(rows.saturating_sub(1));
        if self.at < self.top {
            self.top = self.at;
        } else if page > 0 && self.at >= self.top + page {
            self.top = self.at + 1 - page;
        }
        self.top = self.top.min(rows.saturating_sub(page));
    }
}

/// The cells of a row are asked for when it is in view.
pub trait Rows {
    /// How many rows.
    fn rows(&self) -> usize;
    /// One cell.
    fn cell(&self, row: usize, column: usize) -> Cell;
    /// Whether the row is marked.
    fn marked(&self, _row: usize) -> bool {
        false
    }
}

/// Draws heads and the rows in view. `focused` decides whether the bar is shown.
pub fn draw(pen: &mut Pen<'_>, area: Rect, columns: &[Column], cursor: &mut Cursor, rows: &dyn Rows, focused: bool) {
    if area.height == 0 || area.width < 2 {
        return;
    }
    let places = places(columns, area);
    let mut head = String::from(if focused { "▌" } else { " " });
    pen.put(area.x, area.y, area.right(), &head, Role::Focus);
    for (column, (x, width)) in columns.iter().zip(&places) {
        head.clear();
        head.push_str(column.head);
        let end = x + width;
        if column.right {
            pen.right(*x, area.y, end, &head, Role::Title);
        } else {
            pen.put(*x, area.y, end, &head, Role::Title);
        }
    }
    let page = usize::from(area.height - 1);
    cursor.window(page, rows.rows());
    for (i, row) in (cursor.top..rows.rows()).take(page).enumerate() {
        let y = area.y + 1 + u16::try_from(i).unwrap_or(u16::MAX);
        let selected = row == cursor.at;
        if rows.marked(row) {
            pen.put(area.x, y, area.x + 1, "*", Role::Accent);
        }
        for (c, (x, width)) in places.iter().enumerate() {
            if *width == 0 {
                continue;
            }
            let mut cell = rows.cell(row, c);
            if columns[c].width == Width::Fill {
                cell.text = fit_middle(&cell.text, usize::from(*width)).into_owned();
            }
            let end = x + width;
            let from = if columns[c].right {
                let w = u16::try_from(cell.text.width()).unwrap_or(u16::MAX);
                (*x).max(end.saturating_sub(w))
            } else {
                *x
            };
            pen.put(from, y, end, &cell.text, if selected { Role::Text } else { cell.role });
        }
        if selected {
            let row = Rect { x: area.x + 1, y, width: area.width - 1, height: 1 };
            pen.shade(row, if focused { Role::Selection } else { Role::CursorLine });
        }
    }
}

/// Where each column starts and how wide it is; a column that does not fit has no width.
fn places(columns: &[Column], area: Rect) -> Vec<(u16, u16)> {
    let fixed: u16 = columns
        .iter()
        .map(|c| match c.width {
            Width::Fixed(w) => w + 1,
            Width::Fill => 1,
        })
        .sum();
    let fill = area.width.saturating_sub(1).saturating_sub(fixed) + 1;
    let mut x = area.x + 1;
    columns
        .iter()
        .map(|c| {
            let wanted = match c.width {
                Width::Fixed(w) => w,
                Width::Fill => fill,
            };
            let width = wanted.min(area.right().saturating_sub(x));
            let place = (x, width);
            x = (x + width + 1).min(area.right());
            place
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_follows_the_cursor_and_stays_inside() {
        let mut c = Cursor::default();
        c.window(10, 100);
        c.go(Move::Bottom, 100);
        c.window(10, 100);
        assert_eq!((c.at, c.top), (99, 90));
        c.go(Move::PageUp, 100);
        c.window(10, 100);
        assert_eq!((c.at, c.top), (89, 89));
        c.window(10, 5);
        assert_eq!((c.at, c.top), (4, 0));
        c.window(0, 0);
        assert_eq!((c.at, c.top), (0, 0));
    }
}
