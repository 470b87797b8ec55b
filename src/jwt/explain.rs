//! What the registered members of a token mean, in plain words, from one table.

use serde_json::Value;

use super::alg::ALGORITHMS;
use super::jwe::{CONTENTS, KEYS};
use super::object::cut;
use super::signin;
use crate::base::Stamp;

/// Values above this are taken for milliseconds: as seconds they would lie beyond the year 5138.
const MILLISECONDS: f64 = 1e11;
/// Values above this are taken for microseconds.
const MICROSECONDS: f64 = 1e14;
/// Values above this are taken for nanoseconds.
const NANOSECONDS: f64 = 1e17;

/// One registered member of a header or of claims.
#[derive(Debug)]
pub struct Member {
    /// Name, as in the registry; names are case-sensitive.
    pub name: &'static str,
    /// What it is, in a few words.
    pub meaning: &'static str,
    /// Where it is defined.
    pub reference: &'static str,
    /// How its value reads.
    says: Says,
}

/// How the value of a member is put into words.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// The meaning alone; the value should be a string.
    Text,
    /// The meaning alone, whatever the value is.
    Any,
    /// One of the algorithms.
    Algorithm,
    /// A media type.
    Type,
    /// A list of methods of authentication.
    Methods,
    /// A class of authentication.
    Class,
    /// A list of names.
    List,
    /// A time after which the token is dead.
    Expiry,
    /// A time before which it is not valid.
    Start,
    /// A time that has passed.
    Past,
}

const fn m(name: &'static str, says: Says, meaning: &'static str, reference: &'static str) -> Member {
    Member { name, meaning, reference, says }
}

/// Every member that is explained: header parameters first, then claims.
static MEMBERS: &[Member] = &[
    m("alg", Says::Algorithm, "algorithm", "RFC 7515 section 4.1.1"),
    m("enc", Says::Algorithm, "content encryption", "RFC 7516 section 4.1.2"),
    m("zip", Says::Any, "compressed before encryption", "RFC 7516 section 4.1.3"),
    m(
        "jku",
        Says::Text,
        "URL of the key set: a verifier that follows it trusts the token's own word",
        "RFC 7515 section 4.1.2",
    ),
    m(
        "jwk",
        Says::Any,
        "key inside the token: a verifier that uses it trusts the token's own word",
        "RFC 7515 section 4.1.3",
    ),
    m("kid", Says::Text, "which key of the issuer signed it", "RFC 7515 section 4.1.4"),
    m(
        "x5u",
        Says::Text,
        "URL of the certificate: a verifier that follows it trusts the token's own word",
        "RFC 7515 section 4.1.5",
    ),
    m("x5c", Says::Any, "certificate chain of the signing key", "RFC 7515 section 4.1.6"),
    m("x5t", Says::Text, "SHA-1 thumbprint of the certificate", "RFC 7515 section 4.1.7"),
    m("x5t#S256", Says::Text, "SHA-256 thumbprint of the certificate", "RFC 7515 section 4.1.8"),
    m("typ", Says::Type, "type of the whole", "RFC 7515 section 4.1.9"),
    m("cty", Says::Type, "type of the payload", "RFC 7515 section 4.1.10"),
    m("crit", Says::List, "must be understood or the token refused", "RFC 7515 section 4.1.11"),
    m("b64", Says::Any, "whether the payload is base64url encoded", "RFC 7797 section 3"),
    m("epk", Says::Any, "ephemeral public key of the sender", "RFC 7518 section 4.6.1.1"),
    m("apu", Says::Text, "who sent it, for the key agreement", "RFC 7518 section 4.6.1.2"),
    m("apv", Says::Text, "who receives it, for the key agreement", "RFC 7518 section 4.6.1.3"),
    m("p2s", Says::Text, "salt of the password derivation", "RFC 7518 section 4.8.1.1"),
    m("p2c", Says::Any, "rounds of the password derivation", "RFC 7518 section 4.8.1.2"),
    m("iss", Says::Text, "issuer: who made and signed it", "RFC 7519 section 4.1.1"),
    m("sub", Says::Text, "subject: whom it speaks of", "RFC 7519 section 4.1.2"),
    m("aud", Says::List, "audience: whom it is meant for", "RFC 7519 section 4.1.3"),
    m("exp", Says::Expiry, "expires", "RFC 7519 section 4.1.4"),
    m("nbf", Says::Start, "not valid before", "RFC 7519 section 4.1.5"),
    m("iat", Says::Past, "issued", "RFC 7519 section 4.1.6"),
    m("jti", Says::Text, "identifier of this token, for replay detection", "RFC 7519 section 4.1.7"),
    m("auth_time", Says::Past, "the user signed in", "OpenID Connect Core 1.0 section 2"),
    m("nonce", Says::Text, "binds the token to one request", "OpenID Connect Core 1.0 section 2"),
    m("acr", Says::Class, "how strongly the user was authenticated", "OpenID Connect Core 1.0 section 2"),
    m("amr", Says::Methods, "how the user was authenticated", "OpenID Connect Core 1.0 section 2"),
    m("azp", Says::Text, "client the token was issued to", "OpenID Connect Core 1.0 section 2"),
    m("at_hash", Says::Text, "hash of the access token issued with it", "OpenID Connect Core 1.0 section 3.1.3.6"),
    m("c_hash", Says::Text, "hash of the code issued with it", "OpenID Connect Core 1.0 section 3.3.2.11"),
    m("scope", Says::List, "scope: what it allows", "RFC 8693 section 4.2"),
    m("client_id", Says::Text, "client that asked for it", "RFC 8693 section 4.3"),
    m("act", Says::Any, "who acts for the subject", "RFC 8693 section 4.1"),
    m("may_act", Says::Any, "who may act for the subject", "RFC 8693 section 4.4"),
    m("cnf", Says::Any, "key that the bearer must prove to hold", "RFC 7800 section 3.1"),
    m("roles", Says::List, "roles of the subject: grants by claim", "RFC 9068 section 2.2.3.1"),
    m("groups", Says::List, "groups of the subject: grants by claim", "RFC 9068 section 2.2.3.1"),
    m("entitlements", Says::List, "entitlements of the subject: grants by claim", "RFC 9068 section 2.2.3.1"),
    m("htm", Says::Text, "method of the request it proves", "RFC 9449 section 4.2"),
    m("htu", Says::Text, "URL of the request it proves", "RFC 9449 section 4.2"),
    m("ath", Says::Text, "hash of the access token it goes with", "RFC 9449 section 4.2"),
    m("events", Says::Any, "security events it reports", "RFC 8417 section 2.2"),
    m("role", Says::List, "role of the subject: grants by claim", "no standard: private claim"),
    m("admin", Says::Any, "grants by claim", "no standard: private claim"),
];

