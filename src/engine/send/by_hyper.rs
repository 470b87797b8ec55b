//! An exchange through hyper, HTTP/1.1 or HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::base::text::{display, display_str};
use crate::wire::http1::Head;
use crate::wire::{Failure, FailureKind, Oddity, Phase, Policy, Request, Response, Scheme};

use super::super::choice::http2_parts;
use super::super::dial::Stream;
use super::super::express::{Casing, Expressed};
use super::super::hold::{Gate, Held};
use super::super::payload::Payload;
use super::super::pool::{Open, Protocol};
use super::super::tap::{MOST_SENT, Tap, Tapped};
use super::super::timer::Timer;
use super::course::Course;

fn failure(phase: Phase, kind: FailureKind, message: String) -> Failure {
    Failure { phase, kind, message }
}

/// Sends, and reads the reply to its end.
pub async fn carry(
    course: &mut Course,
    open: &mut Open,
    expressed: Expressed,
    ending_apart: bool,
    policy: &Policy,
    timer: &mut Timer,
) -> Result<(), Failure> {
    course.phase = Phase::Send;
    open.tap.begin(open.connection.reused);
    course.tap = Some(open.tap.clone());
    let flood = Arc::new(Flood::default());
    let http_request = build(course, expressed, ending_apart, &flood, &open.tap, policy)?;
    course.handed = Some(Instant::now());
    course.phase = Phase::Wait;
    let limit = policy.deadlines.first_byte;
    let wrote = || open.tap.look(|seen| seen.last_write);
    let sent = match &mut open.sender {
        Protocol::H1(s) => timer.since(limit, wrote, s.send_request(http_request)).await,
        Protocol::H2(s) => timer.since(limit, wrote, s.send_request(http_request)).await,
        Protocol::Raw(_) => {
            return Err(failure(Phase::Prepare, FailureKind::Protocol, "a raw connection is not hyper's".to_owned()));
        }
    };
    let response = match sent {
        Some(Ok(response)) => response,
        Some(Err(_)) if flood.1.load(Ordering::Relaxed) => {
            return Err(Failure {
                phase: Phase::Wait,
                kind: FailureKind::Cap,
                message: format!("more than {} informational (1xx) responses", policy.caps.informational),
            });
        }
        Some(Err(e)) => return Err(words(&e, course)),
        None => return Err(timer.failure(Phase::Wait, course.unanswered(limit))),
    };
    course.head_at = Some(Instant::now());
    course.phase = Phase::Receive;
    let (parts, body) = response.into_parts();
    let (http2, most) = (course.exchange.http2, policy.caps.headers + 1);
    let oddities = &mut course.exchange.oddities;
    let mut head = open.tap.look(|seen| head(&parts, &seen.head, http2, most, oddities));
    // HTTP/1 counts as it reads; HTTP/2 only bounds the bytes.
    let too_many = head.headers.len() > policy.caps.headers;
    head.headers.truncate(policy.caps.headers);
    course.exchange.response = Some(head);
    if too_many {
        return Err(Failure {
            phase: Phase::Receive,
            kind: FailureKind::Cap,
            message: format!("more than {} header fields; the rest is not kept", policy.caps.headers),
        });
    }
    let reply = course.watch.is_some().then(|| course.exchange.response.clone()).flatten();
    let idle = course.head_came(reply, policy, timer);
    read_body(course, body, idle, policy, timer).await?;
    course.body_end = Some(Instant::now());
    Ok(())
}

/// Counts informational responses: how many, and whether it was too many.
#[derive(Debug, Default)]
struct Flood(AtomicU32, AtomicBool);

