//! Floor 2: what the headers and cookies of an API reply are worth. Pure: an exchange in, rules and a letter out.
//!
//! The context of a reply is worked out first (`context`), every rule is one row of one table (`rules`) and judges
//! against that context (`judges`, `hsts`, `cookies`), and the letter follows from the score and the caps (here).

mod context;
mod cookies;
mod hsts;
mod judges;
mod rules;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::base::Letter;
use crate::wire::Exchange;

pub use rules::{Rule, rule, rules};

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be: costs its weight.
    Fail,
    /// Does not apply to this reply.
    Na,
}

/// One rule applied to one reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// Rule id, for example `LNH05`.
    pub id: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// Points it costs when it fails.
    pub weight: u32,
    /// The best letter the reply can have when it fails, where the rule caps.
    pub cap: Option<Letter>,
    /// Why, in one sentence in display form.
    pub reason: String,
}

/// The header grade of one reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderGrade {
    /// Letter after caps.
    pub grade: Letter,
    /// Points left of 100.
    pub score: u32,
    /// Every rule, in table order.
    pub rules: Vec<Ruling>,
}

impl HeaderGrade {
    /// The rules that failed, dearest first; in table order where two cost the same.
    pub fn fails(&self) -> impl Iterator<Item = &Ruling> {
        let mut fails: Vec<&Ruling> = self.rules.iter().filter(|r| r.outcome == Outcome::Fail).collect();
        fails.sort_by_key(|r| std::cmp::Reverse(r.weight));
        fails.into_iter()
    }
}

/// Grades the headers and cookies of a reply; `None` when no response head came, as there is nothing to judge then.
///
/// A reply starts with 100 points and loses the weight of every rule it fails. 98 are an A+ (only with a
/// Strict-Transport-Security of a year or more), 90 an A, 80 a B, 65 a C, 50 a D, fewer an F; then the caps of the failed
/// rules lower the letter. Neither the order of the headers nor the case of their names plays a part.
pub fn headers(exchange: &Exchange) -> Option<HeaderGrade> {
    let response = exchange.response.as_ref()?;
    let context = context::Context::of(exchange, response);
    let rules: Vec<Ruling> = rules().map(|rule| rule.apply(&context)).collect();
    let lost: u32 = rules.iter().filter(|r| r.outcome == Outcome::Fail).map(|r| r.weight).sum();
    let score = 100_u32.saturating_sub(lost);
    let mut grade = match score {
        98.. if hsts::of(response).is_ok_and(|age| age >= hsts::YEAR) && context.tls => Letter::APlus,
        90.. => Letter::A,
        80.. => Letter::B,
        65.. => Letter::C,
        50.. => Letter::D,
        _ => Letter::F,
    };
    for cap in rules.iter().filter(|r| r.outcome == Outcome::Fail).filter_map(|r| r.cap) {
        grade = grade.capped(cap);
    }
    Some(HeaderGrade { grade, score, rules })
}
