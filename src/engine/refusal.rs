//! Why a handshake failed, in words: what the server answered, what was offered, what to try.

use rustls::{AlertDescription, ClientConfig};

use crate::base::text::{display, display_str};
use crate::wire::{Origin, TlsFacts};

use super::tls::group_name;

/// Bytes of an answer that is no TLS that are shown.
const SHOWN: usize = 24;

/// What is known of a handshake that failed.
pub struct Refused<'a> {
    /// How it ended.
    pub error: &'a std::io::Error,
    /// The first bytes that the peer sent.
    pub first: &'a [u8],
    /// What was learnt of it.
    pub facts: &'a TlsFacts,
    /// With whom.
    pub origin: &'a Origin,
    /// Whether a client certificate was there to present.
    pub presented: bool,
    /// What was offered.
    pub config: &'a ClientConfig,
}

impl Refused<'_> {
    /// One sentence, with what to try.
    pub fn words(&self) -> String {
        let inner = self.error.get_ref().and_then(|i| i.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::InvalidCertificate(_) | rustls::Error::General(_)) if !self.facts.faults.is_empty() => {
                format!(
                    "the certificate is not trusted: {}; allow it with --insecure or --cacert FILE",
                    self.facts.faults.join(", ")
                )
            }
            Some(rustls::Error::AlertReceived(alert)) if self.facts.client_certificate_requested => {
                certificate_words(Some(*alert), self.presented)
            }
            Some(rustls::Error::AlertReceived(alert)) => {
                let why = meaning(*alert);
                format!(
                    "the server refused the handshake with the alert {}{why}; lunette offered {}",
                    alert_words(*alert),
                    offer(self.config)
                )
            }
            Some(rustls::Error::PeerIncompatible(why)) => format!(
                "the server chose what was not offered ({}); lunette offered {}",
                display_str(&format!("{why:?}")),
                offer(self.config)
            ),
            Some(rustls::Error::InvalidMessage(_)) if !is_tls(self.first) => {
                format!("{} {}", display_str(&self.origin.host_port()), foreign(self.first))
            }
            _ if self.error.kind() == std::io::ErrorKind::UnexpectedEof => {
                "the server closed the connection during the handshake".to_owned()
            }
            Some(e) => format!("the server's handshake breaks the rules of TLS: {}", display_str(&e.to_string())),
            None => format!("the handshake failed: {}", display_str(&self.error.to_string())),
        }
    }
}

/// The words for a server that had asked for a client certificate, got none or one it does not take, and ended the
/// connection, with its alert where that came through.
pub fn certificate_words(alert: Option<AlertDescription>, presented: bool) -> String {
    let alert = alert.map(|a| format!(" with the alert {}", alert_words(a))).unwrap_or_default();
    if presented {
        return format!(
            "the server refused the client certificate of this identity{alert}; look at its issuer and its dates"
        );
    }
    format!(
        "the server asked for a client certificate and ended without one{alert}; give one with --identity NAME=cert:FILE"
    )
}

/// An alert by its name in the registry and its number (RFC 8446 section 6).
fn alert_words(alert: AlertDescription) -> String {
    let name = match alert {
        // These the library calls otherwise.
        AlertDescription::UnrecognisedName => "unrecognized_name".to_owned(),
        AlertDescription::UnknownCA => "unknown_ca".to_owned(),
        AlertDescription::UnknownPSKIdentity => "unknown_psk_identity".to_owned(),
        AlertDescription::EncryptedClientHelloRequired => "ech_required".to_owned(),
        AlertDescription::NoCertificate => "no_certificate_RESERVED".to_owned(),
        other => other.as_str().map_or_else(|| "unknown".to_owned(), snake),
    };
    format!("{name} ({})", u8::from(alert))
}

/// `ProtocolVersion` as `protocol_version`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

/// What an alert mostly comes from.
fn meaning(alert: AlertDescription) -> &'static str {
    match alert {
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            ", as one does that takes RSA or DHE key exchange or CBC suites alone"
        }
        AlertDescription::ProtocolVersion => ", as one does that speaks TLS 1.0 or 1.1 alone",
        AlertDescription::UnrecognisedName => ", since it has no host of that name; --sni sends another",
        AlertDescription::NoApplicationProtocol => ", since it speaks no HTTP that was offered; --http chooses another",
        _ => "",
    }
}

/// What a client offers: versions, suites, groups, protocols.
fn offer(config: &ClientConfig) -> String {
    let provider = config.crypto_provider();
    let groups: Vec<String> = provider.kx_groups.iter().map(|g| group_name(g.name())).collect();
    let alpn: Vec<String> = config.alpn_protocols.iter().map(|p| display(p)).collect();
    format!(
        "TLS 1.2 and 1.3, {} suites, each of them ECDHE with AES-GCM or ChaCha20-Poly1305, the groups {}, and {}",
        provider.cipher_suites.len(),
        groups.join(", "),
        alpn.join(" and ")
    )
}

/// True for the beginning of a TLS record (RFC 8446 section 5.1).
fn is_tls(first: &[u8]) -> bool {
    matches!(first, [20..=23, 3, ..])
}

/// What a port speaks that does not speak TLS, by its first bytes.
fn foreign(first: &[u8]) -> String {
    const SPEAKS: &[(&[u8], &str)] = &[
        (b"HTTP/", "does not speak TLS on this port but plain http; try http://"),
        (b"SSH-", "does not speak TLS on this port but SSH"),
        (b"220 ", "does not speak TLS on this port but a mail or file protocol"),
        (b"220-", "does not speak TLS on this port but a mail or file protocol"),
        (b"+OK", "does not speak TLS on this port but POP3"),
        (b"* OK", "does not speak TLS on this port but IMAP"),
    ];
    if let Some((_, words)) = SPEAKS.iter().find(|(begins, _)| first.starts_with(begins)) {
        return (*words).to_owned();
    }
    let shown = display(&first[..first.len().min(SHOWN)]);
    format!("does not speak TLS on this port, it answered {shown}; try http://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_have_their_names_in_the_registry() {
        for (number, words) in [
            (40, "handshake_failure (40)"),
            (48, "unknown_ca (48)"),
            (70, "protocol_version (70)"),
            (112, "unrecognized_name (112)"),
            (116, "certificate_required (116)"),
            (120, "no_application_protocol (120)"),
            (200, "unknown (200)"),
        ] {
            assert_eq!(alert_words(AlertDescription::from(number)), words);
        }
    }

    #[test]
    fn what_a_port_speaks_is_told_by_its_first_bytes() {
        assert!(foreign(b"HTTP/1.1 400 Bad").contains("http://"));
        assert!(foreign(b"SSH-2.0-x").contains("SSH"));
        assert_eq!(foreign(b"\x1b[0m"), "does not speak TLS on this port, it answered \u{241b}[0m; try http://");
        assert!(is_tls(&[21, 3, 3, 0, 2]) && !is_tls(b"HTTP/") && !is_tls(b""));
    }
}
