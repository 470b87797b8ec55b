//! What was seen and not declared, as an OpenAPI 3.0 document: a start for who has to declare it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use openapiv3::{
    APIKeyLocation, Components, Info, OpenAPI, Operation, Parameter, ParameterData, ParameterSchemaOrContent, PathItem,
    PathStyle, ReferenceOr, Response, Schema, SchemaData, SchemaKind, SecurityRequirement, SecurityScheme, Server,
    StatusCode, StringType, Type, VariantOrUnknownOrEmpty,
};
use serde_json::{Value, json};

use crate::base::text::display_str;
use crate::base::{known, secret};
use crate::inventory::template::Class;
use crate::inventory::{Credentials, Endpoint, Inventory, OperationKind, Seen, State};

/// Name of the one security scheme: that a credential was there is known, of what kind it was is not.
const SCHEME: &str = "seen";
/// Name of a variable where a secret stood.
const SECRET: &str = "secret";
/// What stands at the end of a template that was cut.
const CUT: &str = "/\u{2026}";
/// Longest path that is written, in bytes.
const LONGEST: usize = 8 << 10;

/// A document, and what could not stand in it as it was seen, one sentence each in display form.
#[derive(Debug)]
pub struct Written {
    /// The document, which also lists the problems, as `x-lunette-problems`.
    pub document: Value,
    /// The problems.
    pub problems: Vec<String>,
}

/// A path of the document: every template of one shape is one path there (OpenAPI 3.0.3, section 4.7.8).
struct Path {
    /// As it is written first.
    written: Template,
    operations: BTreeMap<&'static str, Observed>,
}

/// What was seen of one method of one path, by however many endpoints.
#[derive(Default)]
struct Observed {
    hosts: BTreeSet<Option<String>>,
    statuses: BTreeSet<u16>,
    requests: u64,
    times: Option<(String, String)>,
    states: BTreeSet<&'static str>,
    credentials: Option<Credentials>,
}

/// Writes what was seen and not declared: every endpoint in the state shadow or shadow-method, or, where no document was
/// given, every one that was seen.
pub fn document(inv: &Inventory) -> Written {
    let mut problems = Vec::new();
    let mut paths: BTreeMap<String, Path> = BTreeMap::new();
    for endpoint in inv.endpoints.iter().filter(|e| is_undeclared(inv, e)) {
        let told = || format!("{} {}", display_str(&endpoint.method), endpoint.path);
        let Some(method) = METHODS.into_iter().find(|m| m.to_uppercase() == endpoint.method) else {
            problems.push(format!("{}: OpenAPI 3.0 has no place for this method; it was left out", told()));
            continue;
        };
        let template = match Template::of(endpoint) {
            Ok(template) => template,
            Err(why) => {
                problems.push(format!("{}: {why}; it was left out", told()));
                continue;
            }
        };
        let host = match endpoint.host.as_deref().map(|h| server(inv, h)) {
            Some(None) => {
                let host = endpoint.host.as_deref().map(display_str).unwrap_or_default();
                problems.push(format!("{}: {host} is no name of a server; it stands without one", told()));
                None
            }
            known => known.flatten(),
        };
        let path = paths
            .entry(template.shape())
            .or_insert_with(|| Path { written: template.clone(), operations: BTreeMap::new() });
        if path.written.text() != template.text() {
            let known = display_str(&path.written.text());
            problems.push(format!("{}: has the shape of {known}, and stands there", told()));
            path.written.widen(&template);
        }
        path.operations.entry(method).or_default().add(endpoint, host);
    }
    let mut document = serde_json::to_value(openapi(inv, paths)).unwrap_or_default();
    if !problems.is_empty() {
        document["x-lunette-problems"] = json!(problems);
    }
    Written { document, problems }
}

