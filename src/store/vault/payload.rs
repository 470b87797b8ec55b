//! What is inside the vault once it is open: a JSON object with its version, data keys and entries.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::base::hash::hex;
use crate::base::{Error, Result, Secret, Stamp};
use crate::store::seal::DataKey;

/// The version this program writes, and the newest it reads.
pub const VERSION: u64 = 1;
/// Most entries.
pub const MOST_ENTRIES: usize = 1_000;
/// Bytes of the largest value.
pub const MOST_VALUE: usize = 64 << 10;
/// Most data keys: one is added by each rekey.
const MOST_KEYS: usize = 10_000;
/// Characters of the longest name.
const MOST_NAME: usize = 128;

/// The content of a vault.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Payload {
    /// Whom it is locked for (`age1…`); none when it is locked with a passphrase. The file itself does not tell.
    pub recipients: Vec<String>,
    /// Oldest first.
    pub keys: Vec<DataKey>,
    /// By name.
    pub entries: BTreeMap<String, Entry>,
}

/// One secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its value.
    pub value: Secret,
    /// When it was set.
    pub set: Stamp,
}

#[derive(Deserialize)]
struct Version {
    version: u64,
}

// Everything is borrowed from the buffer, which is wiped; what holds an escape is refused, since none is ever written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw<'a> {
    version: u64,
    #[serde(borrow)]
    recipients: Vec<&'a str>,
    #[serde(borrow)]
    keys: Vec<RawKey<'a>>,
    #[serde(borrow)]
    entries: BTreeMap<&'a str, RawEntry<'a>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey<'a> {
    id: &'a str,
    key: &'a str,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawEntry<'a> {
    value: &'a str,
    set: &'a str,
}

/// Judges the name of an entry.
///
/// # Errors
/// What it may be made of.
pub fn name(name: &str) -> Result<()> {
    let right = |b: u8| b.is_ascii_alphanumeric() || b"-_.:@/".contains(&b);
    if name.is_empty() || name.len() > MOST_NAME || !name.bytes().all(right) || name.starts_with('-') {
        return Err(Error::input("this is not a name for a secret")
            .at(crate::base::text::display_str(name))
            .hint(format!("use at most {MOST_NAME} letters, digits and - _ . : @ /")));
    }
    Ok(())
}

