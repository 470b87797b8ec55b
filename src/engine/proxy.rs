//! Proxies: which of them a request goes through, and the talk that opens the way behind one. Every byte that a proxy answers
//! is foreign: it is capped, waited for within the deadline of the connection, and kept.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderValue;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

use crate::base::secret::mask_url;
use crate::base::text::{display, display_str};
use crate::base::{Secret, known};
use crate::wire::http1::written;
use crate::wire::proxy::{Except, Speaks};
use crate::wire::{Alteration, HttpChoice, Origin, Proxy, Request, Scheme};

use super::express::Expressed;

/// Bytes of a reply to CONNECT that are read.
const MOST_REPLY: usize = 16 << 10;
/// How long the body of a refusal is waited for.
const REFUSAL: Duration = Duration::from_millis(300);

/// A proxy with its secret.
#[derive(Debug, Clone)]
pub struct Route {
    /// The proxy.
    pub proxy: Proxy,
    /// The password of its user.
    pub password: Option<Secret>,
}

/// The proxies of a run, by the scheme of what is asked for.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    /// For plain http.
    pub http: Option<Arc<Route>>,
    /// For https.
    pub https: Option<Arc<Route>>,
    /// Who is reached without one.
    pub except: Except,
}

impl Proxies {
    /// One proxy for everything.
    pub fn all(route: Route) -> Self {
        let route = Arc::new(route);
        Self { http: Some(Arc::clone(&route)), https: Some(route), except: Except::default() }
    }

    /// The proxy that leads to an origin.
    pub fn of(&self, origin: &Origin) -> Option<&Arc<Route>> {
        let route = match origin.scheme {
            Scheme::Http => self.http.as_ref(),
            Scheme::Https => self.https.as_ref(),
        };
        route.filter(|_| !self.except.covers(origin))
    }

    /// The proxy that is asked for the target itself: the connection ends at it, so the target on the request line is
    /// absolute-form (RFC 9112 section 3.2.2). For all else it opens a way and sees bytes alone.
    pub fn forward(&self, origin: &Origin, http: HttpChoice) -> Option<&Arc<Route>> {
        let speaks = |r: &&Arc<Route>| r.proxy.speaks == Speaks::Http;
        self.of(origin).filter(|_| origin.scheme == Scheme::Http && http != HttpChoice::Http2).filter(speaks)
    }

    /// Each of them, once.
    pub(super) fn each(&self) -> impl Iterator<Item = &Arc<Route>> {
        let both = [self.http.as_ref(), self.https.as_ref()];
        let same = matches!(both, [Some(a), Some(b)] if a.proxy == b.proxy);
        both.into_iter().flatten().take(if same { 1 } else { 2 })
    }
}

/// What a proxy is asked to reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Goal {
    /// A name that it looks up itself.
    Name(String, u16),
    /// An address that was judged here.
    Address(std::net::SocketAddr),
}

impl Goal {
    fn authority(&self) -> String {
        match self {
            Self::Name(host, port) if host.contains(':') => format!("[{host}]:{port}"),
            Self::Name(host, port) => format!("{host}:{port}"),
            Self::Address(address) => address.to_string(),
        }
    }
}

/// Why a proxy did not open the way.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It said no: in words, with what to do.
    Said(String),
    /// It broke off, or what it says is not its protocol.
    Broke(String),
}

/// What a proxy has to be sent to forward a request.
struct Forwarded {
    /// The target in absolute-form.
    absolute: Vec<u8>,
    /// The credential, where it wants one and none is typed.
    credential: Option<String>,
    altered: Vec<Alteration>,
}

impl Route {
    /// `Basic` and the credential (RFC 7617 section 2), where it has one.
    fn authorization(&self) -> Option<String> {
        let (user, _) = self.proxy.user.as_ref()?;
        let mut pair = format!("{user}:").into_bytes();
        pair.extend_from_slice(self.password.as_ref().map_or(b"", Secret::expose));
        let encoded = STANDARD.encode(&pair);
        known::learn(encoded.as_bytes());
        Some(format!("Basic {encoded}"))
    }

    /// A target as this proxy reads it, and what else it changes: for whatever writes the request line.
    pub fn target(&self, origin: &Origin, target: &[u8]) -> Vec<u8> {
        [format!("http://{}", origin.authority()).as_bytes(), target].concat()
    }

