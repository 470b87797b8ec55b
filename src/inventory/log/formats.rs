//! The formats there are: their names, what writes them, a line of each, and how they are read. Detection, `--log-format`, its
//! help, errors and the README are drawn from this table.

use super::combined::{Combined, Tail};
use super::haproxy::Haproxy;
use super::json::{self, Json};
use super::pattern::Pattern;
use super::w3c::{Row, W3c};
use super::{Line, alb, envoy, quoted};
use crate::base::error::nearest;
use crate::base::{Error, Result, text::display_str};

/// One format.
#[derive(Debug)]
pub struct Format {
    /// What `--log-format` calls it.
    pub name: &'static str,
    /// What writes it.
    pub about: &'static str,
    /// Lines that are of this format and of none that stands before it.
    pub example: &'static str,
    start: fn() -> Reader,
}

/// Every format; where two read as many lines the first is taken, so what says less stands further down.
pub static FORMATS: &[Format] = &[
    Format {
        name: "ingress-nginx",
        about: "ingress-nginx",
        example: r#"192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] "GET /orders/7 HTTP/1.1" 200 5 "-" "curl/8" 457 0.016 [shop-80] [] 10.0.0.1:80 5 0.016 200 8a7f"#,
        start: || Reader::Combined(Combined::with(Tail::Ingress)),
    },
    Format {
        name: "traefik",
        about: "Traefik in its common format",
        example: r#"192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] "GET /orders/7 HTTP/1.1" 200 5 "-" "curl/8" 15 "shop@docker" "http://10.0.0.1:80" 16ms"#,
        start: || Reader::Combined(Combined::with(Tail::Traefik)),
    },
    Format {
        name: "combined",
        about: "nginx and Apache: common and combined, a virtual host before, a request time after",
        example: r#"192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] "GET /orders/7 HTTP/1.1" 200 5 "-" "curl/8" 0.016"#,
        start: || Reader::Combined(Combined::default()),
    },
    Format {
        name: "envoy",
        about: "Envoy and Istio, default text",
        example: r#"[2023-11-14T22:13:20.310Z] "GET /orders/7 HTTP/2" 200 - 0 5 16 15 "-" "curl/8" "8a7f" "api.test" "10.0.0.1:80""#,
        start: || Reader::Plain(envoy::read),
    },
    Format {
        name: "alb",
        about: "AWS application load balancers",
        example: r#"https 2023-11-14T22:13:20.186641Z app/shop/50dc 192.0.2.7:2817 10.0.0.1:80 0.000 0.016 0.000 200 200 34 366 "GET https://api.test:443/orders/7 HTTP/1.1" "curl/8" TLS_AES_128_GCM_SHA256 TLSv1.3 -"#,
        start: || Reader::Plain(alb::read),
    },
    Format {
        name: "haproxy",
        about: "HAProxy with option httplog, with or without a syslog prefix",
        example: r#"Nov 14 22:13:20 lb haproxy[143]: 192.0.2.7:33317 [14/Nov/2023:22:13:20.655] http-in shop/srv1 0/0/1/15/16 200 5 - - ---- 1/1/1/1/0 0/0 "GET /orders/7 HTTP/1.1""#,
        start: || Reader::Haproxy(Haproxy::default()),
    },
    Format {
        name: "w3c",
        about: "IIS and other W3C extended logs, and CloudFront, by their #Fields",
        example: "#Fields: date time cs-method cs-uri-stem cs-uri-query sc-status time-taken\n2023-11-14 22:13:20 GET /orders/7 - 200 16",
        start: || Reader::W3c(W3c::default()),
    },
    Format {
        name: "caddy",
        about: "Caddy, JSON",
        example: r#"{"ts":1700000000.3,"request":{"method":"GET","host":"api.test","uri":"/orders/7"},"status":200,"duration":0.016}"#,
        start: || Reader::Json(Json::of(&json::CADDY)),
    },
    Format {
        name: "kong",
        about: "Kong file-log and http-log, JSON",
        example: r#"{"request":{"method":"GET","uri":"/orders/7","url":"http://api.test:8000/orders/7"},"response":{"status":200},"latencies":{"request":16},"started_at":1700000000300}"#,
        start: || Reader::Json(Json::of(&json::KONG)),
    },
    Format {
        name: "traefik-json",
        about: "Traefik, JSON",
        example: r#"{"RequestMethod":"GET","RequestPath":"/orders/7","RequestHost":"api.test","DownstreamStatus":200,"Duration":16000000,"StartUTC":"2023-11-14T22:13:20.3Z"}"#,
        start: || Reader::Json(Json::of(&json::TRAEFIK)),
    },
    Format {
        name: "envoy-json",
        about: "Envoy and Istio, JSON",
        example: r#"{"start_time":"2023-11-14T22:13:20.310Z","method":"GET","path":"/orders/7","authority":"api.test","response_code":200,"duration":16}"#,
        start: || Reader::Json(Json::of(&json::ENVOY)),
    },
    Format {
        name: "api-gateway",
        about: "AWS API Gateway, JSON",
        example: r#"{"requestTime":"14/Nov/2023:22:13:20 +0000","httpMethod":"GET","resourcePath":"/orders/{id}","status":"200","responseLatency":"16"}"#,
        start: || Reader::Json(Json::of(&json::API_GATEWAY)),
    },
    Format {
        name: "google",
        about: "Google Cloud load balancers, JSON",
        example: r#"{"timestamp":"2023-11-14T22:13:20.3Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://api.test/orders/7","status":200,"latency":"0.016s"}}"#,
        start: || Reader::Json(Json::of(&json::GOOGLE)),
    },
    Format {
        name: "azure",
        about: "Azure Application Gateway and Front Door, JSON",
        example: r#"{"timeStamp":"2023-11-14T22:13:20Z","properties":{"httpMethod":"GET","requestUri":"/orders/7","httpStatus":200,"timeTaken":0.016,"host":"api.test"}}"#,
        start: || Reader::Json(Json::of(&json::AZURE)),
    },
    Format {
        name: "cloudflare",
        about: "Cloudflare Logpush, JSON",
        example: r#"{"ClientRequestMethod":"GET","ClientRequestHost":"api.test","ClientRequestURI":"/orders/7","EdgeResponseStatus":200,"EdgeStartTimestamp":1700000000300000000,"EdgeTimeToFirstByteMs":16}"#,
        start: || Reader::Json(Json::of(&json::CLOUDFLARE)),
    },
    Format {
        name: "cloudfront-json",
        about: "CloudFront standard logs, JSON",
        example: r#"{"timestamp":"1700000000","cs-method":"GET","cs-uri-stem":"/orders/7","cs-uri-query":"-","sc-status":"200","time-taken":"0.016","x-host-header":"api.test"}"#,
        start: || Reader::Json(Json::of(&json::CLOUDFRONT)),
    },
    Format {
        name: "json",
        about: "nginx and anything else that writes JSON, by the usual names of members",
        example: r#"{"time_iso8601":"2023-11-14T22:13:20+00:00","request":"GET /orders/7 HTTP/1.1","status":"200","request_time":"0.016"}"#,
        start: || Reader::Json(Json::of(&json::ANY)),
    },
    Format {
        name: "quoted",
        about: "any line with a quoted request line and a status after it",
        example: r#"api.log 2023-11-14 22:13:20.008 25746 INFO wsgi 192.0.2.7 "GET /orders/7 HTTP/1.1" status: 200 len: 5 time: 0.016"#,
        start: || Reader::Plain(quoted::read),
    },
];

