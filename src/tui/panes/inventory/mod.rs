//! Pane 1: every endpoint there is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

mod detail;
mod filter_line;
mod list;
mod loading;
mod state;
mod tree;
mod write_out;

use super::{Now, Pane, Prompt, WIDE, columns, movement};
use crate::app::{Ask, Looked, Progress, Wrote};
use crate::base::Stamp;
use crate::base::figure::count;
use crate::grade::odd;
use crate::inventory::{Endpoint, Inventory};
use crate::tui::effect::{Effect, EndpointKey, Grades, Level};
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip, shown};
use crate::tui::widgets::table::{self, Column, Cursor};
use detail::{Facts, place};
use filter_line::FilterLine;
use list::{COLUMNS, Listed, SHORT_PATH};
use loading::Loading;
use state::{state_words, title};
use tree::{Branched, Tree};
use write_out::WriteOut;

/// The list, its filter and its order.
pub struct InventoryPane {
    list: Arc<Inventory>,
    /// Its endpoints, and what the API itself calls.
    counts: (usize, usize),
    /// Whether any path of the list is long.
    long_paths: bool,
    /// Indices into the list: what the filter leaves, in order.
    rows: Vec<u32>,
    cursor: Cursor,
    filter: FilterLine,
    sort: Option<(usize, bool)>,
    tree: Tree,
    /// Whether the tree is shown instead of the table.
    by_path: bool,
    marked: BTreeSet<EndpointKey>,
    grades: BTreeMap<EndpointKey, Grades>,
    detail: Option<bool>,
    /// First line of the detail in view.
    detail_top: usize,
    looked: Option<Looked>,
    /// Something is being looked up.
    looking: bool,
    /// Where to write to, while that is asked.
    out: Option<WriteOut>,
    view: View,
    load: Loading,
}

/// What the last drawing found.
#[derive(Default, Clone, Copy)]
struct View {
    wide: bool,
    list: Rect,
    /// Lines by which the detail is moved.
    page: usize,
    /// When it was.
    at: Option<Stamp>,
}

impl InventoryPane {
    /// An empty list; `sources` are what was asked to be read, `saved` the filters that `@name` stands for.
    pub fn new(sources: Vec<PathBuf>, saved: Vec<(String, String)>) -> Self {
        Self {
            list: Arc::default(),
            counts: (0, 0),
            long_paths: false,
            rows: Vec::new(),
            cursor: Cursor::default(),
            filter: FilterLine::new(saved),
            sort: None,
            tree: Tree::default(),
            by_path: false,
            marked: BTreeSet::new(),
            grades: BTreeMap::new(),
            detail: None,
            detail_top: 0,
            looked: None,
            looking: false,
            out: None,
            view: View::default(),
            load: Loading::of(sources),
        }
    }

    /// True while a log is followed that was read to its end.
    pub fn following(&self) -> bool {
        self.load.following()
    }

    /// True while sources are read.
    pub fn loading(&self) -> bool {
        self.load.running
    }

    /// What line 1 says while sources are read.
    pub fn progress(&self, roomy: bool) -> Option<String> {
        self.load.words(roomy)
    }

    /// Notes how far a load is.
    pub fn progressed(&mut self, p: Progress) {
        self.load.running = true;
        self.load.progress = Some(p);
    }

    /// A source could not be read.
    pub fn failed(&mut self, why: &str) {
        self.load.failed(why);
    }

    /// Starts reading.
    pub fn read(&mut self, sources: Vec<PathBuf>) -> Vec<Effect> {
        self.load = Loading::of(sources.clone());
        vec![Effect::Ask(Ask::Load(sources))]
    }

    /// Takes what came of writing endpoints out; a file that is there already is asked about.
    pub fn wrote(&mut self, path: &Path, wrote: Wrote) -> Vec<Effect> {
        let name = clip(&path.to_string_lossy());
        let (level, text) = match wrote {
            Wrote::Done(1) => (Level::Info, format!("1 endpoint is in {name}")),
            Wrote::Done(n) => (Level::Info, format!("{} endpoints are in {name}", count(n as u64))),
            Wrote::Failed(e) => (Level::Error, clip(&e.to_string())),
            Wrote::IsThere => {
                self.out = Some(WriteOut::over(path));
                return Vec::new();
            }
        };
        vec![Effect::Notice(level, text)]
    }

