//! The history, above the panes: what was sent, newest first; one key opens an exchange in the composer.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::layers::{Outcome, frame};
use super::pen::{Pen, clip};
use super::table::{self, Cell, Column, Cursor, Move, Rows, Width};
use crate::app::lay::Side;
use crate::app::{Ask, Row};
use crate::base::figure::millis;
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::wire::diff::MOST_SIDES;

const COLUMNS: &[Column] = &[
    Column { head: "no", width: Width::Fixed(6), right: true },
    Column { head: "time UTC", width: Width::Fixed(19), right: false },
    Column { head: "who", width: Width::Fixed(5), right: false },
    Column { head: "as", width: Width::Fixed(8), right: false },
    Column { head: "result", width: Width::Fixed(9), right: false },
    Column { head: "ms", width: Width::Fixed(7), right: true },
    Column { head: "method", width: Width::Fixed(6), right: false },
    Column { head: "url", width: Width::Fill, right: false },
];
/// The same without what there is no room for.
const NARROW: &[Column] = &[
    Column { head: "no", width: Width::Fixed(5), right: true },
    Column { head: "result", width: Width::Fixed(8), right: false },
    Column { head: "as", width: Width::Fixed(6), right: false },
    Column { head: "method", width: Width::Fixed(6), right: false },
    Column { head: "url", width: Width::Fill, right: false },
];
/// From this width on every column is shown.
const ROOMY: u16 = 100;

/// The rows that were listed.
pub struct Past {
    rows: Arc<Vec<Row>>,
    /// What the list was asked to hold.
    filter: String,
    cursor: Cursor,
    /// The numbers of those that are marked, in the order they were.
    marked: Vec<i64>,
}

struct Shown<'a>(&'a [Row], bool, &'a [i64]);

impl Rows for Shown<'_> {
    fn rows(&self) -> usize {
        self.0.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let Some(r) = self.0.get(row) else { return Cell::new("", Role::Text) };
        let column = if self.1 { column } else { [0, 4, 3, 6, 7][column.min(4)] };
        match column {
            0 => Cell::new(r.id.to_string(), Role::Muted),
            1 => Cell::new(r.at.to_string().replace(['T', 'Z'], " ").trim_end(), Role::Muted),
            2 => Cell::new(clip(&r.who), Role::Text),
            3 => Cell::new(r.identity.as_deref().map(clip).unwrap_or_default(), Role::Accent),
            4 => match (r.status, &r.failure) {
                (Some(status), _) => Cell::new(status.to_string(), Role::of_status(status)),
                (None, Some(failure)) => Cell::new(clip(failure), Role::Error),
                (None, None) => Cell::new("none", Role::Muted),
            },
            5 => Cell::new(r.total.map(|t| millis(t.as_secs_f64() * 1e3)).unwrap_or_default(), Role::Text),
            6 => Cell::new(clip(&r.method), Role::of_method(&r.method)),
            _ => Cell::new(clip(&format!("{}{}", r.origin, r.target)), Role::Text),
        }
    }

    fn marked(&self, row: usize) -> bool {
        self.0.get(row).is_some_and(|r| self.2.contains(&r.id))
    }
}

impl Past {
    /// A list of these rows.
    pub fn new(rows: Arc<Vec<Row>>, filter: String) -> Self {
        Self { rows, filter, cursor: Cursor::default(), marked: Vec::new() }
    }

    /// Takes another list for what was asked.
    pub fn take(&mut self, rows: Arc<Vec<Row>>) {
        self.rows = rows;
    }

    /// Does an action.
    pub fn act(&mut self, action: Action, step: Option<Move>) -> Outcome {
        if let Some(step) = step {
            self.cursor.go(step, self.rows.len());
            return Outcome::Stays;
        }
        match action {
            Action::Recall => match self.rows.get(self.cursor.at) {
                Some(row) => Outcome::AsksAndCloses(Ask::Recall(row.id)),
                None => Outcome::Closes,
            },
            Action::MarkPast => {
                if let Some(row) = self.rows.get(self.cursor.at) {
                    match self.marked.iter().position(|id| *id == row.id) {
                        Some(i) => drop(self.marked.remove(i)),
                        None if self.marked.len() == MOST_SIDES => {
                            let text = format!("{MOST_SIDES} are laid side by side at most");
                            return Outcome::Gives(Box::new(Effect::Notice(Level::Info, text)));
                        }
                        None => self.marked.push(row.id),
                    }
                    self.cursor.go(Move::Down, self.rows.len());
                }
                Outcome::Stays
            }
            Action::LayPast => {
                let mut sides = self.marked.clone();
                if let (0 | 1, Some(row)) = (sides.len(), self.rows.get(self.cursor.at))
                    && !sides.contains(&row.id)
                {
                    sides.push(row.id);
                }
                if sides.len() < 2 {
                    let text = "Space marks one; = lays it beside the one under the cursor".to_owned();
                    return Outcome::Gives(Box::new(Effect::Notice(Level::Info, text)));
                }
                Outcome::Asks(Ask::Lay(sides.into_iter().map(Side::Kept).collect()))
            }
            Action::SearchHistory => Outcome::Types(action, self.filter.clone()),
            _ => Outcome::Stays,
        }
    }

    /// Draws it over `area`.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect) {
        let title = match self.filter.as_str() {
            "" => "history, newest first".to_owned(),
            filter => format!("history with {}", clip(filter)),
        };
        let inner = frame(pen, area, &title, self.rows.len().max(1) + 1);
        if self.rows.is_empty() {
            let words =
                if self.filter.is_empty() { "nothing was sent yet" } else { "nothing that was sent holds that" };
            pen.put(inner.x, inner.y, inner.right(), words, Role::Muted);
            return;
        }
        let roomy = inner.width >= ROOMY;
        let columns = if roomy { COLUMNS } else { NARROW };
        let area = Rect { x: inner.x.saturating_sub(1), width: inner.width + 1, ..inner };
        table::draw(pen, area, columns, &mut self.cursor, &Shown(&self.rows, roomy, &self.marked), true);
    }
}
