//! Use case: the secret of a token guessed, with the built-in list and with a word list that may be as long as the disk.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::base::text::display;
use crate::base::{Error, Result, Untrusted};
use crate::jwt::Decoded;
use crate::jwt::crack::{Cutter, Guessed, Guesser, Outcome, Progress, candidates, guesser, words};
use crate::wire::Load;

/// Blocks that wait for one thread.
const WAITING: usize = 2;
/// Candidates that are tried in one go.
const BATCH: usize = 256;
/// The time between two reports.
const TICK: Duration = Duration::from_millis(100);
/// More threads than this are none that a machine has.
const MOST: usize = 64;

/// How a run is steered from another thread.
#[derive(Debug, Default)]
pub struct Control {
    paused: Mutex<bool>,
    woken: Condvar,
    over: AtomicBool,
}

impl Control {
    /// Waits before the next block, or goes on.
    pub fn pause(&self, wait: bool) {
        *self.paused.lock().unwrap_or_else(PoisonError::into_inner) = wait;
        self.woken.notify_all();
    }
    /// Ends it, also while it is paused.
    pub fn cancel(&self) {
        self.over.store(true, Ordering::Relaxed);
        self.woken.notify_all();
    }
    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

/// Tries the built-in list, what the token and the host suggest, and then each line of `list`, until one fits. `threads` of 0
/// are as many as the machine has. Memory does not grow with the list. It blocks until it is over.
///
/// # Errors
/// The token has no secret, or the list cannot be read.
pub fn run(
    token: &Decoded,
    host: Option<&str>,
    list: Option<&Path>,
    files: &dyn Load,
    threads: usize,
    control: &Control,
    tell: &mut dyn FnMut(&Progress),
) -> Result<Outcome> {
    let mut guesser = guesser(token).ok_or_else(|| {
        let alg = token.header.get("alg").map_or_else(|| "missing".to_owned(), |a| display(a.to_string().as_bytes()));
        Error::input(format!("this token has no secret to guess: its alg is {alg}"))
            .hint("HS256, HS384 and HS512 have one, with a signature as long as the hash")
    })?;
    let from = Instant::now();
    let words = words(token, host);
    let keys: Vec<&[u8]> = words.iter().map(|w| w.key.as_slice()).collect();
    let found = guesser.first(&keys);
    let tried = found.map_or(keys.len(), |i| i + 1) as u64;
    let mut out = Outcome {
        secret: found
            .map(|i| Guessed { secret: Untrusted::from(words[i].key.as_slice()), origin: words[i].origin.clone() }),
        progress: Progress { candidates: tried, elapsed: from.elapsed(), ..Progress::default() },
        cost: guesser.cost(),
        skipped: 0,
        stopped: None,
        cancelled: false,
    };
    if let Some(list) = list.filter(|_| out.secret.is_none()) {
        let threads = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
        let run = Run { control, tried: AtomicU64::new(tried), hit: Mutex::new(None), found: AtomicBool::new(false) };
        run.read(token, list, files, threads.min(MOST), &mut out, tell)?;
    }
    Ok(out)
}

/// What the threads of a run share.
struct Run<'a> {
    control: &'a Control,
    tried: AtomicU64,
    hit: Mutex<Option<Vec<u8>>>,
    found: AtomicBool,
}

