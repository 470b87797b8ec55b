//! Tokens of every kind, and what is no token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;
use crate::jwt::alg::algorithm;
use crate::jwt::key::Key;
use crate::jwt::sign::sign;
use crate::jwt::verify::{Status, verify, verify_each};

fn b64(s: &str) -> String {
    URL_SAFE_NO_PAD.encode(s)
}
fn token(header: &str, claims: &str) -> String {
    format!("{}.{}.c2ln", b64(header), b64(claims))
}

#[test]
fn a_plain_token_reads_without_oddities() {
    let d = decode(token(r#"{"alg":"HS256","typ":"JWT"}"#, r#"{"sub":"1"}"#).as_bytes());
    assert_eq!((d.kind, d.signature.as_slice()), (Kind::Jws, b"sig".as_slice()));
    assert_eq!(d.header.get("alg").and_then(Value::as_str), Some("HS256"));
    assert!(d.oddities.is_empty() && d.header.oddities.is_empty() && d.claims.oddities.is_empty());
}

#[test]
fn pasted_wrappings_come_off() {
    let t = token("{}", "{}");
    for pasted in [
        format!("  {t}\r\n"),
        format!("Bearer {t}"),
        format!("bEARER\t{t}"),
        format!("\"{t}\""),
        format!("'Bearer {t}'"),
        format!("Bearer \"{t}\""),
        format!("DPoP {t}"),
    ] {
        assert_eq!(decode(pasted.as_bytes()).token.as_bytes(), t.as_bytes(), "{pasted:?}");
    }
}

#[test]
fn tokens_that_validators_refuse_are_shown() {
    let none = decode(format!("{}.{}.", b64(r#"{"alg":"none"}"#), b64(r#"{"a":1}"#)).as_bytes());
    assert_eq!(none.kind, Kind::Jws);
    assert_eq!(none.oddities, ["the signature is empty"]);
    let numeric = decode(token(r#"{"alg":["none"],"kid":7}"#, r#"{"exp":"x"}"#).as_bytes());
    assert_eq!(numeric.header.get("kid"), Some(&Value::from(7)));
    let padded = decode(format!("{}=.{}.c2ln", b64(r#"{"alg":"HS256"}"#), b64("{}")).as_bytes());
    assert!(padded.header.oddities[0].contains("padding"));
}

#[test]
fn part_counts_are_judged() {
    let h = b64(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let jwe = decode(format!("{h}..aXY.Y3Q.dGFn").as_bytes());
    assert_eq!((jwe.kind, jwe.oddities.len(), jwe.claims.members.len()), (Kind::Jwe, 0, 0));
    assert!(decode(b"e30.a.b.c.d").oddities[0].contains("no `enc`"));
    assert!(decode(format!("{h}.e30.c2ln").as_bytes()).oddities[0].contains("not five parts"));
    for (bytes, word) in [("", "nothing"), ("abc", "one part"), ("e30.e30", "two parts"), ("a.b.c.d.e.f.g", "7 parts")]
    {
        let d = decode(bytes.as_bytes());
        assert_eq!(d.kind, Kind::Other);
        assert!(d.oddities[0].contains(word), "{:?}", d.oddities);
    }
}

#[test]
fn nested_tokens_open_to_a_cap() {
    let mut t = token(r#"{"alg":"HS256"}"#, r#"{"deep":true}"#);
    for _ in 0..6 {
        t = token(r#"{"alg":"HS256","cty":"JWT"}"#, &t);
    }
    let outer = decode(t.as_bytes());
    let mut depth = 1;
    let mut at = &outer;
    while let Some(inner) = &at.inner {
        assert_eq!(at.kind, Kind::Nested);
        depth += 1;
        at = inner;
    }
    assert_eq!(depth, NESTING);
    assert!(at.oddities[0].contains("no deeper"));
    let silent = decode(token("{}", &token("{}", "{}")).as_bytes());
    assert_eq!(silent.kind, Kind::Nested);
    assert!(silent.oddities[0].contains("does not say so"));
    let empty = decode(token(r#"{"cty":"jwt"}"#, r#"{"sub":"1"}"#).as_bytes());
    assert_eq!(empty.kind, Kind::Nested);
    assert!(empty.oddities[0].contains("is none"));
}

#[test]
fn json_serializations_are_read() {
    let flat = format!(
        r#"{{"payload":"{}","protected":"{}","signature":"c2ln"}}"#,
        b64(r#"{"sub":"1"}"#),
        b64(r#"{"alg":"HS256"}"#)
    );
    let general = format!(
        r#"{{"payload":"{}","signatures":[{{"protected":"{}","header":{{}},"signature":"c2ln"}},{{}}]}}"#,
        b64(r#"{"sub":"1"}"#),
        b64(r#"{"alg":"HS256"}"#)
    );
    for text in [flat, general] {
        let d = decode(text.as_bytes());
        assert_eq!((d.kind, d.signature.as_slice()), (Kind::Jws, b"sig".as_slice()));
        assert_eq!(d.encode(), text.as_bytes());
        assert!(d.header.get("alg").is_some() && d.claims.get("sub").is_some(), "{d:?}");
    }
    let bare = decode(br#"{"sub":"1"}"#);
    assert_eq!(bare.claims.members.len(), 1);
    assert!(bare.oddities[0].contains("bare JSON"));
}

#[test]
fn each_signature_of_a_json_token_is_read_and_checked() {
    let (a, b) = (Key::secret(b"a".to_vec()), Key::generate("ES256").expect("a key"));
    let payload = b64(r#"{"sub":"1"}"#);
    let signature = |header: &str, alg: &str, key: &Key| {
        URL_SAFE_NO_PAD.encode(sign(alg, key, format!("{header}.{payload}").as_bytes()).expect("signed"))
    };
    let protected = b64(r#"{"alg":"ES256"}"#);
    let text = serde_json::json!({"payload": payload, "signatures": [
        {"header": {"alg": "HS256"}, "signature": signature("", "HS256", &a)},
        {"protected": protected, "header": {"kid": "b", "alg": "none"}, "signature": signature(&protected, "ES256", &b)},
        {"protected": protected, "signature": signature(&protected, "ES256", &Key::generate("ES256").expect("a key"))},
    ]});
    let token = decode(text.to_string().as_bytes());
    assert_eq!((token.form, token.others.len()), (Form::General, 2));
    assert!(token.oddities.iter().any(|o| o == "3 signatures"), "{:?}", token.oddities);
    let stands: Vec<Status> = verify_each(&token, &[a, b]).into_iter().map(|v| v.status).collect();
    assert_eq!(stands, [Status::Valid, Status::Valid, Status::Invalid]);
    let many = serde_json::json!({"payload": "e30", "signatures": vec![serde_json::json!({}); 1000]}).to_string();
    assert_eq!(decode(many.as_bytes()).others.len(), 99);
    for odd in [
        r#"{"payload":7,"signatures":[]}"#,
        r#"{"payload":"e30","signatures":7}"#,
        r#"{"payload":"e30","signatures":[7,"x",null,{"protected":7,"header":[]}]}"#,
        r#"{"protected":"e30","signature":"AA"}"#,
        r#"{"ciphertext":"AA","recipients":[1,{"header":{"alg":"dir"}}],"aad":"x"}"#,
    ] {
        let token = decode(odd.as_bytes());
        assert!(matches!(token.kind, Kind::Jws | Kind::Jwe) && token.encode() == odd.as_bytes(), "{odd}");
    }
    assert_eq!(decode(br#"{"signature":"x","sub":"1"}"#).form, Form::Bare);
}

#[test]
fn a_detached_payload_and_one_that_is_not_encoded_are_checked() {
    let key = Key::secret(b"k".to_vec());
    let alg = algorithm("HS256").expect("HS256").name;
    for (header, payload, raw) in [
        (r#"{"alg":"HS256"}"#, "any $.02 bytes", false),
        (r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#, "any $.02 bytes", true),
    ] {
        let head = b64(header);
        let encoded = if raw { payload.to_owned() } else { b64(payload) };
        let signature = sign(alg, &key, format!("{head}.{encoded}").as_bytes()).expect("signed");
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let mut token = decode(format!("{head}..{signature}").as_bytes());
        assert!(token.is_detached() && token.kind == Kind::Jws && token.claims.oddities.is_empty());
        let verdict = verify(&token, std::slice::from_ref(&key));
        assert!(verdict.status == Status::Unchecked && verdict.reason.expect("why").contains("kept elsewhere"));
        token.attach(payload.as_bytes());
        assert_eq!(verify(&token, std::slice::from_ref(&key)).status, Status::Valid, "{header}");
        assert_eq!(token.claims.bytes.as_bytes(), payload.as_bytes());
        token.attach(b"another");
        assert_eq!(verify(&token, std::slice::from_ref(&key)).status, Status::Invalid, "{header}");
        let whole = decode(format!("{head}.{encoded}.{signature}").as_bytes());
        assert_eq!(verify(&whole, std::slice::from_ref(&key)).status, Status::Valid, "{header}");
        assert_eq!(whole.oddities.iter().any(|o| o.contains("dots")), raw, "{:?}", whole.oddities);
    }
}

#[test]
fn a_member_is_found_where_it_stands_in_the_token() {
    for claims in [r#"{"a":1,"admin":false}"#, r#" {"ab" :1 , "admin":"x"}"#, "{\"é\":[],\"admin\":{\"b\":1}}"] {
        let plain = token(r#"{"alg":"none"}"#, claims);
        for text in
            [plain.clone(), plain.replace('.', "\n.\n "), plain.replace("eyJhbGciOiJub25lIn0", "eyJ hbGciOiJub25lIn0=")]
        {
            let read = decode(text.as_bytes());
            let i = read.claims.members.iter().position(|(n, _)| n == "admin").expect("admin");
            let place = read.claims.place(i).expect("a place");
            // The characters around it, decoded by themselves from a whole quantum on, hold the member.
            let start = read.claims.at.expect("a segment");
            let before = &read.token.as_bytes()[start..place.start];
            let digits = before.iter().filter(|b| !b.is_ascii_whitespace()).count();
            let from: Vec<u8> =
                read.token.as_bytes()[start..place.end].iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
            let held = URL_SAFE_NO_PAD.decode(&from[..from.len() / 4 * 4]).expect("base64url");
            let member = &read.claims.bytes.as_bytes()[read.claims.spans[i].name..read.claims.spans[i].end];
            assert_eq!(digits, read.claims.spans[i].name * 8 / 6, "{text}");
            assert!(held.len() + 2 >= read.claims.spans[i].end && member.starts_with(b"\"admin\""), "{text}");
            assert_eq!(from.len(), (read.claims.spans[i].end * 8).div_ceil(6), "{text}");
        }
    }
    let flat = decode(br#"{"payload":"eyJhIjoxfQ","protected":"e30","signature":"AA"}"#);
    let place = flat.claims.place(0).expect("a place");
    assert_eq!(&flat.token.as_bytes()[place], b"yJhIjox");
    let bare = decode(br#"{"a": 1, "b": 2}"#);
    assert_eq!(&bare.token.as_bytes()[bare.claims.place(1).expect("a place")], b"\"b\": 2");
    let both = decode(b"eyJiNjQiOmZhbHNlfQ.eyJhIjoxfQ.AA");
    assert!(both.claims.get("a").is_some() && both.oddities[0].contains("but it is"), "{:?}", both.oddities);
    let raw = decode(b"eyJiNjQiOmZhbHNlfQ.{\"a\": 1}.AA");
    assert_eq!(&raw.token.as_bytes()[raw.claims.place(0).expect("a place")], b"\"a\": 1");
    let escaped = decode(br#"{"payload":"eyJh\u0049joxfQ","protected":"e30","signature":"AA"}"#);
    assert_eq!((escaped.claims.members.len(), escaped.claims.place(0)), (1, None));
}

#[test]
fn a_hundred_thousand_members_and_deep_nesting_stay_cheap() {
    let json = format!("{{{}}}", (0..100_000).map(|i| format!("\"a{i}\":{i}")).collect::<Vec<_>>().join(","));
    let read = decode(token(&json, &json).as_bytes());
    assert_eq!((read.header.members.len(), read.claims.spans.len()), (100_000, 100_000));
    let deep = format!(r#"{{"a":{}1{},"b":2}}"#, "[".repeat(200_000), "]".repeat(200_000));
    let read = decode(token(r#"{"alg":"none"}"#, &deep).as_bytes());
    assert_eq!(read.claims.get("b"), Some(&Value::from(2)));
    assert!(read.claims.oddities[0].contains("member `a` is shown as text"));
}

#[test]
fn large_tokens_take_linear_time() {
    let started = std::time::Instant::now();
    let big = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
    assert_eq!(decode(token("{}", &big).as_bytes()).claims.members.len(), 1);
    for hostile in
        [".".repeat(1 << 20), "e.".repeat(1 << 19), "ey.".repeat(1 << 18), "\"".repeat(1 << 20), "[".repeat(1 << 20)]
    {
        decode(hostile.as_bytes());
        decode(token(r#"{"cty":"JWT"}"#, &hostile).as_bytes());
    }
    assert!(started.elapsed().as_secs() < 20, "a debug build takes well under a second for each");
}

proptest! {
    #[test]
    fn any_bytes_are_a_token_of_some_kind(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let read = decode(&bytes);
        prop_assert_eq!(read.encode(), read.token.as_bytes());
    }
    #[test]
    fn any_dotted_text_is_too(s in "(Bearer )?[A-Za-z0-9_=+/{\"-]{0,30}(\\.[A-Za-z0-9_=-]{0,30}){0,6}") {
        let read = decode(s.as_bytes());
        prop_assert_eq!(read.encode(), read.token.as_bytes());
        for part in [&read.header, &read.claims] {
            for i in 0..part.members.len() {
                let place = part.place(i).expect("a compact token has places");
                prop_assert!(place.start < place.end && place.end <= read.token.len());
            }
        }
    }
    #[test]
    fn members_come_back_as_written(pairs in proptest::collection::vec(("[a-c]{1,2}", any::<i64>()), 0..12)) {
        let json = format!("{{{}}}", pairs.iter().map(|(n, v)| format!("\"{n}\":{v}")).collect::<Vec<_>>().join(","));
        let d = decode(token("{}", &json).as_bytes());
        let read: Vec<(String, i64)> = d.claims.members.into_iter().map(|(n, v)| (n, v.as_i64().unwrap_or(0))).collect();
        prop_assert_eq!(read, pairs);
    }
}

#[test]
fn a_payload_that_is_no_utf8_keeps_its_bytes_and_its_places() {
    let mut text = br#"{"payload":"eyJzdWIiOiIx"#.to_vec();
    text.extend([0xff; 40]);
    text.extend(br#"In0","signature":"AA"}"#);
    let d = decode(&text);
    assert_eq!(d.encode(), text);
    assert!(d.claims.encoded.as_bytes().contains(&0xff), "{:?}", d.claims.oddities);
    for i in 0..d.claims.members.len() {
        assert!(d.claims.place(i).is_none_or(|p| p.end <= text.len()));
    }
    // One with escapes stands nowhere exact.
    let d = decode(br#"{"payload":"eyJzdWIiOiIxIn\u0030","signature":"AA"}"#);
    assert_eq!((d.claims.get("sub"), d.claims.place(0)), (Some(&Value::from("1")), None));
}
