//! Use case: one request many times, with another value in one place each time, and what came back as rows.
//!
//! One after the other, so that the times can be compared; in the lane of batches, so that the pace of the target holds.

use std::path::Path;
use std::sync::Arc;

use super::send::judge;
use super::{Judged, Keyring};
use crate::base::text::{display, display_str};
use crate::base::{Error, Result};
use crate::engine::{Budget, Lane};
use crate::wire::{Exchange, FailureKind, Load, Policy, Print, Request, Transport};

/// The name that a value takes where a field was marked and no name was typed.
pub const MARK: &str = "vary";
/// Values of one run.
pub const MOST: usize = 10_000;
/// Bytes of a file of values.
const MOST_FILE: u64 = 4 << 20;
/// Failures in a row after which the rest is left out: a host that has gone is not asked on.
const PATIENCE: usize = 3;
/// Body bytes that the rows of one run keep together.
const MOST_KEPT: usize = 64 << 20;

/// A name and its values, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// Where `{{name}}` stands, a value is put in.
    pub name: String,
    /// The values.
    pub all: Vec<Vec<u8>>,
}

impl Values {
    /// Reads `[NAME=]1..200`, `[NAME=]1..200/5` (both ends are in it, zeros in front are kept), `[NAME=]a,b,c` or
    /// `[NAME=]@FILE` (one value a line).
    ///
    /// # Errors
    /// Nothing in it, a range without end or step, more than [`MOST`] values, or a file that is not there.
    pub fn parse(text: &str, files: &dyn Load) -> Result<Self> {
        let is_name = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        let (name, values) = text.split_once('=').filter(|(n, _)| is_name(n)).unwrap_or((MARK, text));
        let shown = || format!("vary {}", display_str(name));
        let all = if let Some(path) = values.strip_prefix('@') {
            let bytes = files.exact(Path::new(path), MOST_FILE)?;
            bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l).to_vec()).collect::<Vec<_>>()
        } else if let Some(range) = range(values) {
            range.map_err(|e| e.at(shown()))?
        } else {
            values.split(',').map(|v| v.as_bytes().to_vec()).collect()
        };
        let all: Vec<Vec<u8>> = all.into_iter().filter(|v| !v.is_empty()).collect();
        match all.len() {
            0 => Err(Error::input("there is no value").at(shown()).hint("write 1..50, a,b,c or @FILE")),
            n if n > MOST => Err(Error::input(format!("{n} values are more than the {MOST} of one run"))
                .at(shown())
                .hint("take a part of them")),
            _ => Ok(Self { name: name.to_owned(), all }),
        }
    }

    /// The first values and how many there are, in display form.
    pub fn words(&self) -> String {
        let first: Vec<String> = self.all.iter().take(5).map(|v| display(&v[..v.len().min(40)])).collect();
        match (first.len() == self.all.len(), self.all.last()) {
            (false, Some(last)) => format!("{} … {}", first.join(", "), display(&last[..last.len().min(40)])),
            _ => first.join(", "),
        }
    }

    /// What a run of them may send.
    pub fn budget(&self) -> Budget {
        // A credential that has expired is renewed once, and the request sent again.
        Budget { origin: "vary", lane: Lane::Batch, requests: Some(self.all.len() as u64 * 2) }
    }
}

/// `1..200` or `1..200/5`; `None` for what is no range.
fn range(text: &str) -> Option<Result<Vec<Vec<u8>>>> {
    let (from, rest) = text.split_once("..")?;
    let (to, step) = rest.split_once('/').map_or((rest, "1"), |(to, step)| (to, step));
    let (first, last): (i64, i64) = from.parse().ok().zip(to.parse().ok())?;
    let Some(step) = step.parse::<i64>().ok().filter(|s| *s > 0) else {
        return Some(Err(Error::input("the step of a range is a number above 0").hint("write 1..200/5")));
    };
    let wide = from.trim_start_matches('-');
    let width = if wide.len() > 1 && wide.starts_with('0') { from.len() } else { 0 };
    let down = first > last;
    let count = (first.abs_diff(last) / step.unsigned_abs()).saturating_add(1);
    if count > MOST as u64 {
        return Some(Err(Error::input(format!("{count} values are more than the {MOST} of one run"))
            .hint("take a part of them, or a step: 1..100000/100")));
    }
    // Wide enough for any step between any two ends.
    let (first, step) = (i128::from(first), i128::from(if down { -step } else { step }));
    let value = |i: u64| first + i128::from(i) * step;
    let steps = 0..count;
    Some(Ok(steps.map(|i| format!("{:0width$}", value(i)).into_bytes()).collect()))
}

