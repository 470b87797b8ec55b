//! Pane 2: a request at the left, its reply at the right; one after the other where there is little room.

mod act;
mod beside;
mod facts;
mod form;
mod grade;
mod keep;
mod queried;
mod redirect;
mod response;
mod sent;
mod spec;
mod varied;
mod who;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::text::More;
use super::{Now, Pane, Prompt, WIDE, columns};
use crate::app::group::Plan;
use crate::app::identity::{NOBODY, Named};
use crate::app::incoming::News;
use crate::app::inspect::Stood;
use crate::app::judge::beside;
use crate::app::vary::Values;
use crate::app::{Ask, Composed, Declared, Draft, JobId, Judged, Recalled, compare, grade as live};
use crate::base::secret::{find_tokens, mask_target};
use crate::base::text::display;
use crate::grade::odd::Sends;
use crate::grade::probes::{Probe, UNSAFE};
use crate::jwt::Decoded;
use crate::tui::effect::{Effect, EndpointKey, Grades, Level};
use crate::tui::keymap::{Action, Context, is_text};
use crate::tui::theme::Role;
use crate::tui::widgets::body::Lines;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip};
use crate::tui::widgets::table::Move;
use crate::wire::curl;
pub use act::exported;
use form::{BodyKind, Form, Item};
pub use keep::{kept, names_requests};
pub use queried::Answer;
use redirect::Hop;
use response::{Response, tls_word};
use varied::Varied;
use who::Who;

/// Bytes that are copied at most: more than terminals take.
const COPY_CAP: usize = 100_000;

/// With this word the live extras that are shown are sent.
pub const GO: &str = "send";

/// Where a send is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sending {
    /// Nothing is under way.
    No,
    /// Asked for, not queued yet: scope may have a question.
    Asked,
    /// Queued or running under this number.
    Running(JobId),
}

/// Which side has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Request,
    Response,
    /// What came of many values.
    Varied,
}

/// A request and its reply.
pub struct ComposerPane {
    form: Form,
    response: Option<Response>,
    side: Side,
    sending: Sending,
    /// The endpoint asked for, and the one the form was made from.
    endpoint: (Option<EndpointKey>, Option<EndpointKey>),
    /// What was sent last, and for which endpoint.
    last: Option<(Draft, Option<EndpointKey>)>,
    /// What was typed for the reply that is shown, where that is known.
    answered: Option<Draft>,
    /// The redirects that led here, oldest first.
    hops: Vec<Hop>,
    search: Option<Field>,
    /// The live extras that were shown, and for which exchange.
    armed: Option<(u64, Vec<Probe>)>,
    /// What may be varied once it was shown, and by which values.
    values: Option<(Draft, Arc<Values>)>,
    varied: Option<Varied>,
    /// Requests put aside for a group.
    aside: Vec<Draft>,
    /// A group that was shown.
    grouped: Option<Arc<Plan>>,
    /// One request as several identities, once it was shown.
    compares: Option<Arc<compare::Plan>>,
    /// The reply before the one that is shown, and what it answered.
    earlier: Option<(String, Arc<Judged>)>,
    /// What is asked of each body, and whether it is at the moment.
    query: (String, bool),
    /// Whether the rows take the place of the reply.
    rows_shown: bool,
    /// Who it is sent as, whatever the form.
    pub who: Who,
    /// Forms put aside while another endpoint is open, newest last.
    shelf: Vec<(EndpointKey, Form)>,
    wide: bool,
    rule: u16,
    /// Whether secrets are shown.
    reveal: bool,
}

impl Default for ComposerPane {
    fn default() -> Self {
        Self {
            form: Form::default(),
            response: None,
            side: Side::Request,
            sending: Sending::No,
            endpoint: (None, None),
            last: None,
            answered: None,
            hops: Vec::new(),
            search: None,
            armed: None,
            values: None,
            varied: None,
            aside: Vec::new(),
            grouped: None,
            compares: None,
            earlier: None,
            query: (String::new(), false),
            rows_shown: false,
            who: Who::default(),
            shelf: Vec::new(),
            wide: true,
            rule: 0,
            reveal: false,
        }
    }
}

