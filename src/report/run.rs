//! The document `lunette.run/1`, the plain text beside it, and what both are made of.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::exchange::{Secrets, document as exchange};
use crate::base::Error;
use crate::base::figure::millis;
use crate::base::text::display_str;
use crate::grade::HeaderGrade;
use crate::wire::flow::Verdict;
use crate::wire::{Exchange, FailureKind};

/// What came of a run.
#[derive(Debug, Default)]
pub struct Run {
    /// What came of each file, as far as it went.
    pub files: Vec<FileRun>,
    /// What the user is to know besides.
    pub notes: Vec<String>,
    /// It was stopped from outside.
    pub interrupted: bool,
}

/// What came of one file.
#[derive(Debug)]
pub struct FileRun {
    /// Its name, in display form.
    pub path: String,
    /// Its requests, in order.
    pub requests: Vec<RequestRun>,
}

/// What came of one request.
#[derive(Debug)]
pub struct RequestRun {
    /// Its name, or its method and URL as written, in display form.
    pub name: String,
    /// Line of its request line.
    pub line: usize,
    /// The last exchange; `None` where none could be made.
    pub exchange: Option<Exchange>,
    /// The grade of its headers.
    pub grade: Option<HeaderGrade>,
    /// Why no request could be made.
    pub error: Option<Error>,
    /// What was asserted.
    pub asserts: Vec<Asserted>,
    /// What was to be captured.
    pub captures: Vec<Captured>,
    /// How often it was sent.
    pub tries: u32,
    /// All tries and pauses together.
    pub elapsed: Duration,
}

/// What came of one assertion.
#[derive(Debug)]
pub struct Asserted {
    /// Its line.
    pub line: usize,
    /// As it is written.
    pub text: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was found, in display form.
    pub actual: String,
}

/// What came of one capture.
#[derive(Debug)]
pub struct Captured {
    /// The name.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// Why there is no value.
    pub why: Option<String>,
}

impl RequestRun {
    /// Whether a reply came, as far as it can be read: one that was cut off says nothing of what was asserted.
    fn came(&self) -> bool {
        self.exchange.as_ref().is_some_and(|x| {
            let kind = x.error.as_ref().map(|e| e.kind);
            x.response.is_some() && matches!(kind, None | Some(FailureKind::Cap | FailureKind::Protocol))
        })
    }

    /// How it ended. Without assertions any reply passes: what is wanted of it is written down, and not guessed.
    pub fn outcome(&self) -> Verdict {
        let came = self.came();
        let fails = self.asserts.iter().any(|a| a.verdict == Verdict::Fail);
        if came && (fails || self.captures.iter().any(|c| c.why.is_some())) {
            return Verdict::Fail;
        }
        let errs = self.asserts.iter().any(|a| a.verdict == Verdict::Error);
        if came && !errs { Verdict::Pass } else { Verdict::Error }
    }

    /// Why no reply came, in one sentence.
    pub fn failure(&self) -> Option<String> {
        let exchange = self.exchange.as_ref().and_then(|x| x.error.as_ref());
        let exchange = exchange.map(|e| format!("{}: {}", e.phase.word(), e.message));
        self.error.as_ref().map(ToString::to_string).or(exchange)
    }

    /// What does not hold, a sentence each.
    pub fn faults(&self, path: &str) -> Vec<String> {
        // An error that names its own place needs no other.
        let placed = self.error.as_ref().is_some_and(|e| e.place.as_ref().is_some_and(|p| p.starts_with(path)));
        let failure = self.failure().filter(|_| !self.came());
        let failure = failure.map(|why| if placed { why } else { format!("{path}:{}: {why}", self.line) });
        let asserts = self.asserts.iter().filter(|a| a.verdict != Verdict::Pass && failure.is_none());
        let asserts = asserts
            .map(|a| format!("{path}:{}: {} {}; found {}", a.line, display_str(&a.text), wording(a.verdict), a.actual));
        let captures = self.captures.iter().filter_map(|c| Some((c, c.why.as_ref()?)));
        let captures = captures.map(|(c, why)| format!("{path}:{}: {} is not captured: {why}", c.line, c.name));
        failure.clone().into_iter().chain(asserts).chain(captures).collect()
    }

    /// Its status, where a reply came.
    pub fn status(&self) -> Option<u16> {
        self.exchange.as_ref().and_then(Exchange::status)
    }
}

fn wording(verdict: Verdict) -> &'static str {
    if verdict == Verdict::Error { "cannot be judged" } else { "does not hold" }
}

impl Run {
    /// Every request.
    pub fn requests(&self) -> impl Iterator<Item = &RequestRun> {
        self.files.iter().flat_map(|f| &f.requests)
    }

    /// How many ended so.
    pub fn count(&self, outcome: Verdict) -> usize {
        self.requests().filter(|r| r.outcome() == outcome).count()
    }

