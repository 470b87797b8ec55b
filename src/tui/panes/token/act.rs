//! What the keys of the token pane do, and what comes of what was asked.

use std::sync::Arc;

use super::super::movement;
use super::super::text::{More, Styled, Text};
use super::bench::Side;
use super::lines::{self, Row, role_of_severity};
use super::{Cracking, Now, Question, Sheet, TokenPane};
use crate::app::JobId;
use crate::app::inspect::{Attacked, Edited, Inspected, Planned, Signing, Stood, TokenAsk, TokenTold};
use crate::app::judge::Beside;
use crate::app::token::Known;
use crate::base::text::display_str;
use crate::jwt::alg;
use crate::jwt::forge::Forged;
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::Action;
use crate::tui::theme::Role;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::{clip, shown};

fn say(level: Level, text: impl Into<String>) -> Vec<Effect> {
    vec![Effect::Notice(level, text.into())]
}

const NO_TOKEN: &str = "there is no token yet: paste one, or i types it";

impl TokenPane {
    /// Does an action.
    pub(super) fn acted(&mut self, action: Action, argument: &str, now: Now) -> Option<Vec<Effect>> {
        if let Some(step) = movement(action) {
            let sheet = self.sheet;
            if let Some(text) = self.sheet_text(sheet) {
                text.go(step);
            }
            return Some(Vec::new());
        }
        let typed = |this: &mut Self, question, start: &str| {
            this.question = Some((question, Field::new(start), None));
            Vec::new()
        };
        Some(match action {
            Action::TypeToken => typed(self, Question::Token, ""),
            Action::AddKeys if argument.is_empty() => typed(self, Question::Key, ""),
            Action::AddKeys => self.add_key(argument),
            Action::Done => self.done(now),
            Action::Leave => {
                self.question = None;
                Vec::new()
            }
            Action::NextSheet => self.turn(false),
            Action::PreviousSheet => self.turn(true),
            Action::TokenBefore => match self.before.pop() {
                Some((stood, token)) => {
                    let effects = self.open(&stood, token.as_ref().clone(), now);
                    // What was just left is not a step back.
                    self.before.pop();
                    effects
                }
                None => say(Level::Info, "there is no token before this one"),
            },
            Action::CopyToken
            | Action::ExplainClaim
            | Action::EditMember
            | Action::AddMember
            | Action::RemoveMember
            | Action::DoubleMember
            | Action::EditPart
            | Action::DropEdits
            | Action::SignToken
            | Action::ForgeToken
            | Action::AttackToken
            | Action::CrackToken
            | Action::UseToken
                if self.token.is_none() =>
            {
                say(Level::Info, NO_TOKEN)
            }
            Action::CopyToken => self.copy(),
            Action::ExplainClaim => self.explain(),
            Action::EditMember => self.edit(),
            Action::AddMember => typed(self, Question::Member(self.part(), None), ""),
            Action::RemoveMember => self.change(now, super::Bench::remove),
            Action::DoubleMember => self.change(now, super::Bench::double),
            Action::EditPart => self.edit_part(),
            Action::DropEdits => {
                if let Some(shown) = &mut self.token {
                    shown.bench = super::Bench::new(&shown.known.token);
                }
                self.refresh(now);
                Vec::new()
            }
            Action::SignToken if argument.is_empty() => {
                let start = self.usual_signing();
                typed(self, Question::Sign, &start)
            }
            Action::SignToken => self.sign(argument),
            Action::ForgeToken => self.go_to(Sheet::Forge),
            Action::AttackToken => self.attack(argument),
            Action::AttackGo => match self.planned.take() {
                Some(plan) => vec![Effect::token(TokenAsk::Attack(plan))],
                None => Vec::new(),
            },
            Action::CrackToken if argument.is_empty() => match &self.cracking {
                Some(Cracking { id: Some(id), over: false, .. }) => {
                    vec![Effect::token(TokenAsk::StopCracking(*id))]
                }
                _ => typed(self, Question::Words, ""),
            },
            Action::CrackToken => self.crack(argument),
            Action::PauseCrack => match &mut self.cracking {
                Some(Cracking { id: Some(id), over: false, paused, .. }) => {
                    *paused = !*paused;
                    vec![Effect::token(TokenAsk::PauseCracking(*id, *paused))]
                }
                _ => say(Level::Info, "no word list is being tried: c tries one"),
            },
            Action::UseToken => vec![Effect::UseToken(self.token_under())],
            _ => return None,
        })
    }