impl ComposerPane {
    /// A composer that knows these identities.
    pub fn new(identities: Vec<Named>, environments: Vec<String>) -> Self {
        Self { who: Who::new(identities).with_environments(environments), ..Self::default() }
    }

    /// Notes which endpoint the app was asked to make ready.
    pub fn expect(&mut self, key: EndpointKey) {
        self.endpoint.0 = Some(key);
    }

    /// An endpoint is ready. What was typed for another one is kept for when it is opened again.
    pub fn composed(&mut self, composed: &Composed) {
        let key = self.endpoint.0.take();
        self.shelve();
        let kept = key.as_ref().and_then(|k| self.shelf.iter().position(|(s, _)| s == k));
        self.form = match kept {
            Some(i) => self.shelf.remove(i).1,
            None => Form::compose(composed),
        };
        self.endpoint.1 = key;
        self.side = Side::Request;
        self.response = None;
        self.hops.clear();
    }

    fn shelve(&mut self) {
        let form = std::mem::take(&mut self.form);
        if let Some(key) = self.endpoint.1.take() {
            self.shelf.retain(|(k, _)| *k != key);
            if self.shelf.len() >= 64 {
                self.shelf.remove(0);
            }
            self.shelf.push((key, form));
        }
    }

    /// Opens a URL: `[METHOD] URL`.
    pub fn open(&mut self, text: &str) {
        let (method, url) = match text.trim().split_once(char::is_whitespace) {
            Some((m, u)) => (m, u.trim()),
            None => ("GET", text.trim()),
        };
        self.shelve();
        self.form = Form::open(method, url);
        self.side = Side::Request;
        self.response = None;
        self.hops.clear();
    }

    /// An exchange of the history is opened, ready to be sent again.
    pub fn recalled(&mut self, recalled: Recalled) -> Vec<Effect> {
        self.shelve();
        self.form = Form::again(&recalled.draft, &format!("{} · no {}", recalled.draft.method, recalled.row.id));
        self.sending = Sending::No;
        let chosen = self.who.choose(recalled.draft.identity.as_deref().unwrap_or(NOBODY));
        self.hops.clear();
        self.answered = Some(recalled.draft.clone());
        self.last = Some((recalled.draft, None));
        let (response, work) = Response::new(recalled.judged, 0, self.reveal);
        self.keep_earlier();
        self.response = Some(response);
        self.side = Side::Request;
        let asked = self.asked_again();
        let unknown = chosen.err().map(|text| Effect::Notice(Level::Warn, text));
        work.into_iter().chain(asked).chain(unknown).collect()
    }

    /// A send got its number.
    pub fn started(&mut self, id: JobId) {
        if self.sending == Sending::Asked {
            self.sending = Sending::Running(id);
        }
    }

    /// The send could not even begin. True when it was ours.
    pub fn failed(&mut self) -> bool {
        let ours = self.sending == Sending::Asked;
        if ours {
            self.sending = Sending::No;
        }
        ours
    }

    /// More of a reply that goes on has come.
    pub fn arriving(&mut self, id: JobId, news: News) {
        if self.sending != Sending::Running(id) && self.sending != Sending::Asked {
            return;
        }
        if let Some(judged) = news.head {
            self.rows_shown = false;
            let tab = self.response.as_ref().map_or(0, |r| r.tab);
            self.response = Some(Response::going_on(judged, tab, self.reveal));
            if !self.form.editing() && (!self.wide || self.side == Side::Varied) {
                self.side = Side::Response;
            }
        }
        if let Some(response) = &mut self.response {
            news.parts.iter().for_each(|(part, at)| response.take(part, *at));
        }
    }

