//! One JSON object a line. Which member is what is a table of dialects, so that a new gateway is a few lines of it.

use std::borrow::Cow;

use serde_json::Value;

use super::part::{Unit, first_address, micros, request_line, request_of, said, size, status, time, without_port};
use super::{Line, Request};
use crate::base::{Error, Result, Stamp, text::display_str};
use crate::inventory::capture::lets_in;
use crate::inventory::drift::{parse_deprecation, parse_sunset};
use crate::inventory::operations;

/// Records of one line that holds several, as blobs and batches do.
const MOST_RECORDS: usize = 100_000;
/// Bytes that a collector may write before the object.
const PREFIX: usize = 256;

/// What a member says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// A whole request line.
    Request,
    Method,
    /// A target in origin or absolute form.
    Target,
    /// A query that the target lacks.
    Query,
    /// A path that is a template already.
    Template,
    /// Method and template with a space between.
    Route,
    Host,
    Status,
    Time,
    Took(Unit),
    /// Who was let in: what says so shows that a credential was sent, and what says nothing shows nothing.
    Principal,
    /// Who was let in, by a member that is there for every request: where it says nothing, no credential was sent.
    Consumer,
    /// The credential itself, which is looked at no further: where it says nothing, none was sent.
    Authorization,
    /// Every header of the request: one that lets in is there or it was not sent.
    Headers,
    /// Where the request came from.
    Client,
    /// Bytes of the reply.
    Size,
    /// `Deprecation` of the reply.
    Deprecation,
    /// `Sunset` of the reply.
    Sunset,
    /// The body of the request, as text or as an object.
    Body,
}

use Field::{
    Authorization, Body, Client, Consumer, Deprecation, Headers, Host, Method, Principal, Query, Route, Size, Status,
    Sunset, Target, Template, Time, Took,
};

/// Members by what they say; of several for one field the first that is there counts. A dot goes into an object.
#[derive(Debug)]
pub(super) struct Dialect {
    /// Members that are all there, in one group or another; a line without is of another dialect.
    marks: &'static [&'static [&'static str]],
    keys: &'static [(Field, &'static str)],
}

pub(super) static CADDY: Dialect = Dialect {
    marks: &[&["request.method", "request.uri", "status", "duration"]],
    keys: &[
        (Method, "request.method"),
        (Target, "request.uri"),
        (Host, "request.host"),
        (Status, "status"),
        (Time, "ts"),
        (Took(Unit::Seconds), "duration"),
        (Principal, "user_id"),
        (Headers, "request.headers"),
        (Client, "request.client_ip"),
        (Client, "request.remote_ip"),
        (Size, "size"),
        (Deprecation, "resp_headers.Deprecation"),
        (Sunset, "resp_headers.Sunset"),
    ],
};

pub(super) static KONG: Dialect = Dialect {
    marks: &[&["request.uri", "response.status", "latencies"], &["request.url", "response.status", "latencies"]],
    keys: &[
        (Method, "request.method"),
        (Target, "request.uri"),
        (Target, "request.url"),
        (Host, "request.headers.host"),
        (Status, "response.status"),
        (Time, "started_at"),
        (Took(Unit::Millis), "latencies.request"),
        (Headers, "request.headers"),
        (Principal, "consumer.username"),
        (Principal, "consumer.id"),
        (Principal, "authenticated_entity.id"),
        (Client, "client_ip"),
        (Size, "response.size"),
        (Deprecation, "response.headers.deprecation"),
        (Sunset, "response.headers.sunset"),
        (Body, "request.body"),
    ],
};

pub(super) static TRAEFIK: Dialect = Dialect {
    marks: &[&["RequestMethod", "DownstreamStatus"], &["RequestMethod", "OriginStatus"]],
    keys: &[
        (Method, "RequestMethod"),
        (Target, "RequestPath"),
        (Host, "RequestHost"),
        (Status, "DownstreamStatus"),
        (Status, "OriginStatus"),
        (Time, "StartUTC"),
        (Time, "time"),
        (Took(Unit::Nanos), "Duration"),
        (Principal, "ClientUsername"),
        (Client, "ClientHost"),
        (Size, "DownstreamContentSize"),
        (Deprecation, "downstream_Deprecation"),
        (Sunset, "downstream_Sunset"),
    ],
};

