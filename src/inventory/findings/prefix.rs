//! Prefix drift: undeclared paths whose rest is declared under another base path.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Found, Row, table};
use crate::base::Untrusted;
use crate::base::figure::count;
use crate::base::text::display_str;
use crate::inventory::model::State;
use crate::inventory::signs::SAMPLES;
use crate::inventory::spec::{Document, OperationKind};
use crate::inventory::version;

/// Segments of a rest that by themselves are too many to be chance.
const LONG: usize = 3;
/// Endpoints under one prefix that are.
const SEVERAL: usize = 2;
/// Segments that a base path may have.
const DEEPEST: usize = 8;

/// A base path, and the host where one is said.
type Base<'d> = (&'d str, Option<String>);

/// Base paths of one path.
const MOST_BASES: usize = 16;

/// What was seen under one prefix and is declared under one base path.
#[derive(Default)]
struct Group<'r> {
    rows: Vec<&'r Row>,
    longest: usize,
}

pub(super) fn found(rows: &[Row], documents: &[Arc<Document>]) -> Vec<Found> {
    // Method and shape of every declared path without its base path, with the base paths it is offered at and the hosts of these.
    let mut declared: HashMap<(&str, String), Vec<Base<'_>>> = HashMap::new();
    for operation in documents.iter().flat_map(|d| d.operations()).filter(|o| o.kind == OperationKind::Path) {
        let bases = declared.entry((operation.method.as_str(), version::shape(&operation.path))).or_default();
        for server in operation.servers.iter() {
            let base = (server.base_template.as_str(), server.host().filter(|_| !server.any_host));
            if !bases.contains(&base) && bases.len() < MOST_BASES {
                bases.push(base);
            }
        }
    }
    let mut groups: BTreeMap<(Option<&str>, String, &str), Group<'_>> = BTreeMap::new();
    for row in rows.iter().filter(|r| r.endpoint.state == Some(State::Shadow)) {
        let path = row.endpoint.path.lossy();
        let segments: Vec<&str> = path.split('/').filter(|s| !s.is_empty()).collect();
        // The longest rest that is declared, and at least one word of it.
        let rest = (0..segments.len().min(DEEPEST)).find_map(|cut| {
            let rest = format!("/{}", segments[cut..].join("/"));
            let words = segments[cut..].iter().any(|s| !s.starts_with('{'));
            let bases = declared.get(&(row.endpoint.method.as_str(), version::shape(&rest))).filter(|_| words)?;
            // At another host it is another service.
            let host = row.endpoint.host.as_deref();
            let same = bases.iter().find(|(_, h)| host.is_none() || h.is_none() || h.as_deref() == host);
            same.map(|(base, _)| (cut, *base))
        });
        let Some((cut, base)) = rest else { continue };
        let prefix = segments[..cut].iter().fold(String::new(), |out, s| out + "/" + s);
        if prefix.contains('{') || prefix == base.trim_end_matches('/') {
            continue;
        }
        let group = groups.entry((row.endpoint.host.as_deref(), prefix, base)).or_default();
        group.longest = group.longest.max(segments.len() - cut);
        group.rows.push(row);
    }
    let told = groups.into_iter().filter(|(_, g)| g.rows.len() >= SEVERAL || g.longest >= LONG);
    told.map(|((host, prefix, base), mut group)| {
        group.rows.sort_by(|a, b| (&a.endpoint.path, &a.endpoint.method).cmp(&(&b.endpoint.path, &b.endpoint.method)));
        let requests = group.rows.iter().map(|r| r.endpoint.requests).sum();
        let lines = group.rows.iter().take(SAMPLES);
        let lines = lines.map(|r| format!("{} {}", display_str(&r.endpoint.method), r.endpoint.path.display()));
        let root = |p: &str| if p.is_empty() { "/".to_owned() } else { display_str(p) };
        let (seen, known) = (root(&prefix), root(base.trim_end_matches('/')));
        let detail = format!("{} endpoints under {seen} are declared under {known}", count(group.rows.len() as u64));
        let mut found = Found::new(table::PREFIX, detail).with(requests, lines);
        found.host = host.map(str::to_owned);
        found.path = Some(Untrusted::from(if prefix.is_empty() { "/".to_owned() } else { prefix }));
        found
    })
    .collect()
}
