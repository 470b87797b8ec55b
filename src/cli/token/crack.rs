//! `lunette jwt crack`: the secret of a token guessed.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use crate::app::crack::{self, Control};
use crate::base::{Exit, Result};
use crate::cli::output::{Output, Ticker, complain};
use crate::cli::{Common, Means};
use crate::report::lint::{cracked, plain_cracked};

use super::{Source, one_stdin};

/// `lunette jwt crack`.
#[derive(Debug, Args)]
pub struct CrackArgs {
    #[command(flatten)]
    source: Source,
    /// A file with a key a line, packed or not; - reads standard input. Without it the built-in list is tried
    #[arg(long, value_name = "FILE|-")]
    wordlist: Option<PathBuf>,
    /// Threads that try; else as many as the machine has
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    threads: Option<u16>,
    /// The host that the token is sent to, which may be its secret
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
}

pub fn run(common: &Common, a: &CrackArgs, means: &Means) -> Result<Exit> {
    one_stdin(&[a.source.reads_stdin(), a.wordlist.as_ref().is_some_and(|w| w.as_os_str() == "-")])?;
    let token = a.source.read(means)?;
    let control = Arc::new(Control::default());
    let steer = Arc::clone(&control);
    crate::cli::send::on_signal(move || steer.cancel())?;
    let mut ticker = Ticker::new(common.quiet);
    let threads = a.threads.map_or(0, usize::from);
    let ran = crack::run(
        &token,
        a.host.as_deref(),
        a.wordlist.as_deref(),
        means.files.as_ref(),
        threads,
        &control,
        &mut |p| {
            ticker.trying(p);
        },
    );
    drop(ticker);
    let outcome = ran?;
    let written = Output::new(common.format).result(|| cracked(&outcome), || plain_cracked(&outcome));
    Ok(match &outcome.secret {
        Some(_) => Exit::Findings,
        None if outcome.cancelled => {
            complain("lunette: interrupted; the rest of the list was not tried");
            Exit::Interrupted
        }
        None => written,
    })
}
