//! A proxy as it is typed: what it speaks, where it listens, and who we are to it; and the hosts that none is used for.

use std::fmt;
use std::net::IpAddr;

use super::url::split_port;
use super::{Cidr, Origin, Reference, Scheme};
use crate::base::secret::unescaped;
use crate::base::{Error, Result, text};

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaks {
    /// HTTP: absolute-form for plain http (RFC 9112 section 3.2.2), CONNECT for what has to reach the target itself (RFC 9110
    /// section 9.3.6). It looks up names itself.
    Http,
    /// SOCKS version 5 (RFC 1928), given addresses: names are looked up here.
    Socks5,
    /// SOCKS version 5, given names: it looks them up itself.
    Socks5h,
}

/// The schemes that a proxy is typed with, in order: errors, help and documentation are drawn from this.
pub const SCHEMES: &[(&str, Speaks)] =
    &[("http", Speaks::Http), ("socks5", Speaks::Socks5), ("socks5h", Speaks::Socks5h)];

/// What to write for a proxy.
pub const FORM: &str = "[http|socks5|socks5h]://[USER[:SECRET]@]HOST:PORT";

impl Speaks {
    /// The word before `://`.
    pub fn word(self) -> &'static str {
        SCHEMES.iter().find(|(_, s)| *s == self).map_or("", |(word, _)| word)
    }

    /// True when it is given names and looks them up itself, so that nobody here knows where they lead.
    pub fn looks_up(self) -> bool {
        self != Self::Socks5
    }
}

/// A proxy. Its secret stands as a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// What it speaks.
    pub speaks: Speaks,
    /// Where it listens; the scheme says nothing here.
    pub origin: Origin,
    /// User name, and the password where there is one.
    pub user: Option<(String, Option<Reference>)>,
}

impl Proxy {
    /// Reads [`FORM`]; without a scheme HTTP is meant. The last `@` ends the user, so that a reference may hold one; a
    /// password that is no reference is percent-decoded, as everybody writes it.
    ///
    /// # Errors
    /// What is wrong with it. No error holds any of what stands before the `@`.
    pub fn parse(typed: &str) -> Result<Self> {
        let fail = |what: String| Error::input(what).hint(format!("write {FORM}"));
        let (scheme, rest) = typed.split_once("://").unwrap_or(("http", typed));
        let Some((_, speaks)) = SCHEMES.iter().find(|(word, _)| scheme.eq_ignore_ascii_case(word)) else {
            let known: Vec<&str> = SCHEMES.iter().map(|(word, _)| *word).collect();
            return Err(fail(format!(
                "{} is none of the schemes of a proxy: {}",
                text::display_str(scheme),
                known.join(", ")
            )));
        };
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let place = place.strip_suffix('/').unwrap_or(place);
        if place.contains(['/', '?', '#']) {
            return Err(fail("a proxy is a host and a port, without a path".to_owned()));
        }
        let (host, port) = split_port(place.as_bytes()).map_err(fail)?;
        let port =
            port.filter(|_| !host.is_empty()).ok_or_else(|| fail("the proxy lacks its host or its port".to_owned()))?;
        let user = user.filter(|u| !u.is_empty()).map(|user| match user.split_once(':') {
            Some((name, secret)) => (decoded(name), Some(secret)),
            None => (decoded(user), None),
        });
        let user = user.map(|(name, secret)| {
            let read = |secret: &str| match Reference::parse(secret) {
                Reference::Literal(_) => Reference::Literal(decoded(secret).as_str().into()),
                reference => reference,
            };
            (name, secret.map(read))
        });
        if user
            .as_ref()
            .is_some_and(|(name, _)| name.is_empty() || name.contains(':') || name.chars().any(char::is_control))
        {
            return Err(fail(
                "the user name of the proxy is empty, or holds a colon or a control character".to_owned(),
            ));
        }
        Ok(Self { speaks: *speaks, origin: Origin { scheme: Scheme::Http, host, port }, user })
    }

    /// The reference to its password.
    pub fn secret(&self) -> Option<&Reference> {
        self.user.as_ref().and_then(|(_, secret)| secret.as_ref())
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.speaks.word(), text::display_str(&self.origin.host_port()))
    }
}

/// Percent escapes undone; what is none stays.
fn decoded(typed: &str) -> String {
    String::from_utf8_lossy(&unescaped(typed.as_bytes())).into_owned()
}

/// Hosts that no proxy is used for, as `NO_PROXY` lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Except(Vec<Exception>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Exception {
    All,
    /// A name and those below it, and a port where one stands.
    Name(String, Option<u16>),
    Range(Cidr),
}

impl Except {
    /// Reads a list with commas or white space between: `*`, names (with those below them), addresses, ranges, each name
    /// with a port or without. What is none of these is left out.
    pub fn parse(list: &str) -> Self {
        let one = |word: &str| {
            if word == "*" {
                return Some(Exception::All);
            }
            if let Some(range) = Cidr::parse(word.trim_matches(['[', ']'])) {
                return Some(Exception::Range(range));
            }
            let (host, port) = split_port(word.trim_start_matches("*.").trim_start_matches('.').as_bytes()).ok()?;
            (!host.is_empty()).then_some(Exception::Name(host, port))
        };
        Self(list.split([',', ' ', '\t']).filter(|w| !w.is_empty()).filter_map(one).collect())
    }

