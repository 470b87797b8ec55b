//! The screen, as a user meets it: the whole of it on an in-memory terminal, and its edges on a real one.

mod data;
mod looks;
mod pty;
#[path = "../support/pty.rs"]
pub mod terminal;
