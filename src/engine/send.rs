//! The measured exchange: one request over hyper, with every instant and fact of the connection that carried it, and all
//! of it kept when it fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::base::secret::mask_target;
use crate::base::text::{display, display_str};
use crate::base::{Clock as _, SystemClock, Untrusted};
use crate::wire::{
    Alteration, Exchange, Failure, FailureKind, HttpChoice, Intent, Phase, Policy, Record, Request, Response, Scheme,
};

use super::decode::{self, Stop};
use super::dial::{Dialer, Dialled, Stream};
use super::express::{Casing, Expressed, express};
use super::pool::{Kind, Open, Pool, Protocol};
use super::scope::{Denied, ScopeToken};
use super::tap::{Tap, Tapped};
use super::timer::{Keeper, Timer};

/// How long decoding may go on after the user has cancelled.
const AFTER_CANCEL: Duration = Duration::from_millis(100);

/// What sends: a dialer, the connections that are open, and who keeps the record.
pub struct Exchanger {
    /// Opens connections.
    pub dialer: Dialer,
    record: Arc<dyn Record>,
    keeper: Arc<Keeper>,
    pool: Pool,
}

/// Everything one exchange has learnt so far; it outlives the future that fills it, so that a deadline or a cancellation
/// keeps it.
struct Course {
    exchange: Exchange,
    phase: Phase,
    dialled: Dialled,
    handed: Option<Instant>,
    head_at: Option<Instant>,
    body_end: Option<Instant>,
    tap: Option<Tap>,
    wire: Vec<u8>,
    http2: bool,
    /// Whether there is a certificate to present.
    presents: bool,
}

impl Exchanger {
    /// An exchanger without connections.
    pub fn new(dialer: Dialer, record: Arc<dyn Record>) -> Self {
        Self { dialer, record, keeper: Arc::default(), pool: Pool::default() }
    }

    /// Closes every idle connection.
    pub fn hang_up(&self) {
        self.pool.clear();
    }

    /// Carries one request. `stop` ends it early; whatever was learnt until then is in the exchange.
    pub async fn exchange(
        &self,
        id: u64,
        origin: &'static str,
        request: Request,
        policy: Policy,
        stop: impl Future<Output = ()>,
    ) -> Exchange {
        let began = Instant::now();
        self.keeper.note();
        let mut course = Course {
            exchange: Exchange::new(id, SystemClock.wall(), request),
            phase: Phase::Prepare,
            dialled: Dialled::default(),
            handed: None,
            head_at: None,
            body_end: None,
            tap: None,
            wire: Vec::new(),
            http2: false,
            presents: false,
        };
        let by = began + policy.deadlines.total;
        let mut failed = tokio::select! {
            biased;
            () = stop => {
                Some(Failure { phase: course.phase, kind: FailureKind::Cancelled, message: "stopped before the reply was whole".to_owned() })
            }
            ended = self.run(&mut course, origin, &policy, by) => ended.err(),
        };
        if let Some(f) = failed.as_mut().filter(|f| f.phase == Phase::Wait && course.sends_still()) {
            f.phase = Phase::Send;
        }
        course.exchange.error = failed;
        let exchange = course.finish(began, &policy, by).await;
        self.record.result(&exchange);
        exchange
    }

