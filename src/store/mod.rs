//! Floor 4: what is kept. A workspace keeps it in its folder; without one it is kept in memory, for this run only.

pub mod audit;
mod folder;
pub mod history;
mod keeper;
mod memory;
pub mod seal;
pub mod vault;
pub mod workspace;

pub use audit::Audit;
pub use history::History;
pub use keeper::{Keeper, KeySource, run_name};
pub use memory::Memory;
pub use vault::Vault;
pub use workspace::{Environment, Workspace};
