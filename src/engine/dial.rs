//! The one place that opens a connection: resolve, judge every address, connect, shake hands.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant as Deadline, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::base::text::display_str;
use crate::wire::address::classify;
use crate::wire::{
    Connection, Deadlines, Exchange, Failure, FailureKind, HttpChoice, Origin, Phase, Policy, Scheme, TlsFacts,
};

use super::certificate::{Certificates, ClientCertificate};
use super::proxy::{Goal, Proxies, Refusal, Route};
use super::refusal::Refused;
use super::scope::{Denied, Scope, ScopeToken};
use super::tls::{Trust, facts};
use super::under::Under;

/// How long the address of a host that is asked about is waited for.
const LOOK_UP: Duration = Duration::from_secs(5);
/// Addresses tried of one name.
const MOST_ADDRESSES: usize = 16;

/// A name given an address by the user for this run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Override {
    /// Name, lower case.
    pub host: String,
    /// Port it applies to.
    pub port: u16,
    /// Address to dial.
    pub address: IpAddr,
}

/// The server name sent in a TLS handshake, in place of the host's own (RFC 6066 section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sni {
    /// None at all.
    Hidden,
    /// This one; the certificate is judged against it.
    Name(String),
}

/// The one family of addresses that is dialled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    fn holds(self, address: IpAddr) -> bool {
        address.is_ipv4() == (self == Self::V4)
    }
}

/// Where to dial: the addresses of the target, or those of the proxy that leads to it.
#[derive(Debug)]
pub struct Addresses {
    dialled: Vec<SocketAddr>,
    through: Option<(Arc<Route>, Vec<Goal>)>,
}

impl Addresses {
    /// The one that is dialled first.
    pub fn first(&self) -> Option<&SocketAddr> {
        self.dialled.first()
    }
}

/// What a dial learnt, kept even when it failed.
#[derive(Debug, Default)]
pub struct Dialled {
    /// Resolution ended.
    pub resolved: Option<Instant>,
    /// Dial began (resolution of a literal takes no time and is not a phase).
    pub began: Option<Instant>,
    /// TCP connect ended.
    pub connected: Option<Instant>,
    /// TLS handshake ended.
    pub secured: Option<Instant>,
    /// Whether a name was looked up.
    pub looked_up: bool,
    /// Address connected to, and our end.
    pub ends: Option<(SocketAddr, SocketAddr)>,
    /// Facts of the handshake.
    pub tls: Option<TlsFacts>,
    /// Protocol agreed on.
    pub alpn: Option<String>,
    /// The proxy it goes through.
    pub proxy: Option<String>,
    /// What that proxy answered before it opened the way, or instead.
    pub answer: Vec<u8>,
}

impl Dialled {
    /// The connection, once there is one.
    pub fn connection(&self) -> Option<Connection> {
        let (remote, local) = self.ends?;
        let proxy_answer = self.answer.clone().into();
        Some(Connection {
            remote,
            local,
            alpn: self.alpn.clone(),
            reused: false,
            proxy: self.proxy.clone(),
            proxy_answer,
        })
    }
}

/// Either kind of stream.
#[derive(Debug)]
pub enum Stream {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP.
    Tls(Box<TlsStream<Under>>),
}

/// Opens connections within a scope.
#[derive(Debug)]
pub struct Dialer {
    /// Who may be talked to.
    pub scope: Scope,
    /// Whose certificates are trusted.
    pub trust: Trust,
    /// Names with an address given by the user.
    pub overrides: Vec<Override>,
    /// Certificates that identities present.
    pub certificates: Certificates,
    /// The certificate that is presented to the hosts typed in this run, where the identity has none of its own.
    pub certificate: Option<ClientCertificate>,
    /// Whether that one is presented to any host of the scope.
    pub certificate_anywhere: bool,
    /// Proxies.
    pub proxies: Proxies,
    /// What admits the proxies: a scope of their own, so that a proxy is no target.
    pub proxy_scope: Scope,
    /// The server name sent to the hosts typed in this run, in place of theirs.
    pub sni: Option<Sni>,
    /// The one family of addresses that is dialled.
    pub family: Option<Family>,
}

fn failure(phase: Phase, kind: FailureKind, message: impl Into<String>) -> Failure {
    Failure { phase, kind, message: message.into() }
}