    async fn run(
        &self,
        course: &mut Course,
        origin: &'static str,
        policy: &Policy,
        by: Instant,
    ) -> Result<(), Failure> {
        let prepare = |kind, message| Failure { phase: Phase::Prepare, kind, message };
        let request = &course.exchange.request;
        let token = self.dialer.scope.authorise(&request.origin).map_err(|denied| {
            let kind = if denied == Denied::Offline { FailureKind::Offline } else { FailureKind::Scope };
            prepare(kind, denied.error().to_string())
        })?;
        self.dialer
            .scope
            .permits(&request.method)
            .map_err(|denied| prepare(FailureKind::Scope, denied.error().to_string()))?;
        let inexpressible =
            |why| prepare(FailureKind::Inexpressible, format!("this cannot be sent as typed: {why}; nothing was sent"));
        let mut expressed = express(request).map_err(inexpressible)?;
        // The connection goes through a plain-http proxy: the target is absolute-form.
        if let Some(route) = self.dialer.proxies.forward(&request.origin, policy.http) {
            route.express(&request.origin, &mut expressed).map_err(inexpressible)?;
        }
        let mut intent = Intent {
            id: course.exchange.id,
            origin,
            remote: std::net::SocketAddr::from(([0, 0, 0, 0], 0)),
            method: display(&request.method),
            url: format!("{}{}", request.origin, display(&mask_target(&request.target))),
            identity: request.identity.clone(),
        };
        let kind = Kind {
            origin: request.origin.clone(),
            http: policy.http,
            insecure: policy.insecure,
            casing: expressed.casing,
            certificate: request.identity.clone().filter(|name| self.dialer.certificates.contains_key(name)),
        };
        course.presents = kind.certificate.is_some() || self.dialer.presents(&token);
        let mut timer = Timer::new(by, policy.deadlines.total);
        let mut open = if let Some(open) = self.reuse(&kind, policy, &mut timer).await {
            intent.remote = open.connection.remote;
            self.keep_record(&intent)?;
            open
        } else {
            self.open(course, &token, &kind, policy, by, &mut intent).await?
        };
        course.exchange.connection = Some(open.connection.clone());
        course.exchange.tls.clone_from(&open.tls);
        course.http2 = matches!(open.sender, Protocol::H2(_));
        course.exchange.altered =
            if course.http2 { protocol_changes(&course.exchange.request) } else { expressed.altered.clone() };
        self.carry(course, &mut open, expressed, policy, &mut timer).await?;
        if let Some(failure) = self.dialer.refused_by_proxy(&course.exchange, policy) {
            return Err(failure);
        }
        // A connection that was opened for one exchange ends with it: nobody may ever come for it.
        if !policy.fresh {
            self.pool.give_back(kind, open);
        }
        Ok(())
    }

    /// An idle connection, unless the policy wants a fresh one.
    async fn reuse(&self, kind: &Kind, policy: &Policy, timer: &mut Timer) -> Option<Open> {
        if policy.fresh { None } else { self.pool.take(kind, timer).await }
    }

    fn keep_record(&self, intent: &Intent) -> Result<(), Failure> {
        self.record.intent(intent).map_err(|e| Failure {
            phase: Phase::Prepare,
            kind: FailureKind::Record,
            message: format!("the record cannot be kept, so nothing was sent: {e}"),
        })
    }

    async fn open(
        &self,
        course: &mut Course,
        token: &ScopeToken,
        kind: &Kind,
        policy: &Policy,
        whole_by: Instant,
        intent: &mut Intent,
    ) -> Result<Open, Failure> {
        course.phase = Phase::Dns;
        let by = whole_by.min(Instant::now() + policy.deadlines.connect);
        let addresses = self.dialer.resolve(token, by, &mut course.dialled).await?;
        if let Some(first) = addresses.first() {
            intent.remote = *first;
        }
        self.keep_record(intent)?;
        course.phase = Phase::Connect;
        let tcp = self.dialer.connect(token, &addresses, by, policy, &mut course.dialled).await?;
        course.phase = Phase::Tls;
        let certificate = kind.certificate.as_ref().and_then(|name| self.dialer.certificates.get(name));
        let stream = self.dialer.secure(token, tcp, whole_by, policy, certificate, &mut course.dialled).await?;
        course.phase = Phase::Send;
        let (stream, tap) = Tapped::new(stream);
        let http2 = match policy.http {
            HttpChoice::Http2 => true,
            HttpChoice::Http1 => false,
            HttpChoice::Auto => course.dialled.alpn.as_deref() == Some("h2"),
        };
        let sender = shake(stream, http2, kind.casing, policy).await?;
        let connection = course.dialled.connection().ok_or_else(|| Failure {
            phase: Phase::Connect,
            kind: FailureKind::Unreachable,
            message: "the connection has no address".to_owned(),
        })?;
        Ok(Open { sender, tap, connection, tls: course.dialled.tls.clone() })
    }

