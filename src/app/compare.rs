//! Use case: one request as several identities and as nobody, to see who gets what.
//!
//! What of a typed request is a credential is left out for each, since it would make all of them the same one.

use super::identity::NOBODY;
use super::vary::Values;
use super::{Keyring, draft};
use crate::base::secret::is_credential_header;
use crate::base::text::{display, display_str};
use crate::base::{Error, Result};
use crate::wire::diff::MOST_SIDES;
use crate::wire::{Origin, Policy, Request};

/// Identities that one request is sent as.
pub const MOST: usize = 32;

/// Requests that are ready to be sent, one for each identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The names in order; the others are compared with the first.
    pub who: Values,
    /// A request for each.
    pub requests: Vec<Request>,
    /// How each is carried.
    pub policy: Policy,
    /// Header fields that were left out of what was typed, in display form.
    pub left_out: Vec<String>,
}

/// Who to send to `origin` as: the names that were typed, or else the identities that are for it, as far as they fit side by
/// side, and nobody.
///
/// # Errors
/// A name that is no identity, one name alone, or too many.
pub fn who(typed: &str, keyring: &Keyring, origin: &Origin) -> Result<Vec<String>> {
    let known: Vec<String> = keyring.list().into_iter().map(|n| n.name).collect();
    let mut names: Vec<String> = typed.split([',', ' ']).filter(|n| !n.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        let all = known.iter().filter(|n| keyring.admits(n, origin).is_ok());
        names = all.take(MOST_SIDES - 1).cloned().chain([NOBODY.to_owned()]).collect();
    }
    let hint = "declare identities in lunette.toml, [identity.NAME], or with --identity NAME=SPEC";
    if let Some(stranger) = names.iter().find(|n| *n != NOBODY && !known.contains(n)) {
        return Err(Error::input(format!("there is no identity {}", display_str(stranger))).at("compare").hint(hint));
    }
    if let Some(refused) = names.iter().filter(|n| *n != NOBODY).find_map(|n| keyring.admits(n, origin).err()) {
        return Err(refused);
    }
    match names.len() {
        0 | 1 => Err(Error::input("there is nobody to compare with").at("compare").hint(hint)),
        n if n > MOST => {
            Err(Error::input(format!("{n} identities are too many")).at("compare").hint(format!("at most {MOST}")))
        }
        _ => Ok(names),
    }
}

/// The request as one of them: without the credentials that were typed into it. `left_out` gets the names of what was taken out.
pub fn as_one(mut request: Request, name: &str, left_out: &mut Vec<String>) -> Request {
    request.headers.retain(|(header, _)| {
        let credential = is_credential_header(header);
        let shown = display(header);
        if credential && !left_out.contains(&shown) {
            left_out.push(shown);
        }
        !credential
    });
    request.identity = (name != NOBODY).then(|| name.to_owned());
    request
}

impl Plan {
    /// A plan of these requests, each as the name that stands there.
    ///
    /// # Errors
    /// A request that is given as bytes: nothing is put into it.
    pub fn new(names: Vec<String>, requests: Vec<Request>, policy: Policy, left_out: Vec<String>) -> Result<Self> {
        if requests.iter().any(|r| r.raw.is_some()) {
            return Err(Error::input("a raw request holds its credential itself")
                .at("compare")
                .hint("compare it as fields"));
        }
        let all = names.into_iter().map(String::into_bytes).collect();
        Ok(Self { who: Values { name: "identity".to_owned(), all }, requests, policy, left_out })
    }

    /// The request of a name.
    ///
    /// # Errors
    /// A name that it has not.
    pub fn request(&self, name: &[u8]) -> Result<Request> {
        let place = self.who.all.iter().position(|n| n == name);
        place.and_then(|i| self.requests.get(i)).cloned().ok_or_else(|| Error::input("nobody of that name is compared"))
    }

    /// What is to be known before it is sent, in display form.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![
            format!("{} requests, one after the other; the others are compared with the first.", self.requests.len()),
            String::new(),
        ];
        if let Some(first) = self.requests.first() {
            lines.push(format!("each     {}", draft::subject(first)));
        }
        lines.push(format!("as       {}", self.names().join(", ")));
        if !self.left_out.is_empty() {
            lines.push(format!("without  {}, which was typed and says who asks", self.left_out.join(", ")));
        }
        lines
    }

    /// The names, nobody as such.
    fn names(&self) -> Vec<String> {
        self.who.all.iter().map(|n| if n == NOBODY.as_bytes() { "nobody".to_owned() } else { display(n) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_who_asks_is_left_out() {
        let typed =
            Request::new("GET", b"http://h/").expect("a URL").header("Authorization", "Bearer x").header("A", "1");
        let mut left_out = Vec::new();
        let (alice, nobody) = (as_one(typed.clone(), "alice", &mut left_out), as_one(typed, NOBODY, &mut left_out));
        assert_eq!((alice.identity.as_deref(), nobody.identity), (Some("alice"), None));
        assert_eq!((alice.headers.len(), nobody.headers.len(), left_out), (1, 1, vec!["Authorization".to_owned()]));
    }

    #[test]
    fn who_is_not_there_is_said() {
        let origin = Request::new("GET", b"http://h/").expect("a URL").origin;
        let said = |t: &str| who(t, &Keyring::default(), &origin).expect_err(t).to_string();
        assert!(said("").contains("nobody to compare with"));
        assert!(said("alice,none").contains("no identity alice"));
        assert!(who("none none", &Keyring::default(), &origin).is_ok());
    }
}
