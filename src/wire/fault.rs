//! What is wrong with the certificates of a server. Each kind is a row of one table.

use serde::{Deserialize, Serialize};

/// The kinds, in the order of [`FAULTS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// It was valid until some time ago.
    Expired,
    /// It is valid from some time on.
    NotYetValid,
    /// None of its names is the one that was asked for.
    WrongName,
    /// It has no names where names are looked for.
    NoName,
    /// It vouches for itself.
    SelfSigned,
    /// Its chain ends at an authority that is not trusted.
    UntrustedIssuer,
    /// Its chain ends before an authority.
    IncompleteChain,
    /// The certificate behind it is not the one that signed it, which stands elsewhere in the chain.
    WrongOrder,
    /// Whether its issuer is trusted was not found out.
    UnjudgedIssuer,
    /// A version before 3.
    OldVersion,
    /// A key that is too short.
    WeakKey,
    /// A signature over a hash that can be forged.
    WeakSignature,
    /// A key that is not for this use.
    WrongUse,
    /// An authority's certificate as a server's own.
    CaAsServer,
    /// It signed another one and is no authority's.
    NotCa,
    /// Its issuer took it back.
    Revoked,
    /// It cannot be read.
    Unreadable,
    /// The server did not prove that it holds the key.
    Unproven,
    /// Whether it did was not found out.
    UnjudgedProof,
    /// Whatever else the verifier says.
    Refused,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct FaultRule {
    /// Kind.
    pub kind: FaultKind,
    /// Its name in documents.
    pub id: &'static str,
    /// What it is, in words; the detail goes on behind them.
    pub words: &'static str,
    /// Where it is said how it should be.
    pub reference: &'static str,
}

const fn rule(kind: FaultKind, id: &'static str, words: &'static str, reference: &'static str) -> FaultRule {
    FaultRule { kind, id, words, reference }
}

/// Every kind of fault.
pub const FAULTS: &[FaultRule] = &[
    rule(FaultKind::Expired, "expired", "expired on", "RFC 5280 section 4.1.2.5"),
    rule(FaultKind::NotYetValid, "not-yet-valid", "not valid before", "RFC 5280 section 4.1.2.5"),
    rule(FaultKind::WrongName, "wrong-name", "issued for another name", "RFC 9525 section 6"),
    rule(FaultKind::NoName, "no-name", "issued for no name at all", "RFC 9525 section 6.3"),
    rule(FaultKind::SelfSigned, "self-signed", "self-signed", "RFC 5280 section 6.1"),
    rule(FaultKind::UntrustedIssuer, "untrusted-issuer", "issuer not trusted", "RFC 5280 section 6.1"),
    rule(
        FaultKind::IncompleteChain,
        "incomplete-chain",
        "issuer neither sent along nor trusted",
        "RFC 8446 section 4.4.2",
    ),
    rule(FaultKind::WrongOrder, "wrong-order", "not followed by its issuer", "RFC 8446 section 4.4.2"),
    rule(FaultKind::UnjudgedIssuer, "unjudged-issuer", "issuer not judged", "RFC 5280 section 6.1"),
    rule(FaultKind::OldVersion, "old-version", "X.509 version", "RFC 5280 section 4.1.2.1"),
    rule(FaultKind::WeakKey, "weak-key", "weak key", "NIST SP 800-131A"),
    rule(FaultKind::WeakSignature, "weak-signature", "weak signature", "RFC 9155"),
    rule(FaultKind::WrongUse, "wrong-use", "not for a TLS server", "RFC 5280 section 4.2.1.12"),
    rule(FaultKind::CaAsServer, "ca-as-server", "a CA certificate used as a server's own", "RFC 5280 section 4.2.1.9"),
    rule(FaultKind::NotCa, "not-ca", "signs another and is no CA certificate", "RFC 5280 section 4.2.1.9"),
    rule(FaultKind::Revoked, "revoked", "revoked", "RFC 6960 section 2.2"),
    rule(FaultKind::Unreadable, "unreadable", "unreadable", "RFC 5280 section 4.1"),
    rule(
        FaultKind::Unproven,
        "unproven",
        "the server did not prove that it holds the certificate's key",
        "RFC 8446 section 4.4.3",
    ),
    rule(
        FaultKind::UnjudgedProof,
        "unjudged-proof",
        "whether the server holds the certificate's key was not judged",
        "RFC 8446 section 4.4.3",
    ),
    rule(FaultKind::Refused, "refused", "not trusted", "RFC 5280 section 6.1"),
];

/// One fault of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Kind.
    pub kind: FaultKind,
    /// What it is in this certificate, in display form; empty where the kind says it all.
    pub detail: String,
}

impl Fault {
    /// A fault with its detail.
    pub fn new(kind: FaultKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// Its row.
    pub fn rule(&self) -> &'static FaultRule {
        &FAULTS[self.kind as usize]
    }

    /// What it is, in words.
    pub fn words(&self) -> String {
        let words = self.rule().words;
        match self.kind {
            _ if self.detail.is_empty() => words.to_owned(),
            FaultKind::Expired | FaultKind::NotYetValid | FaultKind::OldVersion => format!("{words} {}", self.detail),
            FaultKind::Refused | FaultKind::Unreadable => format!("{words}: {}", self.detail),
            _ => format!("{words} ({})", self.detail),
        }
    }
}

/// What a certificate of a chain is called.
pub fn place_words(at: usize) -> String {
    if at == 0 { "leaf".to_owned() } else { format!("issuer {at}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_row() {
        for (i, row) in FAULTS.iter().enumerate() {
            assert_eq!(row.kind as usize, i, "{}", row.id);
            assert_eq!(serde_json::to_string(&row.kind).expect("a word").trim_matches('"'), row.id);
            assert!(FAULTS[..i].iter().all(|other| other.words != row.words), "{}", row.id);
        }
        assert_eq!(FAULTS.len(), FaultKind::Refused as usize + 1);
    }
}
