//! Counts of what logs say, by template: raw paths are never kept, so memory follows the number of templates.

use std::collections::HashMap;

use super::course::Counts;
use super::evidence::Good;
use super::histogram::Histogram;
use super::log::Line;
use super::near::position;
use super::operations::{self, Calls};
use super::recall::{Known, Recall};
use super::role::Role;
use super::shelf::Shelf;
use super::signs::{Place, Signs, Spot};
use super::template::{self, Asked, Found, Match, Sighting, Trie};

/// Templates told apart that no document declares and where something answered; of more, some are put together.
pub const MOST_TEMPLATES: usize = 1 << 16;
/// Templates told apart at which nothing answered.
const MOST_MISSES: usize = 1 << 14;
/// Signatures by which templates beyond the cap are put together.
const MOST_GROUPS: usize = 1 << 12;
/// Methods told apart on declared paths that do not declare them.
const MOST_OTHER_METHODS: usize = 20_000;
/// Bytes of one inferred template.
const LONGEST_TEMPLATE: usize = 512;

/// Who was let in and who was not, as far as sources say who sent a credential.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Access {
    /// Answered with 2xx without a credential.
    pub open: u64,
    /// Answered with 401 or 403 without one.
    pub refused: u64,
    /// Answered with 2xx with one.
    pub let_in: u64,
    /// Requests in captures, which always record it.
    pub captured: u64,
}

/// What few requests say, and no line of most logs.
#[derive(Debug, Clone, Default)]
pub(super) struct Marks {
    pub access: Access,
    pub calls: Calls,
    /// The earliest and the latest that a reply said.
    pub deprecation: Option<i64>,
    pub sunset: Option<i64>,
}

