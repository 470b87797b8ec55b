//! A log that is read by several threads: one gives out blocks of whole lines, each of the others counts a share.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::thread::{Scope, ScopedJoinHandle};

use crate::inventory::{Builder, Share};

/// More threads than this wait for the disk.
const MOST: usize = 8;
/// Blocks that wait for one thread.
const WAITING: usize = 2;
/// A line longer than this is left to the one who keeps the rest of it.
const LONGEST: usize = 4 << 20;

/// How many threads read a log on this machine.
pub(super) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from).min(MOST)
}

enum Work {
    Block(u64, Vec<u8>),
    /// What was counted until now is wanted.
    Give(Sender<Option<Share>>),
}

/// The threads, and what stands between two blocks.
pub(super) struct Crew<'scope> {
    hands: Vec<(SyncSender<Work>, ScopedJoinHandle<'scope, Share>)>,
    /// Blocks that were read and can be filled again.
    empty: Receiver<Vec<u8>>,
    /// The start of a line whose end is in the next block.
    rest: Vec<u8>,
    number: u64,
    /// The line that was open when the crew began belongs to the one who read its start.
    begun: bool,
}

impl<'scope> Crew<'scope> {
    /// Starts as many threads as there are; `None` where one is enough, or as long as nothing can be shared.
    pub fn start<'env>(scope: &'scope Scope<'scope, 'env>, builder: &Builder, threads: usize) -> Option<Self> {
        if threads < 2 {
            return None;
        }
        let (done, empty) = channel::<Vec<u8>>();
        let hands = (0..threads).map(|_| {
            let mut share = builder.share()?;
            let (give, take) = sync_channel::<Work>(WAITING);
            let done = done.clone();
            let hand = scope.spawn(move || {
                while let Ok(work) = take.recv() {
                    match work {
                        Work::Block(number, block) => {
                            share.feed(number, &block);
                            let _ = done.send(block);
                        }
                        Work::Give(to) => drop(to.send(share.give())),
                    }
                }
                share
            });
            Some((give, hand))
        });
        let hands = hands.collect::<Option<Vec<_>>>()?;
        Some(Self { hands, empty, rest: Vec::new(), number: 1, begun: false })
    }

    /// Gives out the next block, cut anywhere. What is left to the builder is what it has to be fed.
    pub fn feed<'b>(&mut self, block: &'b [u8]) -> &'b [u8] {
        let mut block = block;
        let mut own: &[u8] = &[];
        if !self.begun {
            let end = memchr::memchr(b'\n', block).map_or(block.len(), |at| at + 1);
            self.begun = end < block.len() || block.ends_with(b"\n");
            (own, block) = block.split_at(end);
        }
        let Some(last) = memchr::memrchr(b'\n', block) else {
            self.rest.extend_from_slice(block);
            return own;
        };
        let mut whole = match self.empty.try_recv() {
            Ok(used) => used,
            Err(TryRecvError::Empty | TryRecvError::Disconnected) => Vec::with_capacity(block.len() + self.rest.len()),
        };
        whole.clear();
        whole.append(&mut self.rest);
        whole.extend_from_slice(&block[..=last]);
        self.rest.extend_from_slice(&block[last + 1..]);
        let at = usize::try_from(self.number).unwrap_or(0) % self.hands.len();
        let _ = self.hands[at].0.send(Work::Block(self.number, whole));
        self.number += 1;
        own
    }

    /// The start of a line that is too long to be held here; the builder has to be fed with it, and with the rest of it.
    pub fn too_long(&mut self) -> Option<Vec<u8>> {
        if self.rest.len() <= LONGEST {
            return None;
        }
        self.begun = false;
        Some(std::mem::take(&mut self.rest))
    }

    /// Number of the next block that is given out.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Puts into the builder what was counted until now.
    pub fn collect(&self, builder: &mut Builder) {
        let (to, shares) = channel();
        for (give, _) in &self.hands {
            let _ = give.send(Work::Give(to.clone()));
        }
        drop(to);
        shares.iter().flatten().for_each(|share| builder.join(share));
    }

    /// The end: everything into the builder, and what is left of the last line, which it has to be fed.
    pub fn finish(self, builder: &mut Builder) -> Vec<u8> {
        for (give, hand) in self.hands {
            drop(give);
            if let Ok(share) = hand.join() {
                builder.join(share);
            }
        }
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;
    use std::path::{Path, PathBuf};
    use std::sync::atomic::AtomicBool;

    use super::super::load::{How, load};
    use crate::base::{Result, Stamp};
    use crate::inventory::sample::Gateway;
    use crate::wire::{BlocksRead, Listing, Load};

    /// A file in blocks of one size.
    struct Blocks(Vec<u8>, usize);

    impl Load for Blocks {
        fn whole(&self, _: &Path, _: u64) -> Result<Vec<u8>> {
            Ok(self.0.clone())
        }
        fn blocks(&self, _: &Path, each: &mut dyn FnMut(&[u8], u64) -> ControlFlow<()>) -> Result<BlocksRead> {
            for block in self.0.chunks(self.1) {
                if each(block, self.0.len() as u64).is_break() {
                    break;
                }
            }
            Ok(BlocksRead { bytes: self.0.len() as u64, stopped: None })
        }
        fn below(&self, _: &Path, _: &str, _: u64) -> Result<Vec<u8>> {
            Ok(Vec::new())
        }
        fn listing(&self, _: &Path) -> Result<Option<Listing>> {
            Ok(None)
        }
    }

    fn read(text: &[u8], block: usize, threads: usize, partial: bool) -> String {
        let how = How { threads: Some(threads), ..How::default() };
        let now = Stamp::from_unix(1_700_000_000).expect("date");
        let files = Blocks(text.to_vec(), block);
        let loaded = load(&[PathBuf::from("a.log")], &how, &files, now, &AtomicBool::new(false), partial, &mut |_| {});
        assert!(loaded.failures.is_empty(), "{:?}", loaded.failures);
        let list = loaded.inventory;
        format!(
            "{:#?} {:?} {:?} {:?} {} {}",
            list.endpoints, list.unparsed, list.logs, list.noise, list.log_lines, list.log_bytes
        )
    }

    #[test]
    fn any_number_of_threads_counts_the_same() {
        let mut gateway = Gateway::new(7);
        let mut text = String::new();
        for i in 0..6_000 {
            gateway.line(&mut text);
            match i {
                1_000 => text.push_str("the first that is no line\n"),
                1_001 | 5_000 => text.push_str("another\n"),
                2_000 => {
                    text.push_str(&"x".repeat(5 << 20));
                    text.push('\n');
                }
                _ => {}
            }
        }
        // The last line has no end.
        text.pop();
        let want = read(text.as_bytes(), 512 << 10, 1, false);
        assert!(want.contains("the first that is no line"));
        for (block, threads) in [(512 << 10, 2), (10_007, 3), (100_003, 8), (1 << 20, 2)] {
            assert!(read(text.as_bytes(), block, threads, threads == 3) == want, "{block} {threads}");
        }
    }
}