    /// What this proxy has to be sent to forward a request, and what of that is altered.
    ///
    /// # Errors
    /// A target that has no absolute-form.
    fn forwarded(&self, request: &Request) -> Result<Forwarded, String> {
        let (origin, target) = (&request.origin, &request.target);
        // `*` for a proxy is a URL without a path (RFC 9112 section 3.2.4), which nobody types here.
        if target.first() != Some(&b'/') {
            return Err(format!(
                "the proxy {} takes absolute targets only, and {} has no such form",
                self.proxy,
                display(&mask_url(target))
            ));
        }
        let absolute = self.target(origin, target);
        let mut changed = vec![format!("the target is sent as {}", display(&mask_url(&absolute)))];
        let credential = self.authorization().filter(|_| request.get("proxy-authorization").is_none());
        if credential.is_some() {
            changed.push("Proxy-Authorization is added".to_owned());
        }
        if request.get("host").is_some_and(|h| h != origin.authority().as_bytes()) {
            changed.push("a proxy reads the host from the target, and replaces Host by it".to_owned());
        }
        let altered = changed.into_iter().map(|what| Alteration { by: "proxy".into(), what }).collect();
        Ok(Forwarded { absolute, credential, altered })
    }

    /// Turns a request in hyper's terms into one that this proxy forwards, and says what is altered.
    ///
    /// # Errors
    /// A target that has no absolute-form.
    pub(super) fn express(&self, request: &Request, expressed: &mut Expressed) -> Result<Vec<Alteration>, String> {
        let Forwarded { absolute, credential, altered } = self.forwarded(request)?;
        let no = || format!("the proxy {} cannot be asked for {}", self.proxy, display(&mask_url(&absolute)));
        let uri = http::Uri::try_from(absolute.as_slice()).ok().filter(|u| u.to_string().as_bytes() == absolute);
        expressed.target = uri.ok_or_else(no)?;
        if let Some(credential) = credential {
            let mut value = HeaderValue::try_from(credential).map_err(|_| no())?;
            value.set_sensitive(true);
            expressed.headers.insert("proxy-authorization", value);
        }
        Ok(altered)
    }

    /// The bytes of a request that this proxy forwards, and what of it is altered. Bytes that are given whole stay as they are.
    ///
    /// # Errors
    /// A target that has no absolute-form.
    pub(super) fn written(&self, request: &Request) -> Result<(Bytes, Vec<Alteration>), String> {
        if request.raw.is_some() {
            return Ok((written(request), Vec::new()));
        }
        let Forwarded { absolute, credential, altered } = self.forwarded(request)?;
        let mut forwarded = Request { target: absolute, ..request.clone() };
        forwarded.headers.extend(credential.map(|c| (b"Proxy-Authorization".to_vec(), c.into_bytes())));
        Ok((written(&forwarded), altered))
    }

