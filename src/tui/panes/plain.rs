//! Panes that say what they will hold.

use ratatui::layout::Rect;

use super::{Now, Pane};
use crate::tui::effect::Effect;
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::Pen;

/// One sentence.
pub struct Plain(pub &'static str);

impl Pane for Plain {
    fn contexts(&self) -> Vec<Context> {
        vec![Context::Global, Context::Always]
    }
    fn act(&mut self, _: Action, _: &str, _: Now) -> Option<Vec<Effect>> {
        None
    }
    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, _: Now) {
        let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        pen.wrapped(area, self.0, Role::Muted);
    }
}
