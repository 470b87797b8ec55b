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

/// The command alone, so that a shell can take it.
pub fn plain(export: &Export) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", export.command);
    out
}