    /// An exchange ended.
    pub fn done(&mut self, id: JobId, judged: &Arc<Judged>) -> Vec<Effect> {
        let ours = matches!(self.sending, Sending::Asked) || self.sending == Sending::Running(id);
        if !ours {
            return Vec::new();
        }
        self.sending = Sending::No;
        let mut effects = Vec::new();
        if let Some(key) = self.last.as_ref().and_then(|(_, k)| k.clone()) {
            let headers = judged.headers.as_ref().map(|g| g.grade);
            // What an error leaves out says nothing of the endpoint.
            let good = judged.exchange.response.as_ref().filter(|r| r.status < 400);
            let grades = Grades { headers, tls: tls_word(&judged.exchange), sends: good.map(Sends::of) };
            effects.push(Effect::Graded(key, grades));
        }
        self.rows_shown = false;
        if self.side == Side::Varied {
            self.side = Side::Request;
        }
        // The live extras of a reply give the same exchange once more.
        if self.response.as_ref().is_none_or(|r| r.judged.exchange.id != judged.exchange.id) {
            self.keep_earlier();
            self.answered = self.last.as_ref().map(|(draft, _)| draft.clone());
        }
        let tab = self.response.as_ref().map_or(0, |r| r.tab);
        let (mut response, work) = Response::new(Arc::clone(judged), tab, self.reveal);
        if let Some(went_on) = self.response.take().filter(Response::goes_on) {
            response.stand_as(&went_on);
        }
        self.response = Some(response);
        effects.extend(work);
        effects.extend(self.asked_again());
        if !self.wide && !self.form.editing() {
            self.side = Side::Response;
        }
        effects
    }

    /// Shows secrets, or masks them.
    pub fn reveal(&mut self, reveal: bool) -> Vec<Effect> {
        self.reveal = reveal;
        let Some(old) = self.response.take() else { return Vec::new() };
        if old.goes_on() {
            self.response = Some(old.revealed(reveal));
            return Vec::new();
        }
        let (mut response, work) = Response::new(Arc::clone(&old.judged), old.tab, reveal);
        response.stand_as(&old);
        self.response = Some(response);
        work.into_iter().chain(self.asked_again()).collect()
    }

    /// What the specification says of a reply is known.
    pub fn conforms(&mut self, id: u64, conforms: Option<Arc<Declared>>) {
        if let Some(response) = self.response.as_mut().filter(|r| r.id().0 == id) {
            response.conforms(conforms);
        }
    }

    /// The reply that is shown, once it is whole.
    pub fn shown(&self) -> Option<&Arc<Judged>> {
        self.response.as_ref().filter(|r| !r.goes_on()).map(|r| &r.judged)
    }

    /// A large body has its lines.
    pub fn indexed(&mut self, id: (u64, bool), bytes: bytes::Bytes, lines: Lines) {
        if let Some(r) = &mut self.response {
            r.indexed(id, bytes, lines);
        }
    }

    /// Sends what stands there.
    fn send(&mut self) -> Vec<Effect> {
        match self.draft() {
            Ok(draft) => self.ask(draft, self.endpoint.1.clone()),
            Err(why) => vec![Effect::Notice(Level::Warn, why)],
        }
    }

    /// What stands there, with who it is sent as and what gives variables their values.
    fn draft(&mut self) -> Result<Draft, String> {
        let mut draft = self.form.draft()?;
        draft.identity = self.who.name().map(str::to_owned);
        draft.environment = self.who.environment().map(str::to_owned);
        if draft.url.is_empty() {
            return Err("there is no URL to send to: Enter on the URL types one".to_owned());
        }
        Ok(draft)
    }

    /// Text comes back from the editor.
    pub fn edited(&mut self, text: &str) {
        self.form.take_outside(text);
    }

    /// Text is given to the editor.
    fn outside(&mut self) -> Vec<Effect> {
        match self.form.outside() {
            Some((name, text)) => vec![Effect::EditText(name, text)],
            None => vec![Effect::Notice(
                Level::Info,
                "your editor takes a body that is text, or the raw request: b chooses the kind, R writes it raw"
                    .to_owned(),
            )],
        }
    }

