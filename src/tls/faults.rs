//! What is wrong with a chain of certificates, all of it and not only the first (RFC 5280, RFC 9525). Whether its end is trusted
//! is the verifier's to say, who holds the roots.

use std::net::IpAddr;

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OID_HASH_SHA1;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::signature_algorithm::SignatureAlgorithm;

use crate::base::Stamp;
use crate::base::text::{display, display_str};
use crate::wire::{Fault, FaultKind};

/// Certificates of a chain that are judged.
const MOST: usize = 20;
/// Names that are told of a certificate with other names.
const NAMES_TOLD: usize = 4;

/// What the verifier found out about the end of a chain, its dates and names left aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    /// A way leads to a trusted root.
    Trusted,
    /// One does at another time, at which all of the chain is valid.
    TrustedOnce,
    /// No way leads to one.
    Untrusted,
    /// It did not come as far, and why not.
    Unjudged(String),
}

/// Every fault of a chain in DER, leaf first, for the host `name` at `now`: a list for each certificate. Where a way leads to a
/// trusted root, what else stands in the chain is not judged.
pub fn faults(chain: &[impl AsRef<[u8]>], name: &str, now: Stamp, anchor: &Anchor) -> Vec<Vec<Fault>> {
    let read: Vec<Option<X509Certificate<'_>>> =
        chain.iter().take(MOST).map(|der| X509Certificate::from_der(der.as_ref()).ok().map(|(_, c)| c)).collect();
    let mut out: Vec<Vec<Fault>> = vec![Vec::new(); chain.len()];
    for (at, cert) in read.iter().enumerate() {
        if at > 0 && *anchor == Anchor::Trusted {
            break;
        }
        let Some(cert) = cert else {
            out[at].push(Fault::new(FaultKind::Unreadable, "it is no X.509 certificate"));
            continue;
        };
        out[at].extend(dates(cert, now));
        if at == 0 {
            out[at].extend(names(cert, name));
            out[at].extend(uses(cert));
        } else if !cert.is_ca() {
            out[at].push(Fault::new(FaultKind::NotCa, ""));
        }
        out[at].extend(version(cert));
        out[at].extend(weak_key(cert));
        // What a root says of itself proves nothing, so its hash does not matter.
        if at == 0 || cert.subject() != cert.issuer() {
            out[at].extend(weak_signature(cert));
        }
    }
    if !matches!(anchor, Anchor::Trusted | Anchor::TrustedOnce) && !read.is_empty() {
        let (at, fault) = end(&read, anchor);
        out[at].push(fault);
    }
    out
}

fn dates(cert: &X509Certificate<'_>, now: Stamp) -> Option<Fault> {
    let at = |unix| Stamp::from_unix(unix).map(|s| s.to_string()).unwrap_or_default();
    let (begin, end) = (cert.validity().not_before.timestamp(), cert.validity().not_after.timestamp());
    if end < now.unix() {
        return Some(Fault::new(FaultKind::Expired, at(end)));
    }
    (begin > now.unix()).then(|| Fault::new(FaultKind::NotYetValid, at(begin)))
}

/// The name of the subject is not looked at: a host stands among the alternative names alone (RFC 9525 section 6.3).
fn names(cert: &X509Certificate<'_>, name: &str) -> Option<Fault> {
    let extension = cert.subject_alternative_name().ok().flatten();
    let all = extension.map(|e| &e.value.general_names[..]).unwrap_or_default();
    let wanted: Option<IpAddr> = name.parse().ok();
    let mut told = Vec::new();
    for presented in all {
        match presented {
            GeneralName::DNSName(pattern) => {
                if wanted.is_none() && matches(pattern, name) {
                    return None;
                }
                told.push(display_str(pattern));
            }
            GeneralName::IPAddress(octets) => {
                let address = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
                let address = address.or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from)).ok();
                if address.is_some() && address == wanted {
                    return None;
                }
                told.push(address.map_or_else(|| "malformed address".to_owned(), |a| a.to_string()));
            }
            _ => {}
        }
    }
    if told.is_empty() {
        return Some(Fault::new(FaultKind::NoName, ""));
    }
    let more = told.len().saturating_sub(NAMES_TOLD);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    told.truncate(NAMES_TOLD);
    Some(Fault::new(FaultKind::WrongName, format!("{}{more}", told.join(", "))))
}

