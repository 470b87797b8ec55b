//! Operations of one path that are told apart by what a log may not carry: AWS sends `X-Amz-Target` as a header, and `Action` in
//! the query or in a form.

use std::collections::{HashMap, HashSet};

use super::findings::Row;
use super::model::State;

/// Where requests to such a path were seen that do not say which operation they were, none of its operations can be called
/// unused, and the path itself is not undeclared. Gives each such method and path with how many operations it has.
pub(super) fn settle(rows: &mut [Row]) -> Vec<(String, usize)> {
    let mut shared: HashMap<(String, String), usize> = HashMap::new();
    for e in rows.iter().map(|r| &r.endpoint).filter(|e| e.state == Some(State::Ghost)) {
        if let Some(plain) = plain(&e.path.lossy()) {
            *shared.entry((e.method.clone(), plain)).or_default() += 1;
        }
    }
    let mut met = HashSet::new();
    for e in rows.iter_mut().map(|r| &mut r.endpoint).filter(|e| e.state == Some(State::Shadow)) {
        let path = e.path.lossy();
        let known = (e.method.clone(), path.trim_end_matches('/').to_owned());
        if shared.contains_key(&known) {
            e.state = None;
            met.insert(known);
        }
    }
    for e in rows.iter_mut().map(|r| &mut r.endpoint).filter(|e| e.state == Some(State::Ghost)) {
        if plain(&e.path.lossy()).is_some_and(|p| met.contains(&(e.method.clone(), p))) {
            e.state = None;
        }
    }
    let mut told: Vec<_> = met.into_iter().map(|k| (format!("{} {}/", k.0, k.1), shared[&k])).collect();
    told.sort();
    told
}

/// The path before what tells its operations apart, without a slash at the end.
fn plain(path: &str) -> Option<String> {
    let (plain, apart) = path.split_once(['#', '?'])?;
    let named =
        ["X-Amz-Target=", "Action="].iter().any(|name| apart.split(['#', '?', '&']).any(|p| p.starts_with(name)));
    named.then(|| plain.trim_end_matches('/').to_owned())
}
