//! What lies above the panes: help, palette, command line, log, and text shown whole.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::guard::GuardView;
use super::input::Field;
use super::jar::JarView;
use super::laid::LaidView;
use super::masked::Masked;
use super::palette::matches;
use super::past::Past;
use super::pen::{Pen, wrap};
use super::table::{Cursor, Move};
use crate::app::Ask;
use crate::base::{Secret, Stamp};
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::{ACTIONS, Action, Context, Spec, spec};
use crate::tui::panes::composer::GO;
use crate::tui::theme::Role;

/// One layer. Only the topmost takes keys.
pub enum Layer {
    /// Every key of these contexts, then all others.
    Help(Vec<Context>, Cursor),
    /// Actions by a few letters.
    Palette(Field, Cursor),
    /// `:`
    Command(Field),
    /// The passphrase of the vault.
    Passphrase(Masked),
    /// The notices of this run, newest last.
    Log(Cursor),
    /// A heading and lines, wrapped when drawn.
    Text(String, Vec<String>, Cursor),
    /// The same of what would be sent, with a key that sends it.
    Plan(String, Vec<String>, Cursor, Action),
    /// What guards this run.
    Guard(GuardView),
    /// What was sent.
    Past(Past),
    /// The cookies of an identity.
    Jar(JarView),
    /// Replies side by side.
    Laid(LaidView),
}

/// What came of a key given to a layer.
pub enum Outcome {
    /// The layer stays.
    Stays,
    /// The layer closes.
    Closes,
    /// The layer closes and this action is done, with its argument.
    Does(Action, String),
    /// The layer closes, and this action waits on the command line for its argument, of which this is typed already.
    Types(Action, String),
    /// The layer stays, and the app is asked.
    Asks(Ask),
    /// The layer stays, and this is done.
    Gives(Box<Effect>),
    /// The layer closes, and the app is asked.
    AsksAndCloses(Ask),
    /// The layer closes, and this passphrase was typed in it.
    Unlocks(Secret),
    /// A command that is not known.
    Unknown(String),
}

impl Layer {
    /// True while the layer takes text.
    pub fn editing(&self) -> bool {
        matches!(self, Self::Palette(..) | Self::Command(_) | Self::Passphrase(_))
    }

    /// The keys that are this layer's own.
    pub fn context(&self) -> Option<Context> {
        match self {
            Self::Guard(_) => Some(Context::Guard),
            Self::Past(_) => Some(Context::Past),
            Self::Jar(_) => Some(Context::Jar),
            Self::Laid(_) => Some(Context::Laid),
            Self::Plan(..) => Some(Context::Plan),
            _ => None,
        }
    }

