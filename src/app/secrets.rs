//! Use case: read a secret from where a reference says it is. Every value read is learnt, so that it can be masked anywhere.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

use crate::base::text::display_str;
use crate::base::{Error, Result, Secret, known};
use crate::store::vault::{Held, Key, State};
use crate::wire::{Load, Reference, Secrets};

/// Largest secret that is read.
const MOST: usize = 64 << 10;

/// Gets what opens the vault of a workspace: from a file, or from who sits there.
pub type Opener = fn(&Path) -> Result<Key>;

/// Reads references of one run. Clones share the vault.
#[derive(Clone)]
pub struct Reader {
    /// The folder that relative paths start from.
    pub folder: PathBuf,
    /// Reads files.
    pub files: Arc<dyn Load>,
    /// The vault, where there is a workspace.
    pub vault: Option<Held>,
    /// Asked at the first reference to a vault that is closed.
    pub opener: Opener,
}

impl Reader {
    /// The same, with relative paths from another folder.
    #[must_use]
    pub fn from(&self, folder: &Path) -> Self {
        Self { folder: folder.to_owned(), ..self.clone() }
    }

    fn entry(&self, name: &str) -> Result<Secret> {
        let Some(held) = &self.vault else {
            return Err(Error::input(format!("there is no workspace, so no vault to read {} from", display_str(name)))
                .hint("name it with --workspace DIR"));
        };
        if held.state() == State::Locked {
            held.unlock(&(self.opener)(held.workspace())?)?;
        }
        held.get(name)
    }
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
            Reference::File(path) => without_break(self.files.whole(&self.folder.join(path), MOST as u64)?),
            Reference::Stdin => stdin()?,
            Reference::Vault(name) => self.entry(name)?,
            Reference::Literal(secret) => secret.clone(),
        };
        known::learn(secret.expose());
        Ok(secret)
    }
}

fn stdin() -> Result<Secret> {
    // Room for all of it at once, so that growing leaves no copy behind.
    let mut bytes = Vec::with_capacity(MOST + 64);
    let read = std::io::stdin().take(MOST as u64 + 1).read_to_end(&mut bytes);
    let secret = without_break(bytes);
    read.map_err(|e| Error::input(format!("standard input cannot be read: {}", display_str(&e.to_string()))))?;
    if secret.expose().len() > MOST {
        return Err(Error::input(format!("a secret has at most {MOST} bytes")).at("-").hint("give less"));
    }
    Ok(secret)
}

fn without_break(mut bytes: Vec<u8>) -> Secret {
    bytes.truncate(bytes.iter().rposition(|b| !matches!(b, b'\n' | b'\r')).map_or(0, |i| i + 1));
    bytes.into()
}

/// How a secret is written where it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// As it is.
    #[default]
    Text,
    /// In base64 or base64url (RFC 4648 sections 4 and 5), with or without padding.
    Base64,
    /// In hexadecimal.
    Hex,
}

impl Encoding {
    /// The secret itself, which is learnt.
    ///
    /// # Errors
    /// It is not written that way.
    pub fn decode(self, written: &Secret) -> Result<Secret> {
        let wrong = |what: &str| Error::input(format!("the secret is not {what}")).at("--secret-encoding");
        // The lines that such text is often cut into count for nothing.
        let mut text = Zeroizing::new(Vec::with_capacity(written.expose().len()));
        text.extend(written.expose().iter().filter(|b| !b.is_ascii_whitespace()));
        let secret: Secret = match self {
            Self::Text => return Ok(written.clone()),
            Self::Base64 => [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|engine| engine.decode(&*text).ok())
                .ok_or_else(|| wrong("base64").hint("without the option it is taken as it stands"))?
                .into(),
            Self::Hex => {
                let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
                let bytes: Option<Vec<u8>> = text
                    .chunks(2)
                    .map(|pair| match pair {
                        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
                        _ => None,
                    })
                    .collect();
                bytes.ok_or_else(|| wrong("hexadecimal").hint("without the option it is taken as it stands"))?.into()
            }
        };
        known::learn(secret.expose());
        Ok(secret)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Provided;
    use crate::files::Disk;

    fn reader() -> Reader {
        let files = Provided::new([(PathBuf::from("/w/f"), "fr0m-a-file \r\n".to_owned())], Arc::new(Disk));
        Reader {
            folder: "/w".into(),
            files: Arc::new(files),
            vault: None,
            opener: |_| Err(Error::input("nobody was to be asked")),
        }
    }

    #[test]
    fn what_is_read_is_learnt_and_loses_its_line_break() {
        let read = |text: &str| reader().read(&Reference::parse(text));
        assert_eq!(read("file:f").expect("read").expose(), b"fr0m-a-file ");
        assert_eq!(known::redact_str("<fr0m-a-file >"), "<***>");
        assert_eq!(read("l1teral-as-typed").expect("read").expose(), b"l1teral-as-typed");
        assert_eq!(known::redact_str("l1teral-as-typed"), "***");
        let said = |text: &str| read(text).expect_err(text).to_string();
        assert!(said("env:LUNETTE_NOT_SET").contains("LUNETTE_NOT_SET is not set; export"));
        assert!(said("vault:a").contains("no workspace, so no vault to read a from"));
    }

    #[test]
    fn an_encoded_secret_is_decoded_and_nothing_else_is_taken_for_one() {
        let decode = |e: Encoding, s: &str| e.decode(&s.into()).map(|s| s.expose().to_vec());
        for text in ["+/8gZGVjMGRlZA==", "+/8gZGVj\nMGRlZA", "-_8gZGVjMGRlZA"] {
            assert_eq!(decode(Encoding::Base64, text).expect(text), b"\xfb\xff dec0ded");
        }
        assert_eq!(decode(Encoding::Hex, "00fF 64").expect("hex"), b"\0\xffd");
        assert_eq!(decode(Encoding::Text, "00fF").expect("text"), b"00fF");
        for (encoding, text) in [(Encoding::Base64, "a!"), (Encoding::Hex, "0"), (Encoding::Hex, "0g")] {
            let said = decode(encoding, text).expect_err(text).to_string();
            assert!(said.starts_with("--secret-encoding: the secret is not"), "{said}");
        }
    }
}
