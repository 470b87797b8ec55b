//! curl commands, read and written.
//!
//! Reading takes what people paste: what a browser or a documentation copies, with the quotes of a shell. Writing gives a command
//! that sends the same bytes, and says what curl would send otherwise.

mod options;
mod read;
mod words;
mod write;

pub use read::{Command, Data, Part, read};
pub use write::{Export, quote, write};

/// True for text that is a curl command.
pub fn is_command(text: &str) -> bool {
    let start = text.trim_start().trim_start_matches("$ ");
    ["curl ", "curl\t", "curl.exe ", "curl\n", "curl\\\n"].iter().any(|word| start.starts_with(word))
}
