//! Pane 5: latency as it happens.

use std::sync::Arc;

use ratatui::layout::Rect;

use super::{Now, Pane, movement};
use crate::base::figure::{count, millis};
use crate::rate::Snapshot;
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{Pen, clip};
use crate::tui::widgets::spark::{bar, spark};
use crate::tui::widgets::table::Cursor;

/// The last snapshot.
#[derive(Default)]
pub struct RatePane {
    snapshot: Arc<Snapshot>,
    cursor: Cursor,
}

impl RatePane {
    /// Takes a snapshot.
    pub fn take(&mut self, snapshot: Arc<Snapshot>) {
        self.snapshot = snapshot;
    }
}

impl Pane for RatePane {
    fn contexts(&self) -> Vec<Context> {
        vec![Context::Move, Context::Global, Context::Always]
    }

    fn act(&mut self, action: Action, _: &str, _: Now) -> Option<Vec<Effect>> {
        let step = movement(action)?;
        self.cursor.go(step, self.snapshot.latest.len());
        Some(Vec::new())
    }

    fn status(&self) -> String {
        match self.snapshot.all.n {
            0 => String::new(),
            n => format!("{} sent in this run", count(n)),
        }
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, _: Now) {
        let s = Arc::clone(&self.snapshot);
        let (left, end) = (area.x + 1, area.right().saturating_sub(1));
        if s.all.n == 0 && s.latest.is_empty() {
            let text =
                "Nothing was sent yet. Every request of this run is measured here; 2 opens the composer, s sends.";
            pen.wrapped(Rect { x: left, width: area.width.saturating_sub(2), ..area }, text, Role::Muted);
            return;
        }
        let mut y = area.y;
        let mut next = |pen: &mut Pen<'_>| {
            let here = y;
            y += 1;
            // A row past the end is clipped by the pen; what follows it is clipped too.
            if here >= area.bottom() { pen.buf.area.bottom() } else { here }
        };
        let row = next(pen);
        let mut x = left;
        for (name, value) in [
            ("p50", s.all.p50_ms),
            ("p90", s.all.p90_ms),
            ("p95", s.all.p95_ms),
            ("p99", s.all.p99_ms),
            ("max", s.all.max_ms),
        ] {
            x = pen.put(x, row, end, name, Role::Muted) + 1;
            x = pen.put(x, row, end, &millis(value), Role::Title) + 1;
            x = pen.put(x, row, end, "ms", Role::Muted) + 3;
        }
        next(pen);
        let width = usize::from(end.saturating_sub(left + 12));
        let lines: [(&str, Vec<f64>, Role); 3] = [
            ("p50", s.seconds.iter().map(|s| s.p50_ms).collect(), Role::Chart1),
            ("max", s.seconds.iter().map(|s| s.max_ms).collect(), Role::Chart3),
            ("per s", s.seconds.iter().map(|s| s.n as f64).collect(), Role::Chart2),
        ];
        for (name, values, role) in lines {
            let row = next(pen);
            let shown = &values[values.len().saturating_sub(width)..];
            let most = shown.iter().copied().fold(0.0, f64::max);
            let x = pen.put(left, row, end, name, Role::Muted);
            pen.right(x, row, left + 11, &millis(most), Role::Axis);
            pen.put(left + 12, row, end, &spark(&values, width), role);
        }
        let row = next(pen);
        let span = s.seconds.len().min(width);
        pen.put(left + 12, row, end, &format!("last {span} s; the figure is the largest in view"), Role::Axis);
        next(pen);
        let most = s.statuses.iter().map(|(_, n)| *n).max().unwrap_or(1).max(1);
        for (status, n) in s.statuses.iter().take(10) {
            let row = next(pen);
            let name = if *status == 0 { "no reply".to_owned() } else { status.to_string() };
            pen.put(left, row, end, &name, Role::of_status(*status));
            let cells = (usize::from(area.width) / 2).min(60);
            let x = pen.put(left + 12, row, end, &bar(*n as f64 / most as f64, cells), Role::of_status(*status));
            pen.put(x + 1, row, end, &count(*n), Role::Text);
        }
        next(pen);
        let row = next(pen);
        pen.put(left, row, end, "latest", Role::Title);
        pen.right(left, row, left + 20, "ms", Role::Title);
        pen.put(left + 22, row, end, "request", Role::Title);
        let page = usize::from(area.bottom().saturating_sub(row + 1));
        self.cursor.window(page, s.latest.len());
        for (i, (what, status, ms)) in s.latest.iter().enumerate().skip(self.cursor.top).take(page) {
            let row = next(pen);
            let name = if *status == 0 { "no reply".to_owned() } else { status.to_string() };
            pen.put(left, row, end, &name, Role::of_status(*status));
            pen.right(left, row, left + 20, &millis(*ms), Role::Text);
            pen.put(left + 22, row, end, &clip(what), Role::Text);
            if i == self.cursor.at && row < area.bottom() {
                pen.shade(Rect { x: left, y: row, width: end.saturating_sub(left), height: 1 }, Role::Selection);
            }
        }
    }
}
