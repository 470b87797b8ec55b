//! tests
mod tui;