    /// All of it together.
    pub fn elapsed(&self) -> Duration {
        self.requests().map(|r| r.elapsed).sum()
    }
}

pub(super) fn ms(d: Duration) -> f64 {
    (d.as_secs_f64() * 1e6).round() / 1e3
}

/// The document.
pub fn document(run: &Run, secrets: Secrets) -> Value {
    let files = run.files.iter().map(
        |f| json!({"path": f.path, "requests": f.requests.iter().map(|r| request(r, secrets)).collect::<Vec<_>>()}),
    );
    json!({
        "schema": "lunette.run/1",
        "files": files.collect::<Vec<_>>(),
        "notes": run.notes,
        "totals": {
            "files": run.files.len(),
            "requests": run.requests().count(),
            "passed": run.count(Verdict::Pass),
            "failed": run.count(Verdict::Fail),
            "errors": run.count(Verdict::Error),
            "asserts": run.requests().map(|r| r.asserts.len()).sum::<usize>(),
            "sent": run.requests().map(|r| r.tries).sum::<u32>(),
            "elapsed_ms": ms(run.elapsed()),
        },
    })
}

fn request(r: &RequestRun, secrets: Secrets) -> Value {
    let asserts = r
        .asserts
        .iter()
        .map(|a| json!({"line": a.line, "text": a.text, "outcome": a.verdict.word(), "actual": a.actual}));
    let captures =
        r.captures.iter().map(|c| json!({"name": c.name, "line": c.line, "ok": c.why.is_none(), "why": c.why}));
    json!({
        "name": r.name,
        "line": r.line,
        "outcome": r.outcome().word(),
        "error": r.failure(),
        "asserts": asserts.collect::<Vec<_>>(),
        "captures": captures.collect::<Vec<_>>(),
        "tries": r.tries,
        "elapsed_ms": ms(r.elapsed),
        "exchange": r.exchange.as_ref().map(|x| exchange(x, r.grade.as_ref(), secrets)),
    })
}

/// One request as a line, and a line for each thing about it that does not hold.
pub fn lines(path: &str, r: &RequestRun) -> String {
    let mut out = String::new();
    let status = r.status().map_or_else(|| "\u{2013}".to_owned(), |s| s.to_string());
    let tries = if r.tries > 1 { format!("   {} tries", r.tries) } else { String::new() };
    let took = millis(r.elapsed.as_secs_f64() * 1e3);
    let _ = writeln!(out, "{:<5}  {status:>3}  {took:>7} ms  {path}:{}  {}{tries}", r.outcome().word(), r.line, r.name);
    for fault in r.faults(path) {
        let _ = writeln!(out, "       {fault}");
    }
    out
}

/// What came of all.
pub fn totals(run: &Run) -> String {
    let [passed, failed, errors] = [Verdict::Pass, Verdict::Fail, Verdict::Error].map(|o| run.count(o));
    let asserts: usize = run.requests().map(|r| r.asserts.len()).sum();
    format!(
        "{passed} passed, {failed} failed, {errors} without a verdict; {asserts} assertions in {} ms\n",
        millis(run.elapsed().as_secs_f64() * 1e3)
    )
}

/// The same as text.
pub fn plain(run: &Run) -> String {
    let each = run.files.iter().flat_map(|f| f.requests.iter().map(|r| lines(&f.path, r)));
    each.chain([totals(run)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::{Failure, Phase, Request, Response};

    #[test]
    fn a_reply_that_was_cut_off_passes_nothing_and_one_that_is_too_large_is_judged() {
        let request = |kind: Option<FailureKind>, verdict| {
            let request = Request::new("GET", b"http://h/").expect("url");
            let mut x = Exchange::new(1, Stamp::from_unix(0).expect("time"), request);
            x.response = Some(Response { status: 200, ..Response::default() });
            x.error = kind.map(|kind| Failure { phase: Phase::Receive, kind, message: "why".to_owned() });
            let assert = Asserted { line: 2, text: "status 200".to_owned(), verdict, actual: "200".to_owned() };
            RequestRun {
                name: "n".to_owned(),
                line: 1,
                exchange: Some(x),
                grade: None,
                error: None,
                asserts: vec![assert],
                captures: Vec::new(),
                tries: 1,
                elapsed: Duration::ZERO,
            }
        };
        let cut = request(Some(FailureKind::Timeout), Verdict::Pass);
        assert_eq!((cut.outcome(), cut.faults("f")), (Verdict::Error, vec!["f:1: receive: why".to_owned()]));
        let capped = request(Some(FailureKind::Cap), Verdict::Pass);
        assert_eq!((capped.outcome(), capped.faults("f").len()), (Verdict::Pass, 0));
        assert_eq!(request(None, Verdict::Fail).outcome(), Verdict::Fail);
        assert_eq!(request(None, Verdict::Error).outcome(), Verdict::Error);
    }
}
