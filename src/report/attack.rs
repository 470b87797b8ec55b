//! The `lunette.jwt-attack/1` document, and a run of token attacks as plain text.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::exchange::{self, Secrets};
use crate::base::secret::mask_target;
use crate::base::text::display;
use crate::base::{Severity, text};
use crate::jwt::attack::{Course, Found, Outcome};
use crate::wire::curl;
use crate::wire::{Exchange, Hit, HttpChoice, Request};

/// The category of the OWASP API Security Top 10 that all of them belong to: broken authentication.
const OWASP: &str = "API2:2023";

/// A run, or one that is only planned.
pub struct Attacked<'a> {
    /// What is sent, with a mask for the token.
    pub example: &'a Request,
    /// The course before it began.
    pub course: &'a Course,
    /// What came of it; `None` where nothing was sent.
    pub outcome: Option<&'a Outcome>,
    /// Every exchange.
    pub exchanges: &'a [Exchange],
    /// Who asked our listener.
    pub hits: &'a [Hit],
    /// The secret that was guessed, and where it is from.
    pub guessed: Option<(&'a str, &'a str)>,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
    /// Whether tokens stand in clear.
    pub secrets: Secrets,
}

impl Attacked<'_> {
    fn path(&self) -> String {
        let target = mask_target(&self.example.target);
        display(target.split(|b| *b == b'?').next().unwrap_or_default())
    }

    fn endpoint(&self) -> String {
        format!("{} {}", display(&self.example.method), self.path())
    }

    fn exchange(&self, id: u64) -> Option<&Exchange> {
        self.exchanges.iter().find(|x| x.id == id)
    }

    /// The request that proves a finding, as curl.
    fn curl(&self, found: &Found) -> Option<String> {
        let wanted = found.variant.and_then(|i| self.course.variants().get(i)).map(|v| v.token.as_slice());
        let holds = |x: &Exchange| {
            let places =
                x.request.headers.iter().map(|(_, v)| v.as_slice()).chain([&x.request.target[..], &x.request.body[..]]);
            wanted.is_none_or(|token| places.into_iter().any(|p| memchr::memmem::find(p, token).is_some()))
        };
        let x = found.exchanges.iter().filter_map(|id| self.exchange(*id)).find(|x| holds(x))?;
        Some(curl::write(&x.request, HttpChoice::Auto, false, self.secrets == Secrets::Shown).command)
    }

    fn finding(&self, f: &Found) -> Value {
        let rule = &f.family.rule;
        json!({
            "id": rule.id,
            "severity": rule.severity,
            "title": rule.title,
            "detail": f.detail,
            "reference": rule.reference,
            "fix": rule.fix,
            "evidence": f.evidence.word(),
            "owasp": OWASP,
            "cwe": f.family.cwe,
            "method": display(&self.example.method),
            "path": self.path(),
            "parameter": null,
            "variant": f.variant.and_then(|i| self.course.variants().get(i)).map(|v| v.id.as_str()),
            "exchanges": f.exchanges,
            "curl": self.curl(f),
        })
    }
}

/// The document.
pub fn document(a: &Attacked<'_>) -> Value {
    let outcome = a.outcome.cloned().unwrap_or_default();
    let mut shown: Vec<u64> = a.exchanges.iter().take(4).map(|x| x.id).collect();
    shown.extend(outcome.found.iter().flat_map(|f| &f.exchanges));
    shown.sort_unstable();
    shown.dedup();
    let exchanges: Map<String, Value> = shown
        .iter()
        .filter_map(|id| a.exchange(*id))
        .map(|x| (x.id.to_string(), exchange::document(x, None, a.secrets)))
        .collect();
    let not_run = outcome.not_run.iter().map(|(f, why)| (f.rule.id, why.as_str()));
    // Before anything is sent, only what cannot be tried is known.
    let planned =
        a.course.missing().iter().filter(|_| a.outcome.is_none()).map(|m| (m.family.rule.id, m.reason.as_str()));
    json!({
        "schema": "lunette.jwt-attack/1",
        "url": format!("{}{}", a.example.origin, display(&mask_target(&a.example.target))),
        "method": display(&a.example.method),
        "plan": {
            "requests_least": a.course.least(),
            "requests_most": a.course.most(),
            "variants": a.course.variants().iter().map(|v| json!({"id": v.id, "family": v.family.rule.id, "name": v.name})).collect::<Vec<_>>(),
        },
        "secret": a.guessed.map(|(secret, origin)| json!({"value": secret, "origin": origin})),
        "findings": outcome.found.iter().map(|f| a.finding(f)).collect::<Vec<_>>(),
        "not_run": not_run.chain(planned).map(|(id, why)| json!({"id": id, "endpoint": a.endpoint(), "reason": why})).collect::<Vec<_>>(),
        "clean": outcome.clean.iter().map(|f| json!({"id": f.rule.id, "endpoints": [a.endpoint()]})).collect::<Vec<_>>(),
        "stopped": outcome.stopped,
        "hits": a.hits.iter().map(|h| json!({"at": h.at, "from": h.from.to_string(), "head": h.head})).collect::<Vec<_>>(),
        "exchanges": exchanges,
        "requests": a.exchanges.len(),
        "elapsed_ms": (a.elapsed_ms * 1e3).round() / 1e3,
    })
}

