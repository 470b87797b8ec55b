//! The endpoints as a tree by path: what the filter leaves, under its hosts and path segments.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::list::{cell, state_cell};
use super::{InventoryPane, key_of};
use crate::base::figure::count;
use crate::inventory::{Endpoint, Inventory, OperationKind, State};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{LINE_CAP, shown};
use crate::tui::widgets::table::{Cell, Rows};

/// Endpoints up to which all branches are open at first.
const SMALL: usize = 60;
/// Branches in each other; what is deeper stands in the last.
const MOST_DEPTH: usize = 32;
/// Indentation that is drawn.
const MOST_INDENT: usize = 12;

/// Host and segments from the root.
type Way = Vec<Vec<u8>>;

/// A branch: endpoints whose ways begin alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branch {
    way: Way,
    /// How much of the way is of the branch above.
    above: usize,
    depth: usize,
    /// How many endpoints are in it.
    pub endpoints: usize,
    /// How often each state is among them, worst first.
    pub states: [usize; State::ALL.len()],
    /// Requests, and those with a status of 400 or more.
    pub calls: u64,
    pub errors: u64,
    /// The first line that is not in it.
    end: usize,
    /// Its endpoints, as a range of the order.
    range: (usize, usize),
}

/// One line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Line {
    /// Number of a branch.
    Branch(usize),
    /// Index of an endpoint, its depth, and how much of its way stands above it.
    Leaf { endpoint: u32, depth: usize, above: usize },
}

/// The tree over the rows of a list.
#[derive(Default)]
pub(super) struct Tree {
    branches: Vec<Branch>,
    /// All lines from the top, those in folded branches too.
    lines: Vec<Line>,
    /// The lines that are shown, as indices.
    open: Vec<usize>,
    /// The endpoints in the order of the tree.
    order: Vec<u32>,
    /// Branches that were folded or opened by hand, the other way than they are at first.
    turned: BTreeSet<Way>,
    /// The place of each endpoint of a list among all of it, and that list.
    places: (Arc<Inventory>, Vec<u32>),
    /// Whether hosts stand above, since there are several.
    pub hosts: bool,
}

/// Where an endpoint stands: its host, where there are several, or what it is where it is no path; and its segments.
fn way(e: &Endpoint, hosts: bool) -> impl Iterator<Item = &[u8]> {
    let root: Option<&[u8]> = match e.kind {
        OperationKind::Path if hosts => Some(e.host.as_deref().unwrap_or("any host").as_bytes()),
        OperationKind::Path => None,
        OperationKind::Webhook => Some(b"webhooks"),
        OperationKind::Callback => Some(b"callbacks"),
    };
    // A name or an expression is no way.
    let whole = e.kind != OperationKind::Path;
    let segments = e.path.as_bytes().split(move |b| *b == b'/' && !whole).filter(|s| !s.is_empty());
    root.into_iter().chain(segments)
}

fn compare(a: &Endpoint, b: &Endpoint, hosts: bool) -> Ordering {
    a.kind.cmp(&b.kind).then_with(|| way(a, hosts).cmp(way(b, hosts))).then_with(|| a.method.cmp(&b.method))
}

/// What grows, over endpoints in order.
struct Growth<'a> {
    list: &'a [Endpoint],
    order: &'a [u32],
    hosts: bool,
    branches: Vec<Branch>,
    lines: Vec<Line>,
}

