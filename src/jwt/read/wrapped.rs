//! What stands around a token where it was pasted from.

/// Authentication schemes that stand before a token in an `Authorization` header (RFC 6750 section 2.1, RFC 9449
/// section 7.1).
const SCHEMES: [&[u8]; 2] = [b"bearer", b"dpop"];

/// Takes off white space, quotes and a scheme, in whatever order they were pasted.
pub(super) fn trim(input: &[u8]) -> &[u8] {
    let mut rest = input.trim_ascii();
    for _ in 0..4 {
        let before = rest.len();
        if let [open @ (b'"' | b'\'' | b'`'), inner @ .., close] = rest
            && open == close
        {
            rest = inner.trim_ascii();
        }
        for scheme in SCHEMES {
            if let Some((word, tail)) = rest.split_at_checked(scheme.len())
                && word.eq_ignore_ascii_case(scheme)
                && tail.first().is_some_and(|b| b.is_ascii_whitespace() || *b == b':')
            {
                rest = tail.strip_prefix(b":").unwrap_or(tail).trim_ascii();
            }
        }
        if rest.len() == before {
            break;
        }
    }
    rest
}
