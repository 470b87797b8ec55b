//! The request side: method, URL, parameters, headers and body, each its own field.

use std::borrow::Cow;

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;
use ratatui_textarea::TextArea;

use crate::app::send::USER_AGENT;
use crate::app::{Composed, Draft};
use crate::base::figure::bytes;
use crate::base::known;
use crate::base::secret::{MASK, is_secret_member, mask_header, mask_url};
use crate::inventory::Place;
use crate::tui::theme::Role;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip, shown};

/// Rows of parameters and headers that a form takes.
const ROWS_CAP: usize = 500;

/// One parameter or header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Name.
    pub name: String,
    /// Value, as typed.
    pub value: String,
    /// Where it goes; `Header` rows go as they stand.
    pub place: Place,
    /// What the document says of it.
    pub hint: String,
    /// Whether it is sent.
    pub on: bool,
    /// Whether its name is given by the document or the path.
    pub declared: bool,
}

/// A place the cursor can stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The method.
    Method,
    /// The URL.
    Url,
    /// A parameter or header.
    Row(usize),
    /// The body.
    Body,
}

/// A request as typed.
pub struct Form {
    /// What it was made from, for line 2.
    pub title: String,
    /// What could not be read of the declaration.
    notes: Vec<String>,
    method: String,
    url: String,
    rows: Vec<Row>,
    body: TextArea<'static>,
    /// Whether an untrusted certificate stops it.
    pub insecure: bool,
    at: usize,
    top: usize,
    edit: Option<Edit>,
    /// Items by the row they were last drawn on.
    drawn: Vec<(u16, usize)>,
}

/// What is being edited.
enum Edit {
    Line(Field),
    Body,
}

impl Default for Form {
    fn default() -> Self {
        Self::open("GET", "")
    }
}

impl Form {
    /// An empty request for a URL.
    pub fn open(method: &str, url: &str) -> Self {
        let mut form = Self {
            title: "new".to_owned(),
            notes: Vec::new(),
            method: method.to_owned(),
            url: url.to_owned(),
            rows: vec![header("User-Agent", USER_AGENT)],
            body: area(""),
            insecure: false,
            at: 1,
            top: 0,
            edit: None,
            drawn: Vec::new(),
        };
        form.follow_path();
        form
    }

    /// A request that was sent before, as it was.
    pub fn again(draft: &Draft, title: &str) -> Self {
        let mut form = Self::open(&draft.method, &draft.url);
        title.clone_into(&mut form.title);
        form.rows.retain(|r| r.place != Place::Header);
        form.rows.extend(draft.headers.iter().take(ROWS_CAP).map(|(n, v)| header(n, v)));
        form.body = area(&draft.body);
        form.insecure = draft.insecure;
        form
    }

    /// A request for an endpoint, filled from its declaration.
    pub fn compose(c: &Composed) -> Self {
        let mut form = Self::open(&c.method, &format!("{}{}", c.base, c.path));
        form.title.clone_from(&c.title);
        form.notes = c.operation.notes.iter().take(3).cloned().collect();
        let mut rows: Vec<Row> = c
            .operation
            .parameters
            .iter()
            .take(ROWS_CAP)
            .map(|p| Row {
                name: p.name.clone(),
                value: p.example.clone(),
                place: p.place,
                hint: if p.required { p.hint.clone() } else { format!("{} (optional)", p.hint) },
                on: p.required,
                declared: true,
            })
            .collect();
        rows.sort_by_key(|r| r.place);
        if let Some(body) = &c.operation.body {
            form.body = area(&body.text);
            if !rows.iter().any(|r| r.place == Place::Header && r.name.eq_ignore_ascii_case("content-type")) {
                rows.push(header("Content-Type", &body.media_type));
            }
        }
        if !rows.iter().any(|r| r.place == Place::Header && r.name.eq_ignore_ascii_case("accept")) {
            rows.push(header("Accept", "*/*"));
        }
        if !rows.iter().any(|r| r.place == Place::Header && r.name.eq_ignore_ascii_case("user-agent")) {
            rows.push(header("User-Agent", USER_AGENT));
        }
        if c.operation.security.iter().any(|s| s.to_ascii_lowercase().starts_with("bearer"))
            && !rows.iter().any(|r| r.name.eq_ignore_ascii_case("authorization"))
        {
            let mut row = header("Authorization", "Bearer ");
            "declared; Space takes it in".clone_into(&mut row.hint);
            row.on = false;
            rows.push(row);
        }
        form.rows = rows;
        form.follow_path();
        form.at = form.items().iter().position(|i| matches!(i, Item::Row(_))).unwrap_or(1);
        form
    }