    /// The endpoints that are marked, or else those that are listed.
    fn selection(&self) -> Vec<u32> {
        let all = 0..u32::try_from(self.list.endpoints.len()).unwrap_or(u32::MAX);
        if self.marked.is_empty() {
            return self.rows.clone();
        }
        all.filter(|i| self.marked.contains(&key_of(&self.list.endpoints[*i as usize]))).collect()
    }

    /// Writes the selection to the file of this name.
    fn write(&self, name: &str, over: bool) -> Effect {
        Effect::Ask(Ask::Write { inventory: Arc::clone(&self.list), rows: self.selection(), path: name.into(), over })
    }

    /// Reads the sources and goes on with the last log.
    fn follow(&mut self) -> Vec<Effect> {
        if self.load.sources.is_empty() {
            return vec![Effect::Command("load ".to_owned())];
        }
        if self.load.following() {
            return vec![Effect::Notice(Level::Info, "it is followed already: Esc stops".to_owned())];
        }
        self.load = Loading::of(self.load.sources.clone());
        vec![Effect::Ask(Ask::Follow(self.load.sources.clone()))]
    }

    /// Opens the place that declares the endpoint under the cursor, or else the first that has a line.
    fn open_source(&self) -> Vec<Effect> {
        let Some(e) = self.under() else { return Vec::new() };
        match e.locations.iter().find(|l| l.line.is_some()).or(e.locations.first()) {
            Some(l) => vec![Effect::Edit(PathBuf::from(&*l.source), l.line)],
            None => vec![Effect::Notice(Level::Info, "no source is known of it".to_owned())],
        }
    }

    /// The list as it stands.
    pub fn list(&self) -> &Arc<Inventory> {
        &self.list
    }

    /// Takes a list; a cursor that was moved stays on its endpoint.
    pub fn loaded(&mut self, list: Arc<Inventory>, complete: bool) -> Vec<Effect> {
        // A cursor that nobody moved stays at the top, whatever moves in above it.
        let here = self.under().filter(|_| self.cursor.at > 0).map(key_of);
        self.list = list;
        self.counts = self.list.counts();
        self.long_paths = self.list.endpoints.iter().any(|e| e.path.len() > SHORT_PATH);
        if complete {
            self.load.stopped();
        }
        self.arrange(here.as_ref());
        self.look()
    }

    /// Takes what was looked up of an endpoint, which may no longer be the one under the cursor.
    pub fn looked(&mut self, looked: Looked) -> Vec<Effect> {
        self.looking = false;
        self.looked = Some(looked);
        self.look()
    }

    /// Looks up the endpoint under the cursor, one at a time, where its detail is shown and not all of it is known.
    fn look(&mut self) -> Vec<Effect> {
        let Some(e) = self.under().filter(|_| self.detail_shown() && !self.looking) else { return Vec::new() };
        let known = self.looked.as_ref().is_some_and(|l| Arc::ptr_eq(&l.inventory, &self.list) && Self::is_of(l, e));
        let Some(endpoint) = self.index().filter(|_| !known) else { return Vec::new() };
        self.looking = true;
        vec![Effect::Ask(Ask::Look { inventory: Arc::clone(&self.list), endpoint })]
    }

