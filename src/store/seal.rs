//! Sealed records: what only a holder of the workspace's keys can read, and marks that only a holder can make.
//!
//! A record is sealed with ChaCha20-Poly1305 (RFC 8439) under a key of its own, derived with HKDF-SHA256 (RFC 5869) from a
//! data key and 32 random bytes, so that no two records share a key and no nonce can repeat.

use std::sync::Arc;

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};
use aws_lc_rs::{hmac, rand};

use crate::base::hash::hex;
use crate::base::{Error, Result, Secret};

/// Version of the form, the first byte.
const FORM: u8 = 1;
const ID: usize = 8;
const SALT: usize = 32;
const HEAD: usize = 1 + ID + SALT;

/// One data key, with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataKey {
    /// Its number, 8 bytes, in clear beside what it seals.
    pub id: [u8; ID],
    /// 32 random bytes.
    pub key: Secret,
}

impl DataKey {
    /// A new one.
    ///
    /// # Errors
    /// The machine gives no randomness.
    pub fn make() -> Result<Self> {
        let (mut id, mut key) = ([0; ID], [0; 32]);
        let failed = |_| Error::input("the machine gives no random numbers");
        rand::fill(&mut id).map_err(failed)?;
        rand::fill(&mut key).map_err(failed)?;
        let made = Self { id, key: key.to_vec().into() };
        zeroize::Zeroize::zeroize(&mut key);
        Ok(made)
    }
}

/// The data keys of a workspace: the newest seals, every one opens.
#[derive(Debug, Clone)]
pub struct Keys(Arc<[DataKey]>);

impl Keys {
    /// These keys, oldest first; `None` when there are none.
    pub fn new(keys: Vec<DataKey>) -> Option<Self> {
        (!keys.is_empty()).then(|| Self(keys.into()))
    }

    /// All of them, oldest first.
    pub fn all(&self) -> &[DataKey] {
        &self.0
    }

    fn newest(&self) -> &DataKey {
        // There is at least one, by the only way to make this.
        &self.0[self.0.len() - 1]
    }

    /// Seals `plain` for the place that `place` names: it opens there and nowhere else.
    ///
    /// # Errors
    /// The machine gives no randomness.
    pub fn seal(&self, place: &[u8], plain: &[u8]) -> Result<Vec<u8>> {
        let key = self.newest();
        let mut salt = [0; SALT];
        rand::fill(&mut salt).map_err(|_| Error::input("the machine gives no random numbers"))?;
        let mut out = Vec::with_capacity(HEAD + plain.len() + 16);
        out.push(FORM);
        out.extend_from_slice(&key.id);
        out.extend_from_slice(&salt);
        let mut body = plain.to_vec();
        cipher(key, &salt)?
            .seal_in_place_append_tag(Nonce::assume_unique_for_key([0; NONCE_LEN]), Aad::from(place), &mut body)
            .map_err(|_| Error::input("it cannot be sealed"))?;
        out.append(&mut body);
        Ok(out)
    }

    /// Opens what was sealed for `place`.
    ///
    /// # Errors
    /// It is not whole, was sealed for another place or with a key that is not among these.
    pub fn open(&self, place: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
        let broken = || Error::input("a sealed record does not open: it was changed, moved or cut");
        let head = sealed.get(..HEAD).filter(|h| h[0] == FORM).ok_or_else(broken)?;
        let (id, salt) = head[1..].split_at(ID);
        let key = self.0.iter().find(|k| k.id == id).ok_or_else(|| {
            Error::input("a record was sealed with a key that this vault does not have").hint("restore the older vault")
        })?;
        let mut body = sealed[HEAD..].to_vec();
        let length = cipher(key, salt)?
            .open_in_place(Nonce::assume_unique_for_key([0; NONCE_LEN]), Aad::from(place), &mut body)
            .map_err(|_| broken())?
            .len();
        body.truncate(length);
        Ok(body)
    }

