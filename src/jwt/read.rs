//! From any bytes to a token: splitting, the parts, and what is odd about the whole.

use serde_json::Value;

use crate::base::Untrusted;

use super::{Decoded, Kind, NESTING, Part, base64url, object};

/// Authentication schemes that stand before a token in an `Authorization` header (RFC 6750 section 2.1, RFC 9449
/// section 7.1).
const SCHEMES: [&[u8]; 2] = [b"bearer", b"dpop"];

/// Reads any bytes as a token. It never refuses and never panics: what is not canonical is decoded as far as it goes and
/// named in the oddities of the part or of the whole. Time and memory grow linearly with the input.
///
/// White space around it, one pair of quotes and a scheme such as `Bearer` before it are taken off. The compact
/// serializations are those of RFC 7515 section 7.1 (three parts) and RFC 7516 section 7.1 (five parts); the JSON
/// serialization of RFC 7515 section 7.2 is read too, but is of kind [`Kind::Other`].
pub fn decode(input: &[u8]) -> Decoded {
    read(trim(input), NESTING)
}

fn read(token: &[u8], depth: usize) -> Decoded {
    let mut out = Decoded {
        kind: Kind::Other,
        token: Untrusted::from(token),
        header: Part::default(),
        claims: Part::default(),
        signature: Vec::new(),
        oddities: Vec::new(),
        inner: None,
    };
    if token.is_empty() {
        out.oddities.push("there is nothing here".to_owned());
        return out;
    }
    if token.first() == Some(&b'{') {
        read_json(token, &mut out);
    } else {
        read_compact(token, &mut out);
    }
    if out.kind == Kind::Jws {
        open_payload(&mut out, depth);
    }
    out
}

fn read_compact(token: &[u8], out: &mut Decoded) {
    let count = memchr::memchr_iter(b'.', token).count() + 1;
    let parts: Vec<&[u8]> = token.splitn(6, |b| *b == b'.').collect();
    out.header = part(parts[0]);
    match count {
        5 => {
            out.kind = Kind::Jwe;
            if out.header.get("enc").is_none() {
                out.oddities.push("five parts as an encrypted token has, but the header names no `enc`".to_owned());
            }
            return;
        }
        3 => {
            out.kind = Kind::Jws;
            if parts[2].is_empty() {
                out.oddities.push("the signature is empty".to_owned());
            }
        }
        1 => out.oddities.push("one part: a token has three, or five when it is encrypted".to_owned()),
        2 => out.oddities.push("two parts: the signature is missing with its dot".to_owned()),
        n => out.oddities.push(format!("{n} parts: a token has three, or five when it is encrypted")),
    }
    if let Some(claims) = parts.get(1) {
        out.claims = part(claims);
    }
    if let Some(signature) = parts.get(2) {
        read_signature(signature, out);
    }
    if out.header.get("enc").is_some() {
        out.oddities
            .push("the header names an `enc` as an encrypted token does, but there are not five parts".to_owned());
    }
}

fn read_signature(encoded: &[u8], out: &mut Decoded) {
    let read = base64url::decode(encoded);
    out.signature = read.bytes;
    out.oddities.extend(read.oddities.into_iter().map(|o| format!("signature: {o}")));
}

/// The JSON serialization, general or flattened, and a bare JSON object, whose members are shown as claims.
fn read_json(token: &[u8], out: &mut Decoded) {
    let object::Object { members, oddities, .. } = object::read(token);
    let text = |m: &[(String, Value)], name: &str| {
        m.iter().rev().find(|(n, _)| n == name).and_then(|(_, v)| v.as_str().map(str::to_owned))
    };
    let Some(payload) = text(&members, "payload") else {
        out.oddities.push("a bare JSON object, not a token: its members are shown as claims".to_owned());
        out.claims = Part { encoded: Untrusted::default(), bytes: Untrusted::from(token), members, oddities };
        return;
    };
    out.oddities.push("JSON serialization, where the compact form is usual".to_owned());
    out.oddities.extend(oddities);
    out.claims = part(payload.as_bytes());
    let first = members.iter().find(|(n, _)| n == "signatures").and_then(|(_, v)| v.as_array()).map(|list| {
        if list.len() != 1 {
            out.oddities.push(format!("{} signatures; the first is shown", list.len()));
        }
        let object = list.first().and_then(Value::as_object);
        object.map(|o| o.iter().map(|(n, v)| (n.clone(), v.clone())).collect::<Vec<_>>()).unwrap_or_default()
    });
    let signed = first.unwrap_or(members);
    if let Some(protected) = text(&signed, "protected") {
        out.header = part(protected.as_bytes());
    }
    if signed.iter().any(|(n, _)| n == "header") {
        out.oddities.push("has an unprotected header, which the signature does not cover".to_owned());
    }
    if let Some(signature) = text(&signed, "signature") {
        read_signature(signature.as_bytes(), out);
    }
}