/// What would be sent, a line each family.
pub fn plan(a: &Attacked<'_>) -> String {
    let mut out = format!("{}\n", counted(a));
    let variants = a.course.variants();
    let mut from = 0;
    while let Some(first) = variants.get(from) {
        let n = variants[from..].iter().take_while(|v| v.family == first.family).count();
        let _ = writeln!(
            out,
            "  {n:>3}  {:<22} {:<20} {}",
            first.family.rule.id, first.family.name, first.family.rule.plain
        );
        from += n;
    }
    for (why, ids) in by_reason(a.course.missing().iter().map(|m| (m.reason.as_str(), m.family.rule.id))) {
        let _ = writeln!(out, "not run  {}: {why}", ids.join(", "));
    }
    out
}

/// The same reason once, with all it is the reason for, in the order of the first.
fn by_reason<'a>(all: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(&'a str, Vec<&'a str>)> {
    let mut out: Vec<(&str, Vec<&str>)> = Vec::new();
    for (why, id) in all {
        match out.iter_mut().find(|(w, _)| *w == why) {
            Some((_, ids)) => ids.push(id),
            None => out.push((why, vec![id])),
        }
    }
    out
}

/// How many requests there will be, and what they look like.
pub fn counted(a: &Attacked<'_>) -> String {
    let n = a.course.variants().len();
    let place = a.example.headers.iter().map(|(n, v)| format!("{}: {}", display(n), display(v)));
    let headers: Vec<String> = place.filter(|l| l.contains(crate::base::secret::MASK)).collect();
    format!(
        "{} to {} requests: {n} tokens and the controls between them\n{} {}{}  {}",
        a.course.least(),
        a.course.most(),
        display(&a.example.method),
        a.example.origin,
        display(&mask_target(&a.example.target)),
        headers.join("  "),
    )
    .trim_end()
    .to_owned()
}

/// A run as plain text.
pub fn plain(a: &Attacked<'_>) -> String {
    let Some(outcome) = a.outcome else { return plan(a) };
    let mut out = String::new();
    if let Some((secret, origin)) = a.guessed {
        let _ = writeln!(out, "the secret is {} ({})", text::display_str(secret), text::display_str(origin));
    }
    let mut found: Vec<&Found> = outcome.found.iter().collect();
    found.sort_by_key(|f| std::cmp::Reverse(f.family.rule.severity));
    for f in found {
        let rule = &f.family.rule;
        let _ = writeln!(out, "{:<8} {}  {}", rule.severity.word(), rule.id, rule.title);
        let _ = writeln!(out, "         {}: {}", f.evidence.word(), f.detail);
        let _ = writeln!(out, "         fix: {}  ({}, CWE-{})", rule.fix, rule.reference, f.family.cwe);
        if let Some(command) = a.curl(f) {
            let _ = writeln!(out, "         {command}");
        }
    }
    for (why, ids) in by_reason(outcome.not_run.iter().map(|(f, why)| (why.as_str(), f.rule.id))) {
        let _ = writeln!(out, "not run  {}: {why}", ids.join(", "));
    }
    if !outcome.clean.is_empty() {
        let ids: Vec<&str> = outcome.clean.iter().map(|f| f.rule.id).collect();
        let _ = writeln!(out, "clean    {}", ids.join(", "));
    }
    if let Some(why) = &outcome.stopped {
        let _ = writeln!(out, "stopped  {why}");
    }
    let _ = writeln!(out, "{} requests in {} ms", a.exchanges.len(), crate::base::figure::millis(a.elapsed_ms));
    out
}

/// The worst finding that is proven, or any where `likely` ones count too.
pub fn worst(outcome: &Outcome, likely: bool) -> Option<Severity> {
    use crate::jwt::attack::Evidence;
    let counts = |f: &&Found| f.evidence == Evidence::Confirmed || (likely && f.evidence == Evidence::Likely);
    outcome.found.iter().filter(counts).map(|f| f.family.rule.severity).max()
}
