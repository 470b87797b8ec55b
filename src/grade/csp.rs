//! Content-Security-Policy: read as CSP Level 3 section 2.2 says, and what is weak about it.

/// Policies of one reply that are read.
const MOST_POLICIES: usize = 50;
/// Directives of one policy that are read.
const MOST_DIRECTIVES: usize = 200;
/// Values of one directive that are read.
const MOST_VALUES: usize = 1_000;
/// Shortest nonce that cannot be guessed, in characters: the standard asks for 128 random bits, which are 22 in base64;
/// below 8 no encoding is excuse.
const SHORTEST_NONCE: usize = 8;

/// One policy: its directives in order, names in lower case. Of two with one name the first counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    directives: Vec<(String, Vec<String>)>,
    repeated: Vec<String>,
}

/// Something weak in a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weakness {
    /// Points it costs; 0 is advice.
    pub points: u32,
    /// What it is, in a few words.
    pub what: String,
}

/// Every policy in these header values; a comma separates policies.
pub fn of(values: impl Iterator<Item = String>) -> Vec<Policy> {
    let mut policies = Vec::new();
    for value in values {
        policies.extend(value.split(',').map(Policy::parse).filter(|p| !p.directives.is_empty()));
        policies.truncate(MOST_POLICIES);
    }
    policies
}

impl Policy {
    /// Reads one policy.
    pub fn parse(text: &str) -> Self {
        let mut policy = Self::default();
        for directive in text.split(';').take(MOST_DIRECTIVES) {
            let mut words = directive.split_ascii_whitespace();
            let Some(name) = words.next().map(str::to_ascii_lowercase) else { continue };
            if policy.get(&name).is_some() {
                policy.repeated.push(name);
            } else {
                policy.directives.push((name, words.take(MOST_VALUES).map(str::to_owned).collect()));
            }
        }
        policy
    }

    /// The policy as a `meta` element carries it: some directives do not count there.
    pub fn of_meta(mut self) -> Self {
        self.directives.retain(|(n, _)| !matches!(n.as_str(), "frame-ancestors" | "report-uri" | "sandbox"));
        self
    }

