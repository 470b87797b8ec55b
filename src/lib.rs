//! lunette: a terminal workbench for API security.
//!
//! The rooms and the floors they stand on are described in `ARCHITECTURE.md`; a room may use only rooms on lower floors,
//! and `tests/it/layers.rs` holds that up.

pub mod app;
pub mod base;
pub mod checks;
pub mod cli;
pub mod demo;
pub mod engine;
pub mod files;
pub mod grade;
pub mod inventory;
pub mod jwt;
pub mod rate;
pub mod report;
pub mod store;
pub mod tls;
pub mod tui;
pub mod wire;
