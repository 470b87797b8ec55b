//! HMAC (RFC 2104) of one message under many keys, as fast as this machine can.
//!
//! A code costs three compressions and one for each block of the message, whatever is done: the key stands before the message,
//! so nothing of it can be shared between keys. What is saved is all the rest: blocks are padded once, the compression
//! function is called on them in one go, and four bytes are compared before the rest is.

use sha2::block_api::{compress256, compress512};
use sha2::{Digest, Sha256, Sha384, Sha512};

#[cfg(target_arch = "x86_64")]
use super::lanes::{LANES, Lanes};

/// What a key is combined with for the inner hash (RFC 2104 section 2).
pub(super) const IPAD: u8 = 0x36;
/// And for the outer one.
pub(super) const OPAD: u8 = 0x5c;

/// Where SHA-256 starts (FIPS 180-4 section 5.3.3).
pub(super) const START256: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
/// Where SHA-384 starts (section 5.3.4).
const START384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];
/// Where SHA-512 starts (section 5.3.5).
const START512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

/// A message and its code, which keys are tried on.
pub struct Guesser {
    plan: Plan,
    code: Vec<u8>,
}

enum Plan {
    /// SHA-256. The first block of `inner` is the key's.
    Narrow {
        inner: Vec<[u8; 64]>,
        #[cfg(target_arch = "x86_64")]
        lanes: Option<Lanes>,
    },
    /// SHA-384 and SHA-512.
    Wide { inner: Vec<[u8; 128]>, start: [u64; 8] },
}

impl Guesser {
    /// Makes ready to try keys on this message. `bits` are those of the hash: 256, 384 or 512. `None` for another hash, and for a
    /// code that is not as long as the hash: no key makes such a code.
    pub fn new(bits: usize, message: &[u8], code: &[u8]) -> Option<Self> {
        if code.len() * 8 != bits {
            return None;
        }
        let plan = match bits {
            256 => {
                let inner = blocks::<64>(message);
                #[cfg(target_arch = "x86_64")]
                let lanes = Lanes::new(&inner[1..], u32::from_be_bytes(*code.first_chunk()?));
                Plan::Narrow {
                    inner,
                    #[cfg(target_arch = "x86_64")]
                    lanes,
                }
            }
            384 => Plan::Wide { inner: blocks::<128>(message), start: START384 },
            512 => Plan::Wide { inner: blocks::<128>(message), start: START512 },
            _ => return None,
        };
        Some(Self { plan, code: code.to_vec() })
    }

    /// The first of these keys that makes the code.
    pub fn first(&mut self, keys: &[&[u8]]) -> Option<usize> {
        match &mut self.plan {
            #[cfg(target_arch = "x86_64")]
            Plan::Narrow { inner, lanes: Some(lanes) } => {
                let mut four = [[0; 64]; LANES];
                for (n, group) in keys.chunks(LANES).enumerate() {
                    for (place, key) in four.iter_mut().zip(group) {
                        *place = padded::<Sha256, 64>(key);
                    }
                    let hits = lanes.hits(&four);
                    for (i, key) in four.iter().enumerate().take(group.len()) {
                        if hits >> i & 1 == 1 && narrow(inner, key, &self.code) {
                            return Some(n * LANES + i);
                        }
                    }
                }
                None
            }
            Plan::Narrow { inner, .. } => {
                keys.iter().position(|key| narrow(inner, &padded::<Sha256, 64>(key), &self.code))
            }
            Plan::Wide { inner, start } => {
                let short = self.code.len() == 48;
                keys.iter().position(|key| {
                    let key = if short { padded::<Sha384, 128>(key) } else { padded::<Sha512, 128>(key) };
                    wide(inner, start, &key, &self.code)
                })
            }
        }
    }

    /// Compressions that a key costs.
    pub fn cost(&self) -> usize {
        2 + match &self.plan {
            Plan::Narrow { inner, .. } => inner.len(),
            Plan::Wide { inner, .. } => inner.len(),
        }
    }
}

/// A key as a block: one that is longer is hashed first (RFC 2104 section 2).
fn padded<D: Digest, const N: usize>(key: &[u8]) -> [u8; N] {
    let mut block = [0; N];
    if key.len() <= N {
        block[..key.len()].copy_from_slice(key);
    } else {
        let digest = D::digest(key);
        block[..digest.len()].copy_from_slice(&digest);
    }
    block
}

