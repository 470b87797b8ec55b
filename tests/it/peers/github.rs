//! The REST description of GitHub, 13 MB and more than a thousand operations: read whole, counted twice, composed and shown.

use std::path::PathBuf;
use std::sync::Arc;

use lunette::base::Stamp;
use lunette::inventory::{Builder, Document, Inventory, OperationKind, Place, compose};
use serde_json::Value;

use crate::support::pty::{CommandBuilder, Pty};

/// Methods that OpenAPI 3.0 and 3.1 know (OpenAPI 3.1.1, section 4.8.9).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Where the document lies once it is installed.
pub fn path() -> PathBuf {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers/node_modules/@octokit/openapi/generated/api.github.com.json");
    assert!(
        path.is_file(),
        "the GitHub document is not installed; run: npm ci --ignore-scripts --prefix tests/peers (Debian packages: nodejs npm)"
    );
    path
}

/// Method and path of every operation, counted without the reader that is tested.
pub fn operations() -> Vec<(String, String)> {
    let document: Value = serde_json::from_slice(&std::fs::read(path()).expect("readable")).expect("JSON");
    let paths = document["paths"].as_object().expect("paths");
    let mut all = Vec::new();
    for (path, item) in paths {
        for method in METHODS.iter().filter(|m| item.get(**m).is_some()) {
            all.push((method.to_uppercase(), path.clone()));
        }
    }
    all
}

/// The list of the document alone.
pub fn builder() -> Builder {
    let bytes = std::fs::read(path()).expect("readable");
    let (document, problems) = Document::read(Arc::from("api.github.com.json"), bytes).expect("an OpenAPI document");
    let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
    builder.spec(document, problems);
    builder
}

/// The list without traffic.
pub fn inventory() -> Inventory {
    builder().finish()
}

#[test]
fn every_operation_is_in_the_list() {
    let mut declared = operations();
    assert!(declared.len() > 1_000, "{} operations", declared.len());
    let inventory = inventory();
    // What the API calls itself stands apart.
    let own = || inventory.endpoints.iter().filter(|e| e.kind == OperationKind::Path);
    let mut listed: Vec<_> = own().map(|e| (e.method.clone(), e.path.display())).collect();
    declared.sort();
    listed.sort();
    assert_eq!(listed, declared);
    // One operation names a server of its own.
    let elsewhere: Vec<_> = own().filter(|e| e.host.as_deref() != Some("api.github.com")).collect();
    assert!(
        matches!(elsewhere[..], [e] if e.host.as_deref() == Some("uploads.github.com") && e.path.display().ends_with("/assets")),
        "{elsewhere:?}"
    );
}

#[test]
fn every_operation_can_be_composed() {
    let inventory = inventory();
    let mut bodies = 0;
    for (i, endpoint) in inventory.endpoints.iter().enumerate().filter(|(_, e)| e.kind == OperationKind::Path) {
        let (base, path, operation) = compose(&inventory, i, None);
        assert_eq!(Some(base), endpoint.host.as_ref().map(|h| format!("https://{h}")), "{}", endpoint.path);
        assert_eq!(path, endpoint.path.display());
        for name in names(&path) {
            let known = operation.parameters.iter().find(|p| p.place == Place::Path && p.name == name);
            let example = known.map(|p| p.example.as_str());
            assert!(example.is_some_and(|v| !v.is_empty()), "{} {path}: {name} is {example:?}", endpoint.method);
        }
        for body in operation.body.iter().filter(|b| b.media_type.contains("json")) {
            let text = &body.text;
            assert!(serde_json::from_str::<Value>(text).is_ok(), "{} {path}: {text}", endpoint.method);
            bodies += 1;
        }
    }
    assert!(bodies > 200, "{bodies} bodies");
}

/// The names in braces.
fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|p| p.split('}').next())
}

#[test]
fn the_program_shows_it_filters_it_and_opens_one() {
    // What the API itself calls is told apart, on screen as in the document.
    let (count, apart) = inventory().counts();
    for (cols, rows) in [(80, 24), (140, 45)] {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
        command.arg(path());
        command.env("TERM", "xterm-256color");
        for name in ["TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
        command.env_remove("NO_COLOR");
        let mut pty = Pty::spawn(command, cols, rows);
        // Whatever separates the thousands.
        pty.until("the number of endpoints", |s| {
            let text = s.contents();
            let digits = |t: &str| t.chars().filter(char::is_ascii_digit).collect::<String>();
            text.lines().filter_map(|l| l.split_once(" endpoints ")).any(|(before, after)| {
                let number = before.rsplit("  ").next().unwrap_or_default();
                digits(number) == count.to_string() && digits(after) == apart.to_string()
            })
        });
        pty.send(b"/gists star ~m DELETE\r").until("the one that is left", |s| {
            let text = s.contents();
            text.contains("/gists/{gist_id}/star") && !text.contains("/advisories")
        });
        pty.send(b"\r").until("the composer", |s| {
            let text = s.contents();
            text.contains("DELETE") && text.contains("gist_id") && text.contains("api.github.com")
        });
        pty.send(b"q");
        assert_eq!(pty.ends().exit_code(), 0);
    }
}