impl Dialer {
    /// Resolves the host of a token, or the proxy that leads to it, and judges every address it has. Of a host that a proxy
    /// looks up the name is judged.
    ///
    /// # Errors
    /// A name that does not resolve in time, or an address that scope does not admit.
    pub async fn resolve(&self, token: &ScopeToken, by: Instant, out: &mut Dialled) -> Result<Addresses, Failure> {
        let origin = token.origin();
        out.began = Some(Instant::now());
        let Some(route) = self.proxies.of(origin) else {
            let addresses = self.addresses(origin, by, out).await?;
            out.resolved = Some(Instant::now());
            self.scope.judge(token, &addresses).map_err(|denied| refused(&denied))?;
            return Ok(Addresses { dialled: with_port(&addresses, origin.port), through: None });
        };
        out.proxy = Some(route.proxy.to_string());
        let goals = if route.proxy.speaks.looks_up() && self.override_of(origin).is_none() {
            self.scope.judge_unseen(token).map_err(|denied| refused(&denied))?;
            vec![Goal::Name(origin.host.clone(), origin.port)]
        } else {
            let addresses = self.addresses(origin, by, out).await?;
            self.scope.judge(token, &addresses).map_err(|denied| refused(&denied))?;
            with_port(&addresses, origin.port).into_iter().map(Goal::Address).collect()
        };
        let place = &route.proxy.origin;
        let proxy = self.proxy_scope.authorise(place).map_err(|denied| refused(&denied))?;
        let addresses = self.addresses(place, by, out).await.map_err(|f| of_proxy(route, &f))?;
        out.resolved = Some(Instant::now());
        self.proxy_scope.judge(&proxy, &addresses).map_err(|denied| of_proxy(route, &refused(&denied)))?;
        Ok(Addresses { dialled: with_port(&addresses, place.port), through: Some((Arc::clone(route), goals)) })
    }

    fn override_of(&self, origin: &Origin) -> Option<IpAddr> {
        self.overrides.iter().find(|o| o.host == origin.host && o.port == origin.port).map(|o| o.address)
    }

    /// The addresses of a host, of the family that is wanted.
    async fn addresses(&self, origin: &Origin, by: Instant, out: &mut Dialled) -> Result<Vec<IpAddr>, Failure> {
        let mut all = if let Some(address) = self.override_of(origin).or_else(|| origin.host.parse().ok()) {
            vec![address]
        } else {
            out.looked_up = true;
            lookup(origin, by).await?
        };
        let Some(family) = self.family else { return Ok(all) };
        all.retain(|a| family.holds(*a));
        if all.is_empty() {
            let (has, option) = if family == Family::V4 { ("IPv4", "-4") } else { ("IPv6", "-6") };
            let host = display_str(&origin.host);
            let message = format!("{host} has no {has} address; leave out {option}");
            return Err(failure(Phase::Dns, FailureKind::Dns, message));
        }
        Ok(all)
    }

    /// True when a certificate is there to present to this origin although its identity has none.
    pub fn presents(&self, token: &ScopeToken) -> bool {
        self.certificate.is_some() && (token.is_typed() || self.certificate_anywhere)
    }

    /// Where a host leads, in a few words, for one who has to decide about it.
    pub async fn where_to(&self, origin: &Origin) -> String {
        if let Some(route) = self.proxies.of(origin).filter(|r| r.proxy.speaks.looks_up()) {
            return format!("the proxy {} looks it up", route.proxy);
        }
        let addresses = match self.override_of(origin).or_else(|| origin.host.parse().ok()) {
            Some(address) => Ok(vec![address]),
            None if self.scope.is_offline() || self.scope.is_stopped() => return String::new(),
            None => lookup(origin, Instant::now() + LOOK_UP).await,
        };
        match addresses {
            Ok(all) => {
                let shown = all.iter().take(3).map(|a| format!("{a}, {}", classify(*a).words()));
                let more = if all.len() > 3 { format!(" and {} more", all.len() - 3) } else { String::new() };
                format!("{}{more}", shown.collect::<Vec<_>>().join("; "))
            }
            Err(failure) => failure.message,
        }
    }

