//! One binary for all integration tests, by what a user does.

mod canary;
mod cli;
mod corpora;
mod engine;
mod layers;
mod peers;
mod samples;
mod support;
mod tui;
mod walk;
mod workspace;