impl<'a> Growth<'a> {
    fn at(&self, i: usize) -> Option<&'a Endpoint> {
        self.list.get(*self.order.get(i)? as usize)
    }

    /// Segment `n` on the way of endpoint `i`.
    fn segment(&self, i: usize, n: usize) -> Option<&'a [u8]> {
        way(self.at(i)?, self.hosts).nth(n)
    }

    /// The end of those from `from` that have segment `n` in common.
    fn alike(&self, from: usize, to: usize, n: usize) -> usize {
        let first = self.segment(from, n);
        (from + 1..to).find(|i| self.segment(*i, n) != first).unwrap_or(to)
    }

    /// The lines of a range whose ways have their first `above` segments in common.
    fn grow(&mut self, mut from: usize, to: usize, above: usize, depth: usize) {
        while from < to {
            let end = self.alike(from, to, above);
            if self.segment(from, above).is_none() || end - from == 1 || depth >= MOST_DEPTH {
                for i in from..end {
                    if let Some(endpoint) = self.order.get(i).copied() {
                        self.lines.push(Line::Leaf { endpoint, depth, above });
                    }
                }
            } else {
                let mut far = above + 1;
                // A branch that leads to a single other one is part of it.
                while self.segment(from, far).is_some() && self.alike(from, end, far) == end {
                    far += 1;
                }
                self.branch(from, end, (above, far), depth);
            }
            from = end;
        }
    }

    fn branch(&mut self, from: usize, to: usize, (above, far): (usize, usize), depth: usize) {
        let way = self.at(from).map(|e| way(e, self.hosts).take(far).map(<[u8]>::to_vec).collect()).unwrap_or_default();
        let mut branch = Branch {
            way,
            above,
            depth,
            endpoints: to - from,
            states: [0; State::ALL.len()],
            calls: 0,
            errors: 0,
            end: 0,
            range: (from, to),
        };
        for e in (from..to).filter_map(|i| self.at(i)) {
            branch.calls += e.requests;
            branch.errors += e.statuses.range(400..).map(|(_, n)| n).sum::<u64>();
            if let Some(n) = e.state.and_then(|s| branch.states.get_mut(s as usize)) {
                *n += 1;
            }
        }
        let number = self.branches.len();
        self.branches.push(branch);
        self.lines.push(Line::Branch(number));
        self.grow(from, to, far, depth + 1);
        self.branches[number].end = self.lines.len();
    }
}

impl Tree {
    /// Builds it over the endpoints that `rows` are indices of.
    pub fn build(&mut self, inventory: &Arc<Inventory>, rows: &[u32]) {
        let list = &inventory.endpoints;
        let places = &mut self.places;
        if !Arc::ptr_eq(&places.0, inventory) || places.1.len() != list.len() {
            let mut paths = list.iter().filter(|e| e.kind == OperationKind::Path);
            let first = paths.next();
            self.hosts = first.is_some_and(|first| paths.any(|e| e.host != first.host));
            let mut all: Vec<u32> = (0..u32::try_from(list.len()).unwrap_or(u32::MAX)).collect();
            all.sort_by(|a, b| compare(&list[*a as usize], &list[*b as usize], self.hosts));
            let mut place = vec![0; list.len()];
            for (at, i) in (0u32..).zip(&all) {
                place[*i as usize] = at;
            }
            *places = (Arc::clone(inventory), place);
        }
        self.order = rows.to_vec();
        self.order.sort_by_key(|i| places.1.get(*i as usize));
        let mut growth =
            Growth { list, order: &self.order, hosts: self.hosts, branches: Vec::new(), lines: Vec::new() };
        growth.grow(0, rows.len(), 0, 0);
        (self.branches, self.lines) = (growth.branches, growth.lines);
        self.fold();
    }

    /// How many lines are shown.
    pub fn rows(&self) -> usize {
        self.open.len()
    }

    /// Works out which lines are shown.
    fn fold(&mut self) {
        self.open.clear();
        let mut at = 0;
        while let Some(line) = self.lines.get(at) {
            self.open.push(at);
            at = match line {
                Line::Branch(n) if !self.is_open(*n) => self.branches[*n].end,
                _ => at + 1,
            };
        }
    }

    fn is_open(&self, branch: usize) -> bool {
        let Some(b) = self.branches.get(branch) else { return false };
        // What holds all there is tells nothing while it is folded.
        let at_first = self.order.len() <= SMALL || b.endpoints == self.order.len();
        at_first != self.turned.contains(&b.way)
    }

    fn line(&self, row: usize) -> Option<Line> {
        self.lines.get(*self.open.get(row)?).copied()
    }

    /// The endpoint on a row; `None` on a branch.
    pub fn endpoint(&self, row: usize) -> Option<u32> {
        match self.line(row)? {
            Line::Leaf { endpoint, .. } => Some(endpoint),
            Line::Branch(_) => None,
        }
    }

    /// The branch on a row.
    pub fn branch(&self, row: usize) -> Option<&Branch> {
        match self.line(row)? {
            Line::Branch(n) => self.branches.get(n),
            Line::Leaf { .. } => None,
        }
    }

    /// The endpoints of the branch on a row.
    pub fn endpoints(&self, row: usize) -> &[u32] {
        self.branch(row).and_then(|b| self.order.get(b.range.0..b.range.1)).unwrap_or_default()
    }

