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

/// The text of a file, once it is there.
pub fn wait_for(path: &std::path::Path) -> String {
    let began = std::time::Instant::now();
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if !text.is_empty() => return text,
            _ => assert!(began.elapsed().as_secs() < 20, "{} never came", path.display()),
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