/// Methods that a path item has a place for (OpenAPI 3.0.3, section 4.7.9.1).
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn is_undeclared(inv: &Inventory, e: &Endpoint) -> bool {
    if e.kind != OperationKind::Path {
        return false;
    }
    match e.state {
        Some(State::Shadow | State::ShadowMethod) => true,
        Some(_) => false,
        None => inv.documents.is_empty() && (e.seen.has(Seen::LOG) || e.seen.has(Seen::CAPTURE)),
    }
}

/// The URL of a host: as a document names it, else over TLS; `None` for what is no host.
fn server(inv: &Inventory, host: &str) -> Option<String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    let declared = || inv.documents.iter().flat_map(|d| d.operations()).flat_map(|o| o.servers.iter());
    let url = match declared().find(|s| s.host().as_deref() == Some(host)).and_then(|s| s.origin()) {
        Some(origin) => origin.to_owned(),
        None => format!("https://{host}"),
    };
    let reads = crate::wire::Target::parse(url.as_bytes()).is_ok();
    (host.len() <= 255 && host.chars().all(plain) && reads && !is_secret(host.as_bytes())).then_some(url)
}

/// True for what must not be written down.
fn is_secret(bytes: &[u8]) -> bool {
    !known::find(bytes).is_empty() || !secret::find_tokens(bytes).is_empty()
}

/// A path as pieces: text that is written as it is, and variables.
#[derive(Debug, Clone)]
struct Template {
    pieces: Vec<Piece>,
    /// Names that the look of the values gave, and may be given a schema for; not those that a document gave.
    inferred: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Variable {
        name: String,
        /// What its values look like; nothing, where different templates meet here.
        look: Option<String>,
    },
}

