//! The measured exchange: one request over hyper or the raw sender, with every instant and fact of the connection that carried
//! it, and all of it kept when it fails.

mod by_hyper;
mod course;
mod group;
mod raw;
mod streaming;

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use tokio_util::sync::CancellationToken;

use crate::base::secret::mask_target;
use crate::base::text::{display, display_str};
use crate::wire::http1::{one_head, written};
use crate::wire::{
    Exchange, Failure, FailureKind, HttpChoice, Intent, Phase, Policy, Record, Request, Sender, Spill, Watch,
};

use super::choice::{Choice, decide};
use super::dial::Dialer;
use super::express::Expressed;
use super::hold::Gate;
use super::pool::{Kind, Open, Pool, Protocol};
use super::scope::{Denied, ScopeToken};
use super::tap::Tapped;
use super::timer::{Keeper, Timer};
use course::Course;

/// What sends: a dialer, the connections that are open, and who keeps the record.
pub struct Exchanger {
    /// Opens connections.
    pub dialer: Dialer,
    record: Arc<dyn Record>,
    keeper: Arc<Keeper>,
    pool: Pool,
    spill: Option<Arc<dyn Spill>>,
}

/// A request that may be sent, and how.
struct Ready {
    token: ScopeToken,
    choice: Choice,
    expressed: Option<Expressed>,
    /// Its bytes, where the raw sender may carry it.
    bytes: Bytes,
    kind: Kind,
    intent: Intent,
    /// The policy, with the version that the choice offers.
    policy: Policy,
}

/// Where a connection comes from and goes to.
enum Source<'a> {
    /// The idle ones of the run.
    Pool,
    /// The one that a group has for itself.
    Own(&'a mut Option<Open>),
}

fn prepare(kind: FailureKind, message: String) -> Failure {
    Failure { phase: Phase::Prepare, kind, message }
}

impl Exchanger {
    /// An exchanger without connections.
    pub fn new(dialer: Dialer, record: Arc<dyn Record>, spill: Option<Arc<dyn Spill>>) -> Self {
        Self { dialer, record, keeper: Arc::default(), pool: Pool::default(), spill }
    }

    /// Closes every idle connection.
    pub fn hang_up(&self) {
        self.pool.clear();
    }

    /// Carries one request. `watch` is told of a reply that goes on. `stop` ends it early; whatever was learnt until then is in
    /// the exchange.
    pub async fn exchange(
        &self,
        id: u64,
        origin: &'static str,
        request: Request,
        policy: Policy,
        watch: Option<Watch>,
        stop: &CancellationToken,
    ) -> Exchange {
        self.keeper.note();
        let mut course = Course { watch, ..Course::new(id, request, self.spill.clone()) };
        let ended = tokio::select! {
            biased;
            () = stop.cancelled() => Err(course.cancelled()),
            ended = self.run(&mut course, origin, &policy, None, Source::Pool) => ended,
        };
        self.close(course, ended.err(), &policy, stop).await
    }

    /// Ends a course: its failure, its facts, and the record of its result.
    async fn close(
        &self,
        mut course: Course,
        mut failed: Option<Failure>,
        policy: &Policy,
        stop: &CancellationToken,
    ) -> Exchange {
        if let Some(f) = failed.as_mut().filter(|f| f.phase == Phase::Wait && course.sends_still()) {
            f.phase = Phase::Send;
        }
        // What serves one request is of no use any more, and its read loop may never look up by itself.
        if let (Some(FailureKind::Cancelled), false, Some(tap)) =
            (failed.as_ref().map(|f| f.kind), course.exchange.http2, &course.tap)
        {
            tap.cut();
        }
        course.exchange.error = failed;
        let exchange = course.finish(policy, stop).await;
        self.record.result(&exchange);
        exchange
    }

