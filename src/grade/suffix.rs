//! Which part of a name somebody registered: the Public Suffix List as it is built in.

use std::net::IpAddr;

/// The domain that was registered, for example `shop.example` of `api.shop.example`. `None` for an address, for a public
/// suffix itself, and for a name of one label.
pub fn registered(host: &str) -> Option<&str> {
    let host = host.trim_end_matches('.');
    if host.parse::<IpAddr>().is_ok() || !host.contains('.') {
        return None;
    }
    psl::domain_str(host)
}

/// True for a name under which others register theirs, such as `com` or `co.uk`.
pub fn is_public(domain: &str) -> bool {
    psl::suffix_str(domain).is_some_and(|s| s == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_suffixes() {
        assert_eq!(registered("api.shop.co.uk"), Some("shop.co.uk"));
        assert_eq!(registered("shop.example"), Some("shop.example"));
        assert_eq!(registered("localhost"), None);
        assert_eq!(registered("192.0.2.1"), None);
        assert!(is_public("com") && is_public("co.uk") && !is_public("shop.test"));
    }
}
