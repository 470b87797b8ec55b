//! The whole screen as state: messages in, effects out, one drawing. It owns no terminal, no thread and no channel.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyEvent, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

mod told;

use super::Start;
use super::chrome;
use super::effect::{Effect, Grades, Level, Msg, PaneId};
use super::keymap::{self, Action, Context, find};
use super::notices::Notices;
use super::panes::composer::{ComposerPane, names_requests};
use super::panes::inventory::InventoryPane;
use super::panes::plain::Plain;
use super::panes::rate::RatePane;
use super::panes::token::TokenPane;
use super::panes::{Now, Pane, movement};
use super::widgets::guard::GuardView;
use super::widgets::input::Field;
use super::widgets::jar::JarView;
use super::widgets::layers::{Layer, Outcome};
use super::widgets::masked::Masked;
use super::widgets::past::Past;
use super::widgets::pen::Pen;
use super::widgets::table::{Cursor, Move};
use crate::app::cookies::Held;
use crate::app::inspect::TokenAsk;
use crate::app::{Ask, Graded, Guard, JobId, Select, VaultState};
use crate::base::known;
use crate::base::text::display_str;
use crate::wire::Origin;

/// The smallest screen that is drawn.
pub const SMALLEST: (u16, u16) = (60, 16);

/// The screen.
pub struct Root {
    pub(super) start: Start,
    pub(super) at: PaneId,
    pub(super) panes: Panes,
    pub(super) layers: Vec<Layer>,
    pub(super) notices: Notices,
    pub(super) work: Work,
    pub(super) mouse: bool,
    /// How the workspace's vault stands.
    pub(super) vault: VaultState,
    /// Whether secrets are shown on screen.
    pub(super) reveal: bool,
    size: Rect,
}

/// Every pane.
pub struct Panes {
    pub(super) inventory: InventoryPane,
    pub(super) composer: ComposerPane,
    pub(super) token: TokenPane,
    pub(super) oauth: Plain,
    pub(super) rate: RatePane,
    pub(super) findings: Plain,
}

/// What runs, and what waits for an answer.
#[derive(Default)]
pub struct Work {
    /// Jobs under way.
    pub running: Vec<JobId>,
    /// Scope questions, oldest first.
    pub questions: Vec<(Origin, String)>,
    /// Origins admitted by hand since the scope was told last.
    pub admitted: usize,
    /// What guards this run, as it was told last.
    pub guard: Option<Arc<Guard>>,
    /// Why the record cannot be kept.
    pub unkept: Option<String>,
    /// Set once leaving was asked for while something runs.
    leaving: bool,
}

impl Root {
    /// A screen that has shown nothing yet.
    pub fn new(start: Start) -> Self {
        Self {
            at: PaneId::Inventory,
            panes: Panes {
                inventory: InventoryPane::new(start.sources.clone(), start.filters.clone()),
                composer: ComposerPane::new(start.identities.clone(), start.environments.clone()),
                token: TokenPane::default(),
                oauth: Plain("OAuth flows, hop by hop, with what is wrong about each. Nothing of it is here yet."),
                rate: RatePane::default(),
                findings: Plain("What checks, grades and tokens found, with evidence. Nothing of it is here yet."),
            },
            layers: Vec::new(),
            notices: Notices::default(),
            work: Work::default(),
            mouse: start.mouse,
            vault: start.vault,
            reveal: false,
            size: Rect::default(),
            start,
        }
    }

    /// What is to be done before the first message.
    pub fn begin(&mut self) -> Vec<Effect> {
        if let Some(url) = self.start.open.take() {
            self.panes.composer.open(&url);
            self.at = PaneId::Composer;
        }
        if self.start.sources.is_empty() {
            return Vec::new();
        }
        vec![Effect::Ask(Ask::Load(self.start.sources.clone()))]
    }

    /// When something on screen changes by itself; `None` while it is still.
    pub fn deadline(&self) -> Option<std::time::Instant> {
        // A token that runs down is the only thing that moves by itself, and only while it is looked at.
        let tick = if self.at == PaneId::Token { self.panes.token.next_tick(self.now()) } else { None };
        self.notices.deadline().into_iter().chain(tick).min()
    }

    /// Lets a notice go whose time is over.
    pub fn expire(&mut self) {
        let now = self.now();
        self.notices.expire(now.instant);
    }

    fn now(&self) -> Now {
        Now { instant: self.start.clock.instant(), wall: self.start.clock.wall() }
    }

