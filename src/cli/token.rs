//! `lunette jwt decode`: a token as read.

use std::io::Read as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use crate::app::token;
use crate::base::{Clock as _, Error, Exit, Result, Stamp, SystemClock, text};
use crate::report::token::{document, plain};

use super::args::{JwtArgs, is_file};
use super::output::Output;
use super::{Common, Means};

/// Bytes of a token.
const MOST: u64 = 16 << 20;

pub fn run(common: &Common, a: &JwtArgs, means: &Means) -> Result<Exit> {
    match a.action.as_str() {
        "decode" => {}
        "lint" | "verify" | "crack" | "sign" | "attack" => {
            return Err(Error::input(super::future::sentence(&format!("jwt {}", a.action))).hint("use jwt decode"));
        }
        other => {
            return Err(
                Error::input(format!("jwt {} is not a command", text::display_str(other))).hint("use jwt decode")
            );
        }
    }
    let now = match &a.now {
        None => SystemClock.wall(),
        Some(s) => Stamp::parse(s).ok_or_else(|| {
            Error::input(format!("{} is not an RFC 3339 instant", text::display_str(s)))
                .at("--now")
                .hint("for example 2026-01-31T12:00:00Z")
        })?,
    };
    let bytes = if a.token == "-" {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(MOST)
            .read_to_end(&mut bytes)
            .map_err(|e| Error::input(format!("stdin cannot be read: {e}")))?;
        bytes
    } else if is_file(Path::new(&a.token)) {
        means.files.whole(Path::new(&a.token), MOST)?
    } else {
        a.token.as_bytes().to_vec()
    };
    if bytes.trim_ascii().is_empty() {
        return Err(Error::input("there is no token in it").hint("give a token, a file that holds one, or - for stdin"));
    }
    let read = token::read(&bytes);
    Ok(Output::new(common.format).result(|| document(&read), || plain(&read, now)))
}
