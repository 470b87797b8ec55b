//! What all tests share: the binary in a folder of its own, and peers to talk to over real sockets.

// Not every test binary talks to every peer in every way.
#![allow(dead_code)]

pub mod bombs;
pub mod cli;
pub mod faucet;
pub mod faults;
pub mod hostile;
pub mod openssl;
pub mod pty;
pub mod recorder;
pub mod server;