/// Makes a connection of a stream. One whose streams end together has a gate.
///
/// # Errors
/// A peer that has closed already.
pub async fn shake(
    stream: Tapped<Stream>,
    http2: bool,
    casing: Casing,
    gate: Option<&Gate>,
    policy: &Policy,
) -> Result<Protocol, Failure> {
    let failed = |e: hyper::Error| Failure {
        phase: Phase::Send,
        kind: FailureKind::Protocol,
        message: format!("the connection could not be used: {}", display_str(&e.to_string())),
    };
    if http2 {
        let mut builder = http2::Builder::new(TokioExecutor::new());
        builder.max_header_list_size(512 << 10);
        let sender = if let Some(gate) = gate {
            let io = TokioIo::new(Held::new(stream, gate.clone()));
            let (sender, connection) = builder.handshake(io).await.map_err(failed)?;
            tokio::spawn(connection);
            sender
        } else {
            let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.map_err(failed)?;
            tokio::spawn(connection);
            sender
        };
        return Ok(Protocol::H2(sender));
    }
    let (sender, connection) = http1::Builder::new()
        .title_case_headers(casing == Casing::Title)
        // One more, so that a head at the cap is told from one above it.
        .max_headers(policy.caps.headers + 1)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    tokio::spawn(connection);
    Ok(Protocol::H1(sender))
}

fn build(
    course: &mut Course,
    mut expressed: Expressed,
    ending_apart: bool,
    flood: &Arc<Flood>,
    tap: &Tap,
    policy: &Policy,
) -> Result<http::Request<Payload>, Failure> {
    let request = &course.exchange.request;
    let body = request.body.clone();
    let mut out = http::Request::new(if ending_apart { Payload::ending_apart(body) } else { Payload::whole(body) });
    if course.exchange.http2 {
        let (uri, mut headers) = http2_parts(request, &expressed).map_err(|why| {
            failure(
                Phase::Prepare,
                FailureKind::Inexpressible,
                format!("HTTP/2 cannot carry this: {why}; nothing was sent"),
            )
        })?;
        // As hyper would, so that the list that is kept is the one that is sent.
        let payload = !request.body.is_empty() || !matches!(request.method.as_slice(), b"GET" | b"HEAD" | b"DELETE");
        if payload && !headers.contains_key(CONTENT_LENGTH) {
            headers.insert(CONTENT_LENGTH, request.body.len().into());
        }
        course.listed = Some(listed(&uri, &headers, request));
        expressed.headers = headers;
        *out.uri_mut() = uri;
        *out.version_mut() = http::Version::HTTP_2;
    } else {
        *out.uri_mut() = expressed.target;
    }
    *out.method_mut() = expressed.method;
    *out.headers_mut() = expressed.headers;
    let (flood, tap, most) = (Arc::clone(flood), tap.clone(), policy.caps.informational);
    hyper::ext::on_informational(&mut out, move |_| {
        if flood.0.fetch_add(1, Ordering::Relaxed) >= most {
            flood.1.store(true, Ordering::Relaxed);
            tap.cut();
        }
    });
    Ok(out)
}

