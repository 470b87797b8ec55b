//! The `lunette.grade/1` document, and a grade as plain text.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::grade::{HeaderGrade, Outcome};

/// The document of a grade. What a later version judges (Observatory, TLS) is null.
pub fn document(url: &str, status: Option<u16>, headers: Option<&HeaderGrade>) -> Value {
    json!({
        "schema": "lunette.grade/1",
        "url": url,
        "status": status,
        "headers": headers.map(|g| json!({
            "grade": g.grade,
            "score": g.score,
            "rules": g.rules,
            "observatory": null,
        })),
        "tls": null,
        "findings": [],
    })
}

/// The rules that failed, dearest first: `−15 LNH02 no Strict-Transport-Security …`.
pub fn reasons(g: &HeaderGrade) -> Vec<String> {
    g.fails()
        .map(|r| {
            let cap = r.cap.map(|c| format!(", at best {c}")).unwrap_or_default();
            format!("\u{2212}{:<2} {} {}{cap}", r.weight, r.id, r.reason)
        })
        .collect()
}

/// A grade as plain text.
pub fn plain(url: &str, status: Option<u16>, g: &HeaderGrade) -> String {
    let mut out = format!("headers {}  {}/100  {} {url}\n", g.grade, g.score, status.unwrap_or_default());
    for (title, outcome) in [("fail", Outcome::Fail), ("pass", Outcome::Pass), ("n/a", Outcome::Na)] {
        let lines: Vec<String> = if outcome == Outcome::Fail {
            reasons(g)
        } else {
            g.rules.iter().filter(|r| r.outcome == outcome).map(|r| format!("    {} {}", r.id, r.reason)).collect()
        };
        for line in lines {
            let _ = writeln!(out, "{title:<4} {line}");
        }
    }
    out
}
