//! A reply that goes on, printed while it comes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::report::exchange::{self, Secrets};
use crate::wire::stream::EVENT_STREAM;
use crate::wire::{Arriving, Response, Watch};

use super::output::Output;

/// Prints the head of a reply that goes on, and its body as it comes: whole events, or whole lines, so that what is secret in
/// one is found.
#[derive(Default)]
pub struct Printed {
    begun: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The head, whose fields say how the body is masked.
    reply: Response,
    events: bool,
    pending: Vec<u8>,
}

/// Bytes of one event that are waited for; one that is longer is printed in parts.
const MOST_PENDING: usize = 1 << 20;

impl Printed {
    /// Whether anything was printed.
    pub fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// What prints.
    pub fn watch(self: &Arc<Self>, output: Output, secrets: Secrets) -> Watch {
        let printed = Arc::clone(self);
        Arc::new(move |arriving| {
            let mut state = printed.state.lock().unwrap_or_else(PoisonError::into_inner);
            match arriving {
                Arriving::Head(so_far) => {
                    printed.begun.store(true, Ordering::Relaxed);
                    let reply = so_far.response.clone().unwrap_or_default();
                    let events = reply.media_type().is_some_and(|t| t == EVENT_STREAM);
                    output.text(&exchange::head_lines(&reply, secrets));
                    *state = State { reply, events, pending: Vec::new() };
                }
                Arriving::Body(part, _) => {
                    state.pending.extend_from_slice(&part);
                    let from = state.pending.len().saturating_sub(part.len() + 3);
                    let end = whole(&state.pending, from, state.events);
                    let end = if state.pending.len() > MOST_PENDING { state.pending.len() } else { end };
                    state.print(end, output, secrets);
                }
            }
        })
    }

    /// Prints what is left at the end.
    pub fn finish(&self, output: Output, secrets: Secrets) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let end = state.pending.len();
        state.print(end, output, secrets);
    }
}

impl State {
    fn print(&mut self, end: usize, output: Output, secrets: Secrets) {
        if end > 0 {
            let mut part = self.pending.drain(..end).collect::<Vec<u8>>();
            // The end of its last line is written with it.
            part.pop_if(|b| *b == b'\n');
            self.reply.body = part.into();
            output.text(&exchange::body_lines(&self.reply, secrets));
        }
    }
}

/// Where the last whole event, or line, of what is pending ends; looked for from `from` on. A carriage return at the very end
/// may have a line feed behind it.
fn whole(pending: &[u8], from: usize, events: bool) -> usize {
    let tail = &pending[from..];
    let last = if events {
        let ends: [&[u8]; 3] = [b"\n\n", b"\r\n\r\n", b"\r\r"];
        ends.iter().filter_map(|e| memchr::memmem::rfind(tail, e).map(|i| i + e.len())).max()
    } else {
        memchr::memrchr(b'\n', tail).map(|i| i + 1)
    };
    last.map_or(0, |end| from + end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_events_and_lines_are_printed() {
        for (pending, events, want) in [
            (&b"data: 1\n"[..], true, 0),
            (b"data: 1\n\nda", true, 9),
            (b"data: 1\r\n\r\nd", true, 11),
            (b"data: 1\r\rd", true, 9),
            (b"{\"a\":1}\n{\"b\"", false, 8),
        ] {
            assert_eq!(whole(pending, 0, events), want, "{pending:?}");
        }
    }
}