/// What `--log-format` takes besides names.
pub const TYPED: &str = "a line of nginx's log_format, or json:FIELD=MEMBER,…";

/// How a log is to be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Choice {
    /// By what its first lines are.
    #[default]
    Detect,
    /// As the user says: a name, a `log_format`, or a mapping, already looked at.
    As(String),
}

impl Choice {
    /// Looks at what the user typed.
    ///
    /// # Errors
    /// When it is no format, with the nearest name.
    pub fn parse(text: &str) -> Result<Self> {
        typed(text).map(|_| Self::As(text.to_owned()))
    }
}

/// The reader and the name of what was typed.
pub(super) fn typed(text: &str) -> Result<(&'static str, Reader)> {
    if let Some(format) = FORMATS.iter().find(|f| f.name == text.trim()) {
        return Ok((format.name, (format.start)()));
    }
    if let Some(mapping) = text.trim().strip_prefix("json:") {
        return Json::typed(mapping).map(|j| ("json mapping", Reader::Json(j)));
    }
    if text.contains('$') {
        return Pattern::parse(text).map(|p| ("log_format", Reader::Pattern(p)));
    }
    let names: Vec<&str> = FORMATS.iter().map(|f| f.name).collect();
    let error = Error::input(format!("{} is no log format", display_str(text))).at("--log-format");
    Err(match nearest(text, names.iter().copied()) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("give {TYPED}, or one of {}", names.join(", "))),
    })
}