    /// The row of an endpoint, or of the folded branch that hides it.
    pub fn row_of(&self, endpoint: u32) -> Option<usize> {
        let line = self.lines.iter().position(|l| matches!(l, Line::Leaf { endpoint: e, .. } if *e == endpoint))?;
        Some(self.open.partition_point(|at| *at <= line).saturating_sub(1))
    }

    /// Opens or folds the branch on a row; false where there is none, or where it is so already.
    pub fn turn(&mut self, row: usize, open: bool) -> bool {
        let Some(Line::Branch(n)) = self.line(row) else { return false };
        if self.is_open(n) == open {
            return false;
        }
        let way = self.branches[n].way.clone();
        if !self.turned.remove(&way) {
            self.turned.insert(way);
        }
        self.fold();
        true
    }

    /// Whether the branch on a row is open.
    pub fn opened(&self, row: usize) -> Option<bool> {
        match self.line(row)? {
            Line::Branch(n) => Some(self.is_open(n)),
            Line::Leaf { .. } => None,
        }
    }

    /// The row of the branch that a row is in.
    pub fn above(&self, row: usize) -> Option<usize> {
        let line = *self.open.get(row)?;
        (0..row).rev().find(|r| matches!(self.line(*r), Some(Line::Branch(n)) if self.branches[n].end > line))
    }
}

impl Branch {
    /// Its path from the root, in display form.
    pub fn title(&self, hosts: bool) -> String {
        words(self.way.iter().map(Vec::as_slice), 0, hosts)
    }

    /// The worst state in it.
    pub fn worst(&self) -> Option<State> {
        State::ALL.into_iter().find(|s| self.states[*s as usize] > 0)
    }
}

/// The rest of a way after what stands above, in display form; the last of it where nothing is left. A host, and what is no
/// path, has no slash before it.
fn words<'a>(way: impl Iterator<Item = &'a [u8]>, above: usize, rooted: bool) -> String {
    let mut out = Vec::new();
    let all: Vec<&[u8]> = way.take(LINE_CAP).collect();
    let from = above.min(all.len().saturating_sub(1));
    for (i, segment) in all.iter().enumerate().skip(from) {
        if i > 0 || !rooted {
            out.push(b'/');
        }
        out.extend_from_slice(segment);
    }
    if out.is_empty() { "/".to_owned() } else { shown(&out) }
}

/// The lines as the table asks for them, over the columns that are shown.
pub(super) struct Branched<'a> {
    pub pane: &'a InventoryPane,
    pub columns: &'a [usize],
}

