//! Where a request was counted before, found again without writing its template anew: most lines of a log ask for what many
//! lines before them asked for.
//!
//! A tree of segments: a word is looked up as it stands, what looks like an identifier leads on by its look. Whoever it does not
//! know is counted the long way and learnt. It says nothing else than the long way says, so nothing depends on what it holds.

use hashbrown::HashMap;

use super::near::word_of;
use super::pieces::Pieces;
use super::template::{self, Class};

/// Places in the tree: of more, paths are counted the long way.
const MOST_PLACES: usize = 1 << 15;
/// Methods and hosts told apart at all places together.
const MOST_ENDS: usize = 1 << 16;
/// Hosts told apart.
const MOST_HOSTS: usize = 1 << 10;
/// No place, no slot.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Place {
    /// Where an identifier of each look leads.
    looks: [u32; Class::LOOKS],
    ends: Vec<End>,
}

/// Method and host that were asked for at a place.
#[derive(Debug, Clone, Copy)]
struct End {
    method: u64,
    host: u32,
    /// Where answers and misses are counted.
    slots: [u32; 2],
}

/// What is remembered.
#[derive(Debug)]
pub(super) struct Recall {
    pieces: Pieces,
    places: Vec<Place>,
    ends: usize,
    hosts: HashMap<Box<[u8]>, u32>,
}

/// A request whose place in the tree is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    place: u32,
    method: u64,
    host: u32,
    /// Where it was counted before.
    pub slot: Option<u32>,
}

impl Default for Recall {
    fn default() -> Self {
        Self { pieces: Pieces::default(), places: vec![Place::new()], ends: 0, hosts: HashMap::new() }
    }
}

impl Place {
    fn new() -> Self {
        Self { looks: [NONE; Class::LOOKS], ends: Vec::new() }
    }
}

impl Recall {
    /// Finds a request, an answer or a miss, by its method, host and path; `None` where the place itself is not known.
    pub fn find(&mut self, method: &[u8], host: Option<&[u8]>, path: &[u8], miss: bool) -> Option<Known> {
        let place = self.place(path)?;
        let (method, host) = (word_of(method)?, self.host(host)?);
        let ends = &self.places.get(place as usize)?.ends;
        let end = ends.iter().find(|e| e.method == method && e.host == host);
        let slot = end.map(|e| e.slots[usize::from(miss)]).filter(|s| *s != NONE);
        Some(Known { place, method, host, slot })
    }

    /// Remembers where a request is counted whose place was known.
    pub fn keep(&mut self, known: Known, miss: bool, slot: u32) {
        let Some(place) = self.places.get_mut(known.place as usize) else { return };
        if let Some(end) = place.ends.iter_mut().find(|e| e.method == known.method && e.host == known.host) {
            end.slots[usize::from(miss)] = slot;
        } else if self.ends < MOST_ENDS {
            self.ends += 1;
            let mut slots = [NONE; 2];
            slots[usize::from(miss)] = slot;
            place.ends.push(End { method: known.method, host: known.host, slots });
        }
    }

    /// Makes a place for a path. Many are those that nothing answers, so only answers should make one.
    pub fn learn(&mut self, path: &[u8]) {
        if self.places.len() >= MOST_PLACES || template::is_deep(path) {
            return;
        }
        let (mut at, mut rest) = (0, path);
        let mut written = Vec::new();
        while let Some((segment, class, after)) = template::next_segment(rest) {
            rest = after;
            if class != Class::Word {
                let next = self.next();
                let look = &mut self.places[at as usize].looks[class as usize];
                if *look == NONE {
                    *look = next;
                    self.places.push(Place::new());
                    at = next;
                } else {
                    at = *look;
                }
                continue;
            }
            // A word that is not written as it stands has an identifier before its dot.
            written.clear();
            template::infer(segment, &mut written);
            if written.get(1..) != Some(segment) {
                return;
            }
            let mut next = self.next();
            let places = &mut self.places;
            at = self.pieces.make(at, segment, || {
                places.push(Place::new());
                next += 1;
                next - 1
            });
        }
    }

    /// Forgets where all was counted.
    pub fn forget(&mut self) {
        for place in &mut self.places {
            place.ends.clear();
        }
        self.ends = 0;
    }

    fn next(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(NONE)
    }

