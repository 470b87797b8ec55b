//! One operation, resolved when it is opened: references, parameters, body.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::Value;

use super::part::{Shelf, Target, Walked, from_folder};
use super::text::{elements, member, tokens};
use super::{
    Document, Operation, OperationKind, OperationLite, Parameter, Place, body, choose, outline, schema, swagger,
};
use crate::base::text::display_str;
use crate::wire::Load;

/// References followed while one operation is resolved.
const MOST_REFERENCES: usize = 2_000;
/// Bytes of text parsed while one operation is resolved.
const MOST_BYTES: usize = 32 << 20;
/// References in a row that only lead to the next.
const MOST_HOPS: usize = 16;
/// Parameters shown.
const MOST_PARAMETERS: usize = 500;

/// Follows references of one document, into other files of its folder too, within bounds.
pub(super) struct Resolver<'d> {
    document: &'d Document,
    root: &'d str,
    shelf: Shelf<'d>,
    walked: Walked,
    known: HashMap<String, Option<Rc<Value>>>,
    references_left: usize,
    bytes_left: usize,
    /// References that are being expanded right now: meeting one again is recursion.
    pub active: Vec<String>,
    /// Whether examples and defaults in schemas are passed over.
    pub plain: bool,
    /// Schema nodes an example may still visit.
    pub nodes_left: usize,
    /// Bytes, about, that an example may still grow by: lists repeat what is in them, and lists of lists the more.
    pub room_left: usize,
    /// What could not be read.
    pub notes: Vec<String>,
}

impl<'d> Resolver<'d> {
    pub fn new(document: &'d Document, files: Option<&'d dyn Load>) -> Self {
        Self {
            document,
            root: document.home.as_ref().map_or("", |h| &h.name),
            shelf: Shelf::new(files, document.home.clone(), &document.parts),
            walked: Walked::default(),
            known: HashMap::new(),
            references_left: MOST_REFERENCES,
            bytes_left: MOST_BYTES,
            active: Vec::new(),
            plain: false,
            nodes_left: schema::MOST_NODES,
            room_left: schema::MOST_ROOM,
            notes: Vec::new(),
        }
    }

