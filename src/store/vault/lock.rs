//! The age format (age-encryption.org/v1): what locks a payload, and what opens it.

use std::io::Read as _;
use std::str::FromStr as _;

use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor, scrypt, x25519};
use zeroize::Zeroizing;

use crate::base::text::display_str;
use crate::base::{Error, Result, Secret};

/// Work factor of the passphrase, as a power of two: about half a second and 128 MiB on a small machine
/// (`benches/README.md` has the figure).
pub const WORK: u8 = 17;
/// The largest work factor that is accepted: that of the `age` program. It asks for 256 MiB.
const MOST_WORK: u8 = 18;
/// Bytes of the longest passphrase.
const MOST_PASSPHRASE: usize = 1_024;
/// Most recipients.
const MOST_RECIPIENTS: usize = 100;
/// Bytes of a vault around its payload for each recipient, and for all else, with room to spare.
const HEAD: usize = 4 << 10;

/// What opens a vault.
#[derive(Debug, Clone)]
pub enum Key {
    /// A passphrase, and the work that locking with it takes.
    Passphrase(Secret, u8),
    /// The text of a file of identities: lines that begin with `AGE-SECRET-KEY-1`, comments, blank lines.
    Identities(Secret),
}

impl Key {
    /// A passphrase.
    ///
    /// # Errors
    /// It is empty, longer than 1,024 bytes, or not UTF-8.
    pub fn passphrase(text: Secret) -> Result<Self> {
        let length = text.expose().len();
        let what = match length {
            0 => "an empty passphrase protects nothing",
            _ if length > MOST_PASSPHRASE => "a passphrase has at most 1,024 bytes",
            _ if std::str::from_utf8(text.expose()).is_err() => "a passphrase is text in UTF-8",
            _ => return Ok(Self::Passphrase(text, WORK)),
        };
        Err(Error::input(what).hint("take a few words that nobody would guess"))
    }

    /// The identities in the text of a file.
    ///
    /// # Errors
    /// There is none in it, or one that is not an identity.
    pub fn identities(text: Secret) -> Result<Self> {
        read_identities(&text)?;
        Ok(Self::Identities(text))
    }
}

fn read_identities(text: &Secret) -> Result<Vec<x25519::Identity>> {
    let wrong = |what: &str| Error::input(what).hint("age-keygen makes such a file");
    let text = std::str::from_utf8(text.expose()).map_err(|_| wrong("this is not a file of identities"))?;
    let lines =
        text.lines().enumerate().map(|(i, l)| (i, l.trim())).filter(|(_, l)| !l.is_empty() && !l.starts_with('#'));
    let all = lines
        .map(|(i, l)| {
            // The line itself may be a secret, and is never quoted.
            x25519::Identity::from_str(l)
                .map_err(|_| wrong(&format!("line {} is not an identity (AGE-SECRET-KEY-1…)", i + 1)))
        })
        .collect::<Result<Vec<_>>>()?;
    if all.is_empty() { Err(wrong("there is no identity in it")) } else { Ok(all) }
}

/// Reads a recipient, and writes it the one way it is written.
///
/// # Errors
/// It is none.
pub fn recipient(text: &str) -> Result<String> {
    match x25519::Recipient::from_str(text.trim()) {
        Ok(r) => Ok(r.to_string()),
        Err(_) => Err(Error::input("this is not a recipient")
            .at(shown_recipient(text))
            .hint("write one that age-keygen -y prints: age1…")),
    }
}

/// What was taken for a recipient; an identity typed by mistake is a secret.
fn shown_recipient(text: &str) -> String {
    if text.get(..4).is_some_and(|t| t.eq_ignore_ascii_case("age1")) {
        display_str(text)
    } else {
        "--recipient".to_owned()
    }
}