    /// What was typed is taken.
    fn done(&mut self, now: Now) -> Vec<Effect> {
        let Some((question, field, _)) = self.question.take() else { return Vec::new() };
        let text = field.text().to_owned();
        match question {
            Question::Token => self.read(&text, "typed", now),
            Question::Member(side, at) => {
                let Some(shown) = &mut self.token else { return Vec::new() };
                match shown.bench.set(side, at, &text) {
                    Ok(()) => self.refresh(now),
                    Err(e) => self.question = Some((question, field, Some(display_str(&e.to_string())))),
                }
                Vec::new()
            }
            Question::Sign => self.sign(&text),
            Question::Key => self.add_key(&text),
            Question::Words => self.crack(&text),
        }
    }

    fn add_key(&mut self, typed: &str) -> Vec<Effect> {
        if typed.trim().is_empty() {
            return Vec::new();
        }
        self.go_to(Sheet::Keys);
        vec![Effect::token(TokenAsk::Keys { typed: typed.trim().to_owned(), known: Arc::clone(&self.keys) })]
    }

    fn crack(&mut self, list: &str) -> Vec<Effect> {
        let Some(shown) = self.token.as_ref().filter(|_| !list.trim().is_empty()) else { return Vec::new() };
        let (token, stood) = (Arc::clone(&shown.known.token), shown.known.stood.clone());
        self.cracking = Some(Cracking { words: "the word list is opened".to_owned(), ..Cracking::default() });
        vec![Effect::token(TokenAsk::Crack { token, stood, keys: Arc::clone(&self.keys), list: list.trim().into() })]
    }

    /// What the cursor stands on of the token: the variant of the forge, else the token, edits left out.
    fn token_under(&self) -> Vec<u8> {
        self.variant_under()
            .map(|v| v.token.clone())
            .or_else(|| self.token.as_ref().map(|t| t.known.token.token.as_bytes().to_vec()))
            .unwrap_or_default()
    }

    fn variant_under(&self) -> Option<&crate::jwt::forge::Variant> {
        let (all, at) = match self.sheet {
            Sheet::Forge => (&self.forged.as_ref()?.variants, self.variants.get(self.forge_lines.at())?),
            Sheet::Live => (&self.done.as_ref()?.variants, self.live_places.get(self.live_lines.at())?),
            _ => return None,
        };
        all.get((*at)?)
    }

    fn copy(&mut self) -> Vec<Effect> {
        if let Some(variant) = self.variant_under().filter(|_| self.sheet == Sheet::Forge) {
            return vec![Effect::Copy("the variant", shown(&variant.token))];
        }
        let sheet = self.sheet;
        if sheet != Sheet::Token
            && let Some(more) = self.sheet_text(sheet).and_then(|t| t.more())
        {
            return vec![Effect::Copy("the line", more.copy.clone())];
        }
        let token = self.token.as_ref().map(|t| t.known.token.token.display()).unwrap_or_default();
        vec![Effect::Copy("the token", token)]
    }

    fn explain(&mut self) -> Vec<Effect> {
        let sheet = self.sheet;
        let Some(text) = self.sheet_text(sheet) else { return Vec::new() };
        match text.more() {
            Some(more) => vec![Effect::Explain(more.title.clone(), more.lines.clone())],
            None => vec![Effect::Explain("the line".to_owned(), vec![text.under()])],
        }
    }

    fn row(&self) -> Row {
        let at = |t: &super::Shown| t.rows.get(t.text.at()).copied();
        self.token.as_ref().filter(|_| self.sheet == Sheet::Token).and_then(at).unwrap_or(Row::Other)
    }

    /// The part that the cursor is in: the header above the claims.
    fn part(&self) -> Side {
        let Some(shown) = &self.token else { return Side::Claims };
        let mut before = shown.rows.iter().take(shown.text.at() + 1).rev();
        before
            .find_map(|row| match row {
                Row::Member(side, _) | Row::Heading(side) => Some(*side),
                Row::Other => None,
            })
            .unwrap_or(Side::Claims)
    }

    fn edit(&mut self) -> Vec<Effect> {
        let row = self.row();
        let Some(shown) = &self.token else { return Vec::new() };
        match row {
            Row::Member(side, at) => match shown.bench.member(side, at) {
                Some(text) => {
                    self.question = Some((Question::Member(side, Some(at)), Field::new(&text), None));
                    Vec::new()
                }
                None => self.edit_part(),
            },
            Row::Heading(_) => self.edit_part(),
            Row::Other => {
                say(Level::Info, "the cursor stands on no member: A adds one, o edits a part as text, i types a token")
            }
        }
    }

    fn change(
        &mut self,
        now: Now,
        change: impl FnOnce(&mut super::Bench, Side, usize) -> crate::base::Result<()>,
    ) -> Vec<Effect> {
        let Row::Member(side, at) = self.row() else {
            return say(Level::Info, "the cursor stands on no member of the token");
        };
        let Some(shown) = &mut self.token else { return Vec::new() };
        let changed = change(&mut shown.bench, side, at);
        self.refresh(now);
        changed.err().map(|e| Effect::Notice(Level::Warn, display_str(&e.to_string()))).into_iter().collect()
    }

