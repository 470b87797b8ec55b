//! What single requests show besides an endpoint: who walks ids, who is refused at a login, who is new on an admin route, which
//! host was asked, and what stands in a URL that should not. Every table is bounded, whatever a log holds, and what is in it does
//! not depend on the order of lines where its bound is not met.

mod admin;
mod burst;
mod exposed;
mod hosts;
mod walk;

use admin::Admins;
use burst::Bursts;
pub(super) use burst::WINDOW;
use exposed::Exposures;
use hosts::Hosts;
use walk::Walks;

use super::log::Line;
use super::role::Role;
use super::template::Asked;
use crate::base::secret::mask_target;
use crate::base::text::display;

/// Sample lines of one finding.
pub(super) const SAMPLES: usize = 3;
/// Bytes kept of one path or client.
const LONGEST: usize = 200;

/// Where a request was counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// A declared endpoint, by its number.
    Declared(u32),
    /// Another method of a declared path.
    Other(u32, &'a [u8]),
    /// Method, host and template that nothing declares, as the key of the counts has them.
    Unknown(&'a [u8]),
}

/// The same, to keep.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Spot {
    /// A declared endpoint, by its number.
    Declared(u32),
    /// Another method of a declared path.
    Other(u32, Box<[u8]>),
    /// Method, host and template with zero bytes between.
    Unknown(Box<[u8]>),
}

impl From<Place<'_>> for Spot {
    fn from(place: Place<'_>) -> Self {
        match place {
            Place::Declared(n) => Self::Declared(n),
            Place::Other(n, method) => Self::Other(n, Box::from(method)),
            Place::Unknown(key) => Self::Unknown(Box::from(key)),
        }
    }
}

/// Where what was counted at a place is counted in the end.
pub(super) type At<'a> = &'a dyn Fn(&Spot) -> Spot;

/// All that was noticed.
#[derive(Debug, Default)]
pub(super) struct Signs {
    /// What each declared endpoint is for, by number.
    roles: Vec<Role>,
    pub walks: Walks,
    pub bursts: Bursts,
    pub admins: Admins,
    pub exposures: Exposures,
    pub hosts: Hosts,
}

impl Signs {
    /// Says what the next declared endpoint is for.
    pub fn declare(&mut self, path: &[u8]) {
        self.roles.push(Role::of(path));
    }

    /// What a declared endpoint is for.
    pub fn role(&self, endpoint: u32) -> Role {
        self.roles.get(endpoint as usize).copied().unwrap_or_default()
    }

    /// Looks at one request with its reply.
    pub fn note(&mut self, place: Place<'_>, role: Role, line: &Line<'_>, asked: &Asked<'_>) {
        if line.written {
            return;
        }
        if matches!(line.status, 200..=399) {
            self.exposures.note(place, asked);
            if let (Place::Declared(endpoint), Some(host), 200..=299) = (place, asked.host, line.status) {
                self.hosts.note(endpoint, host);
            }
        }
        match role {
            Role::Login if matches!(line.status, 401 | 403) => self.bursts.note(place, line, asked),
            Role::Admin if matches!(line.status, 200..=299) => self.admins.note(place, line, asked),
            Role::Plain | Role::Admin => self.walks.note(place, line, asked),
            _ => {}
        }
    }

    /// One that has seen nothing, of the same declared endpoints.
    pub fn another(&self) -> Self {
        Self { roles: self.roles.clone(), ..Self::default() }
    }

    /// Takes in what another saw.
    pub fn merge(&mut self, other: Self) {
        self.walks.merge(other.walks);
        self.bursts.merge(other.bursts);
        self.admins.merge(other.admins);
        self.exposures.merge(other.exposures);
        self.hosts.merge(other.hosts);
    }
}

/// A request in one line to show, secrets masked; its query is left out.
fn sample(method: &[u8], path: &[u8], status: u16) -> String {
    let path = &path[..path.len().min(LONGEST)];
    format!("{} {} {status}", display(&method[..method.len().min(20)]), display(&mask_target(path)))
}

/// The start of what a client, a method or a path is called.
fn cut(client: &[u8]) -> &[u8] {
    &client[..client.len().min(LONGEST)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readers_of_one_log_see_what_one_sees() {
        let note = |signs: &mut Signs, i: u32| {
            let client = format!("192.0.2.{}", i % 2);
            let path = [format!("/orders/{}", i / 6), "/login".to_owned(), "/admin".to_owned()][i as usize % 3].clone();
            let role = Role::of(path.as_bytes());
            let status = if role == Role::Login { 401 } else { 200 };
            let time = Some(i64::from(i % 30) + if i == 2 { 0 } else { 9_000 });
            let line = Line { status, time, client: Some(client.as_bytes()), ..Line::default() };
            let asked = Asked { method: b"POST", host: Some(b"a.test"), path: path.as_bytes(), query: b"api_key=zzz" };
            signs.note(Place::Declared(i % 3), role, &line, &asked);
        };
        let (mut whole, mut one, mut two) = (Signs::default(), Signs::default(), Signs::default());
        for i in 0..900 {
            note(&mut whole, i);
            note(if i % 5 == 0 { &mut one } else { &mut two }, i);
        }
        one.merge(two);
        assert_eq!(one.walks.found(&Spot::clone), whole.walks.found(&Spot::clone));
        assert_eq!(one.bursts.found(&Spot::clone), whole.bursts.found(&Spot::clone));
        assert_eq!(one.admins.found(&Spot::clone), whole.admins.found(&Spot::clone));
        assert_eq!(one.exposures.found(&Spot::clone), whole.exposures.found(&Spot::clone));
        assert_eq!(one.hosts.all(), whole.hosts.all());
        assert!(
            !whole.walks.found(&Spot::clone).is_empty()
                && !whole.bursts.found(&Spot::clone).is_empty()
                && !whole.exposures.found(&Spot::clone).is_empty()
        );
    }
}
