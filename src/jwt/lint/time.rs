//! Rules about times.

use serde_json::Value;

use super::Profile;
use super::context::{Context, Hit, hit, hit_as, shown};
use crate::base::{Severity, Stamp};
use crate::jwt::explain::read_time;

const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;
/// Seconds that two clocks may differ by.
const LEEWAY: i64 = 60;
/// The last second of the year 9999.
const END: f64 = 253_402_300_799.0;

/// Claims that are times.
const TIMES: [&str; 4] = ["exp", "nbf", "iat", "auth_time"];

fn when(seconds: i64) -> String {
    Stamp::from_unix(seconds).map_or_else(|| "beyond the calendar".to_owned(), |s| s.to_string())
}

pub(super) fn missing(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() || c.is(&[Profile::Dpop]) || c.claim("exp").is_some() {
        return Vec::new();
    }
    vec![hit("there is no `exp`: it never ends")]
}

pub(super) fn expired(c: &Context<'_>) -> Vec<Hit> {
    let Some(exp) = c.time("exp").filter(|_| c.has_claims()) else { return Vec::new() };
    if exp > c.now {
        return Vec::new();
    }
    let since = format!("it expired on {}", when(exp));
    match c.s.accepted {
        Some(true) => vec![hit_as(Severity::High, format!("{since}, and the server still takes it"))],
        _ => vec![hit(since)],
    }
}

pub(super) fn lifetime(c: &Context<'_>) -> Vec<Hit> {
    let Some(exp) = c.time("exp").filter(|_| c.has_claims()) else { return Vec::new() };
    let from = c.time("iat").or_else(|| c.time("nbf")).unwrap_or(c.now);
    let life = exp.saturating_sub(from);
    let short = match c.profile {
        None | Some(Profile::Access | Profile::Assertion) => HOUR,
        Some(Profile::Id | Profile::Dpop | Profile::Logout) => DAY,
    };
    let span = match life {
        _ if life >= 2 * DAY => format!("{} days", life / DAY),
        _ if life >= 2 * HOUR => format!("{} hours", life / HOUR),
        _ => format!("{} minutes", life / 60),
    };
    if life > DAY && short == HOUR {
        vec![hit_as(Severity::High, format!("it lives for {span}, more than a day"))]
    } else if life > short {
        vec![hit(format!("it lives for {span}, more than {}", if short == HOUR { "an hour" } else { "a day" }))]
    } else {
        Vec::new()
    }
}

pub(super) fn types(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    for name in TIMES {
        let Some(value) = c.claim(name) else { continue };
        let odd = match read_time(value) {
            None => vec!["no time at all"],
            Some((_, written)) => written.into_iter().filter(|w| !w.starts_with("with a fraction")).collect(),
        };
        if !odd.is_empty() {
            out.push(hit(format!("`{name}` is {}: {}", shown(value), odd.join(", "))));
        } else if value.as_f64().is_some_and(|n| n.abs() > END) {
            out.push(hit(format!("`{name}` is {}: beyond the year 9999", shown(value))));
        }
    }
    out
}

pub(super) fn order(c: &Context<'_>) -> Vec<Hit> {
    let (exp, nbf, iat) = (c.time("exp"), c.time("nbf"), c.time("iat"));
    let mut out = Vec::new();
    if let (Some(exp), Some(iat)) = (exp, iat)
        && exp <= iat
    {
        out.push(hit(format!("it ends on {}, not after it was issued on {}", when(exp), when(iat))));
    }
    if let (Some(exp), Some(nbf)) = (exp, nbf)
        && nbf > exp
    {
        out.push(hit(format!("it begins on {}, after it ends on {}", when(nbf), when(exp))));
    }
    if let Some(iat) = iat.filter(|iat| *iat > c.now.saturating_add(LEEWAY)) {
        out.push(hit(format!("it was issued on {}, which is in the future", when(iat))));
    }
    out
}

pub(super) fn auth_time(c: &Context<'_>) -> Vec<Hit> {
    let Some(most) = c.s.asked.and_then(|a| a.max_age) else { return Vec::new() };
    if !c.is(&[Profile::Id]) {
        return Vec::new();
    }
    match c.time("auth_time") {
        None => vec![hit(format!("`max_age` of {most} s was asked for, and there is no `auth_time`"))],
        Some(at) if c.now.saturating_sub(at) > most.saturating_add(LEEWAY) => {
            vec![hit(format!(
                "the user signed in {} s ago, and `max_age` of {most} s was asked for",
                c.now.saturating_sub(at)
            ))]
        }
        Some(_) => Vec::new(),
    }
}

/// True for a claim that is there and a number, for rules that only ask whether it stands there.
pub(super) fn is_there(c: &Context<'_>, name: &str) -> bool {
    c.claim(name).is_some_and(|v| !matches!(v, Value::Null))
}
