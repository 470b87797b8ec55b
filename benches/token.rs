//! What a token costs: keys tried a second against `hmac` with `sha2`, CPU time of the two and of two threads.
//!
//! `cargo bench --bench token`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit as _, Mac as _};
use lunette::jwt::crack::Guesser;
use rustix::time::{ClockId, clock_gettime};
use sha2::Sha256;

/// Keys a round tries.
const KEYS: usize = 1_000_001;
const ROUNDS: usize = 5;
/// Bytes of the signing input.
const INPUT: usize = 163;

fn main() {
    crack();
}

/// The same keys on the same message by both, on one core; then ours on two threads.
fn crack() {
    let message = [b'a'; INPUT];
    let words: Vec<String> = (0..KEYS).map(|i| format!("candidate{i:07}")).collect();
    let keys: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
    let code = code(keys[KEYS - 1], &message);
    let (mut theirs, mut ours, mut both) = (f64::MAX, f64::MAX, f64::MAX);
    for _ in 0..ROUNDS {
        let from = cpu();
        assert_eq!(keys.iter().position(|k| black_box(self::code(k, &message)) == code), Some(KEYS - 1));
        theirs = theirs.min((cpu().saturating_sub(from)).as_secs_f64());
        let from = cpu();
        let mut guesser = Guesser::new(256, &message, &code).expect("a code of its length");
        assert_eq!(guesser.first(&keys), Some(KEYS - 1));
        ours = ours.min((cpu().saturating_sub(from)).as_secs_f64());
        let from = Instant::now();
        std::thread::scope(|s| {
            for half in keys.chunks(KEYS.div_ceil(2)) {
                s.spawn(move || black_box(Guesser::new(256, &message, &code).expect("a code").first(half)));
            }
        });
        both = both.min(from.elapsed().as_secs_f64());
    }
    let speed = |seconds: f64| KEYS as f64 / 1e6 / seconds;
    println!("HS256, signing input of {INPUT} bytes (6 compressions a key), {KEYS} keys, best of {ROUNDS}");
    println!("hmac and sha2, one core            {:>6.2} M keys a CPU second", speed(theirs));
    println!("lunette, one core                  {:>6.2} M keys a CPU second, {:.2} times", speed(ours), theirs / ours);
    println!("lunette, two threads (wall time)   {:>6.2} M keys a second, {:.2} times one", speed(both), ours / both);
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
