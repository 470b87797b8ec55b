//! The screen, as a user meets it: the whole of it on an in-memory terminal, and its edges on a real one.

mod bodies;
mod busy;
mod composing;
mod data;
mod flow;
mod guard;
mod hostile;
mod inventory;
mod keeping;
mod looks;
mod pty;
mod reading;
mod secrets;
mod sizes;
mod tokens;
