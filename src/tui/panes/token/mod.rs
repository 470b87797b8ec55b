//! Pane 3: one token: taken apart, judged, edited and signed anew, and what a server might take instead of it.

mod act;
mod bench;
mod lines;

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::KeyEvent;
use ratatui::layout::Rect;

use super::text::Text;
use super::{Now, Pane, Prompt, WIDE, columns};
use crate::app::JobId;
use crate::app::inspect::{Attacked, Inspected, Planned, Stood, TokenAsk};
use crate::app::token::{self, Known};
use crate::jwt::Decoded;
use crate::jwt::forge::Forged;
use crate::jwt::verify::{Status, Verdict};
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::{Action, Context};
use crate::tui::theme::Role;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{Pen, clip, fit, shown};
use bench::Bench;
use lines::Row;

/// Bytes of a token that are read on the spot; a longer one is read off the drawing thread.
const INLINE: usize = 64 << 10;

/// What is shown beside the token, or in its place where there is little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Sheet {
    Token,
    Findings,
    Forge,
    Keys,
    Live,
}

impl Sheet {
    const ALL: [Self; 5] = [Self::Token, Self::Findings, Self::Forge, Self::Keys, Self::Live];

    fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Findings => "findings",
            Self::Forge => "forge",
            Self::Keys => "keys",
            Self::Live => "live",
        }
    }
}

/// What the field on the last line is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    /// A token.
    Token,
    /// A member, in place of the one at a place or as a new one.
    Member(bench::Side, Option<usize>),
    /// An algorithm and a key.
    Sign,
    /// A key.
    Key,
    /// A word list.
    Words,
}

/// A token and all that is known of it.
struct Shown {
    known: Inspected,
    /// Whether the app has judged it yet.
    judged: bool,
    bench: Bench,
    text: Text,
    rows: Vec<Row>,
    findings: Text,
}

/// Guessing with a word list.
#[derive(Default)]
struct Cracking {
    id: Option<JobId>,
    words: String,
    over: bool,
    paused: bool,
}

/// A token and where it came from.
pub struct TokenPane {
    token: Option<Shown>,
    /// Tokens that were looked at before this one, newest last.
    before: Vec<(Stood, Arc<Decoded>)>,
    keys: Arc<Known>,
    key_lines: Text,
    forged: Option<Arc<Forged>>,
    forge_lines: Text,
    /// The variant on each line of the forge.
    variants: Vec<Option<usize>>,
    live_lines: Text,
    /// The variant on each line of what came of a live run.
    live_places: Vec<Option<usize>>,
    done: Option<Arc<Attacked>>,
    live: Option<JobId>,
    /// A run that was shown, to be sent.
    planned: Option<Arc<Planned>>,
    /// The part that an editor has.
    outside: Option<bench::Side>,
    cracking: Option<Cracking>,
    sheet: Sheet,
    /// The sheet beside the token, where there is room for both.
    beside: Sheet,
    question: Option<(Question, Field, Option<String>)>,
    area: Rect,
    side: Rect,
    tabs: Rect,
    /// The second for which the lines were made last.
    second: i64,
}

impl Default for TokenPane {
    fn default() -> Self {
        let keys = Arc::new(Known::default());
        Self {
            token: None,
            before: Vec::new(),
            key_lines: lines::keys(&keys.keys),
            keys,
            forged: None,
            forge_lines: Text::default(),
            variants: Vec::new(),
            live_lines: Text::default(),
            live_places: Vec::new(),
            done: None,
            live: None,
            planned: None,
            outside: None,
            cracking: None,
            sheet: Sheet::Token,
            beside: Sheet::Findings,
            question: None,
            area: Rect::default(),
            side: Rect::default(),
            tabs: Rect::default(),
            second: 0,
        }
    }
}

impl TokenPane {
    /// Takes a token; the ask that comes with it has it judged.
    pub fn open(&mut self, stood: &Stood, token: Decoded, now: Now) -> Vec<Effect> {
        if let Some(old) = self.token.take()
            && old.known.token.token != token.token
        {
            self.before.push((old.known.stood, old.known.token));
            if self.before.len() > 32 {
                self.before.remove(0);
            }
        }
        self.question = None;
        self.forged = None;
        self.cracking = None;
        self.sheet = Sheet::Token;
        self.beside = Sheet::Findings;
        let verdict = Verdict { status: Status::Unchecked, by: None, reason: None, key: None };
        let token = Arc::new(token);
        let known = Inspected {
            token: Arc::clone(&token),
            stood: stood.clone(),
            verdict,
            guessed: None,
            profile: String::new(),
            findings: Vec::new(),
        };
        self.show(known, false, now);
        self.judge()
    }

    /// Has the token that is shown judged with the keys that are known.
    fn judge(&self) -> Vec<Effect> {
        let Some(shown) = &self.token else { return Vec::new() };
        let (token, stood) = (Arc::clone(&shown.known.token), shown.known.stood.clone());
        vec![Effect::token(TokenAsk::Inspect { token, stood, keys: Arc::clone(&self.keys) })]
    }

