//! The program itself on a terminal: CPU time until its first frame and until its list stands, its memory, and what it
//! does while nothing happens.
//!
//! `npm ci --ignore-scripts --prefix tests/peers && cargo build --release && cargo bench --bench start`

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use lunette::inventory::sample;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

const STARTS: u32 = 20;
const LINES: usize = 100_000;
const STILL: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let program = Path::new(env!("CARGO_BIN_EXE_lunette"));
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: Vec<u8>| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        path
    };
    let small = write("small.json", sample::document(1_200));
    let log = write("access.log", sample::log(LINES, 1_200));
    let github = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/peers/node_modules/@octokit/openapi/generated/api.github.com.json");
    let mut cases =
        vec![("1,200 operations", vec![small.clone()]), ("1,200 operations, 100,000 lines", vec![small, log.clone()])];
    if github.is_file() {
        cases.push(("GitHub document", vec![github.clone()]));
        cases.push(("GitHub document, 100,000 lines", vec![github, log]));
    } else {
        println!("the GitHub document is not installed; run: npm ci --ignore-scripts --prefix tests/peers");
    }
    println!(
        "CPU time: mean of {STARTS} starts. Memory: resident, after the list stands. Still: {} s",
        STILL.as_secs()
    );
    println!(
        "{:<8} {:<32} {:>12} {:>12} {:>10} {:>10} {:>12} {:>11}",
        "terminal", "sources", "first frame", "list stands", "memory", "of it own", "still: bytes", "still: CPU"
    );
    for (cols, rows) in [(80, 24), (140, 45)] {
        for (name, sources) in &cases {
            let first = mean(|| {
                Run::start(program, sources, cols, rows).draws();
            });
            let stands = mean(|| {
                Run::start(program, sources, cols, rows).stands();
            });
            let mut run = Run::start(program, sources, cols, rows);
            run.stands();
            let _ = run.during(Duration::from_millis(300));
            let (memory, own) = (run.memory("VmRSS"), run.memory("RssAnon"));
            // The notice of the load goes by itself.
            let _ = run.during(Duration::from_secs(6));
            let cpu = run.cpu();
            let bytes = run.during(STILL);
            let cpu = run.cpu().saturating_sub(cpu);
            println!(
                "{:<8} {name:<32} {:>9.1} ms {:>9.1} ms {memory:>7.1} MB {own:>7.1} MB {bytes:>12} {:>8.3} ms",
                format!("{cols}x{rows}"),
                ms(first),
                ms(stands),
                ms(cpu)
            );
        }
    }
}

/// Ends a synchronized update, and with it every frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";

fn ms(d: Duration) -> f64 {
    d.as_secs_f64() * 1e3
}

/// Mean CPU time of the programs that `run` starts and ends. What a process used is exact only once it has ended, and is
/// told in ticks of 10 ms for all ended children together: over twenty starts that is half a millisecond.
fn mean(run: impl Fn()) -> Duration {
    let from = ended_children();
    for _ in 0..STARTS {
        run();
    }
    ended_children().saturating_sub(from) / STARTS
}

fn ended_children() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(") ").expect("fields").1.split(' ').collect();
    let ticks: u64 = [13, 14].iter().map(|i| fields[*i].parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 10)
}

struct Run {
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
    /// Held so that the terminal stays open.
    _master: Box<dyn MasterPty + Send>,
}

impl Run {
    fn start(program: &Path, sources: &[PathBuf], cols: u16, rows: u16) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let mut command = CommandBuilder::new(program);
        command.args(sources);
        command.env("TERM", "xterm-256color");
        for name in ["TMUX", "DISPLAY", "WAYLAND_DISPLAY"] {
            command.env_remove(name);
        }
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (to, output) = channel();
        std::thread::spawn(move || {
            let mut block = [0; 8_192];
            while let Ok(n) = reader.read(&mut block) {
                if n == 0 || to.send(block[..n].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { child, output, screen: vt100::Parser::new(rows, cols, 0), _master: pair.master }
    }

    /// Waits for the end of the first frame.
    fn draws(&mut self) {
        let mut seen = Vec::new();
        while !seen.windows(FRAME_END.len()).any(|w| w == FRAME_END) {
            seen.extend(self.block(Instant::now() + PATIENCE));
        }
        self.screen.process(&seen);
    }

    /// Waits until all sources are in the list: the last row tells so.
    fn stands(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.screen.screen().contents().lines().last().is_some_and(|l| l.contains(" endpoints")) {
            let block = self.block(deadline);
            self.screen.process(&block);
        }
    }

    fn block(&self, deadline: Instant) -> Vec<u8> {
        let left = deadline.saturating_duration_since(Instant::now());
        self.output.recv_timeout(left).unwrap_or_else(|_| panic!("never came:\n{}", self.screen.screen().contents()))
    }

    /// Bytes written during a period.
    fn during(&mut self, period: Duration) -> usize {
        let (deadline, mut bytes) = (Instant::now() + period, 0);
        loop {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(block) => bytes += block.len(),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return bytes,
            }
        }
    }

    fn id(&self) -> u32 {
        self.child.process_id().expect("it runs")
    }

    /// A line of `/proc/PID/status`, in MB of 10^6 bytes.
    fn memory(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).expect("Linux");
        let line = status.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(':')).expect("a line");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1_024.0 / 1e6
    }

    /// CPU time of all living threads, to the nanosecond.
    fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.id())).expect("Linux");
        let times = tasks.filter_map(|t| {
            let text = std::fs::read_to_string(t.ok()?.path().join("schedstat")).ok()?;
            text.split(' ').next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(times.sum())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::io::stdout().flush();
    }
}
