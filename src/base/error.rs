//! Errors as a user meets them: what happened, where, and what to do next; each with its exit code.

use std::fmt;

use super::known;

/// How the process ends, as fixed in the command-line contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, nothing at or above the threshold.
    Done,
    /// Findings at or above the threshold, or a token that does not verify.
    Findings,
    /// Usage error or unreadable input.
    Usage,
    /// Refused by scope or tier.
    Refused,
    /// Target unreachable or timed out.
    Unreachable,
    /// Not judged.
    NotJudged,
    /// Interrupted.
    Interrupted,
    /// Ended by a signal, or by a terminal that went away: 128 and its number.
    Signal(u8),
}

impl Exit {
    /// The number the process returns.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Findings => 1,
            Self::Usage => 2,
            Self::Refused => 3,
            Self::Unreachable => 4,
            Self::NotJudged => 5,
            Self::Interrupted => 130,
            Self::Signal(code) => code,
        }
    }
}

/// One failure: `what`, the `place` it concerns (file:line, JSON pointer or phase) and a `hint`, each one sentence or less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// What happened, already in display form.
    pub what: String,
    /// File:line, JSON pointer or phase.
    pub place: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// How the process ends if nothing catches this.
    pub exit: Exit,
}

/// The result of anything that can fail towards the user.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A failure with an exit code.
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { what: what.into(), place: None, hint: None, exit }
    }
    /// Unreadable input or a usage error (exit 2).
    pub fn input(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }
    /// Refused by scope (exit 3).
    pub fn refused(what: impl Into<String>) -> Self {
        Self::new(Exit::Refused, what)
    }
    /// The same failure with its place.
    #[must_use]
    pub fn at(mut self, place: impl Into<String>) -> Self {
        self.place = Some(place.into());
        self
    }
    /// The same failure with the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.place.iter().flat_map(|p| [p.as_str(), ": "]);
        let hint = self.hint.iter().flat_map(|h| ["; ", h.as_str()]);
        let whole: String = place.chain([self.what.as_str()]).chain(hint).collect();
        // What failed may have been handed a secret, and quotes it.
        f.write_str(&known::redact_str(&whole))
    }
}

impl std::error::Error for Error {}

/// The nearest of `candidates` to a misspelt `word`, when one is near enough to suggest.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1) + 1;
    candidates.into_iter().map(|c| (distance(word, c), c)).filter(|(d, _)| *d <= limit).min().map(|(_, c)| c)
}

/// Levenshtein distance over characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let cost = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_as_one_sentence() {
        let e = Error::input("not JSON").at("a.json:3").hint("check the file");
        assert_eq!(e.to_string(), "a.json:3: not JSON; check the file");
        assert_eq!(e.exit.code(), 2);
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(nearest("inventroy", ["send", "inventory", "grade"]), Some("inventory"));
        assert_eq!(nearest("openapi", ["send", "grade"]), None);
    }
}
