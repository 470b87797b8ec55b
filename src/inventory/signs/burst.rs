//! Which client was refused at a login how often within a minute.

use std::collections::{BTreeMap, HashMap};

use super::{At, Place, SAMPLES, Spot, cut, sample};
use crate::base::Stamp;
use crate::inventory::log::Line;
use crate::inventory::template::Asked;

/// Refusals within one window that are no mistyping.
const REFUSALS: u64 = 10;
/// The window, in seconds.
pub(in crate::inventory) const WINDOW: i64 = 60;
/// Seconds kept, of all clients together.
const MOST: usize = 20_000;

/// The refusals of one client at one login, by second.
#[derive(Debug, Default)]
struct Refused {
    at: BTreeMap<(i64, u16), u64>,
    method: Box<[u8]>,
    path: Box<[u8]>,
}

/// Refusals kept.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Bursts {
    clients: HashMap<(Box<[u8]>, Spot), Refused>,
    seconds: usize,
}

/// A burst of refusals.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::inventory) struct Burst {
    pub client: Box<[u8]>,
    pub spot: Spot,
    /// Refusals within the worst minute.
    pub worst: u64,
    /// All of them.
    pub all: u64,
    pub samples: Vec<String>,
}

impl Bursts {
    /// Takes in a refusal at a login. Only what sends a credential counts: a page that asks who is logged in is refused often.
    pub fn note(&mut self, place: Place<'_>, line: &Line<'_>, asked: &Asked<'_>) {
        let (Some(client), Some(time), b"POST" | b"PUT") = (line.client, line.time, asked.method) else { return };
        let refused = self.clients.entry((cut(client).into(), place.into())).or_insert_with(|| Refused {
            method: cut(asked.method).into(),
            path: cut(asked.path).into(),
            ..Refused::default()
        });
        let count = refused.at.entry((time, line.status)).or_insert_with(|| {
            self.seconds += 1;
            0
        });
        *count += 1;
        self.thin();
    }

    /// Above the bound, those who were refused least are let go, until there is room again for as many.
    fn thin(&mut self) {
        let mut least = if self.seconds > MOST { 2 } else { return };
        while self.seconds > MOST / 2 {
            self.clients.retain(|_, r| r.at.values().sum::<u64>() >= least);
            // Of one client alone the first seconds stay.
            for refused in self.clients.values_mut() {
                while refused.at.len() > MOST / 8 {
                    refused.at.pop_last();
                }
            }
            self.seconds = self.clients.values().map(|r| r.at.len()).sum();
            least *= 2;
        }
    }

    pub fn merge(&mut self, other: Self) {
        for (key, refused) in other.clients {
            let mine = self.clients.entry(key).or_default();
            if mine.at.is_empty() {
                (mine.method, mine.path) = (refused.method, refused.path);
            }
            for (second, n) in refused.at {
                *mine.at.entry(second).or_default() += n;
            }
        }
        self.seconds = self.clients.values().map(|r| r.at.len()).sum();
        self.thin();
    }

    /// Those with a burst, worst first.
    pub fn found(&self, at: At<'_>) -> Vec<Burst> {
        let mut found: Vec<Burst> = self.clients.iter().filter_map(|((c, spot), r)| r.burst(c, at(spot))).collect();
        found.sort_by(|a, b| b.worst.cmp(&a.worst).then_with(|| (&a.client, &a.spot).cmp(&(&b.client, &b.spot))));
        found
    }
}

impl Refused {
    fn burst(&self, client: &[u8], spot: Spot) -> Option<Burst> {
        let all: Vec<((i64, u16), u64)> = self.at.iter().map(|(k, n)| (*k, *n)).collect();
        let (mut first, mut within) = (0, 0);
        // The most within a window, and where that begins.
        let (mut worst, mut from) = (0, 0);
        for ((time, _), n) in &all {
            within += n;
            while all[first].0.0 <= time.saturating_sub(WINDOW) {
                within -= all[first].1;
                first += 1;
            }
            if within > worst {
                (worst, from) = (within, first);
            }
        }
        let line = |((time, status), _): &((i64, u16), u64)| {
            let time = Stamp::from_unix(*time).map(|t| t.to_string()).unwrap_or_default();
            format!("{time} {}", sample(&self.method, &self.path, *status))
        };
        (worst >= REFUSALS).then(|| Burst {
            client: Box::from(client),
            spot,
            worst,
            all: all.iter().map(|(_, n)| n).sum(),
            samples: all[from..].iter().take(SAMPLES).map(line).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(bursts: &mut Bursts, client: &str, time: i64, status: u16) {
        let line = Line { status, time: Some(time), client: Some(client.as_bytes()), ..Line::default() };
        let asked = Asked { method: b"POST", host: None, path: b"/login", query: b"password=zzz" };
        bursts.note(Place::Declared(0), &line, &asked);
    }

    #[test]
    fn a_burst_is_told_from_mistyping() {
        let mut times: Vec<i64> = (0..12).map(|i| 1_000 + i * 5).collect();
        times.extend([9_000, 9_001]);
        let mut found = Vec::new();
        for back in [false, true] {
            let mut bursts = Bursts::default();
            let order: Vec<i64> = if back { times.iter().rev().copied().collect() } else { times.clone() };
            for t in order {
                note(&mut bursts, "192.0.2.7", t, 401);
            }
            // Nine in a minute, then one an hour.
            for i in 0..9 {
                note(&mut bursts, "192.0.2.8", i, 401);
                note(&mut bursts, "192.0.2.8", i * 3_600, 403);
            }
            found.push(bursts.found(&Spot::clone));
        }
        assert_eq!(found[0], found[1]);
        let all = &found[0];
        assert_eq!((all.len(), all[0].worst, all[0].all), (2, 12, 14));
        assert_eq!(all[0].samples[0], "1970-01-01T00:16:40Z POST /login 401");
        assert_eq!((&*all[1].client, all[1].worst), (&b"192.0.2.8"[..], 10));
    }

    #[test]
    fn five_hundred_thousand_clients_take_a_bounded_place() {
        let mut bursts = Bursts::default();
        for i in 0..500_000i64 {
            note(&mut bursts, &format!("c{i}"), i / 100, 401);
            if i % 1_000 == 0 {
                for _ in 0..3 {
                    note(&mut bursts, "attacker", i / 100, 401);
                }
            }
        }
        assert!(bursts.seconds <= MOST && bursts.clients.len() <= MOST);
        assert_eq!(bursts.found(&Spot::clone).len(), 1);
    }
}
