//! Floor 2: TLS as bytes and facts. Certificates are read and judged here; nothing here connects.

pub mod certificate;
pub mod faults;
pub mod staple;

pub use certificate::{key_bits, name, public_key, read};
pub use faults::{Anchor, common_moment, faults};
pub use staple::staple;