pub(super) static ENVOY: Dialect = Dialect {
    marks: &[&["response_code", "path"], &["response_code", "x_envoy_original_path"]],
    keys: &[
        (Method, "method"),
        (Target, "x_envoy_original_path"),
        (Target, "path"),
        (Host, "authority"),
        (Status, "response_code"),
        (Time, "start_time"),
        (Took(Unit::Millis), "duration"),
        (Client, "x_forwarded_for"),
        (Client, "downstream_remote_address"),
        (Size, "bytes_sent"),
    ],
};

pub(super) static API_GATEWAY: Dialect = Dialect {
    marks: &[&["resourcePath", "status"], &["routeKey", "status"]],
    keys: &[
        (Method, "httpMethod"),
        (Template, "resourcePath"),
        (Route, "routeKey"),
        (Target, "path"),
        (Target, "rawPath"),
        (Host, "domainName"),
        (Status, "status"),
        (Time, "requestTimeEpoch"),
        (Time, "requestTime"),
        (Took(Unit::Millis), "responseLatency"),
        (Principal, "principalId"),
        (Principal, "authorizer.principalId"),
        (Principal, "caller"),
        (Principal, "user"),
        (Client, "ip"),
        (Client, "sourceIp"),
        (Size, "responseLength"),
    ],
};

pub(super) static GOOGLE: Dialect = Dialect {
    marks: &[&["httpRequest.requestMethod", "httpRequest.status"]],
    keys: &[
        (Method, "httpRequest.requestMethod"),
        (Target, "httpRequest.requestUrl"),
        (Status, "httpRequest.status"),
        (Time, "timestamp"),
        (Took(Unit::Seconds), "httpRequest.latency"),
        (Client, "httpRequest.remoteIp"),
        (Size, "httpRequest.responseSize"),
    ],
};

pub(super) static AZURE: Dialect = Dialect {
    marks: &[
        &["properties.httpMethod", "properties.httpStatus"],
        &["properties.httpMethod", "properties.httpStatusCode"],
    ],
    keys: &[
        (Method, "properties.httpMethod"),
        (Target, "properties.originalRequestUriWithArgs"),
        (Target, "properties.requestUri"),
        (Query, "properties.requestQuery"),
        (Host, "properties.originalHost"),
        (Host, "properties.host"),
        (Host, "properties.hostName"),
        (Status, "properties.httpStatus"),
        (Status, "properties.httpStatusCode"),
        (Time, "timeStamp"),
        (Time, "time"),
        (Took(Unit::Seconds), "properties.timeTaken"),
        (Client, "properties.clientIP"),
        (Client, "properties.clientIp"),
        (Size, "properties.sentBytes"),
        (Size, "properties.responseBytes"),
    ],
};

pub(super) static CLOUDFLARE: Dialect = Dialect {
    marks: &[&["ClientRequestMethod", "EdgeResponseStatus"]],
    keys: &[
        (Method, "ClientRequestMethod"),
        (Target, "ClientRequestURI"),
        (Target, "ClientRequestPath"),
        (Host, "ClientRequestHost"),
        (Status, "EdgeResponseStatus"),
        (Time, "EdgeStartTimestamp"),
        (Took(Unit::Millis), "EdgeTimeToFirstByteMs"),
        (Took(Unit::Nanos), "OriginResponseTime"),
        (Client, "ClientIP"),
        (Size, "EdgeResponseBodyBytes"),
        (Size, "EdgeResponseBytes"),
    ],
};

pub(super) static CLOUDFRONT: Dialect = Dialect {
    marks: &[&["cs-method", "cs-uri-stem", "sc-status"]],
    keys: &[
        (Method, "cs-method"),
        (Target, "cs-uri-stem"),
        (Query, "cs-uri-query"),
        (Host, "x-host-header"),
        (Host, "cs(Host)"),
        (Status, "sc-status"),
        (Time, "timestamp"),
        (Time, "timestamp(ms)"),
        (Took(Unit::Seconds), "time-taken"),
        (Client, "c-ip"),
        (Size, "sc-bytes"),
    ],
};

