//! Rules about a key set by itself (RFC 7517 section 5).

use std::collections::HashMap;

use serde_json::Value;

use super::context::{Hit, hit, shown};
use super::keys::{is_off_curve, rsa_faults};
use super::table::Judge;
use super::{Caching, rules};
use crate::base::Finding;
use crate::jwt::key::{Keys, Material};

/// A key set and how it came.
pub(super) struct Set<'a> {
    pub keys: &'a Keys,
    /// How long it may be kept.
    pub cache: Caching<'a>,
}

/// Judges a key set by itself, worst first. Time and memory grow linearly with the keys.
pub fn lint_keys(keys: &Keys, cache: Caching<'_>) -> Vec<Finding> {
    let mut found = found(keys, cache);
    found.sort_by_key(|(order, f)| (std::cmp::Reverse(f.severity), *order));
    found.into_iter().map(|(_, f)| f).collect()
}

/// The same with the place of each rule in the table.
pub(super) fn found(keys: &Keys, cache: Caching<'_>) -> Vec<(usize, Finding)> {
    let set = Set { keys, cache };
    let judged = rules().enumerate().filter_map(|(order, row)| {
        let Judge::Set(judge) = row.judge else { return None };
        Some((order, row.finding(judge(&set), "")?))
    });
    judged.collect()
}

pub(super) fn private(s: &Set<'_>) -> Vec<Hit> {
    let private = s.keys.keys.iter().filter(|k| k.is_private());
    private
        .map(|k| {
            hit(format!(
                "{}: {}",
                k.name(),
                if matches!(k.material, Material::Secret(_)) {
                    "a shared secret is published"
                } else {
                    "the private key is published"
                }
            ))
        })
        .collect()
}

pub(super) fn duplicates(s: &Set<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for key in &s.keys.keys {
        if let Some(kid) = &key.kid {
            let n = seen.entry(kid.to_string()).or_default();
            *n += 1;
            if *n == 2 {
                out.push(hit(format!("`kid` {} stands more than once", shown(kid))));
            }
        }
    }
    let secrets = s.keys.keys.iter().filter(|k| matches!(k.material, Material::Secret(_))).count();
    if secrets > 0 && secrets < s.keys.keys.len() {
        out.push(hit(
            "shared secrets and public keys stand in one set: a reader that mixes them up takes one for the other",
        ));
    }
    out
}

pub(super) fn weak(s: &Set<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    for key in s.keys.keys.iter().take(2_000) {
        if let Material::Rsa(rsa) = &key.material {
            out.extend(rsa_faults(rsa, key.bits()).into_iter().map(|f| hit(format!("{}: {f}", key.name()))));
        }
        if is_off_curve(key) {
            out.push(hit(format!("{}: its point is not on the curve", key.name())));
        }
    }
    out.extend(s.keys.problems.iter().take(5).map(|p| hit(p.clone())));
    out
}

pub(super) fn stale(s: &Set<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    match s.keys.keys.as_slice() {
        [] => out.push(hit("the set is empty")),
        [_] => out.push(hit("the set has one key: the next one is not there yet when keys change")),
        _ => {}
    }
    for (what, lacks) in [
        ("`use` or `key_ops`", s.keys.keys.iter().filter(|k| k.usage.is_none() && k.ops.is_empty()).count()),
        ("`alg`", s.keys.keys.iter().filter(|k| k.alg.is_none()).count()),
        ("`kid`", s.keys.keys.iter().filter(|k| k.kid.as_ref().is_none_or(|v| *v == Value::Null)).count()),
    ] {
        if lacks > 0 {
            out.push(hit(format!("{lacks} of {} keys have no {what}", s.keys.keys.len())));
        }
    }
    if s.cache == Caching::Unsaid {
        out.push(hit("the reply had no Cache-Control: readers fetch it for every token, or keep it for ever"));
    }
    out
}
