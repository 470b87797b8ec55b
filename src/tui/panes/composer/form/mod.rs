//! The request side: a line with method and URL, and tabs of what else is sent; or the whole request as bytes.

mod body;
mod draw;
mod edit;
mod raw;
mod row;
mod url;

use ratatui_textarea::TextArea;

use crate::app::send::USER_AGENT;
use crate::app::{Composed, Draft};
use crate::base::known;
use crate::base::secret::mask_url;
use crate::inventory::Place;
use crate::tui::widgets::input::Field;
pub use body::Kind as BodyKind;
use body::{Body, area, text};
use row::{Kind, Row};

/// Rows of parameters and headers that a form takes.
const ROWS_CAP: usize = 500;

/// What is shown below the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tab {
    /// Places of the path, pairs of the query, cookies.
    Params,
    /// Headers.
    Headers,
    /// The body.
    Body,
    /// Who it is sent as.
    Identity,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 4] = [Self::Params, Self::Headers, Self::Body, Self::Identity];
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
    /// The query or the headers as text.
    Text,
    /// The kind of the body.
    Kind,
    /// A field or a part of the body.
    Field(usize),
    /// A text of the body: the first, or the variables of GraphQL.
    Area(usize),
    /// The path of the file that is the body.
    File,
    /// An identity, or nobody.
    Who(usize),
    /// The whole request.
    Raw,
}

/// A request as typed.
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own, with a key of its own")]
pub struct Form {
    /// What it was made from, for line 2.
    pub title: String,
    /// What could not be read of the declaration.
    notes: Vec<String>,
    method: String,
    /// The URL before its query.
    head: String,
    fragment: Option<String>,
    rows: Vec<Row>,
    body: Body,
    /// The headers as text, while they are edited as such.
    block: TextArea<'static>,
    raw: raw::Raw,
    /// Whether an untrusted certificate stops it.
    pub insecure: bool,
    /// Whether the cookies of the jar go with it.
    cookies: bool,
    /// Whether braces and backslashes stand for themselves.
    pub as_is: bool,
    /// How many identities there are to choose from.
    pub identities: usize,
    /// The tab that is open.
    pub tab: Tab,
    /// Whether the query, the headers or the fields are shown as text.
    as_text: bool,
    at: usize,
    top: usize,
    edit: Option<Edit>,
    drawn: draw::Drawn,
}

