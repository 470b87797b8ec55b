//! Floor 2: every endpoint there is, from specifications and logs, and which of them nobody declared.
//!
//! Synchronous and pure: bytes in, facts out.

mod apart;
mod capture;
mod compose;
pub mod course;
mod declares;
mod drift;
mod evidence;
pub mod filter;
mod findings;
mod histogram;
pub mod log;
mod merge;
pub mod model;
mod near;
mod nearest;
mod operations;
mod pieces;
mod recall;
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
pub use course::{Course, Stretch};
pub use declares::declaring;
pub use filter::{Filter, FilterError};
pub use findings::{RULES, rule};
pub use merge::{Builder, Share};
pub use model::{
    Credentials, Endpoint, Found, Inventory, Latency, Location, LogFacts, Noise, Problem, Seen, State, Unparsed,
};
pub use nearest::nearest;
pub use operations::{Called, Operation as Call, Protocol};
pub use sniff::{Kind, sniff};
pub use spec::{
    BodyExample, Document, Home, Judgement, Mismatch, Operation, OperationKind, OperationLite, Parameter, Place, Reply,
    Server, Shape, ShapeLine, Side,
};
