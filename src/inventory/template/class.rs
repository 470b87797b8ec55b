//! What one path segment looks like: a word, or an identifier of some kind.

use crate::inventory::near::position;

/// The look of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// A word of the API itself.
    Word,
    /// An integer, or letters and digits mixed as generators mix them.
    Id,
    /// A UUID (RFC 9562) with its dashes.
    Uuid,
    /// Sixteen or more hexadecimal digits.
    Hex,
    /// A ULID: 26 characters of Crockford base 32.
    Ulid,
    /// An e-mail address.
    Email,
    /// A calendar date, with or without a time.
    Date,
    /// A JSON Web Token.
    Token,
    /// Longer than any word.
    Text,
}

impl Class {
    /// How many there are.
    pub const LOOKS: usize = 9;

    /// The name that stands in the braces; `None` for a word.
    pub fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Word => return None,
            Self::Id => "id",
            Self::Uuid => "uuid",
            Self::Hex => "hex",
            Self::Ulid => "ulid",
            Self::Email => "email",
            Self::Date => "date",
            Self::Token => "token",
            Self::Text => "text",
        })
    }

    /// A value of this look, for a request to start from; `name` as [`Class::name`] gives it, with or without a number.
    pub fn example(name: &str) -> &'static str {
        match name.trim_end_matches(|c: char| c.is_ascii_digit()) {
            "uuid" => "123e4567-e89b-42d3-a456-426614174000",
            "hex" => "0123456789abcdef01234567",
            "ulid" => "01HNF2Z7W8Q3V5R6T9Y0ABCDEF",
            "email" => "user@example.com",
            "date" => "2024-01-31",
            "token" => "e30.e30.",
            "text" | "any" => "text",
            _ => "1",
        }
    }
}

/// Longest segment that is taken for a word.
const LONGEST_WORD: usize = 64;

const DIGIT: u32 = 1;
const LETTER: u32 = 1 << 8;
const HEX: u32 = 1 << 16;
/// What stands between the words of a name or the parts of an identifier.
const JOINT: u32 = 1 << 24;

/// What every byte is, since every byte of every path passes here.
const KINDS: [u32; 256] = {
    let mut table = [0; 256];
    let mut b = 0u8;
    while b < 128 {
        table[b as usize] = if b.is_ascii_digit() {
            DIGIT | HEX
        } else if b.is_ascii_hexdigit() {
            LETTER | HEX
        } else if b.is_ascii_alphabetic() {
            LETTER
        } else if matches!(b, b'-' | b'_' | b'~' | b':') {
            JOINT
        } else {
            0
        };
        b += 1;
    }
    table
};

/// The look of one decoded segment.
pub fn classify(segment: &[u8]) -> Class {
    if let Some(class) = hexadecimal(segment) {
        return class;
    }
    let mut sum = 0u32;
    for b in &segment[..segment.len().min(MOST_COUNTED)] {
        sum = sum.wrapping_add(KINDS[usize::from(*b)]);
    }
    counted(segment, sum)
}

/// The first segment of a path without its slashes, its look, and what follows it.
pub fn next_segment(path: &[u8]) -> Option<(&[u8], Class, &[u8])> {
    let start = path.iter().position(|b| *b != b'/')?;
    let path = &path[start..];
    let (segment, rest) = path.split_at(position(path, b'/').unwrap_or(path.len()));
    Some((segment, classify(segment), rest))
}

/// Where a UUID has its dashes.
const DASHES: [usize; 4] = [8, 13, 18, 23];

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// The look of what is sixteen or more hexadecimal digits and nothing else, or a UUID: what most identifiers are, told without
/// counting. It says what counting says.
fn hexadecimal(segment: &[u8]) -> Option<Class> {
    let n = segment.len();
    let (blocks, last) = (segment.as_chunks::<BLOCK>().0, segment.last_chunk::<BLOCK>()?);
    if n == 36 && DASHES.iter().all(|at| segment[*at] == b'-') {
        let mut digits = [0; 32];
        for (to, from) in [(0, 0..8), (8, 9..13), (12, 14..18), (16, 19..23), (20, 24..36)] {
            digits[to..to + from.len()].copy_from_slice(&segment[from]);
        }
        return digits.as_chunks::<BLOCK>().0.iter().all(|b| every(b, is_hex)).then_some(Class::Uuid);
    }
    if n > MOST_COUNTED || !blocks.iter().all(|b| every(b, is_hex)) || !every(last, is_hex) {
        return None;
    }
    let digits = blocks.iter().all(|b| every(b, |b| b.is_ascii_digit())) && every(last, |b| b.is_ascii_digit());
    Some(if digits { Class::Id } else { Class::Hex })
}

