//! Where a request was counted before, found again without writing its template anew: most lines of a log ask for what many
//! lines before them asked for.
//!
//! A tree of segments: a word is looked up as it stands, what looks like an identifier leads on by its look. Whoever it does not
//! know is counted the long way and learnt. It says nothing else than the long way says, so nothing depends on what it holds.

use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashMap};

use super::near::{first, words};
use super::template::{self, Class};

/// Places in the tree: of more, paths are counted the long way.
const MOST_PLACES: usize = 1 << 15;
/// Methods and hosts told apart at all places together.
const MOST_ENDS: usize = 1 << 16;
/// Hosts told apart.
const MOST_HOSTS: usize = 1 << 10;
/// Bytes of a word that are looked up at once.
const PIECE: usize = 16;

/// No place, no slot.
const NONE: u32 = u32::MAX;

/// Up to 16 bytes of a word below a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    low: u64,
    high: u64,
    /// The place, how many bytes, and whether the word goes on.
    below: u64,
}

/// Where pieces lead. Most lines look up one for each segment, so it is as plain as a table can be: a piece stands where its
/// number says or in one of the few slots after that, or it is not known.
#[derive(Debug)]
struct Pieces {
    /// A power of two of them.
    slots: Vec<(Piece, u32)>,
    taken: usize,
    /// Nobody outside knows where a piece will stand.
    seeds: (u64, u64),
}

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
        Self { pieces: Pieces::new(), places: vec![Place::new()], ends: 0, hosts: HashMap::new() }
    }
}

impl Pieces {
    /// Slots that are looked at for one piece.
    const TRIED: usize = 16;
    const FREE: (Piece, u32) = (Piece { low: 0, high: 0, below: 0 }, NONE);

    fn new() -> Self {
        let state = DefaultHashBuilder::default();
        Self { slots: vec![Self::FREE; 64], taken: 0, seeds: (state.hash_one(0), state.hash_one(1)) }
    }

    /// The slots in which a piece may stand.
    fn tried(&self, piece: &Piece) -> impl Iterator<Item = usize> + use<> {
        let (low, high) = (piece.low ^ self.seeds.0, piece.high ^ piece.below.rotate_left(17) ^ self.seeds.1);
        let product = u128::from(low) * u128::from(high);
        #[expect(clippy::cast_possible_truncation, reason = "all bits of both halves are mixed already")]
        let number = (product as u64 ^ (product >> 64) as u64) as usize;
        let mask = self.slots.len() - 1;
        (0..Self::TRIED).map(move |i| number.wrapping_add(i) & mask)
    }

    #[inline]
    fn get(&self, piece: &Piece) -> Option<u32> {
        for at in self.tried(piece) {
            let (other, to) = self.slots.get(at)?;
            if other == piece && *to != NONE {
                return Some(*to);
            }
            if *to == NONE {
                break;
            }
        }
        None
    }

    /// Keeps a piece that is not known; false where it cannot be kept.
    fn insert(&mut self, piece: Piece, to: u32) -> bool {
        if self.taken * 2 >= self.slots.len() {
            let more = vec![Self::FREE; self.slots.len() * 2];
            self.taken = 0;
            for (piece, to) in std::mem::replace(&mut self.slots, more).into_iter().filter(|(_, to)| *to != NONE) {
                self.enter(piece, to);
            }
        }
        self.enter(piece, to)
    }

    fn enter(&mut self, piece: Piece, to: u32) -> bool {
        let Some(at) = self.tried(&piece).find(|at| self.slots[*at].1 == NONE) else { return false };
        self.slots[at] = (piece, to);
        self.taken += 1;
        true
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
            let mut left = segment;
            while !left.is_empty() {
                let (piece, n) = piece(at, left);
                left = &left[n..];
                let next = self.next();
                at = if let Some(to) = self.pieces.get(&piece) {
                    to
                } else if self.pieces.insert(piece, next) {
                    self.places.push(Place::new());
                    next
                } else {
                    return;
                };
            }
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
            while let [b'/', after @ ..] = rest {
                rest = after;
            }
            let Some(start) = rest.first() else { return Some(at) };
            // What begins with a digit is hardly ever a word.
            if !start.is_ascii_digit()
                && let Some(found) = self.word(at, rest)
            {
                (at, rest) = found;
                continue;
            }
            (at, rest) = match self.look(at, rest) {
                Some(found) => found,
                None if start.is_ascii_digit() => self.word(at, rest)?,
                None => return None,
            };
        }
    }

    /// Where a path leads whose first segment looks like an identifier, and what follows that.
    fn look<'a>(&self, at: u32, path: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (_, class, after) = template::next_segment(path)?;
        let next = *self.places.get(at as usize)?.looks.get(class as usize)?;
        (class != Class::Word && next != NONE).then_some((next, after))
    }

    /// Where a path leads whose first segment is a word that is known, and what follows that.
    #[inline]
    fn word<'a>(&self, at: u32, path: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (mut at, mut rest) = (at, path);
        loop {
            let (piece, n) = piece(at, rest);
            at = self.pieces.get(&piece)?;
            rest = &rest[n..];
            if matches!(rest.first(), None | Some(b'/')) {
                return Some((at, rest));
            }
        }
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

/// What of a path stands before its first slash, up to 16 bytes of it, and how many those are.
#[inline]
fn piece(below: u32, path: &[u8]) -> (Piece, usize) {
    let (mut low, mut high) = words(path);
    let mut n = first(low, b'/').min(path.len());
    if n < 8 {
        low &= (1 << (8 * n)) - 1;
        high = 0;
    } else {
        let more = first(high, b'/').min(path.len() - 8);
        n = 8 + more;
        if more < 8 {
            high &= (1 << (8 * more)) - 1;
        }
    }
    let goes_on = n == PIECE && path.get(PIECE).is_some_and(|b| *b != b'/');
    let below = u64::from(below) | (n as u64) << 32 | u64::from(goes_on) << 40;
    (Piece { low, high, below }, n)
}

/// A method as a number; `None` for one that is longer than those in use.
fn word_of(method: &[u8]) -> Option<u64> {
    (method.len() < 8).then(|| words(method).0 | (method.len() as u64) << 56)
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