    pub(super) fn pane(&mut self) -> &mut dyn Pane {
        match self.at {
            PaneId::Inventory => &mut self.panes.inventory,
            PaneId::Composer => &mut self.panes.composer,
            PaneId::Token => &mut self.panes.token,
            PaneId::Oauth => &mut self.panes.oauth,
            PaneId::Rate => &mut self.panes.rate,
            PaneId::Findings => &mut self.panes.findings,
        }
    }

    /// Where the keys go, innermost first.
    pub(super) fn contexts(&mut self) -> Vec<Context> {
        match self.layers.last() {
            Some(l) if l.editing() => vec![Context::Field, Context::Move, Context::Always],
            Some(l) => l.context().into_iter().chain([Context::Layer, Context::Move, Context::Always]).collect(),
            None => {
                let mut contexts = self.pane().contexts();
                // A question that arrives while something is typed takes no letter of it.
                if !self.work.questions.is_empty() && !self.pane().editing() {
                    contexts.insert(0, Context::Scope);
                }
                contexts
            }
        }
    }

    /// Takes a message and says what is to be done outside the screen.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        let now = self.now();
        self.notices.expire(now.instant);
        let effects = match msg {
            Msg::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Msg::Key(key) => self.key(key),
            Msg::Mouse(mouse) => self.mouse(mouse),
            Msg::Paste(text) => match self.layers.last_mut() {
                Some(layer) => {
                    layer.paste(&text);
                    Vec::new()
                }
                None => self.pane().paste(&text, now),
            },
            Msg::App(event) => self.event(event),
            Msg::Indexed(id, bytes, lines) => {
                self.panes.composer.indexed(id, bytes, lines);
                Vec::new()
            }
            Msg::Queried(id, answer) => self.panes.composer.queried(id, *answer),
            Msg::Edited(text) => {
                let now = self.now();
                if !self.panes.token.edited(&text, now) {
                    self.panes.composer.edited(&text);
                }
                Vec::new()
            }
            Msg::Panicked(text) => vec![Effect::Notice(Level::Error, display_str(&text))],
            Msg::Signal(n) => vec![Effect::Quit(128 + n)],
            Msg::InputClosed => vec![Effect::Quit(super::HUNG_UP)],
            Msg::Resize => Vec::new(),
        };
        self.settle(effects)
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let editing = self.layers.last().is_some_and(Layer::editing);
        if editing && keymap::is_text(key) {
            if let Some(layer) = self.layers.last_mut() {
                layer.key(key);
            }
            return Vec::new();
        }
        if self.layers.is_empty() && self.pane().editing() && self.pane().takes(key) {
            return self.pane().key(key);
        }
        let contexts = self.contexts();
        match find(key, &contexts) {
            Some(action) => self.act(action, ""),
            None => Vec::new(),
        }
    }

    /// Does an action, wherever it belongs.
    fn act(&mut self, action: Action, argument: &str) -> Vec<Effect> {
        // Leaving and sleeping work whatever lies above.
        match action {
            Action::QuitNow => return vec![Effect::Quit(0)],
            Action::Suspend => return vec![Effect::Suspend],
            Action::Redraw => return vec![Effect::Redraw],
            Action::Mouse => return self.toggle_mouse(),
            Action::Halt => return self.halt(),
            Action::Reveal => return self.toggle_reveal(),
            _ => {}
        }
        if let Some(layer) = self.layers.last_mut() {
            return match layer.act(action, movement(action), self.reveal) {
                Outcome::Stays => Vec::new(),
                Outcome::Closes => {
                    self.layers.pop();
                    Vec::new()
                }
                Outcome::Types(action, typed) => {
                    self.layers.pop();
                    vec![Effect::Command(format!("{} {typed}", keymap::spec(action).id))]
                }
                Outcome::Asks(ask) => vec![Effect::Ask(ask)],
                Outcome::Gives(effect) => vec![*effect],
                Outcome::AsksAndCloses(ask) => {
                    self.layers.pop();
                    vec![Effect::Ask(ask)]
                }
                Outcome::Does(action, argument) => {
                    self.layers.pop();
                    self.command(action, &argument)
                }
                Outcome::Unlocks(passphrase) => {
                    self.layers.pop();
                    vec![
                        Effect::Ask(Ask::Unlock(passphrase)),
                        Effect::Notice(Level::Info, "the vault is being opened".to_owned()),
                    ]
                }
                Outcome::Unknown(name) => {
                    let known = keymap::ACTIONS.iter().map(|s| s.id);
                    let hint = crate::base::error::nearest(&name, known)
                        .map_or_else(|| "Ctrl+P lists them".to_owned(), |n| format!("did you mean {n}?"));
                    vec![Effect::Notice(Level::Warn, format!("{} is no command; {hint}", display_str(&name)))]
                }
            };
        }
        if matches!(action, Action::Admit | Action::Refuse) && !self.work.questions.is_empty() {
            return self.answer(action == Action::Admit);
        }
        let now = self.now();
        if let Some(effects) = self.pane().act(action, argument, now) {
            return effects;
        }
        self.global(action, argument)
    }

    /// Does an action that was named: the pane it belongs to is opened first.
    fn command(&mut self, action: Action, argument: &str) -> Vec<Effect> {
        let spec = keymap::spec(action);
        match spec.context {
            Context::Inventory | Context::Tree | Context::FilterLine => self.at = PaneId::Inventory,
            Context::Composer
            | Context::Jar
            | Context::Either
            | Context::Redirect
            | Context::Hop
            | Context::Request
            | Context::Response
            | Context::Varied => {
                self.at = PaneId::Composer;
            }
            Context::Token => self.at = PaneId::Token,
            _ => {}
        }
        if matches!(action, Action::Load | Action::Open | Action::AdmitHost) && argument.is_empty() {
            return vec![Effect::Command(format!("{} ", spec.id))];
        }
        let before = self.contexts();
        if spec.context == Context::Response && !before.contains(&Context::Response) {
            return vec![Effect::Notice(Level::Info, format!("{} needs the response to be open: Tab", spec.id))];
        }
        self.act(action, argument)
    }

    fn global(&mut self, action: Action, argument: &str) -> Vec<Effect> {
        let pane = |id| vec![Effect::Go(id)];
        match action {
            Action::Inventory => pane(PaneId::Inventory),
            Action::Composer => pane(PaneId::Composer),
            Action::Token => pane(PaneId::Token),
            Action::Oauth => pane(PaneId::Oauth),
            Action::Rate => pane(PaneId::Rate),
            Action::Findings => pane(PaneId::Findings),
            Action::NextPane | Action::PreviousPane => {
                let step = if action == Action::NextPane { 1 } else { PaneId::ALL.len() - 1 };
                pane(PaneId::ALL[(self.at as usize + step) % PaneId::ALL.len()])
            }
            Action::Help => {
                let contexts = self.contexts();
                self.layers.push(Layer::Help(contexts, Cursor::default()));
                Vec::new()
            }
            Action::Palette => {
                self.layers.push(Layer::Palette(Field::default(), Cursor::default()));
                Vec::new()
            }
            Action::Command => vec![Effect::Command(String::new())],
            Action::Scope | Action::Withdraw => vec![Effect::Ask(Ask::Guard), Effect::Guard],
            Action::AdmitHost => vec![Effect::Ask(Ask::AdmitTyped(argument.to_owned())), Effect::Guard],
            Action::ReadOnly => {
                let on = self.work.guard.as_ref().is_some_and(|g| g.read_only);
                vec![Effect::Ask(Ask::ReadOnly(!on))]
            }
            Action::Resume => vec![Effect::Ask(Ask::Resume)],
            Action::Past | Action::SearchHistory | Action::Recall => {
                let select = match Select::parse(argument) {
                    Ok(select) => select,
                    Err(e) => return vec![Effect::Notice(Level::Warn, display_str(&e.to_string()))],
                };
                self.layers.push(Layer::Past(Past::new(Arc::default(), argument.to_owned())));
                vec![Effect::Ask(Ask::History(select))]
            }
            Action::Log => {
                self.layers.push(Layer::Log(Cursor::default()));
                Vec::new()
            }
            Action::Load => {
                self.at = PaneId::Inventory;
                self.panes.inventory.read(argument.split_whitespace().map(PathBuf::from).collect())
            }
            Action::Open if names_requests(argument) => vec![Effect::Ask(Ask::Import(argument.to_owned()))],
            Action::Open => {
                self.panes.composer.open(argument);
                pane(PaneId::Composer)
            }
            Action::Unlock => match self.vault {
                VaultState::None => vec![Effect::Notice(
                    Level::Info,
                    "there is no vault in this workspace; lunette vault init makes one".to_owned(),
                )],
                VaultState::Open => vec![Effect::Notice(Level::Info, "the vault is open; :lock closes it".to_owned())],
                VaultState::Locked => {
                    self.layers.push(Layer::Passphrase(Masked::default()));
                    Vec::new()
                }
            },
            Action::Lock if self.vault == VaultState::Open => vec![Effect::Ask(Ask::Lock)],
            Action::Lock => vec![Effect::Notice(Level::Info, "there is no vault that is open".to_owned())],
            Action::CancelAll => vec![Effect::Ask(Ask::CancelAll)],
            Action::Back if self.runs() => {
                vec![Effect::Ask(Ask::CancelAll), Effect::Notice(Level::Info, "everything is being stopped".to_owned())]
            }
            Action::Quit if self.runs() && !self.work.leaving => {
                self.work.leaving = true;
                vec![Effect::Notice(Level::Warn, "something still runs: q once more leaves, Esc cancels it".to_owned())]
            }
            Action::Quit => vec![Effect::Quit(0)],
            _ => Vec::new(),
        }
    }

    fn runs(&self) -> bool {
        !self.work.running.is_empty() || self.panes.inventory.loading() && !self.panes.inventory.following()
    }

    fn halt(&mut self) -> Vec<Effect> {
        self.work.questions.clear();
        let text = "everything is stopped, and nothing more is sent: Ctrl+G, then R, resumes".to_owned();
        vec![Effect::Ask(Ask::Halt), Effect::Notice(Level::Warn, text)]
    }

    fn toggle_mouse(&mut self) -> Vec<Effect> {
        self.mouse = !self.mouse;
        let text =
            if self.mouse { "the mouse is lunette's" } else { "the mouse is the terminal's: select text as usual" };
        vec![Effect::Mouse(self.mouse), Effect::Notice(Level::Info, text.to_owned())]
    }

    fn toggle_reveal(&mut self) -> Vec<Effect> {
        self.reveal = !self.reveal;
        let mut effects = self.panes.composer.reveal(self.reveal);
        effects.push(if self.reveal {
            Effect::Notice(Level::Warn, "secrets are shown on screen: F4 masks them".to_owned())
        } else {
            Effect::Notice(Level::Info, "secrets are masked on screen".to_owned())
        });
        effects
    }

    fn answer(&mut self, allow: bool) -> Vec<Effect> {
        let (origin, _) = self.work.questions.remove(0);
        let name = display_str(&origin.host_port());
        let text = if allow {
            self.work.admitted += 1;
            format!("{name} is admitted for this run")
        } else {
            format!("{name} is refused")
        };
        vec![Effect::Ask(Ask::Admit { origin, allow }), Effect::Notice(Level::Info, text)]
    }

    /// Lines as they may be shown, masked before they are wrapped: what stands on two lines is not found any more.
    fn veiled(&self, lines: Vec<String>) -> Vec<String> {
        lines.into_iter().map(|l| if self.reveal { l } else { known::redacted(l) }).collect()
    }

    /// Does what effects ask of the screen itself; returns what is left for the world outside.
    fn settle(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        if self.work.leaving && effects.iter().any(|e| matches!(e, Effect::Ask(_))) {
            // Something else was asked for: the question about leaving no longer stands.
            self.work.leaving = false;
            self.notices.hush();
        }
        let now = self.now();
        let mut out = Vec::new();
        for effect in effects {
            match effect {
                Effect::Notice(level, text) => self.notices.say(level, text, now.instant),
                Effect::Go(pane) => self.at = pane,
                Effect::Compose(inventory, endpoint, key) => {
                    self.panes.composer.expect(key);
                    out.push(Effect::Ask(Ask::Compose { inventory, endpoint }));
                }
                Effect::Token(stood, token) => {
                    out.extend(self.panes.token.open(&stood, *token, now));
                    self.at = PaneId::Token;
                }
                Effect::UseToken(token) => match self.panes.composer.use_token(&token) {
                    Ok(place) => {
                        self.at = PaneId::Composer;
                        self.notices.say(Level::Info, format!("the token stands {place}; s sends it"), now.instant);
                    }
                    Err(why) => self.notices.say(Level::Warn, why, now.instant),
                },
                Effect::Attack { token, keys, listen } => {
                    if let Ok(draft) = self.panes.composer.as_draft() {
                        out.push(Effect::token(TokenAsk::Plan { draft, token, keys, listen }));
                    } else {
                        let text =
                            "a live run needs an endpoint: make its request in the composer (2), then press a here";
                        self.notices.say(Level::Warn, text.to_owned(), now.instant);
                    }
                }
                Effect::Graded(key, grades) => {
                    let (method, host, path) = key.clone();
                    let Grades { headers, tls, sends } = grades;
                    out.push(Effect::Ask(Ask::Grade(Graded { method, host, path, headers, tls, sends })));
                    self.panes.inventory.graded(key, grades);
                }
                Effect::Explain(title, lines) => {
                    let lines = self.veiled(lines);
                    self.layers.push(Layer::Text(title, lines, Cursor::default()));
                }
                Effect::Plan(title, lines, does) => {
                    let lines = self.veiled(lines);
                    self.layers.push(Layer::Plan(title, lines, Cursor::default(), does));
                }
                Effect::Guard => {
                    if !self.layers.iter().any(|l| matches!(l, Layer::Guard(_))) {
                        let guard = self.work.guard.clone().unwrap_or_default();
                        self.layers.push(Layer::Guard(GuardView::new(guard)));
                    }
                }
                Effect::Jar(identity) => {
                    let held = Held { identity, ..Held::default() };
                    self.layers.push(Layer::Jar(JarView::new(Arc::new(held))));
                }
                Effect::Command(text) => self.layers.push(Layer::Command(Field::new(&text))),
                other => out.push(other),
            }
        }
        out
    }

    /// Says something from outside the panes, for example by which route text was copied.
    pub fn say(&mut self, level: Level, text: String) {
        let now = self.now();
        self.notices.say(level, text, now.instant);
    }

    fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        let wheel = match mouse.kind {
            MouseEventKind::ScrollUp => Some((Move::Up, Action::Up)),
            MouseEventKind::ScrollDown => Some((Move::Down, Action::Down)),
            MouseEventKind::Down(MouseButton::Left) => None,
            _ => return Vec::new(),
        };
        if let Some((step, action)) = wheel {
            for _ in 0..3 {
                if let Some(layer) = self.layers.last_mut() {
                    layer.act(action, Some(step), self.reveal);
                } else if self.at == PaneId::Composer {
                    self.panes.composer.wheel(mouse.column, step);
                } else if !self.pane().editing() {
                    let now = self.now();
                    self.pane().act(action, "", now);
                }
            }
            return Vec::new();
        }
        if !self.layers.is_empty() {
            self.layers.pop();
            return Vec::new();
        }
        if mouse.row == 1 {
            if let Some(pane) = chrome::tab_at(mouse.column, self.size.width) {
                self.at = pane;
            }
            return Vec::new();
        }
        if mouse.row >= 2 && mouse.row + 1 < self.size.height {
            return self.pane().click(mouse.column, mouse.row);
        }
        Vec::new()
    }

    /// Draws everything; returns where the terminal's cursor stands, when a field has it.
    pub fn draw(&mut self, buf: &mut Buffer) -> Option<Position> {
        let area = buf.area;
        self.size = area;
        let now = self.now();
        let theme = self.start.theme.clone();
        let mut pen = Pen::new(buf, &theme, self.reveal);
        let plain = theme.style(super::theme::Role::Text);
        pen.buf.set_style(area, plain);
        if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
            chrome::too_small(&mut pen, area);
            return None;
        }
        let middle = Rect { y: area.y + 2, height: area.height - 3, ..area };
        chrome::top(&mut pen, area, self);
        self.pane().draw(&mut pen, middle, now);
        if !self.layers.is_empty() {
            // What lies below keeps no cursor.
            pen.cursor = None;
        }
        let mut layers = std::mem::take(&mut self.layers);
        for layer in &mut layers {
            layer.draw(&mut pen, middle, &self.notices.log, now.wall);
        }
        self.layers = layers;
        chrome::last(&mut pen, area, self, now);
        pen.cursor
    }
}

fn loaded_text(inventory: &Arc<crate::inventory::Inventory>) -> String {
    use crate::base::figure::count;
    let (endpoints, apart) = inventory.counts();
    let mut text = format!("{} endpoints", count(endpoints as u64));
    if apart > 0 {
        let _ = write!(text, " and {} webhooks and callbacks", count(apart as u64));
    }
    if inventory.log_lines > 0 {
        let _ = write!(text, " from {} log lines", count(inventory.log_lines));
    }
    let unparsed: u64 = inventory.unparsed.iter().map(|u| u.lines).sum();
    if unparsed > 0 {
        let _ = write!(text, ", {} lines not understood", count(unparsed));
    }
    if inventory.noise.requests > 0 {
        let _ = write!(text, ", {} scanner requests put aside", count(inventory.noise.requests));
    }
    if !inventory.problems.is_empty() {
        let _ = write!(text, ", {} oddities in the sources", count(inventory.problems.len() as u64));
    }
    text
}