    /// Sends, and reads the reply to its end.
    async fn carry(
        &self,
        course: &mut Course,
        open: &mut Open,
        expressed: Expressed,
        policy: &Policy,
        timer: &mut Timer,
    ) -> Result<(), Failure> {
        course.phase = Phase::Send;
        open.tap.begin(open.connection.reused);
        course.tap = Some(open.tap.clone());
        let flood = Arc::new(Flood::default());
        let http_request = build(&course.exchange.request, expressed, course.http2, &flood, &open.tap, policy)?;
        course.handed = Some(Instant::now());
        course.phase = Phase::Wait;
        let limit = policy.deadlines.first_byte;
        let wrote = || open.tap.look(|seen| seen.last_write);
        let sent = match &mut open.sender {
            Protocol::H1(s) => timer.since(limit, wrote, s.send_request(http_request)).await,
            Protocol::H2(s) => timer.since(limit, wrote, s.send_request(http_request)).await,
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
            None => {
                let limit = limit.as_secs_f32();
                let late = if course.sends_still() {
                    format!("the server did not take the whole request within {limit} s")
                } else {
                    format!("no reply within {limit} s of sending")
                };
                return Err(timer.failure(Phase::Wait, late));
            }
        };
        course.head_at = Some(Instant::now());
        course.phase = Phase::Receive;
        let (parts, body) = response.into_parts();
        let mut head = open.tap.look(|seen| head(&parts, &seen.head, course.http2));
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
        read_body(course, body, policy, timer).await?;
        course.body_end = Some(Instant::now());
        Ok(())
    }
}

/// Counts informational responses: how many, and whether it was too many.
#[derive(Debug, Default)]
struct Flood(AtomicU32, AtomicBool);

async fn shake(stream: Tapped<Stream>, http2: bool, casing: Casing, policy: &Policy) -> Result<Protocol, Failure> {
    let io = TokioIo::new(stream);
    let failed = |e: hyper::Error| Failure {
        phase: Phase::Send,
        kind: FailureKind::Protocol,
        message: format!("the connection could not be used: {}", display_str(&e.to_string())),
    };
    if http2 {
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_header_list_size(512 << 10)
            .handshake(io)
            .await
            .map_err(failed)?;
        tokio::spawn(connection);
        return Ok(Protocol::H2(sender));
    }
    let (sender, connection) = http1::Builder::new()
        .title_case_headers(casing == Casing::Title)
        // One more, so that a head at the cap is told from one above it.
        .max_headers(policy.caps.headers + 1)
        .handshake(io)
        .await
        .map_err(failed)?;
    tokio::spawn(connection);
    Ok(Protocol::H1(sender))
}

