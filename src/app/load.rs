//! Use case: sources on the disk become one inventory.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::base::{Error, Result, Stamp, text};
use crate::files::SPEC_CAP;
use crate::inventory::log::Choice;
use crate::inventory::{Builder, Document, Home, Inventory, Kind, Problem, sniff};
use crate::wire::{Load, Target};

use super::crew::{self, Crew};
use super::fetched::{is_url, named};
use super::{Event, Progress};

/// Between two reports of progress.
const REPORT_EVERY: Duration = Duration::from_millis(100);
/// Between two partial lists while a long log is read.
const PARTIAL_EVERY: Duration = Duration::from_millis(500);
/// Largest capture that is read.
const CAPTURE_CAP: u64 = 256 << 20;
/// Bytes of a source that tell what it is.
const SNIFF: usize = 64 << 10;
/// Files of a folder that are listed as no documents; the rest are counted.
const MOST_ASIDE: usize = 100;

/// What a load gave: everything that could be read, and one error for each source that could not.
#[derive(Debug)]
pub struct Loaded {
    /// The list.
    pub inventory: Inventory,
    /// What could not be read, in the order of the sources.
    pub failures: Vec<Error>,
}

/// What the user says of the sources; what is left open is found by looking.
#[derive(Debug, Clone, Default)]
pub struct How {
    /// What every source is.
    pub kind: Option<Kind>,
    /// The format of every log.
    pub log: Choice,
    /// How many threads read a log; as many as the machine has where it is left open.
    pub threads: Option<usize>,
    /// Go on reading the last log as it grows, until it is stopped.
    pub follow: bool,
}

/// Reads specifications first and logs after them, so that every request is matched against all that is declared. `stop`
/// ends it early with what it has. `tell` hears [`Event::Progress`] and, with `partial`, lists that are not complete.
pub fn load(
    sources: &[PathBuf],
    how: &How,
    files: &dyn Load,
    now: Stamp,
    stop: &AtomicBool,
    partial: bool,
    tell: &mut dyn FnMut(Event),
) -> Loaded {
    let mut course = Course {
        builder: Builder::new(now),
        how,
        files,
        stop,
        partial,
        tell,
        progress: Progress::default(),
        began: Instant::now(),
        reported: None,
        listed: Instant::now(),
    };
    let mut failures = Vec::new();
    let mut specs: Vec<&PathBuf> = Vec::new();
    let mut logs = Vec::new();
    for path in sources {
        match course.folder(path, &mut failures) {
            Ok(true) => continue,
            Ok(false) => {}
            Err(e) => {
                failures.push(e);
                continue;
            }
        }
        match course.look(path) {
            Ok((Kind::Json | Kind::Yaml, _)) => specs.push(path),
            Ok((kind, _)) if matches!(kind, Kind::Log | Kind::Har | Kind::Postman | Kind::Burp) => {
                logs.push((path, kind));
            }
            Ok((Kind::Empty, _)) => failures.push(
                Error::input("the file is empty").at(shown(path)).hint("give an OpenAPI document or an access log"),
            ),
            Ok(_) => failures
                .push(Error::input("this is binary").at(shown(path)).hint("give an OpenAPI document or an access log")),
            Err(e) => failures.push(e),
        }
    }
    for path in specs {
        failures.extend(course.spec(path).err());
    }
    let last = logs.iter().rposition(|(_, kind)| *kind == Kind::Log).filter(|_| how.follow);
    // What grows comes after all that ends.
    let growing = last.map(|at| logs.remove(at).0);
    for (path, kind) in logs {
        if course.partial {
            course.list();
        }
        let done = if kind == Kind::Log { course.log(path) } else { course.capture(path, kind) };
        failures.extend(done.err());
    }
    match growing {
        Some(path) => failures.extend(course.follow(path).err()),
        None if how.follow => failures.push(
            Error::input("there is no log among the sources to follow")
                .hint("name an access log that is being written"),
        ),
        None => {}
    }
    Loaded { inventory: course.builder.finish(), failures }
}

/// Looks whether every source can be opened, so that a misspelt name is told before a screen is up.
///
/// # Errors
/// The first source that cannot be read, and why.
pub fn readable(sources: &[PathBuf], files: &dyn Load) -> Result<()> {
    sources.iter().try_for_each(|path| {
        if is_url(path) {
            return Target::parse(path.to_string_lossy().as_bytes()).map(drop);
        }
        // What comes in over a pipe may take its time.
        if path == Path::new("-") || files.listing(path)?.is_some() {
            return Ok(());
        }
        files.blocks(path, &mut |_, _| ControlFlow::Break(())).map(drop)
    })
}

fn shown(path: &Path) -> String {
    text::display_str(&named(path))
}

