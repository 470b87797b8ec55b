//! HMAC-SHA256 of four keys side by side, with the SHA instructions of x86-64.
//!
//! One round waits four cycles for the round before it, and a core can begin one every two: four guesses that do not depend on
//! each other keep it busy. The schedule of the message blocks is worked out once, since it is the same for every key.
//!
//! One of the two modules of the house with `unsafe` in them: instructions that a machine may not have can be called in no other
//! way. Both calls stand in [`Lanes::new`] and [`Lanes::hits`], behind a look at what the machine has.
#![expect(unsafe_code, reason = "instructions that were looked for at run time can be called in no other way")]

use std::arch::is_x86_feature_detected;
use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_extract_epi32, _mm_set_epi32, _mm_set_epi64x,
    _mm_set1_epi8, _mm_sha256msg1_epu32, _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8,
    _mm_shuffle_epi32, _mm_xor_si128,
};
use std::array::from_fn;

use super::mac::{IPAD, OPAD, START256};

/// Keys a call takes.
pub const LANES: usize = 4;

/// Round constants (FIPS 180-4 section 4.2.2).
#[rustfmt::skip]
const K: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The state of one hash, in the order the instructions want it: words `abef` and `cdgh`.
type State = [__m128i; 2];
/// Sixteen words.
type Block = [__m128i; 4];

/// What is the same for every key.
pub struct Lanes {
    /// Words and round constants of each message block, added up.
    message: Vec<[__m128i; 16]>,
    /// The first four bytes of the signature.
    wanted: u32,
}

impl Lanes {
    /// Makes ready for these message blocks, which follow the block of the key; `None` where the machine lacks the instructions.
    pub fn new(message: &[[u8; 64]], wanted: u32) -> Option<Self> {
        let there =
            is_x86_feature_detected!("sha") && is_x86_feature_detected!("sse4.1") && is_x86_feature_detected!("ssse3");
        // SAFETY: the three features were looked for in the line above.
        there.then(|| Self { message: unsafe { schedules(message) }, wanted })
    }

    /// Which of four keys (each padded with zeros) give a code that begins as the signature does, a bit each.
    pub fn hits(&self, keys: &[[u8; 64]; LANES]) -> u8 {
        // SAFETY: `new` is the only way to a `Lanes`, and makes none where a feature is missing.
        unsafe { self.four(keys) }
    }

    #[target_feature(enable = "sha,sse4.1,ssse3")]
    fn four(&self, keys: &[[u8; 64]; LANES]) -> u8 {
        let start = state(&START256);
        let keys: [Block; LANES] = from_fn(|l| words(&keys[l]));
        let with = |byte: u8| -> [Block; LANES] {
            let byte = _mm_set1_epi8(byte.cast_signed());
            from_fn(|l| from_fn(|i| _mm_xor_si128(keys[l][i], byte)))
        };
        let mut states = [start; LANES];
        compress(&mut states, with(IPAD));
        for block in &self.message {
            compress_known(&mut states, block);
        }
        // The inner hash is the second block of the outer one: 32 bytes, the end mark, and a length of 96 bytes in bits.
        let mark = _mm_set_epi32(0, 0, 0, 0x8000_0000_u32.cast_signed());
        let length = _mm_set_epi32(96 * 8, 0, 0, 0);
        let inner = from_fn(|l| {
            let [low, high] = plain(states[l]);
            [low, high, mark, length]
        });
        let mut states = [start; LANES];
        compress(&mut states, with(OPAD));
        compress(&mut states, inner);
        let mut hits = 0;
        for (l, s) in states.iter().enumerate() {
            let first = _mm_extract_epi32(plain(*s)[0], 0).cast_unsigned();
            hits |= u8::from(first == self.wanted) << l;
        }
        hits
    }
}

#[target_feature(enable = "sha,sse4.1,ssse3")]
fn schedules(message: &[[u8; 64]]) -> Vec<[__m128i; 16]> {
    let of = |block: &[u8; 64]| -> [__m128i; 16] {
        let mut w = words(block);
        from_fn(|r| {
            if r >= 4 {
                schedule(&mut w, r % 4);
            }
            _mm_add_epi32(w[r % 4], constants(r))
        })
    };
    message.iter().map(of).collect()
}

/// A block as big-endian words.
#[inline]
#[target_feature(enable = "ssse3")]
fn words(block: &[u8; 64]) -> Block {
    let order = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let (halves, _) = block.as_chunks::<8>();
    let half = |i: usize| i64::from_le_bytes(halves[i]);
    from_fn(|i| _mm_shuffle_epi8(_mm_set_epi64x(half(2 * i + 1), half(2 * i)), order))
}

#[inline]
#[target_feature(enable = "sse2")]
fn four_words(w: &[u32]) -> __m128i {
    _mm_set_epi32(w[3].cast_signed(), w[2].cast_signed(), w[1].cast_signed(), w[0].cast_signed())
}

#[inline]
#[target_feature(enable = "sse2")]
fn constants(round: usize) -> __m128i {
    four_words(&K[4 * round..4 * round + 4])
}

#[inline]
#[target_feature(enable = "sse4.1,ssse3")]
fn state(words: &[u32; 8]) -> State {
    let low = _mm_shuffle_epi32(four_words(&words[..4]), 0xb1);
    let high = _mm_shuffle_epi32(four_words(&words[4..]), 0x1b);
    [_mm_alignr_epi8(low, high, 8), _mm_blend_epi16(high, low, 0xf0)]
}

/// The state as words in their own order.
#[inline]
#[target_feature(enable = "sse4.1,ssse3")]
fn plain([abef, cdgh]: State) -> [__m128i; 2] {
    let feba = _mm_shuffle_epi32(abef, 0x1b);
    let dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    [_mm_blend_epi16(feba, dchg, 0xf0), _mm_alignr_epi8(dchg, feba, 8)]
}

/// The next four words of the schedule, in place of the oldest four.
#[inline]
#[target_feature(enable = "sha,ssse3")]
fn schedule(w: &mut Block, i: usize) {
    let (second, third, last) = (w[(i + 1) % 4], w[(i + 2) % 4], w[(i + 3) % 4]);
    let sum = _mm_add_epi32(_mm_sha256msg1_epu32(w[i], second), _mm_alignr_epi8(last, third, 4));
    w[i] = _mm_sha256msg2_epu32(sum, last);
}

/// Four rounds.
#[inline]
#[target_feature(enable = "sha,sse2")]
fn rounds([abef, cdgh]: &mut State, words: __m128i) {
    *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, words);
    *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(words, 0x0e));
}

#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress(states: &mut [State; LANES], mut w: [Block; LANES]) {
    let before = *states;
    for r in 0..16 {
        for l in 0..LANES {
            if r >= 4 {
                schedule(&mut w[l], r % 4);
            }
            rounds(&mut states[l], _mm_add_epi32(w[l][r % 4], constants(r)));
        }
    }
    add(states, &before);
}

/// The same for a block whose schedule is known.
#[inline]
#[target_feature(enable = "sha,sse4.1,ssse3")]
fn compress_known(states: &mut [State; LANES], words: &[__m128i; 16]) {
    let before = *states;
    for w in words {
        for s in states.iter_mut() {
            rounds(s, *w);
        }
    }
    add(states, &before);
}

#[inline]
#[target_feature(enable = "sse2")]
fn add(states: &mut [State; LANES], before: &[State; LANES]) {
    for (s, b) in states.iter_mut().zip(before) {
        *s = [_mm_add_epi32(s[0], b[0]), _mm_add_epi32(s[1], b[1])];
    }
}
