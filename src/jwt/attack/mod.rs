//! The course of a live run: which token is sent next, and what the replies prove together. Pure: tokens go out, replies come
//! in, and nothing is sent here.
//!
//! A verdict is a relation and never one status: the token as it is (twice, and again whenever something was let in), no token,
//! and the token with a wrong signature show what being let in and being refused look like here; a variant is let in when its
//! reply is like the first and unlike the others, and proven when that comes twice, with a refusal and the token as it is
//! between and after.

use std::collections::VecDeque;

use super::forge::{ASKED, EXPIRED, Family, Lever, Missing, UNCHECKED, Variant};
use crate::wire::Print;

/// Variants tried between two looks at whether the token is still let in.
const STRETCH: usize = 12;
/// Replies to the token as it is that others are compared with.
const MOST_BASELINES: usize = 8;
/// Failures in a row after which the target has gone.
const PATIENCE: usize = 3;
/// How much of a body may differ, in percent of its words, beside what differs by itself.
const TOLERANCE: u8 = 5;
/// By how much a reply must be nearer to one control than to the other, in percent, where both have one status.
const MARGIN: u8 = 10;

/// What a request is sent for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aim {
    /// The token as it is.
    Baseline,
    /// No token.
    NoToken,
    /// The token with a wrong signature.
    Broken,
    /// The variant of this index.
    Variant(usize),
}

/// The next request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What for.
    pub aim: Aim,
    /// The token; `None` for none.
    pub token: Option<Vec<u8>>,
    /// What it is, in words.
    pub words: String,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// Number of the exchange.
    pub exchange: u64,
    /// Status; `None` when nothing came.
    pub status: Option<u16>,
    /// What its body is made of, without what it repeats of the token.
    pub print: Print,
    /// How often our listener was asked meanwhile.
    pub hits: usize,
    /// Why nothing came, in words.
    pub failure: Option<String>,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evidence {
    /// Seen twice, with every control as it should be.
    Confirmed,
    /// Seen, and not so clearly.
    Likely,
    /// Worth knowing.
    Info,
}

impl Evidence {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Likely => "likely",
            Self::Info => "info",
        }
    }
}

/// A family that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The family.
    pub family: &'static Family,
    /// How sure it is.
    pub evidence: Evidence,
    /// What was seen.
    pub detail: String,
    /// Index of the variant that proves it; `None` where the token as it is does.
    pub variant: Option<usize>,
    /// The exchanges that prove it, controls first.
    pub exchanges: Vec<u64>,
}

/// How a run ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was let in, in the order it was tried.
    pub found: Vec<Found>,
    /// Families that were not judged, and why.
    pub not_run: Vec<(&'static Family, String)>,
    /// Families of which every variant was refused while the controls held.
    pub clean: Vec<&'static Family>,
    /// Why it ended early, where it did.
    pub stopped: Option<String>,
}

/// What an answer to one variant means.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meaning {
    /// As the token as it is.
    In,
    /// The status of the token as it is, and another body.
    Perhaps,
    Refused,
    /// It can be told from neither.
    Unclear,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    First,
    Second,
    Nothing,
    Broken,
    /// The broken one again, since it was let in.
    BrokenTwice,
    Try(usize),
    /// It was let in: again, then the broken one, then the token as it is.
    Again(usize),
    Refusal(usize),
    Proof(usize),
    /// Whether the token as it is is still let in.
    Look,
}

#[derive(Debug, Default)]
struct Controls {
    baselines: Vec<Reply>,
    nothing: Option<Reply>,
    broken: Option<Reply>,
}

/// What is known of one family so far.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
struct Progress {
    family: &'static Family,
    tried: bool,
    found: bool,
    unclear: bool,
    /// It needs a hit and has had one, or needs none.
    hit: bool,
    /// Every reply of it was followed by a token that was let in.
    held: bool,
}

/// A run.
#[derive(Debug)]
pub struct Course {
    token: Vec<u8>,
    broken: Vec<u8>,
    /// The token that everything is compared with has expired.
    expired: bool,
    variants: Vec<Variant>,
    missing: Vec<Missing>,
    at: usize,
    since: usize,
    failures: usize,
    queue: VecDeque<Purpose>,
    sent: Option<Purpose>,
    controls: Controls,
    /// Replies of what is being proven: the variant twice, and the refusal between.
    proof: Vec<Reply>,
    unchecked: bool,
    families: Vec<Progress>,
    found: Vec<Found>,
    stopped: Option<String>,
}

