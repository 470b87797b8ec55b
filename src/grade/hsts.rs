//! Strict-Transport-Security, read as RFC 6797 section 6.1 says.

use crate::wire::Response;

use super::context::quote;

/// Half a year in seconds: the least a policy should hold.
pub const HALF_YEAR: u64 = 15_552_000;
/// A year in seconds: what a perfect grade asks for.
pub const YEAR: u64 = 31_536_000;

/// The `max-age` in seconds of the one policy a reply carries.
///
/// # Errors
/// Why it carries none that a client would keep, in one sentence.
pub fn of(response: &Response) -> Result<u64, String> {
    let mut values = response.all("strict-transport-security");
    let Some(first) = values.next() else {
        return Err("there is no Strict-Transport-Security".to_owned());
    };
    let more = values.count();
    if more > 0 {
        return Err(format!("Strict-Transport-Security is sent {} times; clients read the first only", more + 1));
    }
    max_age(&first.lossy())
}

fn max_age(value: &str) -> Result<u64, String> {
    let mut found = None;
    for directive in value.split(';') {
        let (name, argument) = directive.split_once('=').unwrap_or((directive, ""));
        if !name.trim().eq_ignore_ascii_case("max-age") {
            continue;
        }
        if found.is_some() {
            return Err("max-age stands twice, which makes the policy void".to_owned());
        }
        let argument = argument.trim();
        let digits = argument.strip_prefix('"').and_then(|a| a.strip_suffix('"')).unwrap_or(argument);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("max-age is not a number of seconds: {}", quote(argument)));
        }
        // More digits than fit mean longer than anyone will live.
        found = Some(digits.parse::<u64>().unwrap_or(u64::MAX));
    }
    found.ok_or_else(|| "Strict-Transport-Security has no max-age, which makes it void".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_clients_read() {
        for (value, age) in [
            ("max-age=31536000", Some(31_536_000)),
            ("includeSubDomains; Max-Age = \"600\" ; preload", Some(600)),
            ("max-age=0", Some(0)),
            ("max-age=99999999999999999999999", Some(u64::MAX)),
            ("max-age=abc", None),
            ("max-age=-1", None),
            ("max-age=", None),
            ("max-age=1; max-age=2", None),
            ("includeSubDomains", None),
            ("max-age=1, max-age=2", None),
            ("", None),
        ] {
            assert_eq!(max_age(value).ok(), age, "{value}");
        }
    }
}
