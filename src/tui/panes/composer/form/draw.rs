//! How the request side looks.

use std::borrow::Cow;

use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::super::who::Who;
use super::body::Kind as BodyKind;
use super::row::{Kind, Row};
use super::{Edit, Form, Item, Tab, masked_url};
use crate::app::explain::raw_reason;
use crate::base::figure::bytes;
use crate::inventory::Place;
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{Pen, clip, shown, wrap};

/// What was drawn where, for the mouse.
#[derive(Debug, Default)]
pub struct Drawn {
    /// Items by the row they stand on.
    items: Vec<(u16, usize)>,
    /// The row of the tabs, and from where to where each stands.
    tabs: (u16, Vec<(u16, u16)>),
}

impl Form {
    /// Puts the cursor on what was drawn at a place, or opens the tab there.
    pub fn click(&mut self, x: u16, y: u16) {
        let (row, tabs) = &self.drawn.tabs;
        if y == *row && !self.raw.on {
            if let Some(i) = tabs.iter().position(|(from, to)| (*from..*to).contains(&x)) {
                self.open_tab(Tab::ALL[i]);
            }
        } else if let Some((_, at)) = self.drawn.items.iter().rev().find(|(row, _)| *row <= y) {
            self.at = *at;
        }
    }

    /// Draws the form.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool, who: &Who) {
        self.drawn = Drawn::default();
        if area.height == 0 {
            return;
        }
        let end = area.right().saturating_sub(1);
        let at = |n: u16| area.x + 1 + n;
        // Method and URL stand on the first line, what they become on the second.
        self.one(pen, Rect::new(at(0), area.y, 8.min(area.width), 1), Item::Method, focused);
        self.one(pen, Rect::new(at(8), area.y, end.saturating_sub(at(8)), 1), Item::Url, focused);
        self.drawn.items.push((area.y, 1));
        let mut y = area.y + 1;
        if y < area.bottom() {
            self.becomes(pen, y, (at(8), end), who);
            y += 1;
        }
        let room = usize::from(end.saturating_sub(at(8)));
        for line in self.notes.iter().flat_map(|note| wrap(&pen.veil(&clip(note)), room)).collect::<Vec<_>>() {
            if y + 4 < area.bottom() {
                pen.put(at(8), y, end, &line, Role::Warn);
                y += 1;
            }
        }
        if y >= area.bottom() {
            return;
        }
        self.tabs(pen, y, (at(0), end), who);
        let inner = Rect { y: y + 1, height: area.bottom() - y - 1, ..area };
        if self.raw.on {
            let note = "head lines end in CRLF; \\xHH \\r \\n \\t \\0 \\\\ are bytes; \\ at an end: no break";
            pen.put(at(0), inner.y, end, note, Role::Comment);
            let inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
            return self.text_area(pen, inner, Item::Raw, focused);
        }
        match self.tab {
            Tab::Headers if self.as_text => self.text_area(pen, inner, Item::Text, focused),
            Tab::Params | Tab::Headers => self.listed(pen, inner, focused),
            Tab::Body => self.body_in(pen, inner, focused),
            Tab::Identity => self.who_in(pen, inner, focused, who),
        }
    }

    /// What the URL becomes, and what changes how it is sent.
    fn becomes(&self, pen: &mut Pen<'_>, y: u16, (x, end): (u16, u16), who: &Who) {
        let resolved = self.resolved();
        let mut notes = Vec::new();
        if self.raw.on {
            notes.push("raw: sent as bytes to the host above".to_owned());
        } else if resolved != self.url() {
            notes.push(shown(if pen.reveal { resolved.clone() } else { masked_url(&resolved) }.as_bytes()));
        } else if !resolved.is_empty() {
            notes.push("sent as typed".to_owned());
        }
        if let Some(why) = (!self.raw.on && !resolved.is_empty()).then(|| raw_reason(&self.fields())).flatten() {
            // The badge is seen first; the reason stands where there is room.
            notes.insert(0, "raw".to_owned());
            notes.push(format!("raw since {}", clip(&why)));
        }
        if self.as_is {
            notes.push("as-is".to_owned());
        }
        if self.cookies {
            notes.push("with the cookies of the jar".to_owned());
        }
        if self.insecure {
            notes.push("certificate faults do not stop it".to_owned());
        }
        let x = if who.is_empty() { x } else { pen.put(x, y, end, &who.line(), Role::Accent) + 3 };
        let x = match who.environment() {
            Some(name) => pen.put(x, y, end, &format!("env {}", clip(name)), Role::Accent) + 3,
            None => x,
        };
        pen.put(x, y, end, &notes.join("   "), if self.insecure { Role::Warn } else { Role::Muted });
    }

    fn tabs(&mut self, pen: &mut Pen<'_>, y: u16, (mut x, end): (u16, u16), who: &Who) {
        if self.raw.on {
            pen.put(x, y, end, "raw", Role::TabActive);
            return;
        }
        let count = |name: &str, n: usize| if n == 0 { name.to_owned() } else { format!("{name} {n}") };
        let sent = |headers: bool| {
            let of = |r: &&Row| r.on && (r.kind == Kind::At(Place::Header)) == headers;
            self.rows.iter().filter(of).count()
        };
        let body = match self.body.kind {
            BodyKind::None => "body".to_owned(),
            kind => format!("body {}", kind.word()),
        };
        let names = [
            count("params", sent(false)),
            count("headers", sent(true)),
            body,
            format!("identity {}", who.name().map_or_else(|| "none".to_owned(), clip)),
        ];
        let mut places = Vec::new();
        for (tab, name) in Tab::ALL.into_iter().zip(names) {
            let from = x;
            x = pen.put(x, y, end, &name, if tab == self.tab { Role::TabActive } else { Role::Muted });
            places.push((from, x));
            x += 2;
        }
        self.drawn.tabs = (y, places);
    }

    /// Draws the rows of the open tab, or says how to add one.
    fn listed(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        let items = self.items();
        let listed: Vec<(usize, Item)> = items.into_iter().enumerate().skip(2).collect();
        if listed.is_empty() {
            let text = match self.tab {
                Tab::Headers => "No header: a adds one, a block of headers can be pasted, T writes them as text.",
                _ => {
                    "No parameter: a adds one to the query, {name} in the path gets a field, T writes the query as text."
                }
            };
            pen.wrapped(Rect { x: area.x + 3, width: area.width.saturating_sub(4), ..area }, text, Role::Muted);
            return;
        }
        self.rows_in(pen, area, &listed, focused);
    }

    fn rows_in(&mut self, pen: &mut Pen<'_>, area: Rect, listed: &[(usize, Item)], focused: bool) {
        let room = usize::from(area.height);
        if let Some(line) = listed.iter().position(|(at, _)| *at == self.at) {
            self.top = self.top.min(line).max((line + 1).saturating_sub(room));
        }
        self.top = self.top.min(listed.len().saturating_sub(room));
        let names = listed.iter().filter_map(|(_, i)| self.row(*i)).map(|r| r.name.chars().count()).max().unwrap_or(0);
        let name_width = u16::try_from(names.clamp(6, 22)).unwrap_or(22);
        let end = area.right().saturating_sub(1);
        for (n, (at, item)) in listed.iter().copied().enumerate().skip(self.top).take(room) {
            let y = area.y + u16::try_from(n - self.top).unwrap_or(0);
            let x = area.x + 1;
            self.drawn.items.push((y, at));
            let Some(row) = self.row(item).cloned() else {
                // The query as text.
                pen.put(x + 2, y, x + 2 + name_width, "query", Role::Title);
                self.one(
                    pen,
                    Rect::new(x + 3 + name_width, y, end.saturating_sub(x + 3 + name_width), 1),
                    item,
                    focused,
                );
                continue;
            };
            let role = if row.on { Role::Text } else { Role::Muted };
            pen.put(x, y, end, if row.on { " " } else { "-" }, Role::Muted);
            let value_x = x + 3 + name_width;
            // The hint keeps its place whatever is typed, so that nothing jumps.
            let hint_width = (end.saturating_sub(value_x) / 2).min(46);
            let value_end = end.saturating_sub(hint_width + 1).max(value_x);
            let hint = hint(&row);
            let editing = self.editing() && self.item() == item;
            if editing && !row.declared {
                self.one(pen, Rect::new(x + 2, y, end.saturating_sub(x + 2), 1), item, focused);
            } else {
                pen.put(x + 2, y, x + 2 + name_width, &shown(row.name.as_bytes()), role);
                pen.put(value_end + 1, y, end, &hint, Role::Comment);
                let to = if hint.is_empty() { end } else { value_end };
                self.one(pen, Rect::new(value_x, y, to.saturating_sub(value_x), 1), item, focused);
            }
        }
    }

    /// Draws one field, open or closed, with the marks of the cursor.
    fn one(&mut self, pen: &mut Pen<'_>, area: Rect, item: Item, focused: bool) {
        let here = self.item() == item;
        if let (true, Some(Edit::Line(field))) = (here, &self.edit) {
            field.draw(pen, area, None);
            return;
        }
        let (text, role) = match item {
            Item::Method => (self.method.clone(), Role::of_method(&self.method)),
            Item::Url => match self.url() {
                url if url.is_empty() => ("URL: Enter types it".to_owned(), Role::Muted),
                url if pen.reveal => (url, Role::Text),
                url => (masked_url(&url), Role::Text),
            },
            Item::Text => match self.text_of(item) {
                text if text.is_empty() => ("none: Enter types it".to_owned(), Role::Muted),
                text if pen.reveal => (text, Role::Text),
                text => (masked_url(&format!("?{text}")).split_off(1), Role::Text),
            },
            Item::File if self.body.file.is_empty() => ("its path: Enter types it".to_owned(), Role::Muted),
            Item::File => (self.body.file.clone(), Role::Text),
            item => match self.row(item) {
                Some(row) => {
                    let text = if pen.reveal { row.value.clone() } else { row.masked() };
                    (text, if row.on { Role::Text } else { Role::Muted })
                }
                None => return,
            },
        };
        let x = pen.put(area.x, area.y, area.right(), &shown(text.as_bytes()), role);
        if here && focused {
            let width = x.saturating_sub(area.x).max(1);
            pen.shade(Rect { width, ..area }, Role::Selection);
        }
    }

    fn body_in(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        if area.height == 0 {
            return;
        }
        let (x, end) = (area.x + 1, area.right().saturating_sub(1));
        self.drawn.items.push((area.y, 2));
        let mut at = pen.put(x, area.y, end, "kind ", Role::Muted);
        let from = at;
        at = pen.put(at, area.y, end, self.body.kind.word(), Role::Title);
        if self.item() == Item::Kind && focused {
            pen.shade(Rect { x: from, y: area.y, width: at.saturating_sub(from), height: 1 }, Role::Selection);
        }
        let mut inner = Rect { y: area.y + 1, height: area.height - 1, ..area };
        let (note, role) = match (self.body.kind, self.body.fault()) {
            (BodyKind::None, _) => ("nothing is sent; Enter or b chooses another".to_owned(), Role::Muted),
            (_, Some(fault)) => (format!("not JSON: {}", clip(&fault)), Role::Warn),
            (BodyKind::Json | BodyKind::Text, None) => match self.text_of(Item::Area(0)).len() {
                0 => ("empty: Enter below types it, o opens your editor".to_owned(), Role::Muted),
                n => (bytes(n as u64), Role::Muted),
            },
            (BodyKind::Form, None) => ("a adds a pair, T writes them as text".to_owned(), Role::Muted),
            (BodyKind::Multipart, None) => ("a adds a part: name=value, or name=@file".to_owned(), Role::Muted),
            (BodyKind::File, None) => ("read when it is sent, byte for byte".to_owned(), Role::Muted),
            (BodyKind::Graphql, None) => ("a query, and below it its variables as JSON".to_owned(), Role::Muted),
        };
        pen.put(at + 2, area.y, end, &note, role);
        match self.body.kind {
            BodyKind::None => {}
            BodyKind::Json | BodyKind::Text => self.text_area(pen, inner, Item::Area(0), focused),
            BodyKind::Graphql => {
                let lower = (inner.height / 3).max(2).min(inner.height);
                let upper = inner.height - lower;
                self.text_area(pen, Rect { height: upper, ..inner }, Item::Area(0), focused);
                inner = Rect { y: inner.y + upper, height: lower, ..inner };
                pen.put(x, inner.y, end, "variables", Role::Muted);
                inner = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
                self.text_area(pen, inner, Item::Area(1), focused);
            }
            BodyKind::File => {
                self.drawn.items.push((inner.y, 3));
                let x = pen.put(x, inner.y, end, "@", Role::Muted);
                self.one(pen, Rect { x, width: end.saturating_sub(x), height: 1, ..inner }, Item::File, focused);
            }
            BodyKind::Form | BodyKind::Multipart => {
                let listed: Vec<(usize, Item)> = self.items().into_iter().enumerate().skip(3).collect();
                self.rows_in(pen, inner, &listed, focused);
            }
        }
    }

    fn who_in(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool, who: &Who) {
        let end = area.right().saturating_sub(1);
        let room = usize::from(area.height);
        let names = who.list();
        let first = (self.at.saturating_sub(1)).saturating_sub(room);
        for (n, (line, chosen)) in names.iter().enumerate().skip(first).take(room) {
            let y = area.y + u16::try_from(n - first).unwrap_or(0);
            self.drawn.items.push((y, n + 2));
            pen.put(area.x + 1, y, end, if *chosen { "*" } else { " " }, Role::Accent);
            let x = pen.put(area.x + 3, y, end, line, if *chosen { Role::Text } else { Role::Muted });
            if self.at == n + 2 && focused {
                let width = x.saturating_sub(area.x + 3);
                pen.shade(Rect { x: area.x + 3, y, width, height: 1 }, Role::Selection);
            }
        }
        let y = area.y + u16::try_from(names.len()).unwrap_or(u16::MAX);
        if who.is_empty() && y < area.bottom() {
            let text = "No identity is declared: [identity.NAME] in lunette.toml makes one.";
            pen.wrapped(Rect { x: area.x + 3, y, width: area.width.saturating_sub(4), height: 2 }, text, Role::Muted);
        }
    }

    /// Draws a text with its cursor, where it is being typed.
    fn text_area(&mut self, pen: &mut Pen<'_>, area: Rect, item: Item, focused: bool) {
        let inner = Rect { x: area.x + 3, width: area.width.saturating_sub(4), ..area }.intersection(pen.buf.area);
        if inner.is_empty() {
            return;
        }
        let at = self.items().iter().position(|i| *i == item).unwrap_or(0);
        self.drawn.items.push((area.y, at));
        let here = self.item() == item;
        let editing = here && self.editing_area();
        if here && focused && !editing {
            pen.put(area.x + 1, area.y, area.x + 2, "▸", Role::Focus);
        }
        let text = if item == Item::Text && !pen.reveal { self.veiled_headers() } else { self.text_of(item) };
        if text.is_empty() && !editing {
            let note = if here { "Enter types it" } else { "empty" };
            pen.put(inner.x, inner.y, inner.right(), note, Role::Muted);
            return;
        }
        // The widget draws what it holds; where that must not be seen, the lines are drawn without it.
        let masked = if item == Item::Raw && !pen.reveal {
            let masked = crate::base::secret::mask_message(text.replace('\n', "\r\n").as_bytes());
            Cow::Owned(String::from_utf8_lossy(&masked).replace("\r\n", "\n"))
        } else {
            pen.veil(&text)
        };
        if !editing && (item == Item::Text || matches!(masked, Cow::Owned(_))) {
            for (y, line) in (inner.y..inner.bottom()).zip(masked.split('\n')) {
                pen.put(inner.x, y, inner.right(), &clip(line), Role::Text);
            }
            return;
        }
        let (selection, plain) = (pen.style(Role::Selection), pen.style(Role::Text));
        let area = match (item, self.body.kind) {
            (Item::Raw, _) => &mut self.raw.text,
            (Item::Text, _) => &mut self.block,
            (Item::Area(i), BodyKind::Graphql) => &mut self.body.graphql[i.min(1)],
            _ => &mut self.body.text,
        };
        area.set_cursor_style(if editing { selection } else { Style::new() });
        area.set_style(plain);
        area.render(inner, pen.buf);
        pen.scrub(inner);
    }

    fn veiled_headers(&self) -> String {
        let rows = self.rows.iter().filter(|r| r.on && r.kind == Kind::At(Place::Header));
        rows.map(|r| format!("{}: {}", r.name, r.masked())).collect::<Vec<_>>().join("\n")
    }
}

/// What is said of a row beside it.
fn hint(row: &Row) -> String {
    let mut words = Vec::new();
    if let Kind::At(place) = row.kind
        && place != Place::Header
    {
        words.push(place.word().to_owned());
    }
    if row.bare {
        words.push("as typed".to_owned());
    }
    if !row.hint.is_empty() {
        words.push(clip(&row.hint));
    }
    words.join(" · ")
}
