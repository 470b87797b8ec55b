//! A field for a secret: what is typed is never drawn, and is wiped when the field goes.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Position, Rect};
use zeroize::Zeroizing;

use super::pen::Pen;
use crate::base::Secret;
use crate::tui::theme::Role;

/// Bytes it takes: there is room for all of them from the start, so that typing leaves no copy behind.
const MOST: usize = 1_024;

/// What was typed.
pub struct Masked(Zeroizing<String>);

impl Default for Masked {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(MOST)))
    }
}

impl Masked {
    /// Takes a key: a character, or one that takes characters away.
    pub fn key(&mut self, key: KeyEvent) {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('u' | 'w') if control => self.clear(),
            KeyCode::Char('h') if control => drop(self.0.pop()),
            KeyCode::Char(c) if !control => self.push(c),
            KeyCode::Backspace => drop(self.0.pop()),
            _ => {}
        }
    }

    /// Takes pasted text without its line breaks.
    pub fn paste(&mut self, text: &str) {
        text.chars().filter(|c| !matches!(c, '\n' | '\r')).for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        if self.0.len() + c.len_utf8() <= MOST {
            self.0.push(c);
        }
    }

    fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was typed; the field is empty then.
    pub fn take(&mut self) -> Secret {
        let text = Secret::from(self.0.as_str());
        self.clear();
        text
    }

    /// Draws one dot for each character.
    pub fn draw(&self, pen: &mut Pen<'_>, area: Rect) {
        let room = usize::from(area.width.saturating_sub(1));
        let dots = "\u{2022}".repeat(self.0.chars().count().min(room));
        let x = pen.put(area.x, area.y, area.right(), &dots, Role::Input);
        pen.cursor = Some(Position::new(x, area.y));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_text_and_gives_it_once() {
        let mut field = Masked::default();
        for c in "ab\u{e9}x".chars() {
            field.key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE));
        }
        field.key(KeyEvent::new(KeyCode::Backspace, KeyModifiers::NONE));
        field.paste("1\r\n2");
        assert_eq!(field.take().expose(), "ab\u{e9}12".as_bytes());
        assert_eq!(field.take().expose(), b"");
        field.paste(&"\u{e9}".repeat(MOST));
        let text = field.take();
        assert_eq!(text.expose().len(), MOST);
        field.paste("abc");
        field.key(KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL));
        assert_eq!(field.take().expose(), b"");
    }
}
