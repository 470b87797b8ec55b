//! Where words lead in a tree of segments: one table for all of its places, since every segment of every path is looked up.
//!
//! A word is looked up as it stands in its path, sixteen bytes at a time, with no need to find its end first. The table is as
//! plain as one can be: a piece stands in the slot that its number says or in the next that was free.

use std::hash::BuildHasher as _;

use hashbrown::DefaultHashBuilder;

use super::near::{first, words};

/// Bytes of a word that are looked up at once.
const PIECE: usize = 16;
/// Where a slot leads in which no piece stands.
const FREE: u32 = u32::MAX;

/// Up to 16 bytes of a word below a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Piece {
    low: u64,
    high: u64,
    /// The place, how many bytes, and whether the word goes on.
    below: u64,
}

/// The table.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    /// A power of two of them, of which at most half are taken.
    slots: Vec<(Piece, u32)>,
    taken: usize,
    /// Nobody outside knows where a piece will stand.
    seeds: (u64, u64),
}

impl Default for Pieces {
    fn default() -> Self {
        let state = DefaultHashBuilder::default();
        Self { slots: vec![(Piece::default(), FREE); 16], taken: 0, seeds: (state.hash_one(0), state.hash_one(1)) }
    }
}

impl Pieces {
    /// Where a path leads from a place when its first segment is a word that is known, and what follows that. The path
    /// begins with no slash.
    #[expect(clippy::inline_always, reason = "most of a look-up is what a call would cost")]
    #[inline(always)]
    pub fn follow<'a>(&self, place: u32, path: &'a [u8]) -> Option<(u32, &'a [u8])> {
        let (mut at, mut rest) = (place, path);
        loop {
            let (piece, n) = piece(at, rest);
            at = self.get(&piece)?;
            rest = &rest[n..];
            if matches!(rest.first(), None | Some(b'/')) {
                return Some((at, rest));
            }
        }
    }

    /// Where a word leads from a place; what it needs and is not there is made by `place`.
    pub fn make(&mut self, at: u32, word: &[u8], mut place: impl FnMut() -> u32) -> u32 {
        let (mut at, mut rest) = (at, word);
        while !rest.is_empty() {
            let (piece, n) = piece(at, rest);
            rest = &rest[n..];
            at = match self.get(&piece) {
                Some(to) => to,
                None => self.insert(piece, place()),
            };
        }
        at
    }

    /// The slot in which a piece stands, if it is free.
    #[inline]
    fn slot(&self, piece: &Piece) -> usize {
        let (low, high) = (piece.low ^ self.seeds.0, piece.high ^ piece.below.rotate_left(17) ^ self.seeds.1);
        let product = u128::from(low) * u128::from(high);
        #[expect(clippy::cast_possible_truncation, reason = "all bits of both halves are mixed already")]
        let number = (product as u64 ^ (product >> 64) as u64) as usize;
        number & (self.slots.len() - 1)
    }

    #[inline]
    fn get(&self, piece: &Piece) -> Option<u32> {
        let mut at = self.slot(piece);
        loop {
            let (other, to) = self.slots.get(at)?;
            if *to == FREE {
                return None;
            }
            if other == piece {
                return Some(*to);
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    fn insert(&mut self, piece: Piece, to: u32) -> u32 {
        self.taken += 1;
        if self.taken * 2 > self.slots.len() {
            let more = vec![(Piece::default(), FREE); self.slots.len() * 2];
            for (piece, to) in std::mem::replace(&mut self.slots, more).into_iter().filter(|s| s.1 != FREE) {
                self.enter(piece, to);
            }
        }
        self.enter(piece, to);
        to
    }

    fn enter(&mut self, piece: Piece, to: u32) {
        let mut at = self.slot(&piece);
        while self.slots[at].1 != FREE {
            at = (at + 1) & (self.slots.len() - 1);
        }
        self.slots[at] = (piece, to);
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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_word_leads_where_it_led_and_no_other_does(
            words in proptest::collection::vec((0u32..3, "[a-c]{1,4}|payment_method_c[a-b]{0,3}|[a-b\0]{1,40}"), 0..60),
            asked in proptest::collection::vec((0u32..3, "[a-c]{1,4}|payment_method_c[a-b]{0,3}|[a-b\0]{1,40}"), 0..20),
            after in "(/[a-c]{0,20})?",
        ) {
            let mut pieces = Pieces::default();
            let mut known: HashMap<(u32, &str), u32> = HashMap::new();
            let mut next = 3;
            for (at, word) in &words {
                let to = pieces.make(*at, word.as_bytes(), || { next += 1; next });
                prop_assert_eq!(*known.entry((*at, word)).or_insert(to), to);
            }
            for (at, word) in words.iter().chain(&asked) {
                let path = format!("{word}{after}");
                let found = pieces.follow(*at, path.as_bytes());
                prop_assert_eq!(found, known.get(&(*at, word.as_str())).map(|to| (*to, after.as_bytes())));
            }
        }
    }
}
