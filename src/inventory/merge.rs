//! Sources in, one endpoint list out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::apart;
use super::capture;
use super::drift;
use super::evidence::{self, Absent};
use super::findings::{self, Row};
use super::log::{Choice, LogReader};
use super::model::{Credentials, Endpoint, Inventory, Location, LogFacts, Noise, Problem, Seen, State, Unparsed};
use super::signs::Spot;
use super::sniff::Kind;
use super::spec::{Document, OperationKind};
use super::template::{self, Trie};
use super::traffic::{MOST_TEMPLATES, Tally, Traffic};
use super::version::Versions;
use crate::base::{Error, Result, Stamp, Untrusted, text::display_str};

/// Places kept of one endpoint.
const MOST_LOCATIONS: usize = 16;

/// Collects sources. Specifications go in before logs, so that every request is matched against all that is declared.
///
/// ```text
/// Builder::new(now) → spec(document, problems)… → log(name), feed(block)…, end_log() … → finish()
/// ```
#[derive(Debug)]
pub struct Builder {
    now: Stamp,
    documents: Vec<Arc<Document>>,
    problems: Vec<Problem>,
    declared: Vec<Endpoint>,
    by_name: HashMap<(OperationKind, String, Option<String>, Untrusted), u32>,
    /// Endpoints that traffic cannot tell from another: the one that is counted.
    same_shape: HashMap<u32, u32>,
    trie: Arc<Trie>,
    traffic: Traffic,
    /// Names of the logs and captures, in order.
    logs: Vec<Arc<str>>,
    /// Those of the first 64 that are captures, as bits.
    captures: u64,
    open: Option<LogReader>,
    /// What was found of those that are closed.
    facts: Vec<LogFacts>,
    unparsed: Vec<Unparsed>,
    parsed: u64,
    lines: u64,
    bytes: u64,
}

/// What one of several readers counts of the open log, meanwhile.
#[derive(Debug)]
pub struct Share {
    reader: LogReader,
    traffic: Traffic,
    trie: Arc<Trie>,
    log: u32,
}

impl Share {
    /// Counts block number `at` of the log, which holds whole lines.
    pub fn feed(&mut self, at: u64, block: &[u8]) {
        // Only a format that is not sure fails.
        let _ = self.reader.feed_at(at, block, |line| self.traffic.count(&self.trie, line, self.log));
    }

    /// Gives what was counted, and begins anew.
    pub fn give(&mut self) -> Option<Self> {
        let reader = self.reader.another()?;
        let new = Self { reader, traffic: self.traffic.another(), trie: Arc::clone(&self.trie), log: self.log };
        Some(std::mem::replace(self, new))
    }
}

impl Builder {
    /// An empty list; `now` is what a sunset is compared with.
    pub fn new(now: Stamp) -> Self {
        Self {
            now,
            documents: Vec::new(),
            problems: Vec::new(),
            declared: Vec::new(),
            by_name: HashMap::new(),
            same_shape: HashMap::new(),
            trie: Arc::default(),
            traffic: Traffic::default(),
            logs: Vec::new(),
            captures: 0,
            open: None,
            facts: Vec::new(),
            unparsed: Vec::new(),
            parsed: 0,
            lines: 0,
            bytes: 0,
        }
    }

