//! Use case: a gate for pipelines: which endpoints are in a state that must not be, what was found that must not be, and what of it
//! is new.

use std::collections::HashSet;

use serde_json::Value;

use crate::base::error::nearest;
use crate::base::figure::count;
use crate::base::text::{display, display_str};
use crate::base::{Error, Result, Severity, Untrusted};
use crate::inventory::{Endpoint, Found, Inventory, RULES, State};

/// Largest baseline that is read.
pub const MOST_BASELINE: u64 = 256 << 20;

/// What must not be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gate {
    states: Vec<State>,
    rules: Vec<&'static str>,
    severity: Option<Severity>,
}

/// The words for severities, and the one for none.
const SEVERITIES: [(&str, Option<Severity>); 6] = [
    ("never", None),
    ("info", Some(Severity::Info)),
    ("low", Some(Severity::Low)),
    ("medium", Some(Severity::Medium)),
    ("high", Some(Severity::High)),
    ("critical", Some(Severity::Critical)),
];

/// Reads the least severity that fails a command, or `never`.
///
/// # Errors
/// A word that is neither, with the nearest one.
pub fn severity(word: &str) -> Result<Option<Severity>> {
    if let Some((_, severity)) = SEVERITIES.iter().find(|(w, _)| *w == word) {
        return Ok(*severity);
    }
    let words = SEVERITIES.map(|(w, _)| w);
    let error = Error::input(format!("{} is no severity", display_str(word))).at("--fail-on");
    Err(match nearest(word, words) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("use one of {}", words.join(", "))),
    })
}

impl Gate {
    /// Reads what `--fail-on` lists: states, findings by their id, and the least severity of findings.
    ///
    /// # Errors
    /// A word that is none of these, with the nearest one.
    pub fn parse(words: &[String]) -> Result<Self> {
        let mut gate = Self::default();
        for word in words {
            if let Some(state) = State::ALL.into_iter().find(|s| s.word() == word) {
                gate.states.push(state);
            } else if let Some(rule) = RULES.iter().find(|r| r.id == word) {
                gate.rules.push(rule.id);
            } else if let Some((_, severity)) = SEVERITIES.iter().find(|(w, _)| w == word) {
                // Of several the one that takes in most counts.
                gate.severity = gate.severity.into_iter().chain(*severity).min();
            } else {
                let all = State::ALL.map(State::word).into_iter().chain(RULES.iter().map(|r| r.id));
                let all = all.chain(SEVERITIES.map(|(w, _)| w));
                let error = Error::input(format!("{} is no state, finding or severity", display_str(word)));
                return Err(error.at("--fail-on").hint(match nearest(word, all.clone()) {
                    Some(near) => format!("did you mean {near}?"),
                    None => format!("use {}", all.collect::<Vec<_>>().join(", ")),
                }));
            }
        }
        Ok(gate)
    }

    fn stops(&self, found: &Found) -> bool {
        self.rules.contains(&found.rule.id) || self.severity.is_some_and(|least| found.finding.severity >= least)
    }
}

/// What an earlier inventory knew: the endpoints and their states, and the findings with what they are about.
#[derive(Debug, Default)]
pub struct Baseline {
    endpoints: HashSet<(String, Option<String>, String, String)>,
    findings: HashSet<[Option<String>; 5]>,
}

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
        let known = |e: &Value| Some((text(&e["method"])?, text(&e["host"]), text(&e["path"])?, text(&e["state"])?));
        let named = |f: &Value| ["id", "method", "host", "path", "client"].map(|key| text(&f[key]));
        Ok(Self {
            endpoints: endpoints.iter().filter_map(known).collect(),
            findings: doc["findings"].as_array().into_iter().flatten().map(named).collect(),
        })
    }

    fn knows_of(&self, f: &Found) -> bool {
        let text = |t: &Option<Untrusted>| t.as_ref().map(|t| t.lossy().into_owned());
        let key = [Some(f.finding.id.clone()), f.method.clone(), f.host.clone(), text(&f.path), text(&f.client)];
        self.findings.contains(&key)
    }

    fn knows(&self, e: &Endpoint, state: State) -> bool {
        let key = (e.method.clone(), e.host.clone(), e.path.lossy().into_owned(), state.word().to_owned());
        self.endpoints.contains(&key)
    }
}

/// The endpoints in a state that must not be and the findings that must not be, which the baseline does not know as such, one line of
/// reason each, and how many it knew.
pub fn caught(inventory: &Inventory, gate: &Gate, baseline: Option<&Baseline>) -> (Vec<String>, usize) {
    let mut known = 0;
    let mut lines: Vec<String> = inventory
        .endpoints
        .iter()
        .filter_map(|e| Some((e, e.state.filter(|s| gate.states.contains(s))?)))
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
    for found in inventory.findings.iter().filter(|f| gate.stops(f)) {
        if baseline.is_some_and(|b| b.knows_of(found)) {
            known += 1;
        } else {
            lines.push(format!("{}: {}: {}", found.finding.id, found.place(), found.finding.detail));
        }
    }
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
            match &e.newer {
                Some(newer) => format!("{}, undeclared, and beside the newer {}", answers(), newer.display()),
                None => format!("{}, although its time is over{until}", answers()),
            }
        }
        State::Ghost => "declared, and nobody called it in these logs".to_owned(),
        State::Documented => "declared".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_gate() {
        let gate = |words: &[&str]| Gate::parse(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>());
        let read = gate(&["shadow", "url-credential", "medium", "high", "never"]).expect("words");
        assert_eq!(
            (read.states, read.rules, read.severity),
            (vec![State::Shadow], vec!["url-credential"], Some(Severity::Medium))
        );
        let said = gate(&["url-credentials"]).expect_err("none").to_string();
        assert!(said.contains("did you mean url-credential?"), "{said}");
    }

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
