//! Other files that a document refers to, within its own folder.

use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::Value;

use super::read;
use super::text::{Span, elements, members};
use crate::base::text::display_str;
use crate::base::{Error, Exit};
use crate::wire::Load;

/// Bytes of one file.
const LONGEST_PART: u64 = 16 << 20;
/// Bytes of all files of one document together.
const MOST_BYTES: usize = 64 << 20;
/// Files of one document.
const MOST_PARTS: usize = 10_000;

/// Where a document stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The folder that references never leave.
    pub folder: PathBuf,
    /// Name of the document below it, with `/` between its parts.
    pub name: String,
}

/// One file besides the document, as JSON text.
pub(super) struct Part {
    /// Name below the folder.
    pub name: String,
    pub text: String,
    /// Lines of a YAML source by pointer.
    pub yaml_lines: Option<HashMap<String, u64>>,
}

/// Where a reference leads: a name below the folder, empty for the document itself, and the fragment after `#`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub name: String,
    pub fragment: String,
}

impl Target {
    /// Resolves a reference that stands in the file `base`; the document itself is `root`.
    ///
    /// # Errors
    /// Why it is not followed.
    pub fn of(reference: &str, base: &str, root: &str) -> Result<Self, &'static str> {
        let (path, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let name = if path.is_empty() { base.to_owned() } else { below(path, base)? };
        let name = if name == root { String::new() } else { name };
        Ok(Self { name, fragment: fragment.to_owned() })
    }

    /// The reference as it is written from the folder.
    pub fn written(&self) -> String {
        format!("{}#{}", self.name, self.fragment)
    }
}

/// The name below the folder that a relative path leads to from the file `base`.
fn below(path: &str, base: &str) -> Result<String, &'static str> {
    let scheme = path
        .split_once(':')
        .is_some_and(|(s, _)| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)));
    if is_remote(path) {
        return Ok(path.to_owned());
    }
    if scheme || path.starts_with("//") {
        return Err("is remote in a way that is never followed");
    }
    if let Some(origin) = is_remote(base).then(|| origin(base)) {
        let names = &base[origin.len()..];
        let names = names.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
        let (path, names) = path.strip_prefix('/').map_or((path, names), |rooted| (rooted, ""));
        return Ok(format!("{origin}/{}", joined(path, names)?));
    }
    let decoded = crate::inventory::template::percent_decode(path.as_bytes(), false);
    let Ok(path) = std::str::from_utf8(&decoded) else { return Err("is no readable path") };
    if path.starts_with('/') || path.contains(['\\', '\0']) {
        return Err("is not a path below the folder of the document, and was not followed");
    }
    joined(path, base)
}

/// True for a name that is a URL.
pub(super) fn is_remote(name: &str) -> bool {
    ["http://", "https://"].iter().any(|s| name.get(..s.len()).is_some_and(|n| n.eq_ignore_ascii_case(s)))
}

/// Scheme and authority of a URL.
fn origin(url: &str) -> &str {
    let from = url.find("://").map_or(0, |i| i + 3);
    let end = url[from..].find(['/', '?', '#']).map_or(url.len(), |i| from + i);
    &url[..end]
}

/// A relative path seen from the file `base`, both below one root, which it never leaves.
fn joined(path: &str, base: &str) -> Result<String, &'static str> {
    let mut names: Vec<&str> = base.split('/').collect();
    names.pop();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop().ok_or("leads out of the folder of the document, and was not followed")?;
            }
            name => names.push(name),
        }
    }
    Ok(names.join("/"))
}

