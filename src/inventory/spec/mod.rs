//! OpenAPI documents: a first pass that reads only what the list needs, and schemas resolved when an endpoint is opened.
//!
//! OpenAPI 3.0, 3.1 and 3.2 and Swagger 2.0, JSON and YAML. An odd node costs that node and becomes a [`Problem`]; it never costs the document.

use std::collections::HashMap;
use std::sync::Arc;

use crate::base::Result;
use crate::wire::Load;

use super::model::Problem;

mod beyond;
mod body;
mod choose;
mod format;
mod identify;
mod judge;
mod levels;
mod outline;
mod part;
mod paths;
mod pattern;
mod read;
mod resolve;
mod schema;
mod security;
mod server;
mod swagger;
#[cfg(test)]
mod tests;
mod text;
mod validate;
mod yaml;

pub use judge::{Judgement, Reply};
pub use part::Home;
use part::Part;
pub use server::Server;
use text::Span;
pub use validate::{Mismatch, Side};

/// One loaded specification. Its text is kept, so that an operation can be resolved when it is opened.
pub struct Document {
    /// Name of the source as the user gave it.
    pub source: Arc<str>,
    /// Value of `openapi` or `swagger` as written, for example `3.0.3`.
    pub version: String,
    /// The document as JSON text; YAML is turned into JSON once.
    text: String,
    operations: Vec<OperationLite>,
    /// Where every path item stands, by its key.
    items: HashMap<String, Span>,
    /// Where every component stands, by `section/name`.
    components: HashMap<String, Span>,
    /// Media types of bodies where an operation names none (Swagger 2.0).
    consumes: Vec<String>,
    /// The same of replies.
    produces: Vec<String>,
    /// Where it stands, when other files of its folder may be read.
    home: Option<Home>,
    /// Other files that declare operations of it.
    parts: Vec<Arc<Part>>,
}

/// What an operation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum OperationKind {
    /// What the API answers at a path.
    #[default]
    Path,
    /// What the API itself calls when something happens, at an address agreed on elsewhere.
    Webhook,
    /// What the API itself calls after a request, at an address taken from it.
    Callback,
}

impl OperationKind {
    /// The word in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "endpoint",
            Self::Webhook => "webhook",
            Self::Callback => "callback",
        }
    }
}

/// What the endpoint list needs of one operation.
#[derive(Debug, Clone)]
pub struct OperationLite {
    /// What it is.
    pub kind: OperationKind,
    /// Method in upper case; an additional one (OpenAPI 3.2) as it is written.
    pub method: String,
    /// Path as declared, without any server's base path; of a webhook its name, of a callback its expression.
    pub path: Arc<str>,
    /// `operationId`, as written.
    pub id: Option<String>,
    /// JSON pointer of the operation.
    pub pointer: String,
    /// Line from 1 in the source, when known.
    pub line: Option<u64>,
    /// Declared deprecated.
    pub deprecated: bool,
    /// `x-sunset`, as written.
    pub sunset: Option<String>,
    /// Security in words, the document's own where the operation has none; `none` where explicitly open, empty where
    /// nothing is said.
    pub security: Arc<[String]>,
    /// Servers that apply: the operation's, else the path's, else the document's. Never empty.
    pub servers: Arc<[Server]>,
    /// The file it stands in, in the words in which the user named the document.
    pub source: Arc<str>,
    /// Number of the file that holds the operation object: 0 is the document.
    part: u32,
    /// The operation object.
    span: Span,
    /// The same for the path item that holds it.
    item_part: u32,
    item: Span,
}

/// Names the document and never its text, which may be many megabytes.
impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let operations = self.operations.len();
        f.debug_struct("Document")
            .field("source", &self.source)
            .field("operations", &operations)
            .finish_non_exhaustive()
    }
}