    /// The version of the document.
    pub fn version(&self) -> &'d str {
        &self.document.version
    }

    /// What a reference points at; `None`, with a note, when it leads where nothing is read, points nowhere or a bound is met.
    pub fn follow(&mut self, reference: &str) -> Option<Rc<Value>> {
        if let Some(known) = self.known.get(reference) {
            return known.clone();
        }
        let shown: String = display_str(&reference.trim_end_matches('#').chars().take(120).collect::<String>());
        let found = match Target::of(reference, "", self.root) {
            Err(why) => {
                self.note(format!("{shown} {why}"));
                None
            }
            Ok(_) if self.references_left == 0 || self.bytes_left == 0 => {
                self.note("the operation refers to more than one operation may; the rest was left out".to_owned());
                return None;
            }
            Ok(target) => {
                self.references_left -= 1;
                match self.target(&target) {
                    Ok(value) => Some(Rc::new(value)),
                    Err(why) => {
                        self.note(format!("{shown} {why}"));
                        None
                    }
                }
            }
        };
        self.known.insert(reference.to_owned(), found.clone());
        found
    }

    fn target(&mut self, target: &Target) -> Result<Value, String> {
        let path = tokens(&target.fragment);
        let missing = || "is not in the document".to_owned();
        if target.name.is_empty() {
            let text = self.locate(&path).ok_or_else(missing)?;
            return self.parse(text, "").ok_or_else(missing);
        }
        let part = self.shelf.part(&target.name)?;
        let left = &mut self.bytes_left;
        let mut spend = |bytes: usize| left.checked_sub(bytes).map(|rest| *left = rest).is_some();
        let span = self.walked.locate(&target.name, &part.text, &path, &mut spend);
        let span = span.ok_or_else(|| "names a part that is not there".to_owned())?;
        self.parse(span.slice(&part.text), &target.name).ok_or_else(missing)
    }

    /// The object itself, or what its `$ref` leads to in the end.
    pub fn object(&mut self, node: &Value) -> Option<Rc<Value>> {
        let mut seen = HashSet::new();
        let Some(first) = node.get("$ref").and_then(Value::as_str) else { return Some(Rc::new(node.clone())) };
        let mut reference = first.to_owned();
        for _ in 0..MOST_HOPS {
            if !seen.insert(reference.clone()) {
                break;
            }
            let target = self.follow(&reference)?;
            match target.get("$ref").and_then(Value::as_str) {
                None => return Some(target),
                Some(next) => next.clone_into(&mut reference),
            }
        }
        self.note(format!("{} refers to itself", display_str(first)));
        None
    }

    /// A node of the file `name`, its references as they are seen from the folder.
    pub fn parse(&mut self, text: &str, name: &str) -> Option<Value> {
        self.bytes_left = self.bytes_left.saturating_sub(text.len());
        let Ok(mut value) = serde_json::from_str(text) else {
            self.note("a part of it is nested too deeply to be read".to_owned());
            return None;
        };
        let base = if name.is_empty() { self.root } else { name };
        from_folder(&mut value, base, self.root);
        Some(value)
    }

    fn locate(&mut self, path: &[String]) -> Option<&'d str> {
        let text = self.document.text.as_str();
        let (mut at, rest) = match path {
            [a, section, name, rest @ ..] if a == "components" => {
                (self.document.components.get(&format!("{section}/{name}"))?.slice(text), rest)
            }
            [a, name, rest @ ..] if a == "paths" => (self.document.items.get(name)?.slice(text), rest),
            [section, name, rest @ ..] if self.document.components.contains_key(&format!("{section}/{name}")) => {
                (self.document.components.get(&format!("{section}/{name}"))?.slice(text), rest)
            }
            rest => (text, rest),
        };
        for token in rest {
            self.bytes_left = self.bytes_left.checked_sub(at.len())?;
            at = if at.starts_with('[') {
                elements(at).ok()?.get(token.parse::<usize>().ok()?).copied()?
            } else {
                member(at, token)?
            };
        }
        Some(at)
    }

    pub fn note(&mut self, note: String) {
        if self.notes.len() < 20 && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }
}

/// The operation object.
pub(super) fn node(resolver: &mut Resolver<'_>, document: &Document, lite: &OperationLite) -> Value {
    resolver.parse(lite.span.slice(document.sheet(lite.part)), document.name_of(lite.part)).unwrap_or_default()
}

/// The parameters of the path and after them those of the operation, references followed.
pub(super) fn parameters(
    resolver: &mut Resolver<'_>,
    document: &Document,
    lite: &OperationLite,
    node: &Value,
) -> Vec<Rc<Value>> {
    let item = lite.item.slice(document.sheet(lite.item_part));
    let path_level = member(item, "parameters").and_then(|p| resolver.parse(p, document.name_of(lite.item_part)));
    let lists = [path_level.as_ref(), node.get("parameters")];
    let all = lists.into_iter().flatten().filter_map(Value::as_array).flatten().take(MOST_PARAMETERS);
    all.filter_map(|p| resolver.object(p)).collect()
}

/// The request body of an operation, as OpenAPI 3 writes it.
pub(super) fn body(
    resolver: &mut Resolver<'_>,
    document: &Document,
    lite: &OperationLite,
    node: &Value,
) -> Option<Rc<Value>> {
    let declared = parameters(resolver, document, lite, node);
    body_of(resolver, document, node, &declared)
}

fn body_of(
    resolver: &mut Resolver<'_>,
    document: &Document,
    node: &Value,
    parameters: &[Rc<Value>],
) -> Option<Rc<Value>> {
    let own: Option<Vec<String>> = node.get("consumes").and_then(|c| serde_json::from_value(c.clone()).ok());
    match node.get("requestBody") {
        Some(body) => resolver.object(body),
        None => swagger::body(parameters, own.as_ref().unwrap_or(&document.consumes)).map(Rc::new),
    }
}