    /// Adds a specification with what [`Document::read`] said of it.
    pub fn spec(&mut self, document: Document, problems: Vec<Problem>) {
        let number = self.documents.len();
        self.problems.extend(problems);
        for (i, lite) in document.operations().iter().enumerate() {
            let location =
                Location { source: lite.source.clone(), pointer: Some(lite.pointer.clone()), line: lite.line };
            let first = lite.servers.first();
            let host = first.and_then(super::Server::host);
            let path = match lite.kind {
                OperationKind::Path => Untrusted::from(join(first.map_or("", super::Server::base_path), &lite.path)),
                _ => Untrusted::from(&*lite.path),
            };
            let key = (lite.kind, lite.method.clone(), host.clone(), path);
            if let Some(&known) = self.by_name.get(&key) {
                let known = &mut self.declared[known as usize];
                known.deprecated |= lite.deprecated;
                known.sunset = known.sunset.take().or_else(|| lite.sunset.clone());
                if known.locations.len() < MOST_LOCATIONS {
                    known.locations.push(location);
                }
                continue;
            }
            let index = u32::try_from(self.declared.len()).unwrap_or(u32::MAX);
            let mut bases: Vec<(&str, Option<String>)> = Vec::new();
            // What the API calls is no path of it: no request to it is counted there.
            for server in lite.servers.iter().filter(|_| lite.kind == OperationKind::Path) {
                let base = (server.base_template.as_str(), server.host());
                if !bases.contains(&base) {
                    bases.push(base);
                }
            }
            for (base, host) in bases {
                let template = join(base, &lite.path);
                let same = Arc::make_mut(&mut self.trie).insert(&template, &lite.method, host.as_deref(), index);
                if let Some(same) = same.filter(|s| *s != index) {
                    self.ambiguous(index, same, &document.source, &lite.pointer, lite.line);
                }
            }
            self.traffic.signs.declare(key.3.as_bytes());
            self.declared.push(Endpoint {
                kind: lite.kind,
                method: lite.method.clone(),
                host,
                path: key.3.clone(),
                seen: Seen::SPEC,
                state: None,
                requests: 0,
                statuses: BTreeMap::new(),
                latency: None,
                course: None,
                first_seen: None,
                last_seen: None,
                credentials: None,
                deprecated: lite.deprecated,
                sunset: lite.sunset.clone(),
                security: lite.security.to_vec(),
                locations: vec![location],
                operation: Some((number, i)),
                operations: Vec::new(),
                newer: None,
            });
            self.by_name.insert(key, index);
        }
        self.documents.push(Arc::new(document));
    }

    fn ambiguous(&mut self, index: u32, same: u32, source: &Arc<str>, pointer: &str, line: Option<u64>) {
        if self.same_shape.insert(index, same).is_some() {
            return;
        }
        let other = self.declared.get(same as usize).map(|e| e.path.display()).unwrap_or_default();
        self.problems.push(Problem {
            source: source.clone(),
            location: display_str(pointer),
            line,
            message: format!("has the same shape as {other}; requests to either are counted there"),
        });
    }

    /// Starts a log whose format is detected; [`Builder::feed`] gives its bytes.
    pub fn log(&mut self, source: Arc<str>) {
        self.close();
        self.logs.push(source);
        self.open = Some(LogReader::default());
    }

    /// Starts a log that is read as `choice` says.
    ///
    /// # Errors
    /// A format that is none; nothing is started then.
    pub fn log_as(&mut self, source: Arc<str>, choice: &Choice) -> Result<()> {
        let reader = LogReader::new(choice)?;
        self.log(source);
        self.open = Some(reader);
        Ok(())
    }

    /// Adds a capture, whole.
    ///
    /// # Errors
    /// When it is none of that kind, or holds no request.
    pub fn capture(&mut self, source: &Arc<str>, kind: Kind, bytes: &[u8]) -> Result<()> {
        let capture = capture::read(kind, bytes).map_err(|e| e.at(display_str(source)))?;
        self.close();
        let number = u32::try_from(self.logs.len()).unwrap_or(u32::MAX);
        self.logs.push(source.clone());
        self.captures |= 1 << number.min(63);
        for call in &capture.calls {
            self.traffic.count(&self.trie, &call.line(), number);
        }
        let requests = capture.calls.iter().filter(|c| c.status.is_some()).count() as u64;
        self.parsed += requests;
        self.facts.push(LogFacts { source: source.clone(), format: capture.format, lines: 0, requests });
        let rest = capture.missed.saturating_sub(capture.odd.len() as u64);
        let more = (rest > 0).then(|| (String::new(), format!("{rest} items more could not be read")));
        self.problems.extend(capture.odd.into_iter().chain(more).map(|(location, message)| Problem {
            source: source.clone(),
            location,
            line: None,
            message,
        }));
        Ok(())
    }

    /// The next block of the open log, cut anywhere.
    ///
    /// # Errors
    /// When none of the first 64 lines parses, with what the log looks like; the log is then closed.
    pub fn feed(&mut self, block: &[u8]) -> Result<()> {
        self.feed_at(0, block)
    }