    /// The place of a path.
    fn place(&self, path: &[u8]) -> Option<u32> {
        let (mut at, mut rest) = (0, path);
        loop {
            let Some((start, after)) = rest.split_first() else { return Some(at) };
            if *start == b'/' {
                rest = after;
                continue;
            }
            // What begins with a digit is hardly ever a word.
            let word = if start.is_ascii_digit() { None } else { self.pieces.follow(at, rest) };
            (at, rest) = match word {
                Some(found) => found,
                None => self.look(at, rest).or_else(|| self.rare(at, rest))?,
            };
        }
    }

    /// Where a path leads whose first segment begins with a digit and is a word.
    #[cold]
    fn rare<'a>(&self, at: u32, path: &'a [u8]) -> Option<(u32, &'a [u8])> {
        self.pieces.follow(at, path).filter(|_| path.first().is_some_and(u8::is_ascii_digit))
    }

    /// Where a path leads whose first segment looks like an identifier, and what follows that.
    fn look<'a>(&self, at: u32, path: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (_, class, after) = template::next_segment(path)?;
        let next = *self.places.get(at as usize)?.looks.get(class as usize)?;
        (class != Class::Word && next != NONE).then_some((next, after))
    }

    fn host(&mut self, host: Option<&[u8]>) -> Option<u32> {
        let Some(host) = host else { return Some(0) };
        let next = u32::try_from(self.hosts.len()).ok()? + 1;
        match self.hosts.get(host) {
            Some(number) => Some(*number),
            None if self.hosts.len() < MOST_HOSTS => Some(*self.hosts.entry(Box::from(host)).or_insert(next)),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is written of a path is all that the long way keeps of it.
    fn template(path: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        template::infer(path, &mut out);
        out
    }

    #[test]
    fn what_was_learnt_is_found() {
        let mut recall = Recall::default();
        for (slot, path) in (0u32..).zip([
            "/",
            "/a",
            "/a/42",
            "/a/42/payment_method_configurations",
            "/a/payment_method_co",
            "/a/payment_method_co/x",
            "/exactly/eight/12345678/ab",
        ]) {
            recall.learn(path.as_bytes());
            let known = recall.find(b"GET", None, path.as_bytes(), false).unwrap_or_else(|| panic!("{path}"));
            assert_eq!(known.slot, None, "{path}");
            recall.keep(known, false, slot);
        }
        let slot = |recall: &mut Recall, method: &str, host: Option<&str>, path: &str, miss| {
            recall.find(method.as_bytes(), host.map(str::as_bytes), path.as_bytes(), miss).map(|k| k.slot)
        };
        let r = &mut recall;
        assert_eq!(slot(r, "GET", None, "//a//7/payment_method_configurations/", false), Some(Some(3)));
        assert_eq!(slot(r, "GET", None, "/a/payment_method_co", false), Some(Some(4)));
        assert_eq!(slot(r, "GET", None, "/a/payment_method_conf", false), None);
        assert_eq!(slot(r, "GET", None, "/a/42", true), Some(None));
        assert_eq!(slot(r, "POST", None, "/a/42", false), Some(None));
        assert_eq!(slot(r, "GET", Some("h"), "/a/42", false), Some(None));
        assert_eq!(slot(r, "PROPPATCH", None, "/a/42", false), None);
        assert_eq!(slot(r, "GET", None, "/a/42.json", false), None);
        assert_eq!(slot(r, "GET", None, "/b", false), None);
        r.forget();
        assert_eq!(slot(r, "GET", None, "/a/42", false), Some(None));
    }

    proptest! {
        #[test]
        fn one_place_for_each_template(
            paths in proptest::collection::vec("(/([a-c.0-9@-]{0,3}|payment_method_c[a-b]{0,3}|[0-9a-f]{16}|\\PC{0,9})){0,4}", 1..30),
        ) {
            let mut recall = Recall::default();
            for path in &paths {
                recall.learn(path.as_bytes());
            }
            for a in &paths {
                for b in &paths {
                    let (p, q) = (recall.place(a.as_bytes()), recall.place(b.as_bytes()));
                    if let (Some(p), Some(q)) = (p, q) {
                        prop_assert_eq!(p == q, template(a.as_bytes()) == template(b.as_bytes()), "{} {}", a, b);
                    }
                }
            }
        }
    }
}
