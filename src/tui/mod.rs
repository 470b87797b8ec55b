//! Floor 6: the screen. It speaks to `app` and to nothing else that acts.
//!
//! Messages arrive on one channel; everything pending is taken in, then one frame is drawn inside a synchronized update.
//! Nothing ticks: a still screen writes no byte and uses no processor. State, update and drawing of a pane live together
//! in one file under `panes`; reducers return effects, and the loop in this file carries them out.

mod chrome;
mod effect;
pub mod harness;
mod keymap;
mod notices;
mod panes;
mod root;
mod terminal;
pub mod theme;
mod widgets;

use std::io::{self, BufWriter, Stdout, Write};
use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};

use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use ratatui::Terminal;
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::layout::Rect;
use signal_hook::consts::SIGTSTP;

use crate::app::identity::Named;
use crate::app::{Ask, Event, VaultState};
use crate::base::text::display_str;
use crate::base::{Clock, Error, Result};
use crate::files::Scratch;
use effect::{Effect, Level, Msg};
use root::Root;
use terminal::{clipboard, editor, guard, input};
pub use theme::{ColorChoice, Theme};

/// With what the screen starts.
pub struct Start {
    /// Name of the workspace, or `no workspace`.
    pub workspace: String,
    /// What scope admits, in a few words, or `none`.
    pub scope: String,
    /// How the workspace's vault stands.
    pub vault: VaultState,
    /// Specifications and logs to read at once.
    pub sources: Vec<PathBuf>,
    /// Filters of the list that the workspace has saved: name and text.
    pub filters: Vec<(String, String)>,
    /// Identities to send as.
    pub identities: Vec<Named>,
    /// Names of the environments that give variables their values.
    pub environments: Vec<String>,
    /// A URL to open in the composer at once: `[METHOD] URL`.
    pub open: Option<String>,
    /// How roles look.
    pub theme: Theme,
    /// Whether the mouse is taken.
    pub mouse: bool,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// How asks reach the app. Asking never blocks.
pub type Asker = Box<dyn Fn(Ask) + Send>;

/// Runs the screen on this thread until the user leaves, the terminal goes away or a signal ends it, and returns the
/// exit code: 0, or 128 and the number of the signal (a terminal that is gone counts as SIGHUP).
///
/// # Errors
/// There is no terminal, or it cannot be written to. The terminal is restored in every case.
#[expect(clippy::needless_pass_by_value, reason = "what the asker holds has to end with the screen")]
pub fn run(start: Start, events: Receiver<Event>, ask: Asker) -> Result<i32> {
    let (to, messages) = channel();
    let mut guard = guard::Guard::enter(start.mouse)?;
    let before = guard::install_panic_hook(to.clone());
    let code = pump(start, events, &ask, &to, &messages, &mut guard);
    drop(guard);
    // What fails from here on is told in the ordinary way.
    std::panic::set_hook(before);
    match code {
        // A terminal that is gone is no failure of ours: leave as a hang-up does.
        Err(_) if rustix::termios::tcgetattr(io::stdin()).is_err() => Ok(HUNG_UP),
        code => code.map_err(|e| Error::input(format!("the terminal cannot be written to: {e}"))),
    }
}

/// Bytes that come back from an editor.
const MOST_EDITED: u64 = 16 << 20;

/// 128 and the number of SIGHUP.
const HUNG_UP: i32 = 129;

type Screen = Terminal<CrosstermBackend<BufWriter<Stdout>>>;

fn pump(
    start: Start,
    events: Receiver<Event>,
    ask: &Asker,
    to: &Sender<Msg>,
    messages: &Receiver<Msg>,
    guard: &mut guard::Guard,
) -> io::Result<i32> {
    let out = BufWriter::with_capacity(1 << 16, io::stdout());
    // Never dropped: its drop prints to stderr when the terminal is gone, and that print panics for the same reason. The
    // guard shows the cursor, and every frame is flushed.
    let mut screen = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(out))?);
    wipe(&mut screen)?;
    let keys = Arc::default();
    input::start(to, events, &keys).map_err(|e| io::Error::other(e.to_string()))?;
    let mut root = Root::new(start);
    let mut effects = root.begin();
    loop {
        for effect in std::mem::take(&mut effects) {
            if let Some(code) = carry_out(effect, &mut root, &mut screen, ask, to, (&mut *guard, &keys))? {
                return Ok(code);
            }
        }
        draw(&mut root, &mut screen)?;
        let first = match root.deadline() {
            None => messages.recv().ok(),
            Some(at) => match messages.recv_timeout(at.saturating_duration_since(std::time::Instant::now())) {
                Ok(msg) => Some(msg),
                // The notice goes: one more frame, and then nothing moves.
                Err(RecvTimeoutError::Timeout) => {
                    root.expire();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => None,
            },
        };
        let Some(first) = first else { return Ok(0) };
        let mut resized = false;
        for msg in std::iter::once(first).chain(messages.try_iter()) {
            resized |= matches!(msg, Msg::Resize);
            effects.extend(match msg {
                Msg::Signal(SIGTSTP) => vec![Effect::Suspend],
                msg => root.update(msg),
            });
        }
        if resized {
            wipe(&mut screen)?;
        }
    }
}

