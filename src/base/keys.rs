//! Keys of well-known services, told by their shape alone. Only shapes that nothing else has are here.

/// What a key begins with, how many characters follow at least, and whose it is.
const SHAPES: &[(&str, usize, &str)] = &[
    ("AKIA", 16, "an AWS access key"),
    ("ASIA", 16, "an AWS access key"),
    ("ghp_", 36, "a GitHub token"),
    ("gho_", 36, "a GitHub token"),
    ("ghs_", 36, "a GitHub token"),
    ("github_pat_", 40, "a GitHub token"),
    ("glpat-", 20, "a GitLab token"),
    ("xoxb-", 20, "a Slack token"),
    ("xoxp-", 20, "a Slack token"),
    ("sk_live_", 16, "a Stripe key"),
    ("rk_live_", 16, "a Stripe key"),
    ("AIza", 35, "a Google API key"),
    ("ya29.", 20, "a Google access token"),
    ("SG.", 40, "a SendGrid key"),
    ("npm_", 36, "an npm token"),
    ("dop_v1_", 53, "a DigitalOcean token"),
    ("-----BEGIN", 10, "a private key"),
];

/// Bytes that are looked at.
const READ: usize = 64 << 10;

/// Whose key the first one in `bytes` is, in words.
pub fn find(bytes: &[u8]) -> Option<&'static str> {
    let bytes = &bytes[..bytes.len().min(READ)];
    SHAPES.iter().find_map(|shape| {
        memchr::memmem::find_iter(bytes, shape.0.as_bytes()).any(|at| stands(bytes, at, shape)).then_some(shape.2)
    })
}

/// Whether a text is a key as a whole.
pub fn is_one(text: &[u8]) -> bool {
    let of_key = |b: &u8| b.is_ascii_alphanumeric() || b"_-.".contains(b);
    SHAPES.iter().any(|shape| text.starts_with(shape.0.as_bytes()) && stands(text, 0, shape)) && text.iter().all(of_key)
}

/// Whether a key of this shape stands at `at`, where its beginning does.
fn stands(bytes: &[u8], at: usize, (start, length, _): &(&str, usize, &str)) -> bool {
    let before = at.checked_sub(1).is_none_or(|i| !bytes[i].is_ascii_alphanumeric());
    let rest = &bytes[at + start.len()..];
    let run = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-_. ".contains(b));
    before
        && run.take(*length).count() == *length
        && (*start != "-----BEGIN" || memchr::memmem::find(rest, b"PRIVATE KEY").is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        for (text, whose) in [
            ("key=AKIAABCDEFGHIJKLMNOP", Some("an AWS access key")),
            ("AKIASHORT", None),
            ("XAKIAABCDEFGHIJKLMNOP", None),
            ("Bearer glpat-abcdefghijklmnopqrst", Some("a GitLab token")),
            ("-----BEGIN EC PRIVATE KEY-----", Some("a private key")),
            ("-----BEGIN CERTIFICATE-----", None),
            ("", None),
        ] {
            assert_eq!(find(text.as_bytes()), whose, "{text}");
        }
    }
}