    fn show(&mut self, known: Inspected, judged: bool, now: Now) {
        let bench = Bench::new(&known.token);
        let (text, rows) = lines::token(&known, None, now);
        let findings = lines::findings(&known.findings, judged);
        self.second = now.wall.unix();
        self.token = Some(Shown { known, judged, bench, text, rows, findings });
    }

    /// Makes the lines of the token anew, where the cursor stays.
    fn refresh(&mut self, now: Now) {
        let Some(shown) = &mut self.token else { return };
        let bench = shown.bench.is_changed().then_some(&shown.bench);
        let (mut text, rows) = lines::token(&shown.known, bench, now);
        text.follow(&shown.text);
        (shown.text, shown.rows) = (text, rows);
        self.second = now.wall.unix();
    }

    fn read(&mut self, text: &str, from: &str, now: Now) -> Vec<Effect> {
        if text.trim().is_empty() {
            return vec![Effect::Notice(Level::Info, "there is nothing to read".to_owned())];
        }
        let stood = Stood { from: from.to_owned(), ..Stood::default() };
        if text.len() > INLINE {
            let words = "a long token is being read".to_owned();
            let text = text.trim().as_bytes().to_vec();
            return vec![Effect::Notice(Level::Info, words), Effect::token(TokenAsk::Read { text, stood })];
        }
        self.open(&stood, token::read(text.trim().as_bytes()), now)
    }

    /// The second at which the screen changes by itself: only while a token that is shown runs down.
    pub fn next_tick(&self, now: Now) -> Option<Instant> {
        let shown = self.token.as_ref()?;
        let wall = now.wall.unix() + shown.known.stood.beside.skew;
        let (_, left) = lines::life(&shown.known.token, wall)?;
        // By the clock: the next whole second, or minute where minutes are what is shown.
        let period = if left < 90 { 1 } else { 60 };
        let wait = period - wall.rem_euclid(period);
        (left > 0).then(|| now.instant + Duration::from_secs(u64::try_from(wait).unwrap_or(1)))
    }

    fn sheet_text(&mut self, sheet: Sheet) -> Option<&mut Text> {
        match sheet {
            Sheet::Token => self.token.as_mut().map(|t| &mut t.text),
            Sheet::Findings => self.token.as_mut().map(|t| &mut t.findings),
            Sheet::Forge => Some(&mut self.forge_lines),
            Sheet::Keys => Some(&mut self.key_lines),
            Sheet::Live => Some(&mut self.live_lines),
        }
    }

    fn turn(&mut self, back: bool) -> Vec<Effect> {
        let at = Sheet::ALL.iter().position(|s| *s == self.sheet).unwrap_or(0);
        let n = Sheet::ALL.len();
        self.go_to(Sheet::ALL[(at + if back { n - 1 } else { 1 }) % n])
    }

    fn go_to(&mut self, sheet: Sheet) -> Vec<Effect> {
        self.sheet = sheet;
        if sheet != Sheet::Token {
            self.beside = sheet;
        }
        if sheet == Sheet::Forge && self.forged.is_none() { self.forge() } else { Vec::new() }
    }

    fn tab_words(&self, sheet: Sheet) -> String {
        let count = match sheet {
            Sheet::Findings => self.token.as_ref().filter(|t| t.judged).map(|t| t.known.findings.len()),
            Sheet::Forge => self.forged.as_ref().map(|f| f.variants.len()),
            Sheet::Keys => Some(self.keys.keys.keys.len()).filter(|n| *n > 0),
            Sheet::Token | Sheet::Live => None,
        };
        count.map_or_else(|| sheet.word().to_owned(), |n| format!("{} {n}", sheet.word()))
    }

    fn draw_tabs(&mut self, pen: &mut Pen<'_>, area: Rect, all: &[Sheet]) {
        self.tabs = Rect { height: 1, ..area };
        let mut x = area.x + 1;
        for sheet in all {
            let active = *sheet == self.sheet || (*sheet == self.beside && !all.contains(&self.sheet));
            let role = if active { Role::TabActive } else { Role::Muted };
            x = pen.put(x, area.y, area.right(), &self.tab_words(*sheet), role) + 2;
        }
    }
}

impl Pane for TokenPane {
    fn contexts(&self) -> Vec<Context> {
        if self.question.is_some() {
            vec![Context::Field, Context::Always]
        } else {
            vec![Context::Token, Context::Move, Context::Global, Context::Always]
        }
    }

    fn editing(&self) -> bool {
        self.question.is_some()
    }

    fn act(&mut self, action: Action, argument: &str, now: Now) -> Option<Vec<Effect>> {
        self.acted(action, argument, now)
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if let Some((_, field, error)) = &mut self.question {
            field.key(key);
            *error = None;
        }
        Vec::new()
    }

    fn paste(&mut self, text: &str, now: Now) -> Vec<Effect> {
        match &mut self.question {
            Some((_, field, _)) => {
                field.paste(text);
                Vec::new()
            }
            // Pasting into the pane is the shortest way to a token; a wrapped token comes with line breaks.
            None if text.trim_start().starts_with('{') => self.read(text, "pasted", now),
            None => self.read(&text.replace(['\n', '\r'], ""), "pasted", now),
        }
    }

