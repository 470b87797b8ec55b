//! Values that look like words: which of the segments that stand side by side are names that the API itself has, and which
//! are values of a parameter.
//!
//! `/users/alice` and `/users/search` look alike; what tells them apart is how often each is asked for, what stands beside
//! and below them, and whether people who write APIs use the word.

use hashbrown::{HashMap, HashSet};

use super::class::is_prefix;
use super::weights::{self, FEATURES, Features};
use super::{Asked, Match, Trie};

/// Words side by side that make a parameter, where no identifier stands beside them.
const LEAST_VALUES: usize = 3;

/// More words side by side than this are values, but for those that APIs are written with.
const MOST_NAMES: usize = 500;
/// More than this are values, whatever they are.
const MOST_USUAL: usize = 5_000;

/// A template that was seen, its identifiers in braces already.
#[derive(Debug, Clone, Copy)]
pub struct Sighting<'a> {
    /// Host, where one is known; those of different hosts are not compared.
    pub host: Option<&'a [u8]>,
    /// Method.
    pub method: &'a [u8],
    /// Template.
    pub template: &'a [u8],
    /// How often.
    pub requests: u64,
}

/// A word and what is known of it.
#[derive(Debug)]
pub struct Judged<'a> {
    /// What stands before it, parameters in braces.
    pub before: &'a [u8],
    /// The word.
    pub word: &'a [u8],
    /// What speaks for and against it.
    pub features: Features,
}