fn build(
    request: &Request,
    mut expressed: Expressed,
    http2: bool,
    flood: &Arc<Flood>,
    tap: &Tap,
    policy: &Policy,
) -> Result<http::Request<Full<Bytes>>, Failure> {
    let mut out = http::Request::new(Full::new(request.body.clone()));
    if http2 {
        *out.uri_mut() = absolute(request, &mut expressed).ok_or_else(|| Failure {
            phase: Phase::Prepare,
            kind: FailureKind::Inexpressible,
            message: "HTTP/2 cannot carry this target or host; try --http 1.1; nothing was sent".to_owned(),
        })?;
        for name in ["connection", "keep-alive", "proxy-connection", "upgrade"] {
            expressed.headers.remove(name);
        }
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

/// The target with its authority, which HTTP/2 carries in place of `Host`; `None` for hosts that are no one authority.
fn absolute(request: &Request, expressed: &mut Expressed) -> Option<http::Uri> {
    let mut hosts = expressed.headers.get_all(http::header::HOST).iter();
    let (host, another) = (hosts.next()?, hosts.next());
    if another.is_some() {
        return None;
    }
    let authority = http::uri::Authority::try_from(host.as_bytes()).ok()?;
    expressed.headers.remove(http::header::HOST);
    // Put together from parts, so that no byte of one is read as a part of the other.
    http::Uri::builder()
        .scheme(request.origin.scheme.word())
        .authority(authority)
        .path_and_query(expressed.target.path_and_query()?.clone())
        .build()
        .ok()
}

/// What HTTP/2 itself changes (RFC 9113 section 8.2).
fn protocol_changes(request: &Request) -> Vec<Alteration> {
    let mut out = Vec::new();
    let by = "protocol";
    for (n, v) in &request.headers {
        let left_out = n.eq_ignore_ascii_case(b"te") && v != b"trailers";
        if n.eq_ignore_ascii_case(b"host") {
            out.push(Alteration { by: by.into(), what: "Host is sent as :authority".to_owned() });
        } else if left_out
            || ["connection", "keep-alive", "proxy-connection", "upgrade"]
                .iter()
                .any(|c| n.eq_ignore_ascii_case(c.as_bytes()))
        {
            out.push(Alteration { by: by.into(), what: format!("{} is left out", display(n)) });
        } else if n.iter().any(u8::is_ascii_uppercase) {
            out.push(Alteration { by: by.into(), what: format!("{} is sent in lower case", display(n)) });
        }
    }
    out
}

/// The head of a response: names in their own case and order where the bytes were kept, hyper's view otherwise.
fn head(parts: &http::response::Parts, raw: &[u8], http2: bool) -> Response {
    let mut response = Response {
        version: match parts.version {
            http::Version::HTTP_2 => "HTTP/2".to_owned(),
            http::Version::HTTP_10 => "HTTP/1.0".to_owned(),
            _ => "HTTP/1.1".to_owned(),
        },
        status: parts.status.as_u16(),
        ..Response::default()
    };
    if !http2 && let Some((reason, headers)) = raw_head(raw, parts.headers.len()) {
        response.reason = reason;
        response.headers = headers;
        return response;
    }
    if !http2 {
        response.reason = parts
            .extensions
            .get::<hyper::ext::ReasonPhrase>()
            .map_or_else(|| parts.status.canonical_reason().unwrap_or_default().into(), |r| r.as_bytes().into());
    }
    response.headers = parts.headers.iter().map(|(n, v)| (n.as_str().into(), v.as_bytes().into())).collect();
    response
}

/// Splits a head into its reason phrase and fields. `None` when it does not hold exactly the `fields` that hyper read.
fn raw_head(raw: &[u8], fields: usize) -> Option<(Untrusted, Vec<(Untrusted, Untrusted)>)> {
    let mut lines = raw.strip_suffix(b"\r\n\r\n")?.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
    let status_line = lines.next()?;
    let reason = status_line.splitn(3, |b| *b == b' ').nth(2).unwrap_or_default();
    let mut headers = Vec::with_capacity(fields);
    for line in lines {
        let colon = memchr::memchr(b':', line)?;
        headers.push((line[..colon].into(), line[colon + 1..].trim_ascii().into()));
    }
    (headers.len() == fields).then(|| (reason.into(), headers))
}

/// Reads the body to its end or to the cap.
async fn read_body(course: &mut Course, mut body: Incoming, policy: &Policy, timer: &mut Timer) -> Result<(), Failure> {
    loop {
        match timer.within(policy.deadlines.idle, body.frame()).await {
            Some(None) => return Ok(()),
            Some(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                let room =
                    usize::try_from(policy.caps.wire_bytes).unwrap_or(usize::MAX).saturating_sub(course.wire.len());
                course.wire.extend_from_slice(&data[..data.len().min(room)]);
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
                let late = format!("the body stopped for {} s", policy.deadlines.idle.as_secs_f32());
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
    } else if course.http2 && read.starts_with(b"HTTP/1") {
        (FailureKind::Protocol, "the server answered in HTTP/1, not in HTTP/2; leave out --http 2".to_owned())
    } else if (e.is_canceled() || e.is_closed()) && is_refused_for_certificate(course) {
        // The alert came before the request was handed over, and went with the connection.
        (FailureKind::Tls, super::dial::certificate_words(None, course.presents))
    } else if e.is_canceled() || e.is_closed() {
        (FailureKind::Closed, "the connection was closed before the request could be sent".to_owned())
    } else {
        broken(e, course)
    };
    Failure { phase, kind, message }
}

/// True for a new connection whose server asked for a client certificate: in TLS 1.3 it judges the answer only after the
/// handshake (RFC 8446 section 4.4.2.4).
fn is_refused_for_certificate(course: &Course) -> bool {
    course.exchange.tls.as_ref().is_some_and(|t| t.client_certificate_requested)
        && course.exchange.connection.as_ref().is_some_and(|c| !c.reused)
}

/// The words for a connection that ended under an exchange.
fn broken(e: &hyper::Error, course: &Course) -> (FailureKind, String) {
    let cause = std::error::Error::source(e);
    let io = cause.and_then(|c| c.downcast_ref::<std::io::Error>());
    let alert = io.and_then(|io| io.get_ref()).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(rustls::Error::AlertReceived(alert)) = alert
        && is_refused_for_certificate(course)
    {
        return (FailureKind::Tls, super::dial::certificate_words(Some(*alert), course.presents));
    }
    if io.is_some_and(|io| io.kind() == std::io::ErrorKind::UnexpectedEof) {
        return (FailureKind::Closed, "the server closed the connection in the middle of the body".to_owned());
    }
    let cause = cause.map_or_else(|| e.to_string(), ToString::to_string);
    (FailureKind::Closed, format!("the connection broke: {}", display_str(&cause)))
}

impl Course {
    /// True while the peer has not taken the whole request. On HTTP/2 the bytes of a connection belong to many.
    fn sends_still(&self) -> bool {
        let body = self.exchange.request.body.len() as u64;
        // A head has a byte or more.
        !self.http2 && self.tap.as_ref().is_some_and(|t| t.look(|s| s.first_read.is_none() && s.written <= body))
    }

    /// Turns what was learnt into the exchange.
    async fn finish(mut self, began: Instant, policy: &Policy, by: Instant) -> Exchange {
        self.exchange.phases = self.phases(began);
        // However far the dial came, its facts are kept.
        if self.exchange.tls.is_none() {
            self.exchange.tls = self.dialled.tls.take();
        }
        if self.exchange.connection.is_none() {
            self.exchange.connection = self.dialled.connection();
        }
        if let Some(tap) = self.tap.as_ref().filter(|_| !self.http2) {
            let sent = tap.look(|s| Bytes::copy_from_slice(&s.sent));
            self.exchange.sent = (!sent.is_empty()).then_some(sent);
        }
        self.undo_codings(policy, by).await;
        self.exchange
    }

    fn phases(&self, began: Instant) -> crate::wire::Phases {
        let d = &self.dialled;
        let between = |a: Option<Instant>, b: Option<Instant>| Some(b?.saturating_duration_since(a?));
        let (first_write, last_write, first_read) =
            self.tap.as_ref().map_or((None, None, None), |t| t.look(|s| (s.first_write, s.last_write, s.first_read)));
        // On HTTP/2 the first bytes read are the connection's own; the head of this reply is what counts.
        let answered = if self.http2 { self.head_at } else { first_read };
        let written = if self.http2 { first_write.or(self.handed) } else { last_write };
        let end = self.body_end.or(self.head_at.map(|_| Instant::now()));
        crate::wire::Phases {
            dns: d.looked_up.then(|| between(d.began, d.resolved)).flatten(),
            connect: between(d.resolved, d.connected),
            tls: between(d.connected, d.secured),
            send: between(self.handed, written),
            wait: between(written, answered),
            receive: between(answered, end),
            total: Some(began.elapsed()),
        }
    }

    async fn undo_codings(&mut self, policy: &Policy, by: Instant) {
        let Some(response) = &mut self.exchange.response else { return };
        response.wire_bytes = self.wire.len() as u64;
        response.truncated = self.exchange.error.is_some();
        let wire = Bytes::from(std::mem::take(&mut self.wire));
        let listed: Vec<String> = response.all("content-encoding").map(|v| v.lossy().into_owned()).collect();
        let codings = match decode::codings(&listed.join(","), policy.caps.encodings) {
            Ok(codings) => codings,
            Err(why) => {
                self.exchange.error.get_or_insert(Failure {
                    phase: Phase::Receive,
                    kind: FailureKind::Protocol,
                    message: format!("{why}; the body is shown as it came"),
                });
                Vec::new()
            }
        };
        if codings.is_empty() || wire.is_empty() {
            response.decoded_bytes = wire.len() as u64;
            response.body = wire;
            return;
        }
        let caps = policy.caps;
        // Whoever has cancelled does not wait for a bomb either.
        let by = match &self.exchange.error {
            Some(e) if e.kind == FailureKind::Cancelled => by.min(Instant::now() + AFTER_CANCEL),
            _ => by,
        };
        let encoded = wire.clone();
        let decoding = tokio::task::spawn_blocking(move || decode::decode(&encoded, &codings, &caps, by));
        let out = decoding.await.unwrap_or_else(|_| decode::Decoded {
            bytes: Vec::new(),
            stopped: Some(Stop::Corrupt("the decoder failed".to_owned())),
        });
        response.decoded_bytes = out.bytes.len() as u64;
        response.truncated |= out.stopped.is_some();
        // A body that only claims to be encoded is still evidence.
        let nothing = out.bytes.is_empty() && matches!(out.stopped, Some(Stop::Corrupt(_)));
        response.body = if nothing { wire } else { out.bytes.into() };
        let failure = out.stopped.map(|stop| match stop {
            Stop::Cap(why) => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Cap,
                message: format!("{why}; the rest was not decoded"),
            },
            Stop::Corrupt(why) => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Protocol,
                message: format!("the body does not decode: {why}"),
            },
            Stop::Late => Failure {
                phase: Phase::Receive,
                kind: FailureKind::Timeout,
                message: "decoding did not end in time".to_owned(),
            },
        });
        if self.exchange.error.is_none() {
            self.exchange.error = failure;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http2_carries_the_host_and_target_that_were_typed_or_says_that_it_cannot() {
        let uri = |host: Option<&str>, target: &str| {
            let mut request = Request::new("OPTIONS", b"https://api.test/").expect("url");
            request.target = target.as_bytes().to_vec();
            if let Some(host) = host {
                request = request.header("Host", host);
            }
            let mut expressed = express(&request).expect("expressed");
            absolute(&request, &mut expressed).map(http::Uri::into_parts)
        };
        for (host, target, authority) in
            [(None, "*", "api.test"), (None, "//x?y", "api.test"), (Some("other.test:81"), "/a/../b", "other.test:81")]
        {
            let parts = uri(host, target).expect(target);
            assert_eq!(parts.authority.expect("an authority").as_str(), authority);
            assert_eq!(parts.path_and_query.expect("a path").as_str(), target);
        }
        for host in ["a/b", "a?b", "caf\u{e9}", ""] {
            assert!(uri(Some(host), "/").is_none(), "{host}");
        }
        let twice = Request::new("GET", b"https://h/").expect("url").header("Host", "a").header("Host", "b");
        assert!(absolute(&twice, &mut express(&twice).expect("expressed")).is_none());
    }

    #[test]
    fn a_raw_head_keeps_case_order_and_duplicates() {
        let raw = b"HTTP/1.1 200 Very OK\r\nX-CaSe: 1\r\nSet-Cookie: a\r\nB:2\r\nSet-Cookie: b \r\n\r\n";
        let (reason, headers) = raw_head(raw, 4).expect("head");
        assert_eq!(reason, "Very OK".into());
        let names: Vec<String> = headers.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(names, ["X-CaSe=1", "Set-Cookie=a", "B=2", "Set-Cookie=b"]);
        assert!(raw_head(raw, 3).is_none());
        assert!(raw_head(b"HTTP/1.1 200 OK\r\nfolded: a\r\n b\r\n\r\n", 1).is_none());
    }
}