    fn status(&self) -> String {
        let from = self.token.as_ref().map(|t| format!("from {}", clip(&t.known.stood.from))).unwrap_or_default();
        match &self.cracking {
            Some(c) if !c.over => c.words.clone(),
            _ => from,
        }
    }

    fn prompt(&self) -> Option<Prompt<'_>> {
        let (question, field, error) = self.question.as_ref()?;
        let (lead, hint) = match question {
            Question::Token => ("token ", "Enter reads it"),
            Question::Member(..) => ("member ", "name: value, JSON or plain text"),
            Question::Sign => {
                ("sign with ", "none, keep, or ALG and a key: #1, guessed, env:NAME, file:PATH, the secret")
            }
            Question::Key => ("key ", "a file, https://…, issuer:URL, env:NAME, file:PATH, vault:NAME or secret:TEXT"),
            Question::Words => ("word list ", "a file with a word on each line"),
        };
        let error = error.clone().map(|e| (0, e));
        Some(Prompt { lead, field, error, hint: hint.to_owned() })
    }

    fn click(&mut self, x: u16, y: u16) -> Vec<Effect> {
        if y == self.tabs.y && x >= self.tabs.x {
            let mut from = self.tabs.x + 1;
            let wide = self.side.width > 0;
            for sheet in Sheet::ALL.into_iter().filter(|s| !wide || *s != Sheet::Token) {
                let to = from + u16::try_from(self.tab_words(sheet).len()).unwrap_or(0) + 2;
                if (from..to).contains(&x) {
                    return self.go_to(sheet);
                }
                from = to;
            }
            return Vec::new();
        }
        let (area, sheet) = if self.side.width > 0 && x >= self.side.x {
            (self.side, self.beside)
        } else if self.side.width > 0 {
            (self.area, Sheet::Token)
        } else {
            (self.area, self.sheet)
        };
        if y >= area.y && y < area.bottom() {
            self.sheet = sheet;
            if let Some(text) = self.sheet_text(sheet) {
                text.click(usize::from(y - area.y));
            }
        }
        Vec::new()
    }

    fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, now: Now) {
        if self.token.is_some() && now.wall.unix() != self.second {
            self.refresh(now);
        }
        let inner = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let Some(shown) = &self.token else {
            let text = "No token yet. Paste one here, with or without Bearer, or press i to type it; t on a token in the \
                        composer opens it. A shared secret is guessed at once; n adds keys to check signatures with.";
            pen.wrapped(inner, text, Role::Muted);
            return;
        };
        encoded(pen, inner, &shown.known.token);
        let life = lines::life_line(&shown.known.token, shown.known.stood.beside.skew, now);
        life.draw(pen, inner.x, area.y + 1, inner.right());
        let below = Rect { y: area.y + 3, height: area.height.saturating_sub(3), ..area };
        if below.height == 0 {
            return;
        }
        if area.width >= WIDE {
            let (left, rule, right) = columns(below, 55);
            pen.rule(rule, below);
            self.draw_tabs(pen, right, &Sheet::ALL[1..]);
            (self.area, self.side) = (left, Rect { y: right.y + 2, height: right.height.saturating_sub(2), ..right });
            let (token, beside) = (self.area, self.side);
            let (sheet, other) = (self.sheet, self.beside);
            if let Some(text) = self.sheet_text(Sheet::Token) {
                text.draw(pen, Rect { width: token.width.saturating_sub(1), ..token }, sheet == Sheet::Token);
            }
            if let Some(text) = self.sheet_text(other) {
                text.draw(pen, beside, sheet == other);
            }
            let at = if sheet == Sheet::Token { token } else { right };
            pen.put(at.x, at.y, at.x + 1, "▌", Role::Focus);
        } else {
            self.draw_tabs(pen, below, &Sheet::ALL);
            let place = Rect { y: below.y + 1, height: below.height.saturating_sub(1), ..below };
            (self.area, self.side) = (place, Rect::default());
            let sheet = self.sheet;
            if let Some(text) = self.sheet_text(sheet) {
                text.draw(pen, place, true);
            }
            pen.put(below.x, below.y, below.x + 1, "▌", Role::Focus);
        }
    }
}

/// The token as it stands, cut; its three parts keep their roles, so that the eye finds where one ends.
fn encoded(pen: &mut Pen<'_>, area: Rect, token: &Decoded) {
    let end = area.right();
    let share = usize::from(area.width) * 2 / 5;
    let mut x = area.x;
    for (part, role) in [&token.header.encoded, &token.claims.encoded].into_iter().zip([Role::Chart1, Role::Chart2]) {
        let bytes = part.as_bytes();
        let text = shown(&bytes[..bytes.len().min(400)]);
        x = pen.put(x, area.y, end, &fit(&text, share), role);
        x = pen.put(x, area.y, end, " . ", Role::Punctuation);
    }
    let bytes = token.token.as_bytes();
    let tail = &bytes[memchr::memrchr(b'.', bytes).map_or(bytes.len(), |i| i + 1)..];
    pen.put(x, area.y, end, &shown(&tail[..tail.len().min(400)]), Role::Chart4);
}