    /// Connects to the first of `addresses` that answers before `by`, and asks a proxy there for the way to the target.
    ///
    /// # Errors
    /// The failure of the last address tried; what was learnt stands in `out`.
    pub async fn connect(
        &self,
        token: &ScopeToken,
        addresses: &Addresses,
        by: Instant,
        policy: &Policy,
        out: &mut Dialled,
    ) -> Result<TcpStream, Failure> {
        let Some((route, goals)) = &addresses.through else {
            return connect_any(&token.origin().host_port(), &addresses.dialled, by, &policy.deadlines, out).await;
        };
        let forwards = self.proxies.forward(token.origin(), policy.http).is_some();
        if forwards && goals.iter().any(|goal| matches!(goal, Goal::Address(_))) {
            let message = "a proxy for plain http looks up the host itself; leave out --resolve for it";
            return Err(failure(Phase::Prepare, FailureKind::Inexpressible, message));
        }
        let mut last = failure(Phase::Dns, FailureKind::Dns, "there is no address to ask the proxy for");
        for goal in goals {
            let shown = route.proxy.origin.host_port();
            let dialled = connect_any(&shown, &addresses.dialled, by, &policy.deadlines, out).await;
            let mut tcp = dialled.map_err(|f| of_proxy(route, &f))?;
            if forwards {
                return Ok(tcp);
            }
            let opened = route.open(&mut tcp, goal, Deadline::from_std(by), &mut out.answer).await;
            let (Refusal::Said(words) | Refusal::Broke(words)) = match opened {
                Ok(()) => {
                    out.connected = Some(Instant::now());
                    return Ok(tcp);
                }
                Err(refusal) => refusal,
            };
            last = failure(Phase::Connect, FailureKind::Proxy, format!("the proxy {} {words}", route.proxy));
        }
        Err(last)
    }

    /// The refusal of a proxy that forwards: 407 is its own answer and nobody else's (RFC 9110 section 15.5.8).
    pub fn refused_by_proxy(&self, x: &Exchange, policy: &Policy) -> Option<Failure> {
        let route = self.proxies.forward(&x.request.origin, policy.http).filter(|_| x.status() == Some(407))?;
        let words = match &route.proxy.user {
            None => "wants a credential (407); write USER:SECRET@ before its host",
            Some(_) => "does not take the credential it was given (407); check its secret",
        };
        Some(failure(Phase::Receive, FailureKind::Proxy, format!("the proxy {} {words}", route.proxy)))
    }

    /// Shakes hands where the scheme asks for it, within its own deadline and before `by`, with the certificate of an identity
    /// to present, or that of the run.
    ///
    /// # Errors
    /// The failure of the handshake; what was learnt stands in `out`.
    pub async fn secure(
        &self,
        token: &ScopeToken,
        tcp: TcpStream,
        by: Instant,
        policy: &Policy,
        certificate: Option<&ClientCertificate>,
        out: &mut Dialled,
    ) -> Result<Stream, Failure> {
        let origin = token.origin();
        if origin.scheme == Scheme::Http {
            return Ok(Stream::Plain(tcp));
        }
        let tls = |message: String| failure(Phase::Tls, FailureKind::Tls, message);
        let certificate = certificate.or_else(|| self.certificate.as_ref().filter(|_| self.presents(token)));
        let sni = self.sni.as_ref().filter(|_| token.is_typed());
        let host = match sni {
            Some(Sni::Name(name)) => name,
            _ => &origin.host,
        };
        let name = ServerName::try_from(host.clone())
            .map_err(|_| tls(format!("{} cannot be a TLS server name", display_str(host))))?;
        let hidden = sni == Some(&Sni::Hidden) || !matches!(name, ServerName::DnsName(_));
        let (config, recorded) =
            self.trust.handshake(policy.http, policy.insecure, certificate, hidden).map_err(tls)?;
        let sni = (!hidden).then(|| host.clone());
        let by = Deadline::from_std(by.min(Instant::now() + policy.deadlines.tls));
        let shaken =
            timeout_at(by, TlsConnector::from(Arc::clone(&config)).connect(name, Under::new(tcp)).into_fallible())
                .await;
        match shaken {
            Ok(Ok(stream)) => {
                out.secured = Some(Instant::now());
                let connection = stream.get_ref().1;
                out.alpn = connection.alpn_protocol().map(crate::base::text::display);
                out.tls = Some(facts(&recorded, Some(connection), sni));
                if policy.http == HttpChoice::Http2 && out.alpn.as_deref() != Some("h2") {
                    return Err(tls("the server did not agree to HTTP/2; leave out --http 2".to_owned()));
                }
                Ok(Stream::Tls(Box::new(stream)))
            }
            Ok(Err((error, under))) => {
                let facts = facts(&recorded, None, sni);
                let (error, first, facts, config) = (&error, under.first(), out.tls.insert(facts), &config);
                let refused = Refused { error, first, facts, origin, presented: certificate.is_some(), config };
                Err(tls(refused.words()))
            }
            Err(_) => {
                out.tls = Some(facts(&recorded, None, sni));
                Err(failure(
                    Phase::Tls,
                    FailureKind::Timeout,
                    format!(
                        "no TLS handshake within {} s; the port may speak plain http",
                        policy.deadlines.tls.as_secs_f32()
                    ),
                ))
            }
        }
    }
}

