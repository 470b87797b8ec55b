//! PEM (RFC 7468), read the lenient way: text around the blocks, CRLF, headers of old formats and escaped line breaks are
//! passed over.

use std::borrow::Cow;

use memchr::memmem;
use zeroize::Zeroizing;

use crate::jwt::base64url;

/// One block.
#[derive(Debug)]
pub struct Block<'a> {
    /// What the first line says it is.
    pub label: &'a str,
    /// The bytes inside.
    pub der: Zeroizing<Vec<u8>>,
    /// True for a block of an old format that says it is encrypted.
    pub encrypted: bool,
    /// The lines as they stand, with the break after the last.
    pub text: &'a [u8],
}

/// True for bytes that hold a block.
pub fn is_pem(bytes: &[u8]) -> bool {
    memmem::find(bytes, b"-----BEGIN ").is_some()
}

/// Every block in order; a block without an end ends with the text. Time grows linearly with the text.
pub fn blocks(bytes: &[u8]) -> Vec<Block<'_>> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(begin) = memmem::find(&bytes[at..], b"-----BEGIN ").map(|i| at + i) {
        let label_at = begin + b"-----BEGIN ".len();
        let Some(length) = memmem::find(&bytes[label_at..], b"-----") else { break };
        let body_at = label_at + length + 5;
        let label = std::str::from_utf8(&bytes[label_at..label_at + length]).unwrap_or("of no name");
        let body_end = memmem::find(&bytes[body_at..], b"-----").map_or(bytes.len(), |i| body_at + i);
        // The last line is `-----END LABEL-----`; whatever its label, it ends the block.
        let mut end = body_end;
        if let Some(rest) = bytes[end..].strip_prefix(b"-----END ") {
            end += b"-----END ".len() + memmem::find(rest, b"-----").map_or(rest.len(), |i| i + 5);
        }
        for line_break in [b"\r\n".as_slice(), b"\n"] {
            if bytes[end..].starts_with(line_break) {
                end += line_break.len();
                break;
            }
        }
        let (body, encrypted) = body(&bytes[body_at..body_end]);
        out.push(Block {
            label,
            der: Zeroizing::new(base64url::decode(&body).bytes),
            encrypted,
            text: &bytes[begin..end],
        });
        at = end.max(body_at);
    }
    out
}

/// The base64 of a block, without its headers, and whether these say that it is encrypted.
fn body(text: &[u8]) -> (Cow<'_, [u8]>, bool) {
    let text: Cow<'_, [u8]> = if memmem::find(text, b"\\n").is_some() {
        // As such text stands in an environment variable or in JSON that was copied raw.
        Cow::Owned(String::from_utf8_lossy(text).replace("\\r", "").replace("\\n", "\n").into_bytes())
    } else {
        Cow::Borrowed(text)
    };
    if !text.contains(&b':') {
        return (text, false);
    }
    let encrypted = memmem::find(&text, b"ENCRYPTED").is_some();
    let lines = text.split(|b| *b == b'\n').filter(|line| !line.contains(&b':'));
    (Cow::Owned(lines.collect::<Vec<_>>().join(&b'\n')), encrypted)
}