/// What came of one value.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The value, in display form.
    pub value: String,
    /// Status; `None` when nothing came back.
    pub status: Option<u16>,
    /// Bytes of the body, decoded.
    pub bytes: u64,
    /// The whole exchange, in milliseconds.
    pub ms: Option<f64>,
    /// Why it failed, in words.
    pub failure: Option<String>,
    /// For comparing it with others.
    pub print: Print,
    /// The exchange; without it once the rows hold too many bytes.
    pub judged: Option<Arc<Judged>>,
}

/// Sends one value after the other. `make` gives the request of a value; `each` is told what came of it and says whether to go
/// on. A run ends early when it is cancelled, refused, or fails some times in a row.
///
/// # Errors
/// A request that cannot be made, or a credential that cannot be used.
pub async fn run(
    transport: &dyn Transport,
    keyring: &Keyring,
    values: &Values,
    make: &(dyn Fn(&[u8]) -> Result<Request> + Send + Sync),
    policy: Policy,
    each: &mut (dyn FnMut(Outcome) -> bool + Send),
) -> Result<()> {
    let policy = Policy { fresh: false, ..policy };
    let (mut kept, mut failed) = (0, 0);
    for value in &values.all {
        // Secrets may stand in files.
        let request = tokio::task::block_in_place(|| make(value))?;
        let exchange = keyring.send(transport, request, policy).await?.exchange;
        let over = match exchange.error.as_ref().map(|e| e.kind) {
            None => {
                failed = 0;
                false
            }
            Some(
                FailureKind::Cancelled
                | FailureKind::Budget
                | FailureKind::Record
                | FailureKind::Offline
                | FailureKind::Scope,
            ) => true,
            Some(_) => {
                failed += 1;
                failed == PATIENCE
            }
        };
        let goes_on = tokio::task::block_in_place(|| each(outcome(value, exchange, &mut kept)));
        if !goes_on || over {
            break;
        }
    }
    Ok(())
}

/// A row of what came of one request; `kept` counts the bytes that all rows hold together.
pub(super) fn outcome(value: &[u8], exchange: Exchange, kept: &mut usize) -> Outcome {
    let response = exchange.response.as_ref();
    *kept += response.map_or(0, |r| r.body.len()) + exchange.request.body.len() + 4_096;
    Outcome {
        value: display(&value[..value.len().min(200)]),
        status: exchange.status(),
        bytes: response.map_or(0, |r| r.decoded_bytes),
        ms: exchange.phases.total.map(|d| d.as_secs_f64() * 1e3),
        failure: exchange.error.as_ref().map(|e| format!("{}: {}", e.phase.word(), e.message)),
        print: Print::of(&exchange),
        judged: (*kept <= MOST_KEPT).then(|| Arc::new(judge(exchange))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::{Disk, Scratch};

    fn values(text: &str) -> Vec<String> {
        let all = Values::parse(text, &Disk).expect(text).all;
        all.iter().map(|v| String::from_utf8_lossy(v).into_owned()).collect()
    }

    #[test]
    fn ranges_lists_and_files_are_read() {
        assert_eq!(values("1..4"), ["1", "2", "3", "4"]);
        assert_eq!(values("id=08..12/2"), ["08", "10", "12"]);
        assert_eq!(values("3..1"), ["3", "2", "1"]);
        assert_eq!(values("-1..1"), ["-1", "0", "1"]);
        let wide = format!("{}..{}/{}", i64::MIN, i64::MAX, i64::MAX);
        assert_eq!(values(&wide), ["-9223372036854775808", "-1", "9223372036854775806"]);
        assert_eq!(values("a,b=c,../..//x"), ["a", "b=c", "../..//x"]);
        let file = Scratch::write("values", b"x\r\n\ny z\n").expect("a file");
        let parsed = Values::parse(&format!("who=@{}", file.path().display()), &Disk).expect("read");
        assert_eq!((parsed.name.as_str(), parsed.all), ("who", vec![b"x".to_vec(), b"y z".to_vec()]));
        let says = |t: &str| Values::parse(t, &Disk).expect_err(t).to_string();
        assert!(says("1..9/0").contains("step"));
        assert!(says("1..100000").contains("100000 values are more than"));
        assert!(says("n=").contains("there is no value"));
        assert!(says("@/no/such").contains("no such file"));
        assert!(says(&format!("{}..{}", i64::MIN, i64::MAX)).contains("more than"));
    }
}
