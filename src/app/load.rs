//! Use case: sources on the disk become one inventory.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::base::secret::mask_url;
use crate::base::{Error, Result, Stamp, text};
use crate::files::SPEC_CAP;
use crate::inventory::log::Choice;
use crate::inventory::{Builder, Document, Home, Inventory, Kind, Problem, sniff};
use crate::wire::Load;

use super::crew::{self, Crew};
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
        match course.folder(path) {
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
    for (path, kind) in logs {
        if course.partial {
            course.list();
        }
        let done = if kind == Kind::Log { course.log(path) } else { course.capture(path, kind) };
        failures.extend(done.err());
    }
    Loaded { inventory: course.builder.finish(), failures }
}

/// Looks whether every source can be opened, so that a misspelt name is told before a screen is up.
///
/// # Errors
/// The first source that cannot be read, and why.
pub fn readable(sources: &[PathBuf], files: &dyn Load) -> Result<()> {
    sources.iter().try_for_each(|path| {
        refuse_url(path)?;
        // What comes in over a pipe may take its time.
        if path == Path::new("-") || files.listing(path)?.is_some() {
            return Ok(());
        }
        files.blocks(path, &mut |_, _| ControlFlow::Break(())).map(drop)
    })
}

fn refuse_url(path: &Path) -> Result<()> {
    if path.to_string_lossy().contains("://") {
        return Err(Error::input("a source given as a URL is not part of this version")
            .at(text::display(&mask_url(path.to_string_lossy().as_bytes())))
            .hint("save it to a file first"));
    }
    Ok(())
}

fn shown(path: &Path) -> String {
    text::display_str(&path.to_string_lossy())
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
        refuse_url(path)?;
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
        let home = Home {
            folder: path.parent().map(Path::to_owned).unwrap_or_default(),
            name: path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default(),
        };
        let source = Arc::from(path.to_string_lossy());
        let (document, problems) = Document::read_at(source, bytes, self.files, home)?;
        self.builder.spec(document, problems);
        self.report(path, size, false);
        Ok(())
    }

    /// Opens every document of a folder; `false` when the source is none. What is no document, or is not readable as one, is
    /// listed, unless a document refers to it.
    fn folder(&mut self, path: &Path) -> Result<bool> {
        refuse_url(path)?;
        let Some(listing) = self.files.listing(path)? else { return Ok(false) };
        let mut aside: Vec<(String, String)> = listing.skipped;
        let mut parts = HashSet::new();
        let mut found = 0;
        for name in listing.files {
            if self.stop.load(Ordering::Relaxed) {
                break;
            }
            let file = path.join(&name);
            let source: Arc<str> = Arc::from(file.to_string_lossy());
            let read = self.files.below(path, &name, SPEC_CAP).and_then(|bytes| {
                self.report(&file, bytes.len() as u64, false);
                if !matches!(sniff(&name, &bytes[..bytes.len().min(SNIFF)]), Kind::Json | Kind::Yaml) {
                    return Err(Error::input("this is no OpenAPI document; a log is named by itself"));
                }
                Document::read_at(source, bytes, self.files, Home { folder: path.to_owned(), name: name.clone() })
            });
            match read {
                Ok((document, problems)) => {
                    found += 1;
                    parts.extend(document.parts().map(str::to_owned));
                    self.builder.spec(document, problems);
                }
                Err(e) => aside.push((name, e.what)),
            }
        }
        if found == 0 {
            return Err(Error::input("no OpenAPI document stands in this folder")
                .at(shown(path))
                .hint("name the folder of an OpenAPI 3 or Swagger 2.0 document"));
        }
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
        let source = Arc::from(path.to_string_lossy());
        self.builder.problem(Problem { source, location: String::new(), line: None, message });
    }

    fn log(&mut self, path: &Path) -> Result<()> {
        self.report(path, 0, true);
        self.builder.log_as(Arc::from(path.to_string_lossy()), &self.how.log)?;
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
                let source = Arc::from(path.to_string_lossy());
                self.builder.problem(Problem { source, location: String::new(), line: None, message });
            }
            Ok(())
        })
    }

    fn capture(&mut self, path: &Path, kind: Kind) -> Result<()> {
        self.report(path, 0, true);
        let bytes = self.files.whole(path, CAPTURE_CAP)?;
        self.builder.capture(&Arc::from(path.to_string_lossy()), kind, &bytes)?;
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
