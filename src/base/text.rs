//! Text that came from outside: a peer, a specification, a log, a token, a file name.
//!
//! Such text may hold terminal escapes, bidirectional overrides, invisible marks or towers of combining characters.
//! [`Untrusted`] keeps the bytes as they came; only its display form can be shown. The display form replaces and never
//! deletes, so that a reviewer sees that something was there.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

/// How many combining marks one base character may carry in the display form.
const MARKS_PER_BASE: usize = 4;

/// Bytes from outside. `Debug`, `Display` and `Serialize` all give the display form or its lossless JSON equivalent.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Untrusted(Vec<u8>);

impl Untrusted {
    /// The bytes as they came, for machines: never for a screen.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as text with invalid sequences replaced, for comparison and parsing: never for a screen.
    pub fn lossy(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// One line that is safe on a terminal, in a report and in a log.
    pub fn display(&self) -> String {
        display(&self.0)
    }

    /// True when there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.0.len()
    }
}

impl From<&str> for Untrusted {
    fn from(s: &str) -> Self {
        Self(s.as_bytes().to_vec())
    }
}
impl From<String> for Untrusted {
    fn from(s: String) -> Self {
        Self(s.into_bytes())
    }
}
impl From<&[u8]> for Untrusted {
    fn from(b: &[u8]) -> Self {
        Self(b.to_vec())
    }
}
impl From<Vec<u8>> for Untrusted {
    fn from(b: Vec<u8>) -> Self {
        Self(b)
    }
}
impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.display())
    }
}
impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.display())
    }
}
/// JSON carries the text itself; the document writer escapes control and bidirectional characters as `\uXXXX`
/// (see `report::json`), so nothing is lost and nothing is raw.
impl Serialize for Untrusted {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&self.lossy())
    }
}

/// True for characters that must never reach a terminal raw: controls, bidirectional and invisible formatting, tag
/// characters, line separators, private use and noncharacters.
pub fn is_hazard(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e000}'..='\u{f8ff}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
}

fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}' | '\u{610}'..='\u{61a}'
        | '\u{64b}'..='\u{65f}' | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// The display form of any bytes, on one line.
///
/// C0 controls and DEL become Control Pictures (U+2400 block), a tab becomes one space, every other hazard becomes
/// `<U+XXXX>`, a byte that is not UTF-8 becomes `<XX>`, and a character carries at most four combining marks.
pub fn display(bytes: &[u8]) -> String {
    if bytes.iter().all(|b| (0x20..0x7f).contains(b)) {
        // Printable ASCII needs no work, and is nearly all there is.
        return bytes.iter().map(|&b| char::from(b)).collect();
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    let mut marks = 0;
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            // Some marks are invisible and so hazards too: those are written out below, however few they are.
            if is_mark(c) && !is_hazard(c) {
                marks += 1;
                if marks > MARKS_PER_BASE || out.is_empty() {
                    let _ = write!(out, "<U+{:04X}>", c as u32);
                } else {
                    out.push(c);
                }
                continue;
            }
            marks = 0;
            match c {
                '\t' => out.push(' '),
                '\0'..='\u{1f}' => out.push(char::from_u32(0x2400 + c as u32).unwrap_or('\u{2426}')),
                '\u{7f}' => out.push('\u{2421}'),
                c if is_hazard(c) => {
                    let _ = write!(out, "<U+{:04X}>", c as u32);
                }
                c => out.push(c),
            }
        }
        for b in chunk.invalid() {
            let _ = write!(out, "<{b:02X}>");
        }
    }
    out
}

/// [`display`] for text that is already a string.
pub fn display_str(s: &str) -> String {
    display(s.as_bytes())
}

/// Bytes in a record that is read back: as text where they are UTF-8, else as base64, so that none is lost. For `serde`'s
/// `with`.
pub mod exact {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Form {
        Text(String),
        Bytes { base64: String },
    }

    fn form(bytes: &[u8]) -> Form {
        match std::str::from_utf8(bytes) {
            Ok(text) => Form::Text(text.to_owned()),
            Err(_) => Form::Bytes { base64: STANDARD.encode(bytes) },
        }
    }

