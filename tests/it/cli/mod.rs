//! The command line, as a script uses it: the real binary, its exit codes, its two streams.

mod attack;
mod audit;
mod compare;
mod demo;
mod drift;
mod grade;
mod hostile;
mod identity;
mod input;
mod inventory;
mod judge;
mod keep;
mod network;
mod redirects;
mod run;
mod send;
mod sources;
mod specs;
mod streams;
mod token;
mod usage;
mod variables;
mod vault;
mod workspace;

use std::path::Path;

/// A port on which nothing listens: bound, and let go.
fn closed_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

/// A file of `samples/`.
fn sample(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    path.to_str().expect("the checkout has a name in UTF-8").to_owned()
}