/// What people call members that they name themselves: nginx, Apache, applications.
pub(super) static ANY: Dialect = Dialect {
    marks: &[],
    keys: &[
        (Field::Request, "request"),
        (Field::Request, "request_line"),
        (Field::Request, "requestLine"),
        (Field::Request, "RequestLine"),
        (Method, "request_method"),
        (Method, "method"),
        (Method, "http_method"),
        (Method, "httpMethod"),
        (Method, "verb"),
        (Method, "req.method"),
        (Method, "http.request.method"),
        (Method, "request.method"),
        (Target, "request_uri"),
        (Target, "requestUri"),
        (Target, "uri"),
        (Target, "url"),
        (Target, "path"),
        (Target, "request_path"),
        (Target, "req.url"),
        (Target, "request.url"),
        (Target, "url.original"),
        (Target, "url.path"),
        (Target, "http.target"),
        (Query, "args"),
        (Query, "query_string"),
        (Query, "url.query"),
        (Host, "http_host"),
        (Host, "host"),
        (Host, "server_name"),
        (Host, "vhost"),
        (Host, "authority"),
        (Host, "url.domain"),
        (Status, "status"),
        (Status, "status_code"),
        (Status, "statusCode"),
        (Status, "response_status"),
        (Status, "response_code"),
        (Status, "res.statusCode"),
        (Status, "http.response.status_code"),
        (Status, "http.status_code"),
        (Status, "response.status"),
        (Time, "time_iso8601"),
        (Time, "@timestamp"),
        (Time, "time_local"),
        (Time, "timestamp"),
        (Time, "time"),
        (Time, "ts"),
        (Time, "msec"),
        (Took(Unit::Seconds), "request_time"),
        (Took(Unit::Millis), "duration_ms"),
        (Took(Unit::Millis), "latency_ms"),
        (Took(Unit::Millis), "response_time_ms"),
        (Took(Unit::Millis), "elapsed_ms"),
        (Took(Unit::Millis), "responseTime"),
        (Took(Unit::Micros), "duration_us"),
        (Took(Unit::Nanos), "duration_ns"),
        (Took(Unit::Nanos), "event.duration"),
        (Principal, "remote_user"),
        (Consumer, "principal"),
        (Consumer, "consumer"),
        (Authorization, "http_authorization"),
        (Authorization, "authorization"),
        (Headers, "request.headers"),
        (Headers, "req.headers"),
        (Client, "remote_addr"),
        (Client, "client_ip"),
        (Client, "remote_ip"),
        (Client, "clientIp"),
        (Client, "client.ip"),
        (Client, "source.ip"),
        (Client, "req.remoteAddress"),
        (Size, "body_bytes_sent"),
        (Size, "bytes_sent"),
        (Size, "response_size"),
        (Size, "response_length"),
        (Size, "http.response.body.bytes"),
        (Size, "http.response.bytes"),
        (Deprecation, "sent_http_deprecation"),
        (Deprecation, "response.headers.deprecation"),
        (Deprecation, "res.headers.deprecation"),
        (Sunset, "sent_http_sunset"),
        (Sunset, "response.headers.sunset"),
        (Sunset, "res.headers.sunset"),
        (Body, "request_body"),
        (Body, "requestBody"),
        (Body, "body"),
        (Body, "request.body"),
        (Body, "req.body"),
        (Body, "http.request.body.content"),
    ],
};

/// Names of a mapping that is typed.
const TYPED: [(&str, Field); 17] = [
    ("request", Field::Request),
    ("method", Method),
    ("target", Target),
    ("query", Query),
    ("template", Template),
    ("host", Host),
    ("status", Status),
    ("time", Time),
    ("s", Took(Unit::Seconds)),
    ("ms", Took(Unit::Millis)),
    ("us", Took(Unit::Micros)),
    ("principal", Consumer),
    ("client", Client),
    ("size", Size),
    ("deprecation", Deprecation),
    ("sunset", Sunset),
    ("body", Body),
];

