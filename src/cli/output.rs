//! Standard output and standard error: one document or one text, and a closed pipe ends quietly.

#![expect(clippy::print_stderr, reason = "this is the one place that writes to the terminal")]

use std::io::{self, IsTerminal as _, Write as _};

use clap::ValueEnum;
use serde_json::Value;

use crate::app::Progress;
use crate::base::figure::{bytes, count};
use crate::base::text::panic_text;
use crate::base::{Exit, Secret, known};
use crate::jwt::crack::Progress as Tried;
use crate::report::json;

/// What stands on stdout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Text for a person.
    Table,
    /// One JSON document.
    Json,
    /// Of an inventory: an OpenAPI 3.0 document of what was seen and not declared.
    Openapi,
    /// Of a run: XML as build servers read it.
    Junit,
}

/// Where a command's result goes.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    format: Format,
    /// Whether known secrets stand in clear.
    show: bool,
}

impl Output {
    /// An output in this format.
    pub fn new(format: Format) -> Self {
        Self { format, show: false }
    }

    /// The same, with secrets in clear where that was asked for.
    #[must_use]
    pub fn showing(self, show: bool) -> Self {
        Self { show, ..self }
    }

    /// Writes the result in the format that was asked for; only that one is made.
    pub fn result(self, document: impl FnOnce() -> Value, plain: impl FnOnce() -> String) -> Exit {
        match self.format {
            Format::Json | Format::Openapi | Format::Junit => self.document(document()),
            Format::Table => self.text(&plain()),
        }
    }

    fn document(self, mut document: Value) -> Exit {
        if !self.show {
            json::redact(&mut document);
        }
        Self::bytes(json::to_string(&document).as_bytes())
    }

    /// Writes a secret that was asked for: in table format its bytes and nothing else, unless they would reach a terminal.
    pub fn secret(self, secret: &Secret, document: impl FnOnce() -> Value, plain: impl FnOnce() -> String) -> Exit {
        match self.format {
            Format::Json | Format::Openapi | Format::Junit => self.document(document()),
            Format::Table if io::stdout().is_terminal() => self.text(&plain()),
            Format::Table => Self::bytes(secret.expose()),
        }
    }

    /// Writes bytes that were asked for as they are; a terminal would act on them, so it gets the text.
    pub fn exact(self, bytes: &[u8], plain: impl FnOnce() -> String) -> Exit {
        if io::stdout().is_terminal() { self.text(&plain()) } else { Self::bytes(bytes) }
    }

    /// Writes text.
    pub fn text(self, text: &str) -> Exit {
        if self.show { Self::bytes(text.as_bytes()) } else { Self::bytes(known::redact_str(text).as_bytes()) }
    }

    /// Writes bytes. A reader that has gone wants no more, and that is no failure.
    fn bytes(bytes: &[u8]) -> Exit {
        let mut out = io::stdout().lock();
        match out.write_all(bytes).and_then(|()| out.flush()) {
            Ok(()) => Exit::Done,
            Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
            Err(e) => {
                complain(&format!("lunette: the output cannot be written: {e}"));
                Exit::Usage
            }
        }
    }
}

/// Writes one line to stderr, where no secret ever stands; nobody left to read it is no failure.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{}", known::redact_str(line));
}

/// Makes a panic one line of text that steers no terminal and holds no secret.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        complain(&format!("lunette failed at {place}: {}", panic_text(info)));
    }));
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
        let what = known::redact_str(&p.what);
        eprint!("\r\x1b[Kreading {what}  {share}{}  {}/s", bytes(p.done), bytes(p.rate));
        let _ = io::stderr().flush();
    }

    /// Shows how far a run over a word list is.
    pub fn trying(&mut self, p: &Tried) {
        if !self.on {
            return;
        }
        self.shown = true;
        let percent = p.done.saturating_mul(100).checked_div(p.total);
        let share = percent.map(|n| format!("{n} %  ")).unwrap_or_default();
        let left = p.left().map(|t| format!("  {} s left", t.as_secs() + 1)).unwrap_or_default();
        eprint!("\r\x1b[Ktrying  {share}{} keys  {}/s{left}", count(p.candidates), count(p.rate()));
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
