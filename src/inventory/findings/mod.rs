//! Findings: what the sources together show that a state does not say.

mod open;
mod prefix;
mod table;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

pub use table::{RULES, rule};

use super::model::{Endpoint, Found};
use super::signs::{At, Signs, Spot, WINDOW};
use super::spec::Document;
use super::traffic::Access;
use crate::base::figure::count;
use crate::base::secret::mask_tokens;
use crate::base::text::display_str;
use crate::base::{Stamp, Untrusted};

/// Findings of one kind that are listed.
const MOST: usize = 200;

/// An endpoint of the list, where it was counted, and who was let in.
#[derive(Debug)]
pub(super) struct Row {
    pub spot: Spot,
    pub endpoint: Endpoint,
    pub access: Access,
}

/// The rows with their places.
struct Rows<'r> {
    rows: &'r [Row],
    by_spot: HashMap<&'r Spot, usize>,
}

impl<'r> Rows<'r> {
    fn new(rows: &'r [Row]) -> Self {
        let by_spot = rows.iter().enumerate().map(|(i, r)| (&r.spot, i)).collect();
        Self { rows, by_spot }
    }

    /// The endpoint of a place; what was counted as noise has none.
    fn at(&self, spot: &Spot) -> Option<&'r Endpoint> {
        self.by_spot.get(spot).map(|i| &self.rows[*i].endpoint)
    }
}

/// Everything that is found, worst first. `at` says where what was counted at a place is counted now.
pub(super) fn judge(rows: &[Row], signs: &Signs, at: At<'_>, documents: &[Arc<Document>]) -> Vec<Found> {
    let rows = Rows::new(rows);
    let mut found = Vec::new();
    found.extend(prefix::found(rows.rows, documents));
    found.extend(hosts(&rows, signs, documents));
    found.extend(open::found(rows.rows));
    found.extend(exposures(&rows, signs, at));
    found.extend(bursts(&rows, signs, at));
    found.extend(walks(&rows, signs, at));
    found.extend(newcomers(&rows, signs, at));
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    found.retain(|f: &Found| {
        let n = kept.entry(f.rule.id).or_default();
        *n += 1;
        *n <= MOST
    });
    // The sort is stable: within one kind the order is its own.
    found.sort_by_key(|f| (std::cmp::Reverse(f.finding.severity), RULES.iter().position(|r| r.id == f.rule.id)));
    found
}

impl Found {
    /// What it is about, in one line in display form: `GET api.test/orders`, or a host or a prefix alone.
    pub fn place(&self) -> String {
        let method = self.method.as_deref().map(|m| format!("{} ", display_str(m))).unwrap_or_default();
        let path = self.path.as_ref().map(Untrusted::display).unwrap_or_default();
        format!("{method}{}{path}", self.host.as_deref().map(display_str).unwrap_or_default())
    }

    fn new(id: &str, detail: String) -> Self {
        // Every id is a row: a test holds the table to it.
        let rule = rule(id).unwrap_or(&RULES[0]);
        Self {
            rule,
            finding: rule.finding(detail),
            method: None,
            host: None,
            path: None,
            client: None,
            requests: 0,
            samples: Vec::new(),
        }
    }

    fn on(mut self, endpoint: &Endpoint) -> Self {
        self.method = Some(endpoint.method.clone());
        self.host.clone_from(&endpoint.host);
        self.path = Some(endpoint.path.clone());
        self
    }

    fn by(mut self, client: &[u8]) -> Self {
        self.client = Some(who(client));
        self
    }

    fn with(mut self, requests: u64, samples: impl IntoIterator<Item = String>) -> Self {
        self.requests = requests;
        self.samples = samples.into_iter().collect();
        self
    }
}

/// What a client is called; a principal may be a token, of which only the start is shown.
fn who(client: &[u8]) -> Untrusted {
    Untrusted::from(mask_tokens(client))
}