/// Media types of tokens, without `application/` (RFC 7515 section 4.1.9 lets it be left out).
static TYPES: &[(&str, &str)] = &[
    ("jwt", "a JSON Web Token"),
    ("at+jwt", "an access token, RFC 9068"),
    ("dpop+jwt", "a proof of possession, RFC 9449"),
    ("secevent+jwt", "a security event token, RFC 8417"),
    ("logout+jwt", "a logout token"),
    ("oauth-authz-req+jwt", "an authorization request, RFC 9101"),
    ("token-introspection+jwt", "an introspection reply, RFC 9701"),
    ("jose", "a signed or encrypted object in compact form"),
    ("jose+json", "a signed or encrypted object in JSON form"),
    ("json", "JSON"),
];

/// The table, for help and documents.
pub fn members() -> impl Iterator<Item = &'static Member> {
    MEMBERS.iter()
}

/// The plain meaning of a registered member, one line in display form; `None` for a name that is not in the table.
///
/// Times are given both ways, as RFC 3339 and relative to `now`; a time written as a string, in milliseconds, with a
/// fraction or below zero (RFC 7519 section 2 wants seconds) is understood, and the way it is written is named.
pub fn explain(member: &str, value: &Value, now: Stamp) -> Option<String> {
    let row = MEMBERS.iter().find(|r| r.name == member)?;
    Some(match row.says {
        Says::Any => row.meaning.to_owned(),
        Says::Text if value.is_string() => row.meaning.to_owned(),
        Says::Text => format!("{}; {}, not a string", row.meaning, kind(value)),
        Says::Algorithm => algorithm(value),
        Says::Type => media_type(row.meaning, value),
        Says::List => list(row.meaning, value),
        Says::Methods => methods(row.meaning, value),
        Says::Class => match value.as_str().and_then(signin::class) {
            Some(words) => format!("{}: {words}", row.meaning),
            None if value.is_string() => row.meaning.to_owned(),
            None => format!("{}; {}, not a string", row.meaning, kind(value)),
        },
        Says::Expiry | Says::Start | Says::Past => time(row, value, now),
    })
}

