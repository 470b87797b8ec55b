//! The document `lunette.vary/1`, and the plain table beside it.

use serde_json::{Value, json};

use super::table::{Align, Table};
use crate::base::figure::{count, millis};

/// What came of one value.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The value, in display form.
    pub value: String,
    /// Status; `None` when nothing came back.
    pub status: Option<u16>,
    /// Bytes of the body, decoded.
    pub bytes: u64,
    /// The whole exchange, in milliseconds.
    pub ms: Option<f64>,
    /// How much differs from the first reply, in percent; `None` where another status came.
    pub difference: Option<u8>,
    /// Why it failed, in words.
    pub failure: Option<String>,
}

/// The document: one row a value, in the order of the values.
pub fn document(request: &str, name: &str, rows: &[Row]) -> Value {
    let rows: Vec<Value> = rows
        .iter()
        .map(|r| {
            json!({
                "value": r.value,
                "status": r.status,
                "body_bytes": r.bytes,
                "total_ms": r.ms,
                "difference_percent": r.difference,
                "error": r.failure,
            })
        })
        .collect();
    json!({"schema": "lunette.vary/1", "request": request, "name": name, "rows": rows})
}

/// The same as a table.
pub fn plain(rows: &[Row]) -> String {
    let mut table = Table::new(&[
        ("value", Align::Left),
        ("status", Align::Right),
        ("bytes", Align::Right),
        ("ms", Align::Right),
        ("differs", Align::Left),
    ]);
    for r in rows {
        let difference = match r.difference {
            None => "status".to_owned(),
            Some(0) => String::new(),
            Some(n) => format!("{n} %"),
        };
        table.row(vec![
            r.value.clone(),
            r.status.map_or_else(|| "none".to_owned(), |s| s.to_string()),
            count(r.bytes),
            r.ms.map(millis).unwrap_or_default(),
            r.failure.clone().unwrap_or(difference),
        ]);
    }
    table.render()
}