    /// Takes a key of a layer that takes text, once `Esc` and `Enter` were looked at.
    pub fn key(&mut self, key: KeyEvent) {
        match self {
            Self::Palette(field, cursor) => {
                let changed = field.key(key);
                // What was chosen among other matches means nothing among these.
                *cursor = if changed { Cursor::default() } else { *cursor };
            }
            Self::Command(field) => {
                field.key(key);
            }
            Self::Passphrase(field) => field.key(key),
            _ => {}
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        match self {
            Self::Palette(field, _) | Self::Command(field) => field.paste(text),
            Self::Passphrase(field) => field.paste(text),
            _ => {}
        }
    }

    /// Does an action; `reveal` is whether secrets are shown.
    pub fn act(&mut self, action: Action, step: Option<Move>, reveal: bool) -> Outcome {
        match (self, action) {
            (_, Action::Close | Action::Leave | Action::Back) => Outcome::Closes,
            (Self::Plan(_, _, _, does), Action::SendPlan) => Outcome::Does(*does, GO.to_owned()),
            (Self::Guard(view), _) => view.act(action, step),
            (Self::Past(past), _) => past.act(action, step),
            (Self::Jar(jar), _) => jar.act(action, step, reveal),
            (Self::Laid(view), _) => view.act(action, step, reveal),
            (Self::Palette(field, cursor), Action::Done) => match matches(field.text()).get(cursor.at) {
                Some(s) => Outcome::Does(s.action, String::new()),
                None => Outcome::Stays,
            },
            (Self::Palette(field, cursor), Action::FieldNext | Action::FieldPrevious) => {
                let step = if action == Action::FieldNext { Move::Down } else { Move::Up };
                cursor.go(step, matches(field.text()).len());
                Outcome::Stays
            }
            (Self::Palette(field, cursor), _) => {
                if let Some(step) = step {
                    cursor.go(step, matches(field.text()).len());
                }
                Outcome::Stays
            }
            (Self::Command(field), Action::FieldNext) => {
                // Tab completes a name as far as it is the only one.
                let found: Vec<&Spec> = commands(field.text()).collect();
                if let [only] = found[..] {
                    let space = if only.argument.is_some() { " " } else { "" };
                    *field = Field::new(&format!("{}{space}", only.id));
                }
                Outcome::Stays
            }
            (Self::Command(field), Action::Done) => {
                let text = field.text().trim().trim_start_matches(':');
                let (name, argument) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
                match crate::tui::keymap::named(name) {
                    _ if name.is_empty() => Outcome::Closes,
                    Some(s) => Outcome::Does(s.action, argument.trim().to_owned()),
                    None => Outcome::Unknown(name.to_owned()),
                }
            }
            (Self::Passphrase(field), Action::Done) => Outcome::Unlocks(field.take()),
            (Self::Help(_, c) | Self::Log(c) | Self::Text(_, _, c) | Self::Plan(_, _, c, _), _) => {
                if let Some(step) = step {
                    // The window is moved, not a row; drawing, which knows how many lines there are, clamps it.
                    c.go(step, usize::MAX / 2);
                }
                Outcome::Stays
            }
            _ => Outcome::Stays,
        }
    }

    /// Draws the layer over `area`.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, log: &[(Level, String)], now: Stamp) {
        match self {
            Self::Command(_) | Self::Passphrase(_) => {}
            Self::Guard(view) => view.draw(pen, area, now),
            Self::Past(past) => past.draw(pen, area),
            Self::Jar(jar) => jar.draw(pen, area),
            Self::Laid(view) => view.draw(pen, area),
            Self::Help(contexts, cursor) => lines(pen, area, "keys", &help(contexts), cursor),
            Self::Log(cursor) => {
                let rows: Vec<(String, String, Role)> = log
                    .iter()
                    .rev()
                    .map(|(level, text)| {
                        let (word, role) = level_word(*level);
                        (word.to_owned(), text.clone(), role)
                    })
                    .collect();
                let empty = [(String::new(), "nothing was said yet".to_owned(), Role::Muted)];
                lines(pen, area, "log, newest first", if rows.is_empty() { &empty } else { &rows }, cursor);
            }
            Self::Text(title, text, cursor) | Self::Plan(title, text, cursor, _) => {
                let rows: Vec<(String, String, Role)> =
                    text.iter().map(|t| (String::new(), t.clone(), Role::Text)).collect();
                lines(pen, area, title, &rows, cursor);
            }
            Self::Palette(field, cursor) => palette(pen, area, field, cursor),
        }
    }
}

/// The word and role of a level.
pub fn level_word(level: Level) -> (&'static str, Role) {
    match level {
        Level::Info => ("info", Role::Info),
        Level::Warn => ("warn", Role::Warn),
        Level::Error => ("error", Role::Error),
    }
}

/// Commands whose name starts with what was typed.
pub fn commands(typed: &str) -> impl Iterator<Item = &'static Spec> {
    ACTIONS.iter().filter(move |s| {
        !typed.is_empty()
            && s.id.starts_with(typed)
            && !matches!(
                s.context,
                Context::Move | Context::Field | Context::FilterLine | Context::Layer | Context::Scope
            )
    })
}

fn help(contexts: &[Context]) -> Vec<(String, String, Role)> {
    let mut order: Vec<Context> = contexts.to_vec();
    for s in ACTIONS {
        if !order.contains(&s.context) {
            order.push(s.context);
        }
    }
    let mut out = Vec::new();
    for (i, context) in order.iter().enumerate() {
        if i > 0 {
            out.push((String::new(), String::new(), Role::Text));
        }
        out.push((context.word().to_owned(), String::new(), Role::Title));
        for s in ACTIONS.iter().filter(|s| s.context == *context) {
            let keys = if s.keys.is_empty() {
                format!(":{}{}", s.id, s.argument.map(|a| format!(" {a}")).unwrap_or_default())
            } else {
                s.keys.join(" ")
            };
            out.push((keys, spec(s.action).help.to_owned(), Role::Key));
        }
    }
    out
}

