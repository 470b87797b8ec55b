//! The vault of a workspace, `.lunette/vault.age`: secrets by name, and the data keys that seal its records.
//!
//! The file is in the age format (age-encryption.org/v1) and opens with the `age` program too. It is locked with a passphrase,
//! or for recipients. It is only ever replaced whole, under the lock of the folder.

mod held;
mod lock;
mod payload;

use std::path::{Path, PathBuf};
use std::time::Duration;

use zeroize::Zeroizing;

use super::folder;
use super::seal::{DataKey, Keys};
use crate::base::{Clock as _, Error, Result, Secret, Stamp, SystemClock};

pub use held::{Held, State};
pub use lock::{Key, recipient};
use payload::{Entry, MOST_VALUE, Payload};

/// Name of the vault in the workspace's own folder.
pub const FILE: &str = "vault.age";
/// Largest vault that is read: far more than a thousand tokens.
const MOST: u64 = 16 << 20;
/// How long others may be at work on the vault: each takes a second for its passphrase.
const PATIENCE: Duration = Duration::from_mins(1);
/// Largest file of a passphrase or of identities.
const MOST_KEY_FILE: u64 = 64 << 10;

/// A vault that is open. Dropping it wipes it.
#[derive(Debug, Clone)]
pub struct Vault(Payload);

/// The path of the vault of a workspace.
pub fn path(workspace: &Path) -> PathBuf {
    workspace.join(folder::NAME).join(FILE)
}

/// True where a workspace has a vault, whole or not.
pub fn exists(workspace: &Path) -> bool {
    std::fs::symlink_metadata(path(workspace)).is_ok()
}

/// True for a vault that opens with a passphrase, false for one that opens with an identity.
///
/// # Errors
/// There is none, or it is not one.
pub fn takes_passphrase(workspace: &Path) -> Result<bool> {
    lock::takes_passphrase(&sealed(workspace)?).map_err(|e| e.at(folder::shown(&path(workspace))))
}

/// Reads a file that holds a passphrase or identities: one's own, and nobody else's to read. A line break at its end does
/// not count.
///
/// # Errors
/// It is not there, or others may read it.
pub fn key_file(path: &Path) -> Result<Secret> {
    let bytes = folder::read_private(path, MOST_KEY_FILE, true)?
        .ok_or_else(|| Error::input("there is no such file").at(folder::shown(path)).hint("check the path"))?;
    let end = bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |i| i + 1);
    Ok(bytes[..end].to_vec().into())
}

fn sealed(workspace: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let (own, path) = (workspace.join(folder::NAME), path(workspace));
    // One that is not there holds no vault, and that is what is said below.
    if std::fs::symlink_metadata(&own).is_ok() {
        folder::private(&own, true)?;
    }
    folder::read_private(&path, MOST, false)?.ok_or_else(|| {
        Error::input("there is no vault in this workspace")
            .at(folder::shown(&path))
            .hint("lunette vault init makes one")
    })
}

/// Makes a vault with a first data key: for `recipients`, or for who knows the passphrase.
///
/// # Errors
/// There is one already, which stays as it is, or the folder cannot be written to.
pub fn init(workspace: &Path, recipients: Vec<String>, key: Option<&Key>) -> Result<()> {
    let own = folder::ensure(workspace)?;
    let _lock = folder::lock(&own, PATIENCE)?;
    let path = path(workspace);
    if std::fs::symlink_metadata(&path).is_ok() {
        return Err(Error::input("there is a vault here already, and nothing was changed")
            .at(folder::shown(&path))
            .hint("lunette vault rekey changes what opens it"));
    }
    let payload = Payload { recipients, keys: vec![DataKey::make()?], ..Payload::default() };
    write(&path, &payload, key)
}

fn write(path: &Path, payload: &Payload, key: Option<&Key>) -> Result<()> {
    let sealed = lock::seal(&payload.write()?, &payload.recipients, key)?;
    folder::replace(path, &sealed)
}

/// What locks a vault from now on.
#[derive(Debug, Clone)]
pub enum Relock {
    /// The same passphrase, or the same recipients.
    Same,
    /// This passphrase.
    Passphrase(Key),
    /// The recipients with these added and those removed; of a vault with a passphrase, these alone.
    Recipients {
        /// Added.
        add: Vec<String>,
        /// Removed.
        remove: Vec<String>,
    },
}

