//! What came of one request with many values, or of several sent together: a row each, compared with the first or with the one that was chosen.

use std::sync::Arc;
use std::time::Duration;

use ratatui::layout::Rect;

use super::{ComposerPane, GO, Response, Sending, Side, info};
use crate::app::group::{MOST_PARALLEL, Plan};
use crate::app::identity::NOBODY;
use crate::app::vary::{MARK, Outcome, Values};
use crate::app::{Ask, Draft, JobId, lay};
use crate::base::figure::{count, millis};
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::Action;
use crate::tui::panes::movement;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{Pen, clip};
use crate::tui::widgets::table::{self, Cell, Column, Cursor, Rows, Width};
use crate::wire::Together;
use crate::wire::diff::MOST_SIDES;

const COLUMNS: &[Column] = &[
    Column { head: "no", width: Width::Fixed(5), right: true },
    Column { head: "value", width: Width::Fill, right: false },
    Column { head: "status", width: Width::Fixed(6), right: true },
    Column { head: "bytes", width: Width::Fixed(9), right: true },
    Column { head: "ms", width: Width::Fixed(7), right: true },
    Column { head: "differs", width: Width::Fixed(7), right: true },
];

/// The rows of one run.
pub struct Varied {
    /// What was sent, in a word or two.
    title: String,
    /// How many there will be.
    most: usize,
    /// Between the first and the last of the last bytes of a group.
    spread: Option<Duration>,
    rows: Vec<Outcome>,
    /// How each differs from the base, in percent; `None` for another status.
    differs: Vec<Option<u8>>,
    /// Rows in the order they are listed.
    order: Vec<usize>,
    sort: usize,
    reverse: bool,
    /// The row that the others are compared with.
    base: usize,
    cursor: Cursor,
    /// Whether the replies are laid side by side at the end.
    lays: bool,
}

impl Varied {
    pub(super) fn new(title: String, most: usize) -> Self {
        Self {
            title,
            most,
            spread: None,
            rows: Vec::new(),
            differs: Vec::new(),
            order: Vec::new(),
            sort: 0,
            reverse: false,
            base: 0,
            cursor: Cursor::default(),
            lays: false,
        }
    }

    /// The same, laid side by side once all are there.
    pub(super) fn laid_at_end(self) -> Self {
        Self { lays: true, ..self }
    }

    /// The replies of these rows, to be laid side by side.
    fn sides(&self, rows: &[usize]) -> Option<Effect> {
        let side = |at: &usize| {
            let row = self.rows.get(*at)?;
            let nobody = self.lays && row.value == NOBODY;
            let name = if nobody { "nobody".to_owned() } else { clip(&row.value) };
            Some(lay::Side::Here(name, Arc::clone(row.judged.as_ref()?)))
        };
        let sides: Vec<lay::Side> = rows.iter().filter_map(side).collect();
        (sides.len() > 1).then(|| Effect::Ask(Ask::Lay(sides)))
    }

    fn push(&mut self, outcome: Outcome) {
        let group = outcome.judged.as_ref().and_then(|j| j.exchange.group);
        self.spread = self.spread.or_else(|| group.and_then(|g| g.spread));
        self.rows.push(outcome);
        self.differs.push(self.differs_of(self.rows.len() - 1));
        self.sorted();
    }

    /// Compares with another row.
    fn compare(&mut self, base: usize) {
        self.base = base;
        self.differs = (0..self.rows.len()).map(|i| self.differs_of(i)).collect();
        self.sorted();
    }

    fn differs_of(&self, row: usize) -> Option<u8> {
        self.rows.get(row)?.print.differs(&self.rows.get(self.base)?.print)
    }

    fn sorted(&mut self) {
        let under = self.order.get(self.cursor.at).copied();
        self.order = (0..self.rows.len()).collect();
        let (rows, differs, sort) = (&self.rows, &self.differs, self.sort);
        self.order.sort_by(|a, b| {
            let (x, y) = (&rows[*a], &rows[*b]);
            match sort {
                1 => x.value.cmp(&y.value),
                2 => x.status.cmp(&y.status),
                3 => x.bytes.cmp(&y.bytes),
                4 => x.ms.unwrap_or_default().total_cmp(&y.ms.unwrap_or_default()),
                // Another status differs most.
                5 => differs[*a].unwrap_or(u8::MAX).cmp(&differs[*b].unwrap_or(u8::MAX)),
                _ => a.cmp(b),
            }
        });
        if self.reverse {
            self.order.reverse();
        }
        self.cursor.at = under.and_then(|u| self.order.iter().position(|o| *o == u)).unwrap_or(self.cursor.at);
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        let (x, end) = (area.x + 1, area.right());
        let head = format!(
            "{}  {} of {}  by {}{}{}",
            self.title,
            self.rows.len(),
            self.most,
            COLUMNS[self.sort].head,
            if self.reverse { ", turned round" } else { "" },
            self.spread
                .map(|d| format!("  last bytes within {} ms", millis(d.as_secs_f64() * 1e3)))
                .unwrap_or_default(),
        );
        pen.put(x, area.y, end, &head, Role::Muted);
        let inner = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        let mut cursor = self.cursor;
        table::draw(pen, inner, COLUMNS, &mut cursor, &*self, focused);
        self.cursor = cursor;
    }
}

