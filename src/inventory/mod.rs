//! Floor 2: every endpoint there is, from specifications and logs, and which of them nobody declared.
//!
//! Synchronous and pure: bytes in, facts out.

pub mod model;
pub mod spec;

pub use model::{Endpoint, Inventory, Latency, Location, Noise, Problem, Seen, State, Unparsed};
pub use spec::{BodyExample, Operation, Parameter, Place};
