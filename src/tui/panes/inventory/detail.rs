//! What is known of one endpoint.

use std::fmt::Write as _;

use ratatui::layout::Rect;

use crate::base::Stamp;
use crate::base::figure::{count, millis};
use crate::inventory::{Endpoint, Inventory, Location, OperationKind, Seen, State};
use crate::tui::panes::Now;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{Pen, clip, distance, shown, wrap};
use crate::tui::widgets::spark::bar;

/// Method and path.
pub(super) fn title(e: &Endpoint) -> String {
    format!("{} {}", clip(&e.method), shown(e.path.as_bytes()))
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

/// What its state means.
pub(super) fn state_sentence(e: &Endpoint) -> &'static str {
    if e.kind != OperationKind::Path {
        return "Declared as what the API itself calls; no request to the API is judged by it.";
    }
    match e.state {
        Some(State::Shadow) => "Answers, and no specification given declares its path.",
        Some(State::ShadowMethod) => "Answers; its path is declared, but not with this method.",
        Some(State::Zombie) => "Deprecated or past its sunset, and still answers.",
        Some(State::Documented) => "Declared, and answers where traffic was given.",
        Some(State::Ghost) => "Declared, and nobody called it in the window of the logs.",
        None => "The sources given cannot tell: load both a specification and a log.",
    }
}

/// Draws it.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, e: &Endpoint, list: &Inventory, odd: &[String], now: Now) {
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
    for text in wrap(state_sentence(e), usize::from(area.width.max(1))) {
        line(pen, &text, "", Role::Text);
    }
    line(pen, "", "", Role::Text);
    for text in odd.iter().flat_map(|t| wrap(t, usize::from(area.width.max(1)))) {
        line(pen, &text, "", Role::Warn);
    }
    let ago = |s: Stamp| {
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
