//! Findings, severities and grade letters: the words every room judges with.

use serde::Serialize;

/// How bad a finding is, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing to mend.
    Info,
    /// Hardening.
    Low,
    /// A weakness that needs another one to hurt.
    Medium,
    /// A weakness that hurts by itself.
    High,
    /// Gives away data or control.
    Critical,
}

impl Severity {
    /// The word used in documents and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// One kind of finding, as a table of such rows has it: documents, help and the README are drawn from the row.
#[derive(Debug)]
pub struct Rule {
    /// Id, as documents and `--fail-on` have it.
    pub id: &'static str,
    /// How bad it is where nothing makes it better or worse.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: &'static str,
    /// The standard and section, the category or the advisory that says so.
    pub reference: &'static str,
    /// What to do about it.
    pub fix: &'static str,
    /// When it is told, and why that matters.
    pub plain: &'static str,
}

impl Rule {
    /// A finding of this kind, with what was seen.
    pub fn finding(&self, detail: impl Into<String>) -> Finding {
        Finding {
            id: self.id.to_owned(),
            severity: self.severity,
            title: self.title.to_owned(),
            detail: detail.into(),
            reference: self.reference.to_owned(),
            fix: self.fix.to_owned(),
        }
    }
}

/// One finding, the same shape everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Rule or check that found it, for example `jwt-alg-none`.
    pub id: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it is, in a few words.
    pub title: String,
    /// What was seen here.
    pub detail: String,
    /// The standard and section, or the advisory, that says so.
    pub reference: String,
    /// What to do about it.
    pub fix: String,
}

/// A grade letter, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Letter {
    /// Nothing left to better.
    #[serde(rename = "A+")]
    APlus,
    /// Good.
    A,
    /// Good but for something that matters.
    B,
    /// Wanting.
    C,
    /// Poor.
    D,
    /// Fails.
    F,
    /// The certificate is not trusted, so nothing that was received can be held for the service's own.
    T,
}

impl Letter {
    /// The letter as shown.
    pub fn word(self) -> &'static str {
        match self {
            Self::APlus => "A+",
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::F => "F",
            Self::T => "T",
        }
    }

    /// Reads a letter as typed, for `--fail-below`.
    pub fn parse(s: &str) -> Option<Self> {
        [Self::APlus, Self::A, Self::B, Self::C, Self::D, Self::F]
            .into_iter()
            .find(|l| l.word().eq_ignore_ascii_case(s))
    }

    /// The worse of two letters: how a cap is applied.
    #[must_use]
    pub fn capped(self, cap: Self) -> Self {
        self.max(cap)
    }
}

impl std::fmt::Display for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cap_only_lowers() {
        assert_eq!(Letter::A.capped(Letter::B), Letter::B);
        assert_eq!(Letter::F.capped(Letter::B), Letter::F);
        assert_eq!(Letter::parse("a+"), Some(Letter::APlus));
        assert_eq!(Letter::F.capped(Letter::T), Letter::T);
        assert_eq!((Letter::parse("E"), Letter::parse("T")), (None, None), "T is no gate");
    }
}
