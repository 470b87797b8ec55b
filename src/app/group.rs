//! Use case: requests sent together, one after the other on one connection or so that they meet at the server, to see what it
//! does then.

use std::sync::Arc;

use super::{Keyring, draft};
use crate::base::{Clock as _, Error, Result, SystemClock};
use crate::engine::{Budget, Engine};
use crate::wire::{Exchange, Policy, Request, Together, Transport};

/// Requests of one group.
pub const MOST: usize = 1_000;
/// Requests that are sent in parallel: each may need a connection of its own.
pub const MOST_PARALLEL: usize = 256;

/// A group that is ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The requests, in order, before their identities put something in.
    pub requests: Vec<Request>,
    /// How they are sent.
    pub how: Together,
    /// How each is carried.
    pub policy: Policy,
}

impl Plan {
    /// A group of these requests.
    ///
    /// # Errors
    /// None at all, too many of them, or more than one place that they go to.
    pub fn new(requests: Vec<Request>, how: Together, policy: Policy) -> Result<Self> {
        let most = if how == Together::Parallel { MOST_PARALLEL } else { MOST };
        let Some(first) = requests.first() else {
            return Err(Error::input("there is no request in the group").hint("say how many, or put some aside: P"));
        };
        if requests.len() > most {
            return Err(Error::input(format!("{} requests {} are too many", requests.len(), words(how)))
                .hint(format!("at most {most}")));
        }
        if let Some(other) = requests.iter().find(|r| r.origin != first.origin) {
            return Err(Error::input(format!("a group goes to one place: {} or {}", first.origin, other.origin))
                .hint(":group clear begins another"));
        }
        Ok(Self { requests, how, policy })
    }

    /// What is to be known before it is sent, in display form.
    pub fn lines(&self) -> Vec<String> {
        let how = match self.how {
            Together::Sequence => "One after the other on one connection; where the server closes it, on another.",
            Together::Parallel => {
                "On HTTP/2 their last frames leave in one write; on HTTP/1.1 the last byte of each is held back until all \
                 others are written."
            }
        };
        let mut subjects: Vec<(String, usize)> = Vec::new();
        for request in &self.requests {
            let subject = draft::subject(request);
            match subjects.iter_mut().find(|(known, _)| *known == subject) {
                Some((_, count)) => *count += 1,
                None => subjects.push((subject, 1)),
            }
        }
        let mut lines = vec![format!("{} requests {}. {how}", self.requests.len(), words(self.how)), String::new()];
        lines.extend(subjects.iter().take(10).map(|(subject, count)| format!("{count:>4} x {subject}")));
        if subjects.len() > 10 {
            lines.push(format!("and {} others", subjects.len() - 10));
        }
        let mut who: Vec<&str> = self.requests.iter().map(|r| r.identity.as_deref().unwrap_or("nobody")).collect();
        who.dedup();
        lines.push(format!("as     {}", who.join(", ")));
        lines
    }

    /// What it may send: each request once.
    pub fn budget(&self) -> Budget {
        Budget { requests: Some(self.requests.len() as u64), ..Budget::HAND }
    }
}

/// How a group is sent, in words.
fn words(how: Together) -> &'static str {
    match how {
        Together::Sequence => "in sequence",
        Together::Parallel => "in parallel",
    }
}

/// Sends requests together, each as the identity it names, and waits. Gives what the user is to know besides.
///
/// # Errors
/// What kept a credential from being made: then none is sent.
pub fn once(
    engine: &Engine,
    budget: Budget,
    keyring: Arc<Keyring>,
    requests: Vec<Request>,
    how: Together,
    policy: Policy,
) -> Result<(Vec<Exchange>, Vec<String>)> {
    engine.run(budget, move |transport| {
        Box::pin(async move { carried(transport, &keyring, requests, how, policy).await })
    })?
}

/// The same inside a job.
///
/// # Errors
/// As [`once`].
pub async fn carried(
    transport: &dyn Transport,
    keyring: &Keyring,
    requests: Vec<Request>,
    how: Together,
    policy: Policy,
) -> Result<(Vec<Exchange>, Vec<String>)> {
    let (mut dressed, mut added, mut notes) = (Vec::with_capacity(requests.len()), Vec::new(), Vec::new());
    for request in requests {
        let (mut request, more) = keyring.dressed(transport, request, policy).await?;
        let wanted = keyring.jars.are_used_everywhere();
        added.push(wanted.then(|| keyring.jars.add(&mut request, SystemClock.wall())).flatten());
        dressed.push(request);
        for note in more {
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    let mut all = transport.together(dressed, how, policy).await;
    for (exchange, added) in all.iter_mut().zip(added) {
        exchange.altered.extend(added);
        if let Some(reply) = &exchange.response {
            keyring.jars.learn(&exchange.request, reply, SystemClock.wall());
        }
    }
    Ok((all, notes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_bounded_and_goes_to_one_place() {
        let request = |url: &str| Request::new("GET", url.as_bytes()).expect("url");
        let plan = |requests, how| Plan::new(requests, how, Policy::default());
        let many = vec![request("http://h/"); MOST_PARALLEL + 1];
        assert!(plan(many.clone(), Together::Parallel).is_err());
        assert!(plan(many, Together::Sequence).is_ok());
        assert!(plan(Vec::new(), Together::Sequence).is_err());
        let apart = vec![request("http://h/"), request("http://h:81/")];
        assert!(plan(apart, Together::Sequence).expect_err("two places").to_string().contains("http://h:81"));
        let two = plan(vec![request("http://h/a"); 2], Together::Parallel).expect("a group");
        assert!(two.lines().iter().any(|l| l == "   2 x GET http://h/a"), "{:?}", two.lines());
        assert_eq!(two.budget().requests, Some(2));
    }
}
