//! The ciphers of encrypted tokens, each from its key and bytes to what it hides, or nothing.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, DecryptingKey, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

use super::table::{Content, ContentAlgorithm};
use crate::jwt::Encrypted;
use crate::jwt::sign::mac;

/// Bytes that are wiped when they are dropped.
pub(super) type Bytes = Zeroizing<Vec<u8>>;

/// Longest content key that is unwrapped: twice what any algorithm takes.
const MOST_KEY: usize = 128;

/// The content of a token, opened with its content key; `None` where the key or the tag is not right.
pub(super) fn content(algorithm: &ContentAlgorithm, key: &[u8], token: &Encrypted) -> Option<Bytes> {
    if key.len() != algorithm.key {
        return None;
    }
    match algorithm.content {
        Content::Gcm => gcm(key, &token.iv, &token.additional, &token.ciphertext, &token.tag),
        Content::CbcHmac(hash) => {
            // RFC 7518 section 5.2.2.2: the first half authenticates, the second encrypts.
            let (authenticates, encrypts) = key.split_at(key.len() / 2);
            let bits = (token.additional.len() as u64).checked_mul(8)?.to_be_bytes();
            let covered = [&token.additional, &token.iv, &token.ciphertext, bits.as_slice()].concat();
            let whole = mac(Some(hash), authenticates, &covered);
            verify_slices_are_equal(&whole[..whole.len() / 2], &token.tag).ok()?;
            let iv = FixedLength::from(<[u8; 16]>::try_from(token.iv.as_slice()).ok()?);
            let key = UnboundCipherKey::new(aes(encrypts.len())?, encrypts).ok()?;
            let mut text = Bytes::new(token.ciphertext.clone());
            let decrypting = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
            let length = decrypting.decrypt(&mut text, DecryptionContext::Iv128(iv)).ok()?.len();
            text.truncate(length);
            Some(text)
        }
    }
}

/// AES-GCM with a nonce of 96 bits and a tag of 128, as RFC 7518 section 5.3 wants them.
pub(super) fn gcm(key: &[u8], iv: &[u8], additional: &[u8], text: &[u8], tag: &[u8]) -> Option<Bytes> {
    let algorithm = match key.len() {
        16 => &aead::AES_128_GCM,
        24 => &aead::AES_192_GCM,
        32 => &aead::AES_256_GCM,
        _ => return None,
    };
    if tag.len() != algorithm.tag_len() {
        return None;
    }
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let mut sealed = Bytes::new(text.to_vec());
    sealed.extend_from_slice(tag);
    let nonce = Nonce::try_assume_unique_for_key(iv).ok()?;
    let length = key.open_in_place(nonce, Aad::from(additional), &mut sealed).ok()?.len();
    sealed.truncate(length);
    Some(sealed)
}

fn aes(key: usize) -> Option<&'static cipher::Algorithm> {
    match key {
        16 => Some(&cipher::AES_128),
        24 => Some(&cipher::AES_192),
        32 => Some(&cipher::AES_256),
        _ => None,
    }
}

/// The key inside a wrapped one, RFC 3394 section 2.2.2.
pub(super) fn unwrap(key: &[u8], wrapped: &[u8]) -> Option<Bytes> {
    if wrapped.len() < 24 || !wrapped.len().is_multiple_of(8) || wrapped.len() > MOST_KEY + 8 {
        return None;
    }
    let aes = DecryptingKey::ecb(UnboundCipherKey::new(aes(key.len())?, key).ok()?).ok()?;
    let (first, rest) = wrapped.split_at(8);
    let mut check = u64::from_be_bytes(first.try_into().ok()?);
    let mut blocks = Bytes::new(rest.to_vec());
    let count = rest.len() / 8;
    for step in (1..=6 * count).rev() {
        let block = &mut blocks[(step - 1) % count * 8..][..8];
        let mut both = Zeroizing::new([0; 16]);
        both[..8].copy_from_slice(&(check ^ step as u64).to_be_bytes());
        both[8..].copy_from_slice(block);
        let plain = aes.decrypt(both.as_mut(), DecryptionContext::None).ok()?;
        check = u64::from_be_bytes(plain[..8].try_into().ok()?);
        block.copy_from_slice(&plain[8..]);
    }
    // RFC 3394 section 2.2.3.1.
    (check == 0xa6a6_a6a6_a6a6_a6a6).then_some(blocks)
}

/// A key derived from what was agreed on (RFC 7518 section 4.6.2): the one-step function of NIST SP 800-56A with SHA-256.
pub(super) fn derive(agreed: &[u8], algorithm: &str, apu: &[u8], apv: &[u8], bytes: usize) -> Option<Bytes> {
    let mut out = Bytes::new(Vec::with_capacity(bytes + 32));
    let field = |bytes: &[u8]| u32::try_from(bytes.len()).ok().map(|n| [&n.to_be_bytes(), bytes].concat());
    let bits = u32::try_from(bytes * 8).ok()?;
    let other = [field(algorithm.as_bytes())?, field(apu)?, field(apv)?, bits.to_be_bytes().to_vec()].concat();
    for round in 1..=u32::try_from(bytes.div_ceil(32)).ok()? {
        let input = Bytes::new([&round.to_be_bytes(), agreed, &other].concat());
        out.extend_from_slice(digest(&SHA256, &input).as_ref());
    }
    out.truncate(bytes);
    Some(out)
}
