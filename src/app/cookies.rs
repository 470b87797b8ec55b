//! Use case: cookies of a run, a jar for each identity and one for nobody, in memory (RFC 6265). Whatever was set is kept; it
//! is sent on redirects, and for other requests once that is switched on.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::base::{Error, Result, Secret, Stamp, Untrusted, known};
use crate::grade::suffix::is_public;
use crate::wire::{Alteration, Origin, Request, Response, Scheme, Target};

use super::send;

/// Cookies that one jar keeps; the oldest goes first.
const MOST: usize = 3_000;
/// Cookies of one domain (RFC 6265 section 6.1 asks for 50 at least).
const MOST_OF_DOMAIN: usize = 180;
/// Bytes of a name and its value.
const MOST_BYTES: usize = 4_096;

/// One cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie {
    /// Its name.
    pub name: Untrusted,
    /// Its value, which never prints.
    pub value: Secret,
    /// The host that set it, or the domain it named.
    pub domain: String,
    /// Goes to that host alone, and to none below it.
    pub host_only: bool,
    /// The path that it goes to, and to what is below.
    pub path: String,
    /// Goes over TLS only.
    pub secure: bool,
    /// Kept from scripts; it goes with requests like any other.
    pub http_only: bool,
    /// `Strict`, `Lax` or `None`, where it was said; it binds browsers alone.
    pub same_site: Option<&'static str>,
    /// The last second in which it is sent; with the run when `None`.
    pub until: Option<Stamp>,
    /// By which reply of its jar it was set; 0 by hand.
    set_by: u64,
}

impl Cookie {
    /// True for a cookie that goes to this place at this time (RFC 6265 section 5.4).
    fn goes_to(&self, origin: &Origin, target: &[u8], now: Stamp) -> bool {
        let host = if self.host_only { origin.host == self.domain } else { domain_matches(&origin.host, &self.domain) };
        host && (!self.secure || origin.scheme == Scheme::Https)
            && path_matches(&path_of(target), &self.path)
            && self.until.is_none_or(|until| now <= until)
    }

    fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.domain == other.domain && self.path == other.path
    }
}

/// The cookies of one identity, in the order they were set.
#[derive(Debug, Default)]
pub struct Jar {
    all: Vec<Cookie>,
    /// Replies that came for this identity so far.
    replies: u64,
}

impl Jar {
    /// Takes a `Set-Cookie` of a reply from `origin` to a request for `target` (RFC 6265 section 5.3), or lets it be.
    pub fn store(&mut self, origin: &Origin, target: &[u8], line: &[u8], now: Stamp) -> bool {
        let Some(mut cookie) = parse(origin, target, line, now) else { return false };
        cookie.set_by = self.replies;
        let shadowed = |c: &Cookie| {
            c.secure
                && c.name == cookie.name
                && (domain_matches(&c.domain, &cookie.domain) || domain_matches(&cookie.domain, &c.domain))
        };
        // What came over TLS is not replaced from where anybody can write.
        if origin.scheme == Scheme::Http && self.all.iter().any(shadowed) {
            return false;
        }
        let at = self.all.iter().position(|c| c.is_same(&cookie));
        if cookie.until.is_some_and(|until| until < now) {
            at.map(|at| self.all.remove(at));
            return true;
        }
        if let Some(at) = at {
            self.all[at] = cookie;
            return true;
        }
        let of_domain = self.all.iter().filter(|c| c.domain == cookie.domain).count();
        let oldest = match self.all.iter().position(|c| c.domain == cookie.domain) {
            Some(first) if of_domain >= MOST_OF_DOMAIN => Some(first),
            _ => (self.all.len() >= MOST).then_some(0),
        };
        oldest.map(|at| self.all.remove(at));
        self.all.push(cookie);
        true
    }

    /// What goes to this place, longer paths first.
    pub fn of(&self, origin: &Origin, target: &[u8], now: Stamp) -> Vec<&Cookie> {
        let mut all: Vec<&Cookie> = self.all.iter().filter(|c| c.goes_to(origin, target, now)).collect();
        all.sort_by_key(|c| std::cmp::Reverse(c.path.len()));
        all
    }
}

