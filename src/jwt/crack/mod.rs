//! Finding the secret of a token that is signed with HMAC, by trying.
//!
//! [`guess`] is the quick try that every such token gets on arrival; [`Guesser`] is what a word list is run through.

#[cfg(target_arch = "x86_64")]
mod lanes;
mod lines;
mod mac;
mod outcome;
mod words;

use serde_json::Value;

use super::Decoded;
use crate::base::Untrusted;

pub use lines::{Cutter, candidates};
pub use mac::Guesser;
pub use outcome::{Outcome, Progress};
pub use words::{Word, list, words};

/// Compressions that a quick try may cost: a tenth of a second. For a token of up to 300 KB that is the whole list, for a larger
/// one its beginning, where the likeliest stand.
const BUDGET: usize = 5_000_000;

/// A secret that was found by trying. It is the result, so it is shown, unlike a secret that somebody gave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guessed {
    /// The key.
    pub secret: Untrusted,
    /// Where it is from, for example `jwt.io` or `iss of this token, with `-secret``.
    pub origin: String,
}

/// Makes ready to try keys on a token: `None` unless it is signed with HS256, HS384 or HS512 (RFC 7518 section 3.2, in any
/// letter case) and its signature is as long as that hash.
pub fn guesser(token: &Decoded) -> Option<Guesser> {
    let name = token.header.get("alg").and_then(Value::as_str)?;
    let bits = match name.to_ascii_uppercase().as_str() {
        "HS256" => 256,
        "HS384" => 384,
        "HS512" => 512,
        _ => return None,
    };
    Guesser::new(bits, &token.signing_input(), &token.signature)
}

/// Tries the built-in list and what the token and the host suggest. `None` where nothing fits, or nothing can be tried.
pub fn guess(token: &Decoded, host: Option<&str>) -> Option<Guessed> {
    let mut guesser = guesser(token)?;
    let words = words(token, host);
    let most = BUDGET / guesser.cost();
    let keys: Vec<&[u8]> = words.iter().take(most).map(|w| w.key.as_slice()).collect();
    let word = &words[guesser.first(&keys)?];
    Some(Guessed { secret: Untrusted::from(word.key.as_slice()), origin: word.origin.clone() })
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::hmac;
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;

    use super::*;
    use crate::jwt::decode;

    fn token(alg: &str, claims: &str, key: &[u8]) -> Decoded {
        let algorithm = match alg {
            "HS384" => hmac::HMAC_SHA384,
            "HS512" => hmac::HMAC_SHA512,
            _ => hmac::HMAC_SHA256,
        };
        let header = format!(r#"{{"alg":"{alg}"}}"#);
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
        let code = hmac::sign(&hmac::Key::new(algorithm, key), input.as_bytes());
        decode(format!("{input}.{}", URL_SAFE_NO_PAD.encode(code.as_ref())).as_bytes())
    }

    #[test]
    fn the_five_that_anyone_would_find_first() {
        for alg in ["HS256", "HS384", "HS512"] {
            for key in ["secret", "your_secret_key", "changeme", "your-256-bit-secret", ""] {
                let found = guess(&token(alg, r#"{"user_id":1,"role":"admin"}"#, key.as_bytes()), None);
                assert_eq!(found.map(|g| g.secret), Some(Untrusted::from(key)), "{alg} {key}");
            }
        }
    }

    #[test]
    fn tokens_that_others_published_are_cracked() {
        // RFC 7515 appendix A.1, whose key stands there in base64url.
        let rfc = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
                   cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let found = guess(&decode(rfc.as_bytes()), None).expect("a row of the list");
        assert_eq!((found.secret.len(), found.origin.as_str()), (64, "RFC 7515 appendix A.1, read as base64"));
        // The token that jwt.io showed for years.
        let site = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5\
                    MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";
        let found = guess(&decode(site.as_bytes()), None).expect("a row of the list");
        assert_eq!((found.secret.as_bytes(), found.origin.as_str()), (&b"your-256-bit-secret"[..], "jwt.io"));
    }

    #[test]
    fn every_row_of_the_list_is_found_with_its_origin() {
        for (key, origin) in list().step_by(7) {
            let found = guess(&token("HS256", "{}", key.as_bytes()), None).expect("a row of the list");
            assert_eq!((found.secret.as_bytes(), found.origin.as_str()), (key.as_bytes(), origin));
        }
    }

    #[test]
    fn what_the_token_and_the_host_suggest_is_tried() {
        let claims = r#"{"iss":"https://auth.acme.test"}"#;
        assert_eq!(
            guess(&token("HS256", claims, b"acme-secret"), None).map(|g| g.origin),
            Some("iss of this token, with `secret`".to_owned())
        );
        let of_the_host = token("HS256", "{}", b"api.shop.test");
        assert_eq!(guess(&of_the_host, None), None);
        assert!(guess(&of_the_host, Some("api.shop.test")).is_some());
    }

    #[test]
    fn nothing_is_found_where_nothing_fits() {
        assert_eq!(guess(&token("HS256", "{}", b"8f2b1c0e6d5a49379a1f0c3e7b6d2a58"), None), None);
        for other in ["eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "eyJhbGciOiJIUzI1NiJ9.e30.c2ln", "eyJhbGciOiJIUzI1NiJ9.e30.", ""]
        {
            assert_eq!(guess(&decode(other.as_bytes()), None), None, "{other}");
        }
    }
}