impl Course {
    /// A run of these variants; those for trying by hand are left out.
    pub fn new(token: Vec<u8>, broken: Vec<u8>, expired: bool, variants: Vec<Variant>, missing: Vec<Missing>) -> Self {
        let variants: Vec<Variant> = variants.into_iter().filter(|v| is_live(v.family)).collect();
        let mut families: Vec<Progress> = Vec::new();
        for v in &variants {
            if !families.iter().any(|p| p.family == v.family) {
                let hit = !v.needs_hit;
                families.push(Progress {
                    family: v.family,
                    tried: false,
                    found: false,
                    unclear: false,
                    hit,
                    held: true,
                });
            }
        }
        Self {
            token,
            broken,
            expired,
            variants,
            missing: missing.into_iter().filter(|m| is_live(m.family)).collect(),
            at: 0,
            since: 0,
            failures: 0,
            queue: VecDeque::from([Purpose::First, Purpose::Second, Purpose::Nothing, Purpose::Broken]),
            sent: None,
            controls: Controls::default(),
            proof: Vec::new(),
            unchecked: false,
            families,
            found: Vec::new(),
            stopped: None,
        }
    }

    /// The variants of the run, in the order they are tried.
    pub fn variants(&self) -> &[Variant] {
        &self.variants
    }

    /// Families of which nothing can be made, and why.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Requests that the run takes when everything is refused: controls, variants, and looks between.
    pub fn least(&self) -> usize {
        // The broken control is the first variant.
        3 + self.variants.len() + self.variants.len() / STRETCH + 1
    }

    /// Requests at most: where every family is let in, each is proven with three more.
    pub fn most(&self) -> usize {
        self.least() + 3 * self.families.len() + 1
    }

    /// The next request; `None` at the end.
    pub fn next_step(&mut self) -> Option<Step> {
        if self.stopped.is_some() {
            return None;
        }
        if self.queue.is_empty() {
            self.choose();
        }
        let purpose = self.queue.pop_front()?;
        self.sent = Some(purpose);
        let (aim, token, words) = match purpose {
            Purpose::First | Purpose::Second | Purpose::Proof(_) | Purpose::Look => {
                (Aim::Baseline, Some(self.token.clone()), "the token as it is".to_owned())
            }
            Purpose::Nothing => (Aim::NoToken, None, "no token".to_owned()),
            Purpose::Broken | Purpose::BrokenTwice | Purpose::Refusal(_) => {
                (Aim::Broken, Some(self.broken.clone()), "the token with a wrong signature".to_owned())
            }
            Purpose::Try(i) | Purpose::Again(i) => {
                let v = self.variants.get(i)?;
                (Aim::Variant(i), Some(v.token.clone()), format!("{}: {}", v.family.name, v.name))
            }
        };
        Some(Step { aim, token, words })
    }

    /// Puts the next variant, or a look at the baseline, into the queue.
    fn choose(&mut self) {
        while let Some(v) = self.variants.get(self.at) {
            let (i, family) = (self.at, v.family);
            let done = self.families.iter().any(|p| p.family == family && p.found);
            let moot = self.unchecked && family.lever != Lever::Claims;
            // The broken control was this one.
            let control = v.token == self.broken;
            let beside = v.beside.is_some_and(|b| self.found.iter().any(|f| f.family == b));
            if done || moot || control || beside {
                if control && let Some(p) = self.families.iter_mut().find(|p| p.family == family) {
                    p.tried = true;
                }
                self.at += 1;
                continue;
            }
            if self.since >= STRETCH {
                self.queue.push_back(Purpose::Look);
                return;
            }
            self.at += 1;
            self.since += 1;
            self.queue.push_back(Purpose::Try(i));
            return;
        }
        if self.since > 0 {
            self.queue.push_back(Purpose::Look);
        }
    }

    /// Takes the reply to the step that was given last.
    pub fn take(&mut self, reply: Reply) {
        let Some(purpose) = self.sent.take() else { return };
        if let Some(why) = &reply.failure {
            self.failures += 1;
            // Without its controls a run has nothing to compare with.
            if self.failures >= PATIENCE || !matches!(purpose, Purpose::Try(_) | Purpose::Again(_)) {
                return self.stop(format!("the target did not answer: {why}"));
            }
        } else {
            self.failures = 0;
        }
        if matches!(reply.status, Some(429)) && self.controls.baselines.first().is_none_or(|b| b.status != Some(429)) {
            return self.stop("the target limits requests (429): go slower with --rate".to_owned());
        }
        match purpose {
            Purpose::First => self.controls.baselines.push(reply),
            Purpose::Second => self.second(reply),
            Purpose::Nothing => self.nothing(reply),
            Purpose::Broken => self.broken(reply),
            Purpose::BrokenTwice => {
                if self.is_in(&reply) {
                    let variant = self.variants.iter().position(|v| v.token == self.broken);
                    let first = self.controls.broken.as_ref().map(|b| b.exchange);
                    let exchanges = self.control_ids().chain(first).chain([reply.exchange]).collect();
                    self.keep(
                        &UNCHECKED,
                        Evidence::Confirmed,
                        "another signature of the same length",
                        variant,
                        exchanges,
                    );
                } else {
                    self.stop("a wrong signature was let in once and then refused".to_owned());
                }
            }
            Purpose::Try(i) => self.tried(i, reply),
            Purpose::Again(_) | Purpose::Refusal(_) => self.proof.push(reply),
            Purpose::Proof(i) => self.proven(i, &reply),
            Purpose::Look => self.look(&reply),
        }
    }

