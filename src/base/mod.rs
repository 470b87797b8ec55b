//! Floor 0: what every room needs and nothing more.
//!
//! Untrusted text and its display form, secrets and the one function that recognises them, findings, letters,
//! errors with a hint and an exit code, the clock, and hashes.

pub mod clock;
pub mod error;
pub mod figure;
pub mod finding;
pub mod hash;
pub mod keys;
pub mod known;
mod mask;
pub mod process;
pub mod secret;
pub mod text;

pub use clock::{Clock, Stamp, SystemClock};
pub use error::{Error, Exit, Result};
pub use finding::{Finding, Letter, Rule, Severity};
pub use secret::Secret;
pub use text::Untrusted;
