//! Any bytes as an access log, in blocks of a size the first byte chooses: the list is the same as from one block.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use lunette::base::Stamp;
use lunette::inventory::{Builder, Inventory, sniff};

fn read(bytes: &[u8], block: usize) -> Option<Inventory> {
    let mut builder = Builder::new(Stamp::from_unix(1_700_000_000)?);
    builder.log(Arc::from("fuzz"));
    for part in bytes.chunks(block) {
        builder.feed(part).ok()?;
    }
    builder.end_log().ok()?;
    Some(builder.finish())
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let _ = sniff("fuzz", bytes);
    let (Some(a), Some(b)) = (read(bytes, usize::from(first) + 1), read(bytes, bytes.len().max(1))) else { return };
    assert_eq!(a.log_lines, b.log_lines);
    assert_eq!(a.unparsed, b.unparsed);
    assert_eq!(a.noise, b.noise);
    let list = |i: &Inventory| i.endpoints.iter().map(|e| (e.path.clone(), e.requests)).collect::<Vec<_>>();
    assert_eq!(list(&a), list(&b));
});
