//! Real peers: documents that others publish and servers that others wrote.

mod github;
mod nginx;
mod observatory;
