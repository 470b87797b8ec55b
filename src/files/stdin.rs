//! Standard input, which can be read once: what a reader broke off at is given to the next.

use std::io::{Cursor, IsTerminal as _, Read, Stdin};
use std::sync::Mutex;

use super::unpack::Unpacked;
use crate::base::{Error, Result, text::display_str};

/// Standard input belongs to the process, and so does what was read of it.
static STATE: Mutex<Option<Input>> = Mutex::new(None);

/// What is left of a block, then the rest.
struct Input {
    left: Vec<u8>,
    rest: Unpacked<Stdin>,
}

/// Lets `read` read on; what it leaves is read first the next time.
pub(super) fn blocks<T>(
    read: impl FnOnce(&mut Unpacked<std::io::Chain<Cursor<Vec<u8>>, &mut Unpacked<Stdin>>>, &mut Vec<u8>) -> Result<T>,
) -> Result<T> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Error::input("- reads standard input, which is a terminal here")
            .at("-")
            .hint("pipe a log into it, for example zcat access.log.gz | lunette inventory -"));
    }
    let failed = |e: std::io::Error| {
        Error::input(format!("standard input cannot be read: {}", display_str(&e.to_string()))).at("-")
    };
    let mut state = STATE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if state.is_none() {
        *state = Some(Input { left: Vec::new(), rest: Unpacked::new(stdin).map_err(failed)? });
    }
    let Some(input) = state.as_mut() else { return Err(Error::input("standard input cannot be read").at("-")) };
    let before = std::mem::take(&mut input.left);
    let packed = input.rest.is_packed();
    let mut all = Unpacked::plain(Cursor::new(before).chain(&mut input.rest), packed);
    read(&mut all, &mut input.left)
}
