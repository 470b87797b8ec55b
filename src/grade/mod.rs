//! Floor 2: what the headers and cookies of an API reply are worth. Pure: an exchange in, rules and a letter out.

use serde::Serialize;

use crate::base::Letter;

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
