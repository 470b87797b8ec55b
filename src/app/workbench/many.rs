//! Asks that send more than one request: one with many values, and several together.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{Workbench, lock, tell};
use crate::app::variables::Source;
use crate::app::workspace::dress;
use crate::app::{Draft, Event, compare, draft, group, vary};
use crate::base::{Clock as _, Error, Result, SystemClock};
use crate::wire::{Policy, Request, Together};

/// Makes the request of a value.
type Maker = Box<dyn Fn(&[u8]) -> Result<Request> + Send + Sync>;

impl Workbench {
    /// Says what would be sent for each of some values.
    pub(super) fn varies(&self, draft: Draft, text: &str) -> Result<()> {
        let values = Arc::new(vary::Values::parse(text, self.files.as_ref())?);
        let make = self.maker(&draft, &values);
        let first = make(&values.all[0])?;
        if let Some(name) = &first.identity {
            self.keyring.admits(name, &first.origin)?;
        }
        self.engine
            .scope()
            .authorise(&first.origin)
            .map_err(|d| d.error().hint("s sends it once, and asks to admit it"))?;
        let lines = vec![
            format!("{} requests, one after the other, at the pace that the target takes.", values.all.len()),
            String::new(),
            format!("first   {}", draft::subject(&first)),
            format!("values  {}", values.words()),
            format!("as      {}", first.identity.as_deref().unwrap_or("nobody")),
        ];
        tell(&self.shared.events, Event::Varies { draft: Box::new(draft), values, lines });
        Ok(())
    }

    /// What makes the request of a value.
    fn maker(&self, draft: &Draft, values: &vary::Values) -> Maker {
        let (variables, files, keyring) =
            (Arc::clone(&self.variables), Arc::clone(&self.files), Arc::clone(&self.keyring));
        let (workspace, draft, name) = (self.workspace.clone(), draft.clone(), values.name.clone());
        let make = move |value: &[u8]| {
            let mut filler = variables.filler(draft.environment.as_deref(), draft.as_is)?;
            filler.vary(&name, value);
            let mut request = draft::prepare(&draft, &mut filler, files.as_ref())?;
            if !filler.used.iter().any(|u| u.source == Source::Varied) {
                return Err(Error::input(format!("{{{{{name}}}}} stands nowhere in the request")).at("vary").hint(
                    "v on a field marks it, or write the name in braces where the value belongs; as-is must be off",
                ));
            }
            if let Some(w) = &workspace {
                dress(&w.0, w.1.as_ref(), &keyring, &mut request, SystemClock.wall())?;
            }
            Ok(request)
        };
        Box::new(make)
    }

    /// Sends the request of each value.
    pub(super) fn vary(&self, draft: &Draft, values: &Arc<vary::Values>) -> Result<()> {
        self.each(Arc::clone(values), self.maker(draft, values), Self::by_hand(draft))
    }

    /// Says what would be sent as several identities.
    pub(super) fn compares(&self, draft: &Draft, typed: &str) -> Result<()> {
        let origin = self.prepared(draft)?.0.origin;
        let names = compare::who(typed, &self.keyring, &origin)?;
        let (mut requests, mut left_out) = (Vec::new(), Vec::new());
        for name in &names {
            let mut request = compare::as_one(self.prepared(draft)?.0, name, &mut left_out);
            if let Some(w) = &self.workspace {
                dress(&w.0, w.1.as_ref(), &self.keyring, &mut request, SystemClock.wall())?;
            }
            requests.push(request);
        }
        self.engine.scope().authorise(&origin).map_err(|d| d.error().hint("s sends it once, and asks to admit it"))?;
        let plan = compare::Plan::new(names, requests, Self::by_hand(draft), left_out)?;
        let lines = plan.lines();
        tell(&self.shared.events, Event::Compares(Arc::new(plan), lines));
        Ok(())
    }

