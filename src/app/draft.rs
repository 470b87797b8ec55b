//! A request as it stands in the composer, and how it becomes bytes.

use std::path::Path;

use serde_json::Value;

use super::variables::Filler;
use crate::base::text::{display, display_str};
use crate::base::{Error, Result, known};
use crate::wire::{Load, Request};

/// Bytes of a file that is sent.
const MOST_FILE: u64 = 256 << 20;
/// Parts the parts of a multipart body, unless the Content-Type that is typed names another.
pub const BOUNDARY: &str = "lunette-form-boundary";

/// A request as it stands in the composer: text that becomes bytes unchanged, but for `{{name}}`, where a value is put in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Method, free text.
    pub method: String,
    /// Absolute URL with every parameter filled in.
    pub url: String,
    /// Headers in order.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Content,
    /// The whole request as bytes, in place of method, target, headers and body.
    pub raw: Option<Vec<u8>>,
    /// Braces stand for themselves.
    pub as_is: bool,
    /// Go on when the certificate is not trusted.
    pub insecure: bool,
    /// The cookies of the jar go with it: it follows a redirect.
    pub cookies: bool,
    /// Name of the identity to send as; anonymous when `None`.
    pub identity: Option<String>,
    /// Name of the environment that gives variables their values.
    pub environment: Option<String>,
    /// What stands there as the specification gave it: `URL`, `header Accept`, `body`.
    pub declared: Vec<String>,
}

impl Draft {
    /// A request that was made before, as it is typed: braces in it are no variables. Bytes that are no text stand there as
    /// U+FFFD, and it is said whether there are any.
    pub fn of(request: &Request) -> (Self, bool) {
        let parts =
            [&request.method, &request.target].into_iter().chain(request.headers.iter().flat_map(|(n, v)| [n, v]));
        let lossy = parts.map(Vec::as_slice).chain([request.body.as_ref()]).any(|b| std::str::from_utf8(b).is_err());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let draft = Self {
            method: text(&request.method),
            url: format!("{}{}", request.origin, text(&request.target)),
            headers: request.headers.iter().map(|(n, v)| (text(n), text(v))).collect(),
            body: Content::Text(text(&request.body)),
            as_is: true,
            identity: request.identity.clone(),
            ..Self::default()
        };
        (draft, lossy)
    }

    /// True when files or secrets may be read for it.
    pub fn reads(&self) -> bool {
        let holds = |text: &str| text.contains("{{");
        let text = holds(&self.url)
            || holds(self.body.text())
            || self.raw.is_some()
            || matches!(self.body, Content::Graphql { .. } | Content::Multipart(_))
            || self.headers.iter().any(|(n, v)| holds(n) || holds(v));
        self.body.reads() || (text && !self.as_is)
    }
}

/// A body as it is typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Text.
    Text(String),
    /// The bytes of a file, read when it is sent.
    File(String),
    /// Fields and files of `multipart/form-data` (RFC 7578): name, and value or `@path`.
    Multipart(Vec<(String, String)>),
    /// A GraphQL request: the document, and its variables as JSON.
    Graphql {
        /// The document.
        query: String,
        /// A JSON object, or nothing.
        variables: String,
    },
}

impl Default for Content {
    fn default() -> Self {
        Self::Text(String::new())
    }
}

impl Content {
    /// The text, where it is text.
    pub fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            _ => "",
        }
    }

    /// True when files are read for it.
    pub fn reads(&self) -> bool {
        match self {
            Self::File(_) => true,
            Self::Multipart(parts) => parts.iter().any(|(_, value)| value.starts_with('@')),
            Self::Text(_) | Self::Graphql { .. } => false,
        }
    }
}

/// Turns what is typed into a request, byte for byte. Line breaks in a header are an error here, where they can still be
/// mended, and so is a variable that has no value and a file that is not there.
///
/// # Errors
/// A URL without a host, an empty method, a header with a line break; as [`Filler::put`], and as [`Load::exact`].
pub fn prepare(draft: &Draft, filler: &mut Filler<'_>, files: &dyn Load) -> Result<Request> {
    if draft.method.is_empty() {
        return Err(Error::input("there is no method").at("method").hint("type GET, POST or any other"));
    }
    let url = filler.put("URL", draft.url.as_bytes())?;
    let mut request = Request::new(&draft.method, &url)?;
    if let Some(raw) = &draft.raw {
        let raw = filler.put("raw request", raw)?;
        let identity = draft.identity.clone();
        return Ok(Request { identity, ..Request::whole(request.origin, raw.into()) });
    }
    for (name, value) in &draft.headers {
        let shown = display_str(name);
        let place = format!("header {shown}");
        if name.contains(['\r', '\n']) || value.contains(['\r', '\n']) {
            return Err(Error::input("a header holds a line break")
                .at(place)
                .hint("take it out, or write the request raw: R"));
        }
        let (name, value) = (filler.put(&place, name.as_bytes())?, filler.put(&place, value.as_bytes())?);
        if value.iter().chain(&name).any(|b| matches!(b, b'\r' | b'\n')) {
            return Err(Error::input("with its variables a header holds a line break")
                .at(place)
                .hint("look at what the variable holds"));
        }
        known::learn_header(&name, &value);
        request.headers.push((name, value));
    }
    request.body = body(draft, &request, filler, files)?.into();
    request.identity.clone_from(&draft.identity);
    Ok(request)
}

