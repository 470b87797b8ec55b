//! Replies side by side, above the panes: what differs is marked, and one key goes from one difference to the next.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::layers::Outcome;
use super::pen::{Pen, clip};
use super::table::{Cursor, Move};
use crate::app::lay::Laid;
use crate::base::figure::count;
use crate::base::text::display;
use crate::tui::effect::Effect;
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::wire::diff::Row;

/// Bytes of a line that are looked at for drawing.
const MOST_LINE: usize = 16 << 10;
/// Columns a key moves sideways.
const ASIDE: usize = 16;

/// Replies side by side on screen.
pub struct LaidView {
    laid: Arc<Laid>,
    /// Whether the lines that are all the same are left out.
    only: bool,
    /// The rows that are listed.
    rows: Vec<usize>,
    cursor: Cursor,
    left: usize,
}

impl LaidView {
    /// A view of these; it opens at the first difference.
    pub fn new(laid: Arc<Laid>) -> Self {
        let mut view = Self { laid, only: false, rows: Vec::new(), cursor: Cursor::default(), left: 0 };
        view.list();
        view.cursor.at = view.rows.iter().position(|r| view.laid.diff.rows[*r].differs).unwrap_or(0);
        view
    }

    fn list(&mut self) {
        let under = self.rows.get(self.cursor.at).copied().unwrap_or(0);
        let rows = self.laid.diff.rows.iter().enumerate();
        self.rows = rows.filter(|(_, r)| !self.only || r.differs).map(|(i, _)| i).collect();
        self.cursor.at = self.rows.partition_point(|r| *r < under).min(self.rows.len().saturating_sub(1));
    }

    fn under(&self) -> Option<&Row> {
        self.rows.get(self.cursor.at).and_then(|r| self.laid.diff.rows.get(*r))
    }

    /// Goes to the next difference that is not the next line of the same one, round the end.
    fn next(&mut self, back: bool) {
        let differs = |i: usize| self.laid.diff.rows[self.rows[i]].differs;
        let begins = |i: usize| differs(i) && (self.only || i == 0 || !differs(i - 1));
        let n = self.rows.len();
        let step = |i: usize| if back { (self.cursor.at + n - i) % n } else { (self.cursor.at + i) % n };
        if let Some(found) = (1..=n).map(step).find(|i| begins(*i)) {
            self.cursor.at = found;
        }
    }

    /// Does an action.
    pub fn act(&mut self, action: Action, step: Option<Move>, reveal: bool) -> Outcome {
        if let Some(step) = step {
            self.cursor.go(step, self.rows.len());
            return Outcome::Stays;
        }
        match action {
            Action::NextDifference | Action::PreviousDifference if !self.rows.is_empty() => {
                self.next(action == Action::PreviousDifference);
            }
            Action::OnlyDifferences => {
                self.only = !self.only;
                self.list();
            }
            Action::LaidRight => self.left += ASIDE,
            Action::LaidLeft => self.left = self.left.saturating_sub(ASIDE),
            Action::WholeLine => {
                let Some(row) = self.under() else { return Outcome::Stays };
                let lines = (0..self.laid.heads.len()).flat_map(|side| {
                    let line = text(row, side, reveal).unwrap_or_else(|| "no such line".to_owned());
                    [self.laid.heads[side][0].clone(), line, String::new()]
                });
                return Outcome::Gives(Box::new(Effect::Explain(
                    format!("a line of the {}", row.part.word()),
                    lines.collect(),
                )));
            }
            Action::CopyDifferences => {
                return Outcome::Gives(Box::new(Effect::Copy("the differences", self.as_text(reveal))));
            }
            _ => {}
        }
        Outcome::Stays
    }

    /// The differences as text: `-` before a line of the first, `+` and a number before one of another.
    fn as_text(&self, reveal: bool) -> String {
        let mut out = String::new();
        for (i, [name, facts]) in self.laid.heads.iter().enumerate() {
            let sign = if i == 0 { "-".to_owned() } else { format!("+{i}") };
            let _ = writeln!(out, "{sign} {name}: {facts}");
        }
        for row in self.laid.diff.rows.iter().filter(|r| r.differs) {
            for side in 0..self.laid.heads.len() {
                // A line that is as in the base is written once.
                let alone = side == 0 || !row.is_as_first(side);
                if let (Some(line), true) = (text(row, side, reveal), alone) {
                    let sign = if side == 0 { "-".to_owned() } else { format!("+{side}") };
                    let _ = writeln!(out, "{sign} {line}");
                }
            }
        }
        out
    }