impl Rows for Varied {
    fn rows(&self) -> usize {
        self.order.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let Some((at, r)) = self.order.get(row).and_then(|at| Some((*at, self.rows.get(*at)?))) else {
            return Cell::new("", Role::Text);
        };
        match column {
            0 => Cell::new((at + 1).to_string(), Role::Muted),
            1 => Cell::new(clip(&r.value), Role::Text),
            2 => match r.status {
                Some(status) => Cell::new(status.to_string(), Role::of_status(status)),
                None => Cell::new("none", Role::Error),
            },
            3 => Cell::new(count(r.bytes), Role::Text),
            4 => Cell::new(r.ms.map(millis).unwrap_or_default(), Role::Text),
            _ if at == self.base => Cell::new("base", Role::Muted),
            _ => match self.differs.get(at) {
                Some(None) => Cell::new("status", Role::Warn),
                Some(Some(n)) if *n > 0 => Cell::new(format!("{n} %"), Role::Warn),
                _ => Cell::new("", Role::Text),
            },
        }
    }

    fn marked(&self, row: usize) -> bool {
        self.order.get(row) == Some(&self.base)
    }
}

impl ComposerPane {
    /// Sends what was shown, a row for each of its requests, unless one is under way.
    pub(super) fn begin(&mut self, rows: Varied, ask: Ask) -> Vec<Effect> {
        if self.sending != Sending::No {
            return vec![Effect::Notice(Level::Warn, "one request is under way: Esc cancels it".to_owned())];
        }
        self.sending = Sending::Asked;
        self.varied = Some(rows);
        (self.rows_shown, self.side) = (true, Side::Varied);
        vec![Effect::Ask(ask)]
    }

    /// Asks what would be sent for some values, or sends what was shown.
    pub(super) fn vary(&mut self, argument: &str) -> Vec<Effect> {
        if argument == GO
            && let Some((draft, values)) = self.values.take()
        {
            let rows = Varied::new(format!("{{{{{}}}}}", clip(&values.name)), values.all.len());
            return self.begin(rows, Ask::VaryGo(draft, values));
        }
        if argument.is_empty() {
            return vec![Effect::Command("vary ".to_owned())];
        }
        let named = argument.split_once('=').is_some_and(|(n, _)| n != MARK && !n.contains(['.', ',']));
        let draft = if named { self.draft() } else { self.marked() };
        match draft {
            Ok(draft) => vec![Effect::Ask(Ask::Vary(draft, argument.to_owned()))],
            Err(why) => vec![Effect::Notice(Level::Warn, why)],
        }
    }

    /// The request with the field under the cursor as the place of the values.
    fn marked(&mut self) -> Result<Draft, String> {
        let mark = format!("{{{{{MARK}}}}}");
        let before = self.form.mark(&mark);
        let draft = self.draft();
        if let Some(row) = &before {
            self.form.unmark(row);
        }
        let held = |d: &Draft| d.url.contains(&mark) || format!("{:?}", (&d.headers, &d.body, &d.raw)).contains(&mark);
        match draft {
            Ok(draft) if before.is_none() && !held(&draft) => {
                Err("put the cursor on a parameter, a header or a field, or name a place: vary NAME=1..50".to_owned())
            }
            draft => draft,
        }
    }

    /// The values were read: what would be sent is shown.
    pub fn varies(&mut self, draft: Draft, values: Arc<Values>, lines: Vec<String>) -> Vec<Effect> {
        let title = format!("vary {{{{{}}}}}: {} requests", clip(&values.name), values.all.len());
        self.values = Some((draft, values));
        let lead = ["x sends them; Esc does not.".to_owned(), String::new()];
        vec![Effect::Plan(title, lead.into_iter().chain(lines).collect(), Action::Vary)]
    }

    /// Shows a group, sends what was shown of it, or forgets what was put aside.
    pub(super) fn group(&mut self, argument: &str) -> Vec<Effect> {
        if argument == GO
            && let Some(plan) = self.grouped.take()
        {
            let rows = Varied::new(plan.how.word().to_owned(), plan.requests.len());
            return self.begin(rows, Ask::GroupGo(plan));
        }
        if argument.is_empty() {
            let times = if self.aside.is_empty() { "10" } else { "" };
            return vec![Effect::Command(format!("group parallel {times}"))];
        }
        if argument == "clear" {
            self.aside.clear();
            return info("nothing is put aside for a group any more");
        }
        let (mut how, mut times) = (Together::Parallel, None);
        for word in argument.split_whitespace() {
            match (word, word.parse::<usize>()) {
                ("parallel", _) => how = Together::Parallel,
                ("sequence", _) => how = Together::Sequence,
                (_, Ok(n)) if n > 0 => times = Some(n),
                _ => return info("a group is sequence or parallel, and a number: group parallel 20"),
            }
        }
        let drafts = match (times, self.aside.is_empty()) {
            // With a number it is the request as it stands.
            (Some(_), _) | (None, true) => match self.draft() {
                Ok(draft) => vec![draft],
                Err(why) => return vec![Effect::Notice(Level::Warn, why)],
            },
            (None, false) => self.aside.clone(),
        };
        vec![Effect::Ask(Ask::Group { drafts, how, times: times.unwrap_or(1) })]
    }