/// True for text that says, in JSON or in YAML, that it is an OpenAPI or Swagger document, however broken the rest is.
fn claims(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(SNIFF)]);
    let says = |at: usize, word: &str| {
        let before = head[..at].trim_end_matches(['"', '\'']);
        let after = head[at + word.len()..].trim_start_matches(['"', '\'']).trim_start();
        after.starts_with(':') && (before.is_empty() || before.ends_with(['\n', '{', ',', ' ', '\t', '\u{feff}']))
    };
    ["openapi", "swagger"].iter().any(|word| head.match_indices(word).any(|(at, _)| says(at, word)))
}

/// Where a document stands; one at a URL beside what stands there, whatever its query.
fn home(path: &Path) -> Home {
    if is_url(path) {
        let url = path.to_string_lossy();
        let url = url.split(['?', '#']).next().unwrap_or_default();
        let (folder, name) = match url.rsplit_once('/') {
            Some((folder, name)) if !folder.ends_with('/') => (folder, name),
            _ => (url, ""),
        };
        return Home { folder: PathBuf::from(folder), name: name.to_owned() };
    }
    Home {
        folder: path.parent().map(Path::to_owned).unwrap_or_default(),
        name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
    }
}

struct Course<'a> {
    builder: Builder,
    how: &'a How,
    files: &'a dyn Load,
    stop: &'a AtomicBool,
    partial: bool,
    tell: &'a mut dyn FnMut(Event),
    progress: Progress,
    began: Instant,
    reported: Option<Instant>,
    listed: Instant,
}