    /// Every place the cursor can stand on, in order.
    pub fn items(&self) -> Vec<Item> {
        let mut items = vec![Item::Method, Item::Url];
        items.extend((0..self.rows.len()).map(Item::Row));
        items.push(Item::Body);
        items
    }

    /// Where the cursor stands.
    pub fn item(&self) -> Item {
        self.items().get(self.at).copied().unwrap_or(Item::Url)
    }

    /// Moves the cursor by so many places; false at the ends.
    pub fn step(&mut self, by: isize) -> bool {
        let last = self.items().len() - 1;
        match self.at.checked_add_signed(by) {
            Some(at) if at <= last => {
                self.at = at;
                true
            }
            _ => false,
        }
    }

    /// Puts the cursor on the first or last place.
    pub fn end(&mut self, last: bool) {
        self.at = if last { self.items().len() - 1 } else { 0 };
    }

    /// Puts the cursor on what was drawn on row `y`.
    pub fn click(&mut self, y: u16) {
        if let Some((_, at)) = self.drawn.iter().rev().find(|(row, _)| *row <= y) {
            self.at = *at;
        }
    }

    /// True while a field takes text.
    pub fn editing(&self) -> bool {
        self.edit.is_some()
    }

    /// True while the body takes text, where Enter is a line break.
    pub fn editing_body(&self) -> bool {
        matches!(self.edit, Some(Edit::Body))
    }

    /// Opens the field under the cursor.
    pub fn edit(&mut self) {
        self.edit = Some(match self.item() {
            Item::Body => Edit::Body,
            item => Edit::Line(Field::new(&self.text_of(item))),
        });
    }

    fn text_of(&self, item: Item) -> String {
        match item {
            Item::Method => self.method.clone(),
            Item::Url => self.url.clone(),
            Item::Row(i) => self.rows.get(i).map_or_else(String::new, Row::text),
            Item::Body => self.body_text(),
        }
    }

    /// What is under the cursor, as typed.
    pub fn under(&self) -> String {
        self.text_of(self.item())
    }

    /// What is under the cursor as it goes out, its secrets masked unless they are to be seen.
    pub fn under_shown(&self, reveal: bool) -> String {
        let item = self.item();
        match item {
            Item::Url if reveal => self.resolved(),
            Item::Url => masked_url(&self.resolved()),
            Item::Row(i) if !reveal => {
                self.rows.get(i).map_or_else(String::new, |r| Row { value: r.masked(), ..r.clone() }.text())
            }
            _ if reveal => self.text_of(item),
            _ => known::redact_str(&self.text_of(item)).into_owned(),
        }
    }

    /// The body as typed.
    pub fn body_text(&self) -> String {
        self.body.lines().join("\n")
    }

    /// Closes the open field; keeps what was typed or not. The body is always kept.
    pub fn done(&mut self, keep: bool) {
        let Some(Edit::Line(field)) = self.edit.take() else { return };
        if !keep {
            return;
        }
        let text = field.text().to_owned();
        match self.item() {
            Item::Method => text.trim().clone_into(&mut self.method),
            Item::Url => {
                text.trim().clone_into(&mut self.url);
                self.follow_path();
            }
            Item::Row(i) => {
                let empty = text.is_empty() && self.rows.get(i).is_some_and(|r| !r.declared);
                if empty {
                    self.rows.remove(i);
                } else if let Some(row) = self.rows.get_mut(i) {
                    row.take(&text);
                }
            }
            Item::Body => {}
        }
        self.at = self.at.min(self.items().len() - 1);
    }

    /// Takes a key for the open field.
    pub fn key(&mut self, key: KeyEvent) {
        match &mut self.edit {
            Some(Edit::Line(field)) => {
                field.key(key);
            }
            Some(Edit::Body) => {
                self.body.input(key);
            }
            None => {}
        }
    }