    /// Puts the request as it stands aside for a group.
    pub(super) fn put_aside(&mut self) -> Vec<Effect> {
        if self.aside.len() == MOST_PARALLEL {
            return info("a group takes no more");
        }
        match self.draft() {
            Ok(draft) => {
                self.aside.push(draft);
                info(&format!("{} put aside for a group: g sends them, :group clear forgets them", self.aside.len()))
            }
            Err(why) => vec![Effect::Notice(Level::Warn, why)],
        }
    }

    /// A group is ready: what would be sent is shown.
    pub fn groups(&mut self, plan: Arc<Plan>, lines: Vec<String>) -> Vec<Effect> {
        let title = format!("group: {} requests in {}", plan.requests.len(), plan.how.word());
        self.grouped = Some(plan);
        let lead = ["x sends them; Esc does not.".to_owned(), String::new()];
        vec![Effect::Plan(title, lead.into_iter().chain(lines).collect(), Action::Group)]
    }

    /// What came of one value.
    pub fn row(&mut self, id: JobId, outcome: Outcome) {
        if (matches!(self.sending, Sending::Asked) || self.sending == Sending::Running(id))
            && let Some(varied) = &mut self.varied
        {
            varied.push(outcome);
        }
    }

    /// No more values are sent.
    pub fn ended(&mut self, id: JobId, why: Option<String>) -> Vec<Effect> {
        if self.sending != Sending::Running(id) {
            return Vec::new();
        }
        self.sending = Sending::No;
        let done = self.varied.as_ref().map_or(0, |v| v.rows.len());
        let notice = match why {
            Some(why) => Effect::Notice(Level::Warn, clip(&why)),
            None => Effect::Notice(Level::Info, format!("{done} were sent; d sorts, b compares with another row")),
        };
        let lays = self.varied.as_ref().filter(|v| v.lays);
        let laid = lays.and_then(|v| v.sides(&(0..v.rows.len().min(MOST_SIDES)).collect::<Vec<_>>()));
        laid.into_iter().chain([notice]).collect()
    }

    /// Does an action on the rows.
    pub(super) fn act_rows(&mut self, action: Action) -> Option<Vec<Effect>> {
        let varied = self.varied.as_mut()?;
        if let Some(step) = movement(action) {
            varied.cursor.go(step, varied.order.len());
            return Some(Vec::new());
        }
        match action {
            Action::OpenOutcome => {
                let outcome = varied.order.get(varied.cursor.at).and_then(|at| varied.rows.get(*at))?;
                let Some(judged) = outcome.judged.clone() else {
                    let text = "its reply was not kept here, since the others are large: H lists what was sent";
                    return Some(vec![Effect::Notice(Level::Info, text.to_owned())]);
                };
                let (response, work) = Response::new(judged, 0, self.reveal);
                self.response = Some(response);
                self.answered = None;
                (self.rows_shown, self.side) = (false, Side::Response);
                return Some(work.into_iter().collect());
            }
            Action::SortOutcomes => {
                varied.sort = (varied.sort + 1) % COLUMNS.len();
                varied.sorted();
            }
            Action::TurnOutcomes => {
                varied.reverse = !varied.reverse;
                varied.sorted();
            }
            Action::LayRows => {
                let under = varied.order.get(varied.cursor.at).copied().unwrap_or(0);
                let others = (0..varied.rows.len()).filter(|i| *i != varied.base);
                let rows: Vec<usize> = match varied.rows.len() {
                    n if n <= MOST_SIDES => std::iter::once(varied.base).chain(others).collect(),
                    _ if under == varied.base => vec![varied.base],
                    _ => vec![varied.base, under],
                };
                let text = "lay which row beside the base? Put the cursor on another one that has a reply";
                return Some(varied.sides(&rows).map_or_else(|| info(text), |lays| vec![lays]));
            }
            Action::Baseline => {
                let base = varied.order.get(varied.cursor.at).copied().unwrap_or(0);
                varied.compare(base);
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Shows the rows again, or what is beside them.
    pub(super) fn show_rows(&mut self) -> Vec<Effect> {
        if self.varied.is_none() {
            return vec![Effect::Notice(Level::Info, "nothing was varied yet: v on a field does".to_owned())];
        }
        self.rows_shown = !self.rows_shown;
        self.side = if self.rows_shown { Side::Varied } else { Side::Request };
        Vec::new()
    }

    /// Draws the rows.
    pub(super) fn draw_rows(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        if let Some(varied) = &mut self.varied {
            varied.draw(pen, area, focused);
        }
    }
}