/// A name against a presented one, in which the first label may be `*` and stands for one whole label.
fn matches(pattern: &str, name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    match pattern.strip_prefix("*.") {
        Some(rest) => name.split_once('.').is_some_and(|(first, behind)| {
            !first.is_empty() && rest.contains('.') && rest.eq_ignore_ascii_case(behind)
        }),
        None => pattern.eq_ignore_ascii_case(name),
    }
}

/// What a server's certificate may not be used for.
fn uses(cert: &X509Certificate<'_>) -> Vec<Fault> {
    let mut out = Vec::new();
    if cert.is_ca() {
        out.push(Fault::new(FaultKind::CaAsServer, ""));
    }
    if let Ok(Some(e)) = cert.extended_key_usage()
        && !(e.value.server_auth || e.value.any)
    {
        out.push(Fault::new(FaultKind::WrongUse, "its extended key usage has no serverAuth"));
    }
    // Every suite that is offered has the server sign (RFC 8446 section 4.4.2.2).
    if let Ok(Some(e)) = cert.key_usage()
        && !e.value.digital_signature()
    {
        out.push(Fault::new(FaultKind::WrongUse, "its key usage has no digitalSignature"));
    }
    out
}

fn version(cert: &X509Certificate<'_>) -> Option<Fault> {
    let version = cert.version().0.saturating_add(1);
    (version < 3).then(|| Fault::new(FaultKind::OldVersion, version.to_string()))
}

fn weak_key(cert: &X509Certificate<'_>) -> Option<Fault> {
    let weak = match cert.public_key().parsed().ok()? {
        PublicKey::RSA(rsa) => rsa.key_size() < 2_048,
        PublicKey::EC(point) => point.key_size() < 256,
        PublicKey::DSA(_) => true,
        _ => false,
    };
    weak.then(|| Fault::new(FaultKind::WeakKey, super::certificate::key_words(cert)))
}

fn weak_signature(cert: &X509Certificate<'_>) -> Option<Fault> {
    let oid = cert.signature_algorithm.algorithm.to_id_string();
    let row = SIGNATURES.iter().find(|row| row.0 == oid);
    let weak = match SignatureAlgorithm::try_from(&cert.signature_algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(pss)) => *pss.hash_algorithm_oid() == OID_HASH_SHA1,
        _ => row.is_some_and(|row| row.2),
    };
    weak.then(|| Fault::new(FaultKind::WeakSignature, signature_words(cert)))
}

/// Signature algorithms of certificates: object identifier, words, and whether it can be forged.
const SIGNATURES: &[(&str, &str, bool)] = &[
    ("1.2.840.113549.1.1.2", "MD2 with RSA", true),
    ("1.2.840.113549.1.1.4", "MD5 with RSA", true),
    ("1.2.840.113549.1.1.5", "SHA-1 with RSA", true),
    ("1.3.14.3.2.29", "SHA-1 with RSA", true),
    ("1.2.840.113549.1.1.10", "RSASSA-PSS", false),
    ("1.2.840.113549.1.1.11", "SHA-256 with RSA", false),
    ("1.2.840.113549.1.1.12", "SHA-384 with RSA", false),
    ("1.2.840.113549.1.1.13", "SHA-512 with RSA", false),
    ("1.2.840.113549.1.1.14", "SHA-224 with RSA", false),
    ("1.2.840.10040.4.3", "SHA-1 with DSA", true),
    ("1.2.840.10045.4.1", "SHA-1 with ECDSA", true),
    ("1.2.840.10045.4.3.1", "SHA-224 with ECDSA", false),
    ("1.2.840.10045.4.3.2", "SHA-256 with ECDSA", false),
    ("1.2.840.10045.4.3.3", "SHA-384 with ECDSA", false),
    ("1.2.840.10045.4.3.4", "SHA-512 with ECDSA", false),
    ("1.3.101.112", "Ed25519", false),
    ("1.3.101.113", "Ed448", false),
];

/// With what the issuer of a certificate signed it.
pub(super) fn signature_words(cert: &X509Certificate<'_>) -> String {
    let oid = cert.signature_algorithm.algorithm.to_id_string();
    let words = SIGNATURES.iter().find(|row| row.0 == oid).map(|row| row.1.to_owned());
    match SignatureAlgorithm::try_from(&cert.signature_algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(pss)) if *pss.hash_algorithm_oid() == OID_HASH_SHA1 => {
            "SHA-1 with RSASSA-PSS".to_owned()
        }
        _ => words.unwrap_or(oid),
    }
}

