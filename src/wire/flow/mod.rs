//! A flow: an `.http` file whose requests are sent in order, with what is captured from each reply and asserted of it. The
//! words are in [`table`]; captures are those of login recipes. Text in, data out: nothing is sent here.
//!
//! ```text
//! # @capture NAME = SUBJECT [ARGUMENT]
//! # @assert SUBJECT [ARGUMENT] [not] PREDICATE [VALUE]
//! # @retry 5 every 1 s
//! ```

mod assertion;
mod capture;
mod measure;
pub mod table;

use std::time::Duration;

use super::http_file::{Directive, HttpFile};
use super::identity;
use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Error, Result};

pub use assertion::{Assertion, Checked, Facts, Verdict, statuses};
pub use capture::{CAPTURE, Capture};
pub(super) use capture::{json, json_path};

/// Longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// Tries beside the first.
const MOST_TRIES: u32 = 100;
/// Redirects of one request.
const MOST_FOLLOWED: usize = 100;

/// A flow as read.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Its requests.
    pub file: HttpFile,
    /// What goes with each of them.
    pub steps: Vec<Step>,
    /// What was left out: line, and why.
    pub notes: Vec<(usize, String)>,
}

/// What goes with one request.
#[derive(Debug, Clone, Default)]
pub struct Step {
    /// What is kept of its reply.
    pub captures: Vec<Capture>,
    /// What its reply has to be.
    pub assertions: Vec<Assertion>,
    /// Who sends it, and the line that says so; `Some(None)` for nobody.
    pub identity: Option<(usize, Option<String>)>,
    /// How often it is sent again, and after which pause.
    pub retry: Option<(u32, Duration)>,
    /// Redirects that are followed.
    pub follow: usize,
}

/// What is wrong with a directive, and how one is written.
type Wrong = (String, String);

impl Flow {
    /// Reads a flow. `shown` names the file.
    ///
    /// # Errors
    /// As [`HttpFile::read`]; a directive that cannot be read, with its line.
    pub fn read(bytes: &[u8], shown: &str) -> Result<Self> {
        let file = HttpFile::read(bytes, shown)?;
        let mut notes = file.notes.clone();
        let mut steps = Vec::with_capacity(file.requests.len());
        for entry in &file.requests {
            let mut step = Step::default();
            for d in &entry.directives {
                let known = step
                    .take(d)
                    .map_err(|(what, hint)| Error::input(what).at(format!("{shown}:{}", d.line)).hint(hint))?;
                if !known {
                    let words = table::DIRECTIVES.iter().map(|row| row.word);
                    let near = nearest(&d.word, words).map(|w| format!("; did you mean @{w}?")).unwrap_or_default();
                    notes.push((d.line, format!("@{} is not known and is left out{near}", display_str(&d.word))));
                }
            }
            steps.push(step);
        }
        notes.sort();
        Ok(Self { file, steps, notes })
    }

    /// Requests that it sends at most, with every try and every redirect.
    pub fn most(&self) -> u64 {
        let each = |s: &Step| u64::from(s.retry.map_or(0, |(n, _)| n) + 1) * (s.follow as u64 + 1);
        self.steps.iter().map(each).sum()
    }
}

impl Step {
    /// Takes in a directive; false for one that is not known.
    fn take(&mut self, d: &Directive) -> Result<bool, Wrong> {
        let form = |word: &str| {
            let row = table::DIRECTIVES.iter().find(|row| row.word == word);
            format!("write {}", row.map(|row| row.form).unwrap_or_default())
        };
        match d.word.as_str() {
            "capture" => self.captures.push(Capture::read(&d.text, d.line)?),
            "assert" => self.assertions.push(Assertion::read(&d.text, d.line)?),
            "identity" if d.text == "none" => self.identity = Some((d.line, None)),
            "identity" if identity::is_name(&d.text) => self.identity = Some((d.line, Some(d.text.clone()))),
            "identity" => return Err(("this is no name of an identity".to_owned(), form("identity"))),
            "follow" => match d.text.parse() {
                Ok(n) if n <= MOST_FOLLOWED => self.follow = n,
                _ => return Err((format!("redirects are a number up to {MOST_FOLLOWED}"), form("follow"))),
            },
            "retry" => {
                let (n, pause) = d.text.split_once("every").unwrap_or((&d.text, "1 s"));
                let n = n.trim().parse().ok().filter(|n| (1..=MOST_TRIES).contains(n));
                let pause = measure::duration(pause.trim()).filter(|p| *p <= LONGEST_PAUSE);
                match (n, pause) {
                    (Some(n), Some(pause)) => self.retry = Some((n, pause)),
                    _ => {
                        return Err((
                            format!("a retry is at most {MOST_TRIES} times, every {} s", LONGEST_PAUSE.as_secs()),
                            form("retry"),
                        ));
                    }
                }
            }
            word => return Ok(table::ELSEWHERE.contains(&word)),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directives_are_read_with_their_request_and_what_is_not_known_is_noted() {
        let text = "### a\n# @identity alice\n# @retry 5 every 250 ms\n# @follow 3\n# @capture t = json $.t\n\
            GET http://h/\n\n# @assert status 2xx\n###\n# @identity none\n# @asert status 200\n# @expires after 5\nGET http://h/\n";
        let flow = Flow::read(text.as_bytes(), "f.http").expect("it reads");
        let [a, b] = &flow.steps[..] else { panic!("two: {:?}", flow.steps) };
        assert_eq!((a.captures.len(), a.assertions.len(), a.follow), (1, 1, 3));
        assert_eq!(a.identity, Some((2, Some("alice".to_owned()))));
        assert_eq!(a.retry, Some((5, Duration::from_millis(250))));
        assert_eq!(b.identity, Some((10, None)));
        assert_eq!(flow.notes, [(11, "@asert is not known and is left out; did you mean @assert?".to_owned())]);
        assert_eq!(flow.most(), 6 * 4 + 1);
    }

    #[test]
    fn a_directive_that_cannot_be_read_is_answered_with_its_line_and_its_form() {
        for (line, words) in [
            ("# @retry 0", "write # @retry N every TIME"),
            ("# @retry 3 every 2 h", "at most 100 times"),
            ("# @retry 101 every 1 s", "at most 100 times"),
            ("# @follow many", "write # @follow N"),
            ("# @identity a b", "no name of an identity"),
            ("# @capture x = body2", "a capture is taken from"),
            ("# @assert statsu 200", "did you mean status?"),
        ] {
            let said = Flow::read(format!("###\n{line}\nGET http://h/\n").as_bytes(), "f.http").expect_err(line);
            let said = said.to_string();
            assert!(said.starts_with("f.http:2: ") && said.contains(words), "{said}");
        }
    }
}
