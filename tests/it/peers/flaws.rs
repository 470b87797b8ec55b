//! The token flaws of the practice API, each proven by what its row says a person types into a shell: curl, openssl and no
//! part of lunette. What is let in by the practice API is refused by its twin.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lunette::demo::{Demo, FLAWS, Flaw};

/// The status line that the proof of a flaw prints.
fn proof(flaw: &Flaw, base: SocketAddr) -> String {
    let ran = Command::new("bash")
        .args(["-c", flaw.proof])
        .env("BASE", format!("http://{base}"))
        .output()
        .expect("bash runs");
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

fn token_flaws() -> impl Iterator<Item = &'static Flaw> {
    FLAWS.iter().filter(|f| f.category == "token")
}

#[test]
fn each_is_proven_as_its_row_says_and_mended_in_the_twin() {
    let (flawed, safe) = (Demo::start(None).expect("start"), Demo::start_safe(None).expect("start"));
    let mut proven = 0;
    // Those of `jku` and `iss` need a port that may be taken here; they are proven below.
    for flaw in token_flaws().filter(|f| !matches!(f.id, "token-fetched" | "token-issuer")) {
        assert_eq!(proof(flaw, flawed.http), "HTTP/1.1 200 OK", "{}: {}", flaw.id, flaw.proof);
        assert_eq!(proof(flaw, safe.http), "HTTP/1.1 401 Unauthorized", "{} is not mended", flaw.id);
        proven += 1;
    }
    assert!(proven >= 8, "{proven}");
}

/// One request over a connection of its own: status line and body.
fn ask(to: SocketAddr, method: &str, path: &str, token: &str) -> (String, String) {
    let mut stream = TcpStream::connect(to).expect("connect");
    let head = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n");
    let auth = if token.is_empty() { String::new() } else { format!("Authorization: Bearer {token}\r\n") };
    write!(stream, "{head}{auth}\r\n").expect("write");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

/// A token that somebody signed with a key of their own, and the key set of it.
fn forged(header: &str, claims: &str) -> (String, String) {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("a key");
    let b64 = |b: &[u8]| URL_SAFE_NO_PAD.encode(b);
    let (x, y) = key.public_key().as_ref()[1..].split_at(32);
    let set = format!(r#"{{"keys":[{{"kty":"EC","crv":"P-256","x":"{}","y":"{}"}}]}}"#, b64(x), b64(y));
    let input = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let signature = key.sign(&aws_lc_rs::rand::SystemRandom::new(), input.as_bytes()).expect("signed");
    (format!("{input}.{}", b64(signature.as_ref())), set)
}

/// Answers one connection after the other with these bodies, and gives the request lines.
fn serve(listener: TcpListener, bodies: Vec<String>) -> std::thread::JoinHandle<Vec<String>> {
    std::thread::spawn(move || {
        let answered = bodies.into_iter().map(|body| {
            let (mut stream, _) = listener.accept().expect("accept");
            let mut head = [0; 1_024];
            let n = stream.read(&mut head).expect("read");
            write!(stream, "HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).expect("write");
            String::from_utf8_lossy(&head[..n]).lines().next().unwrap_or_default().to_owned()
        });
        answered.collect()
    })
}

fn here() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    (listener, base)
}

#[test]
fn keys_are_fetched_from_wherever_a_token_says_and_never_by_the_twin() {
    let (flawed, safe) = (Demo::start(None).expect("start"), Demo::start_safe(None).expect("start"));
    for door in ["fetched", "issuer"] {
        let (listener, base) = here();
        let path = format!("/api/tokens/{door}");
        let (jku, iss) = match door {
            "fetched" => (format!(r#","jku":"{base}/keys""#), "https://shop.example"),
            _ => (String::new(), base.as_str()),
        };
        let claims = format!(r#"{{"iss":"{iss}","aud":"shop","name":"mallory","exp":4102444800}}"#);
        let (token, set) = forged(&format!(r#"{{"alg":"ES256"{jku}}}"#), &claims);
        assert_eq!(ask(safe.http, "GET", &path, &token).0, "HTTP/1.1 401 Unauthorized", "{door}");
        let (bodies, lines) = match door {
            "fetched" => (vec![set], vec!["GET /keys HTTP/1.0"]),
            _ => (
                vec![format!(r#"{{"jwks_uri":"{base}/set"}}"#), set],
                vec!["GET /.well-known/openid-configuration HTTP/1.0", "GET /set HTTP/1.0"],
            ),
        };
        let server = serve(listener, bodies);
        let (status, body) = ask(flawed.http, "GET", &path, &token);
        assert_eq!(status, "HTTP/1.1 200 OK", "{door}");
        assert!(body.contains("mallory"), "{body}");
        assert_eq!(server.join().expect("the server ends"), lines);
    }
}

/// What stands between the quotes after a member's name.
fn member<'a>(body: &'a str, name: &str) -> &'a str {
    let (_, rest) = body.split_once(&format!("\"{name}\":\"")).expect(name);
    rest.split('"').next().unwrap_or_default()
}

#[test]
fn a_door_makes_one_mistake_and_no_other() {
    let (flawed, safe) = (Demo::start(None).expect("start"), Demo::start_safe(None).expect("start"));
    let doors: Vec<&str> = token_flaws().filter_map(|f| f.endpoint.strip_prefix("GET /api/tokens/")).collect();
    assert!(doors.len() >= 10);
    for door in doors {
        let path = format!("/api/tokens/{door}");
        for (demo, is_safe) in [(&flawed, false), (&safe, true)] {
            let (_, issued) = ask(demo.http, "POST", &path, "");
            let token = member(&issued, "token");
            let opens = |token: &str| ask(demo.http, "GET", &path, token).0 == "HTTP/1.1 200 OK";
            assert!(opens(token), "{door}: its own token");
            assert!(!opens(""), "{door}: no token");
            let (input, signature) = token.rsplit_once('.').expect("three parts");
            let first = if signature.starts_with('A') { 'B' } else { 'A' };
            let turned = format!("{first}{}", &signature[1..]);
            for (mistake, token) in [
                ("none", format!("eyJhbGciOiJub25lIn0.{}.", input.split('.').nth(1).expect("claims"))),
                ("spelling", format!("eyJhbGciOiJOb05lIn0.{}.", input.split('.').nth(1).expect("claims"))),
                ("unchecked", format!("{input}.{turned}")),
                ("stripped", format!("{input}.")),
                ("psychic", format!("{input}.{}", "A".repeat(86))),
                ("expired", member(&issued, "expired").to_owned()),
                ("audience", member(&issued, "foreign").to_owned()),
            ] {
                // What checks no signature lets in whatever is signed wrongly.
                let unsigned = door == "unchecked" && !matches!(mistake, "expired" | "audience");
                assert_eq!(opens(&token), !is_safe && (door == mistake || unsigned), "{door}: {mistake}");
            }
        }
    }
}