    /// The values of a directive.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.directives.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_slice())
    }

    /// True when a directive allows nothing.
    pub fn is_none(&self, name: &str) -> bool {
        self.get(name).is_some_and(|v| v.is_empty() || (v.len() == 1 && v[0].eq_ignore_ascii_case("'none'")))
    }

    /// True when no stranger may frame the page by this policy; `None` where it says nothing of frames.
    pub fn restricts_frames(&self) -> Option<bool> {
        let sources = self.get("frame-ancestors")?;
        Some(!sources.iter().any(|s| is_wide(s)))
    }

    /// What is weak in it for a page, dearest first: the checks that CSP Evaluator lists.
    pub fn weaknesses(&self) -> Vec<Weakness> {
        let mut found = Vec::new();
        self.judge_scripts(&mut found);
        self.judge_syntax(&mut found);
        found.sort_by_key(|w| std::cmp::Reverse(w.points));
        found
    }

    fn judge_scripts(&self, found: &mut Vec<Weakness>) {
        let mut add = |points, what: String| found.push(Weakness { points, what });
        let scripts = self.get("script-src").or_else(|| self.get("default-src"));
        let objects = self.get("object-src").or_else(|| self.get("default-src"));
        let fixed = scripts.is_some_and(|s| s.iter().any(|v| is_nonce(v) || is_hash(v)));
        let dynamic = scripts.is_some_and(|s| s.iter().any(|v| v.eq_ignore_ascii_case("'strict-dynamic'")));
        match scripts {
            None => add(15, "no script-src and no default-src: scripts may come from anywhere".to_owned()),
            Some(list) => {
                // With strict-dynamic, and beside a nonce or a hash, browsers overlook what stands for older ones.
                for v in list.iter().map(|v| v.to_ascii_lowercase()) {
                    match v.as_str() {
                        "'unsafe-inline'" if !fixed && !dynamic => {
                            add(15, "script-src allows 'unsafe-inline'".to_owned());
                        }
                        "'unsafe-eval'" => add(4, "script-src allows 'unsafe-eval'".to_owned()),
                        v if dynamic && fixed && !v.starts_with('\'') => {}
                        v if is_wide(v) || v == "data:" => {
                            add(15, format!("script-src allows {v}"));
                        }
                        v if host_of(v).parse::<std::net::IpAddr>().is_ok() => {
                            add(2, "script-src allows an address in place of a name".to_owned());
                        }
                        v if v.starts_with("http://") => add(4, "script-src allows a host over plain HTTP".to_owned()),
                        v if BYPASS_HOSTS.iter().any(|h| covers(host_of(v), h)) => {
                            add(6, format!("script-src allows {}, which serves scripts that run anything", host_of(v)));
                        }
                        _ => {}
                    }
                }
                if list.iter().filter_map(|v| nonce(v)).any(|n| n.len() < SHORTEST_NONCE) {
                    add(4, format!("a nonce of fewer than {SHORTEST_NONCE} characters can be guessed"));
                }
                if dynamic && !fixed {
                    add(8, "'strict-dynamic' without a nonce or a hash".to_owned());
                }
                if fixed && !dynamic {
                    add(0, "'strict-dynamic' would free the list of hosts".to_owned());
                }
                if fixed && !list.iter().any(|v| v.eq_ignore_ascii_case("'unsafe-inline'")) {
                    add(0, "'unsafe-inline' beside a nonce serves old browsers and weakens no other".to_owned());
                }
            }
        }
        match objects {
            None => add(5, "no object-src and no default-src: plugins may come from anywhere".to_owned()),
            Some(list) => {
                if let Some(v) = list.iter().find(|v| is_wide(v)) {
                    add(5, format!("object-src allows {}", v.to_ascii_lowercase()));
                } else if list.iter().any(|v| PLUGIN_HOSTS.iter().any(|h| covers(host_of(v), h))) {
                    add(1, "object-src allows a host that serves old plugins".to_owned());
                }
            }
        }
        if fixed && self.get("base-uri").is_none() {
            add(5, "no base-uri: an injected base element moves where scripts come from".to_owned());
        }
        if self.get("require-trusted-types-for").is_none() {
            add(0, "require-trusted-types-for 'script' would stop injection in scripts".to_owned());
        }
    }

    fn judge_syntax(&self, found: &mut Vec<Weakness>) {
        let mut add = |points, what: String| found.push(Weakness { points, what });
        if let Some(name) = self.repeated.first() {
            add(1, format!("{name} stands twice; the second does not count"));
        }
        for (name, values) in &self.directives {
            if DEPRECATED.contains(&name.as_str()) {
                add(1, format!("{name} is a directive that browsers have given up"));
            } else if !KNOWN.contains(&name.as_str()) {
                add(1, format!("{name} is no directive"));
            }
            for v in values {
                let lower = v.to_ascii_lowercase();
                if KNOWN.contains(&lower.as_str()) {
                    add(4, format!("{lower} stands among the values of {name}: a semicolon is missing"));
                } else if BARE_KEYWORDS.contains(&lower.as_str()) && name.ends_with("-src") {
                    add(4, format!("{lower} without quotes is the name of a host"));
                } else if lower.starts_with('\'') && !is_keyword(&lower) && takes_sources(name) {
                    add(4, format!("{lower} is no keyword"));
                }
            }
        }
    }
}

/// A source that lets in any host: `*`, a scheme that the network serves, or such a scheme with `*`.
fn is_wide(source: &str) -> bool {
    let source = source.to_ascii_lowercase();
    let rest =
        ["https://", "http://", "ws://", "wss://", "//"].iter().find_map(|p| source.strip_prefix(p)).unwrap_or(&source);
    let host = rest.split(['/', ':']).next().unwrap_or_default();
    matches!(source.as_str(), "https:" | "http:" | "ws:" | "wss:" | "ftp:") || matches!(host, "*" | "*.*")
}