/// Without a jump for a byte, so that all are looked at in one go.
#[inline]
fn every(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> bool {
    block.iter().fold(true, |all, b| all & is(*b))
}

#[inline]
fn is_hex(b: u8) -> bool {
    (b.wrapping_sub(b'0') < 10) | ((b | 0x20).wrapping_sub(b'a') < 6)
}

/// Bytes of a segment that are counted: four counters share one number.
const MOST_COUNTED: usize = 255;

/// The look of a segment, of which is known what it is made of.
fn counted(segment: &[u8], sum: u32) -> Class {
    let n = segment.len();
    let counted = |shift: u32| (sum >> shift & 0xff) as usize;
    let (digits, letters, hexes, joints) = (counted(0), counted(8), counted(16), counted(24));
    let others = n - digits - letters;
    if digits == 0 && n <= LONGEST_WORD && !segment.contains(&b'@') {
        return match n {
            // Only letters: a word, unless it is a long run of hexadecimal ones.
            16.. if hexes == n => Class::Hex,
            _ => Class::Word,
        };
    }
    if digits == n || (digits + 1 == n && n > 1 && segment.first() == Some(&b'-')) {
        return Class::Id;
    }
    // 32 digits and four more are a UUID where those four are dashes in their places.
    if n == 36 && hexes == 32 && DASHES.iter().all(|at| segment[*at] == b'-') {
        return Class::Uuid;
    }
    if others == 0 && hexes == n && n >= 16 {
        return Class::Hex;
    }
    if n == 26 && others == 0 && is_ulid(segment) {
        return Class::Ulid;
    }
    if is_date(segment) {
        return Class::Date;
    }
    if others > joints && is_email(segment) {
        return Class::Email;
    }
    if segment.starts_with(b"eyJ") && memchr::memchr_iter(b'.', segment).count() >= 2 {
        return Class::Token;
    }
    if is_version(segment) {
        return Class::Word;
    }
    let joint = |b: &u8| b.is_ascii_alphanumeric() || KINDS[usize::from(*b)] == JOINT;
    let plain = if n <= MOST_COUNTED { others == joints } else { segment.iter().all(joint) };
    if plain && has_generated(segment) {
        return Class::Id;
    }
    if n > LONGEST_WORD || letters + digits == 0 && n > 16 { Class::Text } else { Class::Word }
}

/// Whether a run of letters and digits is one that no person would name a path after; the runs stand between joints.
fn has_generated(segment: &[u8]) -> bool {
    let mut rest = segment;
    loop {
        let (mut digits, mut turns, mut before) = (0, 0, None);
        let mut n = 0;
        for b in rest {
            let kind = KINDS[usize::from(*b)];
            if kind == JOINT {
                break;
            }
            let digit = kind & 0xff;
            digits += digit;
            turns += digit ^ before.unwrap_or(digit);
            before = Some(digit);
            n += 1;
        }
        let (part, after) = rest.split_at(n);
        if is_generated(part, digits as usize, turns as usize) {
            return true;
        }
        match after.split_first() {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
}

/// A run of letters and digits that no person would name a path after, with so many digits, which begin and end so often.
fn is_generated(part: &[u8], digits: usize, turns: usize) -> bool {
    if digits == part.len() {
        return digits >= 3;
    }
    // `oauth2`, `k8s` and `sha256` are words; digits in two places, or many of them, are not.
    (part.len() >= 6 && digits >= 3 && turns >= 2)
        || (part.len() >= 8 && digits >= 4)
        || (part.len() >= 10 && (turns >= 3 || digits + oddities(part) >= 3))
}

/// Runs of two and more capitals, and small letters alone between capitals: `getUserById` has one of them, base 62 many.
fn oddities(part: &[u8]) -> usize {
    if !part.iter().any(u8::is_ascii_lowercase) || !part.iter().any(u8::is_ascii_uppercase) {
        return 0;
    }
    let runs = part.chunk_by(|a, b| a.is_ascii_uppercase() == b.is_ascii_uppercase());
    runs.filter(|r| r[0].is_ascii_uppercase() == (r.len() > 1)).filter(|r| r[0].is_ascii_alphabetic()).count()
}

/// `v1`, `v2beta1`, `2024`-less version words, and `1.0`.
pub(in crate::inventory) fn is_version(segment: &[u8]) -> bool {
    let rest = match segment.split_first() {
        Some((b'v' | b'V', rest)) => rest,
        _ => segment,
    };
    let stem = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'.').count();
    (1..=6).contains(&stem)
        && rest[stem..].iter().all(u8::is_ascii_alphanumeric)
        && rest.len() <= stem + 6
        && (rest.len() < segment.len() || rest.contains(&b'.'))
}

/// A segment that stands before the first one that names a thing: `api`, `rest`, a version.
pub(super) fn is_prefix(segment: &[u8]) -> bool {
    is_version(segment) || [&b"api"[..], b"apis", b"rest", b"_api"].iter().any(|p| segment.eq_ignore_ascii_case(p))
}

fn is_ulid(s: &[u8]) -> bool {
    matches!(s[0], b'0'..=b'7') && s.iter().all(|b| !matches!(b.to_ascii_uppercase(), b'I' | b'L' | b'O' | b'U'))
}

/// `YYYY-MM-DD`, alone or followed by `T` and a time.
fn is_date(s: &[u8]) -> bool {
    let day = s.len() >= 10
        && s[..10].iter().enumerate().all(|(i, b)| if i == 4 || i == 7 { *b == b'-' } else { b.is_ascii_digit() });
    day && (s.len() == 10 || matches!(s[10], b'T' | b't' | b' ') && s.len() <= 40)
}

fn is_email(s: &[u8]) -> bool {
    match memchr::memchr(b'@', s) {
        Some(at) => at > 0 && s[at + 1..].contains(&b'.') && !s[at + 1..].contains(&b'@') && !s.ends_with(b"."),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn looks() {
        for (segment, class) in [
            ("users", Class::Word),
            ("v1", Class::Word),
            ("v2beta1", Class::Word),
            ("1.0", Class::Word),
            ("oauth2", Class::Word),
            ("k8s", Class::Word),
            ("sha256", Class::Word),
            ("get-user-by-email", Class::Word),
            ("@me", Class::Word),
            ("index.php", Class::Word),
            ("", Class::Word),
            ("7", Class::Id),
            ("-1", Class::Id),
            ("20240131", Class::Id),
            ("usr_9aF3kQ81", Class::Id),
            ("order-10442", Class::Id),
            ("a1B2c3D4", Class::Id),
            ("cus_NffrFeUfNV2Hib", Class::Id),
            ("getUserById", Class::Word),
            ("getHTTPSUrlOfAccount", Class::Word),
            ("123e4567-e89b-42d3-a456-426614174000", Class::Uuid),
            ("507f1f77bcf86cd799439011", Class::Hex),
            ("deadbeefdeadbeef", Class::Hex),
            ("01HNF2Z7W8Q3V5R6T9Y0ABCDEF", Class::Ulid),
            ("2024-01-31", Class::Date),
            ("2024-01-31T10:00:00Z", Class::Date),
            ("a.b+c@example.com", Class::Email),
            ("eyJhbGciOiJub25lIn0.eyJhIjoxfQ.x", Class::Token),
        ] {
            assert_eq!(classify(segment.as_bytes()), class, "{segment}");
        }
    }

    proptest! {
        #[test]
        fn what_is_told_without_counting_is_what_counting_tells(
            segment in "[0-9]{0,70}|[0-9a-fA-F]{0,70}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f-]{11,13}|[0-9a-g-]{30,40}|[a-f]{60,70}|[0-9a]{250,260}",
        ) {
            let segment = segment.as_bytes();
            let sum = segment.iter().take(MOST_COUNTED).map(|b| KINDS[usize::from(*b)]).sum();
            prop_assert_eq!(classify(segment), counted(segment, sum));
        }

        #[test]
        fn runs_between_joints_are_looked_at_one_by_one(segment in "[a-z0-9A-Z_:~-]{0,40}|([a-z]{1,5}[0-9]{0,4}[-_]?){0,5}") {
            let generated = |part: &[u8]| {
                let digit = |b: &u8| b.is_ascii_digit();
                let turns = part.chunk_by(|a, b| digit(a) == digit(b)).count().saturating_sub(1);
                is_generated(part, part.iter().filter(|b| digit(b)).count(), turns)
            };
            let any = segment.as_bytes().split(|b| !b.is_ascii_alphanumeric()).any(generated);
            prop_assert_eq!(has_generated(segment.as_bytes()), any);
        }
    }
}
