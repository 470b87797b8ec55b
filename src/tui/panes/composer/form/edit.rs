//! Typing: fields that are opened and closed, what is pasted, rows that come and go.

use crossterm::event::KeyEvent;
use ratatui_textarea::{CursorMove, TextArea};

use super::body::{Kind as BodyKind, area, text};
use super::row::{Kind, Row, split_header};
use super::{Edit, Form, Item, ROWS_CAP, Tab, header, url};
use crate::base::secret::find_tokens;
use crate::inventory::Place;
use crate::tui::widgets::input::Field;

impl Form {
    /// Opens the field under the cursor.
    pub fn edit(&mut self) {
        if self.item() == Item::Text && self.tab == Tab::Headers {
            self.block = area(&self.headers_text());
            // What is added comes last.
            self.block.move_cursor(CursorMove::Bottom);
            self.block.move_cursor(CursorMove::End);
        }
        self.edit = Some(match self.item() {
            Item::Area(_) | Item::Raw => Edit::Area,
            Item::Text if self.tab == Tab::Headers => Edit::Area,
            Item::Kind | Item::Who(_) => return,
            item => Edit::Line(Field::new(&self.text_of(item))),
        });
    }

    fn area(&mut self) -> Option<&mut TextArea<'static>> {
        Some(match (self.item(), self.body.kind) {
            (Item::Raw, _) => &mut self.raw.text,
            (Item::Text, _) => &mut self.block,
            (Item::Area(i), BodyKind::Graphql) => self.body.graphql.get_mut(i)?,
            (Item::Area(_), _) => &mut self.body.text,
            _ => return None,
        })
    }

    /// The headers that are sent, one a line.
    pub(super) fn headers_text(&self) -> String {
        let rows = self.rows.iter().filter(|r| r.on && r.kind == Kind::At(Place::Header));
        rows.map(|r| format!("{}: {}", r.name, r.value)).collect::<Vec<_>>().join("\n")
    }

    /// Takes headers from lines; those that are left out stay after them.
    fn set_headers(&mut self, block: &str) {
        let (others, headers): (Vec<Row>, Vec<Row>) =
            std::mem::take(&mut self.rows).into_iter().partition(|r| r.kind != Kind::At(Place::Header));
        self.rows = others;
        let lines = block.split('\n').filter(|l| !l.trim().is_empty()).take(ROWS_CAP);
        for (name, value) in lines.map(split_header) {
            let mut row = header(name, value);
            if let Some(old) = headers.iter().find(|r| r.name == name) {
                (row.hint, row.given) = (old.hint.clone(), old.given.clone());
            }
            self.rows.push(row);
        }
        self.rows.extend(headers.into_iter().filter(|r| !r.on));
    }

    /// Closes the open field; keeps what was typed or not. A text with line breaks is always kept.
    pub fn done(&mut self, keep: bool) {
        let field = match self.edit.take() {
            None => return,
            Some(Edit::Area) => {
                if self.item() == Item::Text {
                    let block = text(&self.block);
                    self.set_headers(&block);
                }
                return;
            }
            Some(Edit::Line(field)) => field,
        };
        if !keep {
            return;
        }
        let typed = field.text().to_owned();
        match self.item() {
            Item::Method => typed.trim().clone_into(&mut self.method),
            Item::Url => self.set_url(typed.trim()),
            Item::Text if self.tab == Tab::Params => {
                let query = (!typed.is_empty()).then_some(typed.as_str());
                self.rows = url::with_query(std::mem::take(&mut self.rows), query);
            }
            Item::Text => self.body.set_form(&typed),
            Item::File => self.body.file = typed,
            Item::Row(_) | Item::Field(_) => {
                let empty = typed.is_empty() && self.row(self.item()).is_some_and(|r| !r.declared);
                if empty {
                    self.remove();
                } else if let Some(row) = self.row_mut() {
                    row.take(&typed);
                }
            }
            _ => {}
        }
        self.at = self.at.min(self.items().len() - 1);
    }

    /// Takes a key for the open field.
    pub fn key(&mut self, key: KeyEvent) {
        match &mut self.edit {
            Some(Edit::Line(field)) => {
                field.key(key);
            }
            Some(Edit::Area) => {
                if let Some(area) = self.area() {
                    area.input(key);
                }
            }
            None => {}
        }
    }

    /// Takes pasted text: for the open field, or a block of headers on their tab. False where nothing takes it.
    pub fn paste(&mut self, pasted: &str) -> bool {
        let plain = pasted.replace("\r\n", "\n").replace('\r', "\n");
        let header = self.row(self.item()).is_some_and(|r| r.kind == Kind::At(Place::Header));
        match &mut self.edit {
            // A line break in a header is kept, so that it can be said before it is sent.
            Some(Edit::Line(field)) if header => field.paste_whole(plain.trim_end_matches('\n')),
            Some(Edit::Line(field)) => field.paste(pasted),
            Some(Edit::Area) => {
                if let Some(area) = self.area() {
                    area.insert_str(plain);
                }
            }
            None if self.tab == Tab::Headers && !self.raw.on && plain.contains(':') => {
                let known = self.headers_text();
                self.set_headers(&format!("{known}\n{plain}"));
            }
            None => return false,
        }
        true
    }

    /// Adds what the open tab holds, and opens it.
    pub fn add(&mut self) {
        if self.rows.len() + self.body.fields.len() >= ROWS_CAP || self.raw.on {
            return;
        }
        let kind = match (self.tab, self.body.rows_of()) {
            (Tab::Headers, _) => Kind::At(Place::Header),
            (Tab::Body, Some(kind)) => kind,
            (Tab::Body, None) => return,
            _ => {
                self.tab = Tab::Params;
                Kind::At(Place::Query)
            }
        };
        self.as_text = false;
        let row = Row::new(kind, "", "");
        let item = if matches!(kind, Kind::Field | Kind::Part) {
            self.body.fields.push(row);
            Item::Field(self.body.fields.len() - 1)
        } else {
            let rank = |k: Kind| self.rows.iter().rposition(|r| r.kind == k);
            let at = rank(kind).or_else(|| rank(Kind::At(Place::Path)).filter(|_| kind == Kind::At(Place::Query)));
            let at = match (at, kind) {
                (Some(i), _) => i + 1,
                (None, Kind::At(Place::Query)) => 0,
                _ => self.rows.len(),
            };
            self.rows.insert(at, row);
            Item::Row(at)
        };
        self.at = self.items().iter().position(|i| *i == item).unwrap_or(self.at);
        self.edit();
    }

    /// Puts a token in place of the first one that stands in a header, a parameter or the body's fields, else in place of what
    /// `Authorization` holds; and says where it stands now.
    ///
    /// # Errors
    /// While the request is written raw.
    pub fn use_token(&mut self, token: &str) -> Result<String, String> {
        if self.raw.on {
            return Err("the request is written raw: R goes back to its fields, or paste the token into it".to_owned());
        }
        let rows = self.rows.iter_mut().chain(&mut self.body.fields).filter(|r| r.on);
        for row in rows {
            if let Some(place) = find_tokens(row.value.as_bytes()).into_iter().next() {
                let value = [&row.value[..place.start], token, &row.value[place.end..]].concat();
                row.set(&value);
                return Ok(format!("in {}", row.name));
            }
        }
        let bearer = format!("Bearer {token}");
        let header = self
            .rows
            .iter_mut()
            .find(|r| r.kind == Kind::At(Place::Header) && r.name.eq_ignore_ascii_case("authorization"));
        match header {
            Some(row) => {
                row.set(&bearer);
                row.on = true;
            }
            None => self.rows.push(Row::new(Kind::At(Place::Header), "Authorization", &bearer)),
        }
        Ok("in Authorization".to_owned())
    }

    /// Leaves the row under the cursor out, or takes it in again.
    pub fn toggle(&mut self) -> bool {
        self.row_mut().is_some_and(|r| {
            r.on = !r.on;
            true
        })
    }

    /// Removes the row under the cursor.
    pub fn remove(&mut self) -> bool {
        match self.item() {
            Item::Row(i) => drop(self.rows.remove(i)),
            Item::Field(i) => drop(self.body.fields.remove(i)),
            _ => return false,
        }
        self.at = self.at.min(self.items().len() - 1);
        true
    }

    /// Puts a mark in place of the value under the cursor, and gives the row as it was.
    pub fn mark(&mut self, mark: &str) -> Option<Row> {
        self.done(true);
        let row = self.row_mut()?;
        let before = row.clone();
        row.on = true;
        row.set(mark);
        Some(before)
    }

    /// Puts the row under the cursor back as it was.
    pub fn unmark(&mut self, before: &Row) {
        if let Some(row) = self.row_mut() {
            row.clone_from(before);
        }
    }

    /// Text for an editor of its own, with a name for its file: the whole request, or what the cursor or the tab holds.
    pub fn outside(&mut self) -> Option<(&'static str, String)> {
        self.done(true);
        if self.raw.on {
            self.at = 2;
            return Some(("request.http", text(&self.raw.text)));
        }
        if !matches!(self.item(), Item::Area(_)) {
            if self.body.rows_of().is_some() || matches!(self.body.kind, BodyKind::File | BodyKind::None) {
                return None;
            }
            self.open_tab(Tab::Body);
            self.at = 3;
        }
        let name = match (self.body.kind, self.item()) {
            (BodyKind::Graphql, Item::Area(0)) => "query.graphql",
            (BodyKind::Json | BodyKind::Graphql, _) => "body.json",
            _ => "body.txt",
        };
        Some((name, self.under()))
    }

    /// Takes text back from the editor.
    pub fn take_outside(&mut self, edited: &str) {
        if let Some(text) = self.area() {
            *text = area(edited);
        }
    }
}
