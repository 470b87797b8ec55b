//! Pane 1: every endpoint there is.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::{Now, Pane, Prompt, WIDE, columns, movement};
use crate::app::{Ask, Progress};
use crate::base::figure::{count, millis};
use crate::grade::odd;
use crate::inventory::filter::{self, Filter};
use crate::inventory::{Endpoint, Inventory, OperationKind, Seen, State};
use crate::tui::effect::{Effect, EndpointKey, Grades, Level};
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip, distance, shown};
use crate::tui::widgets::spark::bar;
use crate::tui::widgets::table::{self, Cell, Column, Cursor, Rows, Width};

const COLUMNS: [Column; 9] = [
    Column { head: "state", width: Width::Fixed(10), right: false },
    Column { head: "method", width: Width::Fixed(7), right: false },
    Column { head: "path", width: Width::Fill, right: false },
    Column { head: "by", width: Width::Fixed(9), right: false },
    Column { head: "calls", width: Width::Fixed(9), right: true },
    Column { head: "err %", width: Width::Fixed(6), right: true },
    Column { head: "p95 ms", width: Width::Fixed(7), right: true },
    Column { head: "hdr", width: Width::Fixed(3), right: false },
    Column { head: "tls", width: Width::Fixed(3), right: false },
];

/// The columns that are shown where there is little room.
const NARROW: [usize; 7] = [0, 1, 2, 4, 5, 7, 8];
/// The columns beside the detail, which names the sources, where paths are long.
const LONG_PATHS: [usize; 8] = [0, 1, 2, 4, 5, 6, 7, 8];
/// Cells of a path that every column leaves it beside the detail.
const SHORT_PATH: usize = 26;

/// The list, its filter and its order.
pub struct InventoryPane {
    list: Arc<Inventory>,
    /// Whether any path of the list is long.
    long_paths: bool,
    /// Indices into the list: what the filter leaves, in order.
    rows: Vec<u32>,
    cursor: Cursor,
    filter: Field,
    /// Filters of the workspace: name and text.
    saved: Vec<(String, String)>,
    /// The filter before it was opened for editing, to go back to.
    editing: Option<String>,
    filter_error: Option<(usize, String)>,
    sort: Option<(usize, bool)>,
    marked: BTreeSet<EndpointKey>,
    grades: BTreeMap<EndpointKey, Grades>,
    detail: Option<bool>,
    view: View,
    load: Loading,
}

/// What the last drawing found.
#[derive(Default, Clone, Copy)]
struct View {
    wide: bool,
    list: Rect,
}

/// Failures shown where a list would be.
const MOST_FAILURES: usize = 4;

/// What is being read.
#[derive(Default)]
struct Loading {
    sources: Vec<PathBuf>,
    progress: Option<Progress>,
    running: bool,
    /// What could not be read.
    failed: Vec<String>,
}

impl InventoryPane {
    /// An empty list; `sources` are what was asked to be read, `saved` the filters that `@name` stands for.
    pub fn new(sources: Vec<PathBuf>, saved: Vec<(String, String)>) -> Self {
        Self {
            list: Arc::default(),
            long_paths: false,
            rows: Vec::new(),
            cursor: Cursor::default(),
            filter: Field::default(),
            saved,
            editing: None,
            filter_error: None,
            sort: None,
            marked: BTreeSet::new(),
            grades: BTreeMap::new(),
            detail: None,
            view: View::default(),
            load: Loading { running: !sources.is_empty(), sources, ..Loading::default() },
        }
    }

    /// True while sources are read.
    pub fn loading(&self) -> bool {
        self.load.running
    }

    /// What line 1 says while sources are read.
    pub fn progress(&self) -> Option<String> {
        let p = match &self.load.progress {
            Some(p) if self.load.running => p,
            None if self.load.running => return Some("reading …".to_owned()),
            _ => return None,
        };
        let mut text = format!("reading {}", clip(&p.what));
        if p.total > 0 {
            let done = p.done.min(p.total);
            let _ = write!(text, " {} %", u128::from(done) * 100 / u128::from(p.total));
        }
        if p.rate > 0 {
            let _ = write!(text, "  {}/s", crate::base::figure::bytes(p.rate));
            if let Some(left) = p.total.saturating_sub(p.done).checked_div(p.rate).filter(|s| *s > 1) {
                let _ = write!(text, "  {} left", distance(left));
            }
        }
        Some(text)
    }