    /// As [`Builder::feed`], where others have a share in the log: `at` is the number of the next block that they get.
    ///
    /// # Errors
    /// As [`Builder::feed`].
    pub fn feed_at(&mut self, at: u64, block: &[u8]) -> Result<()> {
        let Some(mut reader) = self.open.take() else { return Ok(()) };
        let number = u32::try_from(self.logs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let done = reader.feed_at(at, block, |line| self.traffic.count(&self.trie, line, number));
        self.open = Some(reader);
        done.map_err(|e| self.fail(e))
    }

    /// A share in the open log for a reader of its own; `None` while its format is not known, and where a line depends on
    /// those before it. What is counted is the same however many share.
    pub fn share(&self) -> Option<Share> {
        let reader = self.open.as_ref()?.another()?;
        let log = u32::try_from(self.logs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        Some(Share { reader, traffic: self.traffic.another(), trie: Arc::clone(&self.trie), log })
    }

    /// Adds what another reader counted.
    pub fn join(&mut self, share: Share) {
        if let Some(open) = &mut self.open {
            open.join(share.reader);
        }
        self.traffic.merge(share.traffic);
    }

    /// Counts what of the open log is held until more is there.
    ///
    /// # Errors
    /// As [`Builder::feed`].
    pub fn settle(&mut self) -> Result<()> {
        let Some(mut reader) = self.open.take() else { return Ok(()) };
        let number = u32::try_from(self.logs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let done = reader.settle(|line| self.traffic.count(&self.trie, line, number));
        self.open = Some(reader);
        done.map_err(|e| self.fail(e))
    }

    /// The end of the open log.
    ///
    /// # Errors
    /// When it had lines and none of them parsed.
    pub fn end_log(&mut self) -> Result<()> {
        let Some(mut reader) = self.open.take() else { return Ok(()) };
        let number = u32::try_from(self.logs.len().saturating_sub(1)).unwrap_or(u32::MAX);
        let done = reader.finish(|line| self.traffic.count(&self.trie, line, number));
        self.open = Some(reader);
        done.map_err(|e| self.fail(e))?;
        self.close();
        Ok(())
    }

    /// Adds an oddity that the caller met, for example a file that could not be read.
    pub fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// The error with the name of the log, which is closed and forgotten.
    fn fail(&mut self, e: Error) -> Error {
        self.open = None;
        match self.logs.last() {
            Some(name) => e.at(display_str(name)),
            None => e,
        }
    }

    fn close(&mut self) {
        if let (Some(reader), Some(source)) = (self.open.take(), self.logs.last()) {
            self.lines += reader.lines;
            self.bytes += reader.bytes;
            self.parsed += reader.parsed;
            self.unparsed.extend(unparsed(&reader, source));
            self.facts.extend(facts(&reader, source));
        }
    }

    /// The whole list.
    pub fn finish(mut self) -> Inventory {
        self.close();
        self.list(true)
    }

    /// The list as it stands, while a long log is still coming: without findings, which need all of it.
    pub fn snapshot(&self) -> Inventory {
        self.list(false)
    }

    fn list(&self, complete: bool) -> Inventory {
        let open = self.open.as_ref();
        let has_traffic = self.parsed + open.map_or(0, |r| r.parsed) > 0;
        let has_spec = !self.documents.is_empty();
        let (requests, paths) = self.traffic.beyond();
        let mut noise = Noise { requests: self.traffic.unreadable + requests, paths };
        let absent = Absent::learn(self.traffic.asked());
        let mut rows = self.declared(has_traffic);
        let mut became = self.other_methods(&absent, &mut rows, &mut noise);
        became.extend(self.unknown(has_spec, &absent, &mut rows, &mut noise));
        older(&mut rows);
        let apart = apart::settle(&mut rows);
        let findings = if complete {
            let at = |spot: &Spot| became.get(spot).unwrap_or(spot).clone();
            findings::judge(&rows, &self.traffic.signs, &at, &self.documents)
        } else {
            Vec::new()
        };
        let mut endpoints: Vec<Endpoint> = rows.into_iter().map(|r| r.endpoint).collect();
        endpoints.sort_by(|a, b| {
            let key = |e: &Endpoint| (e.kind, drift::rank(e.state));
            key(a)
                .cmp(&key(b))
                .then_with(|| a.path.cmp(&b.path))
                .then_with(|| a.method.cmp(&b.method))
                .then_with(|| a.host.cmp(&b.host))
        });
        let mut problems = self.problems.clone();
        if self.traffic.overflowed() {
            problems.push(Problem {
                source: self.logs.last().cloned().unwrap_or_else(|| Arc::from("")),
                location: String::new(),
                line: None,
                message: format!("more than {MOST_TEMPLATES} undeclared templates; of the rest those that begin alike are put together"),
            });
        }
        problems.extend(apart.into_iter().map(|(place, operations)| Problem {
            source: self.logs.last().cloned().unwrap_or_else(|| Arc::from("")),
            location: display_str(&place),
            line: None,
            message: format!("has {operations} operations that the log does not tell apart; none of them is judged"),
        }));
        let mut all_unparsed = self.unparsed.clone();
        if let (Some(reader), Some(source)) = (open, self.logs.last()) {
            all_unparsed.extend(unparsed(reader, source));
        }
        let mut logs = self.facts.clone();
        if let (Some(reader), Some(source)) = (open, self.logs.last()) {
            logs.extend(facts(reader, source));
        }
        Inventory {
            endpoints,
            findings,
            problems,
            logs,
            unparsed: all_unparsed,
            noise,
            log_lines: self.lines + open.map_or(0, |r| r.lines),
            log_bytes: self.bytes + open.map_or(0, |r| r.bytes),
            documents: self.documents.clone(),
        }
    }

    fn declared(&self, has_traffic: bool) -> Vec<Row> {
        let none = Tally::default();
        let tally = |i: u32| self.traffic.declared.get(i as usize).unwrap_or(&none);
        (0u32..)
            .zip(&self.declared)
            .map(|(i, declared)| {
                let mut endpoint = declared.clone();
                if endpoint.kind == OperationKind::Path {
                    self.fill(&mut endpoint, tally(i));
                    let shared = self.same_shape.get(&i).map_or(0, |same| tally(*same).requests);
                    endpoint.state = Some(drift::declared(&endpoint, shared, has_traffic, self.now));
                }
                self.row(Spot::Declared(i), endpoint, tally(i))
            })
            .collect()
    }

    fn row(&self, spot: Spot, endpoint: Endpoint, tally: &Tally) -> Row {
        let mut access = tally.marks.as_ref().map(|m| m.access).unwrap_or_default();
        access.captured = if tally.logs & self.captures != 0 { tally.with + tally.without } else { 0 };
        Row { spot, endpoint, access }
    }

    /// Gives, as [`Builder::unknown`] does, what became of the places where requests were counted.
    fn other_methods(&self, absent: &Absent, rows: &mut Vec<Row>, noise: &mut Noise) -> HashMap<Spot, Spot> {
        let mut folded: HashMap<Spot, Tally> = HashMap::new();
        let mut became = HashMap::new();
        let gets: HashSet<u32> =
            self.traffic.other_methods().filter(|(_, method, _)| *method == b"GET").map(|(n, ..)| n).collect();
        for (declared, method, tally) in self.traffic.other_methods() {
            let mut spot = Spot::Other(declared, Box::from(method));
            // HEAD of a path that also answers GET is no method of its own.
            if method == b"HEAD" && gets.contains(&declared) {
                let get = Spot::Other(declared, Box::from(&b"GET"[..]));
                became.insert(std::mem::replace(&mut spot, get.clone()), get);
            }
            folded.entry(spot).or_default().merge(tally);
        }
        for (spot, tally) in folded {
            let Spot::Other(declared, method) = &spot else { continue };
            let Some(sibling) = self.declared.get(*declared as usize) else { continue };
            let answers = evidence::is_method(&tally, sibling.host.as_deref().map(str::as_bytes), absent);
            if !answers && !tally.written {
                noise.requests += tally.requests;
                noise.paths += 1;
                continue;
            }
            let mut endpoint = self.seen_only(method, sibling.host.clone(), sibling.path.clone(), &tally);
            // What is only written down has not been seen to answer.
            endpoint.state = answers.then_some(State::ShadowMethod);
            rows.push(self.row(spot, endpoint, &tally));
        }
        became
    }

    fn unknown(&self, has_spec: bool, absent: &Absent, rows: &mut Vec<Row>, noise: &mut Noise) -> HashMap<Spot, Spot> {
        let (all, became) = self.traffic.undeclared(&self.trie);
        for (unknown, tally) in all {
            let answers = evidence::is_endpoint(&tally, &unknown, absent);
            if !answers && !tally.written {
                noise.requests += tally.requests;
                noise.paths += 1;
                continue;
            }
            let spot = Spot::Unknown(unknown.key());
            let host = unknown.host.map(|h| Untrusted::from(h).display());
            let path = Untrusted::from(template::unique_names(&unknown.template));
            let mut endpoint = self.seen_only(&unknown.method, host, path, &tally);
            endpoint.state = (has_spec && answers).then_some(State::Shadow);
            // That its time is over it said itself.
            if drift::is_over(&endpoint, self.now) && drift::answers(&endpoint) {
                endpoint.state = Some(State::Zombie);
            }
            rows.push(self.row(spot, endpoint, &tally));
        }
        became
    }

    /// An endpoint known from logs alone.
    fn seen_only(&self, method: &[u8], host: Option<String>, path: Untrusted, tally: &Tally) -> Endpoint {
        let mut endpoint = Endpoint {
            kind: OperationKind::Path,
            method: String::from_utf8_lossy(method).into_owned(),
            host,
            path,
            seen: Seen::default(),
            state: None,
            requests: 0,
            statuses: BTreeMap::new(),
            latency: None,
            course: None,
            first_seen: None,
            last_seen: None,
            credentials: None,
            deprecated: false,
            sunset: None,
            security: Vec::new(),
            locations: Vec::new(),
            operation: None,
            operations: Vec::new(),
            newer: None,
        };
        self.fill(&mut endpoint, tally);
        endpoint
    }

    /// Writes counts into an endpoint.
    fn fill(&self, endpoint: &mut Endpoint, tally: &Tally) {
        if tally.logs & self.captures != 0 {
            endpoint.seen.add(Seen::CAPTURE);
        }
        if tally.logs & !self.captures != 0 {
            endpoint.seen.add(Seen::LOG);
        }
        let named = self.logs.iter().take(64).enumerate().filter(|(i, _)| tally.logs >> i & 1 == 1);
        let room = MOST_LOCATIONS.saturating_sub(endpoint.locations.len());
        endpoint.locations.extend(named.take(room).map(|(_, source)| Location {
            source: source.clone(),
            pointer: None,
            line: None,
        }));
        if let Some(marks) = &tally.marks {
            endpoint.operations = marks.calls.list();
            endpoint.deprecated |= marks.deprecation.is_some_and(|since| since <= self.now.unix());
            let sunset = marks.sunset.and_then(Stamp::from_unix).map(|s| s.to_string());
            endpoint.sunset = endpoint.sunset.take().or(sunset);
        }
        if tally.requests == 0 {
            return;
        }
        endpoint.requests = tally.requests;
        endpoint.statuses = tally.statuses.iter().copied().collect();
        endpoint.course = tally.course.course();
        endpoint.latency = tally.latency.latency();
        endpoint.first_seen = tally.times.and_then(|(first, _)| Stamp::from_unix(first));
        endpoint.last_seen = tally.times.and_then(|(_, last)| Stamp::from_unix(last));
        if tally.with + tally.without > 0 {
            endpoint.credentials = Some(Credentials { sent: tally.with, none: tally.without });
        }
    }
}

/// An undeclared endpoint that stands beside a newer version of itself is what was left behind.
fn older(rows: &mut [Row]) {
    let mut versions = Versions::default();
    let live = |e: &Endpoint| e.kind == OperationKind::Path && (e.operation.is_some() || drift::answers(e));
    for e in rows.iter().map(|r| &r.endpoint).filter(|e| live(e)) {
        versions.add(e.host.as_deref(), &e.method, &e.path.lossy());
    }
    for e in rows.iter_mut().map(|r| &mut r.endpoint).filter(|e| e.state == Some(State::Shadow)) {
        e.newer = versions.newer(e.host.as_deref(), &e.method, &e.path.lossy()).map(|n| Untrusted::from(n.to_owned()));
        if e.newer.is_some() && drift::answers(e) {
            e.state = Some(State::Zombie);
        }
    }
}

fn unparsed(reader: &LogReader, source: &Arc<str>) -> Option<Unparsed> {
    (reader.unparsed > 0).then(|| Unparsed {
        source: source.clone(),
        lines: reader.unparsed,
        first: Untrusted::from(reader.first_unparsed.as_slice()),
    })
}

fn facts(reader: &LogReader, source: &Arc<str>) -> Option<LogFacts> {
    let format = reader.format?;
    Some(LogFacts { source: source.clone(), format, lines: reader.lines, requests: reader.parsed })
}

/// Base path and path with one slash between.
pub(super) fn join(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    if base.is_empty() || base.starts_with('/') { format!("{base}{path}") } else { format!("/{base}{path}") }
}