impl Relock {
    /// Changes who the recipients are, and gives what opens the vault then.
    fn apply(self, all: &mut Vec<String>, key: &Key) -> Result<Key> {
        match self {
            Self::Same => {}
            Self::Passphrase(new) => {
                all.clear();
                return Ok(new);
            }
            Self::Recipients { add, remove } => {
                if let Some(gone) = remove.iter().find(|r| !all.contains(r)) {
                    return Err(Error::input("this is not one of its recipients")
                        .at(gone.clone())
                        .hint("nothing was changed"));
                }
                all.retain(|r| !remove.contains(r));
                for new in add {
                    if !all.contains(&new) {
                        all.push(new);
                    }
                }
                if all.is_empty() {
                    return Err(Error::input("no recipient would be left to open it")
                        .hint("nothing was changed; add another with --recipient"));
                }
            }
        }
        Ok(key.clone())
    }
}

impl Vault {
    /// Opens the vault of a workspace.
    ///
    /// # Errors
    /// There is none, others may read it, it does not open with this key, is not whole, or of a newer version.
    pub fn open(workspace: &Path, key: &Key) -> Result<Self> {
        let place = || folder::shown(&path(workspace));
        let plain = lock::open(&sealed(workspace)?, key).map_err(|e| e.at(place()))?;
        Payload::read(&plain).map(Self).map_err(|e| e.at(place()))
    }

    /// Opens the vault, lets `act` change it and say what opens it from now on, and puts the changed one in its place. Others
    /// wait meanwhile, so that nothing of theirs is lost.
    fn change<T>(workspace: &Path, key: &Key, act: impl FnOnce(&mut Payload) -> Result<(T, Key)>) -> Result<(Self, T)> {
        // Where there is none, nothing is made for the sake of saying so.
        sealed(workspace)?;
        let _lock = folder::lock(&workspace.join(folder::NAME), PATIENCE)?;
        let mut vault = Self::open(workspace, key)?;
        let (done, key) = act(&mut vault.0)?;
        write(&path(workspace), &vault.0, Some(&key))?;
        Ok((vault, done))
    }

    /// Sets an entry; true when it replaced one.
    ///
    /// # Errors
    /// As [`Vault::open`]; a name or value that a vault does not hold; a disk that refuses. The vault is as it was then.
    pub fn set(workspace: &Path, key: &Key, name: &str, value: Secret) -> Result<bool> {
        payload::name(name)?;
        if value.expose().is_empty() || value.expose().len() > MOST_VALUE {
            return Err(Error::input(format!("a secret has 1 to {MOST_VALUE} bytes"))
                .at(name)
                .hint("nothing was changed"));
        }
        let entry = Entry { value, set: SystemClock.wall() };
        let act = |p: &mut Payload| Ok((p.entries.insert(name.to_owned(), entry).is_some(), key.clone()));
        Ok(Self::change(workspace, key, act)?.1)
    }

    /// Removes an entry.
    ///
    /// # Errors
    /// As [`Vault::set`], and when there is none of that name.
    pub fn remove(workspace: &Path, key: &Key, name: &str) -> Result<()> {
        let act = |p: &mut Payload| match p.entries.remove(name) {
            Some(_) => Ok(((), key.clone())),
            None => Err(missing(p, name)),
        };
        Self::change(workspace, key, act).map(drop)
    }

    /// Locks the vault anew and adds a data key, which seals from now on; those before it stay, to open what they sealed.
    ///
    /// # Errors
    /// As [`Vault::set`], and when no recipient would be left, or one to remove is not there.
    pub fn rekey(workspace: &Path, key: &Key, relock: Relock) -> Result<Self> {
        let act = |p: &mut Payload| {
            p.keys.push(DataKey::make()?);
            let all = &mut p.recipients;
            Ok(((), relock.apply(all, key)?))
        };
        Ok(Self::change(workspace, key, act)?.0)
    }

    /// The value of an entry.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn get(&self, name: &str) -> Result<&Secret> {
        self.0.entries.get(name).map(|e| &e.value).ok_or_else(|| missing(&self.0, name))
    }

    /// Names and when they were set, in order of name.
    pub fn list(&self) -> impl Iterator<Item = (&str, Stamp)> {
        self.0.entries.iter().map(|(n, e)| (n.as_str(), e.set))
    }

    /// Every value.
    pub fn values(&self) -> impl Iterator<Item = &[u8]> {
        self.0.entries.values().map(|e| e.value.expose())
    }

    /// Whom it is locked for; empty when it is locked with a passphrase.
    pub fn recipients(&self) -> &[String] {
        &self.0.recipients
    }

    /// Its data keys: the newest seals, every one opens.
    ///
    /// # Errors
    /// There is none, which no vault that was read is.
    pub fn keys(&self) -> Result<Keys> {
        Keys::new(self.0.keys.clone()).ok_or_else(|| Error::input("the vault holds no data key"))
    }
}

fn missing(payload: &Payload, name: &str) -> Error {
    let error = Error::input("the vault has no secret of this name").at(crate::base::text::display_str(name));
    match crate::base::error::nearest(name, payload.entries.keys().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("lunette vault list names them"),
    }
}

#[cfg(test)]
mod tests;
