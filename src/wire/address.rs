//! What an address is, whatever way it was written: scope judges the address a name resolved to, never the spelling; and
//! ranges of addresses, as a scope entry names them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What kind of place an address is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Reachable on the public Internet.
    Public,
    /// This machine: 127.0.0.0/8, ::1, and the unspecified addresses, which connect to it.
    Loopback,
    /// Private and shared address space: RFC 1918, RFC 4193 and RFC 6598.
    Private,
    /// Link-local: 169.254.0.0/16 and fe80::/10.
    LinkLocal,
    /// A cloud metadata service.
    Metadata,
    /// Multicast, broadcast, reserved, documentation: nothing an API answers on.
    Reserved,
}

impl Class {
    /// The words for a refusal.
    pub fn words(self) -> &'static str {
        match self {
            Self::Public => "a public address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::LinkLocal => "a link-local address",
            Self::Metadata => "a cloud metadata address",
            Self::Reserved => "a reserved address",
        }
    }
}

/// Addresses on which clouds serve credentials to their machines.
const METADATA_V4: [Ipv4Addr; 5] = [
    Ipv4Addr::new(169, 254, 169, 254),
    Ipv4Addr::new(169, 254, 170, 2),
    Ipv4Addr::new(100, 100, 100, 200),
    Ipv4Addr::new(168, 63, 129, 16),
    Ipv4Addr::new(192, 0, 0, 192),
];
const METADATA_V6: [Ipv6Addr; 2] =
    [Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254)];

/// Classifies an address, looking through IPv4-mapped, IPv4-compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056) forms.
pub fn classify(address: IpAddr) -> Class {
    match address {
        IpAddr::V4(v4) => classify_v4(v4),
        IpAddr::V6(v6) => embedded_v4(v6).map_or_else(|| classify_v6(v6), classify_v4),
    }
}

/// The address with any embedded IPv4 address taken out, for comparison.
pub fn canonical(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) => embedded_v4(v6).map_or(address, IpAddr::V4),
        IpAddr::V4(_) => address,
    }
}

fn embedded_v4(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    let s = v6.segments();
    let join = |a: u16, b: u16| Ipv4Addr::from((u32::from(a) << 16) | u32::from(b));
    match s {
        [0, 0, 0, 0, 0, 0xffff, a, b] | [0x64, 0xff9b, 0, 0, 0, 0, a, b] | [0x2002, a, b, ..] => Some(join(a, b)),
        // IPv4-compatible, but not `::` and `::1`.
        [0, 0, 0, 0, 0, 0, a, b] if a != 0 => Some(join(a, b)),
        _ => None,
    }
}

fn classify_v4(a: Ipv4Addr) -> Class {
    let [x, y, z, _] = a.octets();
    if METADATA_V4.contains(&a) {
        Class::Metadata
    } else if a.is_loopback() || x == 0 {
        Class::Loopback
    } else if a.is_private() || (x == 100 && (64..128).contains(&y)) {
        Class::Private
    } else if a.is_link_local() {
        Class::LinkLocal
    } else if a.is_multicast()
        || x >= 240
        || a.is_documentation()
        || (x == 198 && (y == 18 || y == 19))
        || (x == 192 && y == 0 && z == 0)
    {
        Class::Reserved
    } else {
        Class::Public
    }
}

fn classify_v6(a: Ipv6Addr) -> Class {
    let first = a.segments()[0];
    if METADATA_V6.contains(&a) {
        Class::Metadata
    } else if a.is_loopback() || a.is_unspecified() {
        Class::Loopback
    } else if first & 0xfe00 == 0xfc00 {
        Class::Private
    } else if first & 0xffc0 == 0xfe80 {
        Class::LinkLocal
    } else if first & 0xe000 == 0x2000 && !(first == 0x2001 && a.segments()[1] == 0xdb8) {
        Class::Public
    } else {
        // Only 2000::/3 is given out (RFC 4291 section 2.4 and the address registry); all else is reserved or multicast.
        Class::Reserved
    }
}

/// The address that a host is, whatever way it is spelt: a literal, the numbers that `inet_aton` takes (`2130706433`,
/// `0x7f.1`, `0177.0.0.1`), or a name that leads to this machine everywhere (RFC 6761 section 6.3).
pub fn spelt(host: &str) -> Option<IpAddr> {
    let host = host.trim_end_matches('.');
    if let Ok(literal) = host.parse() {
        return Some(literal);
    }
    let name = host.to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return Some(Ipv4Addr::LOCALHOST.into());
    }
    let parts = name.split('.').map(number).collect::<Option<Vec<u64>>>()?;
    let (last, first) = parts.split_last()?;
    // The last number takes all the bytes that are left.
    let left = 4_u32.checked_sub(u32::try_from(first.len()).ok()?).filter(|n| *n > 0)?;
    if *last >= 1 << (8 * left) || first.iter().any(|n| *n > 255) {
        return None;
    }
    let high = first.iter().fold(0_u64, |sum, n| sum << 8 | n);
    u32::try_from(high << (8 * left) | last).ok().map(|bits| Ipv4Addr::from(bits).into())
}

