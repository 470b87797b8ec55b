//! OpenAPI documents: a first pass that reads only what the list needs, and schemas resolved when an endpoint is opened.

/// One loaded specification. Its text is kept, so that an operation can be resolved when it is opened.
#[derive(Debug)]
pub struct Document {
    /// Name of the source as the user gave it.
    pub source: std::sync::Arc<str>,
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
}

/// One parameter of an operation, resolved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Name as declared.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// Whether the document requires it.
    pub required: bool,
    /// What the schema says of it in one line: `integer, 1 ≤ id`, `enum items|customer`.
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

/// One operation, resolved for the composer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Operation {
    /// Summary or operationId.
    pub summary: Option<String>,
    /// Absolute or relative server URLs that apply, first choice first.
    pub servers: Vec<String>,
    /// Parameters in declared order, path-level ones included.
    pub parameters: Vec<Parameter>,
    /// A body that satisfies the schema, when the operation takes one.
    pub body: Option<BodyExample>,
    /// Security schemes in words, for example `bearer (JWT)`.
    pub security: Vec<String>,
}