    /// What has to be known before anything is connected to: whether scope admits it, and which sender carries it.
    fn ready(
        &self,
        course: &mut Course,
        origin: &'static str,
        policy: &Policy,
        raw: Option<&str>,
    ) -> Result<Ready, Failure> {
        let request = &course.exchange.request;
        let scope = &self.dialer.scope;
        let token = scope.authorise(&request.origin).map_err(|denied| {
            let kind = if denied == Denied::Offline { FailureKind::Offline } else { FailureKind::Scope };
            prepare(kind, denied.error().to_string())
        })?;
        scope.permits(&request.method).map_err(|denied| prepare(FailureKind::Scope, denied.error().to_string()))?;
        let (mut choice, mut expressed) = decide(request, policy)
            .map_err(|why| prepare(FailureKind::Inexpressible, format!("{why}; nothing was sent")))?;
        if let Some(why) = raw {
            choice = choice.raw(why);
        }
        let mut bytes = if choice.http1 == Sender::Raw { written(request) } else { Bytes::new() };
        // The connection goes through a plain-http proxy: the target is absolute-form.
        if let Some(route) = self.dialer.proxies.forward(&request.origin, choice.offers) {
            let forwarded = match (choice.http1, expressed.as_mut()) {
                (Sender::Hyper, Some(expressed)) => route.express(request, expressed).map(|altered| (bytes, altered)),
                _ => route.written(request),
            };
            (bytes, choice.by_proxy) =
                forwarded.map_err(|why| prepare(FailureKind::Inexpressible, format!("{why}; nothing was sent")))?;
        }
        if expressed.is_none() && scope.is_read_only() && !one_head(&bytes) {
            let why = "this run is read-only, and bytes that are more than one head without a body could hold a second \
                       request; nothing was sent";
            return Err(prepare(FailureKind::Scope, why.to_owned()));
        }
        let kind = Kind {
            origin: request.origin.clone(),
            http: choice.offers,
            insecure: policy.insecure,
            casing: choice.casing(expressed.as_ref()),
            certificate: request.identity.clone().filter(|name| self.dialer.certificates.contains_key(name)),
        };
        let intent = Intent {
            id: course.exchange.id,
            origin,
            remote: std::net::SocketAddr::from(([0, 0, 0, 0], 0)),
            method: display(&request.method),
            url: format!("{}{}", request.origin, display(&mask_target(&request.target))),
            identity: request.identity.clone(),
        };
        course.presents = kind.certificate.is_some() || self.dialer.presents(&token);
        let policy = Policy { http: choice.offers, ..*policy };
        course.carried(&choice, false);
        Ok(Ready { token, choice, expressed, bytes, kind, intent, policy })
    }

    async fn run(
        &self,
        course: &mut Course,
        origin: &'static str,
        policy: &Policy,
        raw: Option<&str>,
        source: Source<'_>,
    ) -> Result<(), Failure> {
        let mut ready = self.ready(course, origin, policy, raw)?;
        let by = course.began + policy.deadlines.total;
        let mut timer = Timer::new(by, policy.deadlines.total);
        let mut source = source;
        let idle = match &mut source {
            Source::Pool if policy.fresh => None,
            Source::Pool => self.pool.take(&ready.kind, &mut timer).await,
            Source::Own(own) => match own.take() {
                Some(mut open) => (!open.sender.is_closed() && open.settle(&mut timer).await).then_some(open),
                None => None,
            },
        };
        let mut open = if let Some(open) = idle {
            ready.intent.remote = open.connection.remote;
            self.keep_record(&ready.intent)?;
            open
        } else {
            self.open(course, &mut ready, by, None).await?
        };
        let linger = policy.fresh && matches!(source, Source::Pool);
        let keep =
            carry(course, &mut open, ready.expressed, ready.bytes, &ready.choice, linger, policy, &mut timer).await?;
        if let Some(failure) = self.dialer.refused_by_proxy(&course.exchange, policy) {
            return Err(failure);
        }
        open.connection.reused = true;
        match source {
            // A connection that was opened for one exchange ends with it: nobody may ever come for it.
            Source::Pool if keep && !policy.fresh => self.pool.give_back(ready.kind, open),
            Source::Own(own) if keep => *own = Some(open),
            _ => {}
        }
        Ok(())
    }

    fn keep_record(&self, intent: &Intent) -> Result<(), Failure> {
        self.record
            .intent(intent)
            .map_err(|e| prepare(FailureKind::Record, format!("the record cannot be kept, so nothing was sent: {e}")))
    }

