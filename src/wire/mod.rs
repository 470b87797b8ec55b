//! Floor 1: a request, a response and an exchange as data, and the traits through which the floors above move them.
//!
//! Nothing here opens a socket or a file. A request is bytes: its target is never a parsed URL, because a URL library
//! folds what a reviewer typed on purpose.

pub mod address;
pub mod compare;
pub mod curl;
pub mod diff;
pub mod escape;
pub mod exchange;
pub mod fault;
pub mod flow;
pub mod har;
pub mod http1;
pub mod http_file;
pub mod identity;
pub mod json;
mod listening;
pub mod magic;
pub mod oddity;
pub mod postman;
pub mod proxy;
pub mod query;
pub mod recipe;
pub mod reference;
pub mod request;
pub mod response;
pub mod saved;
pub mod sigv4;
pub mod stream;
pub mod traits;
pub mod url;

pub use address::Cidr;
pub use compare::Print;
pub use exchange::{
    Alteration, Certificate, Connection, Exchange, Failure, FailureKind, Group, Phase, Phases, Revocation, Sender,
    Staple, TlsFacts, Together, Traffic,
};
pub use fault::{FAULTS, Fault, FaultKind, FaultRule};
pub use http_file::HttpFile;
pub use identity::{Credential, Identity, Profile};
pub use listening::{Hit, Listening, Page};
pub use oddity::{ODDITIES, Odd, Oddity, OddityRule};
pub use proxy::Proxy;
pub use recipe::Recipe;
pub use reference::Reference;
pub use request::{Body, Headers, Request};
pub use response::{Media, Response};
pub use stream::{Arrival, Arriving, Watch};
pub use traits::{
    BlocksRead, BoxFuture, Caps, Deadlines, HttpChoice, Intent, Listing, Load, Policy, Record, Secrets, Spill,
    Spilling, Transport,
};
pub use url::{Origin, Scheme, Target};
