//! Use case: what stands for `{{name}}`: a value captured in this run, one of the chosen environment, or a reference such as
//! `{{env:NAME}}`. What is put in is not looked through again, so no value can lead to another.

use std::sync::{Arc, Mutex, PoisonError};

use crate::base::error::nearest;
use crate::base::secret::{find_tokens, is_secret_member};
use crate::base::text::display_str;
use crate::base::{Error, Result, Secret, known};
use crate::store::{Environment, Workspace};
use crate::wire::http_file::Template;
use crate::wire::{Reference, Secrets};

/// Values that are captured in a run; the oldest goes.
const MOST_CAPTURED: usize = 200;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The values that a request is varied by.
    Varied,
    /// A reply of this run.
    Captured,
    /// An environment of this name.
    Environment(String),
    /// A reference, as written.
    Reference(String),
}

impl Source {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Varied => "the values it is varied by".to_owned(),
            Self::Captured => "captured in this run".to_owned(),
            Self::Environment(name) => format!("environment {}", display_str(name)),
            Self::Reference(reference) => reference.clone(),
        }
    }
}

/// What a name stands for: what was captured, then what the environment says, then a reference. `None` for a name that
/// nobody knows.
pub fn lookup(
    name: &str,
    captured: &[(String, Secret)],
    environment: Option<&Environment>,
    read: &dyn Fn(&Reference) -> Result<Secret>,
) -> Option<Result<(Vec<u8>, Source)>> {
    let with = |reference: &Reference, source| read(reference).map(|s| (s.expose().to_vec(), source));
    if let Some((_, value)) = captured.iter().rev().find(|(n, _)| n == name) {
        return Some(Ok((value.expose().to_vec(), Source::Captured)));
    }
    if let Some((environment, (_, reference))) =
        environment.and_then(|e| Some((e, e.values.iter().find(|(n, _)| n == name)?)))
    {
        let source = Source::Environment(environment.name.clone());
        return Some(match reference {
            // What stands in the file is no secret, and would be masked everywhere if it were read as one.
            Reference::Literal(text) => Ok((text.expose().to_vec(), source)),
            reference => with(reference, source),
        });
    }
    match Reference::parse(name) {
        Reference::Literal(_) | Reference::Stdin => None,
        reference => Some(with(&reference, Source::Reference(reference.to_string()))),
    }
}

/// Masks a captured value from now on where it is a secret by its name or its form.
pub fn learned(name: &str, value: &[u8]) {
    if is_secret_member(name) || !find_tokens(value).is_empty() {
        known::learn(value);
    }
}

/// The variables of a run.
#[derive(Default)]
pub struct Variables {
    environments: Vec<Environment>,
    secrets: Option<Arc<dyn Secrets>>,
    captured: Mutex<Vec<(String, Secret)>>,
}

impl Variables {
    /// Those of a workspace, if any, and what reads the secrets that they refer to.
    pub fn new(workspace: Option<&Workspace>, secrets: Arc<dyn Secrets>) -> Self {
        let environments = workspace.map(|w| w.environments.clone()).unwrap_or_default();
        Self { environments, secrets: Some(secrets), captured: Mutex::default() }
    }

    /// The secret that a reference leads to.
    ///
    /// # Errors
    /// Where it is not, and what to do.
    pub fn read(&self, reference: &Reference) -> Result<Secret> {
        let secrets = self.secrets.as_ref().ok_or_else(|| Error::input("there is nothing here that reads secrets"))?;
        secrets.read(reference)
    }

    /// Keeps a value for the rest of the run. It is masked from then on when it is a secret by its name or its form.
    pub fn capture(&self, name: &str, value: Vec<u8>) {
        learned(name, &value);
        let mut captured = self.captured.lock().unwrap_or_else(PoisonError::into_inner);
        captured.retain(|(n, _)| n != name);
        if captured.len() >= MOST_CAPTURED {
            captured.remove(0);
        }
        captured.push((name.to_owned(), value.into()));
    }

    /// The environment of a name.
    ///
    /// # Errors
    /// No such environment.
    pub fn environment(&self, name: Option<&str>) -> Result<Option<&Environment>> {
        let found = name.map(|name| {
            let names = || self.environments.iter().map(|e| e.name.as_str());
            self.environments.iter().find(|e| e.name == name).ok_or_else(|| {
                let error = Error::input(format!("there is no environment {}", display_str(name)));
                match nearest(name, names()) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint(format!("declare it in lunette.toml: [env.{}]", display_str(name))),
                }
            })
        });
        found.transpose()
    }

    /// What puts values into one request.
    ///
    /// # Errors
    /// No such environment.
    pub fn filler(&self, environment: Option<&str>, as_is: bool) -> Result<Filler<'_>> {
        let environment = self.environment(environment)?;
        Ok(Filler { all: self, environment, as_is, varied: None, used: Vec::new() })
    }
}

