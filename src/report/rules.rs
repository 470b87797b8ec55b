//! The `lunette.rules/1` document, and the rules as plain text.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::table::{Align, Table};
use crate::grade::{DATE, Rule, VERSION};

/// The document of these rules.
pub fn document(rules: &[&Rule]) -> Value {
    let list: Vec<Value> = rules
        .iter()
        .map(|r| {
            json!({
                "id": r.id,
                "title": r.title,
                "applies": r.applies,
                "weight": r.weight,
                "cap": r.cap,
                "reference": r.reference,
                "fix": r.fix,
                "header": word(r.header),
                "nginx": word(r.nginx),
                "plain": r.plain,
            })
        })
        .collect();
    json!({ "schema": "lunette.rules/1", "version": VERSION, "date": DATE, "rules": list })
}

fn word(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// One rule with all there is, several as a table.
pub fn plain(rules: &[&Rule]) -> String {
    let mut out = String::new();
    if let [rule] = rules {
        let _ = writeln!(out, "{} {}\n\n{}\n", rule.id, rule.title, rule.plain);
        for line in lines(rule) {
            let _ = writeln!(out, "{line}");
        }
    } else {
        let mut table =
            Table::new(&[("id", Align::Left), ("costs", Align::Right), ("cap", Align::Left), ("rule", Align::Left)]);
        for r in rules {
            let cap = r.cap.map(|c| c.to_string()).unwrap_or_default();
            table.row(vec![r.id.to_owned(), r.weight.to_string(), cap, r.title.to_owned()]);
        }
        out.push_str(&table.render());
    }
    let _ = writeln!(out, "\nheader rules, version {VERSION} of {DATE}");
    out
}

/// What is to be known of a rule, a line each with its label.
pub fn lines(rule: &Rule) -> Vec<String> {
    let cap = rule.cap.map(|c| format!(", at best {c}")).unwrap_or_default();
    let costs = format!("{} points at most{cap}", rule.weight);
    let lines = [
        ("applies to", rule.applies),
        ("costs", costs.as_str()),
        ("fix", rule.fix),
        ("header", rule.header),
        ("nginx", rule.nginx),
        ("reference", rule.reference),
    ];
    lines.iter().filter(|(_, text)| !text.is_empty()).map(|(label, text)| format!("{label:<11} {text}")).collect()
}
