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
