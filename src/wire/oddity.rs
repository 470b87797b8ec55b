//! What is odd in the bytes of a reply: framing that one server or proxy reads one way and another differently. Each is a row
//! of one table.

use serde::{Deserialize, Serialize};

/// The kinds, in the order of [`ODDITIES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Odd {
    /// No status line.
    NoStatusLine,
    /// A status line that is written otherwise than HTTP has it.
    StatusLine,
    /// Empty lines before a status line.
    EmptyLines,
    /// Interim replies.
    Informational,
    /// A line that ends with LF alone.
    BareLf,
    /// CR within a line.
    BareCr,
    /// A field that goes on in the next line.
    Folded,
    /// White space before the colon.
    SpaceBeforeColon,
    /// A field line without a colon.
    NoColon,
    /// A control byte in a field.
    ControlByte,
    /// `Content-Length` beside `Transfer-Encoding`.
    LengthAndCoding,
    /// One length several times.
    LengthTwice,
    /// Several lengths.
    LengthsDiffer,
    /// A length that is no number.
    BadLength,
    /// `Transfer-Encoding` that does not end in `chunked`.
    NotChunkedLast,
    /// `Transfer-Encoding` in HTTP/1.0.
    CodingInHttp10,
    /// A chunk whose size is not written in hexadecimal digits alone.
    ChunkSize,
    /// What should be a chunk and is none.
    BadChunk,
    /// Bytes behind the reply.
    Surplus,
    /// A reply more than was asked for.
    SecondReply,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct OddityRule {
    /// Kind.
    pub odd: Odd,
    /// Its name in documents.
    pub id: &'static str,
    /// What it is, in words.
    pub words: &'static str,
    /// Where HTTP says how it should be.
    pub reference: &'static str,
}

const fn rule(odd: Odd, id: &'static str, words: &'static str, reference: &'static str) -> OddityRule {
    OddityRule { odd, id, words, reference }
}

/// Every oddity.
pub const ODDITIES: &[OddityRule] = &[
    rule(Odd::NoStatusLine, "no-status-line", "there is no status line, as in HTTP/0.9", "RFC 9112 section 4"),
    rule(Odd::StatusLine, "status-line", "the status line is written oddly", "RFC 9112 section 4"),
    rule(Odd::EmptyLines, "empty-lines", "empty lines stand before the status line", "RFC 9112 section 2.2"),
    rule(Odd::Informational, "informational", "interim replies came before the final one", "RFC 9110 section 15.2"),
    rule(Odd::BareLf, "bare-lf", "a line ends with LF alone", "RFC 9112 section 2.2"),
    rule(Odd::BareCr, "bare-cr", "a CR stands within a line", "RFC 9112 section 2.2"),
    rule(Odd::Folded, "obs-fold", "a header field goes on in the next line", "RFC 9112 section 5.2"),
    rule(Odd::SpaceBeforeColon, "space-before-colon", "white space stands before a colon", "RFC 9112 section 5.1"),
    rule(Odd::NoColon, "no-colon", "a line of the head has no colon", "RFC 9112 section 5"),
    rule(Odd::ControlByte, "control-byte", "a control byte stands in a header field", "RFC 9110 section 5.5"),
    rule(
        Odd::LengthAndCoding,
        "length-and-coding",
        "Content-Length stands beside Transfer-Encoding, which counts",
        "RFC 9112 section 6.3",
    ),
    rule(
        Odd::LengthTwice,
        "length-twice",
        "Content-Length is given more than once, with one value",
        "RFC 9112 section 6.3",
    ),
    rule(
        Odd::LengthsDiffer,
        "lengths-differ",
        "Content-Length is given with several values; the first was taken",
        "RFC 9112 section 6.3",
    ),
    rule(
        Odd::BadLength,
        "bad-length",
        "Content-Length is no number; the body was read until the end",
        "RFC 9112 section 6.3",
    ),
    rule(
        Odd::NotChunkedLast,
        "not-chunked-last",
        "Transfer-Encoding does not end in chunked; the body was read until the end",
        "RFC 9112 section 6.3",
    ),
    rule(
        Odd::CodingInHttp10,
        "coding-in-http10",
        "Transfer-Encoding stands in a reply of HTTP/1.0",
        "RFC 9112 section 6.1",
    ),
    rule(Odd::ChunkSize, "chunk-size", "the size of a chunk is written oddly", "RFC 9112 section 7.1"),
    rule(
        Odd::BadChunk,
        "bad-chunk",
        "what should be a chunk is none; from there the bytes stand in the body as they came",
        "RFC 9112 section 7.1",
    ),
    rule(Odd::Surplus, "surplus", "bytes came behind the reply", "RFC 9112 section 6.3"),
    rule(Odd::SecondReply, "second-reply", "more replies came than were asked for", "RFC 9112 section 9.2"),
];

/// One oddity of a reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Oddity {
    /// Kind.
    pub odd: Odd,
    /// What it was in this reply, in display form; empty where the kind says it all.
    pub detail: String,
}

impl Oddity {
    /// Its row.
    pub fn rule(&self) -> &'static OddityRule {
        &ODDITIES[self.odd as usize]
    }

    /// What it is, in words.
    pub fn words(&self) -> String {
        let words = self.rule().words;
        if self.detail.is_empty() { words.to_owned() } else { format!("{words}: {}", self.detail) }
    }
}

/// Adds an oddity, unless one of its kind is there.
pub fn note(list: &mut Vec<Oddity>, odd: Odd, detail: impl FnOnce() -> String) {
    if list.iter().all(|o| o.odd != odd) {
        list.push(Oddity { odd, detail: detail() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row() {
        for (i, row) in ODDITIES.iter().enumerate() {
            assert_eq!(row.odd as usize, i, "{}", row.id);
            assert_eq!(serde_json::to_string(&row.odd).expect("a word").trim_matches('"'), word(row), "{}", row.id);
            assert!(row.reference.starts_with("RFC 91"), "{}", row.id);
            assert!(ODDITIES[..i].iter().all(|other| other.id != row.id), "{}", row.id);
        }
        assert_eq!(ODDITIES.len(), Odd::SecondReply as usize + 1);
    }

    /// How the history writes a kind; one is named after the grammar of HTTP in documents.
    fn word(row: &OddityRule) -> &'static str {
        match row.odd {
            Odd::Folded => "folded",
            Odd::CodingInHttp10 => "coding-in-http10",
            _ => row.id,
        }
    }
}
