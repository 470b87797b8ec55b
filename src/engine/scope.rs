//! Scope: who may be talked to. Deny by default, judged on the resolved address, and the only maker of the token without
//! which nothing dials.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::base::{Clock as _, Error, Result, Stamp, SystemClock, text};
use crate::wire::Origin;
use crate::wire::url::split_port;

use crate::wire::address::{Cidr, Class, canonical, classify, is_metadata_name, spelt};

/// One thing that is in scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Name or address literal, lower case, without brackets.
    pub host: String,
    /// Port; any when `None`.
    pub port: Option<u16>,
    /// Range that the name may resolve into although it is not public.
    pub range: Option<Cidr>,
    /// True when the host was typed as a target in this run: it may then resolve to any place but a metadata service, and
    /// its first address set is pinned.
    pub typed: bool,
    /// The last second in which it is in scope; without end when `None`.
    pub until: Option<Stamp>,
    /// What it takes at most.
    pub most: Most,
    /// Why it is in scope, in a few words: who said so, and what for.
    pub why: String,
}

/// What a target takes at most; the defaults where nothing is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Most {
    /// Requests in a run.
    pub requests: Option<u64>,
    /// Time between two requests of a batch.
    pub interval: Option<Duration>,
    /// Requests in flight.
    pub concurrency: Option<usize>,
}

impl Entry {
    /// The entry for a host that was typed as a target.
    pub fn typed(origin: &Origin) -> Self {
        Self {
            host: origin.host.clone(),
            port: Some(origin.port),
            range: None,
            typed: true,
            until: None,
            most: Most::default(),
            why: "typed in this run".to_owned(),
        }
    }

    /// Parses `HOST[:PORT][=CIDR]`.
    ///
    /// # Errors
    /// A bad host, port or range, each named.
    pub fn parse(s: &str) -> Result<Self> {
        let (place, range) = match s.split_once('=') {
            Some((p, r)) => (p, Some(r)),
            None => (s, None),
        };
        let fail = |what: String| {
            Error::input(what)
                .at(format!("--allow {}", text::display_str(s)))
                .hint("write HOST[:PORT][=CIDR], for example api.corp:443=10.0.0.0/8")
        };
        let (host, port) = split_port(place.as_bytes()).map_err(fail)?;
        if host.is_empty() {
            return Err(fail("there is no host".to_owned()));
        }
        let range = match range {
            Some(r) => {
                Some(Cidr::parse(r).ok_or_else(|| fail(format!("{} is not an address range", text::display_str(r))))?)
            }
            None => None,
        };
        Ok(Self { host, port, range, typed: false, until: None, most: Most::default(), why: "--allow".to_owned() })
    }

    /// True when it is in scope no more.
    pub fn expired(&self, now: Stamp) -> bool {
        self.until.is_some_and(|until| until < now)
    }

    /// True when it names this host and port.
    pub fn covers(&self, origin: &Origin) -> bool {
        self.port.is_none_or(|p| p == origin.port)
            && (self.host == origin.host
                || matches!((self.literal(), origin.host.parse::<IpAddr>()), (Some(a), Ok(b)) if a == b))
    }

    fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

impl std::fmt::Display for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]", self.host)?;
        } else {
            f.write_str(&text::display_str(&self.host))?;
        }
        if let Some(p) = self.port {
            write!(f, ":{p}")?;
        }
        if let Some(r) = self.range {
            write!(f, "={r}")?;
        }
        Ok(())
    }
}

/// Why scope refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Denied {
    /// No entry names this host and port: a refusal that can be answered by admitting it.
    NotInScope(Origin),
    /// An entry names it, and has expired: admitting it anew answers this too.
    Expired {
        /// Who.
        origin: Origin,
        /// The last second it was in scope.
        until: Stamp,
    },
    /// It is in scope, but resolves to a place that its entry does not name.
    Address {
        /// Who.
        origin: Origin,
        /// The address.
        address: IpAddr,
        /// What that address is.
        class: Class,
    },
    /// It resolves to other addresses than it did first in this run.
    Rebound {
        /// Who.
        origin: Origin,
        /// The new address.
        address: IpAddr,
    },
    /// It is the name of a metadata service, which a proxy would look up.
    Metadata(Origin),
    /// The run is offline.
    Offline,
    /// Everything was stopped by hand.
    Stopped,
    /// Only requests that change nothing are sent.
    ReadOnly(String),
}