/// Clears the terminal and takes its size, so that the next frame is drawn whole. `Terminal::clear` would ask the terminal
/// where its cursor is and wait for the answer, which the thread that reads keys would swallow.
fn wipe(screen: &mut Screen) -> io::Result<()> {
    let size = screen.backend().size()?;
    screen.resize(Rect::new(0, 0, size.width, size.height))
}

fn draw(root: &mut Root, screen: &mut Screen) -> io::Result<()> {
    queue!(screen.backend_mut(), BeginSynchronizedUpdate)?;
    screen.draw(|frame| {
        if let Some(at) = root.draw(frame.buffer_mut()) {
            frame.set_cursor_position(at);
        }
    })?;
    queue!(screen.backend_mut(), EndSynchronizedUpdate)?;
    Write::flush(screen.backend_mut())
}

/// Carries out what concerns the world outside; the exit code when it is time to leave.
fn carry_out(
    effect: Effect,
    root: &mut Root,
    screen: &mut Screen,
    ask: &Asker,
    to: &Sender<Msg>,
    (guard, keys): (&mut guard::Guard, &input::Keys),
) -> io::Result<Option<i32>> {
    match effect {
        Effect::Ask(a) => ask(a),
        Effect::Copy(what, text) => {
            let variable = |name: &str| std::env::var_os(name).is_some_and(|v| !v.is_empty());
            if let Some(program) = clipboard::natively(&text, variable) {
                root.say(Level::Info, format!("{what} went to the clipboard of this machine by {program}"));
                return Ok(None);
            }
            match clipboard::sequence(&text, variable("TMUX")) {
                Ok((sequence, route)) => {
                    screen.backend_mut().write_all(sequence.as_bytes())?;
                    root.say(Level::Info, format!("{what} went to the terminal's clipboard by {route}"));
                }
                Err(why) => root.say(Level::Warn, format!("{what} was not copied: {why}")),
            }
        }
        Effect::EditText(name, text) => {
            // What is typed may hold a secret: the file is in a folder that only its owner enters, and goes afterwards.
            match Scratch::write(name, text.as_bytes()) {
                Ok(scratch) => {
                    edit(scratch.path(), None, root, screen, (guard, keys))?;
                    match scratch.read(MOST_EDITED) {
                        Ok(edited) => {
                            let edited = match edited.strip_suffix('\n') {
                                // Editors end a file with a line break of their own.
                                Some(rest) if !text.ends_with('\n') => rest.to_owned(),
                                _ => edited,
                            };
                            let _ = to.send(Msg::Edited(edited));
                        }
                        Err(e) => root.say(
                            Level::Error,
                            format!("what was edited cannot be read, and the text stays as it was: {e}"),
                        ),
                    }
                }
                Err(e) => root.say(Level::Error, format!("no file can be made to edit: {e}")),
            }
        }
        Effect::Edit(file, line) => edit(&file, line, root, screen, (guard, keys))?,
        Effect::Work(work) => {
            let to = to.clone();
            let spawned = std::thread::Builder::new().name("screen-work".to_owned()).spawn(move || {
                let _ = to.send(work());
            });
            if let Err(e) = spawned {
                root.say(Level::Error, format!("a thread could not be started: {e}"));
            }
        }
        Effect::Mouse(on) => guard.mouse(on)?,
        Effect::Redraw => wipe(screen)?,
        Effect::Suspend => {
            guard.sleep()?;
            wipe(screen)?;
        }
        Effect::Quit(code) => return Ok(Some(code)),
        // The rest was settled by the screen itself.
        _ => {}
    }
    Ok(None)
}

/// Hands the terminal to the reviewer's editor until it ends.
fn edit(
    file: &std::path::Path,
    line: Option<u64>,
    root: &mut Root,
    screen: &mut Screen,
    (guard, keys): (&guard::Guard, &input::Keys),
) -> io::Result<()> {
    let name = file.to_string_lossy();
    let shown = display_str(&name);
    if !file.is_file() {
        root.say(Level::Warn, format!("{shown} is no file on this disk"));
        return Ok(());
    }
    let set = ["VISUAL", "EDITOR"].iter().filter_map(|v| std::env::var(v).ok()).find(|v| !v.trim().is_empty());
    let Some(command) = set.and_then(|editor| editor::command(&editor, &name, line)) else {
        root.say(Level::Warn, "no editor is set: leave, and set VISUAL or EDITOR, for example EDITOR=vi".to_owned());
        return Ok(());
    };
    let ran = keys.lend(|| guard.lend(|| editor::run(&command)))?;
    wipe(screen)?;
    if let Err(why) = ran {
        let program = command.first().map(|c| display_str(c)).unwrap_or_default();
        root.say(Level::Error, format!("{program}: {}", display_str(&why)));
    }
    Ok(())
}
