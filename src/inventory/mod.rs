//! Floor 2: every endpoint there is, from specifications and logs, and which of them nobody declared.
//!
//! Synchronous and pure: bytes in, facts out.

mod apart;
mod capture;
mod compose;
mod drift;
mod evidence;
pub mod filter;
mod findings;
mod histogram;
pub mod log;
mod merge;
pub mod model;
mod operations;
mod role;
pub mod sample;
mod shelf;
mod signs;
mod sniff;
pub mod spec;
pub mod template;
#[cfg(test)]
mod tests;
mod traffic;
mod version;

pub use compose::compose;
pub use filter::{Filter, FilterError};
pub use findings::{RULES, Rule, rule};
pub use merge::{Builder, Share};
pub use model::{
    Credentials, Endpoint, Found, Inventory, Latency, Location, LogFacts, Noise, Problem, Seen, State, Unparsed,
};
pub use operations::{Called, Operation as Call, Protocol};
pub use sniff::{Kind, sniff};
pub use spec::{BodyExample, Document, Home, Operation, OperationKind, OperationLite, Parameter, Place, Server};