/// Reads lines by a table of members.
#[derive(Debug, Clone)]
pub(super) struct Json {
    marks: &'static [&'static [&'static str]],
    keys: Cow<'static, [(Field, Cow<'static, str>)]>,
}

impl Json {
    pub fn of(dialect: &'static Dialect) -> Self {
        let keys = dialect.keys.iter().map(|(f, k)| (*f, Cow::Borrowed(*k))).collect();
        Self { marks: dialect.marks, keys }
    }

    /// A mapping as typed: `method=verb,target=url.raw,status=code,ms=took`.
    ///
    /// # Errors
    /// A name that is no field, or nothing for the request or the status.
    pub fn typed(text: &str) -> Result<Self> {
        let fail = |what: String| {
            let names = TYPED.map(|(n, _)| n).join(", ");
            Error::input(what)
                .at("--log-format")
                .hint(format!("write FIELD=MEMBER, with commas between; fields are {names}"))
        };
        let mut keys = Vec::new();
        for pair in text.split(',').map(str::trim).filter(|p| !p.is_empty()) {
            let known =
                pair.split_once('=').and_then(|(n, k)| Some((TYPED.iter().find(|t| t.0 == n.trim())?.1, k.trim())));
            let Some((field, key)) = known.filter(|(_, k)| !k.is_empty()) else {
                return Err(fail(format!("{} is no field and member", display_str(pair))));
            };
            keys.push((field, Cow::Owned(key.to_owned())));
        }
        let has = |wanted: &[Field]| keys.iter().any(|(f, _)| wanted.contains(f));
        if !has(&[Status]) || !(has(&[Field::Request]) || (has(&[Method]) && has(&[Target, Template]))) {
            return Err(fail("a mapping needs a status, and a request or a method with a target".to_owned()));
        }
        Ok(Self { marks: &[], keys: Cow::Owned(keys) })
    }

