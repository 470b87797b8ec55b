//! The endpoint list as data.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::{Finding, Rule, Stamp, Untrusted};

use super::course::Course;
use super::operations::Called;
use super::spec::{Document, OperationKind};

/// Kinds of source, as a set of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Seen(u8);

impl Seen {
    /// A specification.
    pub const SPEC: Self = Self(1);
    /// An access log.
    pub const LOG: Self = Self(2);
    /// Source code.
    pub const CODE: Self = Self(4);
    /// A capture: HAR, Postman, Burp.
    pub const CAPTURE: Self = Self(8);

    /// Adds another set.
    pub fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
    /// True when every flag of `other` is set.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
    /// The words, in a fixed order.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        [(Self::SPEC, "spec"), (Self::LOG, "log"), (Self::CODE, "code"), (Self::CAPTURE, "capture")]
            .into_iter()
            .filter(move |(f, _)| self.has(*f))
            .map(|(_, w)| w)
    }
}

/// What the sources say of an endpoint, judged only against the sources given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Answers, and no specification declares its path.
    Shadow,
    /// Answers, and its path is declared, but not with this method.
    ShadowMethod,
    /// Deprecated or past its sunset, and still answers.
    Zombie,
    /// Declared, and answers where traffic was given.
    Documented,
    /// Declared, and nobody called it in the window.
    Ghost,
}

impl State {
    /// Every state, worst first.
    pub const ALL: [Self; 5] = [Self::Shadow, Self::ShadowMethod, Self::Zombie, Self::Documented, Self::Ghost];

    /// The word in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Shadow => "shadow",
            Self::ShadowMethod => "shadow-method",
            Self::Zombie => "zombie",
            Self::Documented => "documented",
            Self::Ghost => "ghost",
        }
    }
}

/// Latency quantiles in milliseconds, where the log carries a duration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Latency {
    /// Median.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Requests that carried a credential and requests that carried none, counted only where the source says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// With one.
    pub sent: u64,
    /// Without.
    pub none: u64,
}

/// How a log or a capture was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFacts {
    /// Name of the source.
    pub source: Arc<str>,
    /// Name of the format, detected or given.
    pub format: &'static str,
    /// Lines; 0 for a capture, which has none.
    pub lines: u64,
    /// Requests found.
    pub requests: u64,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// Name of the source as the user gave it.
    pub source: Arc<str>,
    /// JSON pointer (RFC 6901), when the source is a document.
    pub pointer: Option<String>,
    /// Line from 1, when known.
    pub line: Option<u64>,
}

/// One endpoint.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    /// What it is; a webhook or callback is shown apart and has no state.
    pub kind: OperationKind,
    /// Method in upper case as declared, or as seen.
    pub method: String,
    /// Host, when the source names one.
    pub host: Option<String>,
    /// Path template, for example `/orders/{id}`, base path included; of a webhook its name, of a callback its expression.
    pub path: Untrusted,
    /// Which kinds of source know it.
    pub seen: Seen,
    /// State, or `None` when the sources given cannot tell.
    pub state: Option<State>,
    /// Requests counted in logs.
    pub requests: u64,
    /// Requests by status code.
    pub statuses: BTreeMap<u16, u64>,
    /// Latency, when logs carry it.
    pub latency: Option<Latency>,
    /// Requests over time, where logs say when.
    pub course: Option<Course>,
    /// First request seen.
    pub first_seen: Option<Stamp>,
    /// Last request seen.
    pub last_seen: Option<Stamp>,
    /// What is known of credentials in traffic.
    pub credentials: Option<Credentials>,
    /// Declared deprecated, or said to be in a reply.
    pub deprecated: bool,
    /// Declared sunset, as written, or the one that a reply named.
    pub sunset: Option<String>,
    /// Security schemes, as words; `none` when explicitly open.
    pub security: Vec<String>,
    /// Where it stands: at most the first 16 places.
    pub locations: Vec<Location>,
    /// The declared operation, for the composer: which document of [`Inventory::documents`] and which operation in it.
    pub operation: Option<(usize, usize)>,
    /// What was called inside its requests: operations of GraphQL, methods of JSON-RPC. In a fixed order.
    pub operations: Vec<Called>,
    /// The path of a newer version of it, where it is undeclared and an older one.
    pub newer: Option<Untrusted>,
}

impl Endpoint {
    /// Its state in one word, or what it is where no state applies; `None` when the sources cannot tell.
    pub fn word(&self) -> Option<&'static str> {
        match self.kind {
            OperationKind::Path => self.state.map(State::word),
            kind => Some(kind.word()),
        }
    }

    /// Share of answers with a status of 400 or more, 0 to 1; `None` without traffic.
    pub fn error_share(&self) -> Option<f64> {
        let errors: u64 = self.statuses.range(400..).map(|(_, n)| n).sum();
        (self.requests > 0).then(|| errors as f64 / self.requests as f64)
    }
}

/// A finding, and what it is about.
#[derive(Debug, Clone)]
pub struct Found {
    /// The row it comes from.
    pub rule: &'static Rule,
    /// In the words of documents.
    pub finding: Finding,
    /// Method of the endpoint, where it is about one.
    pub method: Option<String>,
    /// Host, where one is named.
    pub host: Option<String>,
    /// Template of the endpoint, or the prefix of several.
    pub path: Option<Untrusted>,
    /// Address or principal, where it is about one.
    pub client: Option<Untrusted>,
    /// Requests that show it; of walked ids the ids.
    pub requests: u64,
    /// At most three of them, in display form, secrets masked.
    pub samples: Vec<String>,
}

/// An oddity in a source; the rest of the source was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the source.
    pub source: Arc<str>,
    /// JSON pointer or the like.
    pub location: String,
    /// Line from 1, when known.
    pub line: Option<u64>,
    /// One sentence in display form.
    pub message: String,
}

/// Lines of a log that did not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unparsed {
    /// Name of the source.
    pub source: Arc<str>,
    /// How many.
    pub lines: u64,
    /// The first of them, cut to 200 bytes.
    pub first: Untrusted,
}

/// What was loaded.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// Endpoints in order of state, path and method, and after them webhooks and callbacks.
    pub endpoints: Vec<Endpoint>,
    /// What the sources together show, worst first; empty while they are still being read.
    pub findings: Vec<Found>,
    /// Oddities of the sources.
    pub problems: Vec<Problem>,
    /// How each log and capture was read.
    pub logs: Vec<LogFacts>,
    /// Lines that did not parse, by source.
    pub unparsed: Vec<Unparsed>,
    /// Requests and distinct paths put aside as scanner noise.
    pub noise: Noise,
    /// Lines read from logs.
    pub log_lines: u64,
    /// Bytes read from logs.
    pub log_bytes: u64,
    /// The specifications, for the composer.
    pub documents: Vec<Arc<Document>>,
}

impl Inventory {
    /// How many endpoints of the API there are, and how many webhooks and callbacks, which the API itself calls.
    pub fn counts(&self) -> (usize, usize) {
        let apart = self.endpoints.iter().filter(|e| e.kind != OperationKind::Path).count();
        (self.endpoints.len() - apart, apart)
    }
}

/// Requests put aside as scanner noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Noise {
    /// Requests.
    pub requests: u64,
    /// Distinct paths.
    pub paths: u64,
}
