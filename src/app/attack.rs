//! Use case: what a server takes in place of a token.
//!
//! A plan is made first and shown; a run sends it. The keys that sign are those that were given, or the one that is guessed.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::base::hash::sha256_hex;
use crate::base::secret::{MASK, find_tokens};
use crate::base::text::display_str;
use crate::base::{Clock as _, Error, Result, Stamp, SystemClock};
use crate::checks::token as check;
use crate::engine::{Budget, Engine, Lane};
use crate::jwt::attack::{Course, Step};
use crate::jwt::crack::{self, Guessed};
use crate::jwt::forge::{self, Materials, Own};
use crate::jwt::{Decoded, Key};
use crate::wire::{BoxFuture, Exchange, Policy, Request, Transport};

use super::Keyring;

pub use crate::checks::token::Ran;

/// Requests of one run unless more are allowed.
pub const BUDGET: usize = 300;
/// Where a token stands unless it is said otherwise.
pub const BEARER: &str = "Authorization: Bearer {}";
/// How the place of a token is written.
pub const FORM: &str =
    "'Name: value {}' for a header or a cookie, '?name={}' for the query, 'body:text {}' for the body";

/// Where in a request the token stands; `{}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In the value of a header.
    Header(String, String),
    /// In the query, as this pair.
    Query(String),
    /// In the body.
    Body(String),
}

impl Place {
    /// Reads one, as [`FORM`] says.
    ///
    /// # Errors
    /// A text without exactly one `{}`, or of another form.
    pub fn parse(text: &str) -> Result<Self> {
        let fault =
            |why: &str| Error::input(why).at(format!("--where {}", display_str(text))).hint(format!("write {FORM}"));
        if text.matches("{}").count() != 1 {
            return Err(fault("the place of the token holds {} once"));
        }
        if let Some(pair) = text.strip_prefix('?') {
            return Ok(Self::Query(pair.to_owned()));
        }
        if let Some(body) = text.strip_prefix("body:") {
            return Ok(Self::Body(body.to_owned()));
        }
        let (name, value) = text.split_once(':').ok_or_else(|| fault("this is no place of a token"))?;
        let is_name = !name.is_empty() && name.bytes().all(crate::wire::request::is_name_byte);
        if !is_name || name.contains("{}") {
            return Err(fault("this is no name of a header"));
        }
        Ok(Self::Header(name.to_owned(), value.trim().to_owned()))
    }

    /// The place where a token stands in a request, which loses it: a header, a pair of the query or the body. Without one the
    /// place is [`BEARER`], and no credential is left beside it.
    pub fn taken_from(request: &mut Request) -> Self {
        let with_hole = |bytes: &[u8], at: std::ops::Range<usize>| {
            let part = |b: &[u8]| std::str::from_utf8(b).ok().filter(|t| !t.contains("{}")).map(str::to_owned);
            Some(format!("{}{{}}{}", part(&bytes[..at.start])?, part(&bytes[at.end..])?))
        };
        let first = |bytes: &[u8]| find_tokens(bytes).into_iter().next();
        for (i, (name, value)) in request.headers.iter().enumerate() {
            let text = first(value).and_then(|at| with_hole(value, at));
            if let (Some(value), Ok(name)) = (text, std::str::from_utf8(name)) {
                let place = Self::Header(name.to_owned(), value);
                request.headers.remove(i);
                return place;
            }
        }
        if let Some(from) = memchr::memchr(b'?', &request.target) {
            let pairs: Vec<&[u8]> = request.target[from + 1..].split(|b| *b == b'&').collect();
            let holed = |p: &&[u8]| first(p).and_then(|at| with_hole(p, at));
            if let Some((i, pair)) = pairs.iter().enumerate().find_map(|(i, p)| Some((i, holed(p)?))) {
                let rest: Vec<&[u8]> = pairs.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, p)| *p).collect();
                let query = rest.join(&b'&');
                request.target.truncate(from);
                if !query.is_empty() {
                    request.target.push(b'?');
                    request.target.extend(query);
                }
                return Self::Query(pair);
            }
        }
        if let Some(text) = first(&request.body).and_then(|at| with_hole(&request.body, at)) {
            return Self::Body(text);
        }
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"authorization"));
        Self::Header("Authorization".to_owned(), "Bearer {}".to_owned())
    }

    /// The request with a token in its place; without one the header or the pair is left out, and a body keeps nothing there.
    pub fn fill(&self, request: &Request, token: Option<&[u8]>) -> Request {
        let mut out = request.clone();
        match (self, token) {
            (Self::Header(name, value), Some(token)) => {
                let value = put(value, token);
                out.headers.push((name.as_bytes().to_vec(), value));
            }
            // Other cookies stay: what is asked is what the token does.
            (Self::Header(name, value), None) if name.eq_ignore_ascii_case("cookie") => {
                let rest: Vec<&str> = value.split(';').map(str::trim).filter(|c| !c.contains("{}")).collect();
                if !rest.is_empty() {
                    out.headers.push((name.as_bytes().to_vec(), rest.join("; ").into_bytes()));
                }
            }
            (Self::Header(..) | Self::Query(_), None) => {}
            (Self::Query(pair), Some(token)) => {
                out.target.push(if out.target.contains(&b'?') { b'&' } else { b'?' });
                out.target.extend(put(pair, &escaped(token)));
            }
            (Self::Body(text), token) => out.body = put(text, token.unwrap_or_default()).into(),
        }
        out
    }
}

