//! A `kid` that is no name: a path, a part of a query, a part of a command, or no string at all.

use serde_json::json;

use super::table::{KID_COMMAND, KID_PATH, KID_QUERY, KID_TYPE};
use super::{Bench, Family, Key};

/// The key that a query or a command is made to give.
const KEY: &str = "lunette";

/// Paths, and what the file holds that they lead to.
const PATHS: [(&str, &str, &[u8]); 7] = [
    ("null", "../../../../../../../../dev/null", b""),
    ("null-short", "../../../dev/null", b""),
    ("null-absolute", "/dev/null", b""),
    ("null-url", "file:///dev/null", b""),
    ("null-doubled", "....//....//....//....//....//....//dev/null", b""),
    ("null-ended", "../../../../../../../../dev/null\0", b""),
    ("known", "../../../../../../../../proc/sys/kernel/randomize_va_space", b"2\n"),
];

/// Ends and beginnings of a literal in a query, with a second SELECT between them.
const QUERIES: [(&str, &str); 6] = [
    ("plain", "' UNION SELECT 'lunette' -- "),
    ("two-columns", "' UNION SELECT 'lunette','lunette' -- "),
    ("brackets", "') UNION SELECT 'lunette' -- "),
    ("hash", "' UNION SELECT 'lunette'#"),
    ("double", "\" UNION SELECT \"lunette\" -- "),
    ("number", "0 UNION SELECT 'lunette'"),
];

/// What makes a shell, or what opens files by way of one, print the key; and what follows it there.
const COMMANDS: [(&str, &str, &str); 3] =
    [("pipe", "|echo lunette", "\n"), ("after", "x; echo lunette", "\n"), ("inside", "$(printf lunette)", "")];

pub fn add(bench: &mut Bench<'_>) {
    for (slug, path, holds) in PATHS {
        signed(bench, &KID_PATH, slug, path, holds);
    }
    for (slug, query) in QUERIES {
        signed(bench, &KID_QUERY, slug, query, KEY.as_bytes());
    }
    for (slug, command, end) in COMMANDS {
        signed(bench, &KID_COMMAND, slug, command, format!("{KEY}{end}").as_bytes());
    }
    let odd = [
        ("object", "an object that a document store takes for a condition", json!({"$gt": ""})),
        ("list", "a list", json!(["0"])),
        ("number", "a number", json!(0)),
        ("truth", "true", json!(true)),
        ("long", "of 10,000 letters", json!("a".repeat(10_000))),
    ];
    for (slug, words, kid) in odd {
        let header = bench.header.with("kid", kid);
        let token = match bench.with.signing {
            Some(key) => bench.signed(&header, bench.alg, key),
            None => super::sign::compact(&header.write(), bench.payload, bench.alg, None),
        };
        bench.add_signed(&KID_TYPE, slug, format!("kid {words}"), token);
    }
}

fn signed(bench: &mut Bench<'_>, family: &'static Family, slug: &str, kid: &str, key: &[u8]) {
    let alg = bench.hmac();
    let header = bench.header.with("alg", alg).with("kid", kid);
    let token = bench.signed(&header, alg, &Key::secret(key.to_vec()));
    bench.add_signed(family, slug, format!("{alg}, kid {}", crate::base::text::display_str(kid)), token);
}
