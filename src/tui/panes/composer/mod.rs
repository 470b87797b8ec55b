//! Pane 2: a request at the left, its reply at the right; one after the other where there is little room.

mod grade;
mod request;
mod response;
mod who;

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::layout::Rect;

use super::text::More;
use super::{Now, Pane, Prompt, WIDE, columns, movement};
use crate::app::identity::Named;
use crate::app::{Ask, Composed, Draft, JobId, Judged, Recalled, grade as live};
use crate::base::secret::{find_tokens, mask_target};
use crate::base::text::display;
use crate::grade::odd::Sends;
use crate::grade::probes::{Probe, UNSAFE};
use crate::tui::effect::{Effect, EndpointKey, Grades, Level};
use crate::tui::keymap::{Action, Context, is_text};
use crate::tui::theme::Role;
use crate::tui::widgets::body::Lines;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip};
use crate::tui::widgets::table::Move;
use request::Form;
use response::{Response, TABS, tls_word};
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
    search: Option<Field>,
    /// The live extras that were shown, and for which exchange.
    armed: Option<(u64, Vec<Probe>)>,
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
            search: None,
            armed: None,
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
    pub fn new(identities: Vec<Named>) -> Self {
        Self { who: Who::new(identities), ..Self::default() }
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
    }

    /// An exchange of the history is opened, ready to be sent again.
    pub fn recalled(&mut self, recalled: Recalled) -> Vec<Effect> {
        self.shelve();
        self.form = Form::again(&recalled.draft, &format!("{} · no {}", recalled.draft.method, recalled.row.id));
        self.sending = Sending::No;
        let chosen = self.who.choose(recalled.draft.identity.as_deref().unwrap_or(who::NOBODY));
        self.last = Some((recalled.draft, None));
        let (response, work) = Response::new(recalled.judged, 0, self.reveal);
        self.response = Some(response);
        self.side = Side::Request;
        let unknown = chosen.err().map(|text| Effect::Notice(Level::Warn, text));
        work.into_iter().chain(unknown).collect()
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
        let tab = self.response.as_ref().map_or(0, |r| r.tab);
        let (response, work) = Response::new(Arc::clone(judged), tab, self.reveal);
        self.response = Some(response);
        effects.extend(work);
        if !self.wide && !self.form.editing() {
            self.side = Side::Response;
        }
        effects
    }

    /// Shows secrets, or masks them.
    pub fn reveal(&mut self, reveal: bool) -> Vec<Effect> {
        self.reveal = reveal;
        let Some(old) = self.response.take() else { return Vec::new() };
        let (mut response, work) = Response::new(Arc::clone(&old.judged), old.tab, reveal);
        response.stand_as(&old);
        self.response = Some(response);
        work.into_iter().collect()
    }

    /// A large body has its lines.
    pub fn indexed(&mut self, id: (u64, bool), lines: Lines) {
        if let Some(r) = &mut self.response {
            r.indexed(id, lines);
        }
    }

    /// Sends what stands there.
    fn send(&mut self) -> Vec<Effect> {
        let mut draft = self.form.draft();
        draft.identity = self.who.name().map(str::to_owned);
        if draft.url.is_empty() {
            return vec![Effect::Notice(
                Level::Warn,
                "there is no URL to send to: Enter on the URL types one".to_owned(),
            )];
        }
        self.ask(draft, self.endpoint.1.clone())
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
            let from = match self.side {
                Side::Response => format!("reply to {}", self.subject()),
                Side::Request => "the request being written".to_owned(),
            };
            return vec![Effect::Token(from, Box::new(decoded))];
        }
        match self.response.as_ref().and_then(|r| r.judged.tokens.first()) {
            Some((from, decoded)) => {
                let from = format!("{}, {}", clip(from), self.subject());
                vec![Effect::Token(from, Box::new(decoded.clone()))]
            }
            None => vec![Effect::Notice(Level::Info, "there is no token here or in the exchange".to_owned())],
        }
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
                vec![Effect::Plan(title, lines)]
            }
        }
    }

    fn next_field(&mut self, back: bool) {
        self.form.done(true);
        match (self.side, back) {
            (Side::Request, false) => {
                if !self.form.step(1) && self.response.is_some() {
                    self.side = Side::Response;
                }
            }
            (Side::Request, true) => {
                if !self.form.step(-1) && self.response.is_some() {
                    self.side = Side::Response;
                }
            }
            (Side::Response, back) => {
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

    fn act_response(&mut self, action: Action, argument: &str) -> Option<Vec<Effect>> {
        let response = self.response.as_mut()?;
        if let Some(step) = movement(action) {
            response.go(step);
            return Some(Vec::new());
        }
        match action {
            Action::Fold if response.more().is_some() => return response.more().map(told),
            Action::Live => return Some(self.live(argument == GO)),
            Action::Fold if !response.body().is_some_and(crate::tui::widgets::body::Body::fold) => {
                let text = response.under(8_192);
                return Some(vec![Effect::Explain("the line".to_owned(), vec![text])]);
            }
            Action::Fold => {}
            Action::NextTab => response.tab = (response.tab + 1) % TABS.len(),
            // Left of the first tab is the request.
            Action::PreviousTab if response.tab == 0 => self.side = Side::Request,
            Action::PreviousTab => response.tab -= 1,
            Action::ScrollRight | Action::ScrollLeft => {
                if let Some(body) = response.body() {
                    body.sideways(if action == Action::ScrollRight { 16 } else { -16 });
                }
            }
            Action::Search if argument.is_empty() => self.search = Some(Field::default()),
            Action::Search => return Some(self.search(argument, false)),
            Action::SearchNext => return Some(self.search("", false)),
            Action::SearchPrevious => return Some(self.search("", true)),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn act_request(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Up | Action::Down => {
                self.form.step(if action == Action::Up { -1 } else { 1 });
            }
            Action::PageUp | Action::Top => self.form.end(false),
            Action::PageDown | Action::Bottom => self.form.end(true),
            Action::Edit => self.form.edit(),
            Action::ToResponse if self.response.is_some() => self.side = Side::Response,
            Action::ToResponse => {
                return Some(vec![Effect::Notice(Level::Info, "there is no response yet: s sends".to_owned())]);
            }
            Action::Add => self.form.add(),
            Action::Toggle => {
                self.form.toggle();
            }
            Action::Remove => {
                if !self.form.remove() {
                    return Some(vec![Effect::Notice(
                        Level::Info,
                        "only parameters and headers are removed".to_owned(),
                    )]);
                }
            }
            _ => return None,
        }
        Some(Vec::new())
    }

    fn act_field(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Done if self.search.is_some() => {
                let text = self.search.take().map(|f| f.text().to_owned()).unwrap_or_default();
                return Some(self.search(&text, false));
            }
            Action::Leave if self.search.is_some() => self.search = None,
            Action::Done => self.form.done(true),
            Action::Leave => self.form.done(false),
            Action::FieldNext | Action::FieldPrevious => self.next_field(action == Action::FieldPrevious),
            Action::FieldSend if self.search.is_none() => return Some(self.send()),
            _ => return None,
        }
        Some(Vec::new())
    }
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
        let side = if self.side == Side::Request { Context::Request } else { Context::Response };
        // Sending comes first in the footer, whichever side has the keys.
        vec![Context::Composer, side, Context::Move, Context::Global, Context::Always]
    }

    fn editing(&self) -> bool {
        self.search.is_some() || self.form.editing()
    }

    fn takes(&self, key: KeyEvent) -> bool {
        let lines =
            matches!(key.code, KeyCode::Enter | KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown);
        is_text(key) || (lines && key.modifiers.is_empty() && self.search.is_none() && self.form.editing_body())
    }

    fn act(&mut self, action: Action, argument: &str, _: Now) -> Option<Vec<Effect>> {
        if self.editing()
            && let Some(effects) = self.act_field(action)
        {
            return Some(effects);
        }
        match action {
            Action::Send => return Some(self.send()),
            Action::Again => {
                let Some((draft, key)) = self.last.clone() else { return Some(self.send()) };
                return Some(self.ask(draft, key));
            }
            Action::NextField | Action::PreviousField => {
                self.next_field(action == Action::PreviousField);
                return Some(Vec::new());
            }
            Action::OpenToken => return Some(self.token()),
            Action::Identity if self.who.is_empty() => {
                let text = "there is no identity: declare one in lunette.toml, [identity.NAME]";
                return Some(vec![Effect::Notice(Level::Info, text.to_owned())]);
            }
            Action::Identity if argument.is_empty() => {
                self.who.next();
                return Some(Vec::new());
            }
            Action::Identity => {
                let chosen = self.who.choose(argument);
                return Some(chosen.err().map(|text| Effect::Notice(Level::Warn, text)).into_iter().collect());
            }
            Action::Insecure => {
                self.form.insecure = !self.form.insecure;
                return Some(Vec::new());
            }
            Action::CopyHere | Action::ExplainHere => {
                if let (Side::Response, Some(more)) = (self.side, self.response.as_mut().and_then(Response::more)) {
                    let copy = Effect::Copy("what is under the cursor", more.copy.clone());
                    return Some(if action == Action::CopyHere { vec![copy] } else { told(more) });
                }
                let text = match (self.side, &mut self.response) {
                    (Side::Response, Some(r)) => r.under(COPY_CAP),
                    _ => display(self.form.under_shown(self.reveal).as_bytes()),
                };
                return Some(vec![if action == Action::CopyHere {
                    Effect::Copy("what is under the cursor", text)
                } else {
                    Effect::Explain("under the cursor".to_owned(), vec![text.chars().take(8_192).collect()])
                }]);
            }
            Action::Back => {
                if let Sending::Running(id) = self.sending {
                    return Some(vec![Effect::Ask(Ask::Cancel(id))]);
                }
                if self.sending == Sending::Asked {
                    self.sending = Sending::No;
                    return Some(vec![Effect::Ask(Ask::CancelAll)]);
                }
                if self.side == Side::Response {
                    self.side = Side::Request;
                    return Some(Vec::new());
                }
                return Some(vec![Effect::Go(crate::tui::effect::PaneId::Inventory)]);
            }
            _ => {}
        }
        match self.side {
            Side::Response => self.act_response(action, argument),
            Side::Request => self.act_request(action),
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
            None if self.form.editing() => self.form.paste(text),
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
            Sending::Running(_) => "   waiting for the reply, Esc cancels".to_owned(),
        };
        let place =
            if self.side == Side::Response && !place.is_empty() { format!("   {place}") } else { String::new() };
        format!("{}{place}{state}", clip(&self.form.title))
    }

    fn prompt(&self) -> Option<Prompt<'_>> {
        self.search.as_ref().map(|field| Prompt { lead: "/", field, error: None, hint: "in the body".to_owned() })
    }

    fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        let response = if self.wide { x > self.rule } else { self.side == Side::Response };
        self.form.done(true);
        if let (Some(r), true) = (&mut self.response, response) {
            r.click(x, y);
            self.side = Side::Response;
        } else {
            self.form.click(y);
            self.side = Side::Request;
        }
        Vec::new()
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, _: Now) {
        self.wide = area.width >= WIDE;
        let focused = self.side == Side::Request;
        let who = if self.who.is_empty() { String::new() } else { self.who.line() };
        if !self.wide {
            if let (Some(r), Side::Response) = (&mut self.response, self.side) {
                r.draw(pen, area, true);
            } else {
                pen.put(area.x, area.y, area.x + 1, "▌", Role::Focus);
                self.form.draw(pen, area, true, &who);
            }
            return;
        }
        let (left, rule, right) = columns(area, 58);
        self.rule = rule;
        pen.rule(rule, area);
        if focused {
            pen.put(left.x, left.y, left.x + 1, "▌", Role::Focus);
        }
        self.form.draw(pen, left, focused, &who);
        let right = Rect { x: rule + 1, width: area.right().saturating_sub(rule + 1), ..right };
        if let Some(r) = &mut self.response {
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
