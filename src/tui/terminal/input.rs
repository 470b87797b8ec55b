//! The threads that feed the screen: keys, signals, and what the app tells.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossterm::event::{self, Event};
use rustix::event::{PollFd, PollFlags, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP, SIGWINCH};
use signal_hook::iterator::Signals;

use crate::app;
use crate::base::{Error, Result};
use crate::tui::effect::Msg;

/// How long the reader may look for what is there already; it looks at nothing when it has no time at all.
const AT_HAND: Duration = Duration::from_millis(1);

/// Who has the keys of the terminal.
#[derive(Debug, Default)]
pub struct Keys {
    /// Held while keys are read, and as long as another program reads them.
    reading: Mutex<()>,
    /// Another program has the terminal.
    lent: AtomicBool,
}

impl Keys {
    /// Reads nothing while `run` goes on, and leaves to it what a keyboard sends as signals.
    pub fn lend<T>(&self, run: impl FnOnce() -> T) -> T {
        let held = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        self.lent.store(true, Ordering::SeqCst);
        let out = run();
        self.lent.store(false, Ordering::SeqCst);
        drop(held);
        out
    }
}

/// Starts all three.
pub fn start(to: &Sender<Msg>, events: Receiver<app::Event>, lent: &Arc<Keys>) -> Result<()> {
    signals(to.clone(), Arc::clone(lent))?;
    keys(to.clone(), Arc::clone(lent))?;
    let to = to.clone();
    spawn("events", move || {
        while let Ok(event) = events.recv() {
            if to.send(Msg::App(event)).is_err() {
                return;
            }
        }
    })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    std::thread::Builder::new()
        .name(format!("screen-{name}"))
        .spawn(run)
        .map(drop)
        .map_err(|e| Error::input(format!("a thread could not be started: {e}")))
}

fn keys(to: Sender<Msg>, keys: Arc<Keys>) -> Result<()> {
    spawn("keys", move || {
        let closed = to.clone();
        read_keys(&to, &keys);
        let _ = closed.send(Msg::InputClosed);
    })
}

/// Reads until the terminal is gone. The reader below spins for ever on a closed terminal, so it is only asked once
/// poll(2) has said that there is something to read.
fn read_keys(to: &Sender<Msg>, keys: &Keys) {
    let stdin = std::io::stdin();
    loop {
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut fds, None) {
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return,
        }
        let seen = fds[0].revents();
        if seen.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
            return;
        }
        // What woke us may be meant for a program that has the terminal for now: it reads it, and we wait for it to end.
        let _reading = keys.reading.lock().unwrap_or_else(PoisonError::into_inner);
        while event::poll(AT_HAND).unwrap_or(false) {
            let msg = match event::read() {
                Ok(Event::Key(key)) => Msg::Key(key),
                Ok(Event::Mouse(mouse)) => Msg::Mouse(mouse),
                Ok(Event::Paste(text)) => Msg::Paste(text),
                Ok(Event::Resize(..)) => Msg::Resize,
                Ok(_) => continue,
                Err(_) => return,
            };
            if to.send(msg).is_err() {
                return;
            }
        }
    }
}

fn signals(to: Sender<Msg>, keys: Arc<Keys>) -> Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGWINCH])
        .map_err(|e| Error::input(format!("signals cannot be handled: {e}")))?;
    spawn("signals", move || {
        for signal in signals.forever() {
            if keys.lent.load(Ordering::SeqCst) && [SIGINT, SIGQUIT, SIGTSTP].contains(&signal) {
                continue;
            }
            let msg = if signal == SIGWINCH { Msg::Resize } else { Msg::Signal(signal) };
            if to.send(msg).is_err() {
                return;
            }
        }
    })
}
