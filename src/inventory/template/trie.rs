//! Declared templates as a tree of segments.
//!
//! Literal before literal-with-variable before variable before the rest of the path, with backtracking, so that the longest
//! literal prefix wins. The method is looked at last: a path that is known with another method is an answer of its own.

use std::cmp::Reverse;

use crate::inventory::near::{position, word_of};
use crate::inventory::pieces::Pieces;

/// What stands at the end of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leaf {
    /// Method in upper case.
    pub method: String,
    /// Host in lower case, when the document names one.
    pub host: Option<String>,
    /// Number of the endpoint.
    pub endpoint: u32,
    /// The method as a number, 0 where it is too long for one.
    word: u64,
    /// What the query must hold, for paths declared with a query (`/?Action=List`).
    query: Vec<Vec<u8>>,
    /// Declared with a trailing slash.
    slash: bool,
}

/// The answer to a request path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// Declared with this method.
    Declared(u32),
    /// The path is declared, with other methods only; one of them.
    OtherMethod(u32),
    /// Not declared.
    Unknown,
}

/// A request, as far as templates care.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Method.
    pub method: &'a [u8],
    /// Host in lower case, when the log names one.
    pub host: Option<&'a [u8]>,
    /// Decoded path.
    pub path: &'a [u8],
    /// Query without its `?`.
    pub query: &'a [u8],
}

/// Declared templates.
#[derive(Debug, Clone)]
pub struct Trie {
    nodes: Vec<Node>,
    /// Where a literal segment leads from a node.
    literals: Pieces,
}

#[derive(Debug, Clone, Default)]
struct Node {
    /// Literal segments lead on from here.
    has_literals: bool,
    /// The most literal first.
    mixed: Vec<(Mixed, u32)>,
    variable: Option<u32>,
    leaves: Vec<Leaf>,
    /// Leaves of `{name+}`: the rest of the path, whatever its depth.
    rest: Vec<Leaf>,
}

/// A segment of literals with variables between: `{id}.json`, `{base}...{head}`. First and last may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mixed(Vec<Box<[u8]>>);

impl Mixed {
    fn weight(&self) -> usize {
        self.0.iter().map(|p| p.len()).sum()
    }

    /// Every variable takes at least one byte.
    fn fits(&self, segment: &[u8]) -> bool {
        let [first, middle @ .., last] = self.0.as_slice() else { return false };
        let Some(mut rest) = segment.strip_prefix(&**first) else { return false };
        for literal in middle {
            let Some(at) = rest.get(1..).and_then(|r| memchr::memmem::find(r, literal)) else { return false };
            rest = &rest[1 + at + literal.len()..];
        }
        rest.len() > last.len() && rest.ends_with(last)
    }
}

/// Segments of a template; what is deeper is cut off there.
const MOST_SEGMENTS: usize = 64;
/// Nodes visited for one path: only a document made to be slow needs more.
const MOST_STEPS: usize = 20_000;

impl Default for Trie {
    fn default() -> Self {
        Self { nodes: vec![Node::default()], literals: Pieces::default() }
    }
}

impl Trie {
    /// Adds a template with its base path. Gives the endpoint that already stands there for the same method, host and
    /// query: the two cannot be told apart in traffic, and the first keeps the place.
    pub fn insert(&mut self, template: &str, method: &str, host: Option<&str>, endpoint: u32) -> Option<u32> {
        let end = template.find(['?', '#']).unwrap_or(template.len());
        let (path, tail) = template.split_at(end);
        let mut query: Vec<Vec<u8>> = tail
            .split(['?', '#', '&'])
            .filter(|p| !p.is_empty())
            // `?q={q}` asks for the name only.
            .map(|p| p.split('{').next().unwrap_or_default().as_bytes().to_vec())
            .collect();
        query.sort();
        let leaf = Leaf {
            method: method.to_owned(),
            host: host.map(str::to_owned),
            endpoint,
            word: word_of(method.as_bytes()).unwrap_or(0),
            query,
            slash: path.len() > 1 && path.ends_with('/'),
        };
        let mut at = 0u32;
        let mut rest = false;
        for segment in path.split('/').filter(|s| !s.is_empty()).take(MOST_SEGMENTS) {
            if segment.starts_with('{') && (segment.ends_with("+}") || segment.ends_with("*}")) {
                rest = true;
                break;
            }
            at = self.child(at, segment);
        }
        let node = &mut self.nodes[at as usize];
        let leaves = if rest { &mut node.rest } else { &mut node.leaves };
        let same = leaves
            .iter()
            .find(|l| l.method == leaf.method && l.host == leaf.host && l.query == leaf.query && l.slash == leaf.slash);
        if let Some(same) = same {
            return Some(same.endpoint);
        }
        // The leaf that asks for more of the query is the better answer.
        let place = leaves.partition_point(|l| Reverse(l.query.len()) <= Reverse(leaf.query.len()));
        leaves.insert(place, leaf);
        None
    }

