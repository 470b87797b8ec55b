//! What one path segment looks like: a word, or an identifier of some kind.

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
    counted(segment, segment.iter().take(MOST_COUNTED).map(|b| KINDS[usize::from(*b)]).sum())
}

/// The first segment of a path without its slashes, its look, and what follows it.
pub fn next_segment(path: &[u8]) -> Option<(&[u8], Class, &[u8])> {
    let start = path.iter().position(|b| *b != b'/')?;
    let path = &path[start..];
    let (segment, rest) = path.split_at(memchr::memchr(b'/', path).unwrap_or(path.len()));
    Some((segment, classify(segment), rest))
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
    if n == 36 && hexes == 32 && [8, 13, 18, 23].iter().all(|at| segment[*at] == b'-') {
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
    if plain && segment.split(|b| !b.is_ascii_alphanumeric()).any(is_generated) {
        return Class::Id;
    }
    if n > LONGEST_WORD || letters + digits == 0 && n > 16 { Class::Text } else { Class::Word }
}

/// A run of letters and digits that no person would name a path after.
fn is_generated(part: &[u8]) -> bool {
    let (mut digits, mut runs, mut before) = (0, 0, None);
    for b in part {
        let digit = b.is_ascii_digit();
        digits += usize::from(digit);
        runs += usize::from(before.is_some_and(|d| d != digit));
        before = Some(digit);
    }
    if digits == part.len() {
        return digits >= 3;
    }
    // `oauth2`, `k8s` and `sha256` are words; digits in two places, or many of them, are not.
    (part.len() >= 6 && digits >= 3 && runs >= 2)
        || (part.len() >= 8 && digits >= 4)
        || (part.len() >= 10 && (runs >= 3 || digits + oddities(part) >= 3))
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
}
