//! Who requests are sent as: one of the identities of the workspace, or nobody.

use crate::app::identity::{NOBODY, Named};
use crate::base::Stamp;
use crate::base::error::nearest;
use crate::tui::widgets::pen::clip;

/// The identities, and the one that is chosen.
#[derive(Default)]
pub struct Who {
    all: Vec<(Named, Option<Stamp>)>,
    at: Option<usize>,
    /// Names of the environments.
    environments: Vec<String>,
    environment: Option<usize>,
}

impl Who {
    /// Nobody is chosen at first.
    pub fn new(all: Vec<Named>) -> Self {
        Self { all: all.into_iter().map(|n| (n, None)).collect(), ..Self::default() }
    }

    /// The same with environments to choose from: the only one is chosen, of several none.
    #[must_use]
    pub fn with_environments(self, environments: Vec<String>) -> Self {
        let environment = (environments.len() == 1).then_some(0);
        Self { environments, environment, ..self }
    }

    /// The environment that is chosen.
    pub fn environment(&self) -> Option<&str> {
        self.environments.get(self.environment?).map(String::as_str)
    }

    /// Chooses the next environment, and after the last one none; or the one of a name.
    ///
    /// # Errors
    /// What is there instead.
    pub fn choose_environment(&mut self, name: &str) -> Result<(), String> {
        if self.environments.is_empty() {
            return Err("there is no environment: declare one in lunette.toml, [env.NAME]".to_owned());
        }
        self.environment = match name {
            "" => Some(self.environment.map_or(0, |at| at + 1)).filter(|at| *at < self.environments.len()),
            NOBODY => None,
            name => Some(self.environments.iter().position(|n| n == name).ok_or_else(|| {
                format!("there is no environment {}; there is {}", clip(name), clip(&self.environments.join(", ")))
            })?),
        };
        Ok(())
    }

    /// How many identities there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Nobody, then every identity: how it shows itself, and whether it is chosen.
    pub fn list(&self) -> Vec<(String, bool)> {
        let nobody = ("none: sent as nobody".to_owned(), self.at.is_none());
        let one = |(i, (named, _)): (usize, &(Named, Option<Stamp>))| {
            let role = named.role.as_deref().map(|r| format!(" ({})", clip(r))).unwrap_or_default();
            (format!("{}{role} by {}", clip(&named.name), named.kind), self.at == Some(i))
        };
        std::iter::once(nobody).chain(self.all.iter().enumerate().map(one)).collect()
    }

    /// Chooses by the place in [`Who::list`].
    pub fn pick(&mut self, place: usize) {
        self.at = place.checked_sub(1).filter(|at| *at < self.all.len());
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
