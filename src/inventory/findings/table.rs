//! The table of findings, a row each: documents, the gate and the README are held to it.

use crate::base::{Rule, Severity};

/// The row of that id.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|r| r.id == id)
}

pub(super) const PREFIX: &str = "drift-prefix";
pub(super) const HOST: &str = "drift-host";
pub(super) const URL: &str = "url-credential";
pub(super) const DECLARED: &str = "open-declared";
pub(super) const SIBLING: &str = "open-sibling";
pub(super) const WALKED: &str = "ids-walked";
pub(super) const BURST: &str = "login-burst";
pub(super) const NEWCOMER: &str = "admin-newcomer";

/// Every row.
pub static RULES: &[Rule] = &[
    Rule {
        id: URL,
        severity: Severity::High,
        title: "a credential stands in a URL",
        reference: "OWASP API2:2023 Broken Authentication; RFC 6750 section 5.3; CWE-598",
        fix: "take it in a header or in the body, refuse it in the URL, and replace those that were logged",
        plain: "answered although the query or the path held a credential: URLs stay in logs, histories and Referer headers",
    },
    Rule {
        id: DECLARED,
        severity: Severity::High,
        title: "answered without the credential that the document asks for",
        reference: "OWASP API2:2023 Broken Authentication; CWE-306",
        fix: "ask for the credential before the handler, or declare the operation open",
        plain: "told only by sources that record whether a credential was sent",
    },
    Rule {
        id: SIBLING,
        severity: Severity::Medium,
        title: "answered without a credential where the endpoints beside it ask for one",
        reference: "OWASP API2:2023 Broken Authentication; CWE-306",
        fix: "put it behind the same check as its neighbours, or declare it open",
        plain: "two neighbours at least refused who sent none; told only by sources that record it",
    },
    Rule {
        id: PREFIX,
        severity: Severity::Low,
        title: "the same paths answer under another base path than the declared one",
        reference: "OWASP API9:2023 Improper Inventory Management",
        fix: "declare the base path as a server of the document, or close it",
        plain: "undeclared paths whose rest is declared under another base path: a forgotten entrance, or a proxy that the document does not know",
    },
    Rule {
        id: HOST,
        severity: Severity::Low,
        title: "declared endpoints answer at a host that no document names",
        reference: "OWASP API9:2023 Improper Inventory Management",
        fix: "name the host in the servers of the document, or take the API off it",
        plain: "told where every server of every document has a host; addresses and names without a dot are left out",
    },
    Rule {
        id: BURST,
        severity: Severity::Medium,
        title: "one client was refused at a login again and again within a minute",
        reference: "OWASP API2:2023 Broken Authentication; CWE-307",
        fix: "look whether it was let in afterwards, and limit attempts by account and by client",
        plain: "ten refusals (401, 403) of POST within sixty seconds: guessing, not mistyping",
    },
    Rule {
        id: WALKED,
        severity: Severity::Low,
        title: "one client went through many ids of one endpoint",
        reference: "OWASP API1:2023 Broken Object Level Authorization; CWE-639",
        fix: "look whose these objects are, and check the owner in the handler",
        plain: "a hundred paths or more, one number after the other or most of them refused, or far more than any other client",
    },
    Rule {
        id: NEWCOMER,
        severity: Severity::Low,
        title: "a client that was never there before was let in on an admin route",
        reference: "OWASP API5:2023 Broken Function Level Authorization",
        fix: "ask whose client it is",
        plain: "others had it to themselves for the first half of the time; where many come and go nothing is told",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_and_worst_stand_first_within_their_kind() {
        for (i, r) in RULES.iter().enumerate() {
            assert!(RULES.iter().skip(i + 1).all(|other| other.id != r.id), "{}", r.id);
            assert!(r.reference.starts_with("OWASP API") && r.reference.contains(":2023 "), "{}", r.id);
            for text in [r.id, r.title, r.fix, r.plain] {
                assert!(!text.is_empty() && !text.ends_with('.'), "{}", r.id);
            }
        }
    }
}
