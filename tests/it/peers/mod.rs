//! Real peers: documents that others publish and servers that others wrote.

mod age;
mod aws4;
mod curl;
mod examples;
mod flaws;
mod github;
mod handshakes;
mod har;
mod mtls;
mod nginx;
mod observatory;
mod openapi;
mod proxies;
mod servers;
mod streams;
mod tokens;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// Where the programs of others are, and what asks them.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// The Python that has the libraries of others.
fn python() -> PathBuf {
    let python = folder().join("venv/bin/python");
    let hint = "run: python3 -m venv tests/peers/venv, and its pip install -r tests/peers/requirements.txt";
    assert!(python.is_file(), "{hint}");
    python
}

/// Asks a script a question, and gives its answer. Keys go over pipes alone.
fn ask(program: &Path, script: &str, question: &str) -> Value {
    let mut peer = Command::new(program)
        .arg(script)
        .current_dir(folder())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the peer starts");
    peer.stdin.take().expect("a pipe").write_all(question.as_bytes()).expect("the peer reads");
    let output = peer.wait_with_output().expect("the peer ends");
    assert!(output.status.success(), "{script} failed");
    serde_json::from_slice(&output.stdout).expect("an answer")
}