    /// Opens a connection, for the sender that the choice names and the version that was agreed on; on HTTP/2 behind a gate,
    /// where there is one.
    async fn open(
        &self,
        course: &mut Course,
        ready: &mut Ready,
        whole_by: Instant,
        gate: Option<&Gate>,
    ) -> Result<Open, Failure> {
        let (token, policy) = (&ready.token, &ready.policy);
        course.phase = Phase::Dns;
        let by = whole_by.min(Instant::now() + policy.deadlines.connect);
        let addresses = self.dialer.resolve(token, by, &mut course.dialled).await?;
        if let Some(first) = addresses.first() {
            ready.intent.remote = *first;
        }
        self.keep_record(&ready.intent)?;
        course.phase = Phase::Connect;
        let tcp = self.dialer.connect(token, &addresses, by, policy, &mut course.dialled).await?;
        course.phase = Phase::Tls;
        let certificate = ready.kind.certificate.as_ref().and_then(|name| self.dialer.certificates.get(name));
        let stream = self.dialer.secure(token, tcp, whole_by, policy, certificate, &mut course.dialled).await?;
        course.phase = Phase::Send;
        let (stream, tap) = Tapped::new(stream);
        let http2 = match policy.http {
            HttpChoice::Http2 => true,
            HttpChoice::Http1 => false,
            HttpChoice::Auto => course.dialled.alpn.as_deref() == Some("h2"),
        };
        let sender = if !http2 && ready.choice.http1 == Sender::Raw {
            Protocol::Raw(Box::new(stream))
        } else {
            by_hyper::shake(stream, http2, ready.kind.casing, gate, policy).await?
        };
        let connection = course.dialled.connection().ok_or_else(|| Failure {
            phase: Phase::Connect,
            kind: FailureKind::Unreachable,
            message: "the connection has no address".to_owned(),
        })?;
        Ok(Open { sender, tap, connection, tls: course.dialled.tls.clone() })
    }
}

/// Sends over an open connection, and reads the reply to its end. True where the connection may serve another request.
#[expect(clippy::too_many_arguments, reason = "all that one exchange is made of")]
async fn carry(
    course: &mut Course,
    open: &mut Open,
    expressed: Option<Expressed>,
    bytes: Bytes,
    choice: &Choice,
    linger: bool,
    policy: &Policy,
    timer: &mut Timer,
) -> Result<bool, Failure> {
    course.on(open, choice);
    if matches!(open.sender, Protocol::Raw(_)) {
        return raw::carry(course, open, bytes, linger, policy, timer).await;
    }
    let expressed = expressed.ok_or_else(|| {
        prepare(FailureKind::Inexpressible, "this cannot be sent as typed over that connection".to_owned())
    })?;
    by_hyper::carry(course, open, expressed, false, policy, timer).await.map(|()| true)
}

impl Course {
    /// Notes the connection that carries it, and with that the sender.
    fn on(&mut self, open: &Open, choice: &Choice) {
        self.exchange.connection = Some(open.connection.clone());
        self.exchange.tls.clone_from(&open.tls);
        self.carried(choice, matches!(open.sender, Protocol::H2(_)));
    }

    fn carried(&mut self, choice: &Choice, http2: bool) {
        let x = &mut self.exchange;
        x.http2 = http2;
        x.sender = if http2 { Sender::Hyper } else { choice.http1 };
        x.sender_reason = choice.reason.clone().filter(|_| !http2);
        x.altered = if http2 { choice.altered.clone() } else { choice.by_proxy.clone() };
    }

    /// The failure of one that was stopped.
    fn cancelled(&self) -> Failure {
        Failure {
            phase: self.phase,
            kind: FailureKind::Cancelled,
            message: "stopped before the reply was whole".to_owned(),
        }
    }
}

/// True for a new connection whose server asked for a client certificate: in TLS 1.3 it judges the answer only after the
/// handshake (RFC 8446 section 4.4.2.4).
fn is_refused_for_certificate(course: &Course) -> bool {
    course.exchange.tls.as_ref().is_some_and(|t| t.client_certificate_requested)
        && course.exchange.connection.as_ref().is_some_and(|c| !c.reused)
}

/// The words for a connection that ended under an exchange.
fn broken(io: &std::io::Error, course: &Course) -> (FailureKind, String) {
    let alert = io.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    if let Some(rustls::Error::AlertReceived(alert)) = alert
        && is_refused_for_certificate(course)
    {
        return (FailureKind::Tls, super::refusal::certificate_words(Some(*alert), course.presents));
    }
    if io.kind() == std::io::ErrorKind::UnexpectedEof {
        return (FailureKind::Closed, "the server closed the connection in the middle of the body".to_owned());
    }
    (FailureKind::Closed, format!("the connection broke: {}", display_str(&io.to_string())))
}
