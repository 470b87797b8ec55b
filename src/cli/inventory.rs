//! `lunette inventory`: the list without a screen, and a gate for pipelines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::Event;
use crate::app::gate::{Baseline, Gate, MOST_BASELINE, caught};
use crate::app::load::{self, How};
use crate::base::error::nearest;
use crate::base::{Clock as _, Error, Exit, Result, SystemClock, text};
use crate::inventory::Kind;
use crate::inventory::log::Choice;
use crate::report::inventory::{document, plain};

use super::args::InventoryArgs;
use super::output::{Output, Ticker, complain};
use super::{Common, Means, future};

pub fn run(common: &Common, a: &InventoryArgs, means: &Means) -> Result<Exit> {
    let gate = Gate::parse(&a.fail_on)?;
    let baseline = match &a.baseline {
        None => None,
        Some(path) => {
            let bytes = means.files.whole(path, MOST_BASELINE)?;
            let read = Baseline::read(&bytes).map_err(|e| e.at(text::display_str(&path.to_string_lossy())))?;
            Some(read)
        }
    };
    let stop = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stop);
    super::send::on_signal(move || flag.store(true, Ordering::Relaxed))?;
    let how = How {
        kind: a.kind.as_deref().map(kind).transpose()?,
        log: a.log_format.as_deref().map_or(Ok(Choice::Detect), Choice::parse)?,
        threads: None,
    };
    let mut ticker = Ticker::new(common.quiet);
    let loaded = load::load(&a.sources, &how, means.files.as_ref(), SystemClock.wall(), &stop, false, &mut |event| {
        if let Event::Progress(p) = event {
            ticker.show(&p);
        }
    });
    drop(ticker);
    // A list that lacks a source would pass a gate that the whole list fails.
    if let Some(e) = loaded.failures.into_iter().next() {
        return Err(e);
    }
    let inventory = loaded.inventory;
    let partial = stop.load(Ordering::Relaxed);
    let written = Output::new(common.format).result(
        || {
            let mut doc = document(&inventory);
            if partial {
                doc["partial"] = true.into();
            }
            doc
        },
        || plain(&inventory),
    );
    if partial {
        complain("lunette: interrupted; this is what was read until then");
        return Ok(Exit::Interrupted);
    }
    let (caught, known) = caught(&inventory, &gate, baseline.as_ref());
    for line in &caught {
        complain(&format!("lunette: {line}"));
    }
    if known > 0 && !common.quiet {
        complain(&format!("lunette: {known} more stand in the baseline already"));
    }
    Ok(if caught.is_empty() { written } else { Exit::Findings })
}

/// What `--as` names.
const KINDS: [(&str, Kind); 5] =
    [("spec", Kind::Json), ("log", Kind::Log), ("har", Kind::Har), ("postman", Kind::Postman), ("burp", Kind::Burp)];

fn kind(word: &str) -> Result<Kind> {
    let names = KINDS.map(|(n, _)| n);
    if let Some((_, kind)) = KINDS.iter().find(|(n, _)| *n == word) {
        return Ok(*kind);
    }
    if word == "code" {
        return Err(Error::input(future::sentence("--as code")));
    }
    let error = Error::input(format!("{} is no kind of source", text::display_str(word))).at("--as");
    Err(match nearest(word, names) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(format!("use one of {}", names.join(", "))),
    })
}