    /// Notes how far a load is.
    pub fn progressed(&mut self, p: Progress) {
        self.load.running = true;
        self.load.progress = Some(p);
    }

    /// A source could not be read.
    pub fn failed(&mut self, why: &str) {
        self.stopped();
        if self.load.failed.len() < MOST_FAILURES {
            self.load.failed.push(why.to_owned());
        }
    }

    /// The load ended.
    fn stopped(&mut self) {
        self.load.running = false;
        self.load.progress = None;
    }

    /// Starts reading.
    pub fn read(&mut self, sources: Vec<PathBuf>) -> Vec<Effect> {
        self.load = Loading { running: true, sources: sources.clone(), ..Loading::default() };
        vec![Effect::Ask(Ask::Load(sources))]
    }

    /// Takes a list; a cursor that was moved stays on its endpoint.
    pub fn loaded(&mut self, list: Arc<Inventory>, complete: bool) {
        // A cursor that nobody moved stays at the top, whatever moves in above it.
        let here = self.under().filter(|_| self.cursor.at > 0).map(key_of);
        self.list = list;
        self.long_paths = self.list.endpoints.iter().any(|e| e.path.len() > SHORT_PATH);
        if complete {
            self.stopped();
        }
        self.arrange(here);
    }

    /// Notes the grades of an endpoint.
    pub fn graded(&mut self, key: EndpointKey, grades: Grades) {
        self.grades.insert(key, grades);
    }

    /// Notes the grades that an earlier run kept of an endpoint, unless this one knows better.
    pub fn graded_before(&mut self, key: EndpointKey, grades: Grades) {
        self.grades.entry(key).or_insert(grades);
    }

    /// What this endpoint does not send although most of its host do.
    fn odd(&self, e: &Endpoint) -> Vec<String> {
        let Some(sends) = self.grades.get(&key_of(e)).and_then(|g| g.sends) else { return Vec::new() };
        let others = self.grades.iter().filter(|(k, _)| k.1 == e.host && !is_key(e, k));
        odd::out(sends, &others.filter_map(|(_, g)| g.sends).collect::<Vec<_>>())
    }

    /// By which column the list is sorted, in words; `None` in its own order.
    fn order(&self) -> Option<String> {
        self.sort.map(|(c, back)| format!("by {}{}", COLUMNS[c].head, if back { ", reversed" } else { "" }))
    }

    fn under(&self) -> Option<&Endpoint> {
        self.list.endpoints.get(*self.rows.get(self.cursor.at)? as usize)
    }

    /// Works out the rows from filter and order, and puts the cursor back on `here` where it is still shown.
    fn arrange(&mut self, here: Option<EndpointKey>) {
        let all = u32::try_from(self.list.endpoints.len()).unwrap_or(u32::MAX);
        let text = self.filter.text().trim().to_owned();
        if text.is_empty() {
            self.filter_error = None;
            self.rows = (0..all).collect();
        } else {
            match filter::expand(&text, &self.saved).and_then(Filter::parse) {
                Ok(filter) => {
                    self.filter_error = None;
                    self.rows = (0..all).filter(|i| filter.matches(&self.list.endpoints[*i as usize])).collect();
                }
                // What was shown stays until the expression is whole again.
                Err(e) => self.filter_error = Some((e.at, e.what)),
            }
        }
        self.rows.retain(|i| *i < all);
        if let Some((column, back)) = self.sort {
            let list = &self.list.endpoints;
            let grade = |e: &Endpoint| {
                if self.grades.is_empty() { None } else { self.grades.get(&key_of(e)).copied() }
            };
            self.rows.sort_by(|a, b| {
                let (a, b) = (&list[*a as usize], &list[*b as usize]);
                let order = match column {
                    7 => grade(a).and_then(|g| g.headers).cmp(&grade(b).and_then(|g| g.headers)).reverse(),
                    8 => grade(a).and_then(|g| g.tls).cmp(&grade(b).and_then(|g| g.tls)),
                    _ => compare(column, a, b),
                };
                if back { order.reverse() } else { order }
            });
        }
        if let Some(here) = here
            && let Some(at) = self.rows.iter().position(|i| is_key(&self.list.endpoints[*i as usize], &here))
        {
            self.cursor.at = at;
        }
        self.cursor.at = self.cursor.at.min(self.rows.len().saturating_sub(1));
    }

