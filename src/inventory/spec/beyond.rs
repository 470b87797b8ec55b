//! What a document declares in other files of its folder: whole `paths`, path items, operations.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::part::{Part, Shelf, Target, Walked};
use super::paths::Stand;
use super::read::{Found, Reader, short};
use super::text::{Lines, tokens};
use super::{OperationKind, Problem, Server};
use crate::base::text::display_str;

/// References from file to file followed in a row.
const MOST_HOPS: usize = 8;

/// A reference that the first walk left for later.
pub(super) struct Pending {
    pub what: What,
    /// Where it leads, or why it is not followed.
    pub target: Result<Target, &'static str>,
    /// As written.
    pub reference: String,
    /// Source, pointer and line of the reference.
    pub source: Arc<str>,
    pub at: String,
    pub line: Option<u64>,
    pub hops: usize,
}

/// What a reference stands for.
pub(super) enum What {
    /// All paths.
    Paths,
    /// A path item.
    Item { kind: OperationKind, path: String, servers: Arc<[Server]>, nesting: usize },
    /// An operation that is listed already.
    Operation(usize),
}

/// The document itself, for references that lead back to it.
pub(super) struct Desk<'d> {
    pub source: &'d Arc<str>,
    pub text: &'d str,
    pub lines: &'d Lines,
    pub yaml_lines: Option<&'d HashMap<String, u64>>,
    pub root: &'d str,
    pub minor: u8,
}

/// Follows what is pending, and what that leaves pending, and gives the files that were read.
pub(super) fn read(
    desk: &mut Desk<'_>,
    found: &mut Found,
    mut shelf: Shelf<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<Arc<Part>> {
    let mut parts: Vec<Arc<Part>> = Vec::new();
    let mut about: Vec<(Arc<str>, Lines)> = Vec::new();
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut walked = Walked::default();
    let mut queue: VecDeque<Pending> = std::mem::take(&mut found.pending).into();
    while let Some(pending) = queue.pop_front() {
        let opened = pending.target.as_ref().map_err(|e| (*e).to_owned()).and_then(|target| {
            if pending.hops >= MOST_HOPS {
                return Err("leads from file to file without an end".to_owned());
            }
            if target.name.is_empty() {
                return Ok((target, None));
            }
            if let Some(number) = numbers.get(&target.name) {
                return Ok((target, Some(*number)));
            }
            let part = shelf.part(&target.name)?;
            let source: Arc<str> = Arc::from(beside(desk.source, desk.root, &part.name));
            about.push((source, Lines::new(&part.text)));
            parts.push(part);
            numbers.insert(target.name.clone(), parts.len() - 1);
            Ok((target, Some(parts.len() - 1)))
        });
        let fail = |problems: &mut Vec<Problem>, why: &str| {
            problems.push(Problem {
                source: pending.source.clone(),
                location: display_str(&pending.at),
                line: pending.line,
                message: format!("the reference {} {why}", short(&pending.reference)),
            });
        };
        let (target, number) = match opened {
            Ok(opened) => opened,
            Err(why) => {
                fail(problems, &why);
                continue;
            }
        };
        let mut reader = match number {
            None => Reader::new(desk.text, desk.source, desk.lines, desk.yaml_lines, desk.root),
            Some(number) => {
                let (part, (source, lines)) = (&parts[number], &about[number]);
                let mut reader = Reader::new(&part.text, source, lines, part.yaml_lines.as_ref(), &part.name);
                reader.part = u32::try_from(number + 1).unwrap_or(u32::MAX);
                reader
            }
        };
        (reader.root, reader.minor) = (desk.root, desk.minor);
        let path = tokens(&target.fragment);
        let mut spend = |bytes: usize| found.again.checked_sub(bytes).map(|left| found.again = left).is_some();
        let Some(span) = walked.locate(&target.name, reader.text, &path, &mut spend) else {
            fail(problems, "names a part that is not there");
            continue;
        };
        let node = span.slice(reader.text);
        match pending.what {
            What::Paths => reader.paths_at(node, &target.fragment, found),
            What::Item { kind, path, servers, nesting } => {
                let stand = Stand { kind, path: &path, at: &target.fragment, servers, nesting, hops: pending.hops + 1 };
                reader.item(&stand, node, found);
            }
            What::Operation(index) => reader.operation_beyond(index, node, &target.fragment, pending.hops + 1, found),
        }
        problems.extend(reader.finish());
        queue.extend(found.pending.drain(..));
    }
    parts
}

/// Name of a file of the folder, in the words in which the user named the document.
fn beside(source: &str, root: &str, name: &str) -> String {
    if super::part::is_remote(name) {
        return name.to_owned();
    }
    format!("{}{name}", source.strip_suffix(root).unwrap_or_default())
}