impl Template {
    fn of(endpoint: &Endpoint) -> Result<Self, &'static str> {
        let inferred = endpoint.state != Some(State::ShadowMethod);
        let path = endpoint.path.as_bytes();
        // A declared path may go on with a query, which is no part of the path of a request.
        let end = if inferred { path.len() } else { memchr::memchr2(b'?', b'#', path).unwrap_or(path.len()) };
        let path = &path[..end];
        if path.len() > LONGEST {
            return Err("the path is longer than what is written");
        }
        if !path.starts_with(b"/") {
            return Err("the path begins without a slash");
        }
        if path.ends_with(CUT.as_bytes()) {
            return Err("the path is deeper than what is told apart");
        }
        let mut template = Self { pieces: Vec::new(), inferred };
        for (i, segment) in path.split(|b| *b == b'/').enumerate() {
            if i > 0 {
                template.text_piece("/");
            }
            template.segment(segment);
        }
        Ok(template)
    }

    fn segment(&mut self, segment: &[u8]) {
        if is_secret(segment) {
            self.variable(SECRET);
            return;
        }
        let mut rest = segment;
        while let Some((before, name, after)) = variable(rest) {
            self.text_piece(&escaped(before));
            self.variable(name);
            rest = after;
        }
        self.text_piece(&escaped(rest));
    }

    fn text_piece(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(Piece::Text(last)) => last.push_str(text),
            _ if text.is_empty() => {}
            _ => self.pieces.push(Piece::Text(text.to_owned())),
        }
    }

    /// Every name stands once in a path.
    fn variable(&mut self, name: &str) {
        let taken = |n: &str| self.names().any(|known| known == n);
        let own =
            (1u32..=u32::MAX).map(|i| if i == 1 { name.to_owned() } else { format!("{name}{i}") }).find(|n| !taken(n));
        let look = self.inferred.then(|| name.trim_end_matches(|c: char| c.is_ascii_digit()).to_owned());
        self.pieces.push(Piece::Variable { name: own.unwrap_or_default(), look });
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|p| match p {
            Piece::Variable { name, .. } => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    fn text(&self) -> String {
        self.pieces
            .iter()
            .map(|p| match p {
                Piece::Text(text) => text.clone(),
                Piece::Variable { name, .. } => format!("{{{name}}}"),
            })
            .collect()
    }

    /// What two templates have in common that no request tells apart.
    fn shape(&self) -> String {
        self.pieces
            .iter()
            .map(|p| match p {
                Piece::Text(text) => text,
                Piece::Variable { .. } => "{}",
            })
            .collect()
    }

    /// Takes another template of the same shape in.
    fn widen(&mut self, other: &Self) {
        for (mine, theirs) in self.pieces.iter_mut().zip(&other.pieces) {
            if let (Piece::Variable { look, .. }, Piece::Variable { look: other, .. }) = (mine, theirs)
                && look != other
            {
                *look = None;
            }
        }
    }
}

/// What stands before the first `{name}`, the name, and what follows. A name is UTF-8, or it is none.
fn variable(text: &[u8]) -> Option<(&[u8], &str, &[u8])> {
    let mut from = 0;
    while let Some(open) = memchr::memchr(b'{', &text[from..]).map(|i| from + i) {
        let end = memchr::memchr2(b'{', b'}', &text[open + 1..]).map(|i| open + 1 + i)?;
        if let (b'}', Ok(name)) = (text[end], std::str::from_utf8(&text[open + 1..end]))
            && !name.is_empty()
        {
            return Some((&text[..open], name, &text[end + 1..]));
        }
        from = open + 1;
    }
    None
}

/// Bytes of a path, percent-encoded but for those that a path may hold (RFC 3986, section 3.3); `%2F`, which was never
/// decoded, stays.
fn escaped(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for (i, &b) in bytes.iter().enumerate() {
        let slash = b == b'%' && bytes[i + 1..].get(..2).is_some_and(|s| s.eq_ignore_ascii_case(b"2f"));
        if slash || b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
    }
    out
}

impl Observed {
    fn add(&mut self, e: &Endpoint, host: Option<String>) {
        self.hosts.insert(host);
        self.statuses.extend(e.statuses.keys());
        self.requests = self.requests.saturating_add(e.requests);
        if let (Some(first), Some(last)) = (e.first_seen, e.last_seen) {
            let (first, last) = (first.to_string(), last.to_string());
            self.times = Some(match self.times.take() {
                Some((a, b)) => (a.min(first), b.max(last)),
                None => (first, last),
            });
        }
        self.states.extend(e.state.map(State::word));
        if let Some(more) = e.credentials {
            let known = self.credentials.get_or_insert(Credentials { sent: 0, none: 0 });
            known.sent += more.sent;
            known.none += more.none;
        }
    }
}

fn openapi(inv: &Inventory, paths: BTreeMap<String, Path>) -> OpenAPI {
    let mut all = paths.values().flat_map(|p| p.operations.values());
    // Where all stand at the same servers, they are said once.
    let common = all.next().map(|o| o.hosts.clone()).filter(|first| all.all(|o| o.hosts == *first));
    let carries = |o: &Observed| o.credentials.is_some_and(|c| c.sent > 0);
    let scheme = paths.values().flat_map(|p| p.operations.values()).any(carries);
    let mut out = OpenAPI {
        openapi: "3.0.3".to_owned(),
        info: Info {
            title: if inv.documents.is_empty() { "Endpoints seen" } else { "Endpoints seen and not declared" }
                .to_owned(),
            description: Some("Written by lunette from traffic: a start, and no contract.".to_owned()),
            version: "1".to_owned(),
            ..Info::default()
        },
        servers: common.as_ref().map(servers).unwrap_or_default(),
        components: scheme.then(components),
        ..OpenAPI::default()
    };
    for path in paths.into_values() {
        let mut item = PathItem { parameters: parameters(&path.written), ..PathItem::default() };
        for (method, seen) in path.operations {
            let own = if common.is_none() { servers(&seen.hosts) } else { Vec::new() };
            let place = match method {
                "get" => &mut item.get,
                "put" => &mut item.put,
                "post" => &mut item.post,
                "delete" => &mut item.delete,
                "options" => &mut item.options,
                "head" => &mut item.head,
                "patch" => &mut item.patch,
                _ => &mut item.trace,
            };
            *place = Some(operation(&seen, own));
        }
        out.paths.paths.insert(path.written.text(), ReferenceOr::Item(item));
    }
    out
}

fn servers(hosts: &BTreeSet<Option<String>>) -> Vec<Server> {
    // Nothing is said where no source names a host: that is the server of the document itself.
    if hosts.iter().all(Option::is_none) {
        return Vec::new();
    }
    let url =
        |host: &Option<String>| Server { url: host.clone().unwrap_or_else(|| "/".to_owned()), ..Server::default() };
    hosts.iter().map(url).collect()
}

#[expect(clippy::default_trait_access, reason = "the type of the map is the library's own")]
fn components() -> Components {
    let seen = SecurityScheme::APIKey {
        location: APIKeyLocation::Header,
        name: "Authorization".to_owned(),
        description: Some("Calls carried a credential; of what kind it was the sources do not say.".to_owned()),
        extensions: Default::default(),
    };
    let mut components = Components::default();
    components.security_schemes.insert(SCHEME.to_owned(), ReferenceOr::Item(seen));
    components
}

fn operation(seen: &Observed, servers: Vec<Server>) -> Operation {
    let mut operation = Operation { servers, ..Operation::default() };
    // A status of no class has no place.
    for status in seen.statuses.iter().filter(|s| (100..=599).contains(*s)) {
        let response = Response { description: "seen".to_owned(), ..Response::default() };
        operation.responses.responses.insert(StatusCode::Code(*status), ReferenceOr::Item(response));
    }
    if operation.responses.responses.is_empty() {
        let response = Response { description: "no answer was seen".to_owned(), ..Response::default() };
        operation.responses.default = Some(ReferenceOr::Item(response));
    }
    operation.security = seen.credentials.map(|c| {
        let with = SecurityRequirement::from_iter([(SCHEME.to_owned(), Vec::new())]);
        match (c.sent > 0, c.none > 0) {
            (true, false) => vec![with],
            (true, true) => vec![with, SecurityRequirement::default()],
            (false, _) => Vec::new(),
        }
    });
    let extensions = &mut operation.extensions;
    extensions.insert("x-lunette-requests".to_owned(), json!(seen.requests));
    if let Some((first, last)) = &seen.times {
        extensions.insert("x-lunette-first-seen".to_owned(), json!(first));
        extensions.insert("x-lunette-last-seen".to_owned(), json!(last));
    }
    if !seen.states.is_empty() {
        extensions.insert("x-lunette-state".to_owned(), json!(seen.states.iter().collect::<Vec<_>>()));
    }
    operation
}

#[expect(clippy::default_trait_access, reason = "the type of the map is the library's own")]
fn parameters(template: &Template) -> Vec<ReferenceOr<Parameter>> {
    let one = |piece: &Piece| {
        let Piece::Variable { name, look } = piece else { return None };
        let data = ParameterData {
            name: name.clone(),
            description: None,
            required: true,
            deprecated: None,
            format: ParameterSchemaOrContent::Schema(ReferenceOr::Item(schema(look.as_deref()))),
            example: look.as_deref().map(|look| json!(Class::example(look))),
            examples: Default::default(),
            explode: None,
            extensions: Default::default(),
        };
        Some(ReferenceOr::Item(Parameter::Path { parameter_data: data, style: PathStyle::default() }))
    };
    template.pieces.iter().filter_map(one).collect()
}

/// What most values of a variable look like. `format` is a hint in OpenAPI 3.0 and binds nobody, which a pattern would: values
/// of another look may have been folded in.
fn schema(look: Option<&str>) -> Schema {
    let known = look.filter(|l| ["uuid", "email", "date"].contains(l));
    let format = known.map_or(VariantOrUnknownOrEmpty::Empty, |f| VariantOrUnknownOrEmpty::Unknown(f.to_owned()));
    let kind = Type::String(StringType { format, ..StringType::default() });
    Schema { schema_data: SchemaData::default(), schema_kind: SchemaKind::Type(kind) }
}