/// The format that reads most of these lines, if any reads one. `loose` takes in the last resort.
pub(in crate::inventory) fn detect<'a>(
    lines: &(impl Iterator<Item = &'a [u8]> + Clone),
    loose: bool,
) -> Option<&'static Format> {
    let mut best: Option<(usize, &Format)> = None;
    let all = lines.clone().count();
    for format in FORMATS.iter().filter(|f| loose || f.name != "quoted") {
        let mut reader = (format.start)();
        let read = lines.clone().filter(|l| reader.read(l, &mut |_| {}) == Outcome::Read).count();
        if read > best.map_or(0, |(n, _)| n) {
            best = Some((read, format));
        }
        if read == all {
            break;
        }
    }
    best.map(|(_, format)| format)
}

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Read,
    /// No request, and none was to be expected: a directive.
    Aside,
    Missed,
}

/// Reads the lines of one format.
#[derive(Debug)]
pub(super) enum Reader {
    Combined(Combined),
    Plain(fn(&[u8]) -> Option<Line<'_>>),
    Haproxy(Haproxy),
    W3c(W3c),
    Json(Json),
    Pattern(Pattern),
}

impl Reader {
    pub fn of(format: &Format) -> Self {
        (format.start)()
    }

    /// Another reader of the same format; `None` where what a line means depends on those before it.
    pub fn another(&self) -> Option<Self> {
        Some(match self {
            Self::Combined(f) => Self::Combined(f.clone()),
            Self::Plain(read) => Self::Plain(*read),
            Self::Haproxy(f) => Self::Haproxy(f.clone()),
            Self::Json(f) => Self::Json(f.clone()),
            Self::Pattern(f) => Self::Pattern(f.clone()),
            Self::W3c(_) => return None,
        })
    }

    /// One line without its newline; `each` gets the requests in it.
    #[expect(clippy::inline_always, reason = "a call for each line that does little but call")]
    #[inline(always)]
    pub fn read(&mut self, line: &[u8], each: &mut impl FnMut(&Line<'_>)) -> Outcome {
        let read = match self {
            // Of all others there is less, and a line is long to copy.
            Self::Combined(f) => {
                return match f.read(line) {
                    Some(read) => {
                        each(&read);
                        Outcome::Read
                    }
                    None => Outcome::Missed,
                };
            }
            Self::Plain(read) => read(line),
            Self::Haproxy(f) => f.read(line),
            Self::Pattern(f) => f.read(line),
            Self::W3c(f) => match f.read(line) {
                Row::Line(line) => Some(line),
                Row::Directive => return Outcome::Aside,
                Row::Missed => None,
            },
            Self::Json(f) => return if f.read(line, each) { Outcome::Read } else { Outcome::Missed },
        };
        match read {
            Some(read) => {
                each(&read);
                Outcome::Read
            }
            None => Outcome::Missed,
        }
    }
}