impl Run<'_> {
    fn read(
        &self,
        token: &Decoded,
        list: &Path,
        files: &dyn Load,
        threads: usize,
        out: &mut Outcome,
        tell: &mut dyn FnMut(&Progress),
    ) -> Result<()> {
        let (give, take) = sync_channel::<Vec<u8>>(threads * WAITING);
        let (done, empty) = std::sync::mpsc::channel::<Vec<u8>>();
        let take = Mutex::new(take);
        let mut cutter = Cutter::default();
        let (before, from) = (out.progress.elapsed, Instant::now());
        let mut waited = Duration::ZERO;
        let mut told = Instant::now();
        let read = std::thread::scope(|scope| {
            for _ in 0..threads {
                let (take, done) = (&take, done.clone());
                let guesser = guesser(token);
                scope.spawn(move || self.work(guesser, take, &done));
            }
            let read = files.blocks(list, &mut |block, total| {
                waited += self.wait(&mut out.progress, tell);
                if self.is_over() {
                    return ControlFlow::Break(());
                }
                let mut chunk = empty.try_recv().unwrap_or_default();
                cutter.feed(block, &mut chunk);
                let _ = give.send(chunk);
                out.progress.done += block.len() as u64;
                // Of a packed list the size of the whole is not known, and what was read is given in its place.
                out.progress.total = if total > out.progress.done || out.progress.total == total { total } else { 0 };
                if told.elapsed() >= TICK {
                    told = Instant::now();
                    out.progress.elapsed = before + from.elapsed().saturating_sub(waited);
                    out.progress.candidates = self.tried.load(Ordering::Relaxed);
                    tell(&out.progress);
                }
                ControlFlow::Continue(())
            });
            if !self.is_over() {
                let mut chunk = Vec::new();
                cutter.end(&mut chunk);
                let _ = give.send(chunk);
            }
            drop(give);
            read
        });
        out.progress.elapsed = before + from.elapsed().saturating_sub(waited);
        out.progress.candidates = self.tried.load(Ordering::Relaxed);
        out.skipped = cutter.skipped;
        out.stopped = read?.stopped;
        let hit = self.hit.lock().unwrap_or_else(PoisonError::into_inner).take();
        let named = display(list.as_os_str().as_encoded_bytes());
        out.secret = hit.map(|key| Guessed { secret: Untrusted::from(key), origin: named });
        out.cancelled = out.secret.is_none() && self.control.is_over();
        Ok(())
    }

    fn is_over(&self) -> bool {
        self.found.load(Ordering::Relaxed) || self.control.is_over()
    }

    /// Waits as long as it is paused, and says how long that was.
    fn wait(&self, progress: &mut Progress, tell: &mut dyn FnMut(&Progress)) -> Duration {
        let mut paused = self.control.paused.lock().unwrap_or_else(PoisonError::into_inner);
        if !*paused {
            return Duration::ZERO;
        }
        let from = Instant::now();
        tell(&Progress { paused: true, ..*progress });
        while *paused && !self.control.is_over() {
            // A cancellation may come between the look and the wait, so the wait is not for ever.
            paused = self.control.woken.wait_timeout(paused, TICK).unwrap_or_else(PoisonError::into_inner).0;
        }
        progress.paused = false;
        from.elapsed()
    }

    fn work(&self, guesser: Option<Guesser>, take: &Mutex<Receiver<Vec<u8>>>, done: &std::sync::mpsc::Sender<Vec<u8>>) {
        let Some(mut guesser) = guesser else { return };
        loop {
            let received = take.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok(chunk) = received else { return };
            // What still waits when it is over is only taken away, so that nobody waits to hand it over.
            if !self.is_over() {
                self.chunk(&mut guesser, &chunk);
            }
            let _ = done.send(chunk);
        }
    }

    fn chunk(&self, guesser: &mut Guesser, chunk: &[u8]) {
        let mut lines = candidates(chunk);
        let mut batch: Vec<Cow<'_, [u8]>> = Vec::with_capacity(BATCH);
        loop {
            batch.clear();
            batch.extend(lines.by_ref().take(BATCH));
            if batch.is_empty() || self.is_over() {
                return;
            }
            let keys: Vec<&[u8]> = batch.iter().map(|k| &**k).collect();
            let found = guesser.first(&keys);
            self.tried.fetch_add(found.map_or(keys.len(), |i| i + 1) as u64, Ordering::Relaxed);
            if let Some(i) = found {
                *self.hit.lock().unwrap_or_else(PoisonError::into_inner) = Some(keys[i].to_vec());
                self.found.store(true, Ordering::Relaxed);
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Provided;
    use crate::jwt::decode;
    use crate::jwt::key::Key;
    use crate::jwt::sign::compact;
    use std::sync::Arc;

    fn token(secret: &str) -> Decoded {
        let key = Key::secret(secret.as_bytes().to_vec());
        decode(&compact(br#"{"alg":"HS256"}"#, br#"{"sub":"x"}"#, "HS256", Some(&key)).expect("a token"))
    }

    /// A list of `n` lines.
    fn list(n: usize, last: &str) -> String {
        let mut words: Vec<String> = (0..n).map(|i| format!("word{i}")).collect();
        words.push(last.to_owned());
        words.join("\r\n")
    }

    fn provided(list: String) -> Provided {
        Provided::new([("words.txt".into(), list)], Arc::new(crate::files::Disk))
    }

    fn tried(secret: &str, list: String, threads: usize, control: &Control) -> Outcome {
        let files = provided(list);
        run(&token(secret), None, Some(Path::new("words.txt")), &files, threads, control, &mut |_| {}).expect("a list")
    }

    #[test]
    fn the_last_word_of_a_list_is_found_by_any_number_of_threads() {
        for threads in [0, 1, 3] {
            let out = tried("the-last-one!", list(120_000, "the-last-one!"), threads, &Control::default());
            let found = out.secret.expect("the last word");
            assert_eq!((found.secret.as_bytes(), found.origin.as_str()), (&b"the-last-one!"[..], "words.txt"));
            // With several threads the last word may be tried before others are.
            assert!((out.progress.candidates > 120_000 || threads != 1) && !out.cancelled);
            assert_eq!(out.cost, 4);
        }
    }

    #[test]
    fn every_line_is_tried_once_where_none_fits() {
        let built_in = tried("the-last-one!", "\n".to_owned(), 1, &Control::default()).progress.candidates;
        let out = tried("the-last-one!", list(10_000, "word"), 2, &Control::default());
        assert_eq!((out.secret, out.progress.candidates), (None, built_in + 10_001));
    }

    #[test]
    fn the_built_in_list_is_enough_for_what_is_in_it() {
        let out = tried("changeme", list(10, "changeme"), 1, &Control::default());
        assert_ne!(out.secret.expect("of the list").origin, "words.txt");
        assert_eq!(out.progress.done, 0, "the file was not read");
    }

    #[test]
    fn a_run_is_paused_and_cancelled() {
        let control = Arc::new(Control::default());
        control.pause(true);
        let files = provided(list(1_000, "x"));
        let steer = Arc::clone(&control);
        let mut paused = 0;
        let mut told = |p: &Progress| {
            paused += usize::from(p.paused);
            steer.cancel();
        };
        let out = run(&token("the-last-one!"), None, Some(Path::new("words.txt")), &files, 1, &control, &mut told);
        let out = out.expect("a list");
        assert!(out.cancelled && out.secret.is_none());
        assert_eq!((paused, out.progress.done), (1, 0));
    }

    #[test]
    fn a_token_without_a_secret_is_refused_with_a_reason() {
        let token = decode(b"eyJhbGciOiJSUzI1NiJ9.e30.c2ln");
        let files = crate::files::Disk;
        let e = run(&token, None, None, &files, 1, &Control::default(), &mut |_| {}).expect_err("RS256");
        assert!(e.to_string().contains("its alg is \"RS256\""), "{e}");
    }
}
