//! The `lunette.grade/1` document, and a grade as plain text.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::grade::{DATE, HeaderGrade, Outcome, VERSION, observatory, rule};

/// The document of a grade. What a later version judges (TLS) is null.
pub fn document(url: &str, status: Option<u16>, headers: Option<&HeaderGrade>) -> Value {
    json!({
        "schema": "lunette.grade/1",
        "url": url,
        "status": status,
        "headers": headers.map(|g| json!({
            "grade": g.grade,
            "score": g.score,
            "table": { "version": VERSION, "date": DATE },
            "rules": g.rules,
            "observatory": {
                "algorithm": observatory::ALGORITHM,
                "grade": g.observatory.grade,
                "score": g.observatory.score,
                "tests": g.observatory.tests.iter().map(|t| (t.name.to_owned(), json!(t))).collect::<serde_json::Map<_, _>>(),
            },
            "difference": g.difference(),
        })),
        "tls": null,
        "findings": [],
    })
}

/// What a rule costs when it fails: `−15 ≤B`, points and the best letter it leaves, whichever there is.
pub fn cost(weight: u32, cap: Option<crate::base::Letter>) -> String {
    let points = (weight > 0 || cap.is_none()).then(|| format!("\u{2212}{weight}"));
    let cap = cap.map(|c| format!("\u{2264}{c}"));
    points.into_iter().chain(cap).collect::<Vec<_>>().join(" ")
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

/// The second opinion on one line: `observatory B+  80/100  (algorithm 6)  content-security-policy −25 …`.
pub fn second_opinion(g: &HeaderGrade) -> String {
    let o = &g.observatory;
    let Some((letter, score)) = o.grade.zip(o.score) else {
        return "observatory: takes replies with 2xx, 3xx, 401 and 403 only".to_owned();
    };
    let mut line = format!("observatory {letter}  {score}/100 (algorithm {})", observatory::ALGORITHM);
    let mut told: Vec<_> = o.tests.iter().filter(|t| t.modifier != 0).collect();
    told.sort_by_key(|t| t.modifier);
    for t in told {
        let _ = write!(line, "  {} {}{}", t.name, if t.modifier < 0 { "\u{2212}" } else { "+" }, t.modifier.abs());
    }
    let unseen = o.tests.iter().filter(|t| t.result == observatory::NOT_TESTED).count();
    if unseen > 0 {
        let _ = write!(line, "  {unseen} not tested");
    }
    line
}

/// A grade as plain text.
pub fn plain(url: &str, status: Option<u16>, g: &HeaderGrade) -> String {
    let mut out = format!("headers {}  {}/100  {} {url}\n", g.grade, g.score, status.unwrap_or_default());
    let _ = writeln!(out, "{}", second_opinion(g));
    if let Some(difference) = g.difference() {
        let _ = writeln!(out, "{difference}");
    }
    for outcome in Outcome::ALL {
        let told = g.rules.iter().filter(|r| r.outcome == outcome);
        let lines: Vec<String> = if outcome == Outcome::Fail {
            reasons(g)
        } else {
            told.map(|r| {
                let bonus = if r.bonus > 0 { format!("+{:<2}", r.bonus) } else { "   ".to_owned() };
                format!("{bonus} {} {}", r.id, r.reason)
            })
            .collect()
        };
        for line in lines {
            let _ = writeln!(out, "{:<4} {line}", outcome.word());
        }
    }
    let fixes: Vec<_> = g.fails().filter_map(|r| rule(r.id)).filter(|r| !r.header.is_empty()).collect();
    if !fixes.is_empty() {
        let _ = writeln!(out, "fix");
        for rule in fixes {
            let _ = writeln!(out, "     {} {}", rule.id, rule.header);
        }
    }
    out
}
