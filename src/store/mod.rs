//! Floor 4: what is kept. Without a workspace everything is kept in memory, for this run only.

mod memory;

pub use memory::Memory;
