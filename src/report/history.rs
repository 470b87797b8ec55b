//! The `lunette.history/1` document: what was sent from a workspace, newest first.

use serde_json::{Value, json};

use crate::base::figure::{bytes, millis};
use crate::base::text::display_str;
use crate::store::history::Row;

use super::table::{Align, Table};

/// The document.
pub fn document(rows: &[Row]) -> Value {
    json!({"schema": "lunette.history/1", "entries": rows.iter().map(entry).collect::<Vec<_>>()})
}

fn entry(r: &Row) -> Value {
    json!({
        "id": r.id,
        "run": r.run,
        "time": r.at,
        "who": r.who,
        "identity": r.identity,
        "method": r.method,
        "url": format!("{}{}", r.origin, r.target),
        "status": r.status,
        "failure": r.failure,
        "total_ms": r.total.map(|t| (t.as_secs_f64() * 1e6).round() / 1e3),
        "decoded_bytes": r.size,
        "kept": r.form.word(),
    })
}

/// The rows as a table.
pub fn plain(rows: &[Row]) -> String {
    let left = |name| (name, Align::Left);
    let right = |name| (name, Align::Right);
    let mut table = Table::new(&[
        right("id"),
        left("time"),
        left("who"),
        left("as"),
        left("result"),
        right("ms"),
        right("size"),
        left("kept"),
        left("method"),
        left("url"),
    ]);
    for r in rows {
        let result = match (r.status, &r.failure) {
            (Some(status), None) => status.to_string(),
            (Some(status), Some(failure)) => format!("{status} {}", display_str(failure)),
            (None, failure) => failure.as_deref().map_or_else(|| "none".to_owned(), display_str),
        };
        table.row(vec![
            r.id.to_string(),
            r.at.to_string(),
            display_str(&r.who),
            r.identity.as_deref().map(display_str).unwrap_or_default(),
            result,
            r.total.map(|t| millis(t.as_secs_f64() * 1e3)).unwrap_or_default(),
            bytes(r.size),
            r.form.word().to_owned(),
            display_str(&r.method),
            format!("{}{}", r.origin, display_str(&r.target)),
        ]);
    }
    table.render()
}