/// The template that each sighting belongs to, in the same order.
pub fn settle(seen: &[Sighting<'_>], declared: &Trie) -> Vec<Vec<u8>> {
    settle_by(seen, declared, &mut |judged| weights::is_value(&judged.features))
}

/// As [`settle`], with another judge of what is a value.
pub fn settle_by(
    seen: &[Sighting<'_>],
    declared: &Trie,
    is_value: &mut dyn FnMut(&Judged<'_>) -> bool,
) -> Vec<Vec<u8>> {
    let mut tree = Tree::default();
    let mut roots: HashMap<Option<&[u8]>, u32> = HashMap::new();
    for (i, sighting) in (0u32..).zip(seen) {
        let mut at = *roots.entry(sighting.host).or_insert_with(|| tree.node(b""));
        tree.nodes[at as usize].requests += sighting.requests;
        for segment in sighting.template.split(|b| *b == b'/').filter(|s| !s.is_empty()) {
            at = tree.child(at, segment);
            tree.nodes[at as usize].requests += sighting.requests;
        }
        let node = &mut tree.nodes[at as usize];
        node.ends.push(i);
        node.methods |= method_bit(sighting.method);
    }
    let mut out = vec![Vec::new(); seen.len()];
    let mut roots: Vec<_> = roots.into_iter().collect();
    roots.sort_unstable();
    for (_, root) in roots {
        let place = Place { path: Vec::new(), is_prefix: true, spot: Some(0), depth: 0 };
        tree.settle(&[root], &place, declared, is_value, &mut out);
    }
    out
}

/// The templates that were found, to tell which of them a path at which nothing answered would have been.
#[derive(Debug, Default)]
pub struct Found<'a> {
    hosts: HashMap<Option<&'a [u8]>, Trie>,
    templates: Vec<&'a [u8]>,
}

impl<'a> Found<'a> {
    /// Of sightings and what [`settle`] made of them.
    pub fn of(seen: &[Sighting<'a>], settled: &'a [Vec<u8>]) -> Self {
        let mut found = Self::default();
        for (sighting, template) in seen.iter().zip(settled) {
            if *template == *sighting.template || !template.contains(&b'{') {
                continue;
            }
            let number = u32::try_from(found.templates.len()).unwrap_or(u32::MAX);
            let trie = found.hosts.entry(sighting.host).or_default();
            if trie.insert(&String::from_utf8_lossy(template), "", None, number).is_none() {
                found.templates.push(template);
            }
        }
        found
    }

    /// The template of a path, its identifiers in braces; `None` when it is like none that was found.
    pub fn template(&self, host: Option<&[u8]>, path: &[u8]) -> Option<Vec<u8>> {
        let asked = Asked { method: b"", host: None, path, query: b"" };
        match self.hosts.get(&host)?.find(&asked) {
            Match::Declared(number) => self.templates.get(number as usize).map(|t| t.to_vec()),
            _ => None,
        }
    }
}

/// What stands before the segments that are looked at.
struct Place {
    path: Vec<u8>,
    /// Nothing yet but versions and the like.
    is_prefix: bool,
    /// The same place in what is declared.
    spot: Option<u32>,
    depth: usize,
}

#[derive(Default)]
struct Tree<'a> {
    nodes: Vec<Node<'a>>,
    edges: HashMap<(u32, &'a [u8]), u32>,
}

#[derive(Default)]
struct Node<'a> {
    name: &'a [u8],
    children: Vec<u32>,
    /// Requests here and below.
    requests: u64,
    /// Methods asked for here, as bits.
    methods: u8,
    /// Sightings that end here.
    ends: Vec<u32>,
}

/// Those of one name below several places that are one.
#[derive(Default)]
struct Group<'a> {
    name: &'a [u8],
    nodes: Vec<u32>,
    requests: u64,
    methods: u8,
    /// Names below it, parameters left out.
    below: Vec<&'a [u8]>,
    /// A parameter stands below it.
    above_id: bool,
}

impl<'a> Tree<'a> {
    fn node(&mut self, name: &'a [u8]) -> u32 {
        self.nodes.push(Node { name, ..Node::default() });
        u32::try_from(self.nodes.len() - 1).unwrap_or(u32::MAX)
    }

    fn child(&mut self, at: u32, name: &'a [u8]) -> u32 {
        if let Some(known) = self.edges.get(&(at, name)) {
            return *known;
        }
        let new = self.node(name);
        self.edges.insert((at, name), new);
        self.nodes[at as usize].children.push(new);
        new
    }

    /// Depth is that of a template, which is bounded where it is made.
    fn settle(
        &self,
        nodes: &[u32],
        place: &Place,
        declared: &Trie,
        is_value: &mut dyn FnMut(&Judged<'_>) -> bool,
        out: &mut [Vec<u8>],
    ) {
        for end in nodes.iter().flat_map(|n| &self.nodes[*n as usize].ends) {
            out[*end as usize] = if place.path.is_empty() { b"/".to_vec() } else { place.path.clone() };
        }
        let (words, ids) = self.groups(nodes);
        let mut values: Vec<Group<'a>> = Vec::new();
        let mut names: Vec<(Group<'a>, Option<u32>)> = Vec::new();
        let variable = place.spot.and_then(|s| declared.variable(s));
        let summary = Summary::of(&words, &ids, place);
        let count = words.len();
        for word in words {
            let literal = place.spot.and_then(|s| declared.literal(s, word.name));
            let judged =
                |group: &Group<'a>| Judged { before: &place.path, word: group.name, features: summary.features(group) };
            let value = if literal.is_some() {
                false
            } else if variable.is_some() {
                true
            } else if count > MOST_NAMES {
                count > MOST_USUAL || (!place.is_prefix && weights::known(word.name) == 0.0)
            } else {
                !place.is_prefix && is_value(&judged(&word))
            };
            if value { values.push(word) } else { names.push((word, literal)) }
        }
        // What has the same below it as the values have is one of them.
        if values.len() > 1 || !ids.is_empty() {
            let below: HashSet<&[u8]> = values.iter().chain(&ids).flat_map(|g| g.below.iter().copied()).collect();
            let (more, rest) = names.into_iter().partition(|(g, literal)| {
                let shared = g.below.iter().filter(|b| below.contains(**b)).count();
                literal.is_none() && !place.is_prefix && shared * 2 > g.below.len() && weights::known(g.name) == 0.0
            });
            names = rest;
            let more: Vec<(Group<'a>, Option<u32>)> = more;
            values.extend(more.into_iter().map(|(g, _)| g));
        }
        // One value or two are no proof of a parameter, but where two have the same below them.
        let alike = |a: &Group<'a>, b: &Group<'a>| a.below.iter().any(|n| b.below.contains(n));
        let few = match &values[..] {
            [a, b] => !alike(a, b),
            values => values.len() < LEAST_VALUES,
        };
        if few && ids.is_empty() && variable.is_none() {
            names.extend(values.drain(..).map(|g| (g, None)));
        }
        for (group, literal) in names {
            let next = Place {
                path: [&place.path, &b"/"[..], group.name].concat(),
                is_prefix: place.is_prefix && is_prefix(group.name),
                spot: literal,
                depth: place.depth + 1,
            };
            self.settle(&group.nodes, &next, declared, is_value, out);
        }
        // All that varies here is one parameter, called as most of it looks.
        let most = ids.iter().max_by(|a, b| (a.requests, b.name).cmp(&(b.requests, a.name)));
        let Some(name) = most.map(|g| g.name).or((!values.is_empty()).then_some(&b"{name}"[..])) else { return };
        let whole: Vec<u32> =
            ids.iter().filter(|g| is_whole(g.name)).chain(&values).flat_map(|g| g.nodes.clone()).collect();
        let name = if is_whole(name) { name } else { b"{name}" };
        for part in ids.iter().filter(|g| !is_whole(g.name)) {
            let next = Place {
                path: [&place.path, &b"/"[..], part.name].concat(),
                is_prefix: false,
                spot: None,
                depth: place.depth + 1,
            };
            self.settle(&part.nodes, &next, declared, is_value, out);
        }
        if !whole.is_empty() {
            let next = Place {
                path: [&place.path, &b"/"[..], name].concat(),
                is_prefix: false,
                spot: variable,
                depth: place.depth + 1,
            };
            self.settle(&whole, &next, declared, is_value, out);
        }
    }

    /// What stands below several nodes, by name: words, and parameters.
    fn groups(&self, nodes: &[u32]) -> (Vec<Group<'a>>, Vec<Group<'a>>) {
        let mut by_name: HashMap<&[u8], Group<'a>> = HashMap::new();
        for child in nodes.iter().flat_map(|n| &self.nodes[*n as usize].children) {
            let node = &self.nodes[*child as usize];
            let group = by_name.entry(node.name).or_default();
            group.name = node.name;
            group.nodes.push(*child);
            group.requests += node.requests;
            group.methods |= node.methods;
            for below in node.children.iter().map(|c| self.nodes[*c as usize].name) {
                if below.starts_with(b"{") {
                    group.above_id = true;
                } else {
                    group.below.push(below);
                }
            }
        }
        let mut all: Vec<Group<'a>> = by_name.into_values().collect();
        for group in &mut all {
            group.below.sort_unstable();
            group.below.dedup();
        }
        all.sort_unstable_by(|a, b| a.name.cmp(b.name));
        all.into_iter().partition(|g| !g.name.starts_with(b"{"))
    }
}

/// `{id}`, and not `{id}.json`.
fn is_whole(segment: &[u8]) -> bool {
    segment.ends_with(b"}")
}

fn method_bit(method: &[u8]) -> u8 {
    const COMMON: [&[u8]; 7] = [b"GET", b"POST", b"PUT", b"PATCH", b"DELETE", b"HEAD", b"OPTIONS"];
    1 << COMMON.iter().position(|m| *m == method).unwrap_or(7)
}

/// What all that stands at one place have in common.
struct Summary<'a, 'b> {
    place: &'b Place,
    words: f64,
    /// Requests to words, and to identifiers.
    requests: f64,
    to_ids: f64,
    known: f64,
    /// How many look alike from here: methods, and what stands below.
    alike: HashMap<(u8, bool, u64), u32>,
    /// Under how many of them a name stands.
    below: HashMap<&'a [u8], u32>,
    parent: &'b [u8],
}

impl<'a, 'b> Summary<'a, 'b> {
    fn of(words: &[Group<'a>], ids: &[Group<'a>], place: &'b Place) -> Self {
        let mut alike: HashMap<(u8, bool, u64), u32> = HashMap::new();
        let mut below: HashMap<&'a [u8], u32> = HashMap::new();
        for group in words {
            *alike.entry(look(group)).or_default() += 1;
            for name in &group.below {
                *below.entry(name).or_default() += 1;
            }
        }
        let sum = |groups: &[Group<'a>]| groups.iter().map(|g| g.requests).sum::<u64>() as f64;
        Self {
            place,
            words: words.len() as f64,
            requests: sum(words),
            to_ids: sum(ids),
            known: words.iter().filter(|g| weights::known(g.name) > 0.0).count() as f64,
            alike,
            below,
            parent: place.path.rsplit(|b| *b == b'/').next().unwrap_or_default(),
        }
    }

    fn features(&self, group: &Group<'a>) -> Features {
        let word = group.name;
        let flag = |b: bool| f64::from(u8::from(b));
        let has = |what: fn(&u8) -> bool| flag(word.iter().any(what));
        let others = self.words - 1.0;
        let requests = group.requests as f64;
        let known = weights::known(word);
        let of_others = |sum: f64| if others > 0.0 { sum / others } else { 0.0 };
        let siblings_known = of_others(self.known - flag(known > 0.0));
        let mean = of_others(self.requests - requests);
        let alike = f64::from(self.alike.get(&look(group)).copied().unwrap_or(1) - 1);
        let shared = group.below.iter().filter_map(|b| self.below.get(b)).max().copied().unwrap_or(1);
        let shared = f64::from(shared - 1);
        let unknown = flag(known == 0.0);
        let parent_plural = flag(is_plural(self.parent));
        let parent_id = flag(self.parent.starts_with(b"{"));
        let id_share = if self.to_ids > 0.0 { self.to_ids / (self.to_ids + self.requests) } else { 0.0 };
        let per_word = self.requests / self.words.max(1.0);
        let features: [f64; FEATURES] = [
            1.0,
            known,
            unknown,
            siblings_known,
            self.words.ln(),
            requests.ln_1p(),
            mean.ln_1p(),
            parent_plural,
            parent_id,
            id_share,
            flag(self.to_ids > 0.0),
            alike.ln_1p(),
            of_others(alike),
            shared.ln_1p(),
            of_others(shared),
            flag(group.methods != 0),
            flag(!group.below.is_empty()),
            flag(group.above_id),
            flag(is_plural(word)),
            has(u8::is_ascii_digit),
            flag(word.contains(&b'-')),
            flag(word.contains(&b'_')),
            has(u8::is_ascii_uppercase),
            flag(word.contains(&b'.')),
            (word.len() as f64 / 10.0).min(3.0),
            flag(word.iter().any(|b| !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_' | b'.'))),
            (consonants(word) as f64 / 4.0).min(3.0),
            f64::from(group.methods.count_ones()),
            per_word.ln_1p(),
            unknown * parent_plural,
            unknown * self.words.ln(),
            unknown * (1.0 - siblings_known),
            self.place.depth as f64 / 5.0,
            flag(others == 0.0),
            weights::known(self.parent),
            (requests / (requests + mean)).min(1.0),
        ];
        Features(features)
    }
}

fn look(group: &Group<'_>) -> (u8, bool, u64) {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    group.below.hash(&mut hasher);
    (group.methods, group.above_id, hasher.finish())
}

/// A noun for many, as English has them.
fn is_plural(word: &[u8]) -> bool {
    word.len() > 3 && word.ends_with(b"s") && ![&b"ss"[..], b"us", b"is"].iter().any(|e| word.ends_with(e))
}

/// The longest run of letters without a vowel.
fn consonants(word: &[u8]) -> usize {
    word.split(|b| !b.is_ascii_alphabetic() || b"aeiouyAEIOUY".contains(b)).map(<[u8]>::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settled(seen: &[(&str, u64)], declared: &Trie) -> Vec<String> {
        let sightings: Vec<Sighting<'_>> = seen
            .iter()
            .map(|(t, requests)| {
                let (method, template) = t.split_once(' ').expect("METHOD path");
                Sighting { host: None, method: method.as_bytes(), template: template.as_bytes(), requests: *requests }
            })
            .collect();
        settle(&sightings, declared).into_iter().map(|t| String::from_utf8_lossy(&t).into_owned()).collect()
    }

    #[test]
    fn what_an_api_calls_its_own_stays() {
        let seen = [
            ("GET /v1/orders", 900),
            ("GET /v1/orders/search", 120),
            ("GET /v1/orders/{id}", 4_000),
            ("POST /v1/orders/{id}/cancel", 40),
            ("POST /v1/orders/{id}/refund", 70),
            ("GET /v1/orders/{id}/items", 800),
            ("GET /v1/users/me", 5_000),
            ("PATCH /v1/users/me", 50),
            ("GET /v1/users/{id}", 2_000),
            ("GET /v1/reports/daily", 30),
            ("GET /v1/reports/weekly", 9),
            ("GET /v1/reports/monthly", 7),
            ("POST /v1/auth/login", 700),
            ("POST /v1/auth/logout", 300),
            ("POST /v1/auth/refresh", 2_100),
            ("GET /health", 9_000),
            ("GET /metrics", 9_000),
        ];
        let want: Vec<String> =
            seen.iter().map(|(t, _)| t.split_once(' ').expect("METHOD path").1.to_owned()).collect();
        assert_eq!(settled(&seen, &Trie::default()), want);
    }

    #[test]
    fn values_become_one_parameter() {
        let people = ["alice", "bob", "carlos", "dolores", "erin", "frank-ocean", "grace", "heidi", "ivan", "judy"];
        let mut seen: Vec<(String, u64)> = vec![("GET /v1/users".into(), 40), ("GET /v1/users/search".into(), 60)];
        for (i, person) in people.iter().enumerate() {
            seen.push((format!("GET /v1/users/{person}"), 2 + i as u64 % 3));
            seen.push((format!("GET /v1/users/{person}/posts"), 1));
        }
        let seen: Vec<(&str, u64)> = seen.iter().map(|(t, n)| (t.as_str(), *n)).collect();
        let got = settled(&seen, &Trie::default());
        assert_eq!(got[..2], ["/v1/users", "/v1/users/search"]);
        assert!(got[2..].chunks(2).all(|p| p == ["/v1/users/{name}", "/v1/users/{name}/posts"]), "{got:?}");
    }

    #[test]
    fn a_document_knows_better() {
        let mut declared = Trie::default();
        declared.insert("/shops/{shop}", "GET", None, 0);
        declared.insert("/shops/nearest", "GET", None, 1);
        let got = settled(&[("GET /shops/berlin/staff", 1), ("GET /shops/nearest/map", 1)], &declared);
        assert_eq!(got, ["/shops/{name}/staff", "/shops/nearest/map"]);
    }

    proptest! {
        #[test]
        fn every_sighting_gets_a_template_of_its_own_depth(
            paths in proptest::collection::vec("(/([a-z]{1,6}|\\{id\\}|[a-z]{1,3}-[0-9])){1,5}", 1..60),
        ) {
            let seen: Vec<(String, u64)> = paths.iter().map(|p| (format!("GET {p}"), 1)).collect();
            let seen: Vec<(&str, u64)> = seen.iter().map(|(t, n)| (t.as_str(), *n)).collect();
            let got = settled(&seen, &Trie::default());
            for (path, template) in paths.iter().zip(&got) {
                prop_assert_eq!(path.split('/').count(), template.split('/').count());
                for (p, t) in path.split('/').zip(template.split('/')) {
                    prop_assert!(p == t || t.starts_with('{'), "{} {}", path, template);
                }
            }
            // The order of what was seen makes no difference.
            let mut turned = seen.clone();
            turned.reverse();
            let mut again = settled(&turned, &Trie::default());
            again.reverse();
            prop_assert_eq!(got, again);
        }
    }
}