    /// Whether what was looked up is of this endpoint, in this list or in one before.
    fn is_of(looked: &Looked, e: &Endpoint) -> bool {
        looked.inventory.endpoints.get(looked.endpoint).is_some_and(|l| is_key(e, &key_of(l)))
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

    /// Index of the endpoint under the cursor; `None` on a branch.
    fn index(&self) -> Option<usize> {
        let row = self.cursor.at;
        let index = if self.by_path { self.tree.endpoint(row) } else { self.rows.get(row).copied() };
        index.map(|i| i as usize)
    }

    fn under(&self) -> Option<&Endpoint> {
        self.list.endpoints.get(self.index()?)
    }

    /// How many lines the cursor moves over.
    fn height(&self) -> usize {
        if self.by_path { self.tree.rows() } else { self.rows.len() }
    }

    /// Works out the rows from filter and order, and puts the cursor back on `here` where it is still shown.
    fn arrange(&mut self, here: Option<&EndpointKey>) {
        let all = u32::try_from(self.list.endpoints.len()).unwrap_or(u32::MAX);
        // What was shown stays until the expression is whole again.
        if let Some(filter) = self.filter.read() {
            let list = &self.list.endpoints;
            self.rows = (0..all).filter(|i| filter.matches(&list[*i as usize])).collect();
        }
        self.rows.retain(|i| *i < all);
        if let Some((column, back)) = self.sort {
            let mut rows = std::mem::take(&mut self.rows);
            let list = &self.list.endpoints;
            rows.sort_by(|a, b| {
                let order = list::compare(self, column, &list[*a as usize], &list[*b as usize]);
                if back { order.reverse() } else { order }
            });
            self.rows = rows;
        }
        if self.by_path {
            self.tree.build(&self.list, &self.rows);
        }
        let is_here = |i: &u32| here.is_some_and(|h| is_key(&self.list.endpoints[*i as usize], h));
        let at = match here.and_then(|_| self.rows.iter().position(is_here)) {
            Some(at) if self.by_path => self.rows.get(at).and_then(|i| self.tree.row_of(*i)),
            at => at,
        };
        self.cursor.at = at.unwrap_or(self.cursor.at).min(self.height().saturating_sub(1));
    }

    fn detail_shown(&self) -> bool {
        self.detail.unwrap_or(self.view.wide)
    }

    /// Marks the endpoint under the cursor, or unmarks it; of a branch all that are in it, unless all are marked already.
    fn mark(&mut self) {
        let keys: Vec<EndpointKey> = match self.index() {
            Some(i) => vec![key_of(&self.list.endpoints[i])],
            None if !self.by_path => return,
            None => {
                self.tree.endpoints(self.cursor.at).iter().map(|i| key_of(&self.list.endpoints[*i as usize])).collect()
            }
        };
        if keys.iter().all(|k| self.marked.contains(k)) {
            for key in &keys {
                self.marked.remove(key);
            }
        } else {
            self.marked.extend(keys);
        }
    }

    /// Opens or folds what is under the cursor in the tree.
    fn branch(&mut self, action: Action) -> Vec<Effect> {
        let at = self.cursor.at;
        match (action, self.tree.opened(at)) {
            (Action::TurnBranch, None) => return self.compose(),
            (Action::TurnBranch, Some(open)) => {
                self.tree.turn(at, !open);
            }
            (Action::OpenBranch, Some(_)) if !self.tree.turn(at, true) => {
                self.cursor.go(table::Move::Down, self.height());
            }
            (Action::FoldBranch, _) if !self.tree.turn(at, false) => {
                self.cursor.at = self.tree.above(at).unwrap_or(at);
            }
            _ => {}
        }
        Vec::new()
    }

    fn compose(&self) -> Vec<Effect> {
        let (Some(e), Some(i)) = (self.under(), self.index()) else { return Vec::new() };
        vec![Effect::Compose(Arc::clone(&self.list), i, key_of(e))]
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
        let looked = self.looked.as_ref().filter(|l| Self::is_of(l, e));
        let mut lines = vec![state_words(e, looked.and_then(|l| l.nearest.as_deref())), String::new()];
        for (what, at) in [("first seen", e.first_seen), ("last seen", e.last_seen)] {
            if let Some(at) = at {
                lines.push(format!("{what} {at}"));
            }
        }
        lines.extend(e.locations.iter().map(place));
        vec![Effect::Explain(title(e), lines)]
    }

    /// Works out the rows with the cursor on the endpoint that it is on.
    fn refilter(&mut self) {
        let here = self.under().map(key_of);
        self.arrange(here.as_ref());
    }

    /// Does an action; `None` when it is not this pane's.
    fn done(&mut self, action: Action, argument: &str) -> Option<Vec<Effect>> {
        if let Some(step) = movement(action) {
            let before = self.cursor.at;
            self.cursor.go(step, self.height());
            if self.cursor.at != before {
                self.detail_top = 0;
            }
            return Some(Vec::new());
        }
        let effects = match action {
            Action::Compose => self.compose(),
            Action::Mark => {
                self.mark();
                self.cursor.go(table::Move::Down, self.height());
                Vec::new()
            }
            Action::Filter if !argument.is_empty() => {
                let before = std::mem::replace(&mut self.filter.field, Field::new(argument));
                self.refilter();
                if let Some(e) = self.filter.error.take() {
                    self.filter.field = before;
                    vec![Effect::Notice(Level::Warn, format!("filter, at {}: {}", e.at + 1, clip(&e.what)))]
                } else {
                    self.filter.remember();
                    Vec::new()
                }
            }
            Action::Filter => {
                self.filter.edit();
                Vec::new()
            }
            Action::Done | Action::Leave if self.out.is_some() => {
                let out = self.out.take().filter(|o| action == Action::Done && !o.name().is_empty());
                out.map(|o| self.write(o.name(), o.replaces())).into_iter().collect()
            }
            Action::Done | Action::Leave => {
                self.filter.end(action == Action::Done);
                self.refilter();
                Vec::new()
            }
            Action::Sort | Action::SortBack => {
                self.sort = match (action, self.sort) {
                    (Action::SortBack, Some((c, back))) => Some((c, !back)),
                    (Action::SortBack, None) => Some((0, true)),
                    (_, now) => list::next_sort(now.map(|n| n.0)).map(|c| (c, false)),
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
            Action::OpenSource => self.open_source(),
            Action::Follow => self.follow(),
            Action::WriteOut if self.rows.is_empty() => {
                vec![Effect::Notice(Level::Info, "nothing is listed that could be written".to_owned())]
            }
            Action::WriteOut if !argument.is_empty() => vec![self.write(argument, false)],
            Action::WriteOut => {
                self.out = Some(WriteOut::new(self.selection().len()));
                Vec::new()
            }
            Action::Tree => {
                let here = self.under().map(key_of);
                self.by_path = !self.by_path;
                self.cursor = Cursor::default();
                self.arrange(here.as_ref());
                Vec::new()
            }
            Action::TurnBranch | Action::OpenBranch | Action::FoldBranch if self.by_path => self.branch(action),
            Action::FilterComplete => {
                self.filter.complete(&self.list);
                self.refilter();
                Vec::new()
            }
            Action::FilterOlder | Action::FilterNewer => {
                self.filter.recall(action == Action::FilterOlder);
                self.refilter();
                Vec::new()
            }
            Action::FilterHelp => vec![Effect::Explain("filter".to_owned(), filter_line::help())],
            Action::DetailDown => {
                self.detail_top = self.detail_top.saturating_add(self.view.page);
                Vec::new()
            }
            Action::DetailUp => {
                self.detail_top = self.detail_top.saturating_sub(self.view.page);
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
            // What is followed goes on while other things are gone back from.
            Action::Back if self.load.running && (!self.load.following() || self.filter.text().is_empty()) => {
                vec![Effect::Ask(Ask::CancelAll), Effect::Notice(Level::Info, "reading is being stopped".to_owned())]
            }
            Action::Back if !self.filter.text().is_empty() => {
                self.filter.field = Field::default();
                self.refilter();
                Vec::new()
            }
            _ => return None,
        };
        Some(effects)
    }

    fn draw_detail(&mut self, pen: &mut Pen<'_>, area: Rect, now: Now) {
        self.view.page = usize::from(area.height / 2).max(1);
        if let Some(branch) = self.tree.branch(self.cursor.at).filter(|_| self.by_path) {
            return detail::draw_branch(pen, area, &branch.title(self.tree.hosts), branch);
        }
        let Some(endpoint) = self.under() else { return };
        let looked = self.looked.as_ref().filter(|l| Self::is_of(l, endpoint));
        let facts = Facts { endpoint, list: &self.list, looked, odd: self.odd(endpoint), now };
        let mut top = self.detail_top;
        detail::draw(pen, area, &facts, &mut top);
        self.detail_top = top;
    }
}

fn key_of(e: &Endpoint) -> EndpointKey {
    (e.method.clone(), e.host.clone(), e.path.lossy().into_owned())
}

fn is_key(e: &Endpoint, key: &EndpointKey) -> bool {
    e.method == key.0 && e.host == key.1 && e.path.lossy() == key.2
}

impl Pane for InventoryPane {
    fn contexts(&self) -> Vec<Context> {
        if self.out.is_some() {
            vec![Context::Field, Context::Always]
        } else if self.filter.editing() {
            vec![Context::FilterLine, Context::Field, Context::Always]
        } else if self.by_path {
            vec![Context::Tree, Context::Inventory, Context::Move, Context::Global, Context::Always]
        } else {
            vec![Context::Inventory, Context::Move, Context::Global, Context::Always]
        }
    }

    fn editing(&self) -> bool {
        self.out.is_some() || self.filter.editing()
    }

    fn act(&mut self, action: Action, argument: &str, _: Now) -> Option<Vec<Effect>> {
        let mut effects = self.done(action, argument)?;
        effects.extend(self.look());
        Some(effects)
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if let Some(out) = &mut self.out {
            out.field.key(key);
            return Vec::new();
        }
        if key.code == KeyCode::Char('?') && self.filter.field.text().is_empty() {
            return vec![Effect::Explain("filter".to_owned(), filter_line::help())];
        }
        self.filter.typed();
        if self.filter.field.key(key) {
            self.refilter();
        }
        self.look()
    }
    fn paste(&mut self, text: &str, _: Now) -> Vec<Effect> {
        if let Some(out) = &mut self.out {
            out.field.paste(text);
        } else if self.filter.editing() {
            self.filter.typed();
            self.filter.field.paste(text);
            self.refilter();
        }
        Vec::new()
    }

    fn status(&self) -> String {
        let (shown, all) = (self.rows.len(), self.list.endpoints.len());
        if all == 0 {
            return String::new();
        }
        let (endpoints, apart) = self.counts;
        let mut text = if shown == all {
            format!("{} endpoints", count(endpoints as u64))
        } else {
            format!("{} of {}", count(shown as u64), count(all as u64))
        };
        if shown == all && apart > 0 {
            let word = if apart == 1 { "webhook" } else { "webhooks" };
            let _ = write!(text, " +{} {word}", count(apart as u64));
        }
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
        self.out.as_ref().map(WriteOut::prompt).or_else(|| self.filter.prompt())
    }

    fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        let list = self.view.list;
        if y > list.y && y < list.bottom() && x < list.right() {
            self.cursor.at = (self.cursor.top + usize::from(y - list.y - 1)).min(self.height().saturating_sub(1));
        }
        self.look()
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, now: Now) {
        self.view.wide = area.width >= WIDE;
        self.view.at = Some(now.wall);
        if self.list.endpoints.is_empty() {
            self.view.list = Rect::default();
            return self.load.draw(pen, area);
        }
        let detail = self.detail_shown();
        if detail && !self.view.wide {
            self.view.list = Rect::default();
            let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
            return self.draw_detail(pen, inner, now);
        }
        let mut list = area;
        if detail {
            let (left, rule, right) = columns(area, 64);
            list = left;
            pen.rule(rule, area);
            self.draw_detail(pen, right, now);
        }
        self.view.list = list;
        let chosen = list::chosen(list.width, self.long_paths);
        let shown: Vec<Column> = chosen.iter().map(|i| COLUMNS[*i]).collect();
        let mut cursor = self.cursor;
        if self.by_path {
            table::draw(pen, list, &shown, &mut cursor, &Branched { pane: self, columns: &chosen }, true);
        } else {
            table::draw(pen, list, &shown, &mut cursor, &Listed { pane: self, columns: &chosen }, true);
        }
        self.cursor = cursor;
        if self.rows.is_empty() && list.height > 2 {
            let say =
                Rect { x: list.x + 1, y: list.y + 2, width: list.width.saturating_sub(2), height: list.height - 2 };
            pen.wrapped(say, "Nothing matches the filter: / changes it, Esc clears it.", Role::Muted);
        }
    }
}