    fn detail_shown(&self) -> bool {
        self.detail.unwrap_or(self.view.wide)
    }

    fn compose(&self) -> Vec<Effect> {
        let (Some(e), Some(i)) = (self.under(), self.rows.get(self.cursor.at)) else { return Vec::new() };
        vec![Effect::Compose(Arc::clone(&self.list), *i as usize, key_of(e))]
    }

    fn copy(&self) -> Vec<Effect> {
        if self.marked.is_empty() {
            return self.under().map(|e| Effect::Copy("path", shown(e.path.as_bytes()))).into_iter().collect();
        }
        let paths: Vec<String> = self
            .list
            .endpoints
            .iter()
            .filter(|e| self.marked.contains(&key_of(e)))
            .map(|e| shown(e.path.as_bytes()))
            .collect();
        vec![Effect::Copy("marked paths", paths.join("\n"))]
    }

    fn explain(&self) -> Vec<Effect> {
        let Some(e) = self.under() else { return Vec::new() };
        let mut lines = vec![state_sentence(e).to_owned(), String::new()];
        for (what, at) in [("first seen", e.first_seen), ("last seen", e.last_seen)] {
            if let Some(at) = at {
                lines.push(format!("{what} {at}"));
            }
        }
        lines.extend(e.locations.iter().map(place));
        vec![Effect::Explain(title(e), lines)]
    }

    fn end_edit(&mut self, keep: bool) {
        let Some(before) = self.editing.take() else { return };
        if !keep || self.filter_error.is_some() {
            self.filter = Field::new(&before);
        }
        let here = self.under().map(key_of);
        self.arrange(here);
    }
}

fn key_of(e: &Endpoint) -> EndpointKey {
    (e.method.clone(), e.host.clone(), e.path.lossy().into_owned())
}

fn is_key(e: &Endpoint, key: &EndpointKey) -> bool {
    e.method == key.0 && e.host == key.1 && e.path.lossy() == key.2
}

fn compare(column: usize, a: &Endpoint, b: &Endpoint) -> Ordering {
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
        _ => Ordering::Equal,
    }
}

fn title(e: &Endpoint) -> String {
    format!("{} {}", clip(&e.method), shown(e.path.as_bytes()))
}

fn place(l: &crate::inventory::Location) -> String {
    let mut text = clip(&l.source);
    if let Some(line) = l.line {
        let _ = write!(text, ":{line}");
    }
    if let Some(pointer) = &l.pointer {
        let _ = write!(text, " {}", shown(pointer.as_bytes()));
    }
    text
}

fn state_sentence(e: &Endpoint) -> &'static str {
    if e.kind != OperationKind::Path {
        return "Declared as what the API itself calls; no request to the API is judged by it.";
    }
    match e.state {
        Some(State::Shadow) => "Answers, and no specification given declares its path.",
        Some(State::ShadowMethod) => "Answers; its path is declared, but not with this method.",
        Some(State::Zombie) if e.newer.is_some() => {
            "Not declared, older than the version beside it, and still answers."
        }
        Some(State::Zombie) => "Deprecated or past its sunset, and still answers.",
        Some(State::Documented) => "Declared, and answers where traffic was given.",
        Some(State::Ghost) => "Declared, and nobody called it in the window of the logs.",
        None => "The sources given cannot tell: load both a specification and a log.",
    }
}

