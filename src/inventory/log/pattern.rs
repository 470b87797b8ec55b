//! A line of nginx's `log_format` as the user pastes it: text, and variables between.

use super::Line;
use super::part::{Unit, address, micros, request_line, request_of, said, size, status, time, without_port};
use crate::base::{Error, Result, Stamp, text::display_str};
use crate::inventory::drift::{parse_deprecation, parse_sunset};

/// Pieces of one pattern.
const MOST_PIECES: usize = 200;

/// A variable that means something here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    Request,
    Method,
    Uri,
    Path,
    Args,
    Status,
    Time,
    Took,
    Host,
    User,
    Authorization,
    Client,
    Size,
    Deprecation,
    Sunset,
    Other,
}

const VARIABLES: [(&str, Variable); 22] = [
    ("request", Variable::Request),
    ("request_method", Variable::Method),
    ("request_uri", Variable::Uri),
    ("uri", Variable::Path),
    ("document_uri", Variable::Path),
    ("args", Variable::Args),
    ("query_string", Variable::Args),
    ("status", Variable::Status),
    ("time_local", Variable::Time),
    ("time_iso8601", Variable::Time),
    ("msec", Variable::Time),
    ("request_time", Variable::Took),
    ("host", Variable::Host),
    ("http_host", Variable::Host),
    ("server_name", Variable::Host),
    ("remote_user", Variable::User),
    ("http_authorization", Variable::Authorization),
    ("remote_addr", Variable::Client),
    ("body_bytes_sent", Variable::Size),
    ("bytes_sent", Variable::Size),
    ("sent_http_deprecation", Variable::Deprecation),
    ("sent_http_sunset", Variable::Sunset),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Variable(Variable),
}

/// Reads lines by a pattern.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    target: Vec<u8>,
}

impl Pattern {
    /// The pattern itself, or the whole directive with its name and quotes.
    ///
    /// # Errors
    /// A pattern that names no status or no request, or two variables with nothing between.
    pub fn parse(text: &str) -> Result<Self> {
        let fail = |what: &str| {
            Error::input(what.to_owned())
                .at("--log-format")
                .hint("paste what stands in the nginx configuration, for example '$remote_addr [$time_local] \"$request\" $status'")
        };
        // The raw target put together again.
        let pieces = cut(&body(text).replace("$uri$is_args$args", "$request_uri"));
        if pieces.len() > MOST_PIECES {
            return Err(fail("the pattern is too long"));
        }
        let has = |v: Variable| pieces.contains(&Piece::Variable(v));
        if !has(Variable::Status) {
            return Err(fail("the pattern has no $status"));
        }
        if !has(Variable::Request) && !(has(Variable::Method) && (has(Variable::Uri) || has(Variable::Path))) {
            return Err(fail("the pattern has neither $request nor $request_method with $request_uri"));
        }
        if let Some(pair) = pieces.windows(2).find(|w| w.iter().all(|p| matches!(p, Piece::Variable(_)))) {
            return Err(fail(&format!(
                "two variables stand with nothing between: {}",
                display_str(&format!("{pair:?}"))
            )));
        }
        Ok(Self { pieces, target: Vec::new() })
    }