    /// Ends the run before its time; what was asked since the last look is not judged.
    pub fn stop(&mut self, why: String) {
        if self.stopped.is_none() {
            self.stopped = Some(why);
        }
    }

    fn second(&mut self, reply: Reply) {
        let first = self.controls.baselines.first().and_then(|b| b.status);
        if reply.status != first {
            let word = |s: Option<u16>| s.map_or_else(|| "nothing".to_owned(), |s| s.to_string());
            return self.stop(format!("the same request got {} and then {}", word(first), word(reply.status)));
        }
        self.controls.baselines.push(reply);
        if first == Some(401) {
            self.stop("the token itself is refused (401): give one that is let in".to_owned());
        }
    }

    fn nothing(&mut self, reply: Reply) {
        if self.distance(&reply).is_some_and(|d| d <= self.tolerance()) {
            let status = reply.status.unwrap_or_default();
            self.stop(if status < 400 {
                format!("without a token the answer is the same ({status}): the endpoint is open to everyone")
            } else {
                format!("without a token the answer is the same ({status}): the token itself is refused")
            });
        }
        self.controls.nothing = Some(reply);
    }

    fn broken(&mut self, reply: Reply) {
        // Beside the reply without a token, a wrong signature is known by what it is not.
        let is_in = self.is_in(&reply);
        self.controls.broken = Some(reply);
        if is_in {
            // From here on it is no example of a refusal.
            self.unchecked = true;
            self.queue.push_back(Purpose::BrokenTwice);
        }
        if self.expired {
            let exchanges = self.control_ids().chain(self.controls.broken.iter().map(|b| b.exchange)).collect();
            self.keep(
                &EXPIRED,
                Evidence::Confirmed,
                "the token that was given has expired and is let in",
                None,
                exchanges,
            );
        }
    }

    fn tried(&mut self, i: usize, reply: Reply) {
        let v = &self.variants[i];
        let (family, needs_hit, name) = (v.family, v.needs_hit, v.name.clone());
        let meaning = if reply.failure.is_some() { Meaning::Unclear } else { self.meaning(&reply) };
        let Some(p) = self.families.iter_mut().find(|p| p.family == family) else { return };
        p.tried = true;
        p.held = false;
        p.hit |= reply.hits > 0;
        if needs_hit && reply.hits == 0 {
            // What was let in without asking us proves nothing of the key we serve.
            return;
        }
        match meaning {
            Meaning::In => {
                self.proof = vec![reply];
                self.queue.extend([Purpose::Again(i), Purpose::Refusal(i), Purpose::Proof(i)]);
            }
            Meaning::Perhaps => {
                let ids = self.all_ids().chain([reply.exchange]).collect();
                let detail = format!("{name}: the status is that of the token as it is, and the body another");
                self.keep(family, Evidence::Likely, &detail, Some(i), ids);
            }
            Meaning::Unclear => p.unclear = true,
            Meaning::Refused if needs_hit => {
                if !self.found.iter().any(|f| *f.family == ASKED) {
                    let detail = format!("{name}: the token was refused, and our listener was asked for its key first");
                    let ids = self.all_ids().chain([reply.exchange]).collect();
                    self.keep(&ASKED, Evidence::Confirmed, &detail, Some(i), ids);
                }
            }
            Meaning::Refused => {}
        }
    }

    /// A variant was let in, sent again, a wrong signature after it, and now the token as it is.
    fn proven(&mut self, i: usize, last: &Reply) {
        let v = &self.variants[i];
        let (family, name) = (v.family, v.name.clone());
        let ids: Vec<u64> =
            self.all_ids().chain(self.proof.iter().map(|r| r.exchange)).chain([last.exchange]).collect();
        let [_, again, refusal] = &self.proof[..] else { return };
        let (again, refusal) = (self.meaning(again), self.meaning(refusal));
        if !self.holds(last) {
            return self.stop("the token as it is was refused in the end".to_owned());
        }
        self.since = 0;
        // Where no signature is checked, a wrong one is let in at all times.
        if refusal != Meaning::Refused && !self.unchecked {
            return self.stop("a wrong signature was refused at first and is let in now".to_owned());
        }
        self.hold();
        if again == Meaning::In {
            self.keep(family, Evidence::Confirmed, &name, Some(i), ids);
        } else {
            self.keep(family, Evidence::Likely, &format!("{name}: it was let in once of two times"), Some(i), ids);
        }
    }