fn with_port(addresses: &[IpAddr], port: u16) -> Vec<SocketAddr> {
    addresses.iter().map(|a| SocketAddr::new(*a, port)).collect()
}

fn refused(denied: &Denied) -> Failure {
    failure(Phase::Prepare, FailureKind::Scope, denied.error().to_string())
}

/// A failure on the way to a proxy, which says so.
fn of_proxy(route: &Route, f: &Failure) -> Failure {
    Failure { message: format!("the proxy {}: {}", route.proxy, f.message), ..*f }
}

async fn lookup(origin: &Origin, by: Instant) -> Result<Vec<IpAddr>, Failure> {
    let shown = display_str(&origin.host);
    match timeout_at(Deadline::from_std(by), tokio::net::lookup_host((origin.host.as_str(), origin.port))).await {
        Ok(Ok(found)) => {
            let mut addresses: Vec<IpAddr> = Vec::new();
            for a in found.map(|s| s.ip()) {
                if !addresses.contains(&a) && addresses.len() < MOST_ADDRESSES {
                    addresses.push(a);
                }
            }
            if addresses.is_empty() {
                Err(failure(Phase::Dns, FailureKind::Dns, format!("{shown} has no address; check the name")))
            } else {
                Ok(addresses)
            }
        }
        Ok(Err(_)) => Err(failure(
            Phase::Dns,
            FailureKind::Dns,
            format!("{shown} does not resolve; check the name, or give an address with --resolve"),
        )),
        Err(_) => {
            Err(failure(Phase::Dns, FailureKind::Timeout, format!("no answer from the resolver for {shown} in time")))
        }
    }
}

async fn connect_any(
    host_port: &str,
    addresses: &[SocketAddr],
    by: Instant,
    deadlines: &Deadlines,
    out: &mut Dialled,
) -> Result<TcpStream, Failure> {
    let by = Deadline::from_std(by);
    let mut last = None;
    for (i, address) in addresses.iter().enumerate() {
        // Every address gets its share of what is left, so that a black hole first does not eat all of it.
        let left = by.saturating_duration_since(Deadline::now());
        let share = left / u32::try_from(addresses.len() - i).unwrap_or(1).max(1);
        match timeout_at(Deadline::now() + share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // A request is written in one go; waiting for more only delays it.
                let _ = tcp.set_nodelay(true);
                out.connected = Some(Instant::now());
                if let Ok(local) = tcp.local_addr() {
                    out.ends = Some((*address, local));
                }
                return Ok(tcp);
            }
            Ok(Err(e)) => last = Some((address, Some(e))),
            Err(_) => last = Some((address, None)),
        }
    }
    let shown = display_str(host_port);
    // A host given as an address is told once.
    let at = |address: &SocketAddr| {
        if address.to_string() == shown { shown.clone() } else { format!("{shown} ({address})") }
    };
    Err(match last {
        Some((address, Some(e))) if e.kind() == std::io::ErrorKind::ConnectionRefused => failure(
            Phase::Connect,
            FailureKind::Refused,
            format!("{} refused the connection; is a server listening on that port?", at(address)),
        ),
        Some((address, Some(e))) => failure(
            Phase::Connect,
            FailureKind::Unreachable,
            format!("{} cannot be reached: {}", at(address), display_str(&e.to_string())),
        ),
        Some((address, None)) => failure(
            Phase::Connect,
            FailureKind::Timeout,
            format!("{} did not answer within {} s", at(address), deadlines.connect.as_secs_f32()),
        ),
        None => failure(Phase::Dns, FailureKind::Dns, format!("{shown} has no address")),
    })
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_read(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write(cx, buf),
            Self::Tls(s) => Pin::new(s).poll_write(cx, buf),
        }
    }
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[std::io::IoSlice<'_>],
    ) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_write_vectored(cx, bufs),
            Self::Tls(s) => Pin::new(s).poll_write_vectored(cx, bufs),
        }
    }
    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(s) => s.is_write_vectored(),
            Self::Tls(s) => s.is_write_vectored(),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_flush(cx),
            Self::Tls(s) => Pin::new(s).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(s) => Pin::new(s).poll_shutdown(cx),
            Self::Tls(s) => Pin::new(s).poll_shutdown(cx),
        }
    }
}