    /// One line without its newline; `None` when it is of another shape.
    pub fn read<'a>(&'a mut self, line: &'a [u8]) -> Option<Line<'a>> {
        let Self { pieces, target } = self;
        let mut values: [Option<&[u8]>; 16] = [None; 16];
        let mut rest = line;
        for (i, piece) in pieces.iter().enumerate() {
            match piece {
                Piece::Text(text) => rest = rest.strip_prefix(text.as_slice())?,
                Piece::Variable(variable) => {
                    let end = end(rest, &pieces[i + 1..])?;
                    // Of several of a kind, such as two hosts, the first that says something counts.
                    let value = &mut values[*variable as usize];
                    *value = value.or_else(|| said(&rest[..end]));
                    rest = &rest[end..];
                }
            }
        }
        if !rest.is_empty() {
            return None;
        }
        let value = |v: Variable| values[v as usize];
        let status = status(value(Variable::Status)?)?;
        let request = match (value(Variable::Request), value(Variable::Method)) {
            (Some(request), _) => request_line(request),
            (None, Some(method)) => {
                target.clear();
                target.extend_from_slice(value(Variable::Uri).or(value(Variable::Path)).unwrap_or_default());
                if let Some(args) = value(Variable::Args).filter(|_| value(Variable::Uri).is_none()) {
                    target.push(b'?');
                    target.extend_from_slice(args);
                }
                request_of(method, target)
            }
            (None, None) => None,
        };
        // `-` for a user says nothing of other credentials; for the header itself it says there was none.
        let records = pieces.contains(&Piece::Variable(Variable::Authorization));
        let sent = value(Variable::Authorization).is_some() || value(Variable::User).is_some();
        Some(Line {
            time: value(Variable::Time).and_then(time),
            status,
            host: value(Variable::Host).map(without_port),
            request,
            micros: value(Variable::Took).and_then(|v| micros(v, Unit::Seconds)),
            size: value(Variable::Size).and_then(size),
            client: value(Variable::User).or_else(|| value(Variable::Client).map(address)),
            deprecation: value(Variable::Deprecation).map(String::from_utf8_lossy).and_then(|s| parse_deprecation(&s)),
            sunset: value(Variable::Sunset)
                .map(String::from_utf8_lossy)
                .and_then(|s| parse_sunset(&s))
                .map(Stamp::unix),
            credential: if sent { Some(true) } else { records.then_some(false) },
            ..Line::default()
        })
    }
}

/// Where the value that starts here ends: at the text that follows, and after that text a status must fit where one comes.
fn end(rest: &[u8], next: &[Piece]) -> Option<usize> {
    let Some(Piece::Text(text)) = next.first() else { return Some(rest.len()) };
    if next.len() == 1 {
        return rest.ends_with(text).then(|| rest.len() - text.len());
    }
    let status_next = next.get(1) == Some(&Piece::Variable(Variable::Status));
    let fits = |at: &usize| {
        !status_next || rest.get(at + text.len()..at + text.len() + 3).is_some_and(|s| status(s).is_some())
    };
    memchr::memmem::find_iter(rest, text).find(fits)
}

/// The pattern of a directive: without `log_format NAME`, `escape=…`, the quotes and the semicolon.
fn body(text: &str) -> String {
    let text = text.trim().trim_end_matches(';').trim_end();
    let directive = text.strip_prefix("log_format").map(str::trim_start);
    let quoted = directive.and_then(|d| Some(&d[d.find(['\'', '"'])?..])).unwrap_or(text);
    let Some(quote) =
        quoted.chars().next().filter(|q| (*q == '\'' || (*q == '"' && directive.is_some())) && quoted.ends_with(*q))
    else {
        // A directive needs no quotes where its pattern has no space.
        return directive.and_then(|d| d.split_once(' ')).map_or(text, |(_, d)| d).to_owned();
    };
    // Parts in quotes are put together; what stands between them is layout.
    quoted.split(quote).skip(1).step_by(2).collect()
}

fn cut(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut plain = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        plain.extend_from_slice(&rest.as_bytes()[..at]);
        let after = &rest[at + 1..];
        let (name, left) = match after.strip_prefix('{').and_then(|a| a.split_once('}')) {
            Some(braced) => braced,
            None => after.split_at(after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len())),
        };
        if name.is_empty() {
            plain.push(b'$');
            rest = after;
            continue;
        }
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        let known = VARIABLES.iter().find(|(n, _)| *n == name).map_or(Variable::Other, |(_, v)| *v);
        pieces.push(Piece::Variable(known));
        rest = left;
    }
    plain.extend_from_slice(rest.as_bytes());
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}