    fn look(&mut self, reply: &Reply) {
        self.since = 0;
        if self.holds(reply) {
            self.hold();
            if self.controls.baselines.len() < MOST_BASELINES {
                self.controls.baselines.push(reply.clone());
            }
        } else {
            let status = reply.status.map_or_else(|| "nothing".to_owned(), |s| s.to_string());
            self.stop(format!("the token as it is was let in at first and is answered with {status} now"));
        }
    }

    /// What was tried until now was tried while the controls held.
    fn hold(&mut self) {
        for p in &mut self.families {
            p.held = true;
        }
    }

    fn keep(
        &mut self,
        family: &'static Family,
        evidence: Evidence,
        detail: &str,
        variant: Option<usize>,
        exchanges: Vec<u64>,
    ) {
        if let Some(p) = self.families.iter_mut().find(|p| p.family == family) {
            p.found = true;
        }
        self.found.push(Found { family, evidence, detail: detail.to_owned(), variant, exchanges });
    }

    fn control_ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.controls.baselines.iter().take(2).chain(&self.controls.nothing).map(|r| r.exchange)
    }

    fn all_ids(&self) -> impl Iterator<Item = u64> + '_ {
        self.control_ids().chain(self.controls.broken.iter().map(|r| r.exchange))
    }

    /// What of a body differs by itself, and a little more.
    fn tolerance(&self) -> u8 {
        let pairs = self.controls.baselines.windows(2);
        let own = pairs.filter_map(|pair| pair[0].print.differs(&pair[1].print)).max().unwrap_or(0);
        own.saturating_add(TOLERANCE).min(60)
    }

    /// How far a reply is from the nearest one to the token as it is, in percent; `None` where another status came.
    fn distance(&self, reply: &Reply) -> Option<u8> {
        self.controls.baselines.iter().filter_map(|b| reply.print.differs(&b.print)).min()
    }

    /// How far it is from the nearest refusal of the same status.
    fn distance_to_refusals(&self, reply: &Reply) -> Option<u8> {
        let broken = self.controls.broken.iter().filter(|_| !self.unchecked);
        self.controls.nothing.iter().chain(broken).filter_map(|r| reply.print.differs(&r.print)).min()
    }

    /// Whether a reply to the token as it is shows that it is still let in: its body may have changed with time.
    fn holds(&self, reply: &Reply) -> bool {
        match (self.distance(reply), self.distance_to_refusals(reply)) {
            (Some(_), None) => true,
            (Some(near), Some(far)) => near < far,
            (None, _) => false,
        }
    }

    fn is_in(&self, reply: &Reply) -> bool {
        self.meaning(reply) == Meaning::In
    }

    fn meaning(&self, reply: &Reply) -> Meaning {
        match (self.distance(reply), self.distance_to_refusals(reply)) {
            (Some(near), None) if near <= self.tolerance() => Meaning::In,
            (Some(_), None) => Meaning::Perhaps,
            (None, _) => Meaning::Refused,
            (Some(near), Some(far)) if near <= self.tolerance() && near.saturating_add(MARGIN) <= far => Meaning::In,
            (Some(near), Some(far)) if far <= near => Meaning::Refused,
            (Some(_), Some(_)) => Meaning::Unclear,
        }
    }

    /// What came of it.
    pub fn end(self) -> Outcome {
        let mut out = Outcome { found: self.found, stopped: self.stopped, ..Outcome::default() };
        for p in &self.families {
            if p.found {
                continue;
            }
            let moot = self.unchecked && p.family.lever != Lever::Claims;
            let why = if moot {
                Some("no signature is checked, so there is none to get round".to_owned())
            } else if !p.tried || !p.held {
                out.stopped.clone().or_else(|| Some("it was not reached".to_owned()))
            } else if !p.hit {
                Some("nobody asked our listener".to_owned())
            } else if p.unclear {
                Some("a reply could not be told from those to the token as it is and to a wrong one".to_owned())
            } else if out.stopped.is_some() && self.variants.iter().skip(self.at).any(|v| v.family == p.family) {
                out.stopped.clone()
            } else {
                None
            };
            match why {
                Some(why) => out.not_run.push((p.family, why)),
                None => out.clean.push(p.family),
            }
        }
        let found = |f: &Family| out.found.iter().any(|x| x.family == f);
        let missing: Vec<_> =
            self.missing.into_iter().filter(|m| !found(m.family)).map(|m| (m.family, m.reason)).collect();
        out.not_run.extend(missing);
        out
    }
}

/// True for a family whose replies say something by themselves.
fn is_live(family: &Family) -> bool {
    family.lever != Lever::Hand
}

#[cfg(test)]
mod tests;