/// What was counted of one endpoint.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally {
    pub requests: u64,
    /// Few, and the last one is most often the next one.
    pub statuses: Vec<(u16, u64)>,
    /// First and last time, where lines say one.
    pub times: Option<(i64, i64)>,
    pub latency: Histogram,
    /// Requests over time.
    pub course: Counts,
    /// Requests that carried a credential, and that carried none; of the others it is not known.
    pub with: u64,
    pub without: u64,
    /// A capture has it written down, with a reply or without.
    pub written: bool,
    /// Which of the first 64 logs named it.
    pub logs: u64,
    /// Whether its good answers are all alike.
    pub good: Good,
    pub marks: Option<Box<Marks>>,
    /// What an undeclared one is for, once it was asked.
    role: Option<Role>,
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
            self.latency.record(micros);
        }
        if matches!(line.status, 200..=299) {
            self.good.note(line);
        }
    }

    /// Takes in what only some requests say.
    fn mark(&mut self, role: Role, line: &Line<'_>, query: &[u8]) {
        let nothing = line.credential.is_none() && line.deprecation.is_none() && line.sunset.is_none();
        if nothing && line.operations.is_empty() && role != Role::Graphql {
            return;
        }
        let status = (!line.written).then_some(line.status);
        let marks = self.marks.get_or_insert_default();
        if role == Role::Graphql && line.operations.is_empty() {
            marks.calls.note(&operations::of_query(query), status);
        } else {
            marks.calls.note(line.operations, status);
        }
        marks.deprecation = marks.deprecation.into_iter().chain(line.deprecation).min();
        marks.sunset = marks.sunset.max(line.sunset);
        let access = &mut marks.access;
        match (status, line.credential) {
            (Some(200..=299), Some(false)) => access.open += 1,
            (Some(401 | 403), Some(false)) => access.refused += 1,
            (Some(200..=299), Some(true)) => access.let_in += 1,
            _ => {}
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
        self.role = self.role.or(other.role);
        self.with += other.with;
        self.without += other.without;
        self.logs |= other.logs;
        self.good.merge(other.good);
        if let Some(theirs) = &other.marks {
            let mine = self.marks.get_or_insert_default();
            mine.calls.merge(&theirs.calls);
            mine.deprecation = mine.deprecation.into_iter().chain(theirs.deprecation).min();
            mine.sunset = mine.sunset.max(theirs.sunset);
            mine.access.open += theirs.access.open;
            mine.access.refused += theirs.access.refused;
            mine.access.let_in += theirs.access.let_in;
        }
        for &(status, n) in &other.statuses {
            match self.statuses.iter_mut().find(|(s, _)| *s == status) {
                Some((_, have)) => *have += n,
                None => self.statuses.push((status, n)),
            }
        }
        self.latency.merge(&other.latency);
    }

    /// True for GraphQL and JSON-RPC.
    fn is_called_inside(&self) -> bool {
        self.role == Some(Role::Graphql) || self.marks.as_ref().is_some_and(|m| !m.calls.is_empty())
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

    /// The key again.
    pub fn key(&self) -> Box<[u8]> {
        join_key(&self.method, self.host.as_deref(), &self.template).into()
    }
}

/// What was asked that no document declares. An answer and a miss are kept apart, so that a scanner who asks for millions of
/// paths takes no room from what is there.
#[derive(Debug)]
struct Undeclared {
    /// Method, host and template with zero bytes between.
    answers: Shelf,
    misses: Shelf,
    /// Answers beyond the cap, by the signature of their path.
    groups: Shelf,
    /// Those beyond the cap of that: only how deep the path is.
    depths: HashMap<Box<[u8]>, Tally>,
    /// Requests beyond the cap of the misses.
    missed: u64,
    /// Where on the first two the requests of most lines are counted.
    recall: Recall,
}

impl Default for Undeclared {
    fn default() -> Self {
        Self {
            answers: Shelf::new(MOST_TEMPLATES),
            misses: Shelf::new(MOST_MISSES),
            groups: Shelf::new(MOST_GROUPS),
            depths: HashMap::new(),
            missed: 0,
            recall: Recall::default(),
        }
    }
}

impl Undeclared {
    /// Counts a request whose template begins at `mark` of the key, and gives what the path is for. Where the counts stand is
    /// remembered for `known`.
    fn count(&mut self, key: &[u8], mark: usize, known: Option<Known>, call: Call<'_>) -> Role {
        let miss = is_miss(call.line);
        let level = (self.answers.level(), self.misses.level());
        let place = if miss {
            let missed = &mut self.missed;
            self.misses.place(key, |_, t| *missed += t.requests)
        } else {
            let (groups, depths) = (&mut self.groups, &mut self.depths);
            self.answers.place(key, |key, tally| group(groups, depths, &key, &tally))
        };
        if level != (self.answers.level(), self.misses.level()) {
            self.recall.forget();
        }
        if let (Some(known), Some(place)) = (known, place) {
            self.recall.keep(known, miss, place);
        }
        let counts = if miss { &mut self.misses } else { &mut self.answers };
        if let Some((_, tally)) = place.and_then(|place| counts.at(place)) {
            return call.count(tally, &key[mark..]);
        }
        if miss {
            self.missed += 1;
            return Role::default();
        }
        let mut one = Tally::default();
        let role = call.count(&mut one, &key[mark..]);
        group(&mut self.groups, &mut self.depths, key, &one);
        role
    }

    /// Counts a request whose place is known, and gives the key it stands under and what its path is for.
    fn count_known(&mut self, place: u32, miss: bool, call: Call<'_>) -> Option<(&[u8], Role)> {
        let counts = if miss { &mut self.misses } else { &mut self.answers };
        let (key, tally) = counts.at(place)?;
        // What was counted there says what it is for.
        let role = call.count(tally, &[]);
        Some((key, role))
    }

    fn merge(&mut self, other: Self) {
        let missed = &mut self.missed;
        *missed += other.missed;
        self.misses.merge(other.misses, |_, t| *missed += t.requests);
        let (groups, depths) = (&mut self.groups, &mut self.depths);
        self.answers.merge(other.answers, |key, tally| group(groups, depths, &key, &tally));
        groups.merge(other.groups, |key, tally| depth(depths, &key, &tally));
        for (key, tally) in other.depths {
            depths.entry(key).or_default().merge(&tally);
        }
        self.recall.forget();
    }
}

/// One request as it is counted.
#[derive(Clone, Copy)]
struct Call<'a> {
    line: &'a Line<'a>,
    query: &'a [u8],
    /// A bit for its log.
    log: u64,
}

