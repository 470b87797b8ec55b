//! The lines that are always there: who and where, the panes, and the keys of here.

use ratatui::layout::Rect;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

use super::effect::PaneId;
use super::keymap::{self, Context};
use super::panes::Now;
use super::root::{Root, SMALLEST};
use super::theme::Role;
use super::widgets::layers::{Layer, commands, level_word};
use super::widgets::pen::{Pen, clip, fit};
use crate::app::VaultState;

/// From this width on names are written whole.
const ROOMY: u16 = 100;

/// What is shown where nothing else fits.
pub fn too_small(pen: &mut Pen<'_>, area: Rect) {
    let text = format!(
        "lunette needs {} by {} cells; this is {} by {}. Ctrl+C leaves.",
        SMALLEST.0, SMALLEST.1, area.width, area.height
    );
    pen.wrapped(area, &text, Role::Text);
}

/// The words for an empty scope.
const NO_SCOPE: &str = "none";

/// Lines 1 and 2.
pub fn top(pen: &mut Pen<'_>, area: Rect, root: &mut Root) {
    let roomy = area.width >= ROOMY;
    let gap = if roomy { 3 } else { 2 };
    let running = match (root.panes.inventory.progress(roomy), root.work.running.len()) {
        (Some(text), 0) => text,
        (Some(text), n) => format!("{n} running   {text}"),
        (None, n) => format!("{n} running"),
    };
    let end = area.right().saturating_sub(1);
    let width = u16::try_from(running.width()).unwrap_or(u16::MAX);
    let cut = end.saturating_sub(width.saturating_add(2)).max(area.x + area.width / 3);
    let mut x = pen.put(area.x + 1, area.y, cut, "lunette", Role::Title) + 2;
    x = pen.put(x, area.y, cut, &clip(&root.start.workspace), Role::Text) + gap;
    // Where there is little room the scope comes last: it is the longest, and Ctrl+G has it whole.
    let scope = scope(root);
    let (before, after) = if roomy { (Some(scope), None) } else { (None, Some(scope)) };
    for (lead, words, role) in switches(root).into_iter().chain(before).chain(standing(root)).chain(after) {
        x = pen.put(x, area.y, cut, lead, Role::Muted);
        x = pen.put(x, area.y, cut, &words, role) + gap;
    }
    let idle = root.work.running.is_empty() && !root.panes.inventory.loading();
    pen.right(cut + 1, area.y, end, &running, if idle { Role::Muted } else { Role::Pending });

    let y = area.y + 1;
    let at = root.at;
    let mut x = area.x + 1;
    for (pane, from, text) in tabs(area.width) {
        x = pen.put(from, y, end, &text, if pane == at { Role::TabActive } else { Role::Text });
    }
    let status = root.pane().status();
    let space = usize::from(end.saturating_sub(x + 2));
    pen.right(x + 2, y, end, &fit(&status, space), Role::Muted);
}