/// Room for the key, then the message with its end mark and its length (FIPS 180-4 section 5.1), counted with the key's block.
fn blocks<const N: usize>(message: &[u8]) -> Vec<[u8; N]> {
    let mut bytes = vec![0; N];
    bytes.extend_from_slice(message);
    let length = bytes.len() as u64 * 8;
    bytes.push(0x80);
    // The length is an eighth of a block long; its upper half is zero for all that fits into memory.
    bytes.resize((bytes.len() + N / 8).next_multiple_of(N), 0);
    let end = bytes.len();
    bytes[end - 8..].copy_from_slice(&length.to_be_bytes());
    bytes.as_chunks().0.to_vec()
}

/// True when the key makes the code.
fn narrow(inner: &mut [[u8; 64]], key: &[u8; 64], code: &[u8]) -> bool {
    let mut outer = [key.map(|b| b ^ OPAD), [0; 64]];
    inner[0] = key.map(|b| b ^ IPAD);
    let mut state = START256;
    compress256(&mut state, inner);
    let (digest, rest) = outer[1].split_at_mut(32);
    write(digest, &state.map(u32::to_be_bytes));
    rest[0] = 0x80;
    rest[24..].copy_from_slice(&(96_u64 * 8).to_be_bytes());
    let mut state = START256;
    compress256(&mut state, &outer);
    state[0].to_be_bytes() == code[..4] && state.map(u32::to_be_bytes).as_flattened() == code
}

fn wide(inner: &mut [[u8; 128]], start: &[u64; 8], key: &[u8; 128], code: &[u8]) -> bool {
    let mut outer = [key.map(|b| b ^ OPAD), [0; 128]];
    inner[0] = key.map(|b| b ^ IPAD);
    let mut state = *start;
    compress512(&mut state, inner);
    let (digest, rest) = outer[1].split_at_mut(code.len());
    write(digest, &state.map(u64::to_be_bytes));
    rest[0] = 0x80;
    let end = rest.len();
    rest[end - 8..].copy_from_slice(&((128 + code.len() as u64) * 8).to_be_bytes());
    let mut state = *start;
    compress512(&mut state, &outer);
    state[0].to_be_bytes()[..4] == code[..4] && state.map(u64::to_be_bytes).as_flattened()[..code.len()] == *code
}

/// As much of the words as there is room for.
fn write<const W: usize>(to: &mut [u8], words: &[[u8; W]; 8]) {
    let n = to.len();
    to.copy_from_slice(&words.as_flattened()[..n]);
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use proptest::prelude::*;

    use super::*;

    fn code(bits: usize, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match bits {
            256 => hmac::HMAC_SHA256,
            384 => hmac::HMAC_SHA384,
            _ => hmac::HMAC_SHA512,
        };
        hmac::sign(&hmac::Key::new(algorithm, key), message).as_ref().to_vec()
    }

    #[test]
    fn a_code_of_another_length_is_of_no_key() {
        assert!(Guesser::new(256, b"a", &[0; 31]).is_none());
        assert!(Guesser::new(160, b"a", &[0; 20]).is_none());
        assert_eq!(Guesser::new(256, &[b'a'; 163], &[0; 32]).map(|g| g.cost()), Some(6));
    }

    #[test]
    fn four_bytes_that_fit_are_not_enough() {
        for bits in [256, 384, 512] {
            let mut made = code(bits, b"key", b"message");
            let last = made.len() - 1;
            made[last] ^= 1;
            let mut guesser = Guesser::new(bits, b"message", &made).expect("a length that fits");
            assert_eq!(guesser.first(&[b"key"]), None, "{bits}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn agrees_with_another_library(
            message in proptest::collection::vec(any::<u8>(), 0..300),
            keys in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..12),
            at in any::<proptest::sample::Index>(),
        ) {
            let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
            for bits in [256, 384, 512] {
                let key = keys[at.index(keys.len())];
                let mut guesser = Guesser::new(bits, &message, &code(bits, key, &message)).expect("its own length");
                let found = guesser.first(&keys).expect("the key is among them");
                // Keys that differ in zeros at their end alone are one key to HMAC.
                let without = |k: &[u8]| k.iter().rposition(|b| *b != 0).map_or(0, |i| i + 1);
                prop_assert_eq!(&keys[found][..without(keys[found])], &key[..without(key)]);
                let others: Vec<&[u8]> = keys.iter().copied().filter(|k| k[..without(k)] != key[..without(key)]).collect();
                prop_assert_eq!(guesser.first(&others), None);
                // The way of machines without the instructions.
                #[cfg(target_arch = "x86_64")]
                if let Plan::Narrow { lanes, .. } = &mut guesser.plan {
                    *lanes = None;
                    prop_assert_eq!(guesser.first(&keys), Some(found));
                }
            }
        }
    }
}
