//! Use case: a gate for pipelines: which endpoints are in a state that must not be, and were not in it before.

use std::collections::HashSet;

use serde_json::Value;

use crate::base::figure::count;
use crate::base::text::{display, display_str};
use crate::base::{Error, Result};
use crate::inventory::{Endpoint, Inventory, State};

/// Largest baseline that is read.
pub const MOST_BASELINE: u64 = 256 << 20;

/// What an earlier inventory knew: the endpoints and their states.
#[derive(Debug, Default)]
pub struct Baseline(HashSet<(String, Option<String>, String, String)>);

impl Baseline {
    /// Reads an inventory document that an earlier run wrote with `--format json`.
    ///
    /// # Errors
    /// It is no such document, or one that an interrupted run left.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let no_document = |what: String| {
            Error::input(what).hint("give what lunette inventory --format json wrote on the branch to compare with")
        };
        let doc: Value = serde_json::from_slice(bytes)
            .map_err(|e| no_document(format!("this baseline is not JSON: {}", display_str(&e.to_string()))))?;
        if doc["schema"] != "lunette.inventory/1" {
            return Err(no_document("this baseline is no inventory document".to_owned()));
        }
        if doc["partial"] == true {
            return Err(no_document("this baseline was interrupted, so what it lacks says nothing".to_owned()));
        }
        let endpoints =
            doc["endpoints"].as_array().ok_or_else(|| no_document("this baseline has no endpoints".to_owned()))?;
        let text = |v: &Value| v.as_str().map(str::to_owned);
        Ok(Self(
            endpoints
                .iter()
                .filter_map(|e| Some((text(&e["method"])?, text(&e["host"]), text(&e["path"])?, text(&e["state"])?)))
                .collect(),
        ))
    }

    fn knows(&self, e: &Endpoint, state: State) -> bool {
        let key = (e.method.clone(), e.host.clone(), e.path.lossy().into_owned(), state.word().to_owned());
        self.0.contains(&key)
    }
}

/// The endpoints in one of `states` that the baseline does not know in that state, one line of reason each, and how many it
/// knew.
pub fn caught(inventory: &Inventory, states: &[State], baseline: Option<&Baseline>) -> (Vec<String>, usize) {
    let mut known = 0;
    let lines = inventory
        .endpoints
        .iter()
        .filter_map(|e| Some((e, e.state.filter(|s| states.contains(s))?)))
        .filter(|(e, state)| {
            let old = baseline.is_some_and(|b| b.knows(e, *state));
            known += usize::from(old);
            !old
        })
        .map(|(e, state)| {
            let host = e.host.as_deref().map(display_str).unwrap_or_default();
            format!(
                "{}: {} {host}{}: {}",
                state.word(),
                display_str(&e.method),
                display(e.path.as_bytes()),
                reason(e, state)
            )
        })
        .collect();
    (lines, known)
}

/// Why an endpoint is in its state, in one line.
fn reason(e: &Endpoint, state: State) -> String {
    let answers = || {
        let best = e.statuses.iter().max_by_key(|(s, n)| (matches!(s, 200..=299), **n));
        best.map_or_else(
            || "no answer was seen".to_owned(),
            |(s, n)| format!("answered {s} in {} of {} calls", count(*n), count(e.requests)),
        )
    };
    match state {
        State::Shadow => format!("{}, and no document declares it", answers()),
        State::ShadowMethod => format!("{}, and its path is declared without this method", answers()),
        State::Zombie => {
            let until =
                e.sunset.as_deref().map(|s| format!(", past its sunset of {}", display_str(s))).unwrap_or_default();
            format!("{}, although its time is over{until}", answers())
        }
        State::Ghost => "declared, and nobody called it in these logs".to_owned(),
        State::Documented => "declared".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_baseline_is_said_to_be_none() {
        for (text, words) in [
            ("{", "is not JSON"),
            ("{\"schema\":\"lunette.grade/1\"}", "no inventory document"),
            ("{\"schema\":\"lunette.inventory/1\",\"partial\":true,\"endpoints\":[]}", "interrupted"),
            ("{\"schema\":\"lunette.inventory/1\"}", "no endpoints"),
        ] {
            let said = Baseline::read(text.as_bytes()).expect_err(text).to_string();
            assert!(said.contains(words) && said.contains("--format json"), "{said}");
        }
    }
}
