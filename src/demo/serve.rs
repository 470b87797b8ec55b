//! Sockets of the practice API: HTTP/1.1 and HTTP/2, plain and over TLS.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use super::doors::{self, Doors};
use super::flaws;
use super::http::{Answer, Question};
use super::log::{Line, Served};
use super::routes::{self, Route};
use super::shop::Shop;

/// Connections at once; more wait in the queue of the listener.
const CONNECTIONS: usize = 512;
/// Largest body taken, in bytes.
const BODY: usize = 64 << 10;
/// How long a handshake or a request head may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shop and what it has served.
pub struct Service {
    shop: Mutex<Shop>,
    doors: Doors,
    served: Arc<Served>,
    http: String,
    https: String,
    safe: bool,
}

impl Service {
    /// A shop as it opens, with its mistakes or, safely, without.
    pub fn new(served: Arc<Served>, http: SocketAddr, https: SocketAddr, safe: bool) -> Self {
        let (http, https) = (format!("http://{http}"), format!("https://{https}"));
        let mut shop = Shop::default();
        if safe {
            shop.secret = doors::secret().to_vec();
        }
        Self { shop: Mutex::new(shop), doors: Doors::new(safe), served, http, https, safe }
    }
}

/// Accepts connections on a runtime task until the runtime ends. Called inside the runtime.
pub fn listen(
    listener: std::net::TcpListener,
    tls: Option<Arc<ServerConfig>>,
    service: Arc<Service>,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let tls = tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    tokio::spawn(async move {
        while let Ok(place) = places.clone().acquire_owned().await {
            let Ok((stream, peer)) = listener.accept().await else {
                // Out of file descriptors, most likely: let some connections end.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let (tls, service) = (tls.clone(), service.clone());
            tokio::spawn(async move {
                connection(stream, peer, tls, service).await;
                drop(place);
            });
        }
    });
    Ok(())
}

async fn connection(stream: TcpStream, peer: SocketAddr, tls: Option<TlsAcceptor>, service: Arc<Service>) {
    // Small replies leave at once.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        // HTTP/2 with prior knowledge (RFC 9113 section 3.3) begins with `PRI `, which no method does.
        let mut start = [0; 4];
        let h2 =
            matches!(tokio::time::timeout(PATIENCE, stream.peek(&mut start)).await, Ok(Ok(4))) && &start == b"PRI ";
        return speak(stream, h2, peer, false, service).await;
    };
    if let Ok(Ok(stream)) = tokio::time::timeout(PATIENCE, tls.accept(stream)).await {
        let h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        speak(stream, h2, peer, true, service).await;
    }
}

async fn speak<S>(stream: S, h2: bool, peer: SocketAddr, tls: bool, service: Arc<Service>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handler = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(respond(&service, request, peer, tls).await) }
    });
    let io = TokioIo::new(stream);
    // How a connection ends is the client's affair; there is nobody to tell.
    let _ = if h2 {
        hyper::server::conn::http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .max_concurrent_streams(100)
            .serve_connection(io, handler)
            .await
    } else {
        hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE * 6)
            .serve_connection(io, handler)
            .await
    };
}

async fn respond(service: &Service, request: Request<Incoming>, peer: SocketAddr, tls: bool) -> Response<Full<Bytes>> {
    let started = Instant::now();
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("*", hyper::http::uri::PathAndQuery::as_str).to_owned();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let now = SystemTime::now();
    let (answer, route) = match Limited::new(body, BODY).collect().await {
        Ok(body) => {
            let body = body.to_bytes();
            let question = Question {
                places: Vec::new(),
                query,
                authorization: text(&head.headers, &header::AUTHORIZATION),
                content_type: text(&head.headers, &header::CONTENT_TYPE),
                body: &body,
                base: if tls { &service.https } else { &service.http },
                now: now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |d| d.as_secs().cast_signed()),
            };
            match service.doors.answer(head.method.as_str(), path, &question).await {
                Some(answer) => (answer, None),
                None => routes::answer(&service.shop, head.method.as_str(), path, question),
            }
        }
        Err(_) => (Answer::problem(413, "the body is too large, or it broke off"), None),
    };
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    let body_bytes = if head.method == Method::HEAD { 0 } else { answer.body.len() };
    service.served.push(&Line {
        client: peer.ip(),
        time: now.into(),
        method: head.method.as_str(),
        target: &target,
        version: if head.version == hyper::Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" },
        status: answer.status,
        bytes: body_bytes as u64,
        referer: text(&head.headers, &header::REFERER).unwrap_or("-"),
        agent: text(&head.headers, &header::USER_AGENT).unwrap_or("-"),
        took: started.elapsed(),
    });
    let origin = head.headers.get(header::ORIGIN).and_then(|v| v.to_str().ok());
    if service.safe { build_safe(answer, tls) } else { build(answer, route, origin, tls) }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok())
}

/// Collects headers; a value that cannot be sent is left out.
#[derive(Default)]
struct Fields(HeaderMap);

impl Fields {
    fn put(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_str(value)) {
            self.0.append(name, value);
        }
    }

    fn respond(mut self, status: u16, body: Vec<u8>, tls: bool) -> Response<Full<Bytes>> {
        if tls {
            self.put("strict-transport-security", "max-age=31536000");
        }
        let mut response = Response::new(Full::new(Bytes::from(body)));
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        *response.headers_mut() = self.0;
        response
    }
}

fn build(answer: Answer, route: Option<&'static Route>, origin: Option<&str>, tls: bool) -> Response<Full<Bytes>> {
    let mut fields = Fields::default();
    // A route labels its good answers its own way; problems are always labelled right.
    let label = route.and_then(|r| r.mislabelled).filter(|_| answer.status < 400);
    fields.put("content-type", label.unwrap_or(answer.media));
    for (name, value) in route.map(|r| r.headers).unwrap_or_default() {
        fields.put(name, value);
    }
    for (name, value) in &answer.headers {
        fields.put(name, value);
    }
    if let (Some(origin), Some(trusts)) = (origin, route.and_then(|r| r.trusts))
        && trusts(origin)
    {
        fields.put("access-control-allow-origin", origin);
        fields.put("access-control-allow-credentials", "true");
    }
    fields.respond(answer.status, answer.body, tls)
}

/// The same answer with every mistake mended.
fn build_safe(answer: Answer, tls: bool) -> Response<Full<Bytes>> {
    let mut fields = Fields::default();
    fields.put("content-type", answer.media);
    for (name, value) in flaws::MENDED {
        fields.put(name, value);
    }
    for (name, value) in &answer.headers {
        if let Some(value) = flaws::mended(name, value) {
            fields.put(name, &value);
        }
    }
    fields.respond(answer.status, answer.body, tls)
}
