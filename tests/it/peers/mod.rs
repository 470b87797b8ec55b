//! Real peers: documents that others publish and servers that others wrote.

mod age;
mod github;
mod nginx;
