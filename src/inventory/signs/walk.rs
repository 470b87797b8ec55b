//! Which client asked for how many different paths of one template.
//!
//! Distinct sampling (Gibbons, VLDB 2001): each path has a number by its hash, and once more visits are kept than fit, only paths of
//! every second, fourth, eighth number stay. So the same paths are kept whatever order they came in, and of a client that walks
//! many ids enough are left to tell.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::{At, Place, SAMPLES, Spot, cut, sample};
use crate::inventory::log::Line;
use crate::inventory::template::Asked;

/// Visits kept: one for each client, template and path.
const MOST: usize = 16_384;
/// Paths of one template that one client has to ask for before that is remarkable.
pub(in crate::inventory) const LEAST: u64 = 100;
/// Of these so many must have been kept.
const LEAST_KEPT: usize = 8;
/// Paths that are many by themselves, however they were answered, when nobody else comes near.
const MANY: u64 = 1_000;
/// How many other clients tell what is usual, and how often that is outdone.
const OTHERS: usize = 5;
const TIMES: u64 = 10;

/// One client's way to one path.
#[derive(Debug, Clone)]
struct Visit {
    held: Held,
    /// Client, method and path one after the other, then what [`Held`] leaves out, and where the last three begin: one piece of
    /// memory and not four, since in a log of many clients most lines make a visit.
    said: Box<[u8]>,
    ends: (u16, u16, u16),
    /// The number of the path.
    number: u64,
    /// The least status it was answered with.
    status: u16,
    /// Only refused, or not there.
    missed: bool,
}

/// A place without its method or its key.
#[derive(Debug, Clone, Copy)]
enum Held {
    Declared(u32),
    Other(u32),
    Unknown,
}

/// The visits kept.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Walks {
    visits: HashMap<u64, Visit>,
    /// Only paths whose number begins with so many zero bits are kept.
    level: u32,
}

/// A client that walked many ids of one template.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::inventory) struct Walk {
    pub client: Box<[u8]>,
    pub spot: Spot,
    /// Different paths, counted or, where not all were kept, about.
    pub paths: u64,
    pub exact: bool,
    /// The ids are numbers, and most of those between the least and the greatest.
    pub in_sequence: bool,
    /// Of hundred paths, how many were refused or not there.
    pub missed: u64,
    pub samples: Vec<String>,
}

impl Visit {
    fn new(place: Place<'_>, client: &[u8], asked: &Asked<'_>, number: u64, status: u16) -> Self {
        let (held, key): (_, &[u8]) = match place {
            Place::Declared(n) => (Held::Declared(n), &[]),
            Place::Other(n, method) => (Held::Other(n), method),
            Place::Unknown(key) => (Held::Unknown, key),
        };
        let parts = [cut(client), cut(asked.method), cut(asked.path), key];
        let end = |parts: &[&[u8]]| u16::try_from(parts.iter().map(|p| p.len()).sum::<usize>()).unwrap_or(u16::MAX);
        let ends = (end(&parts[..1]), end(&parts[..2]), end(&parts[..3]));
        Self { held, said: parts.concat().into(), ends, number, status, missed: is_missed(status) }
    }

    fn client(&self) -> &[u8] {
        &self.said[..usize::from(self.ends.0)]
    }

    fn method(&self) -> &[u8] {
        &self.said[usize::from(self.ends.0)..usize::from(self.ends.1)]
    }

    fn path(&self) -> &[u8] {
        &self.said[usize::from(self.ends.1)..usize::from(self.ends.2)]
    }

    fn spot(&self) -> Spot {
        let key = Box::from(&self.said[usize::from(self.ends.2)..]);
        match self.held {
            Held::Declared(n) => Spot::Declared(n),
            Held::Other(n) => Spot::Other(n, key),
            Held::Unknown => Spot::Unknown(key),
        }
    }
}

fn is_missed(status: u16) -> bool {
    matches!(status, 401 | 403 | 404)
}

