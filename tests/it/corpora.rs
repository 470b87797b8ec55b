//! The seeds of the fuzz targets, run as plain tests through the same code.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::support::bombs;

#[path = "../../fuzz/bodies.rs"]
mod bodies;

fn replay(target: &str, body: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut seeds = 0;
    for entry in fs::read_dir(&folder).expect("a folder of seeds") {
        body(&fs::read(entry.expect("a seed").path()).expect("a seed"));
        seeds += 1;
    }
    assert!(seeds > 2, "{target} has {seeds} seeds");
}

#[test]
fn spec() {
    replay("spec", bodies::spec);
}

#[test]
fn log() {
    replay("log", bodies::log);
}

#[test]
fn capture() {
    replay("capture", bodies::capture);
}

#[test]
fn trie() {
    replay("trie", bodies::trie);
}

#[test]
fn token() {
    replay("token", bodies::token);
}

#[test]
fn headers() {
    replay("headers", bodies::headers);
}

#[test]
fn http() {
    replay("http", bodies::http);
}

#[test]
fn curl() {
    replay("curl", bodies::curl);
}

#[test]
fn reply() {
    replay("reply", bodies::reply);
}

#[test]
fn decode() {
    replay("decode", bodies::decode);
}

/// A body packed as the first byte says, with some of its bytes changed or left out.
fn packed() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    (any::<u8>(), any::<u8>(), "[ab]{0,300}", prop::collection::vec(edit, 0..3)).prop_map(
        |(first, cut, text, edits)| {
            let chain =
                (0..=(first >> 6)).map(|i| ["gzip", "deflate", "br", "zstd"][usize::from(first >> (2 * i) & 3)]);
            let mut wire = chain.fold(text.into_bytes(), |body, coding| bombs::packed(coding, &body));
            for (at, byte, leave) in edits {
                let at = at.index(wire.len());
                wire[at] = byte;
                if leave {
                    wire.truncate(at + 1);
                }
            }
            [vec![first, cut], wire].concat()
        },
    )
}

/// What a file of requests is made of, in any order, besides any bytes at all.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        "(### ?[a-z]{0,4}|@[a-z]{1,2} = |\\{\\{[a-z]{1,2}\\}\\}|\\{\\{env:A\\}\\}|# @(name|capture|credential|expires) )",
        "(GET http://h/|POST |[A-Z][a-z]: |< |<@ |> \\{%|%\\}|json \\$[.\\[\\]a-z*?@()]{0,6}|= |a|\n|\r\n|\n\n)",
        "\\PC{0,4}",
    ];
    prop_oneof![
        4 => prop::collection::vec(piece, 0..60).prop_map(|v| v.concat().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..400),
    ]
}

/// What logs of every format are made of, in any order.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let examples: Vec<&'static str> = lunette::inventory::log::FORMATS.iter().map(|f| f.example).collect();
    let piece = prop_oneof![
        prop::sample::select(examples.clone()).prop_map(str::to_owned),
        (prop::sample::select(examples), 0usize..200)
            .prop_map(|(e, cut)| e.get(cut.min(e.len())..).unwrap_or_default().to_owned()),
        "(\"|\\\\|\\[|\\]|\\{|\\}|#Fields: [a-z -]{0,20}| 200 |\t|#22|\\||,|:)",
        "\\PC{0,4}",
        "\n",
    ];
    (any::<u8>(), prop::collection::vec(piece, 0..12))
        .prop_map(|(first, v)| [vec![first], v.concat().into_bytes()].concat())
}

/// A seed of the tokens and keys with some of its bytes changed, left out or put in.
fn tokens() -> impl Strategy<Value = Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/token");
    let entries = fs::read_dir(&folder).expect("a folder of seeds");
    let mut seeds: Vec<Vec<u8>> = entries.map(|e| fs::read(e.expect("a seed").path()).expect("a seed")).collect();
    seeds.sort();
    let piece = prop_oneof![
        "(\\.|\"|\\{|\\}|\\[|\\]|,|:|\u{0}|\\\\u00|-----|-----BEGIN |-----END |=|eyJ|e30|ey|null|\"kty\":|\"keys\":|0|\u{202e})",
        "[A-Za-z0-9_-]{1,8}",
        "\\PC{0,3}",
    ];
    let edit = (any::<prop::sample::Index>(), 0_usize..12, piece);
    (prop::sample::select(seeds), prop::collection::vec(edit, 0..6)).prop_map(|(mut bytes, edits)| {
        for (at, length, piece) in edits {
            let at = at.index(bytes.len() + 1);
            let end = (at + length).min(bytes.len());
            bytes.splice(at..end, piece.into_bytes());
        }
        bytes
    })
}

proptest! {
    #[test]
    fn any_bytes_are_undone_or_end(bytes in packed()) {
        bodies::decode(&bytes);
    }

    #[test]
    fn any_bytes_are_read_as_a_token_and_as_keys(bytes in tokens()) {
        bodies::token(&bytes);
    }

    #[test]
    fn any_bytes_are_read_as_a_log_of_any_format(bytes in lines()) {
        bodies::log(&bytes);
    }

    #[test]
    fn any_bytes_are_read_as_a_capture(
        text in "(\\{\"log\":\\{\"entries\":\\[|\\{\"request\":|\\{\"method\":\"GET\",\"url\":|\"http://a/:b\"|\\{\"item\":\\[|<items>|<item>|</item>|<url>|<!\\[CDATA\\[|\\]\\]>|<request base64=\"true\">|[\\]},:0a%]){0,20}",
    ) {
        bodies::capture(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_read_as_replies(
        pieces in prop::collection::vec(
            "(HTTP/1.[01] [1-5]0[0-4] x\r\n|Content-Length: [0-9+,]{1,4}\r\n|Transfer-Encoding: chunked\r\n|[0-9a-f]{1,3};?\r\n|\r\n|\n| |\\PC{0,4})",
            0..24,
        ),
        first in any::<u8>(),
    ) {
        bodies::reply(&[&[first][..], pieces.concat().as_bytes()].concat());
    }

    #[test]
    fn any_bytes_are_read_as_requests_or_answered(bytes in pieces()) {
        bodies::http(&bytes);
    }
}