    /// True for a host that is reached without a proxy.
    pub fn covers(&self, origin: &Origin) -> bool {
        let below =
            |name: &str| origin.host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        self.0.iter().any(|exception| match exception {
            Exception::All => true,
            Exception::Name(name, port) => below(name) && port.is_none_or(|p| p == origin.port),
            Exception::Range(range) => origin.host.parse::<IpAddr>().is_ok_and(|a| range.contains(a)),
        })
    }
}

/// What the environment names as the proxy for a scheme, and the variable that does. The lower-case variable goes first;
/// `HTTP_PROXY` is left out where a web server set it from a header of a request (`REQUEST_METHOD` is there).
pub fn of_environment(scheme: Scheme, read: &dyn Fn(&str) -> Option<String>) -> Option<(&'static str, String)> {
    let names: &[&'static str] = match scheme {
        Scheme::Http if read("REQUEST_METHOD").is_some() => &["http_proxy", "all_proxy", "ALL_PROXY"],
        Scheme::Http => &["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
        Scheme::Https => &["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"],
    };
    names.iter().find_map(|name| Some((*name, read(name).filter(|v| !v.is_empty())?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Target;

    #[test]
    fn a_proxy_reads_and_shows_no_secret() {
        for (typed, shown, user, secret) in [
            ("127.0.0.1:3128", "http://127.0.0.1:3128", None, None),
            ("http://[::1]:3128/", "http://[::1]:3128", None, None),
            ("SOCKS5H://proxy.test:1080", "socks5h://proxy.test:1080", None, None),
            ("socks5://al:env:PW@p:1", "socks5://p:1", Some("al"), Some("env:PW")),
            ("http://al:file:/a@b/c@p:1", "http://p:1", Some("al"), Some("file:/a@b/c")),
            ("http://a%40b:hunter2%3a@p:1", "http://p:1", Some("a@b"), Some("***")),
            ("http://al@p:1", "http://p:1", Some("al"), None),
        ] {
            let proxy = Proxy::parse(typed).unwrap_or_else(|e| panic!("{typed}: {e}"));
            assert_eq!(proxy.to_string(), shown);
            assert_eq!(proxy.user.as_ref().map(|(name, _)| name.as_str()), user, "{typed}");
            assert_eq!(proxy.secret().map(ToString::to_string).as_deref(), secret, "{typed}");
            assert!(!format!("{proxy:?}").contains("hunter2"));
        }
        assert_eq!(
            Proxy::parse("http://a:hunter2%3a@p:1").expect("read").secret(),
            Some(&Reference::parse("hunter2:"))
        );
    }

    #[test]
    fn what_is_no_proxy_says_why_and_no_secret() {
        for (typed, why) in [
            ("https://al:hunter2@p:1", "none of the schemes"),
            ("http://al:hunter2@p", "lacks its host or its port"),
            ("http://al:hunter2@:80", "lacks its host or its port"),
            ("http://al:hunter2@p:x", "not a port"),
            ("http://al:hunter2@p:1/x", "without a path"),
            ("http://:hunter2@p:1", "user name"),
            ("", "lacks its host"),
        ] {
            let said = Proxy::parse(typed).expect_err(typed).to_string();
            assert!(said.contains(why) && said.contains("; write ") && !said.contains("hunter2"), "{typed}: {said}");
        }
    }

    #[test]
    fn exceptions_are_names_with_those_below_them_and_ranges() {
        let except = Except::parse("localhost, .corp.test *.lab.test,api.test:8443 10.0.0.0/8,[::1],%,");
        let covers = |url: &str| except.covers(&Target::parse(url.as_bytes()).expect("url").origin);
        for url in [
            "http://localhost/",
            "http://a.corp.test/",
            "http://corp.test/",
            "http://x.lab.test/",
            "https://api.test:8443/",
            "http://10.1.2.3/",
            "http://[::1]:9/",
        ] {
            assert!(covers(url), "{url}");
        }
        for url in ["https://api.test/", "http://notcorp.test/", "http://11.0.0.1/", "http://example.test/"] {
            assert!(!covers(url), "{url}");
        }
        assert!(Except::parse("*").covers(&Target::parse(b"http://a/").expect("url").origin));
    }

    #[test]
    fn the_environment_is_read_in_its_order() {
        let with = |set: &'static [(&'static str, &'static str)], scheme| {
            let read = move |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
            of_environment(scheme, &read).map(|(name, value)| format!("{name}={value}"))
        };
        let both: &[(&str, &str)] = &[("http_proxy", "a"), ("HTTP_PROXY", "b"), ("ALL_PROXY", "c")];
        assert_eq!(with(both, Scheme::Http).as_deref(), Some("http_proxy=a"));
        assert_eq!(with(both, Scheme::Https).as_deref(), Some("ALL_PROXY=c"));
        assert_eq!(with(&[("HTTP_PROXY", "b")], Scheme::Http).as_deref(), Some("HTTP_PROXY=b"));
        // A server that runs a script puts the header Proxy of a request there.
        assert_eq!(with(&[("HTTP_PROXY", "b"), ("REQUEST_METHOD", "GET")], Scheme::Http), None);
        assert_eq!(with(&[("https_proxy", "")], Scheme::Https), None);
    }
}
