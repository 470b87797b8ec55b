//! `lunette inventory`: the list without a screen, and a gate for pipelines.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::app::Event;
use crate::app::gate::{Baseline, MOST_BASELINE, caught};
use crate::app::load::{self, How};
use crate::base::error::nearest;
use crate::base::{Clock as _, Error, Exit, Result, SystemClock, text};
use crate::inventory::log::Choice;
use crate::inventory::{Kind, State};
use crate::report::inventory::{document, plain};

use super::args::InventoryArgs;
use super::output::{Output, Ticker, complain};
use super::{Common, Means, future};

const SEVERITIES: [&str; 6] = ["never", "info", "low", "medium", "high", "critical"];

pub fn run(common: &Common, a: &InventoryArgs, means: &Means) -> Result<Exit> {
    let states = gate(&a.fail_on)?;
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
        follow: false,
        kind: a.kind.as_deref().map(kind).transpose()?,
        log: a.log_format.as_deref().map_or(Ok(Choice::Detect), Choice::parse)?,
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
    let (caught, known) = caught(&inventory, &states, baseline.as_ref());
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

/// The states that fail. Severities are taken too; this version has no findings for them to meet.
fn gate(words: &[String]) -> Result<Vec<State>> {
    let mut states = Vec::new();
    for word in words {
        match State::ALL.iter().find(|s| s.word() == word) {
            Some(state) => states.push(*state),
            None if SEVERITIES.contains(&word.as_str()) => {}
            None => {
                let all = State::ALL.iter().map(|s| s.word()).chain(SEVERITIES);
                let error = Error::input(format!("{} is neither a state nor a severity", text::display_str(word)))
                    .at("--fail-on");
                return Err(match nearest(word, all) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint("use shadow, shadow-method, zombie, ghost or documented"),
                });
            }
        }
    }
    Ok(states)
}
