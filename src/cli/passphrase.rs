//! What opens the vault: a file that is named in the environment, or who sits at the terminal.

use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use crate::base::text::display_str;
use crate::base::{Error, Exit, Result, Secret};
use crate::store::vault::{Key, key_file, takes_passphrase};

use super::output::complain;

/// The variable that names a file with the passphrase.
const PASSPHRASE_FILE: &str = "LUNETTE_PASSPHRASE_FILE";
/// The variable that names a file of identities.
const IDENTITY_FILE: &str = "LUNETTE_IDENTITY_FILE";
/// Characters below which a passphrase is said to be short.
const SHORT: usize = 12;

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|v| !v.is_empty()).map(Into::into)
}

/// What opens the vault of a workspace.
///
/// # Errors
/// There is no vault, no file is named and nobody can be asked, or the file is not right.
pub fn key(workspace: &Path) -> Result<Key> {
    if let Some(key) = unasked(workspace)? {
        return Ok(key);
    }
    if !takes_passphrase(workspace)? {
        return Err(Error::input("the vault opens with an identity, and none is named")
            .hint(format!("name a file that only you can read in {IDENTITY_FILE}")));
    }
    Key::passphrase(ask("passphrase of the vault: ")?)
}

/// What opens the vault of a workspace without anybody being asked: `None` where nothing is named for it.
///
/// # Errors
/// There is no vault, or the file that is named is not right.
pub fn unasked(workspace: &Path) -> Result<Option<Key>> {
    let (variable, read): (_, fn(Secret) -> Result<Key>) = if takes_passphrase(workspace)? {
        (PASSPHRASE_FILE, Key::passphrase)
    } else {
        (IDENTITY_FILE, Key::identities)
    };
    let Some(path) = named(variable) else { return Ok(None) };
    let place = |e: Error| if e.place.is_none() { e.at(variable) } else { e };
    key_file(&path).and_then(read).map(Some).map_err(place)
}

/// A new passphrase: from the file that is named, unless the vault has it already, or asked for twice.
///
/// # Errors
/// It is empty, the two differ, or nobody can be asked.
pub fn new(from_file: bool, quiet: bool) -> Result<Key> {
    if let Some(path) = named(PASSPHRASE_FILE).filter(|_| from_file) {
        return strong(key_file(&path)?, quiet);
    }
    let once = ask("new passphrase: ")?;
    if !once.expose().is_empty() && once != ask("the same again: ")? {
        return Err(Error::input("the two are not the same").hint("nothing was changed; try again"));
    }
    strong(once, quiet)
}

/// Takes a new passphrase, and says when it is short.
///
/// # Errors
/// It is empty.
pub fn strong(text: Secret, quiet: bool) -> Result<Key> {
    if !quiet && (1..SHORT).contains(&String::from_utf8_lossy(text.expose()).chars().count()) {
        complain("lunette: this passphrase is short, and who has the file can try many; take a few words more");
    }
    Key::passphrase(text)
}

/// Asks on the terminal, where nothing of the answer is shown.
///
/// # Errors
/// There is no terminal, or it was left.
pub fn ask(prompt: &str) -> Result<Secret> {
    let nobody = || {
        Error::input("the vault needs a passphrase or a value, and there is no terminal to ask on")
            .hint(format!("name a file in {PASSPHRASE_FILE}, and give a value as env:NAME, file:PATH or -"))
    };
    // Where both are redirected nobody waits for a question.
    if !io::stdin().is_terminal() && !io::stderr().is_terminal() {
        return Err(nobody());
    }
    match rpassword::prompt_password(prompt) {
        Ok(text) => Ok(text.into_bytes().into()),
        Err(e) if e.kind() == io::ErrorKind::Interrupted => {
            Err(Error::new(Exit::Interrupted, "nothing was entered").hint("nothing was changed"))
        }
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => Err(nobody()),
        Err(e) => Err(nobody().at(display_str(&e.to_string()))),
    }
}