    /// Takes pasted text for the open field.
    pub fn paste(&mut self, text: &str) {
        match &mut self.edit {
            Some(Edit::Line(field)) => field.paste(text),
            Some(Edit::Body) => {
                self.body.insert_str(text.replace("\r\n", "\n").replace('\r', "\n"));
            }
            None => {}
        }
    }

    /// Adds a header where the cursor stands on one (or on the body), and a query parameter elsewhere, and opens it.
    pub fn add(&mut self) {
        if self.rows.len() >= ROWS_CAP {
            return;
        }
        let headers = match self.item() {
            Item::Row(i) => self.rows.get(i).is_some_and(|r| r.place == Place::Header),
            Item::Body => true,
            _ => false,
        };
        let place = if headers { Place::Header } else { Place::Query };
        let at = self.rows.iter().rposition(|r| r.place <= place).map_or(0, |i| i + 1);
        let row =
            Row { name: String::new(), value: String::new(), place, hint: String::new(), on: true, declared: false };
        self.rows.insert(at, row);
        self.at = at + 2;
        self.edit();
    }

    /// Leaves the row under the cursor out, or takes it in again.
    pub fn toggle(&mut self) -> bool {
        let Item::Row(i) = self.item() else { return false };
        self.rows.get_mut(i).is_some_and(|r| {
            r.on = !r.on;
            true
        })
    }

    /// Removes the row under the cursor.
    pub fn remove(&mut self) -> bool {
        let Item::Row(i) = self.item() else { return false };
        self.rows.remove(i);
        self.at = self.at.min(self.items().len() - 1);
        true
    }

    /// Every `{name}` of the URL has its field; a field whose place is gone goes too.
    fn follow_path(&mut self) {
        let names = places(&self.url);
        self.rows.retain(|r| r.place != Place::Path || names.contains(&r.name));
        for (i, name) in names.into_iter().enumerate() {
            if !self.rows.iter().any(|r| r.place == Place::Path && r.name == name) {
                let row = Row {
                    name,
                    value: String::new(),
                    place: Place::Path,
                    hint: String::new(),
                    on: true,
                    declared: true,
                };
                self.rows.insert(i.min(self.rows.len()), row);
            }
        }
    }

    /// The URL with its parameters filled in. What was typed in the URL stays as it is; only values are percent-encoded.
    pub fn resolved(&self) -> String {
        fill(&self.url, &self.rows)
    }

