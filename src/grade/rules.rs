//! What a rule is, and how it is applied. The rows stand in [`super::table`].

use super::context::Context;
use super::{Outcome, Ruling};
use crate::base::Letter;

/// One rule: everything that help, documents and the grade say of it comes from here.
pub struct Rule {
    /// Id, for example `LNH05`.
    pub id: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// When it applies.
    pub applies: &'static str,
    /// Points it costs at most.
    pub weight: u32,
    /// The best letter a reply can have that fails it, where the rule caps; some rules cap in their worst case only.
    pub cap: Option<Letter>,
    /// Where it comes from.
    pub reference: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// The fix as a header line; empty where no single line is one.
    pub header: &'static str,
    /// The fix as a line of nginx; empty where nginx is not the place.
    pub nginx: &'static str,
    /// What it is about, for the owner of a service who does not know the header.
    pub plain: &'static str,
    pub(super) judge: fn(&Context<'_>) -> Verdict,
}

/// What a rule says of one reply.
pub enum Verdict {
    /// As it should be, and why.
    Pass(String),
    /// Better than it has to be: gives points back, and why.
    Bonus(u32, String),
    /// Does not apply, or cannot be seen, and why.
    Na(String),
    /// Not as it should be, and why: costs the whole weight, without a cap.
    Fail(String),
    /// Not as it should be in the worst way: costs the whole weight and caps.
    Capped(String),
    /// Not as it should be: costs the points given, and caps where told.
    Costs {
        /// Points.
        points: u32,
        /// The best letter left.
        cap: Option<Letter>,
        /// Why.
        why: String,
    },
}

impl Verdict {
    /// A failure that costs so many points and caps nothing.
    pub fn costs(points: u32, why: impl Into<String>) -> Self {
        Self::Costs { points, cap: None, why: why.into() }
    }
    /// Does not apply.
    pub fn na(why: impl Into<String>) -> Self {
        Self::Na(why.into())
    }
    /// As it should be.
    pub fn pass(why: impl Into<String>) -> Self {
        Self::Pass(why.into())
    }
}

impl Rule {
    /// Judges one reply.
    pub(super) fn apply(&self, context: &Context<'_>) -> Ruling {
        let (outcome, weight, cap, bonus, reason) = match (self.judge)(context) {
            Verdict::Pass(why) => (Outcome::Pass, self.weight, None, 0, why),
            Verdict::Bonus(points, why) => (Outcome::Pass, self.weight, None, points, why),
            Verdict::Na(why) => (Outcome::Na, self.weight, None, 0, why),
            Verdict::Fail(why) => (Outcome::Fail, self.weight, None, 0, why),
            Verdict::Capped(why) => (Outcome::Fail, self.weight, self.cap, 0, why),
            Verdict::Costs { points, cap, why } => (Outcome::Fail, points, cap, 0, why),
        };
        Ruling { id: self.id, outcome, weight, cap, bonus, reason }
    }
}
