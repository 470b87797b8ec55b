//! CPU time until a document is browsable.
//!
//! `npm ci --ignore-scripts --prefix tests/peers && cargo bench --bench inventory`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lunette::base::Stamp;
use lunette::inventory::{Builder, Document, Filter, compose, sample};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 7;

fn main() {
    println!("CPU time of the process, best and median of {ROUNDS} rounds");
    let github = github();
    if github.is_file() {
        document("GitHub REST document", "repos ~m GET|DELETE", &std::fs::read(github).expect("readable"));
    } else {
        println!("the GitHub document is not installed; run: npm ci --ignore-scripts --prefix tests/peers");
    }
    document("1,200 generated operations", "items ~m GET|DELETE", &sample::document(1_200));
}

/// Bytes to a list that is filtered: what stands between a file that was read and the first rows of a search.
fn document(name: &str, filter: &str, bytes: &[u8]) {
    let filter = Filter::parse(filter).expect("a filter");
    let (best, median, (inventory, found)) = rounds(|| {
        let from = cpu();
        let inventory = builder(bytes).finish();
        let found = inventory.endpoints.iter().filter(|e| filter.matches(e)).count();
        (cpu().saturating_sub(from), (inventory, found))
    });
    let size = bytes.len() as f64 / 1e6;
    println!(
        "{name:<28} {:>6.1} ms    (median {:.1}; {size:.1} MB, {} endpoints, {found} found)",
        ms(best),
        ms(median),
        inventory.endpoints.len()
    );
    let (best, _, ()) = rounds(|| {
        let from = cpu();
        for i in 0..inventory.endpoints.len() {
            std::hint::black_box(compose(&inventory, i, None));
        }
        (cpu().saturating_sub(from), ())
    });
    println!("  one of it composed         {:>6.1} us", ms(best) * 1e3 / inventory.endpoints.len() as f64);
}

fn builder(bytes: &[u8]) -> Builder {
    let (document, problems) = Document::read(Arc::from("document"), bytes.to_vec()).expect("a document");
    let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
    builder.spec(document, problems);
    builder
}

fn github() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers/node_modules/@octokit/openapi/generated/api.github.com.json")
}

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}

/// Best and median of what `run` says it took, and what it gave last.
fn rounds<T>(mut run: impl FnMut() -> (Duration, T)) -> (Duration, Duration, T) {
    let (first, mut last) = run();
    let mut took = vec![first];
    for _ in 1..ROUNDS {
        let (time, gave) = run();
        took.push(time);
        last = gave;
    }
    took.sort();
    (took[0], took[ROUNDS / 2], last)
}
