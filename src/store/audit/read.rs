//! Reads the audit log: verifies its chain, and lists what was sent.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use rustix::fs::FlockOperation;
use serde_json::Value;

use super::line::{self, Line, START};
use super::{Locked, PATIENCE, path, unread};
use crate::base::hash::sha256_hex;
use crate::base::{Result, Stamp};
use crate::store::seal::Keys;
use crate::wire::Target;

/// Bytes that may stand between a torn line and its mark.
const MOST_TORN: usize = 1 << 20;

/// The chain of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain {
    /// Lines that follow one another from the first.
    pub lines: u64,
    /// The hash of the last of them.
    pub head: String,
    /// Torn lines among them that were marked.
    pub torn: u64,
    /// Intents without a result: a crash, or an exchange that still runs.
    pub open: u64,
    /// Lines with a mark.
    pub marked: u64,
    /// The last line, by its number in the chain, that a mark vouches for, once every mark was held against the vault's
    /// keys; `None` without them.
    pub vouched: Option<u64>,
    /// Where it breaks.
    pub broken: Option<Broken>,
    /// Whether the head that was asked for stands in it; `None` when none was.
    pub anchored: Option<bool>,
}

/// Where a chain breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// Line of the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: &'static str,
}

/// Which of the exchanges to list.
#[derive(Debug, Clone, Default)]
pub struct Select {
    /// Asked for by this.
    pub who: Option<String>,
    /// Sent to this host.
    pub host: Option<String>,
    /// And this port.
    pub port: Option<u16>,
    /// At this instant or later.
    pub since: Option<Stamp>,
}

/// An exchange as it stands in the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// The line written before.
    pub intent: Value,
    /// The line written after.
    pub result: Option<Value>,
}

impl Select {
    fn takes(&self, intent: &Value) -> bool {
        let text = |name: &str| intent.get(name).and_then(Value::as_str).unwrap_or_default();
        let origin = Target::parse(text("url").as_bytes()).ok().map(|t| t.origin);
        self.who.as_ref().is_none_or(|who| who == text("who"))
            && self.host.as_ref().is_none_or(|h| origin.as_ref().is_some_and(|o| o.host == *h))
            && self.port.is_none_or(|p| origin.as_ref().is_some_and(|o| o.port == p))
            && self.since.is_none_or(|since| Stamp::parse(text("time")).is_some_and(|t| t >= since))
    }
}

/// Reads the log of a workspace as far as it is written now. `head`: one printed earlier, which must stand in it. `keys`: those
/// of the vault, to hold the marks against. Gives the chain, and the exchanges that `select` takes; none without it.
///
/// # Errors
/// A log that is not there or cannot be read. A broken chain is none: it is in what is given.
pub fn scan(
    workspace: &Path,
    head: Option<&str>,
    keys: Option<&Keys>,
    select: Option<&Select>,
) -> Result<(Chain, Vec<Sent>)> {
    let path = path(workspace);
    let file = File::open(&path).map_err(|e| unread(&path, &e))?;
    // Under the lock no line is half written; what comes later is not read.
    let length = Locked::take(&file, FlockOperation::NonBlockingLockShared, PATIENCE)
        .and_then(|_locked| file.metadata())
        .map_err(|e| unread(&path, &e))?
        .len();
    let mut from = BufReader::with_capacity(1 << 16, file.take(length));
    let mut reader = Reader::new(head, keys);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let n = from.read_until(b'\n', &mut bytes).map_err(|e| unread(&path, &e))?;
        if n == 0 {
            break;
        }
        reader.line(&bytes, select);
    }
    Ok(reader.end())
}

struct Reader<'a> {
    chain: Chain,
    wanted: Option<&'a str>,
    keys: Option<&'a Keys>,
    at: u64,
    /// Bytes that do not belong to the chain, unless a mark that follows names them.
    pending: Vec<u8>,
    suspect: Option<Broken>,
    open: HashMap<u64, Option<usize>>,
    sent: Vec<Sent>,
}

