//! Rows about key sets.

use super::super::set;
use super::{How, Judge, Lint};
use crate::base::{Rule, Severity};

pub(super) static ROWS: &[Lint] = &[
    Lint {
        rule: Rule {
            id: "jwks-private",
            severity: Severity::Critical,
            title: "a key set gives private keys away",
            reference: "RFC 7517 section 9.2; CWE-321",
            fix: "take it down, make new keys, and end all tokens of the old ones",
            plain: "a private member of a key, or a shared secret, in the set",
        },
        profiles: &[],
        how: How::Keys,
        judge: Judge::Set(set::private),
    },
    Lint {
        rule: Rule {
            id: "jwks-dup-kid",
            severity: Severity::High,
            title: "keys of the set cannot be told apart",
            reference: "RFC 7517 section 4.5; RFC 8725 section 3.1",
            fix: "give each key a name of its own",
            plain: "the same `kid` twice, or shared secrets and public keys in one set",
        },
        profiles: &[],
        how: How::Keys,
        judge: Judge::Set(set::duplicates),
    },
    Lint {
        rule: Rule {
            id: "jwks-weak",
            severity: Severity::High,
            title: "a key of the set is weak or cannot be read",
            reference: "RFC 7518 section 3.3; RFC 8725 section 3.4",
            fix: "make a new key",
            plain: "RSA below 2048 bits, an odd exponent, a point off its curve, or a member that is wrong",
        },
        profiles: &[],
        how: How::Keys,
        judge: Judge::Set(set::weak),
    },
    Lint {
        rule: Rule {
            id: "jwks-stale",
            severity: Severity::Low,
            title: "the key set is not kept well",
            reference: "RFC 7517 sections 4.2, 4.4 and 4.5; RFC 9111 section 5.2",
            fix: "publish the next key before it is used, say what each is for, and how long to keep the set",
            plain: "one key only, keys without `use`, `alg` or `kid`, or a reply without Cache-Control",
        },
        profiles: &[],
        how: How::Keys,
        judge: Judge::Set(set::stale),
    },
];
