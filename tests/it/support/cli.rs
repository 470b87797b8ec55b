//! Runs the real binary in a throw-away folder: files first, then arguments; out come the exit code and both streams. A
//! process that does not end in time is killed, and the test fails.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// A process that runs longer than this is killed. Far more than any needs, so that a busy machine fails nothing.
const LONGEST: Duration = Duration::from_secs(90);

/// A folder to run in.
pub struct Cli {
    folder: TempDir,
    stdin: Vec<u8>,
    environment: Vec<(&'static str, String)>,
    below: PathBuf,
}

/// How a run ended.
#[derive(Debug)]
pub struct Ran {
    /// Exit code; `None` after a signal.
    pub code: Option<i32>,
    /// Every byte of stdout.
    pub stdout: Vec<u8>,
    /// Every byte of stderr.
    pub stderr: Vec<u8>,
    /// The most memory it held, in KiB, where the system tells it.
    pub peak_kib: Option<u64>,
}

impl Cli {
    /// An empty folder.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        Self { folder, stdin: Vec::new(), environment: Vec::new(), below: PathBuf::new() }
    }

    /// Writes a file first.
    pub fn file(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path(name), bytes).expect("write a file of the test");
        self
    }

    /// Writes a file first that only its owner may read.
    pub fn private(self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        let this = self.file(name, bytes);
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("chmod");
        this
    }

    /// What stands on stdin.
    pub fn stdin(mut self, bytes: impl AsRef<[u8]>) -> Self {
        self.stdin = bytes.as_ref().to_vec();
        self
    }

    /// Sets a variable of the environment, which is empty but for `PATH` and `HOME`.
    pub fn env(mut self, name: &'static str, value: &str) -> Self {
        self.environment.push((name, value.to_owned()));
        self
    }

    /// Runs in a folder below from now on.
    pub fn below(mut self, name: &str) -> Self {
        self.below = name.into();
        self
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[impl AsRef<OsStr>]) -> Command {
        self.command_of(Command::new(env!("CARGO_BIN_EXE_lunette")), arguments)
    }

    fn command_of(&self, mut command: Command, arguments: &[impl AsRef<OsStr>]) -> Command {
        command
            .args(arguments)
            .current_dir(self.folder.path().join(&self.below))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .envs(self.environment.iter().map(|(n, v)| (*n, v)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs to the end.
    pub fn run(&self, arguments: &[impl AsRef<OsStr>]) -> Ran {
        self.start(arguments).end()
    }

    /// Runs to the end with other variables; an empty one is not set.
    pub fn run_with(&self, variables: &[(&str, &str)], arguments: &[impl AsRef<OsStr>]) -> Ran {
        let mut command = self.command(arguments);
        for (name, value) in variables {
            if value.is_empty() {
                command.env_remove(name)
            } else {
                command.env(name, value)
            };
        }
        let mut running = Self::running(command, arguments, &self.stdin);
        running.stdout = running.child.stdout.take().map(Reading::start);
        running.end()
    }

    /// Runs to the end without the superuser's right to write where it is not permitted.
    pub fn run_bound(&self, arguments: &[impl AsRef<OsStr>]) -> Ran {
        if !rustix::process::geteuid().is_root() {
            return self.run(arguments);
        }
        self.run_by("setpriv", &["--bounding-set=-dac_override,-dac_read_search"], arguments)
    }

    /// Runs to the end on a disk that takes no file larger than this many blocks of 512 bytes.
    pub fn run_full(&self, blocks: u32, arguments: &[impl AsRef<OsStr>]) -> Ran {
        let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
        self.run_by("sh", &["-c", &script], arguments)
    }

    fn run_by(&self, program: &str, before: &[&str], arguments: &[impl AsRef<OsStr>]) -> Ran {
        let mut command = Command::new(program);
        command.args(before).arg(env!("CARGO_BIN_EXE_lunette"));
        let mut running = Self::running(self.command_of(command, arguments), arguments, &self.stdin);
        running.stdout = running.child.stdout.take().map(Reading::start);
        running.end()
    }

    /// Runs to the end with a stdout that nobody reads.
    pub fn run_unread(&self, arguments: &[impl AsRef<OsStr>]) -> Ran {
        let mut running = self.spawn(arguments);
        drop(running.child.stdout.take());
        running.end()
    }

    /// Starts it and gives stdin.
    pub fn start(&self, arguments: &[impl AsRef<OsStr>]) -> Running {
        let mut running = self.spawn(arguments);
        running.stdout = running.child.stdout.take().map(Reading::start);
        running
    }

    fn spawn(&self, arguments: &[impl AsRef<OsStr>]) -> Running {
        Self::running(self.command(arguments), arguments, &self.stdin)
    }

    fn running(mut command: Command, arguments: &[impl AsRef<OsStr>], stdin_bytes: &[u8]) -> Running {
        let shown = arguments.iter().map(|a| a.as_ref().to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
        let mut child = command.spawn().expect("the binary starts");
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads no stdin closes it, and that is no fault.
            let bytes = stdin_bytes.to_vec();
            std::thread::spawn(move || stdin.write_all(&bytes));
        }
        let stderr = child.stderr.take().map(Reading::start);
        Running { child, shown, stdout: None, stderr, began: Instant::now(), peak_kib: None }
    }
}

/// A stream that is read as it comes.
struct Reading {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Reading {
    fn start(mut from: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut block = vec![0; 64 << 10];
            while let Ok(n @ 1..) = from.read(&mut block) {
                to.lock().expect("no thread panics while it holds this").extend_from_slice(&block[..n]);
            }
        });
        Self { bytes, thread }
    }

    fn so_far(&self) -> Vec<u8> {
        self.bytes.lock().expect("no thread panics while it holds this").clone()
    }

    fn end(self) -> Vec<u8> {
        self.thread.join().expect("the reader ends");
        std::mem::take(&mut *self.bytes.lock().expect("no thread panics while it holds this"))
    }
}

/// A process that runs. Dropping it kills it.
pub struct Running {
    child: Child,
    shown: String,
    stdout: Option<Reading>,
    stderr: Option<Reading>,
    began: Instant,
    peak_kib: Option<u64>,
}

impl Running {
    /// Its number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Waits until `word` stands on stdout, and gives what stands there.
    pub fn until(&self, word: &str) -> String {
        loop {
            let text = self.stdout.as_ref().map(Reading::so_far).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            if text.contains(word) {
                return text;
            }
            assert!(self.began.elapsed() < LONGEST, "lunette {} never wrote {word:?}: {text}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end, or kills it and fails.
    pub fn end(mut self) -> Ran {
        let code = loop {
            if let Some(now) = peak(&self.child) {
                self.peak_kib = Some(now.max(self.peak_kib.unwrap_or(0)));
            }
            if let Some(status) = self.child.try_wait().expect("the process can be waited for") {
                break status.code();
            }
            assert!(self.began.elapsed() < LONGEST, "lunette {} did not end", self.shown);
            std::thread::sleep(Duration::from_millis(3));
        };
        let take = |stream: &mut Option<Reading>| stream.take().map(Reading::end).unwrap_or_default();
        Ran { code, stdout: take(&mut self.stdout), stderr: take(&mut self.stderr), peak_kib: self.peak_kib }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The high-water mark of a process's memory, in KiB.
fn peak(child: &Child) -> Option<u64> {
    let status = std::fs::File::open(Path::new("/proc").join(child.id().to_string()).join("status")).ok()?;
    let line = BufReader::new(status).lines().map_while(Result::ok).find(|l| l.starts_with("VmHWM:"))?;
    line.split_ascii_whitespace().nth(1)?.parse().ok()
}

impl Ran {
    /// stdout as text.
    pub fn out(&self) -> String {
        String::from_utf8(self.stdout.clone()).expect("stdout is UTF-8")
    }

    /// stderr as text.
    pub fn err(&self) -> String {
        String::from_utf8(self.stderr.clone()).expect("stderr is UTF-8")
    }

    /// stdout as exactly one JSON document of that kind, which holds nothing that could steer a terminal.
    pub fn json(&self, kind: &str) -> Value {
        let text = self.out();
        let hazard = text.chars().find(|c| *c != '\n' && (c.is_control() || matches!(*c, '\u{202a}'..='\u{202e}')));
        assert_eq!(hazard, None, "raw in the document");
        // The parser takes one value and refuses anything behind it.
        let document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}\n{text}\n{}", self.err()));
        assert_eq!(document["schema"], format!("lunette.{kind}/1"));
        assert_eq!(
            document.as_object().and_then(|o| o.keys().next()).map(String::as_str),
            Some("schema"),
            "the schema stands first"
        );
        document
    }

    /// Ended with this code.
    #[track_caller]
    pub fn ended(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out(), self.err());
        self
    }

    /// One sentence on stderr that holds all of `words`; nothing of a panic, nothing raw.
    #[track_caller]
    pub fn says(&self, words: &[&str]) -> &Self {
        let err = self.err();
        assert_eq!(err.lines().count(), 1, "one line: {err}");
        assert!(err.starts_with("lunette: ") && err.ends_with('\n'), "{err:?}");
        assert!(!err.trim_end().chars().any(char::is_control), "{err:?}");
        for word in words {
            assert!(err.contains(word), "{word:?} is not in: {err}");
        }
        self
    }

    /// A usage error: exit 2, nothing on stdout, one sentence.
    #[track_caller]
    pub fn usage(&self, words: &[&str]) -> &Self {
        self.ended(2);
        assert_eq!(self.out(), "", "stdout stays empty");
        self.says(words)
    }
}
