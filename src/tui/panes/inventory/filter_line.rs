//! The filter on the last line: what is typed, what was typed before, and what may come next.

use super::super::Prompt;
use crate::inventory::Inventory;
use crate::inventory::filter::{self, Filter, FilterError, NAMES, Offer, SIGNS};
use crate::tui::widgets::input::Field;
use crate::tui::widgets::pen::clip;

/// Filters of this run that are kept.
const MOST_KEPT: usize = 100;
/// Words offered that are shown.
const MOST_SHOWN: usize = 8;

/// The filter, whether it is being typed or not.
#[derive(Default)]
pub(super) struct FilterLine {
    /// The text.
    pub field: Field,
    /// Filters of the workspace: name and text.
    saved: Vec<(String, String)>,
    /// The filter before it was opened for editing, to go back to.
    before: Option<String>,
    /// What is wrong with the text, and where.
    pub error: Option<FilterError>,
    /// Filters of this run, oldest first.
    kept: Vec<String>,
    /// Which of them is shown, and what was typed before one was.
    recalled: Option<(usize, String)>,
    /// What Tab found, and which of it stands in the text.
    offer: Option<(Offer, Option<usize>)>,
}

impl FilterLine {
    /// An empty one; `saved` are the filters that `@name` stands for.
    pub fn new(saved: Vec<(String, String)>) -> Self {
        Self { saved, ..Self::default() }
    }

    /// The text without white space around it.
    pub fn text(&self) -> &str {
        self.field.text().trim()
    }

    /// True while it is being typed.
    pub fn editing(&self) -> bool {
        self.before.is_some()
    }

    /// Opens it for editing.
    pub fn edit(&mut self) {
        self.before = Some(self.field.text().to_owned());
        self.typed();
    }

    /// The text was changed by hand: what was recalled or offered no longer stands in it.
    pub fn typed(&mut self) {
        self.recalled = None;
        self.offer = None;
    }

    /// Reads the text; `None`, with the error kept, where it is not whole.
    pub fn read(&mut self) -> Option<Filter> {
        // Places in the text are told, so nothing is taken off its start.
        match filter::expand(self.field.text().trim_end(), &self.saved).and_then(Filter::parse) {
            Ok(filter) => {
                self.error = None;
                Some(filter)
            }
            Err(e) => {
                self.error = Some(e);
                None
            }
        }
    }

    /// Ends editing. What was before comes back unless the text is kept, and is whole.
    pub fn end(&mut self, keep: bool) {
        let Some(before) = self.before.take() else { return };
        if !keep || self.error.is_some() {
            self.field = Field::new(&before);
        } else {
            self.remember();
        }
    }

    /// Notes the text among those of this run, as the newest.
    pub fn remember(&mut self) {
        let text = self.text().to_owned();
        if text.is_empty() {
            return;
        }
        self.kept.retain(|k| *k != text);
        self.kept.push(text);
        if self.kept.len() > MOST_KEPT {
            self.kept.remove(0);
        }
    }

    /// Puts the filter before in the line, or the one after; after the newest comes what was typed.
    pub fn recall(&mut self, older: bool) {
        let (at, typed) = self.recalled.take().unwrap_or_else(|| (self.kept.len(), self.field.text().to_owned()));
        let at = if older { at.saturating_sub(1) } else { (at + 1).min(self.kept.len()) };
        self.field = Field::new(self.kept.get(at).unwrap_or(&typed));
        self.offer = None;
        self.recalled = Some((at, typed));
    }

    /// Completes the word before the cursor: as far as all that may stand there begin alike, then one after the other.
    pub fn complete(&mut self, list: &Inventory) {
        self.recalled = None;
        if let Some((offer, at)) = &mut self.offer {
            let next = at.map_or(0, |a| (a + 1) % offer.words.len().max(1));
            if let Some(word) = offer.words.get(next) {
                self.field.replace(offer.from, word);
                *at = Some(next);
            }
            return;
        }
        let offer = filter::complete(self.field.before(), &self.saved, list);
        let typed = self.field.before().get(offer.from..).unwrap_or_default().to_owned();
        match offer.words.as_slice() {
            [] => {}
            [only] => {
                let word = format!("{only} ");
                self.field.replace(offer.from, &word);
            }
            [first, rest @ ..] => {
                let alike = rest.iter().fold(first.as_str(), |a, b| common(a, b));
                if alike.len() > typed.len() {
                    self.field.replace(offer.from, alike);
                }
                self.offer = Some((offer, None));
            }
        }
    }

    /// The last line while it is being typed.
    pub fn prompt(&self) -> Option<Prompt<'_>> {
        self.editing().then(|| Prompt {
            lead: "/",
            field: &self.field,
            // What may come next tells more than that something is missing.
            error: self.error.as_ref().filter(|_| self.offer.is_none()).map(|e| (e.at, e.what.clone())),
            hint: self.hint(),
        })
    }

    fn hint(&self) -> String {
        let Some((offer, at)) = &self.offer else {
            return "Tab completes  Up recalls  F1 explains  ~state shadow & !/internal".to_owned();
        };
        let from = at.map_or(0, |a| a / MOST_SHOWN * MOST_SHOWN);
        let words: Vec<String> = offer.words.iter().skip(from).take(MOST_SHOWN).map(|w| clip(w)).collect();
        let more = if from + MOST_SHOWN < offer.words.len() { " …" } else { "" };
        format!("{}{more}", words.join("  "))
    }
}

/// What two words have in common at their start.
fn common<'a>(a: &'a str, b: &str) -> &'a str {
    let end = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map(|((at, _), _)| at);
    &a[..end.unwrap_or(a.len().min(b.len()))]
}

/// The language, from its own tables: what is typed, and what it means.
pub(super) fn help() -> Vec<String> {
    let names = NAMES.iter().map(|n| (n.example, n.what));
    let saved = [("@name", "a filter that the workspace has saved under this name")];
    SIGNS.into_iter().chain(names).chain(saved).map(|(typed, what)| format!("{typed:<24} {what}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> FilterLine {
        let mut line = FilterLine::default();
        line.edit();
        line.field = Field::new(text);
        line
    }

    #[test]
    fn tab_goes_as_far_as_it_can_and_then_through_all() {
        let list = Inventory::default();
        let mut l = line("~kin");
        l.complete(&list);
        assert_eq!(l.field.text(), "~kind ");
        let mut l = line("~state sh");
        l.complete(&list);
        assert_eq!(l.field.text(), "~state shadow");
        assert!(l.hint().contains("shadow-method"));
        l.complete(&list);
        l.complete(&list);
        assert_eq!(l.field.text(), "~state shadow-method");
        l.complete(&list);
        assert_eq!(l.field.text(), "~state shadow");
        let mut l = line("nothing");
        l.complete(&list);
        assert_eq!(l.field.text(), "nothing");
    }

    #[test]
    fn what_was_typed_comes_back() {
        let mut l = line("a");
        l.end(true);
        for text in ["b", "a", "("] {
            l.edit();
            l.field = Field::new(text);
            let _ = l.read();
            l.end(true);
        }
        assert_eq!(l.kept, ["b", "a"], "newest last, none twice, and none that is not whole");
        l.edit();
        l.field = Field::new("draft");
        for (older, want) in [(true, "a"), (true, "b"), (true, "b"), (false, "a"), (false, "draft"), (false, "draft")] {
            l.recall(older);
            assert_eq!(l.field.text(), want);
        }
    }

    #[test]
    fn beginnings_are_cut_between_characters() {
        assert_eq!((common("äb", "äc"), common("ab", "abc"), common("é", "è")), ("ä", "ab", ""));
    }
}