/// A box in the middle of `area`, as high as what it holds needs.
pub(super) fn frame(pen: &mut Pen<'_>, area: Rect, title: &str, rows: usize) -> Rect {
    let width = area.width.saturating_sub(4).min(104);
    let wanted = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2);
    let height = area.height.saturating_sub(2).min(wanted).max(area.height.min(3));
    let outer = Rect {
        x: area.x + area.width.saturating_sub(width) / 2,
        y: area.y + area.height.saturating_sub(height) / 2,
        width,
        height,
    };
    pen.blank(outer);
    let (right, bottom) = (outer.right(), outer.bottom());
    if width < 2 || height < 2 {
        return Rect { width: 0, height: 0, ..outer };
    }
    let across = "─".repeat(usize::from(width - 2));
    pen.put(outer.x, outer.y, right, &format!("┌{across}┐"), Role::Border);
    pen.put(outer.x, bottom - 1, right, &format!("└{across}┘"), Role::Border);
    for y in outer.y + 1..bottom - 1 {
        pen.put(outer.x, y, right, "│", Role::Border);
        pen.put(right - 1, y, right, "│", Role::Border);
    }
    pen.put(outer.x + 2, outer.y, right - 2, &format!(" {title} "), Role::Title);
    Rect { x: outer.x + 2, y: outer.y + 1, width: width.saturating_sub(4), height: height - 2 }
}

fn lines(pen: &mut Pen<'_>, area: Rect, title: &str, rows: &[(String, String, Role)], cursor: &mut Cursor) {
    let keys = rows.iter().map(|(k, _, _)| k.chars().count()).max().unwrap_or(0).min(24);
    let column = if keys == 0 { 0 } else { u16::try_from(keys).unwrap_or(24) + 2 };
    let width = area.width.saturating_sub(8).min(100).saturating_sub(column);
    let rows: Vec<(&str, String, Role)> = rows
        .iter()
        .flat_map(|(key, text, role)| {
            let lines = wrap(text, usize::from(width));
            lines.into_iter().enumerate().map(move |(i, l)| (if i == 0 { key.as_str() } else { "" }, l, *role))
        })
        .collect();
    let inner = frame(pen, area, title, rows.len());
    let page = usize::from(inner.height);
    // The cursor is the first line in view here.
    cursor.at = cursor.at.min(rows.len().saturating_sub(page));
    cursor.page = page;
    cursor.top = cursor.at;
    for (i, (key, text, role)) in rows.iter().skip(cursor.top).take(page).enumerate() {
        let y = inner.y + u16::try_from(i).unwrap_or(0);
        pen.put(inner.x, y, (inner.x + column).min(inner.right()), key, *role);
        pen.put(inner.x + column, y, inner.right(), text, Role::Text);
    }
    if rows.len() > page && page > 0 {
        let place = format!(" {} to {} of {} ", cursor.top + 1, (cursor.top + page).min(rows.len()), rows.len());
        pen.right(inner.x, inner.bottom(), inner.right(), &place, Role::Muted);
    }
}

fn palette(pen: &mut Pen<'_>, area: Rect, field: &Field, cursor: &mut Cursor) {
    let found = matches(field.text());
    let inner = frame(pen, area, "palette", usize::from(area.height));
    if inner.height == 0 {
        return;
    }
    let x = pen.put(inner.x, inner.y, inner.right(), "> ", Role::Accent);
    field.draw(pen, Rect { x, width: inner.right().saturating_sub(x), height: 1, ..inner }, None);
    let list = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
    cursor.window(usize::from(list.height), found.len());
    for (i, s) in found.iter().enumerate().skip(cursor.top).take(usize::from(list.height)) {
        let y = list.y + u16::try_from(i - cursor.top).unwrap_or(0);
        pen.put(list.x, y, list.right(), s.id, Role::Key);
        pen.put(list.x + 20, y, list.right(), s.keys.first().copied().unwrap_or(""), Role::Accent);
        pen.put(list.x + 31, y, list.right(), s.help, Role::Text);
        if i == cursor.at {
            pen.shade(Rect { y, height: 1, ..list }, Role::Selection);
        }
    }
}