impl Course<'_> {
    /// What a source is, from its first bytes, and how large it is.
    fn look(&mut self, path: &Path) -> Result<(Kind, u64)> {
        let mut head = Vec::new();
        let mut size = 0;
        self.files.blocks(path, &mut |block, total| {
            head.extend_from_slice(&block[..block.len().min(SNIFF)]);
            size = total;
            ControlFlow::Break(())
        })?;
        self.progress.total += size;
        let seen = sniff(&path.to_string_lossy(), &head);
        // A format that is given makes a log of what is no document.
        let log = self.how.log != Choice::Detect && !matches!(seen, Kind::Json | Kind::Yaml);
        Ok((self.how.kind.unwrap_or(if log { Kind::Log } else { seen }), size))
    }

    fn spec(&mut self, path: &Path) -> Result<()> {
        self.report(path, 0, true);
        let bytes = self.files.whole(path, SPEC_CAP)?;
        let size = bytes.len() as u64;
        let home = home(path);
        let source = Arc::from(named(path));
        let (document, problems) = Document::read_at(source, bytes, self.files, home)?;
        self.builder.spec(document, problems);
        self.report(path, size, false);
        Ok(())
    }

    /// Opens every document of a folder; `false` when the source is none. What is no document is listed, unless a document
    /// refers to it; one that is broken, or a file that cannot be read, is a failure as it is for a source of its own.
    fn folder(&mut self, path: &Path, failures: &mut Vec<Error>) -> Result<bool> {
        let Some(listing) = self.files.listing(path)? else { return Ok(false) };
        let mut aside: Vec<(String, String)> = listing.skipped;
        let mut broken: Vec<(String, Error)> = Vec::new();
        let mut parts = HashSet::new();
        let mut found = 0;
        for name in listing.files {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let file = path.join(&name);
            let source: Arc<str> = Arc::from(named(&file));
            let read = match self.files.below(path, &name, SPEC_CAP) {
                Ok(bytes) => {
                    self.report(&file, bytes.len() as u64, false);
                    let claims = claims(&bytes);
                    let home = Home { folder: path.to_owned(), name: name.clone() };
                    if matches!(sniff(&name, &bytes[..bytes.len().min(SNIFF)]), Kind::Json | Kind::Yaml) {
                        Document::read_at(source, bytes, self.files, home).map_err(|e| (e, claims))
                    } else {
                        Err((Error::input("this is no OpenAPI document; a log is named by itself"), false))
                    }
                }
                // Of what cannot be read its name has to tell.
                Err(e) => Err((e, [".json", ".yaml", ".yml"].iter().any(|end| name.ends_with(end)))),
            };
            match read {
                Ok((document, problems)) => {
                    found += 1;
                    parts.extend(document.parts().map(str::to_owned));
                    self.builder.spec(document, problems);
                }
                Err((e, true)) => broken.push((name, e)),
                Err((e, false)) => aside.push((name, e.what)),
            }
        }
        broken.retain(|(name, _)| !parts.contains(name));
        if found == 0 && broken.is_empty() {
            return Err(Error::input("no OpenAPI document stands in this folder")
                .at(shown(path))
                .hint("name the folder of an OpenAPI 3 or Swagger 2.0 document"));
        }
        failures.extend(broken.into_iter().map(|(_, e)| e));
        aside.retain(|(name, _)| !parts.contains(name));
        let more = aside.len().saturating_sub(MOST_ASIDE);
        for (name, why) in aside.into_iter().take(MOST_ASIDE) {
            self.aside(&path.join(name), why);
        }
        if more > 0 {
            self.aside(path, format!("{more} more files like these"));
        }
        Ok(true)
    }

    fn aside(&mut self, path: &Path, message: String) {
        let source = Arc::from(named(path));
        self.builder.problem(Problem { source, location: String::new(), line: None, message });
    }

    fn log(&mut self, path: &Path) -> Result<()> {
        self.report(path, 0, true);
        self.builder.log_as(Arc::from(named(path)), &self.how.log)?;
        let threads = self.how.threads.unwrap_or_else(crew::threads);
        std::thread::scope(|scope| {
            let mut crew: Option<Crew<'_>> = None;
            let files = self.files;
            let mut outcome = Ok(());
            let read = files.blocks(path, &mut |block, _| {
                match &mut crew {
                    None => {
                        outcome = self.builder.feed(block);
                        crew = Crew::start(scope, &self.builder, threads);
                    }
                    Some(crew) => {
                        let at = crew.number();
                        outcome = self.builder.feed_at(at, crew.feed(block));
                        if let Some(start) = crew.too_long()
                            && outcome.is_ok()
                        {
                            outcome = self.builder.feed_at(crew.number(), &start);
                        }
                    }
                }
                self.report(path, block.len() as u64, false);
                if self.partial && self.listed.elapsed() >= PARTIAL_EVERY {
                    if let Some(crew) = &crew {
                        crew.collect(&mut self.builder);
                    }
                    self.list();
                }
                if outcome.is_err() || self.stop.load(Ordering::Relaxed) {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            let at = crew.as_ref().map_or(0, Crew::number);
            let rest = crew.map(|crew| crew.finish(&mut self.builder)).unwrap_or_default();
            let read = read?;
            outcome?;
            self.builder.feed_at(at, &rest)?;
            self.builder.end_log()?;
            if let Some(message) = read.stopped {
                let source = Arc::from(named(path));
                self.builder.problem(Problem { source, location: String::new(), line: None, message });
            }
            Ok(())
        })
    }

    /// Reads a log and what is added to it, until it is stopped.
    fn follow(&mut self, path: &Path) -> Result<()> {
        self.report(path, 0, true);
        let files = self.files;
        let (mut begun, mut more) = (false, true);
        let mut outcome = Ok(());
        let followed = files.follow(path, &mut |block| {
            if !begun {
                begun = true;
                outcome = self.builder.log_as(Arc::from(named(path)), &self.how.log);
                if outcome.is_err() {
                    return ControlFlow::Break(());
                }
            }
            if block.is_empty() {
                outcome = self.builder.settle();
                // From here on there is no end to be told of.
                self.progress.following = true;
            } else {
                outcome = self.builder.feed(block);
                more = true;
            }
            let told = self.reported.is_some_and(|at| at.elapsed() < REPORT_EVERY);
            if !block.is_empty() || !told && more {
                self.report(path, block.len() as u64, block.is_empty());
            }
            if more && self.partial && self.listed.elapsed() >= PARTIAL_EVERY {
                self.list();
                more = !block.is_empty();
            }
            if outcome.is_err() || self.stop.load(Ordering::Relaxed) {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        });
        if followed.is_err() && !begun {
            // What does not grow is read as it is.
            self.log(path)?;
            return followed;
        }
        followed.and(outcome).and_then(|()| self.builder.end_log())
    }

    fn capture(&mut self, path: &Path, kind: Kind) -> Result<()> {
        self.report(path, 0, true);
        let bytes = self.files.whole(path, CAPTURE_CAP)?;
        self.builder.capture(&Arc::from(named(path)), kind, &bytes)?;
        self.report(path, bytes.len() as u64, false);
        Ok(())
    }

    fn list(&mut self) {
        let inventory = Arc::new(self.builder.snapshot());
        (self.tell)(Event::Loaded { inventory, complete: false });
        // From its end, so that a long list never takes more than its share.
        self.listed = Instant::now();
    }

    fn report(&mut self, path: &Path, more: u64, now: bool) {
        self.progress.done += more;
        if !now && self.reported.is_some_and(|r| r.elapsed() < REPORT_EVERY) {
            return;
        }
        self.reported = Some(Instant::now());
        self.progress.what = shown(path.file_name().map_or(path, Path::new));
        let seconds = self.began.elapsed().as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rate for the eye")]
        let rate = if seconds > 0.0 { (self.progress.done as f64 / seconds) as u64 } else { 0 };
        self.progress.rate = rate;
        (self.tell)(Event::Progress(self.progress.clone()));
    }
}
