//! The panes. State, update and drawing of each live together in one file.

pub mod composer;
pub mod inventory;
pub mod plain;
pub mod rate;
pub mod text;
pub mod token;

use std::time::Instant;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::effect::Effect;
use super::keymap::{Action, Context, is_text};
use super::widgets::pen::Pen;
use super::widgets::table::Move;
use crate::base::Stamp;

/// What an update may know beside its own state.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// Monotonic time.
    pub instant: Instant,
    /// Wall time.
    pub wall: Stamp,
}

/// One pane. Reducers return effects; `None` means that the action is not this pane's.
pub trait Pane {
    /// Where the keys go, innermost first.
    fn contexts(&self) -> Vec<Context>;
    /// True while a field takes text.
    fn editing(&self) -> bool {
        false
    }
    /// True for a key that the open field takes itself.
    fn takes(&self, key: KeyEvent) -> bool {
        is_text(key)
    }
    /// Does an action. `argument` is what `:` was given after the name.
    fn act(&mut self, action: Action, argument: &str, now: Now) -> Option<Vec<Effect>>;
    /// Takes a key for the field that is open.
    fn key(&mut self, _key: KeyEvent) -> Vec<Effect> {
        Vec::new()
    }
    /// Takes pasted text.
    fn paste(&mut self, _text: &str, _now: Now) -> Vec<Effect> {
        Vec::new()
    }
    /// What line 2 says of this pane at the right.
    fn status(&self) -> String {
        String::new()
    }
    /// The field that stands on the last line, when there is one: the character before it, and what is wrong with it.
    fn prompt(&self) -> Option<Prompt<'_>> {
        None
    }
    /// A click at a place of the pane, or of its last drawing.
    fn click(&mut self, _x: u16, _y: u16) -> Vec<Effect> {
        Vec::new()
    }
    /// Draws the pane.
    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, now: Now);
}

/// A field on the last line.
pub struct Prompt<'a> {
    /// What stands before it.
    pub lead: &'static str,
    /// The field.
    pub field: &'a super::widgets::input::Field,
    /// What is wrong with what was typed, and where.
    pub error: Option<(usize, String)>,
    /// Said at the right when nothing is wrong.
    pub hint: String,
}

/// The movement an action stands for.
pub fn movement(action: Action) -> Option<Move> {
    Some(match action {
        Action::Up => Move::Up,
        Action::Down => Move::Down,
        Action::PageUp => Move::PageUp,
        Action::PageDown => Move::PageDown,
        Action::Top => Move::Top,
        Action::Bottom => Move::Bottom,
        _ => return None,
    })
}

/// From this width on a pane shows its detail beside its list.
pub const WIDE: u16 = 120;

/// List, rule and detail of a wide area.
pub fn columns(area: Rect, share: u16) -> (Rect, u16, Rect) {
    let left = u16::try_from(u32::from(area.width) * u32::from(share) / 100).unwrap_or(area.width);
    let rule = area.x + left;
    let list = Rect { width: left, ..area };
    let detail = Rect { x: (rule + 2).min(area.right()), width: area.width.saturating_sub(left + 2), ..area };
    (list, rule, detail)
}