impl Denied {
    /// One sentence with the next step.
    pub fn error(&self) -> Error {
        match self {
            Self::NotInScope(o) => Error::refused(format!("{} is not in scope", text::display_str(&o.host_port())))
                .hint(format!("add --allow {}", text::display_str(&o.host_port()))),
            Self::Expired { origin, until } => {
                Error::refused(format!("{} was in scope until {}", text::display_str(&origin.host_port()), day(*until)))
                    .hint("set a later `expires` in lunette.toml, or leave it for good")
            }
            Self::Address { origin, address, class: class @ Class::Metadata } => {
                Error::refused(format!("{} resolves to {address}, {}", text::display_str(&origin.host), class.words()))
                    .hint(match address {
                        IpAddr::V4(a) => format!("only an entry for that very address admits it: --allow {a}"),
                        IpAddr::V6(a) => format!("only an entry for that very address admits it: --allow [{a}]"),
                    })
            }
            Self::Address { origin, address, class } => Error::refused(format!(
                "{} resolves to {address}, {}, which its scope entry does not name",
                text::display_str(&origin.host),
                class.words()
            ))
            .hint(format!("add the range to the entry: --allow {}={address}", text::display_str(&origin.host_port()))),
            Self::Rebound { origin, address } => Error::refused(format!(
                "{} now resolves to {address}, which is not among its first addresses of this run",
                text::display_str(&origin.host)
            ))
            .hint("start a new run if the change is meant"),
            Self::Metadata(origin) => {
                let host = text::display_str(&origin.host);
                Error::refused(format!("{host} is the name of a cloud metadata service"))
                    .hint(format!("only an entry for that very name admits it: --allow {host}"))
            }
            Self::Offline => Error::refused("this run is offline").hint("leave out --offline to connect"),
            Self::Stopped => Error::refused("everything is stopped").hint("Ctrl+G, then R, resumes"),
            Self::ReadOnly(method) => Error::refused(format!("read-only: {method} may change something"))
                .hint(format!("only {} are sent; leave read-only mode to send it", SAFE.join(", "))),
        }
    }
}

/// Methods that ask for nothing to be changed (RFC 9110 section 9.2.1).
const SAFE: &[&str] = &["GET", "HEAD", "OPTIONS", "TRACE"];

