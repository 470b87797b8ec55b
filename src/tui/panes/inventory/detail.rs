//! What is known of one endpoint, as lines.

use std::fmt::Write as _;

use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::state::{state_words, title};
use super::tree::Branch;
use crate::app::Looked;
use crate::base::Stamp;
use crate::base::figure::{count, millis};
use crate::inventory::{Course, Endpoint, Inventory, Location, Operation, Seen, Shape, State};
use crate::tui::panes::Now;
use crate::tui::panes::text::Styled;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{Pen, clip, distance, shown, wrap};
use crate::tui::widgets::spark::{bar, spark};

/// Where what is said of a label begins.
const COLUMN: u16 = 14;
/// Statuses told apart.
const MOST_STATUSES: usize = 8;
/// Names of members in a schema are cut at this many cells, so that what is said of them stands in one column.
const NAME: usize = 24;

/// What the lines are made of.
pub(super) struct Facts<'a> {
    /// The endpoint.
    pub endpoint: &'a Endpoint,
    /// The list it is of.
    pub list: &'a Inventory,
    /// What its document says, once it was looked up.
    pub looked: Option<&'a Looked>,
    /// What it does not send although most of its host do.
    pub odd: Vec<String>,
    /// When it is looked at.
    pub now: Now,
}

/// Draws the lines from `top` on, which is brought to where the last of them is in view.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, facts: &Facts<'_>, top: &mut usize) {
    let all = lines(pen, facts, area.width);
    let page = usize::from(area.height);
    *top = (*top).min(all.len().saturating_sub(page));
    for (line, y) in all.iter().skip(*top).zip(area.top()..area.bottom()) {
        line.draw(pen, area.x, y, area.right());
    }
    let more = all.len().saturating_sub(*top + page);
    if more > 0 && area.height > 2 {
        let y = area.bottom() - 1;
        pen.blank(Rect { y, height: 1, ..area });
        pen.put(area.x, y, area.right(), &format!("… {} lines more: Ctrl+D, Ctrl+U", more + 1), Role::Muted);
    }
}

/// Draws what is known of all endpoints of a branch together.
pub(super) fn draw_branch(pen: &mut Pen<'_>, area: Rect, title: &str, branch: &Branch) {
    let mut out = Lines { pen, width: usize::from(area.width.max(1)), all: Vec::new() };
    out.wrapped(title, Role::Title);
    out.blank();
    out.said("endpoints", &count(branch.endpoints as u64), Role::Text);
    for (state, n) in State::ALL.into_iter().zip(branch.states).filter(|(_, n)| *n > 0) {
        out.said(state.word(), &count(n as u64), Role::of_state(state));
    }
    if branch.calls > 0 {
        out.said("calls", &count(branch.calls), Role::Text);
        let share = branch.errors as f64 / branch.calls as f64 * 100.0;
        out.said("errors", &format!("{share:.1} %"), Role::Text);
    }
    let all = out.all;
    for (line, y) in all.iter().zip(area.top()..area.bottom()) {
        line.draw(pen, area.x, y, area.right());
    }
}

/// Lines in the making. What is wrapped is masked before.
struct Lines<'p, 'b> {
    pen: &'p Pen<'b>,
    width: usize,
    all: Vec<Styled>,
}

impl Lines<'_, '_> {
    fn blank(&mut self) {
        self.all.push(Styled::default());
    }

    fn wrapped(&mut self, text: &str, role: Role) {
        self.all.extend(wrap(&self.pen.veil(text), self.width).into_iter().map(|l| Styled::new(l, role)));
    }

    /// A label, and what is said of it, in as many lines as it takes.
    fn said(&mut self, label: &str, text: &str, role: Role) {
        let rest = self.width.saturating_sub(usize::from(COLUMN));
        for (i, line) in wrap(&self.pen.veil(text), rest).into_iter().enumerate() {
            let label = if i == 0 { label } else { "" };
            self.all.push(Styled::new(label, Role::Muted).then(COLUMN, line, role));
        }
    }
}

/// The lines of an endpoint in a column of this width.
fn lines(pen: &Pen<'_>, facts: &Facts<'_>, width: u16) -> Vec<Styled> {
    let e = facts.endpoint;
    let mut out = Lines { pen, width: usize::from(width.max(1)), all: Vec::new() };
    out.wrapped(&title(e), Role::Title);
    out.wrapped(&state_words(e, facts.looked.and_then(|l| l.nearest.as_deref())), Role::Text);
    if let Some(summary) = facts.looked.and_then(|l| l.operation.summary.as_deref()) {
        out.wrapped(&clip(summary), Role::Muted);
    }
    out.blank();
    for text in &facts.odd {
        out.wrapped(text, Role::Warn);
    }
    if let Some(host) = &e.host {
        out.said("host", &clip(host), Role::Text);
    }
    declared(&mut out, e);
    traffic(&mut out, e, facts.now);
    for (i, l) in e.locations.iter().enumerate() {
        out.said(if i == 0 { "sources" } else { "" }, &place(l), Role::Text);
    }
    if let Some(looked) = facts.looked {
        operation(&mut out, &looked.operation);
    }
    let list = facts.list;
    let odd = list.problems.len() as u64 + list.unparsed.iter().map(|u| u.lines).sum::<u64>();
    if odd > 0 {
        out.blank();
        out.wrapped(&format!("{} oddities in the sources", count(odd)), Role::Muted);
    }
    out.all
}

/// Where it stands, as a person writes it.
pub(super) fn place(l: &Location) -> String {
    let mut text = clip(&l.source);
    if let Some(line) = l.line {
        let _ = write!(text, ":{line}");
    }
    if let Some(pointer) = &l.pointer {
        let _ = write!(text, " {}", shown(pointer.as_bytes()));
    }
    text
}

