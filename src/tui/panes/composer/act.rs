//! What each action does, by the side that has the keys.

use super::form::{BodyKind, Form};
use super::response::{Response, TABS};
use super::{COPY_CAP, ComposerPane, GO, Sending, Side, captured, info, told};
use crate::app::Ask;
use crate::app::curl::imported;
use crate::base::text::display;
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::Action;
use crate::tui::panes::movement;
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::clip;
use crate::wire::curl::Export;

/// A request as a curl command: copied, and what curl would change told.
pub fn exported(export: Export) -> Vec<Effect> {
    let mut told = export.changes;
    if export.masked {
        told.push("secrets in it are masked; where they are shown they are copied".to_owned());
    }
    let copy = Effect::Copy("the request as a curl command", export.command);
    if told.is_empty() { vec![copy] } else { vec![copy, Effect::Explain("of the curl command".to_owned(), told)] }
}

impl ComposerPane {
    /// What is the same on either side; `None` for what is not.
    pub(super) fn act_either(&mut self, action: Action, argument: &str) -> Option<Vec<Effect>> {
        match action {
            Action::Send => Some(self.send()),
            Action::Again => {
                let Some((draft, key)) = self.last.clone() else { return Some(self.send()) };
                Some(self.ask(draft, key))
            }
            Action::NextField | Action::PreviousField => {
                self.next_field(action == Action::PreviousField);
                Some(Vec::new())
            }
            Action::OpenToken => Some(self.token()),
            Action::Identity if self.who.is_empty() => {
                let text = "there is no identity: declare one in lunette.toml, [identity.NAME]";
                Some(vec![Effect::Notice(Level::Info, text.to_owned())])
            }
            Action::Identity if argument.is_empty() => {
                self.who.next();
                Some(Vec::new())
            }
            Action::Identity => {
                let chosen = self.who.choose(argument);
                Some(chosen.err().map(|text| Effect::Notice(Level::Warn, text)).into_iter().collect())
            }
            Action::Environment => {
                let chosen = self.who.choose_environment(argument);
                Some(chosen.err().map(|text| Effect::Notice(Level::Info, text)).into_iter().collect())
            }
            Action::AsIs => {
                self.form.done(true);
                self.form.as_is = !self.form.as_is;
                Some(Vec::new())
            }
            Action::Raw => {
                self.form.turn_raw();
                self.side = Side::Request;
                Some(Vec::new())
            }
            Action::Step => Some(self.step(argument)),
            Action::Cookies | Action::EditCookie | Action::RemoveCookie | Action::CookiesEverywhere => {
                let identity = self.who.name().map(str::to_owned);
                Some(vec![Effect::Jar(identity.clone()), Effect::Ask(Ask::Cookies(identity))])
            }
            Action::SetCookie if argument.is_empty() => Some(vec![Effect::Command("set-cookie ".to_owned())]),
            Action::SetCookie => {
                let (identity, url) = (self.who.name().map(str::to_owned), self.form.resolved());
                let ask = Ask::SetCookie { identity: identity.clone(), url, line: argument.into() };
                Some(vec![Effect::Jar(identity), Effect::Ask(ask)])
            }
            Action::StepBack => Some(self.step_back()),
            Action::VaryRows => Some(self.show_rows()),
            Action::Compare => Some(self.compare(argument)),
            Action::Vary if argument == GO => Some(self.vary(argument)),
            Action::Group => Some(self.group(argument)),
            Action::PutAside => Some(self.put_aside()),
            Action::ExplainSend => Some(match self.draft() {
                Ok(draft) => vec![Effect::Ask(Ask::Explain(draft))],
                Err(why) => vec![Effect::Notice(Level::Warn, why)],
            }),
            Action::Insecure => {
                self.form.insecure = !self.form.insecure;
                Some(Vec::new())
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
                Some(vec![if action == Action::CopyHere {
                    Effect::Copy("what is under the cursor", text)
                } else {
                    Effect::Explain("under the cursor".to_owned(), vec![text.chars().take(8_192).collect()])
                }])
            }
            Action::CopyCurl => Some(self.export()),
            Action::Save => Some(self.save(argument)),
            Action::Export => Some(self.export_to(argument)),
            Action::Back => {
                if let Sending::Running(id) = self.sending {
                    return Some(vec![Effect::Ask(Ask::Cancel(id))]);
                }
                if self.sending == Sending::Asked {
                    self.sending = Sending::No;
                    return Some(vec![Effect::Ask(Ask::CancelAll)]);
                }
                if self.side != Side::Request {
                    // A reply that was opened from the rows leads back to them.
                    self.rows_shown = self.side == Side::Response && self.varied.is_some();
                    self.side = if self.rows_shown { Side::Varied } else { Side::Request };
                    return Some(Vec::new());
                }
                Some(vec![Effect::Go(crate::tui::effect::PaneId::Inventory)])
            }
            _ => None,
        }
    }