impl<'a> Reader<'a> {
    fn new(wanted: Option<&'a str>, keys: Option<&'a Keys>) -> Self {
        let chain = Chain {
            lines: 0,
            head: START.to_owned(),
            torn: 0,
            open: 0,
            marked: 0,
            vouched: keys.map(|_| 0),
            broken: None,
            anchored: wanted.map(|_| false),
        };
        Self { chain, wanted, keys, at: 0, pending: Vec::new(), suspect: None, open: HashMap::new(), sent: Vec::new() }
    }

    fn line(&mut self, bytes: &[u8], select: Option<&Select>) {
        self.at += 1;
        let ended = bytes.strip_suffix(b"\n");
        let read = ended.and_then(line::read);
        let value = read.as_ref().map(|l| l.value.clone());
        if let Some(value) = value.or_else(|| serde_json::from_slice(ended.unwrap_or(bytes)).ok()) {
            self.list(value, select);
        }
        if self.chain.broken.is_some() {
            return;
        }
        match read {
            Some(line) if self.keys.is_some_and(|k| !line::vouched(ended.unwrap_or(bytes), &line, k)) => {
                let what = "its mark is not the vault's: it was written anew without the key";
                self.chain.broken = Some(Broken { line: self.at, what });
            }
            Some(line) if self.follows(&line) => {
                self.chain.lines += 1;
                if line.mark.is_some() {
                    self.chain.marked += 1;
                    self.chain.vouched = self.chain.vouched.map(|_| line.seq);
                }
                self.chain.head.clone_from(&line.hash);
                if self.wanted == Some(line.hash.as_str()) {
                    self.chain.anchored = Some(true);
                }
            }
            read => {
                let what = match (&read, ended) {
                    (Some(_), _) => "it does not follow the line before it: one was dropped, added or moved",
                    (None, Some(_)) => "it is not what its hash says: it was edited",
                    (None, None) => {
                        "it is not whole: it was edited, or a crash tore it; the next send marks it as torn"
                    }
                };
                self.suspect.get_or_insert(Broken { line: self.at, what });
                self.pending.extend_from_slice(bytes);
                if self.pending.len() > MOST_TORN {
                    self.chain.broken = self.suspect.take();
                }
            }
        }
    }

    /// True when the line is the next of the chain: right behind the head, or a mark of the torn bytes in between.
    fn follows(&mut self, line: &Line) -> bool {
        if line.prev != self.chain.head || line.seq != self.chain.lines + 1 {
            return false;
        }
        let torn = line.value["kind"] == "torn";
        if self.suspect.is_none() {
            return !torn;
        }
        let bytes = self.pending.strip_suffix(b"\n").unwrap_or(&self.pending);
        if !torn || line.value["sha256"] != sha256_hex(bytes) || line.value["bytes"] != bytes.len() {
            return false;
        }
        self.chain.torn += 1;
        self.suspect = None;
        self.pending.clear();
        true
    }

    fn list(&mut self, value: Value, select: Option<&Select>) {
        let number = |name: &str| value.get(name).and_then(Value::as_u64);
        match (value.get("kind").and_then(Value::as_str), number("seq"), number("intent")) {
            (Some("intent"), Some(seq), _) => {
                let taken = select.is_some_and(|s| s.takes(&value)).then(|| {
                    self.sent.push(Sent { intent: value.clone(), result: None });
                    self.sent.len() - 1
                });
                self.open.insert(seq, taken);
            }
            (Some("result"), _, Some(intent)) => {
                if let Some(Some(index)) = self.open.remove(&intent) {
                    self.sent[index].result = Some(value);
                }
            }
            _ => {}
        }
    }

    fn end(mut self) -> (Chain, Vec<Sent>) {
        self.chain.broken = self.chain.broken.or(self.suspect);
        self.chain.open = self.open.len() as u64;
        (self.chain, self.sent)
    }
}