/// The rows as the table asks for them, over the columns that are shown.
struct View9<'a> {
    pane: &'a InventoryPane,
    columns: &'a [usize],
}

impl Rows for View9<'_> {
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
        let e = &self.pane.list.endpoints[self.pane.rows[row] as usize];
        let none = || Cell::new("–", Role::Muted);
        match self.columns[column] {
            0 => match e.state {
                Some(State::ShadowMethod) => Cell::new("shadow-m", Role::Error),
                Some(s) => Cell::new(s.word(), Role::of_state(s)),
                None => Cell::new(e.word().unwrap_or("unknown"), Role::Unknown),
            },
            1 => Cell::new(shown(e.method.as_bytes()), Role::of_method(&e.method)),
            2 => Cell::new(shown(e.path.as_bytes()), Role::Text),
            3 => Cell::new(e.seen.words().collect::<Vec<_>>().join(" "), Role::Muted),
            4 if e.requests > 0 => Cell::new(count(e.requests), Role::Text),
            5 => e.error_share().map_or_else(none, |s| {
                Cell::new(format!("{:.1}", s * 100.0), if s >= 0.05 { Role::Warn } else { Role::Text })
            }),
            6 => e.latency.map_or_else(none, |l| Cell::new(millis(l.p95), Role::Text)),
            c @ (7 | 8) => {
                let grades = if self.pane.grades.is_empty() { None } else { self.pane.grades.get(&key_of(e)) };
                match (c, grades) {
                    (7, Some(Grades { headers: Some(l), .. })) => Cell::new(l.word(), Role::of_letter(*l)),
                    (8, Some(Grades { tls: Some(w), .. })) => {
                        Cell::new(*w, if *w == "ok" { Role::Ok } else { Role::Warn })
                    }
                    _ => none(),
                }
            }
            _ => none(),
        }
    }
}

impl Pane for InventoryPane {
    fn contexts(&self) -> Vec<Context> {
        if self.editing.is_some() {
            vec![Context::Field, Context::Always]
        } else {
            vec![Context::Inventory, Context::Move, Context::Global, Context::Always]
        }
    }

    fn editing(&self) -> bool {
        self.editing.is_some()
    }

