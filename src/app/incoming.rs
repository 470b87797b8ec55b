//! Use case: a reply that goes on, told to a screen while it comes. What has come waits here until the screen takes it, so
//! that a flood of small parts costs one message and not one for each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::mpsc;

use crate::wire::{Arriving, Watch};

use super::{Event, JobId, Judged};

/// What came of a reply that goes on and was not looked at yet.
#[derive(Debug, Default)]
pub struct Incoming(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    news: News,
    told: bool,
}

/// What is new.
#[derive(Debug, Default)]
pub struct News {
    /// A reply begins: its exchange so far, of which nothing is judged yet.
    pub head: Option<Arc<Judged>>,
    /// Parts of its body, and how long after the beginning of the exchange each came.
    pub parts: Vec<(Bytes, Duration)>,
}

impl Incoming {
    /// Takes what is new.
    pub fn take(&self) -> News {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.told = false;
        std::mem::take(&mut waiting.news)
    }

    /// What tells of the replies of a job by [`Event::Arriving`].
    pub fn watch(id: JobId, events: mpsc::Sender<Event>) -> Watch {
        let incoming = Arc::new(Self::default());
        Arc::new(move |arriving| {
            let mut waiting = incoming.0.lock().unwrap_or_else(PoisonError::into_inner);
            match arriving {
                Arriving::Head(so_far) => {
                    // What there is no body of yet has no grade that would stand.
                    let judged = Judged { exchange: *so_far, headers: None, tokens: Vec::new() };
                    waiting.news = News { head: Some(Arc::new(judged)), parts: Vec::new() };
                }
                Arriving::Body(part, at) => waiting.news.parts.push((part, at)),
            }
            // Where there is no room, the next part says so; and the end has all.
            waiting.told = waiting.told || events.try_send(Event::Arriving(id, Arc::clone(&incoming))).is_ok();
        })
    }
}