/// Locks a payload: for recipients where there are any, else with the passphrase of the key.
///
/// # Errors
/// There is neither, or there are too many.
pub fn seal(plain: &[u8], recipients: &[String], key: Option<&Key>) -> Result<Vec<u8>> {
    let failed =
        |e: &dyn std::fmt::Display| Error::input(format!("it cannot be locked: {}", display_str(&e.to_string())));
    if recipients.len() > MOST_RECIPIENTS {
        return Err(Error::input(format!("a vault has at most {MOST_RECIPIENTS} recipients")).hint("remove some"));
    }
    let encryptor = match key {
        _ if !recipients.is_empty() => {
            let all = recipients
                .iter()
                .map(|r| x25519::Recipient::from_str(r).map_err(|e| failed(&e)))
                .collect::<Result<Vec<_>>>()?;
            Encryptor::with_recipients(all.iter().map(|r| r as &dyn age::Recipient))
        }
        Some(Key::Passphrase(passphrase, work)) => {
            let mut recipient = scrypt::Recipient::new(text(passphrase)?);
            recipient.set_work_factor(*work);
            Encryptor::with_recipients(std::iter::once(&recipient as &dyn age::Recipient))
        }
        _ => return Err(failed(&"there is neither a passphrase nor a recipient")),
    }
    .map_err(|e| failed(&e))?;
    let mut out = Vec::with_capacity(plain.len() + HEAD);
    let mut writer = encryptor.wrap_output(&mut out).map_err(|e| failed(&e))?;
    std::io::Write::write_all(&mut writer, plain).map_err(|e| failed(&e))?;
    writer.finish().map_err(|e| failed(&e))?;
    Ok(out)
}

/// True for a vault that opens with a passphrase.
///
/// # Errors
/// It is not an age file.
pub fn takes_passphrase(sealed: &[u8]) -> Result<bool> {
    Ok(Decryptor::new_buffered(sealed).map_err(|e| refused(&e))?.is_scrypt())
}

/// Opens a payload, all of it or nothing.
///
/// # Errors
/// The key does not open it, or it is not whole.
pub fn open(sealed: &[u8], key: &Key) -> Result<Zeroizing<Vec<u8>>> {
    let decryptor = Decryptor::new_buffered(sealed).map_err(|e| refused(&e))?;
    let mut reader = match (key, decryptor.is_scrypt()) {
        (Key::Passphrase(passphrase, _), true) => {
            let mut identity = scrypt::Identity::new(text(passphrase)?);
            identity.set_max_work_factor(MOST_WORK);
            decryptor.decrypt(std::iter::once(&identity as &dyn age::Identity))
        }
        (Key::Identities(file), false) => {
            let all = read_identities(file)?;
            decryptor.decrypt(all.iter().map(|i| i as &dyn age::Identity))
        }
        (Key::Passphrase(..), false) => {
            return Err(Error::input("it opens with an identity, and not with a passphrase")
                .hint("name a file of identities in LUNETTE_IDENTITY_FILE"));
        }
        (Key::Identities(_), true) => {
            return Err(Error::input("it opens with a passphrase, and not with an identity")
                .hint("leave LUNETTE_IDENTITY_FILE out"));
        }
    }
    .map_err(|e| refused(&e))?;
    // The payload is shorter than what holds it, so this never grows and leaves no copy behind.
    let mut plain = Zeroizing::new(Vec::with_capacity(sealed.len() + 64));
    reader.read_to_end(&mut plain).map_err(|_| damaged())?;
    Ok(plain)
}

/// The same bytes as age takes them; the copy it makes is wiped by it.
fn text(passphrase: &Secret) -> Result<SecretString> {
    let bytes = passphrase.expose();
    let mut exact = String::with_capacity(bytes.len());
    exact.push_str(std::str::from_utf8(bytes).map_err(|_| Error::input("a passphrase is text in UTF-8"))?);
    Ok(SecretString::from(exact))
}

fn damaged() -> Error {
    Error::input("the vault was changed or cut, and nothing of it was read").hint("restore it from a copy")
}

fn refused(e: &DecryptError) -> Error {
    match e {
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed => {
            Error::input("the passphrase is wrong, or the vault was changed").hint("nothing was changed; try again")
        }
        DecryptError::NoMatchingKeys => Error::input("none of the identities opens it, or the vault was changed")
            .hint("ask one of its recipients to add you: lunette vault rekey --recipient age1…"),
        DecryptError::ExcessiveWork { required, .. } => Error::input(format!(
            "it asks for a work factor of 2^{required}, and 2^{MOST_WORK} is the most that is accepted"
        ))
        .hint("nothing was changed; look at where this file comes from"),
        DecryptError::InvalidMac => damaged(),
        _ => Error::input("this is not an age file, or it was changed or cut").hint("restore it from a copy"),
    }
}
