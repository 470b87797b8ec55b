//! What the live extras ask, planned here and sent by `checks/`: few requests, each of which changes nothing at the other
//! end, and each known before the first is sent.

use super::suffix;
use crate::wire::{Exchange, Origin, Request, Scheme};

/// What a probe is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An origin nobody has heard of.
    Stranger,
    /// The origin null.
    Null,
    /// A name that begins with the host.
    Prefix,
    /// A name that ends with the registered domain.
    Suffix,
    /// The host with another letter in place of a dot.
    Dot,
    /// The host over plain HTTP.
    Plain,
    /// A made-up host below the registered domain.
    Subdomain,
    /// A preflight for a made-up method and header.
    Preflight,
    /// A path that is not there.
    Missing,
    /// A method that is none.
    Method,
    /// TRACE.
    Trace,
    /// The same path on the http port, without the credential.
    Http,
}

impl Kind {
    /// What it tries, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Stranger => "an origin nobody knows",
            Self::Null => "the origin null",
            Self::Prefix => "a name that begins with the host",
            Self::Suffix => "a name that ends with the domain",
            Self::Dot => "a letter in place of a dot",
            Self::Plain => "the host over plain HTTP",
            Self::Subdomain => "a made-up subdomain",
            Self::Preflight => "a preflight for a made-up method and header",
            Self::Missing => "a path that is not there",
            Self::Method => "a method that is none",
            Self::Trace => "TRACE",
            Self::Http => "the http port, without the credential",
        }
    }

    /// True for an origin that only looks like the host's.
    pub fn is_look_alike(self) -> bool {
        matches!(self, Self::Prefix | Self::Suffix | Self::Dot | Self::Plain | Self::Subdomain)
    }

    /// True for a look-alike that takes a second weakness to use.
    pub fn is_soft(self) -> bool {
        matches!(self, Self::Plain | Self::Subdomain)
    }
}

/// One probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// What it is for.
    pub kind: Kind,
    /// The Origin it carries.
    pub origin: Option<String>,
    /// The made-up name it asks for.
    pub made_up: Option<String>,
    /// What is sent.
    pub request: Request,
}

/// What came back: every probe with its exchange.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Probes(Vec<(Probe, Exchange)>);

impl Probes {
    /// The probes that were sent, with what came back.
    pub fn new(all: Vec<(Probe, Exchange)>) -> Self {
        Self(all)
    }

    /// All of them.
    pub fn all(&self) -> &[(Probe, Exchange)] {
        &self.0
    }

    /// The first of a kind.
    pub fn find(&self, kind: Kind) -> Option<&(Probe, Exchange)> {
        self.0.iter().find(|(p, _)| p.kind == kind)
    }

    /// The exchange of the first of a kind.
    pub fn get(&self, kind: Kind) -> Option<&Exchange> {
        self.find(kind).map(|(_, x)| x)
    }

    /// The exchanges whose headers should be those of a good reply: errors and OPTIONS.
    pub fn alike(probes: &Self) -> impl Iterator<Item = &Exchange> {
        probes
            .0
            .iter()
            .filter(|(p, _)| matches!(p.kind, Kind::Missing | Kind::Method | Kind::Preflight))
            .map(|(_, x)| x)
    }
}

/// Why a request gets no probes.
pub const UNSAFE: &str = "only GET, HEAD and OPTIONS are tried again: another method may change something";

