//! An absolute URL split into where to connect and which bytes to put on the request line, with nothing normalised.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::secret::mask_url;
use crate::base::{Error, Result, text};

/// The scheme of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scheme {
    /// Plain text.
    Http,
    /// Over TLS.
    Https,
}

impl Scheme {
    /// The word before `://`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
    /// The port when none is typed.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where to connect: scheme, host as typed in lower case (IPv6 without brackets) and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Origin {
    /// Plain or TLS.
    pub scheme: Scheme,
    /// Name or address literal, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl Origin {
    /// `host` or `host:port` as it stands in a `Host` header: the port only when it is not the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.bracketed()
        } else {
            format!("{}:{}", self.bracketed(), self.port)
        }
    }

    /// `host:port`, always with the port: the form of a scope entry.
    pub fn host_port(&self) -> String {
        format!("{}:{}", self.bracketed(), self.port)
    }

    /// Scheme, host and port as they are, for what is read again and not shown.
    pub fn exact(&self) -> String {
        format!("{}://{}", self.scheme.word(), self.authority())
    }

    fn bracketed(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.word(), text::display_str(&self.authority()))
    }
}

/// An absolute URL as typed: its origin and the exact bytes of the target (path and query). A fragment is cut off, as it
/// never leaves a client, and is kept apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Where to connect.
    pub origin: Origin,
    /// The bytes after the authority; `/` when there were none.
    pub target: Vec<u8>,
    /// What stood after the first `#`, if anything.
    pub fragment: Option<Vec<u8>>,
    /// User information before the `@`, if any: a credential, never sent by itself.
    pub userinfo: Option<Vec<u8>>,
}

impl Target {
    /// Splits `url`. Without a scheme, `http` is assumed for loopback literals and `localhost`, and `https` otherwise.
    ///
    /// # Errors
    /// An unknown scheme, an empty host, a bad port or a control byte in the authority, each named.
    pub fn parse(url: &[u8]) -> Result<Self> {
        // These words reach a terminal and a log: what is secret in a URL does not.
        let shown = || text::display(&mask_url(url));
        let (scheme, rest) = match find(url, b"://").filter(|i| !url[..*i].iter().any(|b| b"/?#@".contains(b))) {
            Some(i) => {
                let scheme = match url[..i].to_ascii_lowercase().as_slice() {
                    b"http" => Scheme::Http,
                    b"https" => Scheme::Https,
                    other => {
                        return Err(Error::input(format!("{} is not a scheme lunette sends", text::display(other)))
                            .at(shown())
                            .hint("use http:// or https://"));
                    }
                };
                (Some(scheme), &url[i + 3..])
            }
            None => (None, url),
        };
        let end = rest.iter().position(|b| matches!(b, b'/' | b'?' | b'#')).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, host_port) = match authority.iter().rposition(|b| *b == b'@') {
            Some(i) => (Some(authority[..i].to_vec()), &authority[i + 1..]),
            None => (None, authority),
        };
        let (host, port) = split_port(host_port).map_err(|what| Error::input(what).at(shown()))?;
        if host.is_empty() {
            return Err(Error::input("there is no host in this URL").at(shown()).hint("write http://HOST:PORT/path"));
        }
        let scheme = scheme.unwrap_or(if is_local_name(&host) { Scheme::Http } else { Scheme::Https });
        let (target, fragment) = match tail.iter().position(|b| *b == b'#') {
            Some(i) => (&tail[..i], Some(tail[i + 1..].to_vec())),
            None => (tail, None),
        };
        let target = if target.is_empty() { b"/".to_vec() } else { target.to_vec() };
        Ok(Self {
            origin: Origin { scheme, port: port.unwrap_or(scheme.default_port()), host },
            target,
            fragment,
            userinfo,
        })
    }
}

/// True for a host that can only be this machine.
pub fn is_local_name(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
}

/// Splits `host[:port]` or `[v6][:port]`.
pub fn split_port(bytes: &[u8]) -> Result<(String, Option<u16>), String> {
    if bytes.iter().any(|b| *b <= b' ' || *b == 0x7f || *b == b'\\') {
        return Err("the host holds a space, a backslash or a control byte".to_owned());
    }
    let s = std::str::from_utf8(bytes).map_err(|_| "the host is not UTF-8".to_owned())?;
    let (host, port) = if let Some(inner) = s.strip_prefix('[') {
        let (v6, rest) = inner.split_once(']').ok_or("an IPv6 address needs its closing bracket")?;
        if v6.parse::<std::net::Ipv6Addr>().is_err() {
            return Err(format!("{} is not an IPv6 address", text::display_str(v6)));
        }
        match rest {
            "" => (v6, None),
            r => (v6, Some(r.strip_prefix(':').ok_or("only a port may follow the bracket")?)),
        }
    } else if s.matches(':').count() > 1 {
        return Err("an IPv6 address stands in brackets: [::1]".to_owned());
    } else {
        match s.split_once(':') {
            Some((h, p)) => (h, Some(p)),
            None => (s, None),
        }
    };
    let port = match port {
        None | Some("") => None,
        Some(p) => Some(
            p.parse::<u16>()
                .ok()
                .filter(|p| *p > 0)
                .ok_or_else(|| format!("{} is not a port from 1 to 65535", text::display_str(p)))?,
        ),
    };
    Ok((host.to_ascii_lowercase(), port))
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    memchr::memmem::find(haystack, needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn target_bytes_are_as_typed() {
        let t = Target::parse(b"HTTP://Ex.test:8080/a/../b%2e%2e/;x?q=a b#f").expect("url");
        assert_eq!(t.origin, Origin { scheme: Scheme::Http, host: "ex.test".into(), port: 8080 });
        assert_eq!(t.target, b"/a/../b%2e%2e/;x?q=a b");
        assert_eq!(t.fragment.as_deref(), Some(b"f".as_slice()));
        let t = Target::parse(b"https://h?x=1").expect("url");
        assert_eq!(t.target, b"?x=1");
        assert_eq!(Target::parse(b"[::1]:81/x").expect("v6").origin.authority(), "[::1]:81");
        assert_eq!(Target::parse(b"api.test").expect("name").origin.scheme, Scheme::Https);
        let nested = Target::parse(b"api.test/go?to=https://x.test/").expect("a URL in the query is no scheme");
        assert_eq!(
            (nested.origin.host.as_str(), nested.target.as_slice()),
            ("api.test", &b"/go?to=https://x.test/"[..])
        );
        assert_eq!(Target::parse(b"u:p@127.0.0.1:9").expect("user").userinfo.as_deref(), Some(b"u:p".as_slice()));
    }

    #[test]
    fn errors_keep_what_is_secret_in_a_url() {
        for url in ["https://u:zzz@h:99999/", "u:zzz@h:x/", "ftp://u:zzz@h/", "https://h:0/?access_token=zzz"] {
            let e = Target::parse(url.as_bytes()).expect_err(url).to_string();
            assert!(!e.contains("zzz"), "{e}");
        }
    }

    #[test]
    fn bad_urls_say_why() {
        for (url, why) in [
            ("ftp://x/", "not a scheme"),
            ("http:///x", "no host"),
            ("http://h:0/", "not a port"),
            ("http://h:99999/", "not a port"),
            ("http://::1/", "brackets"),
            ("http://[::1/", "closing bracket"),
            ("http://a b/", "space"),
        ] {
            let e = Target::parse(url.as_bytes()).expect_err(url).to_string();
            assert!(e.contains(why), "{url}: {e}");
        }
    }
}