    /// Enter on what is not typed: the next kind of body, or an identity.
    fn enter(&mut self) -> Vec<Effect> {
        match self.form.item() {
            Item::Kind => {
                let effects = self.kind(self.form.next_kind());
                // Pressed again, it goes on.
                self.form.step(-1);
                if self.form.item() != Item::Kind {
                    self.form.step(1);
                }
                effects
            }
            Item::Who(place) => {
                self.who.pick(place);
                Vec::new()
            }
            _ => {
                self.form.edit();
                Vec::new()
            }
        }
    }

    fn kind(&mut self, kind: BodyKind) -> Vec<Effect> {
        let note = self.form.set_kind(kind);
        note.map(|text| Effect::Notice(Level::Info, clip(&text))).into_iter().collect()
    }

    fn ask(&mut self, draft: Draft, key: Option<EndpointKey>) -> Vec<Effect> {
        if self.sending != Sending::No {
            return vec![Effect::Notice(Level::Warn, "one request is under way: Esc cancels it".to_owned())];
        }
        self.sending = Sending::Asked;
        self.last = Some((draft.clone(), key));
        vec![Effect::Ask(Ask::Send(draft))]
    }

    /// The token under the cursor, else the first of the exchange.
    fn token(&mut self) -> Vec<Effect> {
        let under = match (self.side, &mut self.response) {
            (Side::Response, Some(r)) => r.raw_under(),
            _ => self.form.under().into_bytes(),
        };
        if let Some(range) = find_tokens(&under).into_iter().next() {
            let decoded = crate::jwt::decode(&under[range]);
            let stood = match self.side {
                Side::Response => self.stood(format!("reply to {}", self.subject()), "reply body", &decoded),
                _ => Stood { from: "the request being written".to_owned(), ..Stood::default() },
            };
            return vec![Effect::Token(stood, Box::new(decoded))];
        }
        match self.response.as_ref().and_then(|r| r.judged.tokens.first()) {
            Some((from, decoded)) => {
                let stood = self.stood(format!("{}, {}", clip(from), self.subject()), from, decoded);
                vec![Effect::Token(stood, Box::new(decoded.clone()))]
            }
            None => vec![Effect::Notice(Level::Info, "there is no token here or in the exchange".to_owned())],
        }
    }

    /// Where a token of the exchange that is shown stood.
    fn stood(&self, from: String, place: &str, token: &Decoded) -> Stood {
        let beside = self.response.as_ref().map(|r| beside(&r.judged.exchange, place, token)).unwrap_or_default();
        Stood { from, beside }
    }

    /// Puts a token into the request: in place of the one that stands there, else as a bearer token. Says where.
    pub fn use_token(&mut self, token: &[u8]) -> Result<String, String> {
        let text = String::from_utf8(token.to_vec()).map_err(|_| "these bytes are no text; copy them instead")?;
        self.side = Side::Request;
        self.form.use_token(&text)
    }

    /// What stands there as it would be sent, for what sends it in other ways.
    pub fn as_draft(&mut self) -> Result<Draft, String> {
        self.draft()
    }

    /// Method and target of the exchange that is shown.
    fn subject(&self) -> String {
        self.response.as_ref().map_or_else(String::new, |r| {
            let request = &r.judged.exchange.request;
            let target = mask_target(&request.target);
            format!("{} {}", display(&request.method), display(&target[..target.len().min(200)]))
        })
    }

