//! Runs the program that prints a credential: no shell, no input, a bounded output, and an end whatever it does.

use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::base::text::display_str;
use crate::base::{Error, Exit, Result};

/// Bytes of output that are read.
const MOST: u64 = 64 << 10;
/// How long it may take.
pub const LONGEST: Duration = Duration::from_secs(30);
/// How often its end is looked for.
const STEP: Duration = Duration::from_millis(5);

/// Stops the program when the one who waits for it is gone.
struct Stop(Arc<AtomicBool>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// What a program prints, without the line breaks at its end.
///
/// # Errors
/// A program that cannot be started, fails, prints nothing or too much, or does not end within `limit`.
pub async fn output(words: Vec<String>, folder: &Path, limit: Duration) -> Result<Vec<u8>> {
    let stop = Stop(Arc::default());
    let (flag, folder) = (Arc::clone(&stop.0), folder.to_owned());
    let run = tokio::task::spawn_blocking(move || run(&words, &folder, limit, &flag));
    run.await.unwrap_or_else(|_| Err(Error::new(Exit::NotJudged, "the program could not be watched")))
}

fn run(words: &[String], folder: &Path, limit: Duration, stop: &AtomicBool) -> Result<Vec<u8>> {
    let program = words.first().map_or("", String::as_str);
    let shown = display_str(program);
    let failed = |what: String| Error::new(Exit::NotJudged, what).hint("run it by hand and look at what it prints");
    let mut command = Command::new(program);
    command.args(&words[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    if !folder.as_os_str().is_empty() {
        command.current_dir(folder);
    }
    // A group of its own, so that what it starts ends with it.
    let mut child = command.process_group(0).spawn().map_err(|e| {
        Error::input(format!("the program {shown} cannot be started: {}", display_str(&e.to_string())))
            .hint("check its name and that it may be run")
    })?;
    let (give, take) = std::sync::mpsc::sync_channel(1);
    if let Some(out) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            let read = out.take(MOST + 1).read_to_end(&mut bytes);
            let _ = give.send(read.map(|_| bytes));
        });
    }
    let began = Instant::now();
    let (mut status, mut printed): (_, Option<Vec<u8>>) = (None, None);
    let (status, bytes) = loop {
        match take.try_recv() {
            Ok(Ok(bytes)) if bytes.len() as u64 <= MOST => printed = Some(bytes),
            Ok(read) => {
                end(&mut child);
                return Err(failed(match read {
                    Ok(_) => format!("the program {shown} prints more than {} KiB", MOST >> 10),
                    Err(_) => format!("what the program {shown} prints cannot be read"),
                }));
            }
            Err(_) => {}
        }
        if status.is_none() {
            status = child.try_wait().ok().flatten();
        }
        if let (Some(status), Some(bytes)) = (status, &mut printed) {
            break (status, std::mem::take(bytes));
        }
        if began.elapsed() >= limit || stop.load(Ordering::Relaxed) {
            end(&mut child);
            return Err(failed(format!("the program {shown} did not end within {} s", limit.as_secs_f32())));
        }
        std::thread::sleep(STEP);
    };
    if !status.success() {
        return Err(failed(format!("the program {shown} failed ({status})")));
    }
    let bytes = bytes.trim_ascii().to_vec();
    if bytes.is_empty() {
        return Err(failed(format!("the program {shown} prints nothing")));
    }
    Ok(bytes)
}

/// Ends the program and what it started.
fn end(child: &mut Child) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let _ = child.wait();
}