/// A jar to be looked at.
#[derive(Debug, Clone, Default)]
pub struct Held {
    /// Whose it is; nobody's when `None`.
    pub identity: Option<String>,
    /// Whether cookies go with every request, and not on redirects alone.
    pub everywhere: bool,
    /// The cookies in the order they were set, and whether the last reply set them.
    pub all: Vec<(Cookie, bool)>,
}

/// The jars of a run.
#[derive(Default)]
pub struct Jars {
    jars: Mutex<HashMap<Option<String>, Jar>>,
    everywhere: AtomicBool,
}

impl Jars {
    fn lock(&self) -> MutexGuard<'_, HashMap<Option<String>, Jar>> {
        self.jars.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends cookies with every request, or on redirects alone.
    pub fn use_everywhere(&self, on: bool) {
        self.everywhere.store(on, Ordering::Relaxed);
    }

    /// Whether cookies go with every request.
    pub fn are_used_everywhere(&self) -> bool {
        self.everywhere.load(Ordering::Relaxed)
    }

    /// Keeps what a reply sets for who asked.
    pub fn learn(&self, request: &Request, reply: &Response, now: Stamp) {
        let mut jars = self.lock();
        let jar = jars.entry(request.identity.clone()).or_default();
        jar.replies += 1;
        for line in reply.all("set-cookie") {
            jar.store(&request.origin, &request.target, line.as_bytes(), now);
        }
    }

    /// The `Cookie` of a request with what the jar of its identity has for it: what stands there stays, unless the server set
    /// one of its name since. And the names of what is added. `None` where the jar has nothing.
    fn merged(&self, request: &Request, now: Stamp) -> Option<(Vec<u8>, Vec<String>)> {
        let jars = self.lock();
        let own = jars.get(&request.identity)?.of(&request.origin, &request.target, now);
        if own.is_empty() {
            return None;
        }
        let name_of = |pair: &[u8]| pair.split(|b| *b == b'=').next().unwrap_or_default().trim_ascii().to_vec();
        let typed = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(b"cookie"));
        let mut pairs: Vec<Vec<u8>> = typed
            .flat_map(|(_, value)| value.split(|b| *b == b';'))
            .map(|pair| pair.trim_ascii().to_vec())
            .filter(|pair| !pair.is_empty() && !own.iter().any(|c| c.name.as_bytes() == name_of(pair)))
            .collect();
        pairs.extend(own.iter().map(|c| [c.name.as_bytes(), b"=", c.value.expose()].concat()));
        Some((pairs.join(&b"; "[..]), own.iter().map(|c| c.name.display()).collect()))
    }

    /// The names that [`Jars::add`] would add.
    pub fn names(&self, request: &Request, now: Stamp) -> Vec<String> {
        self.merged(request, now).map(|(_, names)| names).unwrap_or_default()
    }

    /// The `Cookie` that [`Jars::add`] would make; what stands there where the jar has nothing.
    pub fn header(&self, request: &Request, now: Stamp) -> Option<Vec<u8>> {
        self.merged(request, now).map(|(value, _)| value).or_else(|| request.get("cookie").map(<[u8]>::to_vec))
    }

    /// Adds what the jar of its identity has for a request, and says which.
    pub fn add(&self, request: &mut Request, now: Stamp) -> Option<Alteration> {
        let (value, names) = self.merged(request, now)?;
        let mut typed =
            request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(b"cookie")).map(|(n, _)| n.clone());
        let name = typed.next();
        drop(typed);
        match name {
            Some(name) => {
                request.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(b"cookie"));
                request.headers.push((name, value));
            }
            None => drop(send::dress(request, vec![(b"Cookie".to_vec(), value)])),
        }
        Some(Alteration { by: "cookies".into(), what: format!("Cookie has {} of the jar", names.join(", ")) })
    }

    /// The jar of an identity, or of nobody, as it stands.
    pub fn held(&self, identity: Option<&str>) -> Held {
        let jars = self.lock();
        let jar = jars.get(&identity.map(str::to_owned));
        let all = jar.map(|jar| jar.all.iter().map(|c| (c.clone(), c.set_by > 0 && c.set_by == jar.replies)).collect());
        Held {
            identity: identity.map(str::to_owned),
            everywhere: self.are_used_everywhere(),
            all: all.unwrap_or_default(),
        }
    }

    /// Sets a cookie by hand, as if `origin` had sent this `Set-Cookie`.
    ///
    /// # Errors
    /// One that `origin` could not set.
    pub fn set(&self, identity: Option<&str>, origin: &Origin, line: &[u8], now: Stamp) -> Result<()> {
        let mut jars = self.lock();
        let jar = jars.entry(identity.map(str::to_owned)).or_default();
        // Set by no reply.
        let replies = std::mem::take(&mut jar.replies);
        let stored = jar.store(origin, b"/", line, now);
        jar.replies = replies;
        if stored {
            // What a peer sets is not learnt: it would choose what is masked. What is typed here is one's own.
            known::learn_header(b"Cookie", line.split(|b| *b == b';').next().unwrap_or_default());
            return Ok(());
        }
        Err(Error::input(format!("{origin} cannot set this cookie"))
            .hint("write NAME=VALUE; Domain, Path and Secure must fit where it goes"))
    }

    /// The same with what is typed: a `Set-Cookie`, after the URL it would come from where it is not `url`.
    ///
    /// # Errors
    /// As [`Jars::set`], and for a URL that is none.
    pub fn set_typed(&self, identity: Option<&str>, url: &str, text: &str, now: Stamp) -> Result<()> {
        let is_url = |word: &str| word.starts_with("http://") || word.starts_with("https://");
        let (url, line) = text.trim().split_once(' ').filter(|(word, _)| is_url(word)).unwrap_or((url, text.trim()));
        let origin = Target::parse(url.as_bytes())
            .map_err(|e| e.hint("write the URL that sets it before it: https://HOST NAME=VALUE; Path=/"))?
            .origin;
        self.set(identity, &origin, line.trim().as_bytes(), now)
    }

    /// Removes one; false when it was not there.
    pub fn remove(&self, identity: Option<&str>, cookie: &Cookie) -> bool {
        let mut jars = self.lock();
        let Some(jar) = jars.get_mut(&identity.map(str::to_owned)) else { return false };
        let before = jar.all.len();
        jar.all.retain(|c| !c.is_same(cookie));
        jar.all.len() < before
    }
}