/// What is being edited.
enum Edit {
    Line(Field),
    Area,
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
            head: String::new(),
            fragment: None,
            rows: vec![header("User-Agent", USER_AGENT)],
            body: Body::default(),
            block: area(""),
            raw: raw::Raw::default(),
            insecure: false,
            cookies: false,
            as_is: false,
            identities: 0,
            tab: Tab::Params,
            as_text: false,
            at: 1,
            top: 0,
            edit: None,
            drawn: draw::Drawn::default(),
        };
        form.set_url(url);
        form
    }

    /// A request as it stands in a draft: one that was sent before, or was pasted.
    pub fn again(draft: &Draft, title: &str) -> Self {
        let mut form = Self::open(&draft.method, &draft.url);
        title.clone_into(&mut form.title);
        form.rows.retain(|r| r.kind != Kind::At(Place::Header));
        form.rows.extend(draft.headers.iter().take(ROWS_CAP).map(|(n, v)| header(n, v)));
        let media_type = form.header("content-type").map(|r| r.value.clone()).unwrap_or_default();
        form.body = Body::held(&media_type, &draft.body);
        form.insecure = draft.insecure;
        form.as_is = draft.as_is;
        form.cookies = draft.cookies;
        if let Some(raw) = &draft.raw {
            // What is no text in them stands there as an escape, and escapes are read.
            form.as_is = false;
            form.raw.hold(raw);
        }
        form
    }

    /// Says something below the URL, for as long as this form stands.
    pub fn say(&mut self, notes: Vec<String>) {
        self.notes = notes;
    }

    /// A request for an endpoint, filled from its declaration.
    pub fn compose(c: &Composed) -> Self {
        let mut form = Self::open(&c.method, &format!("{}{}", c.base, c.path));
        form.title.clone_from(&c.title);
        form.notes = c.operation.notes.iter().take(3).cloned().collect();
        form.rows.retain(|r| matches!(r.kind, Kind::At(Place::Path | Place::Query)));
        for p in c.operation.parameters.iter().take(ROWS_CAP) {
            let place = Kind::At(p.place);
            let mut row = Row::new(place, &p.name, &p.example);
            row.hint = if p.required { p.hint.clone() } else { format!("{} (optional)", p.hint) };
            (row.on, row.declared, row.given) = (p.required, true, Some(p.example.clone()));
            match form.rows.iter_mut().find(|r| p.place == Place::Path && r.kind == place && r.name == p.name) {
                Some(known) => *known = row,
                None => form.rows.push(row),
            }
        }
        if let Some(body) = &c.operation.body {
            form.body = Body::of(&body.media_type, &body.text);
            form.propose("Content-Type", &body.media_type);
        }
        form.propose("Accept", "*/*");
        form.propose("User-Agent", USER_AGENT);
        if c.operation.security.iter().any(|s| s.to_ascii_lowercase().starts_with("bearer"))
            && form.header("authorization").is_none()
        {
            let mut row = header("Authorization", "Bearer ");
            "declared; Space takes it in".clone_into(&mut row.hint);
            row.on = false;
            form.rows.push(row);
        }
        let query = form.query();
        form.rows = url::with_query(std::mem::take(&mut form.rows), query.as_deref());
        // What a document says is put in by nobody: it could name a secret.
        if format!("{c:?}").contains("{{") {
            form.as_is = true;
            form.notes.push("the document holds {{…}}, which is sent as it stands; A puts variables in".to_owned());
        }
        // Where there is no parameter, the body is what one looks at.
        if form.body.kind != BodyKind::None && form.items().len() == 2 {
            form.tab = Tab::Body;
        }
        form.at = form.items().iter().position(|i| matches!(i, Item::Row(_) | Item::Area(_))).unwrap_or(1);
        form
    }

    fn propose(&mut self, name: &str, value: &str) {
        if self.header(name).is_none() {
            self.rows.push(header(name, value));
        }
    }

    fn header(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|r| r.kind == Kind::At(Place::Header) && r.name.eq_ignore_ascii_case(name))
    }

    /// The query as it is sent, where there is one.
    fn query(&self) -> Option<String> {
        let url = self.url();
        url::split(&url).1.map(str::to_owned)
    }

    /// The URL as typed.
    pub fn url(&self) -> String {
        url::written(&self.head, &self.rows, self.fragment.as_deref())
    }

    fn set_url(&mut self, text: &str) {
        let (head, query, fragment) = url::split(text);
        head.clone_into(&mut self.head);
        self.fragment = fragment.map(str::to_owned);
        let names = url::places(head);
        self.rows.retain(|r| r.kind != Kind::At(Place::Path) || names.contains(&r.name));
        for name in names {
            if !self.rows.iter().any(|r| r.kind == Kind::At(Place::Path) && r.name == name) {
                let mut row = Row::new(Kind::At(Place::Path), &name, "");
                row.declared = true;
                self.rows.push(row);
            }
        }
        self.rows = url::with_query(std::mem::take(&mut self.rows), query);
    }

    /// Every place the cursor can stand on, in order.
    pub fn items(&self) -> Vec<Item> {
        let mut items = vec![Item::Method, Item::Url];
        if self.raw.on {
            items.push(Item::Raw);
            return items;
        }
        let of = |wanted: &dyn Fn(Kind) -> bool| {
            let rows = self.rows.iter().enumerate().filter(|(_, r)| wanted(r.kind));
            rows.map(|(i, _)| Item::Row(i)).collect::<Vec<_>>()
        };
        match self.tab {
            Tab::Params if self.as_text => {
                items.extend(of(&|k| k == Kind::At(Place::Path)));
                items.push(Item::Text);
                items.extend(of(&|k| k == Kind::At(Place::Cookie)));
            }
            Tab::Params => items.extend(of(&|k| k != Kind::At(Place::Header))),
            Tab::Headers if self.as_text => items.push(Item::Text),
            Tab::Headers => items.extend(of(&|k| k == Kind::At(Place::Header))),
            Tab::Body => {
                items.push(Item::Kind);
                match self.body.kind {
                    BodyKind::None => {}
                    BodyKind::Json | BodyKind::Text => items.push(Item::Area(0)),
                    BodyKind::Graphql => items.extend([Item::Area(0), Item::Area(1)]),
                    BodyKind::File => items.push(Item::File),
                    BodyKind::Form if self.as_text => items.push(Item::Text),
                    BodyKind::Form | BodyKind::Multipart => {
                        let rows = self.body.fields.iter().enumerate();
                        items.extend(
                            rows.filter(|(_, r)| Some(r.kind) == self.body.rows_of()).map(|(i, _)| Item::Field(i)),
                        );
                    }
                }
            }
            Tab::Identity => items.extend((0..=self.identities).map(Item::Who)),
        }
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

    /// Opens a tab, with the cursor on its first place.
    pub fn open_tab(&mut self, tab: Tab) {
        self.done(true);
        self.raw.on = false;
        self.tab = tab;
        self.as_text = false;
        self.top = 0;
        self.at = 2.min(self.items().len() - 1);
    }

    /// Opens the tab after, or before; false at the ends.
    pub fn turn(&mut self, back: bool) -> bool {
        let at = Tab::ALL.iter().position(|t| *t == self.tab).unwrap_or(0);
        let next = if back { at.checked_sub(1) } else { Some(at + 1) };
        let tab = next.and_then(|i| Tab::ALL.get(i));
        if let Some(tab) = tab {
            self.open_tab(*tab);
        }
        tab.is_some()
    }

    /// True while a field takes text.
    pub fn editing(&self) -> bool {
        self.edit.is_some()
    }

    /// True while a text takes line breaks.
    pub fn editing_area(&self) -> bool {
        matches!(self.edit, Some(Edit::Area))
    }

    fn text_of(&self, item: Item) -> String {
        match item {
            Item::Method => self.method.clone(),
            Item::Url => self.url(),
            Item::Row(i) => self.rows.get(i).map_or_else(String::new, Row::line),
            Item::Field(i) => self.body.fields.get(i).map_or_else(String::new, Row::line),
            Item::Text => match self.tab {
                Tab::Params => self.query().unwrap_or_default(),
                Tab::Headers => self.headers_text(),
                _ => self.body.form(),
            },
            Item::File => self.body.file.clone(),
            Item::Area(i) if self.body.kind == BodyKind::Graphql => {
                self.body.graphql.get(i).map(text).unwrap_or_default()
            }
            Item::Area(_) => text(&self.body.text),
            Item::Raw => text(&self.raw.text),
            Item::Kind => self.body.kind.word().to_owned(),
            Item::Who(_) => String::new(),
        }
    }

    fn row(&self, item: Item) -> Option<&Row> {
        match item {
            Item::Row(i) => self.rows.get(i),
            Item::Field(i) => self.body.fields.get(i),
            _ => None,
        }
    }

    fn row_mut(&mut self) -> Option<&mut Row> {
        match self.item() {
            Item::Row(i) => self.rows.get_mut(i),
            Item::Field(i) => self.body.fields.get_mut(i),
            _ => None,
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
            Item::Text if !reveal && self.tab == Tab::Headers => {
                let rows = self.rows.iter().filter(|r| r.on && r.kind == Kind::At(Place::Header));
                rows.map(|r| format!("{}: {}", r.name, r.masked())).collect::<Vec<_>>().join("\n")
            }
            item if !reveal && self.row(item).is_some() => self.row(item).map_or_else(String::new, Row::line_masked),
            _ if reveal => self.text_of(item),
            _ => known::redact_str(&self.text_of(item)).into_owned(),
        }
    }

    /// Shows the query, the headers or the fields as text, or as a table again. False where there is one form only.
    pub fn turn_text(&mut self) -> bool {
        let both = matches!(self.tab, Tab::Params | Tab::Headers) || self.body.kind == BodyKind::Form;
        if both && !self.raw.on && self.tab != Tab::Identity {
            self.as_text = !self.as_text;
            let text = self.items().iter().position(|i| *i == Item::Text);
            self.at = text.unwrap_or(2).min(self.items().len() - 1);
            return true;
        }
        false
    }

    /// Types the body another way, and proposes its media type unless another was typed. Says so where one was.
    pub fn set_kind(&mut self, kind: BodyKind) -> Option<String> {
        let proposed: Vec<String> = BodyKind::ALL.iter().filter_map(|k| k.media_type()).collect();
        self.open_tab(Tab::Body);
        self.body.kind = kind;
        // Enter types it at once.
        self.at = 3.min(self.items().len() - 1);
        let at = self
            .rows
            .iter()
            .position(|r| r.kind == Kind::At(Place::Header) && r.name.eq_ignore_ascii_case("content-type"));
        match (at, kind.media_type()) {
            (None, Some(media_type)) => self.rows.push(header("Content-Type", &media_type)),
            (Some(i), Some(media_type)) if proposed.contains(&self.rows[i].value) => self.rows[i].set(&media_type),
            (Some(i), None) if proposed.contains(&self.rows[i].value) => drop(self.rows.remove(i)),
            (Some(i), Some(media_type)) if BodyKind::of(&self.rows[i].value) != BodyKind::of(&media_type) => {
                return Some(format!("Content-Type stays {}; {media_type} is usual", self.rows[i].value));
            }
            _ => {}
        }
        None
    }

    /// The next kind of body.
    pub fn next_kind(&self) -> BodyKind {
        let at = BodyKind::ALL.iter().position(|k| *k == self.body.kind).unwrap_or(0);
        BodyKind::ALL[(at + 1) % BodyKind::ALL.len()]
    }

    /// Writes the JSON of the body with line breaks. False when it is none.
    pub fn reformat(&mut self) -> bool {
        self.done(true);
        self.body.reformat()
    }

    /// Writes the request raw, filled from what the fields say unless it was edited before; or goes back to the fields.
    pub fn turn_raw(&mut self) {
        self.done(true);
        if self.raw.on {
            self.raw.on = false;
            self.at = 1;
            return;
        }
        let draft = self.fields();
        self.raw.fill(&draft, self.as_is);
        self.at = 2;
    }

    /// The URL with its parameters filled in. What was typed in the URL stays as it is; only values are percent-encoded.
    pub fn resolved(&self) -> String {
        url::fill(&self.url(), &self.rows)
    }

    /// The request as the fields say it.
    fn fields(&self) -> Draft {
        let on = |place| self.rows.iter().filter(move |r| r.on && r.kind == Kind::At(place));
        let mut headers: Vec<(String, String)> =
            on(Place::Header).filter(|r| !r.name.is_empty()).map(|r| (r.name.clone(), r.value.clone())).collect();
        let cookies: Vec<String> = on(Place::Cookie).map(|r| format!("{}={}", r.name, r.value)).collect();
        if !cookies.is_empty() {
            headers.push(("Cookie".to_owned(), cookies.join("; ")));
        }
        let mut declared: Vec<String> =
            on(Place::Header).filter(|r| r.is_given()).map(|r| format!("header {}", r.name)).collect();
        let mut of_url = self.rows.iter().filter(|r| r.on && matches!(r.kind, Kind::At(Place::Path | Place::Query)));
        if self.title != "new" && of_url.all(Row::is_given) {
            declared.push("URL".to_owned());
        }
        declared.extend(self.body.is_given().then(|| "body".to_owned()));
        Draft {
            method: self.method.clone(),
            url: self.resolved(),
            headers,
            body: self.body.content(),
            insecure: self.insecure,
            as_is: self.as_is,
            cookies: self.cookies,
            declared,
            ..Draft::default()
        }
    }

    /// The request as it stands, the open field included.
    ///
    /// # Errors
    /// Where the raw request cannot be read.
    pub fn draft(&mut self) -> Result<Draft, String> {
        self.done(true);
        let mut draft = self.fields();
        if self.raw.on {
            draft.raw = Some(self.raw.bytes(self.as_is)?);
        }
        Ok(draft)
    }
}

fn masked_url(url: &str) -> String {
    String::from_utf8_lossy(&mask_url(url.as_bytes())).into_owned()
}

fn header(name: &str, value: &str) -> Row {
    Row::new(Kind::At(Place::Header), name, value)
}
