mod cases;
mod sample;

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::base::Severity;
use crate::jwt::decode;
use sample::{NOW, Sample, good_set};

fn now() -> Stamp {
    Stamp::from_unix(NOW).expect("in range")
}

/// What is found above info, and the rule itself however bad it is.
fn ids<'f>(found: &'f [Finding], id: &str) -> BTreeSet<&'f str> {
    found.iter().filter(|f| f.severity > Severity::Info || f.id == id).map(|f| f.id.as_str()).collect()
}

#[test]
fn every_rule_tells_its_own_fault_and_no_other() {
    let cases = cases::all();
    for row in rules() {
        let id = row.rule.id;
        let case = cases.iter().find(|c| c.id == id).unwrap_or_else(|| panic!("{id} has no token that breaks it"));
        let found = case.positive.findings();
        let want: BTreeSet<&str> = case.also.iter().copied().chain([id]).collect();
        assert_eq!(ids(&found, id), want, "{id}");
        let found = case.negative.findings();
        let told = |f: &&Finding| f.id == id && (f.severity > Severity::Info || row.rule.severity == Severity::Info);
        assert_eq!(found.iter().find(told), None, "{id}");
        assert!(ids(&found, "").iter().all(|f| case.also.contains(f)), "{id}, nearly: {:?}", ids(&found, ""));
        for f in found.iter().chain(&case.positive.findings()) {
            assert!(!f.detail.is_empty() && !f.detail.ends_with('.'), "{id}: {}", f.detail);
        }
    }
    for case in cases {
        assert!(rule(case.id).is_some(), "{} is no rule", case.id);
    }
}

#[test]
fn correct_tokens_give_nothing_above_info() {
    for (profile, sample) in cases::correct() {
        for given in [None, profile] {
            for set in [None, Some(good_set())] {
                let mut sample = Sample { profile: given, ..sample.clone() };
                // The key of the set that is called so is of another kind than some of the tokens.
                if let Some(set) = set.filter(|_| sample.header.get("alg") == Some(&json!("RS256"))) {
                    sample = sample.set(&set);
                }
                let found = sample.findings();
                assert_eq!(ids(&found, ""), BTreeSet::new(), "{profile:?} {given:?}");
            }
        }
    }
}

#[test]
fn a_token_is_taken_for_what_it_looks_like() {
    for (profile, sample) in cases::correct() {
        let token = sample.decoded();
        assert_eq!(super::profile(&Situation::new(&token, now())).0, profile);
    }
    let plain = Sample::access().without("typ").without("scope").without("client_id");
    let token = plain.decoded();
    assert_eq!(super::profile(&Situation::new(&token, now())), (None, "nothing says what it is for"));
    let sent = Situation { place: Some(Place::Bearer), ..Situation::new(&token, now()) };
    assert_eq!(super::profile(&sent).0, Some(Profile::Access));
    for p in Profile::ALL {
        assert_eq!(Profile::parse(p.word()), Some(p));
    }
}

#[test]
fn the_token_of_the_tutorials() {
    // HS256, `your_secret_key`, as PyJWT writes it.
    let mut sample = Sample::access();
    sample.header = serde_json::from_value(json!({"alg": "HS256", "typ": "JWT"})).expect("an object");
    sample.claims = serde_json::from_value(json!({"user_id": 123, "role": "admin"})).expect("an object");
    let sample = sample.sign(b"your_secret_key");
    let secret = crate::jwt::crack::guess(&sample.decoded(), None);
    let found = sample.given(|s| s.secret = secret).findings();
    let severity = |id: &str| found.iter().find(|f| f.id == id).map(|f| f.severity);
    assert_eq!(severity("jwt-weak-secret"), Some(Severity::Critical));
    for id in ["jwt-exp-missing", "jwt-aud-missing"] {
        assert_eq!(severity(id), Some(Severity::High), "{id}");
    }
    assert_eq!(severity("jwt-iss-missing"), Some(Severity::Medium));
    let role = found.iter().find(|f| f.id == "jwt-scope-broad").expect("the role");
    assert!(role.severity == Severity::Info && role.detail.contains("`role`"), "{}", role.detail);
    assert_eq!(found[0].id, "jwt-weak-secret", "the worst stands first");
}