    /// The request as it stands, the open field included.
    pub fn draft(&mut self) -> Draft {
        self.done(true);
        let mut headers: Vec<(String, String)> = self
            .rows
            .iter()
            .filter(|r| r.on && r.place == Place::Header && !r.name.is_empty())
            .map(|r| (r.name.clone(), r.value.clone()))
            .collect();
        let cookies: Vec<String> = self
            .rows
            .iter()
            .filter(|r| r.on && r.place == Place::Cookie)
            .map(|r| format!("{}={}", r.name, r.value))
            .collect();
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), cookies.join("; ")));
        }
        Draft {
            method: self.method.clone(),
            url: self.resolved(),
            headers,
            body: self.body_text(),
            insecure: self.insecure,
            identity: None,
        }
    }

    /// Draws the form. `who` says who it is sent as, where there is a choice.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool, who: &str) {
        self.drawn.clear();
        if area.height == 0 {
            return;
        }
        let end = area.right().saturating_sub(1);
        let at = |n: u16| area.x + 1 + n;
        // Method and URL stand on the first line, what they become on the second.
        self.one(pen, Rect::new(at(0), area.y, 8.min(area.width), 1), Item::Method, focused);
        self.one(pen, Rect::new(at(8), area.y, end.saturating_sub(at(8)), 1), Item::Url, focused);
        self.drawn.push((area.y, 1));
        let mut y = area.y + 1;
        let resolved = self.resolved();
        if y < area.bottom() {
            let as_typed = resolved == self.url;
            let resolved = if pen.reveal { resolved } else { masked_url(&resolved) };
            let note = match (as_typed, self.insecure) {
                (true, false) if self.url.is_empty() => String::new(),
                (true, false) => "sent as typed".to_owned(),
                (true, true) => "sent as typed; certificate faults do not stop it".to_owned(),
                (false, false) => shown(resolved.as_bytes()),
                (false, true) => format!("{}   certificate faults do not stop it", shown(resolved.as_bytes())),
            };
            let x = if who.is_empty() { at(8) } else { pen.put(at(8), y, end, who, Role::Accent) + 3 };
            pen.put(x, y, end, &note, if self.insecure { Role::Warn } else { Role::Muted });
            y += 1;
        }
        for note in &self.notes {
            if y + 4 < area.bottom() {
                pen.put(at(8), y, end, &clip(note), Role::Warn);
                y += 1;
            }
        }
        let room = area.bottom().saturating_sub(y);
        let body_lines = u16::try_from(self.body.lines().len()).unwrap_or(u16::MAX).saturating_add(1);
        let body_room = body_lines.clamp(2, (room / 2).max(4)).min(room);
        let list_room = usize::from(room - body_room);
        self.rows_in(pen, Rect { y, height: room - body_room, ..area }, list_room, focused);
        y += self.list_height(list_room);
        self.draw_body(pen, Rect { y, height: area.bottom().saturating_sub(y), ..area }, focused);
    }

    /// Rows and headings of the list, as `Err(heading)` or `Ok(row)`.
    fn listed(&self) -> Vec<Result<usize, &'static str>> {
        let mut out = Vec::new();
        let mut heading = "";
        for (i, row) in self.rows.iter().enumerate() {
            let word = if row.place == Place::Header { "headers" } else { "params" };
            if word != heading {
                out.push(Err(word));
                heading = word;
            }
            out.push(Ok(i));
        }
        out
    }

    fn list_height(&self, room: usize) -> u16 {
        u16::try_from(self.listed().len().min(room)).unwrap_or(0)
    }

    fn rows_in(&mut self, pen: &mut Pen<'_>, area: Rect, room: usize, focused: bool) {
        let listed = self.listed();
        if let Item::Row(at) = self.item()
            && let Some(line) = listed.iter().position(|l| *l == Ok(at))
        {
            self.top = self.top.min(line.saturating_sub(1)).max((line + 1).saturating_sub(room));
        }
        self.top = self.top.min(listed.len().saturating_sub(room));
        let names = self.rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0).clamp(6, 22);
        let name_width = u16::try_from(names).unwrap_or(22);
        let end = area.right().saturating_sub(1);
        for (n, line) in listed.iter().skip(self.top).take(room).enumerate() {
            let y = area.y + u16::try_from(n).unwrap_or(0);
            let i = match line {
                Err(heading) => {
                    pen.put(area.x + 1, y, end, heading, Role::Title);
                    continue;
                }
                Ok(i) => *i,
            };
            let row = &self.rows[i];
            let role = if row.on { Role::Text } else { Role::Muted };
            let x = area.x + 1;
            pen.put(x, y, end, if row.on { " " } else { "-" }, Role::Muted);
            pen.put(x + 2, y, x + 2 + name_width, &shown(row.name.as_bytes()), role);
            let value_x = x + 3 + name_width;
            // The hint keeps its place whatever is typed, so that nothing jumps.
            let hint_width = (end.saturating_sub(value_x) / 2).min(46);
            let value_end = end.saturating_sub(hint_width + 1).max(value_x);
            let hint = match row.place {
                Place::Header => clip(&row.hint),
                p => format!("{} · {}", p.word(), clip(&row.hint)).trim_end_matches(" · ").to_owned(),
            };
            let editing = self.editing() && self.item() == Item::Row(i);
            if editing && !row.declared {
                self.one(pen, Rect::new(x + 2, y, end.saturating_sub(x + 2), 1), Item::Row(i), focused);
            } else {
                pen.put(value_end + 1, y, end, &hint, Role::Comment);
                let to = if hint.is_empty() { end } else { value_end };
                self.one(pen, Rect::new(value_x, y, to.saturating_sub(value_x), 1), Item::Row(i), focused);
            }
            self.drawn.push((y, i + 2));
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
            Item::Url if self.url.is_empty() => ("URL: Enter types it".to_owned(), Role::Muted),
            Item::Url => (if pen.reveal { self.url.clone() } else { masked_url(&self.url) }, Role::Text),
            Item::Row(i) => {
                let row = &self.rows[i];
                (
                    if pen.reveal { row.value.clone() } else { row.masked() },
                    if row.on { Role::Text } else { Role::Muted },
                )
            }
            Item::Body => return,
        };
        let x = pen.put(area.x, area.y, area.right(), &shown(text.as_bytes()), role);
        if here && focused {
            let width = x.saturating_sub(area.x).max(1);
            pen.shade(Rect { width, ..area }, Role::Selection);
        }
    }

    fn draw_body(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        if area.height == 0 {
            return;
        }
        let here = self.item() == Item::Body;
        let text_len = self.body.lines().iter().map(|l| l.len() + 1).sum::<usize>().saturating_sub(1) as u64;
        let end = area.right().saturating_sub(1);
        let x = pen.put(area.x + 1, area.y, end, "body", Role::Title);
        if here && focused && !self.editing_body() {
            pen.shade(Rect { x: area.x + 1, y: area.y, width: 4, height: 1 }, Role::Selection);
        }
        let note = if text_len == 0 { "none".to_owned() } else { bytes(text_len) };
        pen.put(x + 1, area.y, end, &note, Role::Muted);
        self.drawn.push((area.y, self.items().len() - 1));
        let inner = Rect {
            x: area.x + 3,
            y: area.y + 1,
            width: area.width.saturating_sub(4),
            height: area.height.saturating_sub(1),
        };
        let inner = inner.intersection(pen.buf.area);
        if inner.is_empty() {
            return;
        }
        // The widget draws what it holds; where that must not be seen, the lines are drawn without it.
        let text = self.body_text();
        if let Cow::Owned(masked) = pen.veil(&text)
            && !self.editing_body()
        {
            for (y, line) in (inner.y..inner.bottom()).zip(masked.split('\n')) {
                pen.put(inner.x, y, inner.right(), &clip(line), Role::Text);
            }
            return;
        }
        let cursor = if self.editing_body() { pen.style(Role::Selection) } else { Style::new() };
        self.body.set_cursor_style(cursor);
        self.body.set_style(pen.style(Role::Text));
        self.body.render(inner, pen.buf);
        pen.scrub(inner);
    }
}