    /// True while nothing is declared.
    pub fn is_empty(&self) -> bool {
        self.nodes.len() == 1 && self.nodes.iter().all(|n| n.leaves.is_empty() && n.rest.is_empty())
    }

    fn child(&mut self, at: u32, segment: &str) -> u32 {
        let next = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let node = &mut self.nodes[at as usize];
        let found = match pieces(segment) {
            None => {
                node.has_literals = true;
                let (mut next, nodes) = (next, &mut self.nodes);
                // A node stands between two pieces of a long one as well, and nothing at it.
                return self.literals.make(at, &super::percent_decode(segment.as_bytes(), true), || {
                    nodes.push(Node::default());
                    next += 1;
                    next - 1
                });
            }
            Some(pieces) if pieces.len() == 2 && pieces.iter().all(|p| p.is_empty()) => {
                let known = node.variable;
                node.variable = known.or(Some(next));
                known
            }
            Some(pieces) => {
                let mixed = Mixed(pieces);
                let known = node.mixed.iter().find(|(m, _)| *m == mixed).map(|(_, known)| *known);
                if known.is_none() {
                    let at = node.mixed.partition_point(|(m, _)| m.weight() >= mixed.weight());
                    node.mixed.insert(at, (mixed, next));
                }
                known
            }
        };
        if let Some(found) = found {
            return found;
        }
        self.nodes.push(Node::default());
        next
    }

    /// Where a literal segment leads from a place in the tree; its root is 0.
    pub(super) fn literal(&self, at: u32, segment: &[u8]) -> Option<u32> {
        Some(self.literals.follow(at, segment)?.0)
    }

    /// Where a variable leads from a place in the tree.
    pub(super) fn variable(&self, at: u32) -> Option<u32> {
        self.nodes.get(at as usize)?.variable
    }

    /// Finds what a request is an instance of.
    pub fn find(&self, asked: &Asked<'_>) -> Match {
        if self.is_empty() {
            return Match::Unknown;
        }
        let slash = asked.path.len() > 1 && asked.path.ends_with(b"/");
        let word = word_of(asked.method).unwrap_or(0);
        let mut walk = Walk { trie: self, asked, word, slash, other: None, steps: 0 };
        match walk.descend(0, asked.path) {
            Some(endpoint) => Match::Declared(endpoint),
            None => walk.other.map_or(Match::Unknown, Match::OtherMethod),
        }
    }
}

struct Walk<'a> {
    trie: &'a Trie,
    asked: &'a Asked<'a>,
    word: u64,
    slash: bool,
    other: Option<u32>,
    steps: usize,
}