/// The host of a host source, without scheme, port and path.
fn host_of(source: &str) -> &str {
    let rest = source.split_once("://").map_or(source, |(_, r)| r);
    let rest = rest.split('/').next().unwrap_or_default();
    rest.rsplit_once(':').filter(|(_, p)| p.bytes().all(|b| b.is_ascii_digit() || b == b'*')).map_or(rest, |(h, _)| h)
}

/// Whether a host source takes in `host`.
fn covers(source: &str, host: &str) -> bool {
    let source = source.to_ascii_lowercase();
    source == host || source.strip_prefix("*.").is_some_and(|d| host.strip_suffix(d).is_some_and(|h| h.ends_with('.')))
}

fn nonce(source: &str) -> Option<&str> {
    let lower = source.get(..7)?.to_ascii_lowercase();
    (lower == "'nonce-").then(|| source[7..].trim_end_matches('\''))
}
fn is_nonce(source: &str) -> bool {
    nonce(source).is_some_and(|n| !n.is_empty())
}
fn is_hash(source: &str) -> bool {
    let lower = source.to_ascii_lowercase();
    ["'sha256-", "'sha384-", "'sha512-"].iter().any(|p| lower.starts_with(p))
}

fn takes_sources(directive: &str) -> bool {
    directive.ends_with("-src")
        || directive.ends_with("-src-elem")
        || directive.ends_with("-src-attr")
        || matches!(directive, "base-uri" | "form-action" | "frame-ancestors")
}

fn is_keyword(lower: &str) -> bool {
    is_nonce(lower)
        || is_hash(lower)
        || matches!(
            lower,
            "'none'"
                | "'self'"
                | "'unsafe-inline'"
                | "'unsafe-eval'"
                | "'wasm-unsafe-eval'"
                | "'strict-dynamic'"
                | "'unsafe-hashes'"
                | "'report-sample'"
                | "'unsafe-allow-redirects'"
                | "'inline-speculation-rules'"
        )
}

const BARE_KEYWORDS: &[&str] =
    &["none", "self", "unsafe-inline", "unsafe-eval", "strict-dynamic", "unsafe-hashes", "report-sample"];

const KNOWN: &[&str] = &[
    "default-src",
    "script-src",
    "script-src-elem",
    "script-src-attr",
    "style-src",
    "style-src-elem",
    "style-src-attr",
    "img-src",
    "font-src",
    "connect-src",
    "media-src",
    "object-src",
    "frame-src",
    "child-src",
    "worker-src",
    "manifest-src",
    "fenced-frame-src",
    "base-uri",
    "form-action",
    "frame-ancestors",
    "navigate-to",
    "sandbox",
    "report-uri",
    "report-to",
    "upgrade-insecure-requests",
    "require-trusted-types-for",
    "trusted-types",
    "webrtc",
];

const DEPRECATED: &[&str] = &[
    "reflected-xss",
    "referrer",
    "disown-opener",
    "prefetch-src",
    "block-all-mixed-content",
    "plugin-types",
    "require-sri-for",
];

/// Hosts that anyone can make serve a script of their own, by a callback parameter, an old framework or an upload.
const BYPASS_HOSTS: &[&str] = &[
    "accounts.google.com",
    "ajax.googleapis.com",
    "www.google.com",
    "www.googleapis.com",
    "www.google-analytics.com",
    "www.googletagmanager.com",
    "www.youtube.com",
    "cdn.jsdelivr.net",
    "cdnjs.cloudflare.com",
    "unpkg.com",
    "raw.githubusercontent.com",
    "yandex.st",
    "yastatic.net",
    "ajax.aspnetcdn.com",
    "api.twitter.com",
    "graph.facebook.com",
    "s3.amazonaws.com",
    "storage.googleapis.com",
];

