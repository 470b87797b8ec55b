//! The first pass: operations, servers, security and where everything stands.

use std::collections::HashMap;
use std::sync::Arc;

use super::beyond::{self, Desk, Pending};
use super::levels::Shared;
use super::part::{Home, Shelf};
use super::text::{Lines, Member, Span, elements, last_wins, members, string};
use super::{Document, OperationLite, Problem, identify, yaml};
use crate::base::{Error, Result, text::display_str};
use crate::wire::Load;

/// Problems kept of one document; the rest are counted.
const MOST_PROBLEMS: usize = 1000;
/// Bytes walked once more because something refers to them.
const MOST_AGAIN: usize = 256 << 20;

/// A file as JSON text.
pub(super) struct Text {
    pub json: String,
    /// Lines of a YAML source by pointer; offsets in the JSON made from it say nothing.
    pub yaml_lines: Option<HashMap<String, u64>>,
    /// Where bytes that are not UTF-8 were replaced.
    replaced: Option<usize>,
}

/// JSON or YAML in, JSON text out.
///
/// # Errors
/// UTF-16, nothing at all, or YAML that cannot be read.
pub(super) fn text(source: &str, bytes: Vec<u8>) -> Result<Text> {
    let at = || display_str(source);
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(Error::input("the document is UTF-16").at(at()).hint("save it as UTF-8"));
    }
    let (mut text, replaced) = match String::from_utf8(bytes) {
        Ok(text) => (text, None),
        Err(e) => {
            let bad = e.utf8_error().valid_up_to();
            (String::from_utf8_lossy(e.as_bytes()).into_owned(), Some(bad))
        }
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    let start = text.trim_start();
    if start.is_empty() {
        return Err(Error::input("the document is empty").at(at()).hint(identify::HINT));
    }
    let mut yaml_lines = None;
    if !is_json(start) {
        let json = yaml::to_json(source, &text)?;
        yaml_lines = Some(yaml::lines(&text));
        text = json;
    }
    Ok(Text { json: text, yaml_lines, replaced })
}

pub(super) fn read(
    source: Arc<str>,
    bytes: Vec<u8>,
    place: Option<(&dyn Load, Home)>,
) -> Result<(Document, Vec<Problem>)> {
    let Text { json: text, yaml_lines, replaced } = text(&source, bytes)?;
    let lines = Lines::new(&text);
    let (files, home) = place.map_or((None, None), |(f, h)| (Some(f), Some(h)));
    let root = home.as_ref().map(|h| h.name.clone()).unwrap_or_default();
    let mut reader = Reader::new(&text, &source, &lines, yaml_lines.as_ref(), &root);
    reader.root = &root;
    if let Some(offset) = replaced {
        reader.problem("", Some(offset), "bytes that are not UTF-8 were replaced");
    }
    let mut found = reader.document()?;
    let minor = reader.minor;
    let mut problems = reader.finish();
    let mut desk =
        Desk { source: &source, text: &text, lines: &lines, yaml_lines: yaml_lines.as_ref(), root: &root, minor };
    let parts = beyond::read(&mut desk, &mut found, Shelf::new(files, home.clone(), &[]), &mut problems);
    let document = Document {
        source,
        version: found.version,
        operations: found.operations,
        items: found.items,
        components: found.components,
        consumes: found.consumes,
        produces: found.produces,
        home,
        parts,
        text,
    };
    Ok((document, problems))
}

/// JSON starts with an object or array whose next mark is a quote or a close; `{openapi: 3.0.0}` is YAML in flow style.
fn is_json(start: &str) -> bool {
    let Some(rest) = start.strip_prefix(['{', '[']) else {
        return start.starts_with('"');
    };
    let next = rest.trim_start().chars().next();
    !next.is_some_and(|c| c.is_alphabetic() || c == '\'' || c == '$' || c == '#')
        || serde_json::from_str::<serde::de::IgnoredAny>(start).is_ok()
}

/// What the first pass finds.
pub(super) struct Found {
    pub version: String,
    /// Swagger 2.0 and not `OpenAPI`.
    pub swagger: bool,
    pub operations: Vec<OperationLite>,
    /// Where every path item stands, by its key.
    pub items: HashMap<String, Span>,
    /// Where everything stands that others refer to, by `section/name`.
    pub components: HashMap<String, Span>,
    pub shared: Shared,
    /// Media types of bodies where an operation names none (Swagger 2.0).
    pub consumes: Vec<String>,
    pub produces: Vec<String>,
    /// Bytes that references may still cause to be walked again.
    pub again: usize,
    /// A bound was met and that was said.
    pub cut: bool,
    /// What stands in other files and has not been read yet.
    pub pending: Vec<Pending>,
}

pub(super) struct Reader<'a> {
    pub text: &'a str,
    pub source: &'a Arc<str>,
    lines: &'a Lines,
    yaml_lines: Option<&'a HashMap<String, u64>>,
    /// Second number of the `OpenAPI` version.
    pub minor: u8,
    /// Name of the file below the folder of the document.
    pub name: &'a str,
    /// Name of the document itself.
    pub root: &'a str,
    /// Number of the file: 0 is the document.
    pub part: u32,
    problems: Vec<Problem>,
    more: u64,
}

impl<'a> Reader<'a> {
    pub fn new(
        text: &'a str,
        source: &'a Arc<str>,
        lines: &'a Lines,
        yaml_lines: Option<&'a HashMap<String, u64>>,
        name: &'a str,
    ) -> Self {
        Self { text, source, lines, yaml_lines, minor: 0, name, root: name, part: 0, problems: Vec::new(), more: 0 }
    }

