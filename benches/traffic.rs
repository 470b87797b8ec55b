//! Access logs read on one core: bytes a second, memory, and nanoseconds a path.
//!
//! `cargo bench --bench traffic`; `cargo bench --bench traffic -- write FILE BYTES` writes such a log for `benches/long.sh log`.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use lunette::base::Stamp;
use lunette::inventory::sample::{self, Gateway};
use lunette::inventory::{Builder, Document, Inventory};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 7;
/// As the program reads files.
const BLOCK: usize = 512 << 10;
const BYTES: usize = 100 << 20;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [write, file, bytes] = &words[..]
        && write == "write"
    {
        return write_log(file, bytes.parse().expect("a number of bytes"));
    }
    println!("CPU time of the process, best and median of {ROUNDS} rounds");
    let text = gateway(BYTES);
    measure("gateway log, nothing declared", &text, None);
    let text = sample::log(500_000, 1_200).repeat(2);
    measure("log of 1,200 declared operations", &text, Some(&sample::document(1_200)));
}

fn measure(name: &str, text: &[u8], document: Option<&[u8]>) {
    let mut took: Vec<(Duration, Inventory)> = (0..ROUNDS).map(|_| read(text, document)).collect();
    took.sort_by_key(|t| t.0);
    let speed = |d: Duration| text.len() as f64 / 1e6 / d.as_secs_f64();
    let inventory = &took[0].1;
    println!(
        "{name:<34} {:>5.0} MB/s  (median {:.0}; {:.0} MB, {} lines of {} bytes, {:.0} ns a line, {} endpoints)",
        speed(took[0].0),
        speed(took[ROUNDS / 2].0),
        text.len() as f64 / 1e6,
        inventory.log_lines,
        text.len() as u64 / inventory.log_lines,
        took[0].0.as_secs_f64() * 1e9 / inventory.log_lines as f64,
        inventory.endpoints.len()
    );
}

fn read(text: &[u8], document: Option<&[u8]>) -> (Duration, Inventory) {
    let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
    if let Some(bytes) = document {
        let (document, problems) = Document::read(Arc::from("document"), bytes.to_vec()).expect("a document");
        builder.spec(document, problems);
    }
    let from = cpu();
    builder.log(Arc::from("log"));
    for block in text.chunks(BLOCK) {
        builder.feed(block).expect("a log");
    }
    builder.end_log().expect("a log");
    let inventory = builder.finish();
    (cpu().saturating_sub(from), inventory)
}

fn gateway(bytes: usize) -> Vec<u8> {
    let mut gateway = Gateway::new(1);
    let mut text = String::with_capacity(bytes + 1_000);
    while text.len() < bytes {
        gateway.line(&mut text);
    }
    text.into_bytes()
}

fn write_log(file: &str, bytes: u64) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(file).expect("a file"));
    let mut gateway = Gateway::new(1);
    let mut written = 0u64;
    let mut line = String::new();
    while written < bytes {
        line.clear();
        gateway.line(&mut line);
        file.write_all(line.as_bytes()).expect("room");
        written += line.len() as u64;
    }
    file.flush().expect("room");
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}