fn exposures(rows: &Rows<'_>, signs: &Signs, at: At<'_>) -> Vec<Found> {
    let all = signs.exposures.found(at).into_iter();
    all.filter_map(|((spot, what), shown)| {
        let endpoint = rows.at(&spot)?;
        let detail = format!("{} answered requests held {what}", count(shown.requests));
        Some(Found::new(table::URL, detail).on(endpoint).with(shown.requests, shown.samples))
    })
    .collect()
}

fn bursts(rows: &Rows<'_>, signs: &Signs, at: At<'_>) -> Vec<Found> {
    let all = signs.bursts.found(at).into_iter();
    all.filter_map(|b| {
        let endpoint = rows.at(&b.spot)?;
        let detail = format!(
            "{} was refused {} times within {WINDOW} seconds, and {} times in all",
            who(&b.client),
            count(b.worst),
            count(b.all)
        );
        Some(Found::new(table::BURST, detail).on(endpoint).by(&b.client).with(b.all, b.samples))
    })
    .collect()
}

fn walks(rows: &Rows<'_>, signs: &Signs, at: At<'_>) -> Vec<Found> {
    let all = signs.walks.found(at).into_iter();
    all.filter_map(|w| {
        let endpoint = rows.at(&w.spot)?;
        // Without an id in it there is nothing to walk: such paths differ in their spelling only.
        let path = endpoint.path.lossy();
        path.contains('{').then_some(())?;
        let about = if w.exact { "" } else { "about " };
        let how = if w.in_sequence { ", one after the other" } else { "" };
        let missed =
            if w.missed > 0 { format!("; {} % of them refused or not there", w.missed) } else { String::new() };
        let detail = format!("{} asked for {about}{} ids{how}{missed}", who(&w.client), count(w.paths));
        Some(Found::new(table::WALKED, detail).on(endpoint).by(&w.client).with(w.paths, w.samples))
    })
    .collect()
}

fn newcomers(rows: &Rows<'_>, signs: &Signs, at: At<'_>) -> Vec<Found> {
    let all = signs.admins.found(at).into_iter();
    all.filter_map(|n| {
        let endpoint = rows.at(n.spot.as_ref()?)?;
        let since = Stamp::from_unix(n.first).map(|t| t.to_string()).unwrap_or_default();
        let detail = format!(
            "{} was let in {} times since {since}; before that {} others were",
            who(&n.client),
            count(n.requests),
            count(n.usual as u64)
        );
        Some(Found::new(table::NEWCOMER, detail).on(endpoint).by(&n.client).with(n.requests, n.samples))
    })
    .collect()
}

/// Hosts that served declared endpoints and stand in no document.
fn hosts(rows: &Rows<'_>, signs: &Signs, documents: &[Arc<Document>]) -> Vec<Found> {
    let mut declared: HashSet<String> = HashSet::new();
    for server in documents.iter().flat_map(|d| d.operations()).flat_map(|o| o.servers.iter()) {
        // A relative server is wherever the document was taken from, and a name with a variable in it may be any.
        match server.host().filter(|_| !server.any_host) {
            Some(host) => declared.insert(host),
            None => return Vec::new(),
        };
    }
    if declared.is_empty() {
        return Vec::new();
    }
    let all = signs.hosts.all().into_iter();
    all.filter_map(|(name, served)| {
        let name = String::from_utf8_lossy(&name).trim_end_matches('.').to_owned();
        (is_name(&name) && !declared.contains(&name)).then_some(())?;
        let named = served.endpoints.iter().filter_map(|n| rows.at(&Spot::Declared(*n)));
        let samples: Vec<String> = named.map(|e| format!("{} {}", display_str(&e.method), e.path.display())).collect();
        let detail = format!(
            "{} requests to declared endpoints were answered at {}",
            count(served.requests),
            display_str(&name)
        );
        let mut found = Found::new(table::HOST, detail).with(served.requests, samples);
        found.host = Some(display_str(&name));
        Some(found)
    })
    .collect()
}

/// True for a name that somebody gave to a host: not an address, nor a name of one machine or of a cluster's inside.
fn is_name(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    host.contains('.')
        && !host.starts_with('[')
        && !last.bytes().all(|b| b.is_ascii_digit())
        && !["local", "localhost", "localdomain", "internal", "invalid", "cluster"].contains(&last)
}
