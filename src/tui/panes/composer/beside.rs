//! Replies laid side by side from here: the one that is shown and an earlier one, rows of a run, and one request as several
//! identities.

use std::sync::Arc;

use super::varied::Varied;
use super::{ComposerPane, GO, info};
use crate::app::compare::Plan;
use crate::app::{Ask, lay};
use crate::tui::effect::{Effect, Level};
use crate::tui::keymap::Action;

impl ComposerPane {
    /// Asks what would be sent as several identities, or sends what was shown.
    pub(super) fn compare(&mut self, argument: &str) -> Vec<Effect> {
        if argument == GO
            && let Some(plan) = self.compares.take()
        {
            let rows = Varied::new("as several".to_owned(), plan.requests.len()).laid_at_end();
            return self.begin(rows, Ask::CompareGo(plan));
        }
        match self.draft() {
            Ok(draft) => vec![Effect::Ask(Ask::Compare(draft, argument.to_owned()))],
            Err(why) => vec![Effect::Notice(Level::Warn, why)],
        }
    }

    /// What would be sent as several identities is shown.
    pub fn compares(&mut self, plan: Arc<Plan>, lines: Vec<String>) -> Vec<Effect> {
        let title = format!("compare: {} requests", plan.requests.len());
        self.compares = Some(plan);
        let lead = ["x sends them; Esc does not.".to_owned(), String::new()];
        vec![Effect::Plan(title, lead.into_iter().chain(lines).collect(), Action::Compare)]
    }

    /// Lays the reply that is shown beside the one before, or beside one of the history.
    pub(super) fn diff(&mut self, argument: &str) -> Vec<Effect> {
        let Some(response) = self.response.as_ref().filter(|r| !r.goes_on()) else {
            return info("there is no reply yet to lay beside another");
        };
        let here = lay::Side::Here(self.subject(), Arc::clone(&response.judged));
        let other = match (argument.trim().parse::<i64>(), &self.earlier) {
            (Ok(id), _) => lay::Side::Kept(id),
            (Err(_), _) if !argument.trim().is_empty() => {
                return info("an exchange of the history has a number: H lists them");
            }
            (Err(_), Some((name, judged))) => lay::Side::Here(format!("before: {name}"), Arc::clone(judged)),
            (Err(_), None) => {
                return info("there is no reply before this one; diff NO takes one of the history, H lists it");
            }
        };
        vec![Effect::Ask(Ask::Lay(vec![other, here]))]
    }

    /// Keeps the reply that is shown to be laid beside the next one.
    pub(super) fn keep_earlier(&mut self) {
        if let Some(response) = self.response.as_ref().filter(|r| !r.goes_on()) {
            self.earlier = Some((self.subject(), Arc::clone(&response.judged)));
        }
    }
}
