//! Requests and exchanges as files, and back.

use std::path::{Path, PathBuf};

use super::{Workbench, tell};
use crate::app::import::{self, Got};
use crate::app::keep::{self, As, Made, Subject};
use crate::app::{Draft, Event, Judged, curl::Imported, history};
use crate::base::Result;
use crate::wire::HttpChoice;

/// Where requests of a workspace are kept.
const FOLDER: &str = "requests";

impl Workbench {
    /// Writes what is typed to a file. A bare name lies in the folder of requests of the workspace.
    pub(super) fn save(&self, draft: &Draft, path: PathBuf, over: bool, show: bool) -> Result<()> {
        let bare = path.components().count() == 1 && !path.starts_with("~");
        let mut path = match &self.workspace {
            Some(w) if bare => crate::files::below(&w.0.folder, FOLDER)?.join(path),
            _ => path,
        };
        if path.extension().is_none() {
            path.set_extension("http");
        }
        self.stored(&keep::saved(draft, show, &keep::stem(&path))?, path, over)
    }

    /// Writes an exchange to a file.
    pub(super) fn keep(&self, judged: &Judged, to: As, path: PathBuf, over: bool, show: bool) -> Result<()> {
        let subject = Subject::of(judged.clone(), &self.keyring);
        self.stored(&keep::exported(&[subject], to, show, &keep::stem(&path)), path, over)
    }

    fn stored(&self, made: &Made, path: PathBuf, over: bool) -> Result<()> {
        let notes = keep::store(made, &path, over)?.then(|| made.notes.clone());
        tell(&self.shared.events, Event::Kept(path, notes));
        Ok(())
    }

    /// Takes a request of a file.
    pub(super) fn import(&self, text: &str) -> Result<()> {
        let (file, pick) = import::split(text.trim(), &|path| crate::files::is_file(Path::new(path)));
        let file = keep::home(Path::new(file)).to_string_lossy().into_owned();
        let got = match import::taken(&file, pick, self.files.as_ref(), &|_| false)? {
            Got::Draft(got) => got,
            Got::Made(request, mut notes) => {
                let (draft, lossy) = Draft::of(&request);
                if lossy {
                    notes.push(format!("there are {}; lunette send --import sends them", history::NO_TEXT));
                }
                Imported { draft, http: HttpChoice::Auto, follow: None, notes }
            }
        };
        tell(&self.shared.events, Event::Imported(Box::new(got)));
        Ok(())
    }
}