    /// One line without its newline. `each` gets every record of it; true when there was one and all could be read.
    pub fn read(&self, line: &[u8], each: &mut impl FnMut(&Line<'_>)) -> bool {
        let Some(value) = parse(line) else { return false };
        let records = match &value {
            Value::Array(records) => records.as_slice(),
            Value::Object(o) => match o.get("records") {
                Some(Value::Array(records)) => records.as_slice(),
                _ => std::slice::from_ref(&value),
            },
            _ => return false,
        };
        let mut all = !records.is_empty() && records.len() <= MOST_RECORDS;
        for record in records.iter().take(MOST_RECORDS) {
            all &= self.record(record, each).is_some();
        }
        all
    }

    fn record(&self, record: &Value, each: &mut impl FnMut(&Line<'_>)) -> Option<()> {
        let there = |key: &&str| member(record, key).is_some();
        if !self.marks.is_empty() && !self.marks.iter().any(|group| group.iter().all(there)) {
            return None;
        }
        let text = |wanted: Field| -> Option<Cow<'_, str>> {
            self.keys.iter().filter(|(f, _)| *f == wanted).find_map(|(_, k)| word(member(record, k)?))
        };
        let took = self.keys.iter().find_map(|(field, key)| match field {
            Took(unit) => micros(word(member(record, key)?)?.as_bytes(), *unit),
            _ => None,
        });
        let status = status(text(Status)?.as_bytes())?;
        let time = text(Time).and_then(|t| time(t.as_bytes()));
        let host = text(Host);
        let host = host.as_deref().map(|h| without_port(h.as_bytes()));
        let size = text(Size).and_then(|s| size(s.as_bytes()));
        let (user, address) = (text(Principal).or_else(|| text(Consumer)), text(Client));
        let address = || first_address(address.as_deref()?.as_bytes());
        let client = user.as_deref().map(str::as_bytes).or_else(address);
        let credential = self.credential(record, user.is_some());
        let body = self.keys.iter().filter(|(f, _)| *f == Body).find_map(|(_, k)| member(record, k));
        let called = body.map(operations::of_value).unwrap_or_default();
        let line = Line {
            time,
            status,
            host,
            micros: took,
            size,
            client,
            credential,
            deprecation: text(Deprecation).and_then(|s| parse_deprecation(&s)),
            sunset: text(Sunset).and_then(|s| parse_sunset(&s)).map(Stamp::unix),
            operations: &called,
            ..Line::default()
        };
        let whole = text(Field::Request);
        let (mut method, mut target, mut template) = (text(Method), text(Target), text(Template));
        if let Some(route) = text(Route)
            && let Some((verb, path)) = route.split_once(' ')
        {
            method = method.or_else(|| (verb != "ANY").then(|| verb.to_owned().into()));
            template = template.or_else(|| Some(path.to_owned().into()));
        }
        // `{proxy+}` says less than the path itself.
        template = template.filter(|t| t.starts_with('/') && !(t.contains("+}") && target.is_some()));
        if let Some(request) = whole.as_deref().filter(|_| method.is_none() || target.is_none()) {
            each(&Line { request: request_line(request.as_bytes()), ..line });
            return Some(());
        }
        let method = method?;
        if let Some(template) = template {
            let request = Request { method: method.as_bytes(), host: None, target: template.as_bytes() };
            let known = request_of(request.method, request.target);
            each(&Line { request: known, templated: true, ..line });
            return Some(());
        }
        let target = target.as_mut()?;
        if let Some(query) = text(Query)
            && !target.contains('?')
        {
            target.to_mut().push('?');
            target.to_mut().push_str(query.trim_start_matches('?'));
        }
        each(&Line { request: request_of(method.as_bytes(), target.as_bytes()), ..line });
        Some(())
    }
}

impl Json {
    /// Whether a credential was sent, as far as the members of one record tell; `known` is that somebody was let in by name.
    fn credential(&self, record: &Value, known: bool) -> Option<bool> {
        let mut sent = known.then_some(true);
        for (field, key) in self.keys.iter().filter(|(f, _)| matches!(f, Consumer | Authorization | Headers)) {
            let Some(value) = member(record, key) else { continue };
            let here = match (field, value) {
                (Headers, Value::Object(headers)) => headers.keys().any(|name| lets_in(name)),
                (Headers, _) => continue,
                (_, value) => word(value).is_some(),
            };
            sent = Some(here || sent == Some(true));
        }
        sent
    }
}

/// The object of a line, after what a collector wrote before it.
fn parse(line: &[u8]) -> Option<Value> {
    let start = memchr::memchr2(b'{', b'[', &line[..line.len().min(PREFIX)])?;
    let start = if start == 0 { 0 } else { memchr::memchr(b'{', &line[..line.len().min(PREFIX)])? };
    let text = line[start..].trim_ascii_end();
    if !matches!(text.last(), Some(b'}' | b']')) {
        return None;
    }
    if let Ok(value) = serde_json::from_slice(text) {
        return Some(value);
    }
    // nginx leaves bytes that are no UTF-8, and writes `\x22` unless it is told to escape as JSON does.
    serde_json::from_str(&String::from_utf8_lossy(text).replace("\\x", "\\u00")).ok()
}

/// A member by a name with dots: the whole name first, then into objects and arrays.
fn member<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    if let Some(found) = value.get(key) {
        return Some(found);
    }
    let (first, rest) = key.split_once('.')?;
    member(value.get(first)?, rest)
}

/// A string or a number that says something; of a list, the first.
fn word(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(s) => said(s.as_bytes()).map(|_| Cow::Borrowed(s.as_str())),
        Value::Number(n) => Some(Cow::Owned(number(n))),
        Value::Array(all) => word(all.first()?),
        _ => None,
    }
}

/// A number without an exponent, which durations of a few microseconds are written with.
fn number(n: &serde_json::Number) -> String {
    match n.as_f64() {
        Some(f) if n.is_f64() => format!("{f:.9}"),
        _ => n.to_string(),
    }
}