#[test]
fn severities_follow_what_was_seen() {
    let of = |sample: Sample, id: &str| sample.findings().iter().find(|f| f.id == id).map(|f| f.severity);
    let expired = Sample::access().claim("exp", NOW - 1).claim("iat", NOW - 60);
    assert_eq!(of(expired.clone(), "jwt-expired"), Some(Severity::Info));
    assert_eq!(of(expired.given(|s| s.accepted = Some(true)), "jwt-expired"), Some(Severity::High));
    let long = Sample::access().claim("exp", NOW + 7 * 86_400);
    assert_eq!(of(long, "jwt-lifetime"), Some(Severity::High));
    let private = Sample::dpop().given(|s| s.header["jwk"]["d"] = "AAAA".into());
    assert_eq!(of(private, "jwt-jwk-embedded"), Some(Severity::Critical));
    assert_eq!(of(Sample::access().without("cnf"), "jwt-cnf"), Some(Severity::Info));
    let mail = |s: Sample| of(s.claim("email", "a@example.com"), "jwt-pii");
    assert_eq!((mail(Sample::id()), mail(Sample::access())), (Some(Severity::Info), Some(Severity::Medium)));
    let cookie = Place::Cookie { secure: true, http_only: false, same_site: true, max_age: Some(90_000) };
    assert_eq!(of(Sample::access().place(cookie), "jwt-cookie-flags"), Some(Severity::High));
    let bare = Sample::access()
        .whole(format!("{}.{{\"a\":1}}.c2ln", sample::b64(r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#)));
    assert_eq!(of(bare, "jwt-b64-false"), Some(Severity::High));
    let own = "http://openbanking.org.uk/iat";
    let own = Sample::access().head(own, NOW).head("crit", json!([own]));
    assert_eq!(of(own, "jwt-crit-bad"), Some(Severity::Low));
    let weak = Sample::access().given(|s| s.secret = Some(cases::guessed("")));
    assert!(weak.findings()[0].detail.contains("is empty"));
}

#[test]
fn the_clock_of_the_server_decides() {
    let token = Sample::access().claim("exp", NOW + 30).decoded();
    let ahead = Situation { skew: 60, ..Situation::new(&token, now()) };
    let expired = |s: &Situation<'_>| lint(s).iter().any(|f| f.id == "jwt-expired");
    assert!(expired(&ahead) && !expired(&Situation { skew: 0, ..ahead }));
}

#[test]
fn what_is_nested_is_judged_too() {
    let inner = Sample::access().without("exp").text();
    let outer = Sample::access().parts(r#"{"alg":"RS256","cty":"JWT"}"#, &inner);
    let found = outer.findings();
    let missing = found.iter().find(|f| f.id == "jwt-exp-missing").expect("of the one inside");
    assert!(missing.detail.starts_with("in the token inside: "), "{}", missing.detail);
    assert_eq!(found.iter().filter(|f| f.id == "jwt-exp-missing").count(), 1, "the outer one has no claims");
}

#[test]
fn a_secret_that_is_random_does_not_read_like_words() {
    for words in [
        "secret",
        "your-256-bit-secret",
        "MySuperSecretKeyForProduction",
        "12345678901234567890123456789012",
        "aaaaaaaaaaaaaaaa",
        "correct horse battery staple",
    ] {
        assert!(secret::is_human(words.as_bytes()), "{words}");
    }
    for random in [
        "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
        "mBC5v1sOKVvbdEitdSBenu59nfNfhwkedkJVNabosTw=",
        "3EK6FD+o0+c7tzBNVfjpMkNDi2yARAAKzQlk8O2IKoxQu4nF7EdAh8s3TwpHwrdWT6R",
        "yeWAgVDfb$!MFn@MCJVN7uqkznHbDLR#",
    ] {
        assert!(!secret::is_human(random.as_bytes()), "{random}");
    }
}

#[test]
fn hostile_tokens_are_judged_in_bounded_time() {
    let members =
        format!("{{{}}}", (0..100_000).map(|i| format!("\"a{i}\":\"10.0.0.{i}\"")).collect::<Vec<_>>().join(","));
    let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    let twice = format!("{{{}\"b\":1}}", "\"a\":1,".repeat(100_000));
    for claims in [&members, &deep, &twice] {
        let found = Sample::access().parts(r#"{"alg":"RS256"}"#, claims).findings();
        assert!(!found.is_empty() && found.iter().all(|f| f.detail.len() < 4_000));
    }
    let crit: Vec<String> = (0..10_000).map(|i| format!("x{i}")).collect();
    assert!(Sample::access().head("crit", json!(crit)).findings().iter().any(|f| f.id == "jwt-crit-bad"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_bytes_are_judged_in_display_form(header in ".{0,60}", claims in ".{0,200}", kid in ".{0,40}", bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let tokens = [
            Sample::access().parts(&header, &claims).text().into_bytes(),
            Sample::access().head("kid", kid.clone()).claim("iss", kid.clone()).claim("aud", kid.clone()).claim("sub", kid.clone()).claim("exp", kid.clone()).claim(&kid, kid.clone()).head("jku", kid.clone()).text().into_bytes(),
            bytes,
        ];
        for token in tokens {
            for f in lint(&Situation::new(&decode(&token), now())) {
                prop_assert!(!f.detail.chars().any(crate::base::text::is_hazard), "{}", f.detail);
            }
        }
    }
}
