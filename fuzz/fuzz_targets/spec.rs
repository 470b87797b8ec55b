//! Any bytes as a specification: reading, resolving and listing never panic, and end.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lunette::base::Stamp;
use lunette::inventory::{Builder, Document, compose};

fuzz_target!(|bytes: &[u8]| {
    let Ok((document, problems)) = Document::read(Arc::from("fuzz"), bytes.to_vec()) else { return };
    for index in 0..document.operations().len().min(64) {
        let _ = document.operation(index);
    }
    let Some(now) = Stamp::from_unix(1_700_000_000) else { return };
    let mut builder = Builder::new(now);
    builder.spec(document, problems);
    let inventory = builder.finish();
    for index in 0..inventory.endpoints.len().min(64) {
        let _ = compose(&inventory, index);
    }
});
