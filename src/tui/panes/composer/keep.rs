//! The request and its exchange as files, and a request of a file.

use std::path::Path;

use super::{ComposerPane, Form, Side};
use crate::app::Ask;
use crate::app::curl::Imported;
use crate::app::keep::As;
use crate::base::text::display_str;
use crate::tui::effect::{Effect, Level};

/// The last word of a command that may write over a file.
const OVER: &str = " over";

/// What came of writing a file. One that is there already is asked about: the same command once more, ready to be given.
pub fn kept(path: &Path, notes: Option<Vec<String>>) -> Vec<Effect> {
    let name = display_str(&path.to_string_lossy());
    match notes {
        None => {
            let text = format!("{name} is there already, and stays; the same with over behind it writes over it");
            vec![Effect::Notice(Level::Warn, text)]
        }
        Some(notes) if notes.is_empty() => vec![Effect::Notice(Level::Info, format!("it is in {name}"))],
        Some(notes) => {
            vec![Effect::Notice(Level::Info, format!("it is in {name}")), Effect::Explain(format!("of {name}"), notes)]
        }
    }
}

/// True for what names a file of requests and not a URL.
pub fn names_requests(text: &str) -> bool {
    let file = text.trim().split('#').next().unwrap_or_default();
    let ends = |ending: &str| file.to_ascii_lowercase().ends_with(ending);
    let local = file.starts_with(['/', '.', '~']) || !file.contains('/');
    !file.contains("://") && (ends(".http") || ends(".rest") || ends(".har") || ends(".json") && local)
}

/// A file name, and whether it may be written over.
fn file(argument: &str) -> (&str, bool) {
    let text = argument.trim();
    text.strip_suffix(OVER).map_or((text, false), |name| (name.trim(), true))
}

impl ComposerPane {
    /// Writes the request to a `.http` file.
    pub(super) fn save(&mut self, argument: &str) -> Vec<Effect> {
        let (name, over) = file(argument);
        let draft = match self.draft() {
            Ok(draft) => draft,
            Err(why) => return vec![Effect::Notice(Level::Warn, why)],
        };
        if name.is_empty() {
            let place = draft.url.split_once("://").map_or(draft.url.as_str(), |(_, rest)| rest);
            let path = place.split_once('/').map_or("", |(_, path)| path).split('?').next().unwrap_or_default();
            let word = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let name: String = format!("{} {path}", draft.method).chars().map(word).take(60).collect();
            let name = name.to_ascii_lowercase().split('-').filter(|w| !w.is_empty()).collect::<Vec<_>>().join("-");
            return vec![Effect::Command(format!("save {name}.http"))];
        }
        vec![Effect::Ask(Ask::Save { draft, path: name.into(), over, show: self.reveal })]
    }

    /// Writes the exchange that is shown to a file.
    pub(super) fn export_to(&mut self, argument: &str) -> Vec<Effect> {
        let (kind, rest) = argument.trim().split_once(char::is_whitespace).unwrap_or((argument.trim(), ""));
        let Some(to) = As::ALL.into_iter().find(|to| to.word() == kind) else {
            return if kind.is_empty() {
                vec![Effect::Command("export har ".to_owned())]
            } else {
                let words = As::ALL.map(As::word).join(", ");
                vec![Effect::Notice(Level::Warn, format!("an exchange is written as {words}"))]
            };
        };
        let (name, over) = file(rest);
        let Some(response) = &self.response else {
            return vec![Effect::Notice(Level::Info, "there is no exchange yet: s sends".to_owned())];
        };
        if name.is_empty() {
            return vec![Effect::Command(format!("export {kind} "))];
        }
        let judged = std::sync::Arc::clone(&response.judged);
        vec![Effect::Ask(Ask::Keep { judged, to, path: name.into(), over, show: self.reveal })]
    }

    /// A request of a file takes the place of the one that is open.
    pub fn imported(&mut self, got: Imported) -> Vec<Effect> {
        self.shelve();
        self.form = Form::again(&got.draft, "from a file");
        self.response = None;
        self.hops.clear();
        self.side = Side::Request;
        let chosen = got.draft.identity.as_deref().map_or(Ok(()), |name| self.who.choose(name));
        let mut out: Vec<Effect> = chosen.err().map(|text| Effect::Notice(Level::Warn, text)).into_iter().collect();
        out.push(if got.notes.is_empty() {
            Effect::Notice(Level::Info, "the request of the file is open: s sends it".to_owned())
        } else {
            Effect::Explain("of the file".to_owned(), got.notes)
        });
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_requests_is_told_from_a_url() {
        for text in ["a.http", "dir/a.http#login", "x.har#3", "./c.json#a b", "c.json", "~/x.rest"] {
            assert!(names_requests(text), "{text}");
        }
        for text in ["http://h/a.http", "GET http://h/x.json", "h.test/openapi.json", "h.test", "", "https://h/x.har#3"]
        {
            assert!(!names_requests(text), "{text}");
        }
        assert_eq!(
            (file(" a b.http "), file("a.http over"), file("over")),
            (("a b.http", false), ("a.http", true), ("over", false))
        );
    }
}