/// The probes for a request, in the order they are sent. `salt` makes the made-up names of this run; 16 hexadecimal digits.
/// Empty for a method that may change something.
pub fn plan(request: &Request, salt: &str) -> Vec<Probe> {
    if !["GET", "HEAD", "OPTIONS"].iter().any(|m| request.method.eq_ignore_ascii_case(m.as_bytes())) {
        return Vec::new();
    }
    let mut bare = request.clone();
    bare.headers.retain(|(n, _)| !n.eq_ignore_ascii_case(b"origin"));
    // The origin the user typed is the one that is trusted; else the host itself.
    let typed = request.get("origin").and_then(|o| std::str::from_utf8(o).ok()).and_then(|o| o.split_once("://"));
    let host = typed.map_or(request.origin.host.as_str(), |(_, h)| h.split(':').next().unwrap_or(h)).to_owned();
    let cut = |from: usize| salt.get(from..from + 8).unwrap_or(salt);
    let domain = suffix::registered(&host).unwrap_or(&host).to_owned();

    let mut all = Vec::new();
    let mut ask = |kind, origin: String| {
        let request = bare.clone().header("Origin", &origin);
        all.push(Probe { kind, origin: Some(origin), made_up: None, request });
    };
    ask(Kind::Stranger, format!("https://{}.example", cut(0)));
    ask(Kind::Stranger, format!("https://{}.example", cut(8)));
    ask(Kind::Null, "null".to_owned());
    ask(Kind::Prefix, format!("https://{host}.{}.example", cut(0)));
    ask(Kind::Suffix, format!("https://x{}{domain}", cut(8)));
    if let Some(at) = host.find('.') {
        ask(Kind::Dot, format!("https://{}x{}", &host[..at], &host[at + 1..]));
    }
    if request.origin.scheme == Scheme::Https {
        ask(Kind::Plain, format!("http://{host}"));
    }
    ask(Kind::Subdomain, format!("https://{}.{domain}", cut(0)));

    let mut other = |kind, made_up: Option<String>, request| all.push(Probe { kind, origin: None, made_up, request });
    let made_up = format!("x-{}", cut(0));
    // A browser sends no credential with a preflight.
    let mut preflight = bare.clone();
    preflight.method = b"OPTIONS".to_vec();
    preflight.headers.retain(|(n, _)| !crate::base::secret::is_credential_header(n));
    let preflight = preflight
        .header("Origin", &format!("https://{host}"))
        .header("Access-Control-Request-Method", &made_up.to_ascii_uppercase())
        .header("Access-Control-Request-Headers", &made_up);
    other(Kind::Preflight, Some(made_up.clone()), preflight);
    let mut missing = bare.clone();
    missing.target = format!("/{}", cut(0)).into_bytes();
    other(Kind::Missing, None, missing);
    let mut method = bare.clone();
    method.method = made_up.to_ascii_uppercase().into_bytes();
    other(Kind::Method, None, method);
    let mut trace = bare.clone();
    trace.method = b"TRACE".to_vec();
    // What it would send back is made up, so that no credential is in a reply that may be kept.
    trace.headers.retain(|(n, _)| !crate::base::secret::is_credential_header(n));
    other(Kind::Trace, None, trace);
    if let Some(origin) = plain_origin(&request.origin) {
        let mut http = bare;
        http.headers.retain(|(n, _)| !crate::base::secret::is_credential_header(n));
        http.origin = origin;
        other(Kind::Http, None, http);
    }
    all
}

/// Where the http port of a service is: known for the default port alone.
pub fn plain_origin(origin: &Origin) -> Option<Origin> {
    (origin.scheme == Scheme::Https && origin.port == 443).then(|| Origin {
        scheme: Scheme::Http,
        port: 80,
        ..origin.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_is_short_and_carries_no_credential_where_it_could_leak() {
        let request = Request::new("GET", b"https://api.shop.co.uk/orders?x=1").expect("url");
        let plan = plan(
            &request.header("Authorization", "Bearer s").header("Origin", "https://app.shop.co.uk"),
            "0123456789abcdef",
        );
        let origins: Vec<&str> = plan.iter().filter_map(|p| p.origin.as_deref()).collect();
        assert_eq!(
            origins,
            [
                "https://01234567.example",
                "https://89abcdef.example",
                "null",
                "https://app.shop.co.uk.01234567.example",
                "https://x89abcdefshop.co.uk",
                "https://appxshop.co.uk",
                "http://app.shop.co.uk",
                "https://01234567.shop.co.uk",
            ]
        );
        assert_eq!(plan.len(), 13);
        for p in &plan {
            let secret = p.request.get("authorization").is_some();
            let bare = matches!(p.kind, Kind::Preflight | Kind::Trace | Kind::Http);
            assert_eq!(secret, !bare, "{:?}", p.kind);
            assert_eq!(
                p.request.headers.iter().filter(|(n, _)| n == b"Origin").count(),
                usize::from(p.origin.is_some() || p.kind == Kind::Preflight)
            );
        }
        assert_eq!(plan.last().map(|p| p.request.origin.to_string()).as_deref(), Some("http://api.shop.co.uk"));
    }

    #[test]
    fn what_may_change_something_is_not_tried_and_odd_hosts_are() {
        let post = Request::new("POST", b"https://h/").expect("url");
        assert_eq!(plan(&post, "0123456789abcdef"), []);
        for url in ["http://localhost:8080/", "http://127.0.0.1/", "https://[::1]:1/"] {
            let plan = plan(&Request::new("GET", url.as_bytes()).expect("url"), "0123456789abcdef");
            assert!(plan.len() >= 10 && !plan.iter().any(|p| p.kind == Kind::Http), "{url}");
        }
    }
}
