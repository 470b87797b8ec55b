//! Counts of what logs say, by template: raw paths are never kept, so memory follows the number of templates.

use std::collections::HashMap;

use super::course::Counts;
use super::histogram::Histogram;
use super::log::Line;
use super::template::{self, Asked, Match, Trie};

/// Templates told apart that no document declares; more are put together by depth.
pub const MOST_TEMPLATES: usize = 50_000;
/// Methods told apart on declared paths that do not declare them.
const MOST_OTHER_METHODS: usize = 20_000;
/// Bytes of one inferred template.
const LONGEST_TEMPLATE: usize = 512;

/// What was counted of one endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub requests: u64,
    /// Few, and the last one is most often the next one.
    pub statuses: Vec<(u16, u64)>,
    /// First and last time, where lines say one.
    pub times: Option<(i64, i64)>,
    pub latency: Option<Box<Histogram>>,
    /// Requests over time.
    pub course: Counts,
    /// Requests that carried a credential, and that carried none; of the others it is not known.
    pub with: u64,
    pub without: u64,
    /// A capture has it written down, with a reply or without.
    pub written: bool,
    /// Which of the first 64 logs named it.
    pub logs: u64,
}

impl Tally {
    fn count(&mut self, line: &Line<'_>, log: u64) {
        self.logs |= log;
        if line.written {
            self.written = true;
            return;
        }
        self.requests += 1;
        if let Some(time) = line.time {
            let (first, last) = self.times.unwrap_or((time, time));
            self.times = Some((first.min(time), last.max(time)));
            self.course.count(time, line.status >= 400, line.micros);
        }
        match line.credential {
            Some(true) => self.with += 1,
            Some(false) => self.without += 1,
            None => {}
        }
        match self.statuses.iter_mut().find(|(s, _)| *s == line.status) {
            Some((_, n)) => *n += 1,
            None => self.statuses.push((line.status, 1)),
        }
        if let Some(micros) = line.micros {
            self.latency.get_or_insert_default().record(micros);
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.times = match (self.times, other.times) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        self.course.merge(&other.course);
        self.written |= other.written;
        self.with += other.with;
        self.without += other.without;
        self.logs |= other.logs;
        for &(status, n) in &other.statuses {
            match self.statuses.iter_mut().find(|(s, _)| *s == status) {
                Some((_, have)) => *have += n,
                None => self.statuses.push((status, n)),
            }
        }
        if let Some(latency) = &other.latency {
            self.latency.get_or_insert_default().merge(latency);
        }
    }

    pub fn any(&self, wanted: impl Fn(u16) -> bool) -> bool {
        self.statuses.iter().any(|(s, n)| *n > 0 && wanted(*s))
    }
}

/// An endpoint that no document declares.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Unknown {
    pub method: Vec<u8>,
    pub host: Option<Vec<u8>>,
    pub template: Vec<u8>,
}

impl Unknown {
    /// Splits a key as [`Traffic`] writes it.
    pub fn from_key(key: &[u8]) -> Self {
        let mut parts = key.splitn(3, |b| *b == 0).map(<[u8]>::to_vec);
        let mut next = || parts.next().unwrap_or_default();
        let (method, host, template) = (next(), next(), next());
        Self { method, host: (!host.is_empty()).then_some(host), template }
    }
}

/// All counts.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    /// By number of the declared endpoint.
    pub declared: Vec<Tally>,
    /// A declared path with a method it does not declare: number of one endpoint of that path, method.
    pub other_methods: HashMap<(u32, Box<[u8]>), Tally>,
    /// Method, host and template with zero bytes between.
    pub unknown: HashMap<Box<[u8]>, Tally>,
    /// Requests without a readable request line.
    pub unreadable: u64,
    /// `OPTIONS` requests that no document declares.
    pub preflights: u64,
    /// The cap on templates was met.
    pub overflowed: bool,
    scratch: Vec<u8>,
    key: Vec<u8>,
    unescaped: Vec<u8>,
}