impl Row {
    /// The value as it is drawn: that of a credential's header or of a secret parameter masked, and known secrets in any.
    fn masked(&self) -> String {
        let masked = match self.place {
            // Nothing is hidden where nothing is typed yet, but for a scheme.
            _ if self.value.is_empty() || self.value.ends_with(' ') => {
                known::redact(self.value.as_bytes()).into_owned()
            }
            Place::Header => mask_header(self.name.as_bytes(), self.value.as_bytes()),
            Place::Cookie => mask_header(b"Cookie", self.value.as_bytes()),
            _ if is_secret_member(&self.name) => MASK.into(),
            _ => known::redact(self.value.as_bytes()).into_owned(),
        };
        String::from_utf8_lossy(&masked).into_owned()
    }

    /// The row as one line of text, as it is edited.
    fn text(&self) -> String {
        match (self.declared, self.place) {
            (true, _) => self.value.clone(),
            (false, _) if self.name.is_empty() && self.value.is_empty() => String::new(),
            (false, Place::Header) => format!("{}: {}", self.name, self.value),
            (false, _) => format!("{}={}", self.name, self.value),
        }
    }

    /// Takes an edited line.
    fn take(&mut self, text: &str) {
        if self.declared {
            text.clone_into(&mut self.value);
            self.on = true;
            return;
        }
        let (name, value) = match self.place {
            // One space after the colon is how people write; more is theirs and stays.
            Place::Header => text.split_once(':').map_or((text, ""), |(n, v)| (n, v.strip_prefix(' ').unwrap_or(v))),
            _ => text.split_once('=').unwrap_or((text, "")),
        };
        name.clone_into(&mut self.name);
        value.clone_into(&mut self.value);
    }
}

fn masked_url(url: &str) -> String {
    String::from_utf8_lossy(&mask_url(url.as_bytes())).into_owned()
}