impl Call<'_> {
    /// Counts it, and gives what the path is for; the template tells where nothing was counted before.
    fn count(self, tally: &mut Tally, template: &[u8]) -> Role {
        tally.count(self.line, self.log);
        let role = *tally.role.get_or_insert_with(|| Role::of(template));
        tally.mark(role, self.line, self.query);
        role
    }
}

/// Nothing answered: there is no such thing (404), or nobody was there to say (502 to 504, and no reply at all).
fn is_miss(line: &Line<'_>) -> bool {
    matches!(line.status, 0 | 404 | 502..=504) && !line.written
}

/// Counts a template beyond the cap with those that begin and look like it.
fn group(groups: &mut Shelf, depths: &mut HashMap<Box<[u8]>, Tally>, key: &[u8], tally: &Tally) {
    let Unknown { method, host, template } = Unknown::from_key(key);
    let folded = join_key(&method, host.as_deref(), &template::signature(&template));
    match groups.tally(&folded, |key, tally| depth(depths, &key, &tally)) {
        Some(mine) => mine.merge(tally),
        None => depth(depths, &folded, tally),
    }
}

/// Counts what there is no other room for. Method and host are the client's to choose as well, so they go first.
fn depth(depths: &mut HashMap<Box<[u8]>, Tally>, key: &[u8], tally: &Tally) {
    const COMMON: [&[u8]; 6] = [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD"];
    if tally.requests == 0 && !tally.written {
        return;
    }
    let Unknown { method, template, .. } = Unknown::from_key(key);
    let mut deep = Vec::new();
    template::overflow(&template, &mut deep);
    let method = COMMON.into_iter().find(|m| *m == method).unwrap_or(b"*");
    depths.entry(join_key(method, None, &deep).into()).or_default().merge(tally);
}

fn join_key(method: &[u8], host: Option<&[u8]>, template: &[u8]) -> Vec<u8> {
    [method, host.unwrap_or_default(), template].join(&0)
}

/// All counts.
#[derive(Debug)]
pub(super) struct Traffic {
    /// By number of the declared endpoint.
    pub declared: Vec<Tally>,
    /// A declared path with a method it does not declare: number of one endpoint of that path, method.
    other_methods: Shelf,
    undeclared: Undeclared,
    /// Requests without a readable request line.
    pub unreadable: u64,
    /// `OPTIONS` requests that no document declares.
    pub preflights: u64,
    /// What single requests show besides.
    pub signs: Signs,
    scratch: Vec<u8>,
    key: Vec<u8>,
    unescaped: Vec<u8>,
}

impl Default for Traffic {
    fn default() -> Self {
        Self {
            declared: Vec::new(),
            other_methods: Shelf::new(MOST_OTHER_METHODS),
            undeclared: Undeclared::default(),
            unreadable: 0,
            preflights: 0,
            signs: Signs::default(),
            scratch: Vec::new(),
            key: Vec::new(),
            unescaped: Vec::new(),
        }
    }
}

impl Traffic {
    /// Counts one line of log number `log`.
    pub fn count(&mut self, trie: &Trie, line: &Line<'_>, log: u32) {
        let bit = 1u64 << log.min(63);
        // `*` is the server itself and no path of it: `OPTIONS *` (RFC 9110, section 9.3.7), the start of HTTP/2 as a request.
        let Some(request) = line.request.filter(|r| r.target != b"*" || r.method == b"OPTIONS") else {
            self.unreadable += 1;
            return;
        };
        let (path, query) = if template::is_plain(request.target) {
            (request.target, &[][..])
        } else {
            template::split_target(unescape(request.target, &mut self.unescaped), &mut self.scratch)
        };
        let host = request.host.or(line.host);
        let mut asked = Asked { method: request.method, host, path, query };
        let mut found = trie.find(&asked);
        if request.method == b"HEAD" && !matches!(found, Match::Declared(_)) && !trie.is_empty() {
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
                let role = self.signs.role(endpoint);
                self.declared[at].mark(role, line, query);
                self.signs.note(Place::Declared(endpoint), role, line, &asked);
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
            self.key.clear();
            self.key.extend_from_slice(&endpoint.to_be_bytes());
            self.key.extend_from_slice(request.method);
            let unreadable = &mut self.unreadable;
            match self.other_methods.tally(&self.key, |_, t| *unreadable += t.requests) {
                Some(tally) => {
                    tally.count(line, bit);
                    let role = self.signs.role(endpoint);
                    tally.mark(role, line, query);
                    self.signs.note(Place::Other(endpoint, request.method), role, line, &asked);
                }
                None => *unreadable += 1,
            }
            return;
        }
        let call = Call { line, query, log: bit };
        let mut known = None;
        if !line.templated {
            let (method, miss, recall) = (request.method, is_miss(line), &mut self.undeclared.recall);
            known = recall.find(method, host, path, miss);
            if known.is_none() && !miss {
                recall.learn(path);
                known = recall.find(method, host, path, miss);
            }
            if let Some(place) = known.and_then(|k| k.slot)
                && let Some((key, role)) = self.undeclared.count_known(place, miss, call)
            {
                self.signs.note(Place::Unknown(key), role, line, &asked);
                return;
            }
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
        if self.key.len() - mark > LONGEST_TEMPLATE {
            self.key.truncate(mark);
            template::overflow(path, &mut self.key);
        }
        let role = self.undeclared.count(&self.key, mark, known, call);
        self.signs.note(Place::Unknown(&self.key), role, line, &asked);
    }

    /// Empty counts of the same declared endpoints.
    pub fn another(&self) -> Self {
        Self { signs: self.signs.another(), ..Self::default() }
    }

    /// Adds what was counted of other lines against the same documents.
    pub fn merge(&mut self, other: Self) {
        if other.declared.len() > self.declared.len() {
            self.declared.resize_with(other.declared.len(), Tally::default);
        }
        for (mine, theirs) in self.declared.iter_mut().zip(&other.declared) {
            mine.merge(theirs);
        }
        let unreadable = &mut self.unreadable;
        self.other_methods.merge(other.other_methods, |_, t| *unreadable += t.requests);
        self.undeclared.merge(other.undeclared);
        self.unreadable += other.unreadable;
        self.preflights += other.preflights;
        self.signs.merge(other.signs);
    }

    /// Declared paths asked for with a method that they do not declare: number of one endpoint of the path, method.
    pub fn other_methods(&self) -> impl Iterator<Item = (u32, &[u8], &Tally)> {
        self.other_methods.iter().filter_map(|(key, tally)| {
            let (endpoint, method) = key.split_first_chunk()?;
            Some((u32::from_be_bytes(*endpoint), method, tally))
        })
    }

    /// More undeclared templates came than are told apart.
    pub fn overflowed(&self) -> bool {
        self.undeclared.answers.is_over()
    }

    /// What no document declares as it was asked for, an answer and a miss apart.
    pub fn asked(&self) -> impl Iterator<Item = (Unknown, &Tally)> {
        let all = &self.undeclared;
        all.answers.iter().chain(all.misses.iter()).map(|(key, tally)| (Unknown::from_key(key), tally))
    }

    /// What no document declares, by the templates it belongs to: HEAD is counted with the GET of its path, values that look
    /// like words are told from names, and misses are counted where something else answered. And what became of the keys under
    /// which it was counted, where that is another.
    pub fn undeclared(&self, declared: &Trie) -> (HashMap<Unknown, Tally>, HashMap<Spot, Spot>) {
        let all = &self.undeclared;
        let mut held: Vec<(Unknown, &Tally)> = Vec::with_capacity(all.answers.len());
        let mut keys: Vec<&[u8]> = Vec::with_capacity(all.answers.len());
        for (key, tally) in all.answers.iter() {
            let mut unknown = Unknown::from_key(key);
            if unknown.method == b"HEAD" && all.answers.get(&[b"GET", &key[4..]].concat()).is_some() {
                unknown.method = b"GET".to_vec();
            }
            held.push((unknown, tally));
            keys.push(key);
        }
        let sightings: Vec<Sighting<'_>> = held
            .iter()
            .map(|(u, t)| Sighting {
                host: u.host.as_deref(),
                method: &u.method,
                template: &u.template,
                requests: t.requests,
            })
            .collect();
        let settled = template::settle(&sightings, declared);
        let found = Found::of(&sightings, &settled);
        let mut out: HashMap<Unknown, Tally> = HashMap::with_capacity(held.len());
        let mut became = HashMap::new();
        for (((unknown, tally), template), key) in held.iter().zip(&settled).zip(keys) {
            // Behind such a path stands much already; two of them are never one.
            let template = if tally.is_called_inside() { unknown.template.clone() } else { template.clone() };
            let unknown = Unknown { method: unknown.method.clone(), host: unknown.host.clone(), template };
            let now = unknown.key();
            if *now != *key {
                became.insert(Spot::Unknown(Box::from(key)), Spot::Unknown(now));
            }
            out.entry(unknown).or_default().merge(tally);
        }
        for (unknown, tally) in self.beyond_cap(&out) {
            out.entry(unknown).or_default().merge(tally);
        }
        for (key, tally) in all.misses.iter() {
            let mut unknown = Unknown::from_key(key);
            if let Some(template) = found.template(unknown.host.as_deref(), &unknown.template) {
                unknown.template = template;
                became.insert(Spot::Unknown(Box::from(key)), Spot::Unknown(unknown.key()));
            }
            out.entry(unknown).or_default().merge(tally);
        }
        fold_heads(&mut out, &mut became);
        (out, became)
    }

    /// Answers beyond the cap: counted with the one template that they fit, or by their signature where more or none do.
    fn beyond_cap(&self, found: &HashMap<Unknown, Tally>) -> Vec<(Unknown, &Tally)> {
        let all = &self.undeclared;
        let depths = all.depths.iter().map(|(k, t)| (Unknown::from_key(k), t));
        if all.groups.len() == 0 {
            return depths.collect();
        }
        let place = |u: &Unknown| {
            let depth = memchr::memchr_iter(b'/', &u.template).count();
            (u.method.clone(), u.host.clone(), template::start(&u.template).to_vec(), depth)
        };
        let mut by_place: HashMap<_, Vec<&Unknown>> = HashMap::new();
        for unknown in found.keys() {
            by_place.entry(place(unknown)).or_default().push(unknown);
        }
        let groups = all.groups.iter().map(|(key, tally)| {
            let group = Unknown::from_key(key);
            let near = by_place.get(&place(&group)).map(Vec::as_slice).unwrap_or_default();
            let mut fitting = near.iter().filter(|u| template::fits(&group.template, &u.template));
            match (fitting.next(), fitting.next()) {
                (Some(one), None) => ((*one).clone(), tally),
                _ => (group, tally),
            }
        });
        groups.chain(depths).collect()
    }

    /// Requests and paths beyond what was told apart, at which nothing answered.
    pub fn beyond(&self) -> (u64, u64) {
        let misses = &self.undeclared.misses;
        (self.undeclared.missed, misses.distinct().saturating_sub(misses.len() as u64))
    }
}

/// Counts HEAD with the GET of its template (RFC 9110, section 9.3.2): values may have made one template of their paths that
/// was not one path.
fn fold_heads(out: &mut HashMap<Unknown, Tally>, became: &mut HashMap<Spot, Spot>) {
    let get = |head: &Unknown| Unknown { method: b"GET".to_vec(), ..head.clone() };
    let heads: Vec<Unknown> =
        out.keys().filter(|u| u.method == b"HEAD" && out.contains_key(&get(u))).cloned().collect();
    for head in heads {
        let Some(tally) = out.remove(&head) else { continue };
        let get = get(&head);
        let (from, to) = (Spot::Unknown(head.key()), Spot::Unknown(get.key()));
        out.entry(get).or_default().merge(&tally);
        became.values_mut().filter(|spot| **spot == from).for_each(|spot| *spot = to.clone());
        became.entry(from).or_insert(to);
    }
}

/// Undoes the `\xHH`, `\"` and `\\` that nginx and Apache write for bytes they do not trust.
fn unescape<'a>(target: &'a [u8], out: &'a mut Vec<u8>) -> &'a [u8] {
    if position(target, b'\\').is_none() {
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
    use std::collections::HashSet;

    use super::*;
    use crate::inventory::log::Request;

    fn count(t: &mut Traffic, trie: &Trie, method: &str, target: &str, status: u16) {
        let request = Request { method: method.as_bytes(), host: None, target: target.as_bytes() };
        let line = Line { time: Some(7), status, request: Some(request), micros: Some(1000), ..Line::default() };
        t.count(trie, &line, 0);
    }

    /// A word of letters only for each number.
    fn letters(mut n: usize) -> String {
        let mut w = String::new();
        while n > 0 || w.is_empty() {
            w.push(char::from(b'a' + u8::try_from(n % 26).unwrap_or(0)));
            n /= 26;
        }
        w
    }

    #[test]
    fn templates_are_bounded() {
        let mut t = Traffic::default();
        let trie = Trie::default();
        for i in 0..MOST_TEMPLATES + 500 {
            count(&mut t, &trie, "GET", &format!("/p/{}", letters(i)), 200);
            count(&mut t, &trie, "GET", &format!("/n/{i}"), 200);
        }
        assert!(t.overflowed());
        let (all, _) = t.undeclared(&trie);
        assert!(all.len() <= MOST_TEMPLATES + MOST_GROUPS, "{}", all.len());
        let total: u64 = all.values().map(|t| t.requests).sum();
        assert_eq!(total, 2 * (MOST_TEMPLATES as u64 + 500));
        // Words below one collection that are all distinct are values of one parameter, those beyond the cap too.
        let templates: HashSet<&[u8]> = all.keys().map(|u| u.template.as_slice()).collect();
        assert_eq!(templates, HashSet::from([&b"/p/{name}"[..], b"/n/{id}"]));
    }

    #[test]
    fn a_scanner_takes_no_room_from_what_answers() {
        let mut t = Traffic::default();
        let trie = Trie::default();
        for i in 0..MOST_MISSES * 3 {
            count(&mut t, &trie, "GET", &format!("/x{}/a.php", letters(i)), 404);
        }
        count(&mut t, &trie, "GET", "/orders", 200);
        let (requests, paths) = t.beyond();
        let kept: u64 = t.undeclared(&trie).0.values().map(|t| t.requests).sum();
        assert_eq!(requests + kept, 3 * MOST_MISSES as u64 + 1);
        assert!(paths > MOST_MISSES as u64, "{paths}");
        assert!(!t.overflowed() && t.undeclared(&trie).0.keys().any(|u| u.template == b"/orders"));
    }

    #[test]
    fn head_goes_with_the_get_of_its_template() {
        let mut t = Traffic::default();
        let trie = Trie::default();
        for i in 0..3_000 {
            count(&mut t, &trie, "GET", &format!("/p/{}", letters(i * 977)), 200);
            count(&mut t, &trie, "HEAD", &format!("/p/{}", letters(i * 977 + 13)), 200);
        }
        let (all, became) = t.undeclared(&trie);
        let list: Vec<_> = all.iter().map(|(u, t)| (u.method.as_slice(), u.template.as_slice(), t.requests)).collect();
        assert_eq!(list, [(&b"GET"[..], &b"/p/{name}"[..], 6_000)]);
        let get = all.keys().next().expect("one").key();
        assert!(became.values().all(|spot| *spot == Spot::Unknown(get.clone())));
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
        assert_eq!(
            (t.declared[0].requests, t.preflights, t.other_methods().count(), t.undeclared(&trie).0.len()),
            (1, 2, 1, 0)
        );
    }
}
