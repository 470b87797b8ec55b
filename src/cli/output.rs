//! Standard output and standard error: one document or one text, and a closed pipe ends quietly.

#![expect(clippy::print_stderr, reason = "this is the one place that writes to the terminal")]

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde_json::Value;

use crate::app::Progress;
use crate::base::Exit;
use crate::base::figure::bytes;
use crate::report::json;

/// What stands on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for a person.
    Table,
    /// One JSON document.
    Json,
}

/// Where a command's result goes.
#[derive(Debug)]
pub struct Output(Format);

impl Output {
    /// An output in this format.
    pub fn new(format: Format) -> Self {
        Self(format)
    }

    /// Writes the result in the format that was asked for; only that one is made.
    pub fn result(&self, document: impl FnOnce() -> Value, plain: impl FnOnce() -> String) -> Exit {
        match self.0 {
            Format::Json => self.text(&json::to_string(&document())),
            Format::Table => self.text(&plain()),
        }
    }

    /// Writes text. A reader that has gone wants no more, and that is no failure.
    pub fn text(&self, text: &str) -> Exit {
        let mut out = io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Exit::Done,
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(e) => {
                complain(&format!("lunette: the output cannot be written: {e}"));
                Exit::Usage
            }
        }
    }
}

/// Writes one line to stderr; nobody left to read it is no failure.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Progress on one line of stderr, where stderr is a terminal.
#[derive(Debug)]
pub struct Ticker {
    shown: bool,
    on: bool,
}

impl Ticker {
    /// A ticker, silent where there is no terminal or the user wants quiet.
    pub fn new(quiet: bool) -> Self {
        Self { shown: false, on: !quiet && io::stderr().is_terminal() }
    }

    /// Shows how far it is.
    pub fn show(&mut self, p: &Progress) {
        if !self.on {
            return;
        }
        self.shown = true;
        let percent = p.done.saturating_mul(100).checked_div(p.total);
        let share = percent.map(|n| format!("{n} %  ")).unwrap_or_default();
        eprint!("\r\x1b[Kreading {}  {share}{}  {}/s", p.what, bytes(p.done), bytes(p.rate));
        let _ = io::stderr().flush();
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        if self.shown {
            eprint!("\r\x1b[K");
        }
    }
}
