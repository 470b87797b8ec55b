//! What a filter of jq or a JSONPath finds in the body, in place of the body; it is asked of each reply until it is turned off.

use std::sync::Arc;

use bytes::Bytes;

use super::response::content;
use super::{ComposerPane, Side};
use crate::base::text::display_str;
use crate::tui::effect::{Effect, Level, Msg};
use crate::tui::widgets::body::{self, Body, Lines};
use crate::wire::query::query;

/// What came of asking.
#[derive(Debug)]
pub struct Answer {
    /// What was asked: by now it may be something else.
    expression: String,
    /// What was found, and its lines.
    found: Result<(Bytes, Lines), String>,
    /// How much, in words.
    words: String,
}

/// What was found in the body of a reply.
pub struct Queried {
    /// What was asked.
    pub expression: String,
    /// How much was found, in words; empty while it is looked for.
    pub words: String,
    /// What was found.
    pub body: Option<Body>,
}

impl ComposerPane {
    /// Asks an expression of the body; without one, turns what is asked off, or asks for one.
    pub(super) fn ask_of_body(&mut self, argument: &str) -> Vec<Effect> {
        let expression = argument.trim();
        if expression.is_empty() {
            if self.query.1 {
                self.query.1 = false;
                if let Some(response) = &mut self.response {
                    response.queried = None;
                }
                return Vec::new();
            }
            return vec![Effect::Command(format!("query {}", self.query.0))];
        }
        self.query = (expression.to_owned(), true);
        self.side = Side::Response;
        if let Some(response) = &mut self.response {
            response.tab = 0;
        }
        self.asked_again()
    }

    /// Asks what is asked of the reply that is there now.
    pub(super) fn asked_again(&mut self) -> Vec<Effect> {
        let (Some(response), true) = (&mut self.response, self.query.1) else { return Vec::new() };
        if response.goes_on() {
            return Vec::new();
        }
        let expression = self.query.0.clone();
        response.queried = Some(Queried { expression: expression.clone(), words: String::new(), body: None });
        let (judged, reveal) = (Arc::clone(&response.judged), self.reveal);
        vec![Effect::Work(Box::new(move || {
            let content = content(&judged.exchange, reveal);
            Msg::Queried((judged.exchange.id, reveal), Box::new(answer(expression, &content)))
        }))]
    }

    /// What was asked is answered.
    pub fn queried(&mut self, id: (u64, bool), answer: Answer) -> Vec<Effect> {
        let shown = self.response.as_mut().filter(|r| r.id() == id);
        let Some(response) = shown else { return Vec::new() };
        let asked = response.queried.as_mut().filter(|q| q.expression == answer.expression);
        let Some(queried) = asked else { return Vec::new() };
        match answer.found {
            Ok((bytes, lines)) => {
                (queried.words, queried.body) = (answer.words, Some(Body::new(bytes, lines)));
                Vec::new()
            }
            Err(why) => {
                response.queried = None;
                self.query.1 = false;
                vec![Effect::Notice(Level::Warn, why)]
            }
        }
    }
}

fn answer(expression: String, content: &[u8]) -> Answer {
    match query(&expression, content) {
        Ok(found) => {
            let more = found.cut.as_ref().map(|why| format!(", and more: {why}")).unwrap_or_default();
            let n = found.results.len();
            let words = format!("{n} result{}{more}", if n == 1 { "" } else { "s" });
            let bytes = Bytes::from(if found.results.is_empty() { Vec::new() } else { found.text() });
            let lines = body::index(&bytes, true);
            Answer { expression, found: Ok((bytes, lines)), words }
        }
        Err(e) => Answer { expression, found: Err(display_str(&e.to_string())), words: String::new() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::send::judge;
    use crate::base::Stamp;
    use crate::tui::panes::composer::Response;
    use crate::wire::{self, Exchange, Request};

    /// What a piece of work comes back with.
    fn worked(mut effects: Vec<Effect>) -> ((u64, bool), Answer) {
        let Some(Effect::Work(work)) = effects.pop() else { panic!("nothing is asked") };
        let Msg::Queried(id, answer) = work() else { panic!("something else is answered") };
        (id, *answer)
    }

    #[test]
    fn a_late_answer_does_not_stand_under_another_filter() {
        let request = Request::new("GET", b"http://h/").expect("a URL");
        let mut exchange = Exchange::new(3, Stamp::from_unix(0).expect("a time"), request);
        exchange.response =
            Some(wire::Response { status: 200, body: br#"{"a":1,"b":2}"#.as_slice().into(), ..Default::default() });
        let (response, _) = Response::new(Arc::new(judge(exchange)), 0, false);
        let mut pane = ComposerPane { response: Some(response), ..ComposerPane::default() };
        let slow = worked(pane.ask_of_body(".a, .b"));
        let quick = worked(pane.ask_of_body(".b"));
        assert!(pane.queried(quick.0, quick.1).is_empty());
        assert!(pane.queried(slow.0, slow.1).is_empty());
        let queried = pane.response.as_ref().and_then(|r| r.queried.as_ref()).expect("it was answered");
        assert_eq!((queried.expression.as_str(), queried.words.as_str()), (".b", "1 result"));
    }
}