impl Payload {
    /// Reads it.
    ///
    /// # Errors
    /// It is of a newer version, or not what a vault holds. No part of it is ever quoted.
    pub fn read(bytes: &[u8]) -> Result<Self> {
        let broken =
            || Error::input("it opens, but what is in it is not a vault").hint("restore the vault from a copy");
        let Version { version } = serde_json::from_slice(bytes).map_err(|_| broken())?;
        if version > VERSION {
            return Err(Error::input(format!("this vault is of version {version}, and this program reads {VERSION}"))
                .hint("nothing was changed; use a newer lunette"));
        }
        let raw: Raw<'_> = serde_json::from_slice(bytes).map_err(|_| broken())?;
        let right = version == VERSION
            && !raw.keys.is_empty()
            && raw.keys.len() <= MOST_KEYS
            && raw.entries.len() <= MOST_ENTRIES;
        if !right {
            return Err(broken());
        }
        let decoded = |text: &str| STANDARD.decode(text).map(Secret::from).map_err(|_| broken());
        let key = |raw: &RawKey<'_>| {
            let key = decoded(raw.key)?;
            match unhex(raw.id).filter(|_| key.expose().len() == 32) {
                Some(id) => Ok(DataKey { id, key }),
                None => Err(broken()),
            }
        };
        let entry = |(text, raw): (&&str, &RawEntry<'_>)| {
            name(text).map_err(|_| broken())?;
            let value = decoded(raw.value)?;
            match Stamp::parse(raw.set).filter(|_| (1..=MOST_VALUE).contains(&value.expose().len())) {
                Some(set) => Ok(((*text).to_owned(), Entry { value, set })),
                None => Err(broken()),
            }
        };
        Ok(Self {
            recipients: raw.recipients.iter().map(|r| (*r).to_owned()).collect(),
            keys: raw.keys.iter().map(key).collect::<Result<_>>()?,
            entries: raw.entries.iter().map(entry).collect::<Result<_>>()?,
        })
    }

    /// Writes it into memory that is wiped.
    ///
    /// # Errors
    /// There is no room for it in a vault.
    pub fn write(&self) -> Result<Zeroizing<Vec<u8>>> {
        let full = || Error::input("the vault is full").hint("remove what is not needed with lunette vault rm");
        if self.entries.len() > MOST_ENTRIES || self.keys.len() > MOST_KEYS {
            return Err(full());
        }
        let coded = |s: &Secret| Zeroizing::new(STANDARD.encode(s.expose()));
        let keys: Vec<_> = self.keys.iter().map(|k| (hex(&k.id), coded(&k.key))).collect();
        let entries: Vec<_> =
            self.entries.iter().map(|(n, e)| (n.as_str(), coded(&e.value), e.set.to_string())).collect();
        let raw = Raw {
            version: VERSION,
            recipients: self.recipients.iter().map(String::as_str).collect(),
            keys: keys.iter().map(|(id, key)| RawKey { id, key }).collect(),
            entries: entries.iter().map(|(n, value, set)| (*n, RawEntry { value, set })).collect(),
        };
        // Enough for everything at once, so that growing leaves no copy behind.
        let each = |text: &str| text.len() + 96;
        let room = 128
            + self.recipients.iter().map(|r| each(r)).sum::<usize>()
            + keys.iter().map(|(_, k)| each(k)).sum::<usize>()
            + entries.iter().map(|(n, v, _)| n.len() + each(v)).sum::<usize>();
        let mut out = Zeroizing::new(Vec::with_capacity(room));
        serde_json::to_writer(&mut *out, &raw).map_err(|_| full())?;
        if out.len() as u64 > super::MOST / 2 {
            return Err(full());
        }
        Ok(out)
    }
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut out = [0; N];
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    for (i, byte) in out.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    (hex(&out) == text).then_some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn some() -> Payload {
        let set = Stamp::parse("2026-01-31T08:00:00Z").expect("a time");
        let entry = |v: &str| Entry { value: v.into(), set };
        Payload {
            recipients: vec!["age1x".to_owned()],
            keys: vec![DataKey::make().expect("a key"), DataKey::make().expect("a key")],
            entries: [("a".to_owned(), entry("\0\u{1f600}\"")), ("shop:alice".to_owned(), entry("x"))].into(),
        }
    }

    #[test]
    fn it_reads_as_it_was_written() {
        let written = some().write().expect("written");
        assert!(written.len() <= written.capacity());
        assert_eq!(Payload::read(&written).expect("read"), some_with_keys_of(&written));
        assert!(String::from_utf8_lossy(&written).starts_with("{\"version\":1,"));
    }

    fn some_with_keys_of(written: &[u8]) -> Payload {
        let keys = Payload::read(written).expect("read").keys;
        Payload { keys, ..some() }
    }

    #[test]
    fn room_is_made_once() {
        let mut many = some();
        for i in 0..MOST_ENTRIES - 2 {
            many.entries.insert(format!("n{i}"), many.entries["a"].clone());
        }
        let written = many.write().expect("written");
        // A vector that had grown would have doubled.
        assert!(written.capacity() < written.len() * 2);
        many.entries.insert("one-more".to_owned(), many.entries["a"].clone());
        assert!(many.write().expect_err("full").to_string().starts_with("the vault is full"));
        many.entries.pop_first();
        for entry in many.entries.values_mut().take(100) {
            entry.value = vec![b'x'; MOST_VALUE].into();
        }
        assert!(many.write().is_err());
    }

    #[test]
    fn a_newer_version_is_named_whatever_else_it_holds_and_anything_else_is_no_vault() {
        let said = |text: &str| Payload::read(text.as_bytes()).expect_err(text).to_string();
        assert!(said("{\"version\":2,\"new\":{}}").contains("version 2, and this program reads 1"));
        let good = String::from_utf8(some().write().expect("written").to_vec()).expect("text");
        for (from, to) in [
            ("\"version\":1", "\"version\":0"),
            ("\"version\":1", "\"version\":1,\"more\":1"),
            ("\"recipients\"", "\"recipient\""),
            ("\"a\":", "\"a b\":"),
            ("\"a\":", "\"\\u0061\":"),
            ("2026-01-31", "2026-13-31"),
            ("\"value\":\"", "\"value\":\"!"),
            ("\"id\":\"", "\"id\":\"0"),
            ("\"key\":\"", "\"key\":\"AAAA"),
        ] {
            let changed = good.replacen(from, to, 1);
            assert!(changed != good);
            assert_eq!(said(&changed), "it opens, but what is in it is not a vault; restore the vault from a copy");
        }
        said("{\"version\":1,\"recipients\":[],\"keys\":[],\"entries\":{}}");
        said("");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_a_word_of_them(
            cut in 0usize..800, at in 0usize..800, with in "[ -~]{0,4}", tail in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let good = some().write().expect("written");
            let mut bytes = good[..cut.min(good.len())].to_vec();
            let at = at.min(bytes.len());
            bytes.splice(at..at, with.bytes());
            bytes.extend(&tail);
            if let Err(e) = Payload::read(&bytes) {
                prop_assert!(e.what.starts_with("it opens, but") || e.what.starts_with("this vault is of version"));
            }
            let _ = Payload::read(&tail);
        }

        #[test]
        fn names_are_what_can_be_typed(text in "\\PC{0,140}") {
            let right = (1..=128).contains(&text.len())
                && !text.starts_with('-')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:@/".contains(c));
            prop_assert_eq!(name(&text).is_ok(), right);
        }
    }
}