fn body(draft: &Draft, request: &Request, filler: &mut Filler<'_>, files: &dyn Load) -> Result<Vec<u8>> {
    match &draft.body {
        Content::Text(text) => filler.put("body", text.as_bytes()),
        Content::File(path) => {
            let path = String::from_utf8_lossy(&filler.put("body", path.trim().as_bytes())?).into_owned();
            file(files, &path, "body")
        }
        Content::Multipart(parts) => {
            let boundary =
                request.get("content-type").and_then(boundary).unwrap_or_else(|| BOUNDARY.as_bytes().to_vec());
            multipart(parts, &boundary, filler, files)
        }
        Content::Graphql { query, variables } => {
            let query = String::from_utf8_lossy(&filler.put("GraphQL query", query.as_bytes())?).into_owned();
            let given = filler.put("GraphQL variables", variables.as_bytes())?;
            graphql(&query, &String::from_utf8_lossy(&given))
        }
    }
}

/// The JSON of a GraphQL request (GraphQL over HTTP, section 5.4.1). The variables stand in it as they were typed.
pub(super) fn graphql(query: &str, variables: &str) -> Result<Vec<u8>> {
    let mut out = format!("{{\"query\":{}", Value::from(query));
    if !variables.trim().is_empty() {
        serde_json::from_str::<serde_json::Map<String, Value>>(variables).map_err(|e| {
            Error::input(format!("this is no JSON object: {}", display_str(&e.to_string())))
                .at("GraphQL variables")
                .hint("write {\"name\": value}, or nothing")
        })?;
        out.push_str(",\"variables\":");
        out.push_str(variables.trim());
    }
    out.push('}');
    Ok(out.into_bytes())
}

fn file(files: &dyn Load, path: &str, place: &str) -> Result<Vec<u8>> {
    if path.is_empty() {
        return Err(Error::input("no file is named").at(place).hint("type its path"));
    }
    files.exact(Path::new(path), MOST_FILE).map_err(|e| {
        let what = e.place.as_ref().map_or_else(|| e.what.clone(), |file| format!("{file}: {}", e.what));
        Error { what, ..e }.at(place.to_owned())
    })
}

/// The parameter `boundary` of a media type (RFC 2046 section 5.1.1).
fn boundary(media_type: &[u8]) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(media_type).ok()?;
    let value = text.split(';').skip(1).find_map(|p| {
        let (name, value) = p.split_once('=')?;
        name.trim().eq_ignore_ascii_case("boundary").then_some(value)
    })?;
    Some(value.trim().trim_matches('"').as_bytes().to_vec()).filter(|b| !b.is_empty())
}

fn multipart(
    parts: &[(String, String)],
    boundary: &[u8],
    filler: &mut Filler<'_>,
    files: &dyn Load,
) -> Result<Vec<u8>> {
    let mut out = Vec::new();
    // RFC 7578 section 2 and the form submission of HTML escape these three.
    let quoted = |s: &str| s.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    for (name, value) in parts {
        let place = format!("part {}", display_str(name));
        out.extend([b"--", boundary, b"\r\nContent-Disposition: form-data; name=\""].concat());
        out.extend(filler.put(&place, quoted(name).as_bytes())?);
        out.push(b'"');
        if let Some(path) = value.strip_prefix('@') {
            let path = String::from_utf8_lossy(&filler.put(&place, path.as_bytes())?).into_owned();
            let named = Path::new(&path).file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
            out.extend(format!("; filename=\"{}\"\r\nContent-Type: application/octet-stream", quoted(&named)).bytes());
            out.extend(b"\r\n\r\n");
            out.extend(file(files, &path, &place)?);
        } else {
            out.extend(b"\r\n\r\n");
            out.extend(filler.put(&place, value.as_bytes())?);
        }
        out.extend(b"\r\n");
    }
    out.extend([b"--", boundary, b"--\r\n"].concat());
    Ok(out)
}

