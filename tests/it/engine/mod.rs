//! The engine, through its public door: what it keeps of a reply that goes wrong, what it refuses, and in which order.

mod calm;
mod guard;
mod hostile;
mod identity;
mod large;
mod listening;
mod raw;
mod replies;
mod scope;
mod streams;
mod tls;

use std::sync::Arc;

use lunette::engine::{Budget, Config, Engine, Entry, Lane};
use lunette::store::Memory;
use lunette::wire::{Exchange, FailureKind, Phase, Policy, Record, Request, Target};

/// A batch without a limit on its requests.
const BATCH: Budget = Budget { origin: "check", lane: Lane::Batch, requests: None };

fn get(url: &str) -> Request {
    Request::new("GET", url.as_bytes()).expect("a URL")
}

/// The entry of a host that was typed as a target.
fn typed(url: &str) -> Entry {
    Entry::typed(&Target::parse(url.as_bytes()).expect("a URL").origin)
}

fn start(config: Config, record: Arc<dyn Record>) -> Engine {
    Engine::start(config, record).expect("the engine starts")
}

/// An engine that may talk to the origin of `url`.
fn engine(url: &str) -> Engine {
    start(Config { scope: vec![typed(url)], ..Config::default() }, Arc::new(Memory::default()))
}

/// Sends by hand and waits.
fn send(engine: &Engine, request: Request, policy: Policy) -> Exchange {
    let sent = engine.run(Budget::HAND, move |t| Box::pin(async move { t.send(request, policy).await }));
    sent.expect("an exchange")
}

/// A policy that may reuse connections, with the default caps and deadlines.
fn kept() -> Policy {
    Policy { fresh: false, ..Policy::default() }
}

#[track_caller]
fn failed(x: &Exchange, phase: Phase, kind: FailureKind) -> &str {
    let e = x.error.as_ref().unwrap_or_else(|| panic!("no failure: {:?}", x.response));
    assert_eq!((e.phase, e.kind), (phase, kind), "{}", e.message);
    assert!(!e.message.is_empty() && !e.message.chars().any(char::is_control), "{:?}", e.message);
    &e.message
}

#[track_caller]
fn body(x: &Exchange) -> &[u8] {
    assert_eq!(x.error, None);
    &x.response.as_ref().expect("a reply").body
}