    /// Asks for the way to `goal`. All that the proxy answers is added to `answer`.
    ///
    /// # Errors
    /// It refused, or broke off.
    pub(super) async fn open<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        goal: &Goal,
        by: Instant,
        answer: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let talk = async {
            match self.proxy.speaks {
                Speaks::Http => self.connect(stream, goal, answer).await,
                Speaks::Socks5 | Speaks::Socks5h => self.socks(stream, goal, answer).await,
            }
        };
        timeout_at(by, talk).await.unwrap_or_else(|_| Err(Refusal::Broke("did not answer in time".to_owned())))
    }

    /// CONNECT (RFC 9110 section 9.3.6).
    async fn connect<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        goal: &Goal,
        answer: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let authority = goal.authority();
        let mut ask = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
        if let Some(credential) = self.authorization() {
            ask.extend(["Proxy-Authorization: ", &credential, "\r\n"]);
        }
        ask.push_str("\r\n");
        stream.write_all(ask.as_bytes()).await.map_err(|e| broke(&e))?;
        loop {
            let begin = answer.len();
            // A byte at a time: what follows the head belongs to who is behind it.
            while !answer[begin..].ends_with(b"\r\n\r\n") && !answer[begin..].ends_with(b"\n\n") {
                if answer.len() >= MOST_REPLY {
                    return Err(Refusal::Broke(format!("answered with more than {MOST_REPLY} bytes of head")));
                }
                answer.push(stream.read_u8().await.map_err(|e| broke(&e))?);
                if begin == 0 && !b"HTTP/".starts_with(&answer[..answer.len().min(5)]) {
                    return Err(Refusal::Broke("does not speak HTTP".to_owned()));
                }
            }
            let line = answer[begin..].split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
            let status: Option<u16> = line
                .split(|b| *b == b' ')
                .nth(1)
                .and_then(|s| std::str::from_utf8(s).ok())
                .and_then(|s| s.parse().ok());
            match status {
                Some(100..=199) => {}
                Some(200..=299) => return Ok(()),
                Some(status) => {
                    let line =
                        display(line.get(line.iter().position(|b| *b == b' ').map_or(0, |i| i + 1)..).unwrap_or(line));
                    refusal_body(stream, answer).await;
                    return Err(Refusal::Said(self.words(status, &line, &authority)));
                }
                None => return Err(Refusal::Broke("answered without a status".to_owned())),
            }
        }
    }

    fn words(&self, status: u16, line: &str, authority: &str) -> String {
        let authority = display_str(authority);
        match (status, &self.proxy.user) {
            (407, None) => format!("wants a credential ({line}); write USER:SECRET@ before its host"),
            // Some answer a wrong credential with the status of an origin.
            (401 | 407, Some((user, _))) => {
                format!("does not take the credential of {} ({line}); check its secret", display_str(user))
            }
            (403 | 405, _) => format!("does not let {authority} through ({line}); look at its rules"),
            (500.., _) => format!("does not reach {authority} ({line}); try without it, or another one"),
            _ => format!("refused the way to {authority} ({line})"),
        }
    }

    /// SOCKS version 5 (RFC 1928), with a user name and a password (RFC 1929) where there is one.
    async fn socks<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        goal: &Goal,
        answer: &mut Vec<u8>,
    ) -> Result<(), Refusal> {
        let methods: &[u8] = if self.proxy.user.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
        stream.write_all(methods).await.map_err(|e| broke(&e))?;
        let [version, method] = take(stream, answer).await?;
        if version != 5 {
            return Err(Refusal::Broke("does not speak SOCKS version 5".to_owned()));
        }
        match (method, &self.proxy.user) {
            (0, _) => {}
            (2, Some((user, _))) => {
                let password = self.password.as_ref().map_or(&b""[..], Secret::expose);
                let (Ok(name), Ok(word)) = (u8::try_from(user.len()), u8::try_from(password.len())) else {
                    return Err(Refusal::Broke("takes at most 255 bytes of a name and of a password".to_owned()));
                };
                let ask = [&[1, name], user.as_bytes(), &[word], password].concat();
                stream.write_all(&ask).await.map_err(|e| broke(&e))?;
                let [_, status] = take(stream, answer).await?;
                if status != 0 {
                    let user = display_str(user);
                    return Err(Refusal::Said(format!(
                        "does not take the credential of {user} (status {status}); check its secret"
                    )));
                }
            }
            (0xff, None) => {
                return Err(Refusal::Said(
                    "wants a credential (method 255); write USER:SECRET@ before its host".to_owned(),
                ));
            }
            (method, _) => {
                return Err(Refusal::Said(format!("takes no way of authentication that is offered (method {method})")));
            }
        }
        let (kind, place, port) = match goal {
            Goal::Address(std::net::SocketAddr::V4(a)) => (1, a.ip().octets().to_vec(), a.port()),
            Goal::Address(std::net::SocketAddr::V6(a)) => (4, a.ip().octets().to_vec(), a.port()),
            Goal::Name(host, port) => {
                let length = u8::try_from(host.len())
                    .map_err(|_| Refusal::Broke("takes names of at most 255 bytes".to_owned()))?;
                (3, [&[length], host.as_bytes()].concat(), *port)
            }
        };
        let ask = [&[5, 1, 0, kind][..], &place, &port.to_be_bytes()].concat();
        stream.write_all(&ask).await.map_err(|e| broke(&e))?;
        let [version, code, _, kind] = take(stream, answer).await?;
        if version != 5 {
            return Err(Refusal::Broke("does not speak SOCKS version 5".to_owned()));
        }
        if code != 0 {
            return Err(Refusal::Said(format!(
                "does not reach {}: {} (code {code})",
                display_str(&goal.authority()),
                reply_words(code)
            )));
        }
        // The address it sends from, which says nothing to us, has to be read before the first byte of the target.
        match kind {
            1 => drop(take::<6, S>(stream, answer).await?),
            4 => drop(take::<18, S>(stream, answer).await?),
            3 => {
                let [length] = take(stream, answer).await?;
                for _ in 0..u16::from(length) + 2 {
                    let _: [u8; 1] = take(stream, answer).await?;
                }
            }
            _ => return Err(Refusal::Broke("answered with an address of no known kind".to_owned())),
        }
        Ok(())
    }
}

