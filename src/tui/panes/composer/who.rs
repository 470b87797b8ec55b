//! Who requests are sent as: one of the identities of the workspace, or nobody.

use crate::app::identity::Named;
use crate::base::Stamp;
use crate::base::error::nearest;
use crate::tui::widgets::pen::clip;

/// The word that chooses nobody.
pub const NOBODY: &str = "none";

/// The identities, and the one that is chosen.
#[derive(Default)]
pub struct Who {
    all: Vec<(Named, Option<Stamp>)>,
    at: Option<usize>,
}

impl Who {
    /// Nobody is chosen at first.
    pub fn new(all: Vec<Named>) -> Self {
        Self { all: all.into_iter().map(|n| (n, None)).collect(), at: None }
    }

    /// True when there is nobody to choose.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Chooses the next one, and after the last one nobody.
    pub fn next(&mut self) {
        self.at = Some(self.at.map_or(0, |at| at + 1)).filter(|at| *at < self.all.len());
    }

    /// Chooses by name.
    ///
    /// # Errors
    /// What is there instead.
    pub fn choose(&mut self, name: &str) -> Result<(), String> {
        let names = || self.all.iter().map(|(n, _)| n.name.as_str());
        match names().position(|n| n == name) {
            None if name == NOBODY => self.at = None,
            None => {
                let near = nearest(name, names().chain([NOBODY]));
                let hint = near.map_or_else(|| "i goes through them".to_owned(), |n| format!("did you mean {n}?"));
                return Err(format!("there is no identity {}; {hint}", clip(name)));
            }
            at => self.at = at,
        }
        Ok(())
    }

    /// Notes when the credential of one ends.
    pub fn ends(&mut self, name: &str, until: Option<Stamp>) {
        for (_, end) in self.all.iter_mut().filter(|(n, _)| n.name == name) {
            *end = until;
        }
    }

    /// The name of the one that is chosen.
    pub fn name(&self) -> Option<&str> {
        self.all.get(self.at?).map(|(n, _)| n.name.as_str())
    }

    /// `alice (user)`, or the word for nobody.
    pub fn words(&self) -> String {
        match self.at.and_then(|at| self.all.get(at)) {
            Some((Named { name, role: Some(role), .. }, _)) => format!("{} ({})", clip(name), clip(role)),
            Some((named, _)) => clip(&named.name),
            None => "anonymous".to_owned(),
        }
    }

    /// The same with the kind of its credential and when it ends, where that is known.
    pub fn line(&self) -> String {
        let Some((named, until)) = self.at.and_then(|at| self.all.get(at)) else {
            return format!("identity {NOBODY}, i chooses");
        };
        let end = until.map(|u| format!(", until {} UTC", u.to_string().get(11..19).unwrap_or_default()));
        format!("identity {} by {}{}", self.words(), named.kind, end.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who() -> Who {
        let named = |name: &str, role: Option<&str>| Named {
            name: name.to_owned(),
            role: role.map(str::to_owned),
            kind: "login",
        };
        Who::new(vec![named("alice", Some("user")), named("bob", None)])
    }

    #[test]
    fn one_key_goes_through_all_and_to_nobody() {
        let mut w = who();
        let names: Vec<Option<String>> = (0..4)
            .map(|_| {
                w.next();
                w.name().map(str::to_owned)
            })
            .collect();
        assert_eq!(names, [Some("alice".to_owned()), Some("bob".to_owned()), None, Some("alice".to_owned())]);
    }

    #[test]
    fn one_is_chosen_by_name_and_shows_when_it_ends() {
        let mut w = who();
        assert_eq!(w.line(), "identity none, i chooses");
        assert_eq!(w.choose("alice"), Ok(()));
        w.ends("alice", Stamp::parse("2026-01-31T14:20:11Z"));
        assert_eq!(w.line(), "identity alice (user) by login, until 14:20:11 UTC");
        assert!(w.choose("alcie").expect_err("no such name").ends_with("did you mean alice?"));
        assert_eq!(w.choose(NOBODY), Ok(()));
        assert_eq!((w.name(), w.words().as_str()), (None, "anonymous"));
    }
}
