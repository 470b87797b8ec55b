//! Use case: exchanges and requests as text that is kept: an archive, a `.http` file, commands, evidence.

use std::path::{Path, PathBuf};

use super::{Content, Draft, Judged, Keyring, history};
use crate::base::{Error, Result};
use crate::files;
use crate::report::exchange::Secrets;
use crate::report::{evidence, export, json};
use crate::store::history::{Form, Kept};
use crate::wire::http_file::write::{self as http_file, Item};
use crate::wire::{HttpChoice, Request, curl, har};

/// What an exchange is kept as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// HAR 1.2.
    Har,
    /// A `.http` file.
    Http,
    /// Commands for curl.
    Curl,
    /// Evidence in Markdown.
    Markdown,
}

impl As {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Har, Self::Http, Self::Curl, Self::Markdown];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Har => "har",
            Self::Http => "http",
            Self::Curl => "curl",
            Self::Markdown => "markdown",
        }
    }
}

/// An exchange that is to be kept.
pub struct Subject {
    /// It, with its grade.
    pub judged: Judged,
    /// Its request without what its identity added.
    pub typed: Request,
    /// Whether it was masked when the history kept it.
    pub masked: bool,
}

impl Subject {
    /// One of this run.
    pub fn of(judged: Judged, keyring: &Keyring) -> Self {
        Self { typed: history::typed(&judged.exchange, keyring), judged, masked: false }
    }

    /// One of the history.
    pub fn kept(kept: Kept, keyring: &Keyring) -> Self {
        let masked = kept.row.form == Form::Masked;
        Self { typed: history::typed(&kept.exchange, keyring), judged: super::send::judge(kept.exchange), masked }
    }
}

impl Made {
    /// The `lunette.export/1` document of it: of its text, or of the file that it went into.
    pub fn document(&self, to: As, file: Option<&Path>, show: bool) -> serde_json::Value {
        let name = file.map(|f| crate::base::text::display(f.as_os_str().as_encoded_bytes()));
        let content = name.as_ref().map_or(("text", self.text.as_str()), |name| ("file", name));
        let beside: Vec<String> = self.beside.iter().map(|(name, _)| name.clone()).collect();
        export::text_document(to.word(), content, &beside, &self.notes, !show)
    }
}

/// A text, files beside it, and what is to be known of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Made {
    /// The text.
    pub text: String,
    /// Names and contents of the files beside it.
    pub beside: Vec<(String, Vec<u8>)>,
    /// A sentence each, in display form.
    pub notes: Vec<String>,
}

/// Exchanges as a text. `stem` begins the names of files beside it.
pub fn exported(all: &[Subject], to: As, show: bool, stem: &str) -> Made {
    let secrets = Secrets::of(show);
    let mut out = Made::default();
    match to {
        As::Har => {
            let exchanges: Vec<_> = all.iter().map(|s| &s.judged.exchange).collect();
            let mut archive = har::archive(&exchanges, show);
            if !show {
                json::redact(&mut archive);
            }
            out.text = json::to_string(&archive);
        }
        As::Http => {
            let items: Vec<Item> = all.iter().map(|s| Item { masked: s.masked, ..Item::of(&s.typed) }).collect();
            return written(&items, show, stem);
        }
        As::Curl => {
            for s in all {
                let export = curl::write(&s.typed, HttpChoice::Auto, false, show);
                out.text.push_str(&export.command);
                out.text.push('\n');
                out.notes.extend(export.changes);
            }
        }
        As::Markdown => {
            for (i, s) in all.iter().enumerate() {
                if i > 0 {
                    out.text.push_str("\n---\n\n");
                }
                let (x, grade) = (&s.judged.exchange, s.judged.headers.as_ref());
                out.text.push_str(&evidence::document(x, grade, &s.typed, secrets, s.masked));
            }
        }
    }
    if all.iter().any(|s| s.masked) {
        out.notes.push("what was kept without the vault is masked for good".to_owned());
    }
    out
}

/// A request as a `.http` file.
pub fn request(request: &Request, show: bool) -> Made {
    written(&[Item::of(request)], show, "request")
}

/// Requests as a `.http` file.
fn written(items: &[Item], show: bool, stem: &str) -> Made {
    let beside = |i: usize| if items.len() == 1 { format!("{stem}.body") } else { format!("{stem}-{}.body", i + 1) };
    let mut made = http_file::write(items, show, &beside);
    if !made.wanted.is_empty() {
        made.notes.push(format!(
            "secrets became variables: {}; --set or an environment gives them a value",
            made.wanted.join(", ")
        ));
    }
    Made { text: made.text, beside: made.bodies, notes: made.notes }
}

/// A request as it is typed, as a `.http` file.
///
/// # Errors
/// One that is written raw: no such file holds it.
pub fn saved(draft: &Draft, show: bool, stem: &str) -> Result<Made> {
    if draft.raw.is_some() {
        return Err(Error::input("a raw request is bytes, and a .http file is text").hint("save it from its fields: R"));
    }
    let mut notes = Vec::new();
    let body = match &draft.body {
        Content::Text(text) => http_file::Content::Bytes(text.clone().into_bytes()),
        Content::File(path) => http_file::Content::File(path.clone()),
        Content::Graphql { query, variables } => http_file::Content::Bytes(super::draft::graphql(query, variables)?),
        Content::Multipart(_) => {
            notes.push("a multipart body is left out: its parts are not text".to_owned());
            http_file::Content::default()
        }
    };
    let bytes = |text: &String| text.clone().into_bytes();
    let item = Item {
        method: bytes(&draft.method),
        url: bytes(&draft.url),
        headers: draft.headers.iter().map(|(n, v)| (bytes(n), bytes(v))).collect(),
        body,
        literal: draft.as_is,
        identity: draft.identity.clone(),
        ..Item::default()
    };
    let mut made = written(&[item], show, stem);
    made.notes.extend(notes);
    Ok(made)
}

/// Writes a text and the files beside it, each whole. What is there already is replaced only where `over` says so.
///
/// # Errors
/// A disk that does not take it. The answer is `false` where a file is there already, and nothing was written.
pub fn store(made: &Made, path: &Path, over: bool) -> Result<bool> {
    let path = home(path);
    let folder = path.parent().unwrap_or(Path::new(""));
    // Nothing is written where not everything may be.
    let there = |p: &Path| p.symlink_metadata().is_ok();
    if !over && (there(&path) || made.beside.iter().any(|(name, _)| there(&folder.join(name)))) {
        return Ok(false);
    }
    for (name, bytes) in &made.beside {
        if !files::export(&folder.join(name), bytes, over)? {
            return Ok(false);
        }
    }
    files::export(&path, made.text.as_bytes(), over)
}

/// `~/` as a shell reads it.
pub fn home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}

/// What the names of files beside a file begin with.
pub fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).filter(|s| !s.is_empty()).unwrap_or("request".to_owned())
}
