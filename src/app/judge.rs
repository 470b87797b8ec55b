//! Use case: a token judged, with its keys, its secret guessed, and what an exchange tells of it.

use crate::base::Stamp;
use crate::jwt::crack::{Guessed, guess};
use crate::jwt::key::{self, Key};
use crate::jwt::lint::{Asked, Caching, Judgement, Place, Profile, Situation, lint, lint_keys, profile};
use crate::jwt::verify::Status;
use crate::jwt::{Decoded, Form};
use crate::wire::{Exchange, Phase};

use super::token::{Checked, Known, verify};

/// What is known of a token beside its keys.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// What it is for, where that was said.
    pub profile: Option<Profile>,
    /// The host it was sent to, or that sent it.
    pub host: Option<String>,
    /// Where it stood.
    pub place: Option<Place>,
    /// Seconds by which the server's clock is ahead of ours.
    pub skew: i64,
    /// What it has to answer to.
    pub asked: Option<Asked>,
    /// The deployment says that it follows FAPI 2.0.
    pub fapi: bool,
    /// Its secret, where a word list had it: the quick try is left out then.
    pub secret: Option<Guessed>,
}

/// Judges a token, and checks its signatures; where the secret was guessed and no key was given, with that. A key set in place
/// of a token is judged by itself. Nothing is sent. A token of a few kilobytes takes a millisecond, most of it the secrets that
/// are tried; one of megabytes takes tenths of a second, so a screen asks for it on another thread.
pub fn judge(token: Decoded, known: &Known, beside: &Beside, now: Stamp) -> (Checked, Judgement) {
    if token.form == Form::Bare
        && let Ok(keys) = key::read(token.token.as_bytes(), "the set")
        && keys.set
    {
        let findings = lint_keys(&keys, Caching::Unknown);
        let judgement = Judgement { profile: None, why: "it is a key set", secret: None, findings };
        return (verify(token, &known.keys.keys), judgement);
    }
    let secret = beside.secret.clone().or_else(|| guess(&token, beside.host.as_deref()));
    let mut checked = verify(token, &known.keys.keys);
    if let Some(found) = &secret
        && checked.verdict().is_none_or(|v| v.status == Status::Unchecked)
    {
        let mut key = Key::secret(found.secret.as_bytes().to_vec());
        "the secret that was guessed".clone_into(&mut key.origin);
        checked = verify(checked.token, &[key]);
    }
    let situation = Situation {
        profile: beside.profile,
        skew: beside.skew,
        keys: Some(&known.keys).filter(|k| k.set || !k.keys.is_empty()),
        verdict: checked.verdict(),
        secret: secret.as_ref(),
        metadata: known.metadata.as_ref(),
        place: beside.place,
        host: beside.host.as_deref(),
        asked: beside.asked.as_ref(),
        fapi: beside.fapi,
        ..Situation::new(&checked.token, now)
    };
    let (profile, why) = profile(&situation);
    let findings = lint(&situation);
    (checked, Judgement { profile, why, secret, findings })
}

/// What an exchange tells of a token that [`super::token::find`] found in it at this place. The clock of the server is known as
/// far as its `Date` tells (RFC 9110 section 6.6.1): by a second and the time the reply took.
pub fn beside(x: &Exchange, at: &str, token: &Decoded) -> Beside {
    Beside {
        host: Some(x.request.origin.host.clone()),
        place: Some(place(x, at, token)),
        skew: skew(x),
        ..Beside::default()
    }
}

fn place(x: &Exchange, at: &str, token: &Decoded) -> Place {
    let at = at.to_ascii_lowercase();
    match at.as_str() {
        "request target" => Place::Url,
        "request header authorization" => Place::Bearer,
        "request header referer" => Place::Referer,
        "reply header location" => {
            let location =
                x.response.iter().flat_map(|r| &r.headers).find(|(n, _)| n.lossy().eq_ignore_ascii_case("location"));
            let fragment = location.and_then(|(_, v)| v.lossy().split_once('#').map(|(_, f)| f.to_owned()));
            if fragment.is_some_and(|f| f.contains(&*token.token.lossy())) { Place::Fragment } else { Place::Url }
        }
        "reply header set-cookie" => x
            .response
            .iter()
            .flat_map(|r| &r.headers)
            .filter(|(n, _)| n.lossy().eq_ignore_ascii_case("set-cookie"))
            .find(|(_, v)| v.lossy().contains(&*token.token.lossy()))
            .map_or(Place::Other, |(_, v)| cookie(&v.lossy())),
        _ => Place::Other,
    }
}

fn cookie(line: &str) -> Place {
    let attributes = line.split(';').skip(1).map(|a| a.trim().to_ascii_lowercase());
    let (mut secure, mut http_only, mut same_site, mut max_age) = (false, false, false, None);
    for attribute in attributes {
        let (name, value) = attribute.split_once('=').unwrap_or((&attribute, ""));
        match name.trim() {
            "secure" => secure = true,
            "httponly" => http_only = true,
            "samesite" => same_site = !value.trim().is_empty(),
            "max-age" => max_age = value.trim().parse().ok(),
            _ => {}
        }
    }
    Place::Cookie { secure, http_only, same_site, max_age }
}