    fn act(&mut self, action: Action, argument: &str, _: Now) -> Option<Vec<Effect>> {
        if let Some(step) = movement(action) {
            self.cursor.go(step, self.rows.len());
            return Some(Vec::new());
        }
        let effects = match action {
            Action::Compose => self.compose(),
            Action::Mark => {
                if let Some(key) = self.under().map(key_of)
                    && !self.marked.remove(&key)
                {
                    self.marked.insert(key);
                }
                self.cursor.go(table::Move::Down, self.rows.len());
                Vec::new()
            }
            Action::Filter if !argument.is_empty() => {
                let before = std::mem::replace(&mut self.filter, Field::new(argument));
                let here = self.under().map(key_of);
                self.arrange(here);
                match self.filter_error.take() {
                    Some((at, what)) => {
                        self.filter = before;
                        vec![Effect::Notice(Level::Warn, format!("filter, at {}: {}", at + 1, clip(&what)))]
                    }
                    None => Vec::new(),
                }
            }
            Action::Filter => {
                self.editing = Some(self.filter.text().to_owned());
                Vec::new()
            }
            Action::Done => {
                self.end_edit(true);
                Vec::new()
            }
            Action::Leave => {
                self.end_edit(false);
                Vec::new()
            }
            Action::Sort | Action::SortBack => {
                self.sort = match (action, self.sort) {
                    (Action::SortBack, Some((c, back))) => Some((c, !back)),
                    (Action::SortBack, None) => Some((0, true)),
                    (_, None) => Some((4, false)),
                    // Calls, errors and latency come first: they are what a list is sorted for.
                    (_, Some((c, _))) => [(4, 5), (5, 6), (6, 7), (7, 8), (8, 1), (1, 2), (2, 3)]
                        .iter()
                        .find(|(from, _)| *from == c)
                        .map(|(_, to)| (*to, false)),
                };
                // Who sorts wants to see what comes first.
                self.cursor = Cursor::default();
                self.arrange(None);
                let order = self.order().unwrap_or_else(|| "in order of state".to_owned());
                vec![Effect::Notice(Level::Info, format!("sorted {order}"))]
            }
            Action::Detail => {
                self.detail = Some(!self.detail_shown());
                Vec::new()
            }
            Action::CopyPath => self.copy(),
            Action::ExplainRow => self.explain(),
            Action::Reload if self.load.running => Vec::new(),
            Action::Reload if self.load.sources.is_empty() => vec![Effect::Command("load ".to_owned())],
            Action::Reload => self.read(self.load.sources.clone()),
            Action::Back if !self.view.wide && self.detail_shown() => {
                self.detail = None;
                Vec::new()
            }
            Action::Back if self.load.running => {
                vec![Effect::Ask(Ask::CancelAll), Effect::Notice(Level::Info, "reading is being stopped".to_owned())]
            }
            Action::Back if !self.filter.text().is_empty() => {
                self.filter = Field::default();
                let here = self.under().map(key_of);
                self.arrange(here);
                Vec::new()
            }
            _ => return None,
        };
        Some(effects)
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let here = self.under().map(key_of);
        if self.filter.key(key) {
            self.arrange(here);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _: Now) -> Vec<Effect> {
        if self.editing.is_some() {
            self.filter.paste(text);
            let here = self.under().map(key_of);
            self.arrange(here);
        }
        Vec::new()
    }

    fn status(&self) -> String {
        let (shown, all) = (self.rows.len() as u64, self.list.endpoints.len() as u64);
        if all == 0 {
            return String::new();
        }
        let mut text = if shown == all {
            format!("{} endpoints", count(all))
        } else {
            format!("{} of {}", count(shown), count(all))
        };
        if !self.marked.is_empty() {
            let _ = write!(text, "  {} marked", count(self.marked.len() as u64));
        }
        if let Some(order) = self.order() {
            let _ = write!(text, "   {order}");
        }
        if !self.filter.text().is_empty() {
            let _ = write!(text, "   {}", clip(self.filter.text()));
        }
        text
    }

    fn prompt(&self) -> Option<Prompt<'_>> {
        self.editing.as_ref().map(|_| Prompt {
            lead: "/",
            field: &self.filter,
            error: self.filter_error.clone(),
            hint: "~p path  ~m method  ~state shadow  & | !",
        })
    }

    fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        let list = self.view.list;
        if y > list.y && y < list.bottom() && x < list.right() {
            self.cursor.at = (self.cursor.top + usize::from(y - list.y - 1)).min(self.rows.len().saturating_sub(1));
        }
        Vec::new()
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, now: Now) {
        self.view.wide = area.width >= WIDE;
        if self.list.endpoints.is_empty() {
            self.view.list = Rect::default();
            return empty(pen, area, &self.load);
        }
        let detail = self.detail_shown();
        if detail && !self.view.wide {
            self.view.list = Rect::default();
            if let Some(e) = self.under() {
                let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
                draw_detail(pen, inner, e, &self.list, &self.odd(e), now);
            }
            return;
        }
        let mut list = area;
        if detail {
            let (left, rule, right) = columns(area, 64);
            list = left;
            pen.rule(rule, area);
            if let Some(e) = self.under() {
                draw_detail(pen, right, e, &self.list, &self.odd(e), now);
            }
        }
        self.view.list = list;
        let chosen: Vec<usize> = match list.width {
            ..86 => NARROW.to_vec(),
            ..110 if self.long_paths => LONG_PATHS.to_vec(),
            _ => (0..COLUMNS.len()).collect(),
        };
        let shown: Vec<Column> = chosen.iter().map(|i| COLUMNS[*i]).collect();
        let mut cursor = self.cursor;
        table::draw(pen, list, &shown, &mut cursor, &View9 { pane: self, columns: &chosen }, true);
        self.cursor = cursor;
        if self.rows.is_empty() && list.height > 2 {
            let say =
                Rect { x: list.x + 1, y: list.y + 2, width: list.width.saturating_sub(2), height: list.height - 2 };
            pen.wrapped(say, "Nothing matches the filter: / changes it, Esc clears it.", Role::Muted);
        }
    }
}

