//! A one-line field.

use crossterm::event::{Event, KeyEvent};
use ratatui::layout::{Position, Rect};
use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::pen::Pen;
use crate::base::text::display_str;
use crate::tui::theme::Role;

/// Characters one field takes: a longer paste is cut.
const FIELD_CAP: usize = 64 * 1024;

/// One line of text that can be edited.
#[derive(Debug, Clone, Default)]
pub struct Field(Input);

impl Field {
    /// A field with text in it and the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self(Input::new(text.to_owned()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// The text before the cursor.
    pub fn before(&self) -> &str {
        let end = self.text().char_indices().nth(self.0.cursor()).map_or(self.text().len(), |(at, _)| at);
        &self.text()[..end]
    }

    /// Puts `with` in place of what stands from the byte `from` to the cursor, which goes after it.
    pub fn replace(&mut self, from: usize, with: &str) {
        let before = self.before();
        let (kept, rest) = (before.get(..from).unwrap_or(before), &self.text()[before.len()..]);
        let at = kept.chars().count() + with.chars().count();
        self.0 = Input::new(format!("{kept}{with}{rest}")).with_cursor(at);
    }

    /// Takes a key. True when the text changed.
    pub fn key(&mut self, key: KeyEvent) -> bool {
        self.0.handle_event(&Event::Key(key)).is_some_and(|s| s.value)
    }

    /// Takes pasted text, without its line breaks.
    pub fn paste(&mut self, text: &str) {
        self.paste_whole(&text.replace(['\n', '\r'], ""));
    }

    /// Takes pasted text as it is: a line break is shown as a mark.
    pub fn paste_whole(&mut self, text: &str) {
        let at = self.0.cursor();
        let room = FIELD_CAP.saturating_sub(self.text().chars().count());
        let flat: String = text.chars().take(room).collect();
        let value: String =
            self.text().chars().take(at).chain(flat.chars()).chain(self.text().chars().skip(at)).collect();
        self.0 = Input::new(value).with_cursor(at + flat.chars().count());
    }

    /// Draws the field with the cursor in it. `mark` underlines one character, for the place of an error.
    pub fn draw(&self, pen: &mut Pen<'_>, area: Rect, mark: Option<usize>) {
        if area.width == 0 || area.height == 0 {
            return;
        }
        let room = usize::from(area.width.saturating_sub(1));
        let chars: Vec<char> = self.text().chars().collect();
        let cursor = self.0.cursor().min(chars.len());
        // The window keeps the cursor in view; its start is found by going back from the cursor.
        let mut start = cursor;
        let mut used = 0;
        while start > 0 {
            let w = cells(chars[start - 1]);
            if used + w > room {
                break;
            }
            used += w;
            start -= 1;
        }
        let mut x = area.x;
        let mut at = 0;
        for (i, c) in self.text().char_indices().skip(start) {
            if x >= area.right() {
                break;
            }
            let role = if mark == Some(i) { Role::Critical } else { Role::Input };
            if start + at == cursor {
                pen.cursor = Some(Position::new(x, area.y));
            }
            at += 1;
            let shown = display_str(c.encode_utf8(&mut [0; 4]));
            x = pen.buf.set_stringn(x, area.y, &shown, usize::from(area.right() - x), pen.theme.style(role)).0;
        }
        if start + at == cursor {
            pen.cursor = Some(Position::new(x.min(area.right() - 1), area.y));
        }
        if mark.is_some_and(|m| m >= self.text().len()) && x < area.right() {
            pen.put(x, area.y, area.right(), " ", Role::Critical);
        }
    }
}

fn cells(c: char) -> usize {
    unicode_width::UnicodeWidthStr::width(display_str(c.encode_utf8(&mut [0; 4])).as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_before_the_cursor_is_replaced() {
        let mut f = Field::new("é ~st x");
        f.key(KeyEvent::from(crossterm::event::KeyCode::Left));
        f.key(KeyEvent::from(crossterm::event::KeyCode::Left));
        assert_eq!(f.before(), "é ~st");
        f.replace(3, "~state");
        assert_eq!((f.text(), f.before()), ("é ~state x", "é ~state"));
    }

    #[test]
    fn a_paste_becomes_one_line_at_the_cursor() {
        let mut f = Field::new("ab");
        f.paste("1\r\n2");
        assert_eq!(f.text(), "ab12");
    }
}
