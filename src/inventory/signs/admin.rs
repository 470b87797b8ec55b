//! Who was answered on admin routes, and since when.

use std::collections::{BTreeSet, HashMap};

use super::{At, Place, SAMPLES, Spot, cut, sample};
use crate::base::Stamp;
use crate::inventory::log::Line;
use crate::inventory::template::Asked;

/// Clients kept; with more of them nobody is remarkable for being new.
const MOST: usize = 2_000;
/// The least time, in seconds, from which it can be told who is usual.
const LEAST_SPAN: i64 = 3_600;
/// Requests that those who are usual must have made.
const LEAST_USUAL: u64 = 10;

/// One client.
#[derive(Debug, Default)]
struct Seen {
    first: i64,
    requests: u64,
    spots: BTreeSet<Spot>,
    samples: BTreeSet<(i64, String)>,
}

/// Clients that were answered on admin routes.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Admins {
    clients: HashMap<Box<[u8]>, Seen>,
    span: Option<(i64, i64)>,
    full: bool,
}

/// A client that came late to admin routes.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::inventory) struct Newcomer {
    pub client: Box<[u8]>,
    /// The first of its routes.
    pub spot: Option<Spot>,
    pub requests: u64,
    pub first: i64,
    /// How many others there were before.
    pub usual: usize,
    pub samples: Vec<String>,
}

impl Admins {
    /// Takes in a request that was answered.
    pub fn note(&mut self, place: Place<'_>, line: &Line<'_>, asked: &Asked<'_>) {
        let (Some(client), Some(time)) = (line.client, line.time) else { return };
        let (from, to) = self.span.unwrap_or((time, time));
        self.span = Some((from.min(time), to.max(time)));
        if self.clients.len() >= MOST && !self.clients.contains_key(client) {
            self.full = true;
            return;
        }
        let seen = self.clients.entry(cut(client).into()).or_insert_with(|| Seen { first: time, ..Seen::default() });
        seen.first = seen.first.min(time);
        seen.requests += 1;
        // Of few requests: those of who comes late are the ones that are shown.
        if seen.samples.len() < SAMPLES || seen.samples.last().is_some_and(|(last, _)| time <= *last) {
            seen.samples.insert((time, sample(asked.method, asked.path, line.status)));
            if seen.samples.len() > SAMPLES {
                seen.samples.pop_last();
            }
            seen.spots.insert(place.into());
            if seen.spots.len() > SAMPLES {
                seen.spots.pop_last();
            }
        }
    }

    pub fn merge(&mut self, other: Self) {
        self.full |= other.full;
        self.span = match (self.span, other.span) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (mine, theirs) => mine.or(theirs),
        };
        for (client, theirs) in other.clients {
            let mine = self.clients.entry(client).or_insert_with(|| Seen { first: theirs.first, ..Seen::default() });
            mine.first = mine.first.min(theirs.first);
            mine.requests += theirs.requests;
            mine.samples.extend(theirs.samples);
            mine.spots.extend(theirs.spots);
            while mine.samples.len() > SAMPLES {
                mine.samples.pop_last();
            }
            while mine.spots.len() > SAMPLES {
                mine.spots.pop_last();
            }
        }
        self.full |= self.clients.len() > MOST;
    }

    /// Those who came in the second half of the time, when others did all the work in the first; at most as many as those.
    pub fn found(&self, at: At<'_>) -> Vec<Newcomer> {
        let Some((from, to)) = self.span.filter(|(from, to)| !self.full && to - from >= LEAST_SPAN) else {
            return Vec::new();
        };
        let middle = from + (to - from) / 2;
        let usual = self.clients.values().filter(|s| s.first < middle);
        let (usual, requests) = usual.fold((0, 0), |(n, sum), s| (n + 1, sum + s.requests));
        let mut found: Vec<Newcomer> = self
            .clients
            .iter()
            .filter(|(_, s)| s.first >= middle)
            .map(|(client, s)| Newcomer {
                client: client.clone(),
                spot: s.spots.first().map(at),
                requests: s.requests,
                first: s.first,
                usual,
                samples: s
                    .samples
                    .iter()
                    .map(|(t, line)| {
                        format!("{} {line}", Stamp::from_unix(*t).map(|t| t.to_string()).unwrap_or_default())
                    })
                    .collect(),
            })
            .collect();
        // Where many come and go, being new says nothing.
        if found.len() > usual || requests < LEAST_USUAL {
            return Vec::new();
        }
        found.sort_by(|a, b| a.client.cmp(&b.client));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admins(requests: &[(&str, i64)]) -> Vec<Newcomer> {
        let mut admins = Admins::default();
        for (client, time) in requests {
            let line = Line { status: 200, time: Some(*time), client: Some(client.as_bytes()), ..Line::default() };
            let asked = Asked { method: b"GET", host: None, path: b"/admin/users", query: b"" };
            admins.note(Place::Declared(3), &line, &asked);
        }
        admins.found(&Spot::clone)
    }

    #[test]
    fn who_is_new_is_told_from_who_is_usual() {
        let mut day: Vec<(&str, i64)> = (0..24).map(|h| ("192.0.2.7", h * 3_600)).collect();
        assert!(admins(&day).is_empty());
        day.push(("203.0.113.9", 20 * 3_600));
        let found = admins(&day);
        assert_eq!((found.len(), &*found[0].client, found[0].usual), (1, &b"203.0.113.9"[..], 1));
        assert_eq!(found[0].samples, ["1970-01-01T20:00:00Z GET /admin/users 200"]);
        day.reverse();
        assert_eq!(admins(&day), found);
        // Two new ones beside one that is usual: here people come and go.
        day.push(("203.0.113.10", 21 * 3_600));
        assert!(admins(&day).is_empty());
        // Too short, or too little, to tell.
        assert!(admins(&[("a", 0), ("a", 10), ("b", 20)]).is_empty());
        assert!(admins(&[("a", 0), ("a", 10), ("b", 90_000)]).is_empty());
    }
}