    /// Puts a pasted curl command in place of the request, and says what of it is left out.
    pub(super) fn paste_curl(&mut self, text: &str) -> Vec<Effect> {
        let got = match imported(text) {
            Ok(got) => got,
            Err(e) => return vec![Effect::Notice(Level::Warn, e.to_string())],
        };
        self.form = Form::again(&got.draft, "from curl");
        self.endpoint = (None, None);
        self.hops.clear();
        self.side = Side::Request;
        if got.notes.is_empty() {
            return vec![Effect::Notice(Level::Info, "the curl command is the request now: s sends it".to_owned())];
        }
        vec![Effect::Explain("of the curl command".to_owned(), got.notes)]
    }

    /// Asks for the request as a curl command.
    fn export(&mut self) -> Vec<Effect> {
        match self.draft() {
            Ok(draft) => vec![Effect::Ask(Ask::Export(draft, self.reveal))],
            Err(why) => vec![Effect::Notice(Level::Warn, why)],
        }
    }

    pub(super) fn act_response(&mut self, action: Action, argument: &str) -> Option<Vec<Effect>> {
        match action {
            Action::Diff => return Some(self.diff(argument)),
            Action::Query => return Some(self.ask_of_body(argument)),
            _ => {}
        }
        let response = self.response.as_mut()?;
        if let Some(step) = movement(action) {
            response.go(step);
            return Some(Vec::new());
        }
        match action {
            Action::Fold if response.more().is_some() => return response.more().map(told),
            Action::Live => return Some(self.live(argument == GO)),
            Action::Capture if argument.is_empty() => return Some(vec![Effect::Command("capture ".to_owned())]),
            Action::Capture => {
                let value = captured(&response.raw_under());
                let name = argument.trim().to_owned();
                let text = format!("{{{{{}}}}} stands for what is under the cursor, in this run", clip(&name));
                return Some(vec![Effect::Ask(Ask::Capture(name, value.into())), Effect::Notice(Level::Info, text)]);
            }
            Action::Fold if response.can_be_laid_out() => return Some(response.lay_out().into_iter().collect()),
            Action::Fold if !response.body().is_some_and(crate::tui::widgets::body::Body::fold) => {
                let text = response.under(8_192);
                return Some(vec![Effect::Explain("the line".to_owned(), vec![text])]);
            }
            Action::Fold => {}
            Action::Hex => response.turn_hex(),
            Action::TurnBody => match response.body() {
                Some(body) => body.turn(),
                None => return Some(info("the body is on its own tab")),
            },
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

    pub(super) fn act_request(&mut self, action: Action, argument: &str) -> Option<Vec<Effect>> {
        match action {
            Action::Up | Action::Down => {
                self.form.step(if action == Action::Up { -1 } else { 1 });
            }
            Action::PageUp | Action::Top => self.form.end(false),
            Action::PageDown | Action::Bottom => self.form.end(true),
            Action::Edit => return Some(self.enter()),
            Action::NextPart => {
                if !self.form.turn(false) {
                    self.side = self.beside().unwrap_or(Side::Request);
                }
            }
            Action::PreviousPart => drop(self.form.turn(true)),
            Action::AsText if self.form.turn_text() => {}
            Action::AsText => return Some(info("the query, the headers and a form are written as text")),
            Action::BodyKind if argument.is_empty() => return Some(self.kind(self.form.next_kind())),
            Action::BodyKind => {
                let kind = BodyKind::ALL.into_iter().find(|k| k.word() == argument);
                let words = BodyKind::ALL.map(BodyKind::word).join(", ");
                return Some(kind.map_or_else(|| info(&format!("a body is one of {words}")), |k| self.kind(k)));
            }
            Action::Reformat if self.form.reformat() => {}
            Action::Reformat => return Some(info("the body is not JSON, so it stays as it is")),
            Action::Outside => return Some(self.outside()),
            Action::Vary => return Some(self.vary(argument)),
            Action::ToResponse if self.beside().is_some() => self.side = self.beside().unwrap_or(Side::Request),
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

    pub(super) fn act_field(&mut self, action: Action) -> Option<Vec<Effect>> {
        match action {
            Action::Done if self.search.is_some() => {
                let text = self.search.take().map(|f| f.text().to_owned()).unwrap_or_default();
                return Some(self.search(&text, false));
            }
            Action::Leave if self.search.is_some() => self.search = None,
            Action::Done => self.form.done(true),
            Action::Leave => self.form.done(false),
            Action::FieldNext | Action::FieldPrevious => self.next_field(action == Action::FieldPrevious),
            Action::FieldOutside if self.search.is_none() => return Some(self.outside()),
            Action::FieldSend if self.search.is_none() => return Some(self.send()),
            _ => return None,
        }
        Some(Vec::new())
    }
}
