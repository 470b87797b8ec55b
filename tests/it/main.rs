//! One binary for every test that stands outside the program.

mod samples;
mod support;