    fn edit_part(&mut self) -> Vec<Effect> {
        let side = self.part();
        let Some(shown) = &self.token else { return Vec::new() };
        let Ok(text) = String::from_utf8(shown.bench.bytes(side)) else {
            return say(Level::Warn, "these bytes are no text, and an editor would change them");
        };
        self.outside = Some(side);
        let name = if side == Side::Header { "header.json" } else { "claims.json" };
        vec![Effect::EditText(name, text)]
    }

    /// Text comes back from the editor. True where it was asked for here.
    pub fn edited(&mut self, text: &str, now: Now) -> bool {
        let Some(side) = self.outside.take() else { return false };
        if let Some(shown) = &mut self.token {
            shown.bench.take(side, text.as_bytes());
        }
        self.refresh(now);
        true
    }

    /// What is most likely to be signed with.
    fn usual_signing(&self) -> String {
        let Some(shown) = &self.token else { return "none".to_owned() };
        let name = shown.known.token.header.get("alg").and_then(serde_json::Value::as_str).unwrap_or("HS256");
        let Some(algorithm) = alg::algorithm(name) else { return "none".to_owned() };
        if shown.known.guessed.is_some() {
            return format!("{name} guessed");
        }
        match self.keys.keys.keys.iter().position(|k| k.is_private() && k.fits(algorithm)) {
            Some(i) => format!("{name} #{}", i + 1),
            None => format!("{name} "),
        }
    }

    fn sign(&mut self, typed: &str) -> Vec<Effect> {
        let Some(shown) = &self.token else { return Vec::new() };
        let edited = Edited {
            header: shown.bench.bytes(Side::Header),
            claims: shown.bench.bytes(Side::Claims),
            signature: shown.known.token.signature.clone(),
        };
        let how =
            Signing { typed: typed.to_owned(), keys: Arc::clone(&self.keys), guessed: shown.known.guessed.clone() };
        vec![Effect::token(TokenAsk::Sign { edited, how, stood: shown.known.stood.clone() })]
    }

    pub(super) fn forge(&mut self) -> Vec<Effect> {
        let Some(shown) = &self.token else { return Vec::new() };
        self.forge_lines = Text::new(vec![Styled::new("making them …", Role::Pending)]);
        self.variants.clear();
        let (token, guessed) = (Arc::clone(&shown.known.token), shown.known.guessed.clone());
        vec![Effect::token(TokenAsk::Forge { token, keys: Arc::clone(&self.keys), guessed })]
    }

    fn attack(&mut self, typed: &str) -> Vec<Effect> {
        let listen = match typed.trim() {
            "" => None,
            typed => match typed.parse() {
                Ok(at) => Some(at),
                Err(_) => {
                    return say(
                        Level::Warn,
                        "write the address to listen at as 203.0.113.7:8000; port 0 takes a free one",
                    );
                }
            },
        };
        if self.live.is_some() {
            return say(Level::Warn, "a run is under way: Esc stops it");
        }
        let Some(shown) = &self.token else { return Vec::new() };
        let (token, keys) = (Arc::clone(&shown.known.token), Arc::clone(&self.keys));
        vec![Effect::Attack { token, keys, listen }]
    }

    /// What came of what was asked.
    pub fn told(&mut self, told: TokenTold, now: Now) -> Vec<Effect> {
        match told {
            TokenTold::Read(stood, token) => return self.open(&stood, *token, now),
            TokenTold::Inspected(known) => self.inspected(*known, now),
            TokenTold::Keys(keys, words) => return self.took_keys(keys, words),
            TokenTold::Signed { token, words, stood } => return self.signed(&token, &words, &stood, now),
            TokenTold::Forged(token, forged) => {
                if self.token.as_ref().is_some_and(|t| Arc::ptr_eq(&t.known.token, &token)) {
                    self.took_forged(forged);
                }
            }
            TokenTold::Cracking(id, words) => {
                let paused = self.cracking.as_ref().is_some_and(|c| c.id == Some(id) && c.paused);
                self.cracking = Some(Cracking { id: Some(id), words, over: false, paused });
            }
            TokenTold::Cracked(_, words, found) => {
                self.cracking = Some(Cracking { words: words.clone(), over: true, ..Cracking::default() });
                let level = if found.is_some() { Level::Warn } else { Level::Info };
                if let Some(known) = found {
                    self.inspected(*known, now);
                }
                return say(level, words);
            }
            TokenTold::Planned(plan) => return self.took_plan(plan),
            TokenTold::Attacking(id, words) => self.attacking(id, &words),
            TokenTold::Attacked(id, done) => return self.attacked(id, done),
            TokenTold::Ended(_, e) => {
                self.live = None;
                return say(Level::Error, display_str(&e.to_string()));
            }
            TokenTold::Failed(e) => {
                if let Some(c) = &mut self.cracking {
                    c.over = true;
                }
                return say(Level::Error, display_str(&e.to_string()));
            }
        }
        Vec::new()
    }