fn methods(meaning: &str, value: &Value) -> String {
    let names: Vec<&str> = match value {
        Value::String(s) => vec![s],
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words: Vec<&str> = names.into_iter().filter_map(signin::method).take(8).collect();
    let whole = if words.is_empty() { meaning.to_owned() } else { format!("{meaning}: {}", words.join(", ")) };
    list(&whole, value)
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn algorithm(value: &Value) -> String {
    let Some(name) = value.as_str() else { return format!("{}, not the name of an algorithm", kind(value)) };
    let known = || {
        let encryption = KEYS.iter().map(|a| (a.name, a.words)).chain(CONTENTS.iter().map(|a| (a.name, a.words)));
        ALGORITHMS.iter().map(|a| (a.name, a.words)).chain(encryption)
    };
    if let Some((_, words)) = known().find(|(n, _)| *n == name) {
        return words.to_owned();
    }
    match known().find(|(n, _)| n.eq_ignore_ascii_case(name)) {
        Some((n, words)) => format!("{words}; the registered name is {n}"),
        None => "not a registered algorithm".to_owned(),
    }
}

fn media_type(meaning: &str, value: &Value) -> String {
    let Some(name) = value.as_str() else { return format!("{meaning}; {}, not a string", kind(value)) };
    let lower = name.to_ascii_lowercase();
    let bare = lower.strip_prefix("application/").unwrap_or(&lower);
    TYPES.iter().find(|(n, _)| *n == bare).map_or_else(|| meaning.to_owned(), |(_, words)| (*words).to_owned())
}

fn list(meaning: &str, value: &Value) -> String {
    match value {
        Value::String(_) => meaning.to_owned(),
        Value::Array(items) if items.is_empty() => format!("{meaning}; the list is empty"),
        Value::Array(items) if items.iter().all(Value::is_string) => format!("{meaning}; {} in the list", items.len()),
        Value::Array(_) => format!("{meaning}; a list that holds more than strings"),
        other => format!("{meaning}; {}, neither a string nor a list", kind(other)),
    }
}

fn time(row: &Member, value: &Value, now: Stamp) -> String {
    let Some((seconds, written)) = read_time(value) else {
        return match value {
            Value::String(s) => format!("{}; `{}` is not a time", row.meaning, cut(s, 40)),
            other => format!("{}; {} is not a time", row.meaning, kind(other)),
        };
    };
    let written = if written.is_empty() { String::new() } else { format!("; {}", written.join(", ")) };
    let Some(stamp) = Stamp::from_unix(seconds) else {
        return format!("{}; beyond the years a date can name{written}", row.meaning);
    };
    let away = span(seconds.abs_diff(now.unix()));
    let past = seconds <= now.unix();
    let relative = match row.says {
        Says::Expiry if past => format!("expired {away} ago"),
        Says::Start if past => format!("valid since {away} ago"),
        Says::Start => format!("not valid yet, in {away}"),
        Says::Past if !past => format!("in {away}, which is the future"),
        _ if past => format!("{away} ago"),
        _ => format!("in {away}"),
    };
    format!("{stamp}, {relative}{written}")
}

/// Seconds since 1970 as far as they can be understood, and what is odd about the way they are written.
pub(super) fn read_time(value: &Value) -> Option<(i64, Vec<&'static str>)> {
    let mut written = Vec::new();
    let number = match value {
        Value::Number(n) => n.as_f64()?,
        Value::String(s) => {
            let s = s.trim();
            if let Some(stamp) = Stamp::parse(s) {
                return Some((stamp.unix(), vec!["written as a date, not as seconds"]));
            }
            written.push("written as a string, not a number");
            s.parse::<f64>().ok().filter(|n| n.is_finite())?
        }
        _ => return None,
    };
    let number = if number.abs() > NANOSECONDS {
        written.push("written in nanoseconds, not seconds");
        number / 1e9
    } else if number.abs() > MICROSECONDS {
        written.push("written in microseconds, not seconds");
        number / 1e6
    } else if number.abs() > MILLISECONDS {
        written.push("written in milliseconds, not seconds");
        number / 1e3
    } else {
        if number.fract() != 0.0 {
            written.push("with a fraction of a second");
        }
        number
    };
    if number < 0.0 {
        written.push("negative, before 1970");
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a cast of a float saturates, and what lies beyond the calendar is named by the caller"
    )]
    Some((number.floor() as i64, written))
}

/// The time that a claim names, in seconds since 1970, however it is written (a NumericDate of RFC 7519 section 2 is a number of
/// seconds; milliseconds, strings and dates are understood too).
pub fn numeric_date(value: &Value) -> Option<i64> {
    read_time(value).map(|(seconds, _)| seconds)
}

/// A length of time in one unit, rounded down.
fn span(seconds: u64) -> String {
    let (amount, unit) = match seconds {
        0..=89 => (seconds, "s"),
        90..=5_399 => (seconds / 60, "min"),
        5_400..=172_799 => (seconds / 3_600, "h"),
        172_800..=63_071_999 => (seconds / 86_400, "d"),
        _ => (seconds / 31_557_600, "y"),
    };
    format!("{amount} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text;
    use proptest::prelude::*;
    use serde_json::json;

    fn now() -> Stamp {
        Stamp::from_unix(1_700_000_000).expect("in range")
    }
    #[expect(clippy::needless_pass_by_value, reason = "a value written in place reads best")]
    fn says(member: &str, value: Value) -> String {
        explain(member, &value, now()).expect("registered")
    }

    #[test]
    fn algorithms() {
        assert_eq!(says("alg", json!("HS256")), "HMAC with SHA-256");
        assert_eq!(
            says("alg", json!("nOnE")),
            "no signature: anyone can make such a token; the registered name is none"
        );
        assert_eq!(says("alg", json!(["none"])), "a list, not the name of an algorithm");
        assert_eq!(says("alg", json!("XX")), "not a registered algorithm");
        assert_eq!(says("enc", json!("A256GCM")), "AES-256-GCM");
    }

    #[test]
    fn times_both_ways() {
        let t = 1_700_000_000_i64;
        assert_eq!(says("exp", json!(t - 3 * 86_400)), "2023-11-11T22:13:20Z, expired 3 d ago");
        assert_eq!(says("exp", json!(t + 12 * 60)), "2023-11-14T22:25:20Z, in 12 min");
        assert_eq!(says("exp", json!(t)), "2023-11-14T22:13:20Z, expired 0 s ago");
        assert_eq!(says("nbf", json!(t + 60)), "2023-11-14T22:14:20Z, not valid yet, in 60 s");
        assert_eq!(says("nbf", json!(t - 7200)), "2023-11-14T20:13:20Z, valid since 2 h ago");
        assert_eq!(says("iat", json!(t - 5)), "2023-11-14T22:13:15Z, 5 s ago");
        assert!(says("iat", json!(t + 600)).ends_with("in 10 min, which is the future"));
    }

    #[test]
    fn times_written_otherwise_are_understood_and_named() {
        let t = 1_700_000_720_i64;
        for (value, oddity) in [
            (json!(t * 1000), "; written in milliseconds, not seconds"),
            (json!(t * 1_000_000), "; written in microseconds, not seconds"),
            (json!(t * 1_000_000_000), "; written in nanoseconds, not seconds"),
            (json!(t.to_string()), "; written as a string, not a number"),
            (
                json!((t * 1000).to_string()),
                "; written as a string, not a number, written in milliseconds, not seconds",
            ),
            (json!(1_700_000_720.5), "; with a fraction of a second"),
            (json!("2023-11-14T22:25:20Z"), "; written as a date, not as seconds"),
        ] {
            assert_eq!(says("exp", value), format!("2023-11-14T22:25:20Z, in 12 min{oddity}"));
        }
        assert!(says("exp", json!(-1)).contains("1969-12-31T23:59:59Z, expired 53 y ago; negative"));
        assert!(says("exp", json!(1e300)).contains("beyond the years"));
        assert_eq!(says("exp", json!("soon\u{1b}")), "expires; `soon\u{241b}` is not a time");
        assert_eq!(says("exp", json!(null)), "expires; null is not a time");
        assert_eq!(says("exp", json!("NaN")), "expires; `NaN` is not a time");
    }

    #[test]
    fn other_members() {
        assert_eq!(says("typ", json!("at+JWT")), "an access token, RFC 9068");
        assert_eq!(says("typ", json!("application/dpop+jwt")), "a proof of possession, RFC 9449");
        assert_eq!(says("kid", json!({"$ne": 1})), "which key of the issuer signed it; an object, not a string");
        assert_eq!(says("aud", json!(["a", "b"])), "audience: whom it is meant for; 2 in the list");
        assert_eq!(says("aud", json!(1)), "audience: whom it is meant for; a number, neither a string nor a list");
        assert_eq!(says("crit", json!([])), "must be understood or the token refused; the list is empty");
        assert_eq!(
            says("amr", json!(["pwd", "otp", "x"])),
            "how the user was authenticated: a password, a one-time password; 3 in the list"
        );
        assert_eq!(says("acr", json!("phr")), "how strongly the user was authenticated: resists phishing");
        assert_eq!(says("acr", json!("own")), "how strongly the user was authenticated");
        assert_eq!(says("acr", json!(1)), "how strongly the user was authenticated; a number, not a string");
        assert_eq!(explain("favourite_colour", &json!("red"), now()), None);
    }

    #[test]
    fn the_table_names_each_member_once() {
        let mut names: Vec<&str> = members().map(|m| m.name).collect();
        let n = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), n);
    }

    proptest! {
        #[test]
        fn any_value_is_put_into_safe_words(which in 0_usize..MEMBERS.len(), s in ".*", f in any::<f64>(), i in any::<i64>()) {
            for value in [json!(s), json!(f), json!(i), json!([s]), json!({ "a": i }), json!(null), json!(true), json!(u64::MAX)] {
                let words = explain(MEMBERS[which].name, &value, now()).unwrap_or_default();
                prop_assert!(!words.is_empty() && !words.chars().any(text::is_hazard));
            }
        }
    }
}