impl Document {
    /// Reads a document. JSON or YAML is told by content, never by name.
    ///
    /// # Errors
    /// Malformed text with line and column; a document of another kind (`AsyncAPI`, HAR, Postman, any other), named.
    pub fn read(source: Arc<str>, bytes: Vec<u8>) -> Result<(Self, Vec<Problem>)> {
        read::read(source, bytes, None)
    }

    /// The same with the other files of its folder at hand, which it may refer to.
    ///
    /// # Errors
    /// As [`Document::read`]; another file that cannot be read is a [`Problem`].
    pub fn read_at(source: Arc<str>, bytes: Vec<u8>, files: &dyn Load, home: Home) -> Result<(Self, Vec<Problem>)> {
        read::read(source, bytes, Some((files, home)))
    }

    /// Names below its folder of the other files that declare operations of it.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().map(|p| p.name.as_str())
    }

    /// The text of a file by its number.
    fn sheet(&self, part: u32) -> &str {
        match part.checked_sub(1) {
            None => &self.text,
            Some(i) => self.parts.get(i as usize).map_or("", |p| &p.text),
        }
    }

    /// The name below the folder of a file by its number; empty for the document itself.
    fn name_of(&self, part: u32) -> &str {
        part.checked_sub(1).and_then(|i| self.parts.get(i as usize)).map_or("", |p| &p.name)
    }

    /// Every operation, in document order: those of paths with their callbacks, then those of webhooks.
    pub fn operations(&self) -> &[OperationLite] {
        &self.operations
    }

    /// Resolves one operation: parameters, body example, servers and security. An index beyond the end gives an empty one.
    /// `files` reads what it refers to in other files.
    pub fn operation(&self, index: usize, files: Option<&dyn Load>) -> Operation {
        resolve::operation(self, index, files)
    }

    /// Bytes of JSON text held.
    pub fn text_len(&self) -> usize {
        self.text.len()
    }
}

/// Where a parameter stands in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// A `{name}` in the path.
    Path,
    /// The query string.
    Query,
    /// A header.
    Header,
    /// A cookie.
    Cookie,
}

impl Place {
    /// The word in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Query => "query",
            Self::Header => "header",
            Self::Cookie => "cookie",
        }
    }

    /// The place called `word` in a document.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Path, Self::Query, Self::Header, Self::Cookie].into_iter().find(|p| p.word() == word)
    }
}

/// One parameter of an operation, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name as declared: text from outside, to be shown in display form only.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether the document requires it.
    pub required: bool,
    /// What the schema says of it in one line: `integer, 1 ≤ id`, `enum items|customer`. In display form.
    pub hint: String,
    /// A value that satisfies the schema, not yet percent-encoded.
    pub example: String,
}

/// A request body made from the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyExample {
    /// Media type as declared.
    pub media_type: String,
    /// The body as text.
    pub text: String,
}

/// A body as the document declares it, unfolded within bounds. All of it in display form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shape {
    /// `takes application/json`, `gives 200 application/json`.
    pub title: String,
    /// Its schema from the top down; none where nothing is declared.
    pub lines: Vec<ShapeLine>,
}

/// One line of a schema.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShapeLine {
    /// How deep it stands, from 0.
    pub depth: usize,
    /// The name of the member; empty at the top.
    pub name: String,
    /// Whether the document requires it.
    pub required: bool,
    /// What its schema says in one line.
    pub what: String,
}

/// One operation, resolved for the composer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operation {
    /// Summary or operationId, in display form.
    pub summary: Option<String>,
    /// Absolute or relative server URLs that apply, first choice first.
    pub servers: Vec<String>,
    /// Parameters in declared order, path-level ones included.
    pub parameters: Vec<Parameter>,
    /// A body that satisfies the schema, when the operation takes one.
    pub body: Option<BodyExample>,
    /// What it takes and what it gives, by status.
    pub shapes: Vec<Shape>,
    /// Security schemes in words, for example `bearer (JWT)`. In display form.
    pub security: Vec<String>,
    /// What could not be read of it, one sentence each, in display form.
    pub notes: Vec<String>,
}
