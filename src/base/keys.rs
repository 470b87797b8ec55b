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
    ("-----BEGIN", 10, "a private key"),
];

/// Bytes that are looked at.
const READ: usize = 64 << 10;

/// Whose key the first one in `bytes` is, in words.
pub fn find(bytes: &[u8]) -> Option<&'static str> {
    let bytes = &bytes[..bytes.len().min(READ)];
    SHAPES.iter().find_map(|(start, length, whose)| {
        memchr::memmem::find_iter(bytes, start.as_bytes())
            .any(|at| {
                let before = at.checked_sub(1).is_none_or(|i| !bytes[i].is_ascii_alphanumeric());
                let rest = &bytes[at + start.len()..];
                let run = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || b"-_. ".contains(b));
                before
                    && run.take(*length).count() == *length
                    && (*start != "-----BEGIN" || memchr::memmem::find(rest, b"PRIVATE KEY").is_some())
            })
            .then_some(*whose)
    })
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
