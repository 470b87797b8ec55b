//! Rules about what a token gives away: everybody who holds it can read it.

use serde_json::Value;

use super::Profile;
use super::claims::is_email;
use super::context::{Context, Hit, hit, hit_as, is_internal, quoted, url};
use crate::base::secret::find_tokens;
use crate::base::{Severity, keys};

/// Texts of the claims that are looked at.
const MOST: usize = 2_000;
/// Levels of claims that are looked at.
const DEEP: usize = 8;
/// Bytes of a text that are looked at.
const LONG: usize = 8 << 10;

/// Claims of people, by name in lower case and without separators.
const PERSONAL: &[(&str, &str)] = &[
    ("email", "an e-mail address"),
    ("mail", "an e-mail address"),
    ("phone", "a telephone number"),
    ("phonenumber", "a telephone number"),
    ("mobile", "a telephone number"),
    ("birthdate", "a date of birth"),
    ("dateofbirth", "a date of birth"),
    ("dob", "a date of birth"),
    ("address", "an address"),
    ("ssn", "a national identifier"),
    ("nationalid", "a national identifier"),
    ("passport", "a national identifier"),
    ("taxid", "a national identifier"),
    ("iban", "a bank account"),
    ("creditcard", "a card number"),
    ("cardnumber", "a card number"),
];

/// Claims of credentials, likewise.
const SECRET: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "clientsecret",
    "apikey",
    "apisecret",
    "privatekey",
    "accesskey",
    "secretkey",
    "refreshtoken",
    "accesstoken",
    "passwordhash",
    "otp",
    "pin",
];

fn flat(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Calls `each` with every text of the claims, the name of the claim it is in, and whether it is the claim's own.
fn texts<'a>(c: &Context<'a>, each: &mut dyn FnMut(&'a str, &'a str)) {
    fn walk<'a>(
        name: &'a str,
        value: &'a Value,
        deep: usize,
        left: &mut usize,
        each: &mut dyn FnMut(&'a str, &'a str),
    ) {
        if *left == 0 || deep == 0 {
            return;
        }
        *left -= 1;
        match value {
            Value::String(s) => each(name, &s[..s.floor_char_boundary(LONG)]),
            Value::Array(list) => list.iter().for_each(|v| walk(name, v, deep - 1, left, each)),
            Value::Object(members) => members.iter().for_each(|(n, v)| walk(n, v, deep - 1, left, each)),
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }
    let mut left = MOST;
    for (name, value) in &c.t.claims.members {
        walk(name, value, DEEP, &mut left, each);
    }
}

pub(super) fn personal(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() {
        return Vec::new();
    }
    // An ID token is there to say who somebody is.
    let severity = if c.is(&[Profile::Id]) { Severity::Info } else { Severity::Medium };
    let mut out = Vec::new();
    texts(c, &mut |name, text| {
        if text.is_empty() || name == "sub" {
            return;
        }
        let what = PERSONAL.iter().find(|(n, _)| *n == flat(name)).map(|(_, what)| *what);
        let what = what.or_else(|| is_email(text).then_some("an e-mail address"));
        if is_card(text) {
            out.push(hit_as(Severity::Medium, format!("{} holds a card number", quoted(name))));
        } else if let Some(what) = what {
            out.push(hit_as(severity, format!("{} holds {what}", quoted(name))));
        }
    });
    out
}

/// True for a card number: 13 to 19 digits (ISO/IEC 7812), also in groups, with the check digit of Luhn and a known beginning.
fn is_card(text: &str) -> bool {
    if text.len() > 30 || !text.bytes().all(|b| b.is_ascii_digit() || b == b' ' || b == b'-') {
        return false;
    }
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    if !matches!(digits.len(), 13..=19) || !matches!(digits[0], 3..=6) {
        return false;
    }
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 }).sum();
    sum.is_multiple_of(10)
}

pub(super) fn secrets(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() {
        return Vec::new();
    }
    let mut out = Vec::new();
    texts(c, &mut |name, text| {
        let what = if text.contains("PRIVATE KEY-----") {
            "a private key"
        } else if !find_tokens(text.as_bytes()).is_empty() {
            "another token"
        } else if keys::is_one(text.as_bytes()) {
            "a key of a service"
        } else if !text.is_empty() && SECRET.contains(&flat(name).as_str()) {
            "a credential, by its name"
        } else {
            return;
        };
        out.push(hit(format!("{} holds {what}", quoted(name))));
    });
    out
}

pub(super) fn internal(c: &Context<'_>) -> Vec<Hit> {
    if !c.has_claims() {
        return Vec::new();
    }
    let mut out = Vec::new();
    texts(c, &mut |name, text| {
        let host = url(text).map_or(text, |u| u.host);
        let what = if is_internal(host) {
            "an address or a name inside a network"
        } else if ["/var/", "/home/", "/etc/", "/usr/", "/opt/", "/root/", "/srv/", "/tmp/", "file://", "C:\\", "\\\\"]
            .iter()
            .any(|p| text.starts_with(p))
        {
            "a path of a file"
        } else if text.contains("Traceback (most recent call last)")
            || text.contains("\n\tat ")
            || text.contains("Exception in thread")
        {
            "a trace of a failure"
        } else {
            return;
        };
        out.push(hit(format!("{} holds {what}: {}", quoted(name), quoted(text))));
    });
    out
}
