//! A reply that goes on, told while it comes to whoever watches.

use std::time::Instant;

use bytes::Bytes;

use crate::wire::stream::{MOST_ARRIVALS, goes_on};
use crate::wire::{Arrival, Arriving, Exchange, Policy, Watch};

use super::super::decode::{self, Parts};

/// A reply on its way to who watches it.
pub struct Streaming {
    watch: Watch,
    began: Instant,
    /// What undoes its codings; `None` once it cannot, and what is told ends there.
    parts: Option<Parts>,
    decoded: usize,
    arrivals: Vec<Arrival>,
}

impl Streaming {
    /// Tells the head of a reply; `None` where it is none that goes on.
    pub fn begin(watch: &Watch, so_far: &Exchange, began: Instant, policy: &Policy) -> Option<Self> {
        let reply = so_far.response.as_ref().filter(|r| goes_on(r))?;
        let listed: Vec<String> = reply.all("content-encoding").map(|v| v.lossy().into_owned()).collect();
        let codings = decode::codings(&listed.join(","), policy.caps.encodings).ok();
        let parts = codings.map(|codings| Parts::new(&codings, &policy.caps));
        watch(Arriving::Head(Box::new(so_far.clone())));
        Some(Self { watch: Watch::clone(watch), began, parts, decoded: 0, arrivals: Vec::new() })
    }

    /// Tells a part of its body, given as it came.
    pub fn piece(&mut self, wire: &[u8]) {
        let Some(parts) = &mut self.parts else { return };
        let Some(decoded) = parts.push(wire) else {
            self.parts = None;
            return;
        };
        if decoded.is_empty() {
            return;
        }
        let at = self.began.elapsed();
        self.decoded += decoded.len();
        if self.arrivals.len() < MOST_ARRIVALS {
            let at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
            self.arrivals.push(Arrival { upto: self.decoded, at_us });
        }
        (self.watch)(Arriving::Body(Bytes::from(decoded), at));
    }

    /// When its parts came.
    pub fn into_arrivals(self) -> Vec<Arrival> {
        self.arrivals
    }
}