    /// The live extras: shows what would be sent; what is shown is sent on `go`.
    fn live(&mut self, go: bool) -> Vec<Effect> {
        let Some(response) = self.response.as_ref() else { return Vec::new() };
        let judged = Arc::clone(&response.judged);
        if self.sending != Sending::No {
            return vec![Effect::Notice(Level::Warn, "one request is under way: Esc cancels it".to_owned())];
        }
        match self.armed.take() {
            Some((id, plan)) if go && id == judged.exchange.id => {
                self.sending = Sending::Asked;
                let insecure = self.last.as_ref().is_some_and(|(draft, _)| draft.insecure);
                vec![Effect::Ask(Ask::Live { judged, plan, insecure })]
            }
            _ => {
                let plan = live::plan(&judged.exchange.request);
                if plan.is_empty() || judged.headers.is_none() {
                    let why = if plan.is_empty() { UNSAFE } else { "there is no reply to compare with" };
                    return vec![Effect::Notice(Level::Info, why.to_owned())];
                }
                let mut lines = vec!["x sends them; Esc does not.".to_owned(), String::new()];
                lines.extend(live::words(&plan));
                let title = format!("live extras: {} requests", plan.len());
                self.armed = Some((judged.exchange.id, plan));
                vec![Effect::Plan(title, lines, Action::Live)]
            }
        }
    }

    /// What stands beside the request, where something does.
    fn beside(&self) -> Option<Side> {
        if self.rows_shown { Some(Side::Varied) } else { self.response.as_ref().map(|_| Side::Response) }
    }

    fn next_field(&mut self, back: bool) {
        self.form.done(true);
        match self.side {
            Side::Request => {
                if !self.form.step(if back { -1 } else { 1 }) {
                    self.side = self.beside().unwrap_or(Side::Request);
                }
            }
            Side::Response | Side::Varied => {
                self.side = Side::Request;
                self.form.end(back);
            }
        }
    }

    fn search(&mut self, text: &str, back: bool) -> Vec<Effect> {
        let Some(body) = self.response.as_mut().and_then(Response::body) else {
            return vec![Effect::Notice(Level::Info, "search looks in the body: open its tab".to_owned())];
        };
        if body.search(text, back) { Vec::new() } else { vec![Effect::Notice(Level::Info, "not found".to_owned())] }
    }
}

fn info(text: &str) -> Vec<Effect> {
    vec![Effect::Notice(Level::Info, text.to_owned())]
}

/// A value of a reply as a variable takes it: the text of a JSON string, and all else as it stands.
fn captured(under: &[u8]) -> Vec<u8> {
    serde_json::from_slice::<String>(under).map_or_else(|_| under.to_vec(), String::into_bytes)
}

/// What stands behind a line, shown above the panes.
fn told(more: &More) -> Vec<Effect> {
    vec![Effect::Explain(more.title.clone(), more.lines.clone())]
}

impl Pane for ComposerPane {
    fn contexts(&self) -> Vec<Context> {
        if self.editing() {
            return vec![Context::Field, Context::Always];
        }
        // Sending comes first in the footer, but where rows have keys of their own.
        let own: &[Context] = match self.side {
            Side::Request => &[Context::Composer, Context::Request, Context::Either],
            Side::Response => &[Context::Composer, Context::Either, Context::Response],
            Side::Varied => &[Context::Varied, Context::Composer, Context::Either],
        };
        let hop = [(Context::Redirect, self.leads_on()), (Context::Hop, !self.hops.is_empty())];
        let hop = hop.into_iter().filter(|(_, there)| *there).map(|(context, _)| context);
        hop.chain(own.iter().copied()).chain([Context::Move, Context::Global, Context::Always]).collect()
    }

    fn editing(&self) -> bool {
        self.search.is_some() || self.form.editing()
    }

    fn takes(&self, key: KeyEvent) -> bool {
        let lines =
            matches!(key.code, KeyCode::Enter | KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown);
        is_text(key) || (lines && key.modifiers.is_empty() && self.search.is_none() && self.form.editing_area())
    }

