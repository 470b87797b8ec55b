//! The `lunette.rules/1` document, and the rules as plain text: those of a grade, of traffic, of tokens and of attacks with them.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::table::{Align, Table};
use crate::base;
use crate::grade::{self, DATE, VERSION};
use crate::inventory;
use crate::jwt::forge::{self, Family};
use crate::jwt::lint::{self, How, Lint};

/// A rule of any table.
#[derive(Clone, Copy)]
pub enum Rule {
    /// Of the grade of a reply.
    Header(&'static grade::Rule),
    /// Of what logs and documents show together.
    Traffic(&'static base::Rule),
    /// Of tokens and their keys.
    Token(&'static Lint),
    /// Of what a server takes in place of a token.
    Attack(&'static Family),
}

/// Every rule: those of the grade first, then of traffic, then of tokens, then of attacks with them.
pub fn all() -> impl Iterator<Item = Rule> {
    let traffic = inventory::RULES.iter().map(Rule::Traffic);
    let attacks = forge::FAMILIES.iter().copied().map(Rule::Attack);
    grade::RULES.iter().map(Rule::Header).chain(traffic).chain(lint::rules().map(Rule::Token)).chain(attacks)
}

impl Rule {
    /// Its id.
    pub fn id(self) -> &'static str {
        match self {
            Self::Header(r) => r.id,
            Self::Traffic(r) => r.id,
            Self::Token(l) => l.rule.id,
            Self::Attack(f) => f.rule.id,
        }
    }

    fn document(self) -> Value {
        let found = |r: &base::Rule, family: &str, applies: String, how: How| {
            json!({
                "id": r.id,
                "family": family,
                "title": r.title,
                "applies": applies,
                "severity": r.severity.word(),
                "how": how.word(),
                "reference": r.reference,
                "fix": r.fix,
                "plain": r.plain,
            })
        };
        match self {
            Self::Header(r) => json!({
                "id": r.id,
                "family": "header",
                "title": r.title,
                "applies": r.applies,
                "weight": r.weight,
                "cap": r.cap,
                "reference": r.reference,
                "fix": r.fix,
                "header": word(r.header),
                "nginx": word(r.nginx),
                "plain": r.plain,
            }),
            Self::Traffic(r) => {
                let mut doc = found(r, "traffic", "sources of an inventory".to_owned(), How::Token);
                doc["how"] = "sources".into();
                doc
            }
            Self::Token(l) => found(&l.rule, "token", l.applies(), l.how),
            Self::Attack(f) => {
                let mut doc = found(&f.rule, "attack", "a server that takes a token".to_owned(), How::Token);
                doc["how"] = "attack".into();
                doc["cwe"] = f.cwe.into();
                doc
            }
        }
    }

    fn explained(self) -> String {
        let (title, plain) = match self {
            Self::Header(r) => (r.title, r.plain),
            Self::Traffic(r) => (r.title, r.plain),
            Self::Token(l) => (l.rule.title, l.rule.plain),
            Self::Attack(f) => (f.rule.title, f.rule.plain),
        };
        let mut out = format!("{} {title}\n\n{plain}\n\n", self.id());
        let found = |r: &base::Rule, applies: &str, how: &str| {
            let severity = r.severity.word();
            labelled(&[
                ("applies to", applies),
                ("judged by", how),
                ("severity", severity),
                ("fix", r.fix),
                ("reference", r.reference),
            ])
        };
        let lines = match self {
            Self::Header(r) => lines(r),
            Self::Traffic(r) => found(r, "what the sources of an inventory show together", "lunette inventory"),
            Self::Token(l) => found(&l.rule, &l.applies(), l.how.words()),
            Self::Attack(f) => found(&f.rule, "a server that takes a token", "lunette jwt attack"),
        };
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
        out
    }
}

/// The document of these rules.
pub fn document(rules: &[Rule]) -> Value {
    let list: Vec<Value> = rules.iter().map(|r| r.document()).collect();
    json!({ "schema": "lunette.rules/1", "version": VERSION, "date": DATE, "rules": list })
}

fn word(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// One rule with all there is, several as tables.
pub fn plain(rules: &[Rule]) -> String {
    let mut out = String::new();
    if let [rule] = rules {
        out.push_str(&rule.explained());
    } else {
        let mut headers =
            Table::new(&[("id", Align::Left), ("costs", Align::Right), ("cap", Align::Left), ("rule", Align::Left)]);
        let found = || Table::new(&[("id", Align::Left), ("severity", Align::Left), ("finding", Align::Left)]);
        let (mut traffic, mut tokens, mut attacks) = (found(), found(), found());
        let row = |r: &base::Rule| vec![r.id.to_owned(), r.severity.word().to_owned(), r.title.to_owned()];
        for rule in rules {
            match rule {
                Rule::Header(r) => {
                    let cap = r.cap.map(|c| c.to_string()).unwrap_or_default();
                    headers.row(vec![r.id.to_owned(), r.weight.to_string(), cap, r.title.to_owned()]);
                }
                Rule::Traffic(r) => traffic.row(row(r)),
                Rule::Token(l) => tokens.row(row(&l.rule)),
                Rule::Attack(f) => attacks.row(row(&f.rule)),
            }
        }
        for (what, table) in [
            ("a grade", headers),
            ("an inventory", traffic),
            ("a token", tokens),
            ("a server that takes a token", attacks),
        ] {
            let _ = writeln!(out, "what {what} is judged by\n\n{}", table.render());
        }
    }
    if rules.iter().any(|r| matches!(r, Rule::Header(_))) {
        let _ = writeln!(out, "\nheader rules, version {VERSION} of {DATE}");
    }
    out
}

/// What is to be known of a rule of the grade, a line each with its label.
pub fn lines(rule: &grade::Rule) -> Vec<String> {
    let cap = rule.cap.map(|c| format!(", at best {c}")).unwrap_or_default();
    let costs = format!("{} points at most{cap}", rule.weight);
    labelled(&[
        ("applies to", rule.applies),
        ("costs", costs.as_str()),
        ("fix", rule.fix),
        ("header", rule.header),
        ("nginx", rule.nginx),
        ("reference", rule.reference),
    ])
}

/// A line for each text that is not empty.
fn labelled(lines: &[(&str, &str)]) -> Vec<String> {
    lines.iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| format!("{label:<11} {text}")).collect()
}
