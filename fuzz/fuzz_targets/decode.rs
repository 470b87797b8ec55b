//! See `decode` in `bodies.rs`.
#![no_main]

// Each target uses one body of them.
#[allow(dead_code)]
#[path = "../bodies.rs"]
mod bodies;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| bodies::decode(bytes));