/// Rewrites every `$ref` of a value that stands in the file `base`, so that it means the same seen from the folder. What
/// cannot be followed stays as written, and is refused when it is met.
pub(super) fn from_folder(value: &mut Value, base: &str, root: &str) {
    match value {
        Value::Object(members) => {
            for (key, value) in members.iter_mut() {
                if let (true, Value::String(reference)) = (key == "$ref", &mut *value) {
                    if let Ok(target) = Target::of(reference, base, root) {
                        *reference = target.written();
                    }
                } else {
                    from_folder(value, base, root);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|v| from_folder(v, base, root)),
        _ => {}
    }
}

/// Reads the files of one document, each once.
pub(super) struct Shelf<'f> {
    files: Option<&'f dyn Load>,
    home: Option<Home>,
    known: HashMap<String, Result<Arc<Part>, String>>,
    bytes_left: usize,
}

impl<'f> Shelf<'f> {
    /// A shelf that has `parts` already.
    pub fn new(files: Option<&'f dyn Load>, home: Option<Home>, parts: &[Arc<Part>]) -> Self {
        let known = parts.iter().map(|p| (p.name.clone(), Ok(p.clone()))).collect();
        Self { files, home, known, bytes_left: MOST_BYTES }
    }

    /// The file of a name below the folder.
    ///
    /// # Errors
    /// Why there is none, in display form.
    pub fn part(&mut self, name: &str) -> Result<Arc<Part>, String> {
        if let Some(known) = self.known.get(name) {
            return known.clone();
        }
        let found = if self.known.len() >= MOST_PARTS || self.bytes_left == 0 {
            Err("is one file more than one document may have".to_owned())
        } else {
            self.read(name)
        };
        if let Ok(part) = &found {
            self.bytes_left = self.bytes_left.saturating_sub(part.text.len());
        }
        self.known.insert(name.to_owned(), found.clone());
        found
    }

    fn read(&self, name: &str) -> Result<Arc<Part>, String> {
        let bytes = match (self.files, &self.home) {
            (Some(files), _) if is_remote(name) => files.remote(name, LONGEST_PART),
            (Some(files), Some(home)) => files.below(&home.folder, name, LONGEST_PART),
            _ if is_remote(name) => return Err("is remote, and was not read".to_owned()),
            _ => return Err("is in another document, which was not read".to_owned()),
        };
        let bytes = bytes.map_err(|e| format!("was not read: {}", said(&e)))?;
        let shown = display_str(name);
        let read::Text { json: text, yaml_lines, .. } =
            read::text(&shown, bytes).map_err(|e| format!("was not read: {}", e.what))?;
        Ok(Arc::new(Part { name: name.to_owned(), text, yaml_lines }))
    }
}

/// What went wrong and what to do, without its place.
fn said(e: &Error) -> String {
    match &e.hint {
        Some(hint) if e.exit == Exit::Refused => format!("{}; {hint}", e.what),
        _ => e.what.clone(),
    }
}

/// Where the members of the objects of many files stand, so that each is walked once.
#[derive(Default)]
pub(super) struct Walked(HashMap<(String, usize), Rc<HashMap<String, Span>>>);

impl Walked {
    /// The node that a path names in the file `name`; `spend` is asked for the bytes of what is walked for the first time.
    pub fn locate(
        &mut self,
        name: &str,
        text: &str,
        path: &[String],
        spend: &mut dyn FnMut(usize) -> bool,
    ) -> Option<Span> {
        let mut at = Span::of(text, text.trim());
        for token in path {
            let part = at.slice(text);
            if part.starts_with('[') {
                if !spend(part.len()) {
                    return None;
                }
                at = Span::of(text, elements(part).ok()?.get(token.parse::<usize>().ok()?).copied()?);
                continue;
            }
            let key = (name.to_owned(), at.start);
            if !self.0.contains_key(&key) {
                if !spend(part.len()) {
                    return None;
                }
                let all = members(part).ok()?;
                let all = all.into_iter().map(|m| (m.key.into_owned(), Span::of(text, m.value))).collect();
                self.0.insert(key.clone(), Rc::new(all));
            }
            at = *self.0.get(&key)?.get(token)?;
        }
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_stay_below_the_folder() {
        for (reference, base, want) in [
            ("#/a", "openapi.yaml", Ok("#/a")),
            ("#/a", "x/y.yaml", Ok("x/y.yaml#/a")),
            ("y.yaml", "openapi.yaml", Ok("y.yaml#")),
            ("./z.yaml#/b", "x/y.yaml", Ok("x/z.yaml#/b")),
            ("../openapi.yaml#/b", "x/y.yaml", Ok("#/b")),
            ("../a%20b.yaml", "x/y.yaml", Ok("a b.yaml#")),
            ("x/../../secret", "openapi.yaml", Err("leads out")),
            ("..%2f..%2fsecret", "x/y.yaml", Err("leads out")),
            ("/etc/passwd", "x/y.yaml", Err("not a path below")),
            ("..\\secret", "x/y.yaml", Err("not a path below")),
            ("file:///etc/passwd", "x.yaml", Err("remote")),
            ("https://h.test/a.yaml#/x", "x.yaml", Ok("https://h.test/a.yaml#/x")),
            ("b.yaml#/x", "https://h.test/d/a.yaml?v=1", Ok("https://h.test/d/b.yaml#/x")),
            ("/b.yaml", "https://h.test/d/a.yaml", Ok("https://h.test/b.yaml#")),
            ("../b.yaml", "https://h.test/d/a.yaml", Ok("https://h.test/b.yaml#")),
            ("../../b.yaml", "https://h.test/d/a.yaml", Err("leads out")),
            ("#/x", "https://h.test/a.yaml", Ok("https://h.test/a.yaml#/x")),
            ("//h.test/a.yaml", "x.yaml", Err("remote")),
            ("%ff", "x.yaml", Err("no readable path")),
        ] {
            let got = Target::of(reference, base, "openapi.yaml").map(|t| t.written());
            match (got, want) {
                (Ok(got), Ok(want)) => assert_eq!(got, want, "{reference} in {base}"),
                (Err(got), Err(want)) => assert!(got.contains(want), "{reference}: {got}"),
                (got, want) => panic!("{reference}: {got:?} and not {want:?}"),
            }
        }
    }
}
