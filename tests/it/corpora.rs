//! The seeds of the fuzz targets, run as plain tests through the same code.

use std::fs;
use std::path::Path;

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
fn token() {
    replay("token", bodies::token);
}

#[test]
fn headers() {
    replay("headers", bodies::headers);
}
