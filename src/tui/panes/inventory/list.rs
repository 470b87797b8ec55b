//! The endpoints as a table: its columns, which of them are shown, and how each sorts.

use std::cmp::Ordering;

use super::{InventoryPane, key_of};
use crate::base::figure::{count, millis};
use crate::inventory::{Endpoint, State};
use crate::tui::effect::Grades;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{distance, shown};
use crate::tui::widgets::table::{Cell, Column, Rows, Width};

/// Every column; the numbers in this file and the order of sorting are indices into it.
pub(super) const COLUMNS: [Column; 10] = [
    Column { head: "state", width: Width::Fixed(10), right: false },
    Column { head: "method", width: Width::Fixed(7), right: false },
    Column { head: "path", width: Width::Fill, right: false },
    Column { head: "by", width: Width::Fixed(9), right: false },
    Column { head: "calls", width: Width::Fixed(9), right: true },
    Column { head: "err %", width: Width::Fixed(6), right: true },
    Column { head: "p95 ms", width: Width::Fixed(7), right: true },
    Column { head: "hdr", width: Width::Fixed(3), right: false },
    Column { head: "tls", width: Width::Fixed(3), right: false },
    Column { head: "seen", width: Width::Fixed(7), right: true },
];

/// The columns that are shown where there is little room.
const NARROW: [usize; 7] = [0, 1, 2, 4, 5, 7, 8];
/// The columns of a common width; when it was last seen stands in the detail.
const COMMON: [usize; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
/// The columns beside the detail, which names the sources, where paths are long.
const LONG_PATHS: [usize; 8] = [0, 1, 2, 4, 5, 6, 7, 8];
/// Cells of a path that every column leaves it beside the detail.
pub(super) const SHORT_PATH: usize = 26;
/// The order in which sorting goes through the columns: calls, errors and latency are what a list is sorted for.
const SORTS: [usize; 9] = [4, 5, 6, 9, 7, 8, 1, 2, 3];

/// The columns of a table of this width.
pub(super) fn chosen(width: u16, long_paths: bool) -> Vec<usize> {
    match width {
        0..=85 => NARROW.to_vec(),
        86..=109 if long_paths => LONG_PATHS.to_vec(),
        86..=119 => COMMON.to_vec(),
        _ => (0..COLUMNS.len()).collect(),
    }
}

/// The column to sort by after this one; `None` is the list's own order.
pub(super) fn next_sort(now: Option<usize>) -> Option<usize> {
    match now {
        None => SORTS.first().copied(),
        Some(c) => SORTS.iter().skip_while(|s| **s != c).nth(1).copied(),
    }
}

/// Which of two endpoints comes first by a column.
pub(super) fn compare(pane: &InventoryPane, column: usize, a: &Endpoint, b: &Endpoint) -> Ordering {
    let grade = |e: &Endpoint| if pane.grades.is_empty() { None } else { pane.grades.get(&key_of(e)).copied() };
    let p95 = |e: &Endpoint| e.latency.map_or(-1.0, |l| l.p95);
    match column {
        // What wants a look comes first; an unknown state comes last.
        0 => a.state.map_or(9, |s| s as u8).cmp(&b.state.map_or(9, |s| s as u8)),
        1 => a.method.cmp(&b.method),
        2 => a.path.cmp(&b.path),
        3 => b.seen.words().count().cmp(&a.seen.words().count()),
        4 => b.requests.cmp(&a.requests),
        5 => b.error_share().unwrap_or(-1.0).total_cmp(&a.error_share().unwrap_or(-1.0)),
        6 => p95(b).total_cmp(&p95(a)),
        7 => grade(a).and_then(|g| g.headers).cmp(&grade(b).and_then(|g| g.headers)).reverse(),
        8 => grade(a).and_then(|g| g.tls).cmp(&grade(b).and_then(|g| g.tls)),
        9 => b.last_seen.cmp(&a.last_seen),
        _ => Ordering::Equal,
    }
}

/// The rows as the table asks for them, over the columns that are shown.
pub(super) struct Listed<'a> {
    pub pane: &'a InventoryPane,
    pub columns: &'a [usize],
}

impl Rows for Listed<'_> {
    fn rows(&self) -> usize {
        self.pane.rows.len()
    }

    fn marked(&self, row: usize) -> bool {
        !self.pane.marked.is_empty()
            && self
                .pane
                .rows
                .get(row)
                .is_some_and(|i| self.pane.marked.contains(&key_of(&self.pane.list.endpoints[*i as usize])))
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        cell(self.pane, &self.pane.list.endpoints[self.pane.rows[row] as usize], self.columns[column])
    }
}

/// A state in its column.
pub(super) fn state_cell(state: State) -> Cell {
    let word = if state == State::ShadowMethod { "shadow-m" } else { state.word() };
    Cell::new(word, Role::of_state(state))
}

/// What a column says of an endpoint.
pub(super) fn cell(pane: &InventoryPane, e: &Endpoint, column: usize) -> Cell {
    let none = || Cell::new("–", Role::Muted);
    match column {
        0 => e.state.map_or_else(|| Cell::new(e.word().unwrap_or("unknown"), Role::Unknown), state_cell),
        1 => Cell::new(shown(e.method.as_bytes()), Role::of_method(&e.method)),
        2 => Cell::new(shown(e.path.as_bytes()), Role::Text),
        3 => Cell::new(e.seen.words().collect::<Vec<_>>().join(" "), Role::Muted),
        4 if e.requests > 0 => Cell::new(count(e.requests), Role::Text),
        5 => e.error_share().map_or_else(none, |s| {
            Cell::new(format!("{:.1}", s * 100.0), if s >= 0.05 { Role::Warn } else { Role::Text })
        }),
        6 => e.latency.map_or_else(none, |l| Cell::new(millis(l.p95), Role::Text)),
        9 => match (e.last_seen, pane.view.at) {
            (Some(last), Some(now)) => Cell::new(
                u64::try_from(now.unix() - last.unix()).map_or_else(|_| "ahead".to_owned(), distance),
                Role::Text,
            ),
            _ => none(),
        },
        c @ (7 | 8) => {
            let grades = if pane.grades.is_empty() { None } else { pane.grades.get(&key_of(e)) };
            match (c, grades) {
                (7, Some(Grades { headers: Some(l), .. })) => Cell::new(l.word(), Role::of_letter(*l)),
                (8, Some(Grades { tls: Some(w), .. })) => Cell::new(*w, if *w == "ok" { Role::Ok } else { Role::Warn }),
                _ => none(),
            }
        }
        _ => none(),
    }
}
