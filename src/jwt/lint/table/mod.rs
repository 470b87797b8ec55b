//! The table of rules, a row each: findings, `lunette rules` and the README are drawn from it.

mod content;
mod form;
mod sets;
mod trust;

use super::Profile;
use super::context::{Context, Hit};
use super::set::Set;
use crate::base::Rule;

/// What a rule is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// The token, and what is known beside it.
    Token,
    /// A key set by itself.
    Keys,
    /// What a server does with the token makes it worse, or is all it judges.
    Live,
}

impl How {
    /// The word in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Keys => "keys",
            Self::Live => "live",
        }
    }

    /// What that means, in a few words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Token => "the token, and what is known beside it",
            Self::Keys => "the key set by itself",
            Self::Live => "the token, and what a server does with it",
        }
    }
}

/// One rule.
#[derive(Debug)]
pub struct Lint {
    /// What every rule has.
    pub rule: Rule,
    /// The kinds of token it is for; empty for all, and for those of no known kind.
    pub profiles: &'static [Profile],
    /// What it is judged by.
    pub how: How,
    pub(super) judge: Judge,
}

impl Lint {
    /// The kinds of token it is for, in words.
    pub fn applies(&self) -> String {
        match self.how {
            How::Keys => "key sets".to_owned(),
            _ if self.profiles.is_empty() => "all".to_owned(),
            _ => self.profiles.iter().map(|p| p.word()).collect::<Vec<_>>().join(", "),
        }
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Judge {
    Token(fn(&Context<'_>) -> Vec<Hit>),
    Set(fn(&Set<'_>) -> Vec<Hit>),
}

/// Every row: signatures, secrets and keys first, then form and place, claims and times, key sets.
pub fn rules() -> impl Iterator<Item = &'static Lint> {
    [trust::ROWS, form::ROWS, content::ROWS, sets::ROWS].into_iter().flatten()
}

/// The row of that id.
pub fn rule(id: &str) -> Option<&'static Lint> {
    rules().find(|r| r.rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_and_named_once() {
        for (i, row) in rules().enumerate() {
            let r = &row.rule;
            assert!(rules().skip(i + 1).all(|other| other.rule.id != r.id), "{}", r.id);
            for text in [r.id, r.title, r.fix, r.plain, r.reference] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", r.id);
            }
            assert_eq!(row.how == How::Keys, r.id.starts_with("jwks-"), "{}", r.id);
        }
    }
}
