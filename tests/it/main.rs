//! One binary for all integration tests, by what a user does.

mod layers;
mod peers;
mod samples;
mod support;
mod tui;
