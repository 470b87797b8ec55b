//! The threads that feed the screen: keys, signals, and what the app tells.

use std::sync::mpsc::{Receiver, Sender};
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

/// Starts all three.
pub fn start(to: &Sender<Msg>, events: Receiver<app::Event>) -> Result<()> {
    signals(to.clone())?;
    keys(to.clone())?;
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

fn keys(to: Sender<Msg>) -> Result<()> {
    spawn("keys", move || {
        let closed = to.clone();
        read_keys(&to);
        let _ = closed.send(Msg::InputClosed);
    })
}

/// Reads until the terminal is gone. The reader below spins for ever on a closed terminal, so it is only asked once
/// poll(2) has said that there is something to read.
fn read_keys(to: &Sender<Msg>) {
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

fn signals(to: Sender<Msg>) -> Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGWINCH])
        .map_err(|e| Error::input(format!("signals cannot be handled: {e}")))?;
    spawn("signals", move || {
        for signal in signals.forever() {
            let msg = if signal == SIGWINCH { Msg::Resize } else { Msg::Signal(signal) };
            if to.send(msg).is_err() {
                return;
            }
        }
    })
}
