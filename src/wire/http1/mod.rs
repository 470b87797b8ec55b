//! HTTP/1 as bytes (RFC 9112): a request written exactly as it stands, and a reply read leniently, with all that is odd in it
//! noted. Bytes in, data out: nothing here waits or sends.

mod head;
mod read;
mod write;

pub use head::{Head, end_of_head};
pub use read::{Asked, Bounds, Coded, Read, Reader, Reply, Trouble};
pub(crate) use write::Parts;
pub use write::{asked, one_head, written};
