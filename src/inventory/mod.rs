//! Floor 2: every endpoint there is, from specifications and logs, and which of them nobody declared.
//!
//! Synchronous and pure: bytes in, facts out.

mod capture;
mod compose;
mod drift;
pub mod filter;
mod histogram;
pub mod log;
mod merge;
pub mod model;
pub mod sample;
mod shelf;
mod sniff;
pub mod spec;
pub mod template;
#[cfg(test)]
mod tests;
mod traffic;

pub use compose::compose;
pub use filter::{Filter, FilterError};
pub use merge::Builder;
pub use model::{Credentials, Endpoint, Inventory, Latency, Location, LogFacts, Noise, Problem, Seen, State, Unparsed};
pub use sniff::{Kind, sniff};
pub use spec::{
    BodyExample, Document, Home, Judgement, Mismatch, Operation, OperationKind, OperationLite, Parameter, Place, Reply,
    Server, Side,
};
