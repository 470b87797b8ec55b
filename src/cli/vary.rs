//! `lunette send --vary`: one request many times, with another value in one place each time.

use std::sync::{Arc, Mutex, PoisonError};

use super::output::Output;
use super::{Common, Means};
use crate::app::vary::{Outcome, Values, run as vary};
use crate::app::{Keyring, draft, send};
use crate::base::{Error, Exit, Result};
use crate::engine::Entry;
use crate::report::vary::{Row, document, plain};
use crate::wire::{FailureKind, Policy, Print, Request};
use clap::Args;

/// Requests that are sent unless more are allowed.
const BUDGET: usize = 200;

/// Options of variables and of varying.
#[derive(Debug, Args)]
#[command(next_help_heading = "Variables")]
pub struct VaryArgs {
    /// Put in the values of this environment of the workspace where {{name}} stands in URL, headers and body
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Send once for each value of {{NAME}}: a range with an optional step, values between commas, or one a line of a file
    #[arg(long, value_name = "NAME=1..50[/STEP]|a,b,c|@FILE", conflicts_with_all = ["explain", "raw", "times", "group"])]
    pub vary: Option<String>,
    /// Most values that --vary takes; 200 when left out
    #[arg(long, value_name = "N", requires = "vary")]
    pub budget: Option<usize>,
}

impl VaryArgs {
    /// The values that were asked for, within the budget.
    ///
    /// # Errors
    /// As [`Values::parse`], or more values than the budget, before anything is sent.
    pub fn values(&self, means: &Means) -> Result<Option<Values>> {
        let Some(text) = &self.vary else { return Ok(None) };
        let values = Values::parse(text, means.files.as_ref())?;
        let (n, most) = (values.all.len(), self.budget.unwrap_or(BUDGET));
        if n > most {
            return Err(Error::refused(format!(
                "{n} values are more than the budget of {most} requests; nothing was sent"
            ))
            .at("--vary")
            .hint(format!("--budget {n} allows them")));
        }
        Ok(Some(values))
    }
}

/// Sends a request for every value, and prints a row for each.
pub fn carry(
    common: &Common,
    values: Values,
    make: impl Fn(&[u8]) -> Result<Request> + Send + Sync + 'static,
    policy: Policy,
    keyring: Keyring,
    scope: Vec<Entry>,
    means: &Means,
) -> Result<Exit> {
    let first = make(values.all.first().map_or(b"".as_slice(), Vec::as_slice))?;
    let subject = draft::subject(&first);
    let n = values.all.len();
    common.note(&[format!("sends {n} requests, one after the other, the first {subject}")]);
    let name = values.name.clone();
    let (rows, ran) = sent(common, values, make, policy, keyring, scope, means)?;
    let exit = exit(&rows);
    let base = rows.first().map(|r| r.print.clone()).unwrap_or_default();
    let sent = rows.len();
    let rows: Vec<Row> = rows.into_iter().map(|r| row(r, &base)).collect();
    let written = Output::new(common.format)
        .result(|| super::send::marked(document(&subject, &name, &rows), exit), || plain(&rows));
    ran?;
    if sent < n {
        common.note(&[format!("{sent} of {n} were sent")]);
    }
    Ok(if written == Exit::Done { exit } else { written })
}

/// Sends a request for each of the values, one after the other: what came of each, and why no more were sent.
///
/// # Errors
/// An engine that does not start.
pub fn sent(
    common: &Common,
    values: Values,
    make: impl Fn(&[u8]) -> Result<Request> + Send + Sync + 'static,
    policy: Policy,
    keyring: Keyring,
    scope: Vec<Entry>,
    means: &Means,
) -> Result<(Vec<Outcome>, Result<()>)> {
    let engine = Arc::new(means.engine(common, scope, Vec::new(), &keyring)?);
    super::send::stop_on_signal(&engine)?;
    let rows: Arc<Mutex<Vec<Outcome>>> = Arc::default();
    let (into, budget) = (Arc::clone(&rows), values.budget());
    let ran = engine.run(budget, move |transport| {
        Box::pin(async move {
            let mut each = |outcome| {
                into.lock().unwrap_or_else(PoisonError::into_inner).push(outcome);
                true
            };
            vary(transport, &keyring, &values, &make, policy, &mut each).await
        })
    })?;
    let rows = std::mem::take(&mut *rows.lock().unwrap_or_else(PoisonError::into_inner));
    Ok((rows, ran))
}

fn row(r: Outcome, base: &Print) -> Row {
    let difference = r.print.differs(base);
    Row { value: r.value, status: r.status, bytes: r.bytes, ms: r.ms, difference, failure: r.failure }
}

/// How the process ends: as the last exchange when nothing came back at all or it was stopped, else well.
pub fn exit(rows: &[Outcome]) -> Exit {
    let last = rows.last().and_then(|r| r.judged.as_ref()).map(|j| &j.exchange);
    let stopped = last.and_then(|x| x.error.as_ref()).is_some_and(|e| e.kind == FailureKind::Cancelled);
    match last {
        Some(x) if stopped || rows.iter().all(|r| r.status.is_none()) => send::exit(x),
        None if rows.is_empty() => Exit::Unreachable,
        _ => Exit::Done,
    }
}