fn empty(pen: &mut Pen<'_>, area: Rect, load: &Loading) {
    let mut area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    for why in &load.failed {
        let y = pen.wrapped(area, &clip(why), Role::Error).min(area.bottom());
        area = Rect { y, height: area.bottom() - y, ..area };
    }
    let text = if load.running {
        "Reading. Endpoints appear here as they are found; Esc cancels."
    } else {
        "No endpoints yet. `:load FILE ...` reads OpenAPI documents and access logs; `:open URL` goes straight to the composer."
    };
    pen.wrapped(area, text, Role::Muted);
}

fn draw_detail(pen: &mut Pen<'_>, area: Rect, e: &Endpoint, list: &Inventory, odd: &[String], now: Now) {
    let end = area.right();
    let mut y = pen.wrapped(Rect { height: area.height.min(3), ..area }, &title(e), Role::Title) + 1;
    let mut line = |pen: &mut Pen<'_>, label: &str, text: &str, role| {
        if y < area.bottom() {
            pen.put(area.x, y, end, label, Role::Muted);
            pen.put(area.x + 12, y, end, text, role);
            y += 1;
        }
    };
    line(pen, e.word().unwrap_or("unknown"), "", Role::Text);
    for text in crate::tui::widgets::pen::wrap(state_sentence(e), usize::from(area.width.max(1))) {
        line(pen, &text, "", Role::Text);
    }
    line(pen, "", "", Role::Text);
    for text in odd.iter().flat_map(|t| crate::tui::widgets::pen::wrap(t, usize::from(area.width.max(1)))) {
        line(pen, &text, "", Role::Warn);
    }
    let ago = |s: crate::base::Stamp| {
        u64::try_from(now.wall.unix() - s.unix()).map_or_else(|_| s.to_string(), |d| format!("{} ago", distance(d)))
    };
    if let Some(host) = &e.host {
        line(pen, "host", &clip(host), Role::Text);
    }
    if let Some(s) = e.first_seen {
        line(pen, "first seen", &ago(s), Role::Text);
    }
    if let Some(s) = e.last_seen {
        line(pen, "last seen", &ago(s), Role::Text);
    }
    if !e.security.is_empty() {
        let words: Vec<String> = e.security.iter().map(|s| clip(s)).collect();
        line(pen, "security", &words.join(", "), Role::Text);
    } else if e.seen.has(Seen::SPEC) {
        line(pen, "security", "nothing declared", Role::Warn);
    }
    if e.deprecated || e.sunset.is_some() {
        let text = e.sunset.as_ref().map_or_else(|| "yes".to_owned(), |s| format!("sunset {}", clip(s)));
        line(pen, "deprecated", &text, Role::Warn);
    }
    if let Some(l) = e.latency {
        let text = format!("p50 {}   p95 {}   p99 {}", millis(l.p50), millis(l.p95), millis(l.p99));
        line(pen, "latency ms", &text, Role::Text);
    }
    let most = e.statuses.values().copied().max().unwrap_or(1).max(1);
    for (i, (status, n)) in e.statuses.iter().take(8).enumerate() {
        let width = usize::from(area.width.saturating_sub(30));
        let text = format!("{status} {} {}", bar(*n as f64 / most as f64, width), count(*n));
        line(pen, if i == 0 { "statuses" } else { "" }, &text, Role::of_status(*status));
    }
    for (i, l) in e.locations.iter().enumerate() {
        line(pen, if i == 0 { "sources" } else { "" }, &place(l), Role::Text);
    }
    line(pen, "", "", Role::Text);
    let odd = list.problems.len() as u64 + list.unparsed.iter().map(|u| u.lines).sum::<u64>();
    if odd > 0 {
        line(pen, &format!("{} oddities in the sources", count(odd)), "", Role::Muted);
    }
}