    fn document(&mut self) -> Result<Found> {
        let text = self.text;
        let top = members(text).map_err(|e| self.malformed(&e))?;
        let top = self.unique(top, "");
        let kind = identify::version(self.source, &top)?;
        let get = |name: &str| top.iter().find(|m| m.key == name).map(|m| m.value);
        self.minor = kind.minor;

        let mut components = HashMap::new();
        if kind.swagger {
            self.swagger_components(get, &mut components);
        } else if let Some(raw) = get("components") {
            self.components(raw, &mut components);
        }
        let mut shared = Shared::new(self.schemes(&components));
        if kind.swagger {
            shared.host = get("host").and_then(string);
            shared.base = get("basePath").and_then(string).unwrap_or_default();
            let schemes = get("schemes").unwrap_or("[]");
            shared.root_servers = Self::swagger_servers(&mut shared, schemes).unwrap_or(shared.root_servers);
        } else if let Some(servers) = get("servers") {
            shared.root_servers = self.servers(&mut shared, servers, "/servers").unwrap_or(shared.root_servers);
        }
        if let Some(list) = get("security") {
            shared.root_security = self.security(&mut shared, list, "/security").unwrap_or(shared.root_security);
        }
        let names = |key: &str| {
            let list = get(key).filter(|_| kind.swagger).and_then(|c| elements(c).ok()).unwrap_or_default();
            list.into_iter().filter_map(string).collect::<Vec<_>>()
        };
        let mut found = Found {
            version: kind.written,
            swagger: kind.swagger,
            operations: Vec::new(),
            items: HashMap::new(),
            components,
            shared,
            consumes: names("consumes"),
            produces: names("produces"),
            again: MOST_AGAIN,
            cut: false,
            pending: Vec::new(),
        };
        match get("paths") {
            Some(paths) => self.paths(paths, &mut found),
            // From 3.1 on a document may hold webhooks or components alone (OpenAPI 3.1.0, section 4.8.1).
            None if self.minor >= 1 && (get("webhooks").is_some() || get("components").is_some()) => {}
            None => self.problem("", None, "the document has no `paths`"),
        }
        if let Some(webhooks) = get("webhooks").or_else(|| get("x-webhooks")) {
            self.webhooks(webhooks, &mut found);
        }
        Ok(found)
    }

    /// Members of an object with the last of each name; anything else is a problem.
    pub(super) fn object(&mut self, raw: &'a str, at: &str) -> Option<Vec<Member<'a>>> {
        if !raw.starts_with('{') {
            self.problem(at, self.offset(raw), "this should be an object; it was skipped");
            return None;
        }
        if let Ok(all) = members(raw) {
            return Some(self.unique(all, at));
        }
        self.problem(at, self.offset(raw), "this object could not be read; it was skipped");
        None
    }

    fn unique(&mut self, all: Vec<Member<'a>>, at: &str) -> Vec<Member<'a>> {
        let (kept, lost) = last_wins(all);
        for m in lost {
            let mut place = at.to_owned();
            super::text::push_token(&mut place, &m.key);
            let offset = self.offset(m.raw_key);
            self.problem(&place, offset, &format!("`{}` stands twice; the last one counts", short(&m.key)));
        }
        kept
    }

    pub(super) fn offset(&self, part: &str) -> Option<usize> {
        self.yaml_lines.is_none().then(|| Span::of(self.text, part).start)
    }

    /// Line of an offset; in YAML, of the nearest enclosing node that is known.
    pub(super) fn line(&self, at: &str, offset: Option<usize>) -> Option<u64> {
        match self.yaml_lines {
            None => offset.map(|o| self.lines.line(self.text, o)),
            Some(known) => {
                let mut at = at;
                loop {
                    if let Some(line) = known.get(at) {
                        return Some(*line);
                    }
                    at = &at[..at.rfind('/')?];
                }
            }
        }
    }

    pub(super) fn problem(&mut self, at: &str, offset: Option<usize>, message: &str) {
        if self.problems.len() >= MOST_PROBLEMS {
            self.more += 1;
            return;
        }
        self.problems.push(Problem {
            source: self.source.clone(),
            location: display_str(at),
            line: self.line(at, offset),
            message: message.to_owned(),
        });
    }

    /// A problem of the whole document that is said once, however often it is met.
    pub(super) fn once(&mut self, said: &mut bool, message: &str) {
        if !std::mem::replace(said, true) {
            self.problem("", None, message);
        }
    }

    pub(super) fn finish(mut self) -> Vec<Problem> {
        if self.more > 0 {
            self.problems.push(Problem {
                source: self.source.clone(),
                location: String::new(),
                line: None,
                message: format!("{} more problems like these", self.more),
            });
        }
        self.problems
    }

    fn malformed(&self, e: &serde_json::Error) -> Error {
        let source = display_str(self.source);
        if e.is_data() {
            return Error::input("this is JSON but not an object, so it is no OpenAPI document")
                .at(source)
                .hint("give an OpenAPI 3.0 or 3.1 document, in JSON or YAML");
        }
        let said = e.to_string();
        let what = said.split(" at line ").next().unwrap_or(&said);
        Error::input(format!("not readable as JSON: {}", display_str(what)))
            .at(format!("{source}:{}:{}", e.line(), e.column()))
            .hint("mend the document there")
    }
}

/// A name from outside, cut to 80 characters, in display form.
pub(super) fn short(s: &str) -> String {
    let cut: String = s.chars().take(80).collect();
    display_str(&cut)
}
