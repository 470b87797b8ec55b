//! What a token costs: keys tried a second against `hmac` with `sha2`, and reading and judging tokens and key sets of several
//! sizes.
//!
//! `cargo bench --bench token`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use lunette::base::Stamp;
use lunette::jwt::crack::{Guesser, guess};
use lunette::jwt::lint::{Situation, lint};
use lunette::jwt::{decode, key};
use rustix::time::{ClockId, clock_gettime};
use sha2::Sha256;

/// Keys a round tries.
const KEYS: usize = 1_000_001;
const ROUNDS: usize = 5;
/// Bytes of the signing input.
const INPUT: usize = 163;

fn main() {
    crack();
    judge();
}

/// CPU time of reading and judging: a token of 2 KB, one of 1 MB, and one with a key set of 10,000 keys.
fn judge() {
    let now = Stamp::from_unix(1_700_000_000).expect("in range");
    println!("\nCPU time of a token read and judged, its secret not guessed; and with that, on arrival");
    for (name, size, rounds) in [("2 KB", 2_000, 2_000), ("8 KB", 8_000, 500), ("1 MB", 1_000_000, 5)] {
        let text = token(size);
        let took = spent(|| {
            for _ in 0..rounds {
                let token = decode(black_box(text.as_bytes()));
                black_box(lint(&Situation::new(&token, now)));
            }
        });
        let arrived = spent(|| {
            for _ in 0..rounds.min(100) {
                black_box(guess(&decode(black_box(text.as_bytes())), Some("api.example.com")));
            }
        });
        let micros = |d: Duration, n: u32| d.as_secs_f64() * 1e6 / f64::from(n);
        println!(
            "{name:<8} {:>10.1} us   guessed {:>10.1} us   ({} bytes)",
            micros(took, rounds),
            micros(arrived, rounds.min(100)),
            text.len()
        );
    }
    let set = set();
    let from = cpu();
    let keys = key::read(set.as_bytes(), "jwks.json").expect("a set");
    let read = cpu().saturating_sub(from);
    let token = decode(token(2_000).as_bytes());
    let judged = spent(|| drop(black_box(lint(&Situation { keys: Some(&keys), ..Situation::new(&token, now) }))));
    println!(
        "a set of {} keys ({} bytes): read in {:.1} ms, judged with a token in {:.1} ms",
        keys.keys.len(),
        set.len(),
        read.as_secs_f64() * 1e3,
        judged.as_secs_f64() * 1e3
    );
}

/// A token with a code, of so many bytes or some more, in claims of a few dozen bytes each.
fn token(size: usize) -> String {
    let b64 = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let mut claims = r#"{"iss":"https://issuer.example.com","sub":"5ba552d67f","aud":"https://api.example.com","exp":1700000600,"iat":1700000000"#.to_owned();
    let mut n = 0;
    while claims.len() * 4 / 3 < size {
        let _ = write!(claims, ",\"claim{n}\":\"the value of a claim, number {n}\"");
        n += 1;
    }
    claims.push('}');
    format!("{}.{}.{}", b64(r#"{"alg":"HS256","typ":"JWT"}"#), b64(&claims), URL_SAFE_NO_PAD.encode([0x5a; 32]))
}

/// 10,000 keys of 2048 bits: their moduli are random numbers, which is enough to read and to judge them.
fn set() -> String {
    let mut out = String::from("{\"keys\":[");
    let mut state = 1_u64;
    for i in 0..10_000 {
        let n: Vec<u8> = (0..256)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56).to_le_bytes()[0] | 0x81
            })
            .collect();
        let comma = if i == 0 { "" } else { "," };
        let n = URL_SAFE_NO_PAD.encode(n);
        let _ = write!(
            out,
            "{comma}{{\"kty\":\"RSA\",\"use\":\"sig\",\"alg\":\"RS256\",\"kid\":\"k{i}\",\"n\":\"{n}\",\"e\":\"AQAB\"}}"
        );
    }
    out.push_str("]}");
    out
}

fn spent(run: impl FnOnce()) -> Duration {
    let from = cpu();
    run();
    cpu().saturating_sub(from)
}

/// The same keys on the same message by both, on one core; then ours on two threads.
fn crack() {
    let message = [b'a'; INPUT];
    let words: Vec<String> = (0..KEYS).map(|i| format!("candidate{i:07}")).collect();
    let keys: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    let code = code(keys[KEYS - 1], &message);
    let (mut theirs, mut ours, mut both, mut both_cpu) = (f64::MAX, f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let from = cpu();
        assert_eq!(keys.iter().position(|k| black_box(self::code(k, &message)) == code), Some(KEYS - 1));
        theirs = theirs.min((cpu().saturating_sub(from)).as_secs_f64());
        let from = cpu();
        let mut guesser = Guesser::new(256, &message, &code).expect("a code of its length");
        assert_eq!(guesser.first(&keys), Some(KEYS - 1));
        ours = ours.min((cpu().saturating_sub(from)).as_secs_f64());
        let (from, cpu_from) = (Instant::now(), cpu());
        std::thread::scope(|s| {
            for half in keys.chunks(KEYS.div_ceil(2)) {
                s.spawn(move || black_box(Guesser::new(256, &message, &code).expect("a code").first(half)));
            }
        });
        both = both.min(from.elapsed().as_secs_f64());
        both_cpu = both_cpu.min((cpu().saturating_sub(cpu_from)).as_secs_f64());
    }
    let speed = |seconds: f64| KEYS as f64 / 1e6 / seconds;
    println!("HS256, signing input of {INPUT} bytes (6 compressions a key), {KEYS} keys, best of {ROUNDS}");
    println!("hmac and sha2, one core            {:>6.2} M keys a CPU second", speed(theirs));
    println!("lunette, one core                  {:>6.2} M keys a CPU second, {:.2} times", speed(ours), theirs / ours);
    println!(
        "lunette, two threads               {:>6.2} M keys a CPU second; of wall time {:.2} M, {:.2} times one",
        speed(both_cpu),
        speed(both),
        ours / both
    );
}

fn code(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}
