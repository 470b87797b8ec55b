//! The few forms of DER (ITU-T X.690) that keys are written in, read without a copy and written back.

use zeroize::Zeroizing;

/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BITS: u8 = 0x03;
/// OCTET STRING.
pub const OCTETS: u8 = 0x04;
/// NULL.
pub const NULL: u8 = 0x05;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// SEQUENCE.
pub const SEQUENCE: u8 = 0x30;

/// What is still to be read.
#[derive(Debug, Clone, Copy)]
pub struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The next value with its tag; `None` where none stands whole.
    pub fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            // Four bytes of length are more than any key needs.
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                (length.iter().fold(0, |n, b| n << 8 | usize::from(*b)), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    /// The next value where it has this tag; else nothing is read.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let (_, value) = ahead.next().filter(|(t, _)| *t == tag)?;
        *self = ahead;
        Some(value)
    }

    /// The next value, which is a sequence.
    pub fn sequence(&mut self) -> Option<Self> {
        self.take(SEQUENCE).map(Der)
    }

    /// The next value, a positive integer without leading zeros.
    pub fn positive(&mut self) -> Option<&'a [u8]> {
        let value = self.take(INTEGER)?;
        (value.first()? & 0x80 == 0).then(|| trim(value))
    }

    /// The next value, a string of whole bytes.
    pub fn bits(&mut self) -> Option<&'a [u8]> {
        self.take(BITS)?.strip_prefix(&[0])
    }
}

/// A big-endian number without leading zeros.
pub fn trim(number: &[u8]) -> &[u8] {
    &number[number.iter().position(|b| *b != 0).unwrap_or(number.len())..]
}

/// One value.
pub fn value(tag: u8, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let length: usize = parts.iter().map(|p| p.len()).sum();
    // Room for all of it at once, so that growing leaves no copy of a private key behind.
    let mut out = Zeroizing::new(Vec::with_capacity(length + 6));
    out.push(tag);
    let bytes = length.to_be_bytes();
    let short = trim(&bytes);
    if length < 0x80 {
        out.extend(short.first().or(Some(&0)));
    } else {
        out.push(0x80 | u8::try_from(short.len()).unwrap_or(8));
        out.extend_from_slice(short);
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A positive integer from its big-endian bytes.
pub fn integer(number: &[u8]) -> Zeroizing<Vec<u8>> {
    let number = trim(number);
    match number.first() {
        Some(first) if first & 0x80 == 0 => value(INTEGER, &[number]),
        _ => value(INTEGER, &[&[0], number]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_and_signs_are_written_and_read_back() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let bytes = vec![7_u8; length];
            assert_eq!(Der(&value(OCTETS, &[&bytes])).take(OCTETS), Some(bytes.as_slice()), "{length}");
        }
        for number in [&[][..], &[1], &[0x80], &[0, 0, 0x7f, 1]] {
            assert_eq!(Der(&integer(number)).positive(), Some(trim(number)), "{number:?}");
        }
        assert_eq!(Der(&[INTEGER, 1, 0x80]).positive(), None);
        for cut in
            [&[][..], &[OCTETS], &[OCTETS, 2, 1], &[OCTETS, 0x80], &[OCTETS, 0x85, 1, 1, 1, 1, 1], &[OCTETS, 0x82, 1]]
        {
            assert!(Der(cut).next().is_none(), "{cut:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut der = Der(&bytes);
            while der.next().is_some() {}
            prop_assert!(der.0.len() <= bytes.len());
        }
    }
}
