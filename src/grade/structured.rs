//! Structured fields (RFC 9651): the few shapes that headers of this trade use.

use sfv::{Dictionary, Item, List, Parser, Version};

/// Bytes of a value that are read.
const READ: usize = 16 << 10;

fn cut(value: &str) -> &str {
    let mut end = value.len().min(READ);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    &value[..end]
}

/// The value of an item that is a token; its parameters are left out.
pub fn token(value: &str) -> Option<String> {
    let item = Parser::new(cut(value.trim())).parse::<Item>().ok()?;
    item.bare_item.as_token().map(|t| t.as_str().to_owned())
}

/// The value of an item that is a date (RFC 9651 section 3.3.7): seconds since 1970.
pub fn date(value: &str) -> Option<i64> {
    let item = Parser::new(cut(value.trim())).with_version(Version::Rfc9651).parse::<Item>().ok()?;
    item.bare_item.as_date().map(|d| i64::from(d.unix_seconds()))
}

/// True for a list or a dictionary with at least one member.
pub fn has_members(value: &str) -> bool {
    let value = cut(value.trim());
    Parser::new(value).parse::<List>().is_ok_and(|l| !l.is_empty())
        || Parser::new(value).parse::<Dictionary>().is_ok_and(|d| !d.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items() {
        assert_eq!(token(" require-corp; report-to=\"x\"").as_deref(), Some("require-corp"));
        for bad in ["", "\"same-origin\"", "a b", "a, b", "Require corp", "é"] {
            assert_eq!(token(bad), None, "{bad}");
        }
        assert_eq!(date("@1767225600"), Some(1_767_225_600));
        assert_eq!(date("@-1;a=b"), Some(-1));
        for bad in ["true", "1767225600", "@1.5", "@", "Sun, 11 Nov 2018 23:59:59 GMT"] {
            assert_eq!(date(bad), None, "{bad}");
        }
        assert!(has_members("\"default\";r=5;t=30") && has_members("limit=100, remaining=5"));
        assert!(!has_members("") && !has_members("(("));
        assert_eq!(token(&"é".repeat(20_000)), None);
    }
}