    fn bytes<E: serde::de::Error>(form: Form) -> Result<Vec<u8>, E> {
        match form {
            Form::Text(text) => Ok(text.into_bytes()),
            Form::Bytes { base64 } => STANDARD.decode(base64).map_err(E::custom),
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn serialize<T: AsBytes, S: Serializer>(value: &T, s: S) -> Result<S::Ok, S::Error> {
        form(value.as_bytes()).serialize(s)
    }

    /// Reads them.
    ///
    /// # Errors
    /// Those of the reader, and text that is not base64.
    pub fn deserialize<'de, T: From<Vec<u8>>, D: Deserializer<'de>>(d: D) -> Result<T, D::Error> {
        bytes(Form::deserialize(d)?).map(T::from)
    }

    /// What holds bytes.
    pub trait AsBytes {
        /// They.
        fn as_bytes(&self) -> &[u8];
    }
    impl AsBytes for Vec<u8> {
        fn as_bytes(&self) -> &[u8] {
            self
        }
    }
    impl AsBytes for super::Untrusted {
        fn as_bytes(&self) -> &[u8] {
            super::Untrusted::as_bytes(self)
        }
    }

    /// A list of such bytes.
    pub mod list {
        use super::{AsBytes, Deserialize, Deserializer, Form, Serializer, bytes, form};

        /// Writes it.
        ///
        /// # Errors
        /// Those of the writer.
        pub fn serialize<T: AsBytes, S: Serializer>(values: &[T], s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq(values.iter().map(|v| form(v.as_bytes())))
        }

        /// Reads it.
        ///
        /// # Errors
        /// As for one.
        pub fn deserialize<'de, T: From<Vec<u8>>, D: Deserializer<'de>>(d: D) -> Result<Vec<T>, D::Error> {
            Vec::<Form>::deserialize(d)?.into_iter().map(|f| bytes(f).map(T::from)).collect()
        }
    }

    /// A list of pairs of such bytes: headers.
    pub mod pairs {
        use super::{AsBytes, Deserialize, Deserializer, Form, Serializer, bytes, form};

        /// Writes it.
        ///
        /// # Errors
        /// Those of the writer.
        pub fn serialize<T: AsBytes, S: Serializer>(pairs: &[(T, T)], s: S) -> Result<S::Ok, S::Error> {
            s.collect_seq(pairs.iter().map(|(n, v)| (form(n.as_bytes()), form(v.as_bytes()))))
        }

        /// Reads it.
        ///
        /// # Errors
        /// As for one.
        pub fn deserialize<'de, T: From<Vec<u8>>, D: Deserializer<'de>>(d: D) -> Result<Vec<(T, T)>, D::Error> {
            let pairs = Vec::<(Form, Form)>::deserialize(d)?;
            pairs.into_iter().map(|(n, v)| Ok((bytes::<D::Error>(n)?.into(), bytes::<D::Error>(v)?.into()))).collect()
        }
    }
}

/// The text of a panic, cut and in display form, with known secrets masked.
pub fn panic_text(info: &std::panic::PanicHookInfo<'_>) -> String {
    let text = info.payload_as_str().unwrap_or("no message");
    display_str(&super::known::redact_str(text).chars().take(2_000).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escapes_stay_visible() {
        assert_eq!(display(b"a\x1b[31mb"), "a\u{241b}[31mb");
        assert_eq!(display("x\u{202e}y".as_bytes()), "x<U+202E>y");
        assert_eq!(display("\u{9b}2J".as_bytes()), "<U+009B>2J");
        assert_eq!(display(b"caf\xe9"), "caf<E9>");
        assert_eq!(display("caf\u{e9} \u{4f60}".as_bytes()), "caf\u{e9} \u{4f60}");
        assert_eq!(display("a\u{34f}".as_bytes()), "a<U+034F>", "a mark that is invisible is a hazard");
    }

    #[test]
    fn combining_towers_are_capped() {
        let tower = format!("a{}", "\u{301}".repeat(9));
        assert_eq!(display_str(&tower).matches('\u{301}').count(), MARKS_PER_BASE);
        assert_eq!(display_str(&tower).matches("<U+0301>").count(), 5);
    }

    proptest! {
        #[test]
        fn no_hazard_survives(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(!display(&bytes).chars().any(is_hazard));
        }
        #[test]
        fn no_hazard_survives_text(s in "\\PC*|[\u{0}-\u{10ffff}]{0,40}") {
            prop_assert!(!display_str(&s).chars().any(is_hazard));
        }
    }
}