/// What its declaration says of it in the list.
fn declared(out: &mut Lines<'_, '_>, e: &Endpoint) {
    if !e.security.is_empty() {
        let words: Vec<String> = e.security.iter().map(|s| clip(s)).collect();
        out.said("security", &words.join(", "), Role::Text);
    } else if e.seen.has(Seen::SPEC) {
        out.said("security", "nothing declared", Role::Warn);
    }
    if e.deprecated || e.sunset.is_some() {
        let text = e.sunset.as_ref().map_or_else(|| "yes".to_owned(), |s| format!("sunset {}", clip(s)));
        out.said("deprecated", &text, Role::Warn);
    }
}

/// What traffic says of it.
fn traffic(out: &mut Lines<'_, '_>, e: &Endpoint, now: Now) {
    let ago = |s: Stamp| {
        u64::try_from(now.wall.unix() - s.unix()).map_or_else(|_| s.to_string(), |d| format!("{} ago", distance(d)))
    };
    if let (Some(first), Some(last)) = (e.first_seen, e.last_seen) {
        out.said("seen", &format!("first {}, last {}", ago(first), ago(last)), Role::Text);
    }
    if let Some(c) = e.credentials {
        let text = match (c.sent, c.none) {
            (_, 0) => "every call carried one".to_owned(),
            (0, _) => "no call carried one".to_owned(),
            (sent, none) => format!("{} calls with one, {} without", count(sent), count(none)),
        };
        out.said("credential", &text, if c.none > 0 { Role::Warn } else { Role::Text });
    }
    if let Some(l) = e.latency {
        let text = format!("p50 {}   p95 {}   p99 {}", millis(l.p50), millis(l.p95), millis(l.p99));
        out.said("latency ms", &text, Role::Text);
    }
    let most = e.statuses.values().copied().max().unwrap_or(1).max(1);
    let room = out.width.saturating_sub(30);
    for (i, (status, n)) in e.statuses.iter().take(MOST_STATUSES).enumerate() {
        let text = format!("{status} {} {}", bar(*n as f64 / most as f64, room), count(*n));
        out.said(if i == 0 { "statuses" } else { "" }, &text, Role::of_status(*status));
    }
    if let Some(course) = e.course.as_ref().filter(|c| c.stretches.len() > 1) {
        chart(out, course);
    }
}

/// Calls, errors and latency over time, one column a stretch.
fn chart(out: &mut Lines<'_, '_>, course: &Course) {
    let width = out.width.saturating_sub(usize::from(COLUMN) + 12);
    let mut row = |label: &str, values: Vec<f64>, most: &dyn Fn(f64) -> String, role| {
        let max = values.iter().copied().fold(0.0, f64::max);
        if max > 0.0 {
            let line = Styled::new(label, Role::Muted).then(COLUMN, spark(&values, width), role);
            let shown = u16::try_from(values.len().min(width)).unwrap_or(0);
            out.all.push(line.then(COLUMN + shown + 2, format!("≤ {}", most(max)), Role::Muted));
        }
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts that were made floats")]
    let whole = |n: f64| count(n as u64);
    let all = &course.stretches;
    row("calls", all.iter().map(|s| s.requests as f64).collect(), &whole, Role::Chart1);
    row("errors", all.iter().map(|s| s.errors as f64).collect(), &whole, Role::Error);
    row("mean ms", all.iter().map(|s| s.mean_ms.unwrap_or(0.0)).collect(), &millis, Role::Chart2);
    // Where there is no room for all of them the first are left out.
    let cut = i64::try_from(all.len().saturating_sub(width) as u64 * course.seconds).unwrap_or(0);
    let since = Stamp::from_unix(course.since.unix() + cut).unwrap_or(course.since).to_string();
    let since = since.get(..16).unwrap_or(&since).replace('T', " ");
    out.said("", &format!("from {since}, {} each", span(course.seconds)), Role::Muted);
}

/// A length of time in the unit that tells most of it.
fn span(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        7_200..=172_799 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", count(seconds / 86_400)),
    }
}

/// Parameters and bodies.
fn operation(out: &mut Lines<'_, '_>, operation: &Operation) {
    if !operation.parameters.is_empty() {
        out.blank();
        out.wrapped("parameters", Role::Title);
        for p in &operation.parameters {
            let said = format!("{}, {}", p.place.word(), clip(&p.hint));
            member(out, 0, &clip(&p.name), p.required, &said);
        }
    }
    for Shape { title, lines } in &operation.shapes {
        out.blank();
        out.wrapped(&clip(title), Role::Title);
        if lines.is_empty() {
            out.all.push(Styled::default().then(2, "no body declared", Role::Muted));
        }
        for l in lines {
            member(out, l.depth, &clip(&l.name), l.required, &clip(&l.what));
        }
    }
    for note in &operation.notes {
        out.wrapped(&clip(note), Role::Muted);
    }
}

/// One member: its name indented, and what is said of it beside. A `*` stands after what is required.
fn member(out: &mut Lines<'_, '_>, depth: usize, name: &str, required: bool, said: &str) {
    let indent = u16::try_from(2 + 2 * depth).unwrap_or(2);
    let name = format!("{name}{}", if required { "*" } else { "" });
    // A long name pushes what is said of it on.
    let after = usize::from(indent) + name.width() + 1;
    let column = if name.is_empty() { usize::from(indent) } else { after.max(NAME) };
    let column = u16::try_from(column).unwrap_or(u16::MAX);
    let mut line = Styled::default().then(indent, name, Role::JsonKey);
    line = line.then(column, said.to_owned(), Role::Text);
    out.all.push(line);
}
