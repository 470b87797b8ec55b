//! The sentence that says what the state of an endpoint means, with the figures it rests on.

use crate::base::figure::count;
use crate::inventory::{Endpoint, OperationKind, State};
use crate::tui::widgets::pen::{clip, shown};

/// Method and path.
pub(super) fn title(e: &Endpoint) -> String {
    format!("{} {}", clip(&e.method), shown(e.path.as_bytes()))
}

/// The state and why. `nearest` is the declared path that is most like it, in display form.
pub(super) fn state_words(e: &Endpoint, nearest: Option<&str>) -> String {
    let word = e.word().unwrap_or("unknown");
    if e.kind != OperationKind::Path {
        return format!("{word} · declared as what the API itself calls; no request to the API is judged by it.");
    }
    let near = nearest.map(|n| format!(" Nearest: {}", clip(n))).unwrap_or_default();
    let why = match e.state {
        Some(State::Shadow) => format!("{}, declared nowhere.{near}", answered(e)),
        Some(State::ShadowMethod) => {
            format!("{}; its path is declared, but not with {}.", answered(e), clip(&e.method))
        }
        Some(State::Zombie) if let Some(newer) = &e.newer => {
            format!("not declared, older than {} beside it, and still {}.", shown(newer.as_bytes()), answered(e))
        }
        Some(State::Zombie) => format!("deprecated or past its sunset, and still {}.", answered(e)),
        Some(State::Documented) if e.requests > 0 => format!("declared, and {}.", answered(e)),
        Some(State::Documented) => "declared; no traffic was given that could tell who calls it.".to_owned(),
        Some(State::Ghost) => "declared, and nobody called it in the window of the logs.".to_owned(),
        None if e.requests > 0 => {
            format!("{}; without a specification nobody can say whether it is declared.", answered(e))
        }
        None => "the sources given cannot tell: load both a specification and a log.".to_owned(),
    };
    format!("{word} · {why}")
}

/// What most calls were answered with.
fn answered(e: &Endpoint) -> String {
    let Some((status, n)) = e.statuses.iter().max_by_key(|(_, n)| **n) else { return "answered".to_owned() };
    format!("answered {status} in {} of {} calls", count(*n), count(e.requests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_has_its_figures() {
        let mut e = Endpoint {
            state: Some(State::Shadow),
            requests: 412,
            statuses: [(200, 411), (403, 1)].into(),
            ..Endpoint::default()
        };
        assert_eq!(
            state_words(&e, Some("/orders/{id}")),
            "shadow · answered 200 in 411 of 412 calls, declared nowhere. Nearest: /orders/{id}"
        );
        e.state = Some(State::Ghost);
        assert!(state_words(&e, None).starts_with("ghost · declared, and nobody"));
        e.kind = OperationKind::Webhook;
        assert!(state_words(&e, None).starts_with("webhook · "));
    }
}
