//! Pane 3: one token taken apart.

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use serde_json::Value;

use super::text::{Styled, Text};
use super::{Now, Pane, Prompt, movement};
use crate::jwt::{self, Decoded, Part};
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip, shown};

/// A token and where it came from.
#[derive(Default)]
pub struct TokenPane {
    token: Option<(String, Box<Decoded>)>,
    text: Text,
    field: Option<Field>,
    area: Rect,
}

impl TokenPane {
    /// Takes a token.
    pub fn open(&mut self, from: String, token: Box<Decoded>, now: Now) {
        self.text = Text::new(lines(&token, now));
        self.token = Some((from, token));
        self.field = None;
    }

    fn read(&mut self, text: &str, from: &str, now: Now) -> Vec<Effect> {
        if text.trim().is_empty() {
            return vec![Effect::Notice(Level::Info, "there is nothing to read".to_owned())];
        }
        let token = jwt::decode(text.trim().as_bytes());
        self.open(from.to_owned(), Box::new(token), now);
        Vec::new()
    }
}

/// The token as lines: header, claims in order, signature, and what is odd about each.
fn lines(token: &Decoded, now: Now) -> Vec<Styled> {
    let mut out = Vec::new();
    let kind = match token.kind {
        jwt::Kind::Jws => "signed token (JWS)",
        jwt::Kind::Jwe => "encrypted token (JWE): the payload cannot be read without the key",
        jwt::Kind::Nested => "signed token whose payload is itself a token",
        jwt::Kind::Other => "not a token of three or five parts",
    };
    out.push(Styled::new(kind, Role::Text));
    out.extend(token.oddities.iter().map(|o| Styled::new("odd", Role::Warn).then(10, clip(o), Role::Text)));
    out.push(Styled::default());
    part(&mut out, "header", &token.header, now);
    if token.kind != jwt::Kind::Jwe {
        out.push(Styled::default());
        part(&mut out, "claims", &token.claims, now);
    }
    out.push(Styled::default());
    let alg = token.header.get("alg").and_then(Value::as_str).map(clip).unwrap_or_default();
    let text = match token.signature.len() {
        0 => "none: nothing protects this token".to_owned(),
        n => format!("{n} bytes, {alg}; not verified here"),
    };
    out.push(Styled::new("signature", Role::Title).then(
        13,
        text,
        if token.signature.is_empty() { Role::Error } else { Role::Text },
    ));
    out
}

fn part(out: &mut Vec<Styled>, name: &str, part: &Part, now: Now) {
    out.push(Styled::new(name, Role::Title));
    out.extend(part.oddities.iter().map(|o| Styled::new("  odd", Role::Warn).then(13, clip(o), Role::Text)));
    if part.members.is_empty() && !part.bytes.is_empty() {
        out.push(Styled::new("  not a JSON object:", Role::Warn).then(22, shown(part.bytes.as_bytes()), Role::Text));
    }
    for (i, (member, value)) in part.members.iter().enumerate().take(2_000) {
        let value_text = match value {
            Value::String(s) => shown(s.as_bytes()),
            other => shown(other.to_string().as_bytes()),
        };
        let mut line = Styled::new(format!("  {}", shown(member.as_bytes())), Role::JsonKey).then(
            13,
            value_text,
            value_role(value),
        );
        if part.members.iter().filter(|(n, _)| n == member).count() > 1 {
            let last = part.members.iter().rposition(|(n, _)| n == member) == Some(i);
            let text =
                if last { "twice here; most parsers take this one" } else { "twice here; most parsers drop this one" };
            line = line.then(40, text, Role::Error);
        } else if let Some(meaning) = jwt::explain(member, value, now.wall) {
            line = line.then(40, clip(&meaning), Role::Comment);
        }
        out.push(line);
    }
}

fn value_role(value: &Value) -> Role {
    match value {
        Value::String(_) => Role::Str,
        Value::Number(_) => Role::Number,
        Value::Bool(_) | Value::Null => Role::Keyword,
        _ => Role::Text,
    }
}

impl Pane for TokenPane {
    fn contexts(&self) -> Vec<Context> {
        if self.field.is_some() {
            vec![Context::Field, Context::Always]
        } else {
            vec![Context::Token, Context::Move, Context::Global, Context::Always]
        }
    }

    fn editing(&self) -> bool {
        self.field.is_some()
    }

    fn act(&mut self, action: Action, _: &str, now: Now) -> Option<Vec<Effect>> {
        if let Some(step) = movement(action) {
            self.text.go(step);
            return Some(Vec::new());
        }
        let effects = match (action, &self.token) {
            (Action::TypeToken, _) => {
                self.field = Some(Field::default());
                Vec::new()
            }
            (Action::Done, _) => {
                let text = self.field.take().map(|f| f.text().to_owned()).unwrap_or_default();
                self.read(&text, "typed", now)
            }
            (Action::Leave, _) => {
                self.field = None;
                Vec::new()
            }
            (Action::CopyToken, Some((_, t))) => vec![Effect::Copy("the token", t.token.display())],
            (Action::ExplainClaim, Some(_)) => {
                vec![Effect::Explain("the line".to_owned(), vec![self.text.under()])]
            }
            _ => return None,
        };
        Some(effects)
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if let Some(field) = &mut self.field {
            field.key(key);
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, now: Now) -> Vec<Effect> {
        match &mut self.field {
            Some(field) => {
                field.paste(text);
                Vec::new()
            }
            // Pasting into the pane is the shortest way to a token; a wrapped token comes with line breaks.
            None => self.read(&text.replace(['\n', '\r'], ""), "pasted", now),
        }
    }

    fn status(&self) -> String {
        self.token.as_ref().map(|(from, _)| format!("from {}", clip(from))).unwrap_or_default()
    }

    fn prompt(&self) -> Option<Prompt<'_>> {
        self.field.as_ref().map(|field| Prompt {
            lead: "token ",
            field,
            error: None,
            hint: "Enter reads it".to_owned(),
        })
    }

    fn click(&mut self, _: u16, y: u16) -> Vec<Effect> {
        if y >= self.area.y {
            self.text.click(usize::from(y - self.area.y));
        }
        Vec::new()
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, _: Now) {
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let Some((_, token)) = &self.token else {
            let text = "No token yet. Paste one here or press i to type it; t on a token in the composer opens it.";
            pen.wrapped(inner, text, Role::Muted);
            return;
        };
        pen.put(area.x, area.y, area.x + 1, "▌", Role::Focus);
        // The three parts keep their roles, so that the eye finds where one ends.
        let end = inner.right();
        let share = usize::from(inner.width) * 2 / 5;
        let encoded = [&token.header.encoded, &token.claims.encoded];
        let mut x = inner.x;
        for (part, role) in encoded.into_iter().zip([Role::Chart1, Role::Chart2]) {
            let text = shown(part.as_bytes());
            x = pen.put(x, area.y, end, &crate::tui::widgets::pen::fit(&text, share), role);
            x = pen.put(x, area.y, end, " . ", Role::Punctuation);
        }
        let whole = token.token.lossy();
        let tail = whole.rsplit('.').next().unwrap_or_default();
        pen.put(x, area.y, end, &shown(tail.as_bytes()), Role::Chart4);
        self.area = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
        if area.height > 2 {
            let area = self.area;
            self.text.draw(pen, area, true);
        }
    }
}