fn put(text: &str, token: &[u8]) -> Vec<u8> {
    let (before, after) = text.split_once("{}").unwrap_or((text, ""));
    [before.as_bytes(), token, after.as_bytes()].concat()
}

/// A token as the value of a parameter: what is more than a letter of it is escaped.
fn escaped(token: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(token.len());
    for b in token {
        if b.is_ascii_alphanumeric() || b"-._~".contains(b) {
            out.push(*b);
        } else {
            out.extend(format!("%{b:02X}").bytes());
        }
    }
    out
}

/// What a run is made of.
pub struct Ask {
    /// The request, without the token.
    pub request: Request,
    /// Where the token goes.
    pub place: Place,
    /// The token, which the server takes.
    pub token: Decoded,
    /// Genuine tokens that it must refuse.
    pub others: Vec<Decoded>,
    /// Public keys of the issuer.
    pub keys: Vec<Key>,
    /// The key that signs, where it is known.
    pub signing: Option<Key>,
    /// Where our listener is reached: the address it binds, and how it is written in a URL.
    pub listen: Option<Reached>,
    /// Families to try; all when empty.
    pub only: Vec<String>,
}

/// An address of ours, as a server reaches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// What is bound.
    pub at: SocketAddr,
    /// Scheme, host and port as a server is told; without it those that are bound.
    pub url: Option<String>,
}

/// A run that has been planned.
pub struct Plan {
    ask: Ask,
    own: Own,
    /// The path of our listener that nobody else knows.
    prefix: String,
    /// The secret that was guessed, and where it is from.
    pub guessed: Option<Guessed>,
    now: Stamp,
}

impl Plan {
    /// Makes the keys, guesses the secret, and checks that every genuine token proves something.
    ///
    /// # Errors
    /// A token that speaks for nothing, a family that is none, or a machine that gives no randomness.
    pub fn new(mut ask: Ask) -> Result<Self> {
        let now = SystemClock.wall();
        for other in &ask.others {
            if forge::against(&ask.token, other, now.unix()).is_none() {
                return Err(Error::input(
                    "nothing speaks against this token: it is neither expired nor of another issuer or audience",
                )
                .at("--refused")
                .hint("give one that the server must refuse"));
            }
        }
        for id in &ask.only {
            if forge::family(id).is_none() {
                let near = crate::base::error::nearest(id, forge::FAMILIES.iter().map(|f| f.rule.id));
                let hint = near.map_or_else(
                    || "lunette jwt attack --dry-run lists them".to_owned(),
                    |n| format!("did you mean {n}?"),
                );
                return Err(Error::input("there is no such attack")
                    .at(format!("--only {}", display_str(id)))
                    .hint(hint));
            }
        }
        ask.signing = ask.signing.filter(|key| super::token::fits(&ask.token, key));
        let guessed = match &ask.signing {
            None => crack::guess(&ask.token, Some(&ask.request.origin.host)),
            Some(_) => None,
        };
        if let Some(guessed) = &guessed {
            ask.signing = Some(Key::secret(guessed.secret.as_bytes().to_vec()));
        }
        let own = Own::make()?;
        // A path that nobody can know, so that whoever asks for it has it from one of our tokens.
        let salt = sha256_hex(format!("{:?} {}", SystemClock.instant(), std::process::id()).as_bytes());
        let plan = Self { ask, own, prefix: format!("/{}", &salt[..16]), guessed, now };
        match plan.course(None) {
            course if course.variants().is_empty() => {
                let why = course.missing().first().map_or("there is nothing to try", |m| m.reason.as_str());
                Err(Error::input(format!("no attack can be made: {why}"))
                    .hint("lunette jwt decode shows what the token is"))
            }
            _ => Ok(plan),
        }
    }

    /// Where our listener is reached, without a slash at its end.
    fn reached(&self, at: Option<SocketAddr>) -> Option<String> {
        let reached = self.ask.listen.as_ref()?;
        let base = reached.url.clone().unwrap_or_else(|| format!("http://{}", at.unwrap_or(reached.at)));
        Some(format!("{}{}", base.trim_end_matches('/'), self.prefix))
    }