impl Rows for Branched<'_> {
    fn rows(&self) -> usize {
        self.pane.tree.rows()
    }

    fn marked(&self, row: usize) -> bool {
        let Some(endpoint) = self.pane.tree.endpoint(row).filter(|_| !self.pane.marked.is_empty()) else {
            return false;
        };
        self.pane.marked.contains(&key_of(&self.pane.list.endpoints[endpoint as usize]))
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let tree = &self.pane.tree;
        let column = self.columns[column];
        let indent = |depth: usize| "  ".repeat(depth.min(MOST_INDENT));
        let none = || Cell::new("", Role::Muted);
        match tree.line(row) {
            Some(Line::Leaf { endpoint, depth, above }) => {
                let e = &self.pane.list.endpoints[endpoint as usize];
                if column != 2 {
                    return cell(self.pane, e, column);
                }
                let name = match e.kind {
                    OperationKind::Path => words(way(e, tree.hosts), above, tree.hosts),
                    // Under its heading the name is all there is.
                    _ if above > 0 => shown(e.path.as_bytes()),
                    _ => format!("{} {}", e.kind.word(), shown(e.path.as_bytes())),
                };
                Cell::new(format!("{}  {name}", indent(depth)), Role::Text)
            }
            Some(Line::Branch(n)) => {
                let b = &tree.branches[n];
                match column {
                    0 => b.worst().map_or_else(none, state_cell),
                    2 => {
                        let sign = if tree.is_open(n) { "▾" } else { "▸" };
                        let rooted = tree.hosts || b.way.first().is_some_and(|w| w == b"webhooks" || w == b"callbacks");
                        let name = words(b.way.iter().map(Vec::as_slice), b.above, rooted);
                        Cell::new(
                            format!("{}{sign} {name}  ({})", indent(b.depth), count(b.endpoints as u64)),
                            Role::Title,
                        )
                    }
                    4 if b.calls > 0 => Cell::new(count(b.calls), Role::Muted),
                    5 if b.calls > 0 => {
                        Cell::new(format!("{:.1}", b.errors as f64 / b.calls as f64 * 100.0), Role::Muted)
                    }
                    _ => none(),
                }
            }
            None => none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Untrusted;

    fn list(all: &[(&str, &str, Option<State>)]) -> Arc<Inventory> {
        let endpoint = |(method, path, state): &(&str, &str, Option<State>)| Endpoint {
            method: (*method).to_owned(),
            path: Untrusted::from(*path),
            state: *state,
            requests: 3,
            ..Endpoint::default()
        };
        Arc::new(Inventory { endpoints: all.iter().map(endpoint).collect(), ..Inventory::default() })
    }

    fn lines(tree: &Tree, list: &Inventory) -> Vec<String> {
        (0..tree.rows())
            .map(|row| match tree.line(row).expect("a line") {
                Line::Branch(n) => {
                    let b = &tree.branches[n];
                    format!(
                        "{}{} {}",
                        " ".repeat(b.depth),
                        words(b.way.iter().map(Vec::as_slice), b.above, tree.hosts),
                        b.endpoints
                    )
                }
                Line::Leaf { endpoint, depth, above } => {
                    let e = &list.endpoints[endpoint as usize];
                    format!("{}{} {}", " ".repeat(depth), e.method, words(way(e, tree.hosts), above, tree.hosts))
                }
            })
            .collect()
    }

    #[test]
    fn ways_that_begin_alike_stand_under_one_branch() {
        let list = list(&[
            ("POST", "/v1/orders", Some(State::Documented)),
            ("GET", "/v1/orders/{id}/export", Some(State::Shadow)),
            ("GET", "/v1/orders", Some(State::Documented)),
            ("GET", "/v1/orders/{id}", None),
            ("GET", "/health", None),
            ("GET", "/", None),
        ]);
        let mut tree = Tree::default();
        tree.build(&list, &[0, 1, 2, 3, 4, 5]);
        let want = [
            "GET /",
            "GET /health",
            "/v1/orders 4",
            " GET /orders",
            " POST /orders",
            " /{id} 2",
            "  GET /{id}",
            "  GET /export",
        ];
        assert_eq!(lines(&tree, &list), want);
        let branch = tree.branch(2).expect("a branch");
        assert_eq!(
            (branch.worst(), branch.calls, branch.title(false)),
            (Some(State::Shadow), 12, "/v1/orders".to_owned())
        );
        assert_eq!(tree.endpoints(2), [2, 0, 3, 1]);
        assert!(tree.turn(5, false) && !tree.turn(5, false));
        assert_eq!(lines(&tree, &list), want[..6]);
        assert_eq!((tree.row_of(1), tree.above(5), tree.above(0)), (Some(5), Some(2), None));
        // What was folded stays so when the filter lets other rows through.
        tree.build(&list, &[1, 3]);
        assert_eq!(lines(&tree, &list), ["/v1/orders/{id} 2"]);
        tree.build(&list, &[0, 1, 2, 3, 4, 5]);
        assert_eq!(tree.rows(), 6);
        tree.build(&list, &[]);
        assert_eq!(tree.rows(), 0);
    }

    #[test]
    fn hosts_stand_above_where_there_are_several_and_large_trees_start_folded() {
        let mut all = Inventory::default();
        for i in 0..200 {
            all.endpoints.push(Endpoint {
                method: "GET".to_owned(),
                host: Some(if i < 100 { "a.test" } else { "b.test" }.to_owned()),
                path: Untrusted::from(format!("/x/{i}/y")),
                ..Endpoint::default()
            });
        }
        let list = Arc::new(all);
        let mut tree = Tree::default();
        tree.build(&list, &(0..200).collect::<Vec<_>>());
        assert_eq!(lines(&tree, &list), ["a.test/x 100", "b.test/x 100"]);
        assert!(tree.turn(1, true));
        assert_eq!(tree.rows(), 102);
    }

    #[test]
    fn a_way_without_end_is_no_trouble() {
        let deep = format!("/{}", "a/".repeat(20_000));
        let list = list(&[("GET", &deep, None), ("PUT", &deep, None), ("GET", "/a", None)]);
        let mut tree = Tree::default();
        tree.build(&list, &[0, 1, 2]);
        assert!(tree.rows() >= 3);
    }
}
