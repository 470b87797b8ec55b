//! The answer about revocation that a server sends along with its certificate (OCSP, RFC 6960). It is told and not judged: who
//! signed it is not looked at.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use crate::base::Stamp;
use crate::wire::{Revocation, Staple};

/// Answers of one staple that are looked through.
const MOST: usize = 64;

/// One value of DER, of short or long length: its tag, what it holds, and what follows it.
fn value(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0, |n, d| n << 8 | usize::from(*d)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

/// What a value of this tag holds, and what follows it.
fn of(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    value(der).filter(|(found, ..)| *found == tag).map(|(_, content, rest)| (content, rest))
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const TIME: u8 = 0x18;
const FIRST: u8 = 0xa0;

/// What `staple` says of the certificate `leaf`, both in DER; `None` where nothing was sent along.
pub fn staple(staple: &[u8], leaf: &[u8]) -> Option<Staple> {
    if staple.is_empty() {
        return None;
    }
    let nothing = Staple { status: Revocation::Unreadable, this_update: None, next_update: None };
    let Ok((_, cert)) = X509Certificate::from_der(leaf) else { return Some(nothing) };
    Some(single(staple, cert.raw_serial()).unwrap_or(nothing))
}

/// The answer about the certificate with this serial number.
fn single(der: &[u8], serial: &[u8]) -> Option<Staple> {
    let (response, _) = of(SEQUENCE, der)?;
    let (status, rest) = of(ENUMERATED, response)?;
    if status != [0] {
        return None;
    }
    let (bytes, _) = of(SEQUENCE, of(FIRST, rest)?.0)?;
    let (_, _, rest) = value(bytes)?;
    let (basic, _) = of(SEQUENCE, of(OCTETS, rest)?.0)?;
    let (data, _) = of(SEQUENCE, basic)?;
    // The version is there where it is not 1.
    let data = of(FIRST, data).map_or(data, |(_, rest)| rest);
    let (_, _, rest) = value(data)?;
    let (_, rest) = of(TIME, rest)?;
    let (mut answers, _) = of(SEQUENCE, rest)?;
    for _ in 0..MOST {
        let (answer, behind) = of(SEQUENCE, answers)?;
        answers = behind;
        let (id, rest) = of(SEQUENCE, answer)?;
        // Hash, hash of the issuer's name, hash of its key, number.
        let (_, _, id) = value(id)?;
        let (_, id) = of(OCTETS, id)?;
        let (_, id) = of(OCTETS, id)?;
        if of(INTEGER, id)?.0 != serial {
            continue;
        }
        let (tag, _, rest) = value(rest)?;
        let status = match tag {
            0x80 => Revocation::Good,
            0xa1 => Revocation::Revoked,
            0x82 => Revocation::Unknown,
            _ => return None,
        };
        let (this, rest) = of(TIME, rest)?;
        let next = of(FIRST, rest).and_then(|(inner, _)| of(TIME, inner));
        return Some(Staple { status, this_update: time(this), next_update: next.and_then(|(t, _)| time(t)) });
    }
    None
}

/// A `GeneralizedTime` as OCSP has it: `YYYYMMDDHHMMSSZ`.
fn time(text: &[u8]) -> Option<Stamp> {
    let text = std::str::from_utf8(text).ok().filter(|t| t.len() == 15 && t.is_ascii())?;
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    Stamp::parse(&format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4),
        part(4, 6),
        part(6, 8),
        part(8, 10),
        part(10, 12),
        part(12, 14)
    ))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A value of DER.
    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match u8::try_from(content.len()) {
            Ok(n) if n < 0x80 => out.push(n),
            _ => {
                out.push(0x82);
                out.extend(u16::try_from(content.len()).expect("short").to_be_bytes());
            }
        }
        out.extend(content);
        out
    }

    fn answer(serial: &[u8], status: &[u8]) -> Vec<u8> {
        let id = [der(SEQUENCE, &[]), der(OCTETS, b"name"), der(OCTETS, b"key"), der(INTEGER, serial)].concat();
        let next = der(FIRST, &der(TIME, b"20260108000000Z"));
        der(SEQUENCE, &[der(SEQUENCE, &id), status.to_vec(), der(TIME, b"20260101000000Z"), next].concat())
    }

    fn response(answers: &[Vec<u8>]) -> Vec<u8> {
        let data = [der(0xa2, &der(OCTETS, b"key")), der(TIME, b"20260101000000Z"), der(SEQUENCE, &answers.concat())];
        let basic = der(SEQUENCE, &der(SEQUENCE, &data.concat()));
        let bytes = der(SEQUENCE, &[der(0x06, &[1, 2]), der(OCTETS, &basic)].concat());
        der(SEQUENCE, &[der(ENUMERATED, &[0]), der(FIRST, &bytes)].concat())
    }

    #[test]
    fn the_answer_about_this_certificate_is_told() {
        for (status, word) in [
            (der(0x80, &[]), Revocation::Good),
            (der(0xa1, &der(TIME, b"20250101000000Z")), Revocation::Revoked),
            (der(0x82, &[]), Revocation::Unknown),
        ] {
            let made = response(&[answer(&[9], &der(0x80, &[])), answer(&[7], &status)]);
            let said = single(&made, &[7]).expect("an answer");
            assert_eq!(said.status, word);
            assert_eq!(said.this_update, Stamp::parse("2026-01-01T00:00:00Z"));
            assert_eq!(said.next_update, Stamp::parse("2026-01-08T00:00:00Z"));
            assert_eq!(single(&made, &[8]), None, "no answer about another");
        }
        // The authority has no answer.
        assert_eq!(single(&der(SEQUENCE, &der(ENUMERATED, &[6])), &[7]), None);
        assert_eq!(staple(b"", b""), None);
        assert_eq!(staple(b"x", b"x").map(|s| s.status), Some(Revocation::Unreadable));
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_end_in_words(cut in 0usize..200, flip in 0usize..200, bits in any::<u8>()) {
            let mut made = response(&[answer(&[7], &der(0x80, &[]))]);
            let at = flip % made.len();
            made[at] ^= bits;
            made.truncate(cut.max(1));
            let _ = single(&made, &[7]);
        }
    }
}
