//! The endpoint list as a file to hand on: its formats by the ending of the file's name.

use std::fmt::Write as _;
use std::path::Path;

use super::{inventory, json};
use crate::base::error::nearest;
use crate::base::known;
use crate::base::text::display_str;
use crate::base::{Error, Result};
use crate::inventory::{Endpoint, Inventory};

/// A format of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// The `lunette.inventory/1` document.
    Json,
    /// Comma-separated values (RFC 4180).
    Csv,
    /// A Markdown table.
    Markdown,
    /// The table of the command line.
    Text,
}

/// Every format with its ending.
pub const LISTINGS: [(&str, Listing); 4] =
    [("json", Listing::Json), ("csv", Listing::Csv), ("md", Listing::Markdown), ("txt", Listing::Text)];

/// Columns of CSV and Markdown.
const HEADS: [&str; 13] = [
    "kind",
    "state",
    "method",
    "host",
    "path",
    "seen",
    "calls",
    "errors",
    "p95_ms",
    "first_seen",
    "last_seen",
    "security",
    "deprecated",
];

impl Listing {
    /// The format that the name of a file asks for.
    ///
    /// # Errors
    /// An ending that is none of them.
    pub fn of(path: &Path) -> Result<Self> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
        if let Some((_, listing)) = LISTINGS.iter().find(|(e, _)| *e == ending) {
            return Ok(*listing);
        }
        let all = LISTINGS.map(|(e, _)| e);
        let hint = match nearest(&ending, all).filter(|_| !ending.is_empty()) {
            Some(near) => format!("did you mean .{near}?"),
            None => format!("end the name in .{}", all.join(", .")),
        };
        Err(Error::input("its ending says no format").at(display_str(&path.to_string_lossy())).hint(hint))
    }

    /// The list in this format, without the secrets that are known.
    pub fn write(self, inv: &Inventory) -> String {
        match self {
            Self::Json => {
                let mut document = inventory::document(inv);
                json::redact(&mut document);
                json::to_string(&document)
            }
            Self::Csv => known::redacted(csv(inv)),
            Self::Markdown => known::redacted(markdown(inv)),
            Self::Text => known::redacted(inventory::plain(inv)),
        }
    }
}

fn cells(e: &Endpoint) -> [String; 13] {
    let errors: u64 = e.statuses.range(400..).map(|(_, n)| n).sum();
    let words = |all: &mut dyn Iterator<Item = &str>| all.map(display_str).collect::<Vec<_>>().join(" ");
    [
        e.kind.word().to_owned(),
        e.state.map_or(String::new(), |s| s.word().to_owned()),
        display_str(&e.method),
        e.host.as_deref().map(display_str).unwrap_or_default(),
        e.path.display(),
        words(&mut e.seen.words()),
        e.requests.to_string(),
        errors.to_string(),
        e.latency.map_or(String::new(), |l| l.p95.to_string()),
        e.first_seen.map_or(String::new(), |s| s.to_string()),
        e.last_seen.map_or(String::new(), |s| s.to_string()),
        words(&mut e.security.iter().map(String::as_str)),
        if e.deprecated { "yes" } else { "" }.to_owned(),
    ]
}

fn csv(inv: &Inventory) -> String {
    let mut out = HEADS.join(",");
    out.push_str("\r\n");
    for e in &inv.endpoints {
        let row: Vec<String> = cells(e).iter().map(|c| field(c)).collect();
        let _ = write!(out, "{}\r\n", row.join(","));
    }
    out
}

/// A field of CSV. What a spreadsheet would take for a formula is made text by a `'` before it: paths are a client's to choose.
fn field(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
    if guard.is_empty() && !cell.contains([',', '"', '\r', '\n']) {
        return cell.to_owned();
    }
    format!("\"{guard}{}\"", cell.replace('"', "\"\""))
}

fn markdown(inv: &Inventory) -> String {
    let mut out = format!("| {} |\n|{}\n", HEADS.join(" | "), " --- |".repeat(HEADS.len()));
    for e in &inv.endpoints {
        let row: Vec<String> = cells(e).iter().map(|c| verbatim(c)).collect();
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
    out
}

/// A cell of Markdown that means nothing to it: each mark of the language escaped.
fn verbatim(cell: &str) -> String {
    let mut out = String::with_capacity(cell.len());
    for c in cell.chars() {
        if "\\`*_[]<>|#!&~".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Untrusted;
    use crate::inventory::State;

    fn list() -> Inventory {
        let endpoint = |method: &str, path: &str| Endpoint {
            method: method.to_owned(),
            path: Untrusted::from(path),
            state: Some(State::Shadow),
            requests: 3,
            statuses: [(200, 2), (500, 1)].into(),
            security: vec!["bearer (JWT)".to_owned()],
            ..Endpoint::default()
        };
        Inventory { endpoints: vec![endpoint("GET", "/a,\"b\"|c*"), endpoint("=cmd", "/x")], ..Inventory::default() }
    }

    #[test]
    fn each_format_keeps_its_rows_whole() {
        let csv = Listing::Csv.write(&list());
        let lines: Vec<&str> = csv.split("\r\n").collect();
        assert_eq!(lines[1], "endpoint,shadow,GET,,\"/a,\"\"b\"\"|c*\",,3,1,,,,bearer (JWT),");
        assert!(lines[2].starts_with("endpoint,shadow,\"'=cmd\",,/x"), "{}", lines[2]);
        let markdown = Listing::Markdown.write(&list());
        assert!(markdown.contains(r#"| /a,"b"\|c\* |"#), "{markdown}");
        let document: serde_json::Value = serde_json::from_str(&Listing::Json.write(&list())).expect("JSON");
        assert_eq!(document["endpoints"].as_array().map(Vec::len), Some(2));
        assert!(Listing::Text.write(&list()).contains("2 endpoints"));
    }

    #[test]
    fn the_name_says_the_format() {
        assert_eq!(Listing::of(Path::new("a/b.MD")).ok(), Some(Listing::Markdown));
        assert!(Listing::of(Path::new("a.jsn")).expect_err("none").to_string().contains("did you mean .json?"));
        assert!(Listing::of(Path::new("a")).expect_err("none").to_string().contains(".json, .csv, .md, .txt"));
    }
}