/// RFC 6265 section 5.2 and 5.3, with what its successor adds: name prefixes, and Secure from https alone.
fn parse(origin: &Origin, target: &[u8], line: &[u8], now: Stamp) -> Option<Cookie> {
    let mut parts = line.split(|b| *b == b';').map(<[u8]>::trim_ascii);
    let pair = parts.next()?;
    let at = memchr::memchr(b'=', pair)?;
    let (name, value) = (pair[..at].trim_ascii(), pair[at + 1..].trim_ascii());
    let odd = |bytes: &[u8]| bytes.iter().any(|b| *b < b' ' || *b == 0x7f);
    if name.is_empty() || name.len() + value.len() > MOST_BYTES || odd(name) || odd(value) {
        return None;
    }
    let (mut domain, mut path, mut secure) = (String::new(), default_path(target), false);
    let (mut http_only, mut same_site) = (false, None);
    let (mut by_date, mut by_age) = (None, None);
    let mut path_named = None;
    for part in parts {
        let text = String::from_utf8_lossy(part).into_owned();
        let (key, argument) = text.split_once('=').unwrap_or((&text, ""));
        let argument = argument.trim();
        match key.trim().to_ascii_lowercase().as_str() {
            "secure" => secure = true,
            "httponly" => http_only = true,
            "samesite" => {
                same_site = ["Strict", "Lax", "None"].into_iter().find(|word| word.eq_ignore_ascii_case(argument));
            }
            "domain" if !argument.is_empty() => {
                domain = argument.strip_prefix('.').unwrap_or(argument).to_ascii_lowercase();
            }
            "path" => path_named = argument.starts_with('/').then(|| argument.to_owned()),
            "max-age" => {
                let digits = argument.strip_prefix('-').unwrap_or(argument);
                if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
                    // A number too large is no end.
                    by_age = Some(match argument.parse::<i64>() {
                        Ok(age) if age > 0 => now.unix().checked_add(age).and_then(Stamp::from_unix),
                        Err(_) if !argument.starts_with('-') => None,
                        _ => Stamp::from_unix(0),
                    });
                }
            }
            "expires" => by_date = date(argument).or(by_date),
            _ => {}
        }
    }
    let named_path = path_named.is_some();
    if let Some(named) = path_named {
        path = named;
    }
    let host_only = domain.is_empty() || (is_public(&domain) && domain == origin.host);
    if !host_only && (is_public(&domain) || !domain_matches(&origin.host, &domain)) {
        return None;
    }
    let over_tls = origin.scheme == Scheme::Https;
    let prefixed = |prefix: &[u8]| name.len() >= prefix.len() && name[..prefix.len()].eq_ignore_ascii_case(prefix);
    if (secure && !over_tls)
        || (prefixed(b"__Secure-") && !secure)
        || (prefixed(b"__Host-") && !(secure && domain.is_empty() && named_path && path == "/"))
    {
        return None;
    }
    let domain = if host_only { origin.host.clone() } else { domain };
    Some(Cookie {
        name: name.into(),
        value: value.to_vec().into(),
        domain,
        host_only,
        path,
        secure,
        http_only,
        same_site,
        until: by_age.unwrap_or(by_date),
        set_by: 0,
    })
}