impl Walk<'_> {
    /// Depth is that of the tree, which [`Trie::insert`] bounds.
    fn descend(&mut self, at: u32, path: &[u8]) -> Option<u32> {
        let (trie, mut at, mut path) = (self.trie, at, path);
        loop {
            self.steps += 1;
            if self.steps > MOST_STEPS {
                return None;
            }
            let node = trie.nodes.get(at as usize)?;
            path = without_slashes(path);
            if path.is_empty() {
                return self.judge(&node.leaves);
            }
            let literal = if node.has_literals { trie.literals.follow(at, path) } else { None };
            // Where only one way leads on there is nowhere to come back to.
            let only = node.mixed.is_empty() && node.rest.is_empty();
            match (literal, node.variable) {
                (Some(next), None) if only => (at, path) = next,
                (None, Some(child)) if only => (at, path) = (child, after_segment(path).1),
                (literal, _) => return self.choose(node, literal, path),
            }
        }
    }

    /// Each of the ways that lead on, the most literal first.
    fn choose(&mut self, node: &Node, literal: Option<(u32, &[u8])>, path: &[u8]) -> Option<u32> {
        if let Some((child, rest)) = literal
            && let Some(found) = self.descend(child, rest)
        {
            return Some(found);
        }
        let (segment, rest) = after_segment(path);
        for (mixed, child) in &node.mixed {
            if mixed.fits(segment)
                && let Some(found) = self.descend(*child, rest)
            {
                return Some(found);
            }
        }
        if let Some(child) = node.variable
            && let Some(found) = self.descend(child, rest)
        {
            return Some(found);
        }
        self.judge(&node.rest)
    }

    /// The best leaf of those that stand at one place: the query must hold, then host and trailing slash decide.
    fn judge(&mut self, leaves: &[Leaf]) -> Option<u32> {
        let mut best: Option<(usize, bool, bool, u32)> = None;
        for leaf in leaves {
            if !leaf.query.iter().all(|q| has_part(self.asked.query, q)) {
                continue;
            }
            if leaf.word != self.word || (leaf.word == 0 && leaf.method.as_bytes() != self.asked.method) {
                self.other = self.other.or(Some(leaf.endpoint));
                continue;
            }
            let host = leaf.host.as_ref().is_some_and(|h| Some(h.as_bytes()) == self.asked.host);
            let rank = (leaf.query.len(), host, leaf.slash == self.slash, leaf.endpoint);
            if best.is_none_or(|b| (rank.0, rank.1, rank.2) > (b.0, b.1, b.2)) {
                best = Some(rank);
            }
        }
        best.map(|b| b.3)
    }
}

/// A path without the slashes that it begins with; most begin with one.
#[inline]
fn without_slashes(path: &[u8]) -> &[u8] {
    match path {
        [b'/', b'/', ..] => &path[path.iter().position(|b| *b != b'/').unwrap_or(path.len())..],
        [b'/', after @ ..] => after,
        _ => path,
    }
}

/// The first segment of a path that begins with none of its slashes, and what follows it.
fn after_segment(path: &[u8]) -> (&[u8], &[u8]) {
    path.split_at(position(path, b'/').unwrap_or(path.len()))
}

/// True when the query holds `part` as one of its pieces, or as the start of one when it ends in `=`.
fn has_part(query: &[u8], part: &[u8]) -> bool {
    query.split(|b| *b == b'&').any(|p| p == part || (part.ends_with(b"=") && p.starts_with(part)))
}