/// The header list of an HTTP/2 request in the order in which it is sent, a line each, and its body (RFC 9113 section 8.3.1).
fn listed(uri: &http::Uri, headers: &http::HeaderMap, request: &Request) -> Bytes {
    let mut out = Vec::with_capacity(256 + request.body.len().min(MOST_SENT));
    let mut line = |name: &[u8], value: &[u8]| {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    };
    line(b":method", &request.method);
    line(b":scheme", request.origin.scheme.word().as_bytes());
    line(b":authority", uri.authority().map_or("", http::uri::Authority::as_str).as_bytes());
    line(b":path", &request.target);
    for (name, value) in headers {
        line(name.as_ref(), value.as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(&request.body[..request.body.len().min(MOST_SENT.saturating_sub(out.len()))]);
    out.into()
}

/// The head of a response: names in their own case and order where the bytes were kept, hyper's view otherwise.
fn head(parts: &http::response::Parts, raw: &[u8], http2: bool, most: usize, oddities: &mut Vec<Oddity>) -> Response {
    let mut response = Response {
        version: match parts.version {
            http::Version::HTTP_2 => "HTTP/2".to_owned(),
            http::Version::HTTP_10 => "HTTP/1.0".to_owned(),
            _ => "HTTP/1.1".to_owned(),
        },
        status: parts.status.as_u16(),
        ..Response::default()
    };
    if !http2 {
        let read = Head::read(raw, most, oddities);
        read.framing(oddities);
        if read.fields.len() == parts.headers.len() {
            response.reason = read.reason;
            response.headers = read.fields;
            return response;
        }
        response.reason = parts
            .extensions
            .get::<hyper::ext::ReasonPhrase>()
            .map_or_else(|| parts.status.canonical_reason().unwrap_or_default().into(), |r| r.as_bytes().into());
    }
    response.headers = parts.headers.iter().map(|(n, v)| (n.as_str().into(), v.as_bytes().into())).collect();
    response
}

/// Reads the body to its end or to the cap.
async fn read_body(
    course: &mut Course,
    mut body: Incoming,
    idle: Duration,
    policy: &Policy,
    timer: &mut Timer,
) -> Result<(), Failure> {
    loop {
        match timer.within(idle, body.frame()).await {
            Some(None) => return Ok(()),
            Some(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                let room = policy.caps.wire_bytes.saturating_sub(course.wire.len());
                let room = usize::try_from(room).unwrap_or(usize::MAX);
                let taken = &data[..data.len().min(room)];
                course.keep(taken)?;
                if let Some(streaming) = &mut course.streaming {
                    streaming.piece(taken);
                }
                if data.len() > room {
                    return Err(Failure {
                        phase: Phase::Receive,
                        kind: FailureKind::Cap,
                        message: format!(
                            "the body is larger than {} bytes; the rest was not read",
                            policy.caps.wire_bytes
                        ),
                    });
                }
            }
            Some(Some(Err(e))) => {
                let mut failure = words(&e, course);
                failure.phase = Phase::Receive;
                return Err(failure);
            }
            None => {
                let late = format!("the body stopped for {} s", idle.as_secs_f32());
                return Err(timer.failure(Phase::Receive, late));
            }
        }
    }
}

/// hyper's error in words.
fn words(e: &hyper::Error, course: &Course) -> Failure {
    let read = course.tap.as_ref().map(|t| t.look(|s| s.head.clone())).unwrap_or_default();
    let phase = if read.is_empty() && course.head_at.is_none() { Phase::Wait } else { Phase::Receive };
    let origin = &course.exchange.request.origin;
    let (kind, message) = if e.is_parse_too_large() {
        (FailureKind::Cap, "the response head has too many or too large header fields".to_owned())
    } else if origin.scheme == Scheme::Http && read.first() == Some(&0x15) {
        (FailureKind::Protocol, "the port answered with a TLS alert; try https://".to_owned())
    } else if e.is_parse() {
        let shown = display(&read[..read.len().min(60)]);
        (FailureKind::Protocol, format!("the reply is not HTTP as this sender reads it: {shown}"))
    } else if e.is_incomplete_message() && course.head_at.is_none() {
        (FailureKind::Closed, "the server closed the connection before a whole reply came".to_owned())
    } else if e.is_incomplete_message() || e.is_body_write_aborted() {
        (FailureKind::Closed, "the server closed the connection in the middle of the body".to_owned())
    } else if course.exchange.http2 && read.starts_with(b"HTTP/1") {
        (FailureKind::Protocol, "the server answered in HTTP/1, not in HTTP/2; leave out --http 2".to_owned())
    } else if (e.is_canceled() || e.is_closed()) && super::is_refused_for_certificate(course) {
        // The alert came before the request was handed over, and went with the connection.
        (FailureKind::Tls, super::super::refusal::certificate_words(None, course.presents))
    } else if e.is_canceled() || e.is_closed() {
        (FailureKind::Closed, "the connection was closed before the request could be sent".to_owned())
    } else {
        broken(e, course)
    };
    Failure { phase, kind, message }
}

/// The words for a connection that ended under an exchange.
fn broken(e: &hyper::Error, course: &Course) -> (FailureKind, String) {
    let cause = std::error::Error::source(e);
    if let Some(io) = cause.and_then(|c| c.downcast_ref::<std::io::Error>()) {
        return super::broken(io, course);
    }
    let cause = cause.map_or_else(|| e.to_string(), ToString::to_string);
    (FailureKind::Closed, format!("the connection broke: {}", display_str(&cause)))
}
