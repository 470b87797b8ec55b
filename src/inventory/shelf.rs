//! Counts by key in bounded room, the same whatever the order in which lines come and however they are shared out.

use std::hash::{BuildHasher as _, DefaultHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use super::traffic::Tally;

/// Keys and what was counted of them.
///
/// Once more than `cap` distinct keys came, only those are kept whose hash ends in a zero bit, then in two, and so on. What
/// is kept therefore depends on which keys there are and on nothing else, and what is kept was counted from its first line
/// on.
#[derive(Debug)]
pub(super) struct Shelf {
    kept: Vec<(Box<[u8]>, Tally)>,
    /// Where in it each key stands.
    index: HashTable<u32>,
    state: DefaultHashBuilder,
    cap: usize,
    /// Zero bits that the hash of a kept key ends in.
    level: u32,
}

impl Shelf {
    pub fn new(cap: usize) -> Self {
        Self { kept: Vec::new(), index: HashTable::new(), state: DefaultHashBuilder::default(), cap, level: 0 }
    }

    /// True once a key had to go.
    pub fn is_over(&self) -> bool {
        self.level > 0
    }

    /// Zero bits that the hash of a kept key ends in; while it stays the same no key moves.
    pub fn level(&self) -> u32 {
        self.level
    }

    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// How many distinct keys came: exact while none had to go, else an estimate from the share that was kept.
    pub fn distinct(&self) -> u64 {
        (self.kept.len() as u64) << self.level.min(32)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &Tally)> {
        self.kept.iter().map(|(k, t)| (&**k, t))
    }

    pub fn get(&self, key: &[u8]) -> Option<&Tally> {
        Some(&self.kept.get(self.find(key)? as usize)?.1)
    }

    /// The key and the counts at a place that [`Shelf::place`] gave.
    pub fn at(&mut self, place: u32) -> Option<(&[u8], &mut Tally)> {
        let (key, tally) = self.kept.get_mut(place as usize)?;
        Some((key, tally))
    }

    /// The counts of a key; `None` when it is one of those that are not kept. What has to go for it is given to `out`.
    pub fn tally(&mut self, key: &[u8], out: impl FnMut(Box<[u8]>, Tally)) -> Option<&mut Tally> {
        let place = self.place(key, out)?;
        Some(&mut self.kept.get_mut(place as usize)?.1)
    }

    /// Where the counts of a key stand, as [`Shelf::tally`] gives them.
    pub fn place(&mut self, key: &[u8], out: impl FnMut(Box<[u8]>, Tally)) -> Option<u32> {
        if let Some(place) = self.find(key) {
            return Some(place);
        }
        if !keeps(self.level, key) {
            return None;
        }
        let place = u32::try_from(self.kept.len()).ok()?;
        self.kept.push((Box::from(key), Tally::default()));
        self.enter(place);
        if self.kept.len() <= self.cap {
            return Some(place);
        }
        self.thin(self.level, out);
        self.find(key)
    }

    /// Puts another shelf into this one.
    pub fn merge(&mut self, other: Self, mut out: impl FnMut(Box<[u8]>, Tally)) {
        self.thin(self.level.max(other.level), &mut out);
        for (key, tally) in other.kept {
            match self.tally(&key, &mut out) {
                Some(mine) => mine.merge(&tally),
                None => out(key, tally),
            }
        }
    }

    fn find(&self, key: &[u8]) -> Option<u32> {
        let is = |place: &u32| self.kept.get(*place as usize).is_some_and(|(k, _)| **k == *key);
        self.index.find(self.state.hash_one(key), is).copied()
    }

    fn enter(&mut self, place: u32) {
        let (kept, state) = (&self.kept, &self.state);
        let hash = |place: &u32| kept.get(*place as usize).map_or(0, |(k, _)| state.hash_one(&**k));
        self.index.insert_unique(hash(&place), place, hash);
    }

    /// Lets keys go until there is room.
    fn thin(&mut self, level: u32, mut out: impl FnMut(Box<[u8]>, Tally)) {
        let mut level = level.max(self.level);
        if level == self.level && self.kept.len() <= self.cap {
            return;
        }
        loop {
            self.level = level;
            for (key, tally) in self.kept.extract_if(.., |(key, _)| !keeps(level, key)) {
                out(key, tally);
            }
            if self.kept.len() <= self.cap || level >= 64 {
                break;
            }
            level += 1;
        }
        self.index.clear();
        for place in 0..self.kept.len() {
            self.enter(u32::try_from(place).unwrap_or(u32::MAX));
        }
    }
}

fn keeps(level: u32, key: &[u8]) -> bool {
    level == 0 || zeros(key) >= level
}

/// Zero bits at the end of a hash that is the same in every run.
fn zeros(key: &[u8]) -> u32 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key);
    hasher.finish().trailing_zeros()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Counts each key once for each time it is named; what had to go is summed.
    fn run(keys: &[u16], cap: usize) -> (Shelf, u64) {
        let mut shelf = Shelf::new(cap);
        let mut gone = 0;
        for key in keys {
            match shelf.tally(&key.to_be_bytes(), |_, t| gone += t.requests) {
                Some(tally) => tally.requests += 1,
                None => gone += 1,
            }
        }
        (shelf, gone)
    }

    fn list(shelf: &Shelf) -> Vec<(Vec<u8>, u64)> {
        let mut all: Vec<_> = shelf.iter().map(|(k, t)| (k.to_vec(), t.requests)).collect();
        all.sort();
        all
    }

    #[test]
    fn all_is_exact_until_it_is_full() {
        let keys: Vec<u16> = (0..100).chain(0..50).collect();
        let (shelf, gone) = run(&keys, 100);
        assert_eq!((shelf.len(), shelf.distinct(), gone, shelf.is_over()), (100, 100, 0, false));
        let (shelf, gone) = run(&keys, 99);
        assert!(shelf.is_over() && shelf.len() < 99 && gone > 0);
        assert!((50..200).contains(&shelf.distinct()), "{}", shelf.distinct());
    }

    proptest! {
        #[test]
        fn order_and_shares_make_no_difference(
            mut keys in proptest::collection::vec(0u16..400, 0..600), cap in 1usize..200, cut in 0usize..600, turn in 0usize..600,
        ) {
            let (whole, gone) = run(&keys, cap);
            prop_assert!(whole.len() <= cap);
            let kept: u64 = whole.iter().map(|(_, t)| t.requests).sum();
            prop_assert_eq!(kept + gone, keys.len() as u64);
            let (a, b) = keys.split_at(cut.min(keys.len()));
            let ((mut first, gone_a), (second, gone_b)) = (run(a, cap), run(b, cap));
            let mut more = 0;
            first.merge(second, |_, t| more += t.requests);
            prop_assert_eq!((list(&first), gone_a + gone_b + more), (list(&whole), gone));
            let at = turn.min(keys.len());
            keys.rotate_left(at);
            keys.reverse();
            let (turned, gone_turned) = run(&keys, cap);
            prop_assert_eq!((list(&turned), gone_turned), (list(&whole), gone));
        }
    }
}