/// Fields of a multipart body as [`prepare`] writes it: name and value. `None` for one that is written otherwise.
pub fn fields(text: &str) -> Option<Vec<(String, String)>> {
    let text = text.replace("\r\n", "\n");
    let first = text.lines().next().filter(|l| l.len() > 2 && l.starts_with("--"))?.to_owned();
    let mut out = Vec::new();
    for part in text.split(&format!("{first}\n")).skip(1) {
        let (head, value) = part.split_once("\n\n")?;
        let name = head.split_once("name=\"")?.1.split('"').next()?;
        let value = value.split(&format!("\n{first}--")).next()?;
        out.push((name.to_owned(), value.strip_suffix('\n').unwrap_or(value).to_owned()));
    }
    Some(out)
}

/// Where a request goes and what it asks for, in display form with what is secret masked.
pub fn subject(request: &Request) -> String {
    let target = crate::base::secret::mask_target(&request.target);
    format!("{} {}{}", display(&request.method), request.origin, display(&target[..target.len().min(200)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::variables::Variables;
    use crate::files::{Disk, Scratch};

    fn made(draft: &Draft) -> Result<Request> {
        let variables = Variables::default();
        variables.capture("id", b"a\"b".to_vec());
        let mut filler = variables.filler(None, draft.as_is)?;
        prepare(draft, &mut filler, &Disk)
    }

    fn draft(body: Content) -> Draft {
        Draft { method: "POST".into(), url: "http://h/{{id}}".into(), body, ..Draft::default() }
    }

    #[test]
    fn a_graphql_request_is_json_whatever_stands_in_the_query() {
        let body = Content::Graphql { query: "{ a(x: \"1\") }\n".into(), variables: " {\"n\":  1.50} ".into() };
        let request = made(&draft(body)).expect("made");
        assert_eq!(request.body, &br#"{"query":"{ a(x: \"1\") }\n","variables":{"n":  1.50}}"#[..]);
        assert_eq!(request.target, b"/a\"b");
        let wrong = Content::Graphql { query: String::new(), variables: "[1]".into() };
        assert!(made(&draft(wrong)).expect_err("no object").to_string().starts_with("GraphQL variables: "));
    }

    #[test]
    fn parts_carry_fields_and_files_under_the_boundary_that_is_typed() {
        let file = Scratch::write("p\"1.bin", b"\x1f\x8b\0raw").expect("a file");
        let parts = vec![("a".into(), "1 {{id}}".into()), ("f".into(), format!("@{}", file.path().display()))];
        let typed = vec![("content-type".into(), "multipart/form-data; boundary=\"x y\"".into())];
        let request = made(&Draft { headers: typed, ..draft(Content::Multipart(parts)) }).expect("made");
        let body = request.body.as_ref();
        assert!(body.starts_with(b"--x y\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1 a\"b\r\n--x y\r\n"));
        assert!(body.ends_with(b"\x1f\x8b\0raw\r\n--x y--\r\n"), "what looks packed is sent as it is");
        assert!(memchr::memmem::find(body, b"filename=\"p%221.bin\"").is_some());
    }

    #[test]
    fn what_is_not_there_is_said_with_its_place() {
        let says = |d: &Draft| made(d).expect_err("wrong").to_string();
        assert!(says(&draft(Content::File("/no/such/file".into()))).starts_with("body: /no/such/file: there is no"));
        let header = |v: &str| Draft { headers: vec![("X-A".into(), v.into())], ..draft(Content::default()) };
        assert!(says(&header("1\r\nX-B: 2")).starts_with("header X-A: a header holds a line break"));
        assert!(says(&header("{{ID}}")).starts_with("header X-A: nothing gives a value to ID; did you mean id?"));
        assert!(made(&Draft { as_is: true, ..header("{{7*7}}") }).is_ok_and(|r| r.headers[0].1 == b"{{7*7}}"));
        let raw = Draft { raw: Some(b"GET / HTTP/1.1\r\n\r\n".to_vec()), ..draft(Content::default()) };
        let whole = made(&raw).expect("bytes that are given whole are sent as they are");
        assert_eq!((whole.raw.as_deref(), whole.target.as_slice()), (raw.raw.as_deref(), &b"/"[..]));
    }

    #[test]
    fn fields_of_a_declared_body_are_read_back() {
        let text = "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\n2\r\n--b\r\nContent-Disposition: form-data; name=\"b\"\r\n\r\n\r\n--b--\r\n";
        assert_eq!(fields(text), Some(vec![("a".into(), "1\n2".into()), ("b".into(), String::new())]));
        assert_eq!(fields("{}"), None);
    }
}