/// The literals around the variables of a segment; `None` when there is no variable.
fn pieces(segment: &str) -> Option<Vec<Box<[u8]>>> {
    let mut out: Vec<Box<[u8]>> = Vec::new();
    let mut rest = segment;
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        let literal = &rest[..open];
        // `{a}{b}` is one variable as far as matching goes.
        if !literal.is_empty() || out.is_empty() {
            out.push(Box::from(literal.as_bytes()));
        }
        rest = &rest[open + close + 1..];
    }
    if out.is_empty() {
        return None;
    }
    out.push(Box::from(rest.as_bytes()));
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn trie(templates: &[&str]) -> Trie {
        let mut t = Trie::default();
        for (i, template) in (0u32..).zip(templates) {
            let (method, path) = template.split_once(' ').expect("METHOD path");
            t.insert(path, method, None, i);
        }
        t
    }

    fn find(t: &Trie, method: &str, target: &str) -> Match {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        t.find(&Asked { method: method.as_bytes(), host: None, path: path.as_bytes(), query: query.as_bytes() })
    }

    #[test]
    fn the_most_literal_wins_with_backtracking() {
        let t = trie(&[
            "GET /users/{id}",
            "GET /users/me",
            "GET /users/me/keys",
            "GET /users/{id}/posts",
            "GET /files/{name}.json",
            "GET /files/{name}",
            "GET /compare/{a}...{b}",
            "GET /proxy/{path+}",
            "DELETE /users/{id}",
            "GET /",
        ]);
        for (path, want) in [
            ("/users/7", Match::Declared(0)),
            ("/users/me", Match::Declared(1)),
            ("/users/me/posts", Match::Declared(3)),
            ("/users/me/keys/", Match::Declared(2)),
            ("//users//7/posts", Match::Declared(3)),
            ("/files/a.json", Match::Declared(4)),
            ("/files/.json", Match::Declared(5)),
            ("/compare/main...dev", Match::Declared(6)),
            ("/compare/...dev", Match::Unknown),
            ("/proxy/a/b/c", Match::Declared(7)),
            ("/", Match::Declared(9)),
            ("/users", Match::Unknown),
            ("/users/7/8/9", Match::Unknown),
        ] {
            assert_eq!(find(&t, "GET", path), want, "{path}");
        }
        assert_eq!(find(&t, "DELETE", "/users/me"), Match::Declared(8));
        assert_eq!(find(&t, "PUT", "/users/me"), Match::OtherMethod(1));
    }

    #[test]
    fn many_siblings_are_no_trouble() {
        let mut t = Trie::default();
        for i in 0..50_000u32 {
            // Out of order.
            let n = i.wrapping_mul(2_654_435_761);
            t.insert(&format!("/p/{n:08x}"), "GET", None, i);
        }
        assert_eq!(find(&t, "GET", &format!("/p/{:08x}", 7u32.wrapping_mul(2_654_435_761))), Match::Declared(7));
    }

    #[test]
    fn declared_queries_and_collisions() {
        let mut t = trie(&["GET /?Action=List", "GET /?Action=Get", "GET /"]);
        assert_eq!(find(&t, "GET", "/?x=1&Action=Get"), Match::Declared(1));
        assert_eq!(find(&t, "GET", "/?x=1"), Match::Declared(2));
        assert_eq!(t.insert("/a/{id}", "GET", None, 5), None);
        assert_eq!(t.insert("/a/{slug}", "GET", None, 6), Some(5));
        assert_eq!(t.insert("/a/{slug}", "GET", Some("h.test"), 7), None);
        let asked = Asked { method: b"GET", host: Some(b"h.test"), path: b"/a/1", query: b"" };
        assert_eq!(t.find(&asked), Match::Declared(7));
    }

    proptest! {
        #[test]
        fn a_template_matches_its_instances(
            segments in proptest::collection::vec(("[a-z]{0,3}", any::<bool>(), "[a-z.]{0,3}"), 1..6),
            others in proptest::collection::vec("(/[a-z]{1,2}|/\\{x\\}|/a\\{x\\}){1,5}", 0..20),
            value in "[0-9]{1,4}",
        ) {
            let mut template = String::new();
            let mut instance = String::new();
            for (prefix, variable, suffix) in &segments {
                let (t, i) = if *variable {
                    (format!("{prefix}{{v}}{suffix}"), format!("{prefix}{value}{suffix}"))
                } else {
                    (format!("{prefix}x{suffix}"), format!("{prefix}x{suffix}"))
                };
                template = format!("{template}/{t}");
                instance = format!("{instance}/{i}");
            }
            let mut alone = Trie::default();
            alone.insert(&template, "GET", None, 9);
            prop_assert_eq!(find(&alone, "GET", &instance), Match::Declared(9));
            let mut crowd = Trie::default();
            for o in &others {
                crowd.insert(o, "GET", None, 1);
            }
            crowd.insert(&template, "GET", None, 9);
            prop_assert!(matches!(find(&crowd, "GET", &instance), Match::Declared(_)));
            prop_assert!(matches!(find(&crowd, "PUT", &instance), Match::OtherMethod(_)));
        }
    }
}