const PLUGIN_HOSTS: &[&str] = &["ajax.googleapis.com", "vk.com", "player.vimeo.com", "www.youtube.com"];

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(policy: &str) -> u32 {
        Policy::parse(policy).weaknesses().iter().map(|w| w.points).sum()
    }

    #[test]
    fn what_the_evaluator_lists_is_found() {
        let strict = "script-src 'nonce-r4nd0mr4nd0m' 'strict-dynamic' https: 'unsafe-inline'; object-src 'none'; base-uri 'none'";
        assert_eq!(cost(strict), 0, "{:?}", Policy::parse(strict).weaknesses());
        assert_eq!(cost("default-src 'self'; object-src 'none'"), 0);
        assert_eq!(cost("DEFAULT-SRC 'NONE'"), 0);
        for (policy, points, word) in [
            ("img-src 'self'", 20, "anywhere"),
            ("default-src 'none'; script-src 'unsafe-inline'", 15, "'unsafe-inline'"),
            ("default-src 'none'; script-src 'unsafe-eval' 'self'", 4, "'unsafe-eval'"),
            ("default-src 'none'; script-src https:", 15, "https:"),
            ("default-src 'none'; script-src data:", 15, "data:"),
            ("default-src 'none'; script-src *", 15, "*"),
            ("default-src 'none'; script-src https://*:443", 15, "https://*"),
            ("script-src 'self'", 5, "plugins"),
            ("default-src 'self'; object-src https:", 5, "object-src"),
            ("default-src 'none'; object-src https://vk.com", 1, "old plugins"),
            ("default-src 'none'; script-src https://ajax.googleapis.com/x/", 6, "run anything"),
            ("default-src 'none'; script-src *.googleapis.com", 6, "run anything"),
            ("default-src 'none'; script-src https://192.0.2.1:8080", 2, "an address"),
            ("default-src 'none'; script-src http://a.test", 4, "plain HTTP"),
            ("default-src 'none'; base-uri 'none'; script-src 'nonce-abc'", 4, "guessed"),
            ("default-src 'none'; base-uri 'none'; script-src 'strict-dynamic'", 8, "without a nonce"),
            ("default-src 'none'; script-src 'nonce-r4nd0mr4nd0m'", 5, "base-uri"),
            ("default-src 'none'; referrer x", 1, "given up"),
            ("default-src 'none'; scrpt-src x", 1, "no directive"),
            ("default-src 'none' script-src 'self'", 4, "semicolon"),
            ("default-src self", 4, "without quotes"),
            ("default-src 'slef'", 4, "no keyword"),
            ("default-src 'none'; default-src *", 1, "twice"),
        ] {
            assert_eq!(cost(policy), points, "{policy}: {:?}", Policy::parse(policy).weaknesses());
            assert!(Policy::parse(policy).weaknesses().iter().any(|w| w.what.contains(word)), "{policy}");
        }
    }

    #[test]
    fn frames_and_lists() {
        for (policy, restricts) in [
            ("frame-ancestors 'none'", Some(true)),
            ("frame-ancestors", Some(true)),
            ("frame-ancestors 'self' https://a.test", Some(true)),
            ("frame-ancestors *", Some(false)),
            ("frame-ancestors 'self' https:", Some(false)),
            ("frame-ancestors http://*", Some(false)),
            ("default-src 'none'", None),
        ] {
            assert_eq!(Policy::parse(policy).restricts_frames(), restricts, "{policy}");
        }
        let list =
            of(["default-src 'none', frame-ancestors *".to_owned(), " ; ".to_owned(), "sandbox".to_owned()]
                .into_iter());
        assert_eq!(list.len(), 3);
        assert!(list[0].is_none("default-src") && !list[1].is_none("default-src"));
        assert_eq!(Policy::parse("frame-ancestors *; img-src a").of_meta().restricts_frames(), None);
    }
}