/// The schema of a parameter; in Swagger 2.0 the parameter is its own.
pub(super) fn shape(parameter: &Value) -> Option<&Value> {
    let media = parameter.get("content").and_then(Value::as_object).and_then(|c| c.values().next());
    let of_media = || media?.get("schema");
    parameter.get("schema").or_else(of_media).or_else(|| parameter.get("type").and(Some(parameter)))
}

pub(super) fn operation(document: &Document, index: usize, files: Option<&dyn Load>) -> Operation {
    let Some(lite) = document.operations.get(index) else { return Operation::default() };
    let mut resolver = Resolver::new(document, files);
    let node = node(&mut resolver, document, lite);
    let mut parameters: Vec<Parameter> = Vec::new();
    let declared = self::parameters(&mut resolver, document, lite, &node);
    for declared in declared.iter().filter(|p| !swagger::is_body(p)) {
        let Some(parameter) = parameter(&mut resolver, declared) else { continue };
        // The operation's own parameter stands for the path's of the same name and place (OpenAPI 3.1.0, section 4.8.10).
        match parameters.iter_mut().find(|p| p.name == parameter.name && p.place == parameter.place) {
            Some(known) => *known = parameter,
            None => parameters.push(parameter),
        }
    }
    if lite.kind == OperationKind::Path {
        undeclared(&lite.path, &mut parameters);
    } else {
        resolver.note(format!("this is a {}: the API calls it, at an address that its reader gives", lite.kind.word()));
    }

    let body = body_of(&mut resolver, document, &node, &declared);
    let example = body.as_deref().and_then(|b| body::example(&mut resolver, b));
    // What cannot be read of a reply is no matter of the request.
    let notes = std::mem::take(&mut resolver.notes);
    resolver.nodes_left = schema::MOST_NODES;
    let shapes = outline::shapes(&mut resolver, body.as_deref(), &node);
    let text = |key: &str| node.get(key).and_then(Value::as_str).filter(|s| !s.trim().is_empty());
    Operation {
        summary: text("summary").or_else(|| text("operationId")).map(display_str),
        servers: lite.servers.iter().map(|s| s.url.clone()).collect(),
        parameters,
        body: example,
        shapes,
        security: lite.security.to_vec(),
        notes,
    }
}

fn parameter(resolver: &mut Resolver<'_>, node: &Value) -> Option<Parameter> {
    let name = node.get("name")?.as_str()?.to_owned();
    let word = node.get("in")?.as_str()?;
    let Some(place) = Place::parse(word) else {
        // `querystring` of OpenAPI 3.2 is the whole query, and has no name in it to fill.
        resolver
            .note(format!("a parameter in {} was left out", display_str(&word.chars().take(40).collect::<String>())));
        return None;
    };
    let required = place == Place::Path || node.get("required").and_then(Value::as_bool).unwrap_or(false);
    let media = node.get("content").and_then(Value::as_object).and_then(|c| c.values().next());
    let given = [Some(node), media].into_iter().flatten().find_map(|n| schema::given_example(resolver, n));
    let empty = Value::Object(serde_json::Map::new());
    let shape = shape(node).unwrap_or(&empty);
    let hint = schema::hint(resolver, &name, shape);
    let example = choose::example(resolver, given, Some(shape), true).unwrap_or(Value::Null);
    Some(Parameter { name, place, required, hint, example: schema::as_text(&example) })
}

/// Adds the `{name}`s of the path that nothing declares: a request needs a value for them all the same.
fn undeclared(path: &str, parameters: &mut Vec<Parameter>) {
    for name in crate::inventory::template::variables(path) {
        if !parameters.iter().any(|p| p.place == Place::Path && p.name == name) {
            parameters.push(Parameter {
                name: name.to_owned(),
                place: Place::Path,
                required: true,
                hint: "not declared by the document".to_owned(),
                example: "1".to_owned(),
            });
        }
    }
}
