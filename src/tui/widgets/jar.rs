//! The cookies of an identity, above the panes: what is kept and where it goes; they are set, edited and removed here.

use std::fmt::Write as _;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::layers::{Outcome, frame};
use super::pen::{Pen, clip, shown};
use super::table::{self, Cell, Column, Cursor, Move, Rows, Width};
use crate::app::Ask;
use crate::app::cookies::{Cookie, Held};
use crate::base::figure::count;
use crate::base::secret::MASK;
use crate::tui::keymap::{Action, spec};
use crate::tui::theme::Role;

const COLUMNS: &[Column] = &[
    Column { head: "name", width: Width::Fixed(18), right: false },
    Column { head: "value", width: Width::Fill, right: false },
    Column { head: "goes to", width: Width::Fixed(26), right: false },
    Column { head: "flags", width: Width::Fixed(20), right: false },
    Column { head: "until UTC", width: Width::Fixed(16), right: false },
];
/// The same without what there is no room for.
const NARROW: &[Column] = &[
    Column { head: "name", width: Width::Fixed(12), right: false },
    Column { head: "value", width: Width::Fixed(7), right: false },
    Column { head: "goes to", width: Width::Fill, right: false },
    Column { head: "flags", width: Width::Fixed(11), right: false },
    Column { head: "until", width: Width::Fixed(10), right: false },
];
/// From this width on every column is shown.
const ROOMY: u16 = 96;

/// The jar as it was told last, and the cookie under the cursor.
pub struct JarView {
    /// What it shows.
    pub held: Arc<Held>,
    cursor: Cursor,
}

struct Shown<'a> {
    all: &'a [(Cookie, bool)],
    roomy: bool,
    reveal: bool,
}

impl Rows for Shown<'_> {
    fn rows(&self) -> usize {
        self.all.len()
    }

    fn cell(&self, row: usize, column: usize) -> Cell {
        let Some((c, _)) = self.all.get(row) else { return Cell::new("", Role::Text) };
        match column {
            0 => Cell::new(shown(c.name.as_bytes()), Role::JsonKey),
            1 if self.reveal => Cell::new(shown(c.value.expose()), Role::Text),
            1 => Cell::new(MASK, Role::Muted),
            2 => {
                let below = if c.host_only { "" } else { "*." };
                Cell::new(clip(&format!("{below}{}{}", c.domain, c.path)), Role::Text)
            }
            3 => {
                let mut flags = Vec::new();
                flags.extend(c.secure.then_some(if self.roomy { "Secure" } else { "S" }));
                flags.extend(c.http_only.then_some(if self.roomy { "HttpOnly" } else { "H" }));
                flags.extend(c.same_site);
                Cell::new(flags.join(" "), Role::Muted)
            }
            _ => match c.until {
                Some(until) => {
                    let text: String = until.to_string().replace('T', " ").chars().take(16).collect();
                    Cell::new(text, Role::Text)
                }
                None => Cell::new("this run", Role::Muted),
            },
        }
    }

    fn marked(&self, row: usize) -> bool {
        self.all.get(row).is_some_and(|(_, fresh)| *fresh)
    }
}

impl JarView {
    /// The view of a jar.
    pub fn new(held: Arc<Held>) -> Self {
        Self { held, cursor: Cursor::default() }
    }

    /// Does an action. A cookie that is edited stands on the command line as it is set, its value only while secrets are shown.
    pub fn act(&mut self, action: Action, step: Option<Move>, reveal: bool) -> Outcome {
        if let Some(step) = step {
            self.cursor.go(step, self.held.all.len());
            return Outcome::Stays;
        }
        let under = self.held.all.get(self.cursor.at).map(|(cookie, _)| cookie);
        match action {
            Action::SetCookie => Outcome::Types(action, String::new()),
            Action::EditCookie => match under {
                Some(cookie) => Outcome::Types(Action::SetCookie, line(cookie, reveal)),
                None => Outcome::Types(Action::SetCookie, String::new()),
            },
            Action::RemoveCookie => match under {
                Some(cookie) => Outcome::Asks(Ask::RemoveCookie(self.held.identity.clone(), Box::new(cookie.clone()))),
                None => Outcome::Stays,
            },
            Action::CookiesEverywhere => {
                Outcome::Asks(Ask::CookiesEverywhere(self.held.identity.clone(), !self.held.everywhere))
            }
            _ => Outcome::Stays,
        }
    }

    /// Draws it over `area`.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect) {
        let held = Arc::clone(&self.held);
        let whose = held.identity.as_deref().map_or_else(|| "nobody".to_owned(), clip);
        let inner = frame(pen, area, &format!("cookies of {whose}"), held.all.len().max(1) + 3);
        if inner.height == 0 {
            return;
        }
        let (goes, role) = if held.everywhere {
            ("sent with every request they are for", Role::Warn)
        } else {
            ("sent on redirects alone; w: with every request", Role::Muted)
        };
        let mut x = pen.put(inner.x, inner.y, inner.right(), goes, role);
        if held.all.iter().any(|(_, fresh)| *fresh) {
            x = pen.put(x + 3, inner.y, inner.right(), "* by the last reply", Role::Accent);
        }
        pen.right(x, inner.y, inner.right(), &count(held.all.len() as u64), Role::Muted);
        let list = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
        if held.all.is_empty() {
            let key = spec(Action::SetCookie).keys.first().copied().unwrap_or_default();
            let words = format!("no reply set one yet; {key} sets one by hand");
            pen.put(inner.x, list.y.min(inner.bottom() - 1), inner.right(), &words, Role::Muted);
            return;
        }
        let roomy = inner.width >= ROOMY;
        let columns = if roomy { COLUMNS } else { NARROW };
        let list = Rect { x: inner.x.saturating_sub(1), width: inner.width + 1, ..list };
        let rows = Shown { all: &held.all, roomy, reveal: pen.reveal };
        table::draw(pen, list, columns, &mut self.cursor, &rows, true);
    }
}

/// A cookie as it would be set anew.
fn line(c: &Cookie, reveal: bool) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut line = format!("https://{} {}=", c.domain, text(c.name.as_bytes()));
    if reveal {
        line.push_str(&text(c.value.expose()));
    }
    if !c.host_only {
        let _ = write!(line, "; Domain={}", c.domain);
    }
    let _ = write!(line, "; Path={}", c.path);
    for (flag, there) in [("Secure", c.secure), ("HttpOnly", c.http_only)] {
        if there {
            let _ = write!(line, "; {flag}");
        }
    }
    line
}