/// One number of `inet_aton`: decimal, octal after `0`, hexadecimal after `0x`.
fn number(text: &str) -> Option<u64> {
    let (digits, radix) = match text.strip_prefix("0x") {
        Some(hex) => (hex, 16),
        None if text.len() > 1 && text.starts_with('0') => (&text[1..], 8),
        None => (text, 10),
    };
    u64::from_str_radix(digits, radix).ok().filter(|_| digits.bytes().all(|b| b.is_ascii_alphanumeric()))
}

/// True for the name of a cloud metadata service.
pub fn is_metadata_name(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    ["metadata.google.internal", "metadata.goog", "metadata", "instance-data", "instance-data.ec2.internal"]
        .iter()
        .any(|name| host.eq_ignore_ascii_case(name))
}

/// A range of addresses, for example `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: IpAddr,
    bits: u8,
}

impl Cidr {
    /// Parses `address/bits`, or a single address.
    pub fn parse(s: &str) -> Option<Self> {
        let (address, bits) = match s.split_once('/') {
            Some((a, b)) => (a, Some(b.parse::<u8>().ok()?)),
            None => (s, None),
        };
        let base: IpAddr = address.parse().ok()?;
        let most = if base.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        (bits <= most).then_some(Self { base, bits })
    }

    /// True when `address` lies in the range.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, canonical(address)) {
            (IpAddr::V4(base), IpAddr::V4(a)) => {
                let shift = 32 - u32::from(self.bits);
                u32::from(base).checked_shr(shift).unwrap_or(0) == u32::from(a).checked_shr(shift).unwrap_or(0)
            }
            (IpAddr::V6(base), IpAddr::V6(a)) => {
                let shift = 128 - u32::from(self.bits);
                u128::from(base).checked_shr(shift).unwrap_or(0) == u128::from(a).checked_shr(shift).unwrap_or(0)
            }
            _ => false,
        }
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_that_are_addresses_are_told_whatever_way_they_are_spelt() {
        for (host, address) in [
            ("127.0.0.1", "127.0.0.1"),
            ("::1", "::1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f000001", "127.0.0.1"),
            ("0X7F.1", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.1", "127.0.0.1"),
            ("2852039166", "169.254.169.254"),
            ("169.254.43518.", "169.254.169.254"),
            ("localhost", "127.0.0.1"),
            ("a.LOCALHOST.", "127.0.0.1"),
        ] {
            assert_eq!(spelt(host), address.parse().ok(), "{host}");
        }
        for host in ["", "api.test", "1.2.3.4.5", "4294967296", "256.1", "0xg", "1..2", "-1", "+1", "08"] {
            assert_eq!(spelt(host), None, "{host}");
        }
    }

    #[test]
    fn every_spelling_is_seen_through() {
        for (text, class) in [
            ("127.0.0.1", Class::Loopback),
            ("0.0.0.0", Class::Loopback),
            ("::", Class::Loopback),
            ("::1", Class::Loopback),
            ("::ffff:127.0.0.1", Class::Loopback),
            ("::127.0.0.1", Class::Loopback),
            ("64:ff9b::7f00:1", Class::Loopback),
            ("64:ff9b::a9fe:a9fe", Class::Metadata),
            ("2002:a9fe:a9fe::1", Class::Metadata),
            ("::ffff:169.254.169.254", Class::Metadata),
            ("fd00:ec2::254", Class::Metadata),
            ("10.1.2.3", Class::Private),
            ("100.64.0.1", Class::Private),
            ("fd12::1", Class::Private),
            ("169.254.1.1", Class::LinkLocal),
            ("fe80::1", Class::LinkLocal),
            ("224.0.0.1", Class::Reserved),
            ("255.255.255.255", Class::Reserved),
            ("ff02::1", Class::Reserved),
            ("93.184.216.34", Class::Public),
            ("2606:2800:220:1::1", Class::Public),
        ] {
            assert_eq!(classify(text.parse().expect(text)), class, "{text}");
        }
    }

    #[test]
    fn ranges() {
        let c = Cidr::parse("10.0.0.0/8").expect("cidr");
        assert!(c.contains("10.200.0.1".parse().expect("ip")));
        assert!(c.contains("::ffff:10.0.0.1".parse().expect("ip")));
        assert!(!c.contains("11.0.0.1".parse().expect("ip")));
        assert!(Cidr::parse("0.0.0.0/0").expect("cidr").contains("1.2.3.4".parse().expect("ip")));
        assert!(Cidr::parse("::/0").expect("cidr").contains("::1".parse().expect("ip")));
        assert_eq!(Cidr::parse("10.0.0.0/33"), None);
    }
}
