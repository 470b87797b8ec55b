//! What a specification says of a reply, as a part of the `lunette.exchange/1` document and as text.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// What is declared, and where the reply is other than that; all in display form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Method and path template.
    pub operation: String,
    /// Where the document declares it.
    pub place: String,
    /// Where the reply is not what is declared, one sentence each.
    pub differs: Vec<String>,
    /// What was not judged, one sentence each.
    pub not_judged: Vec<String>,
}

/// The member `declared`; `null` where the document declares no such request.
pub fn part(declared: Option<&Declared>) -> Value {
    declared.map_or(
        Value::Null,
        |d| json!({"operation": d.operation, "location": d.place, "differs": d.differs, "not_judged": d.not_judged}),
    )
}

/// The same as lines.
pub fn plain(declared: Option<&Declared>) -> String {
    let Some(d) = declared else { return "spec      declares no such request\n".to_owned() };
    let mut out = String::new();
    let words =
        if d.differs.is_empty() { "the reply is what is declared" } else { "the reply is not what is declared" };
    let _ = writeln!(out, "spec      {} ({}): {words}", d.operation, d.place);
    for words in &d.differs {
        let _ = writeln!(out, "  differs     {words}");
    }
    for what in &d.not_judged {
        let _ = writeln!(out, "  not judged  {what}");
    }
    out
}
