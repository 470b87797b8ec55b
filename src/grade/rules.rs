//! The table of rules: everything that help, documents and the grade say of a rule comes from its row.

use super::context::Context;
use super::{Outcome, Ruling, judges};
use crate::base::Letter;

/// One rule.
pub struct Rule {
    /// Id, for example `LNH05`.
    pub id: &'static str,
    /// What it asks for.
    pub title: &'static str,
    /// Points it costs at most.
    pub weight: u32,
    /// The best letter a reply can have that fails it, where the rule caps; some rules cap in their worst case only.
    pub cap: Option<Letter>,
    /// Where it comes from.
    pub reference: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    judge: fn(&Context<'_>) -> Verdict,
}

/// What a rule says of one reply.
pub enum Verdict {
    /// As it should be, and why.
    Pass(String),
    /// Does not apply, and why.
    Na(String),
    /// Not as it should be, and why: costs the whole weight, without a cap.
    Fail(String),
    /// Not as it should be in the worst way: costs the whole weight and caps.
    Capped(String),
    /// Some of it is not as it should be: costs the points given, and caps where told.
    Partly {
        /// Points it costs.
        cost: u32,
        /// Whether the cap of the rule holds.
        capped: bool,
        /// Why.
        why: String,
    },
}

impl Rule {
    /// Judges one reply.
    pub(super) fn apply(&self, context: &Context<'_>) -> Ruling {
        let (outcome, weight, cap, reason) = match (self.judge)(context) {
            Verdict::Pass(why) => (Outcome::Pass, self.weight, None, why),
            Verdict::Na(why) => (Outcome::Na, self.weight, None, why),
            Verdict::Fail(why) => (Outcome::Fail, self.weight, None, why),
            Verdict::Capped(why) => (Outcome::Fail, self.weight, self.cap, why),
            Verdict::Partly { cost, capped, why } => (Outcome::Fail, cost, self.cap.filter(|_| capped), why),
        };
        Ruling { id: self.id, outcome, weight, cap, reason }
    }
}

static RULES: &[Rule] = &[
    Rule {
        id: "LNH02",
        title: "Strict-Transport-Security of half a year or more",
        weight: 15,
        cap: Some(Letter::B),
        reference: "RFC 6797 section 6.1.1",
        fix: "send Strict-Transport-Security: max-age=31536000 once on every reply over TLS",
        judge: judges::transport_security,
    },
    Rule {
        id: "LNH03",
        title: "Content-Type names what the body is",
        weight: 15,
        cap: Some(Letter::C),
        reference: "RFC 9110 section 8.3; OWASP REST Security Cheat Sheet",
        fix: "send the media type of the body, for JSON Content-Type: application/json",
        judge: judges::content_type,
    },
    Rule {
        id: "LNH05",
        title: "X-Content-Type-Options: nosniff",
        weight: 8,
        cap: None,
        reference: "Fetch standard, X-Content-Type-Options header",
        fix: "send X-Content-Type-Options: nosniff on every reply",
        judge: judges::nosniff,
    },
    Rule {
        id: "LNH08",
        title: "Cache-Control: no-store on what is somebody's own",
        weight: 12,
        cap: Some(Letter::C),
        reference: "RFC 9111 section 5.2.2.5; RFC 6749 section 5.1",
        fix: "send Cache-Control: no-store on replies to authenticated requests and on replies that carry a token",
        judge: judges::no_store,
    },
    Rule {
        id: "LNH11",
        title: "Access-Control-Allow-Origin is not null with credentials",
        weight: 30,
        cap: Some(Letter::D),
        reference: "Fetch standard, CORS protocol and credentials; OWASP API8:2023",
        fix: "name the origins that may read this reply; any sandboxed page has the origin null",
        judge: judges::null_origin,
    },
    Rule {
        id: "LNH17",
        title: "Cookies are Secure, HttpOnly and SameSite",
        weight: 25,
        cap: Some(Letter::D),
        reference: "RFC 6265 sections 4.1.2.5 and 4.1.2.6; RFC 6265bis for SameSite",
        fix: "set session cookies with Secure; HttpOnly; SameSite=Lax or Strict",
        judge: judges::cookie_flags,
    },
];

/// Every rule, in the order a grade lists them.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    RULES.iter()
}

/// The rule with that id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.id == id)
}
