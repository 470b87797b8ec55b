//! Floor 2: every endpoint there is, from specifications and logs, and which of them nobody declared.
//!
//! Synchronous and pure: bytes in, facts out.

mod capture;
mod compose;
pub mod course;
mod drift;
pub mod filter;
mod histogram;
pub mod log;
mod merge;
pub mod model;
mod nearest;
pub mod sample;
mod sniff;
pub mod spec;
pub mod template;
#[cfg(test)]
mod tests;
mod traffic;

pub use compose::compose;
pub use course::{Course, Stretch};
pub use filter::{Filter, FilterError};
pub use merge::Builder;
pub use model::{Credentials, Endpoint, Inventory, Latency, Location, LogFacts, Noise, Problem, Seen, State, Unparsed};
pub use nearest::nearest;
pub use sniff::{Kind, sniff};
pub use spec::{
    BodyExample, Document, Home, Operation, OperationKind, OperationLite, Parameter, Place, Server, Shape, ShapeLine,
};