    /// Draws it over `area`.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect) {
        pen.blank(area);
        let sides = u16::try_from(self.laid.heads.len()).unwrap_or(1).max(1);
        if area.height < 4 || area.width < sides * 6 {
            return;
        }
        // Two columns for the mark, and a rule with some air between two sides.
        let width = (area.width - 2 - 2 * (sides - 1)) / sides;
        let from = |side: u16| area.x + 2 + side * (width + 2);
        let differ = self.laid.diff.count();
        let all = count(self.laid.diff.rows.len() as u64);
        let mut head = match differ {
            0 => format!("side by side: all {all} lines are the same"),
            n => format!("side by side: {} of {all} lines differ", count(n as u64)),
        };
        if self.only {
            head.push_str(", only these are listed");
        }
        if let Some(left_out) = &self.laid.diff.left_out {
            let _ = write!(head, "; without {left_out}");
        }
        pen.put(area.x + 1, area.y, area.right(), &head, Role::Title);
        for (side, [name, facts]) in (0..sides).zip(&self.laid.heads) {
            let end = from(side) + width;
            pen.put(from(side), area.y + 1, end, &clip(name), Role::Accent);
            pen.put(from(side), area.y + 2, end, facts, Role::Muted);
        }
        let list = Rect { y: area.y + 3, height: area.height - 3, ..area };
        for side in 1..sides {
            pen.rule(from(side) - 2, Rect { y: area.y + 1, height: area.height - 1, ..area });
        }
        self.cursor.window(usize::from(list.height), self.rows.len());
        let rows = self.rows.iter().enumerate().skip(self.cursor.top).take(usize::from(list.height));
        for (i, at) in rows {
            let y = list.y + u16::try_from(i - self.cursor.top).unwrap_or(0);
            let row = &self.laid.diff.rows[*at];
            let mark = if row.differs { "≠" } else { " " };
            pen.put(area.x, y, area.x + 1, mark, Role::Warn);
            let base = text(row, 0, pen.reveals());
            for side in 0..sides {
                let line = text(row, usize::from(side), pen.reveals());
                self.line(
                    pen,
                    (from(side), y, from(side) + width),
                    line.as_deref(),
                    // A line that the base has not is another one from its first character on.
                    (side > 0).then_some(base.as_deref().unwrap_or_default()),
                );
            }
            if i == self.cursor.at {
                pen.shade(Rect { y, height: 1, ..list }, Role::Selection);
            }
        }
    }

    /// One line of one side; what differs from the base stands out.
    fn line(&self, pen: &mut Pen<'_>, (x, y, end): (u16, u16, u16), line: Option<&str>, base: Option<&str>) {
        let Some(line) = line else { return };
        let chars: Vec<char> = line.chars().collect();
        let (mut same, mut tail) = (chars.len(), 0);
        if let Some(base) = base {
            let base: Vec<char> = base.chars().collect();
            same = chars.iter().zip(&base).take_while(|(a, b)| a == b).count();
            if same < chars.len().max(base.len()) {
                let most = chars.len().min(base.len()) - same;
                tail = chars.iter().rev().zip(base.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
            }
        }
        let mut at = x;
        for (range, role) in [
            (0..same, Role::Text),
            (same..chars.len() - tail, Role::Warn),
            (chars.len() - tail..chars.len(), Role::Text),
        ] {
            let part: String = range.filter(|i| *i >= self.left).filter_map(|i| chars.get(i)).collect();
            at = pen.put(at, y, end, &part, role);
        }
    }
}

/// A line of one side as it may be drawn.
fn text(row: &Row, side: usize, reveal: bool) -> Option<String> {
    let line = row.shown(side, reveal)?;
    Some(display(&line[..line.len().min(MOST_LINE)]))
}
