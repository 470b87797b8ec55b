//! Raw mode, the alternate screen and all that goes with them, given back on drop, on panic and on signals.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;

use crossterm::cursor::Show;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, KeyboardEnhancementFlags,
    PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};
use signal_hook::consts::SIGCONT;

use crate::base::text::{display_str, panic_text};
use crate::base::{Error, Result};
use crate::tui::effect::Msg;

/// Whether the terminal is ours. One for the process: the panic hook has nothing else to go by.
static OURS: AtomicBool = AtomicBool::new(false);
/// Whether the keyboard protocol was asked for and has to be put back.
static KEYBOARD: AtomicBool = AtomicBool::new(false);

/// While this lives, the terminal is ours.
#[must_use = "the terminal is given back when this is dropped"]
pub struct Guard {
    mouse: bool,
}

impl Guard {
    /// Takes the terminal over.
    ///
    /// # Errors
    /// There is no terminal at both ends, or it refuses raw mode.
    pub fn enter(mouse: bool) -> Result<Self> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Error::input("there is no terminal to draw on")
                .hint("without one use `lunette inventory`, `lunette send`, `lunette grade` or `lunette jwt`"));
        }
        // NO_COLOR is resolved to a theme; crossterm's own switch would also wipe bold and reverse.
        crossterm::style::force_color_output(true);
        let guard = Self { mouse };
        guard.take().map_err(|e| {
            give_back();
            Error::input(format!("the terminal refuses raw mode: {}", display_str(&e.to_string())))
        })?;
        Ok(guard)
    }

    fn take(&self) -> io::Result<()> {
        OURS.store(true, Ordering::SeqCst);
        enable_raw_mode()?;
        let mut out = io::stdout();
        queue!(out, EnterAlternateScreen, EnableBracketedPaste)?;
        if self.mouse {
            queue!(out, EnableMouseCapture)?;
        }
        if speaks_kitty() {
            queue!(out, PushKeyboardEnhancementFlags(KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES))?;
            KEYBOARD.store(true, Ordering::SeqCst);
        }
        out.flush()
    }

    /// Takes the mouse, or gives it back to the terminal.
    pub fn mouse(&mut self, on: bool) -> io::Result<()> {
        self.mouse = on;
        if on { execute!(io::stdout(), EnableMouseCapture) } else { execute!(io::stdout(), DisableMouseCapture) }
    }

    /// Gives the terminal back, stops the process until it is continued, and takes the terminal again.
    pub fn sleep(&self) -> io::Result<()> {
        let woken = Arc::new(AtomicBool::new(false));
        let handler = signal_hook::flag::register(SIGCONT, Arc::clone(&woken))?;
        give_back();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::STOP)?;
        // The stop may strike another thread first, and this one must not take the terminal again before it does.
        while !woken.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(5));
        }
        signal_hook::low_level::unregister(handler);
        self.take()
    }

    /// Gives the terminal back while another program has it, and takes it again.
    pub fn lend<T>(&self, run: impl FnOnce() -> T) -> io::Result<T> {
        give_back();
        let out = run();
        self.take()?;
        Ok(out)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Puts everything back, once. What fails here cannot be told to anyone.
fn give_back() {
    if !OURS.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    if KEYBOARD.swap(false, Ordering::SeqCst) {
        let _ = queue!(out, PopKeyboardEnhancementFlags);
    }
    let _ = queue!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, Show);
    let _ = out.flush();
    let _ = disable_raw_mode();
}

/// Terminals known to tell Ctrl+Enter from Enter when asked. Nothing depends on it, so nobody is queried and waited for.
fn speaks_kitty() -> bool {
    let var = |name| std::env::var(name).unwrap_or_default();
    let term = var("TERM");
    var("TMUX").is_empty()
        && (["xterm-kitty", "xterm-ghostty", "foot", "alacritty"].iter().any(|t| term.starts_with(t))
            || ["WezTerm", "ghostty"].contains(&var("TERM_PROGRAM").as_str()))
}

/// What a panic did before the screen had it.
pub type PanicHook = Box<dyn Fn(&std::panic::PanicHookInfo<'_>) + Send + Sync>;

/// Makes a panic of the drawing thread give the terminal back first and then print its message escaped; a panic of any
/// other thread becomes a message on the screen that goes on. Gives what a panic did before.
pub fn install_panic_hook(others: Sender<Msg>) -> PanicHook {
    let drawing = std::thread::current().id();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let place = info.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let text = panic_text(info);
        if std::thread::current().id() == drawing {
            give_back();
            let _ = writeln!(io::stderr(), "lunette failed at {place}: {text}");
        } else {
            let _ = others.send(Msg::Panicked(format!("a part of lunette failed at {place}: {text}")));
        }
    }));
    before
}