impl Walks {
    pub fn note(&mut self, place: Place<'_>, line: &Line<'_>, asked: &Asked<'_>) {
        let Some(client) = line.client.filter(|_| !line.templated && line.status > 0) else { return };
        let number = mix(0, asked.path);
        if number.leading_zeros() < self.level {
            return;
        }
        let key = match place {
            Place::Declared(n) => mix(u64::from(n) + 1, client),
            Place::Other(n, method) => mix(mix(u64::from(n) + 1, method), client),
            Place::Unknown(template) => mix(mix(0, template), client),
        };
        let new = || Visit::new(place, client, asked, number, line.status);
        let visit = self.visits.entry(mix(key, &number.to_le_bytes())).or_insert_with(new);
        visit.missed &= is_missed(line.status);
        visit.status = visit.status.min(line.status);
        self.thin();
    }

    fn thin(&mut self) {
        while self.visits.len() > MOST && self.level < 63 {
            self.level += 1;
            let level = self.level;
            self.visits.retain(|_, v| v.number.leading_zeros() >= level);
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.level = self.level.max(other.level);
        let level = self.level;
        self.visits.retain(|_, v| v.number.leading_zeros() >= level);
        for (key, visit) in other.visits.into_iter().filter(|(_, v)| v.number.leading_zeros() >= level) {
            let mine = self.visits.entry(key).or_insert_with(|| visit.clone());
            mine.missed &= visit.missed;
            mine.status = mine.status.min(visit.status);
        }
        self.thin();
    }

    /// The walks that are remarkable: ids in sequence, ids of which most are refused or missing, or far more of them than anybody
    /// else asks for.
    pub fn found(&self, at: At<'_>) -> Vec<Walk> {
        let mut by_spot: BTreeMap<Spot, BTreeMap<&[u8], Vec<&Visit>>> = BTreeMap::new();
        for visit in self.visits.values() {
            by_spot.entry(at(&visit.spot())).or_default().entry(visit.client()).or_default().push(visit);
        }
        let mut found = Vec::new();
        for (spot, clients) in by_spot {
            let mut usual: Vec<u64> = clients.values().map(|v| (v.len() as u64) << self.level).collect();
            usual.sort_unstable();
            for (client, mut visits) in clients {
                let paths = (visits.len() as u64) << self.level;
                if paths < LEAST || visits.len() < LEAST_KEPT {
                    continue;
                }
                visits.sort_by(|a, b| (a.path().len(), a.path()).cmp(&(b.path().len(), b.path())));
                let in_sequence = in_sequence(&visits, paths);
                let missed = visits.iter().filter(|v| v.missed).count() as u64 * 100 / visits.len() as u64;
                let median = usual[(usual.len() - 1) / 2];
                let alone = paths >= MANY && usual.len() > OTHERS && paths >= median * TIMES;
                if in_sequence || missed >= 50 || alone {
                    let samples = visits.iter().take(SAMPLES).map(|v| sample(v.method(), v.path(), v.status)).collect();
                    let exact = self.level == 0;
                    found.push(Walk {
                        client: Box::from(client),
                        spot: spot.clone(),
                        paths,
                        exact,
                        in_sequence,
                        missed,
                        samples,
                    });
                }
            }
        }
        found
    }
}

/// True when the paths differ in a segment that is a number, another one in nearly each, and hold at least half of all between.
fn in_sequence(visits: &[&Visit], paths: u64) -> bool {
    let (Some(first), Some(last)) = (visits.first(), visits.last()) else { return false };
    let parts = |v: &Visit| v.path().split(|b| *b == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (a, b) = (parts(first), parts(last));
    let Some(at) = a.iter().zip(&b).position(|(a, b)| a != b) else { return false };
    let number = |v: &&Visit| std::str::from_utf8(v.path().split(|b| *b == b'/').nth(at)?).ok()?.parse::<u64>().ok();
    let mut numbers: Vec<u64> = visits.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let (Some(low), Some(high)) = (numbers.first(), numbers.last()) else { return false };
    // Where a sample is left, the ends of the walk are most often not in it; that only makes the span shorter.
    numbers.len() * 10 >= visits.len() * 8 && (high - low) / 2 < paths
}

/// A number that any bytes are mixed into, eight at a time. It is no defence against who makes them collide, and need not be: that
/// only makes a walk look shorter.
fn mix(seed: u64, bytes: &[u8]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = seed ^ (bytes.len() as u64).wrapping_mul(ODD);
    let step = |h: u64, word: [u8; 8]| (h.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(ODD);
    let (chunks, rest) = bytes.as_chunks::<8>();
    for chunk in chunks {
        h = step(h, *chunk);
    }
    if !rest.is_empty() {
        // The last eight bytes once more in part, which is quicker than byte by byte.
        let mut word = [0; 8];
        match bytes.last_chunk::<8>() {
            Some(last) => word = *last,
            None => word[..rest.len()].copy_from_slice(rest),
        }
        h = step(h, word);
    }
    h ^= h >> 32;
    h = h.wrapping_mul(0xd6e8_feb8_6659_fd93);
    h ^ h >> 29
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(walks: &mut Walks, client: &str, path: &str, status: u16) {
        let line = Line { status, client: Some(client.as_bytes()), ..Line::default() };
        let asked = Asked { method: b"GET", host: None, path: path.as_bytes(), query: b"" };
        walks.note(Place::Declared(0), &line, &asked);
    }

    #[test]
    fn a_walk_is_told_from_use() {
        let mut walks = Walks::default();
        for i in 0..150 {
            note(&mut walks, "walker", &format!("/orders/{}", 1000 + i), if i % 3 == 0 { 404 } else { 200 });
            note(&mut walks, "guesser", &format!("/orders/{}", i * 7919), if i % 4 == 0 { 200 } else { 403 });
            // As many, far apart, and answered.
            note(&mut walks, "job", &format!("/orders/{}", i * 104_729), 200);
            note(&mut walks, "monitor", "/orders/1", 200);
        }
        for i in 0..60 {
            note(&mut walks, "customer", &format!("/orders/{}", 1000 + i), 200);
        }
        let found: Vec<_> = walks
            .found(&Spot::clone)
            .into_iter()
            .map(|w| (String::from_utf8_lossy(&w.client).into_owned(), w.paths, w.exact, w.in_sequence, w.missed))
            .collect();
        assert_eq!(found, [("guesser".to_owned(), 150, true, false, 74), ("walker".to_owned(), 150, true, true, 33)]);
        assert_eq!(
            walks.found(&Spot::clone)[1].samples,
            ["GET /orders/1000 404", "GET /orders/1001 200", "GET /orders/1002 200"]
        );
    }

    #[test]
    fn a_map_that_is_looked_at_is_no_walk() {
        let mut walks = Walks::default();
        for (x, y) in (0..20).flat_map(|x| (0..20).map(move |y| (x, y))) {
            note(&mut walks, "map", &format!("/tiles/7/{x}/{y}.png"), 200);
        }
        assert_eq!(walks.found(&Spot::clone), []);
    }

    #[test]
    fn far_more_than_anybody_else() {
        let mut walks = Walks::default();
        for i in 0..1_200u64 {
            note(&mut walks, "much", &format!("/orders/{}", i * 104_729), 200);
        }
        assert!(walks.found(&Spot::clone).is_empty(), "nobody to compare with");
        for c in 0..6 {
            for i in 0..20 {
                note(&mut walks, &format!("c{c}"), &format!("/orders/{}", i * 31_337), 200);
            }
        }
        assert_eq!(walks.found(&Spot::clone).len(), 1);
    }

    #[test]
    fn order_makes_no_difference_and_memory_is_bounded() {
        let all: Vec<(String, String)> = (0..60_000)
            .map(|i| (format!("10.0.{}.{}", i / 250 % 250, i % 250), format!("/orders/{i}")))
            .chain((0..20_000).map(|i| ("walker".to_owned(), format!("/orders/{i}"))))
            .collect();
        let mut forward = Walks::default();
        let mut back = Walks::default();
        let (mut one, mut two) = (Walks::default(), Walks::default());
        for (i, (client, path)) in all.iter().enumerate() {
            note(&mut forward, client, path, 200);
            note(if i % 3 == 0 { &mut one } else { &mut two }, client, path, 200);
        }
        for (client, path) in all.iter().rev() {
            note(&mut back, client, path, 200);
        }
        one.merge(two);
        assert!(forward.visits.len() <= MOST);
        assert_eq!(forward.found(&Spot::clone), back.found(&Spot::clone));
        assert_eq!(forward.found(&Spot::clone), one.found(&Spot::clone));
        let found = forward.found(&Spot::clone);
        assert_eq!(found.len(), 1);
        assert!((15_000..25_000).contains(&found[0].paths) && !found[0].exact && found[0].in_sequence);
    }
}