    /// Sends the request as each of them.
    pub(super) fn compare(&self, plan: &Arc<compare::Plan>) -> Result<()> {
        let asked = Arc::clone(plan);
        self.each(Arc::new(plan.who.clone()), Box::new(move |name| asked.request(name)), plan.policy)
    }

    /// Sends the request that is made of each value, and tells what came of it.
    fn each(&self, values: Arc<vary::Values>, make: Maker, policy: Policy) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (shared, keyring) = (Arc::clone(&self.shared), Arc::clone(&self.keyring));
        let policy = Policy { fresh: false, ..policy };
        let mut jobs = lock(&self.shared.jobs);
        let handle = self.engine.submit(values.budget(), move |transport| {
            Box::pin(async move {
                let _ = shared.events.send(Event::Started(id)).await;
                let events = shared.events.clone();
                let mut count = 0;
                let mut each = |outcome| {
                    count += 1;
                    // A screen that is behind is waited for: no row is lost.
                    events.blocking_send(Event::Varied(id, Box::new(outcome))).is_ok()
                };
                let ran = vary::run(transport, &keyring, &values, &make, policy, &mut each).await;
                lock(&shared.jobs).remove(&id);
                let why = match ran {
                    Err(e) => Some(e.to_string()),
                    Ok(()) if count < values.all.len() => Some(format!("{count} of {} were sent", values.all.len())),
                    Ok(()) => None,
                };
                let _ = shared.events.send(Event::VaryEnded(id, why)).await;
            })
        })?;
        jobs.insert(id, handle);
        Ok(())
    }

    /// Says what a group of requests would be.
    pub(super) fn groups(&self, drafts: &[Draft], how: Together, times: usize) -> Result<()> {
        let mut requests = Vec::new();
        for draft in drafts {
            let (mut request, _) = self.prepared(draft)?;
            if let Some(w) = &self.workspace {
                dress(&w.0, w.1.as_ref(), &self.keyring, &mut request, SystemClock.wall())?;
            }
            if let Some(name) = &request.identity {
                self.keyring.admits(name, &request.origin)?;
            }
            requests.push(request);
        }
        // What would be too many is not made first.
        let requests: Vec<Request> =
            requests.iter().cycle().take(requests.len() * times.min(group::MOST + 1)).cloned().collect();
        let insecure = drafts.iter().all(|d| d.insecure);
        let plan = group::Plan::new(requests, how, Policy { insecure, raw: true, ..Policy::default() })?;
        let origin = &plan.requests[0].origin;
        self.engine.scope().authorise(origin).map_err(|d| d.error().hint("s sends one, and asks to admit it"))?;
        let lines = plan.lines();
        tell(&self.shared.events, Event::Groups(Arc::new(plan), lines));
        Ok(())
    }

    /// Sends a group that was shown.
    pub(super) fn group(&self, plan: Arc<group::Plan>) -> Result<()> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (shared, keyring) = (Arc::clone(&self.shared), Arc::clone(&self.keyring));
        let mut jobs = lock(&self.shared.jobs);
        let handle = self.engine.submit(plan.budget(), move |transport| {
            Box::pin(async move {
                let _ = shared.events.send(Event::Started(id)).await;
                let sent = group::carried(transport, &keyring, plan.requests.clone(), plan.how, plan.policy).await;
                let why = match sent {
                    Ok((all, notes)) => {
                        for note in notes {
                            let _ = shared.events.send(Event::Noted(note)).await;
                        }
                        let mut kept = 0;
                        for exchange in all {
                            let label = [&exchange.request.method[..], b" ", &exchange.request.target].concat();
                            // A large body takes its time to judge.
                            let outcome = tokio::task::block_in_place(|| vary::outcome(&label, exchange, &mut kept));
                            let _ = shared.events.send(Event::Varied(id, Box::new(outcome))).await;
                        }
                        None
                    }
                    Err(e) => Some(e.to_string()),
                };
                lock(&shared.jobs).remove(&id);
                let _ = shared.events.send(Event::VaryEnded(id, why)).await;
            })
        })?;
        jobs.insert(id, handle);
        Ok(())
    }
}