/// Where the way to a root ends, and how.
fn end(read: &[Option<X509Certificate<'_>>], anchor: &Anchor) -> (usize, Fault) {
    let Some(leaf) = &read[0] else { return (0, Fault::new(FaultKind::UnjudgedIssuer, "it cannot be read")) };
    // Certificates may stand in any order, and those that lead nowhere may stand among them.
    let (mut at, mut last) = (0, leaf);
    for _ in 0..read.len() {
        if last.subject() == last.issuer() {
            break;
        }
        let issuer = read.iter().enumerate().find_map(|(i, c)| {
            let c = c.as_ref()?;
            (i > 0 && c.subject() == last.issuer()).then_some((i, c))
        });
        let Some((next, cert)) = issuer else { break };
        if next != at + 1 {
            return (at, Fault::new(FaultKind::WrongOrder, format!("its issuer stands at place {next}")));
        }
        (at, last) = (next, cert);
    }
    let name = || display(last.issuer().to_string().as_bytes());
    match anchor {
        _ if at == 0 && last.subject() == last.issuer() => (0, Fault::new(FaultKind::SelfSigned, "")),
        Anchor::Unjudged(why) => (0, Fault::new(FaultKind::UnjudgedIssuer, why.clone())),
        _ if last.subject() == last.issuer() => (0, Fault::new(FaultKind::UntrustedIssuer, "")),
        _ => (at, Fault::new(FaultKind::IncompleteChain, name())),
    }
}

/// A moment, in seconds since 1970, at which every certificate of a chain is valid; `None` where there is none.
pub fn common_moment(chain: &[impl AsRef<[u8]>]) -> Option<u64> {
    let mut span = (i64::MIN, i64::MAX);
    for der in chain.iter().take(MOST) {
        let (_, cert) = X509Certificate::from_der(der.as_ref()).ok()?;
        span.0 = span.0.max(cert.validity().not_before.timestamp());
        span.1 = span.1.min(cert.validity().not_after.timestamp());
    }
    if span.0 > span.1 { None } else { u64::try_from(span.1).ok() }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
        date_time_ymd,
    };

    use super::*;

    fn now() -> Stamp {
        Stamp::parse("2026-01-01T00:00:00Z").expect("a time")
    }

    fn words(chain: &[Vec<u8>], name: &str, anchor: &Anchor) -> Vec<Vec<String>> {
        faults(chain, name, now(), anchor).iter().map(|of| of.iter().map(Fault::words).collect()).collect()
    }

    fn params(names: &[&str], from: i32, to: i32) -> CertificateParams {
        let mut p = CertificateParams::new(names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>()).expect("names");
        (p.not_before, p.not_after) = (date_time_ymd(from, 1, 1), date_time_ymd(to, 1, 1));
        p
    }

    /// A chain of authorities of which the first signs the leaf, root last.
    fn chain(leaf: &CertificateParams, authorities: &[(&str, i32, i32)]) -> Vec<Vec<u8>> {
        let mut out = Vec::new();
        let mut above: Option<(CertificateParams, KeyPair)> = None;
        for (name, from, to) in authorities.iter().rev() {
            let mut p = params(&[], *from, *to);
            p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            p.distinguished_name.push(rcgen::DnType::CommonName, *name);
            let key = KeyPair::generate().expect("a key");
            let made = match &above {
                None => p.self_signed(&key),
                Some((issuer, issuer_key)) => p.signed_by(&key, &Issuer::from_params(issuer, issuer_key)),
            };
            out.insert(0, made.expect("a certificate").der().to_vec());
            above = Some((p, key));
        }
        let key = KeyPair::generate().expect("a key");
        let made = match &above {
            None => leaf.self_signed(&key),
            Some((issuer, issuer_key)) => leaf.signed_by(&key, &Issuer::from_params(issuer, issuer_key)),
        };
        out.insert(0, made.expect("a certificate").der().to_vec());
        out
    }

    #[test]
    fn a_sound_chain_has_no_fault() {
        let made = chain(&params(&["api.test"], 2025, 2027), &[("a", 2020, 2030)]);
        assert_eq!(words(&made, "api.test", &Anchor::Trusted), [vec![], Vec::<String>::new()]);
    }

    #[test]
    fn several_faults_are_all_named_each_at_its_certificate() {
        let mut leaf = params(&["other.test"], 2000, 2001);
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        leaf.key_usages = vec![KeyUsagePurpose::KeyEncipherment];
        let made = chain(&leaf, &[("a", 2030, 2040), ("root", 2000, 2040)]);
        assert_eq!(
            words(&made, "api.test", &Anchor::Untrusted),
            [
                vec![
                    "expired on 2001-01-01T00:00:00Z",
                    "issued for another name (other.test)",
                    "not for a TLS server (its extended key usage has no serverAuth)",
                    "not for a TLS server (its key usage has no digitalSignature)",
                    "issuer not trusted",
                ],
                vec!["not valid before 2030-01-01T00:00:00Z"],
                vec![],
            ]
        );
    }

    #[test]
    fn where_the_way_to_a_root_ends_is_told_apart() {
        let leaf = params(&["api.test"], 2025, 2027);
        let alone = chain(&leaf, &[]);
        assert_eq!(words(&alone, "api.test", &Anchor::Untrusted), [["self-signed"]]);
        let whole = chain(&leaf, &[("a", 2020, 2030), ("root", 2020, 2030)]);
        let said = |chain: &[Vec<u8>]| words(chain, "api.test", &Anchor::Untrusted).concat();
        assert_eq!(said(&whole), ["issuer not trusted"]);
        assert_eq!(said(&whole[..1]), ["issuer neither sent along nor trusted (CN=a)"]);
        assert_eq!(said(&whole[..2]), ["issuer neither sent along nor trusted (CN=root)"]);
        let turned = [whole[0].clone(), whole[2].clone(), whole[1].clone()];
        assert_eq!(said(&turned), ["not followed by its issuer (its issuer stands at place 2)"]);
        let unjudged = Anchor::Unjudged("why".to_owned());
        assert_eq!(words(&whole, "api.test", &unjudged).concat(), ["issuer not judged (why)"]);
        assert_eq!(words(&alone, "api.test", &unjudged).concat(), ["self-signed"]);
        // An issuer that is not one.
        let wrong = [whole[0].clone(), alone[0].clone()];
        assert!(
            words(&wrong, "api.test", &Anchor::Untrusted)[1]
                .contains(&"signs another and is no CA certificate".to_owned())
        );
    }

    #[test]
    fn names_match_as_rfc_9525_has_it() {
        for (pattern, name, fits) in [
            ("api.test", "API.test.", true),
            ("*.api.test", "a.api.test", true),
            ("*.api.test", "a.b.api.test", false),
            ("*.api.test", "api.test", false),
            ("*.api.test", ".api.test", false),
            ("*.test", "api.test", false),
            ("*", "api", false),
            ("a*.api.test", "ab.api.test", false),
            ("api.test", "xapi.test", false),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
        let mut leaf = params(&["127.0.0.1", "::1"], 2025, 2027);
        let fits = |leaf: &CertificateParams, name| {
            let made = chain(leaf, &[]);
            words(&made, name, &Anchor::Trusted).concat()
        };
        assert_eq!(fits(&leaf, "127.0.0.1"), [""; 0]);
        assert_eq!(fits(&leaf, "::1"), [""; 0]);
        assert_eq!(fits(&leaf, "127.0.0.2"), ["issued for another name (127.0.0.1, ::1)"]);
        leaf.subject_alt_names = vec![SanType::Rfc822Name("a@b.test".try_into().expect("text"))];
        assert_eq!(fits(&leaf, "b.test"), ["issued for no name at all"]);
    }

    #[test]
    fn the_moment_at_which_a_chain_is_valid_lies_in_all_of_it() {
        let old = chain(&params(&["a.test"], 2000, 2001), &[("a", 2000, 2030)]);
        let (begin, end) = (946_684_800, 978_307_200);
        assert!(common_moment(&old).is_some_and(|at| (begin..=end).contains(&at)));
        let never = chain(&params(&["a.test"], 2000, 2001), &[("a", 2020, 2030)]);
        assert_eq!(common_moment(&never), None);
        assert!(faults(&[b"garbage".to_vec()], "a", now(), &Anchor::Untrusted)[0].len() == 2);
    }
}
