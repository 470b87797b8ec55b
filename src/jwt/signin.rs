//! How a user signed in, in plain words: `amr`, `acr`, and the challenge by which a server asks for a stronger or a fresher
//! sign-in (RFC 9470).

use super::object::cut;

/// Methods of authentication (RFC 8176 section 2).
static METHODS: &[(&str, &str)] = &[
    ("face", "face recognition"),
    ("fpt", "fingerprint"),
    ("geo", "where the user is"),
    ("hwk", "a key in hardware"),
    ("iris", "iris scan"),
    ("kba", "knowledge-based questions"),
    ("mca", "more than one channel"),
    ("mfa", "more than one factor"),
    ("otp", "a one-time password"),
    ("pin", "a PIN or a pattern"),
    ("pop", "proof of a key"),
    ("pwd", "a password"),
    ("rba", "a judgement of risk"),
    ("retina", "retina scan"),
    ("sc", "a smart card"),
    ("sms", "a text message to a known number"),
    ("swk", "a key in software"),
    ("tel", "a call to a known number"),
    ("user", "the presence of the user"),
    ("vbm", "voice recognition"),
    ("wia", "Windows integrated authentication"),
];

/// Classes of authentication that many issuers use. Everyone may name classes of their own.
static CLASSES: &[(&str, &str)] = &[
    ("0", "not good enough for anything of value: a long-lived cookie, for example"),
    ("phr", "resists phishing"),
    ("phrh", "resists phishing, with a key in hardware"),
    ("http://schemas.openid.net/pape/policies/2007/06/none", "no policy"),
    ("http://schemas.openid.net/pape/policies/2007/06/multi-factor", "more than one factor"),
    (
        "http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical",
        "more than one factor, one of them a thing",
    ),
    ("http://schemas.openid.net/pape/policies/2007/06/phishing-resistant", "resists phishing"),
    ("urn:mace:incommon:iap:bronze", "InCommon Bronze"),
    ("urn:mace:incommon:iap:silver", "InCommon Silver"),
    ("urn:openbanking:psd2:sca", "strong customer authentication (PSD2)"),
    ("urn:openbanking:psd2:ca", "customer authentication that is not strong (PSD2)"),
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "a password"),
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport", "a password over TLS"),
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:TimeSyncToken", "a one-time password"),
    ("urn:oasis:names:tc:SAML:2.0:ac:classes:X509", "a certificate"),
    ("http://eidas.europa.eu/LoA/low", "eIDAS low"),
    ("http://eidas.europa.eu/LoA/substantial", "eIDAS substantial"),
    ("http://eidas.europa.eu/LoA/high", "eIDAS high"),
    ("https://refeds.org/profile/sfa", "one factor (REFEDS)"),
    ("https://refeds.org/profile/mfa", "more than one factor (REFEDS)"),
];

/// A method of authentication in plain words.
pub fn method(name: &str) -> Option<&'static str> {
    METHODS.iter().find(|(n, _)| *n == name).map(|(_, words)| *words)
}

/// A class of authentication in plain words.
pub fn class(name: &str) -> Option<&'static str> {
    CLASSES.iter().find(|(n, _)| *n == name).map(|(_, words)| *words)
}

/// What a server asks for before it takes a token (RFC 9470 section 3).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepUp {
    /// Classes of authentication, each good enough, in the order of preference.
    pub acr: Vec<String>,
    /// Seconds since the sign-in, at most.
    pub max_age: Option<u64>,
}

impl StepUp {
    /// It in one sentence, in display form.
    pub fn words(&self) -> String {
        let classes = self.acr.iter().take(5).map(|a| match class(a) {
            Some(words) => format!("{} ({words})", cut(a, 80)),
            None => cut(a, 80),
        });
        let classes: Vec<String> = classes.collect();
        let stronger = (!classes.is_empty()).then(|| format!("by {}", classes.join(" or ")));
        let fresher = self.max_age.map(|s| format!("not more than {s} s ago"));
        let parts: Vec<String> = stronger.into_iter().chain(fresher).collect();
        let how = if parts.is_empty() { "more strongly or again".to_owned() } else { parts.join(", ") };
        format!("the server wants the user to sign in {how} (RFC 9470)")
    }
}

/// Reads a step-up challenge out of the value of a `WWW-Authenticate` header; `None` for any other value.
pub fn step_up(value: &str) -> Option<StepUp> {
    let parameters = parameters(value);
    let of = |name: &str| parameters.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str());
    if of("error") != Some("insufficient_user_authentication") {
        return None;
    }
    let acr = of("acr_values").map(|v| v.split_whitespace().map(str::to_owned).collect()).unwrap_or_default();
    Some(StepUp { acr, max_age: of("max_age").and_then(|v| v.parse().ok()) })
}

/// Parameters `name=value` and `name="value"` of challenges (RFC 9110 section 11.2), with their schemes passed over.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.trim_end().rsplit([' ', ',', '\t']).next().unwrap_or_default();
        let after = after.trim_start();
        let (text, left) = if let Some(quoted) = after.strip_prefix('"') {
            unquoted(quoted)
        } else {
            let end = after.find([',', ' ', '\t']).unwrap_or(after.len());
            (after[..end].to_owned(), &after[end..])
        };
        out.push((name.to_owned(), text));
        rest = left;
    }
    out
}

/// A quoted string from behind its first quote, and what follows it.
fn unquoted(text: &str) -> (String, &str) {
    let mut out = String::new();
    let mut letters = text.char_indices();
    while let Some((at, c)) = letters.next() {
        match c {
            '"' => return (out, &text[at + 1..]),
            '\\' => out.extend(letters.next().map(|(_, c)| c)),
            c => out.push(c),
        }
    }
    (out, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text;
    use proptest::prelude::*;

    #[test]
    fn methods_and_classes_are_named_once() {
        for table in [METHODS, CLASSES] {
            for (i, (name, words)) in table.iter().enumerate() {
                assert!(!words.is_empty() && table.iter().skip(i + 1).all(|(other, _)| other != name), "{name}");
            }
        }
        assert_eq!((method("otp"), method("OTP")), (Some("a one-time password"), None));
        assert_eq!(class("phr"), Some("resists phishing"));
    }

    #[test]
    fn a_challenge_is_recognised() {
        // RFC 9470 section 3, figure 2 and its kind.
        let value = r#"Bearer error="insufficient_user_authentication", error_description="A \"stronger\" one, please", acr_values="myACR phr", max_age="5""#;
        let step = step_up(value).expect("a challenge");
        assert_eq!(step, StepUp { acr: vec!["myACR".to_owned(), "phr".to_owned()], max_age: Some(5) });
        assert_eq!(
            step.words(),
            "the server wants the user to sign in by myACR or phr (resists phishing), not more than 5 s ago (RFC 9470)"
        );
        assert_eq!(step_up(r#"Basic realm="x", DPoP error=insufficient_user_authentication"#), Some(StepUp::default()));
        for other in ["", "Bearer", r#"Bearer error="invalid_token""#, "=", r#"Bearer error=""#] {
            assert_eq!(step_up(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_value_is_read(value in ".{0,80}") {
            let whole = format!("Bearer error=insufficient_user_authentication, acr_values=\"{value}");
            for text in [value.clone(), whole] {
                if let Some(step) = step_up(&text) {
                    prop_assert!(!step.words().chars().any(text::is_hazard));
                }
            }
        }
    }
}