/// One encoded segment as a JSON object.
fn part(encoded: &[u8]) -> Part {
    let read = base64url::decode(encoded);
    let object::Object { members, oddities: faults, .. } = object::read(&read.bytes);
    let mut oddities = read.oddities;
    oddities.extend(faults);
    Part { encoded: Untrusted::from(encoded), bytes: Untrusted::from(read.bytes), members, oddities }
}

/// Opens the payload when it is a token itself (RFC 7519 section 5.2: `cty` is `JWT` then).
fn open_payload(out: &mut Decoded, depth: usize) {
    let announced = out.header.get("cty").and_then(Value::as_str).is_some_and(|c| {
        let c = c.to_ascii_lowercase();
        matches!(c.strip_prefix("application/").unwrap_or(&c), "jwt")
    });
    let payload = out.claims.bytes.as_bytes();
    let inside = is_token(payload);
    if !announced && !inside {
        return;
    }
    out.kind = Kind::Nested;
    if !inside {
        out.oddities.push("`cty` announces a token inside, but the payload is none".to_owned());
        return;
    }
    // The payload of a nested token is no JSON object, and need not be.
    out.claims.oddities.retain(|o| !o.ends_with("where a JSON object should be"));
    if !announced {
        out.oddities.push("the payload is a token, but `cty` does not say so".to_owned());
    }
    if depth <= 1 {
        out.oddities.push(format!("tokens inside tokens: opened {NESTING} deep and no deeper"));
        return;
    }
    out.inner = Some(Box::new(read(trim(payload), depth - 1)));
}

/// True for bytes that are one compact token and nothing else: three or five parts, the first of them a JSON object.
fn is_token(bytes: &[u8]) -> bool {
    let bytes = trim(bytes);
    let dots = memchr::memchr_iter(b'.', bytes).count();
    if !matches!(dots, 2 | 4) {
        return false;
    }
    let first = bytes.split(|b| *b == b'.').next().unwrap_or_default();
    !first.is_empty()
        && bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.+/=".contains(b))
        && base64url::decode(first).bytes.trim_ascii_start().first() == Some(&b'{')
}

/// Takes off white space, quotes and a scheme, in whatever order they were pasted.
fn trim(input: &[u8]) -> &[u8] {
    let mut rest = input.trim_ascii();
    for _ in 0..4 {
        let before = rest.len();
        if let [open @ (b'"' | b'\'' | b'`'), inner @ .., close] = rest
            && open == close
        {
            rest = inner.trim_ascii();
        }
        for scheme in SCHEMES {
            if let Some((word, tail)) = rest.split_at_checked(scheme.len())
                && word.eq_ignore_ascii_case(scheme)
                && tail.first().is_some_and(|b| b.is_ascii_whitespace() || *b == b':')
            {
                rest = tail.strip_prefix(b":").unwrap_or(tail).trim_ascii();
            }
        }
        if rest.len() == before {
            break;
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

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
        for (bytes, word) in
            [("", "nothing"), ("abc", "one part"), ("e30.e30", "two parts"), ("a.b.c.d.e.f.g", "7 parts")]
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
            assert_eq!((d.kind, d.signature.as_slice()), (Kind::Other, b"sig".as_slice()));
            assert!(d.header.get("alg").is_some() && d.claims.get("sub").is_some(), "{d:?}");
        }
        let bare = decode(br#"{"sub":"1"}"#);
        assert_eq!(bare.claims.members.len(), 1);
        assert!(bare.oddities[0].contains("bare JSON"));
    }

    #[test]
    fn large_tokens_take_linear_time() {
        let started = std::time::Instant::now();
        let big = format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20));
        assert_eq!(decode(token("{}", &big).as_bytes()).claims.members.len(), 1);
        for hostile in [
            ".".repeat(1 << 20),
            "e.".repeat(1 << 19),
            "ey.".repeat(1 << 18),
            "\"".repeat(1 << 20),
            "[".repeat(1 << 20),
        ] {
            decode(hostile.as_bytes());
            decode(token(r#"{"cty":"JWT"}"#, &hostile).as_bytes());
        }
        assert!(started.elapsed().as_secs() < 20, "a debug build takes well under a second for each");
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_token_of_some_kind(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            decode(&bytes);
        }
        #[test]
        fn any_dotted_text_is_too(s in "(Bearer )?[A-Za-z0-9_=+/{\"-]{0,30}(\\.[A-Za-z0-9_=-]{0,30}){0,6}") {
            decode(s.as_bytes());
        }
        #[test]
        fn members_come_back_as_written(pairs in proptest::collection::vec(("[a-c]{1,2}", any::<i64>()), 0..12)) {
            let json = format!("{{{}}}", pairs.iter().map(|(n, v)| format!("\"{n}\":{v}")).collect::<Vec<_>>().join(","));
            let d = decode(token("{}", &json).as_bytes());
            let read: Vec<(String, i64)> = d.claims.members.into_iter().map(|(n, v)| (n, v.as_i64().unwrap_or(0))).collect();
            prop_assert_eq!(read, pairs);
        }
    }
}
