//! The documents `lunette.diff/1`, `lunette.compare/1` and `lunette.found/1`, and the plain text beside each.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::exchange::{self, Secrets};
use crate::base::text::display;
use crate::wire::Exchange;
use crate::wire::diff::{Diff, Row};
use crate::wire::query::Found;

/// A line of one side, in display form.
fn line(row: &Row, side: usize, secrets: Secrets) -> Option<String> {
    row.shown(side, secrets == Secrets::Shown).map(|l| display(l))
}

fn differences(diff: &Diff, sides: usize, secrets: Secrets) -> Vec<Value> {
    let rows = diff.rows.iter().filter(|r| r.differs);
    let lines = |row: &Row| (0..sides).map(|side| line(row, side, secrets)).collect::<Vec<_>>();
    rows.map(|row| json!({"part": row.part.word(), "lines": lines(row)})).collect()
}

/// The document of replies side by side: what each is called and what came, and each line that is not the same in all, `null`
/// where a side has none.
pub fn document(heads: &[[String; 2]], diff: &Diff, secrets: Secrets) -> Value {
    json!({
        "schema": "lunette.diff/1",
        "sides": heads.iter().map(|[name, facts]| json!({"name": name, "reply": facts})).collect::<Vec<_>>(),
        "differences": differences(diff, heads.len(), secrets),
        "same": diff.rows.len() - diff.count(),
        "left_out": diff.left_out,
    })
}

/// The document of one request as several identities: its exchange as each, and what differs from the first.
pub fn compared(subject: &str, sides: &[(String, &Exchange)], diff: &Diff, secrets: Secrets) -> Value {
    let exchanges =
        sides.iter().map(|(name, x)| json!({"identity": name, "exchange": exchange::document(x, None, secrets)}));
    json!({
        "schema": "lunette.compare/1",
        "request": subject,
        "sides": exchanges.collect::<Vec<_>>(),
        "differences": differences(diff, sides.len(), secrets),
        "same": diff.rows.len() - diff.count(),
        "left_out": diff.left_out,
    })
}

/// The same as text: a line for each side, then each difference, `-` before what the first has and `+` and a number before what
/// another one has.
pub fn plain(heads: &[[String; 2]], diff: &Diff, secrets: Secrets) -> String {
    let sign = |side: usize| if side == 0 { "-".to_owned() } else { format!("+{side}") };
    let mut out = String::new();
    for (side, [name, facts]) in heads.iter().enumerate() {
        let _ = writeln!(out, "{:<3}{name}  {facts}", sign(side));
    }
    let _ = writeln!(out, "{} of {} lines differ", diff.count(), diff.rows.len());
    let mut part = None;
    for row in diff.rows.iter().filter(|r| r.differs) {
        if part.replace(row.part) != Some(row.part) {
            let _ = writeln!(out, "\n{}", row.part.word());
        }
        for side in 0..heads.len() {
            // What is as in the first one is written once.
            let alone = side == 0 || !row.is_as_first(side);
            if let (Some(line), true) = (line(row, side, secrets), alone) {
                let _ = writeln!(out, "{:<3}{line}", sign(side));
            }
        }
    }
    if let Some(left_out) = &diff.left_out {
        let _ = writeln!(out, "\nwithout {left_out}");
    }
    out
}

/// The document of what was found in a body: each result as JSON, or as text where it is none that can be read here.
pub fn found_document(expression: &str, found: &Found) -> Value {
    let results = found.results.iter().map(|r| {
        let text = String::from_utf8_lossy(r);
        serde_json::from_str::<Value>(&text).unwrap_or_else(|_| Value::String(display(r)))
    });
    json!({
        "schema": "lunette.found/1",
        "filter": expression,
        "results": results.collect::<Vec<_>>(),
        "cut": found.cut,
    })
}

/// The same as text, a result a line; of JSON texts nothing is changed but what no terminal should see.
pub fn found_plain(found: &Found) -> String {
    found.results.iter().fold(String::new(), |mut out, result| {
        let _ = writeln!(out, "{}", display(result));
        out
    })
}