    fn inspected(&mut self, known: Inspected, now: Now) {
        let Some(old) = &self.token else { return };
        if old.known.token.token != known.token.token {
            return;
        }
        let (cursor, bench) = (old.text.clone(), old.bench.clone());
        self.show(known, true, now);
        if let Some(shown) = &mut self.token {
            // One that was not edited is made of what is known now: an encrypted token may have been opened.
            if bench.is_changed() {
                shown.bench = bench;
            }
            shown.text.follow(&cursor);
        }
        self.refresh(now);
    }

    fn took_keys(&mut self, keys: Arc<Known>, words: String) -> Vec<Effect> {
        self.keys = keys;
        self.key_lines = lines::keys(&self.keys.keys);
        self.forged = None;
        let mut effects = say(Level::Info, words);
        effects.extend(self.judge());
        effects
    }

    fn signed(&mut self, token: &[u8], words: &str, stood: &Stood, now: Now) -> Vec<Effect> {
        let from = format!("signed here, {}", clip(words));
        // The secret of the token it was made of need not be its own.
        let beside = Beside { secret: None, ..stood.beside.clone() };
        let effects = self.open(&Stood { from, beside }, crate::jwt::decode(token), now);
        let text = format!("signed {}; w puts it into the request, B goes back to the one before", clip(words));
        say(Level::Info, text).into_iter().chain(effects).collect()
    }

    fn took_forged(&mut self, forged: Arc<Forged>) {
        let (mut text, mut places) = (Text::default(), Vec::new());
        let mut family = "";
        for (i, v) in forged.variants.iter().enumerate() {
            if v.family.rule.id != family {
                family = v.family.rule.id;
                let head = Styled::new(v.family.rule.severity.word(), role_of_severity(v.family.rule.severity));
                let rule = &v.family.rule;
                let lines = [rule.title, "", rule.plain, "", rule.fix, rule.reference].map(str::to_owned).to_vec();
                let more = More { copy: rule.title.to_owned(), title: rule.id.to_owned(), lines };
                text.push(head.then(9, rule.title, Role::Title), Some(more));
                places.push(None);
            }
            let rule = &v.family.rule;
            let lines = vec![
                format!("tries  {}", rule.title),
                format!("here   {}", v.name),
                String::new(),
                rule.plain.to_owned(),
                String::new(),
                format!("fix    {}", rule.fix),
                format!("see    {}", rule.reference),
                String::new(),
                shown(&v.token[..v.token.len().min(4_000)]),
            ];
            let more = More { copy: shown(&v.token), title: v.id.clone(), lines };
            let mark = if v.needs_hit { "needs a listener" } else { "" };
            text.push(
                Styled::new("", Role::Text).then(9, clip(&v.name), Role::Text).then(0, mark, Role::Muted),
                Some(more),
            );
            places.push(Some(i));
        }
        for m in &forged.missing {
            let line = Styled::new("none", Role::Muted).then(9, m.family.rule.title, Role::Muted);
            let lines = vec![m.family.rule.title.to_owned(), format!("nothing of it is made: {}", clip(&m.reason))];
            let more = More { copy: m.reason.clone(), title: m.family.rule.id.to_owned(), lines };
            text.push(line.then(0, clip(&m.reason), Role::Comment), Some(more));
            places.push(None);
        }
        (self.forge_lines, self.variants, self.forged) = (text, places, Some(forged));
    }

    fn took_plan(&mut self, planned: Arc<Planned>) -> Vec<Effect> {
        let (title, lines) = (planned.title.clone(), planned.lines.clone());
        self.planned = Some(planned);
        vec![Effect::Plan(title, lines, Action::AttackGo)]
    }

    fn attacking(&mut self, id: JobId, words: &str) {
        if self.live.is_none() {
            (self.live_lines, self.live_places, self.done) = (Text::default(), Vec::new(), None);
            self.go_to(Sheet::Live);
        }
        self.live = Some(id);
        self.live_lines.push(Styled::new(clip(words), Role::Text), None);
        self.live_lines.go(crate::tui::widgets::table::Move::Bottom);
    }

    fn attacked(&mut self, id: JobId, done: Arc<Attacked>) -> Vec<Effect> {
        if self.live.is_some_and(|live| live != id) {
            return Vec::new();
        }
        self.live = None;
        (self.live_lines, self.live_places) = lines::attacked(&done);
        let (level, words) = (if done.is_bad() { Level::Warn } else { Level::Info }, done.words());
        self.done = Some(done);
        self.go_to(Sheet::Live);
        say(level, words)
    }
}
