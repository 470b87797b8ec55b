//! What the specification says of a reply: where it is not what is declared.

use super::super::text::{More, Styled, Text};
use crate::app::Declared;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::clip;

/// The text of the tab; `None` for a reply that was not held against anything yet.
pub(super) fn text(conforms: Option<&Declared>) -> Text {
    let Some(c) = conforms else {
        return Text::new(vec![Styled::new("no specification that was loaded declares this request", Role::Muted)]);
    };
    let mut text = Text::new(Vec::new());
    text.push(Styled::new("declared", Role::Muted).then(10, clip(&c.operation), Role::Title), None);
    text.push(Styled::new("in", Role::Muted).then(10, clip(&c.place), Role::Text), None);
    text.push(Styled::default(), None);
    if c.differs.is_empty() {
        let (what, role) = if c.not_judged.is_empty() {
            ("the reply is what is declared", Role::Ok)
        } else {
            ("nothing that was judged is other than declared", Role::Text)
        };
        text.push(Styled::new(what, role), None);
    }
    for words in &c.differs {
        let more = More { copy: words.clone(), title: "not what is declared".to_owned(), lines: vec![words.clone()] };
        text.push(Styled::new("differs", Role::Warn).then(10, clip(words), Role::Text), Some(more));
    }
    for what in &c.not_judged {
        text.push(Styled::new("not judged", Role::Muted).then(12, clip(what), Role::Muted), None);
    }
    text
}
