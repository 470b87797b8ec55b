//! Which hosts served what is declared.

use std::collections::{BTreeMap, BTreeSet};

use super::SAMPLES;

/// Hosts kept; clients choose what they write there.
const MOST: usize = 1_000;

/// One host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::inventory) struct Served {
    /// Requests to declared endpoints that were answered with 2xx.
    pub requests: u64,
    /// The first of these endpoints, by number.
    pub endpoints: BTreeSet<u32>,
}

/// Hosts by name, in lower case.
#[derive(Debug, Default)]
pub(in crate::inventory) struct Hosts {
    by_name: BTreeMap<Box<[u8]>, Served>,
    /// The last one, since it is most often the next one too.
    last: Box<[u8]>,
    pending: Served,
}

impl Hosts {
    /// Takes in a request to a declared endpoint that was answered.
    pub fn note(&mut self, endpoint: u32, host: &[u8]) {
        if !self.last.eq_ignore_ascii_case(host) {
            self.settle();
            self.last = Box::from(host[..host.len().min(255)].to_ascii_lowercase());
        }
        self.pending.note(1, endpoint);
    }

    fn settle(&mut self) {
        let served = std::mem::take(&mut self.pending);
        let name = std::mem::take(&mut self.last);
        if served.requests > 0 {
            add(&mut self.by_name, name, &served);
        }
    }

    pub fn merge(&mut self, mut other: Self) {
        other.settle();
        for (name, served) in other.by_name {
            add(&mut self.by_name, name, &served);
        }
    }

    /// Every host with what it served.
    pub fn all(&self) -> BTreeMap<Box<[u8]>, Served> {
        let mut all = self.by_name.clone();
        if self.pending.requests > 0 {
            add(&mut all, self.last.clone(), &self.pending);
        }
        all
    }
}

fn add(all: &mut BTreeMap<Box<[u8]>, Served>, name: Box<[u8]>, served: &Served) {
    if all.len() >= MOST && !all.contains_key(&name) {
        return;
    }
    let mine = all.entry(name).or_default();
    mine.requests += served.requests;
    for endpoint in &served.endpoints {
        mine.note(0, *endpoint);
    }
}

impl Served {
    fn note(&mut self, requests: u64, endpoint: u32) {
        self.requests += requests;
        if self.endpoints.len() < SAMPLES || self.endpoints.last().is_some_and(|last| endpoint < *last) {
            self.endpoints.insert(endpoint);
            if self.endpoints.len() > SAMPLES {
                self.endpoints.pop_last();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_counted_in_any_order_and_case() {
        let mut hosts = Hosts::default();
        for (host, endpoint) in [("a.test", 5), ("A.test", 1), ("b.test", 2), ("a.test", 3), ("a.test", 4)] {
            hosts.note(endpoint, host.as_bytes());
        }
        let all = hosts.all();
        let a = &all[&b"a.test"[..]];
        assert_eq!((a.requests, a.endpoints.iter().copied().collect::<Vec<_>>()), (4, vec![1, 3, 4]));
        let mut other = Hosts::default();
        other.merge(hosts);
        assert_eq!(other.all(), all);
    }

    #[test]
    fn names_are_bounded() {
        let mut hosts = Hosts::default();
        for i in 0..MOST * 2 {
            hosts.note(0, format!("h{i}").as_bytes());
        }
        assert!(hosts.all().len() <= MOST);
    }
}
