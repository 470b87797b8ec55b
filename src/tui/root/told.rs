//! What the app tells, given to the pane it is for.

use std::sync::Arc;

use super::super::effect::{Effect, Grades, Level, PaneId};
use super::super::panes::composer::{exported, kept};
use super::super::widgets::laid::LaidView;
use super::super::widgets::layers::Layer;
use super::{Root, loaded_text};
use crate::app::inspect::TokenTold;
use crate::app::{Ask, Event, VaultState};
use crate::base::text::display_str;
use crate::report::explanation::lines;

impl Root {
    /// Takes what the app tells.
    pub(super) fn event(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Progress(p) => self.panes.inventory.progressed(p),
            Event::Loaded { inventory, complete } => {
                let text = loaded_text(&inventory);
                let mut effects = self.panes.inventory.loaded(inventory, complete);
                if complete {
                    effects.extend([Effect::Notice(Level::Info, text), Effect::Ask(Ask::Grades)]);
                }
                return effects;
            }
            Event::Composed(composed) => {
                self.panes.composer.composed(&composed);
                if self.at == PaneId::Inventory {
                    self.at = PaneId::Composer;
                }
            }
            Event::Varies { draft, values, lines } => return self.panes.composer.varies(*draft, values, lines),
            Event::Stepped(stepped) => return self.panes.composer.stepped(*stepped),
            Event::Groups(plan, lines) => return self.panes.composer.groups(plan, lines),
            Event::Conforms(id, conforms) => self.panes.composer.conforms(id, conforms),
            Event::Compares(plan, lines) => return self.panes.composer.compares(plan, lines),
            Event::Laid(laid) => self.layers.push(Layer::Laid(LaidView::new(laid))),
            Event::Varied(id, outcome) => self.panes.composer.row(id, *outcome),
            Event::VaryEnded(id, why) => {
                self.work.running.retain(|j| *j != id);
                return self.panes.composer.ended(id, why);
            }
            Event::Exported(export) => return exported(*export),
            Event::Kept(path, notes) => return kept(&path, notes),
            Event::Imported(got) => {
                self.at = PaneId::Composer;
                return self.panes.composer.imported(*got);
            }
            Event::Explained(title, parts) => return vec![Effect::Explain(title, lines(&parts))],
            Event::Wrote(path, wrote) => return self.panes.inventory.wrote(&path, wrote),
            Event::Looked(looked) => return self.panes.inventory.looked(*looked),
            Event::Started(id) => {
                self.work.running.push(id);
                self.panes.composer.started(id);
            }
            Event::ScopeAsked { origin, reason } => {
                if !self.work.questions.iter().any(|(o, _)| *o == origin) {
                    self.work.questions.push((origin, reason));
                }
            }
            Event::Token(told) => {
                let now = self.now();
                if let TokenTold::Cracking(id, _) | TokenTold::Attacking(id, _) = told.as_ref()
                    && !self.work.running.contains(id)
                {
                    self.work.running.push(*id);
                }
                if let TokenTold::Attacked(id, _) | TokenTold::Ended(id, _) | TokenTold::Cracked(id, ..) = told.as_ref()
                {
                    self.work.running.retain(|j| j != id);
                }
                return self.panes.token.told(*told, now);
            }
            Event::Arriving(id, incoming) => self.panes.composer.arriving(id, incoming.take()),
            Event::Done(id, judged) => {
                self.work.running.retain(|j| *j != id);
                self.work.questions.retain(|(o, _)| *o != judged.exchange.request.origin);
                let mut effects = self.panes.composer.done(id, &judged);
                effects.extend(self.conforms());
                // Its reply may have set some.
                let jar = self.layers.iter().find_map(|l| if let Layer::Jar(jar) = l { Some(&jar.held) } else { None });
                effects.extend(jar.map(|held| Effect::Ask(Ask::Cookies(held.identity.clone()))));
                return effects;
            }
            Event::Cookies(held) => {
                for layer in &mut self.layers {
                    if let Layer::Jar(jar) = layer {
                        jar.held = Arc::clone(&held);
                    }
                }
            }
            Event::Noted(text) => return vec![Effect::Notice(Level::Info, display_str(&text))],
            Event::Identity(name, until) => self.panes.composer.who.ends(&name, until),
            Event::ScopeKnown { origin, reason } => {
                // A question that was answered meanwhile stays answered.
                for (_, known) in self.work.questions.iter_mut().filter(|(o, _)| *o == origin) {
                    known.clone_from(&reason);
                }
            }
            Event::Guarded(guard) => {
                self.start.scope = guard.scope_words(self.start.clock.wall());
                self.work.admitted = 0;
                for layer in &mut self.layers {
                    if let Layer::Guard(view) = layer {
                        view.guard = Arc::clone(&guard);
                    }
                }
                self.work.guard = Some(guard);
            }
            Event::Record(unkept) => {
                let notice = match &unkept {
                    Some(words) => Effect::Notice(Level::Error, format!("the history cannot be written: {words}")),
                    None => {
                        Effect::Notice(Level::Info, "the history is written again, and nothing is missing".to_owned())
                    }
                };
                self.work.unkept = unkept;
                return vec![notice];
            }
            Event::Grades(all) => {
                for g in all.iter().cloned() {
                    let grades = Grades { headers: g.headers, tls: g.tls, sends: g.sends };
                    self.panes.inventory.graded_before((g.method, g.host, g.path), grades);
                }
            }
            Event::Listed(rows) => {
                for layer in &mut self.layers {
                    if let Layer::Past(past) = layer {
                        past.take(Arc::clone(&rows));
                    }
                }
            }
            Event::Recalled(recalled) => {
                self.at = PaneId::Composer;
                let note = match recalled.left_out.as_slice() {
                    [] => format!("exchange {} as it was sent; s sends it again", recalled.row.id),
                    names => format!(
                        "exchange {}, without {}: it was masked when it was kept",
                        recalled.row.id,
                        names.join(", ")
                    ),
                };
                let mut effects = self.panes.composer.recalled(*recalled);
                effects.extend(self.conforms());
                effects.push(Effect::Notice(Level::Info, display_str(&note)));
                return effects;
            }
            Event::Latency(snapshot) => self.panes.rate.take(snapshot),
            Event::Vault(state) => {
                self.vault = state;
                let word = if state == VaultState::Open { "open" } else { "locked" };
                return vec![Effect::Notice(Level::Info, format!("the vault is {word}"))];
            }
            Event::StaysLocked(error) => return vec![Effect::Notice(Level::Error, display_str(&error.to_string()))],
            Event::Failed(error) => {
                let text = display_str(&error.to_string());
                if !self.panes.composer.failed() {
                    self.panes.inventory.failed(&text);
                }
                return vec![Effect::Notice(Level::Error, text)];
            }
        }
        Vec::new()
    }

    /// Has the reply that is shown held against what was loaded, where a document was.
    fn conforms(&self) -> Option<Effect> {
        let inventory = self.panes.inventory.list();
        let judged = self.panes.composer.shown().filter(|j| j.exchange.response.is_some())?;
        (!inventory.documents.is_empty()).then(|| Effect::Ask(Ask::Conform(Arc::clone(inventory), Arc::clone(judged))))
    }
}