    /// The course of it, our listener reached at this address; before it listens, at the one it will have.
    pub fn course(&self, at: Option<SocketAddr>) -> Course {
        let reached = self.reached(at);
        let with = Materials {
            keys: &self.ask.keys,
            signing: self.ask.signing.as_ref(),
            guessed: self.guessed.is_some(),
            others: &self.ask.others,
            own: &self.own,
            listener: reached.as_deref(),
            now: self.now,
        };
        let mut forged = forge::variants(&self.ask.token, &with);
        if !self.ask.only.is_empty() {
            let wanted = |id: &str| self.ask.only.iter().any(|o| o == id);
            forged.variants.retain(|v| wanted(v.family.rule.id));
            forged.missing.retain(|m| wanted(m.family.rule.id));
        }
        let token = &self.ask.token;
        let end = token.claims.get("exp").and_then(serde_json::Value::as_f64);
        let is_over = end.is_some_and(|exp| exp <= self.now.unix() as f64);
        Course::new(token.token.as_bytes().to_vec(), forge::broken(token), is_over, forged.variants, forged.missing)
    }

    /// A request as it will be sent, with a mask for the token.
    pub fn example(&self) -> Request {
        self.ask.place.fill(&self.ask.request, Some(MASK.as_bytes()))
    }

    /// Sends it and waits, for a front end that has nothing else to do. `each` is told of every exchange as it ends.
    ///
    /// # Errors
    /// An address that nothing can listen at, a credential that cannot be made, or an engine that takes no more.
    pub fn run(
        self,
        engine: &Engine,
        keyring: Arc<Keyring>,
        policy: Policy,
        each: impl FnMut(&Step, &Exchange) + Send + 'static,
    ) -> Result<Ran> {
        let (budget, job) = self.job(keyring, policy, each);
        engine.run(budget, job)?
    }

    /// The same as a job to give to an engine, and the budget for it.
    pub fn job(
        self,
        keyring: Arc<Keyring>,
        policy: Policy,
        mut each: impl FnMut(&Step, &Exchange) + Send + 'static,
    ) -> (Budget, impl for<'a> FnOnce(&'a dyn Transport) -> BoxFuture<'a, Result<Ran>> + Send + 'static) {
        let budget = Budget { origin: "check", lane: Lane::Batch, requests: Some(self.course(None).most() as u64) };
        let job = over_transport(move |transport| {
            Box::pin(async move {
                let listener = match &self.ask.listen {
                    Some(reached) => {
                        let listener = transport.listen(reached.at).await?;
                        let base = self.reached(Some(listener.address())).unwrap_or_default();
                        listener.serve(self.own.pages(&self.prefix, &base));
                        Some(listener)
                    }
                    None => None,
                };
                let course = self.course(listener.as_ref().map(|l| l.address()));
                let (request, _) = keyring.dressed(transport, self.ask.request.clone(), policy).await?;
                let place = self.ask.place.clone();
                let make = move |token: Option<&[u8]>| place.fill(&request, token);
                Ok(check::run(transport, course, &make, listener.as_deref(), policy, &mut each).await)
            })
        });
        (budget, job)
    }
}

/// Says of a closure that it takes a transport of any lifetime.
fn over_transport<F>(job: F) -> F
where
    F: for<'a> FnOnce(&'a dyn Transport) -> BoxFuture<'a, Result<Ran>> + Send + 'static,
{
    job
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_where_it_is_told_and_leaves_nothing_without_one() {
        let request = Request::new("GET", b"http://h/a?b=1").expect("url");
        let filled = |place: &str, token: Option<&str>| {
            let r = Place::parse(place).expect(place).fill(&request, token.map(str::as_bytes));
            let headers: Vec<u8> = r.headers.iter().flat_map(|(n, v)| [n, &b": "[..], v].concat()).collect();
            [&r.target[..], b" ", &headers, b" ", &r.body].concat()
        };
        assert_eq!(filled(BEARER, Some("x.y.z")), b"/a?b=1 Authorization: Bearer x.y.z ");
        assert_eq!(filled(BEARER, None), b"/a?b=1  ");
        assert_eq!(filled("Cookie: s={}; lang=en", Some("x.y.z")), b"/a?b=1 Cookie: s=x.y.z; lang=en ");
        assert_eq!(filled("Cookie: s={}; lang=en", None), b"/a?b=1 Cookie: lang=en ");
        assert_eq!(filled("Cookie: s={}", None), b"/a?b=1  ");
        assert_eq!(filled("?t={}", Some("{\"a\"}")), b"/a?b=1&t=%7B%22a%22%7D  ");
        assert_eq!(filled("?t={}", None), b"/a?b=1  ");
        assert_eq!(filled("body:t={}&u=1", Some("x")), b"/a?b=1  t=x&u=1");
        assert_eq!(filled("body:t={}&u=1", None), b"/a?b=1  t=&u=1");
        for wrong in ["Authorization: Bearer", "{}", "a b: {}", "X: {} {}", "{}: x", ": {}"] {
            assert!(Place::parse(wrong).is_err(), "{wrong}");
        }
    }
}
