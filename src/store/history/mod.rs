//! The history: every exchange that left, listed newest first, and read back whole.
//!
//! A workspace keeps it in `.lunette/history.db`, written by one thread that takes whatever waits into one transaction. With
//! the vault open a record's headers, bytes and bodies are sealed; else what is secret in them is masked before they are
//! kept. When, to whom, with which status stands in clear, so that it can be listed and looked through with any tool.

mod queue;
mod rows;
mod schema;
mod select;
mod stored;

use std::time::Duration;

use crate::base::{Letter, Result, Stamp};
use crate::grade::odd::Sends;
use crate::wire::{Exchange, Origin};

pub use queue::Writer;
pub use schema::FILE;
pub use select::{Select, TERMS, statuses};
pub(super) use stored::row;

/// Rows of a list at most.
pub const MOST_ROWS: usize = 1_000;
/// Bytes of a body that are kept.
pub const MOST_BODY: usize = 8 << 20;

/// One exchange in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number in the history.
    pub id: i64,
    /// The run that sent it.
    pub run: String,
    /// Its number within that run.
    pub number: u64,
    /// When it began.
    pub at: Stamp,
    /// Who asked: `hand`, `check`, `rate`, `oauth`, `login`.
    pub who: String,
    /// Name of the identity used.
    pub identity: Option<String>,
    /// Method, in display form.
    pub method: String,
    /// Where it went.
    pub origin: Origin,
    /// Target, in display form, with what is secret in it masked.
    pub target: String,
    /// Status, when a response head came.
    pub status: Option<u16>,
    /// What kind of failure ended it.
    pub failure: Option<String>,
    /// From its start to its end.
    pub total: Option<Duration>,
    /// Body bytes after content decoding.
    pub size: u64,
    /// How it is kept.
    pub form: Form,
}

/// How an exchange is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// As it was, in memory.
    Whole,
    /// What is secret in it was masked before it was kept.
    Masked,
    /// Whole, for a holder of the vault.
    Sealed,
}

impl Form {
    /// The word in the file, in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Masked => "masked",
            Self::Sealed => "sealed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Whole, Self::Masked, Self::Sealed].into_iter().find(|f| f.word() == word)
    }
}

/// One exchange read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its row.
    pub row: Row,
    /// The exchange.
    pub exchange: Exchange,
}

/// What the latest exchange with an endpoint was worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graded {
    /// Method of the endpoint.
    pub method: String,
    /// Its host, where a source names one.
    pub host: Option<String>,
    /// Its path template.
    pub path: String,
    /// Header grade.
    pub headers: Option<Letter>,
    /// `ok`, `bad`, or `no` for plain text.
    pub tls: Option<&'static str>,
    /// Which headers that belong on every reply it sends.
    pub sends: Option<Sends>,
}

/// What [`Graded::tls`] may be.
const TLS_WORDS: [&str; 3] = ["ok", "bad", "no"];

/// What can be read back.
pub trait History: Send + Sync {
    /// Keeps the grade of an endpoint, in place of an earlier one; without a workspace nothing is kept of it.
    ///
    /// # Errors
    /// The disk says no.
    fn grade(&self, _: &Graded) -> Result<()> {
        Ok(())
    }
    /// The grades that were kept.
    ///
    /// # Errors
    /// A history that cannot be read.
    fn grades(&self) -> Result<Vec<Graded>> {
        Ok(Vec::new())
    }
    /// The exchanges that `select` takes, newest first.
    ///
    /// # Errors
    /// A history that cannot be read.
    fn list(&self, select: &Select) -> Result<Vec<Row>>;
    /// One exchange, whole.
    ///
    /// # Errors
    /// None of that number, or one that is sealed and cannot be opened.
    fn load(&self, id: i64) -> Result<Kept>;
    /// What keeps the record from being kept now, in one sentence; none when all is well.
    fn trouble(&self) -> Option<String>;
    /// Tells `tell` whenever that changes.
    fn watch(&self, tell: Box<dyn Fn(Option<String>) + Send + Sync>);
}

/// Whether a row is one that `select` takes; how many it takes is not asked here.
pub(super) fn takes(select: &Select, row: &Row) -> bool {
    let text = || {
        format!("{} {}://{}:{}{}", row.method, row.origin.scheme.word(), row.origin.host, row.origin.port, row.target)
    };
    let only = |wanted: Option<&String>, has: Option<&String>| wanted.is_none() || wanted == has;
    select.text.as_ref().is_none_or(|t| text().to_ascii_lowercase().contains(&t.to_ascii_lowercase()))
        && only(select.host.as_ref(), Some(&row.origin.host))
        && select.port.is_none_or(|p| p == row.origin.port)
        && select.status.is_none_or(|(from, to)| row.status.is_some_and(|s| (from..=to).contains(&s)))
        && select.method.as_ref().is_none_or(|m| m.eq_ignore_ascii_case(&row.method))
        && only(select.who.as_ref(), Some(&row.who))
        && only(select.identity.as_ref(), row.identity.as_ref())
        && select.since.is_none_or(|since| row.at >= since)
        && select.before.is_none_or(|before| row.id < before)
}