/// The day of an instant, as lunette.toml writes it.
fn day(at: Stamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// Proof that scope admits a host and port. Only [`Scope::authorise`] makes one, and only a holder can dial.
#[derive(Debug, Clone)]
pub struct ScopeToken {
    origin: Origin,
    range: Vec<Cidr>,
    literal: Option<IpAddr>,
    typed: bool,
    /// An entry names it that is not only there because it was typed as a target.
    named: bool,
}

impl ScopeToken {
    /// Who it is for.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// True when it was typed as a target in this run.
    pub fn is_typed(&self) -> bool {
        self.typed
    }
}

/// The scope of a run.
#[derive(Debug, Default)]
pub struct Scope {
    entries: Mutex<Vec<Entry>>,
    pins: Mutex<HashMap<String, Vec<IpAddr>>>,
    offline: bool,
    stopped: AtomicBool,
    read_only: AtomicBool,
}

impl Scope {
    /// A scope with these entries.
    pub fn new(entries: Vec<Entry>, offline: bool) -> Self {
        Self { entries: Mutex::new(entries), offline, ..Self::default() }
    }

    /// Refuses everything until it is lifted.
    pub fn stop(&self, stopped: bool) {
        self.stopped.store(stopped, Ordering::SeqCst);
    }

    /// True while everything is refused.
    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Refuses methods that may change something, or no longer does.
    pub fn set_read_only(&self, on: bool) {
        self.read_only.store(on, Ordering::SeqCst);
    }

    /// True while methods that may change something are refused.
    pub fn is_read_only(&self) -> bool {
        self.read_only.load(Ordering::SeqCst)
    }

    /// True when the run connects to nothing.
    pub fn is_offline(&self) -> bool {
        self.offline
    }

    /// Whether a method may be sent.
    ///
    /// # Errors
    /// [`Denied::ReadOnly`].
    pub fn permits(&self, method: &[u8]) -> Result<(), Denied> {
        // Methods have a case: `get` is not GET, and nobody knows what it does.
        let safe = SAFE.iter().any(|m| m.as_bytes() == method);
        if safe || !self.is_read_only() { Ok(()) } else { Err(Denied::ReadOnly(text::display(method))) }
    }

    /// Takes an entry out for the rest of the run.
    pub fn withdraw(&self, entry: &Entry) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).retain(|e| e != entry);
    }

    /// Adds an entry for the rest of the run.
    pub fn admit(&self, entry: Entry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }

    /// The entries, for the screen.
    pub fn entries(&self) -> Vec<Entry> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Admits a host and port by name, or says why not.
    ///
    /// # Errors
    /// [`Denied::Stopped`], [`Denied::Offline`], [`Denied::NotInScope`] or [`Denied::Expired`].
    pub fn authorise(&self, origin: &Origin) -> Result<ScopeToken, Denied> {
        if self.is_stopped() {
            return Err(Denied::Stopped);
        }
        if self.offline {
            return Err(Denied::Offline);
        }
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let now = SystemClock.wall();
        let mut token: Option<ScopeToken> = None;
        let mut expired = None;
        for entry in entries.iter().filter(|e| e.covers(origin)) {
            if entry.expired(now) {
                expired = expired.max(entry.until);
                continue;
            }
            let t = token.get_or_insert_with(|| ScopeToken {
                origin: origin.clone(),
                range: Vec::new(),
                literal: None,
                typed: false,
                named: false,
            });
            t.range.extend(entry.range);
            // An address that was only typed as a target is no entry of its own: it stays refused where that is asked for.
            t.literal = t.literal.or(entry.literal().filter(|_| !entry.typed));
            t.typed |= entry.typed;
            t.named |= !entry.typed;
        }
        token.ok_or_else(|| match expired {
            Some(until) => Denied::Expired { origin: origin.clone(), until },
            None => Denied::NotInScope(origin.clone()),
        })
    }

    /// Judges the addresses a host resolved to. Every one must be admitted: a name with one good and one bad address is
    /// how rebinding begins.
    ///
    /// # Errors
    /// [`Denied::Address`] or [`Denied::Rebound`] for the first address that is not admitted.
    pub fn judge(&self, token: &ScopeToken, addresses: &[IpAddr]) -> Result<(), Denied> {
        let mut by_typing = Vec::new();
        for &address in addresses {
            let class = classify(address);
            if class == Class::Public || token.literal == Some(address) {
                continue;
            }
            let ranged = token.range.iter().any(|r| r.contains(address));
            match class {
                Class::Metadata => {}
                _ if ranged => continue,
                _ if token.typed => {
                    by_typing.push(address);
                    continue;
                }
                _ => {}
            }
            return Err(Denied::Address { origin: token.origin.clone(), address, class });
        }
        let mut pins = self.pins.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pinned) = pins.get(&token.origin.host) {
            // Public names change their addresses as they like; nobody's may move into a place that only typing it admits.
            let all_public = pinned.iter().all(|a| classify(*a) == Class::Public);
            let judged = if all_public { by_typing.as_slice() } else { addresses };
            if let Some(&address) = judged.iter().find(|a| !pinned.contains(&canonical(**a))) {
                return Err(Denied::Rebound { origin: token.origin.clone(), address });
            }
        } else if token.typed {
            pins.insert(token.origin.host.clone(), addresses.iter().map(|a| canonical(*a)).collect());
        }
        Ok(())
    }

    /// Judges a host that a proxy looks up, so that nobody here knows where it leads: its entry admits the name, and what is
    /// an address however it is spelt is judged as one.
    ///
    /// # Errors
    /// As [`Scope::judge`], and [`Denied::Metadata`].
    pub fn judge_unseen(&self, token: &ScopeToken) -> Result<(), Denied> {
        if is_metadata_name(&token.origin.host) && !token.named {
            return Err(Denied::Metadata(token.origin.clone()));
        }
        spelt(&token.origin.host).map_or(Ok(()), |address| self.judge(token, &[address]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Target;

    fn origin(url: &str) -> Origin {
        Target::parse(url.as_bytes()).expect("url").origin
    }
    fn ip(s: &str) -> IpAddr {
        s.parse().expect("ip")
    }

    #[test]
    fn denies_by_default_and_says_how_to_admit() {
        let scope = Scope::new(vec![Entry::parse("api.test:8443").expect("entry")], false);
        assert!(scope.authorise(&origin("https://api.test:8443/")).is_ok());
        let denied = scope.authorise(&origin("https://api.test/")).expect_err("other port");
        assert!(denied.error().to_string().contains("--allow api.test:443"));
        assert_eq!(
            Scope::new(vec![Entry::parse("api.test").expect("entry")], true)
                .authorise(&origin("https://api.test/"))
                .expect_err("offline"),
            Denied::Offline
        );
    }

    #[test]
    fn an_entry_that_has_expired_is_not_in_scope_and_says_since_when() {
        let past = Entry { until: Stamp::parse("2020-01-31T23:59:59Z"), ..Entry::parse("a.test").expect("entry") };
        let scope = Scope::new(vec![past], false);
        let denied = scope.authorise(&origin("https://a.test/")).expect_err("expired");
        assert!(denied.error().to_string().contains("a.test:443 was in scope until 2020-01-31;"), "{denied:?}");
        scope.admit(Entry { until: Stamp::parse("9999-01-31T23:59:59Z"), ..Entry::parse("a.test").expect("entry") });
        assert!(scope.authorise(&origin("https://a.test/")).is_ok());
    }

    #[test]
    fn a_name_needs_its_range_for_a_private_address() {
        let scope =
            Scope::new(vec![Entry::parse("a.test").expect("e"), Entry::parse("b.test=10.0.0.0/8").expect("e")], false);
        let a = scope.authorise(&origin("https://a.test/")).expect("in scope");
        let b = scope.authorise(&origin("https://b.test/")).expect("in scope");
        assert!(scope.judge(&a, &[ip("93.184.216.34")]).is_ok());
        assert!(matches!(scope.judge(&a, &[ip("93.184.216.34"), ip("10.0.0.1")]), Err(Denied::Address { .. })));
        assert!(scope.judge(&b, &[ip("10.0.0.1")]).is_ok());
        assert!(scope.judge(&b, &[ip("192.168.0.1")]).is_err());
    }

    #[test]
    fn a_typed_target_is_pinned_to_its_first_addresses() {
        let scope = Scope::default();
        let o = origin("http://dev.test:81/");
        scope.admit(Entry::typed(&o));
        let t = scope.authorise(&o).expect("typed");
        assert!(scope.judge(&t, &[ip("127.0.0.1")]).is_ok());
        assert!(scope.judge(&t, &[ip("::ffff:127.0.0.1")]).is_ok());
        assert!(matches!(scope.judge(&t, &[ip("127.0.0.2")]), Err(Denied::Rebound { .. })));
    }

    #[test]
    fn a_typed_target_that_was_public_does_not_move_inside() {
        let scope = Scope::default();
        let o = origin("http://api.test/");
        scope.admit(Entry::typed(&o));
        let t = scope.authorise(&o).expect("typed");
        assert!(scope.judge(&t, &[ip("93.184.216.34")]).is_ok());
        assert!(scope.judge(&t, &[ip("93.184.216.35")]).is_ok(), "a public name changes its addresses");
        for inside in ["127.0.0.1", "10.0.0.1", "::1", "fe80::1"] {
            assert!(matches!(scope.judge(&t, &[ip(inside)]), Err(Denied::Rebound { .. })), "{inside}");
        }
        scope.admit(Entry::parse("api.test=10.0.0.0/8").expect("entry"));
        let t = scope.authorise(&o).expect("typed");
        assert!(scope.judge(&t, &[ip("10.0.0.1")]).is_ok(), "its entry names the range");
    }

    #[test]
    fn metadata_needs_its_own_literal_entry() {
        let scope = Scope::default();
        let named = origin("http://evil.test/");
        scope.admit(Entry::typed(&named));
        scope.admit(Entry::parse("evil.test=169.254.0.0/16").expect("e"));
        let t = scope.authorise(&named).expect("typed");
        for spelling in ["169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"] {
            assert!(
                matches!(scope.judge(&t, &[ip(spelling)]), Err(Denied::Address { class: Class::Metadata, .. })),
                "{spelling}"
            );
        }
        let literal = origin("http://169.254.169.254/");
        scope.admit(Entry::typed(&literal));
        let t = scope.authorise(&literal).expect("typed");
        assert!(scope.judge(&t, &[ip("169.254.169.254")]).is_err(), "typing it is not enough");
        scope.admit(Entry::parse("169.254.169.254").expect("e"));
        let t = scope.authorise(&literal).expect("literal");
        assert!(scope.judge(&t, &[ip("169.254.169.254")]).is_ok());
    }

    #[test]
    fn a_host_that_a_proxy_looks_up_is_judged_by_its_name_and_every_spelling() {
        let judged = |entries: &[&str], typed: Option<&str>, url: &str| {
            let scope = Scope::new(entries.iter().map(|e| Entry::parse(e).expect("entry")).collect(), false);
            if let Some(typed) = typed {
                scope.admit(Entry::typed(&origin(typed)));
            }
            scope.authorise(&origin(url)).and_then(|token| scope.judge_unseen(&token))
        };
        assert!(judged(&["api.test"], None, "http://api.test/").is_ok());
        assert!(judged(&["api.test"], None, "http://other.test/").is_err());
        for local in ["localhost", "127.0.0.1", "2130706433", "[::ffff:127.0.0.1]", "10.0.0.1"] {
            let url = format!("http://{local}:81/");
            if local != "[::ffff:127.0.0.1]" && local.parse::<IpAddr>().is_err() {
                assert!(
                    matches!(judged(&[local], None, &url), Err(Denied::Address { .. })),
                    "{local}: no range is named"
                );
            }
            assert!(judged(&[], Some(&url), &url).is_ok(), "{local} was typed");
            assert!(judged(&[], Some("http://localhost:82/"), &url).is_err(), "{local}: another was typed");
        }
        for url in ["http://169.254.169.254/", "http://2852039166/", "http://metadata.google.internal/"] {
            assert!(judged(&[], Some(url), url).is_err(), "{url}: typing it is not enough");
        }
        assert!(judged(&["metadata.google.internal"], None, "http://metadata.google.internal/").is_ok());
        assert!(judged(&["169.254.169.254"], None, "http://169.254.169.254/").is_ok());
    }

    #[test]
    fn a_stop_refuses_all_and_read_only_what_may_change_something() {
        let scope = Scope::new(vec![Entry::parse("a.test").expect("e")], false);
        let o = origin("http://a.test/");
        scope.stop(true);
        assert_eq!(scope.authorise(&o).expect_err("stopped"), Denied::Stopped);
        scope.stop(false);
        assert!(scope.authorise(&o).is_ok() && scope.permits(b"DELETE").is_ok());
        scope.set_read_only(true);
        for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
            assert!(scope.permits(method.as_bytes()).is_ok());
        }
        for method in ["POST", "get", "GET ", "", "\x1b[2J"] {
            let said = scope.permits(method.as_bytes()).expect_err("refused").error().to_string();
            assert!(said.contains("read-only") && !said.contains('\x1b'), "{said}");
        }
        scope.withdraw(&Entry::parse("a.test").expect("e"));
        assert!(scope.authorise(&o).is_err());
    }

    #[test]
    fn entries_that_do_not_parse_say_why() {
        for bad in ["", ":80", "a:0", "a=10.0.0.0/40", "a:x"] {
            assert!(Entry::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(Entry::parse("[::1]:8080").expect("v6").to_string(), "[::1]:8080");
        assert_eq!(Entry::parse("a\u{9b}2J.test").expect("name").to_string(), "a<U+009B>2j.test");
    }
}