/// A reply code of SOCKS in words (RFC 1928 section 6).
fn reply_words(code: u8) -> &'static str {
    match code {
        1 => "general failure of the proxy",
        2 => "not allowed by its rules",
        3 => "network unreachable",
        4 => "host unreachable",
        5 => "connection refused",
        6 => "time to live expired",
        7 => "it does not know the command",
        8 => "it does not know this kind of address",
        _ => "a code without a meaning",
    }
}

fn broke(e: &std::io::Error) -> Refusal {
    Refusal::Broke(match e.kind() {
        std::io::ErrorKind::UnexpectedEof => "closed the connection before it had answered".to_owned(),
        _ => format!("broke off: {}", display_str(&e.to_string())),
    })
}

async fn take<const N: usize, S: AsyncRead + Unpin>(stream: &mut S, answer: &mut Vec<u8>) -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    for byte in &mut bytes {
        *byte = stream.read_u8().await.map_err(|e| broke(&e))?;
        answer.push(*byte);
    }
    Ok(bytes)
}

/// As much of the body of a refusal as comes soon: it says why.
async fn refusal_body<S: AsyncRead + Unpin>(stream: &mut S, answer: &mut Vec<u8>) {
    let by = Instant::now() + REFUSAL;
    let most = u64::try_from(MOST_REPLY.saturating_sub(answer.len())).unwrap_or(0);
    let mut rest = stream.take(most);
    while let Ok(Ok(1..)) = timeout_at(by, rest.read_buf(answer)).await {}
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::io::duplex;

    use super::*;

    fn route(typed: &str) -> Route {
        let proxy = Proxy::parse(typed).expect("a proxy");
        let password = proxy.user.as_ref().and_then(|(_, s)| s.as_ref()).map(|_| "pa55word".into());
        Route { proxy, password }
    }

    /// What the client of a proxy makes of these bytes, what it sent, and what is left of them for who is behind.
    fn talk(typed: &str, goal: &Goal, reply: &[u8]) -> (Result<(), Refusal>, Vec<u8>, Vec<u8>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let (mut near, mut far) = duplex(1 << 16);
            far.write_all(reply).await.expect("room");
            far.shutdown().await.expect("open");
            let mut answer = Vec::new();
            let by = Instant::now() + Duration::from_secs(5);
            let ended = route(typed).open(&mut near, goal, by, &mut answer).await;
            let mut left = Vec::new();
            let _ = near.read_to_end(&mut left).await;
            drop(near);
            let mut sent = Vec::new();
            let _ = far.read_to_end(&mut sent).await;
            assert!(reply.starts_with(&answer));
            (ended, sent, left)
        })
    }

    fn name() -> Goal {
        Goal::Name("api.test".to_owned(), 443)
    }

    #[test]
    fn connect_asks_for_the_name_and_leaves_what_follows() {
        let (ended, sent, left) =
            talk("p:1", &name(), b"HTTP/1.1 100 Go\r\n\r\nHTTP/1.0 200 OK\r\nVia: x\r\n\r\nHELLO");
        assert_eq!((ended, left.as_slice()), (Ok(()), &b"HELLO"[..]));
        assert_eq!(sent, b"CONNECT api.test:443 HTTP/1.1\r\nHost: api.test:443\r\n\r\n");
        let (_, sent, _) = talk("al:x@p:1", &Goal::Address("[::1]:8".parse().expect("an address")), b"");
        assert_eq!(
            sent,
            b"CONNECT [::1]:8 HTTP/1.1\r\nHost: [::1]:8\r\nProxy-Authorization: Basic YWw6cGE1NXdvcmQ=\r\n\r\n"
        );
    }

    #[test]
    fn a_refusal_is_told_in_words() {
        let http =
            |typed: &str, reply: &str| format!("{:?}", talk(typed, &name(), reply.as_bytes()).0.expect_err(reply));
        for (typed, reply, words) in [
            ("p:1", "HTTP/1.1 407 Auth\r\n\r\n", "Said(\"wants a credential (407 Auth)"),
            ("al:x@p:1", "HTTP/1.1 407 Auth\r\n\r\n", "does not take the credential of al (407 Auth)"),
            ("p:1", "HTTP/1.1 403 No\r\n\r\nbecause", "does not let api.test:443 through (403 No)"),
            ("p:1", "HTTP/1.1 502 Bad\r\n\r\n", "does not reach api.test:443 (502 Bad)"),
            ("p:1", "HTTP/1.1 302 Go\r\n\r\n", "refused the way to api.test:443 (302 Go)"),
            ("p:1", "SSH-2.0-x\r\n", "Broke(\"does not speak HTTP"),
            ("p:1", "HTTP/1.1 \r\n\r\n", "without a status"),
            ("p:1", "HTTP/1.1 200", "closed the connection"),
            ("p:1", &format!("HTTP/1.1 200 OK\r\n{}", "a: b\r\n".repeat(4_000)), "bytes of head"),
        ] {
            let said = http(typed, reply);
            assert!(said.contains(words), "{reply:.40}: {said}");
        }
    }

    #[test]
    fn socks_sends_names_or_addresses_and_its_codes_have_words() {
        let ok = [5, 0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, b'H'];
        let (ended, sent, left) = talk("socks5h://p:1", &name(), &ok);
        assert_eq!((ended, left.as_slice()), (Ok(()), &b"H"[..]));
        assert_eq!(sent, [&[5, 1, 0, 5, 1, 0, 3, 8][..], b"api.test", &[1, 187]].concat());
        let (_, sent, _) = talk("socks5://p:1", &Goal::Address("10.0.0.1:80".parse().expect("an address")), &ok);
        assert_eq!(sent, [5, 1, 0, 5, 1, 0, 1, 10, 0, 0, 1, 0, 80]);
        let named = [5, 2, 1, 0, 5, 0, 0, 3, 2, b'a', b'b', 0, 1, b'H'];
        let (ended, sent, left) = talk("socks5h://al:x@p:1", &name(), &named);
        assert_eq!((ended, left.as_slice()), (Ok(()), &b"H"[..]));
        assert!(sent.starts_with(&[&[5, 2, 0, 2, 1, 2][..], b"al", &[8], b"pa55word"].concat()));
        let fails = |typed: &str, reply: &[u8]| format!("{:?}", talk(typed, &name(), reply).0.expect_err("refused"));
        for (code, words) in [
            (1, "general failure"),
            (2, "not allowed"),
            (3, "network"),
            (4, "host"),
            (5, "refused"),
            (6, "time"),
            (7, "command"),
            (8, "address"),
            (9, "meaning"),
        ] {
            let said = fails("socks5h://p:1", &[5, 0, 5, code, 0, 1]);
            assert!(said.contains(words) && said.contains(&format!("(code {code})")), "{said}");
        }
        assert!(fails("socks5h://p:1", &[5, 0xff]).contains("wants a credential"));
        assert!(fails("socks5h://al:x@p:1", &[5, 2, 1, 1]).contains("does not take the credential of al"));
        assert!(fails("socks5h://p:1", b"HTTP/1.1 400 Bad").contains("does not speak SOCKS"));
        assert!(fails("socks5h://p:1", &[5, 0, 5, 0, 0, 9]).contains("no known kind"));
    }

    proptest! {
        #[test]
        fn whatever_a_proxy_says_ends_in_words(http in any::<bool>(), reply in proptest::collection::vec(any::<u8>(), 0..200)) {
            let reply = if http { [b"HTTP/1.1 ".as_slice(), &reply].concat() } else { reply };
            for typed in ["http://p:1", "socks5h://al:x@p:1"] {
                if let (Err(Refusal::Said(words) | Refusal::Broke(words)), ..) = talk(typed, &name(), &reply) {
                    prop_assert!(!words.is_empty() && !words.chars().any(char::is_control));
                }
            }
        }
    }
}
