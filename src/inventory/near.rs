//! Short texts, eight and sixteen bytes at a time. A byte that is near is found sooner than a call of `memchr` has chosen its
//! instructions.

/// Where a byte stands first.
#[expect(clippy::inline_always, reason = "half of it goes where the byte is known")]
#[inline(always)]
pub(super) fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    if bytes.len() >= 16 {
        return far(bytes, wanted);
    }
    let (low, high) = words(bytes);
    let at = match first(low, wanted) {
        8 => 8 + first(high, wanted),
        at => at,
    };
    // What fills up the words may be what is looked for.
    (at < bytes.len()).then_some(at)
}

/// The same in sixteen bytes and more, so many at a time: every machine of this kind can.
#[cfg(target_arch = "x86_64")]
#[inline]
fn far(bytes: &[u8], wanted: u8) -> Option<usize> {
    match memchr::arch::x86_64::sse2::memchr::One::new(wanted) {
        Some(one) => one.find(bytes),
        None => memchr::memchr(wanted, bytes),
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline]
fn far(bytes: &[u8], wanted: u8) -> Option<usize> {
    memchr::memchr(wanted, bytes)
}

/// What stands before the first of a byte, or all.
#[expect(clippy::inline_always, reason = "as above")]
#[inline(always)]
pub(super) fn until(bytes: &[u8], wanted: u8) -> &[u8] {
    &bytes[..position(bytes, wanted).unwrap_or(bytes.len())]
}

/// How many of eight bytes, counted from the lowest, stand before the first that is wanted; eight where there is none.
#[inline]
pub(super) fn first(word: u64, wanted: u8) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let other = word ^ (ONES * u64::from(wanted));
    (other.wrapping_sub(ONES) & !other & (ONES << 7)).trailing_zeros() as usize / 8
}

/// The first sixteen bytes as two numbers, zeros where there are fewer.
#[inline]
pub(super) fn words(bytes: &[u8]) -> (u64, u64) {
    let Some((start, rest)) = bytes.split_first_chunk::<8>() else { return (word(bytes), 0) };
    let high = match (rest.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        (Some(next), _) => u64::from_le_bytes(*next),
        (None, Some(last)) if !rest.is_empty() => u64::from_le_bytes(*last) >> (8 * (8 - rest.len())),
        _ => 0,
    };
    (u64::from_le_bytes(*start), high)
}

/// Fewer than eight bytes as a number.
#[inline]
fn word(bytes: &[u8]) -> u64 {
    let n = bytes.len();
    if let (Some(start), Some(end)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        // What both hold is the same.
        return u64::from(u32::from_le_bytes(*start)) | u64::from(u32::from_le_bytes(*end)) << (8 * (n & 7) - 32);
    }
    match (bytes.first(), bytes.get(n / 2), bytes.last()) {
        (Some(a), Some(b), Some(c)) => u64::from(*a) | u64::from(*b) << (8 * (n / 2)) | u64::from(*c) << (8 * (n - 1)),
        _ => 0,
    }
}

/// A method as a number that is not 0; `None` for one that is longer than those in use.
#[inline]
pub(super) fn word_of(method: &[u8]) -> Option<u64> {
    (method.len() < 8).then(|| word(method) | (method.len() as u64 + 1) << 56)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_first_of_a_byte_is_found(bytes in proptest::collection::vec(0u8..4, 0..100), wanted in 0u8..5) {
            let at = bytes.iter().position(|b| *b == wanted);
            prop_assert_eq!(position(&bytes, wanted), at);
            prop_assert_eq!(until(&bytes, wanted), &bytes[..at.unwrap_or(bytes.len())]);
        }

        #[test]
        fn bytes_are_numbers(bytes in proptest::collection::vec(any::<u8>(), 0..24)) {
            let mut all = [0; 16];
            let n = bytes.len().min(16);
            all[..n].copy_from_slice(&bytes[..n]);
            let (low, high) = words(&bytes);
            prop_assert_eq!([low.to_le_bytes(), high.to_le_bytes()].concat(), all);
        }
    }
}