/// A variable that was put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Used {
    /// Where: `URL`, `header Accept`, `body`.
    pub place: String,
    /// Its name.
    pub name: String,
    /// Where its value came from.
    pub source: Source,
}

/// Puts values into the parts of one request.
pub struct Filler<'a> {
    all: &'a Variables,
    environment: Option<&'a Environment>,
    as_is: bool,
    varied: Option<(String, Vec<u8>)>,
    /// What was put in so far.
    pub used: Vec<Used>,
}

impl Filler<'_> {
    /// One more name, before all others: that which a request is varied by.
    pub fn vary(&mut self, name: &str, value: &[u8]) {
        self.varied = Some((name.to_owned(), value.to_vec()));
    }

    /// The bytes of one part with their variables put in. What holds none, or is as-is, comes back as it was.
    ///
    /// # Errors
    /// A variable that nobody knows or that cannot be read, at this place.
    pub fn put(&mut self, place: &str, bytes: &[u8]) -> Result<Vec<u8>> {
        if self.as_is || memchr::memmem::find(bytes, b"{{").is_none() {
            return Ok(bytes.to_vec());
        }
        let mut out = Vec::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            let template = Template::parse(chunk.valid(), 0);
            if template.variables().next().is_none() {
                out.extend(chunk.valid().bytes());
            } else {
                out.extend(template.put(&mut |name| self.value(place, name)).map_err(|e| match &e.place {
                    // A reference that leads nowhere keeps its own place in its words.
                    Some(inner) => Error { what: format!("{inner}: {}", e.what), ..e }.at(place),
                    None => e.at(place),
                })?);
            }
            out.extend(chunk.invalid());
        }
        Ok(out)
    }

    fn value(&mut self, place: &str, name: &str) -> Result<Vec<u8>> {
        let captured = self.all.captured.lock().unwrap_or_else(PoisonError::into_inner);
        let read = |reference: &Reference| match &self.all.secrets {
            Some(secrets) => secrets.read(reference),
            None => Err(Error::input("nothing reads secrets here")),
        };
        let found = match &self.varied {
            Some((varied, value)) if varied == name => Some(Ok((value.clone(), Source::Varied))),
            _ => lookup(name, &captured, self.environment, &read),
        };
        let Some(found) = found else {
            let names = captured.iter().map(|(n, _)| n.as_str());
            let names = names.chain(self.environment.iter().flat_map(|e| e.values.iter().map(|(n, _)| n.as_str())));
            let error = Error::input(format!("nothing gives a value to {}", display_str(name)));
            return Err(match (nearest(name, names), self.environment, self.all.environments.first()) {
                (Some(near), ..) => error.hint(format!("did you mean {}?", display_str(near))),
                (None, None, Some(first)) => error.hint(format!(
                    "no environment is chosen, for example {}; sent as-is, braces stand for themselves",
                    display_str(&first.name)
                )),
                _ => {
                    error.hint("give it one under [env.NAME] of lunette.toml; sent as-is, braces stand for themselves")
                }
            });
        };
        let (value, source) = found?;
        self.used.push(Used { place: place.to_owned(), name: name.to_owned(), source });
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_captured_comes_before_the_environment_and_as_is_puts_nothing_in() {
        let value = |n: &str, v: &str| (n.to_owned(), Reference::Literal(v.into()));
        let staging = Environment { name: "staging".into(), values: vec![value("a", "1"), value("b", "{{a}}")] };
        let all = Variables { environments: vec![staging], ..Variables::default() };
        all.capture("a", b"2".to_vec());
        let mut filler = all.filler(Some("staging"), false).expect("it is there");
        assert_eq!(filler.put("URL", b"\xff{{a}}/{{ b }}/{{").expect("put"), b"\xff2/{{a}}/{{");
        let sources: Vec<&Source> = filler.used.iter().map(|u| &u.source).collect();
        assert_eq!(sources, [&Source::Captured, &Source::Environment("staging".into())]);
        assert_eq!(all.filler(None, true).expect("none").put("URL", b"{{x}}").expect("as it is"), b"{{x}}");
        let says =
            all.filler(None, false).expect("none").put("body", b"{{base-url}}").expect_err("nobody knows").to_string();
        assert!(says.starts_with("body: nothing gives a value to base-url; no environment is chosen"), "{says}");
        assert!(all.filler(Some("stagin"), false).is_err_and(|e| e.to_string().ends_with("did you mean staging?")));
    }
}
