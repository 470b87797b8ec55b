//! What guards this run, above the panes: what is in scope and why, what each target was sent, and the switches.

use std::sync::Arc;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::layers::{Outcome, frame};
use super::pen::{Pen, clip, fit};
use super::table::{Cursor, Move};
use crate::app::{Ask, Guard};
use crate::base::Stamp;
use crate::base::figure::count;
use crate::tui::keymap::Action;
use crate::tui::theme::Role;

/// The guard as it was told last, and the entry under the cursor.
pub struct GuardView {
    /// What it shows.
    pub guard: Arc<Guard>,
    cursor: Cursor,
}

impl GuardView {
    /// The view of a guard.
    pub fn new(guard: Arc<Guard>) -> Self {
        Self { guard, cursor: Cursor::default() }
    }

    /// Does an action.
    pub fn act(&mut self, action: Action, step: Option<Move>) -> Outcome {
        if let Some(step) = step {
            self.cursor.go(step, self.guard.entries.len());
            return Outcome::Stays;
        }
        match action {
            Action::Withdraw => match self.guard.entries.get(self.cursor.at) {
                Some(entry) => Outcome::Asks(Ask::Withdraw(entry.clone())),
                None => Outcome::Stays,
            },
            Action::ReadOnly => Outcome::Asks(Ask::ReadOnly(!self.guard.read_only)),
            Action::Resume => Outcome::Asks(Ask::Resume),
            Action::AdmitHost => Outcome::Types(action, String::new()),
            _ => Outcome::Stays,
        }
    }

    /// Draws it over `area`.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, now: Stamp) {
        let g = Arc::clone(&self.guard);
        let rows = 5 + g.entries.len().max(1) + g.spent.len().max(1);
        let inner = frame(pen, area, "scope and budgets", rows);
        let mut y = inner.y;
        let mut next = || {
            y += 1;
            // Past the end the pen writes nothing: that row has no room.
            if y > inner.bottom() { None } else { Some(y - 1) }
        };
        let Some(row) = next() else { return };
        let mut x = inner.x;
        for (words, role) in [
            if g.halted { ("everything is stopped", Role::Error) } else { ("traffic may flow", Role::Ok) },
            if g.read_only {
                ("read-only: GET, HEAD, OPTIONS, TRACE", Role::Warn)
            } else {
                ("any method", Role::Muted)
            },
            if g.offline { ("offline", Role::Warn) } else { ("", Role::Muted) },
        ] {
            if !words.is_empty() {
                x = pen.put(x, row, inner.right(), words, role) + 3;
            }
        }
        next();
        // What is wide grows; what has a known width keeps it.
        let until = inner.x + (inner.width * 2 / 5).max(24);
        let why = until + 16;
        let Some(row) = next() else { return };
        pen.put(inner.x + 1, row, until, "in scope", Role::Title);
        pen.put(until, row, why, "until", Role::Title);
        pen.put(why, row, inner.right(), "why", Role::Title);
        // What was sent is always in view; the entries scroll in what is left.
        let kept = u16::try_from(g.spent.len().clamp(1, 4)).unwrap_or(4) + 2;
        let page = usize::from(inner.bottom().saturating_sub(row + 1).saturating_sub(kept)).max(1);
        self.cursor.window(page, g.entries.len());
        if g.entries.is_empty()
            && let Some(row) = next()
        {
            pen.put(inner.x + 1, row, inner.right(), "nothing: a host is asked about when it is sent to", Role::Muted);
        }
        for (i, entry) in g.entries.iter().enumerate().skip(self.cursor.top).take(page) {
            let Some(row) = next() else { return };
            let here = i == self.cursor.at;
            if here {
                pen.put(inner.x, row, inner.x + 1, "▌", Role::Focus);
            }
            let name = clip(&entry.to_string());
            pen.put(inner.x + 1, row, until - 1, &fit(&name, usize::from(until - inner.x - 2)), Role::Text);
            let (words, role) = match entry.until {
                None => ("no end".to_owned(), Role::Muted),
                Some(at) => {
                    let day: String = at.to_string().chars().take(10).collect();
                    if entry.expired(now) { (format!("over {day}"), Role::Error) } else { (day, Role::Text) }
                }
            };
            pen.put(until, row, why - 1, &words, role);
            pen.put(why, row, inner.right(), &clip(&entry.why), Role::Muted);
            if here {
                let line = Rect { x: inner.x + 1, y: row, width: inner.width - 1, height: 1 };
                pen.shade(line, Role::Selection);
            }
        }
        let Some(row) = next() else { return };
        // The entry under the cursor whole, where its column had no room for it.
        if let Some(entry) = g.entries.get(self.cursor.at).filter(|e| e.why.width() > usize::from(inner.right() - why))
        {
            pen.put(inner.x + 1, row, inner.right(), &clip(&format!("{entry}  {}", entry.why)), Role::Text);
        }
        let Some(row) = next() else { return };
        let most = inner.right().saturating_sub(22);
        let (flying, sent) = (most.saturating_sub(11), most.saturating_sub(27));
        pen.put(inner.x + 1, row, sent, "sent to in this run", Role::Title);
        pen.right(sent, row, flying - 1, "requests", Role::Title);
        pen.right(flying, row, most - 2, "in flight", Role::Title);
        pen.put(most, row, inner.right(), "batches at most", Role::Title);
        if g.spent.is_empty()
            && let Some(row) = next()
        {
            pen.put(inner.x + 1, row, inner.right(), "nothing yet", Role::Muted);
        }
        for spent in &g.spent {
            let Some(row) = next() else { return };
            pen.put(inner.x + 1, row, sent, &clip(&spent.origin.to_string()), Role::Text);
            let (words, role) = match spent.limits.requests {
                Some(n) => {
                    let role = if spent.sent >= n { Role::Error } else { Role::Text };
                    (format!("{} of {}", count(spent.sent), count(n)), role)
                }
                None => (count(spent.sent), Role::Text),
            };
            pen.right(sent, row, flying - 1, &words, role);
            pen.right(flying, row, most - 2, &spent.flying.to_string(), Role::Text);
            let rate = spent.limits.rate.map_or_else(|| "any rate".to_owned(), |r| format!("{r}/s"));
            pen.put(most, row, inner.right(), &format!("{rate}, {} at once", spent.limits.concurrency), Role::Muted);
        }
    }
}
