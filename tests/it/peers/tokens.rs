//! Tokens held against other implementations: those that `jose` of npm, PyJWT and the crate `jsonwebtoken` make verify here,
//! and ours verify there, for every algorithm each of them has; what `jose` encrypts opens here.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use lunette::jwt::alg::ALGORITHMS;
use lunette::jwt::key::{Form, Key, Material, read};
use lunette::jwt::sign::compact;
use lunette::jwt::verify::{Status, verify, verify_each};
use lunette::jwt::{decode, jwe};
use serde_json::{Value, json};

use super::{ask, folder, python};

fn jose(question: &Value) -> Value {
    assert!(folder().join("node_modules/jose").is_dir(), "run: npm ci --prefix tests/peers");
    ask(Path::new("node"), "tokens.mjs", &question.to_string())
}

fn pyjwt(question: &Value) -> Value {
    ask(&python(), "tokens.py", &question.to_string())
}

fn key(jwk: &Value) -> Key {
    let mut keys = read(jwk.to_string().as_bytes(), "the peer").expect("a key");
    assert_eq!((keys.keys.len(), keys.problems.as_slice()), (1, &[][..]));
    keys.keys.remove(0)
}

fn text(value: &Value) -> &str {
    value.as_str().expect("text")
}

/// Checks what a peer made, makes as many with the same keys, and says what the peer is to check.
fn answered(answer: &Value) -> (BTreeSet<String>, Vec<Value>) {
    let (mut names, mut back) = (BTreeSet::new(), Vec::new());
    for made in answer["made"].as_array().expect("a list") {
        let (alg, key) = (text(&made["alg"]), key(&made["key"]));
        let token = decode(text(&made["token"]).as_bytes());
        let verdict = verify(&token, std::slice::from_ref(&key));
        assert_eq!((verdict.status, verdict.reason), (Status::Valid, None), "{alg}");
        assert!(token.oddities.is_empty() && token.claims.oddities.is_empty(), "{alg}: {:?}", token.oddities);
        // The public half is all that it takes.
        if !matches!(key.material, Material::Secret(_)) {
            let public = read(key.public_pem(Form::Spki).expect("PEM").as_bytes(), "public").expect("a key").keys;
            assert_eq!(verify(&token, &public).status, Status::Valid, "{alg}");
        }
        let other = Key::generate(alg).expect("another key");
        assert_eq!(verify(&token, &[other]).status, Status::Invalid, "{alg}");
        let header = json!({"alg": alg, "typ": "JWT"}).to_string();
        let ours = compact(header.as_bytes(), br#"{"by":"lunette"}"#, alg, Some(&key)).expect("a token");
        // To check ours the public key has to do, as it is written here.
        let shared = matches!(key.material, Material::Secret(_));
        let jwk = if shared { made["key"].clone() } else { key.public_jwk() };
        back.push(json!({"alg": alg, "key": jwk, "token": String::from_utf8(ours).expect("ASCII")}));
        names.insert(alg.to_owned());
    }
    (names, back)
}

#[test]
fn tokens_of_jose_verify_here_and_ours_there() {
    let have = [
        "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "EdDSA", "Ed25519",
    ];
    let answer = jose(&json!({"make": have}));
    let (names, back) = answered(&answer);
    assert_eq!(names, have.map(str::to_owned).into());
    let checked = jose(&json!({"check": back}));
    assert_eq!(checked["checked"], json!(vec![r#"{"by":"lunette"}"#; have.len()]));

    let general = decode(answer["general"]["token"].to_string().as_bytes());
    let keys: Vec<Key> = answer["general"]["keys"].as_array().expect("keys").iter().map(key).collect();
    let stands: Vec<Status> = verify_each(&general, &keys).into_iter().map(|v| v.status).collect();
    assert_eq!(stands, [Status::Valid; 2]);
    let mut detached = decode(answer["detached"]["token"].to_string().as_bytes());
    assert!(detached.is_detached(), "{:?}", detached.oddities);
    detached.attach(text(&answer["detached"]["payload"]).as_bytes());
    assert_eq!(verify(&detached, &[key(&answer["detached"]["key"])]).status, Status::Valid);
}

#[test]
fn tokens_of_pyjwt_verify_here_and_ours_there() {
    let (names, back) = answered(&pyjwt(&json!({"check": []})));
    for name in ["ES256K", "ES512", "EdDSA", "PS384", "HS512", "RS256"] {
        assert!(names.contains(name), "{names:?}");
    }
    let checked = pyjwt(&json!({"check": back}));
    assert_eq!(checked["checked"], json!(vec![json!({"by": "lunette"}); back.len()]));
}

/// A private key as PKCS #8, for an algorithm of the crate that it does not take a secret for.
fn pkcs8(alg: jsonwebtoken::Algorithm) -> Vec<u8> {
    use jsonwebtoken::Algorithm as A;
    let kind = match alg {
        A::ES256 => &rcgen::PKCS_ECDSA_P256_SHA256,
        A::ES384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        A::EdDSA => &rcgen::PKCS_ED25519,
        _ => &rcgen::PKCS_RSA_SHA256,
    };
    rcgen::KeyPair::generate_for(kind).expect("a key").serialize_der()
}

#[test]
fn tokens_of_the_crate_verify_here_and_ours_there() {
    use jsonwebtoken::Algorithm as A;
    use std::str::FromStr as _;
    let mut tried = BTreeSet::new();
    for known in ALGORITHMS.iter().filter(|a| a.is_supported()) {
        let Ok(alg) = A::from_str(known.name) else { continue };
        let (key, encoding, decoding) = if known.is_asymmetric() {
            let der = pkcs8(alg);
            let key = read(&der, "pkcs8").expect("a key").keys.remove(0);
            let encoding = match (alg, &key.material) {
                (A::EdDSA, _) => EncodingKey::from_ed_der(&der),
                (_, Material::Rsa(rsa)) => EncodingKey::from_rsa_der(rsa.private.as_ref().expect("private").expose()),
                _ => EncodingKey::from_ec_der(&der),
            };
            let jwk = serde_json::from_value(key.public_jwk()).expect("a JWK");
            (key, encoding, DecodingKey::from_jwk(&jwk).expect("a key"))
        } else {
            let secret = b"a secret that is long enough for each of the three, as sixty-four bytes are";
            let key = Key::secret(secret.to_vec());
            (key, EncodingKey::from_secret(secret), DecodingKey::from_secret(secret))
        };
        let claims = json!({"by": "jsonwebtoken"});
        let theirs = jsonwebtoken::encode(&Header::new(alg), &claims, &encoding).expect("a token");
        assert_eq!(verify(&decode(theirs.as_bytes()), std::slice::from_ref(&key)).status, Status::Valid, "{alg:?}");
        let header = json!({"alg": known.name}).to_string();
        let ours = compact(header.as_bytes(), claims.to_string().as_bytes(), known.name, Some(&key)).expect("a token");
        let mut rules = Validation::new(alg);
        rules.required_spec_claims.clear();
        let read = jsonwebtoken::decode::<Value>(std::str::from_utf8(&ours).expect("ASCII"), &decoding, &rules);
        assert_eq!(read.expect("it verifies").claims, claims, "{alg:?}");
        tried.insert(known.name);
    }
    assert!(tried.len() >= 12, "{tried:?}");
}

/// What `openssl` writes for these arguments; keys go in over a pipe.
fn openssl(arguments: &str, input: &[u8]) -> Vec<u8> {
    let mut program = Command::new("openssl")
        .args(arguments.split(' '))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl starts");
    program.stdin.take().expect("a pipe").write_all(input).expect("openssl reads");
    let output = program.wait_with_output().expect("openssl ends");
    assert!(output.status.success(), "openssl {arguments}");
    output.stdout
}

#[test]
fn keys_are_read_in_every_form_that_openssl_writes() {
    let kinds = [
        ("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", "RS256"),
        ("genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048", "PS256"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256", "ES256"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384", "ES384"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521", "ES512"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1", "ES256K"),
        ("genpkey -algorithm ED25519", "EdDSA"),
    ];
    for (making, alg) in kinds {
        let made = openssl(making, b"");
        let mut private = vec![made.clone(), openssl("pkey -outform DER", &made)];
        let mut public = vec![openssl("pkey -pubout", &made), openssl("pkey -pubout -outform DER", &made)];
        let subject = if alg == "EdDSA" {
            "req -new -x509 -key /dev/stdin -subj /CN=a"
        } else {
            "req -new -x509 -sha256 -key /dev/stdin -subj /CN=a"
        };
        let certificate = openssl(subject, &made);
        public.push(openssl("x509 -outform DER", &certificate));
        public.push(certificate);
        if alg == "RS256" {
            private.extend([openssl("rsa -traditional", &made), openssl("rsa -traditional -outform DER", &made)]);
            public.extend([
                openssl("rsa -RSAPublicKey_out", &made),
                openssl("rsa -RSAPublicKey_out -outform DER", &made),
            ]);
        }
        if alg.starts_with("ES") {
            private.extend([openssl("ec", &made), openssl("ec -outform DER", &made), openssl("ec -no_public", &made)]);
            // Parameters before the key, as older versions wrote them.
            private.push(
                [
                    &b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"[..],
                    &openssl("ec", &made),
                ]
                .concat(),
            );
        }
        let one = |bytes: &[u8]| {
            let mut keys =
                read(bytes, "openssl").unwrap_or_else(|e| panic!("{alg}: {e}: {}", String::from_utf8_lossy(bytes)));
            assert_eq!((keys.keys.len(), keys.problems.len()), (1, 0), "{alg}");
            keys.keys.remove(0)
        };
        let first = one(&public[0]);
        let token = |key: &Key| {
            let header = json!({"alg": alg}).to_string();
            decode(&compact(header.as_bytes(), b"{}", alg, Some(key)).expect(alg))
        };
        for bytes in &private {
            let key = one(bytes);
            assert!(key.is_private() && key.raw.is_empty() && key.thumbprint() == first.thumbprint(), "{alg}");
            assert_eq!(verify(&token(&key), std::slice::from_ref(&first)).status, Status::Valid, "{alg}");
        }
        for bytes in &public {
            let key = one(bytes);
            assert!(!key.is_private() && key.thumbprint() == first.thumbprint(), "{alg}");
            assert_eq!(verify(&token(&one(&private[0])), &[key]).status, Status::Valid, "{alg}");
        }
        // What is written here is what it writes.
        assert_eq!(first.public_pem(Form::Spki).expect("PEM").as_bytes() == public[0], alg != "PS256", "{alg}");
    }
    let short = openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024", b"");
    let signature = openssl("dgst -sha256 -sign /dev/stdin /dev/null", &short);
    let key = read(&short, "short").expect("a key").keys.remove(0);
    assert_eq!((key.bits(), lunette::jwt::verify::verify_with("RS256", &key, b"", &signature)), (1024, Ok(true)));
    let refused = compact(b"{}", b"{}", "RS256", Some(&key)).expect_err("too short").to_string();
    assert!(refused.contains("from 2048 to 8192 bits"), "{refused}");
    for (making, words) in [
        ("genpkey -algorithm ED448", "Ed448"),
        ("genpkey -algorithm X25519", "X25519"),
        ("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "EC on another curve"),
    ] {
        let made = openssl(making, b"");
        for bytes in [made.clone(), openssl("pkey -pubout", &made)] {
            let key = read(&bytes, "f").expect(words).keys.remove(0);
            assert!(key.words().contains(words), "{}", key.words());
        }
    }
    let locked = openssl("pkey -aes128 -passout pass:x", &openssl("genpkey -algorithm ED25519", b""));
    assert!(read(&locked, "f").expect_err("locked").to_string().contains("is encrypted"));
}

#[test]
fn what_jose_encrypts_opens_here() {
    let mut asked = Vec::new();
    let contents = ["A128GCM", "A192GCM", "A256GCM", "A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"];
    let managements = [
        "dir",
        "RSA-OAEP",
        "RSA-OAEP-256",
        "RSA-OAEP-384",
        "RSA-OAEP-512",
        "A128KW",
        "A192KW",
        "A256KW",
        "A128GCMKW",
        "A192GCMKW",
        "A256GCMKW",
    ];
    for (i, alg) in managements.iter().enumerate() {
        asked.push(json!({"alg": alg, "enc": contents[i % contents.len()]}));
    }
    for (i, crv) in ["P-256", "P-384", "P-521", "X25519"].iter().enumerate() {
        for (j, alg) in ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A192KW", "ECDH-ES+A256KW"].iter().enumerate() {
            asked.push(json!({"alg": alg, "enc": contents[(i + j) % contents.len()], "crv": crv}));
        }
    }
    asked.extend(contents.iter().map(|enc| json!({"alg": "dir", "enc": enc})));
    let answer = jose(&json!({"seal": asked}));
    let sealed = answer["sealed"].as_array().expect("a list");
    assert_eq!(sealed.len(), asked.len());
    for one in sealed {
        let (token, key) = (decode(text(&one["token"]).as_bytes()), key(&one["key"]));
        let opened = jwe::open(&token, std::slice::from_ref(&key));
        assert_eq!(
            (opened.verdict.status, opened.verdict.reason),
            (Status::Valid, None),
            "{} {}",
            one["alg"],
            one["enc"]
        );
        let content: Value = serde_json::from_slice(opened.content.expect("content").expose()).expect("JSON");
        assert_eq!(content, json!({"by": "jose", "enc": one["enc"]}));
    }
}
