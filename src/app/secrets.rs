//! Use case: read a secret from where a reference says it is. Every value read is learnt, so that it can be masked anywhere.

use std::io::Read as _;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::text::display_str;
use crate::base::{Error, Result, Secret, known};
use crate::wire::{Load, Reference, Secrets};

/// Largest secret that is read.
const MOST: u64 = 64 << 10;

/// Reads references of one run.
pub struct Reader {
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// Reads files.
    pub files: Arc<dyn Load>,
}

impl Secrets for Reader {
    fn read(&self, reference: &Reference) -> Result<Secret> {
        let secret: Secret = match reference {
            Reference::Env(name) => std::env::var_os(name)
                .map(std::ffi::OsString::into_encoded_bytes)
                .filter(|v| !v.is_empty())
                .ok_or_else(|| {
                    let shown = display_str(name);
                    Error::input(format!("the variable {shown} is not set")).hint(format!("export {shown}"))
                })?
                .into(),
            Reference::File(path) => without_break(self.files.whole(&self.folder.join(path), MOST)?),
            Reference::Stdin => {
                let mut bytes = Vec::new();
                std::io::stdin().take(MOST).read_to_end(&mut bytes).map_err(|e| {
                    Error::input(format!("standard input cannot be read: {}", display_str(&e.to_string())))
                })?;
                without_break(bytes)
            }
            Reference::Vault(name) => {
                return Err(Error::input(format!("there is no vault to read {} from", display_str(name)))
                    .hint("lunette vault init makes one"));
            }
            Reference::Literal(secret) => secret.clone(),
        };
        known::learn(secret.expose());
        Ok(secret)
    }
}

fn without_break(mut bytes: Vec<u8>) -> Secret {
    bytes.truncate(bytes.trim_ascii_end().len());
    bytes.into()
}