/// RFC 6265 section 5.1.3.
fn domain_matches(host: &str, domain: &str) -> bool {
    host == domain
        || (host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
            && host.parse::<std::net::IpAddr>().is_err())
}

/// RFC 6265 section 5.1.4.
fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie).is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

fn path_of(target: &[u8]) -> String {
    let path = target.split(|b| *b == b'?').next().unwrap_or_default();
    if path.first() == Some(&b'/') { String::from_utf8_lossy(path).into_owned() } else { "/".to_owned() }
}

fn default_path(target: &[u8]) -> String {
    let path = path_of(target);
    match path.rfind('/') {
        Some(0) | None => "/".to_owned(),
        Some(at) => path[..at].to_owned(),
    }
}

/// A date as cookies write it (RFC 6265 section 5.1.1): whatever order its parts have.
fn date(text: &str) -> Option<Stamp> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let (mut clock, mut day, mut month, mut year) = (None, None, None, None);
    for token in text.split(|c: char| !(c.is_ascii_alphanumeric() || c == ':')).filter(|t| !t.is_empty()) {
        let digits = token.bytes().take_while(u8::is_ascii_digit).count();
        let number = token[..digits].parse::<u32>().ok();
        let hms: Vec<u32> = token.split(':').map_while(|p| p.parse().ok()).collect();
        if clock.is_none() && token.contains(':') && hms.len() == 3 {
            clock = Some((hms[0], hms[1], hms[2]));
        } else if day.is_none() && (1..=2).contains(&digits) {
            day = number;
        } else if let Some(at) =
            MONTHS.iter().position(|m| month.is_none() && token.to_ascii_lowercase().starts_with(m))
        {
            month = Some(at + 1);
        } else if year.is_none() && (2..=4).contains(&digits) {
            year = number.map(|y| match y {
                70..=99 => y + 1_900,
                0..=69 => y + 2_000,
                y => y,
            });
        }
    }
    let (hour, minute, second) = clock?;
    let year = year.filter(|y| *y >= 1_601)?;
    Stamp::parse(&format!("{year:04}-{:02}-{:02}T{hour:02}:{minute:02}:{second:02}Z", month?, day?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn origin(url: &str) -> Origin {
        Target::parse(url.as_bytes()).expect("url").origin
    }
    fn now() -> Stamp {
        Stamp::parse("2026-01-31T12:00:00Z").expect("a time")
    }
    /// The names that go to a URL after it was set by another.
    fn goes(line: &str, from: &str, to: &str) -> bool {
        let (from, to) = (Target::parse(from.as_bytes()).expect("url"), Target::parse(to.as_bytes()).expect("url"));
        let mut jar = Jar::default();
        jar.store(&from.origin, &from.target, line.as_bytes(), now());
        !jar.of(&to.origin, &to.target, now()).is_empty()
    }

    #[test]
    fn a_cookie_goes_where_it_may_and_nowhere_else() {
        let shop = "https://api.shop.example/v1/login";
        for (line, to, may) in [
            ("a=1", "https://api.shop.example/v1/x", true),
            ("a=1", "https://api.shop.example/v1", true),
            ("a=1", "https://api.shop.example/v10", false),
            ("a=1; Path=/", "http://api.shop.example:81/", true),
            ("a=1; Path=/; Secure", "http://api.shop.example/", false),
            ("a=1; Path=/", "https://shop.example/", false),
            ("a=1; Path=/", "https://x.api.shop.example/", false),
            ("a=1; Path=/; Domain=shop.example", "https://shop.example/", true),
            ("a=1; Path=/; Domain=.SHOP.example", "https://other.shop.example/", true),
            ("a=1; Path=/; Domain=shop.example", "https://badshop.example/", false),
            ("a=1; Path=/; Domain=example", "https://api.shop.example/", false),
            ("a=1; Path=/; Domain=other.example", "https://other.example/", false),
            ("__Host-a=1; Path=/; Secure", "https://api.shop.example/", true),
            ("__Host-a=1; Path=/; Secure; Domain=shop.example", "https://api.shop.example/", false),
            ("__Host-a=1; Secure", "https://api.shop.example/v1", false),
            ("__secure-a=1; Path=/", "https://api.shop.example/", false),
            ("__Secure-a=1; Path=/; Secure", "https://api.shop.example/", true),
            ("a=1; Path=/; Max-Age=0", "https://api.shop.example/", false),
            ("a=1; Path=/; Max-Age=5; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://api.shop.example/", true),
            ("a=1; Path=/; Expires=Thu, 01-Jan-70 00:00:00 GMT", "https://api.shop.example/", false),
            ("a=1; Path=/; Expires=Wed, 01 Jan 2098 00:00:00 GMT", "https://api.shop.example/", true),
            ("a=1; Path=/; Max-Age=99999999999999999999", "https://api.shop.example/", true),
            ("=1; Path=/", "https://api.shop.example/", false),
            ("a; Path=/", "https://api.shop.example/", false),
            ("a=1\u{7}; Path=/", "https://api.shop.example/", false),
        ] {
            assert_eq!(goes(line, shop, to), may, "{line} -> {to}");
        }
        assert!(!goes("a=1; Secure; Path=/", "http://h.example/", "https://h.example/"), "Secure needs https");
        assert!(goes("a=1; Domain=localhost", "http://localhost:1/", "http://localhost:2/"));
        assert!(!goes("a=1; Domain=0.0.1", "http://127.0.0.1/", "http://127.0.0.1/"), "an address has no domain");
        assert!(
            !goes("a=1; Domain=co.uk; Path=/", "https://a.co.uk/", "https://b.co.uk/"),
            "nobody owns a public suffix"
        );
    }

    #[test]
    fn what_came_over_tls_is_not_replaced_from_plain_http() {
        let mut jar = Jar::default();
        let (tls, plain) = (origin("https://a.shop.example/"), origin("http://a.shop.example/"));
        assert!(jar.store(&tls, b"/", b"sid=1; Secure; Path=/", now()));
        assert!(!jar.store(&plain, b"/", b"sid=2; Path=/", now()));
        assert!(jar.store(&tls, b"/", b"sid=3; Secure; Path=/", now()));
        assert_eq!(jar.of(&tls, b"/", now()).len(), 1);
        assert!(jar.store(&tls, b"/", b"sid=; Secure; Path=/; Max-Age=0", now()));
        assert!(jar.all.is_empty());
    }

    #[test]
    fn a_jar_is_bounded() {
        let mut jar = Jar::default();
        for n in 0..MOST + 200 {
            let host = origin(&format!("https://h{}.example/", n % 20));
            jar.store(&host, b"/", format!("c{n}=1").as_bytes(), now());
        }
        assert!(jar.all.len() <= MOST);
        assert!(jar.of(&origin("https://h1.example/"), b"/", now()).len() <= MOST_OF_DOMAIN);
    }

    #[test]
    fn jars_are_apart_and_can_be_edited() {
        let jars = Jars::default();
        let at = origin("https://a.example/");
        jars.set(Some("alice"), &at, b"sid=s3cretvalue; Path=/", now()).expect("set");
        assert!(jars.set(None, &at, b"sid=1; Domain=other.example", now()).is_err());
        let mut request =
            Request::new("GET", b"https://a.example/").expect("url").header("cookie", "theme=dark; sid=old");
        assert_eq!(jars.add(&mut request.clone(), now()), None, "nobody has none");
        request.identity = Some("alice".to_owned());
        let said = jars.add(&mut request, now()).expect("added");
        assert_eq!(request.headers, [(b"cookie".to_vec(), b"theme=dark; sid=s3cretvalue".to_vec())]);
        assert!(said.what.contains("sid") && !said.what.contains("s3cret"));
        let listed: Vec<Cookie> = jars.held(Some("alice")).all.into_iter().map(|(cookie, _)| cookie).collect();
        assert!(!format!("{listed:?}").contains("s3cretvalue"));
        assert!(jars.remove(Some("alice"), &listed[0]) && !jars.remove(Some("alice"), &listed[0]));
    }

    #[test]
    fn what_the_last_reply_set_is_told_from_the_rest() {
        let jars = Jars::default();
        let request = Request::new("GET", b"https://a.example/").expect("url");
        let reply = |line: &str| Response { headers: vec![("Set-Cookie".into(), line.into())], ..Response::default() };
        let fresh = || -> Vec<String> {
            let held = jars.held(None).all.into_iter();
            held.filter(|(_, fresh)| *fresh).map(|(c, _)| c.name.display()).collect()
        };
        jars.learn(&request, &reply("a=1; HttpOnly; SameSite=lax"), now());
        jars.learn(&request, &reply("b=1"), now());
        assert_eq!(fresh(), ["b"]);
        jars.set_typed(None, "https://a.example/", "b=2; Path=/", now()).expect("set");
        jars.set_typed(None, "", "https://b.example/x c=2", now()).expect("set");
        assert!(jars.set_typed(None, "", "c=2", now()).is_err(), "nobody says for which host");
        assert_eq!(fresh(), [""; 0]);
        jars.learn(&request, &Response::default(), now());
        let held = jars.held(None);
        assert_eq!(held.all.iter().map(|(c, _)| c.name.display()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(held.all[0].0.http_only && held.all[0].0.same_site == Some("Lax"));
    }

    const HOSTS: &[&str] = &[
        "shop.example",
        "a.shop.example",
        "b.a.shop.example",
        "badshop.example",
        "example",
        "co.uk",
        "x.co.uk",
        "127.0.0.1",
        "localhost",
    ];

    proptest! {
        #[test]
        fn no_cookie_goes_to_a_host_it_was_not_set_for(
            from in 0..HOSTS.len(), to in 0..HOSTS.len(), tls in any::<bool>(),
            domain in proptest::option::of("[.]?(shop\\.example|a\\.shop\\.example|example|co\\.uk|x\\.co\\.uk|localhost|127\\.0\\.0\\.1|0\\.0\\.1)"),
            rest in "(; ?(Secure|HttpOnly|Path=/[a-z]{0,3}|Max-Age=[0-9]{1,3}|\\PC{0,9})){0,3}",
        ) {
            let scheme = if tls { "https" } else { "http" };
            let domain = domain.map(|d| format!("; Domain={d}")).unwrap_or_default();
            let line = format!("a=1{domain}{rest}");
            let (from, to) = (HOSTS[from], HOSTS[to]);
            if goes(&line, &format!("{scheme}://{from}/"), &format!("https://{to}/")) {
                // The same host, or one that shares a name somebody registered, which the cookie named.
                let shares = crate::grade::suffix::registered(from).is_some_and(|r| Some(r) == crate::grade::suffix::registered(to));
                prop_assert!(from == to || (shares && line.to_lowercase().contains("domain=")), "{line}: {from} -> {to}");
            }
        }

        #[test]
        fn any_line_is_taken_or_left(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut jar = Jar::default();
            jar.store(&origin("https://a.example/"), b"/", &line, now());
            let _ = date(&String::from_utf8_lossy(&line));
            prop_assert!(jar.all.iter().all(|c| c.domain.ends_with("a.example")));
        }
    }
}
