//! Formats of text (JSON Schema draft 2020-12 validation, section 7.3), as far as they are sure.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::base::Stamp;

/// Whether a text is what `format` names; `None` where that is not sure, or the format is not known.
pub(super) fn holds(format: &str, text: &str) -> Option<bool> {
    Some(match format {
        "date-time" => is_date_time(text),
        "date" => text.len() == 10 && Stamp::parse(&format!("{text}T00:00:00Z")).is_some(),
        "uuid" => {
            let dash = |i: usize| matches!(i, 8 | 13 | 18 | 23);
            text.len() == 36
                && text.bytes().enumerate().all(|(i, b)| if dash(i) { b == b'-' } else { b.is_ascii_hexdigit() })
        }
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        // Only what surely is none: no scheme, or a space.
        "uri" if text.contains([' ', '\n']) || !text.contains(':') => false,
        "email" if !text.contains('@') => false,
        _ => return None,
    })
}

/// RFC 3339, section 5.6; a leap second is one.
fn is_date_time(text: &str) -> bool {
    let text = text.replace('t', "T").replace('z', "Z").replacen(":60", ":59", 1);
    text.len() >= 20 && text.as_bytes()[10] == b'T' && Stamp::parse(&text).is_some()
}

#[cfg(test)]
mod tests {
    use super::holds;

    #[test]
    fn what_is_sure_is_said() {
        for (format, text, want) in [
            ("date-time", "2024-01-31T12:00:00Z", Some(true)),
            ("date-time", "2024-01-31T12:00:00.123+02:00", Some(true)),
            ("date-time", "2016-12-31T23:59:60Z", Some(true)),
            ("date-time", "2024-01-31 12:00", Some(false)),
            ("date-time", "\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}\u{20ac}", Some(false)),
            ("date", "2024-02-30", Some(false)),
            ("date", "2024-02-29", Some(true)),
            ("uuid", "123e4567-e89b-42d3-a456-426614174000", Some(true)),
            ("uuid", "123e4567e89b42d3a456426614174000", Some(false)),
            ("ipv4", "192.0.2.256", Some(false)),
            ("ipv6", "2001:db8::1", Some(true)),
            ("uri", "/a", Some(false)),
            ("uri", "https://a.test/", None),
            ("email", "a", Some(false)),
            ("password", "x", None),
        ] {
            assert_eq!(holds(format, text), want, "{format} {text}");
        }
    }
}