/// Seconds by which the clock of the server is ahead of ours; 0 where it does not say.
fn skew(x: &Exchange) -> i64 {
    let date = x.response.iter().flat_map(|r| &r.headers).find(|(n, _)| n.lossy().eq_ignore_ascii_case("date"));
    let Some(theirs) = date.and_then(|(_, v)| Stamp::parse_http(&v.lossy())) else { return 0 };
    let until_head = x.phases.list().filter(|(p, _)| *p != Phase::Receive).map(|(_, d)| d.as_secs()).sum::<u64>();
    let ours = x.started.unix().saturating_add(i64::try_from(until_head).unwrap_or(0));
    let apart = theirs.unix().saturating_sub(ours);
    // A difference that rounding makes is none.
    if apart.abs() <= 2 { 0 } else { apart }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Severity;
    use crate::jwt::decode;
    use crate::jwt::sign::compact;
    use crate::wire::{Request, Response};

    const NOW: i64 = 1_700_000_000;

    fn now() -> Stamp {
        Stamp::from_unix(NOW).expect("in range")
    }

    fn token(secret: &[u8], exp: i64) -> Decoded {
        let claims = format!(r#"{{"iss":"https://issuer.test","exp":{exp}}}"#);
        let key = Key::secret(secret.to_vec());
        decode(&compact(br#"{"alg":"HS256"}"#, claims.as_bytes(), "HS256", Some(&key)).expect("a token"))
    }

    fn exchange(headers: &[(&str, &str)]) -> Exchange {
        let mut x = Exchange::new(1, now(), Request::new("GET", b"https://api.shop.test/a").expect("url"));
        let headers = headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect();
        x.response = Some(Response { headers, ..Response::default() });
        x
    }

    fn severity(j: &Judgement, id: &str) -> Option<Severity> {
        j.findings.iter().find(|f| f.id == id).map(|f| f.severity)
    }

    #[test]
    fn a_secret_that_is_guessed_verifies_and_fails_the_gate() {
        let (checked, j) = judge(token(b"changeme", NOW + 600), &Known::default(), &Beside::default(), now());
        assert!(checked.is_valid());
        assert_eq!(checked.verdict().and_then(|v| v.by.as_deref()), Some("the secret that was guessed"));
        assert_eq!(severity(&j, "jwt-weak-secret"), Some(Severity::Critical));
        assert!(j.fails(Some(Severity::Critical)) && !j.fails(None));
    }

    #[test]
    fn a_secret_of_a_word_list_is_judged_as_one_that_was_guessed() {
        let own = token(b"of a word list", NOW + 600);
        let found = Guessed { secret: "of a word list".into(), origin: "words.txt".to_owned() };
        let beside = Beside { secret: Some(found), ..Beside::default() };
        let (checked, j) = judge(own, &Known::default(), &beside, now());
        assert!(checked.is_valid());
        assert_eq!(severity(&j, "jwt-weak-secret"), Some(Severity::Critical));
        assert_eq!(severity(&j, "jwt-hs-key-short"), None, "one rule tells of it");
    }

    #[test]
    fn a_key_set_in_place_of_a_token_is_judged_by_itself() {
        let set = decode(br#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0","use":"sig","alg":"HS256"}]}"#);
        let (_, j) = judge(set, &Known::default(), &Beside::default(), now());
        let found: Vec<&str> = j.findings.iter().map(|f| f.id.as_str()).collect();
        assert_eq!((found, j.why), (vec!["jwks-private", "jwks-stale"], "it is a key set"));
    }

    #[test]
    fn keys_that_were_given_are_what_a_signature_is_checked_with() {
        let mut known = Known::default();
        known.keys.keys.push(Key::secret(b"another".to_vec()));
        let (checked, j) = judge(token(b"changeme", NOW + 600), &known, &Beside::default(), now());
        assert!(!checked.is_valid());
        assert_eq!(severity(&j, "jwt-hs-key-short"), Some(Severity::High));
    }

    #[test]
    fn an_exchange_tells_the_host_the_place_and_the_clock() {
        let own = token(b"shop-secret", NOW + 100);
        let text = own.token.lossy().into_owned();
        let cookie = format!("t={text}; Path=/; Secure; HttpOnly; Max-Age=600");
        let x = exchange(&[
            ("Date", "Tue, 14 Nov 2023 22:15:20 GMT"),
            ("Set-Cookie", "a=b; Secure"),
            ("Set-Cookie", &cookie),
        ]);
        let known = beside(&x, "reply header Set-Cookie", &own);
        assert_eq!(known.skew, 120);
        let place = Place::Cookie { secure: true, http_only: true, same_site: false, max_age: Some(600) };
        assert_eq!((known.place, known.host.as_deref()), (Some(place), Some("api.shop.test")));
        let (_, j) = judge(own.clone(), &Known::default(), &known, now());
        assert!(j.secret.is_some(), "the host suggests it");
        assert_eq!(severity(&j, "jwt-cookie-flags"), Some(Severity::Medium));
        assert_eq!(severity(&j, "jwt-expired"), Some(Severity::Info), "by the clock of the server");
        let moved = exchange(&[("Date", "Tue, 14 Nov 2023 22:13:21 GMT"), ("Location", &format!("/b#t={text}"))]);
        let known = beside(&moved, "reply header Location", &own);
        assert_eq!((known.skew, known.place), (0, Some(Place::Fragment)));
        for (at, place) in [
            ("request target", Place::Url),
            ("request header Authorization", Place::Bearer),
            ("reply body", Place::Other),
            ("reply header Set-Cookie", Place::Other),
        ] {
            assert_eq!(beside(&moved, at, &own).place, Some(place), "{at}");
        }
    }
}