fn header(name: &str, value: &str) -> Row {
    Row {
        name: name.to_owned(),
        value: value.to_owned(),
        place: Place::Header,
        hint: String::new(),
        on: true,
        declared: false,
    }
}

fn area(text: &str) -> TextArea<'static> {
    let mut area = TextArea::new(text.split('\n').map(|l| l.trim_end_matches('\r').to_owned()).collect());
    area.set_cursor_line_style(Style::new());
    area.set_max_histories(200);
    area
}

/// Names of the `{name}` places of a URL, each once.
fn places(url: &str) -> Vec<String> {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let mut names: Vec<String> = Vec::new();
    let mut rest = path;
    while let Some((_, after)) = rest.split_once('{') {
        let Some((name, next)) = after.split_once('}') else { break };
        if !name.is_empty() && !name.contains(['/', '{']) && !names.iter().any(|n| n == name) && names.len() < 64 {
            names.push(name.to_owned());
        }
        rest = next;
    }
    names
}

/// Puts parameter values into a URL. A place that is left out stays as it was typed.
fn fill(url: &str, rows: &[Row]) -> String {
    let (before, fragment) = url.split_once('#').map_or((url, None), |(b, f)| (b, Some(f)));
    let (path, typed_query) = before.split_once('?').map_or((before, None), |(p, q)| (p, Some(q)));
    let mut out = String::new();
    let mut rest = path;
    while let Some((head, after)) = rest.split_once('{') {
        out.push_str(head);
        let found = after.split_once('}').and_then(|(name, next)| {
            let row = rows.iter().find(|r| r.on && r.place == Place::Path && r.name == name)?;
            Some((row, next))
        });
        if let Some((row, next)) = found {
            out.push_str(&encode(&row.value));
            rest = next;
        } else {
            out.push('{');
            rest = after;
        }
    }
    out.push_str(rest);
    let query: Vec<String> = rows
        .iter()
        .filter(|r| r.on && r.place == Place::Query && !r.name.is_empty())
        .map(|r| format!("{}={}", encode(&r.name), encode(&r.value)))
        .collect();
    match (typed_query, query.is_empty()) {
        (Some(q), true) => out.extend(["?", q]),
        (Some(q), false) => {
            out.extend(["?", q, if q.is_empty() || q.ends_with('&') { "" } else { "&" }, &query.join("&")]);
        }
        (None, true) => {}
        (None, false) => out.extend(["?", &query.join("&")]),
    }
    if let Some(f) = fragment {
        out.extend(["#", f]);
    }
    out
}

fn hex(digit: u8) -> char {
    char::from_digit(u32::from(digit), 16).map_or('0', |c| c.to_ascii_uppercase())
}

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3).
fn encode(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for b in value.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            out.extend(['%', hex(b >> 4), hex(b & 15)]);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, value: &str, place: Place) -> Row {
        Row { place, ..Row { name: name.into(), value: value.into(), ..header("", "") } }
    }

    #[test]
    fn only_values_are_encoded() {
        let rows = [row("id", "a/b c", Place::Path), row("q", "x&y=ü", Place::Query)];
        assert_eq!(
            fill("http://h/o/{id}/../%2e?r=a b#f", &rows),
            "http://h/o/a%2Fb%20c/../%2e?r=a b&q=x%26y%3D%C3%BC#f"
        );
        assert_eq!(fill("http://h/{x}", &rows), "http://h/{x}?q=x%26y%3D%C3%BC");
        let mut off = rows.to_vec();
        for r in &mut off {
            r.on = false;
        }
        assert_eq!(fill("http://h/o/{id}?", &off), "http://h/o/{id}?");
    }

    #[test]
    fn places_of_the_path_have_fields() {
        let f = Form::open("GET", "http://h/{a}/{b}/{a}?x={c}");
        let names: Vec<&str> = f.rows.iter().filter(|r| r.place == Place::Path).map(|r| r.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn a_header_keeps_what_was_typed() {
        let mut r = header("", "");
        r.take("X-Odd:  two spaces ");
        assert_eq!((r.name.as_str(), r.value.as_str()), ("X-Odd", " two spaces "));
    }
}