    fn act(&mut self, action: Action, argument: &str, _: Now) -> Option<Vec<Effect>> {
        if self.editing()
            && let Some(effects) = self.act_field(action)
        {
            return Some(effects);
        }
        if let Some(effects) = self.act_either(action, argument) {
            return Some(effects);
        }
        match self.side {
            Side::Response => self.act_response(action, argument),
            Side::Varied => self.act_rows(action),
            Side::Request => self.act_request(action, argument),
        }
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        match &mut self.search {
            Some(field) => {
                field.key(key);
            }
            None => self.form.key(key),
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, _: Now) -> Vec<Effect> {
        match &mut self.search {
            Some(field) => field.paste(text),
            None if curl::is_command(text) && !self.form.editing_area() => return self.paste_curl(text),
            None if self.form.paste(text) => {}
            None => {
                return vec![Effect::Notice(Level::Info, "open a field before pasting: Enter".to_owned())];
            }
        }
        Vec::new()
    }

    fn status(&self) -> String {
        let place = self.response.as_ref().map(Response::place).unwrap_or_default();
        let state = match self.sending {
            Sending::No => String::new(),
            Sending::Asked => "   asked".to_owned(),
            // The reply itself says that more comes, and how to end it.
            Sending::Running(_) if self.response.as_ref().is_some_and(Response::goes_on) => String::new(),
            Sending::Running(_) => "   waiting for the reply, Esc cancels".to_owned(),
        };
        let place =
            if self.side == Side::Response && !place.is_empty() { format!("   {place}") } else { String::new() };
        let aside = match self.aside.len() {
            0 => String::new(),
            n => format!("   {n} aside"),
        };
        format!("{}{aside}{place}{state}", clip(&self.form.title))
    }

    fn prompt(&self) -> Option<Prompt<'_>> {
        self.search.as_ref().map(|field| Prompt { lead: "/", field, error: None, hint: "in the body".to_owned() })
    }

    fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        let response = if self.wide { x > self.rule } else { self.side == Side::Response };
        if (response && self.rows_shown) || self.side == Side::Varied && !self.wide {
            self.side = Side::Varied;
            return Vec::new();
        }
        self.form.done(true);
        if let (Some(r), true) = (&mut self.response, response) {
            r.click(x, y);
            self.side = Side::Response;
        } else {
            self.form.click(x, y);
            self.side = Side::Request;
        }
        Vec::new()
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, _: Now) {
        self.wide = area.width >= WIDE;
        let focused = self.side == Side::Request;
        self.form.identities = self.who.len();
        if !self.wide {
            if self.side == Side::Varied {
                self.draw_rows(pen, area, true);
            } else if let (Some(r), Side::Response) = (&mut self.response, self.side) {
                r.draw(pen, area, true);
            } else {
                pen.put(area.x, area.y, area.x + 1, "▌", Role::Focus);
                self.form.draw(pen, area, true, &self.who);
            }
            return;
        }
        let (left, rule, right) = columns(area, 58);
        self.rule = rule;
        pen.rule(rule, area);
        if focused {
            pen.put(left.x, left.y, left.x + 1, "▌", Role::Focus);
        }
        self.form.draw(pen, left, focused, &self.who);
        let right = Rect { x: rule + 1, width: area.right().saturating_sub(rule + 1), ..right };
        if self.rows_shown {
            self.draw_rows(pen, right, self.side == Side::Varied);
        } else if let Some(r) = &mut self.response {
            r.draw(pen, right, !focused);
        } else {
            let text = match self.sending {
                Sending::No => "No reply yet: s sends, Ctrl+J sends from inside a field.",
                Sending::Asked => "Asked for.",
                Sending::Running(_) => "Waiting for the reply. Esc cancels.",
            };
            pen.wrapped(Rect { x: right.x + 1, width: right.width.saturating_sub(2), ..right }, text, Role::Muted);
        }
    }
}

impl ComposerPane {
    /// Moves the wheel over the side under the pointer.
    pub fn wheel(&mut self, x: u16, step: Move) {
        let response = if self.wide { x > self.rule } else { self.side == Side::Response };
        match (&mut self.response, response) {
            (Some(r), true) => r.go(step),
            _ => {
                self.form.step(if step == Move::Up { -1 } else { 1 });
            }
        }
    }
}