    /// A mark over `bytes` that only a holder of the newest key can make: number of the key and HMAC-SHA256 (RFC 2104),
    /// both in hexadecimal, with a colon between.
    pub fn mark(&self, bytes: &[u8]) -> String {
        let key = self.newest();
        format!("{}:{}", hex(&key.id), hex(hmac::sign(&marker(key), bytes).as_ref()))
    }

    /// Whether a mark is one that a holder of these keys made over `bytes`.
    pub fn made(&self, mark: &str, bytes: &[u8]) -> bool {
        let Some((id, mac)) = mark.split_once(':') else { return false };
        self.0.iter().filter(|k| hex(&k.id) == id).any(|k| {
            let right = hex(hmac::sign(&marker(k), bytes).as_ref());
            aws_lc_rs::constant_time::verify_slices_are_equal(right.as_bytes(), mac.as_bytes()).is_ok()
        })
    }
}

fn derive(key: &DataKey, salt: &[u8], purpose: &[u8]) -> Result<Secret> {
    let mut out = vec![0; 32];
    Salt::new(HKDF_SHA256, salt)
        .extract(key.key.expose())
        .expand(&[purpose], HKDF_SHA256)
        .and_then(|okm| okm.fill(&mut out))
        .map_err(|_| Error::input("a key cannot be derived"))?;
    Ok(out.into())
}

fn cipher(key: &DataKey, salt: &[u8]) -> Result<LessSafeKey> {
    let derived = derive(key, salt, b"lunette record 1")?;
    UnboundKey::new(&CHACHA20_POLY1305, derived.expose())
        .map(LessSafeKey::new)
        .map_err(|_| Error::input("a key cannot be used"))
}

fn marker(key: &DataKey) -> hmac::Key {
    // 32 bytes can always be derived; an empty key would make marks that nothing accepts.
    let derived = derive(key, b"", b"lunette audit 1").unwrap_or_default();
    hmac::Key::new(hmac::HMAC_SHA256, derived.expose())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys() -> Keys {
        Keys::new(vec![DataKey::make().expect("a key"), DataKey::make().expect("a key")]).expect("two keys")
    }

    proptest! {
        #[test]
        fn a_record_opens_as_it_was_and_only_in_its_place(plain in proptest::collection::vec(any::<u8>(), 0..300)) {
            let keys = keys();
            let sealed = keys.seal(b"row 1", &plain).expect("sealed");
            prop_assert_eq!(keys.open(b"row 1", &sealed).expect("opens"), plain.clone());
            prop_assert!(keys.open(b"row 2", &sealed).is_err());
            prop_assert!(plain.len() < 8 || memchr::memmem::find(&sealed, &plain).is_none());
            let mark = keys.mark(&plain);
            prop_assert!(keys.made(&mark, &plain) && !keys.made(&mark, b"else"));
        }
    }

    #[test]
    fn every_changed_byte_is_noticed_and_nothing_of_it_is_given() {
        let keys = keys();
        let sealed = keys.seal(b"p", b"something kept").expect("sealed");
        for i in 0..sealed.len() {
            for bit in 0..8 {
                let mut changed = sealed.clone();
                changed[i] ^= 1 << bit;
                assert!(keys.open(b"p", &changed).is_err(), "byte {i} bit {bit}");
            }
            assert!(keys.open(b"p", &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn older_keys_still_open_and_other_keys_do_not() {
        let keys = keys();
        let old = Keys::new(vec![keys.all()[0].clone()]).expect("one key");
        let sealed = old.seal(b"p", b"x").expect("sealed");
        assert_eq!(keys.open(b"p", &sealed).expect("opens"), b"x");
        assert!(keys.made(&old.mark(b"x"), b"x"));
        let said = self::keys().open(b"p", &sealed).expect_err("other keys").to_string();
        assert!(said.contains("does not have"), "{said}");
    }
}