impl Traffic {
    /// Counts one line of log number `log`.
    pub fn count(&mut self, trie: &Trie, line: &Line<'_>, log: u32) {
        let bit = 1u64 << log.min(63);
        let Some(request) = line.request else {
            self.unreadable += 1;
            return;
        };
        let target = unescape(request.target, &mut self.unescaped);
        let (path, query) = template::split_target(target, &mut self.scratch);
        let host = request.host.or(line.host);
        let mut asked = Asked { method: request.method, host, path, query };
        let mut found = trie.find(&asked);
        if request.method == b"HEAD" && !matches!(found, Match::Declared(_)) {
            // HEAD is GET without the content (RFC 9110, section 9.3.2), so it is traffic of the declared GET.
            asked.method = b"GET";
            if let get @ Match::Declared(_) = trie.find(&asked) {
                found = get;
            }
        }
        let endpoint = match found {
            Match::Declared(endpoint) => {
                let at = endpoint as usize;
                if at >= self.declared.len() {
                    self.declared.resize_with(at + 1, Tally::default);
                }
                self.declared[at].count(line, bit);
                return;
            }
            _ if request.method == b"OPTIONS" => {
                self.preflights += 1;
                return;
            }
            Match::OtherMethod(endpoint) => Some(endpoint),
            Match::Unknown => None,
        };
        if let Some(endpoint) = endpoint {
            let known = (endpoint, Box::from(request.method));
            if self.other_methods.len() < MOST_OTHER_METHODS || self.other_methods.contains_key(&known) {
                self.other_methods.entry(known).or_default().count(line, bit);
            } else {
                self.unreadable += 1;
            }
            return;
        }
        self.key.clear();
        self.key.extend_from_slice(request.method);
        self.key.push(0);
        self.key.extend(host.unwrap_or_default().iter().filter(|b| **b != 0).take(255).map(u8::to_ascii_lowercase));
        self.key.push(0);
        let mark = self.key.len();
        if line.templated {
            self.key.extend_from_slice(path);
        } else {
            template::infer(path, &mut self.key);
        }
        if let Some(tally) = self.unknown.get_mut(self.key.as_slice()) {
            tally.count(line, bit);
            return;
        }
        if self.unknown.len() >= MOST_TEMPLATES || self.key.len() - mark > LONGEST_TEMPLATE {
            // Method and host are the client's to choose as well.
            self.overflowed |= self.unknown.len() >= MOST_TEMPLATES;
            self.key.clear();
            let common: [&[u8]; 6] = [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD"];
            self.key.extend_from_slice(common.into_iter().find(|m| *m == request.method).unwrap_or(b"*"));
            self.key.extend_from_slice(b"\0\0");
            template::overflow(path, &mut self.key);
        }
        self.unknown.entry(Box::from(self.key.as_slice())).or_default().count(line, bit);
    }
}

/// Undoes the `\xHH`, `\"` and `\\` that nginx and Apache write for bytes they do not trust.
fn unescape<'a>(target: &'a [u8], out: &'a mut Vec<u8>) -> &'a [u8] {
    if memchr::memchr(b'\\', target).is_none() {
        return target;
    }
    out.clear();
    let mut i = 0;
    while let Some(&b) = target.get(i) {
        let hex = |at: usize| template::hex_digit(*target.get(at)?);
        let (byte, used) = match (b, target.get(i + 1)) {
            (b'\\', Some(b'x')) => match (hex(i + 2), hex(i + 3)) {
                (Some(high), Some(low)) => (high << 4 | low, 4),
                _ => (b, 1),
            },
            (b'\\', Some(&next @ (b'"' | b'\\'))) => (next, 2),
            _ => (b, 1),
        };
        out.push(byte);
        i += used;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::log::Request;

    fn count(t: &mut Traffic, trie: &Trie, method: &str, target: &str, status: u16) {
        let request = Request { method: method.as_bytes(), host: None, target: target.as_bytes() };
        let line = Line { time: Some(7), status, request: Some(request), micros: Some(1000), ..Line::default() };
        t.count(trie, &line, 0);
    }

    #[test]
    fn templates_are_bounded() {
        let mut t = Traffic::default();
        let trie = Trie::default();
        // Words of letters only, all distinct.
        let word = |mut n: usize| {
            let mut w = String::new();
            while n > 0 || w.is_empty() {
                w.push(char::from(b'a' + u8::try_from(n % 26).unwrap_or(0)));
                n /= 26;
            }
            w
        };
        for i in 0..MOST_TEMPLATES + 500 {
            count(&mut t, &trie, "GET", &format!("/p/{}", word(i)), 200);
            count(&mut t, &trie, "GET", &format!("/n/{i}"), 200);
        }
        assert!(t.overflowed);
        assert!(t.unknown.len() <= MOST_TEMPLATES + 1, "{}", t.unknown.len());
        let total: u64 = t.unknown.values().map(|t| t.requests).sum();
        assert_eq!(total, 2 * (MOST_TEMPLATES as u64 + 500));
    }

    #[test]
    fn writers_escapes_are_undone() {
        let mut out = Vec::new();
        assert_eq!(unescape(br#"/a\x22b\"c\\d\xzz"#, &mut out), br#"/a"b"c\d\xzz"#);
    }

    #[test]
    fn head_and_options_make_no_endpoint() {
        let mut trie = Trie::default();
        trie.insert("/a", "GET", None, 0);
        let mut t = Traffic::default();
        count(&mut t, &trie, "HEAD", "/a", 200);
        count(&mut t, &trie, "OPTIONS", "/a", 204);
        count(&mut t, &trie, "OPTIONS", "/b", 204);
        count(&mut t, &trie, "POST", "/a?x", 201);
        assert_eq!((t.declared[0].requests, t.preflights, t.other_methods.len(), t.unknown.len()), (1, 2, 1, 0));
    }
}
