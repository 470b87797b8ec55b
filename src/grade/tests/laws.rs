//! What must hold for all replies.

use proptest::prelude::*;

use super::*;

/// Headers that make no reply better.
const WEAKNESSES: &[(&str, &str)] = &[
    ("Server", "nginx/1.18.0"),
    ("X-Powered-By", "PHP/8.1"),
    ("X-Debug-Token", "1"),
    ("X-Kong-Proxy-Latency", "1"),
    ("X-XSS-Protection", "1"),
    ("Public-Key-Pins", "x"),
    ("Expect-CT", "x"),
    ("P3P", "x"),
    ("Pragma", "no-cache"),
    ("Location", "/?access_token=abc"),
    ("X-Key", "AKIAABCDEFGHIJKLMNOP"),
    ("Deprecation", "true"),
    ("Sunset", "yesterday"),
    ("Referrer-Policy", "unsafe-url"),
    ("Access-Control-Allow-Origin", "*"),
    ("Strict-Transport-Security", "max-age=0"),
    ("X-Content-Type-Options", "sniff"),
    ("X-Frame-Options", "ALLOW-FROM https://a.test"),
    ("Cache-Control", "public"),
    ("Set-Cookie", "session=abc; Domain=test"),
    ("Content-Type", "text/html"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
];

/// Each header at a level: 0 is right, and every next value is worse.
const LEVELS: &[(&str, &[&str])] = &[
    ("Strict-Transport-Security", &["max-age=31536000", "max-age=15552000", "max-age=1", "max-age=0"]),
    ("Content-Type", &["application/json", "text/plain", "text/html"]),
    ("X-Content-Type-Options", &["nosniff", "none"]),
    ("Cache-Control", &["no-store", "private", "public, max-age=600"]),
    ("Access-Control-Allow-Origin", &["https://a.test", "null"]),
    (
        "Content-Security-Policy",
        &["default-src 'none'; frame-ancestors 'none'", "frame-ancestors 'none'", "frame-ancestors *"],
    ),
    ("Cross-Origin-Resource-Policy", &["same-origin", "cross-origin", "nothing"]),
    ("Set-Cookie", &["sid=1; Secure; HttpOnly; SameSite=Lax", "sid=1; Secure; HttpOnly", "sid=1; Secure", "sid=1"]),
];

fn at_levels(levels: &[usize]) -> Exchange {
    let mut list: Vec<(&str, &str)> = LEVELS.iter().zip(levels).map(|((n, v), l)| (*n, v[l % v.len()])).collect();
    list.push(("Access-Control-Allow-Credentials", "true"));
    let mut e = get(&list);
    e.request = e.request.header("Authorization", "Bearer x");
    e
}

proptest! {
    #[test]
    fn a_weakness_never_raises_the_grade(levels in proptest::collection::vec(0_usize..4, 8), worse in 0_usize..8, browser in any::<bool>()) {
        let count = LEVELS[worse].1.len();
        let mut levels: Vec<usize> = levels.iter().zip(LEVELS).map(|(l, (_, v))| l % v.len()).collect();
        let as_asked = |mut e: Exchange| {
            if browser {
                e.request = e.request.header("Cookie", "sid=1");
            }
            headers(&e).expect("gradable")
        };
        let before = as_asked(at_levels(&levels));
        levels[worse] = (levels[worse] + 1).min(count - 1);
        let after = as_asked(at_levels(&levels));
        prop_assert!(after.grade >= before.grade && after.score <= before.score);
    }

    #[test]
    fn dropping_a_header_or_adding_a_bad_cookie_never_raises_it(levels in proptest::collection::vec(0_usize..4, 8), drop in 0_usize..4) {
        let e = at_levels(&levels);
        let before = headers(&e).expect("gradable").score;
        let mut worse = e.clone();
        worse.response.as_mut().expect("response").headers.push(("set-cookie".into(), "token=abc".into()));
        prop_assert!(headers(&worse).expect("gradable").score <= before);
        let mut worse = at_levels(&[0; 8]);
        let best = headers(&worse).expect("gradable");
        worse.response.as_mut().expect("response").headers.remove(drop);
        prop_assert!(headers(&worse).expect("gradable").grade > best.grade);
    }

    #[test]
    fn one_more_header_that_is_a_weakness_never_raises_it(levels in proptest::collection::vec(0_usize..4, 8), extra in 0_usize..WEAKNESSES.len()) {
        let e = at_levels(&levels);
        let before = headers(&e).expect("gradable");
        let mut worse = e;
        let (name, value) = WEAKNESSES[extra];
        worse.response.as_mut().expect("response").headers.push((name.into(), value.into()));
        let after = headers(&worse).expect("gradable");
        prop_assert!(after.grade >= before.grade && after.score <= before.score, "{name}: {value}");
    }

    #[test]
    fn order_and_case_play_no_part(levels in proptest::collection::vec(0_usize..4, 8), rotate in 0_usize..9, upper in any::<u64>()) {
        let e = at_levels(&levels);
        let mut other = e.clone();
        let list = &mut other.response.as_mut().expect("response").headers;
        list.rotate_left(rotate % 9);
        for (i, (name, _)) in list.iter_mut().enumerate() {
            let flip = name.lossy().chars().enumerate()
                .map(|(j, c)| if (upper >> ((i * 7 + j) % 64)) & 1 == 1 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect::<String>();
            *name = Untrusted::from(flip);
        }
        prop_assert_eq!(headers(&e), headers(&other));
    }

    #[test]
    fn any_reply_can_be_graded(
        status in any::<u16>(),
        list in proptest::collection::vec((0_usize..20, proptest::collection::vec(any::<u8>(), 0..60)), 0..12),
        body in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let mut e = exchange("GET", "https://api.test/", status, &[], "");
        let response = e.response.as_mut().expect("response");
        let names = ["strict-transport-security", "content-type", "x-content-type-options", "cache-control",
            "access-control-allow-origin", "access-control-allow-credentials", "set-cookie", "content-security-policy",
            "www-authenticate", "deprecation", "sunset", "ratelimit", "referrer-policy", "location", "server", "vary",
            "x-frame-options", "cross-origin-opener-policy", "cross-origin-resource-policy", "x"];
        response.headers = list.into_iter().map(|(i, v)| (names[i].into(), v.into())).collect();
        response.wire_bytes = body.len() as u64;
        response.body = body.into();
        for r in headers(&e).expect("gradable").rules {
            prop_assert!(!r.reason.chars().any(crate::base::text::is_hazard));
        }
    }
}
