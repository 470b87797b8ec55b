//! Floor 2: what the headers and cookies of an API reply are worth. Pure: an exchange in, rules and a letter out.
//!
//! The context of a reply is worked out first (`context`), every rule is one row of one table (`table`) and judges
//! against that context (`judges`), and the letter follows from the score and the caps (here). `observatory` is the
//! second opinion, `probes` plans the live extras, `odd` finds the endpoint that differs from its neighbours.

mod context;
mod cookies;
mod csp;
mod hsts;
mod html;
mod judges;
pub mod observatory;
pub mod odd;
pub mod probes;
mod rules;
mod structured;
pub mod suffix;
mod table;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::base::Letter;
use crate::wire::Exchange;

pub use observatory::Observatory;
pub use probes::Probes;
pub use rules::Rule;
pub use table::{DATE, RULES, VERSION, rule};

/// How a rule came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Not as it should be: costs its weight.
    Fail,
    /// Does not apply to this reply, or cannot be seen in it.
    Na,
}

impl Outcome {
    /// Every outcome, in the order they are shown.
    pub const ALL: [Self; 3] = [Self::Fail, Self::Pass, Self::Na];

    /// The word on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Na => "n/a",
        }
    }
}

/// One rule applied to one reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ruling {
    /// Rule id, for example `LNH05`.
    pub id: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// Points it costs here when it failed, else those it can cost.
    pub weight: u32,
    /// The best letter the reply can have when it fails, where the rule caps.
    pub cap: Option<Letter>,
    /// Points it gives back.
    pub bonus: u32,
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
    /// The second opinion.
    pub observatory: Observatory,
}

impl HeaderGrade {
    /// The rules that failed: what made the letter by its cap, then dearest first; in table order where two cost the same.
    pub fn fails(&self) -> impl Iterator<Item = &Ruling> {
        let mut fails: Vec<&Ruling> = self.rules.iter().filter(|r| r.outcome == Outcome::Fail).collect();
        fails.sort_by_key(|r| (r.cap != Some(self.grade), std::cmp::Reverse(r.weight)));
        fails.into_iter()
    }

    /// Where the two opinions differ, and why, in one sentence.
    pub fn difference(&self) -> Option<String> {
        observatory::difference(self)
    }
}

/// What is known beside the exchange.
#[derive(Debug, Clone, Copy, Default)]
pub struct View<'a> {
    /// Only the reply is known: a file without its request.
    pub request_unknown: bool,
    /// What the live extras saw.
    pub probes: Option<&'a Probes>,
}

/// Grades the headers and cookies of a reply; `None` when no response head came, as there is nothing to judge then.
///
/// A reply starts with 100 points, loses the weight of every rule it fails and gets no more than those back by a bonus. 98
/// are an A+ (only without a bonus, and with a Strict-Transport-Security of a year or more), 90 an A, 80 a B, 65 a C, 50 a D, fewer an F; then the caps of the failed
/// rules lower the letter. Neither the order of differently named headers nor the case of their names plays a part.
pub fn headers(exchange: &Exchange) -> Option<HeaderGrade> {
    judge(exchange, &View::default())
}

/// The same with what is known beside the exchange.
pub fn judge(exchange: &Exchange, view: &View<'_>) -> Option<HeaderGrade> {
    let response = exchange.response.as_ref()?;
    let context = context::Context::of(exchange, response, view);
    let rules: Vec<Ruling> = RULES.iter().map(|rule| rule.apply(&context)).collect();
    let failed = || rules.iter().filter(|r| r.outcome == Outcome::Fail);
    let lost: u32 = failed().map(|r| r.weight).sum();
    let earned: u32 = rules.iter().map(|r| r.bonus).sum();
    let score = (100 + earned).saturating_sub(lost).min(100);
    let mut grade = match score {
        98.. if lost <= 2 && context.tls && hsts::of(response).is_ok_and(|age| age >= hsts::YEAR) => Letter::APlus,
        90.. => Letter::A,
        80.. => Letter::B,
        65.. => Letter::C,
        50.. => Letter::D,
        _ => Letter::F,
    };
    for cap in failed().filter_map(|r| r.cap) {
        grade = grade.capped(cap);
    }
    let observatory = observatory::judge(exchange, response, view.probes);
    Some(HeaderGrade { grade, score, rules, observatory })
}

/// What the fuzz target reads with: every reader of a header value, over any text.
pub fn read_any(value: &str) {
    for policy in csp::of(std::iter::once(value.to_owned())) {
        let _ = (policy.weaknesses(), policy.restricts_frames());
    }
    let _ = (structured::token(value), structured::date(value), structured::has_members(value));
    let _ = judges::protocol::schemes(value);
    let _ = html::metas(value.as_bytes()).count() + html::scripts(value.as_bytes()).count();
}
