//! Makes the credential of an identity: reads it, logs in for it, or has a program print it.

use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{EARLY, Known, Made, blocking, command};
use crate::app::send;
use crate::app::variables::lookup;
use crate::base::text::{display, display_str};
use crate::base::{Clock as _, Error, Exit, Result, Secret, Stamp, SystemClock, known};
use crate::wire::http_file::MOST as MOST_FILE;
use crate::wire::recipe::MOST_STEPS;
use crate::wire::request::is_name_byte;
use crate::wire::{Caps, Credential, HttpChoice, Policy, Recipe, Reference, Transport, sigv4};

/// Bytes of a reply to a login.
const MOST_REPLY: u64 = 1 << 20;
/// Bytes of a file that a login sends.
const MOST_BODY: u64 = 16 << 20;

/// A path as it is named in messages.
pub(super) fn shown(path: &Path) -> String {
    display(path.as_os_str().as_encoded_bytes())
}

impl Known {
    /// Reads a file of this identity: its name in messages, and its content.
    pub(super) fn read(&self, file: &Path) -> Result<(String, Vec<u8>)> {
        Ok((shown(file), self.files.whole(&self.folder.join(file), MOST_FILE)?))
    }

    fn secret(&self, reference: &Reference) -> Result<Secret> {
        let name = &self.identity.name;
        blocking(|| self.secrets.read(reference)).map_err(|e| match &e.place {
            Some(place) => Error { what: format!("{place}: {}", e.what), ..e.clone() }.at(format!("identity {name}")),
            None => e.at(format!("identity {name}")),
        })
    }

    pub(super) async fn make(&self, transport: &dyn Transport, policy: Policy) -> Result<Made> {
        let bearer = |token: &Secret| ("Authorization".to_owned(), joined(&[b"Bearer ", token.expose()]));
        let headers = match &self.identity.credential {
            Credential::Bearer(r) => vec![bearer(&self.secret(r)?)],
            Credential::Basic(user, r) => {
                let pair = joined(&[user.as_bytes(), b":", self.secret(r)?.expose()]);
                let encoded = STANDARD.encode(pair.expose());
                known::learn(encoded.as_bytes());
                vec![("Authorization".to_owned(), joined(&[b"Basic ", encoded.as_bytes()]))]
            }
            Credential::Cookie(name, r) => {
                let value = self.secret(r)?;
                if value.expose().contains(&b';') {
                    return Err(self.unfit("holds a semicolon, which would end the cookie", "take the value alone"));
                }
                vec![("Cookie".to_owned(), joined(&[name.as_bytes(), b"=", value.expose()]))]
            }
            Credential::Header(name, r) => vec![(name.clone(), self.secret(r)?)],
            Credential::Certificate(..) => {
                self.certificate().transpose()?;
                Vec::new()
            }
            Credential::Oauth(profile) => {
                return Err(Error::input(format!(
                    "the profile {} is read and checked, but this version does not fetch tokens yet",
                    display_str(profile)
                ))
                .at(format!("identity {}", self.identity.name))
                .hint("give the token itself: bearer:env:TOKEN"));
            }
            Credential::Login(file) => return self.log_in(transport, policy, file).await,
            Credential::Sigv4(s) => {
                let key = sigv4::Key {
                    id: s.key_id.clone(),
                    secret: self.secret(&s.secret)?,
                    session: s.session.as_ref().map(|r| self.secret(r)).transpose()?,
                    region: s.region.clone(),
                    service: s.service.clone(),
                };
                return Ok(Made { key: Some(key), ..Made::default() });
            }
            Credential::Command(words) => {
                let limit = command::LONGEST.min(policy.deadlines.total);
                let output = command::output(words.clone(), &self.folder, limit)
                    .await
                    .map_err(|e| e.at(format!("identity {}", self.identity.name)))?;
                known::learn(&output);
                let header = match split_header(&output) {
                    Some((name, value)) => {
                        known::learn(value.expose());
                        (name, value)
                    }
                    None => bearer(&output.into()),
                };
                self.fit(&header.1)?;
                return Ok(Made { headers: vec![header], refused: Some(401), ..Made::default() });
            }
        };
        headers.iter().try_for_each(|(_, value)| self.fit(value))?;
        Ok(Made { headers, ..Made::default() })
    }

    /// A value that can stand in a header.
    fn fit(&self, value: &Secret) -> Result<()> {
        if value.expose().iter().any(|b| (*b < b' ' && *b != b'\t') || *b == 0x7f) {
            return Err(self.unfit("holds a line break or another control byte", "keep the value alone on one line"));
        }
        Ok(())
    }

    fn unfit(&self, what: &str, hint: &str) -> Error {
        let name = &self.identity.name;
        Error::input(format!("the secret of {name} {what}")).at(format!("identity {name}")).hint(hint)
    }

