//! A request as something else that sends it.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::wire::curl::Export;

/// The `lunette.export/1` document of a curl command.
pub fn document(export: &Export) -> Value {
    json!({
        "schema": "lunette.export/1",
        "kind": "curl",
        "command": export.command,
        "changes": export.changes,
        "masked": export.masked,
    })
}

/// The `lunette.export/1` document of a text: what it is, the text or the file it went into, the files beside it, and what is to
/// be known of it.
pub fn text_document(kind: &str, content: (&str, &str), beside: &[String], notes: &[String], masked: bool) -> Value {
    let mut out = json!({"schema": "lunette.export/1", "kind": kind});
    out[content.0] = json!(content.1);
    out["beside"] = json!(beside);
    out["notes"] = json!(notes);
    out["masked"] = json!(masked);
    out
}

/// The command alone, so that a shell can take it.
pub fn plain(export: &Export) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", export.command);
    out
}
