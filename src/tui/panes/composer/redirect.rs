//! Redirects, one hop at a time: what a reply leads to stands in the form until it is sent, and one key goes back.

use super::form::Form;
use super::response::Response;
use super::{ComposerPane, Sending, Side, info};
use crate::app::follow::{Stepped, leads_on};
use crate::app::identity::NOBODY;
use crate::app::{Ask, Draft};
use crate::tui::effect::{Effect, EndpointKey, Level};
use crate::tui::widgets::pen::clip;

/// What stood in the composer before a hop was made ready.
pub struct Hop {
    form: Form,
    response: Option<Response>,
    answered: Option<Draft>,
    last: Option<(Draft, Option<EndpointKey>)>,
    identity: Option<String>,
    reveal: bool,
}

/// Hops that can be gone back.
const MOST: usize = 50;

impl ComposerPane {
    /// True while the reply that is shown leads to another request.
    pub(super) fn leads_on(&self) -> bool {
        let shown = self.response.as_ref().filter(|_| !self.rows_shown);
        shown.and_then(|r| r.judged.exchange.status()).is_some_and(leads_on)
    }

    /// Asks what the redirect that is shown leads to.
    pub(super) fn step(&mut self, argument: &str) -> Vec<Effect> {
        let Some(response) = self.response.as_ref().filter(|_| self.leads_on()) else {
            return info("the reply that is shown is no redirect");
        };
        if self.sending != Sending::No {
            return vec![Effect::Notice(Level::Warn, "one request is under way: Esc cancels it".to_owned())];
        }
        let keep = argument == "keep";
        if !keep && !argument.is_empty() {
            return info("keep is all that can be said: credentials go along to another origin");
        }
        let judged = std::sync::Arc::clone(&response.judged);
        vec![Effect::Ask(Ask::Step { draft: self.answered.clone(), judged, keep })]
    }

    /// The next request is ready: it takes the place of the form, and nothing is sent.
    pub fn stepped(&mut self, stepped: Stepped) -> Vec<Effect> {
        let Stepped { draft, changed } = stepped;
        if self.hops.len() == MOST {
            return info("that many redirects are no way to go on");
        }
        let title = format!("redirect {} · {}", self.hops.len() + 1, draft.method);
        let mut form = Form::again(&draft, &title);
        form.say(if changed.is_empty() { vec!["nothing changed but the URL".to_owned()] } else { changed });
        let identity = self.who.name().map(str::to_owned);
        let unknown = self.who.choose(draft.identity.as_deref().unwrap_or(NOBODY)).err();
        self.hops.push(Hop {
            form: std::mem::replace(&mut self.form, form),
            response: self.response.take(),
            answered: self.answered.take(),
            last: self.last.take(),
            identity,
            reveal: self.reveal,
        });
        self.side = Side::Request;
        let ready = "the redirect is ready: s sends it, B goes back".to_owned();
        let notice = unknown.map_or(Effect::Notice(Level::Info, ready), |why| Effect::Notice(Level::Warn, clip(&why)));
        vec![notice]
    }

    /// Brings back the redirect that led here, with its reply.
    pub(super) fn step_back(&mut self) -> Vec<Effect> {
        if self.sending != Sending::No {
            return vec![Effect::Notice(Level::Warn, "one request is under way: Esc cancels it".to_owned())];
        }
        let Some(hop) = self.hops.pop() else { return info("no redirect led here") };
        (self.form, self.response, self.answered, self.last) = (hop.form, hop.response, hop.answered, hop.last);
        let gone = self.who.choose(hop.identity.as_deref().unwrap_or(NOBODY)).err();
        self.rows_shown = false;
        self.side = if self.response.is_some() { Side::Response } else { Side::Request };
        // Secrets may have been shown or masked meanwhile.
        let work = if hop.reveal == self.reveal { Vec::new() } else { self.reveal(self.reveal) };
        work.into_iter().chain(gone.map(|why| Effect::Notice(Level::Warn, clip(&why)))).collect()
    }
}
