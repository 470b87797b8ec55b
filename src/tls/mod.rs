//! Floor 2: TLS as bytes and facts. Certificates are read here; nothing here connects.

pub mod certificate;

pub use certificate::{name, public_key, read, self_signed, validity_fault};
