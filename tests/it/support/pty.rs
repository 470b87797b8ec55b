//! A real terminal for a real program: a pseudo-terminal, an emulator that reads what is written to it, and deadlines.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use portable_pty::CommandBuilder;
use portable_pty::{Child, ExitStatus, MasterPty, PtySize, native_pty_system};

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The bits of a terminal's modes that a program changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modes {
    /// Whether typed characters are echoed.
    pub echo: bool,
    /// Whether input is taken line by line.
    pub canonical: bool,
}

/// A program on a terminal.
pub struct Pty {
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Option<Box<dyn Write + Send>>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    reader: Option<JoinHandle<()>>,
    hung_up: Arc<AtomicBool>,
    parser: vt100::Parser,
    /// Every byte the program wrote.
    pub raw: Vec<u8>,
    /// The modes before the program started.
    pub before: Modes,
}

impl Pty {
    /// Starts `command` on a terminal of this size. An emulator cannot be narrower than two cells.
    pub fn spawn(command: CommandBuilder, cols: u16, rows: u16) -> Self {
        let (cols, rows) = (cols.max(2), rows.max(2));
        let pair = native_pty_system().openpty(size(cols, rows)).expect("a pseudo-terminal");
        let before = modes(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (to, output) = channel();
        let hung_up = Arc::new(AtomicBool::new(false));
        let stop = Arc::clone(&hung_up);
        let reader = std::thread::spawn(move || {
            let mut block = [0; 8_192];
            while let Ok(n) = reader.read(&mut block) {
                if n == 0 || to.send(block[..n].to_vec()).is_err() || stop.load(Ordering::SeqCst) {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().ok();
        Self {
            master: Some(pair.master),
            writer,
            child,
            output,
            reader: Some(reader),
            hung_up,
            parser: vt100::Parser::new(rows, cols, 0),
            raw: Vec::new(),
            before,
        }
    }

    /// Types bytes as a terminal sends them.
    pub fn send(&mut self, bytes: &[u8]) -> &mut Self {
        let writer = self.writer.as_mut().expect("the terminal is open");
        writer.write_all(bytes).expect("the terminal takes input");
        writer.flush().expect("the terminal takes input");
        self
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, cols: u16, rows: u16) -> &mut Self {
        let (cols, rows) = (cols.max(2), rows.max(2));
        if let Some(master) = &self.master {
            master.resize(size(cols, rows)).expect("a new size");
        }
        self.parser.screen_mut().set_size(rows, cols);
        self
    }

    /// Takes in what was written until `done` says so.
    ///
    /// # Panics
    /// When it never does, with the screen as it stands.
    pub fn until(&mut self, what: &str, done: impl Fn(&vt100::Screen) -> bool) -> &mut Self {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if done(self.parser.screen()) {
                return self;
            }
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(e) => {
                    let contents = self.parser.screen().contents();
                    panic!("never came: {what} ({e})\n{contents}");
                }
            }
        }
    }

    /// Waits for text on the screen.
    pub fn sees(&mut self, text: &str) -> &mut Self {
        self.until(text, |s| s.contents().contains(text))
    }

    /// Every byte written during `period`.
    pub fn during(&mut self, period: Duration) -> Vec<u8> {
        let from = self.raw.len();
        let deadline = Instant::now() + period;
        while let Ok(bytes) = self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            self.take(&bytes);
        }
        self.raw[from..].to_vec()
    }

    fn take(&mut self, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.parser.process(bytes);
    }

    /// The screen.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// The modes of the terminal now.
    pub fn modes(&self) -> Modes {
        modes(self.master.as_ref().expect("the terminal is open").as_ref())
    }

    /// The program's number.
    pub fn id(&self) -> i32 {
        self.child.process_id().and_then(|id| i32::try_from(id).ok()).expect("it runs")
    }

    /// Sends the program a signal by its name, for example `TERM`.
    pub fn signal(&mut self, name: &str) -> &mut Self {
        let done = std::process::Command::new("kill").arg(format!("-{name}")).arg(self.id().to_string()).status();
        assert!(done.is_ok_and(|s| s.success()), "kill -{name}");
        self
    }

    /// The state letter of the process, for example `T` for stopped; a space when it is gone.
    pub fn state(&self) -> char {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap_or_default();
        stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next()).unwrap_or(' ')
    }

    /// Clock ticks of processor time used so far.
    pub fn ticks(&self) -> u64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.id())).unwrap_or_default();
        let fields = stat.rsplit_once(") ").map_or(Vec::new(), |(_, rest)| rest.split(' ').collect());
        [11, 12].iter().filter_map(|i| fields.get(*i)?.parse::<u64>().ok()).sum()
    }

    /// Closes the terminal as a lost connection does, for a program that draws when its terminal changes size.
    pub fn hang_up(&mut self) -> &mut Self {
        // The reader holds the terminal open and wakes only when something is written.
        self.hung_up.store(true, Ordering::SeqCst);
        self.resize(90, 25);
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader ends");
        }
        self.writer = None;
        self.master = None;
        self
    }

    /// Waits for the end and takes in the last output.
    pub fn ends(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("a state") {
                break status;
            }
            assert!(Instant::now() < deadline, "never ended:\n{}", self.parser.screen().contents());
            if let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(20)) {
                self.take(&bytes);
            }
        };
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(200)) {
            self.take(&bytes);
        }
        status
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(cols: u16, rows: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

fn modes(master: &(dyn MasterPty + Send)) -> Modes {
    let modes = master.get_termios().expect("modes");
    let text = format!("{modes:?}");
    Modes {
        echo: text.contains("ECHO ") || text.contains("ECHO,") || text.contains("ECHO)"),
        canonical: text.contains("ICANON"),
    }
}
