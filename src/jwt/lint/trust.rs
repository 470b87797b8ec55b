//! Rules about what a token says of its own key: none of it may be believed before the signature holds.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::Profile;
use super::context::{Context, Hit, hit, hit_as, is_internal, quoted, same_site, shown, url};
use crate::base::Severity;
use crate::base::text::display_str;
use crate::jwt::key::{Key, read};

/// Certificates of a chain that are looked at.
const CHAIN: usize = 10;
/// Bytes of a key identifier that nobody needs more of.
const LONG: usize = 256;
/// Keys that are compared with a certificate.
const MOST: usize = 200;

pub(super) fn embedded(c: &Context<'_>) -> Vec<Hit> {
    let Some(jwk) = c.header("jwk") else { return Vec::new() };
    let private = jwk.as_object().is_some_and(|o| ["d", "p", "q", "k"].iter().any(|n| o.contains_key(*n)));
    if private {
        return vec![hit_as(Severity::Critical, "the key in the header is a private one or a secret")];
    }
    if c.is(&[Profile::Dpop]) {
        return Vec::new();
    }
    vec![hit("the token brings its key along: a verifier that uses it takes what anybody signs")]
}

pub(super) fn links(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    for name in ["jku", "x5u"] {
        let Some(text) = c.header_text(name) else { continue };
        let Some(at) = url(text) else {
            out.push(hit(format!("`{name}` is {}, which is no absolute URL", quoted(text))));
            continue;
        };
        let mut faults = Vec::new();
        if !at.scheme.eq_ignore_ascii_case("https") {
            faults.push("is not https".to_owned());
        }
        if at.user.is_some() {
            faults.push("has a user before the host".to_owned());
        }
        if at.host.parse::<std::net::IpAddr>().is_ok() {
            faults.push("names an address".to_owned());
        } else if is_internal(at.host) {
            faults.push("leads inside a network".to_owned());
        }
        let lower = at.path.to_ascii_lowercase();
        if at.path.contains("..") || lower.contains("%2e") || lower.contains("%2f") || at.path.contains('\\') {
            faults.push("climbs in its path".to_owned());
        }
        if at.fragment {
            faults.push("has a fragment".to_owned());
        }
        let issuer = c.claim_text("iss").or_else(|| c.s.metadata.and_then(|m| m.get("issuer")).and_then(Value::as_str));
        if let Some(iss) = issuer.and_then(url)
            && !same_site(iss.host, at.host)
        {
            faults.push(format!("leads to another owner than the issuer {}", quoted(iss.host)));
        }
        if !faults.is_empty() {
            out.push(hit(format!("`{name}` is {}: it {}", quoted(text), faults.join(", "))));
        }
    }
    out
}

pub(super) fn kid(c: &Context<'_>) -> Vec<Hit> {
    let Some(kid) = c.header_text("kid") else { return Vec::new() };
    let lower = kid.to_ascii_lowercase();
    let mut faults = Vec::new();
    if kid.len() > LONG {
        faults.push("is longer than 256 bytes");
    }
    if kid.chars().any(char::is_control) {
        faults.push("holds a control character");
    }
    if lower.contains("://") && !lower.starts_with("did:") {
        faults.push("is a URL");
    } else if lower.contains("../")
        || lower.contains("..\\")
        || lower.contains("%2e")
        || lower.contains("%2f")
        || lower.contains("%00")
        || kid.contains('\\')
        || (kid.starts_with(['/', '~', '.']) && !is_digest(kid))
    {
        faults.push("is a path");
    }
    if kid.contains(['\'', '"']) || lower.contains(" union ") || lower.contains("--") && kid.contains(' ') {
        faults.push("holds a quote or SQL");
    }
    if kid.contains([';', '|', '`', '<', '>', '&']) || kid.contains("$(") || kid.contains("${") || kid.contains("{{") {
        faults.push("holds what a shell or a template would run");
    }
    if faults.is_empty() {
        Vec::new()
    } else {
        vec![hit(format!("`kid` is {}: it {}", quoted(kid), faults.join(", ")))]
    }
}

/// True for a hash in base64, which may begin with a slash.
fn is_digest(kid: &str) -> bool {
    STANDARD.decode(kid).is_ok_and(|bytes| matches!(bytes.len(), 20 | 32 | 48 | 64))
}

pub(super) fn certificates(c: &Context<'_>) -> Vec<Hit> {
    let mut out = Vec::new();
    if c.header("x5t").is_some() && c.header("x5t#S256").is_none() {
        out.push(hit_as(Severity::Low, "`x5t` is a SHA-1 thumbprint, and `x5t#S256` is not there"));
    }
    let Some(chain) = c.header("x5c").and_then(Value::as_array) else { return out };
    if chain.is_empty() {
        out.push(hit("`x5c` is empty"));
    }
    for (i, item) in chain.iter().take(CHAIN).enumerate() {
        let at = i + 1;
        let Some(der) = item.as_str().and_then(|s| STANDARD.decode(s).ok()) else {
            out.push(hit(format!("certificate {at} of `x5c` is {}, and base64 of DER is meant", shown(item))));
            continue;
        };
        let Ok((_, certificate)) = X509Certificate::from_der(&der) else {
            out.push(hit(format!("certificate {at} of `x5c` cannot be read")));
            continue;
        };
        let validity = certificate.validity();
        if validity.not_after.timestamp() < c.now {
            let day = crate::base::Stamp::from_unix(validity.not_after.timestamp())
                .map(|s| format!(" on {s}"))
                .unwrap_or_default();
            out.push(hit(format!("certificate {at} of `x5c` expired{day}")));
        } else if validity.not_before.timestamp() > c.now {
            out.push(hit(format!("certificate {at} of `x5c` is not valid yet")));
        }
        if i > 0 {
            continue;
        }
        if certificate.subject().as_raw() == certificate.issuer().as_raw() {
            out.push(hit(format!(
                "`x5c` is self-signed, by {}: it proves nothing of itself",
                quoted(&display_str(&certificate.subject().to_string()))
            )));
        }
        let held = c.keys(MOST);
        if let Ok(of_chain) = read(&der, "x5c")
            && let Some(key) = of_chain.keys.first()
            && !held.is_empty()
            && !held.iter().any(|k| same(k, key))
        {
            out.push(hit("the key of `x5c` is none of those that were given"));
        }
    }
    out
}

fn same(a: &Key, b: &Key) -> bool {
    let print = a.thumbprint();
    !print.is_empty() && print == b.thumbprint()
}
