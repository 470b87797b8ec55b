//! Peers that tests talk to over real sockets.

// Not every test binary talks to every peer in every way.
#![allow(dead_code)]

pub mod bombs;
pub mod hostile;
pub mod recorder;