    /// Sends the requests of a recipe and makes the credential of what is captured.
    async fn log_in(&self, transport: &dyn Transport, policy: Policy, file: &Path) -> Result<Made> {
        let (place, bytes) = blocking(|| self.read(file))?;
        let recipe = Recipe::read(&bytes, &place)?;
        let transport = transport.aside("login", MOST_STEPS as u64);
        let policy = Policy {
            http: HttpChoice::Auto,
            // What was captured never breaks out of its place.
            raw: false,
            caps: Caps { wire_bytes: MOST_REPLY, decoded_bytes: MOST_REPLY, ..policy.caps },
            ..policy
        };
        let mut captured: Vec<(String, Secret)> = Vec::new();
        let mut end: Option<(Instant, Stamp)> = None;
        for (step, entry) in recipe.file.requests.iter().enumerate() {
            let mut load = |path: &str| blocking(|| self.files.whole(&self.folder.join(path), MOST_BODY));
            let mut request = recipe.file.request(entry, &place, &mut |name| self.value(name, &captured), &mut load)?;
            request.identity = Some(self.identity.name.clone());
            send::introduce(&mut request, send::USER_AGENT);
            let (began, wall) = (transport.now(), SystemClock.wall());
            let x = transport.send(request, policy).await;
            let failed = |exit, what: String| {
                Error::new(exit, format!("the login of {} failed: {what}", self.identity.name))
                    .at(format!("{place}:{}", entry.line))
            };
            if let Some(e) = &x.error {
                return Err(failed(send::exit(&x), format!("{}: {}: {}", entry.shown(), e.phase.word(), e.message)));
            }
            let Some(reply) = x.response.as_ref().filter(|r| r.status < 400) else {
                let status = x.status().unwrap_or(0);
                return Err(failed(Exit::NotJudged, format!("{} was answered with {status}", entry.shown()))
                    .hint("send that request alone and look at the reply"));
            };
            // A path may look at every value of a large reply.
            for (name, value) in blocking(|| recipe.capture(step, reply, &place))? {
                known::learn(&value);
                captured.retain(|(n, _)| *n != name);
                captured.push((name, value.into()));
            }
            if let Some(life) = recipe.life(step, reply, &place)? {
                let ends = ends(began, wall, Duration::from_secs_f64(life));
                end = end.into_iter().chain(ends).min();
            }
        }
        let notes = recipe.file.notes.iter().map(|(line, what)| format!("{place}:{line}: {what}")).collect::<Vec<_>>();
        let headers = recipe.credential.iter().map(|(name, text)| {
            let value = recipe.file.fill(text, &place, &mut |name| self.value(name, &captured))?.into();
            self.fit(&value).map(|()| (name.clone(), value))
        });
        Ok(Made {
            headers: headers.collect::<Result<_>>()?,
            until: end,
            refused: recipe.refused,
            notes: notes.into(),
            ..Made::default()
        })
    }

    /// What a variable of a recipe stands for: what was captured, or a reference.
    fn value(&self, name: &str, captured: &[(String, Secret)]) -> Option<Result<Vec<u8>>> {
        let found = lookup(name, captured, None, &|reference| self.secret(reference));
        found.map(|f| f.map(|(value, _)| value))
    }
}

/// When a credential is to be renewed, and when it ends.
fn ends(began: Instant, wall: Stamp, life: Duration) -> Option<(Instant, Stamp)> {
    let early = EARLY.min(life / 10);
    let end = wall.unix().checked_add(i64::try_from(life.as_secs()).ok()?)?;
    Some((began.checked_add(life.saturating_sub(early))?, Stamp::from_unix(end)?))
}

fn joined(parts: &[&[u8]]) -> Secret {
    parts.concat().into()
}

/// `Name: value` in one line, as told from a token, which holds no colon.
fn split_header(line: &[u8]) -> Option<(String, Secret)> {
    let at = memchr::memchr(b':', line)?;
    let (name, value) = (&line[..at], line[at + 1..].trim_ascii());
    let is_name = !name.is_empty() && name.iter().all(|b| is_name_byte(*b)) && !value.is_empty();
    is_name.then(|| (String::from_utf8_lossy(name).into_owned(), value.to_vec().into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_a_header_is_told_from_a_token() {
        let split = |s: &str| split_header(s.as_bytes()).map(|(n, v)| (n, v.expose().to_vec()));
        assert_eq!(split("X-Api-Key: abc"), Some(("X-Api-Key".to_owned(), b"abc".to_vec())));
        assert_eq!(split("eyJhbGciOiJub25lIn0.e30."), None);
        assert_eq!(split("a b: c"), None);
        assert_eq!(split("X-Api-Key:"), None);
    }

    #[test]
    fn a_credential_is_renewed_before_it_ends() {
        let (now, wall) = (Instant::now(), Stamp::from_unix(1_000).expect("a time"));
        let at = |s: u64| ends(now, wall, Duration::from_secs(s)).map(|(i, w)| ((i - now).as_secs(), w.unix()));
        assert_eq!(at(900), Some((890, 1_900)));
        assert_eq!(at(10), Some((9, 1_010)));
    }
}