/// Words of line 1: what stands before them, they, and what they are.
type Words = (&'static str, String, Role);

/// What changes what is sent or kept, loudest first.
fn switches(root: &Root) -> Vec<Words> {
    let guard = root.work.guard.as_ref();
    [
        (guard.is_some_and(|g| g.halted), "STOPPED", Role::Error),
        (root.work.unkept.is_some(), "history waits for the disk", Role::Error),
        (root.reveal, "secrets shown", Role::Warn),
        (guard.is_some_and(|g| g.read_only), "read-only", Role::Warn),
    ]
    .into_iter()
    .filter(|(on, ..)| *on)
    .map(|(_, words, role)| ("", words.to_owned(), role))
    .collect()
}

fn scope(root: &Root) -> Words {
    let mut words = clip(&root.start.scope);
    match root.work.admitted {
        0 => {}
        n if root.start.scope == NO_SCOPE => words = format!("{n} admitted"),
        n => {
            let _ = write!(words, " +{n}");
        }
    }
    ("scope ", words, Role::Accent)
}

/// As whom is sent, and how the vault stands.
fn standing(root: &Root) -> Vec<Words> {
    let who = &root.panes.composer.who;
    let mut out = Vec::new();
    if !who.is_empty() {
        let (lead, role) = if who.name().is_some() { ("as ", Role::Accent) } else { ("", Role::Muted) };
        out.push((lead, who.words(), role));
    }
    match root.vault {
        VaultState::None => {}
        VaultState::Locked => out.push(("", "vault locked".to_owned(), Role::Muted)),
        VaultState::Open => out.push(("", "vault open".to_owned(), Role::Ok)),
    }
    out
}

/// The tabs of line 2 with their columns.
fn tabs(width: u16) -> impl Iterator<Item = (PaneId, u16, String)> {
    let roomy = width >= ROOMY;
    let gap = if roomy { 2 } else { 1 };
    let mut x = 1;
    PaneId::ALL.into_iter().enumerate().map(move |(i, pane)| {
        let word = if roomy { pane.word() } else { &pane.word()[..3] };
        let text = format!("{} {word}", i + 1);
        let from = x;
        x += u16::try_from(text.len()).unwrap_or(0) + gap;
        (pane, from, text)
    })
}

/// The pane whose tab stands at a column of line 2.
pub fn tab_at(x: u16, width: u16) -> Option<PaneId> {
    tabs(width)
        .find(|(_, from, text)| (*from..*from + u16::try_from(text.len()).unwrap_or(0)).contains(&x))
        .map(|(pane, _, _)| pane)
}

/// The last line: a field, a question, a notice, or the keys of here.
pub fn last(pen: &mut Pen<'_>, area: Rect, root: &mut Root, now: Now) {
    let row = Rect { x: area.x + 1, y: area.bottom() - 1, width: area.width.saturating_sub(2), height: 1 };
    let contexts = root.contexts();
    if let Some(Layer::Command(field)) = root.layers.last() {
        let x = pen.put(row.x, row.y, row.right(), ":", Role::Accent);
        let typed = field.text().split_whitespace().next().unwrap_or_default().to_owned();
        let exact = keymap::named(&typed);
        let hint = match exact {
            Some(s) => format!("{} {}", s.argument.unwrap_or(""), s.help).trim().to_owned(),
            None => commands(&typed).map(|s| s.id).take(8).collect::<Vec<_>>().join("  "),
        };
        return with_hint(pen, row, x, field, None, &hint, Role::Muted);
    }
    if let Some(Layer::Passphrase(field)) = root.layers.last() {
        let x = pen.put(row.x, row.y, row.right(), "passphrase of the vault ", Role::Accent);
        return field.draw(pen, Rect { x, width: row.right().saturating_sub(x), ..row });
    }
    if root.layers.is_empty() {
        if let Some(prompt) = root.pane().prompt() {
            let x = pen.put(row.x, row.y, row.right(), prompt.lead, Role::Accent);
            let (mark, text, role) = match &prompt.error {
                Some((at, what)) => (Some(*at), format!("at {}: {}", at + 1, clip(what)), Role::Error),
                None => (None, prompt.hint.clone(), Role::Muted),
            };
            return with_hint(pen, row, x, prompt.field, mark, &text, role);
        }
        if let Some((origin, reason)) = root.work.questions.first() {
            let host = clip(&origin.host_port());
            let keys = match contexts.contains(&Context::Scope) {
                true if area.width < ROOMY => "a admit, Esc refuse",
                true => "a admit for this run, Esc refuse",
                false => "leave the field to answer",
            };
            let x = pen.put(row.x, row.y, row.right(), &format!("{host} is not in scope — {keys}"), Role::Warn);
            // Where it leads is what the answer hangs on: it is put shorter before it is cut.
            let reason = clip(reason);
            let left = usize::from(row.right().saturating_sub(x + 2));
            let reason = if reason.width() > left { reason.replace(" address", "") } else { reason };
            pen.put(x + 2, row.y, row.right(), &reason, Role::Muted);
            return;
        }
    }
    if let Some((level, text)) = root.notices.current(now.instant) {
        let (word, role) = level_word(*level);
        let x = pen.put(row.x, row.y, row.right(), word, role) + 2;
        pen.put(x, row.y, row.right(), text, Role::Text);
        return;
    }
    let help = "? help";
    let end = row.right().saturating_sub(u16::try_from(help.len()).unwrap_or(0) + 2);
    let mut x = row.x;
    for (key, label) in keymap::hints(&contexts) {
        let width = u16::try_from(key.width() + 1 + label.width()).unwrap_or(u16::MAX);
        if x.saturating_add(width) > end {
            // Hints are cut whole.
            pen.put(x.min(end), row.y, end + 1, "…", Role::Muted);
            break;
        }
        x = pen.put(x, row.y, end, key, Role::Key) + 1;
        x = pen.put(x, row.y, end, label, Role::Muted) + 2;
    }
    if !contexts.contains(&Context::Field) && !contexts.contains(&Context::Layer) {
        pen.right(end, row.y, row.right(), help, Role::Key);
    }
}

fn with_hint(
    pen: &mut Pen<'_>,
    row: Rect,
    x: u16,
    field: &super::widgets::input::Field,
    mark: Option<usize>,
    hint: &str,
    role: Role,
) {
    let cells = |text: &str| u16::try_from(text.width()).unwrap_or(u16::MAX);
    // The field keeps what it needs, up to half of the line, whatever is to be said beside it.
    let needs = (x - row.x).saturating_add(cells(field.text()).saturating_add(3)).min(row.width / 2);
    let split = row.right().saturating_sub(cells(hint).min(row.width - needs));
    let field_width = split.saturating_sub(x + 2);
    field.draw(pen, Rect { x, width: field_width, ..row }, mark);
    pen.put(split, row.y, row.right(), hint, role);
}
